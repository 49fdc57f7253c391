//! KNXnet/IP: building automation over UDP and TCP (ISO 22510, KNX Standard 3.8).
//!
//! ```text
//! message   06 10 service:2 length:2 (all of it)                                           3.8.1 2.3
//! device    length:1 01 medium:1 status:1 address:2 project:2 serial:6 multicast:4 MAC:6 name:30      3.8.2 7.5.4.2
//! connect   endpoint:8 endpoint:8 information (length:1 kind:1 ...), answered by channel:1 status:1 endpoint:8 ...
//! tunnel    4 channel:1 sequence:1 status:1, then cEMI, as routing has it at once
//! cEMI      message:1 length:1 more, control:2 source:2 destination:2 length:1 TPCI:6 APCI:10 data          3.6.3 4.1.5
//! ```
//!
//! Ignored on purpose: values; what KNX IP Secure wraps.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named_hex, trimmed};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static SERVICE: Field =
    Field::text("service", "services, with how often: `search_request:1`", "ISO 22510").list().items(NAMES);
static NAME: Field =
    Field::text("name", "names that devices give themselves, each once", "ISO 22510, device information").list();
static DEVICE: Field =
    Field::text("device", "their individual addresses, each once: `1.1.5`", "ISO 22510, device information").list();
static SERIAL: Field =
    Field::text("serial", "their serial numbers, hexadecimal, each once", "ISO 22510, device information").list();
static MAC: Field =
    Field::new(Kind::Mac, "mac", "their hardware addresses, each once", "ISO 22510, device information").list();
static CONNECTION: Field =
    Field::text("connection", "kinds of connection asked for, each once", "ISO 22510, connection types").list();
static SOURCE: Field =
    Field::text("source", "individual addresses that telegrams came from, each once", "KNX 3.3.2").list().items(NAMES);
static GROUP: Field =
    Field::text("group", "groups or devices that telegrams went to, each once: `1/2/3`, `1.1.5`", "KNX 3.3.2")
        .list()
        .items(NAMES);
static OPERATION: Field =
    Field::text("operation", "what telegrams asked for, with how often: `group_write:3`", "KNX 3.3.7")
        .list()
        .items(NAMES);
static WRITTEN: Field = Field::text("written", "groups or devices that were written, each once", "KNX 3.3.7").list();
static STATUS: Field = Field::text("status", "errors in answers, with how often", "ISO 22510").list().items(NAMES);

static ELEMENT: Element = Element {
    name: "knx",
    meaning: "KNXnet/IP: building automation",
    fields: &[&SERVICE, &NAME, &DEVICE, &SERIAL, &MAC, &CONNECTION, &SOURCE, &GROUP, &OPERATION, &WRITTEN, &STATUS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "knx",
    about: About {
        name: "KNXnet/IP",
        specification: "ISO 22510",
        evidence: "the header 0610 with a known service and its length",
        limits: "values, and what KNX IP Secure wraps",
        ports: &[3671],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[HEAD as u8..=HEAD as u8]),
    probe,
    open: |opening| Box::new(Framed::new(Knx::default(), opening.transport)),
};

/// Bytes of a message's header, which it begins with.
const HEAD: usize = 6;
const VERSION: u8 = 0x10;
/// The longest message that is believed to be one.
const MOST: usize = 2048;
/// Services of which more is read than their name.
const SEARCH_ANSWER: u16 = 0x0202;
const DESCRIPTION_ANSWER: u16 = 0x0204;
const CONNECT: u16 = 0x0205;
const CONNECT_ANSWER: u16 = 0x0206;
const STATE_ANSWER: u16 = 0x0208;
const DISCONNECT_ANSWER: u16 = 0x020a;
const EXTENDED_SEARCH_ANSWER: u16 = 0x020c;
const TUNNEL: u16 = 0x0420;
const ROUTING: u16 = 0x0530;
/// Kinds of telegrams: from the client to the bus, its confirmation, from the bus.
const REQUESTED: u8 = 0x11;
const CONFIRMED: u8 = 0x2e;
const INDICATED: u8 = 0x29;
/// Bytes of an endpoint.
const ENDPOINT: usize = 8;
/// The kind of the block that describes a device, and its bytes.
const DEVICE_BLOCK: u8 = 1;
const NAME_BYTES: usize = 30;
/// The most blocks of one message.
const BLOCKS: usize = 16;

/// A message's service and length.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    Some((reader.be_u16()?, usize::from(reader.be_u16()?)))
}

