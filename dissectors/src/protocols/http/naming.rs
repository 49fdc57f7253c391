//! Names of files: from Content-Disposition (RFC 6266, RFC 8187, RFC 7578 4.2) or from a target's path (RFC 3986 3.3).

use std::borrow::Cow;

use memchr::{memchr, memchr3, memrchr};

use crate::capped::Text;
use crate::mail::parameters::{hex_pair, parameter};

/// The name in a Content-Disposition: `filename*` where there is one, else `filename`.
pub(super) fn disposition(value: &[u8]) -> Option<Text> {
    parameter(value, b"filename").filter(|name| !name.is_empty()).map(|name| Text::long(&name))
}

/// The last segment of a target's path.
pub(super) fn of_target(target: &[u8]) -> Text {
    let (_, after_authority) = authority(target);
    let end = memchr3(b'?', b'#', b';', after_authority);
    let path = end.and_then(|end| after_authority.get(..end)).unwrap_or(after_authority);
    let segment = memrchr(b'/', path).and_then(|at| path.get(at.saturating_add(1)..)).unwrap_or(path);
    // `*` and an authority are no paths.
    if path.first() == Some(&b'/') { Text::long(&percent_decode(segment)) } else { Text::default() }
}

/// Splits an absolute URI into its authority and what follows it. Anything else has no authority.
pub(super) fn authority(uri: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = uri.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.'))
    else {
        return (&[], uri);
    };
    let Some(rest) = uri.get(colon..).and_then(|rest| rest.strip_prefix(b"://")).filter(|_| colon > 0) else {
        return (&[], uri);
    };
    let end = memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len());
    rest.split_at_checked(end).unwrap_or((rest, &[]))
}

/// The host and port of an authority: what follows the user.
pub(super) fn host(authority: &[u8]) -> &[u8] {
    authority.rsplit(|&byte| byte == b'@').next().unwrap_or(authority)
}

/// Undoes percent-coding; a percent sign without two digits stands for itself.
pub(super) fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let coded = hex_pair(after).filter(|_| byte == b'%');
        let (byte, after) = coded.unwrap_or((byte, after));
        out.push(byte);
        rest = after;
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_dispositions() {
        for (value, name) in [
            ("attachment; filename=a.txt", Some("a.txt")),
            ("attachment; filename=\"a; b.txt\"; size=3", Some("a; b.txt")),
            ("form-data; name=\"f\"; filename=\"C:\\dir\\x\\\"y.doc\"", Some("C:\\dir\\x\"y.doc")),
            ("attachment; filename=\"plain\"; filename*=UTF-8''%e2%82%ac%20rates", Some("\u{20ac} rates")),
            ("attachment; filename*=iso-8859-1'en'%A3", Some("\u{a3}")),
            ("attachment; filename=\"open", Some("open")),
            ("attachment; filename", None),
            ("form-data; name=\"filename=x\"", None),
            ("inline", None),
            ("inline; filename=\"\"", None),
        ] {
            let told = disposition(value.as_bytes());
            assert_eq!(told.as_ref().map(Text::bytes), name.map(str::as_bytes), "{value}");
        }
    }

    #[test]
    fn names_are_read_from_targets() {
        for (target, name) in [
            ("/dir/my%20file.exe?x=/y", "my file.exe"),
            ("http://host/a/b.js;v=1", "b.js"),
            ("http://host", ""),
            ("host:443", ""),
            ("*", ""),
            ("/", ""),
            ("/100%", "100%"),
        ] {
            assert_eq!(of_target(target.as_bytes()).bytes(), name.as_bytes(), "{target}");
        }
    }
}
