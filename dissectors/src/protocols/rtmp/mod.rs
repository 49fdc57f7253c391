//! RTMP: sound and film to and from a server (Adobe's Real Time Messaging Protocol 1.0).
//!
//! ```text
//! greeting   version:1 1536 bytes, then the other side's 1536 bytes again      [probe]
//! chunk      form:2 chunk_stream:6 [more of it:1 or 2]  header by form: 11, 7, 3 or 0 bytes  [time:4]  content, at most a chunk's size
//! header     time:3 length:3 type:1 message_stream:4
//! command    types 20 and 17, in AMF                                           [amf]
//! ```
//!
//! Told is what a client connects to and what it plays or publishes. What stands behind `?` in a name or address is mostly a secret,
//! and is left out. Limits: [`COMMAND_CAP`], [`CHUNK_STREAMS_CAP`]. Ignored on purpose: sound and film; RTMPE and RTMPT; shared objects.
//! A gap ends the facts of its side.

mod amf;
mod probe;

use self::amf::Value;
use self::probe::{GREETING, VERSION};
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Step, Transport};
use crate::reader::Reader;

static APPLICATION: Field =
    Field::text("application", "application of the server that the client connects to", "RTMP 7.2.1.1");
static URL: Field =
    Field::text("url", "address that the client connects to, without what stands behind `?`", "RTMP 7.2.1.1").long();
static CLIENT_VERSION: Field = Field::text("client_version", "the client's software", "RTMP 7.2.1.1");
static PAGE_URL: Field = Field::text("page_url", "page that the client is part of", "RTMP 7.2.1.1").long();
static PLAYER_URL: Field = Field::text("player_url", "where the client's program is from", "RTMP 7.2.1.1").long();
static ACTION: Field = Field::text("action", "`play` or `publish`", "RTMP 7.2.2").aligned();
static STREAM: Field =
    Field::text("stream", "name of the stream, without what stands behind `?`", "RTMP 7.2.2").aligned();
static STATUS: Field = Field::text("status", "what the server said of it, each once", "RTMP 7.2.2").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "rtmp",
    meaning: "sound and film by RTMP",
    fields: &[&APPLICATION, &URL, &CLIENT_VERSION, &PAGE_URL, &PLAYER_URL, &ACTION, &STREAM, &STATUS],
};

/// RTMP.
pub static PROTOCOL: Protocol = Protocol {
    name: "rtmp",
    about: About {
        name: "Real Time Messaging Protocol",
        specification: "Adobe RTMP 1.0",
        evidence: "a handshake with its digest, or plain ones on both sides",
        limits: "sound and film are passed over; RTMPE and RTMPT are not read",
        ports: &[1935],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[VERSION..=VERSION]),
    probe: probe::probe,
    open: |_| Box::new(Rtmp::default()),
};

/// The greeting, and the copy of the other side's without its version.
const HANDSHAKE: usize = GREETING + GREETING - 1;
/// The size of chunks where nothing else was said.
const CHUNK: usize = 128;
/// The largest size of chunks.
const CHUNK_MAX: u32 = 0x00ff_ffff;
/// The longest command that is read.
const COMMAND_CAP: usize = 8 * 1024;
/// The most chunk streams of one side.
const CHUNK_STREAMS_CAP: usize = 64;
/// A time that says that it stands elsewhere.
const TIME_ELSEWHERE: u32 = 0x00ff_ffff;

/// Types of messages that are looked into.
mod kind {
    pub const SET_CHUNK_SIZE: u8 = 1;
    pub const ABORT: u8 = 2;
    pub const COMMAND_AMF3: u8 = 17;
    pub const COMMAND: u8 = 20;
}

/// One of the streams that share a connection.
#[derive(Debug, Default)]
struct ChunkStream {
    id: u32,
    len: usize,
    kind: u8,
    time_elsewhere: bool,
    /// Bytes of the present message that have come, and those of them that are kept.
    come: usize,
    message: Vec<u8>,
}

/// One side.
#[derive(Debug)]
struct Lane {
    /// Bytes of the handshake that have passed.
    passed: usize,
    chunk: usize,
    streams: Vec<ChunkStream>,
    /// In the content of a chunk: which stream's, and how many bytes are to come.
    content: Option<(usize, usize)>,
    lost: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Self { passed: 0, chunk: CHUNK, streams: Vec::new(), content: None, lost: false }
    }
}

/// A chunk's header.
enum Header {
    /// So many bytes long; the content is that of a stream at this place.
    Whole {
        used: usize,
        at: usize,
    },
    /// So many bytes are wanted.
    Partial(usize),
    Wrong,
}

