//! What was heard, by whom it concerns: maps that all workers share.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dashmap::DashMap;
use dissectors::Text;
use dissectors::time::SECOND;
use flowtable::across::Announced;

/// The most that is kept of one place or pair.
const KEPT: usize = 64;
/// How long a session may go on, and wait to be told, and still be answered: as long as the longest timeout by default.
const UNTOLD: u64 = 3600 * SECOND;

/// Something that was heard.
pub(super) struct Item<T> {
    /// The packet clock then: what orders all that was heard.
    pub clock: u64,
    /// The time of the packet, in nanoseconds.
    pub time: u64,
    /// The session that it was heard in.
    pub by: u64,
    pub thing: T,
}

impl<T> Item<T> {
    /// Its place among others: never where it is by chance that one was brought before the other. What one packet told stays as it told it.
    const fn place(&self) -> (u64, u64, u64) {
        (self.clock, self.time, self.by)
    }
}

/// What was heard of one.
pub(super) type Kept<T> = Vec<Item<T>>;

/// Things of one kind by whom they concern.
pub(super) struct Heard<K, T> {
    pub map: DashMap<K, Kept<T>, ahash::RandomState>,
    /// How many keys there are, so that nobody has to ask every part of the map.
    entries: AtomicUsize,
}

impl<K: Hash + Eq, T> Default for Heard<K, T> {
    fn default() -> Self {
        Self { map: DashMap::default(), entries: AtomicUsize::new(0) }
    }
}

impl<K: Hash + Eq, T: Same> Heard<K, T> {
    /// Keeps a thing in the order of the packet clock, and nothing that is older than `life`.
    pub fn keep(&self, key: K, item: Item<T>, cap: usize, safe: u64, life: u64) {
        if self.entries.load(Ordering::Relaxed) >= cap && !self.map.contains_key(&key) {
            let old = safe.saturating_sub(life);
            self.map.retain(|_, kept| kept.last().is_some_and(|item| item.clock >= old));
            self.entries.store(self.map.len(), Ordering::Relaxed);
            if self.map.len() >= cap {
                return;
            }
        }
        let mut kept = self.map.entry(key).or_insert_with(|| {
            self.entries.fetch_add(1, Ordering::Relaxed);
            Kept::default()
        });
        let at = kept.partition_point(|other| other.place() <= item.place());
        if kept.is_empty() {
            // Of most only one thing is heard; a vector would make room for four.
            kept.reserve_exact(1);
        }
        kept.insert(at, item);
        // Of a run of equals the first and the last tell all; a session that has not been told yet may ask for any of the others.
        let inner = at.checked_sub(1).filter(|before| {
            let run = before.checked_sub(1).and_then(|first| kept.get(first..=at));
            run.is_some_and(|run| {
                run.windows(2).all(|pair| matches!(pair, [one, next] if one.thing.is_same(&next.thing)))
            })
        });
        if let Some(inner) = inner {
            kept.remove(inner);
        }
        let old = safe.saturating_sub(life.saturating_add(UNTOLD));
        let surplus = kept.len().saturating_sub(KEPT).max(kept.partition_point(|item| item.clock < old));
        kept.drain(..surplus);
    }
}

/// A set of ports. Ports are added by whoever hears of them and never taken out, so that asking is a load.
pub(super) struct Ports(Box<[AtomicU64]>);

impl Default for Ports {
    fn default() -> Self {
        Self((0..1 << 10).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Ports {
    pub fn note(&self, port: u16) {
        if let Some(word) = self.0.get(usize::from(port >> 6)) {
            word.fetch_or(1 << (port & 63), Ordering::Relaxed);
        }
    }

    pub fn has(&self, port: u16) -> bool {
        let word = self.0.get(usize::from(port >> 6));
        word.is_some_and(|word| word.load(Ordering::Relaxed) & 1 << (port & 63) != 0)
    }
}

/// A set of things by a bit of their hash: what was noted is in it, and now and then something else. It is small enough for a cache, so that
/// most sessions, of which nothing was heard, need not ask a map. Nothing is ever taken out.
pub(super) struct Hints {
    hasher: ahash::RandomState,
    bits: Box<[AtomicU64]>,
}

impl Default for Hints {
    fn default() -> Self {
        let bits = (0..1 << 10).map(|_| AtomicU64::new(0)).collect();
        Self { hasher: ahash::RandomState::new(), bits }
    }
}

impl Hints {
    pub fn note(&self, thing: &impl Hash) {
        let (word, bit) = self.place(thing);
        if let Some(word) = word {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether a thing may have been noted.
    #[inline]
    pub fn has(&self, thing: &impl Hash) -> bool {
        let (word, bit) = self.place(thing);
        word.is_some_and(|word| word.load(Ordering::Relaxed) & bit != 0)
    }

    #[inline]
    fn place(&self, thing: &impl Hash) -> (Option<&AtomicU64>, u64) {
        let hash = self.hasher.hash_one(thing);
        (self.bits.get((hash >> 6) as usize % self.bits.len().max(1)), 1 << (hash & 63))
    }
}

/// Whether two say the same.
pub(super) trait Same {
    fn is_same(&self, later: &Self) -> bool;
}

impl Same for Text {
    fn is_same(&self, later: &Self) -> bool {
        self == later
    }
}

impl Same for Announced {
    fn is_same(&self, later: &Self) -> bool {
        self.peer == later.peer && self.parent == later.parent && self.app == later.app && self.file == later.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_in_it_and_little_else() {
        let hints = Hints::default();
        let is_in = |numbers: std::ops::Range<u32>| numbers.filter(|number| hints.has(number)).count();
        assert_eq!(is_in(0..10_000), 0);
        (0..100u32).for_each(|number| hints.note(&number));
        assert_eq!(is_in(0..100), 100);
        assert!(is_in(100..10_100) < 200, "a bit of 65,536 for each of a hundred");
    }
}
