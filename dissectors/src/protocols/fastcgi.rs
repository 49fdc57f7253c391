//! FastCGI: requests from a web server to an application (FastCGI Specification 1.0).
//!
//! ```text
//! record   01 type:1 request:2 length:2 padding:1 00 content padding
//!   1 begin   role:2 flags:1 0*5        4 parameters, as pairs of lengths (1 or 4 bytes), name, value       5 stdin
//!   6 stdout  7 stderr  3 end           9 and 10 ask for the application's values
//! ```
//!
//! The web server is the client. Told: method, host, path, script and account from the parameters (never the query, cookies or authorisation), the
//! status that the application gives, and what it complains of. Parameters are read where they fit one record of a request, which nearly all do. Bodies are passed over.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "fastcgi",
    about: About {
        name: "FastCGI",
        specification: "FastCGI Specification 1.0",
        evidence: "a record that begins a request with a known role",
        limits: "parameters in several records, queries and bodies are not told",
        ports: &[9000],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=1]),
    probe,
    open: |_: &Opening| Box::new(FastCgi::default()),
};

/// Requests.
pub static REQUESTS: Field = Field::number("requests", "requests", "FastCGI 5.1");
/// The method.
pub static METHOD: Field = Field::text("method", "`REQUEST_METHOD` of each request", "RFC 3875 4.1.12").aligned();
/// The host.
pub static HOST: Field = Field::text("host", "`HTTP_HOST`, or `SERVER_NAME`", "RFC 3875 4.1.14").aligned();
/// The path.
pub static URI: Field =
    Field::text("uri", "`REQUEST_URI` or `SCRIPT_NAME`, without the query", "RFC 3875 4.1.13").long().aligned();
/// The script.
pub static SCRIPT: Field = Field::text("script", "`SCRIPT_FILENAME`: what is run", "FastCGI 6.2").long().aligned();
/// Whose request.
pub static REMOTE: Field = Field::text("remote", "`REMOTE_ADDR`: whose request it is", "RFC 3875 4.1.8").aligned();
/// Who.
pub static USER: Field =
    Field::text("user", "`REMOTE_USER`: the account that the web server let in", "RFC 3875 4.1.11").aligned();
/// What went wrong.
pub static ERROR: Field =
    Field::text("error", "what the application wrote to its errors, a line of each message", "FastCGI 5.3").list();
/// The status.
pub static STATUS: Field = Field::text("status", "`Status` of responses that name one", "RFC 3875 6.3.3").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "fastcgi",
    meaning: "FastCGI",
    fields: &[&REQUESTS, &METHOD, &HOST, &URI, &SCRIPT, &REMOTE, &USER, &ERROR, &STATUS],
};

const HEADER_BYTES: usize = 8;
/// The most pairs of one record.
const MOST_PAIRS: usize = 256;
const BEGIN: u8 = 1;
const PARAMETERS: u8 = 4;
const STDOUT: u8 = 6;
const STDERR: u8 = 7;
const GET_VALUES: u8 = 9;
const GET_VALUES_RESULT: u8 = 10;

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(&[version, kind, _, _, high, length, padding, reserved]) = sample.bytes.first_chunk::<HEADER_BYTES>()
    else {
        let begins = matches!(
            (sample.role, sample.bytes),
            (_, [1])
                | (Role::Client, [1, BEGIN | GET_VALUES, ..])
                | (Role::Server, [1, STDOUT | GET_VALUES_RESULT, ..])
        );
        return if begins { Verdict::NeedMore } else { Verdict::Reject };
    };
    if version != 1 || reserved != 0 {
        return Verdict::Reject;
    }
    let content = sample.bytes.get(HEADER_BYTES..).unwrap_or_default();
    match (sample.role, kind, high, length) {
        (Role::Client, BEGIN, 0, 8) => {
            // role:2 flags:1 and five bytes of nothing.
            let wanted = [Some(0), None, None, Some(0), Some(0), Some(0), Some(0), Some(0)];
            let fits = wanted.iter().zip(content).all(|(wanted, byte)| wanted.is_none_or(|wanted| wanted == *byte))
                && content.get(1).is_none_or(|role| matches!(role, 1..=3))
                && content.get(2).is_none_or(|flags| *flags <= 1);
            match (fits, content.len()) {
                (false, _) => Verdict::Reject,
                (true, 0..=7) => Verdict::NeedMore,
                (true, _) => Verdict::Match,
            }
        }
        (Role::Client, GET_VALUES, 0, _) | (Role::Server, GET_VALUES_RESULT, 0, _) => {
            match memchr::memmem::find(content, b"FCGI_") {
                Some(2) => Verdict::Match,
                _ if content.len() < 7 => Verdict::NeedMore,
                _ => Verdict::Reject,
            }
        }
        (Role::Server, STDOUT, ..) if padding < 8 => {
            let line = content.get(..64).unwrap_or(content);
            let name = line.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-').count();
            match line.get(name) {
                None if name < 40 => Verdict::NeedMore,
                Some(b':') if name > 3 => Verdict::Likely,
                _ => Verdict::Reject,
            }
        }
        _ => Verdict::Reject,
    }
}

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
    fn read(content: &[u8]) -> Self {
        let mut request = Self::default();
        let mut reader = Reader::new(content);
        for _ in 0..MOST_PAIRS {
            let Some((name, value)) = pair(&mut reader) else { break };
            let path = value.split(|byte| *byte == b'?').next().unwrap_or_default();
            match name {
                b"REQUEST_METHOD" => request.method = Text::new(value),
                b"HTTP_HOST" => request.host = Text::new(value),
                b"SERVER_NAME" if request.host.is_empty() => request.host = Text::new(value),
                b"REQUEST_URI" => request.uri = Text::long(path),
                b"SCRIPT_NAME" if request.uri.is_empty() => request.uri = Text::long(path),
                b"SCRIPT_FILENAME" => request.script = Text::long(path),
                b"REMOTE_ADDR" => request.remote = Text::new(value),
                b"REMOTE_USER" => request.user = Text::new(value),
                b"HTTP_AUTHORIZATION" => {
                    request.password = value.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case(b"basic "));
                }
                _ => {}
            }
        }
        request
    }
}

