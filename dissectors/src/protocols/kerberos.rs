//! Kerberos 5 on a connection of its own (RFC 4120 7.2) and its change of passwords (RFC 3244). The messages are read in
//! [`crate::kerberos`].
//!
//! ```text
//! datagram   message
//! stream     length:4 message, again and again
//! password   length:2 version:2 length of the AP part:2  AP-REQ or AP-REP (or nothing)  KRB-PRIV or KRB-ERROR
//! ```
//!
//! A message shows its version and its kind twice, once in its identifier: that proves it. Limits: of a message in a stream
//! [`MESSAGE_BYTES`] are looked at; the rest is passed over. A gap ends the session's facts.

use crate::ber::{self, Size};
use crate::facts::Facts;
use crate::kerberos::{self, Exchange};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "kerberos",
    about: About {
        name: "Kerberos 5 and its change of passwords",
        specification: "RFC 4120, RFC 3244",
        evidence: "a message that shows version and kind twice",
        limits: "tickets and authenticators are encrypted; a gap ends the facts",
        ports: &[88, 464, 749],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&kerberos::ELEMENT],
    first: FirstBytes {
        client: &[0..=PASSWORD_LENGTH_HIGH, 0x6a..=0x6a, 0x6c..=0x6c, 0x6e..=0x6e, 0x74..=0x76],
        server: &[0..=PASSWORD_LENGTH_HIGH, 0x6b..=0x6b, 0x6d..=0x6d, 0x6f..=0x6f, 0x74..=0x76, 0x7e..=0x7e],
    },
    probe,
    open: |opening| Box::new(Kerberos { transport: opening.transport, exchange: Exchange::default() }),
};

/// The most bytes of a message that are looked at: tickets with the groups of their user are long.
const MESSAGE_BYTES: usize = 32 * 1024;
/// Bytes of a stream's length.
const LENGTH_BYTES: usize = 4;
/// The shortest message: identifier, sequence, version, kind.
const SHORTEST: usize = 14;
/// The longest message in a stream that is believed to be one.
const LONGEST: usize = 1 << 24;
/// The proof lies in so many bytes: two lengths of up to six bytes, two numbers of five.
const PROOF_BYTES: usize = 22;
/// The first byte of the longest message for a change of passwords that is believed to be one.
const PASSWORD_LENGTH_HIGH: u8 = 0x1f;
/// Bytes before the AP part of such a message.
const PASSWORD_HEAD: usize = 6;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.transport != Transport::Tcp {
        let message = proof(sample.role, sample.bytes, sample.bytes.len());
        if message != Verdict::Match && password(sample.bytes).is_some_and(|parts| parts.may_send(sample.role)) {
            return Verdict::Match;
        }
        return if message == Verdict::Match { message } else { Verdict::Reject };
    }
    let mut reader = Reader::new(sample.bytes);
    if sample.bytes.first().is_some_and(|byte| *byte != 0) {
        return Verdict::Reject;
    }
    let Some(length) = reader.be_u32().map(|length| length as usize) else {
        return Verdict::NeedMore;
    };
    if !(SHORTEST..LONGEST).contains(&length) {
        return Verdict::Reject;
    }
    let message = proof(sample.role, reader.rest(), length);
    if message != Verdict::Reject {
        return message;
    }
    // A change of passwords repeats its length in its head.
    let mut head = reader;
    let (told, version) = (head.be_u16(), head.be_u16());
    if told.is_some_and(|told| usize::from(told) != length) || version.is_some_and(|version| !is_version(version)) {
        return Verdict::Reject;
    }
    if sample.bytes.len() < LENGTH_BYTES + PASSWORD_HEAD + PROOF_BYTES {
        return Verdict::NeedMore;
    }
    match password(reader.rest()) {
        Some(parts) if parts.may_send(sample.role) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

/// Whether a message of `length` bytes begins with `bytes`, and is this role's to send.
fn proof(role: Role, bytes: &[u8], length: usize) -> Verdict {
    let Some(identifier) = bytes.first() else {
        return Verdict::NeedMore;
    };
    let Some(kind) = kerberos::kind(*identifier) else {
        return Verdict::Reject;
    };
    if kerberos::sender(kind).is_some_and(|sender| sender != role) {
        return Verdict::Reject;
    }
    match ber::size(bytes) {
        // Of a datagram the end may not have been captured.
        Size::Known { whole, .. } if whole < length => return Verdict::Reject,
        Size::Broken => return Verdict::Reject,
        _ => {}
    }
    if kerberos::open(bytes).is_some() {
        Verdict::Match
    } else if bytes.len() < PROOF_BYTES && bytes.len() < length {
        Verdict::NeedMore
    } else {
        Verdict::Reject
    }
}

/// Versions of a change of passwords: its own, and the one for setting another's (RFC 3244 2).
fn is_version(version: u16) -> bool {
    matches!(version, 1 | 0xff80)
}

/// The parts of a change of passwords.
struct Password<'a> {
    ticket: &'a [u8],
    rest: &'a [u8],
}

