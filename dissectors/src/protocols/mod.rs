//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod adb;
pub mod ads;
pub mod ajp;
pub mod amqp;
pub mod atg;
pub mod bacnet;
pub mod bfd;
pub mod bgp;
pub mod bitcoin;
pub mod bittorrent;
pub mod c37118;
pub mod capwap;
pub mod cassandra;
pub mod checkmk;
pub mod coap;
pub mod dcerpc;
pub mod dhcp;
pub mod dhcpv6;
pub mod diameter;
pub mod dicom;
pub mod dnp3;
pub mod dns;
pub mod dnscrypt;
pub mod doip;
pub mod drda;
pub mod dropbox_lansync;
pub mod elasticsearch;
pub mod enip;
pub mod fastcgi;
pub mod finger;
pub mod fins;
pub mod fix;
pub mod ftp;
pub mod git;
pub mod gtp;
pub mod h323;
pub mod hart_ip;
pub mod hl7;
pub mod hsrp;
pub mod http;
pub mod iax2;
pub mod ident;
pub mod iec104;
pub mod ike;
pub mod imap;
pub mod ipmi;
pub mod irc;
pub mod iscsi;
pub mod jdwp;
pub mod kafka;
pub mod kerberos;
pub mod knx;
pub mod l2tp;
pub mod ldap;
pub mod memcache;
pub mod mgcp;
pub mod minecraft;
pub mod mms;
pub mod modbus;
pub mod mongo;
pub mod mqtt;
pub mod munin;
pub mod mysql;
pub mod natpmp;
pub mod nats;
pub mod nbd;
pub mod netbios;
pub mod netflow;
pub mod ninep;
pub mod nntp;
pub mod ntp;
pub mod onc;
pub mod opcua;
pub mod openvpn;
pub mod oracle;
pub mod pfcp;
pub mod pgsql;
pub mod pop3;
pub mod pptp;
pub mod ptp;
pub mod quic;
pub mod radius;
pub mod rdp;
pub mod redis;
pub mod rip;
pub mod rlogin;
pub mod rsh;
pub mod rsync;
pub mod rtmp;
pub mod rtp;
pub mod rtsp;
pub mod s7comm;
pub mod sflow;
pub mod sip;
pub mod skinny;
pub mod slmp;
pub mod smb;
pub mod smtp;
pub mod snmp;
pub mod socks;
pub mod someip;
pub mod source_query;
pub mod ssdp;
pub mod ssh;
pub mod stomp;
pub mod stun;
pub mod syslog;
pub mod tacacs;
pub mod tds;
pub mod telnet;
pub mod teredo;
pub mod tftp;
pub mod thrift;
pub mod tls;
pub mod vnc;
pub mod vxlan;
pub mod whois;
pub mod wireguard;
pub mod wol;
pub mod wsd;
pub mod x11;
pub mod xmpp;
pub mod zabbix;
pub mod zookeeper;

use crate::protocol::{Protocol, Series};

/// Every protocol, the one with the most telling probe first: where several fit the same bytes the earlier wins.
pub static ALL: &[&Protocol] = &[
    &ssh::PROTOCOL,
    &http::PROTOCOL,
    &http::http2::PROTOCOL,
    &fix::PROTOCOL,
    &smtp::PROTOCOL,
    &pop3::PROTOCOL,
    &imap::PROTOCOL,
    &tls::PROTOCOL,
    &tls::dtls::PROTOCOL,
    &quic::PROTOCOL,
    &bittorrent::PROTOCOL,
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
    &dnp3::PROTOCOL,
    &opcua::PROTOCOL,
    &bacnet::PROTOCOL,
    &iec104::PROTOCOL,
    &s7comm::PROTOCOL,
    &mms::PROTOCOL,
    &hl7::PROTOCOL,
    &knx::PROTOCOL,
    &c37118::PROTOCOL,
    &doip::PROTOCOL,
    &ads::PROTOCOL,
    &atg::PROTOCOL,
    &enip::PROTOCOL,
    &slmp::PROTOCOL,
    &fins::PROTOCOL,
    &hart_ip::PROTOCOL,
    &someip::PROTOCOL,
    &modbus::PROTOCOL,
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

/// Those that only several datagrams prove.
pub static SERIES: &[Series] = &[
    Series { protocol: &rtp::CONTROL, proves: rtp::is_rtcp },
    Series { protocol: &rtp::PROTOCOL, proves: rtp::is_rtp },
];

/// Names that `app` may have and that are no protocol's own, each with the protocol that gives it: to what it carries, or to a
/// session that it announced.
pub const FINER: &[(&str, &str)] = &[
    ("ftp-data", "ftp"),
    ("irc-dcc", "irc"),
    ("mount", "rpc"),
    ("nfs", "rpc"),
    ("nlm", "rpc"),
    ("portmap", "rpc"),
    ("rexec", "rsh"),
];

/// Everything that `app` may name, in order, besides `unknown`.
pub fn apps() -> Vec<&'static str> {
    let finer = FINER.iter().map(|(app, _)| *app);
    let mut names: Vec<&str> =
        ALL.iter().map(|protocol| protocol.name).chain(finer).chain(["icmp", "icmpv6"]).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The protocol of a name.
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    ALL.iter().copied().find(|protocol| protocol.name == name)
}
