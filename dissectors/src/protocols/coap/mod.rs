//! CoAP, and LwM2M inside it: resources asked for and how they were answered, over UDP and TCP.
//!
//! RFC 7252 (CoAP), RFC 7641 (observe), RFC 7959 (block-wise), RFC 8323 (TCP), RFC 8132 (FETCH, PATCH), OMA LwM2M 1.0 to 1.2.
//!
//! ```text
//! UDP   version:2 type:2 token_length:4 (bits)  code:1  id:2   token  options  [0xFF payload]
//! TCP   length:4 token_length:4 (bits)  [longer length]  code:1  token  options  [0xFF payload]
//! ```
//!
//! Recognised where options read whole and in order; a request with a path proves it. Requests and answers belong together by their
//! token, an acknowledgement without one by its message id. Payloads are passed over, those of LwM2M too.
//!
//! Limits: [`ROWS`] transactions, of a message over TCP the first [`READ_BYTES`]. OSCORE is told by its option and not read.

mod message;

use self::message::{Message, class};
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::{Facts, Value};
use crate::framing::{Lost, framed};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "coap",
    about: About {
        name: "Constrained Application Protocol, LwM2M",
        specification: "RFC 7252, RFC 7641, RFC 7959, RFC 8323",
        evidence: "options that read whole and in order; a request with a path proves it",
        limits: "payloads are passed over; OSCORE is named only",
        ports: &[5683, 5684],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[
        0x00..=0x08,
        0x10..=0x18,
        0x20..=0x28,
        0x30..=0x38,
        0x40..=0x48,
        0x50..=0x58,
        0x60..=0x68,
        0x70..=0x78,
        0x80..=0x88,
        0x90..=0x98,
        0xa0..=0xa8,
        0xb0..=0xb8,
        0xc0..=0xc8,
        0xd0..=0xd8,
        0xe0..=0xe8,
    ]),
    probe,
    open: |opening: &Opening| Box::new(Coap { stream: opening.transport == Transport::Tcp, ..Coap::default() }),
};

static REQUESTS: Field = Field::number("requests", "requests, repetitions not counted", "RFC 7252 5");
static METHOD: Field = Field::text("method", "the method", "RFC 7252 5.8").aligned();
static URI: Field = Field::text("uri", "path and query", "RFC 7252 5.10.1").aligned().long();
static STATUS: Field = Field::text("status", "the first answer's code, such as `2.05`", "RFC 7252 5.9").aligned();
static CONTENT_FORMAT: Field =
    Field::text("content_format", "what the payload is, of the answer or else of the request", "RFC 7252 12.3")
        .aligned();
static HOST: Field = Field::text("host", "the host named in requests", "RFC 7252 5.10.1").list();
static OBSERVED: Field =
    Field::number("observed", "further answers to a request, as observing brings them; absent if none", "RFC 7641");
static RESET: Field = Field::number("reset", "messages that were refused (RST); absent if none", "RFC 7252 4.2");
static UNANSWERED: Field = Field::number("unanswered", "requests without an answer; absent if none", "");
static SECURED: Field = Field::number("oscore", "messages protected by OSCORE; absent if none", "RFC 8613");
static ENDPOINT: Field = Field::text("lwm2m_endpoint", "the name by which a device registers", "LwM2M 5.3.1");
static LWM2M: Field = Field::text("lwm2m_version", "the version of LwM2M it speaks", "LwM2M 5.3.1");

static ELEMENT: Element = Element {
    name: "coap",
    meaning: "Constrained Application Protocol; an item of each aligned list per transaction",
    fields: &[
        &REQUESTS,
        &METHOD,
        &URI,
        &STATUS,
        &CONTENT_FORMAT,
        &HOST,
        &OBSERVED,
        &RESET,
        &UNANSWERED,
        &SECURED,
        &ENDPOINT,
        &LWM2M,
    ],
};

/// How many transactions are told.
pub const ROWS: usize = 16;
/// What is looked at of a message over TCP.
pub const READ_BYTES: usize = 2048;

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.first().is_some_and(|first| PROTOCOL.first.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    if sample.transport == Transport::Tcp {
        message::probe_stream(sample.bytes)
    } else {
        message::probe_datagram(sample)
    }
}

/// One request.
struct Row {
    token: Vec<u8>,
    id: Option<u16>,
    asker: Role,
    method: &'static str,
    uri: Text,
    status: Option<u8>,
    format: Option<u64>,
}

#[derive(Default)]
struct Coap {
    stream: bool,
    lost: Lost,
    requests: u64,
    answered: u64,
    rows: List<Row, ROWS>,
    hosts: List<Text>,
    observed: u64,
    reset: u64,
    secured: u64,
    endpoint: Option<Text>,
    lwm2m: Option<Text>,
}

