//! Decoded packets on their way to a table, and the blocks their payloads lie in.

use std::sync::Arc;

use flowtable::bunches::Bunches;
use flowtable::packet::Packet;
use flowtable::{FlowTable, Sink};

use crate::source::{Batch, Block, Frame};

/// A packet on its way to its table.
#[derive(Clone, Copy, Debug, Default)]
struct Routed {
    packet: Packet,
    clock: u64,
    /// Its block; where the packet was joined from fragments the payload lies in the parcel itself.
    block: u16,
}

/// A batch's packets, those of one shard or all.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    blocks: Vec<Arc<Block>>,
    /// Those that are kept, and perhaps one that is not.
    packets: Vec<Routed>,
    kept: usize,
    joined: Vec<u8>,
    /// The packet clock at the batch's end.
    pub clock: u64,
}

impl Parcel {
    /// Starts over for a batch.
    pub fn begin(&mut self, batch: &Batch) {
        self.blocks.clone_from(&batch.blocks);
        self.kept = 0;
        self.joined.clear();
    }

    /// Room for the next packet, which counts once it is [kept](Self::keep).
    #[inline]
    pub fn room(&mut self) -> &mut Packet {
        self.packets.truncate(self.kept);
        &mut self.packets.push_mut(Routed::default()).packet
    }

    /// Keeps the packet for which there was [room](Self::room), that of a frame of that batch. `joined` is the decoder's joined datagram.
    #[inline]
    pub fn keep(&mut self, clock: u64, frame: &Frame, joined: &[u8]) {
        let Some(routed) = self.packets.get_mut(self.kept) else { return };
        (routed.clock, routed.block) = (clock, frame.block);
        let packet = &mut routed.packet;
        if packet.joined {
            let payload = packet.payload(joined);
            packet.payload_at = u32::try_from(self.joined.len()).unwrap_or(u32::MAX);
            self.joined.extend_from_slice(payload);
        } else {
            packet.payload_at = packet.payload_at.saturating_add(frame.offset);
        }
        self.kept = self.kept.saturating_add(1);
    }

    /// Gives a table every packet with its payload and its instant, flow by flow. `bunches` is room for their order.
    pub fn give(&self, table: &mut FlowTable, bunches: &mut Bunches, sink: &mut impl Sink) {
        bunches.clear();
        let packets = self.packets.get(..self.kept).unwrap_or_default();
        for routed in packets {
            bunches.push(&routed.packet, self.payload(routed));
        }
        table.expect(bunches.first().filter_map(|number| packets.get(number)).map(|routed| &routed.packet));
        for routed in bunches.order().filter_map(|number| packets.get(number)) {
            table.take(&routed.packet, self.payload(routed), routed.clock, sink);
        }
    }

    fn payload(&self, Routed { packet, block, .. }: &Routed) -> &[u8] {
        let block = || self.blocks.get(usize::from(*block)).map_or(&[][..], |block| block.bytes());
        packet.payload(if packet.joined { &self.joined } else { block() })
    }

    /// Lets go of the blocks, so that the source may fill them again.
    pub fn release(&mut self) {
        self.blocks.clear();
    }
}
