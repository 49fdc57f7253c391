//! OSCAR, the protocol of AIM and ICQ.
//!
//! ```text
//! FLAP   2a channel:1 sequence:2 length:2   channel 1: version:4 (1)  TLVs;  2: SNAC family:2 kind:2 flags:2 request:4 ...;  4 close;  5 keepalive
//! TLV    kind:2 length:2 value;  1 screen name  3 client  6 cookie
//! ```
//!
//! A first FLAP on channel 1 with its version and lengths that fit proves it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static USER: Field = Field::text("user", "the account", "OSCAR, TLV 1");
static CLIENT: Field = Field::text("client", "the client's software", "OSCAR, TLV 3");
static FAMILY: Field =
    Field::text("family", "families and kinds of messages, each with how often", "OSCAR, SNAC").list();

static ELEMENT: Element =
    Element { name: "oscar", meaning: "people who talk over AIM or ICQ", fields: &[&USER, &CLIENT, &FAMILY] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "oscar",
    about: About {
        name: "OSCAR, of AIM and ICQ",
        specification: "AOL, OSCAR",
        evidence: "a first FLAP with its version and lengths",
        limits: "messages",
        ports: &[5190, 443],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x2a..=0x2a]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 6;

/// Channel and length.
fn head(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut reader = Reader::new(bytes);
    let (mark, channel, _sequence, length) = (reader.u8()?, reader.u8()?, reader.be_u16()?, reader.be_u16()?);
    (mark == 0x2a && (1..=5).contains(&channel)).then_some((channel, usize::from(length)))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes)?.1.checked_add(HEAD))
}

/// Gives TLVs. `None` where they do not end at the end.
fn items(bytes: &[u8], mut each: impl FnMut(u16, &[u8])) -> Option<()> {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let (kind, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
        each(kind, reader.take(length)?);
    }
    Some(())
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match head(sample.bytes) {
        Some((1, length @ 4..=1400)) => {
            let content = sample.bytes.get(HEAD..).unwrap_or_default();
            match content.get(..4) {
                Some([0, 0, 0, 1]) => match (length, content.get(4..length)) {
                    // A greeting of nothing but the version.
                    (4, _) => Verdict::Likely,
                    (_, Some(rest)) if items(rest, |_, _| ()).is_some() => Verdict::Match,
                    (_, None) => Verdict::NeedMore,
                    _ => Verdict::Reject,
                },
                None if content.iter().take(3).all(|byte| *byte == 0) => Verdict::NeedMore,
                _ => Verdict::Reject,
            }
        }
        None if sample.bytes.len() < HEAD && matches!(sample.bytes, [0x2a] | [0x2a, 1, ..]) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((channel, _)) = head(message.bytes) else { return true };
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    match (channel, content) {
        (1, [_, _, _, _, rest @ ..]) => {
            let _ = items(rest, |kind, value| told(notes, message.role, kind, value));
        }
        (2, [a, b, c, d, _, _, _, _, _, _, rest @ ..]) => {
            let (family, kind) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
            notes.tally(&FAMILY, format!("{family}.{kind}").as_bytes());
            // Who logs in says so in the family of logging in.
            if family == 0x17 && message.role == Role::Client {
                let _ = items(rest, |kind, value| told(notes, message.role, kind, value));
            }
        }
        _ => {}
    }
    true
}

fn told(notes: &mut Notes, role: Role, kind: u16, value: &[u8]) {
    match (role, kind) {
        (Role::Client, 1) => {
            notes.text(&USER, value);
            notes.user(value);
        }
        (Role::Client, 3) => notes.text(&CLIENT, value),
        _ => {}
    }
}
