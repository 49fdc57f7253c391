//! Finds sessions by the hash of their key.
//!
//! Many small tables instead of a large one: each grows by itself, so no packet ever waits for more than a small one to be made anew.
//! A part of the hash lies beside each number, so that making a table anew touches no session.

use hashbrown::HashTable;

use crate::slab::Index;

/// Tables, chosen by the upper bits of a hash.
const TABLES: usize = 1024;
const TABLE_SHIFT: u32 = 64 - TABLES.trailing_zeros();

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The lower half of the hash.
    hash: u32,
    index: Index,
}

impl Entry {
    /// What its table places it by: the position is taken from the lowest bits, and a mark from the uppermost.
    const fn spread(hash: u32) -> u64 {
        (hash as u64) << 32 | hash as u64
    }
}

/// Numbers of sessions by hash.
#[derive(Debug)]
pub struct Lookup {
    tables: Vec<HashTable<Entry>>,
    /// Bytes of their entries.
    held: usize,
}

impl Default for Lookup {
    fn default() -> Self {
        Self { tables: (0..TABLES).map(|_| HashTable::new()).collect(), held: 0 }
    }
}

impl Lookup {
    /// The number stored under a hash for which `is` says yes.
    #[inline]
    pub fn find(&self, hash: u64, mut is: impl FnMut(Index) -> bool) -> Option<Index> {
        let lower = hash as u32;
        let table = self.tables.get(place(hash))?;
        table.find(Entry::spread(lower), |entry| entry.hash == lower && is(entry.index)).map(|entry| entry.index)
    }

    /// Stores a number that is not there yet.
    pub fn insert(&mut self, hash: u64, index: Index) {
        if let Some(table) = self.tables.get_mut(place(hash)) {
            let entry = Entry { hash: hash as u32, index };
            let before = table.allocation_size();
            table.insert_unique(Entry::spread(entry.hash), entry, |entry| Entry::spread(entry.hash));
            // A table that was full of what was taken out may be made anew at its size; none shrinks.
            self.held = self.held.saturating_add(table.allocation_size().saturating_sub(before));
        }
    }

    /// Takes a number out.
    pub fn remove(&mut self, hash: u64, index: Index) {
        if let Some(table) = self.tables.get_mut(place(hash))
            && let Ok(entry) = table.find_entry(Entry::spread(hash as u32), |entry| entry.index == index)
        {
            entry.remove();
        }
    }

    /// Bytes of all tables.
    pub fn bytes(&self) -> usize {
        self.held + self.tables.capacity() * size_of::<HashTable<Entry>>()
    }
}

const fn place(hash: u64) -> usize {
    (hash >> TABLE_SHIFT) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64's finaliser.
    fn hash(number: u64) -> u64 {
        let z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ (z >> 29)
    }

    #[test]
    fn what_was_stored_is_found_until_it_is_taken_out() {
        let mut lookup = Lookup::default();
        for index in 0..100_000 {
            lookup.insert(hash(u64::from(index)), index);
        }
        // Two under one hash are told apart by whoever looks.
        lookup.insert(hash(7), 100_007);
        for index in 0..100_000 {
            assert_eq!(lookup.find(hash(u64::from(index)), |found| found == index), Some(index));
        }
        assert_eq!(lookup.find(hash(7), |found| found == 100_007), Some(100_007));
        lookup.remove(hash(7), 7);
        assert_eq!(lookup.find(hash(7), |_| true), Some(100_007));
        assert_eq!(lookup.find(hash(8), |_| false), None);
    }

    #[test]
    fn its_bytes_are_those_of_its_tables() {
        let mut lookup = Lookup::default();
        for index in 0..200_000 {
            lookup.insert(hash(u64::from(index)), index);
            if index % 3 == 0 {
                lookup.remove(hash(u64::from(index / 2)), index / 2);
            }
        }
        assert_eq!(lookup.held, lookup.tables.iter().map(HashTable::allocation_size).sum::<usize>());
    }

    #[test]
    fn no_table_is_much_larger_than_the_others() {
        let mut lookup = Lookup::default();
        for index in 0..1_000_000 {
            lookup.insert(hash(u64::from(index)), index);
        }
        let most = lookup.tables.iter().map(HashTable::len).max().unwrap();
        assert!(most < 1_000_000 / TABLES * 5 / 4, "{most}");
    }
}
