//! What lies around a session's packets: VLANs and tunnels.
//!
//! The few distinct surroundings of a network are interned: a packet carries a number. Ids that both directions share (VLAN, VXLAN,
//! GENEVE, GRE key) also make a [`Domain`], which is part of the flow key; those that differ per direction (GTP TEID, MPLS
//! labels, ERSPAN) do not.

use std::fmt::Write;
use std::sync::{Arc, LazyLock, RwLock};

use hashbrown::HashMap;

use crate::key::spread;

/// The most encapsulations that are opened.
pub const MAX_DEPTH: usize = 8;
/// The most distinct surroundings that are told apart; what comes after shares the last.
pub const MAX_PATHS: usize = 65_535;

/// One encapsulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// 802.1Q or 802.1ad tag.
    Vlan(u16),
    /// MPLS, with the label of the innermost entry.
    Mpls(u32),
    /// PPP over Ethernet.
    Pppoe,
    /// IPv4 or IPv6 in IPv4 or IPv6.
    IpIp,
    /// Generic Routing Encapsulation, with its key.
    Gre(Option<u32>),
    /// Encapsulated Remote SPAN.
    Erspan,
    /// VXLAN, with its network identifier.
    Vxlan(u32),
    /// GENEVE, with its network identifier.
    Geneve(u32),
    /// GTP-U, and what GTP carries in its version 0.
    Gtp,
    /// Teredo.
    Teredo,
    /// Ethernet in IP.
    EtherIp,
    /// A wireless station's frame between an access point and its controller.
    Capwap,
    /// IPv6 in AYIYA.
    Ayiya,
}

impl Layer {
    /// Whether both directions of a flow carry the same id, so that it may tell flows apart.
    fn tells_apart(self) -> bool {
        matches!(self, Self::Vlan(_) | Self::Vxlan(_) | Self::Geneve(_) | Self::Gre(Some(_)))
    }

    /// Its kind and id in a number.
    fn word(self) -> u64 {
        let (kind, id) = match self {
            Self::Vlan(id) => (1, u32::from(id)),
            Self::Mpls(label) => (2, label),
            Self::Pppoe => (3, 0),
            Self::IpIp => (4, 0),
            Self::Gre(None) => (5, 0),
            Self::Gre(Some(key)) => (6, key),
            Self::Erspan => (7, 0),
            Self::Vxlan(id) => (8, id),
            Self::Geneve(id) => (9, id),
            Self::Gtp => (10, 0),
            Self::Teredo => (11, 0),
            Self::EtherIp => (12, 0),
            Self::Capwap => (13, 0),
            Self::Ayiya => (14, 0),
        };
        kind << 32 | u64::from(id)
    }
}

/// The number of an interned list of encapsulations; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PathId(pub u32);

/// The number of the ids that tell flows apart; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Domain(pub u16);

/// Encapsulations of the packet at hand, outermost first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stack {
    layers: [Option<Layer>; MAX_DEPTH],
    len: usize,
}

impl Stack {
    /// Adds an encapsulation; `None` where [`MAX_DEPTH`] are open already.
    pub fn push(&mut self, layer: Layer) -> Option<()> {
        *self.layers.get_mut(self.len)? = Some(layer);
        self.len = self.len.saturating_add(1);
        Some(())
    }

    /// The encapsulations, outermost first.
    pub fn layers(&self) -> impl Iterator<Item = Layer> + '_ {
        self.layers.iter().copied().flatten()
    }

    /// Whether the packet lies bare.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The surroundings of a session, ready for its record.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// VLAN ids, outermost first.
    pub vlans: Vec<u64>,
    /// Tunnels by name and id, outermost first.
    pub tunnels: Vec<String>,
    /// A number for the ids that tell flows apart, the same in every run; 0 for none.
    pub place: u64,
}

impl Path {
    fn of(layers: &[Layer], telling: &[Layer]) -> Self {
        let mut path = Self::default();
        if !telling.is_empty() {
            path.place = spread(telling.iter().map(|layer| layer.word()));
        }
        for layer in layers {
            let mut name = String::new();
            let _ = match layer {
                Layer::Vlan(id) => {
                    path.vlans.push(u64::from(*id));
                    continue;
                }
                Layer::Mpls(label) => write!(name, "mpls:{label}"),
                Layer::Pppoe => write!(name, "pppoe"),
                Layer::IpIp => write!(name, "ipip"),
                Layer::Gre(None) => write!(name, "gre"),
                Layer::Gre(Some(key)) => write!(name, "gre:{key}"),
                Layer::Erspan => write!(name, "erspan"),
                Layer::Vxlan(id) => write!(name, "vxlan:{id}"),
                Layer::Geneve(id) => write!(name, "geneve:{id}"),
                Layer::Gtp => write!(name, "gtp"),
                Layer::Teredo => write!(name, "teredo"),
                Layer::EtherIp => write!(name, "etherip"),
                Layer::Capwap => write!(name, "capwap"),
                Layer::Ayiya => write!(name, "ayiya"),
            };
            path.tunnels.push(name);
        }
        path
    }
}

/// The interned paths: written by the decoder, read when a session is told.
#[derive(Clone, Debug, Default)]
pub struct Paths(Arc<RwLock<Vec<Arc<Path>>>>);

