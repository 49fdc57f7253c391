//! Text that a line with a single dot ends: a message after DATA (RFC 5321 4.5.2), a POP3 response (RFC 1939 3).
//!
//! ```text
//! line CR LF   ..line that began with a dot CR LF   . CR LF
//! ```
//!
//! The dot that was put before a line's own is taken away. A bare LF ends a line only where the sender uses them
//! throughout: taking one for the end elsewhere is how messages are smuggled.

use memchr::memchr_iter;

/// Where in such a text a side is.
#[derive(Debug)]
pub struct Dots {
    at_start: bool,
    /// LF alone ends a line.
    bare: bool,
    /// The last byte was a CR.
    cr: bool,
}

/// What became of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// So many were dealt with.
    pub used: usize,
    /// The text has ended with them.
    pub ended: bool,
}

impl Dots {
    /// Begins at a line's start. `bare` says that this side ends its lines with LF alone.
    pub fn new(bare: bool) -> Self {
        Self { at_start: true, bare, cr: false }
    }

    /// Bytes were not seen.
    pub fn gap(&mut self) {
        self.at_start = false;
        self.cr = false;
    }

    /// Takes bytes and hands on the text among them.
    pub fn take(&mut self, bytes: &[u8], text: &mut dyn FnMut(&[u8])) -> Taken {
        let used = |rest: &[u8]| bytes.len().saturating_sub(rest.len());
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.at_start {
                match rest {
                    [b'.', b'\r', b'\n', after @ ..] => return Taken { used: used(after), ended: true },
                    [b'.', b'\n', after @ ..] if self.bare => return Taken { used: used(after), ended: true },
                    [b'.'] | [b'.', b'\r'] => return Taken { used: used(rest), ended: false },
                    [b'.', after @ ..] => rest = after,
                    _ => {}
                }
                self.at_start = false;
                self.cr = false;
            }
            let (line, after) = rest.split_at_checked(self.line_end(rest)).unwrap_or((rest, &[]));
            text(line);
            rest = after;
        }
        Taken { used: bytes.len(), ended: false }
    }

    /// The bytes up to and with the line's end, or all of them.
    fn line_end(&mut self, bytes: &[u8]) -> usize {
        for at in memchr_iter(b'\n', bytes) {
            let before = at.checked_sub(1).map_or(self.cr, |before| bytes.get(before) == Some(&b'\r'));
            if before || self.bare {
                self.at_start = true;
                return at.saturating_add(1);
            }
        }
        self.cr = bytes.last() == Some(&b'\r');
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(wire: &[u8], bare: bool, size: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut dots, mut out, mut held) = (Dots::new(bare), Vec::new(), Vec::new());
        for (at, piece) in wire.chunks(size).enumerate() {
            held.extend_from_slice(piece);
            let taken = dots.take(&held, &mut |bytes| out.extend_from_slice(bytes));
            held.drain(..taken.used);
            if taken.ended {
                held.extend_from_slice(&wire[((at + 1) * size).min(wire.len())..]);
                return (out, held);
            }
        }
        (out, b"no end".to_vec())
    }

    #[test]
    fn a_lone_dot_ends_it_and_other_dots_do_not() {
        let wire = b"a\r\n..b\r\n.c\r\nd.\r\n\n.\nx\n.\r\ny\r.\r\n.\r\nQUIT\r\n";
        for size in 1..=wire.len() {
            let (out, rest) = text(wire, false, size);
            assert_eq!(out, b"a\r\n.b\r\nc\r\nd.\r\n\n.\nx\n.\r\ny\r.\r\n", "in pieces of {size}");
            assert_eq!(rest, b"QUIT\r\n");
        }
    }

    #[test]
    fn a_sender_of_bare_line_feeds_ends_with_one() {
        let wire = b"a\n..b\n.\nQUIT\n";
        for size in 1..=wire.len() {
            assert_eq!(text(wire, true, size), (b"a\n.b\n".to_vec(), b"QUIT\n".to_vec()), "in pieces of {size}");
        }
    }

    #[test]
    fn a_text_may_be_empty() {
        assert_eq!(text(b".\r\n", false, 9), (Vec::new(), Vec::new()));
    }
}
