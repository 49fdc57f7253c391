//! AMQP 0-9-1 and 1.0: products, accounts, virtual hosts, exchanges, queues, addresses, errors.
//!
//! "AMQP 0-9-1 Complete Reference Guide" (amqp.org), OASIS "AMQP Version 1.0" parts 1 to 5.
//!
//! ```text
//! both begin    "AMQP" id:1 major:1 minor:1 revision:1          0 0 9 1; 0 1 0 0 and, for SASL, 3 1 0 0
//! 0-9-1         type:1 channel:2 size:4 payload end:1 (0xCE)    in a method frame: class:2 method:2 arguments      [`old`]
//! 1.0           size:4 words:1 type:1 channel:2 body            in the body: 0, a code, a list                     [`new`]
//! ```
//!
//! Which of the two is spoken is told by the first header, and where that was not seen by the frames: a frame of 0-9-1 never begins
//! with a zero. Messages themselves are passed over. Passwords are not kept.
//!
//! Limits: of a frame the first [`READ_BYTES`] bytes. After a gap the side that misses bytes is silent.

mod new;
mod old;
mod probe;

use crate::capped::{List, Text};
use crate::credentials::Named;
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::framing::Lost;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport};
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "amqp",
    about: About {
        name: "Advanced Message Queuing Protocol 0-9-1 and 1.0",
        specification: "AMQP 0-9-1 Complete Reference Guide, OASIS AMQP 1.0",
        evidence: "the header `AMQP`, or frames that end where they say",
        limits: "messages are passed over; after a gap the side that misses bytes is silent",
        ports: &[5671, 5672],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=3, 8..=8, b'A'..=b'A']),
    probe: probe::probe,
    open: |_: &Opening| Box::new(Amqp::default()),
};

static VERSION: Field =
    Field::text("version", "`0-9-1`, `1.0`, or whatever the header says", "AMQP 0-9-1 4.2.2, AMQP 1.0 2.2");
static USER: Field = Field::text("user", "the account", "AMQP SASL");
static MECHANISMS: Field = Field::text("mechanisms", "ways to log in that the server offers", "AMQP SASL").list();
static MECHANISM: Field = Field::text("mechanism", "the one that the client took", "AMQP SASL");
static VHOST: Field =
    Field::text("vhost", "the virtual host; in 1.0 the host name that the client asks for", "AMQP 0-9-1 1.4.2.7");
static CLIENT: Field = Field::text("client", "the client's product and version", "AMQP client-properties").long();
static SERVER: Field = Field::text("server", "the server's product and version", "AMQP server-properties").long();
static CONNECTION: Field = Field::text("connection", "the connection's name; in 1.0 the client's container", "AMQP");
static VERBS: Field = Field::text("verbs", "methods by name, as `NAME:COUNT`", "AMQP").list().items(32);
static EXCHANGE: Field = Field::text("exchange", "exchanges, each once", "AMQP 0-9-1 1.6").list();
static QUEUE: Field = Field::text("queue", "queues, each once", "AMQP 0-9-1 1.7").list();
static ROUTING_KEY: Field = Field::text("routing_key", "routing keys, each once", "AMQP 0-9-1 1.8").list();
static ADDRESS: Field = Field::text("address", "sources and targets of links, each once", "AMQP 1.0 3.5").list();
static ERROR: Field = Field::text("error", "why a channel, a link or the connection was closed", "AMQP").list();

static ELEMENT: Element = Element {
    name: "amqp",
    meaning: "Advanced Message Queuing Protocol",
    fields: &[
        &VERSION,
        &USER,
        &MECHANISMS,
        &MECHANISM,
        &VHOST,
        &CLIENT,
        &SERVER,
        &CONNECTION,
        &VERBS,
        &EXCHANGE,
        &QUEUE,
        &ROUTING_KEY,
        &ADDRESS,
        &ERROR,
    ],
};

/// What is looked at of a frame.
pub const READ_BYTES: usize = 4096;
/// The longest frame; brokers agree on some 128 kB.
pub const FRAME_BYTES: u64 = 512 * 1024 * 1024;

/// What frames of either version tell.
#[derive(Default)]
struct Told {
    user: Option<Text>,
    password: bool,
    mechanisms: List<Text>,
    mechanism: Option<Text>,
    vhost: Option<Text>,
    products: [Option<Text>; 2],
    connection: Option<Text>,
    verbs: Tally,
    exchanges: List<Text>,
    queues: List<Text>,
    routing_keys: List<Text>,
    addresses: List<Text>,
    errors: List<Text>,
}

