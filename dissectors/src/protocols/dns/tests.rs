//! The probes against what is not DNS, sessions, and hostile messages.

use std::net::IpAddr;

use proptest::prelude::*;

use super::message::{Entry, Header, Walk};
use super::probe::{self, Flavour};
use super::session::{ENTRIES_READ, Session, TRACKED};
use crate::facts::{Facts, Value};
use crate::files::HashLimit;
use crate::protocol::{Chunk, Dissector, Opening, Role, Sample, Transport, Verdict};
use crate::time::Timestamp;

const UNICAST: &str = "192.0.2.2";
const IN: u16 = 1;

/// Writes messages, with every name that was written before compressed.
#[derive(Clone, Debug, Default)]
struct Builder {
    bytes: Vec<u8>,
    names: Vec<(Vec<String>, usize)>,
}

impl Builder {
    fn new(id: u16, flags: u16, counts: [u16; 4]) -> Self {
        let mut builder = Self::default();
        for value in [id, flags].into_iter().chain(counts) {
            builder.u16(value);
        }
        builder
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes.extend_from_slice(&value.to_be_bytes());
        self
    }

    fn name(&mut self, labels: &[String]) -> &mut Self {
        for at in 0..labels.len() {
            let suffix = labels[at..].to_vec();
            if let Some((_, known)) = self.names.iter().find(|(name, _)| *name == suffix) {
                return self.u16(0xc000 | *known as u16);
            }
            self.names.push((suffix, self.bytes.len()));
            self.bytes.push(labels[at].len() as u8);
            self.bytes.extend_from_slice(labels[at].as_bytes());
        }
        self.bytes.push(0);
        self
    }

    fn question(&mut self, name: &str, kind: u16, class: u16) -> &mut Self {
        self.name(&labels(name)).u16(kind).u16(class)
    }

    fn record(&mut self, owner: &[String], kind: u16, ttl: u32, data: impl FnOnce(&mut Self)) -> &mut Self {
        self.name(owner).u16(kind).u16(IN);
        self.bytes.extend_from_slice(&ttl.to_be_bytes());
        let at = self.bytes.len();
        self.u16(0);
        data(self);
        let length = (self.bytes.len() - at - 2) as u16;
        self.bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
        self
    }

    fn address(&mut self, owner: &str, ttl: u32) -> &mut Self {
        self.record(&labels(owner), 1, ttl, |b| b.bytes.extend_from_slice(&[192, 0, 2, 1]))
    }
}

fn labels(name: &str) -> Vec<String> {
    name.split('.').filter(|label| !label.is_empty()).map(str::to_owned).collect()
}

fn entries(message: &[u8]) -> (Vec<Entry>, bool) {
    let mut walk = Walk::new(message, &Header::read(message).unwrap());
    let entries = walk.by_ref().collect();
    (entries, walk.fault().is_none() && walk.leftover() == 0 && walk.sound())
}

fn sample(bytes: &[u8], role: Role, transport: Transport, to: &str) -> [Verdict; 3] {
    let destination: IpAddr = to.parse().unwrap();
    let sample = Sample { transport, role, bytes, destination };
    [probe::mdns(&sample), probe::llmnr(&sample), probe::dns(&sample)]
}

fn udp(bytes: &[u8], role: Role) -> [Verdict; 3] {
    sample(bytes, role, Transport::Udp, UNICAST)
}

const NONE: [Verdict; 3] = [Verdict::Reject; 3];
const DNS: [Verdict; 3] = [Verdict::Reject, Verdict::Reject, Verdict::Match];

mod against_others;

#[test]
fn a_query_is_the_clients() {
    let query = Builder::new(7, 0x0100, [1, 0, 0, 0]).question("www.example.org", 1, IN).bytes.clone();
    assert_eq!(udp(&query, Role::Client), DNS);
    assert_eq!(udp(&query, Role::Server), NONE);
}

