//! The objects of a fragment (IEEE 1815 4.2.2.7, 11.3, A).
//!
//! ```text
//! header     group:1 variation:1 qualifier:1 (prefix in bits 4-6, range in bits 0-3) range
//! range      0: start:1 stop:1   1: start:2 stop:2   2: start:4 stop:4   6: none   7: count:1   8: count:2   9: count:4
//!            b: count:1 (variable format)
//! prefix     0: none   1, 2, 3: the point's number in 1, 2, 4 bytes   5: the object's size in two bytes
//! ```
//!
//! Headers can be followed only as far as the size of their data is known: reading ends at the first whose is not.

use crate::reader::Reader;

/// What one header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub group: u8,
    pub variation: u8,
}

/// What a master has a point do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// A relay, by its control code.
    Relay { point: u32, code: u8 },
    /// An analogue output.
    Analog { point: u32 },
}

impl Control {
    pub(super) fn text(self) -> String {
        match self {
            Self::Relay { point, code } => format!("{point} {}", code_name(code)),
            Self::Analog { point } => format!("{point} analog"),
        }
    }
}

/// What a relay does (A.8.1).
const fn code_name(code: u8) -> &'static str {
    match (code >> 6, code & 0x0f) {
        (1, 1) => "close",
        (2, 1) => "trip",
        (_, 1) => "pulse_on",
        (_, 2) => "pulse_off",
        (_, 3) => "latch_on",
        (_, 4) => "latch_off",
        _ => "none",
    }
}

/// Walks through the objects of one fragment.
pub(super) struct Objects<'a> {
    reader: Reader<'a>,
    /// Whether headers have data behind them.
    carries: bool,
    header: Header,
    prefix: u8,
    start: u32,
    left: usize,
    /// Objects are so many bits each, packed into bytes; 0: they are bytes.
    bits: usize,
    lost: bool,
}

impl<'a> Objects<'a> {
    pub(super) fn new(reader: Reader<'a>, carries: bool) -> Self {
        let header = Header { group: 0, variation: 0 };
        Self { reader, carries, header, prefix: 0, start: 0, left: 0, bits: 0, lost: false }
    }

    /// The next header, past the data of the one before.
    pub(super) fn header(&mut self) -> Option<Header> {
        self.pass()?;
        let (group, variation, qualifier) = (self.reader.u8()?, self.reader.u8()?, self.reader.u8()?);
        self.header = Header { group, variation };
        self.prefix = qualifier >> 4 & 7;
        let (start, count) = self.range(qualifier & 0x0f)?;
        self.start = start;
        self.bits = match (group, variation) {
            (1 | 10 | 80, 1) => 1,
            (3, 1) => 2,
            _ => 0,
        };
        self.left = if self.carries { count } else { 0 };
        Some(self.header)
    }

    fn range(&mut self, code: u8) -> Option<(u32, usize)> {
        let reader = &mut self.reader;
        let (start, stop) = match code {
            0 => (u32::from(reader.u8()?), u32::from(reader.u8()?)),
            1 => (u32::from(reader.le_u16()?), u32::from(reader.le_u16()?)),
            2 => (reader.le_u32()?, reader.le_u32()?),
            6 => return Some((0, 0)),
            7 | 0x0b => return Some((0, usize::from(reader.u8()?))),
            8 => return Some((0, usize::from(reader.le_u16()?))),
            9 => return Some((0, reader.le_u32()? as usize)),
            _ => return None,
        };
        Some((start, stop.checked_sub(start)? as usize + 1))
    }

    /// Passes over what is left of a header's data.
    fn pass(&mut self) -> Option<()> {
        if self.lost {
            return None;
        }
        if self.bits > 0 {
            return self.reader.skip(std::mem::take(&mut self.left).saturating_mul(self.bits).div_ceil(8));
        }
        while self.left > 0 {
            self.object()?;
        }
        Some(())
    }

    /// The next object of this header: its point and its data.
    fn object(&mut self) -> Option<(u32, &'a [u8])> {
        self.left = self.left.checked_sub(1)?;
        let taken = self.take();
        self.lost |= taken.is_none();
        taken
    }

