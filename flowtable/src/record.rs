//! Writes a session's facts.

use dissectors::Text;
use dissectors::basics::{Basics, Carrier, Party, Short};
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
use crate::packet::{Address, Ends, protocol};
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
    let app = announced.map_or_else(|| app(session), |announced| announced.app);
    let [originator, responder] = &session.halves;
    let detail = session.detail.as_deref();
    let icmp = detail.and_then(|detail| detail.icmp.as_ref());
    let ported = matches!(number, protocol::TCP | protocol::UDP | protocol::SCTP);
    let party = |address: Address, port: u16, half: &Half| Party {
        address: address.ip(ends.family),
        port: ported.then_some(port),
        packets: half.packets,
        payload: half.payload,
        ip_bytes: half.ip_bytes,
    };
    let first = icmp.and_then(|icmp| icmp.first());
    let missed = [originator.unseen(), responder.unseen()];
    out.begin(Basics {
        id,
        cid: Short::new(&community_id(context.community_id_seed, &ends, first)),
        start: session.start,
        duration: session.last.since(session.start),
        carrier: transport_name(number).map_or(Carrier::Numbered(number), Carrier::Named),
        app,
        src: party(ends.source, ends.source_port, originator),
        dst: party(ends.destination, ends.destination_port, responder),
        state: state(originator, responder, &ends),
        history: history(session),
        end: ending.map(End::name),
        rtt: session.rtt(),
        retransmits: [originator.retransmits(), responder.retransmits()],
        missed,
    });

    let mut element = out.element(&fields::ELEMENT);
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

    out.flag_all(session.marks);
    // What was announced is where it was announced to be.
    if joined.announced.is_none() && is_off_port(detail, &ends) {
        out.flag(Flag::OffPort);
    }
    if missed != [0, 0] {
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

fn history(session: &Session) -> Short {
    let mut letters = [0; HISTORY_CAP];
    let count = session.history.letters(&mut letters);
    Short::new(letters.get(..count).unwrap_or_default())
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