#[test]
fn the_three_claim_only_their_own() {
    let mdns = [Verdict::Match, Verdict::Reject, Verdict::Reject];
    let llmnr = [Verdict::Reject, Verdict::Match, Verdict::Reject];
    let query = |id, flags, name, class| Builder::new(id, flags, [1, 0, 0, 0]).question(name, 1, class).bytes.clone();
    let to = |bytes: &[u8], to| sample(bytes, Role::Client, Transport::Udp, to);

    let plain = query(7, 0x0100, "printer.local", IN);
    assert_eq!(to(&plain, "224.0.0.251"), mdns);
    assert_eq!(to(&plain, "ff02::fb"), mdns);
    assert_eq!(to(&plain, "224.0.0.252"), llmnr);
    assert_eq!(to(&plain, "ff02::1:3"), llmnr);
    assert_eq!(to(&plain, "239.1.2.3"), NONE, "DNS is not sent to groups");
    assert_eq!(to(&plain, UNICAST), DNS, "a name alone does not make it mDNS");

    assert_eq!(to(&query(0, 0, "printer.local", IN), UNICAST), mdns, "id 0, no flags, .local");
    assert_eq!(to(&query(4, 0, "example.org", IN | 0x8000), UNICAST), mdns, "a unicast answer is wanted");

    let answer =
        |flags, name, ttl| Builder::new(9, flags, [1, 1, 0, 0]).question(name, 1, IN).address(name, ttl).bytes.clone();
    assert_eq!(udp(&answer(0x8000, "fileserver", 30), Role::Server), llmnr);
    assert_eq!(udp(&answer(0x8180, "fileserver", 30), Role::Server), DNS, "a resolver's answer");
    assert_eq!(udp(&answer(0x8400, "fileserver", 30), Role::Server), DNS, "an authority's answer");
    assert_eq!(udp(&answer(0x8000, "fileserver.example", 30), Role::Server), DNS);
}

#[test]
fn what_is_cut_short_or_has_more_behind_it_only_fits() {
    let whole =
        Builder::new(7, 0x8180, [1, 1, 0, 0]).question("example.org", 1, IN).address("example.org", 60).bytes.clone();
    let [.., verdict] = udp(&whole[..whole.len() - 2], Role::Server);
    assert_eq!(verdict, Verdict::Likely);
    let [.., verdict] = udp(&[&whole[..], b"\0"].concat(), Role::Server);
    assert_eq!(verdict, Verdict::Likely);
    assert_eq!(udp(&whole[..20], Role::Server), NONE, "not even its question is whole");
}

