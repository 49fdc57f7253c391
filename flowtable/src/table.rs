//! The flow table: finds a packet's session, and ends sessions.
//!
//! One owner, no lock. Sessions lie in a slab, found through an index of their keys' hashes (keyed, and the whole key is compared),
//! and in a timing wheel that ends the silent ones. Whether a packet still belongs to a session is decided by the packet
//! clock alone, never by whether the wheel has come around, so that a record does not depend on other sessions.

mod telling;
#[cfg(test)]
mod tests;

use dissectors::Facts;
use dissectors::conversation::Conversation;
use dissectors::dictionary::Flag;

use crate::across::Joined;
use crate::config::Config;
use crate::counters::Counters;
use crate::decode::quoted;
use crate::finished::{End as Ending, Sink};
use crate::icmp::Message;
use crate::key::{End, FlowKey};
use crate::lookup::Lookup;
use crate::packet::{Ends, Packet};
use crate::path::{Domain, Paths};
use crate::session::{Phase, Session};
use crate::slab::{Index, NIL, Slab};
use crate::stream::Stream;
use crate::wheel::{Linked, Links, Wheel};
use telling::Telling;

/// Of how many sessions, looked at in turn, the longest silent is evicted.
const EVICTION_SAMPLE: usize = 64;

/// What part of the budget is made free when it is exceeded.
const HEADROOM: usize = 8;

/// Sessions of which many are in no cache.
const FAR_SESSIONS: usize = 1 << 14;

/// Room for what is looked up ahead.
#[derive(Debug, Default)]
struct Expected {
    hashes: Vec<u64>,
    indices: Vec<Index>,
}

/// A flow table. It has one owner.
#[derive(Debug)]
pub struct FlowTable {
    config: Config,
    paths: Paths,
    index: Lookup,
    hasher: ahash::RandomState,
    sessions: Slab<Session>,
    wheel: Wheel,
    counters: Counters,
    /// Bytes of sessions' details, as far as they were told.
    details: usize,
    latest: Latest,
    /// Where the search for something to give up goes on.
    hand: Index,
    facts: Facts,
    joined: Joined,
    telling: Telling,
    expected: Expected,
    clock: u64,
}

impl Linked for Slab<Session> {
    fn links(&mut self, index: Index) -> Option<&mut Links> {
        self.get_mut(index).map(|session| &mut session.links)
    }
}

impl FlowTable {
    /// An empty table. `paths` are those of the decoder whose packets it gets.
    pub fn new(config: Config, paths: Paths) -> Self {
        let mut facts = Facts::new();
        facts.reveal_secrets(config.reveal_secrets);
        Self {
            config,
            paths,
            index: Lookup::default(),
            hasher: ahash::RandomState::new(),
            sessions: Slab::default(),
            wheel: Wheel::default(),
            counters: Counters::default(),
            details: 0,
            latest: Latest::default(),
            hand: 0,
            facts,
            joined: Joined::default(),
            telling: Telling::default(),
            expected: Expected::default(),
            clock: 0,
        }
    }

    /// Takes over what may change while sessions are open: what is told of them. Timeouts, the memory and the seed stay.
    pub fn tell_by(&mut self, config: &Config) {
        let Config { file_hash, reveal_secrets, services, .. } = *config;
        self.config = Config { file_hash, reveal_secrets, services, ..self.config };
        self.facts.reveal_secrets(reveal_secrets);
    }

    /// What was counted so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Sessions that were begun and not told yet: at any time as many as `opened` is more than `told`.
    pub fn open_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Bytes that the table holds, as the budget counts them.
    pub fn bytes(&self) -> usize {
        self.sessions.bytes() + self.index.bytes() + self.wheel.bytes() + self.details
    }

    /// Takes a packet with its payload, at `clock` of the packet clock, and moves that clock.
    pub fn packet(&mut self, packet: &Packet, payload: &[u8], clock: u64, sink: &mut impl Sink) {
        self.advance(clock);
        self.take(packet, payload, clock, sink);
    }

