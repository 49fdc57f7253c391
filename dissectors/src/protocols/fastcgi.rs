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

use crate::cgi::{self, Requests};
use crate::dictionary::Element;
use crate::facts::Facts;
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

/// The element.
pub static ELEMENT: Element = Element { name: "fastcgi", meaning: "FastCGI", fields: &cgi::FIELDS };

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

/// The variables of a request.
fn pairs(content: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut reader = Reader::new(content);
    std::iter::from_fn(move || pair(&mut reader)).take(MOST_PAIRS)
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
    requests: Requests,
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
                Role::Client => self.requests.request(pairs(content)),
                Role::Server if kind == STDERR => self.requests.error(content),
                Role::Server => {
                    if let Some(status) = content.strip_prefix(b"Status: ") {
                        self.requests.status(status);
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
        self.requests.facts(out, &ELEMENT);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.requests.heap_bytes()
    }
}
