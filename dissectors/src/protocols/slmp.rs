//! Mitsubishi's SLMP, the MELSEC communication protocol, in frames 3E and 4E (SLMP Reference Manual SH-080956, binary code).
//!
//! ```text
//! request  5000 or 5400 serial:2 0:2, net:1 station:1 module:2 multidrop:1 length:2 (of what follows) timer:2 command:2 subcommand:2
//! answer   d000 or d400 serial:2 0:2, net:1 station:1 module:2 multidrop:1 length:2 code:2                                 2-4
//! device   number:3 code:1 points:2 (subcommand 0000, 0001) or number:4 code:2 points:2 (0080, 0081)                     5-2
//! ```
//!
//! Numbers have their least significant byte first. A gap ends the session's facts. Ignored on purpose: values; the ASCII code; passwords of
//! remote access, which are flagged.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named_hex, trimmed};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static STATION: Field =
    Field::text("station", "who is spoken to, each once: network and station, `0.255`", "SH-080956 4.1").list();
static COMMAND: Field = Field::text("command", "commands, with how often: `read:2`", "SH-080956 5").list().items(NAMES);
static READ: Field = Field::text("read", "devices read, each range once: `D:100-109`", "SH-080956 5.2").list();
static WRITTEN: Field =
    Field::text("written", "devices that a write was asked for, each range once", "SH-080956 5.2").list();
static ERROR: Field =
    Field::text("error", "end codes other than success, with how often", "SH-080956 6").list().items(NAMES);
static MODEL: Field = Field::text("model", "model of the controller", "SH-080956 5.4");

static ELEMENT: Element = Element {
    name: "slmp",
    meaning: "SLMP: Mitsubishi controllers",
    fields: &[&STATION, &COMMAND, &READ, &WRITTEN, &ERROR, &MODEL],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "slmp",
    about: About {
        name: "Mitsubishi SLMP",
        specification: "SLMP Reference Manual SH-080956",
        evidence: "a subheader of frames 3E or 4E with a length and a known command",
        limits: "values, and the ASCII code",
        ports: &[5000, 5001, 5002, 5006, 5007],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0x50..=0x50, 0x54..=0x54], server: &[0xd0..=0xd0, 0xd4..=0xd4] },
    probe,
    open: |opening| Box::new(Framed::new(Slmp::default(), opening.transport)),
};

/// The bit of answers in the first byte, and that of frames with a serial number.
const ANSWER: u8 = 0x80;
const SERIAL: u8 = 0x04;
/// Commands of which more is read than their name.
const MODEL_NAME: u16 = 0x0101;
const DEVICE_READ: u16 = 0x0401;
const DEVICE_WRITE: u16 = 0x1401;
const REMOTE_PASSWORD: u16 = 0x1630;

struct Frame<'a> {
    answer: bool,
    station: (u8, u8),
    module: u16,
    multidrop: u8,
    /// Bytes of the whole frame.
    whole: usize,
    rest: &'a [u8],
}

/// Whether a frame may begin so.
fn begins(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|first| matches!(first & !ANSWER, 0x50 | 0x54))
        && bytes.get(1).is_none_or(|second| *second == 0)
}

fn frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let mut reader = Reader::new(bytes);
    let [first, _] = reader.array()?;
    let numbered = first & SERIAL != 0;
    if numbered {
        reader.skip(4)?;
    }
    let station = (reader.u8()?, reader.u8()?);
    let (module, multidrop) = (reader.le_u16()?, reader.u8()?);
    let length = usize::from(reader.le_u16()?);
    let head = if numbered { 13 } else { 9 };
    Some(Frame { answer: first & ANSWER != 0, station, module, multidrop, whole: head + length, rest: reader.rest() })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let datagram = sample.transport == Transport::Udp;
    if !begins(sample.bytes)
        || sample.bytes.first().is_some_and(|first| (first & ANSWER != 0) != (sample.role == Role::Server))
    {
        return Verdict::Reject;
    }
    let need = if datagram { Verdict::Reject } else { Verdict::NeedMore };
    let Some(frame) = frame(sample.bytes) else { return need };
    let own = frame.module == 0x03ff && frame.multidrop == 0;
    let modules = matches!(frame.module, 0x03d0..=0x03ff | 0);
    if !modules || (datagram && frame.whole != sample.bytes.len()) {
        return Verdict::Reject;
    }
    let mut reader = Reader::new(frame.rest);
    if frame.answer {
        let told = frame.whole.saturating_sub(sample.bytes.len().saturating_sub(frame.rest.len()));
        return if own && told >= 2 { Verdict::Likely } else { Verdict::Reject };
    }
    let (Some(_), Some(command), Some(subcommand)) = (reader.le_u16(), reader.le_u16(), reader.le_u16()) else {
        return need;
    };
    match (name(command).is_some() && subcommand & 0xff3c == 0, own) {
        (true, true) => Verdict::Match,
        (true, false) => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

/// Points of one kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    device: u16,
    first: u32,
    points: u16,
}

impl Range {
    fn read(reader: &mut Reader<'_>, subcommand: u16) -> Option<Self> {
        let (first, device) = if subcommand & 2 == 0 {
            let [a, b, c] = reader.array()?;
            (u32::from_le_bytes([a, b, c, 0]), u16::from(reader.u8()?))
        } else {
            (reader.le_u32()?, reader.le_u16()?)
        };
        Some(Self { device, first, points: reader.le_u16()? })
    }

