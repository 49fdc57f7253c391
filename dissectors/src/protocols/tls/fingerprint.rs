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
use crate::hex::{hex, hex_into};

/// How many hexadecimal digits of a hash JA4 keeps.
const JA4_DIGITS: usize = 12;

/// The JA3 of a ClientHello, 32 hexadecimal digits.
pub fn ja3(hello: &ClientHello<'_>) -> String {
    let mut text = format!("{},", hello.version);
    join(&mut text, hello.ciphers.meant());
    text.push(',');
    join(&mut text, hello.extensions.iter().map(|(kind, _)| kind).filter(|kind| !names::is_grease(*kind)));
    text.push(',');
    join(&mut text, hello.extensions.numbers(extension::GROUPS).meant());
    text.push(',');
    join(&mut text, hello.point_formats().iter().map(|format| u16::from(*format)));
    hex(&Md5::digest(text))
}

/// The JA3S of a ServerHello, 32 hexadecimal digits.
pub fn ja3s(hello: &ServerHello<'_>) -> String {
    let mut text = format!("{},{},", hello.fixed_version, hello.cipher);
    join(&mut text, hello.extensions.iter().map(|(kind, _)| kind));
    hex(&Md5::digest(text))
}

/// The JA4 of a ClientHello, 36 characters.
pub fn ja4(hello: &ClientHello<'_>, carrier: Carrier) -> String {
    let mut ciphers: Vec<u16> = hello.ciphers.meant().collect();
    let mut extensions: Vec<u16> =
        hello.extensions.iter().map(|(kind, _)| kind).filter(|kind| !names::is_grease(*kind)).collect();
    let server_name = if extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let mut text = format!(
        "{}{}{server_name}{:02}{:02}{}_",
        carrier.letter(),
        ja4_version(hello),
        ciphers.len().min(99),
        extensions.len().min(99),
        ja4_alpn(hello.extensions.alpn().next().unwrap_or_default()),
    );
    ciphers.sort_unstable();
    text.push_str(&ja4_hash(&hexadecimal(ciphers.into_iter())));
    text.push('_');
    extensions.retain(|kind| !matches!(*kind, extension::SERVER_NAME | extension::ALPN));
    extensions.sort_unstable();
    let mut told = hexadecimal(extensions.into_iter());
    let algorithms = hexadecimal(hello.extensions.numbers(extension::SIGNATURE_ALGORITHMS).meant());
    if !told.is_empty() && !algorithms.is_empty() {
        told.push('_');
        told.push_str(&algorithms);
    }
    text.push_str(&ja4_hash(&told));
    text
}

/// The newest version offered: the highest number, with DTLS the lowest.
fn ja4_version(hello: &ClientHello<'_>) -> &'static str {
    let datagrams = hello.version >> 8 == 0xfe;
    let offered = hello.versions().meant();
    let newest = if datagrams { offered.min() } else { offered.max() };
    match newest.unwrap_or(hello.version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// The first and last character of a protocol's name, or of its hexadecimal form where either is not alphanumeric.
fn ja4_alpn(name: &[u8]) -> String {
    let ends = |text: &[u8]| -> String {
        [text.first(), text.last()].into_iter().flatten().copied().map(char::from).collect()
    };
    match (name.first(), name.last()) {
        (Some(first), Some(last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => ends(name),
        (Some(_), Some(_)) => ends(hex(name).as_bytes()),
        _ => "00".to_owned(),
    }
}

fn ja4_hash(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(JA4_DIGITS);
    }
    let mut digits = hex(&Sha256::digest(text));
    digits.truncate(JA4_DIGITS);
    digits
}

/// Decimal numbers with `-` between them. Hellos hold a hundred of them, so the general formatter is not asked.
fn join(text: &mut String, numbers: impl Iterator<Item = u16>) {
    for (at, number) in numbers.enumerate() {
        if at > 0 {
            text.push('-');
        }
        for place in (0..=number.checked_ilog10().unwrap_or(0)).rev() {
            text.push(char::from(b'0' + (number / 10u16.pow(place) % 10) as u8));
        }
    }
}

/// Four hexadecimal digits each, with `,` between them.
fn hexadecimal(numbers: impl Iterator<Item = u16>) -> String {
    let mut text = String::with_capacity(numbers.size_hint().0.saturating_mul(5));
    for (at, number) in numbers.enumerate() {
        if at > 0 {
            text.push(',');
        }
        hex_into(&number.to_be_bytes(), &mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_fingerprints_have_them() {
        let numbers = [0, 9, 10, 255, 4865, u16::MAX];
        let mut text = String::new();
        join(&mut text, numbers.into_iter());
        assert_eq!(text, "0-9-10-255-4865-65535");
        assert_eq!(hexadecimal(numbers.into_iter()), "0000,0009,000a,00ff,1301,ffff");
    }

    #[test]
    fn the_alpn_of_ja4_is_its_ends_and_hexadecimal_where_they_are_odd() {
        assert_eq!(ja4_alpn(b"h2"), "h2");
        assert_eq!(ja4_alpn(b"http/1.1"), "h1");
        assert_eq!(ja4_alpn(b"x"), "xx");
        assert_eq!(ja4_alpn(b""), "00");
        assert_eq!(ja4_alpn(&[0xab]), "ab");
        assert_eq!(ja4_alpn(&[0x30, 0xab]), "3b");
    }
}
