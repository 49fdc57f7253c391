//! STUN and TURN over UDP and TCP, and what shares their port. [`message`] has the layouts.
//!
//! Specifications: RFC 8489, RFC 8656, RFC 3489 (classic), RFC 4571 (on TCP, ICE puts a length of two bytes before each message), RFC 7983
//! (which bytes tell STUN, channels, DTLS and RTP on one port from one another).
//!
//! A message with its cookie proves itself; a classic one must be filled by attributes that are known. A DTLS record on the same port
//! hands the session over, and it is called `dtls` then, since that is what it is for; RTP is counted here.
//!
//! Ignored on purpose: what relays carry, message integrity, ICE priorities. The user name of a relay is told as the session's user, those
//! of ICE, which are random, are not.

mod message;

use std::net::IpAddr;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::protocols::rtp::Media;
use crate::protocols::tls;
use message::{Class, HEADER, Message};

static REQUESTS: Field = Field::number("requests", "requests and indications", "RFC 8489 5");
static RESPONSES: Field = Field::number("responses", "responses", "RFC 8489 5");
static METHOD: Field = Field::text("method", "methods asked for", "RFC 8489 18.2, RFC 8656 17").list();
static ERROR: Field = Field::text("error", "codes and reasons of error responses", "RFC 8489 14.8").list();
static USERNAME: Field = Field::text("username", "user names, of a relay's account or of ICE", "RFC 8489 14.3").list();
static REALM: Field = Field::text("realm", "where the account is valid", "RFC 8489 14.9").list();
static SOFTWARE: Field = Field::text("software", "programs that say what they are", "RFC 8489 14.14").list();
static MAPPED: Field = Field::text("mapped_address", "the client as the server sees it", "RFC 8489 14.1").list();
static RELAYED: Field =
    Field::text("relayed_address", "where a relay takes what is meant for the client", "RFC 8656 18.5").list();
static PEER: Field = Field::text("peer_address", "peers that are reached through a relay", "RFC 8656 18.3").list();
static CHANNEL: Field = Field::number("channel_data", "messages of data on channels", "RFC 8656 12.4");
static CLASSIC: Field = Field::text("version", "`classic` where there is no cookie", "RFC 3489");
static CARRIES: Field = Field::text("carries", "other protocols on the same ports", "RFC 7983 7").list();

