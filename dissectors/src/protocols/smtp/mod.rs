//! SMTP and its kin, as it is submitted and as it is relayed (RFC 5321, ESMTP; LMTP: RFC 2033; submission: RFC 6409).
//!
//! ```text
//! server   220 host ESMTP ...
//! client   EHLO host                        server   250-host   250-EXTENSION   250 EXTENSION
//! client   AUTH mechanism [response]        server   334 challenge ...   235
//! client   MAIL FROM:<...>   RCPT TO:<...>  server   250 ...
//! client   DATA                             server   354
//! client   message   . CR LF                server   250 ...
//! client   BDAT size [LAST] CR LF so many bytes                      RFC 3030
//! client   STARTTLS                         server   220, then TLS   RFC 3207
//! ```
//!
//! Commands may be sent ahead of replies (pipelining, RFC 2920). Messages go to [`crate::mail`], the rest of the session after STARTTLS to TLS,
//! authentication to [`crate::sasl`].
//!
//! Limits: lines of [`LINE_BYTES`]; longer ones are passed over. After a gap, reading goes on with the next line, and what a reply
//! belongs to is told by its code. Ignored on purpose: parameters of MAIL and RCPT, texts of replies but the greeting.

mod commands;
mod probe;
mod replies;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::mail::dots::Dots;
use crate::mail::lane::{Lane, Line, Look, look_through, tls_begins};
use crate::mail::{self, Mail};
use crate::protocol::{About, Chunk, Dissector, Opening, Protocol, Role, Step, Transport};
use crate::sasl::{Logins, MECHANISMS};
use commands::{Verb, Waiting};

/// The longest line: authentication may need so much (RFC 4954 4).
const LINE_BYTES: usize = 12 * 1024;
/// The most different commands told.
const COMMANDS: usize = 28;
/// The most different codes told.
const CODES: usize = 32;
/// The most recipients told.
const RECIPIENTS: usize = 32;

static BANNER: Field = Field::text("banner", "the server's greeting", "RFC 5321 4.2");
static HELO: Field = Field::text("helo", "the client's name as it gave it first", "RFC 5321 4.1.1.1");
static COMMAND: Field = Field::text("command", "different commands, in the order of their first use", "RFC 5321 4.1.1")
    .list()
    .items(COMMANDS);
static MAIL_FROM: Field =
    Field::text("mail_from", "senders of the envelopes; `<>` is nobody", "RFC 5321 4.1.1.2").list();
static RCPT_TO: Field =
    Field::text("rcpt_to", "recipients of the envelopes", "RFC 5321 4.1.1.3").list().items(RECIPIENTS);
static AUTH_MECHANISM: Field =
    Field::text("auth_mechanism", "ways in which the client authenticated", "RFC 4954 4").list().items(MECHANISMS);
static AUTH_USER: Field = Field::text("auth_user", "account", "RFC 4954, RFC 4616");
static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "authenticated", "whether an authentication succeeded", "RFC 4954 6");
static REPLY_CODE: Field = Field::new(
    Kind::Number,
    "reply_code",
    "different codes of the server's replies, in the order of their first use",
    "RFC 5321 4.2.3",
)
.list()
.items(CODES);
static MESSAGES: Field = Field::number("messages", "messages that were sent to their end", "RFC 5321 4.1.1.4");

