//! Mail messages, whatever carries them: SMTP, POP3, IMAP (RFC 5322, MIME: RFC 2045 to 2049).
//!
//! A protocol hands a message's bytes to [`Mail`] as they pass. Its header becomes an item of the element `email`, its attachments
//! become items of `file`; nothing of its content is held.
//!
//! Also here: what these protocols have in common with each other ([`lane`], [`dots`]), and the parameters of MIME's fields, which HTTP has as well.

pub mod dots;
pub mod lane;

mod headers;
mod letter;
mod mime;
pub(crate) mod parameters;
mod pieces;
mod transfer;
mod words;

pub use letter::{ELEMENT, Letter, MESSAGES};

use crate::capped::{List, Text};
use crate::facts::Facts;
use crate::files::{Files, HashLimit};
use crate::protocol::Role;
use mime::{Mime, Sink};
use pieces::Pieces;

/// The messages of one session.
#[derive(Debug)]
pub struct Mail {
    hash: HashLimit,
    /// A message that was told is not told again when it comes again: mail is read more than once, and sent more than once.
    once: bool,
    letters: List<Letter, MESSAGES>,
    attachments: List<Text>,
    files: Files,
    open: Option<Box<Open>>,
}

/// The message that is passing.
#[derive(Debug)]
struct Open {
    sender: Role,
    pieces: Pieces,
    mime: Mime,
}

impl Mail {
    /// No message yet. `hash`: attachments are hashed. `once`: a message of the same Message-ID is told once.
    pub fn new(hash: HashLimit, once: bool) -> Self {
        let (letters, attachments, files) = (List::default(), List::default(), Files::default());
        Self { hash, once, letters, attachments, files, open: None }
    }

    /// A message begins. `headed`: with its header, and not after it.
    pub fn begin(&mut self, sender: Role, headed: bool) {
        self.finish(false);
        self.open = Some(Box::new(Open { sender, pieces: Pieces::default(), mime: Mime::new(headed) }));
    }

    /// Whether a message is passing.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The next bytes of the message.
    pub fn data(&mut self, bytes: &[u8]) {
        let Self { open, letters, attachments, files, hash, once } = self;
        if let Some(open) = open {
            let Open { sender, pieces, mime } = open.as_mut();
            let letters = &mut |letter| tell(letters, letter, *once);
            let mut sink = Sink { letters, attachments, files, sender: *sender, hash: *hash };
            pieces.data(bytes, &mut |piece| mime.piece(piece, &mut sink));
        }
    }

    /// Bytes of the message were not seen.
    pub fn gap(&mut self) {
        if let Some(open) = &mut self.open {
            open.pieces.gap();
            open.mime.gap();
        }
    }

    /// The message has ended; `whole` says that this was all of it.
    pub fn finish(&mut self, whole: bool) {
        let Some(open) = self.open.take() else {
            return;
        };
        let Self { letters, attachments, files, hash, once, .. } = self;
        let Open { sender, mut pieces, mut mime } = *open;
        let letters = &mut |letter| tell(letters, letter, *once);
        let mut sink = Sink { letters, attachments, files, sender, hash: *hash };
        if whole {
            pieces.finish(&mut |piece| mime.piece(piece, &mut sink));
        }
        mime.finish(whole, &mut sink);
    }

    /// What was sent of the message has ended, and was only its header and perhaps some lines: what it has for files is not
    /// there.
    pub fn finish_header(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let Self { letters, attachments, files, hash, once, .. } = self;
        let Open { sender, mut pieces, mut mime } = *open;
        let letters = &mut |letter| tell(letters, letter, *once);
        let mut sink = Sink { letters, attachments, files, sender, hash: *hash };
        pieces.finish(&mut |piece| mime.piece(piece, &mut sink));
        mime.finish_header(&mut sink);
    }

    /// It was no message after all.
    pub fn discard(&mut self) {
        self.open = None;
    }

    /// Writes `email` and `file`.
    pub fn facts(&self, out: &mut Facts) {
        letter::facts(&self.letters, &self.attachments, out);
        self.files.facts(out);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let letters = self.letters.items().iter().map(|letter| size_of::<Letter>() + letter.heap_bytes());
        let attachments = self.attachments.items().iter().map(|name| size_of::<Text>() + name.heap_bytes());
        let open =
            self.open.as_ref().map_or(0, |open| size_of::<Open>() + open.pieces.heap_bytes() + open.mime.heap_bytes());
        letters.sum::<usize>() + attachments.sum::<usize>() + self.files.heap_bytes() + open
    }
}

fn tell(letters: &mut List<Letter, MESSAGES>, letter: Letter, once: bool) {
    match letters.items_mut().iter_mut().find(|known| once && known.is_same(&letter)) {
        Some(known) => known.complete(letter),
        None => {
            letters.push(letter);
        }
    }
}

#[cfg(test)]
mod tests;
