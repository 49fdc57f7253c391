//! SMB 1, 2 and 3 (MS-CIFS, MS-SMB, MS-SMB2), on TCP as they are or inside a NetBIOS session (RFC 1001, RFC 1002 4.3).
//!
//! Both ways begin each frame with four bytes:
//!
//! ```text
//! 0   00 a message, 81 session request, 82 granted, 83 refused, 84 elsewhere, 85 keep-alive
//! 1   length of what follows (3)
//! ```
//!
//! A message is `FF "SMB"` ([`smb1`]), `FE "SMB"` ([`smb2`]; several in one frame are a compound), `FD "SMB"` (encrypted, from here
//! on opaque) or `FC "SMB"` (compressed, which is not undone). File content streams through [`handles`] and is never held; of
//! other messages at most [`session::MESSAGE_BYTES`] are looked at.
//!
//! Where bytes are missing inside a message the next frame is where the length says. Where it can't be known, and at the beginning,
//! a side's next bytes are believed if they are the beginning of a message; else that side is heard no more.
//!
//! What runs through named pipes is read as calls of DCE/RPC ([`crate::protocols::dcerpc`]).
//!
//! Ignored on purpose: locks, oplocks and leases, security descriptors, referrals, multichannel.

mod facts;
mod handles;
mod listing;
mod probe;
mod session;
mod smb1;
mod smb2;
mod status;

use crate::capped::{LONG_TEXT_CAP, Text};
use crate::dictionary::file;
use crate::facts::Facts;
use crate::files::HashLimit;
use crate::kerberos;
use crate::netbios::Name;
use crate::news::News;
use crate::ntlm::{self, utf16_string};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Step, Transport, Verdict};
use crate::protocols::dcerpc;
use crate::reader::Reader;

pub use facts::{ELEMENT, inside};
use listing::Entry;
use session::{Outcome, Session, Sink};
use smb2::Related;

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "smb",
    about: About {
        name: "Server Message Block 1, 2 and 3",
        specification: "MS-CIFS, MS-SMB, MS-SMB2, RFC 1002 4.3",
        evidence: "`FF SMB`, `FE SMB`, `FD SMB` or `FC SMB` behind the length of a frame",
        limits: "compressed and encrypted messages, locks, leases and security descriptors are not told",
        ports: &[139, 445],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT, &ntlm::ELEMENT, &kerberos::ELEMENT, &file::ELEMENT, &dcerpc::ELEMENT],
    first: FirstBytes::both(&[MESSAGE..=MESSAGE, SESSION_REQUEST..=KEEP_ALIVE]),
    probe: probe::probe,
    open: |opening: &Opening| Box::new(Smb::new(opening.file_hash)),
};

const MESSAGE: u8 = 0x00;
const SESSION_REQUEST: u8 = 0x81;
const SESSION_GRANTED: u8 = 0x82;
const SESSION_REFUSED: u8 = 0x83;
const SESSION_ELSEWHERE: u8 = 0x84;
const KEEP_ALIVE: u8 = 0x85;

/// A frame's first bytes.
const FRAME_HEAD: usize = 4;
/// A session request: two NetBIOS names of at most 255 bytes, as RFC 1001 14.1 writes them.
const SESSION_REQUEST_BYTES: u64 = 510;
/// The most bytes of one directory entry's name.
const NAME_BYTES: usize = 2 * LONG_TEXT_CAP;
/// Where one side's stream stands.
#[derive(Debug, Default)]
struct Lane {
    /// So many bytes are of no interest.
    pass: u64,
    /// Then so many are content,
    content: u64,
    /// for this one,
    sink: Option<Sink>,
    /// and so many after them are of no interest again.
    rest: u64,
    /// Then so many are left of the frame.
    frame: u64,
    /// What the next message of a compound takes over.
    related: Related,
    /// Bytes were shown that are not dealt with.
    waiting: bool,
    /// The place where frames begin was found. It is lost with bytes of which it can't be said where they were missing.
    found: bool,
    /// It was not there where it was looked for.
    dead: bool,
}

impl Lane {
    /// Passes over what is of no interest.
    fn pass(&mut self, shown: usize) -> Step {
        let pass = std::mem::take(&mut self.pass);
        match usize::try_from(pass) {
            Ok(pass) if pass <= shown => Step::Consumed(pass),
            _ => Step::Skip(pass.saturating_sub(shown as u64)),
        }
    }
}

