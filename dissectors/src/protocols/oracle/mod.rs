//! Oracle Net: Transparent Network Substrate (TNS), and what explains itself of the layer above ([`ttc`]).
//!
//! ```text
//! 0   length (2), checksum (2); from version 315 on, behind the acceptance: length (4)
//! 4   type: 1 connect, 2 accept, 4 refuse, 5 redirect, 6 data, 9 abort, 11 resend, 12 marker, 13 attention, 14 control
//! 5   flags, checksum (2)
//! 8   connect: version (2), compatible (2), options (2), sizes (2, 2), characteristics (2), turnarounds (2), one (2), descriptor's length
//!     and offset (2, 2), ...; a long descriptor follows in a packet of data
//! ```
//!
//! Nothing of this is published; the layout is what all implementations send. At most [`LOOK_BYTES`] of a packet are looked at. Statements
//! are told where they stand behind their length in one packet. Ignored on purpose: rows, binds, negotiation of types, and everything once
//! native encryption begins, which nothing here can tell from data.

mod descriptor;
mod ttc;

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::Facts;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;
use crate::sql::lane::{Footing, Lane};
use crate::sql::{self, Dialect, Errors, Statements};

/// A packet's header.
const HEADER: usize = 8;
/// How much of a packet is looked at.
const LOOK_BYTES: usize = 8 * 1024;
/// The longest packet.
const PACKET_BYTES: usize = 2 * 1024 * 1024;
/// The versions that are believed: from Oracle 7 to what may come.
const VERSIONS: std::ops::RangeInclusive<u16> = 300..=330;

/// The upper byte of the longest first packet that is believed.
const LENGTH_HIGH: u8 = 0x1f;

const CONNECT: u8 = 1;
const ACCEPT: u8 = 2;
const REFUSE: u8 = 4;
const REDIRECT: u8 = 5;
const DATA: u8 = 6;
const RESEND: u8 = 11;

static USER: Field = Field::text(
    "user",
    "accounts: of the client's system as the descriptor names it, then of the database as the login names it",
    "connect descriptor; TTC login",
)
.list();
static VERSION: Field = Field::number("version", "version of TNS that was accepted, else the client's", "TNS");
static SERVICE: Field = Field::text("service", "service or SID asked for", "connect descriptor");
static HOST: Field = Field::text("host", "the server's host as the client names it", "connect descriptor");
static REDIRECTED: Field = Field::text("redirect", "the address that the client is sent to", "redirect");
static OUTCOME: Field = Field::text("result", "`accepted`, `refused` or `redirected`", "TNS");
static ERROR_CODE: Field = Field::number("error_code", "number of each error, of TNS or ORA", "refusal; TTC").aligned();

static ELEMENT: Element = Element {
    name: "oracle",
    meaning: "Oracle Net",
    fields: &[
        &VERSION,
        &USER,
        &SERVICE,
        &sql::CLIENT_HOST,
        &sql::APPLICATION,
        &HOST,
        &OUTCOME,
        &REDIRECTED,
        &sql::SERVER_VERSION,
        &sql::VERBS,
        &sql::STATEMENT,
        &ERROR_CODE,
        &sql::ERROR,
    ],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "oracle",
    about: About {
        name: "Oracle Net (TNS)",
        specification: "not published; what implementations send",
        evidence: "a connect packet whose fields fit, or the answer to it",
        limits: "rows, binds, and everything once native encryption begins",
        ports: &[1521, 1522, 1525, 1526, 1529, 2483, 2484],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[0..=LENGTH_HIGH]),
    probe,
    open: |_: &Opening| Box::new(Oracle::new()),
};

/// A packet's type and length with its header.
fn header(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut reader = Reader::new(bytes);
    let short = reader.be_u16()?;
    let second = reader.be_u16()?;
    let [kind, _flags, _, _] = reader.array()?;
    let length = if short == 0 { usize::from(second) } else { usize::from(short) };
    // The first packets have a checksum there, which nobody computes.
    ((short == 0 || second == 0) && length >= HEADER && matches!(kind, 1..=14)).then_some((kind, length))
}

