//! Elasticsearch's (and OpenSearch's) binary transport between nodes, which old clients speak too.
//!
//! ```text
//! "ES" length:4 request:8 status:1 version:4 [header_length:4] headers... [features] action...
//! "ES" -1:4                                                                              a ping
//! ```
//!
//! All big endian; `length` counts what follows it. Status: 1 response, 2 error, 4 compressed, 8 handshake. The version 7.17.3 is the number
//! 7170399; since 7.6.0 the length of the variable header follows. There is no specification; the source is the `TcpHeader` class of
//! Elasticsearch, version by version.
//!
//! An action is a text behind its length; it stands behind headers whose form changes with the versions, so it is looked for by the words
//! that actions begin with. Limits: [`HEADER_BYTES`] of a request are searched, sixteen actions. Compressed messages before 7.6 hide their
//! action. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// What a message begins with.
const MAGIC: [u8; 2] = *b"ES";
/// Bytes from the request's number to the version.
const FIXED_BYTES: u32 = 8 + 1 + 4;
/// How much of a request is searched for its action.
const HEADER_BYTES: usize = 1024;
/// The longest message that is believed: 2 GiB is the format's own bound.
const LENGTH_MAX: u32 = i32::MAX as u32;
/// Versions that are believed: 0.90.0 to 20.
const VERSIONS: std::ops::RangeInclusive<u32> = 900_099..=20_999_999;
/// From here on the number is that of the format and not of a release (Elasticsearch 8.8).
const NUMBERED: u32 = 8_500_000;
/// OpenSearch tells its own versions with this bit turned.
const OPENSEARCH: u32 = 0x0800_0000;
/// What actions begin with.
const ACTIONS: &[&[u8]] = &[b"internal:", b"indices:", b"cluster:"];
/// Bits of the status.
mod status {
    pub const RESPONSE: u8 = 1;
    pub const ERROR: u8 = 2;
    pub const ALL: u8 = 0x0f;
}

static VERSION: Field =
    Field::text("version", "version of the format that is spoken, least first seen", "TcpHeader").list();
static ACTION: Field = Field::text("action", "what was asked", "TcpHeader").list();
static REQUESTS: Field = Field::number("requests", "requests, handshakes included", "TcpHeader");
static RESPONSES: Field = Field::number("responses", "responses", "TcpHeader");
static ERRORS: Field = Field::number("errors", "responses that are errors", "TcpHeader");
static PINGS: Field = Field::number("pings", "empty messages that keep the connection alive", "TcpHeader");
static OPEN_SEARCH: Field = Field::new(Kind::YesNo, "opensearch", "the versions are OpenSearch's", "TcpHeader");

