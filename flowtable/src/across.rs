//! What crosses sessions: a session hears something of others ([`Notice`]), and another one, when it is told, asks what was heard of it
//! ([`Meeting`]) and is given it ([`Joined`]).
//!
//! Who keeps what was heard is the sink's affair. A session asks with the instants of its first and last packet, and must be answered
//! with what was heard up to then, neither more nor less: then a record does not depend on how sessions are spread over tables.

use std::net::IpAddr;

use dissectors::conversation::Heard;
use dissectors::facts::Side;
use dissectors::news::{Expected, News, Place};
use dissectors::protocol::Role;
use dissectors::{Text, Transport};

use crate::packet::{Ends, protocol};
use crate::path::Domain;

/// Something heard in one session of others.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The packet clock when it was heard.
    pub clock: u64,
    /// The time of the packet that told it, in nanoseconds. The two differ where a capture's time has stepped back.
    pub time: u64,
    /// The id of the session that it was heard in.
    pub by: u64,
    /// Where addresses mean the same.
    pub domain: Domain,
    /// What was heard.
    pub matter: Matter,
}

/// What may be heard.
#[derive(Clone, Debug)]
pub enum Matter {
    /// A session is about to begin.
    Expected {
        /// One of its ends.
        at: (IpAddr, u16),
        /// Its IP protocol.
        protocol: u8,
        /// Who is expected there.
        announced: Announced,
    },
    /// A client looked up a name and was given an address.
    Named {
        /// Who asked.
        client: IpAddr,
        /// What the name stands for.
        address: IpAddr,
        /// The name.
        name: Text,
    },
}

/// A session that was announced.
#[derive(Clone, Debug)]
pub struct Announced {
    /// The address of its other end, where that was told.
    pub peer: Option<IpAddr>,
    /// The id of the session that announced it.
    pub parent: u64,
    /// What it is.
    pub app: &'static str,
    /// The file that it carries, and who sends it.
    pub file: Option<(Text, IpAddr)>,
}

/// A session that asks what was heard of it.
#[derive(Clone, Copy, Debug)]
pub struct Meeting {
    /// Its id: what it announced itself is meant for others.
    pub id: u64,
    /// Who it is between, as its originator names them.
    pub ends: Ends,
    /// Where addresses mean the same.
    pub domain: Domain,
    /// Its first packet, in nanoseconds.
    pub start: u64,
    /// The packet clock at its last packet.
    pub active: u64,
}

/// What was heard of a session.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// Who announced it.
    pub announced: Option<Announced>,
    /// By side: names that the other side had looked up for this one's address, the most recent first.
    pub names: [Vec<Text>; 2],
}

impl Joined {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.announced = None;
        self.names.iter_mut().for_each(Vec::clear);
    }
}

/// Puts addresses and ports to what a dissector told by role.
pub(crate) fn notice(heard: Heard, ends: &Ends, domain: Domain, session: u64, (clock, time): (u64, u64)) -> Notice {
    let end = |role: Role| {
        let side = if role == Role::Client { heard.client } else { heard.client.other() };
        match side {
            Side::Originator => (ends.source.ip(ends.family), ends.source_port),
            Side::Responder => (ends.destination.ip(ends.family), ends.destination_port),
        }
    };
    let matter = match heard.news {
        News::Named { address, name } => Matter::Named { client: end(Role::Client).0, address, name },
        News::Expect(Expected { transport, at, peer, app, file }) => Matter::Expected {
            at: match at {
                Place::Same(role) => end(role),
                Place::Port(role, port) => (end(role).0, port),
                Place::Any(address, port) => (address, port),
            },
            protocol: match transport {
                Transport::Tcp => protocol::TCP,
                Transport::Udp => protocol::UDP,
                Transport::Sctp => protocol::SCTP,
            },
            announced: Announced {
                peer: peer.map(|role| end(role).0),
                parent: session,
                app,
                file: file.map(|file| (file.name, end(file.sender).0)),
            },
        },
    };
    Notice { clock, time, by: session, domain, matter }
}
