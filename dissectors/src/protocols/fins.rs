//! Omron FINS, over UDP and TCP (FINS Commands Reference W227, Ethernet units' W421).
//!
//! ```text
//! TCP      "FINS" length:4 (of what follows) command:4 (0, 1 node addresses, 2 FINS, 3 error) error:4        W421 7-4
//! header   flags:1 (80, 40 answer, 01 none wanted) 0:1 gateways:1 to: net:1 node:1 unit:1 from: net:1 node:1 unit:1
//!          sequence:1 command:2, in answers code:2                                                           W227 3
//! memory   area:1 address:2 bit:1 count:2                                                                    W227 5-3
//! ```
//!
//! A gap ends the session's facts. Ignored on purpose: values.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named_hex, trimmed};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static NODE: Field =
    Field::text("node", "who is spoken to, each once: network, node and unit, `0.1.0`", "W227 3-2").list();
static COMMAND: Field =
    Field::text("command", "commands, with how often: `memory_area_read:2`", "W227 4").list().items(NAMES);
static READ: Field = Field::text("read", "ranges read, each once: area and words, `dm:100-109`", "W227 5-3-2").list();
static WRITTEN: Field = Field::text("written", "ranges that a write was asked for, each once", "W227 5-3-3").list();
static ERROR: Field =
    Field::text("error", "codes of answers other than success, with how often", "W227 5-1-3").list().items(NAMES);
static MODEL: Field = Field::text("model", "model of the controller", "W227 5-3-14");
static VERSION: Field = Field::text("version", "its version", "W227 5-3-14");

static ELEMENT: Element = Element {
    name: "fins",
    meaning: "FINS: Omron controllers",
    fields: &[&NODE, &COMMAND, &READ, &WRITTEN, &ERROR, &MODEL, &VERSION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "fins",
    about: About {
        name: "Omron FINS",
        specification: "FINS Commands Reference W227, W421",
        evidence: "a header whose fixed bytes fit with a known command, or `FINS`",
        limits: "values are not told",
        ports: &[9600],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'F'..=b'F', 0x80..=0x81, 0xc0..=0xc1]),
    probe,
    open: |opening| {
        Box::new(Framed::new(Fins { udp: opening.transport == Transport::Udp, ..Fins::default() }, opening.transport))
    },
};

/// What begins a message over TCP, and the bytes before and behind its length.
const MARK: &[u8; 4] = b"FINS";
const TCP_HEAD: usize = 8;
const TCP_FIXED: usize = 8;
/// The command over TCP that carries FINS.
const FRAME: u32 = 2;
/// The longest message.
const MOST: usize = 4096;
/// The bit of answers.
const ANSWER: u8 = 0x40;
/// Commands of which more is read than their name.
const MEMORY_READ: u16 = 0x0101;
const MEMORY_WRITE: u16 = 0x0102;
const MEMORY_FILL: u16 = 0x0103;
const CONTROLLER_DATA: u16 = 0x0501;

/// A message behind what TCP puts before it.
struct Command<'a> {
    answer: bool,
    node: [u8; 3],
    command: u16,
    rest: &'a [u8],
}

fn read(bytes: &[u8]) -> Option<Command<'_>> {
    let mut reader = Reader::new(bytes);
    let (flags, reserved, gateways) = (reader.u8()?, reader.u8()?, reader.u8()?);
    let (to, from) = (reader.array::<3>()?, reader.array::<3>()?);
    reader.skip(1)?;
    let command = reader.be_u16()?;
    let sound = matches!(flags, 0x80 | 0x81 | 0xc0 | 0xc1) && reserved == 0 && matches!(gateways, 2 | 7);
    name(command).filter(|_| sound && [to, from].into_iter().all(is_place))?;
    let answer = flags & ANSWER != 0;
    Some(Command { answer, node: if answer { from } else { to }, command, rest: reader.rest() })
}

