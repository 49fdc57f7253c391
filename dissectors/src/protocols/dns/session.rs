//! The state of one session of DNS, mDNS or LLMNR.
//!
//! A *row* is one item of the aligned lists. In DNS and LLMNR it is a transaction: a query with its response, matched by id and
//! question, or a response whose query was not seen. In mDNS nobody is asked in particular and anyone may speak, so each
//! distinct question is a row, and so is each owner and type that the session's sender announced or said to know already, with all
//! its data.

use std::net::IpAddr;

use super::edns::Edns;
use super::kinds::{class_text, kind, opcode_text, rcode_text};
use super::message::{Entry, Header, MDNS_BIT, Section, Walk, flag, opcode};
use super::probe::Flavour;
use super::row::{Question, Row, change_text, owner_text};
use super::{ROWS, fields as f};
use crate::capped::{List, Text};
use crate::facts::{Facts, Value};
use crate::news::News;
use crate::protocol::{Chunk, Dissector, Opening, Role, Step, Transport};
use crate::reader::Reader;
use crate::time::Timestamp;

/// Queries remembered for matching. With more at once the oldest are taken for unanswered.
pub const TRACKED: usize = 128;
/// Entries of one message whose names are put together; the others are passed over.
pub const ENTRIES_READ: usize = 256;
/// Addresses of one response that are told to other sessions.
pub const ADDRESSES: usize = 16;

/// A query or a lone response, remembered for what may still come of it.
#[derive(Clone, Copy, Debug)]
struct Tracked {
    id: u16,
    /// Of the question's name in small letters and its type.
    question: u64,
    row: Option<usize>,
    asked: Option<Timestamp>,
    answered: bool,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    flavour: Flavour,
    transport: Transport,
    rows: List<Row, ROWS>,
    tracked: Vec<Tracked>,
    queries: u64,
    responses: u64,
    answered: u64,
    failures: u64,
    retransmits: u64,
    surplus: u64,
    malformed: u64,
    rtt_nanos: u64,
    opcodes: List<u8>,
    remarks: Remarks,
    edns_size: Option<u16>,
    client_subnet: Option<Text>,
    errors: List<u16>,
    updates: List<Text>,
    news: Vec<News>,
}

/// What `flags` may say, in its order.
#[derive(Debug, Default)]
struct Remarks {
    authoritative: bool,
    truncated: bool,
    authenticated: bool,
    dnssec: bool,
    conflict: bool,
    tentative: bool,
    unicast: bool,
    flush: bool,
    goodbye: bool,
    known: bool,
}

impl Session {
    /// Nothing seen yet.
    pub fn new(flavour: Flavour, opening: &Opening) -> Self {
        Self {
            flavour,
            transport: opening.transport,
            rows: List::default(),
            tracked: Vec::new(),
            queries: 0,
            responses: 0,
            answered: 0,
            failures: 0,
            retransmits: 0,
            surplus: 0,
            malformed: 0,
            rtt_nanos: 0,
            opcodes: List::default(),
            remarks: Remarks::default(),
            edns_size: None,
            client_subnet: None,
            errors: List::default(),
            updates: List::default(),
            news: Vec::new(),
        }
    }

    /// Takes one message, as far as it can be read.
    fn message(&mut self, message: &[u8], time: Timestamp) {
        let Some(header) = Header::read(message) else {
            self.malformed = self.malformed.saturating_add(1);
            return;
        };
        let mut walk = Walk::new(message, &header);
        let entries: Vec<Entry> = walk.by_ref().take(ENTRIES_READ).collect();
        let beyond = walk.by_ref().filter(|entry| entry.section == Section::Answer).count();
        if walk.fault().is_some() || walk.leftover() > 0 || !walk.sound() {
            self.malformed = self.malformed.saturating_add(1);
        }
        if header.opcode() != opcode::QUERY {
            self.opcodes.push_distinct(header.opcode());
        }
        let edns = entries
            .iter()
            .find(|entry| entry.section == Section::Additional && entry.kind == kind::OPT)
            .map(|record| Edns::read(message, record));
        self.remark(&header, edns.as_ref());
        match (self.flavour, header.is_response()) {
            (Flavour::Mdns, response) => self.multicast(message, &header, &entries, response),
            (_, false) => self.query(message, &header, &entries, time),
            (_, true) => self.response(message, &header, &entries, beyond, edns.as_ref(), time),
        }
    }

