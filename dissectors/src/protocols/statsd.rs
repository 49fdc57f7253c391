//! StatsD: what programs count, in lines of text over UDP (statsd's metric types; DogStatsD).
//!
//! ```text
//! name:value|kind[|@rate][|#tag:value,tag]    kinds: c g ms h s d m; lines end with LF, the last one need not
//! ```
//!
//! A datagram of nothing but such lines fits, and is proof where a name has a dot, a rate or tags stand behind it, or there are two lines.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, PROBE_BYTES, Protocol, Role, Sample, Transport, Verdict};

static NAME: Field = Field::text("name", "what is counted, each with how often it was told", "statsd").list();
static KIND: Field = Field::text("kind", "kinds of values, each with how often", "statsd, metric types").list();
static TAG: Field = Field::text("tag", "tags, each once", "DogStatsD").list();
static METRICS: Field = Field::number("metrics", "values that were sent", "statsd");

static ELEMENT: Element =
    Element { name: "statsd", meaning: "what programs count", fields: &[&METRICS, &NAME, &KIND, &TAG] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "statsd",
    about: About {
        name: "StatsD",
        specification: "statsd metric types, DogStatsD datagram format",
        evidence: "lines of names, values and kinds, and nothing else",
        limits: "events and checks of DogStatsD; values",
        ports: &[8125],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[b'0'..=b'9', b'A'..=b'Z', b'_'..=b'_', b'a'..=b'z'], server: &[] },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// A line: the name, the kind, what stands behind the kind.
struct Metric<'a> {
    name: &'a [u8],
    kind: &'static str,
    tags: Option<&'a [u8]>,
    rated: bool,
}

fn metric(line: &[u8]) -> Option<Metric<'_>> {
    let mut parts = line.split(|byte| *byte == b'|');
    let (told, kind) = (parts.next()?, parts.next()?);
    let (name, value) = told.split_at_checked(memchr::memchr(b':', told)?)?;
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b',' | b'=');
    let value = value.get(1..)?;
    let numbers = !value.is_empty()
        && value.split(|byte| *byte == b':').all(|number| {
            let digits = number.strip_prefix(b"-").or_else(|| number.strip_prefix(b"+")).unwrap_or(number);
            digits.first().is_some_and(u8::is_ascii_digit)
                && digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'))
        });
    let kind = match kind {
        b"c" => "counter",
        b"g" => "gauge",
        b"ms" => "timer",
        b"h" => "histogram",
        b"s" => "set",
        b"d" => "distribution",
        b"m" => "meter",
        _ => return None,
    };
    let fits = !name.is_empty() && name.iter().all(in_name) && (numbers || kind == "set" && !value.is_empty());
    fits.then_some(())?;
    let (mut tags, mut rated) = (None, false);
    for part in parts {
        match part {
            [b'@', rate @ ..] if rate.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') => rated = true,
            [b'#', list @ ..] => tags = Some(list),
            [b'T' | b'c', ..] => {}
            _ => return None,
        }
    }
    Some(Metric { name, kind, tags, rated })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let begins = sample.bytes.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if sample.role == Role::Server || !begins {
        return Verdict::Reject;
    }
    let cut = sample.bytes.len() >= PROBE_BYTES;
    let (mut lines, mut telling) = (0u32, false);
    let mut rest = sample.bytes.trim_ascii_end().split(|byte| *byte == b'\n').peekable();
    while let Some(line) = rest.next() {
        match metric(line) {
            Some(metric) => {
                lines = lines.saturating_add(1);
                telling |= metric.rated || metric.tags.is_some() || metric.name.contains(&b'.');
            }
            None if cut && rest.peek().is_none() => {}
            None => return Verdict::Reject,
        }
    }
    match lines {
        0 => Verdict::Reject,
        1 if !telling => Verdict::Likely,
        _ => Verdict::Match,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    for line in message.bytes.split(|byte| *byte == b'\n') {
        if let Some(Metric { name, kind, tags, .. }) = metric(line.trim_ascii_end()) {
            notes.count(&METRICS);
            notes.tally(&NAME, name);
            notes.tally(&KIND, kind.as_bytes());
            for tag in tags.unwrap_or_default().split(|byte| *byte == b',') {
                notes.text(&TAG, tag);
            }
        }
    }
    true
}
