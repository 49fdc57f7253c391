//! Framing of content (RFC 9112 6 and 7): a known length, chunks, or everything until the connection's end.
//!
//! ```text
//! *( size-in-hex [; extensions] CRLF   so many bytes   CRLF )   0 [; extensions] CRLF   *( trailer field CRLF )   CRLF
//! ```
//!
//! Content streams through; only numbers are kept. A bare LF serves as a line's end, white space around a size is passed over,
//! extensions and trailers are not looked into.

use memchr::memchr;

use super::head::{Delimiter, HEAD_CAP};

/// The most bytes of a line with a chunk's size and extensions.
const SIZE_LINE_CAP: usize = 8 * 1024;
/// The most hexadecimal digits of a size that still fits 64 bits.
const SIZE_DIGITS: u8 = 16;

/// Where in its content a message is.
#[derive(Debug)]
pub(super) enum Body {
    /// So many bytes are to come.
    Length(u64),
    /// Chunks are to come.
    Chunked(Chunks),
    /// Everything to come.
    UntilClose,
}

/// What became of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// So many were taken.
    pub used: usize,
    /// What is next.
    pub next: Next,
}

/// What follows the bytes that were taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More of the content.
    More,
    /// The next message.
    Message,
    /// Nobody knows: the framing is broken.
    Broken,
}

impl Body {
    /// The content that a head announced, if any.
    pub(super) fn new(delimiter: Delimiter) -> Option<Self> {
        match delimiter {
            Delimiter::Nothing => None,
            Delimiter::Length(bytes) => Some(Self::Length(bytes)),
            Delimiter::Chunked => Some(Self::Chunked(Chunks::default())),
            Delimiter::Close => Some(Self::UntilClose),
        }
    }

    /// Takes bytes and hands on the content among them.
    pub(super) fn take(&mut self, bytes: &[u8], content: &mut dyn FnMut(&[u8])) -> Taken {
        match self {
            Self::Length(left) => {
                let now = head_of(bytes, *left);
                content(now);
                *left = left.saturating_sub(now.len() as u64);
                Taken { used: now.len(), next: if *left == 0 { Next::Message } else { Next::More } }
            }
            Self::Chunked(chunks) => chunks.take(bytes, content),
            Self::UntilClose => {
                content(bytes);
                Taken { used: bytes.len(), next: Next::More }
            }
        }
    }

    /// The bytes that are certainly to come.
    pub(super) fn left(&self) -> u64 {
        match self {
            Self::Length(left) | Self::Chunked(Chunks { state: State::Data(left), .. }) => *left,
            Self::UntilClose | Self::Chunked(_) => 0,
        }
    }

    /// The next bytes that are certainly content.
    pub(super) fn ahead(&self) -> u64 {
        if matches!(self, Self::UntilClose) { u64::MAX } else { self.left() }
    }

    /// Counts bytes of content that went by, no more than there are [`ahead`](Self::ahead). Says whether it ends with them.
    pub(super) fn passed(&mut self, bytes: u64) -> bool {
        match self {
            Self::Length(left) => {
                *left = left.saturating_sub(bytes);
                *left == 0
            }
            Self::Chunked(chunks) => {
                chunks.passed(bytes);
                false
            }
            Self::UntilClose => false,
        }
    }

    /// Passes over bytes that were never seen, where they are certainly content and the content does not end within them.
    pub(super) fn gap(&mut self, bytes: u64) -> bool {
        match self {
            Self::Length(left) | Self::Chunked(Chunks { state: State::Data(left), .. }) if bytes < *left => {
                *left = left.saturating_sub(bytes);
                true
            }
            Self::UntilClose => true,
            Self::Length(_) | Self::Chunked(_) => false,
        }
    }
}

/// At most the first `most` bytes.
fn head_of(bytes: &[u8], most: u64) -> &[u8] {
    usize::try_from(most).ok().and_then(|most| bytes.get(..most)).unwrap_or(bytes)
}

/// Where in chunked content a message is.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    state: State,
    /// Bytes of the size line, or of all trailers, so far.
    line: usize,
}

#[derive(Debug)]
enum State {
    /// In a chunk's size, with so many digits.
    Size { value: u64, digits: u8, ended: bool },
    /// In what follows the size on its line.
    Extensions { value: u64 },
    /// So many bytes of the chunk are to come.
    Data(u64),
    /// Before the line end after a chunk.
    DataEnd,
    /// In the trailers; whether their present line is empty so far.
    Trailers { empty: bool },
}

impl Default for State {
    fn default() -> Self {
        Self::Size { value: 0, digits: 0, ended: false }
    }
}

impl Chunks {
    fn passed(&mut self, bytes: u64) {
        if let State::Data(left) = &mut self.state {
            *left = left.saturating_sub(bytes);
            if *left == 0 {
                self.state = State::DataEnd;
            }
        }
    }

