//! The way of a packet through the program.
//!
//! ```text
//! one worker     source -> Ingest -> FlowTable -> Teller -> Reorder -> Destinations      all in one thread, no hand-over
//!
//! N workers      source -> Ingest --parcel--> FlowTable -> Teller --lines--> Reorder -> Destinations
//!                (reader thread)  \--parcel-> FlowTable -> Teller --lines-/ (writer thread)
//! ```
//!
//! `ingest` decodes, joins fragments and runs the packet clock, so every worker sees the same clock. Packets are sharded by their
//! innermost flow; each worker owns its table. Parcels carry decoded packets and share the blocks of the capture: bytes are not
//! copied. What one session says of another is left at the `board`, and a session is told when every worker has come past its end. Lines
//! are put in the order in which their sessions ended on the packet clock, so any number of workers writes the same
//! bytes.

mod board;
mod ingest;
mod parcel;
mod reorder;
mod sharded;
mod single;
mod teller;

use std::ops::ControlFlow;

use dissectors::Timestamp;
use flowtable::Config;
use flowtable::counters::Counters;
use output::{Destinations, Identity, Severity};

use crate::source::{Error, Source};

pub use ingest::Ingested;

/// What a run is made of.
#[derive(Clone)]
pub struct Plan {
    /// How many workers, at least one.
    pub workers: usize,
    /// The settings of every table together; the memory is divided among the workers.
    pub table: Config,
    /// Whether VLAN ids tell flows apart.
    pub ignore_vlan: bool,
    /// Who speaks.
    pub identity: Identity,
    /// The severity of an ordinary session.
    pub severity: Severity,
}

impl Plan {
    /// Bytes that incomplete fragments may take: a part of the budget.
    fn fragment_bytes(&self) -> usize {
        (self.table.memory / 16).min(64 << 20)
    }

    /// The settings of one of the tables.
    fn table_of_one(&self) -> Config {
        Config { memory: self.table.memory / self.workers.max(1), ..self.table }
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was decoded and what was not.
    pub ingested: Ingested,
    /// What the tables counted together.
    pub counters: Counters,
    /// The reader of the standard output went away.
    pub nobody_listens: bool,
}

/// Runs a source dry. `batch_done` is called after each batch with the frames so far.
pub fn run(
    plan: &Plan,
    source: &mut dyn Source,
    destinations: &mut Destinations,
    batch_done: &mut dyn FnMut(u64),
) -> Result<Outcome, Error> {
    if plan.workers <= 1 {
        single::run(plan, source, destinations, batch_done)
    } else {
        sharded::run(plan, source, destinations, batch_done)
    }
}

/// Whether to go on.
type Going = ControlFlow<()>;

/// The first and last packet of a capture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// The earliest timestamp.
    pub first: Timestamp,
    /// The latest timestamp.
    pub last: Timestamp,
}
