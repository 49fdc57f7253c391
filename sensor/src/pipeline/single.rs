//! One worker: everything in one thread, no hand-over.

use std::sync::Arc;
use std::time::Instant;

use flowtable::FlowTable;
use flowtable::packet::Packet;

use super::board::Board;
use super::ingest::Ingest;
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
    let (mut batch, mut packet) = (Batch::new(), Packet::default());
    let mut going = Going::Continue(());
    while going.is_continue() && source.next_batch(&mut batch)? {
        ingest.begin(&batch);
        for frame in &batch.frames {
            let bytes = batch.bytes(frame);
            if ingest.frame(frame, bytes, &mut packet).is_ok() {
                let clock = ingest.clock();
                let payload = packet.payload(if packet.joined { ingest.joined() } else { bytes });
                table.packet(&packet, payload, clock, &mut teller);
                // There is nobody else to hear from. What waits is still in the cache.
                if table.has_to_tell() {
                    board.reach(0, clock);
                    while going.is_continue() && table.tell(board.safe(), PIECE, &mut teller) {
                        going = reorder.take_and_write(&mut teller.lines, table.told_until(), outlet);
                    }
                }
            }
        }
        table.advance(ingest.clock());
        board.reach(0, ingest.clock());
        while going.is_continue() && table.tell(board.safe(), PIECE, &mut teller) {
            going = reorder.take_and_write(&mut teller.lines, table.told_until(), outlet);
        }
        if going.is_continue() {
            going = reorder.take_and_write(&mut teller.lines, table.told_until(), outlet);
        }
        meter.set_ingested(ingest.so_far());
        meter.set_table(0, &table, start.elapsed());
        batch_done(ingest.frames());
    }
    if going.is_continue() {
        table.end_all();
        let mut left = true;
        while left && going.is_continue() {
            left = table.tell(u64::MAX, PIECE, &mut teller);
            going = reorder.take_and_write(&mut teller.lines, table.told_until(), outlet);
        }
        meter.set_table(0, &table, start.elapsed());
    }
    Ok(Outcome { ingested: ingest.finish(), counters: *table.counters(), nobody_listens: going.is_break() })
}
