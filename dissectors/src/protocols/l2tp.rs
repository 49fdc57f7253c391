//! L2TP's control connection, versions 2 and 3, over UDP.
//!
//! Specifications: RFC 2661 (version 2), RFC 3931 (version 3).
//!
//! ```text
//! control, 2   c8 02 length:2 tunnel:2 session:2 sent:2 received:2 attributes         RFC 2661 3.1
//! control, 3   c8 03 length:2 connection:4 sent:2 received:2 attributes               RFC 3931 3.2.1
//! attribute    mandatory:1 bit hidden:1 bit zero:4 bits length:10 bits vendor:2 type:2 value     RFC 2661 4.1
//! data, 2      type 0, length, sequence, offset and priority by bits, 02 ... PPP
//! ```
//!
//! The length, and a first attribute that says which message it is, prove it. Limits: lists of sixteen. Ignored on purpose: the
//! packets inside (PPP), hidden attributes, challenges and their answers, proxied authentication except its name.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::kept::{count, tell_count, tell_names, texts_bytes};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::number("version", "2 or 3", "RFC 3931 4.1");
static MESSAGE: Field =
    Field::text("message", "control messages in their order, such as `SCCRQ`", "RFC 2661 3.2").list();
static CLIENT_HOST: Field = Field::text("client_host", "name of who opened the tunnel", "RFC 2661 4.4.3");
static SERVER_HOST: Field = Field::text("server_host", "name of who answered", "RFC 2661 4.4.3");
static CLIENT_VENDOR: Field = Field::text("client_vendor", "software of who opened the tunnel", "RFC 2661 4.4.3");
static SERVER_VENDOR: Field = Field::text("server_vendor", "software of who answered", "RFC 2661 4.4.3");
static TUNNEL: Field = Field::number("tunnel", "tunnels' ids, as both sides give them", "RFC 2661 4.4.3").list();
static SESSION: Field = Field::number("session", "sessions' ids, as both sides give them", "RFC 2661 4.4.4").list();
static CALLED: Field = Field::text("called", "numbers called", "RFC 2661 4.4.4").list();
static CALLING: Field = Field::text("calling", "numbers of who calls", "RFC 2661 4.4.4").list();
static RESULT: Field =
    Field::text("result", "why tunnels and calls ended: a number, and what is said of it", "RFC 2661 4.4.2").list();
static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "challenged", "a side challenged the other to prove who it is", "RFC 2661 4.4.3");
static DATA: Field = Field::number("data", "packets inside the tunnel", "RFC 2661 3.1");

static ELEMENT: Element = Element {
    name: "l2tp",
    meaning: "an L2TP tunnel",
    fields: &[
        &VERSION,
        &MESSAGE,
        &CLIENT_HOST,
        &SERVER_HOST,
        &CLIENT_VENDOR,
        &SERVER_VENDOR,
        &TUNNEL,
        &SESSION,
        &CALLED,
        &CALLING,
        &RESULT,
        &AUTHENTICATED,
        &DATA,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "l2tp",
    about: About {
        name: "Layer 2 Tunneling Protocol 2 and 3, control connection",
        specification: "RFC 2661, RFC 3931",
        evidence: "a length, and a first attribute that says which message it is",
        limits: "packets inside, hidden attributes",
        ports: &[1701],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0xc8..=0xc8, 0x40..=0x40, 0x42..=0x42, 0x48..=0x48, 0x4a..=0x4a]),
    probe,
    open: |_: &Opening| Box::new(L2tp::default()),
};

/// Numbers of attributes (RFC 2661 4.4, RFC 3931 5.4).
mod attribute {
    pub const MESSAGE: u16 = 0;
    pub const RESULT: u16 = 1;
    pub const HOST: u16 = 7;
    pub const VENDOR: u16 = 8;
    pub const TUNNEL: u16 = 9;
    pub const CHALLENGE: u16 = 11;
    pub const SESSION: u16 = 14;
    pub const CALLED: u16 = 21;
    pub const CALLING: u16 = 22;
    pub const PROXY_NAME: u16 = 30;
    pub const CONNECTION: u16 = 61;
    pub const LOCAL_SESSION: u16 = 63;
}

