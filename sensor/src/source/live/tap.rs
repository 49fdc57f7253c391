//! One interface: emptied, watched, and had opened again when it went and came back.

use pcap::{Active, Capture};

use super::board::{Board, Link, Port};
use super::opener::{Found, Fresh, Opened, Opener, Place, words};
use crate::source::batch::{BATCH_FRAMES, Batch, Blank, Frame, Pool};
use crate::source::format::normal_link;
use crate::source::{Counters, Error};
use dissectors::Timestamp;
use dissectors::time::SECOND;

/// One interface.
pub(super) struct Tap {
    name: String,
    number: usize,
    open: Option<Open>,
    link: Link,
    /// Frames taken, in all its lives.
    frames: u64,
    kernel_drops: u64,
    /// Why the last try to open it failed, so that it is told once.
    refusal: Option<String>,
}

/// A capture, and what it was when it was last looked at.
struct Open {
    capture: Capture<Active>,
    /// The LINKTYPE of its frames.
    link: u16,
    /// The system's number of the interface; one that is made anew under the same name has another.
    index: Option<u32>,
    frames: u64,
    /// libpcap's counters, which wrap.
    received: u32,
    dropped: u32,
    received_in_all: u64,
    dropped_in_all: u64,
    /// Whether everything received was for us.
    exact: bool,
}

impl Tap {
    pub(super) fn open(number: usize, name: &str, opener: &Opener, board: &Board) -> Result<Self, Error> {
        let opened = opener.open_first(number, name)?;
        let mut tap = Self {
            name: name.to_owned(),
            number,
            open: None,
            link: Link::Up,
            frames: 0,
            kernel_drops: 0,
            refusal: None,
        };
        if let Some(opened) = opened {
            tap.take_over(opened, board);
        }
        board.set_port(number, |port| port.link = Link::Up);
        Ok(tap)
    }

    pub(super) fn capture(&self) -> Option<&Capture<Active>> {
        self.open.as_ref().map(|open| &open.capture)
    }

    /// Takes what the ring has, as far as the batch has room. Tells whether there may be more.
    pub(super) fn take(&mut self, pool: &Pool, batch: &mut Batch, counters: &mut Counters, board: &Board) -> bool {
        let Some(open) = &mut self.open else { return false };
        let room = BATCH_FRAMES.saturating_sub(batch.frames.len());
        let (link, first) = (open.link, batch.blocks.len());
        let mut blanks: Vec<Blank> = Vec::new();
        let frames = &mut batch.frames;
        let taken = open.capture.dispatch(Some(room), |packet| {
            let place = match blanks.last_mut().and_then(|blank| blank.append(packet.data)) {
                Some(place) => place,
                None => {
                    let mut blank = pool.blank();
                    let place = blank.append(packet.data).unwrap_or(0);
                    blanks.push(blank);
                    place
                }
            };
            counters.bytes = counters.bytes.saturating_add(u64::from(packet.header.caplen));
            frames.push(Frame {
                time: time(packet.header),
                offset: place as u32,
                caplen: packet.header.caplen,
                wirelen: packet.header.len.max(packet.header.caplen),
                block: u16::try_from(first.saturating_add(blanks.len()).saturating_sub(1)).unwrap_or(u16::MAX),
                link,
            });
        });
        let count = batch.frames.len().saturating_sub(BATCH_FRAMES.saturating_sub(room)) as u64;
        counters.frames = counters.frames.saturating_add(count);
        counters.blocks = counters.blocks.saturating_add(blanks.len() as u64);
        open.frames = open.frames.saturating_add(count);
        self.frames = self.frames.saturating_add(count);
        for blank in blanks {
            batch.share(&blank.share());
        }
        if let Err(error) = taken {
            self.close(board, &words(&error));
        }
        count > 0
    }

