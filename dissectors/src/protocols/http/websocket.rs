//! WebSocket (RFC 6455), after HTTP/1 has agreed to it.
//!
//! ```text
//! frame   fin:1 rsv:3 opcode:4   mask:1 length:7   [length:2 or 8]   [mask:4]   content
//! ```
//!
//! Told is how much was said in which kind of messages, and how it ended; content is passed over. Limits: none but the close
//! frame's, which has 125 bytes. Ignored on purpose: what messages say, so also protocols inside them; compression.

use crate::capped::Text;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Step, Transport, Verdict};
use crate::reader::Reader;

static SUBPROTOCOL: Field =
    Field::text("subprotocol", "protocol inside the messages, as the server chose it", "RFC 6455 1.9");
static EXTENSIONS: Field = Field::text("extensions", "extensions that the server agreed to", "RFC 6455 9.1");
static TEXT: Field = Field::number("text", "messages of text", "RFC 6455 5.6");
static BINARY: Field = Field::number("binary", "messages of binary data", "RFC 6455 5.6");
static PING: Field = Field::number("ping", "pings", "RFC 6455 5.5.2");
static PONG: Field = Field::number("pong", "pongs", "RFC 6455 5.5.3");
static CLIENT_MESSAGES: Field = Field::number("client_messages", "messages of the client", "RFC 6455 5.6");
static SERVER_MESSAGES: Field = Field::number("server_messages", "messages of the server", "RFC 6455 5.6");
static CLIENT_BYTES: Field =
    Field::number("client_bytes", "content of the client's messages, still compressed", "RFC 6455 5.2").unit("bytes");
static SERVER_BYTES: Field =
    Field::number("server_bytes", "content of the server's messages, still compressed", "RFC 6455 5.2").unit("bytes");
static CLOSE_CODE: Field = Field::number("close_code", "why it was closed, by the side that began to", "RFC 6455 7.4");
static CLOSE_REASON: Field = Field::text("close_reason", "the words beside it", "RFC 6455 7.1.6");

/// The element.
pub static ELEMENT: Element = Element {
    name: "websocket",
    meaning: "messages of a WebSocket",
    fields: &[
        &SUBPROTOCOL,
        &EXTENSIONS,
        &TEXT,
        &BINARY,
        &PING,
        &PONG,
        &CLIENT_MESSAGES,
        &SERVER_MESSAGES,
        &CLIENT_BYTES,
        &SERVER_BYTES,
        &CLOSE_CODE,
        &CLOSE_REASON,
    ],
};

/// The protocol. It stands in no list: by their bytes alone frames could be anything, and HTTP says where they begin.
pub static PROTOCOL: Protocol = Protocol {
    name: "websocket",
    about: About {
        name: "WebSocket",
        specification: "RFC 6455",
        evidence: "a 101 answer of HTTP that agrees to it",
        limits: "what messages say is passed over, and protocols inside them",
        ports: &[],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[]),
    probe: |_| Verdict::Reject,
    open: |_| Box::new(WebSocket::default()),
};

/// What the server's answer says of the WebSocket that it agrees to.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// It agrees to one.
    pub upgraded: bool,
    subprotocol: Option<Text>,
    extensions: Option<Text>,
}

impl Offer {
    /// Notes a field of an answer that switches protocols.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("upgrade") {
            self.upgraded |= value.trim_ascii().eq_ignore_ascii_case(b"websocket");
        } else if is("sec-websocket-protocol") {
            self.subprotocol = Some(Text::new(value));
        } else if is("sec-websocket-extensions") {
            self.extensions = Some(Text::new(value));
        }
    }

    /// Writes what was agreed on.
    pub(super) fn facts(&self, out: &mut Facts) {
        if self.upgraded {
            let mut element = out.element(&ELEMENT);
            element.maybe(&SUBPROTOCOL, self.subprotocol.as_ref());
            element.maybe(&EXTENSIONS, self.extensions.as_ref());
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        [&self.subprotocol, &self.extensions].into_iter().flatten().map(Text::heap_bytes).sum()
    }
}

/// Kinds of frames.
mod opcode {
    pub const CONTINUATION: u8 = 0;
    pub const TEXT: u8 = 1;
    pub const BINARY: u8 = 2;
    pub const CLOSE: u8 = 8;
    pub const PING: u8 = 9;
    pub const PONG: u8 = 10;
}

