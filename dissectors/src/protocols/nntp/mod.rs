//! NNTP: news.
//!
//! ```text
//! server   200 text CR LF                  201: posting is not allowed
//! client   COMMAND [SP argument]... CR LF
//! server   code SP text CR LF [lines until "." CR LF]
//! ```
//!
//! Specifications: RFC 3977 (NNTP), RFC 4643 (AUTHINFO), RFC 4642 (STARTTLS), RFC 4644 (streaming), RFC 8054 (COMPRESS), RFC 2980 (older commands).
//! [`probe`] tells what NNTP is and what it is not.
//!
//! Which code brings lines is fixed (RFC 3977 3.2), but for 211, where the command tells. Articles are counted and named by their message-id; their
//! text is passed over. Limits: [`LINE_BYTES`] of a line, [`WAITING`] commands without a reply, sixteen of each list. After STARTTLS the session is TLS; after
//! COMPRESS, or a gap, nothing more is told.

mod probe;

use std::collections::VecDeque;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Sides, decimal, word};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::protocols::tls;

/// The longest line that is read whole.
const LINE_BYTES: usize = 2048;
/// The most commands without a reply that are told apart.
const WAITING: usize = 64;

static BANNER: Field = Field::text("banner", "the server's greeting", "RFC 3977 5.1");
static USER: Field = Field::text("user", "the account", "RFC 4643 2.3");
static AUTHENTICATED: Field =
    Field::new(crate::dictionary::Kind::YesNo, "authenticated", "whether the server took the account", "RFC 4643 2.3");
static COMMAND: Field = Field::text("command", "commands, each once", "RFC 3977").list();
static REPLY_CODE: Field = Field::text("reply_code", "the server's replies, each once", "RFC 3977 3.2").list();
static GROUP: Field = Field::text("group", "newsgroups that were entered", "RFC 3977 6.1.1").list();
static ARTICLES: Field = Field::number("articles", "articles, or parts of one, that the server sent", "RFC 3977 6.2");
static POSTED: Field = Field::number("posted", "articles that the client sent", "RFC 3977 6.3");
static MESSAGE_ID: Field = Field::text("message_id", "articles by their message-id", "RFC 3977 3.6").list();

static ELEMENT: Element = Element {
    name: "nntp",
    meaning: "news",
    fields: &[&BANNER, &USER, &AUTHENTICATED, &COMMAND, &REPLY_CODE, &GROUP, &ARTICLES, &POSTED, &MESSAGE_ID],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nntp",
    about: About {
        name: "Network News Transfer Protocol",
        specification: "RFC 3977, RFC 4642, RFC 4643, RFC 4644",
        evidence: "a greeting that names NNTP or one of its servers, or commands that only news has",
        limits: "texts of articles are passed over; nothing is told after COMPRESS or a gap",
        ports: &[119, 433, 563],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'A'..=b'Z', b'a'..=b'z'], server: &[b'2'..=b'2'] },
    probe: probe::probe,
    open: |_: &Opening| Box::new(Nntp::default()),
};

/// What a reply will mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    ListGroup,
    Group,
    StartTls,
    Compress,
    /// An article may follow, if the server wants it.
    Offer,
    #[default]
    Other,
}

#[derive(Debug, Default)]
struct Nntp {
    lines: Sides,
    /// By side: in lines that end with a dot.
    within: [bool; 2],
    waiting: VecDeque<Asked>,
    /// The client waits for the server: what it sends next may be TLS, compressed, an article or a command.
    held: bool,
    banner: Option<Text>,
    answered: bool,
    user: Option<Text>,
    password: bool,
    authenticated: Option<bool>,
    commands: List<Text>,
    codes: List<u16>,
    groups: List<Text>,
    articles: u64,
    posted: u64,
    ids: List<Text>,
}

impl Nntp {
    fn command(&mut self, line: &[u8]) {
        let (verb, argument) = word(line);
        let verb = verb.to_ascii_uppercase();
        if !matches!(verb.len(), 1..=16) || !verb.iter().all(u8::is_ascii_alphabetic) {
            return;
        }
        let (first, second) = word(argument);
        let asked = match verb.as_slice() {
            b"LISTGROUP" => Asked::ListGroup,
            b"GROUP" => Asked::Group,
            b"STARTTLS" => Asked::StartTls,
            b"COMPRESS" => Asked::Compress,
            b"POST" | b"IHAVE" => Asked::Offer,
            _ => Asked::Other,
        };
        match verb.as_slice() {
            b"AUTHINFO" if first.eq_ignore_ascii_case(b"USER") => self.user = Some(Text::new(second)),
            b"AUTHINFO" if first.eq_ignore_ascii_case(b"PASS") => self.password |= !second.is_empty(),
            b"IHAVE" | b"TAKETHIS" | b"CHECK" => self.id(first),
            _ => {}
        }
        if verb == b"TAKETHIS" {
            self.sends();
        }
        self.held = matches!(asked, Asked::StartTls | Asked::Compress | Asked::Offer);
        self.commands.push_distinct(Text::new(&verb));
        if self.waiting.len() < WAITING {
            self.waiting.push_back(asked);
        }
    }

