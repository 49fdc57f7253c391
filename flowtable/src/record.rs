//! Writes a session's facts.

use dissectors::Text;
use dissectors::conversation::{Conversation, Passed};
use dissectors::dictionary::{Flag, session as fields};
use dissectors::facts::{Facts, Side, Value};
use dissectors::files::{Files, HashLimit, Transfer};
use dissectors::protocol::Role;
use dissectors::services::Services;

use crate::across::Joined;
use crate::community_id::community_id;
use crate::finished::End;
use crate::half::Half;
use crate::packet::{Ends, protocol};
use crate::path::Paths;
use crate::session::{Detail, Session};
use crate::tcp::{Endpoint, HISTORY_CAP, conn_state, exchange_state};
use crate::typing::{Habit, INTERACTIVE};

/// What a record takes from the table.
pub(crate) struct Context<'t> {
    pub paths: &'t Paths,
    pub community_id_seed: u16,
}

/// Writes everything known of a session, its own element first.
pub(crate) fn write(
    session: &mut Session,
    id: u64,
    ending: Option<End>,
    context: &Context<'_>,
    joined: &Joined,
    out: &mut Facts,
) {
    let announced = joined.announced.as_ref().filter(|announced| session.is_announced(announced.app));
    let passed = announced.and_then(|_| session.passed());
    let ends = session.key.ends(session.originator);
    let number = ends.protocol;
    let path = context.paths.get(session.path);
    let [originator, responder] = &session.halves;
    let detail = session.detail.as_deref();
    let icmp = detail.and_then(|detail| detail.icmp.as_ref());
    let ported = matches!(number, protocol::TCP | protocol::UDP | protocol::SCTP);

    let mut element = out.element(&fields::ELEMENT);
    element.value(&fields::ID, Value::Id(id));
    let first = icmp.and_then(|icmp| icmp.first());
    element.value(&fields::CID, Value::Bytes(&community_id(context.community_id_seed, &ends, first)));
    element.value(&fields::START, Value::Time(session.start));
    element.value(&fields::DURATION, Value::Seconds(session.last.since(session.start)));
    match transport_name(number) {
        Some(name) => element.plain(&fields::TRANSPORT, name),
        None => element.number(&fields::TRANSPORT, u64::from(number)),
    }
    let app = announced.map_or_else(|| app(session), |announced| announced.app);
    element.plain(&fields::APP, app);
    element.value(&fields::SRC, Value::Address(ends.source.ip(ends.family)));
    if ported {
        element.number(&fields::SRC_PORT, u64::from(ends.source_port));
    }
    element.value(&fields::DST, Value::Address(ends.destination.ip(ends.family)));
    if ported {
        element.number(&fields::DST_PORT, u64::from(ends.destination_port));
    }
    element.number(&fields::SRC_PKTS, originator.packets);
    element.number(&fields::DST_PKTS, responder.packets);
    element.number(&fields::SRC_BYTES, originator.payload);
    element.number(&fields::DST_BYTES, responder.payload);
    element.number(&fields::SRC_IP_BYTES, originator.ip_bytes);
    element.number(&fields::DST_IP_BYTES, responder.ip_bytes);
    element.plain(&fields::STATE, state(originator, responder, &ends));
    let mut letters = [0; HISTORY_CAP];
    let count = session.history.letters(&mut letters);
    element.bytes(&fields::HISTORY, letters.get(..count).unwrap_or_default());
    if let Some(ending) = ending {
        element.plain(&fields::END, ending.name());
    }
    if let Some(rtt) = session.rtt() {
        element.value(&fields::RTT, Value::Milliseconds(rtt));
    }
    let retransmits = (originator.retransmits(), responder.retransmits());
    if retransmits != (0, 0) {
        element.value(&fields::RETRANSMITS, Value::Pair(retransmits.0, retransmits.1));
    }
    let missed = (originator.unseen(), responder.unseen());
    if missed != (0, 0) {
        element.value(&fields::MISSED, Value::Pair(missed.0, missed.1));
    }
    element.list(&fields::VLAN, path.vlans.iter().copied(), 0);
    element.list(&fields::TUNNEL, path.tunnels.iter().map(|tunnel| Value::Bytes(tunnel.as_bytes())), 0);
    for (field, half) in [(&fields::SRC_MAC, originator), (&fields::DST_MAC, responder)] {
        if half.mac != [0; 6] {
            element.value(field, Value::Mac(half.mac));
        }
    }
    let habit = Habit::of(app);
    if let (Some(detail), Some(habit)) = (detail, habit) {
        let verdict = detail.typing.verdict(habit);
        if verdict.score >= INTERACTIVE {
            element.number(&fields::INTERACTIVE, verdict.score);
            element.number(&fields::KEYSTROKES, verdict.keystrokes);
        }
    }

    for flag in session.marks.iter() {
        out.flag(flag);
    }
    // What was announced is where it was announced to be.
    if joined.announced.is_none() && is_off_port(detail, &ends) {
        out.flag(Flag::OffPort);
    }
    if missed != (0, 0) {
        out.flag(Flag::Gap);
    }
    if number == protocol::TCP && is_oneway(originator, responder) {
        out.flag(Flag::Oneway);
    }
    if let Some(icmp) = icmp {
        icmp.facts(number, out);
    }
    let file = joined.announced.as_ref().and_then(|announced| announced.file.as_ref());
    let conversation = detail.and_then(|detail| detail.conversation.as_ref());
    match (file, conversation) {
        (Some((name, sender)), _) if announced.is_some() => {
            let sender = if *sender == ends.source.ip(ends.family) { Side::Originator } else { Side::Responder };
            carried(name, sender, passed, out);
        }
        (file, Some(conversation)) => {
            if let Some((name, _)) = file {
                out.expect_file(name.clone());
            }
            conversation.facts(out);
            if let Some(how) = conversation.looks().filter(|_| announced.is_none()) {
                out.encrypted(how);
            }
        }
        (_, None) => {}
    }
}

