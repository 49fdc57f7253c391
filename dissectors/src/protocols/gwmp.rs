//! The packet forwarder of LoRaWAN gateways (Semtech's PROTOCOL.TXT of packet_forwarder).
//!
//! ```text
//! gateway  version:1 (1 or 2) token:2 kind:1 (0 push, 2 pull, 5 acknowledgement) gateway:8  [JSON {"rxpk" or "stat" or "txpk_ack"]
//! server   version:1 token:2 kind:1 (1, 4 acknowledgements)     3 pull response: JSON {"txpk"
//! ```
//!
//! JSON with its known names behind the header proves it; a pull and acknowledgements only fit together.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::hex::hex;
use crate::json;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static GATEWAY: Field = Field::text("gateway", "the gateway's EUI", "packet_forwarder 3").list();
static KIND: Field = Field::text("kind", "datagrams, each with how often", "packet_forwarder 3").list();
static RECEIVED: Field = Field::number("received", "reports with packets that sensors sent", "packet_forwarder 4");
static FREQUENCY: Field =
    Field::text("frequency", "where they were heard, each once", "packet_forwarder 4").list().unit("MHz");

static ELEMENT: Element =
    Element { name: "gwmp", meaning: "a gateway of LoRaWAN", fields: &[&GATEWAY, &KIND, &RECEIVED, &FREQUENCY] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "gwmp",
    about: About {
        name: "Semtech's packet forwarder of LoRaWAN",
        specification: "Semtech, packet_forwarder PROTOCOL.TXT",
        evidence: "JSON with its known names behind the header",
        limits: "what sensors sent",
        ports: &[1680, 1700],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=2]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// A datagram's kind, gateway and JSON.
fn message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut reader = Reader::new(bytes);
    let (version, _token, kind) = (reader.u8()?, reader.be_u16()?, reader.u8()?);
    let gateway = if matches!(kind, 0 | 2 | 5) { reader.take(8)? } else { &[] };
    (matches!(version, 1 | 2) && kind <= 5).then_some((kind, gateway, reader.rest()))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some((kind, _, text)) = message(sample.bytes) else { return Verdict::Reject };
    let names: &[&[u8]] = match (sample.role, kind) {
        (Role::Client, 0) => &[b"{\"rxpk\"", b"{\"stat\""],
        (Role::Client, 5) => &[b"{\"txpk_ack\""],
        (Role::Server, 3) => &[b"{\"txpk\""],
        (Role::Client, 2) | (Role::Server, 1 | 4) if text.is_empty() => return Verdict::NeedMore,
        _ => return Verdict::Reject,
    };
    if names.iter().any(|name| text.starts_with(name)) { Verdict::Match } else { Verdict::Reject }
}

fn read(notes: &mut Notes, datagram: &Message<'_>) -> bool {
    let Some((kind, gateway, text)) = message(datagram.bytes) else { return true };
    let name = match kind {
        0 => "push",
        1 => "push-ack",
        2 => "pull",
        3 => "send",
        4 => "pull-ack",
        _ => "send-ack",
    };
    notes.tally(&KIND, name.as_bytes());
    notes.text(&GATEWAY, hex(gateway).as_bytes());
    if kind == 0 && text.starts_with(b"{\"rxpk\"") {
        notes.count(&RECEIVED);
        notes.text(&FREQUENCY, json::value(text, b"freq").unwrap_or_default());
    }
    true
}
