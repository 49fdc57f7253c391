//! What a whole replay costs beside a loop that only counts packets. `make bench`; `make bench-peers` for other tools beside it.
//!
//! It makes its loads from the captures in `pcaps/`, many times over on other addresses, in files under `target/`:
//!
//! | load | what it is |
//! | --- | --- |
//! | mix | every capture: real conversations of all kinds, each copy on addresses of its own |
//! | web | downloads of a megabyte over HTTP/1.1 |
//! | flood | questions to DNS and connections that nobody answers: hardly a packet or two a session |
//!
//! Each load is replayed by the release program with one worker into a file, several times, and by the counting loop (libpcap) as
//! often; the figures are processor time (user and system) of whole processes, so a busy machine hardly changes their ratio. With
//! `valgrind` installed, instructions are counted over the beginning of the mix.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that can't be set up should fail loudly"
)]
#![allow(dead_code, reason = "of what the tests share a part is used")]

#[path = "../tests/support/capture.rs"]
mod capture;
#[path = "../tests/support/chance.rs"]
mod chance;
#[path = "../tests/support/change.rs"]
mod change;
#[path = "../tests/support/headers.rs"]
mod headers;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use capture::{Capture, Frame};

/// How often each program is run; the median counts.
const RUNS: usize = 3;
/// How many copies of all captures the mix has.
const MIX_COPIES: u16 = 600;
/// How many downloads the web has.
const DOWNLOADS: u16 = 300;
/// How many copies of its few packets the flood has.
const FLOOD_COPIES: u16 = 16_000;
/// How many copies of the mix are counted instruction by instruction.
const COUNTED_COPIES: u16 = 8;
/// Between the beginnings of two copies, in nanoseconds.
const STEP: u64 = 20_000_000;
/// What is replayed in copies that run at the same time.
const ABREAST: u16 = 40;

/// A load in a file.
struct Load {
    name: &'static str,
    path: PathBuf,
    packets: u64,
    bytes: u64,
}

/// What a program took, in seconds.
struct Cost {
    processor: f64,
    wall: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [count, path] = arguments.as_slice()
        && count == "--count"
    {
        return count_packets(path);
    }
    let peers = arguments.iter().any(|argument| argument == "--peers");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loads");
    std::fs::create_dir_all(&folder).expect("a folder for loads");
    let loads = [mix(&folder, "mix", MIX_COPIES), web(&folder), flood(&folder)];
    println!(
        "{:<6} {:<28} {:>9} {:>8} {:>10} {:>9} {:>8} {:>9}",
        "load", "program", "cpu s", "wall s", "packets/s", "ns/packet", "Gbit/s", "to count"
    );
    for load in &loads {
        let itself = std::env::current_exe().expect("the path of this program");
        let floor = row(load, "libpcap loop that counts", None, || {
            let mut command = Command::new(&itself);
            command.arg("--count").arg(&load.path);
            command
        });
        for (name, options) in [
            ("tapline, one worker", ["--workers=1", ""]),
            ("tapline, no file hashes", ["--workers=1", "--no-file-hash"]),
        ] {
            row(load, name, Some(floor), || tapline(load, &options));
        }
        if load.name == "mix" {
            row(load, "tapline, two workers", Some(floor), || tapline(load, &["--workers=2", ""]));
        }
        if peers {
            compare(load, floor);
        }
    }
    sessions(&loads);
    instructions(&folder);
}

/// Runs a program several times and prints the median. Gives its processor time.
fn row(load: &Load, name: &str, floor: Option<f64>, mut command: impl FnMut() -> Command) -> f64 {
    let mut costs: Vec<Cost> = (0..RUNS).map(|_| run(&mut command())).collect();
    costs.sort_by(|one, other| one.processor.total_cmp(&other.processor));
    let Cost { processor, wall } = costs[RUNS / 2];
    let ratio = floor.map_or(String::new(), |floor| format!("{:.2}", processor / floor));
    println!(
        "{:<6} {name:<28} {processor:>9.2} {wall:>8.2} {:>10.0} {:>9.0} {:>8.2} {ratio:>9}",
        load.name,
        load.packets as f64 / wall,
        processor * 1e9 / load.packets as f64,
        load.bytes as f64 * 8e-9 / wall,
    );
    processor
}

fn tapline(load: &Load, options: &[&str]) -> Command {
    let lines = load.path.with_extension("lines");
    let _ = std::fs::remove_file(&lines);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapline"));
    command.args(["-q", "-r"]).arg(&load.path).arg("-o").arg(format!("file:{}", lines.display()));
    command.args(options.iter().filter(|option| !option.is_empty()));
    command
}

