#!/bin/bash
# BIND and dig over IPv6: AAAA over UDP, TXT over TCP.
# packages: bind9 bind9-dnsutils
# ports: udp/53, tcp/53
# expect: 1 ipv6 && udp && dns.qry.type==28 && dns.flags.response==1
# expect: 1 ipv6 && tcp && dns.qry.type==16 && dns.flags.response==1
# never: ip

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
ipv6
name_server 53
capture 'udp or tcp'
client dig @"$S6" web.example.com AAAA
client dig @"$S6" +tcp printer.example.com TXT
