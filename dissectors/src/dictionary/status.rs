//! The fields of `status` and `status_interval`: what the sensor says of itself, in lines of MSGID STATUS.
//!
//! The two elements have the same counters: `status` since the sensor began, `status_interval` since the last such line.

use super::{Element, Field, Kind};

/// The most interfaces, destinations and workers that a line tells of one by one.
pub const LISTED: usize = 64;

const fn packets(name: &'static str, meaning: &'static str) -> Field {
    Field::number(name, meaning, "").unit("packets")
}

const fn bytes(name: &'static str, meaning: &'static str) -> Field {
    Field::number(name, meaning, "").unit("bytes")
}

const fn sessions(name: &'static str, meaning: &'static str) -> Field {
    Field::number(name, meaning, "").unit("sessions")
}

const fn lines(name: &'static str, meaning: &'static str) -> Field {
    Field::number(name, meaning, "").unit("lines")
}

/// Why the line is written.
pub static EVENT: Field = Field::text(
    "event",
    "why the line is written: `start`, `interval`, `loss`, `interface`, `clock`, `destination`, `reopened`, `configuration`, `stop`",
    "",
);
/// What happened.
pub static MESSAGE: Field = Field::text("message", "what happened, for a person", "");
/// How long it runs.
pub static UPTIME: Field = Field::new(Kind::Seconds, "uptime", "since the sensor began", "").unit("s");
/// How long the interval was.
pub static LENGTH: Field = Field::new(Kind::Seconds, "length", "since the last such line", "").unit("s");
/// Since when nothing is missing.
pub static COMPLETE_SINCE: Field = Field::new(
    Kind::Time,
    "complete_since",
    "since then every packet that came whole to the interfaces was seen; absent while an interface is down or gone",
    "RFC 3339",
);
/// Until when nothing is missing.
pub static COMPLETE_UNTIL: Field = Field::new(
    Kind::Time,
    "complete_until",
    "until then every packet that came whole to the interfaces was seen; absent as `complete_since` is",
    "RFC 3339",
);
/// Memory.
pub static MEMORY: Field = bytes("memory", "resident memory of the process");
/// What the budget counts.
pub static SESSION_MEMORY: Field = bytes("session_memory", "what sessions take of the budget that `--memory` gives");
/// Open sessions.
pub static OPEN_SESSIONS: Field = sessions("open_sessions", "sessions that are open");

/// Frames.
pub static FRAMES: Field = packets("frames", "frames taken from the interfaces");
/// Their bytes.
pub static WIRE_BYTES: Field = bytes("bytes", "bytes of those frames on the wire");
/// Dropped by the kernel.
pub static KERNEL_DROPS: Field =
    packets("kernel_drops", "packets for which the interfaces' rings had no room: they are lost");
/// Dropped by cards.
pub static INTERFACE_DROPS: Field = packets(
    "interface_drops",
    "packets for which the interfaces had no room, in the card or in this host's memory: they are lost. Of rx_missed_errors, rx_fifo_errors and \
     rx_over_errors the one that grew most, since drivers tell one loss by several of them",
);
/// Thrown away before or beside the rings.
pub static DISCARDS: Field = packets(
    "discards",
    "packets that drivers or the kernel threw away (rx_dropped): they are lost, but for frames in a VLAN whose protocol this host does not speak, \
     which were seen",
);
/// Dropped by the queues of processors.
pub static BACKLOG_DROPS: Field = packets(
    "backlog_drops",
    "packets for which no queue of a processor had room (softnet_stat), of all interfaces of this machine: those of ours are among `discards` too",
);
/// Damaged on their way.
pub static DAMAGED: Field = packets(
    "damaged",
    "frames that came damaged to the interfaces (rx_errors), and that nobody sees; some drivers count `interface_drops` here too",
);
/// Lines without room.
pub static QUEUE_DROPS: Field = lines("queue_drops", "lines that found a destination's queue full: they are lost");
/// Lines that were refused.
pub static LINES_FAILED: Field = lines("lines_failed", "lines that a destination did not take: they are lost");
/// Lines written.
pub static LINES_SENT: Field = lines("lines_sent", "lines written, each destination's counted");
/// Packets decoded.
pub static PACKETS: Field = packets("packets", "packets decoded and given to sessions");
/// Not decoded: unknown link type.
pub static UNKNOWN_LINK: Field = packets("unknown_link", "frames of a link type that is not decoded");
/// Not decoded: not IP.
pub static NOT_IP: Field = packets("not_ip", "frames that are not IP: ARP, spanning tree, ...");
/// Not decoded: bad header.
pub static BAD_HEADER: Field = packets("bad_header", "frames cut or broken before the innermost addresses");
/// Not decoded: encrypted.
pub static LINK_ENCRYPTED: Field = packets("link_encrypted", "frames that the link layer encrypts");
/// Not decoded: too deep.
pub static TOO_DEEP: Field = packets("too_deep", "frames with too many encapsulations");
/// Fragments without the others.
pub static FRAGMENT_ABANDONED: Field = packets("fragment_abandoned", "fragments whose others never came");
/// Fragments that can't be joined.
pub static FRAGMENT_BAD: Field = packets("fragment_bad", "fragments that can't be joined");
/// Sessions opened.
pub static OPENED: Field = sessions("opened", "sessions that began");
/// Sessions told.
pub static TOLD: Field = sessions("told", "sessions that were told");
/// Sessions evicted.
pub static EVICTED: Field = sessions("evicted", "sessions told early to stay within the memory");
/// Sessions understood less.
pub static SHED: Field = sessions("shed", "sessions whose protocol state was given up to stay within the memory");
/// Bytes given up.
pub static BYTES_SHED: Field = bytes("bytes_shed", "out-of-order bytes given up to stay within the memory");
/// Bytes that never came here.
pub static BYTES_MISSED: Field = bytes(
    "bytes_missed",
    "payload that a receiver acknowledged and the sensor never saw, in sessions told: with no drops here it was lost before this host",
);
/// Dissectors that failed.
pub static DISSECTORS_FAILED: Field = sessions("dissectors_failed", "sessions whose dissector failed");
/// Steps of the clock.
pub static CLOCK_STEPS: Field =
    Field::number("clock_steps", "how often the host's clock was set while packets came", "");

