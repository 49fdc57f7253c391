//! Google's QUIC, before the IETF's: the public header of Q043 and older, the long header of Q046, and the messages of its own
//! handshake, which are in the clear up to Q046 (Google: QUIC Wire Layout Specification; QUIC Crypto).
//!
//! ```text
//! public    flags:1 [connection id:8] [version:4] [nonce:32] packet number:1, 2, 4 or 6
//!           flags: 1 version, 2 reset, 4 nonce (older: 0c = id of 8 bytes), 8 connection id, 30 length of the number
//! Q046      1 1 type:2 00 number_length:2, version:4, lengths of ids:1, connection id, packet number:4
//! both      then 12 bytes of hash and frames, among them the stream's with the handshake
//! message   tag:4 count:2 0:2, then count times tag:4 end:4, then the values (little endian)
//! ```
//!
//! Packets of a server carry no version, and what comes before the handshake in them differs by version; the message's tag is
//! looked for and believed with what must follow it.

use memchr::memmem;

use super::version::{self, Form};
use crate::capped::Text;
use crate::protocol::{FirstBytes, Role};
use crate::reader::Reader;

/// The flags of a public header.
mod flag {
    pub const VERSION: u8 = 0x01;
    pub const RESET: u8 = 0x02;
    pub const ID: u8 = 0x08;
    /// Never set: it was meant for several paths.
    pub const UNUSED: u8 = 0xc0;
}

/// What packets begin with: long headers, and the flags of public ones. A client of these versions always tells its version and an id.
pub const FIRST: FirstBytes = FirstBytes {
    client: &[
        0x09..=0x09,
        0x0d..=0x0d,
        0x19..=0x19,
        0x1d..=0x1d,
        0x29..=0x29,
        0x2d..=0x2d,
        0x39..=0x39,
        0x3d..=0x3d,
        0x80..=0xff,
    ],
    server: &[
        0x00..=0x00,
        0x04..=0x04,
        0x08..=0x0a,
        0x0c..=0x0e,
        0x10..=0x10,
        0x14..=0x14,
        0x18..=0x1a,
        0x1c..=0x1e,
        0x20..=0x20,
        0x24..=0x24,
        0x28..=0x2a,
        0x2c..=0x2e,
        0x30..=0x30,
        0x34..=0x34,
        0x38..=0x3a,
        0x3c..=0x3e,
        0x80..=0xff,
    ],
};

/// How far into a packet a handshake message can begin: behind the header, the hash, an acknowledgement.
const MESSAGE_WITHIN: usize = 160;
/// The most entries of a message.
const ENTRIES_CAP: u16 = 128;

/// What a client says.
pub const CHLO: &[u8; 4] = b"CHLO";
/// What a server says: a rejection with what the client needs to try again, or its consent.
const SERVER_TAGS: [&[u8; 4]; 3] = [b"REJ\0", b"SREJ", b"SHLO"];

/// What a packet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A client's, with its version.
    Client(u32),
    /// A server's list of versions.
    Versions(Vec<u32>),
    /// A server gives up the connection.
    Reset,
    /// A server's, with a handshake message.
    Server(Message<'a>),
}

/// Reads a packet with a public header or one of Q046.
pub fn packet(role: Role, bytes: &[u8]) -> Option<Packet<'_>> {
    let mut reader = Reader::new(bytes);
    let flags = reader.u8()?;
    if flags & flag::UNUSED == 0xc0 {
        return (role == Role::Client).then(|| long(reader)).flatten();
    }
    if flags & flag::UNUSED != 0 {
        return None;
    }
    if flags & flag::RESET != 0 {
        let reset = role == Role::Server && flags & (flag::ID | flag::VERSION) == flag::ID;
        reader.skip(8)?;
        return (reset && reader.rest().starts_with(b"PRST")).then_some(Packet::Reset);
    }
    if flags & flag::VERSION == 0 {
        let message = Message::find(bytes).filter(|message| SERVER_TAGS.contains(&&message.tag))?;
        return (role == Role::Server).then_some(Packet::Server(message));
    }
    if flags & flag::ID == 0 {
        return None;
    }
    reader.skip(8)?;
    let versions = version::list(reader).filter(|list| list.iter().all(|version| version::is_plausible(*version)));
    match (role, versions) {
        (Role::Server, Some(versions)) => Some(Packet::Versions(versions)),
        (Role::Server, None) | (Role::Client, Some(_)) => None,
        (Role::Client, None) => {
            let version = reader.be_u32()?;
            (version::form(version) == Some(Form::Public)).then_some(Packet::Client(version))
        }
    }
}

