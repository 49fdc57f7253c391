//! MySQL and MariaDB: the client/server protocol, versions 9 and 10.
//!
//! ```text
//! packet    length (3), number (1), payload          [packet]
//! server    greeting, or an error                    [login]
//! client    login, or a request for TLS              [login]
//! server    OK, an error, or questions of the authentication method, which the client answers
//! client    command (1) and what it works on         a packet of number 0
//! server    OK, an error, or a result                [answers]
//! ```
//!
//! Sources: "Client/Server Protocol" of MySQL's source documentation, the protocol chapter of MariaDB's.
//!
//! Statements are read as streams and are never held; of other packets at most [`LOOK_BYTES`] are looked at. Behind a gap a side is
//! found again at its next packet, by its length or where the other side has had its turn. Compressed packets are unpacked ([`packed`]); what
//! zstd packs is not read. Ignored on purpose: rows, parameters of prepared statements, replication events, the X protocol.

mod answers;
mod login;
mod packed;
mod packet;
mod probe;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::protocols::tls;
use crate::reader::Reader;
use crate::sql::lane::{Footing, Lane};
use crate::sql::{self, Dialect, Errors, Statements};

use answers::Answer;
use packed::Packed;
use packet::{HEADER, capability};

/// How much of a packet that is no statement is looked at.
const LOOK_BYTES: usize = 4096;
/// How much of an answer tells what it is; an error takes more.
const ANSWER_BYTES: usize = 32;

static ERROR_CODE: Field = Field::number("error_code", "number of each error", "MySQL error reference").aligned();
static SQLSTATE: Field = Field::text("sqlstate", "SQLSTATE of each error", "ISO 9075-2 23").aligned();
static CLIENT: Field = Field::text("client", "the client library and its version", "connection attributes");
static CLIENT_OS: Field = Field::text("client_os", "the client's system and processor", "connection attributes");
static METHOD: Field =
    Field::text("auth_method", "authentication methods, in the order of their offers", "Protocol::AuthSwitchRequest")
        .list();
static COMPRESSION: Field = Field::text(
    "compression",
    "how packets are compressed after the login: `zlib` or `zstd`",
    "Protocol::CompressedPacket",
);
static EXECUTED: Field = Field::number("executed", "executions of prepared statements", "COM_STMT_EXECUTE");
static CHANGED: Field = Field::number("changed_rows", "rows that statements changed", "Protocol::OK_Packet");
static ROWS: Field = Field::number("rows", "rows that statements gave", "Protocol::ProtocolText::Resultset");
static LOCAL_FILE: Field =
    Field::text("local_file", "files that the server asked the client for", "LOCAL INFILE").list().long();

