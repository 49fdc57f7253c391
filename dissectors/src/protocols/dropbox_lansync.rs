//! Dropbox' search for its own in the local network: JSON in UDP, to everybody.
//!
//! ```text
//! {"host_int": 123, "version": [2, 0], "displayname": "", "port": 17500, "namespaces": [1, 2]}
//! ```
//!
//! Its five names prove it. The fields are taken where they stand; it is not read as JSON, since it has no depth.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::json::value;
use crate::kept::{count, tell_count, texts_bytes};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

static HOST: Field = Field::text("host", "the machine's number", "Dropbox LAN sync").list();
static NAME: Field = Field::text("name", "its name, where it tells one", "Dropbox LAN sync").list();
static PORT: Field = Field::text("port", "where it serves files", "Dropbox LAN sync").list();
static VERSION: Field = Field::text("version", "version of the protocol", "Dropbox LAN sync").list();
static NAMESPACES: Field = Field::number("namespaces", "shared folders that it has, at the most", "Dropbox LAN sync");
static ANNOUNCEMENTS: Field = Field::number("announcements", "datagrams", "Dropbox LAN sync");

static ELEMENT: Element = Element {
    name: "dropbox_lansync",
    meaning: "machines with Dropbox that look for each other",
    fields: &[&HOST, &NAME, &PORT, &VERSION, &NAMESPACES, &ANNOUNCEMENTS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dropbox-lansync",
    about: About {
        name: "Dropbox' search in the local network",
        specification: "not published; what clients send",
        evidence: "five names in JSON",
        limits: "nothing beyond these five",
        ports: &[17500],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'{'..=b'{'], server: &[] },
    probe,
    open: |_: &Opening| Box::new(LanSync::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    let json = sample.bytes;
    let names: [&[u8]; 4] = [b"host_int", b"version", b"displayname", b"port"];
    let fits = sample.role == Role::Client
        && json.starts_with(b"{\"")
        && names.iter().all(|name| value(json, name).is_some())
        && memchr::memmem::find(json, b"\"namespaces\"").is_some();
    if fits { Verdict::Match } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct LanSync {
    hosts: List<Text>,
    names: List<Text>,
    ports: List<Text>,
    versions: List<Text>,
    namespaces: u64,
    announcements: u64,
}

impl Dissector for LanSync {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = Step::Consumed(chunk.bytes.len());
        if value(chunk.bytes, b"host_int").is_none() {
            return step;
        }
        count(&mut self.announcements);
        for (name, list) in
            [(&b"host_int"[..], &mut self.hosts), (b"displayname", &mut self.names), (b"port", &mut self.ports)]
        {
            if let Some(text) = value(chunk.bytes, name).filter(|text| !text.is_empty()) {
                list.push_distinct(Text::new(text.trim_ascii()));
            }
        }
        if let Some(version) = value(chunk.bytes, b"version") {
            let numbers: Vec<&[u8]> = version.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
            self.versions.push_distinct(Text::new(&numbers.join(&b'.')));
        }
        if let Some(spaces) = value(chunk.bytes, b"namespaces").filter(|spaces| !spaces.trim_ascii().is_empty()) {
            let here = memchr::memchr_iter(b',', spaces).count().saturating_add(1);
            self.namespaces = self.namespaces.max(here as u64);
        }
        step
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.texts(&HOST, &self.hosts);
        element.texts(&NAME, &self.names);
        element.texts(&PORT, &self.ports);
        element.texts(&VERSION, &self.versions);
        tell_count(&mut element, &NAMESPACES, self.namespaces);
        tell_count(&mut element, &ANNOUNCEMENTS, self.announcements);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + [&self.hosts, &self.names, &self.ports, &self.versions].into_iter().map(texts_bytes).sum::<usize>()
    }
}
