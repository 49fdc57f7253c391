//! SSH: who speaks, what was negotiated, and how authentication went.
//!
//! RFC 4253 (transport), RFC 4252 (authentication), RFC 8308 (extensions), OpenSSH's PROTOCOL; SSH-1 by its draft of 1995.
//!
//! ```text
//! [other lines, of the server only] SSH-protoversion-softwareversion [comments] CR LF      each side (RFC 4253 4.2)
//! length:4 padding_length:1 message:1 ... padding                                          in clear until NEWKEYS
//! ```
//!
//! Recognised by the identification line, or by a KEXINIT where the line was not seen. Read in clear: KEXINIT of both sides
//! ([`kexinit`]) and the server's key, which begins the key exchange's reply whatever the method; after NEWKEYS only sizes are left
//! ([`auth`]). Everything else in the key exchange is passed over, wrongly guessed packets too.
//!
//! Client and server are told by what they say and not by who opened the connection (reverse SSH): the server shows a host key;
//! names in KEXINIT and lines before the identification tell earlier. With the outcome of authentication known, or hopeless, the
//! rest of the session is left alone; a session with bytes missing on one side still tells what the other side says in clear.
//!
//! Limits: a line of [`LINE_BYTES`], lines before the identification of [`PRELUDE_BYTES`], a packet of [`PACKET_BYTES`]. Of SSH-1
//! the lines and the cipher are told. Not told: what an unencrypted session (cipher `none`) carries; keys exchanged again.

mod auth;
mod kexinit;
mod sizes;
mod turns;

use self::auth::{Auth, Outcome};
use self::kexinit::{Agreed, KEXINIT, KexInit};
use crate::capped::Text;
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::hex::hex;
use crate::protocol::{
    About, Chunk, Dissector, FirstBytes, Opening, PROBE_BYTES, Protocol, Role, Sample, Step, Transport, Verdict,
};
use crate::reader::Reader;
use crate::scan;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ssh",
    about: About {
        name: "Secure Shell",
        specification: "RFC 4250 to 4254",
        evidence: "the identification line `SSH-` of either side",
        limits: "all behind the exchange of keys is encrypted; tries at login are counted by the sizes of packets",
        ports: &[22],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open,
};

/// The client's identification line.
pub static CLIENT_BANNER: Field =
    Field::text("client_banner", "the client's identification line with its comments, without CR LF", "RFC 4253 4.2");
/// The server's identification line.
pub static SERVER_BANNER: Field =
    Field::text("server_banner", "the server's identification line with its comments, without CR LF", "RFC 4253 4.2");
/// Protocol version.
pub static VERSION: Field = Field::text(
    "version",
    "the protocol version that both sides speak; where only one is known what it offers (`1.99` is 2.0 or older)",
    "RFC 4253 4.2, 5.1",
);
/// Key exchange.
pub static KEX: Field = Field::text("kex", "key exchange method agreed on", "RFC 4253 7.1");
/// Ciphers.
pub static CIPHER: Field = Field::text(
    "cipher",
    "cipher from client to server; behind it the one from server to client, where that is another",
    "RFC 4253 7.1",
)
.list()
.items(2);
/// MACs.
pub static MAC: Field = Field::text(
    "mac",
    "message authentication from client to server, `implicit` where the cipher brings its own; behind it the one from server to \
     client, where that is another",
    "RFC 4253 7.1, RFC 5647",
)
.list()
.items(2);
/// The server's key.
pub static HOST_KEY_TYPE: Field =
    Field::text("host_key_type", "type of the key or certificate that the server showed", "RFC 4253 6.6, 8");
/// The algorithm of its signature.
pub static HOST_KEY_ALG: Field = Field::text(
    "negotiated_host_key_alg",
    "host key algorithm agreed on: an RSA key of type `ssh-rsa` may sign by `rsa-sha2-512`",
    "RFC 4253 7.1, RFC 8332",
);
/// The client's fingerprint.
pub static HASSH: Field =
    Field::text("hassh", "MD5 of the client's algorithm lists, in hexadecimal", "github.com/salesforce/hassh");
/// The server's fingerprint.
pub static HASSH_SERVER: Field =
    Field::text("hassh_server", "MD5 of the server's algorithm lists, in hexadecimal", "github.com/salesforce/hassh");
/// Attempts at authentication.
pub static AUTH_ATTEMPTS: Field = Field::number(
    "auth_attempts",
    "questions for access that were refused or granted, told from packet sizes; not the opening one for the methods",
    "RFC 4252",
);
/// The outcome.
pub static AUTHENTICATED: Field = Field::new(
    Kind::YesNo,
    "authenticated",
    "whether the server let the client in, told from packet sizes; absent where they do not tell",
    "RFC 4252",
);

