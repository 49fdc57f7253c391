//! Hexadecimal text.

/// Bytes turned into text at a time.
const PIECE: usize = 32;

/// Lower-case hexadecimal, two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    // Digits are put together as bytes, since a text takes each character by itself.
    for piece in bytes.chunks(PIECE) {
        let mut pairs = [[0; 2]; PIECE];
        pairs.iter_mut().zip(piece).for_each(|(pair, byte)| *pair = digits(*byte));
        let pairs = pairs.as_flattened().get(..piece.len().saturating_mul(2)).unwrap_or_default();
        text.push_str(std::str::from_utf8(pairs).unwrap_or_default());
    }
    text
}

/// The two digits of a byte.
pub const fn digits(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 15)]
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_a_byte() {
        assert_eq!(hex(&[0x00, 0x9f, 0xff]), "009fff");
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(hex(&bytes), bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
}
