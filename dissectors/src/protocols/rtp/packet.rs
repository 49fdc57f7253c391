//! Packets of RTP and RTCP.
//!
//! ```text
//! RTP   v:2 padding:1 extension:1 sources:4  marker:1 type:7  sequence:16  timestamp:32  ssrc:32  source:32 ...  media
//! RTCP  v:2 padding:1 count:5  type:8  words:16  ssrc:32 ...       several in one datagram, a report first
//! ```
//!
//! Specifications: RFC 3550 5.1 and 6, RFC 3551 6, RFC 5761 4 (which types are RTCP), RFC 4585, RFC 3611, RFC 5506 (feedback without a
//! report before it), RFC 3711 3.4 (SRTCP: the first eight bytes are in the clear).

use crate::reader::Reader;

/// The most RTCP packets of a datagram.
const COMPOUND: usize = 16;
/// The most items of a source's description.
const ITEMS: usize = 16;

/// An RTP packet's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rtp {
    pub payload: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

impl Rtp {
    /// Reads a datagram; `None` where it can't be RTP.
    pub(super) fn read(datagram: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(datagram);
        let [first, second] = reader.array()?;
        let payload = second & 0x7f;
        // 35 to 95 are not assigned, and some of them would look like RTCP.
        if first >> 6 != 2 || matches!(payload, 35..=95) {
            return None;
        }
        let (sequence, timestamp, ssrc) = (reader.be_u16()?, reader.be_u32()?, reader.be_u32()?);
        reader.skip(usize::from(first & 0x0f) * 4)?;
        if first & 0x10 != 0 {
            reader.skip(2)?;
            let words = usize::from(reader.be_u16()?);
            reader.skip(words * 4)?;
        }
        if first & 0x20 != 0 {
            // The last byte says how many bytes of padding there are.
            let padding = usize::from(*reader.rest().last()?);
            if padding == 0 || padding > reader.len() {
                return None;
            }
        }
        (ssrc != 0).then_some(Self { payload, sequence, timestamp, ssrc })
    }
}

/// The RTCP packets of a datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reports<'a> {
    bytes: &'a [u8],
    /// Who reports.
    pub ssrc: u32,
    /// Each packet's length is right, to the end of the datagram.
    pub whole: bool,
}

/// What is told of RTCP packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report<'a> {
    Kind(&'static str),
    Cname(&'a [u8]),
    Tool(&'a [u8]),
}

/// Reads a datagram; `None` where it can't be RTCP.
pub(super) fn reports(datagram: &[u8]) -> Option<Reports<'_>> {
    let mut reader = Reader::new(datagram);
    let (count, number, _) = header(&mut reader)?;
    if !matches!(number, 200 | 201 | 205 | 206) {
        return None;
    }
    let ssrc = reader.be_u32()?;
    // A report has a fixed size for each source it speaks of; feedback speaks of one.
    let mut reader = Reader::new(datagram);
    let mut whole = true;
    let mut packets = 0;
    while !reader.is_empty() && whole {
        let packet = header(&mut reader).and_then(|(count, number, words)| {
            let body = reader.take(usize::from(words) * 4)?;
            (least(number, count) <= body.len()).then_some(())
        });
        packets += 1;
        whole = packet.is_some() && packets <= COMPOUND;
    }
    let fits = least(number, count) <= datagram.len().saturating_sub(4);
    fits.then_some(Reports { bytes: datagram, ssrc, whole })
}

/// A packet's count, type and length in words without the first.
fn header(reader: &mut Reader<'_>) -> Option<(u8, u8, u16)> {
    let [first, number] = reader.array()?;
    let words = reader.be_u16()?;
    (first >> 6 == 2 && kind(number).is_some()).then_some((first & 0x1f, number, words))
}

/// How many bytes a packet has at least after its first word.
fn least(number: u8, count: u8) -> usize {
    let count = usize::from(count);
    match number {
        200 => 24 + 24 * count,
        201 => 4 + 24 * count,
        202 | 203 => 4 * count,
        204..=206 => 8,
        _ => 4,
    }
}

/// The name of a packet type.
fn kind(number: u8) -> Option<&'static str> {
    Some(match number {
        200 => "sender-report",
        201 => "receiver-report",
        202 => "description",
        203 => "bye",
        204 => "application",
        205 => "transport-feedback",
        206 => "payload-feedback",
        207 => "extended-report",
        _ => return None,
    })
}

impl<'a> Reports<'a> {
    /// What they say; of encrypted ones the first packet's type.
    pub(super) fn iter(self) -> impl Iterator<Item = Report<'a>> {
        let mut reader = Reader::new(self.bytes);
        let packets = std::iter::from_fn(move || {
            let (count, number, words) = header(&mut reader)?;
            let body = reader.take((usize::from(words) * 4).min(reader.len()))?;
            Some((count, number, body))
        });
        packets.take(if self.whole { COMPOUND } else { 1 }).flat_map(|(count, number, body)| {
            let described = (number == 202).then(|| description(body, count));
            kind(number).map(Report::Kind).into_iter().chain(described.into_iter().flatten())
        })
    }
}

/// The items of a source description (RFC 3550 6.5).
fn description(body: &[u8], count: u8) -> impl Iterator<Item = Report<'_>> {
    let mut reader = Reader::new(body);
    let mut chunks = count;
    let mut inside = false;
    let items = std::iter::from_fn(move || {
        loop {
            if !inside {
                chunks = chunks.checked_sub(1)?;
                reader.skip(4)?;
                inside = true;
            }
            let number = reader.u8()?;
            if number == 0 {
                // The next source begins at a word's border.
                reader.skip(reader.len() % 4)?;
                inside = false;
                continue;
            }
            let len = usize::from(reader.u8()?);
            let value = reader.take(len)?;
            return Some(match number {
                1 => Some(Report::Cname(value)),
                6 => Some(Report::Tool(value)),
                _ => None,
            });
        }
    });
    items.take(ITEMS).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compound_is_read_to_its_end() {
        let mut datagram = vec![0x80, 201, 0, 1, 0, 0, 0, 7];
        datagram.extend([0x81, 202, 0, 4, 0, 0, 0, 7, 1, 5]);
        datagram.extend(b"alice");
        datagram.extend([0, 0, 0, 0, 0]);
        let reports = reports(&datagram).unwrap();
        assert!(reports.whole);
        let told: Vec<_> = reports.iter().collect();
        assert_eq!(told, [Report::Kind("receiver-report"), Report::Kind("description"), Report::Cname(b"alice")]);
    }

    #[test]
    fn lengths_must_be_right() {
        for wrong in [
            &[0x80, 201, 0, 2, 0, 0, 0, 7][..],
            &[0x81, 201, 0, 1, 0, 0, 0, 7],
            &[0x40, 201, 0, 1, 0, 0, 0, 7],
            &[0x80, 190, 0, 1, 0, 0, 0, 7],
            &[0x80, 201, 0, 1, 0, 0, 0, 7, 1],
        ] {
            assert!(!reports(wrong).is_some_and(|reports| reports.whole), "{wrong:?}");
        }
    }

    #[test]
    fn padding_and_extensions_must_fit() {
        let sound = [0x80, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9];
        assert!(Rtp::read(&sound).is_some());
        for (at, value) in [(0, 0x40), (0, 0x8f), (0, 0x90), (0, 0xa0), (1, 0xc8), (11, 0)] {
            let mut wrong = sound;
            wrong[at] = value;
            assert_eq!(Rtp::read(&wrong), None, "{at} {value:02x}");
        }
    }
}
