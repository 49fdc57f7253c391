//! Looks at every byte of a text, many at a time.

/// Bytes looked at together.
const PIECE: usize = 64;

/// Whether all bytes are of a kind. Within a piece nothing depends on the byte before, so that the processor compares many at once; a
/// text that is not of the kind mostly shows it in its first piece.
#[inline]
pub fn all(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    bytes.chunks(PIECE).all(|piece| piece.iter().fold(true, |all, byte| all & fits(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_odd_byte_anywhere_is_seen() {
        let mut text = vec![b'a'; 3 * PIECE / 2];
        assert!(all(&text, |byte| byte == b'a') && all(&[], |_| false));
        for at in 0..text.len() {
            text[at] = b'b';
            assert!(!all(&text, |byte| byte == b'a'), "{at}");
            text[at] = b'a';
        }
    }
}
