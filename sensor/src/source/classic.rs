//! The classic capture file, as `tcpdump -w` writes it.
//!
//! Layout, after pcap-savefile(5) and draft-ietf-opsawg-pcap. The magic tells the byte order of every other number.
//!
//! ```text
//! file     4 magic   2 major   2 minor   4 zone   4 accuracy   4 snapshot length   4 link type and its flags
//! record   4 seconds   4 micro- or nanoseconds   4 captured length   4 wire length   [8 modified]   bytes
//!
//! magic    a1b2c3d4 microseconds   a1b23c4d nanoseconds   a1b2cd34 microseconds, with Kuznetzov's 24-byte record header
//! ```
//!
//! Known quirks: before version 2.3 (and in version 543, of DG/UX) the two lengths of a record are the other way round, in 2.3 they may be;
//! the upper bits of the link type tell of frame check sequences. Ignored on purpose: zone and accuracy (always 0 in
//! practice), the snapshot length (files lie about it, and the record's own length is what counts).

use dissectors::{Reader, Timestamp, time::SECOND};

use super::batch::Frame;
use super::format::{MAX_CAPLEN, Step, half, normal_link, word};

/// Length of the file's header.
pub(super) const HEADER_BYTES: usize = 24;

/// How to read the records of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Classic {
    big_endian: bool,
    /// Nanoseconds in a unit of the second time field.
    unit_ns: u32,
    /// Whether records have Kuznetzov's longer header.
    modified: bool,
    lengths: Lengths,
    link: u16,
}

/// In which order a record tells its two lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    SmallerIsCaptured,
}

/// Whether a file that begins with `magic` is a classic capture.
pub(super) const fn is_magic(magic: [u8; 4]) -> bool {
    properties(magic).is_some()
}

/// Big endian?, nanoseconds in a unit, modified?
const fn properties(magic: [u8; 4]) -> Option<(bool, u32, bool)> {
    match magic {
        [0xa1, 0xb2, 0xc3, 0xd4] => Some((true, 1000, false)),
        [0xd4, 0xc3, 0xb2, 0xa1] => Some((false, 1000, false)),
        [0xa1, 0xb2, 0x3c, 0x4d] => Some((true, 1, false)),
        [0x4d, 0x3c, 0xb2, 0xa1] => Some((false, 1, false)),
        [0xa1, 0xb2, 0xcd, 0x34] => Some((true, 1000, true)),
        [0x34, 0xcd, 0xb2, 0xa1] => Some((false, 1000, true)),
        _ => None,
    }
}

impl Classic {
    /// Reads the file's header; the error tells what is unsupported.
    pub(super) fn read(header: [u8; HEADER_BYTES]) -> Result<Self, String> {
        let mut reader = Reader::new(&header);
        let Some((big_endian, unit_ns, modified)) = reader.array().and_then(properties) else {
            return Err("no capture magic".into());
        };
        let major = half(big_endian, reader.array().unwrap_or_default());
        let minor = half(big_endian, reader.array().unwrap_or_default());
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, _) => Lengths::WireFirst,
            (2, 3) => Lengths::SmallerIsCaptured,
            (2, _) => Lengths::CapturedFirst,
            _ => return Err(format!("pcap version {major}.{minor}")),
        };
        reader.skip(12);
        // 6 bits about the frame check sequence, 10 that must be zero, 16 that are the link type.
        let network = word(big_endian, reader.array().unwrap_or_default());
        if network & 0x03ff_0000 != 0 {
            return Err(format!("reserved bits set in the link type 0x{network:08x}"));
        }
        let link = normal_link((network & 0xffff) as u16);
        Ok(Self { big_endian, unit_ns, modified, lengths, link })
    }

    /// The next record of `rest`.
    #[inline]
    pub(super) fn step(&self, rest: &[u8]) -> Step {
        let header_bytes = if self.modified { 24 } else { 16 };
        let Some((header, _)) = rest.split_first_chunk::<16>() else { return Step::Need(header_bytes) };
        let &[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, w0, w1, w2, w3] = header;
        let word = |bytes| word(self.big_endian, bytes);
        let seconds = u64::from(word([s0, s1, s2, s3]));
        let fraction = u64::from(word([f0, f1, f2, f3])) * u64::from(self.unit_ns);
        // A fraction of more than a second is rubbish; the second may still be right.
        let fraction = fraction.min(SECOND - 1);
        let (first, second) = (word([c0, c1, c2, c3]), word([w0, w1, w2, w3]));
        let (caplen, wirelen) = match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::WireFirst => (second, first),
            Lengths::SmallerIsCaptured => (first.min(second), first.max(second)),
        };
        if caplen > MAX_CAPLEN {
            return Step::Damage(
                format!("a packet of {caplen} bytes, more than the {MAX_CAPLEN} any capture holds").into(),
            );
        }
        let whole = header_bytes.saturating_add(caplen as usize);
        if rest.len() < whole {
            return Step::Need(whole);
        }
        let time = Timestamp::from_nanos(seconds * SECOND + fraction);
        let offset = header_bytes as u32;
        Step::Frame(Frame { time, offset, caplen, wirelen: wirelen.max(caplen), block: 0, link: self.link }, whole)
    }
}
