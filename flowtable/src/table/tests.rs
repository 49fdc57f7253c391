//! What the table makes of TCP, timers and its memory: packets written by hand, sessions read as facts.

use dissectors::Timestamp;
use dissectors::dictionary::Flag;
use dissectors::facts::Value;
use dissectors::time::SECOND;
use std::collections::HashMap;

use super::*;
use crate::checksum::Unverified;
use crate::clock::Clock;
use crate::finished::{Finished, Order};
use crate::packet::{Address, Ends, Family, TcpFields, protocol, tcp_flag};

const SYN: u8 = tcp_flag::SYN;
const ACK: u8 = tcp_flag::ACK;
const FIN: u8 = tcp_flag::FIN;
const RST: u8 = tcp_flag::RST;

/// Told sessions: their values as text, and their flags.
#[derive(Default)]
struct Told(Vec<(HashMap<&'static str, String>, Vec<&'static str>)>);

impl Sink for Told {
    fn tell(&mut self, finished: &Finished<'_>) {
        let mut values = HashMap::new();
        for (element, field, value) in finished.facts.values() {
            if element.name == "session" {
                let text = match value {
                    Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Value::Plain(plain) => plain.to_owned(),
                    Value::Number(number) => number.to_string(),
                    Value::Pair(source, destination) => format!("{source}:{destination}"),
                    other => format!("{other:?}"),
                };
                values.insert(field.name, text);
            }
        }
        self.0.push((values, finished.facts.flags().iter().map(Flag::name).collect()));
    }
}

impl Told {
    fn get(&self, nth: usize, name: &str) -> &str {
        self.0[nth].0.get(name).map_or("", String::as_str)
    }

    /// State, history, ending, payload of both sides, and flags of a session.
    fn line(&self, nth: usize) -> String {
        let of = |name| self.get(nth, name);
        let (bytes, flags) = (format!("{}:{}", of("src_bytes"), of("dst_bytes")), self.0[nth].1.join(","));
        [of("state"), of("history"), of("end"), &bytes, &flags].join(" ").trim_end().to_owned()
    }
}

/// A table, its clock and what it told.
struct Bench {
    table: FlowTable,
    clock: Clock,
    told: Told,
    /// Nanoseconds.
    now: u64,
    port: u16,
    /// What the decoder says of the next packets' checksums.
    checksum: Option<Unverified>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let table = FlowTable::new(config, Paths::default());
        Self {
            table,
            clock: Clock::default(),
            told: Told::default(),
            now: 1_800_000_000 * SECOND,
            port: 1000,
            checksum: None,
        }
    }

    fn ends(protocol: u8) -> Ends {
        Ends {
            source: Address::v4([10, 0, 0, 1]),
            destination: Address::v4([10, 0, 0, 2]),
            source_port: 0,
            destination_port: 80,
            family: Family::V4,
            protocol,
        }
    }

    fn packet(&mut self, protocol: u8, back: bool, tcp: TcpFields, payload: &[u8]) {
        let there = Ends { source_port: self.port, ..Self::ends(protocol) };
        let packet = Packet {
            time: Timestamp::from_nanos(self.now),
            ends: if back { there.reversed() } else { there },
            domain: Default::default(),
            path: Default::default(),
            ip_bytes: 40 + payload.len() as u32,
            payload_bytes: payload.len() as u32,
            payload_at: 0,
            payload_len: payload.len() as u32,
            joined: false,
            frames: 1,
            tcp,
            mac: [0; 6],
            checksum: self.checksum,
            marks: Default::default(),
        };
        let clock = self.clock.advance(packet.time);
        self.table.packet(&packet, payload, clock, &mut self.told);
        self.table.tell(u64::MAX, usize::MAX, &mut self.told);
        self.now += SECOND / 1000;
    }

    /// The client sends.
    fn client(&mut self, flags: u8, seq: u32, ack: u32, payload: &[u8]) -> &mut Self {
        let scale = (flags & SYN != 0).then_some(0);
        self.packet(protocol::TCP, false, TcpFields { seq, ack, window: 8192, flags, scale }, payload);
        self
    }

    /// The server sends.
    fn server(&mut self, flags: u8, seq: u32, ack: u32, payload: &[u8]) -> &mut Self {
        let scale = (flags & SYN != 0).then_some(0);
        self.packet(protocol::TCP, true, TcpFields { seq, ack, window: 8192, flags, scale }, payload);
        self
    }

    fn datagram(&mut self, payload: &[u8]) -> &mut Self {
        self.packet(protocol::UDP, false, TcpFields::default(), payload);
        self
    }

    fn handshake(&mut self, client: u32, server: u32) -> &mut Self {
        self.client(SYN, client, 0, b"").server(SYN | ACK, server, client.wrapping_add(1), b"").client(
            ACK,
            client.wrapping_add(1),
            server.wrapping_add(1),
            b"",
        )
    }

    fn pause(&mut self, seconds: u64) -> &mut Self {
        self.now += seconds * SECOND;
        self
    }

    fn end(&mut self) -> &Told {
        self.table.finish(&mut self.told);
        &self.told
    }
}

