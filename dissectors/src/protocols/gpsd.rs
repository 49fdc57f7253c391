//! gpsd: what a receiver of satellites tells programs (gpsd's protocol, version 3).
//!
//! ```text
//! server   {"class":"VERSION","release":"..." ...} LF, then objects of other classes, and sentences of NMEA 0183 where they are asked for
//! client   ?WATCH={...}; ?POLL; ?DEVICES; ...
//! ```
//!
//! The server's first line proves it. Ignored on purpose: satellites, errors of measurement, what receivers say in binary.

use crate::dictionary::{Element, Field};
use crate::framed::{Extent, Message};
use crate::json;
use crate::noted::{Form, Notes, begins, line};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static RELEASE: Field = Field::text("release", "the server's version", "gpsd, VERSION");
static COMMAND: Field = Field::text("command", "what the client asks, each with how often", "gpsd").list();
static CLASS: Field =
    Field::text("class", "what the server tells, each with how often; `NMEA` for a receiver's own sentences", "gpsd")
        .list();
static DEVICE: Field = Field::text("device", "receivers, each once", "gpsd, DEVICE").list();
static DRIVER: Field = Field::text("driver", "what they speak, each once", "gpsd, DEVICE").list();
static POSITION: Field = Field::text("position", "the first position that was told", "gpsd, TPV");

static ELEMENT: Element = Element {
    name: "gpsd",
    meaning: "what a receiver of satellites tells",
    fields: &[&RELEASE, &COMMAND, &CLASS, &DEVICE, &DRIVER, &POSITION],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "gpsd",
    about: About {
        name: "gpsd",
        specification: "gpsd_json(5)",
        evidence: "the server's first line",
        limits: "satellites",
        ports: &[2947],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'?'..=b'?', b'{'..=b'{']),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const GREETING: &[u8] = b"{\"class\":\"VERSION\",\"release\":\"";
const COMMANDS: &[&[u8]] = &[b"?DEVICES", b"?DEVICE", b"?POLL", b"?VERSION", b"?WATCH"];
/// The longest line.
const LINE_BYTES: usize = 10_240;

fn extent(_: &Notes, role: Role, bytes: &[u8]) -> Extent {
    // A client need not end its lines, but each of its commands.
    match memchr::memchr2(b';', b'\n', bytes) {
        Some(at) if role == Role::Client && at < LINE_BYTES => Extent::Whole(at.saturating_add(1)),
        _ => line(bytes, LINE_BYTES),
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return begins(sample.bytes, GREETING);
    }
    let verdicts = COMMANDS.iter().map(|command| begins(sample.bytes, command));
    verdicts.fold(Verdict::Reject, |best, verdict| match (best, verdict) {
        (_, Verdict::Match) => Verdict::Likely,
        (Verdict::Reject, Verdict::NeedMore) => Verdict::NeedMore,
        _ => best,
    })
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let line = message.bytes.trim_ascii();
    match (message.role, line.first()) {
        (Role::Client, Some(b'?')) => {
            let end = line.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(line.len());
            notes.tally(&COMMAND, line.get(1..end).unwrap_or_default());
        }
        (Role::Server, Some(b'{')) => {
            let Some(class) = json::text(line, b"class") else { return true };
            notes.tally(&CLASS, class);
            let text = |name: &[u8]| json::text(line, name).unwrap_or_default();
            match class {
                b"VERSION" => notes.text(&RELEASE, text(b"release")),
                b"DEVICE" | b"DEVICES" => {
                    notes.text(&DEVICE, text(b"path"));
                    notes.text(&DRIVER, text(b"driver"));
                }
                b"TPV" => {
                    notes.text(&DEVICE, text(b"device"));
                    if let (Some(north), Some(east)) = (json::value(line, b"lat"), json::value(line, b"lon")) {
                        notes.text(&POSITION, &[north, b" ", east].concat());
                    }
                }
                _ => {}
            }
        }
        (Role::Server, Some(b'$' | b'!')) => notes.tally(&CLASS, b"NMEA"),
        _ => {}
    }
    true
}
