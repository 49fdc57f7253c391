//! NFS 4 (RFC 7530, RFC 8881, RFC 7862): a call is a compound of operations, which work on a current file handle.
//!
//! ```text
//! call    tag, minor version, number of operations, each: number, arguments
//! reply   status, tag, number of results, each: number, status, results
//! ```
//!
//! Operations are walked one after the other; content of READ and WRITE streams through in between. An operation whose arguments
//! are not known here ends the walk: those of parallel NFS and of sessions' secrets. Limits: [`OPERATIONS`] of one compound are walked,
//! and remembered for their results.

use crate::capped::Text;
use crate::protocol::Role;

use super::handles::{Handle, Handles};
use super::known::Known;
use super::xdr::Xdr;

/// The most operations of one compound.
const OPERATIONS: u32 = 64;
const STATEID: usize = 16;
/// The directory's change before and after.
const CHANGE: usize = 20;

mod op {
    pub const ACCESS: u32 = 3;
    pub const CLOSE: u32 = 4;
    pub const COMMIT: u32 = 5;
    pub const CREATE: u32 = 6;
    pub const DELEGPURGE: u32 = 7;
    pub const DELEGRETURN: u32 = 8;
    pub const GETATTR: u32 = 9;
    pub const GETFH: u32 = 10;
    pub const LINK: u32 = 11;
    pub const LOCK: u32 = 12;
    pub const LOCKT: u32 = 13;
    pub const LOCKU: u32 = 14;
    pub const LOOKUP: u32 = 15;
    pub const LOOKUPP: u32 = 16;
    pub const NVERIFY: u32 = 17;
    pub const OPEN: u32 = 18;
    pub const OPENATTR: u32 = 19;
    pub const OPEN_CONFIRM: u32 = 20;
    pub const OPEN_DOWNGRADE: u32 = 21;
    pub const PUTFH: u32 = 22;
    pub const PUTPUBFH: u32 = 23;
    pub const PUTROOTFH: u32 = 24;
    pub const READ: u32 = 25;
    pub const READDIR: u32 = 26;
    pub const READLINK: u32 = 27;
    pub const REMOVE: u32 = 28;
    pub const RENAME: u32 = 29;
    pub const RENEW: u32 = 30;
    pub const RESTOREFH: u32 = 31;
    pub const SAVEFH: u32 = 32;
    pub const SECINFO: u32 = 33;
    pub const SETATTR: u32 = 34;
    pub const SETCLIENTID: u32 = 35;
    pub const SETCLIENTID_CONFIRM: u32 = 36;
    pub const VERIFY: u32 = 37;
    pub const WRITE: u32 = 38;
    pub const RELEASE_LOCKOWNER: u32 = 39;
    pub const BIND_CONN_TO_SESSION: u32 = 41;
    pub const EXCHANGE_ID: u32 = 42;
    pub const CREATE_SESSION: u32 = 43;
    pub const DESTROY_SESSION: u32 = 44;
    pub const FREE_STATEID: u32 = 45;
    pub const SECINFO_NO_NAME: u32 = 52;
    pub const SEQUENCE: u32 = 53;
    pub const TEST_STATEID: u32 = 55;
    pub const DESTROY_CLIENTID: u32 = 57;
    pub const RECLAIM_COMPLETE: u32 = 58;
    pub const ALLOCATE: u32 = 59;
    pub const DEALLOCATE: u32 = 62;
    pub const SEEK: u32 = 69;
}

/// What an operation of a call means for its result.
#[derive(Clone, Debug)]
enum Step {
    /// Its status matters where it has a row.
    Other(Option<usize>),
    /// The current handle is this from now on.
    Put(Handle),
    /// The current handle has this name from now on.
    Name {
        row: Option<usize>,
        name: Text,
        made: bool,
    },
    Read {
        row: Option<usize>,
        offset: u64,
    },
    Write {
        row: Option<usize>,
    },
    /// The current handle's file gets this size, where it is told.
    Resize(Option<u64>),
    Save,
    Restore,
    Close,
    /// The current handle is one of which nothing is known.
    Leave,
}

/// The current handle.
#[derive(Clone, Debug, Default)]
struct Current {
    handle: Option<Handle>,
    /// Its name, where the handle itself was not told yet.
    name: Option<Text>,
    made: bool,
}

/// The operations of a call, for its reply.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    steps: Vec<(u32, Step)>,
}

