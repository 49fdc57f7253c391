//! RIP, versions 1 and 2, and RIPng.
//!
//! Specifications: RFC 1058 (version 1), RFC 2453 (version 2), RFC 2080 (RIPng).
//!
//! ```text
//! packet    command:1 version:1 zero:2 entries of twenty bytes
//! entry     family:2 tag:2 address:4 mask:4 next hop:4 metric:4        RFC 2453 4; in version 1 tag, mask and next hop are zero
//! entry     prefix:16 tag:2 length:1 metric:1                          RFC 2080 2.1
//! ```
//!
//! Every entry must fit: zeros, masks, metrics up to 16. Routers tell each other their routes, so who answers is who tells. Limits: the
//! first sixteen routes. Ignored on purpose: whether a digest is right.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::kept::{count, tell_count, tell_names, texts_bytes};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "`1`, `2` or `ng`", "RFC 2453 4, RFC 2080 2.1").list();
static COMMAND: Field = Field::text("command", "`request` or `response`, each once", "RFC 2453 4").list();
static PACKETS: Field = Field::number("packets", "packets read", "RFC 2453 4");
static ROUTE: Field = Field::text("route", "networks told, each once, as `10.1.0.0/16`", "RFC 2453 4").list();
static METRIC: Field = Field::number("metric", "distance of each of them; 16 is out of reach", "RFC 2453 4").aligned();
static AUTHENTICATION: Field = Field::text("authentication", "`password` or `digest`", "RFC 2453 5.2, RFC 4822");

