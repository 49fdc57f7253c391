//! LDAP 3 and 2 (RFC 4511, RFC 1777), and without a connection in datagrams (CLDAP, MS-ADTS 6.3.3).
//!
//! ```text
//! message   SEQUENCE { id INTEGER, operation [APPLICATION n], controls [0] }           RFC 4511 4.1.1
//! bind      { version, name, [0] password | [3] { mechanism, credentials } }                     4.2
//! search    { base, scope, aliases, sizes, types only, filter, attributes }                    4.5.1
//! result    { code ENUMERATED, matched, diagnostics, [7] SASL credentials }             4.1.9, 4.2.2
//! ```
//!
//! After StartTLS (4.14) the session is handed over to TLS. After a SASL bind messages may come in packages ([`package`]); where those are
//! sealed nothing more is to be learnt. Tokens of NTLM and Kerberos in binds are told in elements of their own.
//!
//! Limits: of a message [`MESSAGE_BYTES`] are looked at, the rest (certificates, pictures) is passed over; [`SEARCHES`] searches
//! are told. After a gap a side is believed where a message begins; else it is heard no more. Ignored on purpose: the content of entries and of
//! changes, controls, referrals. Passwords are never kept.

mod filter;
mod names;
mod package;
mod probe;
mod record;

use crate::ber::{self, Ber, Size, tag};
use crate::capped::Text;
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Step, Transport, Verdict};
use crate::protocols::tls;
use crate::{kerberos, ntlm};

use package::Package;
use record::Record;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ldap",
    about: About {
        name: "Lightweight Directory Access Protocol, and CLDAP",
        specification: "RFC 4511, RFC 1777, MS-ADTS 6.3.3",
        evidence: "a message in BER with a known operation whose parts fit",
        limits: "content of entries and changes, controls and referrals are not told; sealed messages can't be",
        ports: &[389, 636, 3268, 3269],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&record::ELEMENT, &ntlm::ELEMENT, &kerberos::ELEMENT],
    first: FirstBytes::both(&[tag::SEQUENCE..=tag::SEQUENCE]),
    probe: probe::probe,
    open: |opening| Box::new(Ldap { transport: opening.transport, ..Ldap::default() }),
};

/// The most searches told of one session.
pub const SEARCHES: usize = 16;
/// How much of a message is looked at: tickets in binds are long.
const MESSAGE_BYTES: usize = 16 * 1024;
/// The longest message that is believed to be one.
const LONGEST: usize = 64 * 1024 * 1024;
/// The most attributes looked at of one search.
const ATTRIBUTES: usize = 64;

/// Identifiers of operations.
mod op {
    pub const BIND: u8 = 0x60;
    pub const BIND_RESULT: u8 = 0x61;
    pub const UNBIND: u8 = 0x42;
    pub const SEARCH: u8 = 0x63;
    pub const ENTRY: u8 = 0x64;
    pub const SEARCH_RESULT: u8 = 0x65;
    pub const MODIFY: u8 = 0x66;
    pub const MODIFY_RESULT: u8 = 0x67;
    pub const ADD: u8 = 0x68;
    pub const ADD_RESULT: u8 = 0x69;
    pub const DELETE: u8 = 0x4a;
    pub const DELETE_RESULT: u8 = 0x6b;
    pub const RENAME: u8 = 0x6c;
    pub const RENAME_RESULT: u8 = 0x6d;
    pub const COMPARE: u8 = 0x6e;
    pub const COMPARE_RESULT: u8 = 0x6f;
    pub const ABANDON: u8 = 0x50;
    pub const REFERENCE: u8 = 0x73;
    pub const EXTENDED: u8 = 0x77;
    pub const EXTENDED_RESULT: u8 = 0x78;
    pub const INTERMEDIATE: u8 = 0x79;
}

/// The extended operation that begins TLS.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// Where a side's stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Lane {
    /// Messages follow one another.
    #[default]
    Sure,
    /// Bytes are missing.
    Adrift,
    /// No message was found behind the missing bytes.
    Lost,
}

