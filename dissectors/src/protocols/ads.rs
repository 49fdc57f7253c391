//! Beckhoff's ADS over AMS/TCP, and the discovery of its devices over UDP (TwinCAT ADS specification, TE1000).
//!
//! ```text
//! TCP       0:2 length:4 (of what follows) header data
//! header    target: net:6 port:2, source: net:6 port:2, command:2 flags:2 (01 answer, 04 command) length:4 error:4 invocation:4
//! discovery 03661471 invocation:4 service:4 (80000000 answer) net:6 port:2 count:4, each tag:2 length:2 data
//! ```
//!
//! Numbers have their least significant byte first. A gap ends the session's facts. Ignored on purpose: values; passwords of routes,
//! which are flagged.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named_hex, trimmed};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static TARGET: Field =
    Field::text("target", "who is asked, each once: net and port, `5.18.2.3.1.1:851`", "AMS header").list();
static SOURCE: Field = Field::text("source", "who asks, each once", "AMS header").list();
static COMMAND: Field =
    Field::text("command", "commands, with how often: `read:3`", "ADS commands").list().items(NAMES);
static READ: Field =
    Field::text("read", "what is read, each once: group and offset, `0x4020:0x0`, hexadecimal", "ADS Read").list();
static WRITTEN: Field =
    Field::text("written", "what a write was asked for, each once: group and offset", "ADS Write").list();
static SYMBOL: Field =
    Field::text("symbol", "variables asked for by name, each once", "ADS index groups F003, F004, F009").list();
static STATE: Field =
    Field::text("state", "states that a controller was asked to take, each once", "ADS Write Control").list();
static ERROR: Field =
    Field::text("error", "errors in answers, with how often, hexadecimal", "ADS return codes").list().items(NAMES);
static DEVICE: Field = Field::text("device", "the device's name", "ADS Read Device Info");
static VERSION: Field = Field::text("version", "its version", "ADS Read Device Info, discovery");
static HOST: Field = Field::text("host", "names of hosts that discovery told of, each once", "discovery").list();

static ELEMENT: Element = Element {
    name: "ads",
    meaning: "ADS: Beckhoff controllers",
    fields: &[&TARGET, &SOURCE, &COMMAND, &READ, &WRITTEN, &SYMBOL, &STATE, &ERROR, &DEVICE, &VERSION, &HOST],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ads",
    about: About {
        name: "Beckhoff ADS over AMS/TCP",
        specification: "TwinCAT ADS specification",
        evidence: "AMS' header with lengths that agree and a known command",
        limits: "values are not told; a gap ends the facts",
        ports: &[48898, 48899],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0, 3..=3]),
    probe,
    open: |opening| {
        Box::new(Framed::new(Ads { udp: opening.transport == Transport::Udp, ..Ads::default() }, opening.transport))
    },
};

/// Bytes before the header, and of the header.
const TCP_HEAD: usize = 6;
const HEAD: usize = 32;
/// The longest message that is believed to be one.
const MOST: usize = 16 << 20;
/// What discovery begins with.
const DISCOVERY: [u8; 4] = [0x03, 0x66, 0x14, 0x71];
/// Commands.
const DEVICE_INFO: u16 = 1;
const READ_COMMAND: u16 = 2;
const WRITE_COMMAND: u16 = 3;
const WRITE_CONTROL: u16 = 5;
const READ_WRITE: u16 = 9;
/// Index groups whose data are a variable's name.
const BY_NAME: [u32; 4] = [0xf003, 0xf004, 0xf007, 0xf009];

/// One end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    net: [u8; 6],
    port: u16,
}

impl Place {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { net: reader.array()?, port: reader.le_u16()? })
    }

    fn text(&self) -> String {
        let [a, b, c, d, e, f] = self.net;
        format!("{a}.{b}.{c}.{d}.{e}.{f}:{}", self.port)
    }
}

struct Head {
    target: Place,
    source: Place,
    command: u16,
    answer: bool,
    length: usize,
    error: u32,
}

