//! SOME/IP and its service discovery, over UDP and TCP (AUTOSAR PRS_SOMEIPProtocol and PRS_SOMEIPServiceDiscovery).
//!
//! ```text
//! message    service:2 method:2 length:4 (of what follows) client:2 session:2 protocol:1 (1) interface:1 kind:1 result:1      4.1.2
//! discovery  service ffff, method 8100: flags:4 length:4 entries length:4 options
//! entry      kind:1 options:2 counts:1 service:2 instance:2 version:1 life:3, minor version:4 or reserved:2 group:2
//! option     length:2 kind:1 (04 IPv4, 14 its multicast) 0:1 address:4 0:1 transport:1 port:2
//! ```
//!
//! A gap ends the session's facts. Ignored on purpose: payloads.

use std::net::IpAddr;

use crate::capped::List;
use crate::counts::{self, NAMES, Tally, named_hex};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field =
    Field::text("message", "kinds of messages, with how often: `request:2`", "PRS_SOMEIPProtocol 4.1.2.6")
        .list()
        .items(NAMES);
static METHOD: Field = Field::text(
    "method",
    "methods and events, each once: `1234.0001`, service and method in hexadecimal",
    "PRS_SOMEIPProtocol 4.1.2",
)
.list()
.items(NAMES);
static RESULT: Field =
    Field::text("result", "results other than success, with how often", "PRS_SOMEIPProtocol 4.1.2.7")
        .list()
        .items(NAMES);
static OFFER: Field = Field::text(
    "offer",
    "services offered, each once: service and instance in hexadecimal and version, `1234.0001 1.0`",
    "PRS_SOMEIPServiceDiscovery 5.1.2",
)
.list()
.items(NAMES);
static FIND: Field =
    Field::text("find", "services sought, each once", "PRS_SOMEIPServiceDiscovery 5.1.2").list().items(NAMES);
static WITHDRAWN: Field =
    Field::text("withdrawn", "services whose offer was taken back, each once", "PRS_SOMEIPServiceDiscovery 5.1.2")
        .list()
        .items(NAMES);
static SUBSCRIBE: Field = Field::text(
    "subscribe",
    "event groups subscribed to, each once: service, instance and group in hexadecimal",
    "PRS_SOMEIPServiceDiscovery 5.1.2",
)
.list()
.items(NAMES);
static ENDPOINT: Field =
    Field::text("endpoint", "where services are, each once: `udp 192.0.2.1:30501`", "PRS_SOMEIPServiceDiscovery 5.1.2")
        .list();

