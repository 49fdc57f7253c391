//! OPC UA's binary protocol over TCP (OPC 10000-6, with services of 10000-4).
//!
//! ```text
//! message   kind:3 (HEL ACK ERR RHE OPN MSG CLO) piece:1 (F last, C more, A abandoned) size:4 (all of it)      6: 7.1.2
//! HEL       version:4 buffers:4*4 url                    ERR   code:4 reason
//! OPN       channel:4 policy, sender's certificate, receiver's thumbprint, sequence:4 request:4 body           6: 6.7.2
//! MSG CLO   channel:4 token:4 sequence:4 request:4 body
//! body      type of the message, then its header and fields                                                    6: 5.2
//! ```
//!
//! Numbers have their least significant byte first. Bodies are read while they are not encrypted. Limits: of a message
//! [`Messages::LOOK`] bytes of the first piece. A gap ends the session's facts. Ignored on purpose: values, nodes, certificates; passwords.

mod body;
mod names;

use self::body::Body;
use crate::capped::Text;
use crate::counts::{NAMES, Tally, named};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static ENDPOINT: Field = Field::text("endpoint", "URL that the client connects to", "OPC 10000-6 7.1.2.3").long();
static POLICY: Field =
    Field::text("policy", "security policy of the channel: `None`, `Basic256Sha256`", "OPC 10000-7 6.6");
static MODE: Field = Field::text("mode", "security mode: `none`, `sign`, `sign_and_encrypt`", "OPC 10000-4 7.20");
static SERVICE: Field =
    Field::text("service", "services asked for, with how often: `Read:4`", "OPC 10000-4 5").list().items(NAMES);
static SESSION_NAME: Field = Field::text("session_name", "the session's name", "OPC 10000-4 5.7.2");
static CLIENT_URI: Field = Field::text("client_uri", "URI of the client's application", "OPC 10000-4 7.2").long();
static CLIENT_NAME: Field = Field::text("client_name", "its name", "OPC 10000-4 7.2");
static SERVER_URI: Field = Field::text("server_uri", "URI of the server's application", "OPC 10000-4 7.2").long();
static SERVER_NAME: Field = Field::text("server_name", "its name", "OPC 10000-4 7.2");
static PRODUCT_URI: Field = Field::text("product_uri", "URI of the server's product", "OPC 10000-4 7.2").long();
static TOKEN: Field = Field::text(
    "token",
    "how the user shows who it is: `anonymous`, `username`, `certificate`, `issued`",
    "OPC 10000-4 7.41",
);
static USER: Field = Field::text("user", "the user's name", "OPC 10000-4 7.41.4");
static ERROR: Field =
    Field::text("error", "why a side gave up, and faults of services, with how often", "OPC 10000-6 A.2")
        .list()
        .items(NAMES);
static REASON: Field = Field::text("reason", "what was said of it", "OPC 10000-6 7.1.2.5");

