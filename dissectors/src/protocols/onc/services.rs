//! The small programs beside NFS: the portmapper (RFC 1833), mounting (RFC 1813 5), locks (the Open Group's XNFS).

use std::net::IpAddr;

use crate::capped::Text;
use crate::news::{Expected, News, Place};
use crate::protocol::{Role, Transport};

use super::known::{Known, LISTED};
use super::programs;
use super::xdr::Xdr;

/// A call that waits for its reply.
#[derive(Debug)]
pub enum Asked {
    /// A portmapper was asked where a program is; of version 2 the answer is a port.
    Where {
        row: Option<usize>,
        program: u32,
        transport: Option<Transport>,
        port: bool,
    },
    /// A list of all programs, in the form of version 2 or a later one.
    Dump {
        ports: bool,
    },
    Mount,
    Exports,
    Lock,
}

/// Reads a call of a portmapper.
pub fn portmap(known: &mut Known, version: u32, procedure: u32, xdr: &mut Xdr<'_>) -> Option<Asked> {
    match (version, procedure) {
        (2, 1..=3) => {
            let (program, its_version, protocol) = (xdr.u32()?, xdr.u32()?, xdr.u32()?);
            let (name, transport) = protocol_name(protocol);
            let row = known.question(asked(program, its_version, name));
            (procedure == 3).then_some(Asked::Where { row, program, transport, port: true })
        }
        (2, 5) | (3.., 5 | 10) => {
            let (program, its_version) = (xdr.u32()?, xdr.u32()?);
            known.question(asked(program, its_version, ""));
            None
        }
        (3.., 1..=3 | 9 | 11) => {
            let (program, its_version) = (xdr.u32()?, xdr.u32()?);
            let network = String::from_utf8_lossy(xdr.name()?).into_owned();
            let row = known.question(asked(program, its_version, &network));
            let transport = match network.as_str() {
                "tcp" | "tcp6" => Some(Transport::Tcp),
                "udp" | "udp6" => Some(Transport::Udp),
                _ => None,
            };
            matches!(procedure, 3 | 9).then_some(Asked::Where { row, program, transport, port: false })
        }
        (_, 4) => Some(Asked::Dump { ports: version == 2 }),
        _ => None,
    }
}

/// Reads a call of a mounting program.
pub fn mount(known: &mut Known, procedure: u32, xdr: &mut Xdr<'_>) -> Option<Asked> {
    match procedure {
        1 | 3 => {
            known.paths.push_distinct(Text::long(xdr.name()?));
            (procedure == 1).then_some(Asked::Mount)
        }
        5 | 6 => Some(Asked::Exports),
        _ => None,
    }
}

/// Reads a call of a lock manager: who asks is told beside the file.
pub fn lock(known: &mut Known, procedure: u32, xdr: &mut Xdr<'_>) -> Option<Asked> {
    let before = match procedure {
        1 | 6 => 4,
        2 | 3 | 7 | 8 => 8,
        4 | 9 => 0,
        _ => return None,
    };
    xdr.opaque()?;
    xdr.skip(before)?;
    known.machine(xdr.name()?);
    Some(Asked::Lock)
}

/// Reads a reply. Gives what it tells of other sessions.
pub fn reply(known: &mut Known, asked: &Asked, xdr: &mut Xdr<'_>) -> Option<News> {
    match asked {
        Asked::Where { row, program, transport, port: true } => {
            let port = xdr.u32()?;
            known.answer(*row, Text::from(port.to_string().as_str()));
            let port = u16::try_from(port).ok().filter(|port| *port != 0)?;
            return Some(expected((*transport)?, Place::Port(Role::Server, port), *program));
        }
        Asked::Where { row, program, transport, port: false } => {
            let address = xdr.name()?;
            known.answer(*row, Text::new(address));
            let (address, port) = universal(address)?;
            let at = if address.is_unspecified() { Place::Port(Role::Server, port) } else { Place::Any(address, port) };
            return Some(expected((*transport)?, at, *program));
        }
        Asked::Dump { ports } => {
            for _ in 0..LISTED.saturating_mul(4) {
                let Some(1) = xdr.u32() else { break };
                let (program, version) = (xdr.u32()?, xdr.u32()?);
                let line = if *ports {
                    let (protocol, port) = (xdr.u32()?, xdr.u32()?);
                    format!("{} {version} {} {port}", program_name(program), protocol_name(protocol).0)
                } else {
                    let (network, address) = (xdr.name()?, xdr.name()?);
                    xdr.opaque()?;
                    let (network, address) = (String::from_utf8_lossy(network), String::from_utf8_lossy(address));
                    format!("{} {version} {network} {address}", program_name(program))
                };
                known.mappings.push_distinct(Text::from(line.as_str()));
            }
        }
        Asked::Mount | Asked::Lock => {
            if matches!(asked, Asked::Lock) {
                xdr.opaque()?;
            }
            known.status(xdr.u32()?);
        }
        Asked::Exports => {
            for _ in 0..LISTED.saturating_mul(4) {
                let Some(1) = xdr.u32() else { break };
                known.exports.push_distinct(Text::long(xdr.name()?));
                while let Some(1) = xdr.u32() {
                    xdr.name()?;
                }
            }
        }
    }
    None
}

fn expected(transport: Transport, at: Place, program: u32) -> News {
    let app = match program {
        programs::NFS | programs::MOUNT | programs::NLM => programs::name(program).unwrap_or("rpc"),
        _ => "rpc",
    };
    News::Expect(Expected { transport, at, peer: Some(Role::Client), app, file: None })
}

fn program_name(program: u32) -> String {
    programs::name(program).map_or_else(|| program.to_string(), str::to_owned)
}

/// `nfs 3 tcp`.
fn asked(program: u32, version: u32, transport: &str) -> Text {
    let text = format!("{} {version} {transport}", program_name(program));
    Text::from(text.trim_end())
}

fn protocol_name(protocol: u32) -> (&'static str, Option<Transport>) {
    match protocol {
        6 => ("tcp", Some(Transport::Tcp)),
        17 => ("udp", Some(Transport::Udp)),
        _ => ("", None),
    }
}

/// A universal address (RFC 5665 5.2.3): an address, and a port as two numbers behind dots.
fn universal(text: &[u8]) -> Option<(IpAddr, u16)> {
    let text = std::str::from_utf8(text).ok()?;
    let (rest, low) = text.rsplit_once('.')?;
    let (address, high) = rest.rsplit_once('.')?;
    let (high, low): (u8, u8) = (high.parse().ok()?, low.parse().ok()?);
    let port = u16::from_be_bytes([high, low]);
    Some((address.parse().ok()?, port)).filter(|_| port != 0)
}
