//! Puts lines in the order in which their sessions ended.
//!
//! A table promises that nothing will be told any more that stands before a place in that order; what stands before it is complete, can be
//! sorted, and goes out. What is kept back is a fraction of a second of the packet clock, and of what ends at one instant a piece.

use flowtable::finished::Order;

use super::teller::{Line, Lines};
use super::{Going, Outlet};

/// Lines that wait for others that may come before them.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    waiting: Lines,
    rest: Lines,
}

impl Reorder {
    /// Takes lines over; `lines` is empty afterwards.
    pub fn take(&mut self, lines: &mut Lines) {
        if self.waiting.lines.is_empty() {
            self.waiting.clear();
            std::mem::swap(&mut self.waiting, lines);
            return;
        }
        append(&mut self.waiting, lines, lines.lines.iter());
        lines.clear();
    }

    /// Takes lines over and writes those that stand before `until`.
    pub fn take_and_write(&mut self, lines: &mut Lines, until: Order, outlet: &mut dyn Outlet) -> Going {
        self.take(lines);
        self.write(until, outlet)
    }

    /// Writes every line that stands before `until`.
    pub fn write(&mut self, until: Order, outlet: &mut dyn Outlet) -> Going {
        let waiting = &mut self.waiting;
        if waiting.lines.is_empty() {
            return Going::Continue(());
        }
        waiting.lines.sort_unstable_by_key(|line| (line.order, line.profile));
        let ready = waiting.lines.partition_point(|line| line.order < until);
        let (going_out, staying) = waiting.lines.split_at(ready);
        for line in going_out {
            outlet.write(line.profile, waiting.text(line), line.rendered)?;
        }
        self.rest.clear();
        append(&mut self.rest, waiting, staying.iter());
        std::mem::swap(&mut self.waiting, &mut self.rest);
        outlet.pause()
    }
}

/// Copies some of the lines of `from`.
fn append<'l>(to: &mut Lines, from: &Lines, lines: impl Iterator<Item = &'l Line>) {
    for line in lines {
        let start = to.bytes.len();
        to.bytes.extend_from_slice(from.text(line));
        to.lines.push(Line { start, end: to.bytes.len(), ..*line });
    }
}
