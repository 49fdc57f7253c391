//! Tells FTP from the other protocols of lines and numbers: SMTP greets with 220 as well, POP3 and IRC know USER and PASS, NNTP answers
//! with the same numbers.
//!
//! A server is known by the word FTP in its greeting or by a reply that only FTP has; a client by commands that only FTP has. Everything
//! that others say too only fits, and wants the other side's agreement.

use super::place;
use crate::linewise::{find_ignoring_case, is_text, lines, word};
use crate::protocol::{Role, Sample, Verdict};

/// The longest line that is waited for.
const LINE_BYTES: usize = 1024;

/// Commands that no other protocol has (RFC 959, 775, 1639, 2228, 2389, 2428, 2640, 3659, and what clients say besides). MODE, STRU and TYPE
/// are looked at with their argument.
const OWN: &[&[u8]] = &[
    b"ABOR", b"ADAT", b"ALLO", b"APPE", b"CDUP", b"CLNT", b"CWD", b"EPRT", b"EPSV", b"FEAT", b"LPRT", b"LPSV", b"MDTM",
    b"MFMT", b"MKD", b"MLSD", b"MLST", b"NLST", b"OPTS", b"PASV", b"PBSZ", b"PORT", b"PROT", b"PWD", b"REIN", b"REST",
    b"RMD", b"RNFR", b"RNTO", b"SITE", b"SIZE", b"SMNT", b"STOR", b"STOU", b"SYST", b"XCUP", b"XCWD", b"XMKD", b"XPWD",
    b"XRMD",
];
/// Commands of other protocols that FTP lacks.
const FOREIGN: &[&[u8]] = &[b"EHLO", b"HELO", b"LHLO", b"MAIL", b"RCPT", b"DATA", b"NICK", b"APOP", b"UIDL", b"CAPA"];

/// Whether a side's first bytes are FTP's.
pub(super) fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first().is_some_and(|byte| !super::PROTOCOL.first.allow(sample.role, *byte)) {
        return Verdict::Reject;
    }
    match sample.role {
        Role::Client => client(sample.bytes),
        Role::Server => server(sample.bytes),
    }
}

/// What a client's line says of its protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// FTP, and nothing else.
    Proof,
    /// A command of FTP alone.
    Own,
    /// A login, as other protocols have it.
    Login,
    /// May be anybody's.
    Any,
    Foreign,
}

fn client(bytes: &[u8]) -> Verdict {
    let (whole, rest) = lines(bytes);
    let (mut own, mut login) = (0u32, false);
    for line in whole {
        match says(line) {
            Says::Proof => return Verdict::Match,
            Says::Own => own = own.saturating_add(1),
            Says::Login => login = true,
            Says::Any => {}
            Says::Foreign => return Verdict::Reject,
        }
        if own >= 2 {
            return Verdict::Match;
        }
    }
    let verb = word(rest).0;
    if rest.len() > LINE_BYTES || !is_text(rest) || !may_be_verb(verb) {
        return Verdict::Reject;
    }
    if own > 0 || login { Verdict::Likely } else { Verdict::NeedMore }
}

fn may_be_verb(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    bytes.len() <= 4 && bytes.iter().all(u8::is_ascii_alphabetic)
}

fn says(line: &[u8]) -> Says {
    let (verb, argument) = word(line);
    if !matches!(verb.len(), 3 | 4) || !may_be_verb(verb) || !is_text(line) {
        return Says::Foreign;
    }
    let upper = verb.to_ascii_uppercase();
    match upper.as_slice() {
        b"PORT" if place::port(argument).is_some() => Says::Proof,
        b"EPRT" if place::eprt(argument).is_some() => Says::Proof,
        b"AUTH" if [&b"TLS"[..], b"SSL"].iter().any(|name| argument.eq_ignore_ascii_case(name)) => Says::Proof,
        b"TYPE" if matches!(argument, [b'A' | b'E' | b'I' | b'a' | b'i'] | [b'A', b' ', _]) => Says::Own,
        b"MODE" | b"STRU" if argument.len() == 1 => Says::Own,
        // IRC: USER name mode unused :real name.
        b"USER" if argument.is_empty() || find_ignoring_case(argument, b" :").is_some() => Says::Foreign,
        // A name may hold a blank, but so does speech.
        b"USER" if argument.contains(&b' ') => Says::Any,
        b"USER" => Says::Login,
        verb if OWN.contains(&verb) => Says::Own,
        verb if FOREIGN.contains(&verb) => Says::Foreign,
        _ => Says::Any,
    }
}

