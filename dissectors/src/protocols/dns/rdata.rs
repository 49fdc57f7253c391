//! The data of records as text.
//!
//! The forms are those of zone files (each type's RFC), with these differences:
//! - names have no last dot; MX and SRV are told by the name alone to which they lead (and [`service_port`]), as preferences tell
//!   nothing of who is spoken to;
//! - several strings (TXT, SPF, HINFO) are joined by `;` as several answers are; a `;` inside one is written `\;`;
//! - keys and signatures are left out: DNSKEY is told by flags, protocol, algorithm and key tag, RRSIG up to the signer;
//! - types without a form of their own, and data that breaks its type's format, are written as RFC 3597 5 has it, `\# LENGTH
//!   HEX`, of which at most [`OPAQUE_BYTES`] bytes are shown.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::kinds::{kind, type_text};
use super::message::Entry;
use super::name;
use crate::digits;
use crate::reader::Reader;

/// Bytes of opaque data that are shown.
pub const OPAQUE_BYTES: usize = 64;
/// Types of an NSEC bitmap that are named.
pub const BITMAP_TYPES: usize = 32;

/// A record's data.
pub fn text(message: &[u8], record: &Entry) -> Vec<u8> {
    let mut out = Vec::new();
    append(message, record, &mut out);
    out
}

/// Appends a record's data.
pub fn append(message: &[u8], record: &Entry, out: &mut Vec<u8>) {
    let data = message.get(record.data.clone()).unwrap_or_default();
    let begin = out.len();
    let mut form = Form { message, end: record.data.end, reader: Reader::new(data), out, begin };
    if form.write(record.kind).is_none() || !form.reader.is_empty() {
        out.truncate(begin);
        opaque(out, data);
    }
}

/// The port of an SRV record (RFC 2782: `priority u16 | weight u16 | port u16 | target`).
pub fn service_port(message: &[u8], record: &Entry) -> Option<u16> {
    let mut reader = Reader::new(message.get(record.data.clone()).filter(|_| record.kind == kind::SRV)?);
    reader.array::<4>()?;
    reader.be_u16()
}

/// The key tag by which DS and RRSIG refer to a DNSKEY (RFC 4034 appendix B).
fn key_tag(rdata: &[u8]) -> u16 {
    let sum = rdata.chunks(2).fold(0u32, |sum, pair| {
        let (high, low) = (pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0));
        sum.wrapping_add(u32::from(u16::from_be_bytes([high, low])))
    });
    (sum.wrapping_add(sum >> 16) & 0xffff) as u16
}

fn opaque(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(format!("\\# {} ", data.len()).as_bytes());
    hex(out, data.get(..OPAQUE_BYTES).unwrap_or(data));
    if data.is_empty() {
        out.pop();
    }
}

fn hex(out: &mut Vec<u8>, data: &[u8]) {
    data.iter().for_each(|byte| out.extend(crate::hex::digits(*byte)));
}

/// One record's data being written. Every step gives `None` where the data does not fit its type.
struct Form<'m, 'o> {
    message: &'m [u8],
    end: usize,
    reader: Reader<'m>,
    out: &'o mut Vec<u8>,
    /// Where the record begins in what is written.
    begin: usize,
}

