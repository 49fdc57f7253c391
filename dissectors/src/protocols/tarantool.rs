//! Tarantool's binary protocol: its greeting and who logs in (Tarantool documentation, "Binary protocol").
//!
//! ```text
//! server   "Tarantool 2.11.0 (Binary) uuid" filled up with blanks, LF: 64 bytes     salt in base64, blanks, LF: 64 bytes
//! both     MessagePack: length  header {0: kind, 1: number, ...}  body {...}
//! bodies   16 space  34 function  35 user        of answers 48 data  49 error; their kind is 0, or 8000 and more
//! ```
//!
//! The greeting proves it. Of requests kind, function, space and account are read, never what is written.

use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::msgpack;
use crate::noted::{Notes, begins};
use crate::protocol::{About, FirstBytes, Opening, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "the server's version", "Tarantool, Binary protocol");
static KIND: Field =
    Field::text("kind", "what it speaks, such as `Binary` or `Lua console`", "Tarantool, Binary protocol");
static INSTANCE: Field = Field::text("instance", "the server's number", "Tarantool, Binary protocol");

static USER: Field = Field::text("user", "the account", "Tarantool, Binary protocol, IPROTO_AUTH");
static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "authenticated", "whether the account was taken", "Tarantool, Binary protocol");
static OPERATION: Field =
    Field::text("operation", "requests by their kinds, each with how often", "Tarantool, Binary protocol").list();
static FUNCTION: Field =
    Field::text("function", "functions that were called, each once", "Tarantool, Binary protocol").list();
static SPACE: Field = Field::number(
    "space",
    "numbers of the spaces that were asked or changed, each once; below 512 they are the database's own",
    "Tarantool, Binary protocol",
)
.list();
static ERROR: Field = Field::text("error", "errors, each once", "Tarantool, Binary protocol").list();

static ELEMENT: Element = Element {
    name: "tarantool",
    meaning: "a database of Tarantool",
    fields: &[&VERSION, &KIND, &INSTANCE, &USER, &AUTHENTICATED, &OPERATION, &FUNCTION, &SPACE, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tarantool",
    about: About {
        name: "Tarantool",
        specification: "Tarantool documentation, Binary protocol",
        evidence: "the greeting",
        limits: "what is written and read",
        ports: &[3301],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[], server: &[b'T'..=b'T'] },
    probe,
    open: |opening: &Opening| Box::new(Framed::new(Tarantool::new(), opening.transport)),
};

const NAME: &[u8] = b"Tarantool ";
/// A line of the greeting.
const LINE_BYTES: usize = 64;

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, NAME) {
        _ if sample.role == Role::Client => Verdict::Reject,
        Verdict::Match if sample.bytes.len() < LINE_BYTES => Verdict::NeedMore,
        Verdict::Match if sample.bytes.get(LINE_BYTES - 1) != Some(&b'\n') => Verdict::Reject,
        verdict => verdict,
    }
}

#[derive(Debug)]
struct Tarantool {
    notes: Notes,
    /// Lines of the greeting that were seen.
    lines: u8,
    /// The number of the request that logs in.
    login: Option<u64>,
}

impl Messages for Tarantool {
    fn extent(&self, role: Role, bytes: &[u8]) -> Extent {
        if role == Role::Server && self.lines < 2 {
            return Extent::Whole(LINE_BYTES);
        }
        let mut reader = Reader::new(bytes);
        match msgpack::number(&mut reader) {
            Some(length) => {
                let head = bytes.len().saturating_sub(reader.len()) as u64;
                Extent::Whole(usize::try_from(length.saturating_add(head)).unwrap_or(usize::MAX))
            }
            None if bytes.len() < 9 && matches!(bytes.first(), None | Some(0xcc..=0xcf)) => {
                Extent::Need(bytes.len().saturating_add(1))
            }
            None => Extent::Broken,
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if message.role == Role::Server && self.lines < 2 {
            self.greeted(message.bytes);
            // A console speaks Lua's text.
            return memchr::memmem::find(message.bytes, b"(Lua console)").is_none();
        }
        // One that can't be read says nothing.
        let _ = self.packet(message.role, message.bytes);
        true
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

impl Tarantool {
    const fn new() -> Self {
        Self { notes: Notes::new(&ELEMENT), lines: 0, login: None }
    }

    fn greeted(&mut self, line: &[u8]) {
        self.lines = self.lines.saturating_add(1);
        if self.lines > 1 {
            return;
        }
        let mut words = line.trim_ascii().strip_prefix(NAME).unwrap_or_default().splitn(2, |byte| *byte == b' ');
        let notes = &mut self.notes;
        notes.text(&VERSION, words.next().unwrap_or_default());
        let rest = words.next().unwrap_or_default();
        let close = memchr::memchr(b')', rest).unwrap_or(rest.len());
        let (kind, instance) = rest.split_at_checked(close).unwrap_or((rest, &[]));
        notes.text(&KIND, kind.strip_prefix(b"(").unwrap_or(kind));
        notes.text(&INSTANCE, instance.strip_prefix(b")").unwrap_or_default().trim_ascii());
    }

    fn packet(&mut self, role: Role, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        msgpack::number(&mut reader)?;
        let (mut kind, mut sync) = (None, None);
        for _ in 0..msgpack::map(&mut reader)?.min(MOST_KEYS) {
            match msgpack::number(&mut reader)? {
                0 => kind = Some(msgpack::number(&mut reader)?),
                1 => sync = Some(msgpack::number(&mut reader)?),
                _ => msgpack::skip(&mut reader)?,
            }
        }
        let kind = kind?;
        match role {
            Role::Client => {
                let name = u32::try_from(kind).ok().and_then(kinds).unwrap_or("other");
                self.notes.tally(&OPERATION, name.as_bytes());
                if name == "auth" {
                    self.login = sync;
                }
            }
            Role::Server if self.login.is_some() && self.login == sync => {
                self.notes.yes_no(&AUTHENTICATED, kind == 0);
            }
            Role::Server => {}
        }
        for _ in 0..msgpack::map(&mut reader)?.min(MOST_KEYS) {
            match (role, msgpack::number(&mut reader)?) {
                (Role::Client, 0x10) => self.notes.number(&SPACE, msgpack::number(&mut reader)?),
                (Role::Client, 0x22) => self.notes.text(&FUNCTION, msgpack::text(&mut reader)?),
                (Role::Client, 0x23) => {
                    let user = msgpack::text(&mut reader)?;
                    self.notes.text(&USER, user);
                    self.notes.user(user);
                }
                (Role::Server, 0x31) => self.notes.text(&ERROR, msgpack::text(&mut reader)?),
                _ => msgpack::skip(&mut reader)?,
            }
        }
        Some(())
    }
}

/// The most keys of a header or a body.
const MOST_KEYS: u64 = 32;

/// Kinds of requests.
fn kinds(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "select",
        2 => "insert",
        3 => "replace",
        4 => "update",
        5 => "delete",
        6 | 10 => "call",
        7 => "auth",
        8 => "eval",
        9 => "upsert",
        11 => "execute",
        13 => "prepare",
        14 => "begin",
        15 => "commit",
        16 => "rollback",
        64 => "ping",
        65 => "join",
        66 => "subscribe",
        68 => "vote",
        73 => "id",
        74 => "watch",
        _ => return None,
    })
}
