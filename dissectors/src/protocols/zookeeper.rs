//! ZooKeeper: what a client does with which nodes, who it says it is, errors; and the words of four letters by which servers are asked
//! how they are.
//!
//! ZooKeeper's `zookeeper.jute` and "ZooKeeper Administrator's Guide" (zookeeper.apache.org).
//!
//! ```text
//! client   size:4  protocol:4 = 0  last_zxid:8  timeout:4  session:8  password (length:4 = 16)  [read_only:1]    first
//! server   size:4  protocol:4 = 0  timeout:4  session:8  password  [read_only:1]                                 first
//! client   size:4  xid:4  operation:4  [path (length:4) ...]        server   size:4  xid:4  zxid:8  error:4  ...
//! ```
//!
//! Limits: of a message the first [`READ_BYTES`]. Data of nodes is passed over; the secret of `digest` is not kept. After a gap the side that
//! misses bytes is silent. Not told: what servers say to each other.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, framed, is_text};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "zookeeper",
    about: About {
        name: "Apache ZooKeeper",
        specification: "zookeeper.jute, ZooKeeper Administrator's Guide",
        evidence: "a connect request or its answer, or one of the words of four letters",
        limits: "data of nodes, and what servers say to each other",
        ports: &[2181, 2182, 2888, 3888],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[0..=0, b'c'..=b'e', b'h'..=b'i', b'm'..=b'm', b'r'..=b's', b'w'..=b'w'],
        server: &[0..=0, b'Z'..=b'Z', b'i'..=b'i', b'z'..=b'z', b'c'..=b'c', b'E'..=b'E'],
    },
    probe,
    open: |_: &Opening| Box::new(ZooKeeper::default()),
};

static VERBS: Field = Field::text("verbs", "operations by name, as `NAME:COUNT`", "zookeeper.jute").list().items(32);
static PATH: Field = Field::text("path", "paths of nodes, each once", "zookeeper.jute").list();
static SESSION: Field = Field::text("session", "the session's id in hexadecimal", "zookeeper.jute ConnectResponse");
static TIMEOUT: Field = Field::number("timeout", "the session's timeout", "zookeeper.jute ConnectResponse").unit("ms");
static SCHEME: Field = Field::text("scheme", "how the client proves who it is", "zookeeper.jute AuthPacket").list();
static USER: Field = Field::text("user", "the account", "zookeeper.jute AuthPacket");
static ERROR: Field =
    Field::text("error", "errors that the server answered, as `NAME:COUNT`", "ZooKeeper KeeperException")
        .list()
        .items(32);
static SERVER_VERSION: Field = Field::text("server_version", "the server's version", "ZooKeeper srvr, stat");

static ELEMENT: Element = Element {
    name: "zookeeper",
    meaning: "Apache ZooKeeper",
    fields: &[&VERBS, &PATH, &SESSION, &TIMEOUT, &SCHEME, &USER, &ERROR, &SERVER_VERSION],
};

/// What is looked at of a message.
pub const READ_BYTES: usize = 1024;
/// The longest message: ZooKeeper takes 1 MB unless it was told otherwise.
const MESSAGE_BYTES: u64 = 64 * 1024 * 1024;
/// What is looked at of the answer to a word.
const ANSWER_BYTES: usize = 128;

const WORDS: [&[u8]; 14] = [
    b"conf", b"cons", b"crst", b"dirs", b"dump", b"envi", b"hash", b"isro", b"mntr", b"ruok", b"srst", b"srvr",
    b"stat", b"wchs",
];

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.first().is_some_and(|first| PROTOCOL.first.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    let bytes = sample.bytes;
    match (bytes.first(), sample.role) {
        (Some(0), role) => first_message(bytes, role),
        (_, Role::Client) => {
            let word = bytes.trim_ascii_end();
            match WORDS.contains(&word) {
                // Four letters wait for an answer that agrees.
                true if bytes.len() <= 6 => Verdict::NeedMore,
                _ if bytes.len() < 4 && WORDS.iter().any(|known| known.starts_with(bytes)) => Verdict::NeedMore,
                _ => Verdict::Reject,
            }
        }
        (_, Role::Server) => {
            let known: [(&[u8], Verdict); 5] = [
                (b"Zookeeper version:", Verdict::Match),
                (b"zk_version\t", Verdict::Match),
                (b"imok", Verdict::Likely),
                (b"clientPort=", Verdict::Likely),
                (b"Environment:\n", Verdict::Likely),
            ];
            for (text, verdict) in known {
                if bytes.starts_with(text) && (verdict == Verdict::Match || text != b"imok" || bytes.len() <= 6) {
                    return verdict;
                }
                if text.starts_with(bytes) {
                    return Verdict::NeedMore;
                }
            }
            Verdict::Reject
        }
    }
}

