//! ONC RPC (RFC 5531), which NFS and its companions speak: the portmapper (RFC 1833), mounting and NFS 2 and 3 (RFC 1094, RFC 1813),
//! NFS 4 (RFC 7530, RFC 8881), locks. Others are told by their number.
//!
//! A datagram is a message. On TCP a record is made of fragments, each behind four bytes (RFC 5531 11):
//!
//! ```text
//! 0   80000000: the last fragment of its record; the other bits: how many bytes follow
//! ```
//!
//! A reply says nothing of what was called: it is found by its id among the last [`WAITING`] calls. Messages are read in steps
//! ([`task`]) of at most [`VIEW`] bytes, so that names and handles are found wherever they are and content of any length streams through;
//! a step whose end lies beyond ends the reading of its message. Of a record in several fragments only the first is read.
//!
//! The application is the first program of which more was called than procedure 0, which only asks whether it is there.
//!
//! After a gap a side's next bytes are believed if a record begins there; else that side is heard no more.
//!
//! Ignored on purpose: access rights, attributes but for the size, symbolic links' targets, what callbacks say, messages that
//! RPCSEC_GSS encrypts.

mod handles;
mod known;
mod message;
mod nfs;
mod nfs4;
mod probe;
mod programs;
mod services;
mod task;
mod xdr;

use std::collections::VecDeque;

use crate::dictionary::file;
use crate::facts::Facts;
use crate::news::News;
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport, Verdict};

use handles::Handles;
use known::Known;
use message::{Call, Caller, Message, Outcome, Reply};
use nfs4::{Compound, Steps, Walked};
use programs::{MOUNT, NFS, NLM, PORTMAP};
use task::{Content, Task};
use xdr::Xdr;

/// The protocol. Its application is `nfs`, `mount`, `portmap` or `nlm` where that is called.
pub static PROTOCOL: Protocol = Protocol {
    name: "rpc",
    about: About {
        name: "ONC RPC, with the portmapper, mount, NFS and locks",
        specification: "RFC 5531, RFC 1833, RFC 1094, RFC 1813, RFC 7530, RFC 8881",
        evidence: "a call with version 2, a known or plausible program and credentials that fit, or a reply to one",
        limits: "attributes and access rights are not told, nor what RPCSEC_GSS encrypts; of a record in several fragments the first is read",
        ports: &[],
    },
    transports: &[Transport::Tcp, Transport::Udp],
    elements: &[
        &known::RPC,
        &known::PORTMAP_ELEMENT,
        &known::MOUNT_ELEMENT,
        &known::NFS_ELEMENT,
        &known::NLM_ELEMENT,
        &file::ELEMENT,
    ],
    // A datagram begins with any id.
    first: FirstBytes::ANY,
    probe: probe::probe,
    open: |opening: &Opening| Box::new(Onc::new(opening)),
};

/// The most bytes looked at in one step: no head with its arguments is longer.
const VIEW: usize = 16 * 1024;
/// The most calls that wait for their reply; beyond it the oldest is forgotten.
const WAITING: usize = 256;
/// The bytes before a fragment.
const MARK: usize = 4;
/// The bit of a mark that says that the fragment is its record's last.
const LAST: u32 = 0x8000_0000;
/// The most announcements that wait to be taken.
const NEWS: usize = 16;

/// A call that waits for its reply.
#[derive(Debug)]
struct Waiting {
    xid: u32,
    version: u32,
    caller: Wrapping,
    asked: Asked,
}

#[derive(Debug)]
enum Asked {
    Nothing,
    Service(services::Asked),
    File(nfs::Asked),
    Compound(Steps),
}

/// What RPCSEC_GSS does to arguments and results (RFC 2203 5.3.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    None,
    /// A length and a sequence number stand before them.
    Signed,
    /// They can't be read.
    Sealed,
}

/// Where one side's stream stands.
#[derive(Debug, Default)]
struct Lane {
    /// So many bytes are left of the fragment.
    left: u64,
    /// The next fragment goes on with the same record.
    continued: bool,
    task: Task,
    /// The place where records begin was lost.
    lost: bool,
    /// It was not found again.
    dead: bool,
}

