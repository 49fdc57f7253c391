//! Tarantool's binary protocol: its greeting and who logs in (Tarantool documentation, "Binary protocol").
//!
//! ```text
//! server   "Tarantool 2.11.0 (Binary) uuid" filled up with blanks, LF: 64 bytes     salt in base64, blanks, LF: 64 bytes
//! client   MessagePack: length  header {0: kind, 1: number}  body        kind 7 AUTH: {23: user, 21: ["chap-sha1", ...]}
//! ```
//!
//! The greeting proves it. Requests are not read but for the account.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, begins};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static VERSION: Field = Field::text("version", "the server's version", "Tarantool, Binary protocol");
static KIND: Field =
    Field::text("kind", "what it speaks, such as `Binary` or `Lua console`", "Tarantool, Binary protocol");
static INSTANCE: Field = Field::text("instance", "the server's number", "Tarantool, Binary protocol");

static ELEMENT: Element =
    Element { name: "tarantool", meaning: "a database of Tarantool", fields: &[&VERSION, &KIND, &INSTANCE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tarantool",
    about: About {
        name: "Tarantool",
        specification: "Tarantool documentation, Binary protocol",
        evidence: "the greeting",
        limits: "requests",
        ports: &[3301],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[], server: &[b'T'..=b'T'] },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const NAME: &[u8] = b"Tarantool ";
/// A line of the greeting.
const LINE_BYTES: usize = 64;

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, NAME) {
        _ if sample.role == Role::Client => Verdict::Reject,
        Verdict::Match if sample.bytes.len() < LINE_BYTES => Verdict::NeedMore,
        Verdict::Match if sample.bytes.get(LINE_BYTES - 1) != Some(&b'\n') => Verdict::Reject,
        verdict => verdict,
    }
}

fn extent(_: &Notes, role: Role, bytes: &[u8]) -> Extent {
    // What the client says is passed over as it comes.
    Extent::Whole(if role == Role::Server { LINE_BYTES } else { bytes.len() })
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if message.role == Role::Client {
        return true;
    }
    let mut words = message.bytes.trim_ascii().strip_prefix(NAME).unwrap_or_default().splitn(2, |byte| *byte == b' ');
    notes.text(&VERSION, words.next().unwrap_or_default());
    let rest = words.next().unwrap_or_default();
    let close = memchr::memchr(b')', rest).unwrap_or(rest.len());
    let (kind, instance) = rest.split_at_checked(close).unwrap_or((rest, &[]));
    notes.text(&KIND, kind.strip_prefix(b"(").unwrap_or(kind));
    notes.text(&INSTANCE, instance.strip_prefix(b")").unwrap_or_default().trim_ascii());
    false
}
