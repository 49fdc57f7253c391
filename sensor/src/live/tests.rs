//! A run that listens to a source of its own making, where a real one can't be had: the clock of this machine is not a test's to set.

use super::*;
use crate::cli::{Asked, parse};
use crate::source::live::Board;
use crate::source::{Batch, Counters, Damage, Error, Frame, Pool, Source};
use dissectors::Timestamp;
use dissectors::time::SECOND;

/// Gives batches that each have what a steady clock shows, and the times of frames of one flow.
struct Script {
    batches: Vec<(u64, Vec<u64>)>,
    pool: Pool,
}

/// A datagram from one host to another, or back.
fn datagram(back: bool) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    bytes.extend([8, 0, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0]);
    let (mut from, mut to) = ([10, 0, 0, 1, 0x30, 0x39], [10, 0, 0, 2, 0x1e, 0x61]);
    if back {
        std::mem::swap(&mut from, &mut to);
    }
    bytes.extend([&from[..4], &to[..4], &from[4..], &to[4..], &[0, 12, 0, 0], b"beat"].concat());
    bytes
}

impl Source for Script {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        batch.clear();
        if self.batches.is_empty() {
            return Ok(false);
        }
        // Whoever looks on has time to see it.
        std::thread::sleep(std::time::Duration::from_millis(250));
        let (steady, times) = self.batches.remove(0);
        batch.steady = Some(steady);
        let mut blank = self.pool.blank();
        for (nth, time) in times.into_iter().enumerate() {
            let bytes = datagram(nth % 2 == 1);
            let (offset, length) = (blank.append(&bytes).unwrap() as u32, bytes.len() as u32);
            let time = Timestamp::from_nanos(time);
            batch.frames.push(Frame { time, offset, caplen: length, wirelen: length, block: 0, link: 1 });
        }
        batch.share(&blank.share());
        Ok(true)
    }

    fn counters(&self) -> Counters {
        Counters::default()
    }

    fn damages(&self) -> &[Damage] {
        &[]
    }
}

/// Listens to a script with some options, and gives all lines.
fn lines(arguments: &str, batches: Vec<(u64, Vec<u64>)>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines");
    let line = format!("tapline -q -i none --workers 2 -o file:{} {arguments}", file.display());
    let Ok(Asked::Run(options)) = parse(line.split_whitespace().map(Into::into)) else { panic!("{line}") };
    let plan = plan(&options, dissectors::services::Services::known());
    let mut outlets = Outlets::open(&options.outputs, Patience::LIVE, 1 << 20).unwrap();
    outlets.start();
    let (meter, tuning) = (Meter::new(plan.workers), Tuning::new(plan.clone()));
    let (board, signals, keeper) = (Board::new(&[]), Signals::default(), Keeper::idle());
    let (over, beats) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut source = Script { batches, pool: Pool::default() };
    std::thread::scope(|scope| {
        let (meter, tuning, board, outlets) = (&meter, &tuning, &board, &outlets);
        let (signals, keeper, beats) = (&signals, &keeper, &beats);
        let watched = Watched { meter, tuning, board, outlets, signals, keeper, beats };
        let monitor = Monitor::new(plan.clone(), watched, (*options).clone(), None);
        let watching = scope.spawn(|| monitor.run(&over));
        pipeline::run_live(&plan, &mut source, &mut outlets.entrance(), &mut |_| (), meter, tuning).unwrap();
        over.store(true, Ordering::Relaxed);
        watching.join().unwrap();
    });
    outlets.close();
    std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_clock_that_steps_is_told_once_each_time_and_ends_no_session() {
    let (noon, hour) = (1_800_000_000 * SECOND, 3600 * SECOND);
    let second = |nth: u64| nth * SECOND;
    // An hour ahead, two hours back, and then in peace.
    let lines = lines(
        "",
        vec![
            (second(1), vec![noon, noon + SECOND / 2]),
            (second(2), vec![noon + hour + second(1), noon + hour + second(1) + 1]),
            (second(3), vec![noon - hour + second(2), noon - hour + second(2) + 1]),
            (second(4), vec![noon - hour + second(3), noon - hour + second(3) + 1]),
        ],
    );
    let steps: Vec<&String> = lines.iter().filter(|line| line.contains("event=\"clock\"")).collect();
    assert_eq!(steps.len(), 2, "{lines:?}");
    assert!(steps.iter().all(|line| line.starts_with("<132>") && line.contains("the clock of this host was set")));
    assert!(lines.last().unwrap().contains(" clock_steps=\"2\""), "{lines:?}");
    let sessions: Vec<&String> = lines.iter().filter(|line| line.contains(" SESSION ")).collect();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    for of_all in [" end=\"shutdown\"", " src_pkts=\"4\" dst_pkts=\"4\""] {
        assert!(sessions[0].contains(of_all), "{of_all}: {sessions:?}");
    }
}

#[test]
fn a_silent_wire_ends_sessions_all_the_same() {
    let noon = 1_800_000_000 * SECOND;
    let batches = vec![(SECOND, vec![noon]), (2 * SECOND, vec![]), (20 * SECOND, vec![]), (21 * SECOND, vec![])];
    let lines = lines("--timeout udp=5s", batches);
    let session = lines.iter().position(|line| line.contains(" SESSION ") && line.contains(" end=\"idle\"")).unwrap();
    assert!(session < lines.len() - 1 && lines.last().unwrap().contains(" told=\"1\""), "{lines:?}");
}