/// The first message of each side has a size of few values, a protocol of zero, and a password of sixteen bytes.
fn first_message(bytes: &[u8], role: Role) -> Verdict {
    let (least, before) = if role == Role::Client { (44, 20) } else { (36, 12) };
    let mut reader = Reader::new(bytes);
    let Some(size) = reader.be_u32() else {
        return Verdict::NeedMore;
    };
    if size != least && size != least + 1 {
        return Verdict::Reject;
    }
    match reader.be_u32() {
        Some(0) => {}
        Some(_) => return Verdict::Reject,
        None => return Verdict::NeedMore,
    }
    // The timeout is some seconds, in milliseconds.
    let timeout = reader.skip(before - 12).and_then(|()| reader.be_u32());
    let password = reader.skip(8).and_then(|()| reader.be_u32());
    match (timeout, password) {
        (Some(timeout), Some(16)) if timeout < 1 << 24 => Verdict::Match,
        (_, None) => Verdict::NeedMore,
        _ => Verdict::Reject,
    }
}

#[derive(Default)]
struct ZooKeeper {
    lost: Lost,
    /// By side: whether its first message was seen.
    begun: [bool; 2],
    verbs: Tally,
    paths: List<Text>,
    session: Option<u64>,
    timeout: Option<u32>,
    schemes: List<Text>,
    user: Option<Text>,
    password: bool,
    errors: Tally,
    server_version: Option<Text>,
}

impl Dissector for ZooKeeper {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        let begun = self.begun.get(role.index()).copied().unwrap_or(false);
        if !begun && bytes.first() != Some(&0) {
            return self.word(role, bytes);
        }
        let Some(size) = Reader::new(bytes).be_u32().map(u64::from) else {
            return Step::NeedMore(4);
        };
        if !(4..=MESSAGE_BYTES).contains(&size) {
            return Step::Violation;
        }
        let (message, step) = match framed(bytes, size.saturating_add(4), READ_BYTES) {
            Ok(found) => found,
            Err(step) => return step,
        };
        let mut reader = Reader::new(message.get(4..).unwrap_or_default());
        if let Some(begun) = self.begun.get_mut(role.index()) {
            *begun = true;
        }
        let taken = match (begun, role) {
            (false, Role::Client) => Some(()),
            (false, Role::Server) => self.accepted(&mut reader),
            (true, Role::Client) => self.request(&mut reader),
            (true, Role::Server) => self.answer(&mut reader),
        };
        if taken.is_none() { Step::Violation } else { step }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let mut zookeeper = out.element(&ELEMENT);
        self.verbs.tell(&mut zookeeper, &VERBS);
        zookeeper.texts(&PATH, &self.paths);
        if let Some(session) = self.session {
            zookeeper.bytes(&SESSION, format!("{session:x}").as_bytes());
        }
        if let Some(timeout) = self.timeout {
            zookeeper.number(&TIMEOUT, u64::from(timeout));
        }
        zookeeper.texts(&SCHEME, &self.schemes);
        zookeeper.maybe(&USER, self.user.as_ref());
        self.errors.tell(&mut zookeeper, &ERROR);
        zookeeper.maybe(&SERVER_VERSION, self.server_version.as_ref());
    }

    fn heap_bytes(&self) -> usize {
        let listed = self.paths.items().iter().chain(self.schemes.items());
        self.verbs.heap_bytes()
            + self.errors.heap_bytes()
            + listed.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

impl ZooKeeper {
    /// A word of four letters, and the text that answers it: one of each in a session.
    fn word(&mut self, role: Role, bytes: &[u8]) -> Step {
        if role == Role::Client {
            return match bytes.get(..4) {
                Some(word) => {
                    self.verbs.count(word);
                    // Nothing follows it.
                    let _ = self.lost.lose(role);
                    Step::Consumed(bytes.len())
                }
                None => Step::NeedMore(4),
            };
        }
        let within = bytes.get(..ANSWER_BYTES).unwrap_or(bytes);
        if memchr::memchr(b'\n', within).is_none() && bytes.len() < ANSWER_BYTES {
            return Step::NeedMore(bytes.len().saturating_add(1));
        }
        let first: [&[u8]; 2] = [b"Zookeeper version: ", b"zk_version\t"];
        if let Some(version) = first.iter().find_map(|text| within.strip_prefix(*text)) {
            let end = version.iter().position(|byte| matches!(byte, b',' | b'\n')).unwrap_or(version.len());
            self.server_version = version.get(..end).map(Text::new);
        }
        Step::Done
    }

    fn accepted(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        reader.skip(4)?;
        self.timeout = reader.be_u32();
        self.session = reader.be_u64();
        Some(())
    }

    fn request(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let (xid, operation) = (reader.be_u32()?, reader.be_u32()?);
        let Some((name, path)) = operation_name(operation as i32) else {
            self.verbs.count(b"other");
            return (operation < 1 << 16).then_some(());
        };
        self.verbs.count(name.as_bytes());
        if xid == (-4i32) as u32 && name == "auth" {
            self.auth(reader);
        }
        if path && let Some(path) = text(reader).filter(|path| path.starts_with(b"/") && is_text(path)) {
            self.paths.push_distinct(Text::new(path));
        }
        Some(())
    }

    /// `type:4 scheme auth`; in `digest` the auth is `user:password`.
    fn auth(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        reader.skip(4)?;
        let scheme = text(reader)?;
        self.schemes.push_distinct(Text::new(scheme));
        if scheme == b"digest" {
            let user = text(reader)?.split(|byte| *byte == b':').next()?;
            self.password = true;
            self.user.get_or_insert(Text::new(user));
        }
        Some(())
    }

    fn answer(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        reader.skip(12)?;
        let code = reader.be_u32()? as i32;
        if code != 0 {
            self.errors.count(error(code).as_bytes());
        }
        Some(())
    }
}

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(reader.be_u32()?).ok()?;
    reader.take(length.min(reader.len()))
}

