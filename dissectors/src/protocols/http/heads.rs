//! What becomes of a head: its start line begins a transaction, its fields say what that is, and its end says what comes next.

use super::body::Body;
use super::content::Content;
use super::head::{self, HEAD_CAP, Head, Line};
use super::lane::{Answer, Phase};
use super::transactions::Method;
use super::{Http, Look, secrets, websocket};
use crate::capped::Text;
use crate::ntlm;
use crate::protocol::Role;
use crate::time::Timestamp;

impl Http {
    pub(super) fn begin_request(&mut self, line: &head::RequestLine<'_>, time: Timestamp) {
        let (number, asked) = self.transactions.request(line, time);
        self.requests = self.requests.saturating_add(1);
        self.client.number = number;
        let [version, _] = &mut self.versions;
        version.get_or_insert(head::version_name(line.version));
        if let Some(account) = secrets::account_of_uri(line.target) {
            self.note_account(account);
        }
        self.cleartext |= secrets::has_password(line.target);
        // The response was brought before the request: what was not known of it is known now.
        if self.transactions.newest_response() == Some(number) && self.answer.asked.is_none() {
            if asked.method == Method::Head && matches!(self.server.phase, Phase::Doubt(_)) {
                self.server.content = None;
                self.server.phase = Phase::Start;
            }
            if let Some(content) = self.server.content.as_mut().filter(|_| self.answer.success()) {
                content.name(asked.name.clone());
            }
            self.answer.asked = Some(asked.clone());
        }
        self.asked = Some(asked);
    }

    pub(super) fn begin_response(&mut self, line: &head::StatusLine<'_>, time: Timestamp) {
        self.answer = Answer { status: line.status, ..Answer::default() };
        if self.answer.interim() {
            return;
        }
        let (number, asked) = self.transactions.response(line.status, time);
        self.responses = self.responses.saturating_add(1);
        self.server.number = number;
        self.answer.asked = asked;
        self.answer.established = line.reason.eq_ignore_ascii_case(b"connection established");
        let [_, version] = &mut self.versions;
        version.get_or_insert(head::version_name(line.version));
    }

    /// The oldest requests are answered by content and nothing else, until the connection ends (RFC 1945 6).
    pub(super) fn begin_bare_response(&mut self, time: Timestamp) -> Look {
        let (number, asked) = self.transactions.response(0, time);
        self.responses = self.responses.saturating_add(1);
        let name = asked.as_ref().map(|asked| asked.name.clone()).unwrap_or_default();
        self.answer = Answer { asked, ..Answer::default() };
        let lane = &mut self.server;
        lane.number = number;
        lane.fresh = false;
        lane.head = Head::default();
        lane.content = Content::new(&mut lane.head, Role::Server, name, false, self.hash);
        lane.phase = Phase::Content(Body::UntilClose);
        Look::Used(0)
    }

    /// In a head's fields.
    pub(super) fn fields(&mut self, role: Role, bytes: &[u8]) -> Look {
        let lane = self.lane(role);
        let room = HEAD_CAP.saturating_sub(lane.head_bytes);
        let end = match head::field_end(bytes, lane.searched) {
            Line::Whole(end) if end <= room => end,
            Line::Partial(searched) if searched <= room => {
                lane.searched = searched;
                return Look::Wait;
            }
            _ => return self.lost(role),
        };
        lane.head_bytes = lane.head_bytes.saturating_add(end);
        if head::empty_line(bytes).is_some() {
            return match role {
                Role::Client => self.end_request_head(end),
                Role::Server => self.end_response_head(end),
            };
        }
        if let Some((name, value)) = bytes.get(..end).and_then(head::field) {
            lane.head.note(name, &value);
            match role {
                Role::Client => self.request_field(name, &value),
                Role::Server if self.answer.interim() => {}
                Role::Server => self.response_field(name, &value),
            }
        }
        Look::Used(end)
    }

