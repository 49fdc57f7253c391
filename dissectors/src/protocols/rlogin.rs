//! rlogin: a terminal on a host that trusts its clients (RFC 1282).
//!
//! ```text
//! client   00 user-there NUL user-here NUL terminal/speed NUL
//! server   00
//! client   ff ff 's' 's' rows:2 columns:2 width:2 height:2      its window, whenever it changes
//! ```
//!
//! Recognised by the client's opening, with the terminal's speed in digits. What is typed at a prompt for a name or a password is treated as
//! in Telnet ([`crate::terminal`]), for so many bytes of the server's text ([`LOGIN_BYTES`]). The names: first the user on the client's
//! host, then the one asked for on the server.

use crate::capped::Text;
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::terminal::Logins;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rlogin",
    about: About {
        name: "rlogin",
        specification: "RFC 1282",
        evidence: "the client's opening: two names, a terminal and its speed in digits",
        limits: "what is typed besides a name is never told",
        ports: &[513],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |_: &Opening| Box::new(Rlogin::default()),
};

/// Here.
pub static CLIENT_USER: Field = Field::text("client_user", "the user on the client's host", "RFC 1282");
/// There.
pub static USER: Field = Field::text("user", "the user asked for on the server", "RFC 1282");
/// The terminal.
pub static TERMINAL: Field = Field::text("terminal", "the type of the terminal", "RFC 1282");
/// Its speed.
pub static SPEED: Field = Field::number("speed", "its speed", "RFC 1282").unit("bits a second");
/// Its size.
pub static WIDTH: Field = Field::number("width", "width of its window, as last told", "RFC 1282").unit("characters");
/// Its size.
pub static HEIGHT: Field = Field::number("height", "height of its window, as last told", "RFC 1282").unit("lines");

/// The element.
pub static ELEMENT: Element = Element {
    name: "rlogin",
    meaning: "remote login",
    fields: &[&CLIENT_USER, &USER, &TERMINAL, &SPEED, &WIDTH, &HEIGHT],
};

/// The longest name.
const NAME_BYTES: usize = 64;
/// So much of the server's text is searched for prompts.
const LOGIN_BYTES: u64 = 64 * 1024;
/// A window's size, with what announces it.
const WINDOW_MARK: &[u8] = b"\xff\xffss";
const WINDOW_BYTES: usize = 12;

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, sample.bytes) {
        // A NUL, alone or before text, is what many servers may begin with; the client has to tell.
        (Role::Server, [0, rest @ ..]) if !rest.iter().any(|byte| matches!(byte, 1..=6 | 0x0e..=0x1a)) => {
            Verdict::NeedMore
        }
        (Role::Server, _) => Verdict::Reject,
        (Role::Client, bytes) => match Greeting::read(bytes) {
            Some(Ok(_)) => Verdict::Match,
            Some(Err(())) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
    }
}

/// The client's opening.
struct Greeting<'a> {
    client_user: &'a [u8],
    user: &'a [u8],
    terminal: &'a [u8],
    speed: u64,
    length: usize,
}

impl<'a> Greeting<'a> {
    /// `None`: too few bytes; an error: no opening.
    fn read(bytes: &'a [u8]) -> Option<Result<Self, ()>> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != 0 {
            return Some(Err(()));
        }
        let mut names = [&[][..]; 3];
        for name in &mut names {
            let within = reader.rest().get(..NAME_BYTES).unwrap_or(reader.rest());
            let Some(end) = memchr::memchr(0, within) else {
                let fits = within.len() < NAME_BYTES && within.iter().all(u8::is_ascii_graphic);
                return if fits { None } else { Some(Err(())) };
            };
            *name = reader.take(end)?;
            reader.skip(1)?;
            if !name.iter().all(u8::is_ascii_graphic) {
                return Some(Err(()));
            }
        }
        let [client_user, user, terminal] = names;
        let mut parts = terminal.splitn(2, |byte| *byte == b'/');
        let (terminal, speed) = (parts.next()?, parts.next().unwrap_or_default());
        let digits = (1..=7).contains(&speed.len()) && speed.iter().all(u8::is_ascii_digit);
        if user.is_empty() || terminal.is_empty() || !digits {
            return Some(Err(()));
        }
        let speed = speed.iter().fold(0, |speed, digit| speed * 10 + u64::from(digit.saturating_sub(b'0')));
        Some(Ok(Self { client_user, user, terminal, speed, length: bytes.len().saturating_sub(reader.len()) }))
    }
}

#[derive(Debug, Default)]
struct Rlogin {
    opened: bool,
    client_user: Text,
    user: Text,
    terminal: Text,
    speed: u64,
    window: Option<(u16, u16)>,
    logins: Logins,
    text_bytes: u64,
}

impl Dissector for Rlogin {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match chunk.role {
            Role::Server => {
                for byte in chunk.bytes {
                    self.logins.server(*byte);
                }
                self.text_bytes = self.text_bytes.saturating_add(chunk.bytes.len() as u64);
                if self.text_bytes > LOGIN_BYTES { Step::Done } else { Step::Consumed(chunk.bytes.len()) }
            }
            Role::Client if !self.opened => match Greeting::read(chunk.bytes) {
                Some(Ok(greeting)) => {
                    self.opened = true;
                    self.client_user = Text::new(greeting.client_user);
                    self.user = Text::new(greeting.user);
                    self.terminal = Text::new(greeting.terminal);
                    self.speed = greeting.speed;
                    Step::Consumed(greeting.length)
                }
                Some(Err(())) => Step::Violation,
                None => Step::NeedMore(chunk.bytes.len().saturating_add(1)),
            },
            Role::Client => self.typed(chunk.bytes),
        }
    }

    fn facts(&self, out: &mut Facts) {
        if self.logins.password() {
            out.flag(Flag::CleartextPassword);
        }
        out.user(self.logins.last_name().unwrap_or(&self.user));
        let mut rlogin = out.element(&ELEMENT);
        rlogin.text(&CLIENT_USER, &self.client_user);
        rlogin.text(&USER, &self.user);
        rlogin.text(&TERMINAL, &self.terminal);
        if self.opened {
            rlogin.number(&SPEED, self.speed);
        }
        if let Some((width, height)) = self.window {
            rlogin.number(&WIDTH, u64::from(width));
            rlogin.number(&HEIGHT, u64::from(height));
        }
    }

    fn heap_bytes(&self) -> usize {
        let texts = [&self.client_user, &self.user, &self.terminal];
        size_of::<Self>() + self.logins.heap_bytes() + texts.into_iter().map(Text::heap_bytes).sum::<usize>()
    }
}

impl Rlogin {
    /// Takes one character, or a window's size.
    fn typed(&mut self, bytes: &[u8]) -> Step {
        let mark = WINDOW_MARK.iter().zip(bytes).take_while(|(wanted, byte)| wanted == byte).count();
        if mark == bytes.len().min(WINDOW_MARK.len()) {
            let Some(message) = bytes.get(WINDOW_MARK.len()..WINDOW_BYTES) else {
                return Step::NeedMore(WINDOW_BYTES.min(bytes.len().saturating_add(1)));
            };
            let mut reader = Reader::new(message);
            if let (Some(rows), Some(columns)) = (reader.be_u16(), reader.be_u16()) {
                self.window = Some((columns, rows));
            }
            return Step::Consumed(WINDOW_BYTES);
        }
        let plain = memchr::memchr(0xff, bytes).unwrap_or(bytes.len()).max(1);
        for byte in bytes.iter().take(plain) {
            self.logins.client(*byte);
        }
        Step::Consumed(plain)
    }
}
