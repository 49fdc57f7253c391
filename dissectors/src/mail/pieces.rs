//! A message's lines as they pass: never more than [`HELD`] bytes of one are held.

use memchr::memchr;

/// The most bytes of a line that are handed on together at its start. What tells lines apart (a delimiter, a field's name) stands
/// in them.
pub(super) const HELD: usize = 1024;

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eol {
    Lf,
    CrLf,
}

impl Eol {
    /// Its bytes.
    pub(super) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// A line, or a piece of a long one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    /// Its bytes without the line's end.
    pub bytes: &'a [u8],
    /// It begins the line: of a line, always the same bytes do.
    pub starts: bool,
    /// It ends the line.
    pub end: Option<Eol>,
}

/// Cuts a stream into lines.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    held: Vec<u8>,
    /// After a line's first piece.
    within: bool,
    /// After a CR that may belong to the line's end.
    cr: bool,
}

impl Pieces {
    /// Takes bytes and hands on what of them is a line, or a piece whose place in its line is sure.
    pub(super) fn data(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = if self.within { self.go_on(rest, sink) } else { self.start(rest, sink) };
        }
    }

    /// The stream has ended: hands on what was held.
    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        if !self.held.is_empty() {
            sink(Piece { bytes: &std::mem::take(&mut self.held), starts: true, end: None });
        }
        self.release(sink);
    }

    /// Bytes were not seen: what comes next is the rest of some line.
    pub(super) fn gap(&mut self) {
        *self = Self { within: true, ..Self::default() };
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.held.capacity()
    }

    fn start<'a>(&mut self, bytes: &'a [u8], sink: &mut dyn FnMut(Piece<'_>)) -> &'a [u8] {
        let room = HELD.saturating_sub(self.held.len());
        let window = bytes.get(..room).unwrap_or(bytes);
        if let Some(at) = memchr(b'\n', window) {
            let line = window.get(..at).unwrap_or_default();
            if self.held.is_empty() {
                whole(line, true, sink);
            } else {
                self.held.extend_from_slice(line);
                whole(&self.held, true, sink);
                self.held.clear();
            }
            return bytes.get(at.saturating_add(1)..).unwrap_or_default();
        }
        self.held.extend_from_slice(window);
        if window.len() == room {
            self.cr = self.held.last() == Some(&b'\r');
            let held = std::mem::take(&mut self.held);
            let bytes = held.strip_suffix(b"\r").unwrap_or(&held);
            sink(Piece { bytes, starts: true, end: None });
            self.within = true;
        }
        bytes.get(window.len()..).unwrap_or_default()
    }

    fn go_on<'a>(&mut self, bytes: &'a [u8], sink: &mut dyn FnMut(Piece<'_>)) -> &'a [u8] {
        let end = memchr(b'\n', bytes);
        if end == Some(0) && self.cr {
            self.cr = false;
            self.within = false;
            sink(Piece { bytes: b"", starts: false, end: Some(Eol::CrLf) });
            return bytes.get(1..).unwrap_or_default();
        }
        self.release(sink);
        let Some(at) = end else {
            let content = bytes.strip_suffix(b"\r");
            self.cr = content.is_some();
            sink(Piece { bytes: content.unwrap_or(bytes), starts: false, end: None });
            return &[];
        };
        whole(bytes.get(..at).unwrap_or_default(), false, sink);
        self.within = false;
        bytes.get(at.saturating_add(1)..).unwrap_or_default()
    }

    /// The CR that was held back was content.
    fn release(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        if std::mem::take(&mut self.cr) {
            sink(Piece { bytes: b"\r", starts: false, end: None });
        }
    }
}

fn whole(line: &[u8], starts: bool, sink: &mut dyn FnMut(Piece<'_>)) {
    let (bytes, end) = line.strip_suffix(b"\r").map_or((line, Eol::Lf), |line| (line, Eol::CrLf));
    sink(Piece { bytes, starts, end: Some(end) });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines, each with what began it.
    fn lines(wire: &[u8], size: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut pieces, mut all, mut starts) = (Pieces::default(), Vec::new(), Vec::new());
        let mut sink = |piece: Piece<'_>| {
            if piece.starts {
                starts.push(piece.bytes.to_vec());
            }
            all.extend_from_slice(piece.bytes);
            all.extend_from_slice(piece.end.map_or(&[], Eol::bytes));
        };
        for piece in wire.chunks(size) {
            pieces.data(piece, &mut sink);
        }
        pieces.finish(&mut sink);
        (all, starts)
    }

    #[test]
    fn nothing_is_lost_and_each_line_begins_with_the_same_bytes() {
        let mut wire = b"a\r\n\n\r\nb\rc\r\r\n".to_vec();
        for length in HELD - 2..HELD + 3 {
            wire.resize(wire.len() + length, b'x');
            wire.extend_from_slice(b"\r\n");
            wire.resize(wire.len() + length, b'y');
            wire.extend_from_slice(b"\r\r\n.");
        }
        let whole = lines(&wire, wire.len());
        assert_eq!(whole.0, wire);
        for size in [1, 2, 3, 7, 1000, 1023, 1024, 1025] {
            assert_eq!(lines(&wire, size), whole, "in pieces of {size}");
        }
    }
}
