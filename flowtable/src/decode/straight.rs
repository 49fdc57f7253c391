//! The short path: Ethernet, no tag, IPv4 without fragments or IPv6 without extension headers, TCP or UDP without a tunnel inside.
//!
//! Nearly every packet of a network looks like this. Whatever does not, or is not whole, is left to [`super::layered`]; the
//! short path never guesses.

use dissectors::Reader;
use dissectors::dictionary::Flag;

use super::transport::{self, Inner};
use super::{Frame, LinkType, offset_in, tunnel};
use crate::checksum;
use crate::packet::{Address, Ends, Family, Packet, protocol};

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// IPv4 without options: version 4, five words.
const PLAIN_IPV4: u8 = 0x45;
/// The more-fragments bit and the fragment offset.
const FRAGMENT_MASK: u16 = 0x3fff;

/// Whether the frame is as plain as can be. Then `packet` is what it holds.
#[inline]
pub(super) fn decode(frame: &Frame<'_>, packet: &mut Packet) -> bool {
    read(frame, packet).is_some()
}

/// Reads a packet to where it will lie: it is too large to be handed on.
#[inline]
fn read(frame: &Frame<'_>, packet: &mut Packet) -> Option<()> {
    if frame.link != LinkType::ETHERNET {
        return None;
    }
    let mut reader = Reader::new(frame.bytes);
    reader.skip(6)?;
    let mac = reader.array::<6>()?;
    let (ends, ip_bytes, rest, wrong) = match reader.be_u16()? {
        ETHERTYPE_IPV4 => ipv4(reader)?,
        ETHERTYPE_IPV6 => ipv6(reader)?,
        _ => return None,
    };
    let inner = transport::plain(ends.protocol, rest)?;
    let checksum = transport::checksum(&ends, rest, &inner);
    let Inner { ports: (source_port, destination_port), payload, payload_bytes, tcp, mut marks } = inner;
    if ends.protocol == protocol::UDP && tunnel::inside_udp(payload, payload_bytes).is_some() {
        return None;
    }
    if wrong {
        marks.insert(Flag::BadChecksum);
    }
    *packet = Packet {
        time: frame.time,
        ends: Ends { source_port, destination_port, ..ends },
        domain: Default::default(),
        path: Default::default(),
        ip_bytes,
        payload_bytes,
        payload_at: offset_in(frame.bytes, payload),
        payload_len: u32::try_from(payload.len()).ok()?,
        joined: false,
        frames: 1,
        tcp,
        mac,
        checksum,
        marks,
    };
    Some(())
}

/// The ends without ports, the length as on the wire, the payload, and whether the header's checksum is wrong.
#[inline]
fn ipv4(reader: Reader<'_>) -> Option<(Ends, u32, &[u8], bool)> {
    let (header, _) = reader.rest().split_first_chunk::<20>()?;
    let [PLAIN_IPV4, _, l0, l1, _, _, f0, f1, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *header else {
        return None;
    };
    let total = u16::from_be_bytes([l0, l1]);
    if u16::from_be_bytes([f0, f1]) & FRAGMENT_MASK != 0 || !transport::is_plain(protocol) {
        return None;
    }
    // Bytes after the datagram are Ethernet's padding. A cut or length-less datagram is not plain.
    let rest = reader.rest().get(20..usize::from(total))?;
    let ends = Ends {
        source: Address::v4([s0, s1, s2, s3]),
        destination: Address::v4([d0, d1, d2, d3]),
        source_port: 0,
        destination_port: 0,
        family: Family::V4,
        protocol,
    };
    Some((ends, u32::from(total), rest, checksum::is_wrong_header(header)))
}

#[inline]
fn ipv6(mut reader: Reader<'_>) -> Option<(Ends, u32, &[u8], bool)> {
    let version = reader.be_u32()? >> 28;
    let length = reader.be_u16()?;
    let protocol = reader.u8()?;
    reader.skip(1)?;
    let source = Address::v6(reader.array()?);
    let destination = Address::v6(reader.array()?);
    if version != 6 || length == 0 || !transport::is_plain(protocol) {
        return None;
    }
    let rest = reader.take(usize::from(length))?;
    let ends = Ends { source, destination, source_port: 0, destination_port: 0, family: Family::V6, protocol };
    Some((ends, u32::from(length).saturating_add(40), rest, false))
}
