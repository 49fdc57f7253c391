//! RTP-MIDI's sessions: how musical instruments and computers connect (Apple's network MIDI protocol; RFC 6295 for what follows).
//!
//! ```text
//! session   ffff  command:2  version:4 (2)  token:4  sender:4  [name 0]         commands IN OK NO BY
//! clock     ffff "CK" sender:4 count:1 zero:3 times:8*3     feedback  ffff "RS" sender:4 number:4
//! ```
//!
//! An invitation with version and name, or a clock of its size, proves it. What is played is not told.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::framing::is_text;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static COMMAND: Field = Field::text("command", "what was said, each with how often", "network MIDI").list();
static NAME: Field = Field::text("name", "names of the two, each once", "network MIDI").list();

static ELEMENT: Element =
    Element { name: "applemidi", meaning: "musical instruments that connect", fields: &[&COMMAND, &NAME] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "applemidi",
    about: About {
        name: "RTP-MIDI session protocol",
        specification: "Apple's network MIDI protocol",
        evidence: "an invitation with version and name, or a clock of its size",
        limits: "what is played",
        ports: &[5004, 5005],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0xff..=0xff]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// What a datagram says, and its name.
fn command(bytes: &[u8]) -> Option<(&'static str, &[u8])> {
    let mut reader = Reader::new(bytes);
    let head = reader.array::<4>()?;
    let name = match &head {
        b"\xff\xffIN" => "invitation",
        b"\xff\xffOK" => "accepted",
        b"\xff\xffNO" => "refused",
        b"\xff\xffBY" => "end",
        b"\xff\xffCK" => {
            return matches!(bytes, [_, _, _, _, _, _, _, _, 0..=2, 0, 0, 0, ..] if bytes.len() == 36)
                .then_some(("clock", &[]));
        }
        b"\xff\xffRS" => return (bytes.len() == 12).then_some(("feedback", &[])),
        _ => return None,
    };
    let version = reader.be_u32()?;
    reader.skip(8)?;
    let rest = reader.rest();
    let text = rest.strip_suffix(&[0]).unwrap_or(rest);
    (version == 2 && (text.is_empty() || is_text(text))).then_some((name, text))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match command(sample.bytes) {
        Some(("feedback", _)) => Verdict::Likely,
        Some(_) => Verdict::Match,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if let Some((command, name)) = command(message.bytes) {
        notes.tally(&COMMAND, command.as_bytes());
        notes.text(&NAME, name);
    }
    true
}