/// The state of one session.
#[derive(Debug)]
struct Onc {
    transport: Transport,
    lanes: [Lane; 2],
    ended: [bool; 2],
    session: Session,
}

/// What both sides share.
#[derive(Debug)]
struct Session {
    known: Known,
    handles: Handles,
    waiting: VecDeque<Waiting>,
    news: VecDeque<News>,
}

impl Onc {
    fn new(opening: &Opening) -> Self {
        Self {
            transport: opening.transport,
            lanes: Default::default(),
            ended: [false; 2],
            session: Session {
                known: Known::default(),
                handles: Handles::new(opening.file_hash),
                waiting: VecDeque::new(),
                news: VecDeque::new(),
            },
        }
    }

    fn datagram(&mut self, bytes: &[u8]) {
        let mut lane = Lane { left: bytes.len() as u64, ..Lane::default() };
        let mut rest = bytes;
        while !rest.is_empty() && !matches!(lane.task, Task::Rest) {
            match self.session.advance(&mut lane, rest) {
                Step::Consumed(used @ 1..) => rest = rest.get(used..).unwrap_or_default(),
                _ => break,
            }
        }
    }

    fn stream(&mut self, chunk: &Chunk<'_>) -> Step {
        let [client, server] = &mut self.lanes;
        let lane = if chunk.role == Role::Client { client } else { server };
        if lane.dead {
            return Step::Skip(u64::MAX);
        }
        if lane.lost {
            match probe::stream(chunk.role, chunk.bytes) {
                Verdict::NeedMore => return Step::NeedMore(chunk.bytes.len().saturating_add(1)),
                Verdict::Reject => {
                    lane.dead = true;
                    return Step::Skip(u64::MAX);
                }
                _ => *lane = Lane::default(),
            }
        }
        if lane.left > 0 {
            return self.session.advance(lane, chunk.bytes);
        }
        let Some(mark) = Xdr::new(chunk.bytes).u32() else {
            return Step::NeedMore(MARK);
        };
        lane.left = u64::from(mark & !LAST);
        lane.task = if lane.continued { Task::Rest } else { Task::Head };
        lane.continued = mark & LAST == 0;
        Step::Consumed(MARK)
    }
}

impl Session {
    /// Goes on with a fragment of which `bytes` are all or the first that are left.
    fn advance(&mut self, lane: &mut Lane, bytes: &[u8]) -> Step {
        let whole = usize::try_from(lane.left).unwrap_or(usize::MAX);
        let bytes = bytes.get(..whole).unwrap_or(bytes);
        let used = loop {
            match std::mem::take(&mut lane.task) {
                Task::Rest => {
                    lane.task = Task::Rest;
                    lane.left = 0;
                    let beyond = whole.saturating_sub(bytes.len());
                    return if beyond > 0 { Step::Skip(beyond as u64) } else { Step::Consumed(bytes.len()) };
                }
                Task::Content(mut content) if content.left > 0 => {
                    let here = usize::try_from(content.left).unwrap_or(usize::MAX);
                    let piece = bytes.get(..here).unwrap_or(bytes);
                    self.handles.data(content.handle, content.sender, piece);
                    content.left = content.left.saturating_sub(piece.len() as u64);
                    lane.task = Task::Content(content);
                    break piece.len();
                }
                Task::Content(content) => {
                    let padding = content.padding.min(whole);
                    if bytes.len() < padding {
                        lane.task = Task::Content(content);
                        return Step::NeedMore(padding);
                    }
                    lane.task = content.next();
                    if padding > 0 {
                        break padding;
                    }
                }
                task => {
                    let Some(view) = bytes.get(..whole.min(VIEW)) else {
                        lane.task = task;
                        return Step::NeedMore(whole.min(VIEW));
                    };
                    let (used, next) = self.read(task, view);
                    // What does not fit in one look is not read at all.
                    lane.task = if used == 0 && !matches!(next, Task::Content(_)) { Task::Rest } else { next };
                    if used > 0 {
                        break used;
                    }
                }
            }
        };
        lane.left = lane.left.saturating_sub(used as u64);
        if lane.left == 0 {
            self.finish(lane);
        }
        Step::Consumed(used)
    }

