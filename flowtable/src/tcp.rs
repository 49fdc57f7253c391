//! TCP's states as an observer sees them.
//!
//! `conn_state` and `history` have the meanings of Zeek's conn.log, so that analysts can read them as they are used to.

use dissectors::facts::Side;

/// What one end has shown of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Endpoint {
    /// Nothing.
    #[default]
    Inactive,
    /// A SYN.
    SynSent,
    /// A SYN with ACK whose SYN was not seen.
    SynAckSent,
    /// Packets without a handshake.
    Partial,
    /// A completed handshake.
    Established,
    /// Its FIN.
    Closed,
    /// Its RST.
    Reset,
}

/// The state of a finished connection.
///
/// `silent` says that no payload was seen at all, which tells a refusal from a reset.
pub fn conn_state(originator: Endpoint, responder: Endpoint, silent: bool) -> &'static str {
    use Endpoint::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
    match (originator, responder) {
        (SynSent | SynAckSent, Reset) => "REJ",
        (Reset, Reset) if silent => "REJ",
        (Inactive | Partial, Reset) => "RSTRH",
        (_, Reset) => "RSTR",
        (Reset, Inactive | Partial) => "RSTOS0",
        (Reset, _) => "RSTO",
        (Closed, Closed) => "SF",
        (Closed, Inactive | Partial) => "SH",
        (Closed, _) => "S2",
        (Inactive | Partial, Closed) => "SHR",
        (_, Closed) => "S3",
        (SynSent, Inactive) => "S0",
        (Established, Established) => "S1",
        _ => "OTH",
    }
}

/// The same for transports without a handshake, by who has sent anything.
pub fn exchange_state(originator: bool, responder: bool) -> &'static str {
    match (originator, responder) {
        (true, true) => "SF",
        (true, false) => "S0",
        (false, true) => "SHR",
        (false, false) => "OTH",
    }
}

/// What happened to a TCP connection, as far as its history tells: a letter each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// SYN.
    Syn,
    /// SYN with ACK.
    SynAck,
    /// Pure ACK.
    Ack,
    /// Payload.
    Data,
    /// FIN.
    Fin,
    /// RST.
    Rst,
    /// A retransmission.
    Retransmission,
    /// A zero window.
    ZeroWindow,
    /// SYN together with FIN or RST.
    SynAndEnd,
    /// FIN together with RST.
    FinAndRst,
}

impl Event {
    /// Every event, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Syn,
        Self::SynAck,
        Self::Ack,
        Self::Data,
        Self::Fin,
        Self::Rst,
        Self::Retransmission,
        Self::ZeroWindow,
        Self::SynAndEnd,
        Self::FinAndRst,
    ];

    /// Its letter, as the responder's.
    pub const fn letter(self) -> u8 {
        match self {
            Self::Syn => b's',
            Self::SynAck => b'h',
            Self::Ack => b'a',
            Self::Data => b'd',
            Self::Fin => b'f',
            Self::Rst => b'r',
            Self::Retransmission => b't',
            Self::ZeroWindow => b'w',
            Self::SynAndEnd => b'q',
            Self::FinAndRst => b'i',
        }
    }
}

/// Bits of a place.
const PLACE: u32 = 5;
/// Set in the responder's word where the first packet seen was the responder's.
const ANSWERED_FIRST: u64 = 1 << 63;
/// Where the originator's word counts the events of both sides.
const COUNT: u32 = Event::ALL.len() as u32 * PLACE;
/// The most letters: every event of both sides, and the `^`.
pub const HISTORY_CAP: usize = 2 * Event::ALL.len() + 1;

/// What happened in a connection: each event once for each side, at the place where it came first. A word a side holds the places, from 1
/// on, [`PLACE`] bits for each event; the originator's counts them above.
#[derive(Clone, Copy, Debug, Default)]
pub struct History([u64; 2]);

impl History {
    /// Notes an event.
    #[inline]
    pub fn note(&mut self, side: Side, event: Event) {
        let [originator, responder] = &self.0;
        let own = if side == Side::Originator { originator } else { responder };
        if place(*own, event) == 0 {
            self.append(side, event);
        }
    }

    fn append(&mut self, side: Side, event: Event) {
        let [originator, responder] = &mut self.0;
        let next = (*originator >> COUNT).saturating_add(1);
        *originator = originator.wrapping_add(1 << COUNT);
        if side == Side::Responder && next == 1 {
            *responder |= ANSWERED_FIRST;
        }
        let own = if side == Side::Originator { originator } else { responder };
        *own |= next << (event as u32 * PLACE);
    }

    /// What happened, with its place.
    fn places(&self) -> impl Iterator<Item = (Event, u64, Side)> {
        let sides = [Side::Originator, Side::Responder].into_iter().zip(self.0);
        sides.flat_map(|(side, word)| {
            let mut left = word & ((1 << COUNT) - 1);
            std::iter::from_fn(move || {
                let event = *Event::ALL.get((left.trailing_zeros() / PLACE) as usize)?;
                let place = place(left, event);
                left ^= place << (event as u32 * PLACE);
                Some((event, place, side))
            })
        })
    }

    /// The letters in order, capitals for the originator. A leading `^` says that the first packet seen was the responder's.
    pub fn letters(&self, into: &mut [u8; HISTORY_CAP]) -> usize {
        let [_, responder] = self.0;
        let ahead = usize::from(responder & ANSWERED_FIRST != 0);
        if let (1, Some(first)) = (ahead, into.first_mut()) {
            *first = b'^';
        }
        let mut letters = ahead;
        for (event, place, side) in self.places() {
            let letter = event.letter();
            if let Some(letter_at) = into.get_mut((place as usize).saturating_add(ahead).saturating_sub(1)) {
                *letter_at = if side == Side::Originator { letter.to_ascii_uppercase() } else { letter };
            }
            letters = letters.saturating_add(1);
        }
        letters
    }
}

/// The place of an event in a side's word, 0 where it has none.
const fn place(word: u64, event: Event) -> u64 {
    word >> (event as u32 * PLACE) & ((1 << PLACE) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_stands_once_for_each_side() {
        let mut history = History::default();
        for (side, event) in [
            (Side::Originator, Event::Syn),
            (Side::Responder, Event::SynAck),
            (Side::Originator, Event::Ack),
            (Side::Originator, Event::Syn),
        ] {
            history.note(side, event);
        }
        let mut letters = [0; HISTORY_CAP];
        let count = history.letters(&mut letters);
        assert_eq!(&letters[..count], b"ShA");
    }

    #[test]
    fn every_event_of_both_sides_has_room() {
        let mut history = History::default();
        for event in Event::ALL {
            history.note(Side::Responder, event);
            history.note(Side::Originator, event);
        }
        let mut letters = [0; HISTORY_CAP];
        assert_eq!(history.letters(&mut letters), HISTORY_CAP);
        assert_eq!(&letters, b"^sShHaAdDfFrRtTwWqQiI");
    }

    #[test]
    fn states_are_those_of_the_conn_log() {
        use Endpoint::*;
        assert_eq!(conn_state(SynSent, Inactive, true), "S0");
        assert_eq!(conn_state(SynSent, Reset, true), "REJ");
        assert_eq!(conn_state(Established, Reset, false), "RSTR");
        assert_eq!(conn_state(Closed, Closed, false), "SF");
        assert_eq!(conn_state(Partial, Partial, false), "OTH");
    }
}