    /// Compares the interface with what it was, takes over what was opened where it has come back, and leaves its counters at the board.
    pub(super) fn look(&mut self, place: &mut Place, board: &Board) {
        self.count();
        let opened = place.opened.take();
        let now = match place.found {
            Found::Up(index) | Found::NoCarrier(index) => {
                if self.open.as_ref().is_some_and(|open| open.index != index) {
                    self.close(board, "it was taken away, and another has its name");
                }
                if let Some(opened) = opened.filter(|_| self.open.is_none()) {
                    self.take_over(opened, board);
                }
                match (&self.open, place.found) {
                    (None, _) => Link::Gone,
                    (Some(_), Found::Up(_)) => Link::Up,
                    (Some(_), _) => Link::Down,
                }
            }
            Found::Off => Link::Down,
            Found::Nothing => {
                if self.open.is_some() {
                    self.close(board, "it was taken away");
                }
                Link::Gone
            }
        };
        place.wanted = self.open.is_none();
        if now != self.link {
            let name = &self.name;
            match (self.link, now) {
                (_, Link::Up) => board.tell(format!("interface {name} is up again")),
                (_, Link::Down) => {
                    board.tell(format!("interface {name} is down: nothing is seen there until it is up"))
                }
                (Link::Down, Link::Gone) => {
                    board.tell(format!("interface {name} is gone: it is opened when it is back"))
                }
                (_, Link::Gone) => {}
            }
            self.link = now;
        }
        let Self { link, frames, kernel_drops, .. } = *self;
        let change = |port: &mut Port| {
            port.link = link;
            (port.frames, port.kernel_drops) = (frames, kernel_drops);
        };
        board.set_port(self.number, change);
    }

    /// Counts what its ring still holds as lost: nobody will read it.
    pub(super) fn give_up_unread(&mut self) {
        self.count();
        if let Some(open) = self.open.as_ref().filter(|open| open.exact) {
            let unread = open.received_in_all.saturating_sub(open.dropped_in_all).saturating_sub(open.frames);
            self.kernel_drops = self.kernel_drops.saturating_add(unread);
        }
    }

    fn take_over(&mut self, opened: Opened, board: &Board) {
        match opened {
            Ok(fresh) => {
                self.refusal = None;
                self.open = Some(Open::new(fresh));
            }
            Err(what) => {
                if self.refusal.as_ref() != Some(&what) {
                    board.tell(format!("interface {} can't be opened: {what}", self.name));
                    self.refusal = Some(what);
                }
            }
        }
    }

    /// Gives the interface up until it comes back.
    fn close(&mut self, board: &Board, why: &str) {
        self.give_up_unread();
        self.open = None;
        self.link = Link::Gone;
        board.tell(format!("interface {} is gone ({why}): it is opened when it is back", self.name));
    }

    /// Adds what libpcap has counted since it was last asked. Its counters have 32 bits, and wrap.
    fn count(&mut self) {
        let Some(open) = &mut self.open else { return };
        let Ok(stats) = open.capture.stats() else { return };
        let dropped = u64::from(stats.dropped.wrapping_sub(open.dropped));
        let received = u64::from(stats.received.wrapping_sub(open.received));
        (open.received, open.dropped) = (stats.received, stats.dropped);
        open.received_in_all = open.received_in_all.saturating_add(received);
        open.dropped_in_all = open.dropped_in_all.saturating_add(dropped);
        self.kernel_drops = self.kernel_drops.saturating_add(dropped);
    }
}

impl Open {
    fn new(Fresh { capture, index, exact }: Fresh) -> Self {
        let link = capture.get_datalink().0;
        Self {
            capture,
            link: normal_link(u16::try_from(link).unwrap_or(u16::MAX)),
            index,
            frames: 0,
            received: 0,
            dropped: 0,
            received_in_all: 0,
            dropped_in_all: 0,
            exact,
        }
    }
}

/// When a packet came. The field for microseconds holds nanoseconds, as was asked for.
fn time(header: &pcap::PacketHeader) -> Timestamp {
    let seconds = u64::try_from(header.ts.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(header.ts.tv_usec).unwrap_or(0);
    Timestamp::from_nanos(seconds.saturating_mul(SECOND).saturating_add(nanos))
}
