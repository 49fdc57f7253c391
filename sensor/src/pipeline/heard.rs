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
    pub thing: T,
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
    pub fn is_empty(&self) -> bool {
        self.entries.load(Ordering::Relaxed) == 0
    }

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
        let at = kept.partition_point(|other| other.clock <= item.clock);
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