/// The element.
pub static ELEMENT: Element = Element {
    name: "ssh",
    meaning: "Secure Shell",
    fields: &[
        &CLIENT_BANNER,
        &SERVER_BANNER,
        &VERSION,
        &KEX,
        &CIPHER,
        &MAC,
        &HOST_KEY_TYPE,
        &HOST_KEY_ALG,
        &HASSH,
        &HASSH_SERVER,
        &AUTH_ATTEMPTS,
        &AUTHENTICATED,
    ],
};

/// The longest line; RFC 4253 allows 255 bytes.
pub const LINE_BYTES: usize = 1024;
/// The most bytes of lines before the identification.
pub const PRELUDE_BYTES: usize = 8 * 1024;
/// The longest packet in clear: what RFC 4253 6.1 asks every implementation to take.
pub const PACKET_BYTES: usize = 35_000;
/// Encrypted bytes of one side after which the other's part of the key exchange is no longer waited for.
const ALONE_BYTES: u64 = 16 * 1024;

/// Other messages that are looked at. The server's key may stand in the replies of RSA (RFC 4432), of Diffie-Hellman and of all
/// that copy its numbers, and of group exchange (RFC 4419).
const NEWKEYS: u8 = 21;
const REPLIES: [u8; 3] = [30, 31, 33];
/// A packet's length, padding length and message number.
const FRAME_BYTES: usize = 6;
/// SSH-1: the client's choice of a cipher.
const SSH1_SESSION_KEY: u8 = 3;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first() == Some(&0) {
        return first_packet(sample.bytes);
    }
    match identification(sample.bytes) {
        Verdict::Reject => after_other_lines(sample.role, sample.bytes),
        said => said,
    }
}

/// `SSH-`, digits, a dot, digits and a dash: eight bytes that nothing else begins with.
fn identification(bytes: &[u8]) -> Verdict {
    const MARK: &[u8] = b"SSH-";
    let Some(rest) = bytes.strip_prefix(MARK) else {
        return if MARK.starts_with(bytes) { Verdict::NeedMore } else { Verdict::Reject };
    };
    let mut dots = 0;
    for (at, byte) in rest.iter().take(8).enumerate() {
        match byte {
            b'0'..=b'9' => {}
            b'.' if at > 0 && dots == 0 => dots = at,
            b'-' if dots > 0 && at > dots + 1 => return Verdict::Match,
            _ => return Verdict::Reject,
        }
    }
    if rest.len() < 8 { Verdict::NeedMore } else { Verdict::Reject }
}

/// A KEXINIT, for a session whose first line was not seen: its frame, and key exchange methods by the names that all of them have.
fn first_packet(bytes: &[u8]) -> Verdict {
    const FAMILIES: [&[u8]; 5] = [b"diffie-hellman-", b"curve25519-", b"ecdh-sha2-", b"sntrup", b"mlkem"];
    // Lengths below 65536: the first two bytes are zero.
    if !bytes.starts_with(bytes.get(..2).map_or(&[0], |_| &[0, 0])) {
        return Verdict::Reject;
    }
    let Some((length, padding, message)) = frame(bytes) else {
        return Verdict::NeedMore;
    };
    if length as usize > PACKET_BYTES || padding < 4 || message != KEXINIT {
        return Verdict::Reject;
    }
    let Some((methods, list)) = kexinit::first_list(bytes.get(FRAME_BYTES..).unwrap_or_default()) else {
        return Verdict::NeedMore;
    };
    let whole = list.len() == methods as usize;
    if methods >= length || !list.iter().all(u8::is_ascii_graphic) {
        Verdict::Reject
    } else if list.split(|byte| *byte == b',').any(|name| FAMILIES.iter().any(|family| name.starts_with(family))) {
        Verdict::Match
    } else if whole || bytes.len() >= PROBE_BYTES {
        Verdict::Reject
    } else {
        Verdict::NeedMore
    }
}

/// A packet's length, padding length and message number.
fn frame(bytes: &[u8]) -> Option<(u32, u8, u8)> {
    let mut reader = Reader::new(bytes);
    Some((reader.be_u32()?, reader.u8()?, reader.u8()?))
}

