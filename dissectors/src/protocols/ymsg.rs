//! YMSG, the protocol of Yahoo's messenger.
//!
//! ```text
//! message   "YMSG" version:4 length:2 service:2 status:4 session:4   content: key c0 80 value c0 80 ...
//! ```
//!
//! The letters with a length prove it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, begins, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static USER: Field = Field::text("user", "the account", "YMSG, keys 0 and 1");
static TO: Field = Field::text("to", "to whom messages are, each once", "YMSG, key 5").list();
static SERVICE: Field = Field::text("service", "numbers of services, each with how often", "YMSG").list();

static ELEMENT: Element =
    Element { name: "ymsg", meaning: "people who talk over Yahoo's messenger", fields: &[&USER, &TO, &SERVICE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ymsg",
    about: About {
        name: "Yahoo Messenger",
        specification: "not published; libyahoo2",
        evidence: "the letters with a length",
        limits: "messages",
        ports: &[5050],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'Y'..=b'Y']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 20;

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| match bytes {
        [b'Y', b'M', b'S', b'G', _, _, _, _, high, low, ..] => {
            usize::from(u16::from_be_bytes([*high, *low])).checked_add(HEAD)
        }
        _ => None,
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, b"YMSG") {
        Verdict::Match if sample.bytes.len() < HEAD => Verdict::NeedMore,
        verdict => verdict,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if let [_, _, _, _, _, _, _, _, _, _, high, low, ..] = message.bytes {
        notes.tally(&SERVICE, u16::from_be_bytes([*high, *low]).to_string().as_bytes());
    }
    if message.role == Role::Client {
        let mut rest = message.bytes.get(HEAD..).unwrap_or_default();
        let mut next = || {
            let at = memchr::memmem::find(rest, b"\xc0\x80")?;
            let (text, after) = rest.split_at_checked(at)?;
            rest = after.get(2..)?;
            Some(text)
        };
        while let Some((key, value)) = next().zip(next()) {
            match key {
                b"0" | b"1" => {
                    notes.text(&USER, value);
                    notes.user(value);
                }
                b"5" => notes.text(&TO, value),
                _ => {}
            }
        }
    }
    true
}
