//! BGP: how networks tell each other their routes (RFC 4271, capabilities by RFC 5492).
//!
//! ```text
//! ff*16 length:2 type:1 ...
//!   1 OPEN          version:1 as:2 hold_time:2 id:4 n:1 parameters:n
//!   2 UPDATE   3 NOTIFICATION code:1 subcode:1 data   4 KEEPALIVE   5 ROUTE-REFRESH (RFC 2918)
//! ```
//!
//! Both sides speak alike: the client is who connected. Routes are counted by message and not read. After a gap the next marker counts.
//! Limits: a message of 65535 bytes (RFC 8654); [`MOST_PARAMETERS`] parameters of an OPEN.

use std::net::Ipv4Addr;

use crate::capped::List;
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Side, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "bgp",
    about: About {
        name: "Border Gateway Protocol 4",
        specification: "RFC 4271, RFC 5492",
        evidence: "the marker of sixteen ones",
        limits: "routes are counted and not read",
        ports: &[179],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0xff..=0xff]),
    probe,
    open: |_: &Opening| Box::new(Bgp::default()),
};

/// The client's network.
pub static CLIENT_AS: Field =
    Field::number("client_as", "autonomous system of who connected", "RFC 4271 4.2, RFC 6793");
/// The server's network.
pub static SERVER_AS: Field =
    Field::number("server_as", "autonomous system of who was connected to", "RFC 4271 4.2, RFC 6793");
/// The client.
pub static CLIENT_ID: Field = Field::new(Kind::Address, "client_id", "BGP identifier of who connected", "RFC 4271 4.2");
/// The server.
pub static SERVER_ID: Field =
    Field::new(Kind::Address, "server_id", "BGP identifier of who was connected to", "RFC 4271 4.2");
/// The time.
pub static HOLD_TIME: Field =
    Field::number("hold_time", "the shorter of the hold times that both offer", "RFC 4271 4.2").unit("s");
/// What they can do.
pub static CAPABILITIES: Field = Field::text("capabilities", "capabilities that either side offers", "RFC 5492").list();
/// Updates.
pub static UPDATES: Field = Field::new(Kind::Pair, "updates", "UPDATE messages of each side", "RFC 4271 4.3");
/// Keepalives.
pub static KEEPALIVES: Field = Field::new(Kind::Pair, "keepalives", "KEEPALIVE messages of each side", "RFC 4271 4.4");
/// What went wrong.
pub static NOTIFICATION: Field =
    Field::text("notification", "why a side ended the session: the error, and the number of its kind", "RFC 4271 4.5")
        .list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "bgp",
    meaning: "Border Gateway Protocol",
    fields: &[
        &CLIENT_AS,
        &SERVER_AS,
        &CLIENT_ID,
        &SERVER_ID,
        &HOLD_TIME,
        &CAPABILITIES,
        &UPDATES,
        &KEEPALIVES,
        &NOTIFICATION,
    ],
};

const MARKER: [u8; 16] = [0xff; 16];
/// Marker, length and type.
const HEADER_BYTES: usize = 19;
/// More optional parameters than an OPEN has.
const MOST_PARAMETERS: usize = 64;

const OPEN: u8 = 1;
const UPDATE: u8 = 2;
const NOTIFICATION_TYPE: u8 = 3;
const KEEPALIVE: u8 = 4;
const ROUTE_REFRESH: u8 = 5;

fn probe(sample: &Sample<'_>) -> Verdict {
    if !MARKER.iter().zip(sample.bytes).all(|(wanted, byte)| wanted == byte) {
        return Verdict::Reject;
    }
    match header(sample.bytes) {
        None => Verdict::NeedMore,
        Some((length, kind)) if is_message(kind, length) => Verdict::Match,
        Some(_) => Verdict::Reject,
    }
}

/// Length and type behind the marker.
fn header(bytes: &[u8]) -> Option<(usize, u8)> {
    let mut reader = Reader::new(bytes);
    reader.skip(MARKER.len())?;
    Some((usize::from(reader.be_u16()?), reader.u8()?))
}

/// Whether a type can have the length (RFC 4271 6.1).
const fn is_message(kind: u8, length: usize) -> bool {
    match kind {
        OPEN => length >= 29 && length <= 4096,
        UPDATE => length >= 23,
        NOTIFICATION_TYPE => length >= 21,
        KEEPALIVE => length == HEADER_BYTES,
        ROUTE_REFRESH => length >= 23,
        _ => false,
    }
}

/// What one side has said.
#[derive(Debug, Default)]
struct Speaker {
    open: Option<(u32, Ipv4Addr, u16)>,
    updates: u64,
    keepalives: u64,
    lost: bool,
}

#[derive(Debug, Default)]
struct Bgp {
    speakers: [Speaker; 2],
    capabilities: List<&'static str>,
    notifications: List<String>,
}

