//! The protocol is known: its dissector is fed, what it leaves unconsumed is kept, and what it says is done.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::detection::Detection;
use super::stages::Stage;
use super::{Conversation, Heard, Mode, PENDING_CAP};
use crate::content::Content;
use crate::dictionary::Flag;
use crate::facts::Side;
use crate::news::NEWS_CAP;
use crate::protocol::{Chunk, Dissector, Opening, Protocol, Role, Step, Transport};
use crate::time::Timestamp;

/// The bytes of one side that wait for the dissector.
#[derive(Default)]
pub(super) struct Pending {
    pub bytes: Vec<u8>,
    /// Not worth calling before there are so many.
    pub wanted: usize,
    /// When the last of them came, where the dissector would have been called with them but was shown bytes too often already.
    pub unshown: Option<Timestamp>,
    /// So many more are not wanted at all.
    pub skip: u64,
    /// The dissector is told how many of them went by.
    pub counted: bool,
}

/// Both sides' waiting bytes. Most sessions never have any: datagrams come whole, and so do most segments.
#[derive(Default)]
pub(super) struct Waiting(Option<Box<[Pending; 2]>>);

impl Waiting {
    pub fn get(&self, side: Side) -> Option<&Pending> {
        self.0.as_deref().and_then(|sides| sides.get(side.index()))
    }

    /// A side's, where there are any.
    pub fn get_mut(&mut self, side: Side) -> Option<&mut Pending> {
        self.0.as_deref_mut().and_then(|sides| sides.get_mut(side.index()))
    }

    /// A side's, made where there were none.
    pub fn make(&mut self, side: Side) -> &mut Pending {
        let [originator, responder] = &mut **self.0.get_or_insert_default();
        if side == Side::Originator { originator } else { responder }
    }

    /// Wants nothing of the next `bytes` of a side; whether they are `counted`.
    fn put_off(&mut self, side: Side, bytes: u64, counted: bool) {
        let pending = self.make(side);
        (pending.skip, pending.counted) = (bytes, counted);
    }

    /// Passes over what is not wanted of the next `bytes`. Gives how much that is, and whether the dissector is told.
    pub fn skip(&mut self, side: Side, bytes: u64) -> (u64, bool) {
        let Some(pending) = self.get_mut(side) else { return (0, false) };
        let skipped = pending.skip.min(bytes);
        pending.skip = pending.skip.saturating_sub(skipped);
        (skipped, pending.counted)
    }

    pub fn heap_bytes(&self) -> usize {
        let sides = self.0.as_deref();
        sides.map_or(0, |sides| size_of_val(sides) + sides.iter().map(|side| side.bytes.capacity()).sum::<usize>())
    }
}

impl Conversation {
    pub(super) fn open(&mut self, protocol: &'static Protocol, client: Side) {
        let opening = Opening { transport: self.setup.transport, file_hash: self.setup.file_hash };
        self.stages.push(Stage { protocol, client, dissector: Some((protocol.open)(&opening)), heard: [false; 2] });
    }

