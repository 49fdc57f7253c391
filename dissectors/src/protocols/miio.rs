//! miIO, by which Xiaomi's smart devices are spoken to.
//!
//! Specification: not published; OpenMiHome, "Mi Home Binary Protocol".
//!
//! ```text
//! packet   2131 length:2 zero or ff:4 device:4 stamp:4 check:16  sealed, as long as the datagram
//! hello    2131 0020 ff:28
//! ```
//!
//! A hello, or an answer of its size, proves it; another packet fits by its length.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static DEVICE: Field = Field::text("device_id", "numbers of devices, each once", "Mi Home Binary Protocol").list();
static STAMP: Field = Field::number("uptime", "how long the device has been up", "Mi Home Binary Protocol").unit("s");
static HELLOS: Field = Field::number("hellos", "greetings and their answers", "Mi Home Binary Protocol");
static SEALED: Field = Field::number("sealed", "packets with something in them", "Mi Home Binary Protocol");

static ELEMENT: Element =
    Element { name: "miio", meaning: "a smart device of Xiaomi", fields: &[&DEVICE, &STAMP, &HELLOS, &SEALED] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "miio",
    about: About {
        name: "Xiaomi's miIO",
        specification: "not published; OpenMiHome",
        evidence: "a hello of its size, or its answer",
        limits: "what is sealed",
        ports: &[54321],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x21..=0x21]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const HEAD: usize = 32;

/// A packet's device and stamp; `None` in it for a hello.
fn packet(bytes: &[u8]) -> Option<Option<(u32, u32)>> {
    let mut reader = Reader::new(bytes);
    let (magic, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
    (magic == 0x2131 && length == bytes.len() && length >= HEAD).then_some(())?;
    let (unknown, device, stamp) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    match unknown {
        0 if length == HEAD || (length - HEAD).is_multiple_of(16) => Some(Some((device, stamp))),
        u32::MAX if reader.rest().iter().all(|byte| *byte == 0xff) && length == HEAD => Some(None),
        _ => None,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match packet(sample.bytes) {
        Some(None) => Verdict::Match,
        Some(Some(_)) => Verdict::Likely,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if let Some(told) = packet(message.bytes) {
        if message.bytes.len() > HEAD {
            notes.count(&SEALED);
            notes.encrypted();
        } else {
            notes.count(&HELLOS);
        }
        if let Some((device, stamp)) = told.filter(|(device, _)| *device != u32::MAX) {
            notes.text(&DEVICE, format!("{device:08x}").as_bytes());
            notes.number(&STAMP, u64::from(stamp));
        }
    }
    true
}
