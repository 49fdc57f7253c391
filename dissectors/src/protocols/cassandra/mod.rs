//! Cassandra's CQL binary protocol, versions 1 to 5 (ScyllaDB and DataStax' variants too): statements, keyspaces, accounts, drivers, errors.
//!
//! "CQL BINARY PROTOCOL" v1 to v5 (native_protocol_v*.spec of Apache Cassandra).
//!
//! ```text
//! v1, v2    version:1 flags:1 stream:1 opcode:1 length:4 body          the version's highest bit is set in answers
//! v3, v4    version:1 flags:1 stream:2 opcode:1 length:4 body
//! v5        the same until STARTUP is answered; then in segments: length:17 bits, self-contained:1 bit, crc:3 bytes, frames, crc:4
//! ```
//!
//! Statements are told with their literals as `?`. Bodies that are compressed, and segments of v5 that are, are counted and not read.
//! Passwords are not kept. After a gap the side that misses bytes is silent.
//!
//! Limits: of a frame the first [`READ_BYTES`]; a frame of v5 that goes over several segments is not read.

mod probe;

use crate::capped::{List, Text};
use crate::credentials;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, framed};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::reader::Reader;
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "cassandra",
    about: About {
        name: "Cassandra's CQL binary protocol 1 to 5",
        specification: "CQL BINARY PROTOCOL v1 to v5",
        evidence: "a frame with version, opcode and length that fit, and a body that begins as it must",
        limits: "bodies that are compressed are counted and not read",
        ports: &[9042, 9142],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[1..=5, 0x41..=0x42], server: &[0x81..=0x85, 0xc1..=0xc2] },
    probe: probe::probe,
    open: |_: &Opening| Box::new(Cassandra::default()),
};

static VERSION: Field = Field::number("version", "the protocol version", "CQL BINARY PROTOCOL 2.1");
static CQL_VERSION: Field =
    Field::text("cql_version", "the language's version that the client wants", "CQL BINARY PROTOCOL STARTUP");
static DRIVER: Field = Field::text("driver", "the client's driver and its version", "CQL BINARY PROTOCOL v5 STARTUP");
static APPLICATION: Field = Field::text("application", "the client's application and its version", "CQL STARTUP");
static COMPRESSION: Field = Field::text("compression", "how frames may be compressed", "CQL BINARY PROTOCOL STARTUP");
static USER: Field = Field::text("user", "the account that logs in", "CQL BINARY PROTOCOL AUTH_RESPONSE, CREDENTIALS");
static AUTHENTICATOR: Field =
    Field::text("authenticator", "what the server lets clients log in by", "CQL BINARY PROTOCOL AUTHENTICATE");
static KEYSPACE: Field = Field::text("keyspace", "keyspaces used, each once", "CQL BINARY PROTOCOL RESULT").list();
static OPERATIONS: Field =
    Field::text("operations", "requests by name, as `NAME:COUNT`", "CQL BINARY PROTOCOL 2.4").list().items(32);
static VERBS: Field = Field::text("verbs", "statements by their first word, as `NAME:COUNT`", "CQL").list().items(32);
static STATEMENT: Field = Field::text("statement", "statements, each once, with `?` for literals", "CQL").list().long();
static ERROR: Field =
    Field::text("error", "errors that the server answered, each once", "CQL BINARY PROTOCOL ERROR").list();

static ELEMENT: Element = Element {
    name: "cassandra",
    meaning: "Apache Cassandra",
    fields: &[
        &VERSION,
        &CQL_VERSION,
        &DRIVER,
        &APPLICATION,
        &COMPRESSION,
        &USER,
        &AUTHENTICATOR,
        &KEYSPACE,
        &OPERATIONS,
        &VERBS,
        &STATEMENT,
        &ERROR,
    ],
};

/// What is looked at of a frame.
pub const READ_BYTES: usize = 4096;
/// The longest frame (the specification: 256 MB).
const FRAME_BYTES: u64 = 256 * 1024 * 1024;
/// How many items of a map are looked at.
const ITEMS: usize = 32;

