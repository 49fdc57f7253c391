//! Siemens S7 communication, over ISO transport on TCP (see [`crate::cotp`]); S7comm-plus is recognised.
//!
//! Siemens publishes no specification; the layout is what its controllers and the open libraries for them agree on.
//!
//! ```text
//! message    32 kind:1 (1 job, 2 acknowledgement, 3 answer, 7 user data) 0:2 reference:2 parameters:2 data:2 [error:2] ...
//! job        function:1, then for reads and writes items:1, each 12 0a 10 size:1 count:2 block:2 area:1 address:3 (in bits)
//! user data  0:1 1:1 12 length:1 method:1 group:1 (4x request, 8x answer) function:1 sequence:1 ..., then
//!            data: result:1 kind:1 length:2 and, for system status lists (SZL), id:2 index:2 [size:2 entries:2 entry ...]
//! plus       72 version:1 length:2 [digest] operation:1 (31 request, 32 answer, 33 notice) 0:2 function:2 ...
//! ```
//!
//! Limits: of a message in several pieces the first is read, and of that [`Messages::LOOK`] bytes. A gap ends the session's facts. Ignored
//! on purpose: values; what S7comm-plus carries beyond its functions and the controller's own name.

mod identity;
mod names;

use self::identity::Identity;
use crate::capped::{List, Text};
use crate::cotp::{self, Begin, Connection, Pieces, Unit};
use crate::counts::{self, NAMES, Tally, named_hex};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::hex::hex;
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

const SOURCE: &str = "S7 communication";

static VARIANT: Field = Field::text("variant", "`s7comm` or `s7comm-plus`", SOURCE);
static CALLING_TSAP: Field = Field::text("calling_tsap", "selector of who calls: text, or hexadecimal", "X.224 13.3.4");
static CALLED_TSAP: Field =
    Field::text("called_tsap", "selector of who is called: text, or hexadecimal", "X.224 13.3.4");
static RACK: Field = Field::number("rack", "rack in the called selector", SOURCE);
static SLOT: Field = Field::number("slot", "slot in the called selector", SOURCE);
static PDU_SIZE: Field = Field::number("pdu_size", "message size agreed on", SOURCE).unit("bytes");
static FUNCTION: Field =
    Field::text("function", "functions asked for, with how often: `read_var:3`", SOURCE).list().items(NAMES);
static READ: Field = Field::text("read", "bytes read, each range once: `db1:0-9`", SOURCE).list();
static WRITTEN: Field = Field::text("written", "bytes that a write was asked for, each range once", SOURCE).list();
static BLOCK: Field = Field::text("block", "blocks uploaded or downloaded, each once: `db1`", SOURCE).list();
static SERVICE: Field =
    Field::text("service", "program services called, each once: `P_PROGRAM` starts or stops", SOURCE).list();
static SZL: Field = Field::text("szl", "system status lists asked for, each once", SOURCE).list();
static ERROR: Field =
    Field::text("error", "errors in answers, class and code, with how often", SOURCE).list().items(NAMES);

