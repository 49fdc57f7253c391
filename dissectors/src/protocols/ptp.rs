//! PTP, the exact time of a network's clocks, over UDP.
//!
//! Specification: IEEE 1588-2008 and 2019, clause 13 and annex C. Version 1 is not read.
//!
//! ```text
//! standard:4 bits kind:4   minor:4 bits version 2:4   length:2   domain:1 standard:1   flags:2   correction:8 specific:4
//! clock:8 port:2   sequence:2 control:1 interval:1   time:10 ...
//! announce, behind the time: offset of UTC:2 zero:1 priority 1:1 class:1 accuracy:1 variance:2 priority 2:1 grandmaster:8 steps:2 source:1
//! ```
//!
//! Each kind has its length, and a control number that goes with it. Events and other messages go to ports of their own, so one clock
//! makes several sessions.

use crate::capped::List;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::hex::hex;
use crate::kept::{count, tell_count, tell_name, tell_names};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field = Field::text("message", "kinds of messages, each once", "IEEE 1588 13.3.2.3").list();
static MESSAGES: Field = Field::number("messages", "messages", "IEEE 1588 13.3");
static DOMAIN: Field = Field::number("domain", "domains of clocks", "IEEE 1588 7.1").list();
static CLOCK: Field = Field::text("clock", "clocks that speak, by their ids in hexadecimal", "IEEE 1588 7.5.2").list();
static GRANDMASTER: Field = Field::text("grandmaster", "clocks that all others follow", "IEEE 1588 13.5.2.6").list();
static PRIORITY: Field = Field::number("priority", "the grandmaster's first priority", "IEEE 1588 13.5.2.3");
static CLASS: Field = Field::number("class", "the grandmaster's class: 6 follows a good source", "IEEE 1588 7.6.2.5");
static STEPS: Field = Field::number("steps", "clocks between it and the grandmaster", "IEEE 1588 13.5.2.7");
static SOURCE: Field = Field::text("source", "where the grandmaster has its time from", "IEEE 1588 7.6.2.8");

static ELEMENT: Element = Element {
    name: "ptp",
    meaning: "the exact time of a network's clocks",
    fields: &[&MESSAGE, &MESSAGES, &DOMAIN, &CLOCK, &GRANDMASTER, &PRIORITY, &CLASS, &STEPS, &SOURCE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ptp",
    about: About {
        name: "Precision Time Protocol 2",
        specification: "IEEE 1588-2008, IEEE 1588-2019",
        evidence: "each kind's length and control number",
        limits: "version 1 is not read; one clock makes several sessions",
        ports: &[319, 320],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x00..=0x03, 0x08..=0x0d, 0x10..=0x13, 0x18..=0x1d]),
    probe,
    open: |_: &Opening| Box::new(Ptp::default()),
};

const HEAD: usize = 34;
const ANNOUNCE: u8 = 11;

/// What an announcement says of the grandmaster.
#[derive(Clone, Copy, Debug)]
struct Announced {
    priority: u8,
    class: u8,
    clock: [u8; 8],
    steps: u16,
    source: u8,
}

struct Message {
    kind: u8,
    domain: u8,
    clock: [u8; 8],
    announced: Option<Announced>,
}