/// The longest content of a control frame (RFC 6455 5.5).
const CONTROL_MAX: u64 = 125;

/// A frame's header.
struct Header {
    opcode: u8,
    len: u64,
    mask: Option<[u8; 4]>,
}

impl Header {
    /// Reads a header; `None` where bytes are missing.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (first, second) = (reader.u8()?, reader.u8()?);
        let len = match second & 0x7f {
            126 => u64::from(reader.be_u16()?),
            127 => reader.be_u64()?,
            len => u64::from(len),
        };
        let mask = if second & 0x80 != 0 { Some(reader.array()?) } else { None };
        Some(Self { opcode: first & 15, len, mask })
    }

    /// The longest header.
    const MAX: usize = 14;
}

/// What one side has sent.
#[derive(Debug, Default)]
struct Side {
    messages: u64,
    bytes: u64,
    closed: bool,
}

/// One WebSocket.
#[derive(Debug, Default)]
struct WebSocket {
    sides: [Side; 2],
    text: u64,
    binary: u64,
    ping: u64,
    pong: u64,
    close: Option<(u16, Text)>,
}

impl WebSocket {
    /// Counts a frame; tells whether there are such.
    fn count(&mut self, role: Role, header: &Header) -> bool {
        let [client, server] = &mut self.sides;
        let side = if role == Role::Client { client } else { server };
        let count = match header.opcode {
            opcode::CONTINUATION => {
                side.bytes = side.bytes.saturating_add(header.len);
                return true;
            }
            opcode::TEXT => &mut self.text,
            opcode::BINARY => &mut self.binary,
            opcode::PING => &mut self.ping,
            opcode::PONG => &mut self.pong,
            _ => return false,
        };
        *count = count.saturating_add(1);
        if matches!(header.opcode, opcode::TEXT | opcode::BINARY) {
            side.messages = side.messages.saturating_add(1);
            side.bytes = side.bytes.saturating_add(header.len);
        }
        true
    }

    fn closes(&mut self, role: Role, header: &Header, content: &[u8]) {
        let mask = header.mask.unwrap_or_default();
        let plain: Vec<u8> = content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        let mut reader = Reader::new(&plain);
        if let (Some(code), None) = (reader.be_u16(), &self.close) {
            self.close = Some((code, Text::new(reader.rest())));
        }
        if let Some(side) = self.sides.get_mut(role.index()) {
            side.closed = true;
        }
    }
}

impl Dissector for WebSocket {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let used = |reader: &Reader<'_>| chunk.bytes.len().saturating_sub(reader.len());
        while !reader.is_empty() {
            let before = used(&reader);
            let Some(header) = Header::read(&mut reader) else {
                let missing = chunk.bytes.len().saturating_sub(before).saturating_add(1).min(Header::MAX);
                return if before > 0 { Step::Consumed(before) } else { Step::NeedMore(missing) };
            };
            if header.opcode >= opcode::CLOSE && header.len > CONTROL_MAX {
                return Step::Violation;
            }
            let len = usize::try_from(header.len).unwrap_or(usize::MAX);
            if header.opcode == opcode::CLOSE {
                let whole = used(&reader).saturating_add(len);
                let Some(content) = reader.take(len) else {
                    let whole = whole.saturating_sub(before);
                    return if before > 0 { Step::Consumed(before) } else { Step::NeedMore(whole) };
                };
                self.closes(chunk.role, &header, content);
                if self.sides.iter().all(|side| side.closed) {
                    return Step::Done;
                }
                continue;
            }
            if !self.count(chunk.role, &header) {
                return Step::Violation;
            }
            if reader.skip(len).is_none() {
                return Step::Skip(header.len.saturating_sub(reader.len() as u64));
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        let [client, server] = &self.sides;
        for (field, count) in [
            (&TEXT, self.text),
            (&BINARY, self.binary),
            (&PING, self.ping),
            (&PONG, self.pong),
            (&CLIENT_MESSAGES, client.messages),
            (&SERVER_MESSAGES, server.messages),
            (&CLIENT_BYTES, client.bytes),
            (&SERVER_BYTES, server.bytes),
        ] {
            if count > 0 {
                element.number(field, count);
            }
        }
        if let Some((code, reason)) = &self.close {
            element.number(&CLOSE_CODE, u64::from(*code));
            element.text(&CLOSE_REASON, reason);
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.close.as_ref().map_or(0, |(_, reason)| reason.heap_bytes())
    }
}
