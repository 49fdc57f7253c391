#!/bin/bash
# An answer too long for 512 bytes: truncated over UDP, asked again over TCP.
# packages: bind9 bind9-dnsutils
# ports: udp/53, tcp/53
# expect: 1 udp && dns.flags.truncated==1
# expect: 1 tcp && dns.flags.response==1 && dns.count.answers==30

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture 'udp or tcp'
ask +noedns long.example.com TXT
