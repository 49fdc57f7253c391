//! What a run has counted so far, for whoever looks at it from outside while it goes on.
//!
//! Each thread leaves its counters here once a batch; nobody waits for longer than it takes to copy them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flowtable::FlowTable;
use flowtable::counters::Counters;

use super::Ingested;

/// What one worker's table holds and has counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Table {
    /// What it counted.
    pub counters: Counters,
    /// Sessions that are open.
    pub open_sessions: u64,
    /// Bytes that it holds, as the budget counts them.
    pub bytes: u64,
    /// How long its worker was at work, in nanoseconds.
    pub busy_ns: u64,
}

/// The counters of a run that goes on.
#[derive(Debug)]
pub struct Meter {
    ingested: Mutex<Ingested>,
    tables: Vec<Mutex<Table>>,
}

impl Meter {
    /// For a run with so many workers.
    pub fn new(workers: usize) -> Self {
        let tables = (0..workers.max(1)).map(|_| Mutex::default()).collect();
        Self { ingested: Mutex::default(), tables }
    }

    /// What became of the frames so far.
    pub fn ingested(&self) -> Ingested {
        held(&self.ingested).clone()
    }

    /// What each worker has counted.
    pub fn tables(&self) -> impl Iterator<Item = Table> {
        self.tables.iter().map(|table| *held(table))
    }

    pub(super) fn set_ingested(&self, ingested: &Ingested) {
        held(&self.ingested).clone_from(ingested);
    }

    pub(super) fn set_table(&self, worker: usize, table: &FlowTable, busy: Duration) {
        if let Some(place) = self.tables.get(worker) {
            *held(place) = Table {
                counters: *table.counters(),
                open_sessions: table.open_sessions() as u64,
                bytes: table.bytes() as u64,
                busy_ns: u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX),
            };
        }
    }
}

/// A counter has no half-written state, so a thread that failed leaves nothing wrong behind.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
