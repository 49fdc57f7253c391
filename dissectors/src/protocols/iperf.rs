//! iperf 3: measurements of how much a way can carry.
//!
//! Specification: esnet/iperf, iperf_api.h.
//!
//! ```text
//! client   cookie:37 (letters and digits, 0)      server   09 (tell me how)      client   length:4 JSON {"tcp":true,"omit":0,"time":10,...}
//! data     cookie:37 data
//! ```
//!
//! A cookie of just its letters proves it. Of a connection for data nothing but that is told.

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
static PARALLEL: Field = Field::number("streams", "streams at once", "iperf_api.c, send_parameters");

static ELEMENT: Element = Element {
    name: "iperf",
    meaning: "how much a way can carry",
    fields: &[&KIND, &COOKIE, &VERSION, &PROTOCOL_NAME, &SECONDS, &PARALLEL],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "iperf",
    about: About {
        name: "iperf 3",
        specification: "esnet/iperf, iperf_api.h",
        evidence: "a cookie of just its letters",
        limits: "results; data over UDP; iperf 2",
        ports: &[5001, 5201],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'2'..=b'7', b'a'..=b'z'], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Iperf { notes: Notes::new(&ELEMENT), begun: false }),
};

const COOKIE_BYTES: usize = 37;
/// The longest parameters.
const JSON_BYTES: u32 = 4096;

fn probe(sample: &Sample<'_>) -> Verdict {
    let letters = sample.bytes.iter().take(COOKIE_BYTES - 1).all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    match sample.bytes.get(COOKIE_BYTES - 1) {
        _ if sample.role == Role::Server || !letters => Verdict::Reject,
        None => Verdict::NeedMore,
        Some(0) => Verdict::Match,
        Some(_) => Verdict::Reject,
    }
}

#[derive(Debug)]
struct Iperf {
    notes: Notes,
    begun: bool,
}

impl Dissector for Iperf {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Server {
            return Step::Consumed(chunk.bytes.len());
        }
        let mut reader = Reader::new(chunk.bytes);
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