impl<'m> Form<'m, '_> {
    fn write(&mut self, kind: u16) -> Option<()> {
        match kind {
            1 => self.ipv4(),
            28 => self.ipv6(),
            // NS, MD, MF, CNAME, MB, MG, MR, PTR, NSAP-PTR, DNAME
            2..=5 | 7..=9 | 12 | 23 | 39 => self.name(),
            6 => self.soa(),
            // MINFO, RP, TALINK
            14 | 17 | 58 => self.all(&[Self::name, Self::name]),
            15 => {
                self.reader.be_u16()?;
                self.name()
            }
            // TXT, SPF, HINFO, X25, ISDN, AVC, NINFO, RESINFO, WALLET
            16 | 99 | 13 | 19 | 20 | 258 | 56 | 261 | 262 => self.strings(),
            // AFSDB, RT, KX, LP
            18 | 21 | 36 | 107 => self.all(&[Self::u16, Self::name]),
            // KEY, DNSKEY, CDNSKEY
            25 | 48 | 60 => self.key(),
            // SIG, RRSIG
            24 | 46 => self.signature(),
            29 => self.location(),
            33 => {
                self.reader.array::<6>()?;
                self.name()
            }
            35 => self.all(&[Self::u16, Self::u16, Self::quoted, Self::quoted, Self::quoted, Self::name]),
            // DS, CDS, DLV, TA
            43 | 59 | 32769 | 32768 => self.all(&[Self::u16, Self::u8, Self::u8, Self::hex_rest]),
            44 => self.all(&[Self::u8, Self::u8, Self::hex_rest]),
            47 => self.all(&[Self::name, Self::types]),
            50 => self.all(&[Self::u8, Self::u8, Self::u16, Self::salt, Self::hashed, Self::types]),
            51 => self.all(&[Self::u8, Self::u8, Self::u16, Self::salt]),
            // TLSA, SMIMEA
            52 | 53 => self.all(&[Self::u8, Self::u8, Self::u8, Self::hex_rest]),
            62 => self.all(&[Self::u32, Self::u16, Self::types]),
            63 => self.all(&[Self::u32, Self::u8, Self::u8, Self::hex_rest]),
            // SVCB, HTTPS
            64 | 65 => self.all(&[Self::u16, Self::name, Self::service]),
            // EUI48, EUI64
            108 | 109 => self.eui(),
            256 => self.all(&[Self::u16, Self::u16, Self::quoted_rest]),
            257 => self.certification_authority(),
            _ => None,
        }
    }

    /// Parts with a space between each two that write something.
    fn all(&mut self, parts: &[fn(&mut Self) -> Option<()>]) -> Option<()> {
        for part in parts {
            let before = self.out.len();
            if before > self.begin {
                self.out.push(b' ');
            }
            let started = self.out.len();
            part(self)?;
            if self.out.len() == started {
                self.out.truncate(before);
            }
        }
        Some(())
    }

    fn display(&mut self, value: impl std::fmt::Display) -> Option<()> {
        self.out.extend_from_slice(value.to_string().as_bytes());
        Some(())
    }

    fn number(&mut self, value: impl Into<u64>) -> Option<()> {
        digits::number(value.into(), self.out);
        Some(())
    }

    fn u8(&mut self) -> Option<()> {
        let value = self.reader.u8()?;
        self.number(value)
    }

    fn u16(&mut self) -> Option<()> {
        let value = self.reader.be_u16()?;
        self.number(value)
    }

    fn u32(&mut self) -> Option<()> {
        let value = self.reader.be_u32()?;
        self.number(value)
    }

    fn ipv4(&mut self) -> Option<()> {
        digits::ipv4(self.reader.array::<4>()?.into(), self.out);
        Some(())
    }

    fn ipv6(&mut self) -> Option<()> {
        let address = Ipv6Addr::from(self.reader.array::<16>()?);
        self.display(address)
    }

    /// A name, which may point into the whole message but must end inside the data.
    fn name(&mut self) -> Option<()> {
        let at = self.end.checked_sub(self.reader.len())?;
        let (name, after) = name::read(self.message, at).ok()?;
        self.reader.skip(after.checked_sub(at)?)?;
        self.out.extend_from_slice(&name.text);
        Some(())
    }

    fn soa(&mut self) -> Option<()> {
        self.all(&[Self::name, Self::name, Self::u32, Self::u32, Self::u32, Self::u32, Self::u32])
    }

    fn string(&mut self) -> Option<&'m [u8]> {
        let length = self.reader.u8()?;
        self.reader.take(usize::from(length))
    }

    fn strings(&mut self) -> Option<()> {
        let mut any = false;
        while !self.reader.is_empty() {
            let string = self.string()?;
            if string.is_empty() {
                continue;
            }
            if any {
                self.out.push(b';');
            }
            any = true;
            name::escape(self.out, string, b";\\");
        }
        Some(())
    }

    fn quote(&mut self, string: &[u8]) -> Option<()> {
        self.out.push(b'"');
        name::escape(self.out, string, b"\";\\");
        self.out.push(b'"');
        Some(())
    }

    fn quoted(&mut self) -> Option<()> {
        let string = self.string()?;
        self.quote(string)
    }

    fn quoted_rest(&mut self) -> Option<()> {
        let rest = self.rest()?;
        self.quote(rest)
    }

    fn rest(&mut self) -> Option<&'m [u8]> {
        self.reader.take(self.reader.len())
    }

    fn hex_rest(&mut self) -> Option<()> {
        let rest = self.rest()?;
        hex(self.out, rest.get(..OPAQUE_BYTES).unwrap_or(rest));
        Some(())
    }

    fn key(&mut self) -> Option<()> {
        let tag = key_tag(self.reader.rest());
        self.all(&[Self::u16, Self::u8, Self::u8])?;
        self.rest()?;
        self.display(format_args!(" {tag}"))
    }

    fn covered(&mut self) -> Option<()> {
        let kind = self.reader.be_u16()?;
        self.display(type_text(kind))
    }

    fn signature(&mut self) -> Option<()> {
        let head: [fn(&mut Self) -> Option<()>; 8] =
            [Self::covered, Self::u8, Self::u8, Self::u32, Self::u32, Self::u32, Self::u16, Self::name];
        self.all(&head)?;
        self.rest().map(|_| ())
    }

    fn salt(&mut self) -> Option<()> {
        let salt = self.string()?;
        if salt.is_empty() {
            self.out.push(b'-');
        }
        hex(self.out, salt);
        Some(())
    }

    /// A hashed owner name in base32 with the extended hex alphabet (RFC 4648 7), unpadded.
    fn hashed(&mut self) -> Option<()> {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
        let hash = self.string()?;
        let (mut held, mut bits) = (0u32, 0u32);
        for &byte in hash {
            held = (held << 8 | u32::from(byte)) & 0xffff;
            bits = bits.saturating_add(8);
            while bits >= 5 {
                bits = bits.saturating_sub(5);
                self.out.extend(DIGITS.get((held >> bits & 31) as usize));
            }
        }
        if bits > 0 {
            self.out.extend(DIGITS.get((held << 5u32.saturating_sub(bits) & 31) as usize));
        }
        Some(())
    }

    /// The type bitmap of NSEC, NSEC3 and CSYNC (RFC 4034 4.1.2).
    fn types(&mut self) -> Option<()> {
        let mut named = 0usize;
        while !self.reader.is_empty() {
            let (window, length) = (self.reader.u8()?, self.reader.u8()?);
            let length = usize::from(length);
            if !(1..=32).contains(&length) {
                return None;
            }
            for (octet, bits) in (0u16..).zip(self.reader.take(length)?) {
                for bit in (0..8u16).filter(|bit| bits & (0x80 >> bit) != 0) {
                    named = named.saturating_add(1);
                    if named > BITMAP_TYPES {
                        continue;
                    }
                    if named > 1 {
                        self.out.push(b' ');
                    }
                    self.display(type_text(u16::from(window) << 8 | octet << 3 | bit))?;
                }
            }
        }
        Some(())
    }

    fn eui(&mut self) -> Option<()> {
        for (at, &byte) in self.rest()?.iter().enumerate() {
            if at > 0 {
                self.out.push(b'-');
            }
            hex(self.out, &[byte]);
        }
        Some(())
    }

    /// CAA (RFC 8659 4.1).
    fn certification_authority(&mut self) -> Option<()> {
        self.u8()?;
        let tag = self.string()?;
        self.out.push(b' ');
        name::escape(self.out, tag, b";\\");
        self.out.push(b' ');
        self.quoted_rest()
    }

    /// The parameters of SVCB and HTTPS (RFC 9460 2.1, 14.3.2).
    fn service(&mut self) -> Option<()> {
        let mut any = false;
        while !self.reader.is_empty() {
            if std::mem::replace(&mut any, true) {
                self.out.push(b' ');
            }
            let key = self.reader.be_u16()?;
            let length = self.reader.be_u16()?;
            let mut value = self.reader.sub(usize::from(length))?;
            match key {
                0 => {
                    let keys = std::iter::from_fn(|| value.be_u16()).map(service_key);
                    self.parameter("mandatory", keys)
                }
                1 => {
                    self.out.extend_from_slice(b"alpn=");
                    let mut first = true;
                    while let Some(id) = value.u8().and_then(|length| value.take(usize::from(length))) {
                        if !std::mem::take(&mut first) {
                            self.out.push(b',');
                        }
                        name::escape(self.out, id, b",;\\");
                    }
                }
                2 => self.out.extend_from_slice(b"no-default-alpn"),
                3 => self.parameter("port", value.be_u16().into_iter()),
                4 => self.parameter("ipv4hint", std::iter::from_fn(|| value.array().map(Ipv4Addr::from))),
                6 => self.parameter("ipv6hint", std::iter::from_fn(|| value.array().map(Ipv6Addr::from))),
                7 => {
                    self.out.extend_from_slice(b"dohpath=");
                    name::escape(self.out, value.rest(), b";\\");
                }
                // Keys of encrypted ClientHellos and whatever has no name: their size says enough.
                _ => {
                    self.parameter(&service_key(key), std::iter::once(format_args!("({length})")));
                }
            }
        }
        Some(())
    }

    fn parameter<T: std::fmt::Display>(&mut self, key: &str, values: impl Iterator<Item = T>) {
        let mut text = format!("{key}=");
        for (at, value) in values.enumerate() {
            if at > 0 {
                text.push(',');
            }
            let _ = write!(text, "{value}");
        }
        self.out.extend_from_slice(text.as_bytes());
    }

    /// LOC (RFC 1876 2 and 3): degrees, minutes, seconds of both axes, then altitude, size and precisions in metres.
    fn location(&mut self) -> Option<()> {
        let version = self.reader.u8()?;
        if version != 0 {
            return None;
        }
        let metres = |byte: u8| f64::from(byte >> 4) * 10f64.powi(i32::from(byte & 0x0f)) / 100.0;
        let (size, horizontal, vertical) = (self.reader.u8()?, self.reader.u8()?, self.reader.u8()?);
        for (positive, negative) in [('N', 'S'), ('E', 'W')] {
            // Thousandths of a second of arc from the equator or the prime meridian, which are 2^31.
            let arc = self.reader.be_u32()?;
            let off = arc.abs_diff(1 << 31);
            let (degrees, minutes, millis) = (off / 3_600_000, off / 60_000 % 60, off % 60_000);
            let side = if arc >= 1 << 31 { positive } else { negative };
            self.display(format_args!("{degrees} {minutes} {}.{:03} {side} ", millis / 1000, millis % 1000))?;
        }
        let altitude = f64::from(self.reader.be_u32()?) / 100.0 - 100_000.0;
        let (size, horizontal, vertical) = (metres(size), metres(horizontal), metres(vertical));
        self.display(format_args!("{altitude:.2}m {size:.2}m {horizontal:.2}m {vertical:.2}m"))
    }
}

