//! Calls inside the named pipes of an SMB session.
//!
//! Each open pipe is an association of its own; what is known of all of them is one record. A write or a transaction may hold a part of
//! a message, one, or several.

use std::collections::VecDeque;

use crate::facts::Facts;
use crate::ntlm::Exchange;
use crate::protocol::Role;

use super::known::{Association, Known, MESSAGE_BYTES, Taken, take};

/// The most pipes open at once; beyond it the one that spoke first is forgotten.
const PIPES: usize = 32;
/// The most bytes kept of a message of which too few have come.
const HELD: usize = MESSAGE_BYTES;

/// One side of a pipe.
#[derive(Debug, Default)]
struct Side {
    held: Vec<u8>,
    /// So many bytes are of no interest.
    skip: u64,
    /// What it carries are not calls, or bytes of it are missing.
    dead: bool,
}

#[derive(Debug)]
struct Pipe {
    /// Under which the owner knows the pipe.
    number: u32,
    association: Association,
    sides: [Side; 2],
}

/// The pipes of one session.
#[derive(Debug, Default)]
pub struct Pipes {
    open: VecDeque<Pipe>,
    known: Known,
}

impl Pipes {
    /// The next bytes of a side of a pipe.
    pub fn data(&mut self, exchange: &mut Exchange, number: u32, role: Role, bytes: &[u8]) {
        let Self { open, known } = self;
        if !open.iter().any(|pipe| pipe.number == number) {
            if open.len() >= PIPES {
                open.pop_front();
            }
            open.push_back(Pipe { number, association: Association::default(), sides: Default::default() });
        }
        let Some(pipe) = open.iter_mut().find(|pipe| pipe.number == number) else {
            return;
        };
        let [client, server] = &mut pipe.sides;
        let side = if role == Role::Client { client } else { server };
        side.take(known, exchange, &mut pipe.association, role, bytes);
    }

    /// Bytes of a side of a pipe are missing: where messages begin is not known any more.
    pub fn missed(&mut self, number: u32, role: Role) {
        if let Some(pipe) = self.open.iter_mut().find(|pipe| pipe.number == number) {
            let [client, server] = &mut pipe.sides;
            *(if role == Role::Client { client } else { server }) = Side { dead: true, ..Side::default() };
        }
    }

    /// A pipe was closed.
    pub fn close(&mut self, number: u32) {
        self.open.retain(|pipe| pipe.number != number);
    }

    /// Writes the element where calls were heard.
    pub fn facts(&self, out: &mut Facts) {
        if !self.known.is_empty() {
            self.known.facts(out);
        }
    }

    /// What was learnt of other sessions.
    pub fn news(&mut self) -> Option<crate::news::News> {
        self.known.news.pop_front()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let pipe = |pipe: &Pipe| {
            let held: usize = pipe.sides.iter().map(|side| side.held.capacity()).sum();
            size_of::<Pipe>() + pipe.association.heap_bytes() + held
        };
        self.open.iter().map(pipe).sum::<usize>() + self.known.heap_bytes()
    }
}

impl Side {
    fn take(
        &mut self,
        known: &mut Known,
        exchange: &mut Exchange,
        association: &mut Association,
        role: Role,
        bytes: &[u8],
    ) {
        if self.dead {
            return;
        }
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip = self.skip.saturating_sub(skipped as u64);
        let fresh = bytes.get(skipped..).unwrap_or_default();
        let mut held = std::mem::take(&mut self.held);
        let mut rest: &[u8] = if held.is_empty() {
            fresh
        } else {
            held.extend_from_slice(fresh);
            &held
        };
        while !rest.is_empty() {
            match take(known, exchange, association, role, rest) {
                Taken::Need(wanted) if wanted <= HELD => {
                    self.held = rest.to_vec();
                    return;
                }
                Taken::Message(length) => {
                    let (here, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    self.skip = (length as u64).saturating_sub(here.len() as u64);
                    rest = after;
                }
                Taken::Need(_) | Taken::Nothing => {
                    self.dead = true;
                    return;
                }
            }
        }
    }
}
