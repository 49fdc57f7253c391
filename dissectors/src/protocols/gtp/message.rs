//! GTP's messages.
//!
//! ```text
//! version 0  000 1 1111  type  length:16  sequence:16  flow:16  number:8  ff ff ff  tunnel:64           then elements
//! version 1  001 1 0 E S PN  type  length:16  tunnel:32  [sequence:16  number:8  next:8]               then elements
//! version 2  010 P T M 00  type  length:16  [tunnel:32]  sequence:24  0                                then elements
//!
//! element    type < 128: a value of known length;  others: length:16 value                       versions 0 and 1
//! element    type  length:16  instance:8  value                                                   version 2
//! ```
//!
//! The length counts what follows the first eight bytes, of version 0 twenty, of version 2 four.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::capped::Text;
use crate::reader::Reader;

/// The most elements of a message that are read.
const ELEMENTS: usize = 128;
/// The most bytes of a number of digits or of a name.
const NAME_BYTES: usize = 128;

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub version: u8,
    pub name: &'static str,
    pub teid: Option<u32>,
    /// The length in the header is the datagram's.
    fits: bool,
    /// How many bytes of the body were not captured.
    cut: usize,
    body: &'a [u8],
}

/// What an element tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Imsi(Text),
    Msisdn(Text),
    Imei(Text),
    Apn(Text),
    Address(Text),
    Cause(Text),
}

impl<'a> Message<'a> {
    /// Reads a datagram's first message.
    pub(super) fn read(datagram: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(datagram);
        let [flags, kind] = reader.array()?;
        let length = usize::from(reader.be_u16()?);
        match flags {
            0x1e | 0x1f => {
                reader.skip(5)?;
                let name = name_1(kind)?;
                let spare = reader.array::<3>()?;
                reader.skip(8)?;
                let fits = length == reader.len() && spare == [0xff; 3];
                Some(Self { version: 0, name, teid: None, fits, cut: 0, body: reader.rest() })
            }
            0x30..=0x37 => {
                let teid = reader.be_u32()?;
                let fits = length == reader.len();
                let cut = length.saturating_sub(reader.len());
                let name = name_1(kind)?;
                if flags & 7 != 0 {
                    reader.skip(3)?;
                    let mut next = reader.u8()?;
                    while next != 0 && flags & 4 != 0 {
                        let words = usize::from(reader.u8()?);
                        reader.skip(words.checked_mul(4)?.checked_sub(2)?)?;
                        next = reader.u8()?;
                    }
                }
                Some(Self { version: 1, name, teid: Some(teid), fits, cut, body: reader.rest() })
            }
            0x40..=0x5f if flags & 3 == 0 => {
                let name = name_2(kind)?;
                let mut body = reader.sub(length.min(reader.len()))?;
                // Another message may ride behind the first.
                let fits = (flags & 0x10 != 0 || reader.is_empty()) && body.len() == length;
                let teid = if flags & 8 != 0 { Some(body.be_u32()?) } else { None };
                body.skip(3)?;
                let spare = body.u8()?;
                let fits = fits && (spare == 0 || flags & 4 != 0);
                Some(Self { version: 2, name, teid, fits, cut: 0, body: body.rest() })
            }
            _ => None,
        }
    }

    /// Whether everything in the message is where it should be.
    pub(super) fn is_filled(&self) -> bool {
        let needs_some = !matches!(self.name, "echo-request" | "version-not-supported" | "end-marker");
        if self.name == "data" && self.cut > 0 {
            return self.holds_packet();
        }
        if !self.fits || (needs_some && self.body.is_empty()) {
            return false;
        }
        match (self.version, self.name) {
            (_, "data") => matches!(self.body.first(), Some(0x45..=0x4f | 0x60..=0x6f)),
            (1, "echo-request" | "echo-response" | "version-not-supported") if self.teid != Some(0) => false,
            _ => self.elements(|_| {}),
        }
    }

    /// Whether the body is an IP packet of the length that is left for it, captured or not.
    fn holds_packet(&self) -> bool {
        let length = |at: usize| {
            let bytes = self.body.get(at..)?.first_chunk()?;
            Some(usize::from(u16::from_be_bytes(*bytes)))
        };
        let whole = Some(self.body.len().saturating_add(self.cut));
        match self.body.first() {
            Some(0x45..=0x4f) => length(2) == whole,
            Some(0x60..=0x6f) => length(4).map(|length| length.saturating_add(40)) == whole,
            _ => false,
        }
    }

