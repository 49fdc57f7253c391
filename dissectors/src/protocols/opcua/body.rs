//! The bodies of OPC UA's messages, as far as they name somebody (OPC 10000-6 5.2, 10000-4 5 and 7).
//!
//! ```text
//! node        00 id:1   01 namespace:1 id:2   02 namespace:2 id:4   03 namespace:2 string   04 namespace:2 guid:16   05 namespace:2 bytes
//! string      length:4 (ffffffff: none) bytes
//! request     token: a node, time:8 handle:4 diagnostics:4 audit: a string, timeout:4 more: an object
//! answer      time:8 handle:4 result:4 diagnostics:1 strings: an array, more: an object
//! object      type: a node, 00 nothing or 01 bytes or 02 XML
//! ```

use super::Token;
use crate::reader::Reader;

/// Types of messages in binary encoding (OPC 10000-6 A.3).
const FAULT: u32 = 397;
const GET_ENDPOINTS_ANSWER: u32 = 431;
const OPEN: u32 = 446;
const CREATE_SESSION: u32 = 461;
const CREATE_SESSION_ANSWER: u32 = 464;
const ACTIVATE_SESSION: u32 = 467;
/// Types of tokens.
const ANONYMOUS: u32 = 321;
const USERNAME: u32 = 324;
const CERTIFICATE: u32 = 327;
const ISSUED: u32 = 940;
/// The highest type of a message that is believed to be one.
const TYPE_MAX: u32 = 20_000;
/// The most items of an array that are passed over.
const ITEMS: u32 = 64;

/// Who an application is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Application<'a> {
    pub uri: &'a [u8],
    pub product: &'a [u8],
    pub name: &'a [u8],
}

/// A client's wish for a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session<'a> {
    pub client: Application<'a>,
    pub endpoint: &'a [u8],
    pub name: &'a [u8],
}

/// A body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body<'a> {
    OpenRequest { mode: u32 },
    CreateSession(Session<'a>),
    Server(Application<'a>),
    Activate { token: Token, user: &'a [u8], password: bool },
    Fault(u32),
    Other,
}

impl<'a> Body<'a> {
    /// Reads a body and its type. `None` where it is none: it is encrypted, or cut before its type.
    pub(super) fn read(reader: &mut Reader<'a>) -> Option<(u32, Self)> {
        // Types of messages are numbers of the namespace 0.
        let kind = match reader.u8()? {
            0 => u32::from(reader.u8()?),
            1 if reader.u8()? == 0 => u32::from(reader.le_u16()?),
            2 if reader.le_u16()? == 0 => reader.le_u32()?,
            _ => return None,
        };
        if !(1..TYPE_MAX).contains(&kind) {
            return None;
        }
        let body = match kind {
            FAULT => answer(reader).map(Self::Fault),
            OPEN => open(reader),
            CREATE_SESSION => create(reader).map(Self::CreateSession),
            CREATE_SESSION_ANSWER => created(reader).map(Self::Server),
            GET_ENDPOINTS_ANSWER => answer(reader).and_then(|_| endpoint(reader)).map(Self::Server),
            ACTIVATE_SESSION => activate(reader),
            _ => Some(Self::Other),
        };
        Some((kind, body.unwrap_or(Self::Other)))
    }
}

/// A string or bytes; none at all are empty.
pub(super) fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    match reader.le_u32()? {
        u32::MAX => Some(&[]),
        length => reader.take(length as usize),
    }
}

/// A node's number in the namespace 0, or 0.
fn node(reader: &mut Reader<'_>) -> Option<u32> {
    let number = match reader.u8()? & 0x3f {
        0 => u32::from(reader.u8()?),
        1 => {
            let namespace = reader.u8()?;
            let number = u32::from(reader.le_u16()?);
            if namespace == 0 { number } else { 0 }
        }
        2 => {
            let namespace = reader.le_u16()?;
            let number = reader.le_u32()?;
            if namespace == 0 { number } else { 0 }
        }
        3 | 5 => {
            reader.skip(2)?;
            string(reader)?;
            0
        }
        4 => {
            reader.skip(18)?;
            0
        }
        _ => return None,
    };
    Some(number)
}

/// An object's type and content.
fn object<'a>(reader: &mut Reader<'a>) -> Option<(u32, &'a [u8])> {
    let kind = node(reader)?;
    let content = match reader.u8()? {
        0 => &[][..],
        1 | 2 => string(reader)?,
        _ => return None,
    };
    Some((kind, content))
}

