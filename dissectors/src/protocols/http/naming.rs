//! Names of files: from Content-Disposition (RFC 6266, RFC 8187, RFC 7578 4.2) or from a target's path (RFC 3986 3.3).

use std::borrow::Cow;

use memchr::memchr;

use crate::capped::Text;

/// The name in a Content-Disposition: `filename*` where there is one, else `filename`.
pub(super) fn disposition(value: &[u8]) -> Option<Text> {
    let extended = parameter(value, b"filename*").and_then(|value| extended(&value));
    let name = extended.or_else(|| parameter(value, b"filename").map(Cow::into_owned))?;
    (!name.is_empty()).then(|| Text::long(&name))
}

/// A parameter of a field like `type; name=token; other="quoted"`.
pub(super) fn parameter<'a>(value: &'a [u8], wanted: &[u8]) -> Option<Cow<'a, [u8]>> {
    let mut rest = value.get(memchr(b';', value)?..)?;
    while let Some(after) = rest.strip_prefix(b";") {
        let end = after.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(after.len());
        let (name, after) = after.split_at_checked(end)?;
        let Some(after) = after.strip_prefix(b"=") else {
            rest = after;
            continue;
        };
        let text = after.trim_ascii_start();
        let (value, after) = match text.strip_prefix(b"\"") {
            Some(quoted) => unquote(quoted),
            None => {
                let (token, after) = text.split_at_checked(memchr(b';', text).unwrap_or(text.len()))?;
                (Cow::Borrowed(token.trim_ascii_end()), after)
            }
        };
        if name.trim_ascii().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after.get(memchr(b';', after)?..)?;
    }
    None
}

/// Reads up to the closing quote. Only a quote and a backslash are escaped: older browsers send whole Windows paths raw.
fn unquote(quoted: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let mut out = Vec::new();
    let mut rest = quoted;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return (Cow::Owned(out), after),
            [b'\\', byte @ (b'"' | b'\\'), after @ ..] | [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => return (Cow::Owned(out), rest),
        };
    }
}

/// Reads `charset'language'percent-coded` as UTF-8.
fn extended(value: &[u8]) -> Option<Vec<u8>> {
    let mut pieces = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _, coded) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let bytes = percent_decode(coded);
    if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        return Some(bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes());
    }
    Some(bytes.into_owned())
}

/// The last segment of a target's path.
pub(super) fn of_target(target: &[u8]) -> Text {
    let (_, after_authority) = authority(target);
    let end = after_authority.iter().position(|byte| matches!(byte, b'?' | b'#' | b';'));
    let path = end.and_then(|end| after_authority.get(..end)).unwrap_or(after_authority);
    let segment = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
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
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
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
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let coded = match rest {
            [b'%', high, low, after @ ..] => digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
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
