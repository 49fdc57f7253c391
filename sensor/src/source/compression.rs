//! Compressed captures, recognised by their first bytes and never by their name.
//!
//! ```text
//! gzip   1f 8b            RFC 1952      zstd   28 b5 2f fd      RFC 8878      xz   fd 37 7a 58 5a 00    the .xz file format
//! ```
//!
//! Several members one after the other are one stream, as the tools that write them have it. Decompression can run on a thread
//! of its own, so that it and the walk over the packets each have a processor.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};

/// Bytes that are read to recognise a compression.
const MAGIC_BYTES: usize = 6;
/// Bytes of compressed input that are read at once.
const COMPRESSED_READ_BYTES: usize = 256 * 1024;
/// Memory that an xz stream may ask for. Its largest preset takes 65 MiB.
const XZ_MEMORY_BYTES: u64 = 256 << 20;
/// Decompressed bytes that change hands at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks that the decompressing thread is ahead at most.
const CHUNKS_AHEAD: usize = 8;

/// An input as the walk reads it: decompressed.
pub(super) type Input = Box<dyn Read + Send>;

/// Where decompression runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decompress {
    /// On the caller's thread: for a look at the beginning.
    Here,
    /// On a thread of its own.
    Aside,
}

/// Counts in `read` what is read from the input itself, compressed or not.
struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize> {
        let read = self.input.read(room)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads `file`, counting its bytes in `read`.
pub(super) fn file(file: File, read: &Arc<AtomicU64>, place: Decompress) -> Result<Input> {
    open(Counted { input: file, read: Arc::clone(read) }, place)
}

/// Reads standard input, counting its bytes in `read`.
pub(super) fn standard_input(read: &Arc<AtomicU64>) -> Result<Input> {
    open(Counted { input: std::io::stdin(), read: Arc::clone(read) }, Decompress::Aside)
}

/// Recognises the compression of `input` and undoes it.
pub(super) fn open(mut input: impl Read + Send + 'static, place: Decompress) -> Result<Input> {
    let mut magic = Vec::with_capacity(MAGIC_BYTES);
    input.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut magic)?;
    let kind = Kind::of(&magic);
    let whole = Cursor::new(magic).chain(input);
    let buffered = |whole| BufReader::with_capacity(COMPRESSED_READ_BYTES, whole);
    let decoder: Input = match kind {
        None => return Ok(Box::new(whole)),
        Some(Kind::Gzip) => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(whole))),
        Some(Kind::Zstd) => Box::new(zstd::stream::read::Decoder::with_buffer(buffered(whole))?),
        Some(Kind::Xz) => {
            let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY_BYTES, liblzma::stream::CONCATENATED)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(buffered(whole), stream))
        }
    };
    match place {
        Decompress::Here => Ok(decoder),
        Decompress::Aside => Ok(Box::new(Aside::start(decoder)?)),
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Gzip,
    Zstd,
    Xz,
}

impl Kind {
    fn of(magic: &[u8]) -> Option<Self> {
        match magic {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0] => Some(Self::Xz),
            _ => None,
        }
    }
}

/// The reading end of a decoder that runs on its own thread. The thread ends with its input, or when this end is dropped.
struct Aside {
    chunks: Receiver<Result<Vec<u8>>>,
    emptied: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Aside {
    fn start(mut decoder: Input) -> Result<Self> {
        let (full, chunks) = bounded(CHUNKS_AHEAD);
        let (emptied, returned) = unbounded::<Vec<u8>>();
        thread::Builder::new().name("decompress".into()).spawn(move || {
            loop {
                let mut chunk = returned.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK_BYTES));
                chunk.clear();
                let read = decoder.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
                // What was decompressed before an error still counts.
                let end = chunk.is_empty() || read.is_err();
                if !chunk.is_empty() && full.send(Ok(chunk)).is_err() {
                    return;
                }
                if let Err(error) = read {
                    // Nobody listens any more where this fails.
                    let _ = full.send(Err(error));
                }
                if end {
                    return;
                }
            }
        })?;
        Ok(Self { chunks, emptied, chunk: Vec::new(), at: 0 })
    }
}

impl Read for Aside {
    fn read(&mut self, room: &mut [u8]) -> Result<usize> {
        if self.at >= self.chunk.len() {
            let Ok(chunk) = self.chunks.recv() else { return Ok(0) };
            let old = std::mem::replace(&mut self.chunk, chunk?);
            self.at = 0;
            if old.capacity() != 0 {
                // The thread may have ended: then nobody needs it.
                let _ = self.emptied.send(old);
            }
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let read = rest.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..read), rest.get(..read)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 1).unwrap()
    }

    fn read(compressed: Vec<u8>, place: Decompress) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open(Cursor::new(compressed), place)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn every_compression_and_several_members_read_as_one_stream() {
        let text: Vec<u8> = (0..3 * CHUNK_BYTES + 17).map(|n| (n * n / 7) as u8).collect();
        let (head, tail) = text.split_at(CHUNK_BYTES / 3);
        for compress in [gzip, xz, zstd] {
            for place in [Decompress::Here, Decompress::Aside] {
                assert_eq!(read(compress(&text), place).unwrap(), text);
                assert_eq!(read([compress(head), compress(tail)].concat(), place).unwrap(), text);
            }
        }
        assert_eq!(read(text.clone(), Decompress::Aside).unwrap(), text);
        assert_eq!(read(Vec::new(), Decompress::Aside).unwrap(), b"");
    }

    #[test]
    fn what_was_there_before_a_cut_is_read() {
        let text: Vec<u8> = (0..3 * CHUNK_BYTES).map(|n| (n * n / 7) as u8).collect();
        for compress in [gzip, xz, zstd] {
            for place in [Decompress::Here, Decompress::Aside] {
                let mut compressed = compress(&text);
                compressed.truncate(compressed.len() - 9);
                let mut input = open(Cursor::new(compressed), place).unwrap();
                let mut bytes = Vec::new();
                assert!(input.read_to_end(&mut bytes).is_err());
                assert!(bytes.len() > CHUNK_BYTES, "{} bytes", bytes.len());
                assert!(text.starts_with(&bytes));
            }
        }
    }

    #[test]
    fn a_dropped_reader_ends_the_thread() {
        let mut input = open(Cursor::new(gzip(&vec![0; 64 * CHUNK_BYTES])), Decompress::Aside).unwrap();
        let mut few = [1; 16];
        input.read_exact(&mut few).unwrap();
        assert_eq!(few, [0; 16]);
        drop(input);
    }
}
