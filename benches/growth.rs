//! What a packet costs while the table grows, and in a table of any size. `cargo bench -p sensor --bench growth`.
//!
//! First two million connections are opened, and each packet is timed by itself: no one may wait for a table that is being made anew. Then
//! packets of connections that are open are timed in an order that no cache knows, with ten thousand of them to two millions. Where
//! `valgrind` is installed, their instructions and cache misses are counted as well, which tells the work from the waiting.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can't be set up should fail loudly")]

use std::process::Command;
use std::time::Instant;

use dissectors::Timestamp;
use flowtable::clock::Clock;
use flowtable::decode::{Decoder, Frame, LinkType};
use flowtable::finished::{Finished, Sink};
use flowtable::{Config, FlowTable, Packet};

const SESSIONS: u32 = 2_000_000;
const SIZES: [u32; 6] = [10_000, 50_000, 200_000, 500_000, 1_000_000, SESSIONS];
/// Packets that come together.
const BATCH: usize = 1000;
/// Packets that are timed at each size.
const PACKETS: u32 = 1_000_000;
/// Packets that are counted at each size: valgrind takes fifty times as long.
const COUNTED: u32 = 200_000;
/// Caches of a common server core: 48 KiB of data beside it, then 2 MiB of its own.
const CACHES: [&str; 2] = ["--D1=49152,12,64", "--LL=2097152,16,64"];
/// What makes this program open connections and send packets without timing anything: how many of both.
const BARE: &str = "--bare";

struct Forget;