/// The longer length, once it is agreed on: a type and a length.
fn long_header(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut reader = Reader::new(bytes);
    let length = usize::try_from(reader.be_u32()?).ok()?;
    let [kind, ..] = reader.array::<4>()?;
    ((HEADER..=PACKET_BYTES).contains(&length) && matches!(kind, 1..=14)).then_some((kind, length))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    if bytes.first().is_some_and(|high| *high > LENGTH_HIGH) {
        return Verdict::Reject;
    }
    if bytes.len() < HEADER {
        let zero = |at: usize| bytes.get(at).is_none_or(|byte| *byte == 0);
        let kind = bytes.get(4).is_none_or(|kind| matches!(kind, 1..=14));
        return if zero(2) && zero(3) && kind { Verdict::NeedMore } else { Verdict::Reject };
    }
    let Some((kind, length)) = header(bytes) else {
        return Verdict::Reject;
    };
    let rest = bytes.get(HEADER..).unwrap_or_default();
    let body = rest.get(..length.saturating_sub(HEADER)).unwrap_or(rest);
    let whole = body.len() == length.saturating_sub(HEADER);
    let checksum = bytes.get(6..HEADER) == Some(&[0, 0]);
    let or_more = |fits: Option<Verdict>| match fits {
        Some(verdict) => verdict,
        None if whole => Verdict::Reject,
        None => Verdict::NeedMore,
    };
    match (sample.role, kind) {
        _ if !checksum => Verdict::Reject,
        (Role::Client, CONNECT) => or_more(connect(body, whole)),
        (Role::Server, ACCEPT) => or_more(accept(body)),
        (Role::Server, REFUSE) => or_more(described(body, 4)),
        (Role::Server, REDIRECT) => or_more(described(body, 2)),
        (Role::Server, RESEND) if length == HEADER => Verdict::Likely,
        // A negotiation in midstream.
        (_, DATA) if body.len() >= 6 => {
            if body.get(2..6) == Some(&[0xde, 0xad, 0xbe, 0xef]) {
                Verdict::Match
            } else {
                Verdict::Reject
            }
        }
        (_, DATA) => or_more(None),
        _ => Verdict::Reject,
    }
}

fn connect(body: &[u8], whole: bool) -> Option<Verdict> {
    let mut reader = Reader::new(body);
    let (version, compatible) = (reader.be_u16()?, reader.be_u16()?);
    if !VERSIONS.contains(&version) || !(100..=version).contains(&compatible) {
        return Some(Verdict::Reject);
    }
    reader.skip(10)?;
    // In the byte order of the client.
    let one = reader.be_u16()?;
    let (length, offset) = (usize::from(reader.be_u16()?), usize::from(reader.be_u16()?));
    if !matches!(one, 0x0001 | 0x0100) || offset < HEADER + 18 {
        return Some(Verdict::Reject);
    }
    match body.get(offset.saturating_sub(HEADER)..) {
        Some([b'(', ..]) => Some(Verdict::Match),
        // It follows in the next packet.
        Some([]) if whole && length > 0 => Some(Verdict::Likely),
        None if whole => Some(Verdict::Likely),
        Some([_, ..]) => Some(Verdict::Reject),
        _ => None,
    }
}

fn accept(body: &[u8]) -> Option<Verdict> {
    let mut reader = Reader::new(body);
    let version = reader.be_u16()?;
    if !VERSIONS.contains(&version) {
        return Some(Verdict::Reject);
    }
    reader.skip(6)?;
    Some(if matches!(reader.be_u16()?, 0x0001 | 0x0100) { Verdict::Likely } else { Verdict::Reject })
}

/// A descriptor behind so many bytes.
fn described(body: &[u8], before: usize) -> Option<Verdict> {
    let text = body.get(before..).filter(|text| text.len() >= 12)?;
    let begins = [&b"(DESCRIPTION="[..], b"(ADDRESS=", b"(ERR", b"(TMP="].iter().any(|mark| {
        let shown = text.get(..mark.len()).unwrap_or(text);
        mark.get(..shown.len()).is_some_and(|mark| mark.eq_ignore_ascii_case(shown))
    });
    Some(if begins { Verdict::Match } else { Verdict::Reject })
}

#[derive(Debug)]
struct Oracle {
    lanes: [Lane; 2],
    long: bool,
    version: Option<u64>,
    users: List<Text>,
    service: Text,
    client_host: Text,
    application: Text,
    host: Text,
    account: Text,
    server_version: Text,
    outcome: Option<&'static str>,
    redirect: Text,
    described: bool,
    statements: Statements,
    spoken: bool,
    errors: Errors,
}

impl Oracle {
    fn new() -> Self {
        Self {
            lanes: Default::default(),
            long: false,
            version: None,
            users: List::default(),
            service: Text::default(),
            client_host: Text::default(),
            application: Text::default(),
            host: Text::default(),
            account: Text::default(),
            server_version: Text::default(),
            outcome: None,
            redirect: Text::default(),
            described: false,
            statements: Statements::new(Dialect::Oracle),
            spoken: false,
            errors: Errors::default(),
        }
    }

