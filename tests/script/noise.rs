//! What is no protocol but has the form of one: lines, fields with lengths, JSON, XML, media, numbers.

// Tests each use a part of it.
#![allow(dead_code)]

use super::chance::Chance;

/// A kind of noise: its name, and what makes it.
pub type Kind = (&'static str, fn(&mut Chance) -> Vec<u8>);

/// The kinds of noise.
pub const KINDS: [Kind; 20] = [
    ("bytes", bytes),
    ("lines", lines),
    ("numbered lines", numbered),
    ("fields", fields),
    ("commas", commas),
    ("JSON", |chance| json(chance, 3).into_bytes()),
    ("XML", xml),
    ("TLV", tlv),
    ("frames of 16 bits", |chance| frames(chance, 2, false)),
    ("frames of 16 bits, little", |chance| frames(chance, 2, true)),
    ("frames of 32 bits", |chance| frames(chance, 4, false)),
    ("frames of 32 bits, little", |chance| frames(chance, 4, true)),
    ("small numbers", |chance| numbers(chance, false)),
    ("small numbers, little", |chance| numbers(chance, true)),
    ("one byte", one_byte),
    ("media", media),
    ("base 64", base64),
    ("protobuf", protobuf),
    ("prose", prose),
    ("hexadecimal", hexadecimal),
];

fn bytes(chance: &mut Chance) -> Vec<u8> {
    let count = chance.below(200);
    chance.bytes(count)
}

fn end(chance: &mut Chance) -> &'static str {
    if chance.one_in(2) { "\r\n" } else { "\n" }
}

fn repeat(chance: &mut Chance, most: usize, mut piece: impl FnMut(&mut Chance) -> String) -> Vec<u8> {
    let count = 1 + chance.below(most);
    (0..count).map(|_| piece(chance)).collect::<String>().into_bytes()
}

fn lines(chance: &mut Chance) -> Vec<u8> {
    let (end, upper) = (end(chance), chance.one_in(2));
    repeat(chance, 6, |chance| {
        let words: Vec<String> = (0..1 + chance.below(4)).map(|_| chance.word(8)).collect();
        let line = words.join(" ") + end;
        if upper { line.to_uppercase() } else { line }
    })
}

fn numbered(chance: &mut Chance) -> Vec<u8> {
    let end = end(chance);
    repeat(chance, 4, |chance| {
        let mark = chance.pick(&[" ", "-", ": ", "\t", ", "]);
        format!("{}{mark}{} {}{end}", chance.below(1000), chance.word(8), chance.word(8))
    })
}

fn fields(chance: &mut Chance) -> Vec<u8> {
    let (end, mark) = (end(chance), *chance.pick(&[": ", "=", ":", " = "]));
    repeat(chance, 6, |chance| format!("{}{mark}{}{end}", chance.word(10), chance.word(12)))
}

fn commas(chance: &mut Chance) -> Vec<u8> {
    let (end, mark) = (end(chance), *chance.pick(&[",", ";", "|", "\t"]));
    repeat(chance, 6, |chance| {
        let values: Vec<String> = (0..2 + chance.below(6)).map(|_| chance.below(100_000).to_string()).collect();
        values.join(mark) + end
    })
}