    /// Tells what the elements hold; gives whether they fill the message.
    pub(super) fn elements(&self, mut tell: impl FnMut(Told)) -> bool {
        if self.name == "data" {
            return true;
        }
        let mut reader = Reader::new(self.body);
        for _ in 0..ELEMENTS {
            let Some(kind) = reader.u8() else {
                return true;
            };
            let told = if self.version == 2 {
                let value = reader.be_u16().and_then(|length| {
                    reader.skip(1)?;
                    reader.take(usize::from(length))
                });
                value.map(|value| told_2(kind, value))
            } else {
                let length = if kind < 128 { fixed(self.version, kind) } else { reader.be_u16().map(usize::from) };
                length.and_then(|length| reader.take(length)).map(|value| told_1(kind, value))
            };
            match told {
                Some(told) => told.into_iter().for_each(&mut tell),
                None => return false,
            }
        }
        false
    }
}

/// How long an element without a length is (3GPP TS 29.060 7.7, GSM 09.60 7.9).
const fn fixed(version: u8, kind: u8) -> Option<usize> {
    Some(match (version, kind) {
        (_, 1 | 8 | 11 | 13 | 14 | 15) => 1,
        (_, 2) => 8,
        (_, 3) => 6,
        (_, 4 | 5 | 127) => 4,
        (_, 9) => 28,
        (_, 12) => 3,
        (0, 6) => 3,
        (0, 16 | 17) => 2,
        (0, 18) => 3,
        (0, 19) => 1,
        (1, 16 | 17) => 4,
        (1, 18) => 5,
        (1, 19 | 20 | 21 | 23 | 24 | 29 | 126) => 1,
        (1, 22) => 9,
        (1, 25..=28) => 2,
        _ => return None,
    })
}

fn told_1(kind: u8, value: &[u8]) -> Option<Told> {
    Some(match kind {
        1 => Told::Cause(cause(value, 128)?),
        2 => Told::Imsi(digits(value)),
        128 => Told::Address(match value {
            // Both kinds at once begin with the older one.
            [_, 0x21 | 0x8d, v4 @ ..] => v4_text(v4)?,
            [_, 0x57, v6 @ ..] => v6_text(v6)?,
            _ => return None,
        }),
        131 => Told::Apn(name(value)?),
        134 => Told::Msisdn(digits(value.get(1..)?)),
        154 => Told::Imei(digits(value)),
        _ => return None,
    })
}

fn told_2(kind: u8, value: &[u8]) -> Option<Told> {
    Some(match kind {
        1 => Told::Imsi(digits(value)),
        2 => Told::Cause(cause(value, 16)?),
        71 => Told::Apn(name(value)?),
        75 => Told::Imei(digits(value)),
        76 => Told::Msisdn(digits(value)),
        79 => Told::Address(match value {
            [1, v4 @ ..] => v4_text(v4)?,
            [2 | 3, _, v6 @ ..] => v6_text(v6)?,
            _ => return None,
        }),
        _ => return None,
    })
}

fn v4_text(value: &[u8]) -> Option<Text> {
    let address = IpAddr::from(Ipv4Addr::from(*value.first_chunk::<4>()?));
    (!address.is_unspecified()).then(|| Text::from(address.to_string().as_str()))
}

fn v6_text(value: &[u8]) -> Option<Text> {
    let address = IpAddr::from(Ipv6Addr::from(*value.first_chunk::<16>()?));
    (!address.is_unspecified()).then(|| Text::from(address.to_string().as_str()))
}

/// A cause; `accepted` where it is the one that says so.
fn cause(value: &[u8], accepted: u8) -> Option<Text> {
    let number = *value.first()?;
    Some(if number == accepted { Text::from("accepted") } else { Text::from(number.to_string().as_str()) })
}

/// Digits, the low half of each byte first, 15 where there is none.
fn digits(value: &[u8]) -> Text {
    let halves = value.iter().take(NAME_BYTES).flat_map(|byte| [byte & 0x0f, byte >> 4]);
    let digits: Vec<u8> = halves.take_while(|digit| *digit < 10).map(|digit| b'0' + digit).collect();
    Text::new(&digits)
}

/// Labels with their lengths before them, as in DNS but without an end.
fn name(value: &[u8]) -> Option<Text> {
    let mut reader = Reader::new(value.get(..NAME_BYTES).unwrap_or(value));
    let mut out = Vec::new();
    while let Some(length) = reader.u8() {
        let label = reader.take(usize::from(length))?;
        if !out.is_empty() {
            out.push(b'.');
        }
        out.extend_from_slice(label);
    }
    Some(Text::new(&out))
}

/// Messages of versions 0 and 1 (3GPP TS 29.060 7.1, TS 29.281 6.1).
fn name_1(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "echo-request",
        2 => "echo-response",
        3 => "version-not-supported",
        16 => "create-context-request",
        17 => "create-context-response",
        18 => "update-context-request",
        19 => "update-context-response",
        20 => "delete-context-request",
        21 => "delete-context-response",
        22 => "initiate-context-request",
        23 => "initiate-context-response",
        26 => "error-indication",
        27 => "notification-request",
        28 => "notification-response",
        29 => "notification-reject-request",
        30 => "notification-reject-response",
        31 => "supported-extensions",
        32 => "routing-information-request",
        33 => "routing-information-response",
        34 => "failure-report-request",
        35 => "failure-report-response",
        36 => "present-request",
        37 => "present-response",
        48 => "identification-request",
        49 => "identification-response",
        50 => "sgsn-context-request",
        51 => "sgsn-context-response",
        52 => "sgsn-context-acknowledge",
        53 => "relocation-request",
        54 => "relocation-response",
        55 => "relocation-complete",
        56 => "relocation-cancel-request",
        57 => "relocation-cancel-response",
        254 => "end-marker",
        255 => "data",
        _ => return None,
    })
}

