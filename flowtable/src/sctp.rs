//! User messages of SCTP's DATA chunks (RFC 9260 3.3.1). Messages split over several chunks are passed over.

use dissectors::Reader;

/// Chunk type of user data.
const DATA: u8 = 0;
/// The bits that say a chunk is the first and the last of its message.
const WHOLE: u8 = 0x03;

/// Gives every whole user message of a packet's payload, which begins after the common header.
pub fn messages(payload: &[u8], mut give: impl FnMut(&[u8])) {
    let mut reader = Reader::new(payload);
    while let Some(message) = next(&mut reader) {
        if !message.is_empty() {
            give(message);
        }
    }
}

/// The next chunk's user data, empty for chunks without a whole message.
fn next<'b>(reader: &mut Reader<'b>) -> Option<&'b [u8]> {
    let [kind, flags] = reader.array()?;
    let length = usize::from(reader.be_u16()?).checked_sub(4)?;
    let mut chunk = Reader::new(reader.take(length)?);
    let padding = length.next_multiple_of(4).saturating_sub(length);
    reader.skip(padding.min(reader.len()))?;
    if kind != DATA || flags & WHOLE != WHOLE {
        return Some(&[]);
    }
    // Transmission sequence number, stream, stream sequence number, payload protocol.
    chunk.skip(12)?;
    Some(chunk.rest())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_come_out() {
        let mut packet = vec![3, 0, 0, 4];
        packet.extend([0, 3, 0, 19, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, b'a', b'b', b'c', 0]);
        packet.extend([0, 2, 0, 17, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, b'x', 0, 0, 0]);
        let mut out = Vec::new();
        messages(&packet, |message| out.push(message.to_vec()));
        assert_eq!(out, [b"abc"]);
    }
}
