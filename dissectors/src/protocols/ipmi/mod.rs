//! IPMI over LAN: a machine's management controller (IPMI 2.0 chapter 13, ASF 2.0 chapter 3).
//!
//! ```text
//! RMCP      06 00 sequence:1 class:1                                  class 07 IPMI, 06 ASF, with bit 7 an acknowledgement
//! ASF       000011be type:1 tag:1 00 length:1 data                    80 ping, 40 pong
//! IPMI 1.5  auth:1 sequence:4 session:4 [code:16] length:1 message    auth 0 none 1 MD2 2 MD5 4 password 5 OEM
//! IPMI 2.0  06 type:1 [oem:6] session:4 sequence:4 length:2 payload   type's bit 7: encrypted, bit 6: authenticated
//! message   to:1 netfn:1 checksum:1 from:1 sequence:1 command:1 [completion:1] data checksum:1
//! ```
//!
//! Recognised by RMCP's header with lengths and the message's checksum that agree with it. A request's `netfn` is even, a response's odd. Of a session's
//! opening (RAKP) and of IPMI 1.5's challenge the user is told ([`session`]), and the algorithms. Keys, codes and passwords are not kept.
//!
//! Limits: commands as any list. Ignored on purpose: serial over LAN, platform events.

mod commands;
mod session;

use self::session::Security;
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "ipmi",
    about: About {
        name: "Intelligent Platform Management Interface over LAN",
        specification: "IPMI 2.0 chapter 13, ASF 2.0 chapter 3",
        evidence: "RMCP's header with lengths and a checksum that agree",
        limits: "serial over LAN and events are not told",
        ports: &[623, 664],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[6..=6]),
    probe,
    open: |_: &Opening| Box::new(Ipmi::default()),
};

/// The version.
pub static VERSION: Field =
    Field::text("version", "`1.5` or `2.0` by the sessions' form, `asf` with nothing but pings", "IPMI 2.0 13");
/// Who.
pub static USER: Field = Field::text("user", "the user who opens a session", "IPMI 2.0 13.20, 22.16");
/// The rights.
pub static PRIVILEGE: Field = Field::text("privilege", "the privilege that is asked for", "IPMI 2.0 13.17");
/// How it authenticates.
pub static AUTHENTICATION: Field =
    Field::text("authentication", "how the session authenticates; `none`: not at all", "IPMI 2.0 13.28");
/// How it protects.
pub static INTEGRITY: Field = Field::text("integrity", "how its messages are protected", "IPMI 2.0 13.28");
/// How it encrypts.
pub static CONFIDENTIALITY: Field = Field::text("confidentiality", "how they are encrypted", "IPMI 2.0 13.28");
/// The outcome.
pub static RESULT: Field = Field::text("result", "`open`, or why the server refused the session", "IPMI 2.0 13.24");
/// What is asked.
pub static COMMAND: Field = Field::text(
    "command",
    "commands of messages in clear; of those without a name here the function and the number",
    "IPMI 2.0 appendix G",
)
.aligned();
/// The answer.
pub static COMPLETION: Field =
    Field::text("completion", "completion code of each in hexadecimal, `00` success", "IPMI 2.0 5.2").aligned();
/// Encrypted messages.
pub static ENCRYPTED: Field = Field::number("encrypted_messages", "messages that were encrypted", "IPMI 2.0 13.6");
/// Pings.
pub static PINGS: Field = Field::number("pings", "presence pings", "ASF 2.0 3.2.4.2");

/// The element.
pub static ELEMENT: Element = Element {
    name: "ipmi",
    meaning: "Intelligent Platform Management Interface",
    fields: &[
        &VERSION,
        &USER,
        &PRIVILEGE,
        &AUTHENTICATION,
        &INTEGRITY,
        &CONFIDENTIALITY,
        &RESULT,
        &COMMAND,
        &COMPLETION,
        &ENCRYPTED,
        &PINGS,
    ],
};

const ASF: u8 = 6;
const IPMI: u8 = 7;
const ACKNOWLEDGEMENT: u8 = 0x80;
const ASF_PING: u8 = 0x80;
const ASF_PONG: u8 = 0x40;
/// The form of a session's header in version 2.0.
const RMCP_PLUS: u8 = 6;

