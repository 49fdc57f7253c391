//! Redis and those that speak its protocol (Valkey, KeyDB, Dragonfly): commands, accounts, databases, errors.
//!
//! Specification: "Redis serialization protocol specification" (RESP2, RESP3, inline commands) and the command reference, redis.io.
//!
//! ```text
//! client   *N CR LF, then N times $LENGTH CR LF bytes CR LF         or, typed by hand: words CR LF
//! server   + text   - error   : integer   , double   # boolean   ( big number   _ null            each up to CR LF
//!          $LENGTH bulk   = verbatim   ! bulk error                  then so many bytes and CR LF
//!          * array   ~ set   > push   (N values follow)   % map   | attributes   (2 N values follow)
//! ```
//!
//! Told of a command: its name; channels, keys, and whole those commands that change the server itself ([`command`]). Passwords
//! of AUTH, HELLO, CONFIG SET, ACL and MIGRATE are not kept. After PSYNC or SYNC the session is a stream of data and is left
//! alone. A gap ends what is told of that side.
//!
//! Limits: a line of [`LINE_BYTES`], of a bulk the first [`BULK_BYTES`], of a command the first [`command::ARGUMENTS`] arguments.
//! Not told: values, replies other than errors, Redis Cluster's own bus.

mod command;
mod probe;

use self::command::{Command, Outcome};
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::Facts;
use crate::framing::{Lost, decimal, framed, line};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "redis",
    about: About {
        name: "Redis serialization protocol",
        specification: "Redis serialization protocol specification (RESP2, RESP3)",
        evidence: "an array that holds a known command, or a command typed by hand that is answered as Redis does",
        limits: "values and replies but errors are not told; a gap ends what is told of its side",
        ports: &[6379, 6380, 16379, 26379],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[b'*'..=b'*', b'A'..=b'Z', b'a'..=b'z'],
        server: &[b'$'..=b'%', b'*'..=b'+', b'-'..=b'-', b':'..=b':', b'>'..=b'>', b'~'..=b'~'],
    },
    probe: probe::probe,
    open: |_: &Opening| Box::new(Redis::default()),
};

static COMMANDS: Field = Field::number("commands", "commands sent", "RESP");
static VERBS: Field = Field::text("verbs", "commands by name, as `NAME:COUNT`", "Redis commands").list().items(32);
static USER: Field = Field::text("user", "the account that logged in, where it is named", "Redis AUTH, HELLO");
static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "authenticated", "whether the server took the last login", "Redis AUTH, HELLO");
static DATABASE: Field = Field::text("database", "databases selected", "Redis SELECT").list();
static KEY: Field = Field::text("key", "first keys of commands, each once", "Redis commands").list();
static CHANNEL: Field =
    Field::text("channel", "channels subscribed and published to", "Redis SUBSCRIBE, PUBLISH").list();
static ADMIN: Field =
    Field::text("admin", "commands that change the server itself, with arguments; passwords as `*`", "Redis commands")
        .list();
static CLIENT_NAME: Field = Field::text("client_name", "the name that the client gave itself", "Redis CLIENT SETNAME");
static APPLICATION: Field =
    Field::text("application", "the client's library and its version", "Redis CLIENT SETINFO").list();
static SERVER_VERSION: Field = Field::text("server_version", "the server's version", "Redis INFO, HELLO");
static ERROR: Field = Field::text("error", "errors that the server answered, each once", "RESP").list();
static ERRORS: Field = Field::number("errors", "answers that are errors; absent if none", "RESP");

static ELEMENT: Element = Element {
    name: "redis",
    meaning: "Redis and its kin",
    fields: &[
        &COMMANDS,
        &VERBS,
        &USER,
        &AUTHENTICATED,
        &DATABASE,
        &KEY,
        &CHANNEL,
        &ADMIN,
        &CLIENT_NAME,
        &APPLICATION,
        &SERVER_VERSION,
        &ERRORS,
        &ERROR,
    ],
};

