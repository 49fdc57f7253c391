//! Firebird and InterBase: who connects to which database (Firebird's remote/protocol.h).
//!
//! ```text
//! texts stand behind their length (4) and are filled up to fours
//! connect (1)  operation:4 (19 attach, 20 create, 82 service)  version:4 (2, 3)  architecture:4  database  count:4  items  protocols: (version minimum ... ):5*4
//! items        kind:1 length:1 value;  1 system's user  4 host  8 method  9 login  10 methods
//! answers      3 accepted  94 accepted with data  98 accepted so far: version:4 architecture:4 kind:4     4 refused
//!              94 and 98 go on:  data  method  known:4  keys
//! method (92)  data  method  methods  keys                both sides, as often as it takes
//! crypt (96)   cipher  kind of key                        from here on nobody can read it
//! attach (19)  object:4 database parameters
//! answer (9)   object:4 blob:8 data  errors: (1 code:4 | 4 number:4 | 2, 5, 19 text)... 0
//! ```
//!
//! A connection whose numbers and lengths fit proves it. What the server accepts at first is the protocol; whether it takes the account says the
//! answer that follows.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static DATABASE: Field = Field::text("database", "the database, a path or an alias", "Firebird protocol.h").long();
static USER: Field = Field::text("user", "the account", "Firebird protocol.h, CNCT_login");
static SYSTEM_USER: Field =
    Field::text("system_user", "the account on the client's host", "Firebird protocol.h, CNCT_user");
static CLIENT_HOST: Field = Field::text("client_host", "the client's host", "Firebird protocol.h, CNCT_host");
static METHOD: Field = Field::text("method", "how it logs in", "Firebird protocol.h, CNCT_plugin_name");
static VERSION: Field =
    Field::number("version", "version of the protocol that the server chose", "Firebird protocol.h");
static RESULT: Field =
    Field::text("result", "`accepted`, `refused`: the account, or the protocol already", "Firebird protocol.h");
static ERROR: Field = Field::text(
    "error",
    "why it was refused: `login`, `no database`, or the number of the error",
    "Firebird iberror.h",
)
.list();
static CIPHER: Field = Field::text("cipher", "how the connection is encrypted", "Firebird protocol.h, op_crypt");

static ELEMENT: Element = Element {
    name: "firebird",
    meaning: "a database of Firebird",
    fields: &[&DATABASE, &USER, &SYSTEM_USER, &CLIENT_HOST, &METHOD, &VERSION, &RESULT, &ERROR, &CIPHER],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "firebird",
    about: About {
        name: "Firebird, InterBase",
        specification: "Firebird, remote/protocol.h",
        evidence: "a connection whose numbers and lengths fit",
        limits: "statements",
        ports: &[3050],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

/// The longest connection, and the longest of what follows it.
const MOST: usize = 2000;

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(reader.be_u32()?).ok().filter(|length| *length < MOST)?;
    let whole = reader.take(length.checked_next_multiple_of(4)?)?;
    whole.get(..length)
}

/// Reads a connection into notes; gives how long it is.
fn connect(bytes: &[u8], notes: &mut Notes) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    begins(&mut reader)?;
    notes.text(&DATABASE, text(&mut reader)?);
    let count = reader.be_u32().filter(|count| (1..=16).contains(count))?;
    let mut items = Reader::new(text(&mut reader)?);
    while !items.is_empty() {
        let (kind, length) = (items.u8()?, usize::from(items.u8()?));
        let value = items.take(length)?;
        match kind {
            1 => notes.text(&SYSTEM_USER, value),
            4 => notes.text(&CLIENT_HOST, value),
            8 => notes.text(&METHOD, value),
            9 => {
                notes.text(&USER, value);
                notes.user(value);
            }
            2..=11 => {}
            _ => return None,
        }
    }
    reader.skip(usize::try_from(count).ok()?.checked_mul(20)?)?;
    Some(bytes.len().saturating_sub(reader.len()))
}

/// The numbers before the database.
fn begins(reader: &mut Reader<'_>) -> Option<()> {
    let (kind, operation) = (reader.be_u32()?, reader.be_u32()?);
    let (version, architecture) = (reader.be_u32()?, reader.be_u32()?);
    let fits = kind == 1
        && matches!(operation, 0 | 19 | 20 | 82)
        && matches!(version, 2 | 3)
        && (1..=64).contains(&architecture);
    fits.then_some(())
}

/// An answer's kind and version.
fn answer(bytes: &[u8]) -> Option<(u32, Option<u32>)> {
    let mut reader = Reader::new(bytes);
    let kind = reader.be_u32()?;
    if kind == 4 {
        return Some((kind, None));
    }
    let (version, architecture) = (reader.be_u32()?, reader.be_u32()?);
    // From version 11 on the sixteenth bit says that it is Firebird's.
    let known = matches!(version & 0xffff_7fff, 8..=24 | 0xffff_0008..=0xffff_0018);
    (matches!(kind, 3 | 94 | 98) && known && (1..=64).contains(&architecture)).then_some((kind, Some(version & 0x7fff)))
}

