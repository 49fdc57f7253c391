//! Content codings: gzip, deflate and br undone as the bytes pass (RFC 9110 8.4; RFC 1952, 1950, 1951, 7932).
//!
//! Decoding holds a window and nothing else: 32 KiB for deflate, at most [`BROTLI_WINDOW_BITS`] for brotli. What expands beyond
//! [`EXPANSION_FREE`] + [`EXPANSION_RATIO`] for each coded byte, or beyond [`DECODED_CAP`] in all, is given up, so work stays
//! linear in the bytes of the wire. Checksums are not verified: TCP's bytes are believed. What claims a coding and does not
//! begin like it is passed as it is, as browsers do.

use std::cell::Cell;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};

/// The most decoded bytes of one message.
pub(super) const DECODED_CAP: u64 = 256 * 1024 * 1024;
/// So many decoded bytes are allowed however few coded ones there are.
pub(super) const EXPANSION_FREE: u64 = 256 * 1024;
/// So many decoded bytes are allowed for each coded one.
pub(super) const EXPANSION_RATIO: u64 = 200;
/// The largest brotli window, as a power of two: what encoders use unless told otherwise (RFC 7932 allows 24).
const BROTLI_WINDOW_BITS: u32 = 22;
/// Bytes decoded at a time.
const OUT_BYTES: usize = 8 * 1024;
/// What an inflating decoder holds, roughly: its window and its tables.
const INFLATE_BYTES: usize = 44 * 1024;
/// What a brotli decoder holds beside its window, roughly.
const BROTLI_BYTES: usize = 64 * 1024;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// `gzip`, `x-gzip`.
    Gzip,
    /// `deflate`: zlib by the book, bare deflate from many servers.
    Deflate,
    /// `br`.
    Brotli,
}

impl Coding {
    /// The coding of a name in Content-Encoding.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("deflate") {
            Some(Self::Deflate)
        } else if is("br") {
            Some(Self::Brotli)
        } else {
            None
        }
    }
}

thread_local! {
    /// An engine that has done its work and waits for more.
    static SPARE: Cell<Option<Box<Decompress>>> = const { Cell::new(None) };
}

/// What inflates. Most responses are small, and to make room for a window costs more than to fill it: so the last engine of each thread is
/// kept, and begins anew with its memory cleared.
struct Engine(Option<Box<Decompress>>);

impl Engine {
    fn new(zlib: bool) -> Self {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        Self(Some(match spare {
            Some(mut engine) => {
                engine.reset(zlib);
                engine
            }
            None => Box::new(Decompress::new(zlib)),
        }))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Where the thread ends there is no place for it any more.
        let _ = SPARE.try_with(|spare| spare.set(self.0.take()));
    }
}

type Brotli = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// What the decoder is doing.
enum State {
    /// The first bytes tell whether the content is coded as it claims.
    Start {
        seen: [u8; 2],
        count: usize,
    },
    /// In the fields before a gzip member's data.
    GzipHead(GzipHead),
    Inflate(Engine),
    Brotli {
        state: Box<Brotli>,
        window: usize,
    },
    /// Not coded at all.
    Plain,
    /// All of the content has passed. What follows means nothing.
    Ended,
    /// Not to be decoded: broken, or a bomb.
    Failed,
}

/// Undoes one coding of one message.
pub(super) struct Decoder {
    coding: Coding,
    state: State,
    coded: u64,
    decoded: u64,
}

impl Decoder {
    /// A decoder at the content's first byte.
    pub(super) fn new(coding: Coding) -> Self {
        Self { coding, state: State::Start { seen: [0; 2], count: 0 }, coded: 0, decoded: 0 }
    }

