//! SMB 2 and 3 (MS-SMB2): one message, which may be a part of a compound.
//!
//! ```text
//! 0   FE "SMB"          16  flags (4): 1 response, 2 async, 4 related, 8 signed
//! 4   structure size 64 20  offset of the next message of the compound, 0 in the last (4)
//! 6   credit charge     24  message id (8)
//! 8   status (4)        32  process id and tree id (8), or async id
//! 12  command (2)       40  session id (8)
//! 14  credits (2)       48  signature (16)
//! ```
//!
//! The bodies' offsets below are counted from the body's first byte, 64. A read's answer and a write's request carry content, which
//! is never held. In a related request a file id of all ones is the file of the request before it in the compound.

use crate::capped::Text;
use crate::ntlm::utf16_string;
use crate::protocol::Role;
use crate::reader::Reader;

use super::handles::{Opened, Way};
use super::listing::Layout;
use super::session::{Asked, MESSAGE_BYTES, Outcome, Session, Sink, fits};
use super::status::{Failure, PENDING, is_error};

/// The length of a header.
pub const HEADER: usize = 64;
/// The length of the header before an encrypted message (MS-SMB2 2.2.41).
pub const TRANSFORM: usize = 52;
/// The length of the header before a compressed message (MS-SMB2 2.2.42).
pub const COMPRESSED: usize = 16;
/// The highest command of the specification: a notification of the server (MS-SMB2 2.2.1).
const LAST_COMMAND: u16 = 0x13;

const NEGOTIATE: u16 = 0x00;
const SESSION_SETUP: u16 = 0x01;
const TREE_CONNECT: u16 = 0x03;
const CREATE: u16 = 0x05;
const CLOSE: u16 = 0x06;
const FLUSH: u16 = 0x07;
const READ: u16 = 0x08;
const WRITE: u16 = 0x09;
const LOCK: u16 = 0x0a;
const IOCTL: u16 = 0x0b;
const QUERY_DIRECTORY: u16 = 0x0e;
const QUERY_INFO: u16 = 0x10;
const SET_INFO: u16 = 0x11;

const FLAG_RESPONSE: u32 = 1;
const FLAG_RELATED: u32 = 4;
const FLAG_SIGNED: u32 = 8;

const DELETE_ON_CLOSE: u32 = 0x1000;
const SHARE_OF_PIPES: u8 = 2;
/// In a CREATE answer: an existing file was opened as it was.
const CREATE_OPENED: u32 = 1;
const INFO_FILE: u8 = 1;
/// The control code of a message written to a pipe and its answer (MS-FSCC 2.3.31).
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;

/// What later requests of a compound take over from the earlier.
#[derive(Clone, Copy, Debug, Default)]
pub struct Related {
    number: Option<u32>,
    session: u64,
    tree: u32,
}

/// The parts of a header that matter.
struct Header {
    status: u32,
    command: u16,
    flags: u32,
    next: u32,
    message: u64,
    tree: u32,
    session: u64,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        reader.skip(8)?;
        let status = reader.le_u32()?;
        let command = reader.le_u16()?;
        reader.skip(2)?;
        let (flags, next, message) = (reader.le_u32()?, reader.le_u32()?, reader.le_u64()?);
        reader.skip(4)?;
        let (tree, session) = (reader.le_u32()?, reader.le_u64()?);
        Some(Self { status, command, flags, next, message, tree, session })
    }
}

/// Whether the first bytes of a message are a header's: its size and a command that exists.
pub fn plausible(message: &[u8]) -> bool {
    let mut reader = Reader::new(message.get(4..).unwrap_or_default());
    let size = reader.le_u16();
    let command = reader.skip(6).and_then(|()| reader.le_u16());
    size == Some(HEADER as u16) && command.is_some_and(|command| command <= LAST_COMMAND)
}

/// Reads the message at the beginning of `bytes`, which are all or the first of the frame's last `left` bytes.
pub fn message(session: &mut Session, related: &mut Related, role: Role, bytes: &[u8], left: u64) -> Outcome {
    if left < HEADER as u64 {
        return Outcome::plain(left);
    }
    let (Some(header), Some(body)) = (Header::read(bytes), bytes.get(HEADER..)) else {
        return Outcome::Need(HEADER);
    };
    // A compound's messages follow one another; an offset that leads elsewhere ends it.
    let length = match u64::from(header.next) {
        next if next >= HEADER as u64 && next < left => next,
        _ => left,
    };
    let response = header.flags & FLAG_RESPONSE != 0;
    if !fits(role, response) {
        return Outcome::plain(length);
    }
    let wanted = match (response, header.command) {
        (true, READ) => 16,
        (true, QUERY_DIRECTORY) => 8,
        (false, WRITE) => 48,
        (false, QUERY_INFO) => 40,
        (false, FLUSH | LOCK) => 24,
        (false, IOCTL) => 56,
        (true, IOCTL) => 48,
        (_, NEGOTIATE | SESSION_SETUP | TREE_CONNECT | CREATE | CLOSE | WRITE | READ | QUERY_DIRECTORY | SET_INFO) => {
            MESSAGE_BYTES
        }
        _ => 0,
    };
    let body_length = length.saturating_sub(HEADER as u64);
    let wanted = wanted.min(usize::try_from(body_length).unwrap_or(usize::MAX));
    let body = body.get(..usize::try_from(body_length).unwrap_or(usize::MAX)).unwrap_or(body);
    if body.len() < wanted {
        return Outcome::Need(HEADER.saturating_add(wanted));
    }
    session.known.version(2);
    if matches!(header.command, CREATE | CLOSE | READ | WRITE | QUERY_DIRECTORY | QUERY_INFO | SET_INFO)
        && header.status != PENDING
    {
        session.known.signed(header.flags & FLAG_SIGNED != 0);
    }
    // One read past the body's end makes the whole a message of no interest; so does an interim answer.
    let content = if response {
        session.known.server_spoke = true;
        answer(session, &header, body)
    } else {
        request(session, related, &header, body)
    };
    match content {
        Some((at, content, sink)) => Outcome::with_content((HEADER as u64).saturating_add(at), content, sink, length),
        None => Outcome::plain(length),
    }
}