static ELEMENT: Element = Element {
    name: "opcua",
    meaning: "OPC UA: data of machines",
    fields: &[
        &ENDPOINT,
        &POLICY,
        &MODE,
        &SERVICE,
        &SESSION_NAME,
        &CLIENT_URI,
        &CLIENT_NAME,
        &SERVER_URI,
        &SERVER_NAME,
        &PRODUCT_URI,
        &TOKEN,
        &USER,
        &ERROR,
        &REASON,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "opcua",
    about: About {
        name: "OPC UA binary",
        specification: "OPC 10000-6, OPC 10000-4",
        evidence: "HEL, ACK, OPN or MSG with its length",
        limits: "what is encrypted, values and certificates",
        ports: &[4840, 4843],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[
        b'A'..=b'A',
        b'C'..=b'C',
        b'E'..=b'E',
        b'H'..=b'H',
        b'M'..=b'M',
        b'O'..=b'O',
        b'R'..=b'R',
    ]),
    probe,
    open: |opening| Box::new(Framed::new(Opcua::default(), opening.transport)),
};

/// Bytes of a message's header.
const HEAD: usize = 8;
/// Bytes of an acknowledgement.
const ACKNOWLEDGE: usize = 28;
/// The longest greeting: its URL has at most 4096 bytes.
const GREETING_MAX: usize = 4096 + 32;
/// What policies' URIs begin with.
const POLICIES: &[u8] = b"http://opcfoundation.org/UA/SecurityPolicy#";

/// A message's kind, whether it is one piece, and its size.
fn head(bytes: &[u8]) -> Option<(&[u8; 3], u8, usize)> {
    let (kind, rest) = bytes.split_first_chunk::<3>()?;
    let mut reader = Reader::new(rest);
    Some((kind, reader.u8()?, reader.le_u32()? as usize))
}

fn known(kind: &[u8]) -> bool {
    [b"HEL", b"ACK", b"ERR", b"RHE", b"OPN", b"MSG", b"CLO"].iter().any(|known| known.starts_with(kind))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if !known(bytes.get(..3).unwrap_or(bytes)) || bytes.get(3).is_some_and(|piece| !matches!(piece, b'F' | b'C' | b'A'))
    {
        return Verdict::Reject;
    }
    let Some((kind, piece, size)) = head(bytes) else { return Verdict::NeedMore };
    let mut reader = Reader::new(bytes.get(HEAD..).unwrap_or_default());
    let asks = sample.role == Role::Client;
    match (kind, piece) {
        (b"HEL", b'F') if asks && (HEAD + 24..=GREETING_MAX).contains(&size) => {
            match (reader.skip(20), reader.le_u32()) {
                (Some(()), Some(url)) if url == u32::MAX || url as usize + HEAD + 24 == size => Verdict::Match,
                (Some(()), Some(_)) => Verdict::Reject,
                _ => Verdict::NeedMore,
            }
        }
        (b"ACK", b'F') if !asks && size == ACKNOWLEDGE => Verdict::Match,
        (b"RHE", b'F') if !asks && (HEAD + 8..=2 * GREETING_MAX).contains(&size) => Verdict::Likely,
        (b"ERR", b'F') if !asks && (HEAD + 8..=GREETING_MAX).contains(&size) => match reader.le_u32() {
            // A bad status' highest bit is set, its lowest sixteen are clear.
            Some(code) if code & 0x8000_ffff == 0x8000_0000 => Verdict::Match,
            Some(_) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        (b"OPN", b'F') if size >= HEAD + 24 => {
            let _ = reader.skip(4);
            match (reader.le_u32(), reader.rest()) {
                (Some(length), policy) if (POLICIES.len()..256).contains(&(length as usize)) => {
                    if policy.len() >= POLICIES.len() {
                        if policy.starts_with(POLICIES) { Verdict::Match } else { Verdict::Reject }
                    } else {
                        Verdict::NeedMore
                    }
                }
                (Some(_), _) => Verdict::Reject,
                (None, _) => Verdict::NeedMore,
            }
        }
        // The middle of a session.
        (b"MSG" | b"CLO", _) if (HEAD + 16..=16 << 20).contains(&size) => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

/// How the user shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Anonymous,
    Username,
    Certificate,
    Issued,
}

#[derive(Debug, Default)]
struct Opcua {
    /// By side: inside a message in several pieces.
    inside: [bool; 2],
    endpoint: Text,
    policy: Text,
    mode: Option<u32>,
    /// A body that could not be read under a policy other than none.
    hidden: bool,
    /// One that could.
    open: bool,
    services: Tally<u32>,
    answered: Tally<u32>,
    session_name: Text,
    client_uri: Text,
    client_name: Text,
    server_uri: Text,
    server_name: Text,
    product_uri: Text,
    token: Option<Token>,
    user: Text,
    password: bool,
    errors: Tally<u32>,
    reason: Text,
}

impl Opcua {
    fn open(&mut self, mut reader: Reader<'_>) -> Option<()> {
        reader.skip(4)?;
        let policy = body::string(&mut reader)?;
        if let Some(name) = policy.strip_prefix(POLICIES).filter(|_| self.policy.is_empty()) {
            self.policy = Text::new(name);
        }
        body::string(&mut reader)?;
        body::string(&mut reader)?;
        reader.skip(8)?;
        if policy.ends_with(b"#None")
            && let Some(Body::OpenRequest { mode }) = Body::read(&mut reader).map(|(_, body)| body)
        {
            self.mode.get_or_insert(mode);
        }
        Some(())
    }

    fn message(&mut self, role: Role, mut reader: Reader<'_>) -> Option<()> {
        reader.skip(16)?;
        let clear = self.policy.is_empty() || self.policy.bytes() == b"None";
        let Some((kind, body)) = Body::read(&mut reader) else {
            self.hidden |= !clear;
            return None;
        };
        self.open = true;
        if names::service(kind).is_some() {
            if role == Role::Client { self.services.count(kind) } else { self.answered.count(kind) }
        }
        match body {
            Body::CreateSession(session) => {
                self.client_uri = Text::long(session.client.uri);
                self.client_name = Text::new(session.client.name);
                self.session_name = Text::new(session.name);
                if self.endpoint.is_empty() {
                    self.endpoint = Text::long(session.endpoint);
                }
            }
            Body::Server(application) => {
                if self.server_uri.is_empty() {
                    self.server_uri = Text::long(application.uri);
                    self.server_name = Text::new(application.name);
                    self.product_uri = Text::long(application.product);
                }
            }
            Body::Activate { token, user, password } => {
                self.token = Some(token);
                if !user.is_empty() {
                    self.user = Text::new(user);
                }
                self.password |= password;
            }
            Body::Fault(code) => self.errors.count(code),
            Body::OpenRequest { .. } | Body::Other => {}
        }
        Some(())
    }

    fn error(&mut self, mut reader: Reader<'_>) -> Option<()> {
        self.errors.count(reader.le_u32()?);
        let reason = body::string(&mut reader)?;
        self.reason = Text::new(reason);
        Some(())
    }

    fn mode(&self) -> Option<&'static str> {
        match self.mode {
            Some(1) => Some("none"),
            Some(2) => Some("sign"),
            Some(3) => Some("sign_and_encrypt"),
            _ if self.policy.is_empty() => None,
            _ if self.policy.bytes() == b"None" => Some("none"),
            _ if self.open => Some("sign"),
            _ if self.hidden => Some("sign_and_encrypt"),
            _ => None,
        }
    }
}

impl Messages for Opcua {
    const LOOK: usize = 16 * 1024;

    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        if !known(bytes.get(..3).unwrap_or(bytes)) {
            return Extent::Broken;
        }
        match head(bytes) {
            None => Extent::Need(HEAD),
            Some((_, b'F' | b'C' | b'A', size)) if size >= HEAD => Extent::Whole(size),
            Some(_) => Extent::Broken,
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        let Some((kind, piece, _)) = head(message.bytes) else { return true };
        let mut reader = Reader::new(message.bytes.get(HEAD..).unwrap_or_default());
        let inside = self.inside.get_mut(message.role.index());
        let begins = inside.is_none_or(|inside| !std::mem::replace(inside, piece == b'C'));
        let _ = match kind {
            b"HEL" => {
                reader.skip(20).and_then(|()| body::string(&mut reader)).map(|url| self.endpoint = Text::long(url))
            }
            b"ERR" => self.error(reader),
            b"OPN" => self.open(reader),
            b"MSG" | b"CLO" if begins => self.message(message.role, reader),
            _ => None,
        };
        true
    }

    fn facts(&self, out: &mut Facts) {
        if self.mode() == Some("sign_and_encrypt") {
            out.encrypted("protocol");
        }
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        if !self.user.is_empty() {
            out.user(&self.user);
        }
        let mut element = out.element(&ELEMENT);
        element.text(&ENDPOINT, &self.endpoint);
        element.text(&POLICY, &self.policy);
        if let Some(mode) = self.mode() {
            element.plain(&MODE, mode);
        }
        let services = if self.services.is_empty() { &self.answered } else { &self.services };
        services.write(&mut element, &SERVICE, |kind| named(names::service(*kind), *kind));
        for (field, text) in [
            (&SESSION_NAME, &self.session_name),
            (&CLIENT_URI, &self.client_uri),
            (&CLIENT_NAME, &self.client_name),
            (&SERVER_URI, &self.server_uri),
            (&SERVER_NAME, &self.server_name),
            (&PRODUCT_URI, &self.product_uri),
        ] {
            element.text(field, text);
        }
        if let Some(token) = self.token {
            let name = match token {
                Token::Anonymous => "anonymous",
                Token::Username => "username",
                Token::Certificate => "certificate",
                Token::Issued => "issued",
            };
            element.plain(&TOKEN, name);
        }
        element.text(&USER, &self.user);
        self.errors.write(&mut element, &ERROR, |code| names::status(*code));
        element.text(&REASON, &self.reason);
    }

    fn heap_bytes(&self) -> usize {
        let texts = [
            &self.endpoint,
            &self.policy,
            &self.session_name,
            &self.client_uri,
            &self.client_name,
            &self.server_uri,
            &self.server_name,
            &self.product_uri,
            &self.user,
            &self.reason,
        ];
        self.services.heap_bytes()
            + self.answered.heap_bytes()
            + self.errors.heap_bytes()
            + texts.map(Text::heap_bytes).iter().sum::<usize>()
    }
}
