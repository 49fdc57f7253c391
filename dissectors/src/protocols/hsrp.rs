//! HSRP, by which routers agree who of them answers at a shared address.
//!
//! Specifications: RFC 2281 (version 1); version 2 is Cisco's, as its documentation and tshark have it.
//!
//! ```text
//! 1   version 0:1 operation:1 state:1 hello:1 hold:1 priority:1 group:1 zero:1 password:8 address:4     RFC 2281 5.1
//! 2   kind:1 length:1 ...   kind 1, of 40: version 2:1 operation:1 state:1 IP version:1 group:2 id:6 priority:4 hello:4 hold:4 address:16
//!     kind 3, of 8: password;   kind 4, of 28: digest
//! ```
//!
//! What stands in it has few values; the group's multicast address or the usual password proves it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::capped::List;
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::{Facts, Value};
use crate::kept::tell_names;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::number("version", "1 or 2", "RFC 2281 5.1").list();
static OPERATION: Field =
    Field::text("operation", "`hello`, `coup`, `resign`, `advertise`, each once", "RFC 2281 5.1").list();
static STATE: Field = Field::text("state", "states of the sender, in their order", "RFC 2281 5.2").list();
static GROUP: Field = Field::number("group", "groups of routers", "RFC 2281 5.1").list();
static PRIORITY: Field = Field::number("priority", "the sender's priorities", "RFC 2281 5.1").list();
static VIRTUAL_IP: Field = Field::new(Kind::Address, "virtual_ip", "addresses that are shared", "RFC 2281 5.1").list();
static AUTHENTICATION: Field =
    Field::text("authentication", "`default`, which is no secret, `password` or `digest`", "RFC 2281 5.1");

static ELEMENT: Element = Element {
    name: "hsrp",
    meaning: "routers that share an address",
    fields: &[&VERSION, &OPERATION, &STATE, &GROUP, &PRIORITY, &VIRTUAL_IP, &AUTHENTICATION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "hsrp",
    about: About {
        name: "Hot Standby Router Protocol",
        specification: "RFC 2281",
        evidence: "the group's address, or the usual password",
        limits: "states are told, not timers",
        ports: &[1985, 2029],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=1], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Hsrp::default()),
};

/// The password that all have who set none (RFC 2281 5.1).
const DEFAULT: &[u8] = b"cisco\0\0\0";
/// Where routers listen, version 1 and 2, and for IPv6.
const GROUPS: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 2)),
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 102)),
    IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x66)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Secret {
    Default,
    Digest,
    Password,
}

/// What a datagram says.
struct Hello {
    version: u8,
    operation: u8,
    /// As version 2 numbers them, from 0 to 5.
    state: Option<u8>,
    group: u16,
    priority: u32,
    address: IpAddr,
    secret: Option<Secret>,
}

fn secret(password: &[u8]) -> Option<Secret> {
    let text = password.split(|byte| *byte == 0).next().unwrap_or_default();
    let padded = password.get(text.len()..).is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
    let legible = text.iter().all(|byte| matches!(byte, b'!'..=b'~'));
    (padded && legible).then_some(if password == DEFAULT { Secret::Default } else { Secret::Password })
}

fn version_1(datagram: &[u8]) -> Option<Hello> {
    let mut reader = Reader::new(datagram);
    let (version, operation, state) = (reader.u8()?, reader.u8()?, reader.u8()?);
    let (hello, hold, priority) = (reader.u8()?, reader.u8()?, reader.u8()?);
    let (group, zero) = (reader.u8()?, reader.u8()?);
    let secret = secret(reader.take(8)?)?;
    let address: [u8; 4] = reader.array()?;
    let state = match state {
        0 => 0,
        1 => 1,
        2 => 2,
        4 => 3,
        8 => 4,
        16 => 5,
        _ => return None,
    };
    let timed = hello > 0 && hold >= hello;
    // A digest follows, where there is one.
    let ends = matches!(reader.len(), 0 | 30);
    (version == 0 && operation <= 2 && zero == 0 && timed && ends).then_some(Hello {
        version: 1,
        operation,
        state: Some(state),
        group: u16::from(group),
        priority: u32::from(priority),
        address: Ipv4Addr::from(address).into(),
        secret: Some(if reader.is_empty() { secret } else { Secret::Digest }),
    })
}

