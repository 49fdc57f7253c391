//! How POP3 is recognised, and told from Redis and FTP, which share words with it.

use crate::protocol::{Role, Sample, Verdict};

/// The longest line of a response that a probe waits for (RFC 2449 4: 512).
const PROBE_LINE: usize = 1024;
/// Every verb. The flag says that no other protocol's client begins with it.
const VERBS: [(&str, bool); 19] = [
    ("USER", false),
    ("PASS", false),
    ("APOP", true),
    ("AUTH", false),
    ("CAPA", true),
    ("STLS", true),
    ("STAT", false),
    ("LIST", false),
    ("RETR", false),
    ("TOP", true),
    ("UIDL", true),
    ("DELE", false),
    ("RSET", false),
    ("NOOP", false),
    ("LAST", false),
    ("QUIT", false),
    ("LANG", false),
    ("UTF8", false),
    ("XTND", true),
];

/// Splits a command into its verb, in the case in which it is told, and what follows it.
pub(super) fn command(line: &[u8]) -> Option<(&'static str, bool, &[u8])> {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (verb, rest) = line.split_at_checked(end)?;
    let (name, own) = VERBS.iter().find(|(name, _)| verb.eq_ignore_ascii_case(name.as_bytes()))?;
    Some((name, *own, rest.trim_ascii()))
}

pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    let mut lines = sample.bytes.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next() else {
        return Verdict::NeedMore;
    };
    let Some(first) = first.strip_suffix(b"\n").map(<[u8]>::trim_ascii_end) else {
        let fits = match sample.role {
            Role::Client => {
                let verb = first.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
                VERBS.iter().any(|(name, _)| {
                    let name = name.as_bytes();
                    verb.eq_ignore_ascii_case(name)
                        || (verb.len() == first.len()
                            && name.get(..verb.len()).is_some_and(|start| verb.eq_ignore_ascii_case(start)))
                })
            }
            Role::Server => {
                let starts = |status: &[u8]| first.iter().zip(status).all(|(a, b)| a == b);
                (starts(b"+OK") && matches!(first.get(3), None | Some(b' ' | b'\r'))) || starts(b"-ERR ")
            }
        };
        return if fits && first.len() < PROBE_LINE { Verdict::NeedMore } else { Verdict::Reject };
    };
    match sample.role {
        Role::Client => probe_client(first, lines),
        Role::Server => probe_server(first, lines),
    }
}

fn probe_client<'a>(first: &[u8], others: impl Iterator<Item = &'a [u8]>) -> Verdict {
    let Some((verb, own, rest)) = command(first) else {
        return Verdict::Reject;
    };
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let proved = |verb: &str, rest: &[u8]| match verb {
        "APOP" => rest.rsplitn(2, |byte| *byte == b' ').next().is_some_and(|digest| digest.len() == 32),
        "TOP" => rest.split(|byte| *byte == b' ').count() == 2 && rest.split(|byte| *byte == b' ').all(digits),
        "UIDL" => rest.is_empty() || digits(rest),
        _ => false,
    };
    let mut authenticates = verb == "AUTH";
    let mut verdict = match verb {
        _ if own => Verdict::Likely,
        // A name may hold a blank, but so does speech.
        "USER" if rest.contains(&b' ') => Verdict::NeedMore,
        "USER" | "PASS" if !rest.is_empty() => Verdict::Likely,
        "STAT" if rest.is_empty() => Verdict::Likely,
        "RETR" | "DELE" | "LIST" if digits(rest) => Verdict::Likely,
        "AUTH" if is_mechanism(rest.split(|byte| *byte == b' ').next().unwrap_or_default()) => Verdict::Likely,
        _ => Verdict::NeedMore,
    };
    if proved(verb, rest) {
        return Verdict::Match;
    }
    for line in others.filter_map(|line| line.strip_suffix(b"\n")) {
        match command(line.trim_ascii_end()) {
            Some((verb, _, rest)) if proved(verb, rest) => return Verdict::Match,
            Some(("AUTH", ..)) => authenticates = true,
            Some((_, true, _)) => verdict = Verdict::Likely,
            Some(_) => {}
            None if authenticates => {}
            None => return Verdict::Reject,
        }
    }
    verdict
}

