//! Listening: from the options to the account at the end.
//!
//! ```text
//! signals   SIGTERM, SIGINT, SIGHUP as flags
//! keeper    the thread that keeps rights: opens interfaces that have come back, reads the configuration anew
//! resolver  the thread that looks up names of receivers
//! outlets   a queue and a thread for each destination: capture never waits
//! monitor   the thread that tells of the sensor itself: STATUS lines, loss the moment it is known, what happens to interfaces
//! status    everything that is counted, as the facts of a STATUS line
//! ```

mod keeper;
mod monitor;
mod outlets;
mod resolver;
mod signals;
mod status;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use output::destination::Patience;

use crate::cli::{self, EXIT_FINE, EXIT_LOSS, Options, Summary, Verbosity};
use crate::confine::{self, Needs};
use crate::metrics::Responder;
use crate::pipeline::{self, Meter, Outcome, Tuning};
use crate::replay::{List, plan, remind, shortcomings, show_metrics, tell_failures_in_one_line};
use crate::source::Live;
use crate::source::live::{Port, Settings};
use keeper::Keeper;
use monitor::{Monitor, Watched};
use outlets::{Account, Outlets};
use signals::Signals;

/// Listens until it is stopped, and gives the account of it. Tells the exit status, or why nothing could be done.
pub(crate) fn run(options: Options) -> Result<u8, String> {
    let start = Instant::now();
    tell_failures_in_one_line();
    let list = List::of(options.services.as_deref())?;
    let Some(live) = options.live.clone() else { return Err("nothing to listen to; name an interface with -i".into()) };
    let settings = Settings {
        interfaces: live.interfaces,
        filter: options.filter.clone(),
        snaplen: live.snaplen,
        ring_bytes: live.ring_bytes,
        promiscuous: live.promiscuous,
    };
    let signals =
        Signals::install().map_err(|error| format!("signals can't be received: {error}; see to the system"))?;
    let (mut source, opener) = Live::open(settings, signals.stop()).map_err(|error| error.to_string())?;
    let responder = options.metrics.map(Responder::listen).transpose()?;
    let plan = plan(&options, list.services());
    let mut outlets =
        Outlets::open(&options.outputs, Patience::LIVE, live.queue_bytes).map_err(|error| error.to_string())?;
    remind(&options);
    // Everything is open. Before any other thread is started, for Landlock and capabilities are a thread's own.
    let looks_up = options.confine && Needs::of(&options.outputs).looks_up_names();
    let keeper = Keeper::start(&options, opener, list, || {
        if looks_up {
            outlets.set_names(&resolver::start()?);
        }
        Ok(())
    })?;
    outlets.start();
    let metrics = show_metrics(responder)?;
    let (meter, tuning) = (Meter::new(plan.workers), Tuning::new(plan.clone()));
    let board = source.board();
    let (over, beats) = (AtomicBool::new(false), AtomicU64::new(0));
    let (outcome, verbosity) = std::thread::scope(|scope| {
        let watched = Watched {
            meter: &meter,
            tuning: &tuning,
            board: &board,
            outlets: &outlets,
            signals: &signals,
            keeper: &keeper,
            beats: &beats,
        };
        let monitor = Monitor::new(plan.clone(), watched, options.clone(), metrics);
        let watching = scope.spawn(|| monitor.run(&over));
        // This thread and those that it starts from here on see packets.
        confine::parser();
        let outcome = pipeline::run_live(
            &plan,
            &mut source,
            &mut outlets.entrance(),
            // A batch comes at least every tenth of a second, empty on a quiet link.
            &mut |_| {
                beats.fetch_add(1, Ordering::Relaxed);
            },
            &meter,
            &tuning,
        );
        over.store(true, Ordering::Relaxed);
        match watching.join() {
            Ok(verbosity) => (outcome, verbosity),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    let outcome = outcome.map_err(|error| error.to_string())?;
    let ports = board.ports();
    let (accounts, reports) = outlets.close();
    let mut summary = account(&ports, board.backlog(), &outcome, &accounts);
    summary.warnings.extend(reports);
    summary.elapsed_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    match verbosity {
        Verbosity::Quiet => summary.warnings.iter().for_each(|warning| cli::complain(warning)),
        _ => eprint!("{}", summary.text()),
    }
    Ok(if summary.is_loss() { EXIT_LOSS } else { EXIT_FINE })
}

/// Gives the calling thread a name that `ps -T` shows. Those that see packets are called as the program is.
fn name_thread(name: &std::ffi::CStr) {
    // A thread without a name does its work all the same.
    let _ = nix::sys::prctl::set_name(name);
}

fn account(ports: &[Port], backlog: Option<u64>, outcome: &Outcome, accounts: &[Account]) -> Summary {
    let Outcome { ingested, counters, .. } = outcome;
    let mut warnings = shortcomings(outcome);
    for Port { name, kernel_drops, losses, .. } in ports {
        if *kernel_drops > 0 {
            warnings
                .push(format!("{name}: {kernel_drops} packets were lost for want of room; give more with --buffer"));
        }
        for (count, what) in [
            (losses.drops, "packets were lost for want of room in the interface or its driver"),
            (losses.discards, "packets were thrown away by the driver or the kernel, mostly before they could be seen"),
            (losses.damaged, "frames came damaged; see to the cable and what sends on it"),
        ] {
            if count > 0 {
                warnings.push(format!("{name}: {count} {what}"));
            }
        }
    }
    // Elsewhere it is among what an interface of ours has thrown away, or none of ours.
    if let Some(count @ 1..) = backlog.filter(|_| ports.iter().any(|port| !port.losses.counted)) {
        warnings.push(format!("{count} packets found no room in the queues of this machine's processors"));
    }
    Summary {
        files: 0,
        packets: ingested.frames,
        bytes: ingested.wire_bytes,
        span_ns: ingested.span.map_or(0, |span| span.last.since(span.first)),
        elapsed_ns: 0,
        sessions: counters.told,
        drops: ingested.drops().map(|(name, count)| (name.to_owned(), count)).collect(),
        lines: accounts.iter().map(|of| (of.spec.to_string(), of.counters.sent)).collect(),
        lost: accounts.iter().map(|of| (of.spec.to_string(), of.lost())).collect(),
        warnings,
    }
}
