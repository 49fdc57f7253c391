//! FIX, the Financial Information eXchange (FIX Session Layer, FIX 4.0 to 5.0 over FIXT 1.1).
//!
//! ```text
//! message   8=FIX.4.4 SOH 9=length SOH 35=type SOH tag=value SOH ... 10=checksum SOH
//! length    counts from behind its own SOH up to the one before 10=
//! ```
//!
//! Limits: of a message the first [`MESSAGE_CAP`] bytes are read, of types the first sixteen are counted. Ignored on purpose: prices
//! and amounts, repeating groups, the checksum. A gap ends the session's facts.

use crate::capped::{List, Text};
use crate::dictionary::{Element, Field};
use crate::facts::{Facts, Value};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

/// What separates fields.
const SOH: u8 = 1;
/// What every message begins with.
const BEGIN: &[u8] = b"8=FIX";
/// The most bytes of a version.
const VERSION_CAP: usize = 10;
/// The most bytes of a message that are read.
const MESSAGE_CAP: usize = 4096;
/// The longest message that is believed.
const LENGTH_MAX: usize = 16 * 1024 * 1024;
/// The checksum's field behind what the length counts.
const TRAILER: usize = 7;

static VERSION: Field = Field::text("version", "version of the session: `FIX.4.2`, `FIXT.1.1`", "FIX tag 8");
static CLIENT_COMP_ID: Field = Field::text("client_comp_id", "the firm that the client speaks for", "FIX tag 49");
static SERVER_COMP_ID: Field = Field::text("server_comp_id", "the firm that the server speaks for", "FIX tag 49, 56");
static MESSAGES: Field = Field::number("messages", "messages of both sides", "FIX tag 35");
static MESSAGE_TYPE: Field =
    Field::text("message_type", "types of messages, each with its count: `Logon:2`", "FIX tag 35").list();
static SYMBOL: Field = Field::text("symbol", "instruments that were spoken of, each once", "FIX tag 55").list();
static TEXT: Field = Field::text("text", "words in rejections and logouts", "FIX tag 58").list();

/// The element.
pub static ELEMENT: Element = Element {
    name: "fix",
    meaning: "a FIX session between two firms",
    fields: &[&VERSION, &CLIENT_COMP_ID, &SERVER_COMP_ID, &MESSAGES, &MESSAGE_TYPE, &SYMBOL, &TEXT],
};

/// FIX.
pub static PROTOCOL: Protocol = Protocol {
    name: "fix",
    about: About {
        name: "Financial Information eXchange",
        specification: "FIX 4.0 to 5.0, FIXT 1.1",
        evidence: "`8=FIX` with a version and a body length behind it",
        limits: "prices, amounts and repeating groups are not told; a gap ends the facts",
        ports: &[],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[b'8'..=b'8']),
    probe,
    open: |_| Box::new(Fix::default()),
};

fn probe(sample: &Sample<'_>) -> Verdict {
    if !sample.bytes.iter().zip(BEGIN).all(|(byte, known)| byte == known) {
        return Verdict::Reject;
    }
    match head(sample.bytes) {
        Head::Whole { .. } => Verdict::Match,
        Head::Partial(_) => Verdict::NeedMore,
        Head::Wrong => Verdict::Reject,
    }
}

/// What a message's first two fields say.
enum Head<'a> {
    Whole {
        version: &'a [u8],
        /// Where the length begins to count.
        at: usize,
        len: usize,
    },
    /// So many bytes are wanted.
    Partial(usize),
    Wrong,
}

fn head(bytes: &[u8]) -> Head<'_> {
    // Version, its SOH, `9=`, up to eight digits, SOH.
    let most = VERSION_CAP + 14;
    let partial = |sound: bool| if sound && bytes.len() < most { Head::Partial(bytes.len() + 1) } else { Head::Wrong };
    let mut reader = Reader::new(bytes);
    let Some(begin) = reader.until(SOH) else {
        return partial(bytes.iter().zip(BEGIN).all(|(byte, known)| byte == known));
    };
    let Some(version) = begin.strip_prefix(b"8=").filter(|version| version.starts_with(b"FIX")) else {
        return Head::Wrong;
    };
    if version.len() > VERSION_CAP {
        return Head::Wrong;
    }
    let rest = reader.rest();
    let Some(length) = reader.until(SOH) else {
        return partial(rest.iter().zip(b"9=").all(|(byte, known)| byte == known));
    };
    let digits = length.strip_prefix(b"9=").and_then(|digits| std::str::from_utf8(digits).ok());
    match digits.and_then(|digits| digits.parse().ok()).filter(|len| *len <= LENGTH_MAX) {
        Some(len) => Head::Whole { version, at: bytes.len().saturating_sub(reader.len()), len },
        None => Head::Wrong,
    }
}

