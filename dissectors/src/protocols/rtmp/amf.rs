//! Commands in AMF 0 (Adobe: Action Message Format, AMF 0): a name, a number, and what belongs to it.
//!
//! ```text
//! 0 number:8   1 boolean:1   2 length:2 text   3 (length:2 key value)* 0 0 9   5 nothing   6 undefined   8 count:4 as 3
//! a count:4 value*   b date:8 zone:2   c length:4 text
//! ```
//!
//! Only what stands in a command itself, or right inside an object of it, is told. Limit: [`DEPTH_CAP`].

use crate::reader::Reader;

/// The deepest nesting.
const DEPTH_CAP: usize = 8;

/// A value of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a [u8]),
    /// A number.
    Number(f64),
    /// Anything else.
    Other,
}

/// Reads values one after another; each is told with its key, which is empty outside objects. Gives whether all was understood.
pub fn read<'a>(bytes: &'a [u8], tell: &mut impl FnMut(&'a [u8], Value<'a>)) -> bool {
    let mut reader = Reader::new(bytes);
    // For each open container: how many values it still holds, or that it ends where it says so.
    let mut open: Vec<Option<u32>> = Vec::new();
    while !reader.is_empty() || matches!(open.last(), Some(Some(0))) {
        if let Some(Some(left)) = open.last_mut() {
            let Some(fewer) = left.checked_sub(1) else {
                open.pop();
                continue;
            };
            *left = fewer;
        }
        let key = if matches!(open.last(), Some(None)) {
            match key(&mut reader) {
                Some(key) => key,
                None => return false,
            }
        } else {
            &[][..]
        };
        let Some(marker) = reader.u8() else {
            return false;
        };
        let value = match marker {
            0 => reader.array().map(|number| Value::Number(f64::from_be_bytes(number))),
            1 => reader.skip(1).map(|()| Value::Other),
            2 => reader.be_u16().and_then(|len| reader.take(usize::from(len))).map(Value::Text),
            3 | 8 | 10 => {
                let counted = if marker == 3 { Some(0) } else { reader.be_u32() };
                match counted {
                    Some(count) if open.len() < DEPTH_CAP => open.push((marker == 10).then_some(count)),
                    _ => return false,
                }
                Some(Value::Other)
            }
            5 | 6 => Some(Value::Other),
            9 => {
                // The end of an object, behind an empty key.
                if open.pop().is_none() {
                    return false;
                }
                continue;
            }
            11 => reader.skip(10).map(|()| Value::Other),
            12 => reader
                .be_u32()
                .and_then(|len| usize::try_from(len).ok())
                .and_then(|len| reader.take(len))
                .map(Value::Text),
            _ => None,
        };
        let Some(value) = value else {
            return false;
        };
        let inside = if matches!(marker, 3 | 8 | 10) { open.len().saturating_sub(1) } else { open.len() };
        if inside <= 1 {
            tell(key, value);
        }
    }
    open.is_empty()
}

fn key<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let len = reader.be_u16()?;
    reader.take(usize::from(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_tells_its_texts() {
        let bytes = b"\x02\0\x07connect\0\x3f\xf0\0\0\0\0\0\0\x03\0\x03app\x02\0\x04live\0\x01o\x03\0\x01x\x02\0\x01y\0\0\x09\0\x05tcUrl\x02\0\x01u\0\0\x09\x05";
        let mut told = Vec::new();
        assert!(read(bytes, &mut |key, value| {
            if let Value::Text(text) = value {
                told.push((key.to_vec(), text.to_vec()));
            }
        }));
        let pair = |key: &[u8], text: &[u8]| (key.to_vec(), text.to_vec());
        assert_eq!(told, [pair(b"", b"connect"), pair(b"app", b"live"), pair(b"tcUrl", b"u")]);
        assert!(!read(&bytes[..bytes.len() - 5], &mut |_, _| {}));
    }
}
