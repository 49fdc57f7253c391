//! Secrets in heads: the account in credentials (RFC 7617, RFC 7616; NTLM as MS-NTHT 2.1 has it), and what must not leave the sensor in URIs.

use std::borrow::Cow;

use super::naming::{authority, percent_decode};
use crate::capped::{TEXT_CAP, Text};
use crate::reader::Reader;

/// The most bytes of credentials that are decoded: a user as long as a field may be beside a password, or an NTLM message.
const CREDENTIALS_CAP: usize = 16 * TEXT_CAP;

/// Words in the name of a parameter whose value is a secret.
const SECRET_WORDS: &[&[u8]] = &[b"password", b"passwd", b"pwd", b"token", b"secret", b"key", b"session"];
/// Those of them that name a password.
const PASSWORD_WORDS: &[&[u8]] = &[b"password", b"passwd", b"pwd"];

/// The account that credentials name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// Its name.
    pub user: Text,
    /// A password stood beside it in clear text.
    pub cleartext: bool,
}

/// Reads the value of Authorization or Proxy-Authorization.
pub(super) fn account(credentials: &[u8]) -> Option<Account> {
    let space = credentials.iter().position(u8::is_ascii_whitespace)?;
    let (scheme, rest) = credentials.split_at_checked(space)?;
    let rest = rest.trim_ascii();
    let coded = rest.get(..CREDENTIALS_CAP).unwrap_or(rest);
    if scheme.eq_ignore_ascii_case(b"basic") {
        return named(&base64(coded));
    }
    if scheme.eq_ignore_ascii_case(b"ntlm") || scheme.eq_ignore_ascii_case(b"negotiate") {
        let user = ntlm_user(&base64(coded))?;
        return Some(Account { user: Text::new(&user), cleartext: false });
    }
    if scheme.eq_ignore_ascii_case(b"digest") {
        // The parameters are separated by commas; a quoted comma would only cut a user's name short.
        let user = rest.split(|&byte| byte == b',').find_map(|item| {
            let item = item.trim_ascii();
            let name = item.get(..8).filter(|name| name.eq_ignore_ascii_case(b"username"))?;
            let value = item.get(name.len()..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii();
            Some(value.strip_prefix(b"\"").map_or(value, |value| value.strip_suffix(b"\"").unwrap_or(value)))
        })?;
        return Some(Account { user: Text::new(user), cleartext: false });
    }
    None
}

/// The account in an absolute URI.
pub(super) fn account_of_uri(uri: &[u8]) -> Option<Account> {
    let (authority, _) = authority(uri);
    let at = authority.iter().rposition(|&byte| byte == b'@')?;
    named(authority.get(..at)?)
}

/// Splits `user:password` at its first colon.
fn named(pair: &[u8]) -> Option<Account> {
    let mut halves = pair.splitn(2, |&byte| byte == b':');
    let (user, password) = (halves.next()?, halves.next().unwrap_or_default());
    (!pair.is_empty()).then(|| Account { user: Text::new(user), cleartext: !password.is_empty() })
}

/// The user in an NTLM AUTHENTICATE message (MS-NLMP 2.2.1.3), as UTF-8.
///
/// ```text
/// "NTLMSSP\0"  3u32  6 * (length u16, room u16, offset u32): LM, NT, domain, user, workstation, key  flags u32
/// ```
fn ntlm_user(message: &[u8]) -> Option<Vec<u8>> {
    const UNICODE: u32 = 1;
    let mut reader = Reader::new(message);
    if reader.take(8)? != b"NTLMSSP\0" || reader.le_u32()? != 3 {
        return None;
    }
    reader.skip(24)?;
    let (length, _, offset) = (reader.le_u16()?, reader.le_u16()?, reader.le_u32()?);
    reader.skip(16)?;
    let flags = reader.le_u32()?;
    let user = message.get(usize::try_from(offset).ok()?..)?.get(..usize::from(length))?;
    if user.is_empty() || flags & UNICODE == 0 {
        return (!user.is_empty()).then(|| user.to_vec());
    }
    let units = user.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
    Some(
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect::<String>()
            .into_bytes(),
    )
}

/// Decodes base64 up to the first byte that is none.
fn base64(text: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (Vec::with_capacity(text.len() * 3 / 4), 0u32, 0u32);
    for &byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = (bits << 6) | u32::from(six);
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            out.push((bits >> held).to_le_bytes()[0]);
        }
    }
    out
}

/// Whether a URI's query holds a password.
pub(super) fn has_password(uri: &[u8]) -> bool {
    pieces(uri).any(
        |piece| matches!(piece, Piece::Value { name, value } if !value.is_empty() && has_word(name, PASSWORD_WORDS)),
    )
}

/// A URI with `*` for the password of its authority and for each value of a secret parameter.
pub(super) fn redacted(uri: &[u8]) -> Cow<'_, [u8]> {
    let hides = |piece: &Piece<'_>| match piece {
        Piece::Value { name, value } => !value.is_empty() && has_word(name, SECRET_WORDS),
        Piece::Password => true,
        Piece::Open(_) => false,
    };
    if !pieces(uri).any(|piece| hides(&piece)) {
        return Cow::Borrowed(uri);
    }
    let mut out = Vec::with_capacity(uri.len());
    for piece in pieces(uri) {
        match piece {
            Piece::Open(open) => out.extend_from_slice(open),
            Piece::Value { value, .. } if !hides(&piece) => out.extend_from_slice(value),
            Piece::Value { .. } | Piece::Password => out.push(b'*'),
        }
    }
    Cow::Owned(out)
}

