//! IMAP4: mail that stays on the server (RFC 3501, RFC 9051; ID: RFC 2971; literals without waiting: RFC 7888).
//!
//! ```text
//! server   * OK [CAPABILITY ...] greeting
//! client   tag LOGIN user password      tag AUTHENTICATE mechanism [response]      tag SELECT mailbox      tag FETCH 1 BODY[]
//! server   * 1 FETCH (UID 7 BODY[] {size} CR LF so many bytes of a message )      tag OK text
//! client   tag APPEND mailbox (flags) {size} CR LF         server   + go on      client   so many bytes of a message
//! client   tag STARTTLS         server   tag OK, then TLS
//! client   tag COMPRESS DEFLATE server   tag OK, then both sides in deflate (compress)
//! ```
//!
//! Messages, whole or their header, go to [`crate::mail`]; pieces of one that are fetched one after the other are put together. What follows
//! STARTTLS goes to TLS.
//!
//! Limits: lines of [`LINE_BYTES`]; longer ones are passed over, and a literal after one is then taken for lines, of which none is a
//! response. Ignored on purpose: parts that are fetched alone (`BODY[2]`), since what they are stands elsewhere; ENVELOPE and
//! BODYSTRUCTURE; results of searches. A gap in a literal costs that message what was in it; one elsewhere the rest of its line.

mod compress;
mod probe;
mod syntax;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::mail::lane::{Lane, Line, tls_begins};
use crate::mail::{self, Mail};
use crate::protocol::{About, Chunk, Dissector, Opening, Protocol, Role, Step, Transport};
use crate::protocols::tls;
use crate::sasl::{Logins, MECHANISMS};
use compress::Inflater;
use syntax::{Section, literal, quote, section, word};

/// The longest line.
const LINE_BYTES: usize = 32 * 1024;
/// The most bytes of a command that are looked at, with its short literals.
const COMMAND_BYTES: usize = 8 * 1024;
/// The longest literal that is part of a command's text, and not content.
const SHORT_LITERAL: u64 = 2048;
/// The most commands that wait for the response which says what follows.
const WAITING: usize = 16;
/// The most different commands told.
const COMMANDS: usize = 32;

static BANNER: Field = Field::text("banner", "the server's greeting", "RFC 3501 7.1");
static USER: Field = Field::text("user", "account, by LOGIN or AUTHENTICATE", "RFC 3501 6.2");
static AUTH_MECHANISM: Field =
    Field::text("auth_mechanism", "ways in which the client authenticated by AUTHENTICATE", "RFC 3501 6.2.2")
        .list()
        .items(MECHANISMS);
static AUTHENTICATED: Field = Field::new(Kind::YesNo, "authenticated", "whether a login succeeded", "RFC 3501 6.2");
static CLIENT: Field = Field::text("client", "the client's program as it names itself", "RFC 2971");
static COMMAND: Field = Field::text(
    "command",
    "different commands, in the order of their first use; those by UID are told as those by number",
    "RFC 3501 6",
)
.list()
.items(COMMANDS);
static MAILBOX: Field =
    Field::text("mailbox", "mailboxes that commands named, in modified UTF-7 as they came", "RFC 3501 5.1").list();
static FETCHED: Field = Field::number("fetched", "messages whose content was sent to the client", "RFC 3501 7.4.2");
static APPENDED: Field = Field::number("appended", "messages that the client stored", "RFC 3501 6.3.11");
static COMPRESSED: Field = Field::text("compressed", "`deflate` where both sides agreed to it", "RFC 4978");

static IMAP: Element = Element {
    name: "imap",
    meaning: "mail that was read where it is kept",
    fields: &[
        &BANNER,
        &USER,
        &AUTH_MECHANISM,
        &AUTHENTICATED,
        &CLIENT,
        &COMMAND,
        &MAILBOX,
        &FETCHED,
        &APPENDED,
        &COMPRESSED,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "imap",
    about: About {
        name: "Internet Message Access Protocol 4",
        specification: "RFC 3501, RFC 9051",
        evidence: "`* OK` and responses behind the client's tags",
        limits: "parts of messages that are fetched alone, ENVELOPE and results of searches are not told",
        ports: &[143, 220, 993],
    },
    transports: &[Transport::Tcp],
    elements: &[&IMAP, &mail::ELEMENT, &crate::ntlm::ELEMENT],
    first: probe::FIRST,
    probe: probe::probe,
    open: |opening: &Opening| Box::new(Imap::new(opening)),
};

/// What a side sends next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// A line.
    #[default]
    Line,
    /// The rest of a line that a literal has interrupted.
    Rest,
    /// So many bytes of a literal.
    Literal { left: u64, content: Content, begun: bool },
    /// The answer to a challenge.
    Auth,
}

