//! Every format, every cut, every split: what a reader gives for files that the tests write themselves.

use std::cell::RefCell;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::build::{Classic, MICROSECONDS, MODIFIED, NANOSECONDS, ORDERS, Order, Section};
use super::format::Beginning;
use super::tape::{Opened, Run, Tape, Tools};
use super::*;

const SECOND: u64 = 1_000_000_000;

/// A frame as a test sees it: time, bytes, wire length, link type.
type Seen = (u64, Vec<u8>, u32, u16);

fn seen(batch: &Batch) -> impl Iterator<Item = Seen> {
    batch.frames.iter().map(|frame| {
        let bytes = batch.bytes(frame);
        assert_eq!(bytes.len(), frame.caplen as usize, "a frame lies in its block");
        (frame.time.nanos(), bytes.to_vec(), frame.wirelen, frame.link)
    })
}

/// All frames of one stream of bytes, and what ended it.
fn walk(input: impl Read + Send + 'static, read_bytes: usize) -> (Vec<Seen>, Option<String>) {
    let pool = Pool::default();
    let mut counters = Counters::default();
    let mut tools = Tools { pool: &pool, filter: None, counters: &mut counters, read_bytes };
    let mut tape = match Tape::open("test".into(), Box::new(input), &mut tools) {
        Ok(Opened::Tape(tape)) => tape,
        Ok(Opened::Other(Beginning::Cut, _)) => return (Vec::new(), Some("cut".into())),
        Ok(Opened::Other(Beginning::Unsupported(what), _)) => return (Vec::new(), Some(what)),
        Ok(Opened::Other(..)) => return (Vec::new(), Some("no capture".into())),
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut frames = Vec::new();
    let mut batch = Batch::new();
    loop {
        batch.clear();
        let run = tape.run(dissectors::Timestamp::from_nanos(u64::MAX), &mut batch, &mut tools);
        frames.extend(seen(&batch));
        if let Run::Ended(damage) = run {
            assert_eq!(tools.counters.frames, frames.len() as u64);
            return (frames, damage.map(|damage| format!("{} at {}", damage.what, damage.offset)));
        }
    }
}

fn walk_bytes(bytes: &[u8]) -> (Vec<Seen>, Option<String>) {
    walk(Cursor::new(bytes.to_vec()), BLOCK_BYTES)
}

/// A reader that gives as many bytes at once as the list says, over and over.
struct Dribble {
    bytes: Cursor<Vec<u8>>,
    portions: Vec<usize>,
    next: usize,
}

impl Read for Dribble {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let portion = self.portions[self.next % self.portions.len()].min(room.len());
        self.next += 1;
        self.bytes.read(&mut room[..portion])
    }
}

fn dribble(bytes: &[u8], portions: &[usize]) -> Dribble {
    Dribble { bytes: Cursor::new(bytes.to_vec()), portions: portions.to_vec(), next: 0 }
}

/// A pcapng file of two sections in opposite byte orders, with every kind of block.
fn rich_pcapng() -> Vec<u8> {
    let mut file = Vec::new();
    for order in [Order::Big, Order::Little] {
        let s = Section(order);
        let nanoseconds = [s.option(2, b"eth7"), s.option(9, &[9]), s.option(0, &[])].concat();
        let moved = [s.option(9, &[0x80 | 10]), s.option(14, &s.0.u64((-5_i64).cast_unsigned()))].concat();
        file.extend(s.header());
        file.extend(s.interface(1, 0, &[]));
        file.extend(s.simple_packet(b"simple", 6));
        file.extend(s.interface(101, 4, &nanoseconds));
        file.extend(s.block(4, b"names"));
        file.extend(s.packet(0, 1_000_001, b"micro", 50));
        file.extend(s.packet_with(1, 2 * SECOND + 1, b"nano", 4, &s.option(1, b"a comment")));
        file.extend(s.block(0x0bad, b"a custom block"));
        file.extend(s.interface(12, 0, &moved));
        file.extend(s.packet(2, (8 << 10) | 512, b"", 9));
        file.extend(s.block(5, &[0; 40]));
        file.extend(s.obsolete_packet(1, 4 * SECOND, b"old", 3));
        file.extend(s.simple_packet(b"simple ", 7));
        file.extend(s.block(10, b"secrets"));
    }
    file
}

