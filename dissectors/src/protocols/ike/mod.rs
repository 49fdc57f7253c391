//! IKE over UDP: how IPsec's keys are agreed on; and the ESP that follows on the same ports.
//!
//! Specifications: RFC 2408 and 2409 (version 1), RFC 7296 (version 2), RFC 3947 and 3948 (NAT traversal: a marker of four zeros before
//! IKE, ESP without). [`message`] and [`proposal`] have the layouts.
//!
//! A message's length, its payloads from one to the next and its flags prove it. ESP alone, as a session is met in its middle, is not told
//! from random bytes.
//!
//! Which algorithms were agreed on is told where the responder's choice is in clear text: of the keys for IKE itself, not of
//! those for ESP. Limits: lists of sixteen. Ignored on purpose: certificates, configuration payloads, IKE over TCP (RFC 8229).

mod message;
mod names;
mod proposal;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::hex::hex;
use crate::kept::{count, tell_count, tell_names, texts_bytes};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use message::{Message, payload};
use proposal::Suite;

static VERSION: Field = Field::text("version", "`1.0` or `2.0`", "RFC 7296 3.1");
static EXCHANGE: Field = Field::number("exchange", "kinds of exchanges by number, each once", "RFC 7296 3.1").list();
static EXCHANGE_NAME: Field =
    Field::text("exchange_name", "the same by name, such as `IKE_SA_INIT`", "RFC 7296 3.1").list();
static INITIATOR_SPI: Field =
    Field::text("initiator_spi", "the initiator's mark of the first association", "RFC 7296 3.1");
static RESPONDER_SPI: Field = Field::text("responder_spi", "the responder's", "RFC 7296 3.1");
static MESSAGES: Field = Field::number("messages", "messages of both sides", "RFC 7296 3.1");
static OFFERED: Field =
    Field::text("offered", "proposals of the initiator: algorithms joined by `/`, of a kind by `+`", "RFC 7296 3.3")
        .list()
        .long();
static ENCRYPTION: Field = Field::text("encryption", "cipher agreed on, with its key's bits", "RFC 7296 3.3.2");
static INTEGRITY: Field = Field::text("integrity", "check of integrity agreed on", "RFC 7296 3.3.2");
static PRF: Field = Field::text("prf", "pseudo-random function or hash agreed on", "RFC 7296 3.3.2");
static GROUP: Field = Field::text("group", "Diffie-Hellman group agreed on", "RFC 7296 3.3.2");
static AUTHENTICATION: Field =
    Field::text("authentication", "version 1: how both prove who they are", "RFC 2409 appendix A");
static VENDOR: Field = Field::text(
    "vendor",
    "vendors and abilities by their marks; unknown marks in hexadecimal",
    "RFC 7296 3.12, the vendors' own",
)
.list();
static IDENTITY: Field =
    Field::text("identity", "who a side says it is, where that is in clear text", "RFC 2407 4.6.2").list();
static NOTIFY: Field = Field::text("notify", "notifications in clear text", "RFC 7296 3.10").list();
static NAT: Field =
    Field::new(Kind::YesNo, "nat_traversal", "IKE or ESP came with the marks of NAT traversal", "RFC 3948 2");
static ESP: Field = Field::number("esp", "packets of ESP on the same ports", "RFC 3948 2.1");
static ESP_SPI: Field = Field::text("esp_spi", "associations of ESP by their marks", "RFC 4303 2.1").list();

