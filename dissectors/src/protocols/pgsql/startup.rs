//! What a client begins with: a length (4) that counts itself, a version or a code (4), and parameters.
//!
//! ```text
//! 3.x      00030000       pairs of name NUL value NUL, and a NUL
//! 2.0      00020000       database (64), user (32), options (64), unused (64), terminal (64)
//! request  1234 5679      TLS?         S yes, N no        1234 5680   GSSAPI?     G yes, N no
//! cancel   1234 5678      process (4), key                (decimal halves)
//! ```

use crate::reader::Reader;

/// The longest startup packet that a server takes.
pub const STARTUP_BYTES: usize = 10_000;
/// A startup packet of version 2.
pub const STARTUP_2_BYTES: usize = 296;
/// The longest key of a cancel request (version 3.2).
const CANCEL_BYTES: usize = 12 + 256;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Startup {
    Parameters,
    Version2,
    Tls,
    Gss,
    Cancel,
}

/// Reads the length and the code.
pub fn header(bytes: &[u8]) -> Option<(usize, u32)> {
    let mut reader = Reader::new(bytes);
    Some((usize::try_from(reader.be_u32()?).ok()?, reader.be_u32()?))
}

/// What a packet of this length and code is; `None` where it is none.
pub fn kind(length: usize, code: u32) -> Option<Startup> {
    match (code, length) {
        (0x0003_0000..=0x0003_0009 | 0x0003_270f, 14..=STARTUP_BYTES) => Some(Startup::Parameters),
        (0x0002_0000, STARTUP_2_BYTES) => Some(Startup::Version2),
        (0x04d2_162f, 8) => Some(Startup::Tls),
        (0x04d2_1630, 8) => Some(Startup::Gss),
        (0x04d2_162e, 13..=CANCEL_BYTES) => Some(Startup::Cancel),
        _ => None,
    }
}

/// The parameters as far as they are whole.
pub fn parameters(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        let name = reader.until(0)?;
        Some((name, reader.until(0)?)).filter(|(name, _)| !name.is_empty())
    })
}
