//! What is known of the calls of one session, and the state of one association: which contexts stand for which interface.

use std::collections::VecDeque;
use std::fmt;

use crate::capped::{List, Text};
use crate::kerberos;
use crate::news::News;
use crate::ntlm::Exchange;
use crate::protocol::Role;
use crate::reader::Reader;

use super::epm;
use super::interfaces::{EPMAPPER, Uuid};
use super::operations;
use super::pdu::{FIRST, HEADER, Head, LAST, Numbers, OBJECT, VERIFIER, kind};

/// The most interfaces told of one session.
pub const INTERFACES: usize = 32;
/// The most different operations told of one session.
pub const OPERATIONS: usize = 64;
/// The most contexts kept of one association; beyond it the oldest is forgotten.
const CONTEXTS: usize = 64;
/// The most contexts read of one bind: clients offer a few.
const OFFERED: usize = 32;
/// The most questions to an endpoint mapper that wait for their answer.
const QUESTIONS: usize = 16;
/// The most announcements that wait to be taken.
const NEWS: usize = 16;
/// How much of a message is looked at where it may hold credentials or an endpoint mapper's answer: a Kerberos ticket is shorter.
pub const MESSAGE_BYTES: usize = 16 * 1024;
/// How much of any other message is looked at: head, context, operation, object, status.
pub const CALL_BYTES: usize = 40;

/// An interface and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    pub uuid: Uuid,
    /// Major in the low half, minor in the high one.
    pub version: u32,
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uuid.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.uuid),
        }
    }
}

/// An operation that was called.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    interface: Option<Uuid>,
    number: u16,
    pub count: u64,
}

/// What is known of a session's calls.
#[derive(Debug, Default)]
pub struct Known {
    pub versions: List<u64, 2>,
    pub interfaces: List<Interface, INTERFACES>,
    pub operations: List<Operation, OPERATIONS>,
    pub requests: u64,
    pub responses: u64,
    pub faults: u64,
    pub fault_codes: List<u32>,
    pub refused: List<Text>,
    pub auth: List<&'static str>,
    pub levels: List<&'static str>,
    pub endpoints: List<Text>,
    pub mapped: List<Text>,
    pub tickets: kerberos::Exchange,
    pub news: VecDeque<News>,
}

impl Known {
    /// Whether nothing was heard.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// Whether calls are encrypted.
    pub fn sealed(&self) -> bool {
        self.levels.items().contains(&"privacy")
    }

    /// An interface was named.
    pub fn interface(&mut self, interface: Interface) {
        if !self.interfaces.items().iter().any(|known| known.uuid == interface.uuid) {
            self.interfaces.push(interface);
        }
    }

    /// An operation was called.
    pub fn call(&mut self, interface: Option<Uuid>, number: u16) {
        self.requests = self.requests.saturating_add(1);
        let same = |known: &&mut Operation| known.interface == interface && known.number == number;
        match self.operations.items_mut().iter_mut().find(same) {
            Some(known) => known.count = known.count.saturating_add(1),
            None => {
                self.operations.push(Operation { interface, number, count: 1 });
            }
        }
    }

    /// What an operation is called.
    pub fn operation_name(&self, operation: &Operation) -> String {
        let number = operation.number;
        match operation.interface.map(|uuid| (uuid, uuid.name())) {
            None => number.to_string(),
            Some((uuid, None)) => format!("{uuid}.{number}"),
            Some((_, Some(interface))) => match operations::name(interface, number) {
                Some(name) => format!("{interface}.{name}"),
                None => format!("{interface}.{number}"),
            },
        }
    }

    /// A call failed.
    pub fn fault(&mut self, status: u32) {
        self.faults = self.faults.saturating_add(1);
        self.fault_codes.push_distinct(status);
    }

    /// What an endpoint mapper answered.
    pub fn endpoint_map(&mut self, stub: &[u8], little: bool) {
        epm::answer(stub, little, |found| {
            self.mapped.push_distinct(Text::from(found.text().as_str()));
            if let Some(news) = found.news().filter(|_| self.news.len() < NEWS) {
                self.news.push_back(news);
            }
        });
    }