fn rich_frames() -> Vec<Seen> {
    let section = |before: u64| {
        [
            (before, b"simple".to_vec(), 6, 1),
            (SECOND + 1000, b"micro".to_vec(), 50, 1),
            (2 * SECOND + 1, b"nano".to_vec(), 4, 101),
            (3 * SECOND + SECOND / 2, b"".to_vec(), 9, 101),
            (4 * SECOND, b"old".to_vec(), 3, 101),
            (4 * SECOND, b"simple ".to_vec(), 7, 1),
        ]
    };
    [section(0), section(4 * SECOND)].concat()
}

#[test]
fn every_kind_of_pcapng_block_is_read() {
    assert_eq!(walk_bytes(&rich_pcapng()), (rich_frames(), None));
}

#[test]
fn a_simple_packet_is_as_long_as_its_interface_allows() {
    let s = Section(Order::Little);
    let file =
        [s.header(), s.interface(1, 5, &[]), s.simple_packet(b"12345", 1000), s.simple_packet(b"12", 2)].concat();
    assert_eq!(walk_bytes(&file), (vec![(0, b"12345".to_vec(), 1000, 1), (0, b"12".to_vec(), 2, 1)], None));
}

#[test]
fn every_classic_variation_is_read() {
    for order in ORDERS {
        for (magic, unit) in [(MICROSECONDS, 1000), (NANOSECONDS, 1), (MODIFIED, 1000)] {
            for version in [(2, 2), (2, 3), (2, 4)] {
                let classic = Classic { order, magic, version, network: 0x1400_0001 };
                let times = [0, 5 * SECOND + 123_456_789, u64::from(u32::MAX) * SECOND + 999_999_999];
                let packets: Vec<(u64, &[u8])> = times.iter().copied().zip([&b"one"[..], b"", b"three"]).collect();
                let expected: Vec<Seen> = packets
                    .iter()
                    .map(|(time, bytes)| (time / unit * unit, bytes.to_vec(), bytes.len() as u32 + 3, 1))
                    .collect();
                assert_eq!(walk_bytes(&classic.file(&packets)), (expected, None), "{classic:?}");
            }
        }
    }
}

#[test]
fn raw_ip_has_one_link_type_whatever_system_wrote_it() {
    for (network, link) in [(12, 101), (14, 101), (101, 101), (113, 113), (0, 0)] {
        let file = Classic { network, ..Classic::default() }.file(&[(0, b"x")]);
        assert_eq!(walk_bytes(&file).0[0].3, link);
    }
}

#[test]
fn unknown_versions_and_reserved_bits_are_refused() {
    let refused = |classic: Classic| {
        let (frames, what) = walk_bytes(&classic.file(&[(0, b"x")]));
        assert_eq!(frames, []);
        what.unwrap()
    };
    assert_eq!(refused(Classic { version: (1, 9), ..Classic::default() }), "pcap version 1.9");
    assert_eq!(
        refused(Classic { network: 0x0030_0001, ..Classic::default() }),
        "reserved bits set in the link type 0x00300001"
    );
    let mut file = rich_pcapng();
    file[15] = 1;
    assert_eq!(walk_bytes(&file), (vec![], Some("pcapng version 1.1".into())));
}

#[test]
fn what_is_no_capture_is_told_from_what_is() {
    for bytes in [&b""[..], b"x", b"\xd4\xc3\xb2", b"GET / HTTP/1.1\r\n", b"\n\r\r\n0000 no byte order here", &[0; 100]]
    {
        assert_eq!(walk_bytes(bytes), (vec![], Some("no capture".into())), "{bytes:?}");
    }
}

/// Holds, for a file and the ends of its records, that a cut anywhere keeps every whole frame before it.
fn cut_anywhere(file: &[u8], frames: &[Seen], record_ends: &[usize]) {
    for cut in 4..file.len() {
        let (found, end) = walk_bytes(&file[..cut]);
        assert_eq!(found, frames[..found.len()], "cut at {cut}");
        let whole = record_ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(found.len(), whole, "cut at {cut}");
        if end.is_none() {
            // Only a cut between two records goes unnoticed.
            assert_eq!(walk_bytes(&file[..cut]), walk(dribble(&file[..cut], &[1]), 1));
        }
    }
}