/// Content of a message: where in the body it begins, its length, and who gets it.
type Content = (u64, u64, Sink);

fn request(session: &mut Session, related: &mut Related, header: &Header, body: &[u8]) -> Option<Content> {
    if header.flags & FLAG_RELATED == 0 {
        *related = Related { number: None, session: header.session, tree: header.tree };
    }
    let mut reader = Reader::new(body);
    match header.command {
        SESSION_SETUP => {
            reader.skip(12)?;
            let blob = slice(body, reader.le_u16()?, reader.le_u16()?)?;
            let login = session.known.token(blob);
            session.pending.ask(header.message, Asked::Setup(login));
        }
        TREE_CONNECT => {
            reader.skip(4)?;
            let path = slice(body, reader.le_u16()?, reader.le_u16()?)?;
            session.known.trees.push_distinct(name(path));
        }
        CREATE => {
            related.number = None;
            reader.skip(40)?;
            let options = reader.le_u32()?;
            let path = slice(body, reader.le_u16()?, reader.le_u16()?)?;
            // The share itself has no name, and nothing is told of it.
            if !path.is_empty() {
                let pipes = session.trees.has_pipes(related.session, related.tree);
                let number = session.handles.ask(related.tree, name(path), pipes, options & DELETE_ON_CLOSE != 0);
                related.number = Some(number);
                session.pending.ask(header.message, Asked::Open(number));
            }
        }
        CLOSE => {
            reader.skip(8)?;
            let number = target(session, related, &mut reader)?;
            session.pending.ask(header.message, Asked::Close(number));
        }
        READ => {
            reader.skip(8)?;
            let offset = reader.le_u64()?;
            let number = target(session, related, &mut reader)?;
            session.pending.ask(header.message, Asked::Read { number, offset });
        }
        WRITE => {
            reader.skip(2)?;
            let (at, length, offset) = (reader.le_u16()?, reader.le_u32()?, reader.le_u64()?);
            let number = target(session, related, &mut reader)?;
            session.pending.ask(header.message, Asked::Write(number));
            let sink = session.wants(number, Way::Up, offset, length.into())?;
            return Some((from_header(at), length.into(), sink));
        }
        QUERY_DIRECTORY => {
            reader.skip(2)?;
            let layout = Layout::of_class(reader.u8()?)?;
            reader.skip(5)?;
            target(session, related, &mut reader);
            session.pending.ask(header.message, Asked::Listing(layout));
        }
        // Nothing is told of these, but what follows in the compound may mean their file.
        FLUSH | LOCK => {
            reader.skip(8)?;
            target(session, related, &mut reader);
        }
        IOCTL => {
            reader.skip(4)?;
            let code = reader.le_u32()?;
            let number = target(session, related, &mut reader);
            let (at, length) = (reader.le_u32()?, reader.le_u32()?);
            let number = number.filter(|_| code == PIPE_TRANSCEIVE)?;
            session.pending.ask(header.message, Asked::Transceive(number));
            let sink = session.wants(number, Way::Up, 0, length.into())?;
            return Some((from_header(u16::try_from(at).ok()?), length.into(), sink));
        }
        QUERY_INFO => {
            reader.skip(24)?;
            target(session, related, &mut reader);
        }
        SET_INFO => {
            reader.skip(2)?;
            let (kind, class, length, at) = (reader.u8()?, reader.u8()?, reader.le_u32()?, reader.le_u16()?);
            reader.skip(6)?;
            let number = target(session, related, &mut reader)?;
            if kind == INFO_FILE {
                let info = slice(body, at, u16::try_from(length).ok()?)?;
                session.pending.ask(header.message, file_info(class, number, info)?);
            }
        }
        _ => {}
    }
    None
}

