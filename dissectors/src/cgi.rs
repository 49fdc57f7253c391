//! Requests that a web server hands to an application as variables (RFC 3875), whichever protocol carries them.
//!
//! Told: method, host, path, script and account, never the query, cookies or authorisation, but that a password crossed in clear.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::{Facts, Value};
use crate::protocol::{Role, Step};

/// Requests.
pub static REQUESTS: Field = Field::number("requests", "requests", "RFC 3875");
/// The method.
pub static METHOD: Field = Field::text("method", "`REQUEST_METHOD` of each request", "RFC 3875 4.1.12").aligned();
/// The host.
pub static HOST: Field = Field::text("host", "`HTTP_HOST`, or `SERVER_NAME`", "RFC 3875 4.1.14").aligned();
/// The path.
pub static URI: Field =
    Field::text("uri", "`REQUEST_URI` or `SCRIPT_NAME`, without the query", "RFC 3875 4.1.13").long().aligned();
/// The script.
pub static SCRIPT: Field =
    Field::text("script", "`SCRIPT_FILENAME`: what is run", "FastCGI 6.2, and its kin").long().aligned();
/// Whose request.
pub static REMOTE: Field = Field::text("remote", "`REMOTE_ADDR`: whose request it is", "RFC 3875 4.1.8").aligned();
/// Who.
pub static USER: Field =
    Field::text("user", "`REMOTE_USER`: the account that the web server let in", "RFC 3875 4.1.11").aligned();
/// What went wrong.
pub static ERROR: Field =
    Field::text("error", "what the application wrote to its errors, of each message the first line", "FastCGI 5.3")
        .list();
/// The status.
pub static STATUS: Field = Field::text("status", "statuses of responses that name one", "RFC 3875 6.3.3").list();

/// The fields of an element that tells of such requests.
pub static FIELDS: [&Field; 9] = [&REQUESTS, &METHOD, &HOST, &URI, &SCRIPT, &REMOTE, &USER, &ERROR, &STATUS];

#[derive(Debug, Default)]
struct Request {
    method: Text,
    host: Text,
    uri: Text,
    script: Text,
    remote: Text,
    user: Text,
    password: bool,
}

impl Request {
    fn take(&mut self, name: &[u8], value: &[u8]) {
        let path = value.split(|byte| *byte == b'?').next().unwrap_or_default();
        match name {
            b"REQUEST_METHOD" => self.method = Text::new(value),
            b"HTTP_HOST" => self.host = Text::new(value),
            b"SERVER_NAME" if self.host.is_empty() => self.host = Text::new(value),
            b"REQUEST_URI" => self.uri = Text::long(path),
            b"SCRIPT_NAME" if self.uri.is_empty() => self.uri = Text::long(path),
            b"SCRIPT_FILENAME" => self.script = Text::long(path),
            b"REMOTE_ADDR" => self.remote = Text::new(value),
            b"REMOTE_USER" => self.user = Text::new(value),
            b"HTTP_AUTHORIZATION" => {
                self.password = value.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case(b"basic "));
            }
            _ => {}
        }
    }

    fn texts(&self) -> [&Text; 6] {
        [&self.method, &self.host, &self.uri, &self.script, &self.remote, &self.user]
    }
}

/// The requests of one session, and how they were answered.
#[derive(Debug, Default)]
pub struct Requests {
    count: u64,
    kept: List<Request>,
    statuses: List<Text>,
    errors: List<Text>,
}

impl Requests {
    /// A request with its variables.
    pub fn request<'a>(&mut self, variables: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        self.count = self.count.saturating_add(1);
        self.kept.push_with(|| {
            let mut request = Request::default();
            variables.for_each(|(name, value)| request.take(name, value));
            request
        });
    }

    /// What a response says of its status.
    pub fn status(&mut self, status: &[u8]) {
        self.statuses.push_with(|| Text::new(first_line(status)));
    }

    /// The first line of a response, which names a status or does not: some applications answer as a web server would.
    pub fn answer(&mut self, line: &[u8]) {
        let status = line.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..));
        if let Some(status) = status.or_else(|| line.strip_prefix(b"Status: ")) {
            self.status(status);
        }
    }

    /// What the application complains of.
    pub fn error(&mut self, text: &[u8]) {
        self.errors.push_with(|| Text::new(first_line(text)));
    }

    /// Writes everything that is known into an element that has the fields.
    pub fn facts(&self, out: &mut Facts, element: &'static Element) {
        let (kept, omitted) = (self.kept.items(), self.kept.omitted());
        let named = kept.iter().find(|request| !request.user.is_empty());
        if let Some(request) = named {
            out.user(&request.user);
        }
        if kept.iter().any(|request| request.password) {
            out.flag(Flag::CleartextPassword);
        }
        let mut element = out.element(element);
        if self.count > 0 {
            element.number(&REQUESTS, self.count);
        }
        element.list(&METHOD, kept.iter().map(|request| &request.method), omitted);
        element.list(&HOST, kept.iter().map(|request| &request.host), omitted);
        element.list(&URI, kept.iter().map(|request| &request.uri), omitted);
        if kept.iter().any(|request| !request.script.is_empty()) {
            element.list(&SCRIPT, kept.iter().map(|request| &request.script), omitted);
        }
        element.list(&REMOTE, kept.iter().map(|request| &request.remote), omitted);
        if named.is_some() {
            element.list(&USER, kept.iter().map(|request| &request.user), omitted);
        }
        element.list(&ERROR, self.errors.items().iter().map(Value::from), self.errors.omitted());
        element.list(&STATUS, self.statuses.items().iter().map(Value::from), self.statuses.omitted());
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let of =
            |request: &Request| size_of::<Request>() + request.texts().into_iter().map(Text::heap_bytes).sum::<usize>();
        let texts = self.statuses.items().iter().chain(self.errors.items());
        let texts = texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>();
        self.kept.items().iter().map(of).sum::<usize>() + texts
    }
}

/// How much of an answer is looked at.
const ANSWER_BYTES: usize = 64;

/// A connection of one request and its answer, of which no more than their beginnings is read.
#[derive(Debug, Default)]
pub struct Single {
    /// The request.
    pub requests: Requests,
    /// By role: the rest of what it sends is passed over.
    passed: [bool; 2],
}

impl Single {
    /// Takes bytes of a side. `request` reads those of the client: it takes the request, or says how many bytes it wants first.
    pub fn data(
        &mut self,
        role: Role,
        bytes: &[u8],
        request: impl FnOnce(&mut Requests, &[u8]) -> Result<(), usize>,
    ) -> Step {
        let [client, server] = &mut self.passed;
        let passed = if role == Role::Client { &mut *client } else { &mut *server };
        if !*passed {
            if role == Role::Client {
                if let Err(wanted) = request(&mut self.requests, bytes) {
                    return Step::NeedMore(wanted);
                }
            } else {
                let line = bytes.get(..ANSWER_BYTES).unwrap_or(bytes);
                if line.len() < ANSWER_BYTES && !line.contains(&b'\n') {
                    return Step::NeedMore(bytes.len().saturating_add(1));
                }
                self.requests.answer(line);
            }
            *passed = true;
        }
        if *client && *server { Step::Done } else { Step::Consumed(bytes.len()) }
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default()
}