/// The next name and value.
fn pair<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (name, value) = (length(reader)?, length(reader)?);
    Some((reader.take(name)?, reader.take(value)?))
}

/// A length: below 128 one byte, otherwise four with the first bit set.
fn length(reader: &mut Reader<'_>) -> Option<usize> {
    match reader.u8()? {
        short @ 0..=0x7f => Some(usize::from(short)),
        long => usize::try_from(u32::from(long & 0x7f) << 24 | reader.be_u24()?).ok(),
    }
}

#[derive(Debug, Default)]
struct FastCgi {
    requests: u64,
    kept: List<Request>,
    statuses: List<Text>,
    errors: List<Text>,
}

impl Dissector for FastCgi {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Some(&[version, kind, _, _, high, low, padding, _]) = chunk.bytes.first_chunk::<HEADER_BYTES>() else {
            return Step::NeedMore(HEADER_BYTES);
        };
        if version != 1 {
            return Step::Violation;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let whole = length.saturating_add(HEADER_BYTES).saturating_add(usize::from(padding));
        if matches!(kind, PARAMETERS | STDOUT | STDERR) && length > 0 {
            let Some(content) = chunk.bytes.get(HEADER_BYTES..length.saturating_add(HEADER_BYTES)) else {
                return Step::NeedMore(length.saturating_add(HEADER_BYTES));
            };
            match chunk.role {
                Role::Client => {
                    self.requests = self.requests.saturating_add(1);
                    self.kept.push_with(|| Request::read(content));
                }
                Role::Server if kind == STDERR => {
                    let line = content.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
                    self.errors.push_with(|| Text::new(line));
                }
                Role::Server => {
                    if let Some(status) = content.strip_prefix(b"Status: ") {
                        let line = status.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
                        self.statuses.push_with(|| Text::new(line));
                    }
                }
            }
        }
        match whole.checked_sub(chunk.bytes.len()) {
            None | Some(0) => Step::Consumed(whole),
            Some(missing) => Step::Skip(missing as u64),
        }
    }

    fn facts(&self, out: &mut Facts) {
        if let Some(request) = self.kept.items().iter().find(|request| !request.user.is_empty()) {
            out.user(&request.user);
        }
        if self.kept.items().iter().any(|request| request.password) {
            out.flag(Flag::CleartextPassword);
        }
        let mut element = out.element(&ELEMENT);
        if self.requests > 0 {
            element.number(&REQUESTS, self.requests);
        }
        let (kept, omitted) = (self.kept.items(), self.kept.omitted());
        element.list(&METHOD, kept.iter().map(|request| &request.method), omitted);
        element.list(&HOST, kept.iter().map(|request| &request.host), omitted);
        element.list(&URI, kept.iter().map(|request| &request.uri), omitted);
        element.list(&SCRIPT, kept.iter().map(|request| &request.script), omitted);
        element.list(&REMOTE, kept.iter().map(|request| &request.remote), omitted);
        if kept.iter().any(|request| !request.user.is_empty()) {
            element.list(&USER, kept.iter().map(|request| &request.user), omitted);
        }
        element.list(&ERROR, self.errors.items().iter().map(Value::from), self.errors.omitted());
        element.list(&STATUS, self.statuses.items().iter().map(Value::from), self.statuses.omitted());
    }

    fn heap_bytes(&self) -> usize {
        let of = |request: &Request| {
            let texts = [&request.method, &request.host, &request.uri, &request.script, &request.remote, &request.user];
            size_of::<Request>() + texts.into_iter().map(Text::heap_bytes).sum::<usize>()
        };
        let statuses = self.statuses.items().iter().chain(self.errors.items());
        let statuses = statuses.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>();
        size_of::<Self>() + self.kept.items().iter().map(of).sum::<usize>() + statuses
    }
}
