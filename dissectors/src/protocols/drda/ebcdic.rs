//! Text in EBCDIC (code page 37), which is what DRDA's own names are in.

/// The printable characters in rows of sixteen from 0x40 on; a space stands for those that ASCII does not have.
const ROWS: [&[u8; 16]; 12] = [
    b"           .<(+|",
    b"&         !$*); ",
    b"-/         ,%_>?",
    b"         `:#@'=\"",
    b" abcdefghi      ",
    b" jklmnopqr      ",
    b" ~stuvwxyz      ",
    b"^         []    ",
    b"{ABCDEFGHI      ",
    b"}JKLMNOPQR      ",
    b"\\ STUVWXYZ      ",
    b"0123456789      ",
];

/// What a name says. One that is in ASCII already stays as it is. Padding goes.
pub fn text(bytes: &[u8]) -> Vec<u8> {
    let ascii = bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) && bytes.iter().any(u8::is_ascii_alphanumeric);
    let told: Vec<u8> = if ascii {
        bytes.to_vec()
    } else {
        let one = |byte: &u8| {
            let row = usize::from(byte >> 4).checked_sub(4).and_then(|row| ROWS.get(row));
            row.and_then(|row| row.get(usize::from(byte & 15))).copied().unwrap_or(b'?')
        };
        bytes.iter().map(one).collect()
    };
    told.trim_ascii().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_either_code() {
        assert_eq!(text(&[0xe2, 0xc1, 0xd4, 0xd7, 0xd3, 0xc5, 0x40, 0x40]), b"SAMPLE");
        assert_eq!(text(&[0x84, 0x82, 0xf2, 0x6d, 0x4b, 0x61]), b"db2_./");
        assert_eq!(text(b"SAMPLE  "), b"SAMPLE");
    }
}
