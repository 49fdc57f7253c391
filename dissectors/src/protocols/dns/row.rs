//! What is told of one question: an item of each aligned list.

use std::borrow::Cow;

use super::kinds::{class, kind, type_text};
use super::message::{Entry, MDNS_BIT, Section};
use super::name::Name;
use super::rdata;
use crate::capped::Text;
use crate::digits;
use crate::keyed::hash;

/// The most answers kept for one row.
pub const ANSWERS: usize = 32;
/// The most bytes of one row's answers together: the cap of the field.
pub const ANSWER_BYTES: usize = crate::capped::LONG_TEXT_CAP;
/// Names with escapes: at most two bytes for each on the wire.
const NAME_BYTES: usize = 512;

/// One item of the aligned lists.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub query: Text,
    pub kind: u16,
    pub class: u16,
    pub rcode: Option<u16>,
    /// Joined by `;`, at most [`ANSWER_BYTES`].
    pub answer: Vec<u8>,
    /// The ports of those that are SRV, joined by `;`.
    pub ports: Vec<u8>,
    /// A hash of each answer taken in.
    pub answers: Vec<u64>,
    pub left_out: u32,
    pub ttl: Option<u32>,
    pub owner: Text,
}

impl Row {
    pub fn answer(&mut self, message: &[u8], record: &Entry) {
        self.ttl = Some(self.ttl.map_or(record.lifetime(), |ttl| ttl.min(record.lifetime())));
        if self.answers.len() >= ANSWERS {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        // It is written where it may stay.
        let before = self.answer.len();
        if before > 0 {
            self.answer.push(b';');
        }
        let start = self.answer.len();
        match self.kind {
            kind::IXFR | kind::AXFR => self.answer.extend_from_slice(&record_text(message, record)),
            _ => rdata::append(message, record, &mut self.answer),
        }
        let hash = hash(self.answer.get(start..).unwrap_or_default());
        // Announcements are repeated, and responses name no record twice.
        if self.answers.contains(&hash) {
            self.answer.truncate(before);
            return;
        }
        if self.answer.len() > ANSWER_BYTES {
            self.left_out = self.left_out.saturating_add(1);
            self.answer.truncate(if before == 0 { ANSWER_BYTES } else { before });
            self.answer.shrink_to(ANSWER_BYTES);
            if before > 0 {
                return;
            }
        }
        if self.answers.is_empty() {
            // Most questions have one answer, of which a vector would make room for four.
            self.answers.reserve_exact(1);
        }
        self.answers.push(hash);
        if let Some(port) = rdata::service_port(message, record) {
            if !self.ports.is_empty() {
                self.ports.push(b';');
            }
            digits::number(u64::from(port), &mut self.ports);
        }
    }

    /// The type's name; nothing where a response told neither question nor answers.
    pub fn kind_text(&self) -> Cow<'static, str> {
        if self.kind == 0 { Cow::default() } else { type_text(self.kind) }
    }

    /// Signatures stand beside answers and are none, but where they were asked for.
    pub fn wants(&self, record: &Entry) -> bool {
        record.kind != kind::RRSIG || matches!(self.kind, kind::RRSIG | kind::ANY | kind::IXFR | kind::AXFR)
    }

    pub fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.query.heap_bytes()
            + self.owner.heap_bytes()
            + self.answer.capacity()
            + self.ports.capacity()
            + self.answers.capacity() * size_of::<u64>()
    }
}

/// A question, read.
pub(super) struct Question {
    pub name: Name,
    pub kind: u16,
    pub class: u16,
}

impl Question {
    pub fn new(message: &[u8], entry: &Entry) -> Option<Self> {
        let name = entry.name(message).ok()?;
        Some(Self { name, kind: entry.kind, class: entry.class & !MDNS_BIT })
    }

    /// The message's first question. Others beside it are answered by no server.
    pub fn first(message: &[u8], entries: &[Entry]) -> Option<Self> {
        entries.first().filter(|entry| entry.section == Section::Question).and_then(|entry| Self::new(message, entry))
    }

    /// What a response must repeat. Servers may change the case of letters.
    pub fn key(&self) -> u64 {
        self.name.in_small_letters(|name| hash(&(name, self.kind)))
    }

    pub fn row(&self) -> Row {
        let query = Text::with_cap(&self.name.text, NAME_BYTES);
        Row { query, kind: self.kind, class: self.class, ..Row::default() }
    }
}

pub(super) fn owner_text(message: &[u8], record: &Entry) -> Text {
    record.name(message).map(|name| Text::with_cap(&name.text, NAME_BYTES)).unwrap_or_default()
}

/// A change of a dynamic update (RFC 2136 2.5): `add NAME TYPE DATA` or `delete NAME TYPE [DATA]`.
pub(super) fn change_text(message: &[u8], change: &Entry) -> Vec<u8> {
    let verb: &[u8] = if matches!(change.class, class::NONE | class::ANY) { b"delete " } else { b"add " };
    [verb, &record_text(message, change)].concat()
}

/// `NAME TYPE DATA`.
fn record_text(message: &[u8], record: &Entry) -> Vec<u8> {
    let mut text = owner_text(message, record).bytes().to_vec();
    text.extend_from_slice(format!(" {} ", type_text(record.kind)).as_bytes());
    if record.data.is_empty() {
        text.pop();
    } else {
        text.extend_from_slice(&rdata::text(message, record));
    }
    text
}
