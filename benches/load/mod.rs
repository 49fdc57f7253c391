//! The load of the benchmarks: the frames of the project's own captures.

use std::path::{Path, PathBuf};

use dissectors::Timestamp;
use flowtable::decode::{Frame, LinkType};
use sensor::source::{Batch, Replay, Source};

/// The folder of captures.
pub fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcaps")
}

/// A captured frame with its bytes.
pub struct Owned {
    time: Timestamp,
    link: LinkType,
    bytes: Vec<u8>,
    wire_bytes: u32,
}

impl Owned {
    /// The frame as the decoder takes it.
    pub fn frame(&self) -> Frame<'_> {
        Frame { time: self.time, link: self.link, bytes: &self.bytes, wire_bytes: self.wire_bytes }
    }
}

/// Every frame of every capture, merged in time order.
pub fn frames() -> Vec<Owned> {
    let mut source = Replay::open(&[captures()], None).expect("the captures of pcaps/");
    let (mut batch, mut frames) = (Batch::new(), Vec::new());
    while source.next_batch(&mut batch).expect("readable captures") {
        frames.extend(batch.frames.iter().map(|frame| Owned {
            time: frame.time,
            link: LinkType(frame.link),
            bytes: batch.bytes(frame).to_vec(),
            wire_bytes: frame.wirelen,
        }));
    }
    frames
}
