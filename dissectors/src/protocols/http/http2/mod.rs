//! HTTP/2 in clear text (RFC 9113), by prior knowledge or after an Upgrade from HTTP/1; gRPC over it.
//!
//! ```text
//! client   "PRI * HTTP/2.0" CRLF CRLF "SM" CRLF CRLF   SETTINGS   frame frame ...
//! server   SETTINGS   frame frame ...                          [frame]
//! HEADERS  fields, compressed with what was sent before (HPACK, RFC 7541)
//! ```
//!
//! Requests and responses are told in the element `http` as those of HTTP/1 are, each stream one transaction ([`streams`]); the
//! content of responses and of uploads is a file. A gRPC call shows in `uri` (`/package.Service/Method`) and in its content type.
//!
//! A field that is compressed can refer to any field before it. So behind a gap, or behind a block that can't be
//! understood, a side's fields are lost, and nothing more is read of that side; the beginning of a connection must be seen.
//!
//! Limits: [`BLOCK_CAP`], [`TABLE_CAP`], those of `streams`. Ignored on purpose: trailers (so `grpc-status`), interim responses,
//! priorities, flow control, the reasons of GOAWAY and RST_STREAM. `app` stays `http2` for gRPC.

mod frame;
mod hpack;
mod probe;
mod streams;

use fluke_hpack::Decoder;

use self::frame::{HEADER, Header, PREFACE, flag, kind};
use self::streams::{Fields, Streams};
use super::facts;
use super::record::Record;
use crate::dictionary::{Flag, file};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::reader::Reader;

/// HTTP/2 in clear text.
pub static PROTOCOL: Protocol = Protocol {
    name: "http2",
    about: About {
        name: "Hypertext Transfer Protocol 2 in clear text, gRPC over it",
        specification: "RFC 9113, RFC 7541",
        evidence: "the client's preface, or the server's first SETTINGS",
        limits: "the beginning must be seen, since compressed fields refer back; trailers are not told",
        ports: &[80, 443, 8080, 8443, 50051],
    },
    transports: &[Transport::Tcp],
    elements: &[&facts::ELEMENT, &file::ELEMENT],
    first: FirstBytes { client: &[b'P'..=b'P'], server: &[0..=0] },
    probe: probe::probe,
    open: |opening| Box::new(Http2::new(opening)),
};

/// The most bytes of one block of fields.
const BLOCK_CAP: usize = 64 * 1024;
/// The largest table of earlier fields: SETTINGS allow 4096 bytes where they say nothing, and few say more than 64 KiB.
const TABLE_CAP: usize = 64 * 1024;

/// Where one side's stream of frames stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before the client's preface.
    Preface,
    /// Before a frame.
    Frame,
    /// In content of a stream: so many bytes of it and of the padding are still to come.
    Data { stream: u32, left: usize, padding: usize, ends: bool },
    /// Nothing more is understood.
    Lost,
}

/// One side.
struct Lane {
    at: At,
    decoder: Decoder<'static>,
    /// A block whose end has not come.
    block: Option<Block>,
}

/// Fields that come in several frames.
struct Block {
    /// The stream of its frames.
    carrier: u32,
    /// The stream of which it tells: where it promises one, that.
    stream: u32,
    promises: bool,
    /// The side sends nothing more on the stream.
    ends: bool,
    bytes: Vec<u8>,
}

impl Lane {
    fn new(at: At) -> Self {
        let mut decoder = Decoder::new();
        decoder.set_max_allowed_table_size(TABLE_CAP);
        Self { at, decoder, block: None }
    }
}

/// What a look at a side's bytes came to.
enum Look {
    Used(usize),
    Wait(usize),
    Skip(u64),
    Wrong,
}

/// One session.
struct Http2 {
    client: Lane,
    server: Lane,
    streams: Streams,
    violation: bool,
}

impl Http2 {
    fn new(opening: &Opening) -> Self {
        Self {
            client: Lane::new(At::Preface),
            server: Lane::new(At::Frame),
            streams: Streams::new(opening.file_hash),
            violation: false,
        }
    }

