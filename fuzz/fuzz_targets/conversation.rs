//! Any turns of two sides, gaps and ends among them: no dissector may panic, nor hold more than it may.
//!
//! ```text
//! 0   how bytes arrive: 0 TCP, 1 UDP, 2 SCTP (modulo 3); bit 7: picked up midstream
//! 1   turns: what (1), length (2, least significant byte first), and for data so many bytes, or what is left
//!     what: bit 0 the side, then 0 data, 1 a gap of that length, 2 its end (bits 1 and 2)
//! ```

#![no_main]

use dissectors::conversation::{Conversation, Setup};
use dissectors::dictionary::Flag;
use dissectors::facts::{Facts, Side};
use dissectors::files::HashLimit;
use dissectors::time::MILLISECOND;
use dissectors::{Reader, Timestamp, Transport};
use libfuzzer_sys::fuzz_target;

/// More than any session of a few kilobytes may hold.
const HEAP_LIMIT: usize = 16 << 20;

fuzz_target!(|bytes: &[u8]| {
    play(bytes);
});

fn play(bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let first = reader.u8()?;
    let setup = Setup {
        transport: match (first & 0x7f) % 3 {
            0 => Transport::Tcp,
            1 => Transport::Udp,
            _ => Transport::Sctp,
        },
        addresses: ["192.0.2.1".parse().ok()?, "192.0.2.2".parse().ok()?],
        midstream: first & 0x80 != 0,
        file_hash: HashLimit::ALL,
    };
    let mut conversation = Conversation::new(setup);
    let mut clock = 0;
    while let Some(what) = reader.u8() {
        let length = reader.le_u16().unwrap_or(0);
        let side = if what & 1 == 0 { Side::Originator } else { Side::Responder };
        clock += MILLISECOND;
        match what >> 1 & 3 {
            1 => conversation.gap(side, length.into()),
            2 => conversation.end(side),
            _ => {
                let rest = reader.rest();
                let data = rest.get(..length.into()).unwrap_or(rest);
                reader.skip(data.len())?;
                conversation.data(side, data, Timestamp::from_nanos(clock));
            }
        }
    }
    conversation.close();
    assert!(conversation.heap_bytes() < HEAP_LIMIT);
    let mut facts = Facts::new();
    conversation.facts(&mut facts);
    assert!(!facts.flags().contains(Flag::DissectorFailed));
    Some(())
}
