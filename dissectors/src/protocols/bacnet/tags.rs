//! BACnet's tagged values (ASHRAE 135 20.2).

use crate::reader::Reader;

/// Numbers of application tags.
const CHARACTERS: u8 = 7;
const OBJECT: u8 = 12;

/// One tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag<'a> {
    number: u8,
    context: bool,
    /// The length that stands for an opening (6) or closing (7) tag.
    bracket: u8,
    value: &'a [u8],
}

impl<'a> Tag<'a> {
    /// Itself, where it is the context's tag of this number.
    pub(super) fn context(self, number: u8) -> Option<Self> {
        (self.context && self.bracket == 0 && self.number == number).then_some(self)
    }

    /// A number without sign, an enumeration, an object.
    pub(super) fn number(self) -> Option<u32> {
        matches!(self.value.len(), 1..=4)
            .then(|| self.value.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Whether it may be an object.
    pub(super) fn is_object(self) -> bool {
        self.value.len() == 4 && (self.context || self.number == OBJECT)
    }

    /// Characters of an application's tag in UTF-8.
    pub(super) fn text(self) -> Option<&'a [u8]> {
        (!self.context && self.number == CHARACTERS).then(|| self.string()).flatten()
    }

    /// Characters behind the number of their set, where that is UTF-8 or ASCII.
    pub(super) fn string(self) -> Option<&'a [u8]> {
        match self.value {
            [0, text @ ..] => Some(text),
            _ => None,
        }
    }

    pub(super) fn opens(self) -> bool {
        self.bracket == 6
    }

    pub(super) fn closes(self) -> bool {
        self.bracket == 7
    }
}

/// Reads tags one after the other, brackets as tags of their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tags<'a> {
    reader: Reader<'a>,
}

impl<'a> Tags<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes) }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let first = self.reader.u8()?;
        let context = first & 8 != 0;
        let number = match first >> 4 {
            15 => self.reader.u8()?,
            number => number,
        };
        let bracket = first & 7;
        if context && bracket >= 6 {
            return Some(Tag { number, context, bracket, value: &[] });
        }
        let length = match bracket {
            // A boolean has its value where others have their length.
            _ if !context && number == 1 => 0,
            5 => match self.reader.u8()? {
                254 => usize::from(self.reader.be_u16()?),
                255 => self.reader.be_u32()? as usize,
                length => usize::from(length),
            },
            length => usize::from(length),
        };
        Some(Tag { number, context, bracket: 0, value: self.reader.take(length)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form_are_read() {
        let mut tags = Tags::new(b"\x0c\x02\0\0\x01\x19\x4d\x3e\x75\x06\0hello\x3f");
        assert_eq!(tags.next().and_then(|tag| tag.context(0)?.number()), Some(0x0200_0001));
        assert_eq!(tags.next().and_then(|tag| tag.context(1)?.number()), Some(77));
        assert!(tags.next().is_some_and(Tag::opens));
        assert_eq!(tags.next().and_then(Tag::text), Some(&b"hello"[..]));
        assert!(tags.next().is_some_and(Tag::closes));
        assert!(tags.next().is_none());
    }
}
