//! SMB 1, also called CIFS (MS-CIFS, with the extended security of MS-SMB): one message.
//!
//! ```text
//! 0   FF "SMB"        9   flags: 80 response          24  tree id (2)
//! 4   command         10  flags: 4 signed, 4000       26  process id (2)
//! 5   status (4)          NT_STATUS, 8000 UTF-16      28  user id (2)
//!                     14  signature (8)               30  multiplex id (2)
//! 32  number of words, words (2 each), number of bytes (2), bytes
//! ```
//!
//! The words of a command with *AndX* in its name begin with the next command and the offset of its words, so that a message may
//! be a chain. Offsets are counted from the header's first byte; UTF-16 text begins at an even one. Raw reads and writes, the
//! commands of the first dialects that open or read files, and content in the later parts of a chain are ignored on purpose.

use crate::capped::Text;
use crate::ntlm::{Login, utf16, utf16_string};
use crate::protocol::Role;
use crate::reader::Reader;

use super::handles::{Action, Opened, Tree, Way};
use super::listing::Layout;
use super::session::{Asked, MESSAGE_BYTES, Outcome, Session, Sink, fits};
use super::status::{Failure, is_error};

/// The length of a header.
pub const HEADER: usize = 32;
/// The most commands in one chain.
const CHAIN: usize = 8;

const CREATE_DIRECTORY: u8 = 0x00;
const DELETE_DIRECTORY: u8 = 0x01;
const CLOSE: u8 = 0x04;
const DELETE: u8 = 0x06;
const RENAME: u8 = 0x07;
const TRANSACTION: u8 = 0x25;
const OPEN_ANDX: u8 = 0x2d;
const READ_ANDX: u8 = 0x2e;
const WRITE_ANDX: u8 = 0x2f;
const TRANSACTION2: u8 = 0x32;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP_ANDX: u8 = 0x73;
const LOGOFF_ANDX: u8 = 0x74;
const TREE_CONNECT_ANDX: u8 = 0x75;
const LOCKING_ANDX: u8 = 0x24;
const NT_CREATE_ANDX: u8 = 0xa2;
const NT_RENAME: u8 = 0xa5;
/// In place of a next command: the chain ends.
const NO_ANDX: u8 = 0xff;

/// The transaction that writes a message to a pipe and reads the answer.
const TRANSACT_PIPE: u16 = 0x0026;

const FLAG_RESPONSE: u8 = 0x80;
const FLAG2_SIGNED: u16 = 0x0004;
const FLAG2_NT_STATUS: u16 = 0x4000;
const FLAG2_UNICODE: u16 = 0x8000;

const DELETE_ON_CLOSE: u32 = 0x1000;
/// In an answer to an opening: an existing file was opened as it was.
const CREATE_OPENED: u32 = 1;
/// In a negotiation's answer: passwords are not sent in clear text.
const MODE_CHALLENGE: u8 = 0x02;

/// The parts of a header that matter.
struct Header {
    command: u8,
    status: u32,
    flags: u8,
    flags2: u16,
    tree: u16,
    process: u16,
    user: u16,
    multiplex: u16,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        reader.skip(4)?;
        let (command, status) = (reader.u8()?, reader.le_u32()?);
        let (flags, flags2) = (reader.u8()?, reader.le_u16()?);
        reader.skip(12)?;
        let (tree, process) = (reader.le_u16()?, reader.le_u16()?);
        let (user, multiplex) = (reader.le_u16()?, reader.le_u16()?);
        Some(Self { command, status, flags, flags2, tree, process, user, multiplex })
    }

    fn unicode(&self) -> bool {
        self.flags2 & FLAG2_UNICODE != 0
    }

    fn failure(&self) -> Option<Failure> {
        if self.flags2 & FLAG2_NT_STATUS != 0 {
            return Failure::of(self.status);
        }
        let [class, _, low, high] = self.status.to_le_bytes();
        (class != 0).then(|| Failure::Dos(class, u16::from_le_bytes([low, high])))
    }

    fn refuses(&self) -> bool {
        if self.flags2 & FLAG2_NT_STATUS != 0 { is_error(self.status) } else { self.status & 0xff != 0 }
    }

    /// What tells the answer to a request of this command.
    fn key(&self, command: u8) -> u64 {
        u64::from(self.multiplex) | u64::from(self.process) << 16 | u64::from(command) << 32
    }
}

