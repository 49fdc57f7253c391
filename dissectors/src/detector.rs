//! Tells from the bytes, never from the port, which protocol a session speaks.
//!
//! Every protocol starts as a candidate in both orientations: the originator may be its client or its server. A probe's
//! rejection of a side's bytes is final for that side. A protocol is chosen as soon as one side proves it ([`Verdict::Match`]), or when
//! both sides' bytes fit it ([`Verdict::Likely`]). Where several fit, the first of the registry wins.
//!
//! The first byte leaves most protocols out before any probe is asked ([`crate::protocol::FirstBytes`]), so that a session
//! costs the probes that it leaves, however many protocols there are.
//!
//! One side's proof holds although the other side's bytes are rejected: a server that answers rubbish with an HTTP error is an
//! HTTP server all the same. The rejected side is then not shown to the dissector ([`Found::muted`]).

use std::net::IpAddr;
use std::sync::LazyLock;

use crate::facts::Side;
use crate::protocol::{PROBE_BYTES, Protocol, Role, Sample, Transport, Verdict};
use crate::protocols;

/// The most protocols of one transport: a candidate set has room for so many.
pub const MAX_PROTOCOLS: usize = 256;

/// What is known of one transport's protocols before any session.
struct Registry {
    /// Those that are looked for on it, in the order of [`protocols::ALL`].
    protocols: Vec<&'static Protocol>,
    all: Candidates,
    /// By role and byte: those in which the role can begin with it.
    beginning: [[Candidates; 256]; 2],
}

impl Registry {
    fn of(transport: Transport) -> &'static Self {
        static TCP: LazyLock<Registry> = LazyLock::new(|| Registry::new(Transport::Tcp));
        static UDP: LazyLock<Registry> = LazyLock::new(|| Registry::new(Transport::Udp));
        static SCTP: LazyLock<Registry> = LazyLock::new(|| Registry::new(Transport::Sctp));
        match transport {
            Transport::Tcp => &TCP,
            Transport::Udp => &UDP,
            Transport::Sctp => &SCTP,
        }
    }

    fn new(transport: Transport) -> Self {
        let looked_for = protocols::ALL.iter().copied().filter(|protocol| protocol.transports.contains(&transport));
        let protocols: Vec<_> = looked_for.collect();
        debug_assert!(protocols.len() <= MAX_PROTOCOLS, "no room for all of {transport:?}");
        let (mut all, mut beginning) = (Candidates::NONE, [[Candidates::NONE; 256]; 2]);
        for (at, protocol) in protocols.iter().enumerate() {
            all.insert(at);
            for (of_role, ranges) in beginning.iter_mut().zip([protocol.first.client, protocol.first.server]) {
                for byte in ranges.iter().flat_map(|range| range.clone()) {
                    if let Some(set) = of_role.get_mut(usize::from(byte)) {
                        set.insert(at);
                    }
                }
            }
        }
        Self { protocols, all, beginning }
    }

    fn get(&self, at: usize) -> Option<&'static Protocol> {
        self.protocols.get(at).copied()
    }

    /// Every protocol in which a role can begin with a byte.
    fn beginning(&self, role: Role, byte: u8) -> Candidates {
        let of_role = self.beginning.get(role.index());
        of_role.and_then(|of_role| of_role.get(usize::from(byte))).copied().unwrap_or(Candidates::NONE)
    }

    /// One of some protocols that does not reject a sample.
    fn accepting(&self, some: Candidates, sample: &Sample<'_>) -> Option<&'static str> {
        let mut protocols = some.iter().filter_map(|at| self.get(at));
        protocols.find(|protocol| (protocol.probe)(sample) != Verdict::Reject).map(|protocol| protocol.name)
    }
}

/// A set of a transport's protocols, a bit for each place in its registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidates([u128; 2]);

impl Candidates {
    const NONE: Self = Self([0; 2]);

    fn iter(self) -> impl Iterator<Item = usize> {
        let Self([mut low, mut high]) = self;
        std::iter::from_fn(move || {
            if low != 0 {
                let at = low.trailing_zeros();
                low &= low.wrapping_sub(1);
                return Some(at as usize);
            }
            let at = (high != 0).then(|| high.trailing_zeros())?;
            high &= high.wrapping_sub(1);
            Some((at as usize).saturating_add(u128::BITS as usize))
        })
    }

    /// The half in which a place's bit is, and the bit.
    fn bit(&mut self, at: usize) -> (&mut u128, u128) {
        let bit = 1u128.checked_shl((at % u128::BITS as usize) as u32).unwrap_or(0);
        let Self([low, high]) = self;
        (if at < u128::BITS as usize { low } else { high }, bit)
    }

    fn contains(mut self, at: usize) -> bool {
        let (half, bit) = self.bit(at);
        *half & bit != 0
    }