/// A compound underway.
#[derive(Debug)]
pub struct Compound {
    reply: bool,
    xid: u32,
    left: u32,
    at: usize,
    current: Current,
    saved: Current,
    steps: Steps,
}

impl Compound {
    /// The compound of a call, behind its head.
    pub fn call(known: &mut Known, xid: u32, xdr: &mut Xdr<'_>) -> Option<Self> {
        xdr.opaque()?;
        let minor = xdr.u32().filter(|minor| *minor <= 2)?;
        known.minors.push_distinct(minor.into());
        Some(Self::new(false, xid, xdr.u32()?, Steps::default()))
    }

    /// The compound of a reply.
    pub fn reply(known: &mut Known, xid: u32, steps: Steps, xdr: &mut Xdr<'_>) -> Option<Self> {
        known.status(xdr.u32()?);
        xdr.opaque()?;
        Some(Self::new(true, xid, xdr.u32()?, steps))
    }

    fn new(reply: bool, xid: u32, left: u32, steps: Steps) -> Self {
        let left = left.min(OPERATIONS);
        Self { reply, xid, left, at: 0, current: Current::default(), saved: Current::default(), steps }
    }

    /// The call's id and operations, for its reply; nothing for a reply.
    pub fn finish(self) -> Option<(u32, Steps)> {
        (!self.reply).then_some((self.xid, self.steps))
    }

    /// Who sends it.
    pub const fn sender(&self) -> Role {
        if self.reply { Role::Server } else { Role::Client }
    }

    /// Walks as far as `bytes` hold whole operations. Gives how many bytes they took, and why it stopped.
    pub fn walk(&mut self, known: &mut Known, handles: &mut Handles, bytes: &[u8]) -> (usize, Walked) {
        let mut xdr = Xdr::new(bytes);
        let mut used = 0;
        while self.left > 0 {
            // One that is cut off changes nothing.
            let (current, saved) = (self.current.clone(), self.saved.clone());
            let walked = if self.reply {
                self.result(known, handles, &mut xdr)
            } else {
                self.operation(known, handles, &mut xdr)
            };
            self.left = self.left.saturating_sub(u32::from(walked.is_some()));
            match walked {
                None => {
                    (self.current, self.saved) = (current, saved);
                    return (used, Walked::Short);
                }
                Some(Next::Operation) => used = xdr.used(),
                Some(Next::Content(handle, length)) => return (xdr.used(), Walked::Content(handle, length)),
                Some(Next::Listing) => return (xdr.used(), Walked::Listing),
                Some(Next::Unknown) => return (used, Walked::Done),
            }
        }
        (used, Walked::Done)
    }

