//! memcached: commands, keys, the server's version, errors; its text and its binary protocol, over TCP and UDP.
//!
//! memcached's doc/protocol.txt and doc/protocol-binary.txt.
//!
//! ```text
//! text     command words CR LF  [, for those that store, so many bytes CR LF]
//!          VALUE key flags bytes [cas] CR LF bytes CR LF ... END CR LF   |   STORED   |   STAT name value   |   ...
//! binary   0x80 or 0x81  operation:1 key:2 extras:1 type:1 vbucket or status:2 body:4 opaque:4 cas:8  extras key value
//! UDP      request:2 sequence:2 datagrams:2 zero:2   then either
//! ```
//!
//! Values are passed over. SASL's PLAIN names the user; its password is not kept.
//!
//! Limits: a line of [`LINE_BYTES`] (keys are 250 bytes at most), of a binary message the first [`READ_BYTES`]. Over UDP answers in several
//! datagrams are read only in their first.

mod probe;

use crate::capped::{List, Text};
use crate::credentials;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, decimal, framed, line};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::reader::Reader;
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "memcache",
    about: About {
        name: "memcached, text and binary",
        specification: "memcached protocol.txt, protocol-binary.txt",
        evidence: "commands and answers in their form, or binary headers that fit",
        limits: "values are passed over; over UDP only the first datagram of an answer is read",
        ports: &[11211, 11212],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe: probe::probe,
    open: |opening: &Opening| {
        Box::new(Memcache { datagrams: opening.transport != Transport::Tcp, ..Memcache::default() })
    },
};

static VARIANT: Field = Field::text("variant", "`text` or `binary`", "memcached protocol");
static COMMANDS: Field = Field::number("commands", "commands sent", "memcached protocol");
static VERBS: Field = Field::text("verbs", "commands by name, as `NAME:COUNT`", "memcached protocol").list().items(32);
static KEY: Field = Field::text("key", "keys asked for and stored, each once", "memcached protocol").list();
static HITS: Field = Field::number("hits", "values that the server gave; absent if none", "memcached protocol");
static USER: Field = Field::text("user", "the account that logs in", "memcached SASL");
static SERVER_VERSION: Field = Field::text("server_version", "the server's version", "memcached version, stats");
static ERROR: Field = Field::text("error", "errors that the server answered, each once", "memcached protocol").list();

static ELEMENT: Element = Element {
    name: "memcache",
    meaning: "memcached",
    fields: &[&VARIANT, &COMMANDS, &VERBS, &KEY, &HITS, &USER, &SERVER_VERSION, &ERROR],
};

/// The longest line; a `get` of many keys is long.
pub const LINE_BYTES: usize = 64 * 1024;
/// What is looked at of a binary message.
pub const READ_BYTES: usize = 512;
/// The longest value: memcached takes 1 MB, up to 1 GB where it was told to.
const VALUE_BYTES: u64 = 1 << 30;
/// How many keys of one line are looked at.
const KEYS: usize = 16;
/// The head of a binary message.
const HEAD_BYTES: usize = 24;

#[derive(Default)]
struct Memcache {
    datagrams: bool,
    lost: Lost,
    variant: Option<&'static str>,
    commands: u64,
    verbs: Tally,
    keys: List<Text>,
    hits: u64,
    user: Option<Text>,
    password: bool,
    server_version: Option<Text>,
    errors: List<Text>,
}

