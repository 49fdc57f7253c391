//! TLS 1.0 to 1.3 (RFC 2246, 4346, 5246, 8446), SSL 3.0 (RFC 6101) and the hellos of SSL 2.0, over a stream.
//!
//! ```text
//! record     type:1 version:2 length:2 content             [record]
//! handshake  type:1 length:3 body, across records          [handshake]
//! ```
//!
//! Told is what a handshake says in the clear: both hellos, up to TLS 1.2 the certificates and the curve, alerts. As soon as
//! both sides send encrypted bytes nothing more is to be learnt and the session is only counted. A pickup in midstream is
//! named by its record headers.
//!
//! Limits: a hello is kept up to [`handshake::HELLO_CAP`], a certificate up to [`certificate::CERTIFICATE_CAP`], of a chain the
//! first alone. Ignored on purpose: what is inside compressed certificates (RFC 8879, encrypted anyway), stapled OCSP answers,
//! alerts split between records, the inner hello of ECH, renegotiation (encrypted).
//!
//! `app` says `tls` whatever is inside; where the client tells it, the fields do: `alpn_offered` is `dot` for DNS over TLS (RFC 7858), `h2`
//! with a resolver's name in `sni` for DNS over HTTPS (RFC 8484).
//!
//! The same messages over datagrams are in [`dtls`]; other carriers can feed a [`session::Session`].

pub mod certificate;
pub mod dtls;
pub mod fields;
pub mod fingerprint;
pub mod handshake;
pub mod hello;
mod known;
mod name;
pub mod names;
mod probe;
pub mod record;
pub mod session;
pub mod ssl2;

use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Step, Transport};
use crate::reader::Reader;
use crate::time::Timestamp;
use handshake::Messages;
use record::{HEADER, Header, Kind};
use session::Session;

/// TLS over a stream.
pub static PROTOCOL: Protocol = Protocol {
    name: "tls",
    about: About {
        name: "Transport Layer Security, SSL 3.0 and the hello of SSL 2.0",
        specification: "RFC 8446, RFC 5246, RFC 6101",
        evidence: "a hello inside a record; in midstream headers of records that follow one another",
        limits: "nothing behind the handshake; what follows when a session leaves TLS again is not read; the certificates of TLS 1.3 are encrypted",
        ports: &[
            261, 443, 448, 465, 563, 585, 614, 636, 684, 695, 832, 853, 989, 990, 992, 993, 994, 995, 1443, 2083, 2087,
            2096, 2376, 2484, 3269, 3389, 4116, 4443, 4843, 5061, 5223, 5228, 5349, 5671, 5986, 6443, 6514, 6679, 6697,
            8443, 8883, 9001, 9443, 10250,
        ],
    },
    transports: &[Transport::Tcp],
    elements: &[&fields::ELEMENT],
    first: FirstBytes::both(&[20..=23, 0x80..=0xff]),
    probe: probe::probe,
    open: |_| Box::new(Tls::new()),
};

/// How many encrypted records of one side are enough, where the other side does not encrypt: it was not captured.
const ONE_WAY_RECORDS: u32 = 64;

/// What carries handshake messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Records in a stream.
    Stream,
    /// DTLS.
    Datagrams,
    /// QUIC.
    Quic,
}

impl Carrier {
    /// Its letter in JA4.
    pub const fn letter(self) -> u8 {
        match self {
            Self::Stream => b't',
            Self::Datagrams => b'd',
            Self::Quic => b'q',
        }
    }
}

/// Where one side's stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Nothing was read yet.
    Start,
    /// Before a header.
    Header,
    /// In a record, so many bytes before its end.
    Content(Header, usize),
    /// Behind a gap: perhaps before a header, perhaps not.
    Adrift,
    /// The records' borders are not known and never will be.
    Lost,
}

/// One side's stream.
#[derive(Debug)]
struct Stream {
    at: At,
    messages: Messages,
    /// Where messages begin is not known any more.
    torn: bool,
    encrypted_records: u32,
}

/// The state of one session.
#[derive(Debug)]
pub struct Tls {
    session: Session,
    streams: [Stream; 2],
    hello_seen: bool,
    /// When the last bytes came.
    now: Timestamp,
}

