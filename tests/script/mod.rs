//! Written conversations, for tests and benchmarks.
//!
//! A conversation is lines of text: `> ` is sent by the client, `< ` by the server, with `\r \n \t \0 \\ \xNN` as escapes; `>: ` and
//! `<: ` take hexadecimal. An empty line ends a datagram; for a stream it means nothing. `# ` starts a comment, and `#! ` a setting:
//! `#! udp`, `#! to 224.0.0.251` (where the originator sends to), `#! app NAME` (where it is not PROTOCOL), `#! begins-as NAME` (what it
//! is rightly called while too little of it was heard), `#! server-first`,
//! `#! pause SECONDS` (between here and what follows).

// Tests and benchmarks each use a part of it.
#![allow(dead_code)]
// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

pub mod chance;
pub mod mutation;
pub mod noise;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use dissectors::conversation::{Conversation, Setup};
use dissectors::facts::Side;
use dissectors::files::HashLimit;
use dissectors::time::{MILLISECOND, SECOND};
use dissectors::{Timestamp, Transport};

/// One piece of what a side sends.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Who sends it.
    pub side: Side,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// When, in nanoseconds.
    pub time: u64,
}

/// A written conversation.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its file's name without the ending.
    pub name: String,
    /// What it must be recognised as.
    pub app: String,
    /// What it may be recognised as while a part of it was heard: mostly the same.
    pub begins_as: Option<String>,
    /// How its bytes arrive.
    pub transport: Transport,
    /// Where the originator sends to.
    pub destination: IpAddr,
    /// What is said.
    pub turns: Vec<Turn>,
}

impl Script {
    /// Whether what was told of a part of it names no other protocol.
    pub fn is_part(&self, told: &str) -> bool {
        [self.app.as_str(), "unknown"]
            .into_iter()
            .chain(self.begins_as.as_deref())
            .any(|app| told.starts_with(&format!("app={app}\n")))
    }

    /// What is known before its first byte.
    pub fn setup(&self) -> Setup {
        Setup {
            transport: self.transport,
            addresses: ["192.0.2.1".parse().unwrap(), self.destination],
            midstream: false,
            file_hash: HashLimit::ALL,
        }
    }
}

/// Where the conversations are: beside this file, or in the folder that `CONVERSATIONS` names.
pub fn folder() -> PathBuf {
    match std::env::var_os("CONVERSATIONS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conversations"),
    }
}

/// Every conversation, by name.
pub fn all() -> Vec<Script> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
        .iter()
        .map(|path| parse(path.file_stem().unwrap().to_str().unwrap(), &std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// Reads a conversation.
pub fn parse(name: &str, text: &str) -> Script {
    let mut script = Script {
        name: name.to_owned(),
        app: name.split('-').next().unwrap().to_owned(),
        begins_as: None,
        transport: Transport::Tcp,
        destination: "192.0.2.2".parse().unwrap(),
        turns: Vec::new(),
    };
    let (mut time, mut joins) = (1_700_000_000 * SECOND, false);
    for line in text.lines() {
        if let Some(setting) = line.strip_prefix("#! ") {
            let (key, value) = setting.split_once(' ').unwrap_or((setting, ""));
            match key {
                "udp" => script.transport = Transport::Udp,
                "sctp" => script.transport = Transport::Sctp,
                "to" => script.destination = value.parse().unwrap(),
                "app" => script.app = value.to_owned(),
                "begins-as" => script.begins_as = Some(value.to_owned()),
                "server-first" => {}
                "pause" => time += (value.parse::<f64>().unwrap() * SECOND as f64) as u64,
                _ => panic!("{name}: what is the setting {key}?"),
            }
            continue;
        }
        if line.is_empty() {
            joins = false;
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let (mark, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        let rest = rest.strip_prefix(' ').unwrap_or("");
        let side = if mark.starts_with('>') { Side::Originator } else { Side::Responder };
        let bytes = match mark {
            ">" | "<" => unescape(rest),
            ">:" | "<:" => unhex(rest),
            _ => panic!("{name}: a line must begin with > < >: or <: and not {line:?}"),
        };
        match script.turns.last_mut() {
            Some(turn) if joins && turn.side == side => turn.bytes.extend_from_slice(&bytes),
            _ => {
                time += MILLISECOND;
                script.turns.push(Turn { side, bytes, time });
            }
        }
        joins = true;
    }
    script
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next().expect("an escape after \\") {
            b'r' => out.push(b'\r'),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'0' => out.push(0),
            b'\\' => out.push(b'\\'),
            b'x' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            other => panic!("unknown escape \\{}", char::from(other)),
        }
    }
    out
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Plays turns to their end.
pub fn play(setup: Setup, turns: &[Turn]) -> Conversation {
    let mut conversation = Conversation::new(setup);
    for turn in turns {
        conversation.data(turn.side, &turn.bytes, Timestamp::from_nanos(turn.time));
    }
    conversation.close();
    conversation
}
