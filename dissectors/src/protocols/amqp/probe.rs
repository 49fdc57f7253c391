//! Whether bytes are AMQP: the header of either version, or frames that are whole.

use super::old;
use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.bytes.first() {
        Some(b'A') => header(sample.bytes),
        Some(1..=3 | 8) => old_frame(sample),
        Some(0) => new_frame(sample),
        _ => Verdict::Reject,
    }
}

fn header(bytes: &[u8]) -> Verdict {
    let short = bytes.get(..4).unwrap_or(bytes);
    match (b"AMQP".starts_with(short), bytes.get(4..8)) {
        (true, Some([0..=3, 0 | 1 | 8 | 9, 0 | 8 | 9, 0 | 1 | 9 | 10])) => Verdict::Match,
        (true, Some([1, 1, 8 | 9 | 0, _])) => Verdict::Match,
        (true, None) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

/// A frame of 0-9-1: a known class and method, and behind its payload the mark of its end.
fn old_frame(sample: &Sample<'_>) -> Verdict {
    let mut reader = Reader::new(sample.bytes);
    let Some(((kind, channel), size)) = reader.u8().zip(reader.be_u16()).zip(reader.be_u32()) else {
        return Verdict::NeedMore;
    };
    if kind == 8 {
        // Heartbeats alone: two of them, each with its mark, are telling enough.
        let beat = [8, 0, 0, 0, 0, 0, 0, 0xce];
        let whole = sample.bytes.chunks(8).all(|piece| beat.starts_with(piece));
        return match whole {
            true if sample.bytes.len() >= 16 => Verdict::Match,
            true if sample.bytes.len() == 8 => Verdict::Likely,
            true => Verdict::NeedMore,
            false => Verdict::Reject,
        };
    }
    let limit = if kind == 1 { 1 << 20 } else { 1 << 27 };
    if size < 4 || size > limit || kind == 3 {
        return Verdict::Reject;
    }
    let Some((class, method)) = reader.be_u16().zip(reader.be_u16()) else {
        return Verdict::NeedMore;
    };
    let fits = match kind {
        1 => old::method(class, method).is_some_and(|name| match sample.role {
            Role::Client => !name.starts_with("basic.deliver") && name != "connection.start",
            Role::Server => !matches!(name, "basic.publish" | "connection.start-ok" | "basic.ack"),
        }),
        // A content header: its class, and a weight of zero.
        _ => class == 60 && method == 0 && size >= 14,
    };
    let connection = class == 10;
    if !fits || connection != (channel == 0) {
        return Verdict::Reject;
    }
    let end = usize::try_from(size).ok().and_then(|size| sample.bytes.get(size.saturating_add(7)));
    match end {
        Some(0xce) => Verdict::Match,
        Some(_) => Verdict::Reject,
        // A long frame: Connection.Start is often longer than what is shown.
        None if sample.bytes.len() >= 512 => Verdict::Likely,
        None => Verdict::NeedMore,
    }
}

/// A frame of 1.0: its size, two words of header, and a described list of a known code.
fn new_frame(sample: &Sample<'_>) -> Verdict {
    let mut reader = Reader::new(sample.bytes);
    let Some((size, (words, kind))) = reader.be_u32().zip(reader.u8().zip(reader.u8())) else {
        let fits = sample.bytes.get(4).is_none_or(|words| *words == 2);
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    };
    if !(12..1 << 24).contains(&size) || words != 2 || kind > 1 {
        return Verdict::Reject;
    }
    let Some((descriptor, _)) = reader.skip(2).and_then(|()| reader.array::<4>()).zip(Some(())) else {
        return Verdict::NeedMore;
    };
    match (kind, descriptor) {
        (0, [0, 0x53, 0x10..=0x18, 0x45 | 0xc0 | 0xd0]) | (1, [0, 0x53, 0x40..=0x44, 0x45 | 0xc0 | 0xd0]) => {
            Verdict::Match
        }
        _ => Verdict::Reject,
    }
}
