//! Streaming ACN: lights of a stage over UDP (ANSI E1.31).
//!
//! ```text
//! root      0010 0000 "ASC-E1.17" 0 0 0  7 length:12 bits  vector:4 (4 data, 8 extended)  source:16
//! framing   7 length:12 bits  vector:4  name:64  priority:1 synchronisation:2 sequence:1 options:1 universe:2 ...
//! ```
//!
//! The preamble proves it. Levels are not told.

use crate::counts::trimmed;
use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::hex::hex;
use crate::noted::{Form, Notes, begins, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static KIND: Field = Field::text("kind", "`data`, `sync`, `discovery`, each with how often", "ANSI E1.31 4").list();
static SOURCE: Field = Field::text("source", "names of who sends, each once", "ANSI E1.31 6.2.2").list();
static CID: Field = Field::text("cid", "their identifiers", "ANSI E1.31 5.6").list();
static UNIVERSE: Field = Field::number("universe", "universes, each once", "ANSI E1.31 6.2.7").list();
static PRIORITY: Field = Field::number("priority", "the first priority that was told", "ANSI E1.31 6.2.3");

static ELEMENT: Element =
    Element { name: "sacn", meaning: "lights of a stage", fields: &[&KIND, &SOURCE, &CID, &UNIVERSE, &PRIORITY] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "sacn",
    about: About {
        name: "Streaming ACN",
        specification: "ANSI E1.31",
        evidence: "the preamble and the identifier of ACN",
        limits: "levels are not told",
        ports: &[5568],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const PREAMBLE: &[u8] = b"\0\x10\0\0ASC-E1.17\0\0\0";

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, PREAMBLE) {
        Verdict::Match => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    let mut content = || {
        (reader.take(PREAMBLE.len())? == PREAMBLE).then_some(())?;
        reader.skip(2)?;
        let extended = reader.be_u32()? == 8;
        notes.text(&CID, hex(reader.take(16)?).as_bytes());
        reader.skip(2)?;
        let kind = match (extended, reader.be_u32()?) {
            (false, 2) => "data",
            (true, 1) => "sync",
            (true, 2) => "discovery",
            _ => "other",
        };
        notes.tally(&KIND, kind.as_bytes());
        if matches!(kind, "data" | "discovery") {
            notes.text(&SOURCE, trimmed(reader.take(64)?));
        }
        if kind == "data" {
            notes.number(&PRIORITY, u64::from(reader.u8()?));
            reader.skip(4)?;
            notes.number(&UNIVERSE, u64::from(reader.be_u16()?));
        }
        Some(())
    };
    content();
    true
}
