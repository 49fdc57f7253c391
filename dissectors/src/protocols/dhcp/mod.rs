//! DHCP over UDP, and BOOTP, from which it comes.
//!
//! Specifications: RFC 951 and 1542 (BOOTP), RFC 2131 (DHCP), RFC 2132 and others (options), RFC 3046 (relay agents), RFC 4578 (PXE).
//! [`message`] has the layout.
//!
//! The magic number behind the fixed fields proves it. BOOTP without it is told by what must be zero, and only fits.
//! A question goes to everybody and its answer comes from one, so mostly they are two sessions; whoever is a server answers.
//!
//! Limits: lists of sixteen, each value once; options up to [`message::OPTIONS`]. Ignored on purpose: options that configure this or that service,
//! vendors' own, authentication.

mod message;

use std::net::{IpAddr, Ipv4Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::hex::hex;
use crate::kept::{tell_names, texts_bytes};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use message::{Message, option};

static MESSAGE: Field = Field::text("message", "messages in their order, such as `Discover`", "RFC 2132 9.6").list();
static CLIENT_MAC: Field =
    Field::new(Kind::Mac, "client_mac", "clients' hardware addresses, each once", "RFC 2131 2").list();
static CLIENT_ID: Field =
    Field::text("client_id", "clients' own ids, in hexadecimal where they are no text", "RFC 2132 9.14").list();
static HOSTNAME: Field = Field::text("hostname", "names of clients", "RFC 2132 3.14").list();
static FQDN: Field = Field::text("fqdn", "whole names of clients", "RFC 4702").list();
static REQUESTED_IP: Field =
    Field::new(Kind::Address, "requested_ip", "addresses that clients ask for", "RFC 2132 9.1").list();
static CLIENT_IP: Field =
    Field::new(Kind::Address, "client_ip", "addresses that clients say they have", "RFC 2131 2").list();
static ASSIGNED_IP: Field =
    Field::new(Kind::Address, "assigned_ip", "addresses that are offered or given to them", "RFC 2131 2").list();
static VENDOR_CLASS: Field = Field::text("vendor_class", "what kind of hosts they are", "RFC 2132 9.13").list();
static USER_CLASS: Field = Field::text("user_class", "what kind of users they have", "RFC 3004").list();
static FINGERPRINT: Field = Field::text(
    "fingerprint",
    "options that a client asks for, by number and joined by `-`: it tells systems apart",
    "RFC 2132 9.8",
)
.list();
static SERVER_ID: Field = Field::new(Kind::Address, "server_id", "servers by their addresses", "RFC 2132 9.7").list();
static LEASE: Field = Field::number("lease", "how long an address is given", "RFC 2132 9.2").list().unit("s");
static NETMASK: Field = Field::new(Kind::Address, "netmask", "mask of the network", "RFC 2132 3.3").list();
static ROUTER: Field = Field::new(Kind::Address, "router", "routers of the network", "RFC 2132 3.5").list();
static DNS_SERVER: Field = Field::new(Kind::Address, "dns_server", "its name servers", "RFC 2132 3.8").list();
static NTP_SERVER: Field = Field::new(Kind::Address, "ntp_server", "its time servers", "RFC 2132 8.3").list();
static DOMAIN: Field = Field::text("domain", "domains of clients", "RFC 2132 3.17").list();
static PROXY_URL: Field = Field::text("proxy_url", "where clients find the proxy's settings", "WPAD").list();
static BOOT_FILE: Field =
    Field::text("boot_file", "files that clients shall start from", "RFC 2131 2, RFC 2132 9.5").list();
static BOOT_SERVER: Field =
    Field::text("boot_server", "where they find them, by address or by name", "RFC 2131 2, RFC 2132 9.4").list();
static ARCHITECTURE: Field =
    Field::number("architecture", "what machines ask to be started, by number", "RFC 4578 2.1").list();
static RELAY: Field = Field::new(Kind::Address, "relay", "relay agents that hand on the messages", "RFC 2131 2").list();
static CIRCUIT: Field = Field::text("circuit", "where at the relay agent a client is", "RFC 3046 3.1").list();
static REMOTE: Field = Field::text("remote", "who a client is, as the relay agent has it", "RFC 3046 3.2").list();
static ERROR: Field = Field::text("error", "what servers and clients complain of", "RFC 2132 9.9").list();

static ELEMENT: Element = Element {
    name: "dhcp",
    meaning: "addresses given to hosts",
    fields: &[
        &MESSAGE,
        &CLIENT_MAC,
        &CLIENT_ID,
        &HOSTNAME,
        &FQDN,
        &REQUESTED_IP,
        &CLIENT_IP,
        &ASSIGNED_IP,
        &VENDOR_CLASS,
        &USER_CLASS,
        &FINGERPRINT,
        &SERVER_ID,
        &LEASE,
        &NETMASK,
        &ROUTER,
        &DNS_SERVER,
        &NTP_SERVER,
        &DOMAIN,
        &PROXY_URL,
        &BOOT_FILE,
        &BOOT_SERVER,
        &ARCHITECTURE,
        &RELAY,
        &CIRCUIT,
        &REMOTE,
        &ERROR,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dhcp",
    about: About {
        name: "Dynamic Host Configuration Protocol, BOOTP",
        specification: "RFC 951, RFC 2131, RFC 2132, RFC 3046",
        evidence: "the magic number behind the fixed fields; BOOTP by what must be zero",
        limits: "options of single services and of vendors",
        ports: &[67, 68, 4011],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[1..=1], server: &[2..=2] },
    probe,
    open: |_: &Opening| Box::new(Dhcp::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    match message::read(sample.bytes) {
        Some(message) if message.answers != (sample.role == Role::Server) => Verdict::Reject,
        Some(message) if message.options.is_some() && message.is_sound() => Verdict::Match,
        Some(message) if message.is_bootp() => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

/// The lists of addresses, in the order of their fields.
const ADDRESSES: [&Field; 9] =
    [&REQUESTED_IP, &CLIENT_IP, &ASSIGNED_IP, &SERVER_ID, &NETMASK, &ROUTER, &DNS_SERVER, &NTP_SERVER, &RELAY];
/// The lists of texts, in the order of their fields.
const TEXTS: [&Field; 13] = [
    &CLIENT_ID,
    &HOSTNAME,
    &FQDN,
    &VENDOR_CLASS,
    &USER_CLASS,
    &FINGERPRINT,
    &DOMAIN,
    &PROXY_URL,
    &BOOT_FILE,
    &BOOT_SERVER,
    &CIRCUIT,
    &REMOTE,
    &ERROR,
];

#[derive(Debug, Default)]
struct Dhcp {
    messages: List<u32>,
    macs: List<[u8; 6]>,
    addresses: [List<Ipv4Addr>; ADDRESSES.len()],
    texts: [List<Text>; TEXTS.len()],
    leases: List<u32>,
    architectures: List<u16>,
}

/// A text of our own for bytes that may be none.
fn legible(bytes: &[u8]) -> Text {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        Text::new(bytes)
    } else {
        Text::from(hex(bytes).as_str())
    }
}

impl Dhcp {
    fn address(&mut self, field: &'static Field, address: [u8; 4]) {
        let lists = ADDRESSES.iter().zip(self.addresses.iter_mut());
        if let Some((_, list)) = lists.into_iter().find(|(known, _)| std::ptr::eq(**known, field))
            && address != [0; 4]
        {
            list.push_distinct(address.into());
        }
    }

    fn text(&mut self, field: &'static Field, text: Text) {
        let lists = TEXTS.iter().zip(self.texts.iter_mut());
        if let Some((_, list)) = lists.into_iter().find(|(known, _)| std::ptr::eq(**known, field))
            && !text.is_empty()
        {
            list.push_distinct(text);
        }
    }

    fn option(&mut self, code: u8, value: &[u8]) {
        // Some end their texts with zeros.
        let text = value.strip_suffix(b"\0").unwrap_or(value);
        let addresses = |dhcp: &mut Self, field| {
            for address in value.as_chunks::<4>().0 {
                dhcp.address(field, *address);
            }
        };
        match code {
            option::NETMASK => addresses(self, &NETMASK),
            option::ROUTER => addresses(self, &ROUTER),
            option::DNS_SERVER => addresses(self, &DNS_SERVER),
            option::NTP_SERVER => addresses(self, &NTP_SERVER),
            option::REQUESTED_IP => addresses(self, &REQUESTED_IP),
            option::SERVER_ID => addresses(self, &SERVER_ID),
            option::HOSTNAME => self.text(&HOSTNAME, Text::new(text)),
            option::DOMAIN => self.text(&DOMAIN, Text::new(text)),
            option::ERROR => self.text(&ERROR, Text::new(text)),
            option::VENDOR_CLASS => self.text(&VENDOR_CLASS, Text::new(text)),
            option::PROXY_URL => self.text(&PROXY_URL, Text::new(text.trim_ascii())),
            option::BOOT_FILE => self.text(&BOOT_FILE, Text::new(text)),
            option::BOOT_SERVER => self.text(&BOOT_SERVER, Text::new(text)),
            option::USER_CLASS => {
                // RFC 3004 has a length before each; some write the text alone.
                let (length, rest) = value.split_first().unwrap_or((&0, &[]));
                self.text(&USER_CLASS, Text::new(if usize::from(*length) == rest.len() { rest } else { text }));
            }
            option::CLIENT_ID => {
                // A hardware address says what stands in the fixed fields already.
                if let Some((kind, rest)) = value.split_first()
                    && !(*kind == 1 && rest.len() == 6)
                {
                    self.text(&CLIENT_ID, if *kind == 0 { legible(rest) } else { legible(value) });
                }
            }
            option::FQDN => {
                if let Some((flags, name)) =
                    value.split_first().map(|(flags, rest)| (flags, rest.get(2..).unwrap_or_default()))
                {
                    // In wire form, or in the older text.
                    let name = if flags & 4 != 0 { message::labels(name) } else { name.to_vec() };
                    self.text(&FQDN, Text::new(&name));
                }
            }
            option::PARAMETERS => {
                let numbers: Vec<String> = value.iter().map(u8::to_string).collect();
                self.text(&FINGERPRINT, Text::from(numbers.join("-").as_str()));
            }
            option::LEASE => {
                if let Ok(seconds) = value.try_into().map(u32::from_be_bytes) {
                    self.leases.push_distinct(seconds);
                }
            }
            option::ARCHITECTURE => {
                for number in value.as_chunks::<2>().0 {
                    self.architectures.push_distinct(u16::from_be_bytes(*number));
                }
            }
            option::RELAY => {
                for (code, value) in message::Options::new(value) {
                    match code {
                        1 => self.text(&CIRCUIT, legible(value)),
                        2 => self.text(&REMOTE, legible(value)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        if let Some(mac) = message.mac {
            self.macs.push_distinct(mac);
        }
        self.address(&CLIENT_IP, message.client);
        self.address(&ASSIGNED_IP, message.assigned);
        self.address(&RELAY, message.relay);
        let mut kind = if message.answers { message::BOOT_REPLY } else { message::BOOT_REQUEST };
        for (code, value) in message.all_options() {
            match (code, value.as_slice()) {
                (option::MESSAGE, [number]) => kind = u32::from(*number),
                (_, value) => self.option(code, value),
            }
        }
        self.messages.push(kind);
        if !message.overloaded(option::FILE_HOLDS) {
            self.text(&BOOT_FILE, Text::new(message.file));
        }
        if message.answers && message.boots() {
            let [a, b, c, d] = message.next;
            if message.next != [0; 4] {
                self.text(&BOOT_SERVER, Text::from(format!("{a}.{b}.{c}.{d}").as_str()));
            }
        }
    }
}

impl Dissector for Dhcp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(message) = message::read(chunk.bytes) {
            self.message(&message);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut dhcp = out.element(&ELEMENT);
        tell_names(&mut dhcp, &MESSAGE, &self.messages, message::name);
        dhcp.list(&CLIENT_MAC, self.macs.items().iter().map(|mac| Value::Mac(*mac)), self.macs.omitted());
        for (field, list) in TEXTS.into_iter().zip(&self.texts) {
            dhcp.texts(field, list);
        }
        for (field, list) in ADDRESSES.into_iter().zip(&self.addresses) {
            dhcp.list(field, list.items().iter().map(|it| Value::Address(IpAddr::V4(*it))), list.omitted());
        }
        dhcp.list(&LEASE, self.leases.items().iter().map(|it| u64::from(*it)), self.leases.omitted());
        let architectures = self.architectures.items().iter().map(|it| u64::from(*it));
        dhcp.list(&ARCHITECTURE, architectures, self.architectures.omitted());
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.texts.iter().map(texts_bytes).sum::<usize>()
            + self.addresses.iter().map(|list| size_of_val(list.items())).sum::<usize>()
            + size_of_val(self.macs.items())
    }
}
