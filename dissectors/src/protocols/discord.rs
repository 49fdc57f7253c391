//! Discord's voice: how a client learns its outside address before it talks.
//!
//! Specification: Discord's developer documentation, "Voice connections", IP discovery.
//!
//! ```text
//! question  0001  length:2 (70)  ssrc:4  zeros:66
//! answer    0002  length:2 (70)  ssrc:4  address:64 (text, zeros)  port:2
//! ```
//!
//! A question of zeros, or an answer with an address, of just its size, proves it. RTP follows, whose content is encrypted.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static SSRC: Field = Field::text("ssrc", "the client's stream", "Voice connections");
static ADDRESS: Field = Field::text("outside_address", "the client's address from outside", "Voice connections");
static PORT: Field = Field::number("outside_port", "its port from outside", "Voice connections");
static MEDIA: Field = Field::number("media", "datagrams of voice and video, and of their reports", "Voice connections");

static ELEMENT: Element =
    Element { name: "discord", meaning: "people who talk over Discord", fields: &[&SSRC, &ADDRESS, &PORT, &MEDIA] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "discord",
    about: About {
        name: "Discord's voice connections",
        specification: "Discord developer documentation, Voice connections",
        evidence: "a question or answer of IP discovery of just its size",
        limits: "media, which are encrypted",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Whether it answers, the stream, the address as text, the port.
fn discovery(bytes: &[u8]) -> Option<(bool, u32, &[u8], u16)> {
    let mut reader = Reader::new(bytes);
    let (kind, length, ssrc) = (reader.be_u16()?, reader.be_u16()?, reader.be_u32()?);
    let (text, port) = (reader.take(64)?, reader.be_u16()?);
    let end = memchr::memchr(0, text)?;
    let (address, zeros) = text.split_at_checked(end)?;
    let known = std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok());
    let fits = match kind {
        1 => address.is_empty() && port == 0 && ssrc != 0,
        2 => known && port != 0,
        _ => false,
    };
    let sound = fits && length == 70 && reader.is_empty() && zeros.iter().all(|byte| *byte == 0);
    sound.then_some((kind == 2, ssrc, address, port))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match discovery(sample.bytes) {
        Some((answers, ..)) if answers == (sample.role == Role::Server) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    match discovery(message.bytes) {
        Some((answers, ssrc, address, port)) => {
            notes.text(&SSRC, format!("{ssrc:08x}").as_bytes());
            if answers {
                notes.text(&ADDRESS, address);
                notes.number(&PORT, u64::from(port));
            }
        }
        None => {
            if message.bytes.first().is_some_and(|first| first >> 6 == 2) {
                notes.count(&MEDIA);
                notes.encrypted();
            }
        }
    }
    true
}
