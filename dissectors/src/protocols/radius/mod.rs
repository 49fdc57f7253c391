//! RADIUS: who may use a network, and for how long they did (RFC 2865, RFC 2866, RFC 5176).
//!
//! ```text
//! datagram   code:1 id:1 length:2 authenticator:16 attributes       RFC 2865 3
//! attribute  type:1 length:1 (with these two bytes) value                     5
//! ```
//!
//! EAP (RFC 3748) lies in pieces in EAP-Message attributes (RFC 3579 3.1); the handshake of the first conversation that makes a TLS
//! tunnel in it is told in an element `tls` ([`eap`]). Passwords, keys and states are never kept. Limits: the usual ones of texts and lists, for a
//! whole session. Ignored on purpose: attributes of vendors, the matching of answers to requests, RADIUS over TLS (which is TLS).

mod eap;
mod names;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::keyed;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::protocols::tls;
use crate::reader::Reader;

use eap::Eap;

static CODE: Field =
    Field::number("code", "kinds of messages by their numbers, each once", "RFC 2865 4, RFC 5176 3.1").list();
static MESSAGE: Field =
    Field::text("message", "the same by their names, such as `Access-Request`", "RFC 2865 4, RFC 5176 3.1").list();
static REQUESTS: Field = Field::number("requests", "requests of any kind", "");
static ACCEPTS: Field = Field::number("accepts", "Access-Accept messages; absent if none", "RFC 2865 4.2");
static REJECTS: Field = Field::number("rejects", "Access-Reject messages; absent if none", "RFC 2865 4.3");
static USER: Field = Field::text("user", "accounts, each once", "RFC 2865 5.1").list();
static NAS_ADDRESS: Field =
    Field::new(Kind::Address, "nas_address", "access servers that ask, by address", "RFC 2865 5.4, RFC 3162 2.1")
        .list();
static NAS_IDENTIFIER: Field =
    Field::text("nas_identifier", "access servers that ask, by name", "RFC 2865 5.32").list();
static NAS_PORT: Field = Field::number("nas_port", "their ports, by number", "RFC 2865 5.5").list();
static NAS_PORT_ID: Field = Field::text("nas_port_id", "their ports, by name", "RFC 2869 5.17").list();
static NAS_PORT_TYPE: Field =
    Field::text("nas_port_type", "what kind of ports they are, such as `Ethernet`", "RFC 2865 5.41").list();
static CALLING_STATION: Field =
    Field::text("calling_station", "who calls: a telephone number, a hardware address", "RFC 2865 5.31").list();
static CALLED_STATION: Field =
    Field::text("called_station", "who is called: a number, an access point and its network", "RFC 2865 5.30").list();
static SERVICE_TYPE: Field =
    Field::text("service_type", "what is asked for or granted, such as `Framed`", "RFC 2865 5.6").list();
static FRAMED_ADDRESS: Field =
    Field::new(Kind::Address, "framed_address", "addresses that users were given", "RFC 2865 5.8, RFC 6911 3.1").list();
static REPLY_MESSAGE: Field = Field::text("reply_message", "what the server says to users", "RFC 2865 5.18").list();
static STATUS_TYPE: Field =
    Field::text("status_type", "what is accounted for, such as `Start` and `Stop`", "RFC 2866 5.1").list();
static SESSION_ID: Field = Field::text("session_id", "accounted sessions, each once", "RFC 2866 5.5").list();
static TERMINATE_CAUSE: Field =
    Field::text("terminate_cause", "why they ended, such as `User-Request`", "RFC 2866 5.10").list();
static EAP_IDENTITY: Field = Field::text("eap_identity", "who peers of EAP say they are", "RFC 3748 5.1").list();
static EAP_METHOD: Field =
    Field::text("eap_method", "methods of EAP that were spoken of, such as `PEAP`", "RFC 3748 5").list();

