//! TeamSpeak 3: people who talk, and the console by which a server is ruled.
//!
//! Specification: not published for voice (its handshake is described by others); TeamSpeak 3 ServerQuery Manual for the console.
//!
//! ```text
//! UDP   "TS3INIT1" number:2 (0065)  client: id:2 flags:1 (88)  step ...      server: flags:1 (88) step ...
//! TCP   server: "TS3" LF CR "Welcome to the TeamSpeak 3 ServerQuery interface" ...      client: login name password LF
//! ```
//!
//! The handshake's letters, or the greeting, prove it. Voice is encrypted.

use crate::dictionary::{Element, Field, Flag};
use crate::framed::{Extent, Message};
use crate::linewise::word;
use crate::noted::{Form, Notes, begins, datagram, line};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};

static KIND: Field = Field::text("kind", "`voice` or `query`", "TeamSpeak 3");
static COMMAND: Field =
    Field::text("command", "commands of the console, each with how often", "ServerQuery Manual").list();
static USER: Field = Field::text("user", "who ruled it", "ServerQuery Manual, login");
static PACKETS: Field = Field::number("packets", "datagrams behind the handshake", "TeamSpeak 3");

static ELEMENT: Element = Element {
    name: "teamspeak",
    meaning: "people who talk over TeamSpeak",
    fields: &[&KIND, &USER, &COMMAND, &PACKETS],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "teamspeak",
    about: About {
        name: "TeamSpeak 3",
        specification: "ServerQuery Manual; voice is not published",
        evidence: "the handshake's letters; the console's greeting",
        limits: "voice is encrypted; files",
        ports: &[9987, 10011, 30033],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'T'..=b'T']),
    probe,
    open: |opening| if opening.transport == Transport::Tcp { QUERY.open(opening) } else { VOICE.open(opening) },
};

static VOICE: Form = Form { element: &ELEMENT, extent: datagram, read: voice };
static QUERY: Form =
    Form { element: &ELEMENT, extent: |_: &Notes, _: Role, bytes: &[u8]| -> Extent { line(bytes, 4096) }, read: query };

const HANDSHAKE: &[u8] = b"TS3INIT1";
const GREETING: &[u8] = b"TS3\n\r";

fn probe(sample: &Sample<'_>) -> Verdict {
    match sample.transport {
        Transport::Udp => match begins(sample.bytes, HANDSHAKE) {
            Verdict::Match if sample.bytes.len() > 12 => Verdict::Match,
            _ => Verdict::Reject,
        },
        _ if sample.role == Role::Server => begins(sample.bytes, GREETING),
        _ => Verdict::Reject,
    }
}

fn voice(notes: &mut Notes, message: &Message<'_>) -> bool {
    notes.plain(&KIND, "voice");
    if !message.bytes.starts_with(HANDSHAKE) {
        notes.count(&PACKETS);
        notes.encrypted();
    }
    true
}

fn query(notes: &mut Notes, message: &Message<'_>) -> bool {
    notes.plain(&KIND, "query");
    if message.role == Role::Client {
        let (command, rest) = word(message.bytes.trim_ascii());
        notes.tally(&COMMAND, command);
        if command == b"login" {
            // Either way of writing it: login name password, login client_login_name=name client_login_password=password.
            let (first, password) = word(rest);
            let user = first.strip_prefix(b"client_login_name=").unwrap_or(first);
            notes.text(&USER, user);
            notes.user(user);
            if !password.is_empty() {
                notes.flag(Flag::CleartextPassword);
            }
        }
    }
    true
}
