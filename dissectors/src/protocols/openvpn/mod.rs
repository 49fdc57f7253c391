//! OpenVPN, over UDP and over TCP, with TLS.
//!
//! Specification: the project's own description of its protocol. [`packet`] has the layouts.
//!
//! A session begins with a reset of the client and one of the server, whose fields prove it: with nothing around them, with a digest before
//! them (tls-auth), or encrypted behind a digest (tls-crypt). Within the first two the messages of TLS lie open: they are put in order and
//! read as any TLS. Sessions with a static key look like random bytes and are not claimed; neither is data alone, nor the resets of
//! versions before 2.0.
//!
//! Limits: [`control::WAITING`] packets that came too early wait for the ones before them. Ignored on purpose: keys changed later.

mod control;
mod packet;

use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::hex::hex;
use crate::kept::{count, tell_count};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::protocols::tls;
use control::Control;
use packet::{Opcode, Wrapping};

static WRAPPING: Field = Field::text(
    "wrapping",
    "how control messages are guarded: `none`, `tls-auth`, `tls-crypt`, `tls-crypt-v2`",
    "OpenVPN, control channel",
);
static DIGEST: Field = Field::text("digest", "with `tls-auth`: the digest, by its length", "OpenVPN, control channel");
static CLIENT_SESSION: Field = Field::text("client_session", "the client's mark", "OpenVPN, control channel");
static SERVER_SESSION: Field = Field::text("server_session", "the server's mark", "OpenVPN, control channel");
static RESETS: Field =
    Field::number("resets", "times that the client began, repetitions counted", "OpenVPN, control channel");
static CONTROL: Field = Field::number("control", "control messages", "OpenVPN, control channel");
static DATA: Field = Field::number("data", "data packets that were looked at", "OpenVPN, data channel");
static DATA_FORMAT: Field =
    Field::number("data_format", "1, or 2 where packets name their peer", "OpenVPN, data channel");

