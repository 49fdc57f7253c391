//! Telnet: a terminal in clear (RFC 854, RFC 855 and the options' own).
//!
//! ```text
//! ff fb option     WILL      ff fc  WONT      ff fd  DO      ff fe  DONT
//! ff fa option ... ff f0     subnegotiation; ff ff inside and outside is a byte ff
//! ```
//!
//! Recognised by option negotiation at the very beginning, which is the only thing that tells it from any other text. Told: options, the
//! terminal's type and size, the name typed at a login prompt ([`crate::terminal`]) or sent as `USER` (RFC 1572). After
//! [`LOGIN_BYTES`] of the server's text nothing more is looked at. Limits: [`VALUE_BYTES`] of a subnegotiation. Ignored on purpose:
//! what is typed besides, passwords above all; authentication and encryption by option (RFC 2941, 2946).

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::terminal::Logins;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "telnet",
    about: About {
        name: "Telnet",
        specification: "RFC 854, RFC 855",
        evidence: "option negotiation at the very beginning",
        limits: "what is typed besides a name is never told; text alone is not claimed",
        ports: &[23, 992],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[IAC..=IAC]),
    probe,
    open: |_: &Opening| Box::new(Telnet::default()),
};

/// Who.
pub static USER: Field = Field::text("user", "names typed at login prompts", "RFC 854, RFC 1572").list();
/// Refusals.
pub static FAILURES: Field = Field::number("failures", "logins that the server refused", "RFC 854");
/// The terminal.
pub static TERMINAL: Field = Field::text("terminal", "types of terminal that the client names", "RFC 1091").list();
/// The window.
pub static WIDTH: Field = Field::number("width", "width of its window, as last told", "RFC 1073").unit("characters");
/// The window.
pub static HEIGHT: Field = Field::number("height", "height of its window, as last told", "RFC 1073").unit("lines");
/// Its speed.
pub static SPEED: Field = Field::text("speed", "its speeds, to and from it, in bits a second", "RFC 1079");
/// What the client can do.
pub static CLIENT_OPTIONS: Field =
    Field::text("client_options", "options that the client offers for itself", "RFC 855").list();
/// What the server can do.
pub static SERVER_OPTIONS: Field =
    Field::text("server_options", "options that the server offers for itself", "RFC 855").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "telnet",
    meaning: "Telnet",
    fields: &[&USER, &FAILURES, &TERMINAL, &WIDTH, &HEIGHT, &SPEED, &CLIENT_OPTIONS, &SERVER_OPTIONS],
};

const IAC: u8 = 0xff;
const DONT: u8 = 0xfe;
const DO: u8 = 0xfd;
const WILL: u8 = 0xfb;
const SB: u8 = 0xfa;
const SE: u8 = 0xf0;

const ECHO: u8 = 1;
const TERMINAL_TYPE: u8 = 24;
const WINDOW_SIZE: u8 = 31;
const TERMINAL_SPEED: u8 = 32;
const X_DISPLAY: u8 = 35;
const OLD_ENVIRONMENT: u8 = 36;
const ENVIRONMENT: u8 = 39;

/// The part of a subnegotiation that is kept.
const VALUE_BYTES: usize = 512;
/// So much of the server's text is searched for prompts.
const LOGIN_BYTES: u64 = 256 * 1024;
/// More commands than anybody begins with.
const MOST_COMMANDS: usize = 64;

fn probe(sample: &Sample<'_>) -> Verdict {
    let mut rest = sample.bytes;
    let mut commands = 0usize;
    while let [IAC, after @ ..] = rest {
        rest = match after {
            [] => return so_far(commands),
            [verb @ WILL..=DONT, after @ ..] => match after {
                [] => return so_far(commands),
                [option, after @ ..] if is_option(*option) && fits_role(sample.role, *verb, *option) => after,
                _ => return Verdict::Reject,
            },
            [SB, option, after @ ..] if is_option(*option) => match memchr::memmem::find(after, &[IAC, SE]) {
                Some(end) => after.get(end.saturating_add(2)..).unwrap_or_default(),
                None => return if commands > 1 { Verdict::Match } else { Verdict::NeedMore },
            },
            [SB] => return so_far(commands),
            // No operation, are you there, go ahead: never the first.
            [0xf1 | 0xf6 | 0xf9, after @ ..] if commands > 0 => after,
            _ => return Verdict::Reject,
        };
        commands = commands.saturating_add(1);
        if commands >= MOST_COMMANDS {
            break;
        }
    }
    let text = |byte: &u8| matches!(byte, 0 | 7..=13 | 0x1b | 0x20..=0x7e | 0x80..);
    match commands {
        0 if rest.is_empty() => Verdict::NeedMore,
        0 => Verdict::Reject,
        1 if !rest.iter().all(text) || rest.contains(&0) => Verdict::Reject,
        1 => Verdict::Likely,
        _ => Verdict::Match,
    }
}

