//! What protocols with framed messages or lines share: a message that is read in part and passed over for the rest, a line, and
//! sides of which bytes are missing.

use crate::protocol::{Role, Step};

/// A message of `total` bytes of which at most `read` are looked at: those bytes, and the step that passes over the whole message.
/// `Err` where they are not here yet. Which bytes are looked at does not depend on how they arrive.
pub fn framed(bytes: &[u8], total: u64, read: usize) -> Result<(&[u8], Step), Step> {
    let wanted = usize::try_from(total).unwrap_or(usize::MAX).min(read).max(1);
    let head = bytes.get(..wanted).ok_or(Step::NeedMore(wanted))?;
    let missing = total.saturating_sub(bytes.len() as u64);
    // Where nothing is missing the total fits, as it is no more than the bytes that are here.
    Ok((
        head,
        if missing > 0 { Step::Skip(missing) } else { Step::Consumed(usize::try_from(total).unwrap_or(usize::MAX)) },
    ))
}

/// The first line without its LF or CR LF, and its length with them. A line longer than `cap` is a violation.
pub fn line(bytes: &[u8], cap: usize) -> Result<(&[u8], usize), Step> {
    let within = bytes.get(..cap).unwrap_or(bytes);
    let Some(at) = memchr::memchr(b'\n', within) else {
        return Err(if bytes.len() >= cap { Step::Violation } else { Step::NeedMore(bytes.len().saturating_add(1)) });
    };
    let line = within.get(..at).unwrap_or_default();
    Ok((line.strip_suffix(b"\r").unwrap_or(line), at.saturating_add(1)))
}

/// Whether bytes are text without control characters, and not empty.
pub fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

/// Whether bytes that may end amid a character are text without control characters, and not empty.
pub fn is_text_prefix(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            is_text(bytes.get(..error.valid_up_to()).unwrap_or_default())
        }
        _ => is_text(bytes),
    }
}

/// A decimal number without sign.
pub fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| {
        let digit = Some(digit.wrapping_sub(b'0')).filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The sides of which bytes are missing: they are passed over, and the other is still read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lost([bool; 2]);

impl Lost {
    /// Bytes of a side are missing. What a dissector answers to a gap.
    pub fn lose(&mut self, role: Role) -> Step {
        if let Some(lost) = self.0.get_mut(role.index()) {
            *lost = true;
        }
        if self.0 == [true; 2] { Step::Done } else { Step::Consumed(0) }
    }

    /// Whether a side can't be read any more.
    pub fn is(&self, role: Role) -> bool {
        self.0.get(role.index()).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_read_in_part_and_passed_over() {
        assert!(matches!(framed(b"abc", 10, 4), Err(Step::NeedMore(4))));
        assert!(matches!(framed(b"abcdef", 10, 4), Ok((b"abcd", Step::Skip(4)))));
        assert!(matches!(framed(b"abcdefghijkl", 10, 4), Ok((b"abcd", Step::Consumed(10)))));
    }

    #[test]
    fn a_line_ends_within_its_cap() {
        assert!(matches!(line(b"ab\r\nc", 4), Ok((b"ab", 4))));
        assert!(matches!(line(b"ab\r", 4), Err(Step::NeedMore(4))));
        assert!(matches!(line(b"abcd\n", 4), Err(Step::Violation)));
    }

    #[test]
    fn a_character_that_is_cut_is_still_text() {
        assert!(
            is_text_prefix(b"caf\xc3") && !is_text(b"caf\xc3") && !is_text_prefix(b"a\x01") && !is_text_prefix(b"")
        );
    }
}
