//! Values in JSON by their names, taken where they stand: for small messages of known shape, which are not read as JSON.

/// What stands behind a name, up to the end of its value: a text without its quotes, a list or an object without its brackets (an inner one
/// ends it), anything else as it is written. Escapes are left as they are; an escaped quote does not end a text.
pub fn value<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = after(json, name)?;
    let (skip, end) = match rest.first()? {
        b'[' => (1, memchr::memchr(b']', rest)?),
        b'{' => (1, memchr::memchr(b'}', rest)?),
        b'"' => (1, text_end(rest.get(1..)?)?.checked_add(1)?),
        _ => (0, memchr::memchr3(b',', b'}', b']', rest)?),
    };
    rest.get(skip..end).map(<[u8]>::trim_ascii)
}

/// As [`value`], where it is a text.
pub fn text<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = after(json, name)?.strip_prefix(b"\"")?;
    rest.get(..text_end(rest)?)
}

/// As [`value`], where it is a whole number.
pub fn number(json: &[u8], name: &[u8]) -> Option<u64> {
    let rest = after(json, name)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    crate::framing::decimal(rest.get(..digits)?)
}

/// What stands behind a name and its colon.
fn after<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let quoted = [b"\"", name, b"\""].concat();
    // The same text may stand before it as a value.
    memchr::memmem::find_iter(json, &quoted).find_map(|at| {
        let rest = json.get(at.checked_add(quoted.len())?..)?.trim_ascii_start();
        rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start)
    })
}

/// Where a text ends whose opening quote stands before it.
fn text_end(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'"', text).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbers_texts_and_lists() {
        let json = br#"{"host_int": 12, "version": [2, 0], "displayname": "a \"b", "port": 17500, "in": { "x": 1 }}"#;
        assert_eq!(value(json, b"host_int"), Some(&b"12"[..]));
        assert_eq!(value(json, b"version"), Some(&b"2, 0"[..]));
        assert_eq!(value(json, b"displayname"), Some(&br#"a \"b"#[..]));
        assert_eq!(value(json, b"in"), Some(&br#""x": 1"#[..]));
        assert_eq!(number(json, b"port"), Some(17500));
        assert_eq!(number(json, b"displayname"), None);
        assert_eq!(text(json, b"port"), None);
        assert_eq!(value(json, b"absent"), None);
        assert_eq!(text(br#"{"method":"login","login":"alice"}"#, b"login"), Some(&b"alice"[..]));
        assert_eq!(value(br#"{"port": "#, b"port"), None);
    }
}
