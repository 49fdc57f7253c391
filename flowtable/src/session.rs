//! One slot of the table: a session that is still open.

use dissectors::conversation::{Conversation, Passed, Setup};
use dissectors::dictionary::{Flag, Flags};
use dissectors::facts::Side;
use dissectors::files::HashLimit;
use dissectors::{Timestamp, Transport};

use crate::holes::Holes;
use crate::icmp::Icmp;
use crate::key::{End, FlowKey};
use crate::packet::{Packet, protocol, tcp_flag};
use crate::path::{Path, PathId};
use crate::stream::{Delivery, Segment, Stream};
use crate::tcp::{Endpoint, History};
use crate::typing::Typing;
use crate::wheel::Links;

/// The farthest ahead of what is known a byte may lie when the receiver's window is unknown (RFC 7323 2.3: the largest window).
const FARTHEST: i64 = 1 << 30;
/// Slack around a known window: what a receiver may have opened since its last packet was seen.
const WINDOW_SLACK: i64 = 1 << 17;
/// The largest window scale, taken where the handshake was not seen.
const UNKNOWN_SCALE: u8 = 14;

/// Which timeout rules a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Embryonic,
    Established,
    Closing,
    Closed,
    Reset,
    Udp,
    Answered,
    Icmp,
    Other,
    /// It has ended and waits to be told.
    Over,
}

impl Phase {
    fn of(protocol: u8) -> Self {
        match protocol {
            protocol::TCP => Self::Embryonic,
            protocol::UDP | protocol::SCTP => Self::Udp,
            protocol::ICMP | protocol::ICMPV6 => Self::Icmp,
            _ => Self::Other,
        }
    }
}

/// One side's counts and TCP numbers.
#[derive(Debug, Default)]
pub(crate) struct Half {
    pub packets: u64,
    pub ip_bytes: u64,
    /// Payload; for TCP the stream position after the last byte seen.
    pub payload: u64,
    /// The position up to which the peer has acknowledged.
    pub acked: u64,
    holes: Holes,
    pub retransmits: u32,
    /// The sequence number of position 0.
    base: Option<u32>,
    /// The peer has acknowledged that number.
    base_confirmed: bool,
    window: u32,
    scale: Option<u8>,
    pub endpoint: Endpoint,
    pub mac: [u8; 6],
    finished_at: Option<u64>,
}

impl Half {
    /// Where a sequence number lies in the stream; negative before its beginning.
    fn position(&self, seq: u32) -> i64 {
        let base = self.base.unwrap_or(seq);
        let near = base.wrapping_add(self.payload as u32);
        (self.payload as i64).saturating_add(i64::from(seq.wrapping_sub(near) as i32))
    }

    /// Whether this side was seen to speak, or the peer to acknowledge it.
    pub fn has_spoken(&self) -> bool {
        self.base.is_some()
    }

    /// Bytes that the peer acknowledged and that were never seen.
    pub fn unseen(&self) -> u64 {
        self.holes.unseen(self.acked).saturating_add(self.acked.saturating_sub(self.payload))
    }
}

/// What only some sessions have.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    pub conversation: Option<Conversation>,
    /// TCP only: others have no order to restore.
    pub streams: Option<Box<[Stream; 2]>>,
    pub icmp: Option<Icmp>,
    pub typing: Typing,
    /// What the memory budget was told of this.
    pub accounted: usize,
    /// Packets with payload, as far as the budget cares.
    pub uncounted: u32,
}

impl Detail {
    pub fn heap_bytes(&self) -> usize {
        let streams = self
            .streams
            .as_deref()
            .map_or(0, |streams| size_of_val(streams) + streams.iter().map(Stream::heap_bytes).sum::<usize>());
        size_of::<Self>()
            + streams
            + self.conversation.as_ref().map_or(0, Conversation::heap_bytes)
            + self.icmp.as_ref().map_or(0, Icmp::heap_bytes)
            + self.typing.heap_bytes()
    }