static ELEMENT: Element = Element {
    name: "openvpn",
    meaning: "an OpenVPN tunnel",
    fields: &[&WRAPPING, &DIGEST, &CLIENT_SESSION, &SERVER_SESSION, &RESETS, &CONTROL, &DATA, &DATA_FORMAT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "openvpn",
    about: About {
        name: "OpenVPN over UDP and TCP",
        specification: "OpenVPN protocol description",
        evidence: "resets of client and server whose fields agree",
        limits: "static keys and data alone look like chance and are not claimed",
        ports: &[443, 943, 1194],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT, &tls::fields::ELEMENT],
    // Over TCP a length begins, of less than 2048. Over UDP a kind, up to eleven, and a key.
    first: FirstBytes::both(&[0x00..=0x5f]),
    probe,
    open: |opening: &Opening| Box::new(OpenVpn { stream: opening.transport == Transport::Tcp, ..OpenVpn::default() }),
};

/// So many packets of data after a handshake tell all there is to tell.
const ENOUGH_DATA: u64 = 64;

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.transport == Transport::Udp {
        // What may follow a reset proves nothing, and does not speak against it either.
        return match judge(sample.role, sample.bytes) {
            Verdict::Reject if packet::may_follow(sample.role, sample.bytes) => Verdict::NeedMore,
            verdict => verdict,
        };
    }
    let Some((length, rest)) = packet::framed(sample.bytes) else {
        let short = sample.bytes.first().is_some_and(|high| usize::from(*high) << 8 <= *packet::LENGTHS.end());
        return if short { Verdict::NeedMore } else { Verdict::Reject };
    };
    if !packet::LENGTHS.contains(&length) || rest.first().is_some_and(|first| !packet::may_begin(sample.role, *first)) {
        return Verdict::Reject;
    }
    match rest.get(..length) {
        Some(packet) => judge(sample.role, packet),
        None if sample.bytes.len() < crate::protocol::PROBE_BYTES => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

/// What a packet proves.
fn judge(role: Role, bytes: &[u8]) -> Verdict {
    let Some(packet) = packet::read(bytes) else {
        return Verdict::Reject;
    };
    if packet.opcode.sender().is_some_and(|sender| sender != role) {
        return Verdict::Reject;
    }
    match packet.wrapping(None) {
        // A server answers with what the client sent it: nobody else's bytes look so.
        Some(wrapping) if packet.opcode == Opcode::ServerReset => match packet.inside(wrapping) {
            Some(inside) if inside.acknowledged > 0 => Verdict::Match,
            _ => Verdict::Likely,
        },
        Some(_) if packet.opcode == Opcode::ClientReset => Verdict::Likely,
        // In the middle: only with TLS in it.
        Some(wrapping @ (Wrapping::None | Wrapping::Auth(_))) => match packet.inside(wrapping) {
            Some(inside) if packet.opcode == Opcode::Control && control::is_tls(inside.payload) => Verdict::Likely,
            _ => Verdict::Reject,
        },
        _ => Verdict::Reject,
    }
}

#[derive(Default)]
struct OpenVpn {
    stream: bool,
    wrapping: Option<Wrapping>,
    sessions: [Option<[u8; 8]>; 2],
    resets: u64,
    controls: u64,
    data: [u64; 2],
    data_format: Option<u8>,
    control: Control,
}

impl OpenVpn {
    /// Takes a packet. Tells whether it could be one.
    fn packet(&mut self, chunk: Chunk<'_>, bytes: &[u8]) -> bool {
        let Some(packet) = packet::read(bytes) else {
            return false;
        };
        if let Some(format) = packet.opcode.data_format() {
            self.data_format = Some(self.data_format.unwrap_or_default().max(format));
            if let Some(data) = self.data.get_mut(chunk.role.index()) {
                count(data);
            }
            return true;
        }
        let wrapping = packet.wrapping(self.wrapping);
        self.wrapping = self.wrapping.or(wrapping);
        match packet.opcode {
            Opcode::ClientReset => count(&mut self.resets),
            Opcode::Control | Opcode::ServerReset | Opcode::SoftReset => count(&mut self.controls),
            _ => {}
        }
        if let Some(session) = self.sessions.get_mut(chunk.role.index()) {
            let began = matches!(packet.opcode, Opcode::ClientReset | Opcode::ServerReset);
            if began && session.is_some_and(|known| known != packet.session) {
                // A new beginning on the same ports: its packets count from nought again.
                self.control.give_up();
            }
            session.get_or_insert(packet.session);
        }
        if let Some(inside) = wrapping.and_then(|wrapping| packet.inside(wrapping))
            && packet.key == 0
            && let Some(number) = inside.number
        {
            self.control.packet(chunk.role, number, inside.payload, chunk.time);
        }
        true
    }

    /// Whether nothing more is to be learnt.
    fn is_done(&self) -> bool {
        let closed = matches!(self.wrapping, Some(Wrapping::Crypt | Wrapping::CryptV2)) || self.control.is_over();
        closed && self.data.iter().all(|data| *data >= ENOUGH_DATA)
    }
}

impl Dissector for OpenVpn {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if !self.stream {
            self.packet(chunk, chunk.bytes);
            return if self.is_done() { Step::Done } else { Step::Consumed(chunk.bytes.len()) };
        }
        let Some((length, rest)) = packet::framed(chunk.bytes) else {
            return Step::NeedMore(2);
        };
        if !packet::LENGTHS.contains(&length) {
            return Step::Violation;
        }
        let Some(bytes) = rest.get(..length) else {
            return Step::NeedMore(length.saturating_add(2));
        };
        match self.packet(chunk, bytes) {
            false => Step::Violation,
            true if self.is_done() => Step::Done,
            true => Step::Consumed(length.saturating_add(2)),
        }
    }

    fn end(&mut self, role: Role) {
        self.control.end(role);
    }

    fn facts(&self, out: &mut Facts) {
        out.encrypted("protocol");
        let mut element = out.element(&ELEMENT);
        if let Some(wrapping) = self.wrapping {
            element.plain(&WRAPPING, wrapping.name());
            if let Wrapping::Auth(digest) = wrapping {
                element.plain(&DIGEST, packet::digest(digest));
            }
        }
        for (field, session) in [&CLIENT_SESSION, &SERVER_SESSION].into_iter().zip(self.sessions) {
            if let Some(session) = session {
                element.bytes(field, hex(&session).as_bytes());
            }
        }
        tell_count(&mut element, &RESETS, self.resets);
        tell_count(&mut element, &CONTROL, self.controls);
        tell_count(&mut element, &DATA, self.data.iter().fold(0, |sum, data| sum.saturating_add(*data)));
        if let Some(format) = self.data_format {
            element.number(&DATA_FORMAT, u64::from(format));
        }
        self.control.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.control.heap_bytes()
    }
}
