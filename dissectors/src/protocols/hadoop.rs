//! Hadoop's RPC: who speaks to which service of HDFS, YARN and others (hadoop-common, ProtobufRpcEngine).
//!
//! ```text
//! client   "hrpc" version:1 (9) class:1 authentication:1 (0, df SASL)    length:4   header: length protobuf   context or request: length protobuf
//! context  2: {1: effective user 2: real user}  3: protocol
//! ```
//!
//! The magic with its version proves it. Only the first messages of a client are read, in which the context is.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::number("version", "version of the protocol", "hadoop-common");
static AUTHENTICATION: Field = Field::text("authentication", "`simple` or `sasl`", "hadoop-common");
static USER: Field = Field::text("user", "for whom it is done", "IpcConnectionContext.proto");
static REAL_USER: Field = Field::text("real_user", "who does it for him", "IpcConnectionContext.proto");
static SERVICE: Field = Field::text("service", "the service's protocol", "IpcConnectionContext.proto");

static ELEMENT: Element = Element {
    name: "hadoop",
    meaning: "a service of Hadoop",
    fields: &[&VERSION, &AUTHENTICATION, &USER, &REAL_USER, &SERVICE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "hadoop",
    about: About {
        name: "Hadoop RPC",
        specification: "hadoop-common, RpcHeader.proto, IpcConnectionContext.proto",
        evidence: "the magic with its version",
        limits: "requests; with SASL the account",
        ports: &[8020, 9000, 8032, 50010, 50020],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'h'..=b'h'], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Hadoop { notes: Notes::new(&ELEMENT), greeted: false }),
};

const HEAD: usize = 7;
/// The longest context.
const CONTEXT_BYTES: u32 = 4096;

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.bytes {
        [b'h', b'r', b'p', b'c', 4..=9, _, 0 | 0xdf, ..] if sample.role == Role::Client => Verdict::Match,
        bytes
            if sample.role == Role::Client && bytes.len() < HEAD && b"hrpc".iter().zip(bytes).all(|(a, b)| a == b) =>
        {
            Verdict::NeedMore
        }
        _ => Verdict::Reject,
    }
}

/// A number of seven bits a byte.
fn number(reader: &mut Reader<'_>) -> Option<u64> {
    let mut value = 0u64;
    for place in 0..10u32 {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7f).checked_shl(place.saturating_mul(7)).unwrap_or(0);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn bytes<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(number(reader)?).ok()?;
    reader.take(length)
}

/// Gives the fields of a message that have bytes.
fn fields(message: &[u8], mut each: impl FnMut(u64, &[u8])) -> Option<()> {
    let mut reader = Reader::new(message);
    while !reader.is_empty() {
        let key = number(&mut reader)?;
        match key & 7 {
            0 => {
                number(&mut reader)?;
            }
            1 => reader.skip(8)?,
            2 => each(key >> 3, bytes(&mut reader)?),
            5 => reader.skip(4)?,
            _ => return None,
        }
    }
    Some(())
}

#[derive(Debug)]
struct Hadoop {
    notes: Notes,
    greeted: bool,
}

impl Dissector for Hadoop {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Server {
            return Step::Consumed(chunk.bytes.len());
        }
        let mut reader = Reader::new(chunk.bytes);
        if !self.greeted {
            let Some([_, _, _, _, version, _, authentication]) = reader.array::<HEAD>() else {
                return Step::NeedMore(HEAD);
            };
            self.notes.number(&VERSION, u64::from(version));
            self.notes.plain(&AUTHENTICATION, if authentication == 0 { "simple" } else { "sasl" });
            self.greeted = true;
            return if authentication == 0 { Step::Consumed(HEAD) } else { Step::Done };
        }
        let Some(length) = reader.be_u32() else { return Step::NeedMore(4) };
        if length > CONTEXT_BYTES {
            return Step::Done;
        }
        let length = usize::try_from(length).unwrap_or_default();
        let Some(mut message) = reader.sub(length) else { return Step::NeedMore(length.saturating_add(4)) };
        let header = bytes(&mut message);
        let context = header.and_then(|_| bytes(&mut message));
        let notes = &mut self.notes;
        let _ = context.and_then(|context| {
            fields(context, |number, value| match number {
                2 => {
                    let _ = fields(value, |number, name| match number {
                        1 => {
                            notes.text(&USER, name);
                            notes.user(name);
                        }
                        2 => notes.text(&REAL_USER, name),
                        _ => {}
                    });
                }
                3 => notes.text(&SERVICE, value),
                _ => {}
            })
        });
        Step::Done
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
