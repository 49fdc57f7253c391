//! H.323's call signalling: H.225.0 in Q.931 messages over TPKT (ITU-T H.225.0 7, Q.931 3 and 4, RFC 1006 6).
//!
//! ```text
//! 03 00 length:16    8 2 reference:16 type:8    then elements
//! element            number:8 >= 80                 alone
//!                    number:8 length:8 value        user-user 7e: length:16  5  PER
//! ```
//!
//! What proves it is H.225.0's object identifier in the user-user element, or Q.931 on both sides. Ignored on purpose: the rest of the PER
//! (H.245's address, aliases), H.245 itself, RAS.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// Bytes of TPKT's header.
const TPKT: usize = 4;
/// The beginning of the identifier `itu-t recommendation h 2250 version`, as PER has it (H.225.0 annex H).
const IDENTIFIER: &[u8] = &[0x08, 0x91, 0x4a, 0x00];
/// The number of the user-user element.
const USER: u8 = 0x7e;

static MESSAGE: Field = Field::text("message", "kinds of messages", "Q.931 3.1").list();
static CALLING: Field = Field::text("calling", "numbers of callers", "Q.931 4.5.10").list();
static CALLED: Field = Field::text("called", "numbers called", "Q.931 4.5.8").list();
static DISPLAY: Field = Field::text("display", "names of parties", "Q.931 4.5.16").list();
static CAUSE: Field = Field::number("cause", "why calls ended", "Q.850 2.2.5").list();
static ELEMENT: Element = Element {
    name: "h323",
    meaning: "H.323 call signalling",
    fields: &[&MESSAGE, &CALLING, &CALLED, &DISPLAY, &CAUSE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "h323",
    about: About {
        name: "H.323 call signalling",
        specification: "ITU-T H.225.0, Q.931",
        evidence: "H.225.0's object identifier, or Q.931 on both sides",
        limits: "H.245 and RAS, most of the PER",
        ports: &[1720],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[3..=3]),
    probe,
    open: |_: &Opening| Box::new(H323::default()),
};

/// How long a TPKT is, its header included.
fn length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [3, 0, high, low, ..] => Some(usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// A Q.931 message.
struct Message<'a> {
    name: &'static str,
    elements: &'a [u8],
}

/// Reads what a TPKT holds.
fn read(content: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(content);
    if reader.array()? != [8, 2] {
        return None;
    }
    reader.skip(2)?;
    let name = name(reader.u8()?)?;
    Some(Message { name, elements: reader.rest() })
}

impl<'a> Message<'a> {
    /// Each element; `None` at last where they do not fill the message.
    fn elements(&self) -> impl Iterator<Item = Option<(u8, &'a [u8])>> + use<'a> {
        let mut reader = Reader::new(self.elements);
        let mut broken = false;
        std::iter::from_fn(move || {
            if reader.is_empty() || broken {
                return None;
            }
            let element = reader.u8().and_then(|number| {
                let length = match number {
                    0x80.. => 0,
                    USER => usize::from(reader.be_u16()?),
                    _ => usize::from(reader.u8()?),
                };
                Some((number, reader.take(length)?))
            });
            broken = element.is_none();
            Some(element)
        })
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if !bytes.iter().zip([3, 0]).all(|(byte, known)| *byte == known) || bytes.get(4).is_some_and(|byte| *byte != 8) {
        return Verdict::Reject;
    }
    if bytes.get(5).is_some_and(|byte| *byte != 2) {
        return Verdict::Reject;
    }
    let Some(whole) = length(bytes).filter(|whole| *whole >= TPKT + 5) else {
        return if bytes.len() < TPKT { Verdict::NeedMore } else { Verdict::Reject };
    };
    let Some(content) = bytes.get(TPKT..whole) else {
        return Verdict::NeedMore;
    };
    let Some(message) = read(content) else {
        return Verdict::Reject;
    };
    let mut proven = false;
    for element in message.elements() {
        let Some((number, value)) = element else {
            return Verdict::Reject;
        };
        proven |= number == USER && value.first() == Some(&5) && memchr::memmem::find(value, IDENTIFIER).is_some();
    }
    if proven { Verdict::Match } else { Verdict::Likely }
}

#[derive(Debug, Default)]
struct H323 {
    messages: List<&'static str>,
    calling: List<Text>,
    called: List<Text>,
    displays: List<Text>,
    causes: List<u64>,
}

impl H323 {
    fn message(&mut self, message: &Message<'_>) {
        self.messages.push_distinct(message.name);
        for (number, value) in message.elements().flatten() {
            // A number stands behind one byte of its kind, or two.
            let digits = match value {
                [0x80..=0xff, rest @ ..] => rest,
                [_, _, rest @ ..] if number == 0x6c => rest,
                [_, rest @ ..] => rest,
                [] => continue,
            };
            match number {
                0x6c => self.calling.push_distinct(Text::new(digits)),
                0x70 => self.called.push_distinct(Text::new(digits)),
                0x28 => self.displays.push_distinct(Text::new(value.strip_suffix(b"\0").unwrap_or(value))),
                0x08 => {
                    if let [_, cause, ..] = value {
                        self.causes.push_distinct(u64::from(cause & 0x7f));
                    }
                }
                _ => {}
            }
        }
    }
}

impl Dissector for H323 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.bytes.len() < TPKT {
            return Step::NeedMore(TPKT);
        }
        let Some(whole) = length(chunk.bytes).filter(|whole| *whole >= TPKT) else {
            return Step::Violation;
        };
        let Some(content) = chunk.bytes.get(TPKT..whole) else {
            return Step::NeedMore(whole);
        };
        if let Some(message) = read(content) {
            self.message(&message);
        }
        Step::Consumed(whole)
    }

    fn facts(&self, out: &mut Facts) {
        let mut h323 = out.element(&ELEMENT);
        h323.list(&MESSAGE, self.messages.items().iter().copied(), self.messages.omitted());
        h323.texts(&CALLING, &self.calling);
        h323.texts(&CALLED, &self.called);
        h323.texts(&DISPLAY, &self.displays);
        h323.list(&CAUSE, self.causes.items().iter().copied(), self.causes.omitted());
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.calling, &self.called, &self.displays].into_iter().flat_map(|list| list.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

/// The name of a message (Q.931 3.1, table 3-1).
fn name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x01 => "alerting",
        0x02 => "call-proceeding",
        0x03 => "progress",
        0x05 => "setup",
        0x07 => "connect",
        0x0d => "setup-acknowledge",
        0x0f => "connect-acknowledge",
        0x45 => "disconnect",
        0x4d => "release",
        0x5a => "release-complete",
        0x62 => "facility",
        0x6e => "notify",
        0x75 => "status-enquiry",
        0x7b => "information",
        0x7d => "status",
        _ => return None,
    })
}
