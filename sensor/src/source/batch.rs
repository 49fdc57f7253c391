//! What a source hands on: frames in time order, and the shared blocks of bytes that they lie in.
//!
//! ```text
//! Batch   blocks: [Arc<Block>, Arc<Block>, ..]      each up to BLOCK_BYTES, read-only, shared between threads
//!         frames: [Frame, Frame, ..]                24 bytes each: when, which block, where in it, how long
//! ```
//!
//! Nothing is allocated for a packet: a frame is a place in a block. A block is filled once ([`Blank`]), shared from then on
//! ([`Block`]), and its memory goes back to the [`Pool`] when the last reader lets go of it. The pool gives the memory that
//! came back last first, for that is the memory the cache still holds.

use std::io::{ErrorKind, Read, Result};
use std::sync::{Arc, Mutex};

use dissectors::Timestamp;

/// Bytes that one block can hold: twice the longest packet of any capture, and small enough to stay in the cache until it is decoded.
pub const BLOCK_BYTES: usize = 1 << 19;
/// Frames that one batch can hold.
pub const BATCH_FRAMES: usize = 1024;
/// Returned blocks that the pool keeps; what comes back beyond them is freed.
const POOL_BLOCKS: usize = 64;

/// One captured frame: when it was seen and where its bytes lie. See [`Batch::bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When the frame was captured.
    pub time: Timestamp,
    /// Where its first byte lies in its block.
    pub offset: u32,
    /// Bytes captured.
    pub caplen: u32,
    /// Bytes that were on the wire, never less than `caplen`.
    pub wirelen: u32,
    /// Its block: the position in [`Batch::blocks`].
    pub block: u16,
    /// The LINKTYPE number of its first header, with the system-dependent numbers of raw IP given as 101.
    pub link: u16,
}

/// Frames in time order and the blocks they lie in.
#[derive(Debug, Default)]
pub struct Batch {
    /// The blocks that the frames name.
    pub blocks: Vec<Arc<Block>>,
    /// At most [`BATCH_FRAMES`] frames.
    pub frames: Vec<Frame>,
    /// On a live wire: when this batch was taken, in nanoseconds of a steady clock. Every frame in it was there by then, and where it
    /// has none, no packet came.
    pub steady: Option<u64>,
    /// Tells one filling of this batch from the next.
    filling: u64,
}

impl Batch {
    /// An empty batch with room for its frames.
    pub fn new() -> Self {
        Self { blocks: Vec::with_capacity(4), frames: Vec::with_capacity(BATCH_FRAMES), steady: None, filling: 0 }
    }

    /// The captured bytes of `frame`; nothing where the frame is not of this batch.
    pub fn bytes(&self, frame: &Frame) -> &[u8] {
        self.blocks.get(usize::from(frame.block)).map_or(&[], |block| block.frame(frame))
    }

    /// Lets go of all frames and blocks, keeping the room.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.frames.clear();
        self.steady = None;
        self.filling = self.filling.wrapping_add(1);
    }

    /// Which filling this is: it changes with every [`clear`](Self::clear).
    pub(super) const fn filling(&self) -> u64 {
        self.filling
    }

    /// Adds `block` and tells its position; `None` where the batch holds too many to name another.
    pub fn share(&mut self, block: &Arc<Block>) -> Option<u16> {
        let position = u16::try_from(self.blocks.len()).ok()?;
        self.blocks.push(Arc::clone(block));
        Some(position)
    }

    /// Whether there is no room for another frame.
    pub fn is_full(&self) -> bool {
        self.frames.len() >= BATCH_FRAMES
    }
}

/// Filled bytes, read-only, shared between threads. Its memory returns to the pool when the last reader drops it.
#[derive(Debug)]
pub struct Block {
    /// Always [`BLOCK_BYTES`] long.
    memory: Vec<u8>,
    filled: usize,
    pool: Pool,
}

impl Block {
    /// The filled bytes.
    pub fn bytes(&self) -> &[u8] {
        self.memory.get(..self.filled).unwrap_or_default()
    }

