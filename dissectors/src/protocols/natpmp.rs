//! NAT-PMP and PCP, by which hosts ask a router to let others in.
//!
//! Specifications: RFC 6886 (NAT-PMP), RFC 6887 (PCP).
//!
//! ```text
//! NAT-PMP question   00 operation:1 [zero:2 inside:2 outside:2 seconds:4]
//! NAT-PMP answer     00 operation + 128:1 result:2 uptime:4 [address:4 | inside:2 outside:2 seconds:4]      RFC 6886 3
//! PCP question       02 operation:1 zero:2 seconds:4 client:16                        [content] [options]
//! PCP answer         02 operation + 128:1 zero:1 result:1 seconds:4 uptime:4 zero:12  [content] [options]  RFC 6887 7
//! content of a map   nonce:12 protocol:1 zero:3 inside:2 outside:2 address:16  [of a peer: port:2 zero:2 address:16]
//! ```
//!
//! PCP's zeros and its client's address prove it. NAT-PMP is short and only fits; a question for the address alone is two zeros, and wants
//! its answer.

use std::net::{IpAddr, Ipv6Addr};

use crate::capped::List;
use crate::dictionary::{Element, Field, Kind};
use crate::facts::{Facts, Value};
use crate::kept::{tell_name, tell_names};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "`nat-pmp` or `pcp`", "RFC 6887 9").list();
static OPERATION: Field =
    Field::text("operation", "what was asked: `address`, `announce`, `map`, `peer`, each once", "RFC 6887 19.2").list();
static PROTOCOL_NAME: Field = Field::text("protocol", "of each answered map", "RFC 6887 11.1").aligned();
static INSIDE: Field =
    Field::number("inside_port", "port of the host, of each answered map", "RFC 6887 11.1").aligned();
static OUTSIDE: Field = Field::number("outside_port", "port that others come to", "RFC 6887 11.1").aligned();
static SECONDS: Field = Field::number("lifetime", "how long; 0 ends it", "RFC 6887 7.2").aligned().unit("s");
static ADDRESS: Field =
    Field::new(Kind::Address, "outside_address", "address that others come to, each once", "RFC 6887 11.1").list();
static RESULT: Field = Field::text("result", "why something was refused", "RFC 6887 7.4").list();

static ELEMENT: Element = Element {
    name: "natpmp",
    meaning: "ports that a router opens for a host",
    fields: &[&VERSION, &OPERATION, &PROTOCOL_NAME, &INSIDE, &OUTSIDE, &SECONDS, &ADDRESS, &RESULT],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "natpmp",
    about: About {
        name: "NAT-PMP and PCP",
        specification: "RFC 6886, RFC 6887",
        evidence: "PCP's zeros and its client's address; NAT-PMP with its answer",
        limits: "a question for the address alone is too short to tell",
        ports: &[5350, 5351],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0, 2..=2]),
    probe,
    open: |_: &Opening| Box::new(NatPmp::default()),
};

const ANSWER: u8 = 128;
const PMP: u8 = 0;
const PCP: u8 = 2;
/// Operations of PCP; of NAT-PMP 0 asks for the address, 1 and 2 map UDP and TCP.
const MAP: u8 = 1;
const PEER: u8 = 2;
/// Nobody maps for longer than a year.
const YEAR: u32 = 366 * 24 * 3600;
/// The longest message of PCP (RFC 6887 7).
const PCP_BYTES: usize = 1100;

#[derive(Clone, Copy, Debug)]
struct Mapping {
    protocol: u8,
    inside: u16,
    outside: u16,
    seconds: u32,
}

#[derive(Debug)]
struct Message {
    version: u8,
    operation: u8,
    answers: bool,
    result: u16,
    mapping: Option<Mapping>,
    address: Option<IpAddr>,
}

fn pmp(mut reader: Reader<'_>, code: u8) -> Option<Message> {
    let (answers, operation) = (code & ANSWER != 0, code & !ANSWER);
    let mut message = Message { version: PMP, operation, answers, result: 0, mapping: None, address: None };
    if answers {
        message.result = reader.be_u16()?;
        let _uptime = reader.be_u32()?;
    } else if operation > 0 && reader.be_u16()? != 0 {
        return None;
    }
    match operation {
        0 if answers => message.address = Some(IpAddr::from(reader.array::<4>()?)),
        0 => {}
        1 | 2 => {
            let (inside, outside, seconds) = (reader.be_u16()?, reader.be_u16()?, reader.be_u32()?);
            let protocol = if operation == 1 { 17 } else { 6 };
            message.operation = MAP;
            message.mapping = Some(Mapping { protocol, inside, outside, seconds });
            // Port 0 ends all, and ends only.
            if seconds > YEAR || inside == 0 && seconds > 0 {
                return None;
            }
        }
        _ => return None,
    }
    (reader.is_empty() && message.result <= 5).then_some(message)
}

