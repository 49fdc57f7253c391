//! eDonkey and eMule: peers that share files, and the servers that know of them.
//!
//! Specification: eMule Protocol Specification (Kulbak, Bickson).
//!
//! ```text
//! TCP    e3 (eMule: c5, compressed d4)  length:4 (least first)  opcode:1 content
//! hello  01: [10] user:16 address:4 port:2 tags:4  ...     answer 4c: user:16 address:4 port:2 tags:4 ...
//! tag    kind:1 name:(length:2 bytes) value:(2: length:2 text; 3: 4 bytes)     newer: kind|80 number:1 value
//! ```
//!
//! A hello with its length, a user's number and tags that begin as they must proves it.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::hex::hex;
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static USER_HASH: Field = Field::text("user_hash", "numbers of peers, each once", "eMule, 6.2.1").list();
static NICK: Field = Field::text("nick", "names of peers, each once", "eMule, 6.2.1").list();
static MESSAGE: Field = Field::text("message", "messages, by their numbers, each with how often", "eMule, 6").list();

static ELEMENT: Element =
    Element { name: "edonkey", meaning: "peers that share files", fields: &[&NICK, &USER_HASH, &MESSAGE] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "edonkey",
    about: About {
        name: "eDonkey, eMule",
        specification: "eMule Protocol Specification",
        evidence: "a hello with its length, a user's number and tags",
        limits: "files; over UDP and where it is obfuscated it is not recognised",
        ports: &[4661, 4662, 4672],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0xe3..=0xe3]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 5;
/// The most tags of a hello.
const TAGS: u32 = 64;

fn length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0xe3 | 0xc5 | 0xd4, a, b, c, d, ..] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]);
            (1..1 << 21).contains(&length).then(|| usize::try_from(length).ok())?
        }
        _ => None,
    }
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| length(bytes)?.checked_add(HEAD))
}

/// Reads a hello, or a login to a server, behind the head: the user's number and name.
fn hello(content: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let mut reader = Reader::new(content);
    let opcode = reader.u8()?;
    // To a peer the number's length stands before it; to a server it does not.
    match (opcode, reader.rest().first()) {
        (1, Some(16)) => reader.skip(1)?,
        (1 | 0x4c, _) => {}
        _ => return None,
    }
    let user = reader.take(16)?;
    reader.skip(6)?;
    let count = reader.le_u32().filter(|count| (1..=TAGS).contains(count))?;
    let mut nick = None;
    for at in 0..count {
        let tag = tag(&mut reader);
        match tag {
            Some((1, Some(text))) => nick = Some(text),
            Some(_) => {}
            // What a first tag is must be known; others have forms that are not read.
            None if at == 0 => return None,
            None => break,
        }
    }
    Some((user, nick))
}

/// A tag's number, and its value where it is a text.
fn tag<'a>(reader: &mut Reader<'a>) -> Option<(u8, Option<&'a [u8]>)> {
    let kind = reader.u8()?;
    let name = if kind & 0x80 != 0 {
        reader.u8()?
    } else {
        (reader.le_u16()? == 1).then_some(())?;
        reader.u8()?
    };
    let text = match kind & 0x7f {
        2 => {
            let length = usize::from(reader.le_u16()?);
            Some(reader.take(length)?)
        }
        short @ 0x11..=0x20 => Some(reader.take(usize::from(short - 0x10))?),
        3 => reader.skip(4).map(|()| None)?,
        8 => reader.skip(2).map(|()| None)?,
        9 => reader.skip(1).map(|()| None)?,
        _ => return None,
    };
    Some((name, text))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(length) = length(sample.bytes) else {
        return if sample.bytes.len() < HEAD && sample.bytes.first() == Some(&0xe3) {
            Verdict::NeedMore
        } else {
            Verdict::Reject
        };
    };
    let content = sample.bytes.get(HEAD..).unwrap_or_default();
    match (sample.role, content.first()) {
        _ if sample.bytes.first() != Some(&0xe3) => Verdict::Reject,
        (_, None) => Verdict::NeedMore,
        (Role::Client, Some(1)) | (Role::Server, Some(0x4c)) if (30..1024).contains(&length) => {
            match content.get(..length) {
                Some(content) if hello(content).is_some() => Verdict::Match,
                Some(_) => Verdict::Reject,
                None => Verdict::NeedMore,
            }
        }
        // A server's first words: a message, its number for the client.
        (Role::Server, Some(0x38 | 0x40)) if length < 2048 => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let content = message.bytes.get(HEAD..).unwrap_or_default();
    if let (Some(mark), Some(opcode)) = (message.bytes.first(), content.first()) {
        notes.tally(&MESSAGE, format!("{mark:02x}.{opcode:02x}").as_bytes());
        if let Some((user, nick)) = hello(content).filter(|_| *mark == 0xe3) {
            notes.text(&USER_HASH, hex(user).as_bytes());
            notes.text(&NICK, nick.unwrap_or_default());
        }
    }
    true
}
