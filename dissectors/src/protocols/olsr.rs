//! OLSR, the routing of wireless meshes (RFC 3626; olsrd's own kinds of messages).
//!
//! ```text
//! packet    length:2 number:2   messages: kind:1 validity:1 size:2 originator:4 ttl:1 hops:1 number:2  content
//! ```
//!
//! Messages of known kinds whose sizes fill the packet, whose length is the datagram's, prove it.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field = Field::text("message", "messages, each with how often", "RFC 3626 18.4").list();
static ORIGINATOR: Field = Field::new(Kind::Address, "originator", "whose messages, each once", "RFC 3626 3.3").list();

static ELEMENT: Element =
    Element { name: "olsr", meaning: "routes of a wireless mesh", fields: &[&MESSAGE, &ORIGINATOR] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "olsr",
    about: About {
        name: "Optimized Link State Routing 1",
        specification: "RFC 3626",
        evidence: "messages whose sizes fill the packet",
        limits: "links and routes; IPv6; version 2",
        ports: &[698],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=8]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Reads a packet into notes.
fn packet(bytes: &[u8], notes: &mut Notes) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let (length, _number) = (usize::from(reader.be_u16()?), reader.be_u16()?);
    (length == bytes.len() && !reader.is_empty()).then_some(())?;
    while !reader.is_empty() {
        let (kind, _validity, size) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
        let originator = reader.array::<4>()?;
        let (ttl, hops, _number) = (reader.u8()?, reader.u8()?, reader.be_u16()?);
        let mut content = reader.sub(size.checked_sub(12)?)?;
        let (name, fits) = match kind {
            1 => ("hello", hello(&mut content)),
            2 => ("tc", content.len() >= 4 && content.len().is_multiple_of(4)),
            3 => ("mid", content.len().is_multiple_of(4)),
            4 => ("hna", content.len().is_multiple_of(8)),
            0x80..=0x86 | 201 | 202 => ("own", true),
            _ => return None,
        };
        let host = !matches!(originator[0], 0 | 127 | 224..);
        (fits && ttl > 0 && hops < 255 && host).then_some(())?;
        notes.tally(&MESSAGE, name.as_bytes());
        notes.address(&ORIGINATOR, IpAddr::from(originator));
    }
    Some(())
}

/// Whether a greeting's links fill it.
fn hello(content: &mut Reader<'_>) -> bool {
    let mut fits = || {
        (content.be_u16()? == 0).then_some(())?;
        content.skip(2)?;
        while !content.is_empty() {
            let (code, zero, size) = (content.u8()?, content.u8()?, usize::from(content.be_u16()?));
            content.skip(size.checked_sub(4)?)?;
            (code <= 15 && zero == 0 && size.is_multiple_of(4)).then_some(())?;
        }
        Some(())
    };
    fits().is_some()
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match packet(sample.bytes, &mut Notes::new(&ELEMENT)) {
        Some(()) => Verdict::Match,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let _ = packet(message.bytes, notes);
    true
}
