//! The laws that hold for every capture of `pcaps/`, whatever its protocols are.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;

use dissectors::files::HashLimit;
use flowtable::{Config, Drop};
use sensor::pipeline::Plan;
use support::capture::{self, Capture, Frame};
use support::chance::Chance;
use support::change;
use support::headers;
use support::play::{Played, plan, play, play_bytes, play_in_batches, play_with};
use support::told::{Told, all_differences, sessions};

const SECOND: u64 = 1_000_000_000;

/// Fails with what differs, capture by capture.
#[derive(Default)]
struct Verdict(String);

impl Verdict {
    fn compare(&mut self, what: &str, before: &[Told], after: &[Told]) {
        let differences = all_differences(before, after);
        if !differences.is_empty() {
            writeln!(self.0, "{what}:\n{}", differences.join("\n")).unwrap();
        }
    }

    fn end(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

fn without(sessions: &[Told], ignored: &[&str]) -> Vec<Told> {
    sessions.iter().map(|told| told.without(ignored)).collect()
}

/// Accounts that must hold for every run.
fn assert_accounts(what: &str, played: &Played) {
    let ingested = &played.outcome.ingested;
    let drops: u64 = Drop::ALL.into_iter().map(|reason| ingested.drop_count(reason)).sum();
    assert_eq!(ingested.frames, played.frames, "{what}: frames given and frames taken");
    assert_eq!(ingested.frames, ingested.packets + drops, "{what}: a frame is a packet or a drop");
    let counters = &played.outcome.counters;
    assert_eq!(counters.packets, ingested.packets, "{what}: packets decoded and packets in tables");
    assert_eq!(counters.opened, counters.told, "{what}: each session is told");
    let sessions = played.sessions();
    assert_eq!(counters.told, sessions.len() as u64, "{what}: each session has its line");
    assert_eq!(counters.dissectors_failed, 0, "{what}: a dissector failed");
    let held = ingested.drop_count(Drop::FragmentHeld);
    assert_eq!(ingested.fragments_joined + ingested.fragments_abandoned, held, "{what}: fragments");
    let counted = |name| sessions.iter().map(|told| told.session(name).parse::<u64>().unwrap()).sum::<u64>();
    let packets = counted("src_pkts") + counted("dst_pkts");
    assert_eq!(packets, ingested.packets + ingested.fragments_joined, "{what}: a packet is in one session");
}

/// All captures together: each shifted to the same beginning and in a VLAN of its own, and long after them a last packet that ends
/// every session.
fn together() -> (Vec<Capture>, Capture) {
    let begin = 1_800_000_000 * SECOND;
    let alone: Vec<Capture> = capture::all()
        .iter()
        .enumerate()
        .map(|(nth, capture)| {
            let shift = |frame: &Frame| begin + nth as u64 * 1_000_003 + (frame.time - capture.frames[0].time);
            let shifted = capture.changed(|frame| vec![Frame { time: shift(frame), ..frame.clone() }]);
            change::in_vlan(&shifted, 1000 + nth as u16)
        })
        .collect();
    let mut frames: Vec<Frame> = alone.iter().flat_map(|capture| capture.frames.clone()).collect();
    frames.sort_by_key(|frame| frame.time);
    frames.push(last(begin));
    (alone, Capture { name: "all".to_owned(), link: 1, frames })
}

/// A packet four hours after `begin`.
fn last(begin: u64) -> Frame {
    let mut frame = capture::named("icmp-ping").frames[0].clone();
    frame.time = begin + 4 * 3600 * SECOND;
    frame
}

#[test]
fn any_number_of_workers_writes_the_same_bytes() {
    let (_, all) = together();
    let captures = capture::all();
    for capture in captures.iter().chain([&all]) {
        let expected = play(capture).text;
        for workers in [1, 2, 8, 8] {
            let told = play_with(&plan(workers), capture).text;
            assert!(told == expected, "{} with {workers} workers:\n{told}\nand with one:\n{expected}", capture.name);
        }
    }
}

#[test]
fn packets_taken_flow_by_flow_give_what_they_give_one_by_one() {
    let (_, all) = together();
    let captures = capture::all();
    for capture in captures.iter().chain([&all]) {
        let expected = play_in_batches(&plan(1), capture, 1).text;
        for (workers, at_once) in [(1, 7), (1, 1024), (2, 300)] {
            let told = play_in_batches(&plan(workers), capture, at_once).text;
            let how = format!("{} by {workers} workers, {at_once} at once", capture.name);
            assert!(told == expected, "{how}:\n{told}\nand one by one:\n{expected}");
        }
    }
}

#[test]
fn what_is_told_of_a_file_but_its_hash_does_not_depend_on_hashing() {
    let mut verdict = Verdict::default();
    // Nobody sees that content which nobody reads is sent twice, not alike, or wrong.
    let about_bytes = |told: &Told| {
        told.without(&["file.sha256", "session.cut"]).without_flag("overlap_conflict").without_flag("bad_checksum")
    };
    for capture in capture::all() {
        let unhashing = Config { file_hash: HashLimit::NONE, ..Config::default() };
        let unhashed = play_with(&Plan { table: unhashing, ..plan(1) }, &capture).sessions();
        let hashed = play(&capture).sessions();
        let [hashed, unhashed] =
            [hashed, unhashed].map(|sessions| sessions.iter().map(about_bytes).collect::<Vec<_>>());
        verdict.compare(&capture.name, &hashed, &unhashed);
    }
    verdict.end();
}

#[test]
fn every_run_is_accounted_for() {
    let (_, all) = together();
    for capture in capture::all().iter().chain([&all]) {
        assert_accounts(&capture.name, &play(capture));
        assert_accounts(&capture.name, &play_with(&plan(3), capture));
    }
}

#[test]
fn lines_come_in_the_order_in_which_sessions_ended() {
    let (_, all) = together();
    let end = all.frames.last().unwrap().time;
    let mut reached = String::new();
    let mut counted = 0;
    let all_sessions = play(&all).sessions();
    for told in &all_sessions {
        // When a session ended is told by its last packet and the timeout that then ran out.
        let timeout = match (told.session("end"), told.session("transport"), told.session("state")) {
            ("fin" | "rst", ..) => 5,
            ("answered", ..) => 2,
            ("idle", "udp", _) => 60,
            ("idle", "icmp" | "icmpv6", _) => 30,
            ("idle", "tcp", "S0") => 30,
            ("idle", "tcp", "S1") => 3600,
            ("shutdown", ..) => 0,
            _ => continue,
        };
        // Where its ends were used again, the next session ended it.
        let reused = all_sessions.iter().any(|other| {
            let ends = ["vlan", "src", "src_port", "dst", "dst_port"];
            other.session("start") > told.session("start")
                && ends.iter().all(|name| other.session(name) == told.session(name))
        });
        if reused {
            continue;
        }
        let ended = if timeout == 0 { rfc3339(end) } else { later(&told.timestamp, timeout) };
        assert!(reached <= ended, "{reached} before {ended}: {told:?}");
        reached = ended;
        counted += 1;
    }
    assert!(counted > 250, "{counted}");
}

/// A time of the first hours of the day that all captures are shifted to, so many seconds later.
fn later(timestamp: &str, seconds: u64) -> String {
    let number = |from: usize, to: usize| timestamp[from..to].parse::<u64>().unwrap();
    let second = number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19) + seconds;
    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    format!("{}{clock}{}", &timestamp[..11], &timestamp[19..])
}

/// 1,800,000,000 s is 2027-01-15T08:00:00Z.
fn rfc3339(time: u64) -> String {
    let since = time - 1_800_000_000 * SECOND;
    later(&format!("2027-01-15T08:00:00.{:06}Z", since % SECOND / 1000), since / SECOND)
}

#[test]
fn other_sessions_change_no_session_s_record() {
    let (alone, all) = together();
    let together = play(&all).sessions();
    let mut verdict = Verdict::default();
    for (nth, capture) in alone.iter().enumerate() {
        let mut capture = capture.clone();
        capture.frames.push(last(1_800_000_000 * SECOND));
        let mine = |sessions: &[Told]| -> Vec<Told> {
            let vlan = (1000 + nth).to_string();
            sessions.iter().filter(|told| told.session("vlan").split(',').next() == Some(&vlan)).cloned().collect()
        };
        let before = mine(&play(&capture).sessions());
        assert!(!before.is_empty(), "{}", capture.name);
        verdict.compare(&capture.name, &before, &mine(&together));
    }
    verdict.end();
}

/// When a session began, and with whom: what finds it again on other ports.
fn start(told: &Told) -> String {
    ["start", "src", "dst"].map(|name| told.session(name)).join(" ")
}

#[test]
fn other_ports_change_no_app_and_no_fact_of_a_protocol() {
    // Ids come from the ports, and the packet that an ICMP error quotes was left as it was.
    let ignored =
        ["session.id", "session.cid", "session.src_port", "session.dst_port", "text", "icmp.about", "icmpv6.about"];
    let mut verdict = Verdict::default();
    for capture in capture::all() {
        let by_ends = |sessions: Vec<Told>, mask: u16| {
            let mut map: BTreeMap<String, Vec<Told>> = BTreeMap::new();
            for told in sessions {
                let ported = !told.session("src_port").is_empty();
                let ends = told.ends(|port| if ported { port ^ mask } else { port });
                map.entry(ends).or_default().push(told.without(&ignored).without_flag("off_port"));
            }
            map.into_values().flatten().collect::<Vec<_>>()
        };
        // What was announced was announced on the port that it had, and is not found on another.
        let sessions = play(&capture).sessions();
        let announced: Vec<String> =
            sessions.iter().filter(|told| !told.session("parent").is_empty()).map(start).collect();
        let unannounced = |sessions: Vec<Told>| -> Vec<Told> {
            sessions.into_iter().filter(|told| !announced.contains(&start(told))).collect()
        };
        let before = by_ends(unannounced(sessions), 0);
        let after = play(&change::on_other_ports(&capture)).sessions();
        let after = by_ends(unannounced(after), change::PORT_MASK);
        let strip = |sessions: &[Told]| sessions.iter().map(|told| told.without(&[])).collect::<Vec<_>>();
        verdict.compare(&capture.name, &strip(&before), &strip(&after));
    }
    verdict.end();
}

#[test]
fn tunnels_and_tags_change_no_inner_fact() {
    type Wrap = fn(&Capture) -> Capture;
    let wraps: [(&str, &str, Wrap); 5] = [
        ("VLAN", "session.vlan", |capture| change::in_vlan(capture, 77)),
        ("GRE", "session.tunnel", change::in_gre),
        ("GRE with Ethernet", "session.tunnel", change::in_gretap),
        ("VXLAN", "session.tunnel", |capture| change::in_vxlan(capture, 77)),
        ("GENEVE", "session.tunnel", |capture| change::in_geneve(capture, 77)),
    ];
    let mut verdict = Verdict::default();
    for (what, path, wrap) in wraps {
        for capture in capture::all() {
            // An id tells flows apart where it names a network, and then sessions have other names.
            let ignored = [path, "session.id", "session.parent", "icmp.about", "icmpv6.about"];
            let after = play(&wrap(&capture)).sessions();
            let added = if what == "VLAN" {
                "77"
            } else if what.starts_with("GRE") {
                "gre"
            } else {
                "77"
            };
            let has = |told: &Told| told.values.get(path).is_some_and(|path| path.contains(added));
            assert!(after.iter().all(has), "{} in {what}", capture.name);
            let before = play(&capture).sessions();
            verdict.compare(
                &format!("{} in {what}", capture.name),
                &without(&before, &ignored),
                &without(&after, &ignored),
            );
        }
    }
    verdict.end();
}

#[test]
fn fragments_change_no_inner_fact() {
    let ignored =
        ["session.src_pkts", "session.dst_pkts", "session.src_ip_bytes", "session.dst_ip_bytes", "session.flags"];
    let mut verdict = Verdict::default();
    let mut fragmented = 0;
    for capture in capture::all() {
        if !capture.frames.iter().all(Frame::is_whole) {
            continue;
        }
        for size in [24, 256] {
            let what = format!("{} in fragments of {size} bytes", capture.name);
            let played = play(&change::in_fragments(&capture, size));
            assert_accounts(&what, &played);
            fragmented += played.outcome.ingested.fragments_joined;
            let (before, after) = (play(&capture).sessions(), played.sessions());
            verdict.compare(&what, &without(&before, &ignored), &without(&after, &ignored));
        }
    }
    assert!(fragmented > 10_000, "{fragmented}");
    verdict.end();
}

/// What a protocol told, and who spoke with whom; not how the packets came.
const OF_PACKETS: [&str; 15] = [
    "session.duration",
    "session.src_pkts",
    "session.dst_pkts",
    "session.src_ip_bytes",
    "session.dst_ip_bytes",
    "session.retransmits",
    "session.history",
    "session.rtt",
    "session.src_mac",
    "session.dst_mac",
    "dns.rtt",
    "text",
    "session.end",
    // Evidence of the rhythm of packets.
    "session.interactive",
    "session.keystrokes",
];

#[test]
fn disorder_changes_no_fact_of_a_protocol() {
    let mut verdict = Verdict::default();
    for capture in capture::all() {
        let mut chance = Chance::named(&capture.name);
        let before = without(&play(&capture).sessions(), &OF_PACKETS);
        // How long a hole is waited for that nothing fills depends on what comes when.
        let lossy = before.iter().any(|told| told.session("flags").contains("gap"));
        let windows = if lossy { &[1, 2, 4][..] } else { &[1, 2, 4, 16] };
        for &window in windows {
            let after = play(&change::in_disorder(&capture, window, &mut chance)).sessions();
            let what = format!("{} in disorder of {window}", capture.name);
            verdict.compare(&what, &before, &without(&after, &OF_PACKETS));
        }
    }
    verdict.end();
}

#[test]
fn copies_change_no_fact_of_a_protocol() {
    let mut verdict = Verdict::default();
    for capture in capture::all() {
        let mut chance = Chance::named(&capture.name);
        let before = without(&play(&capture).sessions(), &OF_PACKETS);
        for round in 0..3 {
            let after = play(&change::with_copies(&capture, &mut chance)).sessions();
            verdict.compare(&format!("{} with copies, {round}", capture.name), &before, &without(&after, &OF_PACKETS));
        }
    }
    verdict.end();
}

/// Packets at which each capture is cut.
const CUTS: usize = 24;

/// Whether a session may rightly have a more general name before it has its own.
fn begins_as(app: &str, before: &str) -> bool {
    matches!((before, app), ("rpc", "portmap" | "mount" | "nfs" | "nlm") | ("capwap" | "stun", "dtls"))
}

#[test]
fn a_capture_cut_at_any_packet_is_told() {
    for capture in capture::all() {
        let whole = play(&capture).sessions();
        let step = capture.frames.len().div_ceil(CUTS);
        for kept in (0..capture.frames.len()).step_by(step) {
            let cut = Capture { frames: capture.frames[..kept].to_vec(), ..capture.clone() };
            let played = play(&cut);
            assert_accounts(&format!("{} cut at {kept}", capture.name), &played);
            // What is left is what the whole one begins with: no session has another app than it will have.
            for told in played.sessions().iter().filter(|told| told.app() != "unknown") {
                let ends = told.ends(|port| port);
                let known = whole.iter().any(|whole| {
                    whole.ends(|port| port) == ends && (whole.app() == told.app() || begins_as(whole.app(), told.app()))
                });
                assert!(known, "{} cut at {kept}: {told:?}", capture.name);
            }
        }
    }
}

#[test]
fn a_file_cut_or_spoilt_anywhere_is_survived() {
    let (mut damaged, mut refused) = (0, 0);
    for capture in capture::all() {
        let mut chance = Chance::named(&capture.name);
        let file = capture.pcap();
        for round in 0..8 {
            let mut bytes = file.clone();
            if round % 2 == 0 {
                bytes.truncate(chance.below(bytes.len()));
            } else {
                for _ in 0..1 + chance.below(20) {
                    let at = chance.below(bytes.len());
                    bytes[at] = chance.next() as u8;
                }
            }
            match play_bytes(&bytes) {
                Some(played) => {
                    damaged += usize::from(!played.damages.is_empty());
                    assert_accounts(&format!("{} spoilt, {round}", capture.name), &played);
                }
                None => refused += 1,
            }
        }
    }
    assert!(damaged > 100 && refused < 40, "{damaged} {refused}");
}

#[test]
fn frames_cut_to_any_length_are_survived() {
    for capture in capture::all() {
        for snaplen in [0, 1, 13, 14, 20, 33, 34, 40, 54, 60, 66, 74, 90, 120] {
            let cut = capture.changed(|frame| {
                let bytes = frame.bytes[..frame.bytes.len().min(snaplen)].to_vec();
                vec![Frame { bytes, ..*frame }]
            });
            assert_accounts(&format!("{} cut to {snaplen}", capture.name), &play(&cut));
        }
    }
}

#[test]
fn the_changes_change_something() {
    let capture = capture::named("http-download");
    let mut chance = Chance::named(&capture.name);
    assert_ne!(change::in_disorder(&capture, 3, &mut chance), capture);
    assert!(change::with_copies(&capture, &mut chance).frames.len() > capture.frames.len() + 10);
    assert!(change::in_fragments(&capture, 24).frames.len() > 10 * capture.frames.len());
    let moved = change::on_other_ports(&capture);
    assert!(
        moved
            .frames
            .iter()
            .zip(&capture.frames)
            .all(|(moved, frame)| headers::tcp(&moved.bytes) != headers::tcp(&frame.bytes))
    );
    assert!(sessions(&play(&moved).text)[0].session("dst_port").parse::<u16>().unwrap() == 8000 ^ change::PORT_MASK);
}
