//! How QUIC is recognised: by a long header of a version that is known, by a list of versions, by Google's handshake in the clear.
//!
//! The 32 bits of a version with a header around it that is sound are evidence enough. Who is the client is told by decrypting: only a
//! client's first packets open with keys made of their own connection id. Short headers alone look like anything and are not
//! claimed.

use super::google;
use super::header::{Kind, Long, Packet};
use super::keys::Keys;
use super::version;
use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

/// The shortest connection id that a client may choose for a server (RFC 9000 7.2).
const CLIENT_ID_MIN: usize = 8;
/// The shortest datagram with a client's Initial packet (RFC 9000 14.1).
const DATAGRAM_MIN: usize = 1200;

pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    match Long::read(&mut Reader::new(sample.bytes)) {
        Some(Long::Packet(packet)) => of_packet(sample.role, &packet),
        Some(Long::Negotiation(versions)) => {
            let known = versions.iter().filter(|version| version::form(**version).is_some()).count();
            let plausible = versions.iter().all(|version| version::is_plausible(*version));
            match sample.role {
                Role::Client => Verdict::Reject,
                Role::Server if known > 0 && (plausible || known > 1) => Verdict::Match,
                Role::Server if known > 0 => Verdict::Likely,
                Role::Server => Verdict::Reject,
            }
        }
        Some(Long::Reserved { dcid, .. }) => {
            let client = sample.role == Role::Client && dcid >= CLIENT_ID_MIN && sample.bytes.len() >= DATAGRAM_MIN;
            if client { Verdict::Likely } else { Verdict::Reject }
        }
        None if google::packet(sample.role, sample.bytes).is_some() => Verdict::Match,
        None => Verdict::Reject,
    }
}

fn of_packet(role: Role, packet: &Packet<'_>) -> Verdict {
    let from_client =
        || Keys::new(packet.form, packet.dcid).is_some_and(|mut keys| keys.open(Role::Client, packet).is_some());
    let may_be_first = packet.dcid.len() >= CLIENT_ID_MIN;
    match (packet.kind, role) {
        (Kind::Initial, Role::Client) if may_be_first && (packet.cut || from_client()) => Verdict::Match,
        (Kind::Initial, Role::Client) => Verdict::Likely,
        (Kind::Initial, Role::Server) if packet.token > 0 || (may_be_first && (packet.cut || from_client())) => {
            Verdict::Reject
        }
        (Kind::Initial | Kind::Retry, Role::Server) => Verdict::Match,
        (Kind::Retry, Role::Client) => Verdict::Reject,
        (Kind::ZeroRtt, Role::Client) => Verdict::Match,
        (Kind::ZeroRtt, Role::Server) => Verdict::Reject,
        (Kind::Handshake, _) => Verdict::Match,
    }
}
