//! Zabbix: agents, proxies and senders that talk to a monitoring server.
//!
//! ```text
//! "ZBXD" flags:1 length:4 reserved:4 data            little endian; with flag 4 length and reserved have 8 bytes each
//! ```
//!
//! Specification: Zabbix documentation, "Header" (appendix, protocols): flag 1 is always set, 2 says that the data is compressed (zlib), 4 that
//! it is large. The data is JSON, or in passive checks a key and its value; an old server asks with a bare line, `agent.ping\n`.
//!
//! What is looked for in JSON is the first string of a few names, without reading the whole. Limits: [`READ_BYTES`] of each message, sixteen
//! keys. Compressed data is counted only. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::linewise::{Lines, Next};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// What a message begins with.
const MAGIC: &[u8] = b"ZBXD";
/// Stands before the reason where an item can't be told.
const UNSUPPORTED: &[u8] = b"ZBX_NOTSUPPORTED";
/// How much of a message is read.
const READ_BYTES: usize = 16 * 1024;
/// The longest key of a bare line.
const KEY_BYTES: usize = 2048;
/// Flags of a message.
mod flag {
    pub const PROTOCOL: u8 = 1;
    pub const COMPRESSED: u8 = 2;
    pub const LARGE: u8 = 4;
}

static REQUEST: Field =
    Field::text("request", "what was asked: `agent data`, `active checks`, `sender data`, ...", "Zabbix, protocols")
        .list();
static RESPONSE: Field = Field::text("response", "`success` or `failed`", "Zabbix, protocols").list();
static HOST: Field = Field::text("host", "the monitored host's name", "Zabbix, protocols").list();
static KEY: Field = Field::text("key", "items asked for or reported", "Zabbix, protocols").list();
static ERROR: Field = Field::text("error", "why an item could not be told", "Zabbix, protocols").list();
static VERSION: Field = Field::text("version", "the agent's or proxy's version", "Zabbix, protocols");
static MESSAGES: Field = Field::number("messages", "messages of both sides", "Zabbix, protocols");
static COMPRESSED: Field =
    Field::new(Kind::YesNo, "compressed", "some messages were compressed, and not read", "Zabbix, protocols");

static ELEMENT: Element = Element {
    name: "zabbix",
    meaning: "monitoring with Zabbix",
    fields: &[&REQUEST, &RESPONSE, &HOST, &KEY, &ERROR, &VERSION, &MESSAGES, &COMPRESSED],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "zabbix",
    about: About {
        name: "Zabbix agents, proxies and senders",
        specification: "Zabbix documentation, appendix Header",
        evidence: "`ZBXD` with its flags and length",
        limits: "compressed data is counted only",
        ports: &[10050, 10051],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    // A bare key begins like a host's name.
    first: FirstBytes { client: &[b'A'..=b'Z', b'a'..=b'z'], server: &[b'Z'..=b'Z'] },
    probe,
    open: |_: &Opening| Box::new(Zabbix::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first().is_some_and(|byte| !PROTOCOL.first.allow(sample.role, *byte)) {
        return Verdict::Reject;
    }
    let (magic, rest) = sample.bytes.split_at_checked(MAGIC.len()).unwrap_or((sample.bytes, &[]));
    if MAGIC.starts_with(magic) {
        return match rest.first() {
            None => Verdict::NeedMore,
            Some(flags) if known(*flags) => Verdict::Match,
            Some(_) => Verdict::Reject,
        };
    }
    // A bare key is a line like many others: only its answer tells.
    let key = sample.role == Role::Client && is_key(sample.bytes);
    if key { Verdict::NeedMore } else { Verdict::Reject }
}

fn known(flags: u8) -> bool {
    flags & flag::PROTOCOL != 0 && flags & !(flag::PROTOCOL | flag::COMPRESSED | flag::LARGE) == 0
}

/// Whether this is, or begins, one line with a key: `name[parameters]`.
fn is_key(bytes: &[u8]) -> bool {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let name = line.split(|byte| *byte == b'[').next().unwrap_or_default();
    let named = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
    !name.is_empty() && named && line.len() <= KEY_BYTES && crate::linewise::is_text(line)
}

#[derive(Debug, Default)]
struct Zabbix {
    lines: Lines,
    requests: List<Text>,
    responses: List<Text>,
    hosts: List<Text>,
    keys: List<Text>,
    errors: List<Text>,
    version: Option<Text>,
    messages: u64,
    compressed: bool,
}

impl Zabbix {
    fn message(&mut self, role: Role, data: &[u8]) {
        if let (Role::Server, Some(reason)) = (role, data.strip_prefix(UNSUPPORTED)) {
            self.errors.push_distinct(Text::new(reason.strip_prefix(b"\0").unwrap_or(reason)));
            return;
        }
        if data.first() != Some(&b'{') {
            let key = data.trim_ascii();
            if role == Role::Client && is_key(key) {
                self.keys.push_distinct(Text::new(key));
            }
            return;
        }
        for (name, list) in [
            (&b"request"[..], &mut self.requests),
            (b"response", &mut self.responses),
            (b"host", &mut self.hosts),
            (b"key", &mut self.keys),
        ] {
            for value in strings(data, name) {
                list.push_distinct(Text::new(value));
            }
        }
        if self.version.is_none() {
            self.version = strings(data, b"version").next().map(Text::new);
        }
    }
}

/// The values of every `"name":"value"` in a piece of JSON, with their escapes as they are.
fn strings<'a>(json: &'a [u8], name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    memchr::memmem::find_iter(json, name).filter_map(move |at| {
        let quoted = at.checked_sub(1).and_then(|before| json.get(before)) == Some(&b'"');
        let rest = json.get(at.saturating_add(name.len())..)?.strip_prefix(b"\"").filter(|_| quoted)?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
        let mut escaped = false;
        let end = value.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })?;
        value.get(..end)
    })
}

