//! The NetBIOS name service (RFC 1002 4.2): who has which name, in the format of DNS.
//!
//! ```text
//! 0   id            4   questions, answers, authority, additional (2 each)
//! 2   flags: 8000 response, 7800 operation, 0710 bits, 000F result
//! 12  name, type (20 NB, 21 NBSTAT), class 1; records also lifetime (4), length (2), data
//!     NB      flags (2) and address (4), several
//!     NBSTAT  number of names, each: name (15), kind, flags (2); then the hardware address
//! ```
//!
//! A record's name may point at the question's, which is the only thing that it can point at. Limits: [`ROWS`] transactions, and of each
//! message the first question and [`RECORDS`] records.

use std::net::Ipv4Addr;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::netbios::Name;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The most transactions told.
const ROWS: usize = 32;
/// The most records read of one message.
const RECORDS: u16 = 8;
/// The most addresses read of one record, and the most names of one host.
const ITEMS: usize = 32;
/// The most sections' entries that are believed.
const COUNTS: u16 = 32;

const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
const POINTER: u8 = 0xc0;

static QUERIES: Field = Field::number("queries", "requests, repetitions counted", "RFC 1002 4.2.1");
static RESPONSES: Field = Field::number("responses", "responses", "RFC 1002 4.2.1");
static OPERATION: Field = Field::text(
    "operation",
    "`query`, `registration`, `release`, `wack`, `refresh`, `multi-homed` registration",
    "RFC 1002 4.2.1.1",
)
.aligned()
.items(ROWS);
static QUERY: Field =
    Field::text("query", "the name with its kind, such as `WORKGROUP<1d>`", "RFC 1001 14.1").aligned().items(ROWS);
static QTYPE: Field =
    Field::text("qtype", "`NB` an address, `NBSTAT` the names of a host", "RFC 1002 4.2.1.2").aligned().items(ROWS);
static RCODE: Field = Field::text(
    "rcode",
    "the result: `NOERROR`, `NXDOMAIN`, `REFUSED`, `ACTIVE`, `CONFLICT`, ...; empty without a response",
    "RFC 1002 4.2.6",
)
.aligned()
.items(ROWS);
static ANSWER: Field = Field::text("answer", "the addresses told or to be registered, joined by `;`", "RFC 1002 4.2.2")
    .aligned()
    .items(ROWS);
static TTL: Field =
    Field::number("ttl", "the time to live of the first record", "RFC 1002 4.2.1.3").aligned().unit("s").items(ROWS);
static FLAGS: Field =
    Field::text("flags", "`broadcast`, `recursion`, `authoritative`, `truncated`, each once", "RFC 1002 4.2.1.1")
        .list();
static NAMES: Field = Field::text("names", "what a host is called, as it answered, with the kinds", "RFC 1002 4.2.18")
    .list()
    .items(ITEMS);
static MAC: Field = Field::new(Kind::Mac, "mac", "its hardware address as it answered", "RFC 1002 4.2.18");

static ELEMENT: Element = Element {
    name: "nbns",
    meaning: "names of NetBIOS: who asks for, registers and has which",
    fields: &[&QUERIES, &RESPONSES, &OPERATION, &QUERY, &QTYPE, &RCODE, &ANSWER, &TTL, &FLAGS, &NAMES, &MAC],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nbns",
    about: About {
        name: "NetBIOS name service",
        specification: "RFC 1002 4.2",
        evidence: "the format of DNS with a name in NetBIOS' coding",
        limits: "of a message the first question and a few records",
        ports: &[137],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    // A message begins with any id.
    first: FirstBytes::ANY,
    probe,
    open: |_: &Opening| Box::new(Names::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    match Message::read(sample.bytes) {
        // 34 bytes of a name that keeps the rules are chance for nobody.
        Some(message) if message.response() == (sample.role == Role::Server) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

/// A message.
struct Message<'a> {
    id: u16,
    flags: u16,
    name: Name,
    kind: u16,
    /// Where records begin, and how many there are.
    records: Reader<'a>,
    count: u16,
    /// The first record's name was read already: it is `name`.
    named: bool,
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (id, flags) = (reader.be_u16()?, reader.be_u16()?);
        let counts = [reader.be_u16()?, reader.be_u16()?, reader.be_u16()?, reader.be_u16()?];
        operation(flags)?;
        let [questions, others @ ..] = counts;
        let count = others.iter().fold(0u16, |sum, count| sum.saturating_add(*count));
        if questions > 1 || counts.iter().any(|count| *count > COUNTS) || flags & 0x0060 != 0 {
            return None;
        }
        let mut at_record = reader;
        let name = Name::read(&mut reader)?;
        let kind = reader.be_u16().filter(|kind| matches!(*kind, NB | NBSTAT | 0x0a | 0x01 | 0x02))?;
        (reader.be_u16()? == 1).then_some(())?;
        if questions == 1 {
            at_record = reader;
        }
        Some(Self { id, flags, name, kind, records: at_record, count, named: questions == 0 })
    }

    const fn response(&self) -> bool {
        self.flags & 0x8000 != 0
    }
}

const fn operation(flags: u16) -> Option<&'static str> {
    Some(match flags >> 11 & 15 {
        0 => "query",
        5 => "registration",
        6 => "release",
        7 => "wack",
        8 | 9 => "refresh",
        15 => "multi-homed",
        _ => return None,
    })
}

const fn rcode(flags: u16) -> &'static str {
    match flags & 15 {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "ACTIVE",
        7 => "CONFLICT",
        _ => "OTHER",
    }
}