/// The state of one session.
#[derive(Debug)]
struct Smb {
    lanes: [Lane; 2],
    ended: [bool; 2],
    session: Session,
}

impl Smb {
    fn new(hash: HashLimit) -> Self {
        Self { lanes: Default::default(), ended: [false; 2], session: Session::new(hash) }
    }

    fn step(session: &mut Session, lane: &mut Lane, role: Role, bytes: &[u8]) -> Step {
        if lane.dead {
            return Step::Skip(u64::MAX);
        }
        if !lane.found {
            match probe::stream(role, bytes) {
                Verdict::NeedMore => return Step::NeedMore(bytes.len().saturating_add(1)),
                Verdict::Match => lane.found = true,
                _ => {
                    lane.dead = true;
                    return Step::Skip(u64::MAX);
                }
            }
        }
        loop {
            if lane.pass > 0 {
                return lane.pass(bytes.len());
            } else if lane.content > 0 {
                if let Some(step) = Self::content(session, lane, bytes) {
                    return step;
                }
            } else if lane.rest > 0 {
                lane.pass = std::mem::take(&mut lane.rest);
            } else if lane.frame > 0 {
                if let Some(need) = Self::message(session, lane, role, bytes) {
                    return Step::NeedMore(need);
                }
            } else {
                return Self::frame(session, lane, role, bytes);
            }
        }
    }

    /// A frame begins.
    fn frame(session: &mut Session, lane: &mut Lane, role: Role, bytes: &[u8]) -> Step {
        let mut reader = Reader::new(bytes);
        let (Some(kind), Some(length)) = (reader.u8(), reader.be_u24()) else {
            return Step::NeedMore(FRAME_HEAD);
        };
        lane.related = Related::default();
        match kind {
            MESSAGE => lane.frame = length.into(),
            SESSION_REQUEST if role == Role::Client && u64::from(length) <= SESSION_REQUEST_BYTES => {
                let Some(mut names) = reader.sub(length as usize) else {
                    return Step::NeedMore(FRAME_HEAD.saturating_add(length as usize));
                };
                if let Some(calling) = Name::read(&mut names).and_then(|_called| Name::read(&mut names))
                    && session.known.calling_name.is_empty()
                {
                    session.known.calling_name = calling.name;
                }
                lane.pass = length.into();
            }
            SESSION_GRANTED | SESSION_REFUSED | SESSION_ELSEWHERE | KEEP_ALIVE => lane.pass = length.into(),
            _ => return Step::Violation,
        }
        Step::Consumed(FRAME_HEAD)
    }

    /// A message begins. Gives the number of bytes that it takes to tell what it is, where there are fewer.
    fn message(session: &mut Session, lane: &mut Lane, role: Role, bytes: &[u8]) -> Option<usize> {
        let whole = usize::try_from(lane.frame).unwrap_or(usize::MAX);
        let bytes = bytes.get(..whole).unwrap_or(bytes);
        let outcome = match bytes.first_chunk::<4>() {
            None if whole >= 4 => return Some(4),
            Some(b"\xffSMB") => smb1::message(session, role, bytes, lane.frame),
            Some(b"\xfeSMB") => smb2::message(session, &mut lane.related, role, bytes, lane.frame),
            Some(b"\xfdSMB") => {
                session.known.version(3);
                session.known.encrypted = true;
                Outcome::plain(lane.frame)
            }
            Some(b"\xfcSMB") => {
                session.known.version(3);
                Outcome::plain(lane.frame)
            }
            // A raw read's answer has no header.
            _ => Outcome::plain(lane.frame),
        };
        match outcome {
            Outcome::Need(need) => return Some(need),
            Outcome::Message { head, content, sink, length } => {
                lane.pass = head;
                lane.content = content;
                lane.sink = Some(sink);
                lane.rest = length.saturating_sub(head).saturating_sub(content);
                lane.frame = lane.frame.saturating_sub(length);
            }
        }
        None
    }