#[test]
fn a_cut_classic_file_keeps_every_whole_packet() {
    for magic in [MICROSECONDS, NANOSECONDS, MODIFIED] {
        let classic = Classic { magic, order: Order::Big, ..Classic::default() };
        let packets: [(u64, &[u8]); 3] = [(SECOND, b"first"), (2 * SECOND, b""), (3 * SECOND, b"the third")];
        let file = classic.file(&packets);
        let (frames, end) = walk_bytes(&file);
        assert_eq!((frames.len(), end), (3, None));
        let mut ends = vec![classic.header().len()];
        for (nanos, bytes) in packets {
            ends.push(ends.last().unwrap() + classic.record(nanos, bytes, 0).len());
        }
        cut_anywhere(&file, &frames, &ends[1..]);
        assert_eq!(
            walk_bytes(&file[..file.len() - 1]).1.unwrap(),
            format!("the file ends in the middle of a record at {}", ends[2])
        );
    }
}

#[test]
fn a_cut_pcapng_file_keeps_every_whole_packet() {
    let file = rich_pcapng();
    let (frames, _) = walk_bytes(&file);
    let (mut ends, mut at, mut order) = (Vec::new(), 0, Order::Little);
    while at < file.len() {
        let head: [u8; 12] = file[at..at + 12].try_into().unwrap();
        if head[..4] == [0x0a, 0x0d, 0x0d, 0x0a] {
            order = if head[8] == 0x1a { Order::Big } else { Order::Little };
        }
        let number = |bytes: &[u8]| {
            let bytes: [u8; 4] = bytes.try_into().unwrap();
            if order == Order::Big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        at += number(&head[4..8]) as usize;
        if matches!(number(&head[..4]), 2 | 3 | 6) {
            ends.push(at);
        }
    }
    cut_anywhere(&file, &frames, &ends);
}

#[test]
fn insane_lengths_are_damage_and_keep_what_was_before() {
    let classic = Classic::default();
    let mut file = classic.file(&[(SECOND, b"good")]);
    let damaged_at = file.len();
    file.extend(classic.record(SECOND, b"bad", 3));
    file[damaged_at + 8..damaged_at + 12].copy_from_slice(&262_145_u32.to_le_bytes());
    file.extend([0; 300_000]);
    let (frames, end) = walk_bytes(&file);
    assert_eq!(frames.len(), 1);
    assert_eq!(
        end.unwrap(),
        format!("a packet of 262145 bytes, more than the 262144 any capture holds at {damaged_at}")
    );
}

#[test]
fn damaged_pcapng_blocks_end_the_file_where_they_are() {
    let s = Section(Order::Little);
    let start = [s.header(), s.interface(1, 0, &[]), s.packet(0, 1, b"good", 4)].concat();
    let packet = s.packet(0, 2, b"next", 4);
    let patched = |at: usize, bytes: &[u8]| {
        let mut packet = packet.clone();
        packet[at..at + bytes.len()].copy_from_slice(bytes);
        packet
    };
    for (what, block) in [
        ("a block of 8 bytes", patched(4, &[8])),
        ("a block of 38 bytes", patched(4, &[38])),
        ("a block of 36 bytes whose end tells 40", patched(32, &[40])),
        ("a packet of interface 1, which the section does not describe", patched(8, &[1])),
        ("a packet of 5 bytes in a block of 36", patched(20, &[5])),
        ("a packet of 4294967044 bytes in a block of 36", patched(20, &[4, 255, 255, 255])),
        ("a packet block that is too short", s.block(6, &[0; 16])),
        ("an interface description that is too short", s.block(1, &[0; 4])),
        ("a section without a byte order", s.block(0x0a0d_0d0a, &[0; 16])),
        ("a simple packet block that is too short", s.block(3, &[])),
    ] {
        let (frames, end) = walk_bytes(&[&start[..], &block, &packet].concat());
        assert_eq!((frames.len(), end), (1, Some(format!("{what} at {}", start.len()))));
    }
    let no_section = [s.header(), s.simple_packet(b"x", 1)].concat();
    assert_eq!(
        walk_bytes(&no_section).1.unwrap(),
        format!("a simple packet in a section without an interface at {}", s.header().len())
    );
}

#[test]
fn long_blocks_of_no_interest_are_passed_over() {
    let s = Section(Order::Big);
    let start = [s.header(), s.interface(1, 0, &[])].concat();
    for length in [300_000, 400 * 1024 - 12, 400 * 1024, BLOCK_BYTES - 7, BLOCK_BYTES, 3 * BLOCK_BYTES + 1] {
        let long = s.block(0x0bad, &vec![6; length]);
        let file = [&start[..], &s.packet(0, 1, b"before", 6), &long, &s.packet(0, 2, b"after", 5)].concat();
        let expected = vec![(1000, b"before".to_vec(), 6, 1), (2000, b"after".to_vec(), 5, 1)];
        assert_eq!(walk_bytes(&file), (expected.clone(), None), "{length}");
        assert_eq!(walk(Cursor::new(file.clone()), 65_536), (expected, None), "{length}");
        let (frames, end) = walk_bytes(&file[..start.len() + long.len()]);
        assert_eq!((frames.len(), end.is_some()), (1, true), "{length}");
    }
}

#[test]
fn a_packet_with_long_options_is_read() {
    let s = Section(Order::Little);
    let comments: Vec<u8> = (0..9).flat_map(|_| s.option(1, &[b'c'; 65_000])).collect();
    let packet = s.packet_with(0, 1, b"commented", 9, &comments);
    let file = [s.header(), s.interface(1, 0, &[]), packet, s.packet(0, 2, b"after", 5)].concat();
    let expected = vec![(1000, b"commented".to_vec(), 9, 1), (2000, b"after".to_vec(), 5, 1)];
    assert_eq!(walk_bytes(&file), (expected.clone(), None));
    assert_eq!(walk(Cursor::new(file), 1000), (expected, None));
}

#[test]
fn frames_that_straddle_blocks_are_whole() {
    let classic = Classic::default();
    let bytes: Vec<u8> = (0..262_144_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    let mut file = classic.header();
    let mut expected = Vec::new();
    for n in 0..60_u32 {
        let length = (n * 65_537 % 262_145) as usize;
        file.extend(classic.record(u64::from(n) * SECOND, &bytes[..length], length as u32));
        expected.push((u64::from(n) * SECOND, bytes[..length].to_vec(), length as u32, 1));
    }
    for read_bytes in [BLOCK_BYTES, 65_536, 1 << 19, 7777] {
        assert!(walk(Cursor::new(file.clone()), read_bytes) == (expected.clone(), None), "{read_bytes}");
    }
}

#[test]
fn a_read_error_is_damage_after_what_was_read() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is on fire"))
        }
    }
    let file = Classic::default().file(&[(0, b"x"), (1, b"y")]);
    for cut in [24, 30, file.len()] {
        let (frames, end) = walk(Cursor::new(file[..cut].to_vec()).chain(Failing), BLOCK_BYTES);
        assert_eq!(frames.len(), if cut == file.len() { 2 } else { 0 });
        let record = if cut == file.len() { cut } else { 24 };
        assert_eq!(end.unwrap(), format!("can't be read: the disk is on fire at {record}"));
    }
    let (_, end) = walk(Cursor::new(file[..10].to_vec()).chain(Failing), BLOCK_BYTES);
    assert_eq!(end.unwrap(), "cut");
}