/// A packet of Q046, behind its first byte.
fn long(mut reader: Reader<'_>) -> Option<Packet<'_>> {
    /// The destination's id has 8 bytes, the source's none.
    const LENGTHS: u8 = 0x50;
    let version = reader.be_u32().filter(|version| version::form(*version) == Some(Form::Q046))?;
    (reader.u8()? == LENGTHS).then_some(Packet::Client(version))
}

/// A handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub tag: [u8; 4],
    /// Tags and ends of values.
    entries: &'a [u8],
    /// The values, as far as they are here.
    values: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a message from its first byte.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let tag = reader.array::<4>()?;
        let count = reader.le_u16().filter(|count| (1..=ENTRIES_CAP).contains(count))?;
        let sound = reader.le_u16()? == 0;
        let entries = reader.take(usize::from(count).checked_mul(8)?)?;
        let tagged = |entry: &[u8]| entry.first().is_some_and(u8::is_ascii_uppercase);
        (sound && entries.chunks(8).all(tagged)).then_some(Self { tag, entries, values: reader.rest() })
    }

    /// Looks for a message in a packet in the clear.
    pub fn find(bytes: &'a [u8]) -> Option<Self> {
        let within = bytes.get(..MESSAGE_WITHIN).unwrap_or(bytes);
        [CHLO].iter().chain(&SERVER_TAGS).find_map(|tag| {
            let at = memmem::find(within, *tag)?;
            Self::read(bytes.get(at..)?)
        })
    }

    /// The value of a tag, if all of it is here.
    pub fn value(&self, wanted: &[u8; 4]) -> Option<Text> {
        let mut reader = Reader::new(self.entries);
        let mut start = 0usize;
        while let (Some(tag), Some(end)) = (reader.array::<4>(), reader.le_u32()) {
            let end = usize::try_from(end).ok()?;
            if tag == *wanted {
                return self.values.get(start..end).filter(|value| !value.is_empty()).map(Text::new);
            }
            start = end;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"CHLO\x02\0\0\0SNI\0\x09\0\0\0UAID\x0d\0\0\0a.exampletest";

    #[test]
    fn a_message_tells_its_values() {
        let message = Message::read(HELLO).unwrap();
        assert_eq!(message.value(b"SNI\0"), Some(Text::from("a.example")));
        assert_eq!(message.value(b"UAID"), Some(Text::from("test")));
        assert_eq!(message.value(b"PDMD"), None);
        // A value that is not all here is not told.
        assert_eq!(Message::read(&HELLO[..HELLO.len() - 1]).unwrap().value(b"UAID"), None);
        assert_eq!(Message::read(b"CHLO are letters, too, in a text"), None);
    }

    #[test]
    fn a_packet_tells_its_sender() {
        let client = [&b"\x09idididid"[..], b"Q043\x01hashhashhash\xa0\x01\x00\x20", HELLO].concat();
        let version = u32::from_be_bytes(*b"Q043");
        assert_eq!(packet(Role::Client, &client), Some(Packet::Client(version)));
        assert_eq!(packet(Role::Server, &client), None);
        let versions = b"\x09idididid\x51\x30\x34\x36Q043Q039";
        assert!(matches!(packet(Role::Server, versions), Some(Packet::Versions(list)) if list.len() == 3));
        assert_eq!(packet(Role::Client, versions), None);
        let server = [&b"\x08idididid\x01hashhashhash\xa0\x01\x00\x20"[..], b"REJ\0", &HELLO[4..]].concat();
        assert!(matches!(packet(Role::Server, &server), Some(Packet::Server(_))));
        assert_eq!(packet(Role::Client, &server), None);
    }
}
