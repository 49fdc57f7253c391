//! SIP over UDP, TCP and SCTP (RFC 3261), with the media that its session descriptions announce (RFC 3264).
//!
//! ```text
//! request   METHOD SP uri SP SIP/2.0 CRLF fields CRLF content
//! response  SIP/2.0 SP code SP reason CRLF fields CRLF content
//! between   CR LF, or zeros, that keep a way open (RFC 5626 3.5.1)
//! ```
//!
//! Either side sends requests. A transaction is known by Call-ID, CSeq and the side that asked, so that what is sent again is told once;
//! a response whose request was not seen is told by its own fields. All that was answered to one request stands in one item of `status`,
//! `100;180;200`. Limits: [`ROWS`] transactions. Ignored on purpose: routes, dialogs, the digest of a password and its nonce, content
//! that is no session description.

mod probe;

use std::collections::VecDeque;

use crate::capped::{LIST_CAP, List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::headed::{self, Fields, HEAD_CAP, Head, HeadEnd};
use crate::linewise::{begins_ignoring_case, decimal};
use crate::news::{NEWS_CAP, News};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::sdp;

/// Items of the aligned lists.
pub const ROWS: usize = LIST_CAP;
/// The longest session description that is read from a stream.
const DESCRIPTION_CAP: u32 = 32 * 1024;
/// The most bytes of one transaction's statuses.
const STATUS_BYTES: usize = 64;

static REQUESTS: Field = Field::number("requests", "requests, those sent again included", "RFC 3261 7.1");
static RESPONSES: Field = Field::number("responses", "responses, those sent again included", "RFC 3261 7.2");
static METHOD: Field = Field::text("method", "the request's method", "RFC 3261 7.1").aligned();
static URI: Field =
    Field::text("uri", "the request's URI, a password in it replaced by `*`", "RFC 3261 7.1").aligned().long();
static STATUS: Field = Field::text("status", "codes that answered it, joined by `;`", "RFC 3261 7.2").aligned();
static FROM: Field = Field::text("from", "who asks, as a URI", "RFC 3261 8.1.1.3").aligned();
static TO: Field = Field::text("to", "who is asked, as a URI", "RFC 3261 8.1.1.2").aligned();
static CALL_ID: Field = Field::text("call_id", "the call it belongs to", "RFC 3261 8.1.1.4").aligned();
static USER_AGENT: Field = Field::text("user_agent", "programs that sent requests or answers", "RFC 3261 20.41").list();
static SERVER: Field = Field::text("server", "programs that answered", "RFC 3261 20.35").list();
static AUTH_USER: Field = Field::text("auth_user", "account in credentials", "RFC 3261 22");
static CONTACT: Field = Field::text("contact", "where a registered user can be reached", "RFC 3261 10").list();
static MEDIA: Field =
    Field::text("media", "offered and accepted media: kind, address and port", "RFC 8866 5.14").list();
static CODEC: Field = Field::text("codec", "codecs of these media", "RFC 8866 6.6").list();

static ELEMENT: Element = Element {
    name: "sip",
    meaning: "SIP",
    fields: &[
        &REQUESTS,
        &RESPONSES,
        &METHOD,
        &URI,
        &STATUS,
        &FROM,
        &TO,
        &CALL_ID,
        &USER_AGENT,
        &SERVER,
        &AUTH_USER,
        &CONTACT,
        &MEDIA,
        &CODEC,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "sip",
    about: About {
        name: "Session Initiation Protocol",
        specification: "RFC 3261, RFC 3264",
        evidence: "a request or status line with `SIP/2.0`",
        limits: "routes and dialogs, content that is no session description",
        ports: &[5060, 5061, 5062, 5070, 5080],
    },
    transports: &[Transport::Udp, Transport::Tcp, Transport::Sctp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[0..=0, b'\n'..=b'\n', b'\r'..=b'\r', b'A'..=b'Z'],
        server: &[0..=0, b'\n'..=b'\n', b'\r'..=b'\r', b'S'..=b'S'],
    },
    probe: probe::probe,
    open: |opening: &Opening| Box::new(Sip { stream: opening.transport == Transport::Tcp, ..Sip::default() }),
};

/// A start line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start<'a> {
    Request { method: &'a [u8], uri: &'a [u8] },
    Response { status: &'a [u8] },
}

/// Reads a start line without its end.
fn start(line: &[u8]) -> Option<Start<'_>> {
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let (status, reason) = rest.split_at_checked(3)?;
        let sound = matches!(status, [b'1'..=b'6', b'0'..=b'9', b'0'..=b'9']) && matches!(reason, [] | [b' ', ..]);
        return sound.then_some(Start::Response { status });
    }
    let mut parts = line.strip_suffix(b" SIP/2.0")?.splitn(2, |byte| *byte == b' ');
    let (method, uri) = (parts.next()?, parts.next()?.trim_ascii());
    let sound = matches!(method.len(), 2..=32) && method.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    let named = method.first().is_some_and(u8::is_ascii_uppercase);
    (sound && named && !uri.is_empty()).then_some(Start::Request { method, uri })
}

