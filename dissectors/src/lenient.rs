//! Base64 as peers write it, padded or not (RFC 4648 4).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes a whole text; `None` where any of it is not base64.
pub fn base64(text: &[u8]) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_may_be_missing() {
        for text in ["aGVsbG8=", "aGVsbG8"] {
            assert_eq!(base64(text.as_bytes()).as_deref(), Some(&b"hello"[..]));
        }
        assert_eq!(base64(b"aGVs bG8="), None);
    }
}
