//! Values of MessagePack, read where they stand (MessagePack specification).

use crate::reader::Reader;

/// The most values that [`skip`] passes over.
const MOST_VALUES: u64 = 4096;

/// A text, or bytes.
pub fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = match reader.u8()? {
        fixed @ 0xa0..=0xbf => usize::from(fixed & 0x1f),
        0xd9 | 0xc4 => usize::from(reader.u8()?),
        0xda | 0xc5 => usize::from(reader.be_u16()?),
        _ => return None,
    };
    reader.take(length)
}

/// A whole number that is not negative.
pub fn number(reader: &mut Reader<'_>) -> Option<u64> {
    Some(match reader.u8()? {
        fixed @ 0..=0x7f => u64::from(fixed),
        0xcc => u64::from(reader.u8()?),
        0xcd => u64::from(reader.be_u16()?),
        0xce => u64::from(reader.be_u32()?),
        0xcf => reader.be_u64()?,
        _ => return None,
    })
}

/// How many pairs a map has that begins here.
pub fn map(reader: &mut Reader<'_>) -> Option<u64> {
    Some(match reader.u8()? {
        fixed @ 0x80..=0x8f => u64::from(fixed & 0x0f),
        0xde => u64::from(reader.be_u16()?),
        0xdf => u64::from(reader.be_u32()?),
        _ => return None,
    })
}

/// Passes over a value with all that it holds.
pub fn skip(reader: &mut Reader<'_>) -> Option<()> {
    let mut waiting = 1u64;
    for _ in 0..MOST_VALUES {
        let Some(left) = waiting.checked_sub(1) else { break };
        waiting = left;
        let (bytes, values) = match reader.u8()? {
            0..=0x7f | 0xc0..=0xc3 | 0xe0..=0xff => (0, 0),
            map @ 0x80..=0x8f => (0, u64::from(map & 0x0f) * 2),
            list @ 0x90..=0x9f => (0, u64::from(list & 0x0f)),
            text @ 0xa0..=0xbf => (u64::from(text & 0x1f), 0),
            0xc4 | 0xd9 => (u64::from(reader.u8()?), 0),
            0xc5 | 0xda => (u64::from(reader.be_u16()?), 0),
            0xc6 | 0xdb => (u64::from(reader.be_u32()?), 0),
            0xc7 => (u64::from(reader.u8()?) + 1, 0),
            0xc8 => (u64::from(reader.be_u16()?) + 1, 0),
            0xc9 => (u64::from(reader.be_u32()?) + 1, 0),
            0xcc | 0xd0 => (1, 0),
            0xcd | 0xd1 | 0xd4 => (2, 0),
            0xd5 => (3, 0),
            0xca | 0xce | 0xd2 => (4, 0),
            0xd6 => (5, 0),
            0xcb | 0xcf | 0xd3 => (8, 0),
            0xd7 => (9, 0),
            0xd8 => (17, 0),
            0xdc => (0, u64::from(reader.be_u16()?)),
            0xdd => (0, u64::from(reader.be_u32()?)),
            0xde => (0, u64::from(reader.be_u16()?) * 2),
            0xdf => (0, u64::from(reader.be_u32()?) * 2),
        };
        reader.skip(usize::try_from(bytes).ok()?)?;
        waiting = waiting.saturating_add(values);
    }
    (waiting == 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_passed_over() {
        // {1: ["a", -1, 300], 2: {3: nil}}, then a number.
        let bytes = [0x82, 1, 0x93, 0xa1, b'a', 0xff, 0xcd, 1, 44, 2, 0x81, 3, 0xc0, 0xcd, 2, 0];
        let mut reader = Reader::new(&bytes);
        assert_eq!(skip(&mut reader), Some(()));
        assert_eq!(number(&mut reader), Some(512));
        let mut reader = Reader::new(&bytes);
        assert_eq!(map(&mut reader), Some(2));
        assert_eq!(number(&mut reader), Some(1));
        assert_eq!(skip(&mut reader), Some(()));
        assert_eq!(number(&mut reader), Some(2));
    }

    #[test]
    fn what_is_cut_or_endless_is_no_value() {
        assert_eq!(skip(&mut Reader::new(&[0x93, 1, 2])), None);
        assert_eq!(skip(&mut Reader::new(&[0x91; 8000])), None);
        assert_eq!(text(&mut Reader::new(&[0xa3, b'a'])), None);
    }
}
