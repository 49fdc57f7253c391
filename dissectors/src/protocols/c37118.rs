//! IEEE C37.118: synchrophasors over TCP and UDP (IEEE C37.118.2-2011).
//!
//! ```text
//! frame          aa kind:1 (bits 4-6 kind, 0-3 version) size:2 (all of it) id:2 second:4 fraction:4 ... checksum:2       6.2
//! configuration  base:4 units:2, each name:16 id:2 format:2 phasors:2 analogues:2 digitals:2 channel names:16 ...,
//!                then rate:2                                                                                  6.4
//! command        command:2                                                                                    6.6
//! ```
//!
//! The checksum (CRC-CCITT, from ffff) is the proof. A gap ends the session's facts. Ignored on purpose: measured values.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named_hex, trimmed};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static FRAME: Field =
    Field::text("frame", "frames, with how often: `data:50`", "IEEE C37.118.2 6.2").list().items(NAMES);
static VERSION: Field = Field::number("version", "version in frames: 1 of 2005, 2 of 2011", "IEEE C37.118.2 6.2");
static ID: Field = Field::number("id", "identifications of streams, each once", "IEEE C37.118.2 6.2").list();
static STATION: Field = Field::text("station", "names of measurement units, each once", "IEEE C37.118.2 6.4").list();
static UNIT_ID: Field = Field::number("unit_id", "their identifications, each once", "IEEE C37.118.2 6.4").list();
static COMMAND: Field =
    Field::text("command", "commands, with how often: `start_data:1`", "IEEE C37.118.2 6.6").list().items(NAMES);

static ELEMENT: Element = Element {
    name: "c37118",
    meaning: "IEEE C37.118: synchrophasors",
    fields: &[&FRAME, &VERSION, &ID, &STATION, &UNIT_ID, &COMMAND],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "c37118",
    about: About {
        name: "Synchrophasors",
        specification: "IEEE C37.118.2-2011",
        evidence: "a frame's checksum",
        limits: "measured values are not told; a gap ends the facts",
        ports: &[4712, 4713],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[SYNC..=SYNC]),
    probe,
    open: |opening| Box::new(Framed::new(C37118::default(), opening.transport)),
};

/// What a frame begins with, and the bytes before what its kind has.
const SYNC: u8 = 0xaa;
const HEAD: usize = 14;
const CHECKSUM: usize = 2;
/// Kinds of frames.
const CONFIGURATION_2: u8 = 3;
const COMMAND_KIND: u8 = 4;
/// Bytes of a name.
const NAME: usize = 16;
/// The most units of one configuration that are looked at.
const UNITS: usize = 64;

/// A frame's kind, version and size.
fn head(bytes: &[u8]) -> Option<(u8, u8, usize)> {
    let mut reader = Reader::new(bytes);
    let [_, kind] = reader.array()?;
    Some((kind >> 4, kind & 15, usize::from(reader.be_u16()?)))
}

fn size(bytes: &[u8]) -> Extent {
    let begins = bytes.first().is_none_or(|sync| *sync == SYNC)
        && bytes.get(1).is_none_or(|kind| kind_name(kind >> 4).is_some() && matches!(kind & 15, 1..=3));
    match head(bytes) {
        _ if !begins => Extent::Broken,
        None => Extent::Need(4),
        Some((_, _, size)) if size >= HEAD + CHECKSUM => Extent::Whole(size),
        Some(_) => Extent::Broken,
    }
}

/// CRC-CCITT: polynomial 1021, from ffff (C37.118.2 B).
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

