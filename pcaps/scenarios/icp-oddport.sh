#!/bin/bash
# Two squids as siblings, ICP on an odd port: the same as icp-siblings.
# packages: squid python3 curl
# ports: udp/13130
# decode: udp.port==13130,icp
# expect: icp.opcode==1
# expect: icp.opcode==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/icp.sh"
siblings 13130
for try in 1 2; do server curl -s -o "/dev/null" -x http://127.0.0.1:3128 "http://$S4:8000/page.html"; done
capture udp
fetch
