//! BitTorrent: peers over TCP or uTP (BEP 3, 10, 29), the distributed hash table (BEP 5), trackers over UDP (BEP 15), local discovery
//! (BEP 14).
//!
//! | file | what |
//! | --- | --- |
//! | `peer` | the handshake and what follows it |
//! | `utp` | its stream over datagrams |
//! | `dht`, `bencode` | questions and replies of the hash table |
//! | `tracker` | questions to a tracker and its answers |
//! | `client` | software by peer id |
//!
//! One port of a peer serves all that comes in datagrams, so they are read one by one, whatever came before. Limits: those of the files,
//! [`DATAGRAMS_CAP`]. Ignored on purpose: pieces of files; message stream encryption, which is made to look like chance and does;
//! trackers over HTTP, which are `http`.

mod bencode;
mod client;
mod dht;
pub mod facts;
mod peer;
mod tracker;
mod utp;

use self::peer::{GREETING, Look, Peer};
use self::tracker::Question;
use crate::capped::{List, Text};
use crate::facts::{Facts, Value};
use crate::hex::hex;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

/// BitTorrent.
pub static PROTOCOL: Protocol = Protocol {
    name: "bittorrent",
    about: About {
        name: "BitTorrent: peers, DHT, trackers over UDP, local discovery",
        specification: "BEP 3, 5, 10, 14, 15, 29",
        evidence: "the handshake's first twenty bytes, or messages in bencoding with the words of the DHT",
        limits: "encrypted streams are made to look like chance and stay unknown; pieces are passed over",
        ports: &[],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&facts::ELEMENT],
    first: FirstBytes::both(&[
        0x00..=0x01,
        0x11..=0x11,
        0x13..=0x13,
        0x21..=0x21,
        0x31..=0x31,
        0x41..=0x42,
        b'd'..=b'd',
    ]),
    probe,
    open: |opening| Box::new(BitTorrent::new(opening)),
};