/// A URI in pieces: what may always be told, and what may be secret.
#[derive(Debug)]
enum Piece<'a> {
    Open(&'a [u8]),
    Value { name: &'a [u8], value: &'a [u8] },
    Password,
}

/// Cuts a URI into pieces, every byte in exactly one of them.
fn pieces(uri: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let (head, password, rest) = split_password(uri);
    let query = rest.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
    let (path, query) = rest.split_at_checked(query).unwrap_or((rest, &[]));
    let parameters = query.split_inclusive(|byte| matches!(byte, b'?' | b'#' | b'&' | b';')).flat_map(|parameter| {
        let (body, separator) = match parameter.split_last() {
            Some((b'?' | b'#' | b'&' | b';', body)) => (body, parameter.get(body.len()..).unwrap_or_default()),
            _ => (parameter, &[][..]),
        };
        let name = body.iter().position(|&byte| byte == b'=').unwrap_or(body.len());
        let (open, value) = body.split_at_checked(name.saturating_add(1)).unwrap_or((body, &[]));
        let name = body.get(..name).unwrap_or_default();
        [Piece::Open(open), Piece::Value { name, value }, Piece::Open(separator)]
    });
    [Piece::Open(head)]
        .into_iter()
        .chain(password.then_some(Piece::Password))
        .chain([Piece::Open(path)])
        .chain(parameters)
}

/// Splits a URI before and after the password in its authority, if there is one.
fn split_password(uri: &[u8]) -> (&[u8], bool, &[u8]) {
    let (authority, after) = authority(uri);
    let before = uri.len().saturating_sub(after.len()).saturating_sub(authority.len());
    let password = authority.iter().rposition(|&byte| byte == b'@').and_then(|at| {
        let colon = authority.iter().take(at).position(|&byte| byte == b':')?;
        let head = uri.get(..before.saturating_add(colon).saturating_add(1))?;
        Some((head, true, uri.get(before.saturating_add(at)..)?))
    });
    password.unwrap_or((&[], false, uri))
}

/// Whether one of the words of a parameter's name is on a list: `access_token`, `user[password]`, `API-Key`.
fn has_word(name: &[u8], words: &[&[u8]]) -> bool {
    let name = percent_decode(name);
    name.split(|byte| !byte.is_ascii_alphanumeric())
        .any(|word| words.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_name_the_user_and_never_the_password() {
        let told = |value: &str| account(value.as_bytes()).map(|a| (a.user.bytes().to_vec(), a.cleartext));
        assert_eq!(told("Basic YWxpY2U6czM6eA=="), Some((b"alice".to_vec(), true)));
        assert_eq!(told("basic YWxpY2U6"), Some((b"alice".to_vec(), false)));
        assert_eq!(told("Basic !!"), None);
        assert_eq!(told("Digest realm=\"r\", username=\"bob\", nonce=\"n\""), Some((b"bob".to_vec(), false)));
        assert_eq!(told("Bearer abc"), None);
        assert_eq!(
            told(
                "NTLM TlRMTVNTUAADAAAAAAAAAEAAAAAAAAAAQAAAAAAAAABAAAAABgAGAEAAAAAAAAAARgAAAAAAAABGAAAAAQAAAGUAdgBlAA=="
            ),
            Some((b"eve".to_vec(), false))
        );
        assert_eq!(account_of_uri(b"http://carol:pw@host/").map(|a| a.cleartext), Some(true));
        assert_eq!(account_of_uri(b"/path@x:y"), None);
    }

    #[test]
    fn secrets_in_a_uri_are_replaced() {
        for (uri, told) in [
            ("/login?user=a&password=b&x=1", "/login?user=a&password=*&x=1"),
            ("/?Token=abc#session=1", "/?Token=*#session=*"),
            ("/?access_token=1;api-key=2;user%5Bpass%77ord%5D=3", "/?access_token=*;api-key=*;user%5Bpass%77ord%5D=*"),
            ("http://user:pw@host/p?key=", "http://user:*@host/p?key="),
            ("http://user@host:80/", "http://user@host:80/"),
            ("/a?monkey=1&keys=2", "/a?monkey=1&keys=2"),
            ("/password=1", "/password=1"),
            ("/a?b?password=1=2&c", "/a?b?password=*&c"),
            ("", ""),
        ] {
            assert_eq!(redacted(uri.as_bytes()).as_ref(), told.as_bytes(), "{uri}");
            let whole: Vec<u8> = pieces(uri.as_bytes())
                .flat_map(|piece| match piece {
                    Piece::Open(bytes) | Piece::Value { value: bytes, .. } => bytes.to_vec(),
                    Piece::Password => b"pw".to_vec(),
                })
                .collect();
            assert_eq!(whole, uri.as_bytes());
        }
        assert!(has_password(b"/?pwd=x") && !has_password(b"/?pwd=&token=x"));
    }
}
