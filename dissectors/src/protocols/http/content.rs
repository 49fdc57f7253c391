//! The content of one message on its way to the files: decoded, taken apart, measured and hashed.

use super::coding::Decoder;
use super::head::{Head, Media};
use super::multipart::Multipart;
use crate::capped::Text;
use crate::files::{Files, HashLimit, Transfer};
use crate::protocol::Role;

/// Content that is passing by.
#[derive(Debug)]
pub(super) struct Content {
    sender: Role,
    /// The file's name, if the message gave one or its target does.
    name: Text,
    /// Only a part of the file was asked for, so even all of it is not the file.
    partial: bool,
    /// Undoes the content's coding. Beside it the coded bytes, which are what is told where that fails.
    coded: Option<(Decoder, Transfer)>,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    File(Transfer),
    Parts(Box<Multipart>),
}

impl Sink {
    fn data(&mut self, bytes: &[u8], files: &mut Files) {
        match self {
            Self::File(transfer) => transfer.data(bytes),
            Self::Parts(parts) => parts.data(bytes, files),
        }
    }
}

impl Content {
    /// What is to be done with the content that a head announces: nothing where it is no file.
    pub(super) fn new(head: &mut Head, sender: Role, name: Text, partial: bool, hash: HashLimit) -> Option<Self> {
        let sink = match &head.media {
            Media::NoFile if sender == Role::Client => return None,
            Media::Multipart(boundary) if sender == Role::Client => {
                Sink::Parts(Box::new(Multipart::new(boundary, sender, hash)))
            }
            Media::NoFile | Media::Multipart(_) | Media::File => Sink::File(Transfer::new(hash)),
        };
        let coded = head.coding.map(|coding| (Decoder::new(coding), Transfer::new(HashLimit::NONE)));
        let name = head.file_name.take().unwrap_or(name);
        Some(Self { sender, name, partial, coded, sink })
    }

    /// Names the file where nothing has done so yet.
    pub(super) fn name(&mut self, name: Text) {
        if self.name.is_empty() {
            self.name = name;
        }
    }

    /// The next bytes of content.
    pub(super) fn data(&mut self, bytes: &[u8], files: &mut Files) {
        match &mut self.coded {
            Some((decoder, raw)) => {
                raw.data(bytes);
                decoder.data(bytes, &mut |decoded| self.sink.data(decoded, files));
            }
            None => self.sink.data(bytes, files),
        }
    }

    /// Whether only the number of the next bytes matters.
    pub(super) fn only_counts(&self) -> bool {
        self.coded.is_none() && matches!(&self.sink, Sink::File(transfer) if transfer.only_counts())
    }

    /// So many bytes went by while it [`only_counts`](Self::only_counts).
    pub(super) fn passed(&mut self, bytes: u64) {
        if let Sink::File(transfer) = &mut self.sink {
            transfer.passed(bytes);
        }
    }

    /// Bytes of content were never seen.
    pub(super) fn gap(&mut self) {
        if let Some((decoder, raw)) = &mut self.coded {
            decoder.fail();
            raw.broken();
        }
        match &mut self.sink {
            Sink::File(transfer) => transfer.broken(),
            Sink::Parts(parts) => parts.gap(),
        }
    }

    /// The content has ended; `whole` says that this was where it had to.
    pub(super) fn finish(mut self, whole: bool, files: &mut Files) {
        let mut whole = whole && !self.partial;
        let mut failed = None;
        if let Some((mut decoder, raw)) = self.coded.take() {
            whole &= decoder.finish(&mut |decoded| self.sink.data(decoded, files));
            failed = decoder.failed().then_some(raw);
        }
        match self.sink {
            Sink::Parts(parts) => parts.finish(files),
            Sink::File(decoded) => {
                let transfer = failed.unwrap_or(decoded);
                if transfer.size() > 0 {
                    files.push(self.name, self.sender, transfer, whole);
                }
            }
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let coded = self.coded.as_ref().map_or(0, |(decoder, raw)| decoder.heap_bytes() + raw.heap_bytes());
        let sink = match &self.sink {
            Sink::File(transfer) => transfer.heap_bytes(),
            Sink::Parts(parts) => parts.heap_bytes(),
        };
        self.name.heap_bytes() + coded + sink
    }
}
