//! NTLM authentication (MS-NLMP), wherever it travels: SMB, HTTP, LDAP, DCE/RPC, SMTP, RDP.
//!
//! Three messages: NEGOTIATE (client), CHALLENGE (server), AUTHENTICATE (client). Each begins so, numbers least significant first:
//!
//! ```text
//! 0   "NTLMSSP\0"
//! 8   type: 1, 2 or 3
//! 12  fields: length (2), allocated (2), offset from the message's first byte (4), eight bytes each
//!     CHALLENGE:    target name 12, flags 20, challenge 24, target info 40, version 48
//!     AUTHENTICATE: LM response 12, NT response 20, domain 28, user 36, workstation 44, session key 52, flags 60, version 64
//! ```
//!
//! Text is UTF-16 or OEM by the first flag. The message may lie anywhere in a security blob (SPNEGO, RFC 4178, wraps it in DER): it
//! is searched by its signature. Responses and challenges are secrets of sorts and are never kept.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::reader::Reader;

/// The most different accounts kept of one session.
pub const LOGINS: usize = 8;
/// The most pairs read of a CHALLENGE's target info: eleven kinds are defined.
const TARGET_PAIRS: usize = 16;

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const FLAG_UNICODE: u32 = 0x0000_0001;
const FLAG_VERSION: u32 = 0x0200_0000;
/// The length of an NT response of NTLM version 1; those of version 2 are longer.
const V1_RESPONSE: usize = 24;

static USER: Field =
    Field::text("user", "account, an item per different authentication", "MS-NLMP 2.2.1.3").aligned().items(LOGINS);
static DOMAIN: Field =
    Field::text("domain", "the account's domain or computer", "MS-NLMP 2.2.1.3").aligned().items(LOGINS);
static HOST: Field = Field::text("host", "the client's computer name", "MS-NLMP 2.2.1.3").aligned().items(LOGINS);
static VERSION: Field = Field::text("version", "`NTLMv1` or `NTLMv2`: how the first account answered", "MS-NLMP 2.2.2");
static TARGET: Field = Field::text("target", "the server's domain or computer as it names it", "MS-NLMP 2.2.1.2");
static SERVER_HOST: Field =
    Field::text("server_host", "the server's computer name, by DNS where told", "MS-NLMP 2.2.2.1");
static SERVER_DOMAIN: Field = Field::text("server_domain", "the server's domain, by DNS where told", "MS-NLMP 2.2.2.1");
static CLIENT_BUILD: Field =
    Field::text("client_build", "the client's system version, such as `10.0.19041`", "MS-NLMP 2.2.2.10");
static SERVER_BUILD: Field =
    Field::text("server_build", "the server's system version, such as `10.0.17763`", "MS-NLMP 2.2.2.10");

/// The element that every protocol writes which carries NTLM.
pub static ELEMENT: Element = Element {
    name: "ntlm",
    meaning: "NTLM authentication inside the session's protocol",
    fields: &[&USER, &DOMAIN, &HOST, &VERSION, &TARGET, &SERVER_HOST, &SERVER_DOMAIN, &CLIENT_BUILD, &SERVER_BUILD],
};

/// Who says that they are. Every text is UTF-8 (or OEM bytes as they came) and may be empty: an anonymous login has no user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// Account.
    pub user: Text,
    /// Domain or computer of the account.
    pub domain: Text,
    /// The client's computer.
    pub host: Text,
}

impl Login {
    /// Whether nothing at all is known of it.
    pub fn is_empty(&self) -> bool {
        self.user.is_empty() && self.domain.is_empty() && self.host.is_empty()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.user.heap_bytes() + self.domain.heap_bytes() + self.host.heap_bytes()
    }
}

/// The NTLM messages of one session.
#[derive(Debug, Default)]
pub struct Exchange {
    logins: List<Login, LOGINS>,
    version: Option<&'static str>,
    target: Text,
    server_host: Text,
    server_domain: Text,
    client_build: Text,
    server_build: Text,
    /// Whether the CHALLENGE agreed on UTF-16: an old AUTHENTICATE has no flags of its own.
    unicode: bool,
}

impl Exchange {
    /// Takes a security blob. Gives the login where the blob holds an AUTHENTICATE message.
    pub fn token(&mut self, blob: &[u8]) -> Option<Login> {
        let at = memchr::memmem::find(blob, SIGNATURE)?;
        let message = blob.get(at..)?;
        match number(message, 8)? {
            2 => {
                self.challenge(message);
                None
            }
            3 => self.authenticate(message),
            _ => None,
        }
    }