impl Password<'_> {
    fn may_send(&self, role: Role) -> bool {
        let kind = |bytes| kerberos::open(bytes).map(|(kind, _)| kind);
        match kind(self.ticket) {
            Some(14) => role == Role::Client,
            Some(15) => role == Role::Server,
            _ => self.ticket.is_empty() && kind(self.rest) == Some(30) && role == Role::Server,
        }
    }
}

/// Takes a change of passwords apart, as far as it is here.
fn password(message: &[u8]) -> Option<Password<'_>> {
    let mut reader = Reader::new(message);
    let length = reader.be_u16()?;
    let version = reader.be_u16()?;
    let ticket = usize::from(reader.be_u16()?);
    let fits = usize::from(length) >= message.len() && usize::from(length) >= PASSWORD_HEAD.saturating_add(ticket);
    if !fits || !is_version(version) || length.to_be_bytes() > [PASSWORD_LENGTH_HIGH, 0xff] {
        return None;
    }
    let (ticket, rest) = reader.rest().split_at_checked(ticket).unwrap_or((reader.rest(), &[]));
    Some(Password { ticket, rest })
}

#[derive(Debug)]
struct Kerberos {
    transport: Transport,
    exchange: Exchange,
}

impl Kerberos {
    /// Takes a message, as far as it is looked at. Tells whether it is one.
    fn message(&mut self, message: &[u8]) -> bool {
        if self.exchange.message(message) {
            return true;
        }
        let Some(parts) = password(message) else {
            return false;
        };
        [parts.ticket, parts.rest].into_iter().filter(|part| self.exchange.message(part)).count() > 0
    }
}

impl Dissector for Kerberos {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.transport != Transport::Tcp {
            self.message(chunk.bytes);
            return Step::Consumed(chunk.bytes.len());
        }
        let mut reader = Reader::new(chunk.bytes);
        let Some(length) = reader.be_u32().map(|length| length as usize) else {
            return Step::NeedMore(LENGTH_BYTES);
        };
        if length >= LONGEST {
            return Step::Violation;
        }
        let Some(looked_at) = reader.take(length.min(MESSAGE_BYTES)) else {
            return Step::NeedMore(LENGTH_BYTES.saturating_add(length.min(MESSAGE_BYTES)));
        };
        if !self.message(looked_at) && length > 0 {
            return Step::Violation;
        }
        let whole = LENGTH_BYTES.saturating_add(length);
        match whole.checked_sub(chunk.bytes.len()) {
            Some(missing @ 1..) => Step::Skip(missing as u64),
            _ => Step::Consumed(whole),
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.exchange.facts(out);
        out.user(self.exchange.user());
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.exchange.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An AP-REP up to its kind, then so many bytes.
    fn reply(more: u8) -> Vec<u8> {
        let mut message = vec![0x6f, 12 + more, 0x30, 10 + more, 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 15];
        message.resize(message.len() + usize::from(more), 0);
        message
    }

    #[test]
    fn the_proof_is_version_and_kind() {
        let message = reply(9);
        assert_eq!(proof(Role::Server, &message, message.len()), Verdict::Match);
        assert_eq!(proof(Role::Client, &message, message.len()), Verdict::Reject);
        for at in [0, 2, 4, 6, 8, 9, 11, 13] {
            let mut wrong = message.clone();
            wrong[at] ^= 1;
            assert_ne!(proof(Role::Server, &wrong, wrong.len()), Verdict::Match, "byte {at}");
        }
        for cut in 0..14 {
            assert_eq!(proof(Role::Server, &message[..cut], message.len()), Verdict::NeedMore, "cut at {cut}");
        }
    }

    #[test]
    fn bytes_after_the_message_are_another_protocol() {
        let message = reply(0);
        assert_eq!(proof(Role::Server, &message, message.len() + 1), Verdict::Reject);
    }
}
