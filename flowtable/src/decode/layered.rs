//! The long path: any link layer, tags, labels, tunnels, fragments and extension headers, taken off one after the other.
//!
//! It is a loop with a bound and not a recursion. IP headers and MACsec are sliced by `etherparse`,
//! leniently: what is cut off keeps the lengths that its headers tell.

use dissectors::Reader;
use dissectors::dictionary::{Flag, Flags};
use etherparse::{LaxIpSlice, LaxMacsecSlice};

use super::extensions::{self, Extensions};
use super::link::{self, FIRST_ETHERTYPE, Linked, Next};
use super::transport::{self, Inner};
use super::tunnel::{self, Opened};
use super::{Decoder, Drop, Frame, offset_in};
use crate::checksum::{self, Unverified};
use crate::fragment::{FragmentKey, Held, Piece};
use crate::packet::{Address, Ends, Family, Packet, protocol};
use crate::path::{Layer, Stack};

/// The most headers of any kind before the innermost transport: each encapsulation needs a few.
const MAX_HEADERS: usize = 40;

/// No next header (RFC 8200 4.7).
const NO_EXTENSION: u8 = 59;

/// What was learnt on the way in.
struct Way {
    stack: Stack,
    mac: [u8; 6],
    marks: Flags,
    /// Bytes that were on the wire behind the captured ones.
    uncaptured: u32,
}

/// An IP header taken off.
struct Ip<'b> {
    ends: Ends,
    /// IP-layer length as on the wire.
    ip_bytes: u32,
    /// Captured payload.
    payload: &'b [u8],
    /// Payload length as on the wire.
    payload_bytes: u32,
    /// Nothing lies between the ends and the transport's header that would make its checksum another one.
    plain: bool,
    fragment: Option<FragmentKey>,
    offset: u32,
    more: bool,
}

