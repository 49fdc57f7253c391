//! How wire bytes become text that no line, parameter or list can be broken with.
//!
//! Bytes that are not UTF-8, control characters (C0, C1, DEL), characters that reorder what a person reads (bidirectional marks,
//! overrides and isolates) or that some readers take for the end of a line (U+2028, U+2029), and `%`, `"`, `\`, `]` are written
//! `%XX`, upper-case hexadecimal for each byte. In a list the comma is too. What remains needs no escaping by RFC 5424 nor by JSON,
//! so a receiver that does not unescape sees the same value as one that does, and [`decode`] gives the wire's bytes back.

use dissectors::digits::append_part;

/// Whether a comma separates values here, and so must be escaped inside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comma {
    /// It stands for itself.
    Plain,
    /// It is written `%2C`.
    Escaped,
}

/// Appends `bytes` in their escaped form.
#[inline]
pub fn encode(bytes: &[u8], comma: Comma, out: &mut Vec<u8>) {
    // Nearly every value is plain ASCII.
    if is_clean(bytes, comma) {
        append(bytes, out);
    } else {
        encode_dirty(bytes, comma, out);
    }
}

/// Appends bytes that need no escaping. Of our own texts nearly all are shorter than a word.
#[inline]
pub(crate) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.len() < 8 {
        append_part(&word(bytes).to_le_bytes(), bytes.len(), out);
    } else {
        append_words(bytes, out);
    }
}

/// Appends eight bytes and more. They are copied in steps of a fixed size, which need no call; the last begins within the one before.
#[inline(never)]
fn append_words(bytes: &[u8], out: &mut Vec<u8>) {
    match bytes.len() {
        0..STEP => append_steps::<8>(bytes, out),
        STEP..=SHORT => append_steps::<STEP>(bytes, out),
        _ => out.extend_from_slice(bytes),
    }
}

/// What is longer is copied by a call.
const SHORT: usize = 64;

/// Less than eight bytes in a word, the first in its lowest, and zeros behind them.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    match (bytes, bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (_, Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
            // Where they overlap they are the same.
            first | last << (8 * (bytes.len() - 4))
        }
        (&[one], ..) => u64::from(one),
        (&[one, two], ..) => u64::from(u16::from_le_bytes([one, two])),
        (&[one, two, three], ..) => u64::from(u32::from_le_bytes([one, two, three, 0])),
        _ => 0,
    }
}

#[inline]
fn append_steps<const N: usize>(bytes: &[u8], out: &mut Vec<u8>) {
    let end = out.len() + bytes.len();
    for step in bytes.as_chunks::<N>().0 {
        out.extend_from_slice(step);
    }
    if let Some(last) = bytes.last_chunk::<N>() {
        out.truncate(end - N);
        out.extend_from_slice(last);
    }
}

/// What one instruction looks at.
const STEP: usize = 16;

/// Whether none of the bytes has to be escaped. They are looked at in whole steps, the last of which begins within the one before; what is
/// shorter than a step is filled up to one.
#[inline]
fn is_clean(bytes: &[u8], comma: Comma) -> bool {
    const CLEAN: u64 = u64::from_le_bytes([b'a'; 8]);
    let mut found = [0; STEP];
    let last = match (bytes.last_chunk::<STEP>(), bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(last), ..) => {
            for step in bytes.as_chunks::<STEP>().0 {
                look(step, comma, &mut found);
            }
            *last
        }
        (_, Some(first), Some(last)) => step(u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => step(CLEAN, word(bytes) | CLEAN << (8 * bytes.len())),
    };
    look(&last, comma, &mut found);
    found == [0; STEP]
}

fn step(one: u64, other: u64) -> [u8; STEP] {
    (u128::from(one) | u128::from(other) << 64).to_le_bytes()
}

/// Sets what is not zero for each byte that [`is_dirty`].
#[inline]
fn look(step: &[u8; STEP], comma: Comma, found: &mut [u8; STEP]) {
    for (found, &byte) in found.iter_mut().zip(step) {
        *found |= u8::from(is_dirty(byte, comma));
    }
}