/// What a literal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// A part of a command.
    Text,
    /// A message.
    Message,
    /// A piece of one.
    Piece,
    /// A message's header.
    Header,
    /// What nobody wants.
    Nothing,
}

/// What a tagged response decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Login,
    Auth,
    Compress,
}

/// A message that is fetched in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pieces {
    /// Its number in the mailbox.
    number: u64,
    /// Where its next piece begins.
    next: u64,
}

enum Look {
    Used(usize),
    Wait,
    /// TLS.
    Tls,
}

struct Imap {
    lanes: [Lane; 2],
    phases: [Phase; 2],
    server_heard: bool,
    /// The present command, its literals in quotes.
    command: Vec<u8>,
    /// The message that the present response is about, if it is a FETCH.
    fetching: Option<u64>,
    pieces: Option<Pieces>,
    /// At most [`WAITING`].
    asked: Vec<(Text, Asked)>,
    inflaters: Option<Box<[Inflater; 2]>>,
    banner: Text,
    client: Text,
    commands: List<&'static str, COMMANDS>,
    mailboxes: List<Text>,
    logins: Logins,
    fetched: u64,
    appended: u64,
    mail: Mail,
}

impl Imap {
    fn new(opening: &Opening) -> Self {
        Self {
            lanes: Default::default(),
            phases: Default::default(),
            server_heard: false,
            command: Vec::new(),
            fetching: None,
            pieces: None,
            asked: Vec::new(),
            inflaters: None,
            banner: Text::default(),
            client: Text::default(),
            commands: List::default(),
            mailboxes: List::default(),
            logins: Logins::default(),
            fetched: 0,
            appended: 0,
            mail: Mail::new(opening.file_hash, true),
        }
    }

    fn phase(&mut self, role: Role) -> &mut Phase {
        let [client, server] = &mut self.phases;
        if role == Role::Client { client } else { server }
    }

    fn look(&mut self, role: Role, bytes: &[u8]) -> Look {
        let phase = *self.phase(role);
        if let Phase::Literal { left, content, .. } = phase {
            return self.literal(role, bytes, left, content);
        }
        if tls_begins(bytes) && self.inflaters.is_none() {
            return Look::Tls;
        }
        let [client, server] = &mut self.lanes;
        let lane = if role == Role::Client { client } else { server };
        let (text, used) = match lane.line(bytes, LINE_BYTES) {
            Line::Whole { text, used, .. } => (text, used),
            Line::Passed(used) => {
                *self.phase(role) = Phase::Line;
                return Look::Used(used);
            }
            Line::Partial => return Look::Wait,
        };
        match role {
            Role::Client => self.client_line(text, phase),
            Role::Server => self.server_line(text, phase),
        }
        Look::Used(used)
    }

    /// In a literal.
    fn literal(&mut self, role: Role, bytes: &[u8], left: u64, content: Content) -> Look {
        let now = usize::try_from(left).ok().and_then(|left| bytes.get(..left)).unwrap_or(bytes);
        match content {
            // Quoted when it is whole, so that its text does not depend on how it arrived.
            Content::Text if (now.len() as u64) < left => return Look::Wait,
            Content::Text => {
                if self.command.len() < COMMAND_BYTES {
                    quote(now, &mut self.command);
                }
            }
            Content::Message | Content::Piece | Content::Header => self.mail.data(now),
            Content::Nothing => {}
        }
        let left = left.saturating_sub(now.len() as u64);
        *self.phase(role) = Phase::Literal { left, content, begun: true };
        if left == 0 {
            self.end_literal(role, content);
        }
        Look::Used(now.len())
    }