#[derive(Debug)]
struct Ldap {
    transport: Transport,
    lanes: [Lane; 2],
    record: Record,
    /// The id of the request to begin TLS.
    start_tls: Option<i64>,
    /// A bind with SASL was begun: packages may follow.
    sasl: bool,
}

impl Default for Ldap {
    fn default() -> Self {
        Self {
            transport: Transport::Tcp,
            lanes: [Lane::Sure; 2],
            record: Record::default(),
            start_tls: None,
            sasl: false,
        }
    }
}

/// What a message brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    /// TLS begins behind it.
    Tls,
    /// It is none.
    Broken,
}

impl Ldap {
    /// Takes a message, as far as it is looked at.
    fn message(&mut self, bytes: &[u8]) -> Outcome {
        let Some(mut message) = Ber::lax(bytes).open(tag::SEQUENCE) else {
            return Outcome::Broken;
        };
        let (Some(id), Some(operation)) = (message.integer(), message.element()) else {
            return Outcome::Broken;
        };
        let Some(name) = names::operation(operation.tag) else {
            return Outcome::Broken;
        };
        self.record.operations.push_distinct(name);
        let mut fields = Ber::lax(operation.content);
        match operation.tag {
            op::BIND => self.bind(fields),
            op::SEARCH => self.search(fields),
            op::ENTRY => self.record.entries = self.record.entries.saturating_add(1),
            op::MODIFY | op::ADD | op::RENAME | op::COMPARE => {
                if let Some(object) = fields.take(tag::OCTETS) {
                    self.record.objects.push_distinct(Text::long(object));
                }
            }
            op::DELETE => self.record.objects.push_distinct(Text::long(operation.content)),
            op::EXTENDED => {
                if let Some(request) = fields.take(tag::primitive(0)) {
                    self.record.extended(request);
                    if request == START_TLS {
                        self.start_tls = Some(id);
                    }
                }
            }
            op::BIND_RESULT
            | op::SEARCH_RESULT
            | op::MODIFY_RESULT
            | op::ADD_RESULT
            | op::DELETE_RESULT
            | op::RENAME_RESULT
            | op::COMPARE_RESULT
            | op::EXTENDED_RESULT => return self.result(id, operation.tag, fields),
            _ => {}
        }
        Outcome::Fine
    }

    fn bind(&mut self, mut fields: Ber<'_>) {
        let version = fields.integer().and_then(|version| u64::try_from(version).ok());
        self.record.version = self.record.version.or(version);
        let name = fields.take(tag::OCTETS).unwrap_or_default();
        let Some(proof) = fields.element() else {
            return;
        };
        match proof.tag {
            0x80 => self.record.simple(name, proof.content),
            0xa3 => {
                self.sasl = true;
                let mut parts = Ber::lax(proof.content);
                let mechanism = parts.take(tag::OCTETS).unwrap_or_default();
                self.record.sasl(name, mechanism, parts.take(tag::OCTETS).unwrap_or_default());
            }
            // Active Directory's own way of NTLM: which packages there are, and its messages (MS-ADTS 5.1.1.1.3).
            0x89..=0x8b => {
                self.sasl = true;
                self.record.sasl(name, b"Sicily", proof.content);
            }
            _ => {}
        }
    }

    fn search(&mut self, mut fields: Ber<'_>) {
        let base = fields.take(tag::OCTETS).unwrap_or_default();
        let scope = fields.take(tag::ENUMERATED).and_then(ber::integer);
        fields.take(tag::ENUMERATED);
        fields.integer();
        fields.integer();
        fields.take(tag::BOOLEAN);
        let filter = fields.rest();
        fields.element();
        self.record.search(base, scope.and_then(names::scope).unwrap_or_default(), || filter::text(filter));
        let attributes = fields.open(tag::SEQUENCE).into_iter().flat_map(Ber::elements);
        for attribute in attributes.take(ATTRIBUTES) {
            self.record.attributes.push_distinct(Text::new(attribute.content));
        }
    }

