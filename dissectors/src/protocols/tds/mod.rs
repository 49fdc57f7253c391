//! TDS: Microsoft SQL Server, versions 4.2 and 7.0 to 7.4, and Sybase, version 5.0.
//!
//! ```text
//! packet    type, status, length, ...; a message is one or several of them       [packet]
//! client    prelogin, TLS, login                                                  [login] [inner]
//! client    batch: a statement in UTF-16; call: of a procedure                    [rpc]
//! server    tokens: errors, changes, columns, rows, done                          [tokens]
//! ```
//!
//! Sources: MS-TDS; MC-SMP for several sessions in one; "TDS 5.0 Functional Specification" for what differs at Sybase.
//!
//! Where TLS protects the login alone, what follows is in the clear and is read; where it protects everything, nothing more is learnt behind
//! its handshake. TDS 8.0 is TLS from its first byte on and is told as such. Statements of batches are read as streams; of other messages the
//! first bytes are held ([`LOGIN_BYTES`], [`CALL_BYTES`], [`REPLY_BYTES`]). Ignored on purpose: rows and all tokens behind the first columns,
//! parameters, bulk loads, federated authentication.

mod inner;
mod login;
mod packet;
mod probe;
mod rpc;
mod tokens;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::ntlm;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::protocols::tls;
use crate::reader::Reader;
use crate::sql::lane::{Footing, Lane};
use crate::sql::utf16::Decoder;
use crate::sql::{self, Dialect, Errors, Statements};
use crate::time::Timestamp;

use inner::Inner;
use login::{Login, Prelogin};
use packet::{HEADER, kind};

/// How much of a prelogin or login is held.
const LOGIN_BYTES: usize = 8 * 1024;
/// How much of a call is held.
const CALL_BYTES: usize = 16 * 1024;
/// How much of an answer is held.
const REPLY_BYTES: usize = 4 * 1024;
/// The header of a packet of several sessions in one (MC-SMP 2.2.1) and its first byte.
const SMP_HEADER: usize = 16;
const SMP: u8 = 0x53;
/// The header of a record of TLS.
const RECORD_HEADER: usize = 5;
/// Errors whose message quotes names of accounts, databases, tables and procedures, not data.
const NAMING: &[u64] = &[
    207, 208, 229, 262, 911, 916, 2714, 2812, 3701, 4002, 4060, 4064, 15151, 18452, 18456, 18470, 18486, 18487, 18488,
];

static ERROR_CODE: Field = Field::number("error_code", "number of each error", "MS-TDS 2.2.7.10").aligned();
static VERSION: Field = Field::text("version", "protocol version of the login", "MS-TDS 2.2.6.4");
static SERVER: Field = Field::text("server", "the server program as it names itself", "MS-TDS 2.2.7.14");
static SERVER_NAME: Field = Field::text("server_name", "the server as the client names it", "MS-TDS 2.2.6.4");
static LIBRARY: Field = Field::text("library", "the client's library", "MS-TDS 2.2.6.4");
static ENCRYPTION: Field = Field::text(
    "encryption",
    "what TLS protects, as both sides agreed: `off`, `login` (what follows is in the clear) or `all`",
    "MS-TDS 2.2.6.5",
);
static PROCEDURE: Field = Field::text("procedure", "procedures called, each once", "MS-TDS 2.2.6.6").list();
static CALLS: Field = Field::number("calls", "calls of procedures", "MS-TDS 2.2.6.6");