impl Dissector for Zabbix {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if role == Role::Client && bytes.first() != MAGIC.first() {
            return match self.lines.next(bytes, KEY_BYTES) {
                Next::Line(line, used) => {
                    self.messages = self.messages.saturating_add(1);
                    self.message(role, line);
                    Step::Consumed(used)
                }
                Next::Pass(used) => Step::Consumed(used),
                Next::Wait(wanted) => Step::NeedMore(wanted),
            };
        }
        let mut reader = Reader::new(bytes);
        let Some([magic @ .., flags]) = reader.array::<5>() else {
            return Step::NeedMore(5);
        };
        if magic != *MAGIC || !known(flags) {
            return Step::Violation;
        }
        let lengths = if flags & flag::LARGE != 0 {
            reader.le_u64().zip(reader.le_u64())
        } else {
            reader.le_u32().map(u64::from).zip(reader.le_u32().map(u64::from))
        };
        let Some((length, _)) = lengths else {
            return Step::NeedMore(if flags & flag::LARGE != 0 { 21 } else { 13 });
        };
        let header = bytes.len().saturating_sub(reader.len());
        let read = usize::try_from(length).unwrap_or(usize::MAX).min(READ_BYTES);
        let Some(data) = reader.take(read) else {
            return Step::NeedMore(header.saturating_add(read));
        };
        self.messages = self.messages.saturating_add(1);
        if flags & flag::COMPRESSED != 0 {
            self.compressed = true;
        } else {
            self.message(role, data);
        }
        let left = length.saturating_sub(read as u64);
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(reader.len());
        if left > here as u64 {
            return Step::Skip(left.saturating_sub(here as u64));
        }
        Step::Consumed(header.saturating_add(read).saturating_add(here))
    }

    fn facts(&self, out: &mut Facts) {
        let mut zabbix = out.element(&ELEMENT);
        zabbix.texts(&REQUEST, &self.requests);
        zabbix.texts(&RESPONSE, &self.responses);
        zabbix.texts(&HOST, &self.hosts);
        zabbix.texts(&KEY, &self.keys);
        zabbix.texts(&ERROR, &self.errors);
        zabbix.maybe(&VERSION, self.version.as_ref());
        zabbix.number(&MESSAGES, self.messages);
        if self.compressed {
            zabbix.yes_no(&COMPRESSED, true);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.requests, &self.responses, &self.hosts, &self.keys, &self.errors];
        let texts = lists.into_iter().flat_map(|list| list.items());
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + self.version.as_ref().map_or(0, Text::heap_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_by_name() {
        let json = br#"{"request":"agent data","data":[{"host" : "a","key":"net[\"x\"]"},{"key":"b"}],"hostage":"c"}"#;
        let read = |name: &'static [u8]| strings(json, name).collect::<Vec<_>>();
        assert_eq!(read(b"request"), [b"agent data"]);
        assert_eq!(read(b"host"), [b"a"]);
        assert_eq!(read(b"key"), [&br#"net[\"x\"]"#[..], b"b"]);
        assert!(read(b"data").is_empty());
    }

    #[test]
    fn a_bare_key_proves_nothing() {
        let say = |role, bytes: &[u8]| {
            probe(&Sample { transport: Transport::Tcp, role, bytes, destination: "192.0.2.2".parse().unwrap() })
        };
        assert_eq!(say(Role::Client, b"agent.ping\n"), Verdict::NeedMore);
        assert_eq!(say(Role::Client, b"GET / HTTP/1.1\r\n"), Verdict::Reject);
        assert_eq!(say(Role::Client, b"Zabbix.key\n"), Verdict::NeedMore);
        assert_eq!(say(Role::Server, b"ZBXD\x01"), Verdict::Match);
        assert_eq!(say(Role::Server, b"ZBXD\x09"), Verdict::Reject);
    }
}
