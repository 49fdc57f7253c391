//! WCCP 2, by which routers hand web traffic to caches (draft-mclaggan-wccp-v2rev1).
//!
//! ```text
//! message     type:4 (10 here I am, 11 I see you, 12 redirect assign, 13 removal)  version:2 length:2   components: type:2 length:2 content
//! service     type 1: kind:1 service:1 priority:1 protocol:1 flags:4 ports:2*8
//! identity    type 3: address:4 ...      router's identity: type 2: address:4 ...
//! ```
//!
//! A type, a version and components that fill the length prove it.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field = Field::text("message", "messages, each with how often", "WCCP 2 5").list();
static SERVICE: Field = Field::number("service", "groups of services, each once; 0 is the web", "WCCP 2 5.6.1").list();
static CACHE: Field = Field::new(Kind::Address, "cache", "addresses of caches", "WCCP 2 5.6.3").list();
static ROUTER: Field = Field::new(Kind::Address, "router", "addresses of routers", "WCCP 2 5.6.2").list();

static ELEMENT: Element = Element {
    name: "wccp",
    meaning: "routers that hand traffic to caches",
    fields: &[&MESSAGE, &SERVICE, &CACHE, &ROUTER],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "wccp",
    about: About {
        name: "Web Cache Communication Protocol 2",
        specification: "draft-mclaggan-wccp-v2rev1",
        evidence: "components that fill the length",
        limits: "version 1; assignments",
        ports: &[2048],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Reads a message into notes; gives its type.
fn message(bytes: &[u8], notes: &mut Notes) -> Option<u32> {
    let mut reader = Reader::new(bytes);
    let (kind, version, length) = (reader.be_u32()?, reader.be_u16()?, usize::from(reader.be_u16()?));
    let fits = (10..=13).contains(&kind) && (0x200..=0x20f).contains(&version) && length == reader.len();
    fits.then_some(())?;
    while !reader.is_empty() {
        let (kind, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
        let mut content = reader.sub(length)?;
        match kind {
            1 => {
                content.skip(1)?;
                notes.number(&SERVICE, u64::from(content.u8()?));
            }
            2 => notes.address(&ROUTER, IpAddr::from(content.array::<4>()?)),
            3 => notes.address(&CACHE, IpAddr::from(content.array::<4>()?)),
            0 | 4..=32 => {}
            _ => return None,
        }
    }
    notes.has(&SERVICE).then_some(kind)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match message(sample.bytes, &mut Notes::new(&ELEMENT)) {
        Some(kind) if (kind == 11) == (sample.role == Role::Server) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, datagram: &Message<'_>) -> bool {
    if let Some(kind) = message(datagram.bytes, notes) {
        let name = match kind {
            10 => "here-i-am",
            11 => "i-see-you",
            12 => "redirect-assign",
            _ => "removal-query",
        };
        notes.tally(&MESSAGE, name.as_bytes());
    }
    true
}
