//! Long headers (RFC 8999 5.1, RFC 9000 17.2), one after another in a datagram.
//!
//! ```text
//! any        1......:1 version:4 dcid_length:1 dcid scid_length:1 scid ...
//! Initial    1 1 type:2 ....  token_length:varint token length:varint packet_number:1..4 payload
//! 0-RTT, Handshake                                length:varint packet_number payload
//! Retry      token, 16 bytes of tag
//! Version Negotiation   version 0, then the versions that the server speaks
//! ```

use super::version::{self, Form};
use crate::reader::Reader;

/// The longest connection id.
pub const ID_MAX: usize = 20;
/// The long header's mark.
const LONG: u8 = 0x80;
/// The fixed bit. It need not be set where both sides know (RFC 9287), so it is no evidence where the version is.
const FIXED: u8 = 0x40;
/// The tag at a Retry packet's end.
const RETRY_TAG: usize = 16;

/// Types of packets with a long header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The beginning of a handshake.
    Initial,
    /// What the client says before it was answered.
    ZeroRtt,
    /// The rest of a handshake.
    Handshake,
    /// The server wants proof of the client's address.
    Retry,
}

impl Kind {
    fn new(first: u8, second: bool) -> Self {
        match ((first >> 4) & 3).wrapping_sub(u8::from(second)) & 3 {
            0 => Self::Initial,
            1 => Self::ZeroRtt,
            2 => Self::Handshake,
            _ => Self::Retry,
        }
    }
}

/// A variable-length integer (RFC 9000 16).
pub fn varint(reader: &mut Reader<'_>) -> Option<u64> {
    let first = *reader.rest().first()?;
    let value = match first >> 6 {
        0 => u64::from(reader.u8()?),
        1 => u64::from(reader.be_u16()? & 0x3fff),
        2 => u64::from(reader.be_u32()? & 0x3fff_ffff),
        _ => reader.be_u64()? & 0x3fff_ffff_ffff_ffff,
    };
    Some(value)
}

/// A packet with a long header of a version that is known.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its version.
    pub version: u32,
    /// How that forms packets.
    pub form: Form,
    /// The receiver's connection id.
    pub dcid: &'a [u8],
    /// The sender's connection id.
    pub scid: &'a [u8],
    /// The length of the token.
    pub token: usize,
    /// The packet from its first byte, as far as it is here.
    pub bytes: &'a [u8],
    /// Where in it the packet number begins.
    pub number_at: usize,
    /// The packet goes on behind what was captured.
    pub cut: bool,
}

/// What a datagram begins with.
#[derive(Clone, Debug)]
pub enum Long<'a> {
    /// A packet; the reader stands behind it.
    Packet(Packet<'a>),
    /// The versions that a server speaks.
    Negotiation(Vec<u32>),
    /// A version that means nothing, to be refused.
    Reserved {
        /// Its number.
        version: u32,
        /// The length of the receiver's connection id.
        dcid: usize,
    },
}

impl<'a> Long<'a> {
    /// Reads what the rest of a datagram begins with. `None` where that is no long header of QUIC.
    pub fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let bytes = reader.rest();
        let first = reader.u8().filter(|first| first & LONG != 0)?;
        let version = reader.be_u32()?;
        let form = version::form(version);
        if form == Some(Form::Q046) {
            return None;
        }
        let dcid = identifier(reader)?;
        let scid = identifier(reader)?;
        if version == version::NEGOTIATION {
            let versions = version::list(*reader)?;
            reader.skip(reader.len())?;
            return Some(Self::Negotiation(versions));
        }
        let Some(form @ Form::Ietf { second, .. }) = form else {
            let reserved = (first & FIXED != 0 && version::is_reserved(version))
                .then_some(Self::Reserved { version, dcid: dcid.len() });
            reader.skip(reader.len())?;
            return reserved;
        };
        let kind = Kind::new(first, second);
        let packet = Packet { kind, version, form, dcid, scid, token: 0, bytes, number_at: 0, cut: false };
        packet.measure(reader).map(Self::Packet)
    }
}

impl Packet<'_> {
    /// Finds the packet's end; the reader is behind its connection ids.
    fn measure(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        if self.kind == Kind::Retry {
            let token = reader.len().checked_sub(RETRY_TAG)?;
            reader.skip(reader.len())?;
            return Some(Self { token, ..self });
        }
        if self.kind == Kind::Initial {
            self.token = usize::try_from(varint(reader)?).ok()?;
            if reader.skip(self.token).is_none() {
                // A snapshot ends in the token.
                reader.skip(reader.len())?;
                return (self.token < usize::from(u16::MAX)).then_some(Self { cut: true, ..self });
            }
        }
        let len = usize::try_from(varint(reader)?).ok().filter(|len| (20..=usize::from(u16::MAX)).contains(len))?;
        self.number_at = self.bytes.len().saturating_sub(reader.len());
        self.cut = len > reader.len();
        reader.skip(len.min(reader.len()))?;
        self.bytes = self.bytes.get(..self.bytes.len().saturating_sub(reader.len()))?;
        Some(self)
    }

    /// The handshake is TLS.
    pub fn speaks_tls(&self) -> bool {
        matches!(self.form, Form::Ietf { google_crypto: false, .. })
    }
}

fn identifier<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let len = reader.u8().map(usize::from).filter(|len| *len <= ID_MAX)?;
    reader.take(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_version_counts_its_types_from_one() {
        let kinds = |second| [0xc0, 0xd0, 0xe0, 0xf0].map(|first| Kind::new(first, second));
        assert_eq!(kinds(false), [Kind::Initial, Kind::ZeroRtt, Kind::Handshake, Kind::Retry]);
        assert_eq!(kinds(true), [Kind::Retry, Kind::Initial, Kind::ZeroRtt, Kind::Handshake]);
    }

    #[test]
    fn integers_tell_their_length() {
        for (bytes, value) in [
            (&b"\x25"[..], 37),
            (b"\x7b\xbd", 15_293),
            (b"\x9d\x7f\x3e\x7d", 494_878_333),
            (b"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", 151_288_809_941_952_652),
        ] {
            assert_eq!(varint(&mut Reader::new(bytes)), Some(value));
        }
    }

    #[test]
    fn a_negotiation_is_a_list_of_versions() {
        let packet = b"\x80\0\0\0\0\x02ab\x03xyz\0\0\0\x01\x6b\x33\x43\xcf";
        let read = |bytes: &[u8]| match Long::read(&mut Reader::new(bytes)) {
            Some(Long::Negotiation(versions)) => versions,
            _ => Vec::new(),
        };
        assert_eq!(read(packet), [version::V1, version::V2]);
        assert!(read(&packet[..packet.len() - 1]).is_empty());
    }
}