/// Whether a service is sent by who answers.
fn answers(service: u16) -> bool {
    matches!(
        service,
        SEARCH_ANSWER | DESCRIPTION_ANSWER | CONNECT_ANSWER | STATE_ANSWER | DISCONNECT_ANSWER | EXTENDED_SEARCH_ANSWER
    ) || matches!(service, 0x0423 | 0x0425 | 0x0741 | 0x0952)
}

fn begins(bytes: &[u8]) -> bool {
    [HEAD as u8, VERSION].iter().zip(bytes).all(|(wanted, byte)| wanted == byte)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !begins(sample.bytes) {
        return Verdict::Reject;
    }
    let datagram = sample.transport == Transport::Udp;
    let Some((number, length)) = head(sample.bytes) else {
        return if datagram { Verdict::Reject } else { Verdict::NeedMore };
    };
    let fits = if datagram { length == sample.bytes.len() } else { (HEAD..MOST).contains(&length) };
    match service(number) {
        Some(_) if !fits => Verdict::Reject,
        // Telegrams, their acknowledgements and ends of connections come from both.
        Some(_)
            if matches!(number, TUNNEL | ROUTING | 0x0310 | 0x0311 | 0x0421 | 0x0209 | 0x0531 | 0x0532 | 0x0950) =>
        {
            Verdict::Match
        }
        Some(_) if answers(number) == (sample.role == Role::Server) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

/// Where a telegram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Destination {
    group: bool,
    address: u16,
}

impl Destination {
    fn text(&self) -> String {
        let address = self.address;
        if self.group {
            format!("{}/{}/{}", address >> 11, address >> 8 & 7, address & 0xff)
        } else {
            individual(address)
        }
    }
}

/// An individual address: area, line, device.
fn individual(address: u16) -> String {
    format!("{}.{}.{}", address >> 12, address >> 8 & 15, address & 0xff)
}

#[derive(Debug, Default)]
struct Knx {
    services: Tally<u16>,
    names: List<Text>,
    devices: List<u16>,
    serials: List<[u8; 6]>,
    macs: List<[u8; 6]>,
    connections: List<u8>,
    sources: List<u16, NAMES>,
    destinations: List<Destination, NAMES>,
    operations: Tally<u16>,
    written: List<Destination>,
    statuses: Tally<u8>,
}

impl Knx {
    fn body(&mut self, service: u16, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        match service {
            SEARCH_ANSWER | EXTENDED_SEARCH_ANSWER | DESCRIPTION_ANSWER => {
                if service != DESCRIPTION_ANSWER {
                    reader.skip(ENDPOINT)?;
                }
                for _ in 0..BLOCKS {
                    let length = usize::from(reader.u8()?).checked_sub(1)?;
                    let mut block = reader.sub(length)?;
                    if block.u8()? == DEVICE_BLOCK {
                        self.device(block);
                    }
                }
            }
            CONNECT => {
                reader.skip(2 * ENDPOINT + 1)?;
                self.connections.push_distinct(reader.u8()?);
            }
            CONNECT_ANSWER | STATE_ANSWER | DISCONNECT_ANSWER => {
                reader.skip(1)?;
                let status = reader.u8()?;
                if status != 0 {
                    self.statuses.count(status);
                }
            }
            TUNNEL => {
                reader.skip(4)?;
                self.telegram(reader)?;
            }
            ROUTING => self.telegram(reader)?,
            _ => {}
        }
        Some(())
    }

    fn device(&mut self, mut block: Reader<'_>) -> Option<()> {
        block.skip(2)?;
        let address = block.be_u16()?;
        block.skip(2)?;
        let serial = block.array()?;
        block.skip(4)?;
        let (mac, name) = (block.array()?, block.take(NAME_BYTES.min(block.len()))?);
        self.devices.push_distinct(address);
        self.serials.push_distinct(serial);
        self.macs.push_distinct(mac);
        if !trimmed(name).is_empty() {
            self.names.push_distinct(Text::new(trimmed(name)));
        }
        Some(())
    }

    /// A frame of the bus' data link.
    fn telegram(&mut self, mut reader: Reader<'_>) -> Option<()> {
        // Only these carry telegrams: requests, confirmations, indications.
        let kind = reader.u8()?;
        if !matches!(kind, REQUESTED | CONFIRMED | INDICATED) {
            return None;
        }
        let more = usize::from(reader.u8()?);
        reader.skip(more)?;
        reader.skip(1)?;
        let group = reader.u8()? & 0x80 != 0;
        let (source, address) = (reader.be_u16()?, reader.be_u16()?);
        let destination = Destination { group, address };
        if source != 0 {
            self.sources.push_distinct(source);
        }
        self.destinations.push_distinct(destination);
        if kind == CONFIRMED {
            // It was counted when it was requested.
            return None;
        }
        let length = reader.u8()?;
        let transport = reader.u8()?;
        // Control units of the transport layer have no application's.
        if length == 0 || transport & 0x80 != 0 {
            return None;
        }
        let application = u16::from(transport & 3) << 8 | u16::from(reader.u8()?);
        let kind = operation(application).0;
        self.operations.count(kind);
        if matches!(kind, 0x080 | 0x0c0 | 0x280 | 0x3d7) {
            self.written.push_distinct(destination);
        }
        Some(())
    }
}

impl Messages for Knx {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        match head(bytes) {
            _ if !begins(bytes) => Extent::Broken,
            None => Extent::Need(HEAD),
            Some((_, length)) if (HEAD..MOST).contains(&length) => Extent::Whole(length),
            Some(_) => Extent::Broken,
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if let Some((service, _)) = head(message.bytes) {
            self.services.count(service);
            self.body(service, message.bytes.get(HEAD..).unwrap_or_default());
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        self.services.write(&mut element, &SERVICE, |number| named_hex(service(*number), *number));
        element.texts(&NAME, &self.names);
        counts::write_list(&mut element, &DEVICE, &self.devices, |address| individual(*address));
        counts::write_list(&mut element, &SERIAL, &self.serials, |serial| crate::hex::hex(serial));
        element.list(&MAC, self.macs.items().iter().map(|mac| Value::Mac(*mac)), self.macs.omitted());
        counts::write_list(&mut element, &CONNECTION, &self.connections, |kind| named_hex(connection(*kind), *kind));
        counts::write_list(&mut element, &SOURCE, &self.sources, |address| individual(*address));
        counts::write_list(&mut element, &GROUP, &self.destinations, Destination::text);
        self.operations.write(&mut element, &OPERATION, |number| named_hex(operation(*number).1, *number));
        counts::write_list(&mut element, &WRITTEN, &self.written, Destination::text);
        self.statuses.write(&mut element, &STATUS, |number| named_hex(status(*number), *number));
    }

    fn heap_bytes(&self) -> usize {
        self.services.heap_bytes()
            + counts::texts_bytes(&self.names)
            + counts::list_bytes(&self.devices)
            + counts::list_bytes(&self.serials)
            + counts::list_bytes(&self.macs)
            + counts::list_bytes(&self.connections)
            + counts::list_bytes(&self.sources)
            + counts::list_bytes(&self.destinations)
            + self.operations.heap_bytes()
            + counts::list_bytes(&self.written)
            + self.statuses.heap_bytes()
    }
}

/// A service's name (3.8.1 4).
const fn service(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0201 => "search_request",
        SEARCH_ANSWER => "search_response",
        0x0203 => "description_request",
        DESCRIPTION_ANSWER => "description_response",
        CONNECT => "connect_request",
        CONNECT_ANSWER => "connect_response",
        0x0207 => "connectionstate_request",
        STATE_ANSWER => "connectionstate_response",
        0x0209 => "disconnect_request",
        DISCONNECT_ANSWER => "disconnect_response",
        0x020b => "extended_search_request",
        EXTENDED_SEARCH_ANSWER => "extended_search_response",
        0x0310 => "device_configuration_request",
        0x0311 => "device_configuration_ack",
        TUNNEL => "tunnelling_request",
        0x0421 => "tunnelling_ack",
        0x0422 => "tunnelling_feature_get",
        0x0423 => "tunnelling_feature_response",
        0x0424 => "tunnelling_feature_set",
        0x0425 => "tunnelling_feature_info",
        ROUTING => "routing_indication",
        0x0531 => "routing_lost_message",
        0x0532 => "routing_busy",
        0x0740 => "remote_diagnostic_request",
        0x0741 => "remote_diagnostic_response",
        0x0742 => "remote_basic_configuration_request",
        0x0743 => "remote_reset_request",
        0x0950 => "secure_wrapper",
        0x0951 => "session_request",
        0x0952 => "session_response",
        0x0953 => "session_authenticate",
        _ => return None,
    })
}

