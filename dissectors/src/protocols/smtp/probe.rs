//! What SMTP looks like (RFC 5321 3.1, 4.1.1, 4.2; RFC 3463 for the second code).
//!
//! ```text
//! server   220[ -]host ESMTP ...      250-host    250-KEYWORD    250 2.1.0 Ok      354 ...
//! client   EHLO host      HELO host      LHLO host      MAIL FROM:<...>      RCPT TO:<...>
//! ```
//!
//! FTP's servers greet with 220 too, and answer with the same codes: a server's bytes prove SMTP only where a greeting names it, where
//! an extension of SMTP is offered, or where the code is said again in its long form. Verbs that other protocols have as well
//! (QUIT, HELP, NOOP) say nothing by themselves.

use super::replies;
use crate::protocol::{FirstBytes, Role, Sample, Verdict};

/// The longest line waited for.
const LINE: usize = 1024;

/// What each side can begin with.
pub(super) const FIRST: FirstBytes = FirstBytes {
    client: &[
        b'A'..=b'E',
        b'H'..=b'H',
        b'L'..=b'N',
        b'Q'..=b'S',
        b'V'..=b'V',
        b'X'..=b'X',
        b'a'..=b'e',
        b'h'..=b'h',
        b'l'..=b'n',
        b'q'..=b's',
        b'v'..=b'v',
        b'x'..=b'x',
    ],
    server: &[b'2'..=b'5'],
};

/// Extensions that only SMTP's servers offer (IANA's list), and FTP's do not name so.
const EXTENSIONS: [&str; 18] = [
    "8BITMIME",
    "AUTH",
    "AUTH=LOGIN",
    "BINARYMIME",
    "BURL",
    "CHUNKING",
    "DELIVERBY",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "ETRN",
    "EXPN",
    "LIMITS",
    "PIPELINING",
    "SIZE",
    "SMTPUTF8",
    "STARTTLS",
    "VRFY",
    "XCLIENT",
];

/// Verbs that begin a client's side. Those of the first list are SMTP's alone.
const OWN_VERBS: [&str; 5] = ["EHLO", "HELO", "LHLO", "BDAT", "XCLIENT"];
const COMMON_VERBS: [&str; 12] =
    ["AUTH", "DATA", "ETRN", "EXPN", "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "STARTTLS", "VRFY"];

/// The probe.
pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        Role::Client => client(sample.bytes),
        Role::Server => server(sample.bytes),
    }
}

fn client(bytes: &[u8]) -> Verdict {
    let mut verdict = Verdict::NeedMore;
    // Lines may be anything: SMTP is known, or a message or an answer to a challenge may follow.
    let mut content = false;
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n").map(<[u8]>::trim_ascii_end) else {
            if at == 0 && (line.len() > LINE || !may_begin(line)) {
                return Verdict::Reject;
            }
            break;
        };
        let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (verb, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
        let is = |known: &str| verb.eq_ignore_ascii_case(known.as_bytes());
        let printable = line.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..));
        if (is("MAIL") && path_follows(rest, b"FROM")) || (is("RCPT") && path_follows(rest, b"TO")) {
            return Verdict::Match;
        }
        if printable && OWN_VERBS.iter().any(|known| is(known)) {
            verdict = Verdict::Likely;
            content = true;
        } else if is("AUTH") || is("DATA") {
            // FTP's clients ask for TLS so (RFC 4217 4).
            if rest.eq_ignore_ascii_case(b" TLS") || rest.eq_ignore_ascii_case(b" SSL") {
                return Verdict::Reject;
            }
            content = true;
        } else if !content && !COMMON_VERBS.iter().any(|known| is(known)) {
            return Verdict::Reject;
        }
    }
    verdict
}

/// Whether an unfinished line may become a command.
fn may_begin(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\r'));
    let verb = end.and_then(|end| line.get(..end)).unwrap_or(line);
    OWN_VERBS.iter().chain(&COMMON_VERBS).any(|known| {
        let known = known.as_bytes();
        let start = if end.is_some() { Some(known) } else { known.get(..verb.len()) };
        start.is_some_and(|start| verb.eq_ignore_ascii_case(start))
    })
}

/// `FROM:` or `TO:` and what looks like a path.
fn path_follows(rest: &[u8], word: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let Some((start, after)) = rest.split_at_checked(word.len()) else {
        return false;
    };
    let after = after.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    start.eq_ignore_ascii_case(word) && after.is_some_and(|after| after.starts_with(b"<") || after.contains(&b'@'))
}

fn server(bytes: &[u8]) -> Verdict {
    let (mut verdict, mut whole) = (Verdict::NeedMore, false);
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n").map(<[u8]>::trim_ascii_end) else {
            if at == 0 && (line.len() > LINE || !replies::may_be(line)) {
                return Verdict::Reject;
            }
            break;
        };
        let Some(reply) = replies::read(line) else {
            // After the first line, lines of a continued reply may look like anything; what follows a whole one is another.
            if at == 0 || (at == 1 && whole) {
                return Verdict::Reject;
            }
            continue;
        };
        if proves(reply.code, reply.text, at == 0) {
            return Verdict::Match;
        }
        // The codes that RFC 5321 4.2.3, RFC 4954 and RFC 3030 know; other protocols of lines have others of their own.
        if at == 0 && !matches!(reply.code, 211 | 214 | 220 | 221 | 235 | 250..=253 | 334 | 354 | 400..=599) {
            return Verdict::Reject;
        }
        if at == 0 {
            whole = reply.last;
            let fits = matches!(reply.code, 220 | 554) && !names_ftp(reply.text);
            verdict = if fits { Verdict::Likely } else { Verdict::NeedMore };
        }
    }
    verdict
}

