//! The contract of a protocol: how it is recognised, how it is opened, what it says.
//!
//! A dissector is sans-IO: it is handed chunks of one session's bytes and answers with a [`Step`]. It keeps capped, owned
//! copies of what it reports and nothing else. The engine in [`crate::conversation`] buffers incomplete messages, tells of gaps
//! and ends, and survives a dissector that panics.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::dictionary::Element;
use crate::facts::Facts;
use crate::files::HashLimit;
use crate::news::News;
use crate::time::Timestamp;

/// What a side is inside a protocol: who asks and who answers, whoever sent the first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that asks: SSH client, HTTP user agent, DNS stub.
    Client,
    /// The side that answers.
    Server,
}

impl Role {
    /// The other side.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// 0 for the client, 1 for the server: an index for per-side state.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How a session's bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// An ordered stream for each side; chunk borders mean nothing.
    Tcp,
    /// Datagrams: each chunk is one whole datagram.
    Udp,
    /// Messages of SCTP data chunks: each chunk is one whole user message.
    Sctp,
}

/// What a probe may look at.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// How the bytes arrived.
    pub transport: Transport,
    /// The role that the bytes' sender would play.
    pub role: Role,
    /// TCP: everything that this side has sent so far, from its first byte, up to [`PROBE_BYTES`]. Otherwise one datagram.
    pub bytes: &'a [u8],
    /// Where the bytes were sent to. An address may be evidence (multicast groups); ports are never known here.
    pub destination: IpAddr,
}

/// The most bytes of one side that a probe is ever shown.
pub const PROBE_BYTES: usize = 2048;

/// What a probe says of a sample. It is pure, and a rejection is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These bytes prove the protocol by themselves: no other protocol and no random bytes look like this.
    Match,
    /// They fit, but so may others: believed when the other side's bytes say at least as much.
    Likely,
    /// Too few bytes to say anything yet.
    NeedMore,
    /// These bytes can't be this protocol.
    Reject,
}

/// A piece of one side's bytes, in order.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Who sent it.
    pub role: Role,
    /// TCP: every byte of this side that was not consumed yet. Otherwise one whole datagram.
    pub bytes: &'a [u8],
    /// When the packet that completed it was captured.
    pub time: Timestamp,
}

/// What a dissector did with a chunk.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// So many bytes are dealt with; the others are shown again at once, or, where none was consumed, with what follows them.
    /// For datagrams the number does not matter.
    Consumed(usize),
    /// Nothing can be said before this side has at least so many unconsumed bytes in all.
    NeedMore(usize),
    /// The unconsumed bytes are dealt with, and the next so many of this side carry nothing of interest: do not bring them.
    Skip(u64),
    /// The unconsumed bytes are dealt with, and the next so many of this side are content of which only the number matters: they need not be
    /// brought, where [`Dissector::passed`] tells how many went by.
    Pass(u64),
    /// Nothing more is to be learnt from this session: count it, bring no more bytes.
    Done,
    /// So many bytes are dealt with; all that follows, on both sides, is another protocol (STARTTLS, CONNECT, Upgrade). Of a datagram none
    /// or all: with 0 it is the next protocol's first.
    /// `None`: let the detector tell which.
    Handover(usize, Option<&'static Protocol>),
    /// The bytes break the protocol beyond repair: keep the facts, flag the session, bring no more.
    Violation,
}

/// The state of one session inside one protocol.
pub trait Dissector: Send {
    /// Takes a chunk. Never called with an empty TCP chunk.
    fn data(&mut self, chunk: Chunk<'_>) -> Step;

    /// `bytes` bytes of this side were never seen; what comes next follows after them. Unconsumed bytes before the gap are gone.
    /// A fact never spans a gap. The usual answer is [`Step::Done`]; a dissector that can find its feet again says `Consumed(0)`.
    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        let _ = (role, bytes);
        Step::Done
    }

    /// So many bytes of those that were to [pass](Step::Pass) went by, seen and in order, and nobody has looked at them.
    fn passed(&mut self, role: Role, bytes: u64) {
        let _ = (role, bytes);
    }

    /// This side will send nothing more (FIN, or the session is over).
    fn end(&mut self, role: Role) {
        let _ = role;
    }

    /// Writes what is known so far. May be called several times.
    fn facts(&self, out: &mut Facts);

    /// Whether every question asked so far has its answer, so that the session may be told soon (DNS-like exchanges).
    fn settled(&self) -> bool {
        false
    }

    /// The name of the application where it is finer than the protocol's own.
    fn app(&self) -> Option<&'static str> {
        None
    }

    /// What it has learnt of other sessions since it was last asked, one item at a time. Asked after each chunk.
    fn news(&mut self) -> Option<News> {
        None
    }

    /// Bytes held on the heap, roughly: what the memory budget counts.
    fn heap_bytes(&self) -> usize;
}

/// What a dissector may know of its surroundings when it is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// How the bytes arrive.
    pub transport: Transport,
    /// How large files in motion may be that are hashed.
    pub file_hash: HashLimit,
}

/// The bytes with which what a side sends can begin: its stream, its datagram, its message. A probe is not asked about others, so
/// that a session costs the few probes that its first byte leaves and not one for each protocol.
#[derive(Clone, Copy, Debug)]
pub struct FirstBytes {
    /// What the client can begin with.
    pub client: &'static [RangeInclusive<u8>],
    /// What the server can begin with.
    pub server: &'static [RangeInclusive<u8>],
}

impl FirstBytes {
    /// The first byte tells nothing.
    pub const ANY: Self = Self::both(&[0..=255]);

    /// Client and server begin alike.
    pub const fn both(ranges: &'static [RangeInclusive<u8>]) -> Self {
        Self { client: ranges, server: ranges }
    }

    /// Whether a role can begin with a byte.
    pub fn allow(&self, role: Role, byte: u8) -> bool {
        let ranges = if role == Role::Client { self.client } else { self.server };
        ranges.iter().any(|range| range.contains(&byte))
    }
}

/// What docs/PROTOCOLS.md says of a protocol beside what the registry knows. Texts are parts of sentences, without a full stop.
#[derive(Debug)]
pub struct About {
    /// What it is called in full.
    pub name: &'static str,
    /// Where it is laid down.
    pub specification: &'static str,
    /// What it is recognised by.
    pub evidence: &'static str,
    /// What is not told although it may be there.
    pub limits: &'static str,
    /// The ports on which it is usually found: those that IANA has assigned and those that its software uses by default. They are never
    /// evidence; once the bytes have told the protocol they say whether somebody put it elsewhere. Empty where it is at home everywhere.
    pub ports: &'static [u16],
}

/// One protocol: what the registry knows of it.
#[derive(Debug)]
pub struct Protocol {
    /// Its name in `app`, from the list in docs/FIELDS.md.
    pub name: &'static str,
    /// What there is to know of it.
    pub about: About,
    /// The transports on which it is looked for.
    pub transports: &'static [Transport],
    /// The elements it may write, its own first.
    pub elements: &'static [&'static Element],
    /// What each side can begin with; the probe rejects whatever begins otherwise.
    pub first: FirstBytes,
    /// Tells whether a sample may be this protocol.
    pub probe: fn(&Sample<'_>) -> Verdict,
    /// Makes the state for one session.
    pub open: fn(&Opening) -> Box<dyn Dissector>,
}

/// How a protocol is recognised of which a single datagram proves nothing (RTP): its probe asks for more, and the datagrams of one side
/// are then shown together.
#[derive(Debug)]
pub struct Series {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// Whether the datagrams of one side, the newest last, prove it.
    pub proves: fn(&[&[u8]]) -> bool,
}
