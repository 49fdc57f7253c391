//! ZMTP, the wire of ZeroMQ (ZMTP 3.1, RFC 23; older versions are known by their greeting).
//!
//! ```text
//! greeting   ff padding:8 7f  version:2  mechanism:20 (text, zeros)  server:1  zeros:31
//! version 2  ff zero:7 length 7f 01  kind of socket:1 ...
//! command    04 length:1 | 06 length:8   name:(length:1 text)  content      READY: items: name:(length:1 text) value:(length:4 bytes)
//! message    00, 01 (more) length:1 | 02, 03 length:8   content
//! ```
//!
//! The greeting proves it. Messages are counted, not read. Of PLAIN, READY says that the account was taken and ERROR that it was not; libzmq to 4.3.4
//! writes `^RROR` without a length there.

use crate::counts::trimmed;
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::Facts;
use crate::framing::framed;
use crate::noted::Notes;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "versions of the two sides, each once", "ZMTP 3.1").list();
static MECHANISM: Field =
    Field::text("mechanism", "how they know each other: `NULL`, `PLAIN`, `CURVE`", "ZMTP 3.1").list();
static CLIENT_SOCKET: Field = Field::text("client_socket", "kind of the socket of who connected", "ZMTP 3.1");
static SERVER_SOCKET: Field = Field::text("server_socket", "kind of the socket of the other", "ZMTP 3.1");
static IDENTITY: Field = Field::text("identity", "names that sockets gave themselves", "ZMTP 3.1").list();
static USER: Field = Field::text("user", "who logged in by `PLAIN`", "ZMTP 3.1, RFC 24");
static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "authenticated", "whether the account of `PLAIN` was taken", "ZMTP 3.1, RFC 24");
static ERROR: Field = Field::text("error", "why the server refused, such as `400`", "ZMTP 3.1, RFC 27");
static MESSAGES: Field = Field::number("messages", "messages of both sides", "ZMTP 3.1");

static ELEMENT: Element = Element {
    name: "zmtp",
    meaning: "sockets of ZeroMQ",
    fields: &[
        &VERSION,
        &MECHANISM,
        &CLIENT_SOCKET,
        &SERVER_SOCKET,
        &IDENTITY,
        &USER,
        &AUTHENTICATED,
        &ERROR,
        &MESSAGES,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "zmtp",
    about: About {
        name: "ZeroMQ Message Transport Protocol 2 and 3",
        specification: "ZMTP 3.1 (RFC 23), ZMTP 2.0 (RFC 15)",
        evidence: "the greeting",
        limits: "messages; version 1",
        ports: &[],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0xff..=0xff]),
    probe,
    open: |_: &Opening| Box::new(Zmtp { notes: Notes::new(&ELEMENT), greeted: [false; 2] }),
};

const SIGNATURE: usize = 10;
const GREETING: usize = 64;
/// How much of a command is looked at.
const LOOK: usize = 1024;

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.bytes {
        [0xff, _, _, _, _, _, _, _, _, 0x7f, version, rest @ ..] => match (version, rest) {
            (3, [0..=9, mechanism @ ..]) if mechanism.len() >= 4 => {
                let known = [&b"NULL"[..], b"PLAI", b"CURV", b"GSSA"].iter().any(|name| mechanism.starts_with(name));
                if known { Verdict::Match } else { Verdict::Reject }
            }
            (3, []) | (3, [0..=9, ..]) | (1 | 2, []) => Verdict::NeedMore,
            // Of version 2 the kind of the socket follows, and it says that it is the last part.
            (1 | 2, [0..=11, rest @ ..]) if rest.is_empty() || rest.first() == Some(&0) => {
                if rest.is_empty() {
                    Verdict::NeedMore
                } else {
                    Verdict::Likely
                }
            }
            _ => Verdict::Reject,
        },
        bytes if bytes.len() <= SIGNATURE && bytes.first() == Some(&0xff) => match bytes.get(9) {
            None | Some(0x7f) => Verdict::NeedMore,
            Some(_) => Verdict::Reject,
        },
        _ => Verdict::Reject,
    }
}

#[derive(Debug)]
struct Zmtp {
    notes: Notes,
    greeted: [bool; 2],
}

