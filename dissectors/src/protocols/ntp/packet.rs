//! NTP's packets.
//!
//! ```text
//! modes 1-5   leap:2 bits version:3 mode:3   stratum:1 poll:1 precision:1   root delay:4 root dispersion:4 reference:4
//!             reference time:8 origin time:8 receive time:8 transmit time:8  [extensions] [key:4 digest]       RFC 5905 7.3
//! mode 6      leap:2 bits version:3 mode:3   response error more:1 bit each operation:5   sequence:2 status:2
//!             association:2 offset:2 count:2   data, filled up to fours [authenticator]                        RFC 9327 2
//! mode 7      response more:1 bit each version:3 mode:3   authenticated:1 bit sequence:7   implementation:1 request:1
//!             error:4 bits items:12   zero:4 bits size:12   items of that size [authenticator]
//! ```
//!
//! Times are seconds since 1900, of 32 bits, and as many bits of a fraction; delays are of 16 bits each.

use crate::protocol::Role;
use crate::reader::Reader;
use crate::time::{SECOND, Timestamp};

pub(super) const ACTIVE: u8 = 1;
pub(super) const PASSIVE: u8 = 2;
pub(super) const CLIENT: u8 = 3;
pub(super) const SERVER: u8 = 4;
pub(super) const BROADCAST: u8 = 5;
const CONTROL: u8 = 6;
const PRIVATE: u8 = 7;

/// 1970 in seconds since 1900: no clock tells an earlier time.
const EPOCH: u32 = 2_208_988_800;
/// Seconds since the wrap of 2036 that are still believed: some forty years.
const NEXT_ERA: u32 = 0x5000_0000;
/// A server's answer leaves so many seconds after the question came, at the most.
const ANSWER_SECONDS: u32 = 4;
/// Peers answer what came one poll ago: up to 36 hours.
const POLL_SECONDS: u32 = 1 << 17;
/// The precision of which careful clients say that they do not tell it.
const UNTOLD_PRECISION: i8 = 32;
/// The most data in a control message (RFC 9327 2).
const CONTROL_BYTES: usize = 468;

/// A packet.
#[derive(Debug)]
pub(super) enum Packet<'a> {
    Clock(Clock<'a>),
    Control(Control<'a>),
    Private(Private),
}

impl Packet<'_> {
    pub(super) fn version_and_mode(&self) -> (u8, u8) {
        match self {
            Self::Clock(clock) => (clock.version, clock.mode),
            Self::Control(control) => (control.version, CONTROL),
            Self::Private(private) => (private.version, PRIVATE),
        }
    }
}

/// A packet that tells the time, or asks for it.
#[derive(Debug)]
pub(super) struct Clock<'a> {
    pub leap: u8,
    pub version: u8,
    pub mode: u8,
    pub stratum: u8,
    pub poll: i8,
    pub precision: i8,
    pub root_delay: u32,
    pub root_dispersion: u32,
    pub reference: [u8; 4],
    pub updated: u64,
    pub origin: u64,
    pub receive: u64,
    pub transmit: u64,
    /// What follows.
    tail: &'a [u8],
}

/// The seconds of a time.
const fn seconds(time: u64) -> u32 {
    (time >> 32) as u32
}

/// Whether a time can be one: from 1970 on.
const fn is_time(time: u64) -> bool {
    seconds(time) >= EPOCH || seconds(time) < NEXT_ERA && seconds(time) > 0
}

/// A time as an instant: before 1970 it is of the era that begins in 2036 (RFC 4330 3).
pub(super) fn instant(time: u64) -> Option<Timestamp> {
    if time == 0 {
        return None;
    }
    let era = if seconds(time) >= EPOCH { 0 } else { 1u64 << 32 };
    let whole = u64::from(seconds(time)).saturating_add(era).saturating_sub(u64::from(EPOCH));
    let fraction = ((time & 0xffff_ffff).saturating_mul(SECOND)) >> 32;
    Some(Timestamp::from_nanos(whole.saturating_mul(SECOND).saturating_add(fraction)))
}