/// One command of a message: its words and its bytes.
struct Part<'a> {
    message: &'a [u8],
    unicode: bool,
    command: u8,
    words: &'a [u8],
    bytes: &'a [u8],
    /// Where the bytes begin in the message.
    bytes_at: usize,
}

impl<'a> Part<'a> {
    /// The command whose words begin at `at`. What the message does not hold is missing from its end.
    fn read(message: &'a [u8], unicode: bool, command: u8, at: usize) -> Option<Self> {
        let mut reader = Reader::new(message.get(at..)?);
        let count = usize::from(reader.u8()?).saturating_mul(2);
        let words = reader.take(count)?;
        let length = usize::from(reader.le_u16()?);
        let bytes = reader.rest().get(..length).unwrap_or(reader.rest());
        let bytes_at = at.saturating_add(count).saturating_add(3);
        Some(Self { message, unicode, command, words, bytes, bytes_at })
    }

    /// A reader of the words from byte `at` on.
    fn words(&self, at: usize) -> Reader<'a> {
        Reader::new(self.words.get(at..).unwrap_or_default())
    }

    /// Texts among the bytes, from byte `at` on.
    fn texts(&self, at: usize) -> Texts<'a> {
        Texts { message: self.message, at: self.bytes_at.saturating_add(at), unicode: self.unicode }
    }

    /// The next command and where its words begin.
    fn next(&self) -> Option<(u8, usize)> {
        let chained = matches!(
            self.command,
            LOCKING_ANDX
                | OPEN_ANDX
                | READ_ANDX
                | WRITE_ANDX
                | SESSION_SETUP_ANDX
                | LOGOFF_ANDX
                | TREE_CONNECT_ANDX
                | NT_CREATE_ANDX
        );
        let mut words = self.words(0);
        let command = words.u8().filter(|command| chained && *command != NO_ANDX)?;
        words.skip(1)?;
        let at = usize::from(words.le_u16()?);
        // Only forwards: a chain can't be a ring.
        (at >= self.bytes_at).then_some((command, at))
    }
}

/// Reads texts that end with a NUL, one after the other.
struct Texts<'a> {
    message: &'a [u8],
    at: usize,
    unicode: bool,
}

impl<'a> Texts<'a> {
    /// The bytes of the next text, aligned where it is UTF-16.
    fn raw(&mut self) -> Option<&'a [u8]> {
        if self.unicode {
            self.at = self.at.checked_next_multiple_of(2)?;
        }
        let rest = self.message.get(self.at..)?;
        let (text, used) = if self.unicode {
            let units = rest.chunks_exact(2).take_while(|unit| *unit != [0, 0]).count().saturating_mul(2);
            (rest.get(..units)?, units.saturating_add(2))
        } else {
            let length = memchr::memchr(0, rest).unwrap_or(rest.len());
            (rest.get(..length)?, length.saturating_add(1))
        };
        self.at = self.at.saturating_add(used);
        Some(text)
    }

    fn text(&mut self) -> Text {
        decode(self.raw().unwrap_or_default(), self.unicode)
    }

    fn name(&mut self) -> Text {
        path(self.raw().unwrap_or_default(), self.unicode)
    }

    /// A name after its format byte.
    fn formatted(&mut self) -> Text {
        self.at = self.at.saturating_add(1);
        self.name()
    }
}

fn decode(bytes: &[u8], unicode: bool) -> Text {
    if unicode { utf16(bytes) } else { Text::new(bytes) }
}

/// A path as SMB 2 has it: without the backslash that it begins with.
fn path(bytes: &[u8], unicode: bool) -> Text {
    let bytes = match (bytes, unicode) {
        ([b'\\', 0, rest @ ..], true) | ([b'\\', rest @ ..], false) => rest,
        _ => bytes,
    };
    if unicode { Text::long(utf16_string(bytes).as_bytes()) } else { Text::long(bytes) }
}

