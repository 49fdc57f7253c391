//! What compressed formats begin with.

use flate2::{Decompress, FlushDecompress, Status};

/// A protocol may say a little before the content: so far into the head a magic number may stand.
const FARTHEST: usize = 16;
/// So much of a deflate stream is tried.
const TRIED: usize = 512;

/// Whether a stream that begins like this is compressed.
pub(super) fn is_compressed(head: &[u8]) -> bool {
    let tails = (0..=FARTHEST).map_while(|at| head.get(at..));
    { tails }.any(begins) || is_zlib(head)
}

fn begins(bytes: &[u8]) -> bool {
    match bytes {
        // RFC 1952 2.3: the method is deflate, three flag bits are reserved, XFL and OS have few values.
        [0x1f, 0x8b, 8, 0..=0x1f, _, _, _, _, 0 | 2 | 4, 0..=13 | 255, ..] => true,
        // bzip2: the block size, and the digits of pi.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => true,
        // JPEG: an application segment, tables or a comment, and the length's high byte, which is small.
        [0xff, 0xd8, 0xff, 0xe0..=0xef | 0xdb | 0xc0 | 0xc4 | 0xfe, 0..=0x40, ..] => true,
        // MP4 and its kin (ISO/IEC 14496-12 4.3): a box of a small size.
        [0, 0, _, _, b'f', b't', b'y', b'p', ..] => true,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => true,
        // LZMA alone: the usual properties, a dictionary of a power of two, and an unknown size or one below 2^40.
        [0x5d, 0, 0, _, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ..] => true,
        [0x5d, 0, 0, _, 0, _, _, _, _, _, 0, 0, 0, ..] => true,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => true,
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => true,
        // zstd, LZ4.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x04, 0x22, 0x4d, 0x18, ..] => true,
        [b'P', b'K', 3, 4, ..] | [b'R', b'a', b'r', b'!', 0x1a, 7, ..] | [b'M', b'S', b'C', b'F', 0, 0, 0, 0, ..] => {
            true
        }
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => true,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => true,
        [b'O', b'g', b'g', b'S', 0, ..] | [b'f', b'L', b'a', b'C', 0, ..] | [b'w', b'O', b'F', b'2', ..] => true,
        // Matroska and WebM.
        [0x1a, 0x45, 0xdf, 0xa3, ..] => true,
        _ => false,
    }
}

/// Two bytes are no magic number; but what can be inflated as well is deflated.
fn is_zlib(head: &[u8]) -> bool {
    // RFC 1950 2.2: deflate with a window of 32 KiB, no preset dictionary, a multiple of 31.
    let [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] = head else { return false };
    let mut out = [0; TRIED];
    let inflated = Decompress::new(true).decompress(head, &mut out, FlushDecompress::None);
    matches!(inflated, Ok(Status::Ok | Status::StreamEnd | Status::BufError))
}
