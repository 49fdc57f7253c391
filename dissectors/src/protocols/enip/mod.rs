//! EtherNet/IP: the Common Industrial Protocol over TCP and UDP (CIP Networks Library, volume 2).
//!
//! ```text
//! message   command:2 length:2 (of what follows the header) session:4 status:4 context:8 options:4           2-3
//! items     [interface:4 timeout:2] count:2, each type:2 length:2 data                                      2-6
//! identity  0c: version:2 socket address:16 vendor:2 kind:2 product:2 revision:2 status:2 serial:4
//!           length:1 name state:1                                                                           2-4.3
//! I/O       on UDP, items alone: 8002 (connection:4 sequence:4) and b1 (data)                               2-6.3
//! ```
//!
//! Numbers have their least significant byte first, but for socket addresses. What travels in items is read by [`cip`]. A gap ends the session's
//! facts. Ignored on purpose: values, the state of connections.

mod cip;
mod names;

use self::cip::Cip;
use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named, named_hex};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static COMMAND: Field =
    Field::text("command", "commands, with how often: `list_identity:1`", "CIP 2, 2-3.2").list().items(NAMES);
static STATUS: Field = Field::text("status", "errors in answers, with how often", "CIP 2, 2-3.4").list().items(NAMES);
static VENDOR: Field = Field::text("vendor", "vendor of the device: name, or number", "CIP 2, 2-4.3.3");
static DEVICE_TYPE: Field = Field::text("device_type", "kind of device: name, or number", "CIP 2, 2-4.3.3");
static PRODUCT: Field = Field::text("product", "its product name", "CIP 2, 2-4.3.3");
static PRODUCT_CODE: Field = Field::number("product_code", "its product code", "CIP 2, 2-4.3.3");
static REVISION: Field = Field::text("revision", "its revision", "CIP 2, 2-4.3.3");
static SERIAL: Field = Field::text("serial", "its serial number, hexadecimal", "CIP 2, 2-4.3.3");
static ADDRESS: Field =
    Field::new(crate::dictionary::Kind::Address, "address", "the address that it says it has", "CIP 2, 2-4.3.3");
static CONNECTION: Field =
    Field::text("connection", "connections over which I/O data went, hexadecimal, each once", "CIP 2, 2-6.2.2").list();

static ELEMENT: Element = Element {
    name: "enip",
    meaning: "EtherNet/IP and CIP: controllers and drives",
    fields: &[
        &COMMAND,
        &STATUS,
        &VENDOR,
        &DEVICE_TYPE,
        &PRODUCT,
        &PRODUCT_CODE,
        &REVISION,
        &SERIAL,
        &ADDRESS,
        &cip::SERVICE,
        &cip::CLASS,
        &cip::TAG,
        &cip::WRITTEN,
        &cip::ERROR,
        &CONNECTION,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "enip",
    about: About {
        name: "EtherNet/IP with CIP",
        specification: "CIP Networks Library, volume 2",
        evidence: "a known command with a length and items that fit",
        limits: "values and the state of connections are not told",
        ports: &[2222, 44818],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=4, 0x63..=0x66, 0x6f..=0x70, 0x72..=0x73]),
    probe,
    open: |opening| {
        Box::new(Framed::new(Enip { udp: opening.transport == Transport::Udp, ..Enip::default() }, opening.transport))
    },
};

/// Bytes of a header.
const HEAD: usize = 24;
/// Commands.
const LIST_SERVICES: u16 = 0x04;
const LIST_IDENTITY: u16 = 0x63;
const LIST_INTERFACES: u16 = 0x64;
const REGISTER: u16 = 0x65;
const SEND_RR_DATA: u16 = 0x6f;
const SEND_UNIT_DATA: u16 = 0x70;
/// Types of items.
const IDENTITY: u16 = 0x0c;
const CONNECTED_DATA: u16 = 0xb1;
const UNCONNECTED_DATA: u16 = 0xb2;
const SEQUENCED_ADDRESS: u16 = 0x8002;
/// The most items of a message.
const ITEMS: usize = 8;

/// A message's header, as far as it is read.
struct Head {
    command: u16,
    length: usize,
    session: u32,
    status: u32,
    options: u32,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    let (command, length) = (reader.le_u16()?, usize::from(reader.le_u16()?));
    let (session, status) = (reader.le_u32()?, reader.le_u32()?);
    reader.skip(8)?;
    Some(Head { command, length, session, status, options: reader.le_u32()? })
}

