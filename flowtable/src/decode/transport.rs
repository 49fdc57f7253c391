//! The transport header: ports, TCP's fields, and where the payload begins.
//!
//! TCP: RFC 9293 3.1. UDP: RFC 768. SCTP's common header: RFC 9260 3.1.

use dissectors::Reader;
use dissectors::dictionary::{Flag, Flags};

use crate::checksum::Unverified;
use crate::packet::{Ends, TcpFields, protocol, tcp_flag};

/// What a transport header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inner<'b> {
    /// Source and destination.
    pub ports: (u16, u16),
    /// The captured payload.
    pub payload: &'b [u8],
    /// The payload's length as on the wire.
    pub payload_bytes: u32,
    /// TCP's fields.
    pub tcp: TcpFields,
    /// What was noticed.
    pub marks: Flags,
}

/// Whether the straight path knows this protocol.
pub(super) const fn is_plain(number: u8) -> bool {
    matches!(number, protocol::TCP | protocol::UDP)
}

/// TCP or UDP in a wholly captured IP payload; `None` where the header is not whole.
#[inline]
pub(super) fn plain(number: u8, bytes: &[u8]) -> Option<Inner<'_>> {
    let wire = u32::try_from(bytes.len()).ok()?;
    match number {
        protocol::TCP => tcp(bytes, wire),
        protocol::UDP => udp(bytes, wire),
        _ => None,
    }
}

/// TCP's or UDP's checksum, where `segment`, what `inner` was read from, is all there was on the wire.
#[inline]
pub(super) fn checksum(ends: &Ends, segment: &[u8], inner: &Inner<'_>) -> Option<Unverified> {
    if inner.payload.len() != inner.payload_bytes as usize {
        return None;
    }
    let (header, length) = match ends.protocol {
        protocol::TCP => (segment.len().checked_sub(inner.payload.len())?, segment.len()),
        protocol::UDP => {
            let told = u16::from_be_bytes(*segment.get(4..)?.first_chunk()?);
            // A datagram that does not tell its length, or a wrong one, is not known to be whole.
            (8, usize::from(told).checked_sub(8).filter(|told| *told == inner.payload.len())?.checked_add(8)?)
        }
        _ => return None,
    };
    Unverified::new(ends, segment.get(..header)?, u16::try_from(length).ok()?)
}

/// Any protocol, in what was captured of an IP payload that had `wire` bytes. A header that is cut off gives ports of 0.
pub(super) fn lax(number: u8, bytes: &[u8], wire: u32) -> Inner<'_> {
    let inner = match number {
        protocol::TCP => tcp(bytes, wire),
        protocol::UDP => udp(bytes, wire),
        protocol::SCTP => sctp(bytes, wire),
        _ => Some(bare(bytes, wire)),
    };
    inner.unwrap_or_else(|| {
        let mut cut = bare(&[], 0);
        cut.marks.insert(Flag::Truncated);
        if let Some((ports, _)) = ports(bytes) {
            cut.ports = ports;
        }
        cut
    })
}

fn bare(payload: &[u8], wire: u32) -> Inner<'_> {
    Inner { ports: (0, 0), payload, payload_bytes: wire, tcp: TcpFields::default(), marks: Flags::default() }
}

/// Source and destination port, which TCP, UDP and SCTP keep in the same place.
pub(super) fn ports(bytes: &[u8]) -> Option<((u16, u16), Reader<'_>)> {
    let mut reader = Reader::new(bytes);
    Some(((reader.be_u16()?, reader.be_u16()?), reader))
}

#[inline]
fn tcp(bytes: &[u8], wire: u32) -> Option<Inner<'_>> {
    let (fixed, after) = bytes.split_first_chunk::<20>()?;
    let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = fixed;
    let header = usize::from(offset >> 4) * 4;
    let (options, payload) = after.split_at_checked(header.checked_sub(20)?)?;
    let scale = if flags & tcp_flag::SYN != 0 { window_scale(options) } else { None };
    let mut marks = Flags::default();
    if flags & tcp_flag::URG != 0 {
        marks.insert(Flag::Urgent);
    }
    let (seq, ack) = (u32::from_be_bytes([q0, q1, q2, q3]), u32::from_be_bytes([a0, a1, a2, a3]));
    Some(Inner {
        ports: (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])),
        payload,
        payload_bytes: wire.saturating_sub(header as u32),
        tcp: TcpFields { seq, ack, window: u16::from_be_bytes([w0, w1]), flags, scale },
        marks,
    })
}

/// The window scale option (RFC 7323 2.2: kind 3, length 3).
fn window_scale(options: &[u8]) -> Option<u8> {
    let mut reader = Reader::new(options);
    loop {
        match reader.u8()? {
            0 => return None,
            1 => {}
            3 => {
                reader.skip(1)?;
                // More than 14 is to be read as 14.
                return reader.u8().map(|scale| scale.min(14));
            }
            _ => {
                let length = usize::from(reader.u8()?);
                reader.skip(length.checked_sub(2)?)?;
            }
        }
    }
}

#[inline]
fn udp(bytes: &[u8], wire: u32) -> Option<Inner<'_>> {
    let (ports, mut reader) = ports(bytes)?;
    let length = u32::from(reader.be_u16()?);
    reader.skip(2)?;
    // A length of 0 is a jumbogram's (RFC 2675), or a sender that leaves it to the IP header.
    let wire = wire.saturating_sub(8);
    let payload_bytes = match length.checked_sub(8) {
        Some(told) if told <= wire => told,
        _ => wire,
    };
    let payload = reader.rest();
    let payload = payload.get(..payload_bytes as usize).unwrap_or(payload);
    Some(Inner { payload_bytes, ..Inner { ports, ..bare(payload, wire) } })
}

fn sctp(bytes: &[u8], wire: u32) -> Option<Inner<'_>> {
    let (ports, mut reader) = ports(bytes)?;
    reader.skip(8)?;
    Some(Inner { ports, ..bare(reader.rest(), wire.saturating_sub(12)) })
}
