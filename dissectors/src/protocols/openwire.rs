//! OpenWire, the wire of ActiveMQ.
//!
//! ```text
//! info   length:4  kind:1 (1)  "ActiveMQ"  version:4  present:1 length:4  options: count:4  name:(length:2 text) kind:1 value ...
//! ```
//!
//! The first message of a side proves it. Of what follows nothing is read, as its form depends on options.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static CLIENT_VERSION: Field =
    Field::number("client_version", "version that who connected has", "OpenWire, WireFormatInfo");
static SERVER_VERSION: Field =
    Field::number("server_version", "version that the other has", "OpenWire, WireFormatInfo");
static PRODUCT: Field =
    Field::text("product", "software and its version, where it is told", "OpenWire, WireFormatInfo").list();

static ELEMENT: Element = Element {
    name: "openwire",
    meaning: "a broker of ActiveMQ",
    fields: &[&CLIENT_VERSION, &SERVER_VERSION, &PRODUCT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "openwire",
    about: About {
        name: "OpenWire of ActiveMQ",
        specification: "ActiveMQ, OpenWire wire format",
        evidence: "the first message of a side with its magic",
        limits: "everything behind the first messages",
        ports: &[61616],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const MAGIC: &[u8] = b"\x01ActiveMQ";
/// The longest first message.
const INFO_BYTES: u32 = 4096;

fn length(bytes: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(bytes);
    reader.be_u32().filter(|length| (13..INFO_BYTES).contains(length))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, 4, |bytes| usize::try_from(length(bytes)?.checked_add(4)?).ok())
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.bytes, length(sample.bytes)) {
        ([0] | [0, 0] | [0, 0, _], _) => Verdict::NeedMore,
        ([_, _, _, _, rest @ ..], Some(_)) => crate::noted::begins(rest, MAGIC),
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    let version = reader
        .skip(4)
        .and_then(|()| reader.take(MAGIC.len()))
        .filter(|magic| *magic == MAGIC)
        .and_then(|_| reader.be_u32());
    if let Some(version) = version {
        notes.number(if message.role == Role::Client { &CLIENT_VERSION } else { &SERVER_VERSION }, u64::from(version));
        let _ = options(notes, reader);
    }
    // Both have told what they are.
    !(notes.has(&CLIENT_VERSION) && notes.has(&SERVER_VERSION))
}

fn options(notes: &mut Notes, mut reader: Reader<'_>) -> Option<()> {
    reader.skip(5)?;
    let (mut product, mut version) = (Vec::new(), &b""[..]);
    for _ in 0..reader.be_u32()?.min(32) {
        let length = usize::from(reader.be_u16()?);
        let name = reader.take(length)?;
        match reader.u8()? {
            1 | 2 => reader.skip(1)?,
            3 | 4 => reader.skip(2)?,
            5 | 7 => reader.skip(4)?,
            6 | 8 => reader.skip(8)?,
            9 | 13 => {
                let length = usize::from(reader.be_u16()?);
                let value = reader.take(length)?;
                match name {
                    b"ProviderName" => product = value.to_vec(),
                    b"ProviderVersion" => version = value,
                    _ => {}
                }
            }
            _ => break,
        }
    }
    if !product.is_empty() {
        product.extend_from_slice(b" ");
        product.extend_from_slice(version);
        notes.text(&PRODUCT, product.trim_ascii());
    }
    Some(())
}
