//! UTF-16, least significant byte first, in pieces.

/// Turns UTF-16 into UTF-8 whatever the pieces it comes in.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The first byte of a unit.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
}

impl Decoder {
    /// Decodes the next bytes and adds them to `out`. Units that are no text become U+FFFD.
    pub fn text(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        loop {
            // Nearly all of it is ASCII, a unit for each character.
            if self.half.is_none() && self.high.is_none() {
                while let Some(([low @ ..0x80, 0], after)) = rest.split_first_chunk::<2>() {
                    out.push(*low);
                    rest = after;
                }
            }
            let Some((byte, after)) = rest.split_first() else {
                return;
            };
            rest = after;
            let Some(low) = self.half.take() else {
                self.half = Some(*byte);
                continue;
            };
            let unit = u16::from_le_bytes([low, *byte]);
            let units = self.high.take().into_iter().chain([unit]);
            if self.high.is_none() && (0xd800..0xdc00).contains(&unit) && units.clone().count() == 1 {
                self.high = Some(unit);
                continue;
            }
            for character in char::decode_utf16(units) {
                let mut space = [0; 4];
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut space).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_halves_may_be_split_anywhere() {
        let wire: Vec<u8> = "aé€😀b".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for size in 1..5 {
            let (mut decoder, mut out) = (Decoder::default(), Vec::new());
            wire.chunks(size).for_each(|piece| decoder.text(piece, &mut out));
            assert_eq!(out, "aé€😀b".as_bytes());
        }
    }
}
