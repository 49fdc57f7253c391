//! Modbus over TCP and UDP (Modbus Messaging on TCP/IP Implementation Guide 1.0b, Modbus Application Protocol 1.1b3).
//!
//! ```text
//! message    transaction:2 protocol:2 (0) length:2 (of what follows) unit:1 function:1 data              guide 3.1.3
//! exception  function with bit 80, code:1                                                        protocol 7
//! ```
//!
//! Told are what is asked: functions, ranges of registers, and those written. Limits: a message has at most 260 bytes. A gap ends the
//! session's facts. Ignored on purpose: the values of registers; serial frames (RTU, ASCII) that some gateways pass on over TCP.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static UNIT: Field = Field::number("unit", "units (slaves) spoken to, each once", "Messaging Guide 3.1.3").list();
static FUNCTION: Field =
    Field::text("function", "functions asked for, with how often: `read_coils:3`", "Modbus 6").list().items(NAMES);
static READ: Field =
    Field::text("read", "ranges read, each once: table and numbers as on the wire, `holding:0-9`", "Modbus 6").list();
static WRITTEN: Field =
    Field::text("written", "ranges that a write was asked for, each once: `unit/coil:5`", "Modbus 6").list();
static WRITES: Field = Field::number("writes", "how many writes were asked for", "Modbus 6");
static REQUESTS: Field = Field::number("requests", "requests", "");
static RESPONSES: Field = Field::number("responses", "answers, exceptions among them", "");
static EXCEPTION: Field =
    Field::text("exception", "exceptions, with how often: `illegal_data_address:1`", "Modbus 7").list().items(NAMES);
static VENDOR: Field = Field::text("vendor", "vendor of the device", "Modbus 6.21");
static PRODUCT: Field = Field::text("product", "product code of the device", "Modbus 6.21");
static REVISION: Field = Field::text("revision", "its revision", "Modbus 6.21");
static MODEL: Field = Field::text("model", "product and model names", "Modbus 6.21").list();
static SERVER_ID: Field = Field::text("server_id", "what a server says of itself when asked to report", "Modbus 6.13");