static SMTP: Element = Element {
    name: "smtp",
    meaning: "mail on its way",
    fields: &[
        &BANNER,
        &HELO,
        &COMMAND,
        &MAIL_FROM,
        &RCPT_TO,
        &AUTH_MECHANISM,
        &AUTH_USER,
        &AUTHENTICATED,
        &REPLY_CODE,
        &MESSAGES,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "smtp",
    about: About {
        name: "Simple Mail Transfer Protocol, LMTP, submission",
        specification: "RFC 5321, RFC 2033, RFC 6409",
        evidence: "a greeting that names it, an extension that a server offers, MAIL FROM or RCPT TO",
        limits: "parameters of MAIL and RCPT and texts of replies are not told",
        ports: &[25, 465, 587, 2525],
    },
    transports: &[Transport::Tcp],
    elements: &[&SMTP, &mail::ELEMENT, &crate::ntlm::ELEMENT],
    first: probe::FIRST,
    probe: probe::probe,
    open: |opening: &Opening| Box::new(Smtp::new(opening)),
};

/// What the client sends next.
#[derive(Debug, Default)]
enum Phase {
    /// A command.
    #[default]
    Command,
    /// The answer to a challenge.
    Auth,
    /// After DATA, whose reply is not there: a message, or a command.
    Data { bare: bool },
    /// A message.
    Message { dots: Dots, gap: bool },
    /// So many bytes of a message.
    Chunk { left: u64, last: bool },
    /// After STARTTLS: TLS, or a command.
    Tls,
}

struct Smtp {
    lanes: [Lane; 2],
    phase: Phase,
    waiting: Waiting,
    server_heard: bool,
    lmtp: bool,
    /// Recipients that the server took since the last message.
    taken: u32,
    banner: Text,
    helo: Text,
    commands: List<&'static str, COMMANDS>,
    senders: List<Text>,
    recipients: List<Text, RECIPIENTS>,
    codes: List<u64, CODES>,
    messages: u64,
    logins: Logins,
    mail: Mail,
}

impl Smtp {
    fn new(opening: &Opening) -> Self {
        Self {
            lanes: Default::default(),
            phase: Phase::default(),
            waiting: Waiting::default(),
            server_heard: false,
            lmtp: false,
            taken: 0,
            banner: Text::default(),
            helo: Text::default(),
            commands: List::default(),
            senders: List::default(),
            recipients: List::default(),
            codes: List::default(),
            messages: 0,
            logins: Logins::default(),
            mail: Mail::new(opening.file_hash, false),
        }
    }

    fn client(&mut self, bytes: &[u8]) -> Look {
        match &mut self.phase {
            Phase::Message { dots, .. } => {
                let mail = &mut self.mail;
                let taken = dots.take(bytes, &mut |text| mail.data(text));
                if taken.ended {
                    self.end_message(true);
                }
                if taken.used == 0 { Look::Wait } else { Look::Used(taken.used) }
            }
            Phase::Chunk { left, last } => {
                let now = usize::try_from(*left).ok().and_then(|left| bytes.get(..left)).unwrap_or(bytes);
                self.mail.data(now);
                *left = left.saturating_sub(now.len() as u64);
                if *left == 0 {
                    let last = *last;
                    self.end_chunk(last);
                }
                Look::Used(now.len())
            }
            Phase::Data { bare } => {
                self.phase = Phase::Message { dots: Dots::new(*bare), gap: false };
                self.mail.begin(Role::Client, true);
                Look::Used(0)
            }
            Phase::Tls | Phase::Command | Phase::Auth if tls_begins(bytes) => match self.phase {
                Phase::Tls if self.server_heard => Look::Wait,
                _ => Look::Tls,
            },
            Phase::Command | Phase::Auth | Phase::Tls => self.client_line(bytes),
        }
    }

    fn client_line(&mut self, bytes: &[u8]) -> Look {
        let [lane, _] = &mut self.lanes;
        let (text, used, crlf) = match lane.line(bytes, LINE_BYTES) {
            Line::Whole { text, used, crlf } => (text, used, crlf),
            Line::Passed(used) => return Look::Used(used),
            Line::Partial => return Look::Wait,
        };
        let command = commands::read(text);
        match (&self.phase, command) {
            // Nobody tells whether the server still asks: what can't be an answer is a command.
            (Phase::Auth, Some((_, _, rest))) if !self.server_heard && (!rest.is_empty() || text.len() > 4) => {}
            (Phase::Auth, _) => {
                self.logins.client(text);
                self.waiting.push(Verb::Auth);
                return Look::Used(used);
            }
            _ => {}
        }
        match command {
            Some((verb, name, rest)) => {
                self.commands.push_distinct(name);
                self.command(verb, rest, crlf);
            }
            None if !text.is_empty() => self.waiting.push(Verb::Other),
            None => {}
        }
        Look::Used(used)
    }

    fn command(&mut self, verb: Verb, rest: &[u8], crlf: bool) {
        self.phase = Phase::Command;
        self.waiting.push(verb);
        match verb {
            Verb::Helo | Verb::Ehlo | Verb::Lhlo => {
                self.lmtp = verb == Verb::Lhlo;
                if self.helo.is_empty() {
                    self.helo = Text::new(rest);
                }
            }
            Verb::Mail => {
                self.mail.finish(false);
                self.taken = 0;
                if let Some(path) = commands::path(rest, b"FROM") {
                    self.senders.push_distinct(Text::new(path));
                }
            }
            Verb::Rcpt => {
                if let Some(path) = commands::path(rest, b"TO") {
                    self.recipients.push_distinct(Text::new(path));
                }
            }
            Verb::Data => self.phase = Phase::Data { bare: !crlf },
            Verb::Bdat => self.chunk(rest),
            Verb::Auth => {
                let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
                self.logins.begin(words.next().unwrap_or_default());
                if let Some(response) = words.next() {
                    self.logins.client(response);
                }
                self.phase = Phase::Auth;
            }
            Verb::StartTls => self.phase = Phase::Tls,
            Verb::Rset => self.mail.finish(false),
            Verb::Quit | Verb::Other | Verb::Greeting | Verb::Message => {}
        }
    }

    /// BDAT: so many bytes of the message follow at once.
    fn chunk(&mut self, rest: &[u8]) {
        let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let size = words.next().and_then(|size| std::str::from_utf8(size).ok()?.parse::<u64>().ok());
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"LAST"));
        let Some(left) = size else {
            return;
        };
        if !self.mail.is_open() {
            self.mail.begin(Role::Client, true);
        }
        if left == 0 {
            self.end_chunk(last);
        } else {
            self.phase = Phase::Chunk { left, last };
        }
    }

    fn end_chunk(&mut self, last: bool) {
        self.phase = Phase::Command;
        if last {
            self.messages = self.messages.saturating_add(1);
            self.mail.finish(true);
        }
    }

    /// The message after DATA is over.
    fn end_message(&mut self, whole: bool) {
        self.phase = Phase::Command;
        self.messages = self.messages.saturating_add(u64::from(whole));
        self.mail.finish(whole);
        // LMTP replies for each recipient.
        let replies = if self.lmtp { std::mem::take(&mut self.taken).max(1) } else { 1 };
        for _ in 0..replies {
            self.waiting.push(Verb::Message);
        }
    }

    fn server(&mut self, bytes: &[u8]) -> Look {
        if tls_begins(bytes) {
            return Look::Tls;
        }
        let [_, lane] = &mut self.lanes;
        let (text, used) = match lane.line(bytes, LINE_BYTES) {
            Line::Whole { text, used, .. } => (text, used),
            Line::Passed(used) => return Look::Used(used),
            Line::Partial => return Look::Wait,
        };
        let Some(reply) = replies::read(text) else {
            return Look::Used(used);
        };
        self.server_heard = true;
        if self.banner.is_empty() && self.codes.is_empty() && matches!(reply.code, 220 | 421 | 554) {
            self.banner = Text::new(reply.text);
        }
        self.codes.push_distinct(u64::from(reply.code));
        if !reply.last {
            return Look::Used(used);
        }
        let verb = self.waiting.pop(reply.code);
        self.replied(verb, reply.code, reply.text);
        Look::Used(used)
    }

    fn replied(&mut self, verb: Option<Verb>, code: u16, text: &[u8]) {
        let success = (200..300).contains(&code);
        match (&self.phase, verb, code) {
            (_, Some(Verb::Rcpt), _) => self.taken = self.taken.saturating_add(u32::from(success)),
            (Phase::Auth, _, 334) => self.logins.server(text),
            (Phase::Auth, Some(Verb::Auth) | None, _) => {
                self.phase = Phase::Command;
                self.logins.ended(success);
            }
            (Phase::Data { bare }, Some(Verb::Data) | None, 354) => {
                self.phase = Phase::Message { dots: Dots::new(*bare), gap: false };
                self.mail.begin(Role::Client, true);
            }
            (Phase::Data { .. }, Some(Verb::Data) | None, 400..) => self.phase = Phase::Command,
            // What the client took for a message's beginning without waiting was none.
            (Phase::Message { .. }, Some(Verb::Data), 400..) => {
                self.phase = Phase::Command;
                self.mail.discard();
            }
            // The message's end was in the gap.
            (Phase::Message { gap: true, .. }, _, 200..300 | 400..) => {
                self.phase = Phase::Command;
                self.mail.finish(false);
            }
            // Agreed or not: TLS is known when it begins. What was decrypted before it was captured goes on in clear text.
            (Phase::Tls, Some(Verb::StartTls) | None, _) => self.phase = Phase::Command,
            _ => {}
        }
    }
}