    fn lane(&mut self, role: Role) -> &mut Lane {
        if role == Role::Client { &mut self.client } else { &mut self.server }
    }

    fn look(&mut self, role: Role, bytes: &[u8]) -> Look {
        match self.lane(role).at {
            At::Preface => {
                let fits = bytes.iter().zip(PREFACE).all(|(byte, known)| byte == known);
                match fits {
                    true if bytes.len() < PREFACE.len() => return Look::Wait(PREFACE.len()),
                    true => self.lane(role).at = At::Frame,
                    false => return Look::Wrong,
                }
                Look::Used(PREFACE.len())
            }
            At::Frame => self.frame(role, bytes),
            At::Data { stream, left, padding, ends } => {
                let content = bytes.get(..left).unwrap_or(bytes);
                self.streams.data(role, stream, content);
                let left = left.saturating_sub(content.len());
                if left > 0 {
                    self.lane(role).at = At::Data { stream, left, padding, ends };
                    return Look::Used(content.len());
                }
                if ends {
                    self.streams.end(role, stream);
                }
                self.lane(role).at = At::Frame;
                pass(content.len().saturating_add(padding), bytes)
            }
            At::Lost => Look::Used(bytes.len()),
        }
    }

    fn frame(&mut self, role: Role, bytes: &[u8]) -> Look {
        let mut reader = Reader::new(bytes);
        let Some(header) = Header::read(&mut reader) else {
            return Look::Wait(HEADER);
        };
        let whole = header.len.saturating_add(HEADER);
        let continues = self.lane(role).block.as_ref().map(|block| block.carrier);
        match header.kind {
            // Only CONTINUATION may follow a block that has not ended (RFC 9113 6.10).
            _ if (header.kind == kind::CONTINUATION) != continues.is_some() => Look::Wrong,
            kind::CONTINUATION if continues != Some(header.stream) => Look::Wrong,
            kind::DATA if header.stream > 0 => self.begin_data(role, header, bytes),
            kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION => {
                let kept = self.lane(role).block.as_ref().map_or(0, |block| block.bytes.len());
                if header.stream == 0 || kept.saturating_add(header.len) > BLOCK_CAP {
                    return Look::Wrong;
                }
                match reader.take(header.len) {
                    None => Look::Wait(whole),
                    Some(content) if self.fields(role, header, content) => Look::Used(whole),
                    Some(_) => Look::Wrong,
                }
            }
            kind::RST_STREAM => {
                self.streams.reset(header.stream);
                pass(whole, bytes)
            }
            // The reader's side says nothing here that is not already allowed.
            kind::SETTINGS if header.stream != 0 || (header.has(flag::ACK) && header.len > 0) => Look::Wrong,
            _ => pass(whole, bytes),
        }
    }

    fn begin_data(&mut self, role: Role, header: Header, bytes: &[u8]) -> Look {
        let padded = header.has(flag::PADDED);
        let (used, padding) = match bytes.get(HEADER) {
            Some(padding) if padded && header.len > 0 => (HEADER.saturating_add(1), usize::from(*padding)),
            None if padded => return Look::Wait(HEADER.saturating_add(1)),
            _ => (HEADER, 0),
        };
        let content = header.len.checked_sub(padding.saturating_add(used.saturating_sub(HEADER)));
        let Some(left) = content else {
            return Look::Wrong;
        };
        self.lane(role).at = At::Data { stream: header.stream, left, padding, ends: header.has(flag::END_STREAM) };
        Look::Used(used)
    }