fn server(bytes: &[u8]) -> Verdict {
    let (whole, rest) = lines(bytes);
    if rest.len() > LINE_BYTES {
        return Verdict::Reject;
    }
    // The code of a reply of several lines, while it lasts; and whether any reply was seen.
    let (mut within, mut seen) = (None, false);
    let mut best = Verdict::NeedMore;
    for line in whole {
        let code = code(line);
        let verdict = match (within, code) {
            (Some(first), _) if first == b"220" => greeting(line),
            (Some(_), _) => Verdict::NeedMore,
            (None, Some((b"220", _))) => greeting(line),
            (None, Some((number, _))) => reply(number, line.get(3..).unwrap_or_default()),
            (None, None) => return Verdict::Reject,
        };
        match verdict {
            Verdict::Match | Verdict::Reject => return verdict,
            Verdict::Likely => best = Verdict::Likely,
            Verdict::NeedMore => {}
        }
        seen = true;
        within = match (within, code) {
            (Some(first), Some((number, false))) if first == number => None,
            (None, Some((number, true))) => Some(number),
            (within, _) => within,
        };
    }
    if seen || (may_be_code(rest) && is_text(rest)) { best } else { Verdict::Reject }
}

/// A line's code, and whether more lines follow.
fn code(line: &[u8]) -> Option<(&[u8], bool)> {
    let (number, text) = line.split_at_checked(3)?;
    let fits = matches!(number, [b'1'..=b'5', b'0'..=b'6', b'0'..=b'9']);
    let more = match text.first() {
        None | Some(b' ') => false,
        Some(b'-') => true,
        Some(_) => return None,
    };
    fits.then_some((number, more))
}

/// Whether bytes begin as a code does.
fn may_be_code(bytes: &[u8]) -> bool {
    let digits = bytes.get(..3).unwrap_or(bytes);
    digits.iter().zip([b'5', b'6', b'9']).all(|(digit, most)| (b'0'..=most).contains(digit))
        && digits.first() != Some(&b'0')
}

/// A reply that a greeting is not: the beginning was not seen.
fn reply(number: &[u8], text: &[u8]) -> Verdict {
    let has = |words: &[u8]| find_ignoring_case(text, words).is_some();
    let certain = match number {
        b"227" => place::pasv(text).is_some() && has(b"passive"),
        b"229" => place::epsv(text).is_some(),
        b"125" | b"150" => has(b"data connection"),
        b"226" => has(b"transfer complete") || has(b"directory send ok"),
        _ => false,
    };
    let likely = match number {
        b"331" | b"332" => has(b"password") || has(b"account"),
        b"257" => text.contains(&b'"'),
        b"230" => has(b"logged in") || has(b"login"),
        b"530" => has(b"login") || has(b"log in"),
        _ => false,
    };
    match (certain, likely) {
        (true, _) => Verdict::Match,
        (_, true) => Verdict::Likely,
        _ => Verdict::NeedMore,
    }
}

/// What the words of a greeting tell.
fn greeting(line: &[u8]) -> Verdict {
    if find_ignoring_case(line, b"SMTP").is_some() || find_ignoring_case(line, b"NNTP").is_some() {
        return Verdict::Reject;
    }
    let named = line.split(|byte| *byte == b' ').any(|word| {
        let at = find_ignoring_case(word, b"ftp").and_then(|at| word.get(at..));
        // A host's name is no proof.
        at.is_some_and(|tail| !bare(tail).contains(&b'.'))
    });
    // A mail server may greet so too: the client's commands decide, or nobody is named.
    if named || find_ignoring_case(line, b"FileZilla").is_some() { Verdict::Match } else { Verdict::Likely }
}

