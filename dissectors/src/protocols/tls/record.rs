//! Records of TLS (RFC 8446 5.1, RFC 5246 6.2) and their header: `type:1 version:2 length:2`.
//!
//! The version in a record's header is a courtesy to middleboxes and decides nothing.

use crate::reader::Reader;

/// Bytes of a header.
pub const HEADER: usize = 5;
/// The longest record: 2^14 bytes, and what encryption may add (RFC 5246 6.2.3).
pub const LENGTH_MAX: usize = (1 << 14) + 2048;
/// The shortest record that can hold encrypted bytes: the tag of an AEAD alone is 8 or more.
pub const ENCRYPTED_MIN: usize = 8;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All that this side sends from now on is encrypted (in TLS 1.3: nothing).
    ChangeCipherSpec,
    /// Something went wrong, or the end.
    Alert,
    /// Handshake messages.
    Handshake,
    /// Encrypted bytes.
    ApplicationData,
    /// RFC 6520.
    Heartbeat,
}

impl Kind {
    /// The content type of a number.
    pub fn new(number: u8) -> Option<Self> {
        Some(match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            24 => Self::Heartbeat,
            _ => return None,
        })
    }
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the record carries.
    pub kind: Kind,
    /// The version it is marked with.
    pub version: u16,
    /// How many bytes follow.
    pub len: usize,
}

impl Header {
    /// Reads a header; `None` where these bytes are none.
    pub fn read(bytes: [u8; HEADER]) -> Option<Self> {
        let mut reader = Reader::new(&bytes);
        let kind = Kind::new(reader.u8()?)?;
        let version = reader.be_u16().filter(|version| matches!(version, 0x0300..=0x0304))?;
        let len = usize::from(reader.be_u16()?);
        let fits = match kind {
            Kind::ChangeCipherSpec => len >= 1,
            Kind::Alert => len >= 2,
            Kind::Handshake | Kind::Heartbeat => len >= 1,
            // An empty record was once a defence (BEAST), though an encrypted one is not empty.
            Kind::ApplicationData => true,
        };
        (fits && len <= LENGTH_MAX).then_some(Self { kind, version, len })
    }

    /// Whether `bytes`, as far as they go, may begin a header.
    pub fn may_begin(bytes: &[u8]) -> bool {
        let may = |at: usize, fits: fn(u8) -> bool| bytes.get(at).is_none_or(|byte| fits(*byte));
        may(0, |kind| Kind::new(kind).is_some()) && may(1, |major| major == 3) && may(2, |minor| minor <= 4)
    }
}
