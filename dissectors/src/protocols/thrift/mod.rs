//! Apache Thrift's calls: methods, services of multiplexed servers, errors; binary and compact protocol, framed or not.
//!
//! "Thrift Binary protocol encoding", "Thrift Compact protocol encoding", "Thrift Remote Procedure Call" (apache/thrift, doc/specs).
//!
//! ```text
//! framed    size:4, then a message          unframed: messages one after the other, or each a datagram (as tracers send them)
//! binary    0x80 0x01 0 kind:1  name (length:4)  sequence:4  struct
//! compact   0x82  kind:3 version:5 (bits)  sequence (varint)  name (varint length)  struct
//! kind      1 call, 2 reply, 3 exception, 4 call without a reply
//! ```
//!
//! A struct that is not framed must be walked to find its end ([`walk`]); only that of the binary protocol is. Arguments and results are
//! passed over; an exception's text is told. After a gap the side that misses bytes is silent.
//!
//! Limits: of a framed message the first [`READ_BYTES`], a name of [`NAME_BYTES`]. Not recognised: binary messages of before 2008, which have no
//! version.

mod walk;

use self::walk::Walk;
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, framed};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "thrift",
    about: About {
        name: "Apache Thrift",
        specification: "Thrift Binary and Compact protocol encoding",
        evidence: "a message with its version, kind and a method's name",
        limits: "arguments and results are passed over; binary messages without a version are not recognised",
        ports: &[9090],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=4, 0x80..=0x80, 0x82..=0x82]),
    probe,
    open: |opening: &Opening| Box::new(Thrift { datagrams: opening.transport != Transport::Tcp, ..Thrift::default() }),
};

static ENCODING: Field =
    Field::text("encoding", "`binary` or `compact`, and `framed` before it where it is", "Thrift specs");
static CALLS: Field = Field::number("calls", "calls", "Thrift RPC");
static METHOD: Field =
    Field::text("method", "methods called, as `NAME:COUNT`; with several services `SERVICE:NAME:COUNT`", "Thrift RPC")
        .list()
        .items(32);
static ERRORS: Field = Field::number("errors", "exceptions of the server; absent if none", "Thrift RPC");
static ERROR: Field = Field::text("error", "their texts, each once", "Thrift TApplicationException").list();

static ELEMENT: Element =
    Element { name: "thrift", meaning: "Apache Thrift", fields: &[&ENCODING, &CALLS, &METHOD, &ERRORS, &ERROR] };

/// What is looked at of a framed message.
pub const READ_BYTES: usize = 1024;
/// The longest name.
pub const NAME_BYTES: usize = 256;
/// The longest frame (Thrift: 16 MB unless configured).
const FRAME_BYTES: u64 = 512 * 1024 * 1024;

/// A message's head.
struct Head<'a> {
    kind: u8,
    compact: bool,
    name: &'a [u8],
    bytes: usize,
}

/// Reads a message's head. `Err(true)`: it may be one, with more bytes.
fn head(bytes: &[u8]) -> Result<Head<'_>, bool> {
    let mut reader = Reader::new(bytes);
    let compact = match reader.u8() {
        Some(0x80) => false,
        Some(0x82) => true,
        Some(_) => return Err(false),
        None => return Err(true),
    };
    let more = |found: Option<usize>| found.ok_or(true);
    let (kind, length) = if compact {
        let kind = more(reader.u8().map(usize::from))?;
        if kind & 0x1f != 1 {
            return Err(false);
        }
        more(variable(&mut reader))?;
        (kind as u8 >> 5, more(variable(&mut reader))?)
    } else {
        let [one, zero, kind] = reader.array::<3>().ok_or(bytes.get(1).is_none_or(|one| *one == 1))?;
        if (one, zero) != (1, 0) {
            return Err(false);
        }
        (kind, more(reader.be_u32().and_then(|length| usize::try_from(length).ok()))?)
    };
    if !(1..=4).contains(&kind) || !(1..=NAME_BYTES).contains(&length) {
        return Err(false);
    }
    let known = |name: &[u8]| name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-/".contains(byte));
    match reader.take(length) {
        Some(name) if !known(name) => Err(false),
        Some(name) => {
            if !compact {
                reader.skip(4).ok_or(true)?;
            }
            Ok(Head { kind, compact, name, bytes: bytes.len().saturating_sub(reader.len()) })
        }
        None => Err(known(reader.rest())),
    }
}

