//! Replaying captures: from the options to the account at the end.

use std::path::Path;
use std::time::Instant;

use dissectors::services::Services;
use flowtable::Config;
use output::destination::{Counters, Patience};
use output::{Destinations, Identity, Spec};

use crate::cli::{self, Bar, EXIT_FINE, EXIT_LOSS, Options, Summary, Verbosity};
use crate::confine::{self, Needs};
use crate::metrics::{self, Responder, Shared};
use crate::pipeline::{self, Outcome, Plan};
use crate::source::{Replay, Source};

/// What the sensor is called where the host tells no name.
const NAMELESS: &str = "localhost";

/// Reads everything, tells its sessions, and gives the account of it. Tells the exit status, or why nothing could be done.
pub(crate) fn run(options: Options) -> Result<u8, String> {
    let start = Instant::now();
    tell_failures_in_one_line();
    let services = List::of(options.services.as_deref())?.services();
    let mut source = Replay::open(&options.inputs, options.filter.as_deref()).map_err(|error| error.to_string())?;
    let mut destinations =
        Destinations::open(options.outputs.clone(), Patience::REPLAY).map_err(|error| error.to_string())?;
    remind(&options);
    let responder = options.metrics.map(Responder::listen).transpose()?;
    let plan = plan(&options, services);
    // Everything is open, but for captures whose time has not come.
    let later = options.inputs.iter().cloned().chain(source.linked());
    give_up_rights(&options, Needs::of(&options.outputs).read(later))?;
    let metrics = show_metrics(responder)?;
    let mut bar = Bar::new(source.progress(), options.verbosity);
    let outcome = pipeline::run(&plan, &mut source, &mut destinations, &mut |frames| {
        bar.update(frames);
        if let Some(metrics) = &metrics {
            metrics.set(metrics::run::frames(frames));
        }
    })
    .map_err(|error| error.to_string())?;
    bar.finish();
    if options.verbosity == Verbosity::Verbose {
        source.notes().iter().for_each(|note| cli::complain(note));
    }
    let (lines, reports) = destinations.close();
    let Outcome { ingested, counters, .. } = &outcome;
    if let Some(metrics) = &metrics {
        metrics.set(metrics::run::counted(ingested, counters, source.counters().filtered, &lines));
    }
    let mut summary = account(&source, &outcome, &lines);
    summary.warnings.extend(reports);
    summary.elapsed_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    match options.verbosity {
        // What was damaged or lost is an error and told even so.
        Verbosity::Quiet => summary.warnings.iter().for_each(|warning| cli::complain(warning)),
        _ => eprint!("{}", summary.text()),
    }
    Ok(if summary.is_loss() { EXIT_LOSS } else { EXIT_FINE })
}

/// Gives up the rights that are not needed from here on: of files, those that are still to be read are.
fn give_up_rights(options: &Options, needs: Needs) -> Result<(), String> {
    if options.confine {
        tell_lacking(options, &confine::apply(&with_options(options, needs))?);
    }
    Ok(())
}

/// The same for a run that listens, once `start` has started the thread that keeps some.
pub(crate) fn give_up_rights_beside(
    options: &Options,
    start: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    if !options.confine {
        return start();
    }
    // Where there are names, a thread of its own looks them up.
    let needs = with_options(options, Needs::of(&options.outputs).no_names());
    tell_lacking(options, &confine::apply_beside(&needs, start)?);
    Ok(())
}

fn with_options(options: &Options, needs: Needs) -> Needs {
    let needs = needs.user(options.user.clone());
    if options.metrics.is_some() { needs.accept() } else { needs }
}

fn tell_lacking(options: &Options, lacking: &[String]) {
    if options.verbosity == Verbosity::Verbose {
        lacking.iter().for_each(|what| cli::complain(what));
    }
}

/// Reminds of what is open to everybody.
pub(crate) fn remind(options: &Options) {
    if options.verbosity != Verbosity::Quiet {
        options.outputs.iter().filter_map(Spec::reminder).for_each(|reminder| cli::complain(&reminder));
    }
}

/// Shows metrics from now on, where that was asked for.
pub(crate) fn show_metrics(responder: Option<Responder>) -> Result<Option<Shared>, String> {
    let Some(responder) = responder else { return Ok(None) };
    let metrics = Shared::default();
    responder.answer(metrics.clone()).map_err(|error| format!("can't show metrics: {error}"))?;
    Ok(Some(metrics))
}

/// The Internet applications that come with the program, and those of the user's list.
pub(crate) struct List {
    text: Option<String>,
    services: &'static Services,
}