/// A server may send lines of text before its identification. Such a text is no proof: it wants the client's line.
fn after_other_lines(role: Role, bytes: &[u8]) -> Verdict {
    if role == Role::Client || bytes.len() >= PROBE_BYTES {
        return Verdict::Reject;
    }
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, after) = rest.split_at_checked(end.saturating_add(1)).unwrap_or((rest, &[]));
        if !is_text(line) {
            return Verdict::Reject;
        }
        match identification(after) {
            Verdict::Match => return Verdict::Likely,
            _ => rest = after,
        }
    }
    if is_text(rest) { Verdict::NeedMore } else { Verdict::Reject }
}

/// Whether bytes may be lines of text. Every server that speaks first is looked at so.
fn is_text(bytes: &[u8]) -> bool {
    scan::all(bytes, |byte| (byte >= b' ' && byte != 0x7f) || matches!(byte, b'\t' | b'\r' | b'\n'))
}

fn open(_: &Opening) -> Box<dyn Dissector> {
    Box::new(Ssh::default())
}

/// Where one side stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Before its identification line.
    #[default]
    Lines,
    /// In clear packets.
    Packets,
    /// After NEWKEYS.
    Encrypted,
    /// Bytes are missing: nothing more can be read.
    Lost,
}

/// One side, whatever its role turns out to be.
#[derive(Debug, Default)]
struct Speaker {
    phase: Phase,
    prelude_bytes: usize,
    banner: Option<Text>,
    version: Option<Text>,
    offer: Option<KexInit>,
    encrypted_bytes: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Ssh {
    /// By the role that the engine believes.
    speakers: [Speaker; 2],
    /// Who is the client by what was said; otherwise the engine is believed.
    client: Option<Role>,
    host_key_type: Option<Text>,
    agreed: Option<Agreed>,
    auth: Option<Auth>,
    /// Sizes can't tell anything, or no longer.
    blind: bool,
}

/// The versions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
    Unknown,
}

impl Ssh {
    fn speaker(&self, role: Role) -> &Speaker {
        let [client, server] = &self.speakers;
        if role == Role::Client { client } else { server }
    }

    fn speaker_mut(&mut self, role: Role) -> &mut Speaker {
        let [client, server] = &mut self.speakers;
        if role == Role::Client { client } else { server }
    }

    /// The engine's role of the side that is the client.
    fn client(&self) -> Role {
        self.client.unwrap_or(Role::Client)
    }

    /// The role that a side really plays.
    fn real(&self, role: Role) -> Role {
        if self.client() == Role::Client { role } else { role.other() }
    }

