//! Owned copies of wire bytes that can't grow past a cap and tell what they left out.

/// How many bytes of a value a dissector keeps where its field says nothing else.
pub const TEXT_CAP: usize = 256;
/// The cap of long values: URIs, SQL statements, file names.
pub const LONG_TEXT_CAP: usize = 1024;
/// How many items of a list a dissector keeps where it says nothing else.
pub const LIST_CAP: usize = 16;

/// A capped copy of wire bytes. Wire text stays bytes until the renderer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text {
    bytes: Box<[u8]>,
    omitted: u32,
}

impl Text {
    /// Copies at most [`TEXT_CAP`] bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self::with_cap(bytes, TEXT_CAP)
    }

    /// Copies at most [`LONG_TEXT_CAP`] bytes.
    pub fn long(bytes: &[u8]) -> Self {
        Self::with_cap(bytes, LONG_TEXT_CAP)
    }

    /// Copies at most `cap` bytes and counts the others. A character of UTF-8 is kept whole or not at all.
    pub fn with_cap(bytes: &[u8], cap: usize) -> Self {
        let kept = bytes.get(..cap).map_or(bytes, without_cut_character);
        let omitted = u32::try_from(bytes.len().saturating_sub(kept.len())).unwrap_or(u32::MAX);
        Self { bytes: kept.into(), omitted }
    }

    /// The text, of which so many more bytes had been left out before they came here.
    #[must_use]
    pub fn and_omitted(mut self, bytes: u32) -> Self {
        self.omitted = self.omitted.saturating_add(bytes);
        self
    }

    /// The bytes that were kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes the cap left out.
    pub fn omitted(&self) -> u32 {
        self.omitted
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

/// Leaves out a last character of UTF-8 (RFC 3629 3) whose bytes do not all lie in `cut`, the first bytes of a longer text.
/// Bytes that are no text stay as they are.
fn without_cut_character(cut: &[u8]) -> &[u8] {
    match std::str::from_utf8(cut) {
        // An error without a length says that bytes are missing at the end, not that there are wrong ones.
        Err(error) if error.error_len().is_none() => cut.get(..error.valid_up_to()).unwrap_or(cut),
        _ => cut,
    }
}

/// For so many bytes of small items a list makes room at once.
const FIRST_BYTES: usize = 48;

/// A list that keeps its first `CAP` items and counts the others.
#[derive(Clone, Debug)]
pub struct List<T, const CAP: usize = LIST_CAP> {
    items: Vec<T>,
    omitted: u32,
}

impl<T, const CAP: usize> Default for List<T, CAP> {
    fn default() -> Self {
        Self { items: Vec::new(), omitted: 0 }
    }
}

impl<T, const CAP: usize> List<T, CAP> {
    /// Adds an item, or counts it where the list is full. Tells whether it was kept.
    pub fn push(&mut self, item: T) -> bool {
        self.push_with(|| item)
    }

    /// As [`List::push`], and makes the item only where there is room for it.
    pub fn push_with(&mut self, item: impl FnOnce() -> T) -> bool {
        let room = self.items.len() < CAP;
        if room {
            // Most lists hold an item or two, of which a vector would make room for four.
            let held = self.items.len();
            if held == self.items.capacity() {
                self.items.reserve_exact(held.max(FIRST_BYTES / size_of::<T>().max(1)).max(1));
            }
            self.items.push(item());
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
        room
    }

    /// The items that were kept, in wire order.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The items that were kept, in wire order.
    pub fn items_mut(&mut self) -> &mut [T] {
        &mut self.items
    }

    /// How many items the cap left out.
    pub fn omitted(&self) -> u32 {
        self.omitted
    }

    /// Whether no item was ever added.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T: PartialEq, const CAP: usize> List<T, CAP> {
    /// Adds an item that the list does not hold yet. With a full list an item that was left out before counts again.
    pub fn push_distinct(&mut self, item: T) {
        if !self.items.contains(&item) {
            self.push(item);
        }
    }
}

impl<const CAP: usize> List<Text, CAP> {
    /// As [`List::push_distinct`] of [`Text::new`], and copies nothing that the list holds already.
    pub fn push_distinct_bytes(&mut self, bytes: &[u8]) {
        if !self.items.iter().any(|item| item.omitted == 0 && *item.bytes == *bytes) {
            self.push_distinct(Text::new(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_what_its_cap_left_out() {
        let text = Text::with_cap(b"abcdef", 4);
        assert_eq!((text.bytes(), text.omitted()), (&b"abcd"[..], 2));
    }

    #[test]
    fn a_cap_cuts_no_character() {
        for (bytes, kept) in [
            ("aé€".as_bytes(), &["", "a", "a", "aé", "aé", "aé", "aé€"][..]),
            ("a😀b".as_bytes(), &["", "a", "a", "a", "a", "a😀", "a😀b"]),
        ] {
            for (cap, kept) in kept.iter().enumerate() {
                let text = Text::with_cap(bytes, cap);
                assert_eq!((text.bytes(), text.omitted() as usize), (kept.as_bytes(), bytes.len() - kept.len()));
            }
        }
        // Bytes that are no text: wrong ones before the cut, or at it.
        for bytes in [&b"\xff\xe2\x82\xac"[..], b"a\x80\x80\x80\x80\x80", b"a\xc0\x80", b"\xe2\x28\xa1."] {
            for cap in 2..bytes.len() {
                assert_eq!(Text::with_cap(bytes, cap).bytes(), &bytes[..cap], "{bytes:02x?}");
            }
        }
    }

    #[test]
    fn a_full_list_counts_and_keeps_its_first_items() {
        let mut list = List::<u8, 2>::default();
        for item in 0..5 {
            list.push(item);
        }
        assert_eq!((list.items(), list.omitted()), (&[0, 1][..], 3));
    }

    #[test]
    fn a_list_holds_each_text_once() {
        let (mut list, mut copied) = (List::<Text>::default(), List::<Text>::default());
        let long = [b'a'; TEXT_CAP + 1];
        for bytes in [&b"a"[..], b"b", b"a", &long, &long[..TEXT_CAP], &long] {
            list.push_distinct_bytes(bytes);
            copied.push_distinct(Text::new(bytes));
        }
        assert_eq!((list.items(), list.items().len()), (copied.items(), 4));
    }
}
