//! Kafka: who asks for what, topics, accounts, errors of login.
//!
//! "Apache Kafka protocol guide" (kafka.apache.org/protocol), messages by their keys and versions.
//!
//! ```text
//! request    size:4 api_key:2 api_version:2 correlation:4 client_id [tags] body
//! answer     size:4 correlation:4 [tags] body
//! text       length:2 bytes, -1 for none; in newer ("flexible") versions length + 1 as a varint, 0 for none
//! ```
//!
//! Recognised by a request whose key, version and client id agree. Told: requests by name, the client's id and software, topics of
//! Produce, Fetch (old versions) and Metadata, the account of SASL's PLAIN and SCRAM. An answer is read by its correlation with
//! a request that was seen; of answers only errors of login and missing answers are told.
//!
//! Limits: of a message the first [`READ_BYTES`], [`WAITING`] open requests. Not told: records, groups, topics of Fetch since version 13
//! (only ids). After a gap the side that misses bytes is silent.

use crate::capped::{List, Text};
use crate::credentials;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, framed, is_text, is_text_prefix};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "kafka",
    about: About {
        name: "Apache Kafka",
        specification: "Apache Kafka protocol guide",
        evidence: "a request whose key, version and client id agree",
        limits: "records and groups, topics of Fetch since version 13",
        ports: &[9092, 9093, 9094],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=6]),
    probe,
    open: |_: &Opening| Box::new(Kafka::default()),
};

static REQUESTS: Field = Field::number("requests", "requests sent", "Kafka protocol guide");
static VERBS: Field =
    Field::text("verbs", "requests by name, as `NAME:COUNT`", "Kafka protocol guide").list().items(32);
static CLIENT_ID: Field =
    Field::text("client_id", "names that the client gives itself, each once", "Kafka protocol guide").list();
static SOFTWARE: Field =
    Field::text("software", "the client's software and version", "Kafka ApiVersions, since version 3");
static TOPIC: Field = Field::text("topic", "topics asked for, each once", "Kafka Produce, Fetch, Metadata").list();
static MECHANISM: Field = Field::text("mechanism", "how the client logs in", "Kafka SaslHandshake");
static USER: Field = Field::text("user", "the account that logs in", "Kafka SaslAuthenticate");
static ERROR: Field = Field::text("error", "errors of login, each once", "Kafka error codes").list();
static UNANSWERED: Field =
    Field::number("unanswered", "requests without an answer, where both sides were seen; absent if none", "");

static ELEMENT: Element = Element {
    name: "kafka",
    meaning: "Apache Kafka",
    fields: &[&REQUESTS, &VERBS, &CLIENT_ID, &SOFTWARE, &TOPIC, &MECHANISM, &USER, &ERROR, &UNANSWERED],
};

/// The longest message (Kafka: `socket.request.max.bytes`).
const MESSAGE_BYTES: u64 = 100 * 1024 * 1024;
/// What is looked at of a message.
pub const READ_BYTES: usize = 4096;
/// How many requests may wait for their answers.
const WAITING: usize = 64;
/// How many topics of one request are looked at.
const TOPICS_READ: usize = 64;

const PRODUCE: u16 = 0;
const FETCH: u16 = 1;
const METADATA: u16 = 3;
const SASL_HANDSHAKE: u16 = 17;
const API_VERSIONS: u16 = 18;
const SASL_AUTHENTICATE: u16 = 36;

