//! Tuya's devices in the local network (protocol 3.1 to 3.4).
//!
//! Specification: not published; tinytuya.
//!
//! ```text
//! message   000055aa number:4 command:4 length:4  content  check:4 or 32  0000aa55
//! ```
//!
//! The beginning with a known command, a length that fits and, where it is seen, the end prove it. Content is mostly encrypted.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::json;
use crate::noted::{Form, Notes, begins, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static COMMAND: Field = Field::text("command", "commands, each with how often", "tinytuya").list();
static VERSION: Field = Field::text("version", "version of the protocol, where it is told", "tinytuya");
static DEVICE: Field = Field::text("device_id", "the device, where it is told in the clear", "tinytuya");

static ELEMENT: Element =
    Element { name: "tuya", meaning: "a smart device of Tuya", fields: &[&COMMAND, &VERSION, &DEVICE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tuya",
    about: About {
        name: "Tuya's local protocol",
        specification: "not published; tinytuya",
        evidence: "the beginning, a known command and the end",
        limits: "version 3.5; what is encrypted",
        ports: &[6666, 6667, 6668],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const BEGINNING: &[u8] = &[0, 0, 0x55, 0xaa];
const END: [u8; 4] = [0, 0, 0xaa, 0x55];
const HEAD: usize = 16;

/// A message's command and whole size.
fn head(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut reader = Reader::new(bytes);
    (reader.take(4)? == BEGINNING).then_some(())?;
    let (_number, command, length) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    let fits = (1..=0x40).contains(&command) && (8..1 << 16).contains(&length);
    fits.then_some((command, usize::try_from(length).ok()?.checked_add(HEAD)?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes).map(|(_, size)| size))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let stream = sample.transport == Transport::Tcp;
    match (begins(sample.bytes, BEGINNING), head(sample.bytes)) {
        (_, Some((_, size))) => match size.checked_sub(4).and_then(|at| sample.bytes.get(at..size)) {
            Some(end) if end == END => Verdict::Match,
            None if stream => Verdict::Likely,
            _ => Verdict::Reject,
        },
        (Verdict::Match | Verdict::NeedMore, None) if stream && sample.bytes.len() < HEAD => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((command, _)) = head(message.bytes) else { return true };
    let name = match command {
        0x03..=0x05 => "session",
        0x07 | 0x0d => "control",
        0x08 => "status",
        0x09 => "heartbeat",
        0x0a | 0x10 => "query",
        0x12 => "update",
        0x13 | 0x14 | 0x23 | 0x25 => "discovery",
        _ => "other",
    };
    notes.tally(&COMMAND, name.as_bytes());
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    // Of a device a result of four bytes stands before it.
    let told = content.strip_prefix(&[0, 0, 0, 0]).unwrap_or(content);
    if let [b'3', b'.', b'1'..=b'4', ..] = told {
        notes.text(&VERSION, told.get(..3).unwrap_or_default());
    }
    match json::text(told, b"gwId") {
        Some(id) => notes.text(&DEVICE, id),
        None if command != 0x09 => notes.encrypted(),
        None => {}
    }
    notes.text(&VERSION, json::text(told, b"version").unwrap_or_default());
    true
}
