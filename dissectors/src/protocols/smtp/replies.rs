//! Replies of the server (RFC 5321 4.2): `code text`, and before the last line of several `code-text`.

/// One line of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply<'a> {
    /// Its code, 200 to 599.
    pub code: u16,
    /// What follows the code.
    pub text: &'a [u8],
    /// No more lines belong to it.
    pub last: bool,
}

/// Reads a line without its end.
pub(super) fn read(line: &[u8]) -> Option<Reply<'_>> {
    let (code, rest) = line.split_first_chunk::<3>()?;
    let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9'] = code else {
        return None;
    };
    let code = [first, second, third].iter().fold(0u16, |code, digit| code * 10 + u16::from(**digit - b'0'));
    match rest.split_first() {
        None => Some(Reply { code, text: rest, last: true }),
        Some((b' ', text)) => Some(Reply { code, text, last: true }),
        Some((b'-', text)) => Some(Reply { code, text, last: false }),
        Some(_) => None,
    }
}

/// Whether an unfinished line may become a reply's.
pub(super) fn may_be(line: &[u8]) -> bool {
    let digits = line.get(..3).unwrap_or(line);
    let code = digits.iter().all(u8::is_ascii_digit) && matches!(digits.first(), Some(b'2'..=b'5'));
    code && matches!(line.get(3), None | Some(b' ' | b'-' | b'\r'))
}