/// Requests by key: name, the newest version with room for some to come, the first flexible version.
fn api(key: u16) -> Option<(&'static str, u16, u16)> {
    const NEVER: u16 = u16::MAX;
    Some(match key {
        PRODUCE => ("Produce", 14, 9),
        FETCH => ("Fetch", 20, 12),
        2 => ("ListOffsets", 12, 6),
        METADATA => ("Metadata", 15, 9),
        4 => ("LeaderAndIsr", 9, 4),
        5 => ("StopReplica", 6, 2),
        6 => ("UpdateMetadata", 10, 6),
        7 => ("ControlledShutdown", 5, 3),
        8 => ("OffsetCommit", 12, 8),
        9 => ("OffsetFetch", 12, 6),
        10 => ("FindCoordinator", 8, 3),
        11 => ("JoinGroup", 11, 6),
        12 => ("Heartbeat", 6, 4),
        13 => ("LeaveGroup", 7, 4),
        14 => ("SyncGroup", 7, 4),
        15 => ("DescribeGroups", 8, 5),
        16 => ("ListGroups", 7, 3),
        SASL_HANDSHAKE => ("SaslHandshake", 2, NEVER),
        API_VERSIONS => ("ApiVersions", 6, 3),
        19 => ("CreateTopics", 9, 5),
        20 => ("DeleteTopics", 8, 4),
        21 => ("DeleteRecords", 4, 2),
        22 => ("InitProducerId", 8, 2),
        23 => ("OffsetForLeaderEpoch", 6, 4),
        24 => ("AddPartitionsToTxn", 7, 3),
        25 => ("AddOffsetsToTxn", 6, 3),
        26 => ("EndTxn", 7, 3),
        27 => ("WriteTxnMarkers", 3, 1),
        28 => ("TxnOffsetCommit", 7, 3),
        29 => ("DescribeAcls", 5, 2),
        30 => ("CreateAcls", 5, 2),
        31 => ("DeleteAcls", 5, 2),
        32 => ("DescribeConfigs", 6, 4),
        33 => ("AlterConfigs", 4, 2),
        34 => ("AlterReplicaLogDirs", 4, 2),
        35 => ("DescribeLogDirs", 6, 2),
        SASL_AUTHENTICATE => ("SaslAuthenticate", 4, 2),
        37 => ("CreatePartitions", 5, 2),
        38 => ("CreateDelegationToken", 5, 2),
        42 => ("DeleteGroups", 4, 2),
        43 => ("ElectLeaders", 4, 2),
        44 => ("IncrementalAlterConfigs", 3, 1),
        45 => ("AlterPartitionReassignments", 2, 0),
        46 => ("ListPartitionReassignments", 2, 0),
        47 => ("OffsetDelete", 2, NEVER),
        50 => ("DescribeUserScramCredentials", 2, 0),
        51 => ("AlterUserScramCredentials", 2, 0),
        60 => ("DescribeCluster", 4, 0),
        61 => ("DescribeProducers", 2, 0),
        65 => ("DescribeTransactions", 2, 0),
        66 => ("ListTransactions", 4, 0),
        68 => ("ConsumerGroupHeartbeat", 3, 0),
        69 => ("ConsumerGroupDescribe", 3, 0),
        71 => ("GetTelemetrySubscriptions", 2, 0),
        72 => ("PushTelemetry", 2, 0),
        75 => ("DescribeTopicPartitions", 2, 0),
        _ => return None,
    })
}

/// A request's head.
struct Request<'a> {
    name: &'static str,
    key: u16,
    version: u16,
    correlation: u32,
    client_id: Option<&'a [u8]>,
    flexible: bool,
    body: Reader<'a>,
}

/// Reads a request behind its size; `None` where it is none or ends too early.
fn request(bytes: &[u8]) -> Option<Request<'_>> {
    let mut body = Reader::new(bytes);
    let (key, version, correlation) = (body.be_u16()?, body.be_u16()?, body.be_u32()?);
    let (name, newest, first_flexible) = api(key)?;
    if version > newest {
        return None;
    }
    let client_id = text(&mut body)?;
    let flexible = version >= first_flexible;
    if flexible {
        tags(&mut body)?;
    }
    Some(Request { name, key, version, correlation, client_id, flexible, body })
}

/// A text with two bytes of length.
fn text<'a>(reader: &mut Reader<'a>) -> Option<Option<&'a [u8]>> {
    match reader.be_u16()? {
        u16::MAX => Some(None),
        length => reader.take(usize::from(length)).map(Some),
    }
}

/// An unsigned number in bytes of seven bits, least significant first.
fn variable(reader: &mut Reader<'_>) -> Option<usize> {
    let mut value = 0usize;
    for shift in [0, 7, 14, 21, 28] {
        let byte = reader.u8()?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A text or an array's length as flexible versions have it.
fn compact<'a>(reader: &mut Reader<'a>) -> Option<Option<&'a [u8]>> {
    match variable(reader)?.checked_sub(1) {
        None => Some(None),
        Some(length) => reader.take(length).map(Some),
    }
}