/// Reads a header whose parts agree.
fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    let (target, source) = (Place::read(&mut reader)?, Place::read(&mut reader)?);
    let (command, flags) = (reader.le_u16()?, reader.le_u16()?);
    let length = reader.le_u32()? as usize;
    let error = reader.le_u32()?;
    let known = name(command).is_some() && matches!(flags, 4 | 5);
    known.then_some(Head { target, source, command, answer: flags & 1 != 0, length, error })
}

fn size(bytes: &[u8]) -> Extent {
    if bytes.iter().take(2).any(|byte| *byte != 0) {
        return Extent::Broken;
    }
    match Reader::new(bytes.get(2..).unwrap_or_default()).le_u32() {
        None => Extent::Need(TCP_HEAD),
        Some(length) if (HEAD..MOST).contains(&(length as usize)) => Extent::Whole(TCP_HEAD + length as usize),
        Some(_) => Extent::Broken,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let asks = sample.role == Role::Client;
    if sample.transport == Transport::Udp {
        let begins = sample.bytes.starts_with(&DISCOVERY);
        let service = Reader::new(sample.bytes.get(8..).unwrap_or_default()).le_u32();
        return match service {
            Some(service) if begins && discovery(service & 0x7fff_ffff).is_some() && (service >> 31 == 0) == asks => {
                Verdict::Match
            }
            _ => Verdict::Reject,
        };
    }
    let whole = match size(sample.bytes) {
        Extent::Broken => return Verdict::Reject,
        Extent::Need(_) => return Verdict::NeedMore,
        Extent::Whole(whole) => whole,
    };
    let Some(bytes) = sample.bytes.get(TCP_HEAD..TCP_HEAD + HEAD) else { return Verdict::NeedMore };
    match head(bytes) {
        Some(head) if head.length + HEAD + TCP_HEAD == whole && head.answer != asks => Verdict::Match,
        _ => Verdict::Reject,
    }
}

/// What is addressed: a group and an offset in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Index(u32, u32);

impl Index {
    fn text(&self) -> String {
        format!("0x{:x}:0x{:x}", self.0, self.1)
    }
}

#[derive(Debug, Default)]
struct Ads {
    udp: bool,
    targets: List<Place>,
    sources: List<Place>,
    commands: Tally<u16>,
    searches: Tally<u32>,
    read: List<Index>,
    written: List<Index>,
    symbols: List<Text>,
    states: List<u16>,
    errors: Tally<u32>,
    device: Text,
    version: Text,
    hosts: List<Text>,
    password: bool,
}

impl Ads {
    fn ask(&mut self, head: &Head, mut data: Reader<'_>) -> Option<()> {
        self.targets.push_distinct(head.target);
        self.sources.push_distinct(head.source);
        self.commands.count(head.command);
        match head.command {
            READ_COMMAND => self.read.push_distinct(Index(data.le_u32()?, data.le_u32()?)),
            WRITE_COMMAND => self.written.push_distinct(Index(data.le_u32()?, data.le_u32()?)),
            WRITE_CONTROL => self.states.push_distinct(data.le_u16()?),
            READ_WRITE => {
                let (group, offset) = (data.le_u32()?, data.le_u32()?);
                data.skip(4)?;
                let length = data.le_u32()? as usize;
                if BY_NAME.contains(&group) {
                    let symbol = trimmed(data.take(length)?);
                    if !symbol.is_empty() {
                        self.symbols.push_distinct(Text::new(symbol));
                    }
                } else {
                    self.read.push_distinct(Index(group, offset));
                }
            }
            _ => {}
        }
        Some(())
    }

    fn answer(&mut self, head: &Head, mut data: Reader<'_>) -> Option<()> {
        if head.error != 0 {
            self.errors.count(head.error);
            return None;
        }
        let result = data.le_u32()?;
        if result != 0 {
            self.errors.count(result);
        } else if head.command == DEVICE_INFO && self.device.is_empty() {
            let (major, minor, build) = (data.u8()?, data.u8()?, data.le_u16()?);
            self.version = Text::from(format!("{major}.{minor}.{build}").as_str());
            self.device = Text::new(trimmed(data.take(16.min(data.len()))?));
        }
        Some(())
    }

    fn discovery(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        reader.skip(8)?;
        let service = reader.le_u32()?;
        let place = Place::read(&mut reader)?;
        if service >> 31 == 0 {
            self.searches.count(service);
            self.sources.push_distinct(place);
        } else {
            self.targets.push_distinct(place);
        }
        for _ in 0..reader.le_u32()?.min(NAMES as u32) {
            let (tag, length) = (reader.le_u16()?, usize::from(reader.le_u16()?));
            let value = reader.take(length)?;
            match (tag, value) {
                (5, name) if !trimmed(name).is_empty() => self.hosts.push_distinct(Text::new(trimmed(name))),
                (3, [major, minor, low, high, ..]) if self.version.is_empty() => {
                    let build = u16::from_le_bytes([*low, *high]);
                    self.version = Text::from(format!("{major}.{minor}.{build}").as_str());
                }
                (2, password) => self.password |= !trimmed(password).is_empty(),
                _ => {}
            }
        }
        Some(())
    }
}

impl Messages for Ads {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        match (self.udp, bytes.is_empty()) {
            (false, _) => size(bytes),
            (true, true) => Extent::Broken,
            (true, false) => Extent::Whole(bytes.len()),
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if self.udp {
            if message.bytes.starts_with(&DISCOVERY) {
                self.discovery(message.bytes);
            }
            return true;
        }
        let bytes = message.bytes.get(TCP_HEAD..).unwrap_or_default();
        if let Some(head) = head(bytes) {
            let data = Reader::new(bytes.get(HEAD..).unwrap_or_default());
            let _ = if head.answer { self.answer(&head, data) } else { self.ask(&head, data) };
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        let mut element = out.element(&ELEMENT);
        counts::write_list(&mut element, &TARGET, &self.targets, Place::text);
        counts::write_list(&mut element, &SOURCE, &self.sources, Place::text);
        self.commands.write(&mut element, &COMMAND, |command| named_hex(name(*command), *command));
        self.searches.write(&mut element, &COMMAND, |service| named_hex(discovery(*service), *service));
        counts::write_list(&mut element, &READ, &self.read, Index::text);
        counts::write_list(&mut element, &WRITTEN, &self.written, Index::text);
        element.texts(&SYMBOL, &self.symbols);
        counts::write_list(&mut element, &STATE, &self.states, |number| named_hex(state(*number), *number));
        self.errors.write(&mut element, &ERROR, |error| format!("0x{error:x}"));
        element.text(&DEVICE, &self.device);
        element.text(&VERSION, &self.version);
        element.texts(&HOST, &self.hosts);
    }

    fn heap_bytes(&self) -> usize {
        counts::list_bytes(&self.targets)
            + counts::list_bytes(&self.sources)
            + self.commands.heap_bytes()
            + self.searches.heap_bytes()
            + counts::list_bytes(&self.read)
            + counts::list_bytes(&self.written)
            + counts::texts_bytes(&self.symbols)
            + counts::list_bytes(&self.states)
            + self.errors.heap_bytes()
            + self.device.heap_bytes()
            + self.version.heap_bytes()
            + counts::texts_bytes(&self.hosts)
    }
}

/// A command's name.
const fn name(command: u16) -> Option<&'static str> {
    Some(match command {
        DEVICE_INFO => "read_device_info",
        READ_COMMAND => "read",
        WRITE_COMMAND => "write",
        4 => "read_state",
        WRITE_CONTROL => "write_control",
        6 => "add_notification",
        7 => "delete_notification",
        8 => "notification",
        READ_WRITE => "read_write",
        _ => return None,
    })
}

/// A service of discovery.
const fn discovery(service: u32) -> Option<&'static str> {
    Some(match service {
        1 => "identify",
        6 => "add_route",
        _ => return None,
    })
}

/// A state of a controller.
const fn state(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "idle",
        2 => "reset",
        3 => "init",
        4 => "start",
        5 => "run",
        6 => "stop",
        7 => "save_config",
        8 => "load_config",
        9 => "power_failure",
        10 => "power_good",
        11 => "error",
        12 => "shutdown",
        13 => "suspend",
        14 => "resume",
        15 => "config",
        16 => "reconfig",
        17 => "stopping",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_no_resumption() {
        assert_eq!(
            [5, 6, 11, 14, 15].map(state),
            [Some("run"), Some("stop"), Some("error"), Some("resume"), Some("config")]
        );
        assert_eq!(state(99), None);
    }
}