/// Whether a byte may have to be escaped: it is no printable ASCII, `%`, `"`, `\`, `]`, or the comma. All of a step are looked at at once, so no
/// question here may depend on what came of another.
#[inline(always)]
const fn is_dirty(byte: u8, comma: Comma) -> bool {
    // As a signed number a byte that is no ASCII is below all that is. `\` and `]` differ in their lowest bit alone.
    ((byte as i8) < 0x20)
        | (byte == 0x7f)
        | (byte == b'%')
        | (byte == b'"')
        | (byte | 1 == b']')
        | ((byte == b',') & matches!(comma, Comma::Escaped))
}

/// What [`is_dirty`] says of each byte: where bytes are looked at one by one, it is quicker looked up.
static DIRTY: [bool; 256] = dirty(Comma::Plain);
static DIRTY_IN_LISTS: [bool; 256] = dirty(Comma::Escaped);

const fn dirty(comma: Comma) -> [bool; 256] {
    let mut all = [false; 256];
    let mut rest = all.as_mut_slice();
    let mut byte = 0u8;
    while let Some((place, after)) = rest.split_first_mut() {
        *place = is_dirty(byte, comma);
        rest = after;
        byte = byte.wrapping_add(1);
    }
    all
}

/// Appends bytes some of which may have to be escaped.
#[cold]
fn encode_dirty(bytes: &[u8], comma: Comma, out: &mut Vec<u8>) {
    let mut rest = bytes;
    let dirty = match comma {
        Comma::Plain => &DIRTY,
        Comma::Escaped => &DIRTY_IN_LISTS,
    };
    while let Some(at) = rest.iter().position(|byte| dirty.get(usize::from(*byte)).is_none_or(|dirty| *dirty)) {
        let (clean, after) = rest.split_at_checked(at).unwrap_or_default();
        append(clean, out);
        match after.split_first() {
            Some((dirty, after)) if dirty.is_ascii() => {
                percent(&[*dirty], out);
                rest = after;
            }
            _ => return encode_text(after, comma, out),
        }
    }
    append(rest, out);
}

/// Appends bytes that may be text in any language, character by character.
fn encode_text(bytes: &[u8], comma: Comma, out: &mut Vec<u8>) {
    let escaped = |character: char| must_escape(character, comma);
    for chunk in bytes.utf8_chunks() {
        for piece in chunk.valid().split_inclusive(escaped) {
            match piece.char_indices().next_back() {
                Some((at, last)) if escaped(last) => {
                    let (clean, last) = piece.split_at_checked(at).unwrap_or_default();
                    out.extend_from_slice(clean.as_bytes());
                    percent(last.as_bytes(), out);
                }
                _ => out.extend_from_slice(piece.as_bytes()),
            }
        }
        percent(chunk.invalid(), out);
    }
}

