//! Checksums of IPv4, TCP and UDP (RFC 1071; RFC 791 3.1, RFC 9293 3.1, RFC 768, RFC 8200 8.1).
//!
//! All are the one's complement sum of 16-bit words, which comes out right in whatever byte order and in whatever larger words it
//! is added up. The decoder adds what only it sees, the pseudo-header and the transport's header; the flow table adds the
//! payload where that is read anyway.
//!
//! A capture on the sending host shows packets whose checksums the network card would have filled in. So a field that holds no
//! more than the pseudo-header's sum (with or without its length) is not wrong, nor is an IPv4 header's 0; nor is UDP's 0 over
//! IPv4, which says that there is none. Not verified: what was cut off or joined from fragments, ends that a routing header or
//! destination options stand for, ICMP, SCTP.

use crate::packet::{Address, Ends, Family, protocol};

/// A transport checksum that awaits its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// What the pseudo-header and the transport's header add up to.
    headers: u32,
    /// The checksum, in the machine's order.
    field: u16,
    /// The length in the pseudo-header.
    length: u16,
}

impl Unverified {
    /// Takes up a TCP segment's or UDP datagram's header. `length` is what the pseudo-header says.
    #[inline]
    pub(crate) fn new(ends: &Ends, header: &[u8], length: u16) -> Option<Self> {
        let (sum, options, field) = if ends.protocol == protocol::UDP {
            let (fixed, _) = header.split_first_chunk::<8>()?;
            let [.., f0, f1] = *fixed;
            (Sum::default().array(fixed), &[][..], u16::from_ne_bytes([f0, f1]))
        } else {
            let (fixed, options) = header.split_first_chunk::<20>()?;
            let [.., f0, f1, _, _] = *fixed;
            (Sum::default().array(fixed), options, u16::from_ne_bytes([f0, f1]))
        };
        if field == 0 && ends.protocol == protocol::UDP && ends.family == Family::V4 {
            return None;
        }
        let sum = options.as_chunks::<4>().0.iter().fold(sum, Sum::array);
        Some(Self { headers: sum.pseudo_header(ends).number(length).halved(), field, length })
    }

    /// Whether the checksum is wrong, given the whole payload, and no sending host's that its card would have filled in.
    #[inline]
    pub(crate) fn is_wrong(&self, ends: &Ends, payload: &[u8]) -> bool {
        Sum(u64::from(self.headers)).bytes(payload).folded() != RIGHT && !self.is_left_to_the_card(ends)
    }

    #[cold]
    fn is_left_to_the_card(&self, ends: &Ends) -> bool {
        let pseudo = Sum::default().pseudo_header(ends);
        self.field == pseudo.folded() || self.field == pseudo.number(self.length).folded()
    }
}

/// Whether an IPv4 header's checksum is wrong.
#[inline]
pub(crate) fn is_wrong_header(header: &[u8]) -> bool {
    let Some((fixed, options)) = header.split_first_chunk::<20>() else { return false };
    let sum = options.as_chunks::<4>().0.iter().fold(Sum::default().array(fixed), Sum::array);
    sum.folded() != RIGHT && header.get(10..12) != Some(&[0, 0])
}

/// What bytes with a right checksum among them add up to.
const RIGHT: u16 = 0xffff;

/// A one's complement sum in the making: the bytes as they lie on the wire, in the machine's order. It has room for the halves of
/// 2^32 words, more than any packet has.
#[derive(Clone, Copy, Debug, Default)]
struct Sum(u64);

impl Sum {
    #[inline]
    const fn half(self, half: u32) -> Self {
        Self(self.0.wrapping_add(half as u64))
    }

    #[inline]
    fn word(self, word: u64) -> Self {
        self.half(word as u32).half((word >> 32) as u32)
    }

    /// Adds a few bytes: a multiple of four, from an even place on.
    #[inline]
    fn array<const BYTES: usize>(self, bytes: &[u8; BYTES]) -> Self {
        bytes.as_chunks::<4>().0.iter().fold(self, |sum, half| sum.half(u32::from_ne_bytes(*half)))
    }

    /// Adds many bytes from an even place on. An odd last one counts as if a zero followed it.
    #[inline]
    fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        // Carries gather in the upper half: two instructions a word.
        let wide = words.iter().fold(0u128, |sum, word| sum.wrapping_add(u64::from_ne_bytes(*word).into()));
        let sum = self.word(wide as u64).word((wide >> 64) as u64);
        let (pairs, odd) = rest.as_chunks::<2>();
        let sum = pairs.iter().fold(sum, |sum, pair| sum.half(u16::from_ne_bytes(*pair).into()));
        odd.first().map_or(sum, |odd| sum.half(u16::from_ne_bytes([*odd, 0]).into()))
    }

    #[inline]
    fn number(self, number: u16) -> Self {
        self.half(number.to_be().into())
    }

    /// Adds a pseudo-header without its length.
    #[inline]
    fn pseudo_header(self, ends: &Ends) -> Self {
        let sum = self.number(ends.protocol.into());
        let (Address(source), Address(destination)) = (ends.source, ends.destination);
        match ends.family {
            Family::V4 => sum.half((source as u32).to_be()).half((destination as u32).to_be()),
            Family::V6 => [source, destination]
                .into_iter()
                .fold(sum, |sum, address| sum.word((address as u64).to_be()).word(((address >> 64) as u64).to_be())),
        }
    }

    /// The sum in four bytes.
    #[inline]
    const fn halved(self) -> u32 {
        let sum = (self.0 >> 32).wrapping_add(self.0 & 0xffff_ffff);
        (sum >> 32).wrapping_add(sum) as u32
    }

    /// The sum in two bytes.
    #[inline]
    const fn folded(self) -> u16 {
        let sum = self.halved();
        let sum = (sum >> 16).wrapping_add(sum & 0xffff);
        (sum >> 16).wrapping_add(sum) as u16
    }
}

