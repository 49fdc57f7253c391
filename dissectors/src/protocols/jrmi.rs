//! Java RMI: methods that are called from afar (Java Remote Method Invocation specification, 10).
//!
//! ```text
//! client  "JRMI" version:2 (1, 2) protocol:1 (4b stream, 4c single, 4d multiplex)
//! server  4e host:(length:2 text) port:4  (or 4f: not supported)       client  host:(length:2 text) port:4
//! then    50 call  51 return  52 ping  53 its answer  54 acknowledgement, with serialised Java (aced0005)
//! ```
//!
//! The name with version and protocol proves it. Calls are not read.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::is_text;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static STYLE: Field = Field::text("style", "`stream`, `single`, `multiplex`", "RMI 10.2");
static CLIENT: Field = Field::text("client_host", "the client, as the server sees it", "RMI 10.2");
static CLIENT_PORT: Field = Field::number("client_port", "its port, as the server sees it", "RMI 10.2");
static OWN: Field = Field::text("client_endpoint", "the client, as it calls itself", "RMI 10.2");
static ELEMENT: Element = Element {
    name: "jrmi",
    meaning: "methods of Java that are called from afar",
    fields: &[&STYLE, &CLIENT, &CLIENT_PORT, &OWN],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "jrmi",
    about: About {
        name: "Java RMI wire protocol",
        specification: "Java RMI specification, chapter 10",
        evidence: "the name with version and protocol",
        limits: "calls and objects",
        ports: &[1098, 1099],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'J'..=b'J'], server: &[0x4e..=0x4e] },
    probe,
    open: |_: &Opening| Box::new(Rmi { notes: Notes::new(&ELEMENT), places: [Place::Head; 2] }),
};

/// The longest name of a host.
const HOST_BYTES: usize = 255;

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, sample.bytes) {
        (Role::Client, [b'J', b'R', b'M', b'I', 0, 1 | 2, 0x4b..=0x4d, ..]) => Verdict::Match,
        (Role::Client, bytes) if bytes.len() < 7 && b"JRMI\0".iter().zip(bytes).all(|(a, b)| a == b) => {
            Verdict::NeedMore
        }
        (Role::Server, [0x4e, rest @ ..]) => match endpoint(rest) {
            Ok((host, _, _)) if !host.is_empty() => Verdict::Likely,
            Err(Step::NeedMore(_)) => Verdict::NeedMore,
            _ => Verdict::Reject,
        },
        _ => Verdict::Reject,
    }
}

/// A host, a port, and how long they are.
fn endpoint(bytes: &[u8]) -> Result<(&[u8], u32, usize), Step> {
    let mut reader = Reader::new(bytes);
    let Some(length) = reader.be_u16().map(usize::from) else { return Err(Step::NeedMore(2)) };
    if length > HOST_BYTES {
        return Err(Step::Violation);
    }
    let Some((host, port)) = reader.take(length).zip(reader.be_u32()) else { return Err(Step::NeedMore(length + 6)) };
    if !host.is_empty() && !is_text(host) || port > 0xffff {
        return Err(Step::Violation);
    }
    Ok((host, port, length + 6))
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Head,
    Endpoint,
    Over,
}

#[derive(Debug)]
struct Rmi {
    notes: Notes,
    places: [Place; 2],
}

impl Rmi {
    fn advance(&mut self, role: Role, place: Place) {
        if let Some(at) = self.places.get_mut(role.index()) {
            *at = place;
        }
    }
}

impl Dissector for Rmi {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let place = self.places.get(chunk.role.index()).copied().unwrap_or(Place::Over);
        match (chunk.role, place, chunk.bytes) {
            (Role::Client, Place::Head, [b'J', b'R', b'M', b'I', _, _, style, ..]) => {
                let (name, next) = match style {
                    0x4b => ("stream", Place::Endpoint),
                    0x4c => ("single", Place::Over),
                    _ => ("multiplex", Place::Endpoint),
                };
                self.notes.plain(&STYLE, name);
                self.advance(Role::Client, next);
                Step::Consumed(7)
            }
            (Role::Client, Place::Head, bytes) if bytes.len() < 7 => Step::NeedMore(7),
            (Role::Server, Place::Head, [0x4e, rest @ ..]) => match endpoint(rest) {
                Ok((host, port, used)) => {
                    self.notes.text(&CLIENT, host);
                    self.notes.number(&CLIENT_PORT, u64::from(port));
                    self.advance(Role::Server, Place::Over);
                    Step::Consumed(used + 1)
                }
                Err(Step::NeedMore(wanted)) => Step::NeedMore(wanted + 1),
                Err(step) => step,
            },
            (Role::Server, Place::Head, [0x51 | 0x53, ..]) => {
                self.advance(Role::Server, Place::Over);
                Step::Consumed(0)
            }
            (Role::Client, Place::Endpoint, bytes) => match endpoint(bytes) {
                Ok((host, _, used)) => {
                    self.notes.text(&OWN, host);
                    self.advance(Role::Client, Place::Over);
                    Step::Consumed(used)
                }
                Err(step) => step,
            },
            _ if matches!(self.places, [Place::Over, Place::Over]) => Step::Done,
            (_, Place::Over, bytes) => Step::Consumed(bytes.len()),
            _ => Step::Violation,
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