    fn insert(&mut self, at: usize) {
        let (half, bit) = self.bit(at);
        *half |= bit;
    }

    fn remove(&mut self, at: usize) {
        let (half, bit) = self.bit(at);
        *half &= !bit;
    }

    fn and(self, Self([low, high]): Self) -> Self {
        let Self([own_low, own_high]) = self;
        Self([own_low & low, own_high & high])
    }

    fn or(self, Self([low, high]): Self) -> Self {
        let Self([own_low, own_high]) = self;
        Self([own_low | low, own_high | high])
    }

    fn without(self, Self([low, high]): Self) -> Self {
        self.and(Self([!low, !high]))
    }
}

/// What a session was found to be.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// The side that is its client.
    pub client: Side,
    /// A side whose bytes are not the protocol's.
    pub muted: Option<Side>,
}

/// One orientation: which side is the client.
#[derive(Clone, Copy, Debug)]
struct Orientation {
    client: Side,
    /// By side: not rejected.
    alive: [Candidates; 2],
    /// By side: fitting.
    likely: [Candidates; 2],
}

impl Orientation {
    fn role(&self, side: Side) -> Role {
        if side == self.client { Role::Client } else { Role::Server }
    }

    fn found(&self, protocol: &'static Protocol, at: usize) -> Found {
        let [originator, responder] = &self.alive;
        let muted = [(Side::Originator, originator), (Side::Responder, responder)]
            .into_iter()
            .find_map(|(side, alive)| (!alive.contains(at)).then_some(side));
        Found { protocol, client: self.client, muted }
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
        let all = Registry::of(transport).all;
        let orientation = |client| Orientation { client, alive: [all; 2], likely: [Candidates::NONE; 2] };
        Self { transport, addresses, orientations: [orientation(Side::Originator), orientation(Side::Responder)] }
    }

    /// Looks at what `side` has sent: its stream's beginning, or a datagram.
    pub fn look(&mut self, side: Side, bytes: &[u8]) -> Option<Found> {
        let bytes = bytes.get(..PROBE_BYTES).unwrap_or(bytes);
        let [originator, responder] = self.addresses;
        let destination = if side == Side::Originator { responder } else { originator };
        let registry = Registry::of(self.transport);
        for orientation in &mut self.orientations {
            let role = orientation.role(side);
            let sample = Sample { transport: self.transport, role, bytes, destination };
            if let Some(first) = bytes.first() {
                let alive = of(&mut orientation.alive, side);
                let left = alive.and(registry.beginning(role, *first));
                debug_assert_eq!(registry.accepting(alive.without(left), &sample), None, "{sample:?}");
                *alive = left;
            }
            for at in of(&mut orientation.alive, side).iter() {
                let Some(protocol) = registry.get(at) else { continue };
                match (protocol.probe)(&sample) {
                    Verdict::Match => return Some(orientation.found(protocol, at)),
                    Verdict::Likely => {
                        of(&mut orientation.likely, side).insert(at);
                        if of(&mut orientation.likely, side.other()).contains(at) {
                            return Some(orientation.found(protocol, at));
                        }
                    }
                    Verdict::NeedMore => {}
                    Verdict::Reject => of(&mut orientation.alive, side).remove(at),
                }
            }
        }
        None
    }

    /// Whether every protocol has rejected what `side` sent.
    pub fn exhausted(&self, side: Side) -> bool {
        self.orientations.iter().all(|orientation| {
            let [originator, responder] = orientation.alive;
            (if side == Side::Originator { originator } else { responder }) == Candidates::NONE
        })
    }

    /// Begins anew with a side's bytes: what it sent so far was from the middle of something.
    pub fn renew(&mut self, side: Side) {
        let all = Registry::of(self.transport).all;
        for orientation in &mut self.orientations {
            *of(&mut orientation.alive, side) = all;
            *of(&mut orientation.likely, side) = Candidates::NONE;
        }
    }

    /// The verdict when nothing more will come: a protocol that fits the only side that spoke, if it is the only one that does.
    /// Where it fits in both orientations the originator is taken for the client.
    pub fn conclude(&self) -> Option<Found> {
        let mut fitting = self.orientations.iter().flat_map(|orientation| {
            let ([alive, also_alive], [likely, also_likely]) = (orientation.alive, orientation.likely);
            let fit = likely.or(also_likely).and(alive).and(also_alive);
            fit.iter().filter_map(move |at| Some(orientation.found(Registry::of(self.transport).get(at)?, at)))
        });
        let first = fitting.next()?;
        fitting.all(|other| std::ptr::eq(other.protocol, first.protocol)).then_some(first)
    }
}

fn of<T>([originator, responder]: &mut [T; 2], side: Side) -> &mut T {
    if side == Side::Originator { originator } else { responder }
}
