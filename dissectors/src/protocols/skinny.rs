//! SCCP, "Skinny": Cisco's phones and their call manager. The layouts are not published; they are known from what phones send.
//!
//! ```text
//! length:32  version:32  message:32  body           little-endian; the length counts from the message's number
//! ```
//!
//! A phone's registration proves itself; other messages want the other side's to agree. Limits: bodies of [`BODY_CAP`]. Ignored on purpose:
//! keys, lamps, soft keys, capabilities.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::news::{Expected, NEWS_CAP, News, Place};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// Bytes before a body.
const HEADER: usize = 12;
/// The longest body.
const BODY_CAP: u32 = 4096;

static MESSAGES: Field = Field::number("messages", "messages", "observed");
static DEVICE: Field = Field::text("device", "the phone's name", "observed");
static MESSAGE: Field = Field::text("message", "kinds of messages, as far as they have a name here", "observed").list();
static CALLING: Field = Field::text("calling", "numbers of callers", "observed").list();
static CALLED: Field = Field::text("called", "numbers called", "observed").list();
static ELEMENT: Element =
    Element { name: "skinny", meaning: "SCCP", fields: &[&MESSAGES, &DEVICE, &MESSAGE, &CALLING, &CALLED] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "skinny",
    about: About {
        name: "Skinny Client Control Protocol",
        specification: "not published; what phones send",
        evidence: "a phone's registration; other messages with the other side's",
        limits: "keys, lamps and capabilities",
        ports: &[2000, 2443],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |_: &Opening| Box::new(Skinny::default()),
};

/// A message's header.
struct Header {
    length: u32,
    message: u32,
}

impl Header {
    /// `None` where it is none, or where there are too few bytes.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (length, version, message) = (reader.le_u32()?, reader.le_u32()?, reader.le_u32()?);
        let sound = (4..=BODY_CAP).contains(&length) && matches!(version, 0 | 3..=22) && message < 0x200;
        sound.then_some(Self { length, message })
    }

    /// Bytes of the whole message.
    fn whole(&self) -> usize {
        (self.length as usize).saturating_add(HEADER - 4)
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.len() < HEADER {
        let fits = sample.bytes.iter().enumerate().all(|(at, byte)| match at {
            1 => *byte <= 0x10,
            4 => *byte <= 22,
            2 | 3 | 5..=7 | 10 | 11 => *byte == 0,
            _ => true,
        });
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    }
    let Some(header) = Header::read(sample.bytes) else {
        return Verdict::Reject;
    };
    let Some(body) = sample.bytes.get(HEADER..header.whole()) else {
        return Verdict::NeedMore;
    };
    match (sample.role, header.message) {
        (Role::Client, 0x01) => match device(body) {
            Some(_) => Verdict::Match,
            None => Verdict::Reject,
        },
        (Role::Client, 0x00 | 0x20) if header.length == 4 => Verdict::NeedMore,
        (Role::Server, 0x81) if matches!(header.length, 20..=64) => Verdict::Likely,
        (Role::Client, 0x02..=0x60) | (Role::Server, 0x82..=0x160) if name(header.message).is_some() => {
            Verdict::NeedMore
        }
        _ => Verdict::Reject,
    }
}

/// The name in a registration: `SEP` and a hardware address, or the like.
fn device(body: &[u8]) -> Option<&[u8]> {
    let name = text(body.get(..16)?);
    let rest = body.get(name.len()..16)?;
    let sound = name.len() >= 4 && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (sound && name.first()?.is_ascii_alphabetic() && rest.iter().all(|byte| *byte == 0)).then_some(name)
}

/// What stands before the first zero.
fn text(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    field.get(..end).unwrap_or(field)
}

#[derive(Debug, Default)]
struct Skinny {
    messages: u64,
    device: Option<Text>,
    names: List<&'static str>,
    calling: List<Text>,
    called: List<Text>,
    news: VecDeque<News>,
}

impl Skinny {
    fn message(&mut self, number: u32, body: &[u8]) -> Option<()> {
        self.messages = self.messages.saturating_add(1);
        if let Some(name) = name(number) {
            self.names.push_distinct(name);
        }
        let mut reader = Reader::new(body);
        match number {
            0x01 => self.device = self.device.take().or_else(|| device(body).map(Text::new)),
            // A port that was opened: status, address, port. Later versions put a family before the address.
            0x22 => {
                reader.skip(4)?;
                self.expect(&mut reader)?;
            }
            // Where to send to: conference, party, address, port.
            0x8a => {
                reader.skip(8)?;
                self.expect(&mut reader)?;
            }
            // The names and numbers of both: 40, 24, 40 and 24 bytes; of the later, shorter layout nothing is told.
            0x8f => {
                let (_, calling) = (reader.take(40)?, text(reader.take(24)?));
                let (_, called) = (reader.take(40)?, text(reader.take(24)?));
                for (list, number) in [(&mut self.calling, calling), (&mut self.called, called)] {
                    if !number.is_empty() && number.iter().all(|byte| byte.is_ascii_graphic()) {
                        list.push_distinct(Text::new(number));
                    }
                }
            }
            _ => {}
        }
        Some(())
    }

    fn expect(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let mut address = reader.array::<4>()?;
        let port = if address == [0; 4] {
            address = reader.array()?;
            reader.skip(12)?;
            reader.le_u32()?
        } else {
            reader.le_u32()?
        };
        let port = u16::try_from(port).ok().filter(|port| *port > 0)?;
        let address = IpAddr::from(Ipv4Addr::from(address));
        for (port, app) in [(Some(port), "rtp"), (port.checked_add(1), "rtcp")] {
            if let (Some(port), true) = (port, self.news.len() < NEWS_CAP && !address.is_unspecified()) {
                let at = Place::Any(address, port);
                let expected = Expected { transport: Transport::Udp, at, peer: None, app, file: None };
                self.news.push_back(News::Expect(expected));
            }
        }
        Some(())
    }
}

impl Dissector for Skinny {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.bytes.len() < HEADER {
            return Step::NeedMore(HEADER);
        }
        let Some(header) = Header::read(chunk.bytes) else {
            return Step::Violation;
        };
        let Some(body) = chunk.bytes.get(HEADER..header.whole()) else {
            return Step::NeedMore(header.whole());
        };
        self.message(header.message, body);
        Step::Consumed(header.whole())
    }

    fn facts(&self, out: &mut Facts) {
        let mut skinny = out.element(&ELEMENT);
        if self.messages > 0 {
            skinny.number(&MESSAGES, self.messages);
        }
        skinny.maybe(&DEVICE, self.device.as_ref());
        skinny.list(&MESSAGE, self.names.items().iter().copied(), self.names.omitted());
        skinny.texts(&CALLING, &self.calling);
        skinny.texts(&CALLED, &self.called);
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.calling.items().iter().chain(self.called.items()).chain(&self.device);
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

/// The names of messages that tell something.
fn name(message: u32) -> Option<&'static str> {
    Some(match message {
        0x00 => "keepalive",
        0x01 => "register",
        0x02 => "ip-port",
        0x03 => "keypad",
        0x06 => "off-hook",
        0x07 => "on-hook",
        0x10 => "capabilities",
        0x20 => "alarm",
        0x22 => "open-receive-channel-ack",
        0x26 => "soft-key",
        0x27 => "unregister",
        0x81 => "register-ack",
        0x82 => "start-tone",
        0x83 => "stop-tone",
        0x85 => "set-ringer",
        0x86 => "set-lamp",
        0x8a => "start-media",
        0x8b => "stop-media",
        0x8f => "call-info",
        0x9b => "capabilities-request",
        0x9d => "register-reject",
        0x9f => "reset",
        0x100 => "keepalive-ack",
        0x105 => "open-receive-channel",
        0x106 => "close-receive-channel",
        0x111 => "call-state",
        0x118 => "unregister-ack",
        _ => return None,
    })
}
