//! Packets inside packets: GRE and its kin by IP protocol number, UDP tunnels by the structure of their bytes.
//!
//! A UDP tunnel is believed when its own header is as it must be and what it carries is an IP packet whose lengths fit exactly and,
//! for IPv4, whose header checksum is right; the port says nothing.

use dissectors::Reader;

use super::layered;
use super::link::Next;
use crate::packet::protocol;
use crate::path::Layer;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_BRIDGED: u16 = 0x6558;
const ETHERTYPE_ERSPAN_II: u16 = 0x88be;
const ETHERTYPE_ERSPAN_III: u16 = 0x22eb;
const ETHERTYPE_PPP: u16 = 0x880b;

/// A tunnel's header taken off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened<'b> {
    pub layer: Layer,
    pub next: Next,
    pub rest: &'b [u8],
}

/// What an IP packet of this protocol number carries inside, if it is a tunnel.
pub(super) fn inside_ip(number: u8, bytes: &[u8]) -> Option<Opened<'_>> {
    match number {
        protocol::IPIP | protocol::IPV6 => {
            Some(Opened { layer: Layer::IpIp, next: Next::Ip, rest: bytes }).filter(|_| starts_like_ip(bytes))
        }
        protocol::GRE => gre(Reader::new(bytes)),
        // RFC 3378: version 3 and 12 reserved bits.
        protocol::ETHERIP => {
            let mut reader = Reader::new(bytes);
            (reader.be_u16()? >> 12 == 3).then_some(())?;
            Some(Opened { layer: Layer::EtherIp, next: Next::Ethernet, rest: reader.rest() })
        }
        _ => None,
    }
}

fn starts_like_ip(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| matches!(first >> 4, 4 | 6))
}

/// GRE (RFC 2784, 2890), version 1 for PPTP (RFC 2637 4.1), and ERSPAN in it (draft-foschiano-erspan).
fn gre(mut reader: Reader<'_>) -> Option<Opened<'_>> {
    let flags = reader.be_u16()?;
    let kind = reader.be_u16()?;
    let (checksum, routing, keyed, sequenced) =
        (flags & 0x8000 != 0, flags & 0x4000 != 0, flags & 0x2000 != 0, flags & 0x1000 != 0);
    let version = flags & 7;
    if version > 1 || routing {
        return None;
    }
    if checksum {
        reader.skip(4)?;
    }
    let key = if keyed { Some(reader.be_u32()?) } else { None };
    if sequenced {
        reader.skip(4)?;
    }
    if version == 1 {
        // The acknowledgment number; the key holds a call id that differs per direction.
        if flags & 0x0080 != 0 {
            reader.skip(4)?;
        }
        // What PPP says of itself, compressed and encrypted packets are the tunnel's own: nobody sees more of them than GRE.
        let rest = reader.rest();
        let opened = Opened { layer: Layer::Gre(None), next: Next::Ppp, rest };
        return (kind == ETHERTYPE_PPP && layered::ppp(reader).is_ok()).then_some(opened);
    }
    let (layer, next) = match kind {
        // Type I has neither sequence number nor header of its own.
        ETHERTYPE_ERSPAN_II if !sequenced => (Layer::Erspan, Next::Ethernet),
        ETHERTYPE_ERSPAN_II => {
            reader.skip(8)?;
            (Layer::Erspan, Next::Ethernet)
        }
        ETHERTYPE_ERSPAN_III => {
            reader.skip(10)?;
            let flags = reader.be_u16()?;
            if flags & 1 != 0 {
                reader.skip(8)?;
            }
            (Layer::Erspan, Next::Ethernet)
        }
        ETHERTYPE_BRIDGED => (Layer::Gre(key), Next::Ethernet),
        ethertype => (Layer::Gre(key), Next::EtherType(ethertype)),
    };
    Some(Opened { layer, next, rest: reader.rest() })
}

/// What a UDP datagram carries inside, if it is a tunnel. `wire` is the payload's length on the wire.
#[inline]
pub(super) fn inside_udp(payload: &[u8], wire: u32) -> Option<Opened<'_>> {
    let reader = Reader::new(payload);
    let [first, second] = Reader::new(payload).array()?;
    let opened = match (first, second) {
        // VXLAN's flags, or Teredo's authentication indicator.
        (0x08 | 0x0c, 0) => vxlan(reader),
        (0x00, 0x00 | 0x01) => teredo(reader).or_else(|| geneve(reader)),
        (0x30..=0x37, 0xff) => gtp(reader, wire),
        (0x1e | 0x1f, 0xff) => gtp_first(reader, wire),
        // An IPv6 packet by itself is Teredo's too.
        (0x60..=0x6f, _) => teredo(reader),
        // CAPWAP's preamble, and its own length of two words at the least, which is GENEVE's flags otherwise.
        (0x00, 0x10..) => geneve(reader).or_else(|| capwap(reader)),
        // AYIYA: an identity of 16 bytes.
        (0x40..=0x4f, _) => ayiya(reader),
        // GENEVE: version 0 and the length of its options in words.
        (0x00..=0x3f, _) => geneve(reader),
        _ => None,
    }?;
    let cut = (wire as usize).saturating_sub(payload.len());
    let fits = match opened.next {
        Next::Ip => whole_ip(opened.rest, cut),
        Next::EtherType(ETHERTYPE_IPV4 | ETHERTYPE_IPV6) => whole_ip(opened.rest, cut),
        Next::Ethernet => whole_ethernet(opened.rest, cut),
        _ => false,
    };
    fits.then_some(opened)
}

