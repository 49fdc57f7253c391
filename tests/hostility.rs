//! What hostile sessions may cost: work that is linear in bytes, memory below a cap, and memory that is told honestly.
//!
//! The sessions are the written conversations, said again and again with other names, in segments of a byte, and with long runs of one
//! byte or of nested structures put in.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

mod script;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use dissectors::conversation::{Conversation, LATE_LOOKS, PENDING_CAP, REPEATS, REPEATS_AT_FIRST, Setup};
use dissectors::dictionary::Flag;
use dissectors::facts::Facts;
use dissectors::files::HashLimit;
use dissectors::{Timestamp, Transport};
use script::chance::Chance;
use script::{Script, Turn, mutation};

/// The most that one session may hold, files' hashes, windows of compression and its waiting bytes included.
const SESSION_BYTES: usize = 256 * 1024;
/// What a window of brotli may hold beyond that, the largest that is taken.
const WINDOW_BYTES: usize = 4200 * 1024;
/// How long a hostile session is.
const HOSTILE_BYTES: usize = 1 << 20;

/// The rule of the engine: bytes are shown again so often and no more.
fn check_effort(name: &str, conversation: &Conversation) {
    let effort = conversation.effort();
    assert!(effort.late_looks <= LATE_LOOKS, "{name}: {effort:?}");
    let late = u64::from(effort.late_looks) * (2 * PENDING_CAP as u64);
    let limit = effort.came * REPEATS + REPEATS_AT_FIRST + late;
    assert!(effort.shown <= limit, "{name}: {effort:?}");
}

/// Puts a counter in the place of digits and of letters that stand within words, so that names differ from turn to turn.
fn vary(bytes: &[u8], nth: usize, letters: bool) -> Vec<u8> {
    let mut count = nth;
    let mut out = bytes.to_vec();
    for at in (0..out.len()).rev() {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(0);
        let (first, size) = match bytes[at] {
            b'0'..=b'9' if !letters => (b'0', 10),
            b'a'..=b'z' if letters && before.is_ascii_lowercase() => (b'a', 26),
            _ => continue,
        };
        // Every few bytes the count begins anew, so that each name has some of it.
        if at % 16 == 0 {
            count = nth;
        }
        out[at] = first + ((usize::from(bytes[at] - first) + count) % size) as u8;
        count /= size;
    }
    out
}

/// As [`vary`], in the last bytes of long turns whatever they are: numbers and handles of binary protocols.
fn vary_binary(bytes: &[u8], nth: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let spread = nth.wrapping_mul(0x9e37_79b9) >> 3;
    let length = out.len();
    if length > 8 {
        for k in 0..2 {
            let at = 4 + (spread >> (k * 7)) % (length - 4);
            out[at] ^= (nth >> (k * 8)) as u8;
        }
    }
    out
}

/// A script's turns again and again from its turn `from` on, each time a little different, up to so many bytes.
fn repeated(script: &Script, from: usize, most: usize, vary: impl Fn(&[u8], usize) -> Vec<u8>) -> Vec<Turn> {
    let mut turns = script.turns.clone();
    let tail = &script.turns[from.min(script.turns.len() - 1)..];
    let mut bytes: usize = turns.iter().map(|turn| turn.bytes.len()).sum();
    let mut time = turns.last().unwrap().time;
    for nth in 1.. {
        for turn in tail {
            time += 1_000_000;
            bytes += turn.bytes.len().max(1);
            turns.push(Turn { side: turn.side, bytes: vary(&turn.bytes, nth), time });
        }
        if bytes >= most || turns.len() > 40_000 {
            return turns;
        }
    }
    turns
}

/// What is put into conversations: long runs, and structures within structures.
fn runs() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("spaces", b" ".to_vec()),
        ("newlines", b"\n".to_vec()),
        ("line ends", b"\r\n".to_vec()),
        ("parentheses", b"(".to_vec()),
        ("zeros", b"\0".to_vec()),
        ("ones", b"\x01".to_vec()),
        ("0xff", b"\xff".to_vec()),
        ("letters", b"a".to_vec()),
        ("digits", b"1".to_vec()),
        ("returns", b"\r".to_vec()),
        ("quotes", b"\"".to_vec()),
        ("escapes", b"\\".to_vec()),
        ("commas", b"a,".to_vec()),
        ("fields", b"a: b\r\n".to_vec()),
        ("headers", b"a:".to_vec()),
        ("angles", b"<a>".to_vec()),
        ("less", b"<".to_vec()),
        ("JSON", b"{\"a\":[".to_vec()),
        ("lists", b"l".to_vec()),
        ("hyphens", b"--".to_vec()),
        ("words", b"a b ".to_vec()),
        ("percent", b"%41".to_vec()),
        ("arrays", b"*1\r\n".to_vec()),
        ("BER", b"\x30\x80".to_vec()),
        ("BER with lengths", b"\x30\x84\x00\x0f\xff\xff".to_vec()),
        ("octets", b"\x04\x01a".to_vec()),
        ("comments", b"/*".to_vec()),
        ("literals", b"{1}\r\n".to_vec()),
        ("dots", b".\r\n".to_vec()),
        ("pairs", b"a=b;".to_vec()),
        ("words of MIME", b"=?utf-8?q?a?= ".to_vec()),
        ("telnet", b"\xff\xfa".to_vec()),
        ("length 1", b"\0\0\0\x01".to_vec()),
        ("length 4", b"\0\x04\0\0".to_vec()),
        ("length 1, little", b"\x01\0\0\0".to_vec()),
    ]
}

