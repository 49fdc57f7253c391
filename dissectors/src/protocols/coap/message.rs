//! CoAP's messages, and whether bytes are one.

use super::be_number;
use crate::framing::is_text;
use crate::protocol::{Role, Sample, Verdict};
use crate::reader::Reader;

/// How many options of a message are looked at.
const OPTIONS: usize = 64;

/// The upper three bits of a code: 0 asks, 2, 4 and 5 answer, 7 is signalling over TCP.
pub const fn class(code: u8) -> u8 {
    code >> 5
}

/// A request's method.
pub fn method(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "GET",
        2 => "POST",
        3 => "PUT",
        4 => "DELETE",
        5 => "FETCH",
        6 => "PATCH",
        7 => "iPATCH",
        _ => return None,
    })
}

/// The value of an option that is a number.
pub fn number(bytes: &[u8]) -> u64 {
    be_number(bytes)
}

/// A message, read as far as its payload.
pub struct Message<'a> {
    /// Confirmable, not confirmable, acknowledgement, reset; nothing over TCP.
    pub kind: Option<u8>,
    pub code: u8,
    pub id: Option<u16>,
    pub token: &'a [u8],
    options: Vec<(u32, &'a [u8])>,
    /// Whether options were whole, and known, and what followed them was a payload or nothing.
    whole: bool,
    payload: bool,
}

impl<'a> Message<'a> {
    /// A datagram.
    pub fn datagram(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (first, code, id) = (reader.u8()?, reader.u8()?, reader.be_u16()?);
        if first >> 6 != 1 {
            return None;
        }
        let (kind, id) = (Some(first >> 4 & 3), Some(id));
        let draft = || Self::draft(code, first & 15, reader).map(|message| Self { kind, id, ..message });
        let mut after = reader;
        match after.take(usize::from(first & 15)).filter(|token| token.len() <= 8) {
            Some(token) => {
                let message = Self { kind, id, ..Self::rest(code, token, after) };
                if message.whole { Some(message) } else { draft().or(Some(message)) }
            }
            None => draft(),
        }
    }

    /// A request as drafts of 2011 and 2012 had it (draft-ietf-core-coap-04 to -09), which early devices still send: in place of the
    /// token's length stands the number of options, and options have other numbers.
    fn draft(code: u8, count: u8, mut reader: Reader<'a>) -> Option<Self> {
        let mut options = Vec::new();
        let (mut at, mut token): (u32, &[u8]) = (0, &[]);
        for _ in 0..count {
            let first = reader.u8()?;
            let length = match usize::from(first & 15) {
                15 => usize::from(reader.u8()?).saturating_add(15),
                length => length,
            };
            at = at.saturating_add(u32::from(first >> 4));
            let value = reader.take(length)?;
            // Their numbers, and today's.
            let now = match at {
                1 => 12,
                5 => 3,
                7 => 7,
                9 => 11,
                10 => 6,
                11 => {
                    token = value;
                    continue;
                }
                // What fills up a long way from one number to the next.
                14 if value.is_empty() => continue,
                15 => 15,
                16 => 17,
                17 => 23,
                19 => 27,
                _ => return None,
            };
            fits(now, value).then(|| options.push((now, value)))?;
        }
        let named = options.iter().any(|(at, value)| *at == 11 && value.len() > 1);
        let payload = !reader.is_empty();
        // Only a request with a path is plain enough.
        (named && method(code).is_some()).then_some(Self {
            kind: None,
            code,
            id: None,
            token,
            options,
            whole: true,
            payload,
        })
    }

    /// A message of a stream behind a head of so many bytes.
    pub fn stream(bytes: &'a [u8], head: usize) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let tokens = usize::from(reader.u8()? & 15);
        reader.skip(head.checked_sub(2)?)?;
        let code = reader.u8()?;
        let token = reader.take(tokens)?;
        Some(Self::rest(code, token, reader))
    }

    fn rest(code: u8, token: &'a [u8], mut reader: Reader<'a>) -> Self {
        let mut options = Vec::new();
        let (mut at, mut whole, mut payload) = (0u32, true, false);
        while let Some(first) = reader.u8() {
            if first == 0xff {
                payload = !reader.is_empty();
                whole &= payload;
                break;
            }
            let delta = extended(first >> 4, &mut reader);
            let Some((delta, length)) = delta.zip(extended(first & 15, &mut reader)) else {
                whole = false;
                break;
            };
            at = at.saturating_add(delta);
            let length = usize::try_from(length).ok().filter(|_| options.len() < OPTIONS);
            let Some(value) = length.and_then(|length| reader.take(length)) else {
                whole = false;
                break;
            };
            whole &= class(code) == 7 || fits(at, value);
            options.push((at, value));
        }
        Self { kind: None, code, id: None, token, options, whole, payload }
    }

    /// The first option of a number.
    pub fn option(&self, number: u32) -> Option<&'a [u8]> {
        self.options.iter().find_map(|(at, value)| (*at == number).then_some(*value))
    }

    /// Whether there is an option.
    pub fn has(&self, number: u32) -> bool {
        self.option(number).is_some()
    }

    /// All options of a number, with a byte between them.
    pub fn joined(&self, number: u32, between: u8) -> Vec<u8> {
        let parts: Vec<&[u8]> = self.options.iter().filter(|(at, _)| *at == number).map(|(_, value)| *value).collect();
        parts.join(&between)
    }

    /// What a single message proves.
    fn verdict(&self, role: Role) -> Verdict {
        if !self.whole || !may_send(role, self.code) {
            return Verdict::Reject;
        }
        let named: usize =
            self.options.iter().filter(|(at, _)| matches!(at, 3 | 11 | 15)).map(|(_, value)| value.len()).sum();
        match (class(self.code), role) {
            (0, Role::Client) => match named {
                4.. => Verdict::Match,
                _ if self.options.len() >= 2 => Verdict::Likely,
                // Too little to tell alone.
                _ => Verdict::NeedMore,
            },
            (2 | 4 | 5, Role::Server) => {
                if self.options.len() >= 2 && self.payload {
                    Verdict::Likely
                } else {
                    Verdict::NeedMore
                }
            }
            _ => Verdict::Reject,
        }
    }
}

