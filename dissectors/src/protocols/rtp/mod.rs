//! RTP and RTCP over UDP, also on one port (RFC 3550, RFC 5761). [`packet`] has the layouts, [`stream`] the counting.
//!
//! One RTP packet proves nothing: a session is RTP where several datagrams of one side have the same source and consecutive sequence
//! numbers ([`is_rtp`]). RTCP tells by its lengths; SRTCP, whose end is encrypted, by several datagrams of one source ([`is_rtcp`]).
//! Datagrams that are neither (STUN, DTLS, keepalives) are passed over.
//!
//! Limits: [`stream::STREAMS`] sources. Ignored on purpose: media, header extensions; whether media are encrypted, which the packets
//! don't tell.

mod packet;
mod stream;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::time::Timestamp;
use packet::{Report, Rtp};
use stream::{STREAMS, Stream};

/// How many datagrams of one source prove it.
const SERIES: usize = 3;
/// How far apart the sequence numbers of a series may be.
const SERIES_STEP: u16 = 32;
/// How far apart the timestamps of a series may be: over a minute at 90 kHz.
const SERIES_CLOCK: u32 = 1 << 23;

static SENDER: Field = Field::text("sender", "the side that sends the stream, `src` or `dst`", "RFC 3550 3").aligned();
static SSRC: Field = Field::text("ssrc", "the stream's source, in hexadecimal", "RFC 3550 5.1").aligned();
static PAYLOAD: Field =
    Field::text("payload", "codec, or the number of a payload type that signalling assigns", "RFC 3551 6").aligned();
static PACKETS: Field = Field::number("packets", "the stream's packets", "RFC 3550 5.1").aligned();
static LOST: Field = Field::number("lost", "sequence numbers that were not seen", "RFC 3550 appendix A.3").aligned();
static JITTER: Field = Field::new(
    Kind::Milliseconds,
    "jitter",
    "mean deviation of the packets' spacing, where the codec's clock is known",
    "RFC 3550 6.4.1",
)
.aligned()
.unit("ms");

/// Its element.
pub static RTP: Element = Element {
    name: "rtp",
    meaning: "RTP media streams",
    fields: &[&SENDER, &SSRC, &PAYLOAD, &PACKETS, &LOST, &JITTER],
};

static REPORTS: Field = Field::number("packets", "datagrams of RTCP", "RFC 3550 6.1");
static TYPES: Field = Field::text("type", "kinds of RTCP packets", "RFC 3550 6").list();
static CNAME: Field = Field::text("cname", "canonical names of sources", "RFC 3550 6.5.1").list();
static TOOL: Field = Field::text("tool", "programs of sources", "RFC 3550 6.5.6").list();
static SOURCES: Field = Field::text("ssrc", "sources that report, in hexadecimal", "RFC 3550 6.4").list();

/// The element of its reports.
pub static RTCP: Element = Element {
    name: "rtcp",
    meaning: "RTCP reports on media streams",
    fields: &[&REPORTS, &TYPES, &SOURCES, &CNAME, &TOOL],
};

/// What these protocols write.
static ELEMENTS: &[&Element] = &[&RTP, &RTCP];