impl List {
    /// Reads a list, where there is one.
    pub(crate) fn of(list: Option<&Path>) -> Result<Self, String> {
        let mut known = Self { text: None, services: Services::known() };
        known.read(list)?;
        Ok(known)
    }

    /// Reads it again. Tells whether it says something else than before; where it is wrong, all stays as it was.
    pub(crate) fn read(&mut self, list: Option<&Path>) -> Result<bool, String> {
        let text = match list {
            None => None,
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
                format!("{}: {error}; --services takes a list of Internet applications", path.display())
            })?),
        };
        if text == self.text {
            return Ok(false);
        }
        self.services = match (list, &text) {
            (Some(path), Some(text)) => {
                let mut services = Services::known().clone();
                services.add(text).map_err(|bad| format!("{}: {bad}", path.display()))?;
                // It lives as long as the program, for sessions may hold names of it; lists are changed by people, which is seldom.
                Box::leak(Box::new(services))
            }
            _ => Services::known(),
        };
        self.text = text;
        Ok(true)
    }

    /// What is known now.
    pub(crate) const fn services(&self) -> &'static Services {
        self.services
    }
}

pub(crate) fn plan(options: &Options, services: &'static Services) -> Plan {
    let hostname = options.hostname.clone().or_else(hostname).unwrap_or_else(|| NAMELESS.to_owned());
    Plan {
        workers: options.workers,
        table: Config {
            timeouts: options.timeouts,
            active_timeout: options.active_timeout_ns,
            memory: usize::try_from(options.memory_bytes).unwrap_or(usize::MAX),
            file_hash: options.file_hash,
            reveal_secrets: !options.redact,
            community_id_seed: options.community_id_seed,
            services,
        },
        ignore_vlan: options.ignore_vlan,
        // A replay has no PROCID: the same captures give the same bytes.
        identity: Identity {
            facility: options.facility,
            hostname,
            procid: options.live.as_ref().map(|_| std::process::id()),
            pen: options.pen,
        },
        severity: options.severity,
    }
}

/// The host's name, as the kernel tells it.
fn hostname() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// A dissector that fails is caught and its session flagged; what the operator sees of it is one line.
pub(crate) fn tell_failures_in_one_line() {
    std::panic::set_hook(Box::new(|failure| {
        let place = failure.location().map(ToString::to_string).unwrap_or_default();
        let what = failure.payload_as_str().unwrap_or("a failure without words");
        cli::complain(&format!("failed at {place}: {what}; please report this with the capture, if you may"));
    }));
}

fn account(source: &Replay, outcome: &Outcome, lines: &[(Spec, Counters)]) -> Summary {
    let Outcome { ingested, counters, .. } = outcome;
    let read = source.counters();
    let owned = |(name, count): (&str, u64)| (name.to_owned(), count);
    let mut drops = vec![owned(("filtered", read.filtered))];
    drops.extend(ingested.drops().map(owned));
    let mut warnings: Vec<String> = source.damages().iter().map(ToString::to_string).collect();
    warnings.extend(shortcomings(outcome));
    Summary {
        files: read.files,
        packets: ingested.frames.saturating_add(read.filtered),
        bytes: ingested.wire_bytes,
        span_ns: ingested.span.map_or(0, |span| span.last.since(span.first)),
        elapsed_ns: 0,
        sessions: counters.told,
        drops,
        lines: lines.iter().map(|(spec, counters)| (spec.to_string(), counters.sent)).collect(),
        lost: lines.iter().map(|(spec, counters)| (spec.to_string(), counters.failed)).collect(),
        warnings,
    }
}

/// What the pipeline could not do as it should, a sentence each.
pub(crate) fn shortcomings(outcome: &Outcome) -> Vec<String> {
    let Outcome { ingested, counters, .. } = outcome;
    let mut warnings = Vec::new();
    for link in &ingested.unknown_links {
        warnings.push(format!(
            "link type {} is not decoded; its packets were left out (docs/CAPTURES.md lists the types that are)",
            link.0
        ));
    }
    for (what, count) in [
        ("sessions were ended early to stay within the memory; give more with --memory", counters.evicted),
        (
            "sessions lost their protocol state to stay within the memory; give more with --memory",
            counters.dissectors_shed,
        ),
        ("out-of-order bytes were given up to stay within the memory; give more with --memory", counters.bytes_shed),
        ("sessions whose dissector failed are flagged dissector_failed", counters.dissectors_failed),
    ] {
        if count > 0 {
            warnings.push(format!("{count} {what}"));
        }
    }
    warnings
}