    /// Reads an operation of a call.
    fn operation(&mut self, known: &mut Known, handles: &mut Handles, xdr: &mut Xdr<'_>) -> Option<Next> {
        let number = xdr.u32()?;
        let mut length = None;
        let step = match number {
            op::GETFH | op::READLINK => Step::Other(None),
            op::LOOKUPP | op::PUTPUBFH | op::PUTROOTFH => {
                self.current = Current::default();
                Step::Leave
            }
            op::SAVEFH => {
                self.saved = self.current.clone();
                Step::Save
            }
            op::RESTOREFH => {
                self.current = self.saved.clone();
                Step::Restore
            }
            op::PUTFH => {
                let handle = Handle::new(xdr.opaque().filter(|handle| handle.len() <= 128)?);
                self.current = Current { handle: Some(handle), ..Current::default() };
                Step::Put(handle)
            }
            op::LOOKUP => {
                let name = Text::new(xdr.name()?);
                self.current = Current::default();
                Step::Name { row: known.row("LOOKUP", name.clone(), Text::default()), name, made: false }
            }
            op::OPEN => match open(xdr)? {
                (Some(name), made) => {
                    self.current = Current::default();
                    let name = Text::new(name);
                    Step::Name { row: known.row("OPEN", name.clone(), Text::default()), name, made }
                }
                (None, _) => Step::Other(None),
            },
            op::CREATE => {
                let mut target = Text::default();
                match xdr.u32()? {
                    3 | 4 => xdr.skip(8)?,
                    5 => target = Text::new(xdr.name()?),
                    _ => {}
                }
                let name = Text::new(xdr.name()?);
                attributes(xdr)?;
                self.current = Current::default();
                Step::Name { row: known.row("CREATE", name.clone(), target), name, made: false }
            }
            op::REMOVE => {
                let name = Text::new(xdr.name()?);
                Step::Other(known.row("REMOVE", name, Text::default()))
            }
            op::RENAME => {
                let (name, new_name) = (Text::new(xdr.name()?), Text::new(xdr.name()?));
                Step::Other(known.row("RENAME", name, new_name))
            }
            op::LINK => {
                let new_name = Text::new(xdr.name()?);
                let name = self.saved.handle.and_then(|handle| handles.name(handle)).cloned().unwrap_or_default();
                Step::Other(known.row("LINK", name, new_name))
            }
            op::READ => {
                xdr.skip(STATEID)?;
                let offset = xdr.u64()?;
                xdr.skip(4)?;
                Step::Read { row: self.named(known, handles, "READ"), offset }
            }
            op::WRITE => {
                xdr.skip(STATEID)?;
                let offset = xdr.u64()?;
                xdr.skip(4)?;
                let bytes = u64::from(xdr.u32()?);
                length = Some((offset, bytes));
                Step::Write { row: self.named(known, handles, "WRITE") }
            }
            op::CLOSE => {
                xdr.skip(4 + STATEID)?;
                Step::Close
            }
            op::SETATTR => {
                xdr.skip(STATEID)?;
                Step::Resize(attributes(xdr)?)
            }
            _ => match arguments(number, xdr) {
                Arguments::Read => Step::Other(None),
                Arguments::Short => return None,
                Arguments::Unknown => {
                    known.operation4(number);
                    self.steps.steps.push((number, Step::Leave));
                    return Some(Next::Unknown);
                }
            },
        };
        known.operation4(number);
        self.steps.steps.push((number, step));
        Some(match length {
            None => Next::Operation,
            Some((offset, bytes)) => {
                // A file opened in the same compound has no handle yet.
                let handle = self.current.handle.unwrap_or(Handle::new(b""));
                handles.begin(handle, Role::Client, offset, bytes);
                Next::Content(handle, bytes)
            }
        })
    }

    /// Reads the result of an operation.
    fn result(&mut self, known: &mut Known, handles: &mut Handles, xdr: &mut Xdr<'_>) -> Option<Next> {
        let (number, status) = (xdr.u32()?, xdr.u32()?);
        let asked = self.steps.steps.get(self.at).filter(|(asked, _)| *asked == number).map(|(_, step)| step.clone());
        if let Some(Step::Other(row) | Step::Name { row, .. } | Step::Read { row, .. } | Step::Write { row }) = &asked {
            known.ended(*row, status);
        }
        if status != 0 {
            // It is the last one.
            known.status(status);
            if let (Some(Step::Write { .. }), Some(handle)) = (&asked, self.current.handle) {
                handles.failed(handle);
            }
            return Some(Next::Unknown);
        }
        let (mut next, mut created) = (Next::Operation, true);
        match number {
            op::GETFH => {
                let handle = Handle::new(xdr.opaque().filter(|handle| handle.len() <= 128)?);
                if let Some(name) = &self.current.name {
                    handles.learn(handle, name);
                    if self.current.made {
                        handles.made(handle);
                    }
                }
                self.current.handle = Some(handle);
            }
            op::GETATTR => {
                if let (Some(size), Some(handle)) = (attributes(xdr)?, self.current.handle) {
                    handles.size(handle, size);
                }
            }
            op::READ => {
                let end = xdr.u32()? == 1;
                let length = u64::from(xdr.u32()?);
                let offset = match &asked {
                    Some(Step::Read { offset, .. }) => *offset,
                    _ => return Some(Next::Unknown),
                };
                let handle = self.current.handle.unwrap_or(Handle::new(b""));
                handles.begin(handle, Role::Server, offset, length);
                if end {
                    handles.size(handle, offset.saturating_add(length));
                }
                next = Next::Content(handle, length);
            }
            op::READDIR => {
                xdr.skip(8)?;
                next = Next::Listing;
            }
            op::OPEN => created = opened(xdr)?,
            _ => match results(number, xdr) {
                Arguments::Read => {}
                Arguments::Short => return None,
                Arguments::Unknown => return Some(Next::Unknown),
            },
        }
        match asked {
            Some(Step::Put(handle)) => self.current = Current { handle: Some(handle), ..Current::default() },
            Some(Step::Name { name, made, .. }) => {
                self.current = Current { handle: None, name: Some(name), made: made && created };
            }
            Some(Step::Save) => self.saved = self.current.clone(),
            Some(Step::Restore) => self.current = self.saved.clone(),
            Some(Step::Leave) => self.current = Current::default(),
            Some(Step::Resize(Some(size))) => {
                if let Some(handle) = self.current.handle {
                    handles.size(handle, size);
                    if size == 0 {
                        handles.made(handle);
                    }
                }
            }
            Some(Step::Close) => {
                if let Some(handle) = self.current.handle {
                    handles.close(handle);
                }
            }
            _ => {}
        }
        self.at = self.at.saturating_add(1);
        Some(next)
    }

