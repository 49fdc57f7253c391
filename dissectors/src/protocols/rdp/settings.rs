//! What client and server tell of themselves when the conference is made (MS-RDPBCGR 2.2.1.3, 2.2.1.4).
//!
//! The settings are blocks `type:2 length:2 ...`, least significant byte first, behind the conference's key and a length in one or
//! two bytes (T.124's packed encoding). What wraps them is the same for everybody, so they are sought by the key.

use super::{CHANNELS, CLIENT_BUILD, CLIENT_NAME, HEIGHT, KEYBOARD, WIDTH};
use crate::capped::{List, Text};
use crate::facts::Writer;
use crate::ntlm::utf16_string;
use crate::reader::Reader;

/// Stands before the client's settings, and before the server's.
pub(super) const CLIENT_KEY: &[u8] = b"Duca";
pub(super) const SERVER_KEY: &[u8] = b"McDn";

const CLIENT_CORE: u16 = 0xc001;
const CLIENT_NETWORK: u16 = 0xc003;
const SERVER_SECURITY: u16 = 0x0c02;
/// More blocks than there are kinds.
const MOST_BLOCKS: usize = 32;

/// The client's.
#[derive(Debug, Default)]
pub(super) struct ClientSettings {
    core: Option<Core>,
    channels: List<Text>,
}

#[derive(Debug)]
struct Core {
    width: u16,
    height: u16,
    keyboard: u32,
    build: u32,
    name: Text,
}

impl ClientSettings {
    /// Reads a Connect-Initial.
    pub(super) fn read(mcs: &[u8]) -> Self {
        let mut settings = Self::default();
        for (kind, mut block) in blocks(mcs, CLIENT_KEY) {
            match kind {
                CLIENT_CORE => settings.core = settings.core.or_else(|| core(&mut block)),
                CLIENT_NETWORK => {
                    block.skip(4);
                    while let Some(mut channel) = block.sub(12) {
                        let name = channel.until(0).unwrap_or(b"");
                        settings.channels.push_with(|| Text::new(name));
                    }
                }
                _ => {}
            }
        }
        settings
    }

    pub(super) fn facts(&self, rdp: &mut Writer<'_>) {
        if let Some(core) = &self.core {
            rdp.text(&CLIENT_NAME, &core.name);
            rdp.number(&CLIENT_BUILD, u64::from(core.build));
            rdp.bytes(&KEYBOARD, format!("{:08x}", core.keyboard).as_bytes());
            rdp.number(&WIDTH, u64::from(core.width));
            rdp.number(&HEIGHT, u64::from(core.height));
        }
        rdp.texts(&CHANNELS, &self.channels);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.channels.items().iter().map(|name| size_of::<Text>() + name.heap_bytes()).sum()
    }
}

/// `version:4 width:2 height:2 depth:2 sas:2 keyboard:4 build:4 name:32 ...`, the name in UTF-16.
fn core(block: &mut Reader<'_>) -> Option<Core> {
    block.skip(4)?;
    let (width, height) = (block.le_u16()?, block.le_u16()?);
    block.skip(4)?;
    let (keyboard, build) = (block.le_u32()?, block.le_u32()?);
    let name = utf16_string(block.take(32)?);
    let name = name.split('\0').next().unwrap_or_default();
    Some(Core { width, height, keyboard, build, name: Text::from(name) })
}

/// The server's.
#[derive(Debug)]
pub(super) struct ServerSettings {
    /// The cipher that it chose.
    pub(super) encryption: &'static str,
}

impl ServerSettings {
    /// Reads a Connect-Response.
    pub(super) fn read(mcs: &[u8]) -> Self {
        let security = blocks(mcs, SERVER_KEY).find(|(kind, _)| *kind == SERVER_SECURITY);
        let method = security.and_then(|(_, mut block)| block.le_u32());
        Self { encryption: method.map_or("unknown", method_name) }
    }
}

/// The blocks behind the key.
fn blocks<'a>(mcs: &'a [u8], key: &[u8]) -> impl Iterator<Item = (u16, Reader<'a>)> {
    let at = memchr::memmem::find(mcs, key).map_or(mcs.len(), |at| at.saturating_add(key.len()));
    let mut reader = Reader::new(mcs.get(at..).unwrap_or_default());
    if reader.u8().is_some_and(|length| length & 0x80 != 0) {
        reader.skip(1);
    }
    std::iter::from_fn(move || {
        let (kind, length) = (reader.le_u16()?, reader.le_u16()?);
        Some((kind, reader.sub(usize::from(length).checked_sub(4)?)?))
    })
    .take(MOST_BLOCKS)
}

/// Ciphers of standard security (MS-RDPBCGR 2.2.1.4.3).
fn method_name(method: u32) -> &'static str {
    match method {
        0 => "none",
        1 => "rc4_40",
        2 => "rc4_128",
        8 => "rc4_56",
        16 => "fips",
        _ => "unknown",
    }
}
