//! VNC: a shared screen over RFB (RFC 6143 and the RFB community's specification).
//!
//! ```text
//! server  RFB xxx.yyy LF          client  the version that it takes
//! server  3.3: type:4             3.7 and later: n:1 types:n          n 0: length:4 reason
//! client                          3.7 and later: type:1
//! both    what that security type wants
//! server  result:4 [length:4 reason]                               not after `none` before 3.8
//! client  shared:1
//! server  width:2 height:2 pixel_format:16 length:4 name
//! ```
//!
//! The screen's own bytes are bulk that nobody needs: with the desktop's name everything is told. Security types that encrypt, and those of
//! which no description is public, end what can be told; those in TLS hand over to it. Of a type that sends a password in clear
//! the user is told and the password is not kept.
//!
//! Limits: a reason or a name of [`NAME_BYTES`] is read, a longer one is no VNC; [`MOST_TYPES`] security types. Ignored on purpose:
//! repeaters' `ID:` lines, what Tight's server says it can do.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::protocols::tls;
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "vnc",
    about: About {
        name: "Virtual Network Computing (RFB)",
        specification: "RFC 6143, the RFB community's specification",
        evidence: "`RFB` with a version",
        limits: "the screen itself, and everything behind security types that encrypt",
        ports: &[5500, 5800, 5900, 5901, 5902, 5903, 5904, 5905, 5906, 5907, 5908, 5909],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'R'..=b'R']),
    probe,
    open: |_: &Opening| Box::new(Vnc::default()),
};

/// The server's version.
pub static SERVER_VERSION: Field =
    Field::text("server_version", "the highest version that the server speaks, `003.008`", "RFC 6143 7.1.1");
/// The client's version.
pub static CLIENT_VERSION: Field = Field::text("client_version", "the version that the client takes", "RFC 6143 7.1.1");
/// What is offered.
pub static SECURITY_TYPES: Field =
    Field::number("security_types", "numbers of the security types that the server offers", "RFC 6143 7.1.2").list();
/// What was chosen.
pub static SECURITY_TYPE: Field =
    Field::number("security_type", "number of the security type that was chosen", "RFC 6143 7.1.2");
/// Its name.
pub static SECURITY: Field = Field::text(
    "security",
    "its name, `none` or `vnc` (a DES challenge) for instance; behind it the type that was chosen inside",
    "IANA RFB Security Types",
);
/// The outcome.
pub static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "authenticated", "whether the server let the client in", "RFC 6143 7.1.3");
/// Why not.
pub static REASON: Field = Field::text("reason", "why the server refused", "RFC 6143 7.1.2, 7.1.3");
/// Who.
pub static USER: Field =
    Field::text("user", "the user, where the security type sends one in clear", "RFB VeNCrypt Plain");
/// The desktop.
pub static DESKTOP_NAME: Field = Field::text("desktop_name", "the desktop's name", "RFC 6143 7.3.2");
/// Its width.
pub static WIDTH: Field = Field::number("width", "its width", "RFC 6143 7.3.2").unit("pixels");
/// Its height.
pub static HEIGHT: Field = Field::number("height", "its height", "RFC 6143 7.3.2").unit("pixels");
/// Its colours.
pub static DEPTH: Field = Field::number("depth", "its colour depth", "RFC 6143 7.4").unit("bits");
/// Whether others may stay.
pub static SHARED: Field =
    Field::new(Kind::YesNo, "shared", "whether the client lets other clients stay connected", "RFC 6143 7.3.1");

/// The element.
pub static ELEMENT: Element = Element {
    name: "vnc",
    meaning: "Virtual Network Computing",
    fields: &[
        &SERVER_VERSION,
        &CLIENT_VERSION,
        &SECURITY_TYPES,
        &SECURITY_TYPE,
        &SECURITY,
        &AUTHENTICATED,
        &REASON,
        &USER,
        &DESKTOP_NAME,
        &WIDTH,
        &HEIGHT,
        &DEPTH,
        &SHARED,
    ],
};

/// `RFB xxx.yyy` and LF.
const VERSION_BYTES: usize = 12;
/// The longest name of a desktop, or reason.
const NAME_BYTES: usize = 4096;
/// The most security types, tunnels and the like in a list.
const MOST_TYPES: usize = 64;
/// A name of Tight's: `code:4 vendor:4 signature:8`.
const CAPABILITY_BYTES: usize = 16;
/// The challenge of VNC's own authentication, and the answer.
const CHALLENGE_BYTES: usize = 16;
/// User and password of Apple's authentication, encrypted.
const APPLE_BYTES: usize = 128;

