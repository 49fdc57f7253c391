//! SCGI: requests from a web server to an application (Simple Common Gateway Interface, python.ca/scgi/protocol.txt).
//!
//! ```text
//! client   length ":" CONTENT_LENGTH 0 value 0 SCGI 0 1 0 (name 0 value 0)... ","  body
//! server   Status: 200 OK CR LF ...        or as HTTP does
//! ```
//!
//! The length with the variable that has to be the first proves it. One request a connection; bodies are passed over. Limits: variables of
//! [`VARIABLES_BYTES`].

use crate::cgi::{self, Requests, Single};
use crate::dictionary::Element;
use crate::facts::Facts;
use crate::framing::decimal;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static ELEMENT: Element =
    Element { name: "scgi", meaning: "requests of a web server to an application", fields: &cgi::FIELDS };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "scgi",
    about: About {
        name: "Simple Common Gateway Interface",
        specification: "SCGI protocol, python.ca/scgi/protocol.txt",
        evidence: "a length with the variable that has to be the first",
        limits: "queries and bodies",
        ports: &[4000],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'1'..=b'9'], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Scgi::default()),
};

/// What the variables begin with.
const FIRST: &[u8] = b"CONTENT_LENGTH\0";
/// The most digits of their length.
const DIGITS: usize = 5;
/// The longest variables that are read.
const VARIABLES_BYTES: usize = 32 * 1024;
fn probe(sample: &Sample<'_>) -> Verdict {
    let digits = sample.bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if sample.role == Role::Server || digits > DIGITS || !matches!(sample.bytes.first(), Some(b'1'..=b'9')) {
        return Verdict::Reject;
    }
    match sample.bytes.get(digits) {
        None => Verdict::NeedMore,
        Some(b':') => crate::noted::begins(sample.bytes.get(digits + 1..).unwrap_or_default(), FIRST),
        Some(_) => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Scgi(Single);

impl Dissector for Scgi {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        self.0.data(chunk.role, chunk.bytes, request)
    }

    fn facts(&self, out: &mut Facts) {
        self.0.requests.facts(out, &ELEMENT);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.0.requests.heap_bytes()
    }
}

/// Takes a request, or says how many bytes it takes.
fn request(requests: &mut Requests, bytes: &[u8]) -> Result<(), usize> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = bytes.get(..digits).and_then(decimal).and_then(|length| usize::try_from(length).ok());
    match (bytes.get(digits), length) {
        (None, _) if digits <= DIGITS => return Err(digits + 1),
        (Some(b':'), Some(length)) if length <= VARIABLES_BYTES => {
            let begin = digits + 1;
            let end = begin.saturating_add(length);
            let mut parts = bytes.get(begin..end).ok_or(end)?.split(|byte| *byte == 0);
            requests.request(std::iter::from_fn(|| Some((parts.next()?, parts.next()?))));
        }
        _ => {}
    }
    Ok(())
}
