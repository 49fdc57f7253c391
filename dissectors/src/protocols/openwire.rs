//! OpenWire, the wire of ActiveMQ.
//!
//! ```text
//! info        length:4  kind:1 (1)  "ActiveMQ"  version:4  present:1 length:4  options: count:4  name:(length:2 text) kind:1 value ...
//! others      length:4  kind:1  bits: count:1 bytes  values; what is there and what is not stands in the bits, the lowest first
//! connection  kind 3   command:4  place:2 kind:1 connection  client  password  user      texts: length:2, of two bits: there, in ASCII
//! answers     kind 1e  command:4 of:4          kind 1f, an error: then class and message
//! ```
//!
//! The first message of a side proves it. Of what follows the login is read, in the tight form that both sides have unless they are told otherwise.

use crate::dictionary::{Element, Field, Flag, Kind};
use crate::framed::{Extent, Message};
use crate::framing::is_text;
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static CLIENT_VERSION: Field =
    Field::number("client_version", "version that who connected has", "OpenWire, WireFormatInfo");
static SERVER_VERSION: Field =
    Field::number("server_version", "version that the other has", "OpenWire, WireFormatInfo");
static PRODUCT: Field =
    Field::text("product", "software and its version, where it is told", "OpenWire, WireFormatInfo").list();

static USER: Field = Field::text("user", "the account", "OpenWire, ConnectionInfo");
static CLIENT_ID: Field = Field::text("client_id", "what the client calls itself", "OpenWire, ConnectionInfo");
static AUTHENTICATED: Field =
    Field::new(Kind::YesNo, "authenticated", "whether the account was taken", "OpenWire, Response");
static ERROR: Field = Field::text("error", "why it was not", "OpenWire, ExceptionResponse");

static ELEMENT: Element = Element {
    name: "openwire",
    meaning: "a broker of ActiveMQ",
    fields: &[&CLIENT_VERSION, &SERVER_VERSION, &PRODUCT, &USER, &CLIENT_ID, &AUTHENTICATED, &ERROR],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "openwire",
    about: About {
        name: "OpenWire of ActiveMQ",
        specification: "ActiveMQ, OpenWire wire format",
        evidence: "the first message of a side with its magic",
        limits: "everything behind the login; the loose form",
        ports: &[61616],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=0]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const MAGIC: &[u8] = b"\x01ActiveMQ";
/// The most messages of a side in which the login is looked for.
const MOST_MESSAGES: u32 = 16;
/// The longest first message.
const INFO_BYTES: u32 = 4096;

fn length(bytes: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(bytes);
    reader.be_u32().filter(|length| (13..INFO_BYTES).contains(length))
}

fn extent(notes: &Notes, role: Role, bytes: &[u8]) -> Extent {
    let first = notes.seen(role) == 0;
    sized(bytes, 4, |bytes| {
        let length = if first { length(bytes)? } else { Reader::new(bytes).be_u32()? };
        usize::try_from(length.checked_add(4)?).ok()
    })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.bytes, length(sample.bytes)) {
        ([0] | [0, 0] | [0, 0, _], _) => Verdict::NeedMore,
        ([_, _, _, _, rest @ ..], Some(_)) => crate::noted::begins(rest, MAGIC),
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let mut reader = Reader::new(message.bytes);
    if notes.seen(message.role) > 0 {
        let kind = reader.skip(4).and_then(|()| reader.u8());
        // One that can't be read says nothing.
        let _ = match (message.role, kind) {
            (Role::Client, Some(3)) => connection(notes, reader),
            (Role::Server, Some(0x1e)) if notes.has(&USER) => {
                notes.yes_no(&AUTHENTICATED, true);
                None
            }
            (Role::Server, Some(0x1f)) => refused(notes, reader),
            _ => None,
        };
        return !notes.has(&AUTHENTICATED) && notes.seen(message.role) < MOST_MESSAGES;
    }
    let version = reader
        .skip(4)
        .and_then(|()| reader.take(MAGIC.len()))
        .filter(|magic| *magic == MAGIC)
        .and_then(|_| reader.be_u32());
    if let Some(version) = version {
        notes.number(if message.role == Role::Client { &CLIENT_VERSION } else { &SERVER_VERSION }, u64::from(version));
        let _ = options(notes, reader);
    }
    true
}

/// What is there of a message, bit by bit.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn begin(reader: &mut Reader<'a>) -> Option<Self> {
        let count = match reader.u8()? {
            0xc0 => usize::from(reader.u8()?),
            0x80 => usize::from(reader.be_u16()?),
            short => usize::from(short),
        };
        Some(Self { bytes: reader.take(count)?, at: 0 })
    }

    fn next(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (self.at % 8) & 1;
        self.at = self.at.saturating_add(1);
        Some(bit == 1)
    }

    /// Whether a text is there.
    fn text(&mut self) -> Option<bool> {
        let there = self.next()?;
        if there {
            self.next()?;
        }
        Some(there)
    }
}