static ELEMENT: Element = Element {
    name: "modbus",
    meaning: "Modbus: registers and coils of controllers",
    fields: &[
        &UNIT, &FUNCTION, &READ, &WRITTEN, &WRITES, &REQUESTS, &RESPONSES, &EXCEPTION, &VENDOR, &PRODUCT, &REVISION,
        &MODEL, &SERVER_ID,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "modbus",
    about: About {
        name: "Modbus over TCP and UDP",
        specification: "Modbus Application Protocol 1.1b3",
        evidence: "requests and answers whose transaction, length and function agree",
        limits: "values of registers; serial frames that gateways pass on",
        ports: &[502, 802],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |opening| Box::new(Framed::new(Modbus::default(), opening.transport)),
};

/// Bytes before the unit.
const HEAD: usize = 6;
/// The most bytes from the unit on.
const LENGTH_MAX: usize = 254;
/// The bit of exceptions.
const EXCEPTION_BIT: u8 = 0x80;
/// Functions of which more is read than their name.
const DEVICE_IDENTIFICATION: u8 = 43;
const REPORT_SERVER_ID: u8 = 17;
const UMAS: u8 = 90;
/// The kind of function 43 that identifies devices.
const IDENTIFICATION: u8 = 14;

/// The length field, where this may be a message.
fn length(bytes: &[u8]) -> Extent {
    let fixed = bytes.iter().skip(2).take(3).all(|byte| *byte == 0);
    if !fixed {
        return Extent::Broken;
    }
    match bytes.get(5).copied().map(usize::from) {
        None => Extent::Need(HEAD),
        Some(length @ 2..=LENGTH_MAX) => Extent::Whole(HEAD + length),
        Some(_) => Extent::Broken,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let whole = match length(sample.bytes) {
        Extent::Broken => return Verdict::Reject,
        Extent::Need(_) => return Verdict::NeedMore,
        Extent::Whole(whole) => whole,
    };
    if sample.transport == Transport::Udp && sample.bytes.len() != whole {
        return Verdict::Reject;
    }
    match fits_at(sample.role, sample.bytes, whole) {
        Some(true) => {}
        Some(false) => return Verdict::Reject,
        None => return Verdict::NeedMore,
    }
    if sample.bytes.get(whole..).is_some_and(|rest| matches!(length(rest), Extent::Broken)) {
        return Verdict::Reject;
    }
    // A few small numbers that agree with each other; the other side's must as well. An answer alone has too few of them.
    if sample.role == Role::Client || more_fits(sample.role, sample.bytes.get(whole..).unwrap_or_default()) {
        Verdict::Likely
    } else {
        Verdict::NeedMore
    }
}

/// Whether another whole message follows.
fn more_fits(role: Role, bytes: &[u8]) -> bool {
    match length(bytes) {
        Extent::Whole(whole) if bytes.len() >= whole => fits_at(role, bytes, whole) == Some(true),
        _ => false,
    }
}

/// Whether the message of `whole` bytes that `bytes` begin with has the form of its function. `None`: too few are here.
fn fits_at(role: Role, bytes: &[u8], whole: usize) -> Option<bool> {
    let pdu = bytes.get(HEAD + 1..)?;
    let length = whole.saturating_sub(HEAD + 1);
    fits(role, pdu.get(..length).unwrap_or(pdu), length)
}

/// Whether a function's data of which `length` bytes are told have the form that the function wants. `None`: too few are here.
fn fits(role: Role, pdu: &[u8], length: usize) -> Option<bool> {
    let mut reader = Reader::new(pdu);
    let function = reader.u8()?;
    if role == Role::Server && function & EXCEPTION_BIT != 0 {
        return Some(name(function ^ EXCEPTION_BIT).is_some() && length == 2 && exception(reader.u8()?).is_some());
    }
    // A byte that counts the bytes behind it.
    let counted =
        |mut reader: Reader<'_>, before: usize| reader.u8().map(|n| usize::from(n) + before == length && n > 0);
    match (role, function) {
        (Role::Client, 1..=4) if length == 5 => {
            let (first, count) = (reader.be_u16()?, reader.be_u16()?);
            let most = if function <= 2 { 2000 } else { 125 };
            Some((1..=most).contains(&count) && first.checked_add(count - 1).is_some())
        }
        (Role::Server, 1 | 2 | 12 | 17 | 20) => counted(reader, 2),
        (Role::Server, 3 | 4 | 23) => Some(reader.clone().u8()? % 2 == 0 && counted(reader, 2)?),
        (_, 5) if length == 5 => {
            reader.skip(2)?;
            Some(matches!(reader.be_u16()?, 0 | 0xff00))
        }
        (_, 6) | (Role::Server, 11) => Some(length == 5),
        (Role::Server, 15 | 16) if length == 5 => {
            reader.skip(2)?;
            Some((1..=2000).contains(&reader.be_u16()?))
        }
        (Role::Client, 15 | 16) => {
            reader.skip(2)?;
            let (count, bytes) = (reader.be_u16()?, reader.clone().u8()?);
            let wanted = if function == 15 { count.div_ceil(8) } else { count.saturating_mul(2) };
            Some(u16::from(bytes) == wanted && counted(reader, 6)?)
        }
        (Role::Client, 7 | 11 | 12 | 17) => Some(length == 1),
        (Role::Server, 7) => Some(length == 2),
        (_, 8) => Some(length >= 5 && length % 2 == 1 && reader.be_u16()? <= 20),
        (Role::Client, 20) | (_, 21) => counted(reader, 2),
        (_, 22) => Some(length == 7),
        (Role::Client, 23) => {
            reader.skip(8)?;
            counted(reader, 10)
        }
        (Role::Client, 24) => Some(length == 3),
        (Role::Server, 24) => Some(usize::from(reader.be_u16()?) + 3 == length),
        (Role::Client, DEVICE_IDENTIFICATION) => {
            Some(length == 4 && reader.u8()? == IDENTIFICATION && (1..=4).contains(&reader.u8()?))
        }
        (Role::Server, DEVICE_IDENTIFICATION) => {
            Some(length >= 7 && reader.u8()? == IDENTIFICATION && (1..=4).contains(&reader.u8()?))
        }
        // UMAS: a session and a function; how it went.
        (Role::Client, UMAS) => Some(length >= 3 && reader.u8().is_some() && (1..=0x73).contains(&reader.u8()?)),
        (Role::Server, UMAS) => Some(length >= 3 && reader.u8().is_some() && matches!(reader.u8()?, 0xfd | 0xfe)),
        _ => Some(false),
    }
}

/// Numbers of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    table: &'static str,
    first: u16,
    count: u16,
}

impl Range {
    fn read(table: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { table, first: reader.be_u16()?, count: reader.be_u16()? })
    }

    fn text(&self) -> String {
        let Self { table, first, count } = self;
        match count {
            0 | 1 => format!("{table}:{first}"),
            _ => format!("{table}:{first}-{}", u32::from(*first) + u32::from(*count) - 1),
        }
    }
}

#[derive(Debug, Default)]
struct Modbus {
    units: List<u8>,
    asked: Tally<u8>,
    answered: Tally<u8>,
    read: List<Range>,
    written: List<(u8, Range)>,
    writes: u64,
    requests: u64,
    responses: u64,
    exceptions: Tally<u8>,
    vendor: Text,
    product: Text,
    revision: Text,
    models: List<Text>,
    server_id: Text,
}

impl Modbus {
    fn request(&mut self, unit: u8, function: u8, mut reader: Reader<'_>) -> Option<()> {
        counts::more(&mut self.requests);
        self.asked.count(function);
        let read = match function {
            1 => Range::read("coil", &mut reader),
            2 => Range::read("input", &mut reader),
            3 | 23 => Range::read("holding", &mut reader),
            4 => Range::read("input_register", &mut reader),
            24 => reader.be_u16().map(|first| Range { table: "fifo", first, count: 1 }),
            _ => None,
        };
        if let Some(read) = read {
            self.read.push_distinct(read);
        }
        let written = match function {
            5 => Range { table: "coil", first: reader.be_u16()?, count: 1 },
            6 | 22 => Range { table: "holding", first: reader.be_u16()?, count: 1 },
            15 => Range::read("coil", &mut reader)?,
            16 | 23 => Range::read("holding", &mut reader)?,
            21 => {
                reader.skip(2)?;
                // Byte count, the kind of reference, the file's number.
                reader.skip(2)?;
                Range::read("file_record", &mut reader)?
            }
            _ => return None,
        };
        counts::more(&mut self.writes);
        self.written.push_distinct((unit, written));
        Some(())
    }

    fn response(&mut self, function: u8, mut reader: Reader<'_>) -> Option<()> {
        counts::more(&mut self.responses);
        self.answered.count(function & !EXCEPTION_BIT);
        if function & EXCEPTION_BIT != 0 {
            self.exceptions.count(reader.u8()?);
        } else if function == REPORT_SERVER_ID && self.server_id.is_empty() {
            let length = reader.u8()?;
            // What it looks like is the device's affair; text is worth telling.
            let id = reader.take(usize::from(length).min(reader.len()))?;
            let text = id.split(|byte| !matches!(byte, b' '..=b'~')).max_by_key(|run| run.len())?;
            if text.len() >= 3 {
                self.server_id = Text::new(text.trim_ascii());
            }
        } else if function == DEVICE_IDENTIFICATION && reader.u8()? == IDENTIFICATION {
            // Code, conformity, more follows, next object; then how many there are.
            reader.skip(4)?;
            for _ in 0..reader.u8()? {
                let (object, length) = (reader.u8()?, reader.u8()?);
                let value = reader.take(usize::from(length))?;
                let slot = match object {
                    0 => &mut self.vendor,
                    1 => &mut self.product,
                    2 => &mut self.revision,
                    4..=6 if !value.is_empty() => {
                        self.models.push_distinct(Text::new(value));
                        continue;
                    }
                    _ => continue,
                };
                if slot.is_empty() {
                    *slot = Text::new(value);
                }
            }
        }
        Some(())
    }
}

impl Messages for Modbus {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        length(bytes)
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        let mut reader = Reader::new(message.bytes.get(HEAD..).unwrap_or_default());
        if let (Some(unit), Some(function)) = (reader.u8(), reader.u8()) {
            self.units.push_distinct(unit);
            let _ = match message.role {
                Role::Client => self.request(unit, function, reader),
                Role::Server => self.response(function, reader),
            };
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.list(&UNIT, self.units.items().iter().map(|unit| u64::from(*unit)), self.units.omitted());
        let functions = if self.asked.is_empty() { &self.answered } else { &self.asked };
        functions.write(&mut element, &FUNCTION, |function| named(name(*function), *function));
        counts::write_list(&mut element, &READ, &self.read, Range::text);
        counts::write_list(&mut element, &WRITTEN, &self.written, |(unit, range)| format!("{unit}/{}", range.text()));
        counts::write_count(&mut element, &WRITES, self.writes);
        counts::write_count(&mut element, &REQUESTS, self.requests);
        counts::write_count(&mut element, &RESPONSES, self.responses);
        self.exceptions.write(&mut element, &EXCEPTION, |code| named(exception(*code), *code));
        element.text(&VENDOR, &self.vendor);
        element.text(&PRODUCT, &self.product);
        element.text(&REVISION, &self.revision);
        element.texts(&MODEL, &self.models);
        element.text(&SERVER_ID, &self.server_id);
    }

    fn heap_bytes(&self) -> usize {
        counts::list_bytes(&self.units)
            + counts::list_bytes(&self.read)
            + counts::list_bytes(&self.written)
            + self.asked.heap_bytes()
            + self.answered.heap_bytes()
            + self.exceptions.heap_bytes()
            + counts::texts_bytes(&self.models)
            + [&self.vendor, &self.product, &self.revision, &self.server_id].map(Text::heap_bytes).iter().sum::<usize>()
    }
}

/// A function's name (Modbus 6; 90 is Schneider Electric's UMAS).
const fn name(function: u8) -> Option<&'static str> {
    Some(match function {
        1 => "read_coils",
        2 => "read_discrete_inputs",
        3 => "read_holding_registers",
        4 => "read_input_registers",
        5 => "write_single_coil",
        6 => "write_single_register",
        7 => "read_exception_status",
        8 => "diagnostics",
        11 => "get_comm_event_counter",
        12 => "get_comm_event_log",
        15 => "write_multiple_coils",
        16 => "write_multiple_registers",
        17 => "report_server_id",
        20 => "read_file_record",
        21 => "write_file_record",
        22 => "mask_write_register",
        23 => "read_write_multiple_registers",
        24 => "read_fifo_queue",
        43 => "encapsulated_interface_transport",
        UMAS => "umas",
        _ => return None,
    })
}

