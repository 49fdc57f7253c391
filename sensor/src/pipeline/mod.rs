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
mod heard;
mod ingest;
mod meter;
mod parcel;
mod reorder;
mod sharded;
mod single;
mod teller;
mod tuning;

use std::ops::ControlFlow;

use dissectors::Timestamp;
use flowtable::Config;
use flowtable::counters::Counters;
use output::{Destinations, Identity, Profile, Rendered, Severity};

use crate::source::{Error, Source};

pub use ingest::Ingested;
pub use meter::{Meter, Table};
pub use tuning::Tuning;

/// Sessions that are told before their lines are handed on: many may end at one instant.
const PIECE: usize = 4096;

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

/// Where the pipeline's lines go.
pub trait Outlet: Send {
    /// The distinct profiles: each line is rendered once for each.
    fn profiles(&self) -> &[Profile];

    /// Takes a line that was rendered for the profile of that index. `Break`: nobody listens any more.
    fn write(&mut self, profile: usize, line: &[u8], rendered: Rendered) -> Going;

    /// Every line that is ready was written; the next may be a while.
    fn pause(&mut self) -> Going {
        Going::Continue(())
    }
}

impl Outlet for Destinations {
    fn profiles(&self) -> &[Profile] {
        self.profiles()
    }

    fn write(&mut self, profile: usize, line: &[u8], rendered: Rendered) -> Going {
        self.write(profile, line, rendered)
    }
}

/// Runs a source dry. `batch_done` is called after each batch with the frames so far.
pub fn run(
    plan: &Plan,
    source: &mut dyn Source,
    outlet: &mut dyn Outlet,
    batch_done: &mut dyn FnMut(u64),
) -> Result<Outcome, Error> {
    let (meter, tuning) = (Meter::new(plan.workers), Tuning::new(plan.clone()));
    if plan.workers <= 1 {
        single::run(plan, source, outlet, batch_done, &meter)
    } else {
        sharded::run(plan, source, outlet, batch_done, &meter, &tuning)
    }
}

/// As [`run`], for a source that has no end: counters are left at a meter after every batch, and what is told can be tuned. Packets are
/// read in the calling thread and followed in others, even by one worker, so that reading waits for nothing.
pub fn run_live(
    plan: &Plan,
    source: &mut dyn Source,
    outlet: &mut dyn Outlet,
    batch_done: &mut dyn FnMut(u64),
    meter: &Meter,
    tuning: &Tuning,
) -> Result<Outcome, Error> {
    sharded::run(plan, source, outlet, batch_done, meter, tuning)
}

/// Whether to go on.
pub type Going = ControlFlow<()>;

/// The first and last packet of a capture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// The earliest timestamp.
    pub first: Timestamp,
    /// The latest timestamp.
    pub last: Timestamp,
}
