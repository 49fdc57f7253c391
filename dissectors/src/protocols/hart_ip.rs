//! HART-IP: process instruments over TCP and UDP (FieldComm Group HCF_SPEC-085, commands of SPEC-099 and 127).
//!
//! ```text
//! message   version:1 (1, 2) kind:1 (0 request, 1 answer, 2 notice, f error) id:1 status:1 sequence:2 length:2 (all of it)
//! initiate  id 0: primary master:1 inactivity:4          pass  id 3: a HART frame
//! frame     delimiter:1 (02 request, 06 answer, 01 burst; 80 long address) address:1 or 5 [more] command:1 count:1 data checksum:1
//! ```
//!
//! The checksum of a frame is every byte in exclusive or. A gap ends the session's facts. Ignored on purpose: measured values.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field =
    Field::text("message", "messages of both sides, with how often: `session_initiate:2`", "HCF_SPEC-085")
        .list()
        .items(NAMES);
static COMMAND: Field =
    Field::text("command", "HART commands asked for, with how often, by name or number", "HCF_SPEC-099")
        .list()
        .items(NAMES);
static DEVICE: Field = Field::text(
    "device",
    "devices spoken to, each once: the long address in hexadecimal, or the short one",
    "HCF_SPEC-081",
)
.list();
static DEVICE_TYPE: Field = Field::text(
    "device_type",
    "types of devices that identified themselves, hexadecimal, each once",
    "HCF_SPEC-127 command 0",
)
.list();
static TAG: Field = Field::text("tag", "long tags of devices, each once", "HCF_SPEC-127 command 20").list();
static ERROR: Field =
    Field::text("error", "errors of the session and of commands, with how often", "HCF_SPEC-307").list().items(NAMES);

static ELEMENT: Element = Element {
    name: "hart_ip",
    meaning: "HART-IP: process instruments",
    fields: &[&MESSAGE, &COMMAND, &DEVICE, &DEVICE_TYPE, &TAG, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "hart-ip",
    about: About {
        name: "HART-IP",
        specification: "FieldComm Group HCF_SPEC-085",
        evidence: "a header with a length that fits and a frame's checksum",
        limits: "measured values are not told",
        ports: &[5094],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=2]),
    probe,
    open: |opening| Box::new(Framed::new(Hart::default(), opening.transport)),
};

/// Bytes of a header.
const HEAD: usize = 8;
/// The longest message that is believed to be one.
const MOST: usize = 1500;
/// What a message is about.
const INITIATE: u8 = 0;
const CLOSE: u8 = 1;
const KEEP_ALIVE: u8 = 2;
const PASS: u8 = 3;
/// Bytes that tell of a session.
const INITIATE_BYTES: usize = 5;
/// The bit of a delimiter for long addresses.
const LONG: u8 = 0x80;

struct Head {
    kind: u8,
    id: u8,
    status: u8,
    length: usize,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    reader.skip(1)?;
    let (kind, id, status) = (reader.u8()?, reader.u8()?, reader.u8()?);
    reader.skip(2)?;
    Some(Head { kind, id, status, length: usize::from(reader.be_u16()?) })
}

fn begins(bytes: &[u8]) -> bool {
    let kinds = bytes.get(1).is_none_or(|kind| matches!(kind, 0..=2 | 0x0f));
    bytes.first().is_none_or(|version| matches!(version, 1 | 2)) && kinds && bytes.get(2).is_none_or(|id| *id <= 4)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let datagram = sample.transport == Transport::Udp;
    if !begins(sample.bytes) || sample.bytes.get(1).is_some_and(|kind| (*kind == 0) != (sample.role == Role::Client)) {
        return Verdict::Reject;
    }
    let Some(head) = head(sample.bytes) else {
        return if datagram { Verdict::Reject } else { Verdict::NeedMore };
    };
    if datagram && head.length != sample.bytes.len() || head.length >= MOST {
        return Verdict::Reject;
    }
    let body = sample.bytes.get(HEAD..).unwrap_or_default();
    match head.id {
        INITIATE if head.length == HEAD + INITIATE_BYTES => match body.first() {
            Some(0 | 1) => Verdict::Likely,
            Some(_) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        CLOSE | KEEP_ALIVE if head.length == HEAD => Verdict::Likely,
        PASS if head.length > HEAD + 4 => match body.get(..head.length - HEAD) {
            Some(body) if frame(body).is_some() => Verdict::Match,
            Some(_) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        _ => Verdict::Reject,
    }
}

/// A device's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    Short(u8),
    Long([u8; 5]),
}

struct Frame<'a> {
    request: bool,
    address: Address,
    command: u8,
    data: &'a [u8],
}