/// The kinds of messages that there are (RFC 2661 3.2, RFC 3931 6).
const MESSAGES: std::ops::RangeInclusive<u16> = 1..=28;

/// A control message.
struct Message<'a> {
    version: u8,
    attributes: Reader<'a>,
}

/// Reads a control message that is whole.
fn read(datagram: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(datagram);
    let (flags, version) = (reader.u8()?, reader.u8()?);
    let length = usize::from(reader.be_u16()?);
    // Ids of a tunnel and a session, or one of a connection; both counters.
    reader.skip(8)?;
    let fits = flags == 0xc8 && matches!(version, 2 | 3) && length == datagram.len();
    fits.then_some(Message { version, attributes: reader })
}

/// An attribute: its vendor, its type, and its value where it is not hidden.
struct Attribute<'a> {
    vendor: u16,
    kind: u16,
    value: Option<&'a [u8]>,
}

/// The attributes, up to the first that can't be one.
fn attributes<'a>(reader: &mut Reader<'a>) -> impl Iterator<Item = Attribute<'a>> {
    std::iter::from_fn(move || {
        let mut ahead = *reader;
        let head = ahead.be_u16()?;
        let mut body = ahead.sub(usize::from(head & 0x3ff).checked_sub(2)?)?;
        let (vendor, kind) = (body.be_u16()?, body.be_u16()?);
        if head & 0x3c00 != 0 {
            return None;
        }
        *reader = ahead;
        Some(Attribute { vendor, kind, value: (head & 0x4000 == 0).then_some(body.rest()) })
    })
}

/// The kind of a message: its first attribute says it.
fn kind(attribute: &Attribute<'_>) -> Option<u16> {
    let kind = u16::from_be_bytes(attribute.value?.try_into().ok()?);
    (attribute.vendor == 0 && attribute.kind == attribute::MESSAGE).then_some(kind)
}

