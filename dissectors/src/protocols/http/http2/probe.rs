//! How HTTP/2 is recognised: the client's preface, or the SETTINGS with which the server begins (RFC 9113 3.4).

use super::frame::{self, Header, PREFACE, flag, kind};
use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

/// So much of the preface can be nothing else.
const ENOUGH: usize = 16;
/// The most settings that a server begins with.
const SETTINGS_MAX: usize = 16;

pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        Role::Client if !sample.bytes.iter().zip(PREFACE).all(|(byte, known)| byte == known) => Verdict::Reject,
        Role::Client if sample.bytes.len() < ENOUGH => Verdict::NeedMore,
        Role::Client => Verdict::Match,
        Role::Server => settings(sample.bytes),
    }
}

fn settings(bytes: &[u8]) -> Verdict {
    // The header of a short SETTINGS frame, but for its length.
    let shape = [Some(0), Some(0), None, Some(kind::SETTINGS), Some(0), Some(0), Some(0), Some(0), Some(0)];
    if !bytes.iter().zip(shape).all(|(byte, known)| known.is_none_or(|known| known == *byte)) {
        return Verdict::Reject;
    }
    let mut reader = Reader::new(bytes);
    let Some(header) = Header::read(&mut reader) else {
        return Verdict::NeedMore;
    };
    if !header.len.is_multiple_of(6) || header.len > 6 * SETTINGS_MAX {
        return Verdict::Reject;
    }
    let Some(content) = reader.take(header.len) else {
        return Verdict::NeedMore;
    };
    // Those of the RFC, of RFC 8441, RFC 9218 and the like, and of what is set aside to mean nothing.
    let sound = |(id, value): (u16, u32)| match id {
        2 | 8 | 9 => value <= 1,
        4 => value <= 0x7fff_ffff,
        5 => (0x4000..=0x00ff_ffff).contains(&value),
        1 | 3 | 6 => true,
        _ => id & 0x0f0f == 0x0a0a || id >= 0x10,
    };
    let known = frame::settings(content).filter(|(id, _)| (1..=9).contains(id)).count();
    match () {
        () if !frame::settings(content).all(sound) => Verdict::Reject,
        () if known > 0 => Verdict::Match,
        () => followed(reader.rest()),
    }
}

/// Settings that tell nothing are hardly more than zeros: a frame that may follow them is wanted.
fn followed(rest: &[u8]) -> Verdict {
    match Header::read(&mut Reader::new(rest)) {
        None => Verdict::NeedMore,
        // An acknowledgement, or more room to send into.
        Some(next) if next.kind == kind::SETTINGS && next.len == 0 && next.has(flag::ACK) => Verdict::Likely,
        Some(next) if next.kind == kind::WINDOW_UPDATE && next.len == 4 => Verdict::Likely,
        Some(_) => Verdict::NeedMore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_begins_with_settings() {
        for (bytes, verdict) in [
            (&b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"[..], Verdict::Match),
            (b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0", Verdict::NeedMore),
            (b"\0\0\0\x04\0\0\0\0\0", Verdict::NeedMore),
            (b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0", Verdict::Likely),
            (b"\0\0\0\x04\0\0\0\0\0\0\0\0\x07\0\0\0\x05", Verdict::NeedMore),
            (b"\0\0\x05\x04\0\0\0\0\0\0\x03\0\0\0\x64", Verdict::Reject),
            (b"\0\0\x06\x04\0\0\0\0\0\0\x02\0\0\0\x64", Verdict::Reject),
            (b"\0\0\x06\x04\x01", Verdict::Reject),
            (b"\0\0\0\x2f\xfeSMB", Verdict::Reject),
        ] {
            assert_eq!(settings(bytes), verdict, "{bytes:02x?}");
        }
    }
}
