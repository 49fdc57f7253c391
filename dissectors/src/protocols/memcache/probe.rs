//! Whether a session is memcached's.
//!
//! `get KEY` may be typed to others too (Redis): a line without more to it wants the server's agreement. A storing command with its numbers
//! and its block, and a server's VALUE, STAT or VERSION are telling by themselves, as is a binary message with a key.

use super::Head;
use crate::framing::{decimal, line};
use crate::protocol::{Role, Sample, Step, Transport, Verdict};

pub fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.transport == Transport::Tcp {
        return message(sample.bytes, sample.role, false);
    }
    // The frame's sequence is below its number of datagrams; a request is one datagram.
    match sample.bytes.split_first_chunk::<8>() {
        Some(([_, _, 0, 0, 0, 1, 0, 0], rest)) => message(rest, sample.role, true),
        Some(([_, _, 0, 0, _, _, 0, 0], rest)) if sample.role == Role::Server => message(rest, sample.role, true),
        _ => Verdict::Reject,
    }
}

fn message(bytes: &[u8], role: Role, datagram: bool) -> Verdict {
    match (bytes.first(), role) {
        (Some(0x80), Role::Client) | (Some(0x81), Role::Server) => binary(bytes, role),
        (Some(b'a'..=b'z'), Role::Client) | (Some(b'A'..=b'Z'), Role::Server) => {
            let (text, used) = match line(bytes, 512) {
                Ok(found) => found,
                Err(Step::NeedMore(_)) if begins(bytes, role) => return Verdict::NeedMore,
                Err(_) => return Verdict::Reject,
            };
            if !bytes.get(..used).is_some_and(|line| line.ends_with(b"\r\n"))
                || !text.iter().all(|byte| (0x20..0x7f).contains(byte))
            {
                return Verdict::Reject;
            }
            let found =
                if role == Role::Client { command(text, bytes.get(used..).unwrap_or_default()) } else { reply(text) };
            // The frame's eight bytes agree already.
            if datagram && found != Verdict::Reject { Verdict::Match } else { found }
        }
        _ => Verdict::Reject,
    }
}

const COMMANDS: [&[u8]; 22] = [
    b"add",
    b"append",
    b"cas",
    b"decr",
    b"delete",
    b"flush_all",
    b"gat",
    b"gats",
    b"get",
    b"gets",
    b"incr",
    b"lru_crawler",
    b"mg",
    b"mn",
    b"ms",
    b"prepend",
    b"replace",
    b"set",
    b"stats",
    b"touch",
    b"verbosity",
    b"version",
];
const REPLIES: [&[u8]; 17] = [
    b"CLIENT_ERROR",
    b"DELETED",
    b"EN",
    b"END",
    b"ERROR",
    b"EXISTS",
    b"HD",
    b"MN",
    b"NOT_FOUND",
    b"NOT_STORED",
    b"RESET",
    b"SERVER_ERROR",
    b"STAT",
    b"STORED",
    b"TOUCHED",
    b"VA",
    b"VALUE",
];

/// Whether an unfinished line may become one of theirs.
fn begins(bytes: &[u8], role: Role) -> bool {
    let word = bytes.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
    let whole = word.len() < bytes.len();
    let known: &[&[u8]] = if role == Role::Client { &COMMANDS } else { &REPLIES };
    let fits = known.iter().any(|name| if whole { *name == word } else { name.starts_with(word) });
    fits || (role == Role::Server && (if whole { word == b"VERSION" } else { b"VERSION".starts_with(word) }))
}

