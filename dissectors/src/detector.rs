//! Tells from the bytes, never from the port, which protocol a session speaks.
//!
//! Every protocol starts as a candidate in both orientations: the originator may be its client or its server. A probe's
//! rejection removes a candidate for good. One is chosen as soon as its probe proves it ([`Verdict::Match`]), or when
//! both sides' bytes fit it ([`Verdict::Likely`]). Where several fit, the first of the registry wins.

use std::net::IpAddr;

use crate::facts::Side;
use crate::protocol::{PROBE_BYTES, Protocol, Role, Sample, Transport, Verdict};
use crate::protocols;

/// The most protocols a candidate set has room for.
pub const MAX_PROTOCOLS: usize = 128;

/// A set of protocols, a bit for each place in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidates(u128);

impl Candidates {
    const NONE: Self = Self(0);

    fn of(transport: Transport) -> Self {
        let mut set = 0;
        for (at, protocol) in protocols::ALL.iter().enumerate() {
            if protocol.transports.contains(&transport) {
                set |= 1u128.checked_shl(at as u32).unwrap_or(0);
            }
        }
        Self(set)
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let at = (rest != 0).then(|| rest.trailing_zeros())?;
            rest &= rest.wrapping_sub(1);
            Some(at as usize)
        })
    }

    fn contains(self, at: usize) -> bool {
        self.0 & 1u128.checked_shl(at as u32).unwrap_or(0) != 0
    }

    fn insert(&mut self, at: usize) {
        self.0 |= 1u128.checked_shl(at as u32).unwrap_or(0);
    }

    fn remove(&mut self, at: usize) {
        self.0 &= !1u128.checked_shl(at as u32).unwrap_or(0);
    }
}

/// What a session was found to be.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// The side that is its client.
    pub client: Side,
}

/// One orientation: which side is the client.
#[derive(Clone, Copy, Debug)]
struct Orientation {
    client: Side,
    alive: Candidates,
    likely: [Candidates; 2],
}

impl Orientation {
    fn role(&self, side: Side) -> Role {
        if side == self.client { Role::Client } else { Role::Server }
    }
}

/// Narrows the candidates of one session.
#[derive(Clone, Debug)]
pub struct Detector {
    transport: Transport,
    addresses: [IpAddr; 2],
    orientations: [Orientation; 2],
}

impl Detector {
    /// Begins with every protocol of the transport. `addresses` are the originator's and the responder's.
    pub fn new(transport: Transport, addresses: [IpAddr; 2]) -> Self {
        let orientation =
            |client| Orientation { client, alive: Candidates::of(transport), likely: [Candidates::NONE; 2] };
        Self { transport, addresses, orientations: [orientation(Side::Originator), orientation(Side::Responder)] }
    }

    /// Looks at what `side` has sent: its stream's beginning, or a datagram.
    pub fn look(&mut self, side: Side, bytes: &[u8]) -> Option<Found> {
        let bytes = bytes.get(..PROBE_BYTES).unwrap_or(bytes);
        let [originator, responder] = self.addresses;
        let destination = if side == Side::Originator { responder } else { originator };
        for orientation in &mut self.orientations {
            let role = orientation.role(side);
            let sample = Sample { transport: self.transport, role, bytes, destination };
            for at in orientation.alive.iter() {
                let Some(protocol) = protocols::ALL.get(at) else {
                    continue;
                };
                let found = Found { protocol, client: orientation.client };
                match (protocol.probe)(&sample) {
                    Verdict::Match => return Some(found),
                    Verdict::Likely => {
                        let [originator, responder] = &mut orientation.likely;
                        let (own, other) =
                            if side == Side::Originator { (originator, responder) } else { (responder, originator) };
                        own.insert(at);
                        if other.contains(at) {
                            return Some(found);
                        }
                    }
                    Verdict::NeedMore => {}
                    Verdict::Reject => orientation.alive.remove(at),
                }
            }
        }
        None
    }

    /// Whether no candidate is left.
    pub fn exhausted(&self) -> bool {
        self.orientations.iter().all(|orientation| orientation.alive == Candidates::NONE)
    }

    /// The verdict when nothing more will come: a protocol that fits the only side that spoke, if it is the only one that does.
    /// Where it fits in both orientations the originator is taken for the client.
    pub fn conclude(&self) -> Option<Found> {
        let mut fitting = self.orientations.iter().flat_map(|orientation| {
            let [originator, responder] = orientation.likely;
            let spoke = Candidates((originator.0 | responder.0) & orientation.alive.0);
            let client = orientation.client;
            spoke.iter().filter_map(move |at| Some(Found { protocol: protocols::ALL.get(at)?, client }))
        });
        let first = fitting.next()?;
        fitting.all(|other| std::ptr::eq(other.protocol, first.protocol)).then_some(first)
    }
}
