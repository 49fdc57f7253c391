//! An hour of traffic by the packet clock, as fast as it goes: memory and descriptors stay where they are, and every session is told.
//!
//! Conversations of real programs begin again three times a second, between other hosts each time, among half-open connections of scanners.
//! They come by a pipe, so that what was written is what was read, but for a moment's worth.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Command, Stdio};

use support::capture::{self, Capture, Frame};
use support::change::on_other_addresses;
use support::net::resident;

const SECOND: u64 = 1_000_000_000;
/// How often the conversations begin again, and how many times that is in an hour.
const EVERY: u64 = SECOND / 3;
const TIMES: u64 = 3 * 3600;
/// Hosts that take turns: after so many times the first speak again, on the same ports.
const TURNS: u16 = 256;
/// Half-open connections of each time.
const SCANNED: usize = 10;
/// Bytes by which memory may grow once everything has been going on for a while: what allocators keep.
const SLACK: u64 = 8 << 20;

/// Frames with the nanoseconds since they began, and the sessions that they are.
struct Talk {
    frames: Vec<(u64, Vec<u8>)>,
    sessions: u64,
}

/// What is said each time, by turn.
fn talks() -> Vec<Talk> {
    let names = ["dns-records", "http-visits", "http-download", "ssh-password", "tls-13", "icmp-ping", "smb-oddport"];
    let all: Vec<Capture> = names.iter().map(|name| capture::named(name)).collect();
    let sessions = all.iter().map(sessions).sum::<u64>() + SCANNED as u64;
    let syn = Capture { frames: capture::named("http-visits").frames[..1].to_vec(), ..all[0].clone() };
    let talk = |turn: u16| {
        let mut frames: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut say = |capture: Capture| {
            let first = capture.frames[0].time;
            frames.extend(capture.frames.into_iter().map(|frame| (frame.time - first, frame.bytes)));
        };
        all.iter().for_each(|capture| say(on_other_addresses(capture, turn)));
        (1..=SCANNED as u16).for_each(|nth| say(on_other_addresses(&syn, TURNS * nth + turn)));
        frames.sort_by_key(|(since, _)| *since);
        Talk { frames, sessions }
    };
    (0..TURNS).map(talk).collect()
}

/// The sessions of a capture by itself.
fn sessions(capture: &Capture) -> u64 {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), capture.pcap()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tapline")).args(["-q", "-r"]).arg(file.path()).output().unwrap();
    output.stdout.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[test]
fn an_hour_takes_no_more_memory_than_its_first_quarter_and_tells_every_session() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tapline"))
        .args(["-r", "-", "--workers", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    let telling = std::thread::spawn(move || {
        let id = |line: String| u64::from_str_radix(line.split("id=\"").nth(1)?.get(..16)?, 16).ok();
        lines.lines().map(|line| id(line.unwrap()).unwrap()).fold((0u64, HashSet::new()), |(count, mut ids), id| {
            ids.insert(id);
            (count + 1, ids)
        })
    });
    let process = child.id();
    let descriptors = || std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    let mut input = BufWriter::with_capacity(1 << 20, child.stdin.take().unwrap());
    let talks = talks();
    input.write_all(&Capture { name: String::new(), link: 1, frames: Vec::new() }.pcap()).unwrap();
    // What goes on: when its next frame comes, the time at which it began, and the frame.
    let mut going_on: BinaryHeap<Next> = BinaryHeap::new();
    let (mut frames, mut begun, mut seen) = (0u64, 0u64, Vec::new());
    for nth in 0..TIMES {
        going_on.push(Reverse((nth * EVERY, nth, 0)));
        begun += talks[(nth % u64::from(TURNS)) as usize].sessions;
        while let Some(Reverse((since, of, at))) = before(&mut going_on, (nth + 1) * EVERY, nth + 1 == TIMES) {
            let talk = &talks[(of % u64::from(TURNS)) as usize].frames;
            let frame = Frame::whole(1_800_000_000 * SECOND + since, talk[at].1.clone());
            input.write_all(&Capture { name: String::new(), link: 1, frames: vec![frame] }.pcap()[24..]).unwrap();
            frames += 1;
            if let Some((since, _)) = talk.get(at + 1) {
                going_on.push(Reverse((of * EVERY + since, of, at + 1)));
            }
        }
        if (nth + 1) % (TIMES / 60) == 0 {
            seen.push((resident(process), descriptors()));
        }
    }
    input.flush().unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let (told, ids) = telling.join().unwrap();
    assert_eq!((told, ids.len() as u64), (begun, begun), "each session that began is told once: {said}");
    assert!(frames > 3_000_000 && said.contains(" over 1 h"), "{frames} frames: {said}");
    eprintln!("{frames} frames, {told} sessions, at each minute: {seen:?}");
    let (first, rest) = seen.split_at(seen.len() / 4);
    let most = |of: &[(u64, usize)]| of.iter().map(|(resident, _)| *resident).max().unwrap();
    assert!(most(rest) < most(first) + SLACK, "{seen:?}");
    assert!(seen.iter().all(|(_, descriptors)| *descriptors == seen[0].1), "{seen:?}");
}

/// A frame of something that goes on.
type Next = Reverse<(u64, u64, usize)>;

/// The next, where it comes before `end`, or all are wanted.
fn before(going_on: &mut BinaryHeap<Next>, end: u64, all: bool) -> Option<Next> {
    let Reverse((time, ..)) = going_on.peek()?;
    if all || *time < end { going_on.pop() } else { None }
}