    /// A security service and a level of protection were agreed on.
    pub fn protection(&mut self, service: u8, level: u8) {
        if let Some(service) = service_name(service) {
            self.auth.push_distinct(service);
        }
        if let Some(level) = level_name(level) {
            self.levels.push_distinct(level);
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let texts = [&self.refused, &self.endpoints, &self.mapped];
        texts.iter().flat_map(|list| list.items()).map(|text| size_of::<Text>() + text.heap_bytes()).sum::<usize>()
            + size_of_val(self.interfaces.items())
            + size_of_val(self.operations.items())
            + size_of_val(self.fault_codes.items())
            + self.tickets.heap_bytes()
            + self.news.capacity() * size_of::<News>()
    }
}

/// MS-RPCE 2.2.1.1.7.
const fn service_name(service: u8) -> Option<&'static str> {
    Some(match service {
        1 => "dce-private",
        2 => "dce-public",
        9 => "spnego",
        10 => "ntlm",
        14 => "schannel",
        16 => "kerberos",
        68 => "netlogon",
        _ => return None,
    })
}

/// MS-RPCE 2.2.1.1.8.
const fn level_name(level: u8) -> Option<&'static str> {
    Some(match level {
        2 => "connect",
        3 => "call",
        4 => "packet",
        5 => "integrity",
        6 => "privacy",
        _ => return None,
    })
}

/// One association: a connection, or an open pipe.
#[derive(Debug, Default)]
pub struct Association {
    contexts: VecDeque<(u16, Interface)>,
    /// What the last bind offered, in order.
    offered: Vec<(u16, Interface)>,
    /// Calls to the endpoint mapper whose answer is worth reading.
    questions: VecDeque<u32>,
}

impl Association {
    /// How many bytes of a message, told from its head, it takes to read what matters of it.
    pub fn wanted(&self, head: &Head) -> usize {
        let most = match head.kind {
            kind::REQUEST | kind::FAULT => CALL_BYTES,
            kind::RESPONSE if !self.questions.contains(&head.call) => CALL_BYTES,
            _ => MESSAGE_BYTES,
        };
        head.length.min(most)
    }

    /// Reads a message whose first bytes are these: as many as [`Self::wanted`] says, and not more.
    pub fn message(&mut self, known: &mut Known, exchange: &mut Exchange, head: &Head, bytes: &[u8]) {
        known.versions.push_distinct(5);
        let body = Numbers::new(bytes.get(HEADER..).unwrap_or_default(), head.little);
        let read = match head.kind {
            kind::BIND | kind::ALTER => self.bind(known, body),
            kind::BIND_ACK | kind::ALTER_ACK => self.bound(known, body),
            kind::BIND_NAK => refused(known, body),
            kind::REQUEST => self.request(known, head, body),
            kind::RESPONSE => self.response(known, head, bytes, body),
            kind::FAULT => fault(known, body),
            _ => Some(()),
        };
        // A message cut short by its own length says nothing more.
        let _ = read;
        if head.auth > 0
            && !matches!(head.kind, kind::REQUEST | kind::RESPONSE | kind::FAULT)
            && let Some((service, level, blob)) = credentials(head, bytes)
        {
            known.protection(service, level);
            exchange.token(blob);
            known.tickets.token(blob);
        }
    }

    fn bind(&mut self, known: &mut Known, mut body: Numbers<'_>) -> Option<()> {
        body.skip(8)?;
        let count = body.u8()?;
        body.skip(3)?;
        self.offered.clear();
        for _ in 0..usize::from(count).min(OFFERED) {
            let (context, syntaxes) = (body.u16()?, body.u8()?);
            body.skip(1)?;
            let uuid = Uuid::read(&mut body.reader, body.little)?;
            let interface = Interface { uuid, version: body.u32()? };
            body.skip(usize::from(syntaxes).saturating_mul(20))?;
            known.interface(interface);
            self.offered.push((context, interface));
            // Believed until it is refused: only one side may be seen.
            self.contexts.retain(|(known, _)| *known != context);
            if self.contexts.len() >= CONTEXTS {
                self.contexts.pop_front();
            }
            self.contexts.push_back((context, interface));
        }
        Some(())
    }

