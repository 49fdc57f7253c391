//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod dcerpc;
pub mod dns;
pub mod http;
pub mod iscsi;
pub mod nbd;
pub mod netbios;
pub mod ninep;
pub mod onc;
pub mod smb;
pub mod ssdp;
pub mod ssh;
pub mod tls;
pub mod wsd;

use crate::protocol::Protocol;

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &smb::PROTOCOL,
    &dcerpc::PROTOCOL,
    &netbios::names::PROTOCOL,
    &netbios::datagrams::PROTOCOL,
    &ssdp::PROTOCOL,
    &wsd::PROTOCOL,
    &iscsi::PROTOCOL,
    &nbd::PROTOCOL,
    &ninep::PROTOCOL,
    &onc::PROTOCOL,
    &netbios::sessions::PROTOCOL,
    &dns::MDNS,
    &dns::LLMNR,
    &dns::DNS,
];

const _: () = assert!(ALL.len() <= crate::detector::MAX_PROTOCOLS);

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