    fn lane(&mut self, role: Role) -> &mut Lane {
        let [client, server] = &mut self.lanes;
        if role == Role::Client { client } else { server }
    }

    fn step(&mut self, role: Role, bytes: &[u8]) -> Step {
        let long = self.long;
        let lane = self.lane(role);
        if lane.footing == Footing::Lost {
            return Step::Consumed(bytes.len());
        }
        if lane.left > 0 {
            return lane.pass(bytes.len());
        }
        if bytes.len() < HEADER {
            return Step::NeedMore(HEADER);
        }
        // An acceptance of the new version itself still has the short length, and so may a client's packet that crosses it.
        let header = if long { long_header(bytes).or_else(|| header(bytes)) } else { header(bytes) };
        let Some((kind, length)) = header else {
            if lane.footing == Footing::Sure {
                return Step::Violation;
            }
            lane.footing = Footing::Lost;
            return Step::Consumed(bytes.len());
        };
        let look = if matches!(kind, CONNECT..=REDIRECT | DATA) { length.min(LOOK_BYTES) } else { HEADER };
        let Some(packet) = bytes.get(..look) else {
            return Step::NeedMore(look);
        };
        lane.left = length.saturating_sub(look) as u64;
        lane.footing = Footing::Sure;
        self.lane(role.other()).turn();
        let body = packet.get(HEADER..).unwrap_or_default();
        match (role, kind) {
            (Role::Client, CONNECT) => self.connect(body),
            (Role::Server, ACCEPT) => {
                self.outcome = Some("accepted");
                let version = Reader::new(body).be_u16();
                self.version = version.map(u64::from).or(self.version);
                self.long = version.is_some_and(|version| version >= 315);
            }
            (Role::Server, REFUSE) => self.refuse(body.get(4..).unwrap_or_default()),
            (Role::Server, REDIRECT) => {
                self.outcome = Some("redirected");
                self.redirected(body.get(2..).unwrap_or_default());
            }
            (Role::Client, DATA) => self.client_says(body.get(2..).unwrap_or_default()),
            (Role::Server, DATA) => self.server_says(body.get(2..).unwrap_or_default()),
            _ => {}
        }
        Step::Consumed(look)
    }

    fn connect(&mut self, body: &[u8]) {
        let mut reader = Reader::new(body);
        self.version = self.version.or(reader.be_u16().map(u64::from));
        let offset = reader.skip(16).and_then(|()| reader.be_u16()).map_or(usize::MAX, usize::from);
        self.descriptor(body.get(offset.saturating_sub(HEADER)..).unwrap_or_default());
    }

    fn descriptor(&mut self, text: &[u8]) {
        // It is sent again where the server asks for it.
        if self.described || text.first() != Some(&b'(') {
            return;
        }
        self.described = true;
        let mut sid = Text::default();
        for (parent, key, value) in descriptor::values(text) {
            let in_cid = parent.eq_ignore_ascii_case(b"CID");
            let to = match key.to_ascii_uppercase().as_slice() {
                b"SERVICE_NAME" => &mut self.service,
                b"SID" => &mut sid,
                b"PROGRAM" => &mut self.application,
                b"HOST" if in_cid => &mut self.client_host,
                b"HOST" => &mut self.host,
                b"USER" => {
                    if !value.is_empty() {
                        self.users.push_distinct(Text::new(value));
                    }
                    continue;
                }
                _ => continue,
            };
            if to.is_empty() {
                *to = Text::new(value);
            }
        }
        if self.service.is_empty() {
            self.service = sid;
        }
    }

    fn refuse(&mut self, text: &[u8]) {
        self.outcome = Some("refused");
        let mut code = None;
        for (_, key, value) in descriptor::values(text) {
            let number = std::str::from_utf8(value).ok().and_then(|value| value.parse::<u64>().ok());
            match key.to_ascii_uppercase().as_slice() {
                b"ERR" | b"CODE" => code = code.or(number.filter(|number| *number > 0)),
                b"VSNNUM" => {
                    if let Some(number) = number.filter(|number| *number > 0 && self.server_version.is_empty()) {
                        self.server_version = release(number);
                    }
                }
                _ => {}
            }
        }
        if code.is_some() {
            let message = Text::from(code.map_or("", reason));
            self.errors.push(|| sql::Error { code, state: Text::default(), message, names_only: true });
        }
    }

