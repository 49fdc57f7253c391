//! The parts of a message (RFC 2045, 2046), as they pass.
//!
//! ```text
//! fields, empty line, then by Content-Type:
//!   multipart/*; boundary=b    preamble  CRLF --b CRLF  part  CRLF --b CRLF ... CRLF --b-- CRLF  epilogue;   a part is fields and content
//!   message/rfc822             a message inside the message
//!   anything else              content, in its Content-Transfer-Encoding
//! ```
//!
//! A part that has a file's name (Content-Disposition `filename`, else Content-Type `name`), or says that it is attached, is a
//! file: it streams through its decoder into [`Transfer`]. All else is passed over. Multiparts lie inside one another
//! on a stack of [`DEPTH`] delimiters; what lies deeper is content of the part that holds it. A delimiter of an outer multipart ends the
//! inner ones. A message inside another that has a name of its own is one file, else its parts are looked for.
//!
//! Ignored on purpose: uuencoded files in text, TNEF, S/MIME and PGP (their envelopes are files like others), parts that lie elsewhere
//! (message/external-body, message/partial).

use super::headers::{Headers, Name, Progress};
use super::letter::Letter;
use super::parameters::{parameter, value};
use super::pieces::{Eol, Piece};
use super::transfer::Decoder;
use crate::capped::{List, Text};
use crate::files::{Files, HashLimit, Transfer};
use crate::protocol::Role;

/// The most multiparts inside one another.
pub const DEPTH: usize = 12;
/// The longest boundary (RFC 2046 5.1.1: seventy), with room for those who do not count.
const BOUNDARY: usize = 200;

/// Where what is found in a message goes.
pub(super) struct Sink<'s> {
    pub letters: &'s mut dyn FnMut(Letter),
    pub attachments: &'s mut List<Text>,
    pub files: &'s mut Files,
    pub sender: Role,
    pub hash: HashLimit,
}

/// What a part's fields say of its content.
#[derive(Debug, Default)]
struct Part {
    boundary: Option<Vec<u8>>,
    message: bool,
    /// From Content-Disposition, and from Content-Type.
    names: [Option<Text>; 2],
    attached: bool,
    encoding: Vec<u8>,
}

/// A file that passes.
#[derive(Debug)]
struct Leaf {
    name: Text,
    decoder: Decoder,
    transfer: Transfer,
    /// The last line's end: content, unless a delimiter follows.
    end: Option<Eol>,
}

#[derive(Debug)]
enum State {
    Fields(Headers, Part),
    File(Box<Leaf>),
    /// Content that nobody wants.
    Passing,
}

/// The reader of one message.
#[derive(Debug)]
pub(super) struct Mime {
    /// `--boundary` of each multipart that is open, the outermost first.
    delimiters: Vec<Vec<u8>>,
    state: State,
    /// The message's own header, until it has ended.
    letter: Option<Letter>,
}

impl Mime {
    /// At a message's first byte. `headed` says that it begins with its header, and not after it.
    pub(super) fn new(headed: bool) -> Self {
        let (state, letter) = if headed {
            (State::Fields(Headers::default(), Part::default()), Some(Letter::default()))
        } else {
            (State::Passing, None)
        };
        Self { delimiters: Vec::new(), state, letter }
    }