/// An operation's name, and whether a path comes first.
fn operation_name(number: i32) -> Option<(&'static str, bool)> {
    Some(match number {
        1 => ("create", true),
        2 => ("delete", true),
        3 => ("exists", true),
        4 => ("getData", true),
        5 => ("setData", true),
        6 => ("getACL", true),
        7 => ("setACL", true),
        8 => ("getChildren", true),
        9 => ("sync", true),
        11 => ("ping", false),
        12 => ("getChildren2", true),
        13 => ("check", true),
        14 => ("multi", false),
        15 => ("create2", true),
        16 => ("reconfig", false),
        17 => ("checkWatches", true),
        18 => ("removeWatches", true),
        19 => ("createContainer", true),
        20 => ("deleteContainer", true),
        21 => ("createTTL", true),
        22 => ("multiRead", false),
        100 => ("auth", false),
        101 => ("setWatches", false),
        102 => ("sasl", false),
        103 => ("getEphemerals", true),
        104 => ("getAllChildrenNumber", true),
        105 => ("setWatches2", false),
        106 => ("addWatch", true),
        107 => ("whoAmI", false),
        -10 => ("createSession", false),
        -11 => ("close", false),
        _ => return None,
    })
}

/// Errors by code (KeeperException.Code).
fn error(code: i32) -> &'static str {
    match code {
        -1 => "SystemError",
        -2 => "RuntimeInconsistency",
        -3 => "DataInconsistency",
        -4 => "ConnectionLoss",
        -5 => "MarshallingError",
        -6 => "Unimplemented",
        -7 => "OperationTimeout",
        -8 => "BadArguments",
        -101 => "NoNode",
        -102 => "NoAuth",
        -103 => "BadVersion",
        -108 => "NoChildrenForEphemerals",
        -110 => "NodeExists",
        -111 => "NotEmpty",
        -112 => "SessionExpired",
        -113 => "InvalidCallback",
        -114 => "InvalidACL",
        -115 => "AuthFailed",
        -118 => "SessionMoved",
        -119 => "NotReadOnly",
        -124 => "SessionClosedRequireSaslAuth",
        _ => "other",
    }
}
