//! The client's transport parameters (RFC 9000 18): an extension of its hello.
//!
//! ```text
//! draft 27 on   id:varint length:varint value ...
//! before        length:2, then id:2 length:2 value ...
//! ```

use super::header::varint;
use crate::capped::Text;
use crate::protocols::tls::hello::ClientHello;
use crate::reader::Reader;

/// The extension (RFC 9001 8.2), and the number that drafts up to 32 gave it.
const EXTENSIONS: [u16; 2] = [0x0039, 0xffa5];
/// Google: the client's software, in words.
const USER_AGENT: u64 = 0x3129;

/// The client's software, where its hello tells it.
pub fn user_agent(hello: &ClientHello<'_>) -> Option<Text> {
    let content = EXTENSIONS.iter().find_map(|kind| hello.extensions.get(*kind))?;
    let mut reader = Reader::new(content);
    let narrow = Reader::new(content).be_u16().is_some_and(|len| usize::from(len).saturating_add(2) == content.len());
    if narrow {
        reader.skip(2)?;
    }
    loop {
        let id = if narrow { reader.be_u16().map(u64::from) } else { varint(&mut reader) }?;
        let len = if narrow { reader.be_u16().map(u64::from) } else { varint(&mut reader) }?;
        let value = reader.take(usize::try_from(len).ok()?)?;
        if id == USER_AGENT && !value.is_empty() {
            return Some(Text::new(value));
        }
    }
}
