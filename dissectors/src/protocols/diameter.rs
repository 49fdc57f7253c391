//! Diameter (RFC 6733), over TCP and SCTP.
//!
//! ```text
//! message   version:1 (1) length:3 flags:1 (80 request, 40 proxiable, 20 error, 10 repeated) command:3
//!           application:4 hop id:4 end id:4 AVPs                                                    3
//! AVP       code:4 flags:1 (80 vendor, 40 mandatory, 20 protected) length:3 [vendor:4] data, filled to four bytes     4.1
//! ```
//!
//! Grouped AVPs are opened where they carry results or subscriptions, one level deep. Limits: of a message [`MESSAGE_BYTES`] are looked at.
//! A gap ends the session's facts. Ignored on purpose: passwords and keys, accounting, AVPs of vendors.

use std::net::IpAddr;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static COMMAND: Field =
    Field::text("command", "commands, each once, such as `Capabilities-Exchange`", "RFC 6733 3.1").list();
static REQUESTS: Field = Field::number("requests", "requests of both sides", "");
static APPLICATION: Field =
    Field::text("application", "applications of messages, each once, by name or number", "RFC 6733 2.4").list();
static ORIGIN_HOST: Field = Field::text("origin_host", "who sent messages, each once", "RFC 6733 6.3").list();
static ORIGIN_REALM: Field = Field::text("origin_realm", "their realms, each once", "RFC 6733 6.4").list();
static DESTINATION_HOST: Field =
    Field::text("destination_host", "who messages are for, each once", "RFC 6733 6.5").list();
static DESTINATION_REALM: Field = Field::text("destination_realm", "their realms, each once", "RFC 6733 6.6").list();
static HOST_ADDRESS: Field =
    Field::new(Kind::Address, "host_address", "addresses that the sides give as theirs", "RFC 6733 5.3.5").list();
static PRODUCT: Field = Field::text("product", "the sides' software", "RFC 6733 5.3.7").list();
static SESSION_ID: Field = Field::text("session_id", "sessions of users, each once", "RFC 6733 8.8").list();
static USER: Field = Field::text("user", "accounts, each once", "RFC 6733 8.14").list();
static RESULT: Field = Field::text("result", "results, each once, by name or number", "RFC 6733 7.1").list();
static ERROR_MESSAGE: Field = Field::text("error_message", "what is said of errors, each once", "RFC 6733 7.3").list();

static ELEMENT: Element = Element {
    name: "diameter",
    meaning: "authorization and accounting between providers: commands, ends and users",
    fields: &[
        &COMMAND,
        &REQUESTS,
        &APPLICATION,
        &ORIGIN_HOST,
        &ORIGIN_REALM,
        &DESTINATION_HOST,
        &DESTINATION_REALM,
        &HOST_ADDRESS,
        &PRODUCT,
        &SESSION_ID,
        &USER,
        &RESULT,
        &ERROR_MESSAGE,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "diameter",
    about: About {
        name: "Diameter",
        specification: "RFC 6733",
        evidence: "version 1 with lengths and flags that fit, and AVPs that fill the message",
        limits: "AVPs of vendors and accounting are not told; a gap ends the facts",
        ports: &[3868, 5868],
    },
    transports: &[Transport::Tcp, Transport::Sctp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=1]),
    probe,
    open: |opening| Box::new(Diameter { transport: opening.transport, ..Diameter::default() }),
};

/// Bytes before the AVPs.
const HEAD: usize = 20;
/// How much of a message is looked at.
const MESSAGE_BYTES: usize = 32 * 1024;
/// Bytes of an AVP without a vendor.
const AVP_HEAD: usize = 8;
/// The highest code of an AVP without a vendor that is believed to be one.
const CODE_MAX: u32 = 2048;
/// The most AVPs looked at of one message.
const AVPS: usize = 128;

const REQUEST: u8 = 0x80;
const VENDOR: u8 = 0x80;

