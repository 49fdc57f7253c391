//! IEC 60870-5-104: telecontrol over TCP.
//!
//! ```text
//! frame   68 length:1 (of what follows, 4..=253) control:4 [ASDU]                                          104: 5
//! control I: send:2 (bit 0 clear) receive:2    S: 01 00 receive:2    U: function:1 (bits 0 and 1 set) 00 00 00
//! ASDU    type:1 objects:1 (80: one address, the others follow it) cause:1 (40 negative, 80 test) originator:1
//!         common address:2, then objects: address:3 and elements                                           101: 7.1, 104: 6
//! ```
//!
//! Numbers have their least significant byte first. A gap ends the session's facts. Ignored on purpose: measured values; the frames
//! of stations that use the shorter addresses of 60870-5-101.

use crate::capped::List;
use crate::counts::{self, NAMES, Tally, named};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::framed::{Extent, Framed, Message, Messages};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static I_FRAMES: Field = Field::number("i_frames", "frames that carry information", "IEC 60870-5-104 5.1");
static S_FRAMES: Field = Field::number("s_frames", "frames that only acknowledge", "IEC 60870-5-104 5.1");
static FUNCTION: Field =
    Field::text("function", "frames that control the link, with how often: `startdt_act:1`", "IEC 60870-5-104 5.1")
        .list()
        .items(NAMES);
static TYPE: Field =
    Field::text("type", "types of information, with how often: `M_SP_NA_1:4`", "IEC 60870-5-101 7.2.1")
        .list()
        .items(NAMES);
static CAUSE: Field =
    Field::text("cause", "causes of transmission, with how often", "IEC 60870-5-101 7.2.3").list().items(NAMES);
static COMMON_ADDRESS: Field =
    Field::number("common_address", "addresses of stations, each once", "IEC 60870-5-101 7.2.4").list();
static ORIGINATOR: Field =
    Field::number("originator", "addresses of those who caused it, each once", "IEC 60870-5-101 7.2.3").list();
static COMMAND: Field = Field::text(
    "command",
    "commands that were activated, each once: `C_SC_NA_1 1:5000` is object 5000 of station 1",
    "IEC 60870-5-101 7.3.2",
)
.list();
static NEGATIVE: Field = Field::number("negative", "negative confirmations", "IEC 60870-5-101 7.2.3");

static ELEMENT: Element = Element {
    name: "iec104",
    meaning: "IEC 60870-5-104: telecontrol of electricity",
    fields: &[&I_FRAMES, &S_FRAMES, &FUNCTION, &TYPE, &CAUSE, &COMMON_ADDRESS, &ORIGINATOR, &COMMAND, &NEGATIVE],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "iec104",
    about: About {
        name: "IEC 60870-5-104",
        specification: "IEC 60870-5-104",
        evidence: "68 with lengths, counters and types that fit one after the other",
        limits: "measured values; frames with the shorter addresses of 60870-5-101",
        ports: &[2404, 19998],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[START..=START]),
    probe,
    open: |opening| Box::new(Framed::new(Iec104::default(), opening.transport)),
};

/// What begins a frame.
const START: u8 = 0x68;
/// The least and the most bytes behind the length.
const LENGTH_MIN: usize = 4;
const LENGTH_MAX: usize = 253;
/// Bytes of an ASDU before its objects.
const ASDU_HEAD: usize = 6;
/// Bytes of an object's address.
const ADDRESS: usize = 3;
/// Causes that ask a station to do something.
const ACTIVATION: u8 = 6;
const DEACTIVATION: u8 = 8;

