//! The field dictionary: every element and field that a line may hold, with type, unit, meaning and source.
//!
//! It is the one place where fields are defined. docs/FIELDS.md and everything else that lists fields is generated from
//! [`elements`]. A protocol defines its own fields beside its dissector; what belongs to every session stands here.

pub mod file;
pub mod flags;
pub mod icmp;
pub mod session;
pub mod status;

pub use flags::{Flag, Flags};

use crate::capped::{LONG_TEXT_CAP, TEXT_CAP};

/// The type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of the wire, escaped by the renderer.
    Text,
    /// A whole number.
    Number,
    /// Seconds with six decimals.
    Seconds,
    /// Milliseconds with three decimals.
    Milliseconds,
    /// An RFC 3339 instant in UTC with microseconds.
    Time,
    /// An IPv4 or IPv6 address (RFC 5952).
    Address,
    /// A hardware address.
    Mac,
    /// Two numbers, `src:dst`.
    Pair,
    /// `yes` or `no`.
    YesNo,
    /// A session's id, sixteen hexadecimal digits.
    Id,
}

/// How many values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    One,
    /// Several, comma-separated, in wire order.
    List,
    /// One per transaction of the session, empty where unknown.
    Aligned,
}

/// One field: a parameter of a structured-data element.
#[derive(Debug)]
pub struct Field {
    /// The parameter's name, `[a-z][a-z0-9_]{0,31}`.
    pub name: &'static str,
    /// What a parameter begins with behind another, whose value it ends: `" name="`, and zeros behind it. Whoever writes many lines copies
    /// it in one step.
    pub opening: [u8; OPENING_BYTES],
    /// The type of its values.
    pub kind: Kind,
    /// How many there are.
    pub shape: Shape,
    /// The most bytes of a single value, before escaping.
    pub cap: usize,
    /// The most items of a list.
    pub items: usize,
    /// The unit, or nothing.
    pub unit: &'static str,
    /// What it tells.
    pub meaning: &'static str,
    /// Where its meaning is defined: RFC and section, or the specification's name.
    pub source: &'static str,
}

/// The longest name of a field or an element.
pub const NAME_BYTES: usize = 32;

/// Room for the longest name with a quotation mark and a space before it, an equals sign and a quotation mark behind it.
const OPENING_BYTES: usize = 40;

const fn opening(name: &str) -> [u8; OPENING_BYTES] {
    let mut bytes = [0; OPENING_BYTES];
    // A test holds that no name is longer.
    if let Some((before, rest)) = bytes.split_first_chunk_mut::<2>()
        && let Some((place, rest)) = rest.split_at_mut_checked(name.len())
        && let Some((after, _)) = rest.split_first_chunk_mut::<2>()
    {
        *before = *b"\" ";
        place.copy_from_slice(name.as_bytes());
        *after = *b"=\"";
    }
    bytes
}

impl Field {
    /// Bytes of [`Self::opening`] without the zeros behind it.
    #[inline]
    pub const fn opening_len(&self) -> usize {
        self.name.len().saturating_add(4)
    }

    /// A field with one value of `kind`.
    pub const fn new(kind: Kind, name: &'static str, meaning: &'static str, source: &'static str) -> Self {
        let (cap, items) = (TEXT_CAP, crate::capped::LIST_CAP);
        Self { name, opening: opening(name), kind, shape: Shape::One, cap, items, unit: "", meaning, source }
    }

    /// A text field with one value.
    pub const fn text(name: &'static str, meaning: &'static str, source: &'static str) -> Self {
        Self::new(Kind::Text, name, meaning, source)
    }

    /// A number field with one value.
    pub const fn number(name: &'static str, meaning: &'static str, source: &'static str) -> Self {
        Self::new(Kind::Number, name, meaning, source)
    }

    /// The field as a list.
    pub const fn list(mut self) -> Self {
        self.shape = Shape::List;
        self
    }

    /// The field as an aligned list.
    pub const fn aligned(mut self) -> Self {
        self.shape = Shape::Aligned;
        self
    }

    /// The field with the cap of long values.
    pub const fn long(mut self) -> Self {
        self.cap = LONG_TEXT_CAP;
        self
    }

    /// The list with another cap of items.
    pub const fn items(mut self, items: usize) -> Self {
        self.items = items;
        self
    }

    /// The field with its unit.
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }
}

/// One structured-data element: a group of fields.
#[derive(Debug)]
pub struct Element {
    /// The element's name, which becomes the SD-ID `name@PEN`.
    pub name: &'static str,
    /// What it tells of.
    pub meaning: &'static str,
    /// Its fields, in the order of the documentation.
    pub fields: &'static [&'static Field],
}

/// Every element, once each: the session's own first, then the protocols' in the order of the registry, what the sensor says of itself last.
pub fn elements() -> Vec<&'static Element> {
    let mut all: Vec<&'static Element> = vec![&session::ELEMENT, &file::ELEMENT, &icmp::ICMP, &icmp::ICMPV6];
    for protocol in crate::protocols::ALL {
        for element in protocol.elements {
            if !all.iter().any(|known| std::ptr::eq(*known, *element)) {
                all.push(element);
            }
        }
    }
    all.extend([&status::STATUS, &status::INTERVAL]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn well_formed(name: &str) -> bool {
        let mut bytes = name.bytes();
        name.len() <= NAME_BYTES
            && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    }

    #[test]
    fn names_survive_every_receiver_and_stand_once() {
        let mut seen = HashSet::new();
        for element in elements() {
            assert!(well_formed(element.name), "{}", element.name);
            assert!(seen.insert(element.name), "element {} twice", element.name);
            let mut fields = HashSet::new();
            for field in element.fields {
                assert!(well_formed(field.name), "{}.{}", element.name, field.name);
                assert!(fields.insert(field.name), "{}.{} twice", element.name, field.name);
                assert!(!field.meaning.is_empty(), "{}.{} has no meaning", element.name, field.name);
            }
        }
    }
}