static ELEMENT: Element = Element {
    name: "s7comm",
    meaning: "S7 communication: Siemens controllers",
    fields: &[
        &VARIANT,
        &CALLING_TSAP,
        &CALLED_TSAP,
        &RACK,
        &SLOT,
        &PDU_SIZE,
        &FUNCTION,
        &READ,
        &WRITTEN,
        &BLOCK,
        &SERVICE,
        &SZL,
        &ERROR,
        &identity::MODULE,
        &identity::MODULE_NAME,
        &identity::MODULE_TYPE,
        &identity::SYSTEM_NAME,
        &identity::PLANT,
        &identity::LOCATION,
        &identity::SERIAL,
        &identity::FIRMWARE,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "s7comm",
    about: About {
        name: "Siemens S7 communication",
        specification: "not published; what controllers and open libraries agree on",
        evidence: "32 behind ISO transport with lengths that fit",
        limits: "values; of S7comm-plus no more than functions",
        ports: &[102],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[3..=3]),
    probe,
    open: |opening| Box::new(Framed::new(S7::default(), opening.transport)),
};

/// What messages begin with.
const CLASSIC: u8 = 0x32;
const PLUS: u8 = 0x72;
/// Kinds of messages.
const JOB: u8 = 1;
const ANSWERS: [u8; 2] = [2, 3];
const USER_DATA: u8 = 7;
/// Functions of jobs of which more is read than their name.
const READ_VAR: u8 = 0x04;
const WRITE_VAR: u8 = 0x05;
const PROGRAM_SERVICE: u8 = 0x28;
const STOP: u8 = 0x29;
const SETUP: u8 = 0xf0;
/// How selectors of S7comm-plus begin.
const PLUS_SELECTOR: &[u8] = b"SIMATIC-ROOT-";
/// More items than fit one message.
const ITEMS: usize = 32;

fn probe(sample: &Sample<'_>) -> Verdict {
    match cotp::begin(sample.role, sample.bytes) {
        Begin::Broken => Verdict::Reject,
        Begin::NeedMore => Verdict::NeedMore,
        Begin::Data(payload) => message(sample.role, payload),
        Begin::Connection(connection, _) if connection.called.starts_with(PLUS_SELECTOR) => Verdict::Match,
        Begin::Connection(connection, []) => {
            // What only asks for a rack and slot, as scanners do, is no more than likely until it speaks.
            let asks = sample.role == Role::Client && rack_and_slot(connection).is_some();
            let device = matches!(connection.calling, [1..=3, _]);
            if asks && device { Verdict::Likely } else { Verdict::NeedMore }
        }
        Begin::Connection(_, payload) => message(sample.role, payload),
    }
}

/// Whether a message is of S7: its lengths lie in it and its kind is the role's.
fn message(role: Role, payload: &[u8]) -> Verdict {
    let mut reader = Reader::new(payload);
    let Some(mark) = reader.u8() else { return Verdict::NeedMore };
    let Some(kind) = reader.u8() else {
        return if matches!(mark, CLASSIC | PLUS) { Verdict::NeedMore } else { Verdict::Reject };
    };
    let asked = role == Role::Client;
    match (mark, kind) {
        (CLASSIC, JOB) if !asked => return Verdict::Reject,
        (CLASSIC, kind) if ANSWERS.contains(&kind) && asked => return Verdict::Reject,
        (CLASSIC, JOB | 2 | 3 | USER_DATA) => {}
        (PLUS, 1..=3) => {}
        _ => return Verdict::Reject,
    }
    if mark == PLUS {
        let _ = reader.be_u16();
        let operation = if kind == 3 { reader.rest().get(33) } else { reader.rest().first() };
        return match operation {
            None => Verdict::NeedMore,
            Some(0x31) if asked => Verdict::Match,
            Some(0x32 | 0x33) if !asked => Verdict::Match,
            Some(_) => Verdict::Reject,
        };
    }
    match (reader.be_u16(), reader.skip(2), reader.be_u16(), reader.be_u16()) {
        (Some(1..), ..) => Verdict::Reject,
        (Some(0), Some(()), Some(parameters), Some(_)) if kind == JOB => match reader.u8() {
            None => Verdict::NeedMore,
            Some(function) if names::job(function).is_some() && parameters > 0 => Verdict::Match,
            Some(_) => Verdict::Reject,
        },
        (Some(0), Some(()), Some(_), Some(_)) => Verdict::Match,
        _ => Verdict::NeedMore,
    }
}

/// Rack and slot of a called selector.
fn rack_and_slot(connection: Connection<'_>) -> Option<(u8, u8)> {
    match connection.called {
        // The first byte is the kind of connection: programming device, operator panel, other.
        [1..=3, place] => Some((place >> 5, place & 0x1f)),
        _ => None,
    }
}

/// Bytes of one area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    area: u8,
    block: u16,
    first: u32,
    bytes: u32,
}

impl Range {
    /// Reads one item of a job.
    fn read(item: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(item);
        if reader.u8()? != 0x10 {
            // An address of another form.
            return None;
        }
        let (size, count, block, area) = (reader.u8()?, reader.be_u16()?, reader.be_u16()?, reader.u8()?);
        // Counters and timers are numbered, everything else is addressed in bits.
        let address = reader.be_u24()?;
        let numbered = matches!(area, 0x1c..=0x1f);
        let first = if numbered { address } else { address >> 3 };
        let bytes = if numbered { u32::from(count) } else { u32::from(count).saturating_mul(names::size(size)) };
        Some(Self { area, block, first, bytes })
    }

    fn text(&self) -> String {
        let area = match names::area(self.area) {
            Some("db") => format!("db{}", self.block),
            Some("di") => format!("di{}", self.block),
            Some(name) => name.to_owned(),
            None => format!("0x{:02x}", self.area),
        };
        match self.bytes {
            0 | 1 => format!("{area}:{}", self.first),
            bytes => format!("{area}:{}-{}", self.first, self.first.saturating_add(bytes - 1)),
        }
    }
}

