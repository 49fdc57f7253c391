//! iSCSI: disks over TCP (RFC 7143).
//!
//! ```text
//! 0   kind: 3F what it is, 40 at once      5   length of the data (3)
//! 1   flags                                8   logical unit, or the login's ids (8)
//! 4   length of further headers, in words  16  task (4); of an answer byte 36 is the login's status
//! 48  further headers, a digest if agreed on, data filled to four, a digest if agreed on
//! ```
//!
//! Logins and texts are `key=value` pairs, each behind a NUL. A session is recognised by its login, which names the initiator. What is
//! read and written is passed over. Limits: [`TEXT_BYTES`] of a login are read.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// The length of a head.
const HEADER: usize = 48;
/// How much text of one login or text message is read.
const TEXT_BYTES: usize = 16 * 1024;
/// The most different commands told.
const COMMANDS: usize = 32;

const SCSI_COMMAND: u8 = 0x01;
const LOGIN: u8 = 0x03;
const TEXT: u8 = 0x04;
const SCSI_RESPONSE: u8 = 0x21;
const LOGIN_RESPONSE: u8 = 0x23;
const TEXT_RESPONSE: u8 = 0x24;

static INITIATOR: Field = Field::text("initiator", "the client's name", "RFC 7143 13.5");
static TARGET: Field = Field::text("target", "the disk that the client logs in to", "RFC 7143 13.4");
static SESSION_TYPE: Field = Field::text("session_type", "`Normal` or `Discovery`", "RFC 7143 13.21");
static AUTH: Field = Field::text("auth", "ways to prove who is who, as offered, each once", "RFC 7143 12.1").list();
static USER: Field = Field::text("user", "the account of CHAP", "RFC 7143 12.1.3");
static LOGIN_STATUS: Field =
    Field::text("login_status", "how the login ended: `success`, or the status' class and detail", "RFC 7143 11.13.5");
static FOUND: Field = Field::text("found", "targets that a discovery told, each once", "RFC 7143 appendix C").list();
static ADDRESS: Field = Field::text("address", "where they are, each once", "RFC 7143 13.8").list();
static ISCSI_COMMANDS: Field =
    Field::text("commands", "commands of SCSI and how often, such as `READ_10:12`", "RFC 7143 11.3, SPC-4, SBC-3")
        .list()
        .items(COMMANDS);
static FAILURES: Field =
    Field::number("failures", "commands that ended with a status; absent if none", "RFC 7143 11.4.2");

static ELEMENT: Element = Element {
    name: "iscsi",
    meaning: "disks over the network",
    fields: &[
        &INITIATOR,
        &TARGET,
        &SESSION_TYPE,
        &AUTH,
        &USER,
        &LOGIN_STATUS,
        &FOUND,
        &ADDRESS,
        &ISCSI_COMMANDS,
        &FAILURES,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "iscsi",
    about: About {
        name: "Internet SCSI",
        specification: "RFC 7143",
        evidence: "a login that names its initiator",
        limits: "what is read and written is passed over",
        ports: &[860, 3260],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0x03..=0x03, 0x43..=0x43], server: &[LOGIN_RESPONSE..=LOGIN_RESPONSE] },
    probe,
    open: |_: &Opening| Box::new(Iscsi::default()),
};

