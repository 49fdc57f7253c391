//! DICOM: medical images between devices and archives (DICOM PS3.8, the upper layer).
//!
//! ```text
//! type:1 00 length:4 ...
//!   1 associate request, 2 its acceptance    version:2 0000 called:16 calling:16 0*32 items
//!   3 refusal   00 result:1 source:1 reason:1       4 data    5, 6 release    7 abort   00 00 source:1 reason:1
//! item    type:1 00 length:2 ...                    10 context, 20 and 21 what is to be exchanged, 50 the user's
//! data    (length:4 context:1 flags:1 (1 command, 2 the last of it) ...)*
//! command group:2 (0) element:2 length:4 value, least byte first (PS3.7 6.3)      0100 which one: 8000 is an answer    0900 its status
//! ```
//!
//! Told: who calls whom, for what, the implementations, which operations, and how they ended. Data is passed over and never read: it is about
//! patients. Limits: an association of [`ASSOCIATE_BYTES`]; a command of [`COMMAND_BYTES`] that stands first in its message.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dicom",
    about: About {
        name: "Digital Imaging and Communications in Medicine",
        specification: "DICOM PS3.8",
        evidence: "a request or answer for an association",
        limits: "data is never read: it is about patients; commands behind the first of a message",
        ports: &[104, 2761, 2762, 4242, 11112],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[1..=1], server: &[2..=3] },
    probe,
    open: |_: &Opening| Box::new(Dicom::default()),
};

/// Who calls.
pub static CALLING: Field = Field::text("calling", "title of the application that calls", "DICOM PS3.8 9.3.2");
/// Who is called.
pub static CALLED: Field = Field::text("called", "title of the application that is called", "DICOM PS3.8 9.3.2");
/// For what.
pub static SYNTAXES: Field = Field::text(
    "syntaxes",
    "UIDs of what is to be exchanged (`1.2.840.10008.1.1` only to see who is there)",
    "DICOM PS3.8 9.3.2.2",
)
.list();
/// The client.
pub static CLIENT_IMPLEMENTATION: Field =
    Field::text("client_implementation", "the caller's software", "DICOM PS3.7 D.3.3.2");
/// The server.
pub static SERVER_IMPLEMENTATION: Field =
    Field::text("server_implementation", "the called one's software", "DICOM PS3.7 D.3.3.2");
/// The outcome.
pub static RESULT: Field =
    Field::text("result", "`accepted`, `rejected` or `aborted`", "DICOM PS3.8 9.3.3, 9.3.4, 9.3.8");

/// Why not.
pub static REASON: Field =
    Field::text("reason", "why the server refused, such as `called title unknown`", "DICOM PS3.8 9.3.4");
/// What was asked for.
pub static OPERATION: Field =
    Field::text("operation", "what was asked for, each with how often", "DICOM PS3.7 E.1").list();
/// How it ended.
pub static STATUS: Field = Field::text(
    "status",
    "how operations ended, in hexadecimal, each with how often: `0000` success, `ff00` more to come",
    "DICOM PS3.7 C",
)
.list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "dicom",
    meaning: "Digital Imaging and Communications in Medicine",
    fields: &[
        &CALLING,
        &CALLED,
        &SYNTAXES,
        &CLIENT_IMPLEMENTATION,
        &SERVER_IMPLEMENTATION,
        &RESULT,
        &REASON,
        &OPERATION,
        &STATUS,
    ],
};

const HEADER_BYTES: usize = 6;
/// Version, titles and what is reserved, up to the first item.
const FIXED_BYTES: usize = 68;
/// The longest association that is read.
const ASSOCIATE_BYTES: usize = 64 * 1024;
/// More items than an association has.
const MOST_ITEMS: usize = 512;
const REQUEST: u8 = 1;
const ACCEPT: u8 = 2;
const REJECT: u8 = 3;
const DATA: u8 = 4;
const ABORT: u8 = 7;
/// The longest command that is read.
const COMMAND_BYTES: usize = 1024;
/// What stands before the first command of a message: both headers and what a fragment is.
const FRAGMENT_BYTES: usize = 12;

