//! Ceph: clients, monitors and stores of a cluster (Ceph documentation, "msgr" and "msgr2").
//!
//! ```text
//! 1   both: "ceph v027" ...    2   both: "ceph v2" LF  length:2 supported:8 required:8
//! ```
//!
//! The banner proves it.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::noted::{Notes, begins};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static CLIENT_VERSION: Field = Field::text("client_version", "version of the messenger of who connected", "Ceph, msgr");
static SERVER_VERSION: Field = Field::text("server_version", "of the other", "Ceph, msgr");

static ELEMENT: Element =
    Element { name: "ceph", meaning: "a cluster of Ceph", fields: &[&CLIENT_VERSION, &SERVER_VERSION] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ceph",
    about: About {
        name: "Ceph's messenger 1 and 2",
        specification: "Ceph documentation, msgr2",
        evidence: "the banner",
        limits: "everything behind it",
        ports: &[3300, 6789, 6800, 6801, 6802, 6803, 6804, 6805, 6806, 6807, 6808, 6809, 6810],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'c'..=b'c']),
    probe,
    open: |_: &Opening| Box::new(Ceph { notes: Notes::new(&ELEMENT) }),
};

const BANNER: &[u8] = b"ceph v";
/// `027` or `2` and an LF.
const VERSION: usize = 3;

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, BANNER) {
        Verdict::Match => match sample.bytes.get(BANNER.len()..).unwrap_or_default() {
            [] | [b'0'] | [b'0', b'0'..=b'9'] | [b'2'] => Verdict::NeedMore,
            [b'0', b'0'..=b'9', b'0'..=b'9', ..] | [b'2', b'\n', ..] => Verdict::Match,
            _ => Verdict::Reject,
        },
        verdict => verdict,
    }
}

#[derive(Debug)]
struct Ceph {
    notes: Notes,
}

impl Dissector for Ceph {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let field = if chunk.role == Role::Client { &CLIENT_VERSION } else { &SERVER_VERSION };
        if self.notes.has(field) {
            return Step::Consumed(chunk.bytes.len());
        }
        let Some(version) = chunk.bytes.get(BANNER.len()..BANNER.len() + VERSION) else {
            return Step::NeedMore(BANNER.len() + VERSION);
        };
        let end = version.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(VERSION);
        self.notes.text(field, version.get(..end).unwrap_or_default());
        if self.notes.has(&CLIENT_VERSION) && self.notes.has(&SERVER_VERSION) {
            return Step::Done;
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
