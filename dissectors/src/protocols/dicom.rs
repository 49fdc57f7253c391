//! DICOM: medical images between devices and archives (DICOM PS3.8, the upper layer).
//!
//! ```text
//! type:1 00 length:4 ...
//!   1 associate request, 2 its acceptance    version:2 0000 called:16 calling:16 0*32 items
//!   3 refusal   00 result:1 source:1 reason:1       4 data    5, 6 release    7 abort   00 00 source:1 reason:1
//! item    type:1 00 length:2 ...                    10 context, 20 and 21 what is to be exchanged, 50 the user's
//! ```
//!
//! Told: who calls whom, for what, and the implementations. Data is passed over and never read: it is about patients. Limits: an
//! association of [`ASSOCIATE_BYTES`].

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dicom",
    about: About {
        name: "Digital Imaging and Communications in Medicine",
        specification: "DICOM PS3.8",
        evidence: "a request or answer for an association",
        limits: "data is never read: it is about patients",
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

/// The element.
pub static ELEMENT: Element = Element {
    name: "dicom",
    meaning: "Digital Imaging and Communications in Medicine",
    fields: &[&CALLING, &CALLED, &SYNTAXES, &CLIENT_IMPLEMENTATION, &SERVER_IMPLEMENTATION, &RESULT],
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
const ABORT: u8 = 7;

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
}

impl Dicom {
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
            REJECT => self.result = Some("rejected"),
            ABORT => self.result = Some("aborted"),
            4..=6 => {}
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
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.implementations.iter().chain([&self.calling, &self.called]).chain(self.syntaxes.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}
