//! Changes to captures that must not change what is told of them, or only in a known way.

use std::collections::HashMap;

use super::capture::{Capture, Frame};
use super::chance::Chance;
use super::headers::{self, TCP, UDP, ip_packets, network};

/// What every port is changed with: a bijection that leaves no well-known port where it was.
pub const PORT_MASK: u16 = 0x2b5d;

/// Every session on other ports, TCP's and UDP's, in tunnels too.
pub fn on_other_ports(capture: &Capture) -> Capture {
    capture.changed(|frame| {
        let mut frame = frame.clone();
        for ip in ip_packets(&frame.bytes) {
            if matches!(ip.protocol, TCP | UDP) && !ip.later_fragment {
                for at in [ip.payload, ip.payload + 2] {
                    if let Some(port) = headers::be_u16(&frame.bytes, at) {
                        let other = port ^ PORT_MASK;
                        frame.bytes[at..at + 2].copy_from_slice(&other.to_be_bytes());
                        let checksum = ip.payload + if ip.protocol == TCP { 16 } else { 6 };
                        follow(&mut frame.bytes, checksum, port, other);
                    }
                }
            }
        }
        vec![frame]
    })
}

/// Every IPv4 and IPv6 unicast address changed by a number below 16384, so that each number gives sessions of its own. What payloads
/// say of addresses stays.
pub fn on_other_addresses(capture: &Capture, nth: u16) -> Capture {
    capture.changed(|frame| {
        let mut frame = frame.clone();
        for ip in ip_packets(&frame.bytes) {
            // The word that is changed: the lower half of an IPv4 address, the third of an IPv6 one.
            let words = if ip.version == 4 { [ip.at + 14, ip.at + 18] } else { [ip.at + 12, ip.at + 28] };
            for (at, first) in words.into_iter().zip(if ip.version == 4 { [2, 2] } else { [4, 4] }) {
                let (Some(was), Some(lead)) = (headers::be_u16(&frame.bytes, at), frame.bytes.get(at - first)) else {
                    continue;
                };
                if matches!((ip.version, lead), (4, 224..) | (6, 0xff)) {
                    continue;
                }
                let is = was ^ nth << 2;
                frame.bytes[at..at + 2].copy_from_slice(&is.to_be_bytes());
                if ip.version == 4 {
                    follow(&mut frame.bytes, ip.at + 10, was, is);
                }
                if matches!(ip.protocol, TCP | UDP) && !ip.later_fragment {
                    follow(&mut frame.bytes, ip.payload + if ip.protocol == TCP { 16 } else { 6 }, was, is);
                }
            }
        }
        vec![frame]
    })
}

/// Keeps a checksum right after a word it covers was changed (RFC 1624, equation 3). 0 says that there is none.
fn follow(bytes: &mut [u8], checksum: usize, was: u16, is: u16) {
    let Some(old @ 1..) = headers::be_u16(bytes, checksum) else { return };
    let sum = u32::from(!old) + u32::from(!was) + u32::from(is);
    let sum = (sum & 0xffff) + (sum >> 16);
    let new = !((sum & 0xffff) + (sum >> 16)) as u16;
    bytes[checksum..checksum + 2].copy_from_slice(&new.to_be_bytes());
}

/// Each frame with other bytes before what follows its first `kept` ones.
fn behind(frame: &Frame, head: &[&[u8]], kept_from: usize) -> Frame {
    let mut bytes = head.concat();
    bytes.extend(&frame.bytes[kept_from..]);
    let grown = bytes.len() as u32 - frame.bytes.len() as u32;
    Frame { bytes, wire_bytes: frame.wire_bytes + grown, ..*frame }
}

/// Every frame in a VLAN.
pub fn in_vlan(capture: &Capture, id: u16) -> Capture {
    capture.changed(|frame| vec![behind(frame, &[&frame.bytes[..12], &[0x81, 0x00], &id.to_be_bytes()], 12)])
}

/// Every packet in GRE, without its Ethernet header.
pub fn in_gre(capture: &Capture) -> Capture {
    capture.changed(|frame| {
        let gre = [&[0, 0], &frame.bytes[12..14]].concat();
        vec![behind(frame, &[&outer(frame, 47, &gre, frame.wire_bytes - 14)], 14)]
    })
}

/// Every frame in GRE, with its Ethernet header.
pub fn in_gretap(capture: &Capture) -> Capture {
    capture.changed(|frame| vec![behind(frame, &[&outer(frame, 47, &[0, 0, 0x65, 0x58], frame.wire_bytes)], 0)])
}

/// Every frame in VXLAN.
pub fn in_vxlan(capture: &Capture, id: u16) -> Capture {
    let header = [&[8, 0, 0, 0, 0], &id.to_be_bytes()[..], &[0]].concat();
    in_udp(capture, 8472, &header)
}

/// Every frame in GENEVE.
pub fn in_geneve(capture: &Capture, id: u16) -> Capture {
    let header = [&[0, 0, 0x65, 0x58, 0], &id.to_be_bytes()[..], &[0]].concat();
    in_udp(capture, 7777, &header)
}

fn in_udp(capture: &Capture, port: u16, header: &[u8]) -> Capture {
    capture.changed(|frame| {
        let length = 8 + header.len() as u16 + frame.wire_bytes as u16;
        let udp = [&40_000_u16.to_be_bytes()[..], &port.to_be_bytes(), &length.to_be_bytes(), &[0, 0], header].concat();
        vec![behind(frame, &[&outer(frame, UDP, &udp, frame.wire_bytes)], 0)]
    })
}

