//! What a certificate says (RFC 5280): of a chain only the first, which is the speaker's own.
//!
//! The Certificate message up to TLS 1.2 (RFC 5246 7.4.2) is a 24-bit length, then certificates, each behind a 24-bit length.
//! In TLS 1.3 it is encrypted and never seen.

use std::fmt::Write;

use sha1::{Digest, Sha1};
use sha2::Sha256;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::name;
use crate::capped::{List, Text};
use crate::hex::hex;
use crate::reader::Reader;
use crate::time::{SECOND, Timestamp};

/// The largest certificate that is looked at.
pub const CERTIFICATE_CAP: usize = 32 * 1024;
/// The most alternative names that are kept.
pub const NAMES_CAP: usize = 32;

/// The facts of a certificate.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    /// Whose key it certifies.
    pub subject: Text,
    /// The subject's most specific common name.
    pub subject_cn: Option<Text>,
    /// Who certifies.
    pub issuer: Text,
    /// The issuer's most specific common name.
    pub issuer_cn: Option<Text>,
    /// The serial number in hexadecimal.
    pub serial: Text,
    /// First instant of validity, RFC 3339.
    pub not_before: Text,
    /// Last instant of validity, RFC 3339.
    pub not_after: Text,
    /// Alternative names: DNS names, addresses, mail addresses, URIs.
    pub alternatives: List<Text, NAMES_CAP>,
    /// Of the whole certificate, hexadecimal.
    pub sha1: String,
    /// Of the whole certificate, hexadecimal.
    pub sha256: String,
    /// Subject and issuer are the same name, and their key identifiers, where both are given, the same key. The signature itself is
    /// not checked: that would cost more than the rest of the session.
    pub self_signed: bool,
    /// The seconds since 1970 of its validity, first and last; nothing where it can't be read.
    pub validity: Option<(i64, i64)>,
}

impl Certificate {
    /// Reads a certificate in DER. Its hashes are told even where it can't be read.
    pub fn read(der: &[u8]) -> Self {
        let hashes = Self { sha1: hex(&Sha1::digest(der)), sha256: hex(&Sha256::digest(der)), ..Self::default() };
        let Ok((_, parsed)) = X509Certificate::from_der(der) else {
            return hashes;
        };
        let (subject, issuer, validity) = (parsed.subject(), parsed.issuer(), parsed.validity());
        let mut certificate = Self {
            subject: name::distinguished(subject),
            subject_cn: name::common(subject),
            issuer: name::distinguished(issuer),
            issuer_cn: name::common(issuer),
            serial: serial(parsed.raw_serial()),
            not_before: instant(&validity.not_before),
            not_after: instant(&validity.not_after),
            self_signed: !subject.as_raw().is_empty() && subject.as_raw() == issuer.as_raw(),
            validity: Some((validity.not_before.timestamp(), validity.not_after.timestamp())),
            ..hashes
        };
        let (mut own_key, mut signing_key) = (None, None);
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    for alternative in &names.general_names {
                        if let Some(text) = alternative_name(alternative) {
                            certificate.alternatives.push(text);
                        }
                    }
                }
                ParsedExtension::SubjectKeyIdentifier(key) => own_key = Some(key.0),
                ParsedExtension::AuthorityKeyIdentifier(key) => {
                    signing_key = key.key_identifier.as_ref().map(|key| key.0);
                }
                _ => {}
            }
        }
        if let (Some(own), Some(signing)) = (own_key, signing_key) {
            certificate.self_signed &= own == signing;
        }
        certificate
    }

    /// Whether it was not valid yet, or not any more, when it was shown; not where that is not known.
    pub fn is_expired(&self, shown: Timestamp) -> bool {
        let now = i64::try_from(shown.nanos() / SECOND).unwrap_or(i64::MAX);
        now > 0 && self.validity.is_some_and(|(first, last)| !(first..=last).contains(&now))
    }

    /// Bytes on the heap, roughly.
    pub fn heap_bytes(&self) -> usize {
        let texts = [&self.subject, &self.issuer, &self.serial, &self.not_before, &self.not_after];
        let texts: usize = texts.into_iter().chain(self.alternatives.items()).map(Text::heap_bytes).sum();
        texts + self.sha1.len() + self.sha256.len()
    }
}

/// The first certificate of a Certificate message's body, which may be cut behind it.
pub fn first_of_chain(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    reader.be_u24()?;
    let len = usize::try_from(reader.be_u24()?).ok().filter(|len| (1..=CERTIFICATE_CAP).contains(len))?;
    reader.take(len).filter(|der| der.starts_with(&[0x30]))
}

/// The serial number's bytes without the zero that keeps it positive.
fn serial(raw: &[u8]) -> Text {
    let digits = match raw {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    Text::new(hex(digits).as_bytes())
}

/// RFC 3339 in UTC, whole seconds.
fn instant(time: &ASN1Time) -> Text {
    let time = time.to_datetime();
    let mut text = String::new();
    let (hour, minute, second) = time.to_hms();
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let _ = write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    Text::from(text.as_str())
}

fn alternative_name(name: &GeneralName<'_>) -> Option<Text> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => Some(Text::from(*text)),
        GeneralName::IPAddress(bytes) => {
            if let Ok(four) = <[u8; 4]>::try_from(*bytes) {
                Some(Text::from(std::net::Ipv4Addr::from(four).to_string().as_str()))
            } else {
                let six = <[u8; 16]>::try_from(*bytes).ok()?;
                Some(Text::from(std::net::Ipv6Addr::from(six).to_string().as_str()))
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_keeps_every_digit_but_the_sign() {
        assert_eq!(serial(&[0, 0xa2, 0xd3]).bytes(), b"a2d3");
        assert_eq!(serial(&[0]).bytes(), b"00");
    }

    #[test]
    fn what_is_no_certificate_has_hashes_and_nothing_else() {
        let certificate = Certificate::read(b"0\x03abc");
        assert_eq!(certificate.sha1.len(), 40);
        assert!(certificate.subject.is_empty() && certificate.not_after.is_empty() && certificate.validity.is_none());
    }

    #[test]
    fn the_first_of_a_chain_may_be_all_that_is_there() {
        assert_eq!(first_of_chain(b"\x00\x00\x50\x00\x00\x02\x30\x00"), Some(&b"\x30\x00"[..]));
        assert_eq!(first_of_chain(b"\x00\x00\x50\x00\x00\x02\x30"), None);
        assert_eq!(first_of_chain(b"\x00\x00\x00"), None);
    }
}
