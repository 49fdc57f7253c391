//! The thread that tells of the sensor itself, whatever the others are busy with.
//!
//! It writes a STATUS line at the beginning, at every interval and at the end, and one at once, as a warning, when packets, lines or
//! sessions begin to be lost, an interface goes or comes, the clock was set, or a destination fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dissectors::dictionary::status;
use dissectors::facts::Value;
use dissectors::{Facts, Timestamp};
use output::{MsgId, Record, Renderer, Severity};

use super::outlets::{Entrance, Outlets};
use super::signals::Signals;
use super::status::{Snapshot, resident_bytes};
use crate::cli::{self, Options, Verbosity};
use crate::metrics::Shared;
use crate::pipeline::{Meter, Outlet, Plan};
use crate::source::live::{Board, Link, wall_clock};

/// How often it looks around.
const BEAT: Duration = Duration::from_millis(100);
/// A loss that went on is told again, as a new one, after so long without any.
const CALM: Duration = Duration::from_secs(60);

/// A kind of loss: told when it begins.
#[derive(Debug, Default)]
struct Loss {
    seen: u64,
    last: Option<Instant>,
}

impl Loss {
    /// What is new since the last look, and whether that is a beginning.
    fn look(&mut self, count: u64, now: Instant) -> (u64, bool) {
        let new = count.saturating_sub(self.seen);
        self.seen = count;
        let begins = new > 0 && self.last.is_none_or(|last| now.duration_since(last) >= CALM);
        if new > 0 {
            self.last = Some(now);
        }
        (new, begins)
    }
}

pub(super) struct Monitor<'r> {
    meter: &'r Meter,
    board: &'r Board,
    outlets: &'r Outlets,
    signals: &'r Signals,
    entrance: Entrance<'r>,
    renderers: Vec<Renderer>,
    interval: Option<Duration>,
    verbosity: Verbosity,
    facts: Facts,
    start: Instant,
    /// When the last line was written, and what was counted then.
    told: Instant,
    before: Snapshot,
    /// Since when nothing is missing; `None` while an interface is down.
    complete_since: Option<Timestamp>,
    packets: Loss,
    lines: Loss,
    sessions: Loss,
    clock_steps: u64,
    metrics: Option<Shared>,
}

impl<'r> Monitor<'r> {
    pub(super) fn new(
        plan: &Plan,
        meter: &'r Meter,
        board: &'r Board,
        outlets: &'r Outlets,
        signals: &'r Signals,
        options: &Options,
        metrics: Option<Shared>,
    ) -> Self {
        let entrance = outlets.entrance();
        let renderers = entrance.profiles().iter().map(|profile| Renderer::new(&plan.identity, *profile)).collect();
        let now = Instant::now();
        let status_ns = options.live.as_ref().and_then(|live| live.status_ns);
        Self {
            meter,
            board,
            outlets,
            signals,
            entrance,
            renderers,
            interval: status_ns.map(Duration::from_nanos),
            verbosity: options.verbosity,
            facts: Facts::new(),
            start: now,
            told: now,
            before: Snapshot::take(meter, board.ports(), outlets.accounts()),
            complete_since: Some(wall_clock()),
            packets: Loss::default(),
            lines: Loss::default(),
            sessions: Loss::default(),
            clock_steps: 0,
            metrics,
        }
    }

