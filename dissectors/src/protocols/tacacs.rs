//! TACACS+: who may do what on network devices (RFC 8907).
//!
//! ```text
//! packet   version:1 (c0 or c1) type:1 (1 authentication, 2 authorization, 3 accounting) sequence:1
//!          flags:1 (01 body in the clear, 04 one connection for many sessions) session:4 length:4 body       4.1
//! ```
//!
//! Bodies are obfuscated by a shared key; only where a flag says that they are not are user, device and commands told (5.1, 6.1, 7.1).
//! What a body says of passwords is never kept. Limits: bodies of [`BODY_BYTES`] are looked at. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static KIND: Field =
    Field::text("type", "`authentication`, `authorization`, `accounting`, each once", "RFC 8907 4.1").list();
static PACKETS: Field = Field::number("packets", "packets of both sides", "");
static USER: Field = Field::text("user", "accounts, each once, where bodies are in the clear", "RFC 8907 5.1").list();
static PORT: Field = Field::text("port", "lines of the device that users are on", "RFC 8907 5.1").list();
static REMOTE: Field = Field::text("remote", "where users come from", "RFC 8907 5.1").list();
static ARGUMENT: Field =
    Field::text("argument", "what is asked to be allowed or told as done, such as `cmd=show`", "RFC 8907 8").list();
static STATUS: Field = Field::text("status", "the server's answers, each once", "RFC 8907 5.2, 6.2, 7.2").list();

static ELEMENT: Element = Element {
    name: "tacacs",
    meaning: "access to network devices: who asked, and for what, as far as it is in the clear",
    fields: &[&KIND, &PACKETS, &USER, &PORT, &REMOTE, &ARGUMENT, &STATUS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "tacacs",
    about: About {
        name: "TACACS+",
        specification: "RFC 8907",
        evidence: "a header with version, kind, sequence and flags in their ranges",
        limits: "bodies are told only where they are not obfuscated",
        ports: &[49],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0xc0..=0xc1]),
    probe,
    open: |_| Box::new(Tacacs::default()),
};

/// Bytes of a packet's head.
const HEAD: usize = 12;
/// The longest body that is believed to be one.
const LONGEST: u32 = 64 * 1024;
/// How much of a body is looked at.
const BODY_BYTES: usize = 8 * 1024;
/// The body is not obfuscated.
const CLEAR: u8 = 0x01;
/// Flags that are defined.
const FLAGS: u8 = 0x05;
/// How a password crosses: in the START packet itself (5.4.2.2).
const PAP: u8 = 2;

/// A packet's head.
#[derive(Clone, Copy)]
struct Head {
    kind: u8,
    sequence: u8,
    flags: u8,
    length: u32,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    let [_version, kind, sequence, flags] = reader.array()?;
    reader.skip(4)?;
    Some(Head { kind, sequence, flags, length: reader.be_u32()? })
}

/// Whether a head may begin with these bytes; the client's packets have odd numbers, the server's even ones.
fn may_begin(role: Role, bytes: &[u8]) -> bool {
    let may = |at: usize, fits: &dyn Fn(u8) -> bool| bytes.get(at).is_none_or(|byte| fits(*byte));
    may(0, &|version| matches!(version, 0xc0 | 0xc1))
        && may(1, &|kind| matches!(kind, 1..=3))
        && may(2, &|sequence| sequence != 0 && (sequence % 2 == 1) == (role == Role::Client))
        && may(3, &|flags| flags & !FLAGS == 0)
        && head(bytes).is_none_or(|head| (5..=LONGEST).contains(&head.length))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !may_begin(sample.role, sample.bytes) {
        return Verdict::Reject;
    }
    let Some(head) = head(sample.bytes) else {
        return Verdict::NeedMore;
    };
    // What follows the first packet is another one, of a client that asks ahead.
    let whole = HEAD.saturating_add(head.length as usize);
    if sample.bytes.get(whole..).is_some_and(|next| !may_begin(sample.role, next)) {
        return Verdict::Reject;
    }
    match (sample.role, head.sequence) {
        (Role::Client, 1) => Verdict::Match,
        _ => Verdict::Likely,
    }
}

#[derive(Debug, Default)]
struct Tacacs {
    kinds: List<&'static str>,
    packets: u64,
    users: List<Text>,
    ports: List<Text>,
    remotes: List<Text>,
    arguments: List<Text>,
    statuses: List<&'static str>,
    obfuscated: bool,
    cleartext_password: bool,
}