/// Reads the message at the beginning of `bytes`, which are all or the first of a frame of `left` bytes.
pub fn message(session: &mut Session, role: Role, bytes: &[u8], left: u64) -> Outcome {
    if left <= HEADER as u64 {
        return Outcome::plain(left);
    }
    let (Some(header), Some(count)) = (Header::read(bytes), bytes.get(HEADER)) else {
        return Outcome::Need(HEADER + 1);
    };
    let response = header.flags & FLAG_RESPONSE != 0;
    if !fits(role, response) {
        return Outcome::plain(left);
    }
    let whole = usize::try_from(left).unwrap_or(usize::MAX);
    let words_end = (HEADER + 3).saturating_add(usize::from(*count).saturating_mul(2));
    let wanted = match (response, header.command) {
        (true, READ_ANDX | TRANSACTION | TRANSACTION2) | (false, WRITE_ANDX | TRANSACTION) => words_end,
        _ => MESSAGE_BYTES,
    };
    if bytes.len() < wanted.min(whole) {
        return Outcome::Need(wanted.min(whole));
    }
    let bytes = bytes.get(..MESSAGE_BYTES.min(whole)).unwrap_or(bytes);
    session.known.version(1);
    if matches!(header.command, CLOSE | READ_ANDX | WRITE_ANDX | TRANSACTION2 | NT_CREATE_ANDX | OPEN_ANDX) {
        let signature = bytes.get(14..22).unwrap_or_default();
        session.known.signed(header.flags2 & FLAG2_SIGNED != 0 && signature.iter().any(|byte| *byte != 0));
    }
    if response {
        session.known.server_spoke = true;
        session.failed(header.failure());
    }
    let (mut command, mut at, mut content) = (header.command, HEADER, None);
    for link in 0..CHAIN {
        let Some(part) = Part::read(bytes, header.unicode(), command, at) else {
            break;
        };
        let found = if response { answer(session, &header, &part) } else { request(session, &header, &part) };
        if link == 0 {
            content = found;
        }
        match part.next() {
            Some((next, next_at)) => (command, at) = (next, next_at),
            None => break,
        }
    }
    match content {
        Some((at, content, sink)) => Outcome::with_content(at.max(HEADER as u64), content, sink, left),
        None => Outcome::plain(left),
    }
}

/// Content of a message: where it begins, its length, and who gets it.
type Content = (u64, u64, Sink);

fn request(session: &mut Session, header: &Header, part: &Part<'_>) -> Option<Content> {
    let (tree, key) = (Tree::from(header.tree), header.key(part.command));
    let asked = match part.command {
        NEGOTIATE => {
            session.offered = Default::default();
            // Each is a format byte 2 and a text that is never UTF-16.
            for name in part.bytes.split(|byte| *byte == 0).filter_map(|name| name.strip_prefix(b"\x02")) {
                session.offered.push_with(|| Text::with_cap(name, 64));
            }
            return None;
        }
        SESSION_SETUP_ANDX => Asked::Setup(setup(session, part)?),
        TREE_CONNECT_ANDX => {
            let password = usize::from(part.words(6).le_u16()?);
            session.known.trees.push_distinct(share(part.texts(password).raw()?, part.unicode));
            return None;
        }
        NT_CREATE_ANDX => {
            let length = usize::from(part.words(5).le_u16()?);
            let options = part.words(39).le_u32()?;
            let raw = part.texts(0).raw()?;
            let name = path(raw.get(..length).unwrap_or(raw), part.unicode);
            open(session, header, name, options & DELETE_ON_CLOSE != 0)?
        }
        OPEN_ANDX => {
            let name = part.texts(0).name();
            open(session, header, name, false)?
        }
        READ_ANDX => {
            let mut words = part.words(4);
            let (file, low) = (words.le_u16()?, words.le_u32()?);
            let number = session.handles.find(file.into())?;
            Asked::Read { number, offset: u64::from(low) | u64::from(part.words(20).le_u32().unwrap_or(0)) << 32 }
        }
        WRITE_ANDX => {
            let mut words = part.words(4);
            let (file, low) = (words.le_u16()?, words.le_u32()?);
            let number = session.handles.find(file.into())?;
            let mut words = part.words(18);
            let (length_high, length_low, at) = (words.le_u16()?, words.le_u16()?, words.le_u16()?);
            let offset = u64::from(low) | u64::from(words.le_u32().unwrap_or(0)) << 32;
            let length = u64::from(length_low) | u64::from(length_high) << 16;
            session.pending.ask(key, Asked::Write(number));
            let sink = session.wants(number, Way::Up, offset, length)?;
            return Some((at.into(), length, sink));
        }
        TRANSACTION => {
            // A message to a pipe and its answer (MS-CIFS 2.2.5.6).
            let mut words = part.words(22);
            let (length, at) = (words.le_u16()?, words.le_u16()?);
            let mut setup = part.words(28);
            if setup.le_u16()? != TRANSACT_PIPE {
                return None;
            }
            let number = session.handles.find(setup.le_u16()?.into())?;
            session.pending.ask(key, Asked::Transceive(number));
            let sink = session.wants(number, Way::Up, 0, length.into())?;
            return Some((at.into(), length.into(), sink));
        }
        CLOSE => Asked::Close(session.handles.find(part.words(0).le_u16()?.into())?),
        CREATE_DIRECTORY => named(tree, part.texts(0).formatted(), Action::Write),
        DELETE_DIRECTORY | DELETE => named(tree, part.texts(0).formatted(), Action::Delete),
        RENAME | NT_RENAME => {
            let mut texts = part.texts(0);
            let (name, new_name) = (texts.formatted(), texts.formatted());
            Asked::Named { tree, name, action: Action::Rename, new_name }
        }
        TRANSACTION2 => transaction(session, part)?,
        _ => return None,
    };
    session.pending.ask(key, asked);
    None
}

