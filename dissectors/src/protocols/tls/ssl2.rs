//! What is left of SSL 2.0: the hello with which old clients offer newer versions too (RFC 5246 E.2), and the answer of a server
//! that speaks nothing else.
//!
//! ```text
//! record       1 and the length in 15 bits:2
//! ClientHello  1:1 version:2 ciphers:2 session_id:2 challenge:2 (three lengths), then the three
//! ServerHello  4:1 session_id_hit:1 certificate_type:1 version:2 certificate:2 ciphers:2 connection_id:2, then the three
//! ```

use super::names::SSL_2;
use crate::protocol::{Role, Verdict};
use crate::reader::Reader;

/// Bytes of a record's header.
pub const HEADER: usize = 2;
/// The shortest hello: a ServerHello with nothing but a connection id, a ClientHello with one cipher and a challenge.
const HELLO_MIN: usize = 27;
/// The longest hello that is believed.
const HELLO_MAX: usize = 8 * 1024;

/// A hello in the old form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hello<'a> {
    /// The client's.
    Client,
    /// The server's, with its certificate.
    Server(Option<&'a [u8]>),
}

/// The length of the record that these bytes begin, header included; `None` where they begin none.
pub fn record_len(header: [u8; HEADER]) -> Option<usize> {
    let [high, low] = header;
    let len = usize::from(u16::from_be_bytes([high & 0x7f, low]));
    (high & 0x80 != 0 && (HELLO_MIN..=HELLO_MAX).contains(&len)).then_some(len.saturating_add(HEADER))
}

/// Reads a whole record.
pub fn read(record: &[u8]) -> Option<Hello<'_>> {
    let mut reader = Reader::new(record);
    let len = record_len(reader.array()?)?;
    match reader.u8()? {
        1 => {
            let version = reader.be_u16()?;
            let [ciphers, id, challenge] = lengths(&mut reader)?;
            let exact = 11usize.saturating_add(ciphers).saturating_add(id).saturating_add(challenge) == len;
            let sound = exact
                && matches!(version, SSL_2 | 0x0300..=0x0304)
                && ciphers > 0
                && ciphers % 3 == 0
                && matches!(id, 0 | 16)
                && (16..=32).contains(&challenge);
            sound.then_some(Hello::Client)
        }
        4 => {
            let hit = reader.u8()?;
            let kind = reader.u8()?;
            let version = reader.be_u16()?;
            let [certificate, ciphers, id] = lengths(&mut reader)?;
            let exact = 13usize.saturating_add(certificate).saturating_add(ciphers).saturating_add(id) == len;
            let sound =
                exact && hit <= 1 && kind <= 1 && version == SSL_2 && ciphers % 3 == 0 && (16..=32).contains(&id);
            sound.then(|| Hello::Server(reader.take(certificate).filter(|der| der.starts_with(&[0x30]))))
        }
        _ => None,
    }
}

fn lengths(reader: &mut Reader<'_>) -> Option<[usize; 3]> {
    Some([reader.be_u16()?, reader.be_u16()?, reader.be_u16()?].map(usize::from))
}

/// Whether a side's first bytes are such a hello. Its lengths must add up, so nothing else looks like it.
pub fn probe(role: Role, bytes: &[u8]) -> Verdict {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Verdict::NeedMore;
    };
    let expected = if role == Role::Client { 1 } else { 4 };
    let Some(len) = record_len(*header).filter(|_| rest.first().is_none_or(|kind| *kind == expected)) else {
        return Verdict::Reject;
    };
    // All that is checked stands in the first bytes: a wrong sum need not wait for the rest.
    if rest.len() < 11 {
        return Verdict::NeedMore;
    }
    match read(bytes) {
        Some(_) if bytes.len() >= len => Verdict::Match,
        Some(_) => Verdict::Likely,
        None => Verdict::Reject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Vec<u8> {
        let mut hello = b"\x80\x1f\x01\x03\x01\x00\x06\x00\x00\x00\x10\x00\x00\x35\x01\x00\x80".to_vec();
        hello.extend([7; 16]);
        hello
    }

    #[test]
    fn a_hello_whose_lengths_add_up_is_one() {
        assert_eq!(read(&hello()), Some(Hello::Client));
        assert_eq!(probe(Role::Client, &hello()), Verdict::Match);
        assert_eq!(probe(Role::Server, &hello()), Verdict::Reject);
        let mut longer = hello();
        longer[1] += 1;
        assert_eq!(probe(Role::Client, &longer), Verdict::Reject);
    }
}
