//! DNP3 over TCP and UDP (IEEE 1815-2012).
//!
//! ```text
//! link         05 64 length:1 control:1 destination:2 source:2 crc:2, then blocks of 16 bytes with crc:2          9.2
//! transport    FIN 80, FIR 40, sequence                                                                           8.2
//! application  control:1 function:1 [IIN:2 in answers] objects                                                    4.2
//! object       group:1 variation:1 qualifier:1 range, then data                                                   4.2.2.7
//! ```
//!
//! Numbers have their least significant byte first. `length` counts from the control on, without checksums. The checksum of a frame's header is the
//! proof. Of a fragment in several frames the first is read. As the standard wants, a receiver that lost its place seeks the next
//! header, so a gap costs the frames it hides. Ignored on purpose: measured values, authentication's secrets.

mod objects;

use self::objects::{Control, Objects};
use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static MASTER: Field = Field::number("master", "link addresses of masters, each once", "IEEE 1815 9.2.4.1.3").list();
static OUTSTATION: Field =
    Field::number("outstation", "link addresses of outstations, each once", "IEEE 1815 9.2.4.1.3").list();
static FUNCTION: Field =
    Field::text("function", "functions of both sides, with how often: `read:3`", "IEEE 1815 4.2.2.5")
        .list()
        .items(NAMES);
static LINK_FUNCTION: Field =
    Field::text("link_function", "frames that carry no data, with how often", "IEEE 1815 9.2.4.1.3.5")
        .list()
        .items(NAMES);
static OBJECT: Field =
    Field::text("object", "objects spoken of, `group:variation`, each once", "IEEE 1815 4.2.2.7").list().items(NAMES);
static CONTROL: Field = Field::text(
    "control",
    "what was operated, each once: `direct_operate 1:5 latch_on` is point 5 of outstation 1",
    "IEEE 1815 A.8",
)
.list();
static IIN: Field = Field::text("iin", "internal indications of outstations, each once", "IEEE 1815 4.2.2.6").list();
static REQUESTS: Field = Field::number("requests", "application fragments of masters", "");
static RESPONSES: Field = Field::number("responses", "application fragments of outstations", "");
static UNSOLICITED: Field = Field::number("unsolicited", "those of them that nobody asked for", "IEEE 1815 4.2.2.5");
static VENDOR: Field = Field::text("vendor", "manufacturer of the device", "IEEE 1815 A.2 g0v252");
static MODEL: Field = Field::text("model", "its product name and model", "IEEE 1815 A.2 g0v250");
static SERIAL: Field = Field::text("serial", "its serial number", "IEEE 1815 A.2 g0v248");
static VERSION: Field = Field::text("version", "version of its software", "IEEE 1815 A.2 g0v242");
static CRC_ERRORS: Field = Field::number("crc_errors", "blocks whose checksum was wrong", "IEEE 1815 9.2.4.3");

static ELEMENT: Element = Element {
    name: "dnp3",
    meaning: "DNP3: stations of electricity and water",
    fields: &[
        &MASTER,
        &OUTSTATION,
        &FUNCTION,
        &LINK_FUNCTION,
        &OBJECT,
        &CONTROL,
        &IIN,
        &REQUESTS,
        &RESPONSES,
        &UNSOLICITED,
        &VENDOR,
        &MODEL,
        &SERIAL,
        &VERSION,
        &CRC_ERRORS,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "dnp3",
    about: About {
        name: "Distributed Network Protocol 3",
        specification: "IEEE 1815-2012",
        evidence: "0564 with the checksum of the header",
        limits: "measured values; of a fragment in several frames the first is read",
        ports: &[19999, 20000],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[START[0]..=START[0]]),
    probe,
    open: |opening| Box::new(Dnp3 { stream: opening.transport == Transport::Tcp, ..Dnp3::default() }),
};

/// What begins a frame.
const START: [u8; 2] = [0x05, 0x64];
/// Bytes of a frame's header, with its checksum.
const HEAD: usize = 10;
/// Bytes that a length counts before the data.
const LENGTH_MIN: u8 = 5;
/// Bytes of data in a block, and of a checksum.
const BLOCK: usize = 16;
const CRC: usize = 2;
/// A link control's bits: sent by the master; sent by the primary station.
const FROM_MASTER: u8 = 0x80;
const PRIMARY: u8 = 0x40;
/// A transport header's bit: the fragment's first frame.
const FIRST: u8 = 0x40;
/// The answer that nobody asked for.
const UNSOLICITED_RESPONSE: u8 = 130;

/// The checksum of IEEE 1815 9.2.4.3: polynomial 3d65, mirrored, inverted.
fn crc(bytes: &[u8]) -> u16 {
    !bytes.iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xa6bc })
    })
}

