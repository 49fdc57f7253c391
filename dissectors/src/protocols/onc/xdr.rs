//! External data representation (RFC 4506): everything is a multiple of four bytes, numbers most significant first.

use crate::reader::Reader;

/// The longest name that is believed: file systems end at 255 bytes, paths at 4096.
const NAME_BYTES: usize = 4096;

/// Reads XDR and tells how far it came.
#[derive(Clone, Copy, Debug)]
pub struct Xdr<'a> {
    pub reader: Reader<'a>,
    whole: usize,
}

impl<'a> Xdr<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), whole: bytes.len() }
    }

    /// How many bytes were read.
    pub const fn used(&self) -> usize {
        self.whole.saturating_sub(self.reader.len())
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.reader.be_u32()
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.reader.be_u64()
    }

    pub fn skip(&mut self, bytes: usize) -> Option<()> {
        self.reader.skip(bytes)
    }

    /// Bytes of variable length, with their padding.
    pub fn opaque(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let bytes = self.reader.take(length)?;
        self.skip(padding(length))?;
        Some(bytes)
    }

    /// A text; `None` where it is longer than any name.
    pub fn name(&mut self) -> Option<&'a [u8]> {
        self.opaque().filter(|name| name.len() <= NAME_BYTES)
    }

    /// A bitmap or any other list of numbers.
    pub fn words(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.u32()?).ok()?;
        self.reader.take(count.checked_mul(4)?)
    }
}

/// The bytes that follow so many to fill four.
pub const fn padding(length: usize) -> usize {
    (4 - length % 4) % 4
}
