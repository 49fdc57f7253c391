//! What is known of one session, on its way to the renderer.
//!
//! Facts are values with their field, in wire bytes, unescaped and typed; how they look is the renderer's affair.

use std::net::IpAddr;

use crate::basics::Basics;
use crate::capped::{List, Text};
use crate::dictionary::{Element, Field, Flag, Flags, Shape, session};
use crate::protocol::Role;
use crate::time::Timestamp;

/// A side of a session by who spoke first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Who sent the first packet, or the SYN: `src`.
    Originator,
    /// The other: `dst`.
    Responder,
}

impl Side {
    /// The other side.
    pub const fn other(self) -> Self {
        match self {
            Self::Originator => Self::Responder,
            Self::Responder => Self::Originator,
        }
    }

    /// 0 for the originator, 1 for the responder: an index for per-side state.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The side's name in a record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Originator => "src",
            Self::Responder => "dst",
        }
    }
}

/// A single value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Bytes of the wire. Empty in an aligned list: unknown.
    Bytes(&'a [u8]),
    /// Text of our own, which needs no escaping.
    Plain(&'static str),
    /// A whole number.
    Number(u64),
    /// Nanoseconds, told in seconds.
    Seconds(u64),
    /// Nanoseconds, told in milliseconds.
    Milliseconds(u64),
    /// An instant.
    Time(Timestamp),
    /// An address.
    Address(IpAddr),
    /// A hardware address.
    Mac([u8; 6]),
    /// `src:dst`.
    Pair(u64, u64),
    /// `yes` or `no`.
    YesNo(bool),
    /// A session's id: sixteen hexadecimal digits.
    Id(u64),
}

impl<'a> From<&'a Text> for Value<'a> {
    fn from(text: &'a Text) -> Self {
        Value::Bytes(text.bytes())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Bytes(bytes)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Value::Number(number)
    }
}

impl From<&'static str> for Value<'_> {
    fn from(text: &'static str) -> Self {
        Value::Plain(text)
    }
}

/// A value as it is stored: bytes live in the arena.
#[derive(Clone, Copy, Debug)]
enum Stored {
    Arena { start: u32, end: u32 },
    Other(Value<'static>),
}

#[derive(Clone, Debug)]
struct Entry {
    field: &'static Field,
    value: Stored,
}

/// Entries of one element that were written one after the other.
#[derive(Clone, Debug)]
struct Span {
    element: &'static Element,
    start: usize,
    end: usize,
}

/// Values of one element that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Run<'f> {
    /// The element.
    pub element: &'static Element,
    facts: &'f Facts,
    entries: &'f [Entry],
}

impl<'f> Run<'f> {
    /// Its values with their fields.
    pub fn values(&self) -> Values<'f> {
        Values { facts: self.facts, entries: self.entries.iter() }
    }
}

/// Values of one element with their fields, in the order written. Items of a list stand one after the other.
#[derive(Clone, Debug)]
pub struct Values<'f> {
    facts: &'f Facts,
    entries: std::slice::Iter<'f, Entry>,
}

impl<'f> Iterator for Values<'f> {
    type Item = (&'static Field, Value<'f>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        Some((entry.field, self.facts.load(entry.value)))
    }
}

impl<'f> Values<'f> {
    /// The next value, where it is one of that field: another item of its list.
    #[inline]
    pub fn another(&mut self, field: &'static Field) -> Option<Value<'f>> {
        let entry = self.entries.as_slice().first().filter(|entry| std::ptr::eq(entry.field, field))?;
        self.entries.next();
        Some(self.facts.load(entry.value))
    }
}

/// What the caps of dissectors left out of one field.
#[derive(Clone, Copy, Debug)]
pub struct Omission {
    /// The element.
    pub element: &'static Element,
    /// The field.
    pub field: &'static Field,
    /// Items of a list, or bytes of a value.
    pub count: u64,
}

/// The facts of one session, or of one line about the sensor itself. Made to be cleared and used again.
#[derive(Debug, Default)]
pub struct Facts {
    basics: Option<Basics>,
    entries: Vec<Entry>,
    spans: Vec<Span>,
    arena: Vec<u8>,
    omissions: Vec<Omission>,
    user: Option<Text>,
    host: Option<Stored>,
    certified: Option<Stored>,
    file: Option<Text>,
    flags: Flags,
    encrypted: Option<&'static str>,
    reveal: bool,
    client_responds: bool,
}

impl Facts {
    /// Facts with nothing in them; secrets are redacted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets secrets through (`--no-redact`).
    pub fn reveal_secrets(&mut self, reveal: bool) {
        self.reveal = reveal;
    }