static ELEMENT: Element = Element {
    name: "tds",
    meaning: "Tabular Data Stream: Microsoft SQL Server, Sybase",
    fields: &[
        &VERSION,
        &sql::USER,
        &sql::DATABASE,
        &sql::CLIENT_HOST,
        &sql::APPLICATION,
        &LIBRARY,
        &SERVER_NAME,
        &SERVER,
        &sql::SERVER_VERSION,
        &ENCRYPTION,
        &sql::AUTHENTICATED,
        &sql::VERBS,
        &sql::STATEMENT,
        &CALLS,
        &PROCEDURE,
        &ERROR_CODE,
        &sql::ERROR,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tds",
    about: About {
        name: "Tabular Data Stream (SQL Server, Sybase)",
        specification: "MS-TDS, MC-SMP, TDS 5.0 Functional Specification",
        evidence: "a login or its answer, or in midstream packets whose lengths follow one another",
        limits: "rows, parameters and bulk loads are not told",
        ports: &[1433, 1434, 2433],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT, &tls::fields::ELEMENT, &ntlm::ELEMENT],
    first: FirstBytes { client: &[1..=3, 6..=8, 14..=18], server: &[kind::REPLY..=kind::REPLY] },
    probe: probe::probe,
    open: |_: &Opening| Box::new(Tds::new()),
};

/// What becomes of a message's bytes.
#[derive(Debug)]
enum Content {
    Pass,
    /// Held up to a limit.
    Hold(Vec<u8>, usize),
    /// A batch, before its statement: what is seen of its headers.
    Headers(Vec<u8>),
    /// A batch's statement in UTF-16, or in bytes.
    Wide(Decoder),
    Narrow,
    /// Records of TLS.
    Tls,
}

/// The message that a side is sending.
#[derive(Debug)]
struct Message {
    kind: u8,
    content: Content,
    /// This packet is its last.
    last: bool,
}

#[derive(Debug)]
struct Tds {
    lanes: [Lane; 2],
    messages: [Option<Message>; 2],
    /// A record of TLS outside packets, by side.
    record: [bool; 2],
    inner: Inner,
    preludes: [Option<Prelogin>; 2],
    login: Option<Login>,
    server: Text,
    version: Option<(u8, u8, u16)>,
    databases: List<Text>,
    authenticated: Option<bool>,
    ntlm: ntlm::Exchange,
    user: Text,
    statements: Statements,
    errors: Errors,
    procedures: List<Text>,
    calls: u64,
}

impl Tds {
    fn new() -> Self {
        Self {
            lanes: Default::default(),
            messages: [None, None],
            record: [false; 2],
            inner: Inner::default(),
            preludes: [None; 2],
            login: None,
            server: Text::default(),
            version: None,
            databases: List::default(),
            authenticated: None,
            ntlm: ntlm::Exchange::default(),
            user: Text::default(),
            statements: Statements::new(Dialect::TSql),
            errors: Errors::default(),
            procedures: List::default(),
            calls: 0,
        }
    }

    fn lane(&mut self, role: Role) -> &mut Lane {
        let [client, server] = &mut self.lanes;
        if role == Role::Client { client } else { server }
    }

    fn message(&mut self, role: Role) -> &mut Option<Message> {
        let [client, server] = &mut self.messages;
        if role == Role::Client { client } else { server }
    }

    fn record(&mut self, role: Role) -> &mut bool {
        let [client, server] = &mut self.record;
        if role == Role::Client { client } else { server }
    }

    /// What the sides agreed that TLS protects.
    fn encryption(&self) -> Option<&'static str> {
        let [client, server] = self.preludes;
        Some(match (client.and_then(|told| told.encryption)?, server.and_then(|told| told.encryption)?) {
            (_, 2) | (2, 0) => "off",
            (0, 0) => "login",
            _ => "all",
        })
    }

    fn step(&mut self, role: Role, bytes: &[u8], time: Timestamp) -> Step {
        let lane = self.lane(role);
        if lane.footing == Footing::Lost {
            return Step::Consumed(bytes.len());
        }
        if lane.left > 0 {
            return self.content(role, bytes, time);
        }
        match bytes {
            [0x14..=0x17, 3, ..] if self.inner.seen() => self.tls_record(role, bytes, time),
            [0x14..=0x17] if self.inner.seen() => Step::NeedMore(2),
            [SMP, ..] => match bytes.get(..SMP_HEADER) {
                Some([_, 1 | 2 | 4 | 8, _, _, _, 0, 0, 0, ..] | [_, 8, _, _, _, _, 0 | 1, 0, ..]) => {
                    Step::Consumed(SMP_HEADER)
                }
                Some(_) => self.lost(role, bytes),
                None => Step::NeedMore(SMP_HEADER),
            },
            _ => self.packet(role, bytes),
        }
    }

    fn packet(&mut self, role: Role, bytes: &[u8]) -> Step {
        if bytes.len() < HEADER {
            return Step::NeedMore(HEADER);
        }
        let header = packet::header(bytes);
        let Some(header) = header.filter(|header| {
            let reply = header.kind == kind::REPLY;
            reply == (role == Role::Server) || header.kind == kind::PRELOGIN
        }) else {
            return self.lost(role, bytes);
        };
        let lane = self.lane(role);
        let doubtful = std::mem::take(&mut lane.footing) == Footing::Doubtful;
        lane.left = header.length.saturating_sub(HEADER) as u64;
        let empty = lane.left == 0;
        self.lane(role.other()).turn();
        // The number tells where a message goes on whose beginning was not seen.
        let torn = doubtful && header.number > 1;
        let message = self.message(role);
        match message {
            Some(message) if message.kind == header.kind => message.last = header.last,
            _ => {
                let content = match header.kind {
                    _ if torn => Content::Pass,
                    kind::BATCH => Content::Headers(Vec::new()),
                    kind::RPC | kind::TOKENS => Content::Hold(Vec::new(), CALL_BYTES),
                    kind::REPLY => Content::Hold(Vec::new(), REPLY_BYTES),
                    kind::TRANSACTION | kind::PRELOGIN | kind::LOGIN | kind::LOGIN7 | kind::SSPI => {
                        Content::Hold(Vec::new(), LOGIN_BYTES)
                    }
                    _ => Content::Pass,
                };
                *message = Some(Message { kind: header.kind, content, last: header.last });
            }
        }
        if empty {
            self.packet_ends(role);
        }
        Step::Consumed(HEADER)
    }

    /// A record of TLS that no packet carries.
    fn tls_record(&mut self, role: Role, bytes: &[u8], time: Timestamp) -> Step {
        if self.encryption() == Some("all") && !self.inner.listens() {
            return Step::Done;
        }
        let Some(header) = bytes.first_chunk::<RECORD_HEADER>() else {
            return Step::NeedMore(RECORD_HEADER);
        };
        let [_, _, _, high, low] = *header;
        self.inner.data(role, header, time);
        let lane = self.lane(role);
        lane.left = u16::from_be_bytes([high, low]).into();
        let empty = lane.left == 0;
        *self.record(role) = !empty;
        Step::Consumed(RECORD_HEADER)
    }

    /// This is not where a packet begins.
    fn lost(&mut self, role: Role, bytes: &[u8]) -> Step {
        if self.lane(role).footing == Footing::Sure {
            return Step::Violation;
        }
        self.lane(role).footing = Footing::Lost;
        *self.message(role) = None;
        Step::Consumed(bytes.len())
    }

    /// Bytes inside a packet, or inside a record.
    fn content(&mut self, role: Role, bytes: &[u8], time: Timestamp) -> Step {
        let [client, server] = &mut self.lanes;
        let lane = if role == Role::Client { client } else { server };
        let [client, server] = &mut self.messages;
        let message = if role == Role::Client { client } else { server };
        let [client, server] = &mut self.record;
        let record = if role == Role::Client { client } else { server };
        if *record {
            let bytes = lane.take(bytes);
            *record = lane.left > 0;
            self.inner.data(role, bytes, time);
            return Step::Consumed(bytes.len());
        }
        let Some(message) = message else {
            return lane.pass(bytes.len());
        };
        let taken = match &mut message.content {
            Content::Pass => {
                if lane.left > bytes.len() as u64 {
                    // The packet's end is where the message may end.
                    lane.left = lane.left.saturating_sub(bytes.len() as u64);
                    bytes.len()
                } else {
                    lane.take(bytes).len()
                }
            }
            Content::Hold(held, most) => {
                let bytes = lane.take(bytes);
                let carries = matches!(message.kind, kind::PRELOGIN | kind::REPLY) && held.is_empty();
                if carries && matches!(bytes.first(), Some(0x14..=0x17)) {
                    message.content = Content::Tls;
                    self.inner.data(role, bytes, time);
                } else {
                    let room = most.saturating_sub(held.len());
                    held.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                }
                bytes.len()
            }
            Content::Tls => {
                let bytes = lane.take(bytes);
                self.inner.data(role, bytes, time);
                bytes.len()
            }
            Content::Headers(held) => {
                // A few bytes tell how many there are.
                let one = bytes.get(..1).unwrap_or_default();
                let taken = lane.take(one);
                held.extend_from_slice(taken);
                let whole = message.last && lane.left == 0;
                if let Some(content) = begin_batch(&mut self.statements, held, whole) {
                    message.content = content;
                }
                taken.len()
            }
            Content::Wide(decoder) => {
                let bytes = lane.take(bytes);
                if self.statements.wants_more() {
                    let mut text = Vec::with_capacity(bytes.len());
                    decoder.text(bytes, &mut text);
                    self.statements.text(&text);
                } else {
                    self.statements.pass(bytes.len() as u64 / 2);
                }
                bytes.len()
            }
            Content::Narrow => {
                let bytes = lane.take(bytes);
                self.statements.text(bytes);
                bytes.len()
            }
        };
        if lane.left == 0 {
            self.packet_ends(role);
        }
        Step::Consumed(taken)
    }

    fn packet_ends(&mut self, role: Role) {
        let Some(message) = self.message(role).take_if(|message| message.last) else {
            return;
        };
        match message.content {
            Content::Hold(held, _) => match role {
                Role::Client => self.client_says(message.kind, &held),
                Role::Server => self.server_says(message.kind, &held),
            },
            Content::Wide(_) | Content::Narrow => self.statements.finish(),
            Content::Pass | Content::Headers(_) | Content::Tls => {}
        }
    }

    fn client_says(&mut self, kind: u8, held: &[u8]) {
        let body = packet::all_headers(held).and_then(|headers| held.get(headers..)).unwrap_or_default();
        match kind {
            kind::PRELOGIN => {
                let [client, _] = &mut self.preludes;
                *client = client.or(login::prelogin(held));
            }
            kind::LOGIN7 | kind::LOGIN => {
                let login = if kind == kind::LOGIN { login::login4(held) } else { login::login7(held) };
                if self.login.is_none() {
                    self.login = login;
                }
                if let Some(login) = self.login.as_ref().filter(|login| !login.database.is_empty()) {
                    self.databases.push_distinct(login.database.clone());
                }
                self.ntlm(held);
            }
            kind::SSPI => self.ntlm(held),
            kind::RPC => self.rpc(body),
            kind::TOKENS => self.language(held),
            kind::TRANSACTION => match Reader::new(body).le_u16() {
                Some(5) => self.statements.count("BEGIN"),
                Some(7) => self.statements.count("COMMIT"),
                Some(8) => self.statements.count("ROLLBACK"),
                Some(9) => self.statements.count("SAVE"),
                _ => {}
            },
            _ => {}
        }
    }

    fn ntlm(&mut self, held: &[u8]) {
        if let Some(login) = self.ntlm.token(held)
            && self.user.is_empty()
        {
            self.user = login.user;
        }
    }

    fn rpc(&mut self, body: &[u8]) {
        let collation = self.login.as_ref().is_none_or(|login| login.version != "7.0");
        for call in rpc::calls(body, collation) {
            self.calls = self.calls.saturating_add(1);
            self.procedures.push_distinct(call.procedure);
            if let Some((wide, beyond)) = call.statement {
                let mut text = Vec::with_capacity(wide.len());
                Decoder::default().text(&wide, &mut text);
                self.statements.begin();
                self.statements.text(&text);
                self.statements.pass(beyond / 2);
                self.statements.finish();
            }
        }
    }

    /// A statement of TDS 5.
    fn language(&mut self, held: &[u8]) {
        let mut reader = Reader::new(held);
        if reader.u8() != Some(0x21) {
            return;
        }
        let (Some(length), Some(_status)) = (reader.le_u32(), reader.u8()) else {
            return;
        };
        let length = (length as usize).saturating_sub(1);
        let text = reader.rest().get(..length).unwrap_or(reader.rest());
        self.statements.begin();
        self.statements.text(text);
        self.statements.pass(length.saturating_sub(text.len()) as u64);
        self.statements.finish();
    }

    fn server_says(&mut self, kind: u8, held: &[u8]) {
        let [_, prelude] = &mut self.preludes;
        if kind == kind::PRELOGIN || (prelude.is_none() && held.first() == Some(&0)) {
            *prelude = prelude.or(login::prelogin(held));
            self.version = self.version.or(prelude.and_then(|told| told.version));
            return;
        }
        let reply = tokens::read(held);
        if let Some(server) = reply.login {
            let [major, minor, high, low] = server.version;
            self.version = self.version.or(Some((major, minor, u16::from_be_bytes([high, low]))));
            self.server = server.program;
            self.authenticated.get_or_insert(true);
        } else if !reply.errors.is_empty() && self.login.is_some() {
            // A login's answer is the first.
            self.authenticated.get_or_insert(false);
        }
        for database in reply.databases.into_iter().filter(|name| !name.is_empty()) {
            self.databases.push_distinct(database);
        }
        for (code, message) in reply.errors {
            let names_only = NAMING.contains(&code);
            self.errors.push(|| sql::Error { code: Some(code), state: Text::default(), message, names_only });
        }
        self.ntlm(held);
    }
}

