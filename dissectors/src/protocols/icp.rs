//! ICP, by which caches such as Squid ask each other for pages (RFC 2186).
//!
//! ```text
//! message   opcode:1 version:1 (2) length:2 number:4 options:4 data:4 sender:4   query: requester:4 URL 0   answers: URL 0
//! ```
//!
//! The version, a length that is the datagram's, and a URL that ends it prove it.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::framing::is_text;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static OPERATION: Field = Field::text("operation", "messages, each with how often", "RFC 2186").list();
static URL: Field = Field::text("url", "pages that were asked for, each once", "RFC 2186").list().long();

static ELEMENT: Element = Element { name: "icp", meaning: "caches that ask each other", fields: &[&OPERATION, &URL] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "icp",
    about: About {
        name: "Internet Cache Protocol 2",
        specification: "RFC 2186",
        evidence: "a length that is the datagram's and a URL that ends it",
        limits: "pages inside answers",
        ports: &[3130],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[1..=1], server: &[2..=4, 10..=11, 21..=22] },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// A message's opcode and URL.
fn message(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut reader = Reader::new(bytes);
    let (opcode, version, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
    (version == 2 && length == bytes.len()).then_some(())?;
    reader.skip(if opcode == 1 { 20 } else { 16 })?;
    let url = reader.rest().strip_suffix(&[0])?;
    (is_text(url) && memchr::memmem::find(url, b"://").is_some()).then_some((opcode, url))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match message(sample.bytes) {
        Some((1, _)) if sample.role == Role::Client => Verdict::Match,
        Some((2..=4 | 10 | 11 | 21 | 22, _)) if sample.role == Role::Server => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, datagram: &Message<'_>) -> bool {
    if let Some((opcode, url)) = message(datagram.bytes) {
        let name = match opcode {
            1 => "query",
            2 => "hit",
            3 => "miss",
            4 => "error",
            10 | 11 => "echo",
            21 => "miss-nofetch",
            _ => "denied",
        };
        notes.tally(&OPERATION, name.as_bytes());
        notes.text(&URL, url);
    }
    true
}