    fn text(&self) -> String {
        let (name, hexadecimal) = device(self.device).unwrap_or(("?", false));
        let number = |number: u32| if hexadecimal { format!("{number:X}") } else { number.to_string() };
        match self.points {
            0 | 1 => format!("{name}:{}", number(self.first)),
            points => {
                format!("{name}:{}-{}", number(self.first), number(self.first.saturating_add(u32::from(points) - 1)))
            }
        }
    }
}

#[derive(Debug, Default)]
struct Slmp {
    stations: List<(u8, u8)>,
    commands: Tally<u16>,
    read: List<Range>,
    written: List<Range>,
    errors: Tally<u16>,
    model: Text,
    /// The next answer names the model.
    model_asked: bool,
    password: bool,
}

impl Slmp {
    fn frame(&mut self, frame: &Frame<'_>) -> Option<()> {
        let mut reader = Reader::new(frame.rest);
        self.stations.push_distinct(frame.station);
        if frame.answer {
            let code = reader.le_u16()?;
            if code != 0 {
                self.errors.count(code);
            } else if std::mem::take(&mut self.model_asked) && self.model.is_empty() {
                self.model = Text::new(trimmed(reader.take(16)?));
            }
            return Some(());
        }
        reader.skip(2)?;
        let (command, subcommand) = (reader.le_u16()?, reader.le_u16()?);
        self.commands.count(command);
        self.model_asked = command == MODEL_NAME;
        self.password |= command == REMOTE_PASSWORD;
        match command {
            DEVICE_READ => self.read.push_distinct(Range::read(&mut reader, subcommand)?),
            DEVICE_WRITE => self.written.push_distinct(Range::read(&mut reader, subcommand)?),
            _ => {}
        }
        Some(())
    }
}

impl Messages for Slmp {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        match frame(bytes) {
            _ if !begins(bytes) => Extent::Broken,
            Some(frame) => Extent::Whole(frame.whole),
            None => Extent::Need(if bytes.first().is_some_and(|first| first & SERIAL != 0) { 13 } else { 9 }),
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if let Some(frame) = frame(message.bytes) {
            self.frame(&frame);
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        let mut element = out.element(&ELEMENT);
        counts::write_list(&mut element, &STATION, &self.stations, |(net, station)| format!("{net}.{station}"));
        self.commands.write(&mut element, &COMMAND, |command| named_hex(name(*command), *command));
        counts::write_list(&mut element, &READ, &self.read, Range::text);
        counts::write_list(&mut element, &WRITTEN, &self.written, Range::text);
        self.errors.write(&mut element, &ERROR, |code| format!("0x{code:04x}"));
        element.text(&MODEL, &self.model);
    }

    fn heap_bytes(&self) -> usize {
        counts::list_bytes(&self.stations)
            + self.commands.heap_bytes()
            + counts::list_bytes(&self.read)
            + counts::list_bytes(&self.written)
            + self.errors.heap_bytes()
            + self.model.heap_bytes()
    }
}

/// A command's name (SH-080956 5.1).
const fn name(command: u16) -> Option<&'static str> {
    Some(match command {
        0x0101 => "read_type_name",
        0x0401 => "read",
        0x0403 => "read_random",
        0x0406 => "read_block",
        0x0601 => "buffer_read",
        0x0613 => "memory_read",
        0x0619 => "self_test",
        0x0801 => "monitor_entry",
        0x0802 => "monitor",
        0x1001 => "remote_run",
        0x1002 => "remote_stop",
        0x1003 => "remote_pause",
        0x1005 => "remote_latch_clear",
        0x1006 => "remote_reset",
        0x1401 => "write",
        0x1402 => "write_random",
        0x1406 => "write_block",
        0x1601 => "buffer_write",
        0x1613 => "memory_write",
        0x1617 => "clear_error",
        0x1630 => "remote_password_unlock",
        0x1631 => "remote_password_lock",
        0x1810 => "file_list",
        0x1811 => "file_search",
        0x1820 => "file_new",
        0x1822 => "file_delete",
        0x1824 => "file_copy",
        0x1827 => "file_open",
        0x1828 => "file_read",
        0x1829 => "file_write",
        0x182a => "file_close",
        _ => return None,
    })
}

/// A device's letters, and whether its points are numbered in hexadecimal (SH-080956 5.2).
const fn device(code: u16) -> Option<(&'static str, bool)> {
    Some(match code {
        0x91 => ("SM", false),
        0xa9 => ("SD", false),
        0x9c => ("X", true),
        0x9d => ("Y", true),
        0x90 => ("M", false),
        0x92 => ("L", false),
        0x93 => ("F", false),
        0x94 => ("V", false),
        0xa0 => ("B", true),
        0xa8 => ("D", false),
        0xb4 => ("W", true),
        0xc1 => ("TS", false),
        0xc0 => ("TC", false),
        0xc2 => ("TN", false),
        0xc4 => ("CS", false),
        0xc3 => ("CC", false),
        0xc5 => ("CN", false),
        0xa1 => ("SB", true),
        0xb5 => ("SW", true),
        0xcc => ("Z", false),
        0xaf => ("R", false),
        0xb0 => ("ZR", true),
        _ => return None,
    })
}