/// A script with a run put into turn `at`, behind its first `keep` bytes.
fn with_run(script: &Script, at: usize, keep: usize, run: &[u8], most: usize) -> Vec<Turn> {
    let mut turns = script.turns.clone();
    let keep = keep.min(turns[at].bytes.len());
    let rest = turns[at].bytes.split_off(keep);
    let long = run.iter().copied().cycle().take(most);
    turns[at].bytes.extend(long);
    turns[at].bytes.extend(rest);
    turns
}

fn hear(conversation: &mut Conversation, turn: &Turn, size: usize, transport: Transport) {
    let time = Timestamp::from_nanos(turn.time);
    let size = if transport == Transport::Tcp { size } else { 65_507 };
    for piece in turn.bytes.chunks(size) {
        if !conversation.listens() {
            return;
        }
        conversation.data(turn.side, piece, time);
    }
}

fn failed(conversation: &Conversation) -> bool {
    let mut facts = Facts::new();
    conversation.facts(&mut facts);
    facts.flags().contains(Flag::DissectorFailed)
}

/// Plays hostile turns; the memory told stays below the cap all the time.
fn play_hostile(name: &str, script: &Script, turns: &[Turn], size: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut conversation = Conversation::new(script.setup());
    let mut most = 0;
    for turn in turns {
        hear(&mut conversation, turn, size, script.transport);
        conversation.news().for_each(drop);
        most = most.max(conversation.heap_bytes());
    }
    check_effort(name, &conversation);
    conversation.close();
    if most > SESSION_BYTES + 2 * PENDING_CAP {
        wrong.push(format!("{name}: {most} bytes held"));
    }
    if failed(&conversation) {
        wrong.push(format!("{name}: failed"));
    }
    wrong
}

