//! Tells PostgreSQL from everything else.
//!
//! The first packet of a client proves itself, and so do the server's authentication request and error. In midstream messages must
//! chain: each says where the next one stands.

use super::message::{self, HEADER};
use super::startup::{self, Startup};
use crate::protocol::{PROBE_BYTES, Role, Sample, Verdict};
use crate::reader::Reader;
use crate::sql::verbs;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, sample.bytes.first()) {
        (_, None) => Verdict::NeedMore,
        (Role::Client, Some(0)) => first(sample.bytes),
        (Role::Client, _) => client_chain(sample.bytes),
        (Role::Server, _) => server(sample.bytes),
    }
}

/// A startup packet or a request.
fn first(bytes: &[u8]) -> Verdict {
    let Some((length, code)) = startup::header(bytes) else {
        // The length's upper half, then its lower one, then the version's.
        let fits = bytes.get(1).is_none_or(|byte| *byte == 0)
            && bytes.get(4).is_none_or(|byte| matches!(byte, 0 | 4))
            && bytes.get(5).is_none_or(|byte| matches!(byte, 2 | 3 | 0xd2));
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    };
    match startup::kind(length, code) {
        None => Verdict::Reject,
        Some(Startup::Parameters) => {
            let rest = bytes.get(8..).unwrap_or_default();
            let (parameters, whole) = match rest.get(..length.saturating_sub(8)) {
                Some(parameters) => (parameters, true),
                None => (rest, false),
            };
            let printable = parameters.iter().all(|byte| matches!(byte, 0 | b' '..=b'~' | 0x80..));
            let named = startup::parameters(parameters).any(|(name, _)| name == b"user");
            let name_begins = parameters.first().is_none_or(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
            if !printable || !name_begins {
                Verdict::Reject
            } else if named {
                Verdict::Match
            } else if whole || bytes.len() >= PROBE_BYTES {
                Verdict::Reject
            } else {
                Verdict::NeedMore
            }
        }
        Some(_) => Verdict::Match,
    }
}

/// Messages of a client in midstream.
fn client_chain(bytes: &[u8]) -> Verdict {
    let Some(kind) = bytes.first() else {
        return Verdict::NeedMore;
    };
    if !matches!(kind, b'Q' | b'P' | b'B' | b'p') {
        return Verdict::Reject;
    }
    let Some((_, length)) = message::header(bytes) else {
        return short(bytes);
    };
    let body = bytes.get(HEADER..).unwrap_or_default();
    let content = length.saturating_sub(4);
    let (body, rest, whole) = match body.split_at_checked(content) {
        Some((body, rest)) => (body, rest, true),
        None => (body, &[][..], false),
    };
    if length > message::STATEMENT_MAX {
        return Verdict::Reject;
    }
    match kind {
        b'Q' | b'P' => {
            let mut reader = Reader::new(body);
            if *kind == b'P' && reader.until(0).is_none() {
                return unless(whole || bytes.len() > 256);
            }
            let text = reader.rest();
            let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
            let printable = text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x80..));
            let ends = !whole || *kind == b'P' || body.last() == Some(&0);
            match verbs::leading(text) {
                _ if !printable || !ends => Verdict::Reject,
                Some((verb, behind)) if whole || !behind.is_empty() => verbs::verdict(verb),
                _ => unless(whole || text.len() > 64),
            }
        }
        // A portal, a statement, parameters; then what is done with it.
        b'B' if whole => match message::header(rest) {
            Some((b'D', 6..=70) | (b'E', 9..=80)) => Verdict::Match,
            Some(_) => Verdict::Reject,
            None => short(rest),
        },
        b'B' => unless(bytes.len() >= PROBE_BYTES),
        // A password alone fits only.
        _ if whole && rest.is_empty() && body.last() == Some(&0) && body.starts_with(b"md5") && body.len() == 36 => {
            Verdict::Likely
        }
        _ => unless(whole),
    }
}

fn unless(rejected: bool) -> Verdict {
    if rejected { Verdict::Reject } else { Verdict::NeedMore }
}

/// Too few bytes for a header: lengths are below 16 MB.
fn short(bytes: &[u8]) -> Verdict {
    unless(bytes.get(1).is_some_and(|byte| *byte != 0))
}

/// Messages of a server, at its first or in midstream.
fn server(bytes: &[u8]) -> Verdict {
    if bytes.starts_with(message::OLD_ERROR) {
        return Verdict::Match;
    }
    if bytes.len() > 1 && message::OLD_ERROR.starts_with(bytes) {
        return Verdict::NeedMore;
    }
    // The answer to a request for encryption.
    let bytes = match bytes {
        [b'S' | b'N' | b'G'] => return Verdict::NeedMore,
        [b'N' | b'G', rest @ ..] if matches!(rest.first(), Some(b'R' | b'E')) => rest,
        _ => bytes,
    };
    let mut reader = Reader::new(bytes);
    let mut chained = 0u32;
    while let Some((kind, length)) = message::header(reader.rest()) {
        if !message::from_server(kind, length) {
            return Verdict::Reject;
        }
        let body = reader.rest().get(HEADER..).unwrap_or_default();
        let content = length.saturating_sub(4);
        let whole = body.len() >= content;
        let body = body.get(..content).unwrap_or(body);
        if chained == 0 {
            match kind {
                b'R' => {
                    let Some(code) = Reader::new(body).be_u32() else { return Verdict::NeedMore };
                    if !message::authentication(code, length) {
                        return Verdict::Reject;
                    }
                    // Challenges are proof; "you are in" wants what follows it.
                    if code == 10 || code == 5 {
                        return Verdict::Match;
                    }
                }
                b'E' => {
                    if body.len() < 7 && !whole {
                        return unless(!b"S".starts_with(body.get(..1).unwrap_or_default()));
                    }
                    let severe = [&b"SERROR\0"[..], b"SFATAL\0", b"SPANIC\0"].iter().any(|mark| body.starts_with(mark));
                    // Severities may be in the server's language; then the untranslated one follows.
                    let translated = body.first() == Some(&b'S') && body.windows(2).any(|pair| pair == b"\0V");
                    return if severe || translated { Verdict::Match } else { Verdict::Reject };
                }
                _ => {}
            }
        }
        if kind == b'Z' {
            return match body.first() {
                Some(b'I' | b'T' | b'E') if chained > 0 => Verdict::Match,
                Some(b'I' | b'T' | b'E') => Verdict::Likely,
                Some(_) => Verdict::Reject,
                None => Verdict::NeedMore,
            };
        }
        chained = chained.saturating_add(1);
        if !whole {
            break;
        }
        reader.skip(HEADER.saturating_add(content));
    }
    if chained == 0 {
        return match bytes.first() {
            Some(kind) if message::from_server(*kind, message::shortest(*kind)) => short(bytes),
            _ => Verdict::Reject,
        };
    }
    if bytes.len() >= PROBE_BYTES {
        return if chained >= 3 { Verdict::Likely } else { Verdict::Reject };
    }
    match bytes.first() {
        Some(b'R') if chained == 1 => Verdict::Likely,
        _ => Verdict::NeedMore,
    }
}