    /// A fragment is over, whatever is underway.
    fn finish(&mut self, lane: &mut Lane) {
        let mut task = std::mem::replace(&mut lane.task, Task::Rest);
        if let Task::Content(content) = task {
            if content.left > 0 {
                self.handles.missed(content.handle, content.sender, content.left);
            }
            task = content.next();
        }
        if matches!(task, Task::Compound(_)) {
            self.read(task, &[]);
        }
    }

    /// Reads a step of a message, which is not content. Gives how many bytes it took, and what comes next.
    fn read(&mut self, task: Task, bytes: &[u8]) -> (usize, Task) {
        match task {
            Task::Head => {
                let mut xdr = Xdr::new(bytes);
                let next = match message::read(&mut xdr) {
                    Some(Message::Call(call)) => self.call(&call, &mut xdr),
                    Some(Message::Reply(reply)) => self.reply(&reply, &mut xdr),
                    None => None,
                };
                (xdr.used(), next.unwrap_or(Task::Rest))
            }
            Task::Listing(listing) => {
                let (used, more) = listing.read(&mut self.known, &mut self.handles, bytes);
                (used, if more { Task::Listing(listing) } else { Task::Rest })
            }
            Task::Compound(mut compound) => {
                let (used, walked) = compound.walk(&mut self.known, &mut self.handles, bytes);
                let next = match walked {
                    Walked::Short if used > 0 => Task::Compound(compound),
                    Walked::Short | Walked::Done => {
                        if let Some((xid, steps)) = compound.finish() {
                            self.remember(xid, steps);
                        }
                        Task::Rest
                    }
                    Walked::Content(handle, length) => {
                        Task::Content(Content::new(handle, compound.sender(), length, Some(compound)))
                    }
                    Walked::Listing => Task::Listing(task::Listing::Version4),
                };
                (used, next)
            }
            Task::Content(_) | Task::Rest => (0, Task::Rest),
        }
    }

    /// Reads a call behind its head.
    fn call(&mut self, call: &Call<'_>, xdr: &mut Xdr<'_>) -> Option<Task> {
        // Asked again because the answer did not come.
        let again = self.waiting.iter().any(|waiting| waiting.xid == call.xid);
        if !again {
            self.known.call(call.program, call.version, call.procedure, &call.caller);
        }
        let caller = match call.caller {
            Caller::Gss { service: 3, data: true } => Wrapping::Sealed,
            Caller::Gss { service: 2, data: true } => Wrapping::Signed,
            // A context is being made: the arguments are a token of Kerberos.
            Caller::Gss { data: false, .. } => Wrapping::Sealed,
            _ => Wrapping::None,
        };
        self.known.sealed |= matches!(call.caller, Caller::Gss { service: 3, data: true });
        if again {
            return Some(Task::Rest);
        }
        let mut next = Task::Rest;
        let asked = match caller {
            Wrapping::Sealed => Asked::Nothing,
            _ => self.arguments(call, caller, xdr, &mut next).unwrap_or(Asked::Nothing),
        };
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { xid: call.xid, version: call.version, caller, asked });
        Some(next)
    }

    fn arguments(&mut self, call: &Call<'_>, caller: Wrapping, xdr: &mut Xdr<'_>, next: &mut Task) -> Option<Asked> {
        if caller == Wrapping::Signed {
            xdr.skip(8)?;
        }
        let Self { known, handles, .. } = self;
        match (call.program, call.version) {
            _ if call.procedure == 0 => None,
            (PORTMAP, version) => services::portmap(known, version, call.procedure, xdr).map(Asked::Service),
            (MOUNT, _) => services::mount(known, call.procedure, xdr).map(Asked::Service),
            (NLM, _) => services::lock(known, call.procedure, xdr).map(Asked::Service),
            (NFS, version @ (2 | 3)) => {
                let (asked, task) = nfs::request(known, handles, version, call.procedure, xdr)?;
                *next = task;
                Some(Asked::File(asked))
            }
            (NFS, 4) if call.procedure == 1 => {
                *next = Task::Compound(Box::new(Compound::call(known, call.xid, xdr)?));
                None
            }
            _ => None,
        }
    }

    /// The operations of a compound, for its reply.
    fn remember(&mut self, xid: u32, steps: Steps) {
        if let Some(waiting) = self.waiting.iter_mut().rev().find(|waiting| waiting.xid == xid) {
            waiting.asked = Asked::Compound(steps);
        }
    }

    /// Reads a reply behind its head.
    fn reply(&mut self, reply: &Reply, xdr: &mut Xdr<'_>) -> Option<Task> {
        if let Outcome::Failed(why) = reply.outcome {
            self.known.failed(why);
        }
        let at = self.waiting.iter().position(|waiting| waiting.xid == reply.xid)?;
        let waiting = self.waiting.remove(at)?;
        if reply.outcome != Outcome::Success || waiting.caller == Wrapping::Sealed {
            return None;
        }
        if waiting.caller == Wrapping::Signed {
            xdr.skip(8)?;
        }
        match waiting.asked {
            Asked::Nothing => None,
            Asked::Service(asked) => {
                let news = services::reply(&mut self.known, &asked, xdr)?;
                if self.news.len() < NEWS {
                    self.news.push_back(news);
                }
                None
            }
            Asked::File(asked) => nfs::reply(&mut self.known, &mut self.handles, waiting.version, asked, xdr),
            Asked::Compound(steps) => {
                let compound = Compound::reply(&mut self.known, reply.xid, steps, xdr)?;
                Some(Task::Compound(Box::new(compound)))
            }
        }
    }
}

