//! Packets and the numbers and strings in them.
//!
//! ```text
//! 0   payload's length, least significant byte first (3); 0xffffff: more follows in the next packet
//! 3   number within the exchange: 0 begins a command
//! ```

use crate::reader::Reader;

/// A packet's header.
pub const HEADER: usize = 4;

/// Reads a header: the payload's length and the packet's number.
pub fn header(bytes: &[u8]) -> Option<(usize, u8)> {
    let [a, b, c, number] = *bytes.first_chunk::<HEADER>()?;
    Some((u32::from_le_bytes([a, b, c, 0]) as usize, number))
}

/// A number of one to nine bytes, whose first byte tells how many.
pub fn number(reader: &mut Reader<'_>) -> Option<u64> {
    match reader.u8()? {
        0xfc => reader.le_u16().map(u64::from),
        0xfd => reader.array::<3>().map(|[a, b, c]| u64::from(u32::from_le_bytes([a, b, c, 0]))),
        0xfe => reader.le_u64(),
        0xfb | 0xff => None,
        small => Some(small.into()),
    }
}

/// A string behind its length.
pub fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = number(reader)?;
    reader.take(usize::try_from(length).ok()?)
}

/// A string to its zero byte, or to the end where there is none.
pub fn to_zero<'a>(reader: &mut Reader<'a>) -> &'a [u8] {
    reader.until(0).or_else(|| reader.take(reader.len())).unwrap_or_default()
}

/// What a server says it can do, and a client that it will.
pub mod capability {
    /// A database is named at login.
    pub const CONNECT_WITH_DB: u32 = 1 << 3;
    /// Packets are compressed after the login.
    pub const COMPRESS: u32 = 1 << 5;
    /// The protocol of 4.1.
    pub const PROTOCOL_41: u32 = 1 << 9;
    /// TLS follows.
    pub const SSL: u32 = 1 << 11;
    /// The authentication answer has a length.
    pub const SECURE_CONNECTION: u32 = 1 << 15;
    /// Authentication methods have names.
    pub const PLUGIN_AUTH: u32 = 1 << 19;
    /// The client describes itself.
    pub const CONNECT_ATTRS: u32 = 1 << 20;
    /// The authentication answer's length may have several bytes.
    pub const AUTH_LENGTH: u32 = 1 << 21;
    /// No EOF packet behind the columns; OK instead of EOF behind the rows.
    pub const DEPRECATE_EOF: u32 = 1 << 24;
    /// Packets are compressed after the login, by another method than zlib.
    pub const ZSTD: u32 = 1 << 26;
    /// Queries have attributes.
    pub const QUERY_ATTRIBUTES: u32 = 1 << 27;
}
