//! The fields of `session`, which every line of a session holds.

use super::{Element, Field, Kind};

/// Unique and deterministic id.
pub static ID: Field = Field::new(Kind::Id, "id", "unique, derived from the flow key and the first packet's time", "");
/// Community ID.
pub static CID: Field = Field::text("cid", "Community ID version 1 of the flow", "Community ID specification");
/// The announcing session.
pub static PARENT: Field = Field::new(Kind::Id, "parent", "`id` of the session that announced this one", "");
/// First packet.
pub static START: Field = Field::new(Kind::Time, "start", "first packet", "RFC 3339");
/// First to last packet.
pub static DURATION: Field = Field::new(Kind::Seconds, "duration", "from the first packet to the last", "").unit("s");
/// Transport protocol.
pub static TRANSPORT: Field = Field::text(
    "transport",
    "`tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, ..., else the IP protocol number",
    "IANA protocol numbers",
);
/// Application protocol.
pub static APP: Field =
    Field::text("app", "what was recognised from the bytes, never from the port, else `unknown`", "");
/// Originator's address.
pub static SRC: Field = Field::new(Kind::Address, "src", "originator: who sent the first packet, or the SYN", "");
/// Originator's port.
pub static SRC_PORT: Field = Field::number("src_port", "originator's port; absent where the transport has none", "");
/// Responder's address.
pub static DST: Field = Field::new(Kind::Address, "dst", "responder", "");
/// Responder's port.
pub static DST_PORT: Field = Field::number("dst_port", "responder's port; absent where the transport has none", "");
/// Originator's packets.
pub static SRC_PKTS: Field = Field::number("src_pkts", "packets sent by the originator", "").unit("packets");
/// Responder's packets.
pub static DST_PKTS: Field = Field::number("dst_pkts", "packets sent by the responder", "").unit("packets");
/// Originator's payload.
pub static SRC_BYTES: Field = Field::number(
    "src_bytes",
    "transport payload sent by the originator as on the wire, each TCP byte counted once",
    "",
)
.unit("bytes");
/// Responder's payload.
pub static DST_BYTES: Field = Field::number(
    "dst_bytes",
    "transport payload sent by the responder as on the wire, each TCP byte counted once",
    "",
)
.unit("bytes");
/// Originator's IP bytes.
pub static SRC_IP_BYTES: Field = Field::number("src_ip_bytes", "IP-layer bytes of the originator", "").unit("bytes");
/// Responder's IP bytes.
pub static DST_IP_BYTES: Field = Field::number("dst_ip_bytes", "IP-layer bytes of the responder", "").unit("bytes");
/// Connection state.
pub static STATE: Field =
    Field::text("state", "S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH", "Zeek conn.log, conn_state");
/// Connection history.
pub static HISTORY: Field =
    Field::text("history", "what happened, a letter each, capitals for the originator", "Zeek conn.log, history");
/// Why it is finished.
pub static END: Field = Field::text(
    "end",
    "`fin`, `rst`, `idle`, `answered`, `replaced` (port reuse), `evicted`, `shutdown`; absent while open",
    "",
);
/// Handshake round trip.
pub static RTT: Field = Field::new(Kind::Milliseconds, "rtt", "TCP handshake round trip", "").unit("ms");
/// Retransmissions.
pub static RETRANSMITS: Field =
    Field::new(Kind::Pair, "retransmits", "retransmitted segments, `src:dst`", "").unit("segments");
/// Unseen bytes.
pub static MISSED: Field =
    Field::new(Kind::Pair, "missed", "bytes that the peer acknowledged but the sensor never saw, `src:dst`", "")
        .unit("bytes");
/// VLAN ids.
pub static VLAN: Field = Field::number("vlan", "VLAN ids, outermost first", "IEEE 802.1Q").list();
/// Tunnels.
pub static TUNNEL: Field =
    Field::text("tunnel", "tunnels around the session, outermost first, such as `gre` or `vxlan:42`", "").list();
/// Originator's hardware address.
pub static SRC_MAC: Field =
    Field::new(Kind::Mac, "src_mac", "sender's hardware address in the originator's first packet", "");
/// Responder's hardware address.
pub static DST_MAC: Field =
    Field::new(Kind::Mac, "dst_mac", "sender's hardware address in the responder's first packet", "");
/// The originator's name.
pub static SRC_NAME: Field = Field::text(
    "src_name",
    "names that the responder had looked up for the originator's address, the most recent first",
    "DNS answers seen",
)
.list()
.items(4);
/// The responder's name.
pub static DST_NAME: Field = Field::text(
    "dst_name",
    "names that the originator had looked up for the responder's address, the most recent first",
    "DNS answers seen",
)
.list()
.items(4);
/// The Internet application.
pub static SERVICE: Field = Field::text(
    "service",
    "the Internet application that the host belongs to (`dropbox`, `youtube`): by the name that the client asks for (SNI, Host), \
     else the one that it looked up, else the certificate's",
    "",
);
/// The account.
pub static USER: Field = Field::text("user", "the account seen in the session, whatever the protocol", "");
/// Secrecy.
pub static ENCRYPTED: Field = Field::text(
    "encrypted",
    "`protocol`: the recognised protocol encrypts what it carries; where `app` is `unknown`, by the content of either side's first \
     16 KiB: `looks-random` (cipher text, or what can't be told from it) or `compressed` (not encrypted, and why it looks so); \
     absent where neither is clear",
    "docs/DETECTION.md",
);
/// A person types.
pub static INTERACTIVE: Field = Field::number(
    "interactive",
    "a person types here: 50 (likely) to 100 (certain), by the rhythm of small packets and their echoes; absent below 50",
    "docs/DETECTION.md",
);
/// How much is typed.
pub static KEYSTROKES: Field = Field::number(
    "keystrokes",
    "estimate of the keys pressed, where `interactive` is present; within SSH's timing obfuscation only its order of magnitude",
    "docs/DETECTION.md",
)
.unit("keys");
/// Remarks.
pub static FLAGS: Field = Field::text("flags", "remarks, listed below", "").list().items(32);
/// What was left out.
pub static CUT: Field =
    Field::text("cut", "what the caps left out, `element.parameter:count` of items (lists) or bytes (values)", "")
        .list()
        .items(64);

/// The element.
pub static ELEMENT: Element = Element {
    name: "session",
    meaning: "who talked to whom, how much, and how it ended",
    fields: &[
        &ID,
        &CID,
        &PARENT,
        &START,
        &DURATION,
        &TRANSPORT,
        &APP,
        &SRC,
        &SRC_PORT,
        &DST,
        &DST_PORT,
        &SRC_PKTS,
        &DST_PKTS,
        &SRC_BYTES,
        &DST_BYTES,
        &SRC_IP_BYTES,
        &DST_IP_BYTES,
        &STATE,
        &HISTORY,
        &END,
        &RTT,
        &RETRANSMITS,
        &MISSED,
        &VLAN,
        &TUNNEL,
        &SRC_MAC,
        &DST_MAC,
        &SRC_NAME,
        &DST_NAME,
        &SERVICE,
        &USER,
        &ENCRYPTED,
        &INTERACTIVE,
        &KEYSTROKES,
        &FLAGS,
        &CUT,
    ],
};
