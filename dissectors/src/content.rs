//! What the bytes of a session that speaks no known protocol look like: random, as cipher text does, or compressed.
//!
//! Of each side the first [`SAMPLE_BYTES`] are looked at, and of them nothing is kept but [`HEAD_BYTES`] for magic numbers and counts:
//! how often each byte stands there, and how often each pattern of eight bits begins at any bit, not only where bytes begin. Compressors
//! write codes that end anywhere in a byte, so what is left of order in their output shows in the patterns long before it shows in
//! the bytes.
//!
//! The test is the serial test of NIST SP 800-22 (2.11; I. J. Good, 1953) at once for every pattern length up to eight. With `psi(m)`
//! the chi-square of the patterns of `m` bits, which the counts of longer patterns contain, the differences `psi(m) - psi(m - 1)` of
//! random bytes are independent and chi-square distributed with `2^(m-1)` degrees of freedom. Each is brought to the scale of the
//! normal distribution (Wilson and Hilferty, 1931): below, a *deviation* of 3 is what chance gives once in 740 times.
//!
//! What can't be told is not: cipher text in frames with headers of their own, compression without entropy coding (LZ4), a text. LZMA's
//! output passes for random; so does everything compressed while it is short. docs/DETECTION.md has the rates.
//!
//! Ignored on purpose: the first bytes of each datagram, which are some header more often than not.

use crate::facts::Side;

mod magic;

/// So many bytes of a side are looked at.
pub const SAMPLE_BYTES: usize = 16 * 1024;
/// From so many bytes on something is told, where the side's beginning was seen.
pub const FEWEST_BYTES: usize = 256;
/// From so many where it was not: a magic number may have passed unseen, and what is compressed shows only by then.
pub const FEWEST_INSIDE: usize = 16 * 1024;
/// From so many on, what is no format by its beginning is called compressed.
const FEWEST_COMPRESSED: usize = 8 * 1024;
/// So many bytes of both sides are waited for; then what was seen has to do.
const PATIENCE: usize = 4 * SAMPLE_BYTES;
/// The leading bytes kept of a side.
const HEAD_BYTES: usize = 64;
/// Leading bytes of a stream, or of each datagram, that are not counted.
const SKIPPED: usize = 16;
/// After so many counted bytes a side that can't become random or compressed any more is given up: the first time, and all times.
const GLANCE: usize = 256;
const GLANCES: [usize; 2] = [2048, 8192];
/// What the chi-square of compressed bytes is above that of random ones is a tenth of the number of bytes, and seldom twice that.
const PLAIN: f64 = 0.2;
/// For base64 it is three times that number, for text and machine code more; half of it is enough where there are few bytes.
const PLAIN_EARLY: usize = 3 * GLANCE / 2;
/// What eleven bits can be.
const WINDOWS: usize = 1 << 11;
/// Bytes are random where no deviation is larger: one in a hundred random samples has a larger one.
const RANDOM: f64 = 3.5;
/// They are compressed where the patterns' deviation is larger: not one in a million random samples has it.
const COMPRESSED: f64 = 6.0;
/// The patterns of compressed bytes deviate so many times more than the bytes themselves: their order is one of bits.
const BITWISE: f64 = 3.0;
/// Of compressed bytes no more than so many in a row are the same, as a deviation from what chance gives; the headers of framed cipher
/// text have zeros in a row.
const TWINS: f64 = 5.0;
/// They deviate by more than this without the so many patterns that deviate most, which in random bytes brings it below zero.
const SPREAD: f64 = 3.0;
const OUTLIERS: usize = 8;
/// JPEG's scans have a zero after each of their bytes 0xff (ITU-T T.81 B.1.1.5); of random bytes not one in 256 has.
const STUFFED: u32 = 6;

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Uniformly random, as cipher text is.
    Random,
    /// Compressed by its magic number, or nearly random in the way in which compressors are.
    Compressed,
    /// Neither.
    Other,
    /// Too few bytes to tell.
    Short,
}

impl Look {
    /// Its name in `session.encrypted`.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Random => Some("looks-random"),
            Self::Compressed => Some("compressed"),
            Self::Other | Self::Short => None,
        }
    }
}

