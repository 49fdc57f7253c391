//! DHIP, by which Dahua's cameras and recorders are found and ruled.
//!
//! Specification: not published; what devices and their tools send.
//!
//! ```text
//! message   20 00 00 00 "DHIP"  session:4 request:4  length:4 (least first) zero:4 length:4 zero:4   JSON
//! ```
//!
//! The head with its letters, and JSON behind it, prove it.

use crate::dictionary::{Element, Field, Flag};
use crate::framed::{Extent, Message};
use crate::json;
use crate::noted::{Form, Notes, begins, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static METHOD: Field = Field::text("method", "what was asked or told, each with how often", "DHIP").list();
static USER: Field = Field::text("user", "who logged in", "DHIP, global.login");
static DEVICE: Field =
    Field::text("device", "kinds of devices that told of themselves", "DHIP, client.notifyDevInfo").list();
static SERIAL: Field = Field::text("serial", "their serial numbers", "DHIP, client.notifyDevInfo").list();
static VERSION: Field = Field::text("version", "their software", "DHIP, client.notifyDevInfo").list();
static MAC: Field = Field::text("mac", "their hardware addresses", "DHIP, client.notifyDevInfo").list();

static ELEMENT: Element = Element {
    name: "dhip",
    meaning: "a camera or recorder of Dahua",
    fields: &[&METHOD, &USER, &DEVICE, &SERIAL, &VERSION, &MAC],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dhip",
    about: About {
        name: "Dahua's DHIP",
        specification: "not published",
        evidence: "the head with its letters",
        limits: "everything but a few names",
        ports: &[37777, 37810],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x20..=0x20]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const MAGIC: &[u8] = b"\x20\0\0\0DHIP";
const HEAD: usize = 32;

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| match bytes.strip_prefix(MAGIC)? {
        [_, _, _, _, _, _, _, _, a, b, c, d, ..] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]);
            (length < 1 << 24).then(|| usize::try_from(length).ok())?.and_then(|length| length.checked_add(HEAD))
        }
        _ => None,
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, MAGIC) {
        Verdict::NeedMore if sample.transport == Transport::Udp => Verdict::Reject,
        verdict => verdict,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let text = message.bytes.get(HEAD..).unwrap_or_default();
    if let Some(method) = json::text(text, b"method") {
        notes.tally(&METHOD, method);
        if method == b"global.login" {
            let user = json::text(text, b"userName").unwrap_or_default();
            notes.text(&USER, user);
            notes.user(user);
            if json::text(text, b"passwordType") == Some(b"Plain") {
                notes.flag(Flag::CleartextPassword);
            }
        }
    }
    for (field, name) in [(&DEVICE, &b"DeviceType"[..]), (&SERIAL, b"SerialNo"), (&VERSION, b"Version"), (&MAC, b"mac")]
    {
        notes.text(field, json::text(text, name).unwrap_or_default());
    }
    true
}
