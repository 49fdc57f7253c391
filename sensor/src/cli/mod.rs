//! The command line: what was asked for, and what is told on standard error.
//!
//! ```text
//! arguments   every option with its help, as clap has it       options   what they mean, checked: what the pipeline takes
//! keys        the same options as keys of a file                config    reading such a file        generated  man page, completions
//! units       1GiB, 90s, tcp-established=1h                     progress  the bar while reading       summary   the account at the end
//! ```

mod arguments;
mod config;
mod generated;
mod keys;
mod options;
mod progress;
mod summary;
mod units;

use std::ffi::OsString;
use std::io::Write;

pub use arguments::Listing;
pub use keys::{Values, is_reloaded};
pub use options::{Options, Origin, Verbosity};
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
    /// A text on standard output, and nothing else: help, version, a checked configuration, the manual.
    Text(String),
    /// The interfaces that packets can be captured on.
    Interfaces(Listing),
}

/// Understands a command line, the program's name first, and the configuration file that it names. Each line of the error says what is wrong,
/// and what to do.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let given: Vec<OsString> = arguments.into_iter().collect();
    Ok(match arguments::parse(&given)? {
        arguments::Parsed::Text(text) => Asked::Text(text),
        arguments::Parsed::Interfaces(listing) => Asked::Interfaces(listing),
        arguments::Parsed::Run(arguments, values) => {
            let origin = Origin { given, file: arguments.config.clone(), values };
            Asked::Run(Box::new(Options::check(*arguments, origin)?))
        }
        arguments::Parsed::Check(arguments, effective) => {
            Options::check(*arguments, Origin::default())?.check_files()?;
            Asked::Text(effective)
        }
    })
}

/// Every key of a configuration file with what it is and its default, as a file: packaging/tapline.toml.
pub fn example() -> String {
    keys::example(&arguments::command())
}

/// The program's way to tell an error: one line on standard error, whatever is in it.
pub fn complain(what: &str) {
    let line: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    eprintln!("tapline: {line}");
}

/// Writes a text to standard output. A reader that does not want the end of it (a pager) is no error.
pub fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
