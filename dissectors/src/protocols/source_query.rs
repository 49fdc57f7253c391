//! What players ask of game servers: the queries of Source and GoldSource (Steam).
//!
//! Specification: Valve's developer wiki, "Server queries".
//!
//! ```text
//! question   ff ff ff ff   T "Source Engine Query" 0 [challenge:4] | U challenge:4 | V challenge:4 | W | i
//! answer     ff ff ff ff   I protocol:1 name 0 map 0 folder 0 game 0 id:2 players:1 most:1 bots:1 kind:1 system:1 locked:1 secured:1 version 0 ...
//!                          A challenge:4 | D players | E rules | m (the old information)
//! a part of  fe ff ff ff   id:4 parts ...
//! ```
//!
//! Questions for the information are proof; the others fit. Ignored on purpose: names of players, rules, answers in several parts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::kept::tell_names;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static QUERY: Field = Field::text("query", "what was asked for, each once", "Server queries").list();
static NAME: Field = Field::text("name", "the server's name", "Server queries");
static MAP: Field = Field::text("map", "what is played on it", "Server queries");
static GAME: Field = Field::text("game", "the game", "Server queries");
static VERSION: Field = Field::text("version", "the game's version", "Server queries");
static PLAYERS: Field = Field::number("players", "players on it", "Server queries");
static MOST: Field = Field::number("max_players", "players that it has room for", "Server queries");
static SYSTEM: Field = Field::text("system", "its operating system", "Server queries");
static LOCKED: Field = Field::new(Kind::YesNo, "locked", "whether it wants a password", "Server queries");

static ELEMENT: Element = Element {
    name: "source_query",
    meaning: "a game server, asked by Steam's players",
    fields: &[&QUERY, &NAME, &MAP, &GAME, &VERSION, &PLAYERS, &MOST, &SYSTEM, &LOCKED],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "source-query",
    about: About {
        name: "Source and GoldSource server queries",
        specification: "Valve developer wiki, Server queries",
        evidence: "the question for the information",
        limits: "players and rules are not told",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0xff..=0xff], server: &[0xfe..=0xff] },
    probe,
    open: |_: &Opening| Box::new(SourceQuery::default()),
};

const WHOLE: [u8; 4] = [0xff; 4];
const ASKS_INFORMATION: &[u8] = b"TSource Engine Query\0";

/// What an answer says of a server.
#[derive(Debug)]
struct Information {
    name: Text,
    map: Text,
    game: Text,
    version: Text,
    players: u8,
    most: u8,
    system: u8,
    locked: bool,
}

/// Reads the information, behind its letter.
fn information(bytes: &[u8]) -> Option<Information> {
    let mut reader = Reader::new(bytes);
    let protocol = reader.u8()?;
    let (name, map, _folder, game) = (reader.until(0)?, reader.until(0)?, reader.until(0)?, reader.until(0)?);
    let _id = reader.be_u16()?;
    let (players, most, _bots) = (reader.u8()?, reader.u8()?, reader.u8()?);
    let (kind, system, locked, secured) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
    let version = reader.until(0)?;
    let known = matches!(kind.to_ascii_lowercase(), b'd' | b'l' | b'p' | 0)
        && matches!(system.to_ascii_lowercase(), b'l' | b'w' | b'm' | b'o');
    let fits = known && protocol <= 64 && locked <= 1 && secured <= 1 && version.len() <= 64;
    fits.then(|| Information {
        name: Text::new(name),
        map: Text::new(map),
        game: Text::new(game),
        version: Text::new(version),
        players,
        most,
        system: system.to_ascii_lowercase(),
        locked: locked == 1,
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(rest) = sample.bytes.strip_prefix(&WHOLE) else {
        // A part of an answer has the number of the whole, and how many there are.
        let part = sample.role == Role::Server && sample.bytes.starts_with(&[0xfe, 0xff, 0xff, 0xff]);
        return if part && sample.bytes.len() > 12 { Verdict::NeedMore } else { Verdict::Reject };
    };
    match (sample.role, rest) {
        (Role::Client, _) if rest.starts_with(ASKS_INFORMATION) && matches!(rest.len(), 21 | 25) => Verdict::Match,
        (Role::Client, [b'U' | b'V', _, _, _, _]) => Verdict::Likely,
        (Role::Client, [b'W' | b'i']) => Verdict::NeedMore,
        (Role::Server, [b'I', rest @ ..]) if information(rest).is_some() => Verdict::Match,
        (Role::Server, [b'A', _, _, _, _]) => Verdict::Likely,
        // So many players, each with his number; so many rules, in pairs.
        (Role::Server, [b'D', _, 0, ..]) | (Role::Server, [b'E', _, 0, b'!'..=b'~', ..])
            if rest.ends_with(&[0]) || rest.len() > 8 =>
        {
            Verdict::Likely
        }
        (Role::Server, [b'm', address @ ..]) if address.first().is_some_and(u8::is_ascii_digit) => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct SourceQuery {
    queries: List<u32>,
    information: Option<Information>,
}

impl Dissector for SourceQuery {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match (chunk.role, chunk.bytes.strip_prefix(&WHOLE)) {
            (Role::Client, Some([letter @ (b'T'..=b'W' | b'i'), ..])) => self.queries.push_distinct(u32::from(*letter)),
            (Role::Server, Some([b'I', rest @ ..])) if self.information.is_none() => {
                self.information = information(rest);
            }
            _ => {}
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        tell_names(&mut element, &QUERY, &self.queries, |letter| {
            Some(match u8::try_from(letter).unwrap_or_default() {
                b'T' => "information",
                b'U' => "players",
                b'V' => "rules",
                b'W' => "challenge",
                _ => "ping",
            })
        });
        if let Some(information) = &self.information {
            element.text(&NAME, &information.name);
            element.text(&MAP, &information.map);
            element.text(&GAME, &information.game);
            element.text(&VERSION, &information.version);
            element.number(&PLAYERS, u64::from(information.players));
            element.number(&MOST, u64::from(information.most));
            element.plain(
                &SYSTEM,
                match information.system {
                    b'l' => "Linux",
                    b'w' => "Windows",
                    _ => "macOS",
                },
            );
            element.yes_no(&LOCKED, information.locked);
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = |it: &Information| {
            [&it.name, &it.map, &it.game, &it.version].into_iter().map(Text::heap_bytes).sum::<usize>()
        };
        size_of::<Self>() + self.information.as_ref().map_or(0, texts)
    }
}
