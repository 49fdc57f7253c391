//! The engine: takes both sides' bytes of one session in order, finds the protocol and feeds its dissector.
//!
//! It buffers what a dissector has not consumed (up to [`PENDING_CAP`] a side), drops what it does not want, hands over from one
//! protocol to the next (STARTTLS, CONNECT), and survives a dissector that panics: that session loses its facts, nothing else.

mod detection;
mod effort;
mod speaking;
mod stages;

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::detection::{Decision, Detection};
pub use self::effort::{Effort, LATE_LOOKS, REPEATS, REPEATS_AT_FIRST};
use self::speaking::Waiting;
use self::stages::Stages;
use crate::content::{Content, Look};
use crate::detector::Found;
use crate::dictionary::{Flag, Flags};
use crate::facts::{Facts, Side};
use crate::files::{HashLimit, Transfer};
use crate::news::News;
use crate::protocol::{PROBE_BYTES, Step, Transport};
use crate::protocols::FINER;
use crate::time::Timestamp;

/// The most unconsumed bytes kept for one side; a dissector that wants more is told the session broke the protocol.
pub const PENDING_CAP: usize = 128 * 1024;
/// The most bytes of both sides kept while the protocol is not known.
pub const HELD_BYTES: usize = 4 * PROBE_BYTES;
/// The most chunks kept while the protocol is not known.
pub const HELD_CHUNKS: usize = 16;
/// How many bytes of a side that every protocol has rejected are waited through for the other side to tell.
pub const IGNORED_BYTES: usize = 64 * 1024;
/// How often detection begins anew, at a chunk's start, in a session whose beginning was not seen.
pub const RESYNCS: u8 = 16;
/// The most protocols inside one another.
pub const STAGES: usize = 6;

/// What is known of a session before its first byte.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How the bytes arrive.
    pub transport: Transport,
    /// The originator's and the responder's address.
    pub addresses: [IpAddr; 2],
    /// The beginning was not seen: a chunk may start anywhere.
    pub midstream: bool,
    /// How large files in motion may be that are hashed.
    pub file_hash: HashLimit,
}

/// What the engine is doing.
enum Mode {
    /// No byte was seen yet. Most protocols are known by the first ones, and then no detection is kept at all.
    Fresh,
    /// The protocol is not known yet.
    Detecting(Box<Detection>),
    /// No protocol wants what one side sends, and the other is silent: a file may be passing.
    Passing(Box<Passing>),
    /// The last stage's dissector gets the bytes.
    Speaking,
    /// Nobody's bytes: only what they look like is still to be told.
    Unclaimed(Box<Content>),
    /// Nothing more is to be learnt.
    Over,
}

/// A stream of one side that may be a file (FTP's data connections carry nothing else).
struct Passing {
    side: Side,
    transfer: Transfer,
    /// What the other side is looked at with, should it speak; nothing where it is too late for that.
    detection: Option<Box<Detection>>,
    content: Content,
}

/// What passed in a session that speaks no protocol.
#[derive(Debug)]
pub struct Passed {
    /// Who sent it.
    pub side: Side,
    /// Its content.
    pub transfer: Transfer,
    /// Whether all of it was seen.
    pub whole: bool,
}

/// One session's conversation, as far as it is understood.
pub struct Conversation {
    setup: Setup,
    mode: Mode,
    stages: Stages,
    pending: Waiting,
    /// A side whose bytes are not the protocol's.
    muted: Option<Side>,
    flags: Flags,
    /// By side: it has sent everything.
    ended: [bool; 2],
    news: Vec<Heard>,
    /// What the bytes of a session without a protocol looked like, once that is sure.
    look: Option<Look>,
    effort: Effort,
}

/// What a session tells of others, and who its client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What is told.
    pub news: News,
    /// The side that the roles in it speak of.
    pub client: Side,
}

