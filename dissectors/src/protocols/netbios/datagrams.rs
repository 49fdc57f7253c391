//! NetBIOS datagrams (RFC 1002 4.4): what one name tells another, or all. Mostly computers announcing themselves.
//!
//! ```text
//! 0   kind: 10 to one, 11 to a group, 12 to all, 13 error, 14 to 16 asking a distribution server
//! 1   flags: 0C kind of node, 02 first, 01 more follows
//! 2   id (2), source address (4), port (2)
//! 10  length of what follows the offset (2), offset (2), source's name, destination's name, data
//! ```
//!
//! Data is mostly a transaction of SMB 1 to a mailslot (MS-MAIL), and in it an announcement of the browser service (MS-BRWS 2.2).

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::netbios::Name;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::protocols::smb;
use crate::reader::Reader;

/// The header of SMB 1, and where the transaction's counts of data lie in its words (MS-CIFS 2.2.4.33).
const SMB_HEADER: usize = 32;
const DATA_COUNT: usize = 22;
/// The longest name of a mailslot.
const MAILSLOT_BYTES: usize = 64;

static DATAGRAMS: Field = Field::number("datagrams", "datagrams, errors not counted", "RFC 1002 4.4");
static SOURCE: Field = Field::text("source", "who sends, with the name's kind, each once", "RFC 1002 4.4.2").list();
static DESTINATION: Field =
    Field::text("destination", "who is told, with the name's kind, each once", "RFC 1002 4.4.2").list();
static MAILSLOT: Field = Field::text("mailslot", "mailslots written to, each once", "MS-MAIL 2.2.1").list();
static COMMAND: Field =
    Field::text("command", "what browsers say, such as `host-announcement`, each once", "MS-BRWS 2.2").list();
static ANNOUNCED: Field =
    Field::text("announced", "computers and domains announced, each once", "MS-BRWS 2.2.1").list();
static OS: Field = Field::text("os_version", "the announced computer's system version", "MS-BRWS 2.2.1");
static COMMENT: Field =
    Field::text("comment", "what the announced computer says of itself, or its master", "MS-BRWS 2.2.1");

static ELEMENT: Element = Element {
    name: "nbdgm",
    meaning: "NetBIOS datagrams: announcements and messages by name",
    fields: &[&DATAGRAMS, &SOURCE, &DESTINATION, &MAILSLOT, &COMMAND, &ANNOUNCED, &OS, &COMMENT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nbdgm",
    about: About {
        name: "NetBIOS datagrams",
        specification: "RFC 1002 4.4, MS-MAIL, MS-BRWS",
        evidence: "a header whose lengths fit, and two names in NetBIOS' coding",
        limits: "fragments, and mailslots other than the browser's",
        ports: &[138],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT, &smb::ELEMENT],
    first: FirstBytes::both(&[0x10..=0x16]),
    probe,
    open: |_: &Opening| Box::new(Datagrams::default()),
};

/// A datagram.
struct Datagram<'a> {
    source: Option<Name>,
    destination: Option<Name>,
    data: &'a [u8],
    /// All names are there.
    named: bool,
}

