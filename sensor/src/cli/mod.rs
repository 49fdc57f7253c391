//! The command line: what was asked for, and what is told on standard error.
//!
//! ```text
//! arguments   every option with its help, as clap has it       options   what they mean, checked: what the pipeline takes
//! units       1GiB, 90s, tcp-established=1h                     progress  the bar while reading       summary   the account at the end
//! ```

mod arguments;
mod options;
mod progress;
mod summary;
mod units;

use std::ffi::OsString;

pub use options::{Options, Verbosity};
pub use progress::Bar;
pub use summary::Summary;
pub use units::{bytes_text, count_text, span_text};

/// Everything was told, nothing was lost.
pub const EXIT_FINE: u8 = 0;
/// Something was damaged or lost; all that could be told was told.
pub const EXIT_LOSS: u8 = 1;
/// Nothing was done: wrong usage, no such file, no capture, a wrong filter.
pub const EXIT_USAGE: u8 = 2;

/// What the command line asks for.
pub enum Asked {
    /// Work.
    Run(Box<Options>),
    /// A text on standard output, and nothing else: help or version.
    Text(String),
}

/// Understands a command line, the program's name first. The error is one line: what is wrong; what to do.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    match arguments::parse(arguments)? {
        arguments::Parsed::Text(text) => Ok(Asked::Text(text)),
        arguments::Parsed::Arguments(arguments) => {
            Options::check(*arguments).map(|options| Asked::Run(Box::new(options)))
        }
    }
}

/// The program's way to tell an error: one line on standard error, whatever is in it.
pub fn complain(what: &str) {
    let line: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    eprintln!("tapline: {line}");
}
