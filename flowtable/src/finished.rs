//! A session on its way out.

use dissectors::{Facts, Timestamp};

use crate::across::{Joined, Meeting, Notice};

/// Why a session is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides closed it.
    Fin,
    /// A side reset it.
    Rst,
    /// It was silent for its timeout.
    Idle,
    /// Every question had its answer.
    Answered,
    /// A new session began between the same ends.
    Replaced,
    /// The memory budget needed its room.
    Evicted,
    /// The sensor or the capture ended.
    Shutdown,
}

impl End {
    /// Its name in `session.end`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Idle => "idle",
            Self::Answered => "answered",
            Self::Replaced => "replaced",
            Self::Evicted => "evicted",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Where a line stands among the others: by the instant of the packet clock at which its session ended (or was told), then by
/// what makes the order complete. It depends on the packets alone, so any number of workers gives one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// Packet clock at the end.
    pub ended: u64,
    /// First packet.
    pub start: Timestamp,
    /// Last packet.
    pub last: Timestamp,
    /// The session's id.
    pub id: u64,
}

impl Order {
    /// After every line.
    pub const LAST: Self = Self {
        ended: u64::MAX,
        start: Timestamp::from_nanos(u64::MAX),
        last: Timestamp::from_nanos(u64::MAX),
        id: u64::MAX,
    };

    /// Before every line of what ended at an instant or later.
    pub fn before(ended: u64) -> Self {
        Self { ended, ..Self::default() }
    }
}

/// A session to be told.
#[derive(Debug)]
pub struct Finished<'a> {
    /// Whether it is still open (an UPDATE).
    pub update: bool,
    /// Its last packet.
    pub time: Timestamp,
    /// Its place among the others.
    pub order: Order,
    /// Everything known of it, the session element first.
    pub facts: &'a Facts,
}

/// Where finished sessions go.
pub trait Sink {
    /// Takes a session. What it refers to is used again afterwards.
    fn tell(&mut self, finished: &Finished<'_>);

    /// Hears something that concerns other sessions.
    fn hear(&mut self, notice: Notice) {
        let _ = notice;
    }

    /// Says what was heard of a session: names until its first packet, announcements until its last. `joined` is empty before.
    fn join(&mut self, meeting: &Meeting, joined: &mut Joined) {
        let _ = (meeting, joined);
    }
}
