//! OpenFlow, by which a controller rules switches (OpenFlow 1.0 to 1.5).
//!
//! ```text
//! message   version:1 (1..6) kind:1 length:2 number:4  content
//! kinds     0 hello 1 error 2, 3 echo 5 features request 6 features: datapath:8 ...  10 packet in 13 packet out 14 flow ...
//! ```
//!
//! Both sides begin with a hello; with what may follow it, it fits, and both prove it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "versions that were told, each once", "OpenFlow, ofp_header").list();
static MESSAGE: Field = Field::text("message", "messages, each with how often", "OpenFlow, ofp_type").list();
static DATAPATH: Field = Field::text("datapath", "the switch's number", "OpenFlow, ofp_switch_features");

static ELEMENT: Element =
    Element { name: "openflow", meaning: "a switch that a controller rules", fields: &[&VERSION, &DATAPATH, &MESSAGE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "openflow",
    about: About {
        name: "OpenFlow",
        specification: "OpenFlow Switch Specification 1.0 to 1.5",
        evidence: "hellos of both sides, and what follows them",
        limits: "flows",
        ports: &[6633, 6653],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=6]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

/// The longest message that is believed to be the first after a hello.
const LONGEST_FIRST: usize = 2048;

/// Version, kind and length.
fn head(bytes: &[u8]) -> Option<(u8, u8, usize)> {
    let mut reader = Reader::new(bytes);
    let (version, kind, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
    ((1..=6).contains(&version) && kind <= 35 && length >= 8).then_some((version, kind, length))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, 4, |bytes| head(bytes).map(|(_, _, length)| length))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let hello = match (head(sample.bytes), sample.bytes) {
        // ISO transport has this head too, with data behind it.
        (_, [3, 0, 0, 8, 2, 0xf0, ..]) => return Verdict::Reject,
        // A hello, maybe with a bitmap of versions.
        (Some((_, 0, 8)), _) => 8,
        (Some((4.., 0, 16)), bytes) if [0, 1, 0, 8].starts_with(bytes.get(8..12).unwrap_or_default()) => 16,
        (None, [1..=6] | [1..=6, 0] | [1..=6, 0, 0]) => return Verdict::NeedMore,
        _ => return Verdict::Reject,
    };
    match sample.bytes.get(hello..) {
        None => Verdict::NeedMore,
        Some(next) if next.len() < 4 && next.first().is_none_or(|version| (1..=6).contains(version)) => {
            Verdict::NeedMore
        }
        // What comes next is in a version that the hello leaves room for.
        Some(next) => match head(next) {
            // Who agrees on no version says so in the other's.
            Some((_, 1, 8..=LONGEST_FIRST)) => Verdict::Likely,
            Some((version, 1.., 8..=LONGEST_FIRST)) if sample.bytes.first().is_some_and(|most| version <= *most) => {
                Verdict::Likely
            }
            _ => Verdict::Reject,
        },
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((version, kind, _)) = head(message.bytes) else { return true };
    let versions = ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"];
    notes.text(&VERSION, versions.get(usize::from(version).saturating_sub(1)).unwrap_or(&"").as_bytes());
    notes.tally(&MESSAGE, name(version, kind).as_bytes());
    if let (6, Some(datapath)) = (kind, message.bytes.get(8..16)) {
        notes.text(&DATAPATH, crate::hex::hex(datapath).as_bytes());
    }
    true
}

/// The name of a kind of messages; from version 1.1 on groups are ruled too, and all that follows has other numbers.
const fn name(version: u8, kind: u8) -> &'static str {
    match (version, kind) {
        (_, 0) => "hello",
        (_, 1) => "error",
        (_, 2 | 3) => "echo",
        (_, 4) => "experimenter",
        (_, 5 | 6) => "features",
        (_, 7..=9) => "configuration",
        (_, 10) => "packet-in",
        (_, 11) => "flow-removed",
        (_, 12) => "port-status",
        (_, 13) => "packet-out",
        (_, 14) => "flow",
        (1, 15) | (2.., 16) => "port",
        (1, 16 | 17) | (2.., 18 | 19) => "statistics",
        (1, 18 | 19) | (2.., 20 | 21) => "barrier",
        (1, 20 | 21) | (2.., 22 | 23) => "queues",
        (2.., 15) => "group",
        (2.., 17) => "table",
        (3.., 24 | 25) => "role",
        (4.., 26..=28) => "asynchronous",
        (4.., 29) => "meter",
        (5.., 33 | 34) => "bundle",
        _ => "other",
    }
}
