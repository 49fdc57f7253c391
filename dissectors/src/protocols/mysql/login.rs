//! The two messages that begin a session: the server's greeting and the client's login.
//!
//! ```text
//! greeting 10   10, version NUL, thread (4), scramble (8), 0, capabilities (2), charset (1), status (2), more capabilities (2),
//!               scramble's length (1), 0 (6), more capabilities of MariaDB (4), scramble, method NUL
//! greeting 9    9, version NUL, thread (4), scramble NUL
//! login 4.1     capabilities (4), largest packet (4), charset (1), 0 (19), more capabilities of MariaDB (4), user NUL,
//!               answer, database NUL, method NUL, attributes
//! login 3.20    capabilities (2), largest packet (3), user NUL, answer NUL, database NUL
//! ```
//!
//! Sources: "Protocol::Handshake" and "Protocol::HandshakeResponse" of MySQL's source documentation, "Connection" of MariaDB's.
//! Scrambles and answers are passed over.

use super::packet::{capability, number, string, to_zero};
use crate::reader::Reader;

/// A request for TLS is the login's first bytes alone.
pub const SSL_REQUEST: usize = 32;
/// The zero bytes in a login and in a request for TLS.
const LOGIN_ZEROS: usize = 19;
/// The longest version that is believed.
const VERSION_BYTES: usize = 128;
/// The most attributes read.
const ATTRIBUTES: usize = 64;

/// What a greeting tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Greeting<'a> {
    pub version: &'a [u8],
    pub capabilities: u32,
    pub method: &'a [u8],
}

/// Reads a greeting; `None` where it is none.
pub fn greeting(payload: &[u8]) -> Option<Greeting<'_>> {
    let mut reader = Reader::new(payload);
    let protocol = reader.u8()?;
    let version = reader.until(0)?;
    let fits = (3..=VERSION_BYTES).contains(&version.len())
        && version.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && version.iter().any(u8::is_ascii_digit);
    if !fits {
        return None;
    }
    reader.skip(4)?;
    if protocol == 9 {
        let scramble = reader.until(0)?;
        return (scramble.len() == 8 && reader.is_empty()).then_some(Greeting {
            version,
            capabilities: 0,
            method: b"",
        });
    }
    reader.skip(8)?;
    if protocol != 10 || reader.u8()? != 0 {
        return None;
    }
    let low = reader.le_u16()?;
    let Some([_charset, _, _, high @ .., _length]) = reader.array::<6>() else {
        // The shortest greeting ends here.
        return reader.is_empty().then_some(Greeting { version, capabilities: low.into(), method: b"" });
    };
    let capabilities = u32::from(low) | u32::from(u16::from_le_bytes(high)) << 16;
    if reader.take(6)? != [0; 6] {
        return None;
    }
    reader.skip(4)?;
    reader.until(0);
    let method = if capabilities & capability::PLUGIN_AUTH != 0 { to_zero(&mut reader) } else { b"" };
    Some(Greeting { version, capabilities, method })
}

/// What a login tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Login<'a> {
    pub capabilities: u32,
    /// It is the request alone: TLS follows.
    pub tls: bool,
    pub user: &'a [u8],
    pub database: &'a [u8],
    pub method: &'a [u8],
    /// `program_name`.
    pub program: &'a [u8],
    /// `_client_name` and `_client_version`.
    pub client: [&'a [u8]; 2],
    /// `_os` and `_platform`.
    pub system: [&'a [u8]; 2],
    /// It was read to its end.
    pub whole: bool,
}

/// Whether a login of the protocol 4.1 may begin so: its capabilities say so, and its zeros are zero as far as they are there.
pub fn may_begin(payload: &[u8]) -> bool {
    let said = payload.get(1).is_none_or(|byte| byte & (capability::PROTOCOL_41 >> 8) as u8 != 0);
    let charset = payload.get(8).is_none_or(|charset| *charset != 0);
    let zeros = payload.get(9..).unwrap_or_default();
    said && charset && zeros.iter().take(LOGIN_ZEROS).all(|byte| *byte == 0)
}

/// Reads a login as far as it goes; `None` where it is none.
pub fn login(payload: &[u8]) -> Option<Login<'_>> {
    let mut reader = Reader::new(payload);
    let low = reader.le_u16()?;
    let mut login = Login { capabilities: low.into(), ..Login::default() };
    if u32::from(low) & capability::PROTOCOL_41 == 0 {
        if u32::from(low) & capability::SSL != 0 && (payload.len() == 5 || payload.len() == SSL_REQUEST) {
            login.tls = true;
            return Some(login);
        }
        reader.skip(3)?;
        login.user = reader.until(0)?;
        let answer = to_zero(&mut reader);
        login.database = to_zero(&mut reader);
        let printable = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x80..));
        login.whole = true;
        return (matches!(answer.len(), 0 | 8) && printable(login.user) && printable(login.database)).then_some(login);
    }
    if !may_begin(payload) {
        return None;
    }
    login.capabilities |= u32::from(reader.le_u16()?) << 16;
    reader.skip(SSL_REQUEST - 4)?;
    let can = |bit: u32| login.capabilities & bit != 0;
    if reader.is_empty() {
        login.tls = can(capability::SSL);
        return login.tls.then_some(login);
    }
    let user = reader.until(0)?;
    let answer = if can(capability::AUTH_LENGTH) {
        string(&mut reader)
    } else if can(capability::SECURE_CONNECTION) {
        reader.u8().and_then(|length| reader.take(length.into()))
    } else {
        Some(to_zero(&mut reader))
    };
    let (with_database, with_method, with_attributes) =
        (can(capability::CONNECT_WITH_DB), can(capability::PLUGIN_AUTH), can(capability::CONNECT_ATTRS));
    login.user = user;
    if answer.is_none() {
        return Some(login);
    }
    if with_database {
        login.database = to_zero(&mut reader);
    }
    if with_method {
        login.method = to_zero(&mut reader);
    }
    if with_attributes {
        attributes(&mut login, reader);
    }
    login.whole = true;
    Some(login)
}

fn attributes<'a>(login: &mut Login<'a>, mut reader: Reader<'a>) {
    let Some(length) = number(&mut reader) else {
        return;
    };
    let mut pairs = Reader::new(reader.take(usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(reader.rest()));
    for _ in 0..ATTRIBUTES {
        let (Some(name), Some(value)) = (string(&mut pairs), string(&mut pairs)) else {
            return;
        };
        let ([client, version], [os, platform]) = (&mut login.client, &mut login.system);
        match name {
            b"program_name" => login.program = value,
            b"_client_name" => *client = value,
            b"_client_version" => *version = value,
            b"_os" => *os = value,
            b"_platform" => *platform = value,
            _ => {}
        }
    }
}
