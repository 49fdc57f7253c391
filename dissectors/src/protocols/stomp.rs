//! STOMP 1.0, 1.1 and 1.2: accounts, destinations, what the server is, errors.
//!
//! "STOMP Protocol Specification" (stomp.github.io), versions 1.0 to 1.2.
//!
//! ```text
//! COMMAND LF  (name ":" value LF)*  LF  body  NUL  [LF]*          the body ends at `content-length`, or at the NUL
//! ```
//!
//! Bodies are passed over; `passcode` is not kept. After a gap the side that misses bytes is silent.
//!
//! Limits: a frame's head of [`HEAD_BYTES`].

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framing::{Lost, decimal};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::tally::Tally;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "stomp",
    about: About {
        name: "Simple Text Oriented Messaging Protocol 1.0 to 1.2",
        specification: "STOMP Protocol Specification",
        evidence: "CONNECT, STOMP or CONNECTED with headers in their form",
        limits: "bodies are passed over",
        ports: &[61613, 61614],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'\n'..=b'\n', b'\r'..=b'\r', b'A'..=b'E', b'M'..=b'N', b'R'..=b'U']),
    probe,
    open: |_: &Opening| Box::new(Stomp::default()),
};

static VERSION: Field = Field::text("version", "the version agreed on", "STOMP 1.2 CONNECTED");
static USER: Field = Field::text("user", "the account", "STOMP CONNECT");
static HOST: Field = Field::text("host", "the virtual host asked for", "STOMP CONNECT");
static SERVER: Field = Field::text("server", "the server's name and version", "STOMP CONNECTED");
static VERBS: Field = Field::text("verbs", "frames by command, as `NAME:COUNT`", "STOMP").list().items(32);
static DESTINATION: Field =
    Field::text("destination", "where messages were sent and subscribed, each once", "STOMP").list();
static ERROR: Field = Field::text("error", "errors that the server told, each once", "STOMP ERROR").list();

static ELEMENT: Element = Element {
    name: "stomp",
    meaning: "Simple Text Oriented Messaging Protocol",
    fields: &[&VERSION, &USER, &HOST, &SERVER, &VERBS, &DESTINATION, &ERROR],
};

/// The longest head of a frame.
pub const HEAD_BYTES: usize = 16 * 1024;

const CLIENT: [&[u8]; 12] = [
    b"CONNECT",
    b"STOMP",
    b"SEND",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"ACK",
    b"NACK",
    b"BEGIN",
    b"COMMIT",
    b"ABORT",
    b"DISCONNECT",
    b"NOOP",
];
const SERVER_FRAMES: [&[u8]; 4] = [b"CONNECTED", b"MESSAGE", b"RECEIPT", b"ERROR"];

