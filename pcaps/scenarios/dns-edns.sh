#!/bin/bash
# EDNS options with dig: a cookie, client subnet, NSID, padding, an unknown option; a version that is refused (BADVERS).
# packages: bind9 bind9-dnsutils
# ports: udp/53
# expect: 2 dns.opt.code==10
# expect: 1 dns.flags.response==0 && dns.opt.code==8
# expect: 1 dns.flags.response==1 && dns.opt.code==3
# expect: 1 dns.flags.response==1 && dns.resp.ext_rcode==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture udp
ask +cookie=0123456789abcdef +subnet=192.0.2.0/24 +nsid +padding=128 +ednsopt=65001:abcd www.example.com
ask +nocookie +edns=1 +noednsnegotiation www.example.com
