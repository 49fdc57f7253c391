#!/bin/bash
# Errors: a UDP datagram to a closed port, a host that is not there, a forbidden network, a packet too large for a link behind the
# router (fragmentation needed).
# packages: iputils-ping netcat-openbsd
# ports: icmp
# expect: 1 icmp.type==3 && icmp.code==3
# expect: icmp.type==3 && icmp.code==1
# expect: icmp.type==3 && icmp.code==13
# expect: 1 icmp.type==3 && icmp.code==4

. "${0%/*}/../lib.sh"
router
ip -n "$NET-server" route add prohibit 10.77.9.0/24
capture ip
echo anybody there? | client nc -u -w 1 server 9999
fails client ping -c 1 -W 4 10.77.0.99
fails client ping -c 3 -i 0.7 -W 1 10.77.9.1
fails client ping -c 1 -W 1 -M 'do' -s 1200 10.77.0.2