/// Whether network and unit are ones that there can be: 127 networks; the processor, buses, boards, the network's own unit.
fn is_place([net, _, unit]: [u8; 3]) -> bool {
    net <= 0x7f && matches!(unit, 0 | 0x10..=0x1f | 0xe1 | 0xfe)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if sample.transport != Transport::Udp {
        if !MARK.iter().zip(bytes).all(|(wanted, byte)| wanted == byte) {
            return Verdict::Reject;
        }
        let mut reader = Reader::new(bytes.get(MARK.len()..).unwrap_or_default());
        return match (reader.be_u32(), reader.be_u32()) {
            (Some(length), Some(command)) if (8..MOST as u32).contains(&length) && command <= 6 => Verdict::Match,
            (Some(_), Some(_)) => Verdict::Reject,
            _ => Verdict::NeedMore,
        };
    }
    let Some(message) = read(bytes) else { return Verdict::Reject };
    let length = message.rest.len();
    let fits = message.answer == (sample.role == Role::Server)
        && match (message.answer, message.command) {
            (false, MEMORY_READ) => length == 6,
            (false, MEMORY_WRITE) => length > 6,
            (false, _) => length < MOST,
            (true, _) => length >= 2,
        };
    if fits { Verdict::Likely } else { Verdict::Reject }
}

/// Words, or a bit, of one area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    area: u8,
    first: u16,
    count: u16,
}

impl Range {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (area, first) = (reader.u8()?, reader.be_u16()?);
        reader.skip(1)?;
        Some(Self { area, first, count: reader.be_u16()? })
    }

    fn text(&self) -> String {
        let area = named_hex(area(self.area), self.area);
        match self.count {
            0 | 1 => format!("{area}:{}", self.first),
            count => format!("{area}:{}-{}", self.first, u32::from(self.first) + u32::from(count) - 1),
        }
    }
}

#[derive(Debug, Default)]
struct Fins {
    udp: bool,
    nodes: List<[u8; 3]>,
    commands: Tally<u16>,
    answered: Tally<u16>,
    read: List<Range>,
    written: List<Range>,
    errors: Tally<u16>,
    model: Text,
    version: Text,
}

impl Fins {
    fn answer(&mut self, message: &Command<'_>) -> Option<()> {
        self.answered.count(message.command);
        let mut reader = Reader::new(message.rest);
        let code = reader.be_u16()?;
        // Bits 15, 7 and 6 are flags of the relay and of errors that go on.
        if code & 0x7f3f != 0 {
            self.errors.count(code & 0x7f3f);
        } else if message.command == CONTROLLER_DATA && self.model.is_empty() {
            self.model = Text::new(trimmed(reader.take(20)?));
            self.version = Text::new(trimmed(reader.take(20)?));
        }
        Some(())
    }

    fn ask(&mut self, message: &Command<'_>) -> Option<()> {
        self.commands.count(message.command);
        let mut reader = Reader::new(message.rest);
        match message.command {
            MEMORY_READ => self.read.push_distinct(Range::read(&mut reader)?),
            MEMORY_WRITE | MEMORY_FILL => self.written.push_distinct(Range::read(&mut reader)?),
            _ => {}
        }
        Some(())
    }
}