#[test]
fn what_is_silent_for_its_timeout_is_idle_at_the_end_whether_or_not_the_wheel_has_come_around() {
    for (silent, end) in [(60 * SECOND - 1, "shutdown"), (60 * SECOND, "shutdown"), (60 * SECOND + 1, "idle")] {
        let mut bench = Bench::new();
        bench.packet(protocol::UDP, false, TcpFields::default(), b"x");
        // The same tick of the wheel for all three.
        bench.table.advance(bench.clock.now() + silent);
        assert_eq!(bench.end().get(0, "end"), end, "{silent}");
    }
}

#[test]
fn a_whole_connection_is_told_once() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"question").server(ACK, 501, 109, b"reply");
    bench.client(FIN | ACK, 109, 506, b"").server(FIN | ACK, 506, 110, b"").client(ACK, 110, 507, b"");
    let told = bench.end();
    assert_eq!(told.0.len(), 1);
    assert_eq!(told.line(0), "SF ShADdFf fin 8:5");
    assert_eq!((told.get(0, "src_pkts"), told.get(0, "dst_pkts")), ("5", "3"));
    assert_eq!((told.get(0, "missed"), told.get(0, "retransmits")), ("", ""));
}

#[test]
fn one_side_alone_is_oneway() {
    let mut bench = Bench::new();
    bench.client(SYN, 100, 0, b"").client(ACK, 101, 501, b"question").client(ACK, 109, 506, b"");
    let told = bench.end();
    assert_eq!(told.0[0].1, ["oneway", "gap"]);
    assert_eq!(told.get(0, "missed"), "0:5", "what was acknowledged to the server was sent by it");
    // It is no attempt that nobody answers, and has as much time as others.
    let mut bench = Bench::new();
    bench.client(SYN, 100, 0, b"").client(ACK, 101, 501, b"").pause(1000).client(ACK, 101, 501, b"question");
    assert_eq!(bench.end().0.len(), 1);
    let mut bench = Bench::new();
    bench.server(SYN | ACK, 500, 101, b"").server(ACK, 501, 109, b"reply");
    let told = bench.end();
    // The side that answers a SYN is the responder, although it was seen first.
    assert_eq!((told.get(0, "src_port"), told.get(0, "dst_port")), ("1000", "80"));
    assert!(told.0[0].1.contains(&"oneway") && told.0[0].1.contains(&"midstream"));
}

#[test]
fn a_connection_met_midstream_is_flagged_and_counts_from_there() {
    let mut bench = Bench::new();
    bench.client(ACK, 9001, 7001, b"more").server(ACK, 7001, 9005, b"yes").client(ACK, 9005, 7004, b"");
    assert_eq!(bench.end().line(0), "OTH DdA shutdown 4:3 midstream");
}

#[test]
fn a_new_syn_on_the_same_ports_is_a_new_session() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"first");
    bench.handshake(90_000, 70_000).client(ACK, 90_001, 70_001, b"second!");
    let told = bench.end();
    assert_eq!(told.0.len(), 2);
    assert_eq!((told.get(0, "end"), told.get(0, "src_bytes")), ("replaced", "5"));
    assert_eq!((told.get(1, "end"), told.get(1, "src_bytes")), ("shutdown", "7"));
    assert_ne!(told.get(0, "id"), told.get(1, "id"));
}

