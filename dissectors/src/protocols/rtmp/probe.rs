//! How RTMP is recognised: by its handshake (RTMP 1.0, 5.2), which is almost all chance.
//!
//! ```text
//! version 3:1   time:4 zero:4 random:1528
//! version 3:1   time:4 software:4 random:1528      with a digest among the random bytes (HMAC-SHA256 under a key that all know)
//! ```
//!
//! Four zero bytes or a digest that is right are the evidence.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::protocol::{Role, Sample, Verdict};

/// The version's byte and what follows it.
pub(super) const GREETING: usize = 1 + 1536;
/// The version of RTMP without encryption.
pub(super) const VERSION: u8 = 3;
/// The length of a digest.
const DIGEST: usize = 32;
/// Where the four bytes stand that tell the digest's place, and what it is counted from, counted from behind the version.
const PLACES: [(usize, usize); 2] = [(8, 12), (772, 776)];
/// How far the place can be from there.
const SPREAD: usize = 728;

const CLIENT_KEY: &[u8] = b"Genuine Adobe Flash Player 001";
const SERVER_KEY: &[u8] = b"Genuine Adobe Flash Media Server 001";

pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(greeting) = sample.bytes.get(1..GREETING).filter(|_| sample.bytes.first() == Some(&VERSION)) else {
        return if sample.bytes.first() == Some(&VERSION) { wait(sample.bytes) } else { Verdict::Reject };
    };
    match greeting.get(4..8) {
        Some([0, 0, 0, 0]) if !is_blank(greeting) => Verdict::Likely,
        Some([0, 0, 0, 0]) => Verdict::Reject,
        _ if is_signed(sample.role, greeting) => Verdict::Match,
        // A server with a digest of another key: the client proves it.
        _ if sample.role == Role::Server => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

/// With fewer bytes: the number of the software is a small one, or 0x80 and more. Packets of ISO transport (RFC 1006, so also RDP),
/// which begin with 3 as well, have a code there.
fn wait(bytes: &[u8]) -> Verdict {
    match bytes.get(5) {
        None | Some(0..=0x3f | 0x80) => Verdict::NeedMore,
        Some(_) => Verdict::Reject,
    }
}

/// Whether the random bytes are all alike.
fn is_blank(greeting: &[u8]) -> bool {
    let random = greeting.get(8..).unwrap_or_default();
    random.iter().all(|byte| Some(byte) == random.first())
}

fn is_signed(role: Role, greeting: &[u8]) -> bool {
    let key = if role == Role::Client { CLIENT_KEY } else { SERVER_KEY };
    PLACES.iter().any(|(pointer, base)| {
        let sum = greeting.get(*pointer..).and_then(|rest| rest.first_chunk::<4>());
        let Some(sum) = sum.map(|bytes| bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>()) else {
            return false;
        };
        let at = base.saturating_add(sum % SPREAD);
        let (Some(before), Some(digest), Some(after)) = (
            greeting.get(..at),
            greeting.get(at..at.saturating_add(DIGEST)),
            greeting.get(at.saturating_add(DIGEST)..),
        ) else {
            return false;
        };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
            return false;
        };
        mac.update(before);
        mac.update(after);
        mac.verify_slice(digest).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Transport;

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination: [192, 0, 2, 1].into() })
    }

    /// A greeting with a digest in one of the two places.
    fn signed(key: &[u8], place: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..GREETING).map(|at| (at * 37 % 251) as u8).collect();
        bytes[0] = VERSION;
        bytes[5..9].copy_from_slice(&[9, 0, 124, 2]);
        let (pointer, base) = PLACES[place];
        let sum: usize = bytes[1 + pointer..][..4].iter().map(|byte| usize::from(*byte)).sum();
        let at = 1 + base + sum % SPREAD;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(&bytes[1..at]);
        mac.update(&bytes[at + DIGEST..]);
        bytes[at..at + DIGEST].copy_from_slice(&mac.finalize().into_bytes());
        bytes
    }

    #[test]
    fn a_digest_proves_who_speaks() {
        for place in 0..2 {
            assert_eq!(verdict(Role::Client, &signed(CLIENT_KEY, place)), Verdict::Match);
            assert_eq!(verdict(Role::Server, &signed(SERVER_KEY, place)), Verdict::Match);
            assert_eq!(verdict(Role::Client, &signed(SERVER_KEY, place)), Verdict::Reject);
        }
        let mut wrong = signed(CLIENT_KEY, 0);
        wrong[1500] ^= 1;
        assert_eq!(verdict(Role::Client, &wrong), Verdict::Reject);
    }

    #[test]
    fn packets_of_iso_transport_are_rejected_early() {
        assert_eq!(verdict(Role::Client, b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0"), Verdict::Reject);
        assert_eq!(verdict(Role::Client, b"\x03\0\0\0\x01\0\0\0\0\x55"), Verdict::NeedMore);
        assert_eq!(verdict(Role::Server, b"\x02"), Verdict::Reject);
    }
}
