//! Distinguished names as text, the most specific part first (RFC 4514): `CN=www.example.com,O=Example,C=US`.
//!
//! Text that no string type explains is shown as it is; values that are no text at all as `#` and hexadecimal.

use std::fmt::Write;

use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::capped::Text;
use crate::hex::hex;

/// The most attributes of one name that are written.
const ATTRIBUTES_CAP: usize = 64;

/// A name as text.
pub fn distinguished(name: &X509Name<'_>) -> Text {
    let mut text = Vec::new();
    let parts: Vec<_> = name.iter_rdn().take(ATTRIBUTES_CAP).collect();
    for (at, part) in parts.into_iter().rev().enumerate() {
        for (inner, attribute) in part.iter().take(ATTRIBUTES_CAP).enumerate() {
            if at > 0 || inner > 0 {
                text.push(if inner > 0 { b'+' } else { b',' });
            }
            write_attribute(&mut text, attribute);
        }
    }
    Text::new(&text)
}

/// The most specific common name.
pub fn common(name: &X509Name<'_>) -> Option<Text> {
    name.iter_common_name().last().and_then(text_of).map(|text| Text::new(&text))
}

fn write_attribute(text: &mut Vec<u8>, attribute: &AttributeTypeAndValue<'_>) {
    let oid = attribute.attr_type().to_id_string();
    text.extend_from_slice(short_name(&oid).unwrap_or(&oid).as_bytes());
    text.push(b'=');
    match text_of(attribute) {
        Some(value) => write_escaped(text, &value),
        None => {
            text.push(b'#');
            text.extend_from_slice(hex(attribute.as_slice()).as_bytes());
        }
    }
}

/// RFC 4514 2.4: what would end a value early, or be lost at its ends, stands behind a backslash.
fn write_escaped(text: &mut Vec<u8>, value: &[u8]) {
    let last = value.len().saturating_sub(1);
    for (at, byte) in value.iter().enumerate() {
        let special = matches!(byte, b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\')
            || (at == 0 && matches!(byte, b' ' | b'#'))
            || (at == last && *byte == b' ');
        if special {
            text.push(b'\\');
        }
        text.push(*byte);
    }
}

/// An attribute's value in UTF-8, or in its own bytes where it claims to be text but is not UTF-8.
fn text_of(attribute: &AttributeTypeAndValue<'_>) -> Option<Vec<u8>> {
    let value = attribute.attr_value();
    let bytes = value.data;
    Some(match value.tag() {
        Tag::BmpString => {
            let units =
                bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(<[u8; 2]>::try_from(pair).ok()?)));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into()
        }
        Tag::UniversalString => {
            let points =
                bytes.chunks_exact(4).filter_map(|four| Some(u32::from_be_bytes(<[u8; 4]>::try_from(four).ok()?)));
            points.map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into()
        }
        // Meant to be T.61, written as Latin-1 by everyone.
        Tag::T61String if std::str::from_utf8(bytes).is_err() => {
            let mut text = String::new();
            for byte in bytes {
                let _ = text.write_char(char::from(*byte));
            }
            text.into()
        }
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::T61String
        | Tag::VisibleString
        | Tag::NumericString
        | Tag::GeneralString => bytes.to_vec(),
        _ => return None,
    })
}

/// The short name of an attribute type (RFC 4514 3, and what OpenSSL calls the others).
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.13" => "description",
        "2.5.4.15" => "businessCategory",
        "2.5.4.17" => "postalCode",
        "2.5.4.41" => "name",
        "2.5.4.42" => "GN",
        "2.5.4.46" => "dnQualifier",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "1.2.840.113549.1.9.2" => "unstructuredName",
        "1.3.6.1.4.1.311.60.2.1.1" => "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2" => "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3" => "jurisdictionC",
        _ => return None,
    })
}
