//! The frames of Initial packets (RFC 9000 12.4, 19), and of Google's versions that are encrypted but have frames of their own.
//!
//! ```text
//! PADDING 0   PING 1   ACK 2, 3: varints   CRYPTO 6: offset length data   CONNECTION_CLOSE 1c: error frame_type length reason
//! Google      PADDING 0   PING 7   CRYPTO 8: offset length data; whatever else comes, the rest is left
//! ```

use super::header::varint;
use crate::reader::Reader;

/// The most ranges of an ACK frame that are passed over.
const RANGES_CAP: u64 = 256;

/// A frame that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A piece of the handshake.
    Crypto {
        /// Where in the handshake's stream it begins.
        offset: u64,
        /// Its bytes.
        data: &'a [u8],
    },
    /// The connection is closed.
    Close {
        /// Why.
        error: u64,
        /// Why, in words.
        reason: &'a [u8],
    },
    /// Nothing of interest.
    Other,
}

/// Reads the next frame; `None` at the end, and where the rest is not understood.
pub fn next<'a>(reader: &mut Reader<'a>, google: bool) -> Option<Frame<'a>> {
    match (varint(reader)?, google) {
        (0, _) => {
            let padding = reader.rest().iter().take_while(|byte| **byte == 0).count();
            reader.skip(padding)?;
            Some(Frame::Other)
        }
        (1, false) | (7, true) => Some(Frame::Other),
        (kind @ (2 | 3), false) => {
            // The largest number and the delay; then, behind their count, the ranges; with ECN three counters.
            let (_, _) = (varint(reader)?, varint(reader)?);
            let ranges = varint(reader).filter(|ranges| *ranges <= RANGES_CAP)?;
            let counters = if kind == 3 { 3 } else { 0 };
            for _ in 0..ranges.saturating_mul(2).saturating_add(1).saturating_add(counters) {
                varint(reader)?;
            }
            Some(Frame::Other)
        }
        (6, false) | (8, true) => {
            let (offset, len) = (varint(reader)?, varint(reader)?);
            Some(Frame::Crypto { offset, data: reader.take(usize::try_from(len).ok()?)? })
        }
        (0x1c, false) => {
            let (error, _frame, len) = (varint(reader)?, varint(reader)?, varint(reader)?);
            Some(Frame::Close { error, reason: reader.take(usize::try_from(len).ok()?)? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_and_padding_are_passed_over() {
        let bytes = b"\x02\x05\x10\x01\x00\x01\x01\x00\x00\x00\x06\x05\x03abc\x01\x1c\x41\x28\x06\x02no";
        let mut reader = Reader::new(bytes);
        let mut told = Vec::new();
        while let Some(frame) = next(&mut reader, false) {
            if frame != Frame::Other {
                told.push(frame);
            }
        }
        assert_eq!(told, [Frame::Crypto { offset: 5, data: b"abc" }, Frame::Close { error: 0x128, reason: b"no" }]);
        assert!(reader.is_empty());
    }
}
