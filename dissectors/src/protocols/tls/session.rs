//! What the two sides of one handshake have said, whatever carried it: TLS, DTLS, and any protocol that holds the same
//! messages (QUIC, EAP, OpenVPN).
//!
//! It does not depend on the order in which messages of different sides, or of one DTLS flight, arrive.

use std::sync::Arc;

use super::certificate::{self, Certificate};
use super::handshake::{Message, kind};
use super::hello::{ClientHello, SESSION_ID_MAX, ServerHello};
use super::known;
use super::names::CurveAt;
use super::{Carrier, fields, fingerprint, names};
use crate::capped::{List, Text};
use crate::dictionary::Flag;
use crate::facts::{Facts, Value, Writer};
use crate::hex;
use crate::protocol::Role;
use crate::reader::Reader;
use crate::time::Timestamp;

/// The most alerts that are named.
const ALERTS_CAP: usize = 8;

/// The facts of a ClientHello.
#[derive(Debug, Default)]
struct Offer {
    whole: bool,
    session_id: Id,
    server_name: Option<Text>,
    alpn: List<Text>,
    ja3: Option<[u8; 16]>,
    ja4: Box<[u8]>,
}

/// The facts of a ServerHello.
#[derive(Debug, Default)]
struct Choice {
    whole: bool,
    version: Option<u16>,
    cipher: u16,
    session_id: Id,
    alpn: Option<Text>,
    group: Option<u16>,
    ja3s: Option<[u8; 16]>,
    accepts_key: bool,
    other_certificate: bool,
}

/// A session id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Id {
    bytes: [u8; SESSION_ID_MAX],
    len: usize,
}

impl From<&[u8]> for Id {
    fn from(from: &[u8]) -> Self {
        let mut id = Self { len: from.len(), ..Self::default() };
        id.bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        id
    }
}

/// What one side is known to have done.
#[derive(Debug, Default)]
struct Speaker {
    /// Its certificate, and whether it was expired when it was shown.
    certificate: Option<Arc<Certificate>>,
    expired: bool,
    /// It said that all else will be encrypted, or began a new epoch.
    changed: bool,
    /// It sent something encrypted.
    encrypted: bool,
    /// It will send nothing more.
    ended: bool,
    /// Some of its bytes were not seen, from the beginning on.
    missed: bool,
}

impl Speaker {
    fn show(&mut self, der: &[u8], time: Timestamp) {
        let certificate = known::certificate(der);
        self.expired = certificate.is_expired(time);
        self.certificate = Some(certificate);
    }
}

/// One handshake.
#[derive(Debug)]
pub struct Session {
    carrier: Carrier,
    offer: Option<Box<Offer>>,
    choice: Option<Box<Choice>>,
    /// Who sent the ClientHello. Some protocols that begin TLS later let the server do it.
    client: Role,
    speakers: [Speaker; 2],
    /// The version that records were marked with after the versions were agreed on.
    marked: Option<u16>,
    /// The group that a HelloRetryRequest asked for.
    retry_group: Option<u16>,
    retried: bool,
    key_exchange: Option<Text>,
    /// A message was seen that only a full handshake has.
    full: bool,
    alerts: List<u8, ALERTS_CAP>,
    failed: bool,
}

impl Session {
    /// A handshake of which nothing is known.
    pub fn new(carrier: Carrier) -> Self {
        Self {
            carrier,
            offer: None,
            choice: None,
            client: Role::Client,
            speakers: Default::default(),
            marked: None,
            retry_group: None,
            retried: false,
            key_exchange: None,
            full: false,
            alerts: List::default(),
            failed: false,
        }
    }

