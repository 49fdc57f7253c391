//! NATS: client and server, accounts, subjects, errors.
//!
//! "NATS Client Protocol" (docs.nats.io).
//!
//! ```text
//! server   INFO {json} CR LF, MSG subject sid [reply] bytes CR LF payload CR LF, HMSG, +OK, -ERR 'text', PING, PONG
//! client   CONNECT {json} CR LF, PUB subject [reply] bytes CR LF payload CR LF, HPUB, SUB subject [queue] sid, UNSUB, PING, PONG
//! ```
//!
//! Recognised by the server's INFO or the client's CONNECT. Payloads are passed over; passwords and tokens are not kept. A client that
//! starts TLS instead of CONNECT is handed over. After a gap the side that misses bytes is silent.
//!
//! Limits: a line of [`LINE_BYTES`].

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, decimal, line};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nats",
    about: About {
        name: "NATS",
        specification: "NATS Client Protocol",
        evidence: "the server's INFO, or the client's CONNECT",
        limits: "payloads are passed over",
        ports: &[4222, 6222],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[b'C'..=b'C', b'H'..=b'H', b'P'..=b'P', b'S'..=b'S', b'c'..=b'c', b'p'..=b'p', b's'..=b's'],
        server: &[b'I'..=b'I', b'M'..=b'M', b'H'..=b'H', b'-'..=b'-'],
    },
    probe,
    open: |_: &Opening| Box::new(Nats::default()),
};

static USER: Field = Field::text("user", "the account", "NATS CONNECT");
static CLIENT_NAME: Field = Field::text("client_name", "the client's name", "NATS CONNECT");
static CLIENT: Field = Field::text("client", "the client's library: its language and version", "NATS CONNECT");
static SERVER_NAME: Field = Field::text("server_name", "the server's name", "NATS INFO");
static SERVER_VERSION: Field = Field::text("server_version", "the server's version", "NATS INFO");
static VERBS: Field = Field::text("verbs", "operations by name, as `NAME:COUNT`", "NATS").list().items(32);
static SUBJECT: Field =
    Field::text("subject", "subjects published, subscribed and delivered, each once", "NATS").list();
static ERROR: Field = Field::text("error", "errors that the server told, each once", "NATS -ERR").list();

static ELEMENT: Element = Element {
    name: "nats",
    meaning: "NATS messaging",
    fields: &[&USER, &CLIENT_NAME, &CLIENT, &SERVER_NAME, &SERVER_VERSION, &VERBS, &SUBJECT, &ERROR],
};

/// The longest line; INFO lists the servers of a cluster.
pub const LINE_BYTES: usize = 64 * 1024;
/// The longest payload (NATS: 1 MB unless configured, 64 MB at most).
const PAYLOAD_BYTES: u64 = 64 * 1024 * 1024;

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.first().is_some_and(|first| PROTOCOL.first.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    let bytes = sample.bytes;
    let text = bytes.get(..PROBE_LINE).unwrap_or(bytes);
    let begins = |word: &[u8]| word.starts_with(bytes.get(..word.len()).unwrap_or(bytes));
    match sample.role {
        Role::Server if begins(b"INFO {") => {
            // Whatever its order, the object tells of the server within its first bytes.
            let names: [&[u8]; 3] = [b"\"server_id\"", b"\"server_name\"", b"\"max_payload\""];
            if names.iter().any(|name| memchr::memmem::find(text, name).is_some()) {
                Verdict::Match
            } else if bytes.len() < PROBE_LINE && memchr::memchr(b'\n', text).is_none() {
                Verdict::NeedMore
            } else {
                Verdict::Reject
            }
        }
        Role::Client if begins(b"CONNECT {") => {
            let names: [&[u8]; 3] = [b"\"verbose\"", b"\"pedantic\"", b"\"lang\""];
            if names.iter().any(|name| memchr::memmem::find(text, name).is_some()) {
                Verdict::Match
            } else if bytes.len() < PROBE_LINE && memchr::memchr(b'\n', text).is_none() {
                Verdict::NeedMore
            } else {
                Verdict::Reject
            }
        }
        role => match line(bytes, PROBE_LINE) {
            Ok((words, used)) if bytes.get(..used).is_some_and(|line| line.ends_with(b"\r\n")) => {
                midstream(role, words, bytes.get(used..).unwrap_or_default())
            }
            Ok(_) => Verdict::Reject,
            Err(_) => {
                let known: &[&[u8]] = match role {
                    Role::Client => &[b"PUB ", b"HPUB ", b"SUB "],
                    Role::Server => &[b"MSG ", b"HMSG ", b"-ERR '"],
                };
                let may = bytes.len() < PROBE_LINE && known.iter().any(|word| begins(word));
                if may { Verdict::NeedMore } else { Verdict::Reject }
            }
        },
    }
}

/// What is looked at of a first line.
const PROBE_LINE: usize = 1024;

/// Whether a message in the midst of a session is whole: its payload ends where its line says.
fn midstream(role: Role, words: &[u8], payload: &[u8]) -> Verdict {
    let parts: Vec<&[u8]> = words.split(|byte| *byte == b' ').collect();
    let fits = match (role, parts.as_slice()) {
        (Role::Client, [b"PUB", _, _] | [b"PUB", _, _, _])
        | (Role::Server, [b"MSG", _, _, _] | [b"MSG", _, _, _, _]) => {
            // Other messengers say MSG too; subjects have no @, and subscriptions are numbered.
            parts.get(2).is_some_and(|sid| decimal(sid).is_some())
        }
        (Role::Client, [b"SUB", subject, sid] | [b"SUB", subject, _, sid]) => {
            return if !subject.is_empty() && decimal(sid).is_some() { Verdict::Likely } else { Verdict::Reject };
        }
        _ => false,
    };
    let length = parts.last().and_then(|length| decimal(length)).filter(|_| fits && words.is_ascii());
    let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
        return Verdict::Reject;
    };
    match payload.get(length..length.saturating_add(2)) {
        Some(b"\r\n") => Verdict::Match,
        Some(_) => Verdict::Reject,
        None => Verdict::Likely,
    }
}

