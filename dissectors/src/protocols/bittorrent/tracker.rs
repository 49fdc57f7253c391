//! Trackers over UDP (BEP 15).
//!
//! ```text
//! connect    41727101980:8 action 0:4 transaction:4                 action 0:4 transaction:4 connection:8
//! announce   connection:8 action 1:4 transaction:4 info_hash:20 peer_id:20 downloaded:8 left:8 uploaded:8 event:4 address:4
//!            key:4 wanted:4 port:2                                   action 1:4 transaction:4 interval:4 leechers:4 seeders:4 ...
//! scrape     connection:8 action 2:4 transaction:4 info_hash:20 ...  error  action 3:4 transaction:4 text
//! ```

use crate::reader::Reader;

/// What a connection is asked for with.
const MAGIC: u64 = 0x0417_2710_1980;
/// The longest announcement: options may follow it.
const ANNOUNCEMENT_MAX: usize = 512;

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// A connection.
    Connect,
    /// Who else has a torrent.
    Announce {
        /// The torrent.
        info_hash: [u8; 20],
        /// Who asks.
        peer_id: &'a [u8],
        /// Where it listens.
        port: u16,
    },
}

/// Reads a question. One for a connection proves itself, an announcement only fits.
pub fn question(bytes: &[u8]) -> Option<Question<'_>> {
    let mut reader = Reader::new(bytes);
    let connection = reader.be_u64()?;
    let action = reader.be_u32()?;
    reader.skip(4)?;
    match action {
        0 if connection == MAGIC => Some(Question::Connect),
        1 if bytes.len() <= ANNOUNCEMENT_MAX => {
            let info_hash = reader.array()?;
            let peer_id = reader.take(20)?;
            reader.skip(24)?;
            let event = reader.be_u32()?;
            reader.skip(12)?;
            let port = reader.be_u16()?;
            (event <= 3 && connection != 0).then_some(Question::Announce { info_hash, peer_id, port })
        }
        _ => None,
    }
}

/// Leechers and seeders of the answer to an announcement.
pub fn swarm(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut reader = Reader::new(bytes);
    (reader.be_u32()? == 1).then_some(())?;
    reader.skip(8)?;
    Some((reader.be_u32()?, reader.be_u32()?))
}

/// The words of an error.
pub fn error(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    (reader.be_u32()? == 3).then_some(())?;
    reader.skip(4)?;
    Some(reader.rest())
}

/// Whether a datagram may be an answer: it proves nothing.
pub fn may_answer(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && matches!(bytes, [0, 0, 0, 0..=3, ..])
}
