//! Puts frames of several interfaces in the order of their times.
//!
//! The two halves of a full-duplex tap come by two interfaces, and an answer must not be seen before its question only because its ring
//! was emptied first. The kernel keeps a block for [`super::BLOCK_MS`] at most, so what waits here for twice as long has
//! nothing earlier behind it. With one interface nothing waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dissectors::Timestamp;

use super::BLOCK_MS;
use crate::source::batch::{BATCH_FRAMES, Batch, Block, Frame};

/// How long a frame waits for earlier ones of other interfaces.
const WINDOW: Duration = Duration::from_millis(2 * BLOCK_MS as u64);
/// Frames that wait at most. Beyond that time is short, and the earliest go.
const MAX_WAITING: usize = 1 << 16;

/// Frames that wait for earlier ones.
pub(super) struct InOrder {
    several: bool,
    waiting: Vec<(Frame, Arc<Block>)>,
    /// When frames came in, and the latest of their times.
    came: VecDeque<(Instant, Timestamp)>,
    /// What is not later than this may go.
    until: Option<Timestamp>,
}

impl InOrder {
    pub(super) fn new(interfaces: usize) -> Self {
        Self { several: interfaces > 1, waiting: Vec::new(), came: VecDeque::new(), until: None }
    }

    /// Takes the frames of a batch and gives those whose time has come in their place; all, where these are the `last`.
    pub(super) fn sort(&mut self, batch: &mut Batch, now: Instant, last: bool) {
        if !self.several {
            return;
        }
        if let Some(latest) = batch.frames.iter().map(|frame| frame.time).max() {
            self.came.push_back((now, latest));
        }
        let blocks = &batch.blocks;
        let with_block = |frame: Frame| Some((frame, Arc::clone(blocks.get(usize::from(frame.block))?)));
        self.waiting.extend(batch.frames.drain(..).filter_map(with_block));
        batch.clear();
        while let Some(&(came, latest)) = self.came.front()
            && (last || now.duration_since(came) >= WINDOW || self.waiting.len() > MAX_WAITING)
        {
            self.until = self.until.max(Some(latest));
            self.came.pop_front();
            if self.waiting.len() > MAX_WAITING {
                break;
            }
        }
        let Some(until) = self.until else { return };
        self.waiting.sort_by_key(|(frame, _)| frame.time);
        let ready = self.waiting.partition_point(|(frame, _)| frame.time <= until);
        for (frame, block) in self.waiting.drain(..ready.min(BATCH_FRAMES)) {
            let known = batch.blocks.iter().rposition(|known| Arc::ptr_eq(known, &block));
            let place = match known {
                Some(place) => u16::try_from(place).ok(),
                None => batch.share(&block),
            };
            if let Some(block) = place {
                batch.frames.push(Frame { block, ..frame });
            }
        }
        if ready <= BATCH_FRAMES {
            self.until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::batch::Pool;

    fn batch(times: &[u64]) -> Batch {
        let mut batch = Batch::new();
        let mut blank = Pool::default().blank();
        for time in times {
            let offset = blank.append(&time.to_be_bytes()).unwrap() as u32;
            let time = Timestamp::from_nanos(*time);
            batch.frames.push(Frame { time, offset, caplen: 8, wirelen: 8, block: 0, link: 1 });
        }
        batch.share(&blank.share());
        batch
    }

    /// The times of a batch's frames, each held against the frame's bytes.
    fn times(batch: &Batch) -> Vec<u64> {
        let time = |frame: &Frame| {
            assert_eq!(batch.bytes(frame), frame.time.nanos().to_be_bytes());
            frame.time.nanos()
        };
        batch.frames.iter().map(time).collect()
    }

    #[test]
    fn one_interface_waits_for_nobody() {
        let mut one = batch(&[3, 1]);
        InOrder::new(1).sort(&mut one, Instant::now(), false);
        assert_eq!(times(&one), [3, 1]);
    }

    #[test]
    fn frames_of_two_interfaces_go_in_the_order_of_their_times() {
        let mut order = InOrder::new(2);
        let start = Instant::now();
        let mut told = Vec::new();
        for (at, came) in [(0, &[10u64, 30, 50][..]), (20, &[20, 40]), (60, &[60]), (101, &[]), (121, &[]), (300, &[])]
        {
            let mut batch = batch(came);
            order.sort(&mut batch, start + Duration::from_millis(at), false);
            told.push(times(&batch));
        }
        assert_eq!(told, [&[][..], &[], &[], &[10, 20, 30, 40, 50], &[], &[60]]);
    }

    #[test]
    fn the_last_frames_all_go() {
        let mut order = InOrder::new(2);
        let many: Vec<u64> = (0..3000).rev().collect();
        let mut first = batch(&many);
        let mut told = Vec::new();
        for _ in 0..4 {
            order.sort(&mut first, Instant::now(), true);
            told.extend(times(&first));
            first.frames.clear();
        }
        assert_eq!(told, (0..3000).collect::<Vec<u64>>());
    }
}
