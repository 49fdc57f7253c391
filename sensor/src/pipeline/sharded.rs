//! Several workers, or one that is fed by a live source: the calling thread reads, decodes and shards; each worker owns a table; a writer puts the lines in order.
//!
//! Every batch goes to every worker, empty or not, so that all tables move with the same clock and the writer knows up to where
//! lines are complete. Used parcels and line buffers go back to where they were filled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};
use crossbeam::sync::WaitGroup;
use flowtable::FlowTable;
use flowtable::bunches::Bunches;
use flowtable::counters::Counters;
use flowtable::decode::shard_key;
use flowtable::finished::Order;
use flowtable::packet::Packet;

use super::board::Board;
use super::ingest::{Ingest, Ingested};
use super::parcel::Parcel;
use super::reorder::Reorder;
use super::teller::{Lines, Teller};
use super::{Going, Meter, Outcome, Outlet, PIECE, Plan, Tuning};
use crate::source::{Batch, Error, Source};

/// Parcels that may wait for a worker, and line buffers for the writer. More would only use more cache.
const DEPTH: usize = 8;

/// What a worker says to the writer.
struct Told {
    worker: usize,
    lines: Lines,
    /// Nothing that stands before this place will come any more.
    until: Order,
}

/// The ends of a worker's channels.
struct Worker {
    number: usize,
    parcels: Receiver<Parcel>,
    used_parcels: Sender<Parcel>,
    told: Sender<Told>,
    used_lines: Receiver<Lines>,
    board: Arc<Board>,
    /// Lets nobody pass before every worker has taken its last parcel.
    all_read: WaitGroup,
}

/// The reader's ends.
struct Shard {
    parcels: Sender<Parcel>,
    used_parcels: Receiver<Parcel>,
}

