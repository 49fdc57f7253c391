//! Frames (RFC 9113 4.1): `length:3 type:1 flags:1 stream:4`, then so many bytes of content.

use crate::reader::Reader;

/// The length of a frame's header.
pub const HEADER: usize = 9;
/// With what a client begins (RFC 9113 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames that are looked into.
pub mod kind {
    /// Content.
    pub const DATA: u8 = 0;
    /// The fields of a request or response, or trailers.
    pub const HEADERS: u8 = 1;
    /// A stream is broken off.
    pub const RST_STREAM: u8 = 3;
    /// What a side is ready for.
    pub const SETTINGS: u8 = 4;
    /// A request that the server foresees.
    pub const PUSH_PROMISE: u8 = 5;
    /// More fields.
    pub const CONTINUATION: u8 = 9;
    /// More room to send into.
    pub const WINDOW_UPDATE: u8 = 8;
}

/// Flags of frames.
pub mod flag {
    /// Nothing more comes on the stream.
    pub const END_STREAM: u8 = 0x01;
    /// SETTINGS: an acknowledgement.
    pub const ACK: u8 = 0x01;
    /// The fields are complete.
    pub const END_HEADERS: u8 = 0x04;
    /// Padding stands behind the content, its length before it.
    pub const PADDED: u8 = 0x08;
    /// Five bytes about priority stand before the fields.
    pub const PRIORITY: u8 = 0x20;
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of content.
    pub len: usize,
    /// What it is.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// The stream; 0 for the connection.
    pub stream: u32,
}

impl Header {
    /// Reads a header where there are enough bytes.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut ahead = *reader;
        let len = usize::try_from(ahead.be_u24()?).ok()?;
        let (kind, flags, stream) = (ahead.u8()?, ahead.u8()?, ahead.be_u32()?);
        *reader = ahead;
        // The highest bit means nothing.
        Some(Self { len, kind, flags, stream: stream & 0x7fff_ffff })
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The fields' block in the content of a HEADERS or PUSH_PROMISE frame, and the stream that the latter promises.
    pub fn block<'a>(&self, content: &'a [u8]) -> Option<(&'a [u8], Option<u32>)> {
        let mut reader = Reader::new(content);
        let padding = if self.has(flag::PADDED) { usize::from(reader.u8()?) } else { 0 };
        let promised = if self.kind == kind::PUSH_PROMISE { Some(reader.be_u32()? & 0x7fff_ffff) } else { None };
        if self.kind == kind::HEADERS && self.has(flag::PRIORITY) {
            reader.skip(5)?;
        }
        let block = reader.take(reader.len().checked_sub(padding)?)?;
        Some((block, promised))
    }
}

/// The identifiers and values of SETTINGS.
pub fn settings(content: &[u8]) -> impl Iterator<Item = (u16, u32)> + '_ {
    content.chunks_exact(6).filter_map(|setting| {
        let mut reader = Reader::new(setting);
        Some((reader.be_u16()?, reader.be_u32()?))
    })
}
