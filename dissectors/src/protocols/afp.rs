//! AFP over DSI: files of Apple's (Apple Filing Protocol 3.4; Data Stream Interface).
//!
//! ```text
//! DSI       flags:1 (0 asks, 1 answers) command:1 id:2 error or offset:4 length:4 zero:4   content
//! commands  1 close 2 AFP command 3 status 4 open 5 tickle 6 write 8 attention
//! status    offsets:2 of machine, versions, UAMs, icon   flags:2   name:(length:1 text)
//! login     12 zero? version:(..) UAM:(..) user:(..)     with names: 3f zero flags:2 version:(..) UAM:(..) kind:1 user:(length:2 text)
//! ```
//!
//! A first message that opens a session, or a status whose offsets fit, proves it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static SERVER: Field = Field::text("server", "the server's name", "AFP, FPGetSrvrInfo");
static MACHINE: Field = Field::text("machine", "what machine it is", "AFP, FPGetSrvrInfo");
static VERSION: Field =
    Field::text("version", "versions that it has, or the one that was chosen", "AFP, FPLogin").list();
static METHOD: Field =
    Field::text("method", "ways to log in that it has, or the one that was chosen", "AFP, FPLogin").list();
static USER: Field = Field::text("user", "who logged in", "AFP, FPLogin");
static VOLUME: Field = Field::text("volume", "volumes that were opened", "AFP, FPOpenVol").list();
static COMMAND: Field = Field::text("command", "commands, each with how often", "AFP").list();
static ERROR: Field =
    Field::text("error", "errors but those of a login that goes on, each once", "AFP, result codes").list();