pub(super) fn run(
    plan: &Plan,
    source: &mut dyn Source,
    outlet: &mut dyn Outlet,
    batch_done: &mut dyn FnMut(u64),
    meter: &Meter,
    tuning: &Tuning,
) -> Result<Outcome, Error> {
    let ingest = Ingest::new(plan);
    let paths = ingest.paths();
    let profiles = outlet.profiles().to_vec();
    let board = Arc::new(Board::new(plan.workers, plan.table.memory));
    let all_read = WaitGroup::new();
    let (told_in, told_out) = bounded(DEPTH.saturating_mul(plan.workers));
    std::thread::scope(|scope| {
        let (mut shards, mut workers, mut used_lines) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..plan.workers {
            let (parcels_in, parcels) = bounded(DEPTH);
            let (used_in, used_parcels) = bounded(DEPTH.saturating_mul(2));
            let (lines_in, lines_out) = bounded(DEPTH.saturating_mul(2));
            let worker = Worker {
                number,
                parcels,
                used_parcels: used_in,
                told: told_in.clone(),
                used_lines: lines_out,
                board: board.clone(),
                all_read: all_read.clone(),
            };
            let table = FlowTable::new(plan.table_of_one(), paths.clone());
            let teller = Teller::new(plan, &profiles, board.clone());
            workers.push(scope.spawn(move || work(worker, table, teller, meter, tuning)));
            shards.push(Shard { parcels: parcels_in, used_parcels });
            used_lines.push(lines_in);
        }
        drop((told_in, all_read));
        let writer = scope.spawn(move || write(&told_out, &used_lines, outlet));
        let read = read(ingest, source, &shards, batch_done, meter);
        // Without their senders the workers see the end, finish their sessions and let go of the writer.
        drop(shards);
        let mut counters = Counters::default();
        for worker in workers {
            match worker.join() {
                Ok(counted) => counters.add(&counted),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        let nobody_listens = match writer.join() {
            Ok(going) => going.is_break(),
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Ok(Outcome { ingested: read?, counters, nobody_listens })
    })
}

/// The reader: batches to parcels.
fn read(
    mut ingest: Ingest,
    source: &mut dyn Source,
    shards: &[Shard],
    batch_done: &mut dyn FnMut(u64),
    meter: &Meter,
) -> Result<Ingested, Error> {
    // Keyed, so that nobody outside can aim all traffic at one worker.
    let hasher = ahash::RandomState::new();
    let (mut batch, mut packet) = (Batch::new(), Packet::default());
    let mut parcels: Vec<Parcel> = Vec::new();
    while source.next_batch(&mut batch)? {
        for shard in shards {
            let mut parcel = shard.used_parcels.try_recv().unwrap_or_default();
            parcel.begin(&batch);
            parcels.push(parcel);
        }
        ingest.begin(&batch);
        for frame in &batch.frames {
            let bytes = batch.bytes(frame);
            if ingest.frame(frame, bytes, &mut packet).is_err() {
                continue;
            }
            let clock = ingest.clock();
            let payload = packet.payload(if packet.joined { ingest.joined() } else { bytes });
            let shard = shard_of(hasher.hash_one(shard_key(&packet, payload)), shards.len());
            if let Some(parcel) = parcels.get_mut(shard) {
                *parcel.room() = packet;
                parcel.keep(clock, frame, ingest.joined());
            }
        }
        for (shard, mut parcel) in shards.iter().zip(parcels.drain(..)) {
            parcel.clock = ingest.clock();
            if shard.parcels.send(parcel).is_err() {
                // The worker is gone: nobody reads the lines any more, or it failed, which its join tells.
                return Ok(ingest.finish());
            }
        }
        meter.set_ingested(ingest.so_far());
        batch_done(ingest.frames());
    }
    Ok(ingest.finish())
}

/// Spreads a hash evenly over shards by its upper half: the tables use the lower.
fn shard_of(hash: u64, shards: usize) -> usize {
    usize::try_from((hash >> 32).wrapping_mul(shards as u64) >> 32).unwrap_or(0)
}

/// A worker: parcels to lines.
fn work(worker: Worker, mut table: FlowTable, mut teller: Teller, meter: &Meter, tuning: &Tuning) -> Counters {
    crate::confine::parser();
    let (mut tuned, mut busy, mut bunches) = (0, Duration::ZERO, Bunches::default());
    let Worker { number, parcels, used_parcels, told, used_lines, board, all_read } = worker;
    // Tells what ended before an instant, in pieces; whether anybody still listens.
    let tell = |table: &mut FlowTable, teller: &mut Teller, before: u64, busy: &mut Duration| {
        loop {
            let start = Instant::now();
            let left = table.tell(before, PIECE, teller);
            *busy += start.elapsed();
            let mut lines = used_lines.try_recv().unwrap_or_default();
            lines.clear();
            std::mem::swap(&mut lines, &mut teller.lines);
            let sent = told.send(Told { worker: number, lines, until: table.told_until() });
            if !left || sent.is_err() {
                return sent.is_ok();
            }
        }
    };
    for mut parcel in &parcels {
        let start = Instant::now();
        if let Some(plan) = tuning.newer(&mut tuned) {
            table.tell_by(&plan.table);
            teller.tell_by(&plan);
        }
        parcel.give(&mut table, &mut bunches, &mut teller);
        table.advance(parcel.clock);
        board.reach(number, parcel.clock);
        parcel.release();
        // Where the reader has enough of them the parcel is dropped.
        let _ = used_parcels.try_send(parcel);
        busy += start.elapsed();
        let listened = tell(&mut table, &mut teller, board.safe(), &mut busy);
        meter.set_table(number, &table, busy);
        if !listened {
            return *table.counters();
        }
    }
    // What others still hear may concern sessions of this table.
    all_read.wait();
    table.end_all();
    tell(&mut table, &mut teller, u64::MAX, &mut busy);
    meter.set_table(number, &table, busy);
    *table.counters()
}

/// The writer: lines in order to the destinations.
fn write(told: &Receiver<Told>, used_lines: &[Sender<Lines>], outlet: &mut dyn Outlet) -> Going {
    let mut reorder = Reorder::default();
    let mut reached = vec![Order::default(); used_lines.len()];
    for Told { worker, mut lines, until } in told {
        reorder.take(&mut lines);
        if let Some(reached) = reached.get_mut(worker) {
            *reached = until;
        }
        if let Some(used) = used_lines.get(worker) {
            let _ = used.try_send(lines);
        }
        reorder.write(reached.iter().copied().min().unwrap_or_default(), outlet)?;
    }
    reorder.write(Order::LAST, outlet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_spread_over_all_shards() {
        for shards in [1, 2, 3, 8] {
            let mut seen = vec![0u32; shards];
            for hash in 0..1000u64 {
                seen[shard_of(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15), shards)] += 1;
            }
            assert!(seen.iter().all(|count| *count > 500 / shards as u32), "{seen:?}");
        }
    }
}
