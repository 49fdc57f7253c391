#!/bin/bash
# softflowd and nfcapd on an odd port: NetFlow 5, 9, and IPFIX that samples one packet of ten; then IPFIX over TCP, to nobody who understands.
# packages: softflowd nfdump socat
# ports: udp/29995, tcp/29995
# decode: udp.port==29995,cflow tcp.port==29995,cflow
# expect: cflow.version==5
# expect: cflow.version==9
# expect: cflow.version==10

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/netflow.sh"
collect 29995
serve socat -u TCP-LISTEN:29995,fork,reuseaddr /dev/null
listening tcp 29995
capture port 29995
for version in 5 9; do report $version "$S4:29995"; done
report 10 "$S4:29995" -s 10
report 10 "$S4:29995" -P tcp
