//! The thread that tells of the sensor itself, whatever the others are busy with.
//!
//! It writes a STATUS line at the beginning, at every interval and at the end, and one at once, as a warning, when packets, lines or
//! sessions begin to be lost, an interface goes or comes, the clock was set, or a destination fails. It also sees to SIGHUP, and tells systemd
//! how it goes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dissectors::dictionary::status;
use dissectors::facts::Value;
use dissectors::{Facts, Timestamp};
use output::{MsgId, Record, Renderer, Severity};

use super::keeper::{Configuration, Keeper};
use super::outlets::{Entrance, Outlets};
use super::signals::Signals;
use super::status::{Snapshot, resident_bytes};
use crate::cli::{self, Options, Values, Verbosity};
use crate::metrics::Shared;
use crate::notify::Notifier;
use crate::pipeline::{Meter, Outlet, Plan, Tuning};
use crate::replay;
use crate::source::live::{Board, Link, wall_clock};

/// How often it looks around.
const BEAT: Duration = Duration::from_millis(100);
/// A loss that went on is told again, as a new one, after so long without any.
const CALM: Duration = Duration::from_secs(60);

/// The key whose file is read anew beside the configuration.
const SERVICES: &str = "output.services";

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

/// What it looks at.
#[derive(Clone, Copy)]
pub(super) struct Watched<'r> {
    pub meter: &'r Meter,
    pub tuning: &'r Tuning,
    pub board: &'r Board,
    pub outlets: &'r Outlets,
    pub signals: &'r Signals,
    pub keeper: &'r Keeper,
    /// Grows as long as the reader does not hang.
    pub beats: &'r AtomicU64,
}

pub(super) struct Monitor<'r> {
    watched: Watched<'r>,
    entrance: Entrance<'r>,
    plan: Plan,
    options: Options,
    /// What of the configuration holds.
    values: Values,
    renderers: Vec<Renderer>,
    interval: Option<Duration>,
    facts: Facts,
    start: Instant,
    /// When the last line was written, and what was counted then.
    told: Instant,
    before: Snapshot,
    /// Since when nothing is missing; `None` while an interface is down.
    complete_since: Option<Timestamp>,
    packets: Loss,
    discards: Loss,
    damage: Loss,
    lines: Loss,
    sessions: Loss,
    clock_steps: u64,
    metrics: Option<Shared>,
    notifier: Notifier,
    beats: u64,
}

impl<'r> Monitor<'r> {
    pub(super) fn new(plan: Plan, watched: Watched<'r>, options: Options, metrics: Option<Shared>) -> Self {
        let entrance = watched.outlets.entrance();
        let now = Instant::now();
        let mut monitor = Self {
            watched,
            before: Snapshot::take(watched.meter, watched.board, watched.outlets, now),
            entrance,
            plan,
            values: options.origin.values.clone(),
            options,
            renderers: Vec::new(),
            interval: None,
            facts: Facts::new(),
            start: now,
            told: now,
            complete_since: Some(wall_clock()),
            packets: Loss::default(),
            discards: Loss::default(),
            damage: Loss::default(),
            lines: Loss::default(),
            sessions: Loss::default(),
            clock_steps: 0,
            metrics,
            notifier: Notifier::from_environment(),
            beats: 0,
        };
        monitor.tune();
        monitor
    }

    /// Takes over what options say of its own lines.
    fn tune(&mut self) {
        let profiles = self.entrance.profiles().iter();
        self.renderers = profiles.map(|profile| Renderer::new(&self.plan.identity, *profile)).collect();
        let status_ns = self.options.live.as_ref().and_then(|live| live.status_ns);
        self.interval = status_ns.map(Duration::from_nanos);
    }

