//! Java RMI: methods that are called from afar (Java Remote Method Invocation specification, 10).
//!
//! ```text
//! client  "JRMI" version:2 (1, 2) protocol:1 (4b stream, 4c single, 4d multiplex)
//! server  4e host:(length:2 text) port:4  (or 4f: not supported)       client  host:(length:2 text) port:4
//! then    50 call  51 return  52 ping  53 its answer  54 acknowledgement, with serialised Java (aced0005)
//! call    aced0005 77 22 object:22 operation:4 interface:8  arguments, of which a text is 74 length:2
//! ```
//!
//! The name with version and protocol proves it. Of calls those to the registry are read, up to the first whose arguments are objects: where these
//! end their own serialisation would have to tell.

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
static OPERATION: Field = Field::text(
    "operation",
    "what the registry was asked for, each with how often; `call` is another object's method",
    "RMI 10.2, java.rmi.registry.Registry",
)
.list();
static NAME: Field =
    Field::text("name", "names of objects that the registry was asked for, each once", "java.rmi.registry.Registry")
        .list();
static ELEMENT: Element = Element {
    name: "jrmi",
    meaning: "methods of Java that are called from afar",
    fields: &[&STYLE, &CLIENT, &CLIENT_PORT, &OWN, &OPERATION, &NAME],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "jrmi",
    about: About {
        name: "Java RMI wire protocol",
        specification: "Java RMI specification, chapter 10",
        evidence: "the name with version and protocol",
        limits: "objects, and calls behind the first that has some",
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
    /// The client's calls.
    Calls,
    Over,
}

/// A call up to its arguments.
const CALL_BYTES: usize = 41;
/// What a call begins with: serialised Java, and a block of 34 bytes.
const CALL: &[u8] = &[0x50, 0xac, 0xed, 0, 5, 0x77, 0x22];
/// The interface of the registry.
const REGISTRY: [u8; 8] = [0x44, 0x15, 0x4d, 0xc9, 0xd4, 0xe6, 0x3b, 0xdf];
/// Its operations.
const OPERATIONS: [&str; 5] = ["bind", "list", "lookup", "rebind", "unbind"];

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

impl Rmi {
    /// What the client says after the beginning.
    fn called(&mut self, bytes: &[u8]) -> Step {
        match bytes {
            [0x52, ..] => return Step::Consumed(1),
            // An acknowledgement, with the number of what it is for.
            [0x54, ..] if bytes.len() < 15 => return Step::NeedMore(15),
            [0x54, ..] => return Step::Consumed(15),
            _ if !CALL.iter().zip(bytes).all(|(wanted, byte)| wanted == byte) => return Step::Done,
            _ if bytes.len() < CALL_BYTES => return Step::NeedMore(CALL_BYTES),
            _ => {}
        }
        let mut reader = Reader::new(bytes);
        let (Some(()), Some(operation), Some(interface)) = (reader.skip(29), reader.be_u32(), reader.array::<8>())
        else {
            return Step::Done;
        };
        let known = usize::try_from(operation).ok().and_then(|at| OPERATIONS.get(at));
        let Some(name) = known.filter(|_| interface == REGISTRY) else {
            self.notes.tally(&OPERATION, b"call");
            return Step::Done;
        };
        if *name == "list" {
            self.notes.tally(&OPERATION, name.as_bytes());
            return Step::Consumed(CALL_BYTES);
        }
        let Some((kind, length)) = reader.u8().zip(reader.be_u16().map(usize::from)) else {
            return Step::NeedMore(CALL_BYTES + 3);
        };
        if kind != 0x74 {
            return Step::Done;
        }
        let whole = length.saturating_add(CALL_BYTES + 3);
        let Some(object) = reader.take(length) else { return Step::NeedMore(whole) };
        self.notes.tally(&OPERATION, name.as_bytes());
        self.notes.text(&NAME, object);
        // An object follows, which is not read.
        if matches!(*name, "bind" | "rebind") { Step::Done } else { Step::Consumed(whole) }
    }
}

impl Dissector for Rmi {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let place = self.places.get(chunk.role.index()).copied().unwrap_or(Place::Over);
        match (chunk.role, place, chunk.bytes) {
            (Role::Client, Place::Head, [b'J', b'R', b'M', b'I', _, _, style, ..]) => {
                let (name, next) = match style {
                    0x4b => ("stream", Place::Endpoint),
                    0x4c => ("single", Place::Calls),
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
                    self.advance(Role::Client, Place::Calls);
                    Step::Consumed(used)
                }
                Err(step) => step,
            },
            (Role::Client, Place::Calls, bytes) => self.called(bytes),
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
