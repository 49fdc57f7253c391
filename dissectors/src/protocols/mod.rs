//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod dns;
pub mod http;
pub mod imap;
pub mod pop3;
pub mod smb;
pub mod smtp;
pub mod ssh;
pub mod tls;

use crate::protocol::Protocol;

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &smtp::PROTOCOL,
    &pop3::PROTOCOL,
    &imap::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &smb::PROTOCOL,
    &dns::MDNS,
    &dns::LLMNR,
    &dns::DNS,
];

const _: () = assert!(ALL.len() <= crate::detector::MAX_PROTOCOLS);

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
