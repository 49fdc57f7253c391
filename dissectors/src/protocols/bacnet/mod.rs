//! BACnet/IP: building automation over UDP (ANSI/ASHRAE 135, annex J).
//!
//! ```text
//! BVLC   81 function:1 length:2 (all of it)                                             J.2
//!        forwarded (04): address:6 first
//! NPDU   1:1 control:1 [destination net:2 length:1 address] [source ...] [hops:1]      6.2
//!        control 80: a message of the network layer; 20 and 08: destination and source are there
//! APDU   kind:4 flags:4 ..., service:1 and its parameters                              20.1
//! tags   number:4 context:1 length:3 (5: in the next byte) value                        20.2
//! ```
//!
//! Limits: a message in segments is named by its first. Ignored on purpose: values of properties but those that name a device.

mod names;
mod tags;

use self::tags::Tags;
use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static BVLC: Field =
    Field::text("bvlc", "functions of the link, with how often: `original_unicast:2`", "ASHRAE 135 J.2")
        .list()
        .items(NAMES);
static SERVICE: Field = Field::text(
    "service",
    "services, with how often: `read_property:2`; answers count with their requests' names where those were not seen",
    "ASHRAE 135 21",
)
.list()
.items(NAMES);
static DEVICE: Field =
    Field::number("device", "instance numbers of devices that said who they are, each once", "ASHRAE 135 16.10").list();
static VENDOR_ID: Field = Field::number("vendor_id", "their vendors' numbers, each once", "ASHRAE 135 16.10").list();
static SOUGHT: Field = Field::text(
    "sought",
    "devices or objects sought, each once: a range of instances, or a name",
    "ASHRAE 135 16.9, 16.10",
)
.list();
static OBJECT: Field =
    Field::text("object", "objects spoken of, each once: `analog-input:3`", "ASHRAE 135 21").list().items(NAMES);
static PROPERTY: Field =
    Field::text("property", "properties read, each once, by name or number", "ASHRAE 135 21").list().items(NAMES);
static WRITTEN: Field = Field::text(
    "written",
    "properties that a write was asked for, each once: `analog-value:1/present-value`",
    "ASHRAE 135 15.9",
)
.list();
static ERROR: Field =
    Field::text("error", "errors, rejections and aborts, with how often: `unknown-object:1`", "ASHRAE 135 18")
        .list()
        .items(NAMES);
static NETWORK_MESSAGE: Field =
    Field::text("network_message", "messages of the network layer, with how often", "ASHRAE 135 6.2.4")
        .list()
        .items(NAMES);
static DEVICE_NAME: Field = Field::text("device_name", "the device's name", "ASHRAE 135 12.11");
static VENDOR: Field = Field::text("vendor", "its vendor's name", "ASHRAE 135 12.11");
static MODEL: Field = Field::text("model", "its model", "ASHRAE 135 12.11");
static FIRMWARE: Field = Field::text("firmware", "revision of its firmware", "ASHRAE 135 12.11");
static SOFTWARE: Field = Field::text("software", "version of its application software", "ASHRAE 135 12.11");

