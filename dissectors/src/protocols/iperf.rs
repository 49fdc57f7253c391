//! iperf 2 and 3: measurements of how much a way can carry.
//!
//! Specification: esnet/iperf, iperf_api.h; iperf 2, include/payloads.h.
//!
//! ```text
//! client   cookie:37 (letters and digits, 0)      server   09 (tell me how)      client   length:4 JSON {"tcp":true,"omit":0,"time":10,...}
//! data     cookie:37 data              over UDP first 9876 and its answer 6789, or two other numbers before 3.12
//!
//! iperf 2  flags:4 threads:4 port:4 buffer:4 window:4 amount:4 0*12 version:8     a negative amount is hundredths of a second
//!          over UDP behind number:4 time:8 number:4
//! ```
//!
//! A cookie of just its letters proves it, or a head of iperf 2 with its version: older ones than 2.0.8 have none. Of a connection for data nothing
//! but that is told.

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::json;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static COOKIE: Field = Field::text("cookie", "what the connections of a test have in common", "iperf_api.h");
static KIND: Field = Field::text("kind", "`control`, of which the others are the data's", "iperf_api.h");
static VERSION: Field = Field::text("version", "the client's version", "iperf_api.c, send_parameters");
static PROTOCOL_NAME: Field =
    Field::text("protocol", "what is measured: `tcp`, `udp`, `sctp`", "iperf_api.c, send_parameters");
static SECONDS: Field = Field::number("duration", "how long", "iperf_api.c, send_parameters").unit("s");
static BYTES: Field =
    Field::number("amount", "how much is to be sent, of iperf 2", "iperf 2, payloads.h").unit("bytes");
static PARALLEL: Field = Field::number("streams", "streams at once", "iperf_api.c, send_parameters");

static ELEMENT: Element = Element {
    name: "iperf",
    meaning: "how much a way can carry",
    fields: &[&KIND, &COOKIE, &VERSION, &PROTOCOL_NAME, &SECONDS, &BYTES, &PARALLEL],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "iperf",
    about: About {
        name: "iperf 2 and 3",
        specification: "esnet/iperf, iperf_api.h; iperf 2, payloads.h",
        evidence: "a cookie of just its letters; over UDP a number and its answer; of iperf 2 a head with its version",
        limits: "results; iperf 2 before 2.0.8",
        ports: &[5001, 5201],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[0..=0, 0x15..=0x15, b'2'..=b'7', b'9'..=b'9', 0x40..=0x5f, b'a'..=b'z', 0xc0..=0xdf],
        server: &[b'6'..=b'6', 0xb1..=0xb1],
    },
    probe,
    open: |opening: &Opening| {
        let (notes, udp) = (Notes::new(&ELEMENT), opening.transport == Transport::Udp);
        Box::new(Iperf { notes, udp, begun: false })
    },
};

/// What a client of iperf 3 begins its data over UDP with, and what it is answered: since 3.12, and before.
const CALLS: [&[u8]; 2] = [b"9876", &[0x15, 0xcd, 0x5b, 0x07]];
const ANSWERS: [&[u8]; 2] = [b"6789", &[0xb1, 0x68, 0xde, 0x3a]];
/// The head of iperf 2, up to its version.
const HEAD_BYTES: usize = 44;
/// What stands before it in a datagram.
const NUMBER_BYTES: usize = 16;

/// What the head of iperf 2 says.
struct Head {
    threads: u32,
    amount: u32,
    version: [u16; 3],
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    let flags = reader.be_u32()?;
    let (threads, port) = (reader.be_u32()?, reader.be_u32()?);
    reader.skip(8)?;
    let amount = reader.be_u32()?;
    reader.skip(12)?;
    let (major, minor, patch, stage) = (reader.be_u16()?, reader.be_u16()?, reader.be_u16()?, reader.be_u16()?);
    let extended = flags & 0x6000_0000 == 0x4000_0000;
    let sane = (1..=4096).contains(&threads) && (1..=0xffff).contains(&port);
    let known = major == 2 && minor < 16 && patch < 256 && stage < 16;
    (extended && sane && known).then_some(Head { threads, amount, version: [major, minor, patch] })
}

