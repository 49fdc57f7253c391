//! What the taps have counted and what happened to them: written by the reading thread, read by whoever tells of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dissectors::Timestamp;

use super::losses::Losses;

/// Events that wait to be told; an interface that comes and goes all the time is told of often enough.
const MAX_EVENTS: usize = 64;

/// Whether anything can be seen at an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// It is listened to, and it has a carrier.
    #[default]
    Up,
    /// It is there, and it is switched off or has no carrier.
    Down,
    /// There is none of that name, or it can't be opened any more.
    Gone,
}

impl Link {
    /// Its name in STATUS lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Gone => "gone",
        }
    }
}

/// One interface as it is now, its counters since the program began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Whether anything can be seen there.
    pub link: Link,
    /// Frames taken from its ring.
    pub frames: u64,
    /// Packets for which the ring had no room.
    pub kernel_drops: u64,
    /// What was lost before it.
    pub losses: Losses,
}

impl Port {
    /// Packets for which there was no room.
    pub const fn lost(&self) -> u64 {
        self.kernel_drops.saturating_add(self.losses.drops)
    }
}

/// All interfaces.
#[derive(Debug)]
pub struct Board {
    ports: Mutex<Vec<Port>>,
    events: Mutex<Vec<String>>,
    /// Packets for which no processor's queue had room, of all interfaces of the machine.
    backlog: Mutex<Option<u64>>,
    /// Nanoseconds of the clock on the wall.
    reached: AtomicU64,
    /// Nanoseconds that were spent waiting for packets.
    idle: AtomicU64,
}

impl Board {
    pub(crate) fn new(names: &[String]) -> Self {
        let port = |name: &String| Port { name: name.clone(), link: Link::Gone, ..Port::default() };
        let ports = Mutex::new(names.iter().map(port).collect());
        let (events, backlog) = Default::default();
        Self { ports, events, backlog, reached: AtomicU64::new(wall_clock().nanos()), idle: AtomicU64::new(0) }
    }

    /// The interfaces as they are.
    pub fn ports(&self) -> Vec<Port> {
        held(&self.ports).clone()
    }

    /// Packets for which no processor's queue had room, of all interfaces of the machine; where the kernel tells.
    pub fn backlog(&self) -> Option<u64> {
        *held(&self.backlog)
    }

    /// What happened since this was last asked, a sentence each.
    pub fn take_events(&self) -> Vec<String> {
        std::mem::take(&mut *held(&self.events))
    }

    /// Until when everything that came was taken from the rings, or is counted as lost; by the clock on the wall.
    pub fn reached(&self) -> Timestamp {
        Timestamp::from_nanos(self.reached.load(Ordering::Relaxed))
    }

    /// How long the reading thread has waited for packets, in nanoseconds; otherwise it was at work.
    pub fn idle_ns(&self) -> u64 {
        self.idle.load(Ordering::Relaxed)
    }

    pub(super) fn waited(&self, time: Duration) {
        self.idle.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn reach(&self, time: Timestamp) {
        self.reached.store(time.nanos(), Ordering::Relaxed);
    }

    pub(super) fn set_backlog(&self, lost: Option<u64>) {
        *held(&self.backlog) = lost;
    }

    pub(super) fn set_port(&self, number: usize, change: impl FnOnce(&mut Port)) {
        if let Some(port) = held(&self.ports).get_mut(number) {
            change(port);
        }
    }

    pub(super) fn tell(&self, event: String) {
        let mut events = held(&self.events);
        if events.len() < MAX_EVENTS {
            events.push(event);
        }
    }
}

/// The clock on the wall: for what the sensor says of itself, and never for what it says of packets.
pub fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// A thread that failed leaves nothing half-written here.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
