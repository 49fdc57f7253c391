//! DHCP's messages.
//!
//! ```text
//! op:1 hardware type:1 its length:1 hops:1   id:4   seconds:2 flags:2   client:4 yours:4 next:4 relay:4
//! hardware address:16   server's name:64   file:128   63 82 53 63   options                          RFC 2131 2
//! option   code:1 length:1 value;   0 fills, 255 ends                                                RFC 2132 2
//! ```
//!
//! An option that stands several times is one long one (RFC 3396). Where options have no room they go on in the file's name and in the
//! server's (RFC 2132 9.3).

use crate::reader::Reader;

const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// The most options of a message that are read.
pub(super) const OPTIONS: usize = 96;
/// The most bytes of one option's pieces together.
const VALUE_BYTES: usize = 1024;
/// What BOOTP fills its messages up to (RFC 951 3), without what UDP and IP add.
const BOOTP_BYTES: usize = 300;
/// Ethernet and its like (RFC 1700).
const ETHERNET: u8 = 1;
/// Kinds of messages of BOOTP, beside DHCP's numbers.
pub(super) const BOOT_REQUEST: u32 = 256;
pub(super) const BOOT_REPLY: u32 = 257;

/// Numbers of options.
pub(super) mod option {
    pub const NETMASK: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const DNS_SERVER: u8 = 6;
    pub const HOSTNAME: u8 = 12;
    pub const DOMAIN: u8 = 15;
    pub const NTP_SERVER: u8 = 42;
    pub const REQUESTED_IP: u8 = 50;
    pub const LEASE: u8 = 51;
    pub const OVERLOAD: u8 = 52;
    pub const MESSAGE: u8 = 53;
    pub const SERVER_ID: u8 = 54;
    pub const PARAMETERS: u8 = 55;
    pub const ERROR: u8 = 56;
    pub const VENDOR_CLASS: u8 = 60;
    pub const CLIENT_ID: u8 = 61;
    pub const BOOT_SERVER: u8 = 66;
    pub const BOOT_FILE: u8 = 67;
    pub const USER_CLASS: u8 = 77;
    pub const FQDN: u8 = 81;
    pub const RELAY: u8 = 82;
    pub const ARCHITECTURE: u8 = 93;
    pub const PROXY_URL: u8 = 252;
    /// Bits of [`OVERLOAD`].
    pub const FILE_HOLDS: u8 = 1;
    pub const NAME_HOLDS: u8 = 2;
}

/// A message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub answers: bool,
    hardware: u8,
    hops: u8,
    flags: u16,
    pub client: [u8; 4],
    pub assigned: [u8; 4],
    pub next: [u8; 4],
    pub relay: [u8; 4],
    pub mac: Option<[u8; 6]>,
    /// Whether the field of the hardware address has zeros behind it.
    padded: bool,
    name: &'a [u8],
    /// The file's name, up to its first zero.
    pub file: &'a [u8],
    whole_file: &'a [u8],
    length: usize,
    /// What follows the magic number, where it is there.
    pub options: Option<&'a [u8]>,
}

/// Reads a datagram; `None` where it is too short, or is neither a question nor an answer.
pub(super) fn read(datagram: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(datagram);
    let answers = match reader.u8()? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let (hardware, address_length, hops) = (reader.u8()?, usize::from(reader.u8()?), reader.u8()?);
    reader.skip(6)?;
    let flags = reader.be_u16()?;
    let (client, assigned, next, relay) = (reader.array()?, reader.array()?, reader.array()?, reader.array()?);
    let address = reader.take(16)?;
    let (used, unused) = address.split_at_checked(address_length)?;
    let mac = used.try_into().ok().filter(|mac| *mac != [0; 6]);
    let name = reader.take(64)?;
    let whole_file = reader.take(128)?;
    let file = whole_file.split(|byte| *byte == 0).next().unwrap_or_default();
    let options = reader.rest().strip_prefix(&MAGIC);
    let padded = unused.iter().all(|byte| *byte == 0);
    let length = datagram.len();
    Some(Message {
        answers,
        hardware,
        hops,
        flags,
        client,
        assigned,
        next,
        relay,
        mac,
        padded,
        name,
        file,
        whole_file,
        length,
        options,
    })
}