    /// Takes the next piece of a line.
    pub(super) fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink<'_>) {
        if piece.starts
            && let Some((level, last)) = self.delimiter(piece.bytes)
        {
            self.end_part(true, sink);
            self.delimiters.truncate(if last { level } else { level.saturating_add(1) });
            self.state = if last { State::Passing } else { State::Fields(Headers::default(), Part::default()) };
            return;
        }
        match &mut self.state {
            State::Passing => {}
            State::File(leaf) => {
                let Leaf { decoder, transfer, end, .. } = leaf.as_mut();
                if let Some(end) = end.take() {
                    decoder.end_line(end, &mut |bytes| transfer.data(bytes));
                }
                decoder.data(piece.bytes, &mut |bytes| transfer.data(bytes));
                *end = piece.end;
            }
            State::Fields(headers, _) => {
                let last = piece.starts && piece.bytes.is_empty();
                let progress = if last { headers.finish() } else { headers.piece(piece) };
                self.progress(progress);
                if last {
                    self.end_fields(sink);
                }
            }
        }
    }

    /// Bytes were not seen. The next delimiter mends it all.
    pub(super) fn gap(&mut self) {
        match &mut self.state {
            State::File(leaf) => leaf.transfer.broken(),
            State::Fields(..) => {
                self.state = State::Passing;
                // A header that was not seen to its end tells nothing: which of its fields are missing is not known.
                self.letter = None;
            }
            State::Passing => {}
        }
    }

    /// The message has ended; `whole` says that this was all of it.
    pub(super) fn finish(mut self, whole: bool, sink: &mut Sink<'_>) {
        if let State::Fields(headers, _) = &mut self.state
            && whole
        {
            let progress = headers.finish();
            self.progress(progress);
        }
        self.tell(sink);
        if let State::File(leaf) = &mut self.state
            && let Some(end) = leaf.end.take()
        {
            leaf.decoder.end_line(end, &mut |bytes| leaf.transfer.data(bytes));
        }
        self.end_part(whole, sink);
    }

    /// Only the message's header was sent, or little more.
    pub(super) fn finish_header(mut self, sink: &mut Sink<'_>) {
        if let State::Fields(headers, _) = &mut self.state {
            let progress = headers.finish();
            self.progress(progress);
        }
        self.tell(sink);
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let state = match &self.state {
            State::Fields(headers, part) => headers.heap_bytes().saturating_add(part.encoding.capacity()),
            State::File(leaf) => size_of::<Leaf>() + leaf.name.heap_bytes() + leaf.transfer.heap_bytes(),
            State::Passing => 0,
        };
        let delimiters: usize = self.delimiters.iter().map(|delimiter| size_of::<Vec<u8>>() + delimiter.len()).sum();
        state + delimiters + self.letter.as_ref().map_or(0, Letter::heap_bytes)
    }

    /// Whether a line is a delimiter: the place of its multipart on the stack, and whether it is the last one.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        if !line.starts_with(b"--") {
            return None;
        }
        self.delimiters.iter().enumerate().rev().find_map(|(level, delimiter)| {
            let rest = line.strip_prefix(delimiter.as_slice())?;
            let last = rest.starts_with(b"--");
            (last || rest.trim_ascii().is_empty()).then_some((level, last))
        })
    }

    fn progress(&mut self, progress: Progress) {
        let Progress::Field(name, text) = progress else {
            return;
        };
        if let Some(letter) = &mut self.letter {
            letter.field(name, &text);
        }
        let State::Fields(_, part) = &mut self.state else {
            return;
        };
        let [disposed, typed] = &mut part.names;
        let named = |parameter_name| parameter(&text, parameter_name).map(|name| Text::long(&name));
        match name {
            Name::ContentType => {
                let kind = value(&text).to_ascii_lowercase();
                *typed = named(b"name").filter(|name| !name.is_empty());
                part.message = matches!(kind.as_slice(), b"message/rfc822" | b"message/global" | b"message/news");
                let boundary = parameter(&text, b"boundary").filter(|_| kind.starts_with(b"multipart/"));
                part.boundary = boundary.filter(|boundary| (1..=BOUNDARY).contains(&boundary.len()));
            }
            Name::Disposition => {
                part.attached = value(&text).eq_ignore_ascii_case(b"attachment");
                *disposed = named(b"filename").filter(|name| !name.is_empty());
            }
            Name::Encoding => part.encoding = value(&text).to_vec(),
            _ => {}
        }
    }

    fn end_fields(&mut self, sink: &mut Sink<'_>) {
        self.tell(sink);
        let State::Fields(_, part) = std::mem::replace(&mut self.state, State::Passing) else {
            return;
        };
        let [disposed, typed] = part.names;
        let name = disposed.or(typed);
        if let Some(boundary) = part.boundary.filter(|_| self.delimiters.len() < DEPTH) {
            self.delimiters.push([b"--", boundary.as_slice()].concat());
        } else if part.message && name.is_none() {
            self.state = State::Fields(Headers::default(), Part::default());
        } else if name.is_some() || part.attached {
            let name = name.unwrap_or_default();
            if !name.is_empty() {
                sink.attachments.push(name.clone());
            }
            let (decoder, transfer) = (Decoder::named(&part.encoding), Transfer::new(sink.hash));
            self.state = State::File(Box::new(Leaf { name, decoder, transfer, end: None }));
        }
    }

    fn end_part(&mut self, whole: bool, sink: &mut Sink<'_>) {
        if let State::File(mut leaf) = std::mem::replace(&mut self.state, State::Passing) {
            leaf.decoder.finish(&mut |bytes| leaf.transfer.data(bytes));
            let whole = whole && !leaf.transfer.is_broken();
            sink.files.push(leaf.name, sink.sender, leaf.transfer, whole);
        }
    }

    /// The message's own header has ended.
    fn tell(&mut self, sink: &mut Sink<'_>) {
        if let Some(letter) = self.letter.take().filter(|letter| !letter.is_empty()) {
            (sink.letters)(letter);
        }
    }
}