    /// Takes coded bytes and hands on the decoded ones.
    pub(super) fn data(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Start { .. } => self.start(rest, out),
                State::GzipHead(head) => {
                    let after = head.take(rest);
                    if head.ended() {
                        self.state = State::Inflate(Engine::new(false));
                    }
                    after
                }
                State::Inflate(_) => self.inflate(rest, out),
                State::Brotli { .. } => self.brotli(rest, out),
                State::Plain => {
                    out(rest);
                    &[]
                }
                State::Ended | State::Failed => &[],
            };
        }
    }

    /// Gives up: bytes are missing.
    pub(super) fn fail(&mut self) {
        self.state = State::Failed;
    }

    /// Whether the content could not be decoded.
    pub(super) fn failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// The content has ended: hands on what waited to be told apart. Says whether it was whole.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(&[u8])) -> bool {
        if let State::Start { seen, count } = self.state {
            out(seen.get(..count).unwrap_or_default());
            self.state = State::Plain;
        }
        matches!(self.state, State::Plain | State::Ended)
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        match &self.state {
            State::Inflate(_) => INFLATE_BYTES,
            State::Brotli { window, .. } => size_of::<Brotli>() + BROTLI_BYTES + window,
            _ => 0,
        }
    }

    /// Collects the first two bytes and tells from them what there is to do.
    fn start<'a>(&mut self, bytes: &'a [u8], out: &mut dyn FnMut(&[u8])) -> &'a [u8] {
        let State::Start { seen, count } = &mut self.state else {
            return bytes;
        };
        let mut rest = bytes;
        for place in seen.iter_mut().skip(*count) {
            let Some((&byte, after)) = rest.split_first() else {
                return rest;
            };
            *place = byte;
            *count = count.saturating_add(1);
            rest = after;
        }
        let first = *seen;
        let [cmf, flg] = first;
        let zlib = cmf & 0x0f == 8 && u16::from_be_bytes(first).is_multiple_of(31);
        self.state = match self.coding {
            Coding::Gzip if first == [0x1f, 0x8b] => State::GzipHead(GzipHead::default()),
            Coding::Gzip => State::Plain,
            Coding::Deflate if zlib && flg & 0x20 == 0 => State::Inflate(Engine::new(true)),
            Coding::Deflate => State::Inflate(Engine::new(false)),
            Coding::Brotli => match brotli_window_bits(cmf) {
                bits if bits <= BROTLI_WINDOW_BITS => {
                    State::Brotli { state: Box::new(brotli_state()), window: 1 << bits }
                }
                _ => State::Failed,
            },
        };
        // The engines want these bytes too; only a gzip head has been told by them alone.
        if !matches!(self.state, State::GzipHead(_)) {
            self.data(&first, out);
        }
        rest
    }

    fn inflate<'a>(&mut self, bytes: &'a [u8], out: &mut dyn FnMut(&[u8])) -> &'a [u8] {
        let State::Inflate(Engine(Some(engine))) = &mut self.state else {
            return bytes;
        };
        let mut buffer = [0; OUT_BYTES];
        let mut rest = bytes;
        loop {
            let (took, gave) = (engine.total_in(), engine.total_out());
            let status = engine.decompress(rest, &mut buffer, FlushDecompress::None);
            let took = engine.total_in().saturating_sub(took);
            let gave = engine.total_out().saturating_sub(gave);
            rest = usize::try_from(took).ok().and_then(|took| rest.get(took..)).unwrap_or_default();
            self.coded = self.coded.saturating_add(took);
            self.decoded = self.decoded.saturating_add(gave);
            let decoded = usize::try_from(gave).ok().and_then(|gave| buffer.get(..gave)).unwrap_or_default();
            let next = match status {
                Err(_) => Some(State::Failed),
                Ok(_) if expands_too_much(self.coded, self.decoded) => Some(State::Failed),
                Ok(Status::StreamEnd) => Some(State::Ended),
                Ok(Status::Ok | Status::BufError) => None,
            };
            out(decoded);
            if let Some(next) = next {
                self.state = next;
                return rest;
            }
            if (took == 0 && gave == 0) || (rest.is_empty() && decoded.len() < OUT_BYTES) {
                return &[];
            }
        }
    }

    fn brotli<'a>(&mut self, bytes: &'a [u8], out: &mut dyn FnMut(&[u8])) -> &'a [u8] {
        let State::Brotli { state, .. } = &mut self.state else {
            return bytes;
        };
        let mut buffer = [0; OUT_BYTES];
        let (mut available_in, mut offset_in, mut total) = (bytes.len(), 0, 0);
        loop {
            let before = offset_in;
            let (mut available_out, mut offset_out) = (buffer.len(), 0);
            let result = BrotliDecompressStream(
                &mut available_in,
                &mut offset_in,
                bytes,
                &mut available_out,
                &mut offset_out,
                &mut buffer,
                &mut total,
                state,
            );
            self.coded = self.coded.saturating_add(offset_in.saturating_sub(before) as u64);
            self.decoded = self.decoded.saturating_add(offset_out as u64);
            let next = match result {
                BrotliResult::ResultFailure => Some(State::Failed),
                _ if expands_too_much(self.coded, self.decoded) => Some(State::Failed),
                BrotliResult::ResultSuccess => Some(State::Ended),
                // It never stalls so; should it, that must not become an endless loop.
                BrotliResult::NeedsMoreOutput if offset_out == 0 && offset_in == before => Some(State::Failed),
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => None,
            };
            out(buffer.get(..offset_out).unwrap_or_default());
            if let Some(next) = next {
                self.state = next;
                return bytes.get(offset_in..).unwrap_or_default();
            }
            if matches!(result, BrotliResult::NeedsMoreInput) {
                return &[];
            }
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("coding", &self.coding).finish_non_exhaustive()
    }
}