/// The bytes that `text`, an escaped value, stands for. A `%` that begins no escape stands for itself.
pub fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.split_first_chunk::<2>()).flatten();
        match escaped.and_then(|(&[high, low], after)| Some((digit(high)? << 4 | digit(low)?, after))) {
            Some((byte, after)) => {
                out.push(byte);
                rest = after;
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}

/// The first bytes of a value, at most `cap` of them, without half a character at their end.
pub fn head(bytes: &[u8], cap: usize) -> &[u8] {
    let Some((kept, rest)) = bytes.split_at_checked(cap) else {
        return bytes;
    };
    if !rest.first().is_some_and(|&next| is_continuation(next)) {
        return kept;
    }
    // The character that holds the border began one to three bytes before it, if it is one at all.
    for back in 1..=3 {
        let Some((before, character)) = cap.checked_sub(back).and_then(|at| bytes.split_at_checked(at)) else {
            break;
        };
        let whole = character.get(..4).unwrap_or(character).utf8_chunks().next();
        let width = whole.and_then(|chunk| chunk.valid().chars().next()).map_or(0, char::len_utf8);
        if width > back {
            return before;
        }
    }
    kept
}

/// The first bytes of an *escaped* value, at most `cap` of them, without half a character or half an escape at their end.
pub fn encoded_head(encoded: &[u8], cap: usize) -> &[u8] {
    let kept = head(encoded, cap);
    if kept.len() == encoded.len() {
        return kept;
    }
    match kept {
        [before @ .., b'%'] | [before @ .., b'%', _] => before,
        _ => kept,
    }
}

/// How many wire bytes an escaped value stands for.
pub fn decoded_len(encoded: &[u8]) -> usize {
    let escapes = encoded.iter().filter(|&&byte| byte == b'%').count();
    encoded.len().saturating_sub(escapes.saturating_mul(2))
}

fn must_escape(character: char, comma: Comma) -> bool {
    match character {
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '%' | '"' | '\\' | ']' => true,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        ',' => comma == Comma::Escaped,
        _ => false,
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn percent(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.extend_from_slice(&[b'%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
}

/// The hexadecimal digit of a number below 16.
const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + (nibble & 15) - 10 }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(bytes: &[u8], comma: Comma) -> String {
        let mut out = Vec::new();
        encode(bytes, comma, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_could_break_a_line_is_escaped_and_text_is_not() {
        let plain = |bytes: &[u8]| encoded(bytes, Comma::Plain);
        assert_eq!(plain(b"a b,c"), "a b,c");
        assert_eq!(encoded(b"a b,c", Comma::Escaped), "a b%2Cc");
        assert_eq!(plain(b"\r\n\0\x7f%\"\\]["), "%0D%0A%00%7F%25%22%5C%5D[");
        assert_eq!(plain("Grüße, 世界 🌍".as_bytes()), "Grüße, 世界 🌍");
        assert_eq!(plain("\u{85}\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}".as_bytes()), {
            "%C2%85%E2%80%AE%E2%81%A6%E2%80%8F%D8%9C%E2%80%A8"
        });
        assert_eq!(plain(b"caf\xe9 \xf0\x9f\x8c"), "caf%E9 %F0%9F%8C");
        assert_eq!(plain(b"0123456789abcdef\n"), "0123456789abcdef%0A");
    }

    #[test]
    fn what_must_be_escaped_is_seen_alone_and_in_any_place() {
        for (byte, length, comma) in (0..=u8::MAX)
            .flat_map(|byte| [1, 3, 4, 7, 8, 9, 16, 23, 70].map(|length| (byte, length)))
            .flat_map(|(byte, length)| [Comma::Plain, Comma::Escaped].map(|comma| (byte, length, comma)))
        {
            for at in 0..length {
                let mut bytes: Vec<u8> = (b'b'..=b'y').cycle().take(length).collect();
                bytes[at] = byte;
                let mut slowly = Vec::new();
                encode_text(&bytes, comma, &mut slowly);
                assert_eq!(encoded(&bytes, comma).as_bytes(), slowly, "{byte:#x} at {at} of {length}");
            }
        }
    }

    #[test]
    fn a_percent_sign_without_digits_stands_for_itself() {
        assert_eq!(decode("100% %4 %zz %41%"), b"100% %4 %zz A%");
    }

    #[test]
    fn a_cut_leaves_whole_characters_and_escapes() {
        assert_eq!(head("aü€🌍".as_bytes(), 2), b"a");
        assert_eq!(head("aü€🌍".as_bytes(), 3), "aü".as_bytes());
        assert_eq!(head("aü€🌍".as_bytes(), 9), "aü€".as_bytes());
        assert_eq!(head(b"\x80\x80\x80\x80\x80", 3), b"\x80\x80\x80");
        assert_eq!(head(b"a\xe2\x82b\x80", 4), b"a\xe2\x82b");
        assert_eq!(encoded_head(b"a%0Ab", 2), b"a");
        assert_eq!(encoded_head(b"a%0Ab", 3), b"a");
        assert_eq!(encoded_head(b"a%0Ab", 4), b"a%0A");
        assert_eq!(encoded_head(b"a%0A", 4), b"a%0A");
    }

    proptest! {
        #[test]
        fn decoding_gives_the_bytes_back(bytes: Vec<u8>) {
            for comma in [Comma::Plain, Comma::Escaped] {
                let text = encoded(&bytes, comma);
                prop_assert_eq!(decode(&text), &bytes[..]);
                prop_assert_eq!(decoded_len(text.as_bytes()), bytes.len());
                prop_assert!(!text.chars().any(|character| character.is_control() || "\"\\]".contains(character)));
            }
        }

        #[test]
        fn a_cut_text_is_a_prefix_and_stays_text(text: String, cap in 0usize..40) {
            let kept = head(text.as_bytes(), cap);
            prop_assert!(kept.len() <= cap && text.as_bytes().starts_with(kept));
            prop_assert!(std::str::from_utf8(kept).is_ok());
            prop_assert!(kept.len() + 4 > cap.min(text.len()));
        }
    }
}
