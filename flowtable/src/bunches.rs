//! The order in which the packets of a batch are taken: flow by flow, and those of a flow as they came.
//!
//! What a session has in memory, and the code of its protocol, is then fetched once for a batch and not once for each of its packets: a
//! third of the waits for code go away.
//!
//! Sessions do not see the difference: what one hears of others is asked for by time when it is told, and its own timeouts count from
//! packet to packet.

use crate::decode::quoted;
use crate::packet::{Ends, Packet};

/// Bunches that a batch can have. Flows that fall into the same one are taken as they came, mixed: that costs a little time and nothing else,
/// so that a cheap hash without a key will do.
const BUNCHES: usize = 2048;

/// No packet.
const NONE: u32 = u32::MAX;

/// The packets of a batch, by flow.
#[derive(Debug)]
pub struct Bunches {
    /// The last packet of each bunch so far.
    last: Box<[u32; BUNCHES]>,
    /// The first packets of those that have any.
    first: Vec<u32>,
    /// For each packet the next of its bunch.
    next: Vec<u32>,
}

impl Default for Bunches {
    fn default() -> Self {
        Self { last: Box::new([NONE; BUNCHES]), first: Vec::new(), next: Vec::new() }
    }
}

impl Bunches {
    /// Starts over for a batch.
    pub fn clear(&mut self) {
        self.last.fill(NONE);
        self.first.clear();
        self.next.clear();
    }

    /// Adds the batch's next packet. An ICMP error goes with the flow it speaks of.
    #[inline]
    pub fn push(&mut self, packet: &Packet, payload: &[u8]) {
        let number = self.next.len() as u32;
        self.next.push(NONE);
        let about = if packet.is_icmp() { quoted(packet.ends.protocol, payload) } else { None };
        let bunch = bunch(about.as_ref().map_or(&packet.ends, |about| &about.ends));
        let Some(last) = self.last.get_mut(bunch) else { return };
        match self.next.get_mut(*last as usize) {
            Some(next) => *next = number,
            None => self.first.push(number),
        }
        *last = number;
    }

    /// The numbers of the bunches' first packets.
    pub fn first(&self) -> impl Iterator<Item = usize> {
        self.first.iter().map(|number| *number as usize)
    }

    /// The packets' numbers, bunch by bunch.
    pub fn order(&self) -> impl Iterator<Item = usize> {
        let next = |number: &u32| self.next.get(*number as usize).copied().filter(|next| *next != NONE);
        let bunch = move |first: &u32| std::iter::successors(Some(*first), next).map(|number| number as usize);
        self.first.iter().flat_map(bunch)
    }
}

/// The bunch of a flow, the same for both directions: Fibonacci hashing of a sum.
#[inline]
const fn bunch(ends: &Ends) -> usize {
    let addresses = ends.source.0.wrapping_add(ends.destination.0);
    let ports = (ends.source_port as u64).wrapping_add(ends.destination_port as u64);
    let sum = (addresses as u64) ^ (addresses >> 64) as u64 ^ ports << 32;
    (sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BUNCHES.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Address, Family, protocol};
    use proptest::prelude::*;

    fn ends(client: u8, port: u16) -> Ends {
        Ends {
            source: Address::v4([10, 0, 0, client]),
            destination: Address::v4([192, 0, 2, 1]),
            source_port: port,
            destination_port: 80,
            family: Family::V4,
            protocol: protocol::TCP,
        }
    }

    fn order(packets: &[Packet]) -> Vec<usize> {
        let mut bunches = Bunches::default();
        // What a batch before has left does not count.
        for packets in [&packets[packets.len() / 2..], packets] {
            bunches.clear();
            packets.iter().for_each(|packet| bunches.push(packet, &[]));
        }
        bunches.order().collect()
    }

    #[test]
    fn packets_of_a_flow_come_together_whichever_side_they_are_from() {
        let there = Packet { ends: ends(1, 4000), ..Packet::default() };
        let back = Packet { ends: ends(1, 4000).reversed(), ..Packet::default() };
        let other = Packet { ends: ends(2, 4000), ..Packet::default() };
        assert_eq!(order(&[there, other, back, other, there]), [0, 2, 4, 1, 3]);
    }

    #[test]
    fn an_icmp_error_comes_with_the_flow_it_speaks_of() {
        let flow = Packet { ends: ends(1, 4000), ..Packet::default() };
        let other = Packet { ends: ends(2, 4000), ..Packet::default() };
        let router = Ends { source: Address::v4([10, 0, 0, 254]), protocol: protocol::ICMP, ..ends(1, 0) };
        let error = Packet { ends: router.reversed(), ..Packet::default() };
        // Destination unreachable (RFC 792): eight bytes, then the header and the beginning of what could not be delivered.
        let mut message = vec![3, 1, 0, 0, 0, 0, 0, 0];
        message.extend([0x45, 0, 0, 28, 0, 0, 0, 0, 64, protocol::TCP, 0, 0, 10, 0, 0, 1, 192, 0, 2, 1]);
        message.extend([4000u16.to_be_bytes(), 80u16.to_be_bytes()].concat());
        message.extend([0; 4]);
        let mut bunches = Bunches::default();
        for (packet, payload) in [(flow, &[][..]), (other, &[]), (error, &message)] {
            bunches.push(&packet, payload);
        }
        assert_eq!(bunches.order().collect::<Vec<_>>(), [0, 2, 1]);
    }

    proptest! {
        #[test]
        fn every_packet_is_taken_once_and_those_of_a_flow_as_they_came(
            flows in prop::collection::vec((any::<u8>(), any::<u16>(), any::<bool>()), 0..600)
        ) {
            let packets: Vec<Packet> = flows
                .iter()
                .map(|(client, port, back)| {
                    let ends = ends(client % 8, port % 64);
                    Packet { ends: if *back { ends.reversed() } else { ends }, ..Packet::default() }
                })
                .collect();
            let order = order(&packets);
            let mut all = order.clone();
            all.sort_unstable();
            prop_assert_eq!(all, (0..packets.len()).collect::<Vec<_>>());
            let mut last = std::collections::HashMap::new();
            for number in order {
                let (client, port, _) = flows[number];
                let before = last.insert((client % 8, port % 64), number);
                prop_assert!(before.is_none_or(|before| before < number));
            }
        }
    }
}
