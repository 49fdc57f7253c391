//! SLP, by which hosts find services such as printers and ESXi's management (RFC 2608).
//!
//! ```text
//! header    version:1 (2) function:1 length:3 flags:2 extension:3 xid:2 language:(length:2 text)
//! request   1: responders:(..) type:(..) scopes:(..) predicate:(..) spi:(..)
//! reply     2: error:2 count:2  entries: zero:1 lifetime:2 URL:(length:2 text) authentications:1
//! others    3 registration 4 its end 5 acknowledgement 6, 7 attributes 8 directory agent 9, 10 types 11 service agent
//! ```
//!
//! A length that is the message's and a language of letters prove it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static FUNCTION: Field = Field::text("function", "messages, each with how often", "RFC 2608 8").list();
static TYPE: Field = Field::text("type", "kinds of services that were asked for, or told", "RFC 2608 8.1").list();
static SCOPE: Field = Field::text("scope", "scopes that were asked in", "RFC 2608 8.1").list();
static URL: Field = Field::text("url", "where services are", "RFC 2608 8.2").list().long();
static ATTRIBUTES: Field = Field::text("attributes", "what services say of themselves", "RFC 2608 10.4").list().long();
static ERROR: Field = Field::number("error", "errors that were answered, each once", "RFC 2608 7").list();

static ELEMENT: Element = Element {
    name: "slp",
    meaning: "services that hosts look for",
    fields: &[&FUNCTION, &TYPE, &SCOPE, &URL, &ATTRIBUTES, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "slp",
    about: About {
        name: "Service Location Protocol 2",
        specification: "RFC 2608",
        evidence: "the length and a language of letters",
        limits: "version 1; authentications",
        ports: &[427],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[2..=2]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

/// The most entries of a reply that are looked at.
const ENTRIES: usize = 32;

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::from(reader.be_u16()?);
    reader.take(length)
}

/// A header: function, length, and what follows the language.
fn header(bytes: &[u8]) -> Option<(u8, usize, Reader<'_>)> {
    let mut reader = Reader::new(bytes);
    let (version, function, length) = (reader.u8()?, reader.u8()?, reader.be_u24()?);
    let (flags, _extension, _xid) = (reader.be_u16()?, reader.be_u24()?, reader.be_u16()?);
    let language = text(&mut reader)?;
    let letters =
        matches!(language.len(), 2..=16) && language.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let fits = version == 2 && (1..=11).contains(&function) && flags & 0x1fff == 0 && letters;
    fits.then_some((function, usize::try_from(length).ok()?, reader))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, 5, |bytes| match bytes {
        [2, 1..=11, a, b, c, ..] => {
            let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?;
            (length >= 16).then_some(length)
        }
        _ => None,
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let stream = sample.transport == Transport::Tcp;
    match header(sample.bytes) {
        None if stream && sample.bytes.len() < 16 && matches!(sample.bytes, [2] | [2, 1..=11, ..]) => Verdict::NeedMore,
        None => Verdict::Reject,
        Some((function, length, _)) => {
            let asks = matches!(function, 1 | 3 | 4 | 6 | 9);
            let fits = if stream { (16..1 << 16).contains(&length) } else { length == sample.bytes.len() };
            let whose = matches!(function, 8 | 11) || asks == (sample.role == Role::Client);
            if fits && whose { Verdict::Match } else { Verdict::Reject }
        }
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((function, _, mut reader)) = header(message.bytes) else { return true };
    notes.tally(&FUNCTION, name(function).as_bytes());
    let mut content = || {
        match function {
            1 => {
                let _responders = text(&mut reader)?;
                notes.text(&TYPE, text(&mut reader)?);
                notes.text(&SCOPE, text(&mut reader)?);
            }
            2 => {
                note_error(notes, reader.be_u16()?);
                for _ in 0..usize::from(reader.be_u16()?).min(ENTRIES) {
                    reader.skip(3)?;
                    notes.text(&URL, text(&mut reader)?);
                    // With authentications it is not known where the next one begins.
                    (reader.u8()? == 0).then_some(())?;
                }
            }
            3 => {
                reader.skip(3)?;
                notes.text(&URL, text(&mut reader)?);
                (reader.u8()? == 0).then_some(())?;
                notes.text(&TYPE, text(&mut reader)?);
                notes.text(&SCOPE, text(&mut reader)?);
                notes.text(&ATTRIBUTES, text(&mut reader)?);
            }
            5 => note_error(notes, reader.be_u16()?),
            6 => {
                let _responders = text(&mut reader)?;
                notes.text(&TYPE, text(&mut reader)?);
                notes.text(&SCOPE, text(&mut reader)?);
            }
            7 => {
                note_error(notes, reader.be_u16()?);
                notes.text(&ATTRIBUTES, text(&mut reader)?);
            }
            8 => {
                note_error(notes, reader.be_u16()?);
                reader.skip(4)?;
                notes.text(&URL, text(&mut reader)?);
                notes.text(&SCOPE, text(&mut reader)?);
            }
            10 => {
                note_error(notes, reader.be_u16()?);
                for kind in text(&mut reader)?.split(|byte| *byte == b',') {
                    notes.text(&TYPE, kind);
                }
            }
            11 => {
                notes.text(&URL, text(&mut reader)?);
                notes.text(&SCOPE, text(&mut reader)?);
                notes.text(&ATTRIBUTES, text(&mut reader)?);
            }
            _ => {}
        }
        Some(())
    };
    let _ = content();
    true
}

fn note_error(notes: &mut Notes, error: u16) {
    if error != 0 {
        notes.number(&ERROR, u64::from(error));
    }
}

const fn name(function: u8) -> &'static str {
    match function {
        1 => "service-request",
        2 => "service-reply",
        3 => "registration",
        4 => "deregistration",
        5 => "acknowledgement",
        6 => "attribute-request",
        7 => "attribute-reply",
        8 => "directory-agent",
        9 => "type-request",
        10 => "type-reply",
        _ => "service-agent",
    }
}
