//! TFTP's packets.
//!
//! ```text
//! 1 RRQ, 2 WRQ   opcode:2 file 0 mode 0 [option 0 value 0]...      RFC 1350 5, RFC 2347
//! 3 DATA         opcode:2 block:2 up to a block of bytes
//! 4 ACK          opcode:2 block:2
//! 5 ERROR        opcode:2 code:2 message 0
//! 6 OACK         opcode:2 [option 0 value 0]...                    RFC 2347
//! ```

use crate::linewise::is_text;
use crate::reader::Reader;

/// The longest request (RFC 2347: one datagram of 512 bytes); some clients send more.
const REQUEST_BYTES: usize = 1500;
/// The most options of a packet.
const OPTIONS: usize = 16;
/// The longest message of an error that is believed.
const MESSAGE_BYTES: usize = 512;
/// The options that are in use: RFC 2348, 2349, 7440, 2090, and what boot loaders ask for.
const KNOWN: &[&[u8]] = &[
    b"blksize",
    b"tsize",
    b"timeout",
    b"windowsize",
    b"multicast",
    b"rollover",
    b"blksize2",
    b"utimeout",
    b"msftwindow",
];

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    Request { write: bool, file: &'a [u8], mode: &'a [u8], options: Options<'a> },
    Data { block: u16, bytes: &'a [u8] },
    Ack { block: u16 },
    Error { code: u16, message: &'a [u8] },
    OptionAck(Options<'a>),
}

/// Names and values, each ended by a zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// `None` where they are no whole pairs of text.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let options = Self(bytes);
        let zeros = memchr::memchr_iter(0, bytes).count();
        let ended = matches!(bytes.last(), None | Some(0));
        let sound = options.iter().all(|(name, value)| !name.is_empty() && is_text(name) && is_text(value));
        (ended && zeros.is_multiple_of(2) && zeros <= 2 * OPTIONS && sound).then_some(options)
    }

    /// Each name with its value.
    pub(super) fn iter(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut reader = Reader::new(self.0);
        std::iter::from_fn(move || reader.until(0).zip(reader.until(0)))
    }

    /// Whether all of them are options in use.
    pub(super) fn are_known(self) -> bool {
        self.iter().all(|(name, _)| KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known)))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a datagram; `None` where it is not TFTP.
pub(super) fn read(datagram: &[u8]) -> Option<Packet<'_>> {
    let mut reader = Reader::new(datagram);
    let opcode = reader.be_u16()?;
    match opcode {
        1 | 2 if datagram.len() <= REQUEST_BYTES => {
            let (file, mode) = (reader.until(0)?, reader.until(0)?);
            let known = [&b"octet"[..], b"netascii", b"mail"].iter().any(|name| mode.eq_ignore_ascii_case(name));
            // Some clients fill their request up with zeros.
            let filled = reader.rest().iter().all(|byte| *byte == 0);
            let options = Options::read(if filled { &[] } else { reader.rest() })?;
            (known && !file.is_empty() && is_text(file)).then_some(Packet::Request {
                write: opcode == 2,
                file,
                mode,
                options,
            })
        }
        3 => Some(Packet::Data { block: reader.be_u16()?, bytes: reader.rest() }),
        4 => Some(Packet::Ack { block: reader.be_u16()? }).filter(|_| reader.is_empty()),
        5 => {
            let code = reader.be_u16()?;
            let message = reader.rest().strip_suffix(b"\0")?;
            // RFC 1350 appendix I, RFC 2347: codes up to 8.
            let fits = code <= 8 && message.len() <= MESSAGE_BYTES && is_text(message);
            fits.then_some(Packet::Error { code, message })
        }
        6 => Some(Packet::OptionAck(Options::read(reader.rest())?)),
        _ => None,
    }
}

/// What a code of an error says (RFC 1350 appendix I, RFC 2347).
pub(super) fn error(code: u16) -> &'static str {
    match code {
        1 => "file-not-found",
        2 => "access-violation",
        3 => "disk-full",
        4 => "illegal-operation",
        5 => "unknown-transfer-id",
        6 => "file-exists",
        7 => "no-such-user",
        8 => "option-refused",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_its_options() {
        let Some(Packet::Request { write: false, file, mode, options }) =
            read(b"\0\x01boot/pxe.bin\0octet\0blksize\x001428\0tsize\x000\0")
        else {
            panic!("a request");
        };
        assert_eq!((file, mode), (&b"boot/pxe.bin"[..], &b"octet"[..]));
        let pairs: Vec<_> = options.iter().collect();
        assert_eq!(pairs, [(&b"blksize"[..], &b"1428"[..]), (b"tsize", b"0")]);
        assert!(options.are_known());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for wrong in [
            &b"\0\x01\0octet\0"[..],
            b"\0\x01file\0octet",
            b"\0\x01file\0other\0",
            b"\0\x01file\0octet\0blksize\0",
            b"\0\x01fi\x01le\0octet\0",
            b"\0\x01",
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert!(read(b"\0\x02file\0OCTET\0\0\0\0").is_some());
    }

    #[test]
    fn the_small_packets_have_exactly_their_size() {
        assert_eq!(read(b"\0\x04\0\x07"), Some(Packet::Ack { block: 7 }));
        assert_eq!(read(b"\0\x04\0\x07x"), None);
        assert_eq!(read(b"\0\x05\0\x01not here\0"), Some(Packet::Error { code: 1, message: b"not here" }));
        assert_eq!(read(b"\0\x05\0\x09not here\0"), None);
        assert_eq!(read(b"\0\x05\0\x01not here"), None);
    }
}
