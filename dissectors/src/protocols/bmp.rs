//! BMP, by which a router tells a collector what its BGP neighbours tell it (RFC 7854).
//!
//! ```text
//! message  version:1 (3) length:4 kind:1   4 initiation, 5 termination: kind:2 length:2 value ...           4.1, 4.4
//! others   kind:1 flags:1 distinguisher:8 address:16 AS:4 router:4 seconds:4 microseconds:4 content         4.2
//! content  0 routes: an UPDATE of BGP   1 counts   2 down: reason:1   3 up: address:16 ports:4 two OPENs     4.6 to 4.10
//! ```
//!
//! An initiation that its values fill proves it, and so does a message of BGP in its place. The collector never speaks. Ignored on purpose:
//! the routes, counts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::dictionary::{Element, Field, Kind};
use crate::framed::{Extent, Message};
use crate::noted::{Form, Notes, sized};
use crate::protocol::{About, FirstBytes, Protocol, Role, Sample, Transport, Verdict};
use crate::reader::Reader;

static SYSTEM: Field = Field::text("system", "the router's name", "RFC 7854 4.4");
static DESCRIPTION: Field = Field::text("description", "what the router says of itself", "RFC 7854 4.4");
static MESSAGE: Field = Field::text("message", "messages, each with how often", "RFC 7854 4.1").list();
static PEER: Field = Field::new(Kind::Address, "peer", "the router's neighbours, each once", "RFC 7854 4.2").list();
static PEER_AS: Field = Field::number("peer_as", "their autonomous systems, each once", "RFC 7854 4.2").list();
static REASON: Field =
    Field::text("reason", "why sessions with neighbours ended, or this one: each once", "RFC 7854 4.5, 4.9").list();

static ELEMENT: Element = Element {
    name: "bmp",
    meaning: "what a router's neighbours tell it",
    fields: &[&SYSTEM, &DESCRIPTION, &MESSAGE, &PEER, &PEER_AS, &REASON],
};

/// The protocol.
pub static PROTOCOL: Protocol = Protocol {
    name: "bmp",
    about: About {
        name: "BGP Monitoring Protocol",
        specification: "RFC 7854",
        evidence: "values that fill an initiation, or a message of BGP where one must be",
        limits: "routes and counts",
        ports: &[1790, 5000, 11019],
    },
    transports: &[Transport::Tcp],
    elements: &[&ELEMENT],
    first: FirstBytes::both(&[3..=3]),
    probe,
    open: |opening| FORM.open(opening),
};

static FORM: Form = Form { element: &ELEMENT, extent, read };

const HEAD: usize = 6;
/// What is said of a neighbour.
const PEER_HEAD: usize = 42;
/// The longest message that is believed to be one: a route in BGP has 4096 bytes, of long messages 65535.
const LONGEST: usize = 0x2_0000;
/// The most messages that a probe looks at.
const LOOKED_AT: usize = 8;
/// The most values of an initiation or termination.
const VALUES: usize = 16;
/// The bit of a neighbour's flags that says that its address is of IPv6.
const IPV6: u8 = 0x80;
/// Every message of BGP begins so.
const MARKER: [u8; 16] = [0xff; 16];

mod kind {
    pub const ROUTES: u8 = 0;
    pub const STATISTICS: u8 = 1;
    pub const DOWN: u8 = 2;
    pub const UP: u8 = 3;
    pub const INITIATION: u8 = 4;
    pub const TERMINATION: u8 = 5;
    pub const MIRROR: u8 = 6;
}

/// Kind and length.
fn head(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut reader = Reader::new(bytes);
    let (version, length, kind) = (reader.u8()?, usize::try_from(reader.be_u32()?).ok()?, reader.u8()?);
    let least = if matches!(kind, kind::INITIATION | kind::TERMINATION) { HEAD } else { HEAD.checked_add(PEER_HEAD)? };
    (version == 3 && kind <= kind::MIRROR && (least..=LONGEST).contains(&length)).then_some((kind, length))
}

fn extent(_: &Notes, _: Role, bytes: &[u8]) -> Extent {
    sized(bytes, HEAD, |bytes| head(bytes).map(|(_, length)| length))
}

/// The values of an initiation or termination.
fn values(body: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut reader = Reader::new(body);
    std::iter::from_fn(move || {
        let (kind, length) = (reader.be_u16()?, usize::from(reader.be_u16()?));
        Some((kind, reader.take(length)?))
    })
    .take(VALUES)
}