#[cfg(test)]
mod tests {
    use etherparse::checksum::Sum16BitWords;

    use super::*;

    #[test]
    fn any_length_adds_up_as_two_bytes_at_a_time_do() {
        let bytes: Vec<u8> = (0..3000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for length in (0..200).chain([1459, 1460, 2999, 3000]) {
            let bytes = &bytes[..length];
            let theirs = Sum16BitWords::new().add_slice(bytes).ones_complement();
            assert_eq!(Sum::default().bytes(bytes).folded(), !theirs, "{length} bytes");
        }
        assert_eq!(Sum::default().bytes(&[0xff; 65_535]).folded(), u16::from_ne_bytes([0xff, 0]));
    }

    #[test]
    fn a_header_with_a_spoilt_byte_is_wrong() {
        let right = [0x45, 0, 0, 0x3c, 0x1c, 0x46, 0x40, 0, 0x40, 6, 0xb1, 0xe6, 172, 16, 10, 99, 172, 16, 10, 12];
        assert!(!is_wrong_header(&right));
        for at in 0..right.len() {
            let mut spoilt = right;
            spoilt[at] ^= 0x10;
            assert!(is_wrong_header(&spoilt), "byte {at}");
        }
        let mut left_to_the_card = right;
        left_to_the_card[10..12].fill(0);
        assert!(!is_wrong_header(&left_to_the_card));
    }

    /// A header without its checksum, and what the checksum must be for `payload`.
    fn segment(family: Family, number: u8, payload: &[u8]) -> (Ends, Vec<u8>, u16, u16) {
        let address = |last| match family {
            Family::V4 => Address::v4([192, 0, 2, last]),
            Family::V6 => Address::v6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]),
        };
        let ends = Ends { source: address(1), destination: address(2), family, protocol: number, ..Ends::default() };
        let mut header: Vec<u8> = if number == protocol::UDP { vec![3, 9, 0, 53] } else { vec![7; 16] };
        let length = (payload.len() + if number == protocol::UDP { 8 } else { 20 }) as u16;
        if number == protocol::UDP {
            header.extend(length.to_be_bytes());
            header.extend([0; 2]);
        } else {
            header.extend([0; 4]);
        }
        let sum =
            Sum16BitWords::new().add_16bytes(ends.source.0.to_be_bytes()).add_16bytes(ends.destination.0.to_be_bytes());
        let sum = sum.add_2bytes([0, number]).add_2bytes(length.to_be_bytes()).add_slice(&header).add_slice(payload);
        (ends, header, length, u16::from_ne_bytes(sum.ones_complement().to_ne_bytes()))
    }

    fn cases() -> impl Iterator<Item = (Family, u8, &'static [u8])> {
        [Family::V4, Family::V6].into_iter().flat_map(|family| {
            [protocol::TCP, protocol::UDP].into_iter().flat_map(move |number| {
                [&b""[..], b"x", b"even", b"odd length of payload"].into_iter().map(move |p| (family, number, p))
            })
        })
    }

    fn with_field(header: &mut [u8], number: u8, field: u16) {
        let at = if number == protocol::UDP { 6 } else { 16 };
        header[at..at + 2].copy_from_slice(&field.to_ne_bytes());
    }

    fn wrong(ends: &Ends, header: &[u8], length: u16, payload: &[u8]) -> Option<bool> {
        Unverified::new(ends, header, length).map(|unverified| unverified.is_wrong(ends, payload))
    }

    #[test]
    fn right_and_wrong_are_told_apart() {
        for (family, number, payload) in cases() {
            let (ends, mut header, length, field) = segment(family, number, payload);
            with_field(&mut header, number, field);
            assert_eq!(wrong(&ends, &header, length, payload), Some(false), "{ends:?} {payload:?}");
            with_field(&mut header, number, field.wrapping_add(0x0101));
            assert_eq!(wrong(&ends, &header, length, payload), Some(true), "{ends:?} {payload:?}");
        }
    }

    #[test]
    fn what_the_card_would_have_filled_in_is_not_wrong() {
        for (family, number, payload) in cases() {
            let (ends, mut header, length, _) = segment(family, number, payload);
            for length_told in [length, 0] {
                let sum = Sum16BitWords::new()
                    .add_16bytes(ends.source.0.to_be_bytes())
                    .add_16bytes(ends.destination.0.to_be_bytes());
                let sum = sum.add_2bytes([0, number]).add_2bytes(length_told.to_be_bytes());
                with_field(&mut header, number, !sum.ones_complement());
                assert_eq!(wrong(&ends, &header, length, payload), Some(false), "{ends:?}");
            }
        }
    }

    #[test]
    fn udp_may_go_without_over_ipv4_only() {
        let (ends, header, length, _) = segment(Family::V4, protocol::UDP, b"x");
        assert_eq!(wrong(&ends, &header, length, b"x"), None);
        let (ends, header, length, _) = segment(Family::V6, protocol::UDP, b"x");
        assert_eq!(wrong(&ends, &header, length, b"x"), Some(true));
    }
}
