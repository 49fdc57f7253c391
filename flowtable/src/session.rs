//! One slot of the table: a session that is still open.

mod taking;
#[cfg(test)]
mod tests;

use dissectors::Timestamp;
use dissectors::conversation::{Conversation, Passed};
use dissectors::dictionary::{Flag, Flags};
use dissectors::facts::Side;

use crate::config::Timeouts;
use crate::half::Half;
use crate::icmp::Icmp;
use crate::key::{End, FlowKey};
use crate::packet::{Packet, protocol, tcp_flag};
use crate::path::{Path, PathId};
use crate::stream::Stream;
use crate::tcp::{Endpoint, Event, History};
use crate::typing::Typing;
use crate::wheel::Links;

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

/// What only some sessions have.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    pub conversation: Option<Conversation>,
    /// TCP only: others have no order to restore.
    pub streams: Option<Box<[Stream; 2]>>,
    pub icmp: Option<Icmp>,
    pub typing: Typing,
    /// What the memory budget was told of this, in bytes: far from what 32 bits hold, by the caps of all that is in it.
    pub accounted: u32,
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

/// An open session.
#[derive(Debug)]
pub(crate) struct Session {
    pub key: FlowKey,
    pub links: Links,
    pub start: Timestamp,
    pub last: Timestamp,
    /// Packet clock at its last packet.
    pub active: u64,
    /// Nanoseconds: the handshake's round trip once that is `timed`, before that the last SYN's time, 0 where none was seen.
    handshake: u64,
    timed: bool,
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
        let originator = if answers_syn { from.other() } else { from };
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
            handshake: 0,
            timed: false,
            halves: Default::default(),
            detail: None,
            marks,
            path: packet.path,
            phase: Phase::of(key.protocol()),
            originator,
            history: History::default(),
        }
    }

    /// When it ends if nothing more comes, on the packet clock.
    #[inline]
    pub fn deadline(&self, timeouts: &Timeouts) -> u64 {
        self.active.saturating_add(timeouts.of(self.phase))
    }

    /// Reads something of each part of it, so that it comes into the cache.
    #[inline]
    pub fn touch(&self) -> u64 {
        let [originator, responder] = &self.halves;
        self.active ^ originator.packets ^ responder.packets
    }

    /// The same for what it holds elsewhere.
    #[inline]
    pub fn touch_detail(&self) -> u64 {
        self.detail.as_deref().map_or(0, |detail| u64::from(detail.uncounted ^ u32::from(detail.listens())))
    }

    /// The number that names it, given what lies around it.
    pub fn id(&self, path: &Path) -> u64 {
        self.key.session_id(self.start.nanos(), path.place)
    }

    /// The handshake's round trip, in nanoseconds.
    pub fn rtt(&self) -> Option<u64> {
        self.timed.then_some(self.handshake)
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
        let other_sequence = own.begins_elsewhere(first);
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
    #[inline]
    pub fn tcp(&mut self, packet: &Packet, side: Side) -> Option<u64> {
        if self.goes_on(packet, side) { self.go_on(packet, side) } else { self.turn(packet, side) }
    }

    /// Whether a packet is what nearly every one is: an established connection's, no beginning and no end, at the place where its
    /// side's stream has come to.
    #[inline]
    fn goes_on(&self, packet: &Packet, side: Side) -> bool {
        let [originator, responder] = &self.halves;
        let own = if side == Side::Originator { originator } else { responder };
        packet.tcp.flags & (tcp_flag::SYN | tcp_flag::FIN | tcp_flag::RST | tcp_flag::ACK) == tcp_flag::ACK
            && (self.timed || self.handshake == 0)
            && originator.is_settled()
            && responder.is_settled()
            && own.is_at(packet.tcp.seq)
    }

    /// What [`turn`](Self::turn) does with a packet that goes on, in a third of the steps.
    #[inline]
    fn go_on(&mut self, packet: &Packet, side: Side) -> Option<u64> {
        self.note_going_on(packet, side);
        let (own, peer) = self.pair(side);
        peer.acknowledged(packet.tcp.ack);
        own.open_window(packet.tcp.window, None);
        (packet.payload_bytes > 0).then(|| own.sent_next(packet.payload_bytes))
    }

    fn turn(&mut self, packet: &Packet, side: Side) -> Option<u64> {
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
        if syn {
            let unheard = own.endpoint == Endpoint::Inactive || peer.endpoint == Endpoint::SynSent;
            let may_begin_anew = own.payload == 0 && (unheard || !own.is_confirmed());
            if may_begin_anew && own.begins_elsewhere(first) {
                // A packet left over from an earlier connection had told where the stream begins, or a server that has forgotten its
                // first SYN answers a repeated one with a new number; this SYN knows better.
                own.begin_anew();
            }
        }
        let position = own.position(first);
        let fits = !own.has_spoken() || own.reaches(position, peer);
        own.begin(first);
        if ack && !(rst && packet.tcp.ack == 0) {
            peer.acknowledged(packet.tcp.ack);
        }
        own.open_window(packet.tcp.window, syn.then(|| packet.tcp.scale.unwrap_or(0)));
        let mut at = None;
        if fits && packet.payload_bytes > 0 && !rst {
            at = u64::try_from(position).ok();
            if own.sent(position, packet.payload_bytes) {
                self.history.note(side, Event::Retransmission);
            }
        }
        if fits && fin {
            let (own, _) = self.pair(side);
            own.finished(first.wrapping_add(packet.payload_bytes));
        }
        self.endpoints(side, syn, fin && fits, rst && fits, ack, packet.time);
        at
    }

    /// Notes in the history what a packet is.
    fn note(&mut self, packet: &Packet, side: Side) {
        let flags = packet.tcp.flags;
        let has = |flag| flags & flag != 0;
        if !has(tcp_flag::SYN | tcp_flag::FIN | tcp_flag::RST) {
            return self.note_going_on(packet, side);
        }
        let mut note = |seen: bool, event| {
            if seen {
                self.history.note(side, event);
            }
        };
        note(has(tcp_flag::SYN) && (has(tcp_flag::FIN) || has(tcp_flag::RST)), Event::SynAndEnd);
        note(has(tcp_flag::FIN) && has(tcp_flag::RST), Event::FinAndRst);
        note(has(tcp_flag::SYN) && !has(tcp_flag::ACK), Event::Syn);
        note(has(tcp_flag::SYN) && has(tcp_flag::ACK), Event::SynAck);
        note(packet.payload_bytes > 0, Event::Data);
        note(packet.tcp.window == 0 && !has(tcp_flag::SYN | tcp_flag::RST), Event::ZeroWindow);
        note(has(tcp_flag::FIN), Event::Fin);
        note(has(tcp_flag::RST), Event::Rst);
    }

    /// The same for a packet that is neither a beginning nor an end.
    #[inline]
    fn note_going_on(&mut self, packet: &Packet, side: Side) {
        if packet.payload_bytes > 0 {
            self.history.note(side, Event::Data);
        } else if packet.tcp.flags & tcp_flag::ACK != 0 {
            self.history.note(side, Event::Ack);
        }
        if packet.tcp.window == 0 {
            self.history.note(side, Event::ZeroWindow);
        }
    }

    /// Moves both ends' states.
    fn endpoints(&mut self, side: Side, syn: bool, fin: bool, rst: bool, ack: bool, time: Timestamp) {
        let timed = self.timed || self.handshake == 0;
        if !(syn || fin || rst) && timed && self.halves.iter().all(Half::is_settled) {
            return;
        }
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
        if self.timed {
            // A SYN that comes again tells nothing.
        } else if syn && !ack {
            self.handshake = time.nanos();
        } else if !syn && ack && side == Side::Originator && self.handshake != 0 {
            let [_, responder] = &self.halves;
            if responder.endpoint == Endpoint::Established {
                self.handshake = time.since(Timestamp::from_nanos(self.handshake));
                self.timed = true;
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
}
