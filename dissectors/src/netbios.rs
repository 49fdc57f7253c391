//! Names of NetBIOS as they are encoded on the wire (RFC 1001 14.1, RFC 1002 4.1).
//!
//! ```text
//! 0   20, then 32 letters from A to P, two for each byte: fifteen of the name, filled with blanks, and one for its kind
//! 33  labels of a scope, each behind its length, and 0
//! ```

use crate::capped::Text;
use crate::hex;
use crate::reader::Reader;

/// The length of a name before its scope.
const ENCODED: u8 = 32;
/// The most bytes of a scope (RFC 1001 14.1: a whole name has at most 255).
const SCOPE_BYTES: usize = 220;

/// A name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Without what fills it.
    pub name: Text,
    /// Its last byte: 00 a workstation, 20 a file server, 1B to 1E domains and browsers.
    pub kind: u8,
}

impl Name {
    /// Reads sixteen bytes that are not encoded.
    pub fn plain(bytes: &[u8; 16]) -> Self {
        let [name @ .., kind] = bytes;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        Self { name: Text::new(name.trim_ascii_end()), kind: *kind }
    }

    /// Reads an encoded name with its scope.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.u8()? != ENCODED {
            return None;
        }
        let letters: [u8; ENCODED as usize] = reader.array()?;
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(letters.chunks_exact(2)) {
            let [high @ b'A'..=b'P', low @ b'A'..=b'P'] = pair else {
                return None;
            };
            *byte = (high - b'A') << 4 | (low - b'A');
        }
        let mut scope = 0usize;
        loop {
            match reader.u8()? {
                0 => break,
                length @ 1..=63 => reader.skip(length.into())?,
                _ => return None,
            }
            scope = scope.saturating_add(1);
            if scope > SCOPE_BYTES {
                return None;
            }
        }
        Some(Self::plain(&bytes))
    }

    /// `NAME<20>`: the name and its kind.
    pub fn text(&self) -> Text {
        let [high, low] = hex::digits(self.kind);
        Text::new(&[self.name.bytes(), &[b'<', high, low, b'>']].concat())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Encodes a name.
    pub(crate) fn encoded(name: &[u8; 16]) -> Vec<u8> {
        let mut out = vec![ENCODED];
        for byte in name {
            out.extend([b'A' + (byte >> 4), b'A' + (byte & 15)]);
        }
        out.push(0);
        out
    }

    #[test]
    fn a_name_is_told_without_its_padding_and_with_its_kind() {
        let mut bytes = encoded(b"TENDER         \x20");
        let name = Name::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(name.text().bytes(), b"TENDER<20>");
        bytes[3] = b'Q';
        assert_eq!(Name::read(&mut Reader::new(&bytes)), None);
        assert_eq!(Name::read(&mut Reader::new(&bytes[..20])), None);
    }
}
