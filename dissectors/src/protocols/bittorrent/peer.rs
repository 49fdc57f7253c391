//! Peers (BEP 3): the handshake and the messages after it, over TCP or inside uTP.
//!
//! ```text
//! handshake   19 "BitTorrent protocol" reserved:8 info_hash:20 peer_id:20
//! message     length:4 id:1 content; length 0 keeps alive
//! extended    id 20, then 0 and a bencoded dictionary (BEP 10): v software, p listening port
//! ```
//!
//! The extended handshake is the last that says anything of a peer; pieces of the file are not looked at, as their order is
//! arbitrary and their names are not told.

use super::bencode::{self, Value};
use super::client;
use crate::capped::Text;
use crate::reader::Reader;

/// What a handshake begins with.
pub const GREETING: &[u8; 20] = b"\x13BitTorrent protocol";
/// How long a handshake is without the peer's id, which a tracker's check leaves out, and whole.
const INTRODUCTION: usize = 48;
const HANDSHAKE: usize = 68;
/// Extensions are understood (BEP 10): the byte of the reserved ones, and its bit.
const EXTENDED: (usize, u8) = (5, 0x10);
/// The id of extended messages.
const EXTENDED_ID: u8 = 20;
/// The longest message that is believed: a piece of a file is 16 KiB, a bitfield a bit a piece.
const MESSAGE_CAP: u32 = 16 * 1024 * 1024;
/// The longest extended handshake.
const EXTENDED_CAP: u32 = 8 * 1024;
/// How many messages may come before the extended handshake.
const MESSAGES_CAP: u32 = 64;

/// What reading a peer's bytes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// So many bytes are dealt with.
    Used(usize),
    /// More are wanted, so many in all.
    Wait(usize),
    /// So many bytes behind those that are here are of no interest.
    Skip(u64),
    /// These bytes are no message of a peer.
    Wrong,
}

/// One peer.
#[derive(Debug, Default)]
pub struct Peer {
    /// The torrent.
    pub info_hash: Option<[u8; 20]>,
    /// Its id.
    pub peer_id: Option<Text>,
    /// What it calls itself.
    pub software: Option<Text>,
    /// Where it waits for peers.
    pub listen_port: Option<u16>,
    greeted: bool,
    extended: bool,
    messages: u32,
    /// Nothing more is learnt of it.
    pub done: bool,
}

impl Peer {
    /// Looks at the next bytes.
    pub fn look(&mut self, bytes: &[u8]) -> Look {
        if self.done {
            return Look::Used(bytes.len());
        }
        if self.greeted { self.message(bytes) } else { self.greet(bytes) }
    }

    fn greet(&mut self, bytes: &[u8]) -> Look {
        let mut reader = Reader::new(bytes);
        let Some(greeting) = reader.array::<20>() else {
            return if GREETING.starts_with(bytes) { Look::Wait(INTRODUCTION) } else { Look::Wrong };
        };
        if greeting != *GREETING {
            return Look::Wrong;
        }
        let (Some(reserved), Some(info_hash)) = (reader.array::<8>(), reader.array()) else {
            return Look::Wait(INTRODUCTION);
        };
        self.info_hash = Some(info_hash);
        let Some(peer_id) = reader.take(20) else {
            return Look::Wait(HANDSHAKE);
        };
        let (at, bit) = EXTENDED;
        self.extended = reserved.get(at).is_some_and(|byte| byte & bit != 0);
        self.peer_id = Some(Text::new(peer_id));
        self.software = client::software(peer_id).map(|name| Text::from(name.as_str()));
        self.greeted = true;
        self.done = !self.extended;
        Look::Used(HANDSHAKE)
    }

    fn message(&mut self, bytes: &[u8]) -> Look {
        let mut reader = Reader::new(bytes);
        let Some(len) = reader.be_u32() else {
            return Look::Wait(4);
        };
        if len > MESSAGE_CAP {
            return Look::Wrong;
        }
        self.messages = self.messages.saturating_add(1);
        if self.messages > MESSAGES_CAP {
            self.done = true;
            return Look::Used(bytes.len());
        }
        if len == 0 {
            return Look::Used(4);
        }
        let whole = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(4);
        let kind = (reader.u8(), reader.rest().first());
        let wanted = match kind {
            (None, _) | (Some(EXTENDED_ID), None) if whole > 5 => {
                self.messages = self.messages.saturating_sub(1);
                return Look::Wait(6);
            }
            (Some(EXTENDED_ID), Some(0)) => len <= EXTENDED_CAP,
            _ => false,
        };
        if !wanted {
            let missing = whole.saturating_sub(bytes.len());
            return if missing > 0 { Look::Skip(missing as u64) } else { Look::Used(whole) };
        }
        let Some(content) = bytes.get(6..whole) else {
            self.messages = self.messages.saturating_sub(1);
            return Look::Wait(whole);
        };
        self.extended_handshake(content);
        self.done = true;
        Look::Used(whole)
    }

    fn extended_handshake(&mut self, content: &[u8]) {
        let (mut software, mut port) = (None, None);
        bencode::read(content, &mut |place, value| match (place, value) {
            ((b"v", b""), Value::Bytes(name)) => software = Some(Text::new(name)),
            ((b"p", b""), Value::Number(number)) => port = u16::try_from(number).ok(),
            _ => {}
        });
        // What the peer id has told stays.
        self.software = self.software.take().or(software.filter(|name| !name.is_empty()));
        self.listen_port = port.filter(|port| *port > 0);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        [&self.peer_id, &self.software].into_iter().flatten().map(Text::heap_bytes).sum()
    }
}
