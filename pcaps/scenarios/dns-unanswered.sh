#!/bin/bash
# Three tries of a question to a port where somebody listens and never answers; dig gives up.
# packages: bind9-dnsutils socat
# ports: udp/53
# expect: 3 dns.flags.response==0
# never: dns.flags.response==1 || icmp

. "${0%/*}/../lib.sh"
serve socat -u UDP-RECV:53 OPEN:/dev/null
listening udp 53
capture udp or icmp
fails client dig @"$S4" +tries=3 +timeout=1 www.example.com A
