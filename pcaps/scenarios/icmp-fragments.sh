#!/bin/bash
# Three pings of 4000 bytes, over IPv4 and over IPv6: three fragments each way.
# packages: iputils-ping
# ports: icmp, icmpv6
# expect: 12 ip.flags.mf==1
# expect: 3 icmp.type==0
# expect: 3 icmpv6.type==129
# expect: ipv6.fraghdr.more==1

. "${0%/*}/../lib.sh"
ipv6
capture 'icmp or (ip6 and not ether multicast)'
client ping -c 3 -i 0.1 -s 4000 server -4
client ping -c 3 -i 0.1 -s 4000 server -6
