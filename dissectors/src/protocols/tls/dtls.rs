//! DTLS 1.0 and 1.2 (RFC 4347, RFC 6347), and of 1.3 (RFC 9147) the part in the clear.
//!
//! ```text
//! record    type:1 version:2 epoch:2 sequence:6 length:2 content        several in one datagram
//! fragment  type:1 length:3 message:2 offset:3 fragment_length:3 bytes  in a handshake record, the fragments of messages
//! 1.3       001CSLEE ...                                                an encrypted record
//! ```
//!
//! Fragments arrive in any order, twice, or never; see [`Fragments`]. Epoch 0 is in the clear, all others are encrypted. CAPWAP puts
//! four bytes of its own before the records (RFC 5415 4.2), and other protocols may share the datagrams' ports (RFC 7983: STUN,
//! SRTP): datagrams that hold no record are passed over.

use super::handshake::{self, Message, kind};
use super::names::{DTLS_1_2, DTLS_BAD};
use super::record::Kind;
use super::session::Session;
use super::{Carrier, fields, names};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::time::Timestamp;

/// DTLS over datagrams.
pub static PROTOCOL: Protocol = Protocol {
    name: "dtls",
    about: About {
        name: "Datagram Transport Layer Security 1.0 to 1.3",
        specification: "RFC 4347, RFC 6347, RFC 9147",
        evidence: "records of an epoch and sequence with a hello inside, CAPWAP's bytes before them or not",
        limits: "epochs other than 0 are encrypted",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&fields::ELEMENT],
    first: FirstBytes::ANY,
    probe,
    open: |_| Box::new(Dtls::new()),
};

/// The most messages of one side that are put together at a time.
const MESSAGES_CAP: usize = 8;
/// The most fragments of one message.
const FRAGMENTS_CAP: usize = 64;
/// The most bytes of fragments kept for one side.
const FRAGMENT_BYTES_CAP: usize = 48 * 1024;
/// How many datagrams that are no DTLS are passed over before the session is only counted.
const FOREIGN_CAP: u32 = 1000;
/// How many encrypted datagrams of one side are enough, where the other side does not encrypt: it was not captured.
const ONE_WAY_RECORDS: u32 = 64;
/// What CAPWAP puts before DTLS records.
const CAPWAP: [u8; 4] = [1, 0, 0, 0];
/// What CAPWAP sends in the clear begins so: a header of 8 or 16 bytes, radio 0, 802.11, no fragment (RFC 5415 4.3).
const CAPWAP_CLEAR: [[u8; 3]; 2] = [[0, 0x10, 2], [0, 0x20, 2]];
/// The shortest hello: a HelloVerifyRequest.
const HELLO_MIN: u32 = 3;
/// The longest hello that is believed.
const HELLO_MAX: u32 = 1 << 16;

/// A record's header.
struct Header {
    kind: Kind,
    version: u16,
    epoch: u16,
    sequence: u64,
    len: usize,
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let kind = Kind::new(reader.u8()?)?;
        let version = reader.be_u16().filter(|version| matches!(*version, 0xfeff | DTLS_1_2 | DTLS_BAD))?;
        let epoch = reader.be_u16()?;
        let sequence = u64::from(reader.be_u16()?) << 32 | u64::from(reader.be_u32()?);
        let len = usize::from(reader.be_u16()?);
        Some(Self { kind, version, epoch, sequence, len })
    }
}

/// A fragment's header.
struct Fragment<'a> {
    kind: u8,
    len: usize,
    message: u16,
    offset: usize,
    /// How long it says it is.
    claimed: usize,
    /// The bytes of it that the datagram holds.
    bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let kind = reader.u8().filter(|number| handshake::is_known(*number))?;
        let len = usize::try_from(reader.be_u24()?).ok()?;
        let message = reader.be_u16()?;
        let offset = usize::try_from(reader.be_u24()?).ok()?;
        let claimed = usize::try_from(reader.be_u24()?).ok()?;
        let bytes = reader.take(claimed.min(reader.len()))?;
        (offset.saturating_add(claimed) <= len).then_some(Self { kind, len, message, offset, claimed, bytes })
    }
}

