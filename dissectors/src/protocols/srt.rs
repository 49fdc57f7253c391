//! SRT, and UDT that it is made of: how two sides agree to send a video.
//!
//! Specification: draft-sharabayko-srt-01, section 3.2; draft-gg-udt-03, section 4.
//!
//! ```text
//! packet      1 type:15 bits  subtype:2  information:4  time:4  socket:4  content
//! handshake   (type 0) version:4 encryption:2 extension:2 first:4 mtu:4 window:4 kind:4 socket:4 cookie:4 peer:16  [extensions]
//! extension   type:2 length:2 (in fours)  content;  1, 2 version:4 flags:4 delays:2+2;  5 stream's name, each four bytes turned round
//! ```
//!
//! A handshake whose numbers all fit proves it, of either side. Nothing after it is looked at.

use crate::dictionary::{Element, Field};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field =
    Field::text("version", "version of SRT that a side has, each once", "draft-sharabayko-srt 3.2.1.1").list();
static STREAM: Field =
    Field::text("stream", "the name of the stream that the caller wants", "draft-sharabayko-srt 3.2.1.3").long();
static ENCRYPTION: Field = Field::text("encryption", "cipher that a key was sent for", "draft-sharabayko-srt 3.2.1");
static LATENCY: Field =
    Field::number("latency", "how long the receiver waits for lost packets", "draft-sharabayko-srt 3.2.1.1").unit("ms");
static RESULT: Field = Field::text("result", "why it was refused, as a number", "draft-sharabayko-srt 4.3");
static HANDSHAKES: Field = Field::number("handshakes", "handshakes of both sides", "draft-sharabayko-srt 3.2.1");

static ELEMENT: Element = Element {
    name: "srt",
    meaning: "a video over SRT or UDT",
    fields: &[&VERSION, &STREAM, &ENCRYPTION, &LATENCY, &RESULT, &HANDSHAKES],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "srt",
    about: About {
        name: "Secure Reliable Transport, UDT",
        specification: "draft-sharabayko-srt-01, draft-gg-udt-03",
        evidence: "a handshake whose numbers fit",
        limits: "everything behind the handshake",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x80..=0x80]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

/// Kinds above this say why a handshake was refused.
const REFUSED: u32 = 1000;

/// A handshake.
struct Handshake<'a> {
    version: u32,
    kind: u32,
    extensions: Reader<'a>,
}

fn handshake(bytes: &[u8]) -> Option<Handshake<'_>> {
    let mut reader = Reader::new(bytes);
    let (kind, _subtype) = (reader.be_u16()?, reader.be_u16()?);
    reader.skip(12)?;
    let (version, encryption, _extension) = (reader.be_u32()?, reader.be_u16()?, reader.be_u16()?);
    let (first, mtu, window) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    let (shake, _socket, _cookie) = (reader.be_u32()?, reader.be_u32()?, reader.be_u32()?);
    reader.skip(16)?;
    let known = match version {
        4 => encryption == 0 && matches!(shake, 0 | 1 | 0xffff_ffff | REFUSED..=1100),
        5 => matches!(encryption, 0 | 2..=4) && matches!(shake, 0 | 1 | 0xffff_fffd..=0xffff_ffff | REFUSED..=3000),
        _ => false,
    };
    let fits = kind == 0x8000 && first < 1 << 31 && (76..=9000).contains(&mtu) && (2..1 << 24).contains(&window);
    (known && fits).then_some(Handshake { version, kind: shake, extensions: reader })
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if handshake(sample.bytes).is_some() { Verdict::Match } else { Verdict::Reject }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some(Handshake { version, kind, mut extensions }) = handshake(message.bytes) else { return true };
    notes.count(&HANDSHAKES);
    if (REFUSED..=3000).contains(&kind) {
        notes.text(&RESULT, kind.to_string().as_bytes());
    }
    let mut read = || {
        while version == 5 && !extensions.is_empty() {
            let (kind, length) = (extensions.be_u16()?, usize::from(extensions.be_u16()?));
            let mut content = extensions.sub(length.checked_mul(4)?)?;
            match kind {
                1 | 2 => {
                    let [_, major, minor, patch] = content.array::<4>()?;
                    notes.text(&VERSION, format!("{major}.{minor}.{patch}").as_bytes());
                    content.skip(4)?;
                    notes.number(&LATENCY, u64::from(content.be_u16()?.max(content.be_u16()?)));
                }
                3 | 4 => {
                    content.skip(8)?;
                    match content.u8()? {
                        2 => notes.plain(&ENCRYPTION, "aes-ctr"),
                        4 => notes.plain(&ENCRYPTION, "aes-gcm"),
                        _ => {}
                    }
                    notes.encrypted();
                }
                5 => {
                    let turned: Vec<u8> =
                        content.rest().chunks(4).flat_map(|four| four.iter().rev().copied()).collect();
                    notes.text(&STREAM, turned.split(|byte| *byte == 0).next().unwrap_or_default());
                }
                _ => {}
            }
        }
        Some(())
    };
    let _ = read();
    true
}