static ELEMENT: Element = Element {
    name: "rip",
    meaning: "routes told by RIP",
    fields: &[&VERSION, &COMMAND, &PACKETS, &ROUTE, &METRIC, &AUTHENTICATION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rip",
    about: About {
        name: "Routing Information Protocol 1 and 2, RIPng",
        specification: "RFC 1058, RFC 2453, RFC 2080",
        evidence: "entries of which each fits",
        limits: "the first routes only",
        ports: &[520, 521],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[1..=1], server: &[2..=2] },
    probe,
    open: |_: &Opening| Box::new(Rip::default()),
};

const ENTRY: usize = 20;
/// More entries than any packet holds (RFC 2453 4: 25; RIPng fills its packets).
const ENTRIES: usize = 80;
const INFINITY: u32 = 16;
/// The metric of an entry of RIPng that names a next hop.
const NEXT_HOP: u8 = 255;
const IPV4: u16 = 2;
const AUTHENTICATES: u16 = 0xffff;

/// An entry.
enum Entry {
    Route {
        network: IpAddr,
        prefix: u32,
        metric: u32,
    },
    Password,
    Digest,
    /// A wish for everything, a next hop, the end of a digest.
    Other,
}

/// Reads an entry of version 1 or 2; `None` where it is none.
fn entry(version: u8, bytes: &[u8; ENTRY]) -> Option<Entry> {
    let mut reader = Reader::new(bytes);
    let (family, tag) = (reader.be_u16()?, reader.be_u16()?);
    if version == 2 && family == AUTHENTICATES {
        return match tag {
            1 => Some(Entry::Other),
            2 => Some(Entry::Password),
            3 => Some(Entry::Digest),
            _ => None,
        };
    }
    let (address, mask, hop, metric) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    let whole = family == 0 && tag == 0 && address == 0 && mask == 0 && hop == 0 && metric == INFINITY;
    let zeros = version == 2 || tag == 0 && mask == 0 && hop == 0;
    let masked = mask.leading_ones() == mask.count_ones() && (mask == 0 || address & !mask == 0);
    let prefix = match version {
        2 if mask != 0 || address == 0 => mask.count_ones(),
        // By class (RFC 791 3.2).
        _ => match address >> 28 {
            0..=7 if address == 0 => 0,
            0..=7 => 8,
            8..=11 => 16,
            _ => 24,
        },
    };
    let network = IpAddr::V4(Ipv4Addr::from(address));
    let route = family == IPV4 && zeros && masked && metric <= INFINITY;
    match (whole, route) {
        (true, _) => Some(Entry::Other),
        (_, true) => Some(Entry::Route { network, prefix, metric }),
        _ => None,
    }
}

/// Reads an entry of RIPng; `None` where it is none.
fn entry_ng(bytes: &[u8; ENTRY]) -> Option<Entry> {
    let mut reader = Reader::new(bytes);
    let (address, tag) = (u128::from_be_bytes(reader.array()?), reader.be_u16()?);
    let (prefix, metric) = (u32::from(reader.u8()?), reader.u8()?);
    if metric == NEXT_HOP {
        return (tag == 0 && prefix == 0).then_some(Entry::Other);
    }
    let beyond = address.checked_shl(prefix).unwrap_or(0);
    if prefix > 128 || beyond != 0 || u32::from(metric) > INFINITY || metric == 0 {
        return None;
    }
    // Prefixes of today's addresses, or of one's own network.
    let known = matches!(address >> 120, 0x20..=0x3f | 0xfc..=0xfe) || address == 0;
    known.then_some(Entry::Route { network: IpAddr::V6(Ipv6Addr::from(address)), prefix, metric: u32::from(metric) })
}

/// Reads a packet: its command, its version (3 for RIPng) and its entries.
fn read(datagram: &[u8], ng: bool) -> Option<(u8, u8, Vec<Entry>)> {
    let mut reader = Reader::new(datagram);
    let (command, version, zero) = (reader.u8()?, reader.u8()?, reader.be_u16()?);
    let (entries, rest) = reader.rest().as_chunks::<ENTRY>();
    let sized = matches!(entries.len(), 1..=ENTRIES) && rest.is_empty();
    let fits = matches!(command, 1 | 2) && matches!((version, ng), (1 | 2, false) | (1, true)) && zero == 0 && sized;
    if !fits {
        return None;
    }
    let mut read = Vec::with_capacity(entries.len());
    for bytes in entries {
        let next = if ng { entry_ng(bytes) } else { entry(version, bytes) };
        // Behind a digest's key its bytes may be longer than an entry.
        read.push(match next {
            None if read.iter().any(|entry| matches!(entry, Entry::Digest)) => Entry::Other,
            next => next?,
        });
    }
    Some((command, if ng { 3 } else { version }, read))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let sends = if sample.role == Role::Client { 1 } else { 2 };
    if sample.bytes.first() != Some(&sends) {
        return Verdict::Reject;
    }
    match read(sample.bytes, sample.destination.is_ipv6()) {
        // A wish for everything is one entry of zeros.
        Some((_, _, entries)) if entries.iter().all(|entry| matches!(entry, Entry::Other)) => Verdict::Likely,
        Some(_) => Verdict::Match,
        None => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Rip {
    versions: List<u32>,
    commands: List<u32>,
    packets: u64,
    routes: List<Text>,
    metrics: Vec<u32>,
    password: bool,
    digest: bool,
}

impl Dissector for Rip {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = Step::Consumed(chunk.bytes.len());
        // An address of RIPng is no entry of the others, and theirs is none of RIPng's.
        let Some((command, version, entries)) = read(chunk.bytes, false).or_else(|| read(chunk.bytes, true)) else {
            return step;
        };
        count(&mut self.packets);
        // A wish for everything looks the same in version 1 and in RIPng.
        if version != 1 || entries.iter().any(|entry| matches!(entry, Entry::Route { .. })) {
            self.versions.push_distinct(u32::from(version));
        }
        self.commands.push_distinct(u32::from(command));
        for entry in entries {
            match entry {
                Entry::Route { network, prefix, metric } if command == 2 => {
                    let route = Text::from(format!("{network}/{prefix}").as_str());
                    let kept = self.routes.items().len();
                    self.routes.push_distinct(route);
                    if self.routes.items().len() > kept {
                        self.metrics.push(metric);
                    }
                }
                Entry::Password => self.password = true,
                Entry::Digest => self.digest = true,
                _ => {}
            }
        }
        step
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        let mut rip = out.element(&ELEMENT);
        tell_names(&mut rip, &VERSION, &self.versions, |version| (version == 3).then_some("ng"));
        tell_names(&mut rip, &COMMAND, &self.commands, |command| {
            Some(if command == 1 { "request" } else { "response" })
        });
        tell_count(&mut rip, &PACKETS, self.packets);
        rip.texts(&ROUTE, &self.routes);
        rip.list(&METRIC, self.metrics.iter().map(|metric| u64::from(*metric)), self.routes.omitted());
        match (self.password, self.digest) {
            (true, _) => rip.plain(&AUTHENTICATION, "password"),
            (_, true) => rip.plain(&AUTHENTICATION, "digest"),
            _ => {}
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + texts_bytes(&self.routes) + self.metrics.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_its_ones_first_and_covers_the_address() {
        let bytes = |address: [u8; 4], mask: [u8; 4]| {
            let mut entry = [0; ENTRY];
            entry[1] = 2;
            entry[4..8].copy_from_slice(&address);
            entry[8..12].copy_from_slice(&mask);
            entry[19] = 1;
            entry
        };
        assert!(entry(2, &bytes([10, 1, 0, 0], [255, 255, 0, 0])).is_some());
        assert!(entry(2, &bytes([10, 1, 0, 0], [255, 0, 255, 0])).is_none());
        assert!(entry(2, &bytes([10, 1, 1, 0], [255, 255, 0, 0])).is_none());
        assert!(entry(1, &bytes([10, 1, 0, 0], [255, 255, 0, 0])).is_none());
        assert!(entry(1, &bytes([10, 0, 0, 0], [0; 4])).is_some());
    }
}