/// The records of a datagram, without what another protocol put before them.
fn records(datagram: &[u8]) -> &[u8] {
    datagram.strip_prefix(&CAPWAP).unwrap_or(datagram)
}

/// Whether a datagram is DTLS: a hello, or records that fill it exactly.
fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first_chunk().is_some_and(|header| CAPWAP_CLEAR.contains(header)) {
        // An access point looks for its controller before it speaks DTLS with it.
        return if sample.bytes.get(4..8) == Some(&[0; 4]) { Verdict::NeedMore } else { Verdict::Reject };
    }
    let mut reader = Reader::new(records(sample.bytes));
    let mut hello = None;
    let mut count = 0u32;
    while !reader.is_empty() {
        let Some(header) = Header::read(&mut reader) else {
            // Encrypted records of DTLS 1.3 may follow others.
            return if count > 0 && hello == Some(true) { Verdict::Match } else { Verdict::Reject };
        };
        // No session changes its keys so often, nor counts so far.
        if header.len == 0 || header.epoch > 0xff || header.sequence >> 40 != 0 {
            return Verdict::Reject;
        }
        let content = reader.take(header.len.min(reader.len())).unwrap_or_default();
        if header.kind == Kind::Handshake && header.epoch == 0 && hello.is_none() {
            hello = Some(is_hello(sample.role, content));
        }
        if hello == Some(false) || (content.len() < header.len && hello != Some(true)) {
            return Verdict::Reject;
        }
        if header.kind == Kind::Heartbeat && header.epoch == 0 {
            return Verdict::Reject;
        }
        count = count.saturating_add(1);
    }
    if count == 0 { Verdict::Reject } else { Verdict::Match }
}

/// Whether a handshake record in the clear holds a message that this side may send.
fn is_hello(role: Role, content: &[u8]) -> bool {
    let Some(fragment) = Fragment::read(&mut Reader::new(content)) else {
        return false;
    };
    let len = u32::try_from(fragment.len).unwrap_or(u32::MAX);
    let sender = match fragment.kind {
        kind::CLIENT_HELLO | kind::CLIENT_KEY_EXCHANGE => Some(Role::Client),
        kind::SERVER_HELLO
        | kind::HELLO_VERIFY_REQUEST
        | kind::NEW_SESSION_TICKET
        | kind::SERVER_KEY_EXCHANGE
        | kind::SERVER_HELLO_DONE => Some(Role::Server),
        _ => None,
    };
    let hello = matches!(fragment.kind, kind::CLIENT_HELLO | kind::SERVER_HELLO | kind::HELLO_VERIFY_REQUEST);
    let version = Reader::new(fragment.bytes).be_u16();
    let versioned = fragment.offset > 0
        || version.is_none_or(|version| names::version(version).is_some_and(|name| name.starts_with('D')));
    sender.is_none_or(|sender| sender == role) && (!hello || (versioned && (HELLO_MIN..=HELLO_MAX).contains(&len)))
}

/// A message of which not everything has come.
#[derive(Debug)]
struct Partial {
    kind: u8,
    message: u16,
    len: usize,
    /// Offsets and bytes, in the order of their offsets.
    pieces: Vec<(usize, Box<[u8]>)>,
}

impl Partial {
    /// The message's beginning as far as it is here without a hole.
    fn beginning(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (offset, bytes) in &self.pieces {
            let Some(known) = body.len().checked_sub(*offset) else {
                break;
            };
            body.extend_from_slice(bytes.get(known..).unwrap_or_default());
        }
        body
    }
}

/// Puts one side's messages together.
#[derive(Debug, Default)]
struct Fragments {
    partial: Vec<Partial>,
    kept_bytes: usize,
    /// A bit for each message that was told already: the others with its number are retransmissions.
    told: u64,
}

