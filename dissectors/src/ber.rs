//! A reader of BER and DER (X.690), as far as LDAP, SNMP, Kerberos and SPNEGO need it.
//!
//! ```text
//! element   identifier:1  length  content
//! length    0..=7f: the length itself;  81..=84: so many bytes (less 80) of length follow, most significant first
//! ```
//!
//! An identifier is compared as the one byte that it is on the wire: class, the constructed bit and the number together. There
//! is no recursion: whoever reads a constructed element opens it with a reader of its own.
//!
//! Refused: identifiers of more than one byte and indefinite lengths. None of these protocols may use them (RFC 4511 5.1, RFC 3417
//! 8, RFC 4120 1.2). Padded lengths, which DER forbids, are read: SNMP agents and Active Directory write them.

use crate::digits;
use crate::reader::Reader;
use crate::time::{SECOND, Timestamp};

/// Identifiers.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTETS: u8 = 0x04;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0a;
    /// GeneralizedTime.
    pub const TIME: u8 = 0x18;
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET and SET OF.
    pub const SET: u8 = 0x31;

    /// A constructed element of the context: `[number]`.
    pub const fn context(number: u8) -> u8 {
        0xa0 | number
    }

    /// A primitive element of the context: `[number]`, implicit.
    pub const fn primitive(number: u8) -> u8 {
        0x80 | number
    }

    /// A constructed element of the application: `[APPLICATION number]`.
    pub const fn application(number: u8) -> u8 {
        0x60 | number
    }
}

/// The most bytes of a length.
const LENGTH_BYTES: u8 = 4;
/// The most bytes of an object identifier that are turned into text.
const OID_BYTES: usize = 128;

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its identifier.
    pub tag: u8,
    /// Its content, as far as it is here.
    pub content: &'a [u8],
}

/// What an element's first bytes say of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Identifier, length and content together are so many bytes; the first of them is the content's.
    Known {
        /// Bytes of identifier and length.
        head: usize,
        /// Bytes of the whole element.
        whole: usize,
    },
    /// So many bytes are needed to tell.
    Need(usize),
    /// These bytes begin no element.
    Broken,
}

/// Reads the size of the element that begins with `bytes`.
pub fn size(bytes: &[u8]) -> Size {
    let mut reader = Reader::new(bytes);
    let Some(tag) = reader.u8() else {
        return Size::Need(2);
    };
    if tag & 0x1f == 0x1f {
        return Size::Broken;
    }
    let Some(first) = reader.u8() else {
        return Size::Need(2);
    };
    let extra = first & 0x7f;
    if first & 0x80 == 0 {
        return Size::Known { head: 2, whole: usize::from(first).saturating_add(2) };
    }
    if extra == 0 || extra > LENGTH_BYTES {
        return Size::Broken;
    }
    let head = usize::from(extra).saturating_add(2);
    let Some(length) = reader.take(usize::from(extra)) else {
        return Size::Need(head);
    };
    let length = length.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    Size::Known { head, whole: head.saturating_add(length) }
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Ber<'a> {
    rest: Reader<'a>,
    lax: bool,
}

impl<'a> Ber<'a> {
    /// Reads the elements of `bytes`; one that does not end in them is none.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: Reader::new(bytes), lax: false }
    }

    /// Reads the elements of the beginning of something: one that reaches beyond it is read as far as it goes.
    pub const fn lax(bytes: &'a [u8]) -> Self {
        Self { rest: Reader::new(bytes), lax: true }
    }

    /// The bytes not yet read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest.rest()
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The identifier of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.rest.rest().first().copied()
    }

    /// The next element.
    pub fn element(&mut self) -> Option<Tlv<'a>> {
        let Size::Known { head, whole } = size(self.rest.rest()) else {
            return None;
        };
        let whole = if self.lax { whole.min(self.rest.len()) } else { whole };
        let tag = self.peek()?;
        let content = self.rest.take(whole)?.get(head..)?;
        Some(Tlv { tag, content })
    }

    /// The content of the next element, where it has this identifier; else nothing is consumed.
    pub fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.peek() != Some(tag) {
            return None;
        }
        self.element().map(|element| element.content)
    }

    /// A reader of the next element, where it has this identifier; else nothing is consumed.
    pub fn open(&mut self, tag: u8) -> Option<Self> {
        let lax = self.lax;
        self.take(tag).map(|content| Self { rest: Reader::new(content), lax })
    }

    /// A reader of what is inside `[number]`, explicitly tagged: `[number] tag content`.
    pub fn explicit(&mut self, number: u8, tag: u8) -> Option<&'a [u8]> {
        self.open(tag::context(number))?.take(tag)
    }

    /// The next INTEGER that fits 64 bits.
    pub fn integer(&mut self) -> Option<i64> {
        self.take(tag::INTEGER).and_then(integer)
    }

    /// The elements that are left.
    pub fn elements(mut self) -> impl Iterator<Item = Tlv<'a>> {
        std::iter::from_fn(move || self.element())
    }
}

/// The value of an INTEGER or ENUMERATED that fits 64 bits.
pub fn integer(content: &[u8]) -> Option<i64> {
    let (first, _) = content.split_first()?;
    if content.len() > 8 {
        return None;
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Some(content.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte)))
}