    /// Content passes. `None` where it turned out to be of no interest.
    fn content(session: &mut Session, lane: &mut Lane, bytes: &[u8]) -> Option<Step> {
        match lane.sink {
            Some(Sink::File(number, way)) => {
                let whole = usize::try_from(lane.content).unwrap_or(usize::MAX);
                let bytes = bytes.get(..whole).unwrap_or(bytes);
                session.handles.content(number, way, bytes);
                lane.content = lane.content.saturating_sub(bytes.len() as u64);
                Some(Step::Consumed(bytes.len()))
            }
            Some(Sink::Pipe(number, way)) => {
                let whole = usize::try_from(lane.content).unwrap_or(usize::MAX);
                let bytes = bytes.get(..whole).unwrap_or(bytes);
                session.pipes.data(&mut session.known.exchange, number, way.sender(), bytes);
                lane.content = lane.content.saturating_sub(bytes.len() as u64);
                Some(Step::Consumed(bytes.len()))
            }
            Some(Sink::Listing(layout)) => match listing::entry(layout, bytes, lane.content, NAME_BYTES) {
                Entry::Need(need) => Some(Step::NeedMore(need)),
                Entry::Name(name, next) => {
                    let name = if layout.unicode { Text::new(utf16_string(name).as_bytes()) } else { Text::new(name) };
                    if !matches!(name.bytes(), b"" | b"." | b"..") {
                        session.known.listed.push_distinct(name);
                    }
                    lane.pass = next;
                    lane.content = lane.content.saturating_sub(next);
                    None
                }
                Entry::End => {
                    lane.pass = std::mem::take(&mut lane.content);
                    None
                }
            },
            Some(Sink::Nothing) | None => {
                lane.pass = std::mem::take(&mut lane.content);
                None
            }
        }
    }

    /// Bytes of a side are missing.
    fn missed(session: &mut Session, lane: &mut Lane, missed: u64) {
        let mut left = missed;
        let mut take = |bytes: &mut u64| {
            let taken = left.min(*bytes);
            *bytes = bytes.saturating_sub(taken);
            left = left.saturating_sub(taken);
            taken
        };
        take(&mut lane.pass);
        let content = take(&mut lane.content);
        match lane.sink {
            Some(Sink::File(number, way)) if content > 0 => session.handles.missed(number, way, content),
            Some(Sink::Pipe(number, way)) if content > 0 => session.pipes.missed(number, way.sender()),
            Some(Sink::File(..) | Sink::Pipe(..)) => {}
            // Entries of a listing lead from one to the next.
            _ => {
                lane.rest = lane.rest.saturating_add(lane.content);
                lane.content = 0;
            }
        }
        take(&mut lane.rest);
        if take(&mut lane.frame) > 0 {
            lane.pass = std::mem::take(&mut lane.frame);
        }
        if left > 0 || lane.waiting {
            if let Some(Sink::File(number, way)) = lane.sink
                && lane.content > 0
            {
                session.handles.missed(number, way, lane.content);
            }
            if let Some(Sink::Pipe(number, way)) = lane.sink
                && lane.content > 0
            {
                session.pipes.missed(number, way.sender());
            }
            *lane = Lane::default();
        }
    }
}

