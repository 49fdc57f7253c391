//! Finger: who is logged in on a host.
//!
//! ```text
//! client   [/W] [user][@host] CR LF
//! server   text, until it closes
//! ```
//!
//! Specification: RFC 1288. The query is a line like any other, so that only the answer, or the switch `/W`, tells finger; answers
//! have no form in the RFC, but those of most servers descend from BSD's.
//!
//! Limits: a query of [`QUERY_BYTES`]; of the answer [`ANSWER_LINES`] lines are read for the logins in it.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Sides, begins_ignoring_case, find_ignoring_case, is_text, lines};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

/// The longest query.
const QUERY_BYTES: usize = 512;
/// The longest line of an answer that is read whole.
const LINE_BYTES: usize = 1024;
/// How many lines of an answer are read.
const ANSWER_LINES: u32 = 400;

static QUERY: Field = Field::text("query", "what was asked; absent where everybody was asked for", "RFC 1288 2.3");
static HOST: Field = Field::text("host", "the host that the question is to be passed on to", "RFC 1288 2.3");
static LOGIN: Field = Field::text("login", "accounts in the answer", "RFC 1288 3.3").list();
static ANSWER: Field = Field::text("answer", "first line of the answer", "RFC 1288 2.3");

static ELEMENT: Element =
    Element { name: "finger", meaning: "who is logged in", fields: &[&QUERY, &HOST, &LOGIN, &ANSWER] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "finger",
    about: About {
        name: "Finger",
        specification: "RFC 1288",
        evidence: "the switch `/W`, or an answer of the form that most servers have",
        limits: "an answer in another form can't be told from other text",
        ports: &[79],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[b'\r'..=b'\r', b'\n'..=b'\n', 0x20..=0x7e],
        server: &[b'\r'..=b'\r', b'\n'..=b'\n', 0x20..=0x7e],
    },
    probe,
    open: |_: &Opening| Box::new(Finger::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first().is_some_and(|byte| !PROTOCOL.first.allow(sample.role, *byte)) {
        return Verdict::Reject;
    }
    match sample.role {
        Role::Client => query(sample.bytes),
        Role::Server => answer(sample.bytes),
    }
}

/// A client sends one line and nothing else.
fn query(bytes: &[u8]) -> Verdict {
    let (mut whole, rest) = lines(bytes);
    let line = whole.next();
    let shown = line.unwrap_or(rest);
    let ascii = shown.iter().all(|byte| matches!(byte, 0x20..=0x7e));
    let alone = line.is_none() || (rest.is_empty() && whole.next().is_none());
    if !ascii || !alone || shown.len() > QUERY_BYTES {
        return Verdict::Reject;
    }
    let wide = line.is_some_and(|line| line == b"/W" || line.starts_with(b"/W "));
    if wide { Verdict::Likely } else { Verdict::NeedMore }
}

fn answer(bytes: &[u8]) -> Verdict {
    let (whole, rest) = lines(bytes);
    let mut texts = whole.filter(|line| !line.trim_ascii().is_empty());
    let Some(first) = texts.next() else {
        return if is_text(rest) && rest.len() < LINE_BYTES { Verdict::NeedMore } else { Verdict::Reject };
    };
    let has = |words: &[u8]| find_ignoring_case(first, words).is_some();
    let one = begins_ignoring_case(first, b"login") && (has(b"name:") || has(b"in real life"));
    let table =
        begins_ignoring_case(first, b"login") && has(b" name ") && (has(b" tty") || has(b" idle") || has(b" when"));
    let nobody = begins_ignoring_case(first, b"finger: ") && has(b"no such user");
    if one || table || nobody {
        Verdict::Match
    } else if first.eq_ignore_ascii_case(b"no one logged on.") || first.eq_ignore_ascii_case(b"no one logged on") {
        Verdict::Likely
    } else {
        Verdict::Reject
    }
}

#[derive(Debug, Default)]
struct Finger {
    lines: Sides,
    query: Option<Text>,
    host: Option<Text>,
    asked: bool,
    answer: Option<Text>,
    /// The answer is a table, whose rows begin with an account.
    table: bool,
    logins: List<Text>,
    read: u32,
}

impl Finger {
    fn asks(&mut self, line: &[u8]) {
        let line = line.strip_prefix(b"/W").unwrap_or(line).trim_ascii();
        let at = memchr::memchr(b'@', line).unwrap_or(line.len());
        let (user, host) = line.split_at_checked(at).unwrap_or((line, &[]));
        self.asked = true;
        self.query = Some(Text::new(user)).filter(|user| !user.is_empty());
        self.host = host.strip_prefix(b"@").map(Text::new);
    }

    fn answers(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            self.table = false;
            return;
        }
        let first = self.answer.is_none();
        self.answer.get_or_insert_with(|| Text::new(line.trim_ascii_end()));
        let login = line.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        if self.table {
            self.logins.push_distinct(Text::new(login));
        } else if let Some(rest) = line.strip_prefix(b"Login: ") {
            let name = rest.trim_ascii_start().split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
            self.logins.push_distinct(Text::new(name));
        } else if first && begins_ignoring_case(line, b"login ") && find_ignoring_case(line, b"in real life").is_none()
        {
            self.table = true;
        }
    }
}

impl Dissector for Finger {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if role == Role::Client && self.asked {
            return Step::Consumed(bytes.len());
        }
        let (line, used) = match self.lines.next(role, bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        match role {
            Role::Client => self.asks(line),
            Role::Server => {
                self.read = self.read.saturating_add(1);
                self.answers(line);
                if self.read >= ANSWER_LINES {
                    return Step::Done;
                }
            }
        }
        Step::Consumed(used)
    }

    fn facts(&self, out: &mut Facts) {
        let mut finger = out.element(&ELEMENT);
        finger.maybe(&QUERY, self.query.as_ref());
        finger.maybe(&HOST, self.host.as_ref());
        finger.texts(&LOGIN, &self.logins);
        finger.maybe(&ANSWER, self.answer.as_ref());
    }

    fn heap_bytes(&self) -> usize {
        let single = self.query.iter().chain(&self.host).chain(&self.answer);
        size_of::<Self>()
            + single.map(Text::heap_bytes).sum::<usize>()
            + self.logins.items().iter().map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_and_a_prompt_does_not() {
        assert_eq!(answer(b"Login: alice  \t\t\tName: Alice Example\r\n"), Verdict::Match);
        assert_eq!(answer(b"Login     Name       Tty      Idle  Login Time   Office\r\n"), Verdict::Match);
        assert_eq!(answer(b"finger: bob: no such user.\r\n"), Verdict::Match);
        assert_eq!(answer(b"login: "), Verdict::NeedMore);
        assert_eq!(answer(b"Login: alice\r\n"), Verdict::Reject);
        assert_eq!(answer(b"220 ready\r\n"), Verdict::Reject);
    }

    #[test]
    fn a_query_is_one_line() {
        assert_eq!(query(b"/W alice\r\n"), Verdict::Likely);
        assert_eq!(query(b"alice\r\n"), Verdict::NeedMore);
        assert_eq!(query(b"\r\n"), Verdict::NeedMore);
        assert_eq!(query(b"alice\r\nbob"), Verdict::Reject);
        assert_eq!(query(b"al\x01"), Verdict::Reject);
    }
}
