//! Tells TLS from everything else by a stream's first bytes.
//!
//! A hello is proof. A pickup in midstream is believed where record headers chain: each says exactly where the next one stands.

use super::handshake::{self, kind};
use super::record::{ENCRYPTED_MIN, HEADER, Header, Kind};
use super::{names, ssl2};
use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

/// Bytes of a hello's message up to its session id's length.
const HELLO_PREFIX: usize = 4 + 2 + 32 + 1;
/// The shortest hello: an SSL 3.0 ServerHello without a session id.
const HELLO_MIN: u32 = 38;
/// The longest hello that is believed.
const HELLO_MAX: u32 = 1 << 17;
/// A record alone, without another behind it, is looked at no further when it is longer than what encryption adds to an alert.
const ALERT_MAX: usize = 128;

/// Whether a side's first bytes are TLS.
pub fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    match bytes.first() {
        Some(22) => hello_or_chain(sample.role, bytes),
        Some(20 | 21 | 23) => chain(bytes),
        Some(0x80..) => ssl2::probe(sample.role, bytes),
        Some(_) => Verdict::Reject,
        None => Verdict::NeedMore,
    }
}

/// A side that begins with a handshake record.
fn hello_or_chain(role: Role, bytes: &[u8]) -> Verdict {
    let mut prefix = [0; HELLO_PREFIX];
    let Some(len) = first_message(bytes, &mut prefix) else {
        return Verdict::Reject;
    };
    let known = prefix.get(..len).unwrap_or_default();
    let mut reader = Reader::new(known);
    let Some(number) = reader.u8() else {
        return Verdict::NeedMore;
    };
    let own = match number {
        kind::CLIENT_HELLO => Role::Client,
        kind::SERVER_HELLO => Role::Server,
        number => return other_message(role, number, bytes),
    };
    if own != role {
        return Verdict::Reject;
    }
    let Some(len) = reader.be_u24() else {
        return Verdict::NeedMore;
    };
    let version = reader.be_u16();
    if !(HELLO_MIN..=HELLO_MAX).contains(&len) || version.is_some_and(|version| !hello_version(version)) {
        return Verdict::Reject;
    }
    if version.is_none() {
        return Verdict::NeedMore;
    }
    match known.get(HELLO_PREFIX.saturating_sub(1)) {
        // The drafts of TLS 1.3 had a cipher there.
        Some(id) if *id > 32 && version != Some(0x7f12) => Verdict::Reject,
        Some(_) => Verdict::Match,
        None => Verdict::Likely,
    }
}

/// The versions that the fixed part of a hello is known to hold.
fn hello_version(number: u16) -> bool {
    matches!(number, 0x0300..=0x0304) || (names::is_1_3(number) && number >> 8 != 0xfe)
}

/// Another message than a hello: a pickup in the middle of a handshake, in the clear or encrypted.
fn other_message(role: Role, number: u8, bytes: &[u8]) -> Verdict {
    let sender = match number {
        kind::NEW_SESSION_TICKET | kind::SERVER_KEY_EXCHANGE | kind::SERVER_HELLO_DONE => Some(Role::Server),
        kind::CLIENT_KEY_EXCHANGE => Some(Role::Client),
        _ => None,
    };
    let may = sender.is_none_or(|sender| sender == role);
    match chain(bytes) {
        // A handshake record alone may hold anything.
        Verdict::Likely if !handshake::is_known(number) => Verdict::NeedMore,
        _ if !may => Verdict::Reject,
        verdict => verdict,
    }
}

/// Copies the beginning of the first handshake message, which may lie in several records. Tells how much of it is there; `None`
/// where these are no handshake records.
fn first_message(bytes: &[u8], to: &mut [u8; HELLO_PREFIX]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    let mut filled = 0usize;
    while filled < HELLO_PREFIX && !reader.is_empty() {
        let Some(header) = reader.array::<HEADER>() else {
            return Header::may_begin(reader.rest()).then_some(filled);
        };
        let header = Header::read(header)?;
        if header.kind != Kind::Handshake {
            // A message must be whole before anything else comes; the longer ones are.
            return (filled >= 4).then_some(filled);
        }
        let content = reader.take(header.len.min(reader.len())).unwrap_or_default();
        let room = to.get_mut(filled..).unwrap_or_default();
        let copied = room.len().min(content.len());
        room.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
        filled = filled.saturating_add(copied);
    }
    Some(filled)
}