fn proves(code: u16, text: &[u8], first: bool) -> bool {
    match code {
        220 | 421 | 554 if first && names_smtp(text) => true,
        250 if !first && EXTENSIONS.iter().any(|known| begins_with_word(text, known)) => true,
        250 if begins_with_word(text, "PIPELINING") || begins_with_word(text, "8BITMIME") => true,
        _ => repeats_code(code, text),
    }
}

fn begins_with_word(text: &[u8], word: &str) -> bool {
    text.split_at_checked(word.len()).is_some_and(|(start, after)| {
        start.eq_ignore_ascii_case(word.as_bytes()) && matches!(after.first(), None | Some(b' '))
    })
}

/// Whether a word of a greeting is SMTP, ESMTP or LMTP, and not a part of a host's name.
fn names_smtp(text: &[u8]) -> bool {
    text.split(|byte| matches!(byte, b' ' | b'\t' | b'(' | b')' | b'[' | b']' | b',' | b';')).any(|word| {
        let end = word.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(word.len());
        let (name, after) = word.split_at_checked(end).unwrap_or((word, &[]));
        let named = [&b"SMTP"[..], b"ESMTP", b"LMTP", b"ESMTPA", b"ESMTPS"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        named && !matches!(after.first(), Some(b'.' | b'-' | b'@' | b'_'))
    })
}

/// Whether a greeting speaks of FTP: the server's name or the host's.
fn names_ftp(text: &[u8]) -> bool {
    text.windows(3).any(|word| word.eq_ignore_ascii_case(b"ftp"))
}

/// Whether a text begins with the long form of its code, such as `2.1.0` after 250.
fn repeats_code(code: u16, text: &[u8]) -> bool {
    let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    let mut numbers = word.split(|byte| *byte == b'.');
    let short = |number: Option<&[u8]>| {
        number.is_some_and(|number| matches!(number.len(), 1..=3) && number.iter().all(u8::is_ascii_digit))
    };
    let class = match code / 100 {
        2 => b"2",
        4 => b"4",
        5 => b"5",
        _ => return false,
    };
    numbers.next() == Some(class) && short(numbers.next()) && short(numbers.next()) && numbers.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_from_those_of_ftp() {
        for (bytes, verdict) in [
            ("220 mail.example.com ESMTP Postfix\r\n", Verdict::Match),
            ("220-host ESMTP Exim 4.96\r\n220 no spam\r\n", Verdict::Match),
            ("220 host Sendmail SMI-8.6/SMI-SVR4 ready\r\n250-x\r\n250-PIPELINING\r\n", Verdict::Match),
            ("554 host ESMTP not accepting\r\n", Verdict::Match),
            ("220 host ready\r\n", Verdict::Likely),
            ("220 smtp.example.com FTP server ready\r\n", Verdict::NeedMore),
            ("220 ProFTPD ready\r\n250 OK. Current directory is /\r\n211-Features\r\n SIZE\r\n", Verdict::NeedMore),
            ("220 x\r\n250 2.1.0 Ok\r\n", Verdict::Match),
            ("250-SIZE 1000\r\n", Verdict::NeedMore),
            ("250 1.2.3.4 logged in\r\n", Verdict::NeedMore),
            ("421 closing\r\n", Verdict::NeedMore),
            ("200 HTTP is not this\r\n", Verdict::Reject),
            ("382 Continue with TLS\r\n", Verdict::Reject),
            ("22", Verdict::NeedMore),
            ("220", Verdict::NeedMore),
            ("2200 x", Verdict::Reject),
            ("220\tx\r\n", Verdict::Reject),
        ] {
            assert_eq!(server(bytes.as_bytes()), verdict, "{bytes}");
        }
    }

    #[test]
    fn clients_are_told_from_those_of_others() {
        for (bytes, verdict) in [
            ("EHLO client\r\n", Verdict::Likely),
            ("helo client\r\nmail from:<a@b>\r\n", Verdict::Match),
            ("MAIL FROM: <>\r\n", Verdict::Match),
            ("RCPT TO:a@b\r\n", Verdict::Match),
            ("QUIT\r\n", Verdict::NeedMore),
            ("HELP\r\n", Verdict::NeedMore),
            ("AUTH PLAIN AGEAYg==\r\n", Verdict::NeedMore),
            ("AUTH TLS\r\n", Verdict::Reject),
            ("NOOP\r\nUSER alice\r\n", Verdict::Reject),
            ("EH", Verdict::NeedMore),
            ("EHLO", Verdict::NeedMore),
            ("EHLOX", Verdict::Reject),
            ("USER alice\r\n", Verdict::Reject),
            ("MAILBOX x\r\n", Verdict::Reject),
            ("HEAD / HTTP/1.0\r\n", Verdict::Reject),
        ] {
            assert_eq!(client(bytes.as_bytes()), verdict, "{bytes}");
        }
    }
}
