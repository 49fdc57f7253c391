//! Words of IMAP's lines (RFC 3501 4 and 9).
//!
//! ```text
//! atom    "quoted \" string"    (list)    {size}, {size+} or {size-} CR LF and so many bytes (literal)    ~{size} (literal8)
//! ```

/// A literal that a line announces at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Literal<'a> {
    /// The line before it.
    pub before: &'a [u8],
    /// Its size.
    pub size: u64,
}

/// The literal at a line's end (RFC 7888 for `+` and `-`).
pub(super) fn literal(line: &[u8]) -> Option<Literal<'_>> {
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    let (before, marker) = line.split_at_checked(open)?;
    let size = marker.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let digits = size.strip_suffix(b"+").or_else(|| size.strip_suffix(b"-")).unwrap_or(size);
    let before = before.strip_suffix(b"~").unwrap_or(before);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(Literal { before, size: std::str::from_utf8(digits).ok()?.parse().ok()? })
}

/// The next word of arguments, without its quotes, and what follows it. A list's parentheses are passed over.
pub(super) fn word(arguments: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let begin = arguments.iter().position(|byte| !matches!(byte, b' ' | b'(' | b')'))?;
    let mut rest = arguments.get(begin..)?;
    let Some(mut quoted) = rest.strip_prefix(b"\"") else {
        let end = rest.iter().position(|byte| matches!(byte, b' ' | b'(' | b')')).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end)?;
        return Some((word.to_vec(), after));
    };
    let mut out = Vec::new();
    loop {
        rest = match quoted {
            [b'"', after @ ..] => return Some((out, after)),
            [b'\\', byte @ (b'"' | b'\\'), after @ ..] | [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => return Some((out, quoted)),
        };
        quoted = rest;
    }
}

/// Writes bytes so that [`word`] reads them.
pub(super) fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in bytes {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// What a literal in a FETCH response holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// A whole message, or a piece of it from some place on.
    Message { from: Option<u64> },
    /// Its header, or some fields of it.
    Header,
}

/// Reads what a FETCH response says before a literal: `BODY[]`, `BODY[]<0>`, `RFC822`, `BODY[HEADER.FIELDS (FROM TO)]`.
pub(super) fn section(before: &[u8]) -> Option<Section> {
    let text = before.trim_ascii_end();
    let (text, from) = match text.strip_suffix(b">") {
        Some(inner) => {
            let open = inner.iter().rposition(|byte| *byte == b'<')?;
            let (text, digits) = inner.split_at_checked(open)?;
            (text, Some(std::str::from_utf8(digits.get(1..)?).ok()?.parse().ok()?))
        }
        None => (text, None),
    };
    let (item, inside) = match text.strip_suffix(b"]") {
        Some(inner) => {
            let open = inner.iter().rposition(|byte| *byte == b'[')?;
            let (item, inside) = inner.split_at_checked(open)?;
            (item, inside.get(1..)?)
        }
        None => (text, &b""[..]),
    };
    let start = item.iter().rposition(|byte| matches!(byte, b' ' | b'(')).map_or(0, |at| at.saturating_add(1));
    let item = item.get(start..)?.to_ascii_uppercase();
    let bracketed = text.ends_with(b"]");
    let header = inside.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"HEADER"));
    match item.as_slice() {
        b"BODY" | b"BINARY" if bracketed && inside.is_empty() => Some(Section::Message { from }),
        b"BODY" if header && from.is_none() => Some(Section::Header),
        b"RFC822" => Some(Section::Message { from }),
        b"RFC822.HEADER" => Some(Section::Header),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_announced_at_a_lines_end() {
        for (line, told) in [
            ("a LOGIN {5}", Some(("a LOGIN ", 5))),
            ("a APPEND x {310+}", Some(("a APPEND x ", 310))),
            ("a APPEND x ~{7-}", Some(("a APPEND x ", 7))),
            ("{0}", Some(("", 0))),
            ("a {x}", None),
            ("a {}", None),
            ("a {5} b", None),
            ("a {99999999999999999999999}", None),
        ] {
            let read = literal(line.as_bytes());
            assert_eq!(read, told.map(|(before, size)| Literal { before: before.as_bytes(), size }), "{line}");
        }
    }

    #[test]
    fn words_are_read_in_each_form() {
        let (first, rest) = word(b" \"al \\\"ice\\\\\" (x) y").unwrap();
        assert_eq!(first, b"al \"ice\\");
        let (second, rest) = word(rest).unwrap();
        assert_eq!(second, b"x");
        assert_eq!(word(rest).unwrap().0, b"y");
        assert_eq!(word(b" ( )"), None);
        let mut quoted = Vec::new();
        quote(b"a\"b\\c", &mut quoted);
        assert_eq!(word(&quoted).unwrap().0, b"a\"b\\c");
    }

    #[test]
    fn sections_tell_what_a_literal_holds() {
        for (before, told) in [
            ("* 1 FETCH (UID 3 BODY[] ", Some(Section::Message { from: None })),
            ("* 1 FETCH (BODY[]<2048> ", Some(Section::Message { from: Some(2048) })),
            ("* 1 FETCH (RFC822 ", Some(Section::Message { from: None })),
            (" body[header.fields (Subject From)] ", Some(Section::Header)),
            ("(RFC822.HEADER ", Some(Section::Header)),
            ("* 1 FETCH (BODY[1.2] ", None),
            ("* 1 FETCH (BODY[TEXT] ", None),
            ("* 1 FETCH (ENVELOPE (NIL ", None),
            ("", None),
        ] {
            assert_eq!(section(before.as_bytes()), told, "{before}");
        }
    }
}
