//! Listening: from the options to the account at the end.
//!
//! ```text
//! signals   SIGTERM, SIGINT, SIGHUP as flags
//! outlets   a queue and a thread for each destination: capture never waits
//! monitor   the thread that tells of the sensor itself: STATUS lines, loss the moment it is known, what happens to interfaces
//! status    everything that is counted, as the facts of a STATUS line
//! ```

mod monitor;
mod outlets;
mod signals;
mod status;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use output::destination::Patience;

use crate::cli::{self, EXIT_FINE, EXIT_LOSS, Options, Summary, Verbosity};
use crate::confine::Needs;
use crate::metrics::Responder;
use crate::notify::Notifier;
use crate::pipeline::{self, Meter, Outcome};
use crate::replay::{give_up_rights, plan, services, shortcomings, show_metrics, tell_failures_in_one_line};
use crate::source::Live;
use crate::source::live::{Port, Settings};
use monitor::Monitor;
use outlets::{Account, Outlets};
use signals::Signals;

/// Listens until it is stopped, and gives the account of it. Tells the exit status, or why nothing could be done.
pub(crate) fn run(options: Options) -> Result<u8, String> {
    let start = Instant::now();
    tell_failures_in_one_line();
    let services = services(options.services.as_deref())?;
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
    let mut source = Live::open(settings, signals.stop()).map_err(|error| error.to_string())?;
    let responder = options.metrics.map(Responder::listen).transpose()?;
    let plan = plan(&options, services);
    // Before any thread is started, for Landlock and capabilities are a thread's own. An interface that goes away is opened anew, and so are
    // destinations: what that needs stays.
    give_up_rights(&options, Needs::of(&options.outputs).capture())?;
    let outlets =
        Outlets::open(&options.outputs, Patience::LIVE, live.queue_bytes).map_err(|error| error.to_string())?;
    let metrics = show_metrics(responder)?;
    let meter = Meter::new(plan.workers);
    let board = source.board();
    let over = Arc::new(AtomicBool::new(false));
    let mut notifier = Notifier::from_environment();
    notifier.ready();
    let outcome = std::thread::scope(|scope| {
        let monitor = Monitor::new(&plan, &meter, &board, &outlets, &signals, &options, metrics);
        let watching = scope.spawn(|| monitor.run(&over));
        let outcome = pipeline::run_metered(
            &plan,
            &mut source,
            &mut outlets.entrance(),
            // A batch comes at least every tenth of a second, empty on a quiet link.
            &mut |_| notifier.alive(),
            &meter,
        );
        notifier.stopping();
        over.store(true, Ordering::Relaxed);
        if let Err(panic) = watching.join() {
            std::panic::resume_unwind(panic);
        }
        outcome
    });
    let outcome = outcome.map_err(|error| error.to_string())?;
    let ports = board.ports();
    let (accounts, reports) = outlets.close();
    let mut summary = account(&ports, &outcome, &accounts);
    summary.warnings.extend(reports);
    summary.elapsed_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    match options.verbosity {
        Verbosity::Quiet => summary.warnings.iter().for_each(|warning| cli::complain(warning)),
        _ => eprint!("{}", summary.text()),
    }
    Ok(if summary.is_loss() { EXIT_LOSS } else { EXIT_FINE })
}

fn account(ports: &[Port], outcome: &Outcome, accounts: &[Account]) -> Summary {
    let Outcome { ingested, counters, .. } = outcome;
    let mut warnings = shortcomings(outcome);
    for Port { name, kernel_drops, interface_drops, .. } in ports {
        if *kernel_drops > 0 {
            warnings
                .push(format!("{name}: {kernel_drops} packets were lost for want of room; give more with --buffer"));
        }
        if *interface_drops > 0 {
            warnings.push(format!("{name}: {interface_drops} packets were lost by the interface or its driver"));
        }
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
