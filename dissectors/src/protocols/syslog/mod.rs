//! Syslog, over UDP and over TCP.
//!
//! Specifications: RFC 3164 (the old form, as found), RFC 5424 (the new one), RFC 5426 (UDP), RFC 6587 (TCP: each message behind its length in
//! decimal digits, or ended by a line feed; RFC 5425 has the first inside TLS). [`message`] has the layout.
//!
//! ```text
//! UDP                one message a datagram
//! TCP, counted       length SP message length SP message ...
//! TCP, framed        message LF message LF ...
//! ```
//!
//! A message with a date, or in the new form, proves syslog; a priority before any other text only fits, and is believed where nothing but
//! text follows. Only senders speak: what a receiver answers is not syslog (RELP is another protocol).
//!
//! Limits: the first [`MESSAGES`] messages with up to 256 bytes each; of a longer one over TCP the first [`READ_BYTES`] are read.
//! Of all messages the gravest severity is told.

mod message;

use crate::capped::{LIST_CAP, List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Lines, Next, decimal};
use crate::protocol::{
    About, Chunk, Dissector, FirstBytes, Opening, PROBE_BYTES, Protocol, Role, Sample, Step, Transport, Verdict,
};
use message::{Form, Message};

/// The messages that are told.
pub const MESSAGES: usize = LIST_CAP;
/// How much of a message over TCP is read.
const READ_BYTES: usize = 8192;
/// The longest length before a counted message, in digits.
const COUNT_DIGITS: usize = 7;

static COUNT: Field = Field::number("messages", "messages", "RFC 5424 6");
static FORMAT: Field =
    Field::text("format", "`rfc5424`, `rfc3164` or `bare`, as the first message has it", "RFC 5424 6");
static FRAMING: Field = Field::text("framing", "over TCP: `counted` or `lines`", "RFC 6587 3.4");
static FACILITY: Field =
    Field::number("facility", "facility of each message told, by its number", "RFC 5424 6.2.1").aligned();
static LEVEL: Field =
    Field::number("level", "severity of each message told, by its number", "RFC 5424 6.2.1").aligned();
static SEVERITY: Field = Field::text("severity", "the same by its name", "RFC 5424 6.2.1").aligned();
static HOST: Field = Field::text("host", "host that the message says it is from", "RFC 5424 6.2.4").aligned();
static APP: Field = Field::text("app", "program that the message says it is from", "RFC 5424 6.2.5").aligned();
static MESSAGE: Field = Field::text("message", "what follows the priority", "RFC 5424 6").aligned();
static WORST: Field = Field::text("worst", "the gravest severity of all messages", "RFC 5424 6.2.1");

static ELEMENT: Element = Element {
    name: "syslog",
    meaning: "syslog messages",
    fields: &[&COUNT, &FORMAT, &FRAMING, &WORST, &FACILITY, &LEVEL, &SEVERITY, &HOST, &APP, &MESSAGE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "syslog",
    about: About {
        name: "Syslog over UDP and TCP",
        specification: "RFC 3164, RFC 5424, RFC 5426, RFC 6587",
        evidence: "a priority with a date, or the form of RFC 5424",
        limits: "the first messages only are told, and of each 256 bytes; RELP is another protocol",
        ports: &[514, 601, 1514, 5514, 6514],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'<'..=b'<', b'1'..=b'9'], server: &[] },
    probe,
    open: |opening: &Opening| Box::new(Syslog { stream: opening.transport == Transport::Tcp, ..Syslog::default() }),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return Verdict::Reject;
    }
    if sample.transport == Transport::Udp {
        return match judge(sample.bytes) {
            Verdict::NeedMore => Verdict::Reject,
            verdict => verdict,
        };
    }
    match sample.bytes.first() {
        Some(b'<') => {
            let end = memchr::memchr(b'\n', sample.bytes);
            let line = end.and_then(|end| sample.bytes.get(..end));
            match (judge(line.unwrap_or(sample.bytes)), line) {
                // Without its end it may still become anything.
                (Verdict::Likely, None) if sample.bytes.len() < PROBE_BYTES => Verdict::NeedMore,
                (verdict, _) => verdict,
            }
        }
        _ => match counted(sample.bytes) {
            Some(Count::Known(_, rest)) => match judge(rest) {
                // A number, a priority and a text: too little.
                Verdict::Likely => Verdict::NeedMore,
                verdict => verdict,
            },
            Some(Count::Unknown) => Verdict::NeedMore,
            None => Verdict::Reject,
        },
    }
}

/// What a message, or its beginning, proves.
fn judge(bytes: &[u8]) -> Verdict {
    let Some(message) = message::read(bytes) else {
        // Up to `<191>` nothing can be read.
        let begun = bytes.len() < 5
            && bytes.iter().zip(0..).all(|(byte, at)| if at == 0 { *byte == b'<' } else { byte.is_ascii_digit() });
        return if begun { Verdict::NeedMore } else { Verdict::Reject };
    };
    match message.form {
        Form::Structured | Form::Dated => Verdict::Match,
        Form::Bare if message.content.is_empty() => Verdict::NeedMore,
        Form::Bare if message::is_clean(message.content) => Verdict::Likely,
        Form::Bare => Verdict::Reject,
    }
}

