//! Joins IP fragments before anything looks at ports (RFC 791 3.2, RFC 8200 4.5).
//!
//! The first copy of a byte wins and an overlap is told. The bytes held are bounded; when there is no room the oldest datagram is
//! given up. A datagram that is not whole after [`PATIENCE`] of the packet clock is given up too.

use std::collections::VecDeque;

use dissectors::Timestamp;
use dissectors::time::SECOND;
use hashbrown::HashMap;

use crate::packet::{Address, Ends, Family};
use crate::path::Domain;

/// How long fragments wait for the others of their datagram (RFC 8200 4.5 says 60 s, most hosts 30 s).
pub const PATIENCE: u64 = 30 * SECOND;
/// The longest datagram (RFC 791 3.1).
const MAX_DATAGRAM: u32 = 65_535;
/// The most fragments of one datagram: the longest datagram in the smallest fragments any link makes is below this.
const MAX_PIECES: usize = 1024;

/// What fragments of one datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FragmentKey {
    source: Address,
    destination: Address,
    family: Family,
    protocol: u8,
    id: u32,
    domain: Domain,
}

impl FragmentKey {
    /// The key of a fragment's header.
    pub fn new(ends: &Ends, id: u32) -> Self {
        // IPv6 fragments name the protocol only in the first one's chain, so it can't be part of their key.
        let protocol = if ends.family == Family::V4 { ends.protocol } else { 0 };
        let Ends { source, destination, family, .. } = *ends;
        Self { source, destination, family, protocol, id, domain: Domain::default() }
    }

    /// The key among the packets of a domain.
    pub const fn within(self, domain: Domain) -> Self {
        Self { domain, ..self }
    }
}

/// One fragment.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'b> {
    /// Where it belongs in the datagram's payload.
    pub offset: u32,
    /// Its payload.
    pub bytes: &'b [u8],
    /// Whether more follow.
    pub more: bool,
    /// Its IP-layer length.
    pub ip_bytes: u32,
}

/// A whole datagram's payload.
#[derive(Debug, Default)]
pub struct Joined {
    /// The payload.
    pub bytes: Vec<u8>,
    /// IP-layer bytes of all its fragments.
    pub ip_bytes: u32,
    /// How many fragments it took, copies included.
    pub pieces: u16,
    /// Whether fragments overlapped.
    pub overlapped: bool,
}

/// What became of a fragment.
#[derive(Debug)]
pub enum Held {
    /// It was the last one missing.
    Whole(Joined),
    /// Others are missing.
    Waiting,
    /// It can't be used.
    Bad,
}

#[derive(Debug)]
struct Datagram {
    first: Timestamp,
    /// Non-overlapping pieces in order of offset.
    pieces: Vec<(u32, Box<[u8]>)>,
    /// Length, once the last fragment was seen.
    length: Option<u32>,
    held: usize,
    ip_bytes: u32,
    count: u64,
    overlapped: bool,
}

/// The datagrams that are not whole yet.
#[derive(Debug)]
pub struct Fragments {
    waiting: HashMap<FragmentKey, Datagram, ahash::RandomState>,
    /// Keys in order of arrival, for giving up the oldest; a key may be gone already.
    order: VecDeque<(FragmentKey, Timestamp)>,
    held: usize,
    room: usize,
    abandoned: u64,
}

impl Fragments {
    /// Holds at most `room` bytes.
    pub fn new(room: usize) -> Self {
        Self { waiting: HashMap::default(), order: VecDeque::new(), held: 0, room, abandoned: 0 }
    }

    /// Fragments given up because the others of their datagram never came.
    pub fn abandoned(&self) -> u64 {
        self.abandoned
    }

    /// Fragments that still wait.
    pub fn waiting(&self) -> u64 {
        self.waiting.values().map(|datagram| datagram.count).sum()
    }

