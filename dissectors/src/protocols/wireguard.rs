//! WireGuard.
//!
//! Specification: the protocol's own (wireguard.com/protocol).
//!
//! ```text
//! 1 initiation  01 00 00 00 sender:4 ephemeral:32 static:48 timestamp:28 mac1:16 mac2:16      148 bytes
//! 2 response    02 00 00 00 sender:4 receiver:4 ephemeral:32 nothing:16 mac1:16 mac2:16       92 bytes
//! 3 cookie      03 00 00 00 receiver:4 nonce:24 cookie:32                                     64 bytes
//! 4 data        04 00 00 00 receiver:4 counter:8 (least first) packet, filled up to sixteens, tag:16
//! ```
//!
//! Everything else is encrypted or random. So the lengths tell it, the zeros, and that the last sixteen bytes of a handshake
//! are zeros as long as no server is under load. Data alone only fits: it is believed with the other side's. Peers take turns in opening
//! handshakes: the client is who opened the first.
//!
//! Ignored on purpose: which index belongs to which handshake beyond the first pair.

use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::kept::{count, tell_count};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static INITIATIONS: Field = Field::number("initiations", "handshakes opened", "WireGuard 5.4.2");
static RESPONSES: Field = Field::number("responses", "handshakes answered", "WireGuard 5.4.3");
static COOKIES: Field = Field::number("cookies", "answers of a server under load", "WireGuard 5.4.7");
static DATA: Field = Field::number("data", "packets of data", "WireGuard 5.4.6");
static KEEPALIVES: Field = Field::number("keepalives", "packets of data without content", "WireGuard 6.5");
static ESTABLISHED: Field =
    Field::new(Kind::YesNo, "established", "a handshake was answered, and data followed", "WireGuard 5.4");

static ELEMENT: Element = Element {
    name: "wireguard",
    meaning: "a WireGuard tunnel",
    fields: &[&ESTABLISHED, &INITIATIONS, &RESPONSES, &COOKIES, &DATA, &KEEPALIVES],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "wireguard",
    about: About {
        name: "WireGuard",
        specification: "wireguard.com/protocol",
        evidence: "lengths, zeros and indexes of handshakes and data",
        limits: "everything else is encrypted; data alone is believed with the other side's",
        ports: &[51820],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=4]),
    probe,
    open: |_: &Opening| Box::new(WireGuard::default()),
};

const INITIATION_BYTES: usize = 148;
const RESPONSE_BYTES: usize = 92;
const COOKIE_BYTES: usize = 64;
/// A head and a tag.
const KEEPALIVE_BYTES: usize = 32;
/// No session counts so far: keys are changed every two minutes.
const COUNTER: u64 = 1 << 40;

#[derive(Clone, Copy)]
enum Packet {
    Initiation { sender: u32, unloaded: bool },
    Response { receiver: u32, unloaded: bool },
    Cookie,
    Data { receiver: u32, counter: u64, empty: bool },
}

fn read(datagram: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(datagram);
    let kind = reader.le_u32()?;
    let unloaded = datagram.ends_with(&[0; 16]);
    match (kind, datagram.len()) {
        (1, INITIATION_BYTES) => Some(Packet::Initiation { sender: reader.le_u32()?, unloaded }),
        (2, RESPONSE_BYTES) => {
            reader.skip(4)?;
            Some(Packet::Response { receiver: reader.le_u32()?, unloaded })
        }
        (3, COOKIE_BYTES) => Some(Packet::Cookie),
        (4, length) if length >= KEEPALIVE_BYTES && length.is_multiple_of(16) => Some(Packet::Data {
            receiver: reader.le_u32()?,
            counter: reader.le_u64()?,
            empty: length == KEEPALIVE_BYTES,
        }),
        _ => None,
    }
}

/// The most zeros of 28 bytes of a key.
const KEY_ZEROS: usize = 6;

fn probe(sample: &Sample<'_>) -> Verdict {
    // The place of a public key in both handshake messages: a key has hardly a zero.
    let key = sample.bytes.get(12..40).unwrap_or_default();
    if key.iter().filter(|byte| **byte == 0).count() > KEY_ZEROS {
        return Verdict::Reject;
    }
    match (read(sample.bytes), sample.role) {
        (Some(Packet::Initiation { unloaded, .. }), Role::Client)
        | (Some(Packet::Response { unloaded, .. }), Role::Server) => {
            if unloaded {
                Verdict::Match
            } else {
                Verdict::Likely
            }
        }
        (Some(Packet::Cookie), Role::Server) => Verdict::Likely,
        // Indices are random: small numbers are somebody else's.
        (Some(Packet::Data { receiver, counter, .. }), _) if counter < COUNTER && receiver > 0xffff => Verdict::Likely,
        // A datagram so long may be shown only in part; its length is not known then.
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct WireGuard {
    initiations: u64,
    responses: u64,
    cookies: u64,
    data: u64,
    keepalives: u64,
    /// The index of the newest initiation, by side.
    opened: [Option<u32>; 2],
    agreed: bool,
    established: bool,
}

impl Dissector for WireGuard {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match read(chunk.bytes) {
            Some(Packet::Initiation { sender, .. }) => {
                count(&mut self.initiations);
                if let Some(opened) = self.opened.get_mut(chunk.role.index()) {
                    *opened = Some(sender);
                }
            }
            Some(Packet::Response { receiver, .. }) => {
                count(&mut self.responses);
                self.agreed |= self.opened.get(chunk.role.other().index()) == Some(&Some(receiver));
            }
            Some(Packet::Cookie) => count(&mut self.cookies),
            Some(Packet::Data { empty, .. }) => {
                self.established |= self.agreed;
                count(if empty { &mut self.keepalives } else { &mut self.data });
            }
            None => {}
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        out.encrypted("protocol");
        let mut element = out.element(&ELEMENT);
        if self.established {
            element.yes_no(&ESTABLISHED, true);
        }
        tell_count(&mut element, &INITIATIONS, self.initiations);
        tell_count(&mut element, &RESPONSES, self.responses);
        tell_count(&mut element, &COOKIES, self.cookies);
        tell_count(&mut element, &DATA, self.data);
        tell_count(&mut element, &KEEPALIVES, self.keepalives);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Udp, role, bytes, destination: IpAddr::V4(Ipv4Addr::LOCALHOST) })
    }

    #[test]
    fn lengths_and_zeros_are_the_proof() {
        let mut initiation = vec![1, 0, 0, 0];
        initiation.resize(132, 0x5a);
        initiation.resize(148, 0);
        assert_eq!(verdict(Role::Client, &initiation), Verdict::Match);
        assert_eq!(verdict(Role::Server, &initiation), Verdict::Reject);
        assert_eq!(verdict(Role::Client, &initiation[..147]), Verdict::Reject);
        initiation[147] = 1;
        assert_eq!(verdict(Role::Client, &initiation), Verdict::Likely);
        let mut data = vec![4, 0, 0, 0, 1, 2, 3, 4, 9, 0, 0, 0, 0, 0, 0, 0];
        data.resize(48, 0x5a);
        assert_eq!(verdict(Role::Server, &data), Verdict::Likely);
        data[15] = 1;
        assert_eq!(verdict(Role::Server, &data), Verdict::Reject);
    }
}