/// Texts that stand one behind the other.
fn texts<'a, const N: usize>(reader: &mut Reader<'a>) -> Option<[&'a [u8]; N]> {
    let mut all = [&b""[..]; N];
    for place in &mut all {
        *place = text(reader)?;
    }
    Some(all)
}

/// The first error of an answer; none where all is well.
fn error(reader: &mut Reader<'_>) -> Option<Option<u32>> {
    reader.skip(12)?;
    text(reader)?;
    let mut first = None;
    for _ in 0..MOST_ERRORS {
        match reader.be_u32()? {
            0 => return Some(first),
            1 => {
                let code = reader.be_u32()?;
                first = first.or((code != 0).then_some(code));
            }
            4 => reader.skip(4)?,
            2 | 5 | 19 => text(reader).map(drop)?,
            _ => return None,
        }
    }
    None
}

/// The most items of an answer's errors.
const MOST_ERRORS: usize = 64;

/// Takes a message, told by its first number, and gives how long it is. Of one that is not known that number alone is taken.
fn taken(role: Role, bytes: &[u8], notes: &mut Notes) -> Option<(usize, bool)> {
    let mut reader = Reader::new(bytes);
    let kind = reader.be_u32()?;
    let mut more = true;
    match (role, kind) {
        (Role::Client, 1) => return connect(bytes, notes).map(|length| (length, true)),
        (Role::Client, 19 | 20 | 82) => {
            reader.skip(4)?;
            texts::<2>(&mut reader).map(drop)?;
        }
        (Role::Client, 96) => {
            let [cipher, _] = texts(&mut reader)?;
            notes.text(&CIPHER, cipher);
            notes.encrypted();
            more = false;
        }
        (_, 92) => texts::<4>(&mut reader).map(drop)?,
        (Role::Server, 3 | 4 | 94 | 98) => {
            let (kind, version) = answer(bytes)?;
            if let Some(version) = version {
                notes.number(&VERSION, u64::from(version));
                reader.skip(12)?;
            }
            match kind {
                4 => notes.plain(&RESULT, "refused"),
                94 | 98 => {
                    texts::<2>(&mut reader).map(drop)?;
                    reader.skip(4)?;
                    text(&mut reader).map(drop)?;
                }
                _ => {}
            }
        }
        (Role::Server, 9) => match error(&mut reader)? {
            None => notes.plain(&RESULT, "accepted"),
            Some(code) => {
                notes.plain(&RESULT, "refused");
                notes.name(&ERROR, code, errors);
            }
        },
        _ => more = false,
    }
    Some((bytes.len().saturating_sub(reader.len()), more))
}

/// Errors that a connection may end with.
fn errors(code: u32) -> Option<&'static str> {
    Some(match code {
        335_544_472 | 335_545_106 => "login",
        335_544_344 | 335_544_734 => "no database",
        _ => return None,
    })
}

fn extent(notes: &Notes, role: Role, bytes: &[u8]) -> Extent {
    let first = notes.seen(role) == 0;
    let begins = match role {
        Role::Server => matches!(bytes.first_chunk(), Some([0, 0, 0, 3 | 4 | 9 | 94 | 98]) | None),
        Role::Client => matches!(bytes.first_chunk(), Some([0, 0, 0, 1]) | None),
    };
    if first && !begins {
        return Extent::Broken;
    }
    match taken(role, bytes, &mut Notes::new(&ELEMENT)) {
        Some((length, _)) => Extent::Whole(length),
        None if bytes.len() < MOST => Extent::Need(bytes.len().saturating_add(1)),
        None => Extent::Broken,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return match answer(sample.bytes) {
            Some((3 | 94 | 98, _)) => Verdict::Likely,
            None if matches!(sample.bytes, [0] | [0, 0] | [0, 0, 0] | [0, 0, 0, 3 | 94 | 98, ..] if sample.bytes.len() < 12) => {
                Verdict::NeedMore
            }
            _ => Verdict::Reject,
        };
    }
    if connect(sample.bytes, &mut Notes::new(&ELEMENT)).is_some() {
        return Verdict::Match;
    }
    let begins = match sample.bytes.len() {
        0..=3 => sample.bytes.iter().all(|byte| *byte == 0),
        4..=15 => matches!(sample.bytes, [0, 0, 0, 1, rest @ ..] if rest.iter().take(3).all(|byte| *byte == 0)),
        _ => begins(&mut Reader::new(sample.bytes)).is_some(),
    };
    if begins && sample.bytes.len() < MOST { Verdict::NeedMore } else { Verdict::Reject }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    taken(message.role, message.bytes, notes).is_some_and(|(_, more)| more)
}
