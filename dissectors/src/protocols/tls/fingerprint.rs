//! Fingerprints of hellos: JA3 and JA3S (Salesforce), JA4 (FoxIO; of that family only this one is under a BSD licence).
//!
//! ```text
//! JA3   md5(version,ciphers,extensions,groups,point formats)   decimal, `-` between numbers, GREASE left out
//! JA3S  md5(version,cipher,extensions)                          as sent
//! JA4   a_b_c: a = carrier, version, `d` with a server name else `i`, count of ciphers, count of extensions, ALPN;
//!       b = sha256 of the sorted ciphers; c = sha256 of the sorted extensions without server name and ALPN, `_`, the signature
//!       algorithms in wire order; of each hash the first 12 hexadecimal digits; 0000... where there is nothing to hash
//! ```
//!
//! Only a whole hello has one. Extensions that stand twice count twice, as the wire has them.

use md5::{Digest, Md5};
use sha2::Sha256;

use super::hello::{ClientHello, ServerHello, extension};
use super::{Carrier, names};
use crate::digits;
use crate::hex;

/// How many bytes of a hash JA4 keeps, two hexadecimal digits each.
const JA4_BYTES: usize = 6;
/// What JA4 has in a hash's place where there is nothing to hash.
const JA4_NOTHING: [[u8; 2]; JA4_BYTES] = [*b"00"; JA4_BYTES];
/// The text of few JA3s is longer.
const JA3_USUAL: usize = 512;
/// The length of a JA4.
const JA4_LENGTH: usize = 36;

/// The JA3 of a ClientHello.
pub fn ja3(hello: &ClientHello<'_>) -> [u8; 16] {
    let mut text = Vec::with_capacity(JA3_USUAL);
    digits::number(u64::from(hello.version), &mut text);
    text.push(b',');
    join(&mut text, hello.ciphers.meant());
    text.push(b',');
    join(&mut text, hello.extensions.iter().map(|(kind, _)| kind).filter(|kind| !names::is_grease(*kind)));
    text.push(b',');
    join(&mut text, hello.extensions.numbers(extension::GROUPS).meant());
    text.push(b',');
    join(&mut text, hello.point_formats().iter().map(|format| u16::from(*format)));
    Md5::digest(text).into()
}

/// The JA3S of a ServerHello.
pub fn ja3s(hello: &ServerHello<'_>) -> [u8; 16] {
    let mut text = Vec::with_capacity(JA3_USUAL);
    for number in [hello.fixed_version, hello.cipher] {
        digits::number(u64::from(number), &mut text);
        text.push(b',');
    }
    join(&mut text, hello.extensions.iter().map(|(kind, _)| kind));
    Md5::digest(text).into()
}

/// The JA4 of a ClientHello, 36 characters.
pub fn ja4(hello: &ClientHello<'_>, carrier: Carrier) -> Box<[u8]> {
    let mut ciphers: Vec<u16> = hello.ciphers.meant().collect();
    let mut extensions: Vec<u16> =
        hello.extensions.iter().map(|(kind, _)| kind).filter(|kind| !names::is_grease(*kind)).collect();
    let server_name = if extensions.contains(&extension::SERVER_NAME) { b'd' } else { b'i' };
    let mut text = Vec::with_capacity(JA4_LENGTH);
    text.push(carrier.letter());
    text.extend_from_slice(ja4_version(hello));
    text.push(server_name);
    for count in [ciphers.len(), extensions.len()] {
        let count = count.min(99) as u8;
        text.extend([b'0' + count / 10, b'0' + count % 10]);
    }
    text.extend_from_slice(&ja4_alpn(hello.extensions.alpn().next().unwrap_or_default()));
    text.push(b'_');
    ciphers.sort_unstable();
    text.extend_from_slice(ja4_hash(&hexadecimal(ciphers.into_iter())).as_flattened());
    text.push(b'_');
    extensions.retain(|kind| !matches!(*kind, extension::SERVER_NAME | extension::ALPN));
    extensions.sort_unstable();
    let mut told = hexadecimal(extensions.into_iter());
    let algorithms = hexadecimal(hello.extensions.numbers(extension::SIGNATURE_ALGORITHMS).meant());
    if !told.is_empty() && !algorithms.is_empty() {
        told.push(b'_');
        told.extend_from_slice(&algorithms);
    }
    text.extend_from_slice(ja4_hash(&told).as_flattened());
    text.into()
}

/// The newest version offered: the highest number, with DTLS the lowest.
fn ja4_version(hello: &ClientHello<'_>) -> &'static [u8; 2] {
    let datagrams = hello.version >> 8 == 0xfe;
    let offered = hello.versions().meant();
    let newest = if datagrams { offered.min() } else { offered.max() };
    match newest.unwrap_or(hello.version) {
        0x0304 => b"13",
        0x0303 => b"12",
        0x0302 => b"11",
        0x0301 => b"10",
        0x0300 => b"s3",
        0x0002 => b"s2",
        0xfeff => b"d1",
        0xfefd => b"d2",
        0xfefc => b"d3",
        _ => b"00",
    }
}

/// The first and last character of a protocol's name, or of its hexadecimal form where either is not alphanumeric.
fn ja4_alpn(name: &[u8]) -> [u8; 2] {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else {
        return *b"00";
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first, last];
    }
    let ([high, _], [_, low]) = (hex::digits(first), hex::digits(last));
    [high, low]
}

fn ja4_hash(text: &[u8]) -> [[u8; 2]; JA4_BYTES] {
    if text.is_empty() {
        return JA4_NOTHING;
    }
    Sha256::digest(text).first_chunk::<JA4_BYTES>().map_or(JA4_NOTHING, |hash| hash.map(hex::digits))
}

/// Decimal numbers with `-` between them.
fn join(text: &mut Vec<u8>, numbers: impl Iterator<Item = u16>) {
    for (at, number) in numbers.enumerate() {
        if at > 0 {
            text.push(b'-');
        }
        digits::number(u64::from(number), text);
    }
}

/// Four hexadecimal digits each, with `,` between them.
fn hexadecimal(numbers: impl Iterator<Item = u16>) -> Vec<u8> {
    let (least, most) = numbers.size_hint();
    let mut text = Vec::with_capacity(most.unwrap_or(least).saturating_mul(5));
    for number in numbers {
        let [[a, b], [c, d]] = number.to_be_bytes().map(hex::digits);
        text.extend_from_slice(&[a, b, c, d, b',']);
    }
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_fingerprints_have_them() {
        let numbers = [0, 9, 10, 255, 4865, u16::MAX];
        let mut text = Vec::new();
        join(&mut text, numbers.into_iter());
        assert_eq!(text, b"0-9-10-255-4865-65535");
        assert_eq!(hexadecimal(numbers.into_iter()), b"0000,0009,000a,00ff,1301,ffff");
        assert_eq!(hexadecimal([].into_iter()), b"");
    }

    #[test]
    fn the_alpn_of_ja4_is_its_ends_and_hexadecimal_where_they_are_odd() {
        assert_eq!(ja4_alpn(b"h2"), *b"h2");
        assert_eq!(ja4_alpn(b"http/1.1"), *b"h1");
        assert_eq!(ja4_alpn(b"x"), *b"xx");
        assert_eq!(ja4_alpn(b""), *b"00");
        assert_eq!(ja4_alpn(&[0xab]), *b"ab");
        assert_eq!(ja4_alpn(&[0x30, 0xab]), *b"3b");
    }
}
