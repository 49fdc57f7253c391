//! Teredo: what is left of it where the packet inside opens no session of its own (RFC 4380, RFC 6081).
//!
//! ```text
//! [00 01  client:8 value:8 identifier authentication nonce:64 confirmation:8]
//! [00 00  port:16 address:32, each bit inverted]
//! IPv6 packet, often without anything in it: a bubble, which opens the way through an address translator
//! [type:8 length:8 value] ...                                                     behind bubbles (RFC 6081 3)
//! ```
//!
//! Limits: [`crate::capped::LIST_CAP`] addresses. Ignored on purpose: authentication values, what trailers say.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The most bytes behind a bubble that need not be trailers.
const PADDING: usize = 16;
/// No next header: nothing is in the packet.
const NOTHING: u8 = 59;

static PACKETS: Field = Field::number("packets", "packets that open no session inside", "RFC 4380 5.1.1");
static BUBBLES: Field = Field::number("bubbles", "packets with nothing in them", "RFC 4380 2.8");
static SOURCE: Field = Field::new(Kind::Address, "source", "who sends, inside", "RFC 8200 3").list();
static DESTINATION: Field = Field::new(Kind::Address, "destination", "who is to receive, inside", "RFC 8200 3").list();
static ORIGIN: Field = Field::text("origin", "the client as a server sees it", "RFC 4380 5.1.1").list();
static SERVER: Field =
    Field::new(Kind::Address, "server", "the clients' servers, as their addresses tell", "RFC 4380 4").list();
static ELEMENT: Element = Element {
    name: "teredo",
    meaning: "Teredo",
    fields: &[&PACKETS, &BUBBLES, &SOURCE, &DESTINATION, &ORIGIN, &SERVER],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "teredo",
    about: About {
        name: "Teredo, where the packet inside opens no session",
        specification: "RFC 4380, RFC 6081",
        evidence: "an indication or a bubble with its IPv6 header",
        limits: "authentication values and trailers",
        ports: &[3544],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0, 0x60..=0x6f]),
    probe: |sample: &Sample<'_>| if read(sample.bytes).is_some() { Verdict::Match } else { Verdict::Reject },
    open: |_: &Opening| Box::new(Teredo::default()),
};

/// A packet.
struct Packet {
    origin: Option<SocketAddr>,
    bubble: bool,
    source: Ipv6Addr,
    destination: Ipv6Addr,
}

/// Reads a datagram; `None` where it is not Teredo's to the last byte.
fn read(datagram: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(datagram);
    if reader.rest().starts_with(&[0, 1]) {
        reader.skip(2)?;
        let [client, value] = reader.array()?;
        reader.skip(usize::from(client).saturating_add(usize::from(value)).saturating_add(9))?;
    }
    let mut origin = None;
    if reader.rest().starts_with(&[0, 0]) {
        reader.skip(2)?;
        let (port, address) = (!reader.be_u16()?, !reader.be_u32()?);
        origin = Some(SocketAddr::new(Ipv4Addr::from(address).into(), port));
    }
    let first = reader.be_u32()?;
    let length = usize::from(reader.be_u16()?);
    let next = reader.u8()?;
    reader.skip(1)?;
    let (source, destination) = (Ipv6Addr::from(reader.array::<16>()?), Ipv6Addr::from(reader.array::<16>()?));
    let ours = |address: Ipv6Addr| server(address).is_some() || address.is_unicast_link_local();
    if first >> 28 != 6 || !(ours(source) || ours(destination)) || (next == NOTHING && length > 0) {
        return None;
    }
    reader.skip(length)?;
    if next == NOTHING && reader.len() <= PADDING {
        // Some fill bubbles up with anything.
        reader = Reader::new(&[]);
    }
    while !reader.is_empty() {
        let (_, length) = (reader.u8()?, reader.u8()?);
        reader.skip(usize::from(length))?;
    }
    Some(Packet { origin, bubble: next == NOTHING, source, destination })
}

/// The server in a client's address: 2001:0::/32, then the server's.
fn server(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.octets() {
        [0x20, 0x01, 0, 0, a, b, c, d, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

#[derive(Debug, Default)]
struct Teredo {
    packets: u64,
    bubbles: u64,
    sources: List<IpAddr>,
    destinations: List<IpAddr>,
    servers: List<IpAddr>,
    origins: List<Text>,
}

impl Dissector for Teredo {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(packet) = read(chunk.bytes) {
            self.packets = self.packets.saturating_add(1);
            self.bubbles = self.bubbles.saturating_add(u64::from(packet.bubble));
            self.sources.push_distinct(packet.source.into());
            self.destinations.push_distinct(packet.destination.into());
            for server in [packet.source, packet.destination].into_iter().filter_map(server) {
                self.servers.push_distinct(server.into());
            }
            if let Some(origin) = packet.origin {
                self.origins.push_distinct(Text::from(origin.to_string().as_str()));
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut teredo = out.element(&ELEMENT);
        for (field, count) in [(&PACKETS, self.packets), (&BUBBLES, self.bubbles)] {
            if count > 0 {
                teredo.number(field, count);
            }
        }
        for (field, list) in [(&SOURCE, &self.sources), (&DESTINATION, &self.destinations), (&SERVER, &self.servers)] {
            teredo.list(field, list.items().iter().map(|address| Value::Address(*address)), list.omitted());
        }
        teredo.texts(&ORIGIN, &self.origins);
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.origins.items().iter().map(|text| size_of::<Text>() + text.heap_bytes());
        let addresses = [&self.sources, &self.destinations, &self.servers];
        size_of::<Self>() + texts.sum::<usize>() + addresses.iter().map(|list| size_of_val(list.items())).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bubble_is_teredo_and_another_ipv6_packet_is_not() {
        let mut bubble = vec![0x60, 0, 0, 0, 0, 0, 59, 21];
        bubble.extend([0x20, 1, 0, 0, 192, 0, 2, 9, 0, 0, 0, 0, 0, 0, 0, 1]);
        bubble.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert!(read(&bubble).is_some_and(|packet| packet.bubble));
        let mut with_trailer = bubble.clone();
        with_trailer.extend([1, 4, 1, 2, 3, 4]);
        assert!(read(&with_trailer).is_some());
        with_trailer.extend([9; 16]);
        assert!(read(&with_trailer).is_none());
        let mut native = bubble.clone();
        native[10] = 0x0d;
        assert!(read(&native).is_none());
    }
}
