#!/bin/bash
# traceroute over one router, with UDP and with ICMP.
# packages: traceroute
# ports: icmp, udp/33434-
# expect: icmp.type==11
# expect: icmp.type==3 && icmp.code==3
# expect: icmp.type==0

. "${0%/*}/../lib.sh"
router
capture ip
client traceroute -n -q 2 10.77.0.2
client traceroute -I -n -q 1 10.77.0.2
