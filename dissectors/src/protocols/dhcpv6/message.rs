//! DHCPv6's messages.
//!
//! ```text
//! message   type:1 id:3 options                                              RFC 8415 8
//! relayed   type:1 (12 to the server, 13 back) hops:1 link:16 peer:16 options  RFC 8415 9
//! option    code:2 length:2 value                                            RFC 8415 21.1
//! DUID      1 hardware:2 time:4 address | 2 enterprise:4 id | 3 hardware:2 address | 4 UUID:16   RFC 8415 11
//! ```

use std::net::Ipv6Addr;

use crate::protocol::{Role, Verdict};
use crate::reader::Reader;

/// How deep relayed messages are followed (RFC 8415 7.6: HOP_COUNT_LIMIT).
pub(super) const RELAYS: usize = 8;
/// The longest DUID (RFC 8415 11.1), with its type.
const DUID_BYTES: usize = 130;
/// Beyond this number no option is given out (IANA).
const LAST_OPTION: u16 = 200;
const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;
const INFORMATION_REQUEST: u8 = 11;

/// Numbers of options.
pub(super) mod option {
    pub const CLIENT_ID: u16 = 1;
    pub const SERVER_ID: u16 = 2;
    pub const NA: u16 = 3;
    pub const TA: u16 = 4;
    pub const ADDRESS: u16 = 5;
    pub const REQUESTED: u16 = 6;
    pub const RELAYED: u16 = 9;
    pub const STATUS: u16 = 13;
    pub const VENDOR_CLASS: u16 = 16;
    pub const DNS_SERVERS: u16 = 23;
    pub const DOMAINS: u16 = 24;
    pub const PD: u16 = 25;
    pub const PREFIX: u16 = 26;
    pub const FQDN: u16 = 39;
    pub const BOOT_URL: u16 = 59;
}

/// A message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub kind: u8,
    pub content: Content<'a>,
}

/// What a message holds.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Options(Options<'a>),
    Relayed { link: Ipv6Addr, peer: Ipv6Addr, inner: &'a [u8] },
}

/// Options one after the other, up to the first that is cut.
#[derive(Clone, Debug)]
pub(super) struct Options<'a>(Reader<'a>);

impl<'a> Options<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = self.0;
        let (code, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
        let value = reader.take(length)?;
        self.0 = reader;
        Some((code, value))
    }
}

/// Who sends a message of a type (RFC 8415 7.3, RFC 5007, RFC 5460).
pub(super) const fn sender(kind: u8) -> Option<Role> {
    match kind {
        1 | 3..=6 | 8 | 9 | INFORMATION_REQUEST | RELAY_FORWARD | 14 => Some(Role::Client),
        2 | 7 | 10 | RELAY_REPLY | 15..=17 => Some(Role::Server),
        _ => None,
    }
}

/// Reads a message.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(bytes);
    let kind = reader.u8()?;
    sender(kind)?;
    if matches!(kind, RELAY_FORWARD | RELAY_REPLY) {
        reader.skip(1)?;
        let (link, peer) = (reader.array::<16>()?.into(), reader.array::<16>()?.into());
        let (_, inner) = Options::new(reader.rest()).find(|(code, _)| *code == option::RELAYED)?;
        return Some(Message { kind, content: Content::Relayed { link, peer, inner } });
    }
    reader.skip(3)?;
    Some(Message { kind, content: Content::Options(Options::new(reader.rest())) })
}

/// What a datagram proves.
pub(super) fn judge(datagram: &[u8]) -> Verdict {
    let mut bytes = datagram;
    for _ in 0..=RELAYS {
        let Some(message) = read(bytes) else {
            return Verdict::Reject;
        };
        match message.content {
            Content::Relayed { inner, .. } if bytes.get(1).is_some_and(|hops| usize::from(*hops) <= 32) => {
                bytes = inner
            }
            Content::Relayed { .. } => return Verdict::Reject,
            Content::Options(mut options) => {
                let (mut named, mut known) = (false, 0u32);
                for (code, value) in options.by_ref() {
                    if !matches!(code, 1..=LAST_OPTION) {
                        return Verdict::Reject;
                    }
                    if matches!(code, option::CLIENT_ID | option::SERVER_ID) {
                        if !is_duid(value) {
                            return Verdict::Reject;
                        }
                        named = true;
                    }
                    known = known.saturating_add(1);
                }
                let whole = options.0.is_empty();
                return match (whole, named) {
                    (true, true) => Verdict::Match,
                    // Only who asks for no address may be nobody.
                    (true, false) if message.kind == INFORMATION_REQUEST && known >= 2 => Verdict::Likely,
                    _ => Verdict::Reject,
                };
            }
        }
    }
    Verdict::Reject
}

