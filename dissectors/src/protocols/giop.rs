//! GIOP, the messages of CORBA (OMG CORBA 3.4 part 2; IIOP).
//!
//! ```text
//! message  "GIOP" major:1 minor:1 flags:1 (bit 0: least first) kind:1 length:4  content
//! request  1.0, 1.1  contexts  id:4 expected:1 [zero:3] key:(length:4 bytes) operation:(length:4 text 0) ...
//!          1.2       id:4 flags:1 zero:3 address:2 (0: key:(length:4 bytes)) operation:(length:4 text 0) ...
//! reply    1.0, 1.1  contexts  id:4 status:4       1.2  id:4 status:4 ...
//! kinds    0 request 1 reply 2 cancel 3 locate 4 located 5 close 6 error 7 fragment
//! ```
//!
//! The name with a version, flags and kind that exist proves it. Arguments are not read.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "version of the messages", "CORBA part 2, 9.4.1");
static KIND: Field = Field::text("message", "messages, each with how often", "CORBA part 2, 9.4.1").list();
static OPERATION: Field =
    Field::text("operation", "operations that were asked for, each with how often", "CORBA part 2, 9.4.2").list();
static OBJECT: Field = Field::text("object", "keys of objects, each once", "CORBA part 2, 9.4.2").list();
static STATUS: Field = Field::text("status", "answers, each with how often", "CORBA part 2, 9.4.3").list();

static ELEMENT: Element =
    Element { name: "giop", meaning: "objects of CORBA", fields: &[&VERSION, &KIND, &OPERATION, &OBJECT, &STATUS] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "giop",
    about: About {
        name: "General Inter-ORB Protocol",
        specification: "OMG CORBA 3.4, part 2",
        evidence: "the name with a version, flags and kind that exist",
        limits: "arguments; compressed messages (ZIOP)",
        ports: &[],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'G'..=b'G']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 12;
/// The most service contexts before a request's id.
const CONTEXTS: usize = 16;
/// The longest key of an object that is passed over.
const KEY_BYTES: u32 = 2048;

/// Reads as CORBA's streams are laid out: numbers stand at multiples of their size, counted from the message's beginning.
struct Stream<'a> {
    whole: &'a [u8],
    reader: Reader<'a>,
    little: bool,
}

impl<'a> Stream<'a> {
    fn long(&mut self) -> Option<u32> {
        let at = self.whole.len().saturating_sub(self.reader.len());
        self.reader.skip(at.next_multiple_of(4).saturating_sub(at))?;
        if self.little { self.reader.le_u32() } else { self.reader.be_u32() }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.long().filter(|length| *length <= KEY_BYTES)?;
        self.reader.take(usize::try_from(length).ok()?)
    }

    fn contexts(&mut self) -> Option<()> {
        let count = self.long().filter(|count| *count as usize <= CONTEXTS)?;
        for _ in 0..count {
            self.long()?;
            self.bytes()?;
        }
        Some(())
    }
}

/// A head: version, order, kind, length.
fn head(bytes: &[u8]) -> Option<([u8; 2], bool, u8, usize)> {
    let mut reader = Reader::new(bytes);
    (reader.take(4)? == b"GIOP").then_some(())?;
    let (version, flags, kind) = (reader.array::<2>()?, reader.u8()?, reader.u8()?);
    let little = flags & 1 == 1;
    let length = if little { reader.le_u32()? } else { reader.be_u32()? };
    let known = matches!(version, [1, 0..=4]) && flags <= 7 && kind <= 7 && length < 1 << 30;
    known.then_some((version, little, kind, usize::try_from(length).ok()?))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes)?.3.checked_add(HEAD))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match head(sample.bytes) {
        Some((_, _, 0 | 2 | 3, _)) if sample.role == Role::Client => Verdict::Match,
        Some((_, _, 1 | 4, _)) if sample.role == Role::Server => Verdict::Match,
        Some((_, _, 5..=7, _)) => Verdict::Match,
        None if sample.bytes.len() < HEAD && b"GIOP\x01".iter().zip(sample.bytes).all(|(a, b)| a == b) => {
            Verdict::NeedMore
        }
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some(([major, minor], little, kind, _)) = head(message.bytes) else { return true };
    notes.text(&VERSION, format!("{major}.{minor}").as_bytes());
    notes.tally(&KIND, name(kind).as_bytes());
    let mut reader = Reader::new(message.bytes);
    if reader.skip(HEAD).is_none() {
        return true;
    }
    let mut stream = Stream { whole: message.bytes, reader, little };
    let _ = match kind {
        0 => request(notes, &mut stream, minor),
        1 => reply(notes, &mut stream, minor),
        _ => None,
    };
    true
}

fn request(notes: &mut Notes, stream: &mut Stream<'_>, minor: u8) -> Option<()> {
    if minor < 2 {
        stream.contexts()?;
    }
    let _id = stream.long()?;
    let _flags = stream.reader.u8()?;
    if minor >= 1 {
        stream.reader.skip(3)?;
    }
    if minor >= 2 {
        // An address of a key; others name a profile.
        let kind = if stream.little { stream.reader.le_u16()? } else { stream.reader.be_u16()? };
        (kind == 0).then_some(())?;
    }
    let key = stream.bytes()?;
    let operation = stream.bytes()?;
    if key.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        notes.text(&OBJECT, key);
    }
    notes.tally(&OPERATION, operation.strip_suffix(&[0]).unwrap_or(operation));
    Some(())
}

fn reply(notes: &mut Notes, stream: &mut Stream<'_>, minor: u8) -> Option<()> {
    if minor < 2 {
        stream.contexts()?;
    }
    let _id = stream.long()?;
    let status = match stream.long()? {
        0 => "done",
        1 => "user-exception",
        2 => "system-exception",
        3 | 4 => "forward",
        5 => "addressing",
        _ => return None,
    };
    notes.tally(&STATUS, status.as_bytes());
    Some(())
}

const fn name(kind: u8) -> &'static str {
    match kind {
        0 => "request",
        1 => "reply",
        2 => "cancel",
        3 => "locate",
        4 => "located",
        5 => "close",
        6 => "error",
        _ => "fragment",
    }
}
