//! Between the pipeline and the destinations of a sensor that listens: a queue and a thread for each.
//!
//! Capture never waits for a destination. Lines are put into chunks that destinations of one profile share; each destination's thread
//! takes them at its own pace, and what finds its queue full is dropped for that destination alone, and counted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, unbounded};
use output::destination::{Counters, Credentials, Names, OpenError, Patience};
use output::{Destinations, Profile, Rendered, Spec};

use crate::pipeline::{Going, Outlet};

/// Bytes of lines that make a chunk.
const CHUNK_BYTES: usize = 64 << 10;
/// How long a destination that takes no lines is left alone at a time.
const REST: Duration = Duration::from_secs(5);
/// How often a resting destination looks whether there is reason to go on.
const NAP: Duration = Duration::from_millis(50);
/// How long destinations may take to write what is left when the sensor ends.
pub(super) const LAST_LINES: Duration = Duration::from_secs(20);

/// What became of one destination's lines.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// The destination.
    pub spec: Spec,
    /// What it wrote and what it gave up.
    pub counters: Counters,
    /// Lines that found its queue full, or were still there at the end.
    pub dropped: u64,
    /// Bytes that wait in its queue.
    pub queued: u64,
}

impl Account {
    /// Lines that it does not have.
    pub(super) fn lost(&self) -> u64 {
        self.counters.failed.saturating_add(self.dropped)
    }
}

/// Rendered lines of one profile.
#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each ends.
    lines: Vec<(usize, Rendered)>,
}

enum Order {
    Lines(Arc<Chunk>),
    Reopen,
}

/// One destination as both ends of its queue see it.
#[derive(Debug)]
struct Lane {
    spec: Spec,
    profile: usize,
    queued_bytes: AtomicU64,
    queued_lines: AtomicU64,
    dropped: AtomicU64,
    /// Its reader has gone; lines for it are nobody's loss.
    ended: AtomicBool,
    counters: Mutex<Counters>,
    reports: Mutex<Vec<String>>,
    /// For TLS: what was read from its files last.
    credentials: Mutex<Option<Credentials>>,
    /// The same, until its thread has taken it over: no order, for those wait behind lines that need it.
    renewed: Mutex<Option<Credentials>>,
}

/// All destinations.
pub(super) struct Outlets {
    profiles: Vec<Profile>,
    lanes: Vec<(Arc<Lane>, Sender<Order>)>,
    most_bytes: Arc<AtomicU64>,
    closing: Arc<AtomicBool>,
    /// Open, and without a thread yet.
    idle: Vec<(Arc<Lane>, Destinations, Receiver<Order>)>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Outlets {
    /// Opens destinations, each with a queue of `most_bytes`. [`Outlets::start`] gives each a thread.
    pub(super) fn open(specs: &[Spec], patience: Patience, most_bytes: u64) -> Result<Self, OpenError> {
        let closing = Arc::new(AtomicBool::new(false));
        let most_bytes = Arc::new(AtomicU64::new(most_bytes));
        let (idle, threads) = (Vec::new(), Vec::new());
        let mut outlets = Self { profiles: Vec::new(), lanes: Vec::new(), most_bytes, closing, idle, threads };
        for spec in specs {
            let mut destination = Destinations::open(vec![spec.clone()], patience)?;
            let profile = spec.profile();
            let known = outlets.profiles.iter().position(|known| *known == profile);
            let profile = known.unwrap_or_else(|| {
                outlets.profiles.push(profile);
                outlets.profiles.len().saturating_sub(1)
            });
            let lane = Arc::new(Lane {
                spec: spec.clone(),
                profile,
                queued_bytes: AtomicU64::new(0),
                queued_lines: AtomicU64::new(0),
                dropped: AtomicU64::new(0),
                ended: AtomicBool::new(false),
                counters: Mutex::default(),
                reports: Mutex::new(destination.take_reports()),
                credentials: Mutex::new(destination.credentials().cloned()),
                renewed: Mutex::default(),
            });
            let (sender, receiver) = unbounded();
            outlets.idle.push((lane.clone(), destination, receiver));
            outlets.lanes.push((lane, sender));
        }
        Ok(outlets)
    }

    /// Has names of receivers looked up by somebody else from now on.
    pub(super) fn set_names(&mut self, names: &Names) {
        self.idle.iter_mut().for_each(|(_, destination, _)| destination.set_names(names));
    }

    /// Starts the threads, which have the rights of the caller's from here on.
    pub(super) fn start(&mut self) {
        for (lane, destination, receiver) in self.idle.drain(..) {
            let (closing, most) = (self.closing.clone(), self.most_bytes.clone());
            self.threads.push(std::thread::spawn(move || lane.serve(destination, &receiver, &closing, &most)));
        }
    }

    /// A way in for one thread.
    pub(super) fn entrance(&self) -> Entrance<'_> {
        Entrance { outlets: self, gathered: self.profiles.iter().map(|_| Chunk::default()).collect() }
    }