/// What a walk through headers came to.
enum Walked<'b> {
    Packet(Ends, u32, Inner<'b>, Option<Unverified>),
    Fragment(Ip<'b>),
}

pub(super) fn decode(decoder: &mut Decoder, frame: &Frame<'_>) -> Result<Packet, Drop> {
    let Linked { next, rest, mac } = link::open(frame.link, frame.bytes)?;
    let mut way = Way { stack: Stack::default(), mac, marks: Flags::default(), uncaptured: frame.uncaptured() };
    let ip = match walk(next, rest, &mut way)? {
        Walked::Packet(ends, ip_bytes, inner, checksum) => {
            let packet = packet(decoder, frame, &way, frame.bytes, (ends, ip_bytes, inner));
            return Ok(Packet { checksum, ..packet });
        }
        Walked::Fragment(ip) => ip,
    };
    // A datagram that was joined may hold a tunnel whose packets are fragments again, and so on.
    way.marks.insert(Flag::Fragmented);
    let mut joined = join(decoder, frame, &way, &ip)?;
    let mut pieces = joined.pieces;
    let mut ends = ip.ends;
    let mut ip_bytes = joined.ip_bytes;
    for _ in 0..crate::path::MAX_DEPTH {
        way.uncaptured = 0;
        if joined.overlapped {
            way.marks.insert(Flag::FragmentOverlap);
        }
        let bytes = std::mem::take(&mut joined.bytes);
        let walked = inside(ends, ip_bytes, &bytes, bytes.len() as u32, &mut way)?;
        match walked {
            Walked::Packet(ends, ip_bytes, inner, _) => {
                let mut done = packet(decoder, frame, &way, &bytes, (ends, ip_bytes, inner));
                done.joined = true;
                done.frames = pieces;
                decoder.joined = bytes;
                return Ok(done);
            }
            Walked::Fragment(ip) => {
                joined = join(decoder, frame, &way, &ip)?;
                pieces = pieces.saturating_add(joined.pieces).saturating_sub(1);
                ends = ip.ends;
                ip_bytes = joined.ip_bytes;
            }
        }
    }
    Err(Drop::TooDeep)
}

fn packet(
    decoder: &mut Decoder,
    frame: &Frame<'_>,
    way: &Way,
    bytes: &[u8],
    (ends, ip_bytes, inner): (Ends, u32, Inner<'_>),
) -> Packet {
    let (path, domain) = decoder.interner.intern(&way.stack);
    let mut marks = way.marks;
    marks.merge(inner.marks);
    let (source_port, destination_port) = inner.ports;
    Packet {
        time: frame.time,
        ends: Ends { source_port, destination_port, ..ends },
        domain,
        path,
        ip_bytes,
        payload_bytes: inner.payload_bytes,
        payload_at: offset_in(bytes, inner.payload),
        payload_len: u32::try_from(inner.payload.len()).unwrap_or(u32::MAX),
        joined: false,
        frames: 1,
        tcp: inner.tcp,
        mac: way.mac,
        checksum: None,
        marks,
    }
}

fn join(decoder: &mut Decoder, frame: &Frame<'_>, way: &Way, ip: &Ip<'_>) -> Result<crate::fragment::Joined, Drop> {
    let (_, domain) = decoder.interner.intern(&way.stack);
    let key = ip.fragment.ok_or(Drop::BadHeader)?;
    if ip.payload.len() < ip.payload_bytes as usize {
        return Err(Drop::FragmentBad);
    }
    let piece = Piece { offset: ip.offset, bytes: ip.payload, more: ip.more, ip_bytes: ip.ip_bytes };
    match decoder.fragments.add(key.within(domain), piece, frame.time) {
        Held::Whole(joined) => Ok(joined),
        Held::Waiting => Err(Drop::FragmentHeld),
        Held::Bad => Err(Drop::FragmentBad),
    }
}

/// Takes headers off until the innermost packet.
fn walk<'b>(mut next: Next, mut bytes: &'b [u8], way: &mut Way) -> Result<Walked<'b>, Drop> {
    for _ in 0..MAX_HEADERS {
        match next {
            Next::Ip => {
                let ip = ip(bytes, way)?;
                if ip.fragment.is_some() {
                    return Ok(Walked::Fragment(ip));
                }
                match tunnelled(&ip, way)? {
                    Ok(opened) => (next, bytes) = (opened.next, opened.rest),
                    Err(inner) => {
                        let checksum = transport::checksum(&ip.ends, ip.payload, &inner).filter(|_| ip.plain);
                        return Ok(Walked::Packet(ip.ends, ip.ip_bytes, inner, checksum));
                    }
                }
            }
            other => (next, bytes) = below_ip(other, bytes, way)?,
        }
    }
    Err(Drop::TooDeep)
}

/// Goes on inside a joined datagram.
fn inside<'b>(ends: Ends, ip_bytes: u32, bytes: &'b [u8], wire: u32, way: &mut Way) -> Result<Walked<'b>, Drop> {
    let ip = Ip {
        ends,
        ip_bytes,
        payload: bytes,
        payload_bytes: wire,
        plain: false,
        fragment: None,
        offset: 0,
        more: false,
    };
    match tunnelled(&ip, way)? {
        Ok(opened) => walk(opened.next, opened.rest, way),
        Err(inner) => Ok(Walked::Packet(ip.ends, ip.ip_bytes, inner, None)),
    }
}

/// A tunnel in an IP payload, or else its transport.
fn tunnelled<'b>(ip: &Ip<'b>, way: &mut Way) -> Result<Result<Opened<'b>, Inner<'b>>, Drop> {
    if let Some(opened) = tunnel::inside_ip(ip.ends.protocol, ip.payload) {
        way.stack.push(opened.layer).ok_or(Drop::TooDeep)?;
        return Ok(Ok(opened));
    }
    let inner = transport::lax(ip.ends.protocol, ip.payload, ip.payload_bytes);
    if ip.ends.protocol == protocol::UDP
        && let Some(opened) = tunnel::inside_udp(inner.payload, inner.payload_bytes)
    {
        way.stack.push(opened.layer).ok_or(Drop::TooDeep)?;
        return Ok(Ok(opened));
    }
    Ok(Err(inner))
}

