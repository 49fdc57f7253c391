//! Lines of a stream, and words in them: what protocols of text share.

use memchr::memchr2_iter;

use crate::protocol::{Role, Step};
use crate::scan;

/// Finds the lines of one side's stream, whatever its segmentation.
///
/// A line of more than the cap is given as its first bytes; the rest of it, up to its end, is passed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    /// So many of the unconsumed bytes are known to hold no line's end.
    searched: usize,
    /// In the rest of a line that was too long, or that began in bytes that were not seen.
    passing: bool,
}

/// What comes next in a stream of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A line without its end, and how many bytes it takes with it.
    Line(&'a [u8], usize),
    /// So many bytes are of no use.
    Pass(usize),
    /// No line ends here: so many bytes must be there before another look is worth while.
    Wait(usize),
}

impl<'a> Next<'a> {
    /// The line and how many bytes it takes with it; where there is none, what a dissector answers.
    pub fn line(self) -> Result<(&'a [u8], usize), Step> {
        match self {
            Self::Line(line, used) => Ok((line, used)),
            Self::Pass(used) => Err(Step::Consumed(used)),
            Self::Wait(wanted) => Err(Step::NeedMore(wanted)),
        }
    }
}

impl Lines {
    /// The next line of `bytes`, which begin where the last line ended. It ends with LF or CR LF and has at most `cap` bytes.
    pub fn next<'a>(&mut self, bytes: &'a [u8], cap: usize) -> Next<'a> {
        if self.passing {
            return match memchr::memchr(b'\n', bytes) {
                Some(at) => {
                    self.passing = false;
                    Next::Pass(at.saturating_add(1))
                }
                None => Next::Pass(bytes.len()),
            };
        }
        let within = bytes.get(..cap).unwrap_or(bytes);
        let fresh = within.get(self.searched..).unwrap_or_default();
        if let Some(at) = memchr::memchr(b'\n', fresh) {
            let end = self.searched.saturating_add(at);
            self.searched = 0;
            return Next::Line(without_cr(within.get(..end).unwrap_or_default()), end.saturating_add(1));
        }
        if within.len() >= cap {
            self.searched = 0;
            self.passing = true;
            return Next::Line(within, cap);
        }
        self.searched = within.len();
        Next::Wait(within.len().saturating_add(1))
    }

    /// Bytes were not seen: what follows may begin in the middle of a line.
    pub fn lost(&mut self) {
        *self = Self { searched: 0, passing: true };
    }
}

/// The lines of both sides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sides([Lines; 2]);

impl Sides {
    /// The next line of a side, as [`Lines::next`] has it.
    pub fn next<'a>(&mut self, role: Role, bytes: &'a [u8], cap: usize) -> Next<'a> {
        self.of(role).next(bytes, cap)
    }

    /// Bytes of a side were not seen.
    pub fn lost(&mut self, role: Role) {
        self.of(role).lost();
    }

    fn of(&mut self, role: Role) -> &mut Lines {
        let [client, server] = &mut self.0;
        if role == Role::Client { client } else { server }
    }
}

/// The whole lines of a sample, each without its end, and at last what has no end yet, without a CR that may begin one.
pub fn lines(bytes: &[u8]) -> (impl Iterator<Item = &[u8]>, &[u8]) {
    let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at.saturating_add(1));
    let (whole, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    let whole = whole.strip_suffix(b"\n");
    (whole.into_iter().flat_map(|whole| whole.split(|byte| *byte == b'\n')).map(without_cr), without_cr(rest))
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The first word of a line, and what stands behind the blanks after it.
pub fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    (word, rest.trim_ascii())
}

/// Where `wanted` stands in a text, without regard to case.
pub fn find_ignoring_case(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let fits = |at: &usize| text.get(*at..).is_some_and(|rest| begins_ignoring_case(rest, wanted));
    memchr2_iter(lower, upper, text).find(fits)
}

/// Whether a text begins with `wanted`, without regard to case.
pub fn begins_ignoring_case(text: &[u8], wanted: &[u8]) -> bool {
    text.get(..wanted.len()).is_some_and(|part| part.eq_ignore_ascii_case(wanted))
}

/// Whether bytes may stand in a line of text: no control character but the tabulator. Bytes beyond ASCII may.
pub fn is_text(bytes: &[u8]) -> bool {
    scan::all(bytes, |byte| (byte >= b' ' && byte != 0x7f) || byte == b'\t')
}

/// A number of at most nine digits, and nothing else.
pub fn decimal(digits: &[u8]) -> Option<u32> {
    let fits = matches!(digits.len(), 1..=9) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| digits.iter().fold(0u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(digit & 0x0f))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line of `bytes`, brought in pieces of `size`.
    fn split(bytes: &[u8], size: usize, cap: usize) -> Vec<Vec<u8>> {
        let (mut lines, mut found, mut held) = (Lines::default(), Vec::new(), Vec::new());
        for piece in bytes.chunks(size) {
            held.extend_from_slice(piece);
            while !held.is_empty() {
                let used = match lines.next(&held, cap) {
                    Next::Line(line, used) => {
                        found.push(line.to_vec());
                        used
                    }
                    Next::Pass(used) => used,
                    Next::Wait(wanted) => {
                        assert!(wanted > held.len());
                        break;
                    }
                };
                held.drain(..used);
            }
        }
        found
    }

    #[test]
    fn lines_are_the_same_in_any_segmentation() {
        let bytes = b"one\r\ntwo\n\r\n12345678\n123456789\nlast\nnot ended";
        let whole = split(bytes, bytes.len(), 9);
        assert_eq!(whole, [&b"one"[..], b"two", b"", b"12345678", b"123456789", b"last", b"not ended"]);
        for size in 1..12 {
            assert_eq!(split(bytes, size, 9), whole, "{size}");
        }
    }

    #[test]
    fn a_lost_beginning_is_passed_over() {
        let mut lines = Lines::default();
        lines.lost();
        assert_eq!(lines.next(b"rest of\nnext\n", 99), Next::Pass(8));
        assert_eq!(lines.next(b"next\n", 99), Next::Line(b"next", 5));
    }

    #[test]
    fn a_sample_has_whole_lines_and_a_rest() {
        let (whole, rest) = lines(b"a\r\n\nb\nc");
        assert_eq!(whole.collect::<Vec<_>>(), [&b"a"[..], b"", b"b"]);
        assert_eq!(rest, b"c");
        let (whole, rest) = lines(b"c");
        assert_eq!((whole.count(), rest), (0, &b"c"[..]));
    }

    #[test]
    fn a_number_has_nine_digits_at_most() {
        assert_eq!(decimal(b"007"), Some(7));
        assert_eq!(decimal(b"1234567890"), None);
        assert_eq!(decimal(b"+1"), None);
        assert_eq!(decimal(b""), None);
    }
}
