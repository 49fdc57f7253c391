//! HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112), WebDAV, SOAP and UPnP over it included.
//!
//! ```text
//! client   request line CRLF fields CRLF CRLF content   request line ...
//! server   [1xx head]   status line CRLF fields CRLF CRLF content   status line ...
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `probe` | how it is recognised |
//! | `head`, `heads` | start lines, fields, and what they say of the content; what is done with them |
//! | `body` | where content ends: length, chunks, the connection's end |
//! | `content`, `coding`, `multipart` | content on its way to the files: decoded, in parts |
//! | `lane` | one side's stream |
//! | `transactions` | which response answers which request |
//! | `naming`, `secrets` | names of files; accounts, and what is redacted |
//! | `record` | what is told |
//!
//! Each side is read by a [`Lane`] of its own, and the n-th response answers the n-th request. A response whose request was not
//! (yet) seen is read as one to a GET, unless the next head follows at once where its content should be, as it does
//! after HEAD. Content streams through and is never held. After a successful CONNECT or an Upgrade the rest of the session is
//! handed over, and the detector tells what it is. A side that can't be understood any more is left alone while the other goes on.
//!
//! Limits: [`head::HEAD_CAP`], [`head::METHOD_CAP`], [`TUNNEL_WAIT`], and those of the other files.
//! Ignored on purpose: trailers, caching, cookies, content negotiation; interim responses but 101 are not told; Kerberos
//! credentials. An answer of HTTP/0.9 has no head: its content is the file.

mod body;
mod coding;
mod content;
mod facts;
mod head;
mod heads;
pub mod http2;
mod lane;
mod multipart;
mod naming;
mod probe;
mod record;
mod secrets;
#[cfg(test)]
mod tests;
mod transactions;
pub mod websocket;

use self::body::{Body, Next};
use self::head::{HEAD_CAP, Head, Line};
use self::lane::{Answer, Lane, Phase};
use self::record::Record;
use self::transactions::{Asked, Transactions};
use crate::capped::{List, Text};
use crate::dictionary::{Flag, file};
use crate::facts::Facts;
use crate::files::{Files, HashLimit};
use crate::kerberos;
use crate::ntlm::{self, Exchange};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::time::Timestamp;

/// How many bytes of a client that speaks another protocol already wait for the server's agreement. With more the server
/// was not captured, or agreement is beside the point.
const TUNNEL_WAIT: usize = 1024;

