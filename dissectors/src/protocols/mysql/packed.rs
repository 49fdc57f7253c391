//! Compressed packets.
//!
//! ```text
//! 0   length of what follows (3), number (1), length of it unpacked (3): 0 says that it is not packed
//! 7   zlib (RFC 1950), or bytes as they are; unpacked, all of them are a stream of packets, whose borders are elsewhere
//! ```

use flate2::{Decompress, FlushDecompress, Status};

use crate::protocol::Step;
use crate::sql::feed::Feed;

const HEADER: usize = 7;
/// How much is unpacked at a time.
const PIECE: usize = 8 * 1024;
/// The most bytes of one side that are unpacked.
const UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// One side's stream.
#[derive(Debug, Default)]
pub struct Packed {
    header: Vec<u8>,
    left: usize,
    inflate: Option<Box<Decompress>>,
    unpacked: u64,
    feed: Feed,
}

impl Packed {
    /// The next bytes of the side; `take` deals with packets. Gives the last answer.
    pub fn data(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8]) -> Step) -> Option<Step> {
        while let Some((first, after)) = bytes.split_first() {
            if self.left == 0 {
                self.header.push(*first);
                bytes = after;
                if let [a, b, c, _, d, e, f] = *self.header.as_slice() {
                    self.left = u32::from_le_bytes([a, b, c, 0]) as usize;
                    self.inflate = ([d, e, f] != [0; 3]).then(|| Box::new(Decompress::new(true)));
                    self.header.clear();
                }
                continue;
            }
            let (content, after) = bytes.split_at_checked(self.left).unwrap_or((bytes, &[]));
            self.left = self.left.saturating_sub(content.len());
            bytes = after;
            let last = match &mut self.inflate {
                Some(inflate) => unpack(inflate, &mut self.unpacked, &mut self.feed, content, &mut take),
                None => self.feed.data(content, &mut take),
            };
            if last.is_some() {
                return last;
            }
        }
        None
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        // An inflater's window and tables.
        let inflate = if self.inflate.is_some() { 44 * 1024 } else { 0 };
        HEADER + inflate + self.feed.heap_bytes()
    }
}

fn unpack(
    inflate: &mut Decompress,
    unpacked: &mut u64,
    feed: &mut Feed,
    mut content: &[u8],
    mut take: impl FnMut(&[u8]) -> Step,
) -> Option<Step> {
    let mut piece = [0; PIECE];
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let Ok(status) = inflate.decompress(content, &mut piece, FlushDecompress::None) else {
            return Some(Step::Violation);
        };
        let read = usize::try_from(inflate.total_in().saturating_sub(read)).unwrap_or(usize::MAX);
        let written = inflate.total_out().saturating_sub(written);
        content = content.get(read..).unwrap_or_default();
        *unpacked = unpacked.saturating_add(written);
        let out = piece.get(..usize::try_from(written).unwrap_or(PIECE)).unwrap_or_default();
        if *unpacked > UNPACKED_BYTES {
            return Some(Step::Done);
        }
        if let Some(last) = feed.data(out, &mut take) {
            return Some(last);
        }
        let idle = read == 0 && written == 0;
        if status == Status::StreamEnd || idle || (content.is_empty() && out.len() < PIECE) {
            return None;
        }
    }
}
