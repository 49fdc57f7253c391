//! Numbers for the lines of one destination (RFC 5424 7.3.1), from which a receiver sees that lines are missing.

use crate::record::Format;
use crate::value;

/// The most bytes that a number takes in a line: `[meta sequenceId="2147483647"]`. JSON takes as many: `"sequenceId":2147483647,`.
pub(super) const SEQUENCE_BYTES: usize = 30;
/// The number after which they begin anew with 1.
const LAST: u32 = 2_147_483_647;

/// The number of the next line.
#[derive(Debug)]
pub(super) struct Sequence {
    next: u32,
    text: Vec<u8>,
}

impl Sequence {
    pub fn new() -> Self {
        Self { next: 1, text: Vec::new() }
    }

    /// What the next line holds before its structured data.
    pub fn take(&mut self, format: Format) -> &[u8] {
        let (before, after): (&[u8], &[u8]) = match format {
            Format::Rfc5424 => (b"[meta sequenceId=\"", b"\"]"),
            Format::Json => (b"\"sequenceId\":", b","),
        };
        self.text.clear();
        self.text.extend_from_slice(before);
        value::number(u64::from(self.next), &mut self.text);
        self.text.extend_from_slice(after);
        self.next = if self.next == LAST { 1 } else { self.next + 1 };
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_anew_after_the_last() {
        let mut sequence = Sequence { next: LAST, text: Vec::new() };
        let last = sequence.take(Format::Rfc5424);
        assert_eq!(last, br#"[meta sequenceId="2147483647"]"#);
        assert_eq!(last.len(), SEQUENCE_BYTES);
        assert_eq!(sequence.take(Format::Rfc5424), br#"[meta sequenceId="1"]"#);
        assert_eq!(sequence.take(Format::Json), br#""sequenceId":2,"#);
    }
}