/// An exception's name (Modbus 7).
const fn exception(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "illegal_function",
        2 => "illegal_data_address",
        3 => "illegal_data_value",
        4 => "server_device_failure",
        5 => "acknowledge",
        6 => "server_device_busy",
        7 => "negative_acknowledge",
        8 => "memory_parity_error",
        10 => "gateway_path_unavailable",
        11 => "gateway_target_failed_to_respond",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination: [192, 0, 2, 1].into() })
    }

    #[test]
    fn a_request_whose_numbers_disagree_is_none() {
        assert_eq!(verdict(Role::Client, b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x0a"), Verdict::Likely);
        for other in [
            &b"\0\x01\0\0\0\x06\x01\x03\0\0\0\0"[..],
            b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x7e",
            b"\0\x01\0\0\0\x06\x01\x03\xff\xff\0\x02",
            b"\0\x01\0\0\0\x07\x01\x03",
            b"\0\x01\0\0\0\x06\x01\x05\0\0\x01\0",
            b"\0\x01\0\0\0\x09\x01\x10\0\0\0\x01\x04\0\0",
            b"\0\x01\0\x01\0\x06\x01\x03\0\0\0\x0a",
            b"\0\x01\0\0\x01\x06\x01\x03\0\0\0\x0a",
        ] {
            assert_eq!(verdict(Role::Client, other), Verdict::Reject, "{other:02x?}");
        }
    }

    #[test]
    fn an_answer_counts_its_bytes() {
        let answer = b"\0\x01\0\0\0\x05\x01\x03\x02\0\x07";
        assert_eq!(verdict(Role::Server, answer), Verdict::NeedMore);
        assert_eq!(verdict(Role::Server, &[&answer[..], answer].concat()), Verdict::Likely);
        assert_eq!(verdict(Role::Server, b"\0\x01\0\0\0\x05\x01\x03\x03\0\x07"), Verdict::Reject);
        assert_eq!(verdict(Role::Server, b"\0\x01\0\0\0\x03\x01\x83\x02"), Verdict::NeedMore);
        assert_eq!(verdict(Role::Server, b"\0\x01\0\0\0\x03\x01\x83\x09"), Verdict::Reject);
    }
}
