//! Ident: which user owns a TCP connection (RFC 1413).
//!
//! ```text
//! client   port-on-server , port-on-client CR LF
//! server   port-on-server , port-on-client : USERID : system : user CR LF
//! server   port-on-server , port-on-client : ERROR : reason CR LF
//! ```
//!
//! Limits: a line of [`LINE_BYTES`], of replies the first sixteen. Ignored on purpose: the system's
//! name and charset. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};

/// The longest line (RFC 1413 4: a client need not take longer ones).
const LINE_BYTES: usize = 1000;

static SERVER_PORT: Field = Field::text("server_port", "the connection's port on the server", "RFC 1413 4").aligned();
static CLIENT_PORT: Field = Field::text("client_port", "its port on the client", "RFC 1413 4").aligned();
static USER: Field = Field::text("user", "the owner of that connection", "RFC 1413 4").aligned();
static ERROR: Field = Field::text("error", "why the owner was not told", "RFC 1413 4").aligned();
static QUERIES: Field = Field::number("queries", "questions asked", "RFC 1413 4");

static IDENT: Element = Element {
    name: "ident",
    meaning: "owners of connections",
    fields: &[&QUERIES, &SERVER_PORT, &CLIENT_PORT, &USER, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ident",
    about: About {
        name: "Identification Protocol",
        specification: "RFC 1413",
        evidence: "a pair of ports that the answer repeats",
        limits: "the system's name and charset are not told",
        ports: &[113],
    },
    transports: &[Transport::Tcp],
    elements: &[&IDENT],
    first: FirstBytes::both(&[b' '..=b' ', b'0'..=b'9']),
    probe,
    open: |_: &Opening| Box::new(Ident::default()),
};

/// What a line says.
enum Line<'a> {
    Query,
    /// Both ports, the user, the error; empty where it has none.
    Reply([&'a [u8]; 4]),
}

/// Reads a line without its LF; `None` where it is not ident.
fn read(line: &[u8]) -> Option<Line<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == b':').map(<[u8]>::trim_ascii);
    let mut ports = parts.next()?.splitn(2, |byte| *byte == b',').map(<[u8]>::trim_ascii);
    let (server, client) = (ports.next()?, ports.next()?);
    let is_port = |text: &[u8]| matches!(text.len(), 1..=5) && text.iter().all(u8::is_ascii_digit);
    if !is_port(server) || !is_port(client) {
        return None;
    }
    match parts.next() {
        None => Some(Line::Query),
        Some(b"USERID") => parts.nth(1).map(|user| Line::Reply([server, client, user, b""])),
        Some(b"ERROR") => parts.next().map(|error| Line::Reply([server, client, b"", error])),
        Some(_) => None,
    }
}

/// The first line, without its LF.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let within = bytes.get(..LINE_BYTES).unwrap_or(bytes);
    within.iter().position(|byte| *byte == b'\n').and_then(|end| within.get(..end))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    // Whoever begins with anything but a number is rejected at its first byte.
    if !matches!(sample.bytes.first(), Some(b' ' | b'0'..=b'9')) {
        return Verdict::Reject;
    }
    let Some(line) = first_line(sample.bytes) else {
        let ports = sample.bytes.split(|byte| *byte == b':').next().unwrap_or_default();
        let fits = ports.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b',' | b'\r'));
        return if fits && sample.bytes.len() < LINE_BYTES { Verdict::NeedMore } else { Verdict::Reject };
    };
    match (sample.role, read(line)) {
        // Two numbers on a line may be anything; that the other side answers them so can only be ident.
        (Role::Client, Some(Line::Query)) => Verdict::NeedMore,
        (Role::Server, Some(Line::Reply(_))) => Verdict::Match,
        _ => Verdict::Reject,
    }
}

#[derive(Default)]
struct Ident {
    queries: u64,
    replies: List<[Text; 4]>,
}

impl Dissector for Ident {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Some(line) = first_line(chunk.bytes) else {
            let length = chunk.bytes.len();
            return if length < LINE_BYTES { Step::NeedMore(length + 1) } else { Step::Violation };
        };
        match (chunk.role, read(line)) {
            (Role::Client, Some(Line::Query)) => self.queries = self.queries.saturating_add(1),
            (Role::Server, Some(Line::Reply(told))) => {
                self.replies.push_with(|| told.map(Text::new));
            }
            _ => return Step::Violation,
        }
        Step::Consumed(line.len() + 1)
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&IDENT);
        if self.queries > 0 {
            element.number(&QUERIES, self.queries);
        }
        for (field, at) in [&SERVER_PORT, &CLIENT_PORT, &USER, &ERROR].into_iter().zip(0..) {
            let column = self.replies.items().iter().filter_map(|reply| reply.get(at));
            element.list(field, column, self.replies.omitted());
        }
    }

    fn heap_bytes(&self) -> usize {
        self.replies
            .items()
            .iter()
            .map(|reply| size_of_val(reply) + reply.iter().map(Text::heap_bytes).sum::<usize>())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(role: Role, bytes: &[u8]) -> Verdict {
        let destination = "192.0.2.2".parse().unwrap();
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination })
    }

    #[test]
    fn only_an_answer_proves() {
        assert_eq!(say(Role::Client, b"6193, 23\r\n"), Verdict::NeedMore);
        assert_eq!(say(Role::Server, b"6193, 23 : USERID : UNIX : alice\r\n"), Verdict::Match);
        assert_eq!(say(Role::Server, b"6193, 23 : ERROR : NO-USER\r\n"), Verdict::Match);
        assert_eq!(say(Role::Server, b"6193, 23\r\n"), Verdict::Reject);
        assert_eq!(say(Role::Server, b"220 ready\r\n"), Verdict::Reject);
        assert_eq!(say(Role::Client, b":"), Verdict::Reject);
        assert_eq!(say(Role::Client, b"123456, 23\r\n"), Verdict::Reject);
    }
}