proptest! {
    #[test]
    fn any_split_of_reads_gives_the_same_frames(portions in prop::collection::vec(1_usize..40, 1..20), pcapng: bool) {
        let classic = Classic { magic: NANOSECONDS, ..Classic::default() };
        let file = if pcapng { rich_pcapng() } else { classic.file(&[(1, b"one"), (2, b""), (3, &[7; 100])]) };
        prop_assert_eq!(walk(dribble(&file, &portions), 64), walk_bytes(&file));
    }

    #[test]
    fn no_damage_is_read_differently_when_split(
        at in 0_usize..1200, value: u8, portions in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let mut file = rich_pcapng();
        let length = file.len();
        file[at % length] = value;
        prop_assert_eq!(walk(dribble(&file, &portions), 64), walk_bytes(&file));
        let mut file = Classic { order: Order::Big, ..Classic::default() }.file(&[(1, b"one"), (2, b""), (3, &[7; 100])]);
        let length = file.len();
        file[at % length] = value;
        prop_assert_eq!(walk(dribble(&file, &portions), 64), walk_bytes(&file));
    }

    #[test]
    fn random_blocks_never_panic(blocks in prop::collection::vec((0_u32..8, prop::collection::vec(any::<u8>(), 0..60)), 0..20)) {
        let s = Section(Order::Little);
        let mut file = s.header();
        for (kind, body) in blocks {
            file.extend(s.block(kind, &body));
        }
        prop_assert_eq!(walk(dribble(&file, &[3, 5]), 64), walk_bytes(&file));
    }
}