    /// Whether anybody looks at the next bytes of a side's stream.
    pub fn wants(&self, side: Side, bytes: usize) -> bool {
        self.conversation.as_ref().is_some_and(|conversation| conversation.wants(side, bytes))
    }

    /// Whether bytes still teach anything.
    pub fn listens(&self) -> bool {
        self.conversation.as_ref().is_some_and(Conversation::listens)
    }
}

/// Brings a delivery to a session's conversation.
pub(crate) fn give(conversation: &mut Conversation, side: Side, delivery: Delivery<'_>, time: Timestamp) {
    match delivery {
        Delivery::Data(bytes) => conversation.data(side, bytes, time),
        Delivery::Gap(bytes) => conversation.gap(side, bytes),
    }
}

/// An open session.
#[derive(Debug)]
pub(crate) struct Session {
    pub key: FlowKey,
    pub links: Links,
    pub start: Timestamp,
    pub last: Timestamp,
    /// Packet clock at its last packet.
    pub active: u64,
    /// Packet clock at which it is told next if it is still open.
    pub next_update: u64,
    /// The last SYN's time, for the handshake's round trip.
    syn_at: Timestamp,
    pub rtt: Option<u64>,
    pub halves: [Half; 2],
    pub detail: Option<Box<Detail>>,
    pub marks: Flags,
    pub path: PathId,
    pub phase: Phase,
    pub originator: End,
    pub history: History,
}

impl Session {
    /// A session that a packet opens.
    pub fn open(packet: &Packet, key: FlowKey, from: End, clock: u64) -> Self {
        let tcp = key.protocol() == protocol::TCP;
        let flags = packet.tcp.flags;
        let answers_syn = tcp && flags & (tcp_flag::SYN | tcp_flag::ACK) == tcp_flag::SYN | tcp_flag::ACK;
        // A SYN with ACK answers somebody: its receiver began.
        let originator = match (answers_syn, from) {
            (false, end) => end,
            (true, End::Low) => End::High,
            (true, End::High) => End::Low,
        };
        let mut marks = Flags::default();
        if tcp && flags & tcp_flag::SYN == 0 || answers_syn {
            marks.insert(Flag::Midstream);
        }
        Self {
            key,
            links: Links::default(),
            start: packet.time,
            last: packet.time,
            active: clock,
            next_update: u64::MAX,
            syn_at: Timestamp::default(),
            rtt: None,
            halves: Default::default(),
            detail: None,
            marks,
            path: packet.path,
            phase: Phase::of(key.protocol()),
            originator,
            history: History::default(),
        }
    }

    /// The number that names it, given what lies around it.
    pub fn id(&self, path: &Path) -> u64 {
        self.key.session_id(self.start.nanos(), path.place)
    }

    /// The side that packets from an end belong to.
    pub fn side(&self, from: End) -> Side {
        if from == self.originator { Side::Originator } else { Side::Responder }
    }

    pub fn half(&mut self, side: Side) -> &mut Half {
        let [originator, responder] = &mut self.halves;
        if side == Side::Originator { originator } else { responder }
    }

    fn pair(&mut self, side: Side) -> (&mut Half, &mut Half) {
        let [originator, responder] = &mut self.halves;
        if side == Side::Originator { (originator, responder) } else { (responder, originator) }
    }

    /// Whether a TCP packet begins a new connection between the same ends.
    pub fn is_replaced_by(&self, packet: &Packet, side: Side) -> bool {
        let flags = packet.tcp.flags;
        if self.key.protocol() != protocol::TCP || flags & tcp_flag::SYN == 0 || flags & tcp_flag::RST != 0 {
            return false;
        }
        let [originator, responder] = &self.halves;
        let own = if side == Side::Originator { originator } else { responder };
        let first = packet.tcp.seq.wrapping_add(1);
        let other_sequence = own.base.is_some_and(|base| base != first);
        if flags & tcp_flag::ACK == 0 {
            other_sequence
        } else {
            // An answer to a SYN that was not seen.
            other_sequence && matches!(self.phase, Phase::Closed | Phase::Reset)
        }
    }

