//! What a packet costs, stage by stage, over the project's own captures. `cargo bench -p sensor`.
//!
//! `counting` is the floor: reading the captures and counting their frames. `decode` adds nothing but the decoder, `flow_table`
//! the table with every dissector, `replay` the whole way to rendered lines in a file that forgets them.

#![allow(clippy::expect_used, reason = "a benchmark that can't be set up should fail loudly")]

mod load;

use divan::Bencher;
use divan::counter::ItemsCount;
use flowtable::clock::Clock;
use flowtable::finished::{Finished, Sink};
use flowtable::{Config, Decoder, FlowTable, Packet};
use output::destination::Patience;
use output::{Destinations, Identity, Severity};
use sensor::pipeline::{self, Plan};
use sensor::source::{Batch, Replay, Source};

fn main() {
    divan::main();
}

const FRAGMENT_BYTES: usize = 1 << 24;

/// Sessions that nobody reads.
struct Forget(u64);

impl Sink for Forget {
    fn tell(&mut self, finished: &Finished<'_>) {
        self.0 ^= finished.order.id;
    }
}

#[divan::bench]
fn counting(bencher: Bencher<'_, '_>) {
    let count = load::frames().len();
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let mut source = Replay::open(&[load::captures()], None).expect("captures");
        let (mut batch, mut frames) = (Batch::new(), 0);
        while source.next_batch(&mut batch).expect("readable captures") {
            frames += batch.frames.len();
        }
        frames
    });
}

#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let frames = load::frames();
    bencher.counter(ItemsCount::new(frames.len())).bench_local(|| {
        let mut decoder = Decoder::new(false, FRAGMENT_BYTES);
        frames.iter().filter(|owned| decoder.decode(&owned.frame()).is_ok()).count()
    });
}

#[divan::bench]
fn flow_table(bencher: Bencher<'_, '_>) {
    let frames = load::frames();
    let mut decoder = Decoder::new(false, FRAGMENT_BYTES);
    let decoded: Vec<(Packet, Vec<u8>)> = frames
        .iter()
        .filter_map(|owned| {
            let packet = decoder.decode(&owned.frame()).ok()?;
            let bytes = if packet.joined { decoder.joined() } else { owned.frame().bytes };
            Some((packet, packet.payload(bytes).to_vec()))
        })
        .collect();
    let paths = decoder.paths();
    bencher.counter(ItemsCount::new(decoded.len())).bench_local(|| {
        let mut table = FlowTable::new(Config::default(), paths.clone());
        let (mut clock, mut sink) = (Clock::default(), Forget(0));
        for (packet, payload) in &decoded {
            table.packet(packet, payload, clock.advance(packet.time), &mut sink);
        }
        table.finish(&mut sink);
        sink.0
    });
}

#[divan::bench(args = [1, 2])]
fn replay(bencher: Bencher<'_, '_>, workers: usize) {
    let count = load::frames().len();
    let plan = Plan {
        workers,
        table: Config::default(),
        ignore_vlan: false,
        identity: Identity::new("tap"),
        severity: Severity::LOG_INFO,
    };
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let mut source = Replay::open(&[load::captures()], None).expect("captures");
        let spec = "file:/dev/null".parse().expect("a destination");
        let mut destinations = Destinations::open(vec![spec], Patience::REPLAY).expect("the null device");
        let outcome = pipeline::run(&plan, &mut source, &mut destinations, &mut |_| ()).expect("readable captures");
        outcome.counters.told
    });
}
