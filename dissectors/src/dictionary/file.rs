//! The fields of `file`: files that moved in a session, whatever the protocol.

use super::{Element, Field};

/// Name.
pub static NAME: Field = Field::text("name", "the file's name as the protocol gave it", "").aligned().long();
/// Size.
pub static SIZE: Field = Field::number("size", "bytes of content seen", "").aligned().unit("bytes");
/// Type.
pub static MIME: Field =
    Field::text("mime", "type told by the content's first bytes, not by the protocol", "RFC 6838").aligned();
/// Hash.
pub static SHA256: Field = Field::text(
    "sha256",
    "hash of the content, where every byte was seen in order and they are not more than `--file-hash-limit`",
    "FIPS 180-4",
)
.aligned();
/// Sender.
pub static SENDER: Field = Field::text("sender", "`src` or `dst`: who sent it", "").aligned();

/// The element.
pub static ELEMENT: Element = Element {
    name: "file",
    meaning: "files that moved in the session, an item of each list per file",
    fields: &[&NAME, &SIZE, &MIME, &SHA256, &SENDER],
};