impl Tls {
    /// A session of which nothing is known.
    pub fn new() -> Self {
        let stream = || Stream { at: At::Start, messages: Messages::default(), torn: false, encrypted_records: 0 };
        Self {
            session: Session::new(Carrier::Stream),
            streams: [stream(), stream()],
            hello_seen: false,
            now: Timestamp::default(),
        }
    }

    fn stream(&mut self, role: Role) -> &mut Stream {
        let [client, server] = &mut self.streams;
        if role == Role::Client { client } else { server }
    }

    /// Whether nothing more can be learnt.
    fn is_over(&self) -> bool {
        let idle = |stream: &Stream| stream.at == At::Lost || stream.encrypted_records > 0;
        self.session.is_over()
            || self.streams.iter().any(|stream| stream.encrypted_records >= ONE_WAY_RECORDS)
            || (self.streams.iter().any(|stream| stream.at == At::Lost) && self.streams.iter().all(idle))
    }

    /// Reads a hello of SSL 2.0, where the stream begins with one. `None` where it does not.
    fn start(&mut self, role: Role, bytes: &mut &[u8]) -> Option<Step> {
        let Some(header) = bytes.first_chunk::<{ ssl2::HEADER }>() else {
            return (bytes.first()? & 0x80 != 0).then_some(Step::NeedMore(ssl2::HEADER));
        };
        let len = ssl2::record_len(*header)?;
        let Some((record, rest)) = bytes.split_at_checked(len) else {
            return Some(Step::NeedMore(len));
        };
        match ssl2::read(record)? {
            ssl2::Hello::Client => self.session.old_client_hello(role),
            ssl2::Hello::Server(der) => {
                self.session.old_server_hello(role, der, self.now);
                return Some(Step::Done);
            }
        }
        *bytes = rest;
        self.hello_seen = true;
        Some(Step::Consumed(0))
    }

    /// These bytes are no record.
    fn derail(&mut self, role: Role) -> Step {
        let hello_seen = self.hello_seen;
        let stream = self.stream(role);
        // Without a hello it is a pickup that began inside a record; behind encrypted records the sides may have left TLS.
        let innocent = !hello_seen || stream.encrypted_records > 0 || stream.at == At::Adrift;
        if !innocent {
            return Step::Violation;
        }
        stream.at = At::Lost;
        stream.messages.forget();
        self.session.missed(role);
        Step::Consumed(0)
    }

    /// Takes a header.
    fn header(&mut self, role: Role, header: Header) {
        let concealed = match header.kind {
            Kind::ApplicationData => header.len > 0,
            Kind::Handshake => self.session.conceals(role),
            // An alert in the clear is two bytes.
            Kind::Alert => header.len > 2 && (self.session.conceals(role) || !self.hello_seen),
            Kind::ChangeCipherSpec => {
                self.session.change_cipher(role);
                false
            }
            Kind::Heartbeat => false,
        };
        if concealed {
            self.session.encrypted(role);
            if header.kind == Kind::ApplicationData {
                self.session.marked(header.version);
            }
        }
        let stream = self.stream(role);
        if concealed {
            stream.encrypted_records = stream.encrypted_records.saturating_add(1);
        }
        stream.at = At::Content(header, header.len);
    }

    /// Takes bytes of a record's content that are here; gives how many of them it dealt with, or `None` where it wants none of them.
    fn content(&mut self, role: Role, header: Header, left: usize, bytes: &[u8]) -> Option<Result<usize, Step>> {
        match header.kind {
            Kind::Handshake if !self.session.conceals(role) && !self.stream(role).torn => {
                Some(self.handshake(role, header, bytes).map(|()| bytes.len()))
            }
            Kind::Alert if header.len == 2 && left == 2 && !self.session.conceals(role) => match bytes {
                [level, description, ..] => {
                    self.session.alert(*level, *description);
                    Some(Ok(2))
                }
                _ => Some(Err(Step::NeedMore(2))),
            },
            _ => None,
        }
    }

