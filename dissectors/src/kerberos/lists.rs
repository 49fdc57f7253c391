//! Several capped lists of distinct values in one: most sessions have a value or two for each, which are not worth allocations of their own.

use crate::capped::{LIST_CAP, TEXT_CAP, Text};

/// For so many values there is room at once.
const USUAL: usize = 8;
/// For so many bytes of texts there is room at once.
const USUAL_BYTES: usize = 128;

/// `N` lists of at most [`LIST_CAP`] numbers each.
#[derive(Debug)]
pub(super) struct Numbers<const N: usize> {
    /// The list of each number, in wire order.
    kept: Vec<(usize, i64)>,
    omitted: [u32; N],
}

impl<const N: usize> Default for Numbers<N> {
    fn default() -> Self {
        Self { kept: Vec::new(), omitted: [0; N] }
    }
}

impl<const N: usize> Numbers<N> {
    /// Adds a number that a list does not hold yet, or counts it where the list is full.
    pub fn push(&mut self, list: usize, number: i64) {
        let mut held = 0usize;
        for known in self.of(list) {
            if known == number {
                return;
            }
            held = held.saturating_add(1);
        }
        if held >= LIST_CAP {
            count(&mut self.omitted, list);
            return;
        }
        if self.kept.is_empty() {
            self.kept.reserve_exact(USUAL);
        }
        self.kept.push((list, number));
    }

    /// A list's numbers, in wire order.
    pub fn of(&self, list: usize) -> impl Iterator<Item = i64> {
        self.kept.iter().filter(move |(of, _)| *of == list).map(|(_, number)| *number)
    }

    /// How many of a list's numbers were left out.
    pub fn omitted(&self, list: usize) -> u32 {
        self.omitted.get(list).copied().unwrap_or(0)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.kept.capacity().saturating_mul(size_of::<(usize, i64)>())
    }
}

/// `N` lists of texts of at most [`TEXT_CAP`] bytes.
#[derive(Debug)]
pub(super) struct Texts<const N: usize> {
    bytes: Vec<u8>,
    /// In wire order.
    kept: Vec<Kept>,
    omitted: [u32; N],
}

/// One text.
#[derive(Clone, Copy, Debug)]
struct Kept {
    list: usize,
    /// Where it stands.
    start: usize,
    end: usize,
    /// Bytes that were left out of it.
    omitted: u32,
}

impl<const N: usize> Default for Texts<N> {
    fn default() -> Self {
        Self { bytes: Vec::new(), kept: Vec::new(), omitted: [0; N] }
    }
}

impl<const N: usize> Texts<N> {
    /// Adds a text that a list does not hold yet, or counts it where the list has `cap` already. So many bytes of it were left out before
    /// it came here. Gives its place.
    pub fn push(&mut self, list: usize, cap: usize, text: &[u8], omitted: u32) -> Option<usize> {
        // Few texts are so long that something has to be left out.
        let long = (text.len() >= TEXT_CAP).then(|| Text::new(text).and_omitted(omitted));
        let (text, omitted) = long.as_ref().map_or((text, omitted), |long| (long.bytes(), long.omitted()));
        let mut held = 0usize;
        for (at, known) in self.kept.iter().enumerate().filter(|(_, known)| known.list == list) {
            if known.omitted == omitted && self.text(known) == text {
                return Some(at);
            }
            held = held.saturating_add(1);
        }
        if held >= cap {
            count(&mut self.omitted, list);
            return None;
        }
        if self.kept.is_empty() {
            self.kept.reserve_exact(USUAL);
            self.bytes.reserve_exact(USUAL_BYTES);
        }
        let (at, start) = (self.kept.len(), self.bytes.len());
        self.bytes.extend_from_slice(text);
        self.kept.push(Kept { list, start, end: self.bytes.len(), omitted });
        Some(at)
    }

    fn text(&self, kept: &Kept) -> &[u8] {
        self.bytes.get(kept.start..kept.end).unwrap_or_default()
    }

    /// The text at a place.
    pub fn at(&self, place: usize) -> Option<&[u8]> {
        self.kept.get(place).map(|kept| self.text(kept))
    }

    /// A list's texts, in wire order.
    pub fn of(&self, list: usize) -> impl Iterator<Item = &[u8]> {
        self.kept.iter().filter(move |kept| kept.list == list).map(|kept| self.text(kept))
    }

    /// How many of a list's texts were left out.
    pub fn omitted(&self, list: usize) -> u32 {
        self.omitted.get(list).copied().unwrap_or(0)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity().saturating_add(self.kept.capacity().saturating_mul(size_of::<Kept>()))
    }
}

fn count(omitted: &mut [u32], list: usize) {
    if let Some(omitted) = omitted.get_mut(list) {
        *omitted = omitted.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_holds_its_own_numbers_once_up_to_its_cap() {
        let mut numbers = Numbers::<2>::default();
        [3, 1, 3].into_iter().for_each(|number| numbers.push(1, number));
        (0..LIST_CAP as i64 + 2).for_each(|number| numbers.push(0, number));
        assert!(numbers.of(1).eq([3, 1]) && numbers.of(0).eq(0..LIST_CAP as i64));
        assert_eq!((numbers.omitted(0), numbers.omitted(1), numbers.omitted(2)), (2, 0, 0));
    }

    #[test]
    fn each_list_holds_its_own_texts_once_up_to_its_cap() {
        let mut texts = Texts::<2>::default();
        let long = [b'x'; TEXT_CAP + 3];
        let places: Vec<_> = [(0, &b"a"[..]), (1, b"a"), (0, b"b"), (0, b"a"), (0, &long), (0, &long[1..]), (0, &long)]
            .map(|(list, text)| texts.push(list, 4, text, 0))
            .into();
        assert_eq!(places, [0, 1, 2, 0, 3, 4, 3].map(Some), "what is cut differently is another text");
        assert_eq!((texts.push(0, 4, b"c", 0), texts.omitted(0), texts.omitted(1)), (None, 1, 0));
        assert!(texts.of(0).eq([&b"a"[..], b"b", &long[3..], &long[3..]]) && texts.at(1) == Some(b"a"));
    }
}
