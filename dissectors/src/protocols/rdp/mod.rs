//! RDP: remote desktops (MS-RDPBCGR), as far as they are in clear.
//!
//! ```text
//! 03 00 length:2                                   TPKT (RFC 1006)
//!   n:1 e0 0000 source:2 class:1                   X.224 connection request (client), d0 the confirmation (server)
//!     Cookie: mstshash=USER CR LF                  or a load balancer's token; at most one (2.2.1.1)
//!     01 flags:1 0008 protocols:4                  what the client offers; 02: what the server chose; 03: why it refused
//!   02 f0 80 7f65 ...                              MCS connect initial (client), 7f66 its response (server)
//! ```
//!
//! With a security protocol agreed on, TLS follows at once and gets the session. With RDP's own security ("standard") the client's settings
//! ([`settings`]) pass in clear before encryption begins, and then nothing more is to be learnt.
//!
//! Recognised by the cookie, by the offer, by the answer to it, or, where a bare connection request could open any protocol over
//! X.224, by the conference that RDP asks for next (T.124, key `Duca`, answered by `McDn`). Limits: a packet of 64 kB, by its length
//! field. Ignored on purpose: what a session without any encryption shows after its settings. The cookie is cut by the client to nine
//! characters of the user's name, so no account is told of it.

mod settings;

use self::settings::{ClientSettings, SERVER_KEY, ServerSettings};
use crate::capped::Text;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{
    About, Chunk, Dissector, FirstBytes, Opening, PROBE_BYTES, Protocol, Role, Sample, Step, Transport, Verdict,
};
use crate::protocols::tls;
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rdp",
    about: About {
        name: "Remote Desktop Protocol",
        specification: "MS-RDPBCGR",
        evidence: "a connection request with its cookie or offer, or the answer to it",
        limits: "all is encrypted behind the settings; the cookie is cut by clients to nine characters, so no account is told of it",
        ports: &[3388, 3389],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[3..=3]),
    probe,
    open: |_: &Opening| Box::new(Rdp::default()),
};

/// The user's name, cut.
pub static COOKIE: Field = Field::text(
    "cookie",
    "the cookie's `mstshash`: mostly the first nine characters of the user's name",
    "MS-RDPBCGR 2.2.1.1",
);
/// What a load balancer wants to see again.
pub static ROUTING_TOKEN: Field = Field::text("routing_token", "the token for a load balancer", "MS-RDPBCGR 2.2.1.1");
/// What the client offers.
pub static REQUESTED: Field =
    Field::text("requested", "security protocols that the client offers; `rdp` always is", "MS-RDPBCGR 2.2.1.1.1")
        .list();
/// What was chosen.
pub static SECURITY: Field =
    Field::text("security", "the security protocol that the server chose", "MS-RDPBCGR 2.2.1.2.1");
/// What became of it.
pub static RESULT: Field = Field::text(
    "result",
    "`encrypted`: TLS follows; `success`: standard security and a conference; otherwise why the server refused",
    "MS-RDPBCGR 2.2.1.2.2, 2.2.1.4",
);
/// The client's host.
pub static CLIENT_NAME: Field = Field::text("client_name", "name of the client's host", "MS-RDPBCGR 2.2.1.3.2");
/// Its build.
pub static CLIENT_BUILD: Field = Field::number("client_build", "the client's build number", "MS-RDPBCGR 2.2.1.3.2");
/// Its keyboard.
pub static KEYBOARD: Field = Field::text(
    "keyboard",
    "keyboard layout: a Windows locale in hexadecimal (`00000407` German)",
    "MS-RDPBCGR 2.2.1.3.2",
);
/// The screen.
pub static WIDTH: Field =
    Field::number("width", "width of the screen asked for", "MS-RDPBCGR 2.2.1.3.2").unit("pixels");
/// The screen.
pub static HEIGHT: Field = Field::number("height", "its height", "MS-RDPBCGR 2.2.1.3.2").unit("pixels");
/// Channels.
pub static CHANNELS: Field = Field::text(
    "channels",
    "virtual channels asked for (`cliprdr` clipboard, `rdpdr` devices)",
    "MS-RDPBCGR 2.2.1.3.4",
)
.list();
/// How standard security encrypts.
pub static ENCRYPTION: Field = Field::text("encryption", "cipher of standard security", "MS-RDPBCGR 2.2.1.4.3");

/// The element.
pub static ELEMENT: Element = Element {
    name: "rdp",
    meaning: "Remote Desktop Protocol",
    fields: &[
        &COOKIE,
        &ROUTING_TOKEN,
        &REQUESTED,
        &SECURITY,
        &RESULT,
        &CLIENT_NAME,
        &CLIENT_BUILD,
        &KEYBOARD,
        &WIDTH,
        &HEIGHT,
        &CHANNELS,
        &ENCRYPTION,
    ],
};

