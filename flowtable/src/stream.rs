//! Orders one direction's TCP bytes.
//!
//! Offsets are 64-bit positions in the stream: 0 is the first byte after the SYN, or the first byte seen. Bytes come out once,
//! in order. A hole is waited for as long as it may still be filled; then it is told as a gap. The first copy of a byte is
//! believed; a copy that differs is flagged.

use std::hash::BuildHasher;
use std::sync::LazyLock;

/// The most out-of-order bytes held for one direction.
pub const HELD_BYTES: usize = 1 << 20;
/// The most out-of-order segments held for one direction.
pub const HELD_SEGMENTS: usize = 1024;
/// How many more packets of the session a hole may see when its receiver has acknowledged what was in it: captures of several
/// queues show an acknowledgment a little before what it acknowledges. A segment that is sixteen late has seen as many acknowledgments too.
const PATIENCE_ACKED: u32 = 32;
/// The same when no acknowledgment was seen.
const PATIENCE_UNACKED: u32 = 128;
/// Segments delivered last whose content is remembered, to notice a retransmission with other content.
const REMEMBERED: usize = 4;

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'b> {
    /// The next bytes.
    Data(&'b [u8]),
    /// So many bytes were never seen.
    Gap(u64),
}

/// A segment's place and captured bytes.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'b> {
    /// Where its first byte belongs.
    pub offset: u64,
    /// The captured bytes.
    pub bytes: &'b [u8],
    /// Its length on the wire, at least that of `bytes`.
    pub wire: u32,
}

#[derive(Debug)]
struct Held {
    offset: u64,
    bytes: Box<[u8]>,
    wire: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Remembered {
    offset: u64,
    len: u32,
    digest: u32,
}

impl Remembered {
    /// `digest` is keyed, so that nobody can make other content with the same one. This hash takes long content in half the steps of the
    /// one that finds sessions.
    fn of(segment: &Segment<'_>) -> Self {
        static HASHER: LazyLock<foldhash::quality::RandomState> =
            LazyLock::new(foldhash::quality::RandomState::default);
        let len = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
        Self { offset: segment.offset, len, digest: HASHER.hash_one(segment.bytes) as u32 }
    }
}

/// One direction.
#[derive(Debug, Default)]
pub struct Stream {
    delivered: u64,
    /// Out-of-order segments by offset; they do not overlap.
    held: Vec<Held>,
    held_bytes: usize,
    /// Packets of the session since the hole at `delivered` appeared.
    waited: u32,
    remembered: [Remembered; REMEMBERED],
    next_remembered: u8,
}

impl Stream {
    /// The position up to which bytes were delivered or given up.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Out-of-order bytes held.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.held_bytes.saturating_add(self.held.capacity() * size_of::<Held>())
    }

