//! One side of a session: its counts, and where TCP's numbers stand.
//!
//! Every open session holds two of these, so they are kept small: what another field tells is not stored, and what few sides have lies
//! elsewhere.

use crate::losses::Losses;
use crate::tcp::Endpoint;

/// The farthest ahead of what is known a byte may lie when the receiver's window is unknown (RFC 7323 2.3: the largest window).
const FARTHEST: i64 = 1 << 30;
/// Slack around a known window: what a receiver may have opened since its last packet was seen.
const WINDOW_SLACK: i64 = 1 << 17;
/// The largest window scale, taken where the handshake was not seen.
const UNKNOWN_SCALE: u8 = 14;

/// One side's counts and TCP numbers.
#[derive(Debug, Default)]
pub(crate) struct Half {
    pub packets: u64,
    pub ip_bytes: u64,
    /// Payload; for TCP the stream position after the last byte seen.
    pub payload: u64,
    losses: Losses,
    /// How far what the peer has acknowledged lies behind `payload`; ahead of it where negative.
    lag: i32,
    /// The sequence number of position 0.
    base: u32,
    /// The sequence number of the FIN.
    fin: u32,
    window: u16,
    pub mac: [u8; 6],
    scale: u8,
    pub endpoint: Endpoint,
    known: Known,
}

/// Which of a half's numbers mean something, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known(u8);

impl Known {
    /// `base`.
    const BASE: Self = Self(1);
    /// The peer has acknowledged position 0.
    const BASE_CONFIRMED: Self = Self(1 << 1);
    /// `lag`.
    const LAG: Self = Self(1 << 2);
    /// `fin`.
    const FIN: Self = Self(1 << 3);
    /// `scale`.
    const SCALE: Self = Self(1 << 4);
    /// `window` is a SYN's, which is never scaled (RFC 7323 2.2).
    const UNSCALED: Self = Self(1 << 5);

    const fn has(self, which: Self) -> bool {
        self.0 & which.0 != 0
    }

    const fn set(&mut self, which: Self, to: bool) {
        self.0 = if to { self.0 | which.0 } else { self.0 & !which.0 };
    }
}

impl Half {
    /// Where a sequence number lies in the stream; negative before its beginning.
    pub fn position(&self, seq: u32) -> i64 {
        let base = if self.has_spoken() { self.base } else { seq };
        let near = base.wrapping_add(self.payload as u32);
        (self.payload as i64).saturating_add(i64::from(seq.wrapping_sub(near) as i32))
    }

    /// Whether this side was seen to speak, or the peer to acknowledge it.
    pub fn has_spoken(&self) -> bool {
        self.known.has(Known::BASE)
    }

    /// Whether this side's end of the connection is established, or was when it was first seen.
    #[inline]
    pub fn is_settled(&self) -> bool {
        matches!(self.endpoint, Endpoint::Established | Endpoint::Partial)
    }

    /// Whether a sequence number is that of the byte after the last one seen.
    #[inline]
    pub fn is_at(&self, seq: u32) -> bool {
        self.has_spoken() && seq == self.base.wrapping_add(self.payload as u32)
    }

    /// Whether its stream is known to begin elsewhere than at `first`.
    pub fn begins_elsewhere(&self, first: u32) -> bool {
        self.has_spoken() && self.base != first
    }

    /// Whether the peer has acknowledged the beginning of the stream.
    pub fn is_confirmed(&self) -> bool {
        self.known.has(Known::BASE_CONFIRMED)
    }

    /// The position up to which the peer has acknowledged; 0 where it has not. It is at most 2 GiB behind what was seen: no window is
    /// larger, so that what lies before has been acknowledged unseen.
    pub fn acked(&self) -> u64 {
        if self.known.has(Known::LAG) { self.payload.saturating_add_signed(-i64::from(self.lag)) } else { 0 }
    }

    /// The position after the last byte that this side will send.
    pub fn finished_at(&self) -> Option<u64> {
        if self.known.has(Known::FIN) { u64::try_from(self.position(self.fin)).ok() } else { None }
    }

    /// Bytes that the peer acknowledged and that were never seen.
    pub fn unseen(&self) -> u64 {
        let acked = self.acked();
        self.losses.unseen(acked).saturating_add(acked.saturating_sub(self.payload))
    }

