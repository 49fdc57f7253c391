//! EAP (RFC 3748), as RADIUS carries it, and the TLS handshakes in it.
//!
//! ```text
//! packet          code:1 (1 request, 2 response, 3 success, 4 failure) id:1 length:2 [type:1 data]      RFC 3748 4
//! TLS in a type   flags:1 (80 length follows, 40 more pieces, 20 start) [length:4] piece of records    RFC 5216 3.1
//! ```
//!
//! An access server asks for many users at once, on one pair of ports. So the handshake that is told is that of the first conversation that
//! has one: its requests are known by their user and station, its answers by the id of the request before. A packet that was
//! repeated counts once. Where a packet is missing the handshake ends.

use crate::capped::{List, Text};
use crate::facts::Facts;
use crate::files::HashLimit;
use crate::nested::Nested;
use crate::protocol::{Opening, Role, Transport};
use crate::protocols::tls;
use crate::reader::Reader;
use crate::time::Timestamp;

const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const IDENTITY: u8 = 1;
const NAK: u8 = 3;
/// The length of all pieces together follows the flags.
const LENGTH_FOLLOWS: u8 = 0x80;
/// TEAP: the length of fields outside of TLS follows as well (RFC 7170 4.1).
const OUTER_FOLLOWS: u8 = 0x10;
const TEAP: u8 = 55;

/// A method's name (IANA EAP method types).
pub const fn method(number: u8) -> Option<&'static str> {
    Some(match number {
        4 => "MD5",
        5 => "OTP",
        6 => "GTC",
        13 => "TLS",
        17 => "LEAP",
        18 => "SIM",
        21 => "TTLS",
        23 => "AKA",
        25 => "PEAP",
        26 => "MSCHAPv2",
        29 => "MSCHAPv2",
        43 => "FAST",
        47 => "PSK",
        50 => "AKA'",
        51 => "GPSK",
        52 => "PWD",
        TEAP => "TEAP",
        _ => return None,
    })
}

/// Whether a method makes a TLS tunnel in pieces of this form.
const fn has_tls(method: u8) -> bool {
    matches!(method, 13 | 21 | 25 | 43 | TEAP)
}

/// Where a packet was found.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The id of the RADIUS message.
    pub id: u8,
    /// What tells its user and station from others.
    pub peer: u64,
}

/// The conversation whose handshake is told.
#[derive(Debug)]
struct Tunnel {
    peer: u64,
    /// The id of its last request.
    asked: u8,
    /// The id of the last packet of either side.
    last: [Option<u8>; 2],
    tls: Nested,
}

/// What a session tells of EAP.
#[derive(Debug, Default)]
pub struct Eap {
    pub identities: List<Text>,
    pub methods: List<u8>,
    tunnel: Option<Box<Tunnel>>,
}

impl Eap {
    /// Takes a packet that is whole.
    pub fn packet(&mut self, sender: Role, packet: &[u8], place: Place, time: Timestamp) {
        if let Some(tunnel) = self.tunnel.as_mut().filter(|tunnel| tunnel.peer == place.peer && sender == Role::Client)
        {
            tunnel.asked = place.id;
        }
        let mut reader = Reader::new(packet);
        let (Some(code), Some(id), Some(length)) = (reader.u8(), reader.u8(), reader.be_u16()) else {
            return;
        };
        let from = match code {
            REQUEST => Role::Server,
            RESPONSE => Role::Client,
            _ => return,
        };
        let Some(mut body) = usize::from(length).checked_sub(4).and_then(|length| reader.sub(length)) else {
            return;
        };
        let Some(kind) = body.u8().filter(|_| from == sender) else {
            return;
        };
        match kind {
            IDENTITY if from == Role::Client => {
                if !body.is_empty() {
                    // Options follow a NUL.
                    let name = body.rest().split(|byte| *byte == 0).next().unwrap_or_default();
                    self.identities.push_distinct(Text::new(name));
                }
            }
            0..=NAK => {}
            kind => {
                self.methods.push_distinct(kind);
                if has_tls(kind) {
                    self.piece(from, kind, id, body, place, time);
                }
            }
        }
    }

    /// Takes a piece of a handshake.
    fn piece(&mut self, from: Role, method: u8, id: u8, mut body: Reader<'_>, place: Place, time: Timestamp) {
        let Some(flags) = body.u8() else {
            return;
        };
        let outer = method == TEAP && flags & OUTER_FOLLOWS != 0;
        for _ in 0..usize::from(flags & LENGTH_FOLLOWS != 0).saturating_add(usize::from(outer)) {
            body.be_u32();
        }
        if body.is_empty() && self.tunnel.is_none() {
            return;
        }
        if from == Role::Client {
            self.tunnel.get_or_insert_with(|| {
                let opening = Opening { transport: Transport::Tcp, file_hash: HashLimit::NONE };
                let tls = Nested::new(&tls::PROTOCOL, &opening);
                Box::new(Tunnel { peer: place.peer, asked: place.id, last: [None; 2], tls })
            });
        }
        let Some(tunnel) = self.tunnel.as_mut() else {
            return;
        };
        let its = if from == Role::Client { tunnel.peer == place.peer } else { tunnel.asked == place.id };
        let Some(last) = tunnel.last.get_mut(from.index()).filter(|last| its && **last != Some(id)) else {
            return;
        };
        // Each request has the next id, and each response that of its request. Anything else was not seen, or begins anew.
        if last.is_some_and(|last| last.wrapping_add(1) != id) {
            tunnel.tls.give_up();
        }
        *last = Some(id);
        // Fields outside of TLS end the piece.
        if !tunnel.tls.is_over() && !outer {
            tunnel.tls.data(from, body.rest(), time);
        }
    }

    /// A side will send nothing more.
    pub fn end(&mut self, role: Role) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.tls.end(role);
        }
    }

    /// Writes what the handshake tells.
    pub fn facts(&self, out: &mut Facts) {
        if let Some(tunnel) = &self.tunnel {
            tunnel.tls.facts(out);
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let identities = self.identities.items().iter().map(|text| size_of::<Text>() + text.heap_bytes());
        let tunnel = self.tunnel.as_ref().map_or(0, |tunnel| size_of::<Tunnel>() + tunnel.tls.heap_bytes());
        identities.sum::<usize>() + self.methods.items().len() + tunnel
    }
}
