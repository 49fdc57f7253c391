//! MMS, as IEC 61850 and ICCP use it over ISO transport on TCP (ISO 9506, ISO 8327, ISO 8823, IEC 61850-8-1).
//!
//! ```text
//! connect   session 0d or 0e, presentation, association, whose contexts name MMS (object 1.0.9506.2), initiation
//! data      session 01 00 01 00, presentation 61 { 30 { context a0 { MMS } } }
//! MMS       a0 request, a1 answer: { invocation, service }   a2 error   a3 notice   a4 rejection   8b conclusion
//! name      a1 { 1a domain 1a item }
//! ```
//!
//! Limits: of a message in several pieces the first is read. Names are sought by their form, wherever they stand. A gap ends the
//! session's facts. Ignored on purpose: values, authentication.

mod names;

use crate::ber::{Ber, tag};
use crate::capped::{List, Text};
use crate::cotp::{self, Begin, Pieces, Unit};
use crate::counts::{self, NAMES, Tally, named};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static SERVICE: Field =
    Field::text("service", "services asked for, with how often: `read:4`", "ISO 9506-2 7").list().items(NAMES);
static REPORTS: Field = Field::number("reports", "notices of the server", "ISO 9506-2 14.13");
static DOMAIN: Field = Field::text("domain", "domains (logical devices) spoken of, each once", "ISO 9506-2 8").list();
static VARIABLE: Field =
    Field::text("variable", "variables read, each once: `domain/item`", "ISO 9506-2 14").list().items(NAMES);
static WRITTEN: Field =
    Field::text("written", "variables that a write was asked for, each once", "ISO 9506-2 14").list();
static FILE: Field = Field::text("file", "files opened, deleted or obtained, each once", "ISO 9506-2 D").list();
static VENDOR: Field = Field::text("vendor", "vendor of the server", "ISO 9506-2 10.5");
static MODEL: Field = Field::text("model", "its model", "ISO 9506-2 10.5");
static REVISION: Field = Field::text("revision", "its revision", "ISO 9506-2 10.5");
static ERRORS: Field = Field::number("errors", "requests refused or rejected", "ISO 9506-2 7.5");

