//! SNMP 1, 2c and 3 (RFC 1157, RFC 1901, RFC 3412), in datagrams or on a stream (RFC 3430).
//!
//! ```text
//! SEQUENCE { version 0|1, community, PDU }                                                      RFC 1157 4, RFC 1901 3
//! SEQUENCE { version 3, { id, max size, flags:1, model }, security, scoped PDU }                RFC 3412 6
//! security    OCTET STRING around { engine id, boots, time, user, auth, privacy }               RFC 3414 2.4
//! scoped PDU  { context engine id, context name, PDU }, or an OCTET STRING where it is encrypted
//! PDU         [0] get [1] get-next [2] response [3] set [5] get-bulk [6] inform [7] trap [8] report
//!             { id, error, index (or repetitions), { { OID, value } ... } }                     RFC 3416 3
//! [4] trap    { enterprise, agent's address, generic, specific, time, { { OID, value } ... } }  RFC 1157 4.1.6
//! ```
//!
//! A community is a password: it is told by its length alone unless secrets are revealed. Of values only the system's name and
//! description are kept, and which trap it is. Limits: [`OIDS`] different object identifiers are told, [`BINDINGS`] of a message are
//! looked at. Ignored on purpose: all other values, the engine's boots and time.

use std::net::{IpAddr, Ipv4Addr};

use crate::ber::{self, Ber, Size, tag};
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::{Facts, Value};
use crate::hex::hex;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};

/// The most object identifiers told of one session.
const OIDS: usize = 32;
/// The most bindings of a message that are looked at.
const BINDINGS: usize = 64;
/// The longest message on a stream.
const LONGEST: usize = 64 * 1024;
/// The longest community that is believed to be one.
const COMMUNITY_BYTES: usize = 255;

static VERSION: Field = Field::text("version", "`1`, `2c` or `3`", "RFC 1157 4, RFC 1901 3, RFC 3412 6").list();
static COMMUNITY: Field = Field::text(
    "community",
    "communities, each once: an asterisk for each byte, or as they are where secrets are revealed",
    "RFC 1157 4, RFC 1901 3",
)
.list();
static PDU: Field = Field::text("pdu", "kinds of messages, each once, such as `get-request`", "RFC 3416 3").list();
static REQUESTS: Field = Field::number("requests", "messages that want an answer", "RFC 3416 3");
static RESPONSES: Field = Field::number("responses", "answers and reports", "RFC 3416 3");
static OID: Field =
    Field::text("oid", "object identifiers of the bindings, each once", "RFC 3416 3").list().items(OIDS);
static ERROR: Field = Field::text("error", "errors in answers, each once, such as `noSuchName`", "RFC 3416 3").list();
static USER: Field = Field::text("user", "accounts of version 3, each once", "RFC 3414 2.4").list();
static SECURITY: Field = Field::text(
    "security",
    "of version 3: `noAuthNoPriv`, `authNoPriv` (signed), `authPriv` (encrypted), each once",
    "RFC 3411 3.4.3",
)
.list();
static ENGINE: Field = Field::text("engine", "the engine that vouches for the messages, in hexadecimal", "RFC 3411 5");
static CONTEXT: Field = Field::text("context", "names of contexts, each once", "RFC 3411 3.3").list();
static TRAP: Field = Field::text(
    "trap",
    "notifications, each once: a generic one of version 1 by its name, a specific one by enterprise and number, others by their identifier",
    "RFC 1157 4.1.6, RFC 3418 2",
)
.list();
static ENTERPRISE: Field =
    Field::text("enterprise", "what kind of thing sent a trap of version 1", "RFC 1157 4.1.6").list();
static AGENT: Field =
    Field::new(Kind::Address, "agent", "the address of what sent a trap of version 1, each once", "RFC 1157 4.1.6")
        .list();
static SYSTEM_NAME: Field = Field::text("system_name", "the agent's name, where it was asked for", "RFC 3418 2");
static SYSTEM: Field = Field::text("system", "the agent's description of itself, where it was asked for", "RFC 3418 2");