static ELEMENT: Element = Element {
    name: "radius",
    meaning: "access to networks: who asked, through which access server, and what was granted",
    fields: &[
        &CODE,
        &MESSAGE,
        &REQUESTS,
        &ACCEPTS,
        &REJECTS,
        &USER,
        &NAS_ADDRESS,
        &NAS_IDENTIFIER,
        &NAS_PORT,
        &NAS_PORT_ID,
        &NAS_PORT_TYPE,
        &CALLING_STATION,
        &CALLED_STATION,
        &SERVICE_TYPE,
        &FRAMED_ADDRESS,
        &REPLY_MESSAGE,
        &STATUS_TYPE,
        &SESSION_ID,
        &TERMINATE_CAUSE,
        &EAP_IDENTITY,
        &EAP_METHOD,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "radius",
    about: About {
        name: "Remote Authentication Dial-In User Service",
        specification: "RFC 2865, RFC 2866, RFC 5176, RFC 3579",
        evidence: "attributes that fill the length",
        limits: "attributes of vendors are not told; answers are not matched to requests",
        ports: &[1645, 1646, 1700, 1812, 1813, 3799],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT, &tls::fields::ELEMENT],
    first: FirstBytes {
        client: &[1..=1, 4..=4, 12..=13, 40..=40, 43..=43],
        server: &[2..=3, 5..=5, 11..=11, 41..=42, 44..=45],
    },
    probe,
    open: |_| Box::new(Radius::default()),
};

/// Bytes before the attributes.
const HEAD: usize = 20;
/// The longest message (RFC 2865 3; RFC 5080 and later do not lengthen it).
const MESSAGE_BYTES: usize = 4096;
/// So many good attributes at the beginning of a message that is not good to its end make it one still.
const SOUND: usize = 3;
/// As [`SOUND`] where the message claims to be longer than what is here.
const SOUND_IF_CUT: usize = 6;

/// Numbers of attributes.
mod attribute {
    pub const USER_NAME: u8 = 1;
    pub const NAS_ADDRESS: u8 = 4;
    pub const NAS_PORT: u8 = 5;
    pub const SERVICE_TYPE: u8 = 6;
    pub const FRAMED_ADDRESS: u8 = 8;
    pub const REPLY_MESSAGE: u8 = 18;
    pub const CALLED_STATION: u8 = 30;
    pub const CALLING_STATION: u8 = 31;
    pub const NAS_IDENTIFIER: u8 = 32;
    pub const STATUS_TYPE: u8 = 40;
    pub const SESSION_ID: u8 = 44;
    pub const TERMINATE_CAUSE: u8 = 49;
    pub const NAS_PORT_TYPE: u8 = 61;
    pub const EAP_MESSAGE: u8 = 79;
    pub const NAS_PORT_ID: u8 = 87;
    pub const NAS_ADDRESS_6: u8 = 95;
    pub const FRAMED_ADDRESS_6: u8 = 168;

    /// The length of a value, where its type says it (RFC 2865 5, RFC 2866 5, RFC 2869 5, RFC 3162 2).
    pub const fn value_length(number: u8) -> Option<usize> {
        match number {
            4..=10 | 12..=16 | 23 | 27..=29 | 37 | 38 | 40..=43 | 45..=49 | 51..=53 | 55 | 61 | 62 => Some(4),
            80 => Some(16),
            95 | 168 => Some(16),
            96 => Some(8),
            _ => None,
        }
    }
}

/// A message taken apart.
struct Message<'a> {
    code: u8,
    id: u8,
    /// As long as the message says, or what is here of it.
    attributes: &'a [u8],
}