    fn request_field(&mut self, name: &[u8], value: &[u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("host") {
            if let Some(transaction) = self.transactions.at(self.client.number).filter(|t| t.host.is_empty()) {
                transaction.host = Text::new(value);
            }
        } else if is("user-agent") {
            self.user_agents.push_distinct(Text::new(value));
        } else if is("referer") {
            self.referers.push_distinct(Text::new(value));
        } else if is("content-type") {
            self.request_types.push_distinct(Text::new(value));
        } else if is("authorization") || is("proxy-authorization") {
            let login = secrets::token(value).and_then(|token| self.token(&token));
            let login = login.filter(|login| !login.user.is_empty());
            let account = login.map(|login| secrets::Account { user: login.user, cleartext: false });
            if let Some(account) = account.or_else(|| secrets::account(value)) {
                self.note_account(account);
            }
        } else if is("upgrade") {
            self.leaving = Some(self.client.number);
        }
    }

    /// Takes a security token; gives the login of NTLM that it holds.
    fn token(&mut self, token: &[u8]) -> Option<ntlm::Login> {
        self.tickets.token(token);
        self.exchange.token(token)
    }

    fn response_field(&mut self, name: &[u8], value: &[u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("server") {
            self.servers.push_distinct(Text::new(value));
        } else if is("location") {
            self.locations.push_distinct(Text::new(value));
        } else if is("www-authenticate") || is("proxy-authenticate") {
            if let Some(token) = secrets::token(value) {
                self.token(&token);
            }
        } else if self.answer.status == 101 {
            self.offer.note(name, value);
        } else if is("content-type")
            && let Some(transaction) = self.transactions.at(self.server.number).filter(|t| t.content_type.is_empty())
        {
            transaction.content_type = Text::new(value);
        }
    }

    fn note_account(&mut self, account: secrets::Account) {
        self.cleartext |= account.cleartext;
        self.user.get_or_insert(account.user);
    }

    fn end_request_head(&mut self, used: usize) -> Look {
        let asked = self.asked.take();
        let method = asked.as_ref().map_or(Method::Other, |asked| asked.method);
        let answered = self.transactions.newest_response().is_some_and(|newest| newest >= self.client.number);
        if method == Method::Connect {
            let current = self.transactions.newest_response() == Some(self.client.number);
            if current && self.answer.success() {
                return Look::Leave(used, None);
            }
            if !answered {
                self.leaving = Some(self.client.number);
                self.client.phase = Phase::Waiting;
                return Look::Used(used);
            }
        }
        let name = asked.filter(|_| method == Method::Put).map(|asked| asked.name).unwrap_or_default();
        let lane = &mut self.client;
        let body = Body::new(lane.head.request_delimiter());
        self.violation |= lane.head.conflict;
        lane.content = body.as_ref().and_then(|_| Content::new(&mut lane.head, Role::Client, name, false, self.hash));
        lane.phase = match body {
            None => Phase::Start,
            Some(body) if lane.head.expects_continue && answered => Phase::Doubt(body),
            Some(body) => Phase::Content(body),
        };
        Look::Used(used)
    }

    fn end_response_head(&mut self, used: usize) -> Look {
        if self.answer.interim() {
            self.server.phase = Phase::Start;
            return Look::Used(used);
        }
        let delimiter = self.server.head.response_delimiter();
        let tunnel = self.answer.success()
            && match &self.answer.asked {
                Some(asked) => asked.method == Method::Connect,
                None => self.answer.established && delimiter == head::Delimiter::Close,
            };
        if self.answer.status == 101 && self.offer.upgraded {
            return Look::Leave(used, Some(&websocket::PROTOCOL));
        }
        if tunnel || self.answer.status == 101 {
            return Look::Leave(used, None);
        }
        self.stay();
        self.do_not_expect();
        let lane = &mut self.server;
        let bare = matches!(self.answer.status, 204 | 304) || self.answer.to(Method::Head);
        let body = if bare { None } else { Body::new(delimiter) };
        self.violation |= lane.head.conflict;
        let name = self.answer.asked.as_ref().filter(|_| self.answer.success());
        let name = name.map(|asked| asked.name.clone()).unwrap_or_default();
        let partial = self.answer.status == 206;
        lane.content = body.as_ref().and_then(|_| Content::new(&mut lane.head, Role::Server, name, partial, self.hash));
        lane.phase = match body {
            None => Phase::Start,
            Some(body) if self.answer.asked.is_none() => Phase::Doubt(body),
            Some(body) => Phase::Content(body),
        };
        Look::Used(used)
    }

    /// The server's answer is no agreement to speak another protocol: a client that waited for one goes on in this.
    fn stay(&mut self) {
        if self.leaving.is_some_and(|number| number <= self.server.number) {
            self.leaving = None;
            if matches!(self.client.phase, Phase::Waiting) {
                self.client.phase = Phase::Start;
            }
        }
    }

    /// A final answer came before the content that the client announced and held back: it may never come.
    fn do_not_expect(&mut self) {
        let lane = &mut self.client;
        let held_back = lane.head.expects_continue && self.transactions.newest_request() == Some(self.server.number);
        lane.phase = match std::mem::take(&mut lane.phase) {
            Phase::Content(body) if held_back && !lane.begun => Phase::Doubt(body),
            phase => phase,
        };
    }
}
