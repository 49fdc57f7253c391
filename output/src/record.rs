//! What a line is made of.

use dissectors::{Facts, Timestamp};

use crate::priority::{Facility, Severity};

/// APP-NAME of every line.
pub const APP_NAME: &str = "tapline";
/// The private enterprise number of SD-IDs where none is configured: the one that RFC 5612 sets aside for examples.
pub const DEFAULT_PEN: u32 = 32473;
/// The bytes of a line where nothing else is said. rsyslog takes 8096 and makes rubbish of more.
pub const DEFAULT_LIMIT: usize = 8000;
/// The bytes of a line in a datagram where nothing else is said: what an Ethernet frame carries without fragments.
pub const DATAGRAM_LIMIT: usize = 1400;
/// The least limit of a line: what every receiver takes (RFC 5424 6.1). The header and an empty session always fit.
pub const MIN_LIMIT: usize = 480;
/// The longest HOSTNAME (RFC 5424 6).
const HOSTNAME_BYTES: usize = 255;

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MsgId {
    /// A finished session.
    Session,
    /// An open session at its active timeout.
    Update,
    /// A request and its response inside a session.
    Transaction,
    /// The sensor's own counters.
    Status,
}

impl MsgId {
    /// The name in the line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "SESSION",
            Self::Update => "UPDATE",
            Self::Transaction => "TRANSACTION",
            Self::Status => "STATUS",
        }
    }
}

/// One line to be.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// What it tells of.
    pub msg_id: MsgId,
    /// When it happened, on the packet clock.
    pub time: Timestamp,
    /// What it tells.
    pub facts: &'a Facts,
    /// The severity, where it is neither `info` nor, for a session with flags, `notice`.
    pub severity: Option<Severity>,
}

/// Who speaks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The facility of every line.
    pub facility: Facility,
    /// The sensor's name. What may not stand in HOSTNAME is replaced by `-`.
    pub hostname: String,
    /// The process, or `None` when replaying: the same captures give the same bytes.
    pub procid: Option<u32>,
    /// The private enterprise number in SD-IDs.
    pub pen: u32,
}

impl Identity {
    /// A sensor of that name with the defaults of a replay: facility `local0`, no PROCID, [`DEFAULT_PEN`].
    pub fn new(hostname: impl Into<String>) -> Self {
        Self { facility: Facility::LOG_LOCAL0, hostname: hostname.into(), procid: None, pen: DEFAULT_PEN }
    }

    /// The name as HOSTNAME may hold it: printable ASCII, at most 255 bytes, `-` where there is none.
    pub(crate) fn clean_hostname(&self) -> String {
        // Quotation mark and backslash are allowed in HOSTNAME, but the name stands in JSON as well.
        let clean = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '\\');
        let name: String = self
            .hostname
            .chars()
            .take(HOSTNAME_BYTES)
            .map(|character| if clean(character) { character } else { '-' })
            .collect();
        if name.is_empty() { "-".to_owned() } else { name }
    }
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 5424 with structured data.
    Rfc5424,
    /// A JSON object.
    Json,
}

/// What lines for a destination must be like. Destinations with equal profiles share the rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// How lines look.
    pub format: Format,
    /// The most bytes of a line, its end not counted. Taken for [`MIN_LIMIT`] where it is less.
    pub limit: usize,
}

impl Default for Profile {
    fn default() -> Self {
        Self { format: Format::Rfc5424, limit: DEFAULT_LIMIT }
    }
}

/// What came of rendering a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Where in the line a destination puts its sequence number: before the structured data, or the first member of JSON.
    pub sd_at: usize,
    /// Whether the line's limit took something away.
    pub cut: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostname_is_printable_ascii() {
        let clean = |name: &str| Identity::new(name).clean_hostname();
        assert_eq!(clean("tap-1.example.org"), "tap-1.example.org");
        assert_eq!(clean("my \"tap\"\nü"), "my--tap---");
        assert_eq!(clean(""), "-");
        assert_eq!(clean(&"x".repeat(300)).len(), 255);
    }
}
