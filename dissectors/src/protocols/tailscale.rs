//! Tailscale's search for a way between two hosts, beside WireGuard on the same port.
//!
//! Specification: package disco of tailscale.com.
//!
//! ```text
//! packet   "TS" f0 9f 92 ac   sender's key:32  nonce:24  sealed
//! ```
//!
//! The six bytes of the beginning prove it. What is inside is sealed; the keys tell who searches for a way.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::hex::hex;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static KEY: Field = Field::text("key", "public keys of who sends, each once", "package disco").list();
static SEARCHES: Field = Field::number("searches", "datagrams that search for a way", "package disco");
static OTHERS: Field = Field::number("others", "datagrams of anything else, such as WireGuard", "package disco");

static ELEMENT: Element =
    Element { name: "tailscale", meaning: "a way between hosts of Tailscale", fields: &[&KEY, &SEARCHES, &OTHERS] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tailscale",
    about: About {
        name: "Tailscale's path discovery",
        specification: "tailscale.com, package disco",
        evidence: "the magic of six bytes and a whole header",
        limits: "what is sealed",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'T'..=b'T']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const MAGIC: &[u8] = b"TS\xf0\x9f\x92\xac";
/// A header, and the least that is sealed: its own proof, a type and a version.
const LEAST: usize = 6 + 32 + 24 + 16 + 2;

fn probe(sample: &Sample<'_>) -> Verdict {
    let fits = sample.bytes.starts_with(MAGIC) && sample.bytes.len() >= LEAST;
    if fits { Verdict::Match } else { Verdict::Reject }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    match reader.take(MAGIC.len()).filter(|magic| *magic == MAGIC).and_then(|_| reader.take(32)) {
        Some(key) => {
            notes.count(&SEARCHES);
            notes.text(&KEY, hex(key).as_bytes());
            notes.encrypted();
        }
        None => notes.count(&OTHERS),
    }
    true
}