/// A frame's head.
struct Head {
    version: u8,
    answer: bool,
    flags: u8,
    opcode: u8,
    bytes: usize,
    length: u64,
}

impl Head {
    /// `Err`: so many bytes are needed, or with none no frame begins so.
    fn read(bytes: &[u8]) -> Result<Self, Option<usize>> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8().ok_or(Some(1))?;
        let version = match first & 0x7f {
            version @ 1..=5 => version,
            // DataStax' own, which are like the fourth.
            0x41 | 0x42 => 4,
            _ => return Err(None),
        };
        let head = if version < 3 { 8 } else { 9 };
        let read = |reader: &mut Reader<'_>| {
            let flags = reader.u8()?;
            reader.skip(if version < 3 { 1 } else { 2 })?;
            Some((flags, reader.u8()?, u64::from(reader.be_u32()?)))
        };
        let (flags, opcode, length) = read(&mut reader).ok_or(Some(head))?;
        Ok(Self { version, answer: first & 0x80 != 0, flags, opcode, bytes: head, length })
    }
}

#[derive(Default)]
struct Cassandra {
    lost: Lost,
    version: Option<u8>,
    /// The compressor was chosen.
    compressing: bool,
    /// By side: whether what follows comes in segments.
    segments: [bool; 2],
    cql_version: Option<Text>,
    driver: Option<Text>,
    application: Option<Text>,
    compression: Option<Text>,
    user: Option<Text>,
    password: bool,
    authenticator: Option<Text>,
    keyspaces: List<Text>,
    operations: Tally,
    verbs: Tally,
    statements: List<Text>,
    errors: List<Text>,
}

impl Dissector for Cassandra {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        if self.segments.get(role.index()) == Some(&true) {
            return self.segment(role, bytes);
        }
        let head = match Head::read(bytes) {
            Ok(head) => head,
            Err(Some(wanted)) => return Step::NeedMore(wanted),
            Err(None) => return Step::Violation,
        };
        if head.answer != (role == Role::Server) || head.length > FRAME_BYTES {
            return Step::Violation;
        }
        match framed(bytes, head.length.saturating_add(head.bytes as u64), READ_BYTES) {
            Ok((frame, step)) => {
                self.frame(role, &head, frame.get(head.bytes..).unwrap_or_default());
                step
            }
            Err(step) => step,
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let mut cassandra = out.element(&ELEMENT);
        if let Some(version) = self.version {
            cassandra.number(&VERSION, u64::from(version));
        }
        cassandra.maybe(&CQL_VERSION, self.cql_version.as_ref());
        cassandra.maybe(&DRIVER, self.driver.as_ref());
        cassandra.maybe(&APPLICATION, self.application.as_ref());
        cassandra.maybe(&COMPRESSION, self.compression.as_ref());
        cassandra.maybe(&USER, self.user.as_ref());
        cassandra.maybe(&AUTHENTICATOR, self.authenticator.as_ref());
        cassandra.texts(&KEYSPACE, &self.keyspaces);
        self.operations.tell(&mut cassandra, &OPERATIONS);
        self.verbs.tell(&mut cassandra, &VERBS);
        cassandra.texts(&STATEMENT, &self.statements);
        cassandra.texts(&ERROR, &self.errors);
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.keyspaces, &self.statements, &self.errors];
        let listed = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        self.operations.heap_bytes() + self.verbs.heap_bytes() + listed.sum::<usize>()
    }
}

impl Cassandra {
    /// A segment of version 5 holds whole frames, or a part of one.
    fn segment(&mut self, role: Role, bytes: &[u8]) -> Step {
        let Some(&[a, b, c]) = bytes.first_chunk::<3>() else {
            return Step::NeedMore(3);
        };
        if self.compressing {
            // Lengths before and after compression stand in five bytes: the first of them tells how far it goes.
            let total = u64::from(u32::from_le_bytes([a, b, c & 1, 0])).saturating_add(12);
            return framed(bytes, total, 3).map_or_else(|step| step, |(_, step)| step);
        }
        let length = u64::from(u32::from_le_bytes([a, b, c & 1, 0]));
        let whole = c & 2 != 0;
        match framed(bytes, length.saturating_add(10), READ_BYTES) {
            Ok((segment, step)) => {
                let end = usize::try_from(length).unwrap_or(0).saturating_add(6).min(segment.len());
                let mut rest = segment.get(6..end).unwrap_or_default();
                while whole && let Ok(head) = Head::read(rest) {
                    if head.length > length {
                        break;
                    }
                    let total = head.bytes.saturating_add(usize::try_from(head.length).unwrap_or(usize::MAX));
                    let frame = rest.get(..total).unwrap_or(rest);
                    self.frame(role, &head, frame.get(head.bytes..).unwrap_or_default());
                    rest = rest.get(total..).unwrap_or_default();
                }
                step
            }
            Err(step) => step,
        }
    }