/// A bounded look at both sides' bytes. The default one looks at none.
#[derive(Debug, Default)]
pub struct Content {
    sides: [Option<Box<Sample>>; 2],
    /// So many bytes more are waited for.
    left: usize,
    /// Each chunk is a datagram.
    datagrams: bool,
    /// By side: bytes before these were not seen.
    inside: [bool; 2],
}

impl Content {
    /// Nothing was seen yet. `datagrams`: each chunk is one. `inside`: the beginning was not seen.
    pub fn new(datagrams: bool, inside: bool) -> Self {
        Self { sides: [None, None], left: PATIENCE, datagrams, inside: [inside; 2] }
    }

    /// Looks at a side's next bytes.
    pub fn data(&mut self, side: Side, bytes: &[u8]) {
        let bytes = bytes.get(..self.left).unwrap_or(bytes);
        if bytes.is_empty() {
            return;
        }
        self.left = self.left.saturating_sub(bytes.len());
        let inside = self.inside.get(side.index()).is_some_and(|inside| *inside);
        let Some(sample) = self.sides.get_mut(side.index()) else { return };
        let sample = sample.get_or_insert_with(|| Box::new(Sample::new(inside)));
        if self.datagrams {
            sample.skip = SKIPPED;
        }
        sample.data(bytes);
    }

    /// Bytes of a side were not seen.
    pub fn gap(&mut self, side: Side) {
        match self.sides.get_mut(side.index()) {
            Some(Some(sample)) => sample.gap(),
            _ => {
                if let Some(inside) = self.inside.get_mut(side.index()) {
                    *inside = true;
                }
            }
        }
    }

    /// Whether more bytes would change nothing.
    pub fn is_done(&self) -> bool {
        let plain = self.sides.iter().flatten().any(|sample| sample.plain && !sample.format);
        plain || self.left == 0 || self.sides.iter().all(|side| side.as_ref().is_some_and(|sample| sample.is_done()))
    }

    /// What both sides look like together. Each side that is long enough must look the same, and a short one must be no text.
    pub fn look(&self) -> Look {
        let mut together = Look::Short;
        for sample in self.sides.iter().flatten() {
            together = match (together, sample.look()) {
                (Look::Other, _) | (_, Look::Other) => return Look::Other,
                (Look::Short, look) | (look, Look::Short) => look,
                (one, other) if one == other => one,
                _ => return Look::Other,
            };
        }
        together
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let counts = |sample: &Sample| sample.counts.as_ref().map_or(0, |_| size_of::<Counts>());
        self.sides.iter().flatten().map(|sample| size_of::<Sample>() + counts(sample)).sum()
    }
}

/// What was seen of one side.
#[derive(Debug)]
struct Sample {
    /// How the side begins, for magic numbers.
    head: Head<HEAD_BYTES>,
    /// The first bytes to be counted: most sessions show by them that they are neither random nor compressed.
    early: Head<GLANCE>,
    counts: Option<Box<Counts>>,
    /// The beginning was not seen.
    inside: bool,
    /// It is neither random nor compressed.
    plain: bool,
    /// It begins like a compressed format.
    format: bool,
    /// So many bytes of the stream or of this datagram are not counted.
    skip: usize,
}

impl Sample {
    fn new(inside: bool) -> Self {
        Self { head: Head::new(), early: Head::new(), counts: None, inside, plain: false, format: false, skip: SKIPPED }
    }

    fn is_done(&self) -> bool {
        self.plain || self.counts.as_ref().is_some_and(|counts| counts.counted >= SAMPLE_BYTES)
    }

    fn data(&mut self, bytes: &[u8]) {
        if self.is_done() {
            return;
        }
        if !self.head.is_full() {
            self.head.fill(bytes);
            if self.head.is_full() {
                self.format = self.begins_as_format();
            }
        }
        let skipped = self.skip.min(bytes.len());
        self.skip = self.skip.saturating_sub(skipped);
        if skipped > 0 {
            self.gap();
        }
        let mut rest = bytes.get(skipped..).unwrap_or_default();
        if self.counts.is_none() {
            rest = self.early.fill(rest);
            if self.early.is_full() {
                self.plain = is_plain(self.early.bytes());
                self.counts = (!self.plain).then(|| Counts::of(self.early.bytes()));
            }
        }
        // Counted in pieces that end where something is decided, so that it does not matter how the network cuts.
        while let Some(mut counts) = self.counts.take_if(|counts| !rest.is_empty() && counts.counted < SAMPLE_BYTES) {
            let until = GLANCES.into_iter().find(|glance| *glance > counts.counted).unwrap_or(SAMPLE_BYTES);
            let (piece, after) = rest.split_at_checked(until.saturating_sub(counts.counted)).unwrap_or((rest, &[]));
            counts.count(piece);
            rest = after;
            self.plain = GLANCES.contains(&counts.counted) && counts.is_plain();
            self.counts = (!self.plain).then_some(counts);
        }
    }