    /// Lets every destination open its file anew.
    pub(super) fn reopen(&self) {
        for (_, sender) in &self.lanes {
            // A thread that is gone has no file.
            let _ = sender.send(Order::Reopen);
        }
    }

    /// Gives the destination of that place what was read from its files anew. Tells its name, where that is something else than before.
    pub(super) fn renew(&self, place: usize, read: Credentials) -> Option<String> {
        let (lane, _) = self.lanes.get(place)?;
        let mut before = held(&lane.credentials);
        if before.as_ref().is_some_and(|before| before.is_same(&read)) {
            return None;
        }
        *before = Some(read.clone());
        *held(&lane.renewed) = Some(read);
        Some(lane.spec.to_string())
    }

    /// Gives every queue so many bytes.
    pub(super) fn set_room(&self, most_bytes: u64) {
        self.most_bytes.store(most_bytes, Ordering::Relaxed);
    }

    /// What became of the lines so far.
    pub(super) fn accounts(&self) -> Vec<Account> {
        self.lanes.iter().map(|(lane, _)| lane.account()).collect()
    }

    /// What operators should know of destinations, since this was last asked.
    pub(super) fn take_reports(&self) -> Vec<String> {
        self.lanes.iter().flat_map(|(lane, _)| std::mem::take(&mut *held(&lane.reports))).collect()
    }

    /// Waits until everything is written, though not for ever, and gives the last account.
    pub(super) fn close(self) -> (Vec<Account>, Vec<String>) {
        self.closing.store(true, Ordering::Relaxed);
        let lanes: Vec<Arc<Lane>> = self.lanes.into_iter().map(|(lane, _)| lane).collect();
        let start = Instant::now();
        while start.elapsed() < LAST_LINES && !self.threads.iter().all(std::thread::JoinHandle::is_finished) {
            std::thread::sleep(NAP / 10);
        }
        let mut reports = Vec::new();
        for (lane, thread) in lanes.iter().zip(self.threads) {
            reports.append(&mut held(&lane.reports));
            if !thread.is_finished() {
                let left = lane.queued_lines.load(Ordering::Relaxed);
                lane.dropped.fetch_add(left, Ordering::Relaxed);
                reports.push(format!("{} does not take its last lines; {left} were given up", lane.spec));
            }
        }
        (lanes.iter().map(|lane| lane.account()).collect(), reports)
    }

    fn send(&self, profile: usize, chunk: Chunk) {
        let (bytes, lines) = (chunk.bytes.len() as u64, chunk.lines.len() as u64);
        let chunk = Arc::new(chunk);
        for (lane, sender) in self.lanes.iter().filter(|(lane, _)| lane.profile == profile) {
            if lane.ended.load(Ordering::Relaxed) {
                continue;
            }
            let most_bytes = self.most_bytes.load(Ordering::Relaxed);
            let room = lane.queued_bytes.load(Ordering::Relaxed).saturating_add(bytes) <= most_bytes;
            if !room {
                lane.dropped.fetch_add(lines, Ordering::Relaxed);
                continue;
            }
            lane.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
            lane.queued_lines.fetch_add(lines, Ordering::Relaxed);
            // A thread that failed leaves its queue as it is, and what is in it is counted as dropped at the end.
            let _ = sender.send(Order::Lines(chunk.clone()));
        }
    }
}

impl Lane {
    fn account(&self) -> Account {
        Account {
            spec: self.spec.clone(),
            counters: *held(&self.counters),
            dropped: self.dropped.load(Ordering::Relaxed),
            queued: self.queued_bytes.load(Ordering::Relaxed),
        }
    }

