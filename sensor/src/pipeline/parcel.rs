//! What the reader hands to a worker: decoded packets of its shard, and the blocks their payloads lie in.

use std::sync::Arc;

use flowtable::packet::Packet;

use crate::source::{Batch, Block, Frame};

/// A packet on its way to its worker.
#[derive(Clone, Copy, Debug)]
struct Routed {
    packet: Packet,
    clock: u64,
    /// Its block; where the packet was joined from fragments the payload lies in the parcel itself.
    block: u16,
}

/// A batch's packets of one shard.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    blocks: Vec<Arc<Block>>,
    packets: Vec<Routed>,
    joined: Vec<u8>,
    /// The packet clock at the batch's end.
    pub clock: u64,
}

impl Parcel {
    /// Starts over for a batch.
    pub fn begin(&mut self, batch: &Batch) {
        self.blocks.clone_from(&batch.blocks);
        self.packets.clear();
        self.joined.clear();
    }

    /// Adds the packet of a frame of that batch. `joined` is the decoder's joined datagram.
    pub fn push(&mut self, packet: &Packet, clock: u64, frame: &Frame, joined: &[u8]) {
        let mut packet = *packet;
        if packet.joined {
            let payload = packet.payload(joined);
            packet.payload_at = u32::try_from(self.joined.len()).unwrap_or(u32::MAX);
            self.joined.extend_from_slice(payload);
        } else {
            packet.payload_at = packet.payload_at.saturating_add(frame.offset);
        }
        self.packets.push(Routed { packet, clock, block: frame.block });
    }

    /// Every packet with its payload and its instant.
    pub fn packets(&self) -> impl Iterator<Item = (&Packet, &[u8], u64)> {
        self.packets.iter().map(|Routed { packet, clock, block }| {
            let block = || self.blocks.get(usize::from(*block)).map_or(&[][..], |block| block.bytes());
            let bytes = if packet.joined { &self.joined } else { block() };
            (packet, packet.payload(bytes), *clock)
        })
    }

    /// Lets go of the blocks, so that the source may fill them again.
    pub fn release(&mut self) {
        self.blocks.clear();
        self.packets.clear();
    }
}