/// Both sides begin alike; the server does so first.
fn probe(sample: &Sample<'_>) -> Verdict {
    let form = b"RFB ddd.ddd\n";
    let fits = form.iter().zip(sample.bytes).all(|(form, byte)| match form {
        b'd' => byte.is_ascii_digit(),
        _ => form == byte,
    });
    match (fits, sample.bytes.len() >= VERSION_BYTES) {
        (false, _) => Verdict::Reject,
        (true, false) => Verdict::NeedMore,
        (true, true) if sample.role == Role::Server => Verdict::Match,
        (true, true) => Verdict::Likely,
    }
}

/// Where the two stand. Each side's next message follows from what was said, whoever is ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Versions,
    /// The server's security types, or its choice.
    Types,
    /// The client's choice.
    Choice,
    /// Tight: tunnels offered, one chosen; ways of authentication offered, one chosen.
    Tunnels,
    TunnelChoice,
    TightTypes,
    TightChoice,
    /// VeNCrypt: both versions, the server's word on them, its subtypes, the choice, the server's word on it.
    CryptServer,
    CryptClient,
    CryptStatus,
    CryptTypes,
    CryptChoice,
    CryptAck,
    /// User and password in clear.
    Plain,
    /// VNC's own: challenge, answer.
    Challenge,
    Answer,
    /// Apple's Diffie-Hellman: parameters, answer.
    Apple,
    AppleAnswer(usize),
    Result,
    Reason,
    Shared,
    Screen,
}

impl Stage {
    /// Who speaks next.
    const fn speaker(self) -> Option<Role> {
        Some(match self {
            Self::Versions => return None,
            Self::Choice
            | Self::TunnelChoice
            | Self::TightChoice
            | Self::CryptClient
            | Self::CryptChoice
            | Self::Plain
            | Self::Answer
            | Self::AppleAnswer(_)
            | Self::Shared => Role::Client,
            _ => Role::Server,
        })
    }
}

#[derive(Debug, Default)]
struct Vnc {
    stage: Stage,
    /// The server's first line was not seen, and the client's was taken for it.
    swapped: bool,
    versions: [Text; 2],
    types: List<u8, 16>,
    chosen: Option<u32>,
    inner: Option<&'static str>,
    encrypted: bool,
    authenticated: Option<bool>,
    reason: Text,
    user: Text,
    password: bool,
    shared: Option<bool>,
    screen: Option<(u16, u16, u8)>,
    name: Text,
}

/// What a message came to: its bytes and where the conversation goes.
enum Next {
    Go(usize, Stage),
    /// The next protocol is TLS.
    Tls(usize),
    Done,
    Wrong,
}

impl Vnc {
    /// Whether the version that both speak is at least so high. Apple's 003.889 and the vendors' 4 and 5 go on like 3.8.
    fn speaks(&self, minor: &[u8]) -> bool {
        let [client, server] = &self.versions;
        let lower = if client.is_empty() { server } else { client };
        lower.bytes() >= minor
    }

    /// A first message that is no version: a server's list of security types, behind a version that was not seen.
    fn is_late_server(bytes: &[u8]) -> bool {
        matches!(bytes, [1..=64, types @ ..] if !types.is_empty() && !types.contains(&0))
    }

    fn version(&mut self, role: Role, bytes: &[u8]) -> Option<usize> {
        let version = bytes.get(4..VERSION_BYTES.saturating_sub(1))?;
        if !bytes.starts_with(b"RFB ") {
            return None;
        }
        if let Some(slot) = self.versions.get_mut(role.index()) {
            *slot = Text::new(version);
        }
        Some(VERSION_BYTES)
    }

