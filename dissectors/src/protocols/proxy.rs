//! The PROXY protocol, by which a load balancer tells whose connection it passes on (HAProxy, PROXY protocol versions 1 and 2).
//!
//! ```text
//! 1   PROXY TCP4|TCP6|UNKNOWN source destination port port CR LF
//! 2   0d0a0d0a000d0a515549540a  version:4 bits (2) command:4 bits (0 local, 1 proxy)  family:1 length:2  addresses  items: type:1 length:2 value
//! ```
//!
//! The header proves it. What follows is another protocol, which is told as well.

use std::net::IpAddr;

use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::framing::{decimal, line};
use crate::noted::{Notes, begins};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::number("version", "version of the header", "PROXY protocol 2");
static CLIENT: Field = Field::new(Kind::Address, "client", "who connected to the balancer", "PROXY protocol 2.1");
static CLIENT_PORT: Field = Field::number("client_port", "from which port", "PROXY protocol 2.1");
static TARGET: Field = Field::new(Kind::Address, "target", "the address that it connected to", "PROXY protocol 2.1");
static TARGET_PORT: Field = Field::number("target_port", "and the port", "PROXY protocol 2.1");
static TRANSPORT: Field = Field::text("protocol", "`tcp`, `udp`, `unix`, `unknown`, `local`", "PROXY protocol 2.1");
static AUTHORITY: Field = Field::text("authority", "the host's name that the client asked for", "PROXY protocol 2.2.2");
static ALPN: Field = Field::text("alpn", "the protocol that the two agreed on in TLS", "PROXY protocol 2.2.1");

static ELEMENT: Element = Element {
    name: "proxy",
    meaning: "whose connection a balancer passes on",
    fields: &[&VERSION, &TRANSPORT, &CLIENT, &CLIENT_PORT, &TARGET, &TARGET_PORT, &AUTHORITY, &ALPN],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "proxy",
    about: About {
        name: "PROXY protocol 1 and 2",
        specification: "HAProxy, proxy-protocol.txt",
        evidence: "the header",
        limits: "items about TLS but the names of host and protocol",
        ports: &[],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'P'..=b'P', 0x0d..=0x0d], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Proxy { notes: Notes::new(&ELEMENT) }),
};

const TEXT: &[u8] = b"PROXY ";
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest header of version 1 (PROXY protocol 2.1).
const LINE_BYTES: usize = 107;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return Verdict::Reject;
    }
    if sample.bytes.starts_with(TEXT) {
        return match line(sample.bytes, LINE_BYTES) {
            Ok((line, _)) if text(line, &mut Notes::new(&ELEMENT)).is_some() => Verdict::Match,
            Err(Step::NeedMore(_)) => Verdict::NeedMore,
            _ => Verdict::Reject,
        };
    }
    match begins(sample.bytes, TEXT) {
        Verdict::Reject => match (begins(sample.bytes, BINARY), sample.bytes.get(BINARY.len())) {
            (Verdict::Match, Some(0x20 | 0x21)) => Verdict::Match,
            (Verdict::Match, None) | (Verdict::NeedMore, _) => Verdict::NeedMore,
            _ => Verdict::Reject,
        },
        verdict => verdict,
    }
}

/// Reads a header of version 1 without its end.
fn text(line: &[u8], notes: &mut Notes) -> Option<()> {
    let mut words = line.strip_prefix(TEXT)?.split(|byte| *byte == b' ');
    notes.number(&VERSION, 1);
    match words.next()? {
        b"TCP4" | b"TCP6" => notes.plain(&TRANSPORT, "tcp"),
        b"UNKNOWN" => {
            notes.plain(&TRANSPORT, "unknown");
            return Some(());
        }
        _ => return None,
    }
    let mut address = || std::str::from_utf8(words.next()?).ok()?.parse::<IpAddr>().ok();
    let (client, target) = (address()?, address()?);
    let (client_port, target_port) = (decimal(words.next()?)?, decimal(words.next()?)?);
    notes.address(&CLIENT, client);
    notes.address(&TARGET, target);
    notes.number(&CLIENT_PORT, client_port);
    notes.number(&TARGET_PORT, target_port);
    words.next().is_none().then_some(())
}

/// Reads what stands behind the length of a header of version 2.
fn binary(command: u8, family: u8, content: &[u8], notes: &mut Notes) -> Option<()> {
    let mut reader = Reader::new(content);
    notes.number(&VERSION, 2);
    if command & 0x0f == 0 {
        notes.plain(&TRANSPORT, "local");
        return Some(());
    }
    notes.plain(
        &TRANSPORT,
        match family {
            0x11 | 0x21 => "tcp",
            0x12 | 0x22 => "udp",
            0x31 | 0x32 => "unix",
            _ => "unknown",
        },
    );
    let addresses = match family >> 4 {
        1 => Some((IpAddr::from(reader.array::<4>()?), IpAddr::from(reader.array::<4>()?))),
        2 => Some((IpAddr::from(reader.array::<16>()?), IpAddr::from(reader.array::<16>()?))),
        3 => reader.skip(216).map(|()| None)?,
        _ => None,
    };
    if let Some((client, target)) = addresses {
        notes.address(&CLIENT, client);
        notes.address(&TARGET, target);
        notes.number(&CLIENT_PORT, u64::from(reader.be_u16()?));
        notes.number(&TARGET_PORT, u64::from(reader.be_u16()?));
    }
    loop {
        let (kind, length) = (reader.u8()?, usize::from(reader.be_u16()?));
        let value = reader.take(length)?;
        match kind {
            1 => notes.text(&ALPN, value),
            2 => notes.text(&AUTHORITY, value),
            _ => {}
        }
    }
}

#[derive(Debug)]
struct Proxy {
    notes: Notes,
}

impl Dissector for Proxy {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Server {
            // Whoever is passed on speaks first: its header comes before anything else.
            return Step::Handover(0, None);
        }
        if chunk.bytes.starts_with(b"P") {
            return match line(chunk.bytes, LINE_BYTES) {
                Ok((line, used)) => match text(line, &mut self.notes) {
                    Some(()) => Step::Handover(used, None),
                    None => Step::Violation,
                },
                Err(step) => step,
            };
        }
        let mut reader = Reader::new(chunk.bytes);
        let head = (reader.take(BINARY.len()), reader.u8(), reader.u8(), reader.be_u16());
        let (_, Some(command), Some(family), Some(length)) = head else { return Step::NeedMore(BINARY.len() + 4) };
        let length = usize::from(length);
        let Some(content) = reader.take(length) else { return Step::NeedMore(BINARY.len() + 4 + length) };
        let _ = binary(command, family, content, &mut self.notes);
        Step::Handover(BINARY.len() + 4 + length, None)
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
