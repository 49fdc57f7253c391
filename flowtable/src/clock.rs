//! The packet clock: time as the packets tell it, made monotone.
//!
//! Sessions are timed by the packets of the capture and by nothing else. Packets may be a little out of order, and the clock of the
//! capturing host may be set: a step back of more than [`STEP`] moves the zero point, so that timers neither stand still nor all
//! fire at once.
//!
//! On a live wire there is a second witness, a steady clock that nobody sets: [`Clock::steady`]. With it a step ahead is known for
//! what it is, and silence has a length ([`Clock::idle`]). A replay has no such witness: there a leap is a pause of the capture.

use dissectors::Timestamp;
use dissectors::time::SECOND;

/// A step by more than this is a clock that was set, and neither disorder nor a packet that was late.
pub const STEP: u64 = 10 * SECOND;

/// Turns timestamps into instants that never go back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    now: u64,
    /// What the steps back so far took away from the timestamps.
    behind: u64,
    /// What the steps ahead so far added to them. One of the two is 0.
    ahead: u64,
    started: bool,
    steps: u64,
    steady: Option<Steady>,
}

/// The steady clock beside the packets'.
#[derive(Clone, Copy, Debug, Default)]
struct Steady {
    now: u64,
    /// The most that the packet clock was ever ahead of it: what a packet has that is taken the moment it comes.
    lead: u64,
}

impl Clock {
    /// The instant of a packet: nanoseconds on a clock that begins at the first packet's timestamp and never goes back.
    #[inline]
    pub fn advance(&mut self, time: Timestamp) -> u64 {
        let shifted = time.nanos().saturating_add(self.behind).saturating_sub(self.ahead);
        let latest = self.expected().map_or(u64::MAX, |expected| expected.saturating_add(STEP));
        if self.started && (self.now.saturating_sub(shifted) > STEP || shifted > latest) {
            self.step(time);
        } else {
            self.now = self.now.max(shifted);
        }
        self.started = true;
        if let Some(steady) = &mut self.steady {
            steady.lead = steady.lead.max(self.now.saturating_sub(steady.now));
        }
        self.now
    }

    /// Says what the steady clock shows, in nanoseconds since whenever. Packets from here on were there by then.
    pub fn steady(&mut self, now: u64) {
        self.steady = Some(Steady { now, ..self.steady.unwrap_or_default() });
    }

    /// Moves on as far as the steady clock says: there are no packets that could tell. Nothing moves before the first one.
    pub fn idle(&mut self) {
        if self.started {
            self.now = self.now.max(self.expected().unwrap_or(0));
        }
    }

    /// The latest instant.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// How often the clock behind the timestamps was set, as far as that shows.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Where the packet clock should be by the steady one.
    fn expected(&self) -> Option<u64> {
        self.steady.map(|steady| steady.now.saturating_add(steady.lead))
    }

    /// Goes on from where it was, or where the steady clock says that it should be, whatever the timestamp.
    #[cold]
    fn step(&mut self, time: Timestamp) {
        self.steps = self.steps.saturating_add(1);
        self.now = self.now.max(self.expected().unwrap_or(0));
        self.behind = self.now.saturating_sub(time.nanos());
        self.ahead = time.nanos().saturating_sub(self.now);
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

    #[test]
    fn a_replay_leaps_over_a_pause_and_a_live_clock_does_not_believe_it() {
        let mut replay = Clock::default();
        replay.advance(at(1000));
        assert_eq!(replay.advance(at(5000)), 5000 * SECOND);
        assert_eq!(replay.steps(), 0);
        let mut live = Clock::default();
        live.steady(7 * SECOND);
        live.advance(at(1000));
        live.steady(8 * SECOND);
        assert_eq!(live.advance(at(5000)), 1001 * SECOND, "a second passed, whatever the clock on the wall");
        live.steady(9 * SECOND);
        assert_eq!(live.advance(at(5001)), 1002 * SECOND);
        assert_eq!(live.steps(), 1);
        live.steady(10 * SECOND);
        assert_eq!(live.advance(at(1002)), 1003 * SECOND, "it was set back to where it was");
        assert_eq!(live.advance(at(1004)), 1005 * SECOND);
        assert_eq!(live.steps(), 2);
    }

    #[test]
    fn silence_has_a_length_by_the_steady_clock() {
        let mut clock = Clock::default();
        clock.steady(3 * SECOND);
        clock.idle();
        assert_eq!(clock.now(), 0, "nobody has told the time yet");
        clock.advance(at(1000));
        clock.steady(63 * SECOND);
        clock.idle();
        assert_eq!(clock.now(), 1060 * SECOND);
        assert_eq!(clock.advance(at(1059)), 1060 * SECOND);
        assert_eq!(clock.advance(at(1061)), 1061 * SECOND);
    }

    #[test]
    fn packets_that_waited_long_are_no_step() {
        // The program stood still for a minute; what the ring held comes late and in one go.
        let mut clock = Clock::default();
        clock.steady(0);
        clock.advance(at(1000));
        for (steady, time) in [(60, 1001), (60, 1020), (61, 1040), (61, 1061)] {
            clock.steady(steady * SECOND);
            assert_eq!(clock.advance(at(time)), time * SECOND);
        }
        assert_eq!(clock.steps(), 0);
    }
}
