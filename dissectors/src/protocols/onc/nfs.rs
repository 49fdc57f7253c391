//! NFS 2 and 3 (RFC 1094, RFC 1813): one procedure a call.
//!
//! A handle is 32 bytes in version 2, and counted ones in 3. Attributes are 68 bytes in version 2 and 84 in 3, where most answers
//! hold them behind a mark that says whether they are there. Arguments and answers are read as far as a name, a handle, a size or
//! content needs it.

use crate::capped::Text;
use crate::protocol::Role;

use super::handles::{Handle, Handles};
use super::known::Known;
use super::programs::{self, NFS};
use super::task::{Content, Listing, Task};
use super::xdr::Xdr;

/// The length of attributes.
const ATTRIBUTES_2: usize = 68;
const ATTRIBUTES_3: usize = 84;

/// A call that waits for its reply.
#[derive(Debug)]
pub enum Asked {
    /// Only its status matters.
    Row(Option<usize>),
    /// It gives a handle to a name; `made` where there was none before, `marked` where the handle may be left out.
    Name {
        row: Option<usize>,
        name: Text,
        made: bool,
        marked: bool,
    },
    Attributes(Handle),
    Read {
        row: Option<usize>,
        handle: Handle,
        offset: u64,
    },
    Write {
        row: Option<usize>,
        handle: Handle,
    },
    Listing {
        plus: bool,
    },
}

/// Reads a call's arguments. Gives what to make of the reply, and what follows in the call.
pub fn request(
    known: &mut Known,
    handles: &mut Handles,
    version: u32,
    procedure: u32,
    xdr: &mut Xdr<'_>,
) -> Option<(Asked, Task)> {
    let operation = programs::procedure(NFS, version, procedure)?;
    let plain = |asked| Some((asked, Task::Rest));
    match operation {
        "GETATTR" => plain(Asked::Attributes(handle(version, xdr)?)),
        "LOOKUP" | "CREATE" | "MKDIR" | "MKNOD" => {
            handle(version, xdr)?;
            let name = Text::new(xdr.name()?);
            let row = known.row(operation, name.clone(), Text::default());
            // What makes something need not tell its handle (version 3).
            let marked = version == 3 && operation != "LOOKUP";
            plain(Asked::Name { row, name, made: operation == "CREATE", marked })
        }
        "SYMLINK" => {
            handle(version, xdr)?;
            let name = Text::new(xdr.name()?);
            if version == 3 {
                attributes_to_set(xdr)?;
            }
            plain(Asked::Row(known.row(operation, name, Text::new(xdr.name()?))))
        }
        "REMOVE" | "RMDIR" => {
            handle(version, xdr)?;
            plain(Asked::Row(known.row(operation, Text::new(xdr.name()?), Text::default())))
        }
        "RENAME" => {
            handle(version, xdr)?;
            let name = Text::new(xdr.name()?);
            handle(version, xdr)?;
            plain(Asked::Row(known.row(operation, name, Text::new(xdr.name()?))))
        }
        "LINK" => {
            let file = handle(version, xdr)?;
            handle(version, xdr)?;
            let name = handles.name(file).cloned().unwrap_or_default();
            plain(Asked::Row(known.row(operation, name, Text::new(xdr.name()?))))
        }
        "READ" => {
            let handle = handle(version, xdr)?;
            let offset = if version == 2 { xdr.u32()?.into() } else { xdr.u64()? };
            let row = named(known, handles, operation, handle);
            plain(Asked::Read { row, handle, offset })
        }
        "WRITE" => {
            let handle = handle(version, xdr)?;
            let offset = if version == 2 {
                xdr.skip(4)?;
                let offset = xdr.u32()?.into();
                xdr.skip(4)?;
                offset
            } else {
                let offset = xdr.u64()?;
                xdr.skip(8)?;
                offset
            };
            let length = xdr.u32()?.into();
            let row = named(known, handles, operation, handle);
            handles.begin(handle, Role::Client, offset, length);
            let content = Content::new(handle, Role::Client, length, None);
            Some((Asked::Write { row, handle }, Task::Content(content)))
        }
        "READDIR" => plain(Asked::Listing { plus: false }),
        "READDIRPLUS" => plain(Asked::Listing { plus: true }),
        _ => plain(Asked::Row(None)),
    }
}

