//! Packets in, sessions out.
//!
//! [`decode`] slices a frame's headers down to the innermost flow, [`table`] finds its session, counts, orders TCP bytes for the
//! dissectors, moves the packet clock and ends sessions. Nothing here knows of threads, sockets, files or syslog: one
//! [`table::FlowTable`] has one owner and no lock.

pub mod across;
pub mod bunches;
pub mod checksum;
pub mod clock;
pub mod community_id;
pub mod config;
pub mod counters;
pub mod decode;
pub mod finished;
pub mod fragment;
pub mod icmp;
pub mod key;
pub mod lookup;
pub mod packet;
pub mod path;
pub mod slab;
pub mod stream;
pub mod table;
pub mod tcp;
pub mod wheel;

mod half;
mod losses;
mod record;
mod sctp;
mod session;
mod typing;

pub use config::Config;
pub use decode::{Decoder, Drop};
pub use finished::{Finished, Sink};
pub use packet::Packet;
pub use table::FlowTable;