/// What begins the fields of X.224's connection request and confirmation.
const REQUEST: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
/// X.224 data, last of its message.
const DATA: [u8; 3] = [2, 0xf0, 0x80];
/// Application tags 101 and 102 of BER: Connect-Initial and Connect-Response.
const CONNECT_INITIAL: [u8; 2] = [0x7f, 0x65];
const CONNECT_RESPONSE: [u8; 2] = [0x7f, 0x66];
/// The bytes of a TPKT header, and of X.224's seven with it.
const TPKT_BYTES: usize = 4;
const CONNECTION_BYTES: usize = 11;
/// The longest connection request: its length field has one byte.
const CONNECTION_CAP: usize = 4 + 1 + 254;

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    let mark = if sample.role == Role::Client { REQUEST } else { CONFIRM };
    let fits = [Some(3), Some(0), None, None, None, Some(mark), Some(0), Some(0)]
        .into_iter()
        .zip(bytes)
        .all(|(wanted, byte)| wanted.is_none_or(|wanted| wanted == *byte));
    if !fits {
        return Verdict::Reject;
    }
    let Some((length, inside)) = connection(bytes) else {
        return Verdict::NeedMore;
    };
    if !(CONNECTION_BYTES..=CONNECTION_CAP).contains(&length) || usize::from(inside) != length.saturating_sub(5) {
        return Verdict::Reject;
    }
    let Some((variable, after)) =
        bytes.split_at_checked(length).and_then(|(head, after)| Some((head.get(CONNECTION_BYTES..)?, after)))
    else {
        return Verdict::NeedMore;
    };
    let told = match sample.role {
        Role::Client => variable.starts_with(b"Cookie: mstshash=") || Offer::read(variable).protocols.is_some(),
        Role::Server => matches!(variable, [2 | 3, _, 8, 0, _, _, 0, 0]),
    };
    match (told, variable.is_empty()) {
        (true, _) => Verdict::Match,
        (false, true) => conference(sample.role, after),
        // A token in a form of its own; every other protocol over X.224 has binary parameters here.
        (false, false) if sample.role == Role::Client && variable.starts_with(b"Cookie:") => Verdict::Match,
        (false, false) => Verdict::Reject,
    }
}

/// Whether the packet after a bare connection asks for RDP's conference, or answers.
fn conference(role: Role, bytes: &[u8]) -> Verdict {
    let (tag, key) = match role {
        Role::Client => (CONNECT_INITIAL, settings::CLIENT_KEY),
        Role::Server => (CONNECT_RESPONSE, SERVER_KEY),
    };
    let wanted = [3, 0].into_iter().map(Some).chain([None, None]).chain(DATA.into_iter().chain(tag).map(Some));
    if !wanted.zip(bytes).all(|(wanted, byte)| wanted.is_none_or(|wanted| wanted == *byte)) {
        return Verdict::Reject;
    }
    let length = Reader::new(bytes.get(2..).unwrap_or_default()).be_u16().map_or(usize::MAX, usize::from);
    match memchr::memmem::find(bytes, key) {
        Some(_) => Verdict::Match,
        None if bytes.len() >= length || bytes.len() + CONNECTION_BYTES >= PROBE_BYTES => Verdict::Reject,
        None => Verdict::NeedMore,
    }
}

/// The TPKT's length and X.224's.
fn connection(bytes: &[u8]) -> Option<(usize, u8)> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    Some((usize::from(reader.be_u16()?), reader.u8()?))
}

/// The variable part of a connection request.
struct Offer<'a> {
    cookie: Option<&'a [u8]>,
    token: Option<&'a [u8]>,
    protocols: Option<u32>,
}

impl<'a> Offer<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let mut offer = Self { cookie: None, token: None, protocols: None };
        let mut rest = bytes;
        if let Some(end) = memchr::memmem::find(bytes, b"\r\n") {
            let (line, after) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            rest = after.get(2..).unwrap_or_default();
            match line.strip_prefix(b"Cookie: mstshash=") {
                Some(cookie) => offer.cookie = Some(cookie.trim_ascii()),
                None => offer.token = Some(line.strip_prefix(b"Cookie: ").unwrap_or(line)),
            }
        }
        if let Some(&[1, _, 8, 0, a, b, c, d]) = rest.first_chunk::<8>() {
            offer.protocols = Some(u32::from_le_bytes([a, b, c, d]));
        }
        offer
    }
}

#[derive(Debug, Default)]
struct Rdp {
    /// By side: its X.224 connection has passed.
    connected: [bool; 2],
    cookie: Text,
    token: Text,
    requested: Option<u32>,
    selected: Option<u32>,
    result: Option<&'static str>,
    client: Option<ClientSettings>,
    server: Option<ServerSettings>,
}