impl Dissector for Memcache {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        if !self.datagrams {
            return self.message(role, bytes).unwrap_or_else(|step| step);
        }
        let mut rest = bytes.get(8..).unwrap_or_default();
        // Only what a datagram begins can be read; a later one of an answer goes on anywhere.
        let begins = bytes.get(2..4) == Some(&[0, 0]);
        while begins && !rest.is_empty() {
            match self.message(role, rest) {
                Ok(Step::Consumed(used)) if used > 0 => rest = rest.get(used..).unwrap_or_default(),
                _ => break,
            }
        }
        Step::Consumed(bytes.len())
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let mut memcache = out.element(&ELEMENT);
        if let Some(variant) = self.variant {
            memcache.plain(&VARIANT, variant);
        }
        if self.commands > 0 {
            memcache.number(&COMMANDS, self.commands);
        }
        self.verbs.tell(&mut memcache, &VERBS);
        memcache.texts(&KEY, &self.keys);
        if self.hits > 0 {
            memcache.number(&HITS, self.hits);
        }
        memcache.maybe(&USER, self.user.as_ref());
        memcache.maybe(&SERVER_VERSION, self.server_version.as_ref());
        memcache.texts(&ERROR, &self.errors);
    }

    fn heap_bytes(&self) -> usize {
        let listed = self.keys.items().iter().chain(self.errors.items());
        self.verbs.heap_bytes() + listed.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

impl Memcache {
    fn message(&mut self, role: Role, bytes: &[u8]) -> Result<Step, Step> {
        match (bytes.first(), role) {
            (Some(0x80), Role::Client) | (Some(0x81), Role::Server) => self.binary(role, bytes),
            (_, Role::Client) => self.command(bytes),
            (_, Role::Server) => self.reply(bytes),
        }
    }

    fn command(&mut self, bytes: &[u8]) -> Result<Step, Step> {
        let (text, used) = line(bytes, LINE_BYTES)?;
        self.variant.get_or_insert("text");
        let mut words = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let name = words.next().unwrap_or_default();
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            return Err(Step::Violation);
        }
        self.commands = self.commands.saturating_add(1);
        self.verbs.count(name);
        let mut keys = |keys: &mut dyn Iterator<Item = &[u8]>| {
            for key in keys.take(KEYS) {
                self.keys.push_distinct(Text::new(key));
            }
        };
        let length = match name {
            b"get" | b"gets" => {
                keys(&mut words);
                None
            }
            b"gat" | b"gats" => {
                keys(&mut words.skip(1));
                None
            }
            b"delete" | b"incr" | b"decr" | b"touch" | b"mg" | b"md" | b"ma" => {
                keys(&mut words.take(1));
                None
            }
            b"set" | b"add" | b"replace" | b"append" | b"prepend" | b"cas" => {
                keys(&mut words.by_ref().take(1));
                words.nth(2).and_then(decimal)
            }
            b"ms" => {
                keys(&mut words.by_ref().take(1));
                words.next().and_then(decimal)
            }
            _ => None,
        };
        Ok(over(bytes, used, length.map(|length| length.saturating_add(2))))
    }

    fn reply(&mut self, bytes: &[u8]) -> Result<Step, Step> {
        let (text, used) = line(bytes, LINE_BYTES)?;
        self.variant.get_or_insert("text");
        let mut words = text.split(|byte| *byte == b' ');
        let mut length = None;
        match words.next().unwrap_or_default() {
            b"VALUE" => {
                self.hits = self.hits.saturating_add(1);
                length = words.nth(2).and_then(decimal);
            }
            b"VA" => {
                self.hits = self.hits.saturating_add(1);
                length = words.next().and_then(decimal);
            }
            b"VERSION" => self.version(words.next()),
            b"STAT" if words.next() == Some(b"version") => self.version(words.next()),
            b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR" => self.errors.push_distinct(Text::new(text)),
            _ => {}
        }
        Ok(over(bytes, used, length.map(|length| length.saturating_add(2))))
    }

    fn version(&mut self, version: Option<&[u8]>) {
        if let (None, Some(version)) = (&self.server_version, version) {
            self.server_version = Some(Text::new(version));
        }
    }

    fn binary(&mut self, role: Role, bytes: &[u8]) -> Result<Step, Step> {
        let head = Head::read(bytes).ok_or(Step::NeedMore(HEAD_BYTES))?;
        let body = u64::from(head.body);
        if body > VALUE_BYTES || u64::from(head.key) + u64::from(head.extras) > body {
            return Err(Step::Violation);
        }
        let (message, step) = framed(bytes, body.saturating_add(HEAD_BYTES as u64), READ_BYTES)?;
        self.variant.get_or_insert("binary");
        let key_at = HEAD_BYTES.saturating_add(usize::from(head.extras));
        let after = message.get(key_at..).unwrap_or_default();
        let (key, value) = after.split_at_checked(usize::from(head.key)).unwrap_or((after, &[]));
        let name = operation(head.operation);
        if role == Role::Client {
            self.commands = self.commands.saturating_add(1);
            self.verbs.count(name.as_bytes());
            if matches!(head.operation, 0x20..=0x22) {
                if let (None, Some(named)) = (&self.user, credentials::named(value)) {
                    self.password |= named.password;
                    self.user = Some(named.user);
                }
            } else if !key.is_empty() && name != "stat" {
                self.keys.push_distinct(Text::new(key));
            }
            return Ok(step);
        }
        match (head.status, name) {
            (0, "version") => self.version(Some(value)),
            (0, "stat") if key == b"version" => self.version(Some(value)),
            (0, "get" | "getq" | "getk" | "getkq" | "gat" | "gatq") => self.hits = self.hits.saturating_add(1),
            // Not found, exists, not stored: no errors.
            (0 | 1 | 2 | 5, _) => {}
            (status, _) => self.errors.push_distinct(Text::from(status_name(status))),
        }
        Ok(step)
    }
}

