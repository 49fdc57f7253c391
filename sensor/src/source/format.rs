//! What the two capture formats have in common: a walk over records, one step at a time, over bytes that arrive in blocks.

use std::borrow::Cow;

use super::batch::Frame;
use super::classic::{self, Classic};
use super::pcapng::{self, Pcapng};

/// The longest frame that is believed. It is the longest that libpcap captures; a longer one is a damaged length.
pub(super) const MAX_CAPLEN: u32 = 262_144;
/// The link type of raw IP, IPv4 or IPv6.
const RAW_IP: u16 = 101;

/// The next step of the walk, seen from the first byte that was not walked over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A frame, its offset counted from here, and how many bytes to walk on (perhaps more than there are yet).
    Frame(Frame, usize),
    /// Nothing of interest in so many bytes (perhaps more than there are yet).
    Pass(u64),
    /// A decision takes this many bytes in one piece: more than there are, at most [`LARGEST_NEED`].
    Need(usize),
    /// Nothing after this point can be trusted.
    Damage(Cow<'static, str>),
}

/// The most bytes that a step ever asks for in one piece. A block holds that and more.
pub(super) const LARGEST_NEED: usize = 400 * 1024;

/// One of the formats, and where its reader stands.
#[derive(Debug)]
pub(super) enum Format {
    /// The classic format.
    Classic(Classic),
    /// The next-generation format.
    Pcapng(Pcapng),
}

/// What the first bytes of a file are.
#[derive(Debug)]
pub(super) enum Beginning {
    /// A capture, and where its first record begins.
    Capture(Format, usize),
    /// A capture whose very header is cut short.
    Cut,
    /// A capture of a kind that nobody reads; what is odd about it.
    Unsupported(String),
    /// Something else.
    Other,
}

/// Bytes that [`recognise`] wants to see, where the file has them.
pub(super) const BEGINNING_BYTES: usize = 24;

/// Tells from its first bytes what a file is.
pub(super) fn recognise(bytes: &[u8]) -> Beginning {
    let Some((magic, _)) = bytes.split_first_chunk::<4>() else { return Beginning::Other };
    if classic::is_magic(*magic) {
        let Some((header, _)) = bytes.split_first_chunk() else { return Beginning::Cut };
        return match Classic::read(*header) {
            Ok(format) => Beginning::Capture(Format::Classic(format), header.len()),
            Err(what) => Beginning::Unsupported(what),
        };
    }
    if u32::from_be_bytes(*magic) != pcapng::SECTION_HEADER {
        return Beginning::Other;
    }
    match pcapng::recognise(bytes) {
        Ok(true) => Beginning::Capture(Format::Pcapng(Pcapng::default()), 0),
        Ok(false) => Beginning::Cut,
        Err(None) => Beginning::Other,
        Err(Some(what)) => Beginning::Unsupported(what),
    }
}

/// The LINKTYPE number for `link`. Some systems write their own number for raw IP into files.
pub(super) const fn normal_link(link: u16) -> u16 {
    match link {
        12 | 14 => RAW_IP,
        _ => link,
    }
}

/// A number of two bytes, in the byte order of the file.
pub(super) const fn half(big_endian: bool, bytes: [u8; 2]) -> u16 {
    if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
}

/// A number of four bytes, in the byte order of the file.
pub(super) const fn word(big_endian: bool, bytes: [u8; 4]) -> u32 {
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
