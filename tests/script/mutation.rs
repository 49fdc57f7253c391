//! Changes to conversations as an attacker would make them.

// Tests each use a part of it.
#![allow(dead_code)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use super::chance::Chance;
use super::{Script, Turn};

/// Numbers that length fields are overwritten with.
const NUMBERS: [u32; 20] = [
    0,
    1,
    2,
    3,
    7,
    8,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0xff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x4000_0000,
];

/// Words that numbers of text are overwritten with, and others that mean something somewhere.
const WORDS: [&[u8]; 26] = [
    b"0",
    b"-1",
    b"1",
    b"65535",
    b"65536",
    b"2147483648",
    b"4294967295",
    b"4294967296",
    b"9223372036854775807",
    b"18446744073709551615",
    b"18446744073709551616",
    b"99999999999999999999999",
    b"1e9",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b" ",
    b"\0",
    b"\"",
    b"\\",
    b"{4294967295}\r\n",
    b"\xff\xff\xff\xff",
    b"\xf0\x9f\x98\x80",
    b"\xc3",
    b"%00",
    b"=?utf-8?b?",
];

/// Changes a conversation in a few places; `others` give pieces of their own.
pub fn mutate(script: &Script, others: &[Script], chance: &mut Chance) -> Vec<Turn> {
    let mut turns = script.turns.clone();
    for _ in 0..1 + chance.below(5) {
        let at = chance.below(turns.len());
        match chance.below(20) {
            0 => {
                let copy = turns[at].clone();
                turns.insert(chance.below(turns.len() + 1), copy);
            }
            1 if turns.len() > 1 => {
                turns.remove(at);
            }
            2 => {
                let other = chance.below(turns.len());
                turns.swap(at, other);
            }
            3 if chance.one_in(4) => turns[at].side = turns[at].side.other(),
            4 => {
                let other = chance.pick(others);
                let from = chance.below(other.turns.len());
                turns.truncate(at + 1);
                turns.extend_from_slice(&other.turns[from..]);
            }
            5 => {
                let tail = turns[chance.below(turns.len())..].to_vec();
                for _ in 0..1 + chance.below(12) {
                    turns.extend_from_slice(&tail);
                }
            }
            how => within(&mut turns[at].bytes, how, others, chance),
        }
    }
    turns.retain(|turn| !turn.bytes.is_empty());
    turns
}

fn within(bytes: &mut Vec<u8>, how: usize, others: &[Script], chance: &mut Chance) {
    if bytes.is_empty() {
        return;
    }
    // What lies near the beginning rules the rest.
    let length = bytes.len();
    let at = if chance.one_in(2) { chance.below(length) } else { chance.below(length.min(48)) };
    match how {
        6 => bytes[at] ^= 1 << chance.below(8),
        7 => bytes[at] = chance.next() as u8,
        8 => bytes[at] = bytes[at].wrapping_add(1),
        9 => bytes[at] = bytes[at].wrapping_sub(1),
        10 => bytes.truncate(at),
        11 => {
            let end = (at + 1 + chance.below(16)).min(length);
            bytes.drain(at..end);
        }
        12 => {
            let end = at + chance.below(length - at) + 1;
            let piece = bytes[at..end].to_vec();
            let times = 1 + chance.below(4);
            bytes.splice(at..at, piece.repeat(times));
        }
        13 | 14 => {
            let number = *chance.pick(&NUMBERS);
            let width = 1 << chance.below(3);
            let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
            let field = if chance.one_in(2) { &big[4 - width..] } else { &little[..width] };
            for (place, byte) in bytes[at..].iter_mut().zip(field) {
                *place = *byte;
            }
        }
        15 => {
            let begin = (0..=at).rev().take_while(|at| bytes[*at].is_ascii_digit()).last().unwrap_or(at);
            let end = (at..length).take_while(|at| bytes[*at].is_ascii_digit()).last().map_or(at, |end| end + 1);
            bytes.splice(begin..end, chance.pick(&WORDS).iter().copied());
        }
        16 => {
            bytes.splice(at..at, chance.pick(&WORDS).iter().copied());
        }
        17 => {
            let other = &chance.pick(&chance.clone().pick(others).turns).bytes;
            let from = chance.below(other.len());
            let piece = other[from..(from + 1 + chance.below(64)).min(other.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        18 => {
            let count = chance.below(300);
            let byte = *chance.pick(&[0, 0xff, b' ', b'a', b'(', b'\n', 0x80, 0x30]);
            bytes.splice(at..at, std::iter::repeat_n(byte, count));
        }
        _ => {
            let end = (at + 1 + chance.below(8)).min(length);
            bytes[at..end].reverse();
        }
    }
}
