//! Whether a session is Cassandra's: STARTUP and its like prove it, short frames want the other side's agreement.

use super::Head;
use crate::framing::is_text_prefix;
use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    let head = match Head::read(sample.bytes) {
        Ok(head) => head,
        Err(Some(_)) => {
            let flags = sample.bytes.get(1).is_none_or(|flags| flags & 0xe0 == 0);
            let right = sample.bytes.first().is_some_and(|first| (first & 0x80 != 0) == (sample.role == Role::Server));
            return if flags && right { Verdict::NeedMore } else { Verdict::Reject };
        }
        Err(None) => return Verdict::Reject,
    };
    if head.answer != (sample.role == Role::Server) || head.flags & 0xe0 != 0 || head.length > 16 * 1024 * 1024 {
        return Verdict::Reject;
    }
    let body = sample.bytes.get(head.bytes..).unwrap_or_default();
    let length = usize::try_from(head.length).unwrap_or(usize::MAX);
    let whole = body.len() >= length;
    let begins = |text: &[u8]| memchr::memmem::find(body.get(..length).unwrap_or(body), text).is_some();
    let told = |found: bool| match (found, whole || body.len() > 512) {
        (true, _) => Verdict::Match,
        (false, true) => Verdict::Reject,
        (false, false) => Verdict::NeedMore,
    };
    match (sample.role, head.opcode) {
        (Role::Client, 1) if (4..4096).contains(&head.length) => told(begins(b"CQL_VERSION")),
        // OPTIONS is empty, and so is READY.
        (Role::Client, 5) | (Role::Server, 2) if head.length == 0 && sample.bytes.len() == head.bytes => {
            Verdict::Likely
        }
        (Role::Client, 7 | 9) if head.length > 8 => match statement(body, head.length) {
            Some(true) => Verdict::Match,
            Some(false) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        // In the midst of a session: a prepared statement by its id, an answer by its kind.
        (Role::Client, 0x0a) if head.length >= 18 => match body.first_chunk::<2>() {
            Some([0, 16]) => Verdict::Likely,
            Some(_) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        (Role::Server, 8) if head.length >= 4 => match body.first_chunk::<4>() {
            Some([0, 0, 0, 1..=5]) => Verdict::Likely,
            Some(_) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        (Role::Client, 0x0b) if (8..256).contains(&head.length) => told(begins(b"_CHANGE")),
        (Role::Server, 6) if head.length > 16 => told(begins(b"CQL_VERSION")),
        (Role::Server, 3) if (8..256).contains(&head.length) => told(begins(b"Authenticator")),
        (Role::Server, 0) if (6..65536).contains(&head.length) => {
            let mut reader = Reader::new(body);
            let Some((code, text)) = reader.be_u32().zip(reader.be_u16()) else {
                return Verdict::NeedMore;
            };
            let known = super::error(code) != "error" && u64::from(text).saturating_add(6) <= head.length;
            if known && reader.is_empty() {
                Verdict::NeedMore
            } else if known && is_text_prefix(reader.rest().get(..usize::from(text)).unwrap_or(reader.rest())) {
                Verdict::Likely
            } else {
                Verdict::Reject
            }
        }
        _ => Verdict::Reject,
    }
}

/// Whether a body is a statement: a long text that begins with a word of CQL.
fn statement(body: &[u8], length: u64) -> Option<bool> {
    const WORDS: [&[u8]; 13] = [
        b"ALTER",
        b"BEGIN",
        b"CREATE",
        b"DELETE",
        b"DESCRIBE",
        b"DROP",
        b"GRANT",
        b"INSERT",
        b"LIST",
        b"SELECT",
        b"TRUNCATE",
        b"UPDATE",
        b"USE",
    ];
    let mut reader = Reader::new(body);
    let text = u64::from(reader.be_u32()?);
    if text.saturating_add(4) > length {
        return Some(false);
    }
    let begun = reader.rest().trim_ascii_start();
    let word = begun.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default().to_ascii_uppercase();
    if word.len() == begun.len() && WORDS.iter().any(|known| known.starts_with(&word)) {
        return None;
    }
    Some(WORDS.contains(&word.as_slice()))
}
