//! Lines of commands and replies, one side of a connection each.
//!
//! A line ends with LF; the CR before it belongs to the end. A line that is longer than the protocol allows is passed over whole, and
//! whether it is does not depend on how its bytes arrive.

use memchr::memchr;

use crate::protocol::Step;
use crate::protocols::tls;

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

/// What became of some bytes.
pub enum Look {
    /// So many are dealt with.
    Used(usize),
    /// They are not enough.
    Wait,
    /// TLS begins with the first of them.
    Tls,
}

/// Looks at a side's bytes until there are none, or not enough, or TLS begins.
pub fn look_through(bytes: &[u8], mut look: impl FnMut(&[u8]) -> Look) -> Step {
    let mut rest = bytes;
    let used = |rest: &[u8]| bytes.len().saturating_sub(rest.len());
    while !rest.is_empty() {
        match look(rest) {
            Look::Used(n) => rest = rest.get(n..).unwrap_or_default(),
            Look::Wait => break,
            Look::Tls => return Step::Handover(used(rest), Some(&tls::PROTOCOL)),
        }
    }
    Step::Consumed(used(rest))
}

/// Whether bytes are a record of TLS's handshake, which no line begins like.
pub fn tls_begins(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, ..])
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
