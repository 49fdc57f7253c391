//! Every format, every cut, every split: what a reader gives for files that the tests write themselves.

mod replays;

use std::io::{Cursor, Read};

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
