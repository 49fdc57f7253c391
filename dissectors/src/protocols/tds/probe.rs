//! Tells TDS from everything else: a packet's header, and behind it what its type says.

use super::packet::{self, HEADER, kind};
use super::{login, rpc};
use crate::protocol::{PROBE_BYTES, Role, Sample, Verdict};
use crate::reader::Reader;
use crate::sql::verbs;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if !packet::may_begin(bytes) {
        return Verdict::Reject;
    }
    let (reply, first) = (bytes.first() == Some(&kind::REPLY), bytes.first());
    // A server's TLS travels in the packets of the prelogin.
    if first.is_some() && reply != (sample.role == Role::Server) {
        return Verdict::Reject;
    }
    if bytes.len() < HEADER {
        return Verdict::NeedMore;
    }
    let Some(header) = packet::header(bytes) else {
        return Verdict::Reject;
    };
    let rest = bytes.get(HEADER..).unwrap_or_default();
    let content = header.length.saturating_sub(HEADER);
    let whole = rest.len() >= content;
    let body = rest.get(..content).unwrap_or(rest);
    let or_more = |verdict: Option<Verdict>| match verdict {
        Some(verdict) => verdict,
        None if whole || bytes.len() >= PROBE_BYTES => Verdict::Reject,
        None => Verdict::NeedMore,
    };
    match header.kind {
        kind::PRELOGIN if header.last && content <= 1024 => or_more(prelogin(body, whole)),
        kind::LOGIN7 => or_more(login7(body, content)),
        kind::LOGIN if !login::login4_may_begin(body) => Verdict::Reject,
        kind::LOGIN if content >= 480 => or_more(login::login4(body).map(|_| Verdict::Match)),
        kind::BATCH => or_more(batch(body, whole)),
        kind::RPC => or_more(call(body)),
        kind::TOKENS => or_more(language(body, whole)),
        kind::REPLY => or_more(reply_begins(body, content, header.last)),
        _ => Verdict::Reject,
    }
}

fn prelogin(body: &[u8], whole: bool) -> Option<Verdict> {
    // The first option is the version.
    let begins: [&[u8]; 2] = [&[0, 0], &[0, 6]];
    let head = body.get(..3).unwrap_or(body);
    if head.first().is_some_and(|token| *token != 0)
        || head.get(1).is_some_and(|high| *high != 0)
        || (body.len() >= 5 && !begins.contains(&body.get(3..5).unwrap_or_default()))
    {
        return Some(Verdict::Reject);
    }
    if !whole {
        return None;
    }
    let told = login::prelogin(body)?;
    (told.version.is_some() && told.encryption.is_some()).then_some(Verdict::Match)
}

fn login7(body: &[u8], content: usize) -> Option<Verdict> {
    let mut reader = Reader::new(body);
    let (length, version) = (reader.le_u32()? as usize, reader.le_u32()?);
    let fits = length >= content && length <= 128 * 1024 && login::version(version).is_some();
    Some(if fits { Verdict::Match } else { Verdict::Reject })
}

/// A batch: its headers, or a statement that begins with a verb.
fn batch(body: &[u8], whole: bool) -> Option<Verdict> {
    let headers = packet::all_headers(body)?;
    let text = body.get(headers..)?;
    let wide = text.chunks_exact(2).all(|unit| unit.last() == Some(&0));
    let narrow: Vec<u8> = if wide {
        text.chunks_exact(2).filter_map(|unit| unit.first().copied()).take(64).collect()
    } else {
        text.iter().copied().take(64).collect()
    };
    if !narrow.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')) {
        return Some(Verdict::Reject);
    }
    match verbs::leading(&narrow) {
        // The headers alone are proof.
        _ if headers > 0 && wide && narrow.len() >= 8 => Some(Verdict::Match),
        Some((verb, behind)) if !behind.is_empty() && wide => Some(verbs::verdict(verb)),
        // One byte a character: TDS 4.2.
        Some((_, behind)) if behind.len() > 4 => Some(Verdict::Likely),
        _ if narrow.len() >= 64 || whole => Some(Verdict::Reject),
        _ => None,
    }
}

fn call(body: &[u8]) -> Option<Verdict> {
    let headers = packet::all_headers(body)?;
    Some(match rpc::may_begin(body.get(headers..)?)? {
        true if headers > 0 => Verdict::Match,
        true => {
            let named = body.first_chunk::<2>() != Some(&[0xff; 2]);
            if named { Verdict::Match } else { Verdict::Likely }
        }
        false => Verdict::Reject,
    })
}

/// A statement of TDS 5: its token, its length, whether it has parameters, its text.
fn language(body: &[u8], whole: bool) -> Option<Verdict> {
    let mut reader = Reader::new(body);
    if reader.u8()? != 0x21 {
        return Some(Verdict::Reject);
    }
    let (length, status) = (reader.le_u32()?, reader.u8()?);
    if length > 1 << 20 || status > 1 {
        return Some(Verdict::Reject);
    }
    match verbs::leading(reader.rest()) {
        Some((verb, behind)) if !behind.is_empty() || whole => Some(verbs::verdict(verb)),
        _ if reader.len() > 64 => Some(Verdict::Reject),
        _ => None,
    }
}

/// A server's first packet: a prelogin's answer, or tokens.
fn reply_begins(body: &[u8], content: usize, last: bool) -> Option<Verdict> {
    let token = *body.first()?;
    if token == 0 {
        let told = login::prelogin(body)?;
        let fits = last && content < 256 && told.version.is_some() && told.encryption.is_some();
        return Some(if fits { Verdict::Match } else { Verdict::Reject });
    }
    let mut reader = Reader::new(body);
    reader.skip(1)?;
    let fits = match token {
        // Their length lies within, and their kind is known.
        0xe3 => usize::from(reader.le_u16()?) < content && matches!(reader.u8()?, 1..=20),
        0xaa | 0xab => {
            let length = usize::from(reader.le_u16()?);
            reader.skip(5)?;
            length < content && reader.u8()? <= 25
        }
        0xad => usize::from(reader.le_u16()?) < content && matches!(reader.u8()?, 0 | 1 | 5 | 6),
        0xed => {
            usize::from(reader.le_u16()?) < content
                && body.get(3..).is_some_and(|blob| {
                    blob.starts_with(b"NTLMSSP") || blob.first() == Some(&0x60) || blob.first() == Some(&0xa1)
                })
        }
        0x81 => matches!(reader.le_u16()?, 1..=4096 | 0xffff),
        0x79 => content >= 5,
        0xfd..=0xff => {
            let status = reader.le_u16()?;
            status & !0x133 == 0 && matches!(content, 9..) && (content > 13 || matches!(content, 9 | 13))
        }
        _ => false,
    };
    Some(if fits { Verdict::Likely } else { Verdict::Reject })
}