static ELEMENT: Element = Element {
    name: "snmp",
    meaning: "management of devices: what was asked of them and what they reported",
    fields: &[
        &VERSION,
        &COMMUNITY,
        &PDU,
        &REQUESTS,
        &RESPONSES,
        &OID,
        &ERROR,
        &USER,
        &SECURITY,
        &ENGINE,
        &CONTEXT,
        &TRAP,
        &ENTERPRISE,
        &AGENT,
        &SYSTEM_NAME,
        &SYSTEM,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "snmp",
    about: About {
        name: "Simple Network Management Protocol 1, 2c and 3",
        specification: "RFC 1157, RFC 1901, RFC 3412, RFC 3430",
        evidence: "BER of a version, a community or security model, and a known PDU",
        limits: "values are not told but the system's name and description",
        ports: &[161, 162, 199, 10161, 10162],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[tag::SEQUENCE..=tag::SEQUENCE]),
    probe,
    open: |opening| Box::new(Snmp { transport: opening.transport, ..Snmp::default() }),
};

/// Identifiers of PDUs.
mod pdu {
    pub const RESPONSE: u8 = 0xa2;
    pub const TRAP_1: u8 = 0xa4;
    pub const INFORM: u8 = 0xa6;
    pub const TRAP: u8 = 0xa7;
    pub const REPORT: u8 = 0xa8;

    /// A PDU's name.
    pub const fn name(identifier: u8) -> Option<&'static str> {
        Some(match identifier {
            0xa0 => "get-request",
            0xa1 => "get-next-request",
            RESPONSE => "get-response",
            0xa3 => "set-request",
            TRAP_1 => "trap",
            0xa5 => "get-bulk-request",
            INFORM => "inform-request",
            TRAP => "snmpV2-trap",
            REPORT => "report",
            _ => return None,
        })
    }
}

/// The object whose value says which notification it is: snmpTrapOID.0.
const TRAP_OID: &[u8] = b"\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00";
/// sysDescr.0
const SYSTEM_OID: &[u8] = b"\x2b\x06\x01\x02\x01\x01\x01\x00";
/// sysName.0
const NAME_OID: &[u8] = b"\x2b\x06\x01\x02\x01\x01\x05\x00";

/// A message taken apart.
struct Message<'a> {
    version: i64,
    community: &'a [u8],
    secured: Option<Secured<'a>>,
    /// Identifier and fields; `None` where it is encrypted.
    pdu: Option<(u8, Ber<'a>)>,
}

/// What version 3 puts before its PDU.
#[derive(Default)]
struct Secured<'a> {
    flags: u8,
    engine: &'a [u8],
    user: &'a [u8],
    context: &'a [u8],
}

/// `1` the message is signed, `2` it is encrypted, `4` a report is wanted where it fails (RFC 3412 6.4).
const SIGNED: u8 = 1;
const ENCRYPTED: u8 = 2;
const REPORTABLE: u8 = 4;

/// Takes a message apart. `None` where it is none.
fn read(message: &[u8]) -> Option<Message<'_>> {
    let mut fields = Ber::lax(message).open(tag::SEQUENCE)?;
    match fields.integer()? {
        version @ (0 | 1) => {
            let community = fields.take(tag::OCTETS).filter(|name| name.len() <= COMMUNITY_BYTES)?;
            let pdu = open(&mut fields)?;
            let of_version = pdu.0 != if version == 0 { pdu::TRAP } else { pdu::TRAP_1 };
            of_version.then_some(Message { version, community, secured: None, pdu: Some(pdu) })
        }
        version @ 3 => {
            let mut head = fields.open(tag::SEQUENCE)?;
            head.integer()?;
            head.integer()?;
            let [flags] = head.take(tag::OCTETS)? else { return None };
            let model = head.integer()?;
            let security = fields.take(tag::OCTETS)?;
            let mut secured = Secured { flags: *flags, ..Secured::default() };
            // Model 3 is the one of users; others have other parameters.
            if model == 3 {
                let mut user = Ber::lax(security).open(tag::SEQUENCE)?;
                secured.engine = user.take(tag::OCTETS)?;
                user.integer()?;
                user.integer()?;
                secured.user = user.take(tag::OCTETS)?;
            }
            if flags & ENCRYPTED != 0 {
                fields.take(tag::OCTETS)?;
                return Some(Message { version, community: &[], secured: Some(secured), pdu: None });
            }
            let mut scoped = fields.open(tag::SEQUENCE)?;
            scoped.take(tag::OCTETS)?;
            secured.context = scoped.take(tag::OCTETS)?;
            let pdu = open(&mut scoped)?;
            Some(Message { version, community: &[], secured: Some(secured), pdu: Some(pdu) })
        }
        _ => None,
    }
}

/// Opens a PDU: its identifier and its fields, whose first it checks.
fn open<'a>(fields: &mut Ber<'a>) -> Option<(u8, Ber<'a>)> {
    let identifier = fields.peek().filter(|identifier| pdu::name(*identifier).is_some())?;
    let fields = fields.open(identifier)?;
    let mut first = fields;
    if identifier == pdu::TRAP_1 {
        first.take(tag::OID)?;
    } else {
        first.integer()?;
        first.integer()?;
        first.integer()?;
        if first.peek().is_some_and(|bindings| bindings != tag::SEQUENCE) {
            return None;
        }
    }
    Some((identifier, fields))
}