fn read(bytes: &[u8]) -> Option<Datagram<'_>> {
    let mut reader = Reader::new(bytes);
    let (kind, flags) = (reader.u8()?, reader.u8()?);
    reader.skip(8)?;
    if flags & 0xf0 != 0 {
        return None;
    }
    match kind {
        0x10..=0x12 => {
            let (length, offset) = (usize::from(reader.be_u16()?), reader.be_u16()?);
            if offset != 0 {
                // A later fragment has names as well, but its data is the middle of something.
                let (source, destination) = (Name::read(&mut reader)?, Name::read(&mut reader)?);
                return Some(Datagram { source: Some(source), destination: Some(destination), data: &[], named: true });
            }
            let mut body = Reader::new(reader.rest().get(..length).unwrap_or(reader.rest()));
            let (source, destination) = (Name::read(&mut body)?, Name::read(&mut body)?);
            Some(Datagram { source: Some(source), destination: Some(destination), data: body.rest(), named: true })
        }
        0x13 => (matches!(reader.u8()?, 0x82..=0x84) && reader.is_empty()).then_some(Datagram {
            source: None,
            destination: None,
            data: &[],
            named: false,
        }),
        0x14..=0x16 => {
            let destination = Name::read(&mut reader)?;
            Some(Datagram { source: None, destination: Some(destination), data: &[], named: true })
        }
        _ => None,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match (read(sample.bytes), sample.role) {
        (Some(datagram), _) if datagram.named => Verdict::Match,
        // An error names nobody.
        (Some(_), Role::Server) => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Datagrams {
    count: u64,
    sources: List<Text>,
    destinations: List<Text>,
    mailslots: List<Text>,
    commands: List<&'static str>,
    announced: List<Text>,
    os: Text,
    comment: Text,
    smb: bool,
}

impl Datagrams {
    /// A transaction of SMB 1: the name of the mailslot stands after the words, the data where they say.
    fn transaction(&mut self, message: &[u8]) -> Option<()> {
        let mut reader = Reader::new(message);
        if reader.take(5)? != b"\xffSMB\x25" {
            return None;
        }
        self.smb = true;
        let mut body = Reader::new(message.get(SMB_HEADER..)?);
        let count = usize::from(body.u8()?).checked_mul(2)?;
        let words = body.take(count)?;
        body.skip(2)?;
        let name = body.until(0)?;
        if name.is_empty() || name.len() > MAILSLOT_BYTES {
            return None;
        }
        self.mailslots.push_distinct(Text::new(name));
        let mut counts = Reader::new(words.get(DATA_COUNT..)?);
        let (length, at) = (usize::from(counts.le_u16()?), usize::from(counts.le_u16()?));
        let rest = message.get(at..)?;
        if name.eq_ignore_ascii_case(b"\\MAILSLOT\\BROWSE") || name.eq_ignore_ascii_case(b"\\MAILSLOT\\LANMAN") {
            self.browser(Reader::new(rest.get(..length).unwrap_or(rest)))?;
        }
        Some(())
    }

    fn browser(&mut self, mut data: Reader<'_>) -> Option<()> {
        let command = data.u8()?;
        let (name, announces) = match command {
            0x01 => ("host-announcement", true),
            0x02 => ("announcement-request", false),
            0x08 => ("election", false),
            0x09 => ("backup-list-request", false),
            0x0a => ("backup-list", false),
            0x0b => ("become-backup", false),
            0x0c => ("domain-announcement", true),
            0x0d => ("master-announcement", false),
            0x0e => ("reset-state", false),
            0x0f => ("local-master-announcement", true),
            _ => return None,
        };
        self.commands.push_distinct(name);
        if !announces {
            return Some(());
        }
        data.skip(5)?;
        let announced: [u8; 16] = data.array()?;
        let name = announced.split(|byte| *byte == 0).next().unwrap_or_default();
        self.announced.push_distinct(Text::new(name));
        let (major, minor) = (data.u8()?, data.u8()?);
        data.skip(8)?;
        if command != 0x0c && self.os.is_empty() {
            self.os = Text::from(format!("{major}.{minor}").as_str());
        }
        let comment = data.rest().split(|byte| *byte == 0).next().unwrap_or_default();
        if self.comment.is_empty() {
            self.comment = Text::new(comment);
        }
        Some(())
    }
}

impl Dissector for Datagrams {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(datagram) = read(chunk.bytes) {
            self.count = self.count.saturating_add(u64::from(datagram.source.is_some()));
            if let Some(source) = datagram.source {
                self.sources.push_distinct(source.text());
            }
            if let Some(destination) = datagram.destination {
                self.destinations.push_distinct(destination.text());
            }
            self.transaction(datagram.data);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        if self.count > 0 {
            element.number(&DATAGRAMS, self.count);
        }
        element.texts(&SOURCE, &self.sources);
        element.texts(&DESTINATION, &self.destinations);
        element.texts(&MAILSLOT, &self.mailslots);
        element.list(&COMMAND, self.commands.items().iter().copied(), self.commands.omitted());
        element.texts(&ANNOUNCED, &self.announced);
        element.text(&OS, &self.os);
        element.text(&COMMENT, &self.comment);
        if self.smb {
            smb::inside(out);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.sources, &self.destinations, &self.mailslots, &self.announced];
        size_of::<Self>()
            + lists
                .iter()
                .flat_map(|list| list.items())
                .map(|text| size_of::<Text>() + text.heap_bytes())
                .sum::<usize>()
            + self.os.heap_bytes()
            + self.comment.heap_bytes()
    }
}