fn probe(sample: &Sample<'_>) -> Verdict {
    let mut reader = Reader::new(sample.bytes);
    let kind = if sample.role == Role::Client { REQUEST } else { ACCEPT };
    let begins = [kind, 0, 0];
    if !begins.iter().zip(sample.bytes).all(|(wanted, byte)| wanted == byte) {
        return if sample.role == Role::Server { refusal(sample.bytes) } else { Verdict::Reject };
    }
    let Some((length, version, reserved, titles)) = (|| {
        reader.skip(2)?;
        Some((reader.be_u32()?, reader.be_u16()?, reader.be_u16()?, reader.take(32)?))
    })() else {
        let version = sample.bytes.get(6..10).unwrap_or_default();
        let fits = [0, 1, 0, 0].iter().zip(version).all(|(wanted, byte)| wanted == byte);
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    };
    let sane = (FIXED_BYTES..ASSOCIATE_BYTES).contains(&usize::try_from(length).unwrap_or(usize::MAX));
    let titled = titles.iter().all(|byte| matches!(byte, 0 | 0x20..=0x7e)) && titles.iter().any(u8::is_ascii_graphic);
    if sane && version == 1 && reserved == 0 && titled { Verdict::Match } else { Verdict::Reject }
}

/// A server that refuses: ten bytes of small numbers, which want the client's request.
fn refusal(bytes: &[u8]) -> Verdict {
    let wanted = [3, 0, 0, 0, 0, 4, 0];
    if wanted.iter().zip(bytes).all(|(wanted, byte)| wanted == byte) { Verdict::NeedMore } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct Dicom {
    calling: Text,
    called: Text,
    syntaxes: List<Text>,
    implementations: [Text; 2],
    result: Option<&'static str>,
    reason: Option<&'static str>,
    operations: Tally,
    statuses: Tally,
}

impl Dicom {
    /// A command, elements `group:2 element:2 length:4 value`: what it asks for, or how something ended.
    fn command(&mut self, elements: &[u8]) {
        let mut reader = Reader::new(elements);
        let (mut command, mut status) = (None, None);
        for _ in 0..MOST_ITEMS {
            let Some((group, element, length)) = (|| Some((reader.le_u16()?, reader.le_u16()?, reader.le_u32()?)))()
            else {
                break;
            };
            let Some(value) = usize::try_from(length).ok().and_then(|length| reader.take(length)) else { break };
            let number = value.first_chunk().copied().map(u16::from_le_bytes);
            match (group, element) {
                (0, 0x0100) => command = number,
                (0, 0x0900) => status = number,
                _ => {}
            }
        }
        match (command, status) {
            (Some(answer), Some(status)) if answer & 0x8000 != 0 => {
                self.statuses.count(format!("{status:04x}").as_bytes());
            }
            (Some(request), _) if request & 0x8000 == 0 => {
                let name = OPERATIONS.iter().find(|(number, _)| *number == request).map(|(_, name)| *name);
                self.operations.count(name.unwrap_or("other").as_bytes());
            }
            _ => {}
        }
    }

    fn associate(&mut self, role: Role, body: &[u8]) {
        let mut reader = Reader::new(body);
        let Some((called, calling)) = (|| {
            reader.skip(4)?;
            let titles = (reader.take(16)?, reader.take(16)?);
            reader.skip(32)?;
            Some(titles)
        })() else {
            return;
        };
        let title = |padded: &[u8]| Text::new(padded.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii());
        (self.called, self.calling) = (title(called), title(calling));
        for (kind, content) in items(reader) {
            match kind {
                // identifier:1 000000, then items; the first is the abstract syntax.
                0x20 => {
                    let inner = Reader::new(content.get(4..).unwrap_or_default());
                    for (_, uid) in items(inner).filter(|(kind, _)| *kind == 0x30) {
                        self.syntaxes.push_distinct(title(uid));
                    }
                }
                0x50 => {
                    if let Some((_, name)) = items(Reader::new(content)).find(|(kind, _)| *kind == 0x55)
                        && let Some(slot) = self.implementations.get_mut(role.index())
                    {
                        *slot = title(name);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Items: `type:1 00 length:2 content`.
fn items<'a>(mut reader: Reader<'a>) -> impl Iterator<Item = (u8, &'a [u8])> {
    std::iter::from_fn(move || {
        let [kind, _] = reader.array()?;
        let length = usize::from(reader.be_u16()?);
        Some((kind, reader.take(length)?))
    })
    .take(MOST_ITEMS)
}

impl Dissector for Dicom {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let Some(([kind, _], length)) = (|| Some((reader.array()?, reader.be_u32()?)))() else {
            return Step::NeedMore(HEADER_BYTES);
        };
        let whole = u64::from(length).saturating_add(HEADER_BYTES as u64);
        match kind {
            REQUEST | ACCEPT => {
                let whole = usize::try_from(whole).unwrap_or(usize::MAX);
                if whole > ASSOCIATE_BYTES {
                    return Step::Violation;
                }
                let Some(body) = chunk.bytes.get(HEADER_BYTES..whole) else {
                    return Step::NeedMore(whole);
                };
                if kind == ACCEPT {
                    self.result = Some("accepted");
                }
                self.associate(chunk.role, body);
            }
            REJECT => {
                let Some([_, _, source, reason]) = chunk.bytes.get(HEADER_BYTES..).and_then(<[u8]>::first_chunk) else {
                    return Step::NeedMore(HEADER_BYTES + 4);
                };
                self.result = Some("rejected");
                self.reason = reason_name(*source, *reason);
            }
            ABORT => self.result = Some("aborted"),
            DATA => {
                let Some(head) = chunk.bytes.first_chunk::<FRAGMENT_BYTES>() else {
                    return Step::NeedMore(FRAGMENT_BYTES);
                };
                let [.., b0, b1, b2, b3, _, flags] = *head;
                // The length counts context and flags.
                let length = usize::try_from(u32::from_be_bytes([b0, b1, b2, b3])).unwrap_or(usize::MAX);
                let end = length.saturating_add(HEADER_BYTES + 4);
                if flags & 1 != 0 && length <= COMMAND_BYTES && end as u64 <= whole {
                    let Some(elements) = chunk.bytes.get(FRAGMENT_BYTES..end) else {
                        return Step::NeedMore(end);
                    };
                    self.command(elements);
                }
            }
            5 | 6 => {}
            _ => return Step::Violation,
        }
        match whole.checked_sub(chunk.bytes.len() as u64) {
            None | Some(0) => Step::Consumed(usize::try_from(whole).unwrap_or(usize::MAX)),
            Some(missing) => Step::Skip(missing),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut dicom = out.element(&ELEMENT);
        dicom.text(&CALLING, &self.calling);
        dicom.text(&CALLED, &self.called);
        dicom.texts(&SYNTAXES, &self.syntaxes);
        let [client, server] = &self.implementations;
        dicom.text(&CLIENT_IMPLEMENTATION, client);
        dicom.text(&SERVER_IMPLEMENTATION, server);
        if let Some(result) = self.result {
            dicom.plain(&RESULT, result);
        }
        if let Some(reason) = self.reason {
            dicom.plain(&REASON, reason);
        }
        self.operations.tell(&mut dicom, &OPERATION);
        self.statuses.tell(&mut dicom, &STATUS);
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.implementations.iter().chain([&self.calling, &self.called]).chain(self.syntaxes.items());
        let tallies = self.operations.heap_bytes() + self.statuses.heap_bytes();
        size_of::<Self>() + tallies + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

/// Operations by their commands (DICOM PS3.7 E.1).
const OPERATIONS: [(u16, &str); 12] = [
    (0x0001, "C-STORE"),
    (0x0010, "C-GET"),
    (0x0020, "C-FIND"),
    (0x0021, "C-MOVE"),
    (0x0030, "C-ECHO"),
    (0x0100, "N-EVENT-REPORT"),
    (0x0110, "N-GET"),
    (0x0120, "N-SET"),
    (0x0130, "N-ACTION"),
    (0x0140, "N-CREATE"),
    (0x0150, "N-DELETE"),
    (0x0fff, "C-CANCEL"),
];

/// Why an association was refused (DICOM PS3.8 9.3.4).
const fn reason_name(source: u8, reason: u8) -> Option<&'static str> {
    Some(match (source, reason) {
        (1, 2) => "context unknown",
        (1, 3) => "calling title unknown",
        (1, 7) => "called title unknown",
        (2, 2) => "protocol version",
        (3, 1) => "congestion",
        (3, 2) => "limit exceeded",
        _ => return None,
    })
}
