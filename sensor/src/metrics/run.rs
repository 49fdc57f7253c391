//! What a run counts, as metrics.

use flowtable::counters::Counters as Tables;
use output::Spec;
use output::destination::Counters;

use super::Kind::Counter;
use super::Snapshot;
use crate::pipeline::Ingested;

const FRAMES: (&str, &str) = ("tapline_frames_total", "Frames taken from the source.");

/// A replay that goes on, of which nothing else is known yet.
pub(crate) fn frames(frames: u64) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.add(Counter, FRAMES.0, FRAMES.1, frames);
    snapshot
}

/// Everything that replaying and listening both count.
pub(crate) fn counted(ingested: &Ingested, counters: &Tables, filtered: u64, lines: &[(Spec, Counters)]) -> Snapshot {
    let mut snapshot = frames(ingested.frames.saturating_add(filtered));
    let owned = |(name, count): (&str, u64)| (name.to_owned(), count);
    let drops = std::iter::once(("filtered", filtered)).chain(ingested.drops()).map(owned);
    snapshot.add_each(Counter, "tapline_frames_dropped_total", "Frames left out, by reason.", "reason", drops);
    for (name, help, count) in [
        ("tapline_wire_bytes_total", "Bytes that the frames had on the wire.", ingested.wire_bytes),
        ("tapline_packets_total", "Packets decoded.", ingested.packets),
        ("tapline_sessions_opened_total", "Sessions begun.", counters.opened),
        ("tapline_sessions_told_total", "Sessions told.", counters.told),
        ("tapline_sessions_evicted_total", "Sessions told early for want of memory.", counters.evicted),
        ("tapline_dissectors_shed_total", "Sessions understood less for want of memory.", counters.dissectors_shed),
        ("tapline_dissectors_failed_total", "Sessions whose dissector failed.", counters.dissectors_failed),
        ("tapline_bytes_missed_total", "Bytes that were acknowledged and never seen.", counters.bytes_missed),
    ] {
        snapshot.add(Counter, name, help, count);
    }
    type Count = fn(&Counters) -> u64;
    for (name, help, count) in [
        ("tapline_lines_written_total", "Lines that a destination took.", (|of| of.sent) as Count),
        ("tapline_lines_lost_total", "Lines that a destination did not take.", |of| of.failed),
        ("tapline_reconnects_total", "Connections made anew.", |of| of.reconnects),
    ] {
        let counts = lines.iter().map(|(spec, counters)| (spec.to_string(), count(counters)));
        snapshot.add_each(Counter, name, help, "destination", counts);
    }
    snapshot
}
