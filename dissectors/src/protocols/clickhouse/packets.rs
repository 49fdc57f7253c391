//! Packets behind the greetings: what they are and how long.
//!
//! A query's form depends on the revision that the client told; what a newer one adds is listed in [`query`].

use super::number;
use crate::reader::Reader;

/// The longest packet that is waited for.
pub const MOST: usize = 16 * 1024;
/// The most settings of a query.
const MOST_SETTINGS: usize = 256;

/// What a packet is.
pub enum Packet<'a> {
    /// More bytes are needed to tell.
    More,
    /// It is not known, or its size is not.
    Unknown,
    /// A statement, and whether blocks are compressed from here on.
    Query { statement: &'a [u8], compressed: bool, used: usize },
    /// An error's message.
    Error(&'a [u8]),
    /// Nothing to tell, and its size.
    Other(u64),
}

/// A text of any length.
fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(number(reader)?).ok()?;
    reader.take(length)
}

fn strings(reader: &mut Reader<'_>, count: usize) -> Option<()> {
    for _ in 0..count {
        string(reader)?;
    }
    Some(())
}

fn numbers(reader: &mut Reader<'_>, count: usize) -> Option<()> {
    for _ in 0..count {
        number(reader)?;
    }
    Some(())
}

/// A block with the name of its table before it.
fn block(mut reader: Reader<'_>, whole: usize, compressed: bool) -> Packet<'static> {
    if !compressed {
        return Packet::Unknown;
    }
    let Some(length) = (|| {
        string(&mut reader)?;
        reader.skip(16)?;
        let method = reader.u8()?;
        Some((method, reader.le_u32()?))
    })() else {
        return Packet::More;
    };
    // The length counts itself and the method, which were read.
    match length {
        (0x02 | 0x82 | 0x90, length @ 9..) => {
            let head = whole.saturating_sub(reader.len()) as u64;
            Packet::Other(head.saturating_add(u64::from(length)).saturating_sub(5))
        }
        _ => Packet::Unknown,
    }
}

/// What a client's packet is.
pub fn client(bytes: &[u8], revision: u64, compressed: bool) -> Packet<'_> {
    let mut reader = Reader::new(bytes);
    match reader.u8() {
        None => Packet::More,
        // An empty key for quotas, which newer clients send behind their greeting.
        Some(0) if revision >= 54_458 => Packet::Other(1),
        Some(1) => match query(&mut reader, revision) {
            Some(Some((compressed, statement))) => {
                Packet::Query { statement, compressed, used: bytes.len().saturating_sub(reader.len()) }
            }
            Some(None) => Packet::Unknown,
            None => Packet::More,
        },
        Some(2) => block(reader, bytes.len(), compressed),
        Some(3 | 4) => Packet::Other(1),
        Some(_) => Packet::Unknown,
    }
}

/// What a server's packet is.
pub fn server(bytes: &[u8], revision: u64, compressed: bool) -> Packet<'_> {
    let mut reader = Reader::new(bytes);
    let known = match reader.u8() {
        None => return Packet::More,
        Some(1 | 7 | 8) => return block(reader, bytes.len(), compressed),
        Some(2) => {
            let error = (|| {
                reader.skip(4)?;
                string(&mut reader)?;
                string(&mut reader)
            })();
            return error.map_or(Packet::More, Packet::Error);
        }
        // How far a query is: rows, bytes, and since then more of it.
        Some(3) => {
            let more = [51_554, 54_420, 54_420, 54_460].iter().filter(|since| revision >= **since).count();
            numbers(&mut reader, more.saturating_add(2))
        }
        Some(4 | 5) => Some(()),
        // What a query came to: rows, blocks, bytes, whether there was a limit, rows before it, whether that was counted.
        Some(6) => (|| {
            numbers(&mut reader, 3)?;
            reader.skip(1)?;
            numbers(&mut reader, 1)?;
            reader.skip(1)
        })(),
        Some(_) => return Packet::Unknown,
    };
    match known {
        Some(()) => Packet::Other(bytes.len().saturating_sub(reader.len()) as u64),
        None => Packet::More,
    }
}

/// A query: whether blocks are compressed, and the statement; `Some(None)` where its form is not known.
fn query<'a>(reader: &mut Reader<'a>, revision: u64) -> Option<Option<(bool, &'a [u8])>> {
    string(reader)?;
    // Who asks: itself, by TCP. Another interface brings other things.
    if reader.u8()? != 0 {
        strings(reader, 3)?;
        if revision >= 54_449 {
            reader.skip(8)?;
        }
        if reader.u8()? != 1 {
            return Some(None);
        }
        strings(reader, 3)?;
        numbers(reader, 3)?;
        if revision >= 54_060 {
            strings(reader, 1)?;
        }
        if revision >= 54_448 {
            numbers(reader, 1)?;
        }
        if revision >= 54_401 {
            numbers(reader, 1)?;
        }
        if revision >= 54_442 && reader.u8()? != 0 {
            return Some(None);
        }
        if revision >= 54_453 {
            numbers(reader, 3)?;
        }
    }
    for _ in 0..MOST_SETTINGS {
        if string(reader)?.is_empty() {
            break;
        }
        // Older clients wrote each value in a form of its own.
        if revision < 54_429 {
            return Some(None);
        }
        numbers(reader, 1)?;
        strings(reader, 1)?;
    }
    if revision >= 54_441 {
        strings(reader, 1)?;
    }
    numbers(reader, 1)?;
    let compressed = number(reader)? != 0;
    let statement = string(reader)?;
    if revision >= 54_459 {
        for _ in 0..MOST_SETTINGS {
            if string(reader)?.is_empty() {
                break;
            }
            numbers(reader, 1)?;
            strings(reader, 1)?;
        }
    }
    Some(Some((compressed, statement)))
}