    /// Whether a dissector must replace secrets before it writes a value.
    pub fn redacts(&self) -> bool {
        !self.reveal
    }

    /// Forgets everything but the settings.
    pub fn clear(&mut self) {
        self.basics = None;
        self.entries.clear();
        self.spans.clear();
        self.arena.clear();
        self.omissions.clear();
        self.user = None;
        self.host = None;
        self.certified = None;
        self.file = None;
        self.flags = Flags::default();
        self.encrypted = None;
        self.client_responds = false;
    }

    /// Says which side the client is, for facts told by role.
    pub fn set_client(&mut self, client: Side) {
        self.client_responds = client == Side::Responder;
    }

    /// The side that plays a role.
    pub fn side(&self, role: Role) -> Side {
        match (role, self.client_responds) {
            (Role::Client, false) | (Role::Server, true) => Side::Originator,
            (Role::Client, true) | (Role::Server, false) => Side::Responder,
        }
    }

    /// Tells what every session has. It leads the `session` element; what else is written of that comes after.
    #[inline]
    pub fn begin(&mut self, basics: Basics) {
        self.basics = Some(basics);
    }

    /// What every session has, where the facts are a session's.
    pub fn basics(&self) -> Option<&Basics> {
        self.basics.as_ref()
    }

    /// Starts or goes on with an element.
    pub fn element(&mut self, element: &'static Element) -> Writer<'_> {
        let fresh = !self.spans.iter().any(|span| std::ptr::eq(span.element, element));
        Writer { facts: self, element, fresh }
    }

    /// Names the account; the first one named stays.
    pub fn user(&mut self, user: &Text) {
        if !user.is_empty() && self.user.is_none() {
            self.user = Some(user.clone());
        }
    }

    /// Names the account of a log-in, and says whether its password went over the wire as it is.
    pub fn login(&mut self, user: Option<&Text>, password: bool) {
        if password {
            self.flag(Flag::CleartextPassword);
        }
        if let Some(user) = user {
            self.user(user);
        }
    }

    /// Names the host that the client wants (SNI, Host); the first one named stays.
    pub fn host(&mut self, host: &[u8]) {
        if !host.is_empty() && self.host.is_none() {
            self.host = Some(self.store(Value::Bytes(host)));
        }
    }

    /// Names the host that the server can prove to be; the first one named stays.
    pub fn certified_host(&mut self, host: &[u8]) {
        if !host.is_empty() && self.certified.is_none() {
            self.certified = Some(self.store(Value::Bytes(host)));
        }
    }

    /// Names the file that the session carries, as another session announced it.
    pub fn expect_file(&mut self, name: Text) {
        self.file = Some(name);
    }

    /// The name that was announced for the file that the session carries.
    pub fn expected_file(&self) -> Option<&Text> {
        self.file.as_ref()
    }

    /// Flags the session with all of them.
    pub fn flag_all(&mut self, flags: Flags) {
        self.flags.merge(flags);
    }

    /// Flags the session.
    pub fn flag(&mut self, flag: Flag) {
        self.flags.insert(flag);
    }

    /// Says that the session is encrypted, and how that is known: `protocol`, `looks-random`, `compressed`.
    pub fn encrypted(&mut self, how: &'static str) {
        self.encrypted.get_or_insert(how);
    }

    /// Says what is inside another protocol; that it is encrypted says nothing of the session.
    pub fn inside(&mut self, tell: impl FnOnce(&mut Self)) {
        let encrypted = self.encrypted;
        tell(self);
        self.encrypted = encrypted;
    }

    /// The account that was named.
    pub fn named_user(&self) -> Option<&Text> {
        self.user.as_ref()
    }

    /// The hosts that were named: the one that the client wants, and the one that the server can prove to be.
    pub fn hosts(&self) -> [Option<&[u8]>; 2] {
        [self.host, self.certified].map(|stored| match self.load(stored?) {
            Value::Bytes(host) => Some(host),
            _ => None,
        })
    }

    /// The flags so far.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// How the session is known to be encrypted.
    pub fn encryption(&self) -> Option<&'static str> {
        self.encrypted
    }

