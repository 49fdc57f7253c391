//! Frames to packets.
//!
//! Slicing is lax: what parsed is kept, and what can't be told says where it stopped ([`Drop`]). An ordinary Ethernet/IP/TCP or UDP
//! frame takes the short [`straight`] path; everything else goes through [`layered`], which leaves IP headers with
//! extensions and link extensions to `etherparse`. Both give the same answer, and a test holds them to it.

mod icmp_error;
mod layered;
mod link;
mod straight;
#[cfg(test)]
mod tests;
mod transport;
mod tunnel;

use dissectors::Timestamp;

use crate::fragment::Fragments;
use crate::key::FlowKey;
use crate::packet::{Packet, protocol};
use crate::path::{Interner, Paths};

pub use icmp_error::{Quoted, quoted};
pub use link::LinkType;

/// Why a frame gave no packet. Every frame is decoded, held or dropped for one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Drop {
    /// The link type is none that is known.
    UnknownLink,
    /// Not IP: ARP, spanning tree, LLDP, management frames, ...
    NotIp,
    /// Cut or broken before the innermost addresses.
    BadHeader,
    /// Data that the link layer encrypts (802.11 protected, MACsec).
    LinkEncrypted,
    /// More encapsulations than [`crate::path::MAX_DEPTH`].
    TooDeep,
    /// A fragment, waiting for the others of its datagram.
    FragmentHeld,
    /// A fragment that can't be joined: it overlaps badly, exceeds a datagram, or found no room.
    FragmentBad,
}

impl Drop {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::UnknownLink,
        Self::NotIp,
        Self::BadHeader,
        Self::LinkEncrypted,
        Self::TooDeep,
        Self::FragmentHeld,
        Self::FragmentBad,
    ];

    /// The reason's name in summaries and STATUS lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownLink => "unknown_link",
            Self::NotIp => "not_ip",
            Self::BadHeader => "bad_header",
            Self::LinkEncrypted => "link_encrypted",
            Self::TooDeep => "too_deep",
            Self::FragmentHeld => "fragment_held",
            Self::FragmentBad => "fragment_bad",
        }
    }
}

/// A captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'b> {
    /// When it was captured.
    pub time: Timestamp,
    /// How it is framed.
    pub link: LinkType,
    /// The captured bytes.
    pub bytes: &'b [u8],
    /// Its length on the wire.
    pub wire_bytes: u32,
}

impl Frame<'_> {
    /// Bytes that were on the wire but not captured.
    fn uncaptured(&self) -> u32 {
        self.wire_bytes.saturating_sub(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }
}

/// Turns frames into packets. Joins IP fragments, so it sees a whole capture, before any sharding.
#[derive(Debug)]
pub struct Decoder {
    fragments: Fragments,
    interner: Interner,
    joined: Vec<u8>,
}

impl Decoder {
    /// A decoder that may hold `fragment_bytes` of incomplete datagrams.
    pub fn new(ignore_vlan: bool, fragment_bytes: usize) -> Self {
        Self { fragments: Fragments::new(fragment_bytes), interner: Interner::new(ignore_vlan), joined: Vec::new() }
    }

    /// The encapsulations seen, for whoever tells sessions.
    pub fn paths(&self) -> Paths {
        self.interner.paths()
    }

    /// Slices a frame. The payload lies in the frame, or in [`Decoder::joined`] where the packet says so.
    pub fn decode(&mut self, frame: &Frame<'_>) -> Result<Packet, Drop> {
        match straight::decode(frame) {
            Some(packet) => Ok(packet),
            None => layered::decode(self, frame),
        }
    }

    /// The datagram that was last joined from fragments.
    pub fn joined(&self) -> &[u8] {
        &self.joined
    }

    /// Fragments given up because their others never came, and datagrams they belonged to.
    pub fn fragments(&self) -> &Fragments {
        &self.fragments
    }
}