fn is_register(start: Start<'_>, fields: &Fields<'_>) -> bool {
    match start {
        Start::Request { method, .. } => method == b"REGISTER",
        Start::Response { .. } => fields.field(b"CSeq", None).is_some_and(|value| value.ends_with(b"REGISTER")),
    }
}

/// One transaction.
#[derive(Debug)]
struct Row {
    asker: Role,
    sequence: u32,
    method: Text,
    uri: Text,
    status: Vec<u8>,
    from: Text,
    to: Text,
    call_id: Text,
}

/// A field with an item for each transaction, and where the item stands.
type Column = (&'static Field, fn(&Row) -> &[u8]);

#[derive(Debug, Default)]
struct Sip {
    stream: bool,
    heads: [HeadEnd; 2],
    requests: u64,
    responses: u64,
    rows: List<Row, ROWS>,
    user_agents: List<Text>,
    servers: List<Text>,
    contacts: List<Text>,
    media: List<Text>,
    codecs: List<Text>,
    user: Option<Text>,
    news: VecDeque<News>,
}

impl Sip {
    fn message(&mut self, role: Role, start: Start<'_>, head: &Head<'_>, content: &[u8]) {
        match start {
            Start::Request { .. } => self.requests = self.requests.saturating_add(1),
            Start::Response { .. } => self.responses = self.responses.saturating_add(1),
        }
        let fields = head.read();
        self.transaction(role, start, &fields);
        let registers = is_register(start, &fields);
        for (name, value) in fields.iter() {
            let (name, value) = (long_name(name), headed::unfolded(value));
            if name.eq_ignore_ascii_case(b"User-Agent") {
                self.user_agents.push_distinct(Text::new(&value));
            } else if name.eq_ignore_ascii_case(b"Server") {
                self.servers.push_distinct(Text::new(&value));
            } else if name.eq_ignore_ascii_case(b"Authorization") || name.eq_ignore_ascii_case(b"Proxy-Authorization") {
                self.user = self.user.take().or_else(|| headed::account(&value).map(|account| account.user));
            } else if name.eq_ignore_ascii_case(b"Contact") && registers {
                let contact = headed::without_password(address(&value)).0;
                if !contact.is_empty() {
                    self.contacts.push_distinct(Text::new(&contact));
                }
            }
        }
        let kind = fields.field(b"Content-Type", Some(b'c')).unwrap_or_default();
        if begins_ignoring_case(kind, b"application/sdp") || begins_ignoring_case(kind, b"multipart/") {
            self.description(content);
        }
    }

    fn transaction(&mut self, role: Role, start: Start<'_>, fields: &Fields<'_>) {
        let mut sequence = fields.field(b"CSeq", None).unwrap_or_default().splitn(2, u8::is_ascii_whitespace);
        let number = sequence.next().and_then(decimal).unwrap_or_default();
        let named = sequence.next().unwrap_or_default().trim_ascii();
        let call = Text::new(fields.field(b"Call-ID", Some(b'i')).unwrap_or_default());
        let (asker, method, uri, status) = match start {
            Start::Request { method, uri } => (role, method, uri, &b""[..]),
            Start::Response { status } => (role.other(), named, &b""[..], status),
        };
        let known = self.rows.items_mut().iter_mut().rev().find(|row| {
            row.sequence == number && row.asker == asker && row.method.bytes() == method && row.call_id == call
        });
        let uri = Text::long(&headed::without_password(uri).0);
        match known {
            Some(row) => {
                if row.uri.is_empty() {
                    row.uri = uri;
                }
                add_status(&mut row.status, status);
            }
            None => {
                let party = |name: &[u8], short| {
                    let value = headed::unfolded(fields.field(name, Some(short)).unwrap_or_default());
                    Text::new(&headed::without_password(address(&value)).0)
                };
                self.rows.push_with(|| Row {
                    asker,
                    sequence: number,
                    method: Text::new(method),
                    uri,
                    status: status.to_vec(),
                    from: party(b"From", b'f'),
                    to: party(b"To", b't'),
                    call_id: call,
                });
            }
        }
    }

    fn description(&mut self, content: &[u8]) {
        for medium in sdp::media(content) {
            self.media.push_distinct(medium.place());
            for codec in &medium.codecs {
                self.codecs.push_distinct(codec.clone());
            }
            for expected in medium.expected() {
                if self.news.len() < NEWS_CAP {
                    self.news.push_back(News::Expect(expected));
                }
            }
        }
    }

    fn stream(&mut self, chunk: Chunk<'_>) -> Step {
        let idle = chunk.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
        if idle > 0 {
            return Step::Consumed(idle);
        }
        let Some(end) = self.heads.get_mut(chunk.role.index()).and_then(|head| head.find(chunk.bytes)) else {
            let len = chunk.bytes.len();
            return if len < HEAD_CAP { Step::NeedMore(len.saturating_add(1)) } else { Step::Violation };
        };
        let head = Head::new(chunk.bytes.get(..end).unwrap_or_default());
        let Some(start) = start(head.start) else {
            return Step::Violation;
        };
        let length = head.content_length(Some(b'l')).unwrap_or(0);
        let kept = if length <= DESCRIPTION_CAP { length as usize } else { 0 };
        let whole = end.saturating_add(kept);
        let Some(content) = chunk.bytes.get(end..whole) else {
            return Step::NeedMore(whole);
        };
        self.message(chunk.role, start, &head, content);
        let left = u64::from(length).saturating_sub(kept as u64);
        let here = chunk.bytes.len().saturating_sub(whole) as u64;
        match left.checked_sub(here) {
            Some(more) if more > 0 => Step::Skip(more),
            _ => Step::Consumed(whole.saturating_add(usize::try_from(left).unwrap_or(usize::MAX))),
        }
    }
}

/// A field's name where the wire has its short form (RFC 3261 7.3.3).
fn long_name(name: &[u8]) -> &[u8] {
    match name {
        [b'm' | b'M'] => b"Contact",
        other => other,
    }
}

/// The URI in `"name" <uri>;parameters` or `uri;parameters`.
fn address(value: &[u8]) -> &[u8] {
    let inner = memchr::memchr(b'<', value).and_then(|at| value.get(at.saturating_add(1)..));
    let (text, end) = match inner {
        Some(inner) => (inner, memchr::memchr(b'>', inner)),
        None => (value, memchr::memchr2(b';', b',', value)),
    };
    end.and_then(|end| text.get(..end)).unwrap_or(text).trim_ascii()
}

/// Adds a code that was not the last one.
fn add_status(known: &mut Vec<u8>, status: &[u8]) {
    if !status.is_empty() && !known.ends_with(status) && known.len() < STATUS_BYTES {
        if !known.is_empty() {
            known.push(b';');
        }
        known.extend_from_slice(status);
    }
}

impl Dissector for Sip {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.stream {
            return self.stream(chunk);
        }
        let idle = chunk.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
        let message = chunk.bytes.get(idle..).unwrap_or_default();
        let end = HeadEnd::default().find(message).unwrap_or(message.len());
        let (head, content) = message.split_at_checked(end).unwrap_or((message, &[]));
        let head = Head::new(head);
        if let Some(start) = start(head.start) {
            self.message(chunk.role, start, &head, content);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        if let Some(user) = &self.user {
            out.user(user);
        }
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        let mut sip = out.element(&ELEMENT);
        for (field, count) in [(&REQUESTS, self.requests), (&RESPONSES, self.responses)] {
            if count > 0 {
                sip.number(field, count);
            }
        }
        let columns: [Column; 6] = [
            (&METHOD, |row| row.method.bytes()),
            (&URI, |row| row.uri.bytes()),
            (&STATUS, |row| &row.status),
            (&FROM, |row| row.from.bytes()),
            (&TO, |row| row.to.bytes()),
            (&CALL_ID, |row| row.call_id.bytes()),
        ];
        for (field, value) in columns {
            if rows.iter().any(|row| !value(row).is_empty()) {
                sip.list(field, rows.iter().map(value), omitted);
            }
        }
        sip.texts(&USER_AGENT, &self.user_agents);
        sip.texts(&SERVER, &self.servers);
        sip.maybe(&AUTH_USER, self.user.as_ref());
        sip.texts(&CONTACT, &self.contacts);
        sip.texts(&MEDIA, &self.media);
        sip.texts(&CODEC, &self.codecs);
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        let row = |row: &Row| {
            let texts = [&row.method, &row.uri, &row.from, &row.to, &row.call_id];
            size_of::<Row>() + row.status.capacity() + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
        };
        let lists = [&self.user_agents, &self.servers, &self.contacts, &self.media, &self.codecs];
        let texts = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        size_of::<Self>()
            + self.rows.items().iter().map(row).sum::<usize>()
            + texts.sum::<usize>()
            + self.news.len() * size_of::<News>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_line_needs_its_version() {
        assert_eq!(start(b"INVITE sip:a@b SIP/2.0"), Some(Start::Request { method: b"INVITE", uri: b"sip:a@b" }));
        assert_eq!(start(b"SIP/2.0 200 OK"), Some(Start::Response { status: b"200" }));
        for wrong in
            [&b"INVITE sip:a@b HTTP/1.1"[..], b"SIP/2.0 2000", b"SIP/2.0 777 x", b"invite sip:a SIP/2.0", b" SIP/2.0"]
        {
            assert_eq!(start(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn an_address_is_told_without_name_and_parameters() {
        for (value, uri) in [
            (&b"\"A\" <sip:a@b;transport=tcp>;tag=1"[..], &b"sip:a@b;transport=tcp"[..]),
            (b"tel:+49;tag=1", b"tel:+49"),
            (b"<sip:a@b", b"sip:a@b"),
        ] {
            assert_eq!(address(value), uri);
        }
    }
}