impl Sink for Forget {
    fn tell(&mut self, _: &Finished<'_>) {}
}

/// Packets of connections by number: decoded once, and then only their addresses and numbers are changed.
struct Bench {
    table: FlowTable,
    clock: Clock,
    now: u64,
    syn: Packet,
    ack: Packet,
}

impl Bench {
    fn new() -> Self {
        let mut decoder = Decoder::new(false, 1 << 20);
        let [syn, ack] = [0x02, 0x10].map(|flags| {
            let mut bytes = vec![0; 54];
            bytes[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
            bytes[16..18].copy_from_slice(&40u16.to_be_bytes());
            bytes[23] = 6;
            bytes[26..34].copy_from_slice(&[10, 0, 0, 1, 192, 0, 2, 1]);
            bytes[34..38].copy_from_slice(&[0x9c, 0x40, 0, 80]);
            bytes[46..48].copy_from_slice(&[0x50, flags]);
            let frame = Frame {
                time: Timestamp::from_nanos(1),
                link: LinkType(1),
                bytes: &bytes,
                wire_bytes: bytes.len() as u32,
            };
            decoder.decode(&frame).expect("a plain packet")
        });
        // Nothing shall be evicted here.
        let config = Config { memory: 8 << 30, ..Config::default() };
        let table = FlowTable::new(config, decoder.paths());
        Self { table, clock: Clock::default(), now: 1_700_000_000_000_000_000, syn, ack }
    }

    fn packet(&mut self, mut packet: Packet, connection: u32) {
        self.now += 1000;
        packet.time = Timestamp::from_nanos(self.now);
        packet.ends.source.0 = 0x0a00_0000 + u128::from(connection);
        let clock = self.clock.advance(packet.time);
        self.table.packet(&packet, &[], clock, &mut Forget);
    }

    /// Packets of the first so many connections, in no order, in batches as they come from a source.
    fn known(&mut self, connections: u32, packets: u32) {
        let mut place = 1u32;
        let mut batch = Vec::with_capacity(BATCH);
        for _ in 0..packets as usize / BATCH {
            batch.clear();
            for _ in 0..BATCH {
                place = place.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let mut packet = self.ack;
                packet.ends.source.0 =
                    0x0a00_0000 + u128::from(((u64::from(place) * u64::from(connections)) >> 32) as u32);
                batch.push(packet);
            }
            self.table.expect(batch.iter());
            for packet in &mut batch {
                self.now += 1000;
                packet.time = Timestamp::from_nanos(self.now);
                let clock = self.clock.advance(packet.time);
                self.table.take(packet, &[], clock, &mut Forget);
            }
            self.table.advance(self.clock.now());
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == BARE) {
        let [connections, packets] = [1, 2].map(|next| arguments[at + next].parse().expect("a number"));
        return bare(connections, packets);
    }
    let mut bench = Bench::new();
    let mut times: Vec<u32> = Vec::with_capacity(SESSIONS as usize);
    let mut curve = Vec::new();
    for connection in 0..SESSIONS {
        if SIZES.contains(&connection) {
            curve.push((connection, known(&mut bench, connection)));
        }
        let start = Instant::now();
        let syn = bench.syn;
        bench.packet(syn, connection);
        times.push(u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX));
    }
    curve.push((SESSIONS, known(&mut bench, SESSIONS)));
    let bytes = bench.table.bytes();
    let spent: u64 = times.iter().map(|time| u64::from(*time)).sum();
    println!("opening {SESSIONS} connections, microseconds a packet (a clock that is read twice included):");
    println!("  {}", distribution(times));
    println!("  {} where nothing is done but to read the clock, for as long", distribution(idle(spent)));
    println!("bytes a connection: {}", bytes / SESSIONS as usize);
    println!("a packet of an open connection, in no order, nanoseconds:");
    for (sessions, nanoseconds) in curve {
        println!("  {sessions:>9} connections {nanoseconds:>6.0}");
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        return println!("instructions and cache misses are not counted: valgrind is not installed");
    }
    println!("the same, instructions a packet, and how often data is neither in the first cache nor in the second:");
    for sessions in SIZES {
        let [before, after] = [0, COUNTED].map(|packets| counted(sessions, packets));
        let each = |nth: usize| (after[nth] - before[nth]) / f64::from(COUNTED);
        println!("  {sessions:>9} connections {:>6.0} {:>6.1} {:>6.1}", each(0), each(1), each(2));
    }
}

/// Opens so many connections, then sends so many packets of them.
fn bare(connections: u32, packets: u32) {
    let mut bench = Bench::new();
    let syn = bench.syn;
    (0..connections).for_each(|connection| bench.packet(syn, connection));
    bench.known(connections, packets);
}

/// Instructions and misses of both caches of a bare run, by cachegrind.
fn counted(connections: u32, packets: u32) -> [f64; 3] {
    let this = std::env::current_exe().expect("this program's path");
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=yes", "--cachegrind-out-file=/dev/null"]).args(CACHES).arg(this);
    command.args([BARE, &connections.to_string(), &packets.to_string()]);
    let told = String::from_utf8_lossy(&command.output().expect("valgrind").stderr).into_owned();
    ["I   refs:", "D1  misses:", "LLd misses:"].map(|name| {
        let line = told.lines().find_map(|line| line.split_once(name)).expect("what cachegrind counts").1;
        let number = line.split('(').next().unwrap_or_default().replace([',', ' '], "");
        number.parse().expect("a number")
    })
}

/// The times, from the short to the long.
fn distribution(mut times: Vec<u32>) -> String {
    times.sort_unstable();
    let at = |part: f64| f64::from(times[((times.len() - 1) as f64 * part) as usize]) / 1000.0;
    let parts = [at(0.5), at(0.99), at(0.9999), at(0.999_999), at(1.0)].map(|micros| format!("{micros:.2}"));
    let [half, most, nearly, all_but_two, longest] = parts;
    format!("half {half}, 99 % {most}, 99.99 % {nearly}, 99.9999 % {all_but_two}, the longest {longest}")
}

/// What the machine itself takes away, for so many nanoseconds: each time between two looks at the clock.
fn idle(nanoseconds: u64) -> Vec<u32> {
    let mut times = Vec::with_capacity(SESSIONS as usize);
    let start = Instant::now();
    let mut last = start;
    while (last - start).as_nanos() < u128::from(nanoseconds) {
        let now = Instant::now();
        let between = u32::try_from((now - last).as_nanos()).unwrap_or(u32::MAX);
        // Of the many that are alike as many are kept as there were packets.
        if between > 1000 || times.len() < SESSIONS as usize {
            times.push(between);
        }
        last = now;
    }
    times
}

/// Nanoseconds for a packet of one of so many open connections.
fn known(bench: &mut Bench, sessions: u32) -> f64 {
    let start = Instant::now();
    bench.known(sessions, PACKETS);
    start.elapsed().as_nanos() as f64 / f64::from(PACKETS)
}