impl Tacacs {
    fn body(&mut self, head: Head, body: &[u8]) {
        // Each reads as far as the body goes.
        let _ = match (head.kind, head.sequence) {
            (1, 1) => self.start(body),
            (2 | 3, 1) => self.request(head.kind, body),
            (1, sequence) if sequence % 2 == 1 => {
                // A CONTINUE brings what the user typed: a name, or a password.
                self.cleartext_password = true;
                None
            }
            _ => self.reply(head.kind, body),
        };
    }

    fn start(&mut self, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        let [_action, _level, how, _service, user, port, remote, data] = reader.array()?;
        self.who(&mut reader, [user, port, remote])?;
        self.cleartext_password |= how == PAP && data > 0;
        Some(())
    }

    fn request(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        if kind == 3 {
            // Flags: start, stop, watchdog.
            reader.skip(1)?;
        }
        let [_how, _level, _type, _service, user, port, remote, count] = reader.array()?;
        let mut lengths = reader.sub(usize::from(count))?;
        self.who(&mut reader, [user, port, remote])?;
        while let Some(length) = lengths.u8() {
            let argument = reader.take(usize::from(length))?;
            self.arguments.push_distinct(Text::new(argument));
        }
        Some(())
    }

    fn who(&mut self, reader: &mut Reader<'_>, lengths: [u8; 3]) -> Option<()> {
        for (list, length) in [&mut self.users, &mut self.ports, &mut self.remotes].into_iter().zip(lengths) {
            let text = reader.take(usize::from(length))?;
            if !text.is_empty() {
                list.push_distinct(Text::new(text));
            }
        }
        Some(())
    }

    fn reply(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        // Only the reply to an accounting request begins with lengths.
        let status = *body.get(if kind == 3 { 4 } else { 0 })?;
        self.statuses.push_distinct(match (kind, status) {
            (1, 1) => "pass",
            (1, 2) => "fail",
            (1, 3) => "get-data",
            (1, 4) => "get-user",
            (1, 5) => "get-password",
            (1, 6) => "restart",
            (2, 1) => "pass-add",
            (2, 2) => "pass-replace",
            (2, 0x10) => "fail",
            (3, 1) => "success",
            (1, 7) | (2, 0x11) | (3, 2) => "error",
            _ => return None,
        });
        Some(())
    }
}

impl Dissector for Tacacs {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Some(head) = head(chunk.bytes) else {
            return Step::NeedMore(HEAD);
        };
        if !may_begin(chunk.role, chunk.bytes) {
            return Step::Violation;
        }
        let whole = HEAD.saturating_add(head.length as usize);
        let looked_at = if head.flags & CLEAR != 0 { whole.min(HEAD + BODY_BYTES) } else { HEAD };
        let Some(packet) = chunk.bytes.get(..looked_at) else {
            return Step::NeedMore(looked_at);
        };
        self.packets = self.packets.saturating_add(1);
        self.kinds.push_distinct(match head.kind {
            1 => "authentication",
            2 => "authorization",
            _ => "accounting",
        });
        if head.flags & CLEAR != 0 {
            self.body(head, packet.get(HEAD..).unwrap_or_default());
        } else {
            self.obfuscated = true;
        }
        match whole.checked_sub(chunk.bytes.len()) {
            Some(missing @ 1..) => Step::Skip(missing as u64),
            _ => Step::Consumed(whole),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.list(&KIND, self.kinds.items().iter().copied(), 0);
        if self.packets > 0 {
            element.number(&PACKETS, self.packets);
        }
        element.texts(&USER, &self.users);
        element.texts(&PORT, &self.ports);
        element.texts(&REMOTE, &self.remotes);
        element.texts(&ARGUMENT, &self.arguments);
        element.list(&STATUS, self.statuses.items().iter().copied(), self.statuses.omitted());
        if let Some(user) = self.users.items().first() {
            out.user(user);
        }
        if self.obfuscated {
            out.encrypted("protocol");
        }
        if self.cleartext_password {
            out.flag(Flag::CleartextPassword);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.users, &self.ports, &self.remotes, &self.arguments];
        let texts = lists.iter().flat_map(|list| list.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}
