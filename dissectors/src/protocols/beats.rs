//! Lumberjack, by which Beats and Logstash pass events on (Lumberjack protocol 1 and 2).
//!
//! ```text
//! shipper   version:1 ("1", "2") "W" window:4      "C" length:4 (compressed frames)     "D" number:4 pairs:4 ...     "J" number:4 length:4 JSON
//! server    version:1 "A" number:4
//! ```
//!
//! A window of a possible size, with the beginning of the next frame, proves it; an acknowledgement fits. Compressed frames are not opened.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::json;
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::number("version", "version of the protocol", "Lumberjack");
static WINDOWS: Field = Field::number("windows", "batches", "Lumberjack 2");
static EVENTS: Field = Field::number("events", "events that windows announced", "Lumberjack 2");
static COMPRESSED: Field = Field::number("compressed", "compressed batches", "Lumberjack 2");
static HOST: Field = Field::text("host", "hosts that events tell of, where they are in the clear", "Beats").list();

static ELEMENT: Element = Element {
    name: "beats",
    meaning: "events that are passed on to Logstash",
    fields: &[&VERSION, &WINDOWS, &EVENTS, &COMPRESSED, &HOST],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "beats",
    about: About {
        name: "Lumberjack, of Beats and Logstash",
        specification: "logstash-input-beats, PROTOCOL.md",
        evidence: "a window with the beginning of the next frame",
        limits: "compressed events",
        ports: &[5044],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'1'..=b'2']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

/// The largest window.
const WINDOW: u32 = 1 << 20;
/// The longest frame of version 1's pairs.
const PAIRS_BYTES: usize = 4096;

/// The size of a frame behind version and kind.
fn size(bytes: &[u8]) -> Extent {
    let mut reader = Reader::new(bytes);
    let head = reader.u8().zip(reader.u8()).zip(reader.be_u32());
    let Some(((version @ (b'1' | b'2'), kind), number)) = head else {
        return if bytes.len() < 6 { Extent::Need(6) } else { Extent::Broken };
    };
    let whole = |length: u32| usize::try_from(length).map_or(Extent::Broken, Extent::Whole);
    match (version, kind) {
        (_, b'W' | b'A') => Extent::Whole(6),
        (_, b'C') => whole(number.saturating_add(6)),
        (b'2', b'J') => sized(bytes, 10, |_| usize::try_from(reader.be_u32()?.checked_add(10)?).ok()),
        (_, b'D') => {
            let Some(pairs) = reader.be_u32() else { return Extent::Need(10) };
            let mut at = 10usize;
            for _ in 0..pairs.saturating_mul(2) {
                let Some(length) = bytes.get(at..).and_then(|rest| Reader::new(rest).be_u32()) else {
                    return if at > PAIRS_BYTES {
                        Extent::Broken
                    } else {
                        Extent::Need(at.saturating_add(4).max(bytes.len().saturating_add(1)))
                    };
                };
                at = at.saturating_add(4).saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            }
            Extent::Whole(at)
        }
        _ => Extent::Broken,
    }
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    size(bytes)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, sample.bytes) {
        (_, [b'1' | b'2']) => Verdict::NeedMore,
        (Role::Client, [version @ (b'1' | b'2'), b'W', rest @ ..]) => match rest {
            [a, b, c, d, next @ ..] if (1..=WINDOW).contains(&u32::from_be_bytes([*a, *b, *c, *d])) => match next {
                [] => Verdict::Likely,
                [same, rest @ ..] if same == version => match rest {
                    [] => Verdict::Likely,
                    [b'C' | b'D' | b'J', ..] => Verdict::Match,
                    _ => Verdict::Reject,
                },
                _ => Verdict::Reject,
            },
            [_, _, _, _, ..] => Verdict::Reject,
            _ => Verdict::NeedMore,
        },
        (Role::Server, [b'1' | b'2', b'A', rest @ ..]) => match rest {
            [a, b, c, d, ..] if u32::from_be_bytes([*a, *b, *c, *d]) <= WINDOW => Verdict::Likely,
            [_, _, _, _, ..] => Verdict::Reject,
            _ => Verdict::NeedMore,
        },
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    let Some(((version, kind), number)) = reader.u8().zip(reader.u8()).zip(reader.be_u32()) else { return true };
    notes.number(&VERSION, u64::from(version & 0x0f));
    match kind {
        b'W' => {
            notes.count(&WINDOWS);
            notes.add(&EVENTS, u64::from(number));
        }
        b'C' => notes.count(&COMPRESSED),
        b'J' => {
            let event = memchr::memmem::find(reader.rest(), b"\"host\"").and_then(|at| reader.rest().get(at..));
            if let Some(name) = event.and_then(|event| json::text(event, b"name")) {
                notes.text(&HOST, name);
            }
        }
        _ => {}
    }
    true
}