#[derive(Debug)]
struct Row {
    id: u16,
    operation: &'static str,
    query: Text,
    kind: u16,
    rcode: &'static str,
    answer: String,
    ttl: Option<u32>,
}

#[derive(Debug, Default)]
struct Names {
    queries: u64,
    responses: u64,
    rows: List<Row, ROWS>,
    flags: List<&'static str>,
    names: List<Text, ITEMS>,
    mac: Option<[u8; 6]>,
}

impl Names {
    fn message(&mut self, mut message: Message<'_>) {
        for (bit, name) in
            [(0x0010, "broadcast"), (0x0400, "authoritative"), (0x0200, "truncated"), (0x0100, "recursion")]
        {
            if message.flags & bit != 0 {
                self.flags.push_distinct(name);
            }
        }
        let operation = operation(message.flags).unwrap_or_default();
        let query = message.name.text();
        let response = message.response();
        let count = if response { &mut self.responses } else { &mut self.queries };
        *count = count.saturating_add(1);
        let known = self.rows.items().iter().position(|row| {
            row.query == query && row.kind_fits(message.kind) && (row.id == message.id || row.operation == operation)
        });
        let at = known.unwrap_or_else(|| {
            let kind = message.kind;
            let at = self.rows.items().len();
            self.rows.push(Row { id: message.id, operation, query, kind, rcode: "", answer: String::new(), ttl: None });
            at
        });
        self.records(&mut message, at);
        if let Some(row) = self.rows.items_mut().get_mut(at).filter(|row| response && row.rcode.is_empty()) {
            row.rcode = rcode(message.flags);
        }
    }

    fn records(&mut self, message: &mut Message<'_>, at: usize) -> Option<()> {
        let response = message.response();
        let reader = &mut message.records;
        for _ in 0..message.count.min(RECORDS) {
            let first = *reader.rest().first()?;
            if first & POINTER == POINTER && !message.named {
                reader.skip(2)?;
            } else {
                Name::read(reader)?;
            }
            let (kind, _class, ttl) = (reader.be_u16()?, reader.be_u16()?, reader.be_u32()?);
            let length = usize::from(reader.be_u16()?);
            let mut data = reader.sub(length)?;
            if kind == NBSTAT && response {
                self.host(&mut data);
                continue;
            }
            let Some(row) = self.rows.items_mut().get_mut(at).filter(|_| kind == NB) else {
                continue;
            };
            row.ttl.get_or_insert(ttl);
            for _ in 0..ITEMS {
                let (Some(_), Some(address)) = (data.be_u16(), data.array::<4>()) else {
                    break;
                };
                let address = Ipv4Addr::from(address).to_string();
                if !row.answer.split(';').any(|known| known == address) && row.answer.len() < 256 {
                    if !row.answer.is_empty() {
                        row.answer.push(';');
                    }
                    row.answer.push_str(&address);
                }
            }
        }
        Some(())
    }

    /// What a host says of its names.
    fn host(&mut self, data: &mut Reader<'_>) -> Option<()> {
        let count = data.u8()?;
        for _ in 0..count {
            let name = Name::plain(&data.array()?);
            data.skip(2)?;
            self.names.push_distinct(name.text());
        }
        self.mac = data.array();
        Some(())
    }
}

impl Row {
    /// A response may be of the question's type or tell that there is nothing.
    const fn kind_fits(&self, kind: u16) -> bool {
        self.kind == kind || kind == 0x0a
    }
}

impl Dissector for Names {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(message) = Message::read(chunk.bytes) {
            self.message(message);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn settled(&self) -> bool {
        // A broadcast may have several answers, and a registration has none.
        !self.flags.items().contains(&"broadcast") && self.queries > 0 && self.responses >= self.queries
    }

    fn facts(&self, out: &mut Facts) {
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        let mut element = out.element(&ELEMENT);
        for (field, count) in [(&QUERIES, self.queries), (&RESPONSES, self.responses)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        element.list(&OPERATION, rows.iter().map(|row| row.operation), omitted);
        element.list(&QUERY, rows.iter().map(|row| &row.query), omitted);
        element.list(&QTYPE, rows.iter().map(|row| if row.kind == NBSTAT { "NBSTAT" } else { "NB" }), omitted);
        if rows.iter().any(|row| !row.rcode.is_empty()) {
            element.list(&RCODE, rows.iter().map(|row| row.rcode), omitted);
        }
        if rows.iter().any(|row| !row.answer.is_empty()) {
            element.list(&ANSWER, rows.iter().map(|row| row.answer.as_bytes()), omitted);
        }
        if rows.iter().any(|row| row.ttl.is_some()) {
            let ttl = |row: &Row| row.ttl.map_or(Value::Bytes(&[]), |ttl| Value::Number(u64::from(ttl)));
            element.list(&TTL, rows.iter().map(ttl), omitted);
        }
        element.list(&FLAGS, self.flags.items().iter().copied(), 0);
        element.texts(&NAMES, &self.names);
        if let Some(mac) = self.mac.filter(|mac| *mac != [0; 6]) {
            element.value(&MAC, Value::Mac(mac));
        }
    }

    fn heap_bytes(&self) -> usize {
        let row = |row: &Row| size_of::<Row>() + row.query.heap_bytes() + row.answer.capacity();
        size_of::<Self>()
            + self.rows.items().iter().map(row).sum::<usize>()
            + self.names.items().iter().map(|name| size_of::<Text>() + name.heap_bytes()).sum::<usize>()
    }
}