    fn end_literal(&mut self, role: Role, content: Content) {
        *self.phase(role) = Phase::Rest;
        match content {
            Content::Message => {
                let count = if role == Role::Client { &mut self.appended } else { &mut self.fetched };
                *count = count.saturating_add(1);
                self.mail.finish(true);
            }
            Content::Header => self.mail.finish_header(),
            Content::Text | Content::Piece | Content::Nothing => {}
        }
    }

    fn client_line(&mut self, text: &[u8], phase: Phase) {
        if phase == Phase::Auth && (self.server_heard || probe::command(text).is_none()) {
            self.logins.client(text);
            return;
        }
        if phase != Phase::Rest {
            self.command.clear();
        }
        let announced = literal(text);
        let more = announced.map_or(text, |literal| literal.before);
        let room = COMMAND_BYTES.saturating_sub(self.command.len());
        self.command.extend_from_slice(more.get(..room).unwrap_or(more));
        let Some(announced) = announced else {
            *self.phase(Role::Client) = Phase::Line;
            let command = std::mem::take(&mut self.command);
            self.complete(&command);
            self.command = command;
            return;
        };
        let content = self.announced_content(announced.size);
        if content == Content::Message {
            self.mail.begin(Role::Client, true);
        }
        self.begin_literal(Role::Client, announced.size, content);
    }

    fn begin_literal(&mut self, role: Role, size: u64, content: Content) {
        *self.phase(role) = Phase::Literal { left: size, content, begun: false };
        if size == 0 {
            if content == Content::Text {
                self.command.extend_from_slice(b"\"\"");
            }
            self.end_literal(role, content);
        }
    }

    /// What the client's literal holds: APPEND's last ones are messages.
    fn announced_content(&self, size: u64) -> Content {
        match parse(&self.command) {
            Some(("APPEND", arguments)) if word(arguments).is_some() => Content::Message,
            Some(_) if size <= SHORT_LITERAL => Content::Text,
            _ => Content::Nothing,
        }
    }

    /// A command is whole.
    fn complete(&mut self, command: &[u8]) {
        let Some((name, arguments)) = parse(command) else {
            return;
        };
        let tag = command.split(|byte| *byte == b' ').next().unwrap_or_default();
        self.commands.push_distinct(name);
        let asked = match name {
            "LOGIN" => {
                if let Some((user, rest)) = word(arguments) {
                    self.logins.named(&user);
                    if word(rest).is_some() {
                        self.logins.password();
                    }
                }
                Some(Asked::Login)
            }
            "AUTHENTICATE" => {
                if let Some((mechanism, rest)) = word(arguments) {
                    self.logins.begin(&mechanism);
                    if let Some((response, _)) = word(rest) {
                        self.logins.client(&response);
                    }
                }
                *self.phase(Role::Client) = Phase::Auth;
                Some(Asked::Auth)
            }
            "COMPRESS" if arguments.trim_ascii().eq_ignore_ascii_case(b"DEFLATE") => Some(Asked::Compress),
            "ID" => {
                self.identify(arguments);
                None
            }
            _ => None,
        };
        if let Some(asked) = asked.filter(|_| self.asked.len() < WAITING) {
            self.asked.push((Text::new(tag), asked));
        }
        let first = word(arguments);
        let mailbox = match name {
            "SELECT" | "EXAMINE" | "STATUS" | "APPEND" | "CREATE" | "DELETE" | "RENAME" | "SUBSCRIBE"
            | "UNSUBSCRIBE" => first,
            "COPY" | "MOVE" => first.and_then(|(_, rest)| word(rest)),
            _ => None,
        };
        if let Some((mailbox, _)) = mailbox {
            self.mailboxes.push_distinct(Text::new(&mailbox));
        }
    }

    /// ID: the client's name and version, among other things that it says of itself.
    fn identify(&mut self, arguments: &[u8]) {
        let (mut rest, mut name, mut version) = (arguments, Vec::new(), Vec::new());
        while let Some((key, after)) = word(rest) {
            let Some((value, after)) = word(after) else {
                break;
            };
            if key.eq_ignore_ascii_case(b"name") {
                name = value;
            } else if key.eq_ignore_ascii_case(b"version") {
                version = value;
            }
            rest = after;
        }
        if self.client.is_empty() && !name.is_empty() {
            name.push(b' ');
            name.extend_from_slice(&version);
            self.client = Text::new(name.trim_ascii_end());
        }
    }

