//! What happened how often: `read:12,write:3`. And lists of things that are kept as numbers until they are told.

use std::borrow::Cow;

use crate::capped::{List, Text};
use crate::dictionary::Field;
use crate::facts::Writer;

/// The most names counted in one tally; a field that holds one takes as many items.
pub const NAMES: usize = 32;

/// Counts of names, or of the numbers that stand for them, in the order of their first times.
#[derive(Clone, Debug)]
pub struct Tally<K> {
    counts: Vec<(K, u64)>,
    omitted: u32,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self { counts: Vec::new(), omitted: 0 }
    }
}

impl<K: PartialEq> Tally<K> {
    /// Counts one.
    pub fn count(&mut self, name: K) {
        if let Some((_, count)) = self.counts.iter_mut().find(|(known, _)| *known == name) {
            *count = count.saturating_add(1);
        } else if self.counts.len() < NAMES {
            self.counts.push((name, 1));
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Writes `NAME:COUNT` for each.
    pub fn write<'k, N: Into<Cow<'static, str>>>(
        &'k self,
        element: &mut Writer<'_>,
        field: &'static Field,
        name: impl Fn(&'k K) -> N,
    ) {
        for (key, count) in &self.counts {
            element.bytes(field, format!("{}:{count}", name(key).into()).as_bytes());
        }
        element.omitted(field, self.omitted);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<(K, u64)>()
    }
}

/// A number's name, or the number where it has none.
pub fn named(name: Option<&'static str>, number: impl Into<u64>) -> Cow<'static, str> {
    name.map_or_else(|| Cow::Owned(number.into().to_string()), Cow::Borrowed)
}

/// As [`named`], with the number in hexadecimal.
pub fn named_hex(name: Option<&'static str>, number: impl Into<u64>) -> Cow<'static, str> {
    name.map_or_else(|| Cow::Owned(format!("0x{:02x}", number.into())), Cow::Borrowed)
}

/// Writes a list whose items become text only now.
pub fn write_list<'l, T, N: Into<Cow<'static, str>>, const CAP: usize>(
    element: &mut Writer<'_>,
    field: &'static Field,
    list: &'l List<T, CAP>,
    name: impl Fn(&'l T) -> N,
) {
    for item in list.items() {
        element.bytes(field, name(item).into().as_bytes());
    }
    element.omitted(field, list.omitted());
}

/// Counts up to a number that stays.
pub const fn more(count: &mut u64) {
    *count = count.saturating_add(1);
}

/// Writes a count where something was counted.
pub fn write_count(element: &mut Writer<'_>, field: &'static Field, count: u64) {
    if count > 0 {
        element.number(field, count);
    }
}

/// Bytes of a list on the heap whose items hold none themselves.
pub fn list_bytes<T, const CAP: usize>(list: &List<T, CAP>) -> usize {
    size_of_val(list.items())
}

/// Bytes of texts on the heap.
pub fn texts_bytes<const CAP: usize>(list: &List<Text, CAP>) -> usize {
    size_of_val(list.items()) + list.items().iter().map(Text::heap_bytes).sum::<usize>()
}

/// Text of the wire without the fill behind it: what comes before the first zero byte, without blanks at its ends.
pub fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::Element;
    use crate::facts::Facts;

    static NAME: Field = Field::text("name", "names", "").list().items(NAMES);
    static ELEMENT: Element = Element { name: "test", meaning: "a test", fields: &[&NAME] };

    #[test]
    fn a_tally_counts_names_and_what_it_has_no_room_for() {
        let mut tally = Tally::default();
        for number in (0..40u64).chain([1, 1]) {
            tally.count(number);
        }
        let mut facts = Facts::new();
        tally.write(&mut facts.element(&ELEMENT), &NAME, |number| named((*number == 1).then_some("one"), *number));
        let told: Vec<_> = facts.values().map(|(_, _, value)| format!("{value:?}")).collect();
        assert_eq!((told.len(), facts.omissions()[0].count), (NAMES, 8));
        assert!(told[1].contains(&format!("{:?}", b"one:3")), "{}", told[1]);
    }

    #[test]
    fn fill_is_no_text() {
        assert_eq!(trimmed(b" PLC 1 \0\0x"), b"PLC 1");
    }
}
