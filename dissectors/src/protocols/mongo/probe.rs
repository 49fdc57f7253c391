//! Whether bytes are a message of MongoDB: header, operation and the beginning of its body must agree.

use super::{Header, MESSAGE_BYTES, op};
use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(header) = Header::read(sample.bytes) else {
        // Sizes of 16 bytes to 48 MB, least significant byte first; the operation's upper half is zero.
        let fits =
            sample.bytes.get(3).is_none_or(|top| *top <= 3) && sample.bytes.get(14).is_none_or(|byte| *byte == 0);
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    };
    if header.length < 21 || header.length > MESSAGE_BYTES {
        return Verdict::Reject;
    }
    // Whoever answers names the request; who asks has none, which some write as -1.
    let asks = matches!(header.answers, 0 | u32::MAX);
    if asks != (sample.role == Role::Client) {
        return Verdict::Reject;
    }
    let body = sample.bytes.get(16..).unwrap_or_default();
    let body_length = header.length.saturating_sub(16);
    let body = usize::try_from(body_length).ok().and_then(|length| body.get(..length)).unwrap_or(body);
    match fits(&header, body, body_length) {
        Some(true) => Verdict::Match,
        Some(false) => Verdict::Reject,
        None if sample.bytes.len() < 1024 => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

/// Whether a body begins as its operation demands; `None` where too little of it is here.
fn fits(header: &Header, body: &[u8], length: u64) -> Option<bool> {
    let mut reader = Reader::new(body);
    let answer = !matches!(header.answers, 0 | u32::MAX);
    Some(match header.operation {
        op::MSG => {
            let (flags, section) = (reader.le_u32()?, reader.u8()?);
            let size = u64::from(reader.le_u32()?);
            let room = size >= 5 && size.saturating_add(5) <= length;
            flags & !0x1_0003 == 0 && section <= 1 && room && (section == 1 || element(&mut reader)?)
        }
        op::QUERY => {
            let flags = reader.le_u32()?;
            if flags & !0xfe != 0 {
                return Some(false);
            }
            if !namespace(&mut reader)? {
                return Some(false);
            }
            let (skip, _) = (reader.le_u32()?, reader.le_u32()?);
            let size = u64::from(reader.le_u32()?);
            skip < 1 << 24 && size >= 5 && size <= length && (size == 5 || element(&mut reader)?)
        }
        op::REPLY => {
            let (flags, _, start, count) = (reader.le_u32()?, reader.le_u64()?, reader.le_u32()?, reader.le_u32()?);
            let plain = answer && flags < 16 && start < 1 << 24 && count < 1 << 20;
            plain
                && if count == 0 {
                    length == 20
                } else {
                    u64::from(reader.le_u32()?).saturating_add(20) <= length && element(&mut reader)?
                }
        }
        op::INSERT | op::UPDATE | op::DELETE | op::GET_MORE => reader.le_u32()? <= 1 && namespace(&mut reader)?,
        op::KILL_CURSORS => {
            let (zero, count) = (reader.le_u32()?, reader.le_u32()?);
            zero == 0 && count > 0 && u64::from(count).saturating_mul(8).saturating_add(8) == length
        }
        op::COMPRESSED => {
            let (operation, size, compressor) = (reader.le_u32()?, reader.le_u32()?, reader.u8()?);
            matches!(operation, op::MSG | op::QUERY | op::REPLY) && u64::from(size) <= MESSAGE_BYTES && compressor <= 3
        }
        op::COMMAND => is_name(reader.until(0)?) && is_name(reader.until(0)?) && reader.le_u32()? >= 5,
        op::COMMAND_REPLY => u64::from(reader.le_u32()?) <= length && element(&mut reader)?,
        _ => false,
    })
}

/// The first element of a document: a known type and a name of printable characters.
fn element(reader: &mut Reader<'_>) -> Option<bool> {
    let kind = reader.u8()?;
    if !matches!(kind, 1..=19) {
        return Some(false);
    }
    let Some(name) = reader.until(0) else {
        // A name that is cut off must look like one so far.
        return if reader.len() > 64 || !reader.rest().iter().all(u8::is_ascii_graphic) { Some(false) } else { None };
    };
    Some(is_name(name))
}

/// `database.collection`.
fn namespace(reader: &mut Reader<'_>) -> Option<bool> {
    let Some(name) = reader.until(0) else {
        return if reader.len() > 256 || !reader.rest().iter().all(|byte| *byte >= 0x20) { Some(false) } else { None };
    };
    Some(name.len() >= 3 && name.contains(&b'.') && crate::framing::is_text(name))
}

fn is_name(name: &[u8]) -> bool {
    (1..=64).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic)
}
