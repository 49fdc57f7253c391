//! Content of a file that is read or written by offsets, as file protocols do.
//!
//! What comes in order from the beginning is hashed; what is read again is passed over; whatever else happens costs the hash.

use crate::files::{HashLimit, Transfer};

/// Content that moves one way through one file.
#[derive(Debug)]
pub struct ByOffset {
    transfer: Transfer,
    /// The offset after the last byte seen.
    next: u64,
    /// So many bytes to come were seen before.
    again: u64,
}

impl ByOffset {
    /// Begins a file. Beyond the limit only its size and type are told.
    pub fn new(hash: HashLimit) -> Self {
        Self { transfer: Transfer::new(hash), next: 0, again: 0 }
    }

    /// `length` bytes at `offset` are about to pass. With `replaces` they take the place of what was there: a write.
    pub fn begin(&mut self, offset: u64, length: u64, replaces: bool) {
        let seen_before = self.next > offset;
        // What is written again replaces content that was hashed.
        if offset > self.next || (seen_before && replaces) {
            self.transfer.broken();
        }
        // What is read again was counted before; where reads came out of order that can't be said.
        let in_order = !self.transfer.is_broken();
        self.again = if in_order { self.next.saturating_sub(offset).min(length) } else { 0 };
        self.next = self.next.max(offset);
    }

    /// The next bytes of what [`Self::begin`] announced.
    pub fn data(&mut self, bytes: &[u8]) {
        let again = usize::try_from(self.again).unwrap_or(usize::MAX).min(bytes.len());
        self.again = self.again.saturating_sub(again as u64);
        let fresh = bytes.get(again..).unwrap_or_default();
        self.transfer.data(fresh);
        self.next = self.next.saturating_add(fresh.len() as u64);
    }

    /// So many bytes of what was announced were not seen.
    pub fn missed(&mut self, bytes: u64) {
        let again = self.again.min(bytes);
        self.again = self.again.saturating_sub(again);
        let fresh = bytes.saturating_sub(again);
        if fresh > 0 {
            self.transfer.broken();
            self.next = self.next.saturating_add(fresh);
        }
    }

    /// What was announced did not arrive in the file after all.
    pub fn failed(&mut self) {
        self.transfer.broken();
    }

    /// Bytes seen so far.
    pub fn size(&self) -> u64 {
        self.transfer.size()
    }

    /// The offset after the last byte seen, where all before it was seen in order.
    pub fn whole_to(&self) -> Option<u64> {
        (!self.transfer.is_broken()).then_some(self.next)
    }

    /// Ends the file.
    pub fn finish(self) -> Transfer {
        self.transfer
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.transfer.heap_bytes()
    }
}
