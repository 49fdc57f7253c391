//! A NetBIOS session that never came to a message of SMB (RFC 1002 4.3): refused, or sent elsewhere.
//!
//! With a message of SMB in it a session is [`crate::protocols::smb`]'s, so a request proves nothing: only the answer that there will be
//! no session does.

use crate::capped::Text;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::netbios::Name;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The longest request: two names of at most 255 bytes.
const REQUEST_BYTES: usize = 510;

static CALLED: Field = Field::text("called", "whom the client asks for, with the name's kind", "RFC 1002 4.3.2");
static CALLING: Field = Field::text("calling", "who the client is, with the name's kind", "RFC 1002 4.3.2");
static RESULT: Field = Field::text(
    "result",
    "`elsewhere`, or why refused: `not-listening`, `not-listening-for-caller`, `not-present`, `no-resources`, `refused`",
    "RFC 1002 4.3.3 to 4.3.5",
);

static ELEMENT: Element =
    Element { name: "nbss", meaning: "NetBIOS sessions that carried nothing", fields: &[&CALLED, &CALLING, &RESULT] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "nbss",
    about: About {
        name: "NetBIOS session without SMB",
        specification: "RFC 1002 4.3",
        evidence: "the answer that there will be no session",
        limits: "with SMB in it a session is `smb`",
        ports: &[139],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0x81..=0x81], server: &[0x83..=0x84] },
    probe,
    open: |_: &Opening| Box::new(Session::default()),
};

/// The names of a session request, and its length. `Err`: what the probe says otherwise.
fn request(bytes: &[u8]) -> Result<(Name, Name, usize), Verdict> {
    let mut reader = Reader::new(bytes);
    let (kind, length) = (reader.u8(), reader.be_u24());
    if kind.is_some_and(|kind| kind != 0x81) || length.is_some_and(|length| length as usize > REQUEST_BYTES) {
        return Err(Verdict::Reject);
    }
    let Some(length) = length.map(|length| length as usize) else {
        return Err(Verdict::NeedMore);
    };
    let Some(mut names) = reader.sub(length) else {
        let fits = reader.rest().first().is_none_or(|first| *first == 32);
        return Err(if fits { Verdict::NeedMore } else { Verdict::Reject });
    };
    match (Name::read(&mut names), Name::read(&mut names)) {
        (Some(called), Some(calling)) if names.is_empty() => Ok((called, calling, length.saturating_add(4))),
        _ => Err(Verdict::Reject),
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.role {
        // A session may follow, and what it carries tells what it is.
        Role::Client => request(sample.bytes).err().unwrap_or(Verdict::NeedMore),
        Role::Server => match sample.bytes {
            [0x83, 0, 0, 1, 0x80..=0x83 | 0x8f] | [0x84, 0, 0, 6, _, _, _, _, _, _] => Verdict::Match,
            [0x83, rest @ ..] if rest.len() < 4 && [0, 0, 1].starts_with(rest.get(..3).unwrap_or(rest)) => {
                Verdict::NeedMore
            }
            [0x84, rest @ ..] if rest.len() < 9 && [0, 0, 6].starts_with(rest.get(..3).unwrap_or(rest)) => {
                Verdict::NeedMore
            }
            _ => Verdict::Reject,
        },
    }
}

#[derive(Debug, Default)]
struct Session {
    called: Text,
    calling: Text,
    result: Option<&'static str>,
}

impl Dissector for Session {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.role == Role::Client {
            return match request(chunk.bytes) {
                Ok((called, calling, length)) => {
                    (self.called, self.calling) = (called.text(), calling.text());
                    Step::Consumed(length)
                }
                Err(Verdict::NeedMore) => Step::NeedMore(chunk.bytes.len().saturating_add(1)),
                Err(_) => Step::Done,
            };
        }
        let needed = match chunk.bytes.first() {
            Some(0x83) => 5,
            Some(0x84) => 10,
            _ => return Step::Done,
        };
        if chunk.bytes.len() < needed {
            return Step::NeedMore(needed);
        }
        self.result = Some(match chunk.bytes {
            [0x84, ..] => "elsewhere",
            [_, _, _, _, 0x80, ..] => "not-listening",
            [_, _, _, _, 0x81, ..] => "not-listening-for-caller",
            [_, _, _, _, 0x82, ..] => "not-present",
            [_, _, _, _, 0x83, ..] => "no-resources",
            _ => "refused",
        });
        Step::Done
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.text(&CALLED, &self.called);
        element.text(&CALLING, &self.calling);
        if let Some(result) = self.result {
            element.plain(&RESULT, result);
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.called.heap_bytes() + self.calling.heap_bytes()
    }
}