fn read(datagram: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(datagram);
    let (code, id, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
    reader.skip(HEAD - 4)?;
    let length = length.checked_sub(HEAD)?;
    let attributes = reader.rest().get(..length).unwrap_or(reader.rest());
    Some(Message { code, id, attributes })
}

/// The attributes, up to the first that can't be one.
fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        let (number, length) = (reader.u8()?, reader.u8()?);
        let value = reader.take(usize::from(length.checked_sub(2)?))?;
        Some((number, value))
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let mut reader = Reader::new(sample.bytes);
    let (Some(code), Some(_id), Some(said)) = (reader.u8(), reader.u8(), reader.be_u16().map(usize::from)) else {
        return Verdict::Reject;
    };
    // The authenticator is random, or a hash, or in some requests zeros.
    let alike = sample.bytes.iter().all(|byte| *byte == code);
    if alike
        || names::sender(code) != Some(sample.role)
        || !(HEAD..=MESSAGE_BYTES).contains(&said)
        || reader.skip(HEAD - 4).is_none()
    {
        return Verdict::Reject;
    }
    let told = reader.rest().get(..said.saturating_sub(HEAD));
    // How far the attributes reach, how many are as their types want them, and how many of these stand before any that is not.
    let (mut end, mut sound, mut odd, mut first) = (0usize, 0usize, 0usize, 0usize);
    for (number, value) in attributes(told.unwrap_or(reader.rest())).take_while(|(number, _)| *number != 0) {
        // Only EAP-Message may be empty (RFC 3579 2.1).
        if value.is_empty() && number != attribute::EAP_MESSAGE {
            break;
        }
        end = end.saturating_add(value.len()).saturating_add(2);
        if attribute::value_length(number).is_some_and(|length| length != value.len()) {
            odd = odd.saturating_add(1);
        } else {
            sound = sound.saturating_add(1);
            first = first.saturating_add(usize::from(odd == 0));
        }
    }
    let whole = told.is_some_and(|told| told.len() == end);
    match (whole, odd, said.cmp(&sample.bytes.len())) {
        (true, 0, Ordering::Equal) if sound > 0 => Verdict::Match,
        // No attribute at all, or padding behind them.
        (true, 0, _) => Verdict::Likely,
        // One byte was changed on its way: the lengths still lead from one attribute to the next and to the end.
        (true, 1, Ordering::Equal) if sound >= SOUND => Verdict::Likely,
        // Damaged on its way, or its end was not captured.
        (false, _, Ordering::Equal) if first >= SOUND => Verdict::Likely,
        (false, _, Ordering::Greater) if first >= SOUND_IF_CUT => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Radius {
    codes: List<u8>,
    requests: u64,
    accepts: u64,
    rejects: u64,
    users: List<Text>,
    nas_addresses: List<IpAddr>,
    nas_identifiers: List<Text>,
    nas_ports: List<u32>,
    nas_port_ids: List<Text>,
    nas_port_types: List<u32>,
    calling: List<Text>,
    called: List<Text>,
    services: List<u32>,
    framed: List<IpAddr>,
    replies: List<Text>,
    statuses: List<u32>,
    sessions: List<Text>,
    causes: List<u32>,
    eap: Eap,
}

impl Radius {
    fn attribute(&mut self, number: u8, value: &[u8]) {
        let texts = match number {
            attribute::USER_NAME => &mut self.users,
            attribute::NAS_IDENTIFIER => &mut self.nas_identifiers,
            attribute::NAS_PORT_ID => &mut self.nas_port_ids,
            attribute::CALLING_STATION => &mut self.calling,
            attribute::CALLED_STATION => &mut self.called,
            attribute::REPLY_MESSAGE => &mut self.replies,
            attribute::SESSION_ID => &mut self.sessions,
            _ => return self.number(number, value),
        };
        if !value.is_empty() {
            texts.push_distinct(Text::new(value));
        }
    }

    fn number(&mut self, number: u8, value: &[u8]) {
        if let (attribute::NAS_ADDRESS_6 | attribute::FRAMED_ADDRESS_6, Ok(address)) =
            (number, <[u8; 16]>::try_from(value))
        {
            let address = IpAddr::V6(Ipv6Addr::from(address));
            let list = if number == attribute::NAS_ADDRESS_6 { &mut self.nas_addresses } else { &mut self.framed };
            return list.push_distinct(address);
        }
        let Ok(value) = <[u8; 4]>::try_from(value) else {
            return;
        };
        let (address, value) = (Ipv4Addr::from(value), u32::from_be_bytes(value));
        match number {
            attribute::NAS_ADDRESS => self.nas_addresses.push_distinct(address.into()),
            // All ones and all ones but the last are wishes: of the user, and of the server (RFC 2865 5.8).
            attribute::FRAMED_ADDRESS if value < 0xffff_fffe => self.framed.push_distinct(address.into()),
            attribute::NAS_PORT => self.nas_ports.push_distinct(value),
            attribute::NAS_PORT_TYPE => self.nas_port_types.push_distinct(value),
            attribute::SERVICE_TYPE => self.services.push_distinct(value),
            attribute::STATUS_TYPE => self.statuses.push_distinct(value),
            attribute::TERMINATE_CAUSE => self.causes.push_distinct(value),
            _ => {}
        }
    }
}

impl Dissector for Radius {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let Some(message) = read(chunk.bytes) else {
            return Step::Consumed(chunk.bytes.len());
        };
        let Some(sender) = names::sender(message.code) else {
            return Step::Consumed(chunk.bytes.len());
        };
        self.codes.push_distinct(message.code);
        let count = match (sender, message.code) {
            (Role::Client, _) => Some(&mut self.requests),
            (_, 2) => Some(&mut self.accepts),
            (_, 3) => Some(&mut self.rejects),
            _ => None,
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        let mut packet = Vec::new();
        // Whose conversation it is: of one access server many users ask at once.
        let mut peer = keyed::hasher();
        for (number, value) in attributes(message.attributes) {
            match number {
                attribute::EAP_MESSAGE => packet.extend_from_slice(value),
                attribute::USER_NAME | attribute::CALLING_STATION => value.hash(&mut peer),
                _ => {}
            }
            self.attribute(number, value);
        }
        if !packet.is_empty() {
            self.eap.packet(sender, &packet, eap::Place { id: message.id, peer: peer.finish() }, chunk.time);
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn end(&mut self, role: Role) {
        self.eap.end(role);
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        element.list(&CODE, self.codes.items().iter().map(|code| u64::from(*code)), self.codes.omitted());
        element.list(&MESSAGE, self.codes.items().iter().filter_map(|code| names::code(*code)), 0);
        for (field, count) in [(&REQUESTS, self.requests), (&ACCEPTS, self.accepts), (&REJECTS, self.rejects)] {
            if count > 0 {
                element.number(field, count);
            }
        }
        element.texts(&USER, &self.users);
        element.list(
            &NAS_ADDRESS,
            self.nas_addresses.items().iter().map(|it| Value::Address(*it)),
            self.nas_addresses.omitted(),
        );
        element.texts(&NAS_IDENTIFIER, &self.nas_identifiers);
        element.list(&NAS_PORT, self.nas_ports.items().iter().map(|port| u64::from(*port)), self.nas_ports.omitted());
        element.texts(&NAS_PORT_ID, &self.nas_port_ids);
        element.texts(&CALLING_STATION, &self.calling);
        element.texts(&CALLED_STATION, &self.called);
        element.list(&FRAMED_ADDRESS, self.framed.items().iter().map(|it| Value::Address(*it)), self.framed.omitted());
        element.texts(&REPLY_MESSAGE, &self.replies);
        element.texts(&SESSION_ID, &self.sessions);
        let kinds = [
            (&NAS_PORT_TYPE, &self.nas_port_types, names::port_type as fn(u32) -> Option<&'static str>),
            (&SERVICE_TYPE, &self.services, names::service),
            (&STATUS_TYPE, &self.statuses, names::status),
            (&TERMINATE_CAUSE, &self.causes, names::cause),
        ];
        for (field, numbers, name) in kinds {
            for number in numbers.items() {
                match name(*number) {
                    Some(name) => element.plain(field, name),
                    None => element.bytes(field, number.to_string().as_bytes()),
                }
            }
            element.omitted(field, numbers.omitted());
        }
        element.texts(&EAP_IDENTITY, &self.eap.identities);
        for method in self.eap.methods.items() {
            match eap::method(*method) {
                Some(name) => element.plain(&EAP_METHOD, name),
                None => element.bytes(&EAP_METHOD, method.to_string().as_bytes()),
            }
        }
        element.omitted(&EAP_METHOD, self.eap.methods.omitted());
        for user in [self.users.items().first(), self.eap.identities.items().first()].into_iter().flatten() {
            out.user(user);
        }
        self.eap.facts(out);
    }

    fn heap_bytes(&self) -> usize {
        let lists = [
            &self.users,
            &self.nas_identifiers,
            &self.nas_port_ids,
            &self.calling,
            &self.called,
            &self.replies,
            &self.sessions,
        ];
        let texts = lists.iter().flat_map(|list| list.items());
        let numbers = [&self.nas_ports, &self.nas_port_types, &self.services, &self.statuses, &self.causes];
        size_of::<Self>()
            + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + numbers.iter().map(|list| size_of_val(list.items())).sum::<usize>()
            + size_of_val(self.nas_addresses.items())
            + size_of_val(self.framed.items())
            + self.eap.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Access-Request of `al` at port 7.
    fn request() -> Vec<u8> {
        let mut bytes = vec![1, 9, 0, 30];
        bytes.extend([0x55; 16]);
        bytes.extend(b"\x01\x04al\x05\x06\0\0\0\x07");
        bytes
    }

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Udp, role, bytes, destination: IpAddr::V4(Ipv4Addr::LOCALHOST) })
    }

    #[test]
    fn length_and_attributes_are_the_proof() {
        assert_eq!(verdict(Role::Client, &request()), Verdict::Match);
        assert_eq!(verdict(Role::Server, &request()), Verdict::Reject);
        for at in [0, 2, 3, 21, 25] {
            let mut wrong = request();
            wrong[at] ^= 0x12;
            assert_eq!(verdict(Role::Client, &wrong), Verdict::Reject, "byte {at}");
        }
        // An access server's port of five bytes among four attributes, and as one of two.
        let odd = b"\x05\x07\0\0\0\0\x07";
        let many = [&[1, 9, 0, 39][..], &[0x55; 16], b"\x01\x04al", odd, b"\x20\x04ap", b"\x1e\x04xy"].concat();
        assert_eq!(verdict(Role::Client, &many), Verdict::Likely);
        let few = [&[1, 9, 0, 31][..], &[0x55; 16], b"\x01\x04al", odd].concat();
        assert_eq!(verdict(Role::Client, &few), Verdict::Reject);
        let padded = [request(), vec![0; 4]].concat();
        assert_eq!(verdict(Role::Client, &padded), Verdict::Likely);
        assert_eq!(verdict(Role::Server, &[&b"\x05\x09\0\x14"[..], &[1; 16]].concat()), Verdict::Likely);
    }
}
