//! The straight path and the layered one give the same answer for every frame that the straight one takes.

use dissectors::Timestamp;
use etherparse::PacketBuilder;

use super::*;
use crate::path::MAX_DEPTH;

fn frame(bytes: &[u8]) -> Frame<'_> {
    Frame { time: Timestamp::from_nanos(7), link: LinkType::ETHERNET, bytes, wire_bytes: bytes.len() as u32 }
}

fn decoder() -> Decoder {
    Decoder::new(false, 1 << 20)
}

/// What the straight path says of a frame.
pub(super) fn plain(frame: &Frame<'_>) -> Option<Packet> {
    let mut packet = Packet::default();
    straight::decode(frame, &mut packet).then_some(packet)
}

/// Whether the straight path took a frame; then the layered one must say the same of it.
fn agree(frame: &Frame<'_>) -> bool {
    let Some(straight) = plain(frame) else { return false };
    let layered = layered::decode(&mut decoder(), frame).unwrap();
    assert_eq!(format!("{straight:?}"), format!("{layered:?}"), "{:02x?}", frame.bytes);
    true
}

/// A frame that was cut, padded and spoilt in many places; tells how often the straight path took it.
fn agree_however_spoilt(bytes: &[u8]) -> u32 {
    let mut taken = u32::from(agree(&frame(bytes)));
    for kept in 0..bytes.len() {
        let cut = Frame { wire_bytes: bytes.len() as u32, ..frame(&bytes[..kept]) };
        taken += u32::from(agree(&cut)) + u32::from(agree(&frame(&bytes[..kept])));
    }
    let padded = [bytes, &[0; 30]].concat();
    taken += u32::from(agree(&frame(&padded)));
    // Every bit of the headers and of what a tunnel would begin with.
    for at in 0..bytes.len().min(100) {
        for bit in 0..8 {
            let mut spoilt = padded.clone();
            spoilt[at] ^= 1 << bit;
            taken += u32::from(agree(&frame(&spoilt)));
        }
    }
    taken
}

fn built(builder: etherparse::PacketBuilderStep<etherparse::UdpHeader>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    builder.write(&mut bytes, payload).unwrap();
    bytes
}

const MACS: ([u8; 6], [u8; 6]) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);

#[test]
fn the_paths_agree_on_built_packets() {
    let ethernet = || PacketBuilder::ethernet2(MACS.0, MACS.1);
    let mut packets = Vec::new();
    for payload in [&b""[..], b"x", b"some bytes of a payload"] {
        packets.push(built(ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(1000, 53), payload));
        packets.push(built(ethernet().ipv6([1; 16], [2; 16], 64).udp(1000, 53), payload));
        for tcp in [
            ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1000, 80, 17, 1024),
            ethernet().ipv6([1; 16], [2; 16], 64).tcp(1000, 80, 17, 1024).syn(),
            ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1000, 80, 17, 1024).syn().ack(5).urg(3),
        ] {
            let mut bytes = Vec::new();
            tcp.write(&mut bytes, payload).unwrap();
            packets.push(bytes);
        }
        let scaled = ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1000, 80, 17, 1024).syn();
        let options = [etherparse::TcpOptionElement::Noop, etherparse::TcpOptionElement::WindowScale(7)];
        let mut bytes = Vec::new();
        scaled.options(&options).unwrap().write(&mut bytes, payload).unwrap();
        packets.push(bytes);
    }
    for packet in &packets {
        assert!(agree(&frame(packet)), "{packet:02x?}");
        let taken = agree_however_spoilt(packet);
        assert!(taken > 100, "{taken} of {packet:02x?}");
    }
}

#[test]
fn the_straight_path_leaves_to_the_other_what_is_not_plain() {
    let udp = |payload: &[u8]| {
        built(PacketBuilder::ethernet2(MACS.0, MACS.1).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(1, 2), payload)
    };
    let tagged = built(
        PacketBuilder::ethernet2(MACS.0, MACS.1).single_vlan(7.try_into().unwrap()).ipv4([1; 4], [2; 4], 64).udp(1, 2),
        b"tagged",
    );
    let vxlan = udp(&[&[8, 0, 0, 0, 0, 0, 42, 0][..], &udp(b"inside")].concat());
    for (bytes, tunnel) in [(&tagged, None), (&vxlan, Some("vxlan:42"))] {
        assert!(plain(&frame(bytes)).is_none());
        let mut decoder = decoder();
        let packet = decoder.decode(&frame(bytes)).unwrap();
        let path = decoder.paths().get(packet.path);
        assert_eq!(path.tunnels.first().map(String::as_str), tunnel);
    }
}

