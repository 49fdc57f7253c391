//! What is told of one question: an item of each aligned list.

use super::kinds::{class, kind, type_text};
use super::message::{Entry, MDNS_BIT, Section};
use super::name::Name;
use super::rdata;
use crate::capped::Text;
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
        let text = match self.kind {
            kind::IXFR | kind::AXFR => record_text(message, record),
            _ => rdata::text(message, record),
        };
        let hash = hash(&text);
        // Announcements are repeated, and responses name no record twice.
        if self.answers.contains(&hash) {
            return;
        }
        let room = ANSWER_BYTES.saturating_sub(self.answer.len());
        if self.answer.is_empty() {
            self.answer.extend_from_slice(text.get(..room).unwrap_or(&text));
            self.left_out = self.left_out.saturating_add(u32::from(text.len() > room));
        } else if text.len() < room {
            self.answer.push(b';');
            self.answer.extend_from_slice(&text);
        } else {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.answers.push(hash);
        if let Some(port) = rdata::service_port(message, record) {
            if !self.ports.is_empty() {
                self.ports.push(b';');
            }
            self.ports.extend_from_slice(port.to_string().as_bytes());
        }
    }

    /// The type's name; nothing where a response told neither question nor answers.
    pub fn kind_text(&self) -> String {
        if self.kind == 0 { String::new() } else { type_text(self.kind) }
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
        hash(&(self.name.text.to_ascii_lowercase(), self.kind))
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
