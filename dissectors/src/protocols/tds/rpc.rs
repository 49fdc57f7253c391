//! Remote procedure calls (MS-TDS 2.2.6.6): which procedure, and the statement that the system's own ones carry.
//!
//! ```text
//! name's length (2), name in UTF-16; or ffff and a number (2)
//! options (2)
//! parameters: name's length (1), name, status (1), type, value
//! 80 or ff: another call follows
//! ```
//!
//! Types and values are read as far as a statement needs it (MS-TDS 2.2.5.4, 2.2.5.5); what is not known ends the message.

use super::login::utf16;
use crate::capped::Text;
use crate::reader::Reader;

/// The most calls read of one message.
const CALLS: usize = 64;
/// The most parameters read of one call.
const PARAMETERS: usize = 8;
/// The longest name.
const NAME_CHARACTERS: u16 = 128 * 4;

/// The system's procedures by their numbers, and which parameter is a statement.
fn procedure(number: u16) -> Option<(&'static str, Option<usize>)> {
    Some(match number {
        1 => ("sp_cursor", None),
        2 => ("sp_cursoropen", Some(1)),
        3 => ("sp_cursorprepare", Some(2)),
        4 => ("sp_cursorexecute", None),
        5 => ("sp_cursorprepexec", Some(3)),
        6 => ("sp_cursorunprepare", None),
        7 => ("sp_cursorfetch", None),
        8 => ("sp_cursoroption", None),
        9 => ("sp_cursorclose", None),
        10 => ("sp_executesql", Some(0)),
        11 => ("sp_prepare", Some(2)),
        12 => ("sp_execute", None),
        13 => ("sp_prepexec", Some(2)),
        14 => ("sp_prepexecrpc", None),
        15 => ("sp_unprepare", None),
        _ => return None,
    })
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub procedure: Text,
    /// In UTF-16, with how many bytes of it lie beyond what was looked at.
    pub statement: Option<(Vec<u8>, u64)>,
}

/// Whether a message begins like a call, behind its headers. `None`: too few bytes.
pub fn may_begin(message: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(message);
    match reader.le_u16()? {
        0xffff => {
            let number = reader.le_u16()?;
            let options = reader.le_u16()?;
            Some(procedure(number).is_some() && options < 16)
        }
        characters @ 4..=NAME_CHARACTERS => {
            let name = reader.take(usize::from(characters).saturating_mul(2).min(reader.len()))?;
            let fits = name.chunks(2).all(|unit| match unit {
                [low, high] => *high == 0 && (low.is_ascii_alphanumeric() || b"_.[]#@$".contains(low)),
                _ => true,
            });
            if fits && name.len() < 8 { None } else { Some(fits) }
        }
        _ => Some(false),
    }
}

/// Reads the calls of a message behind its headers.
pub fn calls(message: &[u8], collation: bool) -> Vec<Call> {
    let mut reader = Reader::new(message);
    let mut calls = Vec::new();
    while calls.len() < CALLS {
        let Some((call, another)) = call(&mut reader, collation) else {
            break;
        };
        calls.push(call);
        if !another {
            break;
        }
    }
    calls
}

/// A call, and whether another one follows that can be found.
fn call(reader: &mut Reader<'_>, collation: bool) -> Option<(Call, bool)> {
    let (name, statement_at) = match reader.le_u16()? {
        0xffff => {
            let (name, at) = procedure(reader.le_u16()?)?;
            (Text::from(name), at)
        }
        characters => {
            let name = utf16(reader.take(usize::from(characters).saturating_mul(2))?);
            let known = (1..=15).filter_map(procedure).find(|(known, _)| {
                let bare = name.bytes().rsplit(|byte| *byte == b'.').next().unwrap_or_default();
                known.as_bytes().eq_ignore_ascii_case(bare)
            });
            (name, known.and_then(|(_, at)| at))
        }
    };
    reader.skip(2)?;
    let mut call = Call { procedure: name, statement: None };
    for at in 0..PARAMETERS {
        match reader.rest().first() {
            Some(0x80 | 0xff | 0xfe) => {
                reader.skip(1);
                return Some((call, true));
            }
            None => break,
            Some(_) => {}
        }
        let Some(value) = parameter(reader, collation) else {
            return Some((call, false));
        };
        if statement_at == Some(at)
            && let Value::Text { text, beyond } = value
        {
            let whole = beyond == 0;
            call.statement = Some((text, beyond));
            if !whole {
                return Some((call, false));
            }
        }
    }
    Some((call, false))
}