    /// Takes a handshake message in the clear. `version` is what its record was marked with, where there is one.
    /// Tells whether it can be what it claims to be.
    pub fn message(&mut self, role: Role, message: Message<'_>, version: Option<u16>, time: Timestamp) -> bool {
        match message.kind {
            kind::CLIENT_HELLO => return self.client_hello(role, message),
            kind::SERVER_HELLO => return self.server_hello(role, message),
            kind::HELLO_RETRY_REQUEST => {
                self.retried = true;
                return true;
            }
            kind::CERTIFICATE => {
                let readable =
                    role == self.client || !self.choice.as_ref().is_some_and(|choice| choice.other_certificate);
                if readable && let Some(der) = certificate::first_of_chain(message.body) {
                    let speaker = self.speaker(role);
                    if speaker.certificate.is_none() {
                        speaker.show(der, time);
                    }
                }
            }
            kind::SERVER_KEY_EXCHANGE => {
                self.key_exchange.get_or_insert_with(|| Text::new(message.body));
            }
            kind::SERVER_HELLO_DONE | kind::CLIENT_KEY_EXCHANGE => {}
            _ => return true,
        }
        self.full = true;
        if self.marked.is_none() {
            self.marked = version;
        }
        true
    }

    fn client_hello(&mut self, role: Role, message: Message<'_>) -> bool {
        let Some(hello) = ClientHello::read(message.body, message.complete, self.carrier == Carrier::Datagrams) else {
            return !message.complete;
        };
        // A second one (after a retry, a cookie or a cut) is another form of the same offer.
        if self.offer.as_ref().is_some_and(|offer| offer.whole || !hello.whole) {
            return true;
        }
        self.client = role;
        let mut offer = Offer { whole: hello.whole, session_id: hello.session_id.into(), ..Offer::default() };
        offer.server_name = hello.server_name().map(Text::new);
        for name in hello.extensions.alpn() {
            offer.alpn.push_with(|| Text::new(name));
        }
        if hello.whole {
            offer.ja3 = Some(fingerprint::ja3(&hello));
            offer.ja4 = fingerprint::ja4(&hello, self.carrier);
        }
        self.offer = Some(Box::new(offer));
        true
    }

    fn server_hello(&mut self, role: Role, message: Message<'_>) -> bool {
        let Some(hello) = ServerHello::read(message.body, message.complete) else {
            return !message.complete;
        };
        if hello.retry {
            self.retried = true;
            self.retry_group = self.retry_group.or(hello.group());
            return true;
        }
        if self.choice.as_ref().is_some_and(|choice| choice.whole || !hello.whole) {
            return true;
        }
        if self.offer.is_none() {
            self.client = role.other();
        }
        let version = hello.version();
        let new = version.is_some_and(names::is_1_3);
        self.choice = Some(Box::new(Choice {
            whole: hello.whole,
            version,
            cipher: hello.cipher,
            session_id: hello.session_id.into(),
            alpn: hello.extensions.alpn().next().map(Text::new),
            group: if new { hello.group() } else { None },
            ja3s: hello.whole.then(|| fingerprint::ja3s(&hello)),
            accepts_key: hello.extensions.get(super::hello::extension::PRE_SHARED_KEY).is_some(),
            other_certificate: hello.other_certificate(),
        }));
        if new {
            // What the client encrypted before it saw this (0-RTT) proves nothing yet.
            self.speaker(role.other()).encrypted = false;
            self.speakers.iter_mut().for_each(|speaker| speaker.changed = false);
        }
        true
    }

    /// An SSL 2.0 hello was seen: it has no fingerprints and no names.
    pub fn old_client_hello(&mut self, role: Role) {
        self.client = role;
        self.offer.get_or_insert_with(|| Box::new(Offer { whole: true, ..Offer::default() }));
    }

    /// The server answered in SSL 2.0, perhaps with its certificate.
    pub fn old_server_hello(&mut self, role: Role, der: Option<&[u8]>, time: Timestamp) {
        self.marked = Some(names::SSL_2);
        if let Some(der) = der {
            self.speaker(role).show(der, time);
        }
    }

    /// An alert in the clear.
    pub fn alert(&mut self, level: u8, description: u8) {
        self.alerts.push_distinct(description);
        self.failed |= level == 2;
    }

    /// A ChangeCipherSpec: in TLS 1.3 it means nothing, before that all that follows is encrypted.
    pub fn change_cipher(&mut self, role: Role) {
        if !self.is_1_3() {
            self.speaker(role).changed = true;
        }
    }