impl Message<'_> {
    /// Whether the fixed fields are in their ranges.
    pub(super) fn is_sound(&self) -> bool {
        self.hops <= 16 && self.hardware <= 40
    }

    /// Whether it is BOOTP without options of the kind that everybody sends today.
    pub(super) fn is_bootp(&self) -> bool {
        let text = |field: &[u8]| {
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            field.get(..end).unwrap_or_default().iter().all(|byte| matches!(byte, b' '..=b'~'))
        };
        self.is_sound()
            && self.hardware == ETHERNET
            && self.mac.is_some()
            && self.padded
            && self.flags & 0x7fff == 0
            && self.length >= BOOTP_BYTES
            && text(self.name)
            && text(self.file)
    }

    /// Whether it says what to start from.
    pub(super) fn boots(&self) -> bool {
        !self.file.is_empty() || self.own().any(|(code, _)| matches!(code, option::BOOT_FILE | option::BOOT_SERVER))
    }

    /// Whether a fixed field holds options.
    pub(super) fn overloaded(&self, field: u8) -> bool {
        self.own().any(|(code, value)| code == option::OVERLOAD && value.first().is_some_and(|bits| bits & field != 0))
    }

    fn own(&self) -> Options<'_> {
        Options::new(self.options.unwrap_or_default())
    }

    /// All options, each once, with its pieces put together.
    pub(super) fn all_options(&self) -> Vec<(u8, Vec<u8>)> {
        let elsewhere = [(option::FILE_HOLDS, self.whole_file), (option::NAME_HOLDS, self.name)];
        let elsewhere = elsewhere.into_iter().filter(|(bit, _)| self.overloaded(*bit));
        let all = self.own().chain(elsewhere.flat_map(|(_, field)| Options::new(field)));
        let mut joined: Vec<(u8, Vec<u8>)> = Vec::new();
        for (code, value) in all.take(OPTIONS) {
            match joined.iter_mut().find(|(known, _)| *known == code) {
                Some((_, pieces)) if pieces.len() < VALUE_BYTES => pieces.extend_from_slice(value),
                Some(_) => {}
                None => joined.push((code, value.to_vec())),
            }
        }
        joined
    }
}

/// Options one after the other, up to their end or the first that is cut.
#[derive(Clone, Debug)]
pub(super) struct Options<'a>(Reader<'a>);

impl<'a> Options<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.0.u8()? {
                0 => {}
                255 => return None,
                code => {
                    let length = usize::from(self.0.u8()?);
                    return Some((code, self.0.take(length)?));
                }
            }
        }
    }
}

/// A name in labels as text (RFC 1035 3.1), without pointers.
pub(super) fn labels(bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut name) = (Reader::new(bytes), Vec::new());
    while let Some(label) = reader.u8().filter(|length| *length > 0).and_then(|length| reader.take(usize::from(length)))
    {
        if !name.is_empty() {
            name.push(b'.');
        }
        name.extend_from_slice(label);
    }
    name
}

/// A message's name (RFC 2132 9.6, RFC 3203, RFC 4388, RFC 6926, RFC 7724).
pub(super) const fn name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "Discover",
        2 => "Offer",
        3 => "Request",
        4 => "Decline",
        5 => "ACK",
        6 => "NAK",
        7 => "Release",
        8 => "Inform",
        9 => "ForceRenew",
        10 => "LeaseQuery",
        11 => "LeaseUnassigned",
        12 => "LeaseUnknown",
        13 => "LeaseActive",
        14 => "BulkLeaseQuery",
        15 => "LeaseQueryDone",
        18 => "TLS",
        BOOT_REQUEST => "BootRequest",
        BOOT_REPLY => "BootReply",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(options: &[u8], file: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1, 1, 6, 0];
        bytes.extend([0; 24]);
        bytes.extend([2, 0, 0, 0, 0, 1]);
        bytes.extend([0; 10 + 64]);
        bytes.extend(file);
        bytes.resize(236, 0);
        bytes.extend(MAGIC);
        bytes.extend(options);
        bytes
    }

    #[test]
    fn pieces_of_an_option_are_one_and_may_stand_in_the_file() {
        let bytes = message(&[12, 2, b'a', b'b', 0, 52, 1, 1, 12, 1, b'c', 255, 12, 1, b'x'], &[12, 1, b'd', 255]);
        let message = read(&bytes).unwrap();
        let joined = message.all_options();
        assert_eq!(joined.iter().find(|(code, _)| *code == 12).unwrap().1, b"abcd");
        assert!(message.overloaded(option::FILE_HOLDS) && !message.overloaded(option::NAME_HOLDS));
    }

    #[test]
    fn an_address_longer_than_its_field_is_no_message() {
        let mut bytes = message(&[53, 1, 1, 255], &[]);
        assert!(read(&bytes).is_some());
        bytes[2] = 17;
        assert!(read(&bytes).is_none());
    }
}
