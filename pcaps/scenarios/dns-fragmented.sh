#!/bin/bash
# An answer of some 5 kB over UDP: the datagram comes in IP fragments; EDNS with a buffer of 8192 bytes.
# packages: bind9 bind9-dnsutils
# ports: udp/53
# expect: ip.flags.mf==1
# expect: 1 dns.flags.response==1 && dns.count.answers==60
# expect: 1 dns.rr.udp_payload_size==8192

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53
sed -i 's/max-udp-size 4096/max-udp-size 8192/' "$WORK/server/srv/named.conf"
capture ip
ask +bufsize=8192 huge.example.com TXT
