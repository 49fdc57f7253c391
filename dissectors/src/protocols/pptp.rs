//! PPTP: the control connection of a tunnel for PPP (RFC 2637).
//!
//! ```text
//! length:2 1:2 1a2b3c4d type:2 0000 ...
//!   1, 2  start request and reply    version:2 .. result:1 .. channels:2 firmware:2 host:64 vendor:64
//!   3, 4  stop    5, 6 echo    7, 8 outgoing call    9..11 incoming call    12, 13 call cleared    14 error    15 link
//! ```
//!
//! The cookie 1a2b3c4d proves it. The tunnel itself is GRE, another session. Limits: a message of [`MESSAGE_BYTES`].

use crate::capped::Text;
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "pptp",
    about: About {
        name: "Point-to-Point Tunneling Protocol, control connection",
        specification: "RFC 2637",
        evidence: "the cookie 1a2b3c4d",
        limits: "the tunnel itself is GRE, another session",
        ports: &[1723],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |_: &Opening| Box::new(Pptp::default()),
};

/// The client.
pub static CLIENT_HOST: Field = Field::text("client_host", "the client's name", "RFC 2637 2.1");
/// The client.
pub static CLIENT_VENDOR: Field = Field::text("client_vendor", "who made the client", "RFC 2637 2.1");
/// The server.
pub static SERVER_HOST: Field = Field::text("server_host", "the server's name", "RFC 2637 2.2");
/// The server.
pub static SERVER_VENDOR: Field = Field::text("server_vendor", "who made the server", "RFC 2637 2.2");
/// The firmware.
pub static FIRMWARE: Field = Field::number("firmware", "the server's firmware or driver revision", "RFC 2637 2.2");
/// Calls.
pub static CALLS: Field = Field::number("calls", "calls that were asked for", "RFC 2637 2.7, 2.9");
/// What became of them.
pub static RESULT: Field =
    Field::text("result", "what the server made of the connection and of each call", "RFC 2637 2.2, 2.8").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "pptp",
    meaning: "Point-to-Point Tunneling Protocol",
    fields: &[&CLIENT_HOST, &CLIENT_VENDOR, &SERVER_HOST, &SERVER_VENDOR, &FIRMWARE, &CALLS, &RESULT],
};

/// The longest message.
const MESSAGE_BYTES: usize = 512;
const HEADER_BYTES: usize = 12;
const COOKIE: u32 = 0x1a2b_3c4d;
const NAME_BYTES: usize = 64;

fn probe(sample: &Sample<'_>) -> Verdict {
    let wanted = [Some(0), None, Some(0), Some(1), Some(0x1a), Some(0x2b), Some(0x3c), Some(0x4d), Some(0)];
    let fits = wanted.iter().zip(sample.bytes).all(|(wanted, byte)| wanted.is_none_or(|wanted| wanted == *byte));
    match (fits, sample.bytes.get(9)) {
        (false, _) => Verdict::Reject,
        (true, None) => Verdict::NeedMore,
        // The client opens the connection and asks; replies, and what a network says of a call, come from the server.
        (true, Some(1 | 7 | 12 | 15)) if sample.role == Role::Client => Verdict::Match,
        (true, Some(2 | 8 | 13)) if sample.role == Role::Server => Verdict::Match,
        (true, Some(3..=6 | 9..=11 | 14)) => Verdict::Match,
        (true, Some(_)) => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Pptp {
    hosts: [Text; 2],
    vendors: [Text; 2],
    firmware: Option<u16>,
    calls: u64,
    results: crate::capped::List<&'static str>,
}

impl Pptp {
    fn message(&mut self, role: Role, kind: u16, body: &[u8]) {
        match (kind, body) {
            (1 | 2, body) => {
                let mut reader = Reader::new(body);
                let Some([_, _, result, _]) = reader.array() else { return };
                let tail = (|| {
                    reader.skip(10)?;
                    Some((reader.be_u16()?, reader.take(NAME_BYTES)?, reader.take(NAME_BYTES)?))
                })();
                let Some((firmware, host, vendor)) = tail else { return };
                let name = |padded: &[u8]| Text::new(padded.split(|byte| *byte == 0).next().unwrap_or_default());
                if let (Some(host_slot), Some(vendor_slot)) =
                    (self.hosts.get_mut(role.index()), self.vendors.get_mut(role.index()))
                {
                    (*host_slot, *vendor_slot) = (name(host), name(vendor));
                }
                if kind == 2 {
                    self.firmware = Some(firmware);
                    self.results.push(start_result(result));
                }
            }
            (7 | 9, _) => self.calls = self.calls.saturating_add(1),
            (8, [_, _, _, _, result, ..]) => {
                self.results.push(call_result(*result));
            }
            _ => {}
        }
    }
}

impl Dissector for Pptp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let Some((length, _, cookie, kind)) =
            (|| Some((usize::from(reader.be_u16()?), reader.be_u16()?, reader.be_u32()?, reader.be_u16()?)))()
        else {
            return Step::NeedMore(HEADER_BYTES);
        };
        if cookie != COOKIE || !(HEADER_BYTES..=MESSAGE_BYTES).contains(&length) {
            return Step::Violation;
        }
        let Some(message) = chunk.bytes.get(..length) else {
            return Step::NeedMore(length);
        };
        self.message(chunk.role, kind, message.get(HEADER_BYTES..).unwrap_or_default());
        Step::Consumed(length)
    }

    fn facts(&self, out: &mut Facts) {
        let mut pptp = out.element(&ELEMENT);
        let ([client_host, server_host], [client_vendor, server_vendor]) = (&self.hosts, &self.vendors);
        pptp.text(&CLIENT_HOST, client_host);
        pptp.text(&CLIENT_VENDOR, client_vendor);
        pptp.text(&SERVER_HOST, server_host);
        pptp.text(&SERVER_VENDOR, server_vendor);
        if let Some(firmware) = self.firmware {
            pptp.number(&FIRMWARE, u64::from(firmware));
        }
        if self.calls > 0 {
            pptp.number(&CALLS, self.calls);
        }
        pptp.list(&RESULT, self.results.items().iter().copied(), self.results.omitted());
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.hosts.iter().chain(&self.vendors).map(Text::heap_bytes).sum::<usize>()
    }
}

fn start_result(code: u8) -> &'static str {
    match code {
        1 => "started",
        3 => "channel_exists",
        4 => "not_authorized",
        5 => "version_not_supported",
        _ => "failed",
    }
}

fn call_result(code: u8) -> &'static str {
    match code {
        1 => "connected",
        3 => "no_carrier",
        4 => "busy",
        5 => "no_dial_tone",
        6 => "timed_out",
        7 => "not_accepted",
        _ => "call_failed",
    }
}
