//! How often something named was done: `SET:12`, `GET:3`.

use crate::capped::{List, Text};
use crate::dictionary::Field;
use crate::digits;
use crate::facts::Writer;

/// The most bytes kept of a name.
pub const NAME_BYTES: usize = 64;
/// How many names are told apart.
pub const NAMES: usize = 32;

/// Counts by name, in the order in which names were first seen.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    rows: List<(Text, u64), NAMES>,
}

impl Tally {
    /// Counts a name once more. Of the names beyond [`NAMES`] only the number of times is known.
    pub fn count(&mut self, name: &[u8]) {
        let name = name.get(..NAME_BYTES).unwrap_or(name);
        match self.rows.items_mut().iter_mut().find(|(known, _)| known.bytes() == name) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                self.rows.push_with(|| (Text::with_cap(name, NAME_BYTES), 1));
            }
        }
    }

    /// As [`Tally::count`], in capitals: where case means nothing.
    pub fn count_upper(&mut self, name: &[u8]) {
        let name = name.get(..NAME_BYTES).unwrap_or(name);
        let mut upper = [0; NAME_BYTES];
        upper.iter_mut().zip(name).for_each(|(upper, byte)| *upper = byte.to_ascii_uppercase());
        self.count(upper.get(..name.len()).unwrap_or_default());
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes `NAME:COUNT` for each name. A colon of a name itself is no trouble: the number stands behind the last.
    pub fn tell(&self, element: &mut Writer<'_>, field: &'static Field) {
        let told: Vec<Text> = self
            .rows
            .items()
            .iter()
            .map(|(name, count)| {
                let mut told = name.bytes().to_vec();
                told.push(b':');
                digits::number(*count, &mut told);
                Text::new(&told)
            })
            .collect();
        element.list(field, &told, self.rows.omitted());
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.rows.items().iter().map(|row| size_of_val(row) + row.0.heap_bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_and_beyond_the_cap_only_told() {
        let mut tally = Tally::default();
        for at in 0..NAMES + 2 {
            tally.count(format!("n{at}").as_bytes());
        }
        tally.count(b"n1");
        assert_eq!(tally.rows.items().get(1).map(|row| row.1), Some(2));
        assert_eq!(tally.rows.omitted(), 2);
    }
}
