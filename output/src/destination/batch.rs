//! Lines that wait to be written in one call.

use super::Framing;

/// How many bytes of lines are gathered before they are written.
pub(super) const BATCH_BYTES: usize = 64 * 1024;

/// How lines are told apart in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Each is a datagram of its own.
    Datagram,
    /// They are a stream.
    Stream(Framing),
}

/// Whole lines, one after the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Batch {
    /// Adds a line that is made of three parts.
    pub fn push(&mut self, frame: Frame, parts: [&[u8]; 3]) {
        if frame == Frame::Stream(Framing::Octets) {
            let length: usize = parts.iter().map(|part| part.len()).sum();
            crate::value::number(length as u64, &mut self.bytes);
            self.bytes.push(b' ');
        }
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        if frame == Frame::Stream(Framing::Newline) {
            self.bytes.push(b'\n');
        }
        self.ends.push(self.bytes.len());
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether so many bytes are gathered.
    pub fn holds(&self, bytes: usize) -> bool {
        self.bytes.len() >= bytes
    }

    pub fn lines(&self) -> usize {
        self.ends.len()
    }

    /// How many lines end within the first `bytes` bytes.
    pub fn lines_within(&self, bytes: usize) -> usize {
        self.ends.partition_point(|end| *end <= bytes)
    }

    /// Where the line of that number begins: the bytes of all before it.
    pub fn start_of(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0)
    }

    /// What follows the first `bytes` bytes.
    pub fn after(&self, bytes: usize) -> &[u8] {
        self.bytes.get(bytes..).unwrap_or_default()
    }

    /// The line of that number.
    pub fn line(&self, line: usize) -> Option<&[u8]> {
        self.bytes.get(self.start_of(line)..*self.ends.get(line)?)
    }

    /// Puts frames around lines that have none.
    pub fn frame_anew(&mut self, frame: Frame) {
        let bare = std::mem::take(self);
        (0..bare.lines()).filter_map(|line| bare.line(line)).for_each(|line| self.push(frame, [line, &[], &[]]));
    }

    /// Leaves out the first lines.
    pub fn forget(&mut self, lines: usize) {
        let start = self.start_of(lines);
        self.bytes.drain(..start.min(self.bytes.len()));
        self.ends.drain(..lines.min(self.ends.len()));
        self.ends.iter_mut().for_each(|end| *end = end.saturating_sub(start));
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}
