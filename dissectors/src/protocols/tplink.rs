//! TP-Link's smart plugs and lamps (Kasa): JSON that is hidden by a chain of exclusive ors.
//!
//! Specification: not published; softScheck, "Reverse Engineering the TP-Link HS110".
//!
//! ```text
//! TCP   length:4  hidden JSON       UDP  hidden JSON
//! each byte is its own, or-ed exclusively with the hidden one before it; the first with 171
//! ```
//!
//! JSON comes out of it, and over TCP the length fits: that proves it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::json;
use crate::noted::{Form, Notes, datagram, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static COMMAND: Field = Field::text("command", "modules and commands, each with how often", "HS110").list();
static ALIAS: Field = Field::text("alias", "the device's name", "HS110");
static MODEL: Field = Field::text("model", "its model", "HS110");
static DEVICE: Field = Field::text("device_id", "its number", "HS110");
static FIRMWARE: Field = Field::text("firmware", "its software", "HS110");
static MAC: Field = Field::text("mac", "its address", "HS110");

static ELEMENT: Element = Element {
    name: "tplink",
    meaning: "a smart plug or lamp of TP-Link",
    fields: &[&COMMAND, &ALIAS, &MODEL, &FIRMWARE, &DEVICE, &MAC],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tplink",
    about: About {
        name: "TP-Link Smart Home",
        specification: "not published; softScheck",
        evidence: "JSON behind the chain of exclusive ors",
        limits: "devices with the newer, encrypted protocol",
        ports: &[9999, 20002],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0, 0xd0..=0xd0]),
    probe,
    open: |opening| if opening.transport == Transport::Tcp { STREAM.open(opening) } else { DATAGRAMS.open(opening) },
};

static STREAM: Form = Form { element: &ELEMENT, extent, read: |notes, message| read(notes, message, 4) };
static DATAGRAMS: Form = Form { element: &ELEMENT, extent: datagram, read: |notes, message| read(notes, message, 0) };

/// `{"` and `}` hidden.
const BEGINNING: &[u8] = &[0xd0, 0xf2];

fn shown(hidden: &[u8]) -> Vec<u8> {
    let before = std::iter::once(&171).chain(hidden);
    hidden.iter().zip(before).map(|(byte, before)| byte ^ before).collect()
}

fn is_json(hidden: &[u8]) -> bool {
    let text = shown(hidden.get(..64).unwrap_or(hidden));
    hidden.starts_with(BEGINNING) && text.len() >= 8 && text.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x80..))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, 4, |bytes| {
        let length = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
        (length < 1 << 16).then(|| usize::try_from(length).ok())?.and_then(|length| length.checked_add(4))
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.transport == Transport::Udp {
        return if is_json(sample.bytes) { Verdict::Match } else { Verdict::Reject };
    }
    match sample.bytes {
        [0, 0, high, low, hidden @ ..] if (u16::from_be_bytes([*high, *low])) >= 8 => {
            let enough = hidden.len() >= 64 || hidden.len() >= usize::from(u16::from_be_bytes([*high, *low]));
            match (enough, hidden.starts_with(BEGINNING) || BEGINNING.starts_with(hidden)) {
                (true, true) if is_json(hidden) => Verdict::Match,
                (false, true) => Verdict::NeedMore,
                _ => Verdict::Reject,
            }
        }
        [0] | [0, 0] | [0, 0, _] => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>, skip: usize) -> bool {
    let text = shown(message.bytes.get(skip..).unwrap_or_default());
    if message.role == Role::Client {
        // {"system":{"get_sysinfo":{}}}
        let mut names = text.split(|byte| *byte == b'"').skip(1).step_by(2);
        if let Some((module, command)) = names.next().zip(names.next()) {
            notes.tally(&COMMAND, &[module, b".", command].concat());
        }
    } else {
        let fields: [(&'static Field, &[u8]); 5] =
            [(&ALIAS, b"alias"), (&MODEL, b"model"), (&DEVICE, b"deviceId"), (&FIRMWARE, b"sw_ver"), (&MAC, b"mac")];
        for (field, name) in fields {
            notes.text(field, json::text(&text, name).unwrap_or_default());
        }
    }
    true
}