    /// Segments that were sent again.
    pub fn retransmits(&self) -> u64 {
        self.losses.retransmits()
    }

    /// Forgets everything of the stream but what was counted of its packets: it begins anew.
    pub fn begin_anew(&mut self) {
        *self = Self { packets: self.packets, ip_bytes: self.ip_bytes, mac: self.mac, ..Self::default() };
    }

    /// The stream begins at a sequence number, unless that is known.
    pub fn begin(&mut self, first: u32) {
        if !self.has_spoken() {
            self.base = first;
            self.known.set(Known::BASE, true);
        }
    }

    /// What this side may be sent, from a packet of its own. A SYN says how later windows are scaled.
    pub fn open_window(&mut self, window: u16, syn: Option<u8>) {
        self.window = window;
        self.known.set(Known::UNSCALED, syn.is_some());
        if let Some(scale) = syn {
            self.scale = scale;
            self.known.set(Known::SCALE, true);
        }
    }

    fn window(&self) -> i64 {
        let scale = match self.known {
            known if known.has(Known::UNSCALED) => 0,
            known if known.has(Known::SCALE) => self.scale,
            _ => UNKNOWN_SCALE,
        };
        i64::from(self.window).checked_shl(scale.into()).unwrap_or(i64::MAX)
    }

    /// Whether a segment at `position` can belong to the stream: within what the receiver's window allows, or near what was seen.
    pub fn reaches(&self, position: i64, receiver: &Self) -> bool {
        let (seen, acked) = (self.payload as i64, self.acked() as i64);
        // Nearly every segment is the next.
        if position == seen {
            return true;
        }
        let known = seen.max(acked);
        let window = receiver.window();
        let ahead = if window > 0 && receiver.known.has(Known::SCALE) && acked > 0 {
            window.saturating_add(WINDOW_SLACK)
        } else {
            FARTHEST
        };
        position <= known.saturating_add(ahead) && position >= known.saturating_sub(FARTHEST)
    }

    /// The peer acknowledged up to a sequence number of this side.
    pub fn acknowledged(&mut self, ack: u32) {
        // Nothing was seen of this side yet: its stream begins where the peer says it is.
        self.begin(ack);
        let position = self.position(ack);
        if position == 0 {
            self.known.set(Known::BASE_CONFIRMED, true);
        }
        if position > self.acked() as i64 && position <= (self.payload as i64).saturating_add(FARTHEST) {
            // A FIN takes a number of its own and is no byte.
            let limit = self.finished_at().map_or(i64::MAX, |end| end as i64);
            let lag = (self.payload as i64).saturating_sub(position.min(limit));
            self.lag = i32::try_from(lag).unwrap_or(i32::MAX);
            self.known.set(Known::LAG, true);
        }
    }

    /// The side will send nothing after the byte before this sequence number.
    pub fn finished(&mut self, seq: u32) {
        self.fin = seq;
        self.known.set(Known::FIN, true);
    }

    /// Counts payload that begins where what was seen ends, and gives that position. It fills no hole: those lie before.
    #[inline]
    pub fn sent_next(&mut self, bytes: u32) -> u64 {
        let position = self.payload;
        self.sent_up_to(position.saturating_add(u64::from(bytes)));
        position
    }

    #[inline]
    fn sent_up_to(&mut self, end: u64) {
        let more = end.saturating_sub(self.payload);
        self.lag = self.lag.saturating_add_unsigned(u32::try_from(more).unwrap_or(u32::MAX));
        self.payload = end;
    }

    /// Counts payload at a position: new, filling a hole, or sent again. Tells whether it was sent again.
    pub fn sent(&mut self, position: i64, bytes: u32) -> bool {
        let end = position.saturating_add(i64::from(bytes));
        let Ok(end) = u64::try_from(end) else { return false };
        let start = u64::try_from(position).unwrap_or(0);
        if start > self.payload {
            self.losses.open(self.payload, start.saturating_sub(self.payload));
        }
        let fills = self.losses.fill(start, end);
        if end > self.payload {
            self.sent_up_to(end);
            return false;
        }
        // One byte just before the next is a keep-alive or a window probe (RFC 9293 3.8.4, 3.8.6.1).
        let again = !fills && (bytes > 1 || end != self.payload);
        if again {
            self.losses.retransmit();
        }
        again
    }
}
