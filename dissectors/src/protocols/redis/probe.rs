//! Whether a session is Redis.
//!
//! A command of RESP with a name of letters is telling; a word typed by hand wants an answer that agrees: mail
//! and news servers say `+OK` too, and memcached knows `get` and `set`.

use super::number;
use crate::framing::line;
use crate::protocol::{Role, Sample, Step, Verdict};

/// What is looked at of a line.
const LINE: usize = 512;

pub fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    match (bytes.first(), sample.role) {
        (Some(b'*'), Role::Client) => array(bytes, Role::Client),
        (Some(b'*' | b'>' | b'~' | b'%'), Role::Server) => array(bytes, Role::Server),
        (Some(b'A'..=b'Z' | b'a'..=b'z'), Role::Client) => inline(bytes),
        (Some(b'+' | b'-' | b':' | b'$'), Role::Server) => answer(bytes),
        _ => Verdict::Reject,
    }
}

/// Whether a line may still come.
fn wait(step: Step) -> Verdict {
    if matches!(step, Step::NeedMore(_)) { Verdict::NeedMore } else { Verdict::Reject }
}

/// `*N`, then a first element.
fn array(bytes: &[u8], role: Role) -> Verdict {
    let (head, used) = match line(bytes, 16) {
        Ok(found) => found,
        Err(step) => {
            let digits = bytes.iter().skip(1).all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'\r'));
            return if digits { wait(step) } else { Verdict::Reject };
        }
    };
    let Some(count) = number(head).filter(|_| bytes.get(..used).is_some_and(|head| head.ends_with(b"\r\n"))) else {
        return Verdict::Reject;
    };
    let rest = bytes.get(used..).unwrap_or_default();
    match (rest.first(), role) {
        // Nothing, or an empty array: too little to tell.
        (None, _) if count.is_none_or(|count| count == 0) && role == Role::Client => Verdict::Reject,
        (None, _) => Verdict::NeedMore,
        (Some(b'$'), _) => first_bulk(rest, role),
        (Some(b'*' | b'+' | b':' | b'%' | b'~' | b'_'), Role::Server) => match line(rest, LINE) {
            Ok(_) => Verdict::Likely,
            Err(step) => wait(step),
        },
        _ => Verdict::Reject,
    }
}

fn first_bulk(bytes: &[u8], role: Role) -> Verdict {
    let (head, used) = match line(bytes, 16) {
        Ok(found) => found,
        Err(step) => {
            let digits = bytes.iter().skip(1).all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'\r'));
            return if digits { wait(step) } else { Verdict::Reject };
        }
    };
    let length = match number(head) {
        Some(Some(length)) => usize::try_from(length).unwrap_or(usize::MAX),
        Some(None) if role == Role::Server => return Verdict::Likely,
        _ => return Verdict::Reject,
    };
    let text = bytes.get(used..).unwrap_or_default();
    let (Some(name), Some(end)) = (text.get(..length), text.get(length..length.saturating_add(2))) else {
        // Only an answer can begin with a long text.
        let whole = text.len().saturating_add(used) < LINE;
        return match role {
            Role::Client if length > 32 => Verdict::Reject,
            Role::Server if !whole => Verdict::Likely,
            _ => Verdict::NeedMore,
        };
    };
    let word =
        (2..=32).contains(&length) && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._|-".contains(byte));
    match role {
        _ if end != b"\r\n" => Verdict::Reject,
        Role::Client if word && name.first().is_some_and(u8::is_ascii_alphabetic) => {
            if is_command(name) {
                Verdict::Match
            } else {
                Verdict::Likely
            }
        }
        Role::Client => Verdict::Reject,
        Role::Server if matches!(name, b"message" | b"pmessage" | b"subscribe" | b"psubscribe") => Verdict::Match,
        Role::Server => Verdict::Likely,
    }
}

/// A command typed by hand. Alone it never tells: only a server that answers as Redis does makes it one.
fn inline(bytes: &[u8]) -> Verdict {
    let word = bytes.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    if word.len() == bytes.len() {
        let may = word.len() <= 12 && word.iter().all(u8::is_ascii_alphabetic);
        return if may { Verdict::NeedMore } else { Verdict::Reject };
    }
    if !is_command(word) {
        return Verdict::Reject;
    }
    match line(bytes, LINE) {
        Ok((words, _)) if fits(words) => Verdict::NeedMore,
        Ok(_) => Verdict::Reject,
        Err(step) if fits(bytes) => wait(step),
        Err(_) => Verdict::Reject,
    }
}

/// A line of text that is no request of HTTP.
fn fits(words: &[u8]) -> bool {
    words.iter().all(|byte| matches!(byte, b'\t' | b'\r' | 0x20..=0x7e | 0x80..))
        && memchr::memmem::find(words, b" HTTP/").is_none()
}

