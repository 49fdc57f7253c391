//! Capture files, replayed as one continuous capture.
//!
//! Every file is looked at once, to learn the time of its first packet, and closed. Then the files wait, ordered by that time, and each is
//! opened only when the merged time reaches it: a thousand rotated files need one open file at a time. Of the open ones the one with
//! the earliest next frame runs until another's turn comes; with one open file that is a plain walk. Inside a file frames keep the
//! file's order, even where its clock steps back; frames of one time come in the order of their files.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dissectors::Timestamp;

use super::batch::{BLOCK_BYTES, Batch, Pool};
use super::compression::{self, Decompress};
use super::filter::Filter;
use super::format::Beginning;
use super::inputs::{self, Input};
use super::tape::{Opened, Run, Tape, Tools};
use super::{Counters, Damage, Error, Shown, Source};

/// Bytes that are read to learn the time of a file's first packet.
const LOOK_BYTES: usize = 64 * 1024;
/// Bytes that are read at once, all open files together, where there are many.
const READ_BYTES_OF_ALL: usize = 8 << 20;
/// Bytes that are read at once from one file at least.
const MIN_READ_BYTES: usize = 64 * 1024;
/// Places of damage, and notes, that are kept to be told; all are counted.
const MAX_TOLD: usize = 1000;

/// Capture files in time order.
pub struct Replay {
    pool: Pool,
    filter: Option<Filter>,
    /// Files whose time has not come, the earliest first.
    waiting: VecDeque<Waiting>,
    /// Open files, by the time of their next frame.
    open: BinaryHeap<Reverse<Running>>,
    /// The open file whose turn it is.
    current: Option<Running>,
    /// Files whose time has come so far: the place of the next in their order.
    opened: u64,
    counters: Counters,
    damages: Vec<Damage>,
    notes: Vec<String>,
    progress: Progress,
}

/// How far the reading is, in bytes of input; can be asked from any thread.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Progress {
    /// Bytes read so far.
    pub fn read_bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Bytes there are to read, where that is known: standard input has no length.
    pub const fn total_bytes(&self) -> Option<u64> {
        self.total
    }
}

/// A file whose time has not come.
struct Waiting {
    first: Timestamp,
    input: Input,
    /// Still open where it can be opened only once, or where there is no other.
    tape: Option<Box<Tape>>,
}

/// An open file.
struct Running {
    /// The time of its next frame.
    time: Timestamp,
    /// Its place in the order of files.
    order: u64,
    tape: Box<Tape>,
}

impl Running {
    const fn key(&self) -> (Timestamp, u64) {
        (self.time, self.order)
    }
}

impl PartialEq for Running {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Running {}

impl PartialOrd for Running {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Running {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Replay {
    /// Files still to be opened that are links, and so may lie outside of the folders that were named.
    pub fn linked(&self) -> impl Iterator<Item = PathBuf> {
        self.waiting.iter().map(|waiting| &waiting.input.path).filter(|path| path.is_symlink()).cloned()
    }

    /// Looks at all files that `paths` mean (files, folders, `-` for standard input) and makes them ready to be read; frames that `filter`
    /// does not let pass will be left out.
    pub fn open(paths: &[PathBuf], filter: Option<&str>) -> Result<Self, Error> {
        let mut replay = Self {
            pool: Pool::default(),
            filter: None,
            waiting: VecDeque::new(),
            open: BinaryHeap::new(),
            current: None,
            opened: 0,
            counters: Counters::default(),
            damages: Vec::new(),
            notes: Vec::new(),
            progress: Progress::default(),
        };
        let inputs = inputs::expand(paths)?;
        let lengths: Option<Vec<u64>> = inputs.iter().map(|input| input.length).collect();
        replay.progress.total = lengths.map(|lengths| lengths.into_iter().fold(0, u64::saturating_add));
        let mut links = Vec::new();
        let mut waiting = Vec::with_capacity(inputs.len());
        let alone = inputs.len() == 1;
        let mut captures = 0_u64;
        for input in inputs {
            let found = replay.look(input, alone, &mut links)?;
            captures += u64::from(found.is_some());
            waiting.extend(found.flatten());
        }
        if captures == 0 {
            let path = paths.first().cloned().unwrap_or_default();
            return Err(Error::NoCaptureIn { path });
        }
        waiting.sort_by_key(|waiting| waiting.first);
        replay.waiting = waiting.into();
        replay.filter = filter.map(|expression| Filter::new(expression, &links)).transpose()?;
        Ok(replay)
    }

