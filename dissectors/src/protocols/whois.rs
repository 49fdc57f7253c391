//! WHOIS: who holds a name or a number.
//!
//! ```text
//! client   question CR LF
//! server   text, until it closes
//! ```
//!
//! Specification: RFC 3912, which leaves both lines free. A question is a line like any other; an answer is known by how registries
//! write: remarks behind `%` or `#` about themselves, then `key: value` with the keys that registries use (RFC 2622, RFC 7485). It never proves
//! whois alone, and the client must have sent one line and nothing else.
//!
//! Limits: a question of [`QUERY_BYTES`], [`ANSWER_LINES`] lines of an answer. Persons, addresses and telephone numbers are ignored on purpose.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::linewise::{Sides, begins_ignoring_case, find_ignoring_case, is_text, lines};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

/// The longest question.
const QUERY_BYTES: usize = 512;
/// The longest line of an answer that is read whole.
const LINE_BYTES: usize = 1024;
/// How many lines of an answer are read.
const ANSWER_LINES: u32 = 1000;
/// Keys with which registries begin an object.
const OBJECTS: &[&[u8]] = &[
    b"domain name",
    b"domain",
    b"domainname",
    b"inetnum",
    b"inet6num",
    b"netrange",
    b"aut-num",
    b"asnumber",
    b"as-block",
    b"route",
    b"route6",
    b"refer",
    b"nic-hdl",
    b"nserver",
    b"registry domain id",
    b"registrar",
    b"cidr",
    b"netname",
];
/// Words with which they speak of themselves.
const REMARKS: &[&[u8]] =
    &[b"whois", b"database", b"ripe", b"arin", b"apnic", b"lacnic", b"afrinic", b"iana", b"registry", b"terms"];
/// What they say where there is nothing.
const NOTHING: &[&[u8]] = &[b"no match for", b"no entries found", b"not found:", b"no data found", b"domain not found"];

static QUERY: Field = Field::text("query", "the question", "RFC 3912 2");
static OBJECT: Field = Field::text("object", "what the answer is about, `key: value`", "RFC 2622");
static REGISTRAR: Field = Field::text("registrar", "registrar of the name", "RFC 7485");
static REFER: Field = Field::text("refer", "servers that the answer points to", "RFC 3912").list();
static ANSWER: Field = Field::text("answer", "`found` or `nothing`, where the answer tells", "RFC 3912 2");

static ELEMENT: Element = Element {
    name: "whois",
    meaning: "who holds a name or a number",
    fields: &[&QUERY, &ANSWER, &OBJECT, &REGISTRAR, &REFER],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "whois",
    about: About {
        name: "WHOIS",
        specification: "RFC 3912, RFC 2622, RFC 7485",
        evidence: "one line as question and an answer with the keys that registries use",
        limits: "persons and addresses are not told; it never proves itself alone",
        ports: &[43, 4321],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0x21..=0x7e], server: &[b'\r'..=b'\r', b'\n'..=b'\n', 0x20..=0x7e, 0xef..=0xef] },
    probe,
    open: |_: &Opening| Box::new(Whois::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first().is_some_and(|byte| !PROTOCOL.first.allow(sample.role, *byte)) {
        return Verdict::Reject;
    }
    match sample.role {
        Role::Client => question(sample.bytes),
        Role::Server => answer(sample.bytes),
    }
}

/// A client sends one line and nothing else, which proves nothing.
fn question(bytes: &[u8]) -> Verdict {
    let (mut whole, rest) = lines(bytes);
    let line = whole.next();
    let shown = line.unwrap_or(rest);
    let alone = line.is_none() || (rest.is_empty() && whole.next().is_none());
    let fits = shown.first().is_some_and(u8::is_ascii_graphic) && is_text(shown) && shown.len() <= QUERY_BYTES;
    if fits && alone { Verdict::NeedMore } else { Verdict::Reject }
}

/// What a line of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Empty,
    /// A remark, and whether it speaks of a registry.
    Remark(bool),
    Pair(&'a [u8], &'a [u8]),
    Nothing,
    Other,
}

fn kind(line: &[u8]) -> Kind<'_> {
    let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    if text.is_empty() {
        return Kind::Empty;
    }
    if NOTHING.iter().any(|words| begins_ignoring_case(text, words)) {
        return Kind::Nothing;
    }
    if let Some(remark) = text.strip_prefix(b"%").or_else(|| text.strip_prefix(b"#")) {
        return Kind::Remark(REMARKS.iter().any(|word| find_ignoring_case(remark, word).is_some()));
    }
    let Some(colon) = memchr::memchr(b':', text) else {
        return Kind::Other;
    };
    let (key, value) = text.split_at_checked(colon).unwrap_or((text, &[]));
    let value = value.strip_prefix(b":").unwrap_or_default();
    // Registries set at least a blank behind the colon, or nothing at all.
    if matches!(value.first(), None | Some(b' ' | b'\t')) {
        Kind::Pair(key.trim_ascii_end(), value.trim_ascii())
    } else {
        Kind::Other
    }
}

