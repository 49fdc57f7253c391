//! A decoded packet: everything the flow table wants to know of it, and where its payload lies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dissectors::Timestamp;
use dissectors::dictionary::Flags;

use crate::checksum::Unverified;
use crate::path::{Domain, PathId};

/// IP protocol numbers that the table treats by name (IANA, Assigned Internet Protocol Numbers).
pub mod protocol {
    /// Internet Control Message Protocol.
    pub const ICMP: u8 = 1;
    /// IP in IP.
    pub const IPIP: u8 = 4;
    /// Transmission Control Protocol.
    pub const TCP: u8 = 6;
    /// User Datagram Protocol.
    pub const UDP: u8 = 17;
    /// IPv6 in IP.
    pub const IPV6: u8 = 41;
    /// Generic Routing Encapsulation.
    pub const GRE: u8 = 47;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
    /// Ethernet in IP.
    pub const ETHERIP: u8 = 97;
    /// Stream Control Transmission Protocol.
    pub const SCTP: u8 = 132;
}

/// An IPv4 or IPv6 address as a number of 128 bits, IPv4 in the lowest 32: compared and hashed in two steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u128);

impl Address {
    /// From four bytes of the wire.
    pub const fn v4(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes) as u128)
    }

    /// From sixteen bytes of the wire.
    pub const fn v6(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The address of a family.
    pub const fn ip(self, family: Family) -> IpAddr {
        match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(self.0 as u32)),
            Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(self.0)),
        }
    }
}

/// Which Internet Protocol an address belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    #[default]
    V4,
    /// IPv6.
    V6,
}

/// Two ends as a packet names them.
#[derive(Clone, Copy, Debug, Default, Eq)]
pub struct Ends {
    /// The innermost IP header's source.
    pub source: Address,
    /// The innermost IP header's destination.
    pub destination: Address,
    /// Source port, 0 where the transport has none.
    pub source_port: u16,
    /// Destination port, 0 where the transport has none.
    pub destination_port: u16,
    /// The IP version.
    pub family: Family,
    /// The IP protocol number.
    pub protocol: u8,
}

/// Without a branch for each field: nearly always all are compared.
impl PartialEq for Ends {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let addresses = self.source.0 ^ other.source.0 | self.destination.0 ^ other.destination.0;
        addresses == 0 && self.small() == other.small()
    }
}

impl Ends {
    /// All but the addresses.
    #[inline]
    fn small(&self) -> u64 {
        let ports = u64::from(self.source_port) << 16 | u64::from(self.destination_port);
        ports << 16 | u64::from(self.protocol) << 8 | self.family as u64
    }

    /// Whether this is what a packet the other way shows.
    #[inline]
    pub fn reverses(&self, other: &Self) -> bool {
        let ports = (self.source_port, self.destination_port) == (other.destination_port, other.source_port);
        ports && *self == other.reversed()
    }

    /// The same ends as the other side's packets name them.
    pub const fn reversed(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
            ..self
        }
    }
}

/// The bits of a TCP header's flags octet (RFC 9293 3.1).
pub mod tcp_flag {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset.
    pub const RST: u8 = 0x04;
    /// Acknowledgment field is significant.
    pub const ACK: u8 = 0x10;
    /// Urgent pointer is significant.
    pub const URG: u8 = 0x20;
}

/// What the table needs of a TCP header.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpFields {
    /// Sequence number of the first payload byte (of the SYN, where set).
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Window, unscaled.
    pub window: u16,
    /// The flags octet.
    pub flags: u8,
    /// Window scale from a SYN's options (RFC 7323 2.2).
    pub scale: Option<u8>,
}

/// A decoded packet without its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packet {
    /// When it was captured.
    pub time: Timestamp,
    /// The innermost addresses, ports and protocol.
    pub ends: Ends,
    /// VLANs and tunnel ids that tell equal addresses apart.
    pub domain: Domain,
    /// Everything around the innermost packet, for the record.
    pub path: PathId,
    /// Innermost IP-layer length as on the wire.
    pub ip_bytes: u32,
    /// Transport payload length as on the wire.
    pub payload_bytes: u32,
    /// Where the captured payload begins, in the frame or in the joined datagram.
    pub payload_at: u32,
    /// How much of the payload was captured.
    pub payload_len: u32,
    /// Whether the payload lies in the decoder's joined datagram and not in the frame.
    pub joined: bool,
    /// How many frames it took: more than one where fragments were joined.
    pub frames: u16,
    /// TCP's fields; zero for others.
    pub tcp: TcpFields,
    /// The link-layer sender, zero where unknown.
    pub mac: [u8; 6],
    /// TCP's or UDP's checksum, where there is one and the whole payload was captured in one piece.
    pub checksum: Option<Unverified>,
    /// What the decoder noticed.
    pub marks: Flags,
}

impl Packet {
    /// Whether it is ICMP of either version, whose messages tell sessions apart, or speak of others.
    pub const fn is_icmp(&self) -> bool {
        matches!(self.ends.protocol, protocol::ICMP | protocol::ICMPV6)
    }

    /// The captured payload, out of the bytes it lies in.
    pub fn payload<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let start = self.payload_at as usize;
        bytes.get(start..start.saturating_add(self.payload_len as usize)).unwrap_or_default()
    }
}
