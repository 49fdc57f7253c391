//! What an endpoint mapper answers to `ept_map` (C706 appendix O): towers (appendix L), each a way to an interface.
//!
//! ```text
//! answer  entry handle (20), number of towers (4), array: most (4), offset (4), present (4), a pointer for each (4),
//!         the towers, each aligned to four: size (4), length (4), floors; then a status
//! tower   number of floors (2), floors: length (2), protocol and data, length (2), data; least significant first,
//!         but for ports and addresses
//! floors  the interface (0D), its encoding (0D), the protocol (0A, 0B), then where: 07 TCP port, 08 UDP port, 09 IPv4 address,
//!         0F or 10 pipe, 11 NetBIOS name, 1F HTTP port
//! ```
//!
//! Limits: [`TOWERS`] of [`FLOORS`] each. The 64-bit encoding is not read.

use std::net::{IpAddr, Ipv4Addr};

use crate::news::{Expected, News, Place};
use crate::protocol::{Role, Transport};
use crate::reader::Reader;

use super::interfaces::Uuid;
use super::known::Interface;
use super::pdu::Numbers;

/// The operation's number.
pub const MAP: u16 = 3;
/// The most towers read of one answer.
const TOWERS: u32 = 16;
/// The most floors read of one tower.
const FLOORS: u16 = 8;
/// The longest name of a pipe or host that is told.
const NAME_BYTES: usize = 64;

/// A way to an interface.
#[derive(Debug)]
pub struct Found<'a> {
    interface: Interface,
    transport: Option<(&'static str, u16)>,
    pipe: &'a [u8],
    address: Option<Ipv4Addr>,
}

impl Found<'_> {
    /// The interface and a string binding: `drsuapi@ncacn_ip_tcp:192.0.2.1[49155]`.
    pub fn text(&self) -> String {
        let address = self.address.map(|address| address.to_string()).unwrap_or_default();
        match self.transport {
            Some((protocol, port)) => format!("{}@{protocol}:{address}[{port}]", self.interface),
            None => format!("{}@ncacn_np:{address}[{}]", self.interface, String::from_utf8_lossy(self.pipe)),
        }
    }

    /// The session to come.
    pub fn news(&self) -> Option<News> {
        let (protocol, port) = self.transport.filter(|(_, port)| *port != 0)?;
        let transport = match protocol {
            "ncacn_ip_tcp" => Transport::Tcp,
            "ncadg_ip_udp" => Transport::Udp,
            _ => return None,
        };
        let at = match self.address.filter(|address| !address.is_unspecified()) {
            Some(address) => Place::Any(IpAddr::V4(address), port),
            None => Place::Port(Role::Server, port),
        };
        Some(News::Expect(Expected { transport, at, peer: Some(Role::Client), app: "dcerpc", file: None }))
    }
}

/// Reads an answer as far as it goes.
pub fn answer(stub: &[u8], little: bool, mut found: impl FnMut(Found<'_>)) -> Option<()> {
    let mut numbers = Numbers::new(stub, little);
    numbers.skip(20)?;
    let told = numbers.u32()?;
    numbers.skip(8)?;
    let present = numbers.u32()?.min(told).min(TOWERS);
    numbers.skip(usize::try_from(present).ok()?.checked_mul(4)?)?;
    for _ in 0..present {
        let size = usize::try_from(numbers.u32()?).ok()?;
        numbers.skip(4)?;
        let mut floors = numbers.reader.sub(size)?;
        if let Some(way) = tower(&mut floors) {
            found(way);
        }
        numbers.skip((4 - size % 4) % 4)?;
    }
    Some(())
}

fn tower<'a>(reader: &mut Reader<'a>) -> Option<Found<'a>> {
    let count = reader.le_u16()?.min(FLOORS);
    let mut found = None;
    for number in 0..count {
        let length = reader.le_u16()?.into();
        let mut left = reader.sub(length)?;
        let length = reader.le_u16()?.into();
        let mut right = reader.sub(length)?;
        let protocol = left.u8()?;
        if number == 0 {
            let uuid = Uuid::read(&mut left, true).filter(|_| protocol == 0x0d)?;
            let version = u32::from(left.le_u16()?) | u32::from(right.le_u16()?) << 16;
            let interface = Interface { uuid, version };
            found = Some(Found { interface, transport: None, pipe: &[], address: None });
            continue;
        }
        let way = found.as_mut()?;
        match protocol {
            0x07 => way.transport = Some(("ncacn_ip_tcp", right.be_u16()?)),
            0x08 => way.transport = Some(("ncadg_ip_udp", right.be_u16()?)),
            0x1f => way.transport = Some(("ncacn_http", right.be_u16()?)),
            0x09 => way.address = right.array::<4>().map(Ipv4Addr::from),
            0x0f | 0x10 => {
                let name = right.rest().split(|byte| *byte == 0).next().unwrap_or_default();
                way.pipe = name.get(..NAME_BYTES).unwrap_or(name);
            }
            _ => {}
        }
    }
    found.filter(|way| way.transport.is_some() || !way.pipe.is_empty())
}
