//! HiSLIP, by which instruments of a laboratory are spoken to (IVI-6.1).
//!
//! ```text
//! message   "HS"  kind:1 control:1 parameter:4 length:8   payload
//! 0 initialise: payload is the sub-address, parameter the version and the vendor    1 its answer    6, 7 data    17, 18 the other channel
//! ```
//!
//! The letters with an initialisation prove it, or its answer.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "version that the client has", "IVI-6.1, 6.1");
static VENDOR: Field =
    Field::text("vendor", "vendors of both sides' software, two letters each", "IVI-6.1, 6.1").list();
static ADDRESS: Field = Field::text("sub_address", "which instrument", "IVI-6.1, 6.1");
static MESSAGE: Field = Field::text("message", "messages, each with how often", "IVI-6.1, table 4").list();
static COMMAND: Field = Field::text("command", "what instruments were told, the first words", "IVI-6.1, 6.5").list();

static ELEMENT: Element = Element {
    name: "hislip",
    meaning: "an instrument of a laboratory",
    fields: &[&VERSION, &VENDOR, &ADDRESS, &MESSAGE, &COMMAND],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "hislip",
    about: About {
        name: "High-Speed LAN Instrument Protocol",
        specification: "IVI-6.1",
        evidence: "an initialisation or its answer",
        limits: "measurements",
        ports: &[4880],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'H'..=b'H']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 16;

/// Kind, parameter and length of the payload.
fn head(bytes: &[u8]) -> Option<(u8, [u8; 4], usize)> {
    let mut reader = Reader::new(bytes);
    (reader.take(2)? == b"HS").then_some(())?;
    let (kind, _control, parameter, length) = (reader.u8()?, reader.u8()?, reader.array::<4>()?, reader.be_u64()?);
    (kind <= 34 || kind >= 128).then_some((kind, parameter, usize::try_from(length).ok()?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes)?.2.checked_add(HEAD))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, head(sample.bytes)) {
        (Role::Client, Some((0, [major, ..], 0..=255))) if major <= 9 => Verdict::Match,
        (Role::Client, Some((17, _, 0))) => Verdict::Match,
        (Role::Server, Some((1 | 18, _, 0))) => Verdict::Match,
        (_, None) if sample.bytes.len() < HEAD && b"HS".iter().zip(sample.bytes).all(|(a, b)| a == b) => {
            Verdict::NeedMore
        }
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((kind, parameter, _)) = head(message.bytes) else { return true };
    let payload = message.bytes.get(HEAD..).unwrap_or_default();
    notes.tally(&MESSAGE, name(kind).as_bytes());
    match kind {
        0 => {
            let [major, minor, vendor @ ..] = parameter;
            notes.text(&VERSION, format!("{major}.{minor}").as_bytes());
            notes.text(&VENDOR, &vendor);
            notes.text(&ADDRESS, payload);
        }
        18 => notes.text(&VENDOR, parameter.get(2..).unwrap_or_default()),
        6 | 7 if message.role == Role::Client => {
            let end = payload.iter().position(|byte| !matches!(byte, b'!'..=b'~')).unwrap_or(payload.len());
            notes.text(&COMMAND, payload.get(..end.min(64)).unwrap_or_default());
        }
        _ => {}
    }
    true
}

const fn name(kind: u8) -> &'static str {
    match kind {
        0 | 1 => "initialise",
        2 => "fatal-error",
        3 => "error",
        4 | 5 => "lock",
        6 => "data",
        7 => "data-end",
        8 | 9 => "clear",
        12 => "trigger",
        17 | 18 => "asynchronous",
        20 => "service-request",
        21 | 22 => "status",
        _ => "other",
    }
}
