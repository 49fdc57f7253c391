//! Minecraft (Java edition): what a client says before everything is encrypted or compressed, and how a server describes itself.
//!
//! Specification: wiki.vg / minecraft.wiki, "Java Edition protocol", versions from 13w41a on.
//!
//! ```text
//! packet      length (seven bits a byte, least first)  id:1  content
//! handshake   id 0: version (as a length)  address (text behind its length)  port:2  next (1 status, 2 login, 3 transfer)
//! login       id 0: name (text behind its length) ...
//! status      question: id 0, nothing;   answer: id 0, JSON behind its length
//! ```
//!
//! A handshake whose lengths fit proves it. Limits: an answer of [`STATUS_BYTES`]; of it the version's name is told.

use crate::capped::Text;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static PROTOCOL_VERSION: Field =
    Field::number("protocol_version", "the client's version of the protocol", "Java Edition protocol");
static HOST: Field = Field::text("host", "the name by which the client calls the server", "Java Edition protocol");
static NEXT: Field = Field::text("next", "`status`, `login` or `transfer`", "Java Edition protocol");
static USER: Field = Field::text("user", "the player's name", "Java Edition protocol");
static SERVER_VERSION: Field =
    Field::text("server_version", "the server's version, as it says", "Java Edition protocol");

static ELEMENT: Element = Element {
    name: "minecraft",
    meaning: "a game of Minecraft",
    fields: &[&PROTOCOL_VERSION, &HOST, &NEXT, &USER, &SERVER_VERSION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "minecraft",
    about: About {
        name: "Minecraft, Java edition",
        specification: "minecraft.wiki, Java Edition protocol",
        evidence: "a handshake whose lengths fit",
        limits: "everything behind the login is encrypted or compressed",
        ports: &[25565],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    // Lengths; servers answer only.
    first: FirstBytes { client: &[0x07..=0xff], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Minecraft::default()),
};

/// The longest handshake: a name of 255 characters.
const HANDSHAKE_BYTES: usize = 1040;
/// The longest answer that is looked at; icons make it some 20 kB.
const STATUS_BYTES: usize = 65536;
const LOGIN_BYTES: usize = 512;

/// A number of seven bits a byte.
fn varint(reader: &mut Reader<'_>) -> Option<u32> {
    let mut number = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = reader.u8()?;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// What stands at the beginning of a stream.
enum Framed<'a> {
    /// A packet, and its length with its head.
    Whole(Reader<'a>, usize),
    /// So many bytes are wanted.
    Part(usize),
    Other,
}

fn framed(bytes: &[u8], longest: usize) -> Framed<'_> {
    let mut reader = Reader::new(bytes);
    let Some(length) = varint(&mut reader) else {
        return if bytes.len() < 3 { Framed::Part(bytes.len().saturating_add(1)) } else { Framed::Other };
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let head = bytes.len().saturating_sub(reader.len());
    let whole = head.saturating_add(length);
    match reader.sub(length) {
        _ if length == 0 || length > longest => Framed::Other,
        Some(packet) => Framed::Whole(packet, whole),
        None => Framed::Part(whole),
    }
}

fn text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = varint(reader)?;
    reader.take(usize::try_from(length).ok()?)
}

struct Handshake<'a> {
    version: u32,
    host: &'a [u8],
    next: u32,
}

fn handshake(mut packet: Reader<'_>) -> Option<Handshake<'_>> {
    let (id, version) = (packet.u8()?, varint(&mut packet)?);
    let host = text(&mut packet)?;
    packet.skip(2)?;
    let next = varint(&mut packet)?;
    // Loaders of modifications put their names behind a zero.
    let name = host.split(|byte| *byte == 0).next().unwrap_or_default();
    let named =
        name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%'));
    // Versions, those of snapshots, and none at all.
    let known = matches!(version, 0..=4096 | 0x4000_0000..=0x4000_1000 | u32::MAX);
    let fits = id == 0 && known && named && !name.is_empty() && matches!(next, 1..=3) && packet.is_empty();
    fits.then_some(Handshake { version, host: name, next })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    // The shortest handshake calls the server by one letter.
    if sample.role == Role::Server || sample.bytes.first().is_none_or(|length| *length < 7) {
        return Verdict::Reject;
    }
    match framed(sample.bytes, HANDSHAKE_BYTES) {
        Framed::Whole(packet, _) if handshake(packet).is_some() => Verdict::Match,
        Framed::Part(_) => {
            // As far as it is here: the id behind the length.
            let mut reader = Reader::new(sample.bytes);
            let id = varint(&mut reader).and_then(|_| reader.u8());
            if id.is_none_or(|id| id == 0) { Verdict::NeedMore } else { Verdict::Reject }
        }
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Minecraft {
    version: Option<u32>,
    next: Option<u32>,
    host: Text,
    user: Option<Text>,
    server_version: Option<Text>,
}

/// The name of the version in a server's description.
fn version_name(json: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(json, b"\"version\"")?;
    let object = json.get(at..)?;
    let object = object.get(..memchr::memchr(b'}', object)?)?;
    let at = memchr::memmem::find(object, b"\"name\"")?;
    let rest = object.get(at.checked_add(6)?..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"")?;
    rest.get(..memchr::memchr(b'"', rest)?)
}

impl Dissector for Minecraft {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let longest = match (chunk.role, self.version) {
            (Role::Client, None) => HANDSHAKE_BYTES,
            (Role::Client, Some(_)) => LOGIN_BYTES,
            (Role::Server, _) => STATUS_BYTES,
        };
        let (mut packet, whole) = match framed(chunk.bytes, longest) {
            Framed::Whole(packet, whole) => (packet, whole),
            Framed::Part(wanted) => return Step::NeedMore(wanted),
            Framed::Other => return Step::Done,
        };
        match (chunk.role, self.next) {
            (Role::Client, None) => {
                let Some(handshake) = handshake(packet) else {
                    return Step::Violation;
                };
                self.version = Some(handshake.version);
                self.next = Some(handshake.next);
                self.host = Text::new(handshake.host);
            }
            (Role::Client, Some(2 | 3)) => {
                let name = (packet.u8() == Some(0)).then(|| text(&mut packet)).flatten();
                self.user = name.filter(|name| matches!(name.len(), 1..=64)).map(Text::new);
                // Now it is encrypted, compressed, or the game.
                return Step::Done;
            }
            (Role::Server, Some(1)) => {
                let json = (packet.u8() == Some(0)).then(|| text(&mut packet)).flatten();
                self.server_version = json.and_then(version_name).map(Text::new);
                return Step::Done;
            }
            _ => {}
        }
        Step::Consumed(whole)
    }

    fn facts(&self, out: &mut Facts) {
        out.host(self.host.bytes());
        if let Some(user) = &self.user {
            out.user(user);
        }
        let mut element = out.element(&ELEMENT);
        if let Some(version) = self.version.filter(|version| *version != u32::MAX) {
            element.number(&PROTOCOL_VERSION, u64::from(version));
        }
        element.text(&HOST, &self.host);
        if let Some(next) = self.next {
            element.plain(
                &NEXT,
                match next {
                    1 => "status",
                    2 => "login",
                    _ => "transfer",
                },
            );
        }
        element.maybe(&USER, self.user.as_ref());
        element.maybe(&SERVER_VERSION, self.server_version.as_ref());
    }

    fn heap_bytes(&self) -> usize {
        let single = [&self.user, &self.server_version].into_iter().flatten().map(Text::heap_bytes).sum::<usize>();
        size_of::<Self>() + self.host.heap_bytes() + single
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_with_a_small_byte() {
        assert_eq!(varint(&mut Reader::new(&[0xff, 0x05])), Some(767));
        assert_eq!(varint(&mut Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f])), Some(u32::MAX));
        assert_eq!(varint(&mut Reader::new(&[0x80; 6])), None);
    }

    #[test]
    fn the_version_is_named_in_its_own_object() {
        let json = br#"{"description":{"name":"no"},"version":{"name":"1.20.4","protocol":765}}"#;
        assert_eq!(version_name(json), Some(&b"1.20.4"[..]));
    }
}
