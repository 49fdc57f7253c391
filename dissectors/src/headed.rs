//! Messages of a start line, header fields and counted content, as SIP and RTSP have them (RFC 3261 7, RFC 2326 4).
//!
//! ```text
//! start line CRLF
//! *( name ":" value CRLF *( folded continuation: (SP | HT) text CRLF ) )
//! CRLF
//! content, as many bytes as Content-Length says
//! ```
//!
//! Reading is tolerant: a bare LF ends a line, blanks around names are dropped, lines without a colon are passed over.

use std::borrow::Cow;

use base64::Engine;
use memchr::{memchr, memchr_iter};

use crate::capped::Text;
use crate::linewise::decimal;

/// The most bytes of a head.
pub const HEAD_CAP: usize = 16 * 1024;
/// So many fields are taken apart once, where many are looked for: few heads have more.
const FIELDS_READ: usize = 24;
/// The most bytes of Basic credentials that are decoded.
const BASIC_CAP: usize = 1024;

/// Finds the end of a head in a stream, each byte searched once.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadEnd {
    searched: usize,
}

impl HeadEnd {
    /// How many bytes the head has, its empty line included; `None` where it does not end yet.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        // An empty line may begin in what was searched before.
        let from = self.searched.saturating_sub(3);
        let fresh = bytes.get(from..).unwrap_or_default();
        let end = memchr_iter(b'\n', fresh).find_map(|at| {
            let rest = fresh.get(at.saturating_add(1)..).unwrap_or_default();
            let empty = if rest.starts_with(b"\n") { 1 } else { 2 };
            let ends = rest.starts_with(b"\n") || rest.starts_with(b"\r\n");
            ends.then(|| from.saturating_add(at).saturating_add(1).saturating_add(empty))
        });
        self.searched = if end.is_some() { 0 } else { bytes.len() };
        end
    }
}

/// A head.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The first line without its end.
    pub start: &'a [u8],
    fields: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads a head, with or without the empty line at its end.
    pub fn new(bytes: &'a [u8]) -> Self {
        let end = memchr(b'\n', bytes).unwrap_or(bytes.len());
        let (start, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        Self { start: start.trim_ascii(), fields: rest.get(1..).unwrap_or_default() }
    }

    /// Each field's name and value, in the order of the wire. Names keep their case; values may be folded ([`unfolded`]).
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone + use<'a> {
        Lines { rest: self.fields }
    }

    /// The fields, for who looks for many of them.
    pub fn read(&self) -> Fields<'a> {
        let mut rest = Lines { rest: self.fields };
        let mut first = Vec::with_capacity(FIELDS_READ);
        first.extend(rest.by_ref().take(FIELDS_READ));
        Fields { first, rest }
    }

    /// The first value of a field, by its name or, where it has one, its short form.
    pub fn field(&self, name: &[u8], short: Option<u8>) -> Option<&'a [u8]> {
        self.fields().find(|(found, _)| is_named(found, name, short)).map(|(_, value)| value)
    }

    /// The number of bytes of content; `None` where the head does not tell.
    pub fn content_length(&self, short: Option<u8>) -> Option<u32> {
        self.field(b"Content-Length", short).and_then(decimal)
    }
}

/// Takes fields apart.
#[derive(Clone, Debug)]
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = memchr_iter(b'\n', self.rest)
                .find(|at| !matches!(self.rest.get(at.saturating_add(1)), Some(b' ' | b'\t')))
                .unwrap_or(self.rest.len());
            let (line, after) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
            self.rest = after.get(1..).unwrap_or_default();
            let Some(colon) = memchr(b':', line) else { continue };
            let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
            return Some((name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii()));
        }
        None
    }
}

/// A head's fields, the first of them taken apart once.
#[derive(Debug)]
pub struct Fields<'a> {
    first: Vec<(&'a [u8], &'a [u8])>,
    rest: Lines<'a>,
}

impl<'a> Fields<'a> {
    /// As [`Head::field`].
    pub fn field(&self, name: &[u8], short: Option<u8>) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| is_named(found, name, short)).map(|(_, value)| value)
    }

    /// As [`Head::fields`].
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.first.iter().copied().chain(self.rest.clone())
    }
}

fn is_named(found: &[u8], name: &[u8], short: Option<u8>) -> bool {
    found.eq_ignore_ascii_case(name)
        || matches!((found, short), ([one], Some(short)) if one.eq_ignore_ascii_case(&short))
}

/// A value in one line.
pub fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let lines: Vec<&[u8]> = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    Cow::Owned(lines.join(&b' '))
}

/// The value of a parameter in credentials or challenges: `name=value` or `name="value"`, separated by commas or semicolons.
pub fn parameter<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = text;
    while !rest.is_empty() {
        let equals = memchr(b'=', rest)?;
        let (left, right) = rest.split_at_checked(equals)?;
        let right = right.get(1..)?;
        let (value, after) = match right.strip_prefix(b"\"") {
            Some(quoted) => quoted.split_at_checked(memchr(b'"', quoted).unwrap_or(quoted.len()))?,
            None => {
                let end = right.iter().position(|byte| matches!(byte, b',' | b';')).unwrap_or(right.len());
                right.split_at_checked(end)?
            }
        };
        let word = left.rsplit(|byte| matches!(byte, b',' | b';' | b' ' | b'\t' | b'\n')).next().unwrap_or_default();
        if word.trim_ascii().eq_ignore_ascii_case(name) {
            return Some(value.trim_ascii());
        }
        rest = after.get(1..).unwrap_or_default();
    }
    None
}

