//! Frames to packets.
//!
//! Slicing is lax: what parsed is kept, and what can't be told says where it stopped ([`Drop`]). An ordinary Ethernet/IP/TCP or UDP
//! frame takes the short [`straight`] path; everything else goes through [`layered`], which leaves IP headers and MACsec to
//! `etherparse`. Both give the same answer, and tests hold them to it.

#[cfg(test)]
mod differential;
mod extensions;
mod icmp_error;
mod layered;
mod link;
mod straight;
#[cfg(test)]
mod tests;
mod transport;
mod tunnel;

use dissectors::Timestamp;

use crate::fragment::Fragments;
use crate::key::FlowKey;
use crate::packet::Packet;
use crate::path::{Interner, Paths};

pub use icmp_error::{Quoted, quoted};
pub use link::LinkType;

/// Why a frame gave no packet. Every frame is decoded, held or dropped for one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Drop {
    /// The link type is none that is known.
    UnknownLink,
    /// Not IP: ARP, spanning tree, LLDP, management frames, ...
    NotIp,
    /// Cut or broken before the innermost addresses.
    BadHeader,
    /// Data that the link layer encrypts (802.11 protected, MACsec).
    LinkEncrypted,
    /// More encapsulations than [`crate::path::MAX_DEPTH`].
    TooDeep,
    /// A fragment, waiting for the others of its datagram.
    FragmentHeld,
    /// A fragment that can't be joined: it overlaps badly, exceeds a datagram, or found no room.
    FragmentBad,
}

impl Drop {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::UnknownLink,
        Self::NotIp,
        Self::BadHeader,
        Self::LinkEncrypted,
        Self::TooDeep,
        Self::FragmentHeld,
        Self::FragmentBad,
    ];

    /// The reason's name in summaries and STATUS lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownLink => "unknown_link",
            Self::NotIp => "not_ip",
            Self::BadHeader => "bad_header",
            Self::LinkEncrypted => "link_encrypted",
            Self::TooDeep => "too_deep",
            Self::FragmentHeld => "fragment_held",
            Self::FragmentBad => "fragment_bad",
        }
    }
}

/// A captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'b> {
    /// When it was captured.
    pub time: Timestamp,
    /// How it is framed.
    pub link: LinkType,
    /// The captured bytes.
    pub bytes: &'b [u8],
    /// Its length on the wire.
    pub wire_bytes: u32,
}

impl Frame<'_> {
    /// Bytes that were on the wire but not captured.
    fn uncaptured(&self) -> u32 {
        self.wire_bytes.saturating_sub(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }
}

/// Turns frames into packets. Joins IP fragments, so it sees a whole capture, before any sharding.
#[derive(Debug)]
pub struct Decoder {
    fragments: Fragments,
    interner: Interner,
    joined: Vec<u8>,
}

impl Decoder {
    /// A decoder that may hold `fragment_bytes` of incomplete datagrams.
    pub fn new(ignore_vlan: bool, fragment_bytes: usize) -> Self {
        Self { fragments: Fragments::new(fragment_bytes), interner: Interner::new(ignore_vlan), joined: Vec::new() }
    }

    /// The encapsulations seen, for whoever tells sessions.
    pub fn paths(&self) -> Paths {
        self.interner.paths()
    }

    /// Slices a frame. The payload lies in the frame, or in [`Decoder::joined`] where the packet says so.
    #[inline]
    pub fn decode(&mut self, frame: &Frame<'_>) -> Result<Packet, Drop> {
        let mut packet = Packet::default();
        self.decode_into(frame, &mut packet).map(|()| packet)
    }

    /// Decodes a frame to where its packet will lie, which holds nothing of use after an error: a packet is too large to be handed on.
    #[inline]
    pub fn decode_into(&mut self, frame: &Frame<'_>, packet: &mut Packet) -> Result<(), Drop> {
        if !straight::decode(frame, packet) {
            *packet = layered::decode(self, frame)?;
        }
        Ok(())
    }

    /// The datagram that was last joined from fragments.
    pub fn joined(&self) -> &[u8] {
        &self.joined
    }

    /// Fragments given up because their others never came, and datagrams they belonged to.
    pub fn fragments(&self) -> &Fragments {
        &self.fragments
    }
}

/// What decides a packet's shard: its own flow, or for an ICMP error the flow it speaks of, so that both meet.
pub fn shard_key(packet: &Packet, payload: &[u8]) -> FlowKey {
    if packet.is_icmp()
        && let Some(about) = quoted(packet.ends.protocol, payload)
    {
        return FlowKey::of(&about.ends, packet.domain).0;
    }
    FlowKey::of(&packet.ends, packet.domain).0
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset_in(whole: &[u8], part: &[u8]) -> u32 {
    u32::try_from((part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize)).unwrap_or(u32::MAX)
}
