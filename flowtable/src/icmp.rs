//! ICMP and ICMPv6: echoes counted, lost and timed, errors told with what they speak of (RFC 792, RFC 4443).

use dissectors::dictionary::icmp as fields;
use dissectors::facts::{Facts, Value};
use dissectors::{List, Reader, Timestamp};

use crate::packet::protocol;

/// Echo requests that wait for their reply; an older one counts as lost.
const PENDING: usize = 32;
/// Message kinds told of one session.
const KINDS: usize = 8;

/// An ICMP message's first eight bytes.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The identifier of echoes, else whatever stands there.
    pub id: u16,
    /// The sequence number of echoes.
    pub sequence: u16,
}

impl Message {
    /// Reads a message from its type on; what is cut off reads as zero.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let [kind, code] = reader.array()?;
        let _ = reader.skip(2);
        Some(Self { kind, code, id: reader.be_u16().unwrap_or(0), sequence: reader.be_u16().unwrap_or(0) })
    }

    /// What tells this message's session from others of the same two hosts: an echo's identifier.
    pub fn discriminator(&self, number: u8) -> u32 {
        match echo(number, self.kind) {
            Some(_) => u32::from(self.id).saturating_add(1),
            None => 0,
        }
    }
}

/// Whether a message is an echo request or its reply.
fn echo(number: u8, kind: u8) -> Option<Echo> {
    match (number, kind) {
        (protocol::ICMP, 8) | (protocol::ICMPV6, 128) => Some(Echo::Request),
        (protocol::ICMP, 0) | (protocol::ICMPV6, 129) => Some(Echo::Reply),
        _ => None,
    }
}

enum Echo {
    Request,
    Reply,
}

/// What a session's messages were. Few sessions are ICMP's, so the others have a word for it.
#[derive(Debug, Default)]
pub struct Icmp(Box<Messages>);

#[derive(Debug, Default)]
struct Messages {
    kinds: List<(u8, u8), KINDS>,
    requests: u64,
    replies: u64,
    pending: Vec<(u16, Timestamp)>,
    rtt_min: u64,
    rtt_max: u64,
    rtt_sum: u64,
    unreachable: Option<&'static str>,
    about: Option<u64>,
}

impl Icmp {
    /// Counts a message. `about` is the id of the session that an error speaks of.
    pub fn message(&mut self, number: u8, message: Message, time: Timestamp, about: Option<u64>) {
        self.0.message(number, message, time, about);
    }

    /// Type and code of the first message.
    pub fn first(&self) -> Option<(u8, u8)> {
        self.0.kinds.items().first().copied()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        size_of::<Messages>()
            + self.0.pending.capacity() * size_of::<(u16, Timestamp)>()
            + self.0.kinds.items().len() * 2
    }

    /// Writes the element.
    pub fn facts(&self, number: u8, out: &mut Facts) {
        self.0.facts(number, out);
    }
}

impl Messages {
    fn message(&mut self, number: u8, message: Message, time: Timestamp, about: Option<u64>) {
        self.kinds.push_distinct((message.kind, message.code));
        match echo(number, message.kind) {
            Some(Echo::Request) => {
                self.requests = self.requests.saturating_add(1);
                if self.pending.len() == PENDING {
                    self.pending.remove(0);
                }
                self.pending.push((message.sequence, time));
            }
            Some(Echo::Reply) => self.reply(message.sequence, time),
            None => {}
        }
        self.unreachable = self.unreachable.or_else(|| unreachable(number, message.kind, message.code));
        self.about = self.about.or(about);
    }

    fn reply(&mut self, sequence: u16, time: Timestamp) {
        let Some(at) = self.pending.iter().position(|(asked, _)| *asked == sequence) else { return };
        let (_, asked) = self.pending.remove(at);
        let rtt = time.since(asked);
        self.rtt_min = if self.replies == 0 { rtt } else { self.rtt_min.min(rtt) };
        self.rtt_max = self.rtt_max.max(rtt);
        self.rtt_sum = self.rtt_sum.saturating_add(rtt);
        self.replies = self.replies.saturating_add(1);
    }

    fn facts(&self, number: u8, out: &mut Facts) {
        let element = if number == protocol::ICMP { &fields::ICMP } else { &fields::ICMPV6 };
        let mut element = out.element(element);
        let kinds = || self.kinds.items().iter();
        element.list(&fields::TYPE, kinds().map(|(kind, _)| u64::from(*kind)), self.kinds.omitted());
        element.list(&fields::CODE, kinds().map(|(_, code)| u64::from(*code)), self.kinds.omitted());
        if self.requests > 0 {
            element.number(&fields::REQUESTS, self.requests);
            element.number(&fields::REPLIES, self.replies);
            element.number(&fields::LOST, self.requests.saturating_sub(self.replies));
        }
        if let Some(mean) = self.rtt_sum.checked_div(self.replies) {
            element.value(&fields::RTT_MIN, Value::Milliseconds(self.rtt_min));
            element.value(&fields::RTT_AVG, Value::Milliseconds(mean));
            element.value(&fields::RTT_MAX, Value::Milliseconds(self.rtt_max));
        }
        if let Some(what) = self.unreachable {
            element.plain(&fields::UNREACHABLE, what);
        }
        if let Some(id) = self.about {
            element.value(&fields::ABOUT, Value::Id(id));
        }
    }
}

/// What an error message calls unreachable.
fn unreachable(number: u8, kind: u8, code: u8) -> Option<&'static str> {
    Some(match (number, kind, code) {
        (protocol::ICMP, 3, 0 | 6 | 8 | 11) | (protocol::ICMPV6, 1, 0) => "network",
        (protocol::ICMP, 3, 1 | 5 | 7 | 12) | (protocol::ICMPV6, 1, 2 | 3) => "host",
        (protocol::ICMP, 3, 2) | (protocol::ICMPV6, 4, 1) => "protocol",
        (protocol::ICMP, 3, 3) | (protocol::ICMPV6, 1, 4) => "port",
        (protocol::ICMP, 3, 4) | (protocol::ICMPV6, 2, _) => "fragmentation",
        (protocol::ICMP, 3, 9 | 10 | 13..=15) | (protocol::ICMPV6, 1, 1 | 5 | 6) => "prohibited",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_are_counted_lost_and_timed() {
        let mut icmp = Messages::default();
        let message = |kind, sequence| Message { kind, code: 0, id: 1, sequence };
        let at = Timestamp::from_nanos;
        for (kind, sequence, time) in [(8, 1, 0), (0, 1, 10), (8, 2, 100), (8, 3, 200), (0, 3, 230), (0, 3, 240)] {
            icmp.message(protocol::ICMP, message(kind, sequence), at(time), None);
        }
        assert_eq!((icmp.requests, icmp.replies, icmp.rtt_min, icmp.rtt_sum, icmp.rtt_max), (3, 2, 10, 40, 30));
    }
}