    fn result(&mut self, id: i64, operation: u8, mut fields: Ber<'_>) -> Outcome {
        let Some(code) = fields.take(tag::ENUMERATED).and_then(ber::integer) else {
            return Outcome::Fine;
        };
        self.record.results.push_distinct(code);
        let matched = fields.take(tag::OCTETS).unwrap_or_default();
        let diagnostics = fields.take(tag::OCTETS).map(|text| text.strip_suffix(b"\0").unwrap_or(text));
        if let Some(text @ [_, ..]) = diagnostics
            && !matches!(code, names::SUCCESS | names::SASL_IN_PROGRESS)
        {
            self.record.diagnostics.push_distinct(Text::new(text));
        }
        match operation {
            op::BIND_RESULT => {
                let credentials = fields.elements().find(|field| field.tag == tag::primitive(7));
                // Sicily answers in the place of the name that matched (MS-ADTS 5.1.1.1.3).
                self.record.bound(code == names::SUCCESS, credentials.map_or(matched, |field| field.content));
            }
            op::EXTENDED_RESULT if self.start_tls == Some(id) => {
                self.start_tls = None;
                if code == names::SUCCESS {
                    return Outcome::Tls;
                }
            }
            _ => {}
        }
        Outcome::Fine
    }

    fn step(&mut self, role: Role, bytes: &[u8]) -> Step {
        match bytes.first() {
            Some(&tag::SEQUENCE) => {}
            Some(0) if self.sasl => return self.package(bytes),
            _ => return self.stray(role),
        }
        let whole = match ber::size(bytes) {
            Size::Known { whole, .. } if whole <= LONGEST => whole,
            Size::Need(need) => return Step::NeedMore(need),
            _ => return self.stray(role),
        };
        let looked_at = whole.min(MESSAGE_BYTES);
        let Some(message) = bytes.get(..looked_at) else {
            return Step::NeedMore(looked_at);
        };
        match self.message(message) {
            Outcome::Broken => self.stray(role),
            Outcome::Tls => Step::Handover(whole.min(bytes.len()), Some(&tls::PROTOCOL)),
            Outcome::Fine => passed(whole, bytes),
        }
    }

    /// Takes a package of SASL.
    fn package(&mut self, bytes: &[u8]) -> Step {
        match package::read(bytes, MESSAGE_BYTES) {
            Package::Need(need) => Step::NeedMore(need),
            Package::Sealed => {
                self.record.sealed = true;
                Step::Done
            }
            Package::Broken => Step::Violation,
            Package::Plain { messages, whole } => {
                self.record.signed = true;
                self.messages(messages);
                passed(whole, bytes)
            }
        }
    }

    /// Takes the messages of a datagram or a package.
    fn messages(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Size::Known { whole, .. } = ber::size(rest) {
            let (message, after) = rest.split_at_checked(whole).unwrap_or((rest, &[]));
            if self.message(message) == Outcome::Broken {
                return;
            }
            rest = after;
        }
    }

    /// No message begins here.
    fn stray(&mut self, role: Role) -> Step {
        match self.lanes.get_mut(role.index()) {
            Some(lane) if *lane != Lane::Sure => {
                *lane = Lane::Lost;
                Step::Skip(u64::MAX)
            }
            _ => Step::Violation,
        }
    }
}

/// So many bytes are dealt with, here or to come.
fn passed(whole: usize, bytes: &[u8]) -> Step {
    match whole.checked_sub(bytes.len()) {
        Some(missing @ 1..) => Step::Skip(missing as u64),
        _ => Step::Consumed(whole),
    }
}