    /// Takes a packet of a batch, whose packets may come in any order that keeps that of each flow ([`crate::bunches`]). After the last of
    /// them the clock is to be moved to the batch's end, and not before: until then nothing that is silent ends.
    pub fn take(&mut self, packet: &Packet, payload: &[u8], clock: u64, sink: &mut impl Sink) {
        self.clock = clock;
        self.counters.packets = self.counters.packets.saturating_add(1);
        self.counters.ip_bytes = self.counters.ip_bytes.saturating_add(u64::from(packet.ip_bytes));
        let latest = self.latest;
        let found = match latest.side(packet) {
            Some(from) if self.continues(latest.index, packet, from) => {
                Found { index: latest.index, from, about: None, opened: false }
            }
            _ => {
                let Some(found) = self.find_or_open(packet, payload) else { return };
                found
            }
        };
        let Found { index, from, about, opened } = found;
        let Some(session) = self.sessions.get_mut(index) else { return };
        let before = session.last;
        session.take(packet, payload, from, self.clock, about, self.config.file_hash);
        // Only bytes that were read can have changed what is held, or told of others.
        let account = if payload.is_empty() {
            false
        } else {
            session.spread((self.clock, packet.time.nanos()), &self.paths, sink);
            session.is_due_for_account()
        };
        // A nearer deadline brings the session's place in the wheel forward. A later one is found out lazily.
        let deadline = session.deadline(&self.config.timeouts);
        if self.wheel.is_later_than(session.links, deadline) {
            self.wheel.remove(&mut self.sessions, index);
            self.wheel.insert(&mut self.sessions, index, deadline);
        }
        if let Some(interval) = self.config.active_timeout {
            self.update(index, before, interval);
        }
        if account {
            self.account(index);
        }
        if (account || opened) && self.live_bytes() > self.config.memory {
            self.make_room(index);
        }
    }

