//! NBD: block devices over TCP (the NBD project's proto.md).
//!
//! ```text
//! server   "NBDMAGIC" "IHAVEOPT" flags (2)            newer handshake: the client chooses by options
//!          "NBDMAGIC" 0000420281861253 size (8) ...   older handshake: the only export, at once
//! client   flags (4), options: "IHAVEOPT", number (4), length (4), data
//! server   replies: 0003E889045565A9, option (4), kind (4), length (4), data
//! then     requests: 25609513, flags (2), command (2), handle (8), offset (8), length (4), data of a write
//!          replies of two forms, with the data of reads
//! ```
//!
//! The client's side is read to its end, the server's up to its first answer to a request: replies do not tell their length.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

const MAGIC: &[u8; 8] = b"NBDMAGIC";
const OPTION: &[u8; 8] = b"IHAVEOPT";
const OLD: u64 = 0x0000_4202_8186_1253;
const REPLY: u64 = 0x0003_e889_0455_65a9;
const REQUEST: u32 = 0x2560_9513;
/// The first bytes of the server: two magic numbers and flags, or a size, flags and zeros.
const NEW_GREETING: usize = 18;
const OLD_GREETING: usize = 152;
/// The longest option that is looked at: names end at 4096 bytes.
const OPTION_BYTES: usize = 8192;
const NAMES: [&str; 9] = ["READ", "WRITE", "DISC", "FLUSH", "TRIM", "CACHE", "WRITE_ZEROES", "BLOCK_STATUS", "RESIZE"];

static EXPORT: Field = Field::text("export", "devices asked for by name, each once", "NBD, option haggling").list();
static OFFERED: Field =
    Field::text("offered", "devices that the server listed, each once", "NBD, option haggling").list();
static SIZE: Field = Field::number("size", "the device's size as the server told it", "NBD, handshake").unit("bytes");
static COMMANDS: Field =
    Field::text("commands", "commands and how often, such as `READ:12`", "NBD, request types").list();
static BYTES_READ: Field = Field::number("read_bytes", "bytes asked for", "NBD, request message").unit("bytes");
static BYTES_WRITTEN: Field = Field::number("written_bytes", "bytes written", "NBD, request message").unit("bytes");
static STARTTLS: Field =
    Field::new(Kind::YesNo, "starttls", "`yes` where the client asked for TLS", "NBD, TLS support");

