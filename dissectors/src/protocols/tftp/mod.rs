//! TFTP over UDP.
//!
//! Specifications: RFC 1350 (TFTP), RFC 2347 to 2349 (options), RFC 7440 (window size). [`packet`] has the layout.
//!
//! The server answers a request from a port of its own, so that request and transfer are two sessions: the first announces the second
//! through [`crate::news`], with the file's name. Both are `tftp`. A transfer is known by its packets: each side's must be TFTP's.
//!
//! A file is hashed where its blocks came in order from the first to one that is shorter than the others; a block that comes twice counts
//! once. Limits: [`ROWS`] requests; file names of 1024 bytes. Ignored on purpose: whether each block is acknowledged, multicast transfers
//! (RFC 2090), the translation of line ends in mode netascii (the hash is that of the bytes that passed).

mod packet;

use std::collections::VecDeque;

use crate::capped::{LIST_CAP, List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::files::{Files, HashLimit, Transfer};
use crate::linewise::decimal;
use crate::news::{Expected, ExpectedFile, News, Place};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use packet::{Options, Packet};

/// Items of the aligned lists.
pub const ROWS: usize = LIST_CAP;
/// Bytes of a block where nothing else was agreed on (RFC 1350 2).
const BLOCK_BYTES: usize = 512;
/// Sizes of blocks that clients agree on, so that a transfer that is met in its middle is known.
const USUAL_BLOCKS: &[usize] = &[512, 1024, 1408, 1416, 1428, 1432, 1448, 1456, 1468, 4096, 8192];

static OPERATION: Field = Field::text("operation", "`read` or `write`", "RFC 1350 5").aligned();
static FILE: Field = Field::text("file", "name of the file asked for", "RFC 1350 5").aligned().long();
static MODE: Field = Field::text("mode", "`octet`, `netascii` or `mail`", "RFC 1350 1").aligned();
static OPTION: Field = Field::text("option", "options asked for, `name=value`", "RFC 2347").list();
static AGREED: Field = Field::text("agreed", "options that the server agreed to, `name=value`", "RFC 2347").list();
static BLOCKS: Field = Field::number("blocks", "blocks of data, repetitions not counted", "RFC 1350 5");
static ERROR: Field = Field::text("error", "why it failed", "RFC 1350 appendix I").list();
static MESSAGE: Field = Field::text("error_message", "the same in the sender's words", "RFC 1350 5").list();

static ELEMENT: Element = Element {
    name: "tftp",
    meaning: "TFTP",
    fields: &[&OPERATION, &FILE, &MODE, &OPTION, &AGREED, &BLOCKS, &ERROR, &MESSAGE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tftp",
    about: About {
        name: "Trivial File Transfer Protocol",
        specification: "RFC 1350, RFC 2347 to 2349, RFC 7440",
        evidence: "a request with a mode, or datagrams of which each is TFTP's",
        limits: "the session of the data is another one than that of the request; multicast is not read",
        ports: &[69],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening: &Opening| Box::new(Tftp { hash: opening.file_hash, ..Tftp::default() }),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    match (packet::read(sample.bytes), sample.role) {
        (Some(Packet::Request { .. }), Role::Client) => Verdict::Match,
        (Some(Packet::OptionAck(options)), Role::Server) if options.is_empty() => Verdict::NeedMore,
        (Some(Packet::OptionAck(options)), Role::Server) if options.are_known() => Verdict::Match,
        // The first block, or one of a size that is usual; a shown datagram may be cut.
        (Some(Packet::Data { block, bytes }), _) if block == 1 || USUAL_BLOCKS.contains(&bytes.len()) => {
            Verdict::Likely
        }
        (Some(Packet::Error { message, .. }), _) if message.len() >= 4 => Verdict::Likely,
        // Four bytes, or any bytes behind four, prove nothing; the other side's may.
        (Some(Packet::Data { .. } | Packet::Ack { .. } | Packet::Error { .. }), _) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

/// What was asked for.
#[derive(Debug)]
struct Row {
    write: bool,
    file: Text,
    mode: Text,
}

/// A file that is passing.
#[derive(Debug)]
struct Passing {
    transfer: Transfer,
    sender: Role,
    /// The last block that came in order.
    block: u16,
    /// What a block must have not to be the last.
    full: usize,
}

#[derive(Debug, Default)]
struct Tftp {
    hash: HashLimit,
    rows: List<Row, ROWS>,
    options: List<Text>,
    agreed: List<Text>,
    errors: List<&'static str>,
    messages: List<Text>,
    blocks: u64,
    /// The size of blocks that was agreed on.
    block_bytes: Option<usize>,
    passing: Option<Passing>,
    /// The file has passed whole; what comes of it again is a repetition.
    whole: bool,
    /// Bytes of the newest request, to tell a repetition from another one.
    request: Option<(bool, Text)>,
    files: Files,
    news: VecDeque<News>,
}

impl Tftp {
    fn request(&mut self, write: bool, file: &[u8], mode: &[u8], options: Options<'_>) {
        let name = Text::long(file);
        if self.request.as_ref().is_some_and(|(was, known)| *was == write && *known == name) {
            return;
        }
        self.finish(false);
        self.whole = false;
        self.block_bytes = None;
        self.request = Some((write, name.clone()));
        self.rows.push_with(|| Row { write, file: name.clone(), mode: Text::new(&mode.to_ascii_lowercase()) });
        note(&mut self.options, options);
        let sender = if write { Role::Client } else { Role::Server };
        self.news.push_back(News::Expect(Expected {
            transport: Transport::Udp,
            at: Place::Same(Role::Client),
            peer: Some(Role::Server),
            app: "tftp",
            file: Some(ExpectedFile { name, sender }),
        }));
    }

    fn data(&mut self, sender: Role, block: u16, bytes: &[u8]) {
        if self.whole {
            return;
        }
        if self.passing.as_ref().is_some_and(|passing| passing.sender != sender) {
            return;
        }
        let (hash, agreed) = (self.hash, self.block_bytes);
        let passing = self.passing.get_or_insert_with(|| {
            // Where nobody said how large blocks are, the first one does.
            let full = agreed.unwrap_or(bytes.len().max(BLOCK_BYTES));
            let mut transfer = Transfer::new(hash);
            if block != 1 {
                transfer.broken();
            }
            Passing { transfer, sender, block: block.wrapping_sub(1), full }
        });
        let ahead = block.wrapping_sub(passing.block);
        // After block 65535 some go on with 0 and some with 1.
        let rolled = passing.block == u16::MAX && block == 1;
        if ahead == 0 || ahead > u16::MAX / 2 {
            return;
        }
        if ahead != 1 && !rolled {
            passing.transfer.broken();
        }
        passing.block = block;
        passing.transfer.data(bytes);
        self.blocks = self.blocks.saturating_add(1);
        if bytes.len() < passing.full {
            self.finish(true);
        }
    }

    fn finish(&mut self, last: bool) {
        if let Some(Passing { transfer, sender, .. }) = self.passing.take() {
            self.whole = last;
            let name = self.request.as_ref().map(|(_, name)| name.clone()).unwrap_or_default();
            let whole = last && !transfer.is_broken();
            self.files.push(name, sender, transfer, whole);
        }
    }
}

/// Keeps options as `name=value`.
fn note(list: &mut List<Text>, options: Options<'_>) {
    for (name, value) in options.iter() {
        list.push_distinct(Text::new(&[&name.to_ascii_lowercase(), value].join(&b'=')));
    }
}

impl Dissector for Tftp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match packet::read(chunk.bytes) {
            Some(Packet::Request { write, file, mode, options }) => self.request(write, file, mode, options),
            Some(Packet::Data { block, bytes }) => self.data(chunk.role, block, bytes),
            Some(Packet::OptionAck(options)) => {
                note(&mut self.agreed, options);
                let size = options.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"blksize"));
                let size = size.and_then(|(_, value)| decimal(value)).and_then(|size| usize::try_from(size).ok());
                self.block_bytes = self.block_bytes.or(size.or(Some(BLOCK_BYTES)));
            }
            Some(Packet::Error { code, message }) => {
                self.errors.push(packet::error(code));
                self.messages.push_with(|| Text::new(message));
                self.finish(false);
            }
            Some(Packet::Ack { .. }) | None => {}
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn end(&mut self, role: Role) {
        if self.passing.as_ref().is_some_and(|passing| passing.sender == role) {
            self.finish(false);
        }
    }

    fn facts(&self, out: &mut Facts) {
        let (rows, omitted) = (self.rows.items(), self.rows.omitted());
        let mut tftp = out.element(&ELEMENT);
        tftp.list(&OPERATION, rows.iter().map(|row| if row.write { "write" } else { "read" }), omitted);
        tftp.list(&FILE, rows.iter().map(|row| &row.file), omitted);
        tftp.list(&MODE, rows.iter().map(|row| &row.mode), omitted);
        tftp.texts(&OPTION, &self.options);
        tftp.texts(&AGREED, &self.agreed);
        if self.blocks > 0 {
            tftp.number(&BLOCKS, self.blocks);
        }
        tftp.list(&ERROR, self.errors.items().iter().copied(), self.errors.omitted());
        tftp.texts(&MESSAGE, &self.messages);
        self.files.facts(out);
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        let texts =
            |list: &List<Text>| list.items().iter().map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>();
        let row = |row: &Row| size_of::<Row>() + row.file.heap_bytes() + row.mode.heap_bytes();
        size_of::<Self>()
            + self.rows.items().iter().map(row).sum::<usize>()
            + texts(&self.options)
            + texts(&self.agreed)
            + texts(&self.messages)
            + self.request.as_ref().map_or(0, |(_, name)| name.heap_bytes())
            + self.passing.as_ref().map_or(0, |passing| passing.transfer.heap_bytes())
            + self.files.heap_bytes()
    }
}
