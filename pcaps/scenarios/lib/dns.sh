# shellcheck shell=bash
# BIND as the server of example.com and its reverse zone, and dig.

# name_server PORT [LINE...] starts named; lines go into the zone's statement (`dnssec-policy default;`).
name_server() {
    local port=$1
    shift
    put /srv/named.conf <<CONF
options {
    directory "/srv"; pid-file none; session-keyfile "/srv/session.key"; dnssec-validation no; recursion no; notify no;
    listen-on port $port { any; }; listen-on-v6 port $port { any; };
    max-udp-size 4096; allow-transfer { any; }; server-id "ns1"; version none; managed-keys-directory "/srv";
};
controls {};
zone "example.com" { type primary; file "/srv/example.com.zone"; allow-update { any; }; $* };
zone "0.20.10.in-addr.arpa" { type primary; file "/srv/reverse.zone"; };
CONF
    put /srv/example.com.zone <<ZONE
\$TTL 3600
@        SOA   ns1 hostmaster 2026010101 7200 900 1209600 300
         NS    ns1
         MX    10 mail
         MX    20 mail.example.net.
         TXT   "v=spf1 mx -all"
         CAA   0 issue "ca.example.net"
         HTTPS 1 . alpn="h2,h3" ipv4hint=10.20.0.2
         A     10.20.0.2
ns1      A     10.20.0.2
mail     A     10.20.0.3
www      60 CNAME web
web      300 A 10.20.0.2
         300 A 10.20.0.4
         300 AAAA 2001:db8:20::2
printer  A     10.20.0.9
         AAAA  2001:db8:20::9
         TXT   "second floor" "room 204; ask \"alice\""
_sip._tcp SRV  10 60 5060 sip
_dns     SVCB  1 ns1 alpn=dot port=853
sip      NAPTR 10 100 "s" "SIP+D2U" "" _sip._udp
host     SSHFP 4 2 9f56b2aee2e4a1d9a0a7b6ee53a6e2bcb4ad13c0e8c4f8e2a0b3ab4cb1c0f101
_443._tcp.www TLSA 3 1 1 0c72ac70b745ac19998811b131d662c9ac69dbdbe7cb23e5b514b56664c5d3d6
*.wild   A     10.20.0.77
$(for n in $(seq 30); do printf 'long TXT "line %02d of a record set that is too long for a datagram of 512 bytes"\n' "$n"; done)
$(for n in $(seq 36); do printf 'huge TXT "line %02d of a record set that is too long for one frame, so that the datagram is cut up"\n' "$n"; done)
ZONE
    put /srv/reverse.zone <<ZONE
\$TTL 3600
@ SOA ns1.example.com. hostmaster.example.com. 2026010101 7200 900 1209600 300
  NS  ns1.example.com.
2 PTR www.example.com.
9 PTR printer.example.com.
ZONE
    serve named -g -u root -c /srv/named.conf
    listening udp "$port"
    listening tcp "$port"
    sleep 1 # the zones are loaded, and signed
}

# ask DIG-ARGUMENT... with the server and one try.
ask() { client dig @"$S4" +tries=1 +timeout=2 "$@"; }