impl Dissector for Zmtp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match self.greeted.get(chunk.role.index()) {
            Some(true) => self.frame(chunk),
            _ => self.greeting(chunk),
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

impl Zmtp {
    fn greeting(&mut self, chunk: Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let Some((_, version)) = reader.skip(SIGNATURE).zip(reader.u8()) else { return Step::NeedMore(SIGNATURE + 1) };
        let used = if version >= 3 {
            let Some((minor, mechanism)) = reader.u8().zip(reader.take(20)) else { return Step::NeedMore(GREETING) };
            if chunk.bytes.len() < GREETING {
                return Step::NeedMore(GREETING);
            }
            self.notes.text(&VERSION, format!("{version}.{minor}").as_bytes());
            self.notes.text(&MECHANISM, trimmed(mechanism));
            if mechanism.starts_with(b"CURVE") {
                self.notes.encrypted();
            }
            GREETING
        } else {
            let Some(kind) = reader.u8() else { return Step::NeedMore(SIGNATURE + 2) };
            self.notes.plain(&VERSION, "2.0");
            self.socket(chunk.role, KINDS.get(usize::from(kind)).unwrap_or(&"other").as_bytes());
            SIGNATURE + 2
        };
        if let Some(greeted) = self.greeted.get_mut(chunk.role.index()) {
            *greeted = true;
        }
        Step::Consumed(used)
    }

    fn frame(&mut self, chunk: Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let Some(flags) = reader.u8() else { return Step::NeedMore(1) };
        let (length, head) = if flags & 2 == 0 {
            let Some(length) = reader.u8() else { return Step::NeedMore(2) };
            (u64::from(length), 2)
        } else {
            let Some(length) = reader.be_u64() else { return Step::NeedMore(9) };
            (length, 9)
        };
        if flags > 7 {
            return Step::Violation;
        }
        match framed(chunk.bytes, length.saturating_add(head), if flags & 4 == 0 { 1 } else { LOOK }) {
            Ok((bytes, step)) => {
                if flags & 4 == 0 {
                    if flags & 1 == 0 {
                        self.notes.count(&MESSAGES);
                    }
                } else {
                    let mut content = Reader::new(bytes);
                    let _ = content
                        .skip(usize::try_from(head).unwrap_or_default())
                        .and_then(|()| self.command(chunk.role, content));
                }
                step
            }
            Err(step) => step,
        }
    }

    fn command(&mut self, role: Role, mut content: Reader<'_>) -> Option<()> {
        let length = usize::from(content.u8()?);
        if length == usize::from(b'^') && content.rest().starts_with(b"RROR") {
            content.skip(4)?;
            return self.refused(content);
        }
        let name = content.take(length)?;
        if name == b"READY" && role == Role::Server && self.notes.has(&USER) {
            self.notes.yes_no(&AUTHENTICATED, true);
        }
        match name {
            b"ERROR" => return self.refused(content),
            b"READY" | b"INITIATE" => loop {
                let length = usize::from(content.u8()?);
                let name = content.take(length)?;
                let length = usize::try_from(content.be_u32()?).ok()?;
                let value = content.take(length)?;
                if name.eq_ignore_ascii_case(b"socket-type") {
                    self.socket(role, value);
                } else if name.eq_ignore_ascii_case(b"identity") {
                    self.notes.text(&IDENTITY, value);
                }
            },
            b"HELLO" if !self.notes.has(&USER) => {
                // PLAIN: user and password; CURVE's begins with a version of zeros.
                let length = usize::from(content.u8()?);
                let user = content.take(length).filter(|user| crate::framing::is_text(user))?;
                let length = usize::from(content.u8()?);
                if content.take(length)?.len() == length && content.is_empty() {
                    self.notes.text(&USER, user);
                    self.notes.user(user);
                    self.notes.flag(Flag::CleartextPassword);
                }
            }
            _ => {}
        }
        Some(())
    }

    fn refused(&mut self, mut content: Reader<'_>) -> Option<()> {
        let length = usize::from(content.u8()?);
        self.notes.text(&ERROR, content.take(length)?);
        if self.notes.has(&USER) {
            self.notes.yes_no(&AUTHENTICATED, false);
        }
        Some(())
    }

    fn socket(&mut self, role: Role, kind: &[u8]) {
        self.notes.text(if role == Role::Client { &CLIENT_SOCKET } else { &SERVER_SOCKET }, kind);
    }
}

/// Kinds of sockets by their numbers (ZMTP 2.0).
const KINDS: [&str; 9] = ["PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH"];
