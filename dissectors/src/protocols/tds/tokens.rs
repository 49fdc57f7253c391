//! Tokens of an answer (MS-TDS 2.2.7), from its first to the first that is not known: columns and rows are not read.
//!
//! ```text
//! aa error, ab information   length (2), number (4), state, class, message (2 and UTF-16), server, procedure (1 and UTF-16), line
//! ad login                   length (2), interface, version (4), program (1 and UTF-16), its version (4)
//! e3 change                  length (2), kind, new, old (1 and UTF-16)
//! e5 error of TDS 5          length (2), number (4), state, class, SQLSTATE (1), ..., message (2)
//! fd fe ff done              status (2), command (2), rows (8; 4 before TDS 7.2)
//! ```

use super::login::utf16;
use crate::capped::Text;
use crate::reader::Reader;

/// What an answer tells.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub errors: Vec<(u64, Text)>,
    /// Program and version of a server that let the client in.
    pub login: Option<Server>,
    /// Databases changed to.
    pub databases: Vec<Text>,
    /// Whether the server was sent to by another one.
    pub routed: bool,
}

/// The server's own description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    pub program: Text,
    pub version: [u8; 4],
    pub tds: [u8; 4],
}

/// The most tokens read of one answer.
const TOKENS: usize = 64;

/// Whether a token may be an answer's first.
pub fn may_begin(token: u8) -> bool {
    matches!(token, 0x79 | 0x81 | 0xa0 | 0xa4 | 0xa5 | 0xa7 | 0xa9..=0xae | 0xd1..=0xd3 | 0xe2 | 0xe3 | 0xe5 | 0xec..=0xee | 0xfd..=0xff)
}

/// Reads an answer.
pub fn read(message: &[u8]) -> Reply {
    let mut reader = Reader::new(message);
    let mut reply = Reply::default();
    for _ in 0..TOKENS {
        if token(&mut reader, &mut reply).is_none() {
            break;
        }
    }
    reply
}

fn token(reader: &mut Reader<'_>, reply: &mut Reply) -> Option<()> {
    match reader.u8()? {
        kind @ (0xa4 | 0xa5 | 0xa9 | 0xaa | 0xab | 0xad | 0xe2 | 0xe3 | 0xe5 | 0xed) => {
            let length = reader.le_u16()?;
            let body = reader.sub(length.into())?;
            match kind {
                0xaa => reply.errors.extend(error(body)),
                0xe5 => reply.errors.extend(error5(body)),
                0xad => reply.login = login(body).or(reply.login.take()),
                0xe3 => change(body, reply).unwrap_or_default(),
                _ => {}
            }
        }
        0x79 => reader.skip(4)?,
        0xfd..=0xff => {
            // Before TDS 7.2 the number of rows has four bytes: what follows tells, as it is a token or the end.
            let rest = reader.rest();
            let long = rest.get(12).map_or(rest.len() == 12, |token| may_begin(*token));
            reader.skip(if long { 12 } else { 8 })?;
        }
        _ => return None,
    }
    Some(())
}

fn error(mut body: Reader<'_>) -> Option<(u64, Text)> {
    let number = body.le_u32()?;
    body.skip(2)?;
    let length = usize::from(body.le_u16()?);
    let wide = length.saturating_mul(2);
    // TDS 4.2 has bytes, and fewer than the characters of TDS 7 would take.
    let text = if body.rest().get(1) == Some(&0) {
        utf16(body.take(wide.min(body.len()))?)
    } else {
        Text::new(body.take(length)?)
    };
    Some((number.into(), text))
}

fn error5(mut body: Reader<'_>) -> Option<(u64, Text)> {
    let number = body.le_u32()?;
    let [_state, class] = body.array()?;
    let state = body.u8()?;
    body.skip(state.into())?;
    body.skip(3)?;
    let length = body.le_u16()?;
    // Up to class 10 it is no error.
    (class > 10).then_some((number.into(), Text::new(body.take(length.into())?)))
}

fn login(mut body: Reader<'_>) -> Option<Server> {
    body.skip(1)?;
    let tds = body.array()?;
    let length = usize::from(body.u8()?);
    let wide = body.len() >= length.saturating_mul(2).saturating_add(4);
    let program = if wide { utf16(body.take(length.saturating_mul(2))?) } else { Text::new(body.take(length)?) };
    let program = Text::new(program.bytes().split(|byte| *byte == 0).next().unwrap_or_default());
    Some(Server { program, version: body.array()?, tds })
}

fn change(mut body: Reader<'_>, reply: &mut Reply) -> Option<()> {
    match body.u8()? {
        1 => {
            let length = usize::from(body.u8()?);
            let wide = body.rest().get(1) == Some(&0);
            let name = body.take(if wide { length.saturating_mul(2) } else { length })?;
            reply.databases.push(if wide { utf16(name) } else { Text::new(name) });
        }
        20 => reply.routed = true,
        _ => {}
    }
    Some(())
}