impl Clock<'_> {
    /// Whether a role sends such packets.
    pub(super) fn speaks(&self, role: Role) -> bool {
        match self.mode {
            ACTIVE => true,
            CLIENT => role == Role::Client,
            _ => role == Role::Server,
        }
    }

    /// Whether all fields are in their ranges.
    pub(super) fn is_plausible(&self) -> bool {
        let bare = self.stratum == 0 && self.poll == 0 && self.precision == 0;
        let precision = matches!(self.precision, -32..=0 | UNTOLD_PRECISION);
        let poll = matches!(self.poll, -7..=17);
        let short = |value: u32| value >> 24 == 0;
        // Delays of early versions have a sign (RFC 1305 3.2.1).
        let delay = short(self.root_delay) || short(self.root_delay.wrapping_neg());
        // What a client sends may be random, so as not to tell its clock; but it is told by all the zeros before it.
        let quiet = [self.updated, self.origin, self.receive].iter().all(|time| *time == 0);
        let times = [self.updated, self.origin, self.receive, self.transmit];
        let dated = times.iter().all(|time| *time == 0 || is_time(*time)) && self.transmit != 0;
        let asked = match self.mode {
            CLIENT => quiet || dated && !bare || self.answers_soon(POLL_SECONDS),
            BROADCAST => dated && self.origin == 0 && self.receive == 0 && self.stratum > 0,
            ACTIVE | PASSIVE => dated && (self.receive == 0 || self.answers_soon(POLL_SECONDS)),
            _ => dated,
        };
        self.stratum <= 16 && poll && precision && delay && short(self.root_dispersion) && asked && self.has_tail()
    }

    /// Whether it can only be a server's answer: times that follow each other at once.
    pub(super) fn is_answer(&self) -> bool {
        let referred = self.updated == 0 || (is_time(self.updated) && self.updated <= self.transmit);
        self.mode == SERVER
            && self.is_plausible()
            && is_time(self.transmit)
            && self.origin != 0
            && referred
            && self.answers_soon(ANSWER_SECONDS)
    }

    /// Whether it leaves so many seconds after what it answers came.
    fn answers_soon(&self, within: u32) -> bool {
        is_time(self.receive) && seconds(self.transmit).wrapping_sub(seconds(self.receive)) <= within
    }

    /// Whether what follows is extension fields (RFC 7822) and a key with its digest, or nothing.
    fn has_tail(&self) -> bool {
        let mut tail = Reader::new(self.tail);
        // A key alone refuses; digests are MD5's, SHA-1's, or cut from longer ones (RFC 5905 7.5, RFC 8573).
        while !matches!(tail.len(), 0 | 4 | 20 | 24) {
            let (Some(_), Some(length)) = (tail.be_u16(), tail.be_u16()) else {
                return false;
            };
            let length = usize::from(length);
            if length < 16 || length % 4 != 0 || tail.skip(length.saturating_sub(4)).is_none() {
                // SHA-256 and SHA-512 without a cut.
                return matches!(self.tail.len(), 36 | 68);
            }
        }
        true
    }

    /// The number of its key.
    pub(super) fn key(&self) -> Option<u32> {
        let mut tail = Reader::new(self.tail);
        matches!(self.tail.len(), 20 | 24 | 36 | 68).then(|| tail.be_u32()).flatten()
    }
}

/// A control message.
#[derive(Debug)]
pub(super) struct Control<'a> {
    version: u8,
    pub response: bool,
    pub operation: u8,
    pub offset: u16,
    data: &'a [u8],
}

impl<'a> Control<'a> {
    /// Whether it tells variables in text.
    pub(super) fn is_told(&self) -> bool {
        self.response
            && self.data.len() >= 8
            && self.data.contains(&b'=')
            && self.data.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t'))
    }

    /// The value of a variable, without its quotes.
    pub(super) fn variable(&self, name: &[u8]) -> Option<&'a [u8]> {
        let (mut rest, mut quoted) = (self.data, false);
        while !rest.is_empty() {
            // A comma in quotes does not end a value.
            let end = rest.iter().position(|byte| {
                quoted ^= *byte == b'"';
                *byte == b',' && !quoted
            });
            let (item, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
            quoted = false;
            rest = after.get(1..).unwrap_or_default();
            let mut halves = item.trim_ascii().splitn(2, |byte| *byte == b'=');
            if halves.next() == Some(name) {
                let value = halves.next()?;
                return Some(value.strip_prefix(b"\"").unwrap_or(value).strip_suffix(b"\"").unwrap_or(value));
            }
        }
        None
    }
}