static ELEMENT: Element = Element {
    name: "elasticsearch",
    meaning: "Elasticsearch's transport between nodes",
    fields: &[&VERSION, &OPEN_SEARCH, &ACTION, &REQUESTS, &RESPONSES, &ERRORS, &PINGS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "elasticsearch",
    about: About {
        name: "Elasticsearch's and OpenSearch's transport between nodes",
        specification: "class TcpHeader of Elasticsearch",
        evidence: "`ES` with a length and a version that fit",
        limits: "actions are sought by the words they begin with; compressed messages before 7.6 hide theirs",
        ports: &[9300],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'E'..=b'E']),
    probe,
    open: |_: &Opening| Box::new(Elasticsearch::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    let mut reader = Reader::new(sample.bytes);
    let Some(magic) = reader.array::<2>() else {
        return if sample.bytes.first() == Some(&b'E') { Verdict::NeedMore } else { Verdict::Reject };
    };
    if magic != MAGIC {
        return Verdict::Reject;
    }
    let Some(length) = reader.be_u32() else {
        return Verdict::NeedMore;
    };
    // Six bytes that either side sends now and then.
    if length == u32::MAX {
        return if reader.is_empty() { Verdict::Likely } else { Verdict::NeedMore };
    }
    if !(FIXED_BYTES..=LENGTH_MAX).contains(&length) {
        return Verdict::Reject;
    }
    let (Some(_), Some(status), Some(version)) = (reader.be_u64(), reader.u8(), reader.be_u32()) else {
        return Verdict::NeedMore;
    };
    let sender = if status & status::RESPONSE != 0 { Role::Server } else { Role::Client };
    let fits = status & !status::ALL == 0 && read_version(version).is_some();
    if fits && sender == sample.role { Verdict::Match } else { Verdict::Reject }
}

/// A version as people write it, and whether it is OpenSearch's.
fn read_version(number: u32) -> Option<(String, bool)> {
    let opensearch = number & OPENSEARCH != 0;
    let plain = if opensearch { number ^ OPENSEARCH } else { number };
    let (major, minor, patch) = (plain / 1_000_000, plain / 10_000 % 100, plain / 100 % 100);
    let written = if plain >= NUMBERED && !opensearch { plain.to_string() } else { format!("{major}.{minor}.{patch}") };
    VERSIONS.contains(&plain).then_some((written, opensearch))
}

#[derive(Debug, Default)]
struct Elasticsearch {
    versions: List<Text>,
    opensearch: bool,
    actions: List<Text>,
    requests: u64,
    responses: u64,
    errors: u64,
    pings: u64,
}

impl Elasticsearch {
    fn message(&mut self, status: u8, version: (String, bool), content: &[u8]) {
        self.versions.push_distinct(Text::from(version.0.as_str()));
        self.opensearch |= version.1;
        if status & status::RESPONSE != 0 {
            self.responses = self.responses.saturating_add(1);
            self.errors = self.errors.saturating_add(u64::from(status & status::ERROR != 0));
            return;
        }
        self.requests = self.requests.saturating_add(1);
        if let Some(action) = action(content) {
            self.actions.push_distinct(Text::new(action));
        }
    }
}

/// The first text that begins as an action does and stands behind its length.
fn action(content: &[u8]) -> Option<&[u8]> {
    let starts = ACTIONS.iter().flat_map(|word| memchr::memmem::find_iter(content, *word));
    let fits = |at: usize| {
        let length = usize::from(*content.get(at.checked_sub(1)?)?);
        let text = content.get(at..at.saturating_add(length))?;
        let printable = text.iter().all(|byte| byte.is_ascii_graphic());
        (length < 0x80 && printable && text.len() > b"indices:".len()).then_some((at, text))
    };
    starts.filter_map(fits).min_by_key(|(at, _)| *at).map(|(_, text)| text)
}

impl Dissector for Elasticsearch {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        let mut reader = Reader::new(bytes);
        let (Some(magic), Some(length)) = (reader.array::<2>(), reader.be_u32()) else {
            return Step::NeedMore(6);
        };
        if magic != MAGIC {
            return Step::Violation;
        }
        if length == u32::MAX {
            self.pings = self.pings.saturating_add(1);
            return Step::Consumed(6);
        }
        if !(FIXED_BYTES..=LENGTH_MAX).contains(&length) {
            return Step::Violation;
        }
        let length = length as usize;
        let read = length.min(HEADER_BYTES);
        let Some(mut head) = reader.sub(read) else {
            return Step::NeedMore(read.saturating_add(6));
        };
        let (Some(_), Some(status), Some(version)) = (head.be_u64(), head.u8(), head.be_u32()) else {
            return Step::Violation;
        };
        let Some(version) = read_version(version) else {
            return Step::Violation;
        };
        self.message(status, version, head.rest());
        let left = length.saturating_sub(read);
        let here = left.min(reader.len());
        if left > here {
            return Step::Skip(left.saturating_sub(here) as u64);
        }
        Step::Consumed(read.saturating_add(here).saturating_add(6))
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.texts(&VERSION, &self.versions);
        if self.opensearch {
            element.yes_no(&OPEN_SEARCH, true);
        }
        element.texts(&ACTION, &self.actions);
        let counts =
            [(&REQUESTS, self.requests), (&RESPONSES, self.responses), (&ERRORS, self.errors), (&PINGS, self.pings)];
        for (field, count) in counts {
            if count > 0 {
                element.number(field, count);
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.versions.items().iter().chain(self.actions.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_people_write_it() {
        assert_eq!(read_version(7_170_399), Some(("7.17.3".to_owned(), false)));
        assert_eq!(read_version(OPENSEARCH ^ 2_110_099), Some(("2.11.0".to_owned(), true)));
        assert_eq!(read_version(8_841_001), Some(("8841001".to_owned(), false)));
        assert_eq!(read_version(7), None);
        assert_eq!(read_version(u32::MAX), None);
    }

    #[test]
    fn an_action_stands_behind_its_length() {
        assert_eq!(action(b"\0\0\0\x16internal:tcp/handshake\x04"), Some(&b"internal:tcp/handshake"[..]));
        assert_eq!(action(b"\x02xinternal:"), None);
        assert_eq!(action(b"internal:tcp/handshake"), None);
    }
}
