//! The next-generation capture file, as Wireshark writes it.
//!
//! Layout, after draft-ietf-opsawg-pcapng sections 3 and 4. A file is one section after another, each with its own byte order, each
//! a run of blocks:
//!
//! ```text
//! any block          4 type   4 total length   body   4 total length again           lengths are multiples of 4
//! section header     0a0d0d0a   byte-order magic 1a2b3c4d   2 major   2 minor   8 section length   options
//! interface          1          2 link type   2 reserved   4 snapshot length   options
//! packet (obsolete)  2          2 interface   2 drops   4 time high   4 time low   4 caplen   4 wirelen   bytes   options
//! simple packet      3          4 wirelen   bytes
//! enhanced packet    6          4 interface   4 time high   4 time low   4 caplen   4 wirelen   bytes   options
//! ```
//!
//! Read: link type per interface, `if_tsresol`, `if_tsoffset`; a simple packet has no time and takes that of the packet before. Passed
//! over: name resolution, statistics, secrets, custom and unknown blocks, and every other option. The section's length is
//! ignored: blocks tell their own.

use dissectors::{Reader, Timestamp, time::SECOND};

use super::batch::Frame;
use super::format::{LARGEST_NEED, MAX_CAPLEN, Step, half, normal_link, word};

/// The type of a section header, the same in both byte orders.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Type, both lengths.
const FRAMING_BYTES: usize = 12;
/// Everything before the bytes of an enhanced or an obsolete packet.
const PACKET_HEADER_BYTES: usize = 28;
/// Type, length, wire length.
const SIMPLE_HEADER_BYTES: usize = 12;
/// Blocks up to this length are looked at as a whole, closing length included; of longer ones only what is needed.
const WHOLE_BLOCK_BYTES: usize = LARGEST_NEED;
/// Interfaces that one section may describe.
const MAX_INTERFACES: usize = 65_536;
/// Options that are looked at in one interface description.
const MAX_OPTIONS: usize = 256;

const OPTION_TSRESOL: u16 = 9;
const OPTION_TSOFFSET: u16 = 14;

/// The walk over a file: the section it is in.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    big_endian: bool,
    in_section: bool,
    interfaces: Vec<Interface>,
    /// The time of the last packet that had one.
    last: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u16,
    /// Longest frame of this interface, 0 for no limit.
    snaplen: u32,
    clock: Clock,
}

/// How the ticks of an interface become nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    tick: Tick,
    offset_seconds: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    /// A tick is so many nanoseconds.
    Nanoseconds(u64),
    /// So many ticks are a nanosecond.
    PerNanosecond(u64),
    /// 2 to this power ticks are a second.
    PowerOfTwo(u8),
    /// Ticks so fine that no 64-bit count of them makes a nanosecond.
    Nothing,
}

impl Default for Clock {
    fn default() -> Self {
        Self { tick: Tick::Nanoseconds(1000), offset_seconds: 0 }
    }
}

impl Clock {
    /// The meaning of the option's byte: a power of ten, or of two where the upper bit is set.
    fn set_resolution(&mut self, resolution: u8) {
        self.tick = match (resolution & 0x80, resolution & 0x7f) {
            (0, power @ 0..=9) => Tick::Nanoseconds(10_u64.pow(u32::from(9 - power))),
            (0, power @ 10..=28) => Tick::PerNanosecond(10_u64.pow(u32::from(power - 9))),
            (0, _) => Tick::Nothing,
            (_, power) => Tick::PowerOfTwo(power),
        };
    }

