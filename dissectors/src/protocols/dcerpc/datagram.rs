//! Datagrams (C706 12.5): version 4, which PROFINET and old Windows services speak.
//!
//! ```text
//! 0   version 4           8   object (16)        64  sequence number (4)
//! 1   kind                24  interface (16)     68  operation (2)
//! 2   flags (2)           40  activity (16)      70  hints FFFF or small (4)
//! 4   data representation 56  server boot (4)    74  length of the body (2), fragment (2)
//! 7   serial, high byte   60  version (4)        78  authentication, serial's low byte
//! ```

use crate::protocol::{Role, Verdict};

use super::epm;
use super::interfaces::{EPMAPPER, Uuid};
use super::known::{Interface, Known};
use super::pdu::Numbers;

/// The length of a head.
const HEADER: usize = 80;

const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const FAULT: u8 = 3;
const REJECT: u8 = 6;
/// Kinds that the client sends: a request, a ping, an acknowledgement, two cancellations.
const OF_CLIENT: [u8; 5] = [REQUEST, 1, 7, 8, 10];
/// Kinds that the server sends: an answer, a fault, working, no such call, a rejection, acknowledgements.
const OF_SERVER: [u8; 7] = [RESPONSE, FAULT, 4, 5, REJECT, 7, 9];
/// Flag of a fragment that is not the only one.
const FRAGMENT: u8 = 0x04;

/// A head.
struct Head<'a> {
    kind: u8,
    flags: u8,
    little: bool,
    interface: Interface,
    sequence: u32,
    operation: u16,
    fragment: u16,
    /// The body's length as told, and what there is of it.
    told: usize,
    body: &'a [u8],
    /// Both hints say that there is none.
    no_hints: bool,
}

fn read(bytes: &[u8]) -> Option<Head<'_>> {
    let [4, kind @ 0..=10, flags, second @ 0..=3, drep, floats @ 0..=3, 0, ..] = *bytes.first_chunk::<8>()? else {
        return None;
    };
    if drep & !0x11 != 0 || floats > 3 || second & 1 != 0 {
        return None;
    }
    let little = drep & 0x10 != 0;
    let mut numbers = Numbers::new(bytes.get(8..)?, little);
    numbers.skip(16)?;
    let uuid = Uuid::read(&mut numbers.reader, little)?;
    numbers.skip(20)?;
    let interface = Interface { uuid, version: numbers.u32()? };
    let (sequence, operation) = (numbers.u32()?, numbers.u16()?);
    let no_hints = numbers.u32()? == u32::MAX;
    let (told, fragment) = (numbers.u16()?.into(), numbers.u16()?);
    let body = bytes.get(HEADER..)?;
    Some(Head { kind, flags, little, interface, sequence, operation, fragment, told, body, no_hints })
}

/// Whether a datagram is one of these.
pub fn probe(role: Role, bytes: &[u8]) -> Verdict {
    let Some(head) = read(bytes) else {
        return Verdict::Reject;
    };
    let kinds: &[u8] = if role == Role::Client { &OF_CLIENT } else { &OF_SERVER };
    if !kinds.contains(&head.kind) || head.told > head.body.len() {
        return Verdict::Reject;
    }
    match head.interface.uuid {
        uuid if uuid.name().is_some() => Verdict::Match,
        // An id of the kind that programs make (RFC 9562 4.1).
        Uuid(id) if head.no_hints && id >> 62 & 3 == 2 && head.operation < 512 => Verdict::Likely,
        _ => Verdict::Reject,
    }
}

/// The state of one session of datagrams.
#[derive(Debug, Default)]
pub struct Datagrams {
    /// The call asked last, so that a repetition is not counted twice, and the one answered last.
    asked: Option<u32>,
    answered: Option<u32>,
}

impl Datagrams {
    /// Reads a datagram.
    pub fn take(&mut self, known: &mut Known, bytes: &[u8]) {
        let Some(head) = read(bytes) else {
            return;
        };
        known.versions.push_distinct(4);
        match head.kind {
            REQUEST if head.fragment == 0 && self.asked != Some(head.sequence) => {
                self.asked = Some(head.sequence);
                known.interface(head.interface);
                known.call(Some(head.interface.uuid), head.operation);
            }
            RESPONSE if head.fragment == 0 && self.answered != Some(head.sequence) => {
                self.answered = Some(head.sequence);
                known.interface(head.interface);
                known.responses = known.responses.saturating_add(1);
                let whole = head.flags & FRAGMENT == 0;
                if whole && head.interface.uuid == EPMAPPER && head.operation == epm::MAP {
                    known.endpoint_map(head.body, head.little);
                }
            }
            FAULT | REJECT if self.answered != Some(head.sequence) => {
                self.answered = Some(head.sequence);
                known.interface(head.interface);
                if let Some(status) = Numbers::new(head.body, head.little).u32() {
                    known.fault(status);
                }
            }
            _ => {}
        }
    }
}
