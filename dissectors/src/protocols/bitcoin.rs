//! Bitcoin's peers, and those of the currencies made after it.
//!
//! Specification: the developer reference of bitcoin.org, "P2P network".
//!
//! ```text
//! message   network:4 command:12 (text, filled up with zeros) length:4 (least first) checksum:4 content
//! version   version:4 services:8 time:8 receiver:26 sender:26 nonce:8   length:1 user agent   height:4 [relay:1]
//! ```
//!
//! The network's number and a command of known letters prove it. Only `version` is looked into; every other content is passed over.
//! A gap ends the session's facts. Encrypted transport (BIP 324) looks like random bytes and is not told.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::kept::texts_bytes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static NETWORK: Field = Field::text("network", "which network, such as `main` or `testnet3`", "P2P network");
static COMMAND: Field = Field::text("command", "commands, each once", "P2P network").list();
static CLIENT_AGENT: Field = Field::text("client_agent", "software of who connected", "BIP 14");
static SERVER_AGENT: Field = Field::text("server_agent", "software of who was connected to", "BIP 14");
static CLIENT_HEIGHT: Field = Field::number("client_height", "blocks that who connected has", "P2P network");
static SERVER_HEIGHT: Field = Field::number("server_height", "blocks that the other has", "P2P network");

static ELEMENT: Element = Element {
    name: "bitcoin",
    meaning: "peers of Bitcoin and its like",
    fields: &[&NETWORK, &COMMAND, &CLIENT_AGENT, &SERVER_AGENT, &CLIENT_HEIGHT, &SERVER_HEIGHT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "bitcoin",
    about: About {
        name: "Bitcoin's peers and their kin",
        specification: "developer reference of bitcoin.org, P2P network",
        evidence: "the network's number and a command of known letters",
        limits: "all but `version` is passed over; encrypted transport looks like chance",
        ports: &[8332, 8333, 18333, 18444, 9333, 22556],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x0a..=0x0b, 0x1c..=0x1c, 0xbf..=0xbf, 0xc0..=0xc0, 0xe3..=0xe3, 0xf9..=0xfd]),
    probe,
    open: |_: &Opening| Box::new(Bitcoin::default()),
};

const HEAD: usize = 24;
/// The largest message (MAX_PROTOCOL_MESSAGE_LENGTH is 4 MB; blocks of others are larger).
const LONGEST: u32 = 64 * 1024 * 1024;
/// The longest `version` that is looked into; a user agent has at most 256 bytes.
const VERSION_BYTES: u32 = 512;

/// A network by its number.
fn network(magic: [u8; 4]) -> Option<&'static str> {
    Some(match magic {
        [0xf9, 0xbe, 0xb4, 0xd9] => "main",
        [0x0b, 0x11, 0x09, 0x07] => "testnet3",
        [0x1c, 0x16, 0x3f, 0x28] => "testnet4",
        [0xfa, 0xbf, 0xb5, 0xda] => "regtest",
        [0x0a, 0x03, 0xcf, 0x40] => "signet",
        [0xf9, 0xbe, 0xb4, 0xfe] => "namecoin",
        [0xfb, 0xc0, 0xb6, 0xdb] => "litecoin",
        [0xfd, 0xd2, 0xc8, 0xf1] => "litecoin-testnet",
        [0xc0, 0xc0, 0xc0, 0xc0] => "dogecoin",
        [0xbf, 0x0c, 0x6b, 0xbd] => "dash",
        [0xe3, 0xe1, 0xf3, 0xe8] => "bitcoin-cash",
        _ => return None,
    })
}

/// A command's letters, where it is one.
fn command(field: &[u8]) -> Option<&[u8]> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let (name, filled) = field.split_at_checked(end)?;
    let fits = !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && filled.iter().all(|byte| *byte == 0);
    fits.then_some(name)
}

struct Head<'a> {
    network: &'static str,
    command: &'a [u8],
    length: u32,
}

/// Reads a message's head; `None` where it is none, or too short.
fn head(bytes: &[u8]) -> Option<Head<'_>> {
    let mut reader = Reader::new(bytes.get(..HEAD)?);
    let network = network(reader.array()?)?;
    let command = command(reader.take(12)?)?;
    let length = reader.le_u32()?;
    (length <= LONGEST).then_some(Head { network, command, length })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let (begun, magic) = (sample.bytes.len() < HEAD, Reader::new(sample.bytes).array());
    match magic {
        Some(magic) if network(magic).is_none() => Verdict::Reject,
        Some(_) if begun => {
            // The letters that are here must be some.
            let letters = sample.bytes.get(4..16).unwrap_or(sample.bytes.get(4..).unwrap_or_default());
            let fits = letters.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | 0));
            if fits { Verdict::NeedMore } else { Verdict::Reject }
        }
        Some(_) if head(sample.bytes).is_some() => Verdict::Match,
        Some(_) => Verdict::Reject,
        None if PROTOCOL.first.allow(sample.role, sample.bytes.first().copied().unwrap_or_default()) => {
            Verdict::NeedMore
        }
        None => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Bitcoin {
    network: Option<&'static str>,
    commands: List<Text, 32>,
    agents: [Option<Text>; 2],
    heights: [Option<u32>; 2],
}

impl Bitcoin {
    fn version(&mut self, side: usize, content: &[u8]) {
        let mut reader = Reader::new(content);
        let mut read = || {
            reader.skip(80)?;
            let length = reader.u8()?;
            let agent = reader.take(usize::from(length))?;
            Some((agent, reader.le_u32()?))
        };
        if let Some((agent, height)) = read() {
            if let Some(known) = self.agents.get_mut(side) {
                known.get_or_insert_with(|| Text::new(agent));
            }
            if let Some(known) = self.heights.get_mut(side) {
                known.get_or_insert(height);
            }
        }
    }
}

impl Dissector for Bitcoin {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.bytes.len() < HEAD {
            return Step::NeedMore(HEAD);
        }
        let Some(head) = head(chunk.bytes) else {
            return Step::Violation;
        };
        let content = chunk.bytes.get(HEAD..).unwrap_or_default();
        let length = usize::try_from(head.length).unwrap_or(usize::MAX);
        let looks = head.command == b"version" && head.length <= VERSION_BYTES;
        if looks && content.len() < length {
            return Step::NeedMore(HEAD.saturating_add(length));
        }
        self.network.get_or_insert(head.network);
        self.commands.push_distinct(Text::new(head.command));
        if looks {
            self.version(chunk.role.index(), content.get(..length).unwrap_or_default());
        }
        match length.checked_sub(content.len()) {
            Some(left) if left > 0 => Step::Skip(left as u64),
            _ => Step::Consumed(HEAD.saturating_add(length)),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut bitcoin = out.element(&ELEMENT);
        if let Some(network) = self.network {
            bitcoin.plain(&NETWORK, network);
        }
        bitcoin.texts(&COMMAND, &self.commands);
        for (field, agent) in [&CLIENT_AGENT, &SERVER_AGENT].into_iter().zip(&self.agents) {
            bitcoin.maybe(field, agent.as_ref());
        }
        for (field, height) in [&CLIENT_HEIGHT, &SERVER_HEIGHT].into_iter().zip(self.heights) {
            if let Some(height) = height {
                bitcoin.number(field, u64::from(height));
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + texts_bytes(&self.commands)
            + self.agents.iter().flatten().map(Text::heap_bytes).sum::<usize>()
    }
}
