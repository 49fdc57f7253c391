//! POP3: mail that is fetched (RFC 1939; CAPA: RFC 2449; AUTH: RFC 5034; STLS: RFC 2595).
//!
//! ```text
//! server   +OK greeting <timestamp>
//! client   USER name / PASS password / APOP name digest / AUTH mechanism [response] / STAT / LIST [n] / RETR n / TOP n lines / ...
//! server   +OK text CR LF      -ERR text CR LF      + challenge CR LF
//! server   +OK text CR LF  lines CR LF  . CR LF                after RETR, TOP, and LIST, UIDL, CAPA, AUTH without an argument
//! ```
//!
//! Messages go to [`crate::mail`], what follows STLS to TLS. Limits: lines of [`LINE_BYTES`]; longer ones are passed over. What a response
//! belongs to is known from the commands sent before; where these were not seen, lines after `+OK` that are no response are taken
//! for a message if they begin with a header field, and passed over if not. A gap in a message costs it what was in the gap.

mod probe;

use std::collections::VecDeque;

use self::probe::{command, greets, probe};
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::mail::dots::Dots;
use crate::mail::lane::{Lane, Line, Look, look_through, tls_begins};
use crate::mail::{self, Mail};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::sasl::{Logins, MECHANISMS};

/// The longest line: authentication may need so much.
const LINE_BYTES: usize = 12 * 1024;
/// The most commands that wait for responses.
const WAITING: usize = 128;
/// The most different commands told.
const COMMANDS: usize = 20;

static BANNER: Field = Field::text("banner", "the server's greeting", "RFC 1939 4");
static USER: Field = Field::text("user", "account, by USER, APOP or AUTH", "RFC 1939 7, RFC 5034");
static AUTH_MECHANISM: Field =
    Field::text("auth_mechanism", "ways in which the client authenticated by AUTH", "RFC 5034")
        .list()
        .items(MECHANISMS);
static AUTHENTICATED: Field = Field::new(Kind::YesNo, "authenticated", "whether a login succeeded", "RFC 1939 4");
static COMMAND: Field =
    Field::text("command", "different commands, in the order of their first use", "RFC 1939 9").list().items(COMMANDS);
static RETRIEVED: Field = Field::number("retrieved", "messages that were sent to the client whole", "RFC 1939 5");
static DELETED: Field = Field::number("deleted", "messages that were marked for deletion", "RFC 1939 5");

static POP3: Element = Element {
    name: "pop3",
    meaning: "mail that was fetched",
    fields: &[&BANNER, &USER, &AUTH_MECHANISM, &AUTHENTICATED, &COMMAND, &RETRIEVED, &DELETED],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "pop3",
    about: About {
        name: "Post Office Protocol 3",
        specification: "RFC 1939, RFC 2449, RFC 5034, RFC 2595",
        evidence: "`+OK` with commands that only POP3 has",
        limits: "a message that a gap cuts loses what was in the gap",
        ports: &[110, 995],
    },
    transports: &[Transport::Tcp],
    elements: &[&POP3, &mail::ELEMENT, &crate::ntlm::ELEMENT],
    first: FirstBytes {
        client: &[
            b'A'..=b'D',
            b'L'..=b'N',
            b'P'..=b'U',
            b'X'..=b'X',
            b'a'..=b'd',
            b'l'..=b'n',
            b'p'..=b'u',
            b'x'..=b'x',
        ],
        server: &[b'+'..=b'+', b'-'..=b'-'],
    },
    probe,
    open: |opening: &Opening| Box::new(Pop3::new(opening)),
};

/// What the client sends next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Command,
    /// The answer to a challenge.
    Auth,
    /// After STLS.
    Tls,
}

/// What a response is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// The connection: the response is the greeting.
    Greeting,
    /// A message, or its header.
    Message {
        whole: bool,
    },
    /// Lines that nobody wants.
    Lines,
    Login,
    User,
    Auth,
    Delete,
    Tls,
    Other,
}

/// What the server sends next.
#[derive(Debug, Default)]
enum Response {
    #[default]
    Status,
    /// Lines after `+OK`, or another response: which command it was to is not known.
    Unknown,
    /// A message or other lines, to a lone dot.
    Lines { dots: Dots, whole: bool },
}