/// Ethernet and IPv4 before a tunnel's own header and `inner` bytes.
fn outer(frame: &Frame, protocol: u8, header: &[u8], inner: u32) -> Vec<u8> {
    let total = 20 + header.len() as u16 + inner as u16;
    let [high, low] = total.to_be_bytes();
    let mut ip = vec![0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 99, 0, 1, 10, 99, 0, 2];
    set_checksum(&mut ip);
    [&frame.bytes[..12], &[8, 0], &ip, header].concat()
}

fn set_checksum(ip: &mut [u8]) {
    ip[10..12].fill(0);
    let sum: u32 = ip.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !(((folded & 0xffff) + (folded >> 16)) as u16);
    ip[10..12].copy_from_slice(&checksum.to_be_bytes());
}

/// Every IPv4 packet, the outermost of a tunnel, in fragments of at most `size` bytes of payload, a multiple of 8.
pub fn in_fragments(capture: &Capture, size: usize) -> Capture {
    let mut next_id = 0u16;
    capture.changed(|frame| {
        let ip = match network(&frame.bytes, 0) {
            Some((_, 0x0800)) => ip_packets(&frame.bytes)[0],
            _ => return vec![frame.clone()],
        };
        let payload = &frame.bytes[ip.payload..ip.end];
        if payload.len() <= size {
            return vec![frame.clone()];
        }
        // Pieces of what is a fragment already stay of its datagram.
        if !ip.fragment {
            next_id = next_id.wrapping_add(1);
        }
        let before = headers::be_u16(&frame.bytes, ip.at + 6).unwrap();
        let pieces = payload.chunks(size).enumerate().map(|(nth, piece)| {
            let mut header = frame.bytes[..ip.payload].to_vec();
            let more = (nth + 1) * size < payload.len() || before & 0x2000 != 0;
            let place = ((before & 0x1fff) + (nth * size / 8) as u16) | if more { 0x2000 } else { 0 };
            let total = (ip.payload - ip.at + piece.len()) as u16;
            header[ip.at + 2..ip.at + 4].copy_from_slice(&total.to_be_bytes());
            if !ip.fragment {
                header[ip.at + 4..ip.at + 6].copy_from_slice(&next_id.to_be_bytes());
            }
            header[ip.at + 6..ip.at + 8].copy_from_slice(&place.to_be_bytes());
            set_checksum(&mut header[ip.at..]);
            Frame::whole(frame.time, [&header[..], piece].concat())
        });
        pieces.collect()
    })
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;

/// TCP data and FINs that one side sends before the other says more, in another order: a frame comes at most `window` frames of its
/// kind late. The times stay in order.
pub fn in_disorder(capture: &Capture, window: usize, chance: &mut Chance) -> Capture {
    let mut runs: HashMap<(Vec<u8>, Vec<u8>), Vec<usize>> = HashMap::new();
    let mut order: Vec<usize> = (0..capture.frames.len()).collect();
    let mut shuffle = |run: Vec<usize>| {
        let mut late: Vec<(usize, usize)> =
            run.iter().enumerate().map(|(at, &place)| (at + chance.below(window + 1), place)).collect();
        late.sort_by_key(|&(due, _)| due);
        for (&place, (_, from)) in run.iter().zip(late) {
            order[place] = from;
        }
    };
    for (place, frame) in capture.frames.iter().enumerate() {
        let Some(tcp) = headers::tcp(&frame.bytes) else { continue };
        let (there, back) = ((tcp.from.clone(), tcp.to.clone()), (tcp.to, tcp.from));
        let speaks = tcp.payload_bytes > 0 || tcp.flags & (FIN | SYN | RST) != 0;
        if speaks && let Some(run) = runs.remove(&back) {
            shuffle(run);
        }
        if tcp.flags & (SYN | RST) != 0 {
            if let Some(run) = runs.remove(&there) {
                shuffle(run);
            }
        } else if speaks {
            runs.entry(there).or_default().push(place);
        }
    }
    runs.into_values().for_each(&mut shuffle);
    let frames =
        order.iter().zip(&capture.frames).map(|(&from, at)| Frame { time: at.time, ..capture.frames[from].clone() });
    Capture { frames: frames.collect(), ..capture.clone() }
}

/// Some TCP packets a second time, right after the first or a few frames later.
pub fn with_copies(capture: &Capture, chance: &mut Chance) -> Capture {
    let mut frames: Vec<Frame> = Vec::new();
    let mut late: Vec<(usize, Frame)> = Vec::new();
    for frame in &capture.frames {
        frames.push(frame.clone());
        let (due, waiting) = late.into_iter().partition::<Vec<_>, _>(|(at, _)| *at <= frames.len());
        late = waiting;
        frames.extend(due.into_iter().map(|(_, copy)| Frame { time: frame.time, ..copy }));
        if headers::tcp(&frame.bytes).is_some() && chance.one_in(3) {
            late.push((frames.len() + chance.below(4), frame.clone()));
        }
    }
    let end = frames.last().map_or(0, |frame| frame.time);
    frames.extend(late.into_iter().map(|(_, copy)| Frame { time: end, ..copy }));
    Capture { frames, ..capture.clone() }
}