    /// Takes a fragment.
    pub fn add(&mut self, key: FragmentKey, piece: Piece<'_>, now: Timestamp) -> Held {
        self.expire(now);
        let length = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
        let end = piece.offset.saturating_add(length);
        // All but the last carry a multiple of eight bytes.
        if end > MAX_DATAGRAM || length == 0 || (piece.more && length % 8 != 0) {
            return Held::Bad;
        }
        while self.held.saturating_add(piece.bytes.len()) > self.room {
            if !self.give_up_oldest() {
                return Held::Bad;
            }
        }
        if !self.waiting.contains_key(&key) {
            self.order.push_back((key, now));
        }
        let datagram = self.waiting.entry(key).or_insert_with(|| Datagram::new(now));
        let before = datagram.held;
        let fits = datagram.insert(piece, end);
        self.held = self.held.saturating_add(datagram.held).saturating_sub(before);
        if !fits {
            return Held::Bad;
        }
        if !datagram.is_whole() {
            return Held::Waiting;
        }
        match self.waiting.remove(&key) {
            Some(whole) => {
                self.held = self.held.saturating_sub(whole.held);
                Held::Whole(whole.join())
            }
            None => Held::Bad,
        }
    }

    fn expire(&mut self, now: Timestamp) {
        // Datagrams that became whole leave their place in the order behind; it goes here, so that the order stays short.
        while self.order.front().is_some_and(|(key, first)| {
            now.since(*first) > PATIENCE || self.waiting.get(key).is_none_or(|datagram| datagram.first != *first)
        }) {
            self.give_up_oldest();
        }
    }

    /// Gives up the oldest datagram. Tells whether there was anything to give up.
    fn give_up_oldest(&mut self) -> bool {
        let Some((key, first)) = self.order.pop_front() else { return false };
        // The key may name a younger datagram by now; that one has an entry of its own.
        if self.waiting.get(&key).is_some_and(|datagram| datagram.first == first)
            && let Some(datagram) = self.waiting.remove(&key)
        {
            self.held = self.held.saturating_sub(datagram.held);
            self.abandoned = self.abandoned.saturating_add(datagram.count);
        }
        true
    }
}

impl Datagram {
    fn new(first: Timestamp) -> Self {
        Self { first, pieces: Vec::new(), length: None, held: 0, ip_bytes: 0, count: 0, overlapped: false }
    }

    /// Adds what is new in a piece; the first copy of a byte stays. Tells whether the piece could be used.
    fn insert(&mut self, piece: Piece<'_>, end: u32) -> bool {
        if self.pieces.len() >= MAX_PIECES {
            return false;
        }
        self.count = self.count.saturating_add(1);
        self.ip_bytes = self.ip_bytes.saturating_add(piece.ip_bytes);
        if !piece.more {
            match self.length {
                Some(length) if length != end => self.overlapped = true,
                _ => self.length = Some(end),
            }
        }
        let mut at = piece.offset;
        while at < end {
            let next = self.pieces.partition_point(|(offset, _)| *offset <= at);
            let covered = next
                .checked_sub(1)
                .and_then(|before| self.pieces.get(before))
                .map_or(0, |(offset, bytes)| offset.saturating_add(bytes.len() as u32));
            if covered > at {
                self.overlapped |= !(covered >= end && at == piece.offset && self.repeats(piece));
                at = covered;
                continue;
            }
            let stop = self.pieces.get(next).map_or(end, |(offset, _)| (*offset).min(end));
            let from = at.saturating_sub(piece.offset) as usize;
            let to = stop.saturating_sub(piece.offset) as usize;
            let Some(bytes) = piece.bytes.get(from..to) else { return false };
            self.pieces.insert(next, (at, bytes.into()));
            self.held = self.held.saturating_add(bytes.len());
            at = stop;
        }
        true
    }

    /// Whether the piece is the same as one that is there: a copy is no overlap.
    fn repeats(&self, piece: Piece<'_>) -> bool {
        self.pieces.iter().any(|(offset, bytes)| *offset == piece.offset && **bytes == *piece.bytes)
    }