enum Value {
    /// UTF-16.
    Text {
        text: Vec<u8>,
        beyond: u64,
    },
    Other,
}

fn parameter(reader: &mut Reader<'_>, collation: bool) -> Option<Value> {
    let name = reader.u8()?;
    reader.skip(usize::from(name).saturating_mul(2))?;
    reader.skip(1)?;
    let collation = if collation { 5 } else { 0 };
    match reader.u8()? {
        0x1f => {}
        0x30 | 0x32 => reader.skip(1)?,
        0x34 => reader.skip(2)?,
        0x38 | 0x3a | 0x3b | 0x7a => reader.skip(4)?,
        0x3c..=0x3e | 0x7f => reader.skip(8)?,
        // A largest length, a length.
        0x24 | 0x25 | 0x26 | 0x27 | 0x2d | 0x2f | 0x68 | 0x6d..=0x6f => {
            reader.skip(1)?;
            short(reader)?;
        }
        0x28 => short(reader)?,
        0x29..=0x2b => {
            reader.skip(1)?;
            short(reader)?;
        }
        // Precision and scale as well.
        0x37 | 0x3f | 0x6a | 0x6c => {
            reader.skip(3)?;
            short(reader)?;
        }
        number @ (0xa5 | 0xa7 | 0xad | 0xaf | 0xe7 | 0xef) => {
            let largest = reader.le_u16()?;
            if !matches!(number, 0xa5 | 0xad) {
                reader.skip(collation)?;
            }
            let text = matches!(number, 0xe7 | 0xef);
            if largest == 0xffff {
                return pieces(reader, text);
            }
            let length = reader.le_u16()?;
            if length != 0xffff {
                return content(reader, length.into(), text);
            }
        }
        number @ (0x22 | 0x23 | 0x63) => {
            reader.skip(4)?;
            if number != 0x22 {
                reader.skip(collation)?;
            }
            let length = reader.le_u32()?;
            if length != u32::MAX {
                return content(reader, length.into(), number == 0x63);
            }
        }
        _ => return None,
    }
    Some(Value::Other)
}

fn short(reader: &mut Reader<'_>) -> Option<()> {
    let length = reader.u8()?;
    reader.skip(length.into())
}

/// A value of a length; the first part of it where it goes beyond the message's looked-at part.
fn content(reader: &mut Reader<'_>, length: u64, text: bool) -> Option<Value> {
    let here = usize::try_from(length).unwrap_or(usize::MAX).min(reader.len());
    let bytes = reader.take(here)?;
    let beyond = length.saturating_sub(here as u64);
    match text {
        true => Some(Value::Text { text: bytes.to_vec(), beyond }),
        false if beyond == 0 => Some(Value::Other),
        false => None,
    }
}

/// A value in pieces: a total (8), pieces behind their lengths (4), a piece of none.
fn pieces(reader: &mut Reader<'_>, is_text: bool) -> Option<Value> {
    if reader.le_u64()? == u64::MAX {
        return Some(Value::Other);
    }
    let mut text = Vec::new();
    loop {
        let length = reader.le_u32()?;
        if length == 0 {
            return Some(if is_text { Value::Text { text, beyond: 0 } } else { Value::Other });
        }
        let here = (length as usize).min(reader.len());
        text.extend_from_slice(reader.take(here)?);
        let beyond = u64::from(length).saturating_sub(here as u64);
        if beyond > 0 {
            return is_text.then_some(Value::Text { text, beyond });
        }
    }
}