impl Message<'_> {
    /// Who sends such a message: what manages asks, and what is managed reports unasked.
    fn sender(&self) -> Option<Role> {
        match (&self.pdu, &self.secured) {
            (Some((pdu::RESPONSE | pdu::REPORT, _)), _) => Some(Role::Server),
            (Some(_), _) => Some(Role::Client),
            (None, Some(secured)) if secured.flags & REPORTABLE != 0 => Some(Role::Client),
            // An answer or a trap.
            _ => None,
        }
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(identifier) = sample.bytes.first() else {
        return Verdict::NeedMore;
    };
    if *identifier != tag::SEQUENCE {
        return Verdict::Reject;
    }
    let stream = sample.transport == Transport::Tcp;
    let (head, whole) = match ber::size(sample.bytes) {
        Size::Known { head, whole } => (head, whole),
        Size::Need(_) if stream => return Verdict::NeedMore,
        _ => return Verdict::Reject,
    };
    if whole > LONGEST || (!stream && whole < sample.bytes.len()) {
        return Verdict::Reject;
    }
    // LDAP begins alike and is frequent: version, then an OCTET STRING or a SEQUENCE, are looked at as soon as they are there.
    let mut fields = Ber::new(sample.bytes.get(head..).unwrap_or_default());
    let partial = stream && sample.bytes.len() < whole.min(crate::protocol::PROBE_BYTES);
    match (fields.integer(), fields.peek()) {
        (None, _) | (Some(_), None) if partial => return Verdict::NeedMore,
        (Some(0 | 1), None | Some(tag::OCTETS)) | (Some(3), None | Some(tag::SEQUENCE)) => {}
        _ => return Verdict::Reject,
    }
    match read(sample.bytes) {
        Some(message) if message.sender().is_none_or(|sender| sender == sample.role) => Verdict::Match,
        None if partial => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

#[derive(Debug)]
struct Snmp {
    transport: Transport,
    versions: List<&'static str>,
    communities: List<Text>,
    pdus: List<&'static str>,
    requests: u64,
    responses: u64,
    oids: List<Text, OIDS>,
    errors: List<i64>,
    users: List<Text>,
    security: List<&'static str>,
    engine: Text,
    contexts: List<Text>,
    traps: List<Text>,
    enterprises: List<Text>,
    agents: List<Ipv4Addr>,
    system_name: Text,
    system: Text,
}

impl Default for Snmp {
    fn default() -> Self {
        Self {
            transport: Transport::Udp,
            versions: List::default(),
            communities: List::default(),
            pdus: List::default(),
            requests: 0,
            responses: 0,
            oids: List::default(),
            errors: List::default(),
            users: List::default(),
            security: List::default(),
            engine: Text::default(),
            contexts: List::default(),
            traps: List::default(),
            enterprises: List::default(),
            agents: List::default(),
            system_name: Text::default(),
            system: Text::default(),
        }
    }
}

/// Keeps the first value told.
fn keep(slot: &mut Text, value: &[u8]) {
    if slot.is_empty() && !value.is_empty() {
        *slot = Text::new(value);
    }
}

fn identifier(content: &[u8]) -> Option<Text> {
    let mut text = Vec::new();
    ber::oid(content, &mut text).then(|| Text::new(&text))
}

impl Snmp {
    fn message(&mut self, bytes: &[u8]) -> bool {
        let Some(message) = read(bytes) else {
            return false;
        };
        self.versions.push_distinct(match message.version {
            0 => "1",
            1 => "2c",
            _ => "3",
        });
        match &message.secured {
            None => self.communities.push_distinct_bytes(message.community),
            Some(secured) => {
                if !secured.user.is_empty() {
                    self.users.push_distinct_bytes(secured.user);
                }
                self.security.push_distinct(match secured.flags & (SIGNED | ENCRYPTED) {
                    0 => "noAuthNoPriv",
                    SIGNED => "authNoPriv",
                    _ => "authPriv",
                });
                if self.engine.is_empty() {
                    keep(&mut self.engine, hex(secured.engine.get(..32).unwrap_or(secured.engine)).as_bytes());
                }
                if !secured.context.is_empty() {
                    self.contexts.push_distinct_bytes(secured.context);
                }
            }
        }
        match message.pdu {
            Some((identifier, fields)) => self.pdu(identifier, fields),
            None if message.sender() == Some(Role::Client) => self.requests = self.requests.saturating_add(1),
            None => {}
        }
        true
    }

    fn pdu(&mut self, kind: u8, mut fields: Ber<'_>) {
        if let Some(name) = pdu::name(kind) {
            self.pdus.push_distinct(name);
        }
        match kind {
            pdu::RESPONSE | pdu::REPORT => self.responses = self.responses.saturating_add(1),
            pdu::TRAP_1 => return self.trap(fields),
            pdu::TRAP => {}
            _ => self.requests = self.requests.saturating_add(1),
        }
        fields.integer();
        let error = fields.integer();
        fields.integer();
        if matches!(kind, pdu::RESPONSE | pdu::REPORT)
            && let Some(error @ 1..) = error
        {
            self.errors.push_distinct(error);
        }
        self.bindings(kind, fields);
    }

    fn trap(&mut self, mut fields: Ber<'_>) {
        let enterprise = fields.take(tag::OID).and_then(identifier);
        // An address is [APPLICATION 0].
        let agent = fields.take(0x40).and_then(|address| <[u8; 4]>::try_from(address).ok());
        let (generic, specific) = (fields.integer(), fields.integer());
        // The time since the agent began: [APPLICATION 3].
        fields.take(0x43);
        if let Some(agent) = agent {
            self.agents.push_distinct(agent.into());
        }
        let name = match generic {
            Some(0) => Some("coldStart"),
            Some(1) => Some("warmStart"),
            Some(2) => Some("linkDown"),
            Some(3) => Some("linkUp"),
            Some(4) => Some("authenticationFailure"),
            Some(5) => Some("egpNeighborLoss"),
            _ => None,
        };
        if let Some(name) = name {
            self.traps.push_distinct(Text::from(name));
        } else if let (Some(enterprise), Some(specific)) = (&enterprise, specific) {
            let mut text = enterprise.bytes().to_vec();
            text.extend_from_slice(format!(".0.{specific}").as_bytes());
            self.traps.push_distinct(Text::new(&text));
        }
        if let Some(enterprise) = enterprise {
            self.enterprises.push_distinct(enterprise);
        }
        self.bindings(pdu::TRAP_1, fields);
    }

    fn bindings(&mut self, kind: u8, mut fields: Ber<'_>) {
        let bindings = fields.open(tag::SEQUENCE).into_iter().flat_map(Ber::elements);
        let mut text = Vec::new();
        for binding in bindings.filter(|binding| binding.tag == tag::SEQUENCE).take(BINDINGS) {
            let mut parts = Ber::lax(binding.content);
            let Some(object) = parts.take(tag::OID) else {
                continue;
            };
            if ber::oid(object, &mut text) {
                self.oids.push_distinct_bytes(&text);
            }
            match (object, parts.element()) {
                (TRAP_OID, Some(value)) if value.tag == tag::OID && matches!(kind, pdu::TRAP | pdu::INFORM) => {
                    if let Some(text) = identifier(value.content) {
                        self.traps.push_distinct(text);
                    }
                }
                (SYSTEM_OID, Some(value)) if value.tag == tag::OCTETS && kind == pdu::RESPONSE => {
                    keep(&mut self.system, value.content);
                }
                (NAME_OID, Some(value)) if value.tag == tag::OCTETS && kind == pdu::RESPONSE => {
                    keep(&mut self.system_name, value.content);
                }
                _ => {}
            }
        }
    }
}

impl Dissector for Snmp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.transport != Transport::Tcp {
            self.message(chunk.bytes);
            return Step::Consumed(chunk.bytes.len());
        }
        match ber::size(chunk.bytes) {
            Size::Known { whole, .. } if whole > LONGEST => Step::Violation,
            Size::Known { whole, .. } => match chunk.bytes.get(..whole) {
                Some(message) if self.message(message) => Step::Consumed(whole),
                Some(_) => Step::Violation,
                None => Step::NeedMore(whole),
            },
            Size::Need(need) => Step::NeedMore(need),
            Size::Broken => Step::Violation,
        }
    }

    fn facts(&self, out: &mut Facts) {
        let redacts = out.redacts();
        let mut element = out.element(&ELEMENT);
        element.list(&VERSION, self.versions.items().iter().copied(), 0);
        for community in self.communities.items().iter().filter(|community| !community.is_empty()) {
            if redacts {
                element.bytes(&COMMUNITY, &vec![b'*'; community.bytes().len()]);
            } else {
                element.value(&COMMUNITY, Value::from(community));
            }
        }
        element.omitted(&COMMUNITY, self.communities.omitted());
        element.list(&PDU, self.pdus.items().iter().copied(), 0);
        for (field, count) in [(&REQUESTS, self.requests), (&RESPONSES, self.responses)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        element.texts(&OID, &self.oids);
        for error in self.errors.items() {
            match error_name(*error) {
                Some(name) => element.plain(&ERROR, name),
                None => element.bytes(&ERROR, error.to_string().as_bytes()),
            }
        }
        element.omitted(&ERROR, self.errors.omitted());
        element.texts(&USER, &self.users);
        element.list(&SECURITY, self.security.items().iter().copied(), 0);
        element.text(&ENGINE, &self.engine);
        element.texts(&CONTEXT, &self.contexts);
        element.texts(&TRAP, &self.traps);
        element.texts(&ENTERPRISE, &self.enterprises);
        for agent in self.agents.items() {
            element.value(&AGENT, Value::Address(IpAddr::V4(*agent)));
        }
        element.omitted(&AGENT, self.agents.omitted());
        element.text(&SYSTEM_NAME, &self.system_name);
        element.text(&SYSTEM, &self.system);
        if let Some(user) = self.users.items().first() {
            out.user(user);
        }
        if self.communities.items().iter().any(|community| !community.is_empty()) {
            out.flag(Flag::CleartextPassword);
        }
        if self.security.items().contains(&"authPriv") {
            out.encrypted("protocol");
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.communities, &self.users, &self.contexts, &self.traps, &self.enterprises];
        let texts = lists.iter().flat_map(|list| list.items()).chain(self.oids.items());
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + [&self.engine, &self.system_name, &self.system].iter().map(|text| text.heap_bytes()).sum::<usize>()
            + size_of_val(self.agents.items())
            + size_of_val(self.errors.items())
    }
}

/// An error's name (RFC 3416 3).
fn error_name(error: i64) -> Option<&'static str> {
    Some(match error {
        1 => "tooBig",
        2 => "noSuchName",
        3 => "badValue",
        4 => "readOnly",
        5 => "genErr",
        6 => "noAccess",
        7 => "wrongType",
        8 => "wrongLength",
        9 => "wrongEncoding",
        10 => "wrongValue",
        11 => "noCreation",
        12 => "inconsistentValue",
        13 => "resourceUnavailable",
        14 => "commitFailed",
        15 => "undoFailed",
        16 => "authorizationError",
        17 => "notWritable",
        18 => "inconsistentName",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A get-request of version 2c for sysDescr.0 of the community `abc`.
    const GET: &[u8] = b"\x30\x23\x02\x01\x01\x04\x03abc\xa0\x19\x02\x01\x07\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00";

    fn verdict(role: Role, transport: Transport, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport, role, bytes, destination: IpAddr::V4(Ipv4Addr::LOCALHOST) })
    }

    #[test]
    fn a_request_proves_itself_and_its_sender() {
        assert_eq!(verdict(Role::Client, Transport::Udp, GET), Verdict::Match);
        assert_eq!(verdict(Role::Server, Transport::Udp, GET), Verdict::Reject);
        for at in [0, 2, 3, 4, 5, 10, 12, 13, 15] {
            let mut wrong = GET.to_vec();
            wrong[at] ^= 0x14;
            assert_ne!(verdict(Role::Client, Transport::Udp, &wrong), Verdict::Match, "byte {at}");
        }
    }

    #[test]
    fn a_datagram_whose_end_was_not_captured_is_one_still() {
        assert_eq!(verdict(Role::Client, Transport::Udp, &GET[..30]), Verdict::Match);
        assert_eq!(verdict(Role::Client, Transport::Udp, &[GET, b"\0"].concat()), Verdict::Reject);
        assert_eq!(verdict(Role::Client, Transport::Tcp, &[GET, GET].concat()), Verdict::Match);
    }

    #[test]
    fn a_search_of_ldap_is_none() {
        let search = b"\x30\x0c\x02\x01\x01\x63\x07\x04\x00\x0a\x01\x00\x0a\x01";
        assert_eq!(verdict(Role::Client, Transport::Udp, search), Verdict::Reject);
        assert_eq!(verdict(Role::Client, Transport::Tcp, &search[..6]), Verdict::Reject);
    }

    #[test]
    fn a_community_is_told_by_its_length() {
        let mut snmp = Snmp::default();
        assert!(snmp.message(GET));
        for (reveal, told) in [(false, &b"***"[..]), (true, b"abc")] {
            let mut facts = Facts::new();
            facts.reveal_secrets(reveal);
            snmp.facts(&mut facts);
            assert_eq!(facts.get(&COMMUNITY), Some(Value::Bytes(told)));
        }
    }
}
