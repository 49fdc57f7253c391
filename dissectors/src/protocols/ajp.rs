//! AJP 1.3: requests from a web server to a servlet container (Apache Tomcat Connectors, AJP Protocol Reference).
//!
//! ```text
//! web server   1234 length:2 02 method:1 protocol uri remote_addr remote_host server_name port:2 ssl:1 n:2 headers attributes ff
//!              1234 0001 0a                                                          a ping, and
//! container    4142 0001 09                                                          its answer
//!              4142 length:2 04 status:2 message ...    03 a part of the body    05 the end    06 more body, please
//! ```
//!
//! A text is `length:2 bytes 00`, ffff for none. The web server is the client. Told: requests as HTTP has them, without the query, which
//! may hold secrets. Limits: a packet of 8 kB before AJP's own, 64 kB here. Bodies are passed over.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ajp",
    about: About {
        name: "Apache JServ Protocol 1.3",
        specification: "Apache Tomcat Connectors, AJP Protocol Reference",
        evidence: "the magic 1234 or `AB` with a known kind that fits its length",
        limits: "queries and bodies are not told",
        ports: &[8009],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0x12..=0x12], server: &[0x41..=0x41] },
    probe,
    open: |_: &Opening| Box::new(Ajp::default()),
};

/// Requests.
pub static REQUESTS: Field = Field::number("requests", "requests", "AJP 1.3");
/// The method.
pub static METHOD: Field = Field::text("method", "method of each request", "AJP 1.3, forward request").aligned();
/// The host.
pub static HOST: Field = Field::text("host", "the server's name in each request", "AJP 1.3, forward request").aligned();
/// The path.
pub static URI: Field = Field::text("uri", "path of each request", "AJP 1.3, forward request").long().aligned();
/// Whose request.
pub static REMOTE: Field =
    Field::text("remote", "address of the client whose request it is", "AJP 1.3, forward request").aligned();
/// Who.
pub static USER: Field =
    Field::text("user", "account that the web server let in, of each request", "AJP 1.3, remote_user").aligned();
/// The status.
pub static STATUS: Field = Field::number("status", "status of each response", "AJP 1.3, send headers").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "ajp",
    meaning: "Apache JServ Protocol",
    fields: &[&REQUESTS, &METHOD, &HOST, &URI, &REMOTE, &USER, &STATUS],
};

const HEADER_BYTES: usize = 4;
const FORWARD: u8 = 2;
const SEND_HEADERS: u8 = 4;

fn probe(sample: &Sample<'_>) -> Verdict {
    let mut reader = Reader::new(sample.bytes);
    let mark: [u8; 2] = if sample.role == Role::Client { [0x12, 0x34] } else { *b"AB" };
    if !mark.iter().zip(sample.bytes).all(|(wanted, byte)| wanted == byte) {
        return Verdict::Reject;
    }
    let Some((length, kind)) = (|| {
        reader.skip(2)?;
        Some((usize::from(reader.be_u16()?), reader.u8()?))
    })() else {
        return Verdict::NeedMore;
    };
    match (sample.role, kind) {
        (Role::Client, 0x0a) | (Role::Server, 9) if length == 1 => Verdict::Match,
        (Role::Client, FORWARD) => {
            let [method, high, _] = match reader.array() {
                Some(head) => head,
                None => return Verdict::NeedMore,
            };
            if !(1..=27).contains(&method) && method != 0xff || high != 0 || length < 20 {
                return Verdict::Reject;
            }
            match reader.rest() {
                protocol if protocol.len() < 5 => {
                    if b"HTTP/".starts_with(protocol) {
                        Verdict::NeedMore
                    } else {
                        Verdict::Reject
                    }
                }
                protocol if protocol.starts_with(b"HTTP/") => Verdict::Match,
                _ => Verdict::Reject,
            }
        }
        (Role::Server, SEND_HEADERS) => match (reader.be_u16(), length) {
            (None, _) => Verdict::NeedMore,
            (Some(100..=599), 8..=8192) => Verdict::Likely,
            _ => Verdict::Reject,
        },
        // A container that asks for more of the request's body.
        (Role::Server, 6) if length == 3 => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Request {
    method: &'static str,
    host: Text,
    uri: Text,
    remote: Text,
    user: Text,
    password: bool,
}

impl Request {
    fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let method = method_name(reader.u8()?);
        text(&mut reader)?;
        let uri = Text::long(text(&mut reader)?);
        let remote = Text::new(text(&mut reader)?);
        text(&mut reader)?;
        let host = Text::new(text(&mut reader)?);
        let mut request = Self { method, host, uri, remote, user: Text::default(), password: false };
        // A request whose end can't be read is one all the same.
        let _ = request.rest(reader);
        Some(request)
    }

    /// Headers and attributes, behind port and whether it came by TLS.
    fn rest(&mut self, mut reader: Reader<'_>) -> Option<()> {
        reader.skip(3)?;
        for _ in 0..reader.be_u16()? {
            let name = reader.be_u16()?;
            if name >> 8 != 0xa0 {
                reader.skip(usize::from(name).saturating_add(1))?;
            }
            let value = text(&mut reader)?;
            self.password |=
                name == AUTHORIZATION && value.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case(b"basic "));
        }
        for _ in 0..MOST_ATTRIBUTES {
            match reader.u8()? {
                0xff => break,
                REMOTE_USER => self.user = Text::new(text(&mut reader)?),
                // An attribute of the web server's own, with its name.
                0x0a => {
                    text(&mut reader)?;
                    text(&mut reader)?;
                }
                // The size of TLS's key.
                0x0b => reader.skip(2)?,
                _ => text(&mut reader).map(drop)?,
            }
        }
        Some(())
    }
}

