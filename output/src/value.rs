//! How values look. Nothing here allocates.

use dissectors::Timestamp;
pub use dissectors::digits::{address, number};
use dissectors::digits::{eight_digits, eight_hex_digits};
use dissectors::time::{MILLISECOND, SECOND};

const MICROSECOND: u64 = 1_000;
const SECONDS_OF_A_DAY: u64 = 86_400;

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
    fn an_id_keeps_its_zeros() {
        assert_eq!(told(|out| id(0x0123_4567_89ab_cdef, out)), "0123456789abcdef");
    }

    #[test]
    fn spans_have_their_decimals() {
        assert_eq!(told(|out| seconds(41_000_002_999, out)), "41.000002");
        assert_eq!(told(|out| milliseconds(1_234_567, out)), "1.234");
        assert_eq!(told(|out| mac([0, 0x1b, 0x21, 0xab, 0xcd, 0xef], out)), "00:1b:21:ab:cd:ef");
    }
}
