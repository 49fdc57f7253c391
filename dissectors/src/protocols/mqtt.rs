//! MQTT 3.1, 3.1.1 and 5: who connects, topics, the last will, the broker's answer.
//!
//! OASIS "MQTT Version 3.1.1" and "MQTT Version 5.0"; "MQTT V3.1 Protocol Specification" (IBM, 2010).
//!
//! ```text
//! packet      type:4 flags:4 (bits), length: 1 to 4 bytes of 7 bits, least significant first, then so many bytes
//! CONNECT     name level:1 flags:1 keep_alive:2 [properties] client_id [[properties] will_topic will] [user] [password]
//! PUBLISH     topic [id:2, where QoS > 0] [properties] message          SUBSCRIBE  id:2 [properties] (filter options:1)*
//! text        length:2 bytes                                            properties (5 only)  length, then id and value
//! ```
//!
//! Recognised by CONNECT; a session whose beginning was not seen by packets that are whole and follow one another. Messages themselves
//! are passed over, the will and the password too. Inside TLS and WebSocket nothing is seen of it.
//!
//! Limits: of a packet the first [`READ_BYTES`]. After a gap the side that misses bytes is silent.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, framed, is_text};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "mqtt",
    about: About {
        name: "MQTT 3.1, 3.1.1 and 5",
        specification: "OASIS MQTT 3.1.1 and 5.0",
        evidence: "CONNECT or its answer; in midstream packets that are whole and follow one another",
        limits: "messages and the last will are passed over",
        ports: &[1883, 8883],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[
            0x10..=0x10,
            0x30..=0x40,
            0x50..=0x50,
            0x62..=0x62,
            0x70..=0x70,
            0x82..=0x82,
            0xa2..=0xa2,
            0xc0..=0xc0,
        ],
        server: &[
            0x20..=0x20,
            0x30..=0x40,
            0x50..=0x50,
            0x62..=0x62,
            0x70..=0x70,
            0x90..=0x90,
            0xb0..=0xb0,
            0xd0..=0xd0,
        ],
    },
    probe,
    open: |_: &Opening| Box::new(Mqtt::default()),
};

static VERSION: Field = Field::text("version", "`3.1`, `3.1.1` or `5.0`", "MQTT 3.1.2");
static CLIENT_ID: Field = Field::text("client_id", "the client's name, its own or the broker's choice", "MQTT 3.1.3.1");
static USER: Field = Field::text("user", "the account", "MQTT 3.1.3");
static KEEP_ALIVE: Field =
    Field::number("keep_alive", "the longest silence of the client that is allowed", "MQTT 3.1.2.10").unit("s");
static WILL_TOPIC: Field = Field::text("will_topic", "where the client's last will is to be published", "MQTT 3.1.2.5");
static RETURN_CODE: Field = Field::text("return_code", "the broker's answer to CONNECT", "MQTT 3.2.2");
static TOPIC: Field = Field::text("topic", "topics published and subscribed, each once", "MQTT 4.7").list().items(32);
static SUBSCRIBED: Field =
    Field::text("subscribed", "filters that the client subscribed, each once", "MQTT 3.8").list();
static REFUSED: Field = Field::number("refused", "subscriptions that the broker refused; absent if none", "MQTT 3.9.3");
static PUBLISHED: Field =
    Field::new(crate::dictionary::Kind::Pair, "published", "messages published by each side", "MQTT 3.3");
static REASON: Field = Field::number("reason", "why a side disconnected, as a number (MQTT 5)", "MQTT 5.0 3.14.2");

static ELEMENT: Element = Element {
    name: "mqtt",
    meaning: "Message Queuing Telemetry Transport",
    fields: &[
        &VERSION,
        &CLIENT_ID,
        &USER,
        &KEEP_ALIVE,
        &WILL_TOPIC,
        &RETURN_CODE,
        &TOPIC,
        &SUBSCRIBED,
        &REFUSED,
        &PUBLISHED,
        &REASON,
    ],
};

/// What is looked at of a packet.
pub const READ_BYTES: usize = 4096;
/// How many topics are told.
const TOPICS: usize = 32;