impl Fragments {
    /// Takes a fragment; gives the message that it completes: type and body, and whether the body is all there.
    fn take(&mut self, fragment: &Fragment<'_>) -> Option<(u8, Vec<u8>, bool)> {
        let bit = 1u64.checked_shl(u32::from(fragment.message))?;
        if self.told & bit != 0 {
            return None;
        }
        if fragment.offset == 0 && fragment.bytes.len() == fragment.len {
            self.told |= bit;
            self.drop_message(fragment.message);
            let kept = handshake::wanted(fragment.kind, fragment.bytes);
            let body = fragment.bytes.get(..kept).unwrap_or(fragment.bytes);
            return Some((fragment.kind, body.to_vec(), body.len() == fragment.len));
        }
        let same = |partial: &Partial| {
            partial.message == fragment.message && partial.kind == fragment.kind && partial.len == fragment.len
        };
        let at = match self.partial.iter().position(same) {
            Some(at) => at,
            None if self.partial.len() < MESSAGES_CAP => {
                let Fragment { kind, message, len, .. } = *fragment;
                self.partial.push(Partial { kind, message, len, pieces: Vec::new() });
                self.partial.len().saturating_sub(1)
            }
            None => return None,
        };
        let partial = self.partial.get_mut(at)?;
        let place = partial.pieces.partition_point(|(offset, _)| *offset < fragment.offset);
        let known = partial
            .pieces
            .get(place)
            .is_some_and(|(offset, bytes)| *offset == fragment.offset && bytes.len() >= fragment.bytes.len());
        let room = partial.pieces.len() < FRAGMENTS_CAP
            && self.kept_bytes.saturating_add(fragment.bytes.len()) <= FRAGMENT_BYTES_CAP;
        if known || !room {
            return None;
        }
        partial.pieces.insert(place, (fragment.offset, fragment.bytes.into()));
        self.kept_bytes = self.kept_bytes.saturating_add(fragment.bytes.len());
        let body = partial.beginning();
        if body.len() < fragment.len {
            return None;
        }
        self.told |= bit;
        self.drop_message(fragment.message);
        Some((fragment.kind, body, true))
    }

    /// What is known of messages that will not be finished.
    fn cut(&mut self) -> Vec<(u8, Vec<u8>)> {
        let partial = std::mem::take(&mut self.partial);
        self.kept_bytes = 0;
        partial.into_iter().map(|partial| (partial.kind, partial.beginning())).collect()
    }

    fn drop_message(&mut self, message: u16) {
        self.partial.retain(|partial| partial.message != message);
        let pieces = self.partial.iter().flat_map(|partial| &partial.pieces);
        self.kept_bytes = pieces.map(|(_, bytes)| bytes.len()).sum();
    }

    fn heap_bytes(&self) -> usize {
        self.kept_bytes.saturating_add(self.partial.len() * size_of::<Partial>())
    }
}

/// The state of one session.
#[derive(Debug)]
struct Dtls {
    session: Session,
    sides: [Fragments; 2],
    encrypted_records: u32,
    foreign: u32,
    now: Timestamp,
}

impl Dtls {
    fn new() -> Self {
        let (session, now) = (Session::new(Carrier::Datagrams), Timestamp::default());
        Self { session, sides: Default::default(), encrypted_records: 0, foreign: 0, now }
    }

    fn record(&mut self, role: Role, header: &Header, content: &[u8]) {
        if header.epoch > 0 {
            self.encrypted(role);
            return;
        }
        match header.kind {
            Kind::Handshake => self.handshake(role, header.version, content),
            Kind::ChangeCipherSpec => self.session.change_cipher(role),
            Kind::Alert => {
                if let [level, description] = content {
                    self.session.alert(*level, *description);
                }
            }
            Kind::ApplicationData | Kind::Heartbeat => {}
        }
    }

    fn encrypted(&mut self, role: Role) {
        self.session.encrypted(role);
        self.encrypted_records = self.encrypted_records.saturating_add(1);
    }

