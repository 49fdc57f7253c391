//! What IMAP looks like (RFC 3501 2.2, 6, 7).
//!
//! ```text
//! client   tag SP command ...
//! server   * OK text      * PREAUTH text      * BYE text      * word ...      tag OK text
//! ```
//!
//! A tag may be anything, so a client's line counts only with a command that takes such arguments, and most want the server's agreement.

use memchr::memmem;

use crate::protocol::{FirstBytes, Role, Sample, Verdict};

/// The longest first line that is waited for.
const LINE: usize = 1500;
/// The longest tag believed: clients use up to a dozen signs.
const TAG: usize = 32;

/// What each side can begin with.
pub(super) const FIRST: FirstBytes = FirstBytes {
    client: &[b'0'..=b'9', b'A'..=b'Z', b'a'..=b'z', b'$'..=b'$', b'.'..=b'.', b'_'..=b'_', b'-'..=b'-'],
    server: &[b'*'..=b'*', b'0'..=b'9', b'A'..=b'Z', b'a'..=b'z', b'$'..=b'$', b'.'..=b'.', b'_'..=b'_', b'-'..=b'-'],
};

/// Whether a command takes arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Something,
    Either,
}

/// Every command (RFC 3501 6 and its extensions).
pub(super) const COMMANDS: [(&str, Takes); 48] = [
    ("APPEND", Takes::Something),
    ("AUTHENTICATE", Takes::Something),
    ("CAPABILITY", Takes::Nothing),
    ("CHECK", Takes::Nothing),
    ("CLOSE", Takes::Nothing),
    ("COMPRESS", Takes::Something),
    ("COPY", Takes::Something),
    ("CREATE", Takes::Something),
    ("DELETE", Takes::Something),
    ("DELETEACL", Takes::Something),
    ("ENABLE", Takes::Something),
    ("EXAMINE", Takes::Something),
    ("EXPUNGE", Takes::Either),
    ("FETCH", Takes::Something),
    ("GENURLAUTH", Takes::Something),
    ("GETACL", Takes::Something),
    ("GETMETADATA", Takes::Something),
    ("GETQUOTA", Takes::Something),
    ("GETQUOTAROOT", Takes::Something),
    ("ID", Takes::Something),
    ("IDLE", Takes::Nothing),
    ("LIST", Takes::Something),
    ("LISTRIGHTS", Takes::Something),
    ("LOGIN", Takes::Something),
    ("LOGOUT", Takes::Nothing),
    ("LSUB", Takes::Something),
    ("MOVE", Takes::Something),
    ("MYRIGHTS", Takes::Something),
    ("NAMESPACE", Takes::Nothing),
    ("NOOP", Takes::Nothing),
    ("NOTIFY", Takes::Something),
    ("RENAME", Takes::Something),
    ("RESETKEY", Takes::Either),
    ("SEARCH", Takes::Something),
    ("SELECT", Takes::Something),
    ("SETACL", Takes::Something),
    ("SETMETADATA", Takes::Something),
    ("SETQUOTA", Takes::Something),
    ("SORT", Takes::Something),
    ("STARTTLS", Takes::Nothing),
    ("STATUS", Takes::Something),
    ("STORE", Takes::Something),
    ("SUBSCRIBE", Takes::Something),
    ("THREAD", Takes::Something),
    ("UID", Takes::Something),
    ("UNSELECT", Takes::Nothing),
    ("UNSUBSCRIBE", Takes::Something),
    ("XLIST", Takes::Something),
];

/// Splits a line at its first space.
fn word(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match line.iter().position(|byte| *byte == b' ') {
        Some(at) => (line.get(..at).unwrap_or_default(), line.get(at.saturating_add(1)..)),
        None => (line, None),
    }
}

fn is_tag_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'.' | b'_' | b'-' | b'#' | b':' | b'=' | b'/')
}

fn is_tag(tag: &[u8]) -> bool {
    let first = matches!(tag.first(), Some(b'$' | b'.' | b'_' | b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'));
    first && tag.len() <= TAG && tag.iter().all(|byte| is_tag_sign(*byte))
}

/// Reads a client's line: tag, command, arguments.
pub(super) fn read(line: &[u8]) -> Option<(&[u8], &'static str, &[u8])> {
    let (tag, rest) = word(line);
    let (name, arguments) = word(rest?);
    let (name, _) = COMMANDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))?;
    Some((tag, name, arguments.unwrap_or_default()))
}