fn sound(frame: &[u8]) -> bool {
    frame.split_last_chunk::<CHECKSUM>().is_some_and(|(data, told)| crc(data) == u16::from_be_bytes(*told))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let whole = match size(sample.bytes) {
        Extent::Broken => return Verdict::Reject,
        Extent::Need(_) => return Verdict::NeedMore,
        Extent::Whole(whole) => whole,
    };
    let command = head(sample.bytes).is_some_and(|(kind, ..)| kind == COMMAND_KIND);
    if command != (sample.role == Role::Client) {
        return Verdict::Reject;
    }
    let datagram = sample.transport == Transport::Udp;
    match sample.bytes.get(..whole) {
        Some(frame) if sound(frame) && (!datagram || frame.len() == sample.bytes.len()) => Verdict::Match,
        Some(_) => Verdict::Reject,
        None if datagram => Verdict::Reject,
        // A frame too long for its checksum to be seen is left to the other side's to tell.
        None => Verdict::NeedMore,
    }
}

#[derive(Debug, Default)]
struct C37118 {
    frames: Tally<u8>,
    version: Option<u8>,
    ids: List<u16>,
    stations: List<Text>,
    units: List<u16>,
    commands: Tally<u16>,
}

impl C37118 {
    fn configuration(&mut self, mut reader: Reader<'_>) -> Option<()> {
        reader.skip(4)?;
        for _ in 0..usize::from(reader.be_u16()?).min(UNITS) {
            let name = trimmed(reader.take(NAME)?);
            if !name.is_empty() {
                self.stations.push_distinct(Text::new(name));
            }
            self.units.push_distinct(reader.be_u16()?);
            reader.skip(2)?;
            let (phasors, analogues, digitals) =
                (usize::from(reader.be_u16()?), usize::from(reader.be_u16()?), usize::from(reader.be_u16()?));
            // Names (a digital word has sixteen), then a unit for each, then frequency and count of changes.
            reader.skip((phasors + analogues + digitals * 16) * NAME + (phasors + analogues + digitals) * 4 + 4)?;
        }
        Some(())
    }
}

impl Messages for C37118 {
    const LOOK: usize = 16 * 1024;

    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        size(bytes)
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        let Some((kind, version, _)) = head(message.bytes) else { return true };
        self.frames.count(kind);
        self.version.get_or_insert(version);
        let mut reader = Reader::new(message.bytes.get(4..).unwrap_or_default());
        if let Some(id) = reader.be_u16() {
            self.ids.push_distinct(id);
        }
        if reader.skip(8).is_some() {
            match kind {
                2 | CONFIGURATION_2 => {
                    self.configuration(reader);
                }
                COMMAND_KIND => {
                    if let Some(command) = reader.be_u16() {
                        self.commands.count(command);
                    }
                }
                _ => {}
            }
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        self.frames.write(&mut element, &FRAME, |kind| named_hex(kind_name(*kind), *kind));
        if let Some(version) = self.version {
            element.number(&VERSION, u64::from(version));
        }
        element.list(&ID, self.ids.items().iter().map(|id| u64::from(*id)), self.ids.omitted());
        element.texts(&STATION, &self.stations);
        element.list(&UNIT_ID, self.units.items().iter().map(|id| u64::from(*id)), self.units.omitted());
        self.commands.write(&mut element, &COMMAND, |number| named_hex(command(*number), *number));
    }

    fn heap_bytes(&self) -> usize {
        self.frames.heap_bytes()
            + counts::list_bytes(&self.ids)
            + counts::texts_bytes(&self.stations)
            + counts::list_bytes(&self.units)
            + self.commands.heap_bytes()
    }
}

/// A kind of frame.
const fn kind_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "data",
        1 => "header",
        2 => "configuration_1",
        CONFIGURATION_2 => "configuration_2",
        COMMAND_KIND => "command",
        5 => "configuration_3",
        _ => return None,
    })
}

/// A command.
const fn command(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "stop_data",
        2 => "start_data",
        3 => "send_header",
        4 => "send_configuration_1",
        5 => "send_configuration_2",
        6 => "send_configuration_3",
        8 => "extended",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standards() {
        assert_eq!(crc(b"123456789"), 0x29b1);
    }
}
