#!/bin/bash
# Twenty pings over a line that loses a fifth of the frames on each side of the tap, and delays 10 ms.
# packages: iputils-ping python3-minimal
# ports: icmp
# expect: icmp.type==8
# expect: icmp.type==0
# expect: icmp.resp_not_found

. "${0%/*}/../lib.sh"
wire --loss 0.2 --delay 0.01 --seed 2
capture icmp
client ping -c 20 -i 0.05 -W 1 server || true
