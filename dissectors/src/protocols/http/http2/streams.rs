//! Requests and responses by their stream, and what their fields say.

use super::super::content::Content;
use super::super::head::Head;
use super::super::naming;
use super::super::secrets;
use super::super::transactions::Transaction;
use crate::capped::{List, Text};
use crate::files::{Files, HashLimit};
use crate::protocol::Role;

/// The most streams that are open at a time; of further ones the oldest are forgotten.
const STREAMS_CAP: usize = 128;

/// The most fields of a block that are looked at: a byte can refer to a field of thousands.
const FIELDS_CAP: u32 = 256;

/// One side of a stream.
#[derive(Debug, Default)]
pub struct Half {
    head: Head,
    content: Option<Content>,
    /// The final fields have come: what follows are trailers.
    begun: bool,
    ended: bool,
}

/// One request and its response.
#[derive(Debug)]
struct Stream {
    id: u32,
    /// Its place among the transactions, if it has one.
    at: Option<usize>,
    target: Text,
    put: bool,
    connect: bool,
    grpc: bool,
    halves: [Half; 2],
}

impl Stream {
    fn half(&mut self, role: Role) -> &mut Half {
        let [client, server] = &mut self.halves;
        if role == Role::Client { client } else { server }
    }
}

/// All streams of a session.
#[derive(Debug, Default)]
pub struct Streams {
    hash: HashLimit,
    open: Vec<Stream>,
    /// What is told of them.
    pub told: List<Transaction>,
    pub requests: u64,
    pub responses: u64,
    /// Bytes of content, by side.
    pub body_bytes: [u64; 2],
    pub user_agents: List<Text>,
    pub servers: List<Text>,
    pub referers: List<Text>,
    pub request_types: List<Text>,
    pub locations: List<Text>,
    pub user: Option<Text>,
    pub cleartext: bool,
    pub files: Files,
}

/// The fields of one block on their way.
#[derive(Debug, Default)]
pub struct Fields {
    head: Head,
    /// The request's or response's first words, in the order method, authority, path, host.
    words: [Text; 4],
    content_type: Text,
    status: u16,
    count: u32,
}

impl Streams {
    /// No streams yet. `hash`: whether files are hashed.
    pub fn new(hash: HashLimit) -> Self {
        Self { hash, ..Self::default() }
    }

    /// Takes one field of a block that a side sent.
    pub fn field(&mut self, role: Role, fields: &mut Fields, name: &[u8], value: &[u8]) {
        fields.count = fields.count.saturating_add(1);
        if fields.count > FIELDS_CAP {
            return;
        }
        fields.head.note(name, value);
        let [method, authority, path, host] = &mut fields.words;
        match (name, role) {
            (b":method", _) => *method = Text::new(value),
            (b":authority", _) => *authority = Text::new(value),
            (b":path", _) => *path = Text::long(value),
            (b"host", _) => *host = Text::new(value),
            (b":status", _) => {
                fields.status = std::str::from_utf8(value).ok().and_then(|status| status.parse().ok()).unwrap_or(0);
            }
            (b"content-type", _) => fields.content_type = Text::new(value),
            (b"user-agent", Role::Client) => self.user_agents.push_distinct(Text::new(value)),
            (b"referer", Role::Client) => self.referers.push_distinct(Text::new(value)),
            (b"server", Role::Server) => self.servers.push_distinct(Text::new(value)),
            (b"location", Role::Server) => self.locations.push_distinct(Text::new(value)),
            (b"authorization" | b"proxy-authorization", Role::Client) => {
                if let Some(account) = secrets::account(value) {
                    self.cleartext |= account.cleartext;
                    self.user.get_or_insert(account.user);
                }
            }
            _ => {}
        }
    }

    /// A block is complete. A server's that has a method is a request which it promises.
    pub fn block(&mut self, role: Role, id: u32, fields: Fields, promised: bool) {
        let role = if promised { Role::Client } else { role };
        match role {
            Role::Client => self.request(id, fields, promised),
            Role::Server => self.response(id, fields),
        }
    }

    fn request(&mut self, id: u32, fields: Fields, promised: bool) {
        let Fields { head, words: [method, authority, path, host], content_type, .. } = fields;
        let hash = self.hash;
        let Some(at) = self.find(id) else {
            return;
        };
        let Some(stream) = self.open.get_mut(at) else {
            return;
        };
        if std::mem::replace(&mut stream.half(Role::Client).begun, true) {
            return;
        }
        stream.put = method.bytes() == b"PUT";
        stream.connect = method.bytes() == b"CONNECT";
        stream.grpc |= is_grpc(content_type.bytes());
        stream.target = naming::of_target(path.bytes());
        let name = if stream.put { stream.target.clone() } else { Text::default() };
        let plain = !stream.grpc && !stream.connect && !promised;
        let half = stream.half(Role::Client);
        half.head = head;
        half.content = if plain { Content::new(&mut half.head, Role::Client, name, false, hash) } else { None };
        half.ended = promised;
        let transaction = stream.at.and_then(|at| self.told.items_mut().get_mut(at));
        self.requests = self.requests.saturating_add(1);
        if !content_type.is_empty() {
            self.request_types.push_distinct(content_type);
        }
        if let Some(transaction) = transaction {
            transaction.method = method;
            transaction.host = if authority.is_empty() { host } else { authority };
            transaction.uri = path;
        }
    }