impl Dissector for Coap {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if !self.stream {
            if let Some(message) = Message::datagram(bytes) {
                self.message(role, &message);
            }
            return Step::Consumed(bytes.len());
        }
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        let Some((head, total)) = message::stream_head(bytes) else {
            return Step::NeedMore(bytes.len().saturating_add(1));
        };
        match framed(bytes, total, READ_BYTES) {
            Ok((whole, step)) => match Message::stream(whole, head) {
                Some(message) => {
                    self.message(role, &message);
                    step
                }
                None => Step::Violation,
            },
            Err(step) => step,
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn settled(&self) -> bool {
        !self.stream && self.requests > 0 && self.requests == self.answered
    }

    fn facts(&self, out: &mut Facts) {
        let mut coap = out.element(&ELEMENT);
        if self.requests > 0 {
            coap.number(&REQUESTS, self.requests);
        }
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        coap.list(&METHOD, rows.iter().map(|row| Value::Plain(row.method)), omitted);
        coap.list(&URI, rows.iter().map(|row| &row.uri), omitted);
        let status: Vec<Text> = rows.iter().map(|row| row.status.map(code_text).unwrap_or_default()).collect();
        if status.iter().any(|status| !status.is_empty()) {
            coap.list(&STATUS, &status, omitted);
        }
        let formats: Vec<Text> = rows.iter().map(|row| row.format.map(format_text).unwrap_or_default()).collect();
        if formats.iter().any(|format| !format.is_empty()) {
            coap.list(&CONTENT_FORMAT, &formats, omitted);
        }
        coap.texts(&HOST, &self.hosts);
        let unanswered = self.requests.saturating_sub(self.answered);
        for (field, count) in
            [(&OBSERVED, self.observed), (&RESET, self.reset), (&UNANSWERED, unanswered), (&SECURED, self.secured)]
        {
            if count > 0 {
                coap.number(field, count);
            }
        }
        coap.maybe(&ENDPOINT, self.endpoint.as_ref());
        coap.maybe(&LWM2M, self.lwm2m.as_ref());
    }

    fn heap_bytes(&self) -> usize {
        self.rows.items().iter().map(|row| size_of::<Row>() + row.token.len() + row.uri.heap_bytes()).sum()
    }
}

impl Coap {
    fn message(&mut self, role: Role, message: &Message<'_>) {
        self.secured = self.secured.saturating_add(u64::from(message.has(9)));
        if message.kind == Some(3) {
            self.reset = self.reset.saturating_add(1);
        }
        match class(message.code) {
            0 if message.code != 0 => self.request(role, message),
            2 | 4 | 5 => self.answer(role, message),
            _ => {}
        }
    }

    fn request(&mut self, role: Role, message: &Message<'_>) {
        let repeated = message.id.is_some()
            && self
                .rows
                .items()
                .iter()
                .any(|row| row.id == message.id && row.asker == role && row.token == message.token);
        let Some(method) = message::method(message.code).filter(|_| !repeated) else {
            return;
        };
        self.requests = self.requests.saturating_add(1);
        let (path, query) = (message.joined(11, b'/'), message.joined(15, b'&'));
        let mut uri = [b"/".as_slice(), &path].concat();
        if !query.is_empty() {
            uri.push(b'?');
            uri.extend_from_slice(&query);
        }
        if let Some(host) = message.option(3) {
            self.hosts.push_distinct(Text::new(host));
        }
        if method == "POST" && (path == b"rd" || path == b"bs") {
            for part in query.split(|byte| *byte == b'&') {
                if let Some(name) = part.strip_prefix(b"ep=") {
                    self.endpoint.get_or_insert(Text::new(name));
                }
                if let Some(version) = part.strip_prefix(b"lwm2m=") {
                    self.lwm2m.get_or_insert(Text::new(version));
                }
            }
        }
        self.rows.push_with(|| Row {
            token: message.token.to_vec(),
            id: message.id,
            asker: role,
            method,
            uri: Text::long(&uri),
            status: None,
            format: message.option(12).map(message::number),
        });
    }

    fn answer(&mut self, role: Role, message: &Message<'_>) {
        let of = |row: &Row| row.asker != role && row.token == message.token;
        // An acknowledgement answers the request whose id it bears; any other message the one whose token it bears.
        let open = |row: &Row| of(row) && row.status.is_none() && (message.kind != Some(2) || row.id == message.id);
        let known = self.rows.items().iter().any(of);
        match self.rows.items_mut().iter_mut().find(|row| open(row)) {
            Some(row) => {
                row.status = Some(message.code);
                row.format = message.option(12).map(message::number).or(row.format);
                self.answered = self.answered.saturating_add(1);
            }
            // A repetition bears the same id, which is not kept: only what observing brings is counted.
            None if known => self.observed = self.observed.saturating_add(u64::from(message.has(6))),
            // One to a request that found no row.
            None => self.answered = self.answered.saturating_add(1).min(self.requests),
        }
    }
}

/// `2.05`.
fn code_text(code: u8) -> Text {
    Text::from(format!("{}.{:02}", class(code), code & 31).as_str())
}

/// A content format by its name, where it is one of the first ones registered or of LwM2M (IANA CoAP Content-Formats).
fn format_text(number: u64) -> Text {
    let name = match number {
        0 => "text/plain",
        16..=18 => "application/cose",
        40 => "application/link-format",
        41 => "application/xml",
        42 => "application/octet-stream",
        47 => "application/exi",
        50 => "application/json",
        51 => "application/json-patch+json",
        52 => "application/merge-patch+json",
        60 => "application/cbor",
        61 => "application/cwt",
        62 => "application/multipart-core",
        64 => "application/link-format+cbor",
        110 => "application/senml+json",
        112 => "application/senml+cbor",
        11542 => "application/vnd.oma.lwm2m+tlv",
        11543 => "application/vnd.oma.lwm2m+json",
        11544 => "application/vnd.oma.lwm2m+cbor",
        _ => return Text::from(number.to_string().as_str()),
    };
    Text::from(name)
}

/// A number of up to eight bytes, or none for zero.
fn be_number(bytes: &[u8]) -> u64 {
    let mut reader = Reader::new(bytes.get(..8).unwrap_or(bytes));
    std::iter::from_fn(|| reader.u8()).fold(0, |number, byte| number << 8 | u64::from(byte))
}