    /// Takes a line of text.
    fn line(&mut self, role: Role, bytes: &[u8]) -> Step {
        let mut reader = Reader::new(bytes.get(..LINE_BYTES).unwrap_or(bytes));
        let Some(line) = reader.until(b'\n') else {
            return if bytes.len() >= LINE_BYTES { Step::Violation } else { Step::NeedMore(bytes.len() + 1) };
        };
        let used = line.len().saturating_add(1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let speaker = self.speaker_mut(role);
        if let Some(rest) = line.strip_prefix(b"SSH-") {
            let version = rest.split(|byte| *byte == b'-').next().unwrap_or_default();
            speaker.banner = Some(Text::new(line));
            speaker.version = Some(Text::new(version));
            speaker.phase = Phase::Packets;
            // Only servers send other lines first.
            if speaker.prelude_bytes > 0 {
                self.client.get_or_insert(role.other());
            }
            return Step::Consumed(used);
        }
        speaker.prelude_bytes = speaker.prelude_bytes.saturating_add(used);
        if speaker.prelude_bytes > PRELUDE_BYTES {
            return Step::Violation;
        }
        Step::Consumed(used)
    }

    /// The version that is spoken, as far as the lines tell.
    fn version(&self) -> Version {
        let mut version = Version::Unknown;
        for text in self.speakers.iter().filter_map(|speaker| speaker.version.as_ref()) {
            match text.bytes() {
                b"1.99" => {}
                [b'1', b'.', ..] => return Version::One,
                _ => version = Version::Two,
            }
        }
        version
    }

    /// Takes a packet in clear.
    fn packet(&mut self, role: Role, bytes: &[u8]) -> Step {
        let mut reader = Reader::new(bytes);
        let Some(length) = reader.be_u32().map(|length| length as usize) else {
            return Step::NeedMore(4);
        };
        let version = self.version();
        if length > PACKET_BYTES {
            return Step::Violation;
        }
        let after = if version == Version::One { length.saturating_add(8 - length % 8) } else { length };
        let Some(mut packet) = reader.sub(after) else {
            return Step::NeedMore(after.saturating_add(4));
        };
        let whole = Step::Consumed(after.saturating_add(4));
        if version == Version::One {
            let cipher = packet.skip(8 - length % 8).and_then(|()| packet.u8()).zip(packet.u8());
            return match cipher {
                Some((SSH1_SESSION_KEY, cipher)) => self.ssh1_cipher(cipher),
                _ => whole,
            };
        }
        let padding = packet.u8().map_or(0, usize::from);
        let Some(payload) = packet.len().checked_sub(padding).and_then(|payload| packet.take(payload)) else {
            return Step::Violation;
        };
        match payload.first() {
            None => return Step::Violation,
            Some(&KEXINIT) => {
                let offer = KexInit::read(payload);
                if let Some(said) = offer.as_ref().and_then(|offer| offer.role) {
                    self.client = Some(if said == Role::Client { role } else { role.other() });
                }
                let speaker = self.speaker_mut(role);
                if speaker.offer.is_none() {
                    speaker.offer = offer;
                }
            }
            Some(&NEWKEYS) => {
                self.speaker_mut(role).phase = Phase::Encrypted;
                self.agree();
            }
            Some(message) if REPLIES.contains(message) && self.host_key_type.is_none() => {
                self.host_key_type = host_key_type(payload);
                if self.host_key_type.is_some() {
                    self.client = Some(role.other());
                }
            }
            // A server that can do both, and a client that was not seen or wants the old protocol.
            Some(_) if version == Version::Unknown && self.speaker(role).offer.is_none() => {
                self.speaker_mut(role).phase = Phase::Lost;
            }
            Some(_) => {}
        }
        whole
    }

    fn ssh1_cipher(&mut self, cipher: u8) -> Step {
        let name: &[u8] = match cipher {
            1 => b"idea",
            2 => b"des",
            3 => b"3des",
            5 => b"rc4",
            6 => b"blowfish",
            _ => return Step::Done,
        };
        self.agreed = Some(Agreed { cipher: [Some(Text::new(name)), None], ..Agreed::default() });
        for speaker in &mut self.speakers {
            speaker.phase = Phase::Encrypted;
        }
        Step::Done
    }

    /// Negotiates, once both offers are known and no more is to come that could tell client from server.
    fn agree(&mut self) {
        if self.agreed.is_some() {
            return;
        }
        self.agreed = self.negotiated();
        for speaker in &mut self.speakers {
            if let Some(offer) = &mut speaker.offer {
                offer.forget_lists();
            }
        }
        let sizes = self.agreed.as_ref().filter(|agreed| !agreed.compressed).map(|agreed| agreed.sizes);
        if let Some([Some(client), Some(server)]) = sizes {
            let eager = self.speaker(self.client()).banner.as_ref();
            let eager = eager.is_some_and(|banner| memchr::memmem::find(banner.bytes(), b"paramiko").is_some());
            self.auth = Some(Auth::new([client, server], eager));
        }
    }

    fn negotiated(&self) -> Option<Agreed> {
        let client = self.client();
        Agreed::of(self.speaker(client).offer.as_ref()?, self.speaker(client.other()).offer.as_ref()?)
    }

    /// Takes encrypted bytes.
    fn encrypted(&mut self, role: Role, bytes: &[u8]) -> Step {
        let real = self.real(role);
        if let Some(auth) = self.auth.as_mut().filter(|_| !self.blind) {
            auth.data(real, bytes);
        }
        let open = !self.blind && self.auth.as_ref().is_some_and(|auth| auth.outcome() == Outcome::Open);
        let speaker = self.speaker_mut(role);
        speaker.encrypted_bytes = speaker.encrypted_bytes.saturating_add(bytes.len() as u64);
        let alone = speaker.encrypted_bytes > ALONE_BYTES;
        let readable = matches!(self.speaker(role.other()).phase, Phase::Lines | Phase::Packets);
        if (readable && alone) || !(readable || open) { Step::Done } else { Step::Consumed(bytes.len()) }
    }

    /// What `version` tells.
    fn version_text(&self) -> Option<Text> {
        let [one, other] = self.speakers.each_ref().map(|speaker| speaker.version.as_ref());
        let both = |bytes: &[u8]| matches!(bytes, b"1.99");
        match (one, other) {
            (Some(one), Some(other)) if both(one.bytes()) && both(other.bytes()) => Some(Text::from("2.0")),
            (Some(one), Some(other)) if both(one.bytes()) => Some(other.clone()),
            (Some(one), Some(other)) if both(other.bytes()) => Some(one.clone()),
            // Sides that have no version in common.
            (Some(one), Some(other)) => (one.bytes().first() == other.bytes().first()).then(|| one.clone()),
            (Some(only), None) | (None, Some(only)) => {
                let offered = self.speakers.iter().any(|speaker| speaker.offer.is_some());
                Some(if offered { Text::from("2.0") } else { only.clone() })
            }
            (None, None) => None,
        }
    }
}

impl Dissector for Ssh {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        match self.speaker(role).phase {
            // A line never begins with a zero, the first packet always does.
            Phase::Lines if bytes.first() != Some(&0) => self.line(role, bytes),
            Phase::Lines => {
                self.speaker_mut(role).phase = Phase::Packets;
                self.packet(role, bytes)
            }
            Phase::Packets => self.packet(role, bytes),
            Phase::Encrypted => self.encrypted(role, bytes),
            Phase::Lost => Step::Consumed(bytes.len()),
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.speaker_mut(role).phase = Phase::Lost;
        self.blind = true;
        match self.speaker(role.other()).phase {
            Phase::Lines | Phase::Packets => Step::Consumed(0),
            Phase::Encrypted | Phase::Lost => Step::Done,
        }
    }