struct Pop3 {
    lanes: [Lane; 2],
    phase: Phase,
    response: Response,
    asked: VecDeque<Asked>,
    /// Commands or responses were not seen: which belong together is not known.
    lost: bool,
    heard: [bool; 2],
    banner: Text,
    commands: List<&'static str, COMMANDS>,
    logins: Logins,
    retrieved: u64,
    deleted: u64,
    mail: Mail,
}

impl Pop3 {
    fn new(opening: &Opening) -> Self {
        Self {
            lanes: Default::default(),
            phase: Phase::default(),
            response: Response::default(),
            asked: VecDeque::from([Asked::Greeting]),
            lost: false,
            heard: [false; 2],
            banner: Text::default(),
            commands: List::default(),
            logins: Logins::default(),
            retrieved: 0,
            deleted: 0,
            mail: Mail::new(opening.file_hash, true),
        }
    }

    fn client(&mut self, bytes: &[u8]) -> Look {
        let [_, server_heard] = self.heard;
        if tls_begins(bytes) {
            return if self.phase == Phase::Tls && server_heard { Look::Wait } else { Look::Tls };
        }
        let [lane, _] = &mut self.lanes;
        let (text, used) = match lane.line(bytes, LINE_BYTES) {
            Line::Whole { text, used, .. } => (text, used),
            Line::Passed(used) => return Look::Used(used),
            Line::Partial => return Look::Wait,
        };
        self.heard = [true, server_heard];
        let command = command(text);
        if self.phase == Phase::Auth && (server_heard || command.is_none()) {
            self.logins.client(text);
            self.ask(Asked::Auth);
            return Look::Used(used);
        }
        let Some((verb, _, rest)) = command else {
            self.ask(Asked::Other);
            return Look::Used(used);
        };
        self.commands.push_distinct(verb);
        self.command(verb, rest);
        Look::Used(used)
    }

    fn command(&mut self, verb: &str, rest: &[u8]) {
        self.phase = Phase::Command;
        let asked = match verb {
            "USER" => {
                self.logins.named(rest);
                Asked::User
            }
            "PASS" => {
                self.logins.password();
                Asked::Login
            }
            "APOP" => {
                self.logins.named(rest.rsplitn(2, |byte| *byte == b' ').nth(1).unwrap_or_default());
                Asked::Login
            }
            "AUTH" if rest.is_empty() => Asked::Lines,
            "AUTH" => {
                let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
                self.logins.begin(words.next().unwrap_or_default());
                if let Some(response) = words.next() {
                    self.logins.client(response);
                }
                self.phase = Phase::Auth;
                Asked::Auth
            }
            "RETR" => Asked::Message { whole: true },
            "TOP" => Asked::Message { whole: false },
            "LIST" | "UIDL" | "LANG" if rest.is_empty() => Asked::Lines,
            "CAPA" | "XTND" => Asked::Lines,
            "DELE" => Asked::Delete,
            "STLS" => {
                self.phase = Phase::Tls;
                Asked::Tls
            }
            _ => Asked::Other,
        };
        self.ask(asked);
    }

    fn ask(&mut self, asked: Asked) {
        if self.asked.len() < WAITING && !self.lost {
            self.asked.push_back(asked);
        } else {
            self.lose();
        }
    }

    fn lose(&mut self) {
        self.lost = true;
        self.asked.clear();
    }

    fn server(&mut self, bytes: &[u8]) -> Look {
        match &mut self.response {
            Response::Lines { dots, whole } => {
                let mail = &mut self.mail;
                let taken = dots.take(bytes, &mut |text| mail.data(text));
                if taken.ended {
                    self.retrieved = self.retrieved.saturating_add(u64::from(*whole && mail.is_open()));
                    if *whole {
                        mail.finish(true)
                    } else {
                        mail.finish_header()
                    }
                    self.response = Response::Status;
                }
                if taken.used == 0 { Look::Wait } else { Look::Used(taken.used) }
            }
            Response::Unknown => self.unknown(bytes),
            Response::Status => self.status(bytes),
        }
    }

    /// Another response, a message, or other lines: their first one tells.
    fn unknown(&mut self, bytes: &[u8]) -> Look {
        let [_, lane] = &mut self.lanes;
        let line = match lane.line(bytes, LINE_BYTES) {
            Line::Whole { text, .. } => text,
            Line::Passed(used) => {
                self.response = Response::Lines { dots: Dots::new(false), whole: false };
                lane.restart();
                return Look::Used(used);
            }
            Line::Partial => return Look::Wait,
        };
        let is_status = [&b"+OK"[..], b"-ERR", b"+ "].iter().any(|status| line.starts_with(status));
        self.response = if is_status || tls_begins(bytes) {
            Response::Status
        } else {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let field = name.len() < line.len() && !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
            if field {
                self.mail.begin(Role::Server, true);
            }
            Response::Lines { dots: Dots::new(false), whole: field }
        };
        Look::Used(0)
    }