static ELEMENT: Element = Element {
    name: "ike",
    meaning: "keys of IPsec",
    fields: &[
        &VERSION,
        &EXCHANGE,
        &EXCHANGE_NAME,
        &INITIATOR_SPI,
        &RESPONDER_SPI,
        &MESSAGES,
        &OFFERED,
        &ENCRYPTION,
        &INTEGRITY,
        &PRF,
        &GROUP,
        &AUTHENTICATION,
        &VENDOR,
        &IDENTITY,
        &NOTIFY,
        &NAT,
        &ESP,
        &ESP_SPI,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ike",
    about: About {
        name: "Internet Key Exchange 1 and 2, and ESP on its ports",
        specification: "RFC 2408, RFC 2409, RFC 7296, RFC 3948",
        evidence: "a length, payloads and flags that agree",
        limits: "what is encrypted; ESP met alone is not claimed",
        ports: &[500, 848, 4500],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |_: &Opening| Box::new(Ike::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if message::is_keepalive(sample.bytes) {
        return Verdict::NeedMore;
    }
    let marked = sample.bytes.strip_prefix(&message::MARKER);
    let Some(message) = message::read(marked.unwrap_or(sample.bytes)) else {
        return Verdict::Reject;
    };
    if message.sender().is_some_and(|sender| sender != sample.role) {
        return Verdict::Reject;
    }
    // What is shown of a long datagram may be its beginning only.
    let whole = message.length == marked.unwrap_or(sample.bytes).len();
    if whole && message.is_sound() { Verdict::Match } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct Ike {
    version: Option<u8>,
    exchanges: List<u32>,
    spis: [Option<[u8; 8]>; 2],
    messages: u64,
    offered: List<Text>,
    chosen: Option<Suite>,
    vendors: List<Text>,
    identities: List<Text>,
    notifies: List<u32>,
    marked: bool,
    esp: u64,
    esp_spis: List<u32>,
}

impl Ike {
    fn message(&mut self, role: Role, message: &Message<'_>) {
        count(&mut self.messages);
        self.version.get_or_insert(message.version);
        self.exchanges.push_distinct(u32::from(message.exchange));
        let [initiator, responder] = &mut self.spis;
        let first = *initiator.get_or_insert(message.initiator);
        if first == message.initiator && message.responder != [0; 8] {
            responder.get_or_insert(message.responder);
        }
        if message.is_encrypted() {
            return;
        }
        for (kind, body) in message.payloads() {
            self.payload(role, message, kind, body);
        }
    }

    fn payload(&mut self, role: Role, message: &Message<'_>, kind: u8, body: &[u8]) {
        match kind {
            payload::SA_1 | payload::SA_2 => {
                let suites = if kind == payload::SA_1 { proposal::version_1(body) } else { proposal::version_2(body) };
                // A choice has one proposal; who offers may have one as well, but speaks first.
                let answers = message.answers(role);
                match suites.first() {
                    Some(suite) if answers => {
                        self.chosen.get_or_insert_with(|| suite.clone());
                    }
                    _ if !answers && self.offered.is_empty() => {
                        for suite in suites {
                            self.offered.push(suite.text());
                        }
                    }
                    _ => {}
                }
            }
            payload::VENDOR_1 | payload::VENDOR_2 => {
                let text = names::vendor(body).map_or_else(|| Text::from(hex(body).as_str()), |name| Text::new(&name));
                self.vendors.push_distinct(text);
            }
            payload::IDENTITY_1 => {
                if let Some(identity) = message::identity(body) {
                    self.identities.push_distinct(identity);
                }
            }
            payload::NOTIFY_1 => {
                // After the domain of interpretation, the protocol and the length of the mark (RFC 2408 3.14).
                if let Some(number) = body.get(6..8).and_then(|number| number.try_into().ok()) {
                    self.notifies.push_distinct(u32::from(u16::from_be_bytes(number)) | names::VERSION_1);
                }
            }
            payload::NOTIFY_2 => {
                if let Some(number) = body.get(2..4).and_then(|number| number.try_into().ok()) {
                    self.notifies.push_distinct(u32::from(u16::from_be_bytes(number)));
                }
            }
            _ => {}
        }
    }
}

impl Dissector for Ike {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = Step::Consumed(chunk.bytes.len());
        if message::is_keepalive(chunk.bytes) {
            self.marked = true;
            return step;
        }
        let marked = chunk.bytes.strip_prefix(&message::MARKER);
        match message::read(marked.unwrap_or(chunk.bytes)) {
            Some(message) if message.length <= chunk.bytes.len() && message.is_known() => {
                self.marked |= marked.is_some();
                self.message(chunk.role, &message);
            }
            _ => {
                if let Some(spi) = message::esp(chunk.bytes) {
                    self.marked = true;
                    count(&mut self.esp);
                    self.esp_spis.push_distinct(spi);
                }
            }
        }
        step
    }

    fn facts(&self, out: &mut Facts) {
        out.encrypted("protocol");
        let mut ike = out.element(&ELEMENT);
        if let Some(version) = self.version {
            ike.bytes(&VERSION, format!("{}.{}", version >> 4, version & 15).as_bytes());
        }
        let exchanges = self.exchanges.items().iter().map(|number| u64::from(*number));
        ike.list(&EXCHANGE, exchanges, self.exchanges.omitted());
        for exchange in self.exchanges.items() {
            if let Some(name) = names::exchange(*exchange) {
                ike.plain(&EXCHANGE_NAME, name);
            }
        }
        for (field, spi) in [&INITIATOR_SPI, &RESPONDER_SPI].into_iter().zip(self.spis) {
            if let Some(spi) = spi {
                ike.bytes(field, hex(&spi).as_bytes());
            }
        }
        tell_count(&mut ike, &MESSAGES, self.messages);
        ike.texts(&OFFERED, &self.offered);
        if let Some(chosen) = &self.chosen {
            let fields = [&ENCRYPTION, &INTEGRITY, &PRF, &GROUP, &AUTHENTICATION];
            for (field, text) in fields.into_iter().zip(chosen.columns()) {
                ike.bytes(field, &text);
            }
        }
        ike.texts(&VENDOR, &self.vendors);
        ike.texts(&IDENTITY, &self.identities);
        tell_names(&mut ike, &NOTIFY, &self.notifies, names::notify);
        if self.marked {
            ike.yes_no(&NAT, true);
        }
        tell_count(&mut ike, &ESP, self.esp);
        for spi in self.esp_spis.items() {
            ike.bytes(&ESP_SPI, format!("{spi:08x}").as_bytes());
        }
        ike.omitted(&ESP_SPI, self.esp_spis.omitted());
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + [&self.offered, &self.vendors, &self.identities].into_iter().map(texts_bytes).sum::<usize>()
            + self.chosen.as_ref().map_or(0, Suite::heap_bytes)
    }
}
