//! Tells NNTP from FTP, SMTP and others that answer with numbers.
//!
//! A server is known by the word NNTP (or that of the usual servers) in its greeting, a client by commands that only news has.

use crate::linewise::{begins_ignoring_case, find_ignoring_case, is_text, lines, word};
use crate::protocol::{Role, Sample, Verdict};

/// The longest line that is waited for (RFC 3977 3.1: 512).
const LINE_BYTES: usize = 1024;
/// Words in a greeting that only news servers say.
const WORDS: &[&[u8]] = &[b"NNTP", b"NNRP", b"InterNetNews", b"Leafnode", b"Usenet"];
/// Commands of RFC 3977, 2980 and 4644 that no other protocol has.
const OWN: &[&[u8]] = &[
    b"ARTICLE",
    b"BODY",
    b"CHECK",
    b"GROUP",
    b"IHAVE",
    b"LISTGROUP",
    b"NEWGROUPS",
    b"NEWNEWS",
    b"OVER",
    b"TAKETHIS",
    b"XGTITLE",
    b"XHDR",
    b"XOVER",
    b"XPAT",
];
/// Commands that others have as well.
const SHARED: &[&[u8]] = &[
    b"AUTHINFO",
    b"CAPABILITIES",
    b"COMPRESS",
    b"DATE",
    b"HDR",
    b"HEAD",
    b"HELP",
    b"LAST",
    b"LIST",
    b"MODE",
    b"NEXT",
    b"POST",
    b"QUIT",
    b"SLAVE",
    b"STARTTLS",
    b"STAT",
    b"XPATH",
    b"XFEATURE",
    b"XZVER",
];

/// Whether a side's first bytes are NNTP's.
pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first().is_some_and(|byte| !super::PROTOCOL.first.allow(sample.role, *byte)) {
        return Verdict::Reject;
    }
    match sample.role {
        Role::Client => client(sample.bytes),
        Role::Server => server(sample.bytes),
    }
}

fn server(bytes: &[u8]) -> Verdict {
    let (mut whole, rest) = lines(bytes);
    let Some(line) = whole.next() else {
        let fits = b"20".starts_with(rest.get(..2).unwrap_or(rest)) && rest.len() <= LINE_BYTES;
        return if fits && is_text(rest) { Verdict::NeedMore } else { Verdict::Reject };
    };
    let text = match line {
        [b'2', b'0', b'0' | b'1'] => &[],
        [b'2', b'0', b'0' | b'1', b' ', text @ ..] => text,
        _ => return Verdict::Reject,
    };
    let has = |word: &[u8]| find_ignoring_case(text, word).is_some();
    if WORDS.iter().any(|word| has(word)) {
        Verdict::Match
    } else if has(b"posting") {
        // As RFC 3977 5.1.3 has it.
        Verdict::Likely
    } else {
        Verdict::NeedMore
    }
}

fn client(bytes: &[u8]) -> Verdict {
    let (whole, rest) = lines(bytes);
    let (mut own, mut shared) = (0u32, 0u32);
    for line in whole {
        let (verb, argument) = word(line);
        let upper = verb.to_ascii_uppercase();
        let upper = upper.as_slice();
        let reader =
            upper == b"MODE" && [&b"READER"[..], b"STREAM"].iter().any(|mode| argument.eq_ignore_ascii_case(mode));
        let login =
            upper == b"AUTHINFO" && [&b"USER "[..], b"SASL "].iter().any(|way| begins_ignoring_case(argument, way));
        if reader || login {
            return Verdict::Match;
        }
        let bare = argument.is_empty() && matches!(upper, b"XHDR" | b"XPAT");
        if OWN.contains(&upper) && !bare {
            own = own.saturating_add(1);
        } else if SHARED.contains(&upper) && is_text(line) {
            shared = shared.saturating_add(1);
        } else if own == 0 {
            return Verdict::Reject;
        } else {
            // An article that is being sent.
            break;
        }
    }
    if own >= 2 {
        return Verdict::Match;
    }
    let begun = word(rest).0.to_ascii_uppercase();
    let may = OWN.iter().chain(SHARED).any(|known| known.starts_with(&begun));
    if own + shared == 0 && !may {
        return Verdict::Reject;
    }
    if own > 0 { Verdict::Likely } else { Verdict::NeedMore }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_tells_by_its_words() {
        assert_eq!(server(b"200 news.example.com InterNetNews NNRP server INN 2.7.1 ready\r\n"), Verdict::Match);
        assert_eq!(server(b"201 NNTP Service Ready\r\n"), Verdict::Match);
        assert_eq!(server(b"201 ready, posting prohibited\r\n"), Verdict::Likely);
        assert_eq!(server(b"200 hello\r\n"), Verdict::NeedMore);
        assert_eq!(server(b"220 ftp ready\r\n"), Verdict::Reject);
        assert_eq!(server(b"2"), Verdict::NeedMore);
    }

    #[test]
    fn a_client_tells_by_its_commands() {
        assert_eq!(client(b"MODE READER\r\n"), Verdict::Match);
        assert_eq!(client(b"GROUP misc.test\r\nXOVER 1-5\r\n"), Verdict::Match);
        assert_eq!(client(b"group misc.test\r\n"), Verdict::Likely);
        assert_eq!(client(b"LIST\r\nSTAT 1\r\nQUIT\r\n"), Verdict::NeedMore);
        assert_eq!(client(b"HEAD / HTTP/1.1\r\nHost: x\r\n"), Verdict::Reject);
        assert_eq!(client(b"USER alice\r\n"), Verdict::Reject);
        assert_eq!(client(b"POST / HTTP/1.1\r\nHost: x\r\n"), Verdict::Reject);
    }
}
