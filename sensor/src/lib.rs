//! tapline's program: command line, sources of packets, and what joins them to the other crates.
//!
//! `main` only calls [`run`].

pub mod cli;
mod live;
pub mod pipeline;
mod replay;
pub mod source;

use std::ffi::OsString;
use std::io::Write;

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
