//! Runs of the pipeline in this process.

use std::path::PathBuf;

use dissectors::Timestamp;
use flowtable::Config;
use output::destination::Patience;
use output::{Destinations, Identity, Severity};
use sensor::pipeline::{self, Outcome, Plan};
use sensor::source::{BATCH_FRAMES, Batch, Counters, Damage, Error, Frame, Pool, Replay, Source};

use super::capture::Capture;
use super::told::{Told, sessions};

/// What came of a run.
pub struct Played {
    pub outcome: Outcome,
    /// Frames that the source gave.
    pub frames: u64,
    pub damages: Vec<Damage>,
    /// The lines.
    pub text: String,
}

impl Played {
    /// The lines taken apart; each must be well formed.
    pub fn sessions(&self) -> Vec<Told> {
        sessions(&self.text)
    }
}

pub fn plan(workers: usize) -> Plan {
    Plan {
        workers,
        table: Config::default(),
        ignore_vlan: false,
        identity: Identity::new("tap"),
        severity: Severity::LOG_INFO,
    }
}

/// Plays a capture with one worker.
pub fn play(capture: &Capture) -> Played {
    play_with(&plan(1), capture)
}

pub fn play_with(plan: &Plan, capture: &Capture) -> Played {
    play_in_batches(plan, capture, BATCH_FRAMES)
}

/// Plays a capture whose source gives at most so many frames at once.
pub fn play_in_batches(plan: &Plan, capture: &Capture, at_once: usize) -> Played {
    run(plan, &mut Memory { capture, next: 0, at_once, pool: Pool::default() })
}

/// Plays a file's bytes, whatever they are; `None` where they are no capture.
pub fn play_bytes(bytes: &[u8]) -> Option<Played> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    std::fs::write(&path, bytes).unwrap();
    Some(run(&plan(1), &mut Replay::open(&[path], None).ok()?))
}

fn run(plan: &Plan, source: &mut dyn Source) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("lines");
    // No line is cut: what a line has room for is not what is asked here.
    let spec = format!("file:{}?limit=1000000", path.display()).parse().unwrap();
    let mut destinations = Destinations::open(vec![spec], Patience::REPLAY).unwrap();
    let outcome = pipeline::run(plan, source, &mut destinations, &mut |_| {}).unwrap();
    let (counted, reports) = destinations.close();
    assert!(reports.is_empty(), "{reports:?}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(counted[0].1.sent, text.lines().count() as u64);
    let counters = source.counters();
    Played { outcome, frames: counters.frames - counters.filtered, damages: source.damages().to_vec(), text }
}

/// A source of frames in memory.
struct Memory<'c> {
    capture: &'c Capture,
    next: usize,
    at_once: usize,
    pool: Pool,
}

impl Source for Memory<'_> {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        batch.clear();
        let mut blank = self.pool.blank();
        while batch.frames.len() < self.at_once {
            let Some(frame) = self.capture.frames.get(self.next) else { break };
            let Some(offset) = blank.append(&frame.bytes) else { break };
            batch.frames.push(Frame {
                time: Timestamp::from_nanos(frame.time),
                offset: offset as u32,
                caplen: frame.bytes.len() as u32,
                wirelen: frame.wire_bytes,
                block: 0,
                link: self.capture.link,
            });
            self.next += 1;
        }
        batch.share(&blank.share());
        Ok(!batch.frames.is_empty())
    }

    fn counters(&self) -> Counters {
        Counters { frames: self.next as u64, ..Counters::default() }
    }

    fn damages(&self) -> &[Damage] {
        &[]
    }
}
