//! The fingerprint of a certificate (RFC 5425 4.2.2): `sha-256:E1:2D:...`, the hash of all its bytes.
//!
//! Of the hashes only SHA-256: what RFC 5425 asks for besides, SHA-1, is no longer safe to tell certificates apart.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Bytes of a hash.
const BYTES: usize = 32;

/// SHA-256 of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; BYTES]);

impl Fingerprint {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Colons and the case of letters do not matter, for tools write them differently.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no fingerprint; write fingerprint=sha-256: and 32 bytes in hexadecimal, as \
                 `openssl x509 -in CERTIFICATE -noout -fingerprint -sha256` tells them"
            )
        };
        let (hash, digits) = text.split_once(':').ok_or_else(wrong)?;
        if !["sha-256", "sha256"].iter().any(|name| hash.eq_ignore_ascii_case(name)) {
            return Err(wrong());
        }
        let digits: Vec<u8> = digits
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        match <[u8; BYTES]>::try_from(bytes) {
            Ok(bytes) if rest.is_empty() => Ok(Self(bytes)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha-256")?;
        self.0.iter().try_for_each(|byte| write!(f, ":{byte:02X}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_tools_write_it() {
        let fingerprint = Fingerprint::of(b"certificate");
        let text = fingerprint.to_string();
        assert!(text.starts_with("sha-256:") && text.len() == "sha-256".len() + 3 * BYTES, "{text}");
        for written in [text.clone(), text.to_lowercase(), text.replacen("sha-256", "SHA256", 1)] {
            assert_eq!(written.parse(), Ok(fingerprint), "{written}");
        }
        let plain: String = text.chars().skip("sha-256:".len()).filter(|c| *c != ':').collect();
        assert_eq!(format!("sha-256:{plain}").parse(), Ok(fingerprint));
        for wrong in ["", "sha-256:", "sha-1:00", &plain, &format!("{text}:0"), &format!("{text}:00"), "sha-256:é"] {
            assert!(wrong.parse::<Fingerprint>().unwrap_err().contains("; write fingerprint=sha-256:"), "{wrong}");
        }
    }
}