/// Codes of AVPs.
mod avp {
    pub const USER_NAME: u32 = 1;
    pub const HOST_ADDRESS: u32 = 257;
    pub const SESSION_ID: u32 = 263;
    pub const ORIGIN_HOST: u32 = 264;
    pub const RESULT: u32 = 268;
    pub const PRODUCT: u32 = 269;
    pub const ERROR_MESSAGE: u32 = 281;
    pub const DESTINATION_REALM: u32 = 283;
    pub const DESTINATION_HOST: u32 = 293;
    pub const ORIGIN_REALM: u32 = 296;
    pub const EXPERIMENTAL_RESULT: u32 = 297;
    pub const EXPERIMENTAL_CODE: u32 = 298;
    pub const SUBSCRIPTION: u32 = 443;
    pub const SUBSCRIPTION_DATA: u32 = 444;
}

#[derive(Clone, Copy)]
struct Head {
    length: usize,
    flags: u8,
    command: u32,
    application: u32,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    reader.skip(1)?;
    let length = reader.be_u24()? as usize;
    let flags = reader.u8()?;
    Some(Head { length, flags, command: reader.be_u24()?, application: reader.be_u32()? })
}

/// Whether a message may begin with these bytes.
fn may_begin(bytes: &[u8]) -> bool {
    let length = Reader::new(bytes.get(1..).unwrap_or_default()).be_u24();
    bytes.first().is_none_or(|version| *version == 1)
        && length.is_none_or(|length| length % 4 == 0 && length as usize >= HEAD)
        && bytes.get(4).is_none_or(|flags| flags & 0x0f == 0 && flags & 0xa0 != 0xa0)
}