/// Passes over tagged fields.
fn tags(reader: &mut Reader<'_>) -> Option<()> {
    for _ in 0..variable(reader)?.min(TOPICS_READ) {
        variable(reader)?;
        let length = variable(reader)?;
        reader.skip(length)?;
    }
    Some(())
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.first().is_some_and(|first| PROTOCOL.first.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    let mut reader = Reader::new(sample.bytes);
    let Some(size) = reader.be_u32().map(u64::from) else {
        return Verdict::NeedMore;
    };
    if !(8..=MESSAGE_BYTES).contains(&size) {
        return Verdict::Reject;
    }
    let whole = usize::try_from(size).ok().and_then(|size| reader.rest().get(..size));
    if sample.role == Role::Server {
        return versions_answer(whole.unwrap_or(reader.rest()), size);
    }
    let Some((key, version)) = reader.be_u16().zip(reader.be_u16()) else {
        return if sample.bytes.get(4).is_none_or(|byte| *byte == 0) { Verdict::NeedMore } else { Verdict::Reject };
    };
    if size < 10 || api(key).is_none_or(|(_, newest, _)| version > newest) {
        return Verdict::Reject;
    }
    let Some((correlation, length)) = reader.be_u32().zip(reader.be_u16()) else {
        return Verdict::NeedMore;
    };
    // Correlations count up from somewhere small.
    if correlation > i32::MAX as u32 {
        return Verdict::Reject;
    }
    let room = size.saturating_sub(10);
    if length == u16::MAX {
        // Nobody's name: only a request for versions is then plain enough.
        let plain = key == API_VERSIONS && version < 3 && room == 0;
        return if plain { Verdict::Likely } else { Verdict::Reject };
    }
    // The first requests for versions have nothing behind the name; librdkafka's an empty list.
    let bare = key != API_VERSIONS || version >= 3 || matches!(room.checked_sub(u64::from(length)), Some(0 | 4));
    if u64::from(length) > room || length > 255 || !bare {
        return Verdict::Reject;
    }
    match reader.take(usize::from(length)) {
        Some(id) if length >= 2 => {
            if is_text(id) {
                Verdict::Match
            } else {
                Verdict::Reject
            }
        }
        Some(_) => Verdict::Reject,
        None if reader.is_empty() || is_text_prefix(reader.rest()) => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

/// The answer to ApiVersions 0 to 2 is a table in the order of keys, which nothing else looks like.
fn versions_answer(bytes: &[u8], size: u64) -> Verdict {
    let mut reader = Reader::new(bytes);
    let Some((error, count)) = reader.skip(4).and_then(|()| reader.be_u16()).zip(reader.be_u32()) else {
        return if bytes.get(4).is_none_or(|byte| *byte == 0) { Verdict::NeedMore } else { Verdict::Reject };
    };
    let table = u64::from(count).saturating_mul(6).saturating_add(10);
    if error != 0 || !(10..=200).contains(&count) || (size != table && size != table.saturating_add(4)) {
        return Verdict::Reject;
    }
    let mut before = None;
    for _ in 0..8 {
        let Some(((key, oldest), newest)) = reader.be_u16().zip(reader.be_u16()).zip(reader.be_u16()) else {
            return Verdict::NeedMore;
        };
        if before.is_some_and(|before| key <= before) || oldest > newest || newest > 64 || key > 1024 {
            return Verdict::Reject;
        }
        before = Some(key);
    }
    Verdict::Match
}

#[derive(Default)]
struct Kafka {
    lost: Lost,
    requests: u64,
    heard: bool,
    verbs: Tally,
    client_ids: List<Text>,
    software: Option<Text>,
    topics: List<Text>,
    mechanism: Option<Text>,
    user: Option<Text>,
    password: bool,
    errors: List<Text>,
    /// Correlation and key of open requests.
    waiting: Vec<(u32, u16)>,
    /// After SaslHandshake of version 0 the messages of SASL come without a head.
    bare_sasl: bool,
}

impl Dissector for Kafka {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        let Some(size) = Reader::new(bytes).be_u32().map(u64::from) else {
            return Step::NeedMore(4);
        };
        if size > MESSAGE_BYTES {
            return Step::Violation;
        }
        let (message, step) = match framed(bytes, size.saturating_add(4), READ_BYTES) {
            Ok(found) => found,
            Err(step) => return step,
        };
        let message = message.get(4..).unwrap_or_default();
        match role {
            Role::Client => match request(message) {
                Some(request) => self.request(request),
                None if self.bare_sasl => self.sasl(message),
                // A request that is newer than this table.
                None if message.len() >= 10 && Reader::new(message).be_u16().is_some_and(|key| key < 128) => {
                    self.requests = self.requests.saturating_add(1);
                    self.verbs.count(b"other");
                }
                None => return Step::Violation,
            },
            Role::Server => self.answer(message),
        }
        step
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.waiting.clear();
        self.heard = false;
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let mut kafka = out.element(&ELEMENT);
        if self.requests > 0 {
            kafka.number(&REQUESTS, self.requests);
        }
        self.verbs.tell(&mut kafka, &VERBS);
        kafka.texts(&CLIENT_ID, &self.client_ids);
        kafka.maybe(&SOFTWARE, self.software.as_ref());
        kafka.texts(&TOPIC, &self.topics);
        kafka.maybe(&MECHANISM, self.mechanism.as_ref());
        kafka.maybe(&USER, self.user.as_ref());
        kafka.texts(&ERROR, &self.errors);
        let open = self.waiting.len();
        if self.heard && open > 0 {
            kafka.number(&UNANSWERED, open as u64);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.client_ids, &self.topics, &self.errors];
        let listed = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        self.verbs.heap_bytes() + listed.sum::<usize>() + size_of_val(self.waiting.as_slice())
    }
}

impl Kafka {
    fn request(&mut self, request: Request<'_>) {
        self.requests = self.requests.saturating_add(1);
        self.verbs.count(request.name.as_bytes());
        if let Some(id) = request.client_id.filter(|id| !id.is_empty()) {
            self.client_ids.push_distinct(Text::new(id));
        }
        // A producer that wants no acknowledgement gets no answer.
        let silent = request.key == PRODUCE && acknowledgements(&request) == Some(0);
        if !silent && self.waiting.len() < WAITING {
            self.waiting.push((request.correlation, request.key));
        }
        match request.key {
            PRODUCE | FETCH | METADATA => drop(self.topics(&request)),
            API_VERSIONS if request.version >= 3 => {
                let mut body = request.body;
                if let (None, Some(Some(name)), Some(version)) =
                    (&self.software, compact(&mut body), compact(&mut body))
                {
                    let parts = [Some(name), version];
                    self.software = Some(Text::new(&parts.into_iter().flatten().collect::<Vec<_>>().join(&b' ')));
                }
            }
            SASL_HANDSHAKE => {
                let mut body = request.body;
                self.bare_sasl = request.version == 0;
                if let (None, Some(Some(mechanism))) = (&self.mechanism, text(&mut body)) {
                    self.mechanism = Some(Text::new(mechanism));
                }
            }
            SASL_AUTHENTICATE => {
                let mut body = request.body;
                let token = if request.flexible {
                    compact(&mut body).flatten()
                } else {
                    body.be_u32().and_then(|length| body.take(usize::try_from(length).ok()?))
                };
                self.sasl(token.unwrap_or_default());
            }
            _ => {}
        }
    }

    fn sasl(&mut self, token: &[u8]) {
        if let (None, Some(named)) = (&self.user, credentials::named(token)) {
            self.password |= named.password;
            self.user = Some(named.user);
        }
    }

    /// Topics of a request, as far as their way is short.
    fn topics(&mut self, request: &Request<'_>) -> Option<()> {
        let mut body = request.body;
        let flexible = request.flexible;
        match request.key {
            PRODUCE => {
                if request.version >= 3 {
                    if flexible {
                        compact(&mut body)?
                    } else {
                        text(&mut body)?
                    };
                }
                body.skip(6)?;
            }
            // Replica, longest wait, least bytes; then what later versions added.
            FETCH if request.version <= 12 => {
                let mut head = 12;
                head += if request.version >= 3 { 4 } else { 0 };
                head += if request.version >= 4 { 1 } else { 0 };
                head += if request.version >= 7 { 8 } else { 0 };
                body.skip(head)?;
            }
            FETCH => return None,
            _ => {}
        }
        let count =
            if flexible { variable(&mut body)?.checked_sub(1)? } else { usize::try_from(body.be_u32()?).ok()? };
        if count > 1 << 20 {
            return None;
        }
        // Only Metadata's list is nothing but names; of the others the first is told.
        let reads = if request.key == METADATA { count.min(TOPICS_READ) } else { count.min(1) };
        for _ in 0..reads {
            if request.key == METADATA && request.version >= 10 {
                body.skip(16)?;
            }
            let name = if flexible { compact(&mut body)? } else { text(&mut body)? };
            if let Some(name) = name.filter(|name| is_text(name)) {
                self.topics.push_distinct(Text::new(name));
            }
            if flexible && request.key == METADATA {
                tags(&mut body)?;
            }
        }
        Some(())
    }

    fn answer(&mut self, message: &[u8]) {
        self.heard = true;
        let mut reader = Reader::new(message);
        let Some(correlation) = reader.be_u32() else {
            return;
        };
        let Some(key) = self.close(correlation) else {
            return;
        };
        if matches!(key, SASL_HANDSHAKE | SASL_AUTHENTICATE | API_VERSIONS)
            && let Some(code) = reader.be_u16().filter(|code| *code != 0)
            && let Some(name) = error(code)
        {
            self.errors.push_distinct(Text::from(name));
        }
    }

    /// Takes a request from those that wait.
    fn close(&mut self, correlation: u32) -> Option<u16> {
        let at = self.waiting.iter().position(|(waiting, _)| *waiting == correlation)?;
        Some(self.waiting.remove(at).1)
    }
}

/// How many acknowledgements a producer wants.
fn acknowledgements(request: &Request<'_>) -> Option<u16> {
    let mut body = request.body;
    if request.version >= 3 {
        if request.flexible {
            compact(&mut body)?
        } else {
            text(&mut body)?
        };
    }
    body.be_u16()
}

/// Errors that end a login.
fn error(code: u16) -> Option<&'static str> {
    Some(match code {
        33 => "UNSUPPORTED_SASL_MECHANISM",
        34 => "ILLEGAL_SASL_STATE",
        35 => "UNSUPPORTED_VERSION",
        58 => "SASL_AUTHENTICATION_FAILED",
        _ => return None,
    })
}
