//! HL7 version 2 over MLLP (HL7 Transport Specification: MLLP release 1; HL7 version 2, chapter 2).
//!
//! ```text
//! block     0b message 1c 0d
//! message   segments, each ended by CR: name, then fields behind the separator that follows `MSH`
//! MSH       separator, 2 encoding characters, 3 application, 4 facility of the sender, 5, 6 of the receiver, 7 time, 8 security,
//!           9 kind, 10 control id, 11 processing, 12 version
//! MSA       1 acknowledgement: AA, AE, AR, CA, CE, CR
//! ```
//!
//! Of every segment only the first [`SEGMENT`] bytes are looked at, and only of `MSH` and `MSA` anything is kept: nothing of
//! patients. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Sample, Step, Transport, Verdict};

static MESSAGES: Field = Field::number("messages", "messages of both sides", "");
static MESSAGE_TYPE: Field =
    Field::text("message_type", "kinds of messages, with how often: `ADT^A01:3`", "HL7 2.15.9.9").list().items(NAMES);
static SENDING_APPLICATION: Field =
    Field::text("sending_application", "applications that sent messages, each once", "HL7 2.15.9.3").list();
static SENDING_FACILITY: Field = Field::text("sending_facility", "their facilities, each once", "HL7 2.15.9.4").list();
static RECEIVING_APPLICATION: Field =
    Field::text("receiving_application", "applications that messages were for, each once", "HL7 2.15.9.5").list();
static RECEIVING_FACILITY: Field =
    Field::text("receiving_facility", "their facilities, each once", "HL7 2.15.9.6").list();
static VERSION: Field = Field::text("version", "versions of the standard, each once", "HL7 2.15.9.12").list();
static ACKNOWLEDGEMENT: Field =
    Field::text("acknowledgement", "acknowledgements, with how often: `AA:3`", "HL7 2.15.8.1").list().items(NAMES);

static ELEMENT: Element = Element {
    name: "hl7",
    meaning: "HL7 version 2: messages of hospitals",
    fields: &[
        &MESSAGES,
        &MESSAGE_TYPE,
        &SENDING_APPLICATION,
        &SENDING_FACILITY,
        &RECEIVING_APPLICATION,
        &RECEIVING_FACILITY,
        &VERSION,
        &ACKNOWLEDGEMENT,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "hl7",
    about: About {
        name: "HL7 version 2 over MLLP",
        specification: "HL7 Transport Specification MLLP, HL7 version 2",
        evidence: "a block that begins with `MSH`",
        limits: "nothing of patients is told; of a segment its beginning is read",
        ports: &[2575],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[BEGIN..=BEGIN]),
    probe,
    open: |_| Box::new(Hl7::default()),
};

/// What stands before and behind a message, and what ends a segment.
const BEGIN: u8 = 0x0b;
const END: u8 = 0x1c;
const RETURN: u8 = b'\r';
/// How much of a segment is looked at.
const SEGMENT: usize = 1024;
/// The most kinds of messages.
const KIND_BYTES: usize = 32;

fn probe(sample: &Sample<'_>) -> Verdict {
    let wanted = [BEGIN, b'M', b'S', b'H'];
    if !wanted.iter().zip(sample.bytes).all(|(wanted, byte)| wanted == byte) {
        return Verdict::Reject;
    }
    match sample.bytes.get(wanted.len()..).and_then(|rest| rest.first_chunk::<2>()) {
        None => Verdict::NeedMore,
        Some([separator, encoding]) if separator.is_ascii_punctuation() && encoding.is_ascii_punctuation() => {
            Verdict::Match
        }
        Some(_) => Verdict::Reject,
    }
}

/// Where one side stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Between messages.
    #[default]
    Outside,
    /// At a segment's beginning; the byte is the separator, 0 before it is known.
    Segment(u8),
    /// In a segment whose rest is not looked at.
    Rest(u8),
}

#[derive(Debug, Default)]
struct Hl7 {
    at: [At; 2],
    messages: u64,
    kinds: Tally<Text>,
    applications: [List<Text>; 2],
    facilities: [List<Text>; 2],
    versions: List<Text>,
    acknowledgements: Tally<Text>,
}

