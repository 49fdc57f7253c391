//! Ubiquiti's discovery: what its access points, cameras and routers say of themselves.
//!
//! Specification: not published; what devices send, as described by Rapid7 (2019) and by tools that ask.
//!
//! ```text
//! message   version:1 (1 or 2) command:1 length:2   items: type:1 length:2 value ...
//! question  01 00 0000
//! items     01 MAC  02 MAC and IPv4  03 firmware  0a uptime:4  0b host  0c model  0d ESSID  0e mode  10 system  14 model in full  15 its short name
//! ```
//!
//! An answer whose items fill its length, with a hardware address, proves it. A question alone is four bytes and tells nothing.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static MAC: Field = Field::new(Kind::Mac, "mac", "addresses of the device, each once", "Ubiquiti discovery").list();
static ADDRESS: Field = Field::new(Kind::Address, "address", "its IP addresses", "Ubiquiti discovery").list();
static HOST: Field = Field::text("host", "its name", "Ubiquiti discovery");
static MODEL: Field = Field::text("model", "its model", "Ubiquiti discovery");
static FIRMWARE: Field = Field::text("firmware", "its firmware", "Ubiquiti discovery");
static ESSID: Field = Field::text("essid", "the wireless network that it has", "Ubiquiti discovery");
static UPTIME: Field = Field::number("uptime", "how long it has been up", "Ubiquiti discovery").unit("s");

static ELEMENT: Element = Element {
    name: "ubnt",
    meaning: "a device of Ubiquiti that tells of itself",
    fields: &[&HOST, &MODEL, &FIRMWARE, &MAC, &ADDRESS, &ESSID, &UPTIME],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ubnt",
    about: About {
        name: "Ubiquiti's discovery",
        specification: "not published; what devices send",
        evidence: "items that fill the length, a hardware address among them",
        limits: "a question alone is four bytes",
        ports: &[10001],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=2]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Reads a device's items into notes; gives whether a hardware address was among them.
fn items(bytes: &[u8], notes: &mut Notes) -> Option<bool> {
    let mut reader = Reader::new(bytes);
    let (version, command, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
    let known = matches!((version, command), (1, 0) | (2, 6 | 9..=11));
    (known && length == reader.len() && length > 0).then_some(())?;
    while !reader.is_empty() {
        let (kind, length) = (reader.u8()?, usize::from(reader.be_u16()?));
        let value = reader.take(length)?;
        match (kind, value) {
            (1, _) => notes.mac(&MAC, value.try_into().ok()?),
            (2, [a, b, c, d, e, f, address @ ..]) => {
                notes.mac(&MAC, [*a, *b, *c, *d, *e, *f]);
                notes.address(&ADDRESS, IpAddr::from(<[u8; 4]>::try_from(address).ok()?));
            }
            (3, _) => notes.text(&FIRMWARE, value),
            (10, [a, b, c, d]) => notes.number(&UPTIME, u64::from(u32::from_be_bytes([*a, *b, *c, *d]))),
            (11, _) => notes.text(&HOST, value),
            (12 | 0x14, _) => notes.text(&MODEL, value),
            (13, _) => notes.text(&ESSID, value),
            _ => {}
        }
    }
    Some(notes.has(&MAC))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match items(sample.bytes, &mut Notes::new(&ELEMENT)) {
        Some(true) => Verdict::Match,
        _ if sample.role == Role::Client && sample.bytes == [1, 0, 0, 0] => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let _ = items(message.bytes, notes);
    true
}