    fn bound(&mut self, known: &mut Known, mut body: Numbers<'_>) -> Option<()> {
        body.skip(8)?;
        let length = usize::from(body.u16()?);
        let address = body.reader.take(length)?;
        let address = address.split(|byte| *byte == 0).next().unwrap_or_default();
        if !address.is_empty() {
            known.endpoints.push_distinct(Text::new(address));
        }
        // The list begins where the message's bytes are aligned to four; the length's two bytes stand at 24.
        body.skip((4usize.saturating_sub(length.saturating_add(2) % 4)) % 4)?;
        let count = body.u8()?;
        body.skip(3)?;
        for (_, interface) in self.offered.iter().take(count.into()) {
            let (result, reason) = (body.u16()?, body.u16()?);
            body.skip(20)?;
            let reason = match (result, reason) {
                (2, 1) => "unknown interface",
                (2, 3) => "limit exceeded",
                (1, _) => "refused by its user",
                // Clients offer more forms of encoding than a server knows.
                _ => continue,
            };
            known.refused.push_distinct(Text::from(format!("{interface}: {reason}").as_str()));
        }
        Some(())
    }

    fn request(&mut self, known: &mut Known, head: &Head, mut body: Numbers<'_>) -> Option<()> {
        if head.flags & FIRST == 0 {
            return Some(());
        }
        body.skip(4)?;
        let (context, number) = (body.u16()?, body.u16()?);
        if head.flags & OBJECT != 0 {
            body.skip(16)?;
        }
        let interface = self.contexts.iter().find(|(known, _)| *known == context).map(|(_, interface)| interface.uuid);
        known.call(interface, number);
        if interface == Some(EPMAPPER) && number == epm::MAP {
            if self.questions.len() >= QUESTIONS {
                self.questions.pop_front();
            }
            self.questions.push_back(head.call);
        }
        Some(())
    }

    fn response(&mut self, known: &mut Known, head: &Head, bytes: &[u8], mut body: Numbers<'_>) -> Option<()> {
        if head.flags & LAST != 0 {
            known.responses = known.responses.saturating_add(1);
        }
        let asked = self.questions.iter().position(|call| *call == head.call)?;
        self.questions.remove(asked);
        body.skip(8)?;
        let whole = head.flags & (FIRST | LAST) == FIRST | LAST && head.auth == 0 && bytes.len() == head.length;
        if whole {
            known.endpoint_map(body.reader.rest(), head.little);
        }
        Some(())
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.contexts.capacity() * size_of::<(u16, Interface)>()
            + self.offered.capacity() * size_of::<(u16, Interface)>()
            + self.questions.capacity() * size_of::<u32>()
    }
}

fn refused(known: &mut Known, mut body: Numbers<'_>) -> Option<()> {
    let reason = match body.u16()? {
        1 => "temporary congestion",
        2 => "limit exceeded",
        4 => "version not supported",
        8 => "authentication type not known",
        9 => "invalid checksum",
        _ => "no reason given",
    };
    known.refused.push_distinct(Text::from(reason));
    Some(())
}

fn fault(known: &mut Known, mut body: Numbers<'_>) -> Option<()> {
    body.skip(8)?;
    known.fault(body.u32()?);
    Some(())
}

/// Service, level and blob of the credentials that end a message.
fn credentials<'a>(head: &Head, bytes: &'a [u8]) -> Option<(u8, u8, &'a [u8])> {
    let at = head.length.checked_sub(head.auth)?.checked_sub(VERIFIER)?;
    let mut reader = Reader::new(bytes.get(at..)?);
    let (service, level) = (reader.u8()?, reader.u8()?);
    reader.skip(6)?;
    Some((service, level, reader.rest()))
}

/// Where one side's messages stand.
#[derive(Debug, Default)]
pub struct Lane {
    /// The place where messages begin was lost.
    pub lost: bool,
    /// It was not found again.
    pub dead: bool,
}

/// What the bytes at a message's beginning come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It takes so many bytes to tell.
    Need(usize),
    /// The message was read; it is so long, which may be longer than what was shown.
    Message(usize),
    /// No message begins here.
    Nothing,
}

/// Takes the message at the beginning of what a role sends.
pub fn take(
    known: &mut Known,
    exchange: &mut Exchange,
    association: &mut Association,
    role: Role,
    bytes: &[u8],
) -> Taken {
    if bytes.len() < HEADER {
        return if super::pdu::fits(bytes) { Taken::Need(HEADER) } else { Taken::Nothing };
    }
    let Some(head) = Head::read(bytes).filter(|head| head.is_of(role)) else {
        return Taken::Nothing;
    };
    let wanted = association.wanted(&head);
    match bytes.get(..wanted) {
        None => Taken::Need(wanted),
        Some(message) => {
            association.message(known, exchange, &head, message);
            Taken::Message(head.length)
        }
    }
}