/// As [`read`], where the arguments fit the command, and the tag is one that clients use.
pub(super) fn command(line: &[u8]) -> Option<(&[u8], &'static str, &[u8])> {
    let (tag, rest) = word(line);
    let (name, arguments) = word(rest?);
    let (name, takes) = COMMANDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))?;
    let arguments = arguments.unwrap_or_default();
    let fits = match takes {
        Takes::Nothing => arguments.trim_ascii().is_empty(),
        // A name and a password, of which each is a word, or in quotes, or follows (RFC 3501 6.2.3).
        _ if *name == "LOGIN" && !arguments.iter().any(|byte| matches!(byte, b'"' | b'{')) => {
            arguments.trim_ascii().split(|byte| *byte == b' ').count() == 2
        }
        Takes::Something => !arguments.trim_ascii().is_empty(),
        Takes::Either => true,
    };
    (fits && is_tag(tag)).then_some((tag, name, arguments))
}

/// The probe.
pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    // Most sessions are left after a few bytes.
    let start = sample.bytes.iter().take(TAG.saturating_add(1)).take_while(|byte| is_tag_sign(**byte)).count();
    let tagged = start > 0 && matches!(sample.bytes.get(start), None | Some(b' '));
    let untagged = sample.role == Role::Server && sample.bytes.starts_with(b"*");
    if !(tagged || untagged) {
        return Verdict::Reject;
    }
    let mut lines = sample.bytes.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next() else {
        return Verdict::NeedMore;
    };
    let Some(first) = first.strip_suffix(b"\n").map(<[u8]>::trim_ascii_end) else {
        let fits = match sample.role {
            Role::Client => may_be_command(first),
            Role::Server => may_be_response(first),
        };
        return if fits && first.len() < LINE { Verdict::NeedMore } else { Verdict::Reject };
    };
    match sample.role {
        Role::Client => {
            let Some((tag, name, _)) = command(first) else {
                return Verdict::Reject;
            };
            let second = lines.next().and_then(|line| line.strip_suffix(b"\n")).map(<[u8]>::trim_ascii_end);
            let again = second.and_then(command).filter(|(other, ..)| *other != tag);
            // Clients number their commands; a word before a command's name is speech.
            let numbered = tag.len() == 1 || tag.iter().any(|byte| !byte.is_ascii_alphabetic());
            match again {
                _ if !numbered => Verdict::NeedMore,
                _ if name == "CAPABILITY" => Verdict::Match,
                Some((_, second, _)) if is_telling(name) || is_telling(second) => Verdict::Match,
                _ if is_telling(name) => Verdict::Likely,
                _ => Verdict::NeedMore,
            }
        }
        Role::Server => server(first),
    }
}

/// Whether a word hardly stands second on a line of another protocol: LIST, COPY or ID may be the key of a store, or plain speech.
fn is_telling(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "AUTHENTICATE",
        "CAPABILITY",
        "EXAMINE",
        "FETCH",
        "LOGIN",
        "LOGOUT",
        "LSUB",
        "NAMESPACE",
        "SELECT",
        "STARTTLS",
        "UID",
    ];
    NAMES.contains(&name)
}

fn may_be_command(line: &[u8]) -> bool {
    let (tag, rest) = word(line);
    let Some(rest) = rest else {
        return is_tag(tag);
    };
    let (name, arguments) = word(rest);
    let name = name.strip_suffix(b"\r").unwrap_or(name);
    is_tag(tag)
        && COMMANDS.iter().any(|(known, takes)| {
            let known = known.as_bytes();
            match arguments {
                Some(_) => name.eq_ignore_ascii_case(known) && *takes != Takes::Nothing,
                None => known.get(..name.len()).is_some_and(|start| name.eq_ignore_ascii_case(start)),
            }
        })
}

