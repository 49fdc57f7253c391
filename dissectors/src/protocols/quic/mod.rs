//! QUIC: versions 1 (RFC 9000, RFC 9001) and 2 (RFC 9369), the drafts from 22 on, Facebook's, and Google's before them.
//!
//! ```text
//! datagram   packet packet ...                           [header], Google's older ones in [google]
//! Initial    encrypted with keys that anybody can make   [keys], by version [version]
//! payload    frame frame ...                             [frames]
//! CRYPTO     pieces of the TLS handshake, in any order   [stream], then `tls`
//! ```
//!
//! Told is what both hellos say, in the element `tls`; beside it the version, connection ids, the client's software where
//! it tells it. All behind the hellos is encrypted with keys of the two sides' own, so when both have sent some of that nothing
//! more is to be learnt.
//!
//! Limits: [`DATAGRAMS_CAP`], [`KEYS_CAP`], those of [`stream`] and of TLS. Ignored on purpose: short headers (they say nothing, and a
//! session of which nothing else was seen is not claimed), further connections between the same two ports, drafts before 22,
//! the integrity tag of Retry packets. ALPN of the server is encrypted; only what the client offers is told.

pub mod facts;
mod frames;
mod google;
mod header;
mod keys;
mod parameters;
mod probe;
mod stream;
mod version;

use self::frames::Frame;
use self::header::{Kind, Long, Packet};
use self::keys::Keys;
use self::stream::Stream;
use self::version::Form;
use crate::capped::{List, Text};
use crate::facts::{Facts, Value};
use crate::hex::hex;
use crate::protocol::{About, Chunk, Dissector, Protocol, Role, Step, Transport};
use crate::protocols::tls::handshake::{self, Message, Messages};
use crate::protocols::tls::hello::ClientHello;
use crate::protocols::tls::session::Session;
use crate::protocols::tls::{self, Carrier};
use crate::reader::Reader;
use crate::time::Timestamp;

/// QUIC.
pub static PROTOCOL: Protocol = Protocol {
    name: "quic",
    about: About {
        name: "QUIC versions 1 and 2, drafts from 22 on, and Google's own",
        specification: "RFC 9000, RFC 9001, RFC 9369",
        evidence: "a long header of a known version; a client's Initial packet by opening it",
        limits: "short headers alone say nothing and are not claimed; the server's choice of ALPN is encrypted",
        ports: &[80, 443, 784, 853, 8443, 8853],
    },
    transports: &[Transport::Udp],
    elements: &[&facts::ELEMENT, &tls::fields::ELEMENT],
    first: google::FIRST,
    probe: probe::probe,
    open: |_| Box::new(Quic::new()),
};

/// How many datagrams of both sides may tell something.
const DATAGRAMS_CAP: u32 = 128;
/// How often keys are made in one session: for the first connection id, again behind a Retry and for another version.
const KEYS_CAP: u32 = 12;
/// The most bytes of Google's hello that are kept: it is padded to a packet's size.
const MESSAGE_CAP: usize = 4096;

/// One side of the handshake.
#[derive(Debug, Default)]
struct Speaker {
    stream: Stream,
    messages: Messages,
    /// What follows is no handshake.
    torn: bool,
    /// Google's handshake message.
    message: Vec<u8>,
    scid: Option<Text>,
}

/// The state of one session.
#[derive(Debug)]
struct Quic {
    tls: Session,
    speakers: [Speaker; 2],
    /// What the session's Initial packets open with, and for which version.
    keys: Option<(Form, Keys)>,
    keys_made: u32,
    /// The connection id of which keys are made.
    dcid: Option<Text>,
    version: Option<u32>,
    server_versions: List<u32>,
    sni: Option<Text>,
    user_agent: Option<Text>,
    retry: bool,
    zero_rtt: bool,
    error: Option<(u64, Text)>,
    /// Google's handshake was seen.
    google: [bool; 2],
    /// By side: something was sent that is encrypted with keys of its own.
    concealed: [bool; 2],
    datagrams: u32,
}

impl Quic {
    fn new() -> Self {
        Self {
            tls: Session::new(Carrier::Quic),
            speakers: Default::default(),
            keys: None,
            keys_made: 0,
            dcid: None,
            version: None,
            server_versions: List::default(),
            sni: None,
            user_agent: None,
            retry: false,
            zero_rtt: false,
            error: None,
            google: [false; 2],
            concealed: [false; 2],
            datagrams: 0,
        }
    }

    fn speaker(&mut self, role: Role) -> &mut Speaker {
        let [client, server] = &mut self.speakers;
        if role == Role::Client { client } else { server }
    }