    fn frame(&mut self, role: Role, head: &Head, body: &[u8]) {
        self.version.get_or_insert(head.version);
        if role == Role::Client {
            self.operations.count(operation(head.opcode).as_bytes());
        }
        let plain = head.flags & 1 == 0;
        let mut reader = Reader::new(body);
        if role == Role::Server {
            // Tracing, warnings and payloads stand before the answer itself; only the first is of a known length.
            if head.flags & 2 != 0 {
                reader.skip(16);
            }
            if plain && head.flags & 0x0c == 0 {
                self.answer(head.opcode, &mut reader);
            }
            // The answer to STARTUP is the last frame that stands alone.
            if head.version == 5 && matches!(head.opcode, 2 | 3) {
                self.segments = [true; 2];
            }
        } else if plain && head.flags & 4 == 0 {
            self.request(head.opcode, &mut reader);
        }
    }

    fn request(&mut self, opcode: u8, reader: &mut Reader<'_>) -> Option<()> {
        match opcode {
            1 => {
                let (mut driver, mut application) = ((None, None), (None, None));
                for (name, value) in string_map(reader) {
                    match name {
                        b"CQL_VERSION" => keep(&mut self.cql_version, value),
                        b"COMPRESSION" => {
                            self.compressing = true;
                            keep(&mut self.compression, value);
                        }
                        b"DRIVER_NAME" => driver.0 = Some(value),
                        b"DRIVER_VERSION" => driver.1 = Some(value),
                        b"APPLICATION_NAME" => application.0 = Some(value),
                        b"APPLICATION_VERSION" => application.1 = Some(value),
                        _ => {}
                    }
                }
                keep(&mut self.driver, &<[_; 2]>::from(driver).into_iter().flatten().collect::<Vec<_>>().join(&b' '));
                keep(
                    &mut self.application,
                    &<[_; 2]>::from(application).into_iter().flatten().collect::<Vec<_>>().join(&b' '),
                );
            }
            // CREDENTIALS of version 1.
            4 => {
                for (name, value) in string_map(reader) {
                    match name {
                        b"username" => keep(&mut self.user, value),
                        b"password" => self.password = true,
                        _ => {}
                    }
                }
            }
            7 | 9 => self.statement(long_string(reader)?),
            0x0d => self.batch(reader)?,
            0x0f => {
                if let (None, Some(named)) = (&self.user, credentials::plain(long_string(reader)?)) {
                    self.password |= named.password;
                    self.user = Some(named.user).filter(|user| !user.is_empty());
                }
            }
            _ => {}
        }
        Some(())
    }

    /// `type:1 count:2`, then statements as text or by the id of what was prepared, each with its values.
    fn batch(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        reader.u8()?;
        for _ in 0..reader.be_u16()? {
            match reader.u8()? {
                0 => self.statement(long_string(reader)?),
                _ => drop(string(reader)?),
            }
            for _ in 0..reader.be_u16()? {
                if let Ok(length) = usize::try_from(reader.be_u32()? as i32) {
                    reader.skip(length)?;
                }
            }
        }
        Some(())
    }

    fn statement(&mut self, text: &[u8]) {
        let text = text.trim_ascii();
        let verb = text.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
        if !verb.is_empty() {
            self.verbs.count_upper(verb);
        }
        let told = Text::long(&without_literals(text));
        if !told.is_empty() {
            self.statements.push_distinct(told);
        }
    }