    /// Looks at the sessions of packets that are about to be taken, one of each flow: their memory is then waited for together, and not one
    /// after the other. A table that fits the caches has nothing to wait for.
    pub fn expect<'p>(&mut self, packets: impl Iterator<Item = &'p Packet>) {
        if self.sessions.slots() < FAR_SESSIONS {
            return;
        }
        // In steps of a few instructions each, so that a processor has many of them under way.
        let Expected { hashes, indices } = &mut self.expected;
        hashes.clear();
        hashes.extend(packets.map(|packet| self.hasher.hash_one(FlowKey::of(&packet.ends, packet.domain).0)));
        indices.clear();
        indices.extend(hashes.iter().filter_map(|hash| self.index.find(*hash, |_| true)));
        let sessions = indices.iter().filter_map(|index| self.sessions.get(*index));
        std::hint::black_box(sessions.fold(0, |touched, session| touched ^ session.touch()));
    }

    /// Moves the packet clock and ends what has been silent for its timeout.
    #[inline]
    pub fn advance(&mut self, clock: u64) {
        self.clock = self.clock.max(clock);
        if self.wheel.is_due(clock) {
            self.turn();
        }
    }

    fn turn(&mut self) {
        while let Some(mut index) = self.wheel.expired(self.clock, self.sessions.is_empty()) {
            while index != NIL {
                let Some(session) = self.sessions.get_mut(index) else { break };
                let next = session.links.next();
                session.links = Links::default();
                let deadline = session.deadline(&self.config.timeouts);
                if deadline < self.clock {
                    self.end(index, None, deadline, false);
                } else {
                    self.wheel.insert(&mut self.sessions, index, deadline);
                }
                index = next;
            }
        }
    }

    /// The session of a packet that does not follow one of the same session.
    fn find_or_open(&mut self, packet: &Packet, payload: &[u8]) -> Option<Found> {
        let (key, from, about) = self.place(packet, payload);
        let known = self.find(self.hasher.hash_one(key), &key).filter(|index| self.continues(*index, packet, from));
        let index = known.or_else(|| self.open(packet, key, from))?;
        // What an ICMP message holds tells sessions apart, so that its ends alone find none.
        self.latest = if packet.is_icmp() {
            Latest::default()
        } else {
            Latest { index, ends: packet.ends, domain: packet.domain, from }
        };
        Some(Found { index, from, about, opened: known.is_none() })
    }

    /// The key of a packet's session, the end it comes from, and the session an ICMP error speaks of.
    fn place(&self, packet: &Packet, payload: &[u8]) -> (FlowKey, End, Option<u64>) {
        let (key, from) = FlowKey::of(&packet.ends, packet.domain);
        let number = packet.ends.protocol;
        if !packet.is_icmp() {
            return (key, from, None);
        }
        if let Some(about) = quoted(number, payload) {
            let flow = FlowKey::of(&about.ends, packet.domain).0.told_apart_by(about.discriminator);
            let session = self.find(self.hasher.hash_one(flow), &flow).and_then(|index| self.sessions.get(index));
            let id = session.map(|session| session.id(&self.paths.get(session.path)));
            // Errors about one flow are one session, which then lies in the same shard as that flow.
            return (key.told_apart_by(flow.session_id(0, 0) as u32 | 1 << 31), from, id);
        }
        let discriminator = Message::read(payload).map_or(0, |message| message.discriminator(number));
        (key.told_apart_by(discriminator), from, None)
    }

    fn find(&self, hash: u64, key: &FlowKey) -> Option<Index> {
        self.index.find(hash, |index| self.sessions.get(index).is_some_and(|session| session.key == *key))
    }

    /// Whether a packet belongs to the session found for it. If not, that session is ended.
    fn continues(&mut self, index: Index, packet: &Packet, from: End) -> bool {
        let Some(session) = self.sessions.get(index) else { return false };
        let deadline = session.deadline(&self.config.timeouts);
        if self.clock > deadline {
            self.end(index, None, deadline, true);
            return false;
        }
        if session.is_replaced_by(packet, session.side(from)) {
            self.end(index, Some(Ending::Replaced), self.clock, true);
            return false;
        }
        true
    }

    fn open(&mut self, packet: &Packet, key: FlowKey, from: End) -> Option<Index> {
        let session = Session::open(packet, key, from, self.clock);
        let deadline = session.deadline(&self.config.timeouts);
        let index = self.sessions.insert(session)?;
        self.index.insert(self.hasher.hash_one(key), index);
        self.wheel.insert(&mut self.sessions, index, deadline);
        self.counters.opened = self.counters.opened.saturating_add(1);
        Some(index)
    }

    /// Ends a session. Without an ending of its own it has the one of its phase.
    fn end(&mut self, index: Index, ending: Option<Ending>, ended: u64, in_wheel: bool) {
        let Some(session) = self.sessions.get_mut(index).filter(|session| session.phase != Phase::Over) else { return };
        let by_phase = match session.phase {
            Phase::Closed => Some(Ending::Fin),
            Phase::Reset => Some(Ending::Rst),
            Phase::Answered => Some(Ending::Answered),
            _ => None,
        };
        session.phase = Phase::Over;
        self.index.remove(self.hasher.hash_one(session.key), index);
        self.details =
            self.details.saturating_sub(session.detail.as_ref().map_or(0, |detail| detail.accounted as usize));
        if in_wheel {
            self.wheel.remove(&mut self.sessions, index);
        }
        if self.latest.index == index {
            self.latest = Latest::default();
        }
        self.telling.ended(index, by_phase.or(ending).unwrap_or(Ending::Idle), ended);
    }

    /// Gives up what is over the budget: out-of-order bytes first, then protocol state, then embryonic sessions, then the longest
    /// silent. `spared` has just had a packet.
    fn make_room(&mut self, spared: Index) {
        // More is given up than must be, so that the next packets need not search again.
        let enough = self.config.memory.saturating_sub(self.config.memory / HEADROOM);
        for stage in [Shed::OutOfOrder, Shed::Dissectors, Shed::Embryonic] {
            for _ in 0..self.sessions.slots() {
                if self.live_bytes() <= enough {
                    return;
                }
                let index = self.next_hand();
                if index != spared {
                    self.shed(index, stage);
                }
            }
        }
        while self.live_bytes() > enough && self.going_on() > 1 {
            let mut oldest = None;
            for _ in 0..EVICTION_SAMPLE {
                let index = self.next_hand();
                let open = self.sessions.get(index).filter(|session| index != spared && session.phase != Phase::Over);
                let silent_since = open.map(|session| (session.active, index));
                oldest = oldest.into_iter().chain(silent_since).min();
            }
            if let Some((_, index)) = oldest {
                self.evict(index);
            }
        }
    }

    /// Bytes without the free slots, which can't be given back and will be used again, nor those of sessions that are about to be told.
    fn live_bytes(&self) -> usize {
        let free = self.sessions.slots().saturating_sub(self.going_on());
        self.bytes().saturating_sub(free.saturating_mul(size_of::<Session>()))
    }

    /// Sessions that have not ended.
    fn going_on(&self) -> usize {
        self.sessions.len().saturating_sub(self.telling.sessions())
    }

    fn next_hand(&mut self) -> Index {
        let hand = self.hand;
        self.hand = if (hand as usize).saturating_add(1) >= self.sessions.slots() { 0 } else { hand.saturating_add(1) };
        hand
    }

    fn shed(&mut self, index: Index, stage: Shed) {
        let Some(session) = self.sessions.get_mut(index).filter(|session| session.phase != Phase::Over) else { return };
        match stage {
            Shed::Embryonic if session.phase == Phase::Embryonic => self.evict(index),
            Shed::Embryonic => {}
            Shed::OutOfOrder => {
                let Some(detail) = session.detail.as_deref_mut() else { return };
                let bytes: usize =
                    detail.streams.iter_mut().flat_map(|streams| streams.iter_mut()).map(Stream::shed).sum();
                if bytes > 0 {
                    session.marks.insert(Flag::Shed);
                    self.counters.bytes_shed = self.counters.bytes_shed.saturating_add(bytes as u64);
                    self.account(index);
                }
            }
            Shed::Dissectors => {
                let Some(detail) = session.detail.as_deref_mut() else { return };
                if detail.conversation.as_mut().is_some_and(Conversation::shed) {
                    session.marks.insert(Flag::Shed);
                    self.counters.dissectors_shed = self.counters.dissectors_shed.saturating_add(1);
                    self.account(index);
                }
            }
        }
    }

    fn evict(&mut self, index: Index) {
        self.counters.evicted = self.counters.evicted.saturating_add(1);
        self.end(index, Some(Ending::Evicted), self.clock, true);
    }

    /// Tells the budget what a session's details take now.
    fn account(&mut self, index: Index) {
        if let Some(detail) = self.sessions.get_mut(index).and_then(|session| session.detail.as_deref_mut()) {
            let bytes = u32::try_from(detail.heap_bytes()).unwrap_or(u32::MAX);
            self.details = self.details.saturating_add(bytes as usize).saturating_sub(detail.accounted as usize);
            detail.accounted = bytes;
        }
    }
}

/// The session of a packet.
struct Found {
    index: Index,
    /// The end that the packet comes from.
    from: End,
    /// The session that an ICMP error speaks of.
    about: Option<u64>,
    /// Whether the packet opened it.
    opened: bool,
}

/// The session of the last packet, unless that was ICMP. Packets are taken flow by flow, so that most of them need neither key nor hash.
#[derive(Clone, Copy, Debug)]
struct Latest {
    index: Index,
    /// The ends as that packet named them.
    ends: Ends,
    domain: Domain,
    /// Where it came from.
    from: End,
}

impl Default for Latest {
    fn default() -> Self {
        Self { index: NIL, ends: Ends::default(), domain: Domain::default(), from: End::Low }
    }
}

impl Latest {
    /// The end that a packet of the same session comes from.
    #[inline]
    fn side(&self, packet: &Packet) -> Option<End> {
        if self.index == NIL || self.domain != packet.domain {
            None
        } else if packet.ends == self.ends {
            Some(self.from)
        } else if packet.ends.reverses(&self.ends) {
            Some(self.from.other())
        } else {
            None
        }
    }
}

/// What is given up, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shed {
    OutOfOrder,
    Dissectors,
    Embryonic,
}