/// A head.
struct Head {
    kind: u8,
    /// Bytes of further headers and of data, without what fills them.
    further: usize,
    data: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8()?;
        reader.skip(3)?;
        let further = usize::from(reader.u8()?).saturating_mul(4);
        let data = reader.be_u24()? as usize;
        Some(Self { kind: kind & 0x3f, further, data })
    }
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let (kind, flags) = (sample.bytes.first().copied().unwrap_or_default(), sample.bytes.get(1).copied());
    let wanted = if sample.role == Role::Client { LOGIN } else { LOGIN_RESPONSE };
    // Stages are 0, 1 and 3; two bits are never set.
    let stages = flags.is_none_or(|flags| flags & 0x30 == 0 && flags >> 2 & 3 != 2 && flags & 3 != 2);
    // A client may ask that a login be dealt with at once, and all do; a server may not.
    let at_once = sample.role == Role::Client && kind == wanted | 0x40;
    if (kind != wanted && !at_once) || !stages {
        return Verdict::Reject;
    }
    let Some(head) = Head::read(sample.bytes) else {
        return Verdict::NeedMore;
    };
    if head.further != 0 || head.data > TEXT_BYTES || (sample.role == Role::Client && head.data < 16) {
        return Verdict::Reject;
    }
    let Some(data) = sample.bytes.get(HEADER..) else {
        return Verdict::NeedMore;
    };
    let data = data.get(..head.data).unwrap_or(data);
    if sample.role == Role::Server {
        let status = sample.bytes.get(36).copied().unwrap_or(u8::MAX);
        let keyed = data.is_empty() || data.contains(&b'=');
        // The only version is 0.
        let versions = sample.bytes.get(2..4).is_some_and(|versions| versions == [0, 0]);
        return if status <= 3 && keyed && versions { Verdict::Likely } else { Verdict::Reject };
    }
    match pairs(data).any(|(key, _)| key == b"InitiatorName") {
        true => Verdict::Match,
        false if data.len() < head.data && data.iter().all(|byte| matches!(byte, 0 | b' '..=b'~')) => Verdict::NeedMore,
        false => Verdict::Reject,
    }
}

/// Keys and values.
fn pairs(data: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    data.split(|byte| *byte == 0).filter_map(|pair| {
        let at = memchr::memchr(b'=', pair)?;
        let (key, value) = pair.split_at_checked(at)?;
        Some((key, value.get(1..)?))
    })
}

#[derive(Debug, Default)]
struct Iscsi {
    initiator: Text,
    target: Text,
    session_type: Text,
    auth: List<Text>,
    user: Text,
    login: Option<(u8, u8)>,
    found: List<Text>,
    addresses: List<Text>,
    commands: List<(u8, u64), COMMANDS>,
    failures: u64,
    header_digest: bool,
    data_digest: bool,
    /// The login is over: digests are there from now on, by side.
    logged_in: [bool; 2],
}

impl Iscsi {
    fn text(&mut self, data: &[u8]) {
        for (key, value) in pairs(data) {
            let slot = match key {
                b"InitiatorName" => &mut self.initiator,
                b"TargetName" if self.session_type.bytes() == b"Discovery" => {
                    self.found.push_distinct(Text::new(value));
                    continue;
                }
                b"TargetName" => &mut self.target,
                b"SessionType" => &mut self.session_type,
                b"CHAP_N" => &mut self.user,
                b"AuthMethod" => {
                    for method in value.split(|byte| *byte == b',') {
                        self.auth.push_distinct(Text::new(method));
                    }
                    continue;
                }
                b"TargetAddress" => {
                    self.addresses.push_distinct(Text::new(value));
                    continue;
                }
                _ => continue,
            };
            if slot.is_empty() {
                *slot = Text::new(value);
            }
        }
    }

    /// What the server agreed on.
    fn agreed(&mut self, data: &[u8]) {
        for (key, value) in pairs(data) {
            match key {
                b"HeaderDigest" => self.header_digest = value == b"CRC32C",
                b"DataDigest" => self.data_digest = value == b"CRC32C",
                _ => {}
            }
        }
    }
}