    /// Looks around until the pipeline is over. Tells how much is to be said at the end.
    pub(super) fn run(mut self, over: &AtomicBool) -> Verbosity {
        super::name_thread(c"monitor");
        let names: Vec<String> = self.watched.board.ports().into_iter().map(|port| port.name).collect();
        let message = format!("listening to {}", names.join(", "));
        if self.options.verbosity != Verbosity::Quiet {
            cli::complain(&message);
        }
        self.tell("start", Some(&message), Severity::LOG_NOTICE);
        self.look();
        self.notifier.ready();
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(BEAT);
            self.look();
            if self.interval.is_some_and(|interval| self.told.elapsed() >= interval) {
                self.tell_interval("interval", None);
            }
        }
        self.notifier.stopping();
        self.look();
        self.tell_interval("stop", Some("stopped"));
        self.options.verbosity
    }

    fn look(&mut self) {
        // A sign of life of both: of this thread, and of the reader.
        let beats = self.watched.beats.load(Ordering::Relaxed);
        if beats != std::mem::replace(&mut self.beats, beats) {
            self.notifier.alive();
        }
        if self.watched.signals.take_reopen() {
            self.notifier.reloading();
            self.watched.outlets.reopen();
            self.tell("reopened", Some("files are opened anew"), Severity::LOG_NOTICE);
            self.watched.keeper.ask();
        }
        if let Some(answer) = self.watched.keeper.answer() {
            match answer {
                Ok(configuration) => self.take(configuration),
                Err(what) => self.warn("configuration", &format!("{what}; the configuration stays as it was")),
            }
            self.notifier.ready();
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
        for event in self.watched.board.take_events() {
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
        let (discarded, discards_begin) = self.discards.look(snapshot.packets_discarded(), now);
        if (new > 0 || discarded > 0) && self.complete_since.is_some() {
            self.complete_since = Some(wall_clock());
        }
        if begins {
            self.warn("loss", &format!("packets are being lost, {new} so far: see kernel_drops and interface_drops"));
        }
        if discards_begin {
            let what = format!("packets are thrown away before they can be seen, {discarded} so far");
            self.warn("loss", &format!("{what}: see discards and backlog_drops"));
        }
        let (new, begins) = self.damage.look(snapshot.frames_damaged(), now);
        if begins {
            let what = format!("frames come damaged, {new} so far: see interface_damaged");
            self.warn("loss", &format!("{what}, and to the cable and what sends on it"));
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
        for report in self.watched.outlets.take_reports() {
            self.warn("destination", &report);
        }
    }

    /// Takes over what may change of a configuration that was read anew, and tells what of it must wait.
    fn take(&mut self, read: Configuration) {
        let Configuration { options, services, services_changed, credentials } = read;
        let (mut holds, mut waits) = (Vec::new(), Vec::new());
        for key in self.values.changed(&options.origin.values) {
            if cli::is_reloaded(key) { holds.push(key.to_owned()) } else { waits.push(key.to_owned()) }
        }
        if services_changed && !holds.iter().any(|key| key == SERVICES) {
            holds.push(SERVICES.to_owned());
        }
        for (place, read) in credentials {
            let renewed = self.watched.outlets.renew(place, read);
            holds.extend(renewed.map(|name| format!("the content of the files of {name}")));
        }
        self.values.take_reloaded(&options.origin.values);
        self.plan = replay::plan(&options, services);
        self.watched.tuning.set(self.plan.clone());
        self.options = *options;
        if let Some(live) = &self.options.live {
            self.watched.outlets.set_room(live.queue_bytes);
        }
        self.tune();
        if self.options.origin.file.is_none() && self.options.services.is_none() && holds.is_empty() {
            return;
        }
        let verb = |keys: &[String]| if keys.len() == 1 { "s" } else { "" };
        let mut message = match holds.as_slice() {
            [] => "the configuration was read anew, and nothing of it holds that did not before".to_owned(),
            holds => format!("the configuration was read anew: {} hold{} now", holds.join(", "), verb(holds)),
        };
        if !waits.is_empty() {
            message.push_str(&format!("; {} wait{} for a restart", waits.join(", "), verb(&waits)));
        }
        if self.options.verbosity != Verbosity::Quiet {
            cli::complain(&message);
        }
        self.tell("configuration", Some(&message), Severity::LOG_NOTICE);
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::take(self.watched.meter, self.watched.board, self.watched.outlets, self.start)
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
        let snapshot = self.snapshot();
        self.facts.clear();
        let mut out = self.facts.element(&status::STATUS);
        out.plain(&status::EVENT, event);
        if let Some(message) = message {
            out.bytes(&status::MESSAGE, message.as_bytes());
        }
        snapshot.write(&mut self.facts);
        let mut out = self.facts.element(&status::STATUS);
        if let Some(since) = self.complete_since {
            out.value(&status::COMPLETE_SINCE, Value::Time(since));
            out.value(&status::COMPLETE_UNTIL, Value::Time(self.watched.board.reached().max(since)));
        }
        if let Some(bytes) = resident_bytes() {
            out.number(&status::MEMORY, bytes);
        }
        snapshot.write_since(&self.before, &mut self.facts);
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
