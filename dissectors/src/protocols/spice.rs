//! SPICE: screens of virtual machines (Spice protocol, "Link stage").
//!
//! ```text
//! link   "REDQ" major:4 minor:4 size:4 (least first)   client: connection:4 channel:1 number:1 capabilities:4 capabilities:4 offset:4 ...
//!                                                      server: error:4 key:162 ...
//! ```
//!
//! The magic with a version that exists proves it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, begins, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "version that the client has", "Spice protocol, SpiceLinkHeader");
static CHANNEL: Field = Field::text("channel", "what the connection is for", "Spice protocol, SpiceLinkMess");
static ERROR: Field = Field::number("error", "why the server refused", "Spice protocol, SpiceLinkReply");

static ELEMENT: Element =
    Element { name: "spice", meaning: "the screen of a virtual machine", fields: &[&VERSION, &CHANNEL, &ERROR] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "spice",
    about: About {
        name: "SPICE",
        specification: "Spice protocol",
        evidence: "the magic with a version that exists",
        limits: "everything behind the link",
        ports: &[5900, 5901, 5902],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'R'..=b'R']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const MAGIC: &[u8] = b"REDQ";
const HEAD: usize = 16;

fn size(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    (reader.take(4)? == MAGIC).then_some(())?;
    let (major, minor, size) = (reader.le_u32()?, reader.le_u32()?, reader.le_u32()?);
    (matches!(major, 1 | 2) && minor < 64 && (12..4096).contains(&size)).then_some(())?;
    usize::try_from(size).ok()?.checked_add(HEAD)
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, size)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, MAGIC) {
        Verdict::Match if sample.bytes.len() < HEAD => Verdict::NeedMore,
        Verdict::Match if size(sample.bytes).is_none() => Verdict::Reject,
        verdict => verdict,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    let mut content = || {
        reader.skip(4)?;
        let (major, minor) = (reader.le_u32()?, reader.le_u32()?);
        reader.skip(4)?;
        if message.role == Role::Client {
            notes.text(&VERSION, format!("{major}.{minor}").as_bytes());
            let _connection = reader.le_u32()?;
            notes.name(&CHANNEL, u32::from(reader.u8()?), channel);
        } else {
            let error = reader.le_u32()?;
            if error != 0 {
                notes.number(&ERROR, u64::from(error));
            }
        }
        Some(())
    };
    let _ = content();
    // After the server's answer the form depends on what was agreed.
    message.role == Role::Client
}

const fn channel(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "main",
        2 => "display",
        3 => "inputs",
        4 => "cursor",
        5 => "playback",
        6 => "record",
        7 => "tunnel",
        8 => "smartcard",
        9 => "usb",
        10 => "port",
        11 => "webdav",
        _ => return None,
    })
}