impl Paths {
    /// The path of a number; the empty one for 0, which nearly every session has.
    pub fn get(&self, id: PathId) -> Arc<Path> {
        static BARE: LazyLock<Arc<Path>> = LazyLock::new(Arc::default);
        let Some(at) = (id.0 as usize).checked_sub(1) else { return BARE.clone() };
        let paths = self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        paths.get(at).unwrap_or(&BARE).clone()
    }

    fn push(&self, path: Path) {
        self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner()).push(Arc::new(path));
    }
}

/// Gives numbers to stacks of encapsulations.
#[derive(Debug, Default)]
pub struct Interner {
    paths: Paths,
    known: HashMap<Vec<Layer>, PathId, ahash::RandomState>,
    domains: HashMap<Vec<Layer>, Domain, ahash::RandomState>,
    /// The last answer: packets of one path come in runs.
    last: (Vec<Layer>, PathId, Domain),
    ignore_vlan: bool,
    scratch: Vec<Layer>,
}

impl Interner {
    /// An interner whose domains leave VLAN ids out where asked.
    pub fn new(ignore_vlan: bool) -> Self {
        Self { ignore_vlan, ..Self::default() }
    }

    /// The paths, to be read by whoever tells sessions.
    pub fn paths(&self) -> Paths {
        self.paths.clone()
    }

    /// The numbers of a stack.
    pub fn intern(&mut self, stack: &Stack) -> (PathId, Domain) {
        if stack.is_empty() {
            return Default::default();
        }
        self.scratch.clear();
        self.scratch.extend(stack.layers());
        if self.scratch != self.last.0 {
            let path = self.path();
            let domain = self.domain();
            self.last = (self.scratch.clone(), path, domain);
        }
        (self.last.1, self.last.2)
    }

    fn path(&mut self) -> PathId {
        if let Some(known) = self.known.get(&self.scratch) {
            return *known;
        }
        let id = PathId(u32::try_from(self.known.len()).unwrap_or(u32::MAX).saturating_add(1));
        if id.0 as usize > MAX_PATHS {
            return PathId(MAX_PATHS as u32);
        }
        self.paths.push(Path::of(&self.scratch, &self.telling()));
        self.known.insert(self.scratch.clone(), id);
        id
    }

    fn domain(&mut self) -> Domain {
        let ids = self.telling();
        if ids.is_empty() {
            return Domain::default();
        }
        let next = u16::try_from(self.domains.len()).unwrap_or(u16::MAX).saturating_add(1);
        if self.domains.len() >= MAX_PATHS {
            return self.domains.get(&ids).copied().unwrap_or(Domain(MAX_PATHS as u16));
        }
        *self.domains.entry(ids).or_insert(Domain(next))
    }

    /// The layers at hand whose ids tell flows apart.
    fn telling(&self) -> Vec<Layer> {
        let telling = |layer: &Layer| layer.tells_apart() && !(self.ignore_vlan && matches!(layer, Layer::Vlan(_)));
        self.scratch.iter().copied().filter(telling).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(layers: &[Layer]) -> Stack {
        let mut stack = Stack::default();
        layers.iter().for_each(|layer| stack.push(*layer).unwrap());
        stack
    }

    #[test]
    fn ids_that_differ_per_direction_keep_a_flow_together() {
        let mut interner = Interner::new(false);
        let there = interner.intern(&stack(&[Layer::Vlan(7), Layer::Mpls(100), Layer::Gtp]));
        let back = interner.intern(&stack(&[Layer::Vlan(7), Layer::Mpls(200), Layer::Gtp]));
        assert_ne!(there.0, back.0);
        assert_eq!(there.1, back.1);
        assert_ne!(interner.intern(&stack(&[Layer::Vlan(8)])).1, there.1);
        let [there, back] = [there, back].map(|(path, _)| interner.paths().get(path));
        assert_eq!((&back.vlans, &back.tunnels), (&vec![7], &vec!["mpls:200".into(), "gtp".into()]));
        assert_eq!(there.place, back.place);
    }

    #[test]
    fn a_place_does_not_depend_on_what_else_was_seen() {
        let place = |stacks: &[&[Layer]]| {
            let mut interner = Interner::new(false);
            let ids: Vec<_> = stacks.iter().map(|layers| interner.intern(&stack(layers)).0).collect();
            interner.paths().get(*ids.last().unwrap()).place
        };
        let alone = place(&[&[Layer::Vlan(7)]]);
        assert_eq!(place(&[&[Layer::Vlan(9)], &[Layer::Vxlan(7)], &[Layer::Vlan(7)]]), alone);
        assert_ne!(place(&[&[Layer::Vxlan(7)]]), alone);
        assert_eq!(place(&[&[Layer::IpIp]]), 0);
    }

    #[test]
    fn ignored_vlans_do_not_tell_flows_apart() {
        let mut interner = Interner::new(true);
        assert_eq!(interner.intern(&stack(&[Layer::Vlan(8)])).1, Domain::default());
    }

    #[test]
    fn depth_is_bounded() {
        let mut full = stack(&[Layer::IpIp; MAX_DEPTH]);
        assert_eq!(full.push(Layer::IpIp), None);
    }
}
