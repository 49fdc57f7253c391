//! SMPP, by which programs hand over short messages (SMPP 3.4).
//!
//! ```text
//! PDU    length:4 command:4 (80000000 answers) status:4 sequence:4   content
//! bind   system:.. 0  password 0  type 0  version:1 ton:1 npi:1 range 0
//! submit service 0  ton:1 npi:1 source 0  ton:1 npi:1 destination 0  class:1 ...
//! ```
//!
//! A first PDU that binds, whose texts end where it ends, proves it. Texts of messages are not told.

use crate::dictionary::{Element, Field, Flag};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static COMMAND: Field = Field::text("command", "what was asked, each with how often", "SMPP 3.4, 5.1.2").list();
static USER: Field = Field::text("user", "the account (`system_id`)", "SMPP 3.4, 5.2.1");
static SERVER: Field = Field::text("server", "what the other calls itself", "SMPP 3.4, 5.2.1");
static KIND: Field = Field::text("type", "kind of system, as the client says", "SMPP 3.4, 5.2.3");
static SOURCE: Field = Field::text("source", "from whom messages are, each once", "SMPP 3.4, 5.2.8").list();
static DESTINATION: Field = Field::text("destination", "to whom, each once", "SMPP 3.4, 5.2.9").list();
static STATUS: Field = Field::number("status", "errors that were answered, each once", "SMPP 3.4, 5.1.3").list();

static ELEMENT: Element = Element {
    name: "smpp",
    meaning: "short messages that a program hands over",
    fields: &[&USER, &SERVER, &KIND, &COMMAND, &SOURCE, &DESTINATION, &STATUS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "smpp",
    about: About {
        name: "Short Message Peer-to-Peer",
        specification: "SMPP 3.4",
        evidence: "a PDU that binds, whose texts end where it ends",
        limits: "texts of messages",
        ports: &[2775, 3550],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 16;
const ANSWERS: u32 = 0x8000_0000;
/// The longest PDU.
const MOST: u32 = 1 << 16;

/// Command, status and length.
fn head(bytes: &[u8]) -> Option<(u32, u32, usize)> {
    let mut reader = Reader::new(bytes);
    let (length, command, status) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    let fits = (16..MOST).contains(&length) && name(command & !ANSWERS).is_some();
    fits.then_some((command, status, usize::try_from(length).ok()?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes).map(|(_, _, length)| length))
}

/// A text with a zero at its end, of at most so many bytes.
fn text<'a>(reader: &mut Reader<'a>, most: usize) -> Option<&'a [u8]> {
    reader.until(0).filter(|text| text.len() < most && text.iter().all(|byte| matches!(byte, b' '..=b'~')))
}

/// What a bind says: the account, the password, the kind of system.
fn bind(bytes: &[u8]) -> Option<[&[u8]; 3]> {
    let mut reader = Reader::new(bytes);
    let told = [text(&mut reader, 16)?, text(&mut reader, 16)?, text(&mut reader, 13)?];
    let (version, _numbering) = (reader.u8()?, reader.be_u16()?);
    text(&mut reader, 41)?;
    (reader.is_empty() && matches!(version, 0 | 0x33 | 0x34 | 0x50)).then_some(told)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, head(sample.bytes)) {
        (Role::Client, Some((1 | 2 | 9, 0, length))) if length < 128 => match sample.bytes.get(HEAD..length) {
            Some(content) if bind(content).is_some() => Verdict::Match,
            Some(_) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        (Role::Server, Some((0x8000_0001 | 0x8000_0002 | 0x8000_0009, _, 16..128))) => Verdict::Likely,
        (_, None) if sample.bytes.len() < 12 => {
            if matches!(sample.bytes, [0] | [0, 0] | [0, 0, 0] | [0, 0, 0, 16..128, ..]) {
                Verdict::NeedMore
            } else {
                Verdict::Reject
            }
        }
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((command, status, _)) = head(message.bytes) else { return true };
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    if command & ANSWERS != 0 {
        if status != 0 {
            notes.number(&STATUS, u64::from(status));
        } else if matches!(command & !ANSWERS, 1 | 2 | 9) {
            notes.text(&SERVER, content.split(|byte| *byte == 0).next().unwrap_or_default());
        }
        return true;
    }
    notes.tally(&COMMAND, name(command).unwrap_or("other").as_bytes());
    match command {
        1 | 2 | 9 => {
            if let Some([user, password, kind]) = bind(content) {
                notes.text(&USER, user);
                notes.user(user);
                notes.text(&KIND, kind);
                if !password.is_empty() {
                    notes.flag(Flag::CleartextPassword);
                }
            }
        }
        4 | 5 | 0x103 => {
            let mut reader = Reader::new(content);
            let mut addresses = || {
                text(&mut reader, 6)?;
                reader.skip(2)?;
                notes.text(&SOURCE, text(&mut reader, 65)?);
                reader.skip(2)?;
                notes.text(&DESTINATION, text(&mut reader, 65)?);
                Some(())
            };
            let _ = addresses();
        }
        _ => {}
    }
    true
}

const fn name(command: u32) -> Option<&'static str> {
    Some(match command {
        0 => "nack",
        1 => "bind_receiver",
        2 => "bind_transmitter",
        3 => "query",
        4 => "submit",
        5 => "deliver",
        6 => "unbind",
        7 => "replace",
        8 => "cancel",
        9 => "bind_transceiver",
        0x0b => "outbind",
        0x15 => "enquire_link",
        0x21 => "submit_multi",
        0x102 => "alert",
        0x103 => "data",
        _ => return None,
    })
}