/// Reads a frame whose checksum is right.
fn frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let mut reader = Reader::new(bytes);
    let delimiter = reader.u8()?;
    let request = match delimiter & 7 {
        2 => true,
        1 | 6 => false,
        _ => return None,
    };
    let address = if delimiter & LONG == 0 {
        Address::Short(reader.u8()? & 0x3f)
    } else {
        let [maker, rest @ ..] = reader.array::<5>()?;
        let [a, b, c, d] = rest;
        // Its first two bits are the master's and the burst's.
        Address::Long([maker & 0x3f, a, b, c, d])
    };
    reader.skip(usize::from(delimiter >> 5 & 3))?;
    let (command, count) = (reader.u8()?, usize::from(reader.u8()?));
    let data = reader.take(count)?;
    let sum = reader.u8()?;
    let used = bytes.len() - reader.len() - 1;
    let sound = bytes.get(..used)?.iter().fold(0, |sum, byte| sum ^ byte) == sum && reader.is_empty();
    sound.then_some(Frame { request, address, command, data })
}

#[derive(Debug, Default)]
struct Hart {
    messages: Tally<u8>,
    commands: Tally<u8>,
    answered: Tally<u8>,
    devices: List<Address>,
    types: List<u16>,
    tags: List<Text>,
    errors: Tally<(bool, u8)>,
}

impl Hart {
    fn frame(&mut self, frame: &Frame<'_>) -> Option<()> {
        self.devices.push_distinct(frame.address);
        if frame.request {
            self.commands.count(frame.command);
            return Some(());
        }
        self.answered.count(frame.command);
        let mut data = Reader::new(frame.data);
        let (code, _) = (data.u8()?, data.u8()?);
        if code != 0 {
            self.errors.count((false, code));
        }
        match frame.command {
            // 254, then the type in two bytes.
            0 | 11 | 21 if data.u8()? == 254 => self.types.push_distinct(data.be_u16()?),
            20 => {
                let tag = counts::trimmed(data.rest());
                if !tag.is_empty() {
                    self.tags.push_distinct(Text::new(tag));
                }
            }
            _ => {}
        }
        Some(())
    }
}

impl Messages for Hart {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        match head(bytes) {
            _ if !begins(bytes) => Extent::Broken,
            None => Extent::Need(HEAD),
            Some(head) if (HEAD..MOST).contains(&head.length) => Extent::Whole(head.length),
            Some(_) => Extent::Broken,
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if let Some(head) = head(message.bytes) {
            self.messages.count(head.id);
            if head.status != 0 && head.kind != 0 {
                self.errors.count((true, head.status));
            }
            if head.id == PASS
                && let Some(frame) = message.bytes.get(HEAD..).and_then(frame)
            {
                self.frame(&frame);
            }
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        self.messages.write(&mut element, &MESSAGE, |id| named(message_name(*id), *id));
        let commands = if self.commands.is_empty() { &self.answered } else { &self.commands };
        commands.write(&mut element, &COMMAND, |command| named(name(*command), *command));
        counts::write_list(&mut element, &DEVICE, &self.devices, |address| match address {
            Address::Short(number) => number.to_string(),
            Address::Long(bytes) => crate::hex::hex(bytes),
        });
        counts::write_list(&mut element, &DEVICE_TYPE, &self.types, |kind| format!("{kind:04x}"));
        element.texts(&TAG, &self.tags);
        self.errors.write(&mut element, &ERROR, |(session, code)| {
            if *session { format!("session_{code}") } else { format!("command_{code}") }
        });
    }

    fn heap_bytes(&self) -> usize {
        self.messages.heap_bytes()
            + self.commands.heap_bytes()
            + self.answered.heap_bytes()
            + counts::list_bytes(&self.devices)
            + counts::list_bytes(&self.types)
            + counts::texts_bytes(&self.tags)
            + self.errors.heap_bytes()
    }
}

/// What a message is about.
const fn message_name(id: u8) -> Option<&'static str> {
    Some(match id {
        INITIATE => "session_initiate",
        CLOSE => "session_close",
        KEEP_ALIVE => "keep_alive",
        PASS => "pass_through",
        4 => "direct",
        _ => return None,
    })
}

/// A universal or common command's name.
const fn name(command: u8) -> Option<&'static str> {
    Some(match command {
        0 => "read_unique_identifier",
        1 => "read_primary_variable",
        2 => "read_loop_current",
        3 => "read_dynamic_variables",
        6 => "write_polling_address",
        7 => "read_loop_configuration",
        9 => "read_device_variables",
        11 => "read_unique_identifier_by_tag",
        12 => "read_message",
        13 => "read_tag",
        14 => "read_primary_variable_information",
        15 => "read_device_information",
        16 => "read_final_assembly",
        17 => "write_message",
        18 => "write_tag",
        19 => "write_final_assembly",
        20 => "read_long_tag",
        21 => "read_unique_identifier_by_long_tag",
        22 => "write_long_tag",
        38 => "reset_configuration_changed",
        48 => "read_additional_status",
        74 => "read_io_system_capabilities",
        75 => "poll_sub_device",
        77 => "send_to_sub_device",
        84 => "read_sub_device_identity",
        _ => return None,
    })
}
