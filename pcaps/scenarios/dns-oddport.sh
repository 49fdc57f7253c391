#!/bin/bash
# BIND and dig on an odd port: A, MX, a name that does not exist.
# packages: bind9 bind9-dnsutils
# ports: udp/5300
# decode: udp.port==5300,dns
# expect: 3 udp.dstport==5300 && dns.flags.response==0
# expect: 1 dns.flags.rcode==3

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 5300
capture udp
ask -p 5300 www.example.com A
ask -p 5300 example.com MX
ask -p 5300 missing.example.com