    fn named(&self, known: &mut Known, handles: &Handles, operation: &'static str) -> Option<usize> {
        let name = handles.name(self.current.handle?)?.clone();
        known.row(operation, name, Text::default())
    }
}

/// Why a walk stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// The next operation is not all there.
    Short,
    /// Nothing more is to be learnt.
    Done,
    /// Content of so many bytes follows; then the walk goes on.
    Content(Handle, u64),
    /// Entries of a directory follow.
    Listing,
}

/// What comes after an operation.
enum Next {
    Operation,
    Content(Handle, u64),
    Listing,
    /// It can't be said.
    Unknown,
}

/// How arguments were read of which nothing is told.
enum Arguments {
    Read,
    Short,
    Unknown,
}

impl Arguments {
    fn of(read: Option<()>) -> Self {
        if read.is_some() { Self::Read } else { Self::Short }
    }
}

fn arguments(number: u32, xdr: &mut Xdr<'_>) -> Arguments {
    let read = match number {
        op::ACCESS | op::OPENATTR | op::SECINFO_NO_NAME | op::RECLAIM_COMPLETE => xdr.skip(4),
        op::COMMIT => xdr.skip(12),
        op::DELEGPURGE | op::RENEW | op::DESTROY_CLIENTID => xdr.skip(8),
        op::DELEGRETURN | op::DESTROY_SESSION | op::FREE_STATEID => xdr.skip(STATEID),
        op::GETATTR => xdr.words().map(|_| ()),
        op::LOCK => lock(xdr),
        op::LOCKT => xdr.skip(4 + 16 + 8).and_then(|()| xdr.opaque()).map(|_| ()),
        op::LOCKU => xdr.skip(8 + STATEID + 16),
        op::NVERIFY | op::VERIFY => attributes(xdr).map(|_| ()),
        op::OPEN_CONFIRM => xdr.skip(STATEID + 4),
        op::OPEN_DOWNGRADE => xdr.skip(STATEID + 12),
        op::READDIR => xdr.skip(24).and_then(|()| xdr.words()).map(|_| ()),
        op::SECINFO => xdr.name().map(|_| ()),
        op::SETCLIENTID => {
            let id = xdr.skip(8).and_then(|()| xdr.opaque());
            id.and_then(|_| xdr.skip(4)).and_then(|()| xdr.name()).and_then(|_| xdr.name()).and_then(|_| xdr.skip(4))
        }
        op::SETCLIENTID_CONFIRM => xdr.skip(16),
        op::RELEASE_LOCKOWNER => xdr.skip(8).and_then(|()| xdr.opaque()).map(|_| ()),
        op::BIND_CONN_TO_SESSION => xdr.skip(STATEID + 8),
        op::SEQUENCE => xdr.skip(32),
        op::TEST_STATEID => stateids(xdr),
        op::ALLOCATE | op::DEALLOCATE => xdr.skip(STATEID + 16),
        op::SEEK => xdr.skip(STATEID + 12),
        // Nothing but these stands in their compounds.
        op::EXCHANGE_ID | op::CREATE_SESSION => return Arguments::Unknown,
        _ => return Arguments::Unknown,
    };
    Arguments::of(read)
}

