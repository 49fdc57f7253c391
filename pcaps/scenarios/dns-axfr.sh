#!/bin/bash
# A zone transfer (AXFR) and an incremental one (IXFR, answered with the whole zone), BIND and dig.
# packages: bind9 bind9-dnsutils
# ports: tcp/53
# expect: 1 dns.qry.type==252 && dns.flags.response==0
# expect: dns.qry.type==252 && dns.flags.response==1
# expect: 1 dns.qry.type==251 && dns.flags.response==0

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture tcp
ask example.com AXFR
ask 0.20.10.in-addr.arpa IXFR=2025010101
