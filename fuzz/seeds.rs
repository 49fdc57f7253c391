//! Writes the written conversations and the captures as seeds: `fuzz/corpus/conversation`, `fuzz/corpus/frames`.

#[path = "../tests/script/mod.rs"]
#[allow(dead_code)]
mod script;

use std::fs;
use std::path::Path;

use dissectors::Transport;

/// Larger captures make the fuzzer slow.
const LARGEST_CAPTURE: u64 = 1 << 16;

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let conversations = here.join("corpus/conversation");
    fs::create_dir_all(&conversations)?;
    for script in script::all() {
        let mut bytes = vec![match script.transport {
            Transport::Tcp => 0,
            Transport::Udp => 1,
            Transport::Sctp => 2,
        }];
        for turn in &script.turns {
            for piece in turn.bytes.chunks(u16::MAX.into()) {
                bytes.push(turn.side.index() as u8);
                bytes.extend((piece.len() as u16).to_le_bytes());
                bytes.extend_from_slice(piece);
            }
        }
        fs::write(conversations.join(&script.name), bytes)?;
    }
    let frames = here.join("corpus/frames");
    fs::create_dir_all(&frames)?;
    for entry in fs::read_dir(here.join("../pcaps"))? {
        let entry = entry?;
        let is_capture = Path::new(&entry.file_name()).extension().is_some_and(|ext| ext == "pcap" || ext == "pcapng");
        if is_capture && entry.metadata()?.len() <= LARGEST_CAPTURE {
            fs::copy(entry.path(), frames.join(entry.file_name()))?;
        }
    }
    Ok(())
}