fn expands_too_much(coded: u64, decoded: u64) -> bool {
    decoded > DECODED_CAP || decoded > EXPANSION_FREE.saturating_add(coded.saturating_mul(EXPANSION_RATIO))
}

/// The strict state refuses the windows of up to 1 GiB that an extension of brotli allows.
fn brotli_state() -> Brotli {
    let allocator = StandardAlloc::default;
    BrotliState::new_strict(allocator(), allocator(), allocator())
}

/// The window's size as a power of two, from a brotli stream's first byte (RFC 7932 9.1).
fn brotli_window_bits(first: u8) -> u32 {
    let [low, high] = [(first >> 1) & 7, (first >> 4) & 7].map(u32::from);
    match (first & 1, low, high) {
        (0, _, _) => 16,
        (_, 1.., _) => 17 + low,
        (_, 0, 0) => 17,
        (_, 0, _) => 8 + high,
    }
}

/// Passes over what stands between a gzip member's magic number and its data (RFC 1952 2.3).
///
/// ```text
/// 1f 8b | method flags mtime(4) xfl os | [2 bytes length, extra] [name NUL] [comment NUL] [2 bytes CRC]
/// ```
#[derive(Debug, Default)]
struct GzipHead {
    flags: u8,
    part: GzipPart,
    /// Bytes of the part so far.
    count: u32,
    extra_bytes: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum GzipPart {
    #[default]
    Fixed,
    ExtraLength,
    Extra,
    Name,
    Comment,
    Checksum,
    Ended,
}

impl GzipHead {
    fn ended(&self) -> bool {
        self.part == GzipPart::Ended
    }

    fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first()
            && !self.ended()
        {
            rest = after;
            self.count = self.count.saturating_add(1);
            let done = match self.part {
                GzipPart::Fixed => {
                    if self.count == 2 {
                        self.flags = byte;
                    }
                    self.count == 8
                }
                GzipPart::ExtraLength => {
                    self.extra_bytes |= u32::from(byte) << if self.count == 1 { 0 } else { 8 };
                    self.count == 2
                }
                GzipPart::Extra => self.count >= self.extra_bytes,
                GzipPart::Name | GzipPart::Comment => byte == 0,
                GzipPart::Checksum => self.count == 2,
                GzipPart::Ended => false,
            };
            if done {
                self.advance();
            }
        }
        rest
    }

