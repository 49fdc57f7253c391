//! How much work a session's dissectors may be given.

/// How often, on the average, a byte that a dissector left unconsumed is shown to it again. In segments of usual size a whole
/// [`PENDING_CAP`](super::PENDING_CAP) needs fewer; segments of a byte each would else make work grow with the square of what waits.
pub const REPEATS: u64 = 64;
/// So many bytes more may be shown again: short lines and messages are looked at with each byte that comes.
pub const REPEATS_AT_FIRST: u64 = 1 << 20;
/// How often in a session what waits is shown although it was shown too often already: because the other side speaks, or this one ends.
pub const LATE_LOOKS: u8 = 64;

/// The bytes that dissectors are called with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Bytes of streams that came for a dissector.
    pub came: u64,
    /// Bytes of streams that dissectors were called with, counted again where they are shown again.
    pub shown: u64,
    /// Times that bytes were shown beyond what [`REPEATS`] allows.
    pub late_looks: u8,
}

impl Effort {
    /// Whether so many bytes may be shown again.
    pub(super) fn allows(&self, bytes: usize) -> bool {
        let limit = self.came.saturating_mul(REPEATS).saturating_add(REPEATS_AT_FIRST);
        self.shown.saturating_add(bytes as u64) <= limit
    }

    /// Whether bytes may be shown that [`Self::allows`] forbids.
    pub(super) fn allows_late(&mut self) -> bool {
        let left = self.late_looks < LATE_LOOKS;
        self.late_looks = self.late_looks.saturating_add(u8::from(left));
        left
    }

    pub(super) fn show(&mut self, bytes: usize) {
        self.shown = self.shown.saturating_add(bytes as u64);
    }
}
