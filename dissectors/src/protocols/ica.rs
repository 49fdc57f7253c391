//! Citrix ICA, and CGP that keeps it over lost connections: how they begin.
//!
//! Specification: not published; what servers send first.
//!
//! ```text
//! ICA   7f7f "ICA" 0   of the server, three times or more, then of the client
//! CGP   1a "CGP/01" ...  of both
//! ```
//!
//! The constants prove it. Nothing else is read.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::noted::{Notes, begins};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};

static KIND: Field = Field::text("kind", "`ica`, or `cgp` around it", "Citrix ICA");

static ELEMENT: Element = Element { name: "ica", meaning: "a desktop or program of Citrix", fields: &[&KIND] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ica",
    about: About {
        name: "Citrix ICA and Common Gateway Protocol",
        specification: "not published",
        evidence: "the constants of the beginning",
        limits: "everything behind them",
        ports: &[1494, 2598],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x1a..=0x1a, 0x7f..=0x7f]),
    probe,
    open: |_: &Opening| Box::new(Ica { notes: Notes::new(&ELEMENT) }),
};

const ICA: &[u8] = b"\x7f\x7fICA\0";
const CGP: &[u8] = b"\x1aCGP/01";

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, ICA) {
        Verdict::Reject => begins(sample.bytes, CGP),
        verdict => verdict,
    }
}

#[derive(Debug)]
struct Ica {
    notes: Notes,
}

impl Dissector for Ica {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match chunk.bytes.first() {
            Some(0x7f) => self.notes.plain(&KIND, "ica"),
            Some(0x1a) => self.notes.plain(&KIND, "cgp"),
            _ => return Step::Consumed(chunk.bytes.len()),
        }
        Step::Done
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
