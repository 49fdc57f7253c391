//! Versions of QUIC: what each number means for the form of packets and for the keys of Initial packets.
//!
//! The salts are published constants: RFC 9001 5.2 and the drafts of it, RFC 9369 3.3, and of Google's and Facebook's versions their
//! sources. Drafts older than 22 had another header and are not read.

use crate::reader::Reader;

/// RFC 9000.
pub const V1: u32 = 1;
/// RFC 9369.
pub const V2: u32 = 0x6b33_43cf;

/// The number that stands in a Version Negotiation packet.
pub const NEGOTIATION: u32 = 0;

const SALT_22: [u8; 20] = *b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a";
const SALT_23: [u8; 20] = *b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02";
const SALT_29: [u8; 20] = *b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99";
const SALT_V1: [u8; 20] = *b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a";
const SALT_V2_DRAFT: [u8; 20] = *b"\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3";
const SALT_V2: [u8; 20] = *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9";
const SALT_Q050: [u8; 20] = *b"\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45";
const SALT_T050: [u8; 20] = *b"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10";
const SALT_T051: [u8; 20] = *b"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d";

/// How a version forms its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The long header of RFC 8999, encrypted Initial packets.
    Ietf {
        /// What Initial keys are made with.
        salt: &'static [u8; 20],
        /// Types and labels are those of version 2.
        second: bool,
        /// Frames are Google's, where CRYPTO is 8.
        google_frames: bool,
        /// The handshake is Google's own and not TLS.
        google_crypto: bool,
    },
    /// Google's Q046: a long header of its own, the handshake in the clear.
    Q046,
    /// Google's older versions: the public header, the handshake in the clear.
    Public,
}

const fn ietf(salt: &'static [u8; 20]) -> Form {
    Form::Ietf { salt, second: false, google_frames: false, google_crypto: false }
}

const fn second(salt: &'static [u8; 20]) -> Form {
    Form::Ietf { salt, second: true, google_frames: false, google_crypto: false }
}

const fn google(salt: &'static [u8; 20], google_crypto: bool) -> Form {
    Form::Ietf { salt, second: false, google_frames: true, google_crypto }
}

/// What is known of a version; nothing of those whose keys were never published.
pub fn form(version: u32) -> Option<Form> {
    Some(match version {
        V1 => ietf(&SALT_V1),
        V2 => second(&SALT_V2),
        0x709a_50c4 => second(&SALT_V2_DRAFT),
        // The drafts, by their number.
        0xff00_0016 => ietf(&SALT_22),
        0xff00_0017..=0xff00_001c => ietf(&SALT_23),
        0xff00_001d..=0xff00_0020 => ietf(&SALT_29),
        0xff00_0021..=0xff00_0022 => ietf(&SALT_V1),
        // Facebook's mvfst.
        0xface_b001 => ietf(&SALT_22),
        0xface_b002..=0xface_b00f => ietf(&SALT_23),
        _ => return google_form(version),
    })
}

/// Google's versions are four letters and digits.
fn google_form(version: u32) -> Option<Form> {
    match &version.to_be_bytes() {
        b"Q050" => Some(google(&SALT_Q050, true)),
        b"T050" => Some(google(&SALT_T050, false)),
        b"T051" => Some(google(&SALT_T051, false)),
        b"Q046" => Some(Form::Q046),
        [b'Q', b'0', tens @ b'0'..=b'4', ones @ b'0'..=b'9'] if (*tens, *ones) <= (b'4', b'3') => Some(Form::Public),
        _ => None,
    }
}

/// Whether a number is one of those that only ask for a Version Negotiation packet (RFC 9000 15).
pub fn is_reserved(version: u32) -> bool {
    version & 0x0f0f_0f0f == 0x0a0a_0a0a
}

/// Whether a number may stand in a list of versions.
pub fn is_plausible(version: u32) -> bool {
    form(version).is_some()
        || is_reserved(version)
        || matches!(version, 0xff00_0001..=0xff00_00ff | 0xface_b000..=0xface_bfff)
        || matches!(version.to_be_bytes(), [b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9'])
}

/// The versions of a list that fills the rest of a packet; `None` where it is none.
pub fn list(mut reader: Reader<'_>) -> Option<Vec<u32>> {
    /// More than anybody supports.
    const LIST_CAP: usize = 64;
    if reader.is_empty() || !reader.len().is_multiple_of(4) || reader.len() > 4 * LIST_CAP {
        return None;
    }
    let mut versions = Vec::new();
    while let Some(version) = reader.be_u32() {
        versions.push(version);
    }
    Some(versions)
}

/// A version as it is told: Google's in letters, all others in hexadecimal.
pub fn name(version: u32) -> String {
    let letters = version.to_be_bytes();
    match letters {
        [b'Q' | b'T', ..] if letters.iter().all(u8::is_ascii_alphanumeric) => {
            letters.iter().map(|letter| char::from(*letter)).collect()
        }
        _ => format!("0x{version:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_its_form() {
        let q = |name: &[u8; 4]| form(u32::from_be_bytes(*name));
        assert_eq!(form(V1), Some(ietf(&SALT_V1)));
        assert_eq!(form(0xff00_001c), Some(ietf(&SALT_23)));
        assert_eq!(form(0xff00_0015), None);
        assert_eq!(q(b"Q043"), Some(Form::Public));
        assert_eq!(q(b"Q024"), Some(Form::Public));
        assert_eq!(q(b"Q046"), Some(Form::Q046));
        assert_eq!(q(b"Q044"), None);
        assert_eq!(q(b"HTTP"), None);
        assert_eq!((name(V1), name(u32::from_be_bytes(*b"Q043"))), ("0x00000001".to_owned(), "Q043".to_owned()));
    }
}