    /// Brings bytes to the last stage's dissector.
    pub(super) fn speak(&mut self, side: Side, bytes: &[u8], time: Timestamp) {
        if self.setup.transport != Transport::Tcp {
            let step = self.call(side, |dissector, role| dissector.data(Chunk { role, bytes, time }));
            self.settle_step(side, step, time);
            if let (Step::Handover(used, _), Mode::Speaking | Mode::Detecting(_)) = (step, &self.mode)
                && used < bytes.len()
            {
                // The datagram is the next protocol's first.
                self.data(side, bytes.get(used..).unwrap_or_default(), time);
            }
            return;
        }
        // What the other side said comes before these bytes.
        self.show_late(side.other());
        if !matches!(self.mode, Mode::Speaking) || self.muted == Some(side) {
            return self.data(side, bytes, time);
        }
        let (skipped, counted) = self.pending.skip(side, bytes.len() as u64);
        if skipped > 0 && counted {
            let step = self.call(side, |dissector, role| {
                dissector.passed(role, skipped);
                Step::Consumed(0)
            });
            self.settle_step(side, step, time);
        }
        let bytes = bytes.get(skipped as usize..).unwrap_or_default();
        if bytes.is_empty() || !matches!(self.mode, Mode::Speaking) {
            return;
        }
        self.effort.came = self.effort.came.saturating_add(bytes.len() as u64);
        if let Some(pending) = self.pending.get_mut(side).filter(|pending| !pending.bytes.is_empty()) {
            pending.bytes.extend_from_slice(bytes);
            let waiting = pending.bytes.len();
            if waiting < pending.wanted {
                return;
            }
            if self.effort.allows(waiting) {
                self.show_again(side, time);
            } else {
                pending.unshown = Some(time);
                if waiting > PENDING_CAP {
                    self.show_late(side);
                    self.bound(side);
                }
            }
        } else {
            self.effort.show(bytes.len());
            let used = self.feed(side, bytes, time);
            self.keep(side, bytes.get(used..).unwrap_or_default());
        }
    }

    /// Shows a side's waiting bytes again.
    fn show_again(&mut self, side: Side, time: Timestamp) {
        let Some(pending) = self.pending.get_mut(side) else { return };
        pending.unshown = None;
        let waiting = std::mem::take(&mut pending.bytes);
        self.effort.show(waiting.len());
        let used = self.feed(side, &waiting, time);
        self.restore(side, waiting, used);
    }

    /// Shows a side's bytes that were held back because bytes had been shown too often.
    pub(super) fn show_late(&mut self, side: Side) {
        let unshown = self.pending.get(side).and_then(|pending| pending.unshown);
        if let (Some(time), Mode::Speaking) = (unshown, &self.mode)
            && self.effort.allows_late()
        {
            self.show_again(side, time);
        }
    }

