//! Tells MySQL from everything else.
//!
//! A greeting and a login prove themselves by their fixed parts. In midstream a query proves its side by its header, its length and
//! the word it begins with; an answer by an error with its SQLSTATE. Other answers only fit.

use super::login;
use super::packet::{HEADER, header};
use crate::protocol::{PROBE_BYTES, Role, Sample, Verdict};
use crate::sql::verbs;

/// The longest greeting, login or refusal that is believed.
const FIRST_BYTES: usize = 1024;
/// Errors that a server may greet with: those of the server (1000 and following, 3000 and following) and of MariaDB.
const REFUSALS: std::ops::RangeInclusive<u16> = 1000..=4999;
/// The longest query that is believed in midstream, in units of 64 kB.
const QUERY_HIGH: u8 = 15;
const QUERY: u8 = 0x03;
const PREPARE: u8 = 0x16;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    let Some((length, number)) = header(bytes) else {
        // Only a query is longer than 64 kB, and it is not longer than this without being split by its client.
        let most = if sample.role == Role::Client { QUERY_HIGH } else { 0 };
        return if bytes.get(2).is_some_and(|high| *high > most) { Verdict::Reject } else { Verdict::NeedMore };
    };
    let rest = bytes.get(HEADER..).unwrap_or_default();
    let payload = rest.get(..length).unwrap_or(rest);
    let whole = payload.len() == length;
    let most = if sample.role == Role::Client { usize::from(QUERY_HIGH) + 1 } else { 1 } << 16;
    if length == 0 || length >= most {
        return Verdict::Reject;
    }
    match (sample.role, number) {
        (Role::Server, 0) => greeting(payload, length, whole),
        (Role::Server, _) => answer(payload, whole, number, rest.get(length..).unwrap_or_default()),
        (Role::Client, 0) => command(payload, whole, bytes.len()),
        (Role::Client, 1) => client_login(payload, length, whole),
        (Role::Client, _) => Verdict::Reject,
    }
}

fn greeting(payload: &[u8], length: usize, whole: bool) -> Verdict {
    let Some((first, text)) = payload.split_first() else {
        return Verdict::NeedMore;
    };
    let printable = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x80.. | b'\n' | b'\t'));
    if length > FIRST_BYTES {
        return Verdict::Reject;
    }
    match first {
        9 | 10 => {
            let version = text.split(|byte| *byte == 0).next().unwrap_or_default();
            if !version.iter().all(|byte| matches!(byte, b' '..=b'~')) {
                Verdict::Reject
            } else if !whole {
                Verdict::NeedMore
            } else if login::greeting(payload).is_some() {
                Verdict::Match
            } else {
                Verdict::Reject
            }
        }
        0xff => refusal(text, whole, printable),
        _ => Verdict::Reject,
    }
}

/// An error instead of a greeting: its code and its message.
fn refusal(text: &[u8], whole: bool, printable: impl Fn(&[u8]) -> bool) -> Verdict {
    let Some((code, message)) = text.split_first_chunk::<2>() else {
        return if whole { Verdict::Reject } else { Verdict::NeedMore };
    };
    if !REFUSALS.contains(&u16::from_le_bytes(*code)) || !printable(message) {
        Verdict::Reject
    } else if !whole {
        Verdict::NeedMore
    } else if message.len() >= 8 && message.contains(&b' ') {
        Verdict::Match
    } else {
        Verdict::Reject
    }
}

fn client_login(payload: &[u8], length: usize, whole: bool) -> Verdict {
    if !(6..=PROBE_BYTES - HEADER).contains(&length) {
        return Verdict::Reject;
    }
    let new = payload.get(1).is_none_or(|byte| byte & 0x02 != 0);
    if new && (length < login::SSL_REQUEST || !login::may_begin(payload)) {
        return Verdict::Reject;
    }
    if !whole {
        return Verdict::NeedMore;
    }
    match login::login(payload) {
        Some(login) if login.tls => Verdict::Match,
        Some(login) if new && login.whole => Verdict::Match,
        // Without a name the old login is little more than zeros.
        Some(login) if login.user.is_empty() => Verdict::Reject,
        Some(_) => Verdict::Likely,
        None => Verdict::Reject,
    }
}

/// A query or a statement to prepare.
fn command(payload: &[u8], whole: bool, shown: usize) -> Verdict {
    let Some((command, text)) = payload.split_first() else {
        return Verdict::NeedMore;
    };
    if !matches!(*command, QUERY | PREPARE) {
        return Verdict::Reject;
    }
    // Queries with attributes, of which there are none.
    let text = if text.first() == Some(&0) { text.get(2..).unwrap_or_default() } else { text };
    if !text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x80..)) {
        return Verdict::Reject;
    }
    match verbs::leading(text) {
        Some((verb, rest)) if whole || !rest.is_empty() => verbs::verdict(verb),
        _ if whole || shown > 64 => Verdict::Reject,
        _ => Verdict::NeedMore,
    }
}

/// An answer: an error that names its SQLSTATE is proof; otherwise packets whose numbers follow one another fit.
fn answer(payload: &[u8], whole: bool, number: u8, mut rest: &[u8]) -> Verdict {
    if let [0xff, _, code, b'#', state @ ..] = payload
        && (0x03..=0x13).contains(code)
        && state.iter().take(5).all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return if state.len() >= 5 { Verdict::Match } else { Verdict::NeedMore };
    }
    if number > 8 || !whole {
        return Verdict::Reject;
    }
    let (mut expected, mut chained) = (number, 1u32);
    while let Some((length, number)) = header(rest) {
        expected = expected.wrapping_add(1);
        if number != expected {
            return Verdict::Reject;
        }
        chained = chained.saturating_add(1);
        rest = rest.get(HEADER.saturating_add(length)..).unwrap_or_default();
    }
    match payload {
        // OK: rows, an id, a status and warnings.
        [0, _, _, status, _, _, 0, ..] if payload.len() == 7 && status & 0x80 == 0 => Verdict::Likely,
        // The number of columns, their definitions.
        [1..=0xfa] if number == 1 && chained >= 3 => Verdict::Likely,
        _ => Verdict::Reject,
    }
}
