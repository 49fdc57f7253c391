//! Files in motion: name, size, type and hash of what a session carries, whatever the protocol.
//!
//! Content streams through and is never held: the first bytes stay for the type, the hash is updated as bytes pass.

use sha2::{Digest, Sha256};

use crate::capped::{LIST_CAP, List, Text};
use crate::dictionary::file;
use crate::facts::{Facts, Value};
use crate::hex::hex;
use crate::protocol::Role;

/// How many leading bytes of a file are kept to tell its type: the farthest magic number (tar) ends at 262.
const SNIFF_BYTES: usize = 264;

/// How large files may be that are hashed, in bytes: a hash of hours of video costs more than it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashLimit(pub u64);

impl HashLimit {
    /// No file is hashed.
    pub const NONE: Self = Self(0);
    /// Every file is hashed.
    pub const ALL: Self = Self(u64::MAX);
}

/// A file whose content is passing by.
#[derive(Debug)]
pub struct Transfer {
    size: u64,
    head: Vec<u8>,
    hasher: Option<Box<Sha256>>,
    limit: HashLimit,
    /// It has grown beyond the limit.
    too_large: bool,
    broken: bool,
}

impl Transfer {
    /// Begins a file. Beyond the limit only its size and type are told.
    pub fn new(limit: HashLimit) -> Self {
        let hasher = (limit != HashLimit::NONE).then(|| Box::new(Sha256::new()));
        Self { size: 0, head: Vec::new(), hasher, limit, too_large: false, broken: false }
    }

    /// The next bytes of content.
    pub fn data(&mut self, bytes: &[u8]) {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.broken {
            return;
        }
        let room = SNIFF_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if self.size > self.limit.0 && self.hasher.take().is_some() {
            self.too_large = true;
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
    }

    /// Whether only the number of the next bytes matters: the type is known, and nothing is hashed.
    pub fn only_counts(&self) -> bool {
        self.broken || self.hasher.is_none() && self.head.len() >= SNIFF_BYTES
    }

    /// So many bytes of content went by while it [`only_counts`](Self::only_counts).
    pub fn passed(&mut self, bytes: u64) {
        self.size = self.size.saturating_add(bytes);
    }

    /// Bytes of content were not seen, or not in order: what follows can't be hashed, nor does it tell the type.
    pub fn broken(&mut self) {
        self.hasher = None;
        self.broken = true;
    }

    /// Bytes seen so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether content was missed or came out of order.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.head.capacity() + self.hasher.as_ref().map_or(0, |_| size_of::<Sha256>())
    }

    /// Ends the file. `whole` says that this was all of it; only then has it a hash.
    fn finish(self, name: Text, sender: Role, whole: bool) -> File {
        let sha256 = self.hasher.filter(|_| whole).map(|hasher| hasher.finalize().into());
        File { name, sender, size: self.size, mime: mime(&self.head), sha256, too_large: self.too_large }
    }
}

#[derive(Debug)]
struct File {
    name: Text,
    sender: Role,
    size: u64,
    mime: &'static str,
    sha256: Option<[u8; 32]>,
    /// It has no hash for being too large.
    too_large: bool,
}

/// The files that one dissector has seen pass.
#[derive(Debug, Default)]
pub struct Files {
    seen: List<File, LIST_CAP>,
}

impl Files {
    /// Records a file that has passed. A nameless file without content is nothing.
    pub fn push(&mut self, name: Text, sender: Role, transfer: Transfer, whole: bool) {
        if !name.is_empty() || transfer.size > 0 {
            self.seen.push_with(|| transfer.finish(name, sender, whole));
        }
    }

    /// Whether no file has passed.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Writes the `file` element.
    pub fn facts(&self, out: &mut Facts) {
        if self.is_empty() {
            return;
        }
        let files = self.seen.items();
        let omitted = self.seen.omitted();
        // A session that was announced for one file knows its content, and the other session its name.
        let announced = out.expected_file().filter(|_| files.len() == 1).cloned().unwrap_or_default();
        let name = |file: &'_ File| if file.name.is_empty() { announced.clone() } else { file.name.clone() };
        let names: Vec<Text> = files.iter().map(name).collect();
        let mut element = out.element(&file::ELEMENT);
        element.list(&file::NAME, &names, omitted);
        element.list(&file::SIZE, files.iter().map(|file| file.size), omitted);
        element.list(&file::MIME, files.iter().map(|file| file.mime), omitted);
        let hashes: Vec<String> =
            files.iter().map(|file| file.sha256.map(|hash| hex(&hash)).unwrap_or_default()).collect();
        let too_large = files.iter().map(|file| u32::from(file.too_large)).sum::<u32>();
        let unhashed = omitted.saturating_add(too_large);
        element.list(&file::SHA256, hashes.iter().map(|hash| Value::Bytes(hash.as_bytes())), unhashed);
        let senders: Vec<&'static str> = files.iter().map(|file| element.side_name(file.sender)).collect();
        element.list(&file::SENDER, senders, omitted);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.seen.items().iter().map(|file| size_of::<File>() + file.name.heap_bytes()).sum()
    }
}

/// The type that content begins like, or nothing where it begins like none that is known.
fn mime(head: &[u8]) -> &'static str {
    if let Some(kind) = infer::get(head) {
        return kind.mime_type();
    }
    let text = head.trim_ascii_start();
    let plain =
        !text.is_empty() && text.iter().all(|&byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..));
    match text.first() {
        Some(b'{' | b'[') if plain => "application/json",
        _ if plain && std::str::from_utf8(head).is_ok_or_cut() => "text/plain",
        _ => "",
    }
}

/// Whether text is UTF-8, not counting a character that the sniffed head's end may have cut in two.
trait Utf8Head {
    fn is_ok_or_cut(&self) -> bool;
}

impl Utf8Head for Result<&str, std::str::Utf8Error> {
    fn is_ok_or_cut(&self) -> bool {
        self.as_ref().map_or_else(|error| error.error_len().is_none(), |_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_its_type() {
        assert_eq!(mime(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "image/png");
        assert_eq!(mime(b"plain words"), "text/plain");
        assert_eq!(mime(b"{\"a\": 1}"), "application/json");
        assert_eq!(mime(&[0x00, 0x13, 0x9f, 0xff, 0x01]), "");
        assert_eq!(mime(b""), "");
    }

    #[test]
    fn only_a_whole_file_has_a_hash() {
        let pass = |whole| {
            let mut transfer = Transfer::new(HashLimit::ALL);
            transfer.data(b"ab");
            transfer.data(b"c");
            transfer.finish(Text::new(b"x"), Role::Server, whole).sha256.map(|hash| hex(&hash))
        };
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(pass(true).as_deref(), Some(abc));
        assert_eq!(pass(false), None);
    }

    #[test]
    fn a_file_is_hashed_up_to_the_limit_and_not_beyond() {
        let pass = |limit| {
            let mut transfer = Transfer::new(limit);
            transfer.data(b"ab");
            transfer.data(b"c");
            let file = transfer.finish(Text::new(b"x"), Role::Server, true);
            (file.sha256.is_some(), file.too_large, file.size)
        };
        assert_eq!(pass(HashLimit(3)), (true, false, 3));
        assert_eq!(pass(HashLimit(2)), (false, true, 3), "what is left out is told");
        assert_eq!(pass(HashLimit::NONE), (false, false, 3), "nobody asked for it");
    }
}
