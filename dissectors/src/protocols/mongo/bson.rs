//! BSON (bsonspec.org, version 1.1), walked element by element without recursion.
//!
//! ```text
//! document   length:4  element*  0          the length counts itself and the last zero; least significant byte first
//! element    type:1  name NUL  value
//! ```

use crate::reader::Reader;

/// A value's type that is looked at.
pub mod kind {
    pub const DOUBLE: u8 = 1;
    pub const STRING: u8 = 2;
    pub const DOCUMENT: u8 = 3;
    pub const ARRAY: u8 = 4;
    pub const BINARY: u8 = 5;
    pub const BOOLEAN: u8 = 8;
    pub const INT32: u8 = 16;
    pub const INT64: u8 = 18;
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    pub kind: u8,
    pub name: &'a [u8],
    value: &'a [u8],
}

/// The elements of a document, as far as they are here. A document that is cut off ends where it is cut.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    rest: Reader<'a>,
}

impl<'a> Document<'a> {
    /// A document from its length on.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let length = usize::try_from(reader.le_u32()?).ok()?.checked_sub(5)?;
        let rest = reader.rest();
        Some(Self { rest: Reader::new(rest.get(..length).unwrap_or(rest)) })
    }

    /// The first element of a name.
    pub fn find(mut self, name: &[u8]) -> Option<Element<'a>> {
        Iterator::find(&mut self, |element| element.name == name)
    }

    /// The string of a name.
    pub fn string(self, name: &[u8]) -> Option<&'a [u8]> {
        self.find(name)?.string()
    }

    /// The document of a name.
    pub fn document(self, name: &[u8]) -> Option<Document<'a>> {
        self.find(name)?.document()
    }
}

impl<'a> Iterator for Document<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let mut rest = self.rest;
        let kind = rest.u8().filter(|kind| *kind != 0)?;
        let name = rest.until(0)?;
        let length = length(kind, rest.rest())?;
        // A document may be cut off: what is here of it is still read, and is the last.
        let value = match rest.take(length) {
            Some(value) => value,
            None if matches!(kind, kind::DOCUMENT | kind::ARRAY) => {
                let value = rest.rest();
                rest = Reader::new(&[]);
                value
            }
            None => return None,
        };
        self.rest = rest;
        Some(Element { kind, name, value })
    }
}

impl<'a> Element<'a> {
    /// Its text.
    pub fn string(&self) -> Option<&'a [u8]> {
        let text = self.value.get(4..).filter(|_| matches!(self.kind, kind::STRING | 13 | 14))?;
        Some(text.strip_suffix(b"\0").unwrap_or(text))
    }

    /// The document or array inside it.
    pub fn document(&self) -> Option<Document<'a>> {
        if matches!(self.kind, kind::DOCUMENT | kind::ARRAY) { Document::new(self.value) } else { None }
    }

    /// Its bytes.
    pub fn binary(&self) -> Option<&'a [u8]> {
        match self.kind {
            kind::BINARY => self.value.get(5..),
            kind::STRING => self.string(),
            _ => None,
        }
    }

    /// Its number, where that is whole and not negative.
    pub fn number(&self) -> Option<u64> {
        let mut reader = Reader::new(self.value);
        match self.kind {
            kind::INT32 => reader.le_u32().map(u64::from).filter(|number| *number <= i32::MAX as u64),
            kind::INT64 => reader.le_u64().filter(|number| *number <= i64::MAX as u64),
            kind::BOOLEAN => reader.u8().map(u64::from),
            kind::DOUBLE => {
                let number = f64::from_bits(reader.le_u64()?);
                ((0.0..1e15).contains(&number) && number.fract() == 0.0).then_some(number as u64)
            }
            _ => None,
        }
    }
}

/// How many bytes a value takes.
fn length(kind: u8, value: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(value);
    let mut prefix = || reader.le_u32().and_then(|length| usize::try_from(length).ok());
    match kind {
        kind::DOUBLE | kind::INT64 | 9 | 17 => Some(8),
        kind::STRING | 13 | 14 => prefix()?.checked_add(4),
        kind::DOCUMENT | kind::ARRAY => prefix().filter(|length| *length >= 5),
        15 => prefix().filter(|length| *length >= 14),
        kind::BINARY => prefix()?.checked_add(5),
        6 | 10 | 127 | 255 => Some(0),
        7 => Some(12),
        kind::BOOLEAN => Some(1),
        // A regular expression: two C strings.
        11 => {
            let first = memchr::memchr(0, value)?.checked_add(1)?;
            memchr::memchr(0, value.get(first..)?)?.checked_add(1)?.checked_add(first)
        }
        12 => prefix()?.checked_add(16),
        kind::INT32 => Some(4),
        19 => Some(16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_walked_and_a_cut_one_as_far_as_it_goes() {
        let bytes = b"\x26\0\0\0\x02find\0\x04\0\0\0abc\0\x03in\0\x0c\0\0\0\x10n\0\x07\0\0\0\0\0";
        let document = Document::new(bytes).unwrap();
        assert_eq!(document.string(b"find"), Some(&b"abc"[..]));
        assert_eq!(document.document(b"in").and_then(|inner| inner.find(b"n")).and_then(|n| n.number()), Some(7));
        for cut in 0..bytes.len() {
            assert!(Document::new(&bytes[..cut]).is_none_or(|document| document.count() <= 2));
        }
    }
}
