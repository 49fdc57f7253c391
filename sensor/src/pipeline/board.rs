//! Where sessions leave word for others: the one place that all workers share.
//!
//! A session asks for what was heard up to its first packet (names) or its last (announcements). Everything is kept with the instant at
//! which it was heard, and a session is told only when every worker has come past its end ([`Board::safe`]), so what it is answered
//! depends on the packets alone. The only exceptions are the caps, which are far.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use dissectors::Text;
use dissectors::time::SECOND;
use flowtable::across::{Announced, Joined, Matter, Meeting, Notice};
use flowtable::path::Domain;

use super::heard::{Heard, Hints, Item, Ports};

/// How long a name stands for an address after it was last looked up, in nanoseconds of the packet clock. Resolvers in programs keep
/// answers for longer than their time to live.
const NAME_LIFE: u64 = 24 * 3600 * SECOND;
/// How long after its announcement a session may begin.
const ANNOUNCEMENT_LIFE: u64 = 300 * SECOND;
/// The most names that are told of one address.
const NAMES: usize = 4;
/// What part of the memory budget this may take, and what an entry takes, roughly.
const PART: usize = 16;
const ENTRY_BYTES: usize = 256;

/// Where addresses mean the same, who asked, and what was answered.
type Pair = (Domain, Host, Host);
/// Where addresses mean the same, the IP protocol, one end, and the other's address where that was told.
type Place = (Domain, u8, Host, u16, Option<Host>);

/// An address in one form, IPv4 mapped into IPv6 (RFC 4291 2.5.5.2): hashed and compared in a step or two.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Host(u128);

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        })
    }
}

/// What sessions have heard of others, and how far the workers have come.
pub(super) struct Board {
    names: Heard<Pair, Text>,
    /// Addresses that names were answered with.
    named: Hints,
    announced: Heard<Place, Announced>,
    /// Ports that sessions were announced on: nearly every session is on none of them.
    ports: Ports,
    /// By worker: the packet clock that it has come to.
    reached: Vec<AtomicU64>,
    /// The most entries of each map.
    cap: usize,
}

impl Board {
    /// An empty board for some workers. `memory` is the whole budget in bytes.
    pub fn new(workers: usize, memory: usize) -> Self {
        Self {
            names: Heard::default(),
            named: Hints::default(),
            announced: Heard::default(),
            ports: Ports::default(),
            reached: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            cap: memory / PART / ENTRY_BYTES,
        }
    }

    /// A worker has taken every packet before an instant, and left word of what was in them.
    pub fn reach(&self, worker: usize, clock: u64) {
        if let Some(reached) = self.reached.get(worker) {
            reached.store(clock, Ordering::Release);
        }
    }

    /// What happened before this instant is known to all.
    pub fn safe(&self) -> u64 {
        self.reached.iter().map(|reached| reached.load(Ordering::Acquire)).min().unwrap_or(0)
    }

    /// Leaves word.
    pub fn hear(&self, notice: Notice) {
        let Notice { clock, time, by, domain, matter } = notice;
        match matter {
            Matter::Named { client, address, name } => {
                let item = Item { clock, time, by, thing: name };
                let address = Host::from(address);
                self.named.note(&address);
                self.names.keep((domain, client.into(), address), item, self.cap, self.safe(), NAME_LIFE);
            }
            Matter::Expected { at: (address, port), protocol, announced } => {
                let place = (domain, protocol, address.into(), port, announced.peer.map(Host::from));
                let item = Item { clock, time, by, thing: announced };
                self.ports.note(port);
                self.announced.keep(place, item, self.cap, self.safe(), ANNOUNCEMENT_LIFE);
            }
        }
    }

    /// Answers a session.
    pub fn join(&self, meeting: &Meeting, joined: &mut Joined) {
        let ends = &meeting.ends;
        let [source, destination] = [ends.source, ends.destination].map(|address| Host::from(address.ip(ends.family)));
        let there = (destination, ends.destination_port, source);
        let here = (source, ends.source_port, destination);
        let known = [there, here].into_iter().filter(|(_, port, _)| self.ports.has(*port));
        let places = known.flat_map(|(address, port, peer)| {
            [Some(peer), None].map(|peer| (meeting.domain, ends.protocol, address, port, peer))
        });
        joined.announced = { places }.find_map(|place| self.announcement(&place, meeting));
        let [originator, responder] = &mut joined.names;
        if self.named.has(&destination) {
            self.names_of(&(meeting.domain, source, destination), meeting, responder);
        }
        if self.named.has(&source) {
            self.names_of(&(meeting.domain, destination, source), meeting, originator);
        }
    }

    fn announcement(&self, place: &Place, meeting: &Meeting) -> Option<Announced> {
        let kept = self.announced.map.get(place)?;
        let fits = |item: &&Item<Announced>| {
            item.clock <= meeting.active
                && item.time.saturating_add(ANNOUNCEMENT_LIFE) >= meeting.start
                && item.thing.parent != meeting.id
        };
        kept.iter().rev().find(fits).map(|item| item.thing.clone())
    }

