//! Numbers and addresses as text. They look as the standard library writes them, whose formatting costs some hundred instructions for
//! each part: too much for what stands in every line and in every other message. Nothing here allocates but for what it appends to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A whole number.
#[inline]
pub fn number(number: u64, out: &mut Vec<u8>) {
    if out.capacity() - out.len() < size_of::<u64>() {
        return number_without_room(number, out);
    }
    // Most are counts of a few packets, or the octets of an address.
    if let Some(text) = usize::try_from(number).ok().and_then(|number| OCTETS.get(number)) {
        return append_part(text, octet_digits(number), out);
    }
    match below(number, EIGHT_DIGITS) {
        Some(small) => digits_without_zeros(small, out),
        None => large(number, out),
    }
}

/// A number for which there may be no room yet. There nearly always is, and so [`number`] needs no place for what it knows while room is made.
#[cold]
#[inline(never)]
fn number_without_room(number: u64, out: &mut Vec<u8>) {
    out.reserve(size_of::<u64>());
    self::number(number, out);
}

/// A number of nine digits and more.
#[inline(never)]
fn large(number: u64, out: &mut Vec<u8>) {
    let (above, rest) = (number / u64::from(EIGHT_DIGITS), number % u64::from(EIGHT_DIGITS));
    match below(above, EIGHT_DIGITS) {
        Some(above) => digits_without_zeros(above, out),
        None => {
            // A number of 64 bits has at most twenty digits.
            let middle = above % u64::from(EIGHT_DIGITS);
            digits_without_zeros((above / u64::from(EIGHT_DIGITS)) as u32, out);
            out.extend_from_slice(&eight_digits(middle as u32));
        }
    }
    out.extend_from_slice(&eight_digits(rest as u32));
}

/// An address; IPv6 by RFC 5952.
pub fn address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => ipv4(address, out),
        IpAddr::V6(address) => ipv6(address, out),
    }
}

/// Appends the first `len` bytes of a part: a copy of a fixed size is a few instructions, one of any size is a call.
#[inline]
pub fn append_part<const N: usize>(part: &[u8; N], len: usize, out: &mut Vec<u8>) {
    let end = out.len() + len;
    out.extend_from_slice(part);
    out.truncate(end);
}

/// Eight hexadecimal digits, lower-case, the highest first.
///
/// The number is halved three times, into fours, pairs and single digits, all parts at once in the lanes of one word, the higher half of each
/// in the lower lane. A digit of ten and more is carried into the next by six.
#[inline]
pub const fn eight_hex_digits(number: u32) -> [u8; 8] {
    const LANES: u64 = 0x0101_0101_0101_0101;
    let number = number as u64;
    let fours = number >> 16 | (number & 0xffff) << 32;
    let pairs = fours >> 8 & 0x00ff_0000_00ff | (fours & 0x00ff_0000_00ff) << 16;
    let digits = pairs >> 4 & 0x000f_000f_000f_000f | (pairs & 0x000f_000f_000f_000f) << 8;
    let letters = (digits + 6 * LANES) >> 4 & LANES;
    (digits + b'0' as u64 * LANES + (b'a' - b'0' - 10) as u64 * letters).to_le_bytes()
}

/// An IPv4 address.
#[inline]
pub fn ipv4(address: Ipv4Addr, out: &mut Vec<u8>) {
    // Put together in place: each octet's text covers what the one before had too much.
    let mut whole = [0; 16];
    let mut end = 0;
    for octet in address.octets() {
        let text = OCTETS.get(usize::from(octet)).unwrap_or(&[0; 4]);
        if let Some(place) = whole.get_mut(end..end + 4) {
            place.copy_from_slice(text);
        }
        end += octet_digits(u64::from(octet)) + 1;
    }
    // Without the last dot.
    append_part(&whole, end - 1, out);
}

fn octet_digits(octet: u64) -> usize {
    1 + usize::from(octet >= 10) + usize::from(octet >= 100)
}

/// The decimal digits of each octet, and the dot behind it.
static OCTETS: [[u8; 4]; 256] = {
    let mut all = [[b'.'; 4]; 256];
    let mut rest = all.as_mut_slice();
    let mut octet = 0u8;
    while let Some((text, after)) = rest.split_first_mut() {
        let (hundreds, tens, ones) = (b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10);
        *text = match octet {
            100.. => [hundreds, tens, ones, b'.'],
            10.. => [tens, ones, b'.', b'.'],
            _ => [ones, b'.', b'.', b'.'],
        };
        rest = after;
        octet = octet.wrapping_add(1);
    }
    all
};

