//! Bencoding (BEP 3), read without holding or recursing: `i42e`, `3:abc`, `l...e`, `d key value ... e`.
//!
//! What messages say stands in the outermost dictionary and in those right inside it, so a value is told with at most two keys.
//! Limits: [`DEPTH_CAP`], [`ITEMS_CAP`].

use crate::reader::Reader;

/// The deepest nesting that is read.
const DEPTH_CAP: usize = 16;
/// The most items of one message.
const ITEMS_CAP: usize = 4096;
/// The most digits of a number or a length.
const DIGITS_CAP: usize = 20;

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A whole number that is not negative.
    Number(u64),
    /// A string.
    Bytes(&'a [u8]),
    /// A list or dictionary begins, or a number that is negative.
    Other,
}

/// A place for a value: the key in the outermost dictionary, and the key in the dictionary that stands there; empty where there
/// is none.
pub type Place<'a> = (&'a [u8], &'a [u8]);

/// How far reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The dictionary is whole; so many bytes follow it.
    Whole(usize),
    /// All bytes fit, and the dictionary is not at its end.
    Cut,
    /// This is no bencoding.
    Wrong,
}

/// An open container.
#[derive(Clone, Copy)]
struct Level<'a> {
    dictionary: bool,
    key: Option<&'a [u8]>,
}

/// Reads a dictionary from its `d` on and brings each value with its place.
pub fn read<'a>(bytes: &'a [u8], tell: &mut impl FnMut(Place<'a>, Value<'a>)) -> Outcome {
    let mut reader = Reader::new(bytes);
    if reader.u8() != Some(b'd') {
        return Outcome::Wrong;
    }
    let mut levels = vec![Level { dictionary: true, key: None }];
    for _ in 0..ITEMS_CAP {
        let Some(first) = reader.rest().first().copied() else {
            return Outcome::Cut;
        };
        let Some(level) = levels.last_mut() else {
            return Outcome::Whole(reader.len());
        };
        let wants_key = level.dictionary && level.key.is_none();
        let value = match first {
            b'e' => {
                if level.dictionary && level.key.is_some() {
                    return Outcome::Wrong;
                }
                let _ = reader.u8();
                levels.pop();
                if levels.is_empty() {
                    return Outcome::Whole(reader.len());
                }
                if let Some(outer) = levels.last_mut() {
                    outer.key = None;
                }
                continue;
            }
            b'0'..=b'9' => match string(&mut reader) {
                Ok(Some(text)) if wants_key => {
                    level.key = Some(text);
                    continue;
                }
                Ok(Some(text)) => Value::Bytes(text),
                Ok(None) => return Outcome::Cut,
                Err(Wrong) => return Outcome::Wrong,
            },
            _ if wants_key => return Outcome::Wrong,
            b'i' => match number(&mut reader) {
                Ok(Some(value)) => value,
                Ok(None) => return Outcome::Cut,
                Err(Wrong) => return Outcome::Wrong,
            },
            b'l' | b'd' => {
                let _ = reader.u8();
                Value::Other
            }
            _ => return Outcome::Wrong,
        };
        let place = match levels.as_slice() {
            [Level { key: Some(key), .. }] => Some((*key, &[][..])),
            [Level { key: Some(outer), .. }, Level { key: Some(key), .. }] => Some((*outer, *key)),
            // The items of a list count as its own.
            [Level { key: Some(outer), .. }, Level { dictionary: false, .. }] => Some((*outer, &[][..])),
            _ => None,
        };
        if let Some(place) = place {
            tell(place, value);
        }
        if matches!(first, b'l' | b'd') {
            if levels.len() >= DEPTH_CAP {
                return Outcome::Wrong;
            }
            levels.push(Level { dictionary: first == b'd', key: None });
        } else if let Some(level) = levels.last_mut() {
            level.key = None;
        }
    }
    Outcome::Wrong
}

/// These bytes are no bencoding.
struct Wrong;

/// The digits before `end`; nothing where the bytes end in them.
fn digits(reader: &mut Reader<'_>, end: u8) -> Result<Option<u64>, Wrong> {
    let rest = reader.rest();
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(count) {
        _ if count > DIGITS_CAP => Err(Wrong),
        None => Ok(None),
        Some(byte) if *byte == end && count > 0 => {
            let text = rest.get(..count).unwrap_or_default();
            let value = text
                .iter()
                .try_fold(0u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0'))));
            reader.skip(count.saturating_add(1)).ok_or(Wrong)?;
            value.map(Some).ok_or(Wrong)
        }
        Some(_) => Err(Wrong),
    }
}

fn string<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Wrong> {
    match digits(reader, b':')? {
        Some(len) => Ok(reader.take(usize::try_from(len).map_err(|_| Wrong)?)),
        None => Ok(None),
    }
}

fn number<'a>(reader: &mut Reader<'_>) -> Result<Option<Value<'a>>, Wrong> {
    let _ = reader.u8();
    let negative = reader.rest().first() == Some(&b'-');
    if negative {
        let _ = reader.u8();
    }
    let value = digits(reader, b'e')?;
    Ok(value.map(|value| if negative { Value::Other } else { Value::Number(value) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> (Vec<String>, Outcome) {
        let mut told = Vec::new();
        let outcome = read(bytes, &mut |(outer, key), value| {
            told.push(format!("{}.{}={value:?}", outer.escape_ascii(), key.escape_ascii()));
        });
        (told, outcome)
    }

    #[test]
    fn values_are_told_with_their_keys() {
        let (told, outcome) = told(b"d1:ad2:id2:xy4:porti80e1:zld1:k1:veee1:eli201e2:noe1:q4:ping1:yi-1ee..");
        assert_eq!(outcome, Outcome::Whole(2));
        assert_eq!(
            told,
            [
                "a.=Other",
                "a.id=Bytes([120, 121])",
                "a.port=Number(80)",
                "a.z=Other",
                "e.=Other",
                "e.=Number(201)",
                "e.=Bytes([110, 111])",
                "q.=Bytes([112, 105, 110, 103])",
                "y.=Other"
            ]
        );
    }

    #[test]
    fn what_is_no_bencoding_is_refused() {
        for wrong in [&b"x"[..], b"d3e", b"di1ee", b"d1:ae", b"d1:ai1x", b"d1:a99999999999999999999999:"] {
            assert_eq!(told(wrong).1, Outcome::Wrong, "{}", wrong.escape_ascii());
        }
        for cut in [&b"d"[..], b"d1", b"d5:ab", b"d1:ai12", b"d1:al"] {
            assert_eq!(told(cut).1, Outcome::Cut, "{}", cut.escape_ascii());
        }
        let deep = [&b"d1:a"[..], &b"l".repeat(100)].concat();
        assert_eq!(told(&deep).1, Outcome::Wrong);
    }
}