/// Whether a role sends messages of a code: requests, or answers to them.
fn may_send(role: Role, code: u8) -> bool {
    match (class(code), role) {
        (0, Role::Client) => method(code).is_some(),
        (2 | 4 | 5, Role::Server) => is_answer(code),
        _ => false,
    }
}

/// A nibble that may go on in one or two more bytes.
fn extended(nibble: u8, reader: &mut Reader<'_>) -> Option<u32> {
    match nibble {
        13 => reader.u8().map(|more| u32::from(more).saturating_add(13)),
        14 => reader.be_u16().map(|more| u32::from(more).saturating_add(269)),
        15 => None,
        small => Some(u32::from(small)),
    }
}

/// Whether an option's value is what its number demands (IANA CoAP Option Numbers).
fn fits(number: u32, value: &[u8]) -> bool {
    let length = value.len();
    match number {
        1 | 4 | 252 | 292 => length <= 40,
        3 => (1..=255).contains(&length) && is_text(value),
        5 => length == 0,
        6 | 14 | 60 | 28 => length <= 4,
        7 | 12 | 17 | 258 => length <= 2,
        9 | 21 => length <= 255,
        8 | 11 | 15 | 20 => length <= 255 && (length == 0 || is_text(value)),
        16 => length <= 1,
        19 | 23 | 27 | 31 => length <= 3,
        35 | 39 => is_text(value),
        // Vendors' own and experiments.
        2048.. => length <= 1034,
        _ => false,
    }
}

/// Codes of answers that are defined (IANA CoAP Response Codes).
fn is_answer(code: u8) -> bool {
    match class(code) {
        2 => matches!(code & 31, 1..=5 | 31),
        4 => matches!(code & 31, 0..=6 | 8 | 9 | 12 | 13 | 15 | 22 | 29),
        5 => matches!(code & 31, 0..=5 | 8),
        _ => false,
    }
}

/// Whether a datagram is a message.
pub fn probe_datagram(sample: &Sample<'_>) -> Verdict {
    // Most of what begins like a datagram of CoAP has a code that is none: its options need not be read.
    if sample.bytes.get(1).is_some_and(|code| *code > 0 && !may_send(sample.role, *code)) {
        return Verdict::Reject;
    }
    let Some(message) = Message::datagram(sample.bytes) else {
        return Verdict::Reject;
    };
    match (message.kind, message.code) {
        // Acknowledgements and resets without content go both ways; they tell nothing, and nothing may follow them.
        (Some(kind), 0) => {
            if sample.bytes.len() == 4 && kind != 1 {
                Verdict::NeedMore
            } else {
                Verdict::Reject
            }
        }
        (Some(0 | 1), 1..=31) => message.verdict(sample.role),
        (Some(0..=2), 64..) => message.verdict(sample.role),
        _ => Verdict::Reject,
    }
}

/// Whether a stream begins with the settings of RFC 8323 5.3, and goes on as CoAP.
pub fn probe_stream(bytes: &[u8]) -> Verdict {
    let Some((head, total)) = stream_head(bytes) else {
        return if bytes.len() < 2 { Verdict::NeedMore } else { Verdict::Reject };
    };
    // Settings have no token; their code is 7.01.
    let settings = bytes.first().is_some_and(|first| first & 15 == 0) && head == 2 && bytes.get(1) == Some(&0xe1);
    if !settings {
        return Verdict::Reject;
    }
    let Some((first, rest)) = usize::try_from(total).ok().and_then(|total| bytes.split_at_checked(total)) else {
        return Verdict::NeedMore;
    };
    let Some(message) = Message::stream(first, head).filter(|message| message.whole && !message.payload) else {
        return Verdict::Reject;
    };
    // The largest message (option 2) and blocks (option 4) are all that settings can tell.
    if !message.options.iter().all(|(at, value)| matches!((at, value.len()), (2, 0..=4) | (4, 0))) {
        return Verdict::Reject;
    }
    match stream_head(rest) {
        Some((head, total)) => match usize::try_from(total).ok().and_then(|total| rest.get(..total)) {
            Some(next) => match Message::stream(next, head).filter(|next| next.whole) {
                Some(next) if next.code >= 0xe1 || is_answer(next.code) => Verdict::Likely,
                Some(next) if method(next.code).is_some() => {
                    if next.has(11) {
                        Verdict::Match
                    } else {
                        Verdict::Likely
                    }
                }
                _ => Verdict::Reject,
            },
            None => Verdict::NeedMore,
        },
        None if !message.options.is_empty() => Verdict::Likely,
        None => Verdict::NeedMore,
    }
}

/// The length of a message's head with its code, and of the whole message (RFC 8323 3.2).
pub fn stream_head(bytes: &[u8]) -> Option<(usize, u64)> {
    let mut reader = Reader::new(bytes);
    let first = reader.u8()?;
    let (more, length) = match first >> 4 {
        13 => (1, u64::from(reader.u8()?).saturating_add(13)),
        14 => (2, u64::from(reader.be_u16()?).saturating_add(269)),
        15 => (4, u64::from(reader.be_u32()?).saturating_add(65_805)),
        small => (0, u64::from(small)),
    };
    reader.u8()?;
    let head = 2usize.saturating_add(more);
    Some((head, (head as u64).saturating_add(u64::from(first & 15)).saturating_add(length)))
}