    /// Counts a packet.
    pub fn count(&mut self, packet: &Packet, side: Side, clock: u64) {
        self.last = self.last.max(packet.time);
        self.active = clock;
        self.marks.merge(packet.marks);
        let tcp = self.key.protocol() == protocol::TCP;
        let half = self.half(side);
        if half.packets == 0 {
            half.mac = packet.mac;
        }
        half.packets = half.packets.saturating_add(u64::from(packet.frames));
        half.ip_bytes = half.ip_bytes.saturating_add(u64::from(packet.ip_bytes));
        if !tcp {
            half.payload = half.payload.saturating_add(u64::from(packet.payload_bytes));
        }
    }

    /// Follows TCP's state. Gives where the payload lies in its stream, if it is part of it.
    pub fn tcp(&mut self, packet: &Packet, side: Side) -> Option<u64> {
        let flags = packet.tcp.flags;
        let (syn, fin, rst, ack) = (
            flags & tcp_flag::SYN != 0,
            flags & tcp_flag::FIN != 0,
            flags & tcp_flag::RST != 0,
            flags & tcp_flag::ACK != 0,
        );
        self.note(packet, side);
        let (own, peer) = self.pair(side);
        let first = packet.tcp.seq.wrapping_add(u32::from(syn));
        let unheard = own.endpoint == Endpoint::Inactive || peer.endpoint == Endpoint::SynSent;
        let may_begin_anew = own.payload == 0 && (unheard || !own.base_confirmed);
        if syn && may_begin_anew && own.base.is_some_and(|base| base != first) {
            // A packet left over from an earlier connection had told where the stream begins, or a server that has forgotten its
            // first SYN answers a repeated one with a new number; this SYN knows better.
            *own = Half { packets: own.packets, ip_bytes: own.ip_bytes, mac: own.mac, ..Half::default() };
        }
        let position = own.position(first);
        let fits = own.base.is_none() || own.reaches(position, peer);
        own.base.get_or_insert(first);
        if ack && !(rst && packet.tcp.ack == 0) {
            peer.acknowledged(packet.tcp.ack);
        }
        if syn {
            own.scale = packet.tcp.scale.or(Some(0));
        }
        own.window = u32::from(packet.tcp.window)
            .checked_shl(if syn { 0 } else { u32::from(own.scale.unwrap_or(UNKNOWN_SCALE)) })
            .unwrap_or(u32::MAX);
        let retransmits = own.retransmits;
        let mut at = None;
        if fits && packet.payload_bytes > 0 && !rst {
            own.sent(position, packet.payload_bytes);
            at = u64::try_from(position).ok();
        }
        let retransmitted = own.retransmits != retransmits;
        if fits && fin {
            own.finished_at = u64::try_from(position.saturating_add(i64::from(packet.payload_bytes))).ok();
        }
        if retransmitted {
            self.history.note(side, b't');
        }
        self.endpoints(side, syn, fin && fits, rst && fits, ack, packet.time);
        at
    }

    fn note(&mut self, packet: &Packet, side: Side) {
        let flags = packet.tcp.flags;
        let has = |flag| flags & flag != 0;
        if self.history.bytes().is_empty() && side == Side::Responder {
            self.history.note(Side::Responder, b'^');
        }
        let mut note = |seen: bool, letter| {
            if seen {
                self.history.note(side, letter);
            }
        };
        note(has(tcp_flag::SYN) && (has(tcp_flag::FIN) || has(tcp_flag::RST)), b'q');
        note(has(tcp_flag::FIN) && has(tcp_flag::RST), b'i');
        note(has(tcp_flag::SYN) && !has(tcp_flag::ACK), b's');
        note(has(tcp_flag::SYN) && has(tcp_flag::ACK), b'h');
        note(packet.payload_bytes > 0, b'd');
        let pure = packet.payload_bytes == 0 && !has(tcp_flag::SYN | tcp_flag::FIN | tcp_flag::RST);
        note(pure && has(tcp_flag::ACK), b'a');
        note(packet.tcp.window == 0 && !has(tcp_flag::SYN | tcp_flag::RST), b'w');
        note(has(tcp_flag::FIN), b'f');
        note(has(tcp_flag::RST), b'r');
    }