impl Conversation {
    /// A conversation of which nothing is known yet.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            mode: Mode::Fresh,
            stages: Stages::default(),
            pending: Default::default(),
            muted: None,
            flags: Flags::default(),
            ended: [false; 2],
            news: Vec::new(),
            look: None,
            effort: Effort::default(),
        }
    }

    /// Takes the next bytes of a side: the next of its stream, or one whole datagram or message.
    pub fn data(&mut self, side: Side, bytes: &[u8], time: Timestamp) {
        match &mut self.mode {
            Mode::Over => {}
            Mode::Speaking if self.muted == Some(side) => {}
            Mode::Speaking => self.speak(side, bytes, time),
            Mode::Fresh => self.first(side, bytes, time),
            Mode::Detecting(detection) => {
                let decision = detection.take(self.setup.transport, side, bytes, time);
                self.decide(decision);
            }
            Mode::Passing(passing) if passing.side == side => {
                passing.transfer.data(bytes);
                passing.content.data(side, bytes);
            }
            Mode::Passing(passing) => {
                // Somebody answers: it is no file, but may be a protocol that only this side's bytes tell.
                let content = std::mem::take(&mut passing.content);
                self.mode = match passing.detection.take() {
                    Some(mut detection) => {
                        detection.content = content;
                        Mode::Detecting(detection)
                    }
                    None => Mode::Unclaimed(Box::new(content)),
                };
                self.data(side, bytes, time);
            }
            Mode::Unclaimed(content) => {
                content.data(side, bytes);
                self.look_on();
            }
        }
    }

    /// So many bytes of a side's stream were never seen; what follows comes after them.
    pub fn gap(&mut self, side: Side, bytes: u64) {
        self.show_late(side);
        match &mut self.mode {
            Mode::Over => {}
            Mode::Fresh => self.setup.midstream = true,
            Mode::Detecting(detection) => detection.after_gap(&self.setup, side, RESYNCS),
            Mode::Passing(passing) => {
                passing.transfer.broken();
                passing.content.gap(side);
            }
            Mode::Unclaimed(content) => content.gap(side),
            Mode::Speaking if self.muted == Some(side) => {}
            Mode::Speaking => {
                let missed = match self.pending.skip(side, bytes) {
                    (_, true) => bytes,
                    (skipped, false) => bytes.saturating_sub(skipped),
                };
                if missed > 0 {
                    if let Some(pending) = self.pending.get_mut(side) {
                        pending.bytes.clear();
                        pending.wanted = 0;
                    }
                    let step = self.call(side, |dissector, role| dissector.gap(role, missed));
                    self.settle_step(side, step, Timestamp::default());
                }
            }
        }
    }

    /// A side will send nothing more.
    pub fn end(&mut self, side: Side) {
        if let Some(ended) = self.ended.get_mut(side.index()) {
            *ended = true;
        }
        self.stop(side);
    }

    fn stop(&mut self, side: Side) {
        self.show_late(side);
        if matches!(self.mode, Mode::Speaking) {
            self.call(side, |dissector, role| {
                dissector.end(role);
                Step::Consumed(0)
            });
        }
    }

    /// The session is over: what can still be told of an undecided protocol is told.
    pub fn close(&mut self) {
        if let Mode::Detecting(detection) = &mut self.mode {
            if let Some(found) = detection.detector.conclude() {
                self.begin(found);
            } else if let Some(side) = detection.only_speaker() {
                self.pass(side);
            } else if self.stages.is_empty() {
                self.look = Some(detection.unclaimed().look());
            }
        }
        self.stop(Side::Originator);
        self.stop(Side::Responder);
    }

    /// What the bytes of a session look like that speaks no protocol, as `session.encrypted` has it.
    pub fn looks(&self) -> Option<&'static str> {
        let look = match &self.mode {
            _ if !self.stages.is_empty() => None,
            Mode::Passing(passing) => Some(passing.content.look()),
            Mode::Unclaimed(content) => Some(content.look()),
            _ => self.look,
        };
        look.and_then(Look::name)
    }

    /// What passed, where one side alone spoke, and no protocol.
    pub fn passed(&mut self) -> Option<Passed> {
        match std::mem::replace(&mut self.mode, Mode::Over) {
            Mode::Passing(passing) => {
                let Passing { side, transfer, content, .. } = *passing;
                self.look = Some(content.look());
                let whole = self.ended.get(side.index()).is_some_and(|ended| *ended) && !transfer.is_broken();
                Some(Passed { side, transfer, whole })
            }
            other => {
                self.mode = other;
                None
            }
        }
    }

    /// Gives up buffers and whatever is not a fact yet, to make room; nothing more is learnt. Tells whether anything was given up.
    pub fn shed(&mut self) -> bool {
        let listened = self.listens();
        self.over();
        listened
    }

    /// Whether anything was learnt of other sessions.
    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// What was learnt of other sessions since this was last called.
    pub fn news(&mut self) -> impl Iterator<Item = Heard> {
        // They are few, and a session that told some may stay for long: it keeps no room for more.
        std::mem::take(&mut self.news).into_iter()
    }

    /// Whether more bytes can teach anything. Once it says no it never says yes again.
    pub fn listens(&self) -> bool {
        !matches!(self.mode, Mode::Over)
    }

    /// Whether anybody looks at the next `bytes` bytes of a side's stream.
    pub fn wants(&self, side: Side, bytes: usize) -> bool {
        match &self.mode {
            Mode::Over => false,
            Mode::Speaking if self.muted == Some(side) => false,
            Mode::Speaking => self.pending.get(side).map_or(0, |pending| pending.skip) < bytes as u64,
            _ => true,
        }
    }

    /// Whether the protocol says that every question has its answer.
    pub fn settled(&self) -> bool {
        matches!(self.mode, Mode::Speaking)
            && self.stages.iter().all(|stage| stage.dissector.as_ref().is_some_and(|d| d.settled()))
    }

    /// The name of the first protocol that was recognised.
    pub fn app(&self) -> Option<&'static str> {
        let first = self.stages.first()?;
        Some(first.dissector.as_ref().and_then(|dissector| dissector.app()).unwrap_or(first.protocol.name))
    }

    /// The ports on which the first protocol that was recognised is usually found; none where it has none, or none was recognised.
    pub fn usual_ports(&self) -> &'static [u16] {
        let Some(first) = self.stages.first() else { return &[] };
        match first.dissector.as_ref().and_then(|dissector| dissector.app()) {
            Some(finer) => FINER.iter().find(|(app, ..)| *app == finer).map_or(&[], |(.., ports)| ports),
            None => first.protocol.about.ports,
        }
    }

    /// Writes every protocol's facts.
    pub fn facts(&self, out: &mut Facts) {
        for flag in self.flags.iter() {
            out.flag(flag);
        }
        for stage in self.stages.iter() {
            out.set_client(stage.client);
            if let Some(dissector) = &stage.dissector
                && catch_unwind(AssertUnwindSafe(|| dissector.facts(out))).is_err()
            {
                out.flag(Flag::DissectorFailed);
            }
        }
    }

    /// What dissectors were called with so far.
    pub fn effort(&self) -> Effort {
        self.effort
    }

    /// Bytes on the heap, roughly.
    pub fn heap_bytes(&self) -> usize {
        let mode = match &self.mode {
            Mode::Detecting(detection) => detection.heap_bytes(),
            Mode::Passing(passing) => {
                let detection = passing.detection.as_ref().map_or(0, |detection| detection.heap_bytes());
                size_of::<Passing>() + passing.transfer.heap_bytes() + passing.content.heap_bytes() + detection
            }
            Mode::Unclaimed(content) => size_of::<Content>() + content.heap_bytes(),
            Mode::Fresh | Mode::Speaking | Mode::Over => 0,
        };
        let news: usize = self.news.iter().map(|heard| heard.news.heap_bytes()).sum();
        mode + self.pending.heap_bytes() + self.stages.heap_bytes() + self.news.capacity() * size_of::<Heard>() + news
    }

    /// Takes the session's first bytes.
    fn first(&mut self, side: Side, bytes: &[u8], time: Timestamp) {
        if bytes.is_empty() {
            return;
        }
        let resyncs = if self.setup.midstream { RESYNCS } else { 0 };
        let mut detection = Detection::new(&self.setup, resyncs);
        if let Some(found) = detection.look(self.setup.transport, side, bytes) {
            self.mode = Mode::Speaking;
            self.muted = found.muted;
            self.open(found.protocol, found.client);
            self.data(side, bytes, time);
            return;
        }
        let decision = detection.keep(self.setup.transport, side, bytes, time);
        self.mode = Mode::Detecting(Box::new(detection));
        self.decide(decision);
    }

    fn decide(&mut self, decision: Decision) {
        match decision {
            Decision::Wait => {}
            Decision::Found(found) => self.begin(found),
            Decision::Pass(side) => self.pass(side),
            Decision::Hopeless => self.unclaimed(),
        }
    }

    /// No protocol wants the bytes.
    fn unclaimed(&mut self) {
        match std::mem::replace(&mut self.mode, Mode::Over) {
            Mode::Detecting(mut detection) if self.stages.is_empty() => {
                self.mode = Mode::Unclaimed(Box::new(detection.unclaimed()));
                self.look_on();
            }
            _ => self.over(),
        }
    }

    /// Looks no longer at nobody's bytes once they can tell nothing more.
    fn look_on(&mut self) {
        if let Mode::Unclaimed(content) = &self.mode
            && content.is_done()
        {
            self.look = Some(content.look());
            self.over();
        }
    }

    /// Takes what a side has sent for a file that passes.
    fn pass(&mut self, side: Side) {
        let Mode::Detecting(mut detection) = std::mem::replace(&mut self.mode, Mode::Over) else {
            return;
        };
        if !self.stages.is_empty() {
            return;
        }
        let mut transfer = Transfer::new(self.setup.file_hash);
        transfer.data(&detection.bytes);
        let content = detection.unclaimed();
        detection.whole = false;
        let detection = detection.detector.exhausted(side).then_some(detection);
        self.mode = Mode::Passing(Box::new(Passing { side, transfer, detection, content }));
    }

    /// The protocol is known: its dissector gets everything held so far.
    fn begin(&mut self, found: Found) {
        let Mode::Detecting(detection) = std::mem::replace(&mut self.mode, Mode::Speaking) else {
            return;
        };
        let same_again = self.stages.last().is_some_and(|stage| std::ptr::eq(stage.protocol, found.protocol));
        if same_again && self.flags.contains(Flag::Violation) {
            // It was violated at once, and would be again.
            self.over();
            return;
        }
        self.muted = found.muted;
        self.open(found.protocol, found.client);
        let mut rest = detection.bytes.as_slice();
        for held in detection.held {
            let (bytes, after) = rest.split_at_checked(held.len).unwrap_or((rest, &[]));
            rest = after;
            self.data(held.side, bytes, held.time);
        }
    }
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("app", &self.app()).finish_non_exhaustive()
    }
}