    fn remark(&mut self, header: &Header, edns: Option<&Edns>) {
        let remarks = &mut self.remarks;
        remarks.truncated |= header.has(flag::TC) && (self.flavour != Flavour::Mdns || header.is_response());
        match self.flavour {
            Flavour::Dns if header.is_response() => {
                remarks.authoritative |= header.has(flag::AA);
                remarks.authenticated |= header.has(flag::AD);
            }
            Flavour::Llmnr => {
                remarks.conflict |= header.has(flag::AA);
                remarks.tentative |= header.has(flag::RD);
            }
            _ => {}
        }
        if let Some(edns) = edns {
            if !header.is_response() {
                self.edns_size.get_or_insert(edns.size);
                remarks.dnssec |= edns.dnssec;
            }
            if let Some(subnet) = &edns.client_subnet {
                self.client_subnet.get_or_insert_with(|| Text::from(subnet.as_str()));
            }
            if let Some(error) = edns.error {
                self.errors.push_distinct(error);
            }
        }
    }

    fn query(&mut self, message: &[u8], header: &Header, entries: &[Entry], time: Timestamp) {
        let Some(question) = Question::first(message, entries) else {
            return;
        };
        let key = question.key();
        if self.tracked.iter().any(|known| known.id == header.id && known.question == key && !known.answered) {
            self.retransmits = self.retransmits.saturating_add(1);
            return;
        }
        self.queries = self.queries.saturating_add(1);
        let row = self.row(question.row());
        self.track(Tracked { id: header.id, question: key, row, asked: Some(time), answered: false });
        if header.opcode() == opcode::UPDATE {
            for change in entries.iter().filter(|entry| entry.section == Section::Authority) {
                self.updates.push_with(|| Text::new(&change_text(message, change)));
            }
        }
    }

    fn response(
        &mut self,
        message: &[u8],
        header: &Header,
        entries: &[Entry],
        beyond: usize,
        edns: Option<&Edns>,
        time: Timestamp,
    ) {
        self.responses = self.responses.saturating_add(1);
        let question = Question::first(message, entries);
        self.learn(message, entries, question.as_ref());
        let key = question.as_ref().map(Question::key);
        let fits = |known: &Tracked| known.id == header.id && key.is_none_or(|key| key == known.question);
        let waiting = self.tracked.iter().position(|known| fits(known) && !known.answered);
        let Some(at) = waiting.or_else(|| self.tracked.iter().rposition(fits)) else {
            let row = self.row(question.as_ref().map(Question::row).unwrap_or_default());
            let question = key.unwrap_or_default();
            self.track(Tracked { id: header.id, question, row, asked: None, answered: true });
            self.conclude(header, edns, row);
            self.answers(message, header, entries, beyond, row);
            return;
        };
        let Some(known) = self.tracked.get_mut(at) else {
            return;
        };
        let (again, row) = (std::mem::replace(&mut known.answered, true), known.row);
        if !again {
            if let Some(asked) = known.asked {
                self.rtt_nanos = self.rtt_nanos.saturating_add(time.since(asked));
            }
            self.answered = self.answered.saturating_add(1);
            self.conclude(header, edns, row);
            self.answers(message, header, entries, beyond, row);
        } else if self.transport == Transport::Tcp {
            // A zone transfer goes on.
            self.answers(message, header, entries, beyond, row);
        } else {
            self.surplus = self.surplus.saturating_add(1);
        }
    }

    /// The addresses that a name was found to have: what its client is about to talk to.
    fn learn(&mut self, message: &[u8], entries: &[Entry], question: Option<&Question>) {
        let Some(question) = question.filter(|question| matches!(question.kind, kind::A | kind::AAAA)) else {
            return;
        };
        let answers = entries.iter().filter(|entry| entry.section == Section::Answer);
        let addresses = answers.filter_map(|record| {
            let data = message.get(record.data.clone())?;
            match record.kind {
                kind::A => data.try_into().map(|bytes: [u8; 4]| IpAddr::from(bytes)).ok(),
                kind::AAAA => data.try_into().map(|bytes: [u8; 16]| IpAddr::from(bytes)).ok(),
                _ => None,
            }
        });
        let addresses = addresses.take(ADDRESSES.saturating_sub(self.news.len()));
        // Some clients mix the case of letters to make forging harder.
        let name = question.name.in_small_letters(Text::new);
        let names = std::iter::repeat_n(name, addresses.clone().count());
        self.news.reserve_exact(names.len());
        self.news.extend(addresses.zip(names).map(|(address, name)| News::Named { address, name }));
    }

    /// Notes how a transaction ended.
    fn conclude(&mut self, header: &Header, edns: Option<&Edns>, row: Option<usize>) {
        let rcode = header.rcode() | edns.map_or(0, |edns| edns.rcode);
        if rcode != 0 {
            self.failures = self.failures.saturating_add(1);
        }
        if let Some(row) = row.and_then(|at| self.rows.items_mut().get_mut(at)) {
            row.rcode = Some(rcode);
        }
    }

