//! ClickHouse's own protocol: who logs in to which database and what is asked there (ClickHouse documentation, "Native protocol").
//!
//! ```text
//! numbers are of seven bits a byte, least first; texts stand behind their length
//! client   0  name  major minor revision  database user password
//! server   0  name  major minor revision  timezone  display name  patch        or   2  code:4 name message stack ...
//! query    1  id  who asks  settings  stage  compressed  statement
//! block    2 (client) or 1 (server)  table  checksum:16 method:1 length:4 ...      where compressed
//! ```
//!
//! Packets are followed as long as their size is known: not past an error, nor past a block that is not compressed.
//! A greeting with the name of ClickHouse proves it; another client's fits, and wants the server's.

use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::framing::is_text;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::sql::{self, Dialect, Statements};

mod packets;

use packets::Packet;

static CLIENT: Field = Field::text("client", "the client's software", "ClickHouse, Native protocol");
static CLIENT_VERSION: Field = Field::text("client_version", "and its version", "ClickHouse, Native protocol");
static SERVER_VERSION: Field = Field::text("server_version", "the server's version", "ClickHouse, Native protocol");
static SERVER_NAME: Field = Field::text("server_name", "what the server calls itself", "ClickHouse, Native protocol");
static DATABASE: Field = Field::text("database", "the database", "ClickHouse, Native protocol");
static USER: Field = Field::text("user", "the account", "ClickHouse, Native protocol");
static ERROR: Field = Field::text("error", "why the server refused, or its first error", "ClickHouse, Native protocol");

static ELEMENT: Element = Element {
    name: "clickhouse",
    meaning: "a database of ClickHouse",
    fields: &[
        &USER,
        &DATABASE,
        &CLIENT,
        &CLIENT_VERSION,
        &SERVER_VERSION,
        &SERVER_NAME,
        &sql::AUTHENTICATED,
        &ERROR,
        &sql::VERBS,
        &sql::STATEMENT,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "clickhouse",
    about: About {
        name: "ClickHouse native protocol",
        specification: "ClickHouse documentation, Native protocol",
        evidence: "greetings with the name of ClickHouse",
        limits: "results; what follows an error or a block that is not compressed",
        ports: &[9000, 9440],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0], server: &[0..=0, 2..=2] },
    probe,
    open: |_: &Opening| {
        let (notes, statements) = (Notes::new(&ELEMENT), Statements::new(Dialect::MySql));
        Box::new(ClickHouse { notes, statements, places: [Place::Greeting; 2], revision: 0, compressed: false })
    },
};

const NAME: &[u8] = b"ClickHouse";
/// The longest text of a greeting.
const TEXT_BYTES: u64 = 256;
/// The longest greeting that is waited for.
const GREETING_BYTES: usize = 1024;

/// What is read of a greeting: it, or that more bytes are needed, or that it is none.
enum Read<T> {
    Done(T),
    More,
    Not,
}

fn number(reader: &mut Reader<'_>) -> Option<u64> {
    let mut value = 0u64;
    for place in 0..9u32 {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7f) << place.saturating_mul(7);
        if byte < 0x80 {
            break;
        }
    }
    Some(value)
}

/// A text; `Err` where it is none.
fn text<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, ()> {
    let Some(length) = number(reader) else { return Ok(None) };
    if length > TEXT_BYTES {
        return Err(());
    }
    let text = usize::try_from(length).ok().and_then(|length| reader.take(length));
    match text {
        Some(text) if !text.is_empty() && !is_text(text) => Err(()),
        text => Ok(text),
    }
}

struct Greeting<'a> {
    name: &'a [u8],
    version: [u64; 3],
    texts: [&'a [u8]; 3],
    used: usize,
}

