//! PostgreSQL: the frontend/backend protocol, version 3, and the beginning of version 2.
//!
//! ```text
//! client   startup packet, or a request for encryption              [startup]
//! server   S N G                                                    one byte, to such a request
//! both     type (1), length (4), body                               [message]
//! client   Q statement    P parse    B bind    E execute    d copy data    p password    X end ...
//! server   R authentication    S parameter    E error    C done, with its rows    D row    Z ready ...
//! ```
//!
//! Source: "Frontend/Backend Protocol" of PostgreSQL's documentation.
//!
//! Statements are read as streams; of other messages at most [`LOOK_BYTES`] are looked at. Behind a gap a side is found again at its next
//! message, by its length or where the other side has had its turn. Ignored on purpose: rows, parameters, copied data, notices,
//! notifications, replication.

mod message;
mod probe;
mod startup;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::protocols::tls;
use crate::reader::Reader;
use crate::sql::lane::{Footing, Lane};
use crate::sql::{self, Dialect, Errors, Statements};

use message::HEADER;
use startup::Startup;

/// How much of a message that is no statement is looked at.
const LOOK_BYTES: usize = 4096;
/// The longest name of a prepared statement that is waited for.
const NAME_BYTES: usize = 1024;

static SQLSTATE: Field = Field::text("sqlstate", "SQLSTATE of each error", "PostgreSQL error codes").aligned();
static METHOD: Field =
    Field::text("auth_method", "authentication that the server asked for; `trust` is none", "AuthenticationRequest");
static EXECUTED: Field = Field::number("executed", "executions of prepared statements", "Execute");
static CHANGED: Field =
    Field::number("changed_rows", "rows inserted, updated, deleted, merged or copied", "CommandComplete");
static ROWS: Field = Field::number("rows", "rows that statements gave", "CommandComplete");
static CANCEL: Field = Field::new(
    Kind::YesNo,
    "cancel",
    "the session only asks that another one's statement be cancelled",
    "CancelRequest",
);

static ELEMENT: Element = Element {
    name: "pgsql",
    meaning: "PostgreSQL",
    fields: &[
        &sql::USER,
        &sql::DATABASE,
        &sql::APPLICATION,
        &sql::SERVER_VERSION,
        &METHOD,
        &sql::AUTHENTICATED,
        &sql::VERBS,
        &EXECUTED,
        &CHANGED,
        &ROWS,
        &sql::STATEMENT,
        &SQLSTATE,
        &sql::ERROR,
        &CANCEL,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "pgsql",
    about: About {
        name: "PostgreSQL frontend/backend protocol 3",
        specification: "PostgreSQL documentation, Frontend/Backend Protocol",
        evidence: "a start-up message, or messages whose kinds and lengths follow one another",
        limits: "rows, parameters, copied data and replication are not told",
        ports: &[5432, 5433, 6432],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[0..=0, b'B'..=b'B', b'P'..=b'Q', b'p'..=b'p'],
        server: &[
            b'1'..=b'3',
            b'A'..=b'A',
            b'C'..=b'E',
            b'G'..=b'I',
            b'K'..=b'K',
            b'N'..=b'N',
            b'R'..=b'T',
            b'V'..=b'W',
            b'Z'..=b'Z',
            b'c'..=b'd',
            b'n'..=b'n',
            b's'..=b't',
            b'v'..=b'v',
        ],
    },
    probe: probe::probe,
    open: |_: &Opening| Box::new(PgSql::new()),
};

/// How far the session has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Before the client's first packet.
    #[default]
    Startup,
    /// The server is to say with one byte whether it encrypts.
    Asked,
    Login,
    Commands,
}

#[derive(Debug)]
struct PgSql {
    lanes: [Lane; 2],
    phase: Phase,
    version: Text,
    user: Text,
    application: Text,
    databases: List<Text>,
    method: Option<&'static str>,
    mechanism: Text,
    authenticated: Option<bool>,
    asked_password: bool,
    cleartext: bool,
    encrypted: bool,
    cancel: bool,
    statements: Statements,
    errors: Errors,
    executed: u64,
    changed: u64,
    rows: u64,
}

