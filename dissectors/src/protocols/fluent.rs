//! Fluentd's forward protocol (Forward Protocol Specification 1).
//!
//! ```text
//! messages are MessagePack:   [tag, [[time, record], ...], options?]   [tag, packed, options?]   [tag, time, record, options?]
//! time                        an integer, or d700 seconds:4 nanoseconds:4
//! greetings                   server ["HELO", {...}]    client ["PING", host, salt, digest, user, password]    server ["PONG", accepted, reason, ...]
//! ```
//!
//! A greeting, or a tag with a time and a record behind it, proves it. Records are passed over where their end is known.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::is_text;
use crate::msgpack::text;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static TAG: Field = Field::text("tag", "where the first events belong", "Forward Protocol 1").list();
static HOST: Field = Field::text("host", "the client's name, where it greets", "Forward Protocol 1, PING");
static USER: Field = Field::text("user", "its account, where it greets", "Forward Protocol 1, PING");
static MODE: Field = Field::text("mode", "`message`, `forward`, `packed`, of the first events", "Forward Protocol 1");

static ELEMENT: Element =
    Element { name: "fluent", meaning: "events of Fluentd and Fluent Bit", fields: &[&TAG, &MODE, &HOST, &USER] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "fluent",
    about: About {
        name: "Fluentd forward",
        specification: "Fluentd, Forward Protocol Specification 1",
        evidence: "a greeting, or a tag with a time and a record",
        limits: "everything behind the first events",
        ports: &[24224],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x92..=0x96]),
    probe,
    open: |_: &Opening| Box::new(Fluent { notes: Notes::new(&ELEMENT) }),
};

/// How much of the first message is looked at.
const LOOK: usize = 512;
/// The longest tag.
const TAG_BYTES: usize = 200;

/// Passes over a time that can be.
fn time(reader: &mut Reader<'_>) -> Option<()> {
    let seconds = match reader.u8()? {
        0xce => reader.be_u32()?,
        0xd7 if reader.u8()? == 0 => reader.be_u32().zip(reader.be_u32().filter(|nanos| *nanos < 1_000_000_000))?.0,
        0xc7 if reader.be_u16()? == 0x0800 => {
            reader.be_u32().zip(reader.be_u32().filter(|nanos| *nanos < 1_000_000_000))?.0
        }
        _ => return None,
    };
    (seconds > 1_000_000_000).then_some(())
}

/// Whether a record begins.
fn record(reader: &mut Reader<'_>) -> Option<()> {
    matches!(reader.u8()?, 0x80..=0x8f | 0xde | 0xdf).then_some(())
}

/// What the first message of a side is.
enum First<'a> {
    Events { tag: &'a [u8], mode: &'static str },
    Ping { host: &'a [u8], user: &'a [u8] },
    Greeting,
}

fn first<'a>(role: Role, bytes: &'a [u8]) -> Option<First<'a>> {
    let mut reader = Reader::new(bytes);
    let count = reader.u8()?;
    let word = text(&mut reader).filter(|word| is_text(word) && word.len() <= TAG_BYTES)?;
    match (role, count, word) {
        (Role::Server, 0x92, b"HELO") => record(&mut reader).map(|()| First::Greeting),
        (Role::Server, 0x95, b"PONG") => matches!(reader.u8()?, 0xc2 | 0xc3).then_some(First::Greeting),
        (Role::Client, 0x96, b"PING") => {
            let host = text(&mut reader)?;
            let (_salt, _digest) = (text(&mut reader)?, text(&mut reader)?);
            Some(First::Ping { host, user: text(&mut reader)? })
        }
        (Role::Client, 0x92..=0x94, tag) => {
            let mut ahead = reader;
            let mode = match ahead.u8()? {
                0x91..=0x9f | 0xdc | 0xdd => {
                    let skip = match reader.u8()? {
                        0xdc => 2,
                        0xdd => 4,
                        _ => 0,
                    };
                    reader.skip(skip)?;
                    (reader.u8()? == 0x92).then_some(())?;
                    "forward"
                }
                0xc4..=0xc6 | 0xda | 0xdb => {
                    let skip = match reader.u8()? {
                        0xc4 => 1,
                        0xc5 | 0xda => 2,
                        _ => 4,
                    };
                    reader.skip(skip)?;
                    // Compressed events begin as gzip does.
                    if reader.rest().starts_with(&[0x1f, 0x8b, 8]) {
                        return Some(First::Events { tag, mode: "packed" });
                    }
                    (reader.u8()? == 0x92).then_some(())?;
                    "packed"
                }
                _ => "message",
            };
            time(&mut reader)?;
            record(&mut reader)?;
            Some(First::Events { tag, mode })
        }
        _ => None,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !matches!(sample.bytes.first(), Some(0x92..=0x96)) {
        return Verdict::Reject;
    }
    match first(sample.role, sample.bytes) {
        Some(_) => Verdict::Match,
        // As long as the text may still come whole.
        None if sample.bytes.len() < 4 => Verdict::NeedMore,
        None => {
            let mut reader = Reader::new(sample.bytes);
            let whole = reader.skip(1).and_then(|()| text(&mut reader)).is_some();
            let begins = matches!(sample.bytes, [_, 0xa1..=0xbf | 0xd9, ..]);
            // Behind the text thirty bytes tell.
            if begins && (!whole && sample.bytes.len() <= TAG_BYTES || whole && reader.len() < 30) {
                Verdict::NeedMore
            } else {
                Verdict::Reject
            }
        }
    }
}

#[derive(Debug)]
struct Fluent {
    notes: Notes,
}

impl Dissector for Fluent {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match first(chunk.role, chunk.bytes) {
            Some(First::Events { tag, mode }) => {
                self.notes.text(&TAG, tag);
                self.notes.plain(&MODE, mode);
                Step::Done
            }
            Some(First::Ping { host, user }) => {
                self.notes.text(&HOST, host);
                self.notes.text(&USER, user);
                self.notes.user(user);
                Step::Done
            }
            None if chunk.bytes.len() < LOOK && chunk.role == Role::Client => Step::NeedMore(chunk.bytes.len() + 1),
            // What the server says tells nothing.
            _ => Step::Skip(0),
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