impl Dissector for Ldap {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.transport != Transport::Tcp {
            self.messages(chunk.bytes);
            return Step::Consumed(chunk.bytes.len());
        }
        match self.lanes.get(chunk.role.index()) {
            Some(Lane::Adrift) if !(self.sasl && chunk.bytes.first() == Some(&0)) => {
                match probe::message(chunk.role, chunk.bytes, true) {
                    Verdict::NeedMore => return Step::NeedMore(chunk.bytes.len().saturating_add(1)),
                    Verdict::Match => {}
                    _ => return self.stray(chunk.role),
                }
            }
            Some(Lane::Lost) => return Step::Skip(u64::MAX),
            _ => {}
        }
        let step = self.step(chunk.role, chunk.bytes);
        if let (Step::Consumed(_), Some(lane)) = (step, self.lanes.get_mut(chunk.role.index())) {
            *lane = Lane::Sure;
        }
        step
    }

    fn gap(&mut self, role: Role, _bytes: u64) -> Step {
        if let Some(lane) = self.lanes.get_mut(role.index()) {
            *lane = if *lane == Lane::Lost { Lane::Lost } else { Lane::Adrift };
        }
        if self.lanes == [Lane::Lost; 2] { Step::Done } else { Step::Consumed(0) }
    }

    fn facts(&self, out: &mut Facts) {
        self.record.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.record.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    const UNBIND: &[u8] = b"\x30\x05\x02\x01\x03\x42\x00";

    fn chunk(role: Role, bytes: &[u8]) -> Chunk<'_> {
        Chunk { role, bytes, time: Timestamp::default() }
    }

    /// An entry whose only value has so many bytes.
    fn entry(value: u32) -> Vec<u8> {
        let head = |tag: u8, length: u32| [&[tag, 0x84][..], &length.to_be_bytes()].concat();
        let inside = [head(tag::OCTETS, 0), head(tag::SEQUENCE, value)].concat();
        let length = inside.len() as u32 + value;
        [head(tag::SEQUENCE, length + 9), b"\x02\x01\x02".to_vec(), head(op::ENTRY, length), inside].concat()
    }

    #[test]
    fn of_a_long_message_only_the_beginning_is_looked_at() {
        let mut ldap = Ldap::default();
        let mut bytes = entry(1_000_000);
        let whole = bytes.len() + 1_000_000;
        assert!(matches!(ldap.data(chunk(Role::Server, &bytes)), Step::NeedMore(MESSAGE_BYTES)));
        bytes.resize(MESSAGE_BYTES + 10, 0);
        let step = ldap.data(chunk(Role::Server, &bytes));
        assert!(matches!(step, Step::Skip(rest) if rest as usize == whole - bytes.len()), "{step:?}");
        assert_eq!(ldap.record.entries, 1);
    }

    #[test]
    fn behind_a_gap_a_side_is_believed_where_a_message_begins() {
        for (bytes, believed) in [(UNBIND, true), (b"0123456", false)] {
            let mut ldap = Ldap::default();
            assert!(matches!(ldap.gap(Role::Client, 9), Step::Consumed(0)));
            let step = ldap.data(chunk(Role::Client, bytes));
            assert_eq!(matches!(step, Step::Consumed(7)), believed, "{step:?}");
            assert_eq!(matches!(step, Step::Skip(u64::MAX)), !believed, "{step:?}");
        }
    }

    #[test]
    fn without_a_gap_something_else_is_a_violation() {
        assert!(matches!(Ldap::default().data(chunk(Role::Client, b"123456")), Step::Violation));
    }

    #[test]
    fn packages_are_read_only_behind_a_bind_that_may_bring_them() {
        let package = [b"\0\0\0\x17\x01\0\0\0checksum\0\0\0\0", UNBIND].concat();
        let mut ldap = Ldap::default();
        assert!(matches!(ldap.data(chunk(Role::Client, &package)), Step::Violation));
        ldap.sasl = true;
        assert!(matches!(ldap.data(chunk(Role::Client, &package)), Step::Consumed(27)));
        assert!(ldap.record.signed);
    }
}