    /// Looks around until the pipeline is over.
    pub(super) fn run(mut self, over: &AtomicBool) {
        let names: Vec<String> = self.board.ports().into_iter().map(|port| port.name).collect();
        let message = format!("listening to {}", names.join(", "));
        if self.verbosity != Verbosity::Quiet {
            cli::complain(&message);
        }
        self.tell("start", Some(&message), Severity::LOG_NOTICE);
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(BEAT);
            self.look();
            if self.interval.is_some_and(|interval| self.told.elapsed() >= interval) {
                self.tell_interval("interval", None);
            }
        }
        self.look();
        self.tell_interval("stop", Some("stopped"));
    }

    fn look(&mut self) {
        if self.signals.take_reopen() {
            self.outlets.reopen();
            self.tell("reopened", Some("files are opened anew"), Severity::LOG_NOTICE);
        }
        let now = Instant::now();
        let snapshot = self.snapshot();
        if let Some(metrics) = &self.metrics {
            metrics.set(snapshot.metrics());
        }
        let whole = snapshot.ports.iter().all(|port| port.link == Link::Up);
        if whole && self.complete_since.is_none() {
            self.complete_since = Some(wall_clock());
        } else if !whole {
            self.complete_since = None;
        }
        for event in self.board.take_events() {
            self.warn("interface", &event);
        }
        let steps = snapshot.ingested.clock_steps.saturating_sub(self.clock_steps);
        self.clock_steps = snapshot.ingested.clock_steps;
        if steps > 0 {
            self.warn(
                "clock",
                "the clock of this host was set: sessions go on, and their times are those of both clocks",
            );
        }
        let (new, begins) = self.packets.look(snapshot.packets_lost(), now);
        if new > 0 && self.complete_since.is_some() {
            self.complete_since = Some(wall_clock());
        }
        if begins {
            self.warn("loss", &format!("packets are being lost, {new} so far: see kernel_drops and interface_drops"));
        }
        let (new, begins) = self.lines.look(snapshot.lines_lost(), now);
        if begins {
            self.warn("loss", &format!("lines are being lost, {new} so far: see destination_lost"));
        }
        let (new, begins) = self.sessions.look(snapshot.sessions_hurt(), now);
        if begins {
            let what = "sessions are told early or less of, to stay within the memory";
            self.warn("loss", &format!("{what}, {new} so far; give more with --memory"));
        }
        for report in self.outlets.take_reports() {
            self.warn("destination", &report);
        }
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::take(self.meter, self.board.ports(), self.outlets.accounts())
    }

    /// Tells what must be known at once, on standard error too.
    fn warn(&mut self, event: &'static str, message: &str) {
        cli::complain(message);
        self.tell(event, Some(message), Severity::LOG_WARNING);
    }

    /// The line of an interval; a warning where something was lost in it.
    fn tell_interval(&mut self, event: &'static str, message: Option<&str>) {
        let now = self.snapshot();
        let lost = |snapshot: &Snapshot| {
            snapshot.packets_lost().saturating_add(snapshot.lines_lost()).saturating_add(snapshot.sessions_hurt())
        };
        let fine = lost(&now) == lost(&self.before) && now.ports.iter().all(|port| port.link == Link::Up);
        self.tell(event, message, if fine { Severity::LOG_INFO } else { Severity::LOG_WARNING });
    }

    fn tell(&mut self, event: &'static str, message: Option<&str>, severity: Severity) {
        if self.interval.is_none() {
            return;
        }
        let nanos = |since: Instant| u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let snapshot = self.snapshot();
        self.facts.clear();
        let mut out = self.facts.element(&status::STATUS);
        out.plain(&status::EVENT, event);
        if let Some(message) = message {
            out.bytes(&status::MESSAGE, message.as_bytes());
        }
        out.value(&status::UPTIME, Value::Seconds(nanos(self.start)));
        snapshot.write(&mut self.facts);
        let mut out = self.facts.element(&status::STATUS);
        if let Some(since) = self.complete_since {
            out.value(&status::COMPLETE_SINCE, Value::Time(since));
            out.value(&status::COMPLETE_UNTIL, Value::Time(self.board.reached().max(since)));
        }
        if let Some(bytes) = resident_bytes() {
            out.number(&status::MEMORY, bytes);
        }
        snapshot.write_since(&self.before, nanos(self.told), &mut self.facts);
        (self.before, self.told) = (snapshot, Instant::now());
        let record = Record { msg_id: MsgId::Status, time: wall_clock(), facts: &self.facts, severity: Some(severity) };
        let mut line = Vec::new();
        for (profile, renderer) in self.renderers.iter_mut().enumerate() {
            line.clear();
            let rendered = renderer.render(&record, &mut line);
            // Who no longer listens needs no telling; the pipeline ends then.
            let _ = self.entrance.write(profile, &line, rendered);
        }
        let _ = self.entrance.pause();
    }
}
