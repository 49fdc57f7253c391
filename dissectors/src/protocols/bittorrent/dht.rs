//! The distributed hash table (BEP 5): bencoded questions, replies and errors in datagrams.
//!
//! ```text
//! d 1:a d 2:id 20:... 9:info_hash 20:... e 1:q 9:get_peers 1:t 2:aa 1:v 4:UT.. 1:y 1:q e
//! d 1:r d 2:id 20:... 5:nodes ... e 1:t 2:aa 1:y 1:r e
//! ```

use super::bencode::{self, Outcome, Value};

/// A message.
#[derive(Debug, Default)]
pub struct Message<'a> {
    /// `q`, `r` or `e`.
    pub kind: u8,
    /// What is asked.
    pub query: Option<&'static str>,
    /// The sender's id.
    pub node_id: Option<[u8; 20]>,
    /// The torrent asked for or announced.
    pub info_hash: Option<[u8; 20]>,
    /// The sender's software: two letters and a version of two bytes.
    pub software: Option<&'a [u8]>,
}

/// What may be asked (BEP 5, 44, 51).
fn query(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"ping" => "ping",
        b"find_node" => "find_node",
        b"get_peers" => "get_peers",
        b"announce_peer" => "announce_peer",
        b"get" => "get",
        b"put" => "put",
        b"sample_infohashes" => "sample_infohashes",
        b"vote" => "vote",
        _ => return None,
    })
}

impl<'a> Message<'a> {
    /// Reads a datagram; `None` where it is no message of the table. One that is cut is believed by its beginning.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        if !matches!(bytes, [b'd', b'1'..=b'2', b':', b'a' | b'e' | b'i' | b'q' | b'r' | b't' | b'v' | b'y', ..]) {
            return None;
        }
        let mut message = Self::default();
        let mut transaction = false;
        let outcome = bencode::read(bytes, &mut |place, value| match (place, value) {
            ((b"y", b""), Value::Bytes([kind @ (b'q' | b'r' | b'e')])) => message.kind = *kind,
            ((b"q", b""), Value::Bytes(name)) => message.query = query(name),
            ((b"t", b""), Value::Bytes(_)) => transaction = true,
            ((b"v", b""), Value::Bytes(name)) => message.software = Some(name),
            ((b"a" | b"r", b"id"), Value::Bytes(id)) => message.node_id = id.try_into().ok(),
            ((b"a", b"info_hash"), Value::Bytes(hash)) => message.info_hash = hash.try_into().ok(),
            _ => {}
        });
        let sound = match (outcome, message.kind) {
            (Outcome::Wrong, _) => false,
            (Outcome::Cut, _) => bytes.starts_with(b"d1:ad2:id20:") || bytes.starts_with(b"d1:rd2:id20:"),
            (Outcome::Whole(_), b'q') => message.query.is_some() && message.node_id.is_some(),
            (Outcome::Whole(_), b'r') => message.node_id.is_some(),
            (Outcome::Whole(_), b'e') => transaction && bytes.starts_with(b"d1:el"),
            (Outcome::Whole(_), _) => false,
        };
        sound.then_some(message)
    }
}
