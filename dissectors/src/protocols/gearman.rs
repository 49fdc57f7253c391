//! Gearman: jobs that clients give to a server, and workers take from it (Gearman documentation, "Protocol").
//!
//! ```text
//! packet   00 "REQ" | 00 "RES"  kind:4 length:4  arguments, a zero between each
//!   1 can do: function       7, 18, 21, 32, 33, 34 job: function 0 id 0 data       8 its handle       22 client's id
//!   11, 31, 40 job for a worker: handle 0 function 0 ...       13 done, 14 failed       19 error: code 0 text
//! ```
//!
//! The mark with a kind that is known proves it. Data of jobs is never told. Lines of text, by which the server can be asked how it is, are not
//! recognised.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, begins, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static COMMAND: Field = Field::text(
    "command",
    "what clients and workers asked for, each with how often: `submit` and its kin a job, `grab` to be given one",
    "Gearman, Protocol",
)
.list();
static FUNCTION: Field =
    Field::text("function", "functions that were offered or asked for, each once", "Gearman, Protocol").list();
static JOB: Field = Field::text("job", "handles of jobs, each once", "Gearman, Protocol").list();
static CLIENT_ID: Field = Field::text("client_id", "what a worker calls itself", "Gearman, SET_CLIENT_ID");
static ERROR: Field = Field::text("error", "what the server refused", "Gearman, ERROR").list();

static ELEMENT: Element =
    Element { name: "gearman", meaning: "jobs of Gearman", fields: &[&COMMAND, &FUNCTION, &JOB, &CLIENT_ID, &ERROR] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "gearman",
    about: About {
        name: "Gearman",
        specification: "Gearman documentation, Protocol",
        evidence: "a mark with a kind of packet that is known",
        limits: "data of jobs; the protocol of text",
        ports: &[4730],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD_BYTES: usize = 12;
const REQUEST: &[u8] = b"\0REQ";
const ANSWER: &[u8] = b"\0RES";
/// The most arguments that are looked at.
const ARGUMENTS: usize = 4;

/// Kind and length.
fn head(role: Role, bytes: &[u8]) -> Option<(u32, u32)> {
    let mut reader = Reader::new(bytes);
    let mark = if role == Role::Client { REQUEST } else { ANSWER };
    let fits = reader.take(4)? == mark;
    let head = (reader.be_u32()?, reader.be_u32()?);
    (fits && matches!(head.0, 1..=42)).then_some(head)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let mark = if sample.role == Role::Client { REQUEST } else { ANSWER };
    match begins(sample.bytes, mark) {
        Verdict::Match if sample.bytes.len() < HEAD_BYTES => Verdict::NeedMore,
        Verdict::Match if head(sample.role, sample.bytes).is_none() => Verdict::Reject,
        verdict => verdict,
    }
}

fn extent(_: &Notes, role: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD_BYTES, |bytes| usize::try_from(head(role, bytes)?.1).ok()?.checked_add(HEAD_BYTES))
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((kind, _)) = head(message.role, message.bytes) else { return true };
    let body = message.bytes.get(HEAD_BYTES..).unwrap_or_default();
    let mut arguments = body.splitn(ARGUMENTS, |byte| *byte == 0);
    let (first, second) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    if message.role == Role::Client {
        notes.tally(&COMMAND, command(kind).as_bytes());
    }
    match kind {
        1 | 2 | 7 | 18 | 21 | 23 | 32..=36 => notes.text(&FUNCTION, first),
        8 => notes.text(&JOB, first),
        11 | 31 | 40 => {
            notes.text(&JOB, first);
            notes.text(&FUNCTION, second);
        }
        19 => notes.text(&ERROR, if second.is_empty() { first } else { second }),
        22 => notes.text(&CLIENT_ID, first),
        _ => {}
    }
    true
}

/// What a client or a worker asks for.
const fn command(kind: u32) -> &'static str {
    match kind {
        1 | 23 => "can-do",
        2 => "cant-do",
        3 => "reset-abilities",
        4 => "sleep",
        7 => "submit",
        9 | 30 | 39 => "grab",
        12 => "work-status",
        13 => "work-complete",
        14 => "work-fail",
        15 | 41 => "get-status",
        16 => "echo",
        18 => "submit-background",
        21 => "submit-high",
        22 => "set-client-id",
        24 => "all-yours",
        25 => "work-exception",
        26 => "option",
        28 => "work-data",
        29 => "work-warning",
        32 => "submit-high-background",
        33 => "submit-low",
        34 => "submit-low-background",
        35 | 36 => "submit-later",
        _ => "other",
    }
}