static ELEMENT: Element = Element {
    name: "mms",
    meaning: "MMS: devices of IEC 61850 and control centres",
    fields: &[&SERVICE, &REPORTS, &DOMAIN, &VARIABLE, &WRITTEN, &FILE, &VENDOR, &MODEL, &REVISION, &ERRORS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "mms",
    about: About {
        name: "Manufacturing Message Specification (IEC 61850, ICCP)",
        specification: "ISO 9506, ISO 8327, ISO 8823, IEC 61850-8-1",
        evidence: "an association over ISO transport that names MMS, or its messages",
        limits: "values are not told; of a message in several pieces the first is read",
        ports: &[102],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[3..=3]),
    probe,
    open: |opening| Box::new(Framed::new(Mms::default(), opening.transport)),
};

/// MMS's object identifiers: its syntax and its application both begin so.
const OBJECT: &[u8] = &[0x28, 0xca, 0x22, 0x02];
/// What a session's connection begins with, by role, and what its data do.
const CONNECT: u8 = 0x0d;
const ACCEPT: u8 = 0x0e;
const SESSION_DATA: &[u8] = &[1, 0, 1, 0];
/// Presentation's user data.
const USER_DATA: u8 = 0x61;
/// Kinds of MMS's units.
const REQUEST: u8 = 0xa0;
const ANSWER: u8 = 0xa1;
const ERROR: u8 = 0xa2;
const NOTICE: u8 = 0xa3;
const REJECTION: u8 = 0xa4;
/// Services of which more is read than their name.
const IDENTIFY: u32 = 2;
const READ: u32 = 4;
const WRITE: u32 = 5;
/// Text as names have it.
const VISIBLE: u8 = 0x1a;
const GRAPHIC: u8 = 0x19;

fn probe(sample: &Sample<'_>) -> Verdict {
    match cotp::begin(sample.role, sample.bytes) {
        Begin::Broken => Verdict::Reject,
        Begin::NeedMore | Begin::Connection(_, []) => Verdict::NeedMore,
        Begin::Connection(_, payload) | Begin::Data(payload) => message(sample, payload),
    }
}

/// Whether a message connects for MMS, or carries it.
fn message(sample: &Sample<'_>, payload: &[u8]) -> Verdict {
    let asks = sample.role == Role::Client;
    match payload.first() {
        None => Verdict::NeedMore,
        Some(&CONNECT) if !asks => Verdict::Reject,
        Some(&ACCEPT) if asks => Verdict::Reject,
        Some(&(CONNECT | ACCEPT)) => {
            if memchr::memmem::find(payload, OBJECT).is_some() {
                return Verdict::Match;
            }
            // An acceptance may name the syntax by its number alone; the connection before it, or data behind it, tell.
            let whole =
                payload.get(1).is_some_and(|length| *length != 0xff && payload.len() >= usize::from(*length) + 2);
            if whole && asks { Verdict::Reject } else { Verdict::NeedMore }
        }
        Some(1) => {
            if !SESSION_DATA.iter().zip(payload).all(|(wanted, byte)| wanted == byte)
                || payload.get(SESSION_DATA.len()).is_some_and(|tag| *tag != USER_DATA)
            {
                return Verdict::Reject;
            }
            match unit(payload) {
                Some((REQUEST | 0x8b, _)) if asks => Verdict::Match,
                Some((ANSWER..=NOTICE | 0x8c, _)) if !asks => Verdict::Match,
                Some(_) => Verdict::Reject,
                None if payload.len() < 32 => Verdict::NeedMore,
                None => Verdict::Reject,
            }
        }
        Some(_) => Verdict::Reject,
    }
}

/// The kind and content of the MMS unit that a session's data carry, as far as they are here.
fn unit(payload: &[u8]) -> Option<(u8, &[u8])> {
    let data = payload.strip_prefix(SESSION_DATA)?;
    let mut values = Ber::lax(data).open(USER_DATA)?.open(tag::SEQUENCE)?;
    // The transfer syntax may be named; then the context's number.
    values.take(tag::OID);
    values.integer()?;
    let inside = values.open(tag::context(0))?.element()?;
    Some((inside.tag, inside.content))
}

/// A service's number and content: tags of it may have two bytes.
fn service(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut ber = Ber::lax(bytes);
    ber.integer()?;
    let rest = ber.rest();
    let (first, after) = rest.split_first()?;
    if first & 0x1f == 0x1f {
        let (number, after) = after.split_first()?;
        return Some((u32::from(*number), after));
    }
    Some((u32::from(first & 0x1f), Ber::lax(rest).element().map_or(after, |element| element.content)))
}

#[derive(Debug, Default)]
struct Mms {
    pieces: Pieces,
    services: Tally<u32>,
    answered: Tally<u32>,
    reports: u64,
    domains: List<Text>,
    variables: List<Text, NAMES>,
    written: List<Text>,
    files: List<Text>,
    vendor: Text,
    model: Text,
    revision: Text,
    errors: u64,
}

impl Mms {
    fn unit(&mut self, kind: u8, content: &[u8]) -> Option<()> {
        match kind {
            REQUEST => {
                let (number, inside) = service(content)?;
                self.services.count(number);
                for (domain, item) in names(inside) {
                    self.domains.push_distinct(Text::new(domain));
                    let name = || Text::new(&[domain, b"/", item].concat());
                    match number {
                        READ => self.variables.push_distinct(name()),
                        WRITE => self.written.push_distinct(name()),
                        _ => {}
                    }
                }
                if matches!(number, 46 | 72 | 76)
                    && let Some(file) = file(inside)
                {
                    self.files.push_distinct(Text::new(file));
                }
            }
            ANSWER => {
                let (number, inside) = service(content)?;
                self.answered.count(number);
                if number == IDENTIFY && self.vendor.is_empty() {
                    let mut ber = Ber::lax(inside);
                    for (at, slot) in (0..).zip([&mut self.vendor, &mut self.model, &mut self.revision]) {
                        *slot = Text::new(ber.take(tag::primitive(at))?);
                    }
                }
            }
            NOTICE => counts::more(&mut self.reports),
            ERROR | REJECTION => counts::more(&mut self.errors),
            _ => {}
        }
        Some(())
    }
}

/// Every name in some bytes: `a1 { 1a domain 1a item }`, whose lengths agree.
fn names(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    memchr::memchr_iter(0xa1, bytes).filter_map(|at| {
        let mut reader = Reader::new(bytes.get(at + 1..)?);
        let length = usize::from(reader.u8()?);
        let mut inside = reader.sub(length)?;
        let mut part = || match inside.array()? {
            [VISIBLE, length] => inside.take(usize::from(length)),
            _ => None,
        };
        let (domain, item) = (part()?, part()?);
        let fits = !domain.is_empty() && domain.len() + item.len() + 4 == length;
        (fits && domain.iter().chain(item).all(u8::is_ascii_graphic)).then_some((domain, item))
    })
}

/// The first file's name: `19 name`, printable.
fn file(bytes: &[u8]) -> Option<&[u8]> {
    let at = memchr::memchr(GRAPHIC, bytes)?;
    let mut reader = Reader::new(bytes.get(at + 1..)?);
    let length = usize::from(reader.u8()?);
    reader.take(length).filter(|name| !name.is_empty() && name.iter().all(|byte| matches!(byte, b' '..=b'~')))
}

impl Messages for Mms {
    const LOOK: usize = 8192;

    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        cotp::extent(bytes)
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if let Some(Unit::Data { last, payload }) = cotp::unit(message.bytes)
            && let Some(payload) = self.pieces.beginning(message.role, last, payload)
            && let Some((kind, content)) = unit(payload)
        {
            self.unit(kind, content);
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        let services = if self.services.is_empty() { &self.answered } else { &self.services };
        services.write(&mut element, &SERVICE, |number| named(names::service(*number), *number));
        counts::write_count(&mut element, &REPORTS, self.reports);
        element.texts(&DOMAIN, &self.domains);
        element.texts(&VARIABLE, &self.variables);
        element.texts(&WRITTEN, &self.written);
        element.texts(&FILE, &self.files);
        element.text(&VENDOR, &self.vendor);
        element.text(&MODEL, &self.model);
        element.text(&REVISION, &self.revision);
        counts::write_count(&mut element, &ERRORS, self.errors);
    }

    fn heap_bytes(&self) -> usize {
        self.services.heap_bytes()
            + self.answered.heap_bytes()
            + counts::texts_bytes(&self.domains)
            + counts::texts_bytes(&self.variables)
            + counts::texts_bytes(&self.written)
            + counts::texts_bytes(&self.files)
            + [&self.vendor, &self.model, &self.revision].map(Text::heap_bytes).iter().sum::<usize>()
    }
}
