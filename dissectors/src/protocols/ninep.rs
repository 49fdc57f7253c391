//! 9P: files of Plan 9, virtual machines and WSL (9P2000, with its dialects `.u` and `.L`).
//!
//! ```text
//! 0   length of the whole (4), least significant first
//! 4   kind (an answer's is one more than its question's), tag (2)
//! 7   body; a text is its length (2) and its bytes
//! ```
//!
//! A session is recognised by its first message, which agrees on the version. Names are told as the client walks to them, opens, makes
//! and removes them. Content is passed over. Limits: [`BODY_BYTES`] of a message are read, [`ROWS`] things done to names are told.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// How much of a message is read: a walk has at most sixteen names.
const BODY_BYTES: usize = 8192;
/// The longest message that is believed.
const MESSAGE_BYTES: usize = 64 << 20;
/// The longest version that is believed.
const VERSION_BYTES: u16 = 32;
/// The most things done to names that are told.
const ROWS: usize = 64;

const TVERSION: u8 = 100;
const RVERSION: u8 = 101;

static VERSION: Field =
    Field::text("version", "the dialect that the server chose, else the client's wish", "9P2000 version(5)");
static USER: Field = Field::text("user", "the account", "9P2000 attach(5)");
static TREE: Field = Field::text("tree", "the tree asked for, each once", "9P2000 attach(5)").list();
static OPERATION: Field =
    Field::text("operation", "what was done to a name: `walk`, `create`, `mkdir`, `unlink`, `rename`, ...", "9P2000.L")
        .aligned()
        .items(ROWS);
static NAME: Field =
    Field::text("name", "the name, each once for each operation", "9P2000 walk(5)").aligned().items(ROWS);
static MESSAGES: Field =
    Field::text("calls", "messages of the client and how often", "9P2000 intro(5)").list().items(ROWS);
static ERROR: Field =
    Field::text("error", "what the server refused: a text, or a number of Linux, each once", "9P2000 error(5)").list();

