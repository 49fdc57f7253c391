//! How long a destination waits for a receiver that has gone.

use std::time::Duration;

/// When to try again, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often a batch is tried before its lines count as failed. At least once.
    pub tries: u32,
    /// The pause before the second try; each further one is twice as long.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long one connecting or writing may take.
    pub stall: Duration,
    /// Whether lines that a stream did not take stay for the next try, instead of failing, and a receiver that is not there at the beginning
    /// is waited for. The caller keeps what comes after them, and looks with [`super::Destinations::is_reachable`] whether there is a use
    /// in trying.
    pub keeps: bool,
}

impl Patience {
    /// For replaying, which may wait: some twelve seconds of pauses, and half a minute for a receiver that does not read.
    pub const REPLAY: Self = Self {
        tries: 8,
        first_pause: Duration::from_millis(100),
        longest_pause: Duration::from_secs(5),
        stall: Duration::from_secs(30),
        keeps: false,
    };

    /// For a sensor that listens, whose lines wait in a queue meanwhile: shorter, so that one dead receiver does not hold up the end.
    pub const LIVE: Self = Self { stall: Duration::from_secs(10), keeps: true, ..Self::REPLAY };

    /// The pause after a number of tries.
    pub(super) fn pause(&self, tries: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        self.first_pause.saturating_mul(doubled).min(self.longest_pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = (1..9).map(|tries| Patience::REPLAY.pause(tries).as_millis() as u64).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