/// A folder of files for a test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A capture with a packet at each time, in milliseconds, that holds `name`.
fn capture(name: &str, times: &[u64]) -> Vec<u8> {
    let packets: Vec<_> = times.iter().map(|ms| (ms * 1_000_000, name.as_bytes())).collect();
    Classic::default().file(&packets)
}

fn replay(paths: &[PathBuf], filter: Option<&str>) -> (Vec<Seen>, Replay) {
    let mut replay = Replay::open(paths, filter).unwrap();
    let mut frames = Vec::new();
    let mut batch = Batch::new();
    while replay.next_batch(&mut batch).unwrap() {
        assert!(batch.frames.len() <= BATCH_FRAMES);
        frames.extend(seen(&batch));
    }
    assert!(batch.frames.is_empty() && !replay.next_batch(&mut batch).unwrap(), "the end stays the end");
    (frames, replay)
}

fn refusal(paths: &[PathBuf], filter: Option<&str>) -> String {
    let error = Replay::open(paths, filter).err().unwrap().to_string();
    assert!(!error.contains('\n') && error.contains("; "), "{error}");
    error
}

/// Times in milliseconds and the names in the packets.
fn told(frames: &[Seen]) -> Vec<(u64, String)> {
    frames.iter().map(|(time, bytes, ..)| (time / 1_000_000, String::from_utf8(bytes.clone()).unwrap())).collect()
}

fn pairs(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(time, name)| (*time, (*name).to_owned())).collect()
}

#[test]
fn files_are_merged_in_time_order() {
    let folder = Folder::new();
    let b = folder.file("b", &capture("b", &[30, 40, 50]));
    let a = folder.file("a", &capture("a", &[10, 35, 40, 45]));
    let c = folder.file("c", &capture("c", &[60]));
    let expected = pairs(&[(10, "a"), (30, "b"), (35, "a"), (40, "a"), (40, "b"), (45, "a"), (50, "b"), (60, "c")]);
    for paths in [[a.clone(), b.clone(), c.clone()], [c, b, a]] {
        let (frames, replay) = replay(&paths, None);
        assert_eq!(told(&frames), expected);
        let counters = replay.counters();
        assert_eq!((counters.files, counters.frames, counters.damaged), (3, 8, 0));
        assert_eq!(Some(counters.bytes), replay.progress().total_bytes());
    }
}

#[test]
fn a_clock_that_steps_back_keeps_its_file_in_order() {
    let folder = Folder::new();
    let a = folder.file("a", &capture("a", &[10, 5, 20, 15, 30]));
    let b = folder.file("b", &capture("b", &[12, 25]));
    let (frames, _) = replay(&[a, b], None);
    let expected = [(10, "a"), (5, "a"), (12, "b"), (20, "a"), (15, "a"), (25, "b"), (30, "a")];
    assert_eq!(told(&frames), pairs(&expected));
}

#[test]
fn thousands_of_rotated_files_take_one_descriptor() {
    let folder = Folder::new();
    for n in 0..3000_u64 {
        folder.file(&format!("{:04}", (n * 7) % 3000), &capture("x", &[(n * 7) % 3000 * 10, (n * 7) % 3000 * 10 + 10]));
    }
    let mut replay = Replay::open(&[folder.path().to_owned()], None).unwrap();
    let mut batch = Batch::new();
    let (mut last, mut frames) = (0, 0);
    while replay.next_batch(&mut batch).unwrap() {
        for frame in &batch.frames {
            assert!(frame.time.nanos() >= last);
            last = frame.time.nanos();
            frames += 1;
        }
        let open = std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        assert!(open.filter(|path| path.starts_with(folder.path())).count() <= 2);
    }
    assert_eq!(frames, 6000);
    assert_eq!(replay.counters().files, 3000);
}

