//! Kinds of content, made by the programs that make them.

use std::io::Write;
use std::path::Path;

use base64::Engine;

use crate::chance::Chance;
use crate::jpeg;

/// A kind of content.
pub struct Kind {
    pub name: &'static str,
    /// As the table has it.
    pub what: &'static str,
    /// It begins with a magic number.
    pub magic: bool,
    /// It is neither random nor compressed.
    pub plain: bool,
    /// Whole streams of it.
    streams: Vec<Vec<u8>>,
}

impl Kind {
    /// So many bytes of one of its streams, from its beginning or from anywhere in it.
    pub fn piece(&self, chance: &mut Chance, length: usize, inside: bool) -> Vec<u8> {
        let stream = &self.streams[chance.below(self.streams.len())];
        let begin = if inside { 200 + chance.below(stream.len().saturating_sub(length + 200)) } else { 0 };
        stream[begin..].iter().copied().take(length).collect()
    }
}

pub fn random(chance: &mut Chance, length: usize) -> Vec<u8> {
    (0..length).map(|_| chance.next() as u8).collect()
}

/// The project's own sources and documents, each beginning at another place.
fn texts() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = Vec::new();
    for folder in
        ["docs", "dissectors/src", "flowtable/src", "dissectors/src/protocols/http", "dissectors/src/protocols/smb"]
    {
        let mut paths: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file() && !path.ends_with("DETECTION.md")) {
            text.extend(std::fs::read(path).unwrap());
        }
    }
    starts(&text)
}

/// One long content as a number of shorter ones.
fn starts(content: &[u8]) -> Vec<Vec<u8>> {
    let length = content.len().min(300_000);
    let step = (content.len() - length) / 23;
    (0..24).map(|nth| content[nth * step..nth * step + length].to_vec()).collect()
}

/// This test's own instructions: the section `.text` of an ELF file.
fn machine_code() -> Vec<Vec<u8>> {
    let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let word =
        |at: usize, bytes: usize| (0..bytes).rev().fold(0, |value, byte| value << 8 | usize::from(file[at + byte]));
    let (sections, size, count, names) = (word(0x28, 8), word(0x3a, 2), word(0x3c, 2), word(0x3e, 2));
    let names = word(sections + names * size + 0x18, 8);
    let section = (0..count)
        .map(|nth| sections + nth * size)
        .find(|&at| file[names + word(at, 4)..].starts_with(b".text\0"))
        .unwrap();
    let begin = word(section + 0x18, 8);
    starts(&file[begin..begin + word(section + 0x20, 8).min(2_000_000)])
}