/// The verdict after so many whole commands and a part of one.
fn so_far(commands: usize) -> Verdict {
    match commands {
        0 => Verdict::NeedMore,
        1 => Verdict::Likely,
        _ => Verdict::Match,
    }
}

/// Options that were ever given a number (IANA's list).
const fn is_option(option: u8) -> bool {
    matches!(option, 0..=49 | 85 | 86 | 138..=140 | 200 | 201)
}

/// A terminal is at the client's end, and its echo comes from the server.
const fn fits_role(role: Role, verb: u8, option: u8) -> bool {
    let of_client =
        matches!(option, TERMINAL_TYPE | WINDOW_SIZE | TERMINAL_SPEED | X_DISPLAY | OLD_ENVIRONMENT | ENVIRONMENT);
    match (role, verb) {
        (Role::Client, WILL) => option != ECHO,
        (Role::Client, DO) | (Role::Server, WILL) => !of_client,
        _ => true,
    }
}

/// Where one side is in its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    /// After IAC.
    Command,
    /// After a verb.
    Option(u8),
    /// After SB.
    Sub,
    /// In a subnegotiation.
    Value,
    /// After IAC in one.
    ValueCommand,
}

#[derive(Debug, Default)]
struct Lane {
    place: Place,
    /// What a subnegotiation holds: its option first.
    value: Vec<u8>,
    offers: List<u8>,
}

#[derive(Debug, Default)]
struct Telnet {
    lanes: [Lane; 2],
    logins: Logins,
    text_bytes: u64,
    user: Option<Text>,
    terminals: List<Text>,
    window: Option<(u16, u16)>,
    speed: Text,
}

impl Telnet {
    fn byte(&mut self, role: Role, byte: u8) {
        let Some(lane) = self.lanes.get_mut(role.index()) else {
            return;
        };
        lane.place = match (lane.place, byte) {
            (Place::Text, IAC) => Place::Command,
            (Place::Command, IAC) | (Place::Text, _) => {
                lane.place = Place::Text;
                return self.text(role, byte);
            }
            (Place::Command, WILL..=DONT) => Place::Option(byte),
            (Place::Command, SB) => Place::Sub,
            (Place::Command, _) => Place::Text,
            (Place::Option(verb), option) => {
                if verb == WILL {
                    lane.offers.push_distinct(option);
                }
                Place::Text
            }
            (Place::Sub, option) => {
                lane.value.clear();
                lane.value.push(option);
                Place::Value
            }
            (Place::Value, IAC) => Place::ValueCommand,
            (Place::ValueCommand, SE) => {
                lane.place = Place::Text;
                let value = std::mem::take(&mut lane.value);
                self.value(role, &value);
                return;
            }
            (Place::Value | Place::ValueCommand, _) => {
                if lane.value.len() < VALUE_BYTES {
                    lane.value.push(byte);
                }
                Place::Value
            }
        };
    }

    fn text(&mut self, role: Role, byte: u8) {
        match role {
            Role::Client => self.logins.client(byte),
            Role::Server => {
                self.text_bytes = self.text_bytes.saturating_add(1);
                self.logins.server(byte);
            }
        }
    }

    /// A subnegotiation has ended.
    fn value(&mut self, role: Role, value: &[u8]) {
        match value {
            _ if role == Role::Server => {}
            [TERMINAL_TYPE, 0, name @ ..] => self.terminals.push_distinct(Text::new(name)),
            [TERMINAL_SPEED, 0, speed @ ..] => self.speed = Text::new(speed),
            // Zero says that the client does not know.
            [WINDOW_SIZE, 0, 0, ..] => {}
            [WINDOW_SIZE, a, b, c, d] => {
                self.window = Some((u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])));
            }
            [OLD_ENVIRONMENT | ENVIRONMENT, 0 | 2, variables @ ..] => {
                if let Some(user) = user_of(variables) {
                    self.user = Some(Text::new(user));
                }
            }
            _ => {}
        }
    }
}