impl PgSql {
    fn new() -> Self {
        Self {
            lanes: Default::default(),
            phase: Phase::default(),
            version: Text::default(),
            user: Text::default(),
            application: Text::default(),
            databases: List::default(),
            method: None,
            mechanism: Text::default(),
            authenticated: None,
            asked_password: false,
            cleartext: false,
            encrypted: false,
            cancel: false,
            statements: Statements::new(Dialect::Postgres),
            errors: Errors::default(),
            executed: 0,
            changed: 0,
            rows: 0,
        }
    }

    fn lane(&mut self, role: Role) -> &mut Lane {
        let [client, server] = &mut self.lanes;
        if role == Role::Client { client } else { server }
    }

    fn step(&mut self, role: Role, bytes: &[u8]) -> Step {
        let lane = self.lane(role);
        if lane.footing == Footing::Lost {
            return Step::Consumed(bytes.len());
        }
        if lane.statement {
            return self.statement(bytes);
        }
        if lane.left > 0 {
            return lane.pass(bytes.len());
        }
        match (role, self.phase, bytes.first()) {
            (Role::Client, Phase::Startup | Phase::Asked, Some(0)) => self.startup(bytes),
            // TLS, as the server must have allowed in bytes that were not seen.
            (Role::Client, Phase::Asked, Some(0x16)) => Step::Handover(0, Some(&tls::PROTOCOL)),
            (Role::Server, Phase::Asked, Some(b'S')) => Step::Handover(1, Some(&tls::PROTOCOL)),
            (Role::Server, Phase::Asked, Some(b'N')) => {
                self.phase = Phase::Startup;
                Step::Consumed(1)
            }
            (Role::Server, Phase::Asked, Some(b'G')) => {
                self.encrypted = true;
                Step::Done
            }
            // The client's part was not seen.
            (Role::Server, Phase::Startup, Some(b'N' | b'G')) if matches!(bytes.get(1), Some(b'R' | b'E')) => {
                Step::Consumed(1)
            }
            (Role::Server, Phase::Startup, Some(b'N' | b'G')) if bytes.len() == 1 => Step::NeedMore(2),
            _ => self.message(role, bytes),
        }
    }

    fn startup(&mut self, bytes: &[u8]) -> Step {
        let Some((length, code)) = startup::header(bytes) else {
            return Step::NeedMore(8);
        };
        let Some(kind) = startup::kind(length, code) else {
            return Step::Violation;
        };
        let Some(packet) = bytes.get(..length) else {
            return Step::NeedMore(length);
        };
        let mut reader = Reader::new(packet.get(8..).unwrap_or_default());
        match kind {
            Startup::Tls | Startup::Gss => self.phase = Phase::Asked,
            Startup::Cancel => {
                self.cancel = true;
                return Step::Done;
            }
            Startup::Version2 => {
                let text = |bytes: Option<&[u8]>| {
                    Text::new(bytes.and_then(|bytes| bytes.split(|byte| *byte == 0).next()).unwrap_or_default())
                };
                self.databases.push(text(reader.take(64)));
                self.user = text(reader.take(32));
                // Its messages have no lengths.
                return Step::Done;
            }
            Startup::Parameters => {
                for (name, value) in startup::parameters(reader.rest()) {
                    match name {
                        b"user" => self.user = Text::new(value),
                        b"database" => self.databases.push_distinct(Text::new(value)),
                        b"application_name" => self.application = Text::new(value),
                        _ => {}
                    }
                }
                self.phase = Phase::Login;
            }
        }
        self.lane(Role::Server).turn();
        Step::Consumed(length)
    }

    /// An error of version 2: a line of text to its NUL.
    fn old_error(&mut self, bytes: &[u8]) -> Step {
        let text = bytes.get(message::OLD_ERROR.len()..).unwrap_or_default();
        let Some(end) = text.iter().take(LOOK_BYTES).position(|byte| *byte == 0) else {
            return if text.len() < LOOK_BYTES {
                Step::NeedMore(bytes.len().saturating_add(1))
            } else {
                Step::Violation
            };
        };
        let message = Text::new(text.get(..end).unwrap_or_default().trim_ascii_end());
        self.errors.push(|| sql::Error { message, names_only: true, ..sql::Error::default() });
        Step::Done
    }

