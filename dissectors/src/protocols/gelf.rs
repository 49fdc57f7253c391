//! GELF: messages of programs for Graylog, as JSON over UDP or TCP (GELF 1.1).
//!
//! ```text
//! message   {"version":"1.1","host":"web1","short_message":"...","level":5,"_user":...}   over TCP a zero after each
//! chunk     1e 0f id:8 number:1 of:1  piece of a message, mostly compressed
//! ```
//!
//! The version with a host and a short message prove it, or a first chunk in which they begin; another chunk tells nothing. Compressed messages
//! are opened up to [`OPENED`] bytes.

use std::io::Read;

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::json;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static HOST: Field = Field::text("host", "hosts that sent messages, each once", "GELF 1.1").list();
static MESSAGE: Field = Field::text("message", "the messages", "GELF 1.1").list();
static LEVEL: Field = Field::text("level", "severities, as syslog has them, each with how often", "GELF 1.1").list();
static MESSAGES: Field = Field::number("messages", "how many", "GELF 1.1");
static CHUNKS: Field = Field::number("chunks", "pieces of messages", "GELF 1.1");

static ELEMENT: Element = Element {
    name: "gelf",
    meaning: "messages of programs for Graylog",
    fields: &[&HOST, &MESSAGES, &MESSAGE, &LEVEL, &CHUNKS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "gelf",
    about: About {
        name: "Graylog Extended Log Format",
        specification: "GELF 1.1",
        evidence: "the version, a host and a short message",
        limits: "of a message in chunks the first is read",
        ports: &[12201],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'{'..=b'{', 0x1e..=0x1f, 0x78..=0x78], server: &[] },
    probe,
    open: |opening| if opening.transport == Transport::Tcp { STREAM.open(opening) } else { DATAGRAMS.open(opening) },
};

static STREAM: Form = Form { element: &ELEMENT, extent, read };
static DATAGRAMS: Form = Form { element: &ELEMENT, extent: datagram, read };

/// The most bytes that are opened of a compressed message.
const OPENED: u64 = 4096;
const CHUNK: &[u8] = &[0x1e, 0x0f];
/// What stands before the piece of a chunk.
const CHUNK_HEAD: usize = 12;
/// The most pieces of a message.
const PIECES: u8 = 128;

fn is_message(text: &[u8]) -> bool {
    text.starts_with(b"{")
        && json::text(text, b"version").is_some_and(|version| matches!(version, b"1.0" | b"1.1"))
        && json::text(text, b"short_message").is_some()
        && json::text(text, b"host").is_some()
}

fn is_chunk(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1e, 0x0f, _, _, _, _, _, _, _, _, number, of, _, ..] if number < of && *of <= PIECES)
}

/// The beginning of a compressed message.
fn opened(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    // What was read before an error is kept: the end may not be shown.
    let _ = match bytes {
        [0x1f, 0x8b, 8, ..] => flate2::read::GzDecoder::new(bytes).take(OPENED).read_to_end(&mut text),
        [0x78, second, ..] if (0x7800 | u16::from(*second)).is_multiple_of(31) => {
            flate2::read::ZlibDecoder::new(bytes).take(OPENED).read_to_end(&mut text)
        }
        _ => return None,
    };
    Some(text)
}

/// What a chunk that is the first of its message holds: the message's beginning, opened.
fn first_piece(bytes: &[u8]) -> Option<Vec<u8>> {
    let piece = bytes.get(CHUNK_HEAD..).filter(|_| is_chunk(bytes) && bytes.get(10) == Some(&0))?;
    Some(opened(piece).unwrap_or_else(|| piece.to_vec()))
}

/// A message whose end is not shown.
fn begins_message(text: &[u8]) -> bool {
    text.starts_with(b"{")
        && json::text(text, b"version").is_some_and(|version| matches!(version, b"1.0" | b"1.1"))
        && [&b"\"short_message\""[..], b"\"host\""].iter().all(|name| memchr::memmem::find(text, name).is_some())
}

/// What is said; of a text whose end is not shown, what there is of it.
fn said(text: &[u8]) -> &[u8] {
    json::text(text, b"short_message").unwrap_or_else(|| {
        let name = b"\"short_message\"";
        let at = memchr::memmem::find(text, name).and_then(|at| at.checked_add(name.len()));
        let rest = at.and_then(|at| text.get(at..)).unwrap_or_default().trim_ascii_start();
        let value = rest.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
        value.strip_prefix(b"\"").unwrap_or_default()
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let stream = sample.transport == Transport::Tcp;
    if sample.role == Role::Server || stream && sample.bytes.first() != Some(&b'{') {
        return Verdict::Reject;
    }
    if stream {
        // Its first name comes early, or somewhere in what a probe is shown.
        let whole = memchr::memchr(0, sample.bytes);
        let message = sample.bytes.get(..whole.unwrap_or(sample.bytes.len())).unwrap_or_default();
        return match is_message(message) {
            true => Verdict::Match,
            false if whole.is_none() && !message.contains(&b'\n') => Verdict::NeedMore,
            false => Verdict::Reject,
        };
    }
    match sample.bytes {
        bytes if is_message(bytes) => Verdict::Match,
        bytes if first_piece(bytes).is_some_and(|text| begins_message(&text)) => Verdict::Match,
        bytes if is_chunk(bytes) => Verdict::NeedMore,
        bytes if opened(bytes).is_some_and(|text| is_message(&text)) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    match memchr::memchr(0, bytes) {
        Some(at) if bytes.first() == Some(&b'{') => Extent::Whole(at.saturating_add(1)),
        _ if bytes.first() == Some(&b'{') && bytes.len() < 1 << 16 => Extent::Need(bytes.len().saturating_add(1)),
        _ => Extent::Broken,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let bytes = message.bytes;
    let unpacked = if bytes.starts_with(CHUNK) {
        notes.count(&CHUNKS);
        let Some(piece) = first_piece(bytes) else { return true };
        Some(piece)
    } else {
        opened(bytes)
    };
    let text = unpacked.as_deref().unwrap_or(bytes);
    if let Some(host) = json::text(text, b"host") {
        notes.count(&MESSAGES);
        notes.text(&HOST, host);
        notes.text(&MESSAGE, said(text));
        if let Some(level) = json::value(text, b"level") {
            notes.tally(&LEVEL, level);
        }
    }
    true
}