/// The number of the header `Authorization`.
const AUTHORIZATION: u16 = 0xa005;
/// The attribute with the account that the web server let in.
const REMOTE_USER: u8 = 3;
/// The most attributes of a request.
const MOST_ATTRIBUTES: usize = 128;

/// `length:2 bytes 00`.
fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    match reader.be_u16()? {
        0xffff => Some(&[]),
        length => {
            let text = reader.take(usize::from(length))?;
            reader.skip(1)?;
            Some(text)
        }
    }
}

#[derive(Debug, Default)]
struct Ajp {
    requests: u64,
    kept: List<Request>,
    statuses: List<u64>,
}

impl Dissector for Ajp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let mark: [u8; 2] = if chunk.role == Role::Client { [0x12, 0x34] } else { *b"AB" };
        let Some((found, length)) = (|| Some((reader.array::<2>()?, usize::from(reader.be_u16()?))))() else {
            return Step::NeedMore(HEADER_BYTES);
        };
        if found != mark {
            return Step::Violation;
        }
        let whole = length.saturating_add(HEADER_BYTES);
        let Some(packet) = reader.take(length) else {
            return Step::NeedMore(whole);
        };
        match (chunk.role, packet) {
            // A packet of the request's body begins with its length, which is never so small that it looks like this.
            (Role::Client, [FORWARD, body @ ..]) => {
                if let Some(request) = Request::read(body) {
                    self.requests = self.requests.saturating_add(1);
                    self.kept.push(request);
                }
            }
            (Role::Server, [SEND_HEADERS, high, low, ..]) => {
                self.statuses.push(u64::from(u16::from_be_bytes([*high, *low])));
            }
            _ => {}
        }
        Step::Consumed(whole)
    }

    fn facts(&self, out: &mut Facts) {
        if let Some(request) = self.kept.items().iter().find(|request| !request.user.is_empty()) {
            out.user(&request.user);
        }
        if self.kept.items().iter().any(|request| request.password) {
            out.flag(Flag::CleartextPassword);
        }
        let mut ajp = out.element(&ELEMENT);
        if self.requests > 0 {
            ajp.number(&REQUESTS, self.requests);
        }
        let (kept, omitted) = (self.kept.items(), self.kept.omitted());
        ajp.list(&METHOD, kept.iter().map(|request| request.method), omitted);
        ajp.list(&HOST, kept.iter().map(|request| &request.host), omitted);
        ajp.list(&URI, kept.iter().map(|request| &request.uri), omitted);
        ajp.list(&REMOTE, kept.iter().map(|request| &request.remote), omitted);
        if kept.iter().any(|request| !request.user.is_empty()) {
            ajp.list(&USER, kept.iter().map(|request| &request.user), omitted);
        }
        ajp.list(&STATUS, self.statuses.items().iter().map(|status| Value::Number(*status)), self.statuses.omitted());
    }

    fn heap_bytes(&self) -> usize {
        let of = |request: &Request| {
            let texts = [&request.host, &request.uri, &request.remote, &request.user];
            size_of::<Request>() + texts.into_iter().map(Text::heap_bytes).sum::<usize>()
        };
        size_of::<Self>() + self.kept.items().iter().map(of).sum::<usize>() + size_of_val(self.statuses.items())
    }
}

fn method_name(code: u8) -> &'static str {
    const NAMES: [&str; 27] = [
        "OPTIONS",
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "DELETE",
        "TRACE",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "ACL",
        "REPORT",
        "VERSION-CONTROL",
        "CHECKIN",
        "CHECKOUT",
        "UNCHECKOUT",
        "SEARCH",
        "MKWORKSPACE",
        "UPDATE",
        "LABEL",
        "MERGE",
        "BASELINE-CONTROL",
        "MKACTIVITY",
    ];
    usize::from(code).checked_sub(1).and_then(|at| NAMES.get(at)).copied().unwrap_or("other")
}