static ELEMENT: Element = Element {
    // An element's name begins with a letter.
    name: "ninep",
    meaning: "files of Plan 9's protocol",
    fields: &[&VERSION, &USER, &TREE, &OPERATION, &NAME, &MESSAGES, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "9p",
    about: About {
        name: "9P of Plan 9",
        specification: "9P2000, 9P2000.u, 9P2000.L",
        evidence: "the first message, which agrees on the version",
        limits: "content is passed over",
        ports: &[564, 5640],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    // The length of the first message, which is short.
    first: FirstBytes::both(&[15..=45]),
    probe,
    open: |_: &Opening| Box::new(NineP::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    let wanted = if sample.role == Role::Client { TVERSION } else { RVERSION };
    let mut reader = Reader::new(sample.bytes);
    let prefix =
        sample.bytes.iter().zip([0, 0, 0, 0, wanted, 0xff, 0xff]).skip(1).all(|(byte, wanted)| *byte == wanted);
    let first = sample.bytes.first().is_none_or(|first| (15..=45).contains(first));
    if !prefix || !first {
        return Verdict::Reject;
    }
    let (Some(length), Some(()), Some(_), Some(text)) =
        (reader.le_u32(), reader.skip(3), reader.le_u32(), reader.le_u16())
    else {
        return Verdict::NeedMore;
    };
    if text > VERSION_BYTES || length != 13 + u32::from(text) {
        return Verdict::Reject;
    }
    let known = reader.rest().iter().zip(b"9P2000").all(|(byte, wanted)| byte == wanted);
    let unknown = reader.rest().iter().zip(b"unknown").all(|(byte, wanted)| byte == wanted);
    match reader.len() {
        0..6 if known || unknown => Verdict::NeedMore,
        _ if known || (unknown && sample.role == Role::Server) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct NineP {
    version: Text,
    agreed: bool,
    user: Text,
    trees: List<Text>,
    rows: List<(&'static str, Text), ROWS>,
    calls: List<(u8, u64), ROWS>,
    errors: List<Text>,
}

impl NineP {
    fn message(&mut self, kind: u8, body: &mut Reader<'_>) -> Option<()> {
        if kind.is_multiple_of(2) {
            match self.calls.items_mut().iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => {
                    self.calls.push((kind, 1));
                }
            }
        }
        match kind {
            TVERSION | RVERSION => {
                body.skip(4)?;
                let version = text(body)?;
                if !self.agreed {
                    self.version = Text::new(version);
                    self.agreed = kind == RVERSION;
                }
            }
            // attach
            104 => {
                body.skip(8)?;
                let user = text(body)?;
                if self.user.is_empty() {
                    self.user = Text::new(user);
                }
                self.trees.push_distinct(Text::new(text(body)?));
            }
            // walk
            110 => {
                body.skip(8)?;
                let mut path = Vec::new();
                for _ in 0..body.le_u16()?.min(16) {
                    if !path.is_empty() {
                        path.push(b'/');
                    }
                    path.extend_from_slice(text(body)?);
                }
                self.row("walk", &path);
            }
            14 | 114 => {
                body.skip(4)?;
                self.row("create", text(body)?);
            }
            16 => {
                body.skip(4)?;
                self.row("symlink", text(body)?);
            }
            18 => {
                body.skip(4)?;
                self.row("mknod", text(body)?);
            }
            70 => {
                body.skip(8)?;
                self.row("link", text(body)?);
            }
            72 => {
                body.skip(4)?;
                self.row("mkdir", text(body)?);
            }
            74 => {
                body.skip(4)?;
                self.row("rename", text(body)?);
            }
            76 => {
                body.skip(4)?;
                self.row("unlink", text(body)?);
            }
            7 => self.errors.push_distinct(Text::from(body.le_u32()?.to_string().as_str())),
            107 => self.errors.push_distinct(Text::new(text(body)?)),
            _ => {}
        }
        Some(())
    }

    fn row(&mut self, operation: &'static str, name: &[u8]) {
        if !name.is_empty() {
            self.rows.push_distinct((operation, Text::new(name)));
        }
    }
}

fn text<'a>(body: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = body.le_u16()?.into();
    body.take(length)
}

impl Dissector for NineP {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let (Some(length), Some(kind), Some(_tag)) = (reader.le_u32(), reader.u8(), reader.le_u16()) else {
            return Step::NeedMore(7);
        };
        let length = length as usize;
        let asks = kind.is_multiple_of(2);
        if !(7..=MESSAGE_BYTES).contains(&length) || asks != (chunk.role == Role::Client) {
            return Step::Violation;
        }
        // Content is in the answer to a read, in a write, and in a listing.
        let wanted = if matches!(kind, 117 | 118 | 41) { 7 } else { length.min(BODY_BYTES) };
        let Some(message) = chunk.bytes.get(..wanted) else {
            return Step::NeedMore(wanted);
        };
        let mut body = Reader::new(message.get(7..).unwrap_or_default());
        let read = self.message(kind, &mut body);
        // A message cut short by its own length says nothing more.
        let _ = read;
        match length.checked_sub(chunk.bytes.len()) {
            Some(beyond @ 1..) => Step::Skip(beyond as u64),
            _ => Step::Consumed(length),
        }
    }

    fn facts(&self, out: &mut Facts) {
        out.user(&self.user);
        let mut element = out.element(&ELEMENT);
        element.text(&VERSION, &self.version);
        element.text(&USER, &self.user);
        element.texts(&TREE, &self.trees);
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        element.list(&OPERATION, rows.iter().map(|(operation, _)| *operation), omitted);
        element.list(&NAME, rows.iter().map(|(_, name)| name), omitted);
        for (kind, count) in self.calls.items() {
            let name = call(*kind).map_or_else(|| format!("{kind}:{count}"), |name| format!("{name}:{count}"));
            element.value(&MESSAGES, Value::Bytes(name.as_bytes()));
        }
        element.texts(&ERROR, &self.errors);
    }

    fn heap_bytes(&self) -> usize {
        let lists = self.trees.items().iter().chain(self.errors.items());
        size_of::<Self>()
            + lists.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + self.rows.items().iter().map(|row| size_of_val(row) + row.1.heap_bytes()).sum::<usize>()
    }
}

const fn call(kind: u8) -> Option<&'static str> {
    Some(match kind {
        8 => "statfs",
        12 => "lopen",
        14 => "lcreate",
        16 => "symlink",
        18 => "mknod",
        20 => "rename",
        22 => "readlink",
        24 => "getattr",
        26 => "setattr",
        30 => "xattrwalk",
        32 => "xattrcreate",
        40 => "readdir",
        50 => "fsync",
        52 => "lock",
        54 => "getlock",
        70 => "link",
        72 => "mkdir",
        74 => "renameat",
        76 => "unlinkat",
        100 => "version",
        102 => "auth",
        104 => "attach",
        108 => "flush",
        110 => "walk",
        112 => "open",
        114 => "create",
        116 => "read",
        118 => "write",
        120 => "clunk",
        122 => "remove",
        124 => "stat",
        126 => "wstat",
        _ => return None,
    })
}