/// The longest line: Redis takes inline commands up to this.
pub const LINE_BYTES: usize = 64 * 1024;
/// What is looked at of a bulk.
pub const BULK_BYTES: usize = 256;
/// The longest header of a bulk or an array: its mark, its number, CR LF.
const HEADER_BYTES: usize = 32;
/// The most arguments of a command (Redis: 1024 * 1024).
const COMMAND_PARTS: u64 = 1024 * 1024;

#[derive(Default)]
struct Redis {
    lost: Lost,
    commands: u64,
    verbs: Tally,
    told: Outcome,
    /// The client's command in progress.
    command: Command,
    /// Values of the server's answer that are still to come.
    values_left: u64,
    /// The answer is not one to a command.
    pushed: bool,
    answers: u64,
    /// The value before was the name `version` in the answer to HELLO.
    version_follows: bool,
    authenticated: Option<bool>,
    server_version: Option<Text>,
    errors: u64,
    error: List<Text>,
}

impl Dissector for Redis {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        let step = match role {
            _ if self.lost.is(role) => return Step::Consumed(bytes.len()),
            Role::Client => self.request(bytes),
            Role::Server => self.value(bytes),
        };
        step.unwrap_or_else(|step| step)
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        if self.told.password {
            out.flag(Flag::CleartextPassword);
        }
        if let Some(user) = &self.told.user {
            out.user(user);
        }
        let mut redis = out.element(&ELEMENT);
        if self.commands > 0 {
            redis.number(&COMMANDS, self.commands);
        }
        self.verbs.tell(&mut redis, &VERBS);
        redis.maybe(&USER, self.told.user.as_ref());
        if let Some(authenticated) = self.authenticated {
            redis.yes_no(&AUTHENTICATED, authenticated);
        }
        redis.texts(&DATABASE, &self.told.databases);
        redis.texts(&KEY, &self.told.keys);
        redis.texts(&CHANNEL, &self.told.channels);
        redis.texts(&ADMIN, &self.told.admin);
        redis.maybe(&CLIENT_NAME, self.told.client_name.as_ref());
        redis.texts(&APPLICATION, &self.told.library);
        redis.maybe(&SERVER_VERSION, self.server_version.as_ref());
        if self.errors > 0 {
            redis.number(&ERRORS, self.errors);
        }
        redis.texts(&ERROR, &self.error);
    }

    fn heap_bytes(&self) -> usize {
        self.verbs.heap_bytes()
            + self.told.heap_bytes()
            + self.command.heap_bytes()
            + self.error.items().iter().map(|error| size_of::<Text>() + error.heap_bytes()).sum::<usize>()
    }
}

impl Redis {
    /// Takes what the client sends: the head of a command, an argument, or a line.
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Step> {
        if self.command.parts_left > 0 {
            let (argument, step) =
                if bytes.first() == Some(&b'$') { bulk(bytes)? } else { return Err(Step::Violation) };
            self.command.take(argument.ok_or(Step::Violation)?);
            self.finish_command();
            return Ok(self.leave_if_replica(step));
        }
        if bytes.first() == Some(&b'*') {
            let (head, used) = line(bytes, HEADER_BYTES)?;
            let parts = number(head).ok_or(Step::Violation)?;
            self.command = Command::of(parts.filter(|parts| *parts <= COMMAND_PARTS).ok_or(Step::Violation)?);
            return Ok(Step::Consumed(used));
        }
        let (words, used) = line(bytes, LINE_BYTES)?;
        self.command = Command::inline(words);
        self.finish_command();
        Ok(self.leave_if_replica(Step::Consumed(used)))
    }

    fn finish_command(&mut self) {
        if self.command.parts_left == 0 && !self.command.arguments.is_empty() {
            self.verbs.count_upper(self.command.name());
            self.told.take(&self.command, self.commands);
            self.commands = self.commands.saturating_add(1);
            self.command = Command::default();
        }
    }

