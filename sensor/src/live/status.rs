//! Everything that is counted, as the facts of a STATUS line.

use std::time::Instant;

use dissectors::Facts;
use dissectors::dictionary::{Element, Field, status};
use dissectors::facts::Value;
use flowtable::counters::Counters;
use flowtable::decode::Drop;

use super::outlets::{Account, Outlets};
use crate::metrics::{self, Kind};
use crate::pipeline::{Ingested, Meter};
use crate::source::live::{Board, Link, Port};

/// How many counters there are.
const COUNTERS: usize = 26;

/// What was counted up to one moment.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub ports: Vec<Port>,
    /// Of all interfaces of the machine.
    pub backlog: Option<u64>,
    pub accounts: Vec<Account>,
    pub ingested: Ingested,
    /// All tables' together.
    pub tables: Counters,
    pub open_sessions: u64,
    pub session_bytes: u64,
    /// By worker.
    pub packets: Vec<u64>,
    /// By worker: nanoseconds at work.
    busy: Vec<u64>,
    /// The reader's nanoseconds of waiting.
    idle: u64,
    /// Nanoseconds since the sensor began.
    uptime: u64,
}

impl Snapshot {
    pub(super) fn take(meter: &Meter, board: &Board, outlets: &Outlets, start: Instant) -> Self {
        let mut snapshot = Self {
            ports: board.ports(),
            backlog: board.backlog(),
            accounts: outlets.accounts(),
            ingested: meter.ingested(),
            tables: Counters::default(),
            open_sessions: 0,
            session_bytes: 0,
            packets: Vec::new(),
            busy: Vec::new(),
            idle: board.idle_ns(),
            uptime: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
        };
        for table in meter.tables() {
            snapshot.tables.add(&table.counters);
            snapshot.open_sessions = snapshot.open_sessions.saturating_add(table.open_sessions);
            snapshot.session_bytes = snapshot.session_bytes.saturating_add(table.bytes);
            snapshot.packets.push(table.counters.packets);
            snapshot.busy.push(table.busy_ns);
        }
        snapshot
    }

    /// The same for Prometheus.
    pub(super) fn metrics(&self) -> metrics::Snapshot {
        let lines: Vec<_> = self.accounts.iter().map(|account| (account.spec.clone(), account.counters)).collect();
        let mut shown = metrics::run::counted(&self.ingested, &self.tables, 0, &lines);
        let ports = |of: fn(&Port) -> u64| self.ports.iter().map(move |port| (port.name.clone(), of(port)));
        let lanes = |of: fn(&Account) -> u64| self.accounts.iter().map(move |lane| (lane.spec.to_string(), of(lane)));
        for (name, help, of) in [
            (
                "tapline_kernel_drops_total",
                "Packets that found no room in the kernel's ring.",
                (|port| port.kernel_drops) as fn(&Port) -> u64,
            ),
            ("tapline_interface_drops_total", "Packets for which the interface had no room.", |port| port.losses.drops),
            (
                "tapline_interface_discards_total",
                "Packets that the interface's driver or the kernel threw away.",
                |port| port.losses.discards,
            ),
            ("tapline_interface_damaged_total", "Frames that came damaged.", |port| port.losses.damaged),
        ] {
            shown.add_each(Kind::Counter, name, help, "interface", ports(of));
        }
        if let Some(backlog) = self.backlog {
            let help = "Packets for which no processor's queue had room, of all interfaces of the machine.";
            shown.add(Kind::Counter, "tapline_backlog_drops_total", help, backlog);
        }
        let up = |port: &Port| u64::from(port.link == Link::Up);
        shown.add_each(
            Kind::Gauge,
            "tapline_interface_up",
            "Whether the interface can be heard.",
            "interface",
            ports(up),
        );
        let drops = "Lines that found their destination's queue full.";
        shown.add_each(Kind::Counter, "tapline_queue_drops_total", drops, "destination", lanes(|lane| lane.dropped));
        let queued = "Bytes that wait for a destination.";
        shown.add_each(Kind::Gauge, "tapline_queue_bytes", queued, "destination", lanes(|lane| lane.queued));
        shown.add(Kind::Gauge, "tapline_open_sessions", "Sessions that are open.", self.open_sessions);
        shown.add(Kind::Gauge, "tapline_session_memory_bytes", "Bytes that open sessions hold.", self.session_bytes);
        shown
    }

