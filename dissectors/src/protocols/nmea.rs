//! NMEA 0183: positions of ships and receivers, in lines of text (NMEA 0183; AIS in ITU-R M.1371).
//!
//! ```text
//! [\tags*hh\] $|! talker:2 sentence:3 , fields * sum:2 (exclusive or of all between) CR LF
//! ```
//!
//! A sentence whose sum is right proves it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, line};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static SENTENCE: Field = Field::text("sentence", "talkers and sentences, each with how often", "NMEA 0183").list();
static POSITION: Field = Field::text("position", "the first position that was told", "NMEA 0183, GGA and RMC");
static WRONG: Field = Field::number("wrong", "lines that are no sentence, or whose sum is wrong", "NMEA 0183");

static ELEMENT: Element =
    Element { name: "nmea", meaning: "positions of ships and receivers", fields: &[&SENTENCE, &POSITION, &WRONG] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nmea",
    about: About {
        name: "NMEA 0183",
        specification: "NMEA 0183",
        evidence: "a sentence whose sum is right",
        limits: "what ships say of themselves (AIS)",
        ports: &[10110],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'!'..=b'!', b'$'..=b'$', b'\\'..=b'\\']),
    probe,
    open: |opening| if opening.transport == Transport::Tcp { STREAM.open(opening) } else { DATAGRAMS.open(opening) },
};

static STREAM: Form = Form { element: &ELEMENT, extent, read };
static DATAGRAMS: Form = Form { element: &ELEMENT, extent: datagram, read };

/// The longest line: a sentence has 82 letters, tags may stand before it.
const LINE_BYTES: usize = 256;

/// The name and fields of a sentence whose sum is right.
fn sentence(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    let line = match line.strip_prefix(b"\\") {
        Some(tagged) => tagged.get(memchr::memchr(b'\\', tagged)?.checked_add(1)?..)?,
        None => line,
    };
    let (b'$' | b'!', rest) = line.split_first()? else { return None };
    let (told, sum) = rest.split_at_checked(memchr::memrchr(b'*', rest)?)?;
    let sum = u8::from_str_radix(std::str::from_utf8(sum.get(1..3)?).ok()?, 16).ok()?;
    let (name, fields) = told.split_at_checked(memchr::memchr(b',', told)?)?;
    let named =
        matches!(name.len(), 4..=8) && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let right = told.iter().fold(0, |sum, byte| sum ^ byte) == sum;
    (named && right).then_some((name, fields.get(1..)?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    line(bytes, LINE_BYTES)
}

/// A datagram's last sentence may have no end.
fn datagram(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    match line(bytes, LINE_BYTES) {
        Extent::Need(_) => Extent::Whole(bytes.len()),
        extent => extent,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !matches!(sample.bytes.first(), Some(b'!' | b'$' | b'\\')) {
        return Verdict::Reject;
    }
    let within = sample.bytes.get(..LINE_BYTES).unwrap_or(sample.bytes);
    let end = memchr::memchr(b'\n', within);
    match sentence(within.get(..end.unwrap_or(within.len())).unwrap_or_default()) {
        Some(_) if end.is_some() || sample.transport == Transport::Udp => Verdict::Match,
        _ if end.is_none() && within.len() < LINE_BYTES && sample.transport == Transport::Tcp => {
            let text = within.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r'));
            if text { Verdict::NeedMore } else { Verdict::Reject }
        }
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    match sentence(message.bytes) {
        Some((name, fields)) => {
            notes.tally(&SENTENCE, name);
            let skip = match name.get(2..) {
                Some(b"GGA") => 1,
                Some(b"RMC") => 2,
                _ => return true,
            };
            let mut parts = fields.split(|byte| *byte == b',').skip(skip);
            let place: Vec<&[u8]> = parts.by_ref().take(4).collect();
            if let [latitude @ [_, ..], north, longitude, east] = place.as_slice() {
                notes.text(&POSITION, &[latitude, *north, b" ", longitude, east].concat());
            }
        }
        None => notes.count(&WRONG),
    }
    true
}