fn command(text: &[u8], block: &[u8]) -> Verdict {
    let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).take(8).collect();
    let is_key = |at: usize| words.get(at).is_some_and(|key| key.len() <= 250);
    let number = |at: usize| words.get(at).and_then(|word| decimal(word));
    let name = words.first().copied().unwrap_or_default();
    let fits = match name {
        b"set" | b"add" | b"replace" | b"append" | b"prepend" | b"cas" => {
            let least = if name == b"cas" { 6 } else { 5 };
            let shape =
                is_key(1) && number(2).is_some() && number(4).is_some() && (least..=least + 1).contains(&words.len());
            let Some(length) = number(4).filter(|_| shape).and_then(|length| usize::try_from(length).ok()) else {
                return Verdict::Reject;
            };
            // The block ends where the line says.
            return match block.get(length..length.saturating_add(2)) {
                Some(end) => {
                    if end == b"\r\n" {
                        Verdict::Match
                    } else {
                        Verdict::Reject
                    }
                }
                None => Verdict::Likely,
            };
        }
        b"get" | b"gets" | b"mg" => is_key(1),
        b"gat" | b"gats" => number(1).is_some() && is_key(2),
        b"delete" => is_key(1) && words.len() <= 3,
        b"incr" | b"decr" | b"touch" => is_key(1) && number(2).is_some() && words.len() <= 4,
        b"stats" => words.len() <= 3,
        b"version" | b"mn" => words.len() == 1,
        b"flush_all" => words.len() <= 3,
        b"verbosity" => number(1).is_some(),
        b"ms" => is_key(1) && number(2).is_some(),
        b"lru_crawler" => words.len() == 3,
        _ => false,
    };
    // Alone such a line tells nothing: the answer does.
    if fits { Verdict::NeedMore } else { Verdict::Reject }
}

fn reply(text: &[u8]) -> Verdict {
    let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').take(6).collect();
    let number = |at: usize| words.get(at).is_some_and(|word| decimal(word).is_some());
    match words.first().copied().unwrap_or_default() {
        b"VALUE" if matches!(words.len(), 4 | 5) && number(2) && number(3) => Verdict::Match,
        b"STAT" if words.len() >= 3 => Verdict::Match,
        b"VERSION"
            if words.len() == 2 && words.get(1).and_then(|word| word.first()).is_some_and(u8::is_ascii_digit) =>
        {
            Verdict::Likely
        }
        b"VERSION" if words.len() == 2 => Verdict::NeedMore,
        b"CLIENT_ERROR" | b"SERVER_ERROR" if words.len() >= 2 => Verdict::Likely,
        b"VA" if number(1) => Verdict::Likely,
        b"ERROR" | b"EXISTS" | b"RESET" if words.len() == 1 => Verdict::NeedMore,
        name if words.len() == 1 && !matches!(name, b"VALUE" | b"STAT" | b"VA") && REPLIES.contains(&name) => {
            Verdict::Likely
        }
        _ if text == b"OK" || (words.len() == 1 && number(0)) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

fn binary(bytes: &[u8], role: Role) -> Verdict {
    let Some(head) = Head::read(bytes) else {
        let fits =
            bytes.get(1).is_none_or(|operation| *operation <= 0x60) && bytes.get(5).is_none_or(|kind| *kind == 0);
        return if fits { Verdict::NeedMore } else { Verdict::Reject };
    };
    let before = u32::from(head.key).saturating_add(u32::from(head.extras));
    let named = super::operation(head.operation) != "other";
    if !named || head.kind != 0 || head.key > 250 || head.extras > 32 || before > head.body || head.body > 1 << 27 {
        return Verdict::Reject;
    }
    if role == Role::Server && head.status > 0x86 {
        return Verdict::Reject;
    }
    // What each operation brings of extras is fixed.
    let extras = match (role, head.operation) {
        (Role::Client, 0x01..=0x03 | 0x11..=0x13) => head.extras == 8,
        (Role::Client, 0x05 | 0x06 | 0x15 | 0x16) => head.extras == 20,
        (Role::Client, 0x08 | 0x18 | 0x1b..=0x1e) => matches!(head.extras, 0 | 4),
        (Role::Client, _) => head.extras == 0,
        (Role::Server, _) => matches!(head.extras, 0 | 4),
    };
    let key_at = 24usize.saturating_add(usize::from(head.extras));
    let key = bytes.get(key_at..key_at.saturating_add(usize::from(head.key)));
    match key {
        _ if !extras => Verdict::Reject,
        Some([]) => Verdict::Likely,
        Some(key) if key.iter().all(|byte| *byte > 0x20 && *byte != 0x7f) => Verdict::Match,
        Some(_) => Verdict::Reject,
        None => Verdict::NeedMore,
    }
}