fn gzip(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn xz(content: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// An archive of one file (APPNOTE.TXT 4.3.7; what follows the content does not matter here).
fn zip(content: &[u8]) -> Vec<u8> {
    let packed = deflate(content);
    let mut archive = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\x21\x58".to_vec();
    for number in [0x1234_5678, packed.len() as u32, content.len() as u32] {
        archive.extend(number.to_le_bytes());
    }
    archive.extend(b"\x0a\0\0\0report.txt");
    archive.extend(packed);
    archive
}

/// A picture in 24 bit, each row with the filter that tells differences to the row above (ISO/IEC 15948).
fn png(chance: &mut Chance) -> Vec<u8> {
    let side = 400;
    let pixels = jpeg::picture(chance, side, side);
    let mut rows = Vec::new();
    for y in 0..side {
        rows.push(2);
        for x in 0..side {
            let above = if y > 0 { pixels[(y - 1) * side + x] } else { 0 };
            let change = pixels[y * side + x].wrapping_sub(above);
            rows.extend([change, change.wrapping_mul(3) / 2, change / 2]);
        }
    }
    let packed = zlib(&rows);
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x90\0\0\x01\x90\x08\x02\0\0\0\0\0\0\0".to_vec();
    for part in packed.chunks(8192) {
        file.extend((part.len() as u32).to_be_bytes());
        file.extend(b"IDAT");
        file.extend(part);
        file.extend(chance.next().to_be_bytes().iter().take(4));
    }
    file
}

/// Cipher text in messages of 40 to 400 bytes, each behind its length.
fn framed(chance: &mut Chance, width: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    while stream.len() < 120_000 {
        let length = 40 + chance.below(360);
        stream.extend(&(length as u64).to_be_bytes()[8 - width..]);
        stream.extend(random(chance, length));
    }
    stream
}

/// Readings of sensors: a counter, an instant, measurements as floats, flags.
fn records(chance: &mut Chance) -> Vec<u8> {
    let (mut stream, mut value) = (Vec::new(), 20.0f32);
    for counter in 0..4000u32 {
        value += (chance.below(100) as f32 - 49.5) / 100.0;
        stream.extend(counter.to_be_bytes());
        stream.extend((1_700_000_000_000 + u64::from(counter) * 997).to_be_bytes());
        stream.extend(value.to_le_bytes());
        stream.extend((value * 3.7).to_le_bytes());
        stream.extend([chance.below(4) as u8, 0, 0, chance.below(100) as u8]);
    }
    stream
}

/// Sound: two waves and noise in 16 bit.
fn sound(chance: &mut Chance) -> Vec<u8> {
    let wave = |at: usize, by: f64, height: f64| (at as f64 * by).sin() * height;
    let sample = |at| wave(at, 0.021, 9000.0) + wave(at, 0.173, 3000.0) + chance.below(900) as f64;
    (0..60_000).map(sample).flat_map(|sample| (sample as i16).to_le_bytes()).collect()
}

pub fn all() -> Vec<Kind> {
    let mut chance = Chance::new(1);
    let (texts, code) = (texts(), machine_code());
    let both: Vec<&Vec<u8>> = texts.iter().chain(&code).collect();
    let of = |streams: &[&Vec<u8>], how: &dyn Fn(&[u8]) -> Vec<u8>| -> Vec<Vec<u8>> {
        streams.iter().map(|one| how(one)).collect()
    };
    let each = |what: &[Vec<u8>], how: &dyn Fn(&[u8]) -> Vec<u8>| of(&what.iter().collect::<Vec<_>>(), how);
    let mut kinds = Vec::new();
    let mut kind = |name, what, magic, plain, streams: Vec<Vec<u8>>| {
        assert!(
            streams.iter().all(|stream| stream.len() > 33_000),
            "{name}: streams of {:?}",
            streams.iter().map(Vec::len).collect::<Vec<_>>()
        );
        kinds.push(Kind { name, what, magic, plain, streams });
    };
    let noise = |chance: &mut Chance, length| (0..8).map(|_| random(chance, length)).collect::<Vec<_>>();
    kind("random", "random bytes, cipher text", false, false, (0..100).map(|_| random(&mut chance, 40_000)).collect());
    kind(
        "framed2",
        "cipher text, 2 bytes of length before each 40 to 400",
        false,
        false,
        (0..20).map(|_| framed(&mut chance, 2)).collect(),
    );
    kind(
        "framed4",
        "cipher text, 4 bytes of length before each 40 to 400",
        false,
        false,
        (0..20).map(|_| framed(&mut chance, 4)).collect(),
    );
    kind("gzip-text", "gzip of text", true, false, each(&texts, &|content| gzip(content, 6)));
    kind("gzip-code", "gzip of machine code", true, false, each(&code, &|content| gzip(content, 6)));
    kind("gzip-fast", "gzip -1 of both", true, false, of(&both, &|content| gzip(content, 1)));
    kind("zlib", "zlib of both", true, false, of(&both, &zlib));
    kind("deflate", "raw deflate of both, no magic number", false, false, of(&both, &deflate));
    kind("zip", "zip of both", true, false, of(&both, &zip));
    kind("zstd", "zstd of both", true, false, of(&both, &|content| zstd::encode_all(content, 3).unwrap()));
    kind("xz", "xz of both", true, false, of(&both, &xz));
    kind(
        "jpeg",
        "JPEG",
        true,
        false,
        (0..4)
            .map(|_| {
                let pixels = jpeg::picture(&mut chance, 640, 640);
                jpeg::encode(&pixels, 640, 640)
            })
            .collect(),
    );
    kind("png", "PNG", true, false, (0..3).map(|_| png(&mut chance)).collect());
    let base64 = |content: &[u8]| base64::engine::general_purpose::STANDARD.encode(content).into_bytes();
    kind("base64-random", "base64 of random bytes", false, true, each(&noise(&mut chance, 60_000), &base64));
    kind("base64-text", "base64 of text", false, true, each(&texts, &base64));
    kind("text", "text (ASCII, source code)", false, true, texts.clone());
    kind("code", "machine code (x86-64, .text)", false, true, code.clone());
    kind(
        "records",
        "records of counters, instants and floats",
        false,
        true,
        (0..4).map(|_| records(&mut chance)).collect(),
    );
    kind("sound", "sound, 16 bit, not compressed", false, true, (0..4).map(|_| sound(&mut chance)).collect());
    kinds
}