/// Messages of version 2 (3GPP TS 29.274 6.1).
fn name_2(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "echo-request",
        2 => "echo-response",
        3 => "version-not-supported",
        32 => "create-session-request",
        33 => "create-session-response",
        34 => "modify-bearer-request",
        35 => "modify-bearer-response",
        36 => "delete-session-request",
        37 => "delete-session-response",
        38 => "change-notification-request",
        39 => "change-notification-response",
        64 => "modify-bearer-command",
        65 => "modify-bearer-failure",
        66 => "delete-bearer-command",
        67 => "delete-bearer-failure",
        68 => "bearer-resource-command",
        69 => "bearer-resource-failure",
        70 => "downlink-failure",
        71 => "trace-activation",
        72 => "trace-deactivation",
        73 => "stop-paging",
        95 => "create-bearer-request",
        96 => "create-bearer-response",
        97 => "update-bearer-request",
        98 => "update-bearer-response",
        99 => "delete-bearer-request",
        100 => "delete-bearer-response",
        128 => "identification-request",
        129 => "identification-response",
        130 => "context-request",
        131 => "context-response",
        132 => "context-acknowledge",
        133 => "relocation-request",
        134 => "relocation-response",
        135 => "relocation-complete",
        136 => "relocation-complete-acknowledge",
        149 => "detach-notification",
        150 => "detach-acknowledge",
        160 => "create-forwarding-tunnel-request",
        161 => "create-forwarding-tunnel-response",
        162 => "suspend-notification",
        163 => "suspend-acknowledge",
        164 => "resume-notification",
        165 => "resume-acknowledge",
        166 => "create-indirect-tunnel-request",
        167 => "create-indirect-tunnel-response",
        168 => "delete-indirect-tunnel-request",
        169 => "delete-indirect-tunnel-response",
        170 => "release-bearers-request",
        171 => "release-bearers-response",
        176 => "downlink-data-notification",
        177 => "downlink-data-acknowledge",
        211 => "modify-access-bearers-request",
        212 => "modify-access-bearers-response",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_digits_are_told_as_people_write_them() {
        assert_eq!(digits(&[0x21, 0x43, 0xf5]), Text::from("12345"));
        assert_eq!(name(b"\x08internet\x04mnc1"), Some(Text::from("internet.mnc1")));
        assert_eq!(name(b"\x09short"), None);
    }

    #[test]
    fn a_flow_label_of_data_has_its_access_point_before_it() {
        // Update context, accepted: flow labels of data (16), of signalling (17) and of data with its access point (18).
        let answer =
            b"\x1e\x13\0\x0c\0\x01\0\x01\xff\xff\xff\xff\0\0\0\0\0\0\0\0\x01\x80\x10\0\x02\x11\0\x03\x12\x05\0\x04";
        let message = Message::read(answer).expect("a message");
        let mut causes = Vec::new();
        assert!(message.elements(|told| causes.push(told)), "the elements fill it");
        assert!(matches!(&causes[..], [Told::Cause(cause)] if *cause == Text::from("accepted")));
    }

    #[test]
    fn an_address_of_both_kinds_is_told() {
        let both = [&b"\xf1\x8d\xc0\x00\x02\x07"[..], &[0; 16]].concat();
        assert!(matches!(told_1(128, &both), Some(Told::Address(address)) if address == Text::from("192.0.2.7")));
    }

    #[test]
    fn elements_must_fill_a_message() {
        let echo = b"\x32\x01\0\x04\0\0\0\0\0\x01\0\0";
        assert!(Message::read(echo).is_some_and(|message| message.is_filled()));
        let answer = b"\x32\x02\0\x06\0\0\0\0\0\x01\0\0\x0e\x07";
        assert!(Message::read(answer).is_some_and(|message| message.is_filled()));
        for (at, value) in [(3, 5), (7, 1), (12, 0x0f)] {
            let mut wrong = answer.to_vec();
            wrong[at] = value;
            let filled = Message::read(&wrong).is_some_and(|message| message.is_filled());
            assert_eq!(filled, at == 12, "{at}");
        }
        let second = b"\x40\x01\0\x09\0\0\x07\0\x03\0\x01\0\x09";
        assert!(Message::read(second).is_some_and(|message| message.is_filled()));
        let mut wrong = second.to_vec();
        wrong[10] = 2;
        assert!(!Message::read(&wrong).is_some_and(|message| message.is_filled()));
    }
}