    /// Moves both ends' states.
    fn endpoints(&mut self, side: Side, syn: bool, fin: bool, rst: bool, ack: bool, time: Timestamp) {
        let (own, peer) = self.pair(side);
        match (syn, ack) {
            (true, false) if own.endpoint == Endpoint::Inactive => {
                own.endpoint =
                    if peer.endpoint == Endpoint::SynAckSent { Endpoint::Established } else { Endpoint::SynSent };
            }
            (true, true) if matches!(own.endpoint, Endpoint::Inactive | Endpoint::SynSent) => {
                if peer.endpoint == Endpoint::SynSent {
                    own.endpoint = Endpoint::Established;
                    peer.endpoint = Endpoint::Established;
                } else {
                    own.endpoint = Endpoint::SynAckSent;
                }
            }
            (false, _) if peer.endpoint == Endpoint::SynAckSent && !rst => {
                own.endpoint = Endpoint::Established;
                peer.endpoint = Endpoint::Established;
            }
            (false, _) if own.endpoint == Endpoint::Inactive && !rst => own.endpoint = Endpoint::Partial,
            _ => {}
        }
        if fin && own.endpoint != Endpoint::Reset {
            own.endpoint = Endpoint::Closed;
        }
        if rst {
            own.endpoint = Endpoint::Reset;
        }
        if syn && !ack {
            self.syn_at = time;
        } else if !syn && ack && side == Side::Originator && self.rtt.is_none() && self.syn_at != Timestamp::default() {
            let [_, responder] = &self.halves;
            if responder.endpoint == Endpoint::Established {
                self.rtt = Some(time.since(self.syn_at));
            }
        }
        let [originator, responder] = &self.halves;
        self.phase = match (originator.endpoint, responder.endpoint) {
            (Endpoint::Reset, _) | (_, Endpoint::Reset) => Phase::Reset,
            (Endpoint::Closed, Endpoint::Closed) => Phase::Closed,
            (Endpoint::Closed, _) | (_, Endpoint::Closed) => Phase::Closing,
            // Where the originator acknowledges somebody the handshake went on, only unseen.
            (Endpoint::SynSent, Endpoint::Inactive) if !responder.has_spoken() => Phase::Embryonic,
            (Endpoint::Inactive, Endpoint::SynAckSent) => Phase::Embryonic,
            _ => Phase::Established,
        };
    }

    /// The conversation's setup, when its first payload comes.
    pub fn setup(&self, transport: Transport, file_hash: HashLimit) -> Setup {
        let ends = self.key.ends(self.originator);
        Setup {
            transport,
            addresses: [ends.source.ip(ends.family), ends.destination.ip(ends.family)],
            midstream: self.marks.contains(Flag::Midstream),
            file_hash,
        }
    }

    /// Flags a wrong checksum. Once is enough, and a payload that nobody reads is not worth adding up.
    pub fn verify(&mut self, packet: &Packet, side: Side, payload: &[u8]) {
        let Some(unverified) = packet.checksum.filter(|_| !self.marks.contains(Flag::BadChecksum)) else { return };
        let reads =
            payload.is_empty() || self.detail.as_deref().is_some_and(|detail| detail.wants(side, payload.len()));
        if reads && unverified.is_wrong(&packet.ends, payload) {
            self.marks.insert(Flag::BadChecksum);
        }
    }