impl Told {
    fn login(&mut self, named: Option<Named>) {
        if let Some(named) = named {
            self.password |= named.password;
            self.user.get_or_insert(named.user);
        }
    }

    fn product(&mut self, role: Role, product: Text) {
        if let Some(known) = self.products.get_mut(role.index()) {
            known.get_or_insert(product);
        }
    }
}

/// Adds a name that is not empty.
fn note(list: &mut List<Text>, name: &[u8]) {
    if !name.is_empty() {
        list.push_distinct(Text::new(name));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Old,
    New,
}

#[derive(Default)]
struct Amqp {
    lost: Lost,
    speaks: Option<Version>,
    version: Option<&'static str>,
    told: Told,
}

impl Dissector for Amqp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if self.lost.is(role) {
            return Step::Consumed(bytes.len());
        }
        if bytes.first() == Some(&b'A') {
            let Some(header) = bytes.first_chunk::<8>() else {
                return Step::NeedMore(8);
            };
            return self.header(role, header);
        }
        let speaks = match (self.speaks, bytes.first()) {
            (Some(speaks), _) => speaks,
            (None, Some(0)) => Version::New,
            (None, _) => Version::Old,
        };
        self.speaks = Some(speaks);
        match speaks {
            Version::Old => old::frame(&mut self.told, role, bytes),
            Version::New => new::frame(&mut self.told, role, bytes),
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        let told = &self.told;
        if told.password {
            out.flag(Flag::CleartextPassword);
        }
        if let Some(user) = &told.user {
            out.user(user);
        }
        let mut amqp = out.element(&ELEMENT);
        if let Some(version) = self.version {
            amqp.plain(&VERSION, version);
        }
        amqp.maybe(&USER, told.user.as_ref());
        amqp.texts(&MECHANISMS, &told.mechanisms);
        amqp.maybe(&MECHANISM, told.mechanism.as_ref());
        amqp.maybe(&VHOST, told.vhost.as_ref());
        let [client, server] = &told.products;
        amqp.maybe(&CLIENT, client.as_ref());
        amqp.maybe(&SERVER, server.as_ref());
        amqp.maybe(&CONNECTION, told.connection.as_ref());
        told.verbs.tell(&mut amqp, &VERBS);
        amqp.texts(&EXCHANGE, &told.exchanges);
        amqp.texts(&QUEUE, &told.queues);
        amqp.texts(&ROUTING_KEY, &told.routing_keys);
        amqp.texts(&ADDRESS, &told.addresses);
        amqp.texts(&ERROR, &told.errors);
    }

    fn heap_bytes(&self) -> usize {
        let told = &self.told;
        let lists =
            [&told.mechanisms, &told.exchanges, &told.queues, &told.routing_keys, &told.addresses, &told.errors];
        let listed = lists.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes());
        told.verbs.heap_bytes() + listed.sum::<usize>()
    }
}

impl Amqp {
    /// The header of a protocol. A server that speaks another version answers with its own.
    fn header(&mut self, role: Role, header: &[u8; 8]) -> Step {
        let (speaks, version) = match header {
            [b'A', b'M', b'Q', b'P', 0, 0, 9, 1] => (Version::Old, "0-9-1"),
            [b'A', b'M', b'Q', b'P', 1, 1, 0, 9 | 10] => (Version::Old, "0-10"),
            [b'A', b'M', b'Q', b'P', _, 0 | 8, 8 | 9 | 0, _] => (Version::Old, "0-8"),
            [b'A', b'M', b'Q', b'P', 1, 1, 8, 0] => (Version::Old, "0-8"),
            [b'A', b'M', b'Q', b'P', 0 | 3, 1, 0, 0] => (Version::New, "1.0"),
            // What follows is TLS.
            [b'A', b'M', b'Q', b'P', 2, 1, 0, 0] if role == Role::Server => {
                return Step::Handover(8, Some(&super::tls::PROTOCOL));
            }
            [b'A', b'M', b'Q', b'P', 2, 1, 0, 0] => return Step::Consumed(8),
            _ => return Step::Violation,
        };
        if role == Role::Client || self.version.is_none() {
            self.speaks = Some(speaks);
            self.version.get_or_insert(version);
        }
        if version == "0-10" { Step::Done } else { Step::Consumed(8) }
    }
}
