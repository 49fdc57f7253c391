//! OpenVPN's packets. Over TCP each is behind its length in two bytes.
//!
//! ```text
//! control    opcode:5 bits key:3 bits  session:8  acknowledged:1 [number:4]... [the other's session:8]  [number:4] TLS
//! tls-auth   opcode and key:1  session:8  digest:16 to 64  packet:4 time:4  acknowledged:1 ... as above
//! tls-crypt  opcode and key:1  session:8  packet:4 time:4 digest:32  encrypted
//! data       opcode and key:1  [peer:3]  encrypted
//! ```
//!
//! An acknowledgement has no number of its own, and no TLS.

use std::ops::RangeInclusive;

use crate::protocol::Role;
use crate::reader::Reader;

/// Lengths of packets over TCP.
pub(super) const LENGTHS: RangeInclusive<usize> = 14..=2047;
/// The most acknowledgements in a packet.
const ACKNOWLEDGED: usize = 8;
/// Lengths of digests: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512; the usual first.
const DIGESTS: [usize; 6] = [20, 32, 64, 16, 48, 28];
const CRYPT_DIGEST: usize = 32;
/// No clock of such a session is before 2002 or after 2056.
const TIMES: RangeInclusive<u32> = 0x3c00_0000..=0xa200_0000;
/// No session sends so many control packets before its first TLS message.
const EARLY_PACKETS: u32 = 4096;
/// The number of packets that bring a client's key (tls-crypt-v2) and cookies.
const EARLY_NEGOTIATION: u32 = 0x0f00_0000;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    ClientReset,
    ServerReset,
    SoftReset,
    Control,
    Acknowledge,
    /// With its format.
    Data(u8),
}

impl Opcode {
    const fn read(number: u8) -> Option<Self> {
        Some(match number {
            7 | 10 => Self::ClientReset,
            8 => Self::ServerReset,
            3 => Self::SoftReset,
            4 | 11 => Self::Control,
            5 => Self::Acknowledge,
            6 => Self::Data(1),
            9 => Self::Data(2),
            _ => return None,
        })
    }

    /// Who sends it, if only one side does.
    pub(super) const fn sender(self) -> Option<Role> {
        match self {
            Self::ClientReset => Some(Role::Client),
            Self::ServerReset => Some(Role::Server),
            _ => None,
        }
    }

    pub(super) const fn data_format(self) -> Option<u8> {
        match self {
            Self::Data(format) => Some(format),
            _ => None,
        }
    }
}

/// What is around control packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    None,
    /// A digest of so many bytes.
    Auth(usize),
    Crypt,
    CryptV2,
}

impl Wrapping {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Auth(_) => "tls-auth",
            Self::Crypt => "tls-crypt",
            Self::CryptV2 => "tls-crypt-v2",
        }
    }
}

/// A digest's name by its length.
pub(super) const fn digest(length: usize) -> &'static str {
    match length {
        16 => "MD5",
        20 => "SHA1",
        28 => "SHA224",
        32 => "SHA256",
        48 => "SHA384",
        _ => "SHA512",
    }
}

/// A packet.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub opcode: Opcode,
    /// Whether a client brings its own key with its reset.
    brings_key: bool,
    pub key: u8,
    /// Of data: nothing.
    pub session: [u8; 8],
    rest: &'a [u8],
}

/// What lies open in a control packet.
#[derive(Debug)]
pub(super) struct Inside<'a> {
    pub acknowledged: usize,
    /// Absent in an acknowledgement.
    pub number: Option<u32>,
    pub payload: &'a [u8],
}

/// The length before a packet over TCP, and what follows it.
pub(super) fn framed(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut reader = Reader::new(bytes);
    let length = reader.be_u16()?;
    Some((usize::from(length), reader.rest()))
}

/// Whether a role's first packet may begin with a byte.
pub(super) fn may_begin(role: Role, first: u8) -> bool {
    match Opcode::read(first >> 3) {
        Some(Opcode::Data(_) | Opcode::Acknowledge) | None => false,
        Some(opcode) => first & 7 == 0 && opcode.sender().is_none_or(|sender| sender == role),
    }
}

/// Whether bytes look like a packet that a role sends after its first.
pub(super) fn may_follow(role: Role, bytes: &[u8]) -> bool {
    read(bytes).is_some_and(|packet| packet.opcode.sender().is_none_or(|sender| sender == role) && bytes.len() >= 14)
}

/// Reads a packet.
pub(super) fn read(bytes: &[u8]) -> Option<Packet<'_>> {
    let mut reader = Reader::new(bytes);
    let first = reader.u8()?;
    let opcode = Opcode::read(first >> 3)?;
    let session = if opcode.data_format().is_some() { [0; 8] } else { reader.array()? };
    Some(Packet { opcode, brings_key: first >> 3 == 10, key: first & 7, session, rest: reader.rest() })
}

impl<'a> Packet<'a> {
    /// Whether the session's mark may be random: numbers of others have zeros.
    fn is_random(&self) -> bool {
        self.session.iter().filter(|byte| **byte == 0).count() <= 2
    }