static ELEMENT: Element = Element {
    name: "mysql",
    meaning: "MySQL and MariaDB",
    fields: &[
        &sql::USER,
        &sql::DATABASE,
        &sql::APPLICATION,
        &CLIENT,
        &CLIENT_OS,
        &sql::SERVER_VERSION,
        &METHOD,
        &sql::AUTHENTICATED,
        &COMPRESSION,
        &sql::VERBS,
        &EXECUTED,
        &CHANGED,
        &ROWS,
        &sql::STATEMENT,
        &ERROR_CODE,
        &SQLSTATE,
        &sql::ERROR,
        &LOCAL_FILE,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "mysql",
    about: About {
        name: "MySQL and MariaDB client/server protocol 9 and 10",
        specification: "MySQL source documentation, MariaDB knowledge base",
        evidence: "the server's greeting, a client's login, or a query in midstream",
        limits: "rows, parameters of prepared statements, replication events and the X protocol are not told",
        ports: &[3306, 33060],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    // The first byte is part of a length.
    first: FirstBytes::ANY,
    probe: probe::probe,
    open: |_: &Opening| Box::new(MySql::new()),
};

/// Commands that tell something.
mod command {
    pub const QUIT: u8 = 0x01;
    pub const INIT_DB: u8 = 0x02;
    pub const QUERY: u8 = 0x03;
    pub const CREATE_DB: u8 = 0x05;
    pub const DROP_DB: u8 = 0x06;
    pub const SHUTDOWN: u8 = 0x08;
    pub const PROCESS_KILL: u8 = 0x0c;
    pub const CHANGE_USER: u8 = 0x11;
    pub const BINLOG_DUMP: u8 = 0x12;
    pub const STMT_PREPARE: u8 = 0x16;
    pub const STMT_EXECUTE: u8 = 0x17;
    pub const BINLOG_DUMP_GTID: u8 = 0x1e;
    /// The last of MySQL's; MariaDB has one more at the end of the numbers.
    pub const LAST: u8 = 0x20;
    pub const BULK_EXECUTE: u8 = 0xfa;
}

/// How far the login has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Greeting,
    Login,
    Commands,
}

#[derive(Debug)]
struct MySql {
    lanes: [Lane; 2],
    phase: Phase,
    answer: Answer,
    /// Of the greeting and of the login.
    capabilities: [Option<u32>; 2],
    version: Text,
    user: Text,
    application: Text,
    client: Text,
    system: Text,
    databases: List<Text>,
    methods: List<Text>,
    authenticated: Option<bool>,
    cleartext: bool,
    compression: Option<&'static str>,
    packed: Option<Box<[Packed; 2]>>,
    statements: Statements,
    errors: Errors,
    files: List<Text>,
    executed: u64,
    changed: u64,
    rows: u64,
}

impl MySql {
    fn new() -> Self {
        Self {
            lanes: Default::default(),
            phase: Phase::default(),
            answer: Answer::default(),
            capabilities: [None; 2],
            version: Text::default(),
            user: Text::default(),
            application: Text::default(),
            client: Text::default(),
            system: Text::default(),
            databases: List::default(),
            methods: List::default(),
            authenticated: None,
            cleartext: false,
            compression: None,
            packed: None,
            statements: Statements::new(Dialect::MySql),
            errors: Errors::default(),
            files: List::default(),
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
        let Some((length, number)) = packet::header(bytes) else {
            return Step::NeedMore(HEADER);
        };
        let payload = bytes.get(HEADER..).unwrap_or_default();
        match role {
            Role::Client => self.client_says(payload, length, number),
            Role::Server => self.server_says(payload, length, number),
        }
    }

    /// Bytes of a statement.
    fn statement(&mut self, bytes: &[u8]) -> Step {
        let [lane, _] = &mut self.lanes;
        if !self.statements.wants_more() {
            self.statements.pass(lane.left);
            self.statements.finish();
            lane.statement = false;
            return lane.pass(bytes.len());
        }
        let text = lane.take(bytes);
        self.statements.text(text);
        if lane.left == 0 {
            lane.statement = false;
            self.statements.finish();
        }
        Step::Consumed(text.len())
    }

    /// Deals with a packet of which so many bytes were looked at: the others pass.
    fn done_with(&mut self, role: Role, length: usize, looked: usize) -> Step {
        let lane = self.lane(role);
        lane.left = length.saturating_sub(looked) as u64;
        lane.footing = Footing::Sure;
        self.lane(role.other()).turn();
        Step::Consumed(HEADER.saturating_add(looked.min(length)))
    }

    fn client_says(&mut self, payload: &[u8], length: usize, number: u8) -> Step {
        if number == 0 && (self.phase != Phase::Greeting || self.capabilities == [None; 2]) {
            return self.command(payload, length);
        }
        let doubtful = self.lane(Role::Client).footing == Footing::Doubtful;
        if doubtful {
            return self.lost(Role::Client, payload.len());
        }
        if number == 1 && self.phase != Phase::Commands && self.capabilities.last() == Some(&None) {
            let look = length.min(LOOK_BYTES);
            let Some(login) = payload.get(..look) else {
                return Step::NeedMore(HEADER.saturating_add(look));
            };
            return self.login(login, length);
        }
        // An answer of the authentication, or a file's content.
        if self.phase == Phase::Login && length > 0 && self.methods.items().last().is_some_and(is_cleartext) {
            self.cleartext = true;
        }
        self.done_with(Role::Client, length, 0)
    }

    fn login(&mut self, payload: &[u8], length: usize) -> Step {
        let Some(login) = login::login(payload) else {
            return Step::Violation;
        };
        self.phase = Phase::Login;
        let [_, client] = &mut self.capabilities;
        *client = Some(login.capabilities);
        if login.tls {
            return Step::Handover(HEADER.saturating_add(length), Some(&tls::PROTOCOL));
        }
        self.user = Text::new(login.user);
        self.database(login.database);
        if !login.method.is_empty() {
            self.methods.push_distinct(Text::new(login.method));
        }
        self.cleartext |= login.method == CLEARTEXT;
        self.application = Text::new(login.program);
        self.client = joined(login.client);
        self.system = joined(login.system);
        self.done_with(Role::Client, length, payload.len())
    }

    fn database(&mut self, name: &[u8]) {
        if !name.is_empty() {
            self.databases.push_distinct(Text::new(name));
        }
    }

    fn command(&mut self, payload: &[u8], length: usize) -> Step {
        let Some((number, rest)) = payload.split_first().filter(|_| length > 0) else {
            return if length == 0 { Step::Violation } else { Step::NeedMore(HEADER.saturating_add(1)) };
        };
        let known = *number <= command::LAST || *number == command::BULK_EXECUTE;
        if !known {
            return match self.lane(Role::Client).footing {
                Footing::Doubtful => self.lost(Role::Client, payload.len()),
                _ => Step::Violation,
            };
        }
        let statement = matches!(*number, command::QUERY | command::STMT_PREPARE);
        let whole = length.saturating_sub(1);
        let look = match *number {
            command::INIT_DB | command::CREATE_DB | command::DROP_DB | command::CHANGE_USER => whole.min(LOOK_BYTES),
            // Attributes, which a query has where both sides know of them, begin with their number.
            command::QUERY => whole.min(2),
            _ => 0,
        };
        let Some(text) = rest.get(..look) else {
            return Step::NeedMore(HEADER.saturating_add(1).saturating_add(look));
        };
        self.phase = Phase::Commands;
        self.answer = Answer::Other;
        let mut looked = look.saturating_add(1);
        match *number {
            command::QUERY => {
                let both = self.capabilities.iter().all(|c| c.is_some_and(|c| c & capability::QUERY_ATTRIBUTES != 0));
                match text {
                    // No attributes, one set of them.
                    [0, 1] => {}
                    [1..=255, _] if both => return self.done_with(Role::Client, length, looked),
                    _ => looked = 1,
                }
                self.answer = Answer::First;
            }
            command::STMT_EXECUTE | command::BULK_EXECUTE => {
                self.executed = self.executed.saturating_add(1);
                self.answer = Answer::First;
            }
            command::INIT_DB => {
                self.database(text);
                self.statements.count("USE");
            }
            command::CREATE_DB => self.statements.count("CREATE"),
            command::DROP_DB => self.statements.count("DROP"),
            command::SHUTDOWN => self.statements.count("SHUTDOWN"),
            command::PROCESS_KILL => self.statements.count("KILL"),
            command::CHANGE_USER => self.change_user(text),
            command::BINLOG_DUMP | command::BINLOG_DUMP_GTID => self.statements.count("BINLOG"),
            command::QUIT => self.answer = Answer::Unknown,
            _ => {}
        }
        let step = self.done_with(Role::Client, length, looked);
        if statement {
            self.statements.begin();
            let lane = self.lane(Role::Client);
            lane.statement = lane.left > 0;
        }
        step
    }

    /// User, answer, database.
    fn change_user(&mut self, text: &[u8]) {
        let mut reader = Reader::new(text);
        let Some(user) = reader.until(0) else {
            return;
        };
        if self.user.is_empty() {
            self.user = Text::new(user);
        }
        let database = reader.u8().and_then(|answer| reader.skip(answer.into())).and_then(|()| reader.until(0));
        self.database(database.unwrap_or_default());
        self.phase = Phase::Login;
    }

    fn server_says(&mut self, payload: &[u8], length: usize, number: u8) -> Step {
        let error = payload.first() == Some(&0xff);
        let greeting = self.phase == Phase::Greeting && number == 0;
        let look = length.min(if error || greeting || self.phase == Phase::Login { LOOK_BYTES } else { ANSWER_BYTES });
        // A file's name may be long.
        let look = if payload.first() == Some(&0xfb) { length.min(LOOK_BYTES) } else { look };
        let Some(shown) = payload.get(..look) else {
            let need = if payload.is_empty() { 1 } else { look };
            return Step::NeedMore(HEADER.saturating_add(need));
        };
        if self.lane(Role::Server).footing == Footing::Doubtful && number != 1 {
            return self.lost(Role::Server, payload.len());
        }
        if let Some((0xff, rest)) = shown.split_first() {
            if self.phase != Phase::Commands && self.authenticated.is_none() {
                self.authenticated = (self.phase == Phase::Login).then_some(false);
            }
            if let Some(error) = answers::error(rest) {
                self.errors.push(|| error);
            }
            self.answer = Answer::Unknown;
        } else if greeting {
            let Some(greeting) = login::greeting(shown) else {
                return Step::Violation;
            };
            self.version = Text::new(greeting.version);
            let [server, _] = &mut self.capabilities;
            *server = Some(greeting.capabilities);
            self.phase = Phase::Login;
        } else if self.phase == Phase::Login {
            if self.in_login(shown) {
                return Step::Done;
            }
        } else {
            let eof = self.eof();
            let told = self.answer.packet(length, shown, eof);
            self.changed = self.changed.saturating_add(told.changed);
            self.rows = self.rows.saturating_add(told.row.into());
            if let Some(name) = told.file {
                self.files.push_distinct(Text::long(name));
            }
        }
        self.done_with(Role::Server, length, look)
    }

    /// What the server says before it lets the client in. Tells whether nothing more can be read.
    fn in_login(&mut self, payload: &[u8]) -> bool {
        match payload.split_first() {
            Some((0, _)) => {
                self.authenticated.get_or_insert(true);
                self.phase = Phase::Commands;
                self.answer = Answer::Unknown;
                let both = |bit: u32| self.capabilities.iter().all(|c| c.is_some_and(|c| c & bit != 0));
                if both(capability::COMPRESS) {
                    self.compression = Some("zlib");
                    self.packed = Some(Box::default());
                } else if both(capability::ZSTD) {
                    self.compression = Some("zstd");
                    return true;
                }
            }
            Some((0xfe, method)) if !method.is_empty() => {
                let name = packet::to_zero(&mut Reader::new(method));
                self.methods.push_distinct(Text::new(name));
            }
            _ => {}
        }
        false
    }

    /// Whether EOF packets are sent, where both sides have said what they can.
    fn eof(&self) -> Option<bool> {
        let [server, client] = self.capabilities;
        Some(server? & client? & capability::DEPRECATE_EOF == 0)
    }

    /// This is not where a packet begins.
    fn lost(&mut self, role: Role, shown: usize) -> Step {
        self.lane(role).footing = Footing::Lost;
        Step::Consumed(HEADER.saturating_add(shown))
    }
}

const CLEARTEXT: &[u8] = b"mysql_clear_password";

fn is_cleartext(method: &Text) -> bool {
    method.bytes() == CLEARTEXT
}

/// Two texts with a space between.
fn joined([first, second]: [&[u8]; 2]) -> Text {
    match (first, second) {
        (first, b"") => Text::new(first),
        (b"", second) => Text::new(second),
        _ => Text::new(&[first, b" ", second].concat()),
    }
}

impl Dissector for MySql {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(mut packed) = self.packed.take() {
            let [client, server] = &mut *packed;
            let side = if chunk.role == Role::Client { client } else { server };
            let last = side.data(chunk.bytes, |bytes| self.step(chunk.role, bytes));
            self.packed = Some(packed);
            return last.unwrap_or(Step::Consumed(chunk.bytes.len()));
        }
        let step = self.step(chunk.role, chunk.bytes);
        self.lane(chunk.role).waiting = matches!(step, Step::NeedMore(_));
        step
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        if self.lane(role).statement {
            self.statements.abandon();
        }
        if self.packed.is_some() {
            // What comes next can't be unpacked without what is missing.
            return Step::Done;
        }
        self.lane(role).missed(bytes);
        self.answer = Answer::Unknown;
        if self.phase == Phase::Greeting {
            self.phase = Phase::Login;
        }
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        out.user(&self.user);
        if self.cleartext {
            out.flag(Flag::CleartextPassword);
        }
        if self.compression.is_some() && self.packed.is_none() {
            out.encrypted("compressed");
        }
        let reveal = !out.redacts();
        let mut element = out.element(&ELEMENT);
        element.text(&sql::USER, &self.user);
        element.texts(&sql::DATABASE, &self.databases);
        element.text(&sql::APPLICATION, &self.application);
        element.text(&CLIENT, &self.client);
        element.text(&CLIENT_OS, &self.system);
        element.text(&sql::SERVER_VERSION, &self.version);
        element.texts(&METHOD, &self.methods);
        if let Some(authenticated) = self.authenticated {
            element.yes_no(&sql::AUTHENTICATED, authenticated);
        }
        if let Some(compression) = self.compression {
            element.plain(&COMPRESSION, compression);
        }
        self.statements.facts(&mut element, reveal);
        for (field, count) in [(&EXECUTED, self.executed), (&CHANGED, self.changed), (&ROWS, self.rows)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        self.errors.facts(&mut element, reveal, Some(&ERROR_CODE), Some(&SQLSTATE));
        element.texts(&LOCAL_FILE, &self.files);
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.version, &self.user, &self.application, &self.client, &self.system];
        let lists = [&self.databases, &self.methods, &self.files];
        let text = |text: &Text| size_of::<Text>() + text.heap_bytes();
        size_of::<Self>()
            + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
            + lists.iter().flat_map(|list| list.items()).map(text).sum::<usize>()
            + self.packed.iter().flat_map(|packed| packed.iter()).map(Packed::heap_bytes).sum::<usize>()
            + self.statements.heap_bytes()
            + self.errors.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn packet(number: u8, payload: &[u8]) -> Vec<u8> {
        [&(payload.len() as u32).to_le_bytes()[..3], &[number], payload].concat()
    }

    /// Shows bytes as the engine does.
    fn say(mysql: &mut MySql, role: Role, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match mysql.data(Chunk { role, bytes, time: Timestamp::default() }) {
                Step::Consumed(n) if n > 0 => bytes = &bytes[n..],
                _ => return,
            }
        }
    }

    fn shapes(mysql: &MySql) -> Vec<String> {
        let mut facts = Facts::new();
        mysql.facts(&mut facts);
        let statements = facts.values().filter(|(_, field, _)| field.name == "statement");
        statements.map(|(.., value)| format!("{value:?}")).collect()
    }

    #[test]
    fn a_gap_in_an_answer_costs_that_answer() {
        let mut mysql = MySql::new();
        say(&mut mysql, Role::Client, &packet(0, b"\x03select a from t"));
        say(&mut mysql, Role::Server, &packet(1, b"\x01"));
        mysql.gap(Role::Server, 5000);
        say(&mut mysql, Role::Server, b"the rest of a row");
        say(&mut mysql, Role::Client, &packet(0, b"\x03delete from t"));
        say(&mut mysql, Role::Server, &packet(1, b"\0\x05\0\x02\0\0\0"));
        assert_eq!((mysql.changed, shapes(&mysql).len()), (5, 2));
    }

    #[test]
    fn a_statement_with_a_gap_is_not_told_and_the_next_one_is() {
        let mut mysql = MySql::new();
        let statement = packet(0, b"\x03select a, b, c, d from t where a = 1");
        say(&mut mysql, Role::Client, &statement[..20]);
        mysql.gap(Role::Client, (statement.len() - 30) as u64);
        say(&mut mysql, Role::Client, &statement[statement.len() - 10..]);
        say(&mut mysql, Role::Client, &packet(0, b"\x03select 2"));
        let told = shapes(&mysql);
        assert_eq!(told, [format!("{:?}", crate::facts::Value::Bytes(b"select ?"))]);
    }
}
