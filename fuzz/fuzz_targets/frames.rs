//! Any file as a capture: read, decoded, put into sessions, understood and rendered.

#![no_main]

use std::cell::RefCell;
use std::io::{Seek, Write};

use flowtable::clock::Clock;
use flowtable::decode::{Decoder, Frame, LinkType};
use flowtable::finished::{Finished, Sink};
use flowtable::{Config, FlowTable};
use libfuzzer_sys::fuzz_target;
use output::{Identity, MsgId, Profile, Record, Renderer};
use sensor::source::{Batch, Replay, Source};
use tempfile::NamedTempFile;

/// Little enough that sessions are given up.
const MEMORY: usize = 1 << 18;

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().unwrap()));
    FILE.with_borrow_mut(|file| {
        file.as_file().set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(bytes).unwrap();
        replay(file);
    });
});

fn replay(file: &NamedTempFile) {
    let Ok(mut source) = Replay::open(&[file.path().to_owned()], None) else { return };
    let mut decoder = Decoder::new(false, MEMORY);
    let mut table = FlowTable::new(Config { memory: MEMORY, ..Config::default() }, decoder.paths());
    let mut sink = Checked { renderer: Renderer::new(&Identity::new("tap"), Profile::default()), told: 0 };
    let (mut batch, mut clock, mut packets) = (Batch::new(), Clock::default(), 0);
    while let Ok(true) = source.next_batch(&mut batch) {
        for frame in &batch.frames {
            let bytes = batch.bytes(frame);
            let raw = Frame { time: frame.time, link: LinkType(frame.link), bytes, wire_bytes: frame.wirelen };
            let now = clock.advance(frame.time);
            if let Ok(packet) = decoder.decode(&raw) {
                packets += 1;
                let payload = packet.payload(if packet.joined { decoder.joined() } else { bytes });
                assert_eq!(payload.len(), packet.payload_len as usize);
                table.packet(&packet, payload, now, &mut sink);
            }
        }
    }
    table.finish(&mut sink);
    let counters = table.counters();
    assert_eq!(counters.packets, packets);
    assert_eq!((counters.opened, counters.told), (sink.told, sink.told));
    assert_eq!(counters.dissectors_failed, 0);
}

/// Renders each session and reads the line back.
struct Checked {
    renderer: Renderer,
    told: u64,
}

impl Sink for Checked {
    fn tell(&mut self, finished: &Finished<'_>) {
        let mut line = Vec::new();
        let record = Record { msg_id: MsgId::Session, time: finished.time, facts: finished.facts, severity: None };
        self.renderer.render(&record, &mut line);
        let text = std::str::from_utf8(&line).unwrap();
        assert!(!text.trim_end_matches('\n').contains('\n'), "{text}");
        output::read::line(text.trim_end_matches('\n')).unwrap();
        self.told += 1;
    }
}