    /// A side sent something encrypted with keys that nobody else has.
    fn conceals(&mut self, role: Role) {
        if let Some(concealed) = self.concealed.get_mut(role.index()) {
            *concealed = true;
        }
        self.tls.encrypted(role);
    }

    fn packet(&mut self, role: Role, packet: &Packet<'_>, time: Timestamp) {
        match packet.kind {
            Kind::Retry => {
                if role == Role::Server {
                    self.retry = true;
                }
                return;
            }
            Kind::ZeroRtt => self.zero_rtt |= role == Role::Client,
            Kind::Handshake => self.conceals(role),
            Kind::Initial => {}
        }
        // A server may answer in another version (RFC 9368); what it speaks is what is agreed on.
        if role == Role::Server || self.version.is_none() || !self.server_versions.is_empty() {
            self.version = Some(packet.version);
        }
        if role == Role::Client {
            self.dcid.get_or_insert_with(|| Text::new(packet.dcid));
        }
        self.speaker(role).scid.get_or_insert_with(|| Text::new(packet.scid));
        if packet.kind == Kind::Initial
            && let Some(frames) = self.open(role, packet)
        {
            self.frames(role, packet, &frames, time);
        }
    }

    /// Decrypts an Initial packet: with the keys at hand, else with new ones.
    fn open(&mut self, role: Role, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let known = self.keys.as_mut().filter(|(form, _)| *form == packet.form);
        let is_known = known.is_some();
        if let Some(frames) = known.and_then(|(_, keys)| keys.open(role, packet)) {
            return Some(frames);
        }
        // A client's packet says itself what its keys are made of, a server's only in which version.
        let dcid = match (role, &self.dcid) {
            (Role::Client, _) => packet.dcid.to_vec(),
            (Role::Server, Some(dcid)) if !is_known => dcid.bytes().to_vec(),
            (Role::Server, _) => return None,
        };
        if packet.cut || self.keys_made >= KEYS_CAP {
            return None;
        }
        self.keys_made = self.keys_made.saturating_add(1);
        let mut keys = Keys::new(packet.form, &dcid)?;
        let frames = keys.open(role, packet)?;
        self.keys = Some((packet.form, keys));
        Some(frames)
    }

    fn frames(&mut self, role: Role, packet: &Packet<'_>, frames: &[u8], time: Timestamp) {
        let google = matches!(packet.form, Form::Ietf { google_frames: true, .. });
        let mut reader = Reader::new(frames);
        while let Some(frame) = frames::next(&mut reader, google) {
            match frame {
                Frame::Crypto { offset, data } if packet.speaks_tls() => self.crypto(role, offset, data, time),
                Frame::Crypto { offset, data } => self.google_crypto(role, offset, data),
                Frame::Close { error, reason } => {
                    self.error.get_or_insert_with(|| (error, Text::new(reason)));
                    if let Some(alert) = error.checked_sub(0x100).and_then(|alert| u8::try_from(alert).ok()) {
                        self.tls.alert(2, alert);
                    }
                }
                Frame::Other => {}
            }
        }
    }

    fn crypto(&mut self, role: Role, offset: u64, data: &[u8], time: Timestamp) {
        let [client, server] = &mut self.speakers;
        let speaker = if role == Role::Client { client } else { server };
        let Speaker { stream, messages, torn, .. } = speaker;
        let (tls, user_agent) = (&mut self.tls, &mut self.user_agent);
        stream.take(offset, data, &mut |mut bytes| {
            while !bytes.is_empty() && !*torn {
                match messages.take(&mut bytes) {
                    Ok(Some(message)) => {
                        if message.kind == handshake::kind::CLIENT_HELLO
                            && let Some(hello) = ClientHello::read(message.body, message.complete, false)
                            && user_agent.is_none()
                        {
                            *user_agent = parameters::user_agent(&hello);
                        }
                        *torn |= !tls.message(role, message, None, time);
                    }
                    Ok(None) => {}
                    Err(_) => *torn = true,
                }
            }
        });
    }

    fn google_crypto(&mut self, role: Role, offset: u64, data: &[u8]) {
        let speaker = self.speaker(role);
        let message = &mut speaker.message;
        speaker.stream.take(offset, data, &mut |bytes| {
            let room = MESSAGE_CAP.saturating_sub(message.len());
            message.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        });
        let message = std::mem::take(&mut self.speaker(role).message);
        if let Some(told) = google::Message::read(&message) {
            self.google_message(role, &told);
        }
        self.speaker(role).message = message;
    }

