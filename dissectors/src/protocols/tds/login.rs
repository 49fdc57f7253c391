//! What a session begins with: the prelogin, and the logins of TDS 7 and of TDS 4.2 and 5.0.
//!
//! ```text
//! prelogin   options: token (1), offset (2), length (2); ff ends them; 0 version (6), 1 encryption (1), ...
//! login 7    length (4), version (4), packet size (4), client's version, process, connection (4 each), flags (4), time zone, language (4
//!            each), then offset and length in characters (2 each) of: host 36, user 40, password 44, application 48, server 52,
//!            extension 56, library 60, language 64, database 68, ...
//! login 4.2  host, user, password, process (30 and a length each), types (8), ... application 30 at 140, server 30 at 171, ...,
//!            TDS version (4) at 458, library 10 at 462
//! ```
//!
//! Sources: MS-TDS 2.2.6.4, 2.2.6.5; "TDS 5.0 Functional Specification". Passwords are passed over; whether there is one is told.

use crate::capped::Text;
use crate::reader::Reader;
use crate::sql::utf16::Decoder;

/// The most options read of a prelogin.
const OPTIONS: usize = 32;
/// A login of TDS 7 up to its client's address.
const LOGIN7_FIXED: usize = 78;
/// The fields of a login of TDS 4.2 and 5.0: bytes of text, and one that says how many are used.
const NAME: usize = 30;

/// What a prelogin says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prelogin {
    /// Major, minor, build.
    pub version: Option<(u8, u8, u16)>,
    /// 0 login only, 1 everything, 2 not supported, 3 required.
    pub encryption: Option<u8>,
}

/// Reads a prelogin; `None` where it is none, or not whole.
pub fn prelogin(message: &[u8]) -> Option<Prelogin> {
    let mut reader = Reader::new(message);
    let mut told = Prelogin::default();
    for at in 0..OPTIONS {
        let token = reader.u8()?;
        if token == 0xff {
            return (at > 0).then_some(told);
        }
        let (offset, length) = (usize::from(reader.be_u16()?), usize::from(reader.be_u16()?));
        let value = message.get(offset..)?.get(..length)?;
        match (token, value) {
            (0, [major, minor, high, low, ..]) => {
                told.version = Some((*major, *minor, u16::from_be_bytes([*high, *low])));
            }
            (1, [encryption, ..]) => told.encryption = Some(*encryption),
            _ if token > 32 || (at == 0 && token != 0) => return None,
            _ => {}
        }
    }
    None
}

/// What a login tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    pub version: &'static str,
    pub host: Text,
    pub user: Text,
    pub application: Text,
    pub server: Text,
    pub library: Text,
    pub database: Text,
    pub password: bool,
}

/// The names of versions by the numbers that a login of TDS 7 has.
pub fn version(number: u32) -> Option<&'static str> {
    Some(match number {
        0x0700_0000 => "7.0",
        0x0701_0000 | 0x7100_0001 => "7.1",
        0x7209_0002 => "7.2",
        0x730a_0003 | 0x730b_0003 => "7.3",
        0x7400_0004 => "7.4",
        0x0800_0000 => "8.0",
        _ => return None,
    })
}

/// Reads a login of TDS 7; `None` where it is none.
pub fn login7(message: &[u8]) -> Option<Login> {
    let mut reader = Reader::new(message);
    reader.skip(4)?;
    let version = version(reader.le_u32()?)?;
    message.get(..LOGIN7_FIXED)?;
    let raw = |at: usize| -> &[u8] {
        let field = || {
            let mut reader = Reader::new(message.get(at..)?);
            let (offset, characters) = (usize::from(reader.le_u16()?), usize::from(reader.le_u16()?));
            let text = message.get(offset..)?;
            Some(text.get(..characters.saturating_mul(2)).unwrap_or(text))
        };
        field().unwrap_or_default()
    };
    let text = |at: usize| utf16(raw(at));
    Some(Login {
        version,
        host: text(36),
        user: text(40),
        application: text(48),
        server: text(52),
        library: text(60),
        database: text(68),
        password: !raw(44).is_empty(),
    })
}

/// A text of UTF-16.
pub fn utf16(bytes: &[u8]) -> Text {
    let mut out = Vec::new();
    Decoder::default().text(bytes.get(..8192).unwrap_or(bytes), &mut out);
    Text::new(&out)
}

/// Reads a login of TDS 4.2 or 5.0; `None` where it is none.
pub fn login4(message: &[u8]) -> Option<Login> {
    let name = |at: usize| {
        let (text, length) = message.get(at..at.checked_add(NAME + 1)?)?.split_at_checked(NAME)?;
        let (text, padding) = text.split_at_checked(usize::from(*length.first()?))?;
        (text.iter().all(|byte| *byte != 0) && padding.iter().all(|byte| *byte == 0)).then_some(text)
    };
    let library = message.get(462..473).and_then(|field| {
        let (text, length) = field.split_at_checked(10)?;
        text.get(..usize::from(*length.first()?))
    });
    let version = match message.get(458..462)? {
        [4, 2, ..] => "4.2",
        [4, 6, ..] => "4.6",
        [5, 0, ..] => "5.0",
        _ => return None,
    };
    Some(Login {
        version,
        host: Text::new(name(0)?),
        user: Text::new(name(31)?),
        password: !name(62)?.is_empty(),
        application: Text::new(name(140)?),
        server: Text::new(name(171)?),
        library: Text::new(library.unwrap_or_default()),
        database: Text::default(),
    })
}

/// Whether bytes may begin such a login: names, each padded with zeros and followed by its length.
pub fn login4_may_begin(message: &[u8]) -> bool {
    message.chunks(NAME + 1).take(3).all(|field| match field.split_at_checked(NAME) {
        Some((text, [length])) => {
            let (used, padding) = text.split_at_checked((*length).into()).unwrap_or((text, &[1]));
            used.iter().all(|byte| *byte >= b' ') && padding.iter().all(|byte| *byte == 0)
        }
        _ => true,
    })
}