    fn response(&mut self, id: u32, fields: Fields) {
        // Interim responses are not told, and trailers have no status.
        if !(200..=999).contains(&fields.status) {
            return;
        }
        let hash = self.hash;
        let Some(at) = self.find(id) else {
            return;
        };
        let Some(stream) = self.open.get_mut(at) else {
            return;
        };
        if std::mem::replace(&mut stream.half(Role::Server).begun, true) {
            return;
        }
        stream.grpc |= is_grpc(fields.content_type.bytes());
        let success = (200..300).contains(&fields.status);
        let name = if success { stream.target.clone() } else { Text::default() };
        let plain = !stream.grpc && !stream.connect;
        let half = stream.half(Role::Server);
        half.head = fields.head;
        let partial = fields.status == 206;
        half.content = if plain { Content::new(&mut half.head, Role::Server, name, partial, hash) } else { None };
        self.responses = self.responses.saturating_add(1);
        if let Some(transaction) = stream.at.and_then(|at| self.told.items_mut().get_mut(at)) {
            transaction.status = fields.status;
            transaction.content_type = fields.content_type;
        }
    }

    /// Content that a side sent on a stream.
    pub fn data(&mut self, role: Role, id: u32, bytes: &[u8]) {
        if let Some(count) = self.body_bytes.get_mut(role.index()) {
            *count = count.saturating_add(bytes.len() as u64);
        }
        if let Some(stream) = self.open.iter_mut().find(|stream| stream.id == id)
            && let Some(content) = &mut stream.half(role).content
        {
            content.data(bytes, &mut self.files);
        }
    }

    /// Content of a stream was never seen.
    pub fn gap(&mut self, role: Role, id: u32, bytes: u64) {
        if let Some(count) = self.body_bytes.get_mut(role.index()) {
            *count = count.saturating_add(bytes);
        }
        if let Some(stream) = self.open.iter_mut().find(|stream| stream.id == id)
            && let Some(content) = &mut stream.half(role).content
        {
            content.gap();
        }
    }

    /// A side sends nothing more on a stream.
    pub fn end(&mut self, role: Role, id: u32) {
        let Some(at) = self.open.iter().position(|stream| stream.id == id) else {
            return;
        };
        if let Some(stream) = self.open.get_mut(at) {
            let half = stream.half(role);
            half.ended = true;
            if let Some(content) = half.content.take() {
                content.finish(true, &mut self.files);
            }
            if stream.halves.iter().all(|half| half.ended) {
                self.open.remove(at);
            }
        }
    }

    /// A stream is broken off.
    pub fn reset(&mut self, id: u32) {
        if let Some(at) = self.open.iter().position(|stream| stream.id == id) {
            self.close(at);
        }
    }

    /// Nothing more comes on any stream.
    pub fn over(&mut self) {
        while !self.open.is_empty() {
            self.close(0);
        }
    }

    fn close(&mut self, at: usize) {
        let stream = self.open.remove(at);
        for content in stream.halves.into_iter().filter_map(|half| half.content) {
            content.finish(false, &mut self.files);
        }
    }

    /// The place of a stream, which is opened where it is not.
    fn find(&mut self, id: u32) -> Option<usize> {
        if let Some(at) = self.open.iter().position(|stream| stream.id == id) {
            return Some(at);
        }
        if self.open.len() >= STREAMS_CAP {
            self.close(0);
        }
        let at = self.told.items().len();
        let at = self.told.push_with(Transaction::default).then_some(at);
        let halves = Default::default();
        self.open.push(Stream { id, at, target: Text::default(), put: false, connect: false, grpc: false, halves });
        self.open.len().checked_sub(1)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let open = self.open.iter().map(|stream| {
            let halves = stream.halves.iter().map(|half| {
                let content = half.content.as_ref().map_or(0, |content| size_of::<Content>() + content.heap_bytes());
                half.head.heap_bytes() + content
            });
            size_of::<Stream>() + stream.target.heap_bytes() + halves.sum::<usize>()
        });
        let told = self.told.items().iter().map(Transaction::heap_bytes);
        let lists = [&self.user_agents, &self.servers, &self.referers, &self.request_types, &self.locations];
        let texts = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        open.sum::<usize>() + told.sum::<usize>() + texts.sum::<usize>() + self.files.heap_bytes()
    }
}

/// Messages of gRPC are no files.
fn is_grpc(content_type: &[u8]) -> bool {
    content_type.starts_with(b"application/grpc")
}
