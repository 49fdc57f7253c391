//! Babel, a routing protocol (RFC 8966).
//!
//! ```text
//! packet   42 version:1 (2) length:2   items: type:1 length:1 content (type 0 has no length)   [trailer]
//! ```
//!
//! The magic, the version and items that fill the length prove it.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::hex::hex;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field = Field::text("message", "items, each with how often", "RFC 8966 4.6").list();
static ROUTER: Field = Field::text("router", "ids of routers, each once", "RFC 8966 4.6.7").list();

static ELEMENT: Element = Element { name: "babel", meaning: "routes of Babel", fields: &[&MESSAGE, &ROUTER] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "babel",
    about: About {
        name: "Babel",
        specification: "RFC 8966",
        evidence: "the magic and items that fill the length",
        limits: "routes",
        ports: &[6696],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[42..=42]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Reads a packet into notes; gives how many items it has.
fn packet(bytes: &[u8], notes: &mut Notes) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    let (magic, version, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
    (magic == 42 && version == 2).then_some(())?;
    let (mut items, mut count) = (reader.sub(length)?, 0usize);
    while !items.is_empty() {
        let kind = items.u8()?;
        if kind == 0 {
            continue;
        }
        let size = usize::from(items.u8()?);
        let content = items.take(size)?;
        let (name, least) = match kind {
            1 => ("pad", 0),
            2 => ("acknowledgement-request", 6),
            3 => ("acknowledgement", 2),
            4 => ("hello", 6),
            5 => ("ihu", 6),
            6 => ("router-id", 10),
            7 => ("next-hop", 2),
            8 => ("update", 10),
            9 => ("route-request", 2),
            10 => ("seqno-request", 14),
            16..=24 => ("other", 0),
            _ => return None,
        };
        (content.len() >= least).then_some(())?;
        notes.tally(&MESSAGE, name.as_bytes());
        if let (6, Some(id)) = (kind, content.get(2..10)) {
            notes.text(&ROUTER, hex(id).as_bytes());
        }
        count = count.saturating_add(1);
    }
    Some(count)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match packet(sample.bytes, &mut Notes::new(&ELEMENT)) {
        Some(1..) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let _ = packet(message.bytes, notes);
    true
}