    fn message(&mut self, role: Role, bytes: &[u8]) -> Step {
        if role == Role::Server && matches!(bytes, [b'E', b'F', ..]) {
            return self.old_error(bytes);
        }
        let Some((kind, length)) = message::header(bytes) else {
            return Step::NeedMore(HEADER);
        };
        let known = match role {
            Role::Client => message::from_client(kind, length),
            Role::Server => message::from_server(kind, length),
        };
        if !known {
            return match self.lane(role).footing {
                Footing::Doubtful => {
                    self.lane(role).footing = Footing::Lost;
                    Step::Consumed(bytes.len())
                }
                _ => Step::Violation,
            };
        }
        let content = length.saturating_sub(4);
        let body = bytes.get(HEADER..).unwrap_or_default();
        match role {
            Role::Client => self.client_says(kind, body, content),
            Role::Server => self.server_says(kind, body, content),
        }
    }

    /// Deals with a message of which so many bytes were looked at: the others pass.
    fn done_with(&mut self, role: Role, content: usize, looked: usize) -> Step {
        let lane = self.lane(role);
        lane.left = content.saturating_sub(looked) as u64;
        lane.footing = Footing::Sure;
        self.lane(role.other()).turn();
        Step::Consumed(HEADER.saturating_add(looked))
    }

    fn client_says(&mut self, kind: u8, body: &[u8], content: usize) -> Step {
        let mut looked = 0;
        match kind {
            b'Q' => self.statements.begin(),
            b'P' => {
                let shown = body.get(..content.min(NAME_BYTES)).unwrap_or(body);
                let Some(name) = shown.iter().position(|byte| *byte == 0) else {
                    return if shown.len() < content.min(NAME_BYTES) {
                        Step::NeedMore(HEADER.saturating_add(shown.len()).saturating_add(1))
                    } else {
                        Step::Violation
                    };
                };
                looked = name.saturating_add(1);
                self.statements.begin();
            }
            b'E' => self.executed = self.executed.saturating_add(1),
            b'p' => self.cleartext |= self.asked_password,
            _ => {}
        }
        if kind != b'p' {
            self.phase = Phase::Commands;
        }
        let step = self.done_with(Role::Client, content, looked);
        if matches!(kind, b'Q' | b'P') {
            let lane = self.lane(Role::Client);
            lane.statement = lane.left > 0;
        }
        if kind == b'X' { Step::Done } else { step }
    }

    /// Bytes of a statement, to its NUL.
    fn statement(&mut self, bytes: &[u8]) -> Step {
        let [lane, _] = &mut self.lanes;
        if !self.statements.wants_more() {
            self.statements.pass(lane.left);
            self.statements.finish();
            lane.statement = false;
            return lane.pass(bytes.len());
        }
        let text = lane.take(bytes);
        let (statement, ended) = match memchr::memchr(0, text) {
            Some(end) => (text.get(..end).unwrap_or_default(), true),
            None => (text, lane.left == 0),
        };
        self.statements.text(statement);
        if ended {
            lane.statement = false;
            self.statements.finish();
        }
        Step::Consumed(text.len())
    }

    fn server_says(&mut self, kind: u8, body: &[u8], content: usize) -> Step {
        let look = match kind {
            b'R' | b'S' | b'E' | b'C' => content.min(LOOK_BYTES),
            _ => 0,
        };
        let Some(shown) = body.get(..look) else {
            return Step::NeedMore(HEADER.saturating_add(look));
        };
        match kind {
            b'R' => self.authentication(shown),
            b'S' => self.parameter(shown),
            b'E' => self.error(shown),
            b'C' => self.complete(shown),
            _ => {}
        }
        if matches!(kind, b'Z' | b'T' | b'D' | b'1' | b'2') {
            self.phase = Phase::Commands;
        }
        self.done_with(Role::Server, content, look)
    }

