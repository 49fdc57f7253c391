//! SSDP: how UPnP finds devices (UPnP Device Architecture 2.0, 1), in messages of HTTP's form in datagrams.
//!
//! ```text
//! client   M-SEARCH * HTTP/1.1, MAN, ST (what is searched), MX          to 239.255.255.250 or FF02::C
//! server   HTTP/1.1 200 OK, ST, USN, LOCATION, SERVER
//! device   NOTIFY * HTTP/1.1, NT, NTS (ssdp:alive, ssdp:byebye, ssdp:update), USN, LOCATION, SERVER
//! ```
//!
//! A device that announces itself begins the session, and is its client. Limits: [`ROWS`] different messages, [`LINES`] lines of each.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

/// The most different messages told.
const ROWS: usize = 32;
/// The most lines read of one message.
const LINES: usize = 32;

static MESSAGES: Field = Field::number("messages", "messages in all", "UPnP 1.2, 1.3");
static METHOD: Field = Field::text(
    "method",
    "`M-SEARCH`, `NOTIFY`, or `200` for an answer; an item per different message",
    "UPnP 1.2, 1.3",
)
.aligned()
.items(ROWS);
static TARGET: Field =
    Field::text("target", "what is searched, or what is there: ST or NT", "UPnP 1.2.2, 1.3.2").aligned().items(ROWS);
static STATE: Field = Field::text("state", "what a NOTIFY says: `ssdp:alive`, `ssdp:byebye`, ...", "UPnP 1.2.2").list();
static USN: Field = Field::text("usn", "unique names of devices and services, each once", "UPnP 1.2.2").list();
static LOCATION: Field =
    Field::text("location", "where devices describe themselves, each once", "UPnP 1.2.2").list().long();
static SERVER: Field =
    Field::text("server", "systems and products as devices name them, each once", "UPnP 1.2.2").list();
static USER_AGENT: Field = Field::text("user_agent", "what searches, each once", "UPnP 1.3.2").list();

static ELEMENT: Element = Element {
    name: "ssdp",
    meaning: "devices of UPnP: searched, found, announced",
    fields: &[&MESSAGES, &METHOD, &TARGET, &STATE, &USN, &LOCATION, &SERVER, &USER_AGENT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ssdp",
    about: About {
        name: "Simple Service Discovery Protocol",
        specification: "UPnP Device Architecture 2.0",
        evidence: "NOTIFY or M-SEARCH in a datagram, or an answer with what was searched",
        limits: "a few different messages and lines of each",
        ports: &[1900],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'M'..=b'N'], server: &[b'H'..=b'H'] },
    probe,
    open: |_: &Opening| Box::new(Ssdp::default()),
};

/// How a message begins.
fn method(bytes: &[u8]) -> Option<(&'static str, Role)> {
    [
        (&b"M-SEARCH * HTTP/1."[..], "M-SEARCH", Role::Client),
        (b"NOTIFY * HTTP/1.", "NOTIFY", Role::Client),
        (b"HTTP/1.1 200", "200", Role::Server),
        (b"HTTP/1.0 200", "200", Role::Server),
    ]
    .into_iter()
    .find_map(|(start, name, role)| bytes.starts_with(start).then_some((name, role)))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match method(sample.bytes) {
        Some((_, role)) if role != sample.role => Verdict::Reject,
        Some((_, Role::Client)) => Verdict::Match,
        // An answer names what was searched.
        Some(_) if lines(sample.bytes).any(|(name, _)| name.eq_ignore_ascii_case(b"ST")) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

/// The header lines of a message: name and value.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    bytes.split(|byte| *byte == b'\n').skip(1).take(LINES).filter_map(|line| {
        let at = memchr::memchr(b':', line)?;
        let (name, value) = line.split_at_checked(at)?;
        Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
    })
}

#[derive(Debug, PartialEq)]
struct Row {
    method: &'static str,
    target: Text,
}

#[derive(Debug, Default)]
struct Ssdp {
    messages: u64,
    rows: List<Row, ROWS>,
    states: List<Text>,
    names: List<Text>,
    locations: List<Text>,
    servers: List<Text>,
    agents: List<Text>,
}

impl Dissector for Ssdp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Some((method, _)) = method(chunk.bytes) else {
            return Step::Consumed(chunk.bytes.len());
        };
        self.messages = self.messages.saturating_add(1);
        let mut target = Text::default();
        for (name, value) in lines(chunk.bytes).filter(|(_, value)| !value.is_empty()) {
            match name.to_ascii_uppercase().as_slice() {
                b"ST" | b"NT" => target = Text::new(value),
                b"NTS" => self.states.push_distinct(Text::new(value)),
                b"USN" => self.names.push_distinct(Text::new(value)),
                b"LOCATION" | b"AL" => self.locations.push_distinct(Text::long(value)),
                b"SERVER" => self.servers.push_distinct(Text::new(value)),
                b"USER-AGENT" => self.agents.push_distinct(Text::new(value)),
                _ => {}
            }
        }
        self.rows.push_distinct(Row { method, target });
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.number(&MESSAGES, self.messages);
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        element.list(&METHOD, rows.iter().map(|row| row.method), omitted);
        if rows.iter().any(|row| !row.target.is_empty()) {
            element.list(&TARGET, rows.iter().map(|row| &row.target), omitted);
        }
        element.texts(&STATE, &self.states);
        element.texts(&USN, &self.names);
        element.texts(&LOCATION, &self.locations);
        element.texts(&SERVER, &self.servers);
        element.texts(&USER_AGENT, &self.agents);
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.states, &self.names, &self.locations, &self.servers, &self.agents];
        size_of::<Self>()
            + lists
                .iter()
                .flat_map(|list| list.items())
                .map(|text| size_of::<Text>() + text.heap_bytes())
                .sum::<usize>()
            + self.rows.items().iter().map(|row| size_of::<Row>() + row.target.heap_bytes()).sum::<usize>()
    }
}
