//! Messages: a type (1), a length that counts itself (4), a body.

use crate::reader::Reader;

/// A type and a length.
pub const HEADER: usize = 5;
/// The longest statement that is believed in midstream.
pub const STATEMENT_MAX: usize = 1 << 20;

/// How an error of version 2 begins, a line of text without a length: what servers before 14 say to a client that speaks something else.
pub const OLD_ERROR: &[u8] = b"EFATAL:  ";

/// Reads a header: the type and the length, which counts itself and is at least 4.
pub fn header(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut reader = Reader::new(bytes);
    Some((reader.u8()?, usize::try_from(reader.be_u32()?).ok()?))
}

/// The shortest length that a server's message of a type can have.
pub fn shortest(kind: u8) -> usize {
    match kind {
        b'Z' | b'C' => 5,
        b'R' => 8,
        b'S' | b'T' | b't' | b'D' => 6,
        b'G' | b'H' | b'W' => 7,
        b'K' | b'v' => 12,
        b'V' => 8,
        b'A' => 10,
        _ => 4,
    }
}

/// Whether a server may send a message of a type and length.
pub fn from_server(kind: u8, length: usize) -> bool {
    match kind {
        b'1' | b'2' | b'3' | b'I' | b'c' | b'n' | b's' => length == 4,
        b'Z' => length == 5,
        b'K' => (12..=264).contains(&length),
        b'C' => (5..=128).contains(&length),
        b'R' | b'S' | b'E' | b'N' | b'A' | b'v' | b'T' | b't' | b'G' | b'H' | b'W' => {
            (shortest(kind)..=1 << 20).contains(&length)
        }
        b'D' | b'd' | b'V' => (shortest(kind)..=1 << 30).contains(&length),
        _ => false,
    }
}

/// Whether a client may send a message of a type and length.
pub fn from_client(kind: u8, length: usize) -> bool {
    match kind {
        b'S' | b'H' | b'X' | b'c' => length == 4,
        b'Q' | b'f' | b'p' => (5..=1 << 30).contains(&length),
        b'P' => (8..=1 << 30).contains(&length),
        b'B' => (12..=1 << 30).contains(&length),
        b'E' => (9..=1 << 16).contains(&length),
        b'D' | b'C' => (6..=1 << 16).contains(&length),
        b'F' => (14..=1 << 30).contains(&length),
        b'd' => (4..=1 << 30).contains(&length),
        _ => false,
    }
}

/// Whether an authentication request of a code has such a length.
pub fn authentication(code: u32, length: usize) -> bool {
    match code {
        0 | 2 | 3 | 6 | 7 | 9 => length == 8,
        4 => length == 10,
        5 => length == 12,
        8 | 11 | 12 => (8..=1 << 16).contains(&length),
        10 => (12..=256).contains(&length),
        _ => false,
    }
}

/// The name of an authentication method.
pub fn method(code: u32) -> Option<&'static str> {
    Some(match code {
        2 => "kerberos5",
        3 => "password",
        4 => "crypt",
        5 => "md5",
        6 => "scm",
        7 => "gss",
        9 => "sspi",
        10 => "sasl",
        _ => return None,
    })
}