    /// What is around it, where its fields tell; `known` is what was around those before it.
    pub(super) fn wrapping(&self, known: Option<Wrapping>) -> Option<Wrapping> {
        if known.is_some() || self.key != 0 || !self.is_random() || self.opcode.data_format().is_some() {
            return known;
        }
        let resets = matches!(self.opcode, Opcode::ClientReset | Opcode::ServerReset);
        let fits = |wrapping| {
            self.inside(wrapping).is_some_and(|inside| {
                // A reset is the first of all, and has nothing in it.
                if resets { inside.number == Some(0) && inside.payload.is_empty() } else { inside.acknowledged <= 4 }
            })
        };
        let open = std::iter::once(Wrapping::None).chain(DIGESTS.into_iter().map(Wrapping::Auth));
        if let Some(wrapping) = open.into_iter().find(|wrapping| fits(*wrapping)) {
            return Some(wrapping);
        }
        let mut reader = Reader::new(self.rest);
        let (packet, time) = (reader.be_u32()?, reader.be_u32()?);
        reader.skip(CRYPT_DIGEST)?;
        let early = matches!(packet, 1..=EARLY_PACKETS) || packet.saturating_sub(EARLY_NEGOTIATION) < EARLY_PACKETS;
        // What is encrypted of a reset: acknowledgements and a number.
        let reset = match (self.opcode, self.brings_key) {
            // Some 300 bytes of key, at the end their length.
            (Opcode::ClientReset, true) => reader
                .rest()
                .last_chunk()
                .is_some_and(|length| usize::from(u16::from_be_bytes(*length)).saturating_add(5) == reader.len()),
            (Opcode::ClientReset, false) => reader.len() == 5,
            // With an option or two of the newer ones.
            (Opcode::ServerReset, _) => matches!(reader.len(), 17..=64),
            _ => false,
        };
        let crypt = if self.brings_key { Wrapping::CryptV2 } else { Wrapping::Crypt };
        (early && TIMES.contains(&time) && reset).then_some(crypt)
    }

    /// What lies open in it behind a wrapping.
    pub(super) fn inside(&self, wrapping: Wrapping) -> Option<Inside<'a>> {
        let mut reader = Reader::new(self.rest);
        match wrapping {
            Wrapping::None => {}
            Wrapping::Auth(digest) => {
                reader.skip(digest)?;
                let (packet, time) = (reader.be_u32()?, reader.be_u32()?);
                if packet == 0 || !TIMES.contains(&time) {
                    return None;
                }
            }
            Wrapping::Crypt | Wrapping::CryptV2 => return None,
        }
        let acknowledged = usize::from(reader.u8()?);
        if acknowledged > ACKNOWLEDGED {
            return None;
        }
        reader.skip(acknowledged.saturating_mul(4))?;
        if acknowledged > 0 {
            reader.skip(8)?;
        }
        let number = if self.opcode == Opcode::Acknowledge { None } else { Some(reader.be_u32()?) };
        (number.is_some() || acknowledged > 0 && reader.is_empty()).then_some(Inside {
            acknowledged,
            number,
            payload: reader.rest(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reset(first: u8, around: &[u8], inside: &[u8]) -> Vec<u8> {
        [&[first, 1, 2, 3, 4, 5, 6, 7, 8], around, inside].concat()
    }

    #[test]
    fn what_is_around_a_reset_is_told_from_its_fields() {
        let head = |digest: usize| [vec![0x77; digest], vec![0, 0, 0, 1, 0x60, 0, 0, 0]].concat();
        for (bytes, wrapping) in [
            (reset(0x38, &[], &[0; 5]), Some(Wrapping::None)),
            (reset(0x38, &head(20), &[0; 5]), Some(Wrapping::Auth(20))),
            (reset(0x38, &head(64), &[0; 5]), Some(Wrapping::Auth(64))),
            (reset(0x38, &[0, 0, 0, 1, 0x60, 0, 0, 0], &[0x99; 37]), Some(Wrapping::Crypt)),
            (reset(0x38, &[0, 0, 0, 1, 0x60, 0, 0, 0], &[0x99; 38]), None),
            (reset(0x38, &[0, 0, 0, 1, 0x10, 0, 0, 0], &[0x99; 37]), None),
            (reset(0x38, &[], &[0, 0, 0, 0, 1]), None),
            (reset(0x38, &[], &[0; 6]), None),
        ] {
            assert_eq!(read(&bytes).unwrap().wrapping(None), wrapping, "{bytes:02x?}");
        }
    }

    #[test]
    fn an_acknowledgement_has_no_number() {
        let bytes = reset(0x28, &[], &[1, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]);
        let packet = read(&bytes).unwrap();
        assert_eq!(packet.inside(Wrapping::None).unwrap().number, None);
        assert!(read(&bytes[..bytes.len() - 1]).unwrap().inside(Wrapping::None).is_none());
    }
}