/// I/O data: a sequenced address, then data that fill the datagram. Gives connection's number.
fn io(bytes: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(bytes);
    let head = (reader.le_u16()?, reader.le_u16()?, reader.le_u16()?);
    let connection = reader.le_u32()?;
    reader.skip(4)?;
    let data = (reader.le_u16()?, usize::from(reader.le_u16()?));
    (head == (2, SEQUENCED_ADDRESS, 8) && data == (CONNECTED_DATA, reader.len())).then_some(connection)
}

/// The items behind their count.
fn items(bytes: &[u8]) -> Option<impl Iterator<Item = (u16, &[u8])>> {
    let mut reader = Reader::new(bytes);
    let count = usize::from(reader.le_u16()?);
    let one = move || {
        let (kind, length) = (reader.le_u16()?, usize::from(reader.le_u16()?));
        // Of a long message the last item is read as far as it is here.
        Some((kind, reader.take(length.min(reader.len()))?))
    };
    Some(std::iter::from_fn(one).take(count.min(ITEMS)))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if sample.transport == Transport::Udp && bytes.first() == Some(&2) {
        return if io(bytes).is_some() { Verdict::Match } else { Verdict::Reject };
    }
    match bytes.first().map(|command| names::command(u16::from(*command)).is_some()) {
        Some(true) => {}
        _ => return Verdict::Reject,
    }
    if bytes.get(1).is_some_and(|high| *high != 0) {
        return Verdict::Reject;
    }
    let Some(head) = head(bytes) else {
        return if sample.transport == Transport::Udp { Verdict::Reject } else { Verdict::NeedMore };
    };
    if head.options != 0 || (sample.transport == Transport::Udp && bytes.len() != HEAD + head.length) {
        return Verdict::Reject;
    }
    let asks = sample.role == Role::Client;
    if asks && head.status != 0 || names::status(head.status).is_none() {
        return Verdict::Reject;
    }
    let body = bytes.get(HEAD..).unwrap_or_default();
    match (head.command, asks) {
        // A header of zeros but for a letter; with a number instead of the letter only the answer tells.
        (LIST_IDENTITY, true) if head.length == 0 && head.session == 0 => Verdict::Likely,
        (LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES, true) if head.length == 0 => Verdict::NeedMore,
        (LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES, false) if head.length >= 2 => listed(&head, body),
        (REGISTER, _) if head.length == 4 => match body.first_chunk::<4>() {
            None => Verdict::NeedMore,
            Some([1, 0, 0, 0]) if !asks || head.session == 0 => Verdict::Match,
            Some(_) => Verdict::Reject,
        },
        (SEND_RR_DATA | SEND_UNIT_DATA, _) if head.length >= 16 => carried(body),
        // A refused request has nothing to show but why. Small commands are numbers that anything begins with.
        (LIST_IDENTITY.., false) if head.length == 0 && head.status != 0 => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

/// Whether the items of a list have the form of its command.
fn listed(head: &Head, body: &[u8]) -> Verdict {
    let mut reader = Reader::new(body);
    let (Some(count), Some(kind), Some(length)) = (reader.le_u16(), reader.le_u16(), reader.le_u16()) else {
        return if head.length == 2 && body.first_chunk() == Some(&[0, 0]) {
            Verdict::Likely
        } else {
            Verdict::NeedMore
        };
    };
    let inside = usize::from(length) + 6 <= head.length && (1..=ITEMS).contains(&usize::from(count));
    match (head.command, kind) {
        (LIST_IDENTITY, IDENTITY) if inside && length >= 33 => Verdict::Match,
        (LIST_SERVICES, 0x100) if inside && length >= 20 => Verdict::Match,
        (LIST_INTERFACES, _) if inside => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

/// Whether a body carries CIP: no interface, an address and data.
fn carried(body: &[u8]) -> Verdict {
    let mut reader = Reader::new(body);
    if body.iter().take(4).any(|byte| *byte != 0) {
        return Verdict::Reject;
    }
    let told = (reader.skip(6), reader.le_u16(), reader.le_u16(), reader.le_u16());
    let (Some(()), Some(count), Some(kind), Some(length)) = told else { return Verdict::NeedMore };
    let fits = matches!((kind, length), (0, 0) | (0xa1, 4) | (0x8002, 8)) && (2..=4).contains(&count);
    if !fits {
        return Verdict::Reject;
    }
    match (reader.skip(usize::from(length)), reader.le_u16()) {
        (Some(()), Some(CONNECTED_DATA | UNCONNECTED_DATA)) => Verdict::Match,
        (Some(()), Some(_)) => Verdict::Reject,
        _ => Verdict::NeedMore,
    }
}

#[derive(Debug, Default)]
struct Identity {
    vendor: u16,
    kind: u16,
    code: u16,
    revision: (u8, u8),
    serial: u32,
    address: [u8; 4],
    product: Text,
}

impl Identity {
    fn read(item: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(item);
        reader.skip(6)?;
        let address = reader.array()?;
        reader.skip(8)?;
        let (vendor, kind, code) = (reader.le_u16()?, reader.le_u16()?, reader.le_u16()?);
        let revision = (reader.u8()?, reader.u8()?);
        reader.skip(2)?;
        let serial = reader.le_u32()?;
        let length = usize::from(reader.u8()?);
        let product = Text::new(counts::trimmed(reader.take(length)?));
        Some(Self { vendor, kind, code, revision, serial, address, product })
    }
}

#[derive(Debug, Default)]
struct Enip {
    udp: bool,
    commands: Tally<u16>,
    answered: Tally<u16>,
    statuses: Tally<u32>,
    identity: Option<Identity>,
    connections: List<u32>,
    cip: Cip,
}

impl Messages for Enip {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        if self.udp && io(bytes).is_some() {
            return Extent::Whole(bytes.len());
        }
        let mut reader = Reader::new(bytes);
        let known = reader.le_u16().is_none_or(|command| names::command(command).is_some());
        match reader.le_u16() {
            _ if !known => Extent::Broken,
            Some(length) => Extent::Whole(HEAD + usize::from(length)),
            None => Extent::Need(4),
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if self.udp
            && let Some(connection) = io(message.bytes)
        {
            self.connections.push_distinct(connection);
            return true;
        }
        let Some(head) = head(message.bytes) else { return true };
        let asks = message.role == Role::Client;
        if asks {
            self.commands.count(head.command)
        } else {
            self.answered.count(head.command)
        }
        if head.status != 0 {
            self.statuses.count(head.status);
        }
        let body = message.bytes.get(HEAD..).unwrap_or_default();
        match head.command {
            LIST_IDENTITY if self.identity.is_none() => {
                let item = items(body).and_then(|mut items| items.find(|(kind, _)| *kind == IDENTITY));
                self.identity = item.and_then(|(_, item)| Identity::read(item));
            }
            SEND_RR_DATA | SEND_UNIT_DATA => {
                for (kind, data) in body.get(6..).and_then(items).into_iter().flatten() {
                    match kind {
                        // A connection's data begin with their number.
                        CONNECTED_DATA => self.cip.message(asks, data.get(2..).unwrap_or_default()),
                        UNCONNECTED_DATA => self.cip.message(asks, data),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        let commands = if self.commands.is_empty() { &self.answered } else { &self.commands };
        commands.write(&mut element, &COMMAND, |command| named_hex(names::command(*command), *command));
        self.statuses.write(&mut element, &STATUS, |status| named_hex(names::status(*status), *status));
        if let Some(identity) = &self.identity {
            element.bytes(&VENDOR, named(names::vendor(identity.vendor), identity.vendor).as_bytes());
            element.bytes(&DEVICE_TYPE, named(names::device(identity.kind), identity.kind).as_bytes());
            element.text(&PRODUCT, &identity.product);
            element.number(&PRODUCT_CODE, u64::from(identity.code));
            let (major, minor) = identity.revision;
            element.bytes(&REVISION, format!("{major}.{minor}").as_bytes());
            element.bytes(&SERIAL, format!("{:08x}", identity.serial).as_bytes());
            if identity.address != [0; 4] {
                element.value(&ADDRESS, crate::facts::Value::Address(identity.address.into()));
            }
        }
        self.cip.facts(&mut element);
        counts::write_list(&mut element, &CONNECTION, &self.connections, |connection| format!("{connection:08x}"));
    }

    fn heap_bytes(&self) -> usize {
        self.commands.heap_bytes()
            + self.answered.heap_bytes()
            + self.statuses.heap_bytes()
            + self.identity.as_ref().map_or(0, |identity| identity.product.heap_bytes())
            + counts::list_bytes(&self.connections)
            + self.cip.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_data_fill_their_datagram() {
        let bytes = b"\x02\0\x02\x80\x08\0\x11\x22\x33\x44\x01\0\0\0\xb1\0\x03\0abc";
        assert_eq!(io(bytes), Some(0x4433_2211));
        assert_eq!(io(&bytes[..bytes.len() - 1]), None);
        assert_eq!(io(b"\x02\0\x02\x80\x08\0\x11\x22\x33\x44\x01\0\0\0\xb1\0\x03\0abcd"), None);
    }
}
