//! What a server answers to a command: OK, an error, or a result of columns and rows.
//!
//! ```text
//! OK       00, rows changed, id, status (2), warnings (2)
//! EOF      fe, warnings (2), status (2)                   at most 8 bytes; a row's fe begins more
//! ERR      ff, code (2), "#", SQLSTATE (5), message       the state only from 4.1 on
//! result   columns; a definition for each; EOF; rows; EOF or OK with fe first
//! ```
//!
//! Which packet is a row is only known where both logins were seen, since they agree on whether EOF packets are sent. An error's first
//! byte begins nothing else, so errors are found anywhere. Rows are counted and never looked at.

use super::packet::number;
use crate::capped::Text;
use crate::reader::Reader;
use crate::sql;

/// Another result follows.
const MORE_RESULTS: u16 = 0x0008;
/// EOF packets are shorter than this.
const EOF_BYTES: usize = 9;
/// Errors whose message quotes names of accounts, hosts, databases, tables and columns, not data.
const NAMING: &[u64] = &[
    1007, 1008, 1040, 1044, 1045, 1046, 1049, 1050, 1051, 1054, 1060, 1061, 1091, 1109, 1129, 1130, 1141, 1142, 1143,
    1146, 1193, 1203, 1226, 1227, 1231, 1251, 1305, 1370, 1396, 1410, 1449, 1524, 1698, 1820, 1862, 3118, 3159, 3955,
    4151,
];

/// What is expected of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// Nothing that could be told.
    #[default]
    Unknown,
    /// The first packet after a statement.
    First,
    /// The first packet after another command, whose OK tells nothing of rows.
    Other,
    /// So many definitions.
    Columns(u64),
    /// The EOF behind them.
    Eof,
    /// Rows.
    Rows,
}

/// What a packet tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told<'a> {
    /// Rows that a statement changed.
    pub changed: u64,
    /// A row.
    pub row: bool,
    /// A file that the server asks the client for.
    pub file: Option<&'a [u8]>,
}

impl Answer {
    /// Takes a packet's length and first bytes, an error excepted. `eof`: whether EOF packets are sent, where that is known.
    pub fn packet<'a>(&mut self, length: usize, payload: &'a [u8], eof: Option<bool>) -> Told<'a> {
        let mut told = Told::default();
        let mut reader = Reader::new(payload);
        let first = reader.u8();
        *self = match (*self, first) {
            (Self::First | Self::Other, Some(0xfb)) => {
                told.file = Some(reader.rest());
                Self::First
            }
            (Self::First, Some(0)) => match ok(&mut reader) {
                Some((changed, status)) => {
                    told.changed = changed;
                    if status & MORE_RESULTS != 0 { Self::First } else { Self::Unknown }
                }
                None => Self::Unknown,
            },
            (Self::First, Some(1..=0xfd)) if eof.is_some() => {
                let mut reader = Reader::new(payload);
                match number(&mut reader) {
                    // MariaDB does not repeat the columns of a prepared statement.
                    Some(_) if reader.rest() == [0] => after_columns(eof),
                    Some(columns) if columns > 0 && reader.len() <= 1 => Self::Columns(columns),
                    _ => Self::Unknown,
                }
            }
            (Self::Columns(left), _) if left > 1 => Self::Columns(left.saturating_sub(1)),
            (Self::Columns(_), _) => after_columns(eof),
            (Self::Eof, Some(0xfe)) => Self::Rows,
            (Self::Rows, Some(0xfe)) if length < EOF_BYTES || eof == Some(false) => {
                let status = if eof == Some(false) {
                    ok(&mut reader).map(|(_, status)| status)
                } else {
                    reader.le_u16().and_then(|_| reader.le_u16())
                };
                if status.is_some_and(|status| status & MORE_RESULTS != 0) { Self::First } else { Self::Unknown }
            }
            (Self::Rows, Some(_)) => {
                told.row = true;
                Self::Rows
            }
            _ => Self::Unknown,
        };
        told
    }
}

fn after_columns(eof: Option<bool>) -> Answer {
    if eof == Some(false) { Answer::Rows } else { Answer::Eof }
}

/// The rows changed and the status.
fn ok(reader: &mut Reader<'_>) -> Option<(u64, u16)> {
    let changed = number(reader)?;
    number(reader)?;
    Some((changed, reader.le_u16().unwrap_or_default()))
}

/// Reads an error behind its first byte.
pub fn error(payload: &[u8]) -> Option<sql::Error> {
    let mut reader = Reader::new(payload);
    let code = u64::from(reader.le_u16()?);
    let mut state: &[u8] = b"";
    if reader.rest().first() == Some(&b'#') {
        reader.skip(1)?;
        state = reader.take(5)?;
    }
    let names_only = NAMING.contains(&code);
    Some(sql::Error { code: Some(code), state: Text::new(state), message: Text::new(reader.rest()), names_only })
}
