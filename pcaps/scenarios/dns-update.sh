#!/bin/bash
# A dynamic update with nsupdate (a name added, another deleted), and the new name asked for.
# packages: bind9 bind9-dnsutils
# ports: udp/53
# expect: 2 dns.flags.opcode==5
# expect: 1 dns.flags.response==1 && dns.a==10.20.0.55

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture udp
printf '%s\n' "server $S4" 'zone example.com' 'update add new.example.com 60 A 10.20.0.55' 'update delete printer.example.com' send | client nsupdate
ask new.example.com A
