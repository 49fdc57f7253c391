//! Finds the end of a struct of the binary protocol in a stream, without recursion and without keeping anything of it.
//!
//! ```text
//! struct   (type:1 id:2 value)*  0
//! value    2 bool, 3 byte: 1   6 i16: 2   8 i32: 4   4 double, 10 i64: 8   11 string: length:4 bytes   12 struct
//!          13 map: key:1 value:1 count:4 items      14 set, 15 list: type:1 count:4 items
//! ```

use crate::framing::framed;
use crate::protocol::Step;
use crate::reader::Reader;

/// How deep structs may lie in each other.
const DEPTH: usize = 32;

/// What lies in what.
enum Level {
    Struct,
    /// So many values are still to come; of a map keys and values by turns.
    Items {
        left: u64,
        kinds: [u8; 2],
    },
}

/// A way through a struct.
#[derive(Default)]
pub struct Walk {
    levels: Vec<Level>,
}

impl Walk {
    /// A struct begins.
    pub fn begin(&mut self) {
        self.levels.clear();
        self.levels.push(Level::Struct);
    }

    /// Whether its end was not reached yet.
    pub fn within(&self) -> bool {
        !self.levels.is_empty()
    }

    /// Passes over one value, or the beginning of one that holds others. Consumes at least a byte.
    pub fn advance(&mut self, bytes: &[u8]) -> Step {
        let Some(level) = self.levels.last_mut() else {
            return Step::Violation;
        };
        let (kind, before) = match level {
            Level::Struct => match bytes.first() {
                Some(0) => {
                    self.levels.pop();
                    self.leave();
                    return Step::Consumed(1);
                }
                Some(kind) => (*kind, 3),
                None => return Step::NeedMore(1),
            },
            Level::Items { left, kinds: [first, second] } => (if *left % 2 == 0 { *first } else { *second }, 0),
        };
        let size = match kind {
            2 | 3 => 1,
            6 => 2,
            8 => 4,
            4 | 10 => 8,
            11 => {
                let Some(length) = Self::count(bytes, before) else {
                    return Step::NeedMore(before.saturating_add(4));
                };
                4u64.saturating_add(length)
            }
            // A struct among items has no head of its own: its first field, or its end, is the next byte. Structs in structs have
            // one, so that this goes no deeper than once.
            12 if before == 0 => {
                return match self.enter(Level::Struct, bytes, 0) {
                    Step::Consumed(_) => self.advance(bytes),
                    step => step,
                };
            }
            12 => return self.enter(Level::Struct, bytes, before),
            13 => {
                let Some((kinds, count)) = bytes
                    .get(before..)
                    .and_then(<[u8]>::first_chunk::<2>)
                    .zip(Self::count(bytes, before.saturating_add(2)))
                else {
                    return Step::NeedMore(before.saturating_add(6));
                };
                let level = Level::Items { left: count.saturating_mul(2), kinds: *kinds };
                return self.enter(level, bytes, before.saturating_add(6));
            }
            14 | 15 => {
                let Some((kind, count)) = bytes.get(before).copied().zip(Self::count(bytes, before.saturating_add(1)))
                else {
                    return Step::NeedMore(before.saturating_add(5));
                };
                return self.enter(Level::Items { left: count, kinds: [kind; 2] }, bytes, before.saturating_add(5));
            }
            _ => return Step::Violation,
        };
        match framed(bytes, size.saturating_add(before as u64), before.max(1)) {
            Ok((_, step)) => {
                self.passed();
                self.leave();
                step
            }
            Err(step) => step,
        }
    }

    /// A value that holds others begins behind so many bytes.
    fn enter(&mut self, level: Level, bytes: &[u8], head: usize) -> Step {
        if bytes.len() < head {
            return Step::NeedMore(head);
        }
        self.passed();
        if self.levels.len() >= DEPTH {
            return Step::Violation;
        }
        let empty = matches!(level, Level::Items { left: 0, .. });
        self.levels.push(level);
        if empty {
            self.leave();
        }
        Step::Consumed(head)
    }

    /// One item less of what holds items.
    fn passed(&mut self) {
        if let Some(Level::Items { left, .. }) = self.levels.last_mut() {
            *left = left.saturating_sub(1);
        }
    }

    /// Leaves whatever has no items left.
    fn leave(&mut self) {
        while matches!(self.levels.last(), Some(Level::Items { left: 0, .. })) {
            self.levels.pop();
        }
    }

    fn count(bytes: &[u8], at: usize) -> Option<u64> {
        Reader::new(bytes.get(at..)?).be_u32().map(u64::from)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.levels.capacity() * size_of::<Level>()
    }
}
