//! What was lost of a TCP stream: holes in what was seen of it, and what was sent again.
//!
//! A hole opens where a segment lies beyond the bytes seen so far, and closes as late segments fill it. Some are known at a time,
//! so that a session stays small; the oldest is given up for a new one and what is left of it counts as never seen.

/// Holes of one direction that are known at a time: those that a burst of losses leaves in one window.
const OPEN: usize = 16;

/// The losses of one direction. Most streams have none, and then it is a word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Losses(Option<Box<Known>>);

impl Losses {
    /// A hole of `length` bytes begins at `at`, beyond all others.
    pub fn open(&mut self, at: u64, length: u64) {
        self.0.get_or_insert_default().open(at, length);
    }

    /// The bytes from `start` to `end` were seen. Tells whether any of them lay in a hole.
    pub fn fill(&mut self, start: u64, end: u64) -> bool {
        self.0.as_mut().is_some_and(|known| known.fill(start, end))
    }

    /// Bytes before `acked` that were never seen.
    pub fn unseen(&self, acked: u64) -> u64 {
        self.0.as_ref().map_or(0, |known| known.unseen(acked))
    }

    /// A segment was sent again.
    pub fn retransmit(&mut self) {
        let known = self.0.get_or_insert_default();
        known.retransmits = known.retransmits.saturating_add(1);
    }

    /// Segments that were sent again.
    pub fn retransmits(&self) -> u64 {
        self.0.as_ref().map_or(0, |known| known.retransmits)
    }
}

/// The holes that are known, by their places in the stream.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Where each begins; those of length 0 are none.
    at: [u64; OPEN],
    length: [u32; OPEN],
    /// Bytes of holes that were given up.
    given_up: u64,
    retransmits: u64,
}

impl Known {
    fn open(&mut self, at: u64, length: u64) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let oldest = self.at.iter().zip(&self.length).enumerate().min_by_key(|(_, (at, length))| (**length > 0, **at));
        let Some((place, (_, left))) = oldest else { return };
        self.given_up = self.given_up.saturating_add(u64::from(*left));
        self.put(place, at, length);
    }

    fn fill(&mut self, start: u64, end: u64) -> bool {
        let mut fills = false;
        for place in 0..OPEN {
            let (Some(&at), Some(&length)) = (self.at.get(place), self.length.get(place)) else { continue };
            let hole_end = at.saturating_add(u64::from(length));
            if length == 0 || end <= at || start >= hole_end {
                continue;
            }
            fills = true;
            let (before, after) = (start.saturating_sub(at), hole_end.saturating_sub(end));
            match (before, after) {
                (_, 0) => self.put(place, at, before as u32),
                (0, _) => self.put(place, end, after as u32),
                // It lies in the midst: what is left are two holes.
                _ => {
                    self.put(place, at, before as u32);
                    self.open(end, after);
                }
            }
        }
        fills
    }

    fn unseen(&self, acked: u64) -> u64 {
        let open =
            self.at.iter().zip(&self.length).map(|(at, length)| acked.saturating_sub(*at).min(u64::from(*length)));
        open.fold(self.given_up, u64::saturating_add)
    }

    fn put(&mut self, place: usize, at: u64, length: u32) {
        if let (Some(old_at), Some(old_length)) = (self.at.get_mut(place), self.length.get_mut(place)) {
            (*old_at, *old_length) = (at, length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_in_any_order() {
        let mut holes = Losses::default();
        holes.open(100, 300);
        holes.open(500, 100);
        assert!(holes.fill(200, 300), "the midst of the first");
        assert!(holes.fill(450, 650), "the second with what lies around it");
        assert_eq!((holes.unseen(1000), holes.unseen(150), holes.unseen(50)), (200, 50, 0));
        assert!(holes.fill(0, 200) && holes.fill(300, 400));
        assert_eq!(holes.unseen(1000), 0);
        assert!(!holes.fill(0, 1000), "nothing is left to fill");
    }

    #[test]
    fn the_oldest_hole_is_given_up_for_a_new_one() {
        let mut holes = Losses::default();
        let end = (OPEN as u64 + 2) * 100;
        for at in (0..end).step_by(100) {
            holes.open(at, 10);
        }
        assert!(!holes.fill(0, 110), "the first two are given up");
        assert!(holes.fill(200, end));
        assert_eq!(holes.unseen(end), 20);
    }
}
