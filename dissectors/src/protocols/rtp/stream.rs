//! One source's packets: how many came, how many did not, and how evenly (RFC 3550 appendix A).

use super::packet::Rtp;
use crate::protocol::Role;
use crate::sdp::payload_name;
use crate::time::{SECOND, Timestamp};

/// The most sources that are told of.
pub(super) const STREAMS: usize = 16;
/// A number so far behind the highest is a late packet; any other jump is a new beginning.
const LATE: u16 = 3000;

/// A stream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub sender: Role,
    pub ssrc: u32,
    pub packets: u64,
    payload: u8,
    /// The first number since the last new beginning, and the highest, both counted on beyond 16 bits.
    first: u64,
    highest: u64,
    /// Packets since the last new beginning, and what was lost before it.
    received: u64,
    lost: u64,
    transit: Option<i64>,
    /// Sixteen times the mean deviation, in units of the clock.
    jitter: u64,
    last: (u16, Timestamp),
}

impl Stream {
    pub(super) fn new(sender: Role, rtp: &Rtp, time: Timestamp) -> Self {
        let first = u64::from(rtp.sequence);
        let mut stream = Self {
            sender,
            ssrc: rtp.ssrc,
            packets: 1,
            payload: rtp.payload,
            first,
            highest: first,
            received: 1,
            lost: 0,
            transit: None,
            jitter: 0,
            last: (rtp.sequence, time),
        };
        stream.time(rtp, time);
        stream
    }

    /// Counts a packet; one that comes twice in a row counts once.
    pub(super) fn packet(&mut self, rtp: &Rtp, time: Timestamp) {
        if rtp.sequence == self.last.0 {
            return;
        }
        self.last = (rtp.sequence, time);
        self.packets = self.packets.saturating_add(1);
        let ahead = rtp.sequence.wrapping_sub(self.highest as u16);
        if ahead < LATE {
            self.highest = self.highest.saturating_add(u64::from(ahead));
        } else if ahead.wrapping_neg() >= LATE {
            self.lost = self.lost();
            self.first = u64::from(rtp.sequence);
            self.highest = self.first;
            self.received = 0;
            self.transit = None;
        }
        self.received = self.received.saturating_add(1);
        self.time(rtp, time);
    }

    fn time(&mut self, rtp: &Rtp, time: Timestamp) {
        let Some(clock) = clock(self.payload).filter(|_| rtp.payload == self.payload) else {
            return;
        };
        let arrival = u128::from(time.since(Timestamp::default())) * u128::from(clock) / u128::from(SECOND);
        let transit = i64::from((arrival as u32).wrapping_sub(rtp.timestamp) as i32);
        if let Some(before) = self.transit.replace(transit) {
            let deviation = u64::from((transit as i32).wrapping_sub(before as i32).unsigned_abs());
            self.jitter = self.jitter.saturating_add(deviation).saturating_sub(self.jitter.saturating_add(8) / 16);
        }
    }

    /// How many numbers between the first and the highest never came.
    pub(super) fn lost(&self) -> u64 {
        let expected = self.highest.saturating_sub(self.first).saturating_add(1);
        self.lost.saturating_add(expected.saturating_sub(self.received))
    }

    /// The codec's name, or the payload type's number.
    pub(super) fn payload(&self) -> String {
        payload_name(self.payload).map_or_else(|| self.payload.to_string(), str::to_owned)
    }

    /// The mean deviation in nanoseconds.
    pub(super) fn jitter(&self) -> Option<u64> {
        let clock = clock(self.payload)?;
        self.transit.map(|_| (self.jitter / 16).saturating_mul(SECOND) / u64::from(clock))
    }
}

/// The clock of a static payload type (RFC 3551 6).
const fn clock(payload: u8) -> Option<u32> {
    Some(match payload {
        0 | 3 | 4 | 5 | 7 | 8 | 9 | 12 | 13 | 15 | 18 => 8000,
        6 => 16000,
        10 | 11 => 44100,
        16 => 11025,
        17 => 22050,
        14 | 25..=34 => 90000,
        _ => return None,
    })
}