    fn take(&mut self) -> Option<(u32, &'a [u8])> {
        let reader = &mut self.reader;
        let (point, told) = match self.prefix {
            0 => (self.start, None),
            1 => (u32::from(reader.u8()?), None),
            2 => (u32::from(reader.le_u16()?), None),
            3 => (reader.le_u32()?, None),
            4 => (0, Some(usize::from(reader.u8()?))),
            5 => (0, Some(usize::from(reader.le_u16()?))),
            _ => return None,
        };
        self.start = self.start.saturating_add(1);
        let size = match (told, self.header.group) {
            (Some(size), _) => size,
            // A device's attribute: type and length, then the text.
            (None, 0) => usize::from(*reader.rest().get(1)?) + 2,
            (None, 110 | 111) => usize::from(self.header.variation),
            (None, _) => size(self.header.group, self.header.variation)?,
        };
        // Objects of no size have no end either.
        let advances = size > 0 || self.prefix > 0;
        reader.take(size).filter(|_| advances).map(|data| (point, data))
    }

    /// The text of a device's attribute.
    pub(super) fn attribute(&mut self) -> Option<&'a [u8]> {
        match self.object()? {
            (_, [1, _, text @ ..]) => Some(text),
            _ => None,
        }
    }

    /// The next point that is operated under this header.
    pub(super) fn control(&mut self) -> Option<Control> {
        let analog = match (self.header.group, self.header.variation) {
            (12, 1) => false,
            (41, 1..=4) => true,
            _ => return None,
        };
        let (point, data) = self.object()?;
        Some(if analog { Control::Analog { point } } else { Control::Relay { point, code: *data.first()? } })
    }
}

/// Bytes of one object, without its prefix (A).
const fn size(group: u8, variation: u8) -> Option<usize> {
    Some(match (group, variation) {
        (1 | 3 | 10, 2) | (2, 1) | (4 | 11 | 13, 1) => 1,
        (2 | 4 | 11 | 13, 2) => 7,
        (2 | 4, 3) => 3,
        (12, 1 | 2) => 11,
        (20 | 21, 1) | (22 | 23, 1) => 5,
        (20 | 21, 2) | (22 | 23, 2) => 3,
        (20, 5) => 4,
        (20, 6) => 2,
        (21, 5 | 6) => {
            if variation == 5 {
                11
            } else {
                9
            }
        }
        (21, 9) => 4,
        (21, 10) => 2,
        (22 | 23, 5) => 11,
        (22 | 23, 6) => 9,
        (30 | 31 | 32 | 42, 1) => 5,
        (30 | 31 | 32 | 42, 2) => 3,
        (30, 3) => 4,
        (30, 4) => 2,
        (30, 5) => 5,
        (30, 6) => 9,
        (31, 3) => 11,
        (31, 4) => 9,
        (31, 5) => 4,
        (31, 6) => 2,
        (31, 7) => 5,
        (31, 8) => 9,
        (32 | 42, 3) => 11,
        (32 | 42, 4) => 9,
        (32 | 42, 5) => 5,
        (32 | 42, 6) => 9,
        (32 | 42, 7) => 11,
        (32 | 42, 8) => 15,
        (40 | 41, 1) => 5,
        (40 | 41, 2) => 3,
        (40 | 41, 3) => 5,
        (40 | 41, 4) => 9,
        (50, 1 | 3) => 6,
        (50, 2) => 10,
        (51, 1 | 2) => 6,
        (52, 1 | 2) => 2,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_header_is_found_behind_the_data_of_the_one_before() {
        // Five double bits, three of them with flags, two packed bits, a frozen analogue input without flags.
        let fragment = b"\x03\x01\x00\x00\x04\xaa\x02\x03\x02\x00\x00\x02\x81\x81\x81\x01\x01\x00\x00\x01\x03\
            \x1f\x06\x00\x07\x07\x10\x27\x3c\x02\x06";
        let mut objects = Objects::new(Reader::new(fragment), true);
        let headers: Vec<_> = std::iter::from_fn(|| objects.header()).map(|it| (it.group, it.variation)).collect();
        assert_eq!(headers, [(3, 1), (3, 2), (1, 1), (31, 6), (60, 2)]);
    }
}
