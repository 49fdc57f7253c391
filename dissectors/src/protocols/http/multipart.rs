//! Parts of a multipart request (RFC 2046 5.1, RFC 7578): each part that names a file is a file of its own.
//!
//! ```text
//! preamble  CRLF --boundary CRLF  fields CRLF CRLF content  CRLF --boundary CRLF ... CRLF --boundary-- CRLF epilogue
//! ```
//!
//! Content streams through; only what may be the beginning of a delimiter is held back. A bare LF ends a line too. Parts without a
//! file's name, the preamble and the epilogue are passed over.

use memchr::memmem::Finder;

use super::head::{Line, empty_line, field, field_end};
use super::naming;
use crate::capped::Text;
use crate::files::{Files, HashLimit, Transfer};
use crate::protocol::Role;

/// The most bytes of a part's fields.
const PART_HEAD_CAP: usize = 8 * 1024;

/// The parts of one message.
#[derive(Debug)]
pub(super) struct Multipart {
    /// `\n--boundary`: the CR before it belongs to it, where there is one.
    delimiter: Finder<'static>,
    sender: Role,
    hash: HashLimit,
    state: State,
    /// Bytes not dealt with: less than a delimiter, or a part's fields so far.
    held: Vec<u8>,
    /// So many of them need not be searched again for a field's end.
    searched: usize,
}

#[derive(Debug)]
enum State {
    /// In content; of a file, or of nothing that matters.
    Content(Option<(Text, Transfer)>),
    /// In the rest of the delimiter's line: so many hyphens so far.
    DelimiterEnd { hyphens: u8 },
    /// In a part's fields: the name of its file, and the bytes so far.
    Fields { name: Option<Text>, seen: usize },
    /// After the last part, or lost.
    Over,
}

impl Multipart {
    /// Begins with the first byte of a message's content.
    pub(super) fn new(boundary: &[u8], sender: Role, hash: HashLimit) -> Self {
        let delimiter = Finder::new(&[b"\n--", boundary].concat()).into_owned();
        // The first delimiter may stand at the very beginning, without a line's end before it.
        Self { delimiter, sender, hash, state: State::Content(None), held: vec![b'\n'], searched: 0 }
    }

    /// Takes the next bytes of the message's content.
    pub(super) fn data(&mut self, bytes: &[u8], files: &mut Files) {
        if self.held.is_empty() {
            let used = self.pass(bytes, files);
            self.held = bytes.get(used..).unwrap_or_default().to_vec();
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(bytes);
            let used = self.pass(&joined, files);
            joined.drain(..used.min(joined.len()));
            self.held = joined;
        }
    }

    /// Content was not seen. The file that it belongs to is broken; the next delimiter mends it all.
    pub(super) fn gap(&mut self) {
        self.held = Vec::new();
        self.searched = 0;
        match &mut self.state {
            State::Content(part) => {
                if let Some((_, transfer)) = part {
                    transfer.broken();
                }
            }
            State::DelimiterEnd { .. } | State::Fields { .. } => self.state = State::Content(None),
            State::Over => {}
        }
    }

    /// The message has ended, perhaps in the middle of a part.
    pub(super) fn finish(mut self, files: &mut Files) {
        if let State::Content(Some((_, transfer))) = &mut self.state {
            transfer.data(&self.held);
        }
        self.end_part(files, false);
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let part = if let State::Content(Some((name, transfer))) = &self.state {
            name.heap_bytes().saturating_add(transfer.heap_bytes())
        } else {
            0
        };
        size_of::<Self>() + self.delimiter.needle().len() + self.held.capacity() + part
    }

    /// Deals with what can be dealt with. Gives the number of bytes used.
    fn pass(&mut self, bytes: &[u8], files: &mut Files) -> usize {
        let mut rest = bytes;
        loop {
            let used = match &mut self.state {
                State::Content(_) => self.content(rest, files),
                State::DelimiterEnd { .. } => self.delimiter_end(rest),
                State::Fields { .. } => self.field(rest),
                State::Over => return bytes.len(),
            };
            match used {
                Some(used) => rest = rest.get(used..).unwrap_or_default(),
                None => return bytes.len().saturating_sub(rest.len()),
            }
        }
    }