fn named(tree: Tree, name: Text, action: Action) -> Asked {
    Asked::Named { tree, name, action, new_name: Text::default() }
}

fn open(session: &mut Session, header: &Header, name: Text, delete_on_close: bool) -> Option<Asked> {
    let tree = Tree::from(header.tree);
    let pipes = session.trees.has_pipes(header.user.into(), tree);
    (!name.is_empty()).then(|| Asked::Open(session.handles.ask(tree, name, pipes, delete_on_close)))
}

/// Shares are kept as they were asked for, with all their backslashes.
fn share(bytes: &[u8], unicode: bool) -> Text {
    decode(bytes, unicode)
}

/// Reads a session setup in any of its three forms. Gives the place of its login.
fn setup(session: &mut Session, part: &Part<'_>) -> Option<Option<usize>> {
    let first = usize::from(part.words(14).le_u16()?);
    let (login, mut texts) = match part.words.len() / 2 {
        12 => (session.known.token(part.bytes.get(..first)?), part.texts(first)),
        count @ (10 | 13) => {
            let second = if count == 13 { usize::from(part.words(16).le_u16()?) } else { 0 };
            let mut texts = part.texts(first.saturating_add(second));
            texts.unicode &= count == 13;
            let (user, domain) = (texts.text(), texts.text());
            let login = Login { user, domain, host: Text::default() };
            let named = !login.user.is_empty();
            // A server that sends no challenge is sent the password itself.
            if !session.challenges && named && part.bytes.get(..first.saturating_add(second))?.iter().any(|b| *b != 0) {
                session.known.cleartext_password = true;
            }
            let place = if named { session.known.login(login, "password") } else { None };
            (place, texts)
        }
        _ => return None,
    };
    let system = texts.text();
    if session.known.client_os.is_empty() {
        session.known.client_os = system;
    }
    Some(login)
}