/// Records one after the other, whatever they carry.
fn chain(bytes: &[u8]) -> Verdict {
    let mut reader = Reader::new(bytes);
    let mut headers = 0u32;
    let mut whole = false;
    while !reader.is_empty() {
        let Some(header) = reader.array::<HEADER>() else {
            if !Header::may_begin(reader.rest()) {
                return Verdict::Reject;
            }
            break;
        };
        let Some(header) = Header::read(header).filter(plausible) else {
            return Verdict::Reject;
        };
        headers = headers.saturating_add(1);
        let content = reader.take(header.len.min(reader.len())).unwrap_or_default();
        whole = content.len() == header.len;
        if !content_fits(&header, content) {
            return Verdict::Reject;
        }
    }
    match headers {
        0 => Verdict::NeedMore,
        1 if whole || bytes.len() > 256 => Verdict::Likely,
        1 => Verdict::NeedMore,
        _ => Verdict::Match,
    }
}

/// Whether a record may be met in midstream.
fn plausible(header: &Header) -> bool {
    match header.kind {
        Kind::ChangeCipherSpec => header.len == 1,
        Kind::Alert => header.len == 2 || (ENCRYPTED_MIN..=ALERT_MAX).contains(&header.len),
        Kind::ApplicationData => header.len >= ENCRYPTED_MIN,
        Kind::Handshake => header.len >= 4,
        Kind::Heartbeat => false,
    }
}

fn content_fits(header: &Header, content: &[u8]) -> bool {
    match (header.kind, header.len, content) {
        (Kind::ChangeCipherSpec, _, [value, ..]) => *value == 1,
        (Kind::Alert, 2, [level]) => matches!(level, 1 | 2),
        (Kind::Alert, 2, [level, description, ..]) => matches!(level, 1 | 2) && names::alert(*description).is_some(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Transport;

    fn say(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination: "192.0.2.2".parse().unwrap() })
    }

    fn hello(number: u8) -> Vec<u8> {
        let mut bytes = vec![22, 3, 1, 0, 54, number, 0, 0, 50, 3, 3];
        bytes.extend([9; 32]);
        bytes.extend([0; 16]);
        bytes
    }

    #[test]
    fn a_hello_proves_its_side() {
        assert_eq!(say(Role::Client, &hello(1)), Verdict::Match);
        assert_eq!(say(Role::Server, &hello(1)), Verdict::Reject);
        assert_eq!(say(Role::Server, &hello(2)), Verdict::Match);
        assert_eq!(say(Role::Client, &hello(2)), Verdict::Reject);
    }

    #[test]
    fn a_hello_in_many_records_is_one() {
        let content = hello(1)[5..].to_vec();
        let bytes: Vec<u8> = content.iter().flat_map(|byte| [22, 3, 1, 0, 1, *byte]).collect();
        assert_eq!(say(Role::Client, &bytes), Verdict::Match);
        for cut in 0..bytes.len() {
            assert_ne!(say(Role::Client, &bytes[..cut]), Verdict::Reject, "{cut}");
        }
    }

    #[test]
    fn two_chained_records_in_midstream_are_proof_and_one_is_a_hint() {
        let record =
            [23, 3, 3, 0, 24, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];
        assert_eq!(say(Role::Client, &record), Verdict::Likely);
        assert_eq!(say(Role::Server, &[record, record].concat()), Verdict::Match);
        let mut broken = [record, record].concat();
        broken[30] = 4;
        assert_eq!(say(Role::Server, &broken), Verdict::Reject);
    }

    #[test]
    fn an_alert_is_a_hint_only() {
        assert_eq!(say(Role::Server, &[21, 3, 1, 0, 2, 2, 40]), Verdict::Likely);
        assert_eq!(say(Role::Server, &[21, 3, 1, 0, 2, 2, 200]), Verdict::Reject);
        assert_eq!(say(Role::Server, &[21, 3, 1, 0, 2, 7, 40]), Verdict::Reject);
    }
}