impl Bgp {
    fn open_message(&mut self, role: Role, body: &[u8]) {
        let mut reader = Reader::new(body);
        let Some(([_], number, hold, id)) =
            (|| Some((reader.array()?, reader.be_u16()?, reader.be_u16()?, reader.array::<4>()?)))()
        else {
            return;
        };
        let mut number = u32::from(number);
        // All ones here say that the parameters have a longer form (RFC 9072).
        let long = matches!(reader.rest(), [255, 255, ..]);
        reader.skip(if long { 4 } else { 1 });
        for _ in 0..MOST_PARAMETERS {
            let Some(kind) = reader.u8() else { break };
            let length = if long { reader.be_u16().map(usize::from) } else { reader.u8().map(usize::from) };
            let Some(mut parameter) = length.and_then(|length| reader.sub(length)) else { break };
            while let (2, Some(code), Some(length)) = (kind, parameter.u8(), parameter.u8()) {
                let Some(mut value) = parameter.sub(usize::from(length)) else { break };
                self.capabilities.push_distinct(capability_name(code));
                if let (65, Some(wide)) = (code, value.be_u32()) {
                    number = wide;
                }
            }
        }
        if let Some(speaker) = self.speakers.get_mut(role.index()) {
            speaker.open = Some((number, Ipv4Addr::from(id), hold));
        }
    }
}

impl Dissector for Bgp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Some(speaker) = self.speakers.get_mut(chunk.role.index()) else {
            return Step::Done;
        };
        let mut bytes = chunk.bytes;
        if speaker.lost {
            match memchr::memmem::find(bytes, &MARKER) {
                Some(at) => bytes = bytes.get(at..).unwrap_or_default(),
                // A marker may have begun.
                None => {
                    return match bytes.len().saturating_sub(MARKER.len() - 1) {
                        0 => Step::NeedMore(MARKER.len()),
                        none => Step::Consumed(none),
                    };
                }
            }
        }
        let before = chunk.bytes.len().saturating_sub(bytes.len());
        if before > 0 {
            return Step::Consumed(before);
        }
        let Some((length, kind)) = header(bytes) else {
            return Step::NeedMore(HEADER_BYTES);
        };
        if !bytes.starts_with(&MARKER) || !is_message(kind, length) {
            return if speaker.lost { Step::Consumed(1) } else { Step::Violation };
        }
        speaker.lost = false;
        match kind {
            UPDATE => speaker.updates = speaker.updates.saturating_add(1),
            KEEPALIVE => speaker.keepalives = speaker.keepalives.saturating_add(1),
            OPEN | NOTIFICATION_TYPE => {
                let Some(body) = bytes.get(HEADER_BYTES..length) else {
                    return Step::NeedMore(length);
                };
                match (kind, body) {
                    (OPEN, body) => self.open_message(chunk.role, body),
                    (_, [code, subcode, ..]) => {
                        self.notifications.push_with(|| format!("{} {subcode}", error_name(*code)));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        match length.checked_sub(bytes.len()) {
            None | Some(0) => Step::Consumed(length),
            Some(missing) => Step::Skip(missing as u64),
        }
    }

    fn gap(&mut self, role: Role, _: u64) -> Step {
        if let Some(speaker) = self.speakers.get_mut(role.index()) {
            speaker.lost = true;
        }
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        let client_first = out.side(Role::Client) == Side::Originator;
        let mut bgp = out.element(&ELEMENT);
        let [client, server] = &self.speakers;
        for (speaker, number, id) in [(client, &CLIENT_AS, &CLIENT_ID), (server, &SERVER_AS, &SERVER_ID)] {
            if let Some((system, router, _)) = speaker.open {
                bgp.number(number, u64::from(system));
                bgp.value(id, Value::Address(router.into()));
            }
        }
        if let Some(hold) = self.speakers.iter().filter_map(|speaker| speaker.open).map(|(.., hold)| hold).min() {
            bgp.number(&HOLD_TIME, u64::from(hold));
        }
        bgp.list(&CAPABILITIES, self.capabilities.items().iter().copied(), self.capabilities.omitted());
        let (src, dst) = if client_first { (client, server) } else { (server, client) };
        for (field, a, b) in [(&UPDATES, src.updates, dst.updates), (&KEEPALIVES, src.keepalives, dst.keepalives)] {
            if (a, b) != (0, 0) {
                bgp.value(field, Value::Pair(a, b));
            }
        }
        let notifications = self.notifications.items().iter().map(|text| Value::Bytes(text.as_bytes()));
        bgp.list(&NOTIFICATION, notifications, self.notifications.omitted());
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(self.capabilities.items())
            + self.notifications.items().iter().map(String::capacity).sum::<usize>()
    }
}

/// Capabilities (IANA's list of BGP capability codes).
fn capability_name(code: u8) -> &'static str {
    match code {
        1 => "multiprotocol",
        2 => "route_refresh",
        3 => "outbound_filter",
        5 => "extended_next_hop",
        6 => "extended_message",
        7 => "bgpsec",
        8 => "multiple_labels",
        9 => "role",
        64 => "graceful_restart",
        65 => "four_octet_as",
        67 => "dynamic",
        68 => "multisession",
        69 => "add_path",
        70 => "enhanced_route_refresh",
        71 => "long_lived_graceful_restart",
        73 => "fqdn",
        128 => "route_refresh_cisco",
        _ => "other",
    }
}

fn error_name(code: u8) -> &'static str {
    match code {
        1 => "message_header",
        2 => "open",
        3 => "update",
        4 => "hold_timer_expired",
        5 => "state_machine",
        6 => "cease",
        7 => "route_refresh",
        _ => "other",
    }
}