/// Reads a TRANS2 request (MS-CIFS 2.2.4.46): listings, attributes asked by name, and changes to an open file.
fn transaction(session: &mut Session, part: &Part<'_>) -> Option<Asked> {
    let mut words = part.words(18);
    let (parameters, parameters_at) = (words.le_u16()?, words.le_u16()?);
    let (data, data_at) = (words.le_u16()?, words.le_u16()?);
    let subcommand = part.words(28).le_u16()?;
    let parameters = slice(part.message, parameters_at, parameters)?;
    let mut reader = Reader::new(parameters);
    match subcommand {
        // FIND_FIRST2, FIND_NEXT2
        0x0001 | 0x0002 => {
            reader.skip(if subcommand == 1 { 6 } else { 4 })?;
            Layout::of_level(reader.le_u16()?, part.unicode).map(Asked::Listing)
        }
        // QUERY_PATH_INFORMATION
        0x0005 => {
            reader.skip(6)?;
            let name = Texts { message: reader.rest(), at: 0, unicode: part.unicode }.name();
            if !name.is_empty() {
                session.known.listed.push_distinct(name);
            }
            None
        }
        // SET_FILE_INFORMATION
        0x0008 => {
            let (file, level) = (reader.le_u16()?, reader.le_u16()?);
            let number = session.handles.find(file.into())?;
            let mut info = Reader::new(slice(part.message, data_at, data)?);
            // Levels of 1000 and more are the information classes of the file system, passed through.
            match level {
                0x0102 | 1013 => Some(Asked::DeleteOnClose { number, delete: info.u8()? != 0 }),
                0x0104 | 1020 => Some(Asked::Resize { number, end_of_file: info.le_u64()? }),
                1010 => {
                    info.skip(8)?;
                    let length = usize::try_from(info.le_u32()?).ok()?;
                    Some(Asked::Rename { number, to: path(info.take(length)?, part.unicode) })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn answer(session: &mut Session, header: &Header, part: &Part<'_>) -> Option<Content> {
    let failure = header.refuses();
    match part.command {
        NEGOTIATE if !failure => {
            let chosen = usize::from(part.words(0).le_u16()?);
            if let Some(name) = session.offered.items().get(chosen) {
                session.known.dialects.push_distinct(name.clone());
            }
            session.offered = Default::default();
            // Dialects with fewer words than NT LM 0.12 have the mode in two bytes; the bit is the same.
            session.challenges = part.words(2).u8().is_none_or(|mode| mode & MODE_CHALLENGE != 0);
            return None;
        }
        SESSION_SETUP_ANDX => setup_answer(session, part),
        TREE_CONNECT_ANDX if !failure => {
            let pipes = part.bytes.starts_with(b"IPC\0");
            session.trees.connect(header.user.into(), header.tree.into(), pipes);
            return None;
        }
        _ => {}
    }
    match (part.command, session.pending.answer(header.key(part.command))?) {
        (NT_CREATE_ANDX | OPEN_ANDX, Asked::Open(number)) if !failure => match opened(part) {
            Some(opened) => session.handles.opened(number, opened),
            None => session.handles.refused(number),
        },
        (READ_ANDX, Asked::Read { number, offset }) if !failure => {
            session.answered(Asked::Read { number, offset }, failure);
            let mut words = part.words(10);
            let (low, at, high) = (words.le_u16()?, words.le_u16()?, words.le_u16()?);
            let length = u64::from(low) | u64::from(high) << 16;
            let sink = session.wants(number, Way::Down, offset, length)?;
            return Some((at.into(), length, sink));
        }
        (TRANSACTION, Asked::Transceive(number)) if !failure => {
            let mut words = part.words(12);
            let (length, at) = (words.le_u16()?, words.le_u16()?);
            let sink = session.wants(number, Way::Down, 0, length.into())?;
            return Some((at.into(), length.into(), sink));
        }
        (TRANSACTION2, Asked::Listing(layout)) if !failure => {
            let mut words = part.words(12);
            let (length, at, displacement) = (words.le_u16()?, words.le_u16()?, words.le_u16()?);
            // What comes in later answers to the same request begins in the middle of an entry.
            return (displacement == 0).then_some((at.into(), length.into(), Sink::Listing(layout)));
        }
        (_, asked) => session.answered(asked, failure),
    }
    None
}

/// The answer to a session setup, be it the last one or the server's challenge.
fn setup_answer(session: &mut Session, part: &Part<'_>) {
    let blob = match part.words.len() / 2 {
        3 => 0,
        4 => usize::from(part.words(6).le_u16().unwrap_or(0)),
        _ => return,
    };
    session.known.token(part.bytes.get(..blob).unwrap_or_default());
    let system = part.texts(blob).text();
    if session.known.server_os.is_empty() {
        session.known.server_os = system;
    }
}

/// What the answer to an opening says.
fn opened(part: &Part<'_>) -> Option<Opened> {
    if part.command == NT_CREATE_ANDX {
        let mut words = part.words(5);
        let (id, made) = (words.le_u16()?, words.le_u32()? != CREATE_OPENED);
        let mut words = part.words(55);
        let (end_of_file, kind) = (words.le_u64()?, words.le_u16()?);
        return Some(Opened { id: id.into(), end_of_file, made, pipe: matches!(kind, 1 | 2) });
    }
    let mut words = part.words(4);
    let id = words.le_u16()?;
    let mut words = part.words(12);
    let end_of_file = words.le_u32()?;
    let mut words = part.words(18);
    let kind = words.le_u16()?;
    words.skip(2)?;
    let made = words.le_u16()? & 3 != CREATE_OPENED as u16;
    Some(Opened { id: id.into(), end_of_file: end_of_file.into(), made, pipe: matches!(kind, 1 | 2) })
}

fn slice(message: &[u8], at: u16, length: u16) -> Option<&[u8]> {
    let at = usize::from(at);
    message.get(at..at.saturating_add(usize::from(length)))
}