fn answer(session: &mut Session, header: &Header, body: &[u8]) -> Option<Content> {
    if header.status == PENDING {
        return None;
    }
    session.failed(Failure::of(header.status));
    let failure = is_error(header.status);
    let asked = session.pending.answer(header.message);
    let mut reader = Reader::new(body);
    match header.command {
        NEGOTIATE if !failure => {
            reader.skip(4)?;
            let dialect = reader.le_u16()?;
            session.known.dialects.push_distinct(dialect_name(dialect));
            if (0x0300..0x0400).contains(&dialect) {
                session.known.version(3);
            }
            return None;
        }
        SESSION_SETUP => {
            if let Some(asked) = asked {
                session.answered(asked, failure);
            }
            reader.skip(4)?;
            let blob = slice(body, reader.le_u16()?, reader.le_u16()?)?;
            session.known.token(blob);
            return None;
        }
        TREE_CONNECT if !failure => {
            reader.skip(2)?;
            session.trees.connect(header.session, header.tree, reader.u8()? == SHARE_OF_PIPES);
            return None;
        }
        _ => {}
    }
    match (header.command, asked?) {
        (CREATE, Asked::Open(number)) if !failure => match opened(body) {
            Some(opened) => session.handles.opened(number, opened),
            None => session.handles.refused(number),
        },
        (CLOSE, Asked::Close(number)) if !failure => session.close(number, closed_at(body)),
        (READ, Asked::Read { number, offset }) if !failure => {
            session.answered(Asked::Read { number, offset }, failure);
            reader.skip(2)?;
            let at = reader.u8()?;
            reader.skip(1)?;
            let length = u64::from(reader.le_u32()?);
            let sink = session.wants(number, Way::Down, offset, length)?;
            return Some((from_header(at.into()), length, sink));
        }
        (IOCTL, Asked::Transceive(number)) if !failure => {
            reader.skip(32)?;
            let (at, length) = (reader.le_u32()?, u64::from(reader.le_u32()?));
            let sink = session.wants(number, Way::Down, 0, length)?;
            return Some((from_header(u16::try_from(at).ok()?), length, sink));
        }
        (QUERY_DIRECTORY, Asked::Listing(layout)) if !failure => {
            reader.skip(2)?;
            let (at, length) = (reader.le_u16()?, reader.le_u32()?);
            return Some((from_header(at), length.into(), Sink::Listing(layout)));
        }
        (_, asked) => session.answered(asked, failure),
    }
    None
}

/// What a CREATE answer says.
fn opened(body: &[u8]) -> Option<Opened> {
    let mut reader = Reader::new(body);
    reader.skip(4)?;
    let made = reader.le_u32()? != CREATE_OPENED;
    reader.skip(40)?;
    let end_of_file = reader.le_u64()?;
    reader.skip(8)?;
    Some(Opened { id: id(&mut reader)?, end_of_file, made, pipe: false })
}

/// The file's length, where a CLOSE answer was asked for it.
fn closed_at(body: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(body);
    reader.skip(2)?;
    let attributes = reader.le_u16()? & 1 != 0;
    reader.skip(44)?;
    reader.le_u64().filter(|_| attributes)
}

/// What setting a file's information asks for (MS-FSCC 2.4): a new name, its deletion, its length.
fn file_info(class: u8, number: u32, info: &[u8]) -> Option<Asked> {
    let mut reader = Reader::new(info);
    Some(match class {
        10 | 65 => {
            reader.skip(16)?;
            let length = usize::try_from(reader.le_u32()?).ok()?;
            Asked::Rename { number, to: name(reader.take(length)?) }
        }
        13 => Asked::DeleteOnClose { number, delete: reader.u8()? != 0 },
        64 => Asked::DeleteOnClose { number, delete: reader.le_u32()? & 1 != 0 },
        20 => Asked::Resize { number, end_of_file: reader.le_u64()? },
        _ => return None,
    })
}

/// The open file that a request means. In a compound it is the one that what follows means, too.
fn target(session: &Session, related: &mut Related, reader: &mut Reader<'_>) -> Option<u32> {
    match id(reader)? {
        u128::MAX => {}
        id => related.number = session.handles.find(id),
    }
    related.number
}

fn id(reader: &mut Reader<'_>) -> Option<u128> {
    reader.array().map(u128::from_le_bytes)
}

/// A part of the body by its offset from the header's first byte.
fn slice(body: &[u8], at: u16, length: u16) -> Option<&[u8]> {
    if length == 0 {
        return Some(&[]);
    }
    let at = usize::from(at).checked_sub(HEADER)?;
    body.get(at..at.saturating_add(usize::from(length)))
}

fn from_header(at: u16) -> u64 {
    u64::from(at).saturating_sub(HEADER as u64)
}

fn name(path: &[u8]) -> Text {
    Text::long(utf16_string(path).as_bytes())
}

fn dialect_name(dialect: u16) -> Text {
    Text::from(match dialect {
        0x0202 => "2.0.2",
        0x0210 => "2.1",
        0x02ff => "2.wildcard",
        0x0300 => "3.0",
        0x0302 => "3.0.2",
        0x0310 => "3.1.0",
        0x0311 => "3.1.1",
        _ => return Text::from(format!("0x{dialect:04X}").as_str()),
    })
}