/// A datagram.
enum Datagram<'a> {
    Acknowledgement,
    /// Its type.
    Asf(u8),
    /// Version 1.5: how it authenticates, and the message.
    Old(u8, Message<'a>),
    /// Version 2.0: a message in clear.
    New(Message<'a>),
    /// Version 2.0: the opening of a session, by its payload type.
    Session(u8, &'a [u8]),
    /// Version 2.0: something encrypted, or of another kind.
    Closed {
        encrypted: bool,
    },
}

impl<'a> Datagram<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let [version, reserved, _, class] = reader.array()?;
        if version != 6 || reserved != 0 {
            return None;
        }
        match class {
            ASF => {
                let [0, 0, 0x11, 0xbe, kind, _, 0, length] = reader.array()? else {
                    return None;
                };
                (reader.len() == usize::from(length)
                    && matches!(kind, 0x10..=0x13 | 0x40..=0x45 | 0x80..=0x85 | 0xc0..=0xc3))
                .then_some(Self::Asf(kind))
            }
            IPMI => Self::ipmi(reader),
            class if class & ACKNOWLEDGEMENT != 0 && class & 0x1f == ASF && reader.is_empty() => {
                Some(Self::Acknowledgement)
            }
            _ => None,
        }
    }

    fn ipmi(mut reader: Reader<'a>) -> Option<Self> {
        match reader.u8()? {
            RMCP_PLUS => {
                let kind = reader.u8()?;
                if kind & 0x3f == 2 {
                    reader.skip(6)?;
                }
                let session = reader.be_u32()?;
                reader.skip(4)?;
                let length = usize::from(reader.le_u16()?);
                let payload = reader.take(length)?;
                let (encrypted, authenticated) = (kind & 0x80 != 0, kind & 0x40 != 0);
                match kind & 0x3f {
                    // Nothing but a pad and a code may stand behind it, and only in a session.
                    _ if !authenticated && !reader.is_empty() => None,
                    0..=2 if encrypted => Some(Self::Closed { encrypted }),
                    0 => Message::read(payload).map(Self::New),
                    1 | 2 if session != 0 => Some(Self::Closed { encrypted }),
                    kind @ 0x10..=0x15 if session == 0 && !encrypted => {
                        session::is_payload(kind, payload).then_some(Self::Session(kind, payload))
                    }
                    _ => None,
                }
            }
            auth @ (0..=2 | 4 | 5) => {
                reader.skip(8)?;
                if auth != 0 {
                    reader.skip(16)?;
                }
                let length = usize::from(reader.u8()?);
                let message = reader.take(length)?;
                // One byte of padding where the length would be an unlucky one for old hardware.
                (reader.len() <= 1).then(|| Message::read(message).map(|message| Self::Old(auth, message)))?
            }
            _ => None,
        }
    }
}

/// A message between the parts of a machine.
struct Message<'a> {
    function: u8,
    sequence: u8,
    command: u8,
    data: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads it, if both checksums agree.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let sums = |part: &[u8]| part.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == 0;
        let (head, rest) = bytes.split_at_checked(3)?;
        if !sums(head) || !sums(rest) {
            return None;
        }
        let (_, body) = rest.split_last()?;
        let (&[_, sequence, command], data) = body.split_first_chunk::<3>()?;
        let function = head.get(1)? >> 2;
        Some(Self { function, sequence: sequence >> 2, command, data })
    }

    fn is_response(&self) -> bool {
        self.function & 1 == 1
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let from_server = match Datagram::read(sample.bytes) {
        None => return Verdict::Reject,
        Some(Datagram::Asf(kind)) => kind & 0xc0 == ASF_PONG,
        Some(Datagram::Old(_, message) | Datagram::New(message)) => message.is_response(),
        Some(Datagram::Session(kind, _)) => kind & 1 == 1,
        Some(Datagram::Acknowledgement | Datagram::Closed { .. }) => return Verdict::Likely,
    };
    if from_server == (sample.role == Role::Server) { Verdict::Match } else { Verdict::Reject }
}

/// A command and what came back.
#[derive(Debug)]
struct Exchange {
    function: u8,
    sequence: u8,
    command: u8,
    completion: Option<u8>,
}