    /// How far the reading is.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// What a curious user may want to know: files that were no captures, link types on which the filter makes no sense.
    pub fn notes(&self) -> Vec<String> {
        let senseless = self.filter.iter().flat_map(Filter::senseless_links);
        let senseless =
            senseless.map(|link| format!("the filter makes no sense on link type {link}: none of its frames pass"));
        self.notes.iter().cloned().chain(senseless).collect()
    }

    /// Learns when a file's first packet is, and its link type. `None` where it is no capture, `Some(None)` where it is one that holds nothing
    /// to wait for.
    fn look(&mut self, input: Input, alone: bool, links: &mut Vec<u16>) -> Result<Option<Option<Waiting>>, Error> {
        let keep = alone || input.length.is_none();
        let mut counters = Counters::default();
        let mut tools = Tools { pool: &self.pool, filter: None, counters: &mut counters, read_bytes: LOOK_BYTES };
        let (read, place) = if keep {
            (Arc::clone(&self.progress.read), Decompress::Aside)
        } else {
            (Arc::default(), Decompress::Here)
        };
        let mut tape = match open(&input, &read, place, &mut tools) {
            Ok(tape) => tape,
            Err(error) => return self.refused(input, error),
        };
        let (first, damage) = match tape.look(&mut tools) {
            Run::Reached(first) => (Some(first), None),
            Run::Ended(damage) => (None, damage),
            Run::Pause => (None, None),
        };
        if let Some(link) = tape.head_link()
            && !links.contains(&link)
        {
            links.push(link);
        }
        if keep || first.is_none() {
            self.counters.files += 1;
            self.counters.blocks += counters.blocks;
            self.counters.frames += counters.frames;
            if !keep {
                self.progress.read.fetch_add(read.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        if let Some(damage) = damage {
            self.damaged(damage);
        }
        Ok(Some(first.map(|first| Waiting { first, input, tape: keep.then_some(tape) })))
    }

    /// A file that can't be read: the end where it was named, a note or a loss where it was found in a folder.
    fn refused(&mut self, input: Input, error: OpenError) -> Result<Option<Option<Waiting>>, Error> {
        let path = input.path;
        match error {
            OpenError::Cut | OpenError::Broken(_) => {
                let what = error.what();
                self.damaged(Damage { path, offset: 0, what });
                self.counters.files += 1;
                return Ok(Some(None));
            }
            OpenError::Io(error) if input.found_in.is_none() => return Err(Error::Unreadable { path, error }),
            OpenError::Empty if input.found_in.is_none() => return Err(Error::Empty { path }),
            OpenError::NotACapture if input.found_in.is_none() => return Err(Error::NotACapture { path }),
            OpenError::Unsupported(what) if input.found_in.is_none() => return Err(Error::Unsupported { path, what }),
            OpenError::Io(_) | OpenError::Unsupported(_) => {
                self.damaged(Damage { path, offset: 0, what: error.what() })
            }
            OpenError::Empty | OpenError::NotACapture => {
                if self.notes.len() < MAX_TOLD {
                    self.notes.push(format!("{}: {}: passed over", Shown(&path), error.what()));
                }
            }
        }
        // Its bytes will not be read.
        if let (Some(total), Some(length)) = (&mut self.progress.total, input.length) {
            *total = total.saturating_sub(length);
        }
        Ok(None)
    }

    fn damaged(&mut self, damage: Damage) {
        self.counters.damaged += 1;
        if self.damages.len() < MAX_TOLD {
            self.damages.push(damage);
        }
    }

    /// The open file whose turn it is, opened now where its time has come.
    fn next_running(&mut self) -> Option<Running> {
        if let Some(current) = self.current.take() {
            return Some(current);
        }
        while let Some(waiting) = self.waiting.pop_front() {
            if self.open.peek().is_some_and(|Reverse(running)| running.time <= waiting.first) {
                self.waiting.push_front(waiting);
                break;
            }
            let Some(tape) = waiting.tape.or_else(|| self.reopen(&waiting.input)) else { continue };
            self.opened += 1;
            return Some(Running { time: waiting.first, order: self.opened, tape });
        }
        self.open.pop().map(|Reverse(running)| running)
    }

    /// Opens a file that was looked at before. That it can't be now is a damage.
    fn reopen(&mut self, input: &Input) -> Option<Box<Tape>> {
        let read_bytes = self.read_bytes();
        let mut tools = Tools { pool: &self.pool, filter: None, counters: &mut self.counters, read_bytes };
        match open(input, &self.progress.read, Decompress::Aside, &mut tools) {
            Ok(tape) => {
                self.counters.files += 1;
                Some(tape)
            }
            Err(error) => {
                self.damaged(Damage { path: input.path.clone(), offset: 0, what: error.what() });
                None
            }
        }
    }

    /// Until when a file may run: until another's turn comes.
    fn limit(&self, running: &Running) -> Timestamp {
        let waiting = self.waiting.front().map(|waiting| waiting.first);
        let other = self.open.peek().map(|Reverse(other)| {
            // Of frames at one time those of the earlier file come first.
            let before = u64::from(other.order < running.order);
            Timestamp::from_nanos(other.time.nanos().saturating_sub(before))
        });
        let never = Timestamp::from_nanos(u64::MAX);
        waiting.unwrap_or(never).min(other.unwrap_or(never))
    }

    /// Bytes to read at once from each open file.
    fn read_bytes(&self) -> usize {
        let files = self.open.len() + 1;
        READ_BYTES_OF_ALL.checked_div(files).unwrap_or(0).clamp(MIN_READ_BYTES, BLOCK_BYTES)
    }
}

impl Source for Replay {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        batch.clear();
        while let Some(mut running) = self.next_running() {
            let limit = self.limit(&running);
            let read_bytes = self.read_bytes();
            let mut tools =
                Tools { pool: &self.pool, filter: self.filter.as_mut(), counters: &mut self.counters, read_bytes };
            match running.tape.run(limit, batch, &mut tools) {
                Run::Pause => {
                    self.current = Some(running);
                    return Ok(true);
                }
                Run::Reached(time) => {
                    running.time = time;
                    self.open.push(Reverse(running));
                }
                Run::Ended(damage) => {
                    if let Some(damage) = damage {
                        self.damaged(damage);
                    }
                }
            }
        }
        Ok(!batch.frames.is_empty())
    }

    fn counters(&self) -> Counters {
        Counters { bytes: self.progress.read_bytes(), ..self.counters }
    }

    fn damages(&self) -> &[Damage] {
        &self.damages
    }
}

/// Why a file is not read.
enum OpenError {
    Io(std::io::Error),
    Empty,
    NotACapture,
    Unsupported(String),
    /// It is a capture, but ends in its header.
    Cut,
    /// It is compressed, and broken from its beginning.
    Broken(std::io::Error),
}

impl OpenError {
    fn what(&self) -> String {
        match self {
            Self::Io(error) => format!("can't be read: {}", super::reason(error)),
            Self::Empty => "is empty".into(),
            Self::NotACapture => "is no capture".into(),
            Self::Unsupported(what) => format!("is a capture of an unknown kind ({what})"),
            Self::Cut => "the file ends in its header".into(),
            Self::Broken(error) => format!("can't be decompressed: {error}"),
        }
    }
}

/// Opens a file and reads its header.
fn open(
    input: &Input,
    read: &Arc<AtomicU64>,
    place: Decompress,
    tools: &mut Tools<'_>,
) -> Result<Box<Tape>, OpenError> {
    let stream = if input.is_standard_input() {
        compression::standard_input(read)
    } else {
        File::open(&input.path).and_then(|file| compression::file(file, read, place))
    };
    let failed = |error: std::io::Error| match error.raw_os_error() {
        Some(_) => OpenError::Io(error),
        // It is not the system that complains: it is a decoder.
        None => OpenError::Broken(error),
    };
    match Tape::open(input.path.clone(), stream.map_err(failed)?, tools).map_err(failed)? {
        Opened::Tape(tape) => Ok(tape),
        Opened::Other(Beginning::Cut, _) => Err(OpenError::Cut),
        Opened::Other(Beginning::Unsupported(what), _) => Err(OpenError::Unsupported(what)),
        Opened::Other(_, false) => Err(OpenError::Empty),
        Opened::Other(_, true) => Err(OpenError::NotACapture),
    }
}