/// A kind of connection (3.8.1).
const fn connection(kind: u8) -> Option<&'static str> {
    Some(match kind {
        3 => "device_management",
        4 => "tunnel",
        6 => "remote_logging",
        7 => "remote_configuration",
        8 => "object_server",
        _ => return None,
    })
}

/// What a telegram asks for: the number without data, and its name (3.3.7 2). The groups' operations have data in their low bits.
const fn operation(application: u16) -> (u16, Option<&'static str>) {
    let (number, name) = match application & 0x3c0 {
        0x000 => (0x000, "group_read"),
        0x040 => (0x040, "group_response"),
        0x080 => (0x080, "group_write"),
        0x0c0 => (0x0c0, "individual_address_write"),
        0x100 => (0x100, "individual_address_read"),
        0x140 => (0x140, "individual_address_response"),
        0x180 => (0x180, "adc_read"),
        0x1c0 => (0x1c0, "adc_response"),
        0x200 => (0x200, "memory_read"),
        0x240 => (0x240, "memory_response"),
        0x280 => (0x280, "memory_write"),
        0x300 => (0x300, "device_descriptor_read"),
        0x340 => (0x340, "device_descriptor_response"),
        0x380 => (0x380, "restart"),
        _ => {
            let name = match application {
                0x3d1 => "authorize_request",
                0x3d2 => "authorize_response",
                0x3d5 => "property_value_read",
                0x3d6 => "property_value_response",
                0x3d7 => "property_value_write",
                0x3d8 => "property_description_read",
                0x3d9 => "property_description_response",
                0x3f1 => "secure",
                _ => return (application, None),
            };
            (application, name)
        }
    };
    (number, Some(name))
}

/// An error's name (3.8.1 5).
const fn status(number: u8) -> Option<&'static str> {
    Some(match number {
        0x01 => "host_protocol_type",
        0x02 => "version_not_supported",
        0x04 => "sequence_number",
        0x21 => "connection_id",
        0x22 => "connection_type",
        0x23 => "connection_option",
        0x24 => "no_more_connections",
        0x26 => "data_connection",
        0x27 => "knx_connection",
        0x28 => "authorisation",
        0x29 => "tunnelling_layer",
        0x2d => "no_tunnelling_address",
        0x2e => "connection_in_use",
        _ => return None,
    })
}
