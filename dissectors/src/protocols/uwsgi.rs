//! uwsgi: requests from a web server to an application, in uWSGI's own protocol (uWSGI documentation, "The uwsgi protocol").
//!
//! ```text
//! client   modifier:1 length:2 modifier:1 (length:2 name length:2 value)...  body       numbers with the least byte first
//! server   HTTP/1.1 200 OK CR LF ...
//! ```
//!
//! Two variables that are named as those of CGI are prove it. One request a connection; bodies are passed over.

use crate::cgi::{self, Requests, Single};
use crate::dictionary::Element;
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static ELEMENT: Element =
    Element { name: "uwsgi", meaning: "requests of a web server to an application", fields: &cgi::FIELDS };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "uwsgi",
    about: About {
        name: "uwsgi, the protocol of uWSGI",
        specification: "uWSGI documentation, The uwsgi protocol",
        evidence: "two variables that are named as those of CGI are",
        limits: "queries and bodies; packets that are no requests",
        ports: &[3031],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0, 5..=7, 14..=14], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Uwsgi::default()),
};

const HEAD_BYTES: usize = 4;
/// The most variables of a request.
const MOST_VARIABLES: usize = 256;
fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::from(reader.le_u16()?);
    reader.take(length)
}

/// Whether a variable is named as those of CGI are, as far as its name is shown. `None` where it can't be.
fn named(reader: &mut Reader<'_>) -> Option<bool> {
    let Some(length) = reader.le_u16() else { return Some(false) };
    if !(4..=64).contains(&length) {
        return None;
    }
    let shown = reader.rest();
    let name = shown.get(..usize::from(length)).unwrap_or(shown);
    if !name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_') {
        return None;
    }
    Some(reader.skip(usize::from(length)).is_some())
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return Verdict::Reject;
    }
    let mut reader = Reader::new(sample.bytes);
    // Python, Perl, Lua, Ruby, PHP.
    if !matches!(reader.u8(), Some(0 | 5..=7 | 14)) {
        return Verdict::Reject;
    }
    match reader.le_u16() {
        None => return Verdict::NeedMore,
        Some(length) if length < 24 => return Verdict::Reject,
        Some(_) => {}
    }
    if reader.u8().is_none() {
        return Verdict::NeedMore;
    }
    match named(&mut reader) {
        None => Verdict::Reject,
        Some(false) => Verdict::NeedMore,
        Some(true) => {
            if text(&mut reader).is_none() {
                return Verdict::NeedMore;
            }
            match named(&mut reader) {
                None => Verdict::Reject,
                Some(false) => Verdict::NeedMore,
                Some(true) => Verdict::Match,
            }
        }
    }
}

#[derive(Debug, Default)]
struct Uwsgi(Single);

impl Dissector for Uwsgi {
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
    let mut reader = Reader::new(bytes);
    let (_, length) = reader.u8().zip(reader.le_u16()).ok_or(HEAD_BYTES)?;
    let whole = usize::from(length).saturating_add(HEAD_BYTES);
    let mut reader = Reader::new(bytes.get(HEAD_BYTES..whole).ok_or(whole)?);
    let pairs = std::iter::from_fn(|| Some((text(&mut reader)?, text(&mut reader)?)));
    requests.request(pairs.take(MOST_VARIABLES));
    Ok(())
}