/// A word without the punctuation behind it.
fn bare(word: &[u8]) -> &[u8] {
    let end = word.iter().rposition(|byte| !b".,!)]\"".contains(byte)).map_or(0, |at| at.saturating_add(1));
    word.get(..end).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_with_the_word_is_proof_and_a_number_alone_is_not() {
        for line in [
            &b"220 (vsFTPd 3.0.3)\r\n"[..],
            b"220 ProFTPD Server ready.\r\n",
            b"220-Welcome\r\n \r\n220 Microsoft FTP Service\r\n",
            b"220-FileZilla Server 1.7.0\r\n",
            b"220 Welcome to my FTP.\r\n",
        ] {
            assert_eq!(server(line), Verdict::Match, "{}", line.escape_ascii());
        }
        for line in [
            &b"220 ready\r\n"[..],
            b"220 ftp.example.com ready\r\n",
            b"220-\r\n220 \r\n",
            b"220 ready\r\n250 hello\r\n",
        ] {
            assert_eq!(server(line), Verdict::Likely, "{}", line.escape_ascii());
        }
        assert_eq!(server(b"220 ready\r\n331 password please\r\n"), Verdict::Likely);
        assert_eq!(server(b"220 ready\r\n227 passive (192,0,2,7,156,64)\r\n"), Verdict::Match);
    }

    #[test]
    fn servers_of_other_protocols_are_not_ftp() {
        for line in [
            &b"220 ftp.example.com ESMTP Postfix\r\n"[..],
            b"220-mail.example.com\r\n220 SMTP FTP\r\n",
            b"+OK ready\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"2200 ready\r\n",
            b"999 ready\r\n",
        ] {
            assert_eq!(server(line), Verdict::Reject, "{}", line.escape_ascii());
        }
        assert_eq!(server(b"421 mail.example.com closing\r\n"), Verdict::NeedMore);
        assert_eq!(server(b"250 Ok\r\n"), Verdict::NeedMore);
        assert_eq!(server(b"200 news.example.com InterNetNews NNRP server (NNTP)\r\n"), Verdict::NeedMore);
    }

    #[test]
    fn replies_in_the_middle_prove_as_much_as_they_say() {
        assert_eq!(server(b"227 Entering Passive Mode (192,0,2,7,156,64).\r\n"), Verdict::Match);
        assert_eq!(server(b"150 Opening BINARY mode data connection for x\r\n"), Verdict::Match);
        assert_eq!(server(b"331 Please specify the password.\r\n"), Verdict::Likely);
    }

    #[test]
    fn a_client_is_known_by_its_own_commands() {
        assert_eq!(client(b"USER alice\r\n"), Verdict::Likely);
        assert_eq!(client(b"user alice\r\npass x\r\nsyst\r\npasv\r\n"), Verdict::Match);
        assert_eq!(client(b"PORT 192,0,2,1,4,1\r\n"), Verdict::Match);
        assert_eq!(client(b"AUTH TLS\r\n\x16\x03\x01"), Verdict::Match);
        assert_eq!(client(b"TYPE I\r\n"), Verdict::Likely);
        assert_eq!(client(b"QUIT\r\n"), Verdict::NeedMore);
        assert_eq!(client(b"LIST\r\nRETR 1\r\n"), Verdict::NeedMore);
    }

    #[test]
    fn clients_of_other_protocols_are_not_ftp() {
        for bytes in [
            &b"EHLO client\r\n"[..],
            b"USER alice 0 * :Alice Example\r\n",
            b"NICK alice\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n",
            b"a001 LOGIN",
            b"SSH-2.0-x",
            b"\x16\x03\x01",
        ] {
            assert_eq!(client(bytes), Verdict::Reject, "{}", bytes.escape_ascii());
        }
    }
}
