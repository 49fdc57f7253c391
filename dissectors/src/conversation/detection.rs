//! What is kept and tried while a session's protocol is not known.

use super::{HELD_BYTES, HELD_CHUNKS, IGNORED_BYTES, Setup};
use crate::content::Content;
use crate::detector::{Detector, Found};
use crate::facts::Side;
use crate::protocol::{PROBE_BYTES, Transport};
use crate::protocols;
use crate::time::Timestamp;

/// The bytes seen while the protocol is not known.
pub(super) struct Detection {
    pub detector: Detector,
    pub held: Vec<Held>,
    /// What is held, one piece after the other.
    pub bytes: Vec<u8>,
    resyncs: u8,
    /// Whether this is a stream whose beginning was seen.
    pub whole: bool,
    /// Bytes of a side that every protocol has rejected.
    ignored: usize,
    /// What the bytes that no protocol wants look like. Fed where they are dropped, so that a session that speaks one costs nothing.
    pub content: Content,
}

/// What a detection came to.
pub(super) enum Decision {
    Wait,
    Found(Found),
    /// Only this side speaks, and no protocol as far as was looked. All of it is held.
    Pass(Side),
    Hopeless,
}

#[derive(Clone, Copy)]
pub(super) struct Held {
    pub side: Side,
    pub time: Timestamp,
    pub len: usize,
}

impl Detection {
    pub(super) fn new(setup: &Setup, resyncs: u8) -> Self {
        Self {
            detector: Detector::new(setup.transport, setup.addresses),
            held: Vec::new(),
            bytes: Vec::new(),
            resyncs,
            whole: setup.transport == Transport::Tcp && !setup.midstream,
            ignored: 0,
            content: Content::new(setup.transport != Transport::Tcp, setup.midstream),
        }
    }

    /// Begins in the middle of a session.
    pub(super) fn inside(setup: &Setup, resyncs: u8) -> Self {
        Self { whole: false, ..Self::new(setup, resyncs) }
    }

    /// Begins anew behind bytes of a side that were not seen.
    pub(super) fn after_gap(&mut self, setup: &Setup, side: Side, resyncs: u8) {
        let mut content = self.unclaimed();
        content.gap(side);
        *self = Self { content, ..Self::inside(setup, resyncs) };
    }

    /// What everything seen looks like, now that no protocol will have it.
    pub(super) fn unclaimed(&mut self) -> Content {
        for side in [Side::Originator, Side::Responder] {
            self.forget(side);
        }
        std::mem::take(&mut self.content)
    }

    /// Takes the next bytes of a side.
    pub(super) fn take(&mut self, transport: Transport, side: Side, bytes: &[u8], time: Timestamp) -> Decision {
        if bytes.is_empty() {
            return Decision::Wait;
        }
        if self.detector.exhausted(side) {
            // Only the other side can still tell.
            self.content.data(side, bytes);
            self.ignored = self.ignored.saturating_add(bytes.len());
            return if self.ignored > IGNORED_BYTES { Decision::Hopeless } else { Decision::Wait };
        }
        if let Some(found) = self.look(transport, side, bytes) {
            self.hold(transport, side, bytes, time);
            return Decision::Found(found);
        }
        self.keep(transport, side, bytes, time)
    }

    /// Keeps bytes that decide nothing, if they may still.
    pub(super) fn keep(&mut self, transport: Transport, side: Side, bytes: &[u8], time: Timestamp) -> Decision {
        if self.detector.exhausted(side) {
            if self.is_alone(side) {
                self.hold(transport, side, bytes, time);
                return Decision::Pass(side);
            }
            self.forget(side);
            self.content.data(side, bytes);
            return match self.resyncs.checked_sub(1) {
                Some(left) => {
                    self.resyncs = left;
                    self.detector.renew(side);
                    Decision::Wait
                }
                None if self.detector.exhausted(side.other()) => Decision::Hopeless,
                None => Decision::Wait,
            };
        }
        if self.hold(transport, side, bytes, time) {
            return Decision::Wait;
        }
        match (self.detector.conclude(), self.resyncs.checked_sub(1)) {
            (Some(found), _) => Decision::Found(found),
            (None, Some(left)) => {
                self.resyncs = left;
                for side in [Side::Originator, Side::Responder] {
                    self.forget(side);
                    self.detector.renew(side);
                }
                Decision::Wait
            }
            (None, None) => self.only_speaker().map_or(Decision::Hopeless, Decision::Pass),
        }
    }

