//! Packets: eight bytes, then a part of a message.
//!
//! ```text
//! 0   type
//! 1   status: 1 ends the message
//! 2   length with these eight bytes, most significant byte first (2)
//! 4   process (2)
//! 6   number
//! 7   0
//! ```

use crate::reader::Reader;

/// A packet's header.
pub const HEADER: usize = 8;
/// The last packet of a message.
pub const LAST: u8 = 1;
/// The longest packet: what TDS 7 may agree on.
pub const PACKET_BYTES: usize = 32_768;

/// Types of messages that are read. Others are passed over: 6 attention, 7 bulk load, 8 federated authentication.
pub mod kind {
    pub const BATCH: u8 = 1;
    /// TDS 4.2 and 5.0.
    pub const LOGIN: u8 = 2;
    pub const RPC: u8 = 3;
    /// Every answer.
    pub const REPLY: u8 = 4;
    pub const TRANSACTION: u8 = 14;
    /// TDS 5.0.
    pub const TOKENS: u8 = 15;
    pub const LOGIN7: u8 = 16;
    pub const SSPI: u8 = 17;
    /// Also carries TLS.
    pub const PRELOGIN: u8 = 18;
}

/// A packet's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: u8,
    pub last: bool,
    /// With the header.
    pub length: usize,
    pub number: u8,
}

/// Reads a header; `None` where it is not whole or none.
pub fn header(bytes: &[u8]) -> Option<Header> {
    let mut reader = Reader::new(bytes);
    let [kind, status] = reader.array()?;
    let length = reader.be_u16()?.into();
    reader.skip(2)?;
    let [number, _window] = reader.array()?;
    let known = matches!(kind, 1..=4 | 6..=8 | 14..=18) && status & 0xe0 == 0;
    (known && (HEADER..=PACKET_BYTES).contains(&length)).then_some(Header {
        kind,
        last: status & LAST != 0,
        length,
        number,
    })
}

/// Whether bytes may be a header's first. The process may be anything but the last byte is 0.
pub fn may_begin(bytes: &[u8]) -> bool {
    let Some((kind, rest)) = bytes.split_first() else {
        return true;
    };
    matches!(kind, 1..=4 | 6..=8 | 14..=18)
        && rest.first().is_none_or(|status| status & 0xe0 == 0)
        && rest.get(1).is_none_or(|high| *high <= 0x80)
        && rest.get(6).is_none_or(|window| *window == 0)
}

/// `TdsHeaders` (MS-TDS 2.2.5.3) before a batch or call of TDS 7.2 and later: the number of bytes to pass over, 0 where there are none.
/// `None` where too few bytes are there to tell.
pub fn all_headers(message: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(message);
    let total = reader.le_u32();
    let first = reader.le_u32();
    let kind = reader.le_u16();
    match (total, first, kind) {
        // Text begins with a character below 256, which is no such number; a call's name is shorter than 64 characters.
        (Some(total), _, _) if !(10..=256).contains(&total) => Some(0),
        (Some(total), Some(first), Some(kind)) => {
            let fits = (6..=total.saturating_sub(4)).contains(&first) && (1..=3).contains(&kind);
            Some(if fits { total as usize } else { 0 })
        }
        _ => None,
    }
}