/// What decides a packet's shard: its own flow, or for an ICMP error the flow it speaks of, so that both meet.
pub fn shard_key(packet: &Packet, payload: &[u8]) -> FlowKey {
    if matches!(packet.ends.protocol, protocol::ICMP | protocol::ICMPV6)
        && let Some(about) = quoted(packet.ends.protocol, payload)
    {
        return FlowKey::of(&about.ends, packet.domain).0;
    }
    FlowKey::of(&packet.ends, packet.domain).0
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset_in(whole: &[u8], part: &[u8]) -> u32 {
    u32::try_from((part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
    use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
    use pnet::packet::ipv4::MutableIpv4Packet;
    use pnet::packet::ipv6::MutableIpv6Packet;
    use pnet::packet::tcp::MutableTcpPacket;
    use pnet::packet::udp::MutableUdpPacket;
    use proptest::prelude::*;

    use super::*;

    /// The bytes of an Ethernet frame with IPv4 or IPv6, TCP or UDP, and `payload`.
    fn plain(v6: bool, udp: bool, payload: &[u8]) -> Vec<u8> {
        let (ip_bytes, head_bytes) = (if v6 { 40 } else { 20 }, if udp { 8 } else { 20 });
        let transport_bytes = head_bytes + payload.len();
        let mut bytes = vec![0; 14 + ip_bytes + transport_bytes];
        let mut ethernet = MutableEthernetPacket::new(&mut bytes).unwrap();
        ethernet.set_source("02:00:00:00:20:01".parse().unwrap());
        ethernet.set_ethertype(if v6 { EtherTypes::Ipv6 } else { EtherTypes::Ipv4 });
        let protocol: IpNextHeaderProtocol = if udp { IpNextHeaderProtocols::Udp } else { IpNextHeaderProtocols::Tcp };
        if v6 {
            let mut ip = MutableIpv6Packet::new(&mut bytes[14..]).unwrap();
            ip.set_version(6);
            ip.set_payload_length(transport_bytes as u16);
            ip.set_next_header(protocol);
            ip.set_source("2001:db8:20::1".parse().unwrap());
            ip.set_destination("2001:db8:20::2".parse().unwrap());
        } else {
            let mut ip = MutableIpv4Packet::new(&mut bytes[14..]).unwrap();
            ip.set_version(4);
            ip.set_header_length(5);
            ip.set_total_length((ip_bytes + transport_bytes) as u16);
            ip.set_next_level_protocol(protocol);
            ip.set_source("10.20.0.1".parse().unwrap());
            ip.set_destination("10.20.0.2".parse().unwrap());
        }
        let transport = &mut bytes[14 + ip_bytes..];
        if udp {
            let mut head = MutableUdpPacket::new(transport).unwrap();
            head.set_source(40_000);
            head.set_destination(53);
            head.set_length(transport_bytes as u16);
            head.set_payload(payload);
        } else {
            let mut head = MutableTcpPacket::new(transport).unwrap();
            head.set_source(40_000);
            head.set_destination(443);
            head.set_data_offset(5);
            head.set_sequence(7);
            head.set_payload(payload);
        }
        bytes
    }

    fn frame(bytes: &[u8]) -> Frame<'_> {
        let time = Timestamp::from_nanos(1);
        Frame { time, link: LinkType::ETHERNET, bytes, wire_bytes: bytes.len() as u32 }
    }

    #[test]
    fn plain_frames_take_the_short_path() {
        for (v6, udp) in [(false, false), (false, true), (true, false), (true, true)] {
            let bytes = plain(v6, udp, b"payload");
            let packet = straight::decode(&frame(&bytes)).unwrap();
            assert_eq!(packet.payload(&bytes), b"payload");
            assert_eq!(packet.ends.destination_port, if udp { 53 } else { 443 });
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_paths_give_the_same_answer(
            v6: bool,
            udp: bool,
            payload in prop::collection::vec(any::<u8>(), 0..80),
            padding in 0..9_usize,
            spoilt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = plain(v6, udp, &payload);
            bytes.resize(bytes.len() + padding, 0);
            for (at, byte) in spoilt {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let kept = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
            let frame = Frame { bytes: &bytes[..kept], ..frame(&bytes) };
            if let Some(short) = straight::decode(&frame) {
                let long = layered::decode(&mut Decoder::new(false, 1 << 16), &frame);
                prop_assert_eq!(format!("{:?}", Ok::<_, Drop>(short)), format!("{long:?}"));
            }
        }
    }
}
