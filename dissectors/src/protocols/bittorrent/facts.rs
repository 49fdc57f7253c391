//! The fields of `bittorrent`.

use crate::dictionary::{Element, Field};

/// Parts seen.
pub static PART: Field = Field::text(
    "part",
    "parts of the protocol that were seen: `peer`, `utp`, `dht`, `tracker`, `discovery`",
    "BEP 3, 5, 14, 15, 29",
)
.list();
/// Torrents.
pub static INFO_HASH: Field =
    Field::text("info_hash", "torrents that were spoken of, each once, hexadecimal", "BEP 3").list();
/// The client's peer id.
pub static CLIENT_PEER_ID: Field = Field::text("client_peer_id", "the client's peer id", "BEP 3, BEP 20");
/// The server's peer id.
pub static SERVER_PEER_ID: Field = Field::text("server_peer_id", "the server's peer id", "BEP 3, BEP 20");
/// The client's software.
pub static CLIENT_SOFTWARE: Field = Field::text(
    "client_software",
    "the client's software, as its peer id names it, else as it names itself",
    "BEP 10, BEP 20",
);
/// The server's software.
pub static SERVER_SOFTWARE: Field = Field::text(
    "server_software",
    "the server's software, as its peer id names it, else as it names itself",
    "BEP 10, BEP 20",
);
/// The client's port for peers.
pub static CLIENT_LISTEN_PORT: Field =
    Field::number("client_listen_port", "port on which the client waits for peers", "BEP 10, BEP 15");
/// The server's port for peers.
pub static SERVER_LISTEN_PORT: Field =
    Field::number("server_listen_port", "port on which the server waits for peers", "BEP 10");
/// The client in the hash table.
pub static CLIENT_NODE_ID: Field =
    Field::text("client_node_id", "the client's id in the hash table, hexadecimal", "BEP 5");
/// The server in the hash table.
pub static SERVER_NODE_ID: Field =
    Field::text("server_node_id", "the server's id in the hash table, hexadecimal", "BEP 5");
/// Questions.
pub static DHT_QUERY: Field =
    Field::text("dht_query", "questions to the hash table, each with its count: `get_peers:12`", "BEP 5").list();
/// Peers that want it.
pub static LEECHERS: Field =
    Field::number("leechers", "peers that want the torrent, of the tracker's first answer", "BEP 15");
/// Peers that have it.
pub static SEEDERS: Field =
    Field::number("seeders", "peers that have the torrent, of the tracker's first answer", "BEP 15");
/// The tracker's error.
pub static ERROR: Field = Field::text("error", "the tracker's error", "BEP 15");

/// The element.
pub static ELEMENT: Element = Element {
    name: "bittorrent",
    meaning: "BitTorrent: peers, hash table, trackers",
    fields: &[
        &PART,
        &INFO_HASH,
        &CLIENT_PEER_ID,
        &SERVER_PEER_ID,
        &CLIENT_SOFTWARE,
        &SERVER_SOFTWARE,
        &CLIENT_LISTEN_PORT,
        &SERVER_LISTEN_PORT,
        &CLIENT_NODE_ID,
        &SERVER_NODE_ID,
        &DHT_QUERY,
        &LEECHERS,
        &SEEDERS,
        &ERROR,
    ],
};