    #[inline]
    fn time(self, ticks: u64) -> Timestamp {
        let nanos = match self.tick {
            Tick::Nanoseconds(each) => ticks.saturating_mul(each),
            Tick::PerNanosecond(many) => ticks.checked_div(many).unwrap_or(0),
            Tick::PowerOfTwo(power) => {
                let scaled = (u128::from(ticks) * u128::from(SECOND)) >> power;
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
            Tick::Nothing => 0,
        };
        if self.offset_seconds == 0 {
            return Timestamp::from_nanos(nanos);
        }
        let moved = i128::from(nanos) + i128::from(self.offset_seconds) * i128::from(SECOND);
        Timestamp::from_nanos(u64::try_from(moved.max(0)).unwrap_or(u64::MAX))
    }
}

/// Whether `bytes`, which begin with the type of a section header, are one: `Ok(false)` where too few are there to tell, an error with
/// what is unsupported, or with nothing where this is no capture at all.
pub(super) fn recognise(bytes: &[u8]) -> Result<bool, Option<String>> {
    let mut reader = Reader::new(bytes);
    if reader.skip(8).is_none() {
        return Ok(false);
    }
    let Some(magic) = reader.array() else { return Ok(false) };
    let big_endian = byte_order(magic).ok_or(None)?;
    let (Some(major), Some(minor)) = (reader.array(), reader.array()) else { return Ok(false) };
    unsupported_version(half(big_endian, major), half(big_endian, minor)).map_or(Ok(true), |what| Err(Some(what)))
}

fn byte_order(magic: [u8; 4]) -> Option<bool> {
    if u32::from_be_bytes(magic) == BYTE_ORDER_MAGIC {
        Some(true)
    } else if u32::from_le_bytes(magic) == BYTE_ORDER_MAGIC {
        Some(false)
    } else {
        None
    }
}

/// Version 1.0 is the only one there is; some writers called it 1.2.
fn unsupported_version(major: u16, minor: u16) -> Option<String> {
    (major != 1 || !matches!(minor, 0 | 2)).then(|| format!("pcapng version {major}.{minor}"))
}

impl Pcapng {
    /// The next block of `rest`.
    #[inline]
    pub(super) fn step(&mut self, rest: &[u8]) -> Step {
        let Some((framing, _)) = rest.split_first_chunk::<FRAMING_BYTES>() else { return Step::Need(FRAMING_BYTES) };
        let &[t0, t1, t2, t3, l0, l1, l2, l3, m0, m1, m2, m3] = framing;
        let kind = word(self.big_endian, [t0, t1, t2, t3]);
        if kind == SECTION_HEADER {
            // The byte order of this very block is what its magic tells.
            match byte_order([m0, m1, m2, m3]) {
                Some(big_endian) => self.big_endian = big_endian,
                None => return Step::Damage("a section without a byte order".into()),
            }
        } else if !self.in_section {
            return Step::Damage("no section header".into());
        }
        let length = word(self.big_endian, [l0, l1, l2, l3]) as usize;
        if length < FRAMING_BYTES || !length.is_multiple_of(4) {
            return Step::Damage(format!("a block of {length} bytes").into());
        }
        if length > WHOLE_BLOCK_BYTES {
            return self.long_block(kind, length, rest);
        }
        let Some(block) = rest.get(..length) else { return Step::Need(length) };
        let closing = block.last_chunk().map(|bytes| word(self.big_endian, *bytes) as usize);
        if closing != Some(length) {
            return Step::Damage(format!("a block of {length} bytes whose end tells {}", closing.unwrap_or(0)).into());
        }
        self.block(kind, length, block.get(..length - 4).unwrap_or_default())
    }

    /// A block that is too long to be wanted in one piece: its beginning, up to the last byte that matters.
    fn long_block(&mut self, kind: u32, length: usize, rest: &[u8]) -> Step {
        let wanted = match kind {
            ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => PACKET_HEADER_BYTES + MAX_CAPLEN as usize,
            INTERFACE => return Step::Damage(format!("an interface description of {length} bytes").into()),
            SECTION_HEADER => FRAMING_BYTES + 4,
            _ => return Step::Pass(length as u64),
        };
        let Some(beginning) = rest.get(..wanted) else { return Step::Need(wanted) };
        self.block(kind, length, beginning)
    }

    /// A block of `length` bytes, as much of it as there is without the closing length.
    #[inline]
    fn block(&mut self, kind: u32, length: usize, block: &[u8]) -> Step {
        match kind {
            ENHANCED_PACKET | OBSOLETE_PACKET => self.packet(kind, length, block),
            SIMPLE_PACKET => self.simple_packet(length, block),
            INTERFACE => self.interface(length, block),
            SECTION_HEADER => self.section(length, block),
            _ => Step::Pass(length as u64),
        }
    }

    #[inline]
    fn packet(&mut self, kind: u32, length: usize, block: &[u8]) -> Step {
        let Some((header, bytes)) = block.split_first_chunk::<PACKET_HEADER_BYTES>() else {
            return Step::Damage("a packet block that is too short".into());
        };
        let &[_, _, _, _, _, _, _, _, i0, i1, i2, i3, h0, h1, h2, h3, t0, t1, t2, t3, c0, c1, c2, c3, w0, w1, w2, w3] =
            header;
        let big = self.big_endian;
        let interface =
            if kind == ENHANCED_PACKET { word(big, [i0, i1, i2, i3]) } else { u32::from(half(big, [i0, i1])) };
        let Some(&Interface { link, clock, .. }) = self.interfaces.get(interface as usize) else {
            return Step::Damage(
                format!("a packet of interface {interface}, which the section does not describe").into(),
            );
        };
        let ticks = u64::from(word(big, [h0, h1, h2, h3])) << 32 | u64::from(word(big, [t0, t1, t2, t3]));
        let caplen = word(big, [c0, c1, c2, c3]);
        if caplen > MAX_CAPLEN || caplen as usize > bytes.len() {
            return Step::Damage(format!("a packet of {caplen} bytes in a block of {length}").into());
        }
        let wirelen = word(big, [w0, w1, w2, w3]).max(caplen);
        let time = clock.time(ticks);
        self.last = time;
        Step::Frame(Frame { time, offset: PACKET_HEADER_BYTES as u32, caplen, wirelen, block: 0, link }, length)
    }

