//! Community ID version 1: the same name for a flow in every tool (github.com/corelight/community-id-spec).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::packet::{Ends, Family, protocol};

/// Bytes of `1:` and of a SHA-1 in base64.
pub const LENGTH: usize = 30;

/// The id of a flow, in ASCII. For ICMP the ports are the type and code of the first message.
pub fn community_id(seed: u16, ends: &Ends, icmp: Option<(u8, u8)>) -> [u8; LENGTH] {
    let (source_port, destination_port, oneway) = match icmp {
        Some((kind, code)) => match counterpart(ends.protocol, kind) {
            Some(other) => (u16::from(kind), u16::from(other), false),
            None => (u16::from(kind), u16::from(code), true),
        },
        None => (ends.source_port, ends.destination_port, false),
    };
    let ports = (source_port, destination_port);
    let ordered = oneway || (ends.source, ports.0) <= (ends.destination, ports.1);
    let (low, high, low_port, high_port) = if ordered {
        (ends.source, ends.destination, ports.0, ports.1)
    } else {
        (ends.destination, ends.source, ports.1, ports.0)
    };
    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    let from = if ends.family == Family::V4 { 12 } else { 0 };
    hash.update(low.0.to_be_bytes().get(from..).unwrap_or_default());
    hash.update(high.0.to_be_bytes().get(from..).unwrap_or_default());
    hash.update([ends.protocol, 0]);
    if icmp.is_some() || matches!(ends.protocol, protocol::TCP | protocol::UDP | protocol::SCTP) {
        hash.update(low_port.to_be_bytes());
        hash.update(high_port.to_be_bytes());
    }
    let mut id = [b'1'; LENGTH];
    if let Some((prefix, text)) = id.split_first_chunk_mut::<2>() {
        *prefix = *b"1:";
        // 20 bytes always make 28 characters, so this can't fail.
        let _ = STANDARD.encode_slice(hash.finalize(), text);
    }
    id
}

/// The message type that answers a type, where messages come in pairs.
fn counterpart(number: u8, kind: u8) -> Option<u8> {
    let pairs: &[(u8, u8)] = if number == protocol::ICMP {
        &[(0, 8), (9, 10), (13, 14), (15, 16), (17, 18)]
    } else {
        &[(128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145)]
    };
    pairs.iter().find_map(|&(one, other)| match kind {
        _ if kind == one => Some(other),
        _ if kind == other => Some(one),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Address;

    fn ends(source: [u8; 4], source_port: u16, destination: [u8; 4], destination_port: u16, number: u8) -> Ends {
        Ends {
            source: Address::v4(source),
            destination: Address::v4(destination),
            source_port,
            destination_port,
            family: Family::V4,
            protocol: number,
        }
    }

    fn text(id: [u8; LENGTH]) -> String {
        String::from_utf8(id.to_vec()).unwrap()
    }

    // The expected values are those of the specification's baseline.
    #[test]
    fn it_is_what_other_tools_say() {
        let tcp = ends([128, 232, 110, 120], 34855, [66, 35, 250, 204], 80, 6);
        assert_eq!(text(community_id(0, &tcp, None)), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(text(community_id(0, &tcp.reversed(), None)), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(text(community_id(1, &tcp, None)), "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
        let udp = ends([192, 168, 1, 52], 54585, [8, 8, 8, 8], 53, 17);
        assert_eq!(text(community_id(0, &udp, None)), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
        let echo = ends([192, 168, 0, 89], 0, [192, 168, 0, 1], 0, 1);
        assert_eq!(text(community_id(0, &echo, Some((8, 0)))), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    }
}
