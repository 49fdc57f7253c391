//! A dissector of protocols whose messages tell their own length: it finds the messages, and somebody else reads them.
//!
//! On a stream a message is waited for up to [`Messages::LOOK`] bytes, and the rest of a longer one is passed over, so that any segmentation
//! shows the reader the same. A datagram may hold several messages. A stream that begins no message is a violation; a datagram that begins
//! none is passed over. A gap ends the session's facts: after it, nothing says where a message begins.

use crate::facts::Facts;
use crate::protocol::{Chunk, Dissector, Role, Step, Transport};
use crate::time::Timestamp;

/// What a message's first bytes say of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// So many bytes are needed to tell.
    Need(usize),
    /// So many bytes, header and all.
    Whole(usize),
    /// No message begins so.
    Broken,
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Who sent it.
    pub role: Role,
    /// Its first [`Messages::LOOK`] bytes, or all of it.
    pub bytes: &'a [u8],
    /// When its last byte that is looked at came.
    pub time: Timestamp,
}

/// Whoever reads the messages of one session.
pub trait Messages: Send {
    /// How much of a message is looked at.
    const LOOK: usize = 4096;

    /// The size of the message that `bytes` begin with.
    fn extent(&self, role: Role, bytes: &[u8]) -> Extent;

    /// Takes a message. Tells whether more is to be learnt from the session.
    fn message(&mut self, message: Message<'_>) -> bool;

    /// Writes what is known so far.
    fn facts(&self, out: &mut Facts);

    /// Bytes held on the heap, roughly.
    fn heap_bytes(&self) -> usize;
}

/// Finds the messages of one session.
#[derive(Debug)]
pub struct Framed<M> {
    messages: M,
    stream: bool,
}

impl<M: Messages> Framed<M> {
    /// Nothing was seen yet.
    pub fn new(messages: M, transport: Transport) -> Self {
        Self { messages, stream: transport == Transport::Tcp }
    }

    fn datagram(&mut self, chunk: Chunk<'_>) -> Step {
        let mut rest = chunk.bytes;
        while let Extent::Whole(length @ 1..) = self.messages.extent(chunk.role, rest) {
            let (message, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            let bytes = message.get(..M::LOOK).unwrap_or(message);
            if !self.messages.message(Message { role: chunk.role, bytes, time: chunk.time }) {
                return Step::Done;
            }
            rest = after;
        }
        Step::Consumed(chunk.bytes.len())
    }
}

impl<M: Messages> Dissector for Framed<M> {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if !self.stream {
            return self.datagram(chunk);
        }
        let length = match self.messages.extent(chunk.role, chunk.bytes) {
            Extent::Whole(length @ 1..) => length,
            Extent::Whole(0) | Extent::Broken => return Step::Violation,
            Extent::Need(bytes) => return Step::NeedMore(bytes.max(chunk.bytes.len().saturating_add(1))),
        };
        let looked_at = length.min(M::LOOK);
        let Some(bytes) = chunk.bytes.get(..looked_at) else {
            return Step::NeedMore(looked_at);
        };
        if !self.messages.message(Message { role: chunk.role, bytes, time: chunk.time }) {
            return Step::Done;
        }
        match length.checked_sub(chunk.bytes.len()) {
            Some(missing @ 1..) => Step::Skip(missing as u64),
            _ => Step::Consumed(length),
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.messages.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.messages.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte of length, then so many bytes.
    #[derive(Default)]
    struct Lengths(Vec<usize>);

    impl Messages for Lengths {
        const LOOK: usize = 4;

        fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
            match bytes.first() {
                None => Extent::Need(1),
                Some(0xff) => Extent::Broken,
                Some(length) => Extent::Whole(usize::from(*length) + 1),
            }
        }

        fn message(&mut self, message: Message<'_>) -> bool {
            self.0.push(message.bytes.len());
            self.0.len() < 4
        }

        fn facts(&self, _: &mut Facts) {}

        fn heap_bytes(&self) -> usize {
            0
        }
    }

    fn chunk(bytes: &[u8]) -> Chunk<'_> {
        Chunk { role: Role::Client, bytes, time: Timestamp::default() }
    }

    #[test]
    fn a_long_message_is_looked_at_as_far_as_said_and_the_rest_is_passed_over() {
        let mut framed = Framed::new(Lengths::default(), Transport::Tcp);
        assert!(matches!(framed.data(chunk(&[9, 1, 2])), Step::NeedMore(4)));
        assert!(matches!(framed.data(chunk(&[9, 1, 2, 3])), Step::Skip(6)));
        assert!(matches!(framed.data(chunk(&[2, 1, 2, 7])), Step::Consumed(3)));
        assert_eq!(framed.messages.0, [4, 3]);
        assert!(matches!(framed.data(chunk(&[0xff])), Step::Violation));
    }

    #[test]
    fn a_datagram_holds_several_and_may_be_cut() {
        let mut framed = Framed::new(Lengths::default(), Transport::Udp);
        assert!(matches!(framed.data(chunk(&[1, 7, 0, 9, 1])), Step::Consumed(5)));
        assert_eq!(framed.messages.0, [2, 1, 2]);
        assert!(matches!(framed.data(chunk(&[1, 7, 0])), Step::Done));
    }
}