    fn take(&mut self, bytes: &[u8], content: &mut dyn FnMut(&[u8])) -> Taken {
        let mut rest = bytes;
        let next = loop {
            let Some((&byte, after)) = rest.split_first() else {
                break Next::More;
            };
            match &mut self.state {
                State::Data(left) => {
                    let now = head_of(rest, *left);
                    content(now);
                    *left = left.saturating_sub(now.len() as u64);
                    rest = rest.get(now.len()..).unwrap_or_default();
                    if *left == 0 {
                        self.state = State::DataEnd;
                    }
                    continue;
                }
                State::Extensions { value } => {
                    let value = *value;
                    let end = memchr(b'\n', rest);
                    let passed = end.map_or(rest.len(), |at| at.saturating_add(1));
                    self.line = self.line.saturating_add(passed);
                    rest = rest.get(passed..).unwrap_or_default();
                    if self.line > SIZE_LINE_CAP {
                        break Next::Broken;
                    }
                    if end.is_some() {
                        self.begin(value);
                    }
                    continue;
                }
                State::DataEnd => match byte {
                    b'\r' => {}
                    b'\n' => self.state = State::default(),
                    _ => break Next::Broken,
                },
                State::Size { value, digits, ended } => {
                    self.line = self.line.saturating_add(1);
                    match byte {
                        b'\n' if *digits > 0 => {
                            let value = *value;
                            self.begin(value);
                        }
                        b';' if *digits > 0 => self.state = State::Extensions { value: *value },
                        b' ' | b'\t' | b'\r' if self.line <= SIZE_LINE_CAP => *ended = *digits > 0,
                        _ => match char::from(byte).to_digit(16) {
                            Some(digit) if !*ended && *digits < SIZE_DIGITS => {
                                *value = (*value << 4) | u64::from(digit);
                                // Leading zeros may be many; they are no digits of the number, but the first says there is one.
                                *digits = if *value == 0 { 1 } else { digits.saturating_add(1) };
                            }
                            _ => break Next::Broken,
                        },
                    }
                    if self.line > SIZE_LINE_CAP {
                        break Next::Broken;
                    }
                }
                State::Trailers { empty } => {
                    self.line = self.line.saturating_add(1);
                    match byte {
                        b'\n' if *empty => {
                            rest = after;
                            break Next::Message;
                        }
                        b'\n' => *empty = true,
                        b'\r' => {}
                        _ => *empty = false,
                    }
                    if self.line > HEAD_CAP {
                        break Next::Broken;
                    }
                }
            }
            rest = after;
        };
        Taken { used: bytes.len().saturating_sub(rest.len()), next }
    }

    /// The size line has ended.
    fn begin(&mut self, size: u64) {
        self.line = 0;
        self.state = if size == 0 { State::Trailers { empty: true } } else { State::Data(size) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(bytes: &[u8], pieces: usize) -> (Vec<u8>, usize, Next) {
        let mut body = Body::new(Delimiter::Chunked).unwrap();
        let (mut content, mut used) = (Vec::new(), 0);
        for piece in bytes.chunks(pieces) {
            let taken = body.take(piece, &mut |bytes| content.extend_from_slice(bytes));
            used += taken.used;
            if taken.next != Next::More {
                return (content, used, taken.next);
            }
        }
        (content, used, Next::More)
    }

    #[test]
    fn chunks_pass_whatever_the_segments() {
        let wire = b"5;name=\"v\"\r\nhello\r\n 0006 \r\n world\r\n2\n!!\n0\r\nTrailer: x\r\n\r\nHTTP";
        for pieces in [1, 2, 3, 5, 100] {
            assert_eq!(pass(wire, pieces), (b"hello world!!".to_vec(), wire.len() - 4, Next::Message), "{pieces}");
        }
    }

    #[test]
    fn broken_chunks_are_told() {
        for wire in [&b"x\r\n"[..], b"\r\n", b"1\r\nab", b"1 2\r\n", b"11112222333344445\r\n", b"-1\r\n"] {
            assert_eq!(pass(wire, 1).2, Next::Broken, "{}", wire.escape_ascii());
        }
        assert_eq!(pass(&[b'0'; SIZE_LINE_CAP + 1], 64).2, Next::Broken);
        let mut endless = b"1;".to_vec();
        endless.resize(SIZE_LINE_CAP + 10, b'x');
        assert_eq!(pass(&endless, 64).2, Next::Broken);
    }

    #[test]
    fn a_gap_is_passed_only_inside_known_content() {
        let mut length = Body::Length(10);
        assert!(length.gap(9));
        assert!(!length.gap(1), "the content ends within the gap, so what follows it is not known");
        let mut chunked = Body::new(Delimiter::Chunked).unwrap();
        assert!(!chunked.gap(1));
        chunked.take(b"5\r\na", &mut |_| {});
        assert!(chunked.gap(3));
    }
}
