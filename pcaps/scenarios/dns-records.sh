#!/bin/bash
# BIND and dig: A, AAAA, CNAME chain, MX, TXT, SRV, CAA, HTTPS, SVCB, NAPTR, SSHFP, TLSA, NS, SOA, PTR, a wildcard; no such name
# (NXDOMAIN), no such type (no answer), a foreign zone (REFUSED).
# packages: bind9 bind9-dnsutils
# ports: udp/53
# expect: 20 dns.flags.response==0
# expect: 20 dns.flags.response==1
# expect: 1 dns.flags.rcode==3
# expect: 1 dns.flags.rcode==5
# expect: 2 dns.qry.type==65

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture udp
for question in 'www A' 'www AAAA' 'web A' '@ MX' '@ TXT' '_sip._tcp SRV' '@ CAA' '@ HTTPS' '_dns SVCB' 'sip NAPTR' 'host SSHFP' \
    '_443._tcp.www TLSA' '@ NS' '@ SOA' 'printer TXT' 'any.wild A' 'missing A' 'printer MX'; do
    name=${question% *}.example.com
    ask "${name#@.}" "${question#* }"
done
ask -x 10.20.0.9
ask www.example.org A
