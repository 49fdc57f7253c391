#!/bin/bash
# The C library's resolver, as most programs ask: A and AAAA at once from one port, two names, one in the search domain.
# packages: bind9 libc-bin
# ports: udp/53
# expect: dns.qry.type==28
# expect: dns.flags.response==1 && dns.a==10.20.0.9
# expect: dns.flags.rcode==3

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
ipv6
name_server 53
echo 'search corp.example.com example.com' >>"$WORK/client/etc/resolv.conf"
capture udp
client getent ahosts printer.example.com
client getent ahosts printer
