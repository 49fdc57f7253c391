//! ICAP, by which proxies have pages and uploads examined (RFC 3507).
//!
//! ```text
//! client   REQMOD|RESPMOD|OPTIONS icap://host/service ICAP/1.0 CRLF   fields   CRLF   [head of HTTP] [content in chunks]
//! server   ICAP/1.0 200 OK CRLF   fields   CRLF   [head of HTTP] [content in chunks]
//! ```
//!
//! A line with the version at its end, or of a server at its beginning, proves it. Content is passed over line by line: a head is known by
//! its first line. Files inside are not followed.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Lines, word};
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static METHOD: Field = Field::text("method", "what was wanted, each with how often", "RFC 3507 4.3.2").list();
static SERVICE: Field = Field::text("service", "which service, each once", "RFC 3507 4.2").list().long();
static URL: Field = Field::text("url", "pages that were examined", "RFC 3507 4.4").list().long();
static STATUS: Field = Field::text("status", "answers, each with how often", "RFC 3507 4.3.3").list();
static CLIENT: Field = Field::text("client", "whose pages (`X-Client-IP`)", "draft-stecher-icap-subid").list();
static USER: Field =
    Field::text("user", "whose account (`X-Authenticated-User`), as it stands", "draft-stecher-icap-subid").list();
static SOFTWARE: Field = Field::text("software", "what the service says of itself", "RFC 3507 4.10.2").list();
static FOUND: Field =
    Field::text("found", "what was found (`X-Infection-Found`, `X-Virus-ID`, `X-Blocked`)", "draft-stecher-icap-subid")
        .list();

static ELEMENT: Element = Element {
    name: "icap",
    meaning: "pages that a proxy has examined",
    fields: &[&METHOD, &SERVICE, &URL, &STATUS, &CLIENT, &USER, &SOFTWARE, &FOUND],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "icap",
    about: About {
        name: "Internet Content Adaptation Protocol",
        specification: "RFC 3507",
        evidence: "the version in a request's line or an answer's",
        limits: "files inside",
        ports: &[1344, 11344],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'O'..=b'O', b'R'..=b'R'], server: &[b'I'..=b'I'] },
    probe,
    open: |_: &Opening| Box::new(Icap { sides: Default::default(), notes: Notes::new(&ELEMENT) }),
};

/// The longest line that is looked at.
const LINE_BYTES: usize = 2048;
const METHODS: [&[u8]; 3] = [b"REQMOD ", b"RESPMOD ", b"OPTIONS "];
const VERSION: &[u8] = b"ICAP/1.0";

fn is_request(line: &[u8]) -> bool {
    METHODS.iter().any(|method| line.starts_with(method)) && line.ends_with(b" ICAP/1.0")
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return match crate::noted::begins(sample.bytes, b"ICAP/1.0 ") {
            Verdict::Match if sample.bytes.len() < 12 => Verdict::NeedMore,
            verdict => verdict,
        };
    }
    match memchr::memchr(b'\n', sample.bytes) {
        Some(end) if is_request(sample.bytes.get(..end).unwrap_or_default().trim_ascii_end()) => Verdict::Match,
        Some(_) => Verdict::Reject,
        None => {
            let begins = METHODS.iter().any(|method| method.iter().zip(sample.bytes).all(|(a, b)| a == b));
            let scheme = memchr::memchr(b' ', sample.bytes).and_then(|at| sample.bytes.get(at.checked_add(1)?..));
            let fits = scheme.is_none_or(|scheme| b"icap".iter().zip(scheme).all(|(a, b)| a.eq_ignore_ascii_case(b)));
            if begins && fits { Verdict::NeedMore } else { Verdict::Reject }
        }
    }
}

/// Where one side stands.
#[derive(Debug, Default)]
struct Side {
    lines: Lines,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// In content, or before the first head.
    #[default]
    Content,
    Fields,
    /// The line behind a head, with which that of HTTP begins.
    Inside,
}

#[derive(Debug)]
struct Icap {
    sides: [Side; 2],
    notes: Notes,
}

impl Dissector for Icap {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let [client, server] = &mut self.sides;
        let side = if chunk.role == Role::Client { client } else { server };
        let (line, used) = match side.lines.next(chunk.bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        side.place = take(&mut self.notes, side.place, line);
        Step::Consumed(used)
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        let [client, server] = &mut self.sides;
        let side = if role == Role::Client { client } else { server };
        side.lines.lost();
        side.place = Place::Content;
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

fn take(notes: &mut Notes, place: Place, line: &[u8]) -> Place {
    if is_request(line) {
        let (method, rest) = word(line);
        notes.tally(&METHOD, method);
        notes.text(&SERVICE, word(rest).0);
        return Place::Fields;
    }
    if line.starts_with(VERSION) {
        notes.tally(&STATUS, word(word(line).1).0);
        return Place::Fields;
    }
    match place {
        Place::Content => Place::Content,
        Place::Fields if line.is_empty() => Place::Inside,
        Place::Fields => {
            let colon = memchr::memchr(b':', line).unwrap_or(line.len());
            let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match name.to_ascii_lowercase().as_slice() {
                b"x-client-ip" => notes.text(&CLIENT, value),
                b"x-authenticated-user" | b"x-client-username" => notes.text(&USER, value),
                b"service" | b"server" => notes.text(&SOFTWARE, value),
                b"x-infection-found" | b"x-virus-id" | b"x-blocked" => notes.text(&FOUND, value),
                _ => {}
            }
            Place::Fields
        }
        Place::Inside => {
            // `GET http://host/path HTTP/1.1`; of an answer's head the status tells nothing of the page.
            let (_, rest) = word(line);
            let (url, version) = word(rest);
            if version.starts_with(b"HTTP/") {
                notes.text(&URL, url);
            }
            Place::Content
        }
    }
}
