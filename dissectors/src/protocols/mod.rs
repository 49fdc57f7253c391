//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod dns;
pub mod drda;
pub mod http;
pub mod mysql;
pub mod oracle;
pub mod pgsql;
pub mod smb;
pub mod ssh;
pub mod tds;
pub mod tls;

use crate::protocol::Protocol;

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &smb::PROTOCOL,
    &drda::PROTOCOL,
    &oracle::PROTOCOL,
    &tds::PROTOCOL,
    &pgsql::PROTOCOL,
    &mysql::PROTOCOL,
    &dns::MDNS,
    &dns::LLMNR,
    &dns::DNS,
];

const _: () = assert!(ALL.len() <= crate::detector::MAX_PROTOCOLS);

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