    fn google_message(&mut self, role: Role, message: &google::Message<'_>) {
        if let Some(seen) = self.google.get_mut(role.index()) {
            *seen = true;
        }
        if role == Role::Client && message.tag == *google::CHLO {
            self.sni = self.sni.take().or_else(|| message.value(b"SNI\0"));
            self.user_agent = self.user_agent.take().or_else(|| message.value(b"UAID"));
        }
    }

    /// A packet of Google's older versions.
    fn google_packet(&mut self, role: Role, datagram: &[u8]) {
        match google::packet(role, datagram) {
            Some(google::Packet::Client(version)) => {
                self.version = Some(version);
                if let Some(message) = google::Message::find(datagram) {
                    self.google_message(role, &message);
                }
            }
            Some(google::Packet::Versions(versions)) => self.negotiated(&versions),
            Some(google::Packet::Server(message)) => self.google_message(role, &message),
            Some(google::Packet::Reset) | None => {}
        }
    }

    /// The server speaks other versions: the client will begin anew.
    fn negotiated(&mut self, versions: &[u32]) {
        for version in versions {
            self.server_versions.push_distinct(*version);
        }
        let client = self.speaker(Role::Client);
        client.stream = Stream::default();
        client.messages.forget();
    }

    /// Whether nothing more can be learnt.
    fn is_over(&self) -> bool {
        let google = self.google == [true; 2] && self.sni.is_some();
        self.datagrams >= DATAGRAMS_CAP || self.tls.is_over() || google
    }
}

impl Dissector for Quic {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let role = chunk.role;
        self.datagrams = self.datagrams.saturating_add(1);
        let mut reader = Reader::new(chunk.bytes);
        let mut first = true;
        while !reader.is_empty() {
            let short = reader.rest().first().is_some_and(|first| first & 0x80 == 0);
            match Long::read(&mut reader) {
                Some(Long::Packet(packet)) => self.packet(role, &packet, chunk.time),
                Some(Long::Negotiation(versions)) if role == Role::Server => self.negotiated(&versions),
                Some(Long::Reserved { version, .. }) if self.version.is_none() => self.version = Some(version),
                Some(_) => {}
                None => {
                    let ietf =
                        self.version.and_then(version::form).is_some_and(|form| matches!(form, Form::Ietf { .. }));
                    if short && ietf {
                        self.conceals(role);
                    } else if first {
                        self.google_packet(role, chunk.bytes);
                    }
                    break;
                }
            }
            first = false;
        }
        if self.is_over() { Step::Done } else { Step::Consumed(chunk.bytes.len()) }
    }

    fn end(&mut self, role: Role) {
        let [client, server] = &mut self.speakers;
        let speaker = if role == Role::Client { client } else { server };
        if let Some(message) = speaker.messages.cut() {
            self.tls.message(role, Message { complete: false, ..message }, None, Timestamp::default());
        }
        speaker.messages.forget();
    }

    fn facts(&self, out: &mut Facts) {
        out.encrypted("protocol");
        let mut quic = out.element(&facts::ELEMENT);
        if let Some(version) = self.version {
            quic.bytes(&facts::VERSION, version::name(version).as_bytes());
        }
        let names: Vec<String> = self.server_versions.items().iter().map(|version| version::name(*version)).collect();
        let names = names.iter().map(|name| Value::Bytes(name.as_bytes()));
        quic.list(&facts::SERVER_VERSIONS, names, self.server_versions.omitted());
        quic.maybe(&facts::SNI, self.sni.as_ref());
        quic.maybe(&facts::USER_AGENT, self.user_agent.as_ref());
        let [client, server] = &self.speakers;
        for (field, id) in [
            (&facts::CLIENT_INITIAL_DCID, &self.dcid),
            (&facts::CLIENT_SCID, &client.scid),
            (&facts::SERVER_SCID, &server.scid),
        ] {
            quic.bytes(field, id.as_ref().map(|id| hex(id.bytes())).unwrap_or_default().as_bytes());
        }
        if self.retry {
            quic.yes_no(&facts::RETRY, true);
        }
        if self.zero_rtt {
            quic.yes_no(&facts::ZERO_RTT, true);
        }
        if let Some((error, reason)) = &self.error {
            match facts::error_name(*error) {
                Some(name) => quic.plain(&facts::ERROR, name),
                None => quic.bytes(&facts::ERROR, format!("0x{error:x}").as_bytes()),
            }
            quic.text(&facts::REASON, reason);
        }
        self.tls.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let speakers: usize = self
            .speakers
            .iter()
            .map(|speaker| speaker.stream.heap_bytes() + speaker.messages.heap_bytes() + speaker.message.capacity())
            .sum();
        size_of::<Self>() + speakers + self.tls.heap_bytes()
    }
}