/// The name of a type of the session layer and of the commonest others.
fn type_name(kind: &[u8]) -> Option<&'static str> {
    Some(match kind {
        b"0" => "Heartbeat",
        b"1" => "TestRequest",
        b"2" => "ResendRequest",
        b"3" => "Reject",
        b"4" => "SequenceReset",
        b"5" => "Logout",
        b"8" => "ExecutionReport",
        b"9" => "OrderCancelReject",
        b"A" => "Logon",
        b"D" => "NewOrderSingle",
        b"E" => "NewOrderList",
        b"F" => "OrderCancelRequest",
        b"G" => "OrderCancelReplaceRequest",
        b"H" => "OrderStatusRequest",
        b"R" => "QuoteRequest",
        b"S" => "Quote",
        b"V" => "MarketDataRequest",
        b"W" => "MarketDataSnapshot",
        b"X" => "MarketDataIncrementalRefresh",
        b"Y" => "MarketDataRequestReject",
        b"c" => "SecurityDefinitionRequest",
        b"d" => "SecurityDefinition",
        b"j" => "BusinessMessageReject",
        _ => return None,
    })
}

#[derive(Default)]
struct Fix {
    version: Option<Text>,
    /// What each side calls itself, else what the other calls it.
    firms: [Option<Text>; 2],
    messages: u64,
    types: List<(Text, u64)>,
    symbols: List<Text>,
    texts: List<Text>,
    user: Option<Text>,
    password: bool,
}

impl Fix {
    fn message(&mut self, role: Role, body: &[u8]) {
        self.messages = self.messages.saturating_add(1);
        let mut kind = &[][..];
        // What is not behind an SOH was cut.
        for field in body.split_inclusive(|byte| *byte == SOH).filter_map(|field| field.strip_suffix(&[SOH])) {
            let Some(equals) = memchr::memchr(b'=', field) else {
                continue;
            };
            let (tag, value) = field.split_at_checked(equals).unwrap_or_default();
            let value = value.get(1..).unwrap_or_default();
            match tag {
                b"35" if kind.is_empty() => kind = value,
                b"49" => self.firm(role, value),
                b"56" => self.firm(role.other(), value),
                b"55" => self.symbols.push_distinct(Text::new(value)),
                b"58" if matches!(kind, b"3" | b"5" | b"j" | b"9") => self.texts.push_distinct(Text::new(value)),
                b"553" if self.user.is_none() => self.user = Some(Text::new(value)),
                b"554" => self.password |= !value.is_empty(),
                _ => {}
            }
        }
        let name = type_name(kind).map_or_else(|| Text::new(kind), Text::from);
        match self.types.items_mut().iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                self.types.push((name, 1));
            }
        }
    }

    fn firm(&mut self, role: Role, name: &[u8]) {
        if let Some(firm) = self.firms.get_mut(role.index()) {
            firm.get_or_insert_with(|| Text::new(name));
        }
    }
}

impl Dissector for Fix {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let (version, at, len) = match head(chunk.bytes) {
            Head::Whole { version, at, len } => (version, at, len),
            Head::Partial(wanted) => return Step::NeedMore(wanted),
            Head::Wrong => return Step::Violation,
        };
        let kept = len.min(MESSAGE_CAP);
        let Some(body) = chunk.bytes.get(at..at.saturating_add(kept)) else {
            return Step::NeedMore(at.saturating_add(kept));
        };
        self.version.get_or_insert_with(|| Text::new(version));
        self.message(chunk.role, body);
        let whole = at.saturating_add(len).saturating_add(TRAILER);
        match whole.checked_sub(chunk.bytes.len()).filter(|missing| *missing > 0) {
            Some(missing) => Step::Skip(missing as u64),
            None => Step::Consumed(whole),
        }
    }

    fn facts(&self, out: &mut Facts) {
        out.login(self.user.as_ref(), self.password);
        let mut element = out.element(&ELEMENT);
        element.maybe(&VERSION, self.version.as_ref());
        let [client, server] = &self.firms;
        element.maybe(&CLIENT_COMP_ID, client.as_ref());
        element.maybe(&SERVER_COMP_ID, server.as_ref());
        if self.messages > 0 {
            element.number(&MESSAGES, self.messages);
        }
        let types: Vec<Vec<u8>> = self
            .types
            .items()
            .iter()
            .map(|(name, count)| [name.bytes(), format!(":{count}").as_bytes()].concat())
            .collect();
        element.list(&MESSAGE_TYPE, types.iter().map(|kind| Value::Bytes(kind)), self.types.omitted());
        element.texts(&SYMBOL, &self.symbols);
        element.texts(&TEXT, &self.texts);
    }

    fn heap_bytes(&self) -> usize {
        let lists = self
            .symbols
            .items()
            .iter()
            .chain(self.texts.items())
            .chain(self.types.items().iter().map(|(name, _)| name));
        let texts = lists.chain(self.firms.iter().flatten()).chain(&self.version).chain(&self.user);
        size_of::<Self>() + texts.map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}