    fn authentication(&mut self, body: &[u8]) {
        let mut reader = Reader::new(body);
        let Some(code) = reader.be_u32() else {
            return;
        };
        self.asked_password = code == 3;
        match code {
            0 => {
                self.authenticated.get_or_insert(true);
                self.method.get_or_insert("trust");
            }
            10 if self.mechanism.is_empty() => self.mechanism = Text::new(reader.until(0).unwrap_or_default()),
            _ => {}
        }
        if let Some(method) = message::method(code) {
            self.method.get_or_insert(method);
        }
    }

    fn parameter(&mut self, body: &[u8]) {
        let mut pairs = startup::parameters(body);
        match pairs.next() {
            Some((b"server_version", version)) if self.version.is_empty() => self.version = Text::new(version),
            Some((b"application_name", name)) if self.application.is_empty() => self.application = Text::new(name),
            Some((b"session_authorization", user)) if self.user.is_empty() => self.user = Text::new(user),
            _ => {}
        }
    }

    fn error(&mut self, body: &[u8]) {
        let (mut state, mut text): (&[u8], &[u8]) = (b"", b"");
        for field in body.split(|byte| *byte == 0) {
            match field.split_first() {
                Some((b'C', code)) => state = code,
                Some((b'M', message)) => text = message,
                _ => {}
            }
        }
        if self.phase == Phase::Login {
            self.authenticated.get_or_insert(false);
        }
        // Data exceptions, integrity violations and syntax errors quote data.
        let names_only =
            !state.starts_with(b"22") && !state.starts_with(b"23") && !matches!(state, b"42601" | b"P0001");
        self.errors.push(|| sql::Error { code: None, state: Text::new(state), message: Text::new(text), names_only });
    }

    /// A tag: a verb, and how many rows it touched as its last word.
    fn complete(&mut self, body: &[u8]) {
        let tag = body.split(|byte| *byte == 0).next().unwrap_or_default();
        let mut words = tag.split(|byte| *byte == b' ');
        let verb = words.next().unwrap_or_default();
        let count =
            words.next_back().and_then(|word| std::str::from_utf8(word).ok()).and_then(|word| word.parse::<u64>().ok());
        let total = match verb {
            b"SELECT" | b"FETCH" => &mut self.rows,
            b"INSERT" | b"UPDATE" | b"DELETE" | b"MERGE" | b"COPY" => &mut self.changed,
            _ => return,
        };
        *total = total.saturating_add(count.unwrap_or_default());
    }
}

impl Dissector for PgSql {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = self.step(chunk.role, chunk.bytes);
        self.lane(chunk.role).waiting = matches!(step, Step::NeedMore(_));
        step
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        if self.lane(role).statement {
            self.statements.abandon();
        }
        if matches!(self.phase, Phase::Startup | Phase::Asked) {
            // Whether it is encrypted from here on is not known.
            return Step::Done;
        }
        self.lane(role).missed(bytes);
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        out.user(&self.user);
        if self.cleartext {
            out.flag(Flag::CleartextPassword);
        }
        if self.encrypted {
            out.encrypted("protocol");
        }
        let reveal = !out.redacts();
        let mut element = out.element(&ELEMENT);
        element.text(&sql::USER, &self.user);
        element.texts(&sql::DATABASE, &self.databases);
        element.text(&sql::APPLICATION, &self.application);
        element.text(&sql::SERVER_VERSION, &self.version);
        if !self.mechanism.is_empty() {
            element.text(&METHOD, &self.mechanism);
        } else if let Some(method) = self.method {
            element.plain(&METHOD, method);
        }
        if let Some(authenticated) = self.authenticated {
            element.yes_no(&sql::AUTHENTICATED, authenticated);
        }
        self.statements.facts(&mut element, reveal);
        for (field, count) in [(&EXECUTED, self.executed), (&CHANGED, self.changed), (&ROWS, self.rows)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        self.errors.facts(&mut element, reveal, None, Some(&SQLSTATE));
        if self.cancel {
            element.yes_no(&CANCEL, true);
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.version, &self.user, &self.application, &self.mechanism];
        let text = |text: &Text| size_of::<Text>() + text.heap_bytes();
        size_of::<Self>()
            + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
            + self.databases.items().iter().map(text).sum::<usize>()
            + self.statements.heap_bytes()
            + self.errors.heap_bytes()
    }
}
