//! Tells what has ended: in the order of its lines, and in pieces.
//!
//! What was heard in other tables until a session's end may still be missing when it ends, so it waits. Many may end at one instant (the
//! capture is over, the clock leaps): their places among the lines are known before anything is told of them, so whoever writes lines never
//! has to hold more than a piece.

use dissectors::dictionary::Flag;
use dissectors::{Facts, Timestamp};

use super::FlowTable;
use crate::across::Meeting;
use crate::finished::{End as Ending, Finished, Order, Sink};
use crate::record;
use crate::slab::Index;

/// So many sessions are looked at before they are told.
pub(super) const AHEAD: usize = 32;

/// What waits to be told.
#[derive(Debug)]
enum Over {
    /// A session that has ended. It lies in its slot still, found by nobody.
    Ended { index: Index, ending: Ending, ended: u64 },
    /// An open one, as it was at its active timeout.
    Updated(Box<Updated>),
}

#[derive(Debug)]
struct Updated {
    time: Timestamp,
    meeting: Meeting,
    order: Order,
    facts: Facts,
}

impl Over {
    fn ended(&self) -> u64 {
        match self {
            Self::Ended { ended, .. } => *ended,
            Self::Updated(updated) => updated.order.ended,
        }
    }
}

/// What a table has still to tell.
#[derive(Debug, Default)]
pub(super) struct Telling {
    over: Vec<Over>,
    /// Those whose turn has come, the first to be told last.
    ready: Vec<(Order, Over)>,
    /// How many of both are sessions, which keep their slots until they are told.
    sessions: usize,
    /// What ended before this instant was told.
    told: u64,
    /// No session will be opened any more.
    finished: bool,
}

impl Telling {
    pub fn sessions(&self) -> usize {
        self.sessions
    }

    pub fn ended(&mut self, index: Index, ending: Ending, ended: u64) {
        self.sessions = self.sessions.saturating_add(1);
        self.over.push(Over::Ended { index, ending, ended });
    }
}

impl FlowTable {
    /// Whether anything waits to be told.
    pub fn has_to_tell(&self) -> bool {
        !self.telling.over.is_empty() || !self.telling.ready.is_empty()
    }

    /// The place in the order of lines before which nothing more will be told.
    pub fn told_until(&self) -> Order {
        let Telling { ready, told, finished, .. } = &self.telling;
        match ready.last() {
            Some((next, _)) if *finished => *next,
            None if *finished => Order::LAST,
            Some((next, _)) => Order::before(self.wheel.reached()).min(*next),
            None => Order::before(self.wheel.reached().min(*told)),
        }
    }

    /// Tells what ended before an instant of the packet clock, in order, at most so many. Nothing that concerns it may be heard any more:
    /// every table has come to that instant. Says whether some of it is left.
    pub fn tell(&mut self, before: u64, most: usize, sink: &mut impl Sink) -> bool {
        let mut left = most;
        loop {
            if self.telling.ready.is_empty() && !self.make_ready(before) {
                self.telling.told = self.telling.told.max(before);
                return false;
            }
            let first = self.telling.ready.len().saturating_sub(left);
            left = left.saturating_sub(self.telling.ready.len());
            // The room stays for those that come later.
            let mut ready = std::mem::take(&mut self.telling.ready);
            while ready.len() > first {
                let next = ready.len().saturating_sub(AHEAD).max(first);
                self.look_at(ready.get(next..).unwrap_or_default());
                for (order, over) in ready.drain(next..).rev() {
                    self.tell_one(order, over, sink);
                }
            }
            self.telling.ready = ready;
            if !self.telling.ready.is_empty() {
                return true;
            }
        }
    }

    /// Looks at what sessions hold that are about to be told: most were silent for long, and their memory is then waited for together.
    fn look_at(&self, next: &[(Order, Over)]) {
        let sessions = next.iter().filter_map(|(_, over)| match over {
            Over::Ended { index, .. } => self.sessions.get(*index),
            Over::Updated(_) => None,
        });
        std::hint::black_box(sessions.clone().fold(0, |touched, session| touched ^ session.touch()));
        std::hint::black_box(sessions.fold(0, |touched, session| touched ^ session.touch_detail()));
    }