    /// The destination's thread.
    fn serve(
        &self,
        mut destination: Destinations,
        orders: &Receiver<Order>,
        closing: &AtomicBool,
        most_bytes: &AtomicU64,
    ) {
        super::name_thread(c"outlet");
        loop {
            let order = match orders.try_recv() {
                Ok(order) => order,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    // Nothing else is ready: what was gathered goes out.
                    if destination.keeps() {
                        self.rest(&mut destination, closing, most_bytes);
                    }
                    let going = destination.flush();
                    self.publish(&mut destination, going);
                    match orders.recv_timeout(REST) {
                        Ok(order) => order,
                        Err(RecvTimeoutError::Timeout) => continue,
                        Err(RecvTimeoutError::Disconnected) => break,
                    }
                }
            };
            match order {
                Order::Reopen => destination.reopen(),
                Order::Lines(chunk) => {
                    self.rest(&mut destination, closing, most_bytes);
                    self.renew(&mut destination);
                    let mut going = self.write(&chunk, &mut destination);
                    if destination.is_troubled() && !destination.keeps() {
                        // Whether it takes lines again is found out by these, before the next wait.
                        going = destination.flush();
                    }
                    self.publish(&mut destination, going);
                    self.queued_bytes.fetch_sub(chunk.bytes.len() as u64, Ordering::Relaxed);
                    self.queued_lines.fetch_sub(chunk.lines.len() as u64, Ordering::Relaxed);
                }
            }
        }
        let going = destination.flush();
        self.publish(&mut destination, going);
        // TLS has a last word to say, and what was kept until now is lost.
        let (counters, reports) = destination.close();
        if let Some((_, counters)) = counters.into_iter().next() {
            *held(&self.counters) = counters;
        }
        held(&self.reports).extend(reports);
    }

    fn write(&self, chunk: &Chunk, destination: &mut Destinations) -> Going {
        let mut start = 0;
        for (end, rendered) in &chunk.lines {
            let line = chunk.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            destination.write(0, line, *rendered)?;
        }
        Going::Continue(())
    }

    /// Leaves a destination alone that takes no lines: one that keeps them until it takes them again, another for a while, as long as
    /// others may wait for it.
    fn rest(&self, destination: &mut Destinations, closing: &AtomicBool, most_bytes: &AtomicU64) {
        let is_closing = || closing.load(Ordering::Relaxed);
        let has_room = || self.queued_bytes.load(Ordering::Relaxed) < most_bytes.load(Ordering::Relaxed) / 2;
        while destination.is_troubled() && !is_closing() {
            let (start, keeps) = (Instant::now(), destination.keeps());
            let is_renewed = || held(&self.renewed).is_some();
            while start.elapsed() < REST && (keeps || has_room()) && !is_renewed() && !is_closing() {
                std::thread::sleep(NAP);
            }
            self.renew(destination);
            if !keeps {
                return;
            }
            let going = if destination.is_reachable() { destination.flush() } else { Going::Continue(()) };
            self.publish(destination, going);
        }
    }

    fn renew(&self, destination: &mut Destinations) {
        if let Some(credentials) = held(&self.renewed).take() {
            destination.renew(&credentials);
        }
    }

    fn publish(&self, destination: &mut Destinations, going: Going) {
        if let Some((_, counters)) = destination.counters().next() {
            *held(&self.counters) = counters;
        }
        held(&self.reports).append(&mut destination.take_reports());
        if going.is_break() {
            self.ended.store(true, Ordering::Relaxed);
        }
    }
}

/// One thread's way in: gathers lines to chunks.
pub(super) struct Entrance<'o> {
    outlets: &'o Outlets,
    gathered: Vec<Chunk>,
}

impl Entrance<'_> {
    fn send(&mut self) {
        for (profile, chunk) in self.gathered.iter_mut().enumerate().filter(|(_, chunk)| !chunk.lines.is_empty()) {
            self.outlets.send(profile, std::mem::take(chunk));
        }
    }
}

