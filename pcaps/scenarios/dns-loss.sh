#!/bin/bash
# Twelve questions over a line that loses a fifth of the datagrams on each side of the tap and brings some twice or late.
# packages: bind9 bind9-dnsutils python3-minimal
# ports: udp/53
# expect: dns.retransmission || dns.retransmit_request
# expect: dns.flags.response==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
wire --loss 0.2 --double 0.1 --reorder 0.1 --seed 5
capture udp
for n in $(seq 12); do client dig @"$S4" +tries=4 +timeout=1 "host$n.wild.example.com" A || true; done