/// A function that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Job(u8),
    UserData(u8, u8),
    Plus(u16),
}

impl Function {
    fn text(&self) -> std::borrow::Cow<'static, str> {
        match *self {
            Self::Job(function) => named_hex(names::job(function), function),
            Self::UserData(group, function) => {
                named_hex(names::user_data(group, function), u64::from(group) << 8 | u64::from(function))
            }
            Self::Plus(function) => named_hex(names::plus(function), function),
        }
    }
}

#[derive(Debug, Default)]
struct S7 {
    pieces: Pieces,
    variant: Option<&'static str>,
    calling: Text,
    called: Text,
    place: Option<(u8, u8)>,
    pdu_size: u16,
    functions: Tally<Function>,
    /// What was answered, where nobody was seen asking.
    answered: Tally<Function>,
    read: List<Range>,
    written: List<Range>,
    blocks: List<Text>,
    services: List<Text>,
    szl: List<u16>,
    errors: Tally<u16>,
    identity: Identity,
    password: bool,
}

/// A selector as text where it is some, else in hexadecimal.
fn selector(bytes: &[u8]) -> Text {
    if bytes.len() > 2 && bytes.iter().all(u8::is_ascii_graphic) {
        Text::new(bytes)
    } else {
        Text::from(hex(bytes).as_str())
    }
}

impl S7 {
    fn payload(&mut self, role: Role, payload: &[u8]) -> Option<()> {
        let mut reader = Reader::new(payload);
        match (reader.u8()?, reader.u8()?) {
            (CLASSIC, kind) => {
                self.variant.get_or_insert("s7comm");
                reader.skip(4)?;
                let (parameters, data) = (usize::from(reader.be_u16()?), usize::from(reader.be_u16()?));
                if ANSWERS.contains(&kind) {
                    let error = reader.be_u16()?;
                    if error != 0 {
                        self.errors.count(error);
                    }
                }
                let parameters = reader.take(parameters)?;
                let data = reader.take(data.min(reader.len()))?;
                match kind {
                    JOB => self.job(parameters),
                    USER_DATA => self.user_data(parameters, data),
                    _ => self.answer(parameters),
                }
            }
            (PLUS, version) => {
                self.variant = Some("s7comm-plus");
                reader.skip(2)?;
                if version == 3 {
                    let digest = usize::from(reader.u8()?);
                    reader.skip(digest)?;
                }
                reader.skip(3)?;
                let function = Function::Plus(reader.be_u16()?);
                match role {
                    Role::Client => self.functions.count(function),
                    Role::Server => {
                        self.answered.count(function);
                        self.identity.plus(reader.rest());
                    }
                }
                Some(())
            }
            _ => None,
        }
    }

    fn job(&mut self, parameters: &[u8]) -> Option<()> {
        let mut reader = Reader::new(parameters);
        let function = reader.u8()?;
        self.functions.count(Function::Job(function));
        match function {
            READ_VAR | WRITE_VAR => {
                let list = if function == READ_VAR { &mut self.read } else { &mut self.written };
                for _ in 0..usize::from(reader.u8()?).min(ITEMS) {
                    reader.skip(1)?;
                    let length = usize::from(reader.u8()?);
                    if let Some(range) = Range::read(reader.take(length)?) {
                        list.push_distinct(range);
                    }
                }
            }
            PROGRAM_SERVICE | STOP => {
                // The name is last, behind its length.
                let name = parameters.rsplit(|byte| !byte.is_ascii_graphic()).next()?;
                if !name.is_empty() {
                    self.services.push_distinct(Text::new(name));
                }
            }
            0x1a..=0x1f => {
                let at = memchr::memchr(b'_', parameters)?;
                let [a, b, number @ ..] = parameters.get(at..)?.get(1..8)? else { return None };
                let number = std::str::from_utf8(number).ok()?.parse::<u32>().ok()?;
                self.blocks.push_distinct(Text::from(format!("{}{number}", names::block([*a, *b])).as_str()));
            }
            _ => {}
        }
        Some(())
    }

    fn answer(&mut self, parameters: &[u8]) -> Option<()> {
        let mut reader = Reader::new(parameters);
        let function = reader.u8()?;
        self.answered.count(Function::Job(function));
        if function == SETUP {
            reader.skip(5)?;
            self.pdu_size = reader.be_u16()?;
        }
        Some(())
    }