    /// Ends every session: the capture or the sensor is over, and so is every other table. They wait to be told.
    pub fn end_all(&mut self) {
        for index in 0..self.sessions.slots() {
            if let Ok(index) = Index::try_from(index)
                && let Some(session) = self.sessions.get(index)
            {
                // The wheel may not have come around to one whose timeout is over.
                let deadline = session.deadline(&self.config.timeouts);
                let (ending, ended) =
                    if deadline < self.clock { (None, deadline) } else { (Some(Ending::Shutdown), self.clock) };
                self.end(index, ending, ended, true);
            }
        }
        self.telling.finished = true;
    }

    /// Ends every session and tells it.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.end_all();
        while self.tell(u64::MAX, usize::MAX, sink) {}
    }

    /// Tells an open session whose active timeout has come: since the packet `before` another whole interval of its life is over.
    pub(super) fn update(&mut self, index: Index, before: Timestamp, interval: u64) {
        let Some(session) = self.sessions.get_mut(index) else { return };
        let intervals = |until: Timestamp| until.since(session.start).checked_div(interval).unwrap_or(0);
        if intervals(before) == intervals(session.last) {
            return;
        }
        let mut facts = Facts::new();
        facts.reveal_secrets(self.config.reveal_secrets);
        self.joined.clear();
        let id = session.id(&self.paths.get(session.path));
        let context = record::Context { paths: &self.paths, community_id_seed: self.config.community_id_seed };
        record::write(session, id, None, &context, &self.joined, &mut facts);
        let order = Order { ended: self.clock, start: session.start, last: session.last, id };
        let updated = Updated { time: session.last, meeting: session.meeting(id), order, facts };
        self.telling.over.push(Over::Updated(Box::new(updated)));
        self.counters.updates = self.counters.updates.saturating_add(1);
    }

    /// Puts what ended before an instant in order. Says whether there is anything.
    fn make_ready(&mut self, before: u64) -> bool {
        let Telling { over, ready, .. } = &mut self.telling;
        for over in over.extract_if(.., |over| over.ended() < before) {
            let order = match &over {
                Over::Updated(updated) => updated.order,
                Over::Ended { index, ended, .. } => {
                    let Some(session) = self.sessions.get(*index) else { continue };
                    let id = session.id(&self.paths.get(session.path));
                    Order { ended: *ended, start: session.start, last: session.last, id }
                }
            };
            ready.push((order, over));
        }
        ready.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        !ready.is_empty()
    }

    fn tell_one(&mut self, order: Order, over: Over, sink: &mut impl Sink) {
        let joined = &mut self.joined;
        joined.clear();
        match over {
            Over::Updated(updated) => {
                let Updated { time, meeting, order, mut facts } = *updated;
                sink.join(&meeting, joined);
                record::join(joined, self.config.services, &mut facts);
                sink.tell(&Finished { update: true, time, order, facts: &facts });
            }
            Over::Ended { index, ending, .. } => {
                self.telling.sessions = self.telling.sessions.saturating_sub(1);
                let Some(session) = self.sessions.get_mut(index) else { return };
                session.close();
                sink.join(&session.meeting(order.id), joined);
                self.facts.clear();
                let context = record::Context { paths: &self.paths, community_id_seed: self.config.community_id_seed };
                record::write(session, order.id, Some(ending), &context, joined, &mut self.facts);
                record::join(joined, self.config.services, &mut self.facts);
                sink.tell(&Finished { update: false, time: session.last, order, facts: &self.facts });
                let counters = &mut self.counters;
                counters.told = counters.told.saturating_add(1);
                let [originator, responder] = &session.halves;
                let missed = originator.unseen().saturating_add(responder.unseen());
                counters.bytes_missed = counters.bytes_missed.saturating_add(missed);
                let failed = self.facts.flags().contains(Flag::DissectorFailed);
                counters.dissectors_failed = counters.dissectors_failed.saturating_add(u64::from(failed));
                self.sessions.free(index);
            }
        }
    }
}