    /// What dissectors left out.
    pub fn omissions(&self) -> &[Omission] {
        &self.omissions
    }

    /// Every value with its element and field, in the order written: whatever it is a value of. Items of a list stand one after the other.
    pub fn values(&self) -> impl Iterator<Item = (&'static Element, &'static Field, Value<'_>)> {
        let mut all = Vec::new();
        if let Some(basics) = &self.basics {
            basics.each(&mut |field, value| all.push((&session::ELEMENT, field, value)));
        }
        let runs = self.runs().flat_map(|run| run.values().map(move |(field, value)| (run.element, field, value)));
        all.into_iter().chain(runs)
    }

    /// The values beside the basics, in the order written, in runs of one element.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        self.spans.iter().map(|&Span { element, start, end }| {
            let entries = self.entries.get(start..end).unwrap_or_default();
            Run { element, facts: self, entries }
        })
    }

    /// The elements of these values, in the order in which they were started.
    pub fn elements(&self) -> impl Iterator<Item = &'static Element> + '_ {
        self.spans.iter().enumerate().filter_map(|(at, span)| {
            let before = self.spans.get(..at).unwrap_or_default();
            (!before.iter().any(|known| std::ptr::eq(known.element, span.element))).then_some(span.element)
        })
    }

    /// How many values were written of a field.
    pub fn count(&self, field: &'static Field) -> usize {
        self.entries.iter().filter(|entry| std::ptr::eq(entry.field, field)).count()
    }

    /// The first value of a field, where it has one.
    #[cfg(test)]
    pub(crate) fn get(&self, field: &'static Field) -> Option<Value<'_>> {
        self.entries.iter().find(|entry| std::ptr::eq(entry.field, field)).map(|entry| self.load(entry.value))
    }

    #[inline]
    fn load(&self, stored: Stored) -> Value<'_> {
        match stored {
            Stored::Arena { start, end } => {
                Value::Bytes(self.arena.get(start as usize..end as usize).unwrap_or_default())
            }
            Stored::Other(value) => value,
        }
    }

    fn store(&mut self, value: Value<'_>) -> Stored {
        Stored::Other(match value {
            Value::Bytes(bytes) => {
                let start = u32::try_from(self.arena.len()).unwrap_or(u32::MAX);
                self.arena.extend_from_slice(bytes);
                let end = u32::try_from(self.arena.len()).unwrap_or(u32::MAX);
                return Stored::Arena { start, end };
            }
            Value::Plain(text) => Value::Plain(text),
            Value::Number(number) => Value::Number(number),
            Value::Seconds(nanos) => Value::Seconds(nanos),
            Value::Milliseconds(nanos) => Value::Milliseconds(nanos),
            Value::Time(time) => Value::Time(time),
            Value::Address(address) => Value::Address(address),
            Value::Mac(mac) => Value::Mac(mac),
            Value::Pair(src, dst) => Value::Pair(src, dst),
            Value::YesNo(yes) => Value::YesNo(yes),
            Value::Id(id) => Value::Id(id),
        })
    }
}