    fn server_line(&mut self, text: &[u8], phase: Phase) {
        self.server_heard = true;
        if phase != Phase::Rest {
            self.fetching = fetch_number(text);
            self.response(text);
        }
        *self.phase(Role::Server) = Phase::Line;
        let Some(announced) = literal(text) else {
            return;
        };
        let content = self.fetching.map_or(Content::Nothing, |number| self.fetched_content(number, &announced));
        self.begin_literal(Role::Server, announced.size, content);
    }

    /// What the server's literal holds.
    fn fetched_content(&mut self, number: u64, announced: &syntax::Literal<'_>) -> Content {
        let section = section(announced.before);
        let pieces = self.pieces.take();
        let next = |from: u64| Some(Pieces { number, next: from.saturating_add(announced.size) });
        match section {
            Some(Section::Message { from: Some(from) }) if pieces == Some(Pieces { number, next: from }) => {
                self.pieces = next(from);
                Content::Piece
            }
            Some(Section::Message { from: Some(0) }) => {
                self.mail.begin(Role::Server, true);
                self.fetched = self.fetched.saturating_add(1);
                self.pieces = next(0);
                Content::Piece
            }
            Some(Section::Message { from: None }) => {
                self.mail.begin(Role::Server, true);
                Content::Message
            }
            Some(Section::Header) => {
                self.mail.begin(Role::Server, true);
                Content::Header
            }
            Some(Section::Message { .. }) | None => {
                self.pieces = pieces;
                Content::Nothing
            }
        }
    }

    /// The first line of a response.
    fn response(&mut self, text: &[u8]) {
        let mut words = text.splitn(3, |byte| *byte == b' ');
        let (tag, status, rest) =
            (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let status = status.to_ascii_uppercase();
        if tag == b"*" {
            if self.banner.is_empty()
                && self.commands.is_empty()
                && matches!(status.as_slice(), b"OK" | b"PREAUTH" | b"BYE")
            {
                self.banner = Text::new(without_code(rest));
            }
            return;
        }
        if tag == b"+" {
            if self.phases.first() == Some(&Phase::Auth) {
                self.logins.server(text.get(2..).unwrap_or_default());
            }
            return;
        }
        let success = status == b"OK";
        if !success && !matches!(status.as_slice(), b"NO" | b"BAD") {
            return;
        }
        self.refuse_literal(tag, success);
        let Some(at) = self.asked.iter().position(|(asked, _)| asked.bytes() == tag) else {
            return;
        };
        let (_, asked) = self.asked.swap_remove(at);
        match asked {
            Asked::Login => self.logins.ended(success),
            Asked::Auth => {
                self.logins.ended(success);
                if self.phases.first() == Some(&Phase::Auth) {
                    *self.phase(Role::Client) = Phase::Line;
                }
            }
            Asked::Compress if success => {
                self.inflaters = Some(Box::new([Inflater::new(), Inflater::new()]));
            }
            Asked::Compress => {}
        }
    }

    /// The server does not want the literal that the client has announced and waits to send.
    fn refuse_literal(&mut self, tag: &[u8], success: bool) {
        let waits = matches!(self.phases.first(), Some(Phase::Literal { begun: false, .. }));
        if waits && !success && self.command.split(|byte| *byte == b' ').next() == Some(tag) {
            *self.phase(Role::Client) = Phase::Line;
            self.mail.discard();
        }
    }

    /// Takes what it can of a side's bytes. Gives their number, and whether TLS begins after them.
    fn take(&mut self, role: Role, bytes: &[u8]) -> (usize, bool) {
        let mut rest = bytes;
        let used = |rest: &[u8]| bytes.len().saturating_sub(rest.len());
        let compressed = self.inflaters.is_some();
        while !rest.is_empty() {
            match self.look(role, rest) {
                Look::Used(n) => rest = rest.get(n..).unwrap_or_default(),
                Look::Wait => break,
                Look::Tls => return (used(rest), true),
            }
            if self.inflaters.is_some() != compressed {
                break;
            }
        }
        (used(rest), false)
    }

    /// Takes compressed bytes.
    fn inflate(&mut self, role: Role, bytes: &[u8]) -> Step {
        let Some(mut inflaters) = self.inflaters.take() else {
            return Step::Consumed(0);
        };
        let [client, server] = &mut *inflaters;
        let inflater = if role == Role::Client { client } else { server };
        let inflated = inflater.data(bytes, &mut |bytes| self.take(role, bytes).0);
        self.inflaters = Some(inflaters);
        if inflated.is_ok() { Step::Consumed(bytes.len()) } else { Step::Done }
    }
}

/// A command without its tag; `UID` is passed over.
fn parse(command: &[u8]) -> Option<(&'static str, &[u8])> {
    let (_, name, arguments) = probe::read(command)?;
    if name != "UID" {
        return Some((name, arguments));
    }
    let end = arguments.iter().position(|byte| *byte == b' ').unwrap_or(arguments.len());
    let (name, rest) = arguments.split_at_checked(end)?;
    let known = probe::COMMANDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))?;
    Some((known.0, rest))
}

