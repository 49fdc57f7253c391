//! Direct Connect: peers that share files around a hub (NMDC; ADC 1.0).
//!
//! ```text
//! NMDC   hub: $Lock text Pk=text|    client: $Supports ...|$Key ...|$ValidateNick name|    $MyNick name|  $MyINFO $ALL name description<tag>$ ...|
//! ADC    client: HSUP ADBASE ADTIGR LF    hub: ISUP ADBASE ... LF  ISID AAAB LF    BINF sid IDxx PDxx NIname VEversion ... LF
//! ```
//!
//! peers  NMDC: $ADCGET file name from bytes|    $ADCSND file name from bytes|...    ADC: CGET and CSND, alike
//!
//! The first word of either proves it. ADC writes a blank as `\s` and a line's end as `\n`.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, begins};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static KIND: Field = Field::text("kind", "`nmdc` or `adc`", "NMDC, ADC 1.0");
static NICK: Field = Field::text("nick", "names of peers, each once", "NMDC, ADC 6.3.3").list();
static HUB: Field = Field::text("hub", "the hub's name", "NMDC");
static CLIENT: Field = Field::text("client", "software of peers, each once", "NMDC, ADC 6.3.3").list();
static FILE: Field = Field::text(
    "file",
    "files that were found by a search, asked for or sent, each once, by name or by `TTH/` and the hash of the content",
    "NMDC, ADC 6.3.7, 6.3.12",
)
.list();
static SEARCHES: Field = Field::number("searches", "searches", "NMDC, ADC 6.3.6");