fn run(command: &mut Command) -> Cost {
    let (before, start) = (processor_of_children(), Instant::now());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok(), "{command:?}: {status:?}");
    Cost { processor: processor_of_children() - before, wall: start.elapsed().as_secs_f64() }
}

/// Seconds that ended children of this process have used, by proc(5): cutime and cstime, in hundredths.
fn processor_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux's proc");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(13) + ticks(14)) / 100.0
}

/// The floor: what anything costs that sees each packet.
fn count_packets(path: &str) {
    let mut source = pcap::Capture::from_file(path).expect("a capture");
    let (mut packets, mut bytes) = (0u64, 0u64);
    while let Ok(packet) = source.next_packet() {
        packets += 1;
        bytes += u64::from(packet.header.len);
    }
    println!("{packets} {bytes}");
}

/// Other programs that are installed, on the same load.
fn compare(load: &Load, floor: f64) {
    let path = load.path.display();
    for (name, program, arguments) in [
        ("argus (flows, binary)", "argus", format!("-r {path} -w /dev/null")),
        ("nfpcapd (flows)", "nfpcapd", format!("-r {path} -w /tmp")),
        ("softflowd (flows)", "softflowd", format!("-r {path} -n 127.0.0.1:9")),
        ("ndpiReader (labels)", "ndpiReader", format!("-i {path} -q")),
        ("suricata (no rules)", "suricata", format!("-r {path} -l /tmp -S /dev/null --runmode single")),
        ("tcpdump -w /dev/null", "tcpdump", format!("-r {path} -w /dev/null")),
    ] {
        let installed =
            Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
        if installed.is_ok_and(|status| status.success()) {
            row(load, name, Some(floor), || {
                let mut command = Command::new(program);
                command.args(arguments.split(' '));
                command
            });
        } else {
            println!("{:<6} {name:<28} is not installed", load.name);
        }
    }
}

/// How many lines each load gave, and their bytes.
fn sessions(loads: &[Load]) {
    for load in loads {
        let lines = load.path.with_extension("lines");
        let text = std::fs::read(&lines).expect("the lines of the last run");
        let count = text.iter().filter(|byte| **byte == b'\n').count();
        println!(
            "{}: {} packets, {count} sessions, {} bytes a line",
            load.name,
            load.packets,
            text.len() / count.max(1)
        );
        let _ = std::fs::remove_file(lines);
    }
}

/// Instructions of the program for each packet, by valgrind.
fn instructions(folder: &Path) {
    let load = mix(folder, "counted", COUNTED_COPIES);
    let mut command = Command::new("valgrind");
    command.args(["--tool=none", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !command.status().is_ok_and(|status| status.success()) {
        return println!("instructions are not counted: valgrind is not installed");
    }
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env!("CARGO_BIN_EXE_tapline"));
    command.args(["-q", "--workers=1", "--no-file-hash", "-o", "file:/dev/null", "-r"]).arg(&load.path);
    let told = String::from_utf8_lossy(&command.output().expect("valgrind").stderr).into_owned();
    let collected = told.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse::<u64>().ok());
    match collected {
        Some(collected) => println!("mix: {} instructions a packet, files not hashed", collected / load.packets),
        None => println!("instructions are not counted: {told}"),
    }
}

/// Every capture of Ethernet frames, in copies on other addresses.
fn mix(folder: &Path, name: &'static str, copies: u16) -> Load {
    let captures: Vec<Capture> = capture::all().into_iter().filter(|capture| capture.link == 1).collect();
    multiply(folder, name, &captures, copies)
}

/// Few packets a session.
fn flood(folder: &Path) -> Load {
    let captures = ["dns-records", "dns-unanswered", "tcp-refused", "tcp-silent", "nbns-names"].map(capture::named);
    multiply(folder, "flood", &captures, FLOOD_COPIES)
}

/// Downloads: one is put together from a captured one whose body is sent again and again, on its own sequence numbers.
fn web(folder: &Path) -> Load {
    multiply(folder, "web", &[download(1 << 20)], DOWNLOADS)
}