/// How many datagrams are read: a talkative pair of peers says the same again and again.
const DATAGRAMS_CAP: u32 = 4096;
/// More bytes than a session ever has.
const EVERYTHING: u64 = u64::MAX / 2;
/// What local discovery begins with (BEP 14).
const DISCOVERY: &[u8] = b"BT-SEARCH * HTTP/1.";

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if sample.transport == Transport::Tcp {
        let greets = bytes.iter().zip(GREETING).all(|(byte, known)| byte == known);
        return match greets {
            true if bytes.len() >= GREETING.len() => Verdict::Match,
            true => Verdict::NeedMore,
            false => Verdict::Reject,
        };
    }
    if dht::Message::read(bytes).is_some() || bytes.starts_with(DISCOVERY) {
        return Verdict::Match;
    }
    match sample.role {
        // An announcement is only recognised behind the connection that it needs: it may begin with anything.
        Role::Client if tracker::question(bytes) == Some(Question::Connect) => return Verdict::Match,
        Role::Server if tracker::may_answer(bytes) => return Verdict::NeedMore,
        _ => {}
    }
    match utp::Packet::read(bytes) {
        Some(packet) if packet.data.starts_with(GREETING) => Verdict::Match,
        // Who begins is the client; everything else of uTP is a matter of both sides.
        Some(packet) if packet.begins && sample.role == Role::Client => Verdict::Likely,
        Some(packet) if packet.kind == utp::kind::STATE && sample.role == Role::Server => Verdict::Likely,
        Some(packet) if packet.begins => Verdict::Reject,
        Some(_) => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

/// What is known of one side.
#[derive(Debug, Default)]
struct Side {
    peer: Peer,
    lane: utp::Lane,
    node_id: Option<[u8; 20]>,
    software: Option<Text>,
}

/// One session.
#[derive(Debug)]
struct BitTorrent {
    transport: Transport,
    sides: [Side; 2],
    parts: List<&'static str>,
    info_hashes: List<[u8; 20]>,
    queries: List<(&'static str, u64)>,
    swarm: Option<(u32, u32)>,
    announced: bool,
    error: Option<Text>,
    datagrams: u32,
}

impl BitTorrent {
    fn new(opening: &Opening) -> Self {
        Self {
            transport: opening.transport,
            sides: Default::default(),
            parts: List::default(),
            info_hashes: List::default(),
            queries: List::default(),
            swarm: None,
            announced: false,
            error: None,
            datagrams: 0,
        }
    }

    fn side(&mut self, role: Role) -> &mut Side {
        let [client, server] = &mut self.sides;
        if role == Role::Client { client } else { server }
    }

    /// A peer's bytes over TCP.
    fn stream(&mut self, chunk: Chunk<'_>) -> Step {
        self.parts.push_distinct("peer");
        let mut used = 0usize;
        let step = loop {
            let rest = chunk.bytes.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break Step::Consumed(used);
            }
            match self.side(chunk.role).peer.look(rest) {
                Look::Used(n) => used = used.saturating_add(n),
                Look::Skip(n) => break Step::Skip(n),
                Look::Wait(n) if used == 0 => break Step::NeedMore(n),
                Look::Wait(_) => break Step::Consumed(used),
                Look::Wrong => break Step::Violation,
            }
        };
        self.note_hash(chunk.role);
        if self.sides.iter().all(|side| side.peer.done) {
            return Step::Done;
        }
        // Only the other side can still tell something.
        if self.side(chunk.role).peer.done { Step::Skip(EVERYTHING) } else { step }
    }

    fn note_hash(&mut self, role: Role) {
        if let Some(hash) = self.side(role).peer.info_hash {
            self.info_hashes.push_distinct(hash);
        }
    }

    fn datagram(&mut self, role: Role, bytes: &[u8]) {
        if let Some(message) = dht::Message::read(bytes) {
            self.table(role, &message);
        } else if bytes.starts_with(DISCOVERY) {
            self.discovery(bytes);
        } else if let Some(question) = self.question(role, bytes) {
            self.parts.push_distinct("tracker");
            if let Question::Announce { info_hash, peer_id, port } = question {
                self.announced = true;
                self.info_hashes.push_distinct(info_hash);
                let peer = &mut self.side(role).peer;
                peer.peer_id.get_or_insert_with(|| Text::new(peer_id));
                let software = client::software(peer_id).map(|name| Text::from(name.as_str()));
                peer.software = peer.software.take().or(software);
                peer.listen_port = peer.listen_port.or(Some(port).filter(|port| *port > 0));
            }
        } else if role == Role::Server && self.parts.items().contains(&"tracker") {
            if self.announced {
                self.swarm = self.swarm.or_else(|| tracker::swarm(bytes));
            }
            if let Some(words) = tracker::error(bytes) {
                self.error.get_or_insert_with(|| Text::new(words));
            }
        } else if let Some(packet) = utp::Packet::read(bytes) {
            self.parts.push_distinct("utp");
            self.utp(role, &packet);
        }
    }

    /// A question to a tracker: for a connection, or behind one.
    fn question<'a>(&self, role: Role, bytes: &'a [u8]) -> Option<Question<'a>> {
        let question = tracker::question(bytes).filter(|_| role == Role::Client)?;
        (question == Question::Connect || self.parts.items().contains(&"tracker")).then_some(question)
    }

    fn table(&mut self, role: Role, message: &dht::Message<'_>) {
        self.parts.push_distinct("dht");
        if let Some(query) = message.query.filter(|_| message.kind == b'q') {
            match self.queries.items_mut().iter_mut().find(|(known, _)| *known == query) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => {
                    self.queries.push((query, 1));
                }
            }
        }
        if let Some(hash) = message.info_hash {
            self.info_hashes.push_distinct(hash);
        }
        let side = self.side(role);
        side.node_id = side.node_id.or(message.node_id);
        // Two letters and two bytes of version, which are no text.
        if let Some([a @ b'!'..=b'~', b @ b'!'..=b'~', ..]) = message.software {
            side.software.get_or_insert_with(|| Text::new(&[*a, *b]));
        }
    }

    fn discovery(&mut self, bytes: &[u8]) {
        self.parts.push_distinct("discovery");
        for line in bytes.split(|byte| *byte == b'\n') {
            let mut halves = line.splitn(2, |byte| *byte == b':').map(<[u8]>::trim_ascii);
            let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
            if name.eq_ignore_ascii_case(b"infohash")
                && let Some(hash) = unhex(value)
            {
                self.info_hashes.push_distinct(hash);
            } else if name.eq_ignore_ascii_case(b"port") {
                let port = std::str::from_utf8(value).ok().and_then(|port| port.parse().ok());
                self.side(Role::Client).peer.listen_port = port;
            }
        }
    }

    fn utp(&mut self, role: Role, packet: &utp::Packet<'_>) {
        let Side { peer, lane, .. } = self.side(role);
        if !lane.take(packet, GREETING) {
            return;
        }
        loop {
            match peer.look(&lane.pending) {
                Look::Used(n) => {
                    lane.pending.drain(..n.min(lane.pending.len()));
                    if lane.pending.is_empty() {
                        break;
                    }
                }
                Look::Wait(n) if n <= utp::PENDING_CAP => break,
                Look::Wait(_) | Look::Skip(_) | Look::Wrong => {
                    lane.torn = true;
                    lane.pending = Vec::new();
                    break;
                }
            }
        }
        self.note_hash(role);
    }
}

