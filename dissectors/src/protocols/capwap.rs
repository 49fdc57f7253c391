//! CAPWAP's control channel in the clear: an access point looks for its controller (RFC 5415 4). What follows is DTLS.
//!
//! ```text
//! preamble   0:4 version  type:4           1: a DTLS record follows behind three more zeros
//! header     length:5 radio:5 binding:5 T F L W M K flags:3   fragment:16  offset:13 0:3   [radio's address] [wireless]
//! control    enterprise:24 message:8  sequence:8  length:16  flags:8 = 0     then elements
//! element    type:16 length:16 value
//! ```
//!
//! A message is believed if its elements fill it. A session that goes on in DTLS is called `dtls`. Ignored on purpose: fragments, most
//! elements, the data channel.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::protocols::tls;
use crate::reader::Reader;

static MESSAGE: Field = Field::text("message", "kinds of control messages", "RFC 5415 4.5.1.1").list();
static CONTROLLER: Field = Field::text("controller", "names of controllers", "RFC 5415 4.6.4").list();
static ACCESS_POINT: Field = Field::text("access_point", "names of access points", "RFC 5415 4.6.45").list();
static LOCATION: Field = Field::text("location", "where access points are", "RFC 5415 4.6.30").list();
static ELEMENT: Element =
    Element { name: "capwap", meaning: "CAPWAP control", fields: &[&MESSAGE, &CONTROLLER, &ACCESS_POINT, &LOCATION] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "capwap",
    about: About {
        name: "CAPWAP, control channel in the clear",
        specification: "RFC 5415",
        evidence: "elements that fill the message",
        limits: "fragments and the data channel; a session that goes on in DTLS is `dtls`",
        ports: &[5246, 5247],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe: |sample: &Sample<'_>| if read(sample.bytes).is_some() { Verdict::Match } else { Verdict::Reject },
    open: |_: &Opening| Box::new(Capwap::default()),
};

/// A control message.
struct Message<'a> {
    name: &'static str,
    elements: &'a [u8],
}

/// Reads a datagram; `None` where it is no message to its last byte.
fn read(datagram: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(datagram);
    let [preamble, first, second, third] = reader.array()?;
    let fragment = reader.be_u32()?;
    let words = usize::from(first >> 3);
    // No fragment, no data, binding 802.11 or none.
    let binding = (second & 0x3e) >> 1;
    if preamble != 0 || !(2..=16).contains(&words) || binding > 3 || third & 0x80 != 0 || fragment != 0 {
        return None;
    }
    reader.skip(words.checked_mul(4)?.checked_sub(8)?)?;
    let enterprise = reader.be_u24()?;
    let name = name(reader.u8()?).filter(|_| enterprise == 0)?;
    reader.skip(1)?;
    // The length counts from its own flags on, with some from itself.
    let length = usize::from(reader.be_u16()?);
    let flags = reader.u8()?;
    let left = reader.len();
    if flags != 0 || !(left..=left.saturating_add(3)).contains(&length) {
        return None;
    }
    let message = Message { name, elements: reader.rest() };
    message.elements().all(|element| element.is_some()).then_some(message)
}

impl<'a> Message<'a> {
    fn elements(&self) -> impl Iterator<Item = Option<(u16, &'a [u8])>> + use<'a> {
        let mut reader = Reader::new(self.elements);
        let mut broken = false;
        std::iter::from_fn(move || {
            if reader.is_empty() || broken {
                return None;
            }
            let element = reader.be_u16().zip(reader.be_u16());
            let element = element.and_then(|(kind, length)| Some((kind, reader.take(usize::from(length))?)));
            broken = element.is_none();
            Some(element)
        })
    }
}

#[derive(Debug, Default)]
struct Capwap {
    messages: List<&'static str>,
    controllers: List<Text>,
    access_points: List<Text>,
    locations: List<Text>,
    dtls: bool,
}

impl Dissector for Capwap {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let [1, 0, 0, 0, 20..=26, 0xfe | 1, ..] = chunk.bytes {
            self.dtls = true;
            return Step::Handover(0, Some(&tls::dtls::PROTOCOL));
        }
        if let Some(message) = read(chunk.bytes) {
            self.messages.push_distinct(message.name);
            for (kind, value) in message.elements().flatten().filter(|(_, value)| !value.is_empty()) {
                match kind {
                    4 => self.controllers.push_distinct(Text::new(value)),
                    28 => self.locations.push_distinct(Text::new(value)),
                    45 => self.access_points.push_distinct(Text::new(value)),
                    _ => {}
                }
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut capwap = out.element(&ELEMENT);
        capwap.list(&MESSAGE, self.messages.items().iter().copied(), self.messages.omitted());
        capwap.texts(&CONTROLLER, &self.controllers);
        capwap.texts(&ACCESS_POINT, &self.access_points);
        capwap.texts(&LOCATION, &self.locations);
    }

    fn app(&self) -> Option<&'static str> {
        self.dtls.then_some("dtls")
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.controllers, &self.access_points, &self.locations].into_iter().flat_map(|list| list.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

/// The name of a message (RFC 5415 4.5.1.1).
fn name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "discovery-request",
        2 => "discovery-response",
        3 => "join-request",
        4 => "join-response",
        5 => "configuration-request",
        6 => "configuration-response",
        7 => "update-request",
        8 => "update-response",
        9 => "event-request",
        10 => "event-response",
        11 => "change-state-request",
        12 => "change-state-response",
        13 => "echo-request",
        14 => "echo-response",
        15 => "image-request",
        16 => "image-response",
        17 => "reset-request",
        18 => "reset-response",
        19 => "primary-discovery-request",
        20 => "primary-discovery-response",
        21 => "transfer-request",
        22 => "transfer-response",
        25 => "station-request",
        26 => "station-response",
        _ => return None,
    })
}