fn json(chance: &mut Chance, depth: usize) -> String {
    match chance.below(if depth == 0 { 3 } else { 6 }) {
        0 => chance.below(100_000).to_string(),
        1 => format!("\"{}\"", chance.word(10)),
        2 => "true".to_owned(),
        3 => {
            let items: Vec<String> = (0..chance.below(4)).map(|_| json(chance, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let items: Vec<String> =
                (0..chance.below(5)).map(|_| format!("\"{}\": {}", chance.word(8), json(chance, depth - 1))).collect();
            format!("{{{}}}", items.join(", "))
        }
    }
}

fn xml(chance: &mut Chance) -> Vec<u8> {
    let head = if chance.one_in(2) { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" } else { "" };
    let (outer, inner) = (chance.word(8), chance.word(8));
    format!("{head}<{outer} {}=\"{}\"><{inner}>{}</{inner}></{outer}>", chance.word(6), chance.word(9), chance.word(12))
        .into_bytes()
}

fn tlv(chance: &mut Chance) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..1 + chance.below(8) {
        let content = bytes(chance);
        let content = content.get(..content.len() % 40).unwrap_or_default();
        let kinds = if chance.one_in(2) { 16 } else { 256 };
        out.push(chance.below(kinds) as u8);
        out.push(content.len() as u8);
        out.extend_from_slice(content);
    }
    out
}

/// Frames with their length before them, sometimes counted with itself, and a kind behind it.
fn frames(chance: &mut Chance, width: usize, little: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let counted = chance.one_in(2);
    for _ in 0..1 + chance.below(4) {
        let mut content = vec![chance.below(32) as u8];
        content.extend(if chance.one_in(2) { numbers(chance, little) } else { bytes(chance) });
        let length = (content.len() + if counted { width } else { 0 }) as u32;
        let (big, small) = (length.to_be_bytes(), length.to_le_bytes());
        out.extend_from_slice(if little { small.get(..width) } else { big.get(4 - width..) }.unwrap_or_default());
        out.extend(content);
    }
    out
}

fn numbers(chance: &mut Chance, little: bool) -> Vec<u8> {
    let (most, wide) = (*chance.pick(&[2, 8, 256, 70_000]), chance.one_in(2));
    (0..1 + chance.below(24))
        .flat_map(|_| {
            let number = chance.below(most) as u32;
            match (little, wide) {
                (true, true) => number.to_le_bytes().to_vec(),
                (false, true) => number.to_be_bytes().to_vec(),
                (true, false) => (number as u16).to_le_bytes().to_vec(),
                (false, false) => (number as u16).to_be_bytes().to_vec(),
            }
        })
        .collect()
}

fn one_byte(chance: &mut Chance) -> Vec<u8> {
    let byte = if chance.one_in(3) { 0 } else { chance.next() as u8 };
    vec![byte; 1 + chance.below(4000)]
}

fn media(chance: &mut Chance) -> Vec<u8> {
    let heads: [&[u8]; 15] = [
        b"\x47\x40\x11\x10\0\x42\xf0\x25",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\0\0\0\x01\x67\x42\0\x1f",
        b"\xff\xfb\x90\x64",
        b"OggS\0\x02\0\0\0\0",
        b"RIFF\x24\x08\0\0WAVEfmt ",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
        b"PK\x03\x04\x14\0\0\0\x08\0",
        b"\x7fELF\x02\x01\x01\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"%PDF-1.4\n",
        b"\xfe\xed\xfa\xce",
        b"\0\0\0\x18ftypmp42",
        b"GIF89a",
        b"FLV\x01\x05\0\0\0\x09",
    ];
    let head = *chance.pick(&heads);
    let count = chance.below(1400);
    [head, &chance.bytes(count)].concat()
}

fn base64(chance: &mut Chance) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out: Vec<u8> = (0..4 * (1 + chance.below(40))).map(|_| *chance.pick(DIGITS)).collect();
    out.extend_from_slice(end(chance).as_bytes());
    out
}

fn protobuf(chance: &mut Chance) -> Vec<u8> {
    let mut out = Vec::new();
    for field in 1..2 + chance.below(8) as u8 {
        if chance.one_in(2) {
            out.extend_from_slice(&[field << 3, chance.below(128) as u8]);
        } else {
            let text = chance.word(20);
            out.extend_from_slice(&[field << 3 | 2, text.len() as u8]);
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}

fn prose(chance: &mut Chance) -> Vec<u8> {
    const WORDS: [&str; 39] = [
        "the",
        "of",
        "and",
        "user",
        "hello",
        "please",
        "open",
        "list",
        "get",
        "set",
        "data",
        "name",
        "login",
        "help",
        "time",
        "error",
        "ok",
        "yes",
        "no",
        "start",
        "stop",
        "version",
        "server",
        "client",
        "ready",
        "send",
        "file",
        "welcome",
        "status",
        "id",
        "info",
        "ping",
        "pong",
        "quit",
        "exit",
        "connected",
        "command",
        "not",
        "found",
    ];
    let (end, mark) = (end(chance), *chance.pick(&["", ".", "!", ":", ">"]));
    let capital = chance.one_in(2);
    repeat(chance, 4, |chance| {
        let words: Vec<&str> = (0..1 + chance.below(8)).map(|_| *chance.pick(&WORDS)).collect();
        let line = words.join(" ");
        let line = if capital { line.to_uppercase() } else { line };
        format!("{line}{mark}{end}")
    })
}

fn hexadecimal(chance: &mut Chance) -> Vec<u8> {
    let end = end(chance);
    repeat(chance, 4, |chance| {
        let digits: String = (0..1 + chance.below(40)).map(|_| format!("{:02x}", chance.next() as u8)).collect();
        digits + end
    })
}