/// An answer that is no array.
fn answer(bytes: &[u8]) -> Verdict {
    if bytes.first() == Some(&b'$') {
        return first_bulk(bytes, Role::Server);
    }
    let (text, used) = match line(bytes, LINE) {
        Ok(found) => found,
        Err(step) => {
            return if bytes.iter().all(|byte| matches!(byte, b'\r' | 0x20..=0x7e)) {
                wait(step)
            } else {
                Verdict::Reject
            };
        }
    };
    if !bytes.get(..used).is_some_and(|line| line.ends_with(b"\r\n")) {
        return Verdict::Reject;
    }
    // Mail servers say `+OK` too, and then words; what follows here is another answer of a type (RESP3's are the last).
    let follows = bytes.get(used..).unwrap_or_default();
    if follows.first().is_some_and(|first| !b"+-:$*_#,(!=%~>|".contains(first)) || follows.starts_with(b"+OK ") {
        return Verdict::Reject;
    }
    match text {
        b"-NOAUTH Authentication required." => Verdict::Match,
        b"+OK" | b"+PONG" | b"+QUEUED" => Verdict::Likely,
        [b':', digits @ ..] => {
            let digits = digits.strip_prefix(b"-").unwrap_or(digits);
            if crate::framing::decimal(digits).is_some() { Verdict::Likely } else { Verdict::Reject }
        }
        _ if text.starts_with(b"-ERR unknown command") || text.starts_with(b"-DENIED Redis is running") => {
            Verdict::Match
        }
        _ if text.starts_with(b"+FULLRESYNC ") || text.starts_with(b"-WRONGPASS ") => Verdict::Match,
        [b'-', rest @ ..] => {
            let word = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
            let code = word.len() >= 3 && word.iter().all(u8::is_ascii_uppercase);
            if code && rest.len() > word.len() { Verdict::Likely } else { Verdict::Reject }
        }
        _ => Verdict::Reject,
    }
}

/// Whether a word is the name of a command that clients send first or often.
fn is_command(word: &[u8]) -> bool {
    const NAMES: [&[u8]; 97] = [
        b"ACL",
        b"APPEND",
        b"ASKING",
        b"AUTH",
        b"BITCOUNT",
        b"BITFIELD",
        b"BLPOP",
        b"BRPOP",
        b"BRPOPLPUSH",
        b"BZPOPMIN",
        b"CLIENT",
        b"CLUSTER",
        b"COMMAND",
        b"CONFIG",
        b"DBSIZE",
        b"DECR",
        b"DECRBY",
        b"DEL",
        b"DUMP",
        b"ECHO",
        b"EVAL",
        b"EVALSHA",
        b"EXEC",
        b"EXISTS",
        b"EXPIRE",
        b"EXPIREAT",
        b"FLUSHALL",
        b"FLUSHDB",
        b"GET",
        b"GETDEL",
        b"GETEX",
        b"GETRANGE",
        b"GETSET",
        b"HDEL",
        b"HELLO",
        b"HEXISTS",
        b"HGET",
        b"HGETALL",
        b"HINCRBY",
        b"HKEYS",
        b"HLEN",
        b"HMGET",
        b"HMSET",
        b"HSCAN",
        b"HSET",
        b"HSETNX",
        b"HVALS",
        b"INCR",
        b"INCRBY",
        b"INFO",
        b"KEYS",
        b"LINDEX",
        b"LLEN",
        b"LPOP",
        b"LPUSH",
        b"LRANGE",
        b"LREM",
        b"LTRIM",
        b"MGET",
        b"MODULE",
        b"MONITOR",
        b"MSET",
        b"MULTI",
        b"PERSIST",
        b"PEXPIRE",
        b"PFADD",
        b"PING",
        b"PSETEX",
        b"PSUBSCRIBE",
        b"PSYNC",
        b"PTTL",
        b"PUBLISH",
        b"RENAME",
        b"REPLCONF",
        b"RPOP",
        b"RPUSH",
        b"SADD",
        b"SCAN",
        b"SCRIPT",
        b"SELECT",
        b"SET",
        b"SETEX",
        b"SETNX",
        b"SLAVEOF",
        b"SMEMBERS",
        b"SREM",
        b"SUBSCRIBE",
        b"TTL",
        b"TYPE",
        b"UNLINK",
        b"WATCH",
        b"XADD",
        b"XRANGE",
        b"XREADGROUP",
        b"ZADD",
        b"ZRANGE",
        b"ZRANGEBYSCORE",
    ];
    word.len() <= 16 && NAMES.binary_search(&word.to_ascii_uppercase().as_slice()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_commands_is_in_order() {
        for name in ["ACL", "GET", "ZRANGEBYSCORE", "ping", "SET", "PSYNC", "EXPIREAT", "TYPE"] {
            assert!(is_command(name.as_bytes()), "{name}");
        }
        assert!(!is_command(b"HELO") && !is_command(b"USER"));
    }
}
