//! How numbers, instants and addresses look. Nothing here allocates.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dissectors::Timestamp;
use dissectors::time::{MILLISECOND, SECOND};

use crate::escape::hex_digit;

const MICROSECOND: u64 = 1_000;
const SECONDS_OF_A_DAY: u64 = 86_400;

/// A whole number.
pub fn number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Nanoseconds as seconds with six decimals.
pub fn seconds(nanos: u64, out: &mut Vec<u8>) {
    number(nanos / SECOND, out);
    out.push(b'.');
    decimals::<6>(nanos % SECOND / MICROSECOND, out);
}

/// Nanoseconds as milliseconds with three decimals.
pub fn milliseconds(nanos: u64, out: &mut Vec<u8>) {
    number(nanos / MILLISECOND, out);
    out.push(b'.');
    decimals::<3>(nanos % MILLISECOND / MICROSECOND, out);
}

/// An instant by RFC 3339 in UTC with microseconds: `2026-11-22T15:05:32.000001Z`.
pub fn time(time: Timestamp, out: &mut Vec<u8>) {
    let (whole, micros) = (time.nanos() / SECOND, time.nanos() % SECOND / MICROSECOND);
    let (year, month, day) = date(whole / SECONDS_OF_A_DAY);
    let second = whole % SECONDS_OF_A_DAY;
    let mut text = *b"0000-00-00T00:00:00.";
    [text[0], text[1], text[2], text[3]] = digits::<4>(year);
    [text[5], text[6]] = digits::<2>(month);
    [text[8], text[9]] = digits::<2>(day);
    [text[11], text[12]] = digits::<2>(second / 3600);
    [text[14], text[15]] = digits::<2>(second / 60 % 60);
    [text[17], text[18]] = digits::<2>(second % 60);
    out.extend_from_slice(&text);
    decimals::<6>(micros, out);
    out.push(b'Z');
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
    for byte in id.to_be_bytes() {
        out.extend_from_slice(&[hex_digit(byte >> 4, b'a'), hex_digit(byte & 15, b'a')]);
    }
}

/// A hardware address: lower-case pairs of digits with colons.
pub fn mac(mac: [u8; 6], out: &mut Vec<u8>) {
    for (at, byte) in mac.into_iter().enumerate() {
        if at > 0 {
            out.push(b':');
        }
        out.extend_from_slice(&[hex_digit(byte >> 4, b'a'), hex_digit(byte & 15, b'a')]);
    }
}

fn ipv4(address: Ipv4Addr, out: &mut Vec<u8>) {
    for (at, byte) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        number(u64::from(byte), out);
    }
}

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

fn hex(segment: u16, out: &mut Vec<u8>) {
    let nibbles = [12, 8, 4, 0].map(|shift| u8::try_from(segment >> shift & 15).unwrap_or_default());
    let leading = (segment.leading_zeros() / 4).min(3) as usize;
    out.extend(nibbles.into_iter().skip(leading).map(|nibble| hex_digit(nibble, b'a')));
}

fn decimals<const N: usize>(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&digits::<N>(number));
}

/// The last `N` decimal digits of a number.
fn digits<const N: usize>(mut number: u64) -> [u8; N] {
    let mut text = [b'0'; N];
    for digit in text.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    text
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
    }
}
