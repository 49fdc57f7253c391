//! COMPRESS=DEFLATE (RFC 4978): after the server has agreed, both sides send one raw deflate stream each (RFC 1951).

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes inflated at a time.
const OUT_BYTES: usize = 8 * 1024;
/// What an inflater holds, roughly: its window and its tables.
const INFLATE_BYTES: usize = 44 * 1024;
/// The most inflated bytes that wait for the rest of their line.
const WAITING_BYTES: usize = 128 * 1024;

/// One side's stream.
pub(super) struct Inflater {
    state: Decompress,
    /// Inflated bytes that were not consumed yet.
    waiting: Vec<u8>,
}

/// The stream is no deflate, or has ended.
pub(super) struct Broken;

impl Inflater {
    /// At the stream's first byte.
    pub(super) fn new() -> Self {
        Self { state: Decompress::new(false), waiting: Vec::new() }
    }

    /// Takes bytes of the wire; `take` is shown what of the inflated bytes it has not consumed, and says how many it has.
    pub(super) fn data(&mut self, bytes: &[u8], take: &mut dyn FnMut(&[u8]) -> usize) -> Result<(), Broken> {
        let mut rest = bytes;
        let mut out = [0; OUT_BYTES];
        loop {
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(rest, &mut out, FlushDecompress::Sync);
            let step = |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX);
            let (read, written) = (step(self.state.total_in(), read), step(self.state.total_out(), written));
            rest = rest.get(read..).unwrap_or_default();
            self.waiting.extend_from_slice(out.get(..written).unwrap_or_default());
            let used = take(&self.waiting);
            self.waiting.drain(..used.min(self.waiting.len()));
            if !matches!(status, Ok(Status::Ok | Status::BufError)) || self.waiting.len() > WAITING_BYTES {
                return Err(Broken);
            }
            if written < OUT_BYTES && (rest.is_empty() || read == 0) {
                return Ok(());
            }
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        INFLATE_BYTES + self.waiting.capacity()
    }
}
