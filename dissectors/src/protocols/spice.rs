//! SPICE: screens of virtual machines (Spice protocol, "Link stage").
//!
//! ```text
//! link     "REDQ" major:4 minor:4 size:4 (least first)  client: connection:4 channel:1 number:1 words:4 words:4 offset:4 ... capabilities
//!                                                       server: error:4 key:162             words:4 words:4 offset:4 ... capabilities
//! then     client: mechanism:4, and with a ticket 128 bytes that only the server can read     server: result:4
//! message  type:2 size:4 content, where both sides are capable of short headers; of type 113 it is the machine's name:  length:4 name 0
//! ```
//!
//! The magic with a version that exists proves it. Behind the result the main channel is followed to the machine's name, and no
//! other channel. Ignored on purpose: SASL's steps, long headers.

use crate::capped::TEXT_CAP;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::noted::{Notes, begins, sized};
use crate::protocol::{About, FirstBytes, Opening, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "version that the client has", "Spice protocol, SpiceLinkHeader");
static CHANNEL: Field = Field::text("channel", "what the connection is for", "Spice protocol, SpiceLinkMess");
static ERROR: Field = Field::number("error", "why the server refused", "Spice protocol, SpiceLinkReply");
static AUTHENTICATION: Field = Field::text(
    "authentication",
    "how the client shows who it is: `ticket` or `sasl`",
    "Spice protocol, SpiceLinkAuthMechanism",
);
static RESULT: Field = Field::text(
    "result",
    "what came of a ticket: `ok`, `permission-denied`, or a number",
    "Spice protocol, SpiceLinkErr",
);
static NAME: Field = Field::text("name", "the machine's name", "Spice protocol, SpiceMsgMainName");

static ELEMENT: Element = Element {
    name: "spice",
    meaning: "the screen of a virtual machine",
    fields: &[&VERSION, &CHANNEL, &NAME, &AUTHENTICATION, &RESULT, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "spice",
    about: About {
        name: "SPICE",
        specification: "Spice protocol",
        evidence: "the magic with a version that exists",
        limits: "what is behind the link, but for the machine's name",
        ports: &[5900, 5901, 5902, 5930],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'R'..=b'R']),
    probe,
    open: |opening: &Opening| {
        let spice = Spice { notes: Notes::new(&ELEMENT), seen: [0; 2], capable: [0; 2], ticket: false, main: false };
        Box::new(Framed::new(spice, opening.transport))
    },
};

const MAGIC: &[u8] = b"REDQ";
const HEAD: usize = 16;
/// Where the numbers of capabilities stand: of the client's message, of the server's.
const CAPABILITIES_AT: [usize; 2] = [HEAD + 6, HEAD + 166];
/// Both sides choose how the client shows who it is.
const SELECTION: u32 = 1;
/// Both sides know short headers.
const SHORT_HEADERS: u32 = 8;
/// A ticket: a password under the server's key.
const TICKET_BYTES: usize = 128;
/// A short header.
const SHORT: usize = 6;
/// The message with the machine's name.
const NAME_TYPE: u16 = 113;
/// How many of the server's messages may come before it.
const PATIENCE: u32 = 16;

fn size(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    (reader.take(4)? == MAGIC).then_some(())?;
    let (major, minor, size) = (reader.le_u32()?, reader.le_u32()?, reader.le_u32()?);
    (matches!(major, 1 | 2) && minor < 64 && (12..4096).contains(&size)).then_some(())?;
    usize::try_from(size).ok()?.checked_add(HEAD)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match begins(sample.bytes, MAGIC) {
        Verdict::Match if sample.bytes.len() < HEAD => Verdict::NeedMore,
        Verdict::Match if size(sample.bytes).is_none() => Verdict::Reject,
        verdict => verdict,
    }
}

/// The first word of the capabilities that both kinds of channels have.
fn capabilities(role: Role, link: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(link);
    reader.skip(*CAPABILITIES_AT.get(role.index())?)?;
    let (words, _own) = (reader.le_u32()?, reader.le_u32()?);
    let at = usize::try_from(reader.le_u32()?).ok()?.checked_add(HEAD)?;
    let mut reader = Reader::new(link);
    reader.skip(at)?;
    if words == 0 { Some(0) } else { reader.le_u32() }
}

