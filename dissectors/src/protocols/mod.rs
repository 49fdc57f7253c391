//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod capwap;
pub mod dns;
pub mod elasticsearch;
pub mod finger;
pub mod ftp;
pub mod git;
pub mod gtp;
pub mod h323;
pub mod http;
pub mod iax2;
pub mod ident;
pub mod mgcp;
pub mod nntp;
pub mod pfcp;
pub mod rsync;
pub mod rtp;
pub mod rtsp;
pub mod sip;
pub mod skinny;
pub mod smb;
pub mod ssh;
pub mod stun;
pub mod syslog;
pub mod teredo;
pub mod tftp;
pub mod tls;
pub mod vxlan;
pub mod whois;
pub mod zabbix;

use crate::protocol::{Protocol, Series};

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &smb::PROTOCOL,
    &sip::PROTOCOL,
    &rtsp::PROTOCOL,
    &stun::PROTOCOL,
    &gtp::PROTOCOL,
    &teredo::PROTOCOL,
    &vxlan::PROTOCOL,
    &mgcp::PROTOCOL,
    &pfcp::PROTOCOL,
    &h323::PROTOCOL,
    &skinny::PROTOCOL,
    &capwap::PROTOCOL,
    &iax2::PROTOCOL,
    &rtp::CONTROL,
    &rtp::PROTOCOL,
    &rsync::PROTOCOL,
    &git::PROTOCOL,
    &zabbix::PROTOCOL,
    &elasticsearch::PROTOCOL,
    &ftp::PROTOCOL,
    &nntp::PROTOCOL,
    &ident::PROTOCOL,
    &syslog::PROTOCOL,
    &tftp::PROTOCOL,
    &dns::MDNS,
    &dns::LLMNR,
    &dns::DNS,
    &finger::PROTOCOL,
    &whois::PROTOCOL,
];

/// Those that only several datagrams prove.
pub static SERIES: &[Series] = &[
    Series { protocol: &rtp::CONTROL, proves: rtp::is_rtcp },
    Series { protocol: &rtp::PROTOCOL, proves: rtp::is_rtp },
];

const _: () = assert!(ALL.len() <= crate::detector::MAX_PROTOCOLS);

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