    /// The bytes of `frame`, which lies in this block.
    pub fn frame(&self, frame: &Frame) -> &[u8] {
        let start = frame.offset as usize;
        let end = start.saturating_add(frame.caplen as usize);
        self.bytes().get(start..end).unwrap_or_default()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.pool.take_back(std::mem::take(&mut self.memory));
    }
}

/// A block that is still being filled, by one owner.
#[derive(Debug)]
pub struct Blank(Block);

impl Blank {
    /// Bytes filled so far.
    pub const fn len(&self) -> usize {
        self.0.filled
    }

    /// Whether nothing is filled yet.
    pub const fn is_empty(&self) -> bool {
        self.0.filled == 0
    }

    /// Copies `bytes` behind what is filled and tells where they begin; `None`, and nothing copied, where they do not fit.
    pub fn append(&mut self, bytes: &[u8]) -> Option<usize> {
        let start = self.0.filled;
        let end = start.checked_add(bytes.len())?;
        self.0.memory.get_mut(start..end)?.copy_from_slice(bytes);
        self.0.filled = end;
        Some(start)
    }

    /// Reads once from `input`, at most `limit` bytes, behind what is filled. 0 is the end of the input, or a full block.
    pub fn read_from(&mut self, input: &mut dyn Read, limit: usize) -> Result<usize> {
        let end = self.0.filled.saturating_add(limit).min(self.0.memory.len());
        let Some(room) = self.0.memory.get_mut(self.0.filled..end) else { return Ok(0) };
        loop {
            match input.read(room) {
                Ok(read) => {
                    self.0.filled = self.0.filled.saturating_add(read).min(end);
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes the block: from here on it is read-only and may be shared.
    pub fn share(self) -> Arc<Block> {
        Arc::new(self.0)
    }
}

/// Where the memory of blocks comes from and goes back to. A clone is the same pool.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    returned: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Pool {
    /// A block to fill, from returned memory where there is some.
    pub fn blank(&self) -> Blank {
        let returned = self.returned.lock().ok().and_then(|mut returned| returned.pop());
        let memory = returned.unwrap_or_else(|| vec![0; BLOCK_BYTES]);
        Blank(Block { memory, filled: 0, pool: self.clone() })
    }

    fn take_back(&self, memory: Vec<u8>) {
        if memory.len() == BLOCK_BYTES
            && let Ok(mut returned) = self.returned.lock()
            && returned.len() < POOL_BLOCKS
        {
            returned.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_small() {
        assert_eq!(size_of::<Frame>(), 24);
    }

    #[test]
    fn memory_returns_to_the_pool_with_the_last_reader() {
        let pool = Pool::default();
        let mut blank = pool.blank();
        assert_eq!(blank.append(b"abc"), Some(0));
        assert_eq!(blank.append(b"def"), Some(3));
        let block = blank.share();
        let other = Arc::clone(&block);
        drop(block);
        assert_eq!(other.bytes(), b"abcdef");
        assert_eq!(pool.returned.lock().unwrap().len(), 0);
        std::thread::spawn(move || drop(other)).join().unwrap();
        assert_eq!(pool.returned.lock().unwrap().len(), 1);
        assert!(pool.blank().is_empty());
        assert_eq!(pool.returned.lock().unwrap().len(), 1, "the dropped blank came back");
    }

    #[test]
    fn a_block_never_takes_more_than_it_holds() {
        let pool = Pool::default();
        let mut blank = pool.blank();
        assert_eq!(blank.read_from(&mut std::io::repeat(7), usize::MAX).unwrap(), BLOCK_BYTES);
        assert_eq!(blank.read_from(&mut std::io::repeat(7), 10).unwrap(), 0);
        assert_eq!(blank.append(b"x"), None);
        assert_eq!(blank.append(b""), Some(BLOCK_BYTES));
    }

    #[test]
    fn a_frame_of_another_batch_has_no_bytes() {
        let batch = Batch::new();
        let frame = Frame { time: Timestamp::default(), offset: 4, caplen: 9, wirelen: 9, block: 3, link: 1 };
        assert_eq!(batch.bytes(&frame), b"");
        let mut batch = Batch::new();
        batch.share(&Pool::default().blank().share());
        assert_eq!(batch.bytes(&Frame { block: 0, ..frame }), b"");
    }
}