    fn leave_if_replica(&self, step: Step) -> Step {
        if self.told.replica { Step::Done } else { step }
    }

    /// Takes one value of what the server sends.
    fn value(&mut self, bytes: &[u8]) -> Result<Step, Step> {
        let top = self.values_left == 0;
        let mark = bytes.first().copied().unwrap_or_default();
        let left = if top { 1 } else { self.values_left };
        let step;
        let mut follow = 0;
        match mark {
            b'+' | b'-' | b':' | b',' | b'#' | b'_' | b'(' => {
                let (text, used) = line(bytes, LINE_BYTES)?;
                step = Step::Consumed(used);
                let text = text.get(1..).unwrap_or_default();
                if top {
                    self.answered(mark == b'-', text);
                }
                self.named(text);
            }
            b'$' | b'=' | b'!' => {
                let (text, after) = bulk(bytes)?;
                step = after;
                let text = text.unwrap_or_default();
                if top {
                    self.answered(mark == b'!', text);
                    self.info(text);
                }
                self.named(text);
            }
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let (head, used) = line(bytes, HEADER_BYTES)?;
                let count = number(head).ok_or(Step::Violation)?.unwrap_or(0);
                follow = if matches!(mark, b'%' | b'|') { count.saturating_mul(2) } else { count };
                // Attributes stand before the value that they belong to.
                follow = follow.saturating_add(u64::from(mark == b'|'));
                step = Step::Consumed(used);
                self.pushed = top && mark == b'>';
                if top && mark != b'>' && mark != b'|' {
                    self.answered(false, b"");
                }
            }
            _ => return Err(Step::Violation),
        }
        self.values_left = left.saturating_sub(1).saturating_add(follow);
        if self.values_left == 0 {
            self.answers = self.answers.saturating_add(u64::from(!self.pushed));
            self.pushed = false;
            self.version_follows = false;
        }
        Ok(step)
    }

    /// An answer begins.
    fn answered(&mut self, error: bool, text: &[u8]) {
        if error {
            self.errors = self.errors.saturating_add(1);
            self.error.push_distinct(Text::new(text));
        }
        if self.told.login_at == Some(self.answers) {
            self.authenticated = Some(!error);
        }
    }

    /// A text inside the answer to HELLO.
    fn named(&mut self, text: &[u8]) {
        if self.told.hello_at != Some(self.answers) {
            return;
        }
        if self.version_follows && self.server_version.is_none() {
            self.server_version = Some(Text::new(text));
        }
        self.version_follows = text == b"version";
    }

    /// The answer to INFO: lines of `name:value`.
    fn info(&mut self, text: &[u8]) {
        let mut lines = text.split(|byte| *byte == b'\n');
        let version = lines.find_map(|line| line.strip_prefix(b"redis_version:"));
        if let Some(version) = version.filter(|_| self.server_version.is_none()) {
            self.server_version = Some(Text::new(version.trim_ascii()));
        }
    }
}

/// The number of a header: its mark, then digits. The inner `None` is -1, which says that there is nothing.
fn number(head: &[u8]) -> Option<Option<u64>> {
    let digits = head.get(1..)?;
    if digits == b"-1" { Some(None) } else { decimal(digits).map(Some) }
}

/// A bulk with its header: what is looked at, `None` where it is null, and the step over it.
fn bulk(bytes: &[u8]) -> Result<(Option<&[u8]>, Step), Step> {
    let (head, header) = line(bytes, HEADER_BYTES)?;
    let Some(length) = number(head).ok_or(Step::Violation)? else {
        return Ok((None, Step::Consumed(header)));
    };
    let total = length.saturating_add(header as u64).saturating_add(2);
    let (seen, step) = framed(bytes, total, header.saturating_add(BULK_BYTES))?;
    let seen = seen.get(header..).unwrap_or_default();
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok((Some(seen.get(..length).unwrap_or(seen)), step))
}