static ELEMENT: Element = Element {
    name: "someip",
    meaning: "SOME/IP: services inside vehicles",
    fields: &[&MESSAGE, &METHOD, &RESULT, &OFFER, &FIND, &WITHDRAWN, &SUBSCRIBE, &ENDPOINT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "someip",
    about: About {
        name: "SOME/IP and its service discovery",
        specification: "AUTOSAR PRS_SOMEIPProtocol, PRS_SOMEIPServiceDiscovery",
        evidence: "a header with version, kind and length that fit",
        limits: "payloads are passed over",
        ports: &[30490, 30491, 30501, 30509],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |opening| Box::new(Framed::new(SomeIp::default(), opening.transport)),
};

/// Bytes of a header, and those of them that the length counts.
const HEAD: usize = 16;
const COUNTED: usize = 8;
/// The longest message that is believed to be one.
const MOST: usize = 1 << 20;
/// The longest that is waited for before it is believed.
const WAITED: usize = 1024;
/// What service discovery is addressed to.
const DISCOVERY: (u16, u16) = (0xffff, 0x8100);
/// The bit of segments.
const SEGMENT: u8 = 0x20;
/// Bytes of an entry.
const ENTRY: usize = 16;
/// The most entries and options of one message.
const ENTRIES: usize = 64;

struct Head {
    service: u16,
    method: u16,
    whole: usize,
    protocol: u8,
    kind: u8,
    result: u8,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    let (service, method) = (reader.be_u16()?, reader.be_u16()?);
    let whole = COUNTED.saturating_add(reader.be_u32()? as usize);
    reader.skip(4)?;
    let [protocol, _, kind, result] = reader.array()?;
    Some(Head { service, method, whole, protocol, kind, result })
}

/// Whether a header's parts agree.
fn sound(head: &Head) -> bool {
    let request = matches!(head.kind & !SEGMENT, 0..=2);
    head.protocol == 1
        && kind(head.kind & !SEGMENT).is_some()
        && (HEAD..MOST).contains(&head.whole)
        && (if request { head.result == 0 } else { result(head.result).is_some() })
        && head.service != 0
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let datagram = sample.transport == Transport::Udp;
    // A length of 16 MB and more is none.
    if sample.bytes.get(4).is_some_and(|high| *high != 0) || sample.bytes.get(12).is_some_and(|protocol| *protocol != 1)
    {
        return Verdict::Reject;
    }
    let Some(first) = head(sample.bytes) else {
        return if datagram { Verdict::Reject } else { Verdict::NeedMore };
    };
    if !sound(&first) || datagram && first.whole > sample.bytes.len() {
        return Verdict::Reject;
    }
    let discovery = (first.service, first.method) == DISCOVERY && first.kind == 2;
    if !discovery && first.service == 0xffff && first.method != 0 {
        return Verdict::Reject;
    }
    // A datagram is full of messages; a stream's first is waited for, if it is not too long for that.
    let mut rest = sample.bytes;
    while let Some(head) = head(rest) {
        if !sound(&head) {
            return Verdict::Reject;
        }
        match rest.split_at_checked(head.whole) {
            Some((_, after)) => rest = after,
            None if rest.len() == sample.bytes.len() && head.whole <= WAITED => return Verdict::NeedMore,
            None => break,
        }
    }
    if datagram && !rest.is_empty() {
        return Verdict::Reject;
    }
    let asks = sample.role == Role::Client;
    match first.kind & !SEGMENT {
        2 if discovery => Verdict::Match,
        0 | 1 if asks => Verdict::Likely,
        2 | 0x80 | 0x81 if !asks => Verdict::Likely,
        0x40..=0x42 if !asks => Verdict::Likely,
        0xc0 | 0xc1 if asks => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

/// A service and its instance, with a version or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Service {
    service: u16,
    instance: u16,
    major: u8,
    /// The minor version, or the group in its lowest sixteen bits.
    minor: u32,
}

impl Service {
    fn version(&self) -> String {
        let Self { service, instance, major, minor } = *self;
        match (major, minor) {
            (0xff, _) => format!("{service:04x}.{instance:04x}"),
            (_, u32::MAX) => format!("{service:04x}.{instance:04x} {major}"),
            _ => format!("{service:04x}.{instance:04x} {major}.{minor}"),
        }
    }

    fn group(&self) -> String {
        format!("{:04x}.{:04x}.{:04x}", self.service, self.instance, self.minor & 0xffff)
    }
}

/// Where a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Endpoint {
    address: IpAddr,
    transport: u8,
    port: u16,
}

#[derive(Debug, Default)]
struct SomeIp {
    kinds: Tally<u8>,
    methods: List<(u16, u16), NAMES>,
    results: Tally<u8>,
    offers: List<Service, NAMES>,
    finds: List<Service, NAMES>,
    withdrawn: List<Service, NAMES>,
    groups: List<Service, NAMES>,
    endpoints: List<Endpoint>,
}

impl SomeIp {
    fn discovery(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        reader.skip(4)?;
        let length = reader.be_u32()? as usize;
        let mut entries = reader.sub(length.min(reader.len()))?;
        for _ in 0..ENTRIES {
            let Some(mut entry) = entries.sub(ENTRY) else { break };
            let kind = entry.u8()?;
            entry.skip(3)?;
            let (service, instance) = (entry.be_u16()?, entry.be_u16()?);
            let (major, life) = (entry.u8()?, entry.be_u24()?);
            let service = Service { service, instance, major, minor: entry.be_u32()? };
            match (kind, life) {
                (0, _) => self.finds.push_distinct(service),
                (1, 0) => self.withdrawn.push_distinct(service),
                (1, _) => self.offers.push_distinct(service),
                (6, 1..) => self.groups.push_distinct(service),
                _ => {}
            }
        }
        let length = reader.be_u32()? as usize;
        let mut options = reader.sub(length.min(reader.len()))?;
        for _ in 0..ENTRIES {
            let length = usize::from(options.be_u16()?);
            let kind = options.u8()?;
            let mut option = options.sub(length)?;
            option.skip(1)?;
            let address: IpAddr = match kind {
                0x04 | 0x14 | 0x24 => option.array::<4>()?.into(),
                0x06 | 0x16 | 0x26 => option.array::<16>()?.into(),
                _ => continue,
            };
            option.skip(1)?;
            self.endpoints.push_distinct(Endpoint { address, transport: option.u8()?, port: option.be_u16()? });
        }
        Some(())
    }
}

impl Messages for SomeIp {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        match head(bytes) {
            None => Extent::Need(HEAD),
            Some(head) if head.protocol == 1 && (HEAD..MOST).contains(&head.whole) => Extent::Whole(head.whole),
            Some(_) => Extent::Broken,
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if let Some(head) = head(message.bytes) {
            if (head.service, head.method) == DISCOVERY {
                self.discovery(message.bytes.get(HEAD..).unwrap_or_default());
                return true;
            }
            self.kinds.count(head.kind & !SEGMENT);
            self.methods.push_distinct((head.service, head.method));
            if head.result != 0 {
                self.results.count(head.result);
            }
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        self.kinds.write(&mut element, &MESSAGE, |number| named_hex(kind(*number), *number));
        counts::write_list(&mut element, &METHOD, &self.methods, |(service, method)| {
            format!("{service:04x}.{method:04x}")
        });
        self.results.write(&mut element, &RESULT, |number| named_hex(result(*number), *number));
        for (field, list) in [(&OFFER, &self.offers), (&FIND, &self.finds), (&WITHDRAWN, &self.withdrawn)] {
            counts::write_list(&mut element, field, list, Service::version);
        }
        counts::write_list(&mut element, &SUBSCRIBE, &self.groups, Service::group);
        counts::write_list(&mut element, &ENDPOINT, &self.endpoints, |endpoint| {
            let transport = match endpoint.transport {
                6 => "tcp",
                17 => "udp",
                _ => "?",
            };
            format!("{transport} {}", std::net::SocketAddr::new(endpoint.address, endpoint.port))
        });
    }

    fn heap_bytes(&self) -> usize {
        self.kinds.heap_bytes()
            + counts::list_bytes(&self.methods)
            + self.results.heap_bytes()
            + [&self.offers, &self.finds, &self.withdrawn, &self.groups].map(counts::list_bytes).iter().sum::<usize>()
            + counts::list_bytes(&self.endpoints)
    }
}

/// A kind of message.
const fn kind(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x00 => "request",
        0x01 => "request_no_return",
        0x02 => "notification",
        0x40 => "request_ack",
        0x41 => "request_no_return_ack",
        0x42 => "notification_ack",
        0x80 => "response",
        0x81 => "error",
        0xc0 => "response_ack",
        0xc1 => "error_ack",
        _ => return None,
    })
}

/// A result.
const fn result(result: u8) -> Option<&'static str> {
    Some(match result {
        0x00 => "ok",
        0x01 => "not_ok",
        0x02 => "unknown_service",
        0x03 => "unknown_method",
        0x04 => "not_ready",
        0x05 => "not_reachable",
        0x06 => "timeout",
        0x07 => "wrong_protocol_version",
        0x08 => "wrong_interface_version",
        0x09 => "malformed_message",
        0x0a => "wrong_message_type",
        0x0b => "e2e_repeated",
        0x0c => "e2e_wrong_sequence",
        0x0d => "e2e",
        0x0e => "e2e_not_available",
        0x0f => "e2e_no_new_data",
        0x10..=0x5e => "application_error",
        _ => return None,
    })
}
