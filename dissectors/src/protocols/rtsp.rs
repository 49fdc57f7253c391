//! RTSP over TCP (RFC 2326, RFC 7826), with the media that it sets up.
//!
//! ```text
//! request   METHOD SP url SP RTSP/1.0 CRLF fields CRLF content
//! response  RTSP/1.0 SP code SP reason CRLF fields CRLF content
//! between   '$' channel:1 length:2 RTP or RTCP                 (RFC 2326 10.12)
//! ```
//!
//! Either side sends requests; a response answers the request of the same CSeq. Where the media are to flow over UDP stands in the
//! Transport field of the answer to SETUP, and is announced. Limits: [`ROWS`] transactions. Ignored on purpose: interleaved media (they
//! are counted), content other than session descriptions. A gap is passed if a message begins right behind it.

use std::collections::VecDeque;

use crate::capped::{LIST_CAP, List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::headed::{self, HEAD_CAP, Head, HeadEnd};
use crate::linewise::{begins_ignoring_case, decimal};
use crate::news::{Expected, NEWS_CAP, News, Place};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::sdp;

/// Items of the aligned lists.
pub const ROWS: usize = LIST_CAP;
/// The longest session description that is read.
const DESCRIPTION_CAP: u32 = 32 * 1024;
/// Bytes before the content of an interleaved frame.
const FRAME_HEADER: usize = 4;

static REQUESTS: Field = Field::number("requests", "requests", "RFC 2326 6");
static METHOD: Field = Field::text("method", "the request's method", "RFC 2326 6.1").aligned();
static URL: Field =
    Field::text("url", "the request's URL, a password in it replaced by `*`", "RFC 2326 6.1").aligned().long();
static STATUS: Field = Field::text("status", "the code that answered it", "RFC 2326 7.1").aligned();
static USER_AGENT: Field = Field::text("user_agent", "the client's program", "RFC 2326 12.41").list();
static SERVER: Field = Field::text("server", "the server's program", "RFC 2326 12.36").list();
static SESSION: Field = Field::text("session", "identifiers of sessions", "RFC 2326 12.37").list();
static TRANSPORT: Field = Field::text("transport", "how media are to flow, as agreed", "RFC 2326 12.39").list();
static MEDIA: Field = Field::text("media", "kinds of media described", "RFC 2326 appendix C").list();
static CODEC: Field = Field::text("codec", "codecs of these media", "RFC 8866 6.6").list();
static AUTH_USER: Field = Field::text("auth_user", "account in credentials", "RFC 2326 12.5");
static FRAMES: Field = Field::number("interleaved", "frames of media between the messages", "RFC 2326 10.12");

static ELEMENT: Element = Element {
    name: "rtsp",
    meaning: "RTSP",
    fields: &[
        &REQUESTS,
        &METHOD,
        &URL,
        &STATUS,
        &USER_AGENT,
        &SERVER,
        &SESSION,
        &TRANSPORT,
        &MEDIA,
        &CODEC,
        &AUTH_USER,
        &FRAMES,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rtsp",
    about: About {
        name: "Real Time Streaming Protocol 1 and 2",
        specification: "RFC 2326, RFC 7826",
        evidence: "a request or status line with `RTSP/`",
        limits: "interleaved media are counted",
        ports: &[322, 554, 5000, 7070, 8554],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'A'..=b'Z'], server: &[b'R'..=b'R'] },
    probe,
    open: |_: &Opening| Box::new(Rtsp::default()),
};

/// A start line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start<'a> {
    Request { method: &'a [u8], url: &'a [u8] },
    Response { status: &'a [u8] },
}

/// Reads a start line without its end.
fn start(line: &[u8]) -> Option<Start<'_>> {
    let is_version = |word: &[u8]| matches!(word, [b'R', b'T', b'S', b'P', b'/', b'1' | b'2', b'.', b'0'..=b'9']);
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next()?);
    if is_version(first) {
        let sound = matches!(second, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']);
        return sound.then_some(Start::Response { status: second });
    }
    let sound = matches!(first.len(), 2..=32) && first.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    let named = first.first().is_some_and(u8::is_ascii_uppercase);
    (sound && named && words.next_back().is_some_and(is_version))
        .then_some(Start::Request { method: first, url: second })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    const VERSION: &[u8] = b"RTSP/";
    let bytes = sample.bytes;
    if bytes.first() == Some(&b' ') {
        return Verdict::Reject;
    }
    if let Some(end) = memchr::memchr(b'\n', bytes) {
        let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
        return match (start(line), sample.role) {
            (Some(Start::Request { .. }), Role::Client) | (Some(Start::Response { .. }), Role::Server) => {
                Verdict::Match
            }
            _ => Verdict::Reject,
        };
    }
    let open = match sample.role {
        Role::Server => bytes.starts_with(VERSION) || VERSION.starts_with(bytes),
        Role::Client => {
            let word = bytes.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_').count();
            let text = bytes.iter().all(|byte| !byte.is_ascii_control() || *byte == b'\r');
            let named = bytes.first().is_some_and(u8::is_ascii_uppercase) && matches!(word, 1..=32);
            named && matches!(bytes.get(word), None | Some(b' ')) && text
        }
    };
    if open { Verdict::NeedMore } else { Verdict::Reject }
}