/// A private message.
#[derive(Debug)]
pub(super) struct Private {
    version: u8,
    pub response: bool,
    pub request: u8,
    items: usize,
    size: usize,
    rest: usize,
}

impl Private {
    /// Whether its items are here, whole.
    pub(super) fn is_told(&self) -> bool {
        self.response && self.items > 0 && self.size >= 4 && self.items.saturating_mul(self.size) == self.rest
    }
}

/// Reads a datagram; `None` where it is not NTP's.
pub(super) fn read(datagram: &[u8]) -> Option<Packet<'_>> {
    let mut reader = Reader::new(datagram);
    let first = reader.u8()?;
    let (version, mode) = (first >> 3 & 7, first & 7);
    match mode {
        ACTIVE..=BROADCAST if matches!(version, 1..=4) => {
            let clock = Clock {
                leap: first >> 6,
                version,
                mode,
                stratum: reader.u8()?,
                poll: reader.u8()?.cast_signed(),
                precision: reader.u8()?.cast_signed(),
                root_delay: reader.be_u32()?,
                root_dispersion: reader.be_u32()?,
                reference: reader.array()?,
                updated: reader.be_u64()?,
                origin: reader.be_u64()?,
                receive: reader.be_u64()?,
                transmit: reader.be_u64()?,
                tail: reader.rest(),
            };
            Some(Packet::Clock(clock))
        }
        CONTROL if matches!(version, 1..=4) => control(version, &mut reader).map(Packet::Control),
        PRIVATE => private(first, &mut reader).map(Packet::Private),
        _ => None,
    }
}

fn control<'a>(version: u8, reader: &mut Reader<'a>) -> Option<Control<'a>> {
    let flags = reader.u8()?;
    let (response, operation) = (flags & 0x80 != 0, flags & 0x1f);
    let (sequence, status) = (reader.be_u16()?, reader.be_u16()?);
    reader.skip(2)?;
    let (offset, count) = (reader.be_u16()?, usize::from(reader.be_u16()?));
    let data = reader.take(count)?;
    // Padding up to fours, and a key with its digest.
    let behind = reader.len();
    let filled = behind == count.next_multiple_of(4).saturating_sub(count) || matches!(behind, 0..=7 | 20..=24);
    let asks = !response && flags & 0x60 == 0 && status == 0 && offset == 0;
    let fits = operation_name(operation).is_some() && sequence != 0 && count <= CONTROL_BYTES && filled;
    (fits && (response || asks)).then_some(Control { version, response, operation, offset, data })
}

fn private(first: u8, reader: &mut Reader<'_>) -> Option<Private> {
    let (response, more, version) = (first & 0x80 != 0, first & 0x40 != 0, first >> 3 & 7);
    let (sequence, implementation, request) = (reader.u8()?, reader.u8()?, reader.u8()?);
    let (items, size) = (reader.be_u16()?, reader.be_u16()?);
    let (error, items, zero, size) = (items >> 12, usize::from(items & 0xfff), size >> 12, usize::from(size & 0xfff));
    let rest = reader.rest();
    let known = matches!(implementation, 0 | 2 | 3) && request <= 45 && matches!(version, 2..=4) && zero == 0;
    let fits = if response {
        // An error brings nothing, and items have a size.
        let items_fit = if error == 0 { (items > 0) == (size > 0) } else { items == 0 };
        error <= 7 && items_fit && items.saturating_mul(size) <= rest.len() && (items > 0 || rest.len() <= 48)
    } else {
        // A question of one item at the most is asked in eight bytes, or in some more of zeros.
        let empty = items == 0 && size == 0 && rest.iter().all(|byte| *byte == 0);
        !more && error == 0 && sequence == 0 && matches!(request, 0..=4 | 16..=25 | 33..=45) && empty
    };
    (known && fits).then_some(Private { version, response, request, items, size, rest: rest.len() })
}

/// What the two bits of leap say (RFC 5905 7.3).
pub(super) const fn leap(bits: u8) -> Option<&'static str> {
    match bits {
        1 => Some("insert"),
        2 => Some("delete"),
        3 => Some("unsynchronised"),
        _ => None,
    }
}

