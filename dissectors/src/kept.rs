//! What many dissectors keep and tell alike: numbers that have names, texts that stand in lists.

use crate::capped::{List, Text};
use crate::dictionary::Field;
use crate::facts::Writer;

/// The name of a number, where it has one.
pub type Names = fn(u32) -> Option<&'static str>;

/// Writes numbers by their names; one without a name in decimal digits.
pub fn tell_names<const CAP: usize>(
    element: &mut Writer<'_>,
    field: &'static Field,
    numbers: &List<u32, CAP>,
    name: Names,
) {
    for number in numbers.items() {
        tell_name(element, field, *number, name);
    }
    element.omitted(field, numbers.omitted());
}

/// Writes a number by its name, or in decimal digits.
pub fn tell_name(element: &mut Writer<'_>, field: &'static Field, number: u32, name: Names) {
    match name(number) {
        Some(name) => element.plain(field, name),
        None => element.bytes(field, number.to_string().as_bytes()),
    }
}

/// Writes a number that was counted, where there was anything to count.
pub fn tell_count(element: &mut Writer<'_>, field: &'static Field, count: u64) {
    if count > 0 {
        element.number(field, count);
    }
}

/// Counts one more.
pub fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

/// Bytes on the heap of a list of texts.
pub fn texts_bytes<const CAP: usize>(list: &List<Text, CAP>) -> usize {
    list.items().iter().map(|text| size_of::<Text>().saturating_add(text.heap_bytes())).sum()
}