    fn answer(&mut self, opcode: u8, reader: &mut Reader<'_>) -> Option<()> {
        match opcode {
            0 => {
                let (code, message) = (reader.be_u32()?, string(reader)?);
                let told = [error(code).as_bytes(), b": ", message].concat();
                self.errors.push_distinct(Text::new(&told));
            }
            3 => keep(&mut self.authenticator, string(reader)?),
            // A result of the third kind: a keyspace was set.
            8 if reader.be_u32()? == 3 => self.keyspaces.push_distinct(Text::new(string(reader)?)),
            _ => {}
        }
        Some(())
    }
}

fn keep(field: &mut Option<Text>, text: &[u8]) {
    if field.is_none() && !text.is_empty() {
        *field = Some(Text::new(text));
    }
}

fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.be_u16()?;
    reader.take(usize::from(length))
}

/// A long text, or of one that was cut off what is here.
fn long_string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(reader.be_u32()?).ok()?;
    reader.take(length.min(reader.len()))
}

fn string_map<'a>(reader: &mut Reader<'a>) -> Vec<(&'a [u8], &'a [u8])> {
    let count = reader.be_u16().map_or(0, usize::from).min(ITEMS);
    std::iter::repeat_with(|| Some((string(reader)?, string(reader)?))).take(count).map_while(|item| item).collect()
}

/// A statement with `?` in the place of texts in quotes and of numbers, and its white space made one space.
fn without_literals(statement: &[u8]) -> Vec<u8> {
    let mut told: Vec<u8> = Vec::with_capacity(statement.len().min(1024));
    let mut bytes = statement.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let inside_word =
            told.last().is_some_and(|last| last.is_ascii_alphanumeric() || matches!(last, b'_' | b'"' | b'?'));
        match byte {
            b'\'' => {
                // A quote inside is doubled.
                while let Some(next) = bytes.next() {
                    if next == b'\'' && bytes.next_if_eq(&b'\'').is_none() {
                        break;
                    }
                }
                told.push(b'?');
            }
            b'0'..=b'9' if !inside_word => {
                while bytes.next_if(|next| next.is_ascii_alphanumeric() || matches!(next, b'.' | b'-')).is_some() {}
                told.push(b'?');
            }
            _ if byte.is_ascii_whitespace() => {
                if told.last() != Some(&b' ') {
                    told.push(b' ');
                }
            }
            _ => told.push(byte),
        }
    }
    told
}

/// Requests by opcode.
fn operation(opcode: u8) -> &'static str {
    match opcode {
        1 => "STARTUP",
        4 => "CREDENTIALS",
        5 => "OPTIONS",
        7 => "QUERY",
        9 => "PREPARE",
        0x0a => "EXECUTE",
        0x0b => "REGISTER",
        0x0d => "BATCH",
        0x0f => "AUTH_RESPONSE",
        _ => "other",
    }
}

/// Errors by code (native_protocol_v5.spec 8).
fn error(code: u32) -> &'static str {
    match code {
        0x0000 => "server error",
        0x000a => "protocol error",
        0x0100 => "authentication error",
        0x1000 => "unavailable",
        0x1001 => "overloaded",
        0x1002 => "is bootstrapping",
        0x1003 => "truncate error",
        0x1100 => "write timeout",
        0x1200 => "read timeout",
        0x1300 => "read failure",
        0x1400 => "function failure",
        0x1500 => "write failure",
        0x1600 => "change log failure",
        0x1700 => "write of unknown outcome",
        0x2000 => "syntax error",
        0x2100 => "unauthorized",
        0x2200 => "invalid",
        0x2300 => "config error",
        0x2400 => "already exists",
        0x2500 => "unprepared",
        _ => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_left_out() {
        let told = without_literals(b"INSERT INTO t1 (a,  b) VALUES ('it''s', -12.5, 550e8400-e29b)\n WHERE x3 = 0xff");
        assert_eq!(told, b"INSERT INTO t1 (a, b) VALUES (?, -?, ?) WHERE x3 = ?");
        assert_eq!(without_literals(b"x = 'never closed"), b"x = ?");
    }
}