/// RTP.
pub static PROTOCOL: Protocol = Protocol {
    name: "rtp",
    about: About {
        name: "Real-time Transport Protocol",
        specification: "RFC 3550, RFC 3551",
        evidence: "several datagrams of one source with consecutive numbers",
        limits: "media; whether they are encrypted is not told by the packets",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: ELEMENTS,
    first: FirstBytes::both(&[0x80..=0xbf]),
    probe: |sample| if Rtp::read(sample.bytes).is_some() { Verdict::NeedMore } else { Verdict::Reject },
    open: |_: &Opening| Box::new(Media::default()),
};

/// RTCP.
pub static CONTROL: Protocol = Protocol {
    name: "rtcp",
    about: About {
        name: "Real-time Transport Control Protocol",
        specification: "RFC 3550, RFC 5761",
        evidence: "packets whose lengths fill the datagram",
        limits: "what SRTCP encrypts",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: ELEMENTS,
    first: FirstBytes::both(&[0x80..=0xbf]),
    probe: probe_rtcp,
    open: |_: &Opening| Box::new(Media::default()),
};

fn probe_rtcp(sample: &Sample<'_>) -> Verdict {
    match packet::reports(sample.bytes) {
        Some(reports) if reports.whole => Verdict::Match,
        Some(_) => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

/// Whether datagrams of one side, the newest last, are a stream of RTP.
pub fn is_rtp(datagrams: &[&[u8]]) -> bool {
    let Some(last) = datagrams.last().and_then(|datagram| Rtp::read(datagram)) else {
        return false;
    };
    let mut before = last;
    let mut length = 1;
    for rtp in datagrams.iter().rev().skip(1).filter_map(|datagram| Rtp::read(datagram)) {
        let step = before.sequence.wrapping_sub(rtp.sequence);
        let clock = before.timestamp.wrapping_sub(rtp.timestamp);
        let near = clock < SERIES_CLOCK || clock.wrapping_neg() < SERIES_CLOCK;
        if rtp.ssrc == last.ssrc && (1..=SERIES_STEP).contains(&step) && near {
            before = rtp;
            length += 1;
        }
    }
    length >= SERIES
}

/// Whether datagrams of one side are reports of one source.
pub fn is_rtcp(datagrams: &[&[u8]]) -> bool {
    let sources = || datagrams.iter().filter_map(|datagram| packet::reports(datagram)).map(|reports| reports.ssrc);
    sources().next_back().is_some_and(|last| sources().filter(|ssrc| *ssrc == last).count() >= SERIES)
}

/// The state of one session.
#[derive(Debug, Default)]
pub struct Media {
    streams: List<Stream, STREAMS>,
    reports: u64,
    types: List<&'static str>,
    sources: List<u32, STREAMS>,
    cnames: List<Text>,
    tools: List<Text>,
}

impl Media {
    /// Takes a datagram; tells whether it was RTP or RTCP.
    pub fn datagram(&mut self, sender: Role, bytes: &[u8], time: Timestamp) -> bool {
        if let Some(reports) = packet::reports(bytes) {
            self.reports = self.reports.saturating_add(1);
            self.sources.push_distinct(reports.ssrc);
            for report in reports.iter() {
                match report {
                    Report::Kind(name) => self.types.push_distinct(name),
                    Report::Cname(name) => self.cnames.push_distinct(Text::new(name)),
                    Report::Tool(name) => self.tools.push_distinct(Text::new(name)),
                }
            }
            return true;
        }
        let Some(rtp) = Rtp::read(bytes) else {
            return false;
        };
        let known =
            self.streams.items_mut().iter_mut().find(|stream| stream.ssrc == rtp.ssrc && stream.sender == sender);
        match known {
            Some(stream) => stream.packet(&rtp, time),
            None => {
                self.streams.push_with(|| Stream::new(sender, &rtp, time));
            }
        }
        true
    }

    /// The streams that are believed: of one packet alone nothing is told.
    fn believed(&self) -> impl Iterator<Item = &Stream> + Clone {
        self.streams.items().iter().filter(|stream| stream.packets > 1)
    }

    /// Whether any stream is long enough to be told.
    pub fn has_stream(&self) -> bool {
        self.streams.items().iter().any(|stream| stream.packets >= SERIES as u64)
    }

    /// Writes what is known.
    pub fn facts(&self, out: &mut Facts) {
        if self.believed().next().is_some() {
            let mut rtp = out.element(&RTP);
            let senders: Vec<&'static str> = self.believed().map(|stream| rtp.side_name(stream.sender)).collect();
            let names: Vec<String> = self.believed().map(|stream| format!("{:08x}", stream.ssrc)).collect();
            let payloads: Vec<String> = self.believed().map(Stream::payload).collect();
            rtp.list(&SENDER, senders, 0);
            rtp.list(&SSRC, names.iter().map(|name| name.as_bytes()), self.streams.omitted());
            rtp.list(&PAYLOAD, payloads.iter().map(|name| name.as_bytes()), 0);
            rtp.list(&PACKETS, self.believed().map(|stream| stream.packets), 0);
            rtp.list(&LOST, self.believed().map(Stream::lost), 0);
            let jitters = self.believed().map(|stream| stream.jitter().map_or(Value::Bytes(&[]), Value::Milliseconds));
            if jitters.clone().any(|jitter| jitter != Value::Bytes(&[])) {
                rtp.list(&JITTER, jitters, 0);
            }
        }
        if self.reports > 0 {
            let mut rtcp = out.element(&RTCP);
            rtcp.number(&REPORTS, self.reports);
            rtcp.list(&TYPES, self.types.items().iter().copied(), self.types.omitted());
            let names: Vec<String> = self.sources.items().iter().map(|ssrc| format!("{ssrc:08x}")).collect();
            rtcp.list(&SOURCES, names.iter().map(|name| name.as_bytes()), self.sources.omitted());
            rtcp.texts(&CNAME, &self.cnames);
            rtcp.texts(&TOOL, &self.tools);
        }
    }

    /// Bytes on the heap.
    pub fn heap(&self) -> usize {
        let texts = self.cnames.items().iter().chain(self.tools.items());
        size_of_val(self.streams.items())
            + size_of_val(self.types.items())
            + size_of_val(self.sources.items())
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

impl Dissector for Media {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        self.datagram(chunk.role, chunk.bytes, chunk.time);
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        Media::facts(self, out);
    }

    fn app(&self) -> Option<&'static str> {
        // On one port for both, the media are what the session is for.
        self.has_stream().then_some("rtp")
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.heap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 0];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence.wrapping_add(1000)) * 160).to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0xd5; 160]);
        packet
    }

    fn proven(packets: &[(u16, u32)]) -> bool {
        let packets: Vec<Vec<u8>> = packets.iter().map(|(sequence, ssrc)| rtp(*sequence, *ssrc)).collect();
        is_rtp(&packets.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn a_series_needs_one_source_and_growing_numbers() {
        assert!(proven(&[(65535, 7), (0, 7), (1, 7)]));
        assert!(proven(&[(10, 7), (900, 8), (12, 7), (901, 8), (13, 7)]));
        assert!(!proven(&[(10, 7), (11, 7)]));
        assert!(!proven(&[(10, 7), (10, 7), (10, 7)]));
        assert!(!proven(&[(10, 7), (11, 8), (12, 9)]));
        assert!(!proven(&[(10, 7), (500, 7), (900, 7)]));
    }

    #[test]
    fn lost_packets_are_counted_and_late_ones_are_not_lost() {
        let mut media = Media::default();
        for sequence in [65533, 65534, 0, 65535, 3, 4, 4] {
            media.datagram(Role::Client, &rtp(sequence, 7), Timestamp::from_nanos(1));
        }
        let stream = &media.streams.items()[0];
        assert_eq!((stream.packets, stream.lost()), (6, 2));
    }

    #[test]
    fn media_behind_reports_name_the_session() {
        let mut media = Media::default();
        assert!(media.datagram(Role::Client, &[0x80, 201, 0, 1, 0, 0, 0, 7], Timestamp::from_nanos(1)));
        assert_eq!(media.app(), None);
        for sequence in 1..4 {
            media.datagram(Role::Client, &rtp(sequence, 7), Timestamp::from_nanos(1));
        }
        assert_eq!(media.app(), Some("rtp"));
    }
}