    /// Reads the next message; `None` where more bytes are needed.
    fn message(&mut self, bytes: &[u8]) -> Option<Next> {
        let mut reader = Reader::new(bytes);
        let next = match self.stage {
            Stage::Versions => return Some(Next::Wrong),
            Stage::Types if !self.speaks(b"003.007") => {
                let kind = reader.be_u32()?;
                self.types.push(u8::try_from(kind).unwrap_or(u8::MAX));
                match kind {
                    0 => Stage::Reason,
                    _ => return self.choose(4, kind),
                }
            }
            Stage::Types => {
                let count = reader.u8()?;
                let types = reader.take(usize::from(count))?;
                for kind in types {
                    self.types.push(*kind);
                }
                if count == 0 {
                    self.authenticated = Some(false);
                    Stage::Reason
                } else if types.contains(&0) || types.len() > MOST_TYPES {
                    return Some(Next::Wrong);
                } else {
                    Stage::Choice
                }
            }
            Stage::Choice => {
                let kind = u32::from(reader.u8()?);
                return self.choose(1, kind);
            }
            Stage::Tunnels | Stage::TightTypes => {
                let count = usize::try_from(reader.be_u32()?).unwrap_or(usize::MAX);
                if count > MOST_TYPES {
                    return Some(Next::Wrong);
                }
                reader.skip(count.saturating_mul(CAPABILITY_BYTES))?;
                match (self.stage, count) {
                    (Stage::Tunnels, 0) => Stage::TightTypes,
                    (Stage::Tunnels, _) => Stage::TunnelChoice,
                    (_, 0) => self.without_authentication(),
                    _ => Stage::TightChoice,
                }
            }
            Stage::TunnelChoice => match reader.be_u32()? {
                0 => Stage::TightTypes,
                _ => return Some(Next::Done),
            },
            Stage::TightChoice => {
                let kind = reader.be_u32()?;
                self.inner = Some(security_name(kind));
                match kind {
                    1 => self.without_authentication(),
                    2 => Stage::Challenge,
                    _ => return Some(Next::Done),
                }
            }
            Stage::CryptServer | Stage::CryptClient => {
                // Of version 0.1, long gone, the subtypes had one byte.
                match (self.stage, reader.be_u16()?) {
                    (_, 0 | 1) => return Some(Next::Done),
                    (Stage::CryptServer, _) => Stage::CryptClient,
                    _ => Stage::CryptStatus,
                }
            }
            Stage::CryptStatus => match reader.u8()? {
                0 => Stage::CryptTypes,
                _ => return Some(Next::Done),
            },
            Stage::CryptTypes => {
                let count = usize::from(reader.u8()?);
                reader.skip(count.saturating_mul(4))?;
                if count == 0 {
                    return Some(Next::Done);
                }
                Stage::CryptChoice
            }
            Stage::CryptChoice => {
                let kind = reader.be_u32()?;
                self.inner = Some(crypt_name(kind));
                match kind {
                    256 => Stage::Plain,
                    257..=264 => Stage::CryptAck,
                    1 => self.without_authentication(),
                    2 => Stage::Challenge,
                    _ => return Some(Next::Done),
                }
            }
            Stage::CryptAck => {
                self.encrypted = true;
                return Some(if reader.u8()? == 1 { Next::Tls(1) } else { Next::Done });
            }
            Stage::Plain => {
                let lengths =
                    [reader.be_u32()?, reader.be_u32()?].map(|length| usize::try_from(length).unwrap_or(usize::MAX));
                if lengths.iter().any(|length| *length > NAME_BYTES) {
                    return Some(Next::Wrong);
                }
                let [user, password] = lengths;
                let user = reader.take(user)?;
                reader.skip(password)?;
                self.user = Text::new(user);
                self.password |= password > 0;
                Stage::Result
            }
            Stage::Challenge => reader.skip(CHALLENGE_BYTES).map(|()| Stage::Answer)?,
            Stage::Answer => reader.skip(CHALLENGE_BYTES).map(|()| Stage::Result)?,
            Stage::Apple => {
                reader.skip(2)?;
                let key = usize::from(reader.be_u16()?);
                reader.skip(key.saturating_mul(2))?;
                Stage::AppleAnswer(key)
            }
            Stage::AppleAnswer(key) => reader.skip(key.saturating_add(APPLE_BYTES)).map(|()| Stage::Result)?,
            Stage::Result => {
                let result = reader.be_u32()?;
                self.authenticated = Some(result == 0);
                match result {
                    0 => Stage::Shared,
                    _ if self.speaks(b"003.008") => Stage::Reason,
                    _ => return Some(Next::Done),
                }
            }
            Stage::Reason => {
                self.reason = text(&mut reader)??;
                return Some(Next::Done);
            }
            Stage::Shared => {
                self.shared = Some(reader.u8()? != 0);
                Stage::Screen
            }
            Stage::Screen => {
                let (width, height) = (reader.be_u16()?, reader.be_u16()?);
                let [_, depth, ..] = reader.array::<16>()?;
                self.name = text(&mut reader)??;
                self.screen = Some((width, height, depth));
                return Some(Next::Done);
            }
        };
        Some(Next::Go(bytes.len().saturating_sub(reader.len()), next))
    }

    /// A security type was chosen, by a message of so many bytes.
    fn choose(&mut self, length: usize, kind: u32) -> Option<Next> {
        self.chosen = Some(kind);
        Some(Next::Go(
            length,
            match kind {
                1 => self.without_authentication(),
                2 => Stage::Challenge,
                16 => Stage::Tunnels,
                18 => {
                    self.encrypted = true;
                    return Some(Next::Tls(length));
                }
                19 => Stage::CryptServer,
                30 => Stage::Apple,
                5 | 6 | 13 | 129 | 130 | 133 | 134 => {
                    self.encrypted = true;
                    return Some(Next::Done);
                }
                _ => return Some(Next::Done),
            },
        ))
    }

    fn without_authentication(&self) -> Stage {
        if self.speaks(b"003.008") { Stage::Result } else { Stage::Shared }
    }
}

