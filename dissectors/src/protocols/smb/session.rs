//! What both generations of the protocol share: the state of a session, requests that wait for their answer, and what a message
//! is made of.

use std::collections::VecDeque;

use crate::capped::{List, Text};
use crate::files::HashLimit;
use crate::protocol::Role;

use super::facts::Known;
use super::handles::{Action, Handles, Tree, Way};
use super::listing::Layout;
use super::status::Failure;
use crate::protocols::dcerpc::pipes::Pipes;

/// How much of a message is looked at where it carries no file content. A name is far shorter, a Kerberos ticket may be longer.
pub const MESSAGE_BYTES: usize = 16 * 1024;
/// The most requests that wait for an answer; beyond it the oldest is forgotten.
const PENDING: usize = 128;
/// The most shares connected at once; beyond it the oldest is forgotten.
const TREES: usize = 32;

/// A session's state.
#[derive(Debug)]
pub struct Session {
    pub known: Known,
    pub handles: Handles,
    /// What runs through named pipes.
    pub pipes: Pipes,
    pub pending: Pending,
    pub trees: Trees,
    /// The dialects that a client of SMB 1 offers, until the server has chosen.
    pub offered: List<Text, 32>,
    /// Whether the server of SMB 1 sends a challenge, so that passwords do not cross the wire as they are.
    pub challenges: bool,
}

impl Session {
    pub fn new(hash: HashLimit) -> Self {
        Self {
            known: Known::default(),
            handles: Handles::new(hash),
            pipes: Pipes::default(),
            pending: Pending::default(),
            trees: Trees::default(),
            offered: List::default(),
            challenges: true,
        }
    }

    /// Does what a request's answer brings about, beyond what the caller read from the answer itself.
    pub fn answered(&mut self, asked: Asked, failure: bool) {
        match (asked, failure) {
            (Asked::Open(number), true) => self.handles.refused(number),
            (Asked::Write(number), true) => self.handles.write_failed(number),
            (Asked::Write(number), false) => self.handles.act(number, Action::Write),
            (Asked::Read { number, .. }, false) => self.handles.act(number, Action::Read),
            (Asked::Close(number), false) => self.close(number, None),
            (Asked::DeleteOnClose { number, delete }, false) => self.handles.delete_on_close(number, delete),
            (Asked::Rename { number, to }, false) => self.handles.rename(number, to),
            (Asked::Resize { number, end_of_file }, false) => self.handles.resized(number, end_of_file),
            (Asked::Setup(login), false) => self.known.accepted(login),
            (Asked::Named { tree, name, action, new_name }, false) => self.handles.tell(tree, name, action, new_name),
            _ => {}
        }
    }

    /// An open file or pipe was closed.
    pub fn close(&mut self, number: u32, end_of_file: Option<u64>) {
        self.pipes.close(number);
        self.handles.close(number, end_of_file);
    }

    /// Content is about to pass. Gives who wants it.
    pub fn wants(&mut self, number: u32, way: Way, offset: u64, length: u64) -> Option<Sink> {
        if self.handles.is_pipe(number) {
            return (length > 0).then_some(Sink::Pipe(number, way));
        }
        self.handles.begin(number, way, offset, length).then_some(Sink::File(number, way))
    }

    /// A request failed, or not.
    pub fn failed(&mut self, failure: Option<Failure>) {
        if let Some(failure) = failure {
            self.known.failed(failure);
        }
    }

    /// The session is over.
    pub fn flush(&mut self) {
        if !self.known.server_spoke {
            self.handles.unanswered_are_told();
        }
        self.handles.flush();
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.known.heap_bytes()
            + self.handles.heap_bytes()
            + self.pipes.heap_bytes()
            + self.pending.waiting.capacity() * size_of::<(u64, Asked)>()
            + self.trees.connected.capacity() * size_of::<(u64, Tree, bool)>()
            + self.offered.items().iter().map(|name| size_of::<Text>() + name.heap_bytes()).sum::<usize>()
    }
}

/// A request that waits for its answer. `number` is the open file's.
#[derive(Debug)]
pub enum Asked {
    Open(u32),
    Read {
        number: u32,
        offset: u64,
    },
    Write(u32),
    /// A message written to a pipe whose answer is read at once.
    Transceive(u32),
    Close(u32),
    DeleteOnClose {
        number: u32,
        delete: bool,
    },
    Rename {
        number: u32,
        to: Text,
    },
    Resize {
        number: u32,
        end_of_file: u64,
    },
    /// A session setup with the place of its login.
    Setup(Option<usize>),
    /// A directory listing in this form.
    Listing(Layout),
    /// Something done to a file by its name.
    Named {
        tree: Tree,
        name: Text,
        action: Action,
        new_name: Text,
    },
}

/// The requests that wait for an answer, by what tells the answer: message id, or multiplex id, process and command.
#[derive(Debug, Default)]
pub struct Pending {
    waiting: VecDeque<(u64, Asked)>,
}

impl Pending {
    pub fn ask(&mut self, key: u64, asked: Asked) {
        self.answer(key);
        if self.waiting.len() >= PENDING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((key, asked));
    }

    /// The request that an answer belongs to. Answers mostly come in order, so it is among the first.
    pub fn answer(&mut self, key: u64) -> Option<Asked> {
        let at = self.waiting.iter().position(|(known, _)| *known == key)?;
        self.waiting.remove(at).map(|(_, asked)| asked)
    }
}

/// The shares that are connected: which of them hold pipes.
#[derive(Debug, Default)]
pub struct Trees {
    connected: VecDeque<(u64, Tree, bool)>,
}

impl Trees {
    pub fn connect(&mut self, session: u64, tree: Tree, pipes: bool) {
        self.connected.retain(|known| (known.0, known.1) != (session, tree));
        if self.connected.len() >= TREES {
            self.connected.pop_front();
        }
        self.connected.push_back((session, tree, pipes));
    }

    pub fn has_pipes(&self, session: u64, tree: Tree) -> bool {
        self.connected.iter().any(|known| *known == (session, tree, true))
    }
}

/// Who gets the content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Nobody.
    Nothing,
    /// The open file of this number.
    File(u32, Way),
    /// The open pipe of this number.
    Pipe(u32, Way),
    /// The names of a directory.
    Listing(Layout),
}

/// What was made of the bytes at a message's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It takes so many bytes to tell.
    Need(usize),
    /// The message: `head` bytes that are dealt with, then `content` for `sink`, then nothing of interest up to `length`.
    Message { head: u64, content: u64, sink: Sink, length: u64 },
}

impl Outcome {
    /// A message without content.
    pub const fn plain(length: u64) -> Self {
        Self::Message { head: length, content: 0, sink: Sink::Nothing, length }
    }

    /// A message of `length` bytes with content from `head` on, as far as it lies inside.
    pub fn with_content(head: u64, content: u64, sink: Sink, length: u64) -> Self {
        let head = head.min(length);
        Self::Message { head, content: content.min(length.saturating_sub(head)), sink, length }
    }
}

/// Whether a message of this kind is the sender's to send.
pub const fn fits(role: Role, response: bool) -> bool {
    matches!((role, response), (Role::Client, false) | (Role::Server, true))
}
