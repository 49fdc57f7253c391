//! Pictures, and a writer of baseline JPEG (ITU-T T.81) in grey, with the tables of its annex K.

use crate::chance::Chance;

/// A landscape of sorts: slopes, discs with sharp borders, and a sensor's noise.
pub fn picture(chance: &mut Chance, width: usize, height: usize) -> Vec<u8> {
    let discs: Vec<[f64; 4]> = (0..40)
        .map(|_| {
            [
                chance.below(width) as f64,
                chance.below(height) as f64,
                8.0 + chance.below(60) as f64,
                chance.below(160) as f64 - 80.0,
            ]
        })
        .collect();
    let mut pixels = Vec::with_capacity(width * height);
    for at in 0..width * height {
        let (x, y) = ((at % width) as f64, (at / width) as f64);
        let mut light = 110.0 + 40.0 * (x / 71.0).sin() + 40.0 * (y / 53.0).cos() + 12.0 * (x * y / 900.0).sin();
        light += discs
            .iter()
            .filter(|[dx, dy, radius, _]| (x - dx).hypot(y - dy) < *radius)
            .map(|disc| disc[3])
            .sum::<f64>();
        pixels.push((light + chance.below(14) as f64).clamp(0.0, 255.0) as u8);
    }
    pixels
}

/// Table K.1, halved as quality 75 has it.
const QUANTA: [u8; 64] = [
    8, 6, 5, 8, 12, 20, 26, 31, 6, 6, 7, 10, 13, 29, 30, 28, 7, 7, 8, 12, 20, 29, 35, 28, 7, 9, 11, 15, 26, 44, 40, 31,
    9, 11, 19, 28, 34, 55, 52, 39, 12, 18, 28, 32, 41, 52, 57, 46, 25, 32, 39, 44, 52, 61, 60, 51, 36, 46, 48, 49, 56,
    50, 52, 50,
];
/// Figure A.6.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];
/// Table K.3: how many codes of each length, and what they mean.
const DC: (&[u8; 16], &[u8]) =
    (&[0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
/// Table K.5.
const AC: (&[u8; 16], &[u8]) = (
    &[0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
    b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0\
      \x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\
      \x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89\
      \x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\
      \xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\
      \xf9\xfa",
);

/// Code and its length by meaning (annex C).
fn codes((counts, meanings): (&[u8; 16], &[u8])) -> [(u32, u32); 256] {
    let (mut codes, mut code, mut meanings) = ([(0, 0); 256], 0, meanings.iter());
    for (length, count) in (1..).zip(counts) {
        for _ in 0..*count {
            codes[usize::from(*meanings.next().unwrap())] = (code, length);
            code += 1;
        }
        code <<= 1;
    }
    codes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, length: u32) {
        self.held = self.held << length | u64::from(value);
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
        self.held &= (1 << self.count) - 1;
    }
}

/// How many bits a number takes, and those bits (F.1.2.1).
fn magnitude(value: i32) -> (u32, u32) {
    let bits = 32 - value.unsigned_abs().leading_zeros();
    let shown = if value < 0 { value - 1 } else { value };
    (bits, (shown as u32) & ((1u32 << bits) - 1))
}

pub fn encode(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x43\0".to_vec();
    file.extend(ZIGZAG.map(|at| QUANTA[at]));
    file.extend([
        0xff,
        0xc0,
        0,
        11,
        8,
        (height >> 8) as u8,
        height as u8,
        (width >> 8) as u8,
        width as u8,
        1,
        1,
        0x11,
        0,
    ]);
    for (class, (counts, meanings)) in [(0, DC), (0x10, AC)] {
        file.extend([0xff, 0xc4, 0, (19 + meanings.len()) as u8, class]);
        file.extend(counts);
        file.extend(meanings);
    }
    file.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    let wave = |x: usize, u: usize| ((2 * x + 1) as f32 * u as f32 * std::f32::consts::PI / 16.0).cos();
    let waves: [[f32; 8]; 8] = std::array::from_fn(|x| std::array::from_fn(|u| wave(x, u)));
    let scale = |u| if u == 0 { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
    let (dc, ac, mut bits, mut before) = (codes(DC), codes(AC), Bits::default(), 0);
    for block in 0..(width / 8) * (height / 8) {
        let corner = (block / (width / 8)) * 8 * width + (block % (width / 8)) * 8;
        let mut rows = [[0f32; 8]; 8];
        for (y, row) in rows.iter_mut().enumerate() {
            for (u, value) in row.iter_mut().enumerate() {
                *value = (0..8).map(|x| (f32::from(pixels[corner + y * width + x]) - 128.0) * waves[x][u]).sum();
            }
        }
        let value = |at: usize| {
            let (v, u) = (at / 8, at % 8);
            let sum: f32 = (0..8).map(|y| rows[y][u] * waves[y][v]).sum();
            (sum * scale(u) * scale(v) / 4.0 / f32::from(QUANTA[at])).round() as i32
        };
        let values = ZIGZAG.map(value);
        let (length, shown) = magnitude(values[0] - before);
        before = values[0];
        bits.put(dc[length as usize].0, dc[length as usize].1);
        bits.put(shown, length);
        let mut zeros = 0;
        let last = values.iter().rposition(|value| *value != 0).unwrap_or(0);
        for &value in values.iter().take(last + 1).skip(1) {
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                bits.put(ac[0xf0].0, ac[0xf0].1);
                zeros -= 16;
            }
            let (length, shown) = magnitude(value);
            let code = ac[zeros << 4 | length as usize];
            bits.put(code.0, code.1);
            bits.put(shown, length);
            zeros = 0;
        }
        if last < 63 {
            bits.put(ac[0].0, ac[0].1);
        }
    }
    bits.put(0x7f, 7);
    file.extend(bits.bytes);
    file.extend([0xff, 0xd9]);
    file
}
