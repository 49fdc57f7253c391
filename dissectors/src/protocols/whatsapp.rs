//! WhatsApp's own connection, which is not TLS: a handshake of Noise behind a prologue.
//!
//! Specification: not published; the prologue and the handshake (Noise XX, protobuf) are known from clients that were written after it.
//!
//! ```text
//! client   ["ED" 0 1 length:3 routing]  "WA" major:1 dictionary:1   length:3  12 length:1 0a 20 key:32 ...
//! server   length:3  1a ... 0a 20 key:32 ...
//! ```
//!
//! The prologue, with the key of the handshake behind it, proves it. Everything else is encrypted.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "versions of the protocol and of its dictionary", "WhatsApp's prologue");

static ELEMENT: Element = Element { name: "whatsapp", meaning: "WhatsApp's own connection", fields: &[&VERSION] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "whatsapp",
    about: About {
        name: "WhatsApp's chat connection",
        specification: "not published",
        evidence: "the prologue with a handshake's key behind it",
        limits: "everything else is encrypted",
        ports: &[443, 5222],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'E'..=b'E', b'W'..=b'W'], server: &[] },
    probe,
    open: |_: &Opening| Box::new(WhatsApp { notes: Notes::new(&ELEMENT) }),
};

/// The longest routing.
const ROUTING_BYTES: u32 = 256;

/// The versions, where a handshake stands behind them. `Err` where more bytes are needed.
fn prologue(bytes: &[u8]) -> Result<Option<[u8; 2]>, ()> {
    let mut reader = Reader::new(bytes);
    if bytes.first() == Some(&b'E') {
        let head = reader.array::<4>().ok_or(())?;
        let length = reader.be_u24().ok_or(())?;
        if head != *b"ED\0\x01" || length > ROUTING_BYTES {
            return Ok(None);
        }
        reader.skip(usize::try_from(length).unwrap_or_default()).ok_or(())?;
    }
    let [w, a, major, dictionary] = reader.array::<4>().ok_or(())?;
    let (length, hello) = (reader.be_u24().ok_or(())?, reader.array::<4>().ok_or(())?);
    let fits = [w, a] == *b"WA" && (5..=9).contains(&major) && dictionary <= 9 && (36..1 << 16).contains(&length);
    Ok((fits && matches!(hello, [0x12, 34..=255, 0x0a, 0x20])).then_some([major, dictionary]))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let begins = |text: &[u8]| text.iter().zip(sample.bytes).all(|(a, b)| a == b);
    if sample.role == Role::Server || !begins(b"WA") && !begins(b"ED\0\x01") {
        return Verdict::Reject;
    }
    match prologue(sample.bytes) {
        Ok(Some(_)) => Verdict::Match,
        Ok(None) => Verdict::Reject,
        Err(()) => Verdict::NeedMore,
    }
}

#[derive(Debug)]
struct WhatsApp {
    notes: Notes,
}

impl Dissector for WhatsApp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Server {
            return Step::Consumed(chunk.bytes.len());
        }
        match prologue(chunk.bytes) {
            Ok(Some([major, dictionary])) => {
                self.notes.text(&VERSION, format!("{major}.{dictionary}").as_bytes());
                self.notes.encrypted();
                Step::Done
            }
            Ok(None) => Step::Violation,
            Err(()) => Step::NeedMore(chunk.bytes.len() + 1),
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
