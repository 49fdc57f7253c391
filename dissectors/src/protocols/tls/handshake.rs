//! Handshake messages put together from a stream of record contents: `type:1 length:3 body` (RFC 8446 4).
//!
//! A record may hold several messages and a message may span several records. Of a message only so much is kept as its facts
//! need; the rest is counted and passed over.

use super::certificate::CERTIFICATE_CAP;
use crate::reader::Reader;

/// Handshake types.
pub mod kind {
    /// Asks the client to begin anew; says nothing.
    pub const HELLO_REQUEST: u8 = 0;
    /// The client's offer.
    pub const CLIENT_HELLO: u8 = 1;
    /// The server's choice.
    pub const SERVER_HELLO: u8 = 2;
    /// DTLS: the server asks for proof that the client has its address.
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    /// A ticket for the next session.
    pub const NEW_SESSION_TICKET: u8 = 4;
    /// The server asks for another ClientHello (drafts of TLS 1.3 up to 21).
    pub const HELLO_RETRY_REQUEST: u8 = 6;
    /// A chain of certificates.
    pub const CERTIFICATE: u8 = 11;
    /// The server's part of a key exchange.
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    /// The server is done with its part of a full handshake.
    pub const SERVER_HELLO_DONE: u8 = 14;
    /// The client's part of a key exchange.
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
}

/// The most bytes of a hello that are kept.
pub const HELLO_CAP: usize = 32 * 1024;
/// The most bytes of a ServerKeyExchange that are kept: its curve stands at the beginning, behind a hint where a key was agreed on before.
pub const KEY_EXCHANGE_CAP: usize = 192;

/// Whether a number is a handshake type that is ever sent in the clear, or (key updates, tickets) may follow in the same stream.
pub fn is_known(number: u8) -> bool {
    matches!(number, 0..=6 | 8 | 10..=16 | 20..=25 | 67 | 203 | 254)
}

/// How many bytes of a message's body its facts need, `known` being its beginning.
pub fn wanted(number: u8, known: &[u8]) -> usize {
    match number {
        kind::CLIENT_HELLO | kind::SERVER_HELLO | kind::HELLO_RETRY_REQUEST => HELLO_CAP,
        kind::SERVER_KEY_EXCHANGE => KEY_EXCHANGE_CAP,
        kind::CERTIFICATE => {
            let mut reader = Reader::new(known);
            let first = reader.be_u24().and_then(|_| reader.be_u24());
            let len = first.and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
            6usize.saturating_add(if len <= CERTIFICATE_CAP { len } else { 0 })
        }
        _ => 0,
    }
}

/// A message, or as much of it as is kept.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its handshake type.
    pub kind: u8,
    /// The beginning of its body.
    pub body: &'a [u8],
    /// The body is all there.
    pub complete: bool,
}

/// Puts the messages of one side together.
#[derive(Debug, Default)]
pub struct Messages {
    /// The header, as far as it is here.
    head: Vec<u8>,
    kind: u8,
    body: Vec<u8>,
    /// Bytes of the message still to come.
    left: usize,
    /// Bytes of the message that were not kept.
    dropped: usize,
}

impl Messages {
    /// Takes the next bytes of the message stream; gives the next message that they complete, with the bytes after it.
    /// `Err` where they are no handshake message. A message's body stays until the next call.
    pub fn take<'a>(&'a mut self, bytes: &mut &[u8]) -> Result<Option<Message<'a>>, NotAHandshake> {
        if self.left == 0 && self.head.len() == 4 {
            // The message before this one was told.
            self.forget();
        }
        if self.head.len() < 4 {
            let (now, later) = split(bytes, 4usize.saturating_sub(self.head.len()));
            self.head.extend_from_slice(now);
            *bytes = later;
            if self.head.first().is_some_and(|number| !is_known(*number)) {
                return Err(NotAHandshake);
            }
            let mut head = Reader::new(&self.head);
            let (Some(kind), Some(len)) = (head.u8(), head.be_u24()) else {
                return Ok(None);
            };
            (self.kind, self.left) = (kind, usize::try_from(len).unwrap_or(usize::MAX));
        }
        let (mut now, later) = split(bytes, self.left);
        *bytes = later;
        self.left = self.left.saturating_sub(now.len());
        while !now.is_empty() {
            let room = wanted(self.kind, &self.body).saturating_sub(self.body.len());
            if room == 0 {
                break;
            }
            // A certificate's length is known only once its first bytes are here: so by pieces.
            let (keep, rest) = split(now, room);
            self.body.extend_from_slice(keep);
            now = rest;
        }
        self.dropped = self.dropped.saturating_add(now.len());
        Ok((self.left == 0).then_some(Message { kind: self.kind, body: &self.body, complete: self.dropped == 0 }))
    }

    /// The message that was begun and will not be finished.
    pub fn cut(&self) -> Option<Message<'_>> {
        let begun = self.head.len() == 4 && self.left > 0;
        begun.then_some(Message { kind: self.kind, body: &self.body, complete: false })
    }

    /// Forgets what was begun.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.head.capacity() + self.body.capacity()
    }
}

/// Bytes that are no handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHandshake;

fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<(u8, Vec<u8>, bool)> {
        let mut messages = Messages::default();
        let mut told = Vec::new();
        for piece in pieces {
            let mut bytes = *piece;
            while !bytes.is_empty() {
                if let Some(message) = messages.take(&mut bytes).unwrap() {
                    told.push((message.kind, message.body.to_vec(), message.complete));
                }
            }
        }
        told
    }

    #[test]
    fn borders_between_records_mean_nothing() {
        let stream = b"\x02\x00\x00\x02ab\x0e\x00\x00\x00\x0c\x00\x00\x03xyz";
        let whole = all(&[stream]);
        assert_eq!(whole, [(2, b"ab".to_vec(), true), (14, vec![], true), (12, b"xyz".to_vec(), true)]);
        for size in 1..stream.len() {
            assert_eq!(all(&stream.chunks(size).collect::<Vec<_>>()), whole, "{size}");
        }
    }

    #[test]
    fn of_a_chain_only_the_first_certificate_is_kept() {
        let stream = b"\x0b\x00\x00\x0d\x00\x00\x0a\x00\x00\x02\x30\x00\x00\x00\x02\x30\x01";
        for size in [1, 2, 5, 100] {
            let told = all(&stream.chunks(size).collect::<Vec<_>>());
            assert_eq!(told, [(11, b"\x00\x00\x0a\x00\x00\x02\x30\x00".to_vec(), false)], "{size}");
        }
    }

    #[test]
    fn a_monstrous_length_costs_nothing() {
        let mut messages = Messages::default();
        let mut bytes = &b"\x01\xff\xff\xffabc"[..];
        assert!(messages.take(&mut bytes).unwrap().is_none());
        assert!(messages.heap_bytes() < 64);
        assert_eq!(messages.cut().map(|message| message.body), Some(&b"abc"[..]));
    }
}
