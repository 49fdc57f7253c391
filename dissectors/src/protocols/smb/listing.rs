//! Directory listings (MS-FSCC 2.4): entries that each tell where the next one begins.
//!
//! ```text
//! 0   offset of the next entry from this one's beginning, 0 in the last (4)
//! ..  times, sizes, attributes
//! L   length of the name (4)
//! N   name
//! ```

use crate::reader::Reader;

/// Where an entry of one information class has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    length_at: usize,
    name_at: usize,
    pub unicode: bool,
}

impl Layout {
    /// The entries of an information class of SMB 2, or `None` where they have no names or are not known.
    pub const fn of_class(class: u8) -> Option<Self> {
        let (length_at, name_at) = match class {
            1 => (60, 64),
            2 => (60, 68),
            3 => (60, 94),
            12 => (8, 12),
            37 => (60, 104),
            38 => (60, 80),
            60 => (60, 88),
            _ => return None,
        };
        Some(Self { length_at, name_at, unicode: true })
    }

    /// The entries of an information level of SMB 1 (MS-CIFS 2.2.6.2).
    pub const fn of_level(level: u16, unicode: bool) -> Option<Self> {
        let class = match level {
            0x0101 => 1,
            0x0102 => 2,
            0x0103 => 12,
            0x0104 => 3,
            0x0105 => 38,
            0x0106 => 37,
            _ => return None,
        };
        match Self::of_class(class) {
            Some(layout) => Some(Self { unicode, ..layout }),
            None => None,
        }
    }
}

/// What was made of the bytes at an entry's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// It takes so many bytes to tell.
    Need(usize),
    /// A name, and how far it is to the next entry.
    Name(&'a [u8], u64),
    /// No entry: what is left of the listing is of no use.
    End,
}

/// Reads the entry at the beginning of `bytes`, which are all or the first of the listing's last `left` bytes. A name longer than
/// `cap` is no name.
pub fn entry(layout: Layout, bytes: &[u8], left: u64, cap: usize) -> Entry<'_> {
    let fits = |need: usize| need as u64 <= left;
    if !fits(layout.name_at) {
        return Entry::End;
    }
    let Some((head, rest)) = bytes.split_at_checked(layout.name_at) else {
        return Entry::Need(layout.name_at);
    };
    let next = Reader::new(head).le_u32().unwrap_or(0);
    let length = head.get(layout.length_at..).and_then(|rest| Reader::new(rest).le_u32()).unwrap_or(0);
    let Some(length) = usize::try_from(length).ok().filter(|length| *length <= cap) else {
        return Entry::End;
    };
    let end = layout.name_at.saturating_add(length);
    if !fits(end) {
        return Entry::End;
    }
    match rest.get(..length) {
        None => Entry::Need(end),
        Some(name) if next as usize >= end => Entry::Name(name, u64::from(next).min(left)),
        Some(name) => Entry::Name(name, left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Layout = Layout { length_at: 8, name_at: 12, unicode: true };

    #[test]
    fn an_entry_ends_where_the_listing_does() {
        let bytes = b"\x10\0\0\0\0\0\0\0\x02\0\0\0a\0\0\0";
        assert_eq!(entry(NAMES, bytes, 40, 100), Entry::Name(b"a\0", 16));
        assert_eq!(entry(NAMES, bytes, 14, 100), Entry::Name(b"a\0", 14));
        assert_eq!(entry(NAMES, bytes, 13, 100), Entry::End);
        assert_eq!(entry(NAMES, &bytes[..13], 40, 100), Entry::Need(14));
        assert_eq!(entry(NAMES, bytes, 40, 1), Entry::End);
    }

    #[test]
    fn an_entry_never_leads_back_into_itself() {
        let bytes = b"\x01\0\0\0\0\0\0\0\x02\0\0\0a\0";
        assert_eq!(entry(NAMES, bytes, 40, 100), Entry::Name(b"a\0", 40));
    }
}
