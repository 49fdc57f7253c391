//! WS-Discovery: how Windows, printers and cameras find one another (WS-Discovery 1.1 and its draft of April 2005), in datagrams of SOAP.
//!
//! Of the XML only the text of a few elements is read, by their names without the prefix: it is searched, not parsed. Limits:
//! [`ELEMENTS`] elements of a message, [`DISTINCT`] different values of each.
//!
//! Ignored on purpose: the same protocol over HTTP, which is HTTP; signatures, metadata versions.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

/// The most elements looked at in one message.
const ELEMENTS: usize = 128;
/// The most different values told.
const DISTINCT: usize = 16;

static ACTION: Field =
    Field::text("action", "`Probe`, `ProbeMatches`, `Resolve`, `Hello`, `Bye`, ..., each once", "WS-Discovery 4 to 6")
        .list();
static TYPES: Field = Field::text("types", "what is searched or there, each once", "WS-Discovery 2.6").list();
static SCOPES: Field = Field::text("scopes", "where or what a device says it is, each once", "WS-Discovery 2.6").list();
static ADDRESS: Field =
    Field::text("address", "endpoints by their lasting names, each once", "WS-Discovery 2.6, WS-Addressing").list();
static TRANSPORTS: Field =
    Field::text("xaddrs", "where devices are reached, each once", "WS-Discovery 2.6").list().long();

static ELEMENT: Element = Element {
    name: "wsd",
    meaning: "devices of web services: searched, found, announced",
    fields: &[&ACTION, &TYPES, &SCOPES, &ADDRESS, &TRANSPORTS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "wsd",
    about: About {
        name: "WS-Discovery",
        specification: "WS-Discovery 1.1, draft of April 2005",
        evidence: "an envelope of SOAP with an action of WS-Discovery",
        limits: "the XML is searched and not parsed; over HTTP it is `http`",
        ports: &[3702],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    // A mark of the byte order may come before the XML.
    first: FirstBytes::both(&[b'<'..=b'<', 0xef..=0xef, b'\r'..=b'\r', b'\n'..=b'\n', b' '..=b' ']),
    probe,
    open: |_: &Opening| Box::new(Wsd::default()),
};

/// The names of the protocol's two versions, as every message must have one of them.
const NAMESPACES: [&[u8]; 2] = [b"schemas.xmlsoap.org/ws/2005/04/discovery", b"docs.oasis-open.org/ws-dd/ns/discovery"];

fn probe(sample: &Sample<'_>) -> Verdict {
    let text = sample.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample.bytes).trim_ascii_start();
    let named = || NAMESPACES.iter().any(|name| memchr::memmem::find(sample.bytes, name).is_some());
    if !text.starts_with(b"<") || memchr::memmem::find(sample.bytes, b"Envelope").is_none() || !named() {
        return Verdict::Reject;
    }
    let action = elements(sample.bytes).find(|(name, _)| *name == b"Action").map(|(_, value)| last(value));
    let answers = match action {
        Some(b"ProbeMatches" | b"ResolveMatches") => Some(Role::Server),
        Some(_) => Some(Role::Client),
        None => None,
    };
    match answers {
        Some(role) if role == sample.role => Verdict::Match,
        None => Verdict::Likely,
        Some(_) => Verdict::Reject,
    }
}

/// The last part of an action's URI.
fn last(uri: &[u8]) -> &[u8] {
    uri.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Elements that begin with a text: their names without prefix, and that text.
fn elements(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    bytes.split(|byte| *byte == b'<').take(ELEMENTS).filter_map(|piece| {
        let at = memchr::memchr(b'>', piece)?;
        let (tag, text) = piece.split_at_checked(at)?;
        let name = tag.split(u8::is_ascii_whitespace).next()?;
        let name = name.rsplit(|byte| *byte == b':').next()?;
        let text = text.get(1..)?.trim_ascii();
        (!text.is_empty() && !tag.starts_with(b"/")).then_some((name, text))
    })
}

#[derive(Debug, Default)]
struct Wsd {
    actions: List<Text, DISTINCT>,
    types: List<Text, DISTINCT>,
    scopes: List<Text, DISTINCT>,
    addresses: List<Text, DISTINCT>,
    transports: List<Text, DISTINCT>,
}

impl Dissector for Wsd {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        for (name, text) in elements(chunk.bytes) {
            match name {
                b"Action" => self.actions.push_distinct(Text::new(last(text))),
                b"Types" => self.types.push_distinct(Text::new(text)),
                b"Scopes" => self.scopes.push_distinct(Text::new(text)),
                b"XAddrs" => self.transports.push_distinct(Text::long(text)),
                // Who is answered has an address as well, which is nobody's.
                b"Address" if !text.ends_with(b"/anonymous") => self.addresses.push_distinct(Text::new(text)),
                _ => {}
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.texts(&ACTION, &self.actions);
        element.texts(&TYPES, &self.types);
        element.texts(&SCOPES, &self.scopes);
        element.texts(&ADDRESS, &self.addresses);
        element.texts(&TRANSPORTS, &self.transports);
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.actions, &self.types, &self.scopes, &self.addresses, &self.transports];
        size_of::<Self>()
            + lists
                .iter()
                .flat_map(|list| list.items())
                .map(|text| size_of::<Text>() + text.heap_bytes())
                .sum::<usize>()
    }
}
