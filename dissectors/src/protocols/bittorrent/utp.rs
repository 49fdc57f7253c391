//! uTP, the stream over datagrams that BitTorrent uses (BEP 29).
//!
//! ```text
//! type:4 version:4 extension:1 connection:2 time:4 difference:4 window:4 sequence:2 acknowledged:2   then extensions, then data
//! extension   next:1 length:1 content
//! ```
//!
//! A header alone has little in it that could be wrong. One that begins a stream has: no difference was measured yet, nothing was
//! received yet. Data is only read where it begins with a peer's greeting, and in the order of its numbers.

use crate::reader::Reader;

/// Types of packets.
pub mod kind {
    /// Carries data.
    pub const DATA: u8 = 0;
    /// The last of a stream.
    pub const FIN: u8 = 1;
    /// Acknowledges.
    pub const STATE: u8 = 2;
    /// Breaks the stream off.
    pub const RESET: u8 = 3;
    /// Begins a stream.
    pub const SYN: u8 = 4;
}

/// The most extensions of a packet.
const EXTENSIONS_CAP: usize = 4;

/// The widest window that is believed.
const WINDOW_MAX: u32 = 1 << 26;

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its type.
    pub kind: u8,
    /// Its number.
    pub sequence: u16,
    /// Data.
    pub data: &'a [u8],
    /// It begins a stream, and looks like that.
    pub begins: bool,
}

impl<'a> Packet<'a> {
    /// Reads a datagram; `None` where it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8().filter(|first| first & 15 == 1)?;
        let kind = first >> 4;
        let mut extension = reader.u8()?;
        reader.skip(2)?;
        let (_time, difference) = (reader.be_u32()?, reader.be_u32()?);
        reader.be_u32().filter(|window| *window <= WINDOW_MAX)?;
        let (sequence, acknowledged) = (reader.be_u16()?, reader.be_u16()?);
        for _ in 0..EXTENSIONS_CAP {
            if extension == 0 {
                break;
            }
            // 1 selective acknowledgement, 2 extension bits, 3 close reason.
            if extension > 3 {
                return None;
            }
            extension = reader.u8()?;
            let len = reader.u8().filter(|len| *len > 0)?;
            reader.skip(usize::from(len))?;
        }
        let data = reader.rest();
        let sound = extension == 0
            && match kind {
                kind::DATA => !data.is_empty(),
                kind::FIN | kind::STATE | kind::RESET | kind::SYN => data.is_empty(),
                _ => false,
            };
        let begins = kind == kind::SYN && difference == 0 && acknowledged == 0;
        (sound && (kind != kind::SYN || begins)).then_some(Self { kind, sequence, data, begins })
    }
}

/// The stream of one side, as far as it is in order.
#[derive(Debug, Default)]
pub struct Lane {
    /// The number that comes next, once the beginning was seen.
    next: Option<u16>,
    /// What was not dealt with yet.
    pub pending: Vec<u8>,
    /// A packet was missed.
    pub torn: bool,
}

/// The most bytes that wait to be dealt with.
pub const PENDING_CAP: usize = 16 * 1024;

impl Lane {
    /// Takes a packet's data; tells whether there is something new to look at.
    pub fn take(&mut self, packet: &Packet<'_>, greeting: &[u8]) -> bool {
        if self.torn || packet.kind != kind::DATA {
            return false;
        }
        match self.next {
            None if packet.data.starts_with(greeting) => {}
            Some(next) if next == packet.sequence => {}
            // A packet again, or one that was sent before the beginning.
            Some(next) if next.wrapping_sub(packet.sequence) < 0x8000 => return false,
            None => return false,
            Some(_) => {
                self.torn = true;
                return false;
            }
        }
        self.next = Some(packet.sequence.wrapping_add(1));
        let room = PENDING_CAP.saturating_sub(self.pending.len());
        self.torn = packet.data.len() > room;
        self.pending.extend_from_slice(packet.data.get(..room).unwrap_or(packet.data));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_looks_like_one() {
        let syn = b"\x41\0\x12\x34\0\0\0\x09\0\0\0\0\0\x10\0\0\0\x01\0\0";
        assert!(Packet::read(syn).is_some_and(|packet| packet.begins));
        let mut later = *syn;
        later[19] = 7;
        assert_eq!(Packet::read(&later), None);
        let acknowledged = b"\x21\x01\x12\x34\0\0\0\x09\0\0\0\x09\0\x10\0\0\0\x01\0\x07\0\x04abcd";
        assert!(Packet::read(acknowledged).is_some_and(|packet| packet.kind == kind::STATE));
        assert_eq!(Packet::read(&acknowledged[..22]), None);
    }
}
