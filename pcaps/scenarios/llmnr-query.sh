#!/bin/bash
# llmnrd and llmnr-query: A and AAAA of a host by multicast, answered; a name that nobody has, unanswered.
# packages: llmnrd
# ports: udp/5355
# expect: llmnr && dns.flags.response==0 && dns.qry.name=="server"
# expect: llmnr && dns.flags.response==1 && dns.a==10.20.0.2
# expect: llmnr && dns.qry.name=="nobody"
# never: llmnr && dns.flags.response==1 && dns.qry.name=="nobody"

. "${0%/*}/../lib.sh"
serve llmnrd -H server -i eth0
sleep 1
capture udp port 5355
client llmnr-query -I eth0 -c 1 -T A server
client llmnr-query -I eth0 -c 1 -T AAAA server
client llmnr-query -I eth0 -c 1 nobody || true