/// `USER` among variables, each `0 name 1 value` (3 instead of 0: not a well-known one).
fn user_of(variables: &[u8]) -> Option<&[u8]> {
    variables
        .split(|byte| matches!(byte, 0 | 3))
        .find_map(|variable| variable.strip_prefix(b"USER\x01"))
        .filter(|user| !user.is_empty())
}

impl Dissector for Telnet {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        for byte in chunk.bytes {
            if self.text_bytes >= LOGIN_BYTES {
                return Step::Done;
            }
            self.byte(chunk.role, *byte);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        if self.logins.password() {
            out.flag(Flag::CleartextPassword);
        }
        if let Some(user) = self.logins.last_name().or(self.user.as_ref()) {
            out.user(user);
        }
        let mut telnet = out.element(&ELEMENT);
        let names = self.user.iter().chain(self.logins.names().items());
        telnet.list(&USER, names, self.logins.names().omitted());
        if self.logins.failures() > 0 {
            telnet.number(&FAILURES, self.logins.failures());
        }
        telnet.texts(&TERMINAL, &self.terminals);
        if let Some((width, height)) = self.window {
            telnet.number(&WIDTH, u64::from(width));
            telnet.number(&HEIGHT, u64::from(height));
        }
        telnet.text(&SPEED, &self.speed);
        let [client, server] = &self.lanes;
        for (field, lane) in [(&CLIENT_OPTIONS, client), (&SERVER_OPTIONS, server)] {
            let names = lane.offers.items().iter().map(|option| option_name(*option));
            telnet.list(field, names, lane.offers.omitted());
        }
    }

    fn heap_bytes(&self) -> usize {
        let lanes = self.lanes.iter().map(|lane| lane.value.capacity() + lane.offers.items().len()).sum::<usize>();
        let terminals = self.terminals.items().iter().map(|name| size_of::<Text>() + name.heap_bytes()).sum::<usize>();
        size_of::<Self>() + self.logins.heap_bytes() + lanes + terminals + self.speed.heap_bytes()
    }
}

fn option_name(option: u8) -> &'static str {
    match option {
        0 => "binary",
        ECHO => "echo",
        3 => "suppress_go_ahead",
        5 => "status",
        6 => "timing_mark",
        TERMINAL_TYPE => "terminal_type",
        25 => "end_of_record",
        WINDOW_SIZE => "window_size",
        TERMINAL_SPEED => "terminal_speed",
        33 => "remote_flow_control",
        34 => "linemode",
        X_DISPLAY => "x_display",
        OLD_ENVIRONMENT => "old_environment",
        37 => "authentication",
        38 => "encryption",
        ENVIRONMENT => "environment",
        40 => "tn3270e",
        42 => "charset",
        44 => "com_port",
        46 => "start_tls",
        70 => "mssp",
        85 | 86 => "compress",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination: Ipv4Addr::LOCALHOST.into() })
    }

    #[test]
    fn one_command_is_no_proof_and_two_are() {
        assert_eq!(verdict(Role::Server, b"\xff\xfd\x18"), Verdict::Likely);
        assert_eq!(verdict(Role::Server, b"\xff\xfd\x18\xff\xfd\x20"), Verdict::Match);
        assert_eq!(verdict(Role::Client, b"\xff\xfd\x18"), Verdict::Reject);
    }

    #[test]
    fn other_bytes_that_begin_with_ff_are_rejected() {
        for other in [
            &b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x1d\x01"[..], // BGP
            b"\xff\xd8\xff\xe0\x00\x10JFIF",                                                      // JPEG
            b"\xff\xfb\x90\x64\x00\x00",                                                          // MP3
            b"\xff\xfe<\x00h\x00",                                                                // UTF-16
        ] {
            assert_eq!(verdict(Role::Server, other), Verdict::Reject, "{other:02x?}");
        }
    }
}