/// Reads a reply's results. Gives what follows in the reply.
pub fn reply(known: &mut Known, handles: &mut Handles, version: u32, asked: Asked, xdr: &mut Xdr<'_>) -> Option<Task> {
    let status = xdr.u32()?;
    known.status(status);
    match asked {
        Asked::Row(row) => known.ended(row, status),
        Asked::Attributes(handle) if status == 0 => {
            if let Some(size) = attributes(version, xdr) {
                handles.size(handle, size);
            }
        }
        Asked::Attributes(_) => {}
        Asked::Name { row, name, made, marked } => {
            known.ended(row, status);
            if status == 0 && (!marked || xdr.u32()? == 1) {
                let handle = handle(version, xdr)?;
                handles.learn(handle, &name);
                if made {
                    handles.made(handle);
                }
            }
        }
        Asked::Read { row, handle, offset } => {
            known.ended(row, status);
            if status == 0 {
                let size = if version == 2 { attributes(2, xdr) } else { marked_attributes(xdr)? };
                let mut end = None;
                if version == 3 {
                    let count = u64::from(xdr.u32()?);
                    end = (xdr.u32()? == 1).then(|| offset.saturating_add(count));
                }
                let length = xdr.u32()?.into();
                handles.begin(handle, Role::Server, offset, length);
                if let Some(size) = size.or(end) {
                    handles.size(handle, size);
                }
                return Some(Task::Content(Content::new(handle, Role::Server, length, None)));
            }
        }
        Asked::Write { row, handle } => {
            known.ended(row, status);
            if status != 0 {
                handles.failed(handle);
                return None;
            }
            let size = if version == 2 {
                attributes(2, xdr)
            } else {
                if xdr.u32()? == 1 {
                    xdr.skip(24)?;
                }
                marked_attributes(xdr)?
            };
            if let Some(size) = size {
                handles.size(handle, size);
            }
        }
        Asked::Listing { plus } if status == 0 => {
            if version == 3 {
                marked_attributes(xdr)?;
                xdr.skip(8)?;
            }
            return Some(Task::Listing(match (version, plus) {
                (2, _) => Listing::Version2,
                (_, false) => Listing::Version3,
                (_, true) => Listing::Plus,
            }));
        }
        Asked::Listing { .. } => {}
    }
    None
}

/// Notes that a file is read or written, where its name is known.
fn named(known: &mut Known, handles: &Handles, operation: &'static str, handle: Handle) -> Option<usize> {
    known.row(operation, handles.name(handle)?.clone(), Text::default())
}

/// A handle.
pub fn handle(version: u32, xdr: &mut Xdr<'_>) -> Option<Handle> {
    let bytes = if version == 2 { xdr.reader.take(32)? } else { xdr.opaque().filter(|bytes| bytes.len() <= 64)? };
    Some(Handle::new(bytes))
}

/// The size among attributes.
fn attributes(version: u32, xdr: &mut Xdr<'_>) -> Option<u64> {
    let mut inside = Xdr::new(xdr.reader.take(if version == 2 { ATTRIBUTES_2 } else { ATTRIBUTES_3 })?);
    inside.skip(20)?;
    if version == 2 { inside.u32().map(u64::from) } else { inside.u64() }
}

/// The size among attributes that may be there (version 3). The outer `None`: bytes are missing.
pub fn marked_attributes(xdr: &mut Xdr<'_>) -> Option<Option<u64>> {
    match xdr.u32()? {
        0 => Some(None),
        1 => attributes(3, xdr).map(Some),
        _ => None,
    }
}

/// Attributes that a client sets (RFC 1813 2.6): four that may be there, of four bytes but for the size, and two times.
fn attributes_to_set(xdr: &mut Xdr<'_>) -> Option<()> {
    for bytes in [4, 4, 4, 8] {
        if xdr.u32()? == 1 {
            xdr.skip(bytes)?;
        }
    }
    for _ in 0..2 {
        if xdr.u32()? == 2 {
            xdr.skip(8)?;
        }
    }
    Some(())
}