#[test]
fn a_repeated_syn_is_the_same_session() {
    let mut bench = Bench::new();
    bench.client(SYN, 100, 0, b"").client(SYN, 100, 0, b"").handshake(100, 500);
    let told = bench.end();
    assert_eq!((told.0.len(), told.get(0, "src_pkts")), (1, "4"));
}

#[test]
fn a_packet_left_over_from_before_does_not_shift_a_new_stream() {
    let mut bench = Bench::new();
    bench.client(SYN, 100, 0, b"").server(FIN | ACK, 4_000_000, 77, b"");
    bench.server(SYN | ACK, 500, 101, b"").client(ACK, 101, 501, b"hello").server(ACK, 501, 106, b"world");
    let told = bench.end();
    assert_eq!((told.get(0, "dst_bytes"), told.get(0, "missed")), ("5", ""));
}

#[test]
fn a_reset_counts_only_inside_the_window() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"data").server(ACK, 501, 105, b"");
    bench.server(RST, 501 + 0x5000_0000, 0, b"");
    bench.client(ACK, 105, 501, b"more");
    assert_eq!(bench.told.0.len(), 0);
    let told = bench.end();
    assert_eq!((told.get(0, "state"), told.get(0, "end"), told.get(0, "src_bytes")), ("S1", "shutdown", "8"));
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"data").server(RST | ACK, 501, 105, b"");
    assert_eq!(bench.end().line(0), "RSTR ShADr rst 4:0");
}

#[test]
fn a_refused_connection_is_rejected() {
    let mut bench = Bench::new();
    bench.client(SYN, 100, 0, b"").server(RST | ACK, 0, 101, b"");
    assert_eq!(bench.end().line(0), "REJ Sr rst 0:0");
}

#[test]
fn keep_alives_are_no_retransmissions_and_no_bytes() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"data").server(ACK, 501, 105, b"");
    for _ in 0..5 {
        bench.pause(60).client(ACK, 104, 501, b"a").server(ACK, 501, 105, b"");
    }
    let told = bench.end();
    assert_eq!((told.get(0, "src_bytes"), told.get(0, "retransmits")), ("4", ""));
}

#[test]
fn sequence_numbers_wrap() {
    let start = u32::MAX - 5;
    let mut bench = Bench::new();
    bench.handshake(start, u32::MAX).client(ACK, start.wrapping_add(1), 0, b"twelve bytes");
    bench.server(ACK, 0, start.wrapping_add(13), b"ok").client(FIN | ACK, start.wrapping_add(13), 2, b"");
    bench.server(FIN | ACK, 2, start.wrapping_add(14), b"");
    assert_eq!(bench.end().line(0), "SF ShADdFf fin 12:2");
}

#[test]
fn a_byte_sent_twice_counts_once() {
    let mut bench = Bench::new();
    bench
        .handshake(100, 500)
        .client(ACK, 101, 501, b"data")
        .client(ACK, 101, 501, b"data")
        .client(ACK, 105, 501, b"!!");
    let told = bench.end();
    assert_eq!((told.get(0, "src_bytes"), told.get(0, "retransmits")), ("6", "1:0"));
    assert!(told.0[0].1.is_empty());
}

#[test]
fn a_copy_that_differs_is_flagged() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"data").client(ACK, 101, 501, b"DATA");
    assert_eq!(bench.end().0[0].1, ["overlap_conflict"]);
}

#[test]
fn bytes_that_were_acknowledged_and_never_seen_are_a_gap() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"data").client(ACK, 205, 501, b"later").server(ACK, 501, 210, b"");
    let told = bench.end();
    assert_eq!((told.get(0, "missed"), told.get(0, "src_bytes"), &told.0[0].1[..]), ("100:0", "109", &["gap"][..]));
    // What comes late fills the hole.
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 105, 501, b"late").client(ACK, 101, 501, b"data").server(ACK, 501, 109, b"");
    let told = bench.end();
    assert_eq!((told.get(0, "missed"), told.get(0, "src_bytes"), told.0[0].1.len()), ("", "8", 0));
}