/// Forty hexadecimal digits.
fn unhex(text: &[u8]) -> Option<[u8; 20]> {
    let mut hash = [0; 20];
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for (byte, pair) in hash.iter_mut().zip(text.chunks(2)) {
        let [high, low] = pair else {
            return None;
        };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    (text.len() == 40).then_some(hash)
}

impl Dissector for BitTorrent {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.transport == Transport::Tcp {
            return self.stream(chunk);
        }
        self.datagrams = self.datagrams.saturating_add(1);
        self.datagram(chunk.role, chunk.bytes);
        if self.datagrams >= DATAGRAMS_CAP { Step::Done } else { Step::Consumed(chunk.bytes.len()) }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.side(role).peer.done = true;
        if self.sides.iter().all(|side| side.peer.done) { Step::Done } else { Step::Consumed(0) }
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&facts::ELEMENT);
        element.list(&facts::PART, self.parts.items().iter().copied(), self.parts.omitted());
        let hashes: Vec<String> = self.info_hashes.items().iter().map(|hash| hex(hash)).collect();
        let hashes = hashes.iter().map(|hash| Value::Bytes(hash.as_bytes()));
        element.list(&facts::INFO_HASH, hashes, self.info_hashes.omitted());
        let [client, server] = &self.sides;
        for (side, peer_id, software, port, node_id) in [
            (
                client,
                &facts::CLIENT_PEER_ID,
                &facts::CLIENT_SOFTWARE,
                &facts::CLIENT_LISTEN_PORT,
                &facts::CLIENT_NODE_ID,
            ),
            (
                server,
                &facts::SERVER_PEER_ID,
                &facts::SERVER_SOFTWARE,
                &facts::SERVER_LISTEN_PORT,
                &facts::SERVER_NODE_ID,
            ),
        ] {
            element.maybe(peer_id, side.peer.peer_id.as_ref());
            element.maybe(software, side.peer.software.as_ref().or(side.software.as_ref()));
            if let Some(number) = side.peer.listen_port {
                element.number(port, number.into());
            }
            if let Some(id) = side.node_id {
                element.bytes(node_id, hex(&id).as_bytes());
            }
        }
        let queries: Vec<String> = self.queries.items().iter().map(|(name, count)| format!("{name}:{count}")).collect();
        element.list(&facts::DHT_QUERY, queries.iter().map(|query| Value::Bytes(query.as_bytes())), 0);
        if let Some((leechers, seeders)) = self.swarm {
            element.number(&facts::LEECHERS, leechers.into());
            element.number(&facts::SEEDERS, seeders.into());
        }
        element.maybe(&facts::ERROR, self.error.as_ref());
    }

    fn heap_bytes(&self) -> usize {
        let sides: usize = self.sides.iter().map(|side| side.peer.heap_bytes() + side.lane.pending.capacity()).sum();
        size_of::<Self>() + sides + self.info_hashes.items().len() * 20 + self.queries.items().len() * 24
    }
}
