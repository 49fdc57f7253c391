//! BJNP, the protocol of Canon's printers and scanners.
//!
//! Specification: not published; backend pixma of SANE and the CUPS backend bjnp.
//!
//! ```text
//! message   "BJNP" or "MFNP" or "BJNB"  kind:1 (1 printer 2 scanner; +128 an answer)  command:1  zero:4  sequence:2 or 4 ...  length:4  content
//!           16 bytes, then the content
//! commands  01 discover  10 start of a job  11 its end  20 read  21 write  30 identity  32 status
//! job       ... host in UTF-16 (64 bytes)  user (64)  title (256), from the eighth byte of the content on
//! ```
//!
//! The name, and the length that is the message's, prove it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static DEVICE: Field = Field::text("device", "`printer`, `scanner`", "BJNP").list();
static COMMAND: Field = Field::text("command", "commands, each with how often", "BJNP").list();
static IDENTITY: Field = Field::text("identity", "what the device says of itself (IEEE 1284)", "BJNP").long();

static ELEMENT: Element =
    Element { name: "bjnp", meaning: "a printer or scanner of Canon", fields: &[&DEVICE, &COMMAND, &IDENTITY] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "bjnp",
    about: About {
        name: "Canon's BJNP",
        specification: "not published; SANE's backend pixma",
        evidence: "the name and the length",
        limits: "what is printed or scanned",
        ports: &[8611, 8612, 8613, 8614],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'B'..=b'B', b'M'..=b'M']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 16;
const NAMES: [&[u8]; 3] = [b"BJNP", b"MFNP", b"BJNB"];

/// Kind, command and content's length.
fn head(bytes: &[u8]) -> Option<(u8, u8, usize)> {
    let mut reader = Reader::new(bytes);
    let (name, kind, command) = (reader.take(4)?, reader.u8()?, reader.u8()?);
    reader.skip(6)?;
    let length = reader.be_u32()?;
    let known = NAMES.contains(&name) && matches!(kind & 0x7f, 1 | 2) && command < 0x80 && length < 1 << 20;
    known.then_some((kind, command, usize::try_from(length).ok()?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes).map(|(_, _, length)| length.saturating_add(HEAD)))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let stream = sample.transport == Transport::Tcp;
    let name = sample.bytes.get(..4).unwrap_or(sample.bytes);
    if !NAMES.iter().any(|known| known.starts_with(name)) {
        return Verdict::Reject;
    }
    match head(sample.bytes) {
        Some((kind, _, _)) if (kind & 0x80 != 0) != (sample.role == Role::Server) => Verdict::Reject,
        Some((_, _, length)) if stream || length.saturating_add(HEAD) == sample.bytes.len() => Verdict::Match,
        None if stream && sample.bytes.len() < HEAD => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((kind, command, _)) = head(message.bytes) else { return true };
    notes.plain(&DEVICE, if kind & 0x7f == 1 { "printer" } else { "scanner" });
    notes.tally(&COMMAND, name(command).as_bytes());
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    if command == 0x30 && message.role == Role::Server {
        // Two bytes of length, then the text.
        notes.text(&IDENTITY, content.get(2..).unwrap_or_default());
    }
    true
}

const fn name(command: u8) -> &'static str {
    match command {
        0x01 => "discover",
        0x10 => "start",
        0x11 => "end",
        0x20 => "read",
        0x21 => "write",
        0x30 => "identity",
        0x32 => "status",
        _ => "other",
    }
}
