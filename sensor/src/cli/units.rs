//! Values with units: sizes and times, a sensor's name, and how numbers are shown to people.

use std::net::SocketAddr;

use dissectors::time::{MILLISECOND, SECOND};
use flowtable::config::Timeouts;

/// Least memory that makes sense.
const MIN_MEMORY_BYTES: u64 = 16 << 20;
/// Least and most room of a ring or a queue; what libpcap takes ends below 2 GiB.
const MIN_ROOM_BYTES: u64 = 1 << 20;
const MAX_ROOM_BYTES: u64 = 2 << 30;
/// Longest timeout: ten years.
const MAX_DURATION_NS: u64 = 10 * 365 * 86_400 * SECOND;
/// Longest HOSTNAME of RFC 5424.
const MAX_HOSTNAME_BYTES: usize = 255;

/// One of the table's timeouts.
pub(super) type Timeout = fn(&mut Timeouts) -> &mut u64;

const TIMEOUTS: [(&str, Timeout); 8] = [
    ("tcp-embryonic", |timeouts| &mut timeouts.tcp_embryonic),
    ("tcp-established", |timeouts| &mut timeouts.tcp_established),
    ("tcp-closing", |timeouts| &mut timeouts.tcp_closing),
    ("tcp-closed", |timeouts| &mut timeouts.tcp_closed),
    ("udp", |timeouts| &mut timeouts.udp),
    ("answered", |timeouts| &mut timeouts.answered),
    ("icmp", |timeouts| &mut timeouts.icmp),
    ("other", |timeouts| &mut timeouts.other),
];

/// Every timeout as the table has it, unless something else is asked for.
pub(super) const DEFAULT_TIMEOUTS: [&str; TIMEOUTS.len()] = [
    "tcp-embryonic=30s",
    "tcp-established=1h",
    "tcp-closing=120s",
    "tcp-closed=5s",
    "udp=60s",
    "answered=2s",
    "icmp=30s",
    "other=60s",
];

/// A number and the unit behind it.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim()))
}

/// `1GiB`, `512M`, `100000`: bytes.
fn size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        "t" | "tib" => 1 << 40,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Memory: a size with a floor.
pub(super) fn memory(text: &str) -> Result<u64, String> {
    let bytes = size(text).ok_or("no size; write it as 512MiB or 1GiB")?;
    if bytes < MIN_MEMORY_BYTES {
        return Err(format!("too little; give {} or more", bytes_text(MIN_MEMORY_BYTES)));
    }
    Ok(bytes)
}

/// `500ms`, `30s`, `5m`, `1h`, `2d`: nanoseconds.
pub(super) fn duration(text: &str) -> Result<u64, String> {
    let hint = "no time; write it as 500ms, 30s, 5m, 1h or 2d";
    let (number, unit) = number_and_unit(text).ok_or(hint)?;
    let unit = match unit {
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" | "min" => 60 * SECOND,
        "h" => 3600 * SECOND,
        "d" => 86_400 * SECOND,
        _ => return Err(hint.into()),
    };
    match number.checked_mul(unit) {
        Some(nanos @ 1..=MAX_DURATION_NS) => Ok(nanos),
        _ => Err("impossible; give a time between 1ms and 3650d".into()),
    }
}

/// Memory for something that may be small: a ring, a queue.
pub(super) fn room(text: &str) -> Result<u64, String> {
    let bytes = size(text).ok_or("no size; write it as 64MiB or 1GiB")?;
    if !(MIN_ROOM_BYTES..=MAX_ROOM_BYTES).contains(&bytes) {
        let (least, most) = (bytes_text(MIN_ROOM_BYTES), bytes_text(MAX_ROOM_BYTES));
        return Err(format!("impossible; give a size from {least} to {most}"));
    }
    Ok(bytes)
}

/// Any size.
pub(super) fn any_size(text: &str) -> Result<u64, String> {
    size(text).ok_or_else(|| "no size; write it as 64MiB or 1GiB".into())
}

/// How often: a time, or `None` for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Every(pub(super) Option<u64>);

/// `60s`, or `0` for never.
pub(super) fn every(text: &str) -> Result<Every, String> {
    if text == "0" { Ok(Every(None)) } else { duration(text).map(|nanos| Every(Some(nanos))) }
}

/// `udp=60s`.
pub(super) fn timeout(text: &str) -> Result<(Timeout, u64), String> {
    let (name, time) = text.split_once('=').ok_or("no timeout; write it as udp=60s")?;
    let known = TIMEOUTS.iter().find(|(known, _)| *known == name.trim());
    let Some(&(_, timeout)) = known else {
        let names: Vec<_> = TIMEOUTS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no such timeout; take one of {}", names.join(", ")));
    };
    Ok((timeout, duration(time.trim())?))
}

/// A name as RFC 5424 allows it: visible ASCII.
pub(super) fn hostname(name: &str) -> Result<String, String> {
    let fine = name.bytes().all(|byte| byte.is_ascii_graphic()) && (1..=MAX_HOSTNAME_BYTES).contains(&name.len());
    if fine {
        Ok(name.to_owned())
    } else {
        Err("no host name; give 1 to 255 visible ASCII characters, no spaces".into())
    }
}

/// Where to listen: an address, not a name, which may mean another one tomorrow.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "no address and port; write it as 127.0.0.1:9477 or [::1]:9477".into())
}

/// Bytes for a person: `512 B`, `1.4 GiB`.
pub fn bytes_text(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut amount = bytes as f64;
    let mut unit = "B";
    for larger in units {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    if unit == "B" || amount.fract() == 0.0 { format!("{amount:.0} {unit}") } else { format!("{amount:.1} {unit}") }
}

/// A count for a person: `1,234,567`.
pub fn count_text(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Nanoseconds for a person: `0.52 s`, `41 s`, `3 min 7 s`, `2 h 5 min`, `6 d 1 h`.
pub fn span_text(nanos: u64) -> String {
    let seconds = nanos / SECOND;
    let parts = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0..10 => format!("{:.2} s", nanos as f64 / SECOND as f64),
        10..60 => format!("{seconds} s"),
        60..3600 => parts(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => parts(seconds / 3600, "h", seconds / 60 % 60, "min"),
        _ => parts(seconds / 86_400, "d", seconds / 3600 % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        assert_eq!(size("1GiB"), Some(1 << 30));
        assert_eq!(size("1 gb"), Some(1_000_000_000));
        assert_eq!(size("64k"), Some(65_536));
        assert_eq!(size("17"), Some(17));
        for wrong in ["", "GiB", "-1", "1.5G", "1 furlong", "99999999999T"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_need_a_unit() {
        assert_eq!(duration("500ms"), Ok(SECOND / 2));
        assert_eq!(duration("2d"), Ok(172_800 * SECOND));
        for wrong in ["30", "0s", "s", "1y", "99999d", ""] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(
            (bytes_text(0), bytes_text(1 << 20), bytes_text(1536)),
            ("0 B".into(), "1 MiB".into(), "1.5 KiB".into())
        );
        assert_eq!(
            (count_text(0), count_text(999), count_text(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        assert_eq!((span_text(520_000_000), span_text(41 * SECOND)), ("0.52 s".into(), "41 s".into()));
        assert_eq!((span_text(187 * SECOND), span_text(7500 * SECOND)), ("3 min 7 s".into(), "2 h 5 min".into()));
        assert_eq!(span_text(86_400 * SECOND), "1 d");
    }
}