/// A text that is there or not.
fn text<'a>(reader: &mut Reader<'a>, there: bool) -> Option<&'a [u8]> {
    if !there {
        return Some(&[]);
    }
    let length = usize::from(reader.be_u16()?);
    reader.take(length).filter(|text| text.is_empty() || is_text(text))
}

/// Who connects.
fn connection(notes: &mut Notes, mut reader: Reader<'_>) -> Option<()> {
    let mut bits = Bits::begin(&mut reader)?;
    bits.next()?;
    // A connection that was not named before, and is.
    if !bits.next()? || !bits.next()? {
        return None;
    }
    let (id, client, password, user) = (bits.text()?, bits.text()?, bits.text()?, bits.text()?);
    // The command's number, the place in the list of what was named, and the kind of what is.
    reader.skip(6)?;
    if reader.u8()? != CONNECTION_ID {
        return None;
    }
    text(&mut reader, id)?;
    let client = text(&mut reader, client)?;
    let password = text(&mut reader, password)?;
    let user = text(&mut reader, user)?;
    notes.text(&CLIENT_ID, client);
    notes.text(&USER, user);
    notes.user(user);
    if !password.is_empty() {
        notes.flag(Flag::CleartextPassword);
    }
    Some(())
}

/// The kind of a connection's name.
const CONNECTION_ID: u8 = 0x78;

/// Why something was refused.
fn refused(notes: &mut Notes, mut reader: Reader<'_>) -> Option<()> {
    if notes.has(&USER) {
        notes.yes_no(&AUTHENTICATED, false);
    }
    let mut bits = Bits::begin(&mut reader)?;
    bits.next()?;
    if !bits.next()? {
        return None;
    }
    let (class, message) = (bits.text()?, bits.text()?);
    reader.skip(8)?;
    text(&mut reader, class)?;
    notes.text(&ERROR, text(&mut reader, message)?);
    Some(())
}

fn options(notes: &mut Notes, mut reader: Reader<'_>) -> Option<()> {
    reader.skip(5)?;
    let (mut product, mut version) = (Vec::new(), &b""[..]);
    for _ in 0..reader.be_u32()?.min(32) {
        let length = usize::from(reader.be_u16()?);
        let name = reader.take(length)?;
        match reader.u8()? {
            1 | 2 => reader.skip(1)?,
            3 | 4 => reader.skip(2)?,
            5 | 7 => reader.skip(4)?,
            6 | 8 => reader.skip(8)?,
            9 | 13 => {
                let length = usize::from(reader.be_u16()?);
                let value = reader.take(length)?;
                match name {
                    b"ProviderName" => product = value.to_vec(),
                    b"ProviderVersion" => version = value,
                    _ => {}
                }
            }
            _ => break,
        }
    }
    if !product.is_empty() {
        product.extend_from_slice(b" ");
        product.extend_from_slice(version);
        notes.text(&PRODUCT, product.trim_ascii());
    }
    Some(())
}