/// Writes the fields of one element.
///
/// A single-valued field that is written twice keeps its first value, so that an element that two dissectors of one session share
/// stays well-formed.
#[derive(Debug)]
pub struct Writer<'f> {
    facts: &'f mut Facts,
    element: &'static Element,
    fresh: bool,
}

impl Writer<'_> {
    /// Writes a text that a dissector kept; an empty one is an absent fact.
    pub fn text(&mut self, field: &'static Field, text: &Text) {
        if !text.is_empty() && self.value(field, Value::Bytes(text.bytes())) {
            self.omitted(field, text.omitted());
        }
    }

    /// Writes a text where there is one.
    pub fn maybe(&mut self, field: &'static Field, text: Option<&Text>) {
        if let Some(text) = text {
            self.text(field, text);
        }
    }

    /// Writes bytes; none at all are an absent fact.
    pub fn bytes(&mut self, field: &'static Field, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.value(field, Value::Bytes(bytes));
        }
    }

    /// Writes text of our own.
    pub fn plain(&mut self, field: &'static Field, text: &'static str) {
        self.put(field, Value::Plain(text));
    }

    /// Writes a number.
    pub fn number(&mut self, field: &'static Field, number: u64) {
        self.put(field, Value::Number(number));
    }

    /// Writes `yes` or `no`.
    pub fn yes_no(&mut self, field: &'static Field, yes: bool) {
        self.put(field, Value::YesNo(yes));
    }

    /// Writes any value. Tells whether it was taken.
    pub fn value(&mut self, field: &'static Field, value: Value<'_>) -> bool {
        let taken = self.is_free(field);
        if taken {
            let stored = self.facts.store(value);
            self.push(field, stored);
        }
        taken
    }

    /// Writes a value that holds no bytes.
    fn put(&mut self, field: &'static Field, value: Value<'static>) {
        if self.is_free(field) {
            self.push(field, Stored::Other(value));
        }
    }

    #[inline]
    fn push(&mut self, field: &'static Field, value: Stored) {
        let Facts { entries, spans, .. } = &mut *self.facts;
        let start = entries.len();
        entries.push(Entry { field, value });
        let end = entries.len();
        match spans.last_mut() {
            Some(last) if std::ptr::eq(last.element, self.element) => last.end = end,
            _ => spans.push(Span { element: self.element, start, end }),
        }
    }

    /// Whether a value of the field may be written: a field of one value keeps its first.
    #[inline]
    fn is_free(&self, field: &'static Field) -> bool {
        debug_assert!(
            self.element.fields.iter().any(|known| std::ptr::eq(*known, field)),
            "{} is no field of {}",
            field.name,
            self.element.name
        );
        self.fresh || field.shape != Shape::One || !self.holds(field)
    }

    /// Writes a list with what its cap left out. In an aligned list an empty value says unknown; in another it is passed over.
    pub fn list<'v, V: Into<Value<'v>>>(
        &mut self,
        field: &'static Field,
        values: impl IntoIterator<Item = V>,
        omitted: u32,
    ) {
        for value in values {
            let value = value.into();
            if field.shape == Shape::Aligned || value != Value::Bytes(&[]) {
                self.value(field, value);
            }
        }
        self.omitted(field, omitted);
    }

    /// Writes a list of texts.
    pub fn texts<const CAP: usize>(&mut self, field: &'static Field, list: &List<Text, CAP>) {
        self.list(field, list.items(), list.omitted());
    }

    /// Counts items or bytes of a field that were left out before they came here.
    pub fn omitted(&mut self, field: &'static Field, count: u32) {
        if count > 0 {
            self.facts.omissions.push(Omission { element: self.element, field, count: u64::from(count) });
        }
    }

    /// The side that plays a role, by its name in a record.
    pub fn side_name(&self, role: Role) -> &'static str {
        self.facts.side(role).name()
    }

    fn holds(&self, field: &'static Field) -> bool {
        let runs = self.facts.runs().filter(|run| std::ptr::eq(run.element, self.element));
        { runs }.any(|run| run.entries.iter().any(|entry| std::ptr::eq(entry.field, field)))
    }
}
