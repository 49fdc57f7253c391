#!/bin/bash
# Three questions on one TCP connection, BIND and dig.
# packages: bind9 bind9-dnsutils
# ports: tcp/53
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==0
# expect: 3 dns.flags.response==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture tcp
ask +tcp +keepopen www.example.com A example.com MX missing.example.com A