fn size(bytes: &[u8]) -> Extent {
    match (bytes.first(), bytes.get(1).copied().map(usize::from)) {
        (Some(&START) | None, None) => Extent::Need(2),
        (Some(&START), Some(length @ LENGTH_MIN..=LENGTH_MAX)) => Extent::Whole(length + 2),
        _ => Extent::Broken,
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame<'a> {
    Information(&'a [u8]),
    Supervisory,
    Unnumbered(u8),
}

fn frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let (control, asdu) = bytes.get(2..)?.split_first_chunk::<4>()?;
    match *control {
        [send, _, receive, _] if send & 1 == 0 && receive & 1 == 0 && asdu.len() >= ASDU_HEAD => {
            Some(Frame::Information(asdu))
        }
        [1, 0, receive, _] if receive & 1 == 0 && asdu.is_empty() => Some(Frame::Supervisory),
        [function, 0, 0, 0] if unnumbered(function).is_some() && asdu.is_empty() => Some(Frame::Unnumbered(function)),
        _ => None,
    }
}

/// Whether an ASDU has the length that its type and number of objects want.
fn sound(asdu: &[u8]) -> bool {
    let mut reader = Reader::new(asdu);
    let (Some(kind), Some(objects), Some(cause)) = (reader.u8(), reader.u8(), reader.u8()) else { return false };
    let Some((_, element)) = type_of(kind) else { return false };
    let count = usize::from(objects & 0x7f);
    let whole = match (element, objects & 0x80 != 0) {
        (Some(element), false) => count * (ADDRESS + element),
        (Some(element), true) => ADDRESS + count * element,
        // Its length varies (files).
        (None, _) => asdu.len().saturating_sub(ASDU_HEAD),
    };
    count > 0 && cause_name(cause & 0x3f).is_some() && asdu.len() == ASDU_HEAD + whole
}

/// Whether the beginning of a frame of `whole` bytes may become one.
fn may_become(bytes: &[u8], whole: usize) -> bool {
    let at = |at: usize| bytes.get(at).copied();
    match at(2) {
        None => true,
        // Only information is longer than the control.
        Some(control) if control & 1 == 1 => whole == LENGTH_MIN + 2,
        Some(_) => {
            whole >= LENGTH_MIN + 2 + ASDU_HEAD
                && at(4).is_none_or(|receive| receive & 1 == 0)
                && at(6).is_none_or(|kind| type_of(kind).is_some())
                && at(8).is_none_or(|cause| cause_name(cause & 0x3f).is_some())
        }
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let mut rest = sample.bytes;
    let mut fitting = 0;
    loop {
        let whole = match size(rest) {
            Extent::Broken => return Verdict::Reject,
            Extent::Need(_) => break,
            Extent::Whole(whole) => whole,
        };
        let Some((bytes, after)) = rest.split_at_checked(whole) else {
            if !may_become(rest, whole) {
                return Verdict::Reject;
            }
            break;
        };
        match frame(bytes) {
            // Only the controlling station starts and stops, only the other confirms it.
            Some(Frame::Unnumbered(0x07 | 0x13)) if sample.role == Role::Client => return Verdict::Match,
            Some(Frame::Unnumbered(0x0b | 0x23)) if sample.role == Role::Server => return Verdict::Match,
            Some(Frame::Unnumbered(0x43 | 0x83) | Frame::Supervisory) => fitting += 1,
            Some(Frame::Information(asdu)) if sound(asdu) => fitting += 2,
            _ => return Verdict::Reject,
        }
        rest = after;
        if fitting >= 4 {
            return Verdict::Match;
        }
    }
    if fitting == 0 { Verdict::NeedMore } else { Verdict::Likely }
}

#[derive(Debug, Default)]
struct Iec104 {
    i_frames: u64,
    s_frames: u64,
    functions: Tally<u8>,
    types: Tally<u8>,
    causes: Tally<u8>,
    stations: List<u16>,
    originators: List<u8>,
    /// Type, cause, station, object.
    commands: List<(u8, u8, u16, u32)>,
    negative: u64,
}

impl Iec104 {
    fn asdu(&mut self, asdu: &[u8]) -> Option<()> {
        let mut reader = Reader::new(asdu);
        let (kind, _, cause, originator) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
        let station = reader.le_u16()?;
        self.types.count(kind);
        self.causes.count(cause & 0x3f);
        self.stations.push_distinct(station);
        if originator != 0 {
            self.originators.push_distinct(originator);
        }
        if cause & 0x40 != 0 {
            counts::more(&mut self.negative);
        }
        let commands = matches!(kind, 45..=64 | 100..=107 | 110..=113);
        if commands && matches!(cause & 0x3f, ACTIVATION | DEACTIVATION) {
            let [a, b, c] = reader.array::<ADDRESS>()?;
            self.commands.push_distinct((kind, cause & 0x3f, station, u32::from_le_bytes([a, b, c, 0])));
        }
        Some(())
    }
}

impl Messages for Iec104 {
    fn extent(&self, _: Role, bytes: &[u8]) -> Extent {
        size(bytes)
    }

    fn message(&mut self, message: Message<'_>) -> bool {
        match frame(message.bytes) {
            Some(Frame::Information(asdu)) => {
                counts::more(&mut self.i_frames);
                self.asdu(asdu);
            }
            Some(Frame::Supervisory) => counts::more(&mut self.s_frames),
            Some(Frame::Unnumbered(function)) => self.functions.count(function),
            None => {}
        }
        true
    }

    fn facts(&self, out: &mut Facts) {
        let mut element = out.element(&ELEMENT);
        counts::write_count(&mut element, &I_FRAMES, self.i_frames);
        counts::write_count(&mut element, &S_FRAMES, self.s_frames);
        self.functions.write(&mut element, &FUNCTION, |function| named(unnumbered(*function), *function));
        self.types.write(&mut element, &TYPE, |kind| named(type_of(*kind).map(|(name, _)| name), *kind));
        self.causes.write(&mut element, &CAUSE, |cause| named(cause_name(*cause), *cause));
        element.list(&COMMON_ADDRESS, self.stations.items().iter().map(|it| u64::from(*it)), self.stations.omitted());
        element.list(&ORIGINATOR, self.originators.items().iter().map(|it| u64::from(*it)), self.originators.omitted());
        counts::write_list(&mut element, &COMMAND, &self.commands, |(kind, cause, station, object)| {
            let name = named(type_of(*kind).map(|(name, _)| name), *kind);
            let off = if *cause == DEACTIVATION { " deactivated" } else { "" };
            format!("{name} {station}:{object}{off}")
        });
        counts::write_count(&mut element, &NEGATIVE, self.negative);
    }

    fn heap_bytes(&self) -> usize {
        self.functions.heap_bytes()
            + self.types.heap_bytes()
            + self.causes.heap_bytes()
            + counts::list_bytes(&self.stations)
            + counts::list_bytes(&self.originators)
            + counts::list_bytes(&self.commands)
    }
}

/// The name of a frame that controls the link (104: 5.3).
const fn unnumbered(function: u8) -> Option<&'static str> {
    Some(match function {
        0x07 => "startdt_act",
        0x0b => "startdt_con",
        0x13 => "stopdt_act",
        0x23 => "stopdt_con",
        0x43 => "testfr_act",
        0x83 => "testfr_con",
        _ => return None,
    })
}

/// A type's name and the bytes of one object without its address, where they are always as many (101: 7.3, 104: 8).
const fn type_of(kind: u8) -> Option<(&'static str, Option<usize>)> {
    let (name, bytes) = match kind {
        1 => ("M_SP_NA_1", 1),
        2 => ("M_SP_TA_1", 4),
        3 => ("M_DP_NA_1", 1),
        4 => ("M_DP_TA_1", 4),
        5 => ("M_ST_NA_1", 2),
        6 => ("M_ST_TA_1", 5),
        7 => ("M_BO_NA_1", 5),
        8 => ("M_BO_TA_1", 8),
        9 => ("M_ME_NA_1", 3),
        10 => ("M_ME_TA_1", 6),
        11 => ("M_ME_NB_1", 3),
        12 => ("M_ME_TB_1", 6),
        13 => ("M_ME_NC_1", 5),
        14 => ("M_ME_TC_1", 8),
        15 => ("M_IT_NA_1", 5),
        16 => ("M_IT_TA_1", 8),
        17 => ("M_EP_TA_1", 6),
        18 => ("M_EP_TB_1", 7),
        19 => ("M_EP_TC_1", 7),
        20 => ("M_PS_NA_1", 5),
        21 => ("M_ME_ND_1", 2),
        30 => ("M_SP_TB_1", 8),
        31 => ("M_DP_TB_1", 8),
        32 => ("M_ST_TB_1", 9),
        33 => ("M_BO_TB_1", 12),
        34 => ("M_ME_TD_1", 10),
        35 => ("M_ME_TE_1", 10),
        36 => ("M_ME_TF_1", 12),
        37 => ("M_IT_TB_1", 12),
        38 => ("M_EP_TD_1", 10),
        39 => ("M_EP_TE_1", 11),
        40 => ("M_EP_TF_1", 11),
        45 => ("C_SC_NA_1", 1),
        46 => ("C_DC_NA_1", 1),
        47 => ("C_RC_NA_1", 1),
        48 => ("C_SE_NA_1", 3),
        49 => ("C_SE_NB_1", 3),
        50 => ("C_SE_NC_1", 5),
        51 => ("C_BO_NA_1", 4),
        58 => ("C_SC_TA_1", 8),
        59 => ("C_DC_TA_1", 8),
        60 => ("C_RC_TA_1", 8),
        61 => ("C_SE_TA_1", 10),
        62 => ("C_SE_TB_1", 10),
        63 => ("C_SE_TC_1", 12),
        64 => ("C_BO_TA_1", 11),
        70 => ("M_EI_NA_1", 1),
        100 => ("C_IC_NA_1", 1),
        101 => ("C_CI_NA_1", 1),
        102 => ("C_RD_NA_1", 0),
        103 => ("C_CS_NA_1", 7),
        104 => ("C_TS_NA_1", 2),
        105 => ("C_RP_NA_1", 1),
        106 => ("C_CD_NA_1", 2),
        107 => ("C_TS_TA_1", 9),
        110 => ("P_ME_NA_1", 3),
        111 => ("P_ME_NB_1", 3),
        112 => ("P_ME_NC_1", 5),
        113 => ("P_AC_NA_1", 1),
        120 => ("F_FR_NA_1", 6),
        121 => ("F_SR_NA_1", 7),
        122 => ("F_SC_NA_1", 4),
        123 => ("F_LS_NA_1", 5),
        124 => ("F_AF_NA_1", 4),
        125 => return Some(("F_SG_NA_1", None)),
        126 => ("F_DR_TA_1", 13),
        127 => return Some(("F_SC_NB_1", None)),
        _ => return None,
    };
    Some((name, Some(bytes)))
}

/// A cause's name (101: 7.2.3).
const fn cause_name(cause: u8) -> Option<&'static str> {
    Some(match cause {
        1 => "periodic",
        2 => "background",
        3 => "spontaneous",
        4 => "initialized",
        5 => "request",
        6 => "activation",
        7 => "activation_confirmation",
        8 => "deactivation",
        9 => "deactivation_confirmation",
        10 => "activation_termination",
        11 => "return_remote",
        12 => "return_local",
        13 => "file_transfer",
        20 => "interrogated_by_station",
        21..=36 => "interrogated_by_group",
        37..=41 => "counter_interrogation",
        44 => "unknown_type",
        45 => "unknown_cause",
        46 => "unknown_common_address",
        47 => "unknown_object_address",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(role: Role, bytes: &[u8]) -> Verdict {
        probe(&Sample { transport: Transport::Tcp, role, bytes, destination: [192, 0, 2, 1].into() })
    }

    #[test]
    fn an_object_has_the_length_of_its_type() {
        let frame = b"\x68\x0e\0\0\0\0\x64\x01\x06\0\x01\0\0\0\0\x14";
        assert_eq!(verdict(Role::Client, frame), Verdict::Likely);
        assert_eq!(verdict(Role::Client, b"\x68\x0e\0\0\0\0\x65\x02\x06\0\x01\0\0\0\0\x14"), Verdict::Reject);
        assert_eq!(verdict(Role::Client, b"\x68\x0e\0\0\0\0\x64\x01\x3f\0\x01\0\0\0\0\x14"), Verdict::Reject);
        assert_eq!(verdict(Role::Client, &[&frame[..], frame].concat()), Verdict::Match);
    }

    #[test]
    fn words_that_begin_with_h_are_none() {
        for word in [&b"hello world, here am I"[..], b"h\x04\x07\0\0\x01", b"h\x05\x07\0\0\0\0", b"h\x04\x01\0\x01\0"] {
            assert_eq!(verdict(Role::Client, word), Verdict::Reject);
        }
    }
}
