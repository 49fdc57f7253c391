//! Link layers: what stands before the network packet, by LINKTYPE number (tcpdump.org/linktypes.html).

use dissectors::Reader;

use super::Drop;

/// A LINKTYPE number of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);

    /// Whether frames of this type can be decoded.
    pub fn is_known(self) -> bool {
        NAMES.iter().any(|(number, _)| *number == self.0)
    }

    /// The type's name, where it is known.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }

    /// Every type that can be decoded, with its name.
    pub fn known() -> &'static [(u16, &'static str)] {
        NAMES
    }
}

const NAMES: &[(u16, &str)] = &[
    (0, "BSD loopback"),
    (1, "Ethernet"),
    (8, "SLIP"),
    (9, "PPP"),
    (11, "RFC 1483 ATM"),
    (12, "raw IP"),
    (14, "raw IP"),
    (50, "PPP in HDLC framing"),
    (51, "PPPoE"),
    (101, "raw IP"),
    (104, "Cisco HDLC"),
    (105, "IEEE 802.11"),
    (107, "Frame Relay"),
    (108, "OpenBSD loopback"),
    (113, "Linux cooked v1"),
    (127, "IEEE 802.11 with radiotap"),
    (228, "raw IPv4"),
    (229, "raw IPv6"),
    (239, "NFLOG"),
    (276, "Linux cooked v2"),
];

/// What follows a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// An Ethernet frame from its destination address on.
    Ethernet,
    /// A payload of this EtherType.
    EtherType(u16),
    /// An IPv4 or IPv6 packet; its first nibble tells.
    Ip,
    /// A PPP frame from its protocol field, or its address field, on.
    Ppp,
    /// A PPPoE header.
    Pppoe,
}

/// A link layer taken off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linked<'b> {
    pub next: Next,
    pub rest: &'b [u8],
    /// The sender, zero where unknown.
    pub mac: [u8; 6],
}

/// Values of the EtherType field below this are lengths (IEEE 802.3 3.2.6).
pub(super) const FIRST_ETHERTYPE: u16 = 0x0600;

/// Takes the link layer off a frame.
pub(super) fn open(link: LinkType, bytes: &[u8]) -> Result<Linked<'_>, Drop> {
    let reader = Reader::new(bytes);
    let plain = |next| Ok(Linked { next, rest: bytes, mac: [0; 6] });
    match link.0 {
        1 => plain(Next::Ethernet),
        9 | 50 => plain(Next::Ppp),
        51 => plain(Next::Pppoe),
        12 | 14 | 101 | 228 | 229 => plain(Next::Ip),
        0 => loopback(reader),
        108 => loopback(reader),
        8 => after(reader, 16, Next::Ip),
        11 => logical_link(bytes, [0; 6]),
        104 => cisco_hdlc(reader).ok_or(Drop::BadHeader),
        107 => frame_relay(reader),
        105 => wifi(reader),
        127 => radiotap(reader),
        113 => cooked_v1(reader).ok_or(Drop::BadHeader)?,
        276 => cooked_v2(reader).ok_or(Drop::BadHeader),
        239 => nflog(reader),
        _ => Err(Drop::UnknownLink),
    }
}

