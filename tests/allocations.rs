//! What is allocated: nothing for a packet of a session that goes on, and little for a session.

// A helper that fails is a failing test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, clippy::unwrap_used)]

use std::net::Ipv4Addr;

use allocation_counter::{AllocationInfo, measure};
use dissectors::Timestamp;
use flowtable::clock::Clock;
use flowtable::decode::{Frame, LinkType};
use flowtable::finished::{Finished, Sink};
use flowtable::{Config, Decoder, FlowTable};
use output::{Identity, MsgId, Profile, Record, Renderer};
use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet::packet::ipv4::{self, MutableIpv4Packet};
use pnet::packet::tcp::{MutableTcpPacket, TcpFlags};
use pnet::packet::udp::MutableUdpPacket;

/// Sessions whose lines go into a buffer that is used again and again.
struct Lines {
    renderer: Renderer,
    line: Vec<u8>,
    told: u64,
}

impl Sink for Lines {
    fn tell(&mut self, finished: &Finished<'_>) {
        self.line.clear();
        let record = Record { msg_id: MsgId::Session, time: finished.time, facts: finished.facts, severity: None };
        self.renderer.render(&record, &mut self.line);
        self.told += 1;
    }
}

/// Everything between a frame and its line.
struct Sensor {
    decoder: Decoder,
    table: FlowTable,
    clock: Clock,
    lines: Lines,
    now: u64,
}

impl Sensor {
    fn new() -> Self {
        let decoder = Decoder::new(false, 1 << 20);
        let table = FlowTable::new(Config::default(), decoder.paths());
        let renderer = Renderer::new(&Identity::new("tap"), Profile::default());
        let lines = Lines { renderer, line: Vec::new(), told: 0 };
        Self { decoder, table, clock: Clock::default(), lines, now: 1_700_000_000_000_000_000 }
    }

    fn frame(&mut self, bytes: &[u8]) {
        self.now += 10_000;
        let time = Timestamp::from_nanos(self.now);
        let frame = Frame { time, link: LinkType(1), bytes, wire_bytes: bytes.len() as u32 };
        let packet = self.decoder.decode(&frame).expect("a plain packet");
        let clock = self.clock.advance(packet.time);
        self.table.packet(&packet, packet.payload(bytes), clock, &mut self.lines);
        self.table.tell(clock, usize::MAX, &mut self.lines);
    }
}

/// One side of a connection between hosts that a number tells apart.
struct Connection {
    client: Ipv4Addr,
    server: Ipv4Addr,
    sent: [u32; 2],
}

impl Connection {
    fn new(nth: u32) -> Self {
        Self { client: Ipv4Addr::from(0x0a00_0000 + nth), server: Ipv4Addr::new(192, 0, 2, 1), sent: [0; 2] }
    }

    fn segment(&mut self, back: bool, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (from, to) = if back { (self.server, self.client) } else { (self.client, self.server) };
        let mut bytes = packet(from, to, IpNextHeaderProtocols::Tcp, 20 + payload.len());
        let mut tcp = MutableTcpPacket::new(&mut bytes[34..]).unwrap();
        let (source, destination) = if back { (8080, 40_000) } else { (40_000, 8080) };
        tcp.set_source(source);
        tcp.set_destination(destination);
        tcp.set_sequence(self.sent[usize::from(back)]);
        tcp.set_acknowledgement(self.sent[usize::from(!back)]);
        tcp.set_data_offset(5);
        tcp.set_flags(flags);
        tcp.set_window(0xffff);
        tcp.set_payload(payload);
        let counted = payload.len() as u32 + u32::from(flags & (TcpFlags::SYN | TcpFlags::FIN) != 0);
        self.sent[usize::from(back)] = self.sent[usize::from(back)].wrapping_add(counted);
        bytes
    }

    fn handshake(&mut self, sensor: &mut Sensor) {
        for (back, flags) in [(false, TcpFlags::SYN), (true, TcpFlags::SYN | TcpFlags::ACK), (false, TcpFlags::ACK)] {
            let bytes = self.segment(back, flags, b"");
            sensor.frame(&bytes);
        }
    }
}

