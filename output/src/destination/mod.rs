//! Where lines go, and what became of them.
//!
//! Lines are gathered and written in batches of some 64 KiB, a datagram each where the destination takes those. Nothing here starts
//! a thread; a caller who may not wait puts a queue of its own before a [`Destinations`], or gives it little [`Patience`].
//!
//! Every line ends up in a counter: sent, or failed. What an operator should know of a destination (it is gone, it is back, its disk
//! is full) is told once, when it begins and when it ends, by [`Destinations::take_reports`].

mod batch;
mod datagram;
mod file;
mod names;
mod opening;
mod patience;
mod sequence;
mod spec;
mod stream;
mod tls;

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal};
use std::ops::ControlFlow;

pub use names::Names;
pub use patience::Patience;
pub use spec::{Framing, Spec, SpecError, Target};
pub use tls::{Credentials, Fingerprint, TlsSettings};

use crate::record::{Profile, Rendered};
use batch::{BATCH_BYTES, Batch, Frame};
use datagram::DatagramSink;
use file::FileSink;
use opening::open;
use sequence::Sequence;
use stream::StreamSink;
use tls::Trouble;

/// How many reports wait to be taken.
const REPORTS: usize = 16;
/// How many bytes of lines are kept of a stream that does not take them.
const KEPT_BYTES: usize = 4 * BATCH_BYTES;
/// How many reasons for one trouble are told: a receiver that was down may come back as somebody else.
const REASONS: usize = 4;

/// What became of a destination's lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lines that the system took, or that the receiver is not known to have refused.
    pub sent: u64,
    /// Bytes of those lines, with their frames.
    pub bytes: u64,
    /// Lines that were given up.
    pub failed: u64,
    /// Lines that the destination's limit had shortened.
    pub cut: u64,
    /// How often a broken connection was made anew.
    pub reconnects: u64,
}

/// What a write brought out.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    lines: usize,
    bytes: usize,
}

/// A destination that can't be opened: one line that says what, why and what to do.
#[derive(Debug)]
pub struct OpenError {
    destination: String,
    error: io::Error,
    advice: &'static str,
}