/// Whether bytes end with their checksum.
fn sound(block: &[u8]) -> bool {
    block.split_last_chunk::<CRC>().is_some_and(|(data, told)| crc(data) == u16::from_le_bytes(*told))
}

/// A frame's header.
#[derive(Clone, Copy)]
struct Head {
    control: u8,
    destination: u16,
    source: u16,
    /// Bytes of data, without checksums.
    data: usize,
}

impl Head {
    /// Reads a header whose checksum is right.
    fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD).filter(|head| head.starts_with(&START) && sound(head))?;
        let mut reader = Reader::new(head);
        reader.skip(START.len())?;
        let data = reader.u8()?.checked_sub(LENGTH_MIN)?;
        Some(Self {
            control: reader.u8()?,
            destination: reader.le_u16()?,
            source: reader.le_u16()?,
            data: usize::from(data),
        })
    }

    /// Bytes of the whole frame.
    fn whole(self) -> usize {
        HEAD + self.data + self.data.div_ceil(BLOCK) * CRC
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if !START.iter().zip(bytes).all(|(wanted, byte)| wanted == byte)
        || bytes.get(2).is_some_and(|length| *length < LENGTH_MIN)
    {
        return Verdict::Reject;
    }
    if bytes.len() < HEAD {
        return if sample.transport == Transport::Tcp { Verdict::NeedMore } else { Verdict::Reject };
    }
    match Head::read(bytes) {
        Some(head) if (head.control & FROM_MASTER != 0) == (sample.role == Role::Client) => Verdict::Match,
        // It plays the other role, as the other orientation will tell.
        Some(_) => Verdict::NeedMore,
        None => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Dnp3 {
    stream: bool,
    masters: List<u16>,
    outstations: List<u16>,
    functions: Tally<u8>,
    link_functions: Tally<(bool, u8)>,
    objects: List<(u8, u8), NAMES>,
    controls: List<(u8, u16, Control)>,
    iin: u16,
    requests: u64,
    responses: u64,
    unsolicited: u64,
    vendor: Text,
    model: Text,
    serial: Text,
    version: Text,
    crc_errors: u64,
}

impl Dnp3 {
    fn frame(&mut self, head: Head, blocks: &[u8]) {
        let from_master = head.control & FROM_MASTER != 0;
        let (master, outstation) =
            if from_master { (head.source, head.destination) } else { (head.destination, head.source) };
        self.masters.push_distinct(master);
        self.outstations.push_distinct(outstation);
        if head.data == 0 {
            self.link_functions.count((head.control & PRIMARY != 0, head.control & 0x0f));
            return;
        }
        let mut data = Vec::with_capacity(head.data);
        for block in blocks.chunks(BLOCK + CRC) {
            if !sound(block) {
                counts::more(&mut self.crc_errors);
                // What follows is not known to be what was sent.
                break;
            }
            data.extend_from_slice(block.get(..block.len().saturating_sub(CRC)).unwrap_or_default());
        }
        if let Some((transport, fragment)) = data.split_first()
            && transport & FIRST != 0
        {
            self.fragment(outstation, fragment);
        }
    }

    fn fragment(&mut self, outstation: u16, fragment: &[u8]) -> Option<()> {
        let mut reader = Reader::new(fragment);
        reader.skip(1)?;
        let function = reader.u8()?;
        self.functions.count(function);
        let response = function >= 129;
        if response {
            counts::more(&mut self.responses);
            if function == UNSOLICITED_RESPONSE {
                counts::more(&mut self.unsolicited);
            }
            self.iin |= reader.be_u16()?;
        } else {
            counts::more(&mut self.requests);
        }
        let mut objects = Objects::new(reader, !matches!(function, 1 | 7..=10 | 20..=22));
        while let Some(header) = objects.header() {
            self.objects.push_distinct((header.group, header.variation));
            if header.group == 0 {
                let slot = match header.variation {
                    252 => &mut self.vendor,
                    250 => &mut self.model,
                    248 => &mut self.serial,
                    242 => &mut self.version,
                    _ => continue,
                };
                if let Some(text) = objects.attribute().filter(|_| slot.is_empty()) {
                    *slot = Text::new(text);
                }
            } else if !response {
                while let Some(control) = objects.control() {
                    self.controls.push_distinct((function, outstation, control));
                }
            }
        }
        Some(())
    }
}

impl Dissector for Dnp3 {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let mut rest = chunk.bytes;
        loop {
            let Some(head) = Head::read(rest) else {
                // Lost: the next header may begin at any byte that begins one.
                let at = rest.iter().skip(1).position(|byte| *byte == START[0]).map(|at| at + 1);
                let begins = START.iter().zip(rest).all(|(wanted, byte)| wanted == byte);
                if begins && rest.len() < HEAD {
                    return if self.stream { Step::NeedMore(HEAD) } else { Step::Consumed(chunk.bytes.len()) };
                }
                match at {
                    None => return Step::Consumed(chunk.bytes.len()),
                    Some(at) if self.stream => return Step::Consumed(at),
                    Some(at) => rest = rest.get(at..).unwrap_or_default(),
                }
                continue;
            };
            let Some((frame, after)) = rest.split_at_checked(head.whole()) else {
                return if self.stream { Step::NeedMore(head.whole()) } else { Step::Consumed(chunk.bytes.len()) };
            };
            self.frame(head, frame.get(HEAD..).unwrap_or_default());
            if self.stream || after.is_empty() {
                return Step::Consumed(head.whole());
            }
            rest = after;
        }
    }

    fn gap(&mut self, _: Role, _: u64) -> Step {
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        for (field, list) in [(&MASTER, &self.masters), (&OUTSTATION, &self.outstations)] {
            element.list(field, list.items().iter().map(|address| u64::from(*address)), list.omitted());
        }
        self.functions.write(&mut element, &FUNCTION, |function| named(name(*function), *function));
        self.link_functions.write(&mut element, &LINK_FUNCTION, |(primary, function)| {
            named(link_name(*primary, *function), *function)
        });
        counts::write_list(&mut element, &OBJECT, &self.objects, |(group, variation)| format!("{group}:{variation}"));
        counts::write_list(&mut element, &CONTROL, &self.controls, |(function, outstation, control)| {
            format!("{} {outstation}:{}", named(name(*function), *function), control.text())
        });
        element.list(&IIN, INDICATIONS.iter().filter(|(bit, _)| self.iin & bit != 0).map(|(_, name)| *name), 0);
        for (field, count) in [
            (&REQUESTS, self.requests),
            (&RESPONSES, self.responses),
            (&UNSOLICITED, self.unsolicited),
            (&CRC_ERRORS, self.crc_errors),
        ] {
            counts::write_count(&mut element, field, count);
        }
        for (field, text) in
            [(&VENDOR, &self.vendor), (&MODEL, &self.model), (&SERIAL, &self.serial), (&VERSION, &self.version)]
        {
            element.text(field, text);
        }
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + counts::list_bytes(&self.masters)
            + counts::list_bytes(&self.outstations)
            + counts::list_bytes(&self.objects)
            + counts::list_bytes(&self.controls)
            + self.functions.heap_bytes()
            + self.link_functions.heap_bytes()
            + [&self.vendor, &self.model, &self.serial, &self.version].map(Text::heap_bytes).iter().sum::<usize>()
    }
}

/// A function's name (IEEE 1815 4.2.2.5).
const fn name(function: u8) -> Option<&'static str> {
    Some(match function {
        0 => "confirm",
        1 => "read",
        2 => "write",
        3 => "select",
        4 => "operate",
        5 => "direct_operate",
        6 => "direct_operate_no_ack",
        7 => "freeze",
        8 => "freeze_no_ack",
        9 => "freeze_clear",
        10 => "freeze_clear_no_ack",
        11 => "freeze_at_time",
        12 => "freeze_at_time_no_ack",
        13 => "cold_restart",
        14 => "warm_restart",
        15 => "initialize_data",
        16 => "initialize_application",
        17 => "start_application",
        18 => "stop_application",
        19 => "save_configuration",
        20 => "enable_unsolicited",
        21 => "disable_unsolicited",
        22 => "assign_class",
        23 => "delay_measurement",
        24 => "record_current_time",
        25 => "open_file",
        26 => "close_file",
        27 => "delete_file",
        28 => "get_file_information",
        29 => "authenticate_file",
        30 => "abort_file",
        31 => "activate_configuration",
        32 => "authentication_request",
        33 => "authentication_request_no_ack",
        129 => "response",
        130 => "unsolicited_response",
        131 => "authentication_response",
        _ => return None,
    })
}

