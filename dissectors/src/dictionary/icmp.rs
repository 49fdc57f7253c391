//! The fields of `icmp` and `icmpv6`, which the flow table writes itself.

use super::{Element, Field, Kind};

/// Types seen.
pub static TYPE: Field = Field::number("type", "message types seen, each once", "RFC 792, RFC 4443").list();
/// Codes seen.
pub static CODE: Field = Field::number("code", "the code of each type in `type`", "RFC 792, RFC 4443").list();
/// Echo requests.
pub static REQUESTS: Field = Field::number("requests", "echo requests", "").unit("packets");
/// Echo replies.
pub static REPLIES: Field = Field::number("replies", "echo replies that answer a request", "").unit("packets");
/// Lost requests.
pub static LOST: Field = Field::number("lost", "echo requests without a reply", "").unit("packets");
/// Fastest answer.
pub static RTT_MIN: Field = Field::new(Kind::Milliseconds, "rtt_min", "shortest echo round trip", "").unit("ms");
/// Mean answer.
pub static RTT_AVG: Field = Field::new(Kind::Milliseconds, "rtt_avg", "mean echo round trip", "").unit("ms");
/// Slowest answer.
pub static RTT_MAX: Field = Field::new(Kind::Milliseconds, "rtt_max", "longest echo round trip", "").unit("ms");
/// Why something was unreachable.
pub static UNREACHABLE: Field = Field::text(
    "unreachable",
    "`host`, `network`, `protocol`, `port`, `prohibited`, `fragmentation`",
    "RFC 792, RFC 4443 3.1",
);
/// The session spoken of.
pub static ABOUT: Field = Field::new(Kind::Id, "about", "`id` of the session that an error message speaks of", "");

/// The element for ICMP.
pub static ICMP: Element = Element {
    name: "icmp",
    meaning: "ICMP messages of the session",
    fields: &[&TYPE, &CODE, &REQUESTS, &REPLIES, &LOST, &RTT_MIN, &RTT_AVG, &RTT_MAX, &UNREACHABLE, &ABOUT],
};

/// The element for ICMPv6.
pub static ICMPV6: Element = Element { name: "icmpv6", meaning: "ICMPv6 messages of the session", fields: ICMP.fields };
