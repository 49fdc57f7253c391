//! BFD, by which two routers notice that they can't reach each other any more.
//!
//! Specifications: RFC 5880 (packets), RFC 5881 (over UDP; each side sends from a port of its own, so a pair makes two sessions).
//!
//! ```text
//! version:3 bits diagnosis:5   state:2 bits flags:6   times missed:1 length:1   mine:4 yours:4
//! I send every:4 I take every:4 I echo every:4 (microseconds)   [authentication: kind:1 length:1 ...]
//! ```
//!
//! All fields are held against what RFC 5880 6.8.6 lets a receiver take; it only fits, since they are few.

use crate::capped::List;
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::{Facts, Value};
use crate::kept::{count, tell_count, tell_name, tell_names};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static STATE: Field = Field::text("state", "states of the sender, in their order", "RFC 5880 4.1").list();
static DIAGNOSIS: Field = Field::text("diagnosis", "why it was down, each once", "RFC 5880 4.1").list();
static PACKETS: Field = Field::number("packets", "packets read", "RFC 5880 4.1");
static MULTIPLIER: Field = Field::number("multiplier", "so many may be missed", "RFC 5880 4.1");
static INTERVAL: Field =
    Field::new(Kind::Milliseconds, "interval", "how often the sender wants to send", "RFC 5880 4.1").unit("ms");
static AUTHENTICATION: Field = Field::text("authentication", "`password` or a digest", "RFC 5880 4.1");

static ELEMENT: Element = Element {
    name: "bfd",
    meaning: "whether a router can be reached",
    fields: &[&STATE, &DIAGNOSIS, &PACKETS, &MULTIPLIER, &INTERVAL, &AUTHENTICATION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "bfd",
    about: About {
        name: "Bidirectional Forwarding Detection",
        specification: "RFC 5880, RFC 5881",
        evidence: "fields that a receiver would take",
        limits: "it only fits, and wants that nobody else claims it",
        ports: &[3784, 3785, 4784, 6784, 7784],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x20..=0x29]),
    probe,
    open: |_: &Opening| Box::new(Bfd::default()),
};

const HEAD: usize = 24;
const FINAL_AND_POLL: u8 = 0x30;
const AUTHENTICATED: u8 = 0x04;
const MULTIPOINT: u8 = 0x01;
/// Nobody sends more rarely than each minute.
const MINUTE: u32 = 60_000_000;
const DOWN: u8 = 1;
const UP: u8 = 3;

struct Packet {
    diagnosis: u8,
    state: u8,
    multiplier: u8,
    sends: u32,
    authentication: Option<u8>,
}

fn read(datagram: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(datagram);
    let (first, flags, multiplier, length) = (reader.u8()?, reader.u8()?, reader.u8()?, usize::from(reader.u8()?));
    let (mine, yours) = (reader.be_u32()?, reader.be_u32()?);
    let intervals = [reader.be_u32()?, reader.be_u32()?, reader.be_u32()?];
    let [sends, _, _] = intervals;
    let (version, diagnosis, state) = (first >> 5, first & 31, flags >> 6);
    let authentication = reader.u8();
    let sized = match authentication {
        None => length == HEAD && flags & AUTHENTICATED == 0,
        Some(kind) => {
            let rest = length.checked_sub(HEAD)?;
            flags & AUTHENTICATED != 0 && matches!(kind, 1..=5) && reader.u8().map(usize::from) == Some(rest)
        }
    };
    let known = version == 1 && diagnosis <= 9 && multiplier > 0 && length == datagram.len();
    let flagged = flags & MULTIPOINT == 0 && flags & FINAL_AND_POLL != FINAL_AND_POLL;
    let paired = mine != 0 && (yours != 0 || state <= DOWN);
    // Who is not up sends each second at the most (RFC 5880 6.8.3).
    let timed = sends > 0 && (state == UP || sends >= 1_000_000) && intervals.iter().all(|every| *every <= MINUTE);
    (known && sized && flagged && paired && timed).then_some(Packet {
        diagnosis,
        state,
        multiplier,
        sends,
        authentication,
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if read(sample.bytes).is_some() { Verdict::Likely } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct Bfd {
    states: List<u32>,
    last: Option<u8>,
    diagnoses: List<u32>,
    packets: u64,
    multiplier: Option<u8>,
    sends: Option<u32>,
    authentication: Option<u8>,
}

impl Dissector for Bfd {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(packet) = read(chunk.bytes) {
            count(&mut self.packets);
            if self.last != Some(packet.state) {
                self.last = Some(packet.state);
                self.states.push(u32::from(packet.state));
            }
            if packet.diagnosis > 0 {
                self.diagnoses.push_distinct(u32::from(packet.diagnosis));
            }
            // What is agreed on is told when it is up.
            if packet.state == UP {
                self.multiplier.get_or_insert(packet.multiplier);
                self.sends.get_or_insert(packet.sends);
            }
            self.authentication = self.authentication.or(packet.authentication);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        if self.authentication == Some(1) {
            out.flag(Flag::CleartextPassword);
        }
        let mut bfd = out.element(&ELEMENT);
        tell_names(&mut bfd, &STATE, &self.states, |state| {
            ["admin-down", "down", "init", "up"].get(state as usize).copied()
        });
        tell_names(&mut bfd, &DIAGNOSIS, &self.diagnoses, diagnosis);
        tell_count(&mut bfd, &PACKETS, self.packets);
        if let Some(multiplier) = self.multiplier {
            bfd.number(&MULTIPLIER, u64::from(multiplier));
        }
        if let Some(sends) = self.sends {
            bfd.value(&INTERVAL, Value::Milliseconds(u64::from(sends).saturating_mul(1000)));
        }
        if let Some(kind) = self.authentication {
            tell_name(&mut bfd, &AUTHENTICATION, u32::from(kind), |kind| {
                ["", "password", "MD5", "MD5-meticulous", "SHA1", "SHA1-meticulous"].get(kind as usize).copied()
            });
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// A diagnosis (RFC 5880 4.1, RFC 6428).
fn diagnosis(code: u32) -> Option<&'static str> {
    Some(match code {
        1 => "timeout",
        2 => "echo-failed",
        3 => "neighbour-down",
        4 => "forwarding-reset",
        5 => "path-down",
        6 => "concatenated-path-down",
        7 => "admin-down",
        8 => "reverse-path-down",
        9 => "misconnected",
        _ => return None,
    })
}
