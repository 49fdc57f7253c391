//! IKE's messages.
//!
//! ```text
//! message   initiator's SPI:8 responder's SPI:8 first payload:1 version:4 bits.4 bits exchange:1 flags:1 id:4 length:4
//!           payloads                                                                       RFC 2408 3.1, RFC 7296 3.1
//! payload   next:1 critical:1 length:2 body                                               RFC 2408 3.2, RFC 7296 3.2
//! on ports where ESP comes too: 00 00 00 00 before a message; ff alone keeps a NAT's entry; anything else is ESP    RFC 3948 2
//! ```

use crate::capped::Text;
use crate::hex::hex;
use crate::protocol::Role;
use crate::reader::Reader;

/// What stands before IKE where ESP comes on the same port.
pub(super) const MARKER: [u8; 4] = [0; 4];
const HEAD: usize = 28;
/// The most payloads of a message that are looked at.
const PAYLOADS: usize = 64;
const IKE_SA_INIT: u8 = 34;
const ENCRYPTED_1: u8 = 1;
const INITIATOR_2: u8 = 0x08;
const RESPONSE_2: u8 = 0x20;

/// Kinds of payloads.
pub(super) mod payload {
    pub const SA_1: u8 = 1;
    pub const IDENTITY_1: u8 = 5;
    pub const NOTIFY_1: u8 = 11;
    pub const VENDOR_1: u8 = 13;
    pub const SA_2: u8 = 33;
    pub const NOTIFY_2: u8 = 41;
    pub const VENDOR_2: u8 = 43;
    pub const SK: u8 = 46;
    pub const SKF: u8 = 53;
}

/// A message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub initiator: [u8; 8],
    pub responder: [u8; 8],
    first: u8,
    pub version: u8,
    pub exchange: u8,
    flags: u8,
    id: u32,
    /// As it says.
    pub length: usize,
    body: &'a [u8],
}

/// Reads a message, or its beginning.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(bytes);
    let (initiator, responder) = (reader.array()?, reader.array()?);
    let (first, version, exchange, flags) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
    let (id, length) = (reader.be_u32()?, usize::try_from(reader.be_u32()?).ok()?);
    let body = reader.rest().get(..length.checked_sub(HEAD)?).unwrap_or(reader.rest());
    Some(Message { initiator, responder, first, version, exchange, flags, id, length, body })
}

/// Whether a datagram only keeps a NAT's entry.
pub(super) fn is_keepalive(datagram: &[u8]) -> bool {
    datagram == [0xff]
}

/// The mark of a packet of ESP: mark, number, and at least some content and its check (RFC 4303 2).
pub(super) fn esp(datagram: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(datagram);
    let (spi, number) = (reader.be_u32()?, reader.be_u32()?);
    // Marks up to 255 are set aside.
    (spi > 255 && number > 0 && reader.len() >= 16).then_some(spi)
}

impl<'a> Message<'a> {
    const fn is_version_1(&self) -> bool {
        self.version >> 4 == 1
    }

    /// Whether version, exchange and flags go together.
    pub(super) fn is_known(&self) -> bool {
        let fits = if self.is_version_1() {
            matches!(self.exchange, 1..=6 | 32 | 33) && self.flags & 0xf8 == 0
        } else {
            matches!(self.exchange, 34..=47) && self.flags & !(INITIATOR_2 | RESPONSE_2 | 0x10) == 0
        };
        matches!(self.version, 0x10..=0x11 | 0x20..=0x21) && fits && self.initiator != [0; 8]
    }

