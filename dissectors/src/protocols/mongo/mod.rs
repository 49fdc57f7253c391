//! MongoDB's wire protocol: commands, collections, accounts, client and server, errors.
//!
//! Specification: "MongoDB Wire Protocol" and "MongoDB Handshake" (github.com/mongodb/specifications), BSON 1.1 ([`bson`]).
//!
//! ```text
//! header          length:4 id:4 answers_to:4 operation:4              least significant byte first, the length counts itself
//! OP_MSG          flags:4 then sections: 0 document | 1 size:4 name NUL document*      [checksum:4]
//! OP_QUERY        flags:4 "database.collection" NUL skip:4 return:4 document           OP_REPLY  flags:4 cursor:8 from:4 count:4 document*
//! OP_INSERT ...   flags or zero:4 "database.collection" NUL ...
//! OP_COMPRESSED   operation:4 size:4 compressor:1 ...
//! ```
//!
//! A command is a document whose first element is its name. Told: commands by name, the collections they are for, the database (`$db`),
//! who logs in (SCRAM, PLAIN, X.509, the old MONGODB-CR), what the client says of itself in `hello`, errors. Passwords are not kept.
//!
//! Limits: of a message the first [`READ_BYTES`] are looked at. What is compressed is counted and not read. Not told: documents and queries.
//! After a gap the side that misses bytes is silent.

mod bson;
mod probe;

use self::bson::Document;
use crate::capped::{List, Text};
use crate::credentials;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, framed};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::reader::Reader;
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "mongo",
    about: About {
        name: "MongoDB's wire protocol",
        specification: "MongoDB Wire Protocol, BSON 1.1",
        evidence: "a header with a known operation, and a document that fits it",
        limits: "documents and queries are not told; what is compressed is counted",
        ports: &[27017, 27018, 27019],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::ANY,
    probe: probe::probe,
    open: |_: &Opening| Box::new(Mongo::default()),
};

static REQUESTS: Field = Field::number("requests", "messages of the client", "MongoDB Wire Protocol");
static VERBS: Field = Field::text("verbs", "commands by name, as `NAME:COUNT`", "MongoDB commands").list().items(32);
static COLLECTION: Field = Field::text(
    "collection",
    "collections as `database.collection`; in old messages as they were sent (`admin.$cmd` is for commands)",
    "MongoDB Wire Protocol",
)
.list();
static DATABASE: Field = Field::text("database", "databases, each once", "MongoDB Wire Protocol").list();
static USER: Field = Field::text("user", "the account that logs in", "MongoDB authentication");
static MECHANISM: Field = Field::text("mechanism", "how it logs in", "MongoDB authentication");
static APPLICATION: Field = Field::text("application", "the client's application", "MongoDB Handshake");
static DRIVER: Field = Field::text("driver", "the client's driver and its version", "MongoDB Handshake");
static CLIENT_OS: Field = Field::text("client_os", "the client's operating system", "MongoDB Handshake");
static PLATFORM: Field = Field::text("platform", "what the client's driver runs on", "MongoDB Handshake");
static SERVER_VERSION: Field = Field::text("server_version", "the server's version", "MongoDB buildInfo");
static WIRE_VERSION: Field =
    Field::number("wire_version", "the newest protocol version that the server speaks (6.0 has 17)", "MongoDB hello");
static REPLICA_SET: Field = Field::text("replica_set", "the replica set that the server is in", "MongoDB hello");
static COMPRESSOR: Field = Field::text("compressor", "how messages were compressed", "OP_COMPRESSED").list();
static ERROR: Field = Field::text("error", "errors that the server answered, each once", "MongoDB commands").list();

static ELEMENT: Element = Element {
    name: "mongo",
    meaning: "MongoDB",
    fields: &[
        &REQUESTS,
        &VERBS,
        &COLLECTION,
        &DATABASE,
        &USER,
        &MECHANISM,
        &APPLICATION,
        &DRIVER,
        &CLIENT_OS,
        &PLATFORM,
        &SERVER_VERSION,
        &WIRE_VERSION,
        &REPLICA_SET,
        &COMPRESSOR,
        &ERROR,
    ],
};

/// The longest message: MongoDB's own limit of 48,000,000 bytes and room for its header.
const MESSAGE_BYTES: u64 = 50_000_000;
/// What is looked at of a message.
pub const READ_BYTES: usize = 32 * 1024;
/// How many sections of a message are looked at.
const SECTIONS: usize = 8;

/// Operations.
mod op {
    pub const REPLY: u32 = 1;
    pub const UPDATE: u32 = 2001;
    pub const INSERT: u32 = 2002;
    pub const QUERY: u32 = 2004;
    pub const GET_MORE: u32 = 2005;
    pub const DELETE: u32 = 2006;
    pub const KILL_CURSORS: u32 = 2007;
    pub const COMMAND: u32 = 2010;
    pub const COMMAND_REPLY: u32 = 2011;
    pub const COMPRESSED: u32 = 2012;
    pub const MSG: u32 = 2013;
}