#[test]
fn what_waits_for_a_hole_that_nothing_fills_is_let_go() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let before = bench.table.bytes();
    // Four bytes were lost on the way to the sensor alone: their receiver has them.
    for at in 0..200 {
        bench.server(ACK, 505 + at * 1000, 128, &[b'x'; 1000]).client(ACK, 128, 505 + (at + 1) * 1000, b"");
    }
    let more = bench.table.bytes().saturating_sub(before);
    assert!(more < 50_000, "{more}");
}

#[test]
fn silence_ends_a_session_at_its_timeout_and_not_before() {
    let mut bench = Bench::new();
    bench.datagram(b"one").pause(59).datagram(b"two").pause(61).datagram(b"three");
    let told = bench.end();
    assert_eq!((told.0.len(), told.get(0, "src_pkts"), told.get(0, "end")), (2, "2", "idle"));
    for (flags, timeout) in [(SYN, 30), (ACK, 3600)] {
        let mut bench = Bench::new();
        bench.client(flags, 100, 1, b"").pause(timeout - 1).client(flags, 100, 1, b"").pause(timeout + 1);
        bench.port += 1;
        bench.client(SYN, 1, 0, b"");
        let told = bench.end();
        assert_eq!((told.0.len(), told.get(0, "src_pkts"), told.get(0, "end")), (2, "2", "idle"), "{timeout}");
    }
}

#[test]
fn a_clock_set_back_ends_nothing_and_makes_no_negative_duration() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).client(ACK, 101, 501, b"before");
    bench.now -= 7200 * SECOND;
    bench.client(ACK, 107, 501, b"after").pause(10).client(ACK, 112, 501, b"!");
    assert_eq!((bench.told.0.len(), bench.table.open_sessions()), (0, 1));
    // Nor does time stand still until the clock is where it was.
    bench.pause(3601).port += 1;
    bench.client(SYN, 1, 0, b"");
    let told = bench.end();
    assert_eq!((told.0.len(), told.get(0, "src_bytes"), told.get(0, "end")), (2, "12", "idle"));
    let duration = told.get(0, "duration");
    assert!(duration.starts_with("Seconds(") && duration.len() < 20, "{duration}");
}

#[test]
fn a_clock_set_forward_ends_what_was_silent_so_long() {
    let mut bench = Bench::new();
    bench.handshake(100, 500).pause(10 * 365 * 86_400).client(ACK, 101, 501, b"a decade later");
    let told = bench.end();
    assert_eq!((told.0.len(), told.get(0, "end")), (2, "idle"));
}

