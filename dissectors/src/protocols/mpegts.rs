//! MPEG transport streams over UDP: television (ISO/IEC 13818-1; ETSI EN 300 468 for the names of channels).
//!
//! ```text
//! packet    47  error:1 start:1 priority:1 pid:13 bits  scrambling:2 adaptation:2 counter:4 bits   [adaptation: length:1 ...] payload; 188 bytes
//! SDT       pid 11, table 42: id:2 version:1 section:1 last:1 network:2 ff   services: id:2 flags:1 length:2 (12 bits)  descriptors
//! service   descriptor 48: kind:1 provider:(length:1 text) name:(length:1 text)
//! ```
//!
//! Several packets, each with its sync byte, that fill the datagram prove it; one alone tells nothing.

use crate::dictionary::{Element, Field, Kind};
use crate::framed::Message;
use crate::noted::{Form, Notes, datagram};
use crate::protocol::{About, FirstBytes, Protocol, Sample, Transport, Verdict};
use crate::reader::Reader;

static PACKETS: Field = Field::number("packets", "packets of the stream", "ISO/IEC 13818-1 2.4.3");
static PID: Field = Field::number("pid", "elementary streams and tables, each once", "ISO/IEC 13818-1 2.4.3").list();
static CHANNEL: Field = Field::text("channel", "names of channels", "ETSI EN 300 468 6.2.33").list();
static PROVIDER: Field = Field::text("provider", "whose channels", "ETSI EN 300 468 6.2.33").list();
static SCRAMBLED: Field =
    Field::new(Kind::YesNo, "scrambled", "whether packets are scrambled", "ISO/IEC 13818-1 2.4.3");

static ELEMENT: Element = Element {
    name: "mpegts",
    meaning: "a television stream",
    fields: &[&PACKETS, &CHANNEL, &PROVIDER, &PID, &SCRAMBLED],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "mpegts",
    about: About {
        name: "MPEG transport stream",
        specification: "ISO/IEC 13818-1",
        evidence: "packets with sync bytes that fill the datagram",
        limits: "of tables only names of channels, where they begin in one packet",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0x47..=0x47]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent: datagram, read };

const PACKET: usize = 188;
const SYNC: u8 = 0x47;
const SDT_PID: u16 = 0x11;
/// The most packets of a datagram: more than Ethernet's seven is seldom.
const MOST: usize = 48;

fn probe(sample: &Sample<'_>) -> Verdict {
    let whole = sample.bytes.chunks_exact(PACKET);
    let fits = whole.remainder().is_empty() || sample.bytes.len() == crate::protocol::PROBE_BYTES;
    let packets = whole.len();
    // The reserved value of the adaptation control stands in no packet.
    let sound = whole.into_iter().all(|packet| matches!(packet, [SYNC, _, _, control, ..] if control & 0x30 != 0));
    match packets {
        2..=MOST if fits && sound => Verdict::Match,
        _ => Verdict::Reject,
    }
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    for packet in message.bytes.chunks_exact(PACKET) {
        let [SYNC, high, low, control, payload @ ..] = packet else { continue };
        notes.count(&PACKETS);
        let pid = u16::from_be_bytes([high & 0x1f, *low]);
        if pid != 0x1fff {
            notes.number(&PID, u64::from(pid));
        }
        if control & 0xc0 != 0 {
            notes.yes_no(&SCRAMBLED, true);
            notes.encrypted();
        }
        if pid == SDT_PID && high & 0x40 != 0 && control & 0x30 == 0x10 {
            let _ = channels(notes, payload);
        }
    }
    true
}

/// Reads the names of channels from a payload that begins a table.
fn channels(notes: &mut Notes, payload: &[u8]) -> Option<()> {
    let mut reader = Reader::new(payload);
    let pointer = usize::from(reader.u8()?);
    reader.skip(pointer)?;
    (reader.u8()? == 0x42).then_some(())?;
    reader.skip(10)?;
    loop {
        reader.skip(3)?;
        let length = usize::from(reader.be_u16()? & 0x0fff);
        let mut descriptors = reader.sub(length)?;
        while let Some((kind, length)) = descriptors.u8().zip(descriptors.u8()) {
            let mut content = descriptors.sub(usize::from(length))?;
            if kind == 0x48 {
                content.skip(1)?;
                for field in [&PROVIDER, &CHANNEL] {
                    let length = usize::from(content.u8()?);
                    let text = content.take(length)?;
                    // A first byte below a blank names the alphabet.
                    notes.text(field, text.strip_prefix(&[0x15]).unwrap_or(text));
                }
            }
        }
    }
}
