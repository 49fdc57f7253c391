//! NRPE: checks that Nagios and Icinga have hosts do, in the clear (NRPE packet versions 2, 3 and 4).
//!
//! ```text
//! packet   version:2 kind:2 (1 question, 2 answer) sum:4 result:2   2: text:1024 filler:2       3, 4: align:2 length:4 text filler
//! ```
//!
//! The sum (CRC-32 with its own place zero) proves it.

use crate::dictionary::{Element, Field, Kind};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::number("version", "version of the packets", "NRPE");
static CHECK: Field = Field::text("check", "the check that was asked for, without its arguments", "NRPE");
static ARGUMENTS: Field = Field::new(Kind::YesNo, "arguments", "whether arguments were sent", "NRPE");
static RESULT: Field = Field::text("result", "`ok`, `warning`, `critical`, `unknown`", "NRPE");
static OUTPUT: Field = Field::text("output", "what the check said", "NRPE");

static ELEMENT: Element = Element {
    name: "nrpe",
    meaning: "a check that a host was asked to do",
    fields: &[&VERSION, &CHECK, &ARGUMENTS, &RESULT, &OUTPUT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nrpe",
    about: About {
        name: "Nagios Remote Plugin Executor",
        specification: "NRPE, common.h",
        evidence: "the sum",
        limits: "inside TLS it is TLS; arguments",
        ports: &[5666],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

/// A packet of version 2.
const FIXED: usize = 1036;
/// Before a text of versions 3 and 4.
const HEAD: usize = 16;
/// The longest packet that is read whole.
const MOST: usize = 2040;

/// Version, kind, result, text, of a packet of its sum.
fn packet(bytes: &[u8]) -> Option<(u16, u16, u16, &[u8])> {
    let mut reader = Reader::new(bytes);
    let (version, kind, sum, result) = (reader.be_u16()?, reader.be_u16()?, reader.be_u32()?, reader.be_u16()?);
    let text = if version == 2 {
        reader.take(1024)?
    } else {
        reader.skip(2)?;
        let length = usize::try_from(reader.be_u32()?).ok()?;
        reader.take(length)?
    };
    let mut crc = flate2::Crc::new();
    crc.update(bytes.get(..4)?);
    crc.update(&[0; 4]);
    crc.update(bytes.get(8..)?);
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    (crc.sum() == sum).then_some((version, kind, result, text.get(..end)?))
}

/// The size of the packet that begins so.
fn size(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0, 2, 0, 1 | 2, ..] => Some(FIXED),
        [0, version @ (3 | 4), 0, 1 | 2, _, _, _, _, _, _, _, _, a, b, c, d, ..] => {
            let text = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok()?;
            // Version 3 sends three bytes of filler, as the packet is laid out in memory.
            let filler = if *version == 3 { 3 } else { 0 };
            text.checked_add(HEAD + filler).filter(|size| *size <= MOST && text >= 1)
        }
        _ => None,
    }
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, size)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let kind = if sample.role == Role::Client { 1 } else { 2 };
    let begins = match sample.bytes {
        [0] | [0, 2..=4] | [0, 2..=4, 0] => true,
        [0, 2..=4, 0, found, ..] => *found == kind,
        _ => false,
    };
    let size = size(sample.bytes);
    match size.and_then(|size| sample.bytes.get(..size)) {
        _ if !begins => Verdict::Reject,
        Some(whole) => {
            if packet(whole).is_some() {
                Verdict::Match
            } else {
                Verdict::Reject
            }
        }
        None if sample.bytes.len() < HEAD || size.is_some() => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((version, kind, result, text)) = packet(message.bytes) else { return true };
    notes.number(&VERSION, u64::from(version));
    if kind == 1 {
        let mut parts = text.split(|byte| *byte == b'!');
        notes.text(&CHECK, parts.next().unwrap_or_default());
        notes.yes_no(&ARGUMENTS, parts.next().is_some());
    } else {
        notes.name(&RESULT, u32::from(result), |result| {
            Some(match result {
                0 => "ok",
                1 => "warning",
                2 => "critical",
                3 => "unknown",
                _ => return None,
            })
        });
        notes.text(&OUTPUT, text);
    }
    true
}