    fn answers(&mut self, message: &[u8], header: &Header, entries: &[Entry], beyond: usize, row: Option<usize>) {
        let Some(row) = row.and_then(|at| self.rows.items_mut().get_mut(at)) else {
            return;
        };
        // In an update this section holds prerequisites.
        if header.opcode() == opcode::UPDATE {
            return;
        }
        for record in entries.iter().filter(|entry| entry.section == Section::Answer) {
            if row.query.is_empty() && row.owner.is_empty() {
                row.owner = owner_text(message, record);
                row.kind = record.kind;
            }
            if row.wants(record) {
                row.answer(message, record);
            }
        }
        row.left_out = row.left_out.saturating_add(u32::try_from(beyond).unwrap_or(u32::MAX));
    }

    /// mDNS: questions are rows, and so is what the sender says of its own names.
    fn multicast(&mut self, message: &[u8], header: &Header, entries: &[Entry], response: bool) {
        if response {
            self.responses = self.responses.saturating_add(1);
            if header.rcode() != 0 {
                self.failures = self.failures.saturating_add(1);
            }
        }
        for entry in entries {
            let marked = entry.class & MDNS_BIT != 0;
            match entry.section {
                // A response may repeat the question of a legacy querier (RFC 6762 6.7).
                Section::Question if !response => {
                    self.queries = self.queries.saturating_add(1);
                    self.remarks.unicast |= marked;
                    if let Some(question) = Question::new(message, entry) {
                        let known = |row: &Row| row.kind == question.kind && row.query.bytes() == question.name.text;
                        if !self.rows.items().iter().any(known) {
                            self.row(question.row());
                        }
                    }
                }
                Section::Question => {}
                // What a query calls answers is what the asker knows already (RFC 6762 7.1): told, but no word of their owner.
                Section::Answer if !response => {
                    self.remarks.known = true;
                    self.announcement(message, entry);
                }
                // In a query: the records that a host wants to have to itself (RFC 6762 8.2).
                Section::Answer | Section::Authority | Section::Additional => {
                    if !matches!(entry.kind, kind::OPT | kind::NSEC) {
                        self.remarks.flush |= marked;
                        self.remarks.goodbye |= response && entry.lifetime() == 0;
                        self.announcement(message, entry);
                    }
                }
            }
        }
    }

    fn announcement(&mut self, message: &[u8], record: &Entry) {
        let owner = owner_text(message, record);
        let known = |row: &Row| row.kind == record.kind && row.query.is_empty() && row.owner == owner;
        let row = self.rows.items().iter().position(known);
        // A goodbye takes back what was told before; that it was told stands.
        if row.is_some() && record.lifetime() == 0 {
            return;
        }
        let at = row.or_else(|| {
            let class = record.class & !MDNS_BIT;
            self.row(Row { owner, kind: record.kind, class, ..Row::default() })
        });
        if let Some(row) = at.and_then(|at| self.rows.items_mut().get_mut(at)) {
            row.answer(message, record);
        }
    }

    /// Adds a row, and gives its place where there was room.
    fn row(&mut self, row: Row) -> Option<usize> {
        let at = self.rows.items().len();
        self.rows.push(row).then_some(at)
    }

    fn track(&mut self, tracked: Tracked) {
        if self.tracked.len() >= TRACKED {
            let oldest = self.tracked.iter().position(|known| known.answered).unwrap_or(0);
            self.tracked.remove(oldest);
        }
        if self.tracked.is_empty() {
            // Most sessions ask once.
            self.tracked.reserve_exact(1);
        }
        self.tracked.push(tracked);
    }

    /// Takes the message at the front of a stream.
    fn framed(&mut self, chunk: &Chunk<'_>) -> Step {
        let mut reader = Reader::new(chunk.bytes);
        let Some(length) = reader.be_u16().map(usize::from) else {
            return Step::NeedMore(2);
        };
        let framed = length.saturating_add(2);
        match reader.take(length) {
            None => Step::NeedMore(framed),
            Some(message) => {
                self.message(message, chunk.time);
                Step::Consumed(framed)
            }
        }
    }
}

