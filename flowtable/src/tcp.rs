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

/// Letters a history can hold: every letter below, for both sides.
const HISTORY_CAP: usize = 24;

/// What happened, a letter each, capitals for the originator, each letter once per side: `s` SYN, `h` SYN with ACK, `a` pure ACK, `d`
/// payload, `f` FIN, `r` RST, `g` a gap, `t` a retransmission, `w` a zero window, `q` SYN together with FIN or RST, `i` FIN together with
/// RST. A leading `^` says that the first packet seen was the responder's.
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    letters: [u8; HISTORY_CAP],
    len: u8,
    /// A bit for each letter that stands there: nearly every packet asks for one that does.
    seen: [u32; 2],
}

impl History {
    /// Notes a letter, given in lower case.
    #[inline]
    pub fn note(&mut self, side: Side, letter: u8) {
        // The 32 characters from `@` and from backtick on, which the letters and `^` are among, differ in their lowest five bits.
        let bit = 1u32 << (letter & 31);
        let [originator, responder] = &mut self.seen;
        let seen = if side == Side::Originator { originator } else { responder };
        if *seen & bit == 0 {
            *seen |= bit;
            self.append(if side == Side::Originator { letter.to_ascii_uppercase() } else { letter });
        }
    }

    fn append(&mut self, letter: u8) {
        if let Some(place) = self.letters.get_mut(usize::from(self.len)) {
            *place = letter;
            self.len = self.len.saturating_add(1);
        }
    }

    /// The letters in order.
    pub fn bytes(&self) -> &[u8] {
        self.letters.get(..usize::from(self.len)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_stands_once_for_each_side() {
        let mut history = History::default();
        for (side, letter) in
            [(Side::Originator, b's'), (Side::Responder, b'h'), (Side::Originator, b'a'), (Side::Originator, b's')]
        {
            history.note(side, letter);
        }
        assert_eq!(history.bytes(), b"ShA");
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