/// The name of a frame without data (IEEE 1815 9.2.4.1.3.5).
const fn link_name(primary: bool, function: u8) -> Option<&'static str> {
    Some(match (primary, function) {
        (true, 0) => "reset_link_states",
        (true, 2) => "test_link_states",
        (true, 9) => "request_link_status",
        (false, 0) => "ack",
        (false, 1) => "nack",
        (false, 11) => "link_status",
        (false, 15) => "not_supported",
        _ => return None,
    })
}

/// Internal indications, the first byte's bits before the second's (IEEE 1815 4.2.2.6).
const INDICATIONS: [(u16, &str); 14] = [
    (0x0100, "broadcast"),
    (0x0200, "class_1_events"),
    (0x0400, "class_2_events"),
    (0x0800, "class_3_events"),
    (0x1000, "need_time"),
    (0x2000, "local_control"),
    (0x4000, "device_trouble"),
    (0x8000, "device_restart"),
    (0x0001, "function_not_supported"),
    (0x0002, "object_unknown"),
    (0x0004, "parameter_error"),
    (0x0008, "event_buffer_overflow"),
    (0x0010, "already_executing"),
    (0x0020, "configuration_corrupt"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standards() {
        assert_eq!(crc(b"123456789"), 0xea82);
    }

    #[test]
    fn a_header_with_a_wrong_checksum_is_none() {
        let mut frame = vec![0x05, 0x64, 0x05, 0xc9, 0x01, 0x00, 0x00, 0x04];
        frame.extend_from_slice(&crc(&frame).to_le_bytes());
        let verdict = |bytes: &[u8]| {
            probe(&Sample { transport: Transport::Tcp, role: Role::Client, bytes, destination: [192, 0, 2, 1].into() })
        };
        assert_eq!(verdict(&frame), Verdict::Match);
        assert_eq!(verdict(&frame[..9]), Verdict::NeedMore);
        for at in 2..frame.len() {
            let mut other = frame.clone();
            other[at] ^= 0x10;
            assert_eq!(verdict(&other), Verdict::Reject);
        }
    }
}
