//! The short way of a TCP packet says what the long one says.

use proptest::prelude::*;

use super::*;
use crate::packet::{Ends, TcpFields};
use crate::path::Domain;

/// A packet of one side: its flags, how far its number lies from what its side would send next, how much of what the peer sent it
/// acknowledges, its payload, its window.
type Sent = (bool, u8, i32, i32, u32, u16);

/// What a connection shows: mostly packets that go on.
fn sent() -> impl Strategy<Value = Sent> {
    let flags = prop_oneof![
        12 => Just(tcp_flag::ACK),
        1 => Just(tcp_flag::SYN),
        1 => Just(tcp_flag::SYN | tcp_flag::ACK),
        1 => Just(tcp_flag::FIN | tcp_flag::ACK),
        1 => Just(tcp_flag::RST),
        1 => any::<u8>().prop_map(|flags| flags & 0x17),
    ];
    let astray = prop_oneof![8 => Just(0), 2 => -3000..3000, 1 => any::<i32>()];
    let behind = prop_oneof![6 => Just(0), 2 => -100..2000];
    let bytes = prop_oneof![2 => Just(0u32), 3 => 1..1500u32];
    (any::<bool>(), flags, astray, behind, bytes, prop_oneof![3 => Just(8192u16), 1 => Just(0)])
}

fn session(packet: &Packet) -> Session {
    let (key, from) = FlowKey::of(&packet.ends, Domain::default());
    Session::open(packet, key, from, 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_packet_that_goes_on_may_take_the_short_way(shakes_hands: bool, packets in prop::collection::vec(sent(), 1..40)) {
        let ends = Ends { protocol: protocol::TCP, source_port: 1, ..Ends::default() };
        let mut next = [u32::MAX - 700, 17u32];
        let hands = [
            (true, tcp_flag::SYN, 0, 0, 0, 8192),
            (false, tcp_flag::SYN | tcp_flag::ACK, 0, 0, 0, 8192),
            (true, tcp_flag::ACK, 0, 0, 0, 8192),
        ];
        let hands = hands.into_iter().filter(|_| shakes_hands);
        let mut both: Option<[Session; 2]> = None;
        for (at, (first, flags, astray, behind, bytes, window)) in hands.chain(packets).enumerate() {
            let [own, peer] = if first { next } else { [next[1], next[0]] };
            let tcp = TcpFields {
                seq: own.wrapping_add_signed(astray),
                ack: peer.wrapping_add_signed(-behind),
                window,
                flags,
                scale: None,
            };
            let time = Timestamp::from_nanos(1000 * (at as u64 + 1));
            let ends = if first { ends } else { ends.reversed() };
            let packet = Packet { time, ends, payload_bytes: bytes, payload_len: bytes, frames: 1, tcp, ..Packet::default() };
            if astray == 0 {
                let numbers = bytes + u32::from(flags & tcp_flag::SYN != 0) + u32::from(flags & tcp_flag::FIN != 0);
                next[usize::from(!first)] = own.wrapping_add(numbers);
            }
            let (_, from) = FlowKey::of(&packet.ends, Domain::default());
            let [short, long] = both.get_or_insert_with(|| [session(&packet), session(&packet)]);
            let side = short.side(from);
            prop_assert_eq!(short.tcp(&packet, side), long.turn(&packet, side));
            prop_assert_eq!(format!("{short:?}"), format!("{long:?}"));
        }
    }
}