/// Names of interfaces.
pub static INTERFACE: Field = Field::text("interface", "the interfaces", "").aligned().items(LISTED);
/// Their states.
pub static INTERFACE_STATE: Field =
    Field::text("interface_state", "`up`, `down` or `gone`", "").aligned().items(LISTED);
/// Their frames.
pub static INTERFACE_FRAMES: Field = packets("interface_frames", "frames taken from each").aligned().items(LISTED);
/// Their loss.
pub static INTERFACE_LOST: Field =
    packets("interface_lost", "kernel and interface drops of each").aligned().items(LISTED);
/// What was thrown away of each.
pub static INTERFACE_DISCARDS: Field =
    packets("interface_discards", "`discards` of each; empty where the system does not count").aligned().items(LISTED);
/// What came damaged to each.
pub static INTERFACE_DAMAGED: Field =
    packets("interface_damaged", "`damaged` of each; empty where the system does not count").aligned().items(LISTED);
/// Names of destinations.
pub static DESTINATION: Field = Field::text("destination", "the destinations", "").aligned().items(LISTED);
/// Their lines.
pub static DESTINATION_SENT: Field = lines("destination_sent", "lines that each took").aligned().items(LISTED);
/// Their loss.
pub static DESTINATION_LOST: Field =
    lines("destination_lost", "lines that each did not take or had no room for").aligned().items(LISTED);
/// Their queues.
pub static DESTINATION_QUEUED: Field = bytes("destination_queued", "what waits for each").aligned().items(LISTED);
/// Packets of workers.
pub static WORKER_PACKETS: Field = packets("worker_packets", "packets of each worker").list().items(LISTED);

/// Load of workers.
pub static WORKER_BUSY: Field =
    Field::number("worker_busy", "percent of the time that each worker was at work; at 100 it is too much for it", "")
        .list()
        .items(LISTED);
/// Load of the reader.
pub static READER_BUSY: Field = Field::number(
    "reader_busy",
    "percent of the time that the thread was at work which empties the rings; at 100 there will be kernel_drops",
    "",
);

/// The element for everything since the sensor began.
pub static STATUS: Element = Element {
    name: "status",
    meaning: "the sensor itself, in lines of MSGID STATUS: counters since it began. One that is 0 is absent, but for those of loss",
    fields: &[
        &EVENT,
        &MESSAGE,
        &UPTIME,
        &OPEN_SESSIONS,
        &FRAMES,
        &WIRE_BYTES,
        &KERNEL_DROPS,
        &INTERFACE_DROPS,
        &DISCARDS,
        &BACKLOG_DROPS,
        &DAMAGED,
        &QUEUE_DROPS,
        &LINES_FAILED,
        &LINES_SENT,
        &PACKETS,
        &OPENED,
        &TOLD,
        &EVICTED,
        &SHED,
        &BYTES_SHED,
        &BYTES_MISSED,
        &DISSECTORS_FAILED,
        &CLOCK_STEPS,
        &UNKNOWN_LINK,
        &NOT_IP,
        &BAD_HEADER,
        &LINK_ENCRYPTED,
        &TOO_DEEP,
        &FRAGMENT_ABANDONED,
        &FRAGMENT_BAD,
        &INTERFACE,
        &INTERFACE_STATE,
        &INTERFACE_FRAMES,
        &INTERFACE_LOST,
        &INTERFACE_DISCARDS,
        &INTERFACE_DAMAGED,
        &DESTINATION,
        &DESTINATION_SENT,
        &DESTINATION_LOST,
        &DESTINATION_QUEUED,
        &WORKER_PACKETS,
        &WORKER_BUSY,
        &READER_BUSY,
        &COMPLETE_SINCE,
        &COMPLETE_UNTIL,
        &MEMORY,
        &SESSION_MEMORY,
    ],
};

/// The element for what came since the last such line.
pub static INTERVAL: Element = Element {
    name: "status_interval",
    meaning: "the same counters since the last STATUS line; those that did not move are absent",
    fields: &[
        &LENGTH,
        &FRAMES,
        &WIRE_BYTES,
        &KERNEL_DROPS,
        &INTERFACE_DROPS,
        &DISCARDS,
        &BACKLOG_DROPS,
        &DAMAGED,
        &QUEUE_DROPS,
        &LINES_FAILED,
        &LINES_SENT,
        &PACKETS,
        &OPENED,
        &TOLD,
        &EVICTED,
        &SHED,
        &BYTES_SHED,
        &BYTES_MISSED,
        &DISSECTORS_FAILED,
        &CLOCK_STEPS,
        &UNKNOWN_LINK,
        &NOT_IP,
        &BAD_HEADER,
        &LINK_ENCRYPTED,
        &TOO_DEEP,
        &FRAGMENT_ABANDONED,
        &FRAGMENT_BAD,
        &WORKER_PACKETS,
        &WORKER_BUSY,
        &READER_BUSY,
    ],
};
