//! DoIP: diagnosis of vehicles over TCP and UDP (ISO 13400-2), with the services inside (UDS, ISO 14229-1).
//!
//! ```text
//! message       version:1 its inverse:1 kind:2 length:4 (of what follows)                        13400-2 7.1
//! announcement  0004: VIN:17 address:2 EID:6 GID:6 action:1 [synchronisation:1]                  7.2
//! activation    0005: tester:2 kind:1 0:4 [4]     0006: tester:2 entity:2 code:1 0:4 [4]         7.3
//! diagnosis     8001: source:2 target:2 service:1 (7f: refused service:1 why:1) ...              7.5, 14229-1 8
//! ```
//!
//! A gap ends the session's facts. Ignored on purpose: diagnostic data, seeds and keys.

use crate::capped::{List, Text};
use crate::counts::{self, NAMES, Tally, named_hex};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::hex::hex;
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static MESSAGE: Field =
    Field::text("message", "kinds of messages, with how often", "ISO 13400-2 7.1.2").list().items(NAMES);
static VIN: Field = Field::text("vin", "identification numbers of vehicles, each once", "ISO 13400-2 7.2.5").list();
static EID: Field =
    Field::text("eid", "identifications of entities (hardware addresses), hexadecimal, each once", "ISO 13400-2 7.2.5")
        .list();
static GID: Field = Field::text("gid", "their groups, hexadecimal, each once", "ISO 13400-2 7.2.5").list();
static TESTER: Field =
    Field::text("tester", "logical addresses of testers, hexadecimal, each once", "ISO 13400-2 7.3.4").list();
static ENTITY: Field =
    Field::text("entity", "logical addresses of what is tested, hexadecimal, each once", "ISO 13400-2 7.4").list();
static ACTIVATION: Field = Field::text("activation", "what became of the activation of routing", "ISO 13400-2 7.3.5");
static SERVICE: Field = Field::text(
    "service",
    "diagnostic services asked for, with how often: `read_data_by_identifier:3`",
    "ISO 14229-1 9",
)
.list()
.items(NAMES);
static IDENTIFIER: Field =
    Field::text("identifier", "data and routines asked for, hexadecimal, each once", "ISO 14229-1 C")
        .list()
        .items(NAMES);
static WRITTEN: Field =
    Field::text("written", "data that a write was asked for, hexadecimal, each once", "ISO 14229-1 10.7").list();
static REFUSED: Field = Field::text(
    "refused",
    "services refused, and why, with how often: `security_access/invalid_key:1`",
    "ISO 14229-1 A.1",
)
.list()
.items(NAMES);

static ELEMENT: Element = Element {
    name: "doip",
    meaning: "DoIP: diagnosis of vehicles",
    fields: &[&MESSAGE, &VIN, &EID, &GID, &TESTER, &ENTITY, &ACTIVATION, &SERVICE, &IDENTIFIER, &WRITTEN, &REFUSED],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "doip",
    about: About {
        name: "Diagnostics over IP, UDS",
        specification: "ISO 13400-2, ISO 14229-1",
        evidence: "a version with its complement and a known payload",
        limits: "diagnostic data, seeds and keys are not told",
        ports: &[13400, 3496],
    },
    transports: &[Transport::Udp, Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[1..=4, 0xff..=0xff]),
    probe,
    open: |opening| Box::new(Framed::new(Doip::default(), opening.transport)),
};

/// Bytes of a header.
const HEAD: usize = 8;
/// The longest message that is believed to be one.
const MOST: usize = 1 << 20;
const VIN_BYTES: usize = 17;
/// Kinds of messages of which more is read than their name.
const ANNOUNCEMENT: u16 = 0x0004;
const ACTIVATION_ASKED: u16 = 0x0005;
const ACTIVATION_ANSWERED: u16 = 0x0006;
const DIAGNOSIS: u16 = 0x8001;
/// A service's bit in its answer, and what stands for it where it is refused.
const ANSWER: u8 = 0x40;
const REFUSAL: u8 = 0x7f;

/// A message's kind and the bytes behind its header.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    Some((reader.be_u16()?, reader.be_u32()? as usize))
}

fn begins(bytes: &[u8]) -> bool {
    let known = bytes.first().is_none_or(|version| matches!(version, 1..=4 | 0xff));
    known && bytes.first().zip(bytes.get(1)).is_none_or(|(version, inverse)| *version == !inverse)
}

