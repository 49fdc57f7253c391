//! Header fields of a message and of its parts (RFC 5322 2.2), a line at a time.
//!
//! ```text
//! name: text CR LF   SP continued text CR LF   ...   CR LF
//! ```
//!
//! Of a field [`FIELD_BYTES`] are looked at, folded lines joined by one space; fields that say nothing to anybody here are not
//! held at all. Lines that are no fields are passed over.

use super::pieces::Piece;

/// The most bytes of a field's text.
const FIELD_BYTES: usize = 4096;

/// The fields that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    From,
    To,
    Cc,
    Subject,
    Date,
    MessageId,
    InReplyTo,
    ReplyTo,
    Mailer,
    OriginatingIp,
    ContentType,
    Disposition,
    Encoding,
}

const NAMES: [(&str, Name); 15] = [
    ("from", Name::From),
    ("to", Name::To),
    ("cc", Name::Cc),
    ("subject", Name::Subject),
    ("date", Name::Date),
    ("message-id", Name::MessageId),
    ("in-reply-to", Name::InReplyTo),
    ("reply-to", Name::ReplyTo),
    ("user-agent", Name::Mailer),
    ("x-mailer", Name::Mailer),
    ("x-newsreader", Name::Mailer),
    ("x-originating-ip", Name::OriginatingIp),
    ("content-type", Name::ContentType),
    ("content-disposition", Name::Disposition),
    ("content-transfer-encoding", Name::Encoding),
];

/// What a piece of a header led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing yet.
    More,
    /// A field was whole.
    Field(Name, Vec<u8>),
}

/// The field being read.
#[derive(Debug, Default)]
pub(super) struct Headers {
    open: Option<(Name, Vec<u8>)>,
}

impl Headers {
    /// Takes a piece of a line that is not the empty one after the last field.
    pub(super) fn piece(&mut self, piece: Piece<'_>) -> Progress {
        let folded = matches!(piece.bytes, [b' ' | b'\t', ..]);
        if !piece.starts || folded {
            if let Some((_, text)) = &mut self.open {
                let (space, more): (&[u8], _) =
                    if piece.starts { (b" ", piece.bytes.trim_ascii_start()) } else { (b"", piece.bytes) };
                append(text, space);
                append(text, more);
            }
            return Progress::More;
        }
        let before = self.finish();
        let mut parts = piece.bytes.splitn(2, |byte| *byte == b':');
        if let (Some(name), Some(text)) = (parts.next(), parts.next())
            && let Some(name) = known(name.trim_ascii_end())
        {
            let mut value = Vec::new();
            append(&mut value, text.trim_ascii_start());
            self.open = Some((name, value));
        }
        before
    }

    /// The last field is whole.
    pub(super) fn finish(&mut self) -> Progress {
        self.open.take().map_or(Progress::More, |(name, mut text)| {
            text.truncate(text.trim_ascii_end().len());
            Progress::Field(name, text)
        })
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.open.as_ref().map_or(0, |(_, text)| text.capacity())
    }
}

fn known(name: &[u8]) -> Option<Name> {
    NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())).map(|(_, name)| *name)
}

fn append(text: &mut Vec<u8>, more: &[u8]) {
    let room = FIELD_BYTES.saturating_sub(text.len());
    text.extend_from_slice(more.get(..room).unwrap_or(more));
}