/// Changes a turn that is said for the so-many-th time.
type Variation = (&'static str, fn(&[u8], usize) -> Vec<u8>);

/// The ways in which a conversation is varied when it is said again.
fn variations() -> [Variation; 4] {
    [
        ("digits", |bytes, nth| vary(bytes, nth, false)),
        ("letters", |bytes, nth| vary(bytes, nth, true)),
        ("both", |bytes, nth| vary(&vary(bytes, nth, true), nth, false)),
        ("bytes", vary_binary),
    ]
}

/// Where a conversation is begun again: at its first turn, amid it, and at its last two turns of both sides.
fn starts(script: &Script) -> Vec<usize> {
    let count = script.turns.len();
    let mut starts = vec![0, count / 2, count.saturating_sub(2), count - 1];
    starts.dedup();
    starts
}

#[test]
fn memory_is_told_honestly_and_stays_below_its_cap() {
    let mut wrong = Vec::new();
    for script in script::all() {
        // What is made once in a process is no session's.
        drop(script::play(script.setup(), &script.turns));
        for from in starts(&script) {
            for (how, vary) in variations() {
                let turns = repeated(&script, from, HOSTILE_BYTES / 8, vary);
                let name = format!("{} again from {from} with other {how}", script.name);
                let mut kept = None;
                let allocated = allocation_counter::measure(|| {
                    let mut conversation = Conversation::new(script.setup());
                    for turn in &turns {
                        hear(&mut conversation, turn, 1460, script.transport);
                    }
                    kept = Some(conversation);
                });
                let conversation = kept.unwrap();
                let told = conversation.heap_bytes();
                let held = usize::try_from(allocated.bytes_current).unwrap();
                if told > SESSION_BYTES || held > 2 * told + 1024 || told > 2 * held + 8192 {
                    wrong.push(format!("{name}: {told} bytes told, {held} held"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn hostile_sessions_cost_no_more_than_their_bytes() {
    let mut wrong = Vec::new();
    for script in script::all() {
        for (size, most) in [(1, 6 * 1024), (1460, HOSTILE_BYTES / 8)] {
            for (what, run) in runs() {
                let at = script.turns.len() / 2;
                let keep = script.turns[at].bytes.len() / 2;
                let turns = with_run(&script, at, keep, &run, most);
                let name = format!("{} with {what} in pieces of {size}", script.name);
                wrong.extend(play_hostile(&name, &script, &turns, size));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// Not a law, as it reads a clock: lists the hostile sessions that take longest for their bytes. Run it in release after changes to
/// how dissectors look for ends: `cargo test --release -p dissectors --test hostility -- --ignored --nocapture the_slowest`.
#[test]
#[ignore = "reads a clock"]
fn the_slowest_sessions() {
    let mut slow: Vec<(Duration, String)> = Vec::new();
    let only = std::env::var("ONLY").unwrap_or_default();
    for script in script::all().iter().filter(|script| script.name.contains(&only)) {
        for at in 0..script.turns.len().min(6) {
            let bytes = script.turns[at].bytes.len();
            for (what, run) in runs() {
                let keep = [0, bytes / 2, bytes.saturating_sub(3), bytes][(at + what.len()) % 4];
                let turns = with_run(script, at, keep, &run, 128 * 1024);
                let begun = Instant::now();
                let mut conversation = Conversation::new(script.setup());
                for turn in &turns {
                    hear(&mut conversation, turn, 65_536, script.transport);
                }
                conversation.close();
                slow.push((begun.elapsed(), format!("{} turn {at} behind {keep}: {what}", script.name)));
            }
        }
    }
    slow.sort();
    for (time, name) in slow.iter().rev().take(150) {
        println!("{time:?} {name}");
    }
}

/// Plays a mutated conversation with a seed. Gives what is wrong.
fn play_mutated(scripts: &[Script], seed: u64) -> Option<String> {
    let mut chance = Chance(seed);
    let script = chance.pick(scripts).clone();
    let turns = mutation::mutate(&script, scripts, &mut chance);
    let size = *chance.pick(&[1, 2, 5, 40, 536, 1460, 65_536]);
    let (gap, ends) = (chance.one_in(3).then(|| chance.below(turns.len())), chance.one_in(4));
    let mut conversation = Conversation::new(Setup {
        midstream: chance.one_in(4),
        file_hash: HashLimit(chance.below(2) as u64 * 4096),
        ..script.setup()
    });
    let mut most = 0;
    for (at, turn) in turns.iter().enumerate() {
        if gap == Some(at) && script.transport == Transport::Tcp {
            conversation.gap(turn.side, 1 + chance.below(2 * turn.bytes.len()) as u64);
        } else {
            hear(&mut conversation, turn, size, script.transport);
        }
        most = most.max(conversation.heap_bytes());
        if chance.one_in(4) {
            conversation.news().for_each(drop);
        }
        if ends && chance.one_in(4) {
            conversation.end(turn.side);
        }
    }
    check_effort(&script.name, &conversation);
    conversation.close();
    if failed(&conversation) {
        return Some(format!("{} with seed {seed}: failed", script.name));
    }
    // HTTP's bodies in brotli.
    let window = if matches!(script.app.as_str(), "http" | "http2" | "socks") { WINDOW_BYTES } else { 0 };
    (most > SESSION_BYTES + 2 * PENDING_CAP + window)
        .then(|| format!("{} with seed {seed}: {most} bytes held", script.name))
}

/// Plays mutated conversations for a while, each from a seed of its own.
fn mutate_for(time: Duration, first: u64) -> Vec<String> {
    let scripts = script::all();
    let (begun, mut wrong) = (Instant::now(), Vec::new());
    for seed in first.. {
        if begun.elapsed() > time || wrong.len() > 50 {
            eprintln!("{} mutations", seed - first);
            break;
        }
        wrong.extend(play_mutated(&scripts, seed));
    }
    wrong
}

#[test]
fn mutated_conversations_are_survived() {
    let scripts = script::all();
    let wrong: Vec<String> = (0..20_000).filter_map(|seed| play_mutated(&scripts, seed)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// For as many seconds as `SECONDS` says, from the seed that `SEED` says.
#[test]
#[ignore = "runs as long as it is told to"]
fn mutated_conversations_are_survived_for_long() {
    static PLACES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let number = |name: &str, or| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    std::panic::set_hook(Box::new(|info| {
        PLACES.lock().unwrap().insert(info.to_string());
    }));
    let wrong = mutate_for(Duration::from_secs(number("SECONDS", 60)), number("SEED", 1 << 32));
    drop(std::panic::take_hook());
    let places: Vec<String> = PLACES.lock().unwrap().iter().cloned().collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), places.join("\n"));
}