fn ipv6(address: Ipv6Addr, out: &mut Vec<u8>) {
    if let Some(mapped) = address.to_ipv4_mapped() {
        out.extend_from_slice(b"::ffff:");
        return ipv4(mapped, out);
    }
    let segments = address.segments();
    let (gap, gap_len) = longest_zeros(&segments);
    for (at, segment) in segments.into_iter().enumerate() {
        if (gap..gap + gap_len).contains(&at) {
            if at == gap {
                out.extend_from_slice(b"::");
            }
            continue;
        }
        if at > 0 && at != gap + gap_len {
            out.push(b':');
        }
        hex(segment, out);
    }
}

/// Where the first of the longest runs of zeros is, and its length; a single zero is no run. Without one: (8, 0).
fn longest_zeros(segments: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((8, 0), 0);
    for (at, segment) in segments.iter().enumerate() {
        run = if *segment == 0 { run + 1 } else { 0 };
        if run > best.1 && run >= 2 {
            best = (at + 1 - run, run);
        }
    }
    best
}

/// The hexadecimal digits of a number, at least one of them.
fn hex(segment: u16, out: &mut Vec<u8>) {
    let digits = u64::from_le_bytes(eight_hex_digits(u32::from(segment) << 16));
    let zeros = (segment.leading_zeros() / 4).min(3);
    append_part(&(digits >> (8 * zeros)).to_le_bytes(), 4 - zeros as usize, out);
}

const EIGHT_DIGITS: u32 = 100_000_000;

fn below(number: u64, limit: u32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number < limit)
}

/// The digits of a number below 10^8, at least one of them.
#[inline]
fn digits_without_zeros(number: u32, out: &mut Vec<u8>) {
    let digits = u64::from_le_bytes(eight_digits(number));
    // The first digit is in the lowest byte. A digit that is not zero has a bit among its lowest four.
    let zeros = ((digits & 0x0f0f_0f0f_0f0f_0f0f).trailing_zeros() / 8).min(7);
    append_part(&(digits >> (8 * zeros)).to_le_bytes(), 8 - zeros as usize, out);
}

/// Eight decimal digits of a number below 10^8.
///
/// The number is halved three times, into fours, pairs and single digits, all parts at once in the lanes of one word. The quotients come
/// from multiplications that are exact for what a lane may hold: n * 10486 / 2^20 is n / 100 below 10^4, n * 103 / 2^10 is n / 10 below 100.
#[inline]
pub const fn eight_digits(number: u32) -> [u8; 8] {
    let number = number as u64;
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | ((pairs - 10 * tens) << 8);
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"x".to_vec();
        write(&mut out);
        String::from_utf8(out.split_off(1)).unwrap()
    }

    #[test]
    fn numbers_keep_their_zeros() {
        for length in 1..20 {
            for any in [10u64.pow(length), 10u64.pow(length) - 1] {
                assert_eq!(told(|out| number(any, out)), any.to_string());
            }
        }
        assert_eq!(told(|out| number(0, out)), "0");
        assert_eq!(told(|out| number(u64::MAX, out)), u64::MAX.to_string());
    }

    #[test]
    fn every_octet_has_its_digits() {
        for octet in 0..=255 {
            let value = IpAddr::from([octet, 0, octet / 2, 255 - octet]);
            assert_eq!(told(|out| address(value, out)), value.to_string());
        }
    }

    proptest! {
        #[test]
        fn addresses_look_as_rfc_5952_has_them(octets: [u8; 16], zeros: u16, v4: [u8; 4]) {
            let mut octets = octets;
            for (at, pair) in octets.chunks_mut(2).enumerate() {
                if zeros >> at & 1 == 1 {
                    pair.fill(0);
                }
            }
            let v6 = Ipv6Addr::from(octets);
            // The standard library also dots the long deprecated form `::a.b.c.d`.
            prop_assert_eq!(told(|out| address(v6.into(), out)), v6.to_string());
            prop_assert_eq!(told(|out| address(Ipv4Addr::from(v4).into(), out)), Ipv4Addr::from(v4).to_string());
            let mapped = Ipv4Addr::from(v4).to_ipv6_mapped();
            prop_assert_eq!(told(|out| address(mapped.into(), out)), mapped.to_string());
        }

        #[test]
        fn numbers_have_their_digits_and_no_more(any: u64, shift in 0u32..64) {
            let any = any >> shift;
            prop_assert_eq!(told(|out| number(any, out)), any.to_string());
        }
    }
}