fn version_2(datagram: &[u8]) -> Option<Hello> {
    let mut reader = Reader::new(datagram);
    let (mut hello, mut proof) = (None, None);
    while let (Some(kind), Some(length)) = (reader.u8(), reader.u8()) {
        let mut body = reader.sub(usize::from(length))?;
        match (kind, length) {
            (1, 40) => {
                let (version, operation, state, family) = (body.u8()?, body.u8()?, body.u8()?, body.u8()?);
                let (group, _id) = (body.be_u16()?, body.array::<6>()?);
                let (priority, hello_ms, hold_ms) = (body.be_u32()?, body.be_u32()?, body.be_u32()?);
                let (short, long) = (Reader::new(body.rest()).array::<4>()?, body.array::<16>()?);
                let address: IpAddr =
                    if family == 4 { Ipv4Addr::from(short).into() } else { Ipv6Addr::from(long).into() };
                let fits = version == 2 && operation <= 3 && state <= 6 && matches!(family, 4 | 6) && group < 4096;
                if !fits || priority > 255 || hello_ms == 0 || hold_ms < hello_ms || hold_ms > 1 << 22 {
                    return None;
                }
                hello = Some(Hello { version, operation, state: Some(state), group, priority, address, secret: None });
            }
            (2, 4) => {}
            (3, 8) => proof = Some(secret(body.rest())?),
            (4, 28) => proof = Some(Secret::Digest),
            _ => return None,
        }
    }
    hello.filter(|_| reader.is_empty()).map(|hello| Hello { secret: proof, ..hello })
}

fn read(datagram: &[u8]) -> Option<Hello> {
    version_1(datagram).or_else(|| version_2(datagram))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match read(sample.bytes) {
        Some(hello) if sample.role == Role::Client => {
            let told = hello.version == 2 || hello.secret == Some(Secret::Default);
            if told || GROUPS.contains(&sample.destination) { Verdict::Match } else { Verdict::Likely }
        }
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Hsrp {
    versions: List<u8>,
    operations: List<u32>,
    states: List<u32>,
    last_state: Option<u8>,
    groups: List<u16>,
    priorities: List<u32>,
    addresses: List<IpAddr>,
    secret: Option<Secret>,
}

impl Dissector for Hsrp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(hello) = read(chunk.bytes) {
            self.versions.push_distinct(hello.version);
            self.operations.push_distinct(u32::from(hello.operation));
            if hello.state != self.last_state {
                self.last_state = hello.state;
                self.states.push(u32::from(hello.state.unwrap_or_default()));
            }
            self.groups.push_distinct(hello.group);
            self.priorities.push_distinct(hello.priority);
            if !hello.address.is_unspecified() {
                self.addresses.push_distinct(hello.address);
            }
            self.secret = self.secret.max(hello.secret);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        if self.secret == Some(Secret::Password) {
            out.flag(Flag::CleartextPassword);
        }
        let mut hsrp = out.element(&ELEMENT);
        hsrp.list(&VERSION, self.versions.items().iter().map(|version| u64::from(*version)), self.versions.omitted());
        tell_names(&mut hsrp, &OPERATION, &self.operations, |operation| {
            ["hello", "coup", "resign", "advertise"].get(operation as usize).copied()
        });
        tell_names(&mut hsrp, &STATE, &self.states, |state| {
            ["initial", "learn", "listen", "speak", "standby", "active", "active"].get(state as usize).copied()
        });
        hsrp.list(&GROUP, self.groups.items().iter().map(|group| u64::from(*group)), self.groups.omitted());
        let priorities = self.priorities.items().iter().map(|priority| u64::from(*priority));
        hsrp.list(&PRIORITY, priorities, self.priorities.omitted());
        let addresses = self.addresses.items().iter().map(|address| Value::Address(*address));
        hsrp.list(&VIRTUAL_IP, addresses, self.addresses.omitted());
        if let Some(secret) = self.secret {
            hsrp.plain(
                &AUTHENTICATION,
                match secret {
                    Secret::Default => "default",
                    Secret::Digest => "digest",
                    Secret::Password => "password",
                },
            );
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.addresses.items())
    }
}