impl Dissector for Smtp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        look_through(chunk.bytes, |rest| match chunk.role {
            Role::Client => self.client(rest),
            Role::Server => self.server(rest),
        })
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        self.waiting.lost();
        let [client, server] = &mut self.lanes;
        if role == Role::Server {
            server.gap();
            return Step::Consumed(0);
        }
        match &mut self.phase {
            Phase::Message { dots, gap } => {
                dots.gap();
                *gap = true;
                self.mail.gap();
            }
            Phase::Data { bare } => {
                let mut dots = Dots::new(*bare);
                dots.gap();
                self.phase = Phase::Message { dots, gap: true };
            }
            Phase::Chunk { left, .. } if bytes < *left => {
                *left = left.saturating_sub(bytes);
                self.mail.gap();
            }
            Phase::Chunk { .. } | Phase::Command | Phase::Auth | Phase::Tls => {
                self.mail.finish(false);
                self.phase = Phase::Command;
                client.gap();
            }
        }
        Step::Consumed(0)
    }

    fn end(&mut self, role: Role) {
        if role == Role::Client {
            self.mail.finish(false);
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.logins.facts(out);
        let mut element = out.element(&SMTP);
        element.text(&BANNER, &self.banner);
        element.text(&HELO, &self.helo);
        element.list(&COMMAND, self.commands.items().iter().copied(), self.commands.omitted());
        element.texts(&MAIL_FROM, &self.senders);
        element.texts(&RCPT_TO, &self.recipients);
        element.texts(&AUTH_MECHANISM, self.logins.mechanisms());
        element.text(&AUTH_USER, self.logins.user());
        if let Some(succeeded) = self.logins.succeeded() {
            element.yes_no(&AUTHENTICATED, succeeded);
        }
        element.list(&REPLY_CODE, self.codes.items().iter().copied(), self.codes.omitted());
        if self.messages > 0 {
            element.number(&MESSAGES, self.messages);
        }
        self.mail.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.senders.items().iter().chain(self.recipients.items());
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + self.banner.heap_bytes()
            + self.helo.heap_bytes()
            + self.waiting.heap_bytes()
            + self.logins.heap_bytes()
            + self.mail.heap_bytes()
    }
}
