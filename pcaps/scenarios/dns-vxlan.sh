#!/bin/bash
# BIND and dig in a VXLAN (id 7, the kernel's own, UDP port 4789): A, MX.
# packages: bind9 bind9-dnsutils
# ports: udp/53 in udp/4789
# expect: 2 vxlan.vni==7 && dns.flags.response==0
# expect: 2 vxlan.vni==7 && dns.flags.response==1
# never: !vxlan

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
vxlan 7
name_server 53
capture udp port 4789
client dig @10.42.0.2 www.example.com A
client dig @10.42.0.2 example.com MX
