//! RakNet, the network of many games, such as the Bedrock edition of Minecraft: what is said before a connection stands.
//!
//! Specification: RakNet's sources (MessageIdentifiers.h), minecraft.wiki "RakNet".
//!
//! ```text
//! ping        01|02 time:8 magic:16 client:8
//! pong        1c time:8 server:8 magic:16 length:2 description
//! open 1      05 magic:16 version:1 zeros               answer   06 magic:16 server:8 secured:1 mtu:2
//! open 2      07 magic:16 address:7 mtu:2 client:8      answer   08 magic:16 server:8 address:7 mtu:2 secured:1
//! refusal     19 version:1 magic:16 server:8
//! magic       00ffff00fefefefefdfdfdfd12345678
//! ```
//!
//! The magic proves it. Nothing is told of the connection itself.

use crate::dictionary::{Element, Field, Flag, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field = Field::text("message", "messages before the connection, each with how often", "RakNet").list();
static VERSION: Field = Field::number("version", "version of RakNet that the client wants", "RakNet");
static DESCRIPTION: Field = Field::text("description", "what the server says of itself", "RakNet").long();
static NAME: Field = Field::text("name", "its name, where it is one of Minecraft's", "minecraft.wiki, RakNet");
static GAME: Field = Field::text("game", "which game: `MCPE` is Minecraft's Bedrock edition", "minecraft.wiki, RakNet");
static GAME_VERSION: Field = Field::text("game_version", "the game's version", "minecraft.wiki, RakNet");
static MTU: Field = Field::number("mtu", "bytes of a datagram, agreed on", "RakNet");
static SECURED: Field = Field::new(Kind::YesNo, "secured", "whether the server wants a secured connection", "RakNet");

static ELEMENT: Element = Element {
    name: "raknet",
    meaning: "a game over RakNet",
    fields: &[&MESSAGE, &VERSION, &DESCRIPTION, &NAME, &GAME, &GAME_VERSION, &MTU, &SECURED],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "raknet",
    about: About {
        name: "RakNet",
        specification: "RakNet MessageIdentifiers.h, minecraft.wiki",
        evidence: "the magic of messages outside a connection",
        limits: "the connection itself",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[1..=2, 5..=5, 7..=7], server: &[0x06..=0x06, 0x08..=0x08, 0x19..=0x19, 0x1c..=0x1c] },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const MAGIC: [u8; 16] = *b"\x00\xff\xff\x00\xfe\xfe\xfe\xfe\xfd\xfd\xfd\xfd\x12\x34\x56\x78";

/// A message: its number, and what stands before and behind the magic.
fn message(bytes: &[u8]) -> Option<(u8, Reader<'_>, Reader<'_>)> {
    let mut reader = Reader::new(bytes);
    let id = reader.u8()?;
    let before = reader.sub(match id {
        0x01 | 0x02 => 8,
        0x1c => 16,
        0x19 => 1,
        0x05..=0x08 => 0,
        _ => return None,
    })?;
    (reader.array()? == MAGIC).then_some((id, before, reader))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match message(sample.bytes) {
        Some((0x01 | 0x02 | 0x05 | 0x07, ..)) if sample.role == Role::Client => Verdict::Match,
        Some((0x06 | 0x08 | 0x19 | 0x1c, ..)) if sample.role == Role::Server => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, datagram: &Message<'_>) -> bool {
    let Some((id, _, mut rest)) = message(datagram.bytes) else { return true };
    let name = match id {
        0x05 => "open-1",
        0x06 => "open-1-reply",
        0x07 => "open-2",
        0x08 => "open-2-reply",
        0x19 => "incompatible",
        0x1c => "pong",
        _ => "ping",
    };
    notes.tally(&MESSAGE, name.as_bytes());
    let mut content = || {
        match id {
            0x05 => notes.number(&VERSION, u64::from(rest.u8()?)),
            0x06 => {
                rest.skip(8)?;
                notes.yes_no(&SECURED, rest.u8()? != 0);
            }
            0x08 => {
                rest.skip(8)?;
                // An address of version 4, or one of version 6 in a structure.
                let family = rest.u8()?;
                rest.skip(if family == 6 { 28 } else { 6 })?;
                notes.number(&MTU, u64::from(rest.be_u16()?));
            }
            0x1c => {
                let length = usize::from(rest.be_u16()?);
                let text = rest.take(length)?;
                notes.text(&DESCRIPTION, text);
                let mut parts = text.split(|byte| *byte == b';');
                let (game, name, _, version) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
                notes.text(&GAME, game);
                notes.text(&NAME, name);
                notes.text(&GAME_VERSION, version);
            }
            _ => {}
        }
        Some(())
    };
    if content().is_none() && id == 0x05 {
        notes.flag(Flag::Violation);
    }
    true
}