/// A control message's name (RFC 9327 3).
pub(super) fn operation(number: u32) -> Option<&'static str> {
    u8::try_from(number).ok().and_then(operation_name)
}

const fn operation_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "readstat",
        2 => "readvar",
        3 => "writevar",
        4 => "readclock",
        5 => "writeclock",
        6 => "settrap",
        7 => "asyncmsg",
        8 => "configure",
        9 => "saveconfig",
        10 => "read-mru",
        11 => "read-ordered-list",
        12 => "request-nonce",
        31 => "unsettrap",
        _ => return None,
    })
}

/// A private request's name, after what the reference implementation's tools call it.
pub(super) fn request(number: u32) -> Option<&'static str> {
    Some(match number {
        0 | 1 => "peers",
        2 => "peer-info",
        3 => "peer-stats",
        4 => "sysinfo",
        5 => "sysstats",
        6 => "iostats",
        7 => "memstats",
        8 => "loopinfo",
        9 => "timerstats",
        10 => "configure",
        11 => "unconfigure",
        16 => "reslist",
        20 | 42 => "monlist",
        34 => "ctlstats",
        38 => "kerninfo",
        44 => "if-stats",
        45 => "if-reload",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of stratum 2, twenty microseconds after the question came.
    fn answer() -> Vec<u8> {
        let mut bytes = vec![0x24, 2, 6, 0xe9, 0, 0, 0x10, 0, 0, 0, 0x20, 0, 192, 0, 2, 9];
        for (seconds, fraction) in [(0xe0a0_0000u32, 1u32), (0xe0a0_1000, 2), (0xe0a0_1000, 3), (0xe0a0_1000, 90_000)] {
            bytes.extend(seconds.to_be_bytes());
            bytes.extend(fraction.to_be_bytes());
        }
        bytes
    }

    fn clock(bytes: &[u8]) -> Clock<'_> {
        match read(bytes) {
            Some(Packet::Clock(clock)) => clock,
            other => panic!("a clock's packet and not {other:?}"),
        }
    }

    #[test]
    fn an_answer_leaves_as_soon_as_its_question_came() {
        assert!(clock(&answer()).is_answer());
        // The seconds of the transmit time, of the receive time; stratum, poll, precision, delay, dispersion.
        for at in [40, 32, 1, 2, 3, 4, 8] {
            let mut wrong = answer();
            wrong[at] ^= 0x51;
            assert!(!clock(&wrong).is_answer(), "byte {at}");
        }
    }

    #[test]
    fn what_follows_is_extensions_and_a_digest() {
        for (tail, fits) in [
            (vec![0; 4], true),
            (vec![7; 20], true),
            (vec![7; 24], true),
            (vec![9; 12], false),
            ([&[1, 4, 0, 16][..], &[0; 12]].concat(), true),
            ([&[1, 4, 0, 15][..], &[0; 12]].concat(), false),
        ] {
            let bytes = [answer(), tail].concat();
            assert_eq!(clock(&bytes).is_answer(), fits, "{:?}", &bytes[48..]);
        }
    }

    #[test]
    fn a_variable_is_found_behind_a_quoted_comma() {
        let data = b"version=\"ntpd, 4\", system=Linux";
        let control = Control { version: 2, response: true, operation: 2, offset: 0, data };
        assert_eq!(control.variable(b"system"), Some(&b"Linux"[..]));
        assert_eq!(control.variable(b"version"), Some(&b"ntpd, 4"[..]));
        assert_eq!(control.variable(b"Linux"), None);
    }

    #[test]
    fn times_before_1970_are_of_the_next_era() {
        assert_eq!(instant(u64::from(EPOCH) << 32), Some(Timestamp::from_nanos(0)));
        assert_eq!(instant(1 << 31), Some(Timestamp::from_nanos(2_085_978_496 * SECOND + SECOND / 2)));
        assert_eq!(instant(0), None);
    }

    #[test]
    fn private_requests_have_the_numbers_of_the_reference_implementation() {
        assert_eq!([38, 44, 45].map(request), [Some("kerninfo"), Some("if-stats"), Some("if-reload")]);
        assert_eq!([40, 43].map(request), [None, None]);
    }
}
