//! DCE/RPC: remote procedure calls of DCE and Windows (C706, MS-RPCE), on TCP, in datagrams, and in the named pipes of SMB.
//!
//! A connection carries messages, each with a head that tells its length ([`pdu`]). The client binds contexts to interfaces
//! ([`interfaces`]) and calls operations in a context by number ([`operations`]). On HTTP's port of its own the server first says
//! `ncacn_http/1.0`. Datagrams name interface and operation in each head ([`datagram`]).
//!
//! Of a call its head is read and what proves who calls; arguments are passed over, but for what an endpoint mapper answers
//! ([`epm`]), which announces sessions to come. Of a message with credentials at most [`known::MESSAGE_BYTES`] are looked at.
//!
//! After a gap a side's next bytes are believed if a message begins there; else that side is heard no more.
//!
//! Ignored on purpose: arguments and results, which only their interface's definition tells the layout of, and how fragments of
//! one call belong together.

mod datagram;
mod epm;
mod facts;
mod interfaces;
mod known;
mod operations;
mod pdu;
pub mod pipes;

use crate::facts::Facts;
use crate::kerberos;
use crate::news::News;
use crate::ntlm::{self, Exchange};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

use datagram::Datagrams;
pub use facts::ELEMENT;
use known::{Association, Known, Lane, Taken};
use pdu::{HEADER, Head};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dcerpc",
    about: About {
        name: "DCE/RPC",
        specification: "C706, MS-RPCE",
        evidence: "a head whose version, kind, flags and lengths fit",
        limits: "arguments and results are not told, but for what an endpoint mapper answers",
        ports: &[],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT, &ntlm::ELEMENT, &kerberos::ELEMENT],
    first: FirstBytes { client: &[4..=5], server: &[4..=5, b'n'..=b'n'] },
    probe,
    open: |opening: &Opening| Box::new(DceRpc::new(opening.transport)),
};

/// What a server of RPC over HTTP says first (MS-RPCH 2.1.1.1).
const HTTP_GREETING: &[u8] = b"ncacn_http/1.0";

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.transport {
        Transport::Udp => datagram::probe(sample.role, sample.bytes),
        Transport::Tcp => stream(sample.role, sample.bytes),
        Transport::Sctp => Verdict::Reject,
    }
}

fn stream(role: Role, bytes: &[u8]) -> Verdict {
    if role == Role::Server && bytes.first() == Some(&b'n') {
        let fits = bytes.iter().zip(HTTP_GREETING).all(|(byte, wanted)| byte == wanted);
        return match fits {
            true if bytes.len() >= HTTP_GREETING.len() => Verdict::Match,
            true => Verdict::NeedMore,
            false => Verdict::Reject,
        };
    }
    if !pdu::fits(bytes) {
        return Verdict::Reject;
    }
    if bytes.len() < HEADER {
        return Verdict::NeedMore;
    }
    match Head::read(bytes) {
        Some(head) if !head.is_of(role) => Verdict::Reject,
        // Numbers that are most significant first leave a row of zeros, as other protocols have; a session begins with a first or a
        // last fragment.
        Some(head) if !head.little && head.flags & 3 == 0 => Verdict::Reject,
        Some(head) if head.little => Verdict::Match,
        Some(_) => Verdict::Likely,
        None => Verdict::Reject,
    }
}

/// The state of one session.
#[derive(Debug)]
struct DceRpc {
    transport: Transport,
    lanes: [Lane; 2],
    association: Association,
    datagrams: Datagrams,
    known: Known,
    exchange: Exchange,
}

impl DceRpc {
    fn new(transport: Transport) -> Self {
        Self {
            transport,
            lanes: Default::default(),
            association: Association::default(),
            datagrams: Datagrams::default(),
            known: Known::default(),
            exchange: Exchange::default(),
        }
    }

    fn step(&mut self, chunk: &Chunk<'_>) -> Step {
        let [client, server] = &mut self.lanes;
        let lane = if chunk.role == Role::Client { client } else { server };
        if lane.dead {
            return Step::Skip(u64::MAX);
        }
        if chunk.role == Role::Server && chunk.bytes.first() == Some(&b'n') {
            return if chunk.bytes.len() < HTTP_GREETING.len() {
                Step::NeedMore(HTTP_GREETING.len())
            } else if chunk.bytes.starts_with(HTTP_GREETING) {
                Step::Consumed(HTTP_GREETING.len())
            } else {
                Step::Violation
            };
        }
        match known::take(&mut self.known, &mut self.exchange, &mut self.association, chunk.role, chunk.bytes) {
            Taken::Need(wanted) => Step::NeedMore(wanted),
            Taken::Message(length) => {
                lane.lost = false;
                match length.checked_sub(chunk.bytes.len()) {
                    Some(beyond @ 1..) => Step::Skip(beyond as u64),
                    _ => Step::Consumed(length),
                }
            }
            Taken::Nothing if lane.lost => {
                lane.dead = true;
                Step::Skip(u64::MAX)
            }
            Taken::Nothing => Step::Violation,
        }
    }
}

impl Dissector for DceRpc {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.transport == Transport::Udp {
            self.datagrams.take(&mut self.known, chunk.bytes);
            return Step::Consumed(chunk.bytes.len());
        }
        let step = self.step(&chunk);
        if self.lanes.iter().all(|lane| lane.dead) { Step::Done } else { step }
    }

    fn gap(&mut self, role: Role, _bytes: u64) -> Step {
        let [client, server] = &mut self.lanes;
        let lane = if role == Role::Client { client } else { server };
        lane.lost = true;
        if lane.dead { Step::Skip(u64::MAX) } else { Step::Consumed(0) }
    }

    fn facts(&self, out: &mut Facts) {
        self.known.facts(out);
        self.exchange.facts(out);
        if self.known.sealed() {
            out.encrypted("protocol");
        }
    }

    fn news(&mut self) -> Option<News> {
        self.known.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.association.heap_bytes() + self.known.heap_bytes() + self.exchange.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIND: &[u8] = b"\x05\0\x0b\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0";

    #[test]
    fn a_head_proves_itself_and_its_sender() {
        assert_eq!(stream(Role::Client, BIND), Verdict::Match);
        assert_eq!(stream(Role::Server, BIND), Verdict::Reject);
        for cut in 0..BIND.len() {
            assert_eq!(stream(Role::Client, &BIND[..cut]), Verdict::NeedMore, "cut at {cut}");
        }
        for at in [0, 1, 2, 4, 5, 6, 7] {
            let mut bytes = BIND.to_vec();
            bytes[at] ^= 0x24;
            assert_eq!(stream(Role::Client, &bytes), Verdict::Reject, "byte {at}");
        }
    }

    #[test]
    fn socks_begins_with_a_five_too_and_is_not_this() {
        let greetings: [&[u8]; 3] = [b"\x05\x01\x00", b"\x05\x02\x00\x02", b"\x05\x01\x00\x03\x0bexample.com\x01\xbb"];
        for greeting in greetings {
            assert_ne!(stream(Role::Client, greeting), Verdict::Match);
            assert_ne!(stream(Role::Client, greeting), Verdict::Likely);
        }
        assert_eq!(stream(Role::Client, greetings[2]), Verdict::Reject);
    }
}
