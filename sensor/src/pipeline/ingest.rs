//! Frames to packets: decoding, the packet clock, and what became of every frame.

use flowtable::clock::Clock;
use flowtable::decode::{Decoder, Drop, Frame as Raw, LinkType};
use flowtable::packet::Packet;
use flowtable::path::Paths;

use super::{Plan, Span};
use crate::source::{Batch, Frame};

/// How many unknown link types are told by number.
const MAX_UNKNOWN_LINKS: usize = 8;

/// What became of the frames so far: `frames` is the sum of `packets` and all drops.
#[derive(Clone, Debug, Default)]
pub struct Ingested {
    /// Frames taken.
    pub frames: u64,
    /// Bytes of them on the wire.
    pub wire_bytes: u64,
    /// Packets decoded.
    pub packets: u64,
    /// Fragments that were joined into packets: they were held first, so they are no drops in the end.
    pub fragments_joined: u64,
    /// Fragments given up because the others of their datagram never came.
    pub fragments_abandoned: u64,
    /// When.
    pub span: Option<Span>,
    /// How often the clock behind the timestamps was set, as far as that shows.
    pub clock_steps: u64,
    /// Link types that are not known, each once.
    pub unknown_links: Vec<LinkType>,
    drops: [u64; Drop::ALL.len()],
}

impl Ingested {
    /// Frames that gave no packet for a reason.
    pub fn drop_count(&self, reason: Drop) -> u64 {
        self.drops.get(reason as usize).copied().unwrap_or(0)
    }

    /// Frames that gave no packet in the end, by reason: a fragment that was joined did.
    pub fn drops(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let without_joined = |reason| match reason {
            Drop::FragmentHeld => ("fragment_abandoned", self.fragments_abandoned),
            _ => (Drop::name(reason), self.drop_count(reason)),
        };
        Drop::ALL.into_iter().map(without_joined)
    }
}

/// The beginning of the pipeline; one for the whole capture.
pub(super) struct Ingest {
    decoder: Decoder,
    clock: Clock,
    ingested: Ingested,
}

impl Ingest {
    pub fn new(plan: &Plan) -> Self {
        let decoder = Decoder::new(plan.ignore_vlan, plan.fragment_bytes());
        Self { decoder, clock: Clock::default(), ingested: Ingested::default() }
    }

    pub fn paths(&self) -> Paths {
        self.decoder.paths()
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.ingested.frames
    }

    /// The packet clock's latest instant.
    pub fn clock(&self) -> u64 {
        self.clock.now()
    }

    /// The datagram that the last packet was joined from.
    pub fn joined(&self) -> &[u8] {
        self.decoder.joined()
    }

    /// Takes up a batch: a live one says what the steady clock shows, and an empty one that there is nothing but time.
    pub fn begin(&mut self, batch: &Batch) {
        let Some(steady) = batch.steady else { return };
        self.clock.steady(steady);
        if batch.frames.is_empty() {
            self.clock.idle();
        }
    }

    /// What became of the frames so far.
    pub fn so_far(&mut self) -> &Ingested {
        self.ingested.clock_steps = self.clock.steps();
        self.ingested.fragments_abandoned = self.decoder.fragments().abandoned();
        &self.ingested
    }

    /// Counts a frame and decodes it to where its packet will lie, or tells why it has none. Its instant is the [`clock`](Self::clock)'s
    /// then.
    #[inline]
    pub fn frame(&mut self, frame: &Frame, bytes: &[u8], packet: &mut Packet) -> Result<(), Drop> {
        self.clock.advance(frame.time);
        let ingested = &mut self.ingested;
        ingested.frames = ingested.frames.saturating_add(1);
        ingested.wire_bytes = ingested.wire_bytes.saturating_add(u64::from(frame.wirelen));
        let span = ingested.span.get_or_insert(Span { first: frame.time, last: frame.time });
        span.last = span.last.max(frame.time);
        let raw = Raw { time: frame.time, link: LinkType(frame.link), bytes, wire_bytes: frame.wirelen };
        let decoded = self.decoder.decode_into(&raw, packet);
        match decoded {
            Ok(()) => ingested.packets = ingested.packets.saturating_add(1),
            Err(reason) => self.dropped(reason, raw.link),
        }
        decoded
    }

    #[cold]
    fn dropped(&mut self, reason: Drop, link: LinkType) {
        if let Some(count) = self.ingested.drops.get_mut(reason as usize) {
            *count = count.saturating_add(1);
        }
        let unknown = &mut self.ingested.unknown_links;
        if reason == Drop::UnknownLink && unknown.len() < MAX_UNKNOWN_LINKS && !unknown.contains(&link) {
            unknown.push(link);
        }
    }

    pub fn finish(mut self) -> Ingested {
        self.so_far();
        let fragments = self.decoder.fragments();
        self.ingested.fragments_abandoned = fragments.abandoned().saturating_add(fragments.waiting());
        let held = self.ingested.drop_count(Drop::FragmentHeld);
        self.ingested.fragments_joined = held.saturating_sub(self.ingested.fragments_abandoned);
        self.ingested
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dissectors::Timestamp;
    use output::Identity;

    fn plan() -> Plan {
        Plan {
            workers: 1,
            table: flowtable::Config::default(),
            ignore_vlan: false,
            identity: Identity::new("tap"),
            severity: output::Severity::LOG_INFO,
        }
    }

    fn frame(link: u16) -> Frame {
        Frame { time: Timestamp::from_nanos(7), offset: 0, caplen: 4, wirelen: 60, block: 0, link }
    }

    #[test]
    fn every_frame_is_a_packet_or_a_drop_by_its_reason() {
        let mut ingest = Ingest::new(&plan());
        for link in [1, 101, 9999, 9999] {
            assert!(ingest.frame(&frame(link), &[0; 4], &mut Packet::default()).is_err());
        }
        let ingested = ingest.finish();
        assert_eq!(ingested.frames, 4);
        assert_eq!(ingested.drop_count(Drop::BadHeader), 2);
        assert_eq!(ingested.drop_count(Drop::UnknownLink), 2);
        assert_eq!(ingested.unknown_links, [LinkType(9999)]);
        assert_eq!(ingested.wire_bytes, 240);
    }
}