    fn id(&mut self, id: &[u8]) {
        if id.starts_with(b"<") && id.ends_with(b">") {
            self.ids.push_distinct(Text::new(id));
        }
    }

    /// The client sends an article.
    fn sends(&mut self) {
        self.posted = self.posted.saturating_add(1);
        let [client, _] = &mut self.within;
        *client = true;
    }

    /// Takes a server's line; tells the step where it is not simply on to the next.
    fn reply(&mut self, line: &[u8]) -> Option<Step> {
        let (code, text) = word(line);
        let code =
            Some(code).filter(|code| code.len() == 3).and_then(decimal).and_then(|code| u16::try_from(code).ok())?;
        if !self.answered {
            self.answered = true;
            // The greeting answers nothing.
            if matches!(code, 200 | 201 | 400 | 502) {
                self.banner = Some(Text::new(text));
                return None;
            }
        }
        let asked = self.waiting.pop_front().unwrap_or_default();
        self.codes.push_distinct(code);
        let [_, server] = &mut self.within;
        *server = matches!(code, 100 | 101 | 215 | 220 | 221 | 222 | 224 | 225 | 230 | 231 | 282)
            || (code == 211 && asked == Asked::ListGroup);
        match code {
            220..=223 => {
                self.articles = self.articles.saturating_add(1);
                self.id(word(word(text).1).0);
            }
            211 => {
                let group = text.split(|byte| *byte == b' ').nth(3);
                if let Some(group) = group.filter(|group| !group.is_empty()) {
                    self.groups.push_distinct(Text::new(group));
                }
            }
            281 => self.authenticated = Some(true),
            481 | 482 if self.authenticated.is_none() => self.authenticated = Some(false),
            _ => {}
        }
        match asked {
            Asked::StartTls | Asked::Compress | Asked::Offer => self.held = false,
            Asked::ListGroup | Asked::Group | Asked::Other => {}
        }
        match (asked, code) {
            (Asked::StartTls, 382) => Some(Step::Handover(0, Some(&tls::PROTOCOL))),
            (Asked::Compress, 206) => Some(Step::Done),
            (Asked::Offer, 335 | 340) => {
                self.sends();
                None
            }
            _ => None,
        }
    }

    fn line(&mut self, role: Role, line: &[u8], used: usize) -> Step {
        if let Some(within) = self.within.get_mut(role.index()).filter(|within| **within) {
            *within = line != b".";
            return Step::Consumed(used);
        }
        match role {
            Role::Client => self.command(line),
            Role::Server => match self.reply(line) {
                Some(Step::Handover(_, to)) => return Step::Handover(used, to),
                Some(step) => return step,
                None => {}
            },
        }
        Step::Consumed(used)
    }
}

impl Dissector for Nntp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if role == Role::Client && self.held {
            // Where the server is not heard, nobody tells what follows.
            return if self.answered { Step::Consumed(0) } else { Step::Done };
        }
        match self.lines.next(role, bytes, LINE_BYTES).line() {
            Ok((line, used)) => self.line(role, line, used),
            Err(step) => step,
        }
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let codes: Vec<Text> = self.codes.items().iter().map(|code| Text::from(code.to_string().as_str())).collect();
        let mut nntp = out.element(&ELEMENT);
        nntp.maybe(&BANNER, self.banner.as_ref());
        nntp.maybe(&USER, self.user.as_ref());
        if let Some(authenticated) = self.authenticated {
            nntp.yes_no(&AUTHENTICATED, authenticated);
        }
        nntp.texts(&COMMAND, &self.commands);
        nntp.list(&REPLY_CODE, &codes, self.codes.omitted());
        nntp.texts(&GROUP, &self.groups);
        for (field, count) in [(&ARTICLES, self.articles), (&POSTED, self.posted)] {
            if count > 0 {
                nntp.number(field, count);
            }
        }
        nntp.texts(&MESSAGE_ID, &self.ids);
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.commands, &self.groups, &self.ids];
        let texts = lists.into_iter().flat_map(|list| list.items());
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + self.banner.iter().chain(&self.user).map(Text::heap_bytes).sum::<usize>()
            + self.waiting.capacity()
    }
}