static ELEMENT: Element = Element {
    name: "afp",
    meaning: "files of an Apple server",
    fields: &[&SERVER, &MACHINE, &VERSION, &METHOD, &USER, &VOLUME, &COMMAND, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "afp",
    about: About {
        name: "Apple Filing Protocol over DSI",
        specification: "Apple Filing Protocol Programming Guide",
        evidence: "a first message that opens a session, or a status whose offsets fit",
        limits: "files' names and contents",
        ports: &[548],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0], server: &[1..=1] },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 16;
const STATUS: u8 = 3;
const OPEN: u8 = 4;
/// A login goes on (AFP, result codes).
const CONTINUES: i32 = -5001;

/// A message's head.
struct Head {
    command: u8,
    error: u32,
    length: usize,
}

fn head(role: Role, bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    let (flags, command, _id) = (reader.u8()?, reader.u8()?, reader.be_u16()?);
    let (error, length, zero) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    // A server asks too: whether the client is still there, and for its attention.
    let whose =
        matches!((role, flags), (Role::Client, 0) | (Role::Server, 1)) || matches!(command, 1 | 5 | 8) && flags <= 1;
    let fits = whose && matches!(command, 1..=6 | 8) && zero == 0 && length < 1 << 30;
    fits.then(|| Some(Head { command, error, length: usize::try_from(length).ok()? }))?
}

fn extent(_: &Notes, role: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(role, bytes)?.length.checked_add(HEAD))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match head(sample.role, sample.bytes) {
        None if sample.bytes.len() < HEAD => match sample.bytes {
            [flags] | [flags, STATUS | OPEN, ..] if usize::from(*flags) == sample.role.index() => Verdict::NeedMore,
            _ => Verdict::Reject,
        },
        Some(Head { command: OPEN, error: 0, length }) if sample.role == Role::Client => {
            // An option: what the client can take in.
            match (length, sample.bytes.get(HEAD..)) {
                (6, Some([1, 4, ..])) => Verdict::Match,
                (0, _) => Verdict::Likely,
                (6, Some([] | [1])) => Verdict::NeedMore,
                _ => Verdict::Reject,
            }
        }
        Some(Head { command: STATUS, error: 0, length: 0 }) if sample.role == Role::Client => Verdict::NeedMore,
        Some(Head { command: STATUS, error: 0, length: length @ 12..4096 }) if sample.role == Role::Server => {
            match sample.bytes.get(HEAD..HEAD + 12) {
                // Offsets one after the other, and a name before the first of them.
                Some([a, b, c, d, e, f, _, _, _, _, name, ..]) => {
                    let [machine, versions, methods] =
                        [[a, b], [c, d], [e, f]].map(|[high, low]| usize::from(u16::from_be_bytes([*high, *low])));
                    let fits = usize::from(*name) + 11 <= machine && machine < versions && versions < methods;
                    if fits && methods < length { Verdict::Match } else { Verdict::Reject }
                }
                _ => Verdict::NeedMore,
            }
        }
        Some(Head { command: OPEN, error: 0, length: 0..64 }) if sample.role == Role::Server => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

fn pascal<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::from(reader.u8()?);
    reader.take(length)
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some(Head { command, error, .. }) = head(message.role, message.bytes) else { return true };
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    if message.role == Role::Server {
        if command == STATUS {
            let _ = status(notes, content);
        }
        let error = error.cast_signed();
        if matches!(command, 2 | 4 | 6) && error < 0 && error != CONTINUES {
            notes.text(&ERROR, error.to_string().as_bytes());
        }
    } else if matches!(command, 2 | 6) {
        let _ = asked(notes, content);
    }
    true
}

/// Reads what a server says of itself.
fn status(notes: &mut Notes, content: &[u8]) -> Option<()> {
    let mut reader = Reader::new(content);
    let (machine, versions, methods) = (reader.be_u16()?, reader.be_u16()?, reader.be_u16()?);
    reader.skip(4)?;
    notes.text(&SERVER, pascal(&mut reader)?);
    let at = |offset: u16| content.get(usize::from(offset)..).map(Reader::new);
    notes.text(&MACHINE, pascal(&mut at(machine)?)?);
    for (offset, field) in [(versions, &VERSION), (methods, &METHOD)] {
        let mut list = at(offset)?;
        for _ in 0..list.u8()? {
            notes.text(field, pascal(&mut list)?);
        }
    }
    Some(())
}

/// Reads what a client wants.
fn asked(notes: &mut Notes, content: &[u8]) -> Option<()> {
    let mut reader = Reader::new(content);
    let command = reader.u8()?;
    notes.tally(&COMMAND, name(command).as_bytes());
    match command {
        18 => {
            let (version, method) = (pascal(&mut reader)?, pascal(&mut reader)?);
            notes.text(&VERSION, version);
            notes.text(&METHOD, method);
            if method != b"No User Authent" {
                let user = pascal(&mut reader)?;
                notes.text(&USER, user);
                notes.user(user);
            }
        }
        63 => {
            reader.skip(3)?;
            notes.text(&VERSION, pascal(&mut reader)?);
            notes.text(&METHOD, pascal(&mut reader)?);
            (reader.u8()? == 3).then_some(())?;
            let length = usize::from(reader.be_u16()?);
            let user = reader.take(length)?;
            notes.text(&USER, user);
            notes.user(user);
        }
        24 => {
            reader.skip(3)?;
            notes.text(&VOLUME, pascal(&mut reader)?);
        }
        _ => {}
    }
    Some(())
}

/// Commands (AFP).
const fn name(command: u8) -> &'static str {
    match command {
        2 => "FPCloseVol",
        4 => "FPCloseFork",
        5 => "FPCopyFile",
        6 => "FPCreateDir",
        7 => "FPCreateFile",
        8 => "FPDelete",
        9 | 66 | 68 => "FPEnumerate",
        11 => "FPFlushFork",
        14 => "FPGetForkParms",
        15 => "FPGetSrvrInfo",
        16 => "FPGetSrvrParms",
        17 => "FPGetVolParms",
        18 => "FPLogin",
        19 => "FPLoginCont",
        20 => "FPLogout",
        23 => "FPMoveAndRename",
        24 => "FPOpenVol",
        26 => "FPOpenFork",
        27 | 60 => "FPRead",
        28 => "FPRename",
        33 | 61 => "FPWrite",
        34 => "FPGetFileDirParms",
        35 => "FPSetFileDirParms",
        63 => "FPLoginExt",
        64 => "FPGetSessionToken",
        122 => "FPZzzzz",
        _ => "other",
    }
}