    /// Whether a side is the only one that has spoken so far, and all of it is held.
    fn is_alone(&self, side: Side) -> bool {
        self.whole && self.ignored == 0 && self.held.iter().all(|held| held.side == side)
    }

    /// The only side that has spoken so far.
    pub(super) fn only_speaker(&self) -> Option<Side> {
        self.held.first().map(|held| held.side).filter(|side| self.is_alone(*side))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity() + self.content.heap_bytes()
    }

    /// Drops what is held of a side: no protocol wants it.
    pub(super) fn forget(&mut self, side: Side) {
        let mut rest = self.bytes.as_slice();
        let mut kept = Vec::new();
        for held in &self.held {
            let (piece, after) = rest.split_at_checked(held.len).unwrap_or((rest, &[]));
            rest = after;
            if held.side != side {
                kept.extend_from_slice(piece);
            } else {
                self.content.data(side, piece);
            }
        }
        self.held.retain(|held| held.side != side);
        self.bytes = kept;
    }

    /// Shows the detector what a side has sent so far, these bytes included.
    pub(super) fn look(&mut self, transport: Transport, side: Side, bytes: &[u8]) -> Option<Found> {
        if !self.held.iter().any(|held| held.side == side) {
            return self.detector.look(side, bytes);
        }
        if transport != Transport::Tcp {
            return self.detector.look(side, bytes).or_else(|| self.series(transport, side, bytes));
        }
        let mut whole = Vec::with_capacity(PROBE_BYTES);
        let mut rest = self.bytes.as_slice();
        for held in &self.held {
            let (piece, after) = rest.split_at_checked(held.len).unwrap_or((rest, &[]));
            rest = after;
            if held.side == side {
                whole.extend_from_slice(piece);
            }
        }
        whole.extend_from_slice(bytes.get(..PROBE_BYTES).unwrap_or(bytes));
        self.detector.look(side, &whole)
    }

    /// Shows a side's datagrams, the newest last, to the protocols that only several of them prove.
    fn series(&self, transport: Transport, side: Side, bytes: &[u8]) -> Option<Found> {
        let mut rest = self.bytes.as_slice();
        let mut datagrams = Vec::with_capacity(HELD_CHUNKS + 1);
        for held in &self.held {
            let (piece, after) = rest.split_at_checked(held.len).unwrap_or((rest, &[]));
            rest = after;
            if held.side == side {
                datagrams.push(piece);
            }
        }
        datagrams.push(bytes);
        let proven = protocols::SERIES
            .iter()
            .find(|series| series.protocol.transports.contains(&transport) && (series.proves)(&datagrams));
        proven.map(|series| Found { protocol: series.protocol, client: Side::Originator, muted: None })
    }

    /// Keeps a chunk for the dissector to come. Tells whether there was room for it.
    fn hold(&mut self, transport: Transport, side: Side, bytes: &[u8], time: Timestamp) -> bool {
        self.bytes.extend_from_slice(bytes);
        match self.held.last_mut() {
            // Borders between a stream's chunks mean nothing, so a side's run of them is one.
            Some(last) if transport == Transport::Tcp && last.side == side => {
                last.len = last.len.saturating_add(bytes.len())
            }
            _ => self.held.push(Held { side, time, len: bytes.len() }),
        }
        self.bytes.len() <= HELD_BYTES && self.held.len() <= HELD_CHUNKS
    }
}
