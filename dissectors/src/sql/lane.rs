//! One side's stream of messages that say how long they are, and how it is found again behind a gap.
//!
//! Where bytes are missing inside a message, the next one stands where its length says. Where a border is lost, nothing is read
//! until the other side has spoken: databases ask and answer in turns, so that what follows is the beginning of a message; it is
//! believed where it looks like one.

use crate::protocol::Step;

/// How sure it is that a message begins here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Footing {
    /// Every byte before was seen, or its length was.
    #[default]
    Sure,
    /// It must look like the beginning of a message.
    Doubtful,
    /// Somewhere inside a message.
    Lost,
}

/// Where one side's stream stands.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// So many bytes of the message are still to come.
    pub left: u64,
    /// They are a statement's.
    pub statement: bool,
    /// Whether the next message's beginning is known.
    pub footing: Footing,
    /// Bytes were shown that are not dealt with.
    pub waiting: bool,
}

impl Lane {
    /// The message's content that is of no interest: how many of `shown` bytes it takes, or how many to skip beyond them.
    pub fn pass(&mut self, shown: usize) -> Step {
        let left = std::mem::take(&mut self.left);
        match usize::try_from(left) {
            Ok(left) if left <= shown => Step::Consumed(left),
            _ => Step::Skip(left.saturating_sub(shown as u64)),
        }
    }

    /// The message's content among the shown bytes, which is thereby dealt with.
    pub fn take<'a>(&mut self, shown: &'a [u8]) -> &'a [u8] {
        let whole = usize::try_from(self.left).unwrap_or(usize::MAX);
        let content = shown.get(..whole).unwrap_or(shown);
        self.left = self.left.saturating_sub(content.len() as u64);
        content
    }

    /// Bytes are missing. Where they were content of a message, the next one's place is still known.
    pub fn missed(&mut self, bytes: u64) {
        if !self.waiting && bytes <= self.left {
            self.left = self.left.saturating_sub(bytes);
        } else {
            self.left = 0;
            self.footing = Footing::Lost;
        }
        self.statement = false;
        self.waiting = false;
    }

    /// The other side has begun a message.
    pub fn turn(&mut self) {
        if self.footing == Footing::Lost {
            self.footing = Footing::Doubtful;
        }
    }
}
