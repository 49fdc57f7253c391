//! tapline's program: command line, sources of packets, and what joins them to the other crates.
//!
//! `main` only calls [`run`].

pub mod cli;
pub mod confine;
mod interfaces;
mod live;
pub mod metrics;
pub mod notify;
pub mod pipeline;
mod replay;
pub mod source;

use std::ffi::OsString;

use cli::{Asked, EXIT_FINE, EXIT_USAGE};

/// Runs the program with a command line, its own name first, and tells the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match cli::parse(arguments) {
        Ok(Asked::Run(options)) => {
            let ran = if options.live.is_some() { live::run(*options) } else { replay::run(*options) };
            ran.unwrap_or_else(|error| {
                cli::complain(&error);
                EXIT_USAGE
            })
        }
        Ok(Asked::Text(text)) => {
            cli::print(&text);
            EXIT_FINE
        }
        Ok(Asked::Interfaces(listing)) => interfaces::run(listing),
        Err(what) => {
            what.lines().for_each(cli::complain);
            EXIT_USAGE
        }
    }
}