/// `length:4 text`. The outer `None`: more bytes are needed. A text that is too long to be one is empty.
fn text(reader: &mut Reader<'_>) -> Option<Option<Text>> {
    let length = usize::try_from(reader.be_u32()?).unwrap_or(usize::MAX);
    if length > NAME_BYTES {
        return Some(Some(Text::default()));
    }
    reader.take(length).map(|text| Some(Text::new(text)))
}

impl Dissector for Vnc {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let more = Step::NeedMore(chunk.bytes.len().saturating_add(1));
        let role = if self.swapped { chunk.role.other() } else { chunk.role };
        if self.stage == Stage::Versions && self.versions.get(role.index()).is_some_and(Text::is_empty) {
            let begins = chunk.bytes.first() == Some(&b'R');
            if role == Role::Client && !begins && Self::is_late_server(chunk.bytes) {
                self.swapped = true;
                self.versions.reverse();
                self.stage = Stage::Types;
                return self.data(chunk);
            }
            if chunk.bytes.len() < VERSION_BYTES {
                return if begins { Step::NeedMore(VERSION_BYTES) } else { more };
            }
            let Some(used) = self.version(role, chunk.bytes) else {
                return Step::Violation;
            };
            if self.versions.iter().all(|version| !version.is_empty()) {
                self.stage = Stage::Types;
            }
            return Step::Consumed(used);
        }
        if self.stage == Stage::Versions && chunk.bytes.len() > NAME_BYTES {
            // The other side is not in the capture.
            return Step::Done;
        }
        if self.stage.speaker() != Some(role) {
            return if chunk.bytes.len() > NAME_BYTES { Step::Done } else { more };
        }
        match self.message(chunk.bytes) {
            None => more,
            Some(Next::Go(used, stage)) => {
                self.stage = stage;
                Step::Consumed(used)
            }
            Some(Next::Tls(used)) => Step::Handover(used, Some(&tls::PROTOCOL)),
            Some(Next::Done) => Step::Done,
            Some(Next::Wrong) => Step::Violation,
        }
    }

    fn facts(&self, out: &mut Facts) {
        if self.encrypted {
            out.encrypted("protocol");
        }
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        out.user(&self.user);
        let mut vnc = out.element(&ELEMENT);
        let [client, server] = &self.versions;
        vnc.text(&SERVER_VERSION, server);
        vnc.text(&CLIENT_VERSION, client);
        vnc.list(&SECURITY_TYPES, self.types.items().iter().map(|kind| u64::from(*kind)), self.types.omitted());
        if let Some(kind) = self.chosen {
            vnc.number(&SECURITY_TYPE, u64::from(kind));
            match self.inner {
                Some(inner) => vnc.bytes(&SECURITY, format!("{}_{inner}", security_name(kind)).as_bytes()),
                None => vnc.plain(&SECURITY, security_name(kind)),
            }
        }
        if let Some(authenticated) = self.authenticated {
            vnc.yes_no(&AUTHENTICATED, authenticated);
        }
        vnc.text(&REASON, &self.reason);
        vnc.text(&USER, &self.user);
        vnc.text(&DESKTOP_NAME, &self.name);
        if let Some((width, height, depth)) = self.screen {
            vnc.number(&WIDTH, u64::from(width));
            vnc.number(&HEIGHT, u64::from(height));
            vnc.number(&DEPTH, u64::from(depth));
        }
        if let Some(shared) = self.shared {
            vnc.yes_no(&SHARED, shared);
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.reason, &self.user, &self.name];
        size_of::<Self>()
            + self.types.items().len()
            + texts.into_iter().chain(&self.versions).map(Text::heap_bytes).sum::<usize>()
    }
}

/// Security types (IANA's list of RFB security types).
fn security_name(kind: u32) -> &'static str {
    match kind {
        0 => "invalid",
        1 => "none",
        2 => "vnc",
        5 => "ra2",
        6 => "ra2ne",
        13 => "ra2_aes256",
        16 => "tight",
        17 => "ultra",
        18 => "tls",
        19 => "vencrypt",
        20 => "sasl",
        21 => "md5",
        22 => "xvp",
        23 => "secure_tunnel",
        24 => "integrated_ssh",
        30 => "apple_dh",
        31..=36 => "apple",
        113 => "ms_logon",
        129 | 130 | 133 | 134 => "ra2",
        _ => "other",
    }
}

/// Subtypes of VeNCrypt.
fn crypt_name(kind: u32) -> &'static str {
    match kind {
        256 => "plain",
        257 => "tls_none",
        258 => "tls_vnc",
        259 => "tls_plain",
        260 => "x509_none",
        261 => "x509_vnc",
        262 => "x509_plain",
        263 => "tls_sasl",
        264 => "x509_sasl",
        kind => security_name(kind),
    }
}
