//! Gnutella: peers that share files (Gnutella 0.6).
//!
//! ```text
//! TCP   GNUTELLA CONNECT/0.6 CRLF fields CRLF      GNUTELLA/0.6 200 OK CRLF fields CRLF      then as over UDP, mostly compressed
//! UDP   id:16  kind:1 (00 ping 01 pong 02 bye 30 routes 31 vendor 40 push 80 query 81 hit)  ttl:1 hops:1  length:4 (least first)  content
//! ```
//!
//! The first line proves it; over UDP a header whose marks stand in its id and whose length is the datagram's.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::headed::Head;
use crate::noted::{Form, Notes, begins, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static AGENT: Field = Field::text("agent", "software of the peers", "Gnutella 0.6").list();
static LISTENS: Field = Field::text("listens", "where peers listen (`Listen-IP`)", "Gnutella 0.6").list();
static ULTRAPEER: Field = Field::text("ultrapeer", "whether peers are ultrapeers, as they say", "Gnutella 0.6").list();
static STATUS: Field = Field::text("status", "answers to a wish to connect", "Gnutella 0.6").list();
static MESSAGE: Field = Field::text("message", "messages over UDP, each with how often", "Gnutella 0.6").list();

static ELEMENT: Element = Element {
    name: "gnutella",
    meaning: "peers that share files",
    fields: &[&AGENT, &LISTENS, &ULTRAPEER, &STATUS, &MESSAGE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "gnutella",
    about: About {
        name: "Gnutella",
        specification: "Gnutella 0.6",
        evidence: "the first line; over UDP a header whose marks and length fit",
        limits: "searches and files; messages behind the greeting over TCP",
        ports: &[6346, 6347],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |opening| if opening.transport == Transport::Tcp { STREAM.open(opening) } else { DATAGRAMS.open(opening) },
};

static STREAM: Form = Form { element: &ELEMENT, extent, read };
static DATAGRAMS: Form = Form { element: &ELEMENT, extent: datagram, read: read_datagram };

const CONNECT: &[u8] = b"GNUTELLA CONNECT/";
const ANSWER: &[u8] = b"GNUTELLA/";
/// The longest greeting.
const GREETING_BYTES: usize = 4096;

/// The kind of a message over UDP.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    // The ninth byte of an id says that it is a newer peer's, the last is kept free.
    let (Some(0xff), Some(0)) = (bytes.get(8), bytes.get(15)) else { return None };
    let mut reader = Reader::new(bytes);
    reader.skip(16)?;
    let (kind, ttl, hops, length) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.le_u32()?);
    let name = match kind {
        0x00 => "ping",
        0x01 => "pong",
        0x02 => "bye",
        0x30 => "routes",
        0x31 => "vendor",
        0x40 => "push",
        0x80 => "query",
        0x81 => "hit",
        _ => return None,
    };
    (ttl <= 7 && hops <= 7 && usize::try_from(length).ok()? == reader.len()).then_some(name)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.transport == Transport::Udp {
        return if kind(sample.bytes).is_some() { Verdict::Match } else { Verdict::Reject };
    }
    begins(sample.bytes, if sample.role == Role::Client { CONNECT } else { ANSWER })
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    match memchr::memmem::find(bytes, b"\r\n\r\n") {
        Some(at) if at < GREETING_BYTES => Extent::Whole(at.saturating_add(4)),
        None if bytes.len() < GREETING_BYTES => Extent::Need(bytes.len().saturating_add(1)),
        _ => Extent::Broken,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let head = Head::new(message.bytes);
    if head.start.starts_with(ANSWER) {
        notes.text(&STATUS, crate::linewise::word(head.start).1);
    }
    for (field, name) in [(&AGENT, &b"User-Agent"[..]), (&LISTENS, b"Listen-IP"), (&ULTRAPEER, b"X-Ultrapeer")] {
        notes.text(field, head.field(name, None).unwrap_or_default());
    }
    // The client says a last word after the server's.
    message.role == Role::Server || notes.seen(Role::Client) == 0
}

fn read_datagram(notes: &mut Notes, message: &Message<'_>) -> bool {
    if let Some(kind) = kind(message.bytes) {
        notes.tally(&MESSAGE, kind.as_bytes());
    }
    true
}
