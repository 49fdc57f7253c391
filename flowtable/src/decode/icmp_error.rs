//! The packet that an ICMP error quotes (RFC 792; RFC 4443 3).

use dissectors::Reader;

use super::transport;
use crate::icmp::Message;
use crate::packet::{Address, Ends, Family, protocol};

/// What tells the session of a quoted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// The packet's ends, as it named them.
    pub ends: Ends,
    /// What tells its session from others of the same ends: an echo's identifier.
    pub discriminator: u32,
}

/// The packet that an error message speaks of; `None` for messages that quote nothing. `payload` is the ICMP message from its type on.
pub fn quoted(number: u8, payload: &[u8]) -> Option<Quoted> {
    let mut reader = Reader::new(payload);
    let kind = reader.u8()?;
    reader.skip(7)?;
    match number {
        // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
        protocol::ICMP if matches!(kind, 3 | 4 | 5 | 11 | 12) => ipv4(reader),
        // Destination unreachable, packet too big, time exceeded, parameter problem.
        protocol::ICMPV6 if matches!(kind, 1..=4) => ipv6(reader),
        _ => None,
    }
}

fn ipv4(mut reader: Reader<'_>) -> Option<Quoted> {
    let first = reader.u8()?;
    let header = usize::from(first & 0x0f) * 4;
    reader.skip(8)?;
    let protocol = reader.u8()?;
    reader.skip(2)?;
    let source = Address::v4(reader.array()?);
    let destination = Address::v4(reader.array()?);
    reader.skip(header.checked_sub(20)?)?;
    (first >> 4 == 4).then(|| packet(source, destination, Family::V4, protocol, reader))
}

fn ipv6(mut reader: Reader<'_>) -> Option<Quoted> {
    let version = reader.u8()? >> 4;
    reader.skip(5)?;
    let protocol = reader.u8()?;
    reader.skip(1)?;
    let source = Address::v6(reader.array()?);
    let destination = Address::v6(reader.array()?);
    (version == 6).then(|| packet(source, destination, Family::V6, protocol, reader))
}

fn packet(source: Address, destination: Address, family: Family, number: u8, reader: Reader<'_>) -> Quoted {
    let ported = matches!(number, protocol::TCP | protocol::UDP | protocol::SCTP);
    let ports = transport::ports(reader.rest()).filter(|_| ported).map_or((0, 0), |(ports, _)| ports);
    let message = Message::read(reader.rest()).filter(|_| matches!(number, protocol::ICMP | protocol::ICMPV6));
    let (source_port, destination_port) = ports;
    Quoted {
        ends: Ends { source, destination, source_port, destination_port, family, protocol: number },
        discriminator: message.map_or(0, |message| message.discriminator(number)),
    }
}