/// An Ethernet frame with an IPv4 header and room behind it.
fn packet(from: Ipv4Addr, to: Ipv4Addr, protocol: IpNextHeaderProtocol, payload: usize) -> Vec<u8> {
    let mut bytes = vec![0; 34 + payload];
    MutableEthernetPacket::new(&mut bytes).unwrap().set_ethertype(EtherTypes::Ipv4);
    let mut ip = MutableIpv4Packet::new(&mut bytes[14..]).unwrap();
    ip.set_version(4);
    ip.set_header_length(5);
    ip.set_total_length((20 + payload) as u16);
    ip.set_ttl(64);
    ip.set_next_level_protocol(protocol);
    ip.set_source(from);
    ip.set_destination(to);
    ip.set_checksum(ipv4::checksum(&ip.to_immutable()));
    bytes
}

fn question(nth: u32) -> Vec<u8> {
    let name = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01";
    let client = Ipv4Addr::from(0x0a00_0000 + nth);
    let mut bytes = packet(client, Ipv4Addr::new(192, 0, 2, 53), IpNextHeaderProtocols::Udp, 8 + name.len());
    let mut udp = MutableUdpPacket::new(&mut bytes[34..]).unwrap();
    udp.set_source(40_000);
    udp.set_destination(53);
    udp.set_length((8 + name.len()) as u16);
    udp.set_payload(name);
    bytes
}

/// What is allocated while frames pass that were made before.
fn allocated(sensor: &mut Sensor, frames: &[Vec<u8>]) -> AllocationInfo {
    measure(|| frames.iter().for_each(|frame| sensor.frame(frame)))
}

#[test]
fn packets_of_sessions_that_go_on_allocate_nothing() {
    let mut sensor = Sensor::new();
    // A body of HTTP that is told to be long, a cipher text behind a TLS hello would do as well, and a protocol that nobody knows.
    let mut web = Connection::new(1);
    web.handshake(&mut sensor);
    let request = web.segment(false, TcpFlags::ACK, b"GET /large HTTP/1.1\r\nHost: example.org\r\n\r\n");
    sensor.frame(&request);
    let answer = web.segment(true, TcpFlags::ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    sensor.frame(&answer);
    let mut unknown = Connection::new(2);
    unknown.handshake(&mut sensor);
    for back in [false, true, false, true] {
        let noise = unknown.segment(back, TcpFlags::ACK, &[0xc5; 1400]);
        for _ in 0..100 {
            sensor.frame(&noise);
        }
    }
    let frames: Vec<Vec<u8>> = (0..4000)
        .flat_map(|_| {
            [
                web.segment(true, TcpFlags::ACK, &[b'x'; 1400]),
                web.segment(false, TcpFlags::ACK, b""),
                unknown.segment(true, TcpFlags::ACK, &[0xc5; 700]),
                unknown.segment(false, TcpFlags::ACK, &[0xc5; 700]),
            ]
        })
        .collect();
    // What is bounded may still grow to its bound.
    let (before, steady) = frames.split_at(8000);
    allocated(&mut sensor, before);
    let info = allocated(&mut sensor, steady);
    assert_eq!((info.count_total, sensor.lines.told), (0, 0), "{info:?}");
}

#[test]
fn a_session_allocates_a_fixed_small_number() {
    let mut sensor = Sensor::new();
    let mut connections: Vec<Connection> = (0..34_000).map(Connection::new).collect();
    let silent = |connections: &mut [Connection]| -> Vec<Vec<u8>> {
        let whole = |connection: &mut Connection| {
            [
                connection.segment(false, TcpFlags::SYN, b""),
                connection.segment(true, TcpFlags::RST | TcpFlags::ACK, b""),
            ]
        };
        connections.iter_mut().flat_map(whole).collect()
    };
    let (first, second) = connections.split_at_mut(32_000);
    let (first, second) = (silent(first), silent(second));
    allocated(&mut sensor, &first);
    // They end after a while and leave their places to others; the small tables that find them have grown by then.
    sensor.now += 3600 * 1_000_000_000;
    let again = question(50_000);
    sensor.frame(&again);
    assert_eq!(sensor.lines.told, 32_000);
    let info = allocated(&mut sensor, &second);
    assert!(info.count_total <= 20, "a session without payload allocates nothing of its own: {info:?}");

    let questions: Vec<Vec<u8>> = (60_000..61_000).map(question).collect();
    let info = allocated(&mut sensor, &questions);
    assert!(info.count_total / 1000 <= 24, "a question to DNS: {info:?}");
    assert!(info.count_current / 1000 <= 12, "what stays of a question to DNS: {info:?}");
}
