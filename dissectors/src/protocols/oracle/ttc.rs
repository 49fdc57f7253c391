//! What the layer above carries (TTC, which is not published): read only where it explains itself.
//!
//! - A login names its attributes, `AUTH_PROGRAM_NM` and so on; the account stands before the first of them, behind its length.
//! - A statement stands behind its length, or in pieces behind theirs, and begins with a verb.
//! - An error is text, `ORA-` and five digits.

use crate::sql::verbs;

/// The functions with which a client logs in, behind "a function follows".
const LOGIN: [[u8; 2]; 2] = [[0x03, 0x76], [0x03, 0x73]];
/// What lies between an account and the first attribute's name: the name's length in four bytes or in a counted one, and again in one.
const BEFORE_NAME: [usize; 2] = [5, 3];
/// The longest account.
const ACCOUNT: usize = 128;
/// A text in pieces.
const PIECES: u8 = 0xfe;
/// The longest text of an error.
const ERROR_BYTES: usize = 200;

/// Whether a client's data is a login.
pub fn is_login(data: &[u8]) -> bool {
    data.first_chunk::<2>().is_some_and(|function| LOGIN.contains(function))
}

/// The account of a login.
pub fn account(data: &[u8]) -> Option<&[u8]> {
    let first = memchr::memmem::find(data, b"AUTH_")?;
    BEFORE_NAME.iter().find_map(|before| {
        let until = data.get(..first.checked_sub(*before)?)?;
        (1..=ACCOUNT).find_map(|length| {
            let at = until.len().checked_sub(length)?;
            let name = until.get(at..)?;
            let told = until.get(at.checked_sub(1)?)?;
            let fits = name.iter().all(|byte| matches!(byte, b'!'..=b'~' | 0x80..));
            (usize::from(*told) == length && fits).then_some(name)
        })
    })
}

/// The value of an attribute.
pub fn attribute<'a>(data: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(data, name)?.checked_add(name.len())?;
    let rest = data.get(at..)?;
    let (length, value) = match rest {
        [a, 0, 0, 0, b, value @ ..] if a == b => (*a, value),
        [1, a, b, value @ ..] if a == b => (*a, value),
        // Some count characters thrice.
        [_, 0, 0, 0, b, value @ ..] => (*b, value),
        _ => return None,
    };
    let value = value.get(..usize::from(length))?;
    (!value.is_empty() && value.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x80..))).then_some(value)
}

fn is_text(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x80..))
}

fn begins_statement(text: &[u8]) -> bool {
    text.first_chunk::<2>().is_some_and(|two| two.iter().all(u8::is_ascii_alphabetic))
        && verbs::leading(text).is_some_and(|(verb, behind)| {
            behind.first().is_some_and(u8::is_ascii_whitespace) || (behind.is_empty() && verb.len() >= 6)
        })
}

/// The statement in a client's data.
pub fn statement(data: &[u8]) -> Option<Vec<u8>> {
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        if *length == PIECES
            && let Some((first, behind)) = after.split_first()
            && behind.get(..usize::from(*first)).is_some_and(begins_statement)
        {
            let text = pieces(after);
            return is_text(&text).then_some(text);
        }
        if *length >= 6
            && let Some(text) = after.get(..usize::from(*length))
            && begins_statement(text)
            && is_text(text)
        {
            return Some(text.to_vec());
        }
        rest = after;
    }
    None
}

fn pieces(mut rest: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    while let Some((length, after)) = rest.split_first() {
        let Some((piece, behind)) = after.split_at_checked((*length).into()).filter(|_| *length > 0) else {
            break;
        };
        text.extend_from_slice(piece);
        rest = behind;
    }
    text
}

/// An error's number and text.
pub fn error(data: &[u8]) -> Option<(u64, &[u8])> {
    let at = memchr::memmem::find(data, b"ORA-")?;
    let text = data.get(at..)?;
    let (digits, behind) = text.get(4..)?.split_at_checked(5)?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let text = text.get(..ERROR_BYTES).unwrap_or(text);
    let line = text.iter().position(|byte| *byte < b' ').and_then(|end| text.get(..end)).unwrap_or(text);
    (behind.first() == Some(&b':') && number > 0).then_some((number, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_what_its_length_says() {
        assert_eq!(statement(b"\x03\x5e\x01\0\0\x12SELECT 1 FROM dual\x01\x02"), Some(b"SELECT 1 FROM dual".to_vec()));
        assert_eq!(statement(b"\x03\x5e\xfe\x08SELECT 1\x0a FROM dual\0\x01"), Some(b"SELECT 1 FROM dual".to_vec()));
        assert_eq!(statement(b"\x03\x5e\x01\0\0\x99SELECT 1 FROM dual"), None);
        assert_eq!(statement(b"\x09SELECTION"), None);
    }

    #[test]
    fn an_account_stands_before_the_attributes() {
        assert_eq!(account(b"\x03\x76\x02\x05scott\x27\0\0\0\x0dAUTH_TERMINAL"), Some(&b"scott"[..]));
        assert_eq!(account(b"\x03\x76\x02\x05scott\x01\x0d\x0dAUTH_TERMINAL"), Some(&b"scott"[..]));
        assert_eq!(attribute(b"AUTH_MACHINE\x02\0\0\0\x02pc", b"AUTH_MACHINE"), Some(&b"pc"[..]));
    }

    #[test]
    fn an_error_has_five_digits() {
        assert_eq!(error(b"xx)ORA-01017: invalid\n"), Some((1017, &b"ORA-01017: invalid"[..])));
        assert_eq!(error(b"ORA-1017: invalid"), None);
    }
}
