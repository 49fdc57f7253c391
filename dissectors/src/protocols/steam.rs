//! Steam: its clients that look for each other in a network, and the older connection to its servers.
//!
//! Specification: not published; SteamKit, and Valve's protobuf of remote clients.
//!
//! ```text
//! discovery   ffffffff 214c5fa0  length:4 (least first) head (protobuf)  length:4 body (protobuf)        body: 4 host's name
//! connection  "VS01" length:2 kind:1 flags:1 source:4 destination:4 sequence:4 acknowledged:4 packets:4 first:4 size:4 content
//! ```
//!
//! The magic with lengths that fill the datagram proves it; so do the letters with a length.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::framing::is_text;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static KIND: Field = Field::text("kind", "`discovery`, `connection`", "Steam").list();
static HOST: Field = Field::text("host", "names of hosts with Steam", "Steam, CMsgRemoteClientBroadcastStatus").list();
static DATAGRAMS: Field = Field::number("datagrams", "datagrams of these kinds", "Steam");

static ELEMENT: Element = Element { name: "steam", meaning: "clients of Steam", fields: &[&KIND, &HOST, &DATAGRAMS] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "steam",
    about: About {
        name: "Steam's discovery and connection",
        specification: "not published; SteamKit",
        evidence: "the magic with lengths that fit",
        limits: "content",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'V'..=b'V', 0xff..=0xff]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const DISCOVERY: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0x21, 0x4c, 0x5f, 0xa0];
const CONNECTION: &[u8] = b"VS01";
const HEAD: usize = 36;

/// The body of a discovery.
fn discovery(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    (reader.array()? == DISCOVERY).then_some(())?;
    let head = usize::try_from(reader.le_u32()?).ok()?;
    reader.skip(head)?;
    let body = usize::try_from(reader.le_u32()?).ok()?;
    let body = reader.take(body)?;
    reader.is_empty().then_some(body)
}

fn is_connection(bytes: &[u8]) -> bool {
    let length = match bytes {
        [_, _, _, _, low, high, kind, ..] if bytes.starts_with(CONNECTION) && (1..=7).contains(kind) => {
            usize::from(u16::from_le_bytes([*low, *high]))
        }
        _ => return false,
    };
    bytes.len() == length.saturating_add(HEAD)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if discovery(sample.bytes).is_some() || is_connection(sample.bytes) { Verdict::Match } else { Verdict::Reject }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if let Some(body) = discovery(message.bytes) {
        notes.plain(&KIND, "discovery");
        notes.count(&DATAGRAMS);
        if let Some(host) = host(body) {
            notes.text(&HOST, host);
        }
    } else if is_connection(message.bytes) {
        notes.plain(&KIND, "connection");
        notes.count(&DATAGRAMS);
        notes.encrypted();
    }
    true
}

/// The fourth field of a body, where it is a text.
fn host(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    loop {
        let key = reader.u8()?;
        match key & 7 {
            0 => while reader.u8()? >= 0x80 {},
            1 => reader.skip(8)?,
            2 => {
                let length = reader.u8().filter(|length| *length < 0x80)?;
                let value = reader.take(usize::from(length))?;
                if key >> 3 == 4 {
                    return is_text(value).then_some(value);
                }
            }
            5 => reader.skip(4)?,
            _ => return None,
        }
    }
}