fn may_be_response(line: &[u8]) -> bool {
    let (tag, rest) = word(line);
    if line.starts_with(b"*") {
        return tag == b"*"
            && rest.is_none_or(|rest| rest.iter().all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\r')));
    }
    let status = rest.map_or(&[][..], |rest| word(rest).0);
    is_tag(tag) && STATUS.iter().any(|known| known.iter().zip(status).all(|(a, b)| a == b))
}

const STATUS: [&[u8]; 3] = [b"OK", b"NO", b"BAD"];

fn server(line: &[u8]) -> Verdict {
    let (tag, rest) = word(line);
    let (name, arguments) = word(rest.unwrap_or_default());
    let arguments = arguments.unwrap_or_default();
    if tag != b"*" {
        // The end of a command that was not seen, or anything: `200 OK`.
        return if is_tag(tag) && STATUS.contains(&name) { Verdict::NeedMore } else { Verdict::Reject };
    }
    let number = !name.is_empty() && name.iter().all(u8::is_ascii_digit);
    let upper = arguments.to_ascii_uppercase();
    match name.to_ascii_uppercase().as_slice() {
        b"OK" | b"PREAUTH" | b"BYE" => {
            let named = [&b"IMAP"[..], b"[CAPABILITY "].iter().any(|word| memmem::find(&upper, word).is_some());
            if named { Verdict::Match } else { Verdict::Likely }
        }
        b"CAPABILITY" if memmem::find(&upper, b"IMAP4").is_some() => Verdict::Match,
        b"LIST" | b"LSUB" | b"FLAGS" if arguments.starts_with(b"(") => Verdict::Match,
        b"SEARCH" | b"STATUS" | b"NAMESPACE" | b"ID" | b"ENABLED" | b"QUOTA" | b"QUOTAROOT" => Verdict::Likely,
        _ if number && upper.starts_with(b"FETCH (") => Verdict::Match,
        _ if number && matches!(upper.as_slice(), b"EXISTS" | b"RECENT" | b"EXPUNGE") => Verdict::Match,
        _ => Verdict::Reject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(role: Role, text: &str) -> Verdict {
        let destination = std::net::IpAddr::from([192, 0, 2, 1]);
        probe(&Sample { transport: crate::protocol::Transport::Tcp, role, bytes: text.as_bytes(), destination })
    }

    #[test]
    fn clients_are_told_from_those_of_others() {
        for (text, told) in [
            ("a1 LOGIN alice secret\r\n", Verdict::Likely),
            ("a1 CAPABILITY\r\n", Verdict::Match),
            ("1 noop\r\n2 select INBOX\r\n", Verdict::Match),
            ("a1 LOG", Verdict::NeedMore),
            ("set list 0 0 5\r\n", Verdict::NeedMore),
            ("set list 0 0 5\r\nget id x\r\n", Verdict::NeedMore),
            ("A", Verdict::NeedMore),
            ("GET /index.html HTTP/1.1\r\n", Verdict::Reject),
            ("GET /", Verdict::Reject),
            ("HELP LIST\r\n", Verdict::Reject),
            ("USER LOGIN\r\n", Verdict::Reject),
            ("NICK x y\r\n", Verdict::Reject),
        ] {
            assert_eq!(verdict(Role::Client, text), told, "{text}");
        }
    }

    #[test]
    fn servers_are_known_by_what_they_name() {
        for (text, told) in [
            ("* OK [CAPABILITY IMAP4rev1] ready\r\n", Verdict::Match),
            ("* OK ready\r\n", Verdict::Likely),
            ("* 3 EXISTS\r\n", Verdict::Match),
            ("* 12 FETCH (FLAGS ())\r\n", Verdict::Match),
            ("a1 OK done\r\n", Verdict::NeedMore),
            ("200 OK\r\n", Verdict::NeedMore),
            ("* ", Verdict::NeedMore),
            ("*3\r\n$3\r\nSET\r\n", Verdict::Reject),
            ("** x\r\n", Verdict::Reject),
            ("* whatever\r\n", Verdict::Reject),
            ("RTSP/1.0 200 OK\r\n", Verdict::Reject),
        ] {
            assert_eq!(verdict(Role::Server, text), told, "{text}");
        }
    }
}
