//! The packet clock: time as the packets tell it, made monotone.
//!
//! Sessions are timed by the packets of the capture and by nothing else. Packets may be a little out of order, and the clock of the
//! capturing host may be set: a step back of more than [`STEP`] moves the zero point, so that timers neither stand still nor all
//! fire at once.

use dissectors::Timestamp;
use dissectors::time::SECOND;

/// A step back by more than this is a clock that was set, and not disorder.
pub const STEP: u64 = 10 * SECOND;

/// Turns timestamps into instants that never go back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    now: u64,
    /// What the steps back so far took away from the timestamps.
    offset: u64,
    started: bool,
}

impl Clock {
    /// The instant of a packet: nanoseconds on a clock that begins at the first packet's timestamp and never goes back.
    pub fn advance(&mut self, time: Timestamp) -> u64 {
        let shifted = time.nanos().saturating_add(self.offset);
        if self.started && self.now.saturating_sub(shifted) > STEP {
            self.offset = self.now.saturating_sub(time.nanos());
        } else {
            self.now = self.now.max(shifted);
        }
        self.started = true;
        self.now
    }

    /// The latest instant.
    pub const fn now(&self) -> u64 {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_nanos(seconds * SECOND)
    }

    #[test]
    fn disorder_does_not_move_it() {
        let mut clock = Clock::default();
        assert_eq!(clock.advance(at(100)), 100 * SECOND);
        assert_eq!(clock.advance(at(95)), 100 * SECOND);
        assert_eq!(clock.advance(at(101)), 101 * SECOND);
    }

    #[test]
    fn a_step_back_goes_on_from_where_it_was() {
        let mut clock = Clock::default();
        clock.advance(at(5000));
        assert_eq!(clock.advance(at(1000)), 5000 * SECOND);
        assert_eq!(clock.advance(at(1003)), 5003 * SECOND);
    }
}