fn results(number: u32, xdr: &mut Xdr<'_>) -> Arguments {
    let read = match number {
        op::ACCESS | op::COMMIT => xdr.skip(8),
        op::CLOSE | op::LOCK | op::LOCKU | op::OPEN_CONFIRM | op::OPEN_DOWNGRADE => xdr.skip(STATEID),
        op::CREATE => xdr.skip(CHANGE).and_then(|()| xdr.words()).map(|_| ()),
        op::LINK | op::REMOVE => xdr.skip(CHANGE),
        op::RENAME => xdr.skip(2 * CHANGE),
        op::READLINK => xdr.opaque().map(|_| ()),
        op::SETATTR => xdr.words().map(|_| ()),
        op::SETCLIENTID => xdr.skip(16),
        op::WRITE => xdr.skip(16),
        op::BIND_CONN_TO_SESSION => xdr.skip(24),
        op::SEQUENCE => xdr.skip(36),
        op::SEEK => xdr.skip(12),
        op::TEST_STATEID => xdr.words().map(|_| ()),
        op::DELEGPURGE
        | op::DELEGRETURN
        | op::LOCKT
        | op::LOOKUP
        | op::LOOKUPP
        | op::NVERIFY
        | op::OPENATTR
        | op::PUTFH
        | op::PUTPUBFH
        | op::PUTROOTFH
        | op::RENEW
        | op::RESTOREFH
        | op::SAVEFH
        | op::SETCLIENTID_CONFIRM
        | op::VERIFY
        | op::RELEASE_LOCKOWNER
        | op::DESTROY_SESSION
        | op::FREE_STATEID
        | op::DESTROY_CLIENTID
        | op::RECLAIM_COMPLETE
        | op::ALLOCATE
        | op::DEALLOCATE => Some(()),
        _ => return Arguments::Unknown,
    };
    Arguments::of(read)
}

/// A bitmap and attributes. Gives the size, where it is told: the fifth of them (RFC 8881 5.8.1).
pub fn attributes(xdr: &mut Xdr<'_>) -> Option<Option<u64>> {
    let bitmap = Xdr::new(xdr.words()?).u32().unwrap_or(0);
    let mut values = Xdr::new(xdr.opaque()?);
    Some(size(bitmap, &mut values))
}

fn size(bitmap: u32, values: &mut Xdr<'_>) -> Option<u64> {
    if bitmap & 1 != 0 {
        values.words()?;
    }
    for (bit, bytes) in [(1, 4), (2, 4), (3, 8)] {
        if bitmap & 1 << bit != 0 {
            values.skip(bytes)?;
        }
    }
    values.u64().filter(|_| bitmap & 1 << 4 != 0)
}

/// The name that an OPEN gives, where it gives one, and whether it makes the file.
fn open<'a>(xdr: &mut Xdr<'a>) -> Option<(Option<&'a [u8]>, bool)> {
    xdr.skip(12 + 8)?;
    xdr.opaque()?;
    let makes = xdr.u32()? == 1;
    if makes {
        match xdr.u32()? {
            0 | 1 => {
                attributes(xdr)?;
            }
            2 => xdr.skip(8)?,
            3 => {
                xdr.skip(8)?;
                attributes(xdr)?;
            }
            _ => {}
        }
    }
    let name = match xdr.u32()? {
        0 | 3 => Some(xdr.name()?),
        1 => {
            xdr.skip(4)?;
            None
        }
        2 => {
            xdr.skip(STATEID)?;
            Some(xdr.name()?)
        }
        5 => {
            xdr.skip(STATEID)?;
            None
        }
        _ => None,
    };
    Some((name, makes))
}

/// Whether an OPEN made the file: its directory changed.
fn opened(xdr: &mut Xdr<'_>) -> Option<bool> {
    xdr.skip(STATEID)?;
    let (atomic, before, after) = (xdr.u32()?, xdr.u64()?, xdr.u64()?);
    xdr.skip(4)?;
    xdr.words()?;
    match xdr.u32()? {
        delegation @ (1 | 2) => {
            xdr.skip(STATEID + 4 + 12 + if delegation == 2 { 12 } else { 0 })?;
            xdr.name()?;
        }
        3 if matches!(xdr.u32()?, 1 | 2) => xdr.skip(4)?,
        _ => {}
    }
    Some(atomic == 1 && before != after)
}

fn lock(xdr: &mut Xdr<'_>) -> Option<()> {
    xdr.skip(8 + 16)?;
    if xdr.u32()? == 1 {
        xdr.skip(4 + STATEID + 4 + 8)?;
        xdr.opaque().map(|_| ())
    } else {
        xdr.skip(STATEID + 4)
    }
}

fn stateids(xdr: &mut Xdr<'_>) -> Option<()> {
    let count = usize::try_from(xdr.u32()?).ok()?;
    xdr.skip(count.checked_mul(STATEID)?)
}
