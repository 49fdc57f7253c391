//! Wake-on-LAN: the packet that switches a machine on (AMD's Magic Packet), in UDP.
//!
//! ```text
//! ff ff ff ff ff ff   the machine's hardware address, sixteen times   [password:4 or 6]
//! ```

use crate::capped::List;
use crate::dictionary::{Element, Field, Flag, Kind};
use crate::facts::{Facts, Value};
use crate::kept::{count, tell_count};
use crate::protocol::{About, Chunk, Dissector, FirstBytes, Opening, Protocol, Role, Sample, Step, Transport, Verdict};
use crate::reader::Reader;

static MAC: Field = Field::new(Kind::Mac, "mac", "machines to wake", "Magic Packet").list();
static PACKETS: Field = Field::number("packets", "packets", "Magic Packet");

static ELEMENT: Element =
    Element { name: "wol", meaning: "machines switched on by the network", fields: &[&MAC, &PACKETS] };

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "wol",
    about: About {
        name: "Wake-on-LAN in UDP",
        specification: "AMD Magic Packet Technology",
        evidence: "six ones and one address sixteen times",
        limits: "none",
        ports: &[],
    },
    transports: &[Transport::Udp],
    elements: &[&ELEMENT],
    first: FirstBytes { client: &[0xff..=0xff], server: &[] },
    probe,
    open: |_: &Opening| Box::new(Wol::default()),
};

/// The machine, and whether a password follows.
fn read(datagram: &[u8]) -> Option<([u8; 6], bool)> {
    let mut reader = Reader::new(datagram);
    let (start, mac) = (reader.array::<6>()?, reader.array::<6>()?);
    for _ in 1..16 {
        if reader.array::<6>()? != mac {
            return None;
        }
    }
    let secret = match reader.rest() {
        [] => false,
        [_, _, _, _] | [_, _, _, _, _, _] => true,
        _ => return None,
    };
    (start == [0xff; 6] && mac != [0xff; 6]).then_some((mac, secret))
}

fn probe(sample: &Sample<'_>) -> Verdict {
    match read(sample.bytes) {
        Some(_) if sample.role == Role::Client => Verdict::Match,
        _ => Verdict::Reject,
    }
}

#[derive(Debug, Default)]
struct Wol {
    macs: List<[u8; 6]>,
    packets: u64,
    secret: bool,
}

impl Dissector for Wol {
    fn data(&mut self, chunk: Chunk<'_>) -> Step {
        if let Some((mac, secret)) = read(chunk.bytes) {
            count(&mut self.packets);
            self.macs.push_distinct(mac);
            self.secret |= secret;
        }
        Step::Consumed(chunk.bytes.len())
    }

    fn facts(&self, out: &mut Facts) {
        if self.secret {
            out.flag(Flag::CleartextPassword);
        }
        let mut wol = out.element(&ELEMENT);
        wol.list(&MAC, self.macs.items().iter().map(|mac| Value::Mac(*mac)), self.macs.omitted());
        tell_count(&mut wol, &PACKETS, self.packets);
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.macs.items())
    }
}
