//! Bolt, the protocol of Neo4j and Memgraph.
//!
//! ```text
//! client   6060b017  versions:4*4 (zero range minor major)        server  version:4 (zero zero minor major; zero: none)
//! message  chunks: length:2 bytes ...  0000       a structure of PackStream: b0..bf  kind:1  fields
//! kinds    01 HELLO  0f BEGIN/GOODBYE 02 ...  10 RUN statement parameters  11 BEGIN  12 COMMIT  13 ROLLBACK  3f PULL  6a LOGON  70 SUCCESS  71 RECORD  7f FAILURE
//! ```
//!
//! The client's magic proves it. Statements are told with their literals hidden; messages in several chunks are read to the first's end.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::framed;
use crate::noted::{Notes, begins};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "the version that the server chose", "Bolt, Handshake");
static AGENT: Field = Field::text("agent", "the client's software", "Bolt, HELLO");
static SERVER: Field = Field::text("server", "the server's software", "Bolt, SUCCESS");
static USER: Field = Field::text("user", "the account", "Bolt, HELLO and LOGON");
static DATABASE: Field = Field::text("database", "the database", "Bolt, RUN").list();
static VERBS: Field = Field::text("verbs", "first words of statements, each with how often", "Bolt, RUN").list();
static MESSAGE: Field = Field::text("message", "messages, each with how often", "Bolt, Messages").list();
static ERROR: Field = Field::text("error", "errors, each once", "Bolt, FAILURE").list();

static ELEMENT: Element = Element {
    name: "bolt",
    meaning: "a graph database",
    fields: &[&VERSION, &AGENT, &SERVER, &USER, &DATABASE, &VERBS, &MESSAGE, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "bolt",
    about: About {
        name: "Bolt of Neo4j",
        specification: "Bolt Protocol, PackStream",
        evidence: "the client's magic",
        limits: "of statements only their first words; records",
        ports: &[7687],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0x60..=0x60], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Bolt { notes: Notes::new(&ELEMENT), greeted: [false; 2], inside: [false; 2] }),
};

const MAGIC: &[u8] = &[0x60, 0x60, 0xb0, 0x17];
/// How much of a message is looked at.
const LOOK: usize = 2048;
/// The most items of a map that are looked at.
const ITEMS: usize = 64;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server { Verdict::Reject } else { begins(sample.bytes, MAGIC) }
}

/// A text of PackStream.
fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = match reader.u8()? {
        tiny @ 0x80..=0x8f => usize::from(tiny & 0x0f),
        0xd0 => usize::from(reader.u8()?),
        0xd1 => usize::from(reader.be_u16()?),
        0xd2 => usize::try_from(reader.be_u32()?).ok()?,
        _ => return None,
    };
    // Of a text that is cut what is there.
    reader.take(length.min(reader.len()))
}

/// How many items a map has.
fn map(reader: &mut Reader<'_>) -> Option<usize> {
    Some(match reader.u8()? {
        tiny @ 0xa0..=0xaf => usize::from(tiny & 0x0f),
        0xd8 => usize::from(reader.u8()?),
        0xd9 => usize::from(reader.be_u16()?),
        _ => return None,
    })
}

/// Gives the texts of a map, one after the other, with their names, as long as nothing but texts and small values stand before.
fn items<'a>(reader: &mut Reader<'a>, mut each: impl FnMut(&'a [u8], &'a [u8])) -> Option<()> {
    for _ in 0..map(reader)?.min(ITEMS) {
        let name = text(reader)?;
        match reader.rest().first()? {
            0x80..=0x8f | 0xd0..=0xd2 => each(name, text(reader)?),
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xf0..=0xff => reader.skip(1)?,
            0xc8 => reader.skip(2)?,
            0xc9 => reader.skip(3)?,
            0xca => reader.skip(5)?,
            0xc1 | 0xcb => reader.skip(9)?,
            // A list of texts, such as patches of the protocol.
            list @ 0x90..=0x9f => {
                let count = list & 0x0f;
                reader.skip(1)?;
                for _ in 0..count {
                    text(reader)?;
                }
            }
            // A map inside: its texts are passed over where it has nothing else.
            0xa0..=0xaf => {
                for _ in 0..map(reader)?.saturating_mul(2) {
                    text(reader)?;
                }
            }
            _ => return None,
        }
    }
    Some(())
}

