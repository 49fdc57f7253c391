//! Text of header fields: encoded words (RFC 2047), and charsets.
//!
//! ```text
//! =?charset[*language]?B?base64?=      =?charset[*language]?Q?text with =XX and _ for spaces?=
//! ```
//!
//! White space between two words is not text (6.2). Words of one charset that follow each other are decoded together,
//! since mailers cut characters in two. What is in no charset that is known stays as it came; so does text outside of words.

use encoding_rs::Encoding;
use memchr::memmem;

use super::parameters::hex_pair;
use crate::lenient;

/// The most bytes of a word's coded text (RFC 2047 2: a whole word has seventy-five), for those who do not count.
const WORD_BYTES: usize = 1024;

/// One encoded word.
struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
}

/// Decodes the encoded words of a field's text.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut run: Option<Word<'_>> = None;
    let mut rest = text;
    while let Some(at) = memmem::find(rest, b"=?") {
        let (before, begun) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        let Some((word, after)) = word(begun) else {
            flush(&mut run, &mut out);
            let (no_word, after) = rest.split_at_checked(at.saturating_add(2)).unwrap_or((rest, &[]));
            out.extend_from_slice(no_word);
            rest = after;
            continue;
        };
        let follows = run.is_some() && before.iter().all(u8::is_ascii_whitespace);
        match &mut run {
            Some(known) if follows && known.charset.eq_ignore_ascii_case(word.charset) => {
                known.bytes.extend_from_slice(&word.bytes);
            }
            _ => {
                flush(&mut run, &mut out);
                if !follows {
                    out.extend_from_slice(before);
                }
                run = Some(word);
            }
        }
        rest = after;
    }
    flush(&mut run, &mut out);
    out.extend_from_slice(rest);
    out
}

/// Text of a charset as UTF-8, or as it came.
pub fn to_utf8(charset: &[u8], bytes: &[u8]) -> Vec<u8> {
    match Encoding::for_label(charset) {
        Some(encoding) if encoding != encoding_rs::REPLACEMENT => {
            encoding.decode_without_bom_handling(bytes).0.into_owned().into_bytes()
        }
        _ => bytes.to_vec(),
    }
}

fn flush(run: &mut Option<Word<'_>>, out: &mut Vec<u8>) {
    if let Some(word) = run.take() {
        out.extend_from_slice(&to_utf8(word.charset, &word.bytes));
    }
}

/// Reads a word at the beginning of `text`. Gives what follows it, too.
fn word(text: &[u8]) -> Option<(Word<'_>, &[u8])> {
    let mut parts = text.strip_prefix(b"=?")?.splitn(3, |byte| *byte == b'?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if charset.is_empty() || !charset.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let (coded, after) = rest.split_at_checked(memmem::find(rest.get(..WORD_BYTES).unwrap_or(rest), b"?=")?)?;
    let bytes = match encoding {
        b"B" | b"b" => {
            let coded: Vec<u8> = coded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            lenient::base64(&coded)?
        }
        b"Q" | b"q" => quoted(coded),
        _ => return None,
    };
    let charset = charset.split(|byte| *byte == b'*').next().unwrap_or_default();
    Some((Word { charset, bytes }, after.get(2..).unwrap_or_default()))
}

fn quoted(coded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(coded.len());
    let mut rest = coded;
    while let Some((byte, after)) = rest.split_first() {
        let (byte, after) = match (byte, hex_pair(after)) {
            (b'=', Some(coded)) => coded,
            (b'_', _) => (b' ', after),
            _ => (*byte, after),
        };
        out.push(byte);
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_become_text() {
        for (text, decoded) in [
            ("plain = text? =?", "plain = text? =?"),
            ("=?UTF-8?B?w6ljaG8=?=", "écho"),
            ("=?iso-8859-1?q?caf=E9_au_lait?= x", "café au lait x"),
            ("=?windows-1252?Q?=80uro?=", "€uro"),
            ("a =?utf-8?Q?b?=\t  =?UTF-8*en?Q?c?= d", "a bc d"),
            // A character whose bytes lie in two words.
            ("=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "€"),
            ("=?utf-8?Q?b?= =?iso-8859-1?Q?=E9?=", "bé"),
            ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"),
            ("=?gb2312?B?1tDOxA==?=", "中文"),
            ("=?x-nobody?Q?as=20it?=", "as it"),
            ("=?utf-8?X?no?=", "=?utf-8?X?no?="),
            ("=?utf-8?B?!!?=", "=?utf-8?B?!!?="),
            ("\"=?utf-8?Q?J=C3=BCrgen?=\" <j@example.com>", "\"Jürgen\" <j@example.com>"),
        ] {
            assert_eq!(String::from_utf8_lossy(&decode(text.as_bytes())), decoded, "{text}");
        }
    }
}
