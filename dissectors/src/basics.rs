//! What every session has: who spoke with whom, when, how much, and how it ended.
//!
//! Every line begins with it, and most lines hold little else. So it is no list of values like other facts, each with its field, to be
//! found again: it has a place for each, and whoever tells it is given one after the other.

use std::net::IpAddr;

use crate::dictionary::{Field, session as fields};
use crate::facts::Value;
use crate::time::Timestamp;

/// The most bytes of a [`Short`].
pub const SHORT_BYTES: usize = 32;

/// A short text of our own, which needs no escaping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Short {
    bytes: [u8; SHORT_BYTES],
    len: u8,
}

impl Short {
    /// The first [`SHORT_BYTES`] of a text.
    pub fn new(text: &[u8]) -> Self {
        let mut bytes = [0; SHORT_BYTES];
        for (place, byte) in bytes.iter_mut().zip(text) {
            *place = *byte;
        }
        Self { bytes, len: text.len().min(SHORT_BYTES) as u8 }
    }

    /// The text.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What carries a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// An IP protocol that people know by name.
    Named(&'static str),
    /// The number of any other.
    Numbered(u8),
}

/// One side of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its address.
    pub address: IpAddr,
    /// Its port, where the transport has ports.
    pub port: Option<u16>,
    /// Packets that it sent.
    pub packets: u64,
    /// Payload that it sent, each TCP byte counted once.
    pub payload: u64,
    /// IP-layer bytes that it sent.
    pub ip_bytes: u64,
}

/// What every session has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basics {
    /// The session's own name.
    pub id: u64,
    /// The Community ID.
    pub cid: Short,
    /// First packet.
    pub start: Timestamp,
    /// Nanoseconds from the first packet to the last.
    pub duration: u64,
    /// What carries it.
    pub carrier: Carrier,
    /// What was recognised.
    pub app: &'static str,
    /// The originator.
    pub src: Party,
    /// The responder.
    pub dst: Party,
    /// The state of the connection.
    pub state: &'static str,
    /// What happened, a letter each.
    pub history: Short,
    /// Why it is finished; nothing while it is open.
    pub end: Option<&'static str>,
    /// Nanoseconds of the handshake's round trip.
    pub rtt: Option<u64>,
    /// Retransmitted segments of originator and responder.
    pub retransmits: [u64; 2],
    /// Bytes of originator and responder that were acknowledged and never seen.
    pub missed: [u64; 2],
}

/// Who takes values with their fields.
pub trait Take<'v> {
    /// Takes the next.
    fn take(&mut self, field: &'static Field, value: Value<'v>);
}

impl<'v, F: FnMut(&'static Field, Value<'v>)> Take<'v> for F {
    fn take(&mut self, field: &'static Field, value: Value<'v>) {
        self(field, value);
    }
}

impl Basics {
    /// Gives every value with its field, in the order of a line.
    ///
    /// It becomes part of whoever calls it: there each field is known, and so is the type of its value.
    #[inline(always)]
    pub fn each<'v>(&'v self, out: &mut impl Take<'v>) {
        out.take(&fields::ID, Value::Id(self.id));
        out.take(&fields::CID, Value::Bytes(self.cid.bytes()));
        out.take(&fields::START, Value::Time(self.start));
        out.take(&fields::DURATION, Value::Seconds(self.duration));
        match self.carrier {
            Carrier::Named(name) => out.take(&fields::TRANSPORT, Value::Plain(name)),
            Carrier::Numbered(number) => out.take(&fields::TRANSPORT, Value::Number(u64::from(number))),
        }
        out.take(&fields::APP, Value::Plain(self.app));
        out.take(&fields::SRC, Value::Address(self.src.address));
        if let Some(port) = self.src.port {
            out.take(&fields::SRC_PORT, Value::Number(u64::from(port)));
        }
        out.take(&fields::DST, Value::Address(self.dst.address));
        if let Some(port) = self.dst.port {
            out.take(&fields::DST_PORT, Value::Number(u64::from(port)));
        }
        out.take(&fields::SRC_PKTS, Value::Number(self.src.packets));
        out.take(&fields::DST_PKTS, Value::Number(self.dst.packets));
        out.take(&fields::SRC_BYTES, Value::Number(self.src.payload));
        out.take(&fields::DST_BYTES, Value::Number(self.dst.payload));
        out.take(&fields::SRC_IP_BYTES, Value::Number(self.src.ip_bytes));
        out.take(&fields::DST_IP_BYTES, Value::Number(self.dst.ip_bytes));
        out.take(&fields::STATE, Value::Plain(self.state));
        if !self.history.bytes().is_empty() {
            out.take(&fields::HISTORY, Value::Bytes(self.history.bytes()));
        }
        if let Some(end) = self.end {
            out.take(&fields::END, Value::Plain(end));
        }
        if let Some(rtt) = self.rtt {
            out.take(&fields::RTT, Value::Milliseconds(rtt));
        }
        let [src, dst] = self.retransmits;
        if src | dst != 0 {
            out.take(&fields::RETRANSMITS, Value::Pair(src, dst));
        }
        let [src, dst] = self.missed;
        if src | dst != 0 {
            out.take(&fields::MISSED, Value::Pair(src, dst));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basics_come_once_each_and_in_the_order_of_the_dictionary() {
        let party = Party { address: IpAddr::from([10, 0, 0, 1]), port: Some(1), packets: 1, payload: 1, ip_bytes: 1 };
        let basics = Basics {
            id: 1,
            cid: Short::new(b"1:"),
            start: Timestamp::default(),
            duration: 1,
            carrier: Carrier::Numbered(1),
            app: "ssh",
            src: party,
            dst: party,
            state: "SF",
            history: Short::new(b"S"),
            end: Some("fin"),
            rtt: Some(1),
            retransmits: [0, 1],
            missed: [1, 0],
        };
        let mut places = Vec::new();
        basics.each(&mut |field: &'static Field, _| {
            places.push(fields::ELEMENT.fields.iter().position(|known| std::ptr::eq(*known, field)));
        });
        assert_eq!(places.len(), 22);
        assert!(places.iter().all(Option::is_some) && places.is_sorted_by(|one, next| one < next), "{places:?}");
    }

    #[test]
    fn a_short_text_is_cut_where_its_place_ends() {
        assert_eq!(Short::new(&[b'x'; 40]).bytes(), [b'x'; SHORT_BYTES]);
        assert_eq!(Short::new(b"").bytes(), b"");
    }
}