    /// Takes a segment and delivers what is now in order. Tells whether it conflicts with an earlier copy of its bytes, as far as those
    /// were `read`.
    pub fn segment(&mut self, segment: Segment<'_>, read: bool, deliver: &mut impl FnMut(Delivery<'_>)) -> bool {
        let end = segment.offset.saturating_add(u64::from(segment.wire));
        if end <= self.delivered {
            return self.contradicts_delivered(&segment);
        }
        if segment.offset <= self.delivered && self.held.is_empty() {
            if read {
                self.remember(&segment);
            }
            self.pass(segment.offset, segment.bytes, segment.wire, deliver);
            return false;
        }
        let conflict = self.hold(segment);
        self.drain(deliver);
        conflict
    }

    /// Whether there is a hole that may still be filled.
    #[inline]
    pub fn waits(&self) -> bool {
        !self.held.is_empty()
    }

    /// Counts a packet of the session (either direction) and gives up a hole that nothing will fill any more. `acked` is the position up
    /// to which the receiver has acknowledged.
    pub fn packet_passed(&mut self, acked: u64, deliver: &mut impl FnMut(Delivery<'_>)) {
        let Some(first) = self.held.first() else { return };
        self.waited = self.waited.saturating_add(1);
        let patience = if acked >= first.offset { PATIENCE_ACKED } else { PATIENCE_UNACKED };
        if self.waited > patience || self.held_bytes > HELD_BYTES || self.held.len() > HELD_SEGMENTS {
            self.give_up_hole(deliver);
        }
    }

    /// The direction has ended: what is held comes out with its gaps.
    pub fn finish(&mut self, deliver: &mut impl FnMut(Delivery<'_>)) {
        while !self.held.is_empty() {
            self.give_up_hole(deliver);
        }
    }

    /// Forgets what is held, to make room. Gives the number of bytes.
    pub fn shed(&mut self) -> usize {
        self.held = Vec::new();
        std::mem::take(&mut self.held_bytes)
    }

    fn give_up_hole(&mut self, deliver: &mut impl FnMut(Delivery<'_>)) {
        let Some(first) = self.held.first() else { return };
        let missing = first.offset.saturating_sub(self.delivered);
        if missing > 0 {
            deliver(Delivery::Gap(missing));
            self.delivered = first.offset;
        }
        self.drain(deliver);
    }

    /// Delivers held segments that are in order now.
    fn drain(&mut self, deliver: &mut impl FnMut(Delivery<'_>)) {
        let ready = self.ready();
        if ready == 0 {
            return;
        }
        self.waited = 0;
        let rest = self.held.split_off(ready);
        for held in std::mem::replace(&mut self.held, rest) {
            self.held_bytes = self.held_bytes.saturating_sub(held.bytes.len());
            self.remember(&Segment { offset: held.offset, bytes: &held.bytes, wire: held.wire });
            self.pass(held.offset, &held.bytes, held.wire, deliver);
        }
    }

    /// How many held segments follow one another from `delivered` on.
    fn ready(&self) -> usize {
        let mut reached = self.delivered;
        self.held
            .iter()
            .take_while(|held| {
                let fits = held.offset <= reached;
                reached = reached.max(held.offset.saturating_add(u64::from(held.wire)));
                fits
            })
            .count()
    }

    /// Delivers the part of a segment that lies at `delivered`, and a gap for what the capture cut off its end.
    fn pass(&mut self, offset: u64, bytes: &[u8], wire: u32, deliver: &mut impl FnMut(Delivery<'_>)) {
        let end = offset.saturating_add(u64::from(wire));
        let old = usize::try_from(self.delivered.saturating_sub(offset)).unwrap_or(usize::MAX);
        let fresh = bytes.get(old..).unwrap_or_default();
        if !fresh.is_empty() {
            deliver(Delivery::Data(fresh));
        }
        let reached = self.delivered.saturating_add(fresh.len() as u64);
        let cut = end.saturating_sub(reached);
        if cut > 0 {
            deliver(Delivery::Gap(cut));
        }
        self.delivered = self.delivered.max(end);
    }

    /// Holds what is new of a segment. Tells whether what is not new differs.
    fn hold(&mut self, segment: Segment<'_>) -> bool {
        let mut conflict = false;
        let end = segment.offset.saturating_add(u64::from(segment.wire));
        let mut at = segment.offset.max(self.delivered);
        while at < end {
            let next = self.held.partition_point(|held| held.offset <= at);
            let before = next.checked_sub(1).and_then(|before| self.held.get(before));
            let covered = before.map_or(0, |held| held.offset.saturating_add(u64::from(held.wire)));
            if let Some(before) = before.filter(|_| covered > at) {
                conflict |= differs(before, &segment, at, covered.min(end));
                at = covered;
                continue;
            }
            let stop = self.held.get(next).map_or(end, |held| held.offset.min(end));
            let piece = slice(segment.bytes, segment.offset, at, stop);
            let wire = u32::try_from(stop.saturating_sub(at)).unwrap_or(u32::MAX);
            self.held_bytes = self.held_bytes.saturating_add(piece.len());
            self.held.insert(next, Held { offset: at, bytes: piece.into(), wire });
            at = stop;
        }
        conflict
    }

    fn remember(&mut self, segment: &Segment<'_>) {
        if let Some(place) = self.remembered.get_mut(usize::from(self.next_remembered)) {
            *place = Remembered::of(segment);
        }
        self.next_remembered = self.next_remembered.saturating_add(1) % REMEMBERED as u8;
    }

    fn contradicts_delivered(&self, segment: &Segment<'_>) -> bool {
        let len = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
        let same = |known: &&Remembered| known.offset == segment.offset && known.len == len && len > 0;
        self.remembered.iter().find(same).is_some_and(|known| known.digest != Remembered::of(segment).digest)
    }
}

/// The bytes of a piece that begins at `offset` which lie in `from..to`.
fn slice(bytes: &[u8], offset: u64, from: u64, to: u64) -> &[u8] {
    let place = |at: u64| usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(place(from)..place(to)).unwrap_or_default()
}

/// Whether a held segment and a new one differ in `from..to`, as far as both were captured.
fn differs(held: &Held, segment: &Segment<'_>, from: u64, to: u64) -> bool {
    let old = slice(&held.bytes, held.offset, from, to);
    let new = slice(segment.bytes, segment.offset, from, to);
    old.iter().zip(new).any(|(old, new)| old != new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Out {
        bytes: Vec<u8>,
        gaps: Vec<u64>,
    }

    fn send(stream: &mut Stream, out: &mut Out, offset: u64, bytes: &[u8]) -> bool {
        let segment = Segment { offset, bytes, wire: bytes.len() as u32 };
        stream.segment(segment, true, &mut |delivery| match delivery {
            Delivery::Data(bytes) => out.bytes.extend_from_slice(bytes),
            Delivery::Gap(bytes) => out.gaps.push(bytes),
        })
    }

    fn pass(stream: &mut Stream, out: &mut Out, packets: u32, acked: u64) {
        for _ in 0..packets {
            stream.packet_passed(acked, &mut |delivery| match delivery {
                Delivery::Data(bytes) => out.bytes.extend_from_slice(bytes),
                Delivery::Gap(bytes) => out.gaps.push(bytes),
            });
        }
    }

    #[test]
    fn segments_come_out_in_order_and_once() {
        let (mut stream, mut out) = (Stream::default(), Out::default());
        for (offset, bytes) in [(3, &b"def"[..]), (9, b"j"), (0, b"abc"), (2, b"cde"), (6, b"ghi"), (0, b"abc")] {
            assert!(!send(&mut stream, &mut out, offset, bytes));
        }
        assert_eq!((out.bytes.as_slice(), stream.held_bytes()), (&b"abcdefghij"[..], 0));
        assert!(out.gaps.is_empty());
    }

    #[test]
    fn a_hole_is_given_up_only_after_patience() {
        let (mut stream, mut out) = (Stream::default(), Out::default());
        send(&mut stream, &mut out, 5, b"later");
        pass(&mut stream, &mut out, PATIENCE_ACKED, 10);
        assert!(out.bytes.is_empty());
        pass(&mut stream, &mut out, 1, 10);
        assert_eq!((out.bytes.as_slice(), out.gaps), (&b"later"[..], vec![5]));
    }

    #[test]
    fn a_differing_copy_is_told_and_the_first_is_believed() {
        let (mut stream, mut out) = (Stream::default(), Out::default());
        send(&mut stream, &mut out, 3, b"held");
        assert!(send(&mut stream, &mut out, 3, b"HELD"));
        assert!(!send(&mut stream, &mut out, 0, b"abc"));
        assert!(send(&mut stream, &mut out, 0, b"ABC"));
        assert!(!send(&mut stream, &mut out, 0, b"abc"));
        assert_eq!(out.bytes, b"abcheld");
    }

    #[test]
    fn what_the_capture_cut_off_is_a_gap() {
        let (mut stream, mut out) = (Stream::default(), Out::default());
        stream.segment(Segment { offset: 0, bytes: b"abc", wire: 10 }, true, &mut |delivery| match delivery {
            Delivery::Data(bytes) => out.bytes.extend_from_slice(bytes),
            Delivery::Gap(bytes) => out.gaps.push(bytes),
        });
        send(&mut stream, &mut out, 10, b"k");
        assert_eq!((out.bytes.as_slice(), out.gaps), (&b"abck"[..], vec![7]));
    }
}