    /// Whether a side's handshake and alert records are encrypted from now on.
    pub fn conceals(&self, role: Role) -> bool {
        self.speakers.get(role.index()).is_some_and(|speaker| speaker.changed)
    }

    /// A side sent something encrypted.
    pub fn encrypted(&mut self, role: Role) {
        self.speaker(role).encrypted = true;
    }

    /// An encrypted record was marked with this version. Newer versions mark all alike, so only an old one says anything, and
    /// only where no hello says more.
    pub fn marked(&mut self, version: u16) {
        if self.offer.is_none() && self.choice.is_none() && names::weak_version(version) {
            self.marked.get_or_insert(version);
        }
    }

    /// Some of a side's bytes were not seen.
    pub fn missed(&mut self, role: Role) {
        self.speaker(role).missed = true;
    }

    /// A side will say nothing more.
    pub fn end(&mut self, role: Role) {
        self.speaker(role).ended = true;
    }

    /// Whether the version that was agreed on is known to be TLS 1.3, or can't be another.
    pub fn is_1_3(&self) -> bool {
        self.retried || self.choice.as_ref().and_then(|choice| choice.version).is_some_and(names::is_1_3)
    }

    /// Both sides send encrypted bytes.
    pub fn established(&self) -> bool {
        self.speakers.iter().all(|speaker| speaker.encrypted)
    }

    /// Whether nothing more can be learnt.
    pub fn is_over(&self) -> bool {
        self.failed || self.established()
    }

    /// Bytes on the heap, roughly.
    pub fn heap_bytes(&self) -> usize {
        let certificates = self.speakers.iter().filter_map(|speaker| speaker.certificate.as_ref());
        let certificates: usize = certificates.map(|known| size_of::<Certificate>() + known.heap_bytes()).sum();
        let offer = self.offer.as_ref().map_or(0, |offer| {
            let names = offer.server_name.iter().chain(offer.alpn.items());
            size_of::<Offer>()
                + offer.ja4.len()
                + names.map(|name| size_of::<Text>() + name.heap_bytes()).sum::<usize>()
        });
        let choice = self.choice.as_ref().map_or(0, |_| size_of::<Choice>());
        certificates + offer + choice + self.key_exchange.as_ref().map_or(0, Text::heap_bytes)
    }

    fn speaker(&mut self, role: Role) -> &mut Speaker {
        let [client, server] = &mut self.speakers;
        if role == Role::Client { client } else { server }
    }

    /// What was agreed on. Where the server's hello was not seen the records' mark tells it, but only up to TLS 1.2.
    fn version(&self) -> Option<u16> {
        self.choice.as_ref().and_then(|choice| choice.version).or(self.marked)
    }

    fn group(&self) -> Option<u16> {
        let choice = self.choice.as_ref();
        choice
            .and_then(|choice| choice.group)
            .or(self.retry_group)
            .or_else(|| curve(names::curve_at(choice?.cipher)?, self.key_exchange.as_ref()?.bytes()))
    }

    /// Whether an earlier session was taken up again: a key was accepted (TLS 1.3), or the handshake was abbreviated, which the
    /// echo of a session id announces and which a ticket shows by what is left out.
    fn resumed(&self) -> Option<bool> {
        if self.full {
            return Some(false);
        }
        let choice = self.choice.as_ref().filter(|choice| choice.whole)?;
        if self.is_1_3() {
            return Some(choice.accepts_key);
        }
        let echoed = |offer: &Offer| choice.session_id.len > 0 && offer.session_id == choice.session_id;
        let server = self.speakers.get(self.client.other().index())?;
        if self.offer.as_deref().is_some_and(echoed) || (server.changed && !server.missed) {
            return Some(true);
        }
        None
    }

