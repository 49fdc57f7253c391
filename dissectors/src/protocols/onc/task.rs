//! What is underway in one record: a message is read in steps, so that content of any length streams through.

use crate::capped::Text;
use crate::protocol::Role;

use super::handles::{Handle, Handles};
use super::known::Known;
use super::nfs::{handle, marked_attributes};
use super::nfs4::{self, Compound};
use super::xdr::{Xdr, padding};

/// What comes next in a record.
#[derive(Debug, Default)]
pub enum Task {
    /// The head of a message.
    #[default]
    Head,
    /// Content of a file.
    Content(Content),
    /// Entries of a directory.
    Listing(Listing),
    /// Operations of NFS 4.
    Compound(Box<Compound>),
    /// Nothing of interest.
    Rest,
}

/// Content that passes.
#[derive(Debug)]
pub struct Content {
    pub handle: Handle,
    pub sender: Role,
    pub left: u64,
    /// Then so many bytes mean nothing,
    pub padding: usize,
    /// and these operations go on.
    pub then: Option<Box<Compound>>,
}

impl Content {
    pub fn new(handle: Handle, sender: Role, length: u64, then: Option<Box<Compound>>) -> Self {
        let padding = padding(usize::try_from(length % 4).unwrap_or(0));
        Self { handle, sender, left: length, padding, then }
    }

    /// What follows it.
    pub fn next(self) -> Task {
        self.then.map_or(Task::Rest, Task::Compound)
    }
}

/// A form of directory entries: each is marked with 1, and a 0 ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Id (4), name, cookie (4).
    Version2,
    /// Id (8), name, cookie (8).
    Version3,
    /// The same with attributes and handle, if they are there.
    Plus,
    /// Cookie (8), name, bitmap, attributes.
    Version4,
}

impl Listing {
    /// Reads whole entries. Gives how many bytes they took, and whether more follow.
    pub fn read(self, known: &mut Known, handles: &mut Handles, bytes: &[u8]) -> (usize, bool) {
        let mut xdr = Xdr::new(bytes);
        let mut used = 0;
        while let Some(1) = xdr.u32() {
            match self.entry(known, handles, &mut xdr) {
                Some(()) => used = xdr.used(),
                None => return (used, true),
            }
        }
        (used, false)
    }

    fn entry(self, known: &mut Known, handles: &mut Handles, xdr: &mut Xdr<'_>) -> Option<()> {
        xdr.skip(if self == Self::Version2 { 4 } else { 8 })?;
        let name = Text::new(xdr.name()?);
        match self {
            Self::Version2 => xdr.skip(4)?,
            Self::Version3 => xdr.skip(8)?,
            Self::Plus => {
                xdr.skip(8)?;
                marked_attributes(xdr)?;
                if xdr.u32()? == 1 {
                    let handle = handle(3, xdr)?;
                    if !matches!(name.bytes(), b"." | b"..") {
                        handles.learn(handle, &name);
                    }
                }
            }
            Self::Version4 => {
                nfs4::attributes(xdr)?;
            }
        }
        known.listed.push_distinct(name);
        Some(())
    }
}