impl Hl7 {
    /// Takes a segment. Gives the separator of its message.
    fn segment(&mut self, separator: u8, segment: &[u8]) -> Option<u8> {
        match segment.first_chunk::<3>()? {
            b"MSH" => {
                let separator = *segment.get(3)?;
                counts::more(&mut self.messages);
                // The separator is itself the first field.
                let mut fields = segment.split(|byte| *byte == separator).skip(2);
                let mut next = || fields.next().unwrap_or_default();
                let parts = [next(), next(), next(), next()];
                let [sender, senders, receiver, receivers] = parts;
                let [mine, theirs] = &mut self.applications;
                let [my_place, their_place] = &mut self.facilities;
                for (list, part) in [(mine, sender), (my_place, senders), (theirs, receiver), (their_place, receivers)]
                {
                    if !part.is_empty() {
                        list.push_distinct(Text::new(part));
                    }
                }
                let _ = (next(), next());
                let kind = next();
                if !kind.is_empty() {
                    self.kinds.count(Text::with_cap(kind, KIND_BYTES));
                }
                let _ = (next(), next());
                let version = next();
                if !version.is_empty() {
                    self.versions.push_distinct(Text::with_cap(version, KIND_BYTES));
                }
                Some(separator)
            }
            b"MSA" => {
                let code = segment.split(|byte| *byte == separator).nth(1)?;
                if matches!(code.len(), 1..=2) && code.iter().all(u8::is_ascii_uppercase) {
                    self.acknowledgements.count(Text::new(code));
                }
                None
            }
            _ => None,
        }
    }
}

impl Dissector for Hl7 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Some(at) = self.at.get(chunk.role.index()).copied() else { return Step::Done };
        let bytes = chunk.bytes;
        let (next, used) = match at {
            At::Outside => match memchr::memchr(BEGIN, bytes) {
                Some(begin) => (At::Segment(0), begin + 1),
                None => (At::Outside, bytes.len()),
            },
            At::Segment(separator) => match memchr::memchr2(RETURN, END, bytes.get(..SEGMENT).unwrap_or(bytes)) {
                Some(end) => {
                    let separator = self.segment(separator, bytes.get(..end).unwrap_or_default()).unwrap_or(separator);
                    let over = bytes.get(end) == Some(&END);
                    (if over { At::Outside } else { At::Segment(separator) }, end + 1)
                }
                None if bytes.len() < SEGMENT => return Step::NeedMore(bytes.len() + 1),
                None => {
                    let separator = self.segment(separator, bytes.get(..SEGMENT).unwrap_or(bytes)).unwrap_or(separator);
                    (At::Rest(separator), SEGMENT)
                }
            },
            At::Rest(separator) => match memchr::memchr2(RETURN, END, bytes) {
                Some(end) if bytes.get(end) == Some(&END) => (At::Outside, end + 1),
                Some(end) => (At::Segment(separator), end + 1),
                None => (At::Rest(separator), bytes.len()),
            },
        };
        if let Some(at) = self.at.get_mut(chunk.role.index()) {
            *at = next;
        }
        Step::Consumed(used)
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        counts::write_count(&mut element, &MESSAGES, self.messages);
        let text = |text: &Text| String::from_utf8_lossy(text.bytes()).into_owned();
        self.kinds.write(&mut element, &MESSAGE_TYPE, text);
        let [sending, receiving] = &self.applications;
        let [from, to] = &self.facilities;
        element.texts(&SENDING_APPLICATION, sending);
        element.texts(&SENDING_FACILITY, from);
        element.texts(&RECEIVING_APPLICATION, receiving);
        element.texts(&RECEIVING_FACILITY, to);
        element.texts(&VERSION, &self.versions);
        self.acknowledgements.write(&mut element, &ACKNOWLEDGEMENT, text);
    }

    fn heap_bytes(&self) -> usize {
        let lists = self.applications.iter().chain(&self.facilities).chain([&self.versions]);
        size_of::<Self>()
            + lists.map(counts::texts_bytes).sum::<usize>()
            + self.kinds.heap_bytes()
            + self.acknowledgements.heap_bytes()
    }
}
