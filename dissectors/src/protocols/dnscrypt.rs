//! DNSCrypt, version 2, over UDP and TCP: questions of DNS in boxes.
//!
//! Specification: dnscrypt.info/protocol.
//!
//! ```text
//! answer   72 36 66 6e 76 57 6a 38   nonce:24   box              over TCP behind its length in two bytes
//! question the server's mark:8   the client's key:32   nonce:12   box
//! ```
//!
//! The mark of answers proves it; questions begin with what each server chooses, so that nothing but the answers tells it. The keys
//! come before, in ordinary DNS.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::kept::{count, tell_count};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static ANSWERS: Field = Field::number("answers", "answers", "DNSCrypt 2");

static ELEMENT: Element = Element { name: "dnscrypt", meaning: "encrypted questions of DNS", fields: &[&ANSWERS] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dnscrypt",
    about: About {
        name: "DNSCrypt 2",
        specification: "dnscrypt.info/protocol",
        evidence: "the mark of an answer",
        limits: "questions are encrypted; a session without an answer is not told",
        ports: &[443, 5353, 5443, 8443],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[], server: &[0..=0x0f, b'r'..=b'r'] },
    probe,
    open: |_: &Opening| Box::new(DnsCrypt { answers: 0 }),
};

const MARK: &[u8] = b"r6fnvWj8";
/// Mark, nonce, and a box's tag.
const SHORTEST: usize = 48;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Client {
        return Verdict::Reject;
    }
    if sample.transport == Transport::Udp {
        let fits = sample.bytes.starts_with(MARK) && sample.bytes.len() >= SHORTEST;
        return if fits { Verdict::Match } else { Verdict::Reject };
    }
    match sample.bytes {
        [0..=0x0f] | [0..=0x0f, _] => Verdict::NeedMore,
        [0..=0x0f, _, mark @ ..] if mark.starts_with(MARK) => Verdict::Match,
        [0..=0x0f, _, mark @ ..] if MARK.starts_with(mark) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

#[derive(Debug)]
struct DnsCrypt {
    answers: u64,
}

impl Dissector for DnsCrypt {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Client {
            return Step::Consumed(chunk.bytes.len());
        }
        if chunk.bytes.starts_with(MARK) {
            count(&mut self.answers);
            return Step::Consumed(chunk.bytes.len());
        }
        // A stream: the length, then the answer.
        let Some((length, rest)) =
            chunk.bytes.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length), rest))
        else {
            return Step::NeedMore(2);
        };
        let whole = usize::from(length).saturating_add(2);
        if rest.len() < usize::from(length) {
            return Step::NeedMore(whole);
        }
        if rest.starts_with(MARK) {
            count(&mut self.answers);
        }
        Step::Consumed(whole)
    }

    fn facts(&self, out: &mut Facts) {
        out.encrypted("protocol");
        tell_count(&mut out.element(&ELEMENT), &ANSWERS, self.answers);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
    }
}
