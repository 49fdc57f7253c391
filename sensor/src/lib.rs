//! tapline's program: command line, sources of packets, and what joins them to the rest of the house.
//!
//! `main` only calls [`run`].

pub mod cli;
pub mod source;

use std::ffi::OsString;
use std::io::Write;

use cli::{Asked, Bar, EXIT_FINE, EXIT_LOSS, EXIT_USAGE, Options, Summary, Verbosity};
use source::{Batch, Error, Replay, Source};

/// Runs the program with a command line, its own name first, and tells the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match cli::parse(arguments) {
        Ok(Asked::Run(options)) => replay(&options).unwrap_or_else(|error| {
            cli::complain(&error.to_string());
            EXIT_USAGE
        }),
        Ok(Asked::Text(text)) => {
            // A reader that does not want the end of it (a pager) is no error.
            let _ = std::io::stdout().write_all(text.as_bytes());
            EXIT_FINE
        }
        Err(what) => {
            cli::complain(&what);
            EXIT_USAGE
        }
    }
}

/// Reads everything and gives the account of it.
fn replay(options: &Options) -> Result<u8, Error> {
    let start = std::time::Instant::now();
    let mut source = Replay::open(&options.inputs, options.filter.as_deref())?;
    let mut bar = Bar::new(source.progress(), options.verbosity);
    let mut batch = Batch::new();
    let mut summary = Summary::default();
    let (mut first, mut last) = (None, dissectors::Timestamp::default());
    while source.next_batch(&mut batch)? {
        for frame in &batch.frames {
            summary.packets += 1;
            summary.bytes = summary.bytes.saturating_add(u64::from(frame.wirelen));
            first = Some(first.unwrap_or(frame.time).min(frame.time));
            last = last.max(frame.time);
        }
        bar.update(summary.packets);
    }
    bar.finish();
    let counters = source.counters();
    summary.files = counters.files;
    summary.span_ns = last.since(first.unwrap_or(last));
    summary.elapsed_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    summary.drops.push(("filtered out".into(), counters.filtered));
    summary.warnings.extend(source.damages().iter().map(ToString::to_string));
    if options.verbosity == Verbosity::Verbose {
        source.notes().iter().for_each(|note| cli::complain(note));
    }
    if options.verbosity > Verbosity::Quiet {
        eprint!("{}", summary.text());
    }
    Ok(if summary.is_loss() { EXIT_LOSS } else { EXIT_FINE })
}