/// VXLAN (RFC 7348 5): flags with the I bit, reserved zeros, the network identifier. The group policy extension uses the reserved
/// two bytes after the flags and the G bit, which stays unrecognised.
fn vxlan(mut reader: Reader<'_>) -> Option<Opened<'_>> {
    let flags = reader.be_u32()?;
    let id = reader.be_u24()?;
    let reserved = reader.u8()?;
    (flags == 0x0800_0000 && reserved == 0).then_some(Opened {
        layer: Layer::Vxlan(id),
        next: Next::Ethernet,
        rest: reader.rest(),
    })
}

/// GENEVE (RFC 8926 3.4): version and option length, flags, protocol type, the network identifier, a reserved zero.
fn geneve(mut reader: Reader<'_>) -> Option<Opened<'_>> {
    let [first, flags] = reader.array()?;
    let kind = reader.be_u16()?;
    let id = reader.be_u24()?;
    let reserved = reader.u8()?;
    if first >> 6 != 0 || flags & 0x3f != 0 || reserved != 0 {
        return None;
    }
    reader.skip(usize::from(first & 0x3f) * 4)?;
    let next = match kind {
        ETHERTYPE_BRIDGED => Next::Ethernet,
        ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => Next::EtherType(kind),
        _ => return None,
    };
    Some(Opened { layer: Layer::Geneve(id), next, rest: reader.rest() })
}

/// GTP-U (3GPP TS 29.281 5.1): flags, message type 255, length, TEID, then optional fields and extension headers.
fn gtp(mut reader: Reader<'_>, wire: u32) -> Option<Opened<'_>> {
    let [flags, _] = reader.array()?;
    let length = u32::from(reader.be_u16()?);
    reader.skip(4)?;
    if length.saturating_add(8) != wire {
        return None;
    }
    if flags & 7 != 0 {
        reader.skip(3)?;
        let mut kind = reader.u8()?;
        // Each extension header says its length in words and names the next.
        while kind != 0 && flags & 4 != 0 {
            let words = usize::from(reader.u8()?);
            reader.skip(words.checked_mul(4)?.checked_sub(2)?)?;
            kind = reader.u8()?;
        }
    }
    Some(Opened { layer: Layer::Gtp, next: Next::Ip, rest: reader.rest() })
}

/// GTP's version 0 (GSM 09.60 6): flags, message type 255, length, sequence number, flow label, the number of an N-PDU, three spare octets of
/// ones, and the tunnel's id.
fn gtp_first(mut reader: Reader<'_>, wire: u32) -> Option<Opened<'_>> {
    reader.skip(2)?;
    let length = u32::from(reader.be_u16()?);
    reader.skip(5)?;
    let spare = reader.array()?;
    reader.skip(8)?;
    (spare == [0xff; 3] && length.saturating_add(20) == wire).then_some(Opened {
        layer: Layer::Gtp,
        next: Next::Ip,
        rest: reader.rest(),
    })
}

/// CAPWAP's data channel in the clear (RFC 5415 4.3): a header of so many words as it says, neither a fragment nor a keepalive, with
/// an Ethernet frame behind it or one of IEEE 802.11 (RFC 5416).
fn capwap(mut reader: Reader<'_>) -> Option<Opened<'_>> {
    const NATIVE: u32 = 1 << 8;
    const FRAGMENT: u32 = 1 << 7;
    const KEEPALIVE: u32 = 1 << 3;
    const RESERVED: u32 = 7;
    const WIRELESS: u32 = 1;
    let head = reader.be_u32()?;
    let (_fragment, offset) = (reader.be_u16()?, reader.be_u16()?);
    let words = usize::try_from(head >> 19 & 0x1f).ok()?;
    if head & (FRAGMENT | KEEPALIVE | RESERVED) != 0 || offset != 0 {
        return None;
    }
    reader.skip(words.checked_mul(4)?.checked_sub(8)?)?;
    if head & NATIVE == 0 {
        return Some(Opened { layer: Layer::Capwap, next: Next::Ethernet, rest: reader.rest() });
    }
    (head >> 9 & 0x1f == WIRELESS).then_some(())?;
    let (kind, rest) = wireless(reader)?;
    Some(Opened { layer: Layer::Capwap, next: Next::EtherType(kind), rest })
}

/// The EtherType and payload of a data frame (IEEE 802.11 9.3.2) with LLC and SNAP. Some access points turn the first two bytes round.
fn wireless(mut reader: Reader<'_>) -> Option<(u16, &[u8])> {
    const ENCRYPTED: u8 = 0x40;
    const BOTH_WAYS: u8 = 0x03;
    const QOS: u8 = 0x80;
    const NO_DATA: u8 = 0x40;
    let [first, second] = reader.array::<2>()?;
    let is_data = |byte: u8| byte & 0x0f == 0x08;
    let (kind, flags) = if is_data(first) { (first, second) } else { (second, first) };
    if !is_data(kind) || kind & NO_DATA != 0 || flags & ENCRYPTED != 0 {
        return None;
    }
    let fourth = if flags & BOTH_WAYS == BOTH_WAYS { 6 } else { 0 };
    let qos = if kind & QOS != 0 { 2 } else { 0 };
    reader.skip(22 + fourth + qos)?;
    (reader.array::<6>()? == [0xaa, 0xaa, 3, 0, 0, 0]).then_some(())?;
    Some((reader.be_u16()?, reader.rest()))
}

/// AYIYA (draft-massar-v6ops-ayiya-02 3): lengths of identity and signature, methods, what follows, a time; a packet that is passed on.
fn ayiya(mut reader: Reader<'_>) -> Option<Opened<'_>> {
    let [identity, signature, operation, next] = reader.array()?;
    let passed_on = operation & 0x0f == 1 && matches!(next, protocol::IPIP | protocol::IPV6);
    let signed = usize::from(signature >> 4).checked_mul(4)?;
    let named = 1usize.checked_shl(u32::from(identity >> 4))?;
    // Four bytes of time stand before them.
    reader.skip(named.checked_add(signed)?.checked_add(4)?)?;
    passed_on.then_some(Opened { layer: Layer::Ayiya, next: Next::Ip, rest: reader.rest() })
}

/// Teredo (RFC 4380 5.1.1): an IPv6 packet behind an optional authentication header and an optional origin indication.
fn teredo(mut reader: Reader<'_>) -> Option<Opened<'_>> {
    if reader.rest().starts_with(&[0, 1]) {
        reader.skip(2)?;
        let [client, value] = reader.array()?;
        reader.skip(usize::from(client).saturating_add(usize::from(value)).saturating_add(9))?;
    }
    if reader.rest().starts_with(&[0, 0]) {
        reader.skip(8)?;
    }
    let rest = reader.rest();
    let mut header = Reader::new(rest);
    header.skip(6)?;
    // A packet without a next header is a bubble: it opens a NAT and carries nothing, so it stays a session of its own.
    let carries = matches!(header.u8()?, 0 | 6 | 17 | 43 | 44 | 58 | 60);
    header.skip(1)?;
    let [source, destination] = [header.array::<16>()?, header.array::<16>()?];
    (carries && (teredo_address(source) || teredo_address(destination))).then_some(Opened {
        layer: Layer::Teredo,
        next: Next::Ip,
        rest,
    })
}

/// Whether an address is a Teredo client's (2001::/32, RFC 4380 4), or link-local as in router solicitations.
fn teredo_address(address: [u8; 16]) -> bool {
    matches!(address, [0x20, 0x01, 0, 0, ..] | [0xfe, 0x80..=0xbf, ..])
}

/// Whether these bytes, of which `cut` more were on the wire, are exactly one IP packet, or the beginning of one of version 4: tunnels carry what
/// was cut before it came to them (copies of traffic, above all), and a header whose checksum is right is one.
fn whole_ip(bytes: &[u8], cut: usize) -> bool {
    let on_wire = bytes.len().saturating_add(cut);
    let mut reader = Reader::new(bytes);
    match bytes.first().map(|first| first >> 4) {
        Some(4) if ipv4_header_is_right(bytes) => {
            let told = reader.skip(2).and_then(|()| reader.be_u16());
            told.is_some_and(|told| usize::from(told) >= on_wire)
        }
        Some(6) => {
            let told = reader.skip(4).and_then(|()| reader.be_u16());
            told.is_some_and(|told| told > 0 && usize::from(told).saturating_add(40) == on_wire)
        }
        _ => false,
    }
}

/// The same for an Ethernet frame with an IP packet, MPLS labels and an IP packet, or a VLAN tag in it; it may be padded.
fn whole_ethernet(bytes: &[u8], cut: usize) -> bool {
    const SHORTEST_PADDED: usize = 60;
    let mut reader = Reader::new(bytes);
    let ethertype = reader.skip(12).and_then(|()| reader.be_u16());
    match ethertype {
        Some(ETHERTYPE_IPV4) => {
            let inner = reader.rest();
            whole_ip(inner, cut) || (bytes.len() <= SHORTEST_PADDED.saturating_add(4) && ipv4_header_is_right(inner))
        }
        Some(ETHERTYPE_IPV6) => whole_ip(reader.rest(), cut),
        Some(0x8847 | 0x8848) => {
            // The last label has the bottom-of-stack bit.
            while reader.be_u32().is_some_and(|entry| entry & 0x100 == 0) {}
            whole_ip(reader.rest(), cut)
        }
        Some(0x8100 | 0x88a8) => true,
        // What is not IP opens nothing inside: the tunnel's own session has it.
        _ => false,
    }
}

/// Version, header length and header checksum (RFC 791 3.1).
fn ipv4_header_is_right(bytes: &[u8]) -> bool {
    let words = bytes.first().map_or(0, |first| usize::from(first & 0x0f));
    let Some(header) = bytes.get(..words * 4).filter(|_| words >= 5) else { return false };
    let (pairs, _) = header.as_chunks::<2>();
    let sum: u32 = pairs.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    (folded & 0xffff) + (folded >> 16) == 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enhanced GRE of PPTP with a sequence number, and PPP in it.
    fn pptp(ppp: &[u8]) -> Vec<u8> {
        [&[0x30, 0x01, 0x88, 0x0b, 0, ppp.len() as u8, 0, 7, 0, 0, 0, 1], ppp].concat()
    }

    #[test]
    fn packets_inside_pptp_are_opened_and_what_ppp_says_of_itself_is_the_tunnel_s() {
        assert!(inside_ip(protocol::GRE, &pptp(&[0xff, 0x03, 0x00, 0x21, 0x45])).is_some(), "IPv4");
        assert!(inside_ip(protocol::GRE, &pptp(&[0x21, 0x45])).is_some(), "IPv4 with a short number");
        assert!(inside_ip(protocol::GRE, &pptp(&[0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4])).is_none(), "LCP");
        assert!(inside_ip(protocol::GRE, &pptp(&[0x00, 0xfd, 0x90, 0x00])).is_none(), "encrypted");
        assert!(inside_ip(protocol::GRE, &pptp(&[])).is_none(), "nothing");
    }

    #[test]
    fn packets_inside_the_first_gtp_are_opened_where_everything_is_as_it_must_be() {
        let inner = [0x45, 0, 0, 20, 0, 1, 0, 0, 64, 59, 0x66, 0xac, 10, 0, 0, 1, 10, 0, 0, 2];
        let head =
            [0x1e, 0xff, 0, 20, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x42, 0x50, 0x10, 0x11, 0x12, 0x13, 0x14, 0xf5];
        let opens = |bytes: &[u8]| inside_udp(bytes, bytes.len() as u32).is_some_and(|opened| opened.rest == inner);
        assert!(opens(&[&head[..], &inner].concat()));
        // The type of the message, its length, a spare octet; the version of the packet within.
        for (at, other) in [(1, 26), (3, 21), (10, 0), (20, 0x55)] {
            let mut bytes = [&head[..], &inner].concat();
            bytes[at] = other;
            assert!(!opens(&bytes), "{at}");
        }
    }
}