/// Whether a word is a mechanism of SASL: Redis's clients send `AUTH` and a password.
fn is_mechanism(word: &[u8]) -> bool {
    const MECHANISMS: [&str; 10] = [
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "NTLM",
        "GSSAPI",
        "XOAUTH2",
        "OAUTHBEARER",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
    ];
    MECHANISMS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn probe_server<'a>(first: &[u8], others: impl Iterator<Item = &'a [u8]>) -> Verdict {
    let text = match first {
        b"+OK" | b"-ERR" => &[][..],
        [b'+', b'O', b'K', b' ', text @ ..] => text,
        // A server that begins so was not heard from its beginning, or is Redis.
        [b'-', b'E', b'R', b'R', b' ', _, ..] => return Verdict::NeedMore,
        _ => return Verdict::Reject,
    };
    let upper = text.to_ascii_uppercase();
    let names_pop = upper.windows(4).any(|word| word == b"POP3") || upper.windows(4).any(|word| word == b"POP ");
    // `<process.clock@host>`, for APOP.
    let stamp = upper.split(|byte| *byte == b' ').any(|word| matches!(word, [b'<', .., b'>']) && word.contains(&b'@'));
    let counted = upper.strip_suffix(b" OCTETS").is_some_and(|count| count.iter().all(u8::is_ascii_digit));
    let offers = others.filter_map(|line| line.strip_suffix(b"\n")).map(<[u8]>::trim_ascii_end);
    let offered = offers.filter(|line| matches!(*line, b"UIDL" | b"TOP" | b"USER" | b"STLS" | b"RESP-CODES")).count();
    match () {
        () if names_pop || stamp || counted || offered > 1 => Verdict::Match,
        // Redis says so too.
        () if text.is_empty() => Verdict::NeedMore,
        () => Verdict::Likely,
    }
}

/// Whether a server's first response is its greeting. A client waits for that, so one that has spoken was heard from the middle,
/// unless the response says what it is.
pub(super) fn greets(response: &[u8], client_heard: bool) -> bool {
    let Some(text) = response.strip_prefix(b"+OK").map(<[u8]>::trim_ascii) else {
        return !client_heard;
    };
    let says = |word: &[u8]| text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    let counts = text.first().is_none_or(u8::is_ascii_digit) || says(b"octets");
    says(b"POP") || says(b"ready") || !(client_heard || counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Transport;

    fn verdict(role: Role, text: &str) -> Verdict {
        let destination = std::net::IpAddr::from([192, 0, 2, 1]);
        probe(&Sample { transport: Transport::Tcp, role, bytes: text.as_bytes(), destination })
    }

    #[test]
    fn servers_are_told_from_those_of_redis() {
        for (text, told) in [
            ("+OK Dovecot ready.\r\n", Verdict::Likely),
            ("+OK POP3 server ready\r\n", Verdict::Match),
            ("+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n", Verdict::Match),
            ("+OK 120 octets\r\n", Verdict::Match),
            ("+OK\r\nUIDL\r\nTOP\r\n.\r\n", Verdict::Match),
            ("+OK\r\n", Verdict::NeedMore),
            ("-ERR unknown command\r\n", Verdict::NeedMore),
            ("+O", Verdict::NeedMore),
            ("+PONG\r\n", Verdict::Reject),
            ("+OKAY\r\n", Verdict::Reject),
            ("-ERROR\r\n", Verdict::Reject),
        ] {
            assert_eq!(verdict(Role::Server, text), told, "{text}");
        }
    }

    #[test]
    fn clients_are_told_from_those_of_ftp() {
        for (text, told) in [
            ("USER alice\r\n", Verdict::Likely),
            ("CAPA\r\n", Verdict::Likely),
            ("UIDL\r\n", Verdict::Match),
            ("USER alice\r\nPASS x\r\nUIDL\r\n", Verdict::Match),
            ("AUTH PLAIN\r\n", Verdict::Likely),
            ("AUTH secret\r\n", Verdict::NeedMore),
            ("USER alice\r\nPASS x\r\nSYST\r\n", Verdict::Reject),
            ("RETR file.txt\r\n", Verdict::NeedMore),
            ("QUIT\r\n", Verdict::NeedMore),
            ("RET", Verdict::NeedMore),
            ("RETX", Verdict::Reject),
            ("SYST\r\n", Verdict::Reject),
        ] {
            assert_eq!(verdict(Role::Client, text), told, "{text}");
        }
    }
}