impl Lane {
    fn header(&mut self, bytes: &[u8]) -> Header {
        let mut reader = Reader::new(bytes);
        let partial = Header::Partial(bytes.len().saturating_add(1));
        let Some(first) = reader.u8() else { return partial };
        let id = match first & 0x3f {
            0 => reader.u8().map(|id| 64 + u32::from(id)),
            1 => reader.le_u16().map(|id| 64 + u32::from(id)),
            id => Some(u32::from(id)),
        };
        let Some(id) = id else { return partial };
        let form = first >> 6;
        let known = self.streams.iter().position(|stream| stream.id == id);
        let Some(fields) = reader.take(match form {
            0 => 11,
            1 => 7,
            2 => 3,
            _ => 0,
        }) else {
            return partial;
        };
        let mut fields = Reader::new(fields);
        let elsewhere = match (fields.be_u24(), known.and_then(|at| self.streams.get(at))) {
            (Some(time), _) => time == TIME_ELSEWHERE,
            (None, Some(stream)) => stream.time_elsewhere,
            (None, None) => return Header::Wrong,
        };
        if elsewhere && reader.skip(4).is_none() {
            return partial;
        }
        let at = match known {
            Some(at) => at,
            None if form > 1 || self.streams.len() >= CHUNK_STREAMS_CAP => return Header::Wrong,
            None => {
                self.streams.push(ChunkStream { id, ..ChunkStream::default() });
                self.streams.len().saturating_sub(1)
            }
        };
        let Some(stream) = self.streams.get_mut(at) else { return Header::Wrong };
        stream.time_elsewhere = elsewhere;
        if let (Some(len), Some(kind)) = (fields.be_u24(), fields.u8()) {
            if stream.come > 0 {
                // A message that was never finished.
                return Header::Wrong;
            }
            stream.len = usize::try_from(len).unwrap_or(usize::MAX);
            stream.kind = kind;
        }
        Header::Whole { used: bytes.len().saturating_sub(reader.len()), at }
    }
}

/// One session.
#[derive(Debug, Default)]
struct Rtmp {
    lanes: [Lane; 2],
    application: Option<Text>,
    url: Option<Text>,
    client_version: Option<Text>,
    page_url: Option<Text>,
    player_url: Option<Text>,
    actions: List<(&'static str, Text)>,
    statuses: List<Text>,
}

impl Rtmp {
    fn lane(&mut self, role: Role) -> &mut Lane {
        let [client, server] = &mut self.lanes;
        if role == Role::Client { client } else { server }
    }

    /// Content of a chunk. Gives the bytes dealt with, or how many more are to be passed over.
    fn content(&mut self, role: Role, at: usize, left: usize, bytes: &[u8]) -> Step {
        let lane = self.lane(role);
        let Some(stream) = lane.streams.get_mut(at) else {
            return Step::Violation;
        };
        let wanted = matches!(stream.kind, kind::SET_CHUNK_SIZE | kind::ABORT | kind::COMMAND | kind::COMMAND_AMF3)
            && stream.len <= COMMAND_CAP;
        let here = bytes.get(..left).unwrap_or(bytes);
        let taken = if wanted { here.len() } else { left };
        if wanted {
            stream.message.extend_from_slice(here);
        }
        stream.come = stream.come.saturating_add(taken);
        lane.content = left.checked_sub(taken).filter(|left| *left > 0).map(|left| (at, left));
        if stream.come >= stream.len {
            stream.come = 0;
            let (kind, message) = (stream.kind, std::mem::take(&mut stream.message));
            if wanted {
                self.message(role, kind, &message);
            }
        }
        match taken.checked_sub(bytes.len()).filter(|missing| *missing > 0) {
            Some(missing) => Step::Skip(missing as u64),
            None => Step::Consumed(taken),
        }
    }

    fn message(&mut self, role: Role, kind: u8, message: &[u8]) {
        let number = Reader::new(message).be_u32();
        match (kind, number) {
            (kind::SET_CHUNK_SIZE, Some(size)) => {
                self.lane(role).chunk = usize::try_from(size.clamp(1, CHUNK_MAX)).unwrap_or(CHUNK);
            }
            (kind::ABORT, Some(id)) => {
                if let Some(stream) = self.lane(role).streams.iter_mut().find(|stream| stream.id == id) {
                    stream.come = 0;
                    stream.message.clear();
                }
            }
            (kind::COMMAND, _) => self.command(role, message),
            // A byte before what is AMF 0 all the same.
            (kind::COMMAND_AMF3, _) => self.command(role, message.get(1..).unwrap_or_default()),
            _ => {}
        }
    }