    fn handshake(&mut self, role: Role, version: u16, content: &[u8]) {
        let mut reader = Reader::new(content);
        while !reader.is_empty() {
            let Some(fragment) = Fragment::read(&mut reader) else {
                return;
            };
            let cut = fragment.bytes.len() < fragment.claimed;
            let [client, server] = &mut self.sides;
            let side = if role == Role::Client { client } else { server };
            if let Some((kind, body, complete)) = side.take(&fragment) {
                let message = Message { kind, body: &body, complete };
                self.session.message(role, message, Some(version), self.now);
            }
            if cut {
                self.session.missed(role);
                return;
            }
        }
    }
}

impl Dissector for Dtls {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        self.now = chunk.time;
        let mut reader = Reader::new(records(chunk.bytes));
        let mut seen = false;
        while !reader.is_empty() {
            let mut ahead = reader;
            let Some(header) = Header::read(&mut ahead) else {
                // An encrypted record of DTLS 1.3, or one with a connection id (RFC 9146): the rest is encrypted too.
                let concealed = reader.rest().first().is_some_and(|first| matches!(first, 0x20..=0x3f | 25));
                if concealed && (seen || self.session.is_1_3()) {
                    self.encrypted(chunk.role);
                    seen = true;
                }
                break;
            };
            seen = true;
            let content = ahead.take(header.len.min(ahead.len())).unwrap_or_default();
            self.record(chunk.role, &header, content);
            reader = ahead;
        }
        if !seen {
            self.foreign = self.foreign.saturating_add(1);
        }
        let enough = self.foreign >= FOREIGN_CAP || self.encrypted_records >= ONE_WAY_RECORDS;
        if self.session.is_over() || enough { Step::Done } else { Step::Consumed(chunk.bytes.len()) }
    }

    fn end(&mut self, role: Role) {
        let [client, server] = &mut self.sides;
        let side = if role == Role::Client { client } else { server };
        for (kind, body) in side.cut() {
            let message = Message { kind, body: &body, complete: false };
            self.session.message(role, message, None, self.now);
        }
        self.session.end(role);
    }

    fn facts(&self, out: &mut Facts) {
        self.session.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let fragments: usize = self.sides.iter().map(Fragments::heap_bytes).sum();
        size_of::<Self>() + fragments + self.session.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(bytes: &[u8], offset: usize, len: usize) -> Fragment<'_> {
        Fragment { kind: kind::CLIENT_HELLO, len, message: 1, offset, claimed: bytes.len(), bytes }
    }

    #[test]
    fn fragments_join_in_any_order_with_repeats_and_overlaps() {
        let body = b"0123456789";
        let pieces = [(4, &body[4..8]), (0, &body[..3]), (4, &body[4..8]), (7, &body[7..]), (2, &body[2..5])];
        let mut fragments = Fragments::default();
        let told: Vec<_> = pieces.iter().filter_map(|(at, piece)| fragments.take(&fragment(piece, *at, 10))).collect();
        assert_eq!(told, [(kind::CLIENT_HELLO, body.to_vec(), true)]);
        assert!(fragments.take(&fragment(body, 0, 10)).is_none(), "a retransmission tells nothing");
        assert_eq!(fragments.heap_bytes(), 0);
    }

    #[test]
    fn fragments_are_bounded() {
        let mut fragments = Fragments::default();
        let piece = [0; 1000];
        for message in 0..60 {
            for at in 0..100 {
                let fragment = Fragment { message, ..fragment(&piece, 1 + at * 1001, 1 << 20) };
                assert!(fragments.take(&fragment).is_none());
            }
        }
        assert!(fragments.heap_bytes() <= FRAGMENT_BYTES_CAP + MESSAGES_CAP * size_of::<Partial>());
    }

    #[test]
    fn a_cut_message_gives_its_beginning() {
        let mut fragments = Fragments::default();
        fragments.take(&fragment(b"abc", 0, 10));
        fragments.take(&fragment(b"hi", 7, 10));
        assert_eq!(fragments.cut(), [(kind::CLIENT_HELLO, b"abc".to_vec())]);
    }
}