    /// Goes to the next part that the flags announce.
    fn advance(&mut self) {
        const PARTS: [(GzipPart, u8); 6] = [
            (GzipPart::ExtraLength, 0x04),
            (GzipPart::Extra, 0x04),
            (GzipPart::Name, 0x08),
            (GzipPart::Comment, 0x10),
            (GzipPart::Checksum, 0x02),
            (GzipPart::Ended, 0xff),
        ];
        let from = PARTS.iter().position(|(part, _)| *part == self.part).map_or(0, |at| at.saturating_add(1));
        let next = PARTS.iter().skip(from).find(|(part, flag)| match part {
            GzipPart::Ended => true,
            GzipPart::Extra => self.flags & flag != 0 && self.extra_bytes > 0,
            _ => self.flags & flag != 0,
        });
        self.part = next.map_or(GzipPart::Ended, |(part, _)| *part);
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Brotli of "hello hello hello hello", made with the reference encoder.
    const BROTLI_HELLO: &[u8] = b"\x1b\x16\x00\xf8\x8d\x94\x6e\xde\x44\x55\x86\x96\x6c\x20\x6f\x21\x4f\x1c\xe0\x38";

    fn undo(coding: Coding, bytes: &[u8], piece: usize) -> (Vec<u8>, bool, bool) {
        let mut decoder = Decoder::new(coding);
        let mut out = Vec::new();
        for piece in bytes.chunks(piece) {
            decoder.data(piece, &mut |bytes| out.extend_from_slice(bytes));
        }
        let whole = decoder.finish(&mut |bytes| out.extend_from_slice(bytes));
        (out, whole, decoder.failed())
    }

    fn words() -> Vec<u8> {
        (0..3000u32).flat_map(|n| format!("line {} of {}\n", n, n.wrapping_mul(2_654_435_761)).into_bytes()).collect()
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let builder = flate2::GzBuilder::new().extra("ab").filename("x").comment("y");
        let mut encoder = builder.write(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn an_engine_that_was_used_says_what_a_new_one_says() {
        let words = words();
        let whole = gzip(&words);
        // Each with a byte changed: some fail at once, some point back to before their first byte, some stop in the middle.
        let mut all: Vec<Vec<u8>> =
            (12..200).map(|at| [&whole[..at], &[!whole[at]], &whole[at + 1..]].concat()).collect();
        all.push(whole);
        let fresh =
            |coded: &Vec<u8>| std::thread::scope(|scope| scope.spawn(|| undo(Coding::Gzip, coded, 1000)).join());
        for coded in all.iter().chain(all.iter().rev()) {
            assert!(undo(Coding::Gzip, coded, 1000) == fresh(coded).unwrap());
        }
        assert!(SPARE.take().is_some(), "none was kept");
    }

    #[test]
    fn each_coding_is_undone_whatever_the_segments() {
        let words = words();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(&words).unwrap();
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        bare.write_all(&words).unwrap();
        for (coding, coded) in [
            (Coding::Gzip, gzip(&words)),
            (Coding::Deflate, zlib.finish().unwrap()),
            (Coding::Deflate, bare.finish().unwrap()),
        ] {
            for piece in [1, 2, 7, 1000, usize::MAX] {
                assert!(undo(coding, &coded, piece) == (words.clone(), true, false), "{coding:?} {piece}");
            }
        }
    }

    #[test]
    fn a_truncation_tells_the_same_prefix_whatever_the_segments() {
        let coded = gzip(&words());
        for cut in [1, 2, 3, 30, 500, coded.len() / 2, coded.len() - 9] {
            let cut = &coded[..cut];
            let whole = undo(Coding::Gzip, cut, usize::MAX);
            assert!(!whole.2);
            assert_eq!(whole.1, cut.len() == 1, "one byte is no gzip");
            for piece in [1, 2, 7, 100] {
                assert!(undo(Coding::Gzip, cut, piece) == whole, "{} in pieces of {piece}", cut.len());
            }
        }
    }

    #[test]
    fn brotli_is_undone() {
        for piece in [1, 3, 100] {
            let (out, whole, failed) = undo(Coding::Brotli, BROTLI_HELLO, piece);
            assert_eq!((out.as_slice(), whole, failed), (&b"hello hello hello hello"[..], true, false));
        }
    }

    #[test]
    fn a_bomb_is_given_up() {
        let bomb = gzip(&vec![0; 8 * 1024 * 1024]);
        let (out, whole, failed) = undo(Coding::Gzip, &bomb, 100);
        assert!(failed && !whole);
        assert!(out.len() as u64 <= EXPANSION_FREE + EXPANSION_RATIO * bomb.len() as u64 + OUT_BYTES as u64);
    }

    #[test]
    fn what_only_claims_to_be_gzip_passes_as_it_is() {
        assert_eq!(undo(Coding::Gzip, b"<html>", 1), (b"<html>".to_vec(), true, false));
        assert_eq!(undo(Coding::Gzip, b"<", 1), (b"<".to_vec(), true, false));
    }

    #[test]
    fn a_brotli_window_beyond_the_limit_is_refused() {
        assert_eq!([0x0c, 0x1b, 0x0f, 0x01, 0x21].map(brotli_window_bits), [16, 22, 24, 17, 10]);
        let (_, whole, failed) = undo(Coding::Brotli, &[0x0f, 0, 0, 0], 1);
        assert!(failed && !whole);
    }
}
