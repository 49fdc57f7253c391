//! LDP, by which routers tell each other labels of MPLS (RFC 5036).
//!
//! ```text
//! PDU       version:2 (1) length:2  router:4 space:2   messages: kind:2 length:2 id:4 parameters
//! kinds     1 notification 100 hello 200 initialisation 201 keepalive 300 addresses 301 withdrawn 400 mapping 401 request 402 withdraw 403 release 404 abort
//! ```
//!
//! A PDU whose first message is of a known kind and fits into it proves it.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static ROUTER: Field = Field::new(Kind::Address, "router", "ids of routers, each once", "RFC 5036 3.1").list();
static MESSAGE: Field = Field::text("message", "messages, each with how often", "RFC 5036 3.7").list();

static ELEMENT: Element = Element { name: "ldp", meaning: "labels of MPLS", fields: &[&ROUTER, &MESSAGE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ldp",
    about: About {
        name: "Label Distribution Protocol",
        specification: "RFC 5036",
        evidence: "a first message of a known kind that fits its PDU",
        limits: "labels",
        ports: &[646],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

/// Before the messages.
const HEAD: usize = 10;
/// The most messages of a PDU that are looked at.
const MESSAGES: usize = 64;

fn size(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    let (version, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
    (version == 1 && (14..=4096).contains(&length)).then_some(length.checked_add(4)?)
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, 4, size)
}

/// The kind and whole length of the first message.
fn first(bytes: &[u8]) -> Option<(&'static str, usize)> {
    let mut reader = Reader::new(bytes);
    reader.skip(4)?;
    let (router, space) = (reader.be_u32()?, reader.be_u16()?);
    let (kind, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
    (router != 0 && space == 0 && length >= 4).then_some((name(kind)?, length.checked_add(HEAD + 4)?))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let stream = sample.transport == Transport::Tcp;
    match (size(sample.bytes), first(sample.bytes)) {
        (Some(size), Some((name, length))) if length <= size => match (stream, name) {
            // Neighbours greet over UDP, each in a datagram.
            (false, "hello") if size == sample.bytes.len() => Verdict::Match,
            (true, "initialisation") if length >= HEAD + 4 + 4 + 18 => Verdict::Match,
            (true, "hello") | (false, _) => Verdict::Reject,
            _ => Verdict::Likely,
        },
        (Some(_), None) if stream && sample.bytes.len() < HEAD + 4 => Verdict::NeedMore,
        (None, _) if stream && matches!(sample.bytes, [0] | [0, 1] | [0, 1, _]) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    let Some(router) = reader.skip(4).and_then(|()| reader.array::<4>()) else { return true };
    notes.address(&ROUTER, IpAddr::from(router));
    let mut messages = || {
        reader.skip(2)?;
        for _ in 0..MESSAGES {
            let (kind, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
            notes.tally(&MESSAGE, name(kind).unwrap_or("other").as_bytes());
            reader.skip(length)?;
        }
        Some(())
    };
    let _ = messages();
    true
}

const fn name(kind: u16) -> Option<&'static str> {
    Some(match kind & 0x7fff {
        0x0001 => "notification",
        0x0100 => "hello",
        0x0200 => "initialisation",
        0x0201 => "keepalive",
        0x0300 => "address",
        0x0301 => "address-withdraw",
        0x0400 => "mapping",
        0x0401 => "request",
        0x0402 => "withdraw",
        0x0403 => "release",
        0x0404 => "abort",
        _ => return None,
    })
}
