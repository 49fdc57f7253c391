//! Open Sound Control: what instruments, mixers and lights are told over UDP (OSC 1.0).
//!
//! ```text
//! message  address (begins with /) 0.. ","types 0.. arguments        texts are filled up with zeros to fours
//! bundle   "#bundle" 0  time:8  elements: length:4  message or bundle
//! ```
//!
//! A message whose types say where its arguments end, at the datagram's end, proves it; so does a bundle whose first message fits.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, PROBE_BYTES, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static ADDRESS: Field = Field::text("address", "what is told, each with how often", "OSC 1.0").list();
static MESSAGES: Field = Field::number("messages", "messages", "OSC 1.0");

static ELEMENT: Element =
    Element { name: "osc", meaning: "what instruments and mixers are told", fields: &[&MESSAGES, &ADDRESS] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "osc",
    about: About {
        name: "Open Sound Control",
        specification: "OSC 1.0",
        evidence: "types that say where a message ends",
        limits: "arguments; bundles in bundles",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'#'..=b'#', b'/'..=b'/']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const BUNDLE: &[u8] = b"#bundle\0";
/// The most messages that are looked at of a bundle.
const MESSAGES_CAP: usize = 64;

/// A text, and the zeros that fill it up to fours.
fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = memchr::memchr(0, reader.rest())?;
    let whole = reader.take(length.checked_add(4)? & !3)?;
    let (text, zeros) = whole.split_at_checked(length)?;
    (zeros.iter().all(|byte| *byte == 0) && text.iter().all(|byte| matches!(byte, b' '..=b'~'))).then_some(text)
}

/// The address of a message that ends where its types say.
fn message(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    let address = text(&mut reader)?;
    let types = text(&mut reader)?.strip_prefix(b",")?;
    for kind in types {
        match kind {
            b'i' | b'f' | b'c' | b'r' | b'm' => reader.skip(4)?,
            b'h' | b't' | b'd' => reader.skip(8)?,
            b's' | b'S' => text(&mut reader).map(|_| ())?,
            b'b' => {
                let length = usize::try_from(reader.be_u32()?).ok()?;
                reader.skip(length.checked_next_multiple_of(4)?)?;
            }
            b'T' | b'F' | b'N' | b'I' | b'[' | b']' => {}
            _ => return None,
        }
    }
    (reader.is_empty() && address.starts_with(b"/")).then_some(address)
}

/// Gives the addresses of a datagram's messages to `each`. `None` where the first one does not fit.
fn messages<'a>(bytes: &'a [u8], mut each: impl FnMut(&'a [u8])) -> Option<()> {
    let Some(rest) = bytes.strip_prefix(BUNDLE) else {
        each(message(bytes)?);
        return Some(());
    };
    let mut reader = Reader::new(rest);
    reader.skip(8)?;
    let mut fits = None;
    for _ in 0..MESSAGES_CAP {
        let Some(length) = reader.be_u32().and_then(|length| usize::try_from(length).ok()) else { break };
        let Some(address) = reader.take(length).and_then(message) else { break };
        each(address);
        fits = Some(());
    }
    fits
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match messages(sample.bytes, |_| ()) {
        Some(()) if sample.bytes.len() <= PROBE_BYTES => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, datagram: &Message<'_>) -> bool {
    let _ = messages(datagram.bytes, |address| {
        notes.count(&MESSAGES);
        notes.tally(&ADDRESS, address);
    });
    true
}
