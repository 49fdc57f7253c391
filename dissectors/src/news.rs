//! What one session tells of others: the data connection that FTP announces, the media that SIP sets up, the name that a client
//! looked up for an address.
//!
//! A dissector knows neither addresses nor ports of its session; it names its ends by role, and the flow table fills them in. What is
//! told is joined to the other session's line where lines are put in order, so that a replay tells the same with any number of
//! workers.

use std::net::IpAddr;

use crate::capped::Text;
use crate::protocol::{Role, Transport};

/// The most items that wait to be taken from one session; what comes beyond them is forgotten.
pub const NEWS_CAP: usize = 64;

/// Something that concerns other sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A session to come, or one that has just begun.
    Expect(Expected),
    /// A client has learnt the name of an address.
    Named {
        /// The address.
        address: IpAddr,
        /// The name that the client asked for.
        name: Text,
    },
}

impl News {
    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Expect(expected) => expected.file.as_ref().map_or(0, |file| file.name.heap_bytes()),
            Self::Named { name, .. } => name.heap_bytes(),
        }
    }
}

/// A session that another one announces. One that is announced again for the same place replaces what was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// How its bytes will arrive.
    pub transport: Transport,
    /// One of its ends.
    pub at: Place,
    /// The side of the announcing session whose address is the other end; `None` where anybody may come.
    pub peer: Option<Role>,
    /// What it will be, as `app` has it: `ftp-data`, `rtp`.
    pub app: &'static str,
    /// The file that it will carry.
    pub file: Option<ExpectedFile>,
}

/// One end of a session to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The address and the port of one side of the announcing session.
    Same(Role),
    /// The address of one side of the announcing session, and a port.
    Port(Role, u16),
    /// Any address and port.
    Any(IpAddr, u16),
}

/// A file that a session to come will carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedFile {
    /// Its name.
    pub name: Text,
    /// The side of the announcing session that sends it.
    pub sender: Role,
}
