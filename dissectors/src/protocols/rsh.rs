//! rsh and rexec: one command on a host, in clear (the BSD manual pages rshd(8) and rexecd(8); there is no RFC).
//!
//! ```text
//! client   [port] NUL a NUL b NUL command NUL        port: digits, where the client listens for the command's errors
//! server   00, or 01 and a line that says why not
//! ```
//!
//! Both protocols have one form. rsh sends the user on the client's host and the user on the server; rexec sends a user and a password. They are
//! told apart by the port for errors, which is below 1024 with rsh always (the server believes nobody else) and with rexec practically
//! never. Without that port they can't be told apart: then the session is called `rsh`, and the second text, which may be a password, is not
//! kept. The server's connection for errors is announced.
//!
//! Limits: texts of [`TEXT_BYTES`], a command of [`COMMAND_BYTES`]. What the command reads and writes is left alone.

use crate::capped::Text;
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::news::{Expected, News, Place};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rsh",
    about: About {
        name: "rsh and rexec",
        specification: "rshd(8), rexecd(8)",
        evidence: "a client's port in digits and three texts, each before a NUL",
        limits: "what commands read and write is passed over; without the port for errors the two can't be told apart",
        ports: &[514],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0..=0, b'0'..=b'9'], server: &[0..=1] },
    probe,
    open: |_: &Opening| Box::new(Rsh::default()),
};

/// Here.
pub static CLIENT_USER: Field = Field::text("client_user", "the user on the client's host", "rshd(8)");
/// There.
pub static USER: Field = Field::text("user", "the user on the server", "rshd(8), rexecd(8)");
/// What is run.
pub static COMMAND: Field = Field::text("command", "the command", "rshd(8), rexecd(8)").long();
/// The port for errors.
pub static ERROR_PORT: Field =
    Field::number("error_port", "where the client listens for the command's errors", "rshd(8)");
/// Why not.
pub static ERROR: Field = Field::text("error", "why the server refused", "rshd(8), rexecd(8)");

/// The element.
pub static ELEMENT: Element = Element {
    name: "rsh",
    meaning: "remote shell and remote execution",
    fields: &[&CLIENT_USER, &USER, &COMMAND, &ERROR_PORT, &ERROR],
};

/// The longest user name or password.
const TEXT_BYTES: usize = 64;
/// The longest command.
const COMMAND_BYTES: usize = 4096;
/// The longest line of refusal.
const ERROR_BYTES: usize = 256;
/// Ports below this are for the system's own programs.
const UNPRIVILEGED: u16 = 1024;

/// The lowest port that error output is awaited at.
const LEAST_PORT: u16 = 512;

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, sample.bytes) {
        // What may begin anything; the client has to tell.
        (Role::Server, [0, ..]) => Verdict::NeedMore,
        (Role::Server, [1, text @ ..]) => {
            let fits = text.iter().all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | 0x20..=0x7e | 0x80..));
            if fits { Verdict::NeedMore } else { Verdict::Reject }
        }
        (Role::Server, _) => Verdict::Reject,
        (Role::Client, bytes) => match Request::read(bytes) {
            Read::Whole(request) if request.is_sane() => {
                if request.port.is_some() {
                    Verdict::Match
                } else {
                    Verdict::Likely
                }
            }
            Read::Short => Verdict::NeedMore,
            Read::Whole(_) | Read::Wrong => Verdict::Reject,
        },
    }
}

/// What reading the request came to.
enum Read<'a> {
    Whole(Request<'a>),
    Short,
    Wrong,
}

/// The client's request.
struct Request<'a> {
    port: Option<u16>,
    first: &'a [u8],
    second: &'a [u8],
    command: &'a [u8],
    length: usize,
}