fn service_key(key: u16) -> String {
    let name = match key {
        0 => "mandatory",
        1 => "alpn",
        2 => "no-default-alpn",
        3 => "port",
        4 => "ipv4hint",
        5 => "ech",
        6 => "ipv6hint",
        7 => "dohpath",
        8 => "ohttp",
        other => return format!("key{other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::message::Section;
    use super::*;

    /// The text of data that stands alone behind a header and the name `example` at 12.
    fn of(kind: u16, data: &[u8]) -> String {
        let message = [&[0; 12][..], b"\x07example\0", data].concat();
        let record = Entry { section: Section::Answer, name_at: 12, kind, class: 1, ttl: 0, data: 21..21 + data.len() };
        String::from_utf8(text(&message, &record)).unwrap()
    }

    #[test]
    fn each_type_has_its_form() {
        assert_eq!(of(1, &[192, 0, 2, 1]), "192.0.2.1");
        assert_eq!(of(28, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "2001:db8::1");
        assert_eq!(of(5, b"\x03www\xc0\x0c"), "www.example");
        assert_eq!(of(15, b"\0\x0a\x02mx\xc0\x0c"), "mx.example");
        assert_eq!(
            of(6, b"\xc0\x0c\x01h\xc0\x0c\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05"),
            "example h.example 1 2 3 4 5"
        );
        assert_eq!(of(16, b"\x06v=a; b\x00\x01c"), "v=a\\; b;c");
        assert_eq!(of(33, b"\0\x01\0\x02\x14\xe9\xc0\x0c"), "example");
        assert_eq!(
            of(35, b"\0\x0a\0\x14\x01U\x07E2U+sip\x0b!^.*$!sip:!\0"),
            "10 20 \"U\" \"E2U+sip\" \"!^.*$!sip:!\" ."
        );
        assert_eq!(of(43, b"\x4f\x66\x08\x02\xab\xcd"), "20326 8 2 abcd");
        assert_eq!(of(257, b"\x80\x05issueca.example"), "128 issue \"ca.example\"");
        assert_eq!(of(47, b"\xc0\x0c\0\x06\x40\0\0\x08\0\x03\x01\x01\x40"), "example A AAAA RRSIG NSEC CAA");
        assert_eq!(of(51, b"\x01\0\0\x0a\0"), "1 0 10 -");
        assert_eq!(of(52, b"\x03\x01\x01\xff"), "3 1 1 ff");
        assert_eq!(of(108, &[0, 0x11, 0x22, 0xaa, 0xbb, 0xff]), "00-11-22-aa-bb-ff");
        assert_eq!(of(256, b"\0\x0a\0\x01http://a/"), "10 1 \"http://a/\"");
    }

    #[test]
    fn a_service_binding_names_its_parameters() {
        let data = b"\0\x01\0\0\x01\0\x06\x02h2\x02h3\0\x04\0\x04\xc0\0\x02\x01\0\x05\0\x03abc\xff\x00\0\0";
        assert_eq!(of(65, data), "1 . alpn=h2,h3 ipv4hint=192.0.2.1 ech=(3) key65280=(0)");
        assert_eq!(of(64, b"\0\0\xc0\x0c"), "0 example");
    }

    #[test]
    fn keys_and_signatures_are_told_by_their_tag() {
        assert_eq!(of(48, b"\x01\x01\x03\x08\x01\x02\x03"), "257 3 8 2059");
        let signature = b"\0\x01\x08\x02\0\0\x0e\x10\0\0\0\x02\0\0\0\x01\x4f\x66\xc0\x0cSIGNATURE";
        assert_eq!(of(46, signature), "A 8 2 3600 2 1 20326 example");
    }

    #[test]
    fn a_hashed_name_is_base32() {
        let data = b"\x01\x01\0\x01\x02\xab\xcd\x05\x00\x44\x32\x14\xc7\0\x01\x40";
        assert_eq!(of(50, data), "1 1 1 abcd 01234567 A");
    }

    #[test]
    fn a_location_has_degrees_and_metres() {
        let data = b"\0\x12\x16\x13\x8b\x3c\xf0\x18\x81\x0c\xbc\xe0\x00\x98\x95\xb8";
        assert_eq!(of(29, data), "52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m");
    }

    #[test]
    fn what_does_not_fit_its_type_is_told_as_bytes() {
        assert_eq!(of(1, &[1, 2, 3]), "\\# 3 010203");
        assert_eq!(of(1, &[1, 2, 3, 4, 5]), "\\# 5 0102030405");
        assert_eq!(of(5, b"\x03ww"), "\\# 3 037777");
        assert_eq!(of(65280, b""), "\\# 0");
        assert_eq!(of(10, &[0xaa; 1000]).len(), "\\# 1000 ".len() + 2 * OPAQUE_BYTES);
    }
}
