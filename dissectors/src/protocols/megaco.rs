//! Megaco: how a call agent rules gateways, as text (ITU-T H.248.1 annex B; RFC 3525).
//!
//! ```text
//! MEGACO/1 [192.0.2.1]:2944    or   !/1 <gateway.example>
//! Transaction = 12 { Context = 3 { Add = A4444 { ... } } }       T=12{C=3{A=A4444{...}}}       Reply, P      Error = 430 { ... }
//! ```
//!
//! The first line with a sender, and the word behind it, prove it. The binary form (annex A) is not recognised.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static VERSION: Field = Field::text("version", "version of the protocol", "H.248.1 B.2");
static SENDER: Field = Field::text("sender", "who sends, each once", "H.248.1 B.2").list();
static MESSAGE: Field = Field::text("message", "kinds of messages, each with how often", "H.248.1 8").list();
static COMMAND: Field = Field::text("command", "commands, each with how often", "H.248.1 7.2").list();
static TERMINATION: Field = Field::text("termination", "what commands are about, each once", "H.248.1 6.2").list();
static ERROR: Field = Field::text("error", "errors, each once", "H.248.8").list();

static ELEMENT: Element = Element {
    name: "megaco",
    meaning: "a gateway that a call agent rules",
    fields: &[&VERSION, &SENDER, &MESSAGE, &COMMAND, &TERMINATION, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "megaco",
    about: About {
        name: "Megaco, H.248",
        specification: "ITU-T H.248.1, RFC 3525",
        evidence: "the first line with a sender and the word behind it",
        limits: "the binary form; media",
        ports: &[2944, 2945],
    },
    transports: &[Transport::Udp, Transport::Sctp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'!'..=b'!', b'M'..=b'M', b'm'..=b'm']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const KINDS: [(&[u8], &str); 8] = [
    (b"transaction", "transaction"),
    (b"t", "transaction"),
    (b"reply", "reply"),
    (b"p", "reply"),
    (b"pending", "pending"),
    (b"pn", "pending"),
    (b"error", "error"),
    (b"er", "error"),
];
const COMMANDS: [(&[u8], &str); 8] = [
    (b"add", "add"),
    (b"modify", "modify"),
    (b"subtract", "subtract"),
    (b"move", "move"),
    (b"auditvalue", "audit-value"),
    (b"auditcapability", "audit-capability"),
    (b"notify", "notify"),
    (b"servicechange", "service-change"),
];
const SHORT: [(&[u8], &str); 8] = [
    (b"a", "add"),
    (b"mf", "modify"),
    (b"s", "subtract"),
    (b"mv", "move"),
    (b"av", "audit-value"),
    (b"ac", "audit-capability"),
    (b"n", "notify"),
    (b"sc", "service-change"),
];
/// How many words of a message are looked at.
const WORDS: usize = 400;

fn named(table: &[(&[u8], &'static str)], word: &[u8]) -> Option<&'static str> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, name)| *name)
}

/// Version, sender and what follows.
fn head(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let rest = bytes.strip_prefix(b"!/").or_else(|| {
        let (word, rest) = bytes.split_at_checked(7)?;
        word.eq_ignore_ascii_case(b"MEGACO/").then_some(rest)
    })?;
    let blank = rest.iter().position(u8::is_ascii_whitespace)?;
    let (version, rest) = rest.split_at_checked(blank)?;
    let rest = rest.trim_ascii_start();
    let end = rest.iter().position(u8::is_ascii_whitespace)?;
    let (sender, rest) = rest.split_at_checked(end)?;
    let number = matches!(version.len(), 1 | 2) && version.iter().all(u8::is_ascii_digit);
    let fits = number && sender.iter().all(|byte| matches!(byte, b'!'..=b'~'));
    fits.then_some((version, sender, rest.trim_ascii_start()))
}

/// Words and what stands between them, one after the other.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let split = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'{' | b'}' | b',');
    text.split(split).filter(|word| !word.is_empty()).take(WORDS)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let kind = head(sample.bytes).and_then(|(_, _, rest)| named(&KINDS, words(rest).next()?));
    match (kind, sample.role) {
        (Some("transaction"), Role::Client) | (Some("reply" | "pending" | "error"), Role::Server) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((version, sender, rest)) = head(message.bytes) else { return true };
    notes.text(&VERSION, version);
    notes.text(&SENDER, sender);
    let mut words = words(rest).peekable();
    if let Some(kind) = words.peek().and_then(|word| named(&KINDS, word)) {
        notes.tally(&MESSAGE, kind.as_bytes());
    }
    let asks = named(&KINDS, words.peek().unwrap_or(&&b""[..])) == Some("transaction");
    while let Some(word) = words.next() {
        let command = named(&COMMANDS, word).or_else(|| named(&SHORT, word));
        if let Some(command) = command.filter(|_| asks) {
            notes.tally(&COMMAND, command.as_bytes());
            notes.text(&TERMINATION, words.next().unwrap_or_default());
        } else if word.eq_ignore_ascii_case(b"error") || word.eq_ignore_ascii_case(b"er") {
            notes.text(&ERROR, words.next().unwrap_or_default());
        }
    }
    true
}
