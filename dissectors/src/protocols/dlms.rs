//! DLMS/COSEM: electricity and other meters that are read over IP (IEC 62056-4-7 for the wrapper, IEC 62056-5-3 for what it holds).
//!
//! ```text
//! wrapper  version:2 (1)  source:2 destination:2 length:2   content
//! AARQ     60 length  a1 09 06 07 60 85 74 05 08 01 n     AARE  61 length ...     (the application context, 2.16.756.5.8.1.n)
//! get      c0 kind:1 id:1 class:2 object:6 attribute:1 selection:1      answer c4     set c1, c5    action c3, c7    glo-.. c8..cf, d8..: ciphered
//! ```
//!
//! A wrapper that is filled by an association of DLMS proves it; one filled by a request for an object fits, and wants its answer.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static CONTEXT: Field =
    Field::text("context", "how objects are named: `ln`, `sn`, and whether it is ciphered", "IEC 62056-5-3 7.2");
static CLIENT: Field =
    Field::number("client", "the client's port in the wrapper; 16 is the public one", "IEC 62056-4-7");
static SERVER: Field = Field::number("server", "the meter's logical device", "IEC 62056-4-7");
static MESSAGE: Field =
    Field::text("message", "what was asked and answered, each with how often", "IEC 62056-5-3").list();
static OBJECT: Field = Field::text("object", "objects (OBIS) that were asked for, each once", "IEC 62056-6-1").list();

static ELEMENT: Element =
    Element { name: "dlms", meaning: "a meter that is read", fields: &[&CONTEXT, &CLIENT, &SERVER, &MESSAGE, &OBJECT] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dlms",
    about: About {
        name: "DLMS/COSEM over IP",
        specification: "IEC 62056-4-7, IEC 62056-5-3",
        evidence: "a wrapper filled by an association of DLMS",
        limits: "values; HDLC frames",
        ports: &[4059],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 8;
/// Contexts of DLMS, but for the last number.
const CONTEXTS: &[u8] = &[0x60, 0x85, 0x74, 0x05, 0x08, 0x01];

/// Source, destination and the content's length.
fn head(bytes: &[u8]) -> Option<(u16, u16, usize)> {
    let mut reader = Reader::new(bytes);
    let (version, source, destination) = (reader.be_u16()?, reader.be_u16()?, reader.be_u16()?);
    let length = usize::from(reader.be_u16()?);
    (version == 1 && source != destination && length >= 2).then_some((source, destination, length))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes)?.2.checked_add(HEAD))
}

/// The number of an association's context.
fn context(content: &[u8]) -> Option<u8> {
    let at = memchr::memmem::find(content.get(..40).unwrap_or(content), CONTEXTS)?;
    content.get(at.checked_add(CONTEXTS.len())?).copied().filter(|context| (1..=4).contains(context))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let stream = sample.transport == Transport::Tcp;
    let Some((_, _, length)) = head(sample.bytes) else {
        let short = stream && matches!(sample.bytes, [0] | [0, 1, ..]) && sample.bytes.len() < HEAD;
        return if short { Verdict::NeedMore } else { Verdict::Reject };
    };
    let content = sample.bytes.get(HEAD..).unwrap_or_default();
    if !stream && content.len() != length {
        return Verdict::Reject;
    }
    match (sample.role, content) {
        (_, []) if stream => Verdict::NeedMore,
        (Role::Client, [0x60, rest @ ..]) | (Role::Server, [0x61, rest @ ..]) => {
            if context(rest).is_some() {
                Verdict::Match
            } else if stream && content.len() < length.min(40) {
                Verdict::NeedMore
            } else {
                Verdict::Reject
            }
        }
        // A request for one attribute of an object: its classes are few.
        (Role::Client, [0xc0, 1, _, 0, 1..=124, _, _, _, _, _, _, 1..=32, 0 | 1, ..]) => Verdict::Likely,
        (Role::Server, [0xc4, 1, _, 0 | 1, ..]) => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((source, destination, _)) = head(message.bytes) else { return true };
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    if message.role == Role::Client {
        notes.number(&CLIENT, u64::from(source));
        notes.number(&SERVER, u64::from(destination));
    }
    let Some(kind) = content.first() else { return true };
    let name = match kind {
        0x60 | 0x61 => "associate",
        0x62 | 0x63 => "release",
        0x05 | 0x06 | 0x0c | 0x0d => "short-name",
        0xc0 | 0xc4 => "get",
        0xc1 | 0xc5 => "set",
        0xc2 => "event",
        0xc3 | 0xc7 => "action",
        0x0f => "notification",
        0xc8..=0xdf => "ciphered",
        _ => "other",
    };
    notes.tally(&MESSAGE, name.as_bytes());
    match (kind, content) {
        (0x60, rest) => {
            let names = ["ln", "sn", "ln-ciphered", "sn-ciphered"];
            let context = context(rest).and_then(|context| names.get(usize::from(context).checked_sub(1)?));
            notes.text(&CONTEXT, context.unwrap_or(&"").as_bytes());
        }
        (0xc0 | 0xc1 | 0xc3, [_, 1, _, _, _, a, b, c, d, e, f, ..]) => {
            notes.text(&OBJECT, format!("{a}-{b}:{c}.{d}.{e}.{f}").as_bytes());
        }
        (0xc8..=0xdf, _) => notes.encrypted(),
        _ => {}
    }
    true
}