    /// Passes content up to the delimiter, or up to where one may begin. Gives the bytes used, or nothing where more are wanted.
    fn content(&mut self, bytes: &[u8], files: &mut Files) -> Option<usize> {
        let delimiter_bytes = self.delimiter.needle().len();
        let (end, next) = match self.delimiter.find(bytes) {
            Some(at) => (at, Some(at.saturating_add(delimiter_bytes))),
            None => (bytes.len().saturating_sub(delimiter_bytes), None),
        };
        let content = bytes.get(..end).unwrap_or_default();
        let last_line_end = next.is_some().then(|| content.strip_suffix(b"\r")).flatten();
        if let State::Content(Some((_, transfer))) = &mut self.state {
            transfer.data(last_line_end.unwrap_or(content));
        }
        if next.is_some() {
            self.end_part(files, true);
            self.state = State::DelimiterEnd { hyphens: 0 };
        }
        next.or((end > 0).then_some(end))
    }

    fn delimiter_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let State::DelimiterEnd { hyphens } = &mut self.state else {
            return None;
        };
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'-' => *hyphens = hyphens.saturating_add(1),
                b'\n' => {
                    self.state = State::Fields { name: None, seen: 0 };
                    return Some(at.saturating_add(1));
                }
                _ => {}
            }
            if *hyphens == 2 {
                self.state = State::Over;
                return Some(at);
            }
        }
        (!bytes.is_empty()).then_some(bytes.len())
    }

    /// Reads one of a part's fields, or the empty line after the last.
    fn field(&mut self, bytes: &[u8]) -> Option<usize> {
        let State::Fields { name, seen } = &mut self.state else {
            return None;
        };
        let end = match field_end(bytes, self.searched) {
            Line::Whole(end) => end,
            Line::Partial(searched) if searched <= PART_HEAD_CAP => {
                self.searched = searched;
                return None;
            }
            Line::Partial(_) => PART_HEAD_CAP.saturating_add(1),
        };
        self.searched = 0;
        *seen = seen.saturating_add(end);
        if *seen > PART_HEAD_CAP {
            self.state = State::Over;
            return Some(end);
        }
        if empty_line(bytes).is_some() {
            let file = name.take().map(|name| (name, Transfer::new(self.hash)));
            self.state = State::Content(file);
        } else if let Some((key, value)) = bytes.get(..end).and_then(field)
            && key.eq_ignore_ascii_case(b"content-disposition")
        {
            *name = naming::disposition(&value);
        }
        Some(end)
    }

    fn end_part(&mut self, files: &mut Files, whole: bool) {
        if let State::Content(part) = &mut self.state
            && let Some((name, transfer)) = part.take()
        {
            files.push(name, self.sender, transfer, whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;

    fn pass(wire: &[u8], piece: usize) -> String {
        let mut files = Files::default();
        let mut parts = Multipart::new(b"xyz", Role::Client, HashLimit::ALL);
        for piece in wire.chunks(piece) {
            parts.data(piece, &mut files);
        }
        parts.finish(&mut files);
        let mut facts = Facts::new();
        files.facts(&mut facts);
        facts.values().map(|(_, field, value)| format!("{}={value:?}\n", field.name)).collect()
    }

    #[test]
    fn each_named_part_is_a_file_whatever_the_segments() {
        let wire = b"preamble\r\n--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno file\r\n--xyz  \r\n\
            Content-Disposition: form-data; name=\"f\";\r\n filename=\"one.txt\"\r\nContent-Type: text/plain\r\n\r\n\
            first\r\n--xy\r\n\r\n--xyz\nContent-Disposition: form-data; filename=two.txt\n\nsecond\n--xyz--\r\nepilogue";
        let whole = pass(wire, usize::MAX);
        assert!(
            whole.contains(&format!("{:?}", b"one.txt")) && whole.contains(&format!("{:?}", b"two.txt")),
            "{whole}"
        );
        assert!(whole.contains("size=Number(13)") && whole.contains("size=Number(6)"), "{whole}");
        for piece in [1, 2, 3, 7, 20] {
            assert_eq!(pass(wire, piece), whole, "in pieces of {piece}");
        }
    }

    #[test]
    fn fields_that_never_end_are_given_up() {
        let mut wire = b"--xyz\r\nContent-Disposition: form-data; filename=a".to_vec();
        wire.resize(PART_HEAD_CAP * 3, b'a');
        for piece in [1, 100, usize::MAX] {
            assert_eq!(pass(&wire, piece), "");
        }
    }
}