    fn handshake(&mut self, role: Role, header: Header, bytes: &[u8]) -> Result<(), Step> {
        let mut rest = bytes;
        let [client, server] = &mut self.streams;
        let stream = if role == Role::Client { client } else { server };
        while !rest.is_empty() {
            let Ok(message) = stream.messages.take(&mut rest) else {
                return Err(Step::Violation);
            };
            if let Some(message) = message {
                self.hello_seen |=
                    matches!(message.kind, handshake::kind::CLIENT_HELLO | handshake::kind::SERVER_HELLO);
                if !self.session.message(role, message, Some(header.version), self.now) {
                    return Err(Step::Violation);
                }
            }
        }
        Ok(())
    }

    /// Tells what is sure of a message that will not be finished.
    fn cut(&mut self, role: Role) {
        let [client, server] = &mut self.streams;
        let stream = if role == Role::Client { client } else { server };
        if let Some(message) = stream.messages.cut() {
            self.session.message(role, message, None, self.now);
        }
        stream.messages.forget();
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}

impl Dissector for Tls {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let role = chunk.role;
        let mut bytes = chunk.bytes;
        self.now = chunk.time;
        let dealt_with = |rest: &[u8]| chunk.bytes.len().saturating_sub(rest.len());
        // What is left over is told only where nothing was dealt with, or the engine would not ask again.
        let wait = |rest: &[u8], step: Step| if dealt_with(rest) > 0 { Step::Consumed(dealt_with(rest)) } else { step };
        while !bytes.is_empty() {
            match self.stream(role).at {
                At::Lost => bytes = &[],
                At::Start => match self.start(role, &mut bytes) {
                    None | Some(Step::Consumed(_)) => self.stream(role).at = At::Header,
                    Some(step) => return step,
                },
                At::Header | At::Adrift => {
                    let mut reader = Reader::new(bytes);
                    let Some(header) = reader.array::<HEADER>() else {
                        if Header::may_begin(bytes) {
                            return wait(bytes, Step::NeedMore(HEADER));
                        }
                        match self.derail(role) {
                            Step::Consumed(_) => continue,
                            step => return step,
                        }
                    };
                    match Header::read(header) {
                        Some(header) => {
                            self.header(role, header);
                            bytes = reader.rest();
                        }
                        None => match self.derail(role) {
                            Step::Consumed(_) => continue,
                            step => return step,
                        },
                    }
                }
                At::Content(header, left) => {
                    let here = bytes.get(..left).unwrap_or(bytes);
                    match self.content(role, header, left, here) {
                        Some(Ok(taken)) => {
                            let left = left.saturating_sub(taken);
                            self.stream(role).at = if left == 0 { At::Header } else { At::Content(header, left) };
                            bytes = bytes.get(taken..).unwrap_or_default();
                        }
                        Some(Err(step @ Step::NeedMore(_))) => return wait(bytes, step),
                        Some(Err(step)) => return step,
                        None => {
                            self.stream(role).at = At::Header;
                            let missing = left.saturating_sub(here.len());
                            if missing > 0 && !self.is_over() {
                                return Step::Skip(missing as u64);
                            }
                            bytes = bytes.get(here.len()..).unwrap_or_default();
                        }
                    }
                }
            }
            if self.is_over() {
                return Step::Done;
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        self.cut(role);
        self.session.missed(role);
        let stream = self.stream(role);
        stream.torn = true;
        stream.at = match stream.at {
            At::Lost => At::Lost,
            At::Content(header, left) => match u64::try_from(left).unwrap_or(u64::MAX).checked_sub(bytes) {
                Some(0) => At::Header,
                Some(left) => At::Content(header, usize::try_from(left).unwrap_or(usize::MAX)),
                None => At::Adrift,
            },
            At::Start | At::Header | At::Adrift => At::Adrift,
        };
        if self.is_over() { Step::Done } else { Step::Consumed(0) }
    }

    fn end(&mut self, role: Role) {
        self.cut(role);
        self.session.end(role);
    }

    fn facts(&self, out: &mut Facts) {
        self.session.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let streams: usize = self.streams.iter().map(|stream| stream.messages.heap_bytes()).sum();
        size_of::<Self>() + streams + self.session.heap_bytes()
    }
}