fn probe(sample: &Sample<'_>) -> Verdict {
    if sample.role == Role::Server {
        return Verdict::Reject;
    }
    let mut rest = sample.bytes;
    for _ in 0..LOOKED_AT {
        let fits = |(at, byte): (usize, &u8)| match at {
            0 => *byte == 3,
            1 => *byte == 0,
            5 => *byte <= kind::MIRROR,
            _ => true,
        };
        if !rest.iter().take(HEAD).enumerate().all(fits) {
            return Verdict::Reject;
        }
        let Some((kind, length)) = head(rest) else {
            return if rest.len() < HEAD { Verdict::NeedMore } else { Verdict::Reject };
        };
        let Some((message, after)) = rest.split_at_checked(length) else {
            return Verdict::NeedMore;
        };
        let body = message.get(HEAD..).unwrap_or_default();
        let bgp = |at: usize| {
            body.get(PEER_HEAD..).and_then(|body| body.get(at..)).is_some_and(|body| body.starts_with(&MARKER))
        };
        match kind {
            kind::INITIATION => {
                let filled: usize = values(body).map(|(_, value)| value.len().saturating_add(4)).sum();
                let named = values(body).any(|(kind, _)| kind == 2) && values(body).all(|(kind, _)| kind < 16);
                return if filled == body.len() && named { Verdict::Match } else { Verdict::Reject };
            }
            kind::ROUTES => return if bgp(0) { Verdict::Match } else { Verdict::Reject },
            kind::UP => return if bgp(20) { Verdict::Match } else { Verdict::Reject },
            _ => rest = after,
        }
    }
    Verdict::Reject
}

fn read(notes: &mut Notes, message: &Message<'_>) -> bool {
    let Some((kind, _)) = head(message.bytes) else { return true };
    let body = message.bytes.get(HEAD..).unwrap_or_default();
    let name = match kind {
        kind::ROUTES => "routes",
        kind::STATISTICS => "statistics",
        kind::DOWN => "peer-down",
        kind::UP => "peer-up",
        kind::INITIATION => "initiation",
        kind::TERMINATION => "termination",
        _ => "mirror",
    };
    notes.tally(&MESSAGE, name.as_bytes());
    match kind {
        kind::INITIATION => {
            for (kind, value) in values(body) {
                match kind {
                    1 => notes.text(&DESCRIPTION, value),
                    2 => notes.text(&SYSTEM, value),
                    _ => {}
                }
            }
        }
        kind::TERMINATION => {
            for (_, value) in values(body).filter(|(kind, _)| *kind == 1) {
                let reason = value.try_into().map(u16::from_be_bytes).unwrap_or_default();
                notes.name(&REASON, u32::from(reason), ending);
            }
        }
        _ => {
            let _ = peer(notes, kind, Reader::new(body));
        }
    }
    true
}

/// What is said of a neighbour.
fn peer(notes: &mut Notes, kind: u8, mut reader: Reader<'_>) -> Option<()> {
    let [_kind, flags] = reader.array()?;
    reader.skip(8)?;
    let address: [u8; 16] = reader.array()?;
    let [.., a, b, c, d] = address;
    let v6 = flags & IPV6 != 0;
    notes.address(&PEER, if v6 { IpAddr::V6(Ipv6Addr::from(address)) } else { IpAddr::V4(Ipv4Addr::new(a, b, c, d)) });
    let peer_as = reader.be_u32()?;
    // A neighbour that was never up has none yet.
    if peer_as != 0 {
        notes.number(&PEER_AS, u64::from(peer_as));
    }
    reader.skip(12)?;
    if kind == kind::DOWN {
        notes.name(&REASON, u32::from(reader.u8()?), down);
    }
    Some(())
}

/// Why a session with a neighbour ended (RFC 7854 4.9).
const fn down(reason: u32) -> Option<&'static str> {
    Some(match reason {
        1 => "local-notification",
        2 => "local-closed",
        3 => "remote-notification",
        4 => "remote-closed",
        5 => "no-longer-monitored",
        _ => return None,
    })
}

/// Why the router tells no more (RFC 7854 4.5).
const fn ending(reason: u32) -> Option<&'static str> {
    Some(match reason {
        0 => "closed",
        1 => "unspecified",
        2 => "out-of-resources",
        3 => "redundant",
        4 => "closed-for-good",
        _ => return None,
    })
}