/// A client's greeting has three texts behind its version; of a server's there are two, and older ones have fewer.
fn greeting(role: Role, bytes: &[u8]) -> Read<Greeting<'_>> {
    let mut reader = Reader::new(bytes);
    if reader.u8() != Some(0) {
        return Read::Not;
    }
    let mut read = || -> Result<Option<Greeting<'_>>, ()> {
        let Some(name) = text(&mut reader)? else { return Ok(None) };
        let numbers = (number(&mut reader), number(&mut reader), number(&mut reader));
        let (Some(major), Some(minor), Some(revision)) = numbers else { return Ok(None) };
        if name.is_empty() || major > 1 << 12 || minor > 1 << 12 || !(50_000..60_000).contains(&revision) {
            return Err(());
        }
        let mut texts = [&b""[..]; 3];
        let count = match role {
            Role::Client => 3,
            Role::Server if revision >= 54_372 => 2,
            Role::Server if revision >= 54_058 => 1,
            Role::Server => 0,
        };
        for place in texts.iter_mut().take(count) {
            let Some(text) = text(&mut reader)? else { return Ok(None) };
            *place = text;
        }
        if role == Role::Server && revision >= 54_401 && number(&mut reader).is_none() {
            return Ok(None);
        }
        let used = bytes.len().saturating_sub(reader.len());
        Ok(Some(Greeting { name, version: [major, minor, revision], texts, used }))
    };
    match read() {
        Ok(Some(greeting)) => Read::Done(greeting),
        Ok(None) if bytes.len() < GREETING_BYTES => Read::More,
        _ => Read::Not,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match greeting(sample.role, sample.bytes) {
        Read::Done(greeting) if sample.role == Role::Server => {
            // A client's beginning may look so too, but its database is no zone of time.
            let [zone, ..] = greeting.texts;
            let is_zone = zone.contains(&b'/') || matches!(zone, b"UTC" | b"GMT");
            match greeting.name == NAME {
                true if is_zone => Verdict::Match,
                true => Verdict::Likely,
                false => Verdict::Reject,
            }
        }
        Read::Done(greeting) if greeting.name.starts_with(NAME) && greeting.name != NAME => Verdict::Match,
        Read::Done(_) => Verdict::Likely,
        Read::More => Verdict::NeedMore,
        _ => {
            // A refusal: its name says whose it is.
            let refusal = sample.role == Role::Server && sample.bytes.first() == Some(&2);
            let named = memchr::memmem::find(sample.bytes, b"DB::Exception").is_some();
            match (refusal, named) {
                (true, true) => Verdict::Match,
                (true, false) if sample.bytes.len() < 32 => Verdict::NeedMore,
                _ => Verdict::Reject,
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Greeting,
    Packets,
    /// What this side says is passed over.
    Over,
}

#[derive(Debug)]
struct ClickHouse {
    notes: Notes,
    statements: Statements,
    places: [Place; 2],
    /// The client's, which says what its queries hold.
    revision: u64,
    /// Whether blocks are compressed, as the last query said.
    compressed: bool,
}

impl Dissector for ClickHouse {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match self.places.get(chunk.role.index()) {
            Some(Place::Greeting) => self.greets(chunk),
            Some(Place::Packets) => self.packet(chunk),
            _ if self.places == [Place::Over; 2] => Step::Done,
            _ => Step::Consumed(chunk.bytes.len()),
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
        let reveal = !out.redacts();
        self.statements.facts(&mut out.element(&ELEMENT), reveal);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes() + self.statements.heap_bytes()
    }
}

impl ClickHouse {
    fn at(&mut self, role: Role, place: Place) {
        if let Some(at) = self.places.get_mut(role.index()) {
            *at = place;
        }
    }

    fn greets(&mut self, chunk: Chunk<'_>) -> Step {
        match greeting(chunk.role, chunk.bytes) {
            Read::Done(greeting) => {
                self.greeted(chunk.role, &greeting);
                self.at(chunk.role, Place::Packets);
                if chunk.role == Role::Server {
                    self.notes.yes_no(&sql::AUTHENTICATED, true);
                }
                Step::Consumed(greeting.used)
            }
            Read::More => Step::NeedMore(chunk.bytes.len() + 1),
            Read::Not if chunk.role == Role::Server && chunk.bytes.first() == Some(&2) => {
                self.notes.yes_no(&sql::AUTHENTICATED, false);
                self.packet(chunk)
            }
            Read::Not => Step::Violation,
        }
    }

    fn packet(&mut self, chunk: Chunk<'_>) -> Step {
        let role = chunk.role;
        let packet = match role {
            Role::Client => packets::client(chunk.bytes, self.revision, self.compressed),
            Role::Server => packets::server(chunk.bytes, self.revision, self.compressed),
        };
        match packet {
            Packet::More if chunk.bytes.len() < packets::MOST => Step::NeedMore(chunk.bytes.len().saturating_add(1)),
            Packet::More | Packet::Unknown => {
                self.at(role, Place::Over);
                Step::Consumed(0)
            }
            Packet::Query { statement, compressed, used } => {
                self.compressed = compressed;
                self.statements.whole(statement);
                Step::Consumed(used)
            }
            Packet::Error(message) => {
                self.notes.text(&ERROR, message);
                self.at(role, Place::Over);
                Step::Consumed(0)
            }
            Packet::Other(length) => match length.checked_sub(chunk.bytes.len() as u64) {
                Some(missing @ 1..) => Step::Skip(missing),
                _ => Step::Consumed(usize::try_from(length).unwrap_or(usize::MAX)),
            },
        }
    }
    fn greeted(&mut self, role: Role, greeting: &Greeting<'_>) {
        let [major, minor, revision] = greeting.version;
        let version = format!("{major}.{minor}.{revision}");
        let [first, second, third] = greeting.texts;
        if role == Role::Client {
            self.revision = revision;
            self.notes.text(&CLIENT, greeting.name);
            self.notes.text(&CLIENT_VERSION, version.as_bytes());
            self.notes.text(&DATABASE, first);
            self.notes.text(&USER, second);
            self.notes.user(second);
            if !third.is_empty() {
                self.notes.flag(Flag::CleartextPassword);
            }
        } else {
            self.notes.text(&SERVER_VERSION, version.as_bytes());
            self.notes.text(&SERVER_NAME, second);
        }
    }
}
