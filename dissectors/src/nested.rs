//! A dissector inside another: for bytes that one protocol carries in its own messages, such as the TLS handshakes of EAP.
//!
//! It does what the engine does for a session's own dissectors: it keeps what was not consumed, up to [`PENDING_CAP`] a side, and stops when
//! nothing more is to be learnt. Handing over to a third protocol ends it.

use crate::conversation::PENDING_CAP;
use crate::facts::Facts;
use crate::protocol::{Chunk, Dissector, Opening, Protocol, Role, Step};
use crate::time::Timestamp;

/// Where one side stands.
#[derive(Default)]
struct Lane {
    pending: Vec<u8>,
    /// Not worth calling before there are so many.
    wanted: usize,
    skip: u64,
}

/// The state of a protocol inside another.
pub struct Nested {
    dissector: Box<dyn Dissector>,
    lanes: [Lane; 2],
    over: bool,
}

impl std::fmt::Debug for Nested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nested").field("over", &self.over).finish_non_exhaustive()
    }
}

impl Nested {
    /// A protocol of which nothing was seen yet.
    pub fn new(protocol: &'static Protocol, opening: &Opening) -> Self {
        Self { dissector: (protocol.open)(opening), lanes: Default::default(), over: false }
    }

    /// Takes the next bytes of a side's stream.
    pub fn data(&mut self, role: Role, bytes: &[u8], time: Timestamp) {
        let [client, server] = &mut self.lanes;
        let lane = if role == Role::Client { client } else { server };
        let skipped = usize::try_from(lane.skip).unwrap_or(usize::MAX).min(bytes.len());
        lane.skip = lane.skip.saturating_sub(skipped as u64);
        lane.pending.extend_from_slice(bytes.get(skipped..).unwrap_or_default());
        if lane.pending.len() < lane.wanted {
            return;
        }
        lane.wanted = 0;
        let mut used = 0usize;
        while let Some(rest) = lane.pending.get(used..).filter(|rest| !rest.is_empty() && !self.over) {
            match self.dissector.data(Chunk { role, bytes: rest, time }) {
                Step::Consumed(0) => break,
                Step::NeedMore(wanted) => {
                    lane.wanted = wanted;
                    break;
                }
                Step::Consumed(n) => used = used.saturating_add(n),
                Step::Pass(_) => used = lane.pending.len(),
                Step::Skip(n) => {
                    lane.skip = n;
                    used = lane.pending.len();
                }
                Step::Done | Step::Violation | Step::Handover(..) => self.over = true,
            }
        }
        lane.pending.drain(..used.min(lane.pending.len()));
        if self.over || lane.pending.len().max(lane.wanted) > PENDING_CAP {
            self.over = true;
            self.lanes = Default::default();
        }
    }

    /// Some of the bytes were not seen, and it can't be said how many: nothing more is learnt.
    pub fn give_up(&mut self) {
        self.over = true;
        self.lanes = Default::default();
    }

    /// A side will send nothing more.
    pub fn end(&mut self, role: Role) {
        if !self.over {
            self.dissector.end(role);
        }
    }

    /// Whether nothing more is to be learnt.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Writes its facts. The session around it is no more encrypted than before.
    pub fn facts(&self, out: &mut Facts) {
        out.inside(|out| self.dissector.facts(out));
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.dissector.heap_bytes() + self.lanes.iter().map(|lane| lane.pending.capacity()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes lines; after `skip` it passes over three bytes, after `done` it wants no more.
    #[derive(Default)]
    struct Lines(usize);

    impl Dissector for Lines {
        fn data(&mut self, chunk: Chunk<'_>) -> Step {
            let Some(end) = memchr::memchr(b'\n', chunk.bytes) else {
                return Step::NeedMore(chunk.bytes.len() + 1);
            };
            self.0 += 1;
            match chunk.bytes.get(..end) {
                Some(b"done") => Step::Done,
                Some(b"skip") => Step::Skip(3 - (chunk.bytes.len() - end - 1) as u64),
                _ => Step::Consumed(end + 1),
            }
        }

        fn facts(&self, _: &mut Facts) {}

        fn heap_bytes(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn bytes_wait_are_passed_over_and_end() {
        let mut nested = Nested { dissector: Box::new(Lines::default()), lanes: Default::default(), over: false };
        for piece in ["a", "b\nc\nsk", "ip\n", "xy", "zd\ne"] {
            nested.data(Role::Client, piece.as_bytes(), Timestamp::default());
        }
        assert_eq!((nested.dissector.heap_bytes(), nested.is_over()), (4, false));
        assert_eq!(nested.lanes[0].pending, b"e");
        nested.data(Role::Server, b"done\nmore\n", Timestamp::default());
        assert_eq!((nested.dissector.heap_bytes(), nested.is_over()), (5, true));
        nested.data(Role::Client, b"\n\n", Timestamp::default());
        assert_eq!(nested.dissector.heap_bytes(), 5);
    }
}