    /// Writes the facts.
    pub fn facts(&self, out: &mut Facts) {
        let [client, server] = &self.speakers;
        let (client, server) = if self.client == Role::Client { (client, server) } else { (server, client) };
        if client.encrypted || server.encrypted {
            out.encrypted("protocol");
        }
        let weak = self.version().is_some_and(names::weak_version)
            || self.choice.as_ref().is_some_and(|choice| names::weak_cipher(choice.cipher));
        if weak {
            out.flag(Flag::WeakTls);
        }
        if let Some(certificate) = &server.certificate {
            if certificate.self_signed {
                out.flag(Flag::SelfSigned);
            }
            if server.expired {
                out.flag(Flag::Expired);
            }
        }
        if let Some(name) = self.offer.as_ref().and_then(|offer| offer.server_name.as_ref()) {
            out.host(name.bytes());
        }
        if let Some(name) = server.certificate.as_ref().and_then(|certificate| certificate.subject_cn.as_ref()) {
            out.certified_host(name.bytes());
        }
        let mut tls = out.element(&fields::ELEMENT);
        if let Some(version) = self.version() {
            number_or_name(&mut tls, &fields::VERSION, version, names::version(version));
        }
        if let Some(choice) = &self.choice {
            number_or_name(&mut tls, &fields::CIPHER, choice.cipher, names::cipher(choice.cipher));
        }
        if let Some(group) = self.group() {
            number_or_name(&mut tls, &fields::GROUP, group, names::group(group));
        }
        if let Some(offer) = &self.offer {
            tls.maybe(&fields::SNI, offer.server_name.as_ref());
        }
        if let Some(choice) = &self.choice {
            tls.maybe(&fields::ALPN, choice.alpn.as_ref());
        }
        if let Some(offer) = &self.offer {
            tls.texts(&fields::ALPN_OFFERED, &offer.alpn);
        }
        if let Some(resumed) = self.resumed() {
            tls.yes_no(&fields::RESUMED, resumed);
        }
        // "No" only where the end was seen and nothing else was missed.
        let over = self.failed || (client.ended && server.ended && self.offer.is_some() && self.answered());
        let missed = client.missed || server.missed;
        if self.established() {
            tls.yes_no(&fields::ESTABLISHED, true);
        } else if self.failed || (over && !missed) {
            tls.yes_no(&fields::ESTABLISHED, false);
        }
        for alert in self.alerts.items() {
            number_or_name(&mut tls, &fields::ALERT, u16::from(*alert), names::alert(*alert));
        }
        tls.omitted(&fields::ALERT, self.alerts.omitted());
        let (offer, choice) = (self.offer.as_deref(), self.choice.as_deref());
        let prints =
            [(&fields::JA3, offer.and_then(|offer| offer.ja3)), (&fields::JA3S, choice.and_then(|choice| choice.ja3s))];
        for (field, print) in prints {
            let print = print.map(|print| print.map(hex::digits));
            tls.bytes(field, print.as_ref().map_or(&[], |digits| digits.as_flattened()));
        }
        tls.bytes(&fields::JA4, offer.map_or(&[], |offer| &offer.ja4));
        if let Some(certificate) = &server.certificate {
            fields::server_certificate(&mut tls, certificate);
        }
        if let Some(certificate) = &client.certificate {
            fields::client_certificate(&mut tls, certificate);
        }
    }

    /// Whether the server said anything at all.
    fn answered(&self) -> bool {
        let server = self.speakers.get(self.client.other().index());
        self.choice.is_some()
            || self.retried
            || !self.alerts.is_empty()
            || server.is_some_and(|server| server.encrypted)
    }
}

/// The named curve of a ServerKeyExchange (RFC 8422 5.4).
fn curve(at: CurveAt, body: &[u8]) -> Option<u16> {
    const NAMED: u8 = 3;
    let mut reader = Reader::new(body);
    if at == CurveAt::BehindHint {
        let hint = reader.be_u16()?;
        reader.skip(usize::from(hint))?;
    }
    (reader.u8()? == NAMED).then(|| reader.be_u16())?
}

/// Writes a registered name, or the number in hexadecimal where there is none.
fn number_or_name(
    tls: &mut Writer<'_>,
    field: &'static crate::dictionary::Field,
    number: u16,
    name: Option<&'static str>,
) {
    match name {
        Some(name) => {
            tls.value(field, Value::Plain(name));
        }
        None => tls.bytes(field, format!("0x{number:04x}").as_bytes()),
    }
}