/// Packet types.
mod packet {
    pub const CONNECT: u8 = 1;
    pub const CONNACK: u8 = 2;
    pub const PUBLISH: u8 = 3;
    pub const SUBSCRIBE: u8 = 8;
    pub const SUBACK: u8 = 9;
    pub const UNSUBSCRIBE: u8 = 10;
    pub const UNSUBACK: u8 = 11;
    pub const PINGREQ: u8 = 12;
    pub const PINGRESP: u8 = 13;
    pub const DISCONNECT: u8 = 14;
    pub const AUTH: u8 = 15;
}

/// A packet's first byte, the length of its header and of what follows. `Ok(None)`: too few bytes; `Err`: no packet begins so.
fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, ()> {
    let mut reader = Reader::new(bytes);
    let Some(first) = reader.u8() else { return Ok(None) };
    match variable(&mut reader) {
        Some(length) => Ok(Some((first, bytes.len().saturating_sub(reader.len()), length))),
        None if bytes.len() >= 5 => Err(()),
        None => Ok(None),
    }
}

/// A number in up to four bytes of seven bits.
fn variable(reader: &mut Reader<'_>) -> Option<usize> {
    let mut value = 0usize;
    for shift in [0, 7, 14, 21] {
        let byte = reader.u8()?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.be_u16()?;
    reader.take(usize::from(length))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.first().is_some_and(|first| PROTOCOL.first.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    let mut rest = sample.bytes;
    let mut seen = 0usize;
    let mut telling = false;
    loop {
        let (first, head, length) = match header(rest) {
            Err(()) => return Verdict::Reject,
            Ok(None) => break,
            Ok(Some(found)) => found,
        };
        let body = rest.get(head..).unwrap_or_default();
        let whole = body.get(..length);
        match fits(first, body.get(..length).unwrap_or(body), length, sample.role) {
            Some(true) => {}
            Some(false) => return Verdict::Reject,
            None => break,
        }
        if first >> 4 == packet::CONNECT {
            return Verdict::Match;
        }
        // Acknowledgements and pings are too short to tell anything alone.
        telling |= matches!(first >> 4, packet::PUBLISH | packet::SUBSCRIBE | packet::CONNACK | packet::UNSUBSCRIBE);
        seen = seen.saturating_add(1);
        match whole.and_then(|whole| rest.get(head.saturating_add(whole.len())..)) {
            Some(after) => rest = after,
            None => break,
        }
    }
    if telling || seen >= 2 { Verdict::Likely } else { Verdict::NeedMore }
}

/// Whether the body of a packet is what its type demands; `None` where too little of it is here.
fn fits(first: u8, body: &[u8], length: usize, role: Role) -> Option<bool> {
    let client = role == Role::Client;
    let mut reader = Reader::new(body);
    let need = |fits: bool| if fits { Some(true) } else { Some(false) };
    match (first >> 4, first & 15) {
        (packet::CONNECT, 0) if client && length >= 10 => {
            let Some(name) = text(&mut reader) else {
                return if body.len() >= 8 {
                    Some(false)
                } else {
                    prefix(body, b"\0\x06MQIsdp").min(prefix(body, b"\0\x04MQTT"))
                };
            };
            let Some(level) = reader.u8() else {
                return if matches!(name, b"MQTT" | b"MQIsdp") { None } else { Some(false) };
            };
            // A bridge sets the highest bit of the level.
            need(matches!((name, level & 0x7f), (b"MQTT", 4 | 5) | (b"MQIsdp", 3)))
        }
        (packet::CONNACK, 0) if !client => {
            let (flags, code) = (reader.u8()?, reader.u8()?);
            need(
                flags <= 1
                    && if length == 2 {
                        code <= 5
                    } else {
                        (3..=2048).contains(&length)
                            && (code == 0 || code >= 0x80)
                            && reader.u8()? as usize + 3 == length
                    },
            )
        }
        (packet::PUBLISH, flags) if flags & 6 != 6 && flags & 14 != 8 => {
            let topic_length = usize::from(reader.be_u16()?);
            let least = topic_length.saturating_add(if flags & 6 == 0 { 2 } else { 4 });
            if !(2..=512).contains(&topic_length) || least > length {
                return Some(false);
            }
            need(is_topic(reader.take(topic_length)?))
        }
        (4 | 5 | 7, 0) | (6, 2) => need(length == 2 || length == 3 || length == 4),
        (packet::SUBSCRIBE | packet::UNSUBSCRIBE, 2) if client => {
            if length < 5 {
                return Some(false);
            }
            reader.skip(2)?;
            let mut next = reader;
            // Without properties (or none of them) a filter follows.
            if reader.rest().first_chunk::<3>().is_some_and(|[a, b, c]| *a == 0 && *b == 0 && *c != 0) {
                next.skip(1)?;
            }
            let filter = usize::from(next.be_u16()?);
            if filter == 0 || filter.saturating_add(4) > length {
                return Some(false);
            }
            need(is_text(next.take(filter)?))
        }
        (packet::SUBACK | packet::UNSUBACK, 0) if !client => {
            let codes = body.get(2..)?;
            need((2..=64).contains(&length) && (length == 2 || codes.iter().all(|code| *code <= 2 || *code >= 0x80)))
        }
        (packet::PINGREQ, 0) if client => need(length == 0),
        (packet::PINGRESP, 0) if !client => need(length == 0),
        _ => Some(false),
    }
}

/// `None` where bytes may still become a text, else false.
fn prefix(bytes: &[u8], of: &[u8]) -> Option<bool> {
    if of.starts_with(bytes) { None } else { Some(false) }
}

/// A topic to publish to: text without wildcards.
fn is_topic(topic: &[u8]) -> bool {
    is_text(topic) && !topic.iter().any(|byte| matches!(byte, b'#' | b'+'))
}

#[derive(Default)]
struct Mqtt {
    lost: Lost,
    /// 3, 4 or 5; 0 where CONNECT was not seen.
    level: u8,
    version: Option<&'static str>,
    client_id: Option<Text>,
    user: Option<Text>,
    password: bool,
    keep_alive: Option<u16>,
    will_topic: Option<Text>,
    return_code: Option<&'static str>,
    topics: List<Text, TOPICS>,
    subscribed: List<Text>,
    refused: u64,
    published: [u64; 2],
    reason: Option<u8>,
}

impl Dissector for Mqtt {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        let (first, head, length) = match header(bytes) {
            Ok(Some(found)) => found,
            Ok(None) => return Step::NeedMore(bytes.len().saturating_add(1)),
            Err(()) => return Step::Violation,
        };
        if first >> 4 == 0 {
            return Step::Violation;
        }
        match framed(bytes, head.saturating_add(length) as u64, READ_BYTES) {
            Ok((packet, step)) => {
                self.packet(role, first, packet.get(head..).unwrap_or_default());
                step
            }
            Err(step) => step,
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let [client, server] = self.published;
        let pair =
            if out.side(Role::Client) == crate::facts::Side::Originator { (client, server) } else { (server, client) };
        let mut mqtt = out.element(&ELEMENT);
        if let Some(version) = self.version {
            mqtt.plain(&VERSION, version);
        }
        mqtt.maybe(&CLIENT_ID, self.client_id.as_ref());
        mqtt.maybe(&USER, self.user.as_ref());
        if let Some(seconds) = self.keep_alive {
            mqtt.number(&KEEP_ALIVE, u64::from(seconds));
        }
        mqtt.maybe(&WILL_TOPIC, self.will_topic.as_ref());
        if let Some(code) = self.return_code {
            mqtt.plain(&RETURN_CODE, code);
        }
        mqtt.texts(&TOPIC, &self.topics);
        mqtt.texts(&SUBSCRIBED, &self.subscribed);
        if self.refused > 0 {
            mqtt.number(&REFUSED, self.refused);
        }
        if client > 0 || server > 0 {
            mqtt.value(&PUBLISHED, crate::facts::Value::Pair(pair.0, pair.1));
        }
        if let Some(reason) = self.reason {
            mqtt.number(&REASON, u64::from(reason));
        }
    }

    fn heap_bytes(&self) -> usize {
        let listed = self.topics.items().iter().chain(self.subscribed.items());
        listed.map(|text| size_of::<Text>() + text.heap_bytes()).sum()
    }
}

impl Mqtt {
    /// Takes a packet without its header. `None` where it ends too early; what was told before stays.
    fn packet(&mut self, role: Role, first: u8, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        match first >> 4 {
            packet::CONNECT if self.version.is_none() => self.connect(&mut reader)?,
            packet::CONNACK if self.return_code.is_none() => {
                reader.skip(1)?;
                let code = reader.u8()?;
                self.return_code = Some(return_code(code));
                if body.len() > 2 {
                    self.assigned(&mut reader)?;
                }
            }
            packet::PUBLISH => {
                let count = self.published.get_mut(role.index())?;
                *count = count.saturating_add(1);
                let topic = text(&mut reader)?;
                if !topic.is_empty() {
                    self.topics.push_distinct(Text::new(topic));
                }
            }
            packet::SUBSCRIBE | packet::UNSUBSCRIBE => {
                reader.skip(2)?;
                if self.has_properties(reader) {
                    let length = variable(&mut reader)?;
                    reader.skip(length)?;
                }
                while let Some(filter) = text(&mut reader) {
                    if first >> 4 == packet::SUBSCRIBE {
                        reader.skip(1);
                        self.topics.push_distinct(Text::new(filter));
                        self.subscribed.push_distinct(Text::new(filter));
                    }
                }
            }
            packet::SUBACK => {
                reader.skip(2)?;
                if self.level == 5 {
                    let length = variable(&mut reader)?;
                    reader.skip(length)?;
                }
                let refused = reader.rest().iter().filter(|code| **code >= 0x80).count();
                self.refused = self.refused.saturating_add(refused as u64);
            }
            packet::DISCONNECT if self.reason.is_none() => self.reason = reader.u8(),
            packet::AUTH => {}
            _ => {}
        }
        Some(())
    }

    /// Whether properties come first: in MQTT 5. Where CONNECT was not seen, by the bytes: a filter is never empty.
    fn has_properties(&self, reader: Reader<'_>) -> bool {
        self.level == 5 || (self.level == 0 && matches!(reader.rest(), [0, 0, length, ..] if *length != 0))
    }

    fn connect(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        text(reader)?;
        let (level, flags) = (reader.u8()? & 0x7f, reader.u8()?);
        self.level = level;
        self.version = Some(match level {
            3 => "3.1",
            4 => "3.1.1",
            _ => "5.0",
        });
        self.keep_alive = Some(reader.be_u16()?);
        let properties = |reader: &mut Reader<'_>| {
            if level == 5 { variable(reader).and_then(|length| reader.skip(length)) } else { Some(()) }
        };
        properties(reader)?;
        let id = text(reader)?;
        self.client_id = Some(Text::new(id)).filter(|id| !id.is_empty());
        if flags & 0x04 != 0 {
            properties(reader)?;
            self.will_topic = Some(Text::new(text(reader)?));
            text(reader)?;
        }
        if flags & 0x80 != 0 {
            self.user = Some(Text::new(text(reader)?)).filter(|user| !user.is_empty());
        }
        self.password = flags & 0x40 != 0;
        Some(())
    }

    /// The client id that a broker of MQTT 5 chose, among the properties of CONNACK (MQTT 5.0 3.2.2.3).
    fn assigned(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let length = variable(reader)?;
        let mut properties = reader.sub(length)?;
        while let Some(id) = properties.u8() {
            match id {
                0x12 => {
                    let id = text(&mut properties)?;
                    self.client_id.get_or_insert_with(|| Text::new(id));
                }
                0x24 | 0x25 | 0x28 | 0x29 | 0x2a => properties.skip(1)?,
                0x13 | 0x21 | 0x22 => properties.skip(2)?,
                0x11 | 0x27 => properties.skip(4)?,
                0x15 | 0x16 | 0x1a | 0x1c | 0x1f => drop(text(&mut properties)?),
                0x26 => drop((text(&mut properties)?, text(&mut properties)?)),
                _ => return None,
            }
        }
        Some(())
    }
}

/// The answer to CONNECT (MQTT 3.1.1 3.2.2.3; MQTT 5.0 3.2.2.2).
fn return_code(code: u8) -> &'static str {
    match code {
        0 => "accepted",
        1 | 0x84 => "unacceptable protocol version",
        2 | 0x85 => "identifier rejected",
        3 | 0x88 => "server unavailable",
        4 | 0x86 => "bad user name or password",
        5 | 0x87 => "not authorized",
        0x80 => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "implementation specific error",
        0x89 => "server busy",
        0x8a => "banned",
        0x8c => "bad authentication method",
        0x90 => "topic name invalid",
        0x95 => "packet too large",
        0x97 => "quota exceeded",
        0x99 => "payload format invalid",
        0x9a => "retain not supported",
        0x9b => "QoS not supported",
        0x9c => "use another server",
        0x9d => "server moved",
        0x9f => "connection rate exceeded",
        _ => "other",
    }
}
