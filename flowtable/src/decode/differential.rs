//! Random frames, plain, padded, spoilt and cut: wherever the short path answers, the long path gives the same.

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
        let packet = tests::plain(&frame(&bytes)).unwrap();
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
        if let Some(short) = tests::plain(&frame) {
            let long = layered::decode(&mut Decoder::new(false, 1 << 16), &frame);
            prop_assert_eq!(format!("{:?}", Ok::<_, Drop>(short)), format!("{long:?}"));
        }
    }
}