    /// The next byte does not follow the last one.
    fn gap(&mut self) {
        if let Some(counts) = &mut self.counts {
            counts.last = None;
        }
    }

    fn begins_as_format(&self) -> bool {
        let head = self.head.bytes();
        !self.inside && !head.iter().all(|byte| is_text(*byte)) && magic::is_compressed(head)
    }

    fn look(&self) -> Look {
        let head = self.head.bytes();
        if self.format {
            return Look::Compressed;
        }
        if self.plain {
            return Look::Other;
        }
        let counted = self.counts.as_ref().map_or(self.early.len, |counts| counts.counted);
        if counted.saturating_add(SKIPPED) < if self.inside { FEWEST_INSIDE } else { FEWEST_BYTES } {
            return if !head.is_empty() && head.iter().all(|byte| is_text(*byte)) { Look::Other } else { Look::Short };
        }
        self.counts.as_ref().map_or_else(|| Counts::of(self.early.bytes()).look(), |counts| counts.look())
    }
}

/// The first bytes of something.
#[derive(Debug)]
struct Head<const CAP: usize> {
    bytes: [u8; CAP],
    len: usize,
}

impl<const CAP: usize> Head<CAP> {
    fn new() -> Self {
        Self { bytes: [0; CAP], len: 0 }
    }

