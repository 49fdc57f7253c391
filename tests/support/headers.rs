//! Finds the headers in a frame, by its own means and not by those of the program. It knows what lies in `pcaps/`: Ethernet, VLAN,
//! MPLS, IPv4, IPv6, GRE, VXLAN; each frame is well formed, as far as it was captured.

/// An IP packet in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Ip {
    /// Where its header begins.
    pub at: usize,
    pub version: u8,
    /// Where its payload begins.
    pub payload: usize,
    /// Where it ends, padding not counted.
    pub end: usize,
    pub protocol: u8,
    /// Whether it is a fragment and not the first.
    pub later_fragment: bool,
    pub fragment: bool,
}

pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
const GRE: u8 = 47;

pub fn be_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().unwrap()))
}

/// All IP packets of an Ethernet frame, the outermost first.
pub fn ip_packets(bytes: &[u8]) -> Vec<Ip> {
    let mut found = Vec::new();
    ethernet(bytes, 0, &mut found);
    found
}

/// Where what follows the link layer begins, and its EtherType: behind VLAN tags.
pub fn network(bytes: &[u8], at: usize) -> Option<(usize, u16)> {
    let mut at = at + 12;
    loop {
        match be_u16(bytes, at)? {
            0x8100 | 0x88a8 => at += 4,
            kind => return Some((at + 2, kind)),
        }
    }
}

fn ethernet(bytes: &[u8], at: usize, found: &mut Vec<Ip>) {
    if let Some((at, kind)) = network(bytes, at) {
        ethertype(bytes, at, kind, found);
    }
}

fn ethertype(bytes: &[u8], mut at: usize, kind: u16, found: &mut Vec<Ip>) {
    match kind {
        0x0800 | 0x86dd => ip(bytes, at, found),
        0x6558 => ethernet(bytes, at, found),
        0x8847 => {
            while bytes.get(at + 2).is_some_and(|byte| byte & 1 == 0) {
                at += 4;
            }
            ip(bytes, at + 4, found);
        }
        _ => {}
    }
}

fn ip(bytes: &[u8], at: usize, found: &mut Vec<Ip>) {
    let header = match bytes.get(at).map(|first| first >> 4) {
        Some(4) if bytes.len() >= at + 20 => {
            let fragment = be_u16(bytes, at + 6).unwrap() & 0x3fff;
            Ip {
                at,
                version: 4,
                payload: at + usize::from(bytes[at] & 15) * 4,
                end: at + usize::from(be_u16(bytes, at + 2).unwrap()),
                protocol: bytes[at + 9],
                later_fragment: fragment & 0x1fff != 0,
                fragment: fragment != 0,
            }
        }
        Some(6) if bytes.len() >= at + 40 => {
            let (mut payload, mut protocol, mut fragment) = (at + 40, bytes[at + 6], 0);
            let end = payload + usize::from(be_u16(bytes, at + 4).unwrap());
            while matches!(protocol, 0 | 43 | 44 | 60) && bytes.len() >= payload + 8 {
                let length = if protocol == 44 { 8 } else { 8 + usize::from(bytes[payload + 1]) * 8 };
                if protocol == 44 {
                    fragment = be_u16(bytes, payload + 2).unwrap();
                }
                protocol = bytes[payload];
                payload += length;
            }
            let (later_fragment, fragment) = (fragment >> 3 != 0, fragment & 0xfff9 != 0);
            Ip { at, version: 6, payload, end, protocol, later_fragment, fragment }
        }
        _ => return,
    };
    found.push(header);
    if header.later_fragment {
        return;
    }
    match header.protocol {
        GRE => {
            let kind = be_u16(bytes, header.payload + 2).unwrap_or(0);
            let key = bytes.get(header.payload).is_some_and(|flags| flags & 0x20 != 0);
            ethertype(bytes, header.payload + if key { 8 } else { 4 }, kind, found);
        }
        UDP if be_u16(bytes, header.payload + 2) == Some(4789) => ethernet(bytes, header.payload + 16, found),
        _ => {}
    }
}

/// The innermost packet, if it is TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Addresses and ports as this packet names them.
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    pub flags: u8,
    pub payload_bytes: usize,
}

pub fn tcp(bytes: &[u8]) -> Option<Tcp> {
    let ip = ip_packets(bytes).pop().filter(|ip| ip.protocol == TCP && !ip.fragment)?;
    let (source, length) = if ip.version == 4 { (ip.at + 12, 4) } else { (ip.at + 8, 16) };
    let address = |nth: usize| bytes[source + nth * length..source + (nth + 1) * length].to_vec();
    let header = bytes.get(ip.payload..ip.payload + 20)?;
    Some(Tcp {
        from: [&address(0)[..], &header[..2]].concat(),
        to: [&address(1)[..], &header[2..4]].concat(),
        flags: header[13],
        payload_bytes: ip.end - ip.payload - usize::from(header[12] >> 4) * 4,
    })
}