impl Dissector for Onc {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if self.transport != Transport::Tcp {
            self.datagram(chunk.bytes);
            return Step::Consumed(chunk.bytes.len());
        }
        let step = self.stream(&chunk);
        if self.lanes.iter().all(|lane| lane.dead) {
            self.session.handles.flush();
            return Step::Done;
        }
        step
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        let [client, server] = &mut self.lanes;
        let lane = if role == Role::Client { client } else { server };
        if lane.dead {
            return Step::Skip(u64::MAX);
        }
        match &mut lane.task {
            // The gap lies inside content: only its hash is lost.
            Task::Content(content) if lane.left > 0 && content.left >= bytes && lane.left >= bytes => {
                self.session.handles.missed(content.handle, content.sender, bytes);
                content.left = content.left.saturating_sub(bytes);
                lane.left = lane.left.saturating_sub(bytes);
            }
            task => {
                if let Task::Content(content) = task {
                    self.session.handles.missed(content.handle, content.sender, content.left.max(1));
                }
                *lane = Lane { lost: true, ..Lane::default() };
            }
        }
        Step::Consumed(0)
    }

    fn end(&mut self, role: Role) {
        let [client, server] = &mut self.ended;
        *(if role == Role::Client { client } else { server }) = true;
        if self.ended == [true; 2] {
            self.session.handles.flush();
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.session.known.facts(out);
        self.session.handles.facts(out);
    }

    fn app(&self) -> Option<&'static str> {
        self.session.known.app()
    }

    fn news(&mut self) -> Option<News> {
        self.session.news.pop_front()
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.session.known.heap_bytes()
            + self.session.handles.heap_bytes()
            + self.session.waiting.capacity() * size_of::<Waiting>()
            + self.session.news.capacity() * size_of::<News>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Value;
    use crate::files::HashLimit;
    use crate::time::Timestamp;

    /// A record of one fragment.
    fn record(words: &[u32], length: u32) -> Vec<u8> {
        let head: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut out = (LAST | (head.len() as u32 + length)).to_be_bytes().to_vec();
        out.extend(head);
        out
    }

    fn call(xid: u32, procedure: u32, arguments: &[u32], length: u32) -> Vec<u8> {
        let mut words = vec![xid, 0, 2, NFS, 3, procedure, 0, 0, 0, 0];
        words.extend(arguments);
        record(&words, length)
    }

    /// Shows bytes as the engine does, with those before them that were not consumed.
    fn say(onc: &mut Onc, role: Role, waiting: &mut Vec<u8>, bytes: &[u8]) -> Step {
        waiting.extend_from_slice(bytes);
        loop {
            let step = onc.data(Chunk { role, bytes: waiting, time: Timestamp::default() });
            match step {
                Step::Consumed(n) if n > 0 => {
                    waiting.drain(..n);
                    if waiting.is_empty() {
                        return step;
                    }
                }
                other => return other,
            }
        }
    }

    fn told(onc: &mut Onc) -> Vec<String> {
        onc.end(Role::Client);
        onc.end(Role::Server);
        let mut facts = Facts::new();
        onc.facts(&mut facts);
        let of_file = facts.values().filter(|(element, ..)| element.name == "file");
        of_file
            .map(|(_, field, value)| match value {
                Value::Number(number) => format!("{}={number}", field.name),
                Value::Bytes(bytes) => format!("{}={}", field.name, String::from_utf8_lossy(bytes)),
                _ => field.name.to_owned(),
            })
            .collect()
    }

    /// A session that has asked for all of a file of so many bytes, and the beginning of the answer.
    fn reading(length: u32, waiting: &mut Vec<u8>) -> Onc {
        let mut onc = Onc::new(&Opening { transport: Transport::Tcp, file_hash: HashLimit::ALL });
        say(&mut onc, Role::Client, &mut Vec::new(), &call(7, 6, &[4, 0xfeed, 0, 0, length], 0));
        let reply = record(&[7, 1, 0, 0, 0, 0, 0, 0, length, 1, length], length.next_multiple_of(4));
        say(&mut onc, Role::Server, waiting, &reply);
        onc
    }

    #[test]
    fn content_streams_and_is_never_held() {
        let length = 4 << 20;
        let mut waiting = Vec::new();
        let mut onc = reading(length, &mut waiting);
        for _ in 0..length / 4096 {
            say(&mut onc, Role::Server, &mut waiting, &[0x41; 4096]);
            assert!(waiting.len() < VIEW && onc.heap_bytes() < 64 * 1024);
        }
        let told = told(&mut onc);
        assert!(told.contains(&format!("size={length}")) && told.iter().any(|fact| fact.len() == "sha256=".len() + 64));
    }

    #[test]
    fn a_gap_inside_content_costs_the_hash_and_nothing_else() {
        let mut waiting = Vec::new();
        let mut onc = reading(40_000, &mut waiting);
        say(&mut onc, Role::Server, &mut waiting, &[0x41; 20_000]);
        assert!(waiting.is_empty() && matches!(onc.gap(Role::Server, 4000), Step::Consumed(0)));
        say(&mut onc, Role::Server, &mut waiting, &[0x41; 16_000]);
        say(&mut onc, Role::Server, &mut waiting, &record(&[8, 1, 0, 0, 0, 1], 0));
        let told = told(&mut onc);
        assert!(told.contains(&"size=36000".to_owned()) && told.contains(&"sha256=".to_owned()), "{told:?}");
        let mut facts = Facts::new();
        onc.facts(&mut facts);
        assert!(facts.values().any(|(_, field, _)| field.name == "failure"), "the next record was found");
    }

    #[test]
    fn a_length_beyond_the_record_is_not_believed() {
        let mut onc = Onc::new(&Opening { transport: Transport::Tcp, file_hash: HashLimit::ALL });
        // A write of 1000 bytes in a record that holds eight of them.
        let mut write = call(9, 7, &[4, 0xfeed, 0, 0, 1000, 2, 1000], 8);
        write.extend([0x41; 8]);
        write.extend(call(10, 0, &[], 0));
        say(&mut onc, Role::Client, &mut Vec::new(), &write);
        let told = told(&mut onc);
        assert!(told.contains(&"size=8".to_owned()) && told.contains(&"sha256=".to_owned()), "{told:?}");
        assert_eq!(onc.session.waiting.back().map(|waiting| waiting.xid), Some(10));
    }
}
