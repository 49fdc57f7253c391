//! Art-Net: lights of a stage over UDP (Art-Net 4).
//!
//! ```text
//! packet       "Art-Net" 0  operation:2 (least first)  content
//! DMX          0 14  sequence:1 physical:1 universe:2 (least first)  length:2  levels
//! poll reply   address:4 port:2 firmware:2 net:1 sub:1 oem:2 ... short name:18 (at 26) long name:64 (at 44)
//! ```
//!
//! The identifier proves it. Levels are not told.

use std::net::IpAddr;

use crate::counts::trimmed;
use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, begins, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static OPERATION: Field = Field::text("operation", "operations, each with how often", "Art-Net 4").list();
static UNIVERSE: Field =
    Field::number("universe", "universes that levels were sent for, each once", "Art-Net 4").list();
static NAME: Field = Field::text("name", "short names of nodes that answered", "Art-Net 4").list();
static LONG_NAME: Field = Field::text("long_name", "their long names", "Art-Net 4").list();
static NODE: Field = Field::new(Kind::Address, "node", "their addresses", "Art-Net 4").list();

static ELEMENT: Element = Element {
    name: "artnet",
    meaning: "lights of a stage",
    fields: &[&OPERATION, &UNIVERSE, &NAME, &LONG_NAME, &NODE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "artnet",
    about: About {
        name: "Art-Net",
        specification: "Art-Net 4 Protocol Release",
        evidence: "the identifier",
        limits: "levels are not told",
        ports: &[6454],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'A'..=b'A']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const IDENTIFIER: &[u8] = b"Art-Net\0";

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, IDENTIFIER) {
        Verdict::Match if sample.bytes.len() >= 10 => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    let operation = reader.take(IDENTIFIER.len()).filter(|text| *text == IDENTIFIER).and_then(|_| reader.le_u16());
    let Some(operation) = operation else { return true };
    notes.tally(&OPERATION, name(operation).as_bytes());
    let mut content = || {
        match operation {
            0x5000 => {
                reader.skip(4)?;
                notes.number(&UNIVERSE, u64::from(reader.le_u16()?));
            }
            0x2100 => {
                let address = IpAddr::from(reader.array::<4>()?);
                reader.skip(12)?;
                let (short, long) = (reader.take(18)?, reader.take(64)?);
                notes.address(&NODE, address);
                notes.text(&NAME, trimmed(short));
                notes.text(&LONG_NAME, trimmed(long));
            }
            _ => {}
        }
        Some(())
    };
    content();
    true
}

const fn name(operation: u16) -> &'static str {
    match operation {
        0x2000 => "poll",
        0x2100 => "poll-reply",
        0x2300 => "diagnosis",
        0x2400 => "command",
        0x5000 => "dmx",
        0x5100 => "nzs",
        0x5200 => "sync",
        0x6000 => "address",
        0x7000 => "input",
        0x8000..=0x8300 => "rdm",
        0x9700 => "time-code",
        0x9800 => "time-sync",
        0x9900 => "trigger",
        0xf800..=0xf900 => "address-programming",
        _ => "other",
    }
}