/// Whether a message of a kind has this length behind its header.
fn fits(kind: u16, length: usize) -> bool {
    match kind {
        0x0000 | 0x4004 => length == 1,
        0x0001 | 0x0007 | 0x4001 | 0x4003 => length == 0,
        0x0002 => length == 6,
        0x0003 => length == VIN_BYTES,
        ANNOUNCEMENT => matches!(length, 32 | 33),
        ACTIVATION_ASKED => matches!(length, 7 | 11),
        ACTIVATION_ANSWERED => matches!(length, 9 | 13),
        0x0008 => length == 2,
        0x4002 => matches!(length, 3 | 7),
        0x8001..=0x8003 => (5..MOST).contains(&length),
        _ => false,
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if !begins(sample.bytes) {
        return Verdict::Reject;
    }
    let datagram = sample.transport == Transport::Udp;
    let Some((kind, length)) = head(sample.bytes) else {
        return if datagram { Verdict::Reject } else { Verdict::NeedMore };
    };
    if !fits(kind, length) || datagram && sample.bytes.len() != HEAD + length {
        return Verdict::Reject;
    }
    match kind {
        0x0001..=0x0003 | ACTIVATION_ASKED | 0x0008 | 0x4001 | 0x4003 if sample.role == Role::Client => Verdict::Match,
        0x0000 | ANNOUNCEMENT | ACTIVATION_ANSWERED | 0x0007 | 0x4002 | 0x4004 | 0x8002 | 0x8003
            if sample.role == Role::Server =>
        {
            Verdict::Match
        }
        DIAGNOSIS => match sample.bytes.get(HEAD + 4) {
            Some(service) if (service & ANSWER == 0) == (sample.role == Role::Client) => Verdict::Match,
            Some(_) => Verdict::Reject,
            None => Verdict::NeedMore,
        },
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Doip {
    kinds: Tally<u16>,
    vins: List<Text>,
    eids: List<[u8; 6]>,
    gids: List<[u8; 6]>,
    testers: List<u16>,
    entities: List<u16>,
    activation: Option<u8>,
    services: Tally<u8>,
    answered: Tally<u8>,
    identifiers: List<u16, NAMES>,
    written: List<u16>,
    refused: Tally<(u8, u8)>,
}

impl Doip {
    fn body(&mut self, role: Role, kind: u16, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        match kind {
            0x0002 => self.eids.push_distinct(reader.array()?),
            0x0003 => self.vins.push_distinct(Text::new(reader.take(VIN_BYTES)?)),
            ANNOUNCEMENT => {
                let vin = reader.take(VIN_BYTES)?;
                // A vehicle that does not know its own fills it with zeros or ones.
                if vin.iter().all(u8::is_ascii_graphic) {
                    self.vins.push_distinct(Text::new(vin));
                }
                self.entities.push_distinct(reader.be_u16()?);
                self.eids.push_distinct(reader.array()?);
                self.gids.push_distinct(reader.array()?);
            }
            ACTIVATION_ASKED => self.testers.push_distinct(reader.be_u16()?),
            ACTIVATION_ANSWERED => {
                self.testers.push_distinct(reader.be_u16()?);
                self.entities.push_distinct(reader.be_u16()?);
                self.activation = Some(reader.u8()?);
            }
            DIAGNOSIS => {
                let (source, target) = (reader.be_u16()?, reader.be_u16()?);
                let (tester, entity) = if role == Role::Client { (source, target) } else { (target, source) };
                self.testers.push_distinct(tester);
                self.entities.push_distinct(entity);
                self.diagnosis(reader);
            }
            _ => {}
        }
        Some(())
    }

    fn diagnosis(&mut self, mut reader: Reader<'_>) -> Option<()> {
        let service = reader.u8()?;
        if service == REFUSAL {
            self.refused.count((reader.u8()?, reader.u8()?));
        } else if service & ANSWER != 0 {
            self.answered.count(service & !ANSWER);
        } else {
            self.services.count(service);
            match service {
                0x22 => {
                    while let Some(identifier) = reader.be_u16() {
                        self.identifiers.push_distinct(identifier);
                    }
                }
                0x2e => self.written.push_distinct(reader.be_u16()?),
                0x31 => {
                    reader.skip(1)?;
                    self.identifiers.push_distinct(reader.be_u16()?);
                }
                _ => {}
            }
        }
        Some(())
    }
}

impl Messages for Doip {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        match head(bytes) {
            _ if !begins(bytes) => Extent::Broken,
            None => Extent::Need(HEAD),
            Some((_, length)) if length < MOST => Extent::Whole(HEAD + length),
            Some(_) => Extent::Broken,
        }
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        if let Some((kind, _)) = head(message.bytes) {
            self.kinds.count(kind);
            self.body(message.role, kind, message.bytes.get(HEAD..).unwrap_or_default());
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        self.kinds.write(&mut element, &MESSAGE, |kind| named_hex(message_name(*kind), *kind));
        element.texts(&VIN, &self.vins);
        counts::write_list(&mut element, &EID, &self.eids, |id| hex(id));
        counts::write_list(&mut element, &GID, &self.gids, |id| hex(id));
        counts::write_list(&mut element, &TESTER, &self.testers, |address| format!("{address:04x}"));
        counts::write_list(&mut element, &ENTITY, &self.entities, |address| format!("{address:04x}"));
        if let Some(code) = self.activation {
            element.bytes(&ACTIVATION, named_hex(activation(code), code).as_bytes());
        }
        let services = if self.services.is_empty() { &self.answered } else { &self.services };
        services.write(&mut element, &SERVICE, |number| named_hex(service(*number), *number));
        counts::write_list(&mut element, &IDENTIFIER, &self.identifiers, |number| format!("{number:04x}"));
        counts::write_list(&mut element, &WRITTEN, &self.written, |number| format!("{number:04x}"));
        self.refused.write(&mut element, &REFUSED, |(number, why)| {
            format!("{}/{}", named_hex(service(*number), *number), named_hex(refusal(*why), *why))
        });
    }

    fn heap_bytes(&self) -> usize {
        self.kinds.heap_bytes()
            + counts::texts_bytes(&self.vins)
            + counts::list_bytes(&self.eids)
            + counts::list_bytes(&self.gids)
            + counts::list_bytes(&self.testers)
            + counts::list_bytes(&self.entities)
            + self.services.heap_bytes()
            + self.answered.heap_bytes()
            + counts::list_bytes(&self.identifiers)
            + counts::list_bytes(&self.written)
            + self.refused.heap_bytes()
    }
}

/// A kind of message (13400-2 7.1.2).
const fn message_name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0x0000 => "negative_acknowledge",
        0x0001..=0x0003 => "identification_request",
        0x0004 => "announcement",
        0x0005 => "routing_activation_request",
        0x0006 => "routing_activation_response",
        0x0007 => "alive_check_request",
        0x0008 => "alive_check_response",
        0x4001 => "entity_status_request",
        0x4002 => "entity_status_response",
        0x4003 => "power_mode_request",
        0x4004 => "power_mode_response",
        0x8001 => "diagnostic_message",
        0x8002 => "diagnostic_acknowledge",
        0x8003 => "diagnostic_refusal",
        _ => return None,
    })
}

