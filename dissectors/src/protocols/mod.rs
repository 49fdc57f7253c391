//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod diameter;
pub mod dns;
pub mod elasticsearch;
pub mod finger;
pub mod ftp;
pub mod git;
pub mod http;
pub mod ident;
pub mod kerberos;
pub mod ldap;
pub mod nntp;
pub mod radius;
pub mod rsync;
pub mod smb;
pub mod snmp;
pub mod ssh;
pub mod syslog;
pub mod tacacs;
pub mod tftp;
pub mod tls;
pub mod whois;
pub mod zabbix;

use crate::protocol::Protocol;

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &smb::PROTOCOL,
    &rsync::PROTOCOL,
    &git::PROTOCOL,
    &zabbix::PROTOCOL,
    &elasticsearch::PROTOCOL,
    &ftp::PROTOCOL,
    &nntp::PROTOCOL,
    &ident::PROTOCOL,
    &syslog::PROTOCOL,
    &tftp::PROTOCOL,
    &kerberos::PROTOCOL,
    &snmp::PROTOCOL,
    &ldap::PROTOCOL,
    &diameter::PROTOCOL,
    &tacacs::PROTOCOL,
    &radius::PROTOCOL,
    &dns::MDNS,
    &dns::LLMNR,
    &dns::DNS,
    &finger::PROTOCOL,
    &whois::PROTOCOL,
];

const _: () = assert!(ALL.len() <= crate::detector::MAX_PROTOCOLS);

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