impl Messages for Fins {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        if self.udp {
            return if read(bytes).is_some() { Extent::Whole(bytes.len()) } else { Extent::Broken };
        }
        if !MARK.iter().zip(bytes).all(|(wanted, byte)| wanted == byte) {
            return Extent::Broken;
        }
        match Reader::new(bytes.get(MARK.len()..).unwrap_or_default()).be_u32() {
            None => Extent::Need(TCP_HEAD),
            Some(length) if (TCP_FIXED..MOST).contains(&(length as usize)) => Extent::Whole(TCP_HEAD + length as usize),
            Some(_) => Extent::Broken,
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        let bytes = if self.udp {
            message.bytes
        } else {
            let mut reader = Reader::new(message.bytes.get(TCP_HEAD..).unwrap_or_default());
            match (reader.be_u32(), reader.be_u32()) {
                (Some(FRAME), Some(_)) => reader.rest(),
                _ => return true,
            }
        };
        if let Some(message) = read(bytes) {
            self.nodes.push_distinct(message.node);
            let _ = if message.answer { self.answer(&message) } else { self.ask(&message) };
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        counts::write_list(&mut element, &NODE, &self.nodes, |[net, node, unit]| format!("{net}.{node}.{unit}"));
        let commands = if self.commands.is_empty() { &self.answered } else { &self.commands };
        commands.write(&mut element, &COMMAND, |command| named_hex(name(*command), *command));
        counts::write_list(&mut element, &READ, &self.read, Range::text);
        counts::write_list(&mut element, &WRITTEN, &self.written, Range::text);
        self.errors.write(&mut element, &ERROR, |code| format!("0x{code:04x}"));
        element.text(&MODEL, &self.model);
        element.text(&VERSION, &self.version);
    }

    fn heap_bytes(&self) -> usize {
        counts::list_bytes(&self.nodes)
            + self.commands.heap_bytes()
            + self.answered.heap_bytes()
            + counts::list_bytes(&self.read)
            + counts::list_bytes(&self.written)
            + self.errors.heap_bytes()
            + self.model.heap_bytes()
            + self.version.heap_bytes()
    }
}

/// A command's name (W227 4-1).
const fn name(command: u16) -> Option<&'static str> {
    Some(match command {
        0x0101 => "memory_area_read",
        0x0102 => "memory_area_write",
        0x0103 => "memory_area_fill",
        0x0104 => "multiple_memory_area_read",
        0x0105 => "memory_area_transfer",
        0x0201 => "parameter_area_read",
        0x0202 => "parameter_area_write",
        0x0203 => "parameter_area_clear",
        0x0304 => "program_area_protect",
        0x0305 => "program_area_protect_clear",
        0x0306 => "program_area_read",
        0x0307 => "program_area_write",
        0x0308 => "program_area_clear",
        0x0401 => "run",
        0x0402 => "stop",
        0x0403 => "reset",
        0x0501 => "controller_data_read",
        0x0502 => "connection_data_read",
        0x0601 => "controller_status_read",
        0x0602 => "network_status_read",
        0x0603 => "data_link_status_read",
        0x0620 => "cycle_time_read",
        0x0701 => "clock_read",
        0x0702 => "clock_write",
        0x0801 => "internode_echo_test",
        0x0802 => "broadcast_test_results_read",
        0x0803 => "broadcast_test_data_send",
        0x0920 => "message_read",
        0x0c01 => "access_right_acquire",
        0x0c02 => "access_right_forced_acquire",
        0x0c03 => "access_right_release",
        0x2101 => "error_clear",
        0x2102 => "error_log_read",
        0x2103 => "error_log_clear",
        0x2201 => "file_name_read",
        0x2202 => "single_file_read",
        0x2203 => "single_file_write",
        0x2204 => "memory_card_format",
        0x2205 => "file_delete",
        0x2207 => "file_copy",
        0x2208 => "file_name_change",
        0x220a => "memory_area_file_transfer",
        0x220b => "parameter_area_file_transfer",
        0x220c => "program_area_file_transfer",
        0x2301 => "forced_set_reset",
        0x2302 => "forced_set_reset_cancel",
        _ => return None,
    })
}

/// An area of memory (W227 5-2-2).
const fn area(area: u8) -> Option<&'static str> {
    Some(match area {
        0x30 | 0xb0 => "cio",
        0x31 | 0xb1 => "work",
        0x32 | 0xb2 => "holding",
        0x33 | 0xb3 => "auxiliary",
        0x02 | 0x82 => "dm",
        0x09 | 0x89 => "timer_counter",
        0x98 | 0xa0..=0xac => "em",
        _ => return None,
    })
}
