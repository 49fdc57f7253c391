//! ClickHouse's own protocol: who logs in to which database (ClickHouse documentation, "Native protocol").
//!
//! ```text
//! numbers are of seven bits a byte, least first; texts stand behind their length
//! client   0  name  major minor revision  database user password
//! server   0  name  major minor revision  timezone  display name  patch        or   2  code:4 name message stack ...
//! ```
//!
//! A greeting with the name of ClickHouse proves it; another client's fits, and wants the server's.

use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::framing::is_text;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static CLIENT: Field = Field::text("client", "the client's software", "ClickHouse, Native protocol");
static CLIENT_VERSION: Field = Field::text("client_version", "and its version", "ClickHouse, Native protocol");
static SERVER_VERSION: Field = Field::text("server_version", "the server's version", "ClickHouse, Native protocol");
static SERVER_NAME: Field = Field::text("server_name", "what the server calls itself", "ClickHouse, Native protocol");
static DATABASE: Field = Field::text("database", "the database", "ClickHouse, Native protocol");
static USER: Field = Field::text("user", "the account", "ClickHouse, Native protocol");
static ERROR: Field = Field::text("error", "why the server refused", "ClickHouse, Native protocol");

static ELEMENT: Element = Element {
    name: "clickhouse",
    meaning: "a database of ClickHouse",
    fields: &[&USER, &DATABASE, &CLIENT, &CLIENT_VERSION, &SERVER_VERSION, &SERVER_NAME, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "clickhouse",
    about: About {
        name: "ClickHouse native protocol",
        specification: "ClickHouse documentation, Native protocol",
        evidence: "greetings with the name of ClickHouse",
        limits: "statements and what follows the greetings",
        ports: &[9000, 9440],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0], server: &[0..=0, 2..=2] },
    probe,
    open: |_: &Opening| Box::new(ClickHouse { notes: Notes::new(&ELEMENT), told: [false; 2] }),
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

#[derive(Debug)]
struct ClickHouse {
    notes: Notes,
    told: [bool; 2],
}

impl Dissector for ClickHouse {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let at = chunk.role.index();
        if self.told.get(at) == Some(&true) {
            return Step::Consumed(chunk.bytes.len());
        }
        let used = match greeting(chunk.role, chunk.bytes) {
            Read::Done(greeting) => {
                self.greeted(chunk.role, &greeting);
                greeting.used
            }
            Read::More => return Step::NeedMore(chunk.bytes.len() + 1),
            Read::Not if chunk.role == Role::Server && chunk.bytes.first() == Some(&2) => {
                let mut reader = Reader::new(chunk.bytes);
                let error = reader.skip(5).map(|()| (text(&mut reader), text(&mut reader)));
                match error {
                    Some((Ok(Some(_)), Ok(Some(message)))) => self.notes.text(&ERROR, message),
                    _ if chunk.bytes.len() < GREETING_BYTES => return Step::NeedMore(chunk.bytes.len() + 1),
                    _ => {}
                }
                return Step::Done;
            }
            Read::Not => return Step::Violation,
        };
        if let Some(told) = self.told.get_mut(at) {
            *told = true;
        }
        if self.told == [true; 2] { Step::Done } else { Step::Consumed(used) }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

impl ClickHouse {
    fn greeted(&mut self, role: Role, greeting: &Greeting<'_>) {
        let [major, minor, revision] = greeting.version;
        let version = format!("{major}.{minor}.{revision}");
        let [first, second, third] = greeting.texts;
        if role == Role::Client {
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