/// What every message begins with.
struct Header {
    length: u64,
    answers: u32,
    operation: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (length, _, answers, operation) = (reader.le_u32()?, reader.le_u32()?, reader.le_u32()?, reader.le_u32()?);
        Some(Self { length: u64::from(length), answers, operation })
    }
}

#[derive(Default)]
struct Mongo {
    lost: Lost,
    requests: u64,
    verbs: Tally,
    collections: List<Text>,
    databases: List<Text>,
    user: Option<Text>,
    password: bool,
    mechanism: Option<Text>,
    application: Option<Text>,
    driver: Option<Text>,
    client_os: Option<Text>,
    platform: Option<Text>,
    server_version: Option<Text>,
    wire_version: Option<u64>,
    replica_set: Option<Text>,
    compressors: List<Text>,
    errors: List<Text>,
}

impl Dissector for Mongo {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.lost.is(chunk.role) {
            return Step::Consumed(chunk.bytes.len());
        }
        let Some(header) = Header::read(chunk.bytes) else {
            return Step::NeedMore(16);
        };
        let known = matches!(header.operation, op::REPLY | 1000 | 2001..=2013);
        if header.length < 16 || header.length > MESSAGE_BYTES || !known {
            return Step::Violation;
        }
        match framed(chunk.bytes, header.length, READ_BYTES) {
            Ok((message, step)) => {
                let body = message.get(16..).unwrap_or_default();
                match chunk.role {
                    Role::Client => self.request(header.operation, body),
                    Role::Server => self.answer(header.operation, body),
                };
                step
            }
            Err(step) => step,
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let mut mongo = out.element(&ELEMENT);
        if self.requests > 0 {
            mongo.number(&REQUESTS, self.requests);
        }
        self.verbs.tell(&mut mongo, &VERBS);
        mongo.texts(&COLLECTION, &self.collections);
        mongo.texts(&DATABASE, &self.databases);
        mongo.maybe(&USER, self.user.as_ref());
        mongo.maybe(&MECHANISM, self.mechanism.as_ref());
        mongo.maybe(&APPLICATION, self.application.as_ref());
        mongo.maybe(&DRIVER, self.driver.as_ref());
        mongo.maybe(&CLIENT_OS, self.client_os.as_ref());
        mongo.maybe(&PLATFORM, self.platform.as_ref());
        mongo.maybe(&SERVER_VERSION, self.server_version.as_ref());
        if let Some(version) = self.wire_version {
            mongo.number(&WIRE_VERSION, version);
        }
        mongo.maybe(&REPLICA_SET, self.replica_set.as_ref());
        mongo.texts(&COMPRESSOR, &self.compressors);
        mongo.texts(&ERROR, &self.errors);
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.collections, &self.databases, &self.compressors, &self.errors];
        let listed = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        self.verbs.heap_bytes() + listed.sum::<usize>()
    }
}

impl Mongo {
    fn request(&mut self, operation: u32, body: &[u8]) -> Option<()> {
        self.requests = self.requests.saturating_add(1);
        let mut reader = Reader::new(body);
        match operation {
            op::MSG => self.command(message(body)?, None),
            op::QUERY => {
                reader.skip(4)?;
                let name = reader.until(0)?;
                self.collections.push_distinct(Text::new(name));
                let database = name.split(|byte| *byte == b'.').next()?;
                self.database(database);
                reader.skip(8)?;
                let document = Document::new(reader.rest())?;
                if name.ends_with(b".$cmd") {
                    // A command may stand in `$query` or `query`, beside wishes of where to read.
                    let wrapped = document.document(b"$query").or_else(|| document.document(b"query"));
                    self.command(wrapped.unwrap_or(document), Some(database));
                } else {
                    self.verbs.count(b"query");
                }
            }
            op::INSERT | op::UPDATE | op::DELETE | op::GET_MORE => {
                reader.skip(4)?;
                let name = reader.until(0)?;
                self.collections.push_distinct(Text::new(name));
                self.database(name.split(|byte| *byte == b'.').next()?);
                self.verbs.count(match operation {
                    op::INSERT => b"insert",
                    op::UPDATE => b"update",
                    op::DELETE => b"delete",
                    _ => b"getMore",
                });
            }
            op::KILL_CURSORS => self.verbs.count(b"killCursors"),
            op::COMMAND => {
                let database = reader.until(0)?;
                self.database(database);
                reader.until(0)?;
                self.command(Document::new(reader.rest())?, Some(database));
            }
            op::COMPRESSED => self.compressed(body)?,
            _ => {}
        }
        Some(())
    }

