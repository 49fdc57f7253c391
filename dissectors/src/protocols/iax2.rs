//! IAX2, Asterisk's own protocol for calls (RFC 5456): signalling and media on one port.
//!
//! ```text
//! full frame  1 source:15  R destination:15  timestamp:32  out:8  in:8  type:8  C subclass:7  then elements or media    (8.1.1)
//! mini frame  0 source:15  timestamp:16  media                                                                           (8.1.2)
//! element     type:8 length:8 value                                                                                      (8.6)
//! ```
//!
//! A call's first frame (NEW) or a registration proves itself by its header and elements that fill it. Ignored on purpose: media, the
//! response to a challenge, trunks.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The type of frames that hold elements.
const CONTROL: u8 = 6;

static MESSAGE: Field = Field::text("message", "kinds of control messages", "RFC 5456 8.4").list();
static CALLED: Field = Field::text("called", "numbers called", "RFC 5456 8.6.1").list();
static CALLING: Field = Field::text("calling", "numbers of callers", "RFC 5456 8.6.2").list();
static NAME: Field = Field::text("calling_name", "names of callers", "RFC 5456 8.6.4").list();
static USERNAME: Field = Field::text("username", "accounts", "RFC 5456 8.6.6").list();
static CAUSE: Field = Field::text("cause", "why calls ended or failed", "RFC 5456 8.6.21").list();
static FRAMES: Field = Field::number("media_frames", "frames of media", "RFC 5456 8.1.2");
static ELEMENT: Element = Element {
    name: "iax2",
    meaning: "IAX2",
    fields: &[&MESSAGE, &CALLED, &CALLING, &NAME, &USERNAME, &CAUSE, &FRAMES],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "iax2",
    about: About {
        name: "Inter-Asterisk eXchange 2",
        specification: "RFC 5456",
        evidence: "a call's first frame or a registration with elements that fill it",
        limits: "media and trunks",
        ports: &[4569],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x80..=0xff]),
    probe,
    open: |_: &Opening| Box::new(Iax2::default()),
};

/// A control frame.
struct Control<'a> {
    destination: u16,
    numbers: [u8; 2],
    subclass: u8,
    elements: &'a [u8],
}

/// Reads a full frame of control messages.
fn read(datagram: &[u8]) -> Option<Control<'_>> {
    let mut reader = Reader::new(datagram);
    let source = reader.be_u16()?;
    let destination = reader.be_u16()?;
    reader.skip(4)?;
    let numbers = reader.array()?;
    let [kind, subclass] = reader.array()?;
    let fits = source & 0x8000 != 0 && source & 0x7fff != 0 && kind == CONTROL && name(subclass).is_some();
    fits.then_some(Control { destination: destination & 0x7fff, numbers, subclass, elements: reader.rest() })
}

/// Each element; `None` at last where they do not fill the frame.
fn elements(bytes: &[u8]) -> impl Iterator<Item = Option<(u8, &[u8])>> {
    let mut reader = Reader::new(bytes);
    let mut broken = false;
    std::iter::from_fn(move || {
        if reader.is_empty() || broken {
            return None;
        }
        let element =
            reader.array().and_then(|[kind, length]: [u8; 2]| Some((kind, reader.take(usize::from(length))?)));
        broken = element.is_none();
        Some(element)
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(control) = read(sample.bytes) else {
        return Verdict::Reject;
    };
    let known = |element: Option<(u8, &[u8])>| element.is_some_and(|(kind, _)| matches!(kind, 1..=0x3b));
    if !elements(control.elements).all(known) {
        return Verdict::Reject;
    }
    if control.elements.is_empty() {
        // Twelve bytes of which two are known.
        return Verdict::NeedMore;
    }
    let begins = control.destination == 0 && control.numbers == [0, 0];
    let version = elements(control.elements).flatten().any(|element| matches!(element, (11, [0, 2])));
    let user = elements(control.elements).flatten().any(|(kind, value)| kind == 6 && !value.is_empty());
    match control.subclass {
        1 if begins && version => Verdict::Match,
        13 if begins && user => Verdict::Match,
        _ => Verdict::Likely,
    }
}

#[derive(Debug, Default)]
struct Iax2 {
    messages: List<&'static str>,
    called: List<Text>,
    calling: List<Text>,
    names: List<Text>,
    users: List<Text>,
    causes: List<Text>,
    media: u64,
}

impl Dissector for Iax2 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(control) = read(chunk.bytes) {
            self.messages.push_distinct(name(control.subclass).unwrap_or_default());
            for (kind, value) in elements(control.elements).flatten().filter(|(_, value)| !value.is_empty()) {
                match kind {
                    1 => self.called.push_distinct(Text::new(value)),
                    2 => self.calling.push_distinct(Text::new(value)),
                    4 => self.names.push_distinct(Text::new(value)),
                    6 => self.users.push_distinct(Text::new(value)),
                    22 => self.causes.push_distinct(Text::new(value)),
                    _ => {}
                }
            }
        } else if matches!(chunk.bytes, [0x00..=0x7f, _, _, _, _, ..] | [_, _, _, _, _, _, _, _, _, _, 2 | 3, ..]) {
            self.media = self.media.saturating_add(1);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        if let Some(user) = self.users.items().first() {
            out.user(user);
        }
        let mut iax2 = out.element(&ELEMENT);
        iax2.list(&MESSAGE, self.messages.items().iter().copied(), self.messages.omitted());
        for (field, list) in [
            (&CALLED, &self.called),
            (&CALLING, &self.calling),
            (&NAME, &self.names),
            (&USERNAME, &self.users),
            (&CAUSE, &self.causes),
        ] {
            iax2.texts(field, list);
        }
        if self.media > 0 {
            iax2.number(&FRAMES, self.media);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.called, &self.calling, &self.names, &self.users, &self.causes];
        let texts = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        size_of::<Self>() + texts.sum::<usize>() + size_of_val(self.messages.items())
    }
}

/// The name of a control message (RFC 5456 8.4).
fn name(subclass: u8) -> Option<&'static str> {
    Some(match subclass {
        1 => "new",
        2 => "ping",
        3 => "pong",
        4 => "ack",
        5 => "hangup",
        6 => "reject",
        7 => "accept",
        8 => "authentication-request",
        9 => "authentication-reply",
        10 => "invalid",
        11 => "lag-request",
        12 => "lag-reply",
        13 => "register",
        14 => "register-authentication",
        15 => "register-acknowledge",
        16 => "register-reject",
        17 => "register-release",
        18 => "retransmit",
        19 => "dial-plan-request",
        20 => "dial-plan-reply",
        21 => "dial",
        22 => "transfer-request",
        23 => "transfer-connect",
        24 => "transfer-accept",
        25 => "transfer-ready",
        26 => "transfer-release",
        27 => "transfer-reject",
        28 => "quelch",
        29 => "unquelch",
        30 => "poke",
        32 => "message-waiting",
        33 => "unsupported",
        34 => "transfer",
        _ => return None,
    })
}