/// One request and its answer.
#[derive(Debug)]
struct Row {
    asker: Role,
    sequence: Text,
    method: Text,
    url: Text,
    status: Text,
}

/// A field with an item for each transaction, and where the item stands.
type Column = (&'static Field, fn(&Row) -> &Text);

#[derive(Debug, Default)]
struct Rtsp {
    heads: [HeadEnd; 2],
    /// By side: what comes next may begin anywhere.
    lost: [bool; 2],
    requests: u64,
    rows: List<Row, ROWS>,
    user_agents: List<Text>,
    servers: List<Text>,
    sessions: List<Text>,
    transports: List<Text>,
    media: List<Text>,
    codecs: List<Text>,
    user: Option<Text>,
    cleartext: bool,
    frames: u64,
    news: VecDeque<News>,
}

impl Rtsp {
    fn message(&mut self, role: Role, start: Start<'_>, head: &Head<'_>, content: &[u8]) {
        let sequence = Text::new(head.field(b"CSeq", None).unwrap_or_default());
        match start {
            Start::Request { method, url } => {
                self.requests = self.requests.saturating_add(1);
                let (url, password) = headed::without_password(url);
                self.cleartext |= password;
                let row = || Row {
                    asker: role,
                    sequence,
                    method: Text::new(method),
                    url: Text::long(&url),
                    status: Text::default(),
                };
                self.rows.push_with(row);
            }
            Start::Response { status } => {
                let asked = |row: &&mut Row| row.asker != role && row.sequence == sequence && row.status.is_empty();
                if let Some(row) = self.rows.items_mut().iter_mut().rev().find(asked) {
                    row.status = Text::new(status);
                } else if self.rows.omitted() == 0 {
                    let (method, url) = (Text::default(), Text::default());
                    let status = Text::new(status);
                    self.rows.push_with(|| Row { asker: role.other(), sequence, method, url, status });
                }
            }
        }
        for (name, value) in head.fields() {
            let value = headed::unfolded(value);
            if name.eq_ignore_ascii_case(b"User-Agent") {
                self.user_agents.push_distinct(Text::new(&value));
            } else if name.eq_ignore_ascii_case(b"Server") {
                self.servers.push_distinct(Text::new(&value));
            } else if name.eq_ignore_ascii_case(b"Session") {
                let id = value.split(|byte| *byte == b';').next().unwrap_or_default();
                self.sessions.push_distinct(Text::new(id.trim_ascii()));
            } else if name.eq_ignore_ascii_case(b"Transport") && matches!(start, Start::Response { .. }) {
                self.transports.push_distinct(Text::new(&value));
                self.announce(role, &value);
            } else if name.eq_ignore_ascii_case(b"Authorization")
                && let Some(account) = headed::account(&value)
            {
                self.cleartext |= account.cleartext;
                self.user.get_or_insert(account.user);
            }
        }
        let kind = head.field(b"Content-Type", None).unwrap_or_default();
        if begins_ignoring_case(kind, b"application/sdp") {
            for medium in sdp::media(content) {
                self.media.push_distinct(medium.kind.clone());
                medium.codecs.into_iter().for_each(|codec| self.codecs.push_distinct(codec));
            }
        }
    }

    /// Announces the media of an agreed Transport: `RTP/AVP;unicast;client_port=4588-4589;server_port=6256-6257`.
    fn announce(&mut self, server: Role, value: &[u8]) {
        let ports = |name: &[u8]| {
            let mut ports = headed::parameter(value, name)?.splitn(2, |byte| *byte == b'-');
            let port = |text: Option<&[u8]>| u16::try_from(decimal(text?.trim_ascii())?).ok().filter(|port| *port > 0);
            let first = port(ports.next())?;
            Some([(first, "rtp"), (port(ports.next()).or(first.checked_add(1))?, "rtcp")])
        };
        if !begins_ignoring_case(value, b"RTP/") || begins_ignoring_case(value, b"RTP/AVP/TCP") {
            return;
        }
        let parsed = |name: &[u8]| std::str::from_utf8(headed::parameter(value, name)?).ok()?.parse().ok();
        let (at, peer): (Vec<(Place, &'static str)>, _) = if let Some(ports) = ports(b"client_port") {
            (ports.map(|(port, app)| (Place::Port(server.other(), port), app)).into(), Some(server))
        } else if let (Some(ports), Some(group)) = (ports(b"port"), parsed(b"destination")) {
            (ports.map(|(port, app)| (Place::Any(group, port), app)).into(), None)
        } else {
            return;
        };
        for (at, app) in at {
            if self.news.len() < NEWS_CAP {
                let expected = Expected { transport: Transport::Udp, at, peer, app, file: None };
                self.news.push_back(News::Expect(expected));
            }
        }
    }
}

impl Dissector for Rtsp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        let idle = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if idle > 0 {
            return Step::Consumed(idle);
        }
        let lost = self.lost.get(chunk.role.index()).is_some_and(|lost| *lost);
        if bytes.first() == Some(&b'$') {
            let Some([_, channel, high, low]) = bytes.first_chunk() else {
                return Step::NeedMore(FRAME_HEADER);
            };
            if lost && *channel >= 16 {
                return Step::Done;
            }
            self.frames = self.frames.saturating_add(1);
            let whole = FRAME_HEADER.saturating_add(usize::from(u16::from_be_bytes([*high, *low])));
            return match whole.checked_sub(bytes.len()) {
                Some(more) if more > 0 => Step::Skip(more as u64),
                _ => Step::Consumed(whole),
            };
        }
        let Some(end) = self.heads.get_mut(chunk.role.index()).and_then(|head| head.find(bytes)) else {
            let len = bytes.len();
            return if len < HEAD_CAP { Step::NeedMore(len.saturating_add(1)) } else { Step::Violation };
        };
        let head = Head::new(bytes.get(..end).unwrap_or_default());
        let Some(start) = start(head.start) else {
            return if lost { Step::Done } else { Step::Violation };
        };
        if let Some(lost) = self.lost.get_mut(chunk.role.index()) {
            *lost = false;
        }
        let length = head.content_length(None).unwrap_or(0);
        let kept = if length <= DESCRIPTION_CAP { length as usize } else { 0 };
        let whole = end.saturating_add(kept);
        let Some(content) = bytes.get(end..whole) else {
            return Step::NeedMore(whole);
        };
        self.message(chunk.role, start, &head, content);
        let left = u64::from(length).saturating_sub(kept as u64);
        let here = bytes.len().saturating_sub(whole) as u64;
        match left.checked_sub(here) {
            Some(more) if more > 0 => Step::Skip(more),
            _ => Step::Consumed(whole.saturating_add(usize::try_from(left).unwrap_or(usize::MAX))),
        }
    }

    fn gap(&mut self, role: Role, _bytes: u64) -> Step {
        if let (Some(lost), Some(head)) = (self.lost.get_mut(role.index()), self.heads.get_mut(role.index())) {
            *lost = true;
            *head = HeadEnd::default();
        }
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.cleartext);
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        let mut rtsp = out.element(&ELEMENT);
        if self.requests > 0 {
            rtsp.number(&REQUESTS, self.requests);
        }
        let columns: [Column; 3] = [(&METHOD, |row| &row.method), (&URL, |row| &row.url), (&STATUS, |row| &row.status)];
        for (field, value) in columns {
            if rows.iter().any(|row| !value(row).is_empty()) {
                rtsp.list(field, rows.iter().map(value), omitted);
            }
        }
        rtsp.texts(&USER_AGENT, &self.user_agents);
        rtsp.texts(&SERVER, &self.servers);
        rtsp.texts(&SESSION, &self.sessions);
        rtsp.texts(&TRANSPORT, &self.transports);
        rtsp.texts(&MEDIA, &self.media);
        rtsp.texts(&CODEC, &self.codecs);
        rtsp.maybe(&AUTH_USER, self.user.as_ref());
        if self.frames > 0 {
            rtsp.number(&FRAMES, self.frames);
        }
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        let row = |row: &Row| {
            let texts = [&row.sequence, &row.method, &row.url, &row.status];
            size_of::<Row>() + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
        };
        let lists = [&self.user_agents, &self.servers, &self.sessions, &self.transports, &self.media, &self.codecs];
        let texts = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        size_of::<Self>() + self.rows.items().iter().map(row).sum::<usize>() + texts.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_line_needs_its_version() {
        let request = Start::Request { method: b"PLAY", url: b"rtsp://a/1" };
        assert_eq!(start(b"PLAY rtsp://a/1 RTSP/1.0"), Some(request));
        assert_eq!(start(b"RTSP/2.0 404 Not Found"), Some(Start::Response { status: b"404" }));
        for wrong in [&b"PLAY rtsp://a/1 HTTP/1.0"[..], b"RTSP/1.0", b"RTSP/1.0 OK", b"GET / SIP/2.0", b"RTSP/1.0 20 x"]
        {
            assert_eq!(start(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
