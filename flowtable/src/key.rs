//! The flow key: what makes packets one flow.

use std::hash::{Hash, Hasher};

use crate::packet::{Address, Ends, Family, protocol};
use crate::path::Domain;

/// Which of a key's two ends a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The smaller of (address, port).
    Low,
    /// The greater.
    High,
}

impl End {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// Both ends in a fixed order, protocol and domain: the same for both directions of a flow. Compared whole.
///
/// It lies in every open session, so it is packed: addresses as two words each, which need no wider alignment than the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    low: [u64; 2],
    high: [u64; 2],
    /// The ports of the low and the high end. ICMP has none: there it is what tells flows of the same pair apart, the id of echoes, the
    /// flow an error speaks of.
    tail: u32,
    domain: Domain,
    family: Family,
    protocol: u8,
}

impl Hash for FlowKey {
    /// Three words of 128 bits: a keyed hash mixes each in one step.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low, high] = self.addresses();
        state.write_u128(low.0);
        state.write_u128(high.0);
        let [ports, rest] = self.small_words();
        state.write_u128(u128::from(ports) << 64 | u128::from(rest));
    }
}

impl FlowKey {
    /// The key of a packet's ends, and which end the packet comes from.
    #[inline]
    pub fn of(ends: &Ends, domain: Domain) -> (Self, End) {
        let source = (ends.source, ends.source_port);
        let destination = (ends.destination, ends.destination_port);
        let (low, high, end) =
            if source <= destination { (source, destination, End::Low) } else { (destination, source, End::High) };
        let key = Self {
            low: halves(low.0),
            high: halves(high.0),
            tail: u32::from(low.1) << 16 | u32::from(high.1),
            domain,
            family: ends.family,
            protocol: ends.protocol,
        };
        (key, end)
    }

    /// The key of one of several flows between ends without ports.
    pub const fn told_apart_by(self, discriminator: u32) -> Self {
        Self { tail: self.tail ^ discriminator, ..self }
    }

    /// The ends as packets from `end` name them.
    pub const fn ends(&self, end: End) -> Ends {
        let [source, destination] = self.addresses();
        let [ports, _] = self.ports_and_discriminator();
        let low_first = Ends {
            source,
            destination,
            source_port: (ports >> 16) as u16,
            destination_port: ports as u16,
            family: self.family,
            protocol: self.protocol,
        };
        match end {
            End::Low => low_first,
            End::High => low_first.reversed(),
        }
    }

    /// Where its addresses mean the same.
    pub const fn domain(&self) -> Domain {
        self.domain
    }

    /// The IP protocol number.
    pub const fn protocol(&self) -> u8 {
        self.protocol
    }

    const fn addresses(&self) -> [Address; 2] {
        let ([low_a, low_b], [high_a, high_b]) = (self.low, self.high);
        [Address((low_a as u128) << 64 | low_b as u128), Address((high_a as u128) << 64 | high_b as u128)]
    }

    const fn ports_and_discriminator(&self) -> [u32; 2] {
        match self.protocol {
            protocol::ICMP | protocol::ICMPV6 => [0, self.tail],
            _ => [self.tail, 0],
        }
    }

    /// Everything but the addresses.
    fn small_words(&self) -> [u64; 2] {
        let [ports, discriminator] = self.ports_and_discriminator().map(u64::from);
        let rest = u64::from(self.domain.0) << 16 | u64::from(self.protocol) << 8 | self.family as u64;
        [ports << 32 | discriminator, rest]
    }

    /// The key but for its domain in a fixed form, for names that must be the same in every run.
    fn words(&self) -> [u64; 6] {
        let ([low_a, low_b], [high_a, high_b]) = (self.low, self.high);
        let [ports, rest] = Self { domain: Domain::default(), ..*self }.small_words();
        [low_a, low_b, high_a, high_b, ports, rest]
    }

    /// A number that names the session of this flow that began at `start` nanoseconds: the same in every run, well spread. `place` tells
    /// equal flows of different surroundings apart ([`crate::path::Path::place`]); the domain's own number would not do, for it depends
    /// on what else was captured.
    pub fn session_id(&self, start: u64, place: u64) -> u64 {
        spread(self.words().into_iter().chain([start, place]))
    }
}

const fn halves(address: Address) -> [u64; 2] {
    [(address.0 >> 64) as u64, address.0 as u64]
}

/// A well-spread number of some words, the same in every run: SplitMix64's finaliser over each. It needs no secret: nothing is looked
/// up by it.
pub(crate) fn spread(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(0x7461_706c_696e_6531, |state: u64, word| {
        let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_one_key() {
        let there = Ends {
            source: Address::v4([10, 0, 0, 9]),
            destination: Address::v4([10, 0, 0, 5]),
            source_port: 22,
            destination_port: 50_000,
            family: Family::V4,
            protocol: 6,
        };
        let (key, end) = FlowKey::of(&there, Domain::default());
        let (back, other) = FlowKey::of(&there.reversed(), Domain::default());
        assert_eq!(key, back);
        assert_ne!(end, other);
        assert_eq!(key.ends(end), there);
    }
}