    /// The first account that was named.
    pub fn user(&self) -> Option<&Text> {
        self.logins.items().iter().map(|login| &login.user).find(|user| !user.is_empty())
    }

    /// Writes the `ntlm` element, and names the account where nothing else has.
    pub fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        let logins = self.logins.items();
        let columns = [
            (&USER, (|login| &login.user) as fn(&Login) -> &Text),
            (&DOMAIN, |login| &login.domain),
            (&HOST, |login| &login.host),
        ];
        for (field, column) in columns {
            if logins.iter().any(|login| !column(login).is_empty()) {
                element.list(field, logins.iter().map(column), self.logins.omitted());
            }
        }
        if let Some(version) = self.version {
            element.plain(&VERSION, version);
        }
        element.text(&TARGET, &self.target);
        element.text(&SERVER_HOST, &self.server_host);
        element.text(&SERVER_DOMAIN, &self.server_domain);
        element.text(&CLIENT_BUILD, &self.client_build);
        element.text(&SERVER_BUILD, &self.server_build);
        if let Some(user) = self.user() {
            out.user(user);
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let texts = [&self.target, &self.server_host, &self.server_domain, &self.client_build, &self.server_build];
        self.logins.items().iter().map(|login| size_of::<Login>() + login.heap_bytes()).sum::<usize>()
            + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
    }

    fn challenge(&mut self, message: &[u8]) {
        let Some(flags) = number(message, 20) else {
            return;
        };
        self.unicode = flags & FLAG_UNICODE != 0;
        keep(&mut self.target, field(message, 12).map(|bytes| text(bytes, self.unicode)));
        if flags & FLAG_VERSION != 0 {
            keep(&mut self.server_build, build(message, 48));
        }
        let (mut names, mut pairs) = ([const { None }; 5], Reader::new(field(message, 40).unwrap_or_default()));
        for _ in 0..TARGET_PAIRS {
            let (Some(kind @ 1..), Some(length)) = (pairs.le_u16(), pairs.le_u16()) else {
                break;
            };
            let Some(value) = pairs.take(usize::from(length)) else {
                break;
            };
            if let Some(name) = names.get_mut(usize::from(kind)) {
                *name = Some(utf16(value));
            }
        }
        let [_, netbios_host, netbios_domain, dns_host, dns_domain] = names;
        // The first that says anything: a server without a domain gives an empty name, or a NUL.
        for (slot, pair) in
            [(&mut self.server_host, [dns_host, netbios_host]), (&mut self.server_domain, [dns_domain, netbios_domain])]
        {
            keep(slot, pair.into_iter().flatten().find(|name| !matches!(name.bytes(), b"" | b"\0")));
        }
    }

    fn authenticate(&mut self, message: &[u8]) -> Option<Login> {
        let (domain, user, host) = (field(message, 28)?, field(message, 36)?, field(message, 44)?);
        // Flags and version are missing where what the fields point at begins before them.
        let payload = [12, 20, 28, 36, 44]
            .iter()
            .filter(|at| field(message, **at).is_some_and(|bytes| !bytes.is_empty()))
            .filter_map(|at| number(message, at + 4))
            .min()?;
        let flags = number(message, 60).filter(|_| payload >= 64);
        let unicode = flags.map_or(self.unicode, |flags| flags & FLAG_UNICODE != 0);
        let login = Login { user: text(user, unicode), domain: text(domain, unicode), host: text(host, unicode) };
        if flags.is_some_and(|flags| flags & FLAG_VERSION != 0) && payload >= 72 {
            keep(&mut self.client_build, build(message, 64));
        }
        if !login.user.is_empty() && self.version.is_none() {
            self.version = match field(message, 20).map_or(0, <[u8]>::len) {
                0 => None,
                length if length <= V1_RESPONSE => Some("NTLMv1"),
                _ => Some("NTLMv2"),
            };
        }
        if !login.is_empty() {
            self.logins.push_distinct(login.clone());
        }
        Some(login)
    }
}

/// UTF-16, least significant byte first, as UTF-8; what is no character becomes U+FFFD.
pub fn utf16(bytes: &[u8]) -> Text {
    Text::new(utf16_string(bytes).as_bytes())
}

