//! Parameters of Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183), continued and in charsets (RFC 2231).
//!
//! ```text
//! value; name=token; name="quoted"; name*=charset'language'per%20cent; name*0*=charset'language'first; name*1="second"
//! ```
//!
//! Against the book, and with most mailers, a plain value may hold encoded words. Comments are not looked for.

use memchr::memchr;

use super::words;

/// The most pieces of one continued parameter.
const PIECES: usize = 64;

/// One parameter as it stands.
struct Parameter {
    name: Vec<u8>,
    value: Vec<u8>,
}

/// The value before the parameters.
pub fn value(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// A parameter of a field, as UTF-8 where its charset is known.
pub fn parameter(field: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut plain = None;
    let mut pieces: Vec<(usize, bool, Vec<u8>)> = Vec::new();
    for Parameter { name, value } in Parameters::of(field) {
        let mut parts = name.splitn(2, |byte| *byte == b'*');
        if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
            continue;
        }
        let Some(section) = parts.next() else {
            plain.get_or_insert(value);
            continue;
        };
        let (number, coded) = section.strip_suffix(b"*").map_or((section, section.is_empty()), |number| (number, true));
        let number = std::str::from_utf8(number).ok().and_then(|digits| digits.parse().ok());
        if pieces.len() < PIECES {
            pieces.push((number.unwrap_or(0), coded, value));
        }
    }
    pieces.sort_by_key(|(number, ..)| *number);
    joined(&pieces).or_else(|| plain.map(|value| words::decode(&value)))
}

/// The two hexadecimal digits at the beginning of `text` as a byte, and what follows them.
pub fn hex_pair(text: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], after) = text.split_first_chunk()?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(high)? << 4 | digit(low)?, after))
}

/// The pieces of a continued parameter in one.
fn joined(pieces: &[(usize, bool, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut charset: &[u8] = b"";
    let mut bytes = Vec::new();
    for (at, (_, coded, value)) in pieces.iter().enumerate() {
        let mut value = value.as_slice();
        if at == 0 && *coded {
            let mut parts = value.splitn(3, |byte| *byte == b'\'');
            if let (Some(name), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                (charset, value) = (name, rest);
            }
        }
        while let Some((byte, after)) = value.split_first() {
            let (byte, after) = hex_pair(after).filter(|_| *coded && *byte == b'%').unwrap_or((*byte, after));
            bytes.push(byte);
            value = after;
        }
    }
    (!pieces.is_empty()).then(|| words::to_utf8(charset, &bytes))
}

/// The parameters in order.
struct Parameters<'a> {
    /// From the semicolon before the next one.
    rest: &'a [u8],
}

impl<'a> Parameters<'a> {
    fn of(field: &'a [u8]) -> Self {
        Self { rest: memchr(b';', field).and_then(|at| field.get(at..)).unwrap_or_default() }
    }
}

impl Iterator for Parameters<'_> {
    type Item = Parameter;

    fn next(&mut self) -> Option<Parameter> {
        loop {
            let after = self.rest.strip_prefix(b";")?;
            let end = after.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(after.len());
            let (name, after) = after.split_at_checked(end)?;
            let Some(text) = after.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) else {
                self.rest = after;
                continue;
            };
            let (value, after) = match text.strip_prefix(b"\"") {
                Some(quoted) => unquote(quoted),
                None => {
                    let (token, after) = text.split_at_checked(memchr(b';', text).unwrap_or(text.len()))?;
                    (token.trim_ascii_end().to_vec(), after)
                }
            };
            self.rest = memchr(b';', after).and_then(|at| after.get(at..)).unwrap_or_default();
            return Some(Parameter { name: name.trim_ascii().to_vec(), value });
        }
    }
}

/// Reads up to the closing quote. Only a quote and a backslash are escaped: some mailers send whole Windows paths raw.
fn unquote(quoted: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut out = Vec::new();
    let mut rest = quoted;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return (out, after),
            [b'\\', byte @ (b'"' | b'\\'), after @ ..] | [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => return (out, rest),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_each_of_their_forms() {
        for (field, name) in [
            ("attachment; filename=a.txt", Some("a.txt")),
            ("attachment; x=1; FileName = \"a; \\\"b\\\".txt\" ; size=3", Some("a; \"b\".txt")),
            ("attachment; filename*=UTF-8''%e2%82%ac.pdf; filename=plain", Some("€.pdf")),
            ("attachment; filename*0=\"first \"; filename*1=second", Some("first second")),
            ("attachment; filename*1*=%E9.doc; filename*0*=iso-8859-1'fr'r%E9sum", Some("résumé.doc")),
            ("attachment; filename*0*=utf-8''%41; filename*1=%41", Some("A%41")),
            ("attachment; filename=\"=?utf-8?B?w6ljaG8=?=.txt\"", Some("écho.txt")),
            ("attachment; filename=", Some("")),
            ("attachment; filename", None),
            ("inline", None),
            ("", None),
        ] {
            let told = parameter(field.as_bytes(), b"filename").map(|name| String::from_utf8(name).unwrap());
            assert_eq!(told.as_deref(), name, "{field}");
        }
        assert_eq!(value(b" Text/Plain ; charset=x"), b"Text/Plain");
    }
}