    fn simple_packet(&mut self, length: usize, block: &[u8]) -> Step {
        let Some((header, bytes)) = block.split_first_chunk::<SIMPLE_HEADER_BYTES>() else {
            return Step::Damage("a simple packet block that is too short".into());
        };
        let Some(&Interface { link, snaplen, .. }) = self.interfaces.first() else {
            return Step::Damage("a simple packet in a section without an interface".into());
        };
        let &[_, _, _, _, _, _, _, _, w0, w1, w2, w3] = header;
        let wirelen = word(self.big_endian, [w0, w1, w2, w3]);
        // The captured length is told by nobody: it is the least of what could be there.
        let room = length - SIMPLE_HEADER_BYTES - 4;
        let limit = if snaplen == 0 { u32::MAX } else { snaplen };
        let caplen = (wirelen.min(limit) as usize).min(room);
        if caplen > MAX_CAPLEN as usize || caplen > bytes.len() {
            return Step::Damage(format!("a packet of {caplen} bytes in a block of {length}").into());
        }
        let frame = Frame {
            time: self.last,
            offset: SIMPLE_HEADER_BYTES as u32,
            caplen: caplen as u32,
            wirelen,
            block: 0,
            link,
        };
        Step::Frame(frame, length)
    }

    fn interface(&mut self, length: usize, block: &[u8]) -> Step {
        let big = self.big_endian;
        let mut reader = Reader::new(block);
        let fields = reader.skip(8).and_then(|()| {
            let link = half(big, reader.array()?);
            reader.skip(2)?;
            Some((link, word(big, reader.array()?)))
        });
        let Some((link, snaplen)) = fields else {
            return Step::Damage("an interface description that is too short".into());
        };
        if self.interfaces.len() >= MAX_INTERFACES {
            return Step::Damage(format!("more than {MAX_INTERFACES} interfaces").into());
        }
        self.interfaces.push(Interface { link: normal_link(link), snaplen, clock: clock(big, reader) });
        Step::Pass(length as u64)
    }

    fn section(&mut self, length: usize, block: &[u8]) -> Step {
        let mut reader = Reader::new(block);
        let version = reader
            .skip(12)
            .and_then(|()| Some((half(self.big_endian, reader.array()?), half(self.big_endian, reader.array()?))));
        let Some((major, minor)) = version else { return Step::Damage("a section header that is too short".into()) };
        if let Some(what) = unsupported_version(major, minor) {
            return Step::Damage(what.into());
        }
        self.in_section = true;
        self.interfaces.clear();
        Step::Pass(length as u64)
    }
}

/// What the options of an interface say of its clock. Options that are cut short end the list, and nothing else.
fn clock(big_endian: bool, mut options: Reader<'_>) -> Clock {
    let mut clock = Clock::default();
    for _ in 0..MAX_OPTIONS {
        let (Some(code), Some(length)) = (options.array(), options.array()) else { break };
        let (code, length) = (half(big_endian, code), usize::from(half(big_endian, length)));
        let Some(mut value) = options.sub(length) else { break };
        options.skip(length.next_multiple_of(4) - length);
        match code {
            0 => break,
            OPTION_TSRESOL => value.u8().map_or((), |resolution| clock.set_resolution(resolution)),
            OPTION_TSOFFSET => {
                let seconds = if big_endian { value.be_u64() } else { value.le_u64() };
                clock.offset_seconds = seconds.unwrap_or(0).cast_signed();
            }
            _ => {}
        }
    }
    clock
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(resolution: u8, ticks: u64) -> u64 {
        let mut clock = Clock::default();
        clock.set_resolution(resolution);
        clock.time(ticks).nanos()
    }

    #[test]
    fn every_resolution_gives_nanoseconds() {
        assert_eq!(Clock::default().time(1_500_000).nanos(), 1_500_000_000);
        assert_eq!(nanos(0, 7), 7_000_000_000);
        assert_eq!(nanos(3, 1_500), 1_500_000_000);
        assert_eq!(nanos(6, 1_500_000), 1_500_000_000);
        assert_eq!(nanos(9, 1_500_000_000), 1_500_000_000);
        assert_eq!(nanos(12, 1_500_000_000_000), 1_500_000_000);
        assert_eq!(nanos(28, u64::MAX), 1);
        assert_eq!(nanos(127, u64::MAX), 0);
        assert_eq!(nanos(0x80, 3), 3_000_000_000);
        assert_eq!(nanos(0x80 | 10, 1536), 1_500_000_000);
        assert_eq!(nanos(0x80 | 32, (1_700_000_000 << 32) | (1 << 31)), 1_700_000_000_500_000_000);
        assert_eq!(nanos(0xff, u64::MAX), 0);
        assert_eq!(nanos(0, u64::MAX), u64::MAX, "a clock that runs over stays at the end of time");
    }

    #[test]
    fn an_offset_moves_the_clock_both_ways() {
        let clock = |offset_seconds| Clock { tick: Tick::Nanoseconds(1), offset_seconds };
        assert_eq!(clock(2).time(5).nanos(), 2_000_000_005);
        assert_eq!(clock(-2).time(2_000_000_005).nanos(), 5);
        assert_eq!(clock(-2).time(5).nanos(), 0);
        assert_eq!(clock(i64::MAX).time(5).nanos(), u64::MAX);
    }
}
