//! Servers of Quake III and its many descendants: what is said to them and by them outside of a game.
//!
//! ```text
//! datagram   ff ff ff ff  words [LF more]
//! question   getinfo challenge | getstatus | getchallenge | connect "\key\value..." | rcon password command
//! answer     infoResponse LF \key\value... | statusResponse LF \key\value... LF score ping "player" LF ... | challengeResponse | print LF text
//! ```
//!
//! A known word behind four bytes of ones proves it. What is in a game has numbers in their place, and is only counted. Limits: lists of
//! sixteen. Ignored on purpose: settings but the ones named, and what is compressed (`connect` of later versions).

use crate::dictionary::{Element, Field, Flag};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static MESSAGE: Field = Field::text("message", "words, each with how often", "Quake III").list();
static NAME: Field = Field::text("name", "the server's name", "Quake III, sv_hostname");
static GAME: Field = Field::text("game", "the game", "Quake III, gamename");
static MAP: Field = Field::text("map", "maps that were played on, each once", "Quake III, mapname").list();
static VERSION: Field = Field::text("version", "the server's version", "Quake III, version");
static PLAYER: Field = Field::text("player", "players, each once", "Quake III").list();
static COMMAND: Field = Field::text("command", "what the server was told from afar (`rcon`)", "Quake III").list();
static PACKETS: Field = Field::number("packets", "datagrams of a game", "Quake III");

static ELEMENT: Element = Element {
    name: "quake3",
    meaning: "a server of Quake III or one of its descendants",
    fields: &[&MESSAGE, &NAME, &GAME, &MAP, &VERSION, &PLAYER, &COMMAND, &PACKETS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "quake3",
    about: About {
        name: "Quake III servers",
        specification: "Quake III Arena, source",
        evidence: "a known word behind four bytes of ones",
        limits: "what is in a game",
        ports: &[26000, 27950, 27960],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0xff..=0xff]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const ONES: &[u8] = &[0xff; 4];
const QUESTIONS: &[&[u8]] =
    &[b"connect", b"getchallenge", b"getinfo", b"getservers", b"getserversExt", b"getstatus", b"rcon"];
const ANSWERS: &[&[u8]] = &[
    b"challengeResponse",
    b"connectResponse",
    b"disconnect",
    b"getserversExtResponse",
    b"getserversResponse",
    b"infoResponse",
    b"print",
    b"statusResponse",
];
/// The most settings of an answer that are looked at.
const SETTINGS: usize = 128;
/// The most players of an answer that are looked at.
const PLAYERS: usize = 128;

/// The word that a datagram begins with, and what is behind it.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(ONES)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
    rest.split_at_checked(end)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let known = match sample.role {
        Role::Client => QUESTIONS,
        Role::Server => ANSWERS,
    };
    match word(sample.bytes) {
        Some((word, [] | [b' ' | b'\n' | b'\\', ..])) if known.contains(&word) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((word, rest)) = word(message.bytes) else {
        notes.count(&PACKETS);
        return true;
    };
    notes.tally(&MESSAGE, word);
    match word {
        b"rcon" => {
            // The password is the first word, which may stand in quotes.
            let rest = rest.trim_ascii();
            let (quoted, rest) = rest.strip_prefix(b"\"").map_or((false, rest), |rest| (true, rest));
            let end = rest.iter().position(|byte| *byte == if quoted { b'"' } else { b' ' }).unwrap_or(rest.len());
            notes.flag(Flag::CleartextPassword);
            notes.text(&COMMAND, rest.get(end.saturating_add(usize::from(quoted))..).unwrap_or_default().trim_ascii());
        }
        b"infoResponse" | b"statusResponse" => {
            let mut lines = rest.strip_prefix(b"\n").unwrap_or(rest).split(|byte| *byte == b'\n');
            let mut parts = lines.next().unwrap_or_default().split(|byte| *byte == b'\\').skip(1);
            for _ in 0..SETTINGS {
                let (Some(key), Some(value)) = (parts.next(), parts.next()) else { break };
                match key {
                    b"sv_hostname" | b"hostname" => notes.text(&NAME, value),
                    b"gamename" => notes.text(&GAME, value),
                    b"mapname" => notes.text(&MAP, value),
                    b"version" => notes.text(&VERSION, value),
                    _ => {}
                }
            }
            for line in lines.take(PLAYERS) {
                let told = line.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default();
                notes.text(&PLAYER, told.split(|byte| *byte == b'"').nth(1).unwrap_or_default());
            }
        }
        _ => {}
    }
    true
}