    fn command(&mut self, role: Role, bytes: &[u8]) {
        let (mut name, mut first_text) = (None, None);
        let mut properties: List<(&[u8], &[u8])> = List::default();
        amf::read(bytes, &mut |key, value| {
            let Value::Text(text) = value else {
                return;
            };
            match (key, name) {
                (b"", None) => name = Some(text),
                (b"", Some(_)) => first_text = first_text.or(Some(text)),
                _ => {
                    properties.push((key, text));
                }
            }
        });
        let property = |wanted: &[u8]| properties.items().iter().find(|(key, _)| *key == wanted).map(|(_, text)| *text);
        match (role, name.unwrap_or_default()) {
            (Role::Client, b"connect") => {
                for (to, key) in [
                    (&mut self.application, &b"app"[..]),
                    (&mut self.url, b"tcUrl"),
                    (&mut self.page_url, b"pageUrl"),
                    (&mut self.player_url, b"swfUrl"),
                    (&mut self.client_version, b"flashVer"),
                ] {
                    if to.is_none() {
                        *to = property(key).map(|text| Text::long(without_query(text)));
                    }
                }
            }
            (Role::Client, command @ (b"play" | b"publish")) => {
                if let Some(stream) = first_text {
                    let action = if command == b"play" { "play" } else { "publish" };
                    self.actions.push_with(|| (action, Text::new(without_query(stream))));
                }
            }
            (Role::Server, b"onStatus" | b"_error") => {
                if let Some(code) = property(b"code") {
                    self.statuses.push_distinct(Text::new(code));
                }
            }
            _ => {}
        }
    }
}

/// What stands before `?`.
fn without_query(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'?').next().unwrap_or(text)
}

impl Dissector for Rtmp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let lane = self.lane(chunk.role);
        if lane.lost {
            return Step::Consumed(chunk.bytes.len());
        }
        if lane.passed < HANDSHAKE {
            if lane.passed == 0 && chunk.bytes.first() != Some(&VERSION) {
                return Step::Violation;
            }
            let count = HANDSHAKE.saturating_sub(lane.passed).min(chunk.bytes.len());
            lane.passed = lane.passed.saturating_add(count);
            return Step::Consumed(count);
        }
        if let Some((at, left)) = lane.content {
            return self.content(chunk.role, at, left, chunk.bytes);
        }
        match lane.header(chunk.bytes) {
            Header::Partial(wanted) => Step::NeedMore(wanted),
            Header::Wrong => Step::Violation,
            Header::Whole { used, at } => {
                let size = lane.chunk;
                let left = lane.streams.get(at).map_or(0, |stream| stream.len.saturating_sub(stream.come).min(size));
                lane.content = (left > 0).then_some((at, left));
                Step::Consumed(used)
            }
        }
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        let lane = self.lane(role);
        // The handshake is chance, and only its length matters.
        let passed = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(lane.passed);
        lane.lost = lane.passed == 0 || passed > HANDSHAKE;
        lane.passed = passed.min(HANDSHAKE);
        if self.lanes.iter().all(|lane| lane.lost) { Step::Done } else { Step::Consumed(0) }
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.maybe(&APPLICATION, self.application.as_ref());
        element.maybe(&URL, self.url.as_ref());
        element.maybe(&CLIENT_VERSION, self.client_version.as_ref());
        element.maybe(&PAGE_URL, self.page_url.as_ref());
        element.maybe(&PLAYER_URL, self.player_url.as_ref());
        let actions = self.actions.items();
        element.list(&ACTION, actions.iter().map(|(action, _)| *action), self.actions.omitted());
        element.list(&STREAM, actions.iter().map(|(_, stream)| stream), self.actions.omitted());
        element.texts(&STATUS, &self.statuses);
    }

    fn heap_bytes(&self) -> usize {
        let streams = self.lanes.iter().flat_map(|lane| &lane.streams);
        let streams: usize = streams.map(|stream| size_of::<ChunkStream>() + stream.message.capacity()).sum();
        let one = [&self.application, &self.url, &self.client_version, &self.page_url, &self.player_url];
        let many = self.actions.items().iter().map(|(_, stream)| stream).chain(self.statuses.items());
        let texts: usize =
            one.into_iter().flatten().chain(many).map(|text| size_of::<Text>() + text.heap_bytes()).sum();
        size_of::<Self>() + streams + texts
    }
}