static ELEMENT: Element = Element {
    name: "stun",
    meaning: "STUN and TURN",
    fields: &[
        &REQUESTS, &RESPONSES, &METHOD, &ERROR, &USERNAME, &REALM, &SOFTWARE, &MAPPED, &RELAYED, &PEER, &CHANNEL,
        &CLASSIC, &CARRIES,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "stun",
    about: About {
        name: "STUN and TURN",
        specification: "RFC 8489, RFC 8656, RFC 3489, RFC 4571",
        evidence: "the cookie; a classic message by attributes that fill it",
        limits: "what relays carry",
        ports: &[],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT, &crate::protocols::rtp::RTP, &crate::protocols::rtp::RTCP],
    first: FirstBytes::both(&[0..=0x0f]),
    probe,
    open: |opening: &Opening| Box::new(Stun { stream: opening.transport == Transport::Tcp, ..Stun::default() }),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.transport == Transport::Udp {
        return read(sample.role, sample.bytes, true);
    }
    if sample.bytes.first() > Some(&0x0f) {
        return Verdict::Reject;
    }
    // With a length before it or without.
    let framed = sample.bytes.get(2..).unwrap_or_default();
    match (read(sample.role, sample.bytes, false), read(sample.role, framed, false)) {
        (Verdict::Match, _) => Verdict::Match,
        (_, Verdict::Match) if frame(sample.bytes).is_some_and(|(_, length)| length >= HEADER) => Verdict::Match,
        (Verdict::NeedMore, _) => Verdict::NeedMore,
        (_, Verdict::NeedMore) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

/// What bytes prove that begin with a message; `datagram` where they also end with it.
fn read(role: Role, bytes: &[u8], datagram: bool) -> Verdict {
    if bytes.len() < HEADER {
        // The type, the length and the cookie are wrong as early as they can be.
        let cookie = message::COOKIE.to_be_bytes();
        let fits = bytes.iter().enumerate().all(|(at, byte)| match at {
            0 => *byte < 4,
            3 => byte % 4 == 0,
            _ => at.checked_sub(4).and_then(|at| cookie.get(at)).is_none_or(|known| known == byte),
        });
        return if fits && !datagram { Verdict::NeedMore } else { Verdict::Reject };
    }
    let Some(message) = Message::read(bytes) else {
        return Verdict::Reject;
    };
    let asks = matches!(message.class, Class::Request | Class::Indication);
    let right_role = asks == (role == Role::Client) || (message.class == Class::Indication && message.method == "data");
    let whole = message.length.saturating_add(HEADER) == bytes.len();
    if !right_role || message.length % 4 != 0 {
        return Verdict::Reject;
    }
    if !message.classic {
        return Verdict::Match;
    }
    // Without the cookie everything must be right: a classic message of a whole datagram.
    let classic = matches!(message.method, "binding" | "shared-secret" | "allocate" | "send" | "data");
    if !datagram || !whole || !classic || !message.is_filled() || !message.is_random(bytes) {
        return Verdict::Reject;
    }
    if message.length >= 8 { Verdict::Match } else { Verdict::Likely }
}

/// A frame's length field and value (RFC 4571 2), where a message is in it.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let [high, low] = bytes.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    Some((2, length))
}

#[derive(Debug, Default)]
struct Stun {
    stream: bool,
    /// On a stream: lengths stand before messages.
    framed: Option<bool>,
    requests: u64,
    responses: u64,
    methods: List<&'static str>,
    errors: List<Text>,
    usernames: List<Text>,
    realms: List<Text>,
    software: List<Text>,
    mapped: List<Text>,
    relayed: List<Text>,
    peers: List<Text>,
    channel: u64,
    classic: bool,
    carries: List<&'static str>,
    media: Media,
    dtls: bool,
}

impl Stun {
    fn message(&mut self, message: &Message<'_>) {
        match message.class {
            Class::Request | Class::Indication => self.requests = self.requests.saturating_add(1),
            Class::Success | Class::Error => self.responses = self.responses.saturating_add(1),
        }
        self.methods.push_distinct(message.method);
        self.classic |= message.classic;
        for (kind, value) in message.attributes() {
            let mixed = |mixed| message.address(value, mixed).map(|(address, port)| place(address, port));
            match kind {
                0x0001 => note(&mut self.mapped, mixed(false)),
                0x0020 | 0x8020 => note(&mut self.mapped, mixed(true)),
                0x0012 => note(&mut self.peers, mixed(!message.classic)),
                0x0016 => note(&mut self.relayed, mixed(!message.classic)),
                0x0006 => note(&mut self.usernames, Some(printable(value))),
                0x0014 => note(&mut self.realms, Some(printable(value))),
                0x8022 => note(&mut self.software, Some(printable(value))),
                0x0009 => {
                    if let [_, _, hundreds, rest, reason @ ..] = value {
                        let code = u32::from(hundreds & 7) * 100 + u32::from(rest % 100);
                        let mut text = code.to_string().into_bytes();
                        let reason = printable(reason);
                        if !reason.is_empty() {
                            text.push(b' ');
                            text.extend_from_slice(reason.bytes());
                        }
                        self.errors.push_distinct(Text::new(&text));
                    }
                }
                _ => {}
            }
        }
    }

    /// What else stands in a datagram (RFC 7983 7).
    fn other(&mut self, chunk: Chunk<'_>) -> Step {
        match chunk.bytes {
            [20..=26, 0xfe, 0xfd | 0xff, ..] => {
                self.carries.push_distinct("dtls");
                self.dtls = true;
                return Step::Handover(0, Some(&tls::dtls::PROTOCOL));
            }
            [16..=19, ..] => self.carries.push_distinct("zrtp"),
            [0x80..=0xbf, ..] => {
                self.media.datagram(chunk.role, chunk.bytes, chunk.time);
            }
            _ => {}
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn stream(&mut self, bytes: &[u8]) -> Step {
        let framed = match self.framed {
            Some(framed) => framed,
            None if bytes.len() < HEADER.saturating_add(2) => {
                let plain = bytes.len() >= HEADER && Message::read(bytes).is_some_and(|message| !message.classic);
                if !plain {
                    return Step::NeedMore(HEADER.saturating_add(2));
                }
                false
            }
            None => Message::read(bytes).is_none_or(|message| message.classic),
        };
        self.framed = Some(framed);
        let (before, content) = if framed { (2, bytes.get(2..).unwrap_or_default()) } else { (0, bytes) };
        if framed {
            let Some((_, length)) = frame(bytes) else {
                return Step::NeedMore(2);
            };
            let whole = before + length;
            let Some(content) = bytes.get(before..whole) else {
                return Step::NeedMore(whole);
            };
            match Message::read(content).filter(|message| !message.classic) {
                Some(message) => self.message(&message),
                None if channel_like(content) => self.channel = self.channel.saturating_add(1),
                None => {}
            }
            return Step::Consumed(whole);
        }
        if content.len() < 4 {
            return Step::NeedMore(4);
        }
        if let Some(length) = message::channel(content) {
            // Padded on streams (RFC 8656 12.5).
            self.channel = self.channel.saturating_add(1);
            let whole = length.next_multiple_of(4).saturating_add(4);
            return match whole.checked_sub(bytes.len()) {
                Some(more) if more > 0 => Step::Skip(more as u64),
                _ => Step::Consumed(whole),
            };
        }
        if content.len() < HEADER {
            return Step::NeedMore(HEADER);
        }
        let Some(message) = Message::read(content).filter(|message| !message.classic) else {
            return Step::Violation;
        };
        let whole = message.length.saturating_add(HEADER);
        if content.len() < whole {
            return Step::NeedMore(whole);
        }
        self.message(&message);
        Step::Consumed(whole)
    }
}

fn channel_like(content: &[u8]) -> bool {
    message::channel(content).is_some_and(|length| {
        let left = content.len().checked_sub(4).and_then(|body| body.checked_sub(length));
        // Some pad datagrams too, which need not be.
        left.is_some_and(|left| left < 4)
    })
}

fn note(list: &mut List<Text>, text: Option<Text>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        list.push_distinct(text);
    }
}

/// Text without the zeros and blanks that some pad it with.
fn printable(value: &[u8]) -> Text {
    let end = value.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |at| at.saturating_add(1));
    Text::new(value.get(..end).unwrap_or_default())
}

fn place(address: IpAddr, port: u16) -> Text {
    Text::from(std::net::SocketAddr::new(address, port).to_string().as_str())
}

impl Dissector for Stun {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.stream {
            return self.stream(chunk.bytes);
        }
        match Message::read(chunk.bytes).filter(|message| !message.classic || message.is_filled()) {
            Some(message) => self.message(&message),
            None if channel_like(chunk.bytes) => self.channel = self.channel.saturating_add(1),
            None => return self.other(chunk),
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        if let (Some(user), false) = (self.usernames.items().first(), self.realms.is_empty()) {
            out.user(user);
        }
        let mut stun = out.element(&ELEMENT);
        for (field, count) in [(&REQUESTS, self.requests), (&RESPONSES, self.responses), (&CHANNEL, self.channel)] {
            if count > 0 {
                stun.number(field, count);
            }
        }
        stun.list(&METHOD, self.methods.items().iter().copied(), self.methods.omitted());
        for (field, list) in [
            (&ERROR, &self.errors),
            (&USERNAME, &self.usernames),
            (&REALM, &self.realms),
            (&SOFTWARE, &self.software),
            (&MAPPED, &self.mapped),
            (&RELAYED, &self.relayed),
            (&PEER, &self.peers),
        ] {
            stun.texts(field, list);
        }
        if self.classic {
            stun.plain(&CLASSIC, "classic");
        }
        stun.list(&CARRIES, self.carries.items().iter().copied(), self.carries.omitted());
        if self.media.has_stream() {
            stun.plain(&CARRIES, "rtp");
            self.media.facts(out);
        }
    }

    fn app(&self) -> Option<&'static str> {
        self.dtls.then_some("dtls")
    }

    fn heap_bytes(&self) -> usize {
        let lists =
            [&self.errors, &self.usernames, &self.realms, &self.software, &self.mapped, &self.relayed, &self.peers];
        let texts = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        size_of::<Self>() + texts.sum::<usize>() + self.media.heap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        read(role, bytes, true)
    }

    #[test]
    fn the_cookie_proves_a_message_and_its_absence_asks_for_more() {
        let request = b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl";
        assert_eq!(verdict(Role::Client, request), Verdict::Match);
        assert_eq!(verdict(Role::Server, request), Verdict::Reject);
        assert_eq!(verdict(Role::Client, b"\0\x01\0\0xyz.abcdefghijkl"), Verdict::Likely);
        assert_eq!(verdict(Role::Client, b"\0\x01\0\x08xyz.abcdefghijkl\0\x03\0\x04\0\0\0\x06"), Verdict::Match);
        // Attributes that leave bytes over, or a number that is none.
        assert_eq!(verdict(Role::Client, b"\0\x01\0\x08xyz.abcdefghijkl\0\x03\0\x08\0\0\0\x06"), Verdict::Reject);
        assert_eq!(verdict(Role::Client, b"\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"), Verdict::Reject);
        assert_eq!(verdict(Role::Client, b"\0\x01\0\x02\x21\x12\xa4\x42abcdefghijkl\0\0"), Verdict::Reject);
    }

    #[test]
    fn a_session_that_goes_on_in_dtls_is_called_so() {
        use crate::conversation::{Conversation, Setup};
        use crate::facts::Side;
        use crate::files::HashLimit;
        let addresses = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
        let setup = Setup { transport: Transport::Udp, addresses, midstream: false, file_hash: HashLimit::NONE };
        let mut conversation = Conversation::new(setup);
        let time = crate::Timestamp::default();
        conversation.data(Side::Originator, b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl", time);
        assert_eq!(conversation.app(), Some("stun"));
        let body = [&[0xfe, 0xfd][..], &[7; 32], &[0, 0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
        let len = body.len() as u8;
        let handshake = [&[1, 0, 0, len, 0, 0, 0, 0, 0, 0, 0, len][..], &body].concat();
        let record = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, len + 12][..], &handshake].concat();
        conversation.data(Side::Originator, &record, time);
        assert_eq!(conversation.app(), Some("dtls"));
        let mut facts = Facts::new();
        conversation.facts(&mut facts);
        let elements: Vec<_> = facts.elements().map(|element| element.name).collect();
        assert!(elements.len() == 2 && elements.contains(&"stun"), "{elements:?}");
    }
}