impl Dissector for Session {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.transport == Transport::Tcp {
            return self.framed(&chunk);
        }
        self.message(chunk.bytes, chunk.time);
        Step::Consumed(chunk.bytes.len())
    }

    fn gap(&mut self, _role: Role, _bytes: u64) -> Step {
        // Where the next message begins is lost, and with it which query it answers.
        Step::Done
    }

    fn settled(&self) -> bool {
        // A stream tells its end itself, and mDNS has no last answer.
        self.transport == Transport::Udp
            && self.flavour != Flavour::Mdns
            && !self.tracked.is_empty()
            && self.answered >= self.queries
            && self.tracked.iter().all(|known| known.answered)
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop()
    }

    fn facts(&self, out: &mut Facts) {
        let rows = self.rows.items();
        let cut = self.rows.omitted();
        let mut element = out.element(&super::ELEMENT);
        let mut count = |field, count: u64| {
            if count > 0 {
                element.number(field, count);
            }
        };
        count(&f::QUERIES, self.queries);
        count(&f::RESPONSES, self.responses);
        count(&f::FAILURES, self.failures);
        // Who asks a group is answered in sessions of their own.
        if self.flavour == Flavour::Dns {
            count(&f::UNANSWERED, self.queries.saturating_sub(self.answered));
        }
        count(&f::RETRANSMITS, self.retransmits);
        count(&f::SURPLUS, self.surplus);
        count(&f::MALFORMED, self.malformed);
        if let Some(mean) = self.rtt_nanos.checked_div(self.answered) {
            element.value(&f::RTT, Value::Milliseconds(mean));
        }

        let left_out = rows.iter().fold(cut, |sum, row| sum.saturating_add(row.left_out));
        let kinds: Vec<_> = rows.iter().map(Row::kind_text).collect();
        let rcodes: Vec<_> = rows.iter().map(|row| row.rcode.map(rcode_text).unwrap_or_default()).collect();
        if rows.iter().any(|row| !row.query.is_empty()) {
            element.list(&f::QUERY, rows.iter().map(|row| &row.query), cut);
        }
        if kinds.iter().any(|kind| !kind.is_empty()) {
            element.list(&f::QTYPE, kinds.iter().map(|text| text.as_bytes()), cut);
        }
        if rows.iter().any(|row| !matches!(row.class, 0 | 1)) {
            let classes: Vec<_> = rows.iter().map(|row| class_text(row.class.max(1))).collect();
            element.list(&f::QCLASS, classes.iter().map(|text| text.as_bytes()), cut);
        }
        if rcodes.iter().any(|rcode| !rcode.is_empty()) {
            element.list(&f::RCODE, rcodes.iter().map(|text| text.as_bytes()), cut);
        }
        if rows.iter().any(|row| !row.answer.is_empty()) || left_out > 0 {
            element.list(&f::ANSWER, rows.iter().map(|row| row.answer.as_slice()), left_out);
        }
        if rows.iter().any(|row| !row.ports.is_empty()) {
            element.list(&f::PORT, rows.iter().map(|row| row.ports.as_slice()), cut);
        }
        if rows.iter().any(|row| row.ttl.is_some()) {
            let ttl = |row: &Row| row.ttl.map_or(Value::Bytes(&[]), |ttl| Value::Number(u64::from(ttl)));
            element.list(&f::TTL, rows.iter().map(ttl), cut);
        }
        if rows.iter().any(|row| !row.owner.is_empty()) {
            element.list(&f::ANSWER_NAME, rows.iter().map(|row| &row.owner), cut);
        }

        let opcodes: Vec<_> = self.opcodes.items().iter().map(|opcode| opcode_text(*opcode)).collect();
        element.list(&f::OPCODE, opcodes.iter().map(|text| text.as_bytes()), self.opcodes.omitted());
        element.list(&f::FLAGS, self.remarks.names(), 0);
        if let Some(size) = self.edns_size {
            element.number(&f::EDNS_SIZE, u64::from(size));
        }
        element.maybe(&f::CLIENT_SUBNET, self.client_subnet.as_ref());
        let errors = self.errors.items().iter().map(|&error| u64::from(error));
        element.list(&f::EXTENDED_ERROR, errors, self.errors.omitted());
        element.texts(&f::UPDATE, &self.updates);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.rows.items().iter().map(Row::heap_bytes).sum::<usize>()
            + self.tracked.capacity() * size_of::<Tracked>()
            + self.updates.items().iter().map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
    }
}

impl Remarks {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        [
            (self.authoritative, "authoritative"),
            (self.truncated, "truncated"),
            (self.authenticated, "authenticated"),
            (self.dnssec, "dnssec"),
            (self.conflict, "conflict"),
            (self.tentative, "tentative"),
            (self.unicast, "unicast"),
            (self.flush, "flush"),
            (self.goodbye, "goodbye"),
            (self.known, "known"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}
