//! The head of a connection-oriented message (C706 12.6, MS-RPCE 2.2.2).
//!
//! ```text
//! 0   version 5, minor 0 or 1      8   length of the whole (2)
//! 2   kind                         10  length of the credentials at its end (2)
//! 3   flags: 1 first, 2 last,      12  call id (4)
//!     80 an object's id            16  body
//! 4   data representation (4): 10 where numbers are least significant first
//! ```

use crate::protocol::Role;
use crate::reader::Reader;

/// The length of a head.
pub const HEADER: usize = 16;
/// The length of what stands before credentials: type, level, padding, reserved, context id (4).
pub const VERIFIER: usize = 8;

/// Kinds of messages.
pub mod kind {
    pub const REQUEST: u8 = 0;
    pub const RESPONSE: u8 = 2;
    pub const FAULT: u8 = 3;
    pub const BIND: u8 = 11;
    pub const BIND_ACK: u8 = 12;
    pub const BIND_NAK: u8 = 13;
    pub const ALTER: u8 = 14;
    pub const ALTER_ACK: u8 = 15;
    pub const AUTH3: u8 = 16;
    pub const SHUTDOWN: u8 = 17;
    pub const CANCEL: u8 = 18;
    pub const ORPHANED: u8 = 19;
    pub const RTS: u8 = 20;
}

/// Flag: the first of a message's fragments.
pub const FIRST: u8 = 0x01;
/// Flag: the last of a message's fragments.
pub const LAST: u8 = 0x02;
/// Flag: a request names an object.
pub const OBJECT: u8 = 0x80;

/// The parts of a head that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub minor: u8,
    pub kind: u8,
    pub flags: u8,
    /// Numbers are least significant first.
    pub little: bool,
    pub length: usize,
    pub auth: usize,
    pub call: u32,
}

impl Head {
    /// Reads a head; `None` where bytes are missing or it can't be one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if !fits(bytes) {
            return None;
        }
        let [_, minor, kind, flags, drep, ..] = reader.array::<8>()?;
        let little = drep & 0x10 != 0;
        let mut numbers = Numbers::new(reader.rest(), little);
        let (length, auth, call) = (numbers.u16()?.into(), numbers.u16()?.into(), numbers.u32()?);
        let credentials = if auth == 0 { 0usize } else { VERIFIER.saturating_add(auth) };
        let least = match kind {
            kind::REQUEST | kind::RESPONSE | kind::FAULT => 24usize,
            kind::BIND | kind::ALTER => 28,
            kind::BIND_NAK => 18,
            _ => HEADER,
        };
        let whole = least.saturating_add(credentials) <= length;
        whole.then_some(Self { minor, kind, flags, little, length, auth, call })
    }

    /// Whether a role may send it.
    pub const fn is_of(&self, role: Role) -> bool {
        is_of(self.kind, role)
    }
}

/// Whether a role may send a kind of message.
const fn is_of(kind: u8, role: Role) -> bool {
    match kind {
        kind::REQUEST | kind::BIND | kind::ALTER | kind::AUTH3 | kind::CANCEL | kind::ORPHANED => {
            matches!(role, Role::Client)
        }
        kind::RESPONSE | kind::FAULT | kind::BIND_ACK | kind::BIND_NAK | kind::ALTER_ACK | kind::SHUTDOWN => {
            matches!(role, Role::Server)
        }
        kind::RTS => true,
        _ => false,
    }
}

/// Whether bytes can be the first of a head, as far as they go.
pub fn fits(bytes: &[u8]) -> bool {
    bytes.iter().zip(0..8).all(|(byte, at)| match at {
        0 => *byte == 5,
        1 => *byte <= 1,
        2 => is_of(*byte, Role::Client) || is_of(*byte, Role::Server),
        // Integers in one of two orders and ASCII (EBCDIC was never met); then one of four kinds of floating point; then nothing.
        4 => *byte & !0x10 == 0,
        5 => *byte <= 3,
        6 | 7 => *byte == 0,
        _ => true,
    })
}

/// Reads numbers in the sender's byte order.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    pub reader: Reader<'a>,
    pub little: bool,
}

impl<'a> Numbers<'a> {
    pub const fn new(bytes: &'a [u8], little: bool) -> Self {
        Self { reader: Reader::new(bytes), little }
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.reader.u8()
    }

    pub fn u16(&mut self) -> Option<u16> {
        if self.little { self.reader.le_u16() } else { self.reader.be_u16() }
    }

    pub fn u32(&mut self) -> Option<u32> {
        if self.little { self.reader.le_u32() } else { self.reader.be_u32() }
    }

    pub fn skip(&mut self, bytes: usize) -> Option<()> {
        self.reader.skip(bytes)
    }
}