/// The step over a line and the block behind it.
fn over(bytes: &[u8], used: usize, block: Option<u64>) -> Step {
    let total = (used as u64).saturating_add(block.filter(|block| *block <= VALUE_BYTES).unwrap_or(0));
    framed(bytes, total, used).map_or_else(|step| step, |(_, step)| step)
}

/// The head of a binary message.
struct Head {
    operation: u8,
    key: u16,
    extras: u8,
    kind: u8,
    status: u16,
    body: u32,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        reader.u8()?;
        let head = Self {
            operation: reader.u8()?,
            key: reader.be_u16()?,
            extras: reader.u8()?,
            kind: reader.u8()?,
            status: reader.be_u16()?,
            body: reader.be_u32()?,
        };
        reader.skip(12)?;
        Some(head)
    }
}

/// Names of binary operations; a Q is for those that are answered only when something is wrong or found.
fn operation(number: u8) -> &'static str {
    match number {
        0x00 => "get",
        0x01 => "set",
        0x02 => "add",
        0x03 => "replace",
        0x04 => "delete",
        0x05 => "increment",
        0x06 => "decrement",
        0x07 => "quit",
        0x08 => "flush",
        0x09 => "getq",
        0x0a => "noop",
        0x0b => "version",
        0x0c => "getk",
        0x0d => "getkq",
        0x0e => "append",
        0x0f => "prepend",
        0x10 => "stat",
        0x11 => "setq",
        0x12 => "addq",
        0x13 => "replaceq",
        0x14 => "deleteq",
        0x15 => "incrementq",
        0x16 => "decrementq",
        0x17 => "quitq",
        0x18 => "flushq",
        0x19 => "appendq",
        0x1a => "prependq",
        0x1b => "verbosity",
        0x1c => "touch",
        0x1d => "gat",
        0x1e => "gatq",
        0x20 => "sasl_list_mechs",
        0x21 => "sasl_auth",
        0x22 => "sasl_step",
        _ => "other",
    }
}

/// Names of statuses that are errors.
fn status_name(status: u16) -> &'static str {
    match status {
        0x03 => "value too large",
        0x04 => "invalid arguments",
        0x06 => "non-numeric value",
        0x20 => "authentication error",
        0x21 => "authentication continue",
        0x81 => "unknown command",
        0x82 => "out of memory",
        _ => "other",
    }
}