/// Writes copies of captures, each on addresses of its own, some of them at the same time.
fn multiply(folder: &Path, name: &'static str, captures: &[Capture], copies: u16) -> Load {
    let path = folder.join(format!("{name}.pcap"));
    let mut file = BufWriter::new(File::create(&path).expect("a file for a load"));
    let head = Capture { name: String::new(), link: 1, frames: Vec::new() };
    file.write_all(&head.pcap()).expect("room for a load");
    let (mut packets, mut bytes, mut origin) = (0, 0, 1_700_000_000_000_000_000u64);
    for first in (0..copies).step_by(usize::from(ABREAST)) {
        let mut frames: Vec<Frame> = Vec::new();
        for nth in first..copies.min(first + ABREAST) {
            for (place, capture) in captures.iter().enumerate() {
                let begin = capture.frames.first().map_or(0, |frame| frame.time);
                let shift = origin + u64::from(nth - first) * STEP + place as u64 * 1_000_000;
                let copy = change::on_other_addresses(capture, nth);
                frames.extend(copy.frames.into_iter().map(|frame| Frame { time: frame.time - begin + shift, ..frame }));
            }
        }
        frames.sort_by_key(|frame| frame.time);
        origin = frames.last().map_or(origin, |frame| frame.time) + STEP;
        packets += frames.len() as u64;
        bytes += frames.iter().map(|frame| u64::from(frame.wire_bytes)).sum::<u64>();
        let records = Capture { name: String::new(), link: 1, frames }.pcap();
        file.write_all(&records[24..]).expect("room for a load");
    }
    file.flush().expect("room for a load");
    Load { name, path, packets, bytes }
}

/// A connection that fetches a body of some size, by hand: full segments, every second one acknowledged.
fn download(body: usize) -> Capture {
    const FULL: usize = 1448;
    let mut time = 1_700_000_000_000_000_000;
    let mut frames = Vec::new();
    let mut send = |back: bool, flags: u8, seq: usize, ack: usize, payload: &[u8]| {
        time += 20_000;
        frames.push(Frame::whole(time, segment(back, flags, seq as u32, ack as u32, payload)));
    };
    let request = b"GET /large.bin HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench\r\n\r\n";
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {body}\r\n\r\n");
    let content: Vec<u8> = (0..body).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    send(false, 0x02, 0, 0, b"");
    send(true, 0x12, 0, 1, b"");
    send(false, 0x10, 1, 1, b"");
    send(false, 0x18, 1, 1, request);
    let stream = [answer.as_bytes(), &content].concat();
    for (nth, piece) in stream.chunks(FULL).enumerate() {
        send(true, 0x10, 1 + nth * FULL, 1 + request.len(), piece);
        if nth % 2 == 1 {
            send(false, 0x10, 1 + request.len(), 1 + (nth + 1) * FULL, b"");
        }
    }
    let (out, back) = (1 + request.len(), 1 + stream.len());
    send(false, 0x11, out, back, b"");
    send(true, 0x11, back, out + 1, b"");
    send(false, 0x10, out + 1, back + 1, b"");
    Capture { name: "download".to_owned(), link: 1, frames }
}

/// A TCP segment in IPv4 in Ethernet. Its checksums are right.
fn segment(back: bool, flags: u8, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
    use pnet::packet::ip::IpNextHeaderProtocols;
    use pnet::packet::ipv4::{self, MutableIpv4Packet};
    use pnet::packet::tcp::{self, MutableTcpPacket};
    let mut bytes = vec![0; 14 + 20 + 20 + payload.len()];
    let (one, other) = (("10.20.0.1", 40_000), ("10.20.0.2", 80));
    let ((from, from_port), (to, to_port)) = if back { (other, one) } else { (one, other) };
    let [from, to] = [from, to].map(|address| address.parse().expect("an address"));
    MutableEthernetPacket::new(&mut bytes).expect("room").set_ethertype(EtherTypes::Ipv4);
    let mut ip = MutableIpv4Packet::new(&mut bytes[14..]).expect("room");
    ip.set_version(4);
    ip.set_header_length(5);
    ip.set_total_length(40 + payload.len() as u16);
    ip.set_ttl(64);
    ip.set_next_level_protocol(IpNextHeaderProtocols::Tcp);
    ip.set_source(from);
    ip.set_destination(to);
    ip.set_checksum(ipv4::checksum(&ip.to_immutable()));
    let mut segment = MutableTcpPacket::new(&mut bytes[34..]).expect("room");
    segment.set_source(from_port);
    segment.set_destination(to_port);
    segment.set_sequence(seq);
    segment.set_acknowledgement(ack);
    segment.set_data_offset(5);
    segment.set_flags(flags);
    segment.set_window(0xffff);
    segment.set_payload(payload);
    segment.set_checksum(tcp::ipv4_checksum(&segment.to_immutable(), &from, &to));
    bytes
}
