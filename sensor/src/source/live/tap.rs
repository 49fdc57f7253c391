//! One interface: opened, emptied, watched, and opened again when it went and came back.

use pcap::{Active, Capture, Precision};
use pnet::datalink::NetworkInterface;

use super::board::{Board, Link, Port};
use super::{BLOCK_MS, Settings};
use crate::source::batch::{BATCH_FRAMES, Batch, Blank, Frame, Pool};
use crate::source::filter::Filter;
use crate::source::format::normal_link;
use crate::source::{Counters, Error};
use dissectors::Timestamp;
use dissectors::time::SECOND;

/// libpcap's name for all interfaces at once.
const ANY: &str = "any";
/// libpcap takes the size of a ring as a number that ends here.
const MAX_RING_BYTES: u64 = i32::MAX as u64;

/// One interface.
pub(super) struct Tap {
    name: String,
    number: usize,
    open: Option<Open>,
    link: Link,
    /// Frames taken, in all its lives.
    frames: u64,
    kernel_drops: u64,
    interface_drops: u64,
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
    if_dropped: u32,
    received_in_all: u64,
    dropped_in_all: u64,
    /// Whether everything received was for us. What came before the filter was in place is not.
    exact: bool,
}

/// What an interface is to the system.
enum Found {
    Up(Option<u32>),
    NoCarrier(Option<u32>),
    Off,
    Nothing,
}

impl Tap {
    pub(super) fn open(number: usize, name: &str, settings: &Settings, board: &Board) -> Result<Self, Error> {
        let refused = |what: String| Error::Interface { name: name.to_owned(), what };
        let mut tap = Self {
            name: name.to_owned(),
            number,
            open: None,
            link: Link::Up,
            frames: 0,
            kernel_drops: 0,
            interface_drops: 0,
            refusal: None,
        };
        match find(name, &pnet::datalink::interfaces()) {
            Found::Nothing => Err(refused("there is none of that name; see what there is with ip link".into()))?,
            Found::Off => {
                if let Some(filter) = &settings.filter {
                    Filter::new(filter, &[])?;
                }
            }
            Found::Up(index) | Found::NoCarrier(index) => {
                let mut capture = open(name, settings)
                    .map_err(|what| refused(format!("{what}; capturing takes root or the capability CAP_NET_RAW")))?;
                filter(&mut capture, settings)?;
                tap.open = Some(Open::new(capture, index, settings));
            }
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

    /// Compares the interface with what it was, opens it where it has come back, and leaves its counters at the board.
    pub(super) fn look(&mut self, interfaces: &[NetworkInterface], settings: &Settings, board: &Board) {
        self.count();
        let found = find(&self.name, interfaces);
        let now = match &found {
            Found::Up(index) | Found::NoCarrier(index) => {
                if self.open.as_ref().is_some_and(|open| open.index != *index) {
                    self.close(board, "it was taken away, and another has its name");
                }
                if self.open.is_none() {
                    self.reopen(*index, settings, board);
                }
                match (&self.open, &found) {
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
        let Self { link, frames, kernel_drops, interface_drops, .. } = *self;
        let change = |port: &mut Port| {
            port.link = link;
            (port.frames, port.kernel_drops, port.interface_drops) = (frames, kernel_drops, interface_drops);
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

    fn reopen(&mut self, index: Option<u32>, settings: &Settings, board: &Board) {
        let opened = open(&self.name, settings).and_then(|mut capture| {
            filter(&mut capture, settings).map_err(|error| error.to_string())?;
            Ok(capture)
        });
        match opened {
            Ok(capture) => {
                self.refusal = None;
                self.open = Some(Open::new(capture, index, settings));
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
        let if_dropped = u64::from(stats.if_dropped.wrapping_sub(open.if_dropped));
        let received = u64::from(stats.received.wrapping_sub(open.received));
        (open.received, open.dropped, open.if_dropped) = (stats.received, stats.dropped, stats.if_dropped);
        open.received_in_all = open.received_in_all.saturating_add(received);
        open.dropped_in_all = open.dropped_in_all.saturating_add(dropped);
        self.kernel_drops = self.kernel_drops.saturating_add(dropped);
        self.interface_drops = self.interface_drops.saturating_add(if_dropped);
    }
}

impl Open {
    fn new(mut capture: Capture<Active>, index: Option<u32>, settings: &Settings) -> Self {
        let link = capture.get_datalink().0;
        // What the interface lost before is not this program's to tell.
        let if_dropped = capture.stats().map_or(0, |stats| stats.if_dropped);
        Self {
            capture,
            link: normal_link(u16::try_from(link).unwrap_or(u16::MAX)),
            index,
            frames: 0,
            received: 0,
            dropped: 0,
            if_dropped,
            received_in_all: 0,
            dropped_in_all: 0,
            exact: settings.filter.is_none(),
        }
    }
}

/// When a packet came. The field for microseconds holds nanoseconds, as was asked for.
fn time(header: &pcap::PacketHeader) -> Timestamp {
    let seconds = u64::try_from(header.ts.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(header.ts.tv_usec).unwrap_or(0);
    Timestamp::from_nanos(seconds.saturating_mul(SECOND).saturating_add(nanos))
}

/// Opens an interface that is up, without its filter. The error is libpcap's.
fn open(name: &str, settings: &Settings) -> Result<Capture<Active>, String> {
    let attempt = |promiscuous: bool| {
        Capture::from_device(name)?
            .promisc(promiscuous)
            .snaplen(i32::try_from(settings.snaplen).unwrap_or(i32::MAX))
            .buffer_size(settings.ring_bytes.min(MAX_RING_BYTES) as i32)
            .timeout(BLOCK_MS)
            .precision(Precision::Nano)
            .open()?
            .setnonblock()
    };
    let promiscuous = settings.promiscuous && name != ANY;
    match attempt(promiscuous) {
        // Some interfaces have no such mode, and libpcap calls that an error.
        Err(error) if promiscuous => attempt(false).map_err(|_| words(&error)),
        opened => opened.map_err(|error| words(&error)),
    }
}

fn filter(capture: &mut Capture<Active>, settings: &Settings) -> Result<(), Error> {
    let Some(expression) = &settings.filter else { return Ok(()) };
    capture
        .filter(expression, true)
        .map_err(|error| Error::Filter { expression: expression.clone(), what: words(&error) })
}

fn find(name: &str, interfaces: &[NetworkInterface]) -> Found {
    if name == ANY {
        return Found::Up(None);
    }
    match interfaces.iter().find(|interface| interface.name == name) {
        None => Found::Nothing,
        Some(interface) if !interface.is_up() => Found::Off,
        Some(interface) if interface.is_running() => Found::Up(Some(interface.index)),
        Some(interface) => Found::NoCarrier(Some(interface.index)),
    }
}

/// libpcap's words for an error.
fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(what) if what.is_empty() => "it can't be listened to".to_owned(),
        pcap::Error::PcapError(what) => what.clone(),
        error => error.to_string(),
    }
}
