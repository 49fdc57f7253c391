//! Content-Transfer-Encoding undone as the bytes pass (RFC 2045 6): base64, quoted-printable, and those that change nothing.
//!
//! Base64 ends at its first padding; bytes outside its alphabet are passed over (6.8). Of quoted-printable what is not well-formed
//! stands for itself, white space at a line's end is no content, and `=` there joins two lines (6.7).

use memchr::memchr;

use super::pieces::Eol;

/// Bytes decoded at a time.
const OUT_BYTES: usize = 768;
/// Bytes that four signs of base64 stand for.
const GROUP: usize = 3;
/// The most white space held back to see whether a line ends after it.
const SPACES: usize = 1000;
/// No sign of base64.
const NONE: u8 = 0xff;

/// The value of each sign of base64.
static VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let signs = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < signs.len() {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, over the signs above")]
        {
            values[signs[at] as usize] = at as u8;
        }
        at += 1;
    }
    values
};

fn value_of(sign: u8) -> u8 {
    VALUES.get(usize::from(sign)).copied().unwrap_or(NONE)
}

/// Undoes one part's encoding.
#[derive(Debug)]
pub(super) enum Decoder {
    /// 7bit, 8bit, binary, and what nobody knows.
    Identity,
    /// base64.
    Base64(Base64),
    /// quoted-printable.
    Quoted(Quoted),
}

impl Decoder {
    /// The decoder of an encoding's name.
    pub(super) fn named(name: &[u8]) -> Self {
        if name.eq_ignore_ascii_case(b"base64") {
            Self::Base64(Base64::default())
        } else if name.eq_ignore_ascii_case(b"quoted-printable") {
            Self::Quoted(Quoted::default())
        } else {
            Self::Identity
        }
    }

    /// Takes bytes of a line.
    pub(super) fn data(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Identity => out(bytes),
            Self::Base64(base64) => base64.data(bytes, out),
            Self::Quoted(quoted) => quoted.data(bytes, out),
        }
    }

    /// Takes a line's end that is content.
    pub(super) fn end_line(&mut self, end: Eol, out: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Identity => out(end.bytes()),
            Self::Base64(_) => {}
            Self::Quoted(quoted) => quoted.end_line(end, out),
        }
    }

    /// The part has ended.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Identity => {}
            Self::Base64(base64) => base64.finish(out),
            Self::Quoted(quoted) => quoted.finish(out),
        }
    }
}

/// Base64 as a stream.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    bits: u32,
    /// Signs in `bits`, fewer than four.
    signs: u8,
    ended: bool,
}

impl Base64 {
    fn data(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        if self.ended {
            return;
        }
        let mut decoded = [0; OUT_BYTES];
        for block in bytes.chunks(OUT_BYTES) {
            let (places, _) = decoded.as_chunks_mut::<GROUP>();
            let (mut free, room) = (places.iter_mut(), OUT_BYTES / GROUP);
            let mut rest = block;
            while let Some((byte, after)) = rest.split_first() {
                // Four signs at once, where a group begins and nothing else stands in it.
                if self.signs == 0
                    && let Some((signs, behind)) = rest.split_first_chunk::<4>()
                    && let [a, b, c, d] = signs.map(value_of)
                    && a | b | c | d != NONE
                {
                    let group = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
                    free.next().into_iter().for_each(|place| *place = group);
                    rest = behind;
                    continue;
                }
                rest = after;
                let value = value_of(*byte);
                if value == NONE {
                    self.ended |= *byte == b'=';
                    if self.ended {
                        break;
                    }
                    continue;
                }
                self.bits = self.bits << 6 | u32::from(value);
                self.signs += 1;
                if self.signs == 4 {
                    let [_, group @ ..] = self.bits.to_be_bytes();
                    free.next().into_iter().for_each(|place| *place = group);
                    (self.bits, self.signs) = (0, 0);
                }
            }
            let used = room.saturating_sub(free.len()).saturating_mul(GROUP);
            out(decoded.get(..used).unwrap_or_default());
            if self.ended {
                self.finish(out);
                return;
            }
        }
    }

    /// The bytes of a last group that is not whole.
    fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        let [_, first, second, _] = (self.bits << (6 * (4 - u32::from(self.signs.min(4))))).to_be_bytes();
        match self.signs {
            2 => out(&[first]),
            3 => out(&[first, second]),
            _ => {}
        }
        (self.bits, self.signs, self.ended) = (0, 0, true);
    }
}

