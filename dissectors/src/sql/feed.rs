//! Feeds a reader of streams whose bytes come out of another protocol: packed, or wrapped.

use crate::protocol::Step;

/// The most bytes that wait to be a whole piece.
pub const PENDING_BYTES: usize = 128 * 1024;

/// One side's stream.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    pending: Vec<u8>,
    wanted: usize,
    skip: u64,
}

impl Feed {
    /// The next bytes; `take` deals with what is pending as [`crate::protocol::Dissector::data`] does. Gives its answer where that is
    /// its last one.
    pub fn data(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8]) -> Step) -> Option<Step> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip = self.skip.saturating_sub(skipped as u64);
        self.pending.extend_from_slice(bytes.get(skipped..).unwrap_or_default());
        if self.pending.len() < self.wanted {
            return None;
        }
        self.wanted = 0;
        let mut used = 0usize;
        while let Some(rest) = self.pending.get(used..).filter(|rest| !rest.is_empty()) {
            match take(rest) {
                Step::Consumed(0) => break,
                Step::Consumed(n) => used = used.saturating_add(n),
                Step::NeedMore(wanted) if wanted <= PENDING_BYTES && rest.len() <= PENDING_BYTES => {
                    self.wanted = wanted;
                    break;
                }
                Step::NeedMore(_) => return Some(Step::Violation),
                Step::Pass(_) => used = self.pending.len(),
                Step::Skip(n) => {
                    self.skip = n;
                    used = self.pending.len();
                }
                last @ (Step::Done | Step::Handover(..) | Step::Violation) => return Some(last),
            }
        }
        self.pending.drain(..used.min(self.pending.len()));
        None
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.pending.capacity()
    }
}