/// Replaces a text by an object identifier with dots. Arcs of more than 64 bits are told as `?`. Tells whether there is any.
pub fn oid(content: &[u8], text: &mut Vec<u8>) -> bool {
    let content = content.get(..OID_BYTES).unwrap_or(content);
    text.clear();
    text.reserve(content.len().saturating_mul(3));
    let (mut arc, mut wide) = (0u64, false);
    for byte in content {
        // Most arcs are one byte.
        if arc == 0 && *byte < 0x80 && !wide && !text.is_empty() {
            match byte {
                0..=9 => text.extend_from_slice(&[b'.', b'0' + byte]),
                10..=99 => text.extend_from_slice(&[b'.', b'0' + byte / 10, b'0' + byte % 10]),
                _ => text.extend_from_slice(&[b'.', b'1', b'0' + byte / 10 % 10, b'0' + byte % 10]),
            }
            continue;
        }
        wide |= arc >> 57 != 0;
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            // The first two arcs share a number (X.690 8.19.4).
            let first = (arc / 40).min(2);
            digits::number(first, text);
            text.push(b'.');
            digits::number(arc.saturating_sub(first * 40), text);
        } else if wide {
            text.extend_from_slice(b".?");
        } else {
            text.push(b'.');
            digits::number(arc, text);
        }
        (arc, wide) = (0, false);
    }
    !text.is_empty()
}

/// The instant of a GeneralizedTime of the form `YYYYMMDDhhmmssZ`, from 1970 on.
pub fn time(content: &[u8]) -> Option<Timestamp> {
    let digits = content.first_chunk::<14>()?;
    if !digits.iter().all(u8::is_ascii_digit) || !content.ends_with(b"Z") {
        return None;
    }
    let mut digits = digits.iter().map(|digit| u64::from(digit.wrapping_sub(b'0')));
    let mut number = |n: usize| digits.by_ref().take(n).fold(0, |value, digit| value * 10 + digit);
    let (year, month, day, hour, minute, second) = (number(4), number(2), number(2), number(2), number(2), number(2));
    if !(1970..2500).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 {
        return None;
    }
    // Days by the proleptic Gregorian calendar, years beginning in March so that the leap day is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    let seconds = days * 86_400 + hour * 3_600 + minute.min(59) * 60 + second.min(60);
    Some(Timestamp::from_nanos(seconds.checked_mul(SECOND)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_from_the_first_bytes() {
        assert_eq!(size(b"\x30\x05"), Size::Known { head: 2, whole: 7 });
        assert_eq!(size(b"\x30\x84\0\0\x01\0"), Size::Known { head: 6, whole: 262 });
        assert_eq!(size(b"\x30\x82\x01"), Size::Need(4));
        for broken in [&b"\x30\x80"[..], b"\x30\x85\0\0\0\0\0", b"\x3f\x81\x01"] {
            assert_eq!(size(broken), Size::Broken, "{broken:02x?}");
        }
    }

    #[test]
    fn an_element_that_reaches_beyond_its_reader_is_none_or_what_is_there() {
        let bytes = b"\x30\x06\x04\x09abc";
        assert_eq!(Ber::new(bytes).open(tag::SEQUENCE).map(|ber| ber.rest()), None);
        let mut inside = Ber::lax(bytes).open(tag::SEQUENCE).unwrap();
        assert_eq!(inside.take(tag::OCTETS), Some(&b"abc"[..]));
        assert!(inside.is_empty());
    }

    #[test]
    fn another_identifier_consumes_nothing() {
        let mut ber = Ber::new(b"\x02\x01\x7f");
        assert_eq!(ber.take(tag::OCTETS), None);
        assert_eq!(ber.integer(), Some(127));
    }

    #[test]
    fn integers_have_a_sign() {
        for (content, value) in [(&b"\xff"[..], -1), (b"\x00\xff", 255), (b"\x80\x00\x00\x00", -2_147_483_648)] {
            assert_eq!(integer(content), Some(value));
        }
        assert_eq!(integer(b""), None);
        assert_eq!(integer(&[1; 9]), None);
    }

    #[test]
    fn object_identifiers_are_told_with_dots() {
        let mut told = b"what stood there".to_vec();
        for (content, text) in [
            (&b"\x2b\x06\x01\x02\x01\x01\x01\x00"[..], "1.3.6.1.2.1.1.1.0"),
            (b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", "1.2.840.113554.1.2.2"),
            (b"\x88\x37\x03", "2.999.3"),
            (b"\x2b\x09\x0a\x63\x64\x7f\x80\x05\x81\x00", "1.3.9.10.99.100.127.5.128"),
            (b"\x2b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01", "1.3.?.1"),
        ] {
            assert!(oid(content, &mut told));
            assert_eq!(told, text.as_bytes());
        }
        assert!(!oid(b"", &mut told));
    }

    #[test]
    fn times_are_instants() {
        assert_eq!(time(b"19700101000000Z"), Some(Timestamp::from_nanos(0)));
        assert_eq!(time(b"20370913024805Z"), Some(Timestamp::from_nanos(2_136_422_885 * SECOND)));
        assert_eq!(time(b"20000229235959.5Z"), Some(Timestamp::from_nanos(951_868_799 * SECOND)));
        for wrong in [&b"20370913024805"[..], b"20371313024805Z", b"2037Z", b"16010101000000Z"] {
            assert_eq!(time(wrong), None);
        }
    }
}