/// Splits a head into its lines, without CR.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Where the empty line behind a head ends.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let plain = memchr::memmem::find(bytes, b"\n\n");
    // A short head is not to cost a search through all that follows it.
    let before = plain.and_then(|plain| bytes.get(..=plain)).unwrap_or(bytes);
    match (plain, memchr::memmem::find(before, b"\n\r\n")) {
        (_, Some(returned)) => returned.checked_add(3),
        (Some(plain), None) => plain.checked_add(2),
        (None, None) => None,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.first().is_some_and(|first| PROTOCOL.first.allow(sample.role, *first)) {
        return Verdict::Reject;
    }
    // A beating heart before the first frame is possible in the midst of a session.
    let start = sample.bytes.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or(sample.bytes.len());
    let bytes = sample.bytes.get(start..).unwrap_or_default();
    let known: &[&[u8]] = if sample.role == Role::Client { &CLIENT } else { &SERVER_FRAMES };
    let Some(at) = memchr::memchr(b'\n', bytes.get(..16).unwrap_or(bytes)) else {
        let word = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let may = start < 64 && known.iter().any(|name| name.starts_with(word));
        return if may { Verdict::NeedMore } else { Verdict::Reject };
    };
    let (word, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    if !known.contains(&word.strip_suffix(b"\r").unwrap_or(word)) {
        return Verdict::Reject;
    }
    let rest = rest.get(1..).unwrap_or_default();
    let whole = rest.first() == Some(&b'\n') || rest.starts_with(b"\r\n") || head_end(rest).is_some();
    let head = head_end(rest).and_then(|end| rest.get(..end)).unwrap_or(rest);
    let telling = |line: &[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let names: [&[u8]; 12] = [
            b"accept-version",
            b"login",
            b"destination",
            b"host",
            b"id",
            b"receipt",
            b"version",
            b"session",
            b"subscription",
            b"message",
            b"receipt-id",
            b"message-id",
        ];
        line.len() > name.len() && names.contains(&name)
    };
    let mut bad = lines(head).filter(|line| !line.is_empty() && !line.contains(&b':')).count();
    if !whole {
        // The last line may go on.
        bad = bad.saturating_sub(1);
    }
    if bad > 0 {
        Verdict::Reject
    } else if whole && lines(head).any(telling) {
        Verdict::Match
    } else if whole {
        // Too little to tell alone.
        Verdict::NeedMore
    } else {
        Verdict::NeedMore
    }
}

#[derive(Default)]
struct Stomp {
    lost: Lost,
    /// By side: amid a body that ends at a NUL.
    in_body: [bool; 2],
    version: Option<Text>,
    user: Option<Text>,
    password: bool,
    host: Option<Text>,
    server: Option<Text>,
    verbs: Tally,
    destinations: List<Text>,
    errors: List<Text>,
}

impl Dissector for Stomp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        let Some(in_body) = self.in_body.get_mut(role.index()).filter(|_| !self.lost.is(role)) else {
            return Step::Consumed(bytes.len());
        };
        if *in_body {
            let end = memchr::memchr(0, bytes);
            *in_body = end.is_none();
            return Step::Consumed(end.map_or(bytes.len(), |end| end.saturating_add(1)));
        }
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        if blank > 0 {
            return Step::Consumed(blank);
        }
        let within = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
        let Some(end) = head_end(within) else {
            return if bytes.len() >= HEAD_BYTES {
                Step::Violation
            } else {
                Step::NeedMore(bytes.len().saturating_add(1))
            };
        };
        let length = match self.frame(role, within.get(..end).unwrap_or_default()) {
            Ok(length) => length,
            Err(step) => return step,
        };
        if let Some(in_body) = self.in_body.get_mut(role.index()) {
            *in_body = true;
        }
        // With a length the body may hold zeros; behind it stands the one that ends the frame.
        let total = (end as u64).saturating_add(length.unwrap_or(0));
        match total.checked_sub(bytes.len() as u64) {
            Some(missing) if missing > 0 => Step::Skip(missing),
            _ => Step::Consumed(usize::try_from(total).unwrap_or(bytes.len())),
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        self.lost.lose(role)
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let mut stomp = out.element(&ELEMENT);
        stomp.maybe(&VERSION, self.version.as_ref());
        stomp.maybe(&USER, self.user.as_ref());
        stomp.maybe(&HOST, self.host.as_ref());
        stomp.maybe(&SERVER, self.server.as_ref());
        self.verbs.tell(&mut stomp, &VERBS);
        stomp.texts(&DESTINATION, &self.destinations);
        stomp.texts(&ERROR, &self.errors);
    }

    fn heap_bytes(&self) -> usize {
        let listed = self.destinations.items().iter().chain(self.errors.items());
        self.verbs.heap_bytes() + listed.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

impl Stomp {
    /// Takes a frame's head; gives its body's length where it tells one.
    fn frame(&mut self, role: Role, head: &[u8]) -> Result<Option<u64>, Step> {
        let mut lines = lines(head);
        let command = lines.next().unwrap_or_default();
        let known: &[&[u8]] = if role == Role::Client { &CLIENT } else { &SERVER_FRAMES };
        if !known.contains(&command) {
            return Err(Step::Violation);
        }
        self.verbs.count(command);
        let mut length = None;
        for line in lines {
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
                continue;
            };
            let keep = |field: &mut Option<Text>| {
                if field.is_none() && !value.is_empty() {
                    *field = Some(Text::new(value));
                }
            };
            match (name, command) {
                (b"content-length", _) => length = length.or(decimal(value.trim_ascii())),
                (b"login", b"CONNECT" | b"STOMP") => keep(&mut self.user),
                (b"passcode", b"CONNECT" | b"STOMP") => self.password = true,
                (b"host", b"CONNECT" | b"STOMP") => keep(&mut self.host),
                (b"version", b"CONNECTED") => keep(&mut self.version),
                (b"server", b"CONNECTED") => keep(&mut self.server),
                (b"message", b"ERROR") => self.errors.push_distinct(Text::new(value)),
                (b"destination", _) => self.destinations.push_distinct(Text::new(value)),
                _ => {}
            }
        }
        Ok(length)
    }
}