    /// What was looked up before a session began is what it is begun for; the same address may have other names later.
    fn names_of(&self, pair: &Pair, meeting: &Meeting, out: &mut Vec<Text>) {
        let Some(kept) = self.names.map.get(pair) else { return };
        for Item { clock, time, thing: name, .. } in kept.iter().rev() {
            let known = *clock <= meeting.active && *time <= meeting.start;
            if known && time.saturating_add(NAME_LIFE) >= meeting.start && out.len() < NAMES && !out.contains(name) {
                out.push(name.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtable::packet::{Address, Ends, Family, protocol};

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn named(board: &Board, clock: u64, name: &str) {
        let matter = Matter::Named { client: CLIENT, address: SERVER, name: name.into() };
        board.hear(Notice { clock, time: clock, by: 0, domain: Domain::default(), matter });
    }

    fn announce(board: &Board, clock: u64, parent: u64, peer: Option<IpAddr>) {
        let announced = Announced { peer, parent, app: "ftp-data", file: None };
        let matter = Matter::Expected { at: (SERVER, 4000), protocol: protocol::TCP, announced };
        board.hear(Notice { clock, time: clock, by: 0, domain: Domain::default(), matter });
    }

    fn ask(board: &Board, start: u64, active: u64) -> Joined {
        let ends = Ends {
            source: Address::v4([10, 0, 0, 1]),
            destination: Address::v4([10, 0, 0, 2]),
            source_port: 1234,
            destination_port: 4000,
            family: Family::V4,
            protocol: protocol::TCP,
        };
        let mut joined = Joined::default();
        board.join(&Meeting { id: 7, ends, domain: Domain::default(), start, active }, &mut joined);
        joined
    }

    fn names(board: &Board, active: u64) -> Vec<String> {
        let [originator, responder] = ask(board, active, active).names;
        assert!(originator.is_empty());
        responder.iter().map(|name| String::from_utf8_lossy(name.bytes()).into_owned()).collect()
    }

    #[test]
    fn a_session_is_told_the_names_of_its_time_whatever_the_order_in_which_they_came() {
        let orders = [[1u64, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]];
        for order in orders {
            let board = Board::new(2, 1 << 20);
            for clock in order {
                named(&board, clock * 10, if clock % 2 == 0 { "even" } else { "odd" });
            }
            assert_eq!(names(&board, 9), [""; 0]);
            assert_eq!(names(&board, 10), ["odd"]);
            assert_eq!(names(&board, 25), ["even", "odd"]);
            assert_eq!(names(&board, 39), ["odd", "even"]);
            assert_eq!(names(&board, 45 + NAME_LIFE), [""; 0]);
        }
    }

    #[test]
    fn what_is_heard_at_one_instant_has_an_order_whoever_brings_it_first() {
        for order in [[1, 2], [2, 1]] {
            let board = Board::new(2, 1 << 20);
            for by in order {
                for name in ["one", "other"] {
                    let matter =
                        Matter::Named { client: CLIENT, address: SERVER, name: format!("{name} {by}").as_str().into() };
                    board.hear(Notice { clock: 10, time: 10, by, domain: Domain::default(), matter });
                }
            }
            assert_eq!(names(&board, 10), ["other 2", "one 2", "other 1", "one 1"]);
        }
    }

    #[test]
    fn a_clock_that_is_ahead_of_the_packets_hides_no_name() {
        let board = Board::new(1, 1 << 20);
        let matter = Matter::Named { client: CLIENT, address: SERVER, name: "name".into() };
        board.hear(Notice { clock: 1_000_010, time: 10, by: 0, domain: Domain::default(), matter });
        let [_, responder] = ask(&board, 11, 1_000_020).names;
        assert_eq!(responder.len(), 1);
    }

    #[test]
    fn what_is_said_again_and_again_is_kept_twice() {
        let board = Board::new(1, 1 << 20);
        for clock in 0..100 {
            board.reach(0, clock);
            named(&board, clock, "same");
        }
        assert!(board.names.map.iter().all(|kept| kept.len() <= 2), "of a run of equals the first and the last stay");
    }

    #[test]
    fn the_latest_announcement_before_the_end_counts() {
        let board = Board::new(1, 1 << 20);
        announce(&board, 10, 1, None);
        announce(&board, 20, 2, Some(CLIENT));
        announce(&board, 30, 3, Some(SERVER));
        let parent = |start, active| ask(&board, start, active).announced.map(|announced| announced.parent);
        assert_eq!(parent(5, 9), None);
        assert_eq!(parent(5, 15), Some(1));
        assert_eq!(parent(5, 40), Some(2), "somebody else is expected by the third");
        announce(&board, 35, 7, None);
        assert_eq!(parent(5, 40), Some(2), "the fourth is its own");
        assert_eq!(parent(21 + ANNOUNCEMENT_LIFE, 22 + ANNOUNCEMENT_LIFE), None);
    }

    #[test]
    fn a_full_board_takes_what_it_knows_and_nothing_new() {
        let board = Board::new(1, PART * ENTRY_BYTES);
        named(&board, 10, "first");
        let matter = Matter::Named { client: SERVER, address: CLIENT, name: "second".into() };
        board.hear(Notice { clock: 11, time: 11, by: 0, domain: Domain::default(), matter });
        assert_eq!(board.names.map.len(), 1);
        named(&board, 12, "third");
        assert_eq!(names(&board, 20), ["third", "first"]);
    }
}