/// Whether a datagram is a packet inside a tunnel of version 2 that says its length.
fn is_data(datagram: &[u8]) -> bool {
    let mut reader = Reader::new(datagram);
    let (Some(flags), Some(version), Some(length)) = (reader.u8(), reader.u8(), reader.be_u16()) else {
        return false;
    };
    let _ids = reader.be_u32();
    if flags & 0x08 != 0 {
        let _counters = reader.be_u32();
    }
    if flags & 0x02 != 0 {
        let offset = reader.be_u16().unwrap_or_default();
        let _ = reader.skip(usize::from(offset));
    }
    let fits = matches!(flags, 0x40 | 0x42 | 0x48 | 0x4a) && version == 2 && usize::from(length) == datagram.len();
    // PPP: its address and control, unless both left them out, and then a protocol (RFC 1661 2).
    fits && reader.rest().starts_with(&[0xff, 0x03])
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(mut message) = read(sample.bytes) else {
        return if is_data(sample.bytes) { Verdict::Likely } else { Verdict::Reject };
    };
    if message.attributes.is_empty() {
        // An acknowledgement.
        return Verdict::Likely;
    }
    let first = attributes(&mut message.attributes).next();
    if !first.and_then(|first| kind(&first)).is_some_and(|kind| MESSAGES.contains(&kind)) {
        return Verdict::Reject;
    }
    attributes(&mut message.attributes).for_each(drop);
    if message.attributes.is_empty() { Verdict::Match } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct L2tp {
    version: Option<u8>,
    messages: List<u32>,
    hosts: [Option<Text>; 2],
    vendors: [Option<Text>; 2],
    tunnels: List<u32>,
    sessions: List<u32>,
    called: List<Text>,
    calling: List<Text>,
    results: List<Text>,
    user: Option<Text>,
    challenged: bool,
    data: u64,
    /// The side that opened the tunnel, as the message says.
    opener: Option<usize>,
}

impl L2tp {
    fn attribute(&mut self, side: usize, kind: u16, value: &[u8]) {
        let number = match value {
            [a, b] => u32::from(u16::from_be_bytes([*a, *b])),
            [a, b, c, d] => u32::from_be_bytes([*a, *b, *c, *d]),
            _ => 0,
        };
        let first = |list: &mut [Option<Text>; 2]| {
            if let Some(text) = list.get_mut(side) {
                text.get_or_insert_with(|| Text::new(value));
            }
        };
        match kind {
            attribute::HOST => first(&mut self.hosts),
            attribute::VENDOR => first(&mut self.vendors),
            attribute::TUNNEL | attribute::CONNECTION if number > 0 => self.tunnels.push_distinct(number),
            attribute::SESSION | attribute::LOCAL_SESSION if number > 0 => self.sessions.push_distinct(number),
            attribute::CALLED => self.called.push_distinct(Text::new(value)),
            attribute::CALLING => self.calling.push_distinct(Text::new(value)),
            attribute::CHALLENGE => self.challenged = true,
            attribute::PROXY_NAME => {
                self.user.get_or_insert_with(|| Text::new(value));
            }
            attribute::RESULT => {
                // A result, an error, and a text.
                let mut reader = Reader::new(value);
                let (result, error) = (reader.be_u16().unwrap_or_default(), reader.be_u16().unwrap_or_default());
                let mut text = result.to_string().into_bytes();
                if error > 0 {
                    text.extend(format!(".{error}").bytes());
                }
                if !reader.is_empty() {
                    text.push(b' ');
                    text.extend_from_slice(reader.rest());
                }
                self.results.push_distinct(Text::new(&text));
            }
            _ => {}
        }
    }
}

impl Dissector for L2tp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = Step::Consumed(chunk.bytes.len());
        let Some(mut message) = read(chunk.bytes) else {
            if chunk.bytes.first().is_some_and(|flags| flags & 0x80 == 0) {
                count(&mut self.data);
            }
            return step;
        };
        self.version.get_or_insert(message.version);
        let side = chunk.role.index();
        for (at, attribute) in attributes(&mut message.attributes).enumerate() {
            match (at, kind(&attribute), attribute.value) {
                (0, Some(kind), _) => {
                    if kind == 1 {
                        self.opener.get_or_insert(side);
                    }
                    self.messages.push(u32::from(kind));
                }
                (_, _, Some(value)) if attribute.vendor == 0 => self.attribute(side, attribute.kind, value),
                _ => {}
            }
        }
        step
    }

    fn facts(&self, out: &mut Facts) {
        if let Some(user) = &self.user {
            out.user(user);
        }
        let mut l2tp = out.element(&ELEMENT);
        if let Some(version) = self.version {
            l2tp.number(&VERSION, u64::from(version));
        }
        tell_names(&mut l2tp, &MESSAGE, &self.messages, name);
        let turned = self.opener == Some(1);
        for (fields, texts) in
            [([&CLIENT_HOST, &SERVER_HOST], &self.hosts), ([&CLIENT_VENDOR, &SERVER_VENDOR], &self.vendors)]
        {
            let [client, server] = fields;
            let fields = if turned { [server, client] } else { [client, server] };
            for (field, text) in fields.into_iter().zip(texts) {
                l2tp.maybe(field, text.as_ref());
            }
        }
        for (field, list) in [(&TUNNEL, &self.tunnels), (&SESSION, &self.sessions)] {
            l2tp.list(field, list.items().iter().map(|id| u64::from(*id)), list.omitted());
        }
        l2tp.texts(&CALLED, &self.called);
        l2tp.texts(&CALLING, &self.calling);
        l2tp.texts(&RESULT, &self.results);
        if self.challenged {
            l2tp.yes_no(&AUTHENTICATED, true);
        }
        tell_count(&mut l2tp, &DATA, self.data);
    }

    fn heap_bytes(&self) -> usize {
        let single = self.hosts.iter().chain(&self.vendors).flatten().map(Text::heap_bytes).sum::<usize>();
        size_of::<Self>()
            + single
            + [&self.called, &self.calling, &self.results].into_iter().map(texts_bytes).sum::<usize>()
    }
}

/// A message's name (RFC 2661 3.2, RFC 3931 6).
const fn name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "SCCRQ",
        2 => "SCCRP",
        3 => "SCCCN",
        4 => "StopCCN",
        6 => "HELLO",
        7 => "OCRQ",
        8 => "OCRP",
        9 => "OCCN",
        10 => "ICRQ",
        11 => "ICRP",
        12 => "ICCN",
        14 => "CDN",
        15 => "WEN",
        16 => "SLI",
        18 => "SRRQ",
        19 => "SRRP",
        20 => "ACK",
        _ => return None,
    })
}
