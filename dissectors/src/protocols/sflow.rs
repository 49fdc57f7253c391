//! sFlow, version 5: packets that switches sample, and their counters.
//!
//! Specification: sflow.org, sFlow version 5. Earlier versions are not read.
//!
//! ```text
//! version 5:4   family:4 (1 IPv4, 2 IPv6) agent:4 or 16   part:4 number:4 uptime:4 samples:4
//! sample   enterprise:20 bits format:12   length:4 content      flow: number:4 source:4 rate:4 ...
//! ```
//!
//! Its samples must fill it. Only agents speak. The packets in samples are not opened: they are of other sessions.

use std::net::IpAddr;

use crate::capped::List;
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::kept::{count, tell_count};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static AGENT: Field = Field::new(Kind::Address, "agent", "agents by their addresses", "sFlow 5").list();
static PART: Field = Field::number("part", "parts of agents that sample", "sFlow 5").list();
static PACKETS: Field = Field::number("packets", "datagrams", "sFlow 5");
static FLOWS: Field = Field::number("flows", "sampled packets", "sFlow 5");
static COUNTERS: Field = Field::number("counters", "samples of counters", "sFlow 5");
static SAMPLING: Field = Field::number("sampling", "one packet of so many was sampled, each once", "sFlow 5").list();

static ELEMENT: Element = Element {
    name: "sflow",
    meaning: "samples of a switch",
    fields: &[&AGENT, &PART, &PACKETS, &FLOWS, &COUNTERS, &SAMPLING],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "sflow",
    about: About {
        name: "sFlow 5",
        specification: "sflow.org, sFlow version 5",
        evidence: "samples that fill the datagram",
        limits: "sampled packets are not opened",
        ports: &[6343],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Sflow::default()),
};

/// The most samples of a datagram.
const SAMPLES: u32 = 1024;

struct Datagram<'a> {
    agent: IpAddr,
    part: u32,
    samples: Reader<'a>,
    count: u32,
}

fn read(datagram: &[u8]) -> Option<Datagram<'_>> {
    let mut reader = Reader::new(datagram);
    let (version, family) = (reader.be_u32()?, reader.be_u32()?);
    let agent = match (version, family) {
        (5, 1) => IpAddr::from(reader.array::<4>()?),
        (5, 2) => IpAddr::from(reader.array::<16>()?),
        _ => return None,
    };
    let part = reader.be_u32()?;
    reader.skip(8)?;
    let count = reader.be_u32()?;
    Some(Datagram { agent, part, samples: reader, count })
}

/// The next sample: its enterprise and format, and its content.
fn sample<'a>(reader: &mut Reader<'a>) -> Option<(u32, Reader<'a>)> {
    let (format, length) = (reader.be_u32()?, usize::try_from(reader.be_u32()?).ok()?);
    Some((format, reader.sub(length)?))
}

fn probe(shown: &Sample<'_>) -> Verdict {
    let Some(mut datagram) = read(shown.bytes).filter(|_| shown.role == Role::Client) else {
        return Verdict::Reject;
    };
    if datagram.count > SAMPLES {
        return Verdict::Reject;
    }
    for _ in 0..datagram.count {
        match sample(&mut datagram.samples) {
            Some((format, _)) if format >> 12 != 0 || matches!(format, 1..=5) => {}
            _ => return Verdict::Reject,
        }
    }
    match (datagram.samples.is_empty(), datagram.count) {
        (true, 0) => Verdict::Likely,
        (true, _) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Sflow {
    agents: List<IpAddr>,
    parts: List<u32>,
    packets: u64,
    flows: u64,
    counters: u64,
    rates: List<u32>,
}

impl Dissector for Sflow {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = Step::Consumed(chunk.bytes.len());
        let Some(mut datagram) = read(chunk.bytes) else {
            return step;
        };
        count(&mut self.packets);
        self.agents.push_distinct(datagram.agent);
        self.parts.push_distinct(datagram.part);
        for _ in 0..datagram.count.min(SAMPLES) {
            let Some((format, mut content)) = sample(&mut datagram.samples) else {
                break;
            };
            // The longer form of a sample has its source in two numbers.
            let before = match format {
                1 => 8,
                3 => 12,
                2 | 4 => {
                    count(&mut self.counters);
                    continue;
                }
                _ => continue,
            };
            count(&mut self.flows);
            if let Some(rate) = content.skip(before).and_then(|()| content.be_u32()) {
                self.rates.push_distinct(rate);
            }
        }
        step
    }

    fn facts(&self, out: &mut Facts) {
        let mut sflow = out.element(&ELEMENT);
        sflow.list(&AGENT, self.agents.items().iter().map(|agent| Value::Address(*agent)), self.agents.omitted());
        sflow.list(&PART, self.parts.items().iter().map(|part| u64::from(*part)), self.parts.omitted());
        tell_count(&mut sflow, &PACKETS, self.packets);
        tell_count(&mut sflow, &FLOWS, self.flows);
        tell_count(&mut sflow, &COUNTERS, self.counters);
        sflow.list(&SAMPLING, self.rates.items().iter().map(|rate| u64::from(*rate)), self.rates.omitted());
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.agents.items())
    }
}