fn read(datagram: &[u8]) -> Option<Message> {
    let mut reader = Reader::new(datagram);
    let (first, version, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
    let (kind, minor) = (first & 15, version >> 4);
    let domain = reader.u8()?;
    reader.skip(3)?;
    let correction = reader.array::<8>()?;
    reader.skip(4)?;
    let (clock, port, _sequence) = (reader.array::<8>()?, reader.be_u16()?, reader.be_u16()?);
    let (control, interval) = (reader.u8()?, reader.u8()?.cast_signed());
    let (body, expected) = match kind {
        0 => (10, 0),
        1 => (10, 1),
        8 => (10, 2),
        9 => (20, 3),
        2 | 3 | 10 => (20, 5),
        ANNOUNCE => (30, 5),
        12 => (10, 5),
        13 => (14, 4),
        _ => return None,
    };
    // Only signals and management have content of any length, and they and announcements may have more behind them.
    let sized = length >= HEAD + body && (length == HEAD + body || matches!(kind, ANNOUNCE..=13 | 8 | 9));
    // IPv6 wants two bytes of padding (IEEE 1588 annex D).
    let whole = matches!(datagram.len().checked_sub(length), Some(0 | 2));
    let controlled = control == expected || minor > 0 && control == 0;
    let corrected = matches!(correction, [0, 0, ..] | [0xff, 0xff, ..]);
    let known = version & 15 == 2 && minor <= 1 && first >> 4 <= 1 && clock != [0; 8] && port != 0;
    let paced = matches!(interval, -8..=8 | 0x7f);
    if !(sized && whole && controlled && corrected && known && paced) {
        return None;
    }
    reader.skip(10)?;
    let mut announce = || {
        reader.skip(3)?;
        let (priority, class) = (reader.u8()?, reader.u8()?);
        reader.skip(4)?;
        Some(Announced { priority, class, clock: reader.array()?, steps: reader.be_u16()?, source: reader.u8()? })
    };
    let announced = if kind == ANNOUNCE { announce() } else { None };
    Some(Message { kind, domain, clock, announced })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if read(sample.bytes).is_some() { Verdict::Likely } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct Ptp {
    kinds: List<u32>,
    messages: u64,
    domains: List<u8>,
    clocks: List<[u8; 8]>,
    grandmasters: List<[u8; 8]>,
    announced: Option<Announced>,
}

impl Dissector for Ptp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(message) = read(chunk.bytes) {
            count(&mut self.messages);
            self.kinds.push_distinct(u32::from(message.kind));
            self.domains.push_distinct(message.domain);
            self.clocks.push_distinct(message.clock);
            if let Some(announced) = message.announced {
                self.grandmasters.push_distinct(announced.clock);
                self.announced.get_or_insert(announced);
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut ptp = out.element(&ELEMENT);
        tell_names(&mut ptp, &MESSAGE, &self.kinds, name);
        tell_count(&mut ptp, &MESSAGES, self.messages);
        ptp.list(&DOMAIN, self.domains.items().iter().map(|domain| u64::from(*domain)), self.domains.omitted());
        for (field, list) in [(&CLOCK, &self.clocks), (&GRANDMASTER, &self.grandmasters)] {
            for clock in list.items() {
                ptp.bytes(field, hex(clock).as_bytes());
            }
            ptp.omitted(field, list.omitted());
        }
        if let Some(announced) = self.announced {
            ptp.number(&PRIORITY, u64::from(announced.priority));
            ptp.number(&CLASS, u64::from(announced.class));
            ptp.number(&STEPS, u64::from(announced.steps));
            tell_name(&mut ptp, &SOURCE, u32::from(announced.source), source);
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.clocks.items()) + size_of_val(self.grandmasters.items())
    }
}

fn name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0 => "Sync",
        1 => "Delay_Req",
        2 => "Pdelay_Req",
        3 => "Pdelay_Resp",
        8 => "Follow_Up",
        9 => "Delay_Resp",
        10 => "Pdelay_Resp_Follow_Up",
        11 => "Announce",
        12 => "Signaling",
        13 => "Management",
        _ => return None,
    })
}

/// IEEE 1588 table 6.
fn source(code: u32) -> Option<&'static str> {
    Some(match code {
        0x10 => "atomic-clock",
        0x20 => "gnss",
        0x30 => "radio",
        0x39 => "serial-time-code",
        0x40 => "ptp",
        0x50 => "ntp",
        0x60 => "hand-set",
        0x90 => "other",
        0xa0 => "internal-oscillator",
        _ => return None,
    })
}
