//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod amqp;
pub mod cassandra;
pub mod coap;
pub mod dns;
pub mod http;
pub mod kafka;
pub mod memcache;
pub mod mongo;
pub mod mqtt;
pub mod nats;
pub mod redis;
pub mod smb;
pub mod ssh;
pub mod stomp;
pub mod thrift;
pub mod tls;
pub mod zookeeper;

use crate::protocol::Protocol;

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &smb::PROTOCOL,
    &amqp::PROTOCOL,
    &mongo::PROTOCOL,
    &redis::PROTOCOL,
    &mqtt::PROTOCOL,
    &nats::PROTOCOL,
    &stomp::PROTOCOL,
    &cassandra::PROTOCOL,
    &zookeeper::PROTOCOL,
    &thrift::PROTOCOL,
    &kafka::PROTOCOL,
    &memcache::PROTOCOL,
    &coap::PROTOCOL,
    &dns::MDNS,
    &dns::LLMNR,
    &dns::DNS,
];

const _: () = assert!(ALL.len() <= crate::detector::MAX_PROTOCOLS);

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