impl<'a> Request<'a> {
    fn read(bytes: &'a [u8]) -> Read<'a> {
        let mut reader = Reader::new(bytes);
        let mut parts = [&[][..]; 4];
        for (part, cap) in parts.iter_mut().zip([5, TEXT_BYTES, TEXT_BYTES, COMMAND_BYTES]) {
            let rest = reader.rest();
            let within = rest.get(..=cap).unwrap_or(rest);
            let end = memchr::memchr(0, within);
            let text = within.get(..end.unwrap_or(within.len())).unwrap_or_default();
            let fits = match cap {
                5 => text.iter().all(u8::is_ascii_digit),
                TEXT_BYTES => text.iter().all(u8::is_ascii_graphic),
                _ => text.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..)),
            };
            match end {
                _ if !fits => return Read::Wrong,
                None if within.len() > cap => return Read::Wrong,
                None => return Read::Short,
                Some(end) => {
                    *part = reader.take(end).unwrap_or_default();
                    reader.skip(1);
                }
            }
        }
        let [port, first, second, command] = parts;
        let port = std::str::from_utf8(port).ok().and_then(|port| port.parse().ok()).filter(|port| *port != 0);
        Read::Whole(Self { port, first, second, command, length: bytes.len().saturating_sub(reader.len()) })
    }

    /// Whether it has what every request has. A terminal's type with its speed instead of a command is rlogin's.
    fn is_sane(&self) -> bool {
        let mut halves = self.command.rsplitn(2, |byte| *byte == b'/');
        let speed = halves.next().is_some_and(|speed| !speed.is_empty() && speed.iter().all(u8::is_ascii_digit));
        let terminal = speed && halves.next().is_some() && !self.command.contains(&b' ') && self.port.is_none();
        // Without a port it begins with a zero, as rows of numbers do, between which single bytes may look like letters.
        // A port is one that is made for the moment, reserved (RFC 1282's rresvport begins at 512) or not.
        if self.port.is_some_and(|port| port < LEAST_PORT) {
            return false;
        }
        let named = self.port.is_some() || [self.first, self.second, self.command].iter().all(|text| text.len() > 1);
        !self.first.is_empty() && !self.command.is_empty() && named && !terminal
    }
}

#[derive(Debug, Default)]
struct Rsh {
    asked: bool,
    rexec: bool,
    client_user: Text,
    user: Text,
    password: bool,
    command: Text,
    port: Option<u16>,
    error: Text,
    news: Option<News>,
}

impl Rsh {
    fn request(&mut self, request: &Request<'_>) {
        self.asked = true;
        self.port = request.port;
        self.command = Text::long(request.command);
        match request.port {
            Some(..UNPRIVILEGED) => {
                self.client_user = Text::new(request.first);
                self.user = Text::new(request.second);
            }
            Some(_) => {
                self.rexec = true;
                self.user = Text::new(request.first);
                self.password = !request.second.is_empty();
            }
            None => self.user = Text::new(request.first),
        }
        self.news = request.port.map(|port| {
            News::Expect(Expected {
                transport: Transport::Tcp,
                at: Place::Port(Role::Client, port),
                peer: Some(Role::Server),
                app: if self.rexec { "rexec" } else { "rsh" },
                file: None,
            })
        });
    }
}

impl Dissector for Rsh {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        let more = Step::NeedMore(bytes.len().saturating_add(1));
        match chunk.role {
            Role::Client if self.asked => Step::Consumed(bytes.len()),
            Role::Client => match Request::read(bytes) {
                Read::Whole(request) => {
                    self.request(&request);
                    Step::Consumed(request.length)
                }
                Read::Short => more,
                Read::Wrong => Step::Violation,
            },
            Role::Server => match bytes {
                [1, text @ ..] => {
                    let Some(end) = memchr::memchr(b'\n', text.get(..ERROR_BYTES).unwrap_or(text)) else {
                        return if text.len() < ERROR_BYTES { more } else { Step::Done };
                    };
                    self.error = Text::new(text.get(..end).unwrap_or_default().trim_ascii());
                    Step::Done
                }
                // Granted; what follows is the command's.
                _ if self.asked => Step::Done,
                _ => Step::Violation,
            },
        }
    }

    fn app(&self) -> Option<&'static str> {
        self.rexec.then_some("rexec")
    }

    fn facts(&self, out: &mut Facts) {
        if self.password {
            out.flag(Flag::CleartextPassword);
        }
        out.user(&self.user);
        let mut rsh = out.element(&ELEMENT);
        rsh.text(&CLIENT_USER, &self.client_user);
        rsh.text(&USER, &self.user);
        rsh.text(&COMMAND, &self.command);
        if let Some(port) = self.port {
            rsh.number(&ERROR_PORT, u64::from(port));
        }
        rsh.text(&ERROR, &self.error);
    }

    fn news(&mut self) -> Option<News> {
        self.news.take()
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.client_user, &self.user, &self.command, &self.error];
        size_of::<Self>() + texts.into_iter().map(Text::heap_bytes).sum::<usize>()
    }
}