/// A datagram of iperf 2, or of iperf 3 the first one.
fn datagram(role: Role, bytes: &[u8]) -> Verdict {
    let words = if role == Role::Client { CALLS } else { ANSWERS };
    if words.contains(&bytes) {
        return Verdict::Likely;
    }
    // Nobody shows the first of so many datagrams that its number is larger.
    let second = bytes.get(NUMBER_BYTES..).filter(|_| role == Role::Client && bytes.first() == Some(&0)).and_then(head);
    if second.is_some() { Verdict::Match } else { Verdict::Reject }
}

const COOKIE_BYTES: usize = 37;
/// The longest parameters.
const JSON_BYTES: u32 = 4096;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.transport == Transport::Udp {
        return datagram(sample.role, sample.bytes);
    }
    if sample.role == Role::Server {
        return Verdict::Reject;
    }
    let letters = sample.bytes.iter().take(COOKIE_BYTES - 1).all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    match sample.bytes.get(COOKIE_BYTES - 1) {
        None if letters => Verdict::NeedMore,
        Some(0) if letters => Verdict::Match,
        _ if head(sample.bytes).is_some() => Verdict::Match,
        // Of the head of iperf 2 flags, and threads of which there are not too many.
        _ if sample.bytes.len() < HEAD_BYTES
            && matches!(sample.bytes.first(), Some(0x40..=0x5f | 0xc0..=0xdf))
            && sample.bytes.iter().skip(4).take(2).all(|byte| *byte == 0) =>
        {
            Verdict::NeedMore
        }
        _ => Verdict::Reject,
    }
}

#[derive(Debug)]
struct Iperf {
    notes: Notes,
    udp: bool,
    begun: bool,
}

impl Iperf {
    /// Notes what the head of iperf 2 says.
    fn second(&mut self, head: &Head) {
        let [major, minor, patch] = head.version;
        let notes = &mut self.notes;
        notes.text(&VERSION, format!("{major}.{minor}.{patch}").as_bytes());
        notes.plain(&PROTOCOL_NAME, if self.udp { "udp" } else { "tcp" });
        notes.number(&PARALLEL, u64::from(head.threads));
        if head.amount.cast_signed() < 0 {
            notes.number(&SECONDS, u64::from(head.amount.cast_signed().unsigned_abs() / 100));
        } else {
            notes.number(&BYTES, u64::from(head.amount));
        }
    }
}

impl Dissector for Iperf {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Server {
            return Step::Consumed(chunk.bytes.len());
        }
        if self.udp {
            if let Some(head) = chunk.bytes.get(NUMBER_BYTES..).and_then(head) {
                self.second(&head);
            }
            return Step::Done;
        }
        let mut reader = Reader::new(chunk.bytes);
        if !self.begun && chunk.bytes.get(4) == Some(&0) {
            // No cookie has a zero there.
            if chunk.bytes.len() < HEAD_BYTES {
                return Step::NeedMore(HEAD_BYTES);
            }
            if let Some(head) = head(chunk.bytes) {
                self.second(&head);
            }
            return Step::Done;
        }
        if !self.begun {
            let Some(cookie) = reader.take(COOKIE_BYTES) else { return Step::NeedMore(COOKIE_BYTES) };
            self.notes.text(&COOKIE, cookie.strip_suffix(&[0]).unwrap_or(cookie));
            self.begun = true;
            return Step::Consumed(COOKIE_BYTES);
        }
        let Some(length) = reader.be_u32() else { return Step::NeedMore(4) };
        if !(2..=JSON_BYTES).contains(&length) {
            return Step::Done;
        }
        let length = usize::try_from(length).unwrap_or_default();
        let Some(text) = reader.take(length) else { return Step::NeedMore(length.saturating_add(4)) };
        if text.starts_with(b"{") {
            let notes = &mut self.notes;
            notes.plain(&KIND, "control");
            notes.text(&VERSION, json::text(text, b"client_version").unwrap_or_default());
            for name in ["tcp", "udp", "sctp"] {
                if json::value(text, name.as_bytes()) == Some(b"true") {
                    notes.plain(&PROTOCOL_NAME, name);
                }
            }
            for (field, name) in [(&SECONDS, &b"time"[..]), (&PARALLEL, b"parallel")] {
                if let Some(number) = json::number(text, name) {
                    notes.number(field, number);
                }
            }
        }
        Step::Done
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}
