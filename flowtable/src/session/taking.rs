//! What a session does with a packet: it is counted, TCP's state is followed, and what it carries goes to the conversation in order.

use dissectors::conversation::{Conversation, Setup};
use dissectors::dictionary::Flag;
use dissectors::facts::Side;
use dissectors::files::HashLimit;
use dissectors::{Timestamp, Transport};

use super::{Detail, Phase, Session};
use crate::across::{self, Meeting};
use crate::finished::Sink;
use crate::icmp::{Icmp, Message};
use crate::key::End;
use crate::packet::{Packet, protocol};
use crate::path::Paths;
use crate::sctp;
use crate::stream::{Delivery, Segment};

/// With each of so many first packets with payload it is added up what a session holds.
const ACCOUNTED_AT_FIRST: u32 = 4;

/// Later with every so many of them: what a session may hold has its own caps, and few packets change much of it.
const ACCOUNTED_EVERY: u32 = 8;

/// Brings a delivery to a session's conversation.
fn give(conversation: &mut Conversation, side: Side, delivery: Delivery<'_>, time: Timestamp) {
    match delivery {
        Delivery::Data(bytes) => conversation.data(side, bytes, time),
        Delivery::Gap(bytes) => conversation.gap(side, bytes),
    }
}

impl Session {
    /// Takes a packet from one of its ends, at `clock` of the packet clock. `about` is the session that an ICMP error speaks of.
    #[inline]
    pub fn take(
        &mut self,
        packet: &Packet,
        payload: &[u8],
        from: End,
        clock: u64,
        about: Option<u64>,
        file_hash: HashLimit,
    ) {
        let side = self.side(from);
        self.count(packet, side, clock);
        match packet.ends.protocol {
            protocol::TCP => {
                let known = self.half(side).payload;
                let position = self.tcp(packet, side);
                if !payload.is_empty() && self.detail.is_none() {
                    self.detail = Some(self.listening(Transport::Tcp, file_hash));
                }
                self.verify(packet, side, payload);
                let fresh = self.half(side).payload > known;
                let Some(detail) = self.detail.as_deref_mut() else { return };
                if fresh {
                    detail.typing.packet(side, packet.payload_bytes, payload, packet.time);
                }
                let wire = packet.payload_bytes;
                let segment = position.map(|offset| Segment { offset, bytes: payload, wire });
                self.segment(side, segment, packet.time);
            }
            protocol::UDP | protocol::SCTP => {
                let transport = if packet.ends.protocol == protocol::UDP { Transport::Udp } else { Transport::Sctp };
                if payload.is_empty() && self.detail.is_none() {
                    return;
                }
                if self.detail.is_none() {
                    self.detail = Some(self.listening(transport, file_hash));
                }
                self.verify(packet, side, payload);
                self.datagram(transport, side, payload, packet.time);
            }
            number @ (protocol::ICMP | protocol::ICMPV6) => {
                let detail = self.detail.get_or_insert_default();
                if let Some(message) = Message::read(payload) {
                    detail.icmp.get_or_insert_with(Icmp::default).message(number, message, packet.time, about);
                }
            }
            _ => {}
        }
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

    /// Orders a TCP segment's bytes for the conversation.
    pub fn segment(&mut self, side: Side, segment: Option<Segment<'_>>, time: Timestamp) {
        let [originator, responder] = &self.halves;
        let (own_half, peer_half) =
            if side == Side::Originator { (originator, responder) } else { (responder, originator) };
        let Some(detail) = self.detail.as_deref_mut().filter(|detail| detail.listens()) else { return };
        let Detail { conversation: Some(conversation), streams, .. } = detail else { return };
        let [one, two] = &mut **streams.get_or_insert_default();
        let (own, peer) = if side == Side::Originator { (one, two) } else { (two, one) };
        let conflict = segment.is_some_and(|segment| {
            // Content that nobody reads is not remembered either: most bytes of a bulk transfer are never touched.
            let read = conversation.wants(side, segment.bytes.len());
            own.segment(segment, read, &mut |delivery| give(conversation, side, delivery, time))
        });
        if own.waits() || peer.waits() {
            own.packet_passed(own_half.acked(), &mut |delivery| give(conversation, side, delivery, time));
            peer.packet_passed(peer_half.acked(), &mut |delivery| give(conversation, side.other(), delivery, time));
        }
        if own_half.finished_at().is_some_and(|end| own.delivered() >= end) {
            conversation.end(side);
        }
        if conflict {
            self.marks.insert(Flag::OverlapConflict);
        }
    }

    /// Whether what it holds is to be added up: with its first packets, and then now and then.
    pub fn is_due_for_account(&mut self) -> bool {
        let Some(detail) = self.detail.as_deref_mut() else { return false };
        detail.uncounted = detail.uncounted.wrapping_add(1);
        detail.uncounted <= ACCOUNTED_AT_FIRST || detail.uncounted % ACCOUNTED_EVERY == 0
    }

    /// The detail of a session that has payload, starting at what was seen of it.
    fn listening(&self, transport: Transport, file_hash: HashLimit) -> Box<Detail> {
        let conversation = Some(Conversation::new(self.setup(transport, file_hash)));
        Box::new(Detail { conversation, ..Detail::default() })
    }

    /// Tells what the conversation has learnt of others.
    pub fn spread(&mut self, when: (u64, u64), paths: &Paths, sink: &mut impl Sink) {
        let Some(conversation) = self.detail.as_deref_mut().and_then(|detail| detail.conversation.as_mut()) else {
            return;
        };
        if conversation.has_news() {
            let id = self.key.session_id(self.start.nanos(), paths.get(self.path).place);
            let ends = self.key.ends(self.originator);
            for heard in conversation.news() {
                sink.hear(across::notice(heard, &ends, self.key.domain(), id, when));
            }
        }
    }

    /// What it asks others with.
    pub fn meeting(&self, id: u64) -> Meeting {
        let ends = self.key.ends(self.originator);
        Meeting { id, ends, domain: self.key.domain(), start: self.start.nanos(), active: self.active }
    }

    fn datagram(&mut self, transport: Transport, side: Side, payload: &[u8], time: Timestamp) {
        let Some(conversation) = self.detail.as_deref_mut().and_then(|detail| detail.conversation.as_mut()) else {
            return;
        };
        match transport {
            Transport::Sctp => sctp::messages(payload, |message| conversation.data(side, message, time)),
            _ => conversation.data(side, payload, time),
        }
        self.phase = if conversation.settled() { Phase::Answered } else { Phase::Udp };
    }

    /// Brings out what is still held, and tells the conversation that it is over.
    pub fn close(&mut self) {
        let time = self.last;
        let Some(detail) = self.detail.as_deref_mut() else { return };
        let Detail { conversation: Some(conversation), streams, .. } = detail else { return };
        if let Some([originator, responder]) = streams.as_deref_mut() {
            for (side, stream) in [(Side::Originator, originator), (Side::Responder, responder)] {
                stream.finish(&mut |delivery| give(conversation, side, delivery, time));
            }
        }
        conversation.close();
    }
}
