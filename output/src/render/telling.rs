//! Which facts of which protocol the sentence takes up.

/// What tells most of a session: of the first element in the line that is in this table, these parameters, as far as they are
/// there; of a list its first item. Who did it comes first, then what was done to what, then how it ended.
pub(super) const TELLING: &[(&str, &[&str])] = &[
    // The web, and what is encrypted.
    ("http", &["method", "host", "uri", "status"]),
    ("tls", &["sni", "cert_subject_cn"]),
    ("quic", &["sni", "version"]),
    ("ssh", &["server_banner"]),
    ("websocket", &["subprotocol", "close_code"]),
    ("rtmp", &["application", "action", "stream"]),
    // Names and addresses.
    ("dns", &["query", "qtype", "rcode", "answer"]),
    ("nbns", &["operation", "query", "answer"]),
    ("ssdp", &["method", "target", "server"]),
    ("wsd", &["action", "types"]),
    ("whois", &["query", "registrar"]),
    ("finger", &["query", "login"]),
    ("ident", &["user", "error"]),
    // Files.
    ("smb", &["tree", "file", "action"]),
    ("nfs", &["operation", "name", "result"]),
    ("mount", &["path", "status"]),
    ("nlm", &["calls", "status"]),
    ("portmap", &["program", "answer"]),
    ("ninep", &["tree", "operation", "name"]),
    ("ftp", &["user", "banner"]),
    ("tftp", &["operation", "file", "error_message"]),
    ("rsync", &["operation", "module", "path", "outcome"]),
    ("git", &["service", "repository"]),
    ("iscsi", &["initiator", "target"]),
    ("nbd", &["export"]),
    ("bittorrent", &["part", "info_hash", "dht_query"]),
    // Mail, news, talk.
    ("smtp", &["mail_from", "rcpt_to"]),
    ("pop3", &["user", "command"]),
    ("imap", &["user", "command", "mailbox"]),
    ("nntp", &["user", "command", "group"]),
    ("irc", &["nick", "join"]),
    ("xmpp", &["jid", "to"]),
    // Stores and brokers.
    ("mysql", &["user", "database", "statement", "verbs"]),
    ("pgsql", &["user", "database", "statement", "verbs"]),
    ("tds", &["user", "database", "statement", "procedure", "verbs"]),
    ("oracle", &["user", "service", "statement", "verbs"]),
    ("drda", &["user", "database", "statement", "verbs"]),
    ("cassandra", &["user", "keyspace", "statement", "verbs"]),
    ("mongo", &["user", "database", "verbs"]),
    ("redis", &["user", "verbs", "key"]),
    ("memcache", &["user", "verbs", "key"]),
    ("zookeeper", &["user", "verbs", "path"]),
    ("elasticsearch", &["action", "version"]),
    ("kafka", &["client_id", "topic", "verbs"]),
    ("mqtt", &["client_id", "topic", "return_code"]),
    ("amqp", &["user", "exchange", "routing_key"]),
    ("nats", &["user", "subject"]),
    ("stomp", &["user", "destination"]),
    ("thrift", &["method", "error"]),
    ("fix", &["client_comp_id", "server_comp_id", "message_type"]),
    // Who may do what.
    ("kerberos", &["message", "client", "service", "error_name"]),
    ("ldap", &["op", "bind_name", "base", "result"]),
    ("radius", &["user", "message"]),
    ("diameter", &["command", "origin_host", "result"]),
    ("tacacs", &["type", "user", "status"]),
    ("ntlm", &["domain", "user", "host"]),
    // Hosts and devices from afar.
    ("rdp", &["cookie", "client_name", "result"]),
    ("vnc", &["server_version", "desktop_name"]),
    ("x11", &["vendor", "result"]),
    ("telnet", &["user", "terminal"]),
    ("rlogin", &["user", "terminal"]),
    ("rsh", &["user", "command"]),
    ("adb", &["device_banner", "service"]),
    ("jdwp", &["vm_name", "command"]),
    ("dcerpc", &["interface", "operation"]),
    ("snmp", &["version", "pdu", "oid"]),
    ("ipmi", &["user", "command", "result"]),
    ("coap", &["method", "uri", "status"]),
    ("zabbix", &["request", "host", "key"]),
    ("syslog", &["host", "app", "severity", "message"]),
    ("bgp", &["client_as", "server_as", "notification"]),
    // Behind and between.
    ("socks", &["user", "command", "target", "port", "reply"]),
    ("pptp", &["client_host", "server_host", "result"]),
    ("ajp", &["method", "host", "uri", "status"]),
    ("fastcgi", &["method", "host", "uri", "status"]),
    ("dicom", &["calling", "called", "result"]),
    ("rpc", &["program", "calls"]),
    ("nbdgm", &["command", "announced", "source", "destination"]),
    ("nbss", &["calling", "called", "result"]),
    ("gtp", &["message", "imsi", "apn", "cause"]),
    ("h323", &["message", "calling", "called", "cause"]),
    ("iax2", &["message", "calling", "called", "cause"]),
    ("rtp", &["payload", "packets", "lost"]),
    ("rtcp", &["cname", "packets"]),
    ("rtsp", &["method", "url", "status"]),
    ("sip", &["method", "uri", "from", "to", "status"]),
    ("stun", &["method", "mapped_address", "software", "error"]),
    ("teredo", &["source", "destination"]),
    ("vxlan", &["network", "carries"]),
    ("mgcp", &["command", "endpoint", "status"]),
    ("pfcp", &["message", "node", "cause"]),
    ("skinny", &["device", "called", "message"]),
    ("capwap", &["message", "access_point", "controller"]),
    ("ads", &["target", "command", "error"]),
    ("atg", &["station", "meaning"]),
    ("bacnet", &["service", "device", "device_name", "object"]),
    ("c37118", &["station", "frame"]),
    ("dnp3", &["master", "outstation", "function"]),
    ("doip", &["message", "vin", "service"]),
    ("enip", &["command", "product", "connection"]),
    ("fins", &["command", "model"]),
    ("hart_ip", &["tag", "command"]),
    ("hl7", &["sending_application", "receiving_application", "message_type", "acknowledgement"]),
    ("iec104", &["function", "type", "cause"]),
    ("knx", &["service", "device", "operation", "group"]),
    ("mms", &["domain", "service", "variable"]),
    ("modbus", &["unit", "function", "read", "written", "exception"]),
    ("opcua", &["endpoint", "service", "user", "error"]),
    ("s7comm", &["function", "read", "block", "error"]),
    ("slmp", &["command", "model", "error"]),
    ("someip", &["method", "offer", "result"]),
    ("bfd", &["state", "diagnosis"]),
    ("bitcoin", &["client_agent", "server_agent"]),
    ("checkmk", &["host", "version"]),
    ("dhcp", &["message", "client_mac", "hostname", "assigned_ip"]),
    ("dhcpv6", &["message", "client_fqdn", "address"]),
    ("dnscrypt", &["answers"]),
    ("dropbox_lansync", &["name", "version"]),
    ("hsrp", &["operation", "state", "virtual_ip"]),
    ("ike", &["version", "exchange_name", "identity", "notify"]),
    ("l2tp", &["message", "client_host", "server_host"]),
    ("minecraft", &["user", "host", "server_version"]),
    ("munin", &["node", "command"]),
    ("natpmp", &["operation", "protocol", "outside_port", "result"]),
    ("netflow", &["version", "records"]),
    ("ntp", &["version", "mode", "stratum"]),
    ("openvpn", &["wrapping", "data"]),
    ("ptp", &["message", "clock"]),
    ("rip", &["command", "route"]),
    ("sflow", &["agent", "flows"]),
    ("source_query", &["query", "name", "map"]),
    ("wireguard", &["established", "data"]),
    ("wol", &["mac"]),
    ("icmp", &["unreachable"]),
    ("icmpv6", &["unreachable"]),
    ("file", &["name"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use dissectors::dictionary;

    /// What the sensor says of itself, and what stands beside a protocol that tells more.
    const WITHOUT: &[&str] = &["session", "email", "status", "status_interval"];

    #[test]
    fn every_name_stands_in_the_dictionary_and_every_protocol_is_told() {
        let elements = dictionary::elements();
        for (place, (name, fields)) in TELLING.iter().enumerate() {
            let element = elements.iter().find(|element| element.name == *name);
            let element = element.unwrap_or_else(|| panic!("no element {name}"));
            for field in *fields {
                assert!(element.fields.iter().any(|known| known.name == *field), "{name} has no {field}");
            }
            assert!(TELLING.iter().take(place).all(|(before, _)| before != name), "{name} stands twice");
        }
        let told = |name: &str| TELLING.iter().any(|(told, _)| *told == name) || WITHOUT.contains(&name);
        let untold: Vec<&str> = elements.iter().map(|element| element.name).filter(|name| !told(name)).collect();
        assert!(untold.is_empty(), "no facts for the sentence are named of {untold:?}");
    }
}
