#!/bin/bash
# Three questions and answers from one client port, one of them asked twice: one flow with four transactions.
# packages: bind9 bind9-dnsutils
# ports: udp/53
# expect: 4 udp.srcport==45353 && dns.flags.response==0
# expect: 4 udp.dstport==45353 && dns.flags.response==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture udp
for question in 'www.example.com A' 'example.com MX' 'missing.example.com A' 'www.example.com A'; do
    ask -b "$C4#45353" "${question% *}" "${question#* }"
done