    fn end(&mut self, role: Role) {
        self.speaker_mut(role).ended = true;
    }

    fn facts(&self, out: &mut Facts) {
        let negotiated = if self.agreed.is_none() { self.negotiated() } else { None };
        let agreed = self.agreed.as_ref().or(negotiated.as_ref());
        let cipher = agreed.and_then(|agreed| agreed.cipher.first()?.as_ref());
        let secret = cipher.is_none_or(|cipher| cipher.bytes() != b"none");
        if secret && self.speakers.iter().any(|speaker| speaker.phase == Phase::Encrypted) {
            out.encrypted("protocol");
        }
        let client = self.speaker(self.client());
        let server = self.speaker(self.client().other());
        let mut ssh = out.element(&ELEMENT);
        ssh.maybe(&CLIENT_BANNER, client.banner.as_ref());
        ssh.maybe(&SERVER_BANNER, server.banner.as_ref());
        ssh.maybe(&VERSION, self.version_text().as_ref());
        if let Some(agreed) = agreed {
            ssh.maybe(&KEX, agreed.kex.as_ref());
            for (field, [there, back]) in [(&CIPHER, &agreed.cipher), (&MAC, &agreed.mac)] {
                let back = back.as_ref().filter(|_| there != back);
                ssh.list(field, there.iter().chain(back), 0);
            }
        }
        ssh.maybe(&HOST_KEY_TYPE, self.host_key_type.as_ref());
        ssh.maybe(&HOST_KEY_ALG, agreed.and_then(|agreed| agreed.host_key.as_ref()));
        for (field, speaker, role) in [(&HASSH, client, Role::Client), (&HASSH_SERVER, server, Role::Server)] {
            if let Some(print) = speaker.offer.as_ref().and_then(|offer| offer.hassh(role)) {
                ssh.bytes(field, hex(print).as_bytes());
            }
        }
        if let Some(auth) = self.auth.as_ref().filter(|_| !self.blind) {
            let (attempts, authenticated) = auth.verdict(client.ended && server.ended);
            if let Some(attempts) = attempts {
                ssh.number(&AUTH_ATTEMPTS, u64::from(attempts));
            }
            if let Some(authenticated) = authenticated {
                ssh.yes_no(&AUTHENTICATED, authenticated);
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = |speaker: &Speaker| {
            let texts = speaker.banner.iter().chain(&speaker.version).map(Text::heap_bytes).sum::<usize>();
            texts + speaker.offer.as_ref().map_or(0, KexInit::heap_bytes)
        };
        size_of::<Self>()
            + self.speakers.iter().map(texts).sum::<usize>()
            + self.host_key_type.as_ref().map_or(0, Text::heap_bytes)
            + self.agreed.as_ref().map_or(0, Agreed::heap_bytes)
    }
}

/// The type of the host key that a reply to the key exchange begins with: `message:1 blob_length:4 type_length:4 type ...`. The
/// numbers of a client's message or of a group's prime never read like this.
fn host_key_type(payload: &[u8]) -> Option<Text> {
    let mut reader = Reader::new(payload);
    reader.u8()?;
    let blob = usize::try_from(reader.be_u32()?).ok()?;
    let mut blob = reader.sub(blob)?;
    let length = usize::try_from(blob.be_u32()?).ok()?;
    let name = blob.take(length)?;
    let plausible = name.first()?.is_ascii_lowercase()
        && (4..=64).contains(&name.len())
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-@._".contains(byte));
    (plausible && !blob.is_empty()).then(|| Text::new(name))
}