#[derive(Debug)]
struct Spice {
    notes: Notes,
    /// Messages of either side, by [`Role::index`].
    seen: [u32; 2],
    /// What either side is capable of.
    capable: [u32; 2],
    /// The client sends a ticket.
    ticket: bool,
    /// This is the main channel.
    main: bool,
}

impl Spice {
    fn seen(&self, role: Role) -> u32 {
        self.seen.get(role.index()).copied().unwrap_or_default()
    }

    /// Both sides are capable of it.
    fn agreed(&self, bit: u32) -> bool {
        self.capable.iter().all(|capable| capable & bit != 0)
    }

    /// A link message. Tells whether more is to be learnt.
    fn link(&mut self, role: Role, bytes: &[u8]) -> Option<bool> {
        let mut reader = Reader::new(bytes);
        reader.skip(4)?;
        let (major, minor) = (reader.le_u32()?, reader.le_u32()?);
        reader.skip(4)?;
        *self.capable.get_mut(role.index())? = capabilities(role, bytes).unwrap_or_default();
        if role == Role::Client {
            self.notes.text(&VERSION, format!("{major}.{minor}").as_bytes());
            let _connection = reader.le_u32()?;
            let kind = u32::from(reader.u8()?);
            self.main = kind == 1;
            self.notes.name(&CHANNEL, kind, channel);
            return Some(true);
        }
        let error = reader.le_u32()?;
        if error != 0 {
            self.notes.number(&ERROR, u64::from(error));
        }
        Some(error == 0 && self.agreed(SELECTION))
    }
}

impl Messages for Spice {
    fn extent(&self, role: Role, bytes: &[u8]) -> Extent {
        match (self.seen(role), role) {
            (0, _) => sized(bytes, HEAD, size),
            // How the client shows who it is; what came of it.
            (1, _) => sized(bytes, 4, |_| Some(4)),
            (2, Role::Client) => sized(bytes, 1, |_| Some(TICKET_BYTES)),
            _ => sized(bytes, SHORT, |bytes| {
                let mut reader = Reader::new(bytes);
                reader.skip(2)?;
                usize::try_from(reader.le_u32()?).ok()?.checked_add(SHORT)
            }),
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        let (role, seen) = (message.role, self.seen(message.role));
        if let Some(counted) = self.seen.get_mut(role.index()) {
            *counted = seen.saturating_add(1);
        }
        let mut reader = Reader::new(message.bytes);
        match (seen, role) {
            (0, _) => self.link(role, message.bytes).unwrap_or(false),
            (1, Role::Client) => {
                let mechanism = reader.le_u32().unwrap_or_default();
                self.notes.name(&AUTHENTICATION, mechanism, |number| match number {
                    1 => Some("ticket"),
                    2 => Some("sasl"),
                    _ => None,
                });
                self.ticket = mechanism == 1;
                self.ticket
            }
            (1, Role::Server) => {
                let result = reader.le_u32().unwrap_or_default();
                if self.ticket {
                    self.notes.name(&RESULT, result, |number| match number {
                        0 => Some("ok"),
                        7 => Some("permission-denied"),
                        _ => None,
                    });
                }
                self.ticket && self.main && result == 0 && self.agreed(SHORT_HEADERS)
            }
            (_, Role::Client) => true,
            (_, Role::Server) => {
                let mut name = || {
                    let kind = reader.le_u16()?;
                    reader.skip(4)?;
                    let length = usize::try_from(reader.le_u32()?).ok()?;
                    (kind == NAME_TYPE).then(|| reader.rest().get(..length).unwrap_or(reader.rest()))
                };
                let Some(name) = name() else { return seen < PATIENCE };
                let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len()).min(TEXT_CAP);
                self.notes.text(&NAME, name.get(..end).unwrap_or_default());
                false
            }
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.notes.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        self.notes.heap_bytes()
    }
}

const fn channel(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "main",
        2 => "display",
        3 => "inputs",
        4 => "cursor",
        5 => "playback",
        6 => "record",
        7 => "tunnel",
        8 => "smartcard",
        9 => "usb",
        10 => "port",
        11 => "webdav",
        _ => return None,
    })
}
