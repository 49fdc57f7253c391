//! Who speaks how much before the other side answers: what an encrypted conversation still shows.
//!
//! A *turn* is all bytes of one side between two of the other's. It does not depend on how the bytes were cut into segments. Where
//! the cipher leaves the packets' length field clear, a turn's packets are told apart too.

use super::sizes::Sizes;
use crate::protocol::Role;

/// The bytes of the length field.
const HEADER: usize = 4;

/// The bytes of one side until the other speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// All of them.
    pub bytes: u64,
    /// Whole packets, where they are told apart; otherwise 0, and so are the sizes below.
    pub packets: u32,
    /// Bytes of the shortest packet.
    pub shortest: u64,
    /// Bytes of the last packet, and of the one before it.
    pub last: u64,
    /// As said.
    pub previous: u64,
}

impl Turn {
    /// A turn of so many bytes.
    pub fn of(bytes: u64) -> Self {
        Self { bytes, ..Self::default() }
    }

    fn packet(&mut self, bytes: u64) {
        self.shortest = if self.packets == 0 { bytes } else { self.shortest.min(bytes) };
        self.previous = self.last;
        self.last = bytes;
        self.packets = self.packets.saturating_add(1);
    }
}

/// Gathers turns from encrypted bytes.
#[derive(Clone, Debug)]
pub struct Turns {
    sizes: [Sizes; 2],
    framing: [Framing; 2],
    speaker: Option<Role>,
    turn: Turn,
}

/// Where one side stands in its packets.
#[derive(Clone, Copy, Debug, Default)]
struct Framing {
    header: [u8; HEADER],
    have: usize,
    whole: u64,
    left: u64,
}

impl Turns {
    /// No turn yet. `sizes` are those of client to server and back.
    pub fn new(sizes: [Sizes; 2]) -> Self {
        Self { sizes, framing: Default::default(), speaker: None, turn: Turn::default() }
    }

    /// How the packets of a sender look.
    pub fn sizes(&self, sender: Role) -> Sizes {
        let [client, server] = self.sizes;
        if sender == Role::Client { client } else { server }
    }

    /// The turn that goes on.
    pub fn current(&self) -> Turn {
        self.turn
    }

    /// `role` is about to speak: gives the other side's turn, if that ends it.
    pub fn speaker_changes(&mut self, role: Role) -> Option<(Role, Turn)> {
        let over = self.speaker.filter(|speaker| *speaker != role).map(|speaker| (speaker, self.turn));
        if over.is_some() || self.speaker.is_none() {
            self.speaker = Some(role);
            self.turn = Turn::default();
        }
        over
    }

    /// Nobody will speak any more: gives the last turn.
    pub fn silence(&mut self) -> Option<(Role, Turn)> {
        self.speaker.take().map(|speaker| (speaker, self.turn))
    }

    /// Adds bytes of the speaker. Tells whether they can be packets at all.
    pub fn data(&mut self, role: Role, mut bytes: &[u8]) -> bool {
        self.turn.bytes = self.turn.bytes.saturating_add(bytes.len() as u64);
        let sizes = self.sizes(role);
        let Some(framing) = self.framing.get_mut(role.index()).filter(|_| sizes.clear) else {
            return true;
        };
        while let Some((byte, rest)) = bytes.split_first() {
            if framing.left > 0 {
                let step = usize::try_from(framing.left).unwrap_or(usize::MAX).min(bytes.len());
                framing.left = framing.left.saturating_sub(step as u64);
                bytes = bytes.get(step..).unwrap_or_default();
                if framing.left == 0 {
                    self.turn.packet(framing.whole);
                }
                continue;
            }
            if let Some(slot) = framing.header.get_mut(framing.have) {
                *slot = *byte;
            }
            framing.have += 1;
            bytes = rest;
            if framing.have == HEADER {
                let Some(whole) = sizes.whole(u32::from_be_bytes(framing.header)) else {
                    return false;
                };
                *framing = Framing { whole, left: whole.saturating_sub(HEADER as u64), ..Framing::default() };
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_clear_length_are_told_apart_however_they_are_cut() {
        let sizes = Sizes::of(b"aes128-gcm@openssh.com", b"").unwrap();
        let stream: Vec<u8> = [16u32, 48, 32]
            .into_iter()
            .flat_map(|length| length.to_be_bytes().into_iter().chain(std::iter::repeat_n(7, length as usize + 16)))
            .collect();
        for size in 1..stream.len() {
            let mut turns = Turns::new([sizes; 2]);
            turns.speaker_changes(Role::Server);
            assert!(stream.chunks(size).all(|piece| turns.data(Role::Server, piece)));
            let turn = turns.current();
            assert_eq!((turn.packets, turn.shortest, turn.previous, turn.last), (3, 36, 68, 52), "pieces of {size}");
        }
    }

    #[test]
    fn a_length_that_no_packet_has_is_told() {
        let mut turns = Turns::new([Sizes::of(b"aes128-gcm@openssh.com", b"").unwrap(); 2]);
        assert!(!turns.data(Role::Client, b"SSH-"));
    }
}