/// One AVP without a vendor: code and data. Those of vendors are passed over.
fn avps(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        loop {
            let (code, flags, length) = (reader.be_u32()?, reader.u8()?, reader.be_u24()? as usize);
            let vendor = usize::from(flags & VENDOR != 0) * 4;
            let data = reader.take(length.checked_sub(AVP_HEAD)?)?;
            let filling = length.next_multiple_of(4).saturating_sub(length);
            // The last one may go without.
            reader.skip(filling.min(reader.len()))?;
            if vendor == 0 {
                return Some((code, data));
            }
        }
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !may_begin(sample.bytes) {
        return Verdict::Reject;
    }
    let Some(head) = head(sample.bytes) else {
        return Verdict::NeedMore;
    };
    if (head.flags & REQUEST != 0) != (sample.role == Role::Client) {
        return Verdict::Reject;
    }
    let mut first = Reader::new(sample.bytes.get(HEAD..).unwrap_or_default());
    let (Some(code), Some(flags), Some(length)) = (first.be_u32(), first.u8(), first.be_u24()) else {
        return if head.length < HEAD + AVP_HEAD { Verdict::Reject } else { Verdict::NeedMore };
    };
    // The first AVP is mostly the session's id or the sender's name; that it is one, and lies in its message, is the proof.
    let fits =
        flags & 0x1f == 0 && (length as usize) >= AVP_HEAD && HEAD.saturating_add(length as usize) <= head.length;
    let known =
        matches!(code, avp::SESSION_ID | avp::ORIGIN_HOST | avp::RESULT | avp::ORIGIN_REALM) && flags & VENDOR == 0;
    let plausible = (1..CODE_MAX).contains(&code) && command(head.command).is_some();
    match (fits, known, plausible) {
        (true, true, _) => Verdict::Match,
        (true, _, true) => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

#[derive(Debug)]
struct Diameter {
    transport: Transport,
    commands: List<Text>,
    requests: u64,
    applications: List<u32>,
    origin_hosts: List<Text>,
    origin_realms: List<Text>,
    destination_hosts: List<Text>,
    destination_realms: List<Text>,
    addresses: List<IpAddr>,
    products: List<Text>,
    sessions: List<Text>,
    users: List<Text>,
    results: List<u32>,
    errors: List<Text>,
}

impl Default for Diameter {
    fn default() -> Self {
        Self {
            transport: Transport::Tcp,
            commands: List::default(),
            requests: 0,
            applications: List::default(),
            origin_hosts: List::default(),
            origin_realms: List::default(),
            destination_hosts: List::default(),
            destination_realms: List::default(),
            addresses: List::default(),
            products: List::default(),
            sessions: List::default(),
            users: List::default(),
            results: List::default(),
            errors: List::default(),
        }
    }
}

impl Diameter {
    fn message(&mut self, head: Head, bytes: &[u8]) {
        self.commands.push_distinct(match command(head.command) {
            Some(name) => Text::from(name),
            None => Text::from(head.command.to_string().as_str()),
        });
        if head.flags & REQUEST != 0 {
            self.requests = self.requests.saturating_add(1);
        }
        self.applications.push_distinct(head.application);
        for (code, data) in avps(bytes.get(HEAD..).unwrap_or_default()).take(AVPS) {
            match code {
                avp::EXPERIMENTAL_RESULT | avp::SUBSCRIPTION => {
                    for (code, data) in avps(data).take(AVPS) {
                        self.avp(code, data);
                    }
                }
                _ => self.avp(code, data),
            }
        }
    }

    fn avp(&mut self, code: u32, data: &[u8]) {
        let list = match code {
            avp::ORIGIN_HOST => &mut self.origin_hosts,
            avp::ORIGIN_REALM => &mut self.origin_realms,
            avp::DESTINATION_HOST => &mut self.destination_hosts,
            avp::DESTINATION_REALM => &mut self.destination_realms,
            avp::PRODUCT => &mut self.products,
            avp::SESSION_ID => &mut self.sessions,
            avp::USER_NAME | avp::SUBSCRIPTION_DATA => &mut self.users,
            avp::ERROR_MESSAGE => &mut self.errors,
            avp::RESULT | avp::EXPERIMENTAL_CODE => {
                if let Some(result) = Reader::new(data).be_u32() {
                    self.results.push_distinct(result);
                }
                return;
            }
            avp::HOST_ADDRESS => {
                if let Some(address) = address(data) {
                    self.addresses.push_distinct(address);
                }
                return;
            }
            _ => return,
        };
        if !data.is_empty() {
            list.push_distinct(Text::new(data));
        }
    }
}

/// An address behind its family's number (4.3.1).
fn address(data: &[u8]) -> Option<IpAddr> {
    let mut reader = Reader::new(data);
    match reader.be_u16()? {
        1 => reader.array::<4>().map(IpAddr::from),
        2 => reader.array::<16>().map(IpAddr::from),
        _ => None,
    }
}

impl Dissector for Diameter {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let stream = self.transport == Transport::Tcp;
        if !may_begin(chunk.bytes) {
            return if stream { Step::Violation } else { Step::Consumed(chunk.bytes.len()) };
        }
        let Some(head) = head(chunk.bytes) else {
            return Step::NeedMore(HEAD);
        };
        let looked_at = head.length.min(MESSAGE_BYTES);
        let message = match chunk.bytes.get(..looked_at) {
            Some(message) => message,
            None if stream => return Step::NeedMore(looked_at),
            None => chunk.bytes,
        };
        self.message(head, message);
        match head.length.checked_sub(chunk.bytes.len()) {
            Some(missing @ 1..) if stream => Step::Skip(missing as u64),
            _ => Step::Consumed(head.length),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.texts(&COMMAND, &self.commands);
        if self.requests > 0 {
            element.number(&REQUESTS, self.requests);
        }
        let numbers = [
            (&APPLICATION, &self.applications, application as fn(u32) -> Option<&'static str>),
            (&RESULT, &self.results, result),
        ];
        for (field, numbers, name) in numbers {
            for number in numbers.items() {
                match name(*number) {
                    Some(name) => element.plain(field, name),
                    None => element.bytes(field, number.to_string().as_bytes()),
                }
            }
            element.omitted(field, numbers.omitted());
        }
        element.list(
            &HOST_ADDRESS,
            self.addresses.items().iter().map(|it| Value::Address(*it)),
            self.addresses.omitted(),
        );
        let texts = [
            (&ORIGIN_HOST, &self.origin_hosts),
            (&ORIGIN_REALM, &self.origin_realms),
            (&DESTINATION_HOST, &self.destination_hosts),
            (&DESTINATION_REALM, &self.destination_realms),
            (&PRODUCT, &self.products),
            (&SESSION_ID, &self.sessions),
            (&USER, &self.users),
            (&ERROR_MESSAGE, &self.errors),
        ];
        for (field, list) in texts {
            element.texts(field, list);
        }
        if let Some(user) = self.users.items().first() {
            out.user(user);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [
            &self.commands,
            &self.origin_hosts,
            &self.origin_realms,
            &self.destination_hosts,
            &self.destination_realms,
            &self.products,
            &self.sessions,
            &self.users,
            &self.errors,
        ];
        let texts = lists.iter().flat_map(|list| list.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

/// A command's name (RFC 6733 3.1, RFC 4005, RFC 8506, RFC 4072, RFC 4740, 3GPP TS 29.229, 29.329, 29.272).
const fn command(number: u32) -> Option<&'static str> {
    Some(match number {
        257 => "Capabilities-Exchange",
        258 => "Re-Auth",
        265 => "AA",
        268 => "Diameter-EAP",
        271 => "Accounting",
        272 => "Credit-Control",
        274 => "Abort-Session",
        275 => "Session-Termination",
        280 => "Device-Watchdog",
        282 => "Disconnect-Peer",
        300 => "User-Authorization",
        301 => "Server-Assignment",
        302 => "Location-Info",
        303 => "Multimedia-Auth",
        304 => "Registration-Termination",
        305 => "Push-Profile",
        306 => "User-Data",
        307 => "Profile-Update",
        308 => "Subscribe-Notifications",
        309 => "Push-Notification",
        316 => "Update-Location",
        317 => "Cancel-Location",
        318 => "Authentication-Information",
        319 => "Insert-Subscriber-Data",
        320 => "Delete-Subscriber-Data",
        321 => "Purge-UE",
        322 => "Reset",
        323 => "Notify",
        324 => "ME-Identity-Check",
        _ => return None,
    })
}

/// An application's name (RFC 6733 2.4, IANA AAA parameters).
const fn application(number: u32) -> Option<&'static str> {
    Some(match number {
        0 => "base",
        1 => "nasreq",
        2 => "mobile-ip",
        3 => "accounting",
        4 => "credit-control",
        5 => "eap",
        6 => "sip",
        16_777_216 => "cx",
        16_777_217 => "sh",
        16_777_236 => "rx",
        16_777_238 => "gx",
        16_777_251 => "s6a",
        16_777_252 => "s13",
        0xffff_ffff => "relay",
        _ => return None,
    })
}

/// A result's name (RFC 6733 7.1).
const fn result(code: u32) -> Option<&'static str> {
    Some(match code {
        1001 => "MULTI_ROUND_AUTH",
        2001 => "SUCCESS",
        2002 => "LIMITED_SUCCESS",
        3001 => "COMMAND_UNSUPPORTED",
        3002 => "UNABLE_TO_DELIVER",
        3003 => "REALM_NOT_SERVED",
        3004 => "TOO_BUSY",
        3005 => "LOOP_DETECTED",
        3006 => "REDIRECT_INDICATION",
        3007 => "APPLICATION_UNSUPPORTED",
        3008 => "INVALID_HDR_BITS",
        3009 => "INVALID_AVP_BITS",
        3010 => "UNKNOWN_PEER",
        4001 => "AUTHENTICATION_REJECTED",
        4002 => "OUT_OF_SPACE",
        4003 => "ELECTION_LOST",
        5001 => "AVP_UNSUPPORTED",
        5002 => "UNKNOWN_SESSION_ID",
        5003 => "AUTHORIZATION_REJECTED",
        5004 => "INVALID_AVP_VALUE",
        5005 => "MISSING_AVP",
        5006 => "RESOURCES_EXCEEDED",
        5007 => "CONTRADICTING_AVPS",
        5008 => "AVP_NOT_ALLOWED",
        5009 => "AVP_OCCURS_TOO_MANY_TIMES",
        5010 => "NO_COMMON_APPLICATION",
        5011 => "UNSUPPORTED_VERSION",
        5012 => "UNABLE_TO_COMPLY",
        5014 => "INVALID_AVP_LENGTH",
        5015 => "INVALID_MESSAGE_LENGTH",
        5017 => "NO_COMMON_SECURITY",
        _ => return None,
    })
}
