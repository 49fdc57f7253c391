//! Lines of commands and replies, one side of a connection each.
//!
//! A line ends with LF; the CR before it belongs to the end. A line that is longer than the protocol allows is passed over whole, and
//! whether it is does not depend on how its bytes arrive.

use memchr::memchr;

/// The reading of one side.
#[derive(Debug, Default)]
pub struct Lane {
    /// So many of the unconsumed bytes hold no line end.
    searched: usize,
    /// The rest of the present line is passed over.
    passing: bool,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end, the bytes that it takes up with it, and whether it ended as the book has it.
    Whole {
        /// Its text.
        text: &'a [u8],
        /// Bytes with the end.
        used: usize,
        /// CR LF and not LF alone.
        crlf: bool,
    },
    /// So many bytes of a line that is not read.
    Passed(usize),
    /// The line's end is not there yet.
    Partial,
}

impl Lane {
    /// Reads the next line, of at most `cap` bytes.
    pub fn line<'a>(&mut self, bytes: &'a [u8], cap: usize) -> Line<'a> {
        if self.passing {
            let end = memchr(b'\n', bytes);
            self.passing = end.is_none();
            return Line::Passed(end.map_or(bytes.len(), |at| at.saturating_add(1)));
        }
        let window = bytes.get(..cap).unwrap_or(bytes);
        let fresh = window.get(self.searched..).unwrap_or_default();
        if let Some(at) = memchr(b'\n', fresh).map(|at| at.saturating_add(self.searched)) {
            self.searched = 0;
            let text = window.get(..at).unwrap_or_default();
            let stripped = text.strip_suffix(b"\r");
            return Line::Whole {
                text: stripped.unwrap_or(text),
                used: at.saturating_add(1),
                crlf: stripped.is_some(),
            };
        }
        if window.len() < cap {
            self.searched = window.len();
            return Line::Partial;
        }
        self.searched = 0;
        self.passing = true;
        Line::Passed(window.len())
    }

    /// Bytes were not seen: what comes next may be the middle of a line.
    pub fn gap(&mut self) {
        self.searched = 0;
        self.passing = true;
    }

    /// What comes next is the beginning of a line, whatever was before.
    pub fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_however_it_arrives() {
        let wire = b"abcdefghij\r\nnext\r\n";
        for size in 1..=wire.len() {
            let (mut lane, mut lines, mut from) = (Lane::default(), Vec::new(), 0);
            for end in (size..=wire.len()).step_by(size).chain([wire.len()]) {
                loop {
                    match lane.line(&wire[from..end], 8) {
                        Line::Whole { text, used, .. } => {
                            lines.push(text);
                            from += used;
                        }
                        Line::Passed(0) | Line::Partial => break,
                        Line::Passed(used) => from += used,
                    }
                }
            }
            assert_eq!(lines, [b"next"], "in pieces of {size}");
        }
    }
}