#[test]
fn compressed_files_are_recognised_by_their_bytes() {
    let folder = Folder::new();
    let plain = capture("x", &(0..5000).collect::<Vec<_>>());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(&plain).unwrap();
    let expected = replay(&[folder.file("plain", &plain)], None).0;
    assert_eq!(expected.len(), 5000);
    for (name, bytes) in
        [("g", gzip.finish().unwrap()), ("x", xz.finish().unwrap()), ("z", zstd::encode_all(&plain[..], 3).unwrap())]
    {
        let path = folder.file(name, &bytes);
        let (frames, done) = replay(std::slice::from_ref(&path), None);
        assert_eq!(frames, expected);
        assert_eq!(done.counters().bytes, bytes.len() as u64);
        assert_eq!(done.progress().total_bytes(), Some(bytes.len() as u64));
        let (frames, done) = replay(&[path, folder.file("later", &capture("y", &[9000]))], None);
        assert_eq!(frames.len(), 5001);
        assert_eq!(Some(done.counters().bytes), done.progress().total_bytes());
        let cut = folder.file("cut", &bytes[..bytes.len() / 2]);
        let (frames, done) = replay(&[cut], None);
        assert!(expected.starts_with(&frames));
        assert_eq!(done.damages().len(), 1);
        let (frames, done) = replay(&[folder.file("stub", &bytes[..12])], None);
        assert_eq!((frames.len(), done.damages().len()), (0, 1), "{name}");
    }
}

#[test]
fn damage_in_one_file_leaves_the_others_whole() {
    let folder = Folder::new();
    let mut broken = capture("a", &[1, 2, 3]);
    broken.truncate(broken.len() - 1);
    let paths = [folder.file("a", &broken), folder.file("b", &capture("b", &[2, 9])), folder.file("c", &broken[..9])];
    let (frames, replay) = replay(&paths, None);
    assert_eq!(told(&frames), pairs(&[(1, "a"), (2, "a"), (2, "b"), (9, "b")]));
    let damages: Vec<_> = replay.damages().iter().map(ToString::to_string).collect();
    assert_eq!(
        damages,
        [
            format!("{}: byte 0: the file ends in its header", paths[2].display()),
            format!("{}: byte 58: the file ends in the middle of a record", paths[0].display()),
        ]
    );
    assert_eq!(replay.counters().damaged, 2);
}

#[test]
fn a_folder_may_hold_other_things() {
    let folder = Folder::new();
    folder.file("b.pcap", &capture("b", &[2]));
    folder.file("deep/er/a.cap", &capture("a", &[1]));
    folder.file("README", b"captures of last week");
    folder.file("empty.pcap", b"");
    folder.file("header.pcap", &capture("", &[]));
    let (frames, replay) = replay(&[folder.path().to_owned()], None);
    assert_eq!(told(&frames), pairs(&[(1, "a"), (2, "b")]));
    let notes = replay.notes();
    assert!(notes[0].ends_with("README: is no capture: passed over"), "{notes:?}");
    assert!(notes[1].ends_with("empty.pcap: is empty: passed over"), "{notes:?}");
    assert_eq!((notes.len(), replay.damages().len()), (2, 0));
    assert_eq!(Some(replay.counters().bytes), replay.progress().total_bytes());
}

#[test]
fn what_was_named_must_be_a_capture() {
    let folder = Folder::new();
    let good = folder.file("good", &capture("x", &[1]));
    let refused = |name: &str, bytes: &[u8]| refusal(&[good.clone(), folder.file(name, bytes)], None);
    assert!(refused("empty", b"").contains("empty: is empty; "));
    assert!(refused("text", b"hello, world").contains("text: is no capture; "));
    assert!(refused("bell\x07\n", b"hello, world").contains("bell\\u{7}\\n: is no capture; "));
    let old = Classic { version: (1, 0), ..Classic::default() }.file(&[]);
    assert!(refused("old", &old).contains("old: is a capture of an unknown kind (pcap version 1.0); "));
    assert!(
        refusal(&[folder.path().join("missing")], None).contains("missing: can't be read: No such file or directory; ")
    );
    let empty = Folder::new();
    assert!(refusal(&[empty.path().to_owned()], None).contains("holds no capture; "));
    empty.file("note", b"nothing here");
    assert!(refusal(&[empty.path().to_owned()], None).contains("holds no capture; "));
}

