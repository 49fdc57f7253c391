//! Interfaces that are listened to, through libpcap's memory-mapped rings (AF_PACKET, TPACKET_V3).
//!
//! ```text
//! kernel   ring of blocks, one per interface: filled by the kernel, handed over when full or after BLOCK_MS
//! tap      one interface: emptied into blocks of ours, its loss counted, taken over again when it went and came back
//! opener   which interfaces there are, and opening them: for a thread that has the right to, and sees no packets
//! losses   what is lost before a ring: by cards, drivers, and the kernel on the way
//! order    frames of several interfaces put in the order of their times
//! board    what the taps have counted and what happened to them, for whoever asks from another thread
//! ```
//!
//! One thread empties all rings: a frame is copied once, into a block that everything behind shares, and the ring's room is free again.
//! Where nothing comes, a batch without frames is given several times a second, so that silent sessions end in time.
//!
//! The kernel takes VLAN tags out of frames and tells them beside; libpcap puts them back. Packets that the kernel joined (GRO) or
//! a card would have cut (TSO) are longer than the link carries and are taken as they are.

mod board;
mod losses;
mod opener;
mod order;
mod tap;

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use dissectors::Timestamp;
use dissectors::time::MILLISECOND;

pub use board::{Board, Link, Port, wall_clock};
pub use losses::Losses;
pub use opener::Opener;
use opener::Watch;
use order::InOrder;
use tap::Tap;

use super::{Batch, Counters, Damage, Error, Pool, Source};

/// How long the kernel may keep a block that is not full, in milliseconds.
const BLOCK_MS: i32 = 50;
/// How long nothing is waited for at most: the beat of a quiet link.
const BEAT: Duration = Duration::from_millis(100);
/// How long a stopped source goes on emptying its rings: what was on the wire before is in a block by then.
const LAST_BLOCKS: Duration = Duration::from_millis(150);
/// How long it takes at most, where packets come faster than they are taken; what is left then is lost and counted.
const LONGEST_END: Duration = Duration::from_secs(5);
/// Time between two looks at the counters and states of interfaces.
pub const LOOK: Duration = Duration::from_millis(200);
/// The longest snapshot that libpcap takes, and the default: whole packets, however long.
pub const MAX_SNAPLEN: u32 = 262_144;

/// How interfaces are listened to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Their names, as the system has them; `any` is all at once.
    pub interfaces: Vec<String>,
    /// A pcap-filter(7) expression that the kernel runs.
    pub filter: Option<String>,
    /// Bytes that are kept of a packet.
    pub snaplen: u32,
    /// Bytes of each interface's ring.
    pub ring_bytes: u64,
    /// Whether packets for others are seen.
    pub promiscuous: bool,
}

/// Interfaces that are listened to.
pub struct Live {
    watch: Watch,
    taps: Vec<Tap>,
    order: InOrder,
    pool: Pool,
    board: Arc<Board>,
    stop: Arc<AtomicBool>,
    stopped: Option<Instant>,
    /// Whether the rings were empty when last looked at.
    dry: bool,
    start: Instant,
    looked: Instant,
    /// Until when everything was taken from the rings.
    caught_up: Timestamp,
    counters: Counters,
}

impl Live {
    /// Opens interfaces. It ends, its rings emptied, some moments after `stop` is set. What goes and comes back is seen as long as the
    /// opener [looks](Opener::look), every [`LOOK`] or so.
    ///
    /// # Errors
    ///
    /// An interface that does not exist or may not be listened to; a wrong filter. One that is only down is waited for.
    pub fn open(settings: Settings, stop: Arc<AtomicBool>) -> Result<(Self, Opener), Error> {
        let board = Arc::new(Board::new(&settings.interfaces));
        let mut opener = Opener::new(settings.clone(), board.clone());
        opener.look();
        let mut taps = Vec::new();
        for (number, name) in settings.interfaces.iter().enumerate() {
            taps.push(Tap::open(number, name, &opener, &board)?);
        }
        let now = Instant::now();
        let order = InOrder::new(taps.len());
        let mut live = Self {
            watch: opener.watch(),
            taps,
            order,
            pool: Pool::default(),
            board,
            stop,
            stopped: None,
            dry: false,
            start: now,
            looked: now,
            caught_up: wall_clock(),
            counters: Counters::default(),
        };
        live.look();
        Ok((live, opener))
    }

    /// What is counted, and what happens, for other threads.
    pub fn board(&self) -> Arc<Board> {
        self.board.clone()
    }

    /// Waits until an interface has something, for one beat at most.
    fn wait(&self) {
        let start = Instant::now();
        let mut open: Vec<PollFd<'_>> = self
            .taps
            .iter()
            .filter_map(Tap::capture)
            .map(|capture| PollFd::from_borrowed_fd(capture.as_fd(), PollFlags::IN))
            .collect();
        let beat = Timespec { tv_sec: 0, tv_nsec: BEAT.subsec_nanos().into() };
        if open.is_empty() {
            std::thread::sleep(BEAT);
        } else if poll(&mut open, Some(&beat)).is_ok_and(|ready| ready > 0)
            && open.iter().any(|fd| !fd.revents().is_empty() && !fd.revents().contains(PollFlags::IN))
        {
            // An interface in trouble is ready at once and forever; the next look at it tells.
            std::thread::sleep(BEAT / 10);
        }
        self.board.waited(start.elapsed());
    }

    /// Takes what the rings have, up to a batch. Tells whether there may be more.
    fn empty_rings(&mut self, batch: &mut Batch) -> bool {
        let mut more = false;
        for tap in &mut self.taps {
            more |= tap.take(&self.pool, batch, &mut self.counters, &self.board);
        }
        more
    }

    /// Whether it was stopped, and what came before that was taken.
    fn is_over(&self) -> bool {
        let stopped = self.stopped.map(|stopped| stopped.elapsed());
        stopped.is_some_and(|since| since > LAST_BLOCKS && (self.dry || since > LONGEST_END))
    }

    /// Reads the rings' counters, and takes over what the opener has seen.
    fn look(&mut self) {
        self.looked = Instant::now();
        for (tap, place) in self.taps.iter_mut().zip(self.watch.places().iter_mut()) {
            tap.look(place, &self.board);
        }
        // What was lost until then is counted now.
        self.board.reach(self.caught_up);
    }
}

impl Source for Live {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        batch.clear();
        if self.looked.elapsed() >= LOOK {
            self.look();
        }
        if self.stopped.is_none() && self.stop.load(Ordering::Relaxed) {
            self.stopped = Some(Instant::now());
        }
        let over = self.is_over();
        if !over {
            self.dry = !self.empty_rings(batch);
            if self.dry {
                // All rings are empty but for the blocks that the kernel still fills.
                let unseen = u64::from(BLOCK_MS.unsigned_abs()) * MILLISECOND;
                self.caught_up = Timestamp::from_nanos(wall_clock().nanos().saturating_sub(unseen));
                self.wait();
                self.empty_rings(batch);
            }
        }
        self.order.sort(batch, Instant::now(), over);
        batch.steady = Some(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        if over && batch.frames.is_empty() {
            self.taps.iter_mut().for_each(Tap::give_up_unread);
            self.look();
            return Ok(false);
        }
        Ok(true)
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn damages(&self) -> &[Damage] {
        &[]
    }
}