    /// Packets that never came to a session for want of speed: the kernel's and the interfaces' loss.
    pub(super) fn packets_lost(&self) -> u64 {
        self.ports.iter().map(Port::lost).sum()
    }

    /// Packets that may be lost on the way to the rings: those that were thrown away, and where the system does not count them for each
    /// interface, those of the whole machine.
    pub(super) fn packets_discarded(&self) -> u64 {
        let discards = self.ports.iter().map(|port| port.losses.discards).sum();
        if self.ports.iter().all(|port| port.losses.counted) {
            return discards;
        }
        self.backlog.unwrap_or(0).saturating_add(discards)
    }

    /// Frames that came damaged.
    pub(super) fn frames_damaged(&self) -> u64 {
        self.ports.iter().map(|port| port.losses.damaged).sum()
    }

    /// Lines that no destination has.
    pub(super) fn lines_lost(&self) -> u64 {
        self.accounts.iter().map(Account::lost).sum()
    }

    /// Sessions that were told early or less of for want of memory.
    pub(super) fn sessions_hurt(&self) -> u64 {
        self.tables.evicted.saturating_add(self.tables.dissectors_shed)
    }

    /// Every counter, and whether it is one of loss, whose 0 is worth telling.
    fn counters(&self) -> [(&'static Field, u64, bool); COUNTERS] {
        let ports = |of: fn(&Port) -> u64| self.ports.iter().map(of).sum();
        let lines = |of: fn(&Account) -> u64| self.accounts.iter().map(of).sum();
        let dropped = |reason| self.ingested.drop_count(reason);
        let tables = &self.tables;
        let counted = self.ports.iter().any(|port| port.losses.counted);
        [
            (&status::FRAMES, self.ingested.frames, true),
            (&status::WIRE_BYTES, self.ingested.wire_bytes, false),
            (&status::KERNEL_DROPS, ports(|port| port.kernel_drops), true),
            (&status::INTERFACE_DROPS, ports(|port| port.losses.drops), counted),
            (&status::DISCARDS, ports(|port| port.losses.discards), counted),
            (&status::BACKLOG_DROPS, self.backlog.unwrap_or(0), self.backlog.is_some()),
            (&status::DAMAGED, ports(|port| port.losses.damaged), counted),
            (&status::QUEUE_DROPS, lines(|of| of.dropped), true),
            (&status::LINES_FAILED, lines(|of| of.counters.failed), true),
            (&status::LINES_SENT, lines(|of| of.counters.sent), false),
            (&status::PACKETS, self.ingested.packets, false),
            (&status::OPENED, tables.opened, false),
            (&status::TOLD, tables.told, false),
            (&status::EVICTED, tables.evicted, true),
            (&status::SHED, tables.dissectors_shed, false),
            (&status::BYTES_SHED, tables.bytes_shed, false),
            (&status::BYTES_MISSED, tables.bytes_missed, false),
            (&status::DISSECTORS_FAILED, tables.dissectors_failed, false),
            (&status::CLOCK_STEPS, self.ingested.clock_steps, false),
            (&status::UNKNOWN_LINK, dropped(Drop::UnknownLink), false),
            (&status::NOT_IP, dropped(Drop::NotIp), false),
            (&status::BAD_HEADER, dropped(Drop::BadHeader), false),
            (&status::LINK_ENCRYPTED, dropped(Drop::LinkEncrypted), false),
            (&status::TOO_DEEP, dropped(Drop::TooDeep), false),
            (&status::FRAGMENT_ABANDONED, self.ingested.fragments_abandoned, false),
            (&status::FRAGMENT_BAD, dropped(Drop::FragmentBad), false),
        ]
    }

    /// Writes the counters since the sensor began.
    pub(super) fn write(&self, facts: &mut Facts) {
        let mut out = facts.element(&status::STATUS);
        out.value(&status::UPTIME, Value::Seconds(self.uptime));
        out.number(&status::OPEN_SESSIONS, self.open_sessions);
        for (field, count, loss) in self.counters() {
            if count > 0 || loss {
                out.number(field, count);
            }
        }
        out.number(&status::SESSION_MEMORY, self.session_bytes);
        for port in self.ports.iter().take(status::LISTED) {
            out.bytes(&status::INTERFACE, port.name.as_bytes());
            out.plain(&status::INTERFACE_STATE, port.link.name());
            out.number(&status::INTERFACE_FRAMES, port.frames);
            out.number(&status::INTERFACE_LOST, port.lost());
        }
        if self.ports.iter().any(|port| port.losses.counted) {
            for Port { losses, .. } in self.ports.iter().take(status::LISTED) {
                let of = |count| if losses.counted { Value::Number(count) } else { Value::Bytes(&[]) };
                out.value(&status::INTERFACE_DISCARDS, of(losses.discards));
                out.value(&status::INTERFACE_DAMAGED, of(losses.damaged));
            }
        }
        for account in self.accounts.iter().take(status::LISTED) {
            out.bytes(&status::DESTINATION, account.spec.to_string().as_bytes());
            out.number(&status::DESTINATION_SENT, account.counters.sent);
            out.number(&status::DESTINATION_LOST, account.lost());
            out.number(&status::DESTINATION_QUEUED, account.queued);
        }
        self.load(None, &status::STATUS, facts);
    }

    /// Writes what came since an earlier snapshot.
    pub(super) fn write_since(&self, before: &Self, facts: &mut Facts) {
        let mut out = facts.element(&status::INTERVAL);
        out.value(&status::LENGTH, Value::Seconds(self.uptime.saturating_sub(before.uptime)));
        for ((field, count, _), (_, earlier, _)) in self.counters().into_iter().zip(before.counters()) {
            let new = count.saturating_sub(earlier);
            if new > 0 {
                out.number(field, new);
            }
        }
        self.load(Some(before), &status::INTERVAL, facts);
    }

    /// How the work is spread, and how near to the most that can be done: since an earlier snapshot, or since the beginning.
    fn load(&self, before: Option<&Self>, element: &'static Element, facts: &mut Facts) {
        let earlier = |of: fn(&Self) -> u64| before.map_or(0, of);
        let length = self.uptime.saturating_sub(earlier(|before| before.uptime)).max(1);
        let percent = |nanos: u64| nanos.min(length).saturating_mul(100) / length;
        let new = |now: &[u64], before: Option<&[u64]>| -> Vec<u64> {
            let before = before.unwrap_or_default().iter().copied().chain(std::iter::repeat(0));
            now.iter().zip(before).map(|(now, before)| now.saturating_sub(before)).collect()
        };
        let mut out = facts.element(element);
        if self.ingested.packets > 0 {
            let packets = new(&self.packets, before.map(|before| before.packets.as_slice()));
            packets.iter().take(status::LISTED).for_each(|packets| out.number(&status::WORKER_PACKETS, *packets));
            let busy = new(&self.busy, before.map(|before| before.busy.as_slice()));
            busy.iter().take(status::LISTED).for_each(|busy| out.number(&status::WORKER_BUSY, percent(*busy)));
        }
        let idle = self.idle.saturating_sub(earlier(|before| before.idle));
        out.number(&status::READER_BUSY, 100u64.saturating_sub(percent(idle)));
    }
}

/// Bytes of memory that the process takes, as the kernel tells.
pub(super) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024))
}
