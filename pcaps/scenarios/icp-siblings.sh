#!/bin/bash
# Two squids as siblings: the one asks the other by ICP for three pages, one of which it has.
# packages: squid python3 curl
# ports: udp/3130
# expect: icp.opcode==1
# expect: icp.opcode==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/icp.sh"
siblings 3130
for try in 1 2; do server curl -s -o "/dev/null" -x http://127.0.0.1:3128 "http://$S4:8000/page.html"; done
capture udp
fetch