    /// Calls the dissector until it has consumed what it can. Gives the number of bytes dealt with.
    fn feed(&mut self, side: Side, bytes: &[u8], time: Timestamp) -> usize {
        let mut used = 0usize;
        // What was wanted is here; only the answer to these bytes says what is wanted next.
        if let Some(pending) = self.pending.get_mut(side) {
            pending.wanted = 0;
        }
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let step = self.call(side, |dissector, role| dissector.data(Chunk { role, bytes: rest, time }));
            let consumed = match step {
                Step::Consumed(n) => n,
                Step::Skip(_) | Step::Pass(_) => {
                    self.settle_step(side, step, time);
                    self.hear(side, rest.len());
                    return bytes.len();
                }
                Step::Handover(n, to) => {
                    self.hand_over(side, to, time);
                    let after = used.saturating_add(n);
                    // What follows belongs to the next protocol, which may be unknown yet.
                    self.data(side, bytes.get(after..).unwrap_or_default(), time);
                    return bytes.len();
                }
                Step::Violation if self.is_unheard(side) => {
                    // This side never spoke the other's protocol: perhaps it speaks one of its own.
                    self.flags.insert(Flag::Violation);
                    self.hand_over(side, None, time);
                    self.data(side, rest, time);
                    return bytes.len();
                }
                Step::NeedMore(_) | Step::Done | Step::Violation => {
                    self.settle_step(side, step, time);
                    return if matches!(step, Step::NeedMore(_)) { used } else { bytes.len() };
                }
            };
            used = used.saturating_add(consumed);
            self.hear(side, consumed);
            if consumed == 0 {
                break;
            }
        }
        used.min(bytes.len())
    }

    /// Whether the dissector could use nothing that a side has sent, although the other side speaks its protocol.
    fn is_unheard(&self, side: Side) -> bool {
        self.stages.last().is_some_and(|stage| {
            let [originator, responder] = stage.heard;
            if side == Side::Originator { !originator && responder } else { !responder && originator }
        })
    }

    fn hear(&mut self, side: Side, consumed: usize) {
        if consumed > 0
            && let Some(heard) = self.stages.last_mut().and_then(|stage| stage.heard.get_mut(side.index()))
        {
            *heard = true;
        }
    }

    /// Keeps what the dissector did not consume.
    fn keep(&mut self, side: Side, bytes: &[u8]) {
        if bytes.is_empty() || !matches!(self.mode, Mode::Speaking) {
            return;
        }
        self.pending.make(side).bytes.extend_from_slice(bytes);
        self.bound(side);
    }

    /// As [`Self::keep`], in the buffer where the bytes already are.
    fn restore(&mut self, side: Side, mut bytes: Vec<u8>, used: usize) {
        if !matches!(self.mode, Mode::Speaking) {
            return;
        }
        bytes.drain(..used.min(bytes.len()));
        // With nothing left, what the next protocol of a handover has kept meanwhile stays.
        if !bytes.is_empty() {
            self.pending.make(side).bytes = bytes;
        }
        self.bound(side);
    }

    fn bound(&mut self, side: Side) {
        let over = self.pending.get(side).is_some_and(|p| p.bytes.len().max(p.wanted) > PENDING_CAP);
        if over {
            self.violated();
        }
    }

    /// Does what a step says beyond consuming.
    pub(super) fn settle_step(&mut self, side: Side, step: Step, time: Timestamp) {
        match step {
            Step::Consumed(_) => {
                if let Some(pending) = self.pending.get_mut(side) {
                    pending.wanted = 0;
                }
            }
            Step::NeedMore(wanted) => self.pending.make(side).wanted = wanted,
            Step::Skip(n) => self.pending.put_off(side, n, false),
            Step::Pass(n) => self.pending.put_off(side, n, true),
            Step::Handover(_, to) => self.hand_over(side, to, time),
            Step::Done => self.over(),
            Step::Violation => self.violated(),
        }
    }

    fn violated(&mut self) {
        self.flags.insert(Flag::Violation);
        self.over();
    }

    pub(super) fn over(&mut self) {
        self.mode = Mode::Over;
        self.pending = Default::default();
    }

    fn hand_over(&mut self, side: Side, to: Option<&'static Protocol>, time: Timestamp) {
        if self.stages.is_full() {
            self.over();
            return;
        }
        let client = self.stages.last().map_or(Side::Originator, |stage| stage.client);
        // The other side may already have sent bytes of the new protocol that the old one left alone.
        let other = side.other();
        let early = self.pending.get_mut(other).map(|pending| std::mem::take(&mut pending.bytes)).unwrap_or_default();
        self.pending = Default::default();
        self.muted = None;
        match to {
            Some(protocol) => self.open(protocol, client),
            None => {
                // The session has its protocol: what bytes inside it look like is not asked.
                let mut detection = Detection::inside(&self.setup, 0);
                detection.content = Content::default();
                self.mode = Mode::Detecting(Box::new(detection));
            }
        }
        if !early.is_empty() {
            self.data(other, &early, time);
        }
    }

    /// Calls the last stage's dissector; a panic ends the conversation and costs only that dissector's facts.
    pub(super) fn call(&mut self, side: Side, act: impl FnOnce(&mut dyn Dissector, Role) -> Step) -> Step {
        let Some(stage) = self.stages.last_mut() else {
            return Step::Done;
        };
        let role = if side == stage.client { Role::Client } else { Role::Server };
        let Some(dissector) = stage.dissector.as_deref_mut() else {
            return Step::Done;
        };
        let (client, news) = (stage.client, &mut self.news);
        let acted = catch_unwind(AssertUnwindSafe(|| {
            let step = act(dissector, role);
            while let Some(item) = dissector.news() {
                if news.len() < NEWS_CAP {
                    news.push(Heard { news: item, client });
                }
            }
            step
        }));
        match acted {
            Ok(step) => step,
            Err(_) => {
                if let Some(broken) = stage.dissector.take() {
                    // Dropping it may panic again; leaking it then is the lesser evil.
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
                }
                self.flags.insert(Flag::DissectorFailed);
                Step::Done
            }
        }
    }
}
