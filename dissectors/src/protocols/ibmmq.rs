//! IBM MQ: the messages between queue managers and their clients.
//!
//! Specification: not published; the forms are known from the product's headers and from captures.
//!
//! ```text
//! segment   "TSH " or "TSHC" or "TSHM" (ASCII or EBCDIC)  length:4  [TSHM: conversation:4 request:4]  order:1 kind:1 flags:1 flags:1 unit:8 encoding:4 alphabet:2 zero:2
//! kind 1    "ID  " level:1 flags:3 ...  channel:20 (at 24)  ... queue manager:48 (at 48)
//! ```
//!
//! The identifier with a length and a kind that exist proves it. Names are told where they are in ASCII.

use crate::counts::trimmed;
use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::framing::is_text;
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static LEVEL: Field = Field::number("level", "level of the formats and protocols that was asked for", "IBM MQ");
static CHANNEL: Field = Field::text("channel", "the channel", "IBM MQ");
static MANAGER: Field = Field::text("queue_manager", "the queue manager", "IBM MQ");
static SEGMENT: Field = Field::text("segment", "kinds of segments, each with how often", "IBM MQ").list();

static ELEMENT: Element =
    Element { name: "ibmmq", meaning: "a queue manager of IBM MQ", fields: &[&CHANNEL, &MANAGER, &LEVEL, &SEGMENT] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ibmmq",
    about: About {
        name: "IBM MQ (WebSphere MQ)",
        specification: "not published",
        evidence: "the identifier with a length and a kind that exist",
        limits: "messages; names in EBCDIC",
        ports: &[1414],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'T'..=b'T', 0xe3..=0xe3]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const ASCII: &[u8] = b"TSH";
const EBCDIC: &[u8] = b"\xe3\xe2\xc8";

/// A segment's kind and size, and what stands behind its head.
fn segment(bytes: &[u8]) -> Option<(u8, usize, Reader<'_>)> {
    let mut reader = Reader::new(bytes);
    let (name, last, length) = (reader.take(3)?, reader.u8()?, reader.be_u32()?);
    let known =
        name == ASCII && matches!(last, b' ' | b'C' | b'M') || name == EBCDIC && matches!(last, 0x40 | 0xc3 | 0xd4);
    let multiplexed = matches!(last, b'M' | 0xd4);
    if multiplexed {
        reader.skip(8)?;
    }
    let (order, kind) = (reader.u8()?, reader.u8()?);
    reader.skip(18)?;
    let fits = known && matches!(order, 1 | 2) && kind != 0 && (28..1 << 25).contains(&length);
    fits.then_some((kind, usize::try_from(length).ok()?, reader))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    // The fourth letter says whether the head has 28 bytes or 36.
    let head = if matches!(bytes.get(3), Some(b'M' | 0xd4)) { 36 } else { 28 };
    sized(bytes, head, |bytes| segment(bytes).map(|(_, length, _)| length))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let begins = |name: &[u8]| name.iter().zip(sample.bytes).all(|(a, b)| a == b);
    match segment(sample.bytes) {
        Some(_) => Verdict::Match,
        None if sample.bytes.len() < 36 && (begins(ASCII) || begins(EBCDIC)) => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((kind, _, rest)) = segment(message.bytes) else { return true };
    notes.tally(&SEGMENT, name(kind).as_bytes());
    let content = rest.rest();
    if kind == 1 && content.starts_with(b"ID  ") {
        if let Some(level) = content.get(4) {
            notes.number(&LEVEL, u64::from(*level));
        }
        for (field, from, to) in [(&CHANNEL, 24, 44), (&MANAGER, 48, 96)] {
            let text = trimmed(content.get(from..to).unwrap_or_default()).trim_ascii_end();
            if is_text(text) {
                notes.text(field, text);
            }
        }
    }
    true
}

const fn name(kind: u8) -> &'static str {
    match kind {
        1 => "initial",
        2 => "resync",
        3 => "reset",
        4 => "message",
        5 => "status",
        6 => "security",
        7 => "ping",
        8 => "user",
        9 => "heartbeat",
        12 => "conversation-auth",
        0x81 | 0x91 => "connect",
        0x82 | 0x92 => "disconnect",
        0x83 | 0x93 => "open",
        0x84 | 0x94 => "close",
        0x85 | 0x95 => "get",
        0x86 | 0x96 => "put",
        0x87 | 0x97 => "put1",
        0x88 | 0x98 => "set",
        0x89 | 0x99 => "inquire",
        0x8a | 0x9a => "commit",
        0x8b | 0x9b => "backout",
        _ => "other",
    }
}