#[test]
fn a_stream_is_known_by_length_and_message() {
    let message = Builder::new(7, 0x0100, [1, 0, 0, 0]).question("example.org", 252, IN).bytes.clone();
    let framed = [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let tcp = |bytes: &[u8]| sample(bytes, Role::Client, Transport::Tcp, UNICAST);
    assert_eq!(tcp(&framed), DNS);
    for at in 0..framed.len() {
        assert_eq!(tcp(&framed[..at])[2], Verdict::NeedMore, "{at} bytes");
    }
    assert_eq!(tcp(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), NONE);
    assert_eq!(tcp(b"SSH-2.0-OpenSSH_9.2\r\n"), NONE);
    assert_eq!(tcp(b"\x16\x03\x01\x00\xa5\x01\0\0\xa1\x03\x03"), NONE);
}

#[test]
fn what_dns_is_not() {
    let netbios = b"\x20EGFCEFEECACACACACACACACACACACAAA\0";
    let nbns = |flags: u16, kind: u16| {
        let mut b = Builder::new(0x1234, flags, [1, 0, 0, 0]);
        b.bytes.extend_from_slice(netbios);
        b.u16(kind).u16(IN).bytes.clone()
    };
    let nbns_answer = {
        let mut b = Builder::new(0x1234, 0x8500, [0, 1, 0, 0]);
        b.bytes.extend_from_slice(netbios);
        b.bytes.extend_from_slice(b"\0\x20\0\x01\0\x03\xf4\x80\0\x06\0\0\xc0\0\x02\x01");
        b.bytes
    };
    let registration = {
        let mut b = Builder::new(0x1234, 0x2910, [1, 0, 0, 1]);
        b.bytes.extend_from_slice(netbios);
        b.u16(0x20).u16(IN);
        b.bytes.extend_from_slice(b"\xc0\x0c\0\x20\0\x01\0\x04\x93\xe0\0\x06\0\0\xc0\0\x02\x01");
        b.bytes
    };
    let others: [(&str, Vec<u8>); 14] = [
        ("NBNS query", nbns(0x0110, 0x20)),
        ("NBNS status", nbns(0, 0x21)),
        ("NBNS answer", nbns_answer),
        ("NBNS registration", registration),
        ("TFTP", b"\0\x01boot.img\0octet\0".to_vec()),
        ("SIP", b"OPTIONS sip:a@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n\r\n".to_vec()),
        ("STUN", b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl".to_vec()),
        ("NTP", [&[0x23, 0, 6, 0xec][..], &[0; 44]].concat()),
        ("RTP", [&[0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1][..], &[0xd5; 160]].concat()),
        ("DHCP", [&[1u8, 1, 6, 0, 1, 2, 3, 4][..], &[0; 228], b"\x63\x82\x53\x63\x35\x01\x01\xff"].concat()),
        ("SNMP", b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\0\x02\x01\0".to_vec()),
        ("SSDP", b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n".to_vec()),
        ("zeroes", vec![0; 100]),
        ("ones", vec![0xff; 100]),
    ];
    for (what, bytes) in &others {
        for role in [Role::Client, Role::Server] {
            for to in [UNICAST, "224.0.0.251", "224.0.0.252"] {
                assert_eq!(sample(bytes, role, Transport::Udp, to), NONE, "{what} to {to}");
            }
            let framed = [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
            assert_eq!(sample(&framed, role, Transport::Tcp, UNICAST), NONE, "{what} over TCP");
        }
    }
    assert_eq!(udp(&nbns_like_srv(), Role::Client), DNS, "SRV has NBSTAT's number");
}

fn nbns_like_srv() -> Vec<u8> {
    Builder::new(1, 0x0100, [1, 0, 0, 0]).question("_ldap._tcp.example.org", 0x21, IN).bytes.clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_not_dns(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(udp(&bytes, Role::Client), NONE);
        prop_assert_eq!(udp(&bytes, Role::Server), NONE);
    }

    #[test]
    fn any_message_is_survived_after_a_header(
        flags in prop_oneof![Just(0u16), Just(0x8400), Just(0x8180), Just(0x2800), any::<u16>()],
        counts in any::<[u8; 4]>(),
        body in prop::collection::vec(prop_oneof![Just(0u8), Just(0xc0), Just(12), any::<u8>()], 0..300),
        flavour in prop_oneof![Just(Flavour::Dns), Just(Flavour::Mdns), Just(Flavour::Llmnr)],
    ) {
        let mut message = Builder::new(1, flags, counts.map(u16::from)).bytes;
        message.extend_from_slice(&body);
        let mut session = open(flavour, Transport::Udp);
        feed(&mut session, Role::Client, &message, 0);
        facts(&session);
    }
}

fn open(flavour: Flavour, transport: Transport) -> Session {
    Session::new(flavour, &Opening { transport, file_hash: HashLimit::NONE })
}

fn feed(session: &mut Session, role: Role, bytes: &[u8], nanos: u64) {
    session.data(Chunk { role, bytes, time: Timestamp::from_nanos(nanos) });
}

fn facts(session: &Session) -> Facts {
    let mut facts = Facts::new();
    session.facts(&mut facts);
    facts
}

fn number(session: &Session, field: &'static crate::dictionary::Field) -> Option<u64> {
    match facts(session).get(field) {
        Some(Value::Number(number)) => Some(number),
        _ => None,
    }
}

fn asked(id: u16, name: &str) -> Vec<u8> {
    Builder::new(id, 0x0100, [1, 0, 0, 0]).question(name, 1, IN).bytes.clone()
}

fn answered(id: u16, name: &str) -> Vec<u8> {
    Builder::new(id, 0x8180, [1, 1, 0, 0]).question(name, 1, IN).address(name, 60).bytes.clone()
}

#[test]
fn a_session_is_settled_when_every_query_has_its_answer() {
    let mut session = open(Flavour::Dns, Transport::Udp);
    assert!(!session.settled());
    feed(&mut session, Role::Client, &asked(1, "a.example"), 0);
    feed(&mut session, Role::Client, &asked(2, "b.example"), 1);
    feed(&mut session, Role::Server, &answered(2, "b.example"), 2);
    assert!(!session.settled());
    feed(&mut session, Role::Server, &answered(1, "a.example"), 5);
    assert!(session.settled());
    assert_eq!(facts(&session).get(&super::fields::RTT), Some(Value::Milliseconds(3)), "the mean of 5 and 1");

    let mut mdns = open(Flavour::Mdns, Transport::Udp);
    feed(&mut mdns, Role::Client, &answered(0, "a.local"), 0);
    assert!(!mdns.settled());
}

#[test]
fn an_answer_with_another_question_answers_nothing() {
    let mut session = open(Flavour::Dns, Transport::Udp);
    feed(&mut session, Role::Client, &asked(1, "a.example"), 0);
    feed(&mut session, Role::Server, &answered(1, "b.example"), 1);
    assert!(!session.settled());
    assert_eq!(number(&session, &super::fields::UNANSWERED), Some(1));
}

#[test]
fn many_queries_stay_within_the_caps() {
    let mut session = open(Flavour::Dns, Transport::Udp);
    let many = 10 * TRACKED as u16;
    for id in 0..many {
        feed(&mut session, Role::Client, &asked(id, "a.example"), 0);
    }
    let half_full = session.heap_bytes();
    for id in 0..many {
        feed(&mut session, Role::Client, &asked(id.wrapping_add(many), "b.example"), 0);
    }
    assert!(session.heap_bytes() <= half_full, "{} > {half_full}", session.heap_bytes());
    assert_eq!(number(&session, &super::fields::QUERIES), Some(2 * u64::from(many)));
    let facts = facts(&session);
    let cut = facts.omissions().iter().find(|cut| cut.field.name == "query").unwrap();
    assert_eq!(cut.count, 2 * u64::from(many) - super::ROWS as u64);
}

#[test]
fn a_message_full_of_records_costs_no_more_than_its_bytes() {
    let mut b = Builder::new(1, 0x8180, [1, u16::MAX, 0, 0]);
    b.question("example", 1, IN);
    while b.bytes.len() < 65_000 {
        b.address("example", 60);
    }
    let mut session = open(Flavour::Dns, Transport::Udp);
    feed(&mut session, Role::Server, &b.bytes, 0);
    assert!(session.heap_bytes() < 20_000, "{}", session.heap_bytes());
    assert_eq!(number(&session, &super::fields::MALFORMED), Some(1), "the count promises more");
    assert!(b.bytes.len() / 16 > ENTRIES_READ);
}

#[test]
fn a_name_too_long_does_not_hide_what_follows_it() {
    let mut b = Builder::new(1, 0x8180, [1, 2, 0, 0]);
    b.question("example", 1, IN);
    b.record(&labels("example"), 5, 60, |b| {
        b.bytes.extend_from_slice(&[&[63u8][..], &[b'x'; 63]].concat().repeat(5));
        b.bytes.push(0);
    });
    b.address("example", 60);
    let mut session = open(Flavour::Dns, Transport::Udp);
    feed(&mut session, Role::Server, &b.bytes, 0);
    let facts = facts(&session);
    let Some(Value::Bytes(answer)) = facts.get(&super::fields::ANSWER) else { panic!("no answer") };
    assert!(answer.starts_with(b"\\# 321 3f78") && answer.ends_with(b";192.0.2.1"));
}
