//! MSRP: messages and files beside calls (RFC 4975, RFC 4976).
//!
//! ```text
//! request   MSRP transaction SEND|REPORT|AUTH CRLF  To-Path: msrp://... CRLF  From-Path: ... CRLF  fields  [CRLF content] CRLF  -------transaction ($ # +) CRLF
//! answer    MSRP transaction 200 OK CRLF  To-Path: ... CRLF  From-Path: ... CRLF  -------transaction$ CRLF
//! ```
//!
//! The first line proves it. Content is passed over line by line.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Sides, word};
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static METHOD: Field = Field::text("method", "what was sent, each with how often", "RFC 4975 4").list();
static STATUS: Field = Field::text("status", "answers, each with how often", "RFC 4975 10").list();
static FROM: Field = Field::text("from", "from whom, each once", "RFC 4975 8").list();
static TO: Field = Field::text("to", "to whom, each once", "RFC 4975 8").list();
static CONTENT_TYPE: Field = Field::text("content_type", "what was sent, each once", "RFC 4975 8.6").list();

static ELEMENT: Element =
    Element { name: "msrp", meaning: "messages beside a call", fields: &[&METHOD, &STATUS, &FROM, &TO, &CONTENT_TYPE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "msrp",
    about: About {
        name: "Message Session Relay Protocol",
        specification: "RFC 4975, RFC 4976",
        evidence: "the first line",
        limits: "messages and files",
        ports: &[2855],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'M'..=b'M']),
    probe,
    open: |_: &Opening| Box::new(Msrp { lines: Default::default(), notes: Notes::new(&ELEMENT) }),
};

/// The longest line that is looked at.
const LINE_BYTES: usize = 1024;

/// The method or status of a first line.
fn first(line: &[u8]) -> Option<(bool, &[u8])> {
    let (name, rest) = word(line);
    let (transaction, rest) = word(rest);
    let (what, _) = word(rest);
    (name == b"MSRP" && (4..=32).contains(&transaction.len())).then_some(())?;
    match what {
        b"SEND" | b"REPORT" | b"AUTH" => Some((true, what)),
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9'] => Some((false, what)),
        _ => None,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match memchr::memchr(b'\n', sample.bytes.get(..80).unwrap_or(sample.bytes)) {
        Some(end) => match first(sample.bytes.get(..end).unwrap_or_default().trim_ascii_end()) {
            // Either side may send; whoever does first is the client.
            Some((asks, _)) if asks == (sample.role == Role::Client) => Verdict::Match,
            _ => Verdict::Reject,
        },
        None if sample.bytes.len() < 80 && b"MSRP ".iter().zip(sample.bytes).all(|(a, b)| a == b) => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

#[derive(Debug)]
struct Msrp {
    lines: Sides,
    notes: Notes,
}

impl Dissector for Msrp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let (line, used) = match self.lines.next(chunk.role, chunk.bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        let notes = &mut self.notes;
        if let Some((asks, what)) = first(line) {
            notes.tally(if asks { &METHOD } else { &STATUS }, what);
        } else if let Some(path) = line.strip_prefix(b"From-Path:") {
            notes.text(&FROM, path.trim_ascii());
        } else if let Some(path) = line.strip_prefix(b"To-Path:") {
            notes.text(&TO, path.trim_ascii());
        } else if let Some(kind) = line.strip_prefix(b"Content-Type:") {
            notes.text(&CONTENT_TYPE, kind.trim_ascii());
        }
        Step::Consumed(used)
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lines.lost(role);
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
