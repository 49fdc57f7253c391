//! SAP: sessions of media that are announced to everybody, as by IPTV and networked audio (RFC 2974).
//!
//! ```text
//! packet   1 (version:3 bits) address:1 reserved:1 type:1 encrypted:1 compressed:1   authentication:1 (in fours)  hash:2  origin:4|16
//!          authentication ...   ["application/sdp" 0]   v=0 CR LF ...
//! ```
//!
//! The header with a session description (RFC 8866) behind it proves it.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::linewise::lines;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static ORIGIN: Field = Field::new(Kind::Address, "origin", "who announces", "RFC 2974 3").list();
static OPERATION: Field = Field::text("operation", "`announce`, `delete`, each with how often", "RFC 2974 3").list();
static SESSION: Field = Field::text("session", "names of sessions, each once", "RFC 8866 5.3").list();
static CONNECTION: Field = Field::text("connection", "where they are sent to", "RFC 8866 5.7").list();
static MEDIA: Field = Field::text("media", "what they hold", "RFC 8866 5.14").list();
static TOOL: Field = Field::text("tool", "software that described them", "RFC 8866 6.3").list();

static ELEMENT: Element = Element {
    name: "sap",
    meaning: "sessions of media that are announced",
    fields: &[&ORIGIN, &OPERATION, &SESSION, &CONNECTION, &MEDIA, &TOOL],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "sap",
    about: About {
        name: "Session Announcement Protocol",
        specification: "RFC 2974, RFC 8866",
        evidence: "the header with a session description behind it",
        limits: "compressed and encrypted announcements",
        ports: &[9875],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x20..=0x3f]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Whether it ends a session, who says so, and the description.
fn announcement(bytes: &[u8]) -> Option<(bool, IpAddr, &[u8])> {
    let mut reader = Reader::new(bytes);
    let (flags, authentication, _hash) = (reader.u8()?, reader.u8()?, reader.be_u16()?);
    (flags >> 5 == 1 && flags & 0x03 == 0).then_some(())?;
    let origin =
        if flags & 0x10 == 0 { IpAddr::from(reader.array::<4>()?) } else { IpAddr::from(reader.array::<16>()?) };
    reader.skip(usize::from(authentication).checked_mul(4)?)?;
    let rest = reader.rest();
    let description = rest.strip_prefix(b"application/sdp\0").unwrap_or(rest);
    // A deletion may hold the origin's line alone (RFC 2974 5).
    let fits = description.starts_with(b"v=0") || flags & 0x04 != 0 && description.starts_with(b"o=");
    fits.then_some((flags & 0x04 != 0, origin, description))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if announcement(sample.bytes).is_some() { Verdict::Match } else { Verdict::Reject }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((ends, origin, description)) = announcement(message.bytes) else { return true };
    notes.address(&ORIGIN, origin);
    notes.tally(&OPERATION, if ends { b"delete" } else { b"announce" });
    let (whole, last) = lines(description);
    for line in whole.chain([last]) {
        match line {
            [b's', b'=', name @ ..] => notes.text(&SESSION, name),
            [b'c', b'=', place @ ..] => notes.text(&CONNECTION, place),
            [b'm', b'=', medium @ ..] => notes.text(&MEDIA, medium),
            _ => {
                if let Some(tool) = line.strip_prefix(b"a=tool:") {
                    notes.text(&TOOL, tool);
                }
            }
        }
    }
    true
}
