//! SQL Server's browser: which instances a host has, and where (MC-SQLR).
//!
//! ```text
//! question   02 everybody   03 this host   04 name 0   0f 01 name 0
//! answer     05 length:2 (least first)  ServerName;HOST;InstanceName;NAME;IsClustered;No;Version;15.0.2000.5;tcp;1433;;...
//! ```
//!
//! An answer whose length fits, with the server's name, proves it. Questions are a byte, or a byte and a name, and want it.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::framing::is_text;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, PROBE_BYTES, Protocol, Role, Sample, Transport, Verdict};

static ASKED: Field = Field::text("asked", "the instance that was asked for; `*` for all", "MC-SQLR 2.2").list();
static SERVER: Field = Field::text("server", "the host's name", "MC-SQLR 2.2.5").list();
static INSTANCE: Field = Field::text("instance", "names of instances", "MC-SQLR 2.2.5").aligned();
static VERSION: Field = Field::text("version", "their versions", "MC-SQLR 2.2.5").aligned();
static PORT: Field = Field::text("port", "their TCP ports", "MC-SQLR 2.2.5").aligned();

static ELEMENT: Element = Element {
    name: "ssrp",
    meaning: "instances of SQL Server that a host tells of",
    fields: &[&ASKED, &SERVER, &INSTANCE, &VERSION, &PORT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ssrp",
    about: About {
        name: "SQL Server Resolution Protocol",
        specification: "MC-SQLR",
        evidence: "an answer whose length fits, with the server's name",
        limits: "questions alone, but for a name that stands in one",
        ports: &[1434],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[2..=4, 0x0f..=0x0f], server: &[5..=5] },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// The instance that a question is about.
fn question(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [2 | 3] => Some(b"*"),
        [4, name @ ..] | [0x0f, 1, name @ ..] => {
            let name = name.strip_suffix(&[0]).unwrap_or(name);
            (is_text(name) && name.len() <= 32).then_some(name)
        }
        _ => None,
    }
}

/// The text of an answer; of a long one a probe sees the beginning.
fn answer(bytes: &[u8], whole: bool) -> Option<&[u8]> {
    let [5, low, high, text @ ..] = bytes else { return None };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    (text.starts_with(b"ServerName;") && (length == text.len() || !whole && length > text.len())).then_some(text)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        Role::Client if question(sample.bytes).is_some() => Verdict::NeedMore,
        Role::Server if answer(sample.bytes, sample.bytes.len() < PROBE_BYTES).is_some() => Verdict::Match,
        // A port alone answers who asks for the administrator's.
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    if message.role == Role::Client {
        if let Some(name) = question(message.bytes) {
            notes.text(&ASKED, name);
        }
        return true;
    }
    let Some(text) = answer(message.bytes, false) else { return true };
    let (mut instance, mut version, mut port) = (&b""[..], &b""[..], &b""[..]);
    let mut parts = text.split(|byte| *byte == b';');
    while let Some(name) = parts.next() {
        if name.is_empty() {
            // Two semicolons end an instance.
            if !instance.is_empty() {
                notes.text(&INSTANCE, instance);
                notes.text(&VERSION, version);
                notes.text(&PORT, port);
            }
            (instance, version, port) = (b"", b"", b"");
            continue;
        }
        let value = parts.next().unwrap_or_default();
        match name {
            b"ServerName" => notes.text(&SERVER, value),
            b"InstanceName" => instance = value,
            b"Version" => version = value,
            b"tcp" => port = value,
            _ => {}
        }
    }
    true
}