impl Outlet for Entrance<'_> {
    fn profiles(&self) -> &[Profile] {
        &self.outlets.profiles
    }

    fn write(&mut self, profile: usize, line: &[u8], rendered: Rendered) -> Going {
        let Some(chunk) = self.gathered.get_mut(profile) else { return Going::Continue(()) };
        chunk.bytes.extend_from_slice(line);
        chunk.lines.push((chunk.bytes.len(), rendered));
        if chunk.bytes.len() >= CHUNK_BYTES { self.pause() } else { Going::Continue(()) }
    }

    fn pause(&mut self) -> Going {
        self.send();
        let ended = self.outlets.lanes.iter().all(|(lane, _)| lane.ended.load(Ordering::Relaxed));
        if ended { Going::Break(()) } else { Going::Continue(()) }
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const RENDERED: Rendered = Rendered { sd_at: 0, cut: false };

    fn write(outlets: &Outlets, lines: usize) {
        let mut entrance = outlets.entrance();
        for _ in 0..lines {
            let _ = entrance.write(0, &[b'x'; 999], RENDERED);
        }
        let _ = entrance.pause();
    }

    #[test]
    fn a_receiver_that_is_away_costs_no_line_while_the_queue_has_room() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let spec: Spec = format!("tcp://{place}?framing=newline&sequence=no").parse().unwrap();
        let patience = Patience { tries: 2, ..Patience::LIVE };
        let mut outlets = Outlets::open(std::slice::from_ref(&spec), patience, 1 << 20).unwrap();
        outlets.start();
        drop(listener.accept().unwrap());
        drop(listener);
        // More than a batch and a chunk, so that some find a full batch that waits.
        (0..5).for_each(|_| write(&outlets, 100));
        let start = Instant::now();
        let mut told = Vec::new();
        while told.is_empty() {
            assert!(start.elapsed() < Duration::from_secs(30), "it is told");
            told = outlets.take_reports();
        }
        assert!(
            told[0].starts_with(&format!("lines for {spec} wait, and are lost when the queue is full: ")),
            "{told:?}"
        );
        write(&outlets, 100);
        let listener = std::net::TcpListener::bind(place).unwrap();
        let (mut reader, _) = listener.accept().unwrap();
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all.len() / 1000
        });
        let (accounts, reports) = outlets.close();
        assert_eq!(reports, [format!("{spec} takes lines again; lost so far: 0")]);
        assert_eq!((accounts[0].counters.sent, accounts[0].lost(), accounts[0].counters.reconnects), (600, 0, 1));
        assert_eq!(reading.join().unwrap(), 600);
    }

    #[test]
    fn a_receiver_that_stays_away_holds_nobody_up_at_the_end_and_every_line_is_counted() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let spec: Spec = format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap();
        let patience = Patience { tries: 2, ..Patience::LIVE };
        let mut outlets = Outlets::open(&[spec], patience, 1 << 20).unwrap();
        outlets.start();
        drop(listener.accept().unwrap());
        drop(listener);
        (0..20).for_each(|_| write(&outlets, 100));
        let (accounts, _) = outlets.close();
        assert_eq!((accounts[0].counters.sent, accounts[0].lost()), (0, 2000));
        assert!(accounts[0].counters.failed > 0 && accounts[0].dropped > 0, "{accounts:?}");
    }

    #[test]
    fn a_reader_that_stands_still_holds_up_nobody_and_every_line_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let file = folder.path().join("lines");
        let specs = [format!("unix:{}", socket.display()), format!("file:{}?limit=8000", file.display())];
        let specs: Vec<Spec> = specs.iter().map(|spec| spec.parse().unwrap()).collect();
        let mut outlets = Outlets::open(&specs, Patience::LIVE, 1 << 20).unwrap();
        outlets.start();
        let (mut reader, _) = listener.accept().unwrap();
        let start = Instant::now();
        for _ in 0..40 {
            write(&outlets, 100);
            while outlets.accounts()[1].queued > 0 {
                std::thread::yield_now();
            }
        }
        assert!(start.elapsed() < Duration::from_secs(5), "the file waited for the socket");
        let [socket, file] = &outlets.accounts()[..] else { panic!("two destinations") };
        assert_eq!((file.dropped, file.queued), (0, 0));
        assert!(socket.dropped > 2000 && socket.queued <= 1 << 20, "{socket:?}");
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all.len() / 1000
        });
        let (accounts, reports) = outlets.close();
        assert!(reports.is_empty(), "{reports:?}");
        assert_eq!(accounts[0].counters.sent + accounts[0].dropped, 4000);
        assert_eq!(accounts[1].counters.sent, 4000);
        assert_eq!(reading.join().unwrap() as u64, accounts[0].counters.sent);
    }
}
