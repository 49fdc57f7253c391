#!/bin/bash
# Five pings, 100 ms apart, all answered.
# packages: iputils-ping
# ports: icmp
# expect: 5 icmp.type==8
# expect: 5 icmp.type==0

. "${0%/*}/../lib.sh"
capture icmp
client ping -c 5 -i 0.1 server