impl Dissector for Smb {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        let [client, server] = &mut self.lanes;
        let lane = if chunk.role == Role::Client { client } else { server };
        let step = Self::step(&mut self.session, lane, chunk.role, chunk.bytes);
        lane.waiting = matches!(step, Step::NeedMore(_));
        if self.lanes.iter().all(|lane| lane.dead) {
            self.session.flush();
            return Step::Done;
        }
        if matches!(step, Step::Violation) {
            self.session.flush();
        }
        step
    }

    fn gap(&mut self, role: Role, bytes: u64) -> Step {
        let [client, server] = &mut self.lanes;
        let lane = if role == Role::Client { client } else { server };
        if lane.dead {
            return Step::Skip(u64::MAX);
        }
        Self::missed(&mut self.session, lane, bytes);
        lane.waiting = false;
        Step::Consumed(0)
    }

    fn end(&mut self, role: Role) {
        let [client, server] = &mut self.ended;
        *(if role == Role::Client { client } else { server }) = true;
        if self.ended == [true; 2] {
            self.session.flush();
        }
    }

    fn facts(&self, out: &mut Facts) {
        self.session.known.facts(out);
        self.session.handles.facts(out);
        self.session.pipes.facts(out);
    }

    fn news(&mut self) -> Option<News> {
        self.session.pipes.news()
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.session.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Value;
    use crate::time::Timestamp;

    /// A frame with one message of SMB 2 around a body.
    fn frame(command: u16, message: u64, response: bool, body: &[u8]) -> Vec<u8> {
        let mut out = (64 + body.len() as u32).to_be_bytes().to_vec();
        out.extend(b"\xfeSMB\x40\0\0\0\0\0\0\0");
        out.extend(command.to_le_bytes());
        out.extend([1, 0, u8::from(response), 0, 0, 0, 0, 0, 0, 0]);
        out.extend(message.to_le_bytes());
        out.resize(FRAME_HEAD + 64, 0);
        out.extend_from_slice(body);
        out
    }

    /// A session in which the file `a` of so many bytes was opened, and a read of all of it was asked for.
    fn reading(length: u32) -> Smb {
        let mut create = vec![0; 56];
        create[44..48].copy_from_slice(&[120, 0, 2, 0]);
        create.extend(b"a\0");
        let mut created = vec![0; 88];
        created[4] = 1;
        created[48..52].copy_from_slice(&length.to_le_bytes());
        created[64] = 7;
        let mut read = vec![0; 49];
        read[16] = 7;
        let mut smb = Smb::new(HashLimit::ALL);
        say(&mut smb, Role::Client, &frame(5, 1, false, &create));
        say(&mut smb, Role::Server, &frame(5, 1, true, &created));
        say(&mut smb, Role::Client, &frame(8, 2, false, &read));
        smb
    }

    /// The beginning of the answer to that read: all but its content.
    fn answer(length: u32) -> Vec<u8> {
        let mut body = vec![17, 0, 80, 0];
        body.extend(length.to_le_bytes());
        body.resize(16, 0);
        let mut out = frame(8, 2, true, &body);
        out[..4].copy_from_slice(&(80 + length).to_be_bytes());
        out
    }

    /// Shows bytes as the engine does, and gives the steps' last.
    fn say(smb: &mut Smb, role: Role, bytes: &[u8]) -> Step {
        let mut used = 0;
        loop {
            let step = smb.data(Chunk { role, bytes: &bytes[used..], time: Timestamp::default() });
            match step {
                Step::Consumed(n) if used + n < bytes.len() => used += n,
                other => return other,
            }
        }
    }

    fn told(smb: &mut Smb) -> Vec<String> {
        smb.end(Role::Client);
        smb.end(Role::Server);
        let mut facts = Facts::new();
        smb.facts(&mut facts);
        let of_file = facts.values().filter(|(element, ..)| element.name == "file");
        of_file
            .map(|(_, field, value)| match value {
                Value::Number(number) => format!("{}={number}", field.name),
                Value::Bytes(bytes) => format!("{}={}", field.name, String::from_utf8_lossy(bytes)),
                _ => field.name.to_owned(),
            })
            .collect()
    }

    #[test]
    fn content_streams_and_is_never_held() {
        let length = 6 << 20;
        let mut smb = reading(length);
        say(&mut smb, Role::Server, &answer(length));
        let piece = [0x41; 1460];
        let mut left = length as usize;
        while left > 0 {
            let size = left.min(piece.len());
            assert!(matches!(say(&mut smb, Role::Server, &piece[..size]), Step::Consumed(n) if n == size));
            assert!(smb.heap_bytes() < 16 * 1024);
            left -= size;
        }
        let told = told(&mut smb);
        assert!(told.contains(&format!("size={length}")) && told.iter().any(|fact| fact.len() == "sha256=".len() + 64));
    }

    #[test]
    fn a_gap_inside_content_costs_the_hash_and_nothing_else() {
        let mut smb = reading(100);
        say(&mut smb, Role::Server, &answer(100));
        say(&mut smb, Role::Server, &[0x41; 30]);
        assert!(matches!(smb.gap(Role::Server, 20), Step::Consumed(0)));
        say(&mut smb, Role::Server, &[0x41; 50]);
        let known = say(&mut smb, Role::Server, &frame(6, 3, true, &[0; 60]));
        assert!(matches!(known, Step::Consumed(_)));
        let told = told(&mut smb);
        assert!(told.contains(&"size=80".to_owned()) && told.contains(&"sha256=".to_owned()), "{told:?}");
    }

    #[test]
    fn after_a_gap_across_frames_a_side_is_believed_only_where_a_message_begins() {
        let mut smb = reading(100);
        smb.gap(Role::Server, 1000);
        say(&mut smb, Role::Server, &answer(100));
        say(&mut smb, Role::Server, &[0x41; 100]);
        assert!(told(&mut smb).contains(&"size=100".to_owned()));

        let mut smb = reading(100);
        smb.gap(Role::Server, 1000);
        assert!(matches!(say(&mut smb, Role::Server, b"in the middle"), Step::Skip(u64::MAX)));
        assert!(matches!(smb.gap(Role::Client, 1), Step::Consumed(0)));
        assert!(matches!(say(&mut smb, Role::Client, b"of something"), Step::Done));
    }
}
