//! Looks through a block of fields (HPACK, RFC 7541) before it is decoded: the decoder panics where an update of its table's size is cut
//! off or too long (5.1, 6.3), which any sender can bring about.
//!
//! ```text
//! 1.......                   indexed field: integer of 7 bits
//! 01...... 0000.... 0001.... literal: integer of 6 or 4 bits; where it is 0 the name; the value
//! 001.....                   size update: integer of 5 bits
//! a text is                  Huffman:1 bit, length: integer of 7 bits, bytes
//! ```

use crate::reader::Reader;

/// The most bytes of an integer, its first included.
const INTEGER_BYTES: usize = 5;

/// Whether each representation of a block is whole.
pub(super) fn is_whole(block: &[u8]) -> bool {
    let mut reader = Reader::new(block);
    while !reader.is_empty() {
        if representation(&mut reader).is_none() {
            return false;
        }
    }
    true
}

fn representation(reader: &mut Reader<'_>) -> Option<()> {
    let (kind, bits) = match *reader.rest().first()? {
        0x80.. => (Kind::Other, 7),
        0x40.. => (Kind::Literal, 6),
        0x20.. => (Kind::Other, 5),
        _ => (Kind::Literal, 4),
    };
    let number = integer(reader, bits)?;
    if kind == Kind::Literal {
        if number == 0 {
            text(reader)?;
        }
        text(reader)?;
    }
    Some(())
}

#[derive(PartialEq, Eq)]
enum Kind {
    Literal,
    Other,
}

fn text(reader: &mut Reader<'_>) -> Option<()> {
    let length = integer(reader, 7)?;
    reader.skip(length)
}

/// An integer whose first byte holds so many bits of it.
fn integer(reader: &mut Reader<'_>, bits: u32) -> Option<usize> {
    let most = (1usize << bits) - 1;
    let mut value = usize::from(reader.u8()?) & most;
    if value < most {
        return Some(value);
    }
    for shift in (0..).step_by(7).take(INTEGER_BYTES - 1) {
        let byte = usize::from(reader.u8()?);
        value = value.saturating_add((byte & 0x7f) << shift);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_whole_or_not() {
        // RFC 7541 C.3.1, and a size update before it.
        let request = b"\x3f\xe1\x1f\x82\x86\x84\x41\x0fwww.example.com";
        assert!(is_whole(request) && is_whole(b"") && is_whole(b"\x40\x01a\x01b\x00\x01a\x00"));
        assert!(!is_whole(&request[..request.len() - 1]));
        for cut in [&b"\x3f"[..], b"\x82\x3f\xff", b"\x3f\xff\xff\xff\xff\x01", b"\x40\x7f"] {
            assert!(!is_whole(cut), "{cut:02x?}");
        }
    }

    #[test]
    fn the_decoder_takes_what_is_whole_without_a_panic() {
        let mut state = 1u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        let mut whole = 0;
        for _ in 0..100_000 {
            let length = usize::from(next() % 12);
            let block: Vec<u8> = (0..length).map(|_| if next() < 60 { 0x3f } else { next() }).collect();
            if is_whole(&block) {
                whole += 1;
                let _ = fluke_hpack::Decoder::new().decode_with_cb(&block, |_, _| {});
            }
        }
        assert!(whole > 1000);
    }
}
