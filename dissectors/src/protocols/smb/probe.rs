//! Tells whether bytes are SMB: a NetBIOS session, or the beginning of a message.

use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

use super::session::fits;
use super::{KEEP_ALIVE, MESSAGE, SESSION_GRANTED, SESSION_REQUEST, SESSION_REQUEST_BYTES, smb1, smb2};

/// The longest frame that is believed of bytes without a past: the largest reads and writes are 8 MiB.
const FRAME_BYTES: u32 = 0x90_0000;
/// The longest message of SMB 1: NetBIOS has 17 bits for its length.
const FRAME_BYTES_1: u32 = 0x1_ffff;
/// What each message begins with after its generation's byte.
const MAGIC: &[u8] = b"SMB";
/// A NetBIOS name begins with its length (RFC 1001 14.1).
const NAME_LENGTH: u8 = 32;

/// The protocol's probe.
pub fn probe(sample: &Sample<'_>) -> Verdict {
    stream(sample.role, sample.bytes)
}

/// Whether frames begin here. What a NetBIOS session begins with is passed over: without a message it is another protocol.
pub fn stream(role: Role, mut bytes: &[u8]) -> Verdict {
    loop {
        let mut reader = Reader::new(bytes);
        let (fits, most) = match reader.u8() {
            None => return Verdict::NeedMore,
            Some(MESSAGE) => return message(role, bytes),
            Some(SESSION_REQUEST) => (role == Role::Client, SESSION_REQUEST_BYTES),
            Some(SESSION_GRANTED) => (role == Role::Server, 0),
            Some(KEEP_ALIVE) => (true, 0),
            Some(_) => (false, 0),
        };
        let length = match reader.be_u24() {
            Some(length) if fits && u64::from(length) <= most => length as usize,
            None if fits => return Verdict::NeedMore,
            _ => return Verdict::Reject,
        };
        if length > 0 && reader.rest().first().is_some_and(|first| *first != NAME_LENGTH) {
            return Verdict::Reject;
        }
        match reader.skip(length) {
            Some(()) => bytes = reader.rest(),
            None => return Verdict::NeedMore,
        }
    }
}

/// Whether a frame begins here with a message that is this role's to send. An encrypted or compressed one does not tell whose it is.
fn message(role: Role, bytes: &[u8]) -> Verdict {
    let mut frame = Reader::new(bytes);
    if frame.u8().is_some_and(|kind| kind != MESSAGE) {
        return Verdict::Reject;
    }
    let Some(length) = frame.be_u24() else {
        return Verdict::NeedMore;
    };
    let message = frame.rest();
    let Some((generation, rest)) = message.split_first() else {
        return if length > FRAME_BYTES { Verdict::Reject } else { Verdict::NeedMore };
    };
    let (least, most, told_at) = match generation {
        0xff => (smb1::HEADER + 3, FRAME_BYTES_1, 9),
        0xfe => (smb2::HEADER, FRAME_BYTES, 16),
        0xfd => (smb2::TRANSFORM, FRAME_BYTES, 3),
        0xfc => (smb2::COMPRESSED, FRAME_BYTES, 3),
        _ => return Verdict::Reject,
    };
    let magic = rest.iter().zip(MAGIC).all(|(byte, wanted)| byte == wanted);
    if !magic || length > most || (length as usize) < least {
        return Verdict::Reject;
    }
    let Some(told) = message.get(told_at) else {
        return Verdict::NeedMore;
    };
    let right = match generation {
        0xff => fits(role, told & 0x80 != 0),
        0xfe => fits(role, told & 0x01 != 0) && smb2::plausible(message),
        _ => true,
    };
    if right { Verdict::Match } else { Verdict::Reject }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"\0\0\0\x48\xfeSMB\x40\0\0\0\0\0\0\0\x03\0\x01\0\0\0\0\0";

    #[test]
    fn a_message_proves_itself_and_its_sender() {
        assert_eq!(message(Role::Client, REQUEST), Verdict::Match);
        assert_eq!(message(Role::Server, REQUEST), Verdict::Reject);
        for cut in 0..21 {
            assert_eq!(message(Role::Client, &REQUEST[..cut]), Verdict::NeedMore, "cut at {cut}");
        }
    }

    #[test]
    fn any_wrong_byte_of_the_proof_rejects() {
        for at in [0, 1, 4, 5, 6, 7, 8, 9, 17] {
            let mut bytes = REQUEST.to_vec();
            bytes[at] ^= 0xa0;
            assert_eq!(message(Role::Client, &bytes), Verdict::Reject, "byte {at}");
        }
    }
}
