//! Tank gauges of filling stations over TCP (Veeder-Root TLS-300 and TLS-350, serial interface manual 576013-635).
//!
//! ```text
//! command   01 [security code:6] I (inquire) or S (set), function:3 in hexadecimal, tank:2 [data] [CR] [LF]
//! answer    01 CR LF the command CR LF date and time ... CR LF station ... 03      (or, in computer format, i and s)
//! refusal   01 9999FF1B 03
//! ```
//!
//! Limits: a line of [`LINE`] bytes. A gap ends the session's facts. Ignored on purpose: what tanks hold; security codes, which are flagged.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};

const SOURCE: &str = "Veeder-Root 576013-635";

static FUNCTION: Field =
    Field::text("function", "functions asked for, with how often: `I201:1`", SOURCE).list().items(NAMES);
static MEANING: Field = Field::text("meaning", "what those are that are known: `in-tank inventory`", SOURCE).list();
static STATION: Field = Field::text("station", "what answers say of the station, the first line", SOURCE);
static SETS: Field = Field::number("sets", "how often something was set", SOURCE);

static ELEMENT: Element = Element {
    name: "atg",
    meaning: "tank gauges of filling stations",
    fields: &[&FUNCTION, &MEANING, &STATION, &SETS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "atg",
    about: About {
        name: "Tank gauges (Veeder-Root TLS)",
        specification: "Veeder-Root 576013-635",
        evidence: "a function code behind SOH, and the answer that repeats it",
        limits: "what tanks hold is not told; a gap ends the facts",
        ports: &[10001],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[BEGIN..=BEGIN]),
    probe,
    open: |_| Box::new(Atg::default()),
};

/// What a message begins with, and what ends an answer.
const BEGIN: u8 = 0x01;
const END: u8 = 0x03;
/// Bytes of a command without its security code, and of that.
const COMMAND: usize = 6;
const SECURITY: usize = 6;
/// The longest line that is looked at.
const LINE: usize = 256;
/// What answers a command that is not known.
const REFUSAL: &[u8] = b"9999FF1B";

/// Whether these bytes may begin a command, such as `I20100`.
fn begins(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|kind| matches!(kind.to_ascii_uppercase(), b'I' | b'S'))
        && bytes.iter().take(4).skip(1).all(u8::is_ascii_hexdigit)
        && bytes.iter().take(COMMAND).skip(4).all(u8::is_ascii_digit)
}

/// The command that bytes begin with.
fn command(bytes: &[u8]) -> Option<&[u8; COMMAND]> {
    bytes.first_chunk::<COMMAND>().filter(|command| begins(*command))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let Some(rest) = sample.bytes.strip_prefix(&[BEGIN]) else { return Verdict::Reject };
    if sample.role == Role::Server {
        // The two line ends, then the command again.
        let refused = REFUSAL.iter().zip(rest).all(|(wanted, byte)| wanted == byte);
        let fits =
            b"\r\n".iter().zip(rest).all(|(wanted, byte)| wanted == byte) && begins(rest.get(2..).unwrap_or_default());
        return match rest.get(2..).and_then(command) {
            Some(_) if fits => Verdict::Match,
            _ if refused && rest.len() >= REFUSAL.len() => Verdict::Likely,
            _ if fits || refused => Verdict::NeedMore,
            _ if begins(rest) => {
                if rest.len() < COMMAND {
                    Verdict::NeedMore
                } else {
                    Verdict::Likely
                }
            }
            _ => Verdict::Reject,
        };
    }
    match command(rest) {
        // Only what follows tells that no longer word begins so.
        Some(_) => match rest.get(COMMAND) {
            None | Some(b'\r' | b'\n') => Verdict::Likely,
            Some(byte) if byte.is_ascii_graphic() => Verdict::NeedMore,
            Some(_) => Verdict::Reject,
        },
        None if begins(rest) && rest.len() < COMMAND => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Atg {
    functions: Tally<[u8; 4]>,
    meanings: List<&'static str>,
    station: Text,
    /// Lines of the answer so far; the third of text is the station's.
    lines: u8,
    sets: u64,
    secured: bool,
}

impl Atg {
    fn command(&mut self, command: [u8; COMMAND]) {
        let [kind, a, b, c, ..] = command;
        let name = [kind, a, b, c].map(|byte| byte.to_ascii_uppercase());
        self.functions.count(name);
        if kind.eq_ignore_ascii_case(&b'S') {
            counts::more(&mut self.sets);
        }
        if let Some(meaning) = meaning(&name) {
            self.meanings.push_distinct(meaning);
        }
    }
}

impl Dissector for Atg {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Server {
            let within = chunk.bytes.get(..LINE).unwrap_or(chunk.bytes);
            let Some(end) = within.iter().position(|byte| matches!(byte, b'\n' | &END)) else {
                return if within.len() < LINE { Step::NeedMore(within.len() + 1) } else { Step::Done };
            };
            let line = within.get(..end).unwrap_or_default().trim_ascii();
            if line.contains(&BEGIN) {
                self.lines = 0;
            }
            let text = line.iter().filter(|byte| byte.is_ascii_graphic()).count();
            if text > 0 && self.lines < u8::MAX {
                self.lines += 1;
                if self.lines == 3 && self.station.is_empty() {
                    self.station = Text::new(line);
                }
            }
            return Step::Consumed(end + 1);
        }
        let Some(begin) = chunk.bytes.iter().position(|byte| *byte == BEGIN) else {
            return Step::Consumed(chunk.bytes.len());
        };
        let rest = chunk.bytes.get(begin + 1..).unwrap_or_default();
        if let Some(command) = command(rest) {
            self.command(*command);
            return Step::Consumed(begin + 1 + COMMAND);
        }
        if rest.len() < COMMAND && begins(rest) {
            return Step::NeedMore(begin + 1 + COMMAND);
        }
        if rest.len() < COMMAND + SECURITY {
            return Step::NeedMore(begin + 1 + COMMAND + SECURITY);
        }
        if let Some(command) = rest.get(SECURITY..).and_then(command) {
            self.secured = true;
            self.command(*command);
        }
        Step::Consumed(begin + 1)
    }

    fn facts(&self, out: &mut Facts) {
        if self.secured {
            out.flag(Flag::CleartextPassword);
        }
        let mut element = out.element(&ELEMENT);
        self.functions.write(&mut element, &FUNCTION, |name| String::from_utf8_lossy(name).into_owned());
        element.list(&MEANING, self.meanings.items().iter().copied(), self.meanings.omitted());
        element.text(&STATION, &self.station);
        counts::write_count(&mut element, &SETS, self.sets);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.functions.heap_bytes() + counts::list_bytes(&self.meanings) + self.station.heap_bytes()
    }
}

/// What a function is.
const fn meaning(name: &[u8; 4]) -> Option<&'static str> {
    Some(match name {
        b"I201" => "in-tank inventory",
        b"I202" => "in-tank delivery",
        b"I203" => "in-tank leak detection",
        b"I204" => "in-tank shift inventory",
        b"I205" => "in-tank status",
        b"I206" => "in-tank alarm history",
        b"I207" => "in-tank leak test history",
        b"I20C" => "in-tank most recent delivery",
        b"I101" => "system status",
        b"I102" => "system configuration",
        b"I111" => "priority alarm history",
        b"I112" => "non-priority alarm history",
        b"I301" => "liquid sensor status",
        b"I501" | b"S501" => "time of day",
        b"I602" | b"S602" => "tank product label",
        b"I902" => "system revision",
        _ => return None,
    })
}