/// The account that credentials name (RFC 7616, RFC 7617).
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub user: Text,
    /// Its password was in clear text beside it.
    pub cleartext: bool,
}

/// Reads the account from the value of Authorization or Proxy-Authorization. The password and the digest are not kept.
pub fn account(credentials: &[u8]) -> Option<Account> {
    let space = credentials.iter().position(u8::is_ascii_whitespace)?;
    let (scheme, rest) = credentials.split_at_checked(space)?;
    if scheme.eq_ignore_ascii_case(b"digest") {
        let user = parameter(rest, b"username").filter(|user| !user.is_empty())?;
        return Some(Account { user: Text::new(user), cleartext: false });
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let coded = rest.trim_ascii();
    let pair = base64::engine::general_purpose::STANDARD.decode(coded.get(..BASIC_CAP).unwrap_or(coded)).ok()?;
    let mut halves = pair.splitn(2, |byte| *byte == b':');
    let (user, password) = (halves.next()?, halves.next()?);
    (!user.is_empty()).then(|| Account { user: Text::new(user), cleartext: !password.is_empty() })
}

/// A URI with `*` in the place of a password before its host (`scheme:[//]user:password@host`), and whether there was one.
pub fn without_password(uri: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let found = || {
        let after = memchr(b':', uri)?.checked_add(1)?;
        let begin = if uri.get(after..)?.starts_with(b"//") { after.checked_add(2)? } else { after };
        let rest = uri.get(begin..)?;
        let authority = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b';')).unwrap_or(rest.len());
        let at = rest.get(..authority)?.iter().rposition(|byte| *byte == b'@')?;
        let colon = memchr(b':', rest.get(..at)?)?;
        let kept = uri.get(..begin.checked_add(colon)?.checked_add(1)?)?;
        (colon.checked_add(1)? < at).then_some((kept, uri.get(begin.checked_add(at)?..)?))
    };
    match found() {
        Some((before, after)) => (Cow::Owned([before, b"*", after].concat()), true),
        None => (Cow::Borrowed(uri), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_its_empty_line_in_any_segmentation() {
        for bytes in [&b"A b C\r\nD: e\r\n\r\nrest"[..], b"A b C\nD: e\n\nrest", b"A b C\r\nD: e\n\r\nrest"] {
            let whole = HeadEnd::default().find(bytes).unwrap();
            assert_eq!(&bytes[whole..], b"rest");
            let mut end = HeadEnd::default();
            let found = (0..=bytes.len()).find_map(|shown| end.find(&bytes[..shown]));
            assert_eq!(found, Some(whole));
        }
    }

    #[test]
    fn fields_are_read_folded_and_by_their_short_names() {
        let head = Head::new(b"X\r\nVia: a\r\n b\r\nno colon\r\nl : 12\r\n\r\n");
        assert_eq!(unfolded(head.field(b"via", None).unwrap()).as_ref(), b"a b");
        assert_eq!(head.content_length(Some(b'l')), Some(12));
        assert_eq!(head.field(b"l", None), Some(&b"12"[..]));
        assert_eq!(head.fields().count(), 2);
    }

    #[test]
    fn fields_read_at_once_are_the_same_however_many_they_are() {
        let many: String = (0..FIELDS_READ * 2).map(|at| format!("a{at}: {at}\r\n")).collect();
        let head = ["X\r\n", &many, "\r\n"].concat();
        let head = Head::new(head.as_bytes());
        let fields = head.read();
        assert!(fields.iter().eq(head.fields()) && fields.iter().count() == FIELDS_READ * 2);
        assert_eq!(fields.field(format!("A{}", FIELDS_READ + 1).as_bytes(), None), Some(&b"25"[..]));
    }

    #[test]
    fn credentials_name_their_account_and_nothing_else() {
        let digest = b"Digest realm=\"a, b\", username=\"alice\",response=\"00\"";
        assert_eq!(account(digest), Some(Account { user: Text::from("alice"), cleartext: false }));
        assert_eq!(account(b"Basic YWxpY2U6eA=="), Some(Account { user: Text::from("alice"), cleartext: true }));
        assert_eq!(account(b"Basic ????"), None);
        assert_eq!(account(b"Digest realm=\"username=eve\""), None);
    }

    #[test]
    fn a_password_in_a_uri_is_not_told() {
        for (uri, told) in [
            (&b"rtsp://alice:secret@cam/1"[..], &b"rtsp://alice:*@cam/1"[..]),
            (b"sip:alice:secret@host;x=1", b"sip:alice:*@host;x=1"),
            (b"rtsp://cam:554/a@b:c", b"rtsp://cam:554/a@b:c"),
            (b"sip:alice@host:5060", b"sip:alice@host:5060"),
            (b"*", b"*"),
        ] {
            assert_eq!(without_password(uri).0.as_ref(), told);
        }
    }
}
