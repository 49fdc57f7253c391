//! DHCPv6 over UDP.
//!
//! Specifications: RFC 8415 (messages, options), RFC 4704 (names), RFC 3646 (name servers). [`message`] has the layout.
//!
//! Its options must fill a message exactly, and a host's id (DUID) has a form of its own: together they prove it. A message that a relay agent
//! hands on is read where it stands, up to [`message::RELAYS`] deep.
//!
//! Limits: lists of sixteen, each value once. Ignored on purpose: authentication, vendors' options, times of renewal.

mod message;

use std::net::{IpAddr, Ipv6Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::hex::hex;
use crate::kept::{tell_names, texts_bytes};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use message::{Content, Options, option};

static MESSAGE: Field = Field::text("message", "messages in their order, such as `Solicit`", "RFC 8415 7.3").list();
static CLIENT_DUID: Field = Field::text("client_duid", "clients' ids, in hexadecimal", "RFC 8415 11").list();
static CLIENT_MAC: Field =
    Field::new(Kind::Mac, "client_mac", "hardware addresses in clients' ids", "RFC 8415 11.2").list();
static SERVER_DUID: Field = Field::text("server_duid", "servers' ids, in hexadecimal", "RFC 8415 11").list();
static CLIENT_FQDN: Field = Field::text("client_fqdn", "names of clients", "RFC 4704 4").list();
static ADDRESS: Field =
    Field::new(Kind::Address, "address", "addresses asked for, offered or given", "RFC 8415 21.6").list();
static PREFIX: Field = Field::text("prefix", "prefixes asked for, offered or given", "RFC 8415 21.22").list();
static LEASE: Field = Field::number("lease", "how long they are given", "RFC 8415 21.6").list().unit("s");
static DNS_SERVER: Field = Field::new(Kind::Address, "dns_server", "name servers", "RFC 3646 3").list();
static DOMAIN: Field = Field::text("domain", "domains to search", "RFC 3646 4").list();
static VENDOR_CLASS: Field = Field::text("vendor_class", "what kind of hosts clients are", "RFC 8415 21.16").list();
static FINGERPRINT: Field =
    Field::text("fingerprint", "options that a client asks for, by number and joined by `-`", "RFC 8415 21.7").list();
static BOOT_URL: Field = Field::text("boot_url", "files that clients shall start from", "RFC 5970 3.1").list();
static STATUS: Field = Field::text("status", "how servers answer, where it is not success", "RFC 8415 21.13").list();
static RELAY: Field =
    Field::new(Kind::Address, "relay", "relay agents' addresses at their clients' links", "RFC 8415 9").list();
static PEER: Field = Field::new(Kind::Address, "peer", "from whom relay agents had the messages", "RFC 8415 9").list();

static ELEMENT: Element = Element {
    name: "dhcpv6",
    meaning: "addresses and prefixes given to hosts",
    fields: &[
        &MESSAGE,
        &CLIENT_DUID,
        &CLIENT_MAC,
        &SERVER_DUID,
        &CLIENT_FQDN,
        &ADDRESS,
        &PREFIX,
        &LEASE,
        &DNS_SERVER,
        &DOMAIN,
        &VENDOR_CLASS,
        &FINGERPRINT,
        &BOOT_URL,
        &STATUS,
        &RELAY,
        &PEER,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dhcpv6",
    about: About {
        name: "Dynamic Host Configuration Protocol for IPv6",
        specification: "RFC 8415, RFC 4704, RFC 3646",
        evidence: "options that fill the message, and a host's id in its form",
        limits: "authentication, vendors' options, times",
        ports: &[546, 547],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[1..=1, 3..=6, 8..=9, 11..=12, 14..=14],
        server: &[2..=2, 7..=7, 10..=10, 13..=13, 15..=17],
    },
    probe,
    open: |_: &Opening| Box::new(Dhcpv6::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    match message::sender(sample.bytes.first().copied().unwrap_or_default()) {
        Some(role) if role == sample.role => message::judge(sample.bytes),
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Dhcpv6 {
    messages: List<u32>,
    clients: List<Text>,
    macs: List<[u8; 6]>,
    servers: List<Text>,
    names: List<Text>,
    addresses: List<Ipv6Addr>,
    prefixes: List<Text>,
    leases: List<u32>,
    dns_servers: List<Ipv6Addr>,
    domains: List<Text>,
    classes: List<Text>,
    fingerprints: List<Text>,
    boot_urls: List<Text>,
    statuses: List<u32>,
    relays: List<Ipv6Addr>,
    peers: List<Ipv6Addr>,
}

impl Dhcpv6 {
    /// Takes an option that stands in a message or, where `inner`, in another option.
    fn option(&mut self, code: u16, value: &[u8], inner: bool) {
        let mut reader = Reader::new(value);
        match code {
            option::CLIENT_ID => {
                self.clients.push_distinct(Text::from(hex(value).as_str()));
                if let Some(mac) = message::mac(value) {
                    self.macs.push_distinct(mac);
                }
            }
            option::SERVER_ID => self.servers.push_distinct(Text::from(hex(value).as_str())),
            // What holds addresses and prefixes; it holds no such things again.
            option::NA | option::TA | option::PD if !inner => {
                let head = if code == option::TA { 4 } else { 12 };
                let within = value.get(head..).unwrap_or_default();
                Options::new(within).for_each(|(code, value)| self.option(code, value, true));
            }
            option::ADDRESS => {
                if let (Some(address), Some(_), Some(valid)) = (reader.array::<16>(), reader.be_u32(), reader.be_u32())
                {
                    self.lease(valid);
                    self.addresses.push_distinct(address.into());
                }
                Options::new(reader.rest()).for_each(|(code, value)| self.status(code, value));
            }
            option::PREFIX => {
                if let (Some(_), Some(valid), Some(length), Some(prefix)) =
                    (reader.be_u32(), reader.be_u32(), reader.u8(), reader.array::<16>())
                {
                    self.lease(valid);
                    let prefix = format!("{}/{length}", Ipv6Addr::from(prefix));
                    self.prefixes.push_distinct(Text::from(prefix.as_str()));
                }
                Options::new(reader.rest()).for_each(|(code, value)| self.status(code, value));
            }
            option::REQUESTED => {
                let numbers = value.as_chunks::<2>().0.iter().map(|number| u16::from_be_bytes(*number).to_string());
                let fingerprint = numbers.collect::<Vec<_>>().join("-");
                self.fingerprints.push_distinct(Text::from(fingerprint.as_str()));
            }
            option::DNS_SERVERS => {
                for address in value.as_chunks::<16>().0 {
                    self.dns_servers.push_distinct((*address).into());
                }
            }
            option::DOMAINS => {
                for name in message::names(value) {
                    self.domains.push_distinct(Text::new(&name));
                }
            }
            option::FQDN => {
                // After the flags; a name that is not whole has no end.
                if let Some(name) = value.get(1..).and_then(|name| message::names(name).into_iter().next()) {
                    self.names.push_distinct(Text::new(&name));
                }
            }
            option::VENDOR_CLASS => {
                // After the enterprise's number, each with its length.
                let _ = reader.skip(4);
                while let Some(class) = reader.be_u16().and_then(|length| reader.take(usize::from(length))) {
                    self.classes.push_distinct(Text::new(class));
                }
            }
            option::BOOT_URL => self.boot_urls.push_distinct(Text::new(value)),
            _ => self.status(code, value),
        }
    }

    fn status(&mut self, code: u16, value: &[u8]) {
        let status = Reader::new(value).be_u16().filter(|status| code == option::STATUS && *status != 0);
        if let Some(status) = status {
            self.statuses.push_distinct(u32::from(status));
        }
    }

    fn lease(&mut self, seconds: u32) {
        if seconds > 0 {
            self.leases.push_distinct(seconds);
        }
    }
}

impl Dissector for Dhcpv6 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut bytes = chunk.bytes;
        for _ in 0..=message::RELAYS {
            let Some(message) = message::read(bytes) else {
                break;
            };
            self.messages.push(u32::from(message.kind));
            match message.content {
                Content::Options(options) => {
                    options.for_each(|(code, value)| self.option(code, value, false));
                    break;
                }
                Content::Relayed { link, peer, inner } => {
                    for (list, address) in [(&mut self.relays, link), (&mut self.peers, peer)] {
                        if !address.is_unspecified() {
                            list.push_distinct(address);
                        }
                    }
                    bytes = inner;
                }
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut dhcp = out.element(&ELEMENT);
        tell_names(&mut dhcp, &MESSAGE, &self.messages, message::name);
        dhcp.list(&CLIENT_MAC, self.macs.items().iter().map(|mac| Value::Mac(*mac)), self.macs.omitted());
        for (field, list) in [
            (&CLIENT_DUID, &self.clients),
            (&SERVER_DUID, &self.servers),
            (&CLIENT_FQDN, &self.names),
            (&PREFIX, &self.prefixes),
            (&DOMAIN, &self.domains),
            (&VENDOR_CLASS, &self.classes),
            (&FINGERPRINT, &self.fingerprints),
            (&BOOT_URL, &self.boot_urls),
        ] {
            dhcp.texts(field, list);
        }
        for (field, list) in [
            (&ADDRESS, &self.addresses),
            (&DNS_SERVER, &self.dns_servers),
            (&RELAY, &self.relays),
            (&PEER, &self.peers),
        ] {
            dhcp.list(field, list.items().iter().map(|it| Value::Address(IpAddr::V6(*it))), list.omitted());
        }
        dhcp.list(&LEASE, self.leases.items().iter().map(|it| u64::from(*it)), self.leases.omitted());
        tell_names(&mut dhcp, &STATUS, &self.statuses, message::status);
    }

    fn heap_bytes(&self) -> usize {
        let texts = [
            &self.clients,
            &self.servers,
            &self.names,
            &self.prefixes,
            &self.domains,
            &self.classes,
            &self.fingerprints,
            &self.boot_urls,
        ];
        let addresses = [&self.addresses, &self.dns_servers, &self.relays, &self.peers];
        size_of::<Self>()
            + texts.into_iter().map(texts_bytes).sum::<usize>()
            + addresses.into_iter().map(|list| size_of_val(list.items())).sum::<usize>()
    }
}