impl OpenError {
    fn new(spec: &Spec, error: io::Error) -> Self {
        Self { destination: spec.to_string(), advice: advice(&spec.target, &error), error }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't open the destination {}: {}; {}", self.destination, self.error, self.advice)
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Every destination of a run.
#[derive(Debug)]
pub struct Destinations {
    all: Vec<Destination>,
    profiles: Vec<Profile>,
    reports: Vec<String>,
}

impl Destinations {
    /// Opens destinations. By a [`Patience`] that keeps lines a receiver that can't be reached is none the less a destination: that is a
    /// report, and its lines wait.
    ///
    /// # Errors
    ///
    /// The first that can't be opened.
    pub fn open(specs: Vec<Spec>, patience: Patience) -> Result<Self, OpenError> {
        let mut opened = Self { all: Vec::new(), profiles: Vec::new(), reports: Vec::new() };
        for spec in specs {
            let profile = spec.profile();
            let known = opened.profiles.iter().position(|known| *known == profile);
            let at = known.unwrap_or_else(|| {
                opened.profiles.push(profile);
                opened.profiles.len() - 1
            });
            opened.all.push(Destination::open(spec, at, patience, &mut opened.reports)?);
        }
        Ok(opened)
    }

    /// The distinct profiles: a record is rendered once for each.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// Takes a line, rendered for the profile of that index, to every destination of that profile.
    ///
    /// `Break` says that nobody listens any more: every destination was a standard output, and its reader has gone.
    pub fn write(&mut self, profile: usize, line: &[u8], rendered: Rendered) -> ControlFlow<()> {
        let mut full = false;
        for destination in self.all.iter_mut().filter(|destination| destination.profile == profile) {
            full |= destination.push(line, rendered, &mut self.reports);
        }
        if full { self.going() } else { ControlFlow::Continue(()) }
    }

    /// Writes what was gathered. `Break` as in [`Destinations::write`].
    pub fn flush(&mut self) -> ControlFlow<()> {
        for destination in &mut self.all {
            destination.flush(&mut self.reports);
        }
        self.going()
    }

    /// Writes what was gathered and closes everything. Gives the last counters and reports.
    pub fn close(mut self) -> (Vec<(Spec, Counters)>, Vec<String>) {
        let _ = self.flush();
        for destination in &mut self.all {
            // Where nobody will try again, what was kept is lost.
            destination.counters.failed += destination.batch.lines() as u64;
            if let Sink::Stream(stream) = &mut destination.sink {
                stream.close();
            }
        }
        let counters = self.all.into_iter().map(|destination| (destination.spec, destination.counters)).collect();
        (counters, self.reports)
    }

    /// Opens the files anew by their names, after they were moved away.
    pub fn reopen(&mut self) {
        for destination in &mut self.all {
            destination.flush(&mut self.reports);
            destination.reopen(&mut self.reports);
        }
    }

    /// Has names of receivers looked up by somebody else from now on.
    pub fn set_names(&mut self, names: &Names) {
        for destination in &mut self.all {
            destination.names = names.clone();
            if let Sink::Stream(stream) = &mut destination.sink {
                stream.set_names(names.clone());
            }
        }
    }

    /// What the first destination has read from files, where it is one of TLS.
    pub fn credentials(&self) -> Option<&Credentials> {
        match &self.all.first()?.sink {
            Sink::Stream(stream) => stream.credentials(),
            _ => None,
        }
    }

    /// Takes for every destination of TLS what was read from its files anew. Connections that are open stay.
    pub fn renew(&mut self, credentials: &Credentials) {
        for destination in &mut self.all {
            if let (Sink::Stream(stream), Target::Tls(_)) = (&mut destination.sink, &destination.spec.target) {
                stream.renew(credentials.clone());
            }
        }
    }

    /// What became of each destination's lines so far.
    pub fn counters(&self) -> impl Iterator<Item = (&Spec, Counters)> {
        self.all.iter().map(|destination| (&destination.spec, destination.counters))
    }

    /// Whether the last lines of any destination were lost, or wait.
    pub fn is_troubled(&self) -> bool {
        self.all.iter().any(Destination::is_troubled)
    }

    /// Whether every destination keeps lines that it does not take, by its [`Patience`].
    pub fn keeps(&self) -> bool {
        self.all.iter().all(Destination::keeps)
    }

    /// Whether there is a use in writing to destinations whose last lines were lost or kept: those that are streams are connected to anew.
    pub fn is_reachable(&mut self) -> bool {
        let reports = &mut self.reports;
        self.all.iter_mut().all(|destination| destination.is_reachable(reports))
    }

    /// What an operator should know and has not been told.
    pub fn take_reports(&mut self) -> Vec<String> {
        std::mem::take(&mut self.reports)
    }

    fn going(&self) -> ControlFlow<()> {
        let ended = !self.all.is_empty() && self.all.iter().all(|destination| matches!(destination.sink, Sink::Ended));
        if ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Reads the files that a destination needs, where it is one of TLS.
///
/// # Errors
///
/// A file that can't be read or used.
pub fn credentials(spec: &Spec) -> Result<Option<Credentials>, OpenError> {
    spec.credentials().map_err(|error| OpenError::new(spec, error))
}

#[derive(Debug)]
enum Sink {
    File(FileSink),
    Datagram(DatagramSink),
    Stream(StreamSink),
    /// A receiver that was not there yet, and that only its answer makes one of these: a local socket is of datagrams or a stream.
    Sought,
    /// The standard output, whose reader has gone. Lines for it are nobody's loss.
    Ended,
}

#[derive(Debug)]
struct Destination {
    spec: Spec,
    profile: usize,
    patience: Patience,
    names: Names,
    frame: Frame,
    sink: Sink,
    sequence: Option<Sequence>,
    batch: Batch,
    /// Whether a person watches: every line is shown at once.
    terminal: bool,
    /// Why lines were lost since the last batch that went out whole, as far as that was reported.
    troubles: Vec<String>,
    counters: Counters,
}

impl Destination {
    fn open(spec: Spec, profile: usize, patience: Patience, reports: &mut Vec<String>) -> Result<Self, OpenError> {
        let names = Names::default();
        let opened = open(&spec, &patience, &names).map_err(|error| OpenError::new(&spec, error))?;
        let mut destination = Self {
            profile,
            patience,
            names,
            frame: opened.frame,
            sink: opened.sink,
            sequence: spec.sequence.then(Sequence::new),
            batch: Batch::default(),
            terminal: spec.target == Target::Stdout && io::stdout().is_terminal(),
            troubles: Vec::new(),
            counters: Counters::default(),
            spec,
        };
        if let Some(error) = &opened.trouble {
            destination.tell_absence(error, reports);
        }
        Ok(destination)
    }

    /// Gathers a line, and writes what was gathered where it is much. Tells whether it did.
    fn push(&mut self, line: &[u8], rendered: Rendered, reports: &mut Vec<String>) -> bool {
        self.counters.cut += u64::from(rendered.cut);
        let (head, tail) = line.split_at_checked(rendered.sd_at).unwrap_or((line, &[]));
        match &mut self.sequence {
            Some(sequence) => {
                let number = sequence.take(self.spec.format);
                // The number takes the place of the nil value.
                self.batch.push(self.frame, [head, number, tail.strip_prefix(b"-").unwrap_or(tail)]);
            }
            None => self.batch.push(self.frame, [head, &[], tail]),
        }
        // Once a try was in vain, each further line is no reason for another.
        let most = if self.keeps() && self.is_troubled() { KEPT_BYTES } else { BATCH_BYTES };
        let full = self.batch.holds(most) || self.terminal;
        if full {
            self.flush(reports);
        }
        full
    }

    fn flush(&mut self, reports: &mut Vec<String>) {
        if self.batch.is_empty() {
            return;
        }
        if matches!(self.sink, Sink::Sought)
            && let Err(error) = self.seek()
        {
            if self.batch.holds(KEPT_BYTES) {
                self.counters.failed += self.batch.lines() as u64;
                self.batch.clear();
            }
            self.tell_trouble(&error, reports);
            return;
        }
        let error = match &mut self.sink {
            Sink::File(file) => {
                let (sent, error) = file.send(&self.batch);
                self.counters.take(sent);
                if error.as_ref().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
                    && self.spec.target == Target::Stdout
                {
                    self.sink = Sink::Ended;
                    self.batch.clear();
                    return;
                }
                self.counters.failed += self.batch.lines().saturating_sub(sent.lines) as u64;
                error
            }
            Sink::Datagram(_) => self.send_datagrams(),
            Sink::Stream(_) => {
                let (done, error) = self.send_stream();
                if let Some(error) = error.as_ref().filter(|_| self.keeps() && !self.batch.holds(KEPT_BYTES)) {
                    self.batch.forget(done);
                    self.tell_trouble(error, reports);
                    return;
                }
                self.counters.failed += self.batch.lines().saturating_sub(done) as u64;
                error
            }
            Sink::Sought | Sink::Ended => None,
        };
        self.batch.clear();
        match error {
            Some(error) => self.tell_trouble(&error, reports),
            None if self.is_troubled() => self.tell_relief(reports),
            None => {}
        }
    }

    fn is_reachable(&mut self, reports: &mut Vec<String>) -> bool {
        let reached = match &mut self.sink {
            Sink::Sought => self.seek(),
            Sink::Stream(stream) => {
                stream.reconnect(&self.patience).map(|anew| self.counters.reconnects += u64::from(anew))
            }
            _ => return true,
        };
        match reached {
            Ok(()) => {
                if self.batch.is_empty() && self.is_troubled() {
                    self.tell_relief(reports);
                }
                true
            }
            Err(error) => {
                self.tell_trouble(&error, reports);
                false
            }
        }
    }

    /// Looks again for a receiver that was not there. Lines that wait get the frames that it wants.
    fn seek(&mut self) -> io::Result<()> {
        let opened = open(&self.spec, &self.patience, &self.names)?;
        if let Some(error) = opened.trouble {
            return Err(error);
        }
        (self.sink, self.frame) = (opened.sink, opened.frame);
        self.batch.frame_anew(self.frame);
        Ok(())
    }

    /// Whether the last batch failed.
    fn is_troubled(&self) -> bool {
        !self.troubles.is_empty()
    }

    /// Whether lines that are not taken stay.
    fn keeps(&self) -> bool {
        self.patience.keeps && matches!(self.sink, Sink::Stream(_) | Sink::Sought)
    }

    fn tell_relief(&mut self, reports: &mut Vec<String>) {
        report(reports, format!("{} takes lines again; lost so far: {}", self.spec, self.counters.failed));
        self.troubles.clear();
    }

    /// Tells that a receiver is not there at the beginning.
    fn tell_absence(&mut self, error: &io::Error, reports: &mut Vec<String>) {
        let (spec, why) = (&self.spec, advice(&self.spec.target, error));
        let how = "it is tried again and again, and lines wait until then as long as the queue has room";
        report(reports, format!("{spec} can't be reached: {error}; {how}; {why}"));
        self.troubles.push(error.to_string());
    }

    /// Tells why lines are lost or wait, each reason once.
    fn tell_trouble(&mut self, error: &io::Error, reports: &mut Vec<String>) {
        let what = error.to_string();
        if self.troubles.len() < REASONS && !self.troubles.contains(&what) {
            let why = advice(&self.spec.target, error);
            let how = if self.keeps() { "wait, and are lost when the queue is full" } else { "are being lost" };
            report(reports, format!("lines for {} {how}: {what}: {why}", self.spec));
            self.troubles.push(what);
        }
    }

    /// Sends each line once, and again where its receiver could be found anew. Gives the last error of a line that was lost.
    fn send_datagrams(&mut self) -> Option<io::Error> {
        // A receiver that stayed away for one batch is not waited for again until it is back.
        let mut tries_left = if self.is_troubled() { 1 } else { self.patience.tries.max(1) };
        let Sink::Datagram(sink) = &mut self.sink else {
            return None;
        };
        let mut trouble = None;
        let mut tries = 0;
        for line in (0..self.batch.lines()).filter_map(|line| self.batch.line(line)) {
            let mut sent = sink.send(line);
            if let Err(error) = &sent
                && sink.speaks_of_an_earlier_line(error)
            {
                self.counters.sent = self.counters.sent.saturating_sub(1);
                self.counters.failed += 1;
                trouble = Some(io::Error::from(error.kind()));
                sent = sink.send(line);
            }
            while let Err(error) = &sent {
                if !sink.is_gone(error) || tries_left == 0 {
                    break;
                }
                tries_left -= 1;
                let found = sink.reconnect();
                if found.is_ok() {
                    self.counters.reconnects += 1;
                    sent = sink.send(line);
                } else if tries_left > 0 {
                    tries += 1;
                    std::thread::sleep(self.patience.pause(tries));
                }
            }
            match sent {
                Ok(()) => self.counters.take(Sent { lines: 1, bytes: line.len() }),
                Err(error) => {
                    self.counters.failed += 1;
                    trouble = Some(error);
                }
            }
        }
        trouble
    }

    /// Sends the batch, on a new connection where the old one breaks, beginning with the line that was not written whole. Tells how many
    /// lines went out, and why not all did.
    fn send_stream(&mut self) -> (usize, Option<io::Error>) {
        let most = if self.is_troubled() { 1 } else { self.patience.tries.max(1) };
        let Sink::Stream(sink) = &mut self.sink else {
            return (0, None);
        };
        let (mut done, mut tries) = (0, 0);
        loop {
            let was_connected = sink.is_connected();
            let error = match sink.reconnect(&self.patience) {
                Ok(new) => {
                    self.counters.reconnects += u64::from(new);
                    let (sent, error) = sink.send(&self.batch, done);
                    self.counters.take(sent);
                    done += sent.lines;
                    if sent.lines > 0 {
                        tries = 0;
                    }
                    match error {
                        None => return (done, None),
                        Some(error) => error,
                    }
                }
                Err(error) => error,
            };
            tries += 1;
            if tries >= most {
                return (done, Some(error));
            }
            // A connection that has just broken may be made anew at once.
            if !was_connected {
                std::thread::sleep(self.patience.pause(tries));
            }
        }
    }

    fn reopen(&mut self, reports: &mut Vec<String>) {
        if let (Sink::File(file), Target::File(path)) = (&mut self.sink, &self.spec.target) {
            match FileSink::open(path) {
                Ok(fresh) => *file = fresh,
                Err(error) => {
                    let why = advice(&self.spec.target, &error);
                    report(
                        reports,
                        format!("{} could not be opened anew and stays the old file: {error}: {why}", self.spec),
                    );
                }
            }
        }
    }
}

impl Counters {
    fn take(&mut self, sent: Sent) {
        self.sent += sent.lines as u64;
        self.bytes += sent.bytes as u64;
    }
}

fn report(reports: &mut Vec<String>, text: String) {
    if reports.len() < REPORTS {
        reports.push(text);
    }
}

/// What an operator may do about an error.
fn advice(target: &Target, error: &io::Error) -> &'static str {
    if let Some(advice) = Trouble::advice(error) {
        return advice;
    }
    match (target, error.kind()) {
        (_, ErrorKind::PermissionDenied) => "give the user that tapline runs as the right to write there",
        (Target::Stdout, _) => "see where the standard output goes",
        (Target::File(_), ErrorKind::NotFound) => "make the folder first",
        (Target::File(_), ErrorKind::IsADirectory) => "name a file inside that folder",
        (Target::File(_), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => "make room on the disk",
        (Target::File(_), _) => "see to the file and its disk",
        (Target::Unix(_), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            "start the receiver, or name the socket that it listens on"
        }
        (Target::Udp(_) | Target::Tcp(_) | Target::Tls(_), ErrorKind::ConnectionRefused) => {
            "start the receiver, or name the port that it listens on"
        }
        (Target::Udp(_) | Target::Tcp(_) | Target::Tls(_), _) => {
            "see to the host's name, the route to it and the firewalls on the way"
        }
        (Target::Unix(_), _) => "see to the socket and its receiver",
    }
}
