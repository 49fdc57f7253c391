//! Captures in memory.

use std::path::{Path, PathBuf};

use sensor::source::{Batch, Replay, Source};

/// One frame with all that a capture file says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// Its length on the wire.
    pub wire_bytes: u32,
    pub bytes: Vec<u8>,
}

impl Frame {
    /// A frame that was captured whole.
    pub fn whole(time: u64, bytes: Vec<u8>) -> Self {
        Self { time, wire_bytes: bytes.len() as u32, bytes }
    }

    pub fn is_whole(&self) -> bool {
        self.wire_bytes as usize == self.bytes.len()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The file's name without what follows the first dot.
    pub name: String,
    /// LINKTYPE number of all frames.
    pub link: u16,
    pub frames: Vec<Frame>,
}

impl Capture {
    /// The same frames changed, each into any number of others.
    pub fn changed(&self, change: impl FnMut(&Frame) -> Vec<Frame>) -> Self {
        Self { frames: self.frames.iter().flat_map(change).collect(), ..self.clone() }
    }

    /// As a pcap file with nanoseconds.
    pub fn pcap(&self) -> Vec<u8> {
        let mut file = 0xa1b2_3c4d_u32.to_le_bytes().to_vec();
        file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        file.extend(262_144_u32.to_le_bytes());
        file.extend(u32::from(self.link).to_le_bytes());
        for frame in &self.frames {
            for word in [
                (frame.time / 1_000_000_000) as u32,
                (frame.time % 1_000_000_000) as u32,
                frame.bytes.len() as u32,
                frame.wire_bytes,
            ] {
                file.extend(word.to_le_bytes());
            }
            file.extend(&frame.bytes);
        }
        file
    }
}

/// The folder with the captures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pcaps")
}

/// All capture files, in the order of their names.
pub fn paths() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        [".pcap", ".pcapng", ".pcap.gz"].iter().any(|ending| name.ends_with(ending))
    });
    paths.sort();
    assert!(paths.len() > 90, "where are the captures?");
    paths
}

/// A capture file's name without its endings.
pub fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned()
}

pub fn read(path: &Path) -> Capture {
    let mut source = Replay::open(&[path.to_owned()], None).unwrap();
    let mut batch = Batch::new();
    let mut capture = Capture { name: name(path), link: 1, frames: Vec::new() };
    while source.next_batch(&mut batch).unwrap() {
        for frame in &batch.frames {
            capture.link = frame.link;
            let bytes = batch.bytes(frame).to_vec();
            capture.frames.push(Frame { time: frame.time.nanos(), wire_bytes: frame.wirelen, bytes });
        }
    }
    assert!(source.damages().is_empty(), "{}", path.display());
    capture
}

/// All captures.
pub fn all() -> Vec<Capture> {
    paths().iter().map(|path| read(path)).collect()
}

/// One capture by its name.
pub fn named(name: &str) -> Capture {
    read(&folder().join(format!("{name}.pcap")))
}
