//! STUN's messages.
//!
//! ```text
//! message    00 type:14  length:16  cookie:32 = 2112a442  transaction:96  attributes
//! classic    type:16  length:16  transaction:128  attributes                       (RFC 3489)
//! attribute  type:16  length:16  value, padded to four bytes
//! channel    number:16 = 4000..7ffe  length:16  data                               (RFC 8656 12, RFC 5766 11)
//! ```
//!
//! Specifications: RFC 8489 5, 6 and 14, RFC 8656 (TURN), RFC 6062 (TURN over TCP), RFC 8445 16 (ICE), RFC 5780; of the older ones
//! RFC 3489, and what Microsoft and Google add to them.

use std::net::IpAddr;

use crate::reader::Reader;

/// What RFC 8489 put in front of the transaction's number.
pub(super) const COOKIE: u32 = 0x2112_a442;
/// Bytes of a message before its attributes.
pub(super) const HEADER: usize = 20;
/// The most attributes of a message.
const ATTRIBUTES: usize = 64;

/// What a message is (RFC 8489 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub class: Class,
    pub method: &'static str,
    /// From before RFC 5389: no cookie.
    pub classic: bool,
    /// Bytes of attributes, as the header tells.
    pub length: usize,
    transaction: [u8; 12],
    attributes: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a message's header; its attributes may lie outside of `bytes`.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let kind = reader.be_u16()?;
        let length = usize::from(reader.be_u16()?);
        let cookie = reader.be_u32()?;
        let transaction = reader.array()?;
        if kind >> 14 != 0 {
            return None;
        }
        let class = match (kind >> 8 & 1, kind >> 4 & 1) {
            (0, 0) => Class::Request,
            (0, _) => Class::Indication,
            (_, 0) => Class::Success,
            _ => Class::Error,
        };
        let method = method(kind & 0x0f | kind >> 1 & 0x70 | kind >> 2 & 0xf80)?;
        let attributes = reader.rest().get(..length).unwrap_or(reader.rest());
        Some(Self { class, method, classic: cookie != COOKIE, length, transaction, attributes })
    }

    /// Whether bytes after the type and length are random, as a classic transaction's number must be: few are alike.
    pub(super) fn is_random(&self, bytes: &[u8]) -> bool {
        let number = bytes.get(4..HEADER).unwrap_or_default();
        let distinct = number.iter().enumerate().filter(|(at, byte)| !number.iter().take(*at).any(|b| b == *byte));
        distinct.count() >= 10
    }

    /// Each attribute's type and value.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut reader = Reader::new(self.attributes);
        let read = move || {
            let (kind, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
            let value = reader.take(length)?;
            // The last one's padding may be left out.
            reader.skip((length.wrapping_neg() % 4).min(reader.len()))?;
            Some((kind, value))
        };
        std::iter::from_fn(read).take(ATTRIBUTES)
    }

    /// Whether the attributes, all of them known, fill the message.
    pub(super) fn is_filled(&self) -> bool {
        let (mut filled, mut known) = (0usize, true);
        for (kind, value) in self.attributes() {
            filled = filled.saturating_add(4).saturating_add(value.len().next_multiple_of(4));
            known &= matches!(kind, 0x0001..=0x0030 | 0x8000..=0x8070 | 0xc000..=0xc070 | 0xff00..=0xff07);
        }
        known && filled == self.length && self.attributes.len() == self.length
    }

    /// The address in an attribute; `mixed` where it is combined with cookie and transaction (RFC 8489 14.2).
    pub(super) fn address(&self, value: &[u8], mixed: bool) -> Option<(IpAddr, u16)> {
        let mut reader = Reader::new(value);
        reader.skip(1)?;
        let family = reader.u8()?;
        let key = COOKIE.to_be_bytes();
        let port = reader.be_u16()? ^ if mixed { (COOKIE >> 16) as u16 } else { 0 };
        let mut key = key.iter().chain(&self.transaction).map(|byte| if mixed { *byte } else { 0 });
        let mut clear = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte ^= key.next().unwrap_or(0));
        let address = match family {
            1 => {
                let mut bytes = reader.array::<4>()?;
                clear(&mut bytes);
                IpAddr::from(bytes)
            }
            2 => {
                let mut bytes = reader.array::<16>()?;
                clear(&mut bytes);
                IpAddr::from(bytes)
            }
            _ => return None,
        };
        Some((address, port))
    }
}

/// A channel's number and the length of its data.
pub(super) fn channel(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    let number = reader.be_u16()?;
    let length = usize::from(reader.be_u16()?);
    (0x4000..=0x7ffe).contains(&number).then_some(length)
}

/// The name of a method.
fn method(number: u16) -> Option<&'static str> {
    Some(match number {
        0x001 => "binding",
        0x002 => "shared-secret",
        0x003 => "allocate",
        0x004 => "refresh",
        0x006 => "send",
        0x007 => "data",
        0x008 => "create-permission",
        0x009 => "channel-bind",
        0x00a => "connect",
        0x00b => "connection-bind",
        0x00c => "connection-attempt",
        0x080 => "goog-ping",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &[u8] = b"\x01\x01\0\x0c\x21\x12\xa4\x42abcdefghijkl\0\x20\0\x08\0\x01\xa1\x47\xe1\x12\xa6\x43";

    #[test]
    fn a_mixed_address_is_cleared() {
        let message = Message::read(RESPONSE).unwrap();
        assert_eq!((message.class, message.method, message.classic), (Class::Success, "binding", false));
        assert!(message.is_filled());
        let (kind, value) = message.attributes().next().unwrap();
        assert_eq!(kind, 0x20);
        assert_eq!(message.address(value, true), Some(([192, 0, 2, 1].into(), 32853)));
    }

    #[test]
    fn only_known_methods_are_read() {
        let mut wrong = RESPONSE.to_vec();
        wrong[1] = 0x0e;
        assert!(Message::read(&wrong).is_none());
        wrong[0] = 0x41;
        assert!(Message::read(&wrong).is_none());
    }
}
