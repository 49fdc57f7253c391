//! One worker: everything in one thread, no hand-over.

use std::sync::Arc;
use std::time::Instant;

use flowtable::FlowTable;
use flowtable::bunches::Bunches;

use super::board::Board;
use super::ingest::Ingest;
use super::parcel::Parcel;
use super::reorder::Reorder;
use super::teller::Teller;
use super::{Going, Meter, Outcome, Outlet, PIECE, Plan};
use crate::source::{Batch, Error, Source};

pub(super) fn run(
    plan: &Plan,
    source: &mut dyn Source,
    outlet: &mut dyn Outlet,
    batch_done: &mut dyn FnMut(u64),
    meter: &Meter,
) -> Result<Outcome, Error> {
    let start = Instant::now();
    let mut ingest = Ingest::new(plan);
    let mut table = FlowTable::new(plan.table_of_one(), ingest.paths());
    let board = Arc::new(Board::new(1, plan.table.memory));
    let mut teller = Teller::new(plan, outlet.profiles(), board.clone());
    let mut reorder = Reorder::default();
    let mut batch = Batch::new();
    let (mut parcel, mut bunches) = (Parcel::default(), Bunches::default());
    let mut going = Going::Continue(());
    while going.is_continue() && source.next_batch(&mut batch)? {
        ingest.begin(&batch);
        parcel.begin(&batch);
        for frame in &batch.frames {
            if ingest.frame(frame, batch.bytes(frame), parcel.room()).is_ok() {
                parcel.keep(ingest.clock(), frame, ingest.joined());
            }
        }
        parcel.give(&mut table, &mut bunches, &mut teller);
        table.advance(ingest.clock());
        // There is nobody else to hear from.
        board.reach(0, ingest.clock());
        parcel.release();
        going = tell(&mut table, board.safe(), &mut teller, &mut reorder, outlet);
        meter.set_ingested(ingest.so_far());
        meter.set_table(0, &table, start.elapsed());
        batch_done(ingest.frames());
    }
    if going.is_continue() {
        table.end_all();
        going = tell(&mut table, u64::MAX, &mut teller, &mut reorder, outlet);
        meter.set_table(0, &table, start.elapsed());
    }
    Ok(Outcome { ingested: ingest.finish(), counters: *table.counters(), nobody_listens: going.is_break() })
}

/// Tells what ended before an instant, in pieces, and writes its lines.
fn tell(
    table: &mut FlowTable,
    before: u64,
    teller: &mut Teller,
    reorder: &mut Reorder,
    outlet: &mut dyn Outlet,
) -> Going {
    loop {
        let left = table.tell(before, PIECE, teller);
        reorder.take_and_write(&mut teller.lines, table.told_until(), outlet)?;
        if !left {
            return Going::Continue(());
        }
    }
}