/// A number in bytes of seven bits, least significant first.
fn variable(reader: &mut Reader<'_>) -> Option<usize> {
    let mut value = 0usize;
    for shift in [0, 7, 14, 21, 28] {
        let byte = reader.u8()?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.first().is_some_and(|first| PROTOCOL.first.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    let bare = matches!(sample.bytes.first(), Some(0x80 | 0x82));
    let datagram = sample.transport != Transport::Tcp;
    let mut reader = Reader::new(sample.bytes);
    if !bare && datagram {
        return Verdict::Reject;
    }
    if !bare {
        let Some(size) = reader.be_u32() else {
            return Verdict::NeedMore;
        };
        if !(6..=1 << 26).contains(&size) {
            return Verdict::Reject;
        }
    }
    match head(reader.rest()) {
        Ok(found) => {
            let asks = matches!(found.kind, 1 | 4);
            if asks != (sample.role == Role::Client) {
                Verdict::Reject
            } else if !found.compact || (found.name.len() >= 3 && (datagram || !bare)) {
                Verdict::Match
            } else {
                Verdict::Likely
            }
        }
        Err(true) if sample.bytes.len() < 512 && !datagram => Verdict::NeedMore,
        Err(_) => Verdict::Reject,
    }
}

#[derive(Default)]
struct Thrift {
    datagrams: bool,
    lost: Lost,
    encoding: Option<&'static str>,
    calls: u64,
    methods: Tally,
    errors: u64,
    error: List<Text>,
    /// By side: the struct that is passed over.
    walks: [Walk; 2],
}

impl Dissector for Thrift {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.datagrams {
            // A datagram is one message.
            if let Ok(head) = head(bytes) {
                self.message(&head, false);
            }
            return Step::Consumed(bytes.len());
        }
        let Some(walk) = self.walks.get_mut(role.index()).filter(|_| !self.lost.is(role)) else {
            return Step::Consumed(bytes.len());
        };
        if walk.within() {
            return walk.advance(bytes);
        }
        if matches!(bytes.first(), Some(0x80 | 0x82)) {
            return self.bare(role, bytes);
        }
        let Some(size) = Reader::new(bytes).be_u32().map(u64::from) else {
            return Step::NeedMore(4);
        };
        if size > FRAME_BYTES {
            return Step::Violation;
        }
        match framed(bytes, size.saturating_add(4), READ_BYTES) {
            Ok((frame, step)) => {
                let message = frame.get(4..).unwrap_or_default();
                let Ok(head) = head(message) else {
                    return Step::Violation;
                };
                self.message(&head, true);
                if head.kind == 3
                    && let Some(text) = text(message.get(head.bytes..).unwrap_or_default(), head.compact)
                {
                    self.error.push_distinct(Text::new(text));
                }
                step
            }
            Err(step) => step,
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        let mut thrift = out.element(&ELEMENT);
        if let Some(encoding) = self.encoding {
            thrift.plain(&ENCODING, encoding);
        }
        if self.calls > 0 {
            thrift.number(&CALLS, self.calls);
        }
        self.methods.tell(&mut thrift, &METHOD);
        if self.errors > 0 {
            thrift.number(&ERRORS, self.errors);
        }
        thrift.texts(&ERROR, &self.error);
    }

    fn heap_bytes(&self) -> usize {
        let walks: usize = self.walks.iter().map(Walk::heap_bytes).sum();
        walks
            + self.methods.heap_bytes()
            + self.error.items().iter().map(|error| size_of::<Text>() + error.heap_bytes()).sum::<usize>()
    }
}

impl Thrift {
    fn message(&mut self, head: &Head<'_>, framed: bool) {
        self.encoding.get_or_insert(match (framed, head.compact) {
            (true, false) => "framed binary",
            (true, true) => "framed compact",
            (false, false) => "binary",
            (false, true) => "compact",
        });
        if matches!(head.kind, 1 | 4) {
            self.calls = self.calls.saturating_add(1);
            self.methods.count(head.name);
        }
        self.errors = self.errors.saturating_add(u64::from(head.kind == 3));
    }

    /// A message without a frame: its head, and then its struct is walked.
    fn bare(&mut self, role: Role, bytes: &[u8]) -> Step {
        match head(bytes) {
            Ok(head) => {
                self.message(&head, false);
                let used = head.bytes;
                if head.compact {
                    // Its end is not looked for: what this side says next is not told.
                    return match self.lost.lose(role) {
                        Step::Consumed(_) => Step::Consumed(used),
                        done => done,
                    };
                }
                if let Some(walk) = self.walks.get_mut(role.index()) {
                    walk.begin();
                }
                Step::Consumed(used)
            }
            Err(true) => Step::NeedMore(bytes.len().saturating_add(1)),
            Err(false) => Step::Violation,
        }
    }
}

/// The text of an exception: the first field of its struct.
fn text(body: &[u8], compact: bool) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    let length = if compact {
        (reader.u8()? == 0x18).then(|| variable(&mut reader))??
    } else {
        (reader.array::<3>()? == [0x0b, 0, 1]).then(|| usize::try_from(reader.be_u32()?).ok())??
    };
    reader.take(length.min(reader.len()))
}
