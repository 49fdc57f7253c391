//! VXLAN: what is left of it where the frame inside opens no session of its own (RFC 7348 5): ARP, spanning tree and the like.
//!
//! ```text
//! 08  0:24  network:24  0  Ethernet frame
//! ```
//!
//! Limits: [`crate::capped::LIST_CAP`] networks. Ignored on purpose: who asks for whose address.

use crate::capped::List;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The longest frame whose third field is a length and not a type (IEEE 802.3 3.2.6).
const LONGEST: u16 = 1500;

static FRAMES: Field = Field::number("frames", "frames that open no session inside", "RFC 7348 5");
static NETWORK: Field = Field::number("network", "identifiers of networks", "RFC 7348 5").list();
static CARRIES: Field = Field::text("carries", "what the frames carry", "IEEE 802.3 3.2.6").list();
static ELEMENT: Element = Element { name: "vxlan", meaning: "VXLAN", fields: &[&FRAMES, &NETWORK, &CARRIES] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "vxlan",
    about: About {
        name: "VXLAN, where the frame inside opens no session",
        specification: "RFC 7348",
        evidence: "its flags and zeros with a frame behind them",
        limits: "who asks for whose address",
        ports: &[4789, 8472],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[8..=8]),
    probe: |sample: &Sample<'_>| match read(sample.bytes) {
        Some((_, "arp")) => Verdict::Match,
        Some(_) => Verdict::Likely,
        None => Verdict::Reject,
    },
    open: |_: &Opening| Box::new(Vxlan::default()),
};

/// Reads a datagram: its network and what its frame carries.
fn read(datagram: &[u8]) -> Option<(u32, &'static str)> {
    let mut reader = Reader::new(datagram);
    let flags = reader.be_u32()?;
    let (network, reserved) = (reader.be_u24()?, reader.u8()?);
    if flags != 0x0800_0000 || reserved != 0 {
        return None;
    }
    let (_, source) = (reader.array::<6>()?, reader.array::<6>()?);
    // A sender is one host.
    if matches!(source, [first, ..] if first & 1 != 0) {
        return None;
    }
    let kind = reader.be_u16()?;
    let carried = match kind {
        // Ethernet and IPv4, lengths 6 and 4.
        0x0806 if reader.rest().starts_with(&[0, 1, 8, 0, 6, 4, 0]) => "arp",
        0x0800 => "ipv4",
        0x86dd => "ipv6",
        0x8100 | 0x88a8 => "vlan",
        0x8847 | 0x8848 => "mpls",
        0x88cc => "lldp",
        0x8809 => "lacp",
        0x8035 => "rarp",
        ..=LONGEST if usize::from(kind) <= reader.len() => match reader.rest() {
            [0x42, 0x42, 3, ..] => "stp",
            [0xaa, 0xaa, 3, ..] => "snap",
            _ => return None,
        },
        _ => return None,
    };
    Some((network, carried))
}

#[derive(Debug, Default)]
struct Vxlan {
    frames: u64,
    networks: List<u64>,
    carries: List<&'static str>,
}

impl Dissector for Vxlan {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some((network, carried)) = read(chunk.bytes) {
            self.frames = self.frames.saturating_add(1);
            self.networks.push_distinct(network.into());
            self.carries.push_distinct(carried);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut vxlan = out.element(&ELEMENT);
        if self.frames > 0 {
            vxlan.number(&FRAMES, self.frames);
        }
        vxlan.list(&NETWORK, self.networks.items().iter().copied(), self.networks.omitted());
        vxlan.list(&CARRIES, self.carries.items().iter().copied(), self.carries.omitted());
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.networks.items()) + size_of_val(self.carries.items())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_with_an_arp_message_is_vxlan() {
        let mut datagram = vec![8, 0, 0, 0, 0, 0, 123, 0];
        datagram.extend([0xff; 6]);
        datagram.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        assert_eq!(read(&datagram), Some((123, "arp")));
        for at in [0, 1, 7, 14, 20, 24] {
            let mut wrong = datagram.clone();
            wrong[at] ^= 0x11;
            assert_eq!(read(&wrong), None, "{at}");
        }
    }
}
