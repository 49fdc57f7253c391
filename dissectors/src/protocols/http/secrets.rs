//! Secrets in heads: the account in credentials (RFC 7617, RFC 7616), the tokens of NTLM and Negotiate (MS-NTHT 2.1, RFC 4559 4),
//! and what must not leave the sensor in URIs.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::naming::{authority, percent_decode};
use crate::capped::{TEXT_CAP, Text};
use crate::lenient;

/// The most bytes of credentials that are decoded: a user as long as a field may be beside a password, or an NTLM message.
/// Whole groups of four characters.
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

/// Reads the account that the value of Authorization or Proxy-Authorization names by itself.
pub(super) fn account(credentials: &[u8]) -> Option<Account> {
    let (scheme, rest) = scheme(credentials)?;
    if scheme.eq_ignore_ascii_case(b"basic") {
        return named(&decoded(rest));
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

/// The security token of NTLM or Negotiate in the value of Authorization, WWW-Authenticate or a proxy's field of that kind.
pub(super) fn token(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = scheme(value)?;
    let known = scheme.eq_ignore_ascii_case(b"ntlm") || scheme.eq_ignore_ascii_case(b"negotiate");
    known.then(|| decoded(rest))
}

/// Splits credentials or a challenge into its scheme and what follows.
fn scheme(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = value.iter().position(u8::is_ascii_whitespace)?;
    let (scheme, rest) = value.split_at_checked(space)?;
    Some((scheme, rest.trim_ascii()))
}

/// Decodes base64 up to the first byte that is none, padded or not.
fn decoded(text: &[u8]) -> Vec<u8> {
    let text = text.get(..CREDENTIALS_CAP).unwrap_or(text);
    let coded = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).count();
    // One character alone holds no byte.
    let coded = if coded % 4 == 1 { coded.saturating_sub(1) } else { coded };
    lenient::base64(text.get(..coded).unwrap_or_default()).unwrap_or_default()
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
    let query = memchr2(b'?', b'#', rest).unwrap_or(rest.len());
    let (path, mut query) = rest.split_at_checked(query).unwrap_or((rest, &[]));
    let parameters = std::iter::from_fn(move || {
        let end = separator(query).map_or(query.len(), |at| at.saturating_add(1));
        let (parameter, after) = query.split_at_checked(end).filter(|_| end > 0)?;
        query = after;
        Some(parameter)
    });
    let parameters = parameters.flat_map(|parameter| {
        let (body, separator) = match parameter.split_last() {
            Some((b'?' | b'#' | b'&' | b';', body)) => (body, parameter.get(body.len()..).unwrap_or_default()),
            _ => (parameter, &[][..]),
        };
        let name = memchr(b'=', body).unwrap_or(body.len());
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

/// Where the first byte stands that separates parameters: one search for three of them, and one before what it found for the fourth.
fn separator(query: &[u8]) -> Option<usize> {
    let found = memchr3(b'?', b'&', b';', query);
    memchr(b'#', found.and_then(|at| query.get(..at)).unwrap_or(query)).or(found)
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
        assert_eq!(told("NTLM TlRMTVNTUAABAAAA"), None);
        assert_eq!(account_of_uri(b"http://carol:pw@host/").map(|a| a.cleartext), Some(true));
        assert_eq!(account_of_uri(b"/path@x:y"), None);
    }

    #[test]
    fn base64_is_read_up_to_what_is_none() {
        for (coded, plain) in [
            ("YWxpY2U=", &b"alice"[..]),
            ("YWxpY2U", b"alice"),
            ("YWxpY2V", b"alice"),
            ("YWxpY2U= more", b"alice"),
            ("YWxpY", b"ali"),
            ("Y", b""),
            ("", b""),
        ] {
            assert_eq!(decoded(coded.as_bytes()), plain, "{coded}");
        }
        assert_eq!(decoded(&[b'A'; 2 * CREDENTIALS_CAP]).len(), CREDENTIALS_CAP / 4 * 3);
    }

    #[test]
    fn a_token_is_of_ntlm_or_negotiate() {
        assert_eq!(token(b"NTLM YWJj"), Some(b"abc".to_vec()));
        assert_eq!(token(b"negotiate  YWJj"), Some(b"abc".to_vec()));
        for other in ["Negotiate", "Negotiate, NTLM", "Basic YWJj", ""] {
            assert_eq!(token(other.as_bytes()), None, "{other}");
        }
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