/// One header that is not IP.
fn below_ip<'b>(next: Next, bytes: &'b [u8], way: &mut Way) -> Result<(Next, &'b [u8]), Drop> {
    let mut reader = Reader::new(bytes);
    match next {
        Next::Ip => Ok((next, bytes)),
        Next::Ethernet => {
            let mut header = || {
                reader.skip(6)?;
                Some((reader.array::<6>()?, reader.be_u16()?))
            };
            let (mac, kind) = header().ok_or(Drop::BadHeader)?;
            way.mac = mac;
            if kind < FIRST_ETHERTYPE {
                let linked = link::logical_link(reader.rest(), mac)?;
                return Ok((linked.next, linked.rest));
            }
            Ok((Next::EtherType(kind), reader.rest()))
        }
        Next::Ppp => ppp(reader),
        Next::Pppoe => pppoe(reader, way),
        Next::EtherType(kind) => ethertype(kind, bytes, way),
    }
}

fn ethertype<'b>(kind: u16, bytes: &'b [u8], way: &mut Way) -> Result<(Next, &'b [u8]), Drop> {
    let mut reader = Reader::new(bytes);
    match kind {
        0x0800 | 0x86dd => Ok((Next::Ip, bytes)),
        // 802.1Q, 802.1ad, and the tags that came before it.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
            let tag = reader.be_u16().ok_or(Drop::BadHeader)?;
            let inner = reader.be_u16().ok_or(Drop::BadHeader)?;
            // Id 0 is a priority tag and names no VLAN.
            if tag & 0x0fff != 0 {
                way.stack.push(Layer::Vlan(tag & 0x0fff)).ok_or(Drop::TooDeep)?;
            }
            if inner < FIRST_ETHERTYPE {
                let linked = link::logical_link(reader.rest(), way.mac)?;
                return Ok((linked.next, linked.rest));
            }
            Ok((Next::EtherType(inner), reader.rest()))
        }
        0x8847 | 0x8848 => mpls(reader, way),
        0x8864 => pppoe(reader, way),
        // VN-Tag: four bytes and the next EtherType.
        0x8926 => {
            reader.skip(4).ok_or(Drop::BadHeader)?;
            let inner = reader.be_u16().ok_or(Drop::BadHeader)?;
            Ok((Next::EtherType(inner), reader.rest()))
        }
        0x6558 => Ok((Next::Ethernet, bytes)),
        // Provider backbone bridging (IEEE 802.1ah): a service tag, then the customer's frame.
        0x88e7 => {
            reader.skip(4).ok_or(Drop::BadHeader)?;
            Ok((Next::Ethernet, reader.rest()))
        }
        // Cisco FabricPath: a tag, then the frame.
        0x8903 => {
            reader.skip(2).ok_or(Drop::BadHeader)?;
            Ok((Next::Ethernet, reader.rest()))
        }
        0x880b => Ok((Next::Ppp, bytes)),
        // MACsec that protects integrity alone leaves its payload readable.
        0x88e5 => {
            let macsec = LaxMacsecSlice::from_slice(bytes).map_err(|_| Drop::BadHeader)?;
            let payload = macsec.ether_payload().ok_or(Drop::LinkEncrypted)?;
            Ok((Next::EtherType(payload.ether_type.0), payload.payload))
        }
        _ => Err(Drop::NotIp),
    }
}

/// MPLS (RFC 3032 2.1): label stack entries up to the bottom; what follows tells itself by its first nibble.
fn mpls<'b>(mut reader: Reader<'b>, way: &mut Way) -> Result<(Next, &'b [u8]), Drop> {
    for _ in 0..MAX_HEADERS {
        let entry = reader.be_u32().ok_or(Drop::BadHeader)?;
        if entry & 0x100 == 0 {
            continue;
        }
        way.stack.push(Layer::Mpls(entry >> 12)).ok_or(Drop::TooDeep)?;
        let bytes = reader.rest();
        return match bytes.first().map(|first| first >> 4) {
            Some(4 | 6) => Ok((Next::Ip, bytes)),
            // A pseudowire's control word (RFC 4385) before an Ethernet frame.
            Some(0) => {
                reader.skip(4).ok_or(Drop::BadHeader)?;
                Ok((Next::Ethernet, reader.rest()))
            }
            Some(_) => Ok((Next::Ethernet, bytes)),
            None => Err(Drop::BadHeader),
        };
    }
    Err(Drop::TooDeep)
}

