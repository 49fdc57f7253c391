//! ADB: a shell and files on an Android device (AOSP packages/modules/adb, protocol.txt).
//!
//! ```text
//! command:4 arg0:4 arg1:4 length:4 checksum:4 magic:4 payload:length     least significant byte first; magic = !command
//!   CNXN version maxdata  "host::features=..." or "device::ro.product.name=...;"
//!   AUTH 1 token | 2 signature | 3 public key    OPEN id 0 "shell:command"    OKAY  WRTE  CLSE    STLS
//!
//! between the client and its server, on the host     length:4 (hexadecimal) "host:devices" ...     OKAY | FAIL length:4 text | length:4 text
//! ```
//!
//! The magic proves it anywhere in the stream, and so does a length with a service of the server's ([`server`]). The host is the client. STLS from both sides goes on in TLS. What services carry (WRTE) is passed over.
//! Limits: a payload of [`PAYLOAD_BYTES`] is read.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Kind};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::protocols::tls;
use crate::reader::Reader;

mod server;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "adb",
    about: About {
        name: "Android Debug Bridge",
        specification: "AOSP packages/modules/adb, protocol.txt",
        evidence: "a command with its magic, which is its complement; or a length with a service of the server's",
        limits: "what services carry is passed over",
        ports: &[5037, 5555],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes {
        client: &[b'0'..=b'0', b'A'..=b'A', b'C'..=b'C', b'O'..=b'O', b'S'..=b'S', b'W'..=b'W'],
        server: &[b'A'..=b'A', b'C'..=b'C', b'O'..=b'O', b'S'..=b'S', b'W'..=b'W'],
    },
    probe,
    open: |_: &Opening| Box::new(Adb::default()),
};

/// The version.
pub static VERSION: Field =
    Field::text("version", "the protocol's version in hexadecimal, the lower of both", "AOSP adb");
/// The host.
pub static CLIENT_BANNER: Field = Field::text("client_banner", "what the host says of itself", "AOSP adb, CNXN").long();
/// The device.
pub static DEVICE_BANNER: Field =
    Field::text("device_banner", "what the device says of itself: product, model, features", "AOSP adb, CNXN").long();
/// The outcome.
pub static AUTHENTICATED: Field = Field::new(
    Kind::YesNo,
    "authenticated",
    "whether the device let the host in; absent where it asked for no proof",
    "AOSP adb, AUTH",
);
/// What is used.
pub static SERVICE: Field =
    Field::text("service", "services that were opened: a shell with its command, `sync:` for files", "AOSP adb, OPEN")
        .long()
        .list();

/// What did not go.
pub static ERROR: Field =
    Field::text("error", "what the server on the host said of what failed", "AOSP adb, FAIL").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "adb",
    meaning: "Android Debug Bridge",
    fields: &[&VERSION, &CLIENT_BANNER, &DEVICE_BANNER, &AUTHENTICATED, &SERVICE, &ERROR],
};

const HEADER_BYTES: usize = 24;
/// The longest payload that is read; one that carries a service may be longer.
const PAYLOAD_BYTES: usize = 64 * 1024;
const COMMANDS: [&[u8; 4]; 8] = [b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE", b"SYNC", b"STLS"];

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.first() == Some(&b'0') {
        return if sample.role == Role::Client { server::probe(sample.bytes) } else { Verdict::Reject };
    }
    let command = sample.bytes.get(..4).unwrap_or(sample.bytes);
    if !COMMANDS.iter().any(|known| known.starts_with(command)) {
        return Verdict::Reject;
    }
    let Some(header) = Header::read(sample.bytes) else {
        return Verdict::NeedMore;
    };
    let Some(header) = header else {
        return Verdict::Reject;
    };
    let first = sample.bytes.get(HEADER_BYTES).copied();
    match (&header.command, header.first, first, sample.role) {
        (b"CNXN", _, None, _) => Verdict::NeedMore,
        (b"CNXN", _, Some(b'h'), Role::Client) => Verdict::Match,
        (b"CNXN", _, Some(b'd' | b'b' | b'r' | b's'), Role::Server) => Verdict::Match,
        (b"AUTH", 1, _, Role::Server) | (b"AUTH", 2 | 3, _, Role::Client) | (b"STLS", ..) => Verdict::Match,
        (b"CNXN" | b"AUTH", ..) => Verdict::Reject,
        // Opened by the host nearly always; the rest is the same from both.
        (b"OPEN", _, _, Role::Client) => Verdict::Match,
        (b"OPEN", ..) => Verdict::Likely,
        _ => Verdict::Match,
    }
}

struct Header {
    command: [u8; 4],
    first: u32,
    length: usize,
}

impl Header {
    /// `None`: too few bytes; `Some(None)`: no header.
    fn read(bytes: &[u8]) -> Option<Option<Self>> {
        let mut reader = Reader::new(bytes);
        let command: [u8; 4] = reader.array()?;
        let (first, _, length, _, magic) =
            (reader.le_u32()?, reader.le_u32()?, reader.le_u32()?, reader.le_u32()?, reader.le_u32()?);
        let known = COMMANDS.contains(&&command) && magic == !u32::from_le_bytes(command);
        Some(known.then(|| Self { command, first, length: usize::try_from(length).unwrap_or(usize::MAX) }))
    }
}

#[derive(Debug, Default)]
struct Adb {
    version: Option<u32>,
    banners: [Text; 2],
    asked: bool,
    services: List<Text>,
    errors: List<Text>,
    /// Whether a client speaks with the server on its host, and what of that is read.
    server: server::State,
}

impl Dissector for Adb {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let bytes = chunk.bytes;
        if self.server.is_spoken(chunk.role, bytes) {
            return self.host_says(chunk);
        }
        let header = match Header::read(bytes) {
            None => return Step::NeedMore(HEADER_BYTES),
            Some(None) => return Step::Violation,
            Some(Some(header)) => header,
        };
        let whole = header.length.saturating_add(HEADER_BYTES);
        if matches!(&header.command, b"CNXN" | b"OPEN") && header.length <= PAYLOAD_BYTES {
            let Some(payload) = bytes.get(HEADER_BYTES..whole) else {
                return Step::NeedMore(whole);
            };
            let text = payload.split(|byte| *byte == 0).next().unwrap_or_default();
            if &header.command == b"OPEN" {
                self.services.push_with(|| Text::long(text));
            } else {
                self.version = Some(self.version.map_or(header.first, |version| version.min(header.first)));
                if let Some(banner) = self.banners.get_mut(chunk.role.index()) {
                    *banner = Text::long(text);
                }
            }
        }
        self.asked |= &header.command == b"AUTH";
        if &header.command == b"STLS" && chunk.role == Role::Client {
            return Step::Handover(whole, Some(&tls::PROTOCOL));
        }
        match whole.checked_sub(bytes.len()) {
            None | Some(0) => Step::Consumed(whole),
            Some(missing) => Step::Skip(missing as u64),
        }
    }

    fn facts(&self, out: &mut Facts) {
        let mut adb = out.element(&ELEMENT);
        let [client, device] = &self.banners;
        if let Some(version) = self.version {
            adb.bytes(&VERSION, format!("{version:08x}").as_bytes());
        }
        adb.text(&CLIENT_BANNER, client);
        adb.text(&DEVICE_BANNER, device);
        if self.asked {
            adb.yes_no(&AUTHENTICATED, !device.is_empty());
        }
        adb.texts(&SERVICE, &self.services);
        adb.texts(&ERROR, &self.errors);
    }

    fn heap_bytes(&self) -> usize {
        let texts = self.banners.iter().chain(self.services.items()).chain(self.errors.items());
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}
