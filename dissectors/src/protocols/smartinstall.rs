//! Cisco Smart Install, by which switches are set up, and which others abuse.
//!
//! Specification: not published; messages as Cisco's and others' tools that look for it send them.
//!
//! ```text
//! message   from:4 (1 client, 4 director) version:4 (1, 0)  kind:4  length:4  content
//! ```
//!
//! A message of a known kind whose length fits proves it with its content; a short one wants the answer.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static KIND: Field = Field::text("message", "messages, each with how often", "Smart Install").list();
static COMMAND: Field =
    Field::text("command", "commands that a switch was told to do, as they stand", "Smart Install").list();

static ELEMENT: Element =
    Element { name: "smartinstall", meaning: "a switch that is set up from afar", fields: &[&KIND, &COMMAND] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "smartinstall",
    about: About {
        name: "Cisco Smart Install",
        specification: "not published",
        evidence: "a message of a known kind with its answer",
        limits: "what is in messages but texts of commands",
        ports: &[4786],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 16;
/// The longest message.
const MOST: u32 = 8192;

/// Kind and length of the content.
fn head(bytes: &[u8]) -> Option<(u32, u32, usize)> {
    let mut reader = Reader::new(bytes);
    let (from, version, kind, length) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    let fits =
        matches!((from, version), (1, 1) | (4, 0..=1)) && (2..=8).contains(&kind) && (8..=MOST).contains(&length);
    fits.then_some((from, kind, usize::try_from(length).ok()?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes)?.2.checked_add(HEAD))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match head(sample.bytes) {
        // A client asks the switch; the switch answers as a director would.
        Some((1, _, _)) if sample.role == Role::Client => Verdict::Likely,
        Some((4, _, _)) if sample.role == Role::Server => Verdict::Likely,
        None if sample.bytes.len() < HEAD
            && matches!(sample.bytes, [0] | [0, 0] | [0, 0, 0] | [0, 0, 0, 1 | 4, ..]) =>
        {
            Verdict::NeedMore
        }
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((_, kind, _)) = head(message.bytes) else { return true };
    let name = match kind {
        3 => "backup",
        4 => "hello",
        6 => "image",
        7 => "join",
        8 => "configuration",
        _ => "other",
    };
    notes.tally(&KIND, name.as_bytes());
    // Texts among zeros.
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    for text in content.split(|byte| *byte == 0).filter(|text| text.len() >= 8 && crate::framing::is_text(text)) {
        notes.text(&COMMAND, text);
    }
    true
}