/// The text of a response after its code, `[...]`.
fn without_code(text: &[u8]) -> &[u8] {
    let after = text.strip_prefix(b"[").and_then(|code| code.splitn(2, |byte| *byte == b']').nth(1));
    after.unwrap_or(text).trim_ascii()
}

/// The number of the message that a FETCH response is about.
fn fetch_number(text: &[u8]) -> Option<u64> {
    let mut words = text.strip_prefix(b"* ")?.splitn(3, |byte| *byte == b' ');
    let number = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"FETCH")).then_some(number)
}

impl Dissector for Imap {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.inflaters.is_some() {
            return self.inflate(chunk.role, chunk.bytes);
        }
        let (used, secured) = self.take(chunk.role, chunk.bytes);
        if secured {
            return Step::Handover(used, Some(&tls::PROTOCOL));
        }
        Step::Consumed(used)
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        if self.inflaters.is_some() {
            return Step::Done;
        }
        let phase = *self.phase(role);
        match phase {
            Phase::Literal { left, content, .. } if bytes < left && content != Content::Text => {
                *self.phase(role) = Phase::Literal { left: left.saturating_sub(bytes), content, begun: true };
                if content != Content::Nothing {
                    self.mail.gap();
                }
            }
            _ => {
                *self.phase(role) = Phase::Line;
                self.fetching = None;
                self.pieces = None;
                self.mail.finish(false);
                let [client, server] = &mut self.lanes;
                if role == Role::Client { client.gap() } else { server.gap() }
            }
        }
        Step::Consumed(0)
    }

    fn end(&mut self, _role: Role) {
        self.mail.finish(false);
    }

    fn facts(&self, out: &mut Facts) {
        self.logins.facts(out);
        let mut element = out.element(&IMAP);
        element.text(&BANNER, &self.banner);
        element.text(&USER, self.logins.user());
        element.texts(&AUTH_MECHANISM, self.logins.mechanisms());
        if let Some(succeeded) = self.logins.succeeded() {
            element.yes_no(&AUTHENTICATED, succeeded);
        }
        element.text(&CLIENT, &self.client);
        element.list(&COMMAND, self.commands.items().iter().copied(), self.commands.omitted());
        element.texts(&MAILBOX, &self.mailboxes);
        for (field, count) in [(&FETCHED, self.fetched), (&APPENDED, self.appended)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        if self.inflaters.is_some() {
            element.plain(&COMPRESSED, "deflate");
        }
        self.mail.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let inflaters = self.inflaters.iter().flat_map(|both| both.iter()).map(Inflater::heap_bytes);
        let mailboxes = self.mailboxes.items().iter().map(|name| size_of::<Text>() + name.heap_bytes());
        size_of::<Self>()
            + inflaters.sum::<usize>()
            + mailboxes.sum::<usize>()
            + self.command.capacity()
            + self.asked.iter().map(|(tag, _)| size_of::<(Text, Asked)>() + tag.heap_bytes()).sum::<usize>()
            + self.banner.heap_bytes()
            + self.client.heap_bytes()
            + self.logins.heap_bytes()
            + self.mail.heap_bytes()
    }
}
