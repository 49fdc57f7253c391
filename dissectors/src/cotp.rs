//! ISO transport over TCP (RFC 1006 with X.224 class 0): what Siemens' S7 and MMS travel in.
//!
//! ```text
//! TPKT       version:1 (3) 0:1 length:2 (all of it)                                    RFC 1006 6
//! connect    length:1 E0 (request) or D0 (confirm) destination:2 source:2 class:1 parameters         X.224 13.3
//! parameter  code:1 (C0 size, C1 calling, C2 called selector) length:1 value
//! data       2:1 F0:1 number:1 (80: the last piece) payload                                          X.224 13.7
//! ```

use crate::framed::Extent;
use crate::protocol::Role;
use crate::reader::Reader;

/// Bytes of a TPKT header.
pub const TPKT: usize = 4;
/// Bytes of a data unit's header, and of both.
const DATA_HEAD: usize = 3;
const HEAD: usize = TPKT + DATA_HEAD;

const REQUEST: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;
/// The bit of a last piece.
const LAST: u8 = 0x80;

/// Who connects to whom: transport selectors (TSAP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection<'a> {
    /// Of who calls.
    pub calling: &'a [u8],
    /// Of who is called.
    pub called: &'a [u8],
}

/// One transport unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit<'a> {
    /// A request or its confirmation.
    Connection(Connection<'a>),
    /// Data.
    Data {
        /// A message ends with it.
        last: bool,
        /// As far as it is here.
        payload: &'a [u8],
    },
    /// Anything else (disconnection, errors).
    Other,
}

/// The size of a packet.
pub fn extent(bytes: &[u8]) -> Extent {
    if bytes.first().is_some_and(|version| *version != 3) || bytes.get(1).is_some_and(|reserved| *reserved != 0) {
        return Extent::Broken;
    }
    match Reader::new(bytes.get(2..).unwrap_or_default()).be_u16().map(usize::from) {
        None => Extent::Need(TPKT),
        Some(length) if length >= HEAD => Extent::Whole(length),
        Some(_) => Extent::Broken,
    }
}

/// Reads a packet, or its beginning.
pub fn unit(packet: &[u8]) -> Option<Unit<'_>> {
    let mut reader = Reader::new(packet);
    reader.skip(TPKT)?;
    let length = reader.u8()?;
    let kind = reader.u8()?;
    match kind {
        REQUEST | CONFIRM => {
            let mut reader = reader.sub(usize::from(length).saturating_sub(1).min(reader.len()))?;
            reader.skip(5)?;
            let mut connection = Connection::default();
            while let (Some(code), Some(size)) = (reader.u8(), reader.u8()) {
                let value = reader.take(usize::from(size))?;
                match code {
                    0xc1 => connection.calling = value,
                    0xc2 => connection.called = value,
                    _ => {}
                }
            }
            Some(Unit::Connection(connection))
        }
        DATA if length == 2 => Some(Unit::Data { last: reader.u8()? & LAST != 0, payload: reader.rest() }),
        DATA => None,
        _ => Some(Unit::Other),
    }
}

/// What one side's first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin<'a> {
    /// No ISO transport of this role.
    Broken,
    /// Too few bytes to tell.
    NeedMore,
    /// It connects, and then says this, as far as it is here.
    Connection(Connection<'a>, &'a [u8]),
    /// The connection was not seen.
    Data(&'a [u8]),
}

/// Reads the first bytes of a side.
pub fn begin(role: Role, bytes: &[u8]) -> Begin<'_> {
    let wanted = if role == Role::Client { REQUEST } else { CONFIRM };
    let whole = match extent(bytes) {
        Extent::Broken => return Begin::Broken,
        Extent::Need(_) => return Begin::NeedMore,
        Extent::Whole(whole) => whole,
    };
    match (bytes.get(4), bytes.get(5)) {
        (Some(2), Some(&DATA)) => match bytes.get(HEAD..) {
            Some(payload) => return Begin::Data(payload.get(..whole - HEAD).unwrap_or(payload)),
            None => return Begin::NeedMore,
        },
        // A connection is alone in its packet.
        (Some(length), Some(kind)) if *kind == wanted && usize::from(*length) + TPKT + 1 == whole => {}
        (_, None) => return Begin::NeedMore,
        _ => return Begin::Broken,
    }
    let Some((packet, after)) = bytes.split_at_checked(whole) else {
        return Begin::NeedMore;
    };
    let Some(Unit::Connection(connection)) = unit(packet) else {
        return Begin::Broken;
    };
    match extent(after) {
        Extent::Broken => Begin::Broken,
        Extent::Need(_) => Begin::Connection(connection, &[]),
        Extent::Whole(whole) => match unit(after.get(..whole).unwrap_or(after)) {
            Some(Unit::Data { payload, .. }) => Begin::Connection(connection, payload),
            Some(_) => Begin::Broken,
            None if after.len() < HEAD => Begin::Connection(connection, &[]),
            None => Begin::Broken,
        },
    }
}

/// Finds the beginnings of messages: of one in several pieces, the first is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pieces {
    inside: [bool; 2],
}

impl Pieces {
    /// The payload of a data unit with which a message begins.
    pub fn beginning<'a>(&mut self, role: Role, last: bool, payload: &'a [u8]) -> Option<&'a [u8]> {
        let inside = self.inside.get_mut(role.index())?;
        let begins = !std::mem::replace(inside, !last);
        begins.then_some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02";

    #[test]
    fn a_connection_names_both_ends() {
        let wanted = Connection { calling: b"\x01\0", called: b"\x01\x02" };
        assert_eq!(begin(Role::Client, REQUEST), Begin::Connection(wanted, b""));
        let more = [REQUEST, b"\x03\0\0\x19\x02\xf0\x80\x32\x01"].concat();
        assert_eq!(begin(Role::Client, &more), Begin::Connection(wanted, b"\x32\x01"));
        assert_eq!(begin(Role::Server, REQUEST), Begin::Broken);
        for cut in 0..REQUEST.len() {
            assert_eq!(begin(Role::Client, &REQUEST[..cut]), Begin::NeedMore);
        }
    }

    #[test]
    fn of_a_message_in_pieces_the_first_is_shown() {
        let mut pieces = Pieces::default();
        let mut show = |last, payload| pieces.beginning(Role::Client, last, payload);
        assert_eq!(show(false, b"a"), Some(&b"a"[..]));
        assert_eq!(show(false, b"b"), None);
        assert_eq!(show(true, b"c"), None);
        assert_eq!(show(true, b"d"), Some(&b"d"[..]));
    }
}