#[test]
fn the_filter_leaves_frames_out_and_counts_them() {
    let folder = Folder::new();
    let times: Vec<u64> = (0..2500).collect();
    // Too short for Ethernet, but its length can be told.
    let a = folder.file("a", &capture("a", &times));
    let b = folder.file("b", &capture("a longer packet", &[7, 3000]));
    let (frames, done) = replay(&[a.clone(), b.clone()], Some("greater 10"));
    assert_eq!(frames.len(), 2);
    assert_eq!((done.counters().frames, done.counters().filtered), (2502, 2500));
    let raw = folder.file("raw", &Classic { network: 101, ..Classic::default() }.file(&[(1, b"x")]));
    let (frames, done) = replay(&[a.clone(), raw], Some("ether host 1:2:3:4:5:6"));
    assert_eq!(frames.len(), 0);
    assert_eq!(done.notes(), ["the filter makes no sense on link type 101: none of its frames pass"]);
    assert!(refusal(&[a], Some("port port")).starts_with("filter 'port port': "));
}

#[test]
fn a_pipe_is_read_once() {
    let folder = Folder::new();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let (pipe, bytes) = (pipe.clone(), capture("pipe", &[2, 4]));
        move || std::fs::write(pipe, bytes).unwrap()
    });
    let (frames, replay) = replay(&[pipe, folder.file("file", &capture("file", &[1, 3]))], None);
    writer.join().unwrap();
    assert_eq!(told(&frames), pairs(&[(1, "file"), (2, "pipe"), (3, "file"), (4, "pipe")]));
    assert_eq!(replay.progress().total_bytes(), None);
}

#[test]
fn libpcap_gives_the_same_frames() {
    let folder = Folder::new();
    let mut files = Vec::new();
    for order in ORDERS {
        for magic in [MICROSECONDS, NANOSECONDS, MODIFIED] {
            let classic = Classic { order, magic, ..Classic::default() };
            let packets: Vec<(u64, &[u8])> =
                (0..500).map(|n| (n * 1_234_567_891, &[7; 300][..n as usize % 300])).collect();
            files.push((format!("{classic:?}"), classic.file(&packets)));
        }
        let s = Section(order);
        for resolution in [3, 6, 9, 0x80 | 20] {
            let options = [s.option(9, &[resolution]), s.option(14, &s.0.u64(5))].concat();
            let mut file = [s.header(), s.interface(1, 1000, &options), s.interface(1, 1000, &options)].concat();
            for n in 0..500_u32 {
                let bytes = &[9; 300][..n as usize % 300];
                file.extend(match n % 5 {
                    4 => s.obsolete_packet(1, u64::from(n) * 12_345, bytes, n + 1000),
                    3 => s.packet_with(1, u64::from(n) * 1_234_567, bytes, n + 1000, &s.option(1, b"why not")),
                    2 => s.block(0x7777, bytes),
                    _ => s.packet(0, u64::from(n) * 1_234_567, bytes, n + 1000),
                });
            }
            files.push((format!("pcapng {order:?} {resolution:#x}"), file));
        }
    }
    for (name, bytes) in files {
        let path = folder.file("x", &bytes);
        let mut oracle = pcap::Capture::from_file_with_precision(&path, pcap::Precision::Nano).unwrap();
        let expected = RefCell::new(Vec::new());
        while let Ok(packet) = oracle.next_packet() {
            let time = packet.header.ts.tv_sec as u64 * SECOND + packet.header.ts.tv_usec as u64;
            expected.borrow_mut().push((time, packet.data.to_vec(), packet.header.len, 1));
        }
        let expected = expected.into_inner();
        assert!(expected.len() >= 400, "{name}");
        assert_eq!(replay(&[path], None).0, expected, "{name}");
    }
}