fn after(mut reader: Reader<'_>, skip: usize, next: Next) -> Result<Linked<'_>, Drop> {
    reader.skip(skip).ok_or(Drop::BadHeader)?;
    Ok(Linked { next, rest: reader.rest(), mac: [0; 6] })
}

/// A 4-byte address family, in the capturing host's byte order or big-endian. AF_INET is 2 everywhere; AF_INET6 is 10, 24, 28 or 30.
fn loopback(mut reader: Reader<'_>) -> Result<Linked<'_>, Drop> {
    let family = reader.be_u32().ok_or(Drop::BadHeader)?;
    match family.min(family.swap_bytes()) {
        2 | 10 | 24 | 28 | 30 => Ok(Linked { next: Next::Ip, rest: reader.rest(), mac: [0; 6] }),
        _ => Err(Drop::NotIp),
    }
}

/// LLC and SNAP (IEEE 802.2; RFC 1042), or a bare LLC with the SAP of IP.
pub(super) fn logical_link(bytes: &[u8], mac: [u8; 6]) -> Result<Linked<'_>, Drop> {
    let mut reader = Reader::new(bytes);
    let sap = reader.be_u16().ok_or(Drop::BadHeader)?;
    reader.skip(1).ok_or(Drop::BadHeader)?;
    match sap {
        0xaaaa => {
            reader.skip(3).ok_or(Drop::BadHeader)?;
            let ethertype = reader.be_u16().ok_or(Drop::BadHeader)?;
            Ok(Linked { next: Next::EtherType(ethertype), rest: reader.rest(), mac })
        }
        0x0606 => Ok(Linked { next: Next::Ip, rest: reader.rest(), mac }),
        _ => Err(Drop::NotIp),
    }
}

/// Address, control, EtherType.
fn cisco_hdlc(mut reader: Reader<'_>) -> Option<Linked<'_>> {
    reader.skip(2)?;
    let ethertype = reader.be_u16()?;
    Some(Linked { next: Next::EtherType(ethertype), rest: reader.rest(), mac: [0; 6] })
}

/// Frame Relay with the encapsulation of RFC 2427: a two-byte address, control 3, then a protocol id or SNAP; or Cisco's, with an EtherType.
fn frame_relay(mut reader: Reader<'_>) -> Result<Linked<'_>, Drop> {
    reader.skip(2).ok_or(Drop::BadHeader)?;
    let cisco = Reader::new(reader.rest()).be_u16().ok_or(Drop::BadHeader)?;
    if cisco >= FIRST_ETHERTYPE {
        reader.skip(2).ok_or(Drop::BadHeader)?;
        return Ok(Linked { next: Next::EtherType(cisco), rest: reader.rest(), mac: [0; 6] });
    }
    reader.skip(1).ok_or(Drop::BadHeader)?;
    let mut id = reader.u8().ok_or(Drop::BadHeader)?;
    if id == 0 {
        id = reader.u8().ok_or(Drop::BadHeader)?;
    }
    match id {
        0xcc | 0x8e => Ok(Linked { next: Next::Ip, rest: reader.rest(), mac: [0; 6] }),
        0x80 => {
            reader.skip(3).ok_or(Drop::BadHeader)?;
            let ethertype = reader.be_u16().ok_or(Drop::BadHeader)?;
            Ok(Linked { next: Next::EtherType(ethertype), rest: reader.rest(), mac: [0; 6] })
        }
        _ => Err(Drop::NotIp),
    }
}

/// Linux cooked v1: packet type, ARPHRD type, address length, address (8), protocol. Values below 0x600 are Linux's own: 4 is 802.2.
fn cooked_v1(mut reader: Reader<'_>) -> Option<Result<Linked<'_>, Drop>> {
    reader.skip(4)?;
    let length = reader.be_u16()?;
    let address = reader.array::<8>()?;
    let protocol = reader.be_u16()?;
    Some(cooked(protocol, mac_of(usize::from(length), address), reader))
}

/// Linux cooked v2: protocol, reserved, interface index, ARPHRD type, packet type, address length, address (8).
fn cooked_v2(mut reader: Reader<'_>) -> Option<Linked<'_>> {
    let protocol = reader.be_u16()?;
    reader.skip(9)?;
    let length = reader.u8()?;
    let address = reader.array::<8>()?;
    Some(Linked { next: Next::EtherType(protocol), rest: reader.rest(), mac: mac_of(usize::from(length), address) })
}

fn cooked(protocol: u16, mac: [u8; 6], reader: Reader<'_>) -> Result<Linked<'_>, Drop> {
    match protocol {
        4 => logical_link(reader.rest(), mac),
        _ => Ok(Linked { next: Next::EtherType(protocol), rest: reader.rest(), mac }),
    }
}

fn mac_of(length: usize, [a, b, c, d, e, f, _, _]: [u8; 8]) -> [u8; 6] {
    if length == 6 { [a, b, c, d, e, f] } else { [0; 6] }
}

/// Radiotap: version 0, pad, length (little-endian) of the whole header; the flags field may say that a checksum follows the frame.
fn radiotap(mut reader: Reader<'_>) -> Result<Linked<'_>, Drop> {
    let whole = reader;
    reader.skip(2).ok_or(Drop::BadHeader)?;
    let length = usize::from(reader.le_u16().ok_or(Drop::BadHeader)?);
    let mut frame = whole;
    frame.skip(length).ok_or(Drop::BadHeader)?;
    wifi(frame)
}

/// IEEE 802.11 data frames in clear text (9.2.4, 9.3.2): frame control, duration, three or four addresses, QoS control, LLC.
fn wifi(mut reader: Reader<'_>) -> Result<Linked<'_>, Drop> {
    let [kind, flags] = reader.array().ok_or(Drop::BadHeader)?;
    let (to_ds, from_ds, protected) = (flags & 1 != 0, flags & 2 != 0, flags & 0x40 != 0);
    let is_data = kind & 0x0c == 0x08;
    let carries_none = kind & 0x40 != 0;
    if !is_data || carries_none {
        return Err(Drop::NotIp);
    }
    if protected {
        return Err(Drop::LinkEncrypted);
    }
    let mut header = || {
        reader.skip(2)?;
        let addresses: [[u8; 6]; 3] = [reader.array()?, reader.array()?, reader.array()?];
        reader.skip(2)?;
        let fourth = if to_ds && from_ds { Some(reader.array::<6>()?) } else { None };
        if kind & 0x80 != 0 {
            let [control, _] = reader.array::<2>()?;
            // An aggregate holds several frames, each with a header of its own; the first is taken.
            if control & 0x80 != 0 {
                reader.skip(14)?;
            }
            // With the order bit a QoS frame carries HT control.
            if flags & 0x80 != 0 {
                reader.skip(4)?;
            }
        }
        let [_, second, third] = addresses;
        let sender = match (to_ds, from_ds) {
            (false, true) => third,
            (true, true) => fourth.unwrap_or(third),
            _ => second,
        };
        Some(sender)
    };
    let sender = header().ok_or(Drop::BadHeader)?;
    logical_link(reader.rest(), sender)
}

/// NFLOG: family, version, resource id, then type-length-value records padded to 4 (host byte order); type 9 is the packet.
fn nflog(mut reader: Reader<'_>) -> Result<Linked<'_>, Drop> {
    const PAYLOAD: u16 = 9;
    reader.skip(4).ok_or(Drop::BadHeader)?;
    loop {
        let [a, b] = reader.array().ok_or(Drop::NotIp)?;
        let [c, d] = reader.array().ok_or(Drop::NotIp)?;
        // The byte order is the capturing host's; lengths are short, so a huge one is the other order.
        let little = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        let big = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let fits = |length: u16| length >= 4 && usize::from(length) <= reader.len().saturating_add(4);
        let (length, kind) = if fits(little.0) { little } else { big };
        let value = usize::from(length).checked_sub(4).ok_or(Drop::BadHeader)?;
        if kind & 0x3fff == PAYLOAD {
            return Ok(Linked { next: Next::Ip, rest: reader.take(value).ok_or(Drop::BadHeader)?, mac: [0; 6] });
        }
        reader.skip(value.next_multiple_of(4).min(reader.len())).ok_or(Drop::BadHeader)?;
    }
}