#[derive(Default)]
struct Nats {
    lost: Lost,
    connected: bool,
    user: Option<Text>,
    secret: bool,
    client_name: Option<Text>,
    client: Option<Text>,
    server_name: Option<Text>,
    server_version: Option<Text>,
    verbs: Tally,
    subjects: List<Text>,
    errors: List<Text>,
}

impl Dissector for Nats {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        if role == Role::Client && !self.connected && bytes.first() == Some(&0x16) {
            return Step::Handover(0, Some(&super::tls::PROTOCOL));
        }
        let (words, used) = match line(bytes, LINE_BYTES) {
            Ok(found) => found,
            Err(step) => return step,
        };
        let Ok(payload) = self.operation(words) else {
            return Step::Violation;
        };
        self.connected |= role == Role::Client;
        // The payload has a line's end of its own.
        let total = (used as u64).saturating_add(payload.map_or(0, |length| length.saturating_add(2)));
        match total.checked_sub(bytes.len() as u64) {
            Some(missing) if missing > 0 => Step::Skip(missing),
            _ => Step::Consumed(usize::try_from(total).unwrap_or(bytes.len())),
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.secret);
        let mut nats = out.element(&ELEMENT);
        nats.maybe(&USER, self.user.as_ref());
        nats.maybe(&CLIENT_NAME, self.client_name.as_ref());
        nats.maybe(&CLIENT, self.client.as_ref());
        nats.maybe(&SERVER_NAME, self.server_name.as_ref());
        nats.maybe(&SERVER_VERSION, self.server_version.as_ref());
        self.verbs.tell(&mut nats, &VERBS);
        nats.texts(&SUBJECT, &self.subjects);
        nats.texts(&ERROR, &self.errors);
    }

    fn heap_bytes(&self) -> usize {
        let listed = self.subjects.items().iter().chain(self.errors.items());
        self.verbs.heap_bytes() + listed.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

impl Nats {
    /// Takes a line; gives the length of the payload behind it.
    fn operation(&mut self, words: &[u8]) -> Result<Option<u64>, ()> {
        let mut parts = words.splitn(2, |byte| matches!(byte, b' ' | b'\t'));
        let name = parts.next().unwrap_or_default().to_ascii_uppercase();
        let rest = parts.next().unwrap_or_default().trim_ascii();
        let words = || rest.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        self.verbs.count(&name);
        let mut payload = None;
        match name.as_slice() {
            b"INFO" => {
                keep(&mut self.server_name, json(rest, b"server_name"));
                keep(&mut self.server_version, json(rest, b"version"));
            }
            b"CONNECT" => {
                keep(&mut self.user, json(rest, b"user"));
                keep(&mut self.client_name, json(rest, b"name"));
                let parts = [json(rest, b"lang"), json(rest, b"version")];
                keep(&mut self.client, Some(&parts.iter().flatten().copied().collect::<Vec<_>>().join(&b' ')));
                let secrets: [&[u8]; 2] = [b"pass", b"auth_token"];
                self.secret |= secrets.iter().any(|name| json(rest, name).is_some_and(|secret| !secret.is_empty()));
            }
            b"PUB" | b"HPUB" | b"MSG" | b"HMSG" => {
                self.subjects.push_distinct(Text::new(words().next().unwrap_or_default()));
                let length = words().next_back().and_then(decimal).filter(|length| *length <= PAYLOAD_BYTES);
                payload = Some(length.ok_or(())?);
            }
            b"SUB" => self.subjects.push_distinct(Text::new(words().next().unwrap_or_default())),
            b"-ERR" => self
                .errors
                .push_distinct(Text::new(rest.strip_prefix(b"'").and_then(|e| e.strip_suffix(b"'")).unwrap_or(rest))),
            b"UNSUB" | b"PING" | b"PONG" | b"+OK" | b"RS+" | b"RS-" | b"A+" | b"A-" | b"RMSG" => {}
            _ => return Err(()),
        }
        Ok(payload)
    }
}

fn keep(field: &mut Option<Text>, text: Option<&[u8]>) {
    if let (None, Some(text)) = (&field, text.filter(|text| !text.is_empty())) {
        *field = Some(Text::new(text));
    }
}

/// The string of a name in an object, as it was written. Names are looked for at any depth; escapes only keep their quotes.
fn json<'a>(object: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let quoted = [b"\"", name, b"\""].concat();
    let mut rest = object;
    loop {
        let at = memchr::memmem::find(rest, &quoted)?.checked_add(quoted.len())?;
        rest = rest.get(at..)?;
        if let Some(value) = rest.trim_ascii_start().strip_prefix(b":") {
            let text = value.trim_ascii_start().strip_prefix(b"\"")?;
            let mut escaped = false;
            let end = text.iter().position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            })?;
            return text.get(..end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_in_objects() {
        let object = br#"{"lang" : "go","user":"al\"ice","x":"user","version":2}"#;
        assert_eq!(json(object, b"lang"), Some(&b"go"[..]));
        assert_eq!(json(object, b"user"), Some(&br#"al\"ice"#[..]));
        assert_eq!(json(object, b"version"), None);
        assert_eq!(json(object, b"pass"), None);
    }
}
