//! PFCP: how the control plane of a mobile network steers its user plane (3GPP TS 29.244).
//!
//! ```text
//! 001 00 FO MP S  type:8  length:16  [session:64]  sequence:24  priority:8    then elements    (7.2.2)
//! element         type:16  length:16  value                                                     (8.1.1)
//! ```
//!
//! A message is believed if its elements fill it. Ignored on purpose: rules, reports, elements inside others.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static MESSAGES: Field = Field::number("messages", "messages", "3GPP TS 29.244 7.3");
static MESSAGE: Field = Field::text("message", "kinds of messages", "3GPP TS 29.244 7.3").list();
static NODE: Field = Field::text("node", "addresses or names of nodes", "3GPP TS 29.244 8.2.38").list();
static CAUSE: Field = Field::text("cause", "`accepted`, or the number of a cause", "3GPP TS 29.244 8.2.1").list();
static SEID: Field =
    Field::text("seid", "session endpoints in headers, in hexadecimal", "3GPP TS 29.244 7.2.2.4").list();
static ELEMENT: Element =
    Element { name: "pfcp", meaning: "PFCP", fields: &[&MESSAGES, &MESSAGE, &NODE, &CAUSE, &SEID] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "pfcp",
    about: About {
        name: "Packet Forwarding Control Protocol",
        specification: "3GPP TS 29.244",
        evidence: "elements that fill the message",
        limits: "rules and reports",
        ports: &[8805],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x20..=0x27]),
    probe,
    open: |_: &Opening| Box::new(Pfcp::default()),
};

/// A message.
struct Message<'a> {
    name: &'static str,
    seid: Option<u64>,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the first message of a datagram; `None` where it does not end where it says.
    fn read(datagram: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(datagram);
        let flags = reader.u8().filter(|flags| flags & 0xf8 == 0x20)?;
        let name = name(reader.u8()?)?;
        let length = usize::from(reader.be_u16()?);
        let mut inside = reader.sub(length)?;
        let seid = if flags & 1 != 0 { Some(inside.be_u64()?) } else { None };
        inside.skip(4)?;
        // Only with FO is there another message behind.
        (flags & 4 != 0 || reader.is_empty()).then_some(Self { name, seid, body: inside.rest() })
    }

    fn elements(&self) -> impl Iterator<Item = Option<(u16, &'a [u8])>> + use<'a> {
        let mut reader = Reader::new(self.body);
        let mut broken = false;
        std::iter::from_fn(move || {
            if reader.is_empty() || broken {
                return None;
            }
            let element = reader.be_u16().zip(reader.be_u16());
            let element = element.and_then(|(kind, length)| Some((kind, reader.take(usize::from(length))?)));
            broken = element.is_none();
            Some(element)
        })
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(message) = Message::read(sample.bytes) else {
        return Verdict::Reject;
    };
    let answers = message.name.ends_with("-response");
    let filled = message.elements().all(|element| element.is_some_and(|(kind, _)| kind > 0));
    if answers != (sample.role == Role::Server) || !filled || message.body.is_empty() {
        return Verdict::Reject;
    }
    Verdict::Match
}

#[derive(Debug, Default)]
struct Pfcp {
    messages: u64,
    names: List<&'static str>,
    nodes: List<Text>,
    causes: List<Text>,
    seids: List<u64>,
}

impl Dissector for Pfcp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(message) = Message::read(chunk.bytes) {
            self.messages = self.messages.saturating_add(1);
            self.names.push_distinct(message.name);
            if let Some(seid) = message.seid.filter(|seid| *seid != 0) {
                self.seids.push_distinct(seid);
            }
            for (kind, value) in message.elements().flatten() {
                match (kind, value) {
                    (19, [1]) => self.causes.push_distinct(Text::from("accepted")),
                    (19, [cause]) => self.causes.push_distinct(Text::from(cause.to_string().as_str())),
                    (60, value) => {
                        if let Some(node) = node(value) {
                            self.nodes.push_distinct(node);
                        }
                    }
                    _ => {}
                }
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut pfcp = out.element(&ELEMENT);
        if self.messages > 0 {
            pfcp.number(&MESSAGES, self.messages);
        }
        pfcp.list(&MESSAGE, self.names.items().iter().copied(), self.names.omitted());
        pfcp.texts(&NODE, &self.nodes);
        pfcp.texts(&CAUSE, &self.causes);
        let seids: Vec<String> = self.seids.items().iter().map(|seid| format!("{seid:016x}")).collect();
        pfcp.list(&SEID, seids.iter().map(|seid| seid.as_bytes()), self.seids.omitted());
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.nodes.items().iter().chain(self.causes.items());
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + size_of_val(self.names.items())
            + size_of_val(self.seids.items())
    }
}

/// A node's address, or its name in labels.
fn node(value: &[u8]) -> Option<Text> {
    let mut reader = Reader::new(value);
    match reader.u8()? & 0x0f {
        0 => Some(Text::from(Ipv4Addr::from(reader.array::<4>()?).to_string().as_str())),
        1 => Some(Text::from(Ipv6Addr::from(reader.array::<16>()?).to_string().as_str())),
        2 => {
            let mut name = Vec::new();
            while let Some(label) = reader.u8().and_then(|length| reader.take(usize::from(length))) {
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(label);
            }
            Some(Text::new(&name))
        }
        _ => None,
    }
}

/// The name of a message (3GPP TS 29.244 7.3).
fn name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "heartbeat-request",
        2 => "heartbeat-response",
        3 => "pfd-management-request",
        4 => "pfd-management-response",
        5 => "association-setup-request",
        6 => "association-setup-response",
        7 => "association-update-request",
        8 => "association-update-response",
        9 => "association-release-request",
        10 => "association-release-response",
        11 => "version-not-supported-response",
        12 => "node-report-request",
        13 => "node-report-response",
        14 => "session-set-deletion-request",
        15 => "session-set-deletion-response",
        50 => "session-establishment-request",
        51 => "session-establishment-response",
        52 => "session-modification-request",
        53 => "session-modification-response",
        54 => "session-deletion-request",
        55 => "session-deletion-response",
        56 => "session-report-request",
        57 => "session-report-response",
        _ => return None,
    })
}
