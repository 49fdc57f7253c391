//! Looks at interfaces and opens them, in a thread that sees no packets.
//!
//! ```text
//! opener (its thread)   which interfaces there are, a capture of one that has come back     -> watch
//!                       what was lost before their rings                                    -> board
//! taps (the reader)     take from the watch what there is, and say which they want opened   -> watch
//! ```
//!
//! Opening takes CAP_NET_RAW, files below /sys and sockets. The reader, to which the bytes of the wire come, shall have none of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pcap::{Active, Capture, Precision};
use pnet::datalink::NetworkInterface;

use super::board::Board;
use super::losses::{Backlog, Ledger};
use super::{BLOCK_MS, Settings};
use crate::source::Error;
use crate::source::filter::Filter;

/// libpcap's name for all interfaces at once.
const ANY: &str = "any";
/// libpcap takes the size of a ring as a number that ends here.
const MAX_RING_BYTES: u64 = i32::MAX as u64;

/// What an interface is to the system. Its number is the system's; one that is made anew under the same name has another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Found {
    Up(Option<u32>),
    NoCarrier(Option<u32>),
    Off,
    #[default]
    Nothing,
}

impl Found {
    /// The system's number, where it is switched on and has one.
    const fn index(self) -> Option<u32> {
        match self {
            Self::Up(index) | Self::NoCarrier(index) => index,
            Self::Off | Self::Nothing => None,
        }
    }
}

/// A capture that was opened just now.
pub(super) struct Fresh {
    pub(super) capture: Capture<Active>,
    /// The system's number of its interface.
    pub(super) index: Option<u32>,
    /// Whether everything that the ring counts is a frame for us. What came before a filter was in place is not, nor what a loopback sends,
    /// which libpcap leaves out.
    pub(super) exact: bool,
}

/// That, or libpcap's words for why there is none.
pub(super) type Opened = Result<Fresh, String>;

/// What the opener and a tap tell each other of an interface.
#[derive(Default)]
pub(super) struct Place {
    /// What it is.
    pub(super) found: Found,
    /// Whether the tap has none, and waits for one.
    pub(super) wanted: bool,
    /// The answer to that.
    pub(super) opened: Option<Opened>,
}

/// All interfaces, by their number among those that were named.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<Vec<Place>>>);

impl Watch {
    pub(super) fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at interfaces, and opens those that are wanted.
pub struct Opener {
    settings: Settings,
    watch: Watch,
    board: Arc<Board>,
    /// By interface: what it lost.
    ledgers: Vec<Ledger>,
    backlog: Backlog,
    /// Interfaces that hear what they send.
    loopback: Vec<String>,
}

impl Opener {
    pub(super) fn new(settings: Settings, board: Arc<Board>) -> Self {
        let places = settings.interfaces.iter().map(|_| Place::default()).collect();
        let ledgers = settings.interfaces.iter().map(|name| Ledger::of_interface(name)).collect();
        let (watch, backlog) = (Watch(Arc::new(Mutex::new(places))), Backlog::of_this_machine());
        Self { settings, watch, board, ledgers, backlog, loopback: Vec::new() }
    }

    pub(super) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Looks at every interface, and opens what is wanted and can be.
    pub fn look(&mut self) {
        let interfaces = pnet::datalink::interfaces();
        let loopback = interfaces.iter().filter(|interface| interface.is_loopback());
        self.loopback = loopback.map(|interface| interface.name.clone()).collect();
        for (number, name) in self.settings.interfaces.iter().enumerate() {
            let found = find(name, &interfaces);
            if let Some(ledger) = self.ledgers.get_mut(number) {
                let losses = ledger.look(found.index());
                self.board.set_port(number, |port| port.losses = losses);
            }
            // Opening takes a while, and the reader does not wait for it.
            let wanted = self.watch.places().get(number).is_some_and(|place| place.wanted);
            let opened = match found {
                Found::Up(index) | Found::NoCarrier(index) if wanted => {
                    Some(self.open(name, index).map_err(|error| match error {
                        Error::Interface { what, .. } => what,
                        error => error.to_string(),
                    }))
                }
                _ => None,
            };
            if let Some(place) = self.watch.places().get_mut(number) {
                place.found = found;
                if opened.is_some() {
                    (place.wanted, place.opened) = (false, opened);
                }
            }
        }
        self.board.set_backlog(self.backlog.look());
    }

    /// What the first look found, and a capture where the interface is up: an interface that can't be listened to is an error now, and
    /// one that is only switched off is waited for.
    pub(super) fn open_first(&self, number: usize, name: &str) -> Result<Option<Opened>, Error> {
        let refused = |what: String| Error::Interface { name: name.to_owned(), what };
        let index = match self.watch.places().get(number).map(|place| place.found).unwrap_or_default() {
            Found::Nothing => return Err(refused("there is none of that name; see what there is with ip link".into())),
            Found::Off => {
                if let Some(filter) = &self.settings.filter {
                    Filter::new(filter, &[])?;
                }
                return Ok(None);
            }
            Found::Up(index) | Found::NoCarrier(index) => index,
        };
        let refused = |what| refused(format!("{what}; capturing takes root or the capability CAP_NET_RAW"));
        self.open(name, index).map(|fresh| Some(Ok(fresh))).map_err(|error| match error {
            Error::Interface { what, .. } => refused(what),
            error => error,
        })
    }

    /// Opens an interface that is up. Where that is not possible the error has libpcap's words.
    fn open(&self, name: &str, index: Option<u32>) -> Result<Fresh, Error> {
        let mut capture =
            capture(name, &self.settings).map_err(|what| Error::Interface { name: name.to_owned(), what })?;
        if let Some(expression) = &self.settings.filter {
            capture
                .filter(expression, true)
                .map_err(|error| Error::Filter { expression: expression.clone(), what: words(&error) })?;
        }
        let doubles = name == ANY || self.loopback.iter().any(|loopback| loopback == name);
        Ok(Fresh { capture, index, exact: self.settings.filter.is_none() && !doubles })
    }
}

fn capture(name: &str, settings: &Settings) -> Result<Capture<Active>, String> {
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
pub(super) fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(what) if what.is_empty() => "it can't be listened to".to_owned(),
        pcap::Error::PcapError(what) => what.clone(),
        error => error.to_string(),
    }
}