fn is_object(key: &[u8]) -> bool {
    OBJECTS.iter().any(|known| key.eq_ignore_ascii_case(known))
}

fn answer(bytes: &[u8]) -> Verdict {
    let (whole, rest) = lines(bytes);
    let (mut remarks, mut told) = (0u32, false);
    for line in whole {
        if !is_text(line) {
            return Verdict::Reject;
        }
        match kind(line) {
            Kind::Empty => {}
            Kind::Remark(about) => {
                remarks = remarks.saturating_add(1);
                told |= about;
            }
            Kind::Pair(key, _) if is_object(key) => return Verdict::Likely,
            Kind::Nothing => return Verdict::Likely,
            // Among a registry's own words there are other keys as well.
            Kind::Pair(..) if told => {}
            _ => return Verdict::Reject,
        }
        if told && remarks >= 3 {
            return Verdict::Likely;
        }
    }
    let begins = matches!(rest.first(), None | Some(b' ' | b'\r' | 0xef | 0x21..=0x7e));
    if begins && is_text(rest) && rest.len() <= LINE_BYTES { Verdict::NeedMore } else { Verdict::Reject }
}

#[derive(Debug, Default)]
struct Whois {
    lines: Sides,
    query: Option<Text>,
    object: Option<Text>,
    registrar: Option<Text>,
    refer: List<Text>,
    nothing: bool,
    read: u32,
}

impl Whois {
    fn answers(&mut self, line: &[u8]) {
        match kind(line) {
            Kind::Nothing => self.nothing = true,
            Kind::Pair(key, value) if !value.is_empty() => {
                let is = |name: &[u8]| key.eq_ignore_ascii_case(name);
                if is(b"refer") || is(b"whois") || is(b"registrar whois server") || is(b"resourcelink") {
                    self.refer.push_distinct(Text::new(value));
                } else if is(b"registrar") {
                    self.registrar.get_or_insert_with(|| Text::new(value));
                }
                if is_object(key) {
                    let pair = [&key.to_ascii_lowercase(), &b": "[..], value].concat();
                    self.object.get_or_insert_with(|| Text::new(&pair));
                }
            }
            _ => {}
        }
    }
}

impl Dissector for Whois {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Chunk { role, bytes, .. } = chunk;
        if role == Role::Client && self.query.is_some() {
            return Step::Consumed(bytes.len());
        }
        let (line, used) = match self.lines.next(role, bytes, LINE_BYTES).line() {
            Ok(found) => found,
            Err(step) => return step,
        };
        match role {
            Role::Client => self.query = Some(Text::new(line.trim_ascii())),
            Role::Server => {
                self.read = self.read.saturating_add(1);
                self.answers(line);
                if self.read >= ANSWER_LINES {
                    return Step::Done;
                }
            }
        }
        Step::Consumed(used)
    }

    fn facts(&self, out: &mut Facts) {
        let mut whois = out.element(&ELEMENT);
        whois.maybe(&QUERY, self.query.as_ref());
        if self.object.is_some() || self.nothing {
            whois.plain(&ANSWER, if self.object.is_some() { "found" } else { "nothing" });
        }
        whois.maybe(&OBJECT, self.object.as_ref());
        whois.maybe(&REGISTRAR, self.registrar.as_ref());
        whois.texts(&REFER, &self.refer);
    }

    fn heap_bytes(&self) -> usize {
        let single = self.query.iter().chain(&self.object).chain(&self.registrar);
        size_of::<Self>()
            + single.map(Text::heap_bytes).sum::<usize>()
            + self.refer.items().iter().map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_fits_by_its_remarks_or_its_first_object() {
        for text in [
            &b"% IANA WHOIS server\n% for more information\n% This query returned 1 object\n\nrefer: x\n"[..],
            b"   Domain Name: EXAMPLE.COM\r\n   Registry Domain ID: 1\r\n",
            b"\n#\n# ARIN WHOIS data and services are subject to the Terms of Use\n#\n",
            b"No match for \"EXAMPLE\".\r\n",
        ] {
            assert_eq!(answer(text), Verdict::Likely, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn other_texts_are_no_answers() {
        for text in [
            &b"HTTP/1.1 200 OK\r\nDomain: x\r\n"[..],
            b"#!/bin/sh\n# comment\necho\n",
            b"Login: alice \t\tName: Alice\n",
            b"220 ready\r\n",
            b"Host: example.com\r\n",
            b"route:x\n",
        ] {
            assert_eq!(answer(text), Verdict::Reject, "{}", text.escape_ascii());
        }
        assert_eq!(answer(b"% some"), Verdict::NeedMore);
        assert_eq!(question(b"example.com\r\n"), Verdict::NeedMore);
        assert_eq!(question(b"GET / HTTP/1.0\r\n\r\n"), Verdict::Reject);
    }
}
