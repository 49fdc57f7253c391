//! The protocols. To add one: its file, its `mod` line, its place in [`ALL`]. CONTRIBUTING.md works an example through.

pub mod adb;
pub mod ads;
pub mod afp;
pub mod ajp;
pub mod amqp;
pub mod applemidi;
pub mod artnet;
pub mod atg;
pub mod babel;
pub mod bacnet;
pub mod beats;
pub mod bfd;
pub mod bgp;
pub mod bitcoin;
pub mod bittorrent;
pub mod bjnp;
pub mod bmp;
pub mod bolt;
pub mod c37118;
pub mod capwap;
pub mod cassandra;
pub mod ceph;
pub mod checkmk;
pub mod clickhouse;
pub mod coap;
pub mod collectd;
pub mod dcerpc;
pub mod dhcp;
pub mod dhcpv6;
pub mod dhip;
pub mod diameter;
pub mod dicom;
pub mod directconnect;
pub mod discord;
pub mod dlms;
pub mod dnp3;
pub mod dns;
pub mod dnscrypt;
pub mod doip;
pub mod drda;
pub mod dropbox_lansync;
pub mod edonkey;
pub mod elasticsearch;
pub mod enip;
pub mod fastcgi;
pub mod finger;
pub mod fins;
pub mod firebird;
pub mod fix;
pub mod fluent;
pub mod ftp;
pub mod gearman;
pub mod gelf;
pub mod giop;
pub mod git;
pub mod gnutella;
pub mod gpsd;
pub mod gtp;
pub mod gwmp;
pub mod h323;
pub mod hadoop;
pub mod hart_ip;
pub mod hislip;
pub mod hl7;
pub mod hsrp;
pub mod http;
pub mod iax2;
pub mod ibmmq;
pub mod ica;
pub mod icap;
pub mod icp;
pub mod ident;
pub mod iec104;
pub mod ike;
pub mod imap;
pub mod iperf;
pub mod ipmi;
pub mod irc;
pub mod iscsi;
pub mod jdwp;
pub mod jrmi;
pub mod kafka;
pub mod kerberos;
pub mod knx;
pub mod l2tp;
pub mod ldap;
pub mod ldp;
pub mod lpd;
pub mod megaco;
pub mod memcache;
pub mod mgcp;
pub mod miio;
pub mod minecraft;
pub mod mms;
pub mod mndp;
pub mod modbus;
pub mod mongo;
pub mod mpegts;
pub mod mqtt;
pub mod msrp;
pub mod munin;
pub mod mysql;
pub mod natpmp;
pub mod nats;
pub mod nbd;
pub mod nebula;
pub mod netbios;
pub mod netflow;
pub mod ninep;
pub mod nmea;
pub mod nntp;
pub mod nrpe;
pub mod ntp;
pub mod olsr;
pub mod onc;
pub mod opcua;
pub mod openflow;
pub mod openvpn;
pub mod openwire;
pub mod oracle;
pub mod osc;
pub mod oscar;
pub mod pfcp;
pub mod pgsql;
pub mod pjl;
pub mod pop3;
pub mod pptp;
pub mod proxy;
pub mod ptp;
pub mod quake3;
pub mod quic;
pub mod radius;
pub mod raknet;
pub mod rdp;
pub mod rdpudp;
pub mod redis;
pub mod rip;
pub mod rlogin;
pub mod rsh;
pub mod rsync;
pub mod rtmp;
pub mod rtp;
pub mod rtps;
pub mod rtr;
pub mod rtsp;
pub mod rwho;
pub mod s7comm;
pub mod sacn;
pub mod sap;
pub mod scgi;
pub mod sflow;
pub mod sip;
pub mod skinny;
pub mod slmp;
pub mod slp;
pub mod smartinstall;
pub mod smb;
pub mod smpp;
pub mod smtp;
pub mod snmp;
pub mod socks;
pub mod someip;
pub mod source_query;
pub mod spice;
pub mod srt;
pub mod ssdp;
pub mod ssh;
pub mod ssrp;
pub mod statsd;
pub mod steam;
pub mod stomp;
pub mod stratum;
pub mod stun;
pub mod svn;
pub mod syslog;
pub mod tacacs;
pub mod tailscale;
pub mod tarantool;
pub mod tds;
pub mod teamspeak;
pub mod telnet;
pub mod teredo;
pub mod tftp;
pub mod thrift;
pub mod tls;
pub mod tplink;
pub mod tuya;
pub mod ubnt;
pub mod uwsgi;
pub mod vnc;
pub mod vxlan;
pub mod wccp;
pub mod whatsapp;
pub mod whois;
pub mod wireguard;
pub mod wol;
pub mod wsd;
pub mod x11;
pub mod xdmcp;
pub mod xmpp;
pub mod ymsg;
pub mod zabbix;
pub mod zerotier;
pub mod zmtp;
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
    &bmp::PROTOCOL,
    &rtr::PROTOCOL,
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
    &quake3::PROTOCOL,
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
    &afp::PROTOCOL,
    &applemidi::PROTOCOL,
    &artnet::PROTOCOL,
    &babel::PROTOCOL,
    &beats::PROTOCOL,
    &bjnp::PROTOCOL,
    &bolt::PROTOCOL,
    &clickhouse::PROTOCOL,
    &collectd::PROTOCOL,
    &discord::PROTOCOL,
    &firebird::PROTOCOL,
    &fluent::PROTOCOL,
    &gelf::PROTOCOL,
    &giop::PROTOCOL,
    &gwmp::PROTOCOL,
    &ibmmq::PROTOCOL,
    &icap::PROTOCOL,
    &icp::PROTOCOL,
    &jrmi::PROTOCOL,
    &miio::PROTOCOL,
    &mndp::PROTOCOL,
    &mpegts::PROTOCOL,
    &nebula::PROTOCOL,
    &nrpe::PROTOCOL,
    &olsr::PROTOCOL,
    &openwire::PROTOCOL,
    &osc::PROTOCOL,
    &proxy::PROTOCOL,
    &raknet::PROTOCOL,
    &rdpudp::PROTOCOL,
    &rtps::PROTOCOL,
    &rwho::PROTOCOL,
    &sacn::PROTOCOL,
    &sap::PROTOCOL,
    &slp::PROTOCOL,
    &srt::PROTOCOL,
    &ssrp::PROTOCOL,
    &statsd::PROTOCOL,
    &stratum::PROTOCOL,
    &svn::PROTOCOL,
    &tailscale::PROTOCOL,
    &tplink::PROTOCOL,
    &tuya::PROTOCOL,
    &ubnt::PROTOCOL,
    &wccp::PROTOCOL,
    &xdmcp::PROTOCOL,
    &zerotier::PROTOCOL,
    &zmtp::PROTOCOL,
    &ceph::PROTOCOL,
    &dhip::PROTOCOL,
    &directconnect::PROTOCOL,
    &dlms::PROTOCOL,
    &edonkey::PROTOCOL,
    &gnutella::PROTOCOL,
    &hadoop::PROTOCOL,
    &hislip::PROTOCOL,
    &ica::PROTOCOL,
    &iperf::PROTOCOL,
    &ldp::PROTOCOL,
    &lpd::PROTOCOL,
    &megaco::PROTOCOL,
    &msrp::PROTOCOL,
    &nmea::PROTOCOL,
    &gpsd::PROTOCOL,
    &openflow::PROTOCOL,
    &oscar::PROTOCOL,
    &pjl::PROTOCOL,
    &smartinstall::PROTOCOL,
    &smpp::PROTOCOL,
    &spice::PROTOCOL,
    &steam::PROTOCOL,
    &tarantool::PROTOCOL,
    &teamspeak::PROTOCOL,
    &whatsapp::PROTOCOL,
    &ymsg::PROTOCOL,
    &finger::PROTOCOL,
    &whois::PROTOCOL,
    &gearman::PROTOCOL,
    &scgi::PROTOCOL,
    &uwsgi::PROTOCOL,
];

/// Those that only several datagrams prove.
pub static SERIES: &[Series] = &[
    Series { protocol: &rtp::CONTROL, proves: rtp::is_rtcp },
    Series { protocol: &rtp::PROTOCOL, proves: rtp::is_rtp },
];

/// Names that `app` may have and that are no protocol's own, each with the protocol that gives it: to what it carries, or to a
/// session that it announced; and the ports on which it is usually found.
pub const FINER: &[(&str, &str, &[u16])] = &[
    ("ftp-data", "ftp", &[]),
    ("irc-dcc", "irc", &[]),
    ("mount", "rpc", &[]),
    ("nfs", "rpc", &[2049]),
    ("nlm", "rpc", &[]),
    ("portmap", "rpc", &[111]),
    ("rexec", "rsh", &[512]),
];

/// Everything that `app` may name, in order, besides `unknown`.
pub fn apps() -> Vec<&'static str> {
    let finer = FINER.iter().map(|(app, ..)| *app);
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