/// The length before a counted message, and what follows it.
enum Count<'a> {
    Known(usize, &'a [u8]),
    Unknown,
}

fn counted(bytes: &[u8]) -> Option<Count<'_>> {
    let within = bytes.get(..=COUNT_DIGITS).unwrap_or(bytes);
    let digits = within.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = bytes.split_at_checked(digits)?;
    if digits > COUNT_DIGITS || number.first() == Some(&b'0') {
        return None;
    }
    match rest.split_first() {
        None => Some(Count::Unknown),
        Some((b' ', rest)) => Some(Count::Known(usize::try_from(decimal(number)?).ok()?, rest)),
        Some(_) => None,
    }
}

/// A message as it is kept.
#[derive(Debug)]
struct Kept {
    priority: u8,
    host: Text,
    app: Text,
    content: Text,
}

#[derive(Debug, Default)]
struct Syslog {
    stream: bool,
    lines: Lines,
    format: Option<Form>,
    counted: Option<bool>,
    count: u64,
    worst: Option<u8>,
    kept: List<Kept, MESSAGES>,
}

impl Syslog {
    fn message(&mut self, message: Message<'_>) {
        self.count = self.count.saturating_add(1);
        self.format.get_or_insert(message.form);
        let severity = message.priority & 7;
        self.worst = Some(self.worst.map_or(severity, |worst| worst.min(severity)));
        self.kept.push_with(|| Kept {
            priority: message.priority,
            host: Text::new(message.host),
            app: Text::new(message.app),
            content: Text::new(message.content),
        });
    }

    fn framed(&mut self, bytes: &[u8]) -> Step {
        match self.lines.next(bytes, READ_BYTES) {
            Next::Line(line, used) => {
                if let Some(message) = message::read(line) {
                    self.message(message);
                } else if !message::is_clean(line) {
                    return Step::Violation;
                }
                Step::Consumed(used)
            }
            Next::Pass(used) => Step::Consumed(used),
            Next::Wait(wanted) => Step::NeedMore(wanted),
        }
    }

    fn counted(&mut self, bytes: &[u8]) -> Step {
        let (length, rest) = match counted(bytes) {
            Some(Count::Known(length, rest)) => (length, rest),
            Some(Count::Unknown) => return Step::NeedMore(bytes.len().saturating_add(1)),
            None => return Step::Violation,
        };
        let header = bytes.len().saturating_sub(rest.len());
        let read = length.min(READ_BYTES);
        let Some((text, rest)) = rest.split_at_checked(read) else {
            return Step::NeedMore(header.saturating_add(read));
        };
        let Some(message) = message::read(text) else {
            return Step::Violation;
        };
        self.message(message);
        let left = length.saturating_sub(read);
        let here = left.min(rest.len());
        if left > here {
            return Step::Skip(left.saturating_sub(here) as u64);
        }
        Step::Consumed(header.saturating_add(read).saturating_add(here))
    }
}

impl Dissector for Syslog {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if role == Role::Server {
            return Step::Consumed(bytes.len());
        }
        if !self.stream {
            if let Some(message) = message::read(bytes) {
                self.message(message);
            }
            return Step::Consumed(bytes.len());
        }
        if *self.counted.get_or_insert(bytes.first() != Some(&b'<')) { self.counted(bytes) } else { self.framed(bytes) }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        // Lines begin anew after the next line feed; lengths can't be found again.
        match (role, self.counted) {
            (Role::Client, Some(true)) => Step::Done,
            (Role::Client, _) => {
                self.lines.lost();
                Step::Consumed(0)
            }
            (Role::Server, _) => Step::Consumed(0),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let (kept, omitted) = (self.kept.items(), self.kept.omitted());
        let mut syslog = out.element(&ELEMENT);
        syslog.number(&COUNT, self.count);
        if let Some(form) = self.format {
            syslog.plain(
                &FORMAT,
                match form {
                    Form::Structured => "rfc5424",
                    Form::Dated => "rfc3164",
                    Form::Bare => "bare",
                },
            );
        }
        if let Some(counted) = self.counted {
            syslog.plain(&FRAMING, if counted { "counted" } else { "lines" });
        }
        if let Some(worst) = self.worst {
            syslog.plain(&WORST, message::severity(worst));
        }
        syslog.list(&FACILITY, kept.iter().map(|kept| u64::from(kept.priority >> 3)), omitted);
        syslog.list(&LEVEL, kept.iter().map(|kept| u64::from(kept.priority & 7)), omitted);
        syslog.list(&SEVERITY, kept.iter().map(|kept| message::severity(kept.priority)), omitted);
        syslog.list(&HOST, kept.iter().map(|kept| &kept.host), omitted);
        syslog.list(&APP, kept.iter().map(|kept| &kept.app), omitted);
        syslog.list(&MESSAGE, kept.iter().map(|kept| &kept.content), omitted);
    }

    fn heap_bytes(&self) -> usize {
        let kept = |kept: &Kept| {
            size_of::<Kept>() + kept.host.heap_bytes() + kept.app.heap_bytes() + kept.content.heap_bytes()
        };
        size_of::<Self>() + self.kept.items().iter().map(kept).sum::<usize>()
    }
}
