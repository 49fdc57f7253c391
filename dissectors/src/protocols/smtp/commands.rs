//! Commands of the client (RFC 5321 4.1.1 and its extensions), and which of them wait for a reply.

use std::collections::VecDeque;

/// The most commands that wait for replies; a client that sends more ahead is followed by the codes alone.
const WAITING: usize = 128;

/// A command, or what else the server replies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// The connection itself: its reply is the greeting.
    Greeting,
    Helo,
    Ehlo,
    Lhlo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    /// A message's end.
    Message,
    Auth,
    StartTls,
    Rset,
    Quit,
    Other,
}

/// Every verb, in the case in which it is told.
const VERBS: [(&str, Verb); 28] = [
    ("HELO", Verb::Helo),
    ("EHLO", Verb::Ehlo),
    ("LHLO", Verb::Lhlo),
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Rcpt),
    ("DATA", Verb::Data),
    ("BDAT", Verb::Bdat),
    ("AUTH", Verb::Auth),
    ("STARTTLS", Verb::StartTls),
    ("RSET", Verb::Rset),
    ("QUIT", Verb::Quit),
    ("NOOP", Verb::Other),
    ("HELP", Verb::Other),
    ("VRFY", Verb::Other),
    ("EXPN", Verb::Other),
    ("ETRN", Verb::Other),
    ("ATRN", Verb::Other),
    ("BURL", Verb::Other),
    ("SEND", Verb::Other),
    ("SOML", Verb::Other),
    ("SAML", Verb::Other),
    ("TURN", Verb::Other),
    ("VERB", Verb::Other),
    ("XCLIENT", Verb::Other),
    ("XFORWARD", Verb::Other),
    ("X-EXPS", Verb::Other),
    ("X-ANONYMOUSTLS", Verb::StartTls),
    ("XEXCH50", Verb::Other),
];

/// Reads a command: its verb, its name, and what follows it.
pub(super) fn read(line: &[u8]) -> Option<(Verb, &'static str, &[u8])> {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let (verb, rest) = line.split_at_checked(end)?;
    let (name, verb) = VERBS.iter().find(|(name, _)| verb.eq_ignore_ascii_case(name.as_bytes()))?;
    Some((*verb, name, rest.trim_ascii()))
}

/// The path after `FROM:` or `TO:`, without its brackets; `<>` where it is empty.
pub(super) fn path<'a>(rest: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (start, after) = rest.split_at_checked(word.len())?;
    let after = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    if !start.eq_ignore_ascii_case(word) {
        return None;
    }
    let path = match after.strip_prefix(b"<") {
        Some(inner) => inner.split(|byte| *byte == b'>').next().unwrap_or_default(),
        None => after.split(|byte| *byte == b' ').next().unwrap_or_default(),
    };
    Some(if path.is_empty() { b"<>" } else { path })
}

/// Commands without their replies.
#[derive(Debug)]
pub(super) struct Waiting {
    verbs: VecDeque<Verb>,
    /// Something was not seen: which reply belongs to which command is not known any more.
    lost: bool,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { verbs: VecDeque::from([Verb::Greeting]), lost: false }
    }
}

impl Waiting {
    /// The client has sent something that the server will reply to.
    pub(super) fn push(&mut self, verb: Verb) {
        if self.verbs.len() < WAITING {
            self.verbs.push_back(verb);
        } else {
            self.lost();
        }
    }

    /// What a reply of this code replies to, where it is known.
    pub(super) fn pop(&mut self, code: u16) -> Option<Verb> {
        let greets = matches!(code, 220 | 421 | 554);
        // In a session whose beginning was not seen nobody greets.
        if self.verbs.front() == Some(&Verb::Greeting) && !greets {
            self.verbs.pop_front();
        }
        self.verbs.pop_front().filter(|_| !self.lost)
    }

    /// Bytes were not seen.
    pub(super) fn lost(&mut self) {
        self.lost = true;
        self.verbs.clear();
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.verbs.capacity() * size_of::<Verb>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_clients_write_them() {
        for (rest, path_told) in [
            ("FROM:<a@b> SIZE=10", Some("a@b")),
            ("from: <a@b>", Some("a@b")),
            ("FROM:a@b BODY=8BITMIME", Some("a@b")),
            ("FROM:<>", Some("<>")),
            ("FROM <a@b>", None),
            ("TO:<a@b>", None),
            ("FROM", None),
        ] {
            assert_eq!(path(rest.as_bytes(), b"FROM"), path_told.map(str::as_bytes), "{rest}");
        }
    }
}
