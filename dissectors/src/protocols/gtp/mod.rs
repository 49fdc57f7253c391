//! GTP, versions 0 to 2: the tunnels of mobile networks, their control, and what of their user data is no packet that could be opened.
//! [`message`] has the layouts.
//!
//! Specifications: 3GPP TS 29.060 (GTPv1-C), TS 29.274 (GTPv2-C), TS 29.281 (GTP-U), GSM 09.60 (version 0).
//!
//! A message is believed if its length is the datagram's and its elements fill it. Ignored on purpose: quality of service, charging, bearers
//! inside other elements, GTP' (charging records).

mod message;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use message::{Message, Told};

static VERSION: Field = Field::number("version", "the protocol's version", "3GPP TS 29.060 6");
static MESSAGES: Field = Field::number("messages", "messages", "3GPP TS 29.060 7.1");
static MESSAGE: Field = Field::text("message", "kinds of messages", "3GPP TS 29.060 7.1, TS 29.274 6.1").list();
static TEID: Field = Field::text("teid", "tunnel endpoints in headers, in hexadecimal", "3GPP TS 29.060 6").list();
static IMSI: Field = Field::text("imsi", "subscribers", "3GPP TS 23.003 2.2").list();
static MSISDN: Field = Field::text("msisdn", "telephone numbers", "3GPP TS 23.003 3.3").list();
static IMEI: Field = Field::text("imei", "devices", "3GPP TS 23.003 6.2").list();
static APN: Field = Field::text("apn", "access points", "3GPP TS 23.003 9").list();
static ADDRESS: Field = Field::text("address", "addresses given to devices", "3GPP TS 29.060 7.7.27").list();
static CAUSE: Field =
    Field::text("cause", "`accepted`, or the number of a cause", "3GPP TS 29.060 7.7.1, TS 29.274 8.4").list();

static ELEMENT: Element = Element {
    name: "gtp",
    meaning: "GTP",
    fields: &[&VERSION, &MESSAGES, &MESSAGE, &TEID, &IMSI, &MSISDN, &IMEI, &APN, &ADDRESS, &CAUSE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "gtp",
    about: About {
        name: "GPRS Tunnelling Protocol 0 to 2",
        specification: "3GPP TS 29.060, TS 29.274, TS 29.281",
        evidence: "a length that is the datagram's and elements that fill it",
        limits: "quality of service and charging are not told",
        ports: &[2123, 2152, 3386],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x1e..=0x1f, 0x30..=0x37, 0x40..=0x5f]),
    probe,
    open: |_: &Opening| Box::new(Gtp::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(message) = Message::read(sample.bytes).filter(Message::is_filled) else {
        return Verdict::Reject;
    };
    let answers = message.name.ends_with("-response");
    if answers != (sample.role == Role::Server) && (answers || message.name.ends_with("-request")) {
        return Verdict::Reject;
    }
    // User data: only eight bytes are known.
    if message.name == "data" { Verdict::Likely } else { Verdict::Match }
}

#[derive(Debug, Default)]
struct Gtp {
    version: Option<u8>,
    messages: u64,
    names: List<&'static str>,
    teids: List<u32>,
    imsis: List<Text>,
    msisdns: List<Text>,
    imeis: List<Text>,
    apns: List<Text>,
    addresses: List<Text>,
    causes: List<Text>,
}

impl Dissector for Gtp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(message) = Message::read(chunk.bytes) {
            self.version.get_or_insert(message.version);
            self.messages = self.messages.saturating_add(1);
            self.names.push_distinct(message.name);
            if let Some(teid) = message.teid.filter(|teid| *teid != 0) {
                self.teids.push_distinct(teid);
            }
            message.elements(|told| {
                let (list, text) = match told {
                    Told::Imsi(text) => (&mut self.imsis, text),
                    Told::Msisdn(text) => (&mut self.msisdns, text),
                    Told::Imei(text) => (&mut self.imeis, text),
                    Told::Apn(text) => (&mut self.apns, text),
                    Told::Address(text) => (&mut self.addresses, text),
                    Told::Cause(text) => (&mut self.causes, text),
                };
                if !text.is_empty() {
                    list.push_distinct(text);
                }
            });
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut gtp = out.element(&ELEMENT);
        if let Some(version) = self.version {
            gtp.number(&VERSION, u64::from(version));
        }
        if self.messages > 0 {
            gtp.number(&MESSAGES, self.messages);
        }
        gtp.list(&MESSAGE, self.names.items().iter().copied(), self.names.omitted());
        let teids: Vec<String> = self.teids.items().iter().map(|teid| format!("{teid:08x}")).collect();
        gtp.list(&TEID, teids.iter().map(|teid| teid.as_bytes()), self.teids.omitted());
        for (field, list) in [
            (&IMSI, &self.imsis),
            (&MSISDN, &self.msisdns),
            (&IMEI, &self.imeis),
            (&APN, &self.apns),
            (&ADDRESS, &self.addresses),
            (&CAUSE, &self.causes),
        ] {
            gtp.texts(field, list);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.imsis, &self.msisdns, &self.imeis, &self.apns, &self.addresses, &self.causes];
        let texts = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        size_of::<Self>() + texts.sum::<usize>() + size_of_val(self.teids.items()) + size_of_val(self.names.items())
    }
}