    /// Whether it is what another session announced as `app`, whatever its bytes look like: they tell nothing else, or only one side
    /// of a connection speaks, so that a file which looks like a protocol is still a file.
    pub fn is_announced(&self, app: &str) -> bool {
        let [originator, responder] = &self.halves;
        let one_sided = originator.payload == 0 || responder.payload == 0;
        let conversation = self.detail.as_deref().and_then(|detail| detail.conversation.as_ref());
        match conversation.and_then(Conversation::app) {
            Some(known) => known != app && one_sided && self.key.protocol() == protocol::TCP,
            None => true,
        }
    }

    /// The file that passed, if this was nothing else.
    pub fn passed(&mut self) -> Option<Passed> {
        self.detail.as_deref_mut()?.conversation.as_mut()?.passed()
    }

    /// Orders a TCP segment's bytes for the conversation.
    pub fn segment(&mut self, side: Side, segment: Option<Segment<'_>>, time: Timestamp) {
        let [originator, responder] = &self.halves;
        let (own, peer) = if side == Side::Originator { (originator, responder) } else { (responder, originator) };
        let (own_acked, peer_acked, stream_end) = (own.acked, peer.acked, own.finished_at);
        let Some(detail) = self.detail.as_deref_mut().filter(|detail| detail.listens()) else { return };
        let Detail { conversation: Some(conversation), streams, .. } = detail else { return };
        let [one, two] = &mut **streams.get_or_insert_default();
        let (own, peer) = if side == Side::Originator { (one, two) } else { (two, one) };
        let conflict = segment.is_some_and(|segment| {
            // Content that nobody reads is not remembered either: most bytes of a bulk transfer are never touched.
            let read = conversation.wants(side, segment.bytes.len());
            own.segment(segment, read, &mut |delivery| give(conversation, side, delivery, time))
        });
        own.packet_passed(own_acked, &mut |delivery| give(conversation, side, delivery, time));
        peer.packet_passed(peer_acked, &mut |delivery| give(conversation, side.other(), delivery, time));
        if stream_end.is_some_and(|end| own.delivered() >= end) {
            conversation.end(side);
        }
        if conflict {
            self.marks.insert(Flag::OverlapConflict);
        }
    }
}

impl Half {
    /// Whether a segment at `position` can belong to the stream: within what the receiver's window allows, or near what was seen.
    fn reaches(&self, position: i64, receiver: &Self) -> bool {
        let known = self.payload.max(self.acked) as i64;
        let ahead = if receiver.window > 0 && receiver.scale.is_some() && self.acked > 0 {
            i64::from(receiver.window).saturating_add(WINDOW_SLACK)
        } else {
            FARTHEST
        };
        position <= known.saturating_add(ahead) && position >= known.saturating_sub(FARTHEST)
    }

    /// The peer acknowledged up to a sequence number of this side.
    fn acknowledged(&mut self, ack: u32) {
        if self.base.is_none() {
            // Nothing was seen of this side yet: its stream begins where the peer says it is.
            self.base = Some(ack);
        }
        let position = self.position(ack);
        self.base_confirmed |= position == 0;
        // A FIN takes a number of its own and is no byte.
        let limit = self.finished_at.map_or(i64::MAX, |end| end as i64);
        if position > self.acked as i64 && position <= (self.payload as i64).saturating_add(FARTHEST) {
            self.acked = u64::try_from(position.min(limit)).unwrap_or(self.acked);
        }
    }

    /// Counts payload at a position: new, filling a hole, or sent again.
    fn sent(&mut self, position: i64, bytes: u32) {
        let end = position.saturating_add(i64::from(bytes));
        let Ok(end) = u64::try_from(end) else { return };
        let start = u64::try_from(position).unwrap_or(0);
        if start > self.payload {
            self.holes.open(self.payload, start.saturating_sub(self.payload));
        }
        let fills = self.holes.fill(start, end);
        if end > self.payload {
            self.payload = end;
        } else if !fills && (bytes > 1 || end != self.payload) {
            // One byte just before the next is a keep-alive or a window probe (RFC 9293 3.8.4, 3.8.6.1).
            self.retransmits = self.retransmits.saturating_add(1);
        }
    }
}