#[derive(Debug, Default)]
struct Ipmi {
    version: Option<&'static str>,
    security: Security,
    exchanges: List<Exchange>,
    encrypted: u64,
    pings: u64,
    pongs: u64,
}

impl Ipmi {
    fn message(&mut self, message: &Message<'_>) {
        self.security.message(message.function, message.command, message.data);
        let function = message.function & !1;
        if !message.is_response() {
            let (sequence, command) = (message.sequence, message.command);
            self.exchanges.push_with(|| Exchange { function, sequence, command, completion: None });
        } else if let Some(exchange) = self.exchanges.items_mut().iter_mut().rev().find(|exchange| {
            (exchange.function, exchange.sequence, exchange.command) == (function, message.sequence, message.command)
        }) && exchange.completion.is_none()
        {
            exchange.completion = message.data.first().copied();
        }
    }
}

impl Dissector for Ipmi {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        match Datagram::read(chunk.bytes) {
            Some(Datagram::Asf(ASF_PING)) => self.pings = self.pings.saturating_add(1),
            Some(Datagram::Asf(ASF_PONG)) => self.pongs = self.pongs.saturating_add(1),
            Some(Datagram::Asf(_) | Datagram::Acknowledgement) => {}
            Some(Datagram::Old(auth, message)) => {
                self.version.get_or_insert("1.5");
                self.security.old(auth);
                self.message(&message);
            }
            Some(Datagram::New(message)) => {
                self.version = Some("2.0");
                self.message(&message);
            }
            Some(Datagram::Session(kind, payload)) => {
                self.version = Some("2.0");
                self.security.payload(kind, payload);
            }
            Some(Datagram::Closed { encrypted }) => {
                self.version = Some("2.0");
                self.encrypted = self.encrypted.saturating_add(u64::from(encrypted));
            }
            // A stray datagram says nothing of the others.
            None => {}
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn settled(&self) -> bool {
        let answered = self.exchanges.items().iter().all(|exchange| exchange.completion.is_some());
        self.version.is_none() && self.pings > 0 && self.pongs >= self.pings && answered
    }

    fn facts(&self, out: &mut Facts) {
        if self.encrypted > 0 {
            out.encrypted("protocol");
        }
        if self.security.cleartext_password() {
            out.flag(Flag::CleartextPassword);
        }
        if let Some(user) = self.security.user() {
            out.user(user);
        }
        let mut ipmi = out.element(&ELEMENT);
        ipmi.plain(&VERSION, self.version.unwrap_or("asf"));
        self.security.facts(&mut ipmi);
        let (exchanges, omitted) = (self.exchanges.items(), self.exchanges.omitted());
        let names: Vec<Text> =
            exchanges.iter().map(|exchange| commands::name(exchange.function, exchange.command)).collect();
        ipmi.list(&COMMAND, &names, omitted);
        let codes: Vec<String> = exchanges
            .iter()
            .map(|exchange| exchange.completion.map(|code| format!("{code:02x}")).unwrap_or_default())
            .collect();
        ipmi.list(&COMPLETION, codes.iter().map(|code| Value::Bytes(code.as_bytes())), omitted);
        for (field, count) in [(&ENCRYPTED, self.encrypted), (&PINGS, self.pings)] {
            if count > 0 {
                ipmi.number(field, count);
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.security.heap_bytes() + size_of_val(self.exchanges.items())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Get Channel Authentication Capabilities as every client begins.
    const ASKED: &[u8] =
        b"\x06\x00\xff\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x20\x18\xc8\x81\x00\x38\x8e\x04\xb5";

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Udp, role, bytes, destination: std::net::Ipv4Addr::LOCALHOST.into() })
    }

    #[test]
    fn a_message_proves_itself_by_its_checksums_and_tells_who_sent_it() {
        assert_eq!(verdict(Role::Client, ASKED), Verdict::Match);
        assert_eq!(verdict(Role::Server, ASKED), Verdict::Reject);
        let mut wrong = ASKED.to_vec();
        *wrong.last_mut().unwrap() ^= 1;
        assert_eq!(verdict(Role::Client, &wrong), Verdict::Reject);
        assert_eq!(verdict(Role::Client, &ASKED[..20]), Verdict::Reject);
    }
}
