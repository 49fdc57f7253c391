//! Nebula: a virtual network whose handshakes have a header in the clear.
//!
//! Specification: package header of slackhq/nebula; nebula.proto.
//!
//! ```text
//! header      version:4 bits (1) type:4 bits  subtype:1  zero:2  index:4  counter:8
//! handshake   (type 0) counter 1: index 0; counter 2: the index that the first one told
//!             key:32  sealed key:48  sealed
//! ```
//!
//! A handshake has no magic, but sixteen bytes that are known; it is believed with its answer. The rest is sealed.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static TYPE: Field = Field::text("type", "types of packets, each with how often", "package header").list();

static ELEMENT: Element = Element { name: "nebula", meaning: "a virtual network of Nebula", fields: &[&TYPE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nebula",
    about: About {
        name: "Nebula",
        specification: "slackhq/nebula, package header",
        evidence: "the header of a first handshake with that of its answer",
        limits: "certificates, which are sealed",
        ports: &[4242],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x10..=0x10]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// A packet's type, index and counter, and what follows the header.
fn header(bytes: &[u8]) -> Option<(u8, u32, u64, &[u8])> {
    let mut reader = Reader::new(bytes);
    let (first, _subtype, zero) = (reader.u8()?, reader.u8()?, reader.be_u16()?);
    let (index, counter) = (reader.be_u32()?, reader.be_u64()?);
    (first >> 4 == 1 && zero == 0).then_some((first & 0x0f, index, counter, reader.rest()))
}

/// A handshake's least: a key, a sealed key, and a sealed something (Noise IX with a shared key).
const HANDSHAKE: usize = 32 + 48 + 16;

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, header(sample.bytes)) {
        (Role::Client, Some((0, 0, 1, content))) if content.len() >= HANDSHAKE => Verdict::Likely,
        (Role::Server, Some((0, 1.., 2, content))) if content.len() >= HANDSHAKE => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if let Some((kind, ..)) = header(message.bytes) {
        notes.encrypted();
        let name = match kind {
            0 => "handshake",
            1 => "message",
            2 => "refused",
            3 => "lighthouse",
            4 => "test",
            5 => "close",
            6 => "control",
            _ => "other",
        };
        notes.tally(&TYPE, name.as_bytes());
    }
    true
}
