//! File handles: what each is called, and the content that moves through it.
//!
//! A handle is bytes that only the server understands; here it is a number made of them. The last [`NAMES`] that were named are
//! remembered, and [`FLOWS`] files may move at once.

use std::collections::VecDeque;

use crate::by_offset::ByOffset;
use crate::capped::Text;
use crate::facts::Facts;
use crate::files::{Files, HashLimit};
use crate::keyed;
use crate::protocol::Role;

/// The most handles whose names are remembered.
const NAMES: usize = 256;
/// The most files that move at once; beyond it the one that began first is taken for closed.
const FLOWS: usize = 32;

/// A handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(u64);

impl Handle {
    pub fn new(bytes: &[u8]) -> Self {
        Self(keyed::hash(bytes))
    }
}

/// Content that moves one way through a handle.
#[derive(Debug)]
struct Flow {
    handle: Handle,
    sender: Role,
    content: ByOffset,
    /// The file's size as last told.
    size: Option<u64>,
    /// The file was made in this session.
    made: bool,
}

/// The handles of a session.
#[derive(Debug)]
pub struct Handles {
    names: VecDeque<(Handle, Text)>,
    made: VecDeque<Handle>,
    flows: VecDeque<Flow>,
    files: Files,
    hash: HashLimit,
}

impl Handles {
    pub fn new(hash: HashLimit) -> Self {
        Self { names: VecDeque::new(), made: VecDeque::new(), flows: VecDeque::new(), files: Files::default(), hash }
    }

    /// What a handle is called.
    pub fn name(&self, handle: Handle) -> Option<&Text> {
        self.names.iter().rev().find(|(known, _)| *known == handle).map(|(_, name)| name)
    }

    /// A handle was named.
    pub fn learn(&mut self, handle: Handle, name: &Text) {
        if self.name(handle) == Some(name) {
            return;
        }
        self.names.retain(|(known, _)| *known != handle);
        if self.names.len() >= NAMES {
            self.names.pop_front();
        }
        self.names.push_back((handle, name.clone()));
    }

    /// The file was made just now: nothing is in it.
    pub fn made(&mut self, handle: Handle) {
        if self.made.len() >= FLOWS {
            self.made.pop_front();
        }
        self.made.push_back(handle);
    }

    /// A file's size was told.
    pub fn size(&mut self, handle: Handle, size: u64) {
        for flow in self.flows.iter_mut().filter(|flow| flow.handle == handle) {
            flow.size = Some(size);
        }
    }

    /// `length` bytes at `offset` are about to pass.
    pub fn begin(&mut self, handle: Handle, sender: Role, offset: u64, length: u64) {
        if self.get(handle, sender).is_none() {
            if self.flows.len() >= FLOWS
                && let Some(oldest) = self.flows.pop_front()
            {
                self.finish(oldest);
            }
            let made = self.made.contains(&handle);
            let content = ByOffset::new(self.hash);
            self.flows.push_back(Flow { handle, sender, content, size: None, made });
        }
        if let Some(flow) = self.get(handle, sender) {
            flow.content.begin(offset, length, sender == Role::Client);
        }
    }

    /// The next bytes of what was announced.
    pub fn data(&mut self, handle: Handle, sender: Role, bytes: &[u8]) {
        if let Some(flow) = self.get(handle, sender) {
            flow.content.data(bytes);
        }
    }

    /// So many bytes of what was announced were not seen.
    pub fn missed(&mut self, handle: Handle, sender: Role, bytes: u64) {
        if let Some(flow) = self.get(handle, sender) {
            flow.content.missed(bytes);
        }
    }

    /// What was written did not arrive in the file.
    pub fn failed(&mut self, handle: Handle) {
        if let Some(flow) = self.get(handle, Role::Client) {
            flow.content.failed();
        }
    }

    /// The file was closed.
    pub fn close(&mut self, handle: Handle) {
        while let Some(at) = self.flows.iter().position(|flow| flow.handle == handle) {
            if let Some(flow) = self.flows.remove(at) {
                self.finish(flow);
            }
        }
    }

    /// The session is over.
    pub fn flush(&mut self) {
        while let Some(flow) = self.flows.pop_front() {
            self.finish(flow);
        }
    }

    /// Writes the `file` element.
    pub fn facts(&self, out: &mut Facts) {
        self.files.facts(out);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.names.iter().map(|(_, name)| size_of::<(Handle, Text)>() + name.heap_bytes()).sum::<usize>()
            + self.flows.iter().map(|flow| size_of::<Flow>() + flow.content.heap_bytes()).sum::<usize>()
            + self.files.heap_bytes()
    }

    fn get(&mut self, handle: Handle, sender: Role) -> Option<&mut Flow> {
        self.flows.iter_mut().find(|flow| flow.handle == handle && flow.sender == sender)
    }

    fn finish(&mut self, flow: Flow) {
        if flow.content.size() == 0 {
            return;
        }
        let name = self.name(flow.handle).cloned().unwrap_or_default();
        let to = flow.content.whole_to();
        let whole = match flow.size {
            Some(size) => to == Some(size),
            None => to.is_some() && flow.made && flow.sender == Role::Client,
        };
        self.files.push(name, flow.sender, flow.content.finish(), whole);
    }
}
