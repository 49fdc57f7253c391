//! The TLS in OpenVPN's control packets, put in order.

use crate::facts::Facts;
use crate::files::HashLimit;
use crate::nested::Nested;
use crate::protocol::{Opening, Role, Transport};
use crate::protocols::tls;
use crate::time::Timestamp;

/// The most packets of a side that wait for the ones before them.
pub(super) const WAITING: usize = 16;

/// One side's stream.
#[derive(Debug, Default)]
struct Lane {
    /// The number of the packet that comes next.
    next: u32,
    /// Packets that came too early.
    waiting: Vec<(u32, Vec<u8>)>,
}

/// Both sides' streams, and the TLS in them.
#[derive(Debug, Default)]
pub(super) struct Control {
    lanes: [Lane; 2],
    tls: Option<Nested>,
    /// A packet was never seen.
    lost: bool,
}

/// Whether bytes begin a record of TLS.
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x17, 3, 0..=4, ..])
}

impl Control {
    /// Takes what is in a packet of a side.
    pub(super) fn packet(&mut self, role: Role, number: u32, payload: &[u8], time: Timestamp) {
        if self.lost || self.is_over() {
            return;
        }
        let Some(lane) = self.lanes.get_mut(role.index()) else {
            return;
        };
        if number != lane.next {
            // Repeated, or too early.
            let early = number > lane.next && !lane.waiting.iter().any(|(waiting, _)| *waiting == number);
            if early && lane.waiting.len() < WAITING {
                lane.waiting.push((number, payload.to_vec()));
            } else if early {
                self.give_up();
            }
            return;
        }
        lane.next = lane.next.saturating_add(1);
        let mut ready = vec![payload.to_vec()];
        while let Some(at) = lane.waiting.iter().position(|(waiting, _)| *waiting == lane.next) {
            ready.push(lane.waiting.swap_remove(at).1);
            lane.next = lane.next.saturating_add(1);
        }
        for bytes in ready.iter().filter(|bytes| !bytes.is_empty()) {
            let opening = Opening { transport: Transport::Tcp, file_hash: HashLimit::NONE };
            let tls = self.tls.get_or_insert_with(|| Nested::new(&tls::PROTOCOL, &opening));
            if !tls.is_over() {
                tls.data(role, bytes, time);
            }
        }
    }

    /// Nothing more is learnt.
    pub(super) fn give_up(&mut self) {
        self.lost = true;
        self.lanes = Default::default();
        if let Some(tls) = &mut self.tls {
            tls.give_up();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.lost || self.tls.as_ref().is_some_and(Nested::is_over)
    }

    pub(super) fn end(&mut self, role: Role) {
        if let Some(tls) = &mut self.tls {
            tls.end(role);
        }
    }

    pub(super) fn facts(&self, out: &mut Facts) {
        if let Some(tls) = &self.tls {
            tls.facts(out);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let waiting = self.lanes.iter().flat_map(|lane| &lane.waiting);
        waiting.map(|(_, bytes)| bytes.capacity()).sum::<usize>() + self.tls.as_ref().map_or(0, Nested::heap_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_come_early_wait_but_not_without_end() {
        let mut control = Control::default();
        for number in [0, 2, 2, 3] {
            control.packet(Role::Client, number, &[], Timestamp::default());
        }
        assert_eq!((control.lanes[0].next, control.lanes[0].waiting.len()), (1, 2));
        control.packet(Role::Client, 1, &[], Timestamp::default());
        assert_eq!((control.lanes[0].next, control.lanes[0].waiting.len()), (4, 0));
        for number in 10..40 {
            control.packet(Role::Client, number, &[], Timestamp::default());
        }
        assert!(control.lost && control.lanes[0].waiting.is_empty());
    }
}