/// Quoted-printable as a stream.
#[derive(Debug, Default)]
pub(super) struct Quoted {
    state: Escape,
    /// White space that is content unless the line ends after it.
    spaces: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Escape {
    #[default]
    None,
    /// After `=`.
    Begun,
    /// After `=` and a digit.
    Digit(u8),
}

impl Quoted {
    fn data(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            if matches!(self.state, Escape::None) && *byte != b'=' {
                let (text, escape) =
                    rest.split_at_checked(memchr(b'=', rest).unwrap_or(rest.len())).unwrap_or((rest, &[]));
                self.text(text, out);
                rest = escape;
            } else {
                self.byte(*byte, out);
                rest = after;
            }
        }
    }

    /// Takes bytes that stand for themselves, unless the line ends in white space.
    fn text(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        let end = bytes.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last.saturating_add(1));
        let (content, spaces) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        if !content.is_empty() {
            self.release(out);
            out(content);
        }
        spaces.iter().for_each(|space| self.byte(*space, out));
    }

    fn byte(&mut self, byte: u8, out: &mut dyn FnMut(&[u8])) {
        match (self.state, byte) {
            (Escape::Begun, b' ' | b'\t') => {}
            (Escape::Begun, _) if byte.is_ascii_hexdigit() => self.state = Escape::Digit(byte),
            (Escape::Digit(high), _) if byte.is_ascii_hexdigit() => {
                self.state = Escape::None;
                let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
                out(&[value(high) << 4 | value(byte)]);
            }
            (Escape::Begun | Escape::Digit(_), _) => {
                self.release(out);
                self.byte(byte, out);
            }
            (Escape::None, b' ' | b'\t') if self.spaces.len() < SPACES => self.spaces.push(byte),
            (Escape::None, b'=') => {
                self.release(out);
                self.state = Escape::Begun;
            }
            (Escape::None, _) => {
                self.release(out);
                out(&[byte]);
            }
        }
    }

    fn end_line(&mut self, end: Eol, out: &mut dyn FnMut(&[u8])) {
        self.spaces.clear();
        if !matches!(self.state, Escape::Begun) {
            self.release(out);
            out(end.bytes());
        }
        self.state = Escape::None;
    }

    fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        self.spaces.clear();
        if !matches!(self.state, Escape::Begun) {
            self.release(out);
        }
    }

    /// What was held back stands for itself.
    fn release(&mut self, out: &mut dyn FnMut(&[u8])) {
        out(&self.spaces);
        self.spaces.clear();
        match std::mem::take(&mut self.state) {
            Escape::None => {}
            Escape::Begun => out(b"="),
            Escape::Digit(high) => out(&[b'=', high]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(name: &str, lines: &[&str], size: usize) -> String {
        let (mut decoder, mut out) = (Decoder::named(name.as_bytes()), Vec::new());
        let mut sink = |bytes: &[u8]| out.extend_from_slice(bytes);
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                decoder.end_line(Eol::CrLf, &mut sink);
            }
            for piece in line.as_bytes().chunks(size) {
                decoder.data(piece, &mut sink);
            }
        }
        decoder.finish(&mut sink);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn encodings_are_undone_whatever_the_pieces() {
        for size in [1, 2, 3, 5, 100] {
            for (name, lines, text) in [
                ("base64", &["aGVsbG8gd29y", "bGQ="][..], "hello world"),
                ("BASE64", &["aGVs bG8g!d29ybGQ"], "hello world"),
                ("base64", &["aGVsbG8=d29ybGQ="], "hello"),
                ("base64", &["a"], ""),
                ("quoted-printable", &["caf=C3=A9 =3d  ", "next=", "line= \t", " end"], "café =\r\nnextline end"),
                ("quoted-printable", &["100=% =4x =", "=zz"], "100=% =4x =zz"),
                ("7bit", &["as it is=3D ", ""], "as it is=3D \r\n"),
                ("x-unknown", &["a", "b"], "a\r\nb"),
            ] {
                assert_eq!(decode(name, lines, size), text, "{name} {lines:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn long_base64_is_decoded_in_blocks() {
        let coded = "QUJD".repeat(1000);
        assert_eq!(decode("base64", &[&coded], 5000), "ABC".repeat(1000));
    }
}