/// A batch's statement begins behind its headers, where they are whole.
fn begin_batch(statements: &mut Statements, held: &[u8], whole: bool) -> Option<Content> {
    let headers = match packet::all_headers(held) {
        Some(headers) => headers,
        None if whole => 0,
        None => return None,
    };
    let text = held.get(headers..)?;
    let wide = match text {
        [_, second, ..] => *second == 0,
        _ if whole => false,
        _ => return None,
    };
    statements.begin();
    if !wide {
        statements.text(text);
        return Some(Content::Narrow);
    }
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.text(text, &mut out);
    statements.text(&out);
    Some(Content::Wide(decoder))
}

impl Dissector for Tds {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = self.step(chunk.role, chunk.bytes, chunk.time);
        self.lane(chunk.role).waiting = matches!(step, Step::NeedMore(_));
        step
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        if *self.record(role)
            || self.message(role).as_ref().is_some_and(|message| matches!(message.content, Content::Tls))
        {
            self.inner.gap();
        }
        let lane = self.lane(role);
        lane.missed(bytes);
        let (lost, ended) = (lane.footing == Footing::Lost, lane.left == 0);
        *self.record(role) = *self.record(role) && !lost && !ended;
        let message = self.message(role);
        let statement =
            message.as_ref().is_some_and(|message| matches!(message.content, Content::Wide(_) | Content::Narrow));
        match message {
            Some(torn) if !lost => torn.content = Content::Pass,
            _ => *message = None,
        }
        if statement {
            self.statements.abandon();
        }
        if !lost && ended {
            self.packet_ends(role);
        }
        Step::Consumed(0)
    }

    fn end(&mut self, role: Role) {
        self.inner.end(role);
    }

    fn facts(&self, out: &mut Facts) {
        let user = match &self.login {
            Some(login) if !login.user.is_empty() => &login.user,
            _ => &self.user,
        };
        out.user(user);
        if self.login.as_ref().is_some_and(|login| login.password) {
            out.flag(Flag::CleartextPassword);
        }
        let reveal = !out.redacts();
        let encryption = self.encryption();
        let mut element = out.element(&ELEMENT);
        if let Some(login) = &self.login {
            element.plain(&VERSION, login.version);
        }
        element.text(&sql::USER, user);
        element.texts(&sql::DATABASE, &self.databases);
        if let Some(login) = &self.login {
            element.text(&sql::CLIENT_HOST, &login.host);
            element.text(&sql::APPLICATION, &login.application);
            element.text(&LIBRARY, &login.library);
            element.text(&SERVER_NAME, &login.server);
        }
        element.text(&SERVER, &self.server);
        if let Some((major, minor, build)) = self.version {
            element.bytes(&sql::SERVER_VERSION, format!("{major}.{minor}.{build}").as_bytes());
        }
        if let Some(encryption) = encryption {
            element.plain(&ENCRYPTION, encryption);
        }
        if let Some(authenticated) = self.authenticated {
            element.yes_no(&sql::AUTHENTICATED, authenticated);
        }
        self.statements.facts(&mut element, reveal);
        if self.calls > 0 {
            element.number(&CALLS, self.calls);
        }
        element.texts(&PROCEDURE, &self.procedures);
        self.errors.facts(&mut element, reveal, Some(&ERROR_CODE), None);
        self.inner.facts(out, encryption != Some("login"));
        self.ntlm.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let text = |text: &Text| size_of::<Text>() + text.heap_bytes();
        let lists = [&self.databases, &self.procedures];
        let held = |message: &Message| match &message.content {
            Content::Hold(held, _) | Content::Headers(held) => held.capacity(),
            _ => 0,
        };
        let login = self.login.as_ref().map_or(0, |login| {
            let texts = [&login.host, &login.user, &login.application, &login.server, &login.library, &login.database];
            texts.into_iter().map(text).sum()
        });
        size_of::<Self>()
            + login
            + lists.iter().flat_map(|list| list.items()).map(text).sum::<usize>()
            + self.messages.iter().flatten().map(held).sum::<usize>()
            + self.inner.heap_bytes()
            + self.ntlm.heap_bytes()
            + self.statements.heap_bytes()
            + self.errors.heap_bytes()
    }
}