impl Dissector for Iscsi {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if chunk.bytes.len() < HEADER {
            return Step::NeedMore(HEADER);
        }
        let Some(head) = Head::read(chunk.bytes) else {
            return Step::NeedMore(HEADER);
        };
        let [client, server] = self.logged_in;
        let digests = if chunk.role == Role::Client { client } else { server };
        let before =
            HEADER.saturating_add(head.further).saturating_add(if digests && self.header_digest { 4 } else { 0 });
        let trailer = if digests && self.data_digest && head.data > 0 { 4 } else { 0 };
        let length = before.saturating_add(head.data.next_multiple_of(4)).saturating_add(trailer);
        let textual = matches!(head.kind, LOGIN | LOGIN_RESPONSE | TEXT | TEXT_RESPONSE);
        if textual {
            let wanted = before.saturating_add(head.data.min(TEXT_BYTES));
            let Some(data) = chunk.bytes.get(before..wanted) else {
                return Step::NeedMore(wanted);
            };
            self.text(data);
            if head.kind == LOGIN_RESPONSE {
                self.agreed(data);
            }
        }
        let byte = |at: usize| chunk.bytes.get(at).copied().unwrap_or_default();
        match head.kind {
            LOGIN_RESPONSE => {
                self.login = Some((byte(36), byte(37)));
                // The last answer of the login: a transit to the full feature phase.
                if byte(1) & 0x83 == 0x83 && byte(36) == 0 {
                    self.logged_in = [true; 2];
                }
            }
            SCSI_COMMAND => {
                let code = byte(32);
                match self.commands.items_mut().iter_mut().find(|(known, _)| *known == code) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => {
                        self.commands.push((code, 1));
                    }
                }
            }
            SCSI_RESPONSE if byte(2) != 0 || byte(3) != 0 => self.failures = self.failures.saturating_add(1),
            _ => {}
        }
        match length.checked_sub(chunk.bytes.len()) {
            Some(beyond @ 1..) => Step::Skip(beyond as u64),
            _ => Step::Consumed(length),
        }
    }

    fn facts(&self, out: &mut Facts) {
        out.user(&self.user);
        let mut element = out.element(&ELEMENT);
        element.text(&INITIATOR, &self.initiator);
        element.text(&TARGET, &self.target);
        element.text(&SESSION_TYPE, &self.session_type);
        element.texts(&AUTH, &self.auth);
        element.text(&USER, &self.user);
        match self.login {
            Some((0, _)) => element.plain(&LOGIN_STATUS, "success"),
            Some((class, detail)) => {
                element.text(&LOGIN_STATUS, &Text::from(format!("{class:02x}{detail:02x}").as_str()))
            }
            None => {}
        }
        element.texts(&FOUND, &self.found);
        element.texts(&ADDRESS, &self.addresses);
        for (code, count) in self.commands.items() {
            let text = command(*code).map_or_else(|| format!("0x{code:02X}:{count}"), |name| format!("{name}:{count}"));
            element.value(&ISCSI_COMMANDS, Value::Bytes(text.as_bytes()));
        }
        element.omitted(&ISCSI_COMMANDS, self.commands.omitted());
        if self.failures > 0 {
            element.number(&FAILURES, self.failures);
        }
    }

    fn heap_bytes(&self) -> usize {
        let lists = [&self.auth, &self.found, &self.addresses];
        let texts = [&self.initiator, &self.target, &self.session_type, &self.user];
        size_of::<Self>()
            + lists
                .iter()
                .flat_map(|list| list.items())
                .map(|text| size_of::<Text>() + text.heap_bytes())
                .sum::<usize>()
            + texts.iter().map(|text| text.heap_bytes()).sum::<usize>()
            + size_of_val(self.commands.items())
    }
}

/// Commands of disks (SPC-4, SBC-3).
const fn command(code: u8) -> Option<&'static str> {
    Some(match code {
        0x00 => "TEST_UNIT_READY",
        0x03 => "REQUEST_SENSE",
        0x04 => "FORMAT_UNIT",
        0x08 => "READ_6",
        0x0a => "WRITE_6",
        0x12 => "INQUIRY",
        0x15 => "MODE_SELECT_6",
        0x1a => "MODE_SENSE_6",
        0x1b => "START_STOP_UNIT",
        0x25 => "READ_CAPACITY_10",
        0x28 => "READ_10",
        0x2a => "WRITE_10",
        0x2f => "VERIFY_10",
        0x35 => "SYNCHRONIZE_CACHE_10",
        0x41 => "WRITE_SAME_10",
        0x42 => "UNMAP",
        0x5a => "MODE_SENSE_10",
        0x5e => "PERSISTENT_RESERVE_IN",
        0x5f => "PERSISTENT_RESERVE_OUT",
        0x88 => "READ_16",
        0x89 => "COMPARE_AND_WRITE",
        0x8a => "WRITE_16",
        0x91 => "SYNCHRONIZE_CACHE_16",
        0x93 => "WRITE_SAME_16",
        0x9e => "SERVICE_ACTION_IN_16",
        0xa0 => "REPORT_LUNS",
        0xa3 => "MAINTENANCE_IN",
        0xa8 => "READ_12",
        0xaa => "WRITE_12",
        _ => return None,
    })
}