/// A table with so much memory and sessions that are worth different things: `talking` ones with bytes, and half-open ones.
fn crowded(memory: usize, talking: u16, half_open: u16) -> Bench {
    let mut bench = Bench::with(Config { memory, ..Config::default() });
    for port in 0..talking {
        bench.port = 1000 + port;
        bench.handshake(100, 500).client(ACK, 101, 501, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for port in 0..half_open {
        bench.port = 20_000 + port;
        bench.client(SYN, 100, 0, b"");
    }
    bench
}

#[test]
fn half_open_sessions_are_evicted_before_established_ones() {
    let mut bench = crowded(4 << 20, 100, 30_000);
    let counters = *bench.table.counters();
    assert!(counters.evicted > 10_000, "{counters:?}");
    let evicted = |bench: &Bench, state: &str| {
        (0..bench.told.0.len())
            .filter(|nth| bench.told.get(*nth, "end") == "evicted" && bench.told.get(*nth, "state") == state)
            .count()
    };
    assert_eq!((evicted(&bench, "S0") as u64, evicted(&bench, "S1")), (counters.evicted, 0));
    let told = bench.end().0.len();
    let counters = bench.table.counters();
    assert_eq!((told as u64, counters.told), (counters.opened, counters.opened));
}

#[test]
fn the_longest_silent_of_the_established_is_evicted_first() {
    let mut bench = Bench::with(Config { memory: 2 << 20, ..Config::default() });
    for port in 0..11_000 {
        bench.port = 1000 + port;
        bench.handshake(100, 500);
    }
    let ports: Vec<u16> = (0..bench.told.0.len()).map(|nth| bench.told.get(nth, "src_port").parse().unwrap()).collect();
    assert!(ports.len() > 2000, "{}", ports.len());
    // It is the longest silent of a sample, so none of the youngest goes.
    assert!(ports.iter().all(|port| *port < 1000 + 10_900), "{:?}", ports.iter().max());
    let young = ports.iter().filter(|port| **port >= 1000 + 10_000).count();
    assert!(young * 20 < ports.len(), "{young} of {}", ports.len());
}

#[test]
fn out_of_order_bytes_go_first_then_what_dissectors_hold() {
    let mut bench = Bench::with(Config { memory: 5 << 19, ..Config::default() });
    for port in 0..40 {
        bench.port = 1000 + port;
        bench.handshake(100, 500);
        // Nothing fills the hole at 101.
        for piece in 0..64 {
            bench.client(ACK, 1101 + piece * 1000, 501, &[b'x'; 1000]);
        }
    }
    let counters = *bench.table.counters();
    assert!(counters.bytes_shed > 0 && counters.evicted == 0 && counters.dissectors_shed == 0, "{counters:?}");
    let shed = bench.end().0.iter().filter(|(_, flags)| flags.contains(&"shed")).count();
    assert!(shed > 0);
    // Without such bytes it is the dissectors' turn.
    let mut bench = crowded(4 << 20, 4000, 0);
    let counters = *bench.table.counters();
    assert!(counters.dissectors_shed > 0 && counters.bytes_shed == 0, "{counters:?}");
    assert_eq!(bench.end().0.len(), 4000);
}

#[test]
fn live_bytes_stay_within_the_budget() {
    for memory in [2 << 20, 8 << 20] {
        let mut bench = crowded(memory, 3000, 0);
        for port in 0..40_000 {
            bench.port = 20_000 + port;
            bench.client(SYN, 100, 0, b"");
            assert!(bench.table.live_bytes() <= memory, "{} of {memory}", bench.table.live_bytes());
        }
        bench.end();
    }
}

#[test]
fn a_silent_session_is_small() {
    const SESSIONS: usize = 57_344;
    let mut bench = Bench::new();
    let empty = bench.table.bytes();
    for port in 0..SESSIONS {
        bench.port = 1000 + port as u16;
        bench.handshake(100, 500);
    }
    assert_eq!(bench.table.open_sessions(), SESSIONS);
    let each = (bench.table.bytes() - empty) / SESSIONS;
    assert!(each <= 256, "{each} bytes");
}

/// Places of lines in the order in which they were told.
#[derive(Default)]
struct Places(Vec<Order>);

impl Sink for Places {
    fn tell(&mut self, finished: &Finished<'_>) {
        self.0.push(finished.order);
    }
}

#[test]
fn what_ends_at_one_instant_is_told_in_pieces_and_in_order() {
    // Less than what is looked at ahead, and more.
    for piece in [3, telling::AHEAD + 3] {
        let mut bench = Bench::new();
        // The slots of those that have ended are used again, so that the table has the others in another order than their lines have.
        for port in 0..60 {
            bench.port = 1000 + port;
            bench.handshake(100, 500);
            if port == 19 {
                bench.pause(10_000);
            }
        }
        let table = &mut bench.table;
        table.end_all();
        let (mut places, mut told) = (Places::default(), 0);
        while table.tell(u64::MAX, piece, &mut places) {
            assert_eq!(places.0.len() - told, piece);
            assert!(places.0.iter().all(|place| *place < table.told_until()));
            told = places.0.len();
        }
        assert!(places.0.is_sorted());
        assert_eq!((places.0.len(), table.told_until(), table.has_to_tell()), (40, Order::LAST, false));
    }
}

#[test]
fn looking_at_sessions_ahead_changes_nothing() {
    let lines = |ahead: bool| {
        let mut bench = Bench::new();
        for port in 0..FAR_SESSIONS as u16 + 10 {
            bench.port = 1000 + port;
            bench.datagram(b"there");
        }
        if ahead {
            // Those of sessions that are open, and those of sessions that are not yet.
            let packets: Vec<Packet> = (0..FAR_SESSIONS as u16 * 2)
                .map(|port| Packet {
                    ends: Ends { source_port: 1000 + port, ..Bench::ends(protocol::UDP) },
                    ..Packet::default()
                })
                .collect();
            bench.table.expect(packets.iter());
            assert_eq!(bench.table.expected.indices.len(), FAR_SESSIONS + 10);
        }
        bench.packet(protocol::UDP, true, TcpFields::default(), b"and back");
        bench.end();
        (bench.told.0, *bench.table.counters())
    };
    let (told, counters) = lines(false);
    let (told_ahead, counters_ahead) = lines(true);
    assert!(told == told_ahead, "the lines are not the same");
    assert_eq!(format!("{counters:?}"), format!("{counters_ahead:?}"));
}

#[test]
fn a_flow_that_speaks_again_after_its_session_has_ended_is_another_session() {
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
    let mut answer = question.to_vec();
    answer[2..4].copy_from_slice(b"\x81\x83");
    let mut bench = Bench::new();
    for _ in 0..2 {
        bench.datagram(question);
        bench.packet(protocol::UDP, true, TcpFields::default(), &answer);
        // Longer than what was answered is waited for, and less than anything else: the wheel has ended it when the next packet comes.
        bench.pause(20);
    }
    let told = bench.end();
    assert_eq!(told.0.len(), 2);
    assert_eq!([told.get(0, "src_pkts"), told.get(1, "src_pkts")], ["1", "1"]);
    assert_eq!(told.get(0, "end"), "answered");
}

#[test]
fn a_question_at_rest_is_small() {
    const SESSIONS: usize = 20_480;
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
    let mut bench = Bench::new();
    let empty = bench.table.bytes();
    for port in 0..SESSIONS {
        bench.port = 1000 + port as u16;
        bench.datagram(question);
    }
    assert_eq!(bench.table.open_sessions(), SESSIONS);
    let each = (bench.table.bytes() - empty) / SESSIONS;
    assert!(each <= 1024, "{each} bytes");
    let told = bench.end();
    assert!(told.0.iter().all(|(values, _)| values["app"] == "dns"));
}

/// A checksum in a header of nothing but zeros, made right for `payload` on the way from `ends`.
fn right_for(ends: &Ends, payload: &[u8]) -> Unverified {
    let mut header = [0; 20];
    (0..=u16::MAX)
        .find_map(|field| {
            header[if ends.protocol == protocol::UDP { 6..8 } else { 16..18 }].copy_from_slice(&field.to_be_bytes());
            let unverified = Unverified::new(ends, &header, 20)?;
            // What is right for anything is left to the card.
            (!unverified.is_wrong(ends, payload) && unverified.is_wrong(ends, b"!")).then_some(unverified)
        })
        .unwrap()
}

#[test]
fn a_wrong_checksum_is_flagged_where_the_payload_is_read() {
    let flags = |bench: &mut Bench| bench.end().0[0].1.clone();
    let (datagram, reset) = (Bench::ends(protocol::UDP), Bench::ends(protocol::TCP).reversed());
    let mut bench = Bench::new();
    bench.checksum = Some(right_for(&datagram, b".."));
    bench.datagram(b"..");
    assert_eq!(flags(&mut bench), [""; 0]);
    let mut bench = Bench::new();
    bench.checksum = Some(right_for(&datagram, b".."));
    bench.datagram(b"..").datagram(b".,");
    assert_eq!(flags(&mut bench), ["bad_checksum"]);
    // No payload is soon read: a wrong reset is seen whatever the conversation.
    for (checksum, flagged) in [(Some(b""), false), (None, false)]
        .map(|(payload, flagged)| (payload.map(|payload| right_for(&reset, payload)), flagged))
        .into_iter()
        .chain([(Some(right_for(&reset, b"..")), true)])
    {
        let mut bench = Bench::new();
        bench.handshake(100, 500);
        bench.checksum = checksum;
        bench.server(RST | ACK, 501, 101, b"");
        assert_eq!(flags(&mut bench).contains(&"bad_checksum"), flagged);
    }
    // Wrong bytes are believed: the session goes on as it would have.
    let mut bench = Bench::new();
    bench.handshake(100, 500);
    bench.checksum = Some(right_for(&reset, b".."));
    bench.client(ACK, 101, 501, b"question").server(ACK, 501, 109, b"reply");
    let told = bench.end();
    assert_eq!(told.line(0), "S1 ShADd shutdown 8:5 bad_checksum");
}
