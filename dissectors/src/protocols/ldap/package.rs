//! Packages of SASL's security layers (RFC 4422 3.7): `length:4 package`, signed or sealed by the mechanism.
//!
//! ```text
//! Kerberos   0504 flags:1 ff EC:2 RRC:2 sequence:8, then the messages and EC bytes of checksum, turned right by RRC bytes   RFC 4121 4.2
//!            flags & 2: sealed
//! NTLM       01000000 checksum:8 sequence:4, then the messages, sealed or not                                            MS-NLMP 2.2.2.9
//! ```
//!
//! What the messages are is not trusted to a mark alone: only where a message of LDAP begins are they believed to be in the clear.

use crate::ber::tag;
use crate::reader::Reader;

/// The longest package.
const LONGEST: usize = 16 * 1024 * 1024;
/// Bytes of the length.
const LENGTH_BYTES: usize = 4;
/// Bytes of the mechanism's head.
const HEAD: usize = 16;

/// What a package holds.
pub enum Package<'a> {
    /// It takes so many bytes to tell.
    Need(usize),
    /// Messages, as far as they are here; the package has so many bytes with its length.
    Plain { messages: &'a [u8], whole: usize },
    /// Something sealed, or of a mechanism that is not known.
    Sealed,
    /// It is no package.
    Broken,
}

/// Reads a package, of which at most `limit` bytes are looked at.
pub fn read(bytes: &[u8], limit: usize) -> Package<'_> {
    let mut reader = Reader::new(bytes);
    let Some(length) = reader.be_u32().map(|length| length as usize) else {
        return Package::Need(LENGTH_BYTES);
    };
    if length > LONGEST {
        return Package::Broken;
    }
    let here = length.min(limit);
    let Some(mut package) = reader.sub(here) else {
        return Package::Need(LENGTH_BYTES.saturating_add(here));
    };
    let whole = LENGTH_BYTES.saturating_add(length);
    let messages = match package.array::<HEAD>() {
        Some([5, 4, flags, 0xff, ec_high, ec_low, rrc_high, rrc_low, ..]) if flags & 2 == 0 => {
            let checksum = usize::from(u16::from_be_bytes([ec_high, ec_low]));
            let turned = usize::from(u16::from_be_bytes([rrc_high, rrc_low]));
            match turned {
                0 => package.rest().get(..package.len().saturating_sub(if here == length { checksum } else { 0 })),
                _ if turned == checksum => package.rest().get(checksum..),
                _ => None,
            }
        }
        Some([1, 0, 0, 0, ..]) => Some(package.rest()),
        _ => None,
    };
    match messages.filter(|messages| messages.first() == Some(&tag::SEQUENCE) && has_id(messages)) {
        Some(messages) => Package::Plain { messages, whole },
        None => Package::Sealed,
    }
}

/// Whether a message begins with its id.
fn has_id(message: &[u8]) -> bool {
    let mut inside = crate::ber::Ber::lax(message).open(tag::SEQUENCE);
    inside.as_mut().and_then(crate::ber::Ber::integer).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"\x30\x05\x02\x01\x03\x42\x00";

    fn package(head: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let content = [head, &parts.concat()].concat();
        [&(content.len() as u32).to_be_bytes()[..], &content].concat()
    }

    #[test]
    fn messages_that_are_only_signed_are_read() {
        let after = package(b"\x05\x04\x01\xff\0\x02\0\0\0\0\0\0\0\0\0\x01", &[MESSAGE, b"cc"]);
        let before = package(b"\x05\x04\x01\xff\0\x02\0\x02\0\0\0\0\0\0\0\x01", &[b"cc", MESSAGE]);
        let ntlm = package(b"\x01\0\0\0checksum\0\0\0\0", &[MESSAGE]);
        for bytes in [after, before, ntlm] {
            assert!(matches!(read(&bytes, 1000), Package::Plain { messages: MESSAGE, whole } if whole == bytes.len()));
        }
    }

    #[test]
    fn what_is_sealed_stays_so() {
        for head in [b"\x05\x04\x03\xff\0\x02\0\0\0\0\0\0\0\0\0\x01", b"\x01\0\0\0checksum\0\0\0\0"] {
            assert!(matches!(read(&package(head, &[b"\x9anything"]), 1000), Package::Sealed));
        }
    }
}
