#!/bin/bash
# An answer of some 3 kB over UDP: the datagram comes in IP fragments; EDNS with a buffer of 4096 bytes.
# packages: bind9 bind9-dnsutils
# ports: udp/53
# expect: ip.flags.mf==1
# expect: 1 dns.flags.response==1 && dns.count.answers==36
# expect: dns.rr.udp_payload_size==4096

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
capture ip
ask +bufsize=4096 huge.example.com TXT