    /// Takes a command. Its first element is its name, and often names the collection.
    fn command(&mut self, mut document: Document<'_>, database: Option<&[u8]>) {
        let whole = document;
        let Some(first) = document.next() else {
            return;
        };
        self.verbs.count(first.name);
        let database = whole.string(b"$db").or(database);
        if let Some(database) = database {
            self.database(database);
        }
        match first.name {
            b"hello" | b"isMaster" | b"ismaster" => {
                if let Some(client) = whole.document(b"client") {
                    self.client(client);
                }
                if let Some(login) = whole.document(b"speculativeAuthenticate") {
                    self.login(login);
                }
            }
            b"saslStart" | b"authenticate" => self.login(whole),
            // What these name is no collection.
            b"saslContinue" | b"getMore" | b"createUser" | b"dropUser" | b"updateUser" | b"usersInfo" | b"getLog"
            | b"copydb" => {
                let of = whole.string(b"collection").filter(|_| first.name == b"getMore");
                self.collection(database, of);
            }
            _ => self.collection(database, first.string()),
        }
    }

    fn collection(&mut self, database: Option<&[u8]>, name: Option<&[u8]>) {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let database = database.unwrap_or_default();
            let full = if database.is_empty() { name.to_vec() } else { [database, b".", name].concat() };
            self.collections.push_distinct(Text::new(&full));
        }
    }

    fn database(&mut self, name: &[u8]) {
        if !name.is_empty() {
            self.databases.push_distinct(Text::new(name));
        }
    }

    /// What the client says of itself.
    fn client(&mut self, client: Document<'_>) {
        let keep = |field: &mut Option<Text>, text: Option<&[u8]>| {
            if let (None, Some(text)) = (&field, text) {
                *field = Some(Text::new(text));
            }
        };
        keep(&mut self.application, client.document(b"application").and_then(|of| of.string(b"name")));
        keep(&mut self.platform, client.string(b"platform"));
        if let Some(driver) = client.document(b"driver") {
            let parts = [driver.string(b"name"), driver.string(b"version")];
            keep(&mut self.driver, Some(&parts.iter().flatten().copied().collect::<Vec<_>>().join(&b' ')));
        }
        if let Some(system) = client.document(b"os") {
            let name = system.string(b"name").or_else(|| system.string(b"type"));
            let parts = [name, system.string(b"version"), system.string(b"architecture")];
            keep(&mut self.client_os, Some(&parts.iter().flatten().copied().collect::<Vec<_>>().join(&b' ')));
        }
    }

    /// `saslStart`, or `authenticate` of MONGODB-CR and X.509.
    fn login(&mut self, document: Document<'_>) {
        if let (None, Some(mechanism)) = (&self.mechanism, document.string(b"mechanism")) {
            self.mechanism = Some(Text::new(mechanism));
        }
        let token = document.find(b"payload").and_then(|payload| payload.binary()).and_then(credentials::named);
        if let Some(named) = token {
            self.password |= named.password;
            self.user.get_or_insert(named.user);
        } else if let (None, Some(user)) = (&self.user, document.string(b"user")) {
            self.user = Some(Text::new(user));
        }
    }

    fn answer(&mut self, operation: u32, body: &[u8]) -> Option<()> {
        let document = match operation {
            op::MSG => message(body)?,
            op::REPLY => Document::new(body.get(20..)?)?,
            op::COMMAND_REPLY => Document::new(body)?,
            op::COMPRESSED => return self.compressed(body),
            _ => return None,
        };
        let text = |name: &[u8]| document.string(name).map(Text::new);
        if let (None, Some(version)) =
            (&self.server_version, text(b"version").filter(|_| document.find(b"gitVersion").is_some()))
        {
            self.server_version = Some(version);
        }
        let newest = document.find(b"maxWireVersion").and_then(|version| version.number());
        if newest.is_some() && self.wire_version.is_none() {
            self.wire_version = newest;
            self.replica_set = text(b"setName");
        }
        let failed = document.find(b"ok").and_then(|ok| ok.number()) == Some(0);
        let error = text(b"errmsg").filter(|_| failed).or_else(|| text(b"$err"));
        let of_write = || document.document(b"writeErrors")?.next()?.document()?.string(b"errmsg").map(Text::new);
        if let Some(error) = error.or_else(of_write) {
            self.errors.push_distinct(error);
        }
        Some(())
    }

    fn compressed(&mut self, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        reader.skip(8)?;
        let name: &str = match reader.u8()? {
            0 => "none",
            1 => "snappy",
            2 => "zlib",
            3 => "zstd",
            _ => "other",
        };
        self.compressors.push_distinct(Text::from(name));
        Some(())
    }
}

/// The document of OP_MSG that is the command or its answer: the section of kind 0.
fn message(body: &[u8]) -> Option<Document<'_>> {
    let mut reader = Reader::new(body);
    reader.skip(4)?;
    for _ in 0..SECTIONS {
        if reader.u8()? == 0 {
            return Document::new(reader.rest());
        }
        let size = reader.le_u32()?.checked_sub(4)?;
        reader.skip(usize::try_from(size).ok()?)?;
    }
    None
}