    /// Takes a frame of fields; tells whether it was understood.
    fn fields(&mut self, role: Role, header: Header, content: &[u8]) -> bool {
        let lane = if role == Role::Client { &mut self.client } else { &mut self.server };
        let mut block = match lane.block.take() {
            Some(mut block) => {
                block.bytes.extend_from_slice(content);
                block
            }
            None => {
                let Some((bytes, promised)) = header.block(content) else {
                    return false;
                };
                Block {
                    carrier: header.stream,
                    stream: promised.unwrap_or(header.stream),
                    promises: promised.is_some(),
                    ends: promised.is_none() && header.has(flag::END_STREAM),
                    bytes: bytes.to_vec(),
                }
            }
        };
        if !header.has(flag::END_HEADERS) {
            lane.block = Some(block);
            return true;
        }
        let bytes = std::mem::take(&mut block.bytes);
        if !hpack::is_whole(&bytes) {
            return false;
        }
        let mut fields = Fields::default();
        let streams = &mut self.streams;
        let read = lane.decoder.decode_with_cb(&bytes, |name, value| streams.field(role, &mut fields, &name, &value));
        if read.is_err() {
            return false;
        }
        streams.block(role, block.stream, fields, block.promises);
        if block.ends {
            streams.end(role, block.stream);
        }
        true
    }

    fn lose(&mut self, role: Role) {
        let lane = self.lane(role);
        lane.at = At::Lost;
        lane.block = None;
    }

    fn is_over(&self) -> bool {
        self.client.at == At::Lost && self.server.at == At::Lost
    }
}

/// Passes over so many bytes, of which some may not be here yet.
fn pass(count: usize, bytes: &[u8]) -> Look {
    match count.checked_sub(bytes.len()).filter(|missing| *missing > 0) {
        Some(missing) => Look::Skip(missing as u64),
        None => Look::Used(count),
    }
}

impl Dissector for Http2 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut used = 0usize;
        loop {
            let rest = chunk.bytes.get(used..).unwrap_or_default();
            if rest.is_empty() && !matches!(self.lane(chunk.role).at, At::Data { left: 0, .. }) {
                break;
            }
            match self.look(chunk.role, rest) {
                Look::Used(n) => used = used.saturating_add(n),
                Look::Skip(n) => return Step::Skip(n),
                Look::Wait(n) if used == 0 => return Step::NeedMore(n),
                Look::Wait(_) => break,
                Look::Wrong => {
                    self.violation = true;
                    self.lose(chunk.role);
                }
            }
        }
        if self.is_over() { Step::Done } else { Step::Consumed(used) }
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        match self.lane(role).at {
            At::Data { stream, left, padding, ends } if bytes <= left as u64 => {
                let left = left.saturating_sub(usize::try_from(bytes).unwrap_or(usize::MAX));
                self.streams.gap(role, stream, bytes);
                self.lane(role).at = At::Data { stream, left, padding, ends };
            }
            _ => self.lose(role),
        }
        if self.is_over() { Step::Done } else { Step::Consumed(0) }
    }

    fn end(&mut self, role: Role) {
        self.lose(role);
        if self.is_over() {
            self.streams.over();
        }
    }

    fn facts(&self, out: &mut Facts) {
        if self.violation {
            out.flag(Flag::Violation);
        }
        if self.streams.cleartext {
            out.flag(Flag::CleartextPassword);
        }
        if let Some(user) = &self.streams.user {
            out.user(user);
        }
        let streams = &self.streams;
        let [client, server] = streams.body_bytes;
        let record = Record {
            transactions: &streams.told,
            requests: (streams.requests, client),
            responses: (streams.responses, server),
            user_agents: &streams.user_agents,
            servers: &streams.servers,
            referers: &streams.referers,
            request_types: &streams.request_types,
            locations: &streams.locations,
            user: streams.user.as_ref(),
            version: Some("2"),
        };
        record.write(out);
        streams.files.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let blocks =
            [&self.client, &self.server].map(|lane| lane.block.as_ref().map_or(0, |block| block.bytes.capacity()));
        // The tables are bounded, mostly far smaller, and can't be asked.
        let tables = 2 * 4096;
        size_of::<Self>() + tables + blocks.iter().sum::<usize>() + self.streams.heap_bytes()
    }
}
