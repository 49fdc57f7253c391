//! MGCP (RFC 3435): a call agent tells gateways what to do with their lines.
//!
//! ```text
//! command   VERB SP transaction SP endpoint SP MGCP 1.0 [SP profile] CRLF  parameters  [CRLF description]
//! response  code SP transaction [SP comment] CRLF                          parameters  [CRLF description]
//! ```
//!
//! A response answers the command of its transaction. Several messages in one datagram stand between lines of a dot. Limits: [`ROWS`]
//! transactions. Ignored on purpose: events, signals, digit maps.

use std::collections::VecDeque;

use crate::capped::{LIST_CAP, List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::headed::{Head, HeadEnd};
use crate::linewise::decimal;
use crate::news::{NEWS_CAP, News};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::sdp;

/// Items of the aligned lists.
pub const ROWS: usize = LIST_CAP;
/// The commands (RFC 3435 2.3 and appendix B).
const VERBS: &[&[u8]] = &[b"AUCX", b"AUEP", b"CRCX", b"DLCX", b"EPCF", b"MDCX", b"MESG", b"NTFY", b"RQNT", b"RSIP"];

static COMMAND: Field = Field::text("command", "the command", "RFC 3435 3.2.1.1").aligned();
static ENDPOINT: Field = Field::text("endpoint", "whom it is for", "RFC 3435 3.2.1.3").aligned();
static STATUS: Field = Field::text("status", "the code that answered it", "RFC 3435 2.4").aligned();
static CALL_ID: Field = Field::text("call_id", "calls", "RFC 3435 3.2.2.2").list();
static MEDIA: Field =
    Field::text("media", "offered and accepted media: kind, address and port", "RFC 8866 5.14").list();
static CODEC: Field = Field::text("codec", "codecs of these media", "RFC 8866 6.6").list();
static ELEMENT: Element =
    Element { name: "mgcp", meaning: "MGCP", fields: &[&COMMAND, &ENDPOINT, &STATUS, &CALL_ID, &MEDIA, &CODEC] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "mgcp",
    about: About {
        name: "Media Gateway Control Protocol",
        specification: "RFC 3435",
        evidence: "a command with its transaction and version, or the answer",
        limits: "events, signals and digit maps",
        ports: &[2427, 2727],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b' '..=b' ', b'A'..=b'R', b'a'..=b'r'], server: &[b' '..=b' ', b'0'..=b'9'] },
    probe,
    open: |_: &Opening| Box::new(Mgcp::default()),
};

/// A first line.
enum Start<'a> {
    Command { verb: &'a [u8], transaction: &'a [u8], endpoint: &'a [u8] },
    Response { code: &'a [u8], transaction: &'a [u8] },
}

/// Reads a first line without its end.
fn start(line: &[u8]) -> Option<Start<'_>> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (first, transaction) = (words.next()?, words.next()?);
    decimal(transaction)?;
    if let [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] = first {
        return Some(Start::Response { code: first, transaction });
    }
    let verb = VERBS.iter().copied().find(|verb| first.eq_ignore_ascii_case(verb))?;
    let (endpoint, name, version) = (words.next()?, words.next()?, words.next()?);
    (name.eq_ignore_ascii_case(b"MGCP") && version.starts_with(b"1.")).then_some(Start::Command {
        verb,
        transaction,
        endpoint,
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let head = Head::new(sample.bytes);
    match (start(head.start), sample.role) {
        (Some(Start::Command { .. }), Role::Client) => Verdict::Match,
        // Two numbers prove nothing; that they answer a command does.
        (Some(Start::Response { .. }), Role::Server) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

/// One command and its answer.
#[derive(Debug)]
struct Row {
    asker: Role,
    transaction: Text,
    command: &'static str,
    endpoint: Text,
    status: Text,
}

#[derive(Debug, Default)]
struct Mgcp {
    rows: List<Row, ROWS>,
    calls: List<Text>,
    media: List<Text>,
    codecs: List<Text>,
    news: VecDeque<News>,
}

impl Mgcp {
    fn message(&mut self, role: Role, message: &[u8]) {
        let end = HeadEnd::default().find(message).unwrap_or(message.len());
        let (head, content) = message.split_at_checked(end).unwrap_or((message, &[]));
        let head = Head::new(head);
        let asked = |row: &Row, asker, transaction: &[u8]| row.asker == asker && row.transaction.bytes() == transaction;
        match start(head.start) {
            Some(Start::Command { verb, transaction, endpoint }) => {
                if self.rows.items().iter().any(|row| asked(row, role, transaction)) {
                    return;
                }
                self.rows.push_with(|| Row {
                    asker: role,
                    transaction: Text::new(transaction),
                    command: VERBS
                        .iter()
                        .find(|known| **known == verb)
                        .and_then(|known| std::str::from_utf8(known).ok())
                        .unwrap_or_default(),
                    endpoint: Text::new(endpoint),
                    status: Text::default(),
                });
            }
            Some(Start::Response { code, transaction }) => {
                let rows = self.rows.items_mut().iter_mut();
                if let Some(row) = rows.rev().find(|row| asked(row, role.other(), transaction)) {
                    row.status = Text::new(code);
                }
            }
            None => return,
        }
        if let Some(call) = head.field(b"C", None) {
            self.calls.push_distinct(Text::new(call));
        }
        for medium in sdp::media(content) {
            self.media.push_distinct(medium.place());
            for expected in medium.expected() {
                if self.news.len() < NEWS_CAP {
                    self.news.push_back(News::Expect(expected));
                }
            }
            medium.codecs.into_iter().for_each(|codec| self.codecs.push_distinct(codec));
        }
    }
}

impl Dissector for Mgcp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut rest = chunk.bytes;
        while let Some(at) = memchr::memmem::find(rest, b"\n.") {
            let (message, after) = rest.split_at_checked(at.saturating_add(1)).unwrap_or((rest, &[]));
            self.message(chunk.role, message);
            let line = memchr::memchr(b'\n', after).map_or(after.len(), |at| at.saturating_add(1));
            rest = after.get(line..).unwrap_or_default();
        }
        self.message(chunk.role, rest);
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        let mut mgcp = out.element(&ELEMENT);
        mgcp.list(&COMMAND, rows.iter().map(|row| row.command), omitted);
        mgcp.list(&ENDPOINT, rows.iter().map(|row| &row.endpoint), omitted);
        if rows.iter().any(|row| !row.status.is_empty()) {
            mgcp.list(&STATUS, rows.iter().map(|row| &row.status), omitted);
        }
        mgcp.texts(&CALL_ID, &self.calls);
        mgcp.texts(&MEDIA, &self.media);
        mgcp.texts(&CODEC, &self.codecs);
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        let row = |row: &Row| {
            let texts = [&row.transaction, &row.endpoint, &row.status];
            size_of::<Row>() + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
        };
        let texts = [&self.calls, &self.media, &self.codecs].into_iter().flat_map(|list| list.items());
        size_of::<Self>()
            + self.rows.items().iter().map(row).sum::<usize>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}