/// Tells of the file that an announced session carried.
fn carried(name: &Text, sender: Side, passed: Option<Passed>, out: &mut Facts) {
    out.set_client(Side::Originator);
    let role = if sender == Side::Originator { Role::Client } else { Role::Server };
    let mut files = Files::default();
    match passed.filter(|passed| passed.side == sender) {
        Some(Passed { transfer, whole, .. }) => files.push(name.clone(), role, transfer, whole),
        None => files.push(name.clone(), role, Transfer::new(HashLimit::NONE), false),
    }
    files.facts(out);
}

/// Adds what was heard of a session in others.
pub(crate) fn join(joined: &Joined, services: &Services, out: &mut Facts) {
    let [wanted, proven] = out.hosts();
    let [_, looked_up] = &joined.names;
    let hosts = wanted.into_iter().chain(looked_up.iter().map(Text::bytes)).chain(proven);
    let service = { hosts }.find_map(|host| services.find(host));
    let mut element = out.element(&fields::ELEMENT);
    if let Some(announced) = &joined.announced {
        element.value(&fields::PARENT, Value::Id(announced.parent));
    }
    let [originator, responder] = &joined.names;
    element.list(&fields::SRC_NAME, originator, 0);
    element.list(&fields::DST_NAME, responder, 0);
    if let Some(service) = service {
        element.bytes(&fields::SERVICE, service.as_bytes());
    }
}

/// Whether neither end's port is a usual one of what was recognised. Either counts: a server may be the one who was seen first.
fn is_off_port(detail: Option<&Detail>, ends: &Ends) -> bool {
    let conversation = detail.and_then(|detail| detail.conversation.as_ref());
    let usual = conversation.map_or(&[][..], Conversation::usual_ports);
    !usual.is_empty() && !usual.contains(&ends.source_port) && !usual.contains(&ends.destination_port)
}

fn app(session: &Session) -> &'static str {
    match session.key.protocol() {
        protocol::ICMP => "icmp",
        protocol::ICMPV6 => "icmpv6",
        _ => session
            .detail
            .as_deref()
            .and_then(|detail| detail.conversation.as_ref())
            .and_then(|conversation| conversation.app())
            .unwrap_or("unknown"),
    }
}

fn state(originator: &Half, responder: &Half, ends: &Ends) -> &'static str {
    if ends.protocol == protocol::TCP {
        let silent = originator.payload == 0 && responder.payload == 0;
        conn_state(originator.endpoint, responder.endpoint, silent)
    } else {
        exchange_state(originator.packets > 0, responder.packets > 0)
    }
}

/// Whether only one side of a TCP connection was seen although the other must have spoken.
fn is_oneway(originator: &Half, responder: &Half) -> bool {
    match (originator.packets, responder.packets) {
        (0, _) => true,
        (_, 0) => responder.has_spoken() || !matches!(originator.endpoint, Endpoint::SynSent | Endpoint::Reset),
        _ => false,
    }
}

/// The name of an IP protocol number, where it has one that people know.
fn transport_name(number: u8) -> Option<&'static str> {
    Some(match number {
        protocol::ICMP => "icmp",
        2 => "igmp",
        protocol::IPIP => "ipip",
        protocol::TCP => "tcp",
        protocol::UDP => "udp",
        protocol::IPV6 => "ipv6",
        protocol::GRE => "gre",
        50 => "esp",
        51 => "ah",
        protocol::ICMPV6 => "icmpv6",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        protocol::SCTP => "sctp",
        136 => "udplite",
        _ => return None,
    })
}