#[derive(Debug)]
struct Bolt {
    notes: Notes,
    greeted: [bool; 2],
    /// In a message of which a chunk was seen.
    inside: [bool; 2],
}

impl Dissector for Bolt {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let at = chunk.role.index();
        if self.greeted.get(at) == Some(&false) {
            let length = if chunk.role == Role::Client { 20 } else { 4 };
            let Some(greeting) = chunk.bytes.get(..length) else { return Step::NeedMore(length) };
            if let (Role::Server, [_, _, minor, major]) = (chunk.role, greeting) {
                self.notes.text(&VERSION, format!("{major}.{minor}").as_bytes());
            }
            if let Some(greeted) = self.greeted.get_mut(at) {
                *greeted = true;
            }
            return Step::Consumed(length);
        }
        let mut reader = Reader::new(chunk.bytes);
        let Some(length) = reader.be_u16() else { return Step::NeedMore(2) };
        match framed(chunk.bytes, u64::from(length).saturating_add(2), LOOK) {
            Ok((bytes, step)) => {
                let first = self.inside.get(at) == Some(&false);
                if let Some(inside) = self.inside.get_mut(at) {
                    *inside = length > 0;
                }
                if first && length > 0 {
                    let _ = self.message(chunk.role, bytes.get(2..).unwrap_or_default());
                }
                step
            }
            Err(step) => step,
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

impl Bolt {
    fn message(&mut self, role: Role, bytes: &[u8]) -> Option<()> {
        let notes = &mut self.notes;
        let mut reader = Reader::new(bytes);
        let (0xb0..=0xbf, kind) = (reader.u8()?, reader.u8()?) else { return None };
        let name = name(kind);
        notes.tally(&MESSAGE, name.as_bytes());
        match (role, kind) {
            (Role::Client, 0x01 | 0x6a) => {
                // Of version 1 the agent stands before the map.
                if matches!(reader.rest().first()?, 0x80..=0x8f | 0xd0) {
                    notes.text(&AGENT, text(&mut reader)?);
                }
                items(&mut reader, |name, value| match name {
                    b"user_agent" => notes.text(&AGENT, value),
                    b"principal" => {
                        notes.text(&USER, value);
                        notes.user(value);
                    }
                    b"credentials" if !value.is_empty() => notes.flag(crate::dictionary::Flag::CleartextPassword),
                    _ => {}
                })?;
            }
            (Role::Client, 0x10) => {
                let statement = text(&mut reader)?.trim_ascii_start();
                let end = statement.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(statement.len());
                notes.tally(&VERBS, &statement.get(..end)?.to_ascii_uppercase());
                // Parameters, then what goes with it.
                items(&mut reader, |_, _| ())?;
                items(&mut reader, |name, value| {
                    if name == b"db" {
                        notes.text(&DATABASE, value)
                    }
                })?;
            }
            (Role::Server, 0x70) => {
                items(&mut reader, |name, value| {
                    if name == b"server" {
                        notes.text(&SERVER, value)
                    }
                })?;
            }
            (Role::Server, 0x7f) => {
                items(&mut reader, |name, value| {
                    if name == b"code" {
                        notes.text(&ERROR, value)
                    }
                })?;
            }
            _ => {}
        }
        Some(())
    }
}

const fn name(kind: u8) -> &'static str {
    match kind {
        0x01 => "HELLO",
        0x02 => "GOODBYE",
        0x0e => "ACK_FAILURE",
        0x0f => "RESET",
        0x10 => "RUN",
        0x11 => "BEGIN",
        0x12 => "COMMIT",
        0x13 => "ROLLBACK",
        0x2f => "DISCARD",
        0x3f => "PULL",
        0x54 => "TELEMETRY",
        0x66 => "ROUTE",
        0x6a => "LOGON",
        0x6b => "LOGOFF",
        0x70 => "SUCCESS",
        0x71 => "RECORD",
        0x7e => "IGNORED",
        0x7f => "FAILURE",
        _ => "other",
    }
}
