//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod adb;
pub mod ajp;
pub mod bfd;
pub mod bgp;
pub mod bitcoin;
pub mod bittorrent;
pub mod checkmk;
pub mod dhcp;
pub mod dhcpv6;
pub mod diameter;
pub mod dicom;
pub mod dns;
pub mod dnscrypt;
pub mod drda;
pub mod dropbox_lansync;
pub mod elasticsearch;
pub mod fastcgi;
pub mod finger;
pub mod fix;
pub mod ftp;
pub mod git;
pub mod hsrp;
pub mod http;
pub mod ident;
pub mod ike;
pub mod ipmi;
pub mod irc;
pub mod jdwp;
pub mod kerberos;
pub mod l2tp;
pub mod ldap;
pub mod minecraft;
pub mod munin;
pub mod mysql;
pub mod natpmp;
pub mod netflow;
pub mod nntp;
pub mod ntp;
pub mod openvpn;
pub mod oracle;
pub mod pgsql;
pub mod pptp;
pub mod ptp;
pub mod quic;
pub mod radius;
pub mod rdp;
pub mod rip;
pub mod rlogin;
pub mod rsh;
pub mod rsync;
pub mod rtmp;
pub mod sflow;
pub mod smb;
pub mod snmp;
pub mod socks;
pub mod source_query;
pub mod ssh;
pub mod syslog;
pub mod tacacs;
pub mod tds;
pub mod telnet;
pub mod tftp;
pub mod tls;
pub mod vnc;
pub mod whois;
pub mod wireguard;
pub mod wol;
pub mod x11;
pub mod xmpp;
pub mod zabbix;

use crate::protocol::Protocol;

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &http::http2::PROTOCOL,
    &fix::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &quic::PROTOCOL,
    &bittorrent::PROTOCOL,
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
    &vnc::PROTOCOL,
    &rdp::PROTOCOL,
    &x11::PROTOCOL,
    &telnet::PROTOCOL,
    &bgp::PROTOCOL,
    &pptp::PROTOCOL,
    &adb::PROTOCOL,
    &jdwp::PROTOCOL,
    &dicom::PROTOCOL,
    &ajp::PROTOCOL,
    &fastcgi::PROTOCOL,
    &ipmi::PROTOCOL,
    &rlogin::PROTOCOL,
    &rsh::PROTOCOL,
    &socks::PROTOCOL,
    &xmpp::PROTOCOL,
    &irc::PROTOCOL,
    &drda::PROTOCOL,
    &oracle::PROTOCOL,
    &tds::PROTOCOL,
    &pgsql::PROTOCOL,
    &mysql::PROTOCOL,
    &rtmp::PROTOCOL,
    &dns::MDNS,
    &dns::LLMNR,
    &dns::DNS,
    &wol::PROTOCOL,
    &checkmk::PROTOCOL,
    &munin::PROTOCOL,
    &bitcoin::PROTOCOL,
    &dhcp::PROTOCOL,
    &dhcpv6::PROTOCOL,
    &ike::PROTOCOL,
    &wireguard::PROTOCOL,
    &source_query::PROTOCOL,
    &dropbox_lansync::PROTOCOL,
    &dnscrypt::PROTOCOL,
    &sflow::PROTOCOL,
    &netflow::PROTOCOL,
    &rip::PROTOCOL,
    &hsrp::PROTOCOL,
    &l2tp::PROTOCOL,
    &minecraft::PROTOCOL,
    &openvpn::PROTOCOL,
    &ntp::PROTOCOL,
    &ptp::PROTOCOL,
    &bfd::PROTOCOL,
    &natpmp::PROTOCOL,
    &finger::PROTOCOL,
    &whois::PROTOCOL,
];

const _: () = assert!(ALL.len() <= crate::detector::MAX_PROTOCOLS);

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