static ELEMENT: Element = Element {
    name: "bacnet",
    meaning: "BACnet/IP: building automation",
    fields: &[
        &BVLC,
        &SERVICE,
        &DEVICE,
        &VENDOR_ID,
        &SOUGHT,
        &OBJECT,
        &PROPERTY,
        &WRITTEN,
        &ERROR,
        &NETWORK_MESSAGE,
        &DEVICE_NAME,
        &VENDOR,
        &MODEL,
        &FIRMWARE,
        &SOFTWARE,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "bacnet",
    about: About {
        name: "BACnet/IP",
        specification: "ANSI/ASHRAE 135 annex J",
        evidence: "the header 81 with a length that fits, and a known service",
        limits: "values of properties but those that name a device",
        ports: &[47808],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[MARK..=MARK]),
    probe,
    open: |opening| Box::new(Framed::new(Bacnet::default(), opening.transport)),
};

/// What BVLC begins with over IPv4.
const MARK: u8 = 0x81;
/// Bytes of its header.
const HEAD: usize = 4;
/// Functions of the link whose message carries a network's.
const FORWARDED: u8 = 4;
const DISTRIBUTE: u8 = 9;
const UNICAST: u8 = 10;
const BROADCAST: u8 = 11;
/// Bytes of a forwarder's address.
const ADDRESS: usize = 6;
/// Bits of a network's control.
const NETWORK_MESSAGES: u8 = 0x80;
const DESTINATION: u8 = 0x20;
const SOURCE: u8 = 0x08;
/// Confirmed services of which more is read than their name.
const READ: u8 = 12;
const READ_MULTIPLE: u8 = 14;
const WRITE: u8 = 15;
const WRITE_MULTIPLE: u8 = 16;
/// Unconfirmed ones.
const I_AM: u8 = 0;
const I_HAVE: u8 = 1;
const WHO_HAS: u8 = 7;
const WHO_IS: u8 = 8;
/// The object type of devices, and the instance that stands for whoever is asked.
const DEVICE_TYPE: u32 = 8;

/// What a datagram carries.
enum Inside<'a> {
    /// Nothing but the link's own.
    Link,
    /// A message of the network layer.
    Network(u8),
    /// An application's.
    Apdu(&'a [u8]),
}

/// Reads the headers of a datagram whose length is right.
fn open(bytes: &[u8]) -> Option<(u8, Inside<'_>)> {
    let mut reader = Reader::new(bytes);
    let (mark, function, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
    if mark != MARK || length != bytes.len() {
        return None;
    }
    match function {
        FORWARDED => reader.skip(ADDRESS)?,
        DISTRIBUTE | UNICAST | BROADCAST => {}
        0..=3 | 5..=8 | 12 => {
            let fits = match function {
                0 => length == HEAD + 2,
                1 | 3 => (length - HEAD).is_multiple_of(10),
                2 | 6 => length == HEAD,
                5 => length == HEAD + 2,
                7 => (length - HEAD).is_multiple_of(10),
                8 => length == HEAD + ADDRESS,
                _ => true,
            };
            return fits.then_some((function, Inside::Link));
        }
        _ => return None,
    }
    let (version, control) = (reader.u8()?, reader.u8()?);
    // Bits 6 and 4 are reserved.
    if version != 1 || control & 0x50 != 0 {
        return None;
    }
    if control & DESTINATION != 0 {
        let length = usize::from(reader.array::<3>()?[2]);
        reader.skip(length)?;
    }
    if control & SOURCE != 0 {
        let length = usize::from(reader.array::<3>()?[2]);
        reader.skip(length)?;
    }
    if control & DESTINATION != 0 {
        reader.skip(1)?;
    }
    if control & NETWORK_MESSAGES != 0 {
        return Some((function, Inside::Network(reader.u8()?)));
    }
    Some((function, Inside::Apdu(reader.rest())))
}

/// What an application's message is.
enum Apdu<'a> {
    Confirmed(u8, &'a [u8]),
    Unconfirmed(u8, &'a [u8]),
    SimpleAck(u8),
    ComplexAck(u8, &'a [u8]),
    SegmentAck,
    Error(u8, &'a [u8]),
    Reject(u8),
    Abort(u8),
}

fn apdu(bytes: &[u8]) -> Option<Apdu<'_>> {
    let mut reader = Reader::new(bytes);
    let first = reader.u8()?;
    let segmented = first & 8 != 0;
    let apdu = match first >> 4 {
        0 => {
            reader.skip(if segmented { 4 } else { 2 })?;
            Apdu::Confirmed(reader.u8()?, reader.rest())
        }
        1 => Apdu::Unconfirmed(reader.u8()?, reader.rest()),
        2 => {
            reader.skip(1)?;
            Apdu::SimpleAck(reader.u8()?)
        }
        3 => {
            reader.skip(if segmented { 3 } else { 1 })?;
            Apdu::ComplexAck(reader.u8()?, reader.rest())
        }
        4 => Apdu::SegmentAck,
        5 => {
            reader.skip(1)?;
            Apdu::Error(reader.u8()?, reader.rest())
        }
        6 => {
            reader.skip(1)?;
            Apdu::Reject(reader.u8()?)
        }
        7 => {
            reader.skip(1)?;
            Apdu::Abort(reader.u8()?)
        }
        _ => return None,
    };
    Some(apdu)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let asks = sample.role == Role::Client;
    match open(sample.bytes) {
        None => Verdict::Reject,
        // The link's own messages are short; the other side has to say as much. Results and tables are answers.
        Some((function, Inside::Link)) if matches!(function, 0 | 3 | 7) == asks => Verdict::Reject,
        Some((_, Inside::Link)) => Verdict::Likely,
        Some((_, Inside::Network(kind))) if names::network(kind).is_some() => Verdict::Match,
        Some((_, Inside::Network(_))) => Verdict::Likely,
        Some((_, Inside::Apdu(bytes))) => match apdu(bytes) {
            Some(Apdu::Unconfirmed(I_AM | I_HAVE, _)) => {
                if asks {
                    Verdict::Reject
                } else {
                    Verdict::Match
                }
            }
            Some(Apdu::Confirmed(service, _)) if asks && names::confirmed(service).is_some() => Verdict::Match,
            Some(Apdu::Unconfirmed(service, _)) if asks && names::unconfirmed(service).is_some() => Verdict::Match,
            Some(Apdu::Confirmed(..) | Apdu::Unconfirmed(..)) | None => Verdict::Reject,
            Some(_) if asks => Verdict::Reject,
            Some(_) => Verdict::Match,
        },
    }
}

/// An object's type and instance, by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Object(u32);

impl Object {
    fn text(self) -> String {
        let (kind, instance) = (self.0 >> 22, self.0 & 0x3f_ffff);
        format!("{}:{instance}", named(names::object(kind), kind))
    }
}

/// What was counted as a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Confirmed(u8),
    Unconfirmed(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Error(u32),
    Reject(u8),
    Abort(u8),
}

#[derive(Debug, Default)]
struct Bacnet {
    bvlc: Tally<u8>,
    services: Tally<Service>,
    answered: Tally<u8>,
    devices: List<u32>,
    vendors: List<u32>,
    sought: List<Text>,
    objects: List<Object, NAMES>,
    properties: List<u32, NAMES>,
    written: List<(Object, u32)>,
    troubles: Tally<Trouble>,
    network: Tally<u8>,
    device_name: Text,
    vendor: Text,
    model: Text,
    firmware: Text,
    software: Text,
}

impl Bacnet {
    fn apdu(&mut self, apdu: Apdu<'_>) -> Option<()> {
        match apdu {
            Apdu::Confirmed(service, parameters) => {
                self.services.count(Service::Confirmed(service));
                self.confirmed(service, Tags::new(parameters))
            }
            Apdu::Unconfirmed(service, parameters) => {
                self.services.count(Service::Unconfirmed(service));
                self.unconfirmed(service, Tags::new(parameters))
            }
            Apdu::SimpleAck(service) => {
                self.answered.count(service);
                Some(())
            }
            Apdu::ComplexAck(service, parameters) => {
                self.answered.count(service);
                self.answer(service, Tags::new(parameters))
            }
            Apdu::SegmentAck => None,
            Apdu::Error(service, parameters) => {
                self.answered.count(service);
                // Class, then code; both enumerated.
                let mut tags = Tags::new(parameters);
                let code = tags.nth(1)?.number()?;
                self.troubles.count(Trouble::Error(code));
                Some(())
            }
            Apdu::Reject(reason) => {
                self.troubles.count(Trouble::Reject(reason));
                Some(())
            }
            Apdu::Abort(reason) => {
                self.troubles.count(Trouble::Abort(reason));
                Some(())
            }
        }
    }

    fn confirmed(&mut self, service: u8, mut tags: Tags<'_>) -> Option<()> {
        match service {
            READ | WRITE => {
                let object = Object(tags.next()?.context(0)?.number()?);
                let property = tags.next()?.context(1)?.number()?;
                self.about(object, property, service == WRITE);
            }
            READ_MULTIPLE | WRITE_MULTIPLE => {
                let (mut object, mut depth) = (None, 0u32);
                for tag in tags {
                    if tag.opens() {
                        depth += 1;
                    } else if tag.closes() {
                        depth = depth.saturating_sub(1);
                    } else if depth == 0
                        && let Some(number) = tag.context(0).and_then(|tag| tag.number())
                    {
                        object = Some(Object(number));
                    } else if depth == 1
                        && let (Some(object), Some(property)) = (object, tag.context(0).and_then(|tag| tag.number()))
                    {
                        self.about(object, property, service == WRITE_MULTIPLE);
                    }
                }
            }
            // Subscriptions, ranges, files: the object comes early.
            _ => {
                let object = tags.take(2).filter(|tag| tag.is_object()).find_map(|tag| tag.number())?;
                self.objects.push_distinct(Object(object));
            }
        }
        Some(())
    }

    fn about(&mut self, object: Object, property: u32, writes: bool) {
        self.objects.push_distinct(object);
        if writes {
            self.written.push_distinct((object, property));
        } else {
            self.properties.push_distinct(property);
        }
    }

    fn unconfirmed(&mut self, service: u8, mut tags: Tags<'_>) -> Option<()> {
        match service {
            I_AM => {
                let device = tags.next()?.number()?;
                if device >> 22 == DEVICE_TYPE {
                    self.devices.push_distinct(device & 0x3f_ffff);
                    // The longest message, segmentation, vendor.
                    self.vendors.push_distinct(tags.nth(2)?.number()?);
                }
            }
            I_HAVE => {
                let (device, object) = (tags.next()?.number()?, tags.next()?.number()?);
                self.devices.push_distinct(device & 0x3f_ffff);
                self.objects.push_distinct(Object(object));
            }
            WHO_IS => {
                let (first, last) = (tags.next()?.number()?, tags.next()?.number()?);
                self.sought.push_distinct(Text::from(format!("{first}-{last}").as_str()));
            }
            WHO_HAS => {
                for tag in tags {
                    if let Some(object) = tag.context(2).and_then(|tag| tag.number()) {
                        self.sought.push_distinct(Text::from(Object(object).text().as_str()));
                    } else if let Some(name) = tag.context(3).and_then(|tag| tag.string()) {
                        self.sought.push_distinct(Text::new(name));
                    }
                }
            }
            _ => {
                let object = tags.take(3).filter(|tag| tag.is_object()).find_map(|tag| tag.number())?;
                self.objects.push_distinct(Object(object));
            }
        }
        Some(())
    }

    /// What an answer says of the device it comes from.
    fn answer(&mut self, service: u8, tags: Tags<'_>) -> Option<()> {
        let one = service == READ;
        if !one && service != READ_MULTIPLE {
            return None;
        }
        // One property: object 0, property 1, value in 3. Several: object 0, in 1 each property 2, value in 4.
        let (property_tag, depth_of_value) = if one { (1, 1) } else { (2, 2) };
        let (mut object, mut property, mut depth) = (None, None, 0u32);
        for tag in tags {
            if tag.opens() {
                depth += 1;
            } else if tag.closes() {
                depth = depth.saturating_sub(1);
            } else if depth == depth_of_value {
                if let (Some(object), Some(property), Some(text)) = (object, property, tag.text()) {
                    self.names(object, property, text);
                }
            } else if let Some(number) = tag.context(0).and_then(|tag| tag.number())
                && depth == 0
            {
                object = Some(Object(number));
                self.objects.push_distinct(Object(number));
            } else if let Some(number) = tag.context(property_tag).and_then(|tag| tag.number()) {
                property = Some(number);
                self.properties.push_distinct(number);
            }
        }
        Some(())
    }

    fn names(&mut self, object: Object, property: u32, text: &[u8]) {
        if object.0 >> 22 != DEVICE_TYPE {
            return;
        }
        let slot = match property {
            77 => &mut self.device_name,
            121 => &mut self.vendor,
            70 => &mut self.model,
            44 => &mut self.firmware,
            12 => &mut self.software,
            _ => return,
        };
        if slot.is_empty() {
            *slot = Text::new(text);
        }
    }
}

impl Messages for Bacnet {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        if open(bytes).is_some() { Extent::Whole(bytes.len()) } else { Extent::Broken }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if let Some((function, inside)) = open(message.bytes) {
            self.bvlc.count(function);
            match inside {
                Inside::Link => {}
                Inside::Network(kind) => self.network.count(kind),
                Inside::Apdu(bytes) => {
                    let _ = apdu(bytes).and_then(|apdu| self.apdu(apdu));
                }
            }
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        self.bvlc.write(&mut element, &BVLC, |function| named(names::bvlc(*function), *function));
        if self.services.is_empty() {
            self.answered.write(&mut element, &SERVICE, |service| named(names::confirmed(*service), *service));
        } else {
            self.services.write(&mut element, &SERVICE, |service| match *service {
                Service::Confirmed(service) => named(names::confirmed(service), service),
                Service::Unconfirmed(service) => named(names::unconfirmed(service), service),
            });
        }
        for (field, list) in [(&DEVICE, &self.devices), (&VENDOR_ID, &self.vendors)] {
            element.list(field, list.items().iter().map(|number| u64::from(*number)), list.omitted());
        }
        element.texts(&SOUGHT, &self.sought);
        counts::write_list(&mut element, &OBJECT, &self.objects, |object| object.text());
        counts::write_list(&mut element, &PROPERTY, &self.properties, |number| {
            named(names::property(*number), *number)
        });
        counts::write_list(&mut element, &WRITTEN, &self.written, |(object, property)| {
            format!("{}/{}", object.text(), named(names::property(*property), *property))
        });
        self.troubles.write(&mut element, &ERROR, |trouble| match *trouble {
            Trouble::Error(code) => named(names::error(code), code),
            Trouble::Reject(reason) => format!("reject_{reason}").into(),
            Trouble::Abort(reason) => format!("abort_{reason}").into(),
        });
        self.network.write(&mut element, &NETWORK_MESSAGE, |kind| named(names::network(*kind), *kind));
        for (field, text) in [
            (&DEVICE_NAME, &self.device_name),
            (&VENDOR, &self.vendor),
            (&MODEL, &self.model),
            (&FIRMWARE, &self.firmware),
            (&SOFTWARE, &self.software),
        ] {
            element.text(field, text);
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.device_name, &self.vendor, &self.model, &self.firmware, &self.software];
        self.bvlc.heap_bytes()
            + self.services.heap_bytes()
            + self.answered.heap_bytes()
            + counts::list_bytes(&self.devices)
            + counts::list_bytes(&self.vendors)
            + counts::texts_bytes(&self.sought)
            + counts::list_bytes(&self.objects)
            + counts::list_bytes(&self.properties)
            + counts::list_bytes(&self.written)
            + self.troubles.heap_bytes()
            + self.network.heap_bytes()
            + texts.map(Text::heap_bytes).iter().sum::<usize>()
    }
}