    fn user_data(&mut self, parameters: &[u8], data: &[u8]) -> Option<()> {
        let mut reader = Reader::new(parameters);
        reader.skip(5)?;
        let (group, function) = (reader.u8()?, reader.u8()?);
        let (asks, group) = (group >> 4 == 4, group & 0x0f);
        if asks {
            self.functions.count(Function::UserData(group, function));
            self.password |= (group, function) == (5, 1);
        } else {
            self.answered.count(Function::UserData(group, function));
        }
        if (group, function) == (4, 1) {
            let mut data = Reader::new(data);
            // Result, kind, length.
            data.skip(4)?;
            let id = data.be_u16()?;
            data.skip(2)?;
            if asks {
                self.szl.push_distinct(id);
            } else {
                self.identity.list(id, data);
            }
        }
        Some(())
    }
}

impl Messages for S7 {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        cotp::extent(bytes)
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        match cotp::unit(message.bytes) {
            Some(Unit::Connection(connection)) if message.role == Role::Client => {
                self.calling = selector(connection.calling);
                self.called = selector(connection.called);
                self.place = rack_and_slot(connection);
                if connection.called.starts_with(PLUS_SELECTOR) {
                    self.variant = Some("s7comm-plus");
                }
            }
            Some(Unit::Data { last, payload }) => {
                if let Some(payload) = self.pieces.beginning(message.role, last, payload) {
                    self.payload(message.role, payload);
                }
            }
            _ => {}
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            // It is only veiled: every byte with the one before it and 55.
            out.flag(Flag::CleartextPassword);
        }
        let mut element = out.element(&ELEMENT);
        element.plain(&VARIANT, self.variant.unwrap_or("s7comm"));
        element.text(&CALLING_TSAP, &self.calling);
        element.text(&CALLED_TSAP, &self.called);
        if let Some((rack, slot)) = self.place {
            element.number(&RACK, u64::from(rack));
            element.number(&SLOT, u64::from(slot));
        }
        counts::write_count(&mut element, &PDU_SIZE, u64::from(self.pdu_size));
        let functions = if self.functions.is_empty() { &self.answered } else { &self.functions };
        functions.write(&mut element, &FUNCTION, Function::text);
        counts::write_list(&mut element, &READ, &self.read, Range::text);
        counts::write_list(&mut element, &WRITTEN, &self.written, Range::text);
        element.texts(&BLOCK, &self.blocks);
        element.texts(&SERVICE, &self.services);
        counts::write_list(&mut element, &SZL, &self.szl, |id| format!("0x{id:04x}"));
        self.errors.write(&mut element, &ERROR, |error| format!("0x{error:04x}"));
        self.identity.facts(&mut element);
    }

    fn heap_bytes(&self) -> usize {
        self.calling.heap_bytes()
            + self.called.heap_bytes()
            + self.functions.heap_bytes()
            + self.answered.heap_bytes()
            + counts::list_bytes(&self.read)
            + counts::list_bytes(&self.written)
            + counts::texts_bytes(&self.blocks)
            + counts::texts_bytes(&self.services)
            + counts::list_bytes(&self.szl)
            + self.errors.heap_bytes()
            + self.identity.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_a_range_of_bytes() {
        let text = |item: &[u8]| Range::read(item).map(|range| range.text());
        assert_eq!(text(b"\x10\x02\0\x0a\0\x01\x84\0\0\0").as_deref(), Some("db1:0-9"));
        assert_eq!(text(b"\x10\x01\0\x01\0\0\x83\0\0\x53").as_deref(), Some("m:10"));
        assert_eq!(text(b"\x10\x1d\0\x02\0\0\x1d\0\0\x04").as_deref(), Some("t:4-5"));
        assert_eq!(text(b"\x10\x0f\0\x02\0\x07\x84\0\0\x80").as_deref(), Some("db7:16-31"), "dates with times");
        assert_eq!(text(b"\x10\x1f\0\x01\0\0\x1f\0\0\x05").as_deref(), Some("t:5"), "a timer of an S7-200");
        assert_eq!(text(b"\xb2\xff").as_deref(), None);
    }

    #[test]
    fn a_conference_of_rdp_over_the_same_transport_is_none() {
        let rdp = b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0\x03\0\0\x0c\x02\xf0\x80\x7f\x65\x82\x01\x94";
        let sample =
            Sample { transport: Transport::Tcp, role: Role::Client, bytes: rdp, destination: [192, 0, 2, 1].into() };
        assert_eq!(probe(&sample), Verdict::Reject);
    }
}
