//! MNDP, by which MikroTik's routers tell their neighbours what they are.
//!
//! Specification: MikroTik's manual, "Neighbor discovery"; what routers send.
//!
//! ```text
//! question   00000000
//! answer     zero:2 number:2   items: type:2 length:2 value ...
//! items      1 MAC  5 identity  7 version  8 platform  10 uptime:4 (least first)  11 software  12 board  14 packing:1  15 IPv6  16 interface  17 IPv4
//! ```
//!
//! An answer whose items, a hardware address among them, fill it proves it. A question alone is four zeros and tells nothing.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static MAC: Field = Field::new(Kind::Mac, "mac", "the router's address", "MNDP");
static IDENTITY: Field = Field::text("identity", "the router's name", "MNDP");
static VERSION: Field = Field::text("version", "version of RouterOS", "MNDP");
static PLATFORM: Field = Field::text("platform", "whose it is", "MNDP");
static BOARD: Field = Field::text("board", "the model", "MNDP");
static SOFTWARE: Field = Field::text("software_id", "number of its licence", "MNDP");
static INTERFACE: Field = Field::text("interface", "interfaces that it told this on", "MNDP").list();
static ADDRESS: Field = Field::new(Kind::Address, "address", "its addresses", "MNDP").list();
static UPTIME: Field = Field::number("uptime", "how long it has been up", "MNDP").unit("s");

static ELEMENT: Element = Element {
    name: "mndp",
    meaning: "a router of MikroTik that tells of itself",
    fields: &[&IDENTITY, &MAC, &VERSION, &PLATFORM, &BOARD, &SOFTWARE, &INTERFACE, &ADDRESS, &UPTIME],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "mndp",
    about: About {
        name: "MikroTik Neighbor Discovery Protocol",
        specification: "MikroTik, Neighbor discovery",
        evidence: "items that fill the datagram, a hardware address among them",
        limits: "a question alone is four zeros",
        ports: &[5678],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Reads a router's items into notes; gives whether its hardware address and its version or name were among them.
fn items(bytes: &[u8], notes: &mut Notes) -> Option<bool> {
    let mut reader = Reader::new(bytes);
    (reader.be_u16()? == 0).then_some(())?;
    let _number = reader.be_u16()?;
    while !reader.is_empty() {
        let (kind, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
        let value = reader.take(length)?;
        match (kind, value) {
            (1, [a, b, c, d, e, f]) => notes.mac(&MAC, [*a, *b, *c, *d, *e, *f]),
            (5, _) => notes.text(&IDENTITY, value),
            (7, _) => notes.text(&VERSION, value),
            (8, _) => notes.text(&PLATFORM, value),
            (10, [a, b, c, d]) => notes.number(&UPTIME, u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
            (11, _) => notes.text(&SOFTWARE, value),
            (12, _) => notes.text(&BOARD, value),
            (16, _) => notes.text(&INTERFACE, value),
            (15, _) => notes.address(&ADDRESS, IpAddr::from(<[u8; 16]>::try_from(value).ok()?)),
            (17, _) => notes.address(&ADDRESS, IpAddr::from(<[u8; 4]>::try_from(value).ok()?)),
            (14, [_]) => {}
            _ => return None,
        }
    }
    Some(notes.has(&MAC) && (notes.has(&IDENTITY) || notes.has(&VERSION)))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let question = sample.bytes == [0; 4];
    match items(sample.bytes, &mut Notes::new(&ELEMENT)) {
        // Routers tell it unasked, so that who speaks first may be either.
        Some(true) => Verdict::Match,
        Some(false) if question && sample.role == Role::Client => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let _ = items(message.bytes, notes);
    true
}