    fn status(&mut self, bytes: &[u8]) -> Look {
        if tls_begins(bytes) {
            return Look::Tls;
        }
        let [_, lane] = &mut self.lanes;
        let (text, used) = match lane.line(bytes, LINE_BYTES) {
            Line::Whole { text, used, .. } => (text, used),
            Line::Passed(used) => return Look::Used(used),
            Line::Partial => return Look::Wait,
        };
        let [client_heard, server_heard] = self.heard;
        self.heard = [client_heard, true];
        if let Some(challenge) = text.strip_prefix(b"+ ").or((text == b"+").then_some(&[][..])) {
            self.asked.pop_front();
            self.logins.server(challenge);
            return Look::Used(used);
        }
        let success = text.starts_with(b"+OK");
        if !success && !text.starts_with(b"-ERR") {
            return Look::Used(used);
        }
        if !server_heard && !greets(text, client_heard) {
            // The beginning was not seen. What the client has asked since then is known, if it was heard.
            self.asked.pop_front();
            if !client_heard {
                self.lose();
            }
        }
        let asked = if self.lost { None } else { self.asked.pop_front() };
        if asked == Some(Asked::Greeting) {
            self.banner = Text::new(text.strip_prefix(b"+OK").unwrap_or(text).trim_ascii());
        }
        self.answered(asked, success);
        Look::Used(used)
    }

    fn answered(&mut self, asked: Option<Asked>, success: bool) {
        match asked {
            Some(Asked::Message { whole }) if success => {
                self.mail.begin(Role::Server, true);
                self.response = Response::Lines { dots: Dots::new(false), whole };
            }
            Some(Asked::Lines) if success => {
                self.response = Response::Lines { dots: Dots::new(false), whole: false };
            }
            Some(Asked::Delete) => self.deleted = self.deleted.saturating_add(u64::from(success)),
            Some(Asked::Login) => self.logins.ended(success),
            Some(Asked::Auth) => {
                self.phase = Phase::Command;
                self.logins.ended(success);
            }
            // Agreed or not: TLS is known when it begins.
            Some(Asked::Tls) => self.phase = Phase::Command,
            None => {
                self.phase = Phase::Command;
                if success {
                    self.response = Response::Unknown;
                }
            }
            Some(_) => {}
        }
    }
}

impl Dissector for Pop3 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        look_through(chunk.bytes, |rest| match chunk.role {
            Role::Client => self.client(rest),
            Role::Server => self.server(rest),
        })
    }

    fn gap(&mut self, role: Role, _bytes: u64) -> Step {
        let [client, server] = &mut self.lanes;
        match (role, &mut self.response) {
            (Role::Client, _) => {
                client.gap();
                self.phase = Phase::Command;
                self.lose();
            }
            (Role::Server, Response::Lines { dots, .. }) => {
                // What is missing may have held the end: then the next lone dot is another's, and counting is over.
                dots.gap();
                self.mail.gap();
                self.lose();
            }
            (Role::Server, _) => {
                self.response = Response::Status;
                server.gap();
                self.lose();
            }
        }
        Step::Consumed(0)
    }

    fn end(&mut self, role: Role) {
        if role == Role::Server {
            self.mail.finish(false);
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.logins.facts(out);
        let mut element = out.element(&POP3);
        element.text(&BANNER, &self.banner);
        element.text(&USER, self.logins.user());
        element.texts(&AUTH_MECHANISM, self.logins.mechanisms());
        if let Some(succeeded) = self.logins.succeeded() {
            element.yes_no(&AUTHENTICATED, succeeded);
        }
        element.list(&COMMAND, self.commands.items().iter().copied(), self.commands.omitted());
        for (field, count) in [(&RETRIEVED, self.retrieved), (&DELETED, self.deleted)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        self.mail.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.asked.capacity() * size_of::<Asked>()
            + self.banner.heap_bytes()
            + self.logins.heap_bytes()
            + self.mail.heap_bytes()
    }
}