    /// Takes what there is room for, and gives back the rest.
    fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let (taken, rest) = bytes.split_at_checked(room.len()).unwrap_or((bytes, &[]));
        if let Some(room) = room.get_mut(..taken.len()) {
            room.copy_from_slice(taken);
        }
        self.len = self.len.saturating_add(taken.len());
        rest
    }

    fn is_full(&self) -> bool {
        self.len == CAP
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// How often what stands in a side's bytes.
#[derive(Debug)]
struct Counts {
    /// Bytes counted.
    counted: usize,
    /// The byte before the next one.
    last: Option<u8>,
    bytes: [u32; 256],
    /// Eleven bits in a row, beginning at a byte's first or fifth bit, which hold every eight in a row; a byte's first bit is its lowest.
    windows: [u16; WINDOWS],
    /// Bytes 0xff with a zero or a restart marker behind, and with something else.
    stuffed: u32,
    unstuffed: u32,
    /// Bytes that are the same as the one before.
    twins: u32,
}

impl Counts {
    fn of(bytes: &[u8]) -> Box<Self> {
        let mut counts = Box::new(Self {
            counted: 0,
            last: None,
            bytes: [0; 256],
            windows: [0; WINDOWS],
            stuffed: 0,
            unstuffed: 0,
            twins: 0,
        });
        counts.count(bytes);
        counts
    }

    fn count(&mut self, piece: &[u8]) {
        self.counted = self.counted.saturating_add(piece.len());
        let mut rest = piece.iter();
        let Some(mut last) = self.last.or_else(|| rest.next().copied().inspect(|first| add(&mut self.bytes, *first)))
        else {
            return;
        };
        for &byte in rest {
            add(&mut self.bytes, byte);
            let bits = u16::from(byte) << 8 | u16::from(last);
            for shift in [0, 4] {
                if let Some(count) = self.windows.get_mut(usize::from(bits >> shift) % WINDOWS) {
                    *count = count.wrapping_add(1);
                }
            }
            if last == 0xff {
                let stuffed = matches!(byte, 0 | 0xd0..=0xd9);
                let count = if stuffed { &mut self.stuffed } else { &mut self.unstuffed };
                *count = count.wrapping_add(1);
            }
            self.twins = self.twins.wrapping_add(u32::from(byte == last));
            last = byte;
        }
        self.last = Some(last);
    }

    /// Whether too few values make up the bytes, or too many stand twice, for any compressor.
    fn is_plain(&self) -> bool {
        self.chi_square() > 255.0 + PLAIN * self.counted as f64 || self.twins() > 3.0 * TWINS
    }

    fn chi_square(&self) -> f64 {
        chi_square(self.bytes.iter().copied())
    }

    fn look(&self) -> Look {
        if self.counted > GLANCE && self.is_plain() {
            return Look::Other;
        }
        if self.unstuffed == 0 && self.stuffed >= STUFFED {
            return Look::Compressed;
        }
        let bytes = deviation(self.chi_square(), 255.0);
        let (patterns, worst) = self.serial();
        if worst <= RANDOM && bytes.abs() <= RANDOM {
            Look::Random
        } else if self.counted >= FEWEST_COMPRESSED
            && patterns > COMPRESSED.max(BITWISE * bytes)
            && self.twins() < TWINS
            && self.widespread()
        {
            Look::Compressed
        } else {
            Look::Other
        }
    }

    /// How far the number of bytes that repeat the one before is above what chance gives.
    fn twins(&self) -> f64 {
        let expected = self.counted as f64 / 256.0;
        (f64::from(self.twins) - expected) / expected.sqrt().max(1.0)
    }

    /// How often each eight bits in a row stand there, beginning at any bit.
    fn patterns(&self) -> [u32; 256] {
        let mut patterns = [0; 256];
        for (window, count) in self.windows.iter().enumerate().filter(|(_, count)| **count > 0) {
            for shift in 0..4 {
                if let Some(sum) = patterns.get_mut(window >> shift & 0xff) {
                    *sum = u32::wrapping_add(*sum, u32::from(*count));
                }
            }
        }
        patterns
    }

    /// Whether the patterns still deviate without the few that do so most: where headers stand between cipher text, only theirs do.
    fn widespread(&self) -> bool {
        let counts = self.patterns();
        let total: f64 = counts.iter().copied().map(f64::from).sum();
        let expected = (total / counts.len() as f64).max(1.0);
        let mut parts = counts.map(|count| (f64::from(count) - expected).powi(2) / expected);
        parts.sort_by(f64::total_cmp);
        let rest: f64 = parts.iter().take(parts.len() - OUTLIERS).sum();
        deviation(rest, (parts.len() - OUTLIERS) as f64) > SPREAD
    }

    /// The serial test: the deviation of all patterns taken together, and the largest of one length.
    fn serial(&self) -> (f64, f64) {
        let mut counts = self.patterns();
        let mut psi = chi_square(counts.iter().copied());
        let all = deviation(psi, 255.0);
        let mut worst = 0f64;
        let mut length = 256;
        while length > 1 {
            let half = length / 2;
            // Without its last bit, a pattern is one of the shorter ones.
            let (low, high) = counts.split_at_mut(half);
            for (short, long) in low.iter_mut().zip(high) {
                *short = short.wrapping_add(*long);
            }
            let shorter = if half > 1 { chi_square(low.iter().copied()) } else { 0.0 };
            worst = worst.max(deviation(psi - shorter, half as f64).abs());
            psi = shorter;
            length = half;
        }
        (all, worst)
    }
}

/// Whether the first bytes are neither cipher text nor compressed: by the same chi-square, in whole numbers.
fn is_plain(early: &[u8]) -> bool {
    let (mut counts, mut squares) = ([0u16; 256], 0usize);
    for byte in early {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            // (n + 1)^2 is n^2 + 2n + 1.
            squares = squares.wrapping_add(usize::from(*count) * 2 + 1);
            *count = count.wrapping_add(1);
        }
    }
    squares.saturating_mul(256) / early.len().max(1) > early.len() + 255 + PLAIN_EARLY
}

#[inline(always)]
fn add(counts: &mut [u32; 256], value: u8) {
    if let Some(count) = counts.get_mut(usize::from(value)) {
        *count = count.wrapping_add(1);
    }
}

/// How far counts are from all being the same.
fn chi_square(counts: impl ExactSizeIterator<Item = u32> + Clone) -> f64 {
    let kinds = counts.len() as f64;
    let total: f64 = counts.clone().map(f64::from).sum();
    let squares: f64 = counts.map(|count| f64::from(count) * f64::from(count)).sum();
    if total > 0.0 { squares * kinds / total - total } else { 0.0 }
}

/// A chi-square on the scale of the normal distribution.
fn deviation(chi_square: f64, freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    ((chi_square.max(0.0) / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)
}
