//! XDMCP, by which X displays ask for somebody to log in (X Display Manager Control Protocol 1.0).
//!
//! ```text
//! message   version:2 (1)  opcode:2  length:2  content, as long as the datagram
//! 1 2 3     names:1 (length:2 text) ...                                   queries: broadcast, plain, indirect
//! 5         authentication:(length:2 text) host:(...) status:(...)        willing
//! 6         host:(...) status:(...)                                       unwilling
//! 7         display:2 kinds:1 2.. addresses:1 (...).. authentication:(..) data:(..) authorisations:1 (..).. manufacturer:(..)   request
//! 8         session:4 ...     accept         9  status:(...) ...    decline
//! 10        session:4 display:2 class:(...)  manage      11 session:4  refuse      12 session:4 status:(...)  failed
//! 13        display:2 session:4              keepalive   14 running:1 session:4   alive
//! ```
//!
//! A length that is the datagram's, with content that fits to its end, proves it where it has texts; without, the other side must agree.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static OPERATION: Field = Field::text("operation", "messages, each with how often", "XDMCP 1.0").list();
static HOST: Field = Field::text("host", "the manager's name, as it says", "XDMCP 1.0");
static STATUS: Field = Field::text("status", "what it says of itself, or why it declined", "XDMCP 1.0").list();
static DISPLAY: Field = Field::number("display", "number of the display", "XDMCP 1.0");
static ADDRESS: Field = Field::new(Kind::Address, "address", "addresses of the display", "XDMCP 1.0").list();
static CLASS: Field = Field::text("class", "kind of the display", "XDMCP 1.0");
static AUTHENTICATION: Field =
    Field::text("authentication", "names of authentications that are offered", "XDMCP 1.0").list();

static ELEMENT: Element = Element {
    name: "xdmcp",
    meaning: "a display that asks for a login",
    fields: &[&OPERATION, &HOST, &STATUS, &DISPLAY, &ADDRESS, &CLASS, &AUTHENTICATION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "xdmcp",
    about: About {
        name: "X Display Manager Control Protocol",
        specification: "XDMCP 1.0",
        evidence: "lengths that add up to the datagram",
        limits: "keys",
        ports: &[177],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::from(reader.be_u16()?);
    reader.take(length)
}

fn texts(reader: &mut Reader<'_>, mut each: impl FnMut(&[u8])) -> Option<()> {
    for _ in 0..reader.u8()? {
        each(text(reader)?);
    }
    Some(())
}

/// Reads a message into notes. `None` where it does not end where it says. Gives its opcode.
fn message(bytes: &[u8], notes: &mut Notes) -> Option<u16> {
    let mut reader = Reader::new(bytes);
    let (version, opcode, length) = (reader.be_u16()?, reader.be_u16()?, reader.be_u16()?);
    if version != 1 || usize::from(length) != reader.len() {
        return None;
    }
    match opcode {
        1..=3 => texts(&mut reader, |name| notes.text(&AUTHENTICATION, name))?,
        5 => {
            let _authentication = text(&mut reader)?;
            notes.text(&HOST, text(&mut reader)?);
            notes.text(&STATUS, text(&mut reader)?);
        }
        6 => {
            notes.text(&HOST, text(&mut reader)?);
            notes.text(&STATUS, text(&mut reader)?);
        }
        7 => {
            notes.number(&DISPLAY, u64::from(reader.be_u16()?));
            let kinds = reader.u8()?;
            reader.skip(usize::from(kinds).checked_mul(2)?)?;
            texts(&mut reader, |address| {
                if let Ok(address) = <[u8; 4]>::try_from(address) {
                    notes.address(&ADDRESS, IpAddr::from(address));
                } else if let Ok(address) = <[u8; 16]>::try_from(address) {
                    notes.address(&ADDRESS, IpAddr::from(address));
                }
            })?;
            let (name, _data) = (text(&mut reader)?, text(&mut reader)?);
            notes.text(&AUTHENTICATION, name);
            texts(&mut reader, |_| {})?;
            let _manufacturer = text(&mut reader)?;
        }
        8 => {
            reader.skip(4)?;
            for _ in 0..4 {
                text(&mut reader)?;
            }
        }
        9 => {
            notes.text(&STATUS, text(&mut reader)?);
            for _ in 0..2 {
                text(&mut reader)?;
            }
        }
        10 => {
            reader.skip(4)?;
            notes.number(&DISPLAY, u64::from(reader.be_u16()?));
            notes.text(&CLASS, text(&mut reader)?);
        }
        11 => reader.skip(4)?,
        12 => {
            reader.skip(4)?;
            notes.text(&STATUS, text(&mut reader)?);
        }
        13 => {
            notes.number(&DISPLAY, u64::from(reader.be_u16()?));
            reader.skip(4)?;
        }
        14 => reader.skip(5)?,
        _ => return None,
    }
    reader.is_empty().then_some(opcode)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let client = sample.role == Role::Client;
    match message(sample.bytes, &mut Notes::new(&ELEMENT)) {
        Some(opcode) if client != matches!(opcode, 1..=3 | 7 | 10 | 13) => Verdict::Reject,
        // A query without names is little more than its length.
        Some(1..=3 | 11 | 13 | 14) => Verdict::Likely,
        Some(_) if sample.bytes.len() >= 16 => Verdict::Match,
        Some(_) => Verdict::Likely,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, datagram: &Message<'_>) -> bool {
    if let Some(opcode) = message(datagram.bytes, notes) {
        notes.tally(&OPERATION, name(opcode).as_bytes());
    }
    true
}

const fn name(opcode: u16) -> &'static str {
    match opcode {
        1 => "broadcast-query",
        2 => "query",
        3 => "indirect-query",
        5 => "willing",
        6 => "unwilling",
        7 => "request",
        8 => "accept",
        9 => "decline",
        10 => "manage",
        11 => "refuse",
        12 => "failed",
        13 => "keepalive",
        _ => "alive",
    }
}