    fn redirected(&mut self, text: &[u8]) {
        let (mut host, mut port): (&[u8], &[u8]) = (b"", b"");
        for (_, key, value) in descriptor::values(text) {
            match key.to_ascii_uppercase().as_slice() {
                b"HOST" if host.is_empty() => host = value,
                b"PORT" if port.is_empty() => port = value,
                _ => {}
            }
        }
        if !host.is_empty() {
            self.redirect = Text::new(&[host, b":", port].concat());
        }
    }

    fn client_says(&mut self, data: &[u8]) {
        if data.starts_with(b"(") {
            self.descriptor(data);
        } else if ttc::is_login(data) {
            if let Some(account) = ttc::account(data)
                && self.account.is_empty()
            {
                self.account = Text::new(account);
                self.users.push_distinct(self.account.clone());
            }
            let attributes =
                [(&b"AUTH_PROGRAM_NM"[..], &mut self.application), (b"AUTH_MACHINE", &mut self.client_host)];
            for (name, to) in attributes {
                if let Some(value) = ttc::attribute(data, name)
                    && to.is_empty()
                {
                    *to = Text::new(value);
                }
            }
        } else if let Some(text) = ttc::statement(data) {
            self.spoken = true;
            self.statements.whole(&text);
        }
    }

    fn server_says(&mut self, data: &[u8]) {
        if !self.spoken
            && self.server_version.is_empty()
            && let Some(at) = memchr::memmem::find(data, b"Oracle Database ")
        {
            let text = data.get(at..).unwrap_or_default();
            let end = text.iter().position(|byte| !matches!(byte, b' '..=b'~')).unwrap_or(text.len());
            self.server_version = Text::new(text.get(..end).unwrap_or_default());
        }
        if let Some((number, text)) = ttc::error(data) {
            let (code, message) = (Some(number), Text::new(text));
            // Those of logins, objects and privileges quote names.
            let names_only = matches!(number, 1 | 900..=1031 | 28000..=28003);
            self.errors.push(|| sql::Error { code, state: Text::default(), message, names_only });
        }
    }
}

/// A release as a number has it: 0x0b200400 is 11.2.0.4.0.
fn release(number: u64) -> Text {
    let parts = [number >> 24 & 255, number >> 20 & 15, number >> 12 & 255, number >> 8 & 15, number & 255];
    Text::from(parts.map(|part| part.to_string()).join(".").as_str())
}

/// What a listener's refusal means.
fn reason(code: u64) -> &'static str {
    match code {
        1153 => "connect data not understood",
        1189 => "user not authenticated",
        12500 => "server process not started",
        12502 => "no service named",
        12504 => "no service named",
        12505 => "SID not known",
        12514 => "service not known",
        12516..=12520 => "no handler for this service",
        12523 | 12526..=12528 => "instance does not take connections",
        12525 => "request came too late",
        12537 => "connection closed",
        12560 => "protocol adapter error",
        12564 => "connection refused",
        12618 => "versions are incompatible",
        _ => "",
    }
}

impl Dissector for Oracle {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let step = self.step(chunk.role, chunk.bytes);
        self.lane(chunk.role).waiting = matches!(step, Step::NeedMore(_));
        step
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        self.lane(role).missed(bytes);
        Step::Consumed(0)
    }

    fn facts(&self, out: &mut Facts) {
        // The account of the database counts, where it is known.
        out.user(&self.account);
        if let Some(user) = self.users.items().first() {
            out.user(user);
        }
        let reveal = !out.redacts();
        let mut element = out.element(&ELEMENT);
        if let Some(version) = self.version {
            element.number(&VERSION, version);
        }
        element.texts(&USER, &self.users);
        element.text(&SERVICE, &self.service);
        element.text(&sql::CLIENT_HOST, &self.client_host);
        element.text(&sql::APPLICATION, &self.application);
        element.text(&HOST, &self.host);
        if let Some(outcome) = self.outcome {
            element.plain(&OUTCOME, outcome);
        }
        element.text(&REDIRECTED, &self.redirect);
        element.text(&sql::SERVER_VERSION, &self.server_version);
        self.statements.facts(&mut element, reveal);
        self.errors.facts(&mut element, reveal, Some(&ERROR_CODE), None);
    }

    fn heap_bytes(&self) -> usize {
        let texts = [
            &self.service,
            &self.client_host,
            &self.application,
            &self.host,
            &self.account,
            &self.server_version,
            &self.redirect,
        ];
        let text = |text: &Text| size_of::<Text>() + text.heap_bytes();
        size_of::<Self>()
            + texts.into_iter().map(|text| text.heap_bytes()).sum::<usize>()
            + self.users.items().iter().map(text).sum::<usize>()
            + self.statements.heap_bytes()
            + self.errors.heap_bytes()
    }
}