fn pcp(mut reader: Reader<'_>, code: u8) -> Option<Message> {
    let (answers, operation) = (code & ANSWER != 0, code & !ANSWER);
    let (zero, result, seconds) = (reader.u8()?, reader.u8()?, reader.be_u32()?);
    let sound = if answers {
        let _uptime = reader.be_u32()?;
        reader.array::<12>()? == [0; 12] && result <= 13
    } else {
        let client = Ipv6Addr::from(reader.array::<16>()?);
        let known = client.to_ipv4_mapped().is_some() || matches!(client.octets(), [0x20..=0x3f | 0xfc..=0xfe, ..]);
        result == 0 && known
    };
    let (mut mapping, mut address) = (None, None);
    match operation {
        0 => {}
        MAP | PEER => {
            reader.skip(12)?;
            let (protocol, zeros) = (reader.u8()?, reader.array::<3>()?);
            let (inside, outside) = (reader.be_u16()?, reader.be_u16()?);
            let outer = Ipv6Addr::from(reader.array::<16>()?);
            if operation == PEER {
                reader.skip(20)?;
            }
            if zeros != [0; 3] {
                return None;
            }
            mapping = Some(Mapping { protocol, inside, outside, seconds });
            address = Some(outer.to_ipv4_mapped().map_or(IpAddr::V6(outer), IpAddr::V4));
        }
        _ => return None,
    }
    // Options: code, zero, length, filled up to fours.
    while !reader.is_empty() {
        let (_code, zero, length) = (reader.u8()?, reader.u8()?, usize::from(reader.be_u16()?));
        reader.skip(length.checked_next_multiple_of(4)?)?;
        if zero != 0 {
            return None;
        }
    }
    let message = Message { version: PCP, operation, answers, result: u16::from(result), mapping, address };
    (sound && zero == 0).then_some(message)
}

fn read(datagram: &[u8]) -> Option<Message> {
    let mut reader = Reader::new(datagram);
    match (reader.u8()?, reader.u8()?) {
        (PMP, code) => pmp(reader, code),
        (PCP, code) if datagram.len() <= PCP_BYTES && datagram.len().is_multiple_of(4) => pcp(reader, code),
        _ => None,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match read(sample.bytes) {
        Some(message) if message.answers != (sample.role == Role::Server) => Verdict::Reject,
        Some(message) if message.version == PCP => Verdict::Match,
        Some(message) if !message.answers && message.operation == 0 => Verdict::NeedMore,
        // A wish to give up every mapping is nearly nothing but zeros.
        Some(message) if !message.answers && sample.bytes.get(4..6) == Some(&[0, 0]) => Verdict::NeedMore,
        Some(_) => Verdict::Likely,
        None => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct NatPmp {
    versions: List<u32>,
    operations: List<u32>,
    maps: List<Mapping>,
    addresses: List<IpAddr>,
    results: List<u32>,
}

impl Dissector for NatPmp {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some(message) = read(chunk.bytes) {
            self.versions.push_distinct(u32::from(message.version));
            let named =
                if message.version == PMP && message.operation == 0 { 256 } else { u32::from(message.operation) };
            self.operations.push_distinct(named);
            if message.answers && message.result > 0 {
                self.results.push_distinct(u32::from(message.result) | if message.version == PMP { 256 } else { 0 });
            } else if message.answers {
                if let Some(mapping) = message.mapping {
                    self.maps.push(mapping);
                }
                if let Some(address) = message.address.filter(|address| !address.is_unspecified()) {
                    self.addresses.push_distinct(address);
                }
            }
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        tell_names(&mut element, &VERSION, &self.versions, |version| {
            Some(if version == 0 { "nat-pmp" } else { "pcp" })
        });
        tell_names(&mut element, &OPERATION, &self.operations, |operation| {
            Some(match operation {
                0 => "announce",
                1 => "map",
                2 => "peer",
                _ => "address",
            })
        });
        let maps = self.maps.items();
        for map in maps {
            tell_name(&mut element, &PROTOCOL_NAME, u32::from(map.protocol), |protocol| match protocol {
                6 => Some("tcp"),
                17 => Some("udp"),
                _ => None,
            });
        }
        element.omitted(&PROTOCOL_NAME, self.maps.omitted());
        element.list(&INSIDE, maps.iter().map(|map| u64::from(map.inside)), self.maps.omitted());
        element.list(&OUTSIDE, maps.iter().map(|map| u64::from(map.outside)), self.maps.omitted());
        element.list(&SECONDS, maps.iter().map(|map| u64::from(map.seconds)), self.maps.omitted());
        let addresses = self.addresses.items().iter().map(|address| Value::Address(*address));
        element.list(&ADDRESS, addresses, self.addresses.omitted());
        tell_names(&mut element, &RESULT, &self.results, result);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.maps.items()) + size_of_val(self.addresses.items())
    }
}

/// Results of PCP (RFC 6887 7.4); those of NAT-PMP begin at 256 (RFC 6886 3.5).
const fn result(code: u32) -> Option<&'static str> {
    Some(match code {
        1 | 257 => "unsupported-version",
        2 | 258 => "not-authorised",
        3 => "malformed",
        4 | 261 => "unsupported-operation",
        5 => "unsupported-option",
        6 => "malformed-option",
        7 | 259 => "network-failure",
        8 | 260 => "no-resources",
        9 => "unsupported-protocol",
        10 => "quota",
        11 => "no-such-outside",
        12 => "address-mismatch",
        13 => "excessive-peers",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_answers_of_both_versions() {
        let question = [0, 1, 0, 0, 0x1f, 0x90, 0, 0, 0, 0, 0x0e, 0x10];
        assert_eq!(read(&question).unwrap().mapping.unwrap().seconds, 3600);
        assert!(read(&[0, 1, 0, 1, 0x1f, 0x90, 0, 0, 0, 0, 0x0e, 0x10]).is_none());
        assert!(read(&question[..11]).is_none());
        let mut answer = vec![2, 129, 0, 0, 0, 0, 0, 120, 0, 0, 0, 9];
        answer.extend([0; 24]);
        answer.extend([17, 0, 0, 0, 0, 80, 0, 80]);
        answer.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0]);
        assert_eq!(read(&answer).unwrap().address, Some(IpAddr::from([0, 0, 0, 0])));
        answer[15] = 1;
        assert!(read(&answer).is_none());
    }
}