/// Passes over an array of strings.
fn strings(reader: &mut Reader<'_>) -> Option<()> {
    match reader.le_u32()? {
        u32::MAX => {}
        count => {
            for _ in 0..Some(count).filter(|count| *count <= ITEMS)? {
                string(reader)?;
            }
        }
    }
    Some(())
}

/// Text with its language.
fn localized<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mask = reader.u8()?;
    if mask & 1 != 0 {
        string(reader)?;
    }
    if mask & 2 != 0 { string(reader) } else { Some(&[]) }
}

/// Passes over a request's header.
fn request(reader: &mut Reader<'_>) -> Option<()> {
    node(reader)?;
    reader.skip(16)?;
    string(reader)?;
    reader.skip(4)?;
    object(reader).map(|_| ())
}

/// Passes over an answer's header and gives its result.
fn answer(reader: &mut Reader<'_>) -> Option<u32> {
    reader.skip(12)?;
    let result = reader.le_u32()?;
    // Diagnostics are hardly ever asked for; what they are made of varies.
    if reader.u8()? != 0 {
        return Some(result);
    }
    strings(reader)?;
    object(reader)?;
    Some(result)
}

fn application<'a>(reader: &mut Reader<'a>) -> Option<Application<'a>> {
    let (uri, product) = (string(reader)?, string(reader)?);
    let name = localized(reader)?;
    reader.skip(4)?;
    string(reader)?;
    string(reader)?;
    strings(reader)?;
    Some(Application { uri, product, name })
}

fn open<'a>(reader: &mut Reader<'a>) -> Option<Body<'a>> {
    request(reader)?;
    reader.skip(8)?;
    Some(Body::OpenRequest { mode: reader.le_u32()? })
}

fn create<'a>(reader: &mut Reader<'a>) -> Option<Session<'a>> {
    request(reader)?;
    let client = application(reader)?;
    string(reader)?;
    Some(Session { client, endpoint: string(reader)?, name: string(reader)? })
}

fn created<'a>(reader: &mut Reader<'a>) -> Option<Application<'a>> {
    answer(reader)?;
    node(reader)?;
    node(reader)?;
    reader.skip(8)?;
    string(reader)?;
    string(reader)?;
    endpoint(reader)
}

/// The server of an array's first endpoint.
fn endpoint<'a>(reader: &mut Reader<'a>) -> Option<Application<'a>> {
    if matches!(reader.le_u32()?, 0 | u32::MAX) {
        return None;
    }
    string(reader)?;
    application(reader)
}

fn activate<'a>(reader: &mut Reader<'a>) -> Option<Body<'a>> {
    request(reader)?;
    string(reader)?;
    string(reader)?;
    // Certificates of software, signed, are an array that no client fills any more.
    if !matches!(reader.le_u32()?, 0 | u32::MAX) {
        return None;
    }
    strings(reader)?;
    let (kind, content) = object(reader)?;
    let mut content = Reader::new(content);
    let (token, user, password) = match kind {
        ANONYMOUS | 0 => (Token::Anonymous, &[][..], false),
        USERNAME => {
            string(&mut content)?;
            let (user, password) = (string(&mut content)?, string(&mut content)?);
            let algorithm = string(&mut content)?;
            (Token::Username, user, !password.is_empty() && algorithm.is_empty())
        }
        CERTIFICATE => (Token::Certificate, &[][..], false),
        ISSUED => (Token::Issued, &[][..], false),
        _ => return None,
    };
    Some(Body::Activate { token, user, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_every_form_are_read() {
        for (bytes, number) in [
            (&b"\0\x07"[..], 7),
            (b"\x01\0\xbe\x01", 446),
            (b"\x01\x01\xbe\x01", 0),
            (b"\x02\0\0\x01\0\0\0", 1),
            (b"\x03\x01\0\x02\0\0\0ab", 0),
            (b"\x05\x01\0\xff\xff\xff\xff", 0),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!((node(&mut reader), reader.len()), (Some(number), 0), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_encrypted_has_no_type() {
        assert!(Body::read(&mut Reader::new(b"\x9c\x11\x22\x33")).is_none());
        assert!(Body::read(&mut Reader::new(b"\x01\x07\x22\x33")).is_none());
    }
}