/// What became of an activation (13400-2 7.3.5).
const fn activation(code: u8) -> Option<&'static str> {
    Some(match code {
        0x00 => "unknown_source",
        0x01 => "no_socket_left",
        0x02 => "other_source_active",
        0x03 => "source_already_active",
        0x04 => "authentication_missing",
        0x05 => "confirmation_rejected",
        0x06 => "unsupported_type",
        0x07 => "tls_required",
        0x10 => "activated",
        0x11 => "confirmation_required",
        _ => return None,
    })
}

/// A service (14229-1 8).
const fn service(number: u8) -> Option<&'static str> {
    Some(match number {
        0x10 => "diagnostic_session_control",
        0x11 => "ecu_reset",
        0x14 => "clear_diagnostic_information",
        0x19 => "read_dtc_information",
        0x22 => "read_data_by_identifier",
        0x23 => "read_memory_by_address",
        0x24 => "read_scaling_data_by_identifier",
        0x27 => "security_access",
        0x28 => "communication_control",
        0x29 => "authentication",
        0x2a => "read_data_by_periodic_identifier",
        0x2c => "dynamically_define_data_identifier",
        0x2e => "write_data_by_identifier",
        0x2f => "input_output_control_by_identifier",
        0x31 => "routine_control",
        0x34 => "request_download",
        0x35 => "request_upload",
        0x36 => "transfer_data",
        0x37 => "request_transfer_exit",
        0x38 => "request_file_transfer",
        0x3d => "write_memory_by_address",
        0x3e => "tester_present",
        0x83 => "access_timing_parameter",
        0x84 => "secured_data_transmission",
        0x85 => "control_dtc_setting",
        0x86 => "response_on_event",
        0x87 => "link_control",
        _ => return None,
    })
}

/// Why a service was refused (14229-1 A.1).
const fn refusal(code: u8) -> Option<&'static str> {
    Some(match code {
        0x10 => "general_reject",
        0x11 => "service_not_supported",
        0x12 => "sub_function_not_supported",
        0x13 => "incorrect_length_or_format",
        0x14 => "response_too_long",
        0x21 => "busy_repeat_request",
        0x22 => "conditions_not_correct",
        0x24 => "request_sequence_error",
        0x31 => "request_out_of_range",
        0x33 => "security_access_denied",
        0x34 => "authentication_required",
        0x35 => "invalid_key",
        0x36 => "exceeded_number_of_attempts",
        0x37 => "required_time_delay_not_expired",
        0x70 => "upload_download_not_accepted",
        0x71 => "transfer_data_suspended",
        0x72 => "general_programming_failure",
        0x73 => "wrong_block_sequence_counter",
        0x78 => "response_pending",
        0x7e => "sub_function_not_supported_in_session",
        0x7f => "service_not_supported_in_session",
        _ => return None,
    })
}
