//! rwho: who is logged in on the hosts of a network, told by broadcast (BSD's protocols/rwhod.h).
//!
//! ```text
//! packet   version:1 (1) type:1 (1) zero:2 sent:4 received:4 host:32 load:4*3 booted:4   people: line:8 user:8 since:4 idle:4
//! ```
//!
//! The fixed header, with a host of letters and people that fill the datagram, proves it.

use crate::counts::trimmed;
use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::framing::is_text;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static HOST: Field = Field::text("host", "the host", "protocols/rwhod.h");
static USER: Field = Field::text("user", "who is logged in, each once", "protocols/rwhod.h").list();
static TERMINAL: Field = Field::text("terminal", "on which terminals", "protocols/rwhod.h").list();
static LOAD: Field = Field::number("load", "its load over a minute, in hundredths", "protocols/rwhod.h");
static UP: Field = Field::new(Kind::Number, "uptime", "how long it has been up", "protocols/rwhod.h").unit("s");

static ELEMENT: Element =
    Element { name: "rwho", meaning: "who is logged in on a host", fields: &[&HOST, &USER, &TERMINAL, &LOAD, &UP] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rwho",
    about: About {
        name: "rwho",
        specification: "BSD, protocols/rwhod.h",
        evidence: "a header with a host of letters, and people that fill the datagram",
        limits: "since when people are idle",
        ports: &[513],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=1]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Reads a datagram into notes.
fn packet(bytes: &[u8], notes: &mut Notes) -> Option<()> {
    let mut reader = Reader::new(bytes);
    (reader.array::<4>()? == [1, 1, 0, 0]).then_some(())?;
    let (sent, _received) = (reader.be_u32()?, reader.be_u32()?);
    let host = trimmed(reader.take(32)?);
    let load = reader.be_u32()?;
    reader.skip(8)?;
    let booted = reader.be_u32()?;
    (is_text(host) && reader.len().is_multiple_of(24)).then_some(())?;
    notes.text(&HOST, host);
    notes.number(&LOAD, u64::from(load));
    notes.number(&UP, u64::from(sent.saturating_sub(booted)));
    while let Some((line, user)) = reader.take(8).zip(reader.take(8)) {
        reader.skip(8)?;
        notes.text(&TERMINAL, trimmed(line));
        notes.text(&USER, trimmed(user));
    }
    Some(())
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match packet(sample.bytes, &mut Notes::new(&ELEMENT)) {
        Some(()) => Verdict::Match,
        None => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let _ = packet(message.bytes, notes);
    true
}