/// As [`utf16`], without a cap: for callers that bound `bytes` and cap the result themselves.
pub fn utf16_string(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    // Nearly all of it is ASCII.
    let mut ascii = Vec::with_capacity(units.len());
    ascii.extend(units.iter().map_while(|[low, high]| (*high == 0 && low.is_ascii()).then_some(*low)));
    let others = units.get(ascii.len()..).unwrap_or_default().iter().map(|unit| u16::from_le_bytes(*unit));
    let mut text = String::from_utf8(ascii).unwrap_or_default();
    text.extend(char::decode_utf16(others).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text
}

fn text(bytes: &[u8], unicode: bool) -> Text {
    if unicode { utf16(bytes) } else { Text::new(bytes) }
}

/// Keeps a value where none is known yet: the first one told stays.
fn keep(slot: &mut Text, value: Option<Text>) {
    if let Some(value) = value
        && slot.is_empty()
    {
        *slot = value;
    }
}

fn number(message: &[u8], at: usize) -> Option<u32> {
    Reader::new(message.get(at..)?).le_u32()
}

/// What the field descriptor at `at` points to.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let mut descriptor = Reader::new(message.get(at..)?);
    let length = usize::from(descriptor.le_u16()?);
    descriptor.skip(2)?;
    let offset = usize::try_from(descriptor.le_u32()?).ok()?;
    if length == 0 {
        return Some(&[]);
    }
    message.get(offset..offset.checked_add(length)?)
}

/// A system version: major, minor, build.
fn build(message: &[u8], at: usize) -> Option<Text> {
    let mut version = Reader::new(message.get(at..)?);
    let (major, minor, build) = (version.u8()?, version.u8()?, version.le_u16()?);
    (major != 0).then(|| Text::from(format!("{major}.{minor}.{build}").as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An AUTHENTICATE message with domain, user and workstation after a header of `header` bytes.
    fn authenticate(header: usize, flags: u32, texts: [&[u8]; 3]) -> Vec<u8> {
        let mut message = SIGNATURE.to_vec();
        message.extend(3u32.to_le_bytes());
        let mut payload = Vec::new();
        for content in [&[0u8; 24][..], &[0u8; 24], texts[0], texts[1], texts[2]] {
            let length = content.len() as u16;
            message.extend(length.to_le_bytes());
            message.extend(length.to_le_bytes());
            message.extend(((header + payload.len()) as u32).to_le_bytes());
            payload.extend_from_slice(content);
        }
        message.extend([0; 8]);
        message.extend(flags.to_le_bytes());
        message.resize(header, 0);
        message.extend(payload);
        message
    }

    #[test]
    fn the_first_account_is_named() {
        let mut exchange = Exchange::default();
        for name in [&b""[..], b"anna", b"bert"] {
            exchange.token(&authenticate(64, 0, [b"D", name, b"PC"]));
        }
        let mut facts = Facts::default();
        exchange.facts(&mut facts);
        assert_eq!(facts.named_user().map(Text::bytes), Some(&b"anna"[..]));
    }

    #[test]
    fn text_is_utf16_or_oem_by_the_flag_and_found_inside_a_blob() {
        let mut blob = b"\xa1\x81\x90 some DER ".to_vec();
        blob.extend(authenticate(72, FLAG_UNICODE, [b"D\0", b"\xe9\0x\0", b"\x00\xd8"]));
        let login = Exchange::default().token(&blob).unwrap();
        assert_eq!((login.domain.bytes(), login.user.bytes()), (&b"D"[..], "éx".as_bytes()));
        assert_eq!(login.host.bytes(), "\u{fffd}".as_bytes());
        let login = Exchange::default().token(&authenticate(64, 0, [b"D", b"anna", b"PC"])).unwrap();
        assert_eq!((login.user.bytes(), login.host.bytes()), (&b"anna"[..], &b"PC"[..]));
    }

    #[test]
    fn an_old_message_without_flags_goes_by_the_challenge() {
        let mut exchange = Exchange { unicode: true, ..Exchange::default() };
        let login = exchange.token(&authenticate(60, 0, [b"", b"a\0b\0", b""])).unwrap();
        assert_eq!(login.user.bytes(), b"ab");
    }

    #[test]
    fn a_field_that_points_outside_is_no_login() {
        let whole = authenticate(72, FLAG_UNICODE, [b"D\0", b"u\0", b"h\0"]);
        for cut in 0..whole.len() {
            assert_eq!(Exchange::default().token(&whole[..cut]), None, "cut at {cut}");
        }
    }
}