/// HTTP/1.
pub static PROTOCOL: Protocol = Protocol {
    name: "http",
    about: About {
        name: "Hypertext Transfer Protocol 1.0 and 1.1",
        specification: "RFC 9110, RFC 9112",
        evidence: "a request line with its version, or a status line",
        limits: "trailers and interim responses but 101 are not told",
        ports: &[80, 591, 631, 3128, 5357, 5985, 7547, 8000, 8008, 8080, 8081, 8088, 8118, 8888, 11371],
    },
    transports: &[Transport::Tcp],
    elements: &[&facts::ELEMENT, &ntlm::ELEMENT, &kerberos::ELEMENT, &file::ELEMENT, &websocket::ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |opening| Box::new(Http::new(opening)),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    probe::probe(sample)
}

/// What one look at a side's bytes led to.
enum Look {
    /// So many bytes are dealt with, or the phase has changed.
    Used(usize),
    /// More bytes are wanted.
    Wait,
    /// So many bytes are dealt with; what follows is another protocol: this one, or the detector tells which.
    Leave(usize, Option<&'static Protocol>),
}

/// One session.
struct Http {
    hash: HashLimit,
    client: Lane,
    server: Lane,
    transactions: Transactions,
    /// What is known of the client's present request.
    asked: Option<Asked>,
    answer: Answer,
    /// The request that asks to speak another protocol, while it is not answered.
    leaving: Option<u64>,
    requests: u64,
    responses: u64,
    versions: [Option<&'static str>; 2],
    user_agents: List<Text>,
    servers: List<Text>,
    referers: List<Text>,
    request_types: List<Text>,
    locations: List<Text>,
    user: Option<Text>,
    exchange: Exchange,
    tickets: kerberos::Exchange,
    /// What the server has said of a WebSocket that begins.
    offer: websocket::Offer,
    cleartext: bool,
    violation: bool,
    files: Files,
}

impl Http {
    fn new(opening: &Opening) -> Self {
        Self {
            hash: opening.file_hash,
            client: Lane::default(),
            server: Lane::default(),
            transactions: Transactions::default(),
            asked: None,
            answer: Answer::default(),
            leaving: None,
            requests: 0,
            responses: 0,
            versions: [None; 2],
            user_agents: List::default(),
            servers: List::default(),
            referers: List::default(),
            request_types: List::default(),
            locations: List::default(),
            user: None,
            exchange: Exchange::default(),
            tickets: kerberos::Exchange::default(),
            offer: websocket::Offer::default(),
            cleartext: false,
            violation: false,
            files: Files::default(),
        }
    }

    fn lane(&mut self, role: Role) -> &mut Lane {
        self.lane_and_files(role).0
    }

    fn lane_and_files(&mut self, role: Role) -> (&mut Lane, &mut Files) {
        match role {
            Role::Client => (&mut self.client, &mut self.files),
            Role::Server => (&mut self.server, &mut self.files),
        }
    }

    fn look(&mut self, role: Role, bytes: &[u8], time: Timestamp) -> Look {
        match &self.lane(role).phase {
            Phase::Start => self.start(role, bytes, time),
            Phase::Fields => self.fields(role, bytes),
            Phase::Content(_) => self.content(role, bytes),
            Phase::Doubt(_) => self.doubt(role, bytes),
            Phase::Waiting => self.waiting(bytes),
            Phase::AfterGap => self.after_gap(role, bytes),
            Phase::Seeking => self.seek(bytes),
            Phase::Lost => Look::Used(bytes.len()),
        }
    }

    /// Before a start line, or in it.
    fn start(&mut self, role: Role, bytes: &[u8], time: Timestamp) -> Look {
        let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty > 0 {
            return Look::Used(empty);
        }
        let oldest = self.versions.first() == Some(&Some(head::OLDEST));
        let lane = self.lane(role);
        if lane.fresh && role == Role::Server && !may_begin(role, bytes) {
            if oldest {
                return self.begin_bare_response(time);
            }
            // The capture began within a response.
            lane.phase = Phase::Seeking;
            return Look::Used(0);
        }
        let end = match head::start_line_end(bytes, lane.searched) {
            Line::Whole(end) if end <= HEAD_CAP => end,
            Line::Partial(searched) if searched <= HEAD_CAP && may_begin(role, bytes) => {
                lane.searched = searched;
                return Look::Wait;
            }
            _ => return self.not_understood(role),
        };
        let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
        let understood = match role {
            Role::Client if line.starts_with(b"PRI * HTTP/2") => return Look::Leave(0, None),
            Role::Client => head::request_line(line).map(|line| self.begin_request(&line, time)),
            Role::Server => head::status_line(line).map(|line| self.begin_response(&line, time)),
        };
        if understood.is_none() {
            return self.not_understood(role);
        }
        let lane = self.lane(role);
        lane.fresh = false;
        lane.phase = Phase::Fields;
        lane.head = Head::default();
        lane.begun = false;
        lane.head_bytes = end;
        Look::Used(end)
    }

    fn content(&mut self, role: Role, bytes: &[u8]) -> Look {
        let (lane, files) = self.lane_and_files(role);
        let Lane { phase: Phase::Content(body), content, begun, body_bytes, .. } = lane else {
            return Look::Wait;
        };
        *begun = true;
        let taken = body.take(bytes, &mut |bytes| {
            *body_bytes = body_bytes.saturating_add(bytes.len() as u64);
            if let Some(content) = content {
                content.data(bytes, files);
            }
        });
        match taken.next {
            Next::More => {}
            Next::Message => {
                lane.finish_content(true, files);
                lane.phase = Phase::Start;
            }
            Next::Broken => {
                self.lost(role);
            }
        }
        Look::Used(taken.used)
    }

    /// Content or the next head: its first bytes tell.
    fn doubt(&mut self, role: Role, bytes: &[u8]) -> Look {
        let Some(head) = probe::begins_head(role, bytes) else {
            return Look::Wait;
        };
        let lane = self.lane(role);
        lane.phase = match std::mem::take(&mut lane.phase) {
            Phase::Doubt(body) if !head => Phase::Content(body),
            _ => {
                lane.content = None;
                Phase::Start
            }
        };
        Look::Used(0)
    }

    fn waiting(&mut self, bytes: &[u8]) -> Look {
        if bytes.len() >= TUNNEL_WAIT { Look::Leave(0, None) } else { Look::Wait }
    }

    fn after_gap(&mut self, role: Role, bytes: &[u8]) -> Look {
        let Some(head) = probe::begins_head(role, bytes) else {
            return Look::Wait;
        };
        self.lane(role).phase = match role {
            Role::Server => Phase::Seeking,
            Role::Client if head => {
                self.transactions.requests_lost();
                Phase::Start
            }
            Role::Client => Phase::Lost,
        };
        Look::Used(0)
    }

    fn seek(&mut self, bytes: &[u8]) -> Look {
        let (passed, found) = probe::seek_response(bytes);
        if found {
            self.transactions.responses_lost();
            self.server.phase = Phase::Start;
        }
        if passed == 0 && !found { Look::Wait } else { Look::Used(passed) }
    }

    /// Where a start line should be is something else: another protocol that was asked for, or rubbish.
    fn not_understood(&mut self, role: Role) -> Look {
        if role == Role::Client && self.leaving.is_some() {
            self.client.phase = Phase::Waiting;
            return Look::Used(0);
        }
        self.lost(role)
    }

    fn lost(&mut self, role: Role) -> Look {
        self.violation = true;
        self.close(role, false);
        Look::Used(0)
    }

    /// Nothing more is read of a side. `ended` says that it has sent everything.
    fn close(&mut self, role: Role, ended: bool) {
        let (lane, files) = self.lane_and_files(role);
        let whole = ended && matches!(lane.phase, Phase::Content(Body::UntilClose));
        lane.finish_content(whole, files);
        lane.phase = Phase::Lost;
    }

    fn over(&self) -> bool {
        matches!((&self.client.phase, &self.server.phase), (Phase::Lost, Phase::Lost))
    }
}

/// Whether an unfinished line may become a start line. What can't need not be waited for.
fn may_begin(role: Role, line: &[u8]) -> bool {
    match role {
        Role::Client => {
            let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
            head::is_method(line.get(..end).unwrap_or_default())
        }
        Role::Server => [&b"HTTP/"[..], b"ICY"].iter().any(|name| line.iter().zip(*name).all(|(a, b)| a == b)),
    }
}

impl Dissector for Http {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut rest = chunk.bytes;
        let used = |rest: &[u8]| chunk.bytes.len().saturating_sub(rest.len());
        while !rest.is_empty() {
            match self.look(chunk.role, rest, chunk.time) {
                Look::Used(0) => {}
                Look::Used(n) => {
                    rest = rest.get(n..).unwrap_or_default();
                    self.lane(chunk.role).searched = 0;
                }
                Look::Wait => break,
                Look::Leave(n, to) => {
                    self.close(Role::Client, false);
                    self.close(Role::Server, false);
                    return Step::Handover(used(rest).saturating_add(n), to);
                }
            }
        }
        if self.over() {
            return Step::Done;
        }
        match self.lane(chunk.role).only_counts() {
            ahead if ahead > 0 && rest.is_empty() => Step::Pass(ahead),
            _ => Step::Consumed(used(rest)),
        }
    }

    fn passed(&mut self, role: Role, bytes: u64) {
        let (lane, files) = self.lane_and_files(role);
        lane.passed(bytes, files);
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        let (lane, files) = self.lane_and_files(role);
        lane.searched = 0;
        lane.phase = match std::mem::take(&mut lane.phase) {
            Phase::Content(mut body) | Phase::Doubt(mut body) => {
                let left = body.left();
                if let Some(content) = &mut lane.content {
                    content.gap();
                }
                if body.gap(bytes) {
                    lane.body_bytes = lane.body_bytes.saturating_add(bytes);
                    Phase::Content(body)
                } else {
                    lane.body_bytes = lane.body_bytes.saturating_add(left.min(bytes));
                    lane.finish_content(false, files);
                    Phase::AfterGap
                }
            }
            Phase::Lost => Phase::Lost,
            Phase::Waiting => Phase::Waiting,
            Phase::Start | Phase::Fields | Phase::AfterGap | Phase::Seeking => Phase::AfterGap,
        };
        Step::Consumed(0)
    }

    fn end(&mut self, role: Role) {
        self.close(role, true);
    }

    fn facts(&self, out: &mut Facts) {
        if self.violation {
            out.flag(Flag::Violation);
        }
        out.login(self.user.as_ref(), self.cleartext);
        let record = Record {
            transactions: self.transactions.told(),
            requests: (self.requests, self.client.body_bytes),
            responses: (self.responses, self.server.body_bytes),
            user_agents: &self.user_agents,
            servers: &self.servers,
            referers: &self.referers,
            request_types: &self.request_types,
            locations: &self.locations,
            user: self.user.as_ref(),
            version: self.versions.iter().flatten().next().copied(),
        };
        record.write(out);
        self.offer.facts(out);
        self.exchange.facts(out);
        self.tickets.facts(out);
        self.files.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.user_agents, &self.servers, &self.referers, &self.request_types, &self.locations];
        let texts = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        size_of::<Self>()
            + texts.sum::<usize>()
            + self.client.heap_bytes()
            + self.server.heap_bytes()
            + self.transactions.heap_bytes()
            + self.exchange.heap_bytes()
            + self.tickets.heap_bytes()
            + self.offer.heap_bytes()
            + self.files.heap_bytes()
    }
}
