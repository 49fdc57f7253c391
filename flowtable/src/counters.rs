//! What the table counted. Everything lost has its place here.

/// Counters of one flow table. Nothing is ever taken away from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets given to the table.
    pub packets: u64,
    /// Innermost IP-layer bytes of them.
    pub ip_bytes: u64,
    /// Sessions opened.
    pub opened: u64,
    /// Sessions told.
    pub told: u64,
    /// Open sessions told at an active timeout.
    pub updates: u64,
    /// Sessions told early to stay within the memory budget.
    pub evicted: u64,
    /// Sessions whose protocol state was given up to stay within the memory budget.
    pub dissectors_shed: u64,
    /// Out-of-order bytes given up to stay within the memory budget.
    pub bytes_shed: u64,
    /// Bytes that a peer acknowledged but that were never seen.
    pub bytes_missed: u64,
    /// Dissectors that failed.
    pub dissectors_failed: u64,
}

impl Counters {
    /// Adds another table's.
    pub fn add(&mut self, other: &Self) {
        for (sum, part) in self.fields_mut().into_iter().zip(other.fields()) {
            *sum = sum.saturating_add(part.1);
        }
    }

    /// Every counter with its name.
    pub fn fields(&self) -> [(&'static str, u64); 10] {
        [
            ("packets", self.packets),
            ("ip_bytes", self.ip_bytes),
            ("opened", self.opened),
            ("told", self.told),
            ("updates", self.updates),
            ("evicted", self.evicted),
            ("dissectors_shed", self.dissectors_shed),
            ("bytes_shed", self.bytes_shed),
            ("bytes_missed", self.bytes_missed),
            ("dissectors_failed", self.dissectors_failed),
        ]
    }

    fn fields_mut(&mut self) -> [&mut u64; 10] {
        [
            &mut self.packets,
            &mut self.ip_bytes,
            &mut self.opened,
            &mut self.told,
            &mut self.updates,
            &mut self.evicted,
            &mut self.dissectors_shed,
            &mut self.bytes_shed,
            &mut self.bytes_missed,
            &mut self.dissectors_failed,
        ]
    }
}