static ELEMENT: Element = Element {
    name: "nbd",
    meaning: "block devices over the network",
    fields: &[&EXPORT, &OFFERED, &SIZE, &COMMANDS, &BYTES_READ, &BYTES_WRITTEN, &STARTTLS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nbd",
    about: About {
        name: "Network Block Device",
        specification: "the NBD project's proto.md",
        evidence: "`NBDMAGIC`, or a client's options behind its flags; requests alone only fit",
        limits: "the server's side is read up to its first reply; content is passed over",
        ports: &[10809],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0, 0x25..=0x25], server: &[b'N'..=b'N'] },
    probe,
    open: |_: &Opening| Box::new(Nbd::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    let begins = |wanted: &[u8]| sample.bytes.iter().zip(wanted).all(|(byte, wanted)| byte == wanted);
    if sample.role == Role::Server {
        return match begins(MAGIC) {
            false => Verdict::Reject,
            true if sample.bytes.len() < MAGIC.len() => Verdict::NeedMore,
            true => Verdict::Match,
        };
    }
    // The client's flags, then an option; or a request at once. Alone these are little.
    let mut reader = Reader::new(sample.bytes);
    match reader.be_u32() {
        Some(0..=3) if reader.rest().iter().zip(OPTION).all(|(byte, wanted)| byte == wanted) => {
            if reader.len() >= OPTION.len() { Verdict::Match } else { Verdict::NeedMore }
        }
        Some(REQUEST) => Verdict::Likely,
        None if matches!(sample.bytes, [0, ..]) || begins(&REQUEST.to_be_bytes()) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Nbd {
    greeted: bool,
    /// The older handshake: there are no options.
    old: bool,
    flags_seen: bool,
    exports: List<Text>,
    offered: List<Text>,
    size: Option<u64>,
    commands: List<(u16, u64)>,
    read: u64,
    written: u64,
    starttls: bool,
    /// The server answers requests now.
    transmitting: bool,
}

/// What an option asks for.
const EXPORT_NAME: u32 = 1;
const LIST: u32 = 3;
const TLS: u32 = 5;
const INFO: u32 = 6;
const GO: u32 = 7;

impl Nbd {
    fn client(&mut self, bytes: &[u8]) -> Step {
        let mut reader = Reader::new(bytes);
        if bytes.first() == Some(&0) && !self.flags_seen && !self.old {
            self.flags_seen = true;
            return if bytes.len() < 4 {
                self.flags_seen = false;
                Step::NeedMore(4)
            } else {
                Step::Consumed(4)
            };
        }
        if bytes.first() == Some(&b'I') {
            let (Some(magic), Some(number), Some(length)) = (reader.array::<8>(), reader.be_u32(), reader.be_u32())
            else {
                return Step::NeedMore(16);
            };
            let length = length as usize;
            if magic != *OPTION || length > OPTION_BYTES {
                return Step::Violation;
            }
            let Some(data) = reader.take(length) else {
                return Step::NeedMore(length.saturating_add(16));
            };
            self.option(number, data);
            return Step::Consumed(length.saturating_add(16));
        }
        let (Some(magic), Some(_), Some(command)) = (reader.be_u32(), reader.be_u16(), reader.be_u16()) else {
            return Step::NeedMore(28);
        };
        if magic != REQUEST {
            return Step::Violation;
        }
        let (Some(()), Some(length)) = (reader.skip(16), reader.be_u32()) else {
            return Step::NeedMore(28);
        };
        self.transmitting = true;
        match self.commands.items_mut().iter_mut().find(|(known, _)| *known == command) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                self.commands.push((command, 1));
            }
        }
        match command {
            0 => self.read = self.read.saturating_add(length.into()),
            1 => {
                self.written = self.written.saturating_add(length.into());
                let after = reader.len() as u64;
                return match u64::from(length).checked_sub(after) {
                    Some(beyond @ 1..) => Step::Skip(beyond),
                    _ => Step::Consumed(28usize.saturating_add(length as usize)),
                };
            }
            _ => {}
        }
        Step::Consumed(28)
    }

    fn option(&mut self, number: u32, data: &[u8]) {
        match number {
            EXPORT_NAME => self.exports.push_distinct(Text::new(data)),
            TLS => self.starttls = true,
            INFO | GO => {
                let mut reader = Reader::new(data);
                let length = reader.be_u32().map(|length| length as usize);
                if let Some(name) = length.and_then(|length| reader.take(length)) {
                    self.exports.push_distinct(Text::new(name));
                }
            }
            _ => {}
        }
    }

    fn server(&mut self, bytes: &[u8]) -> Step {
        let mut reader = Reader::new(bytes);
        if !self.greeted {
            let (Some(magic), Some(second)) = (reader.array::<8>(), reader.be_u64()) else {
                return Step::NeedMore(16);
            };
            if magic != *MAGIC {
                return Step::Violation;
            }
            let length = if second == OLD { OLD_GREETING } else { NEW_GREETING };
            if bytes.len() < length {
                return Step::NeedMore(length);
            }
            self.greeted = true;
            self.old = second == OLD;
            if self.old {
                self.size = reader.be_u64();
            }
            return Step::Consumed(length);
        }
        let (Some(magic), Some(option), Some(kind), Some(length)) =
            (reader.be_u64(), reader.be_u32(), reader.be_u32(), reader.be_u32())
        else {
            // What answers EXPORT_NAME or a request is of no interest, and may be shorter.
            return if bytes.first() == Some(&0) && !self.transmitting {
                Step::NeedMore(20)
            } else {
                Step::Skip(u64::MAX)
            };
        };
        let length = length as usize;
        if magic != REPLY {
            // The size comes first where a device was asked for in the oldest way.
            if self.size.is_none() && !self.exports.is_empty() && !self.transmitting {
                self.size = Some(magic);
            }
            return Step::Skip(u64::MAX);
        }
        if length > OPTION_BYTES {
            return Step::Violation;
        }
        let Some(data) = reader.take(length) else {
            return Step::NeedMore(length.saturating_add(20));
        };
        let mut data = Reader::new(data);
        match (option, kind) {
            (LIST, 2) => {
                let length = data.be_u32().map(|length| length as usize);
                if let Some(name) = length.and_then(|length| data.take(length)) {
                    self.offered.push_distinct(Text::new(name));
                }
            }
            // Information of kind 0: the size.
            (INFO | GO, 3) if data.be_u16() == Some(0) => self.size = data.be_u64(),
            _ => {}
        }
        Step::Consumed(length.saturating_add(20))
    }
}

impl Dissector for Nbd {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match chunk.role {
            Role::Client => self.client(chunk.bytes),
            Role::Server => self.server(chunk.bytes),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.texts(&EXPORT, &self.exports);
        element.texts(&OFFERED, &self.offered);
        if let Some(size) = self.size {
            element.number(&SIZE, size);
        }
        for (command, count) in self.commands.items() {
            let text = match NAMES.get(usize::from(*command)) {
                Some(name) => format!("{name}:{count}"),
                None => format!("{command}:{count}"),
            };
            element.value(&COMMANDS, Value::Bytes(text.as_bytes()));
        }
        for (field, bytes) in [(&BYTES_READ, self.read), (&BYTES_WRITTEN, self.written)] {
            if bytes > 0 {
                element.number(field, bytes);
            }
        }
        if self.starttls {
            element.yes_no(&STARTTLS, true);
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.exports.items().iter().chain(self.offered.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}