#[test]
fn wireless_frames_and_tunnels_of_version_6_are_opened_only_where_all_fits() {
    let udp = |payload: &[u8]| {
        built(PacketBuilder::ethernet2(MACS.0, MACS.1).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(1, 2), payload)
    };
    let inside = udp(b"inside");
    let packet = &inside[14..];
    // A head of four words, native frames of IEEE 802.11, wireless information; its first two bytes in either order.
    let head = [0, 0x20, 3, 0x20, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0];
    let wireless = |control: [u8; 2]| [&control[..], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], packet].concat();
    let capwap = |control| udp(&[&head[..], &wireless(control)].concat());
    let bridged = udp(&[&[0, 0x10, 0, 0, 0, 0, 0, 0][..], &inside].concat());
    let fragment = udp(&[&[0, 0x10, 0, 0x80, 0, 0, 0, 0][..], &inside].concat());
    let ayiya = |next: u8, packet: &[u8]| udp(&[&[0x41, 0x52, 0x11, next][..], &[7; 4 + 16 + 20], packet].concat());
    for (bytes, tunnel) in [
        (capwap([8, 2]), Some("capwap")),
        (capwap([2, 8]), Some("capwap")),
        (bridged, Some("capwap")),
        // Encrypted, or no data at all.
        (capwap([8, 0x42]), None),
        (capwap([0x80, 0]), None),
        (fragment, None),
        (ayiya(4, packet), Some("ayiya")),
        (ayiya(59, packet), None),
        // Cut before it came into the tunnel, and followed by something.
        (ayiya(4, &packet[..packet.len() - 1]), Some("ayiya")),
        (ayiya(4, &[packet, &[0]].concat()), None),
    ] {
        let mut decoder = decoder();
        let packet = decoder.decode(&frame(&bytes)).unwrap();
        let path = decoder.paths().get(packet.path);
        assert_eq!(path.tunnels.first().map(String::as_str), tunnel, "{bytes:02x?}");
    }
}

/// The records of the plain captures among `pcaps/`: little-endian, Ethernet.
fn captured() -> Vec<(Vec<u8>, u32)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../pcaps");
    let mut frames = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        if !matches!(file.first_chunk(), Some(&[0xd4, 0xc3, 0xb2, 0xa1] | &[0x4d, 0x3c, 0xb2, 0xa1])) {
            continue;
        }
        let mut rest = &file[24..];
        while let Some((header, after)) = rest.split_at_checked(16) {
            let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap());
            let (bytes, next) = after.split_at(word(8) as usize);
            frames.push((bytes.to_vec(), word(12)));
            rest = next;
        }
    }
    frames
}

#[test]
fn the_paths_agree_on_captured_frames() {
    let frames = captured();
    let taken = frames.iter().filter(|(bytes, wire)| agree(&Frame { wire_bytes: *wire, ..frame(bytes) })).count();
    assert!(taken > 2000 && taken < frames.len(), "{taken} of {}", frames.len());
    for (bytes, _) in frames.iter().step_by(97) {
        agree_however_spoilt(bytes);
    }
}

#[test]
fn encapsulation_has_an_end() {
    // One IP-in-IP header more than are opened, around a datagram.
    let datagram = built(PacketBuilder::ethernet2(MACS.0, MACS.1).ipv4([1; 4], [2; 4], 64).udp(1, 2), b"deep");
    let mut inner = datagram[14..].to_vec();
    for depth in 1..=MAX_DEPTH + 1 {
        let mut bytes = Vec::new();
        let ip = PacketBuilder::ethernet2(MACS.0, MACS.1).ipv4([3; 4], [4; 4], 64);
        ip.write(&mut bytes, etherparse::IpNumber::IPV4, &inner).unwrap();
        let mut decoder = decoder();
        let decoded = decoder.decode(&frame(&bytes));
        if depth > MAX_DEPTH {
            assert_eq!(decoded.unwrap_err(), Drop::TooDeep);
        } else {
            let path = decoder.paths().get(decoded.unwrap().path);
            assert_eq!(path.tunnels.len(), depth);
        }
        inner = bytes[14..].to_vec();
    }
}

