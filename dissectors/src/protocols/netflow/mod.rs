//! Flows that routers report: NetFlow versions 1, 5, 7 and 9, and IPFIX.
//!
//! Specifications: RFC 3954 (version 9), RFC 7011 (IPFIX); 1, 5 and 7 are Cisco's. [`packet`] has the layouts.
//!
//! A report's length is that of its records, and its sets fill it: that proves it. Only who reports speaks. IPFIX also comes over TCP and SCTP,
//! one message after the other. What the flows are is not told: they are sessions of others, seen elsewhere.

mod packet;

use crate::capped::List;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::kept::{count, tell_count};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static VERSION: Field = Field::number("version", "1, 5, 7, 9, or 10 for IPFIX", "RFC 3954 5.1, RFC 7011 3.1").list();
static PACKETS: Field = Field::number("packets", "reports", "RFC 3954 5.1");
static RECORDS: Field =
    Field::number("records", "records of flows and of templates, as reports count them; not in IPFIX", "RFC 3954 5.1");
static DOMAIN: Field =
    Field::number("domain", "sources or observation domains, engines by type and number", "RFC 7011 3.1").list();
static TEMPLATE: Field = Field::number("template", "templates that were told, by number", "RFC 7011 3.4.1").list();
static DATA: Field = Field::number("data", "sets of flows by the numbers of their templates", "RFC 7011 3.3.2").list();
static SAMPLING: Field = Field::number("sampling", "version 5: one packet of so many was looked at", "Cisco");

static ELEMENT: Element = Element {
    name: "netflow",
    meaning: "flows that a router reports",
    fields: &[&VERSION, &PACKETS, &RECORDS, &DOMAIN, &TEMPLATE, &DATA, &SAMPLING],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "netflow",
    about: About {
        name: "NetFlow 1, 5, 7 and 9, IPFIX",
        specification: "RFC 3954, RFC 7011",
        evidence: "records or sets that fill the report",
        limits: "the flows are other sessions and not told",
        ports: &[2055, 2056, 4432, 4739, 4740, 9555, 9995, 9996],
    },
    transports: &[Transport::Udp, Transport::Tcp, Transport::Sctp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0], server: &[] },
    probe,
    open: |opening: &Opening| Box::new(NetFlow { stream: opening.transport == Transport::Tcp, ..NetFlow::default() }),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return Verdict::Reject;
    }
    if sample.transport == Transport::Tcp {
        return match packet::framed(sample.bytes) {
            packet::Framed::Whole(message) if packet::read(message).is_some() => Verdict::Match,
            // A long message is believed by its beginning.
            packet::Framed::Part(_) if sample.bytes.len() < crate::protocol::PROBE_BYTES => Verdict::NeedMore,
            _ => Verdict::Reject,
        };
    }
    if packet::read(sample.bytes).is_some() { Verdict::Match } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct NetFlow {
    stream: bool,
    versions: List<u16>,
    packets: u64,
    records: u64,
    domains: List<u32>,
    templates: List<u16>,
    data: List<u16>,
    sampling: Option<u16>,
}

impl NetFlow {
    fn report(&mut self, report: &packet::Report<'_>) {
        count(&mut self.packets);
        self.versions.push_distinct(report.version);
        self.records = self.records.saturating_add(u64::from(report.records));
        if let Some(domain) = report.domain {
            self.domains.push_distinct(domain);
        }
        self.sampling = self.sampling.or(report.sampling);
        for (set, body) in report.sets() {
            if set >= packet::FIRST_DATA {
                self.data.push_distinct(set);
            } else {
                for template in packet::templates(set, body) {
                    self.templates.push_distinct(template);
                }
            }
        }
    }
}

impl Dissector for NetFlow {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if !self.stream {
            if let Some(report) = packet::read(chunk.bytes) {
                self.report(&report);
            }
            return Step::Consumed(chunk.bytes.len());
        }
        if chunk.role == Role::Server {
            return Step::Violation;
        }
        match packet::framed(chunk.bytes) {
            packet::Framed::Whole(message) => match packet::read(message) {
                Some(report) => {
                    self.report(&report);
                    Step::Consumed(message.len())
                }
                None => Step::Violation,
            },
            packet::Framed::Part(wanted) => Step::NeedMore(wanted),
            packet::Framed::Other => Step::Violation,
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        let number = |list: &List<u16>| list.items().iter().map(|it| u64::from(*it)).collect::<Vec<_>>();
        element.list(&VERSION, number(&self.versions), self.versions.omitted());
        tell_count(&mut element, &PACKETS, self.packets);
        tell_count(&mut element, &RECORDS, self.records);
        element.list(&DOMAIN, self.domains.items().iter().map(|it| u64::from(*it)), self.domains.omitted());
        element.list(&TEMPLATE, number(&self.templates), self.templates.omitted());
        element.list(&DATA, number(&self.data), self.data.omitted());
        if let Some(sampling) = self.sampling {
            element.number(&SAMPLING, u64::from(sampling));
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.domains.items())
    }
}
