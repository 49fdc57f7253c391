//! Several files as one capture: merged in time order, found in folders, compressed, damaged, filtered.

use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::*;

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