static ELEMENT: Element = Element {
    name: "directconnect",
    meaning: "peers that share files around a hub",
    fields: &[&KIND, &HUB, &NICK, &CLIENT, &SEARCHES, &FILE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "directconnect",
    about: About {
        name: "Direct Connect, NMDC and ADC",
        specification: "NMDC, ADC 1.0",
        evidence: "the first word",
        limits: "the content of files; what follows a wish to compress",
        ports: &[411, 412],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[b'$'..=b'$', b'H'..=b'H', b'C'..=b'C'],
        server: &[b'$'..=b'$', b'I'..=b'I', b'C'..=b'C'],
    },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

/// The longest command that is waited for.
const COMMAND_BYTES: usize = 4096;

fn probe(sample: &Sample<'_>) -> Verdict {
    let words: &[&[u8]] = if sample.role == Role::Client {
        &[b"$Supports ", b"$ValidateNick ", b"$MyNick ", b"HSUP AD", b"CSUP AD"]
    } else {
        &[b"$Lock ", b"$MyNick ", b"ISUP AD", b"CSUP AD"]
    };
    let mut verdict = Verdict::Reject;
    for word in words {
        match begins(sample.bytes, word) {
            // A lock is for a key; nobody's nick has a blank.
            Verdict::Match => return Verdict::Match,
            Verdict::NeedMore => verdict = Verdict::NeedMore,
            _ => {}
        }
    }
    verdict
}

fn extent(notes: &Notes, _: Role, bytes: &[u8]) -> Extent {
    // NMDC ends commands with a bar, ADC with a line's end; the first byte of all says which it is.
    let end = if notes.has(&KIND) && !matches!(bytes.first(), Some(b'$' | b'<' | b'|')) { b'\n' } else { b'|' };
    let end = if matches!(bytes.first(), Some(b'H' | b'I' | b'C')) { b'\n' } else { end };
    match memchr::memchr(end, bytes.get(..COMMAND_BYTES).unwrap_or(bytes)) {
        Some(at) => {
            let command = bytes.get(..at).unwrap_or_default();
            Extent::Whole(at.saturating_add(1).saturating_add(sent(command).map_or(0, |(_, length)| length)))
        }
        None if bytes.len() < COMMAND_BYTES => Extent::Need(bytes.len().saturating_add(1)),
        None => Extent::Broken,
    }
}

/// The file that a command announces, and how many bytes of it follow. Where they are compressed nobody says how many those are.
fn sent(command: &[u8]) -> Option<(&[u8], usize)> {
    let rest = command.strip_prefix(b"CSND ").or_else(|| command.strip_prefix(b"$ADCSND "))?;
    match *rest.split(|byte| *byte == b' ').collect::<Vec<_>>() {
        [_, name, _, length] => Some((name, std::str::from_utf8(length).ok()?.parse().ok()?)),
        _ => None,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let nmdc_end = message.bytes.starts_with(b"$").then_some(b'|');
    let end = memchr::memchr(nmdc_end.unwrap_or(b'\n'), message.bytes);
    let command = message.bytes.get(..end.unwrap_or(message.bytes.len().saturating_sub(1))).unwrap_or_default();
    if command.starts_with(b"$") {
        notes.plain(&KIND, "nmdc");
        return nmdc(notes, command);
    }
    if matches!(
        command,
        [b'H' | b'I' | b'C' | b'B' | b'D' | b'E' | b'F', b'A'..=b'Z', b'A'..=b'Z', b'A'..=b'Z' | b'0'..=b'9', b' ', ..]
    ) {
        notes.plain(&KIND, "adc");
        return adc(notes, command);
    }
    true
}

fn nmdc(notes: &mut Notes, command: &[u8]) -> bool {
    let end = command.iter().position(|byte| *byte == b' ').unwrap_or(command.len());
    let (word, rest) = command.split_at_checked(end).unwrap_or((command, &[]));
    let rest = rest.get(1..).unwrap_or_default();
    match word {
        b"$ValidateNick" | b"$MyNick" => notes.text(&NICK, rest),
        b"$HubName" => notes.text(&HUB, rest),
        b"$Search" | b"$SR" => notes.count(&SEARCHES),
        b"$MyINFO" => {
            // <++ V:0.868,M:P,H:1/0/0,S:3>
            let tag = memchr::memchr(b'<', rest).and_then(|at| rest.get(at.checked_add(1)?..));
            let tag = tag.and_then(|tag| tag.get(..memchr::memchr2(b',', b'>', tag)?));
            notes.text(&CLIENT, tag.unwrap_or_default());
        }
        b"$ADCGET" => notes.text(&FILE, wanted(rest)),
        b"$ADCSND" => return sends(notes, command),
        // Compressed commands follow, or a file does.
        b"$ZOn" | b"$Send" => return false,
        _ => {}
    }
    true
}

fn adc(notes: &mut Notes, command: &[u8]) -> bool {
    match command.get(1..4).unwrap_or_default() {
        b"INF" => {
            let (mut name, mut version) = (&b""[..], &b""[..]);
            let mut hub = false;
            for word in command.split(|byte| *byte == b' ').skip(1) {
                match word {
                    [b'N', b'I', rest @ ..] => name = rest,
                    [b'V', b'E', rest @ ..] => version = rest,
                    // What is no peer: a hub.
                    [b'C', b'T', b'3', b'2'] => hub = true,
                    _ => {}
                }
            }
            notes.text(if hub || command.starts_with(b"I") { &HUB } else { &NICK }, &unescaped(name));
            notes.text(&CLIENT, &unescaped(version));
        }
        b"SCH" => notes.count(&SEARCHES),
        b"RES" => {
            for word in command.split(|byte| *byte == b' ') {
                match word {
                    [b'F', b'N', name @ ..] => notes.text(&FILE, &unescaped(name)),
                    [b'T', b'R', hash @ ..] => notes.text(&FILE, &[b"TTH/", hash].concat()),
                    _ => {}
                }
            }
        }
        b"GET" => notes.text(&FILE, &unescaped(wanted(command.get(5..).unwrap_or_default()))),
        b"SND" => return sends(notes, command),
        b"ZON" => return false,
        _ => {}
    }
    true
}

/// What is asked for: `file name from bytes`.
fn wanted(rest: &[u8]) -> &[u8] {
    rest.split(|byte| *byte == b' ').nth(1).unwrap_or_default()
}

/// Notes a file that is sent. Tells whether what follows it can be found.
fn sends(notes: &mut Notes, command: &[u8]) -> bool {
    let Some((name, _)) = sent(command) else { return false };
    notes.text(&FILE, &unescaped(name));
    true
}

/// A word of ADC as it is meant (ADC 3.1).
fn unescaped(word: &[u8]) -> Vec<u8> {
    let mut meant = Vec::with_capacity(word.len());
    let mut rest = word.iter();
    while let Some(byte) = rest.next() {
        meant.push(match byte {
            b'\\' => match rest.next() {
                Some(b's') => b' ',
                Some(b'n') => b'\n',
                Some(other) => *other,
                None => b'\\',
            },
            other => *other,
        });
    }
    meant
}