/// PPPoE session data (RFC 2516 4): version and type 1, code 0, session, length.
fn pppoe<'b>(mut reader: Reader<'b>, way: &mut Way) -> Result<(Next, &'b [u8]), Drop> {
    let [kind, code] = reader.array().ok_or(Drop::BadHeader)?;
    reader.skip(4).ok_or(Drop::BadHeader)?;
    if kind != 0x11 || code != 0 {
        return Err(Drop::NotIp);
    }
    way.stack.push(Layer::Pppoe).ok_or(Drop::TooDeep)?;
    Ok((Next::Ppp, reader.rest()))
}

/// PPP (RFC 1661 2, RFC 1662 3.1): address and control may be left out, and so may the protocol's first byte.
pub(super) fn ppp(mut reader: Reader<'_>) -> Result<(Next, &[u8]), Drop> {
    if reader.rest().starts_with(&[0xff, 0x03]) {
        reader.skip(2).ok_or(Drop::BadHeader)?;
    }
    let first = u16::from(reader.u8().ok_or(Drop::BadHeader)?);
    let number = if first & 1 == 1 { first } else { first << 8 | u16::from(reader.u8().ok_or(Drop::BadHeader)?) };
    match number {
        0x0021 | 0x0057 => Ok((Next::Ip, reader.rest())),
        0x0281 | 0x0283 => Ok((Next::EtherType(0x8847), reader.rest())),
        _ => Err(Drop::NotIp),
    }
}

/// An IP header with its extensions.
fn ip<'b>(bytes: &'b [u8], way: &mut Way) -> Result<Ip<'b>, Drop> {
    let (slice, _) = LaxIpSlice::from_slice(bytes).map_err(|_| Drop::BadHeader)?;
    let captured = slice.payload().payload;
    let number = slice.payload().ip_number.0;
    let header_bytes = offset_in(bytes, captured);
    let most = u32::try_from(bytes.len()).unwrap_or(u32::MAX).saturating_add(way.uncaptured);
    let mut elsewhere = false;
    let (family, source, destination, told, fragment) = match &slice {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            if checksum::is_wrong_header(header.slice()) {
                way.marks.insert(Flag::BadChecksum);
            }
            let fragmented = header.more_fragments() || header.fragments_offset().value() != 0;
            let fragment = fragmented.then(|| {
                let offset = u32::from(header.fragments_offset().value()) * 8;
                (u32::from(header.identification()), offset, header.more_fragments())
            });
            let (source, destination) = (Address::v4(header.source()), Address::v4(header.destination()));
            (Family::V4, source, destination, u32::from(header.total_len()), fragment)
        }
        LaxIpSlice::Ipv6(v6) => {
            let header = v6.header();
            let told = u32::from(header.payload_length());
            let told = if told == 0 { 0 } else { told.saturating_add(40) };
            let chain = v6.extensions();
            let Extensions { fragment, other_ends } =
                extensions::walk(chain.first_header().map_or(NO_EXTENSION, |first| first.0), chain.slice());
            elsewhere = other_ends;
            (Family::V6, Address::v6(header.source()), Address::v6(header.destination()), told, fragment)
        }
    };
    // A length of 0 is a segmentation offload's; one beyond the frame is a lie.
    let lies = told == 0 || told > most;
    let ip_bytes = if lies { most } else { told };
    if captured.len() < (ip_bytes.saturating_sub(header_bytes)) as usize {
        way.marks.insert(Flag::Truncated);
    }
    let ends = Ends { source, destination, source_port: 0, destination_port: 0, family, protocol: number };
    Ok(Ip {
        ends,
        ip_bytes,
        payload: captured,
        payload_bytes: ip_bytes.saturating_sub(header_bytes),
        plain: !lies && !elsewhere,
        fragment: fragment.map(|(id, ..)| FragmentKey::new(&ends, id)),
        offset: fragment.map_or(0, |(_, offset, _)| offset),
        more: fragment.is_some_and(|(.., more)| more),
    })
}
