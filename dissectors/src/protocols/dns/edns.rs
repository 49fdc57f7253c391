//! EDNS: the OPT record (RFC 6891 6.1.2), which uses class and lifetime for its own ends.
//!
//! ```text
//! class: the sender's UDP size | ttl: extended rcode u8, version u8, DO bit, 15 bits
//! data:  (code u16 | length u16 | value)*
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::message::Entry;
use crate::reader::Reader;

/// Option code of the client's subnet (RFC 7871).
const CLIENT_SUBNET: u16 = 8;
/// Option code of extended errors (RFC 8914).
const EXTENDED_ERROR: u16 = 15;
/// The "DNSSEC answers wanted" bit in the lifetime (RFC 3225).
const DO: u32 = 0x8000;

/// What an OPT record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP message that the sender takes.
    pub size: u16,
    /// The upper eight bits of the response code, in their place.
    pub rcode: u16,
    /// DNSSEC records are wanted.
    pub dnssec: bool,
    /// `address/prefix` of the client that a resolver asks for.
    pub client_subnet: Option<String>,
    /// The code of an extended error.
    pub error: Option<u16>,
}

impl Edns {
    /// Reads an OPT record; options are read as far as they go, the first of each code counts.
    pub fn read(message: &[u8], record: &Entry) -> Self {
        let [rcode, ..] = record.ttl.to_be_bytes();
        let mut edns =
            Self { size: record.class, rcode: u16::from(rcode) << 4, dnssec: record.ttl & DO != 0, ..Self::default() };
        let mut reader = Reader::new(message.get(record.data.clone()).unwrap_or_default());
        while let Some((code, value)) = option(&mut reader) {
            match code {
                CLIENT_SUBNET if edns.client_subnet.is_none() => edns.client_subnet = subnet(value),
                EXTENDED_ERROR if edns.error.is_none() => edns.error = Reader::new(value).be_u16(),
                _ => {}
            }
        }
        edns
    }
}

fn option<'m>(reader: &mut Reader<'m>) -> Option<(u16, &'m [u8])> {
    let (code, length) = (reader.be_u16()?, reader.be_u16()?);
    Some((code, reader.take(usize::from(length))?))
}

/// `family u16 | source prefix u8 | scope prefix u8 | address`, trailing zero bytes left out.
fn subnet(value: &[u8]) -> Option<String> {
    let mut reader = Reader::new(value);
    let (family, prefix, _scope) = (reader.be_u16()?, reader.u8()?, reader.u8()?);
    let mut octets = [0u8; 16];
    let given = reader.rest();
    octets.get_mut(..given.len())?.copy_from_slice(given);
    let address = match family {
        1 if given.len() <= 4 => IpAddr::V4(Ipv4Addr::from(octets.first_chunk::<4>().copied()?)),
        2 => IpAddr::V6(Ipv6Addr::from(octets)),
        _ => return None,
    };
    Some(format!("{address}/{prefix}"))
}

#[cfg(test)]
mod tests {
    use super::super::message::Section;
    use super::*;

    #[test]
    fn options_are_found_and_a_broken_one_ends_the_search() {
        let data = b"\0\x0a\0\x02\x01\x02\0\x08\0\x07\0\x01\x18\0\xc0\0\x02\0\x0f\0\x02\0\x12\0\x08\0\xff";
        let record =
            Entry { section: Section::Additional, name_at: 0, kind: 41, class: 1232, ttl: 0x0100_8000, data: 0..27 };
        let edns = Edns::read(data, &record);
        assert_eq!(edns.client_subnet.as_deref(), Some("192.0.2.0/24"));
        assert_eq!((edns.size, edns.rcode, edns.dnssec, edns.error), (1232, 16, true, Some(18)));
    }

    #[test]
    fn a_subnet_longer_than_its_family_is_none() {
        assert_eq!(subnet(&[0, 1, 32, 0, 1, 2, 3, 4, 5]), None);
        assert_eq!(subnet(&[0, 2, 32, 0, 0x20, 1, 0xd, 0xb8]).as_deref(), Some("2001:db8::/32"));
        assert_eq!(subnet(&[0; 40]), None);
    }
}