/// Whether a frame's IPv4 header is flagged, and whether the transport's checksum is wrong, where both can be known.
fn wrong(bytes: &[u8]) -> (bool, Option<bool>) {
    let mut decoder = decoder();
    let packet = decoder.decode(&frame(bytes)).unwrap();
    let payload = packet.payload(bytes);
    let checksum = packet.checksum.map(|unverified| unverified.is_wrong(&packet.ends, payload));
    (packet.marks.contains(dissectors::dictionary::Flag::BadChecksum), checksum)
}

#[test]
fn checksums_are_verified_in_any_wrapping() {
    let ethernet = || PacketBuilder::ethernet2(MACS.0, MACS.1);
    let tagged = || ethernet().single_vlan(7.try_into().unwrap());
    let (v4, v6) = (([10, 0, 0, 1], [10, 0, 0, 2]), ([1; 16], [2; 16]));
    for payload in [&b""[..], b"x", b"even", b"an odd payload.."] {
        let mut frames = vec![
            built(ethernet().ipv4(v4.0, v4.1, 64).udp(1000, 53), payload),
            built(ethernet().ipv6(v6.0, v6.1, 64).udp(1000, 53), payload),
            built(tagged().ipv4(v4.0, v4.1, 64).udp(1000, 53), payload),
        ];
        for tcp in [
            ethernet().ipv4(v4.0, v4.1, 64).tcp(1000, 80, 17, 1024),
            tagged().ipv6(v6.0, v6.1, 64).tcp(1000, 80, 17, 1024),
        ] {
            let mut bytes = Vec::new();
            tcp.options_raw(&[1, 3, 3, 7]).unwrap().write(&mut bytes, payload).unwrap();
            frames.push(bytes);
        }
        frames.push(built(ethernet().ipv4(v4.0, v4.1, 64).udp(1, 4789), &{
            let inner = frames[0].clone();
            [&[8, 0, 0, 0, 0, 0, 42, 0][..], &inner].concat()
        }));
        for bytes in frames {
            let padded = [&bytes[..], &[0xff; 7]].concat();
            assert_eq!(wrong(&bytes), (false, Some(false)), "{bytes:02x?}");
            assert_eq!(wrong(&padded), (false, Some(false)), "{bytes:02x?}");
            let mut spoilt = bytes;
            *spoilt.last_mut().unwrap() ^= 1;
            assert_eq!(wrong(&spoilt).1, Some(true), "{spoilt:02x?}");
        }
    }
}

#[test]
fn what_is_not_whole_or_left_to_the_card_is_not_verified() {
    let whole = built(PacketBuilder::ethernet2(MACS.0, MACS.1).ipv4([1; 4], [2; 4], 64).udp(1000, 53), b"payload");
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let cut = Frame { wire_bytes: whole.len() as u32, ..frame(&whole[..whole.len() - 1]) };
    assert_eq!(decoder().decode(&cut).unwrap().checksum, None);
    // UDP without a checksum, and a length that leaves bytes out.
    assert_eq!(wrong(&with(40, &[0, 0])), (false, None));
    assert_eq!(wrong(&with(38, &[0, 0])), (false, None));
    // The header's: wrong, and left to the card. The time to live is nothing that the transport's covers.
    assert_eq!(wrong(&with(22, &[63])), (true, Some(false)));
    assert_eq!(wrong(&with(24, &[0, 0])), (false, Some(false)));
}

#[test]
fn extension_headers_that_lie_are_survived() {
    let whole = built(PacketBuilder::ethernet2(MACS.0, MACS.1).ipv6([1; 16], [2; 16], 64).udp(1, 2), &[0; 40]);
    for kind in [0, 43, 44, 51, 60] {
        for (next, length) in [(kind, 0xff), (17, 0xff), (kind, 0), (kind, 1), (44, 0), (60, 4)] {
            let mut bytes = whole.clone();
            bytes[20] = kind;
            bytes[54] = next;
            bytes[55] = length;
            for kept in 54..bytes.len() {
                let cut = Frame { wire_bytes: bytes.len() as u32, ..frame(&bytes[..kept]) };
                // Whatever it says of the frame, it reads nothing behind it.
                let _ = decoder().decode(&cut).map(|packet| packet.payload(&bytes[..kept]).len());
            }
        }
    }
}
