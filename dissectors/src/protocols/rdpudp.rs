//! RDP-UDP: the second transport of remote desktops (MS-RDPEUDP).
//!
//! ```text
//! SYN        ffffffff  window:2  flags:2 (bit 0 SYN, 9 lossy)  number:4 mtu up:2 mtu down:2  [correlation:16 zero:16]  zeros up to 1232
//! SYN + ACK  acknowledged:4 window:2 flags:2 (SYN and ACK)  number:4 mtu:2 mtu:2 ...
//! ```
//!
//! A SYN with its zeros up to its size proves it. What follows is TLS or DTLS inside, which is not looked at.

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::hex::hex;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static VERSION: Field = Field::text("version", "highest version that a side told", "MS-RDPEUDP 2.2.2.9").list();
static MTU: Field = Field::number("mtu", "bytes of a datagram that the client can take", "MS-RDPEUDP 2.2.2.5");
static LOSSY: Field = Field::new(Kind::YesNo, "lossy", "whether lost datagrams stay lost", "MS-RDPEUDP 2.2.2.1");
static CORRELATION: Field =
    Field::text("correlation", "the client's id, which its TCP connection has too", "MS-RDPEUDP 2.2.2.8");
static ESTABLISHED: Field = Field::new(Kind::YesNo, "established", "whether the server agreed", "MS-RDPEUDP 3.1.5.1");

static ELEMENT: Element = Element {
    name: "rdpudp",
    meaning: "a remote desktop's second transport",
    fields: &[&VERSION, &MTU, &LOSSY, &CORRELATION, &ESTABLISHED],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "rdpudp",
    about: About {
        name: "RDP over UDP",
        specification: "MS-RDPEUDP",
        evidence: "a SYN with its zeros up to its size",
        limits: "everything behind the handshake",
        ports: &[3389, 3390, 3391],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0xff..=0xff], server: &[0..=255] },
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const SYN: u16 = 0x0001;
const ACK: u16 = 0x0004;
const LOSSY_SYN: u16 = 0x0200;
const CORRELATED: u16 = 0x0800;
const EXTENDED: u16 = 0x1000;

/// A SYN: its flags, what it can take, and the fields that its flags announce.
fn syn(bytes: &[u8]) -> Option<(u32, u16, u16, Reader<'_>)> {
    let mut reader = Reader::new(bytes);
    let (acknowledged, _window, flags) = (reader.be_u32()?, reader.be_u16()?, reader.be_u16()?);
    let (_number, up, down) = (reader.be_u32()?, reader.be_u16()?, reader.be_u16()?);
    let sizes = matches!(bytes.len(), 1132 | 1200..=1232);
    let fits = flags & SYN != 0 && flags & 0xc000 == 0 && (1132..=1232).contains(&up) && (1132..=1232).contains(&down);
    // All that is announced fits into 100 bytes; the rest is zeros.
    let filled = bytes.get(116..).is_some_and(|zeros| zeros.iter().all(|byte| *byte == 0));
    (sizes && fits && filled).then_some((acknowledged, flags, down, reader))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match (sample.role, syn(sample.bytes)) {
        (Role::Client, Some((u32::MAX, flags, ..))) if flags & ACK == 0 => Verdict::Match,
        (Role::Server, Some((_, flags, ..))) if flags & ACK != 0 => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((_, flags, down, mut reader)) = syn(message.bytes) else {
        return notes.seen(message.role) < 8;
    };
    if flags & ACK == 0 {
        notes.number(&MTU, u64::from(down));
        notes.yes_no(&LOSSY, flags & LOSSY_SYN != 0);
    } else {
        notes.yes_no(&ESTABLISHED, true);
        notes.encrypted();
    }
    let mut announced = || {
        if flags & CORRELATED != 0 {
            notes.text(&CORRELATION, hex(reader.take(16)?).as_bytes());
            reader.skip(16)?;
        }
        if flags & EXTENDED != 0 {
            let (told, version) = (reader.be_u16()?, reader.be_u16()?);
            if told & 1 == 1 {
                notes.name(&VERSION, u32::from(version), |version| match version {
                    1 => Some("1"),
                    2 => Some("2"),
                    0x0101 => Some("3"),
                    _ => None,
                });
            }
        }
        Some(())
    };
    let _ = announced();
    true
}