    fn is_whole(&self) -> bool {
        let reached = self.pieces.iter().try_fold(0u32, |reached, (offset, bytes)| {
            (*offset == reached).then(|| reached.saturating_add(bytes.len() as u32))
        });
        self.length.is_some_and(|length| reached.is_some_and(|reached| reached >= length))
    }

    fn join(self) -> Joined {
        let mut bytes = Vec::with_capacity(self.held);
        for (_, piece) in &self.pieces {
            bytes.extend_from_slice(piece);
        }
        bytes.truncate(self.length.unwrap_or(MAX_DATAGRAM) as usize);
        let pieces = u16::try_from(self.count).unwrap_or(u16::MAX);
        Joined { bytes, ip_bytes: self.ip_bytes, pieces, overlapped: self.overlapped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: FragmentKey = FragmentKey {
        source: Address(0),
        destination: Address(1),
        family: Family::V4,
        protocol: 17,
        id: 7,
        domain: Domain(0),
    };

    fn add(fragments: &mut Fragments, offset: u32, bytes: &[u8], more: bool, second: u64) -> Held {
        let piece = Piece { offset, bytes, more, ip_bytes: bytes.len() as u32 + 20 };
        fragments.add(KEY, piece, Timestamp::from_nanos(second * SECOND))
    }

    fn whole(held: Held) -> Joined {
        match held {
            Held::Whole(joined) => joined,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pieces_join_in_any_order() {
        let mut fragments = Fragments::new(1000);
        assert!(matches!(add(&mut fragments, 16, b"c", false, 0), Held::Waiting));
        assert!(matches!(add(&mut fragments, 0, b"aaaaaaaa", true, 0), Held::Waiting));
        let joined = whole(add(&mut fragments, 8, b"bbbbbbbb", true, 0));
        assert_eq!(joined.bytes, b"aaaaaaaabbbbbbbbc");
        assert!(!joined.overlapped);
        assert_eq!((joined.ip_bytes, fragments.held), (77, 0));
    }

    #[test]
    fn the_first_copy_wins_and_an_overlap_is_told() {
        let mut fragments = Fragments::new(1000);
        add(&mut fragments, 0, b"aaaaaaaa", true, 0);
        add(&mut fragments, 0, b"XXXXXXXXbbbbbbbb", true, 0);
        let joined = whole(add(&mut fragments, 16, b"c", false, 0));
        assert_eq!(joined.bytes, b"aaaaaaaabbbbbbbbc");
        assert!(joined.overlapped);
    }

    #[test]
    fn a_copy_is_no_overlap() {
        let mut fragments = Fragments::new(1000);
        add(&mut fragments, 0, b"aaaaaaaa", true, 0);
        add(&mut fragments, 0, b"aaaaaaaa", true, 0);
        assert!(!whole(add(&mut fragments, 8, b"c", false, 0)).overlapped);
    }

    #[test]
    fn what_never_becomes_whole_is_given_up() {
        let mut fragments = Fragments::new(1000);
        add(&mut fragments, 0, b"aaaaaaaa", true, 0);
        assert!(matches!(add(&mut fragments, 8, b"c", false, 31), Held::Waiting));
        assert_eq!(fragments.abandoned(), 1);
    }

    #[test]
    fn room_is_bounded() {
        let mut fragments = Fragments::new(64);
        for id in 0..100 {
            let piece = Piece { offset: 0, bytes: &[0; 32], more: true, ip_bytes: 52 };
            fragments.add(FragmentKey { id, ..KEY }, piece, Timestamp::from_nanos(id.into()));
            assert!(fragments.held <= 64);
        }
        assert_eq!(fragments.abandoned(), 98);
    }

    #[test]
    fn a_datagram_longer_than_any_is_refused() {
        let mut fragments = Fragments::new(100_000);
        assert!(matches!(add(&mut fragments, 65_528, &[0; 64], false, 0), Held::Bad));
    }
}
