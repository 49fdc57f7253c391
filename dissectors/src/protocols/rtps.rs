//! RTPS, by which participants of DDS (ROS 2 and others) exchange data.
//!
//! Specification: OMG DDSI-RTPS 2.3.
//!
//! ```text
//! message      "RTPS" version:2 vendor:2 participant:12  submessages
//! submessage   id:1 flags:1 (bit 0: least first) length:2 content
//! data (15)    flags:2 to qos:2 reader:4 writer:4 number:8  [qos]  encapsulation:2 options:2  content
//! parameters   id:2 length:2 value ...; 1 ends them; 5 topic, 7 type, 62 name: length:4 text 0
//! ```
//!
//! The name and a submessage that fits prove it. Of data only lists of parameters are looked into, which tell of topics.

use crate::counts::trimmed;
use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::hex::hex;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "version of the protocol", "DDSI-RTPS 8.3.3");
static VENDOR: Field = Field::text("vendor", "whose implementations, each once", "DDSI-RTPS 8.3.3").list();
static PARTICIPANT: Field = Field::text("participant", "who sends, each once", "DDSI-RTPS 8.2.4").list();
static SUBMESSAGE: Field = Field::text("submessage", "what is sent, each with how often", "DDSI-RTPS 8.3.7").list();
static NAME: Field = Field::text("name", "names of participants", "DDSI-RTPS 9.6.2").list();
static TOPIC: Field = Field::text("topic", "topics that are offered or wanted", "DDSI-RTPS 9.6.2").list();
static TYPE: Field = Field::text("type", "types of their data", "DDSI-RTPS 9.6.2").list();

static ELEMENT: Element = Element {
    name: "rtps",
    meaning: "data among participants of DDS",
    fields: &[&VERSION, &VENDOR, &PARTICIPANT, &SUBMESSAGE, &NAME, &TOPIC, &TYPE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rtps",
    about: About {
        name: "Real-Time Publish-Subscribe, the wire of DDS",
        specification: "OMG DDSI-RTPS 2.3",
        evidence: "the name and a submessage that fits",
        limits: "data but what tells of topics; fragments of data",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'R'..=b'R']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const DATA: u8 = 0x15;
/// The most submessages that are looked at in a datagram.
const SUBMESSAGES: usize = 32;
/// The most parameters of a list.
const PARAMETERS: usize = 64;

/// Two bytes in the order that a submessage has.
fn short(reader: &mut Reader<'_>, little: bool) -> Option<u16> {
    if little { reader.le_u16() } else { reader.be_u16() }
}

/// The next submessage: its id, its order, its content.
fn submessage<'a>(reader: &mut Reader<'a>) -> Option<(u8, u8, &'a [u8])> {
    let (id, flags) = (reader.u8()?, reader.u8()?);
    let length = usize::from(short(reader, flags & 1 == 1)?);
    // The last one may say 0 for all that follows (DDSI-RTPS 8.3.3.2.3).
    let to_end = length == 0 && !matches!(id, 0x01 | 0x09) && !reader.is_empty();
    let content = reader.take(if to_end { reader.len() } else { length })?;
    Some((id, flags, content))
}

/// Whether a datagram begins with a message and a submessage that fits.
fn fits(bytes: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(bytes);
    let (magic, version) = (reader.take(4)?, reader.array::<2>()?);
    reader.skip(14)?;
    let (id, _, _) = submessage(&mut reader)?;
    Some(magic == b"RTPS" && matches!(version, [1 | 2, 0..=9]) && (name(id) != "other" || id >= 0x80))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if fits(sample.bytes) == Some(true) { Verdict::Match } else { Verdict::Reject }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    let mut content = || {
        (reader.take(4)? == b"RTPS").then_some(())?;
        let ([major, minor], vendor) = (reader.array::<2>()?, reader.be_u16()?);
        notes.text(&VERSION, format!("{major}.{minor}").as_bytes());
        notes.name(&VENDOR, u32::from(vendor), vendors);
        notes.text(&PARTICIPANT, hex(reader.take(12)?).as_bytes());
        for _ in 0..SUBMESSAGES {
            let (id, flags, content) = submessage(&mut reader)?;
            notes.tally(&SUBMESSAGE, name(id).as_bytes());
            if id == DATA {
                let _ = parameters(notes, content, flags);
            }
        }
        Some(())
    };
    content();
    true
}

/// Reads what data tell of topics.
fn parameters(notes: &mut Notes, data: &[u8], flags: u8) -> Option<()> {
    let (little, mut reader) = (flags & 1 == 1, Reader::new(data));
    reader.skip(2)?;
    // From behind itself to the qos; reader, writer and number are passed over with it.
    let to_qos = usize::from(short(&mut reader, little)?);
    reader.skip(to_qos)?;
    if flags & 2 != 0 {
        for _ in 0..PARAMETERS {
            let (id, length) = (short(&mut reader, little)?, short(&mut reader, little)?);
            if id == 1 {
                break;
            }
            reader.skip(usize::from(length))?;
        }
    }
    let little = match reader.be_u16()? {
        2 => false,
        3 => true,
        _ => return None,
    };
    reader.skip(2)?;
    for _ in 0..PARAMETERS {
        let (id, length) = (short(&mut reader, little)?, short(&mut reader, little)?);
        let mut value = reader.sub(usize::from(length))?;
        let field = match id {
            1 => break,
            0x05 => &TOPIC,
            0x07 => &TYPE,
            0x62 => &NAME,
            _ => continue,
        };
        let length = if little { value.le_u32()? } else { value.be_u32()? };
        notes.text(field, trimmed(value.take(usize::try_from(length).ok()?)?));
    }
    Some(())
}

const fn name(id: u8) -> &'static str {
    match id {
        0x01 => "pad",
        0x06 => "acknack",
        0x07 => "heartbeat",
        0x08 => "gap",
        0x09 => "info-ts",
        0x0c => "info-src",
        0x0d => "info-reply-ip4",
        0x0e => "info-dst",
        0x0f => "info-reply",
        0x12 => "nack-frag",
        0x13 => "heartbeat-frag",
        DATA => "data",
        0x16 => "data-frag",
        0x30..=0x34 => "secure",
        _ => "other",
    }
}

/// Vendors (OMG's list of DDS implementations).
const fn vendors(vendor: u32) -> Option<&'static str> {
    Some(match vendor {
        0x0101 => "rti-connext",
        0x0102 => "opensplice",
        0x0103 => "opendds",
        0x0106 => "coredx",
        0x010f => "fast-dds",
        0x0110 => "cyclone-dds",
        0x0111 => "gurum-dds",
        0x0112 => "rust-dds",
        _ => return None,
    })
}
