#!/bin/bash
# Five pings over IPv6, then a UDP datagram to a closed port and the error that says so.
# packages: iputils-ping netcat-openbsd
# ports: icmpv6
# expect: 5 icmpv6.type==128
# expect: 5 icmpv6.type==129
# expect: 1 icmpv6.type==1 && icmpv6.code==4

. "${0%/*}/../lib.sh"
ipv6
capture ip6 and not ether multicast
client ping -6 -c 5 -i 0.1 server
echo anybody there? | client nc -6 -u -w 1 "$S6" 9999
