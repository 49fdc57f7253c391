//! Owned copies of wire bytes that can't grow past a cap and tell what they left out.

/// How many bytes of a value a dissector keeps where its field says nothing else.
pub const TEXT_CAP: usize = 256;
/// The cap of long values: URIs, SQL statements, file names.
pub const LONG_TEXT_CAP: usize = 1024;
/// How many items of a list a dissector keeps where it says nothing else.
pub const LIST_CAP: usize = 16;

/// A capped copy of wire bytes. Wire text stays bytes until the renderer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Kept);

/// So many bytes stand in a text itself. Most texts are short: names, methods, versions, addresses.
const SHORT_BYTES: usize = 22;

/// Where the bytes are. What fits is short and never long, so that equal texts are equal field by field.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Kept {
    /// All that there was, with zeros behind.
    Short {
        len: u8,
        bytes: [u8; SHORT_BYTES],
    },
    Long {
        omitted: u32,
        bytes: Box<[u8]>,
    },
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
        Self::of(kept, omitted)
    }

    fn of(kept: &[u8], omitted: u32) -> Self {
        let mut short = [0; SHORT_BYTES];
        Self(match (short.get_mut(..kept.len()), omitted) {
            (Some(start), 0) => {
                start.copy_from_slice(kept);
                Kept::Short { len: kept.len() as u8, bytes: short }
            }
            _ => Kept::Long { omitted, bytes: kept.into() },
        })
    }

    /// The text, of which so many more bytes had been left out before they came here.
    #[must_use]
    pub fn and_omitted(mut self, bytes: u32) -> Self {
        match &mut self.0 {
            Kept::Short { .. } if bytes == 0 => self,
            Kept::Short { .. } => Self::of(self.bytes(), bytes),
            Kept::Long { omitted, .. } => {
                *omitted = omitted.saturating_add(bytes);
                self
            }
        }
    }

    /// The bytes that were kept.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Kept::Long { bytes, .. } => bytes,
        }
    }

    /// How many bytes the cap left out.
    pub fn omitted(&self) -> u32 {
        match &self.0 {
            Kept::Short { .. } => 0,
            Kept::Long { omitted, .. } => *omitted,
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Kept::Short { .. } => 0,
            Kept::Long { bytes, .. } => bytes.len(),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Kept::Short { len: 0, bytes: [0; SHORT_BYTES] })
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("bytes", &self.bytes()).field("omitted", &self.omitted()).finish()
    }
}

/// A text of [`TEXT_CAP`] bytes that is put together from pieces, with nothing on the heap meanwhile.
#[derive(Debug)]
pub struct Pieces {
    bytes: [u8; TEXT_CAP],
    /// Bytes of all pieces.
    len: usize,
}

impl Default for Pieces {
    fn default() -> Self {
        Self { bytes: [0; TEXT_CAP], len: 0 }
    }
}

impl Pieces {
    /// Adds a piece behind the others.
    pub fn push(&mut self, piece: &[u8]) {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let taken = piece.get(..room.len()).unwrap_or(piece);
        if let Some(place) = room.get_mut(..taken.len()) {
            place.copy_from_slice(taken);
        }
        self.len = self.len.saturating_add(piece.len());
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What [`Text::new`] makes of all pieces in a row.
    pub fn text(&self) -> Text {
        let (kept, omitted) = self.kept();
        Text::of(kept, omitted)
    }

    /// What is kept of all pieces in a row, and how many bytes are not.
    pub fn kept(&self) -> (&[u8], u32) {
        let whole = self.bytes.get(..self.len).filter(|_| self.len < TEXT_CAP);
        let kept = whole.unwrap_or_else(|| without_cut_character(&self.bytes));
        (kept, u32::try_from(self.len.saturating_sub(kept.len())).unwrap_or(u32::MAX))
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
        if !self.items.iter().any(|item| item.omitted() == 0 && item.bytes() == bytes) {
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
    fn a_short_text_is_held_in_place_and_equals_itself_however_it_was_made() {
        assert_eq!((size_of::<Text>(), size_of::<Option<Text>>()), (24, 24));
        for length in 0..SHORT_BYTES + 3 {
            let bytes: Vec<u8> = (1..=length as u8).collect();
            let text = Text::new(&bytes);
            assert_eq!((text.bytes(), text.omitted(), text.is_empty()), (&bytes[..], 0, length == 0));
            assert_eq!(text.heap_bytes(), if length > SHORT_BYTES { length } else { 0 });
            // Of the one the cap left out what the other had lost before.
            let [cut, lost] = [Text::with_cap(&[&bytes[..], b"ab"].concat(), length), text.clone().and_omitted(2)];
            assert_eq!((&cut, cut.bytes(), cut.omitted()), (&lost, text.bytes(), 2));
            assert_ne!(cut, text);
            assert_eq!(text.clone().and_omitted(0), text);
            assert_eq!(lost.and_omitted(u32::MAX).omitted(), u32::MAX);
        }
    }

    #[test]
    fn pieces_make_the_text_that_they_make_in_a_row() {
        for (length, of) in [(0, &b"a"[..]), (22, b"a"), (200, "\u{20ac}".as_bytes()), (300, "a\u{20ac}".as_bytes())] {
            for shift in 0..4 {
                let whole: Vec<u8> = [&b"xyz"[..shift], &of.repeat(length)].concat();
                for cut in [0, 1, 255, 256, 257, whole.len()] {
                    let whole = whole.get(..cut).unwrap_or(&whole);
                    let mut pieces = Pieces::default();
                    whole.chunks(7).for_each(|piece| pieces.push(piece));
                    assert_eq!((pieces.text(), pieces.is_empty()), (Text::new(whole), whole.is_empty()));
                }
            }
        }
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