    /// Whether it can be nothing else: what is known, and payloads that fill it.
    pub(super) fn is_sound(&self) -> bool {
        let opens = self.responder == [0; 8];
        let numbered = if self.is_version_1() {
            // Phase 1 has no number, phase 2 has one.
            !matches!(self.exchange, 1..=4) || self.id == 0
        } else {
            // A cookie or another group asked for may make some begin anew.
            self.exchange != IKE_SA_INIT || self.id <= 1
        };
        let early = !opens || matches!(self.exchange, 1..=5 | IKE_SA_INIT);
        if !self.is_known() || !numbered || !early || self.first == 0 && !self.body.is_empty() {
            return false;
        }
        if self.is_version_1() && self.flags & ENCRYPTED_1 != 0 {
            // Ciphers of that time have blocks of eight or sixteen bytes.
            return !opens && !self.body.is_empty() && self.body.len().is_multiple_of(8) && self.first < 24;
        }
        let (mut kind, mut reader) = (self.first, Reader::new(self.body));
        for _ in 0..PAYLOADS {
            if kind == 0 {
                return reader.is_empty() || self.is_version_1() && reader.len() < 16;
            }
            let known =
                if self.is_version_1() { matches!(kind, 1..=24 | 128..) } else { matches!(kind, 33..=60 | 128..) };
            let (Some(next), Some(_), Some(length)) = (reader.u8(), reader.u8(), reader.be_u16()) else {
                return false;
            };
            let body = usize::from(length).checked_sub(4).and_then(|length| reader.skip(length));
            if !known || body.is_none() {
                return false;
            }
            if matches!(kind, payload::SK | payload::SKF) {
                // What is inside says what its first is; nothing follows.
                return reader.is_empty();
            }
            kind = next;
        }
        false
    }

    /// The role of its sender, where that can be told.
    pub(super) fn sender(&self) -> Option<Role> {
        if self.is_version_1() {
            return (self.responder == [0; 8]).then_some(Role::Client);
        }
        Some(if self.flags & INITIATOR_2 != 0 { Role::Client } else { Role::Server })
    }

    /// Whether its association is an answer.
    pub(super) fn answers(&self, role: Role) -> bool {
        if self.is_version_1() {
            self.responder != [0; 8] && role == Role::Server
        } else {
            self.flags & RESPONSE_2 != 0
        }
    }

    /// Whether its payloads can't be read.
    pub(super) fn is_encrypted(&self) -> bool {
        self.is_version_1() && self.flags & ENCRYPTED_1 != 0
    }

    /// Its payloads, up to the first that is encrypted or cut.
    pub(super) fn payloads(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let (mut kind, mut reader) = (self.first, Reader::new(self.body));
        std::iter::from_fn(move || {
            let this = kind;
            if matches!(this, 0 | payload::SK | payload::SKF) {
                return None;
            }
            kind = reader.u8()?;
            reader.skip(1)?;
            let length = usize::from(reader.be_u16()?).checked_sub(4)?;
            Some((this, reader.take(length)?))
        })
        .take(PAYLOADS)
    }
}

/// Who a side of version 1 says it is (RFC 2407 4.6.2): kind, protocol, port, and the name.
pub(super) fn identity(body: &[u8]) -> Option<Text> {
    let mut reader = Reader::new(body);
    let kind = reader.u8()?;
    reader.skip(3)?;
    let name = reader.rest();
    match (kind, name) {
        (1, [a, b, c, d]) => Some(Text::from(format!("{a}.{b}.{c}.{d}").as_str())),
        (2 | 3, name) if !name.is_empty() => Some(Text::new(name)),
        (5, name) => {
            let address: [u8; 16] = name.try_into().ok()?;
            Some(Text::from(std::net::Ipv6Addr::from(address).to_string().as_str()))
        }
        (11, name) if name.iter().all(|byte| matches!(byte, b' '..=b'~')) => Some(Text::new(name)),
        (9..=11, name) => Some(Text::from(hex(name).as_str())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IKE_SA_INIT with a nonce of sixteen bytes.
    fn init() -> Vec<u8> {
        let mut bytes = vec![0x51; 8];
        bytes.extend([0; 8]);
        bytes.extend([40, 0x20, IKE_SA_INIT, INITIATOR_2]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 48]);
        bytes.extend([0, 0, 0, 20]);
        bytes.extend([7; 16]);
        bytes
    }

    #[test]
    fn payloads_fill_a_message() {
        assert!(read(&init()).unwrap().is_sound());
        // The first payload's kind, version, exchange, flags, number; the payload's next and its length.
        for at in [16, 17, 18, 19, 20, 28, 31] {
            let mut wrong = init();
            wrong[at] ^= 0x55;
            assert!(!read(&wrong).is_some_and(|message| message.is_sound()), "byte {at}");
        }
    }

    #[test]
    fn marks_that_are_set_aside_are_no_esp() {
        assert_eq!(esp(&[[0, 0, 1, 0, 0, 0, 0, 1].as_slice(), &[9; 16]].concat()), Some(256));
        assert_eq!(esp(&[[0, 0, 0, 255, 0, 0, 0, 1].as_slice(), &[9; 16]].concat()), None);
    }
}
