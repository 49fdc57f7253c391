//! Where frames come from.
//!
//! A [`Source`] fills a [`Batch`] at a time. [`Replay`] reads capture files: it opens, decompresses, walks and merges them, and
//! gives frames in time order as one continuous capture.
//!
//! ```text
//! inputs       which files: those named, those below a folder
//! compression  gzip, zstd and xz undone while reading
//! classic      the records of a pcap file            \  pure walks over bytes,
//! pcapng       the blocks of a pcapng file           /  one step at a time (format)
//! tape         one open file: blocks are filled, frames that straddle two of them are made whole
//! filter       which frames pass
//! replay       many files, merged in time order, few of them open
//! batch        frames and the shared blocks they lie in
//! live         interfaces that are listened to
//! ```

mod batch;
#[cfg(test)]
mod build;
mod classic;
mod compression;
mod filter;
mod format;
mod inputs;
pub mod live;
mod pcapng;
mod replay;
mod tape;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

pub use batch::{BATCH_FRAMES, BLOCK_BYTES, Batch, Blank, Block, Frame, Pool};
pub use filter::Filter;
pub use live::Live;
pub use replay::{Progress, Replay};

/// Something that gives frames: files that are replayed, an interface that is listened to.
pub trait Source {
    /// Empties `batch` and fills it with the next frames. `Ok(true)` with an empty batch means that none came yet (all filtered
    /// out, or a quiet wire); `Ok(false)` is the end, with an empty batch.
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error>;

    /// What was read so far.
    fn counters(&self) -> Counters;

    /// The places found damaged so far.
    fn damages(&self) -> &[Damage];
}

/// What a source has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Files opened.
    pub files: u64,
    /// Blocks filled.
    pub blocks: u64,
    /// Bytes read, of compressed files the compressed ones.
    pub bytes: u64,
    /// Frames found, those filtered out included.
    pub frames: u64,
    /// Frames that the filter did not let pass.
    pub filtered: u64,
    /// Files, or parts of files, that could not be read.
    pub damaged: u64,
}

/// A place from which on a file could not be read. What was before it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where, in bytes of the capture (the decompressed one).
    pub offset: u64,
    /// What was found there.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: byte {}: {}", Shown(&self.path), self.offset, self.what)
    }
}

/// Why there is nothing to read. Each is one line: what is wrong; what to do.
#[derive(Debug)]
pub enum Error {
    /// The file or folder can't be opened or read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file has no byte at all.
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    NotACapture {
        /// The file.
        path: PathBuf,
    },
    /// The file is a capture of a kind that is not read.
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What kind.
        what: String,
    },
    /// The folder holds no capture.
    NoCaptureIn {
        /// The folder.
        path: PathBuf,
    },
    /// There are more files than anybody means.
    TooManyFiles {
        /// How many are read at most.
        limit: usize,
    },
    /// The interface can't be listened to.
    Interface {
        /// Its name.
        name: String,
        /// Why, and what to do.
        what: String,
    },
    /// The filter is wrong.
    Filter {
        /// As it was given.
        expression: String,
        /// What libpcap says of it.
        what: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(out, "{}: can't be read: {}; ", Shown(path), reason(error))?;
                out.write_str("name a file or folder that exists and that you may read")
            }
            Self::Empty { path } => {
                write!(out, "{}: is empty; name a capture file, as tcpdump -w or Wireshark write it", Shown(path))
            }
            Self::NotACapture { path } => {
                write!(out, "{}: is no capture; name a pcap or pcapng file, plain or as .gz, .zst or .xz", Shown(path))
            }
            Self::Unsupported { path, what } => {
                write!(out, "{}: is a capture of an unknown kind ({what}); ", Shown(path))?;
                out.write_str("write it anew with editcap -F pcapng")
            }
            Self::NoCaptureIn { path } => {
                write!(out, "{}: holds no capture; name a folder with pcap or pcapng files", Shown(path))
            }
            Self::Interface { name, what } => {
                write!(out, "interface '{}': {}", OneLine(name), OneLine(what))
            }
            Self::TooManyFiles { limit } => write!(out, "more than {limit} files; name fewer at once"),
            Self::Filter { expression, what } => {
                write!(out, "filter '{}': {}; see pcap-filter(7)", OneLine(expression), OneLine(what))
            }
        }
    }
}

impl std::error::Error for Error {}

/// The system's words for an error, without its number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// A text on one line, whatever is in it.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.chars() {
            if part.is_control() { write!(out, "{}", part.escape_default())? } else { write!(out, "{part}")? }
        }
        Ok(())
    }
}

/// A path on one line, whatever its name is made of; `-` is standard input.
struct Shown<'a>(&'a std::path::Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.as_os_str() == "-" {
            return out.write_str("standard input");
        }
        OneLine(&self.0.to_string_lossy()).fmt(out)
    }
}