impl Rdp {
    fn connection(&mut self, role: Role, packet: &[u8]) {
        let variable = packet.get(CONNECTION_BYTES..).unwrap_or_default();
        match role {
            Role::Client => {
                let offer = Offer::read(variable);
                self.cookie = offer.cookie.map(Text::new).unwrap_or_default();
                self.token = offer.token.map(Text::new).unwrap_or_default();
                self.requested = Some(offer.protocols.unwrap_or(0));
            }
            Role::Server => match variable.first_chunk::<8>() {
                Some(&[2, _, _, _, a, b, c, d]) => self.selected = Some(u32::from_le_bytes([a, b, c, d])),
                Some(&[3, _, _, _, a, b, c, d]) => self.result = Some(failure_name(u32::from_le_bytes([a, b, c, d]))),
                _ => self.selected = Some(0),
            },
        }
        if let Some(connected) = self.connected.get_mut(role.index()) {
            *connected = true;
        }
    }

    /// A packet after the connection, without its TPKT header.
    fn packet(&mut self, role: Role, payload: &[u8]) -> Step {
        let Some(mcs) = payload.strip_prefix(&DATA) else {
            return Step::Violation;
        };
        if mcs.starts_with(&CONNECT_INITIAL) {
            self.client = Some(ClientSettings::read(mcs));
        } else if mcs.starts_with(&CONNECT_RESPONSE) {
            self.server = Some(ServerSettings::read(mcs));
            self.result = Some("success");
            return Step::Done;
        } else if role == Role::Client {
            // Its settings are long past.
            return Step::Done;
        }
        Step::Consumed(payload.len().saturating_add(TPKT_BYTES))
    }
}

impl Dissector for Rdp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        let [client, server] = self.connected;
        let connected = if chunk.role == Role::Client { client } else { server };
        // The other side's part may be missing in the capture: TLS speaks for itself.
        if (client || server) && bytes.first() == Some(&0x16) {
            self.result = Some("encrypted");
            return Step::Handover(0, Some(&tls::PROTOCOL));
        }
        let mut reader = Reader::new(bytes);
        let Some([version, _]) = reader.array() else {
            return Step::NeedMore(TPKT_BYTES);
        };
        let Some(length) = reader.be_u16().map(usize::from) else {
            return Step::NeedMore(TPKT_BYTES);
        };
        if version != 3 || length < TPKT_BYTES + 3 {
            return Step::Violation;
        }
        let Some(packet) = bytes.get(..length) else {
            return Step::NeedMore(length);
        };
        if connected {
            return self.packet(chunk.role, packet.get(TPKT_BYTES..).unwrap_or_default());
        }
        self.connection(chunk.role, packet);
        match (chunk.role, self.result, self.selected) {
            (Role::Server, Some(_), _) => Step::Done,
            (Role::Server, None, Some(1..)) => {
                self.result = Some("encrypted");
                Step::Handover(length, Some(&tls::PROTOCOL))
            }
            _ => Step::Consumed(length),
        }
    }

    /// The handshake before TLS may miss either part.
    fn gap(&mut self, role: Role, _: u64) -> Step {
        match self.connected.get_mut(role.index()) {
            Some(connected) if !*connected => {
                *connected = true;
                Step::Consumed(0)
            }
            _ => Step::Done,
        }
    }

    fn facts(&self, out: &mut Facts) {
        let cipher = self.server.as_ref().map(|server| server.encryption);
        if cipher.is_some_and(|cipher| cipher != "none") {
            out.encrypted("protocol");
        }
        let mut rdp = out.element(&ELEMENT);
        rdp.text(&COOKIE, &self.cookie);
        rdp.text(&ROUTING_TOKEN, &self.token);
        if let Some(requested) = self.requested {
            let names = PROTOCOLS.iter().filter(|(bit, _)| requested & bit != 0).map(|(_, name)| *name);
            rdp.list(&REQUESTED, std::iter::once("rdp").chain(names), 0);
        }
        if let Some(selected) = self.selected {
            let name = PROTOCOLS.iter().find(|(bit, _)| selected == *bit).map(|(_, name)| *name);
            rdp.plain(&SECURITY, name.unwrap_or(if selected == 0 { "rdp" } else { "unknown" }));
        }
        if let Some(result) = self.result {
            rdp.plain(&RESULT, result);
        }
        if let Some(client) = &self.client {
            client.facts(&mut rdp);
        }
        if let Some(cipher) = cipher {
            rdp.plain(&ENCRYPTION, cipher);
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.cookie.heap_bytes()
            + self.token.heap_bytes()
            + self.client.as_ref().map_or(0, ClientSettings::heap_bytes)
    }
}

/// Security protocols by their bits (MS-RDPBCGR 2.2.1.1.1).
const PROTOCOLS: [(u32, &str); 5] = [(1, "tls"), (2, "credssp"), (4, "rdstls"), (8, "credssp_ex"), (16, "rdsaad")];

/// Why a server refuses (MS-RDPBCGR 2.2.1.2.2).
fn failure_name(code: u32) -> &'static str {
    match code {
        1 => "tls_required",
        2 => "tls_not_allowed",
        3 => "no_certificate",
        4 => "inconsistent_flags",
        5 => "credssp_required",
        6 => "tls_with_user_auth_required",
        _ => "refused",
    }
}
