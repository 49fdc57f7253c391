//! ZeroTier: a virtual network, of which each first packet names its sender.
//!
//! Specification: Packet.hpp and Identity.hpp of ZeroTierOne.
//!
//! ```text
//! packet     id:8 destination:5 source:5 flags:1 proof:8 verb:1  content
//! HELLO (1)  version:1 major:1 minor:1 revision:2 time:8 (milliseconds)   identity: address:5 kind:1 (0) key:64  where:...
//! ```
//!
//! A HELLO whose identity is its source's, with a time that can be, proves it: it alone is in the clear. Everything else is sealed.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::hex::hex;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static ADDRESS: Field = Field::text("address", "who says hello, each once", "Packet.hpp").list();
static TO: Field = Field::text("to", "to whom", "Packet.hpp").list();
static VERSION: Field = Field::text("version", "versions of their software", "Packet.hpp").list();
static HELLOS: Field = Field::number("hellos", "greetings", "Packet.hpp");

static ELEMENT: Element =
    Element { name: "zerotier", meaning: "a virtual network of ZeroTier", fields: &[&ADDRESS, &TO, &VERSION, &HELLOS] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "zerotier",
    about: About {
        name: "ZeroTier",
        specification: "ZeroTierOne, Packet.hpp",
        evidence: "a greeting whose identity is its sender's",
        limits: "everything but greetings is sealed",
        ports: &[9993],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// A greeting.
struct Hello<'a> {
    to: &'a [u8],
    from: &'a [u8],
    version: [u8; 4],
}

fn hello(bytes: &[u8]) -> Option<Hello<'_>> {
    // The length leaves most datagrams out before anything is read.
    if bytes.len() < 28 + 13 + 70 || bytes.get(27) != Some(&1) {
        return None;
    }
    let mut reader = Reader::new(bytes);
    reader.skip(8)?;
    let (to, from) = (reader.take(5)?, reader.take(5)?);
    reader.skip(10)?;
    let (protocol, version, time) = (reader.u8()?, reader.array::<4>()?, reader.be_u64()?);
    let (identity, kind) = (reader.take(5)?, reader.u8()?);
    let possible = (1_300_000_000_000..4_000_000_000_000).contains(&time);
    let fits = identity == from && kind == 0 && possible && (1..=32).contains(&protocol);
    fits.then_some(Hello { to, from, version })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match hello(sample.bytes) {
        Some(_) => Verdict::Match,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    notes.encrypted();
    if let Some(Hello { to, from, version: [major, minor, high, low] }) = hello(message.bytes) {
        notes.count(&HELLOS);
        notes.text(&ADDRESS, hex(from).as_bytes());
        notes.text(&TO, hex(to).as_bytes());
        let revision = u16::from_be_bytes([high, low]);
        notes.text(&VERSION, format!("{major}.{minor}.{revision}").as_bytes());
    }
    true
}