fn is_duid(duid: &[u8]) -> bool {
    let mut reader = Reader::new(duid);
    let (kind, length) = (reader.be_u16(), duid.len());
    match kind {
        Some(1) => (10..=DUID_BYTES).contains(&length),
        Some(2) => (7..=DUID_BYTES).contains(&length),
        Some(3) => (6..=DUID_BYTES).contains(&length),
        Some(4) => length == 18,
        _ => false,
    }
}

/// The hardware address in a DUID.
pub(super) fn mac(duid: &[u8]) -> Option<[u8; 6]> {
    let mut reader = Reader::new(duid);
    let (kind, hardware) = (reader.be_u16()?, reader.be_u16()?);
    if kind == 1 {
        reader.skip(4)?;
    }
    let address = reader.rest().try_into().ok();
    address.filter(|_| matches!(kind, 1 | 3) && hardware == 1)
}

/// Names in labels one after the other, as text (RFC 1035 3.1). The last may lack its end (RFC 4704 4.2).
pub(super) fn names(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut reader, mut names, mut name) = (Reader::new(bytes), Vec::new(), Vec::new());
    while let Some(label) = reader.u8().and_then(|length| reader.take(usize::from(length))) {
        if label.is_empty() {
            names.push(std::mem::take(&mut name));
            continue;
        }
        if !name.is_empty() {
            name.push(b'.');
        }
        name.extend_from_slice(label);
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

/// A message's name (RFC 8415 7.3).
pub(super) const fn name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "Solicit",
        2 => "Advertise",
        3 => "Request",
        4 => "Confirm",
        5 => "Renew",
        6 => "Rebind",
        7 => "Reply",
        8 => "Release",
        9 => "Decline",
        10 => "Reconfigure",
        11 => "Information-request",
        12 => "Relay-forward",
        13 => "Relay-reply",
        14 => "Leasequery",
        15 => "Leasequery-reply",
        16 => "Leasequery-done",
        17 => "Leasequery-data",
        _ => return None,
    })
}

/// A status' name (RFC 8415 21.13).
pub(super) const fn status(code: u32) -> Option<&'static str> {
    Some(match code {
        1 => "unspecified-failure",
        2 => "no-addresses",
        3 => "no-binding",
        4 => "not-on-link",
        5 => "use-multicast",
        6 => "no-prefixes",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLICIT: &[u8] = b"\x01\xaa\xbb\xcc\0\x01\0\x0a\0\x03\0\x01\x02\0\0\0\0\x01\0\x08\0\x02\0\0";

    #[test]
    fn options_fill_a_message_and_an_id_has_its_form() {
        assert_eq!(judge(SOLICIT), Verdict::Match);
        assert_eq!(judge(&SOLICIT[..SOLICIT.len() - 1]), Verdict::Reject);
        for at in [5, 7, 9] {
            let mut wrong = SOLICIT.to_vec();
            wrong[at] ^= 0x44;
            assert_eq!(judge(&wrong), Verdict::Reject, "byte {at}");
        }
    }

    #[test]
    fn relayed_messages_are_followed_only_so_deep() {
        let mut bytes = SOLICIT.to_vec();
        for depth in 1..12usize {
            let mut outer = vec![RELAY_FORWARD, 0];
            outer.extend([0; 32]);
            outer.extend(option::RELAYED.to_be_bytes());
            outer.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
            outer.extend(&bytes);
            bytes = outer;
            assert_eq!(judge(&bytes) == Verdict::Match, depth <= RELAYS, "{depth}");
        }
    }

    #[test]
    fn a_name_may_lack_its_end() {
        assert_eq!(names(b"\x01a\x02bc\0\x03def"), [b"a.bc".to_vec(), b"def".to_vec()]);
    }
}
