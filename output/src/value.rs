//! How numbers, instants and addresses look. Nothing here allocates.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dissectors::Timestamp;
use dissectors::time::{MILLISECOND, SECOND};

const MICROSECOND: u64 = 1_000;
const SECONDS_OF_A_DAY: u64 = 86_400;

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

/// Nanoseconds as seconds with six decimals.
pub fn seconds(nanos: u64, out: &mut Vec<u8>) {
    number(nanos / SECOND, out);
    let [_, _, a, b, c, d, e, f] = eight_digits((nanos % SECOND / MICROSECOND) as u32);
    out.extend_from_slice(&[b'.', a, b, c, d, e, f]);
}

/// Nanoseconds as milliseconds with three decimals.
pub fn milliseconds(nanos: u64, out: &mut Vec<u8>) {
    number(nanos / MILLISECOND, out);
    let [.., a, b, c] = eight_digits((nanos % MILLISECOND / MICROSECOND) as u32);
    out.extend_from_slice(&[b'.', a, b, c]);
}

/// Two numbers: `src:dst`.
pub fn pair(src: u64, dst: u64, out: &mut Vec<u8>) {
    number(src, out);
    out.push(b':');
    number(dst, out);
}

/// `yes` or `no`.
pub fn yes_no(yes: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if yes { b"yes" } else { b"no" });
}

/// What second was told last, and how: most lines tell of the same second more than once, and so do the lines after it.
#[derive(Clone, Debug)]
pub struct Clock {
    second: u64,
    /// `2026-11-22T15:05:32.`
    text: [u8; 20],
}

impl Default for Clock {
    fn default() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00." }
    }
}

impl Clock {
    /// An instant by RFC 3339 in UTC with microseconds: `2026-11-22T15:05:32.000001Z`.
    pub fn time(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        let (second, micros) = (time.nanos() / SECOND, time.nanos() % SECOND / MICROSECOND);
        if second != self.second {
            *self = Self { second, text: civil(second) };
        }
        let [_, _, u, v, w, x, k, l] = eight_digits(micros as u32);
        out.extend_from_slice(&self.text);
        out.extend_from_slice(&[u, v, w, x, k, l, b'Z']);
    }
}

/// An instant, where few are told.
pub fn time(time: Timestamp, out: &mut Vec<u8>) {
    Clock::default().time(time, out);
}

/// A second since 1970 as date and time of day, and the point behind it.
fn civil(second: u64) -> [u8; 20] {
    let (year, month, day) = date(second / SECONDS_OF_A_DAY);
    let second = (second % SECONDS_OF_A_DAY) as u32;
    let [y, e, a, r, m, n, d, g] = eight_digits((year * 10_000 + month * 100 + day) as u32);
    let [_, _, h, o, i, j, s, t] = eight_digits(second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60);
    [y, e, a, r, b'-', m, n, b'-', d, g, b'T', h, o, b':', i, j, b':', s, t, b'.']
}

/// An address; IPv6 by RFC 5952.
pub fn address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => ipv4(address, out),
        IpAddr::V6(address) => ipv6(address, out),
    }
}

/// A session's id: sixteen lower-case hexadecimal digits.
pub fn id(id: u64, out: &mut Vec<u8>) {
    out.extend_from_slice([(id >> 32) as u32, id as u32].map(eight_hex_digits).as_flattened());
}

/// A hardware address: lower-case pairs of digits with colons.
pub fn mac(mac: [u8; 6], out: &mut Vec<u8>) {
    let [a, b, c, d, e, f] = mac;
    let [g, h, i, j, k, l, m, n] = eight_hex_digits(u32::from_be_bytes([a, b, c, d]));
    let [o, p, q, r, ..] = eight_hex_digits(u32::from_be_bytes([e, f, 0, 0]));
    out.extend_from_slice(&[g, h, b':', i, j, b':', k, l, b':', m, n, b':', o, p, b':', q, r]);
}

/// Appends the first `len` bytes of a part: a copy of a fixed size is a few instructions, one of any size is a call.
#[inline]
pub(crate) fn append_part<const N: usize>(part: &[u8; N], len: usize, out: &mut Vec<u8>) {
    let end = out.len() + len;
    out.extend_from_slice(part);
    out.truncate(end);
}

/// Eight hexadecimal digits, lower-case.
///
/// The number is halved three times, into fours, pairs and single digits, all parts at once in the lanes of one word, the higher half of each
/// in the lower lane. A digit of ten and more is carried into the next by six.
#[inline]
const fn eight_hex_digits(number: u32) -> [u8; 8] {
    const LANES: u64 = 0x0101_0101_0101_0101;
    let number = number as u64;
    let fours = number >> 16 | (number & 0xffff) << 32;
    let pairs = fours >> 8 & 0x00ff_0000_00ff | (fours & 0x00ff_0000_00ff) << 16;
    let digits = pairs >> 4 & 0x000f_000f_000f_000f | (pairs & 0x000f_000f_000f_000f) << 8;
    let letters = (digits + 6 * LANES) >> 4 & LANES;
    (digits + b'0' as u64 * LANES + (b'a' - b'0' - 10) as u64 * letters).to_le_bytes()
}

#[inline]
fn ipv4(address: Ipv4Addr, out: &mut Vec<u8>) {
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
const fn eight_digits(number: u32) -> [u8; 8] {
    let number = number as u64;
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | ((pairs - 10 * tens) << 8);
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

/// Year, month and day of the day so many days after 1970-01-01.
///
/// The year is taken to begin in March, so that the leap day is its last, and days are counted from 0000-03-01; 400 years
/// have 146,097 days, and months from March on begin on day (153 m + 2) / 5.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (era * 400 + year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn instants_are_civil_dates() {
        for (second, date) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, "2000-02-28T23:59:59.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (951_868_800, "2000-03-01T00:00:00.000000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(told(|out| time(Timestamp::from_nanos(second * SECOND), out)), date);
        }
        assert_eq!(told(|out| time(Timestamp::from_nanos(1_999), out)), "1970-01-01T00:00:00.000001Z");
        assert_eq!(told(|out| time(Timestamp::from_nanos(u64::MAX), out)), "2554-07-21T23:34:33.709551Z");
    }

    #[test]
    fn a_clock_tells_each_second_anew() {
        let mut clock = Clock::default();
        for nanos in [0, 1_000, SECOND - 1, SECOND, 2 * SECOND, 2 * SECOND + 7_000, SECOND, 0] {
            let instant = Timestamp::from_nanos(nanos);
            let whole = format!("1970-01-01T00:00:0{}.{:06}Z", nanos / SECOND, nanos % SECOND / MICROSECOND);
            assert_eq!(told(|out| clock.time(instant, out)), whole);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = date(0);
        for day in 1..200_000 {
            let (year, month, day) = date(day);
            let next = (year, month, day) == (before.0, before.1, before.2 + 1)
                || (year, month, day) == (before.0, before.1 + 1, 1)
                || (year, month, day) == (before.0 + 1, 1, 1) && before.1 == 12;
            assert!(next && day <= 31, "{year}-{month}-{day} after {before:?}");
            before = (year, month, day);
        }
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
        assert_eq!(told(|out| id(0x0123_4567_89ab_cdef, out)), "0123456789abcdef");
    }

    #[test]
    fn spans_have_their_decimals() {
        assert_eq!(told(|out| seconds(41_000_002_999, out)), "41.000002");
        assert_eq!(told(|out| milliseconds(1_234_567, out)), "1.234");
        assert_eq!(told(|out| mac([0, 0x1b, 0x21, 0xab, 0xcd, 0xef], out)), "00:1b:21:ab:cd:ef");
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
